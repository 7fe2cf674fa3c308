//! The only place that prints, reads the environment or exits.
