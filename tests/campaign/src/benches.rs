//! Benches that misbehave in every way we could think of: each gives one failure, in time and with bounded memory, leaves
//! nothing behind, and keeps nobody from measuring the next.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use perfguard::domain::{BuildFingerprint, BuiltBench, Digest, Execution, Side, Sides, Surroundings, Unit};
use perfguard::measure::coordinator::Coordinator;
use perfguard::measure::counter::{CountOptions, InstructionSource};
use perfguard::measure::homes::Homes;
use perfguard::measure::runner::{LaunchOptions, Runner};
use perfguard::support::process;

use crate::names::{COUNTED, GOOD, LEAVES, LISTINGS, NAMES, QUICK, SLOW, TOLD};
use crate::{Outcome, memory, names, processes};

/// What the environment of every bench has, so that those that are left are found.
const MARK: &str = "CAMPAIGN_MARK";

/// How long a bench may take that is only ended by its time limit.
const SHORT: Duration = Duration::from_secs(1);

/// How long any other may take: reached only when something is wrong.
const LONG: Duration = Duration::from_mins(1);

/// Who was killed a moment ago may still be listed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much memory this process may have taken in all, in MiB.
const MOST_MEMORY: u64 = 1024;

/// Trees that need nothing.
struct NoHomes;

impl Homes for NoHomes {
    fn enter(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn refresh(&mut self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// The misbehaving executable as a bench.
#[derive(Debug)]
struct Misbehaving {
    executable: PathBuf,
    mark: String,
}

impl Misbehaving {
    fn bench(&self, instrument: &str, listing: &str) -> BuiltBench {
        let environment = [(MARK, self.mark.as_str()), ("MISBEHAVE_LIST", listing)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        BuiltBench {
            package: "campaign".into(),
            target: "misbehave".into(),
            executable: self.executable.clone(),
            // What is known of an executable is known by this.
            digest: Digest::new(format!("{instrument}-{listing}")),
            surroundings: Surroundings::default(),
            home: "/".into(),
            working_dir: std::env::temp_dir(),
            environment: BTreeMap::from(environment),
            fingerprint: BuildFingerprint {
                rustc: String::new(),
                host: String::new(),
                target: String::new(),
                profile: String::new(),
                settings: String::new(),
                features: String::new(),
                rustflags: String::new(),
                instrument: instrument.parse().expect("an instrument's name"),
            },
            execution: Execution::Native,
            unit: Unit::Bench,
        }
    }
}

const INTERLEAVED: &str = "criterion 0.8.2 (interleaved)";
const SEQUENTIAL: &str = "criterion 0.8.2";

/// Ways to misbehave that are tried one after the other, beside those of other groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Group {
    /// While benchmarks are listed.
    Listed,
    /// By leaving children behind.
    Left,
    /// While samples are taken in turns.
    Interleaved,
    /// While samples are taken in turns, for as long as they may.
    Hanging,
    /// While they are counted.
    Counted,
    /// While one process measures after the other.
    Sequential,
}

impl Group {
    /// How many ways it has.
    fn ways(self) -> usize {
        match self {
            Self::Listed => LISTINGS.len(),
            Self::Left => LEAVES.len(),
            Self::Interleaved => QUICK.len(),
            Self::Hanging => SLOW.len(),
            Self::Counted => COUNTED.len(),
            Self::Sequential => of_criterion().len(),
        }
    }
}

/// Measures, lists and counts with `executable`, which is `misbehave`.
pub fn run(executable: &Path, rounds: usize, groups: &[Group]) -> Outcome {
    let mut outcome = Outcome::default();
    // As the program does: what leaves its group falls to us.
    process::adopt_strays();
    let bench = Misbehaving { executable: executable.to_owned(), mark: std::process::id().to_string() };
    let start = Instant::now();
    for _ in 0..rounds {
        for group in groups {
            match group {
                Group::Listed => listings(&bench, &mut outcome),
                Group::Left => left_children(&bench, &mut outcome),
                Group::Interleaved => launches(&bench, INTERLEAVED, QUICK, &mut outcome),
                Group::Hanging => launches(&bench, INTERLEAVED, SLOW, &mut outcome),
                Group::Counted => counts(&bench, &mut outcome),
                Group::Sequential => launches(&bench, SEQUENTIAL, &of_criterion(), &mut outcome),
            }
        }
    }
    process::dismiss_watchdog();
    let peak = memory::peak();
    outcome.require(peak < MOST_MEMORY, || format!("benches: {peak} MiB of memory were taken"));
    outcome.did(format!(
        "benches: {} ways to misbehave, {rounds} times each, in {:.0} s; at most {peak} MiB of memory",
        groups.iter().map(|group| group.ways()).sum::<usize>(),
        start.elapsed().as_secs_f64()
    ));
    outcome
}

/// What can be wrong over Criterion's connection.
fn of_criterion() -> Vec<&'static str> {
    let as_well = [
        "zero-iterations",
        "more-iterations",
        "not-a-number",
        "infinite",
        "negative",
        "zero-cost",
        "drips",
        "prints",
        "writes",
        "foreign-unit",
    ];
    [TOLD, &as_well].concat()
}

fn runner(list_limit: Duration) -> io::Result<Coordinator> {
    Ok(Coordinator::new(NoHomes)?.with_list_limit(list_limit))
}

fn options(time_limit: Duration) -> LaunchOptions {
    let warm_up = Duration::from_millis(10);
    LaunchOptions { warm_up, measurement: Duration::from_millis(20), samples: 10, close: 0.0, time_limit }
}

/// Each way to list is one error.
fn listings(bench: &Misbehaving, outcome: &mut Outcome) {
    for listing in LISTINGS {
        let what = format!("benches: the listing that {listing}");
        let words = names::words(names::LISTED_WORDS, listing);
        // Who is found out by what it says has the time that a busy machine takes to let it say so.
        let found_out = !words.is_empty() && words != names::LATE;
        let limit = if found_out { LONG } else { SHORT };
        timed(&what, LONG, outcome, |outcome| {
            let Ok(mut runner) = runner(limit) else { return outcome.fault("benches: no temporary folder") };
            match runner.list(&bench.bench(SEQUENTIAL, listing)) {
                Ok(listed) => outcome.fault(format!("{what} gave {} benchmarks", listed.len())),
                Err(failure) => {
                    explained(&what, words, &failure, outcome);
                }
            }
        });
        nothing_left(&what, bench, outcome);
    }
}

/// Each launch is one failure, and the next is measured.
fn launches(bench: &Misbehaving, instrument: &str, names: &[&str], outcome: &mut Outcome) {
    let Ok(mut runner) = runner(LONG) else { return outcome.fault("benches: no temporary folder") };
    let built = bench.bench(instrument, "");
    for (index, name) in names.iter().enumerate() {
        let what = format!("benches: {instrument}, the benchmark {name}");
        let limit = if SLOW.contains(name) { SHORT } else { LONG };
        timed(&what, LONG, outcome, |outcome| match pair(&mut runner, &built, name, index, limit) {
            Ok(()) => outcome.fault(format!("{what} was measured")),
            Err(failure) => explained(&what, names::words(names::WORDS, name), &failure, outcome),
        });
        nothing_left(&what, bench, outcome);
        if let Err(failure) = pair(&mut runner, &built, GOOD, index, LONG) {
            outcome.fault(format!("{what} keeps the next from being measured: {failure}"));
        }
    }
}

fn pair(
    runner: &mut Coordinator,
    built: &BuiltBench,
    name: &str,
    index: usize,
    limit: Duration,
) -> Result<(), String> {
    let both = Sides { baseline: built, candidate: built };
    let ids = Sides { baseline: name, candidate: name };
    let first = if index.is_multiple_of(2) { Side::Baseline } else { Side::Candidate };
    let index = u32::try_from(index).unwrap_or(0);
    let measured = runner.pair(both, ids, index, first, &options(limit));
    measured.map(drop).map_err(|(_, failure)| failure.to_string())
}

/// Who left its group is ended with the launch.
fn left_children(bench: &Misbehaving, outcome: &mut Outcome) {
    for instrument in [INTERLEAVED, SEQUENTIAL] {
        let Ok(mut runner) = runner(LONG) else { return outcome.fault("benches: no temporary folder") };
        let built = bench.bench(instrument, "leaves-a-child");
        for (index, name) in LEAVES.iter().enumerate() {
            let _ = pair(&mut runner, &built, name, index, LONG);
            nothing_left(&format!("benches: {instrument}, the benchmark {name}"), bench, outcome);
        }
    }
}

/// Each forged count is none.
fn counts(bench: &Misbehaving, outcome: &mut Outcome) {
    let Ok(mut runner) = runner(LONG) else { return outcome.fault("benches: no temporary folder") };
    let built = bench.bench(INTERLEAVED, "");
    let Ok(listed) = runner.list(&built) else { return outcome.fault("benches: no listing") };
    outcome.require(listed.len() == NAMES.len(), || format!("benches: {} are listed", listed.len()));
    let options = CountOptions { time_limit: LONG, source: InstructionSource::Callgrind, caches: false };
    for name in COUNTED {
        let what = format!("benches: the count that {name}");
        let Some(wanted) = listed.iter().find(|listed| listed.id == *name) else { continue };
        timed(&what, LONG, outcome, |outcome| {
            let Ok(counter) = runner.counting(Path::new("/")) else { return };
            let forged = counter.instructions(&built, wanted, &options);
            outcome.require(forged.is_err(), || format!("{what}: instructions are counted"));
            if let Ok(count) = counter.allocations(&built, wanted, &options) {
                let figures = [count.allocations, count.allocated_bytes, count.peak_bytes];
                let sound = figures.iter().all(|sample| sample.per_iteration().is_finite());
                outcome.require(sound, || format!("{what}: {figures:?}"));
            }
        });
        nothing_left(&what, bench, outcome);
    }
}

/// A failure says what the bench did, where that can be known.
fn explained(what: &str, words: &str, failure: &impl std::fmt::Display, outcome: &mut Outcome) {
    let said = failure.to_string();
    outcome.require(said.contains(words), || format!("{what} is told as: {said}"));
}

fn timed(what: &str, limit: Duration, outcome: &mut Outcome, work: impl FnOnce(&mut Outcome)) {
    let start = Instant::now();
    work(outcome);
    let took = start.elapsed();
    outcome.require(took < limit, || format!("{what} took {took:.1?}"));
}

fn nothing_left(what: &str, bench: &Misbehaving, outcome: &mut Outcome) {
    processes::require_none(&format!("{MARK}={}", bench.mark), PATIENCE, what, outcome);
}
