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
use crate::domain::{BuiltBench, CountKind, Execution, Launch};

/// The socket in an invocation's folder that the executable connects to when its samples are taken on request.
pub const SOCKET: &str = "turns";

/// What can be done with an executable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether its samples can be taken on request, interleaved with another process's.
    pub interleaved: bool,
    /// Whether its instructions can be counted, or why not and what to do about it.
    pub instructions: Countable,
    /// The same of its allocations.
    pub allocations: Countable,
}

/// Whether something can be counted, or why not and what to do about it.
pub type Countable = Result<(), (String, String)>;

impl Capabilities {
    /// What can be done with an executable of a library that is copied where it can be. Only one that is linked to the
    /// copy, and runs here as it is, can be told anything. `remedy` says what to do where there is no copy.
    pub(super) fn of_copied(bench: &BuiltBench, remedy: &str) -> Self {
        let copied = bench.fingerprint.instrument.interleaved;
        Self {
            interleaved: cfg!(unix) && copied && bench.execution == Execution::Native,
            instructions: copied_or(bench, remedy).and_then(|()| runs_natively(&bench.execution)),
            // The executable counts them itself: an emulator executes the same allocations.
            allocations: copied_or(bench, remedy).and_then(|()| match bench.execution {
                Execution::Emulated(_) => Ok(()),
                _ => runs_natively(&bench.execution),
            }),
        }
    }

    /// What can be done with an executable that is counted from outside.
    pub(super) fn from_outside(bench: &BuiltBench, interleaved: bool) -> Self {
        let countable = runs_natively(&bench.execution);
        Self { interleaved, instructions: countable.clone(), allocations: countable }
    }

    /// Whether counts of a kind can be taken.
    ///
    /// # Errors
    /// Why not, and what to do about it.
    pub fn counted(self, kind: CountKind) -> Countable {
        match kind {
            CountKind::Instructions => self.instructions,
            CountKind::Allocations => self.allocations,
        }
    }
}

fn copied_or(bench: &BuiltBench, remedy: &str) -> Countable {
    let instrument = &bench.fingerprint.instrument;
    if instrument.interleaved {
        return Ok(());
    }
    Err((format!("no copy of its {instrument} can be made to count"), remedy.to_owned()))
}

/// Refuses to count what does not run here as it is: why, and what to do about it.
fn runs_natively(execution: &Execution) -> Countable {
    let refused = |words: &[String], remedy: &str| {
        let program = words.first().map_or("a runner", String::as_str);
        Err((format!("its executables are run by `{program}`"), remedy.to_owned()))
    };
    match execution {
        Execution::Native => Ok(()),
        Execution::Runner(words) => refused(words, "count without the `runner` of Cargo's configuration"),
        Execution::Emulated(words) => refused(words, "count on a machine of the target's kind"),
    }
}

/// An invocation of an executable with a copied library, of which one benchmark takes its samples on request.
pub(super) fn taking_turns(invocation: Invocation, wanted: &ListedBenchmark, folder: &Path) -> Invocation {
    of_one(on_request(invocation, folder), wanted)
}

/// The same of which every benchmark can be asked for, in the order it runs them: each is told to a child that the program
/// forks, or stays with the program.
pub(super) fn forking(invocation: Invocation, folder: &Path) -> Invocation {
    on_request(invocation, folder).env("PERFGUARD_FORKS", "1")
}

/// An invocation of an executable with a copied library that connects to the socket in `folder`.
fn on_request(invocation: Invocation, folder: &Path) -> Invocation {
    invocation.files_below(folder).env("PERFGUARD_TURNS", folder.join(SOCKET))
}

/// An invocation of an executable with a copied library that runs one benchmark.
pub(super) fn of_one(invocation: Invocation, wanted: &ListedBenchmark) -> Invocation {
    invocation
        .env("PERFGUARD_BENCHMARK", wanted.raw())
        .env("PERFGUARD_OCCURRENCE", wanted.occurrence().to_string())
}

/// How benchmarks are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// As many iterations as are asked for, by a copied library that says where they begin and end.
    OnRequest,
    /// The process from its start to its end.
    Process,
    /// The one iteration that libtest runs of a `#[bench]` function in a test.
    BenchFunction,
}

/// A measuring library as seen from outside.
pub trait Harness: fmt::Debug + Sync {
    /// What can be done with an executable. Pure.
    fn capabilities(&self, bench: &BuiltBench) -> Capabilities;

    /// Whether a launch as a whole is a sample, so that launches of both sides alternate. Pure.
    fn is_whole_process(&self) -> bool {
        false
    }

    /// How its benchmarks are counted. Pure.
    fn counting(&self) -> Counting {
        Counting::OnRequest
    }

    /// How an executable is started so that its samples are taken (or counted) on request, one benchmark of it. Pure. Whatever
    /// the library writes goes below `folder`.
    fn invocation(&self, bench: &BuiltBench, wanted: &ListedBenchmark, folder: &Path) -> Invocation;

    /// How an executable is started so that any of its benchmarks can be counted on request, each in a child of one program;
    /// `None` where the library cannot be told to. Pure. Whatever the library writes goes below `folder`.
    fn forking(&self, _bench: &BuiltBench, _folder: &Path) -> Option<Invocation> {
        None
    }

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
