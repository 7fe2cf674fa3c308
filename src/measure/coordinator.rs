//! The runner that the program uses: interleaved samples wherever they can be, sequential processes elsewhere.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::counter::Counter;
#[cfg(unix)]
use super::failure::FailureKind;
use super::failure::LaunchFailure;
use super::harnesses::harness_of;
#[cfg(unix)]
use super::interleaved::{Interleaved, PinningPolicy};
use super::listing::ListedBenchmark;
use super::runner::{LaunchOptions, Runner};
use super::sequential::Sequential;
use crate::domain::{BuiltBench, Launch, Pair, Schedule, Side, Sides};

/// Makes a source tree's home the current one; shared by both ways to run.
type SharedPointAt = Rc<RefCell<dyn FnMut(&Path) -> io::Result<()>>>;

/// Runs pairs interleaved or sequentially, whichever their executables can.
pub struct Coordinator {
    sequential: Sequential,
    #[cfg(unix)]
    interleaved: Interleaved,
}

impl std::fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator").field("sequential", &self.sequential).finish_non_exhaustive()
    }
}

impl Coordinator {
    /// A runner that calls `point_at` with a bench's home before its executable runs.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new(point_at: impl FnMut(&Path) -> io::Result<()> + 'static) -> io::Result<Self> {
        let point_at: SharedPointAt = Rc::new(RefCell::new(point_at));
        let for_sequential = Rc::clone(&point_at);
        let sequential = Sequential::new(Box::new(move |home| (for_sequential.borrow_mut())(home)))?;
        #[cfg(unix)]
        let interleaved = {
            let point_at = Box::new(move |home: &Path| (point_at.borrow_mut())(home));
            Interleaved::new(PinningPolicy::WhenPossible, point_at)
        };
        Ok(Self {
            sequential,
            #[cfg(unix)]
            interleaved,
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
    fn schedule(&mut self, benches: Sides<&BuiltBench>, _ids: Sides<&str>) -> Schedule {
        if both_interleave(benches) { Schedule::Interleaved } else { Schedule::Sequential }
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
        match schedule {
            Schedule::Sequential => self.sequential.pair(benches, ids, index, first, options),
            Schedule::Interleaved => self.pair_interleaved(benches, ids, index, first, options),
        }
    }

    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter> {
        self.sequential.counting(home)
    }
}

#[cfg(unix)]
impl Coordinator {
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

#[cfg(not(unix))]
impl Coordinator {
    fn pair_interleaved(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        self.sequential.pair(benches, ids, index, first, options)
    }
}
