//! A report as markdown of a bounded size. GitHub drops a step's summary above 1 MiB and refuses a comment above 65 536
//! characters, so what is too long is told in fewer words: by whole steps, never by cutting a table.

use std::fmt::Write as _;

use crate::domain::{BenchmarkOutcome, MetricOutcome, Report, Verdict, harmless};

use super::closing::closing;
use super::markdown::{self, code, escape};
use super::standing::{self, Standing};
use super::text::{begin, clean, plural};
use super::words;
use super::{advice, sentences};

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
    ever_shorter(report, limit).find(|text| text.len() <= limit).unwrap_or_default()
}

/// The whole report, then told in fewer and fewer words. What is longer than `limit` bytes may end anywhere behind them.
pub(super) fn ever_shorter(report: &Report, limit: usize) -> impl Iterator<Item = String> {
    let whole = std::iter::once_with(move || markdown::whole(report, limit));
    let extents = [Extent::Notable, Extent::OneEach, Extent::Worst, Extent::Counts];
    let shorter = extents.into_iter().map(move |extent| Some(shortened(report, extent, limit)));
    whole.chain(shorter).flatten().map(|text| harmless::colored(&text))
}

fn shortened(report: &Report, extent: Extent, limit: usize) -> String {
    let closing = closing(report);
    let sign = closing.tone.sign();
    let mut out = format!("### {sign} perfguard: {}\n\n", brief(&closing.text));
    let lead = [words::subject(report), standing::mean(report).unwrap_or_default()];
    for line in lead.iter().filter(|line| !line.is_empty()) {
        let _ = write!(out, "{}\n\n", brief(line));
    }
    if extent != Extent::Counts {
        errors(&mut out, report, extent, limit);
        table(&mut out, report, extent, limit);
        first_step(&mut out, report);
    }
    let surroundings = standing::surroundings(report);
    if !surroundings.is_empty() {
        let _ = write!(out, "<sub>{}</sub>\n\n", brief(&surroundings));
    }
    out.push_str("<sub>The whole report is too long for this place.</sub>\n");
    out
}

fn errors(out: &mut String, report: &Report, extent: Extent, limit: usize) {
    let most = if extent == Extent::Worst { FEW } else { usize::MAX };
    for error in report.troubles.iter().take(most).map(sentences::trouble) {
        let subject =
            if error.subject.is_empty() { String::new() } else { format!("{}: ", name(&error.subject)) };
        let first = error.message.trim().lines().next().unwrap_or_default();
        let _ = writeln!(out, "- **error**: {subject}{}", brief(first));
        if out.len() > limit {
            return;
        }
    }
    more(out, report.troubles.len().saturating_sub(most), "error");
    if !report.troubles.is_empty() {
        out.push('\n');
    }
}

fn table(out: &mut String, report: &Report, extent: Extent, limit: usize) {
    let Standing { worse, better, accepted, rest } = Standing::of(report);
    let open = rest.into_iter().filter(|benchmark| benchmark.verdict() != Verdict::Unchanged);
    let notable: Vec<&BenchmarkOutcome> =
        worse.into_iter().chain(accepted).chain(open).chain(better).collect();
    let most = if extent == Extent::Worst { FEW } else { usize::MAX };
    let unchanged = words::count(report, Verdict::Unchanged);
    if !notable.is_empty() {
        out.push_str("| verdict | benchmark | metric | change |\n|---|---|---|--:|\n");
        for benchmark in notable.iter().take(most) {
            rows(out, benchmark, extent);
            if out.len() > limit {
                return;
            }
        }
        out.push('\n');
        more(out, notable.len().saturating_sub(most), "benchmark");
    }
    if unchanged > 0 {
        let _ = write!(out, "{} unchanged\n\n", plural(unchanged, "benchmark"));
    }
}

fn rows(out: &mut String, benchmark: &BenchmarkOutcome, extent: Extent) {
    let mut named = name(&benchmark.name.to_string());
    if let Some(cause) = standing::cause(benchmark) {
        let _ = write!(named, "<br>{}", brief(&cause));
    }
    let worst = benchmark.metrics.iter().max_by_key(|outcome| outcome.verdict);
    let shown = |outcome: &MetricOutcome| {
        extent == Extent::Notable || worst.is_some_and(|worst| worst.metric == outcome.metric)
    };
    for (metric, outcome) in words::rows(benchmark).into_iter().filter(|(_, outcome)| shown(outcome)) {
        let change = words::change(outcome);
        let _ = writeln!(out, "| {} | {named} | {metric} | {change} |", outcome.verdict);
    }
}

/// What to do about the worst.
fn first_step(out: &mut String, report: &Report) {
    let steps = advice::next_steps(report);
    // A command that is cut does something else.
    if let Some(step) = steps.first().filter(|step| step.command.chars().count() <= LONGEST) {
        let _ = write!(out, "{}: {}\n\n", step.purpose, code(&step.command));
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
        let whole = harmless::colored(&markdown::render(&report));
        assert_eq!(within(&report, 1 << 20), whole.split_once('\n').unwrap().1);
    }

    #[test]
    fn what_does_not_fit_is_told_in_whole_steps() {
        let report = large(40);
        let sizes: Vec<usize> = [Extent::Notable, Extent::OneEach, Extent::Worst, Extent::Counts]
            .into_iter()
            .map(|extent| shortened(&report, extent, usize::MAX).len())
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
        for (name, report) in fixtures::all().into_iter().chain([("large", large(4_000))]) {
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
