//! Counts: the benchmarks of a side are counted side by side on all CPUs, in the shadow of nothing that is timed. Every
//! count is stored as soon as it is taken.
//!
//! Two launches tell whether a count repeats: one of each side, where they agree. Where they do not, each side has
//! to repeat by itself; a count that does not (hash seeds, threads) is taken some more times, so that the runs of both
//! sides can be compared.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use super::error::PipelineError;
use super::prove::words;
use super::session::{self, provenance};
use super::workshop::Prepared;
use crate::domain::{
    AllocationCount, BenchmarkName, BuiltBench, Digest, Event, InstructionCount, Launch, MachineFacts,
    Measurement, MeasurementKey, Metric, OccasionId, Progress, Revision, Sample, SampleSet,
};
use crate::measure::counter::{CountOptions, Counter, Uncounted};
use crate::measure::criterion::ListedBenchmark;
use crate::measure::runner::Runner;
use crate::store::Store;
use crate::support::process::interrupted;

/// How many launches tell whether a count repeats.
pub(crate) const LAUNCHES: usize = 2;

/// How many there are of a count that does not: all eight of one side above all eight of the other happens by chance once
/// in 12 870 times.
pub(crate) const VARYING_LAUNCHES: usize = 8;

/// What is counted in one launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Instructions, in an executable that is also timed.
    Instructions,
    /// Allocations, bytes and peak, in an executable that was built for it.
    Heap,
}

impl Kind {
    /// The metrics it gives, of those that are wanted.
    pub(crate) fn metrics(self, wanted: &[Metric]) -> Vec<Metric> {
        let gives = |metric: &Metric| match self {
            Self::Instructions => *metric == Metric::Instructions,
            Self::Heap => {
                matches!(metric, Metric::Allocations | Metric::AllocatedBytes | Metric::PeakBytes)
            }
        };
        wanted.iter().copied().filter(gives).collect()
    }
}

/// One benchmark of one side, to be counted.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) kind: Kind,
    pub(crate) bench: BuiltBench,
    pub(crate) wanted: ListedBenchmark,
    /// What it is a measurement of; the metric and the counter are filled in.
    pub(crate) key: MeasurementKey,
}

/// The executables of one side that count allocations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heap {
    pub(crate) benches: Vec<BuiltBench>,
    /// Benches, as `package::target`, that cannot have any, and why.
    pub(crate) refused: Vec<(String, String)>,
}

impl From<Prepared> for Heap {
    fn from(Prepared { benches, refused, .. }: Prepared) -> Self {
        Self { benches, refused }
    }
}

impl Heap {
    /// The one that counts what another executable times.
    fn find(&self, timed: &BuiltBench) -> Result<&BuiltBench, NotCounted> {
        let found = self.benches.iter().find(|bench| bench.identity() == timed.identity());
        found.ok_or_else(|| {
            let label = timed.label();
            let refused = self.refused.iter().find(|(refused, _)| *refused == label);
            let reason = refused.map_or("it could not be built to count them", |(_, reason)| reason);
            NotCounted::Uncountable(format!("{label}: {reason}"))
        })
    }
}

/// The executable that a benchmark is counted in: the timed one itself, or of `heap` the one that was built to count
/// allocations.
pub(crate) fn counting_bench<'a>(
    kind: Kind,
    timed: &'a BuiltBench,
    heap: Option<Result<&'a Heap, &str>>,
) -> Result<&'a BuiltBench, NotCounted> {
    let unavailable = |reason: &str| NotCounted::Unavailable { reason: reason.to_owned(), remedy: None };
    match (kind, heap) {
        (Kind::Instructions, _) => Ok(timed),
        (Kind::Heap, None) => Err(unavailable("nothing was built to count them in")),
        (Kind::Heap, Some(Err(reason))) => Err(unavailable(reason)),
        (Kind::Heap, Some(Ok(heap))) => heap.find(timed),
    }
}

