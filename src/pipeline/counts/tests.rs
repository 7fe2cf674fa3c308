//! Counting against a counter of known counts: real store, no process.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::domain::fixtures::{bench, machine, revision};
use crate::domain::{BenchmarkName, Pair, Profile, Schedule, Side, Sides, Silent};
use crate::measure::counter::InstructionSource;
use crate::measure::criterion::naming::name_all;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::runner::LaunchOptions;
use crate::store::NewOccasion;

const OPTIONS: CountOptions =
    CountOptions { time_limit: Duration::from_mins(1), source: InstructionSource::Callgrind, caches: false };

/// Gives counts by the benchmark's id, one after the other, and counts its launches.
struct Known {
    counts: BTreeMap<String, Vec<f64>>,
    launches: Mutex<BTreeMap<String, usize>>,
}

impl Known {
    fn next(&self, id: &str) -> Result<Sample, Uncounted> {
        let mut launches = self.launches.lock().unwrap();
        let launch = launches.entry(id.to_owned()).or_default();
        *launch += 1;
        match self.counts.get(id).map(Vec::as_slice) {
            None => Err(Uncounted::Uncountable("it times itself".into())),
            Some([]) => Err(Uncounted::Failed(FailureKind::Exited(3).into())),
            Some(counts) => Ok(Sample::new(10, counts[(*launch - 1) % counts.len()] * 10.0).unwrap()),
        }
    }

    fn launches(&self, id: &str) -> usize {
        self.launches.lock().unwrap().get(id).copied().unwrap_or(0)
    }
}

impl Counter for Known {
    fn instructions(
        &self,
        _: &BuiltBench,
        wanted: &ListedBenchmark,
        _: &CountOptions,
    ) -> Result<InstructionCount, Uncounted> {
        Ok(InstructionCount {
            sample: self.next(&wanted.id)?,
            profile: Profile::default(),
            code: None,
            counter: "abacus 1".into(),
            set_up: false,
            threads: 1,
            seconds: 0.5,
        })
    }

    fn allocations(
        &self,
        _: &BuiltBench,
        wanted: &ListedBenchmark,
        _: &CountOptions,
    ) -> Result<AllocationCount, Uncounted> {
        let sample = self.next(&wanted.id)?;
        Ok(AllocationCount {
            allocations: sample,
            allocated_bytes: sample,
            peak_bytes: sample,
            threads: 3,
            seconds: 0.5,
        })
    }
}

/// A runner that does nothing but hand out a counter.
pub(crate) struct CountsOnly<C> {
    pub(crate) counter: C,
    /// The benchmarks that every executable has.
    pub(crate) ids: Vec<String>,
    /// How often a home was made the current one.
    pub(crate) homes: usize,
}

impl<C> CountsOnly<C> {
    pub(crate) fn new(counter: C, ids: &[&str]) -> Self {
        Self { counter, ids: ids.iter().map(ToString::to_string).collect(), homes: 0 }
    }
}

impl<C: Counter> Runner for CountsOnly<C> {
    fn list(&mut self, _: &BuiltBench) -> Result<Vec<ListedBenchmark>, LaunchFailure> {
        Ok(name_all(self.ids.clone()))
    }

    fn schedule(&mut self, _: Sides<&BuiltBench>, _: Sides<&str>) -> Schedule {
        Schedule::Turns
    }

    fn launch(&mut self, _: &BuiltBench, _: &str, _: &LaunchOptions) -> Result<Launch, LaunchFailure> {
        Err(FailureKind::Silent.into())
    }

    fn pair(
        &mut self,
        _: Sides<&BuiltBench>,
        _: Sides<&str>,
        _: u32,
        first: Side,
        _: &LaunchOptions,
    ) -> Result<Pair, (Side, LaunchFailure)> {
        Err((first, FailureKind::Silent.into()))
    }

    fn counting(&mut self, _: &Path) -> io::Result<&dyn Counter> {
        self.homes += 1;
        Ok(&self.counter)
    }
}

