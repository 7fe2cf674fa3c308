//! What to find out next about a benchmark. Pure: evidence in, one step out.
//!
//! The cheap answers come first: what needs no measuring, then whether the change is run at all, which settles what does not
//! run it, then what can be counted, then a quick check of what executes the same code, then history, then pairs, and fresh
//! pairs for what they suspect. What a change would carry past what may creep
//! since a release is shown to be slower by fresh pairs, and then compared with that release.

use crate::domain::{
    BenchmarkEvidence, Confirm, CountKind, Counted, Counts, HistoryCheck, Identical, Limit, Metric, Presence,
    ReachUse, SideBuild, Sides, UnitKind,
};

use super::PairedState;
use super::code_layout;
use super::compared;
use super::creep_gate::{self, CreepStep};
use super::exact::{SURE, launches_needed, launches_to_repeat, launches_worth};
use super::quick::suffices;
use super::rules::Rules;

/// How many launches tell whether a count repeats.
const REPEATED: usize = 2;

/// What to find out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Look whether both sides of a command print the same.
    CompareOutput,
    /// Look whether it runs anything that differs between its executables.
    FindReach,
    /// Count instructions on both sides, until each has so many launches.
    CountInstructions(usize),
    /// Count allocations on both sides, until each has so many launches.
    CountAllocations(usize),
    /// Measure a few pairs.
    QuickCheck,
    /// Nothing before it is known among how many tests the error of the run is divided.
    AwaitTests,
    /// Ask what is stored of the baseline.
    HistoryCheck,
    /// Measure pairs until the test is decided or the budget is gone.
    Pairs,
    /// Measure fresh pairs.
    Remeasure,
    /// Count both sides once more under a simulated processor.
    Simulate,
    /// Measure fresh pairs, until it is decided whether this change is slower at all: with it, too much has crept.
    CreepChange,
    /// Compare the candidate with the release since which too much has crept.
    CreepAnchor,
    /// All is known that is worth knowing.
    Done,
}

/// What to find out next about a benchmark. `most_tests` is what the run's number of tests can come to at most.
pub fn next(evidence: &BenchmarkEvidence, rules: &Rules<'_>, most_tests: usize) -> Step {
    let Presence::Both(builds) = &evidence.presence else { return Step::Done };
    let settled = evidence.presence.is_identical() && rules.identical == Identical::Settled;
    if settled || compared::incomparable(builds).is_some() {
        return Step::Done;
    }
    let emulated = compared::is_emulated(builds);
    match &evidence.output {
        // All that can be measured of an emulated command is its time.
        None if is_command(builds) && emulated => return Step::Done,
        None if is_command(builds) => return Step::CompareOutput,
        Some(output) if !output.allows_more() => return Step::Done,
        _ => {}
    }
    let may_be_spared = rules.reach != ReachUse::Off && rules.identical == Identical::Settled;
    if evidence.reach.is_none() && may_be_spared && !emulated {
        return Step::FindReach;
    }
    let count = |purpose| count_step(evidence, rules, most_tests, purpose);
    match count(Purpose::GoOn)
        .unwrap_or_else(|| if emulated { Step::Done } else { time_step(evidence, rules) })
    {
        // What the clock confirms needs no other witness.
        Step::Done if compared::regression_by_the_clock(evidence, rules).is_some() => {
            creep_step(evidence, rules, most_tests)
        }
        Step::Done => count(Purpose::Accuse).unwrap_or_else(|| creep_step(evidence, rules, most_tests)),
        step => step,
    }
}

/// What counts are wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To know how to go on.
    GoOn,
    /// To say that it got worse, with no other witness.
    Accuse,
}

/// Whether it is a command on both sides.
fn is_command(builds: &Sides<SideBuild>) -> bool {
    [&builds.baseline, &builds.candidate].into_iter().all(|build| build.unit == UnitKind::Program)
}

/// What is still to be found out about creep, once all else is known.
fn creep_step(evidence: &BenchmarkEvidence, rules: &Rules<'_>, most_tests: usize) -> Step {
    match creep_gate::creep_step(evidence, rules) {
        CreepStep::Change => Step::CreepChange,
        CreepStep::Anchor(metrics) => {
            let anchor = evidence.creep.as_ref().and_then(|creep| creep.anchor.as_deref());
            let rules = creep_gate::anchor_rules(rules, &metrics);
            let known = anchor.is_some_and(|anchor| next(anchor, &rules, most_tests) == Step::Done);
            if known { Step::Done } else { Step::CreepAnchor }
        }
        CreepStep::Nothing => Step::Done,
    }
}

/// What is still to be counted: of what the change does not reach nothing.
fn count_step(
    evidence: &BenchmarkEvidence,
    rules: &Rules<'_>,
    most_tests: usize,
    purpose: Purpose,
) -> Option<Step> {
    if rules.trusts_reach(evidence) {
        return None;
    }
    for kind in CountKind::ALL {
        if kind.metrics(rules.metrics).is_empty() {
            continue;
        }
        let (counts, first) = match kind {
            // A launch under a counter takes its time: one of each side that agree are two of the same.
            CountKind::Instructions => (evidence.instructions.as_ref(), 1),
            CountKind::Allocations => (evidence.allocations.as_ref(), REPEATED),
        };
        let wanted = counts.map_or(Some(first), |counts| {
            launches_wanted(counts, kind, evidence, rules, (most_tests, purpose))
        });
        let step = match kind {
            CountKind::Instructions => Step::CountInstructions,
            CountKind::Allocations => Step::CountAllocations,
        };
        if let Some(launches) = wanted {
            return Some(step(launches));
        }
    }
    None
}

