//! The sentences that every format for people shares: what was compared, why, how it ended, what to do next.

use std::cmp::Reverse;

use crate::domain::{
    Axis, AxisName, BenchmarkOutcome, ClaimOutcome, ClaimVerdict, Metric, MetricOutcome, Reason, Report,
    ReportKind, Side, Sides, Verdict,
};

use super::sentences::{self, default_reason};
use super::slowed;
use super::text::{clean, plural};
use super::units;

/// What a report is about; decided by its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Two sides were compared.
    Judged,
    /// One side was measured, nothing judged.
    Figures,
    /// Benchmarks were only named.
    Names,
    /// Claims were looked into, no baseline.
    Claims,
}

impl Kind {
    /// What a report is about.
    pub(super) fn of(report: &Report) -> Self {
        match report.kind {
            ReportKind::Run => Self::Figures,
            ReportKind::Claims => Self::Claims,
            ReportKind::Check | ReportKind::Compare => Self::Judged,
            // What has a report of its own comes here with its errors only.
            ReportKind::List
            | ReportKind::Report
            | ReportKind::History
            | ReportKind::Bisect
            | ReportKind::Explain
            | ReportKind::Doctor
            | ReportKind::Baseline
            | ReportKind::Init
            | ReportKind::Completions => Self::Names,
        }
    }
}

/// Benchmarks, worst first, then by name.
pub(super) fn worst_first(report: &Report) -> Vec<&BenchmarkOutcome> {
    let mut sorted: Vec<_> = report.benchmarks.iter().collect();
    // What is accepted is not as bad as what is not.
    let rank = |benchmark: &BenchmarkOutcome| (Reverse(benchmark.verdict()), benchmark.is_accepted());
    sorted.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name)));
    sorted
}

/// Benchmarks by name.
pub(super) fn by_name(report: &Report) -> Vec<&BenchmarkOutcome> {
    let mut sorted: Vec<_> = report.benchmarks.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}

/// How many benchmarks ended with a verdict. Of those that regressed: what is not accepted.
pub(super) fn count(report: &Report, verdict: Verdict) -> usize {
    let counts = |benchmark: &&BenchmarkOutcome| benchmark.verdict() == verdict && !benchmark.is_accepted();
    report.benchmarks.iter().filter(counts).count()
}

/// The benchmarks whose regressions are all accepted, by name.
pub(super) fn accepted(report: &Report) -> Vec<&BenchmarkOutcome> {
    by_name(report).into_iter().filter(|benchmark| benchmark.is_accepted()).collect()
}

/// Why a regression does not fail the gate, cleaned; `None` where it does.
fn acceptance(outcome: &MetricOutcome) -> Option<String> {
    outcome.accepted.as_ref().map(|by| clean(&sentences::accepted(by, outcome.metric)))
}

/// What was compared with what, or what was measured, and which part of it.
pub(super) fn subject(report: &Report) -> String {
    let whole = format!("{}{}", whole_subject(report), on_purpose(report));
    match report.partition {
        Some(part) if whole.is_empty() => format!("part {part}"),
        Some(part) => format!("{whole}, part {part}"),
        None => whole,
    }
}

/// What the builds differ in on purpose; empty where they do not.
fn on_purpose(report: &Report) -> String {
    let told = |axis: &Axis| {
        // A revision without a lock file of its own is lent the user's.
        let none = if axis.axis == AxisName::Lockfile { "its own" } else { "none" };
        let given =
            |value: &Option<String>| value.as_deref().map_or(none.to_owned(), |value| format!("`{value}`"));
        let Sides { baseline, candidate } = axis.sides.as_ref().map(given);
        clean(&format!(", {} {candidate} instead of {baseline}", axis.axis))
    };
    report.axes.iter().map(told).collect()
}

fn whole_subject(report: &Report) -> String {
    let shown = |revision: &crate::domain::Revision| clean(&revision.to_string());
    match (&report.candidate, &report.baseline) {
        (Some(candidate), Some(baseline)) => {
            format!("{} compared with {}", shown(candidate), shown(baseline))
        }
        (Some(candidate), None) if Kind::of(report) == Kind::Judged => {
            format!("{}, without a baseline", shown(candidate))
        }
        (Some(candidate), None) => shown(candidate),
        (None, Some(baseline)) => format!("baseline {}", shown(baseline)),
        (None, None) => String::new(),
    }
}

