//! Counts: benchmarks are counted side by side on all CPUs, in the shadow of nothing that is timed. Every count is stored as
//! soon as it is taken.
//!
//! Two launches tell whether a count repeats: one of each side, where they agree. Where they do not, each side has to repeat
//! by itself; a count that does not (hash seeds, threads) is taken some more times, so that the runs of both sides can be
//! compared.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::path::{Path, PathBuf};
use std::thread;

use super::super::allocations::AllocationBuild;
use super::super::error::PipelineError;
use super::super::session::{Session, key};
use crate::domain::{
    AllocationCount, BenchmarkName, BuiltBench, CountKind, Counted, Counts, Digest, Event, Failure,
    InstructionCount, Launch, MachineFacts, Measurement, MeasurementKey, Metric, NotCounted, Provenance,
    Revision, RunId, Sample, SampleSet,
};
use crate::judge::Rules;
use crate::measure::counter::{CountOptions, Counter, Uncounted};
use crate::measure::listing::ListedBenchmark;
use crate::measure::runner::Runner;
use crate::store::Store;
use crate::support::parallel;
use crate::support::process::interrupted;

/// How many launches tell whether a count repeats.
pub(crate) const REPEATED: usize = 2;

/// One benchmark of one side, to be counted.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) kind: CountKind,
    pub(crate) bench: BuiltBench,
    pub(crate) wanted: ListedBenchmark,
    /// How many benchmarks its executable runs before it.
    pub(crate) place: usize,
    /// What it is a measurement of; the metric and the counter are filled in.
    pub(crate) key: MeasurementKey,
}

impl Task {
    /// What a stored count is known by: the executable's bytes, and what else it can reach when it runs. Equal executables that
    /// read other files count differently.
    fn counted(&self) -> Digest {
        Digest::new(format!("{}+{}", self.bench.digest, self.bench.surroundings.digest))
    }
}

/// The executable that a benchmark is counted in: the timed one itself, or the one that counts allocations.
pub(crate) fn counting_bench<'a>(
    kind: CountKind,
    timed: &'a BuiltBench,
    allocations: Option<&'a AllocationBuild>,
) -> Result<&'a BuiltBench, NotCounted> {
    match (kind, allocations) {
        (CountKind::Instructions, _) => Ok(timed),
        (CountKind::Allocations, Some(build)) => build.find(timed),
        (CountKind::Allocations, None) => {
            Err(NotCounted::Unavailable("nothing counts them in it".to_owned(), None))
        }
    }
}

/// What is to be counted: a benchmark that is timed in one executable and counted in the same or another.
pub(crate) fn task(
    runner: &mut dyn Runner,
    kind: CountKind,
    (timed, bench): (&BuiltBench, &BuiltBench),
    name: &BenchmarkName,
    (revision, machine): (&Revision, &MachineFacts),
) -> Result<Task, NotCounted> {
    // What the timed executable says of its benchmarks holds for the other, too.
    let listed = runner.list(timed).unwrap_or_default();
    let wanted = listed.into_iter().enumerate().find(|(_, listed)| listed.id == name.id());
    let gone = || Failure { message: "it is no longer listed".to_owned(), ..Failure::default() };
    let (place, wanted) = wanted.ok_or_else(|| NotCounted::Failed(gone()))?;
    let key = key(revision, machine, bench, name.id(), Metric::Instructions);
    Ok(Task { kind, bench: bench.clone(), wanted, place, key })
}

/// What was counted of a benchmark so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Taken {
    /// The counts themselves.
    pub(crate) counts: Counts,
    /// The last launch that counted instructions: where they went.
    pub(crate) last: Option<InstructionCount>,
    /// How many of the launches of each metric are in the store.
    stored: BTreeMap<Metric, usize>,
}
/// The counts of one task, or why there are none.
pub(crate) type Found = Result<Taken, NotCounted>;

