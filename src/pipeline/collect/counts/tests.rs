//! Counting against a counter of known counts: real store, no process.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::domain::fixtures::{bench, machine, revision};
use crate::domain::{BenchmarkName, Pair, Profile, Schedule, Side, Sides, Variation};
use crate::judge::Policy;
use crate::judge::fixtures::rules;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::listing::name_all;
use crate::measure::runner::LaunchOptions;
use crate::pipeline::collect::paired::tests::{in_session, measuring};

/// How often a count that varies is taken here.
const VARYING: usize = 8;

/// Gives counts by the benchmark's id, one after the other, and counts its launches.
struct Known {
    counts: BTreeMap<String, Vec<f64>>,
    launches: Mutex<BTreeMap<String, usize>>,
    /// Held by the benchmark `shy`, which fails beside itself.
    port: Mutex<()>,
}

impl Known {
    fn next(&self, id: &str) -> Result<Sample, Uncounted> {
        let port = (id == "shy").then(|| self.port.try_lock());
        if let Some(port) = &port {
            if port.is_err() {
                return Err(Uncounted::Failed(FailureKind::Exited(98).into()));
            }
            thread::sleep(Duration::from_millis(50));
        }
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
    fn is_alone(&self, _: &BuiltBench) -> bool {
        false
    }

    fn instruction_counter(&self, _: &BuiltBench, _: &CountOptions) -> Option<String> {
        Some("abacus 1".into())
    }

    fn once(&self, _: &BuiltBench, wanted: &ListedBenchmark, _: &CountOptions) -> Result<(), Uncounted> {
        self.next(&wanted.id).map(drop)
    }

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
        Schedule::Interleaved
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

/// What counts in one more run come to.
fn in_run<T>(
    store: &mut Store,
    runner: &mut CountsOnly<Known>,
    metrics: &[Metric],
    act: impl FnOnce(&mut Session<'_>) -> T,
) -> T {
    in_session(store, runner, &measuring(metrics, Duration::from_mins(1)), act)
}

/// Counts by the benchmark's id.
fn known(counts: &[(&str, &[f64])]) -> CountsOnly<Known> {
    let counts = counts.iter().map(|(id, counts)| ((*id).to_owned(), counts.to_vec())).collect();
    CountsOnly::new(Known { counts, launches: Mutex::default(), port: Mutex::default() }, &[])
}

fn task(kind: CountKind, id: &str, digest: &str) -> Task {
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
    Task { kind, bench, wanted, place: 0, key }
}

/// What was found about each task, what is stored of it afterwards, and the counter.
fn counted(counts: &[(&str, &[f64])], tasks: &[Task]) -> (Vec<Found>, Vec<Option<Taken>>, Known) {
    let mut runner = known(counts);
    let metrics = [Metric::Instructions, Metric::Allocations];
    let (found, stored) = in_run(&mut Store::in_memory().unwrap(), &mut runner, &metrics, |session| {
        let found = session.count_repeatedly(tasks).unwrap();
        let stored = tasks.iter().zip(&found).map(|(task, found)| {
            let counter = found.as_ref().ok().and_then(|taken| taken.counts.counter.as_deref());
            session.stored_counts(task, counter).unwrap()
        });
        let stored = stored.collect();
        (found, stored)
    });
    (found, stored, runner.counter)
}

#[test]
fn a_count_that_repeats_takes_two_launches_and_is_kept() {
    let tasks = [task(CountKind::Instructions, "a", "1"), task(CountKind::Allocations, "b", "2")];
    let (found, stored, counter) = counted(&[("a", &[100.0]), ("b", &[3.0])], &tasks);
    let [Ok(instructions), Ok(allocations)] = &found[..] else { panic!("{found:?}") };
    let (instructions, allocations) = (&instructions.counts, &allocations.counts);
    assert_eq!(instructions.values(Metric::Instructions), [100.0, 100.0]);
    assert_eq!(instructions.counter.as_deref(), Some("abacus 1"));
    assert!((instructions.seconds - 1.0).abs() < 1e-12);
    assert_eq!(allocations.values(Metric::Allocations), [3.0, 3.0]);
    // Nobody asked for bytes.
    assert!(allocations.values(Metric::PeakBytes).is_empty());
    assert_eq!((counter.launches("a"), counter.launches("b")), (2, 2));
    assert_eq!(stored[0].as_ref().unwrap().counts.runs, instructions.runs);
    assert_eq!(stored[1].as_ref().unwrap().counts.runs, allocations.runs);
}

#[test]
fn a_count_that_varies_is_never_used_again() {
    let tasks = [task(CountKind::Instructions, "a", "1")];
    let (found, stored, _) = counted(&[("a", &[100.0, 101.0, 99.0])], &tasks);
    let counts = &found[0].as_ref().unwrap().counts;
    assert!(!counts.repeats() && counts.varies(Metric::Instructions));
    assert_eq!(stored[0], None);
}

#[test]
fn one_launch_is_taken_on_from_and_nothing_is_stored_twice() {
    let tasks = [task(CountKind::Instructions, "a", "1"), task(CountKind::Instructions, "b", "2")];
    let mut runner = known(&[("a", &[5.0]), ("b", &[5.0, 6.0])]);
    let taken = |found: Vec<Found>| found.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    let mut store = Store::in_memory().unwrap();
    in_run(&mut store, &mut runner, &[Metric::Instructions], |session| {
        let nothing = vec![Taken::default(); 2];
        let once = taken(session.count_on(&tasks, &nothing, 1).unwrap());
        assert!(once[0].counts.agrees(&once[1].counts));
        let kept = session.stored_counts(&tasks[0], Some("abacus 1")).unwrap();
        assert_eq!(kept.unwrap().counts.values(Metric::Instructions), [5.0], "the other side may agree");
        let more = taken(session.count_on(&tasks, &once, REPEATED).unwrap());
        assert_eq!(more[0].counts.values(Metric::Instructions), [5.0, 5.0]);
        assert!(!more[0].counts.agrees(&more[1].counts));
        let most = taken(session.count_on(&tasks[1..], &more[1..], VARYING).unwrap());
        assert_eq!(most[0].counts.values(Metric::Instructions).len(), VARYING);
        let again = taken(session.count_on(&tasks, &more, REPEATED).unwrap());
        assert_eq!(again, more);
        let stored = session.stored_counts(&tasks[0], Some("abacus 1")).unwrap().unwrap();
        assert_eq!(stored.counts.values(Metric::Instructions), [5.0, 5.0]);
    });
    let runner = runner.counter;
    assert_eq!((runner.launches("a"), runner.launches("b")), (2, VARYING));
}

#[test]
fn what_other_runs_stored_is_kept_and_counted_on_from() {
    let tasks = [task(CountKind::Allocations, "a", "1")];
    let mut runner = known(&[("a", &[5.0])]);
    let mut store = Store::in_memory().unwrap();
    let mut on = |metrics: &[Metric], known: bool, launches: usize| {
        in_run(&mut store, &mut runner, metrics, |session| {
            let before = known.then(|| session.stored_counts(&tasks[0], None).unwrap().unwrap());
            let before = before.unwrap_or_default();
            session.count_on(&tasks, &[before], launches).unwrap().remove(0).unwrap().counts
        })
    };
    let (one, both) = ([Metric::Allocations], [Metric::Allocations, Metric::AllocatedBytes]);
    // Metrics that were counted in other runs are stored more or less often.
    on(&one, false, 3);
    on(&both, false, 2);
    let found = on(&both, true, VARYING);
    assert_eq!(found.values(Metric::AllocatedBytes).len(), VARYING);
    assert!(found.values(Metric::Allocations).len() >= VARYING);
    assert_eq!(runner.counter.launches("a"), 3 + VARYING);
    let key = |metric| key_of(&tasks[0], None, metric).series();
    let stored = |metric| store.launches_of(&key(metric), &tasks[0].counted()).unwrap().launches.len();
    assert_eq!((stored(Metric::Allocations), stored(Metric::AllocatedBytes)), (11, 8));
}

#[test]
fn what_cannot_be_counted_fails_alone() {
    let ids = ["good", "unknown", "bad", "better"];
    let tasks = ids.map(|id| task(CountKind::Instructions, id, "1"));
    let (found, ..) = counted(&[("good", &[1.0]), ("bad", &[]), ("better", &[2.0])], &tasks);
    assert!(found[0].is_ok() && found[3].is_ok());
    assert_eq!(found[1], Err(NotCounted::Uncountable("it times itself".into())));
    assert!(
        matches!(&found[2], Err(NotCounted::Failed(failure)) if failure.message.contains('3')),
        "{found:?}"
    );
}

#[test]
fn who_cannot_run_beside_itself_is_counted_one_launch_after_the_other() {
    let tasks = [task(CountKind::Instructions, "shy", "1")];
    let (found, _, counter) = counted(&[("shy", &[7.0])], &tasks);
    let counts = &found[0].as_ref().unwrap().counts;
    assert_eq!(counts.values(Metric::Instructions), [7.0, 7.0]);
    assert_eq!(counter.launches("shy"), 2);
}

#[test]
fn idle_cpus_take_the_launches_of_a_few() {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    let many: Vec<usize> = (0..cpus).collect();
    assert_eq!(side_by_side(&many, |_| 3), many);
    assert_eq!(side_by_side(&many, |_| 0), [0; 0]);
    if cpus > 1 {
        assert_eq!(side_by_side(&[0, 1], |at| if at == 1 { 3 } else { 0 }), [1, 1, 1]);
    }
}

#[test]
fn another_executable_or_another_counter_is_counted_anew() {
    let tasks = [task(CountKind::Instructions, "a", "1")];
    let mut runner = known(&[("a", &[5.0])]);
    let mut store = Store::in_memory().unwrap();
    in_run(&mut store, &mut runner, &[Metric::Instructions], |session| {
        session.count_repeatedly(&tasks).unwrap();
        let stored = |task: &Task, counter| session.stored_counts(task, counter).unwrap();
        assert!(stored(&tasks[0], Some("abacus 1")).is_some());
        assert!(stored(&tasks[0], Some("abacus 2")).is_none());
        assert!(stored(&task(CountKind::Instructions, "a", "other"), Some("abacus 1")).is_none());
        assert!(stored(&task(CountKind::Allocations, "a", "1"), None).is_none());
        // The same bytes that read other files are counted anew.
        let mut reaches = tasks[0].clone();
        reaches.bench.surroundings.digest = Digest::new("other");
        assert!(stored(&reaches, Some("abacus 1")).is_none());
    });
}

#[test]
fn the_likely_source_is_named() {
    let tasks = [task(CountKind::Allocations, "a", "1"), task(CountKind::Instructions, "a", "1")];
    let (found, ..) = counted(&[("a", &[1.0])], &tasks);
    let source = |at: usize| found[at].as_ref().unwrap().counts.likely_source();
    assert_eq!((source(0), source(1)), (Variation::Threads, Variation::Seeds));
}

#[test]
fn stored_counts_say_enough_where_they_agree_and_tell_which_code_that_was() {
    let counts = |iterations: u64, total: f64, code: Option<&str>| Counts {
        runs: BTreeMap::from([(Metric::Instructions, vec![Sample::new(iterations, total).unwrap()])]),
        code: code.map(Digest::new),
        ..Counts::default()
    };
    let (fresh, policy) = (counts(10, 50.0, Some("c")), Policy::default());
    let enough = |metrics: &[Metric], stored: &Counts| {
        let stored = Taken { counts: stored.clone(), ..Taken::default() };
        stored.says_enough(CountKind::Instructions, &fresh, &rules(&policy, metrics, None))
    };
    let (counted, timed) = ([Metric::Instructions], [Metric::Instructions, Metric::WallTime]);
    assert!(enough(&counted, &counts(10, 50.0, None)) && !enough(&timed, &counts(10, 50.0, None)));
    assert!(enough(&timed, &counts(10, 50.0, Some("other"))), "that it is another is known");
    assert!(!enough(&timed, &counts(20, 100.0, Some("c"))), "of other iterations it tells nothing");
    assert!(!enough(&counted, &counts(10, 51.0, Some("c"))), "where more is done is not stored");
}
