//! What several stages need from the system: process groups, file locks, the current build folder.

pub mod current;
pub mod lock;
pub mod process;