impl Session<'_> {
    /// What is stored of a task's very executable, where every wanted metric was counted and repeats: it need not be taken
    /// again. Where its instructions went is not stored.
    pub(crate) fn stored_counts(
        &self,
        task: &Task,
        counter: Option<&str>,
    ) -> Result<Option<Taken>, PipelineError> {
        let mut taken = Taken {
            counts: Counts { counter: counter.map(str::to_owned), threads: 1, ..Counts::default() },
            ..Taken::default()
        };
        for metric in task.kind.metrics(&self.measuring.metrics) {
            let key = key_of(task, counter, metric);
            let stored = self.store.launches_of(&key.series(), &task.counted())?;
            let samples = first_samples(&stored.launches);
            if samples.is_empty() {
                return Ok(None);
            }
            if metric == Metric::Instructions {
                taken.counts.code = stored.code;
            }
            taken.stored.insert(metric, samples.len());
            taken.counts.runs.insert(metric, samples);
        }
        let counts = &taken.counts;
        Ok((!counts.runs.is_empty() && counts.repeats()).then_some(taken))
    }

    /// What would count a task, as its counts are stored; `None` where nothing can.
    pub(crate) fn counter_of(&mut self, task: &Task) -> Option<String> {
        let options = self.measuring.count_options();
        let counter = self.runner.counting(&task.bench.home).ok()?;
        counter.instruction_counter(&task.bench, &options)
    }

    /// Counts on from what is known of every task, until each has so many launches.
    pub(crate) fn count_on(
        &mut self,
        tasks: &[Task],
        known: &[Taken],
        launches: usize,
    ) -> Result<Vec<Found>, PipelineError> {
        let mut outcomes: Vec<Option<Found>> = vec![None; tasks.len()];
        let mut homes: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (at, task) in tasks.iter().enumerate() {
            homes.entry(task.bench.home.clone()).or_default().push(at);
        }
        for (home, places) in homes {
            self.count_at(&home, places, (tasks, known, launches), &mut outcomes)?;
        }
        Ok(outcomes.into_iter().map(|found| found.unwrap_or(Err(NotCounted::Interrupted))).collect())
    }

    /// Counts on with the tasks of one home, which are at `places`.
    fn count_at(
        &mut self,
        home: &Path,
        places: Vec<usize>,
        (tasks, known, launches): (&[Task], &[Taken], usize),
        outcomes: &mut [Option<Found>],
    ) -> Result<(), PipelineError> {
        let counter = match self.runner.counting(home) {
            Ok(counter) => counter,
            Err(error) => {
                for at in places {
                    outcomes[at] = Some(Err(no_place(&error)));
                }
                return Ok(());
            }
        };
        let options = self.measuring.count_options();
        let (alone, mut places): (Vec<usize>, Vec<usize>) =
            places.into_iter().partition(|&at| counter.is_alone(&tasks[at].bench));
        // In the order in which executables come to them: what was started for one goes on to the next.
        places.sort_by_key(|&at| (&tasks[at].bench.executable, tasks[at].place));
        let shared = counter.shared();
        let counter = shared.as_deref().unwrap_or(counter);
        let metrics = &self.measuring.metrics;
        let (store, run, progress) = (&mut *self.store, self.run, self.progress);
        let (total, mut done) = (places.len(), 0);
        let mut told = |at: usize| {
            done += 1;
            let name = &tasks[at].key.benchmark;
            progress.event(Event::Benchmark { name, settled: done, total, launches: 0, state: "counted" });
        };
        for &at in &places {
            if known[at].counts.launches() >= launches {
                told(at);
            }
            outcomes[at] = Some(Ok(known[at].clone()));
        }
        // A launch of each, then another: what was started for one goes through all of them.
        let mut bear_no_other = BTreeSet::new();
        loop {
            let wanted = |at: usize| match missing(outcomes[at].as_ref(), launches) {
                missing if bear_no_other.contains(&at) => missing.min(1),
                missing => missing,
            };
            let jobs = side_by_side(&places, wanted);
            if jobs.is_empty() {
                break;
            }
            let count = |&at: &usize| {
                if interrupted() {
                    Err(NotCounted::Interrupted)
                } else {
                    launch(counter, &tasks[at], &options)
                }
            };
            parallel::each(&jobs, count, |job, fresh| {
                let at = jobs[job];
                let has_twin = jobs.iter().filter(|&&other| other == at).count() > 1;
                if has_twin && matches!(fresh, Err(NotCounted::Failed(_))) {
                    bear_no_other.insert(at);
                    return Ok(());
                }
                let before = outcomes[at].take().unwrap_or(Err(NotCounted::Interrupted));
                let was_open = before.is_ok();
                let found = before.and_then(|taken| taken.with(fresh?, metrics));
                let found = match found {
                    Ok(taken) => Ok(record(store, run, &tasks[at], taken)?),
                    none => none,
                };
                outcomes[at] = Some(found);
                if was_open && missing(outcomes[at].as_ref(), launches) == 0 {
                    told(at);
                }
                Ok::<(), PipelineError>(())
            })?;
        }
        drop(shared);
        for at in alone {
            outcomes[at] = Some(match self.count_alone(&tasks[at], &known[at], launches) {
                Ok(taken) => Ok(record(self.store, self.run, &tasks[at], taken)?),
                none => none,
            });
        }
        Ok(())
    }

    /// Counts one task with nothing beside it, each launch in a tree that is as it was built.
    fn count_alone(&mut self, task: &Task, known: &Taken, launches: usize) -> Found {
        let mut taken = known.clone();
        self.progress.event(Event::Benchmark {
            name: &task.key.benchmark,
            settled: 0,
            total: 1,
            launches: 0,
            state: "counting",
        });
        while taken.counts.launches() < launches {
            if interrupted() {
                return Err(NotCounted::Interrupted);
            }
            let counter = self.runner.counting(&task.bench.home).map_err(|error| no_place(&error))?;
            let fresh = launch(counter, task, &self.measuring.count_options())?;
            taken = taken.with(fresh, &self.measuring.metrics)?;
        }
        Ok(taken)
    }

    /// Counts every task, in the order given, often enough to know whether it repeats.
    pub(crate) fn count_repeatedly(&mut self, tasks: &[Task]) -> Result<Vec<Found>, PipelineError> {
        self.count_on(tasks, &vec![Taken::default(); tasks.len()], REPEATED)
    }
}