/// What is to be counted: a benchmark that is timed in one executable and counted in the same or another.
pub(crate) fn task(
    runner: &mut dyn Runner,
    kind: Kind,
    (timed, bench): (&BuiltBench, &BuiltBench),
    name: &BenchmarkName,
    (revision, machine): (&Revision, &MachineFacts),
) -> Result<Task, NotCounted> {
    // What the timed executable says of its benchmarks holds for the other, too.
    let listed = runner.list(timed).unwrap_or_default();
    let wanted = listed.into_iter().find(|listed| listed.id == name.id());
    let wanted = wanted.ok_or_else(|| NotCounted::Failed("it is no longer listed".to_owned()))?;
    let key = session::key(revision, machine, bench, name.id(), Metric::Instructions);
    Ok(Task { kind, bench: bench.clone(), wanted, key })
}

/// What was counted of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tally {
    /// What was counted, launch by launch.
    pub(crate) runs: BTreeMap<Metric, Vec<Sample>>,
    /// The last launch that counted instructions: where they went.
    pub(crate) last: Option<InstructionCount>,
    /// What the machine code that every launch executed comes to, where that is known and the same.
    pub(crate) code: Option<Digest>,
    /// What counted instructions.
    pub(crate) counter: Option<String>,
    /// The most threads there were.
    pub(crate) threads: u32,
    /// How long all launches took, in seconds.
    pub(crate) seconds: f64,
    /// How many of the launches of each metric are in the store.
    stored: BTreeMap<Metric, usize>,
}

/// Why there is no count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotCounted {
    /// Nothing can be counted here, or of this build.
    Unavailable { reason: String, remedy: Option<String> },
    /// This benchmark cannot be counted.
    Uncountable(String),
    /// It could be, but the launch failed.
    Failed(String),
    /// The user wants to stop.
    Interrupted,
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { reason, remedy: Some(remedy) } => write!(f, "{reason}; {remedy}"),
            Self::Unavailable { reason, remedy: None } | Self::Uncountable(reason) | Self::Failed(reason) => {
                f.write_str(reason)
            }
            Self::Interrupted => f.write_str("interrupted before it was counted"),
        }
    }
}

/// A benchmark's count, or why there is none.
pub(crate) type Counted = Result<Tally, NotCounted>;

/// Everything that counting needs besides its tasks.
pub(crate) struct Abacus<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) occasion: OccasionId,
    pub(crate) runner: &'a mut dyn Runner,
    pub(crate) progress: &'a dyn Progress,
    /// The metrics that are wanted.
    pub(crate) metrics: &'a [Metric],
    /// How launches are counted.
    pub(crate) options: CountOptions,
}

impl Abacus<'_> {
    /// What is stored of a task's very executable, where every wanted metric was counted often enough: a count that
    /// repeats need not be taken again.
    pub(crate) fn stored(&self, task: &Task, counter: Option<&str>) -> Result<Option<Tally>, PipelineError> {
        let mut tally = Tally::new(counter.map(str::to_owned));
        for metric in task.kind.metrics(self.metrics) {
            let key = key_of(task, counter, metric);
            let samples = first_samples(&self.store.launches_of(&key.series(), &task.bench.digest)?);
            if samples.len() < LAUNCHES {
                return Ok(None);
            }
            tally.stored.insert(metric, samples.len());
            tally.runs.insert(metric, samples);
        }
        Ok((!tally.runs.is_empty() && tally.repeats()).then_some(tally))
    }

    /// Counts every task, in the order given, often enough to know whether it repeats.
    pub(crate) fn count(&mut self, tasks: &[Task]) -> Result<Vec<Counted>, PipelineError> {
        self.count_on(tasks, &vec![Tally::new(None); tasks.len()], LAUNCHES)
    }

    /// Counts every task once.
    pub(crate) fn count_once(&mut self, tasks: &[Task]) -> Result<Vec<Counted>, PipelineError> {
        self.count_on(tasks, &vec![Tally::new(None); tasks.len()], 1)
    }

    /// Counts on from what is known of every task, until it has so many launches, and more where they do not agree.
    pub(crate) fn count_on(
        &mut self,
        tasks: &[Task],
        known: &[Tally],
        launches: usize,
    ) -> Result<Vec<Counted>, PipelineError> {
        let mut outcomes: Vec<Option<Counted>> = vec![None; tasks.len()];
        let mut homes: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
        for (at, task) in tasks.iter().enumerate() {
            homes.entry(task.bench.home.clone()).or_default().push(at);
        }
        for (home, places) in homes {
            let (store, occasion) = (&mut *self.store, self.occasion);
            let (progress, metrics) = (self.progress, self.metrics);
            let counter = match self.runner.counting(&home) {
                Ok(counter) => counter,
                Err(error) => {
                    let reason = format!("the source tree cannot be put in its place: {error}");
                    let none = NotCounted::Unavailable { reason, remedy: None };
                    for at in places {
                        outcomes[at] = Some(Err(none.clone()));
                    }
                    continue;
                }
            };
            let crew = Crew { counter, tasks, known, launches, metrics, options: self.options };
            let mut done = 0;
            crew.work(&places, &mut |at, found| {
                done += 1;
                progress.event(Event::Benchmark {
                    name: &tasks[at].key.benchmark,
                    settled: done,
                    total: places.len(),
                    launches: 0,
                    state: "counted",
                });
                outcomes[at] = Some(match found {
                    Ok(tally) => Ok(record(store, occasion, &tasks[at], tally)?),
                    none => none,
                });
                Ok(())
            })?;
        }
        Ok(outcomes.into_iter().map(|found| found.unwrap_or(Err(NotCounted::Interrupted))).collect())
    }
}