/// How many launches a count needs that has too few; `None` where it has enough, or cannot be taken.
fn launches_wanted(
    counts: &Sides<Counted>,
    kind: CountKind,
    evidence: &BenchmarkEvidence,
    rules: &Rules<'_>,
    (most_tests, purpose): (usize, Purpose),
) -> Option<usize> {
    let Sides { baseline: Ok(baseline), candidate: Ok(candidate) } = counts else { return None };
    let fewest = baseline.launches().min(candidate.launches());
    let repeat = |counts: &Counts| counts.repeats();
    let wanted = if baseline.agrees(candidate) {
        return None;
    } else {
        let repeats = repeat(baseline) && repeat(candidate);
        // Runs that vary are compared with as many of the other side.
        let budget = rules.policy.error_budget(most_tests);
        let worth = |metric: Metric| {
            let runs = Sides { baseline: baseline.values(metric), candidate: candidate.values(metric) };
            let runs = runs.as_ref().map(Vec::as_slice);
            let needed = |limit: &Limit| match (repeats, purpose) {
                // Of what runs nothing that differs, other counts are an accusation.
                (true, _) if evidence.is_unreached() => launches_needed(budget).max(SURE),
                (true, Purpose::GoOn) => REPEATED,
                (true, Purpose::Accuse) => launches_to_repeat(runs, limit),
                (false, _) => launches_worth(runs, limit, budget),
            };
            let own = needed(&rules.limit(evidence, metric));
            // That it got worse at all is asked of what creeps.
            let creeps = creep_gate::takes_share(evidence, metric, rules);
            if creeps { own.max(needed(&creep_gate::nothing())) } else { own }
        };
        kind.metrics(rules.metrics).into_iter().map(worth).max().unwrap_or(0).max(REPEATED)
    };
    (fewest < wanted).then_some(wanted)
}

/// What the clock is still to be asked.
fn time_step(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Step {
    if !rules.wants(Metric::WallTime) {
        return Step::Done;
    }
    let limit = rules.limit(evidence, Metric::WallTime);
    if evidence.pairs.is_none() && compared::settled_by_reach(evidence, rules) {
        return Step::Done;
    }
    let spared = evidence.executes_same_code() && suffices(&limit) && rules.identical == Identical::Settled;
    match (&evidence.quick, &evidence.pairs) {
        (None, None) if spared => return Step::QuickCheck,
        (Some(_), None) if compared::quick_check_agrees(evidence, rules) => return Step::Done,
        _ => {}
    }
    if rules.tests.is_none() {
        return Step::AwaitTests;
    }
    if evidence.history.is_none() && evidence.pairs.is_none() && rules.history == HistoryCheck::Allowed {
        return Step::HistoryCheck;
    }
    if evidence.history.is_some()
        && evidence.pairs.is_none()
        && compared::history_clears(evidence, rules).is_some()
    {
        return Step::Done;
    }
    let Some(pairs) = &evidence.pairs else { return Step::Pairs };
    let state = compared::paired_state(evidence, rules);
    let suspect = match rules.confirm {
        Confirm::Never => false,
        Confirm::Suspects => state == Some(PairedState::Regressed),
        Confirm::Always => matches!(state, Some(PairedState::Regressed | PairedState::Improved)),
    };
    if suspect && pairs.ended == crate::domain::Ended::Decided && evidence.remeasured.is_none() {
        return Step::Remeasure;
    }
    layout_step(evidence, rules)
}

/// Whether it is worth knowing if the code's layout alone explains a slowdown.
fn layout_step(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> Step {
    let regressed = compared::regression_by_the_clock(evidence, rules);
    let doubtful = regressed.is_some_and(|found| code_layout::may_explain(&found));
    let same = evidence.executes_same_code() && !evidence.presence.is_identical();
    if doubtful && same && evidence.simulated.is_none() { Step::Simulate } else { Step::Done }
}

/// How many tests of the run's error a benchmark makes, as far as is known.
pub fn tests_of(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> usize {
    let crept = |metric| usize::from(creep_gate::takes_share(evidence, metric, rules));
    let varying = CountKind::ALL.into_iter().flat_map(|kind| kind.metrics(rules.metrics)).filter(|&metric| {
        let both = evidence.counts_of(metric).and_then(crate::domain::evidence::both_counted);
        both.is_some_and(|both| both.baseline.varies(metric) || both.candidate.varies(metric))
    });
    let timed = match next(evidence, rules, 1) {
        Step::AwaitTests => {
            let own = super::policy::tests_of(&rules.limit(evidence, Metric::WallTime));
            own + crept(Metric::WallTime)
        }
        _ => 0,
    };
    varying.map(|metric| 1 + crept(metric)).sum::<usize>() + timed
}

/// How many tests a benchmark makes at most, whatever is found out about it.
pub fn most_tests_of(evidence: &BenchmarkEvidence, rules: &Rules<'_>) -> usize {
    let counts = rules.metrics.iter().filter(|metric| metric.is_count()).count();
    let timed = super::policy::tests_of(&rules.limit(evidence, Metric::WallTime));
    counts + timed + creep_gate::most_shares(evidence)
}

#[cfg(test)]
mod tests;