/// How many more launches are wanted of something that can be counted.
fn missing(found: Option<&Found>, launches: usize) -> usize {
    let taken = found.and_then(|found| found.as_ref().ok());
    taken.map_or(0, |taken| launches.saturating_sub(taken.counts.launches()))
}

/// What is launched side by side: each that misses some once, and where these leave CPUs idle as often as is missing. Who fails
/// beside itself is launched alone.
fn side_by_side(places: &[usize], missing: impl Fn(usize) -> usize) -> Vec<usize> {
    let open: Vec<usize> = places.iter().copied().filter(|&at| missing(at) > 0).collect();
    if open.len() >= thread::available_parallelism().map_or(1, usize::from) {
        return open;
    }
    open.into_iter().flat_map(|at| iter::repeat_n(at, missing(at))).collect()
}

/// Why nothing can be counted where a tree is not in its place.
fn no_place(error: &std::io::Error) -> NotCounted {
    NotCounted::Unavailable(format!("the source tree cannot be put in its place: {error}"), None)
}

/// What one launch counted.
enum Fresh {
    Instructions(InstructionCount),
    Allocations(AllocationCount),
}

/// One launch that counts.
fn launch(counter: &dyn Counter, task: &Task, options: &CountOptions) -> Result<Fresh, NotCounted> {
    let Task { kind, bench, wanted, .. } = task;
    match kind {
        CountKind::Instructions => counter.instructions(bench, wanted, options).map(Fresh::Instructions),
        CountKind::Allocations => counter.allocations(bench, wanted, options).map(Fresh::Allocations),
    }
    .map_err(refused)
}

fn refused(uncounted: Uncounted) -> NotCounted {
    match uncounted {
        Uncounted::Unavailable { reason, remedy } => NotCounted::Unavailable(reason, remedy),
        Uncounted::Uncountable(reason) => NotCounted::Uncountable(reason),
        Uncounted::Failed(_) if interrupted() => NotCounted::Interrupted,
        Uncounted::Failed(failure) => NotCounted::Failed(Failure::from(failure)),
    }
}

impl Taken {
    /// Whether these, which are stored, say all that is asked beside the counts of the other side. Of instructions that differ
    /// it is asked where they went; and which code was executed, where that may spare the clock.
    pub(crate) fn says_enough(&self, kind: CountKind, other: &Counts, rules: &Rules<'_>) -> bool {
        if kind == CountKind::Allocations {
            return true;
        }
        let iterations = |counts: &Counts| counts.executed().map(|(iterations, _)| iterations);
        let comparable = iterations(&self.counts).is_some() && iterations(&self.counts) == iterations(other);
        self.counts.agrees(other) && (comparable || !rules.wants(Metric::WallTime))
    }

