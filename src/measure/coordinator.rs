//! The runner that the program uses: interleaved samples wherever they can be, sequential processes elsewhere.

use std::cell::RefCell;
#[cfg(unix)]
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::command::output::compared;
#[cfg(unix)]
use super::command::pairs::Launches;
use super::counter::Counter;
#[cfg(unix)]
use super::failure::FailureKind;
use super::failure::LaunchFailure;
use super::harnesses::harness_of;
use super::homes::Homes;
#[cfg(unix)]
use super::interleaved::{Interleaved, PinningPolicy};
use super::listing::ListedBenchmark;
use super::runner::{LaunchOptions, Runner};
use super::sequential::Sequential;
#[cfg(unix)]
use crate::domain::{BenchmarkName, Digest};
use crate::domain::{BuiltBench, Launch, Note, OutputComparison, Pair, Schedule, Side, Sides};

/// The source trees, shared by both ways to run.
struct Shared(Rc<RefCell<dyn Homes>>);

impl Homes for Shared {
    fn enter(&mut self, home: &Path) -> io::Result<()> {
        self.0.borrow_mut().enter(home)
    }

    fn refresh(&mut self, home: &Path) -> io::Result<()> {
        self.0.borrow_mut().refresh(home)
    }
}

/// Runs pairs interleaved or sequentially, whichever their executables can.
pub struct Coordinator {
    homes: Rc<RefCell<dyn Homes>>,
    sequential: Sequential,
    #[cfg(unix)]
    interleaved: Interleaved,
    #[cfg(unix)]
    launches: Launches,
    /// Benchmarks of which only one process can be alive, by both executables.
    #[cfg(unix)]
    alone: HashSet<(Digest, Digest, String)>,
    notes: Vec<Note>,
}

impl std::fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator").field("sequential", &self.sequential).finish_non_exhaustive()
    }
}

impl Coordinator {
    /// A runner that enters a bench's home before its executable runs.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new(homes: impl Homes + 'static) -> io::Result<Self> {
        let homes: Rc<RefCell<dyn Homes>> = Rc::new(RefCell::new(homes));
        let sequential = Sequential::new(Box::new(Shared(Rc::clone(&homes))))?;
        #[cfg(unix)]
        let launches = Launches::new(Rc::clone(&homes));
        #[cfg(unix)]
        let interleaved = Interleaved::new(PinningPolicy::WhenPossible, Box::new(Shared(Rc::clone(&homes))));
        Ok(Self {
            homes,
            sequential,
            #[cfg(unix)]
            interleaved,
            #[cfg(unix)]
            launches,
            #[cfg(unix)]
            alone: HashSet::new(),
            notes: Vec::new(),
        })
    }
}

impl Coordinator {
    /// Changes how long an executable may take to list its benchmarks.
    #[must_use]
    pub fn with_list_limit(self, limit: Duration) -> Self {
        Self { sequential: self.sequential.with_list_limit(limit), ..self }
    }
}

/// Whether the samples of both executables can be taken on request.
fn both_interleave(benches: Sides<&BuiltBench>) -> bool {
    let interleaved =
        |bench: &BuiltBench| harness_of(&bench.fingerprint.instrument).capabilities(bench).interleaved;
    interleaved(benches.baseline) && interleaved(benches.candidate)
}

impl Runner for Coordinator {
    fn schedule(&mut self, benches: Sides<&BuiltBench>, ids: Sides<&str>) -> Schedule {
        let one_thread = |side: Side| {
            // What cannot be listed fails where it is measured.
            let listed = self.sequential.list(benches.get(side)).unwrap_or_default();
            listed.iter().all(|listed| listed.id != *ids.get(side) || listed.threads == 1)
        };
        if both_interleave(benches) && Side::BOTH.into_iter().all(one_thread) {
            Schedule::Interleaved
        } else {
            Schedule::Sequential
        }
    }

    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        self.sequential.list(bench)
    }

    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure> {
        tracing::debug!(bench = %bench.label(), benchmark = id, ?options, "measures one launch");
        self.sequential.launch(bench, id, options)
    }

    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let schedule = self.schedule(benches, ids);
        tracing::debug!(
            baseline = %benches.baseline.label(),
            benchmark = ids.baseline,
            index,
            %first,
            ?schedule,
            ?options,
            "measures a pair"
        );
        #[cfg(unix)]
        if harness_of(&benches.candidate.fingerprint.instrument).is_whole_process() {
            return self.launches.pair(benches, index, first, options);
        }
        #[cfg(unix)]
        if schedule == Schedule::Interleaved {
            return self.pair_or_alone(benches, ids, index, first, options);
        }
        self.sequential.pair(benches, ids, index, first, options)
    }

    fn outputs(&mut self, benches: Sides<&BuiltBench>, options: &LaunchOptions) -> OutputComparison {
        tracing::debug!(command = %benches.candidate.label(), "compares what both sides print");
        compared(&self.homes, benches, options.time_limit)
    }

    fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter> {
        self.sequential.counting(home)
    }
}

#[cfg(unix)]
impl Coordinator {
    /// A pair in turns. Where the second process ends badly beside the first, one process at a time is tried: a fixed port or
    /// a lock file bears no other.
    fn pair_or_alone(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let digests = benches.map(|bench| bench.digest.clone());
        let key = (digests.baseline, digests.candidate, ids.candidate.to_owned());
        if self.alone.contains(&key) {
            return self.sequential.pair(benches, ids, index, first, options);
        }
        let (side, failure) = match self.pair_interleaved(benches, ids, index, first, options) {
            Err((side, failure)) if side != first && failure.kind.is_bad_end() => (side, failure),
            result => return result,
        };
        tracing::debug!(%side, %failure, "tries one process at a time");
        let pair = match self.sequential.pair(benches, ids, index, first, options) {
            Ok(pair) => pair,
            // It fails alone as well: what it says beside another would mislead.
            Err((_, alone)) if alone.kind.is_bad_end() => return Err((side, failure)),
            Err(alone) => return Err(alone),
        };
        let bench = benches.get(side);
        let name = BenchmarkName::new(&bench.package, &bench.target, *ids.get(side));
        self.notes.push(Note::OneAtATime(name, failure.to_string()));
        self.alone.insert(key);
        Ok(pair)
    }

    fn pair_interleaved(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let mut wanted = |side: Side| {
            let listed = self.sequential.list(benches.get(side)).map_err(|failure| (side, failure))?;
            let found = listed.into_iter().find(|listed| listed.id == *ids.get(side));
            found.ok_or_else(|| (side, FailureKind::Absent.into()))
        };
        let wanted = Sides { baseline: wanted(Side::Baseline)?, candidate: wanted(Side::Candidate)? };
        self.interleaved.pair(benches, wanted.as_ref(), index, first, options).map(|played| played.pair)
    }
}
