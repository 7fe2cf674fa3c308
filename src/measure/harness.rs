//! The seam for measuring libraries: everything that depends on which one a bench is linked to.
//!
//! A bench of another library needs one more implementation, an entry in [`harnesses`](super::harnesses), a way to be recognised
//! in `discover`, and, where its samples are to be interleaved or counted, a patched copy in `build`.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::failure::LaunchFailure;
use super::invocation::Invocation;
use super::listing::{ListedBenchmark, Listing};
use super::options::LaunchOptions;
use crate::domain::{BuiltBench, Launch};

/// The socket in an invocation's folder that the executable connects to when its samples are taken on request.
pub const SOCKET: &str = "turns";

/// What can be done with an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether its samples can be taken on request, interleaved with another process's.
    pub interleaved: bool,
    /// Whether it can be told to count, or why not and what to do about it.
    pub counted: Result<(), (String, String)>,
}

/// A measuring library as seen from outside.
pub trait Harness: fmt::Debug + Sync {
    /// What can be done with an executable. Pure.
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities;

    /// How an executable is started so that its samples are taken (or counted) on request, one benchmark of it. Pure. Whatever
    /// the library writes goes below `folder`.
    fn invocation(&self, bench: &BuiltBench, wanted: &ListedBenchmark, folder: &Path) -> Invocation;

    /// Finds out which benchmarks an executable has. No routine is run. Whatever the library writes goes below `scratch`.
    ///
    /// # Errors
    /// It cannot be started, fails, or is no bench of this library.
    fn list(&self, bench: &BuiltBench, scratch: &Path, limit: Duration) -> Result<Listing, LaunchFailure>;

    /// Measures one benchmark in one launch of its own, by the library's own schedule.
    ///
    /// # Errors
    /// The launch gave no samples of time.
    fn launch(
        &self,
        bench: &BuiltBench,
        listing: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
        scratch: &Path,
    ) -> Result<Launch, LaunchFailure>;
}
