//! Counts of both sides, each stored before it is judged.

use std::collections::BTreeSet;

use super::{Open, Referee};
use crate::domain::{BenchmarkName, BuiltBench, Limit, Metric, MetricOutcome, Side, Sides, Verdict};
use crate::judge::{ErrorBudget, judge_counts, outcome};
use crate::pipeline::counts::{
    Abacus, Counted, Heap, Kind, LAUNCHES, NotCounted, Tally, Task, VARYING_LAUNCHES, counting_bench, task,
};
use crate::pipeline::error::PipelineError;
use crate::pipeline::explain::guilty;
use crate::pipeline::request::Insistence;

/// Executables of both sides that count allocations, or why there are none.
pub(crate) type Heaps = Result<Sides<Heap>, String>;

/// Both sides of one benchmark, counted.
pub(super) struct Count {
    pub(super) name: BenchmarkName,
    /// The timed executables.
    pub(super) benches: Sides<BuiltBench>,
    kind: Kind,
    sides: Sides<Counted>,
}

/// How many tests counts take: those that repeat need none.
pub(super) fn tests(counted: &[Count]) -> usize {
    counted.iter().filter(|count| count.varies()).count()
}

impl Count {
    /// Whether these are counts of instructions.
    pub(super) fn counts_instructions(&self) -> bool {
        self.kind == Kind::Instructions
    }

    fn tallies(&self) -> Option<Sides<&Tally>> {
        let Sides { baseline: Ok(baseline), candidate: Ok(candidate) } = &self.sides else { return None };
        Some(Sides { baseline, candidate })
    }

    fn varies(&self) -> bool {
        self.tallies().is_some_and(|both| !both.baseline.repeats() || !both.candidate.repeats())
    }

    /// The side without a count, and why.
    fn refusal(&self) -> Option<(Side, &NotCounted)> {
        // The candidate first: without its count the baseline's is not taken.
        [Side::Candidate, Side::Baseline]
            .into_iter()
            .find_map(|side| self.sides.get(side).as_ref().err().map(|why| (side, why)))
    }
}

/// The benchmarks that execute the same machine code on both sides, equally often, and allocate as much.
pub(super) fn same_code(counted: &[Count]) -> BTreeSet<BenchmarkName> {
    let alike = |count: &&Count| {
        count.tallies().is_some_and(|Sides { baseline, candidate }| baseline.agrees(candidate))
    };
    let code = |count: &&Count| {
        count
            .tallies()
            .is_some_and(|both| both.baseline.code.is_some() && both.baseline.code == both.candidate.code)
    };
    let of = |kind: Kind| counted.iter().filter(move |count| count.kind == kind);
    let mut same: BTreeSet<BenchmarkName> =
        of(Kind::Instructions).filter(alike).filter(code).map(|count| count.name.clone()).collect();
    for count in of(Kind::Heap).filter(|count| !alike(count)) {
        same.remove(&count.name);
    }
    same
}

/// Where both sides were counted, and came to something else.
fn differing(baseline: &[Counted], candidate: &[Counted]) -> Vec<usize> {
    places(baseline, candidate, |baseline, candidate| !baseline.agrees(candidate))
}

/// Where both sides were counted, and one of them does not repeat.
fn varying(baseline: &[Counted], candidate: &[Counted]) -> Vec<usize> {
    places(baseline, candidate, |baseline, candidate| !(baseline.repeats() && candidate.repeats()))
}

fn places(
    baseline: &[Counted],
    candidate: &[Counted],
    wanted: impl Fn(&Tally, &Tally) -> bool,
) -> Vec<usize> {
    let both = baseline.iter().zip(candidate).enumerate();
    let found = both.filter(|(_, sides)| match sides {
        (Ok(baseline), Ok(candidate)) => wanted(baseline, candidate),
        _ => false,
    });
    found.map(|(at, _)| at).collect()
}

