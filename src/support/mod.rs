//! What several stages need from the system: process groups, file locks, the current build folder, bounded reading.

pub mod bounded;
pub mod current;
pub mod lock;
pub mod process;
