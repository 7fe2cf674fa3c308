//! A report as markdown of a bounded size. GitHub drops a step's summary above 1 MiB and refuses a comment above 65 536
//! characters, so what is too long is told in fewer words: by whole steps, never by cutting a table.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, MetricOutcome, Report, Verdict, harmless};

use super::closing::closing;
use super::markdown::{self, code, escape};
use super::sentences;
use super::text::{begin, clean, plural};
use super::words;

/// How many benchmarks the shortest table shows.
const FEW: usize = 20;

/// Names and messages of a shortened report are cut here, in characters.
const LONGEST: usize = 200;

/// What a shortened report says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Every metric of what is not unchanged.
    Notable,
    /// One metric of each.
    OneEach,
    /// One metric of the worst.
    Worst,
    /// How many there are of each verdict.
    Counts,
}

/// The report as GitHub-flavoured markdown of at most `limit` bytes, as whole as fits. Empty where not even counts fit.
pub fn within(report: &Report, limit: usize) -> String {
    let whole = harmless::colored(&markdown::render(report));
    if whole.len() <= limit {
        return whole;
    }
    let extents = [Extent::Notable, Extent::OneEach, Extent::Worst, Extent::Counts];
    let mut shorter = extents.into_iter().map(|extent| shortened(report, extent));
    shorter.find(|text| text.len() <= limit).unwrap_or_default()
}

fn shortened(report: &Report, extent: Extent) -> String {
    let closing = closing(report);
    let sign = closing.tone.sign();
    let mut out = format!("### {sign} perfguard: {}\n\n", brief(&closing.text));
    let subject = words::subject(report);
    if !subject.is_empty() {
        let _ = write!(out, "{}\n\n", brief(&subject));
    }
    if extent != Extent::Counts {
        errors(&mut out, report, extent);
        table(&mut out, report, extent);
    }
    out.push_str("<sub>The whole report is too long for this place.</sub>\n");
    out
}

fn errors(out: &mut String, report: &Report, extent: Extent) {
    let most = if extent == Extent::Worst { FEW } else { usize::MAX };
    for error in report.troubles.iter().take(most).map(sentences::trouble) {
        let subject =
            if error.subject.is_empty() { String::new() } else { format!("{}: ", name(&error.subject)) };
        let first = error.message.trim().lines().next().unwrap_or_default();
        let _ = writeln!(out, "- **error**: {subject}{}", brief(first));
    }
    more(out, report.troubles.len().saturating_sub(most), "error");
    if !report.troubles.is_empty() {
        out.push('\n');
    }
}

fn table(out: &mut String, report: &Report, extent: Extent) {
    let notable: Vec<&BenchmarkOutcome> = words::worst_first(report)
        .into_iter()
        .filter(|benchmark| benchmark.verdict() != Verdict::Unchanged)
        .collect();
    let most = if extent == Extent::Worst { FEW } else { usize::MAX };
    if notable.is_empty() {
        return;
    }
    out.push_str("| verdict | benchmark | metric | change |\n|---|---|---|--:|\n");
    for benchmark in notable.iter().take(most) {
        let named = name(&benchmark.name.to_string());
        let rows = words::rows(benchmark).into_iter();
        let worst = benchmark.metrics.iter().max_by_key(|outcome| outcome.verdict);
        let shown = |outcome: &MetricOutcome| {
            extent == Extent::Notable || worst.is_some_and(|worst| worst.metric == outcome.metric)
        };
        for (metric, outcome) in rows.filter(|(_, outcome)| shown(outcome)) {
            let change = words::change(outcome);
            let _ = writeln!(out, "| {} | {named} | {metric} | {change} |", outcome.verdict);
        }
    }
    out.push('\n');
    more(out, notable.len().saturating_sub(most), "benchmark");
    let unchanged = words::count(report, Verdict::Unchanged);
    if unchanged > 0 {
        let _ = write!(out, "{} unchanged\n\n", plural(unchanged, "benchmark"));
    }
}

fn more(out: &mut String, count: usize, what: &str) {
    if count > 0 {
        let _ = write!(out, "… and {} more\n\n", plural(count, what));
    }
}

/// The beginning of a name, as code.
fn name(text: &str) -> String {
    code(&cut(text))
}

/// The beginning of a text.
fn brief(text: &str) -> String {
    escape(&cut(text))
}

fn cut(text: &str) -> String {
    begin(&clean(text), LONGEST).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;
    use crate::domain::{Metric, Trouble};

    /// So many benchmarks regressed, and as many did not change.
    fn large(count: usize) -> Report {
        let both = |verdict, id: &str| {
            let time = fixtures::timed(verdict, 100.0, 0.2, 0.01);
            let counted = MetricOutcome { metric: Metric::Instructions, ..time.clone() };
            fixtures::bench(id, vec![time, counted])
        };
        let benchmarks = (0..count).flat_map(|number| {
            [
                both(Verdict::Regressed, &format!("worse/{number}")),
                both(Verdict::Unchanged, &format!("same/{number}")),
            ]
        });
        Report { exit_code: 100, benchmarks: benchmarks.collect(), ..fixtures::empty() }
    }

    #[test]
    fn what_fits_is_whole() {
        let report = fixtures::mixed();
        assert_eq!(within(&report, 1 << 20), harmless::colored(&markdown::render(&report)));
    }

    #[test]
    fn what_does_not_fit_is_told_in_whole_steps() {
        let report = large(40);
        let sizes: Vec<usize> = [Extent::Notable, Extent::OneEach, Extent::Worst, Extent::Counts]
            .into_iter()
            .map(|extent| shortened(&report, extent).len())
            .collect();
        assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]), "{sizes:?}");
        for (size, rows, telling) in [
            (sizes[0], 80, "instructions"),
            (sizes[1], 40, "worse/39"),
            (sizes[2], 20, "… and 20 benchmarks more"),
            (sizes[3], 0, "40 of 80 benchmarks regressed"),
        ] {
            let text = within(&report, size);
            assert_eq!(text.len(), size);
            assert_eq!(text.matches("| regressed |").count(), rows, "{text}");
            assert!(text.contains(telling) && text.contains("gate failed"), "{text}");
        }
        assert_eq!(within(&report, 10), "");
    }

    #[test]
    fn nothing_of_any_size_is_too_long_for_a_comment() {
        for (name, report) in fixtures::all().into_iter().chain([("large", large(20_000))]) {
            let text = within(&report, 60_000);
            assert!(!text.is_empty() && text.len() <= 60_000, "{name}");
        }
        let mut hostile = fixtures::hostile();
        let trouble = hostile.troubles[0].clone();
        hostile.troubles = vec![trouble; 2_000];
        hostile.troubles.push(Trouble::Ended("|".repeat(1 << 20), None));
        let name = crate::domain::BenchmarkName::new("p", "t", "@all|".repeat(10_000));
        hostile.benchmarks[0].name = name;
        let text = within(&hostile, 60_000);
        assert!(!text.is_empty() && !text.contains('@') && !text.contains("<script"), "{text}");
    }
}