/// What counts on one more occasion come to.
fn on_occasion<T>(
    store: &mut Store,
    runner: &mut CountsOnly<Known>,
    started_ms: i64,
    metrics: &[Metric],
    act: impl FnOnce(&mut Abacus<'_>) -> T,
) -> T {
    let machine = machine();
    let new = NewOccasion { command: "check", started_ms, machine: &machine, program_version: "0", seed: 1 };
    let occasion = store.begin_occasion(&new).unwrap();
    act(&mut Abacus { store, occasion, runner, progress: &Silent, metrics, options: OPTIONS })
}

/// Counts by the benchmark's id.
fn known(counts: &[(&str, &[f64])]) -> CountsOnly<Known> {
    let counts = counts.iter().map(|(id, counts)| ((*id).to_owned(), counts.to_vec())).collect();
    CountsOnly::new(Known { counts, launches: Mutex::default() }, &[])
}

fn task(kind: Kind, id: &str, digest: &str) -> Task {
    let bench = bench(digest);
    let name = BenchmarkName::new("p", "t", id);
    let key = MeasurementKey {
        revision: revision('a'),
        machine: machine().key,
        build: bench.fingerprint.clone(),
        benchmark: name,
        metric: Metric::Instructions,
    };
    let wanted = name_all([id.to_owned()]).remove(0);
    Task { kind, bench, wanted, key }
}

/// What was found about each task, what is stored of it afterwards, and the counter.
fn counted(counts: &[(&str, &[f64])], tasks: &[Task]) -> (Vec<Counted>, Vec<Option<Tally>>, Known) {
    let mut runner = known(counts);
    let metrics = [Metric::Instructions, Metric::Allocations];
    let (found, stored) = on_occasion(&mut Store::in_memory().unwrap(), &mut runner, 0, &metrics, |abacus| {
        let found = abacus.count(tasks).unwrap();
        let stored = tasks.iter().zip(&found).map(|(task, found)| {
            let counter = found.as_ref().ok().and_then(|tally| tally.counter.as_deref());
            abacus.stored(task, counter).unwrap()
        });
        let stored = stored.collect();
        (found, stored)
    });
    (found, stored, runner.counter)
}

#[test]
fn a_count_that_repeats_takes_two_launches_and_is_kept() {
    let tasks = [task(Kind::Instructions, "a", "1"), task(Kind::Heap, "b", "2")];
    let (found, stored, counter) = counted(&[("a", &[100.0]), ("b", &[3.0])], &tasks);
    let [Ok(instructions), Ok(heap)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(instructions.values(Metric::Instructions), [100.0, 100.0]);
    assert_eq!(instructions.counter.as_deref(), Some("abacus 1"));
    assert!((instructions.seconds - 1.0).abs() < 1e-12);
    assert_eq!(heap.values(Metric::Allocations), [3.0, 3.0]);
    // Nobody asked for bytes.
    assert!(heap.values(Metric::PeakBytes).is_empty());
    assert_eq!((counter.launches("a"), counter.launches("b")), (2, 2));
    let kept = stored[0].as_ref().unwrap();
    assert_eq!(kept.runs, instructions.runs);
    assert_eq!(stored[1].as_ref().unwrap().runs, heap.runs);
}

#[test]
fn a_count_that_varies_is_taken_more_often_and_never_used_again() {
    let tasks = [task(Kind::Instructions, "a", "1")];
    let (found, stored, counter) = counted(&[("a", &[100.0, 101.0, 99.0])], &tasks);
    let tally = found[0].as_ref().unwrap();
    assert_eq!(counter.launches("a"), VARYING_LAUNCHES);
    assert_eq!(tally.values(Metric::Instructions).len(), VARYING_LAUNCHES);
    assert!(!tally.repeats() && tally.varies(Metric::Instructions));
    assert_eq!(stored[0], None);
}

#[test]
fn one_launch_is_taken_on_from_and_nothing_is_stored_twice() {
    let tasks = [task(Kind::Instructions, "a", "1"), task(Kind::Instructions, "b", "2")];
    let mut runner = known(&[("a", &[5.0]), ("b", &[5.0, 6.0])]);
    let tallies = |found: Vec<Counted>| found.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    let mut store = Store::in_memory().unwrap();
    on_occasion(&mut store, &mut runner, 0, &[Metric::Instructions], |abacus| {
        let once = tallies(abacus.count_once(&tasks).unwrap());
        assert!(once[0].agrees(&once[1]));
        assert!(
            abacus.stored(&tasks[0], Some("abacus 1")).unwrap().is_none(),
            "one launch shows no repetition"
        );
        let more = tallies(abacus.count_on(&tasks, &once, LAUNCHES).unwrap());
        assert_eq!(more[0].values(Metric::Instructions), [5.0, 5.0]);
        assert_eq!(more[1].values(Metric::Instructions).len(), VARYING_LAUNCHES);
        assert!(!more[0].agrees(&more[1]));
        let again = tallies(abacus.count_on(&tasks, &more, LAUNCHES).unwrap());
        assert_eq!(again, more);
        let stored = abacus.stored(&tasks[0], Some("abacus 1")).unwrap().unwrap();
        assert_eq!(stored.values(Metric::Instructions), [5.0, 5.0]);
    });
    let runner = runner.counter;
    assert_eq!((runner.launches("a"), runner.launches("b")), (2, VARYING_LAUNCHES));
}

#[test]
fn what_other_occasions_stored_is_kept_and_counted_on_from() {
    let tasks = [task(Kind::Heap, "a", "1")];
    let mut runner = known(&[("a", &[5.0])]);
    let mut store = Store::in_memory().unwrap();
    let mut on = |started_ms: i64, metrics: &[Metric], known: bool, launches: usize| {
        on_occasion(&mut store, &mut runner, started_ms, metrics, |abacus| {
            let before = known.then(|| abacus.stored(&tasks[0], None).unwrap().unwrap());
            let before = before.unwrap_or_else(|| Tally::new(None));
            abacus.count_on(&tasks, &[before], launches).unwrap().remove(0).unwrap()
        })
    };
    let (one, both) = ([Metric::Allocations], [Metric::Allocations, Metric::AllocatedBytes]);
    // Metrics that were counted on other occasions are stored more or less often.
    on(0, &one, false, 3);
    on(1, &both, false, 2);
    let found = on(2, &both, true, VARYING_LAUNCHES);
    assert_eq!(found.values(Metric::AllocatedBytes).len(), VARYING_LAUNCHES);
    assert!(found.values(Metric::Allocations).len() >= VARYING_LAUNCHES);
    assert_eq!(runner.counter.launches("a"), 3 + VARYING_LAUNCHES);
    let key = |metric| key_of(&tasks[0], None, metric).series();
    let stored = |metric| store.launches_of(&key(metric), &tasks[0].bench.digest).unwrap().len();
    assert_eq!((stored(Metric::Allocations), stored(Metric::AllocatedBytes)), (11, 8));
}

#[test]
fn what_cannot_be_counted_fails_alone() {
    let ids = ["good", "unknown", "bad", "better"];
    let tasks = ids.map(|id| task(Kind::Instructions, id, "1"));
    let (found, ..) = counted(&[("good", &[1.0]), ("bad", &[]), ("better", &[2.0])], &tasks);
    assert!(found[0].is_ok() && found[3].is_ok());
    assert_eq!(found[1], Err(NotCounted::Uncountable("it times itself".into())));
    assert!(matches!(&found[2], Err(NotCounted::Failed(words)) if words.contains('3')), "{found:?}");
}

#[test]
fn another_executable_or_another_counter_is_counted_anew() {
    let tasks = [task(Kind::Instructions, "a", "1")];
    let mut runner = known(&[("a", &[5.0])]);
    let mut store = Store::in_memory().unwrap();
    on_occasion(&mut store, &mut runner, 0, &[Metric::Instructions], |abacus| {
        abacus.count(&tasks).unwrap();
        assert!(abacus.stored(&tasks[0], Some("abacus 1")).unwrap().is_some());
        assert!(abacus.stored(&tasks[0], Some("abacus 2")).unwrap().is_none());
        assert!(abacus.stored(&task(Kind::Instructions, "a", "other"), Some("abacus 1")).unwrap().is_none());
        assert!(abacus.stored(&task(Kind::Heap, "a", "1"), None).unwrap().is_none());
    });
}

#[test]
fn the_likely_source_is_named() {
    let tasks = [task(Kind::Heap, "a", "1"), task(Kind::Instructions, "a", "1")];
    let (found, ..) = counted(&[("a", &[1.0])], &tasks);
    let source = |at: usize| found[at].as_ref().unwrap().likely_source();
    assert_eq!(source(0), "its threads");
    assert!(source(1).contains("hash seeds"));
}
