//! Whole commands, measured from outside: a launch is a sample.
//!
//! | module | knows |
//! |---|---|
//! | `harness` | how a command is started; it lists itself |
//! | `launch` | one launch: what is prepared, what it reads, how long it lives |
//! | `pairs` | launches of both sides, alternately |
//! | `compare` | pure: where what both sides printed differs |

pub(super) mod compare;
pub mod harness;
pub(super) mod launch;
#[cfg(unix)]
pub mod pairs;

pub use harness::Command;
