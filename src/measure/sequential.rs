//! The runner that starts one whole process after the other.
//!
//! The fallback when processes cannot take turns sample by sample; also what measures a single revision.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::counter::Counter;
#[cfg(unix)]
use super::counting::ProcessCounter;
use super::criterion::Version;
use super::failure::FailureKind;
use super::harnesses::harness_of;
use super::homes::Homes;
use super::listing::{ListedBenchmark, Listing};
use super::runner::{LaunchFailure, LaunchOptions, Runner};
use crate::domain::{BuiltBench, Digest, Launch, Pair, PairedLaunch, Schedule, Side, Sides};
use crate::support::scratch::Scratch;

/// How long an executable may take to list its benchmarks: its groups' set-up code runs for it.
const LIST_LIMIT: Duration = Duration::from_mins(2);

/// Starts whole processes, one at a time.
pub struct Sequential {
    homes: Box<dyn Homes>,
    scratch: Scratch,
    list_limit: Duration,
    /// By the executable, and by what else it can reach: two trees may have the same.
    known: HashMap<(Digest, Digest, String), Listing>,
    #[cfg(unix)]
    counter: ProcessCounter,
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequential")
            .field("scratch", &self.scratch)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

impl Sequential {
    /// A runner that enters a bench's home before every start of its executable.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn new(homes: Box<dyn Homes>) -> io::Result<Self> {
        let scratch = Scratch::new()?;
        Ok(Self {
            homes,
            scratch,
            list_limit: LIST_LIMIT,
            known: HashMap::new(),
            #[cfg(unix)]
            counter: ProcessCounter::new(),
        })
    }

    /// Changes how long an executable may take to list its benchmarks.
    #[must_use]
    pub fn with_list_limit(mut self, limit: Duration) -> Self {
        self.list_limit = limit;
        self
    }

    /// The Criterion that an executable is linked to.
    ///
    /// # Errors
    /// As [`Runner::list`].
    pub fn version(&mut self, bench: &BuiltBench) -> Result<Version, LaunchFailure> {
        Ok(Version::from(self.listing(bench)?.version))
    }

    /// What is known about an executable; finds it out once.
    fn listing(&mut self, bench: &BuiltBench) -> Result<&Listing, LaunchFailure> {
        // Not by its path: linked again in another order, it has the same benchmarks.
        let reach = bench.surroundings.digest.clone();
        let key = (bench.digest.clone(), reach, bench.unit.part().to_owned());
        if !self.known.contains_key(&key) {
            let listing = self.ask(bench)?;
            self.known.insert(key.clone(), listing);
        }
        Ok(&self.known[&key])
    }

    /// Finds out which benchmarks an executable has.
    fn ask(&mut self, bench: &BuiltBench) -> Result<Listing, LaunchFailure> {
        self.enter(&bench.home).map_err(FailureKind::Home)?;
        let folder = self.folder()?;
        harness_of(&bench.fingerprint.instrument).list(bench, folder.path(), self.list_limit)
    }

    /// Makes a tree current that holds nothing of an earlier launch.
    fn enter(&mut self, home: &Path) -> io::Result<()> {
        self.homes.refresh(home)?;
        self.homes.enter(home)
    }

    /// A folder for one launch. Its path always has the same length: the environment's size moves the stack.
    #[expect(clippy::unused_self, reason = "a runner that lives keeps the folder of the run")]
    fn folder(&self) -> Result<Scratch, LaunchFailure> {
        Ok(Scratch::new().map_err(FailureKind::Unstartable)?)
    }
}

impl Runner for Sequential {
    fn schedule(&mut self, _: Sides<&BuiltBench>, _: Sides<&str>) -> Schedule {
        Schedule::Sequential
    }

    fn list(&mut self, bench: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        Ok(self.listing(bench)?.benchmarks.clone())
    }

    fn launch(
        &mut self,
        bench: &BuiltBench,
        id: &str,
        options: &LaunchOptions,
    ) -> Result<Launch, LaunchFailure> {
        let listing = self.listing(bench)?.clone();
        let wanted = listing.benchmarks.iter().find(|listed| listed.id == id);
        let wanted = wanted.ok_or(FailureKind::Absent)?;
        self.enter(&bench.home).map_err(FailureKind::Home)?;
        let folder = self.folder()?;
        let harness = harness_of(&bench.fingerprint.instrument);
        harness.launch(bench, &listing, wanted, options, folder.path())
    }

    fn pair(
        &mut self,
        benches: Sides<&BuiltBench>,
        id: Sides<&str>,
        index: u32,
        first: Side,
        options: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        let mut run = |side: Side| {
            let launch =
                self.launch(benches.get(side), id.get(side), options).map_err(|error| (side, error))?;
            Ok(PairedLaunch { samples: launch.samples, seconds: launch.seconds })
        };
        let (one, other) = (run(first)?, run(first.other())?);
        let launches = match first {
            Side::Baseline => Sides { baseline: one, candidate: other },
            Side::Candidate => Sides { baseline: other, candidate: one },
        };
        let schedule = Schedule::Sequential;
        Ok(Pair { index, first, schedule, cpu: None, layout: None, slowdown: None, launches })
    }

    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter> {
        self.enter(home)?;
        #[cfg(unix)]
        return Ok(&self.counter);
        #[cfg(not(unix))]
        Err(io::ErrorKind::Unsupported.into())
    }
}