/// On which machine and with what; empty where neither is known.
pub(super) fn surroundings(report: &Report) -> String {
    let mut parts = Vec::new();
    if let Some(machine) = &report.machine {
        let cpus = plural(usize::try_from(machine.logical_cpus).unwrap_or(usize::MAX), "CPU");
        parts.push(clean(&format!("{} ({}, {}, {cpus})", machine.cpu.model, machine.arch, machine.os)));
    }
    if !report.machines.is_empty() {
        let mut models: Vec<&str> =
            report.machines.iter().map(|machine| machine.cpu.model.as_str()).collect();
        models.sort_unstable();
        models.dedup();
        parts.push(clean(&format!("{} ({})", plural(report.machines.len(), "machine"), models.join("; "))));
    }
    if let Some(toolchain) = &report.toolchain {
        parts.push(clean(&format!(
            "rustc {}, {}, profile {}",
            toolchain.rustc, toolchain.target, toolchain.profile
        )));
    }
    parts.extend(report.layouts.as_ref().and_then(sentences::layouts));
    parts.join(", ")
}

/// Why a metric's verdict is what it is; empty where the figures in the table say it all.
pub(super) fn metric_reason(outcome: &MetricOutcome) -> String {
    let given = outcome.reason.as_ref().map(|reason| clean(&sentences::reason(reason)));
    match outcome.verdict {
        Verdict::Regressed | Verdict::Improved | Verdict::Unchanged => {
            let all: Vec<String> = given.into_iter().chain(acceptance(outcome)).collect();
            all.join("; ")
        }
        _ => given.unwrap_or_else(|| default_reason(outcome.verdict).to_owned()),
    }
}

/// The reason that stands beside a row of figures: the judge's, what a regression comes from, or what goes without saying.
/// Not what is `told` elsewhere.
pub(super) fn reason_beside(
    benchmark: &BenchmarkOutcome,
    outcome: &MetricOutcome,
    told: Option<&str>,
) -> String {
    let given = outcome.reason.as_ref().map(sentences::reason);
    let blamed = outcome.verdict == Verdict::Regressed;
    let causes = benchmark.causes.iter().filter(|_| blamed).map(sentences::cause);
    let causes = causes.filter(|cause| told != Some(cause.as_str()));
    let all: Vec<String> = given.into_iter().chain(acceptance(outcome)).chain(causes).collect();
    if all.is_empty() { default_reason(outcome.verdict).to_owned() } else { all.join("; ") }
}

/// Why a benchmark's verdict is what it is: the reasons of the metrics that are not plainly fine, then what it comes from.
/// What failed is told among the errors.
pub(super) fn benchmark_reasons(benchmark: &BenchmarkOutcome) -> Vec<(Verdict, String)> {
    let mut reasons: Vec<(Verdict, String)> = Vec::new();
    for outcome in benchmark.metrics.iter().filter(|outcome| is_notable(outcome.verdict)) {
        let text = metric_reason(outcome);
        if text.is_empty() {
            continue;
        }
        let named = benchmark.metrics.len() > 1
            && outcome.verdict != Verdict::Failed
            && !is_alike(benchmark, outcome);
        let text = if named { format!("{}: {text}", outcome.metric) } else { text };
        if !reasons.iter().any(|(_, known)| *known == text) {
            reasons.push((outcome.verdict, text));
        }
    }
    if !benchmark.causes.is_empty() {
        let causes: Vec<String> = benchmark.causes.iter().map(sentences::cause).collect();
        reasons.push((Verdict::Regressed, causes.join("; ")));
    }
    reasons
}

/// Whether all metrics of a benchmark say the same.
fn is_alike(benchmark: &BenchmarkOutcome, outcome: &MetricOutcome) -> bool {
    benchmark.metrics.iter().all(|other| other.verdict == outcome.verdict && other.reason == outcome.reason)
}

/// What could not be completed, in words.
pub(super) fn troubles(report: &Report) -> Vec<sentences::Told> {
    report.troubles.iter().map(sentences::trouble).collect()
}

