//! Regressions that a change says it brings: which of them are accepted, and up to how much.
//!
//! What is accepted stays `regressed`; it only does not fail the gate. The burden of proof is turned round: a regression
//! is proven already, so it is its estimate that has to keep within what is accepted.

use super::policy::{NamePattern, PolicyError};
use crate::domain::{
    Acceptance, AcceptanceOutcome, AcceptanceSource, AcceptanceUse, Accepted, BenchmarkName,
    BenchmarkOutcome, Limit, Metric, MetricOutcome, Note, Reason, Verdict,
};

/// Values are compared up to this fraction: that an acceptance was written as a percentage decides nothing.
const ROUNDING: f64 = 1e-9;

/// What separates several files, and several reasons.
const FILES: &str = ", ";
const REASONS: &str = "; ";

/// Checks the patterns of an acceptance: each must be a glob, or a full name.
///
/// # Errors
/// The first that is none.
pub fn check_patterns(patterns: &[String]) -> Result<(), PolicyError> {
    patterns.iter().try_for_each(|pattern| NamePattern::new(pattern).map(drop))
}

/// Acceptances with their patterns ready to match.
#[derive(Debug)]
pub struct Acceptances<'a> {
    all: Vec<Ready<'a>>,
}

#[derive(Debug)]
struct Ready<'a> {
    acceptance: &'a Acceptance,
    patterns: Vec<NamePattern>,
}

impl Ready<'_> {
    /// Whether it is about a benchmark.
    fn matches(&self, name: &BenchmarkName, arch: &str) -> bool {
        let only = &self.acceptance.arch;
        let name = name.to_string();
        (only.is_empty() || only.iter().any(|one| one == arch))
            && self.patterns.iter().any(|pattern| pattern.matches(&name))
    }
}

impl<'a> Acceptances<'a> {
    /// Makes them ready. What is no pattern matches nothing: [`check_patterns`] refuses it earlier.
    pub fn new(all: &'a [Acceptance]) -> Self {
        let ready = |acceptance: &'a Acceptance| {
            let patterns = acceptance.benchmarks.iter().filter_map(|pattern| NamePattern::new(pattern).ok());
            Ready { acceptance, patterns: patterns.collect() }
        };
        Self { all: all.iter().map(ready).collect() }
    }

    /// The places of those.
    fn of(&self, name: &BenchmarkName, arch: &str, metric: Metric) -> Vec<usize> {
        let about = |(_, ready): &(usize, &Ready<'_>)| {
            ready.acceptance.up_to.contains_key(&metric) && ready.matches(name, arch)
        };
        let all: Vec<usize> = self.all.iter().enumerate().filter(about).map(|(index, _)| index).collect();
        let flag = |index: &&usize| self.all[**index].acceptance.source == AcceptanceSource::Flag;
        match all.iter().rev().find(flag) {
            Some(&flag) => vec![flag],
            None => all,
        }
    }

    /// The acceptances of a metric of a benchmark: the last flag, or else every file.
    pub fn about(&self, name: &BenchmarkName, arch: &str, metric: Metric) -> Vec<&'a Acceptance> {
        self.of(name, arch, metric).into_iter().map(|index| self.all[index].acceptance).collect()
    }

    /// What is accepted of a metric of a benchmark, and the largest value that is; `None` where nothing is.
    pub fn ceiling(
        &self,
        name: &BenchmarkName,
        arch: &str,
        metric: Metric,
        baseline: f64,
    ) -> Option<(Accepted, f64)> {
        let chosen = self.of(name, arch, metric);
        let all: Vec<&Acceptance> = chosen.iter().map(|&index| self.all[index].acceptance).collect();
        together(&all, metric, baseline)
    }
}

/// Several acceptances of one metric: each adds to what those before it have left, so that fractions multiply.
fn together(all: &[&Acceptance], metric: Metric, baseline: f64) -> Option<(Accepted, f64)> {
    let limits: Vec<Limit> = all.iter().filter_map(|one| one.up_to.get(&metric).copied()).collect();
    let first = *limits.first()?;
    let ceiling = limits.iter().fold(baseline, |value, limit| value + limit.allowance(value));
    let up_to = if limits.len() == 1 {
        first
    } else {
        let fraction = Limit::relative((ceiling - baseline) / baseline.abs());
        fraction.or_else(|| Limit::absolute(ceiling - baseline)).unwrap_or(first)
    };
    let files: Vec<&str> = all.iter().map(|one| one.source.name()).collect();
    let reasons: Vec<&str> =
        all.iter().map(|one| one.reason.as_str()).filter(|one| !one.is_empty()).collect();
    Some((Accepted { file: files.join(FILES), reason: reasons.join(REASONS), up_to }, ceiling))
}

