//! The evidence of a comparison's benchmarks, one step of the judge's at a time.

use std::collections::BTreeMap;

use super::super::allocations::AllocationBuild;
use super::super::builder::Builder;
use super::super::catalogue::Benchmark;
use super::super::error::PipelineError;
use super::super::session::{Session, provenance, sequential, side_build};
use super::super::stopwatch::within;
use super::counts::{Found, REPEATED, Taken, Task, counted, counting_bench, task};
use super::history;
use super::paired::{Comparison, Make, Test};
use crate::blame;
use crate::domain::{
    BenchmarkEvidence, BenchmarkName, BuiltBench, CountKind, Counted, CreepEvidence, Event, InstructionCount,
    Limit, Measurement, Metric, NotCounted, PairedEvidence, Phase, Presence, Provenance, Revision, Side,
    Sides, Simulated, Stage, TopFunction,
};
use crate::judge::quick::Looks;
use crate::judge::{PairedTest, QuickCheck, Rules, Step, first_test, test_to_confirm};
use crate::measure::counter::CountOptions;
use crate::support::process::interrupted;

/// How many launches of an emulated benchmark are stored. They are shown, never judged.
const EMULATED_LAUNCHES: u32 = 2;

/// Fills evidence.
pub(crate) struct Collector<'a, 's> {
    pub(crate) session: &'a mut Session<'s>,
    pub(crate) revisions: &'a Sides<Revision>,
    /// Who knows the compiler.
    pub(crate) builder: &'a Builder<'a>,
    /// What allocations are counted in, where they are.
    pub(crate) allocations: Option<Sides<AllocationBuild>>,
    /// What was counted so far, with what only counting on needs.
    taken: BTreeMap<(BenchmarkName, CountKind, Side), Taken>,
    /// Executables of one drawn layout, for what instructions of the builds differed in.
    laid: BTreeMap<BenchmarkName, Sides<BuiltBench>>,
}

impl<'a, 's> Collector<'a, 's> {
    /// Nothing is collected yet.
    pub(crate) fn new(
        session: &'a mut Session<'s>,
        revisions: &'a Sides<Revision>,
        builder: &'a Builder<'a>,
        allocations: Option<Sides<AllocationBuild>>,
    ) -> Self {
        Self { session, revisions, builder, allocations, taken: BTreeMap::new(), laid: BTreeMap::new() }
    }

    /// Takes one step with all of these benchmarks.
    pub(crate) fn take(
        &mut self,
        step: Step,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let stage = match step {
            Step::FindReach | Step::CountInstructions(_) | Step::CountAllocations(_) | Step::Simulate => {
                Stage::Counting
            }
            _ => Stage::Measuring,
        };
        let _stage = within(self.session.progress, stage);
        match step {
            Step::CompareOutput => {
                for benchmark in benchmarks.iter_mut() {
                    self.compare_output(benchmark);
                }
                Ok(())
            }
            Step::FindReach => {
                self.find_reach(benchmarks);
                Ok(())
            }
            Step::CountInstructions(launches) => {
                self.count(CountKind::Instructions, launches, rules, benchmarks)
            }
            Step::CountAllocations(launches) => {
                self.count(CountKind::Allocations, launches, rules, benchmarks)
            }
            Step::QuickCheck => self.quick_check(rules, benchmarks),
            Step::HistoryCheck => {
                for benchmark in benchmarks.iter_mut() {
                    let Some(comparison) = self.comparison(benchmark, rules) else { continue };
                    let evidence = history::collect(self.session, &comparison, &benchmark.evidence, rules)?;
                    benchmark.evidence.history = Some(evidence);
                }
                Ok(())
            }
            Step::Pairs => self.pairs(rules, benchmarks),
            Step::Remeasure => self.remeasure(rules, benchmarks),
            Step::Simulate => {
                for benchmark in benchmarks.iter_mut() {
                    self.simulate(benchmark);
                }
                Ok(())
            }
            Step::CreepChange => self.creep_change(rules, benchmarks),
            Step::AwaitTests | Step::CreepAnchor | Step::Done => Ok(()),
        }
    }