    /// These, and one launch more.
    fn with(mut self, fresh: Fresh, metrics: &[Metric]) -> Found {
        match fresh {
            Fresh::Instructions(count) => self.add_instructions(count, metrics)?,
            Fresh::Allocations(count) => self.add_allocations(&count, metrics),
        }
        Ok(self)
    }

    fn add(&mut self, metric: Metric, sample: Sample) {
        self.counts.runs.entry(metric).or_default().push(sample);
    }

    fn add_instructions(&mut self, count: InstructionCount, wanted: &[Metric]) -> Result<(), NotCounted> {
        let first = !self.counts.runs.contains_key(&Metric::Instructions);
        let counts = &mut self.counts;
        counts.code = count.code.clone().filter(|code| first || counts.code.as_ref() == Some(code));
        counts.counter = Some(count.counter.clone());
        counts.threads = counts.threads.max(count.threads);
        counts.seconds += count.seconds;
        // Instructions are what code is told apart by, whether anybody asked for them or not.
        self.add(Metric::Instructions, count.sample);
        if wanted.contains(&Metric::BranchMisses) {
            self.add(Metric::BranchMisses, mispredicted(&count)?);
        }
        self.last = Some(count);
        Ok(())
    }

    fn add_allocations(&mut self, count: &AllocationCount, wanted: &[Metric]) {
        let all = [
            (Metric::Allocations, count.allocations),
            (Metric::AllocatedBytes, count.allocated_bytes),
            (Metric::PeakBytes, count.peak_bytes),
        ];
        for (metric, sample) in all.into_iter().filter(|(metric, _)| wanted.contains(metric)) {
            self.add(metric, sample);
        }
        self.counts.threads = self.counts.threads.max(count.threads);
        self.counts.seconds += count.seconds;
    }
}

/// The branches that a simulated processor mispredicts: conditional ones, and indirect ones. Callgrind's names for them are in
/// its manual, "Branch Prediction".
fn mispredicted(count: &InstructionCount) -> Result<Sample, NotCounted> {
    let total = |name: &str| count.profile.events.get(name).copied();
    let both = total("Bcm").zip(total("Bim")).map(|(conditional, indirect)| (conditional + indirect) as f64);
    let sample = both.and_then(|total| Sample::new(count.sample.iterations(), total));
    let why = || "branches are counted by Callgrind alone, with --instructions-by callgrind".to_owned();
    sample.ok_or_else(|| NotCounted::Unavailable(why(), None))
}

/// The key a count is stored by: counts of different counters are never compared.
pub(crate) fn key_of(task: &Task, counter: Option<&str>, metric: Metric) -> MeasurementKey {
    let build = task.key.build.counted_by(counter);
    MeasurementKey { build, metric, ..task.key.clone() }
}

/// Stores every metric of what was counted, as far as it is not stored yet.
fn record(store: &mut Store, run: RunId, task: &Task, mut taken: Taken) -> Result<Taken, PipelineError> {
    for (&metric, runs) in &taken.counts.runs {
        let stored = taken.stored.entry(metric).or_default();
        let each = taken.counts.seconds / runs.len().max(1) as f64;
        let fresh = runs.iter().skip(*stored).filter_map(|&sample| {
            let samples = SampleSet::new(vec![sample]).ok()?;
            Some(Launch { samples, cpu: None, seconds: each })
        });
        let launches: Vec<Launch> = fresh.collect();
        if launches.is_empty() {
            continue;
        }
        let measurement = Measurement {
            key: key_of(task, taken.counts.counter.as_deref(), metric),
            executable: task.counted(),
            // A machine or an emulator executes the same instructions, and the same allocations.
            provenance: Provenance::Native,
            launches,
            code: taken.counts.code.clone().filter(|_| metric == Metric::Instructions),
        };
        store.record(run, &measurement)?;
        *stored = runs.len();
    }
    Ok(taken)
}

/// The counts of what was found, for the judge.
pub(crate) fn counted(found: Found) -> Counted {
    found.map(|taken| taken.counts)
}

/// The one sample of each launch that counted.
fn first_samples(launches: &[Launch]) -> Vec<Sample> {
    launches.iter().filter_map(|launch| launch.samples.samples().first().copied()).collect()
}

#[cfg(test)]
pub(crate) mod tests;
