//! Whole commands, measured from outside: a launch is a sample.
//!
//! | module | knows |
//! |---|---|
//! | `harness` | how a command is started; it lists itself |
//! | `pairs` | launches of both sides, alternately |

pub mod harness;
#[cfg(unix)]
pub mod pairs;