    /// What pairs may have to decide about a benchmark.
    pub(crate) fn comparison(&self, benchmark: &Benchmark, rules: &Rules<'_>) -> Option<Comparison> {
        let benches = benchmark.both()?;
        let evidence = &benchmark.evidence;
        let keys = Sides::from_fn(|side: Side| {
            let id = evidence.name_on(side).id();
            self.session.key(self.revisions.get(side), benches.get(side), id, Metric::WallTime)
        });
        Some(Comparison {
            name: evidence.name.clone(),
            ids: Sides::from_fn(|side| evidence.name_on(side).id().to_owned()),
            keys,
            by: rules.limit(evidence, Metric::WallTime),
            benches: benches.map(Clone::clone),
        })
    }

    /// Whether both sides of a command print the same. What an interruption cut short says nothing.
    fn compare_output(&mut self, benchmark: &mut Benchmark) {
        let Some(benches) = benchmark.both() else { return };
        let options = self.session.measuring.launch_options(None);
        let found = self.session.runner.outputs(benches, &options);
        if !interrupted() {
            benchmark.evidence.output = Some(found);
        }
    }

    fn quick_check(
        &mut self,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let alone = rules.policy.error_budget(1);
        let wanted: BTreeMap<BenchmarkName, Looks> = benchmarks
            .iter()
            .map(|benchmark| (benchmark.evidence.name.clone(), Looks::at(&benchmark.evidence)))
            .collect();
        let make = |comparison: &Comparison, baseline| {
            let looks = wanted.get(&comparison.name).copied().unwrap_or(Looks::all(1));
            QuickCheck::new(&comparison.by, baseline, alone, looks)
        };
        self.measure(Phase::QuickCheck, rules, benchmarks, &make, |evidence| &mut evidence.quick)
    }

    fn pairs(&mut self, rules: &Rules<'_>, benchmarks: &mut [&mut Benchmark]) -> Result<(), PipelineError> {
        self.session.progress.event(Event::Measuring { benchmarks: benchmarks.len() });
        let make = |comparison: &Comparison, baseline| first_test(&comparison.by, baseline, rules);
        self.measure(Phase::Measurement, rules, benchmarks, &make, |evidence| &mut evidence.pairs)
    }

    fn remeasure(
        &mut self,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let stage = format!("Re-measuring {} with fresh launches", benchmarks.len());
        self.session.progress.event(Event::Task(&stage));
        // What fresh pairs have to show depends on what the first ones did.
        let tests: BTreeMap<BenchmarkName, PairedTest> = benchmarks
            .iter()
            .filter_map(|benchmark| {
                let test = test_to_confirm(&benchmark.evidence, rules)?;
                Some((benchmark.evidence.name.clone(), test))
            })
            .collect();
        let make = |comparison: &Comparison, baseline| {
            let test = tests.get(&comparison.name).cloned();
            test.unwrap_or_else(|| PairedTest::lenient(&comparison.by, baseline, rules.error_budget()))
        };
        self.measure(Phase::Remeasurement, rules, benchmarks, &make, |evidence| &mut evidence.remeasured)
    }

    /// Fresh pairs, until it is decided whether the candidate is slower at all.
    fn creep_change(
        &mut self,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let stage = format!("Looking whether {} got slower at all: too much crept", benchmarks.len());
        self.session.progress.event(Event::Task(&stage));
        let budget = rules.error_budget();
        let make = |_: &Comparison, _| PairedTest::of_any_change(budget);
        self.measure(Phase::Remeasurement, rules, benchmarks, &make, |evidence| {
            &mut evidence.creep.get_or_insert_with(CreepEvidence::default).change
        })
    }

    /// Measures pairs of all of these, and puts what is found into `place` of each.
    fn measure<T: Test>(
        &mut self,
        phase: Phase,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
        make: Make<'_, Limit, T>,
        place: fn(&mut BenchmarkEvidence) -> &mut Option<PairedEvidence>,
    ) -> Result<(), PipelineError> {
        let comparisons =
            benchmarks.iter().filter_map(|benchmark| self.comparison(benchmark, rules)).collect();
        let found = self.session.pairs(phase, comparisons, make)?;
        for (benchmark, found) in benchmarks.iter_mut().zip(found) {
            *place(&mut benchmark.evidence) = Some(found);
        }
        Ok(())
    }

