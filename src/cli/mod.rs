//! The only place that prints, reads the environment or exits.

mod args;
mod config;
mod console;
mod watch;
