//! The runner that the program uses: samples take turns wherever they can, whole processes where they cannot.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::criterion::ListedBenchmark;
use super::failure::LaunchFailure;
use super::runner::{LaunchOptions, Runner};
use super::whole_process::WholeProcess;
use crate::domain::{BuiltBench, Execution, Launch, Pair, Schedule, Side, Sides};

/// Makes a source tree's home the current one; shared by both ways to run.
type SharedPointAt = Rc<RefCell<dyn FnMut(&Path) -> io::Result<()>>>;

/// Runs pairs by turns or by whole processes, whatever their executables can.
pub struct Coordinator {
    whole: WholeProcess,
    #[cfg(unix)]
    turns: super::turns::Turns<'static>,
    /// The homes of the pair under way.
    homes: Rc<RefCell<Option<Sides<PathBuf>>>>,
}

impl std::fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator").field("whole", &self.whole).finish_non_exhaustive()
    }
}

impl Coordinator {
    /// A runner that calls `point_at` with a bench's home before its executable runs.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new(point_at: impl FnMut(&Path) -> io::Result<()> + 'static) -> io::Result<Self> {
        let point_at: SharedPointAt = Rc::new(RefCell::new(point_at));
        let homes: Rc<RefCell<Option<Sides<PathBuf>>>> = Rc::default();
        let for_whole = Rc::clone(&point_at);
        let whole = WholeProcess::new(Box::new(move |home| (for_whole.borrow_mut())(home)))?;
        Ok(Self {
            whole,
            #[cfg(unix)]
            turns: {
                let homes = Rc::clone(&homes);
                super::turns::Turns::default().on_enter(move |side| match homes.borrow().as_ref() {
                    Some(homes) => (point_at.borrow_mut())(homes.get(side)),
                    None => Ok(()),
                })
            },
            homes,
        })
    }
}

/// Whether both executables hand their samples over to a coordinator.
fn both_take_turns(benches: Sides<&BuiltBench>) -> bool {
    cfg!(unix)
        && Side::BOTH.iter().all(|&side| {
            let bench = benches.get(side);
            bench.fingerprint.takes_turns() && bench.execution == Execution::Native
        })
}

impl Runner for Coordinator {
    fn schedule(&mut self, benches: Sides<&BuiltBench>, ids: Sides<&str>) -> Schedule {
        // A second benchmark of the same id cannot be told from the first while samples take turns.
        let unique = |side: Side, runner: &mut WholeProcess| {
            runner.list(benches.get(side)).is_ok_and(|listed| {
                listed.iter().filter(|other| other.raw() == *ids.get(side)).count() == 1
                    && listed.iter().any(|other| other.id == *ids.get(side))
            })
        };
        let turns = both_take_turns(benches) && Side::BOTH.iter().all(|&side| unique(side, &mut self.whole));
        if turns { Schedule::Turns } else { Schedule::WholeProcess }
    }

    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        self.whole.list(bench)
    }

    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure> {
        self.whole.launch(bench, id, options)
    }

    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        match self.schedule(benches, ids) {
            Schedule::WholeProcess => self.whole.pair(benches, ids, index, first, options),
            Schedule::Turns => self.pair_in_turns(benches, ids, index, first, options),
        }
    }
}

#[cfg(unix)]
impl Coordinator {
    fn pair_in_turns(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let options = super::turns::TurnOptions {
            warm_up: options.warm_up,
            measurement: options.measurement,
            samples: options.samples,
            time_limit: options.time_limit,
        };
        *self.homes.borrow_mut() = Some(benches.map(|bench| bench.home.clone()));
        let played = self.turns.pair(benches, ids, index, first, &options);
        *self.homes.borrow_mut() = None;
        played.map(|played| played.pair).map_err(|(side, failure)| (side, failure.into()))
    }
}

#[cfg(not(unix))]
impl Coordinator {
    fn pair_in_turns(
        &mut self,
        benches: Sides<&BuiltBench>,
        ids: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let _ = &self.homes;
        self.whole.pair(benches, ids, index, first, options)
    }
}
