//! What every command needs of the outside: where to speak, and how much.

use super::console::Console;
use super::github::Step;
use super::watch::Watch;

/// Streams and verbosity.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) console: Console,
    pub(crate) watch: Watch,
    pub(crate) verbose: u8,
    /// The step of GitHub's that this run is, where it is one.
    pub(crate) step: Option<Step>,
}
