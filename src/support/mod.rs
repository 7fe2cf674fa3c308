//! What several stages need from the system: process groups, file locks, folders and files of our own, the current build
//! folder.

pub mod area;
pub mod current;
pub mod files;
pub mod lock;
pub mod process;
pub mod records;
pub mod room;
pub mod scratch;
pub mod seal;
