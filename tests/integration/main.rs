//! The stages against real parts, and the program as a user runs it.

mod build;
mod discover;
mod fixture;