/// Threads that count, each one task after the other.
struct Crew<'a> {
    counter: &'a dyn Counter,
    tasks: &'a [Task],
    /// What is known of each.
    known: &'a [Tally],
    /// How many launches each has at least in the end.
    launches: usize,
    /// The metrics that are wanted.
    metrics: &'a [Metric],
    options: CountOptions,
}

impl Crew<'_> {
    /// Counts the tasks at `places` and hands over each as soon as it is finished. The first error of `take` ends it.
    fn work(
        &self,
        places: &[usize],
        take: &mut dyn FnMut(usize, Counted) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(places.len());
        let next = AtomicUsize::new(0);
        let stopped = Mutex::new(false);
        std::thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 0..threads {
                let (sender, next, stopped) = (sender.clone(), &next, &stopped);
                scope.spawn(move || self.member(places, next, stopped, &sender));
            }
            drop(sender);
            for (at, found) in receiver {
                if let Err(error) = take(at, found) {
                    // Whoever works finishes the launch at hand and takes no other.
                    if let Ok(mut stopped) = stopped.lock() {
                        *stopped = true;
                    }
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    fn member(
        &self,
        places: &[usize],
        next: &AtomicUsize,
        stopped: &Mutex<bool>,
        sender: &Sender<(usize, Counted)>,
    ) {
        while let Some(&at) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ended = interrupted() || stopped.lock().is_ok_and(|stopped| *stopped);
            let found = if ended { Err(NotCounted::Interrupted) } else { self.one(at) };
            if sender.send((at, found)).is_err() {
                return;
            }
        }
    }

    /// Launches as often as is wanted, and some more times where the counts do not repeat.
    fn one(&self, at: usize) -> Counted {
        let mut tally = self.known[at].clone();
        let mut wanted = self.launches;
        while tally.launches() < wanted {
            if interrupted() {
                return Err(NotCounted::Interrupted);
            }
            self.launch(&self.tasks[at], &mut tally)?;
            if tally.launches() >= LAUNCHES && !tally.repeats() {
                wanted = VARYING_LAUNCHES;
            }
        }
        Ok(tally)
    }

    fn launch(&self, task: &Task, tally: &mut Tally) -> Result<(), NotCounted> {
        match task.kind {
            Kind::Instructions => {
                let found = self.counter.instructions(&task.bench, &task.wanted, &self.options);
                tally.add_instructions(found.map_err(refused)?);
            }
            Kind::Heap => {
                let found = self.counter.allocations(&task.bench, &task.wanted, &self.options);
                tally.add_heap(&found.map_err(refused)?, self.metrics);
            }
        }
        Ok(())
    }
}

fn refused(uncounted: Uncounted) -> NotCounted {
    match uncounted {
        Uncounted::Unavailable { reason, remedy } => NotCounted::Unavailable { reason, remedy },
        Uncounted::Uncountable(reason) => NotCounted::Uncountable(reason),
        Uncounted::Failed(_) if interrupted() => NotCounted::Interrupted,
        Uncounted::Failed(failure) => NotCounted::Failed(words(&failure)),
    }
}

impl Tally {
    pub(crate) fn new(counter: Option<String>) -> Self {
        Self {
            runs: BTreeMap::new(),
            last: None,
            code: None,
            counter,
            threads: 1,
            seconds: 0.0,
            stored: BTreeMap::new(),
        }
    }

    fn add(&mut self, metric: Metric, sample: Sample) {
        self.runs.entry(metric).or_default().push(sample);
    }

    fn add_instructions(&mut self, count: InstructionCount) {
        let first = !self.runs.contains_key(&Metric::Instructions);
        self.code = count.code.clone().filter(|code| first || self.code.as_ref() == Some(code));
        self.add(Metric::Instructions, count.sample);
        self.counter = Some(count.counter.clone());
        self.threads = self.threads.max(count.threads);
        self.seconds += count.seconds;
        self.last = Some(count);
    }

    fn add_heap(&mut self, count: &AllocationCount, wanted: &[Metric]) {
        let all = [
            (Metric::Allocations, count.allocations),
            (Metric::AllocatedBytes, count.allocated_bytes),
            (Metric::PeakBytes, count.peak_bytes),
        ];
        for (metric, sample) in all.into_iter().filter(|(metric, _)| wanted.contains(metric)) {
            self.add(metric, sample);
        }
        self.threads = self.threads.max(count.threads);
        self.seconds += count.seconds;
    }

    /// How often every metric was counted.
    fn launches(&self) -> usize {
        self.runs.values().map(Vec::len).min().unwrap_or(0)
    }

    /// Whether every launch of both gave the same counts, to the last bit.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.runs.keys().eq(other.runs.keys())
            && self.runs.keys().all(|&metric| {
                let all = [self.values(metric), other.values(metric)].concat();
                all.windows(2).all(|two| two[0].total_cmp(&two[1]).is_eq())
            })
    }

    /// Whether every launch gave the same counts, to the last bit.
    pub(crate) fn repeats(&self) -> bool {
        !self.runs.keys().any(|&metric| self.varies(metric))
    }

    /// Whether launches gave different counts of a metric.
    pub(crate) fn varies(&self, metric: Metric) -> bool {
        self.values(metric).windows(2).any(|two| two[0].total_cmp(&two[1]).is_ne())
    }

    /// What one iteration came to, launch by launch.
    pub(crate) fn values(&self, metric: Metric) -> Vec<f64> {
        self.runs.get(&metric).into_iter().flatten().map(|sample| sample.per_iteration()).collect()
    }

    /// Where counts that do not repeat probably come from.
    pub(crate) fn likely_source(&self) -> &'static str {
        if self.threads > 1 { "its threads" } else { "hash seeds, addresses or the clock" }
    }
}

