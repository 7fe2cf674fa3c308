//! `baseline accept`: a file that accepts what regressed in the last check, for the change that adds it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::args::{AcceptArgs, BaselineArgs, JudgingArgs};
use super::super::console::{Console, write_file};
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::{Place, filter};
use crate::domain::{
    Acceptance, AcceptanceSource, BenchmarkOutcome, Exit, Limit, Metric, MetricOutcome, Report, Sides,
    harmless,
};
use crate::judge::{Acceptances, check_patterns};
use crate::pipeline::PipelineError;
use crate::pipeline::acceptances::{FOLDER, in_force};
use crate::pipeline::rejudge::rejudge;
use crate::pipeline::request::Accepting;
use crate::source::Repository;
use crate::store::acceptance_file;
use crate::support::files::link_below;

/// How many full names a file may list.
const NAMES: usize = 100;

/// How many words and characters of the reason make a file's name.
const SLUG_WORDS: usize = 5;
const SLUG: usize = 40;

/// How many files of one day may have the same name but for a number.
const SAME_NAME: u32 = 1000;

/// Runs the command.
pub(super) fn execute(
    context: &Context,
    place: &Place,
    arguments: &BaselineArgs,
    wanted: &AcceptArgs,
) -> Result<Exit, CliError> {
    let store = place.stored(&arguments.store)?.ok_or(CliError::NoCheck)?;
    let run = store.newest_check()?.ok_or(CliError::NoCheck)?;
    let judging = place.judging_again(&JudgingArgs::default())?;
    let report = rejudge(&store, run, &judging.policy, judging.gate)?;
    let texts = std::slice::from_ref(&wanted.pattern);
    let (chosen, _) = filter(texts, wanted.exact)?;
    let regressed: Vec<&BenchmarkOutcome> =
        report.benchmarks.iter().filter(|benchmark| benchmark.fails()).collect();
    let accepted: Vec<&BenchmarkOutcome> =
        regressed.iter().copied().filter(|benchmark| chosen.matches(&benchmark.name)).collect();
    if accepted.is_empty() {
        let regressed = regressed.iter().map(|benchmark| benchmark.name.to_string()).collect();
        return Err(CliError::NothingToAccept { pattern: wanted.pattern.clone(), regressed });
    }
    let known = in_force_now(place, &report)?;
    let up_to = bounds(&Acceptances::new(&known), &accepted);
    if up_to.is_empty() {
        return Err(CliError::NothingToAccept { pattern: wanted.pattern.clone(), regressed: Vec::new() });
    }
    let (acceptance, path) = written(place, up_to, &accepted, wanted)?;
    context.console.progress("Wrote", path.display());
    let mut told = String::new();
    for (metric, limit) in &acceptance.up_to {
        let _ = writeln!(told, "accepts {metric} up to {}", limit.display(*metric));
    }
    for benchmark in &accepted {
        let _ = writeln!(told, "     of {}", harmless::line(&benchmark.name.to_string()));
    }
    Console::results(&told).map_err(CliError::Stdout)?;
    Ok(Exit::Passed)
}

/// What files accept by now: the last check may have been before they were written.
fn in_force_now(place: &Place, report: &Report) -> Result<Vec<Acceptance>, CliError> {
    let Some(baseline) = report.baseline.clone() else { return Ok(Vec::new()) };
    let root = &place.located.root;
    let repository = Repository::discover(root).map_err(PipelineError::from)?;
    let candidate = repository.work_tree().map_err(PipelineError::from)?;
    let prefix = repository.prefix_of(root).map_err(PipelineError::from)?;
    Ok(in_force(&repository, &Sides { baseline, candidate }, &prefix, &Accepting::default())?)
}

/// Writes the file, under a name of its own.
fn written(
    place: &Place,
    up_to: BTreeMap<Metric, Limit>,
    accepted: &[&BenchmarkOutcome],
    wanted: &AcceptArgs,
) -> Result<(Acceptance, PathBuf), CliError> {
    let root = &place.located.root;
    let folder = root.join(FOLDER);
    let path = free_name(&folder, &wanted.reason, &wanted.pattern);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = format!("{FOLDER}/{name}");
    let acceptance = Acceptance {
        source: AcceptanceSource::File(file.clone()),
        benchmarks: patterns(accepted, &wanted.pattern, wanted.exact)?,
        up_to,
        arch: Vec::new(),
        reason: wanted.reason.clone(),
    };
    let text = acceptance_file::to_text(&acceptance);
    // What could not be read again is not written: a reason that is empty.
    let acceptance = acceptance_file::parse(&file, &text)?;
    if let Some(link) = link_below(root, &path) {
        return Err(CliError::Linked(link));
    }
    let fail = |source| CliError::Output { path: path.clone(), source };
    std::fs::create_dir_all(&folder).map_err(fail)?;
    write_file(&path, &text).map_err(fail)?;
    Ok((acceptance, path))
}

/// The pattern as it was typed, where that is a glob of exactly what is meant; otherwise full names, which nobody has to guess.
fn patterns(accepted: &[&BenchmarkOutcome], pattern: &str, exact: bool) -> Result<Vec<String>, CliError> {
    if !exact && pattern.contains(['*', '?']) && check_patterns(&[pattern.to_owned()]).is_ok() {
        let any = Metric::WallTime;
        let trial = [Acceptance {
            source: AcceptanceSource::Flag,
            benchmarks: vec![pattern.to_owned()],
            up_to: BTreeMap::from([(any, Limit::default_for(any))]),
            arch: Vec::new(),
            reason: String::new(),
        }];
        let trial = Acceptances::new(&trial);
        let means = |one: &&BenchmarkOutcome| trial.ceiling(&one.name, &one.arch, any, 1.0).is_some();
        if accepted.iter().all(means) {
            return Ok(vec![pattern.to_owned()]);
        }
    }
    if accepted.len() > NAMES {
        return Err(CliError::ManyToAccept { pattern: pattern.to_owned(), count: accepted.len() });
    }
    Ok(accepted.iter().map(|benchmark| benchmark.name.to_string()).collect())
}

