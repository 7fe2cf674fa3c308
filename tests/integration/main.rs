//! The stages against real parts, and the program as a user runs it.

#[cfg(test)]
mod measure;
