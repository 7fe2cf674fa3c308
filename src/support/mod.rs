//! What several stages need from the system: process groups, file locks, folders and files of our own, bounded reading,
//! memory that is given back, the current build folder, names of functions, work on all CPUs, which files are opened.

pub mod area;
pub mod bounded;
pub mod current;
pub mod demangle;
pub mod files;
pub mod heap;
pub mod hex;
pub mod lock;
pub mod parallel;
pub mod process;
pub mod records;
pub mod room;
pub mod scratch;
pub mod seal;
pub mod watch;