/// The key a count is stored by: counts of different counters are never compared.
pub(crate) fn key_of(task: &Task, counter: Option<&str>, metric: Metric) -> MeasurementKey {
    let mut build = task.key.build.by_whole_processes();
    if let Some(counter) = counter {
        build.instrument = format!("{}, {counter}", build.instrument);
    }
    MeasurementKey { build, metric, ..task.key.clone() }
}

/// Stores every metric of a tally, as far as it is not stored yet.
fn record(
    store: &mut Store,
    occasion: OccasionId,
    task: &Task,
    mut tally: Tally,
) -> Result<Tally, PipelineError> {
    for (&metric, runs) in &tally.runs {
        let stored = tally.stored.entry(metric).or_default();
        let each = tally.seconds / runs.len().max(1) as f64;
        let fresh = runs.iter().skip(*stored).filter_map(|&sample| {
            let samples = SampleSet::new(vec![sample]).ok()?;
            Some(Launch { samples, cpu: None, seconds: each })
        });
        let launches: Vec<Launch> = fresh.collect();
        if launches.is_empty() {
            continue;
        }
        let measurement = Measurement {
            key: key_of(task, tally.counter.as_deref(), metric),
            executable: task.bench.digest.clone(),
            provenance: provenance(&task.bench),
            launches,
        };
        store.record(occasion, &measurement)?;
        *stored = runs.len();
    }
    Ok(tally)
}

/// The one sample of each launch that counted.
fn first_samples(launches: &[Launch]) -> Vec<Sample> {
    launches.iter().filter_map(|launch| launch.samples.samples().first().copied()).collect()
}

#[cfg(test)]
pub(crate) mod tests;