    /// Counts both sides until each has so many launches: the candidate, then the baseline, of which a count may be stored.
    fn count(
        &mut self,
        kind: CountKind,
        launches: usize,
        rules: &Rules<'_>,
        benchmarks: &mut [&mut Benchmark],
    ) -> Result<(), PipelineError> {
        let both = {
            let shared: Vec<&Benchmark> = benchmarks.iter().map(|benchmark| &**benchmark).collect();
            let mut both = self.count_both(kind, launches, rules, &shared)?;
            if kind == CountKind::Instructions && launches == 1 {
                self.count_in_one_layout(rules, &shared, &mut both)?;
            }
            both
        };
        let Sides { baseline, candidate } = both;
        for (benchmark, (baseline, candidate)) in
            benchmarks.iter_mut().zip(baseline.into_iter().zip(candidate))
        {
            let evidence = &mut benchmark.evidence;
            *evidence.counts_mut(kind) = Some(Sides { baseline, candidate });
            if kind == CountKind::Instructions && self.session.measuring.explained {
                let last = |side| self.taken.get(&(evidence.name.clone(), kind, side))?.last.as_ref();
                if let (Some(baseline), Some(candidate)) = (last(Side::Baseline), last(Side::Candidate)) {
                    evidence.top_functions = top_functions(Sides { baseline, candidate });
                }
            }
        }
        Ok(())
    }

    fn count_both(
        &mut self,
        kind: CountKind,
        launches: usize,
        rules: &Rules<'_>,
        benchmarks: &[&Benchmark],
    ) -> Result<Sides<Vec<Counted>>, PipelineError> {
        self.recall(kind, rules, benchmarks)?;
        let candidate = self.count_side(Side::Candidate, kind, launches, rules, benchmarks, None)?;
        let baseline =
            self.count_side(Side::Baseline, kind, launches, rules, benchmarks, Some(&candidate))?;
        Ok(Sides { baseline, candidate })
    }

    /// Takes from the store what is known of both executables of a benchmark, where that says all that is asked: nothing of it
    /// is counted again.
    fn recall(
        &mut self,
        kind: CountKind,
        rules: &Rules<'_>,
        benchmarks: &[&Benchmark],
    ) -> Result<(), PipelineError> {
        let unexplained = !self.session.measuring.explained && !rules.wants(Metric::WallTime);
        for benchmark in benchmarks {
            let key = |side| (benchmark.evidence.name.clone(), kind, side);
            if Side::BOTH.iter().any(|&side| self.taken.contains_key(&key(side))) {
                continue;
            }
            let tasks = Sides::from_fn(|side| self.task(side, kind, benchmark)).try_map(|task| task);
            let Ok(tasks) = tasks else { continue };
            let counter = match kind {
                CountKind::Allocations => None,
                CountKind::Instructions => match self.session.counter_of(&tasks.candidate) {
                    None => continue,
                    known => known,
                },
            };
            let stored = tasks.try_map(|task| self.session.stored_counts(&task, counter.as_deref()))?;
            if let Sides { baseline: Some(baseline), candidate: Some(candidate) } = stored
                && (unexplained || candidate.says_enough(kind, &baseline.counts, rules))
            {
                self.taken.insert(key(Side::Baseline), baseline);
                self.taken.insert(key(Side::Candidate), candidate);
            }
        }
        Ok(())
    }