/// For each metric a bound that everything chosen keeps: the upper ends of the intervals, rounded up. What files accept
/// already is left out, because acceptances multiply.
fn bounds(known: &Acceptances<'_>, accepted: &[&BenchmarkOutcome]) -> BTreeMap<Metric, Limit> {
    let mut needed: BTreeMap<Metric, Needed> = BTreeMap::new();
    for benchmark in accepted {
        for outcome in benchmark.metrics.iter().filter(|outcome| outcome.fails()) {
            let Some((baseline, high)) = highest(outcome) else { continue };
            let already = known.ceiling(&benchmark.name, &benchmark.arch, outcome.metric, baseline);
            let from = already.map_or(baseline, |(_, ceiling)| ceiling);
            if high <= from {
                continue;
            }
            needed.entry(outcome.metric).or_default().take(outcome.metric, from, high);
        }
    }
    needed.into_iter().filter_map(|(metric, needed)| Some((metric, needed.limit(metric)?))).collect()
}

/// The baseline, and the value at the upper end of the interval.
fn highest(outcome: &MetricOutcome) -> Option<(f64, f64)> {
    let (baseline, candidate) = outcome.baseline.zip(outcome.candidate)?;
    let high = outcome.interval.map(|(_, high)| baseline * (1.0 + high)).filter(|high| high.is_finite());
    Some((baseline, high.unwrap_or(candidate).max(candidate)))
}

/// What is needed of one metric: a fraction, and an amount where there is nothing to take a fraction of.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Needed {
    fraction: f64,
    amount: f64,
}

impl Needed {
    /// Takes into account that `from` may become `to`. Allocations are few, and are told as a number.
    fn take(&mut self, metric: Metric, from: f64, to: f64) {
        if metric == Metric::Allocations || from <= 0.0 {
            self.amount = self.amount.max((to - from - 1e-9).ceil());
        } else {
            self.fraction = self.fraction.max(rounded_up(to / from - 1.0));
        }
    }

    fn limit(self, metric: Metric) -> Option<Limit> {
        let relative = Limit::relative(self.fraction).map(|limit| limit.display(metric));
        let absolute = Limit::absolute(self.amount).filter(|_| self.amount > 0.0);
        let absolute = absolute.map(|limit| limit.display(metric));
        let text: Vec<String> = relative.into_iter().chain(absolute).collect();
        Limit::parse(&text.join(" + "), metric).ok()
    }
}

/// A fraction as a percentage of two or three digits that is not below it.
fn rounded_up(fraction: f64) -> f64 {
    let percent = fraction * 100.0;
    let steps = match percent {
        _ if percent >= 10.0 => 1.0,
        _ if percent >= 1.0 => 10.0,
        _ => 100.0,
    };
    (percent * steps - 1e-9).ceil() / steps / 100.0
}

/// A file that is not there yet: the date and the first words of the reason.
fn free_name(folder: &Path, reason: &str, pattern: &str) -> PathBuf {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let slug = [reason, pattern].into_iter().map(slug).find(|slug| !slug.is_empty());
    let slug = slug.unwrap_or_else(|| "accepted".to_owned());
    let name = |number: u32| match number {
        1 => folder.join(format!("{date}-{slug}.toml")),
        _ => folder.join(format!("{date}-{slug}-{number}.toml")),
    };
    let taken = |path: &PathBuf| path.symlink_metadata().is_ok();
    (1..=SAME_NAME).map(name).find(|path| !taken(path)).unwrap_or_else(|| name(SAME_NAME + 1))
}

/// The first words of a text as part of a file's name.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.take(SLUG_WORDS).map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    slug.chars().take(SLUG).collect::<String>().trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_rounded_up_and_never_down() {
        for (fraction, shown) in
            [(0.1931, "20%"), (0.2, "20%"), (0.0512, "5.2%"), (0.005_01, "0.51%"), (3.999, "400%")]
        {
            let limit = Limit::relative(rounded_up(fraction)).unwrap();
            assert_eq!(limit.display(Metric::WallTime), shown);
            assert!(rounded_up(fraction) >= fraction - 1e-12);
        }
    }

    #[test]
    fn what_has_no_baseline_gets_an_amount() {
        let mut needed = Needed::default();
        needed.take(Metric::PeakBytes, 100.0, 130.0);
        needed.take(Metric::PeakBytes, 0.0, 12.0);
        assert_eq!(needed.limit(Metric::PeakBytes).unwrap().display(Metric::PeakBytes), "30% + 12B");
        let mut needed = Needed::default();
        needed.take(Metric::Allocations, 4.0, 7.0);
        assert_eq!(needed.limit(Metric::Allocations).unwrap().display(Metric::Allocations), "3");
    }

    #[test]
    fn names_of_files_are_plain() {
        assert_eq!(
            slug("Bounds checks restored (#812): they were needed"),
            "bounds-checks-restored-812-they"
        );
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("…"), "");
        assert!(slug(&"long".repeat(50)).len() <= SLUG);
        let folder = tempfile::tempdir().unwrap();
        let first = free_name(folder.path(), "…", "p::t::*");
        assert!(first.to_str().unwrap().ends_with("-p-t.toml"), "{}", first.display());
        std::fs::write(&first, "").unwrap();
        let second = free_name(folder.path(), "…", "p::t::*");
        assert!(second.to_str().unwrap().ends_with("-p-t-2.toml"), "{}", second.display());
    }
}