/// What a reader should know besides, in words.
pub(super) fn notes(report: &Report) -> Vec<String> {
    report.notes.iter().map(sentences::note).chain(slowed::in_turns(report)).collect()
}

/// The interval of a change, in the words of the change itself: of one that is told as a ratio, ratios.
pub(super) fn interval(outcome: &MetricOutcome) -> String {
    let Some((low, high)) = outcome.interval else { return String::new() };
    // An exact figure says it all.
    if low.to_bits() == high.to_bits() {
        return String::new();
    }
    match outcome.change {
        Some(change) if change >= 1.0 && low > -1.0 && high.is_finite() => {
            format!("[{}, {}]", units::ratio(1.0 + low), units::ratio(1.0 + high))
        }
        Some(change) if change <= -0.5 && low > -1.0 && high.is_finite() => {
            format!("[{}, {}]", units::ratio(1.0 / (1.0 + high)), units::ratio(1.0 / (1.0 + low)))
        }
        _ => units::interval((low, high)),
    }
}

/// What a metric went up or down by: `+7.5 %`, `2.4× slower`, `3 times as many`.
pub(super) fn change(outcome: &MetricOutcome) -> String {
    let text = units::change_of(outcome.metric, outcome.change, outcome.baseline, outcome.candidate);
    let (more, less) =
        if outcome.metric == Metric::WallTime { ("slower", "faster") } else { ("as many", "fewer") };
    sentences::change(&text, outcome.change, more, less)
}

/// What the two sides get through in a second, for each unit in which the bench declares its work: `1.240 GiB/s` and
/// `1.100 GiB/s`. Empty beside every metric but the clock's.
pub(super) fn rates(benchmark: &BenchmarkOutcome, outcome: &MetricOutcome) -> Vec<(String, String)> {
    let timed = benchmark.work.iter().filter(|_| outcome.metric == Metric::WallTime);
    let rates = timed.filter_map(|work| {
        let shown = |side, time| work.rate(side, time).map(|rate| units::rate(work.unit, rate));
        let before = shown(Side::Baseline, outcome.baseline);
        let after = shown(Side::Candidate, outcome.candidate);
        let known = before.is_some() || after.is_some();
        let text = |rate: Option<String>| rate.unwrap_or_else(|| units::UNKNOWN.to_owned());
        known.then(|| (text(before), text(after)))
    });
    rates.collect()
}

/// The limit beside a row that is about one metric; none beside one that is about all of them.
pub(super) fn limit(metric: &str, outcome: &MetricOutcome) -> String {
    if metric.is_empty() { String::new() } else { outcome.limit.display(outcome.metric) }
}

/// What a table tells about a benchmark, with the metric's name: where every metric says the same and none has a figure,
/// it is told once, without a name.
pub(super) fn rows(benchmark: &BenchmarkOutcome) -> Vec<(&'static str, &MetricOutcome)> {
    let bare = |outcome: &MetricOutcome| outcome.baseline.is_none() && outcome.candidate.is_none();
    match &benchmark.metrics[..] {
        [first, rest @ ..]
            if bare(first)
                && !rest.is_empty()
                && rest.iter().all(|other| {
                    bare(other) && other.verdict == first.verdict && other.reason == first.reason
                }) =>
        {
            vec![("", first)]
        }
        all => all.iter().map(|outcome| (outcome.metric.name(), outcome)).collect(),
    }
}

/// How many benchmarks were decided without figures: what was not done (all of it, or only counting), and why.
pub(super) fn without_figures(report: &Report) -> Vec<(usize, String)> {
    let mut counted: Vec<(usize, String)> = Vec::new();
    for benchmark in &report.benchmarks {
        let bare = |outcome: &&MetricOutcome| {
            outcome.verdict.is_decided() && outcome.baseline.is_none() && outcome.candidate.is_none()
        };
        let reason = benchmark.metrics.iter().find(bare).and_then(|outcome| outcome.reason.as_ref());
        // A quick look at the clock is one, too.
        let done =
            if benchmark.metrics.iter().all(|outcome| bare(&outcome)) { "measured" } else { "counted" };
        let told = |reason| format!("not {done}: {}", clean(&sentences::reason(reason)));
        let Some(reason) = reason.map(told) else { continue };
        match counted.iter_mut().find(|(_, known)| *known == reason) {
            Some((count, _)) => *count += 1,
            None => counted.push((1, reason)),
        }
    }
    counted
}

