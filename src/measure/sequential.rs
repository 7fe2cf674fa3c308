//! The runner that starts one whole process after the other.
//!
//! The fallback when processes cannot take turns sample by sample; also what measures a single revision.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::counter::Counter;
#[cfg(unix)]
use super::counting::ProcessCounter;
use super::criterion::{ListedBenchmark, Reported, Version, files, naming, wire::Message};
use super::failure::FailureKind;
use super::homes::Homes;
use super::invocation::Invocation;
use super::launch::{Finished, converse};
use super::runner::{LaunchFailure, LaunchOptions, Runner};
use crate::domain::{BuiltBench, Digest, Launch, Pair, PairedLaunch, SampleSet, Schedule, Side, Sides};

/// How long an executable may take to list its benchmarks: its groups' set-up code runs for it.
const LIST_LIMIT: Duration = Duration::from_mins(2);

/// The unit of Criterion's wall time.
const NANOSECONDS: &str = "ns";

/// Starts whole processes, one at a time.
pub struct Sequential {
    homes: Box<dyn Homes>,
    scratch: TempDir,
    list_limit: Duration,
    known: HashMap<(PathBuf, Digest), Listing>,
    #[cfg(unix)]
    counter: ProcessCounter,
}

/// What is known about an executable.
#[derive(Debug, Clone)]
struct Listing {
    version: Version,
    benchmarks: Vec<ListedBenchmark>,
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
        let scratch = tempfile::Builder::new().prefix("perfguard-").rand_bytes(8).tempdir()?;
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
        Ok(self.listing(bench)?.version)
    }

    /// What is known about an executable; finds it out once.
    fn listing(&mut self, bench: &BuiltBench) -> Result<&Listing, LaunchFailure> {
        let key = (bench.executable.clone(), bench.digest.clone());
        if !self.known.contains_key(&key) {
            let listing = self.ask(bench)?;
            self.known.insert(key.clone(), listing);
        }
        Ok(&self.known[&key])
    }

    /// Finds out which benchmarks an executable has.
    fn ask(&mut self, bench: &BuiltBench) -> Result<Listing, LaunchFailure> {
        self.enter(&bench.home).map_err(FailureKind::Home)?;
        let stated = Version::of_instrument(&bench.fingerprint.instrument);
        if stated.is_none_or(Version::connects) {
            let finished =
                self.start(bench, ["--bench", naming::NOTHING], self.list_limit, |message| match message {
                    Message::Beginning(_) => Err(FailureKind::Unfiltered),
                    _ => Ok(()),
                })?;
            if let Some(version) = finished.version {
                let benchmarks = naming::name_all(finished.transcript.skipped);
                return Ok(Listing { version, benchmarks });
            }
        }
        let mut finished = self.start(bench, files::listing_arguments(), self.list_limit, |_| Ok(()))?;
        let titles = files::titles(&finished.output.text());
        if titles.is_empty() && stated.is_none() {
            let output_tail = finished.output.tail();
            return Err(LaunchFailure { kind: FailureKind::NotCriterion, output_tail });
        }
        // Without a statement the least is assumed of it.
        let version = stated.filter(|version| !version.connects()).unwrap_or(Version::new(0, 3, 0));
        Ok(Listing { version, benchmarks: naming::name_all(titles) })
    }

    /// Makes a tree current that holds nothing of an earlier launch.
    fn enter(&mut self, home: &Path) -> io::Result<()> {
        self.homes.refresh(home)?;
        self.homes.enter(home)
    }

    /// A folder for one launch. Its path always has the same length: the environment's size moves the stack.
    fn folder(&self) -> Result<TempDir, LaunchFailure> {
        let folder = tempfile::Builder::new().prefix("").rand_bytes(8).tempdir_in(self.scratch.path());
        Ok(folder.map_err(FailureKind::Unstartable)?)
    }

    /// Starts an executable with arguments.
    fn start<A: Into<std::ffi::OsString>>(
        &self,
        bench: &BuiltBench,
        arguments: impl IntoIterator<Item = A>,
        limit: Duration,
        watch: impl FnMut(&Message) -> Result<(), FailureKind>,
    ) -> Result<Finished, LaunchFailure> {
        let folder = self.folder()?;
        let invocation = Invocation::of(bench).files_below(folder.path()).args(arguments);
        converse(&invocation, limit, watch)
    }

    /// One launch that measures one benchmark, over the connection.
    fn over_connection(
        &self,
        bench: &BuiltBench,
        listing: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
    ) -> Result<(Finished, Option<Reported>), LaunchFailure> {
        let mut arguments = vec!["--bench".into()];
        arguments.extend(listing.version.timing(options));
        arguments.push(naming::exactly(wanted.raw()).into());
        let mut finished = self.start(bench, arguments, options.time_limit, |message| match message {
            Message::Beginning(id) if id != wanted.raw() => Err(FailureKind::Unfiltered),
            _ => Ok(()),
        })?;
        let mut alike = finished.transcript.reported.drain(..).filter(|reported| reported.id == wanted.raw());
        let reported = alike.nth(wanted.occurrence());
        drop(alike);
        Ok((finished, reported))
    }

    /// One launch that measures one benchmark, by way of files.
    fn over_files(
        &self,
        bench: &BuiltBench,
        listing: &Listing,
        wanted: &ListedBenchmark,
        options: &LaunchOptions,
    ) -> Result<(Finished, Option<Reported>), LaunchFailure> {
        let folder = self.folder()?;
        let invocation = Invocation::of(bench)
            .files_below(folder.path())
            .env("CARGO_TARGET_DIR", folder.path())
            .args(files::arguments(listing.version, wanted.raw(), options));
        let mut finished = converse(&invocation, options.time_limit, |_| Ok(()))?;
        match files::measured(folder.path(), wanted.raw()) {
            Ok(reported) => Ok((finished, reported)),
            Err(error) => {
                let output_tail = finished.output.tail();
                Err(LaunchFailure { kind: error.into(), output_tail })
            }
        }
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
        let (mut finished, reported) = if listing.version.connects() {
            self.over_connection(bench, &listing, wanted, options)?
        } else {
            self.over_files(bench, &listing, wanted, options)?
        };
        let seconds = finished.elapsed.as_secs_f64();
        match samples(reported) {
            Ok(samples) => Ok(Launch { samples, cpu: None, seconds }),
            Err(kind) => Err(LaunchFailure { kind, output_tail: finished.output.tail() }),
        }
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
        Ok(Pair { index, first, schedule: Schedule::Sequential, cpu: None, launches })
    }

    fn counting(&mut self, home: &Path) -> io::Result<&dyn Counter> {
        self.enter(home)?;
        #[cfg(unix)]
        return Ok(&self.counter);
        #[cfg(not(unix))]
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The samples that were reported, if they are timed.
///
/// # Errors
/// Nothing was reported, it is not time, or it is nonsense.
pub fn samples(reported: Option<Reported>) -> Result<SampleSet, FailureKind> {
    let reported = reported.ok_or(FailureKind::Silent)?;
    if reported.unit != NANOSECONDS {
        return Err(FailureKind::ForeignUnit(reported.unit));
    }
    Ok(SampleSet::timed(&reported.iterations, &reported.totals)?)
}