/// Marks the regressions that are accepted, says of others by what they are not, and what became of each acceptance.
pub(super) fn accept(all: &[Acceptance], found: &mut [BenchmarkOutcome]) -> Vec<AcceptanceOutcome> {
    let ready = Acceptances::new(all);
    let mut uses = vec![AcceptanceUse::Unmatched; all.len()];
    let mut note = |index: usize, came_to: AcceptanceUse| uses[index] = uses[index].max(came_to);
    for benchmark in found {
        let (name, arch) = (benchmark.name.clone(), benchmark.arch.clone());
        for (index, one) in ready.all.iter().enumerate() {
            if one.matches(&name, &arch) {
                note(index, AcceptanceUse::Unneeded);
            }
        }
        for metric in benchmark.metrics.iter_mut().filter(|metric| metric.verdict == Verdict::Regressed) {
            let Some(came_to) = decide(&ready, &name, &arch, metric) else { continue };
            ready.of(&name, &arch, metric.metric).into_iter().for_each(|index| note(index, came_to));
        }
    }
    let outcome = |(acceptance, came_to): (&Acceptance, AcceptanceUse)| AcceptanceOutcome {
        acceptance: acceptance.clone(),
        came_to,
    };
    all.iter().zip(uses).map(outcome).collect()
}

/// Marks acceptances as used that raise a limit of creep which is needed: of benchmarks, with the architecture, and metrics.
pub(super) fn raise(outcomes: &mut [AcceptanceOutcome], needed: &[(BenchmarkName, String, Metric)]) {
    for outcome in outcomes.iter_mut().filter(|outcome| outcome.came_to == AcceptanceUse::Unneeded) {
        let ready = Acceptances::new(std::slice::from_ref(&outcome.acceptance));
        if needed.iter().any(|(name, arch, metric)| !ready.about(name, arch, *metric).is_empty()) {
            outcome.came_to = AcceptanceUse::Used;
        }
    }
}

/// Whether a regression is accepted; `None` where no acceptance is about it.
fn decide(
    ready: &Acceptances<'_>,
    name: &BenchmarkName,
    arch: &str,
    metric: &mut MetricOutcome,
) -> Option<AcceptanceUse> {
    let (baseline, candidate) = metric.baseline.zip(metric.candidate)?;
    let (accepted, ceiling) = ready.ceiling(name, arch, metric.metric, baseline)?;
    if exceeds_cap(metric.reason.as_ref()) {
        return Some(AcceptanceUse::Exceeded);
    }
    if candidate <= ceiling + ceiling.abs() * ROUNDING {
        metric.accepted = Some(accepted);
        return Some(AcceptanceUse::Used);
    }
    let Accepted { file, up_to, .. } = accepted;
    metric.reason.get_or_insert(Reason::AboveAccepted { file, up_to: up_to.display(metric.metric) });
    Some(AcceptanceUse::Exceeded)
}

/// Whether the value itself is too large, whatever it was before: an acceptance is about a change, and lifts no cap.
fn exceeds_cap(reason: Option<&Reason>) -> bool {
    matches!(reason, Some(Reason::AboveCap(_) | Reason::CountsVary { above_cap: Some(_), .. }))
}

/// What a reader should know of acceptances that accept nothing.
pub(super) fn notes(outcomes: &[AcceptanceOutcome]) -> impl Iterator<Item = Note> + '_ {
    outcomes.iter().filter_map(|outcome| {
        let matched = match outcome.came_to {
            AcceptanceUse::Unmatched => false,
            AcceptanceUse::Unneeded => true,
            AcceptanceUse::Exceeded | AcceptanceUse::Used => return None,
        };
        Some(Note::UnusedAcceptance { file: outcome.acceptance.source.name().to_owned(), matched })
    })
}

#[cfg(test)]
mod tests;