/// Whether a verdict needs a word about it.
pub(super) fn is_notable(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Unchanged | Verdict::Improved)
}

/// Benchmarks that share verdict and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SharedReason {
    /// What was found.
    pub(super) verdict: Verdict,
    /// Why.
    pub(super) text: String,
    /// Whether the benchmarks looked slower at first, which could not be proven.
    pub(super) suspicious: bool,
    /// Of which benchmarks, cleaned.
    pub(super) names: Vec<String>,
}

/// Every reason once, with the benchmarks it holds for; worst first. What is accepted has a section of its own.
pub(super) fn reasons(report: &Report) -> Vec<SharedReason> {
    shared_reasons(worst_first(report).into_iter().filter(|benchmark| !benchmark.is_accepted()))
}

/// Every reason of some benchmarks once, with the benchmarks it holds for; worst first.
pub(super) fn shared_reasons<'a>(
    benchmarks: impl IntoIterator<Item = &'a BenchmarkOutcome>,
) -> Vec<SharedReason> {
    let mut reasons: Vec<SharedReason> = Vec::new();
    for benchmark in benchmarks {
        let name = clean(&benchmark.name.to_string());
        for (verdict, text) in benchmark_reasons(benchmark) {
            let known = reasons.iter_mut().find(|known| known.verdict == verdict && known.text == text);
            if let Some(known) = known {
                known.names.push(name.clone());
            } else {
                let suspicious = is_suspect(benchmark) && verdict == Verdict::Inconclusive;
                reasons.push(SharedReason { verdict, text, suspicious, names: vec![name.clone()] });
            }
        }
    }
    reasons.sort_by_key(|reason| Reverse(reason.verdict));
    reasons
}

/// Whether a benchmark looked slower at first, which could not be proven.
pub(super) fn is_suspect(benchmark: &BenchmarkOutcome) -> bool {
    benchmark.metrics.iter().filter_map(|outcome| outcome.reason.as_ref()).any(Reason::is_suspicion)
}

/// A verdict inside a sentence.
pub(super) fn spoken(verdict: Verdict) -> &'static str {
    if verdict == Verdict::NotComparable { "not comparable" } else { verdict.name() }
}

/// Claims under the headings they stand under, in the order in which the headings first appear. Where no claim has
/// one, the worst come first.
pub(super) fn by_section(claims: &[ClaimOutcome]) -> Vec<(Option<&str>, Vec<&ClaimOutcome>)> {
    let mut sections: Vec<(Option<&str>, Vec<&ClaimOutcome>)> = Vec::new();
    for claim in claims {
        let heading = claim.section.as_deref();
        match sections.iter_mut().find(|(known, _)| *known == heading) {
            Some((_, claims)) => claims.push(claim),
            None => sections.push((heading, vec![claim])),
        }
    }
    for (heading, claims) in &mut sections {
        if heading.is_none() {
            claims.sort_by(|a, b| {
                claim_rank(a.verdict).cmp(&claim_rank(b.verdict)).then_with(|| a.name.cmp(&b.name))
            });
        }
    }
    sections
}

fn claim_rank(verdict: ClaimVerdict) -> u8 {
    match verdict {
        ClaimVerdict::Refuted => 0,
        ClaimVerdict::Undecided => 1,
        ClaimVerdict::Confirmed => 2,
    }
}

/// Allocations before and after: `3 → 1`, or the one that was counted; empty where none was.
pub(super) fn allocations(claim: &ClaimOutcome) -> String {
    let Some(counts) = claim.allocations else { return String::new() };
    match (counts.baseline, counts.candidate) {
        (Some(before), Some(after)) => format!("{} → {}", units::grouped(before), units::grouped(after)),
        (Some(count), None) | (None, Some(count)) => units::grouped(count),
        (None, None) => String::new(),
    }
}