impl Referee<'_> {
    /// Counts what is open on both sides: the candidate, then the baseline, of which a count may be stored. Instructions once
    /// each; where the two differ, until it is known whether each of them repeats.
    pub(super) fn count(&mut self, open: &[Open]) -> Result<Vec<Count>, PipelineError> {
        let mut counted = Vec::new();
        for kind in [Kind::Instructions, Kind::Heap] {
            if kind.metrics(&self.request.measuring.metrics).is_empty() {
                continue;
            }
            let mut candidate = self.count_side(Side::Candidate, kind, open, None)?;
            let mut baseline = self.count_side(Side::Baseline, kind, open, Some(&candidate))?;
            let mut differing = differing(&baseline, &candidate);
            let laid =
                self.count_in_one_layout(kind, open, &mut differing, (&mut baseline, &mut candidate))?;
            self.count_on((Side::Candidate, kind), &laid, &differing, &mut candidate, LAUNCHES)?;
            self.count_on((Side::Baseline, kind), &laid, &differing, &mut baseline, LAUNCHES)?;
            // Runs that vary are compared with as many of the other side.
            let varying = varying(&baseline, &candidate);
            self.count_on((Side::Candidate, kind), &laid, &varying, &mut candidate, VARYING_LAUNCHES)?;
            self.count_on((Side::Baseline, kind), &laid, &varying, &mut baseline, VARYING_LAUNCHES)?;
            let both = open.iter().zip(baseline.into_iter().zip(candidate));
            counted.extend(both.map(|(open, (baseline, candidate))| Count {
                name: open.name.clone(),
                benches: open.benches.clone(),
                kind,
                sides: Sides { baseline, candidate },
            }));
        }
        Ok(counted)
    }

    /// Counts what differs once more, in one layout of both sides: hash seeds that are made of addresses make equal code
    /// count differently. Gives what is counted from now on, and leaves in `differing` what still differs.
    fn count_in_one_layout(
        &mut self,
        kind: Kind,
        open: &[Open],
        differing: &mut Vec<usize>,
        (baseline, candidate): (&mut [Counted], &mut [Counted]),
    ) -> Result<Vec<Open>, PipelineError> {
        let mut laid = open.to_vec();
        if kind != Kind::Instructions {
            return Ok(laid);
        }
        let mut places = Vec::new();
        for &at in differing.iter() {
            if let Some(benches) = self.layouts.for_counts(open[at].benches.as_ref()) {
                laid[at].benches = benches;
                places.push(at);
            }
        }
        let blank = vec![Ok(Tally::new(None)); open.len()];
        let mut fresh = Sides { baseline: blank.clone(), candidate: blank };
        for side in Side::BOTH {
            self.count_on((side, kind), &laid, &places, fresh.get_mut(side), 1)?;
        }
        for at in places {
            match (&fresh.baseline[at], &fresh.candidate[at]) {
                (Ok(one), Ok(two)) => {
                    (baseline[at], candidate[at]) = (Ok(one.clone()), Ok(two.clone()));
                }
                _ => laid[at] = open[at].clone(),
            }
        }
        *differing = self::differing(baseline, candidate);
        Ok(laid)
    }

    /// Counts one side. With the counts of the other, what that could not do is left out, and what is stored of the
    /// very executable is used again.
    fn count_side(
        &mut self,
        side: Side,
        kind: Kind,
        open: &[Open],
        other: Option<&[Counted]>,
    ) -> Result<Vec<Counted>, PipelineError> {
        let mut outcomes: Vec<Option<Counted>> = Vec::new();
        let mut tasks = Vec::new();
        for (at, benchmark) in open.iter().enumerate() {
            let counter = match other.map(|other| &other[at]) {
                Some(Err(why)) => {
                    outcomes.push(Some(Err(why.clone())));
                    continue;
                }
                Some(Ok(tally)) => Some(tally.counter.as_deref()),
                None => None,
            };
            match self.task(side, kind, benchmark) {
                Err(why) => outcomes.push(Some(Err(why))),
                Ok(task) => {
                    let stored = match counter {
                        // Which code was executed is not stored, and may spare the clock.
                        Some(_) if kind == Kind::Instructions && self.wants(Metric::WallTime) => None,
                        Some(counter) => self.abacus().stored(&task, counter)?,
                        None => None,
                    };
                    if stored.is_none() {
                        tasks.push(task);
                    }
                    outcomes.push(stored.map(Ok));
                }
            }
        }
        // Callgrind takes its time; what a heap comes to is known at full speed.
        let fresh = match kind {
            Kind::Instructions => self.abacus().count_once(&tasks)?,
            Kind::Heap => self.abacus().count(&tasks)?,
        };
        let mut fresh = fresh.into_iter();
        let take = |found: Option<Counted>| found.or_else(|| fresh.next());
        Ok(outcomes
            .into_iter()
            .map(take)
            .map(|found| found.unwrap_or(Err(NotCounted::Interrupted)))
            .collect())
    }

    /// Counts one side of the benchmarks at `places` on, to so many launches at least.
    fn count_on(
        &mut self,
        (side, kind): (Side, Kind),
        open: &[Open],
        places: &[usize],
        counted: &mut [Counted],
        launches: usize,
    ) -> Result<(), PipelineError> {
        let (mut tasks, mut known, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for &at in places {
            match (self.task(side, kind, &open[at]), &counted[at]) {
                (Ok(task), Ok(tally)) => {
                    tasks.push(task);
                    known.push(tally.clone());
                    taken.push(at);
                }
                (Err(why), _) => counted[at] = Err(why),
                (_, Err(_)) => {}
            }
        }
        for (at, found) in taken.into_iter().zip(self.abacus().count_on(&tasks, &known, launches)?) {
            counted[at] = found;
        }
        Ok(())
    }

    /// What is to be counted, in which executable.
    fn task(&mut self, side: Side, kind: Kind, open: &Open) -> Result<Task, NotCounted> {
        let timed = open.benches.get(side);
        let heap = self.heap.as_ref().map(|heap| match heap {
            Ok(heaps) => Ok(heaps.get(side)),
            Err(reason) => Err(reason.as_str()),
        });
        let bench = counting_bench(kind, timed, heap)?;
        let taken_of = (self.revisions.get(side), &self.request.machine);
        task(self.runner, kind, (timed, bench), &open.name, taken_of)
    }

    fn abacus(&mut self) -> Abacus<'_> {
        Abacus {
            store: self.store,
            occasion: self.occasion,
            runner: self.runner,
            progress: self.progress,
            metrics: &self.request.measuring.metrics,
            options: self.request.measuring.count_options(),
        }
    }

    /// Settles every count.
    pub(super) fn judge_counts(&mut self, counted: &[Count], budget: ErrorBudget) {
        for count in counted {
            for metric in count.kind.metrics(&self.request.measuring.metrics) {
                let limit = self.limit(&count.name, &count.benches.candidate, metric);
                let found = match (count.tallies(), count.refusal()) {
                    (Some(both), _) => Some(judged(metric, limit, both, budget)),
                    (None, Some((side, why))) => self.refused(&count.name, metric, limit, side, why),
                    (None, None) => None,
                };
                if let Some(found) = found {
                    self.settle(&count.name, &count.benches.candidate, found);
                }
            }
        }
    }

    /// Names the functions that gained most under everything that regressed, where both sides' instructions were counted.
    pub(super) fn name_causes(&mut self, counted: &[Count]) {
        for count in counted.iter().filter(|count| count.kind == Kind::Instructions) {
            let Some(outcome) = self.settled.get_mut(&count.name) else { continue };
            let both = count.tallies().and_then(|Sides { baseline, candidate }| {
                Some(Sides { baseline: baseline.last.as_ref()?, candidate: candidate.last.as_ref()? })
            });
            if let (Verdict::Regressed, Some(both)) = (outcome.verdict(), both) {
                outcome.causes = guilty(both);
            }
        }
    }

    /// What is said of a metric that was not counted. One that nobody asked for by name is left out, with a note where
    /// that is worth one.
    fn refused(
        &mut self,
        name: &BenchmarkName,
        metric: Metric,
        limit: Limit,
        side: Side,
        why: &NotCounted,
    ) -> Option<MetricOutcome> {
        let (verdict, reason) = match why {
            NotCounted::Interrupted => (Verdict::Inconclusive, why.to_string()),
            // What ails the benchmark itself is found by the clock as well; what only counting ails costs no verdict.
            NotCounted::Failed(reason) if self.request.measuring.insistence == Insistence::Default => {
                let reason = reason.lines().next().unwrap_or_default();
                self.notes.insert(format!("{metric} of {name} not counted: the {side} {reason}"));
                return None;
            }
            NotCounted::Failed(reason) => {
                (Verdict::NotComparable, format!("the {side} could not be counted: {reason}"))
            }
            NotCounted::Unavailable { .. } | NotCounted::Uncountable(_)
                if self.request.measuring.insistence == Insistence::Default =>
            {
                self.notes.insert(format!("{metric} not counted: {why}"));
                return None;
            }
            NotCounted::Unavailable { .. } | NotCounted::Uncountable(_) => {
                (Verdict::NotComparable, why.to_string())
            }
        };
        Some(MetricOutcome::without_figures(metric, limit, verdict, reason))
    }
}

/// Both sides' counts of a metric, compared.
fn judged(metric: Metric, limit: Limit, both: Sides<&Tally>, budget: ErrorBudget) -> MetricOutcome {
    let values = both.map(|tally| tally.values(metric));
    let finding = judge_counts(values.as_ref().map(Vec::as_slice), &limit, budget);
    let seconds = both.baseline.seconds + both.candidate.seconds;
    let found = outcome::counts(metric, limit, &finding, seconds);
    let varies = both.baseline.varies(metric) || both.candidate.varies(metric);
    let reason = match (found.reason, varies) {
        (Some(reason), true) => {
            Some(format!("{reason}; probably because of {}", both.candidate.likely_source()))
        }
        (None, true) => Some(format!("counts vary, probably because of {}", both.candidate.likely_source())),
        (reason, false) => reason,
    };
    MetricOutcome { reason, ..found }
}