    /// Counts what differs once more, in one layout of both sides: hash seeds that are made of addresses make equal code
    /// count differently. What cannot be counted there keeps the counts of its build.
    fn count_in_one_layout(
        &mut self,
        rules: &Rules<'_>,
        benchmarks: &[&Benchmark],
        both: &mut Sides<Vec<Counted>>,
    ) -> Result<(), PipelineError> {
        let mut places = Vec::new();
        let mut built = Vec::new();
        for (at, benchmark) in benchmarks.iter().enumerate() {
            let (Ok(baseline), Ok(candidate)) = (&both.baseline[at], &both.candidate[at]) else { continue };
            if baseline.agrees(candidate) {
                continue;
            }
            let Some(benches) = benchmark.both() else { continue };
            let linking = within(self.session.progress, Stage::Layouts);
            let laid = self.session.layouts.for_counts(benches);
            drop(linking);
            let Some(laid) = laid else { continue };
            let name = &benchmark.evidence.name;
            built.push(Side::BOTH.map(|side| {
                let key = (name.clone(), CountKind::Instructions, side);
                let taken = self.taken.remove(&key);
                (key, taken)
            }));
            self.laid.insert(name.clone(), laid);
            places.push(at);
        }
        // All at once: counting keeps every CPU busy.
        let laid: Vec<&Benchmark> = places.iter().map(|&at| benchmarks[at]).collect();
        // What differs once more has to repeat.
        let again = self.count_both(CountKind::Instructions, REPEATED, rules, &laid)?;
        let again = again.baseline.into_iter().zip(again.candidate);
        for ((at, built), again) in places.into_iter().zip(built).zip(again) {
            if let (Ok(baseline), Ok(candidate)) = again {
                both.baseline[at] = Ok(baseline);
                both.candidate[at] = Ok(candidate);
            } else {
                self.laid.remove(&benchmarks[at].evidence.name);
                self.taken.extend(built.into_iter().filter_map(|(key, taken)| Some((key, taken?))));
            }
        }
        Ok(())
    }

