//! Whole commands, measured from outside: a launch is a sample.
//!
//! | module | knows |
//! |---|---|
//! | `harness` | how a command is started; it lists itself |
//! | `output` | whether both sides print the same |
//! | `pairs` | launches of both sides, alternately |

pub mod harness;
pub mod output;
#[cfg(unix)]
pub mod pairs;