    /// Counts one side. With the counts of the other, what that could not do is left out, and what is stored of the very
    /// executable is used again.
    fn count_side(
        &mut self,
        side: Side,
        kind: CountKind,
        launches: usize,
        rules: &Rules<'_>,
        benchmarks: &[&Benchmark],
        other: Option<&[Counted]>,
    ) -> Result<Vec<Counted>, PipelineError> {
        let mut outcomes: Vec<Option<Counted>> = Vec::new();
        let (mut tasks, mut known, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (at, benchmark) in benchmarks.iter().enumerate() {
            let other = match other.map(|other| &other[at]) {
                Some(Err(why)) => {
                    outcomes.push(Some(Err(why.clone())));
                    continue;
                }
                Some(Ok(counts)) => Some(counts),
                None => None,
            };
            let task = match self.task(side, kind, benchmark) {
                Err(why) => {
                    outcomes.push(Some(Err(why)));
                    continue;
                }
                Ok(task) => task,
            };
            let name = benchmark.evidence.name.clone();
            let before = self.taken.get(&(name.clone(), kind, side)).cloned();
            let stored = match (&before, other) {
                (None, Some(other)) => self
                    .session
                    .stored_counts(&task, other.counter.as_deref())?
                    .filter(|stored| stored.says_enough(kind, other, rules)),
                _ => None,
            };
            known.push(before.or(stored).unwrap_or_default());
            tasks.push(task);
            names.push(name);
            outcomes.push(None);
        }
        let fresh = self.session.count_on(&tasks, &known, launches)?;
        for (name, found) in names.into_iter().zip(&fresh) {
            if let Ok(taken) = found {
                self.taken.insert((name, kind, side), taken.clone());
            }
        }
        let mut fresh = fresh.into_iter();
        let mut next = || fresh.next().map_or(Err(NotCounted::Interrupted), |found: Found| counted(found));
        Ok(outcomes.into_iter().map(|found| found.unwrap_or_else(&mut next)).collect())
    }

    /// What is to be counted, in which executable.
    pub(crate) fn task(
        &mut self,
        side: Side,
        kind: CountKind,
        benchmark: &Benchmark,
    ) -> Result<Task, NotCounted> {
        let gone = || NotCounted::Uncountable("this side does not have it".to_owned());
        let laid = self.laid.get(&benchmark.evidence.name).filter(|_| kind == CountKind::Instructions);
        let built = benchmark.benches.get(side).as_ref();
        let timed = laid.map(|laid| laid.get(side)).or(built).ok_or_else(gone)?;
        let allocations = self.allocations.as_ref().map(|builds| builds.get(side));
        let bench = counting_bench(kind, timed, allocations)?;
        let taken_of = (self.revisions.get(side), self.session.machine);
        task(self.session.runner, kind, (timed, bench), benchmark.evidence.name_on(side), taken_of)
    }

    /// Counts both sides once more under a simulated processor. What cannot be counted explains nothing.
    fn simulate(&mut self, benchmark: &mut Benchmark) {
        let Some(benches) = benchmark.both() else { return };
        let name = &benchmark.evidence.name;
        let stage = format!("Looking why {name} is slower with the same code");
        self.session.progress.event(Event::Task(&stage));
        let options = CountOptions { caches: true, ..self.session.measuring.count_options() };
        let ids = Sides::from_fn(|side| benchmark.evidence.name_on(side).id());
        let nothing = || Simulated {
            code: None,
            sample: crate::domain::Sample::new(1, 0.0).unwrap_or_else(|| unreachable!("one iteration")),
            events: BTreeMap::new(),
            set_up: false,
            threads: 1,
        };
        let found = Sides::from_fn(|side: Side| {
            self.simulate_side(benches.get(side), ids.get(side), &options).unwrap_or_else(nothing)
        });
        benchmark.evidence.simulated = Some(found);
    }

    fn simulate_side(&mut self, bench: &BuiltBench, id: &str, options: &CountOptions) -> Option<Simulated> {
        let runner = &mut *self.session.runner;
        let wanted = runner.list(bench).ok()?.into_iter().find(|listed| listed.id == id)?;
        let count = runner.counting(&bench.home).ok()?.instructions(bench, &wanted, options).ok()?;
        let names = count.profile.events.keys();
        let events = names.filter_map(|name| Some((name.clone(), count.event(name)?))).collect();
        Some(Simulated {
            code: count.code,
            sample: count.sample,
            events,
            set_up: count.set_up,
            threads: count.threads,
        })
    }

    /// Times taken under an emulator are stored as such, so that a report can show them.
    pub(crate) fn store_emulated(&mut self, benchmark: &Benchmark) -> Result<(), PipelineError> {
        let Presence::Both(_) = &benchmark.evidence.presence else { return Ok(()) };
        let Some(bench) = &benchmark.benches.candidate else { return Ok(()) };
        if provenance(bench) != Provenance::Emulated {
            return Ok(());
        }
        let id = benchmark.evidence.name.id();
        let options = self.session.measuring.launch_options(None);
        let launches: Result<Vec<_>, _> =
            (0..EMULATED_LAUNCHES).map(|_| self.session.runner.launch(bench, id, &options)).collect();
        // Nothing is judged by it, so nothing is lost when it fails.
        let Ok(launches) = launches else { return Ok(()) };
        let key = self.session.key(&self.revisions.candidate, bench, id, Metric::WallTime);
        let measurement = Measurement {
            key: sequential(&key),
            executable: side_build(bench).executable,
            provenance: Provenance::Emulated,
            launches,
            code: None,
        };
        self.session.store.record(self.session.run, &measurement)?;
        Ok(())
    }
}

/// The functions that gained most, out of counts that were taken already.
pub(crate) fn top_functions(counts: Sides<&InstructionCount>) -> Vec<TopFunction> {
    let tidied = counts.map(|count| {
        let mut count = count.clone();
        blame::tidy(&mut count.profile, &[]);
        count
    });
    blame::explain(tidied.as_ref()).top_functions()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{FunctionCost, Profile, Sample};

    #[test]
    fn the_functions_that_gained_most_are_found_in_counts() {
        let count = |own: u64| InstructionCount {
            sample: Sample::new(10, (own * 10) as f64).unwrap(),
            profile: Profile {
                total: own * 10,
                functions: vec![FunctionCost {
                    name: "fib::grow".into(),
                    object: Some("work-0123456789abcdef".into()),
                    file: None,
                    line: None,
                    own: own * 10,
                    inclusive: own * 10,
                    called: 10,
                    lines: Vec::new(),
                }],
                ..Profile::default()
            },
            code: None,
            counter: "callgrind 3.19".into(),
            set_up: false,
            threads: 1,
            seconds: 0.1,
        };
        let found = top_functions(Sides { baseline: &count(500), candidate: &count(1_500) });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].function, "fib::grow");
        assert!((found[0].difference - 1000.0).abs() < 1e-9);
        assert!(top_functions(Sides { baseline: &count(500), candidate: &count(500) }).is_empty());
    }
}
