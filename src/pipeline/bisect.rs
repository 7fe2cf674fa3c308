//! `bisect`: which commit made a benchmark slower. Each probe is a comparison as `compare` makes it, of two commits and one
//! benchmark, so everything is kept in the store and built once: a search that was broken off finds executables, counts and
//! pairs again, and goes through what it knew in moments.

use std::collections::BTreeSet;
use std::time::Instant;

use super::compare::compare;
use super::error::PipelineError;
use super::request::{CompareRequest, Subject};
use crate::discover::{Filter, Reading};
use crate::domain::{
    BenchmarkName, BenchmarkOutcome, BisectPart, BisectReport, CommitId, Limit, Metric, MetricOutcome,
    NamedCommit, Progress, Provenance, Report, Revision, SeriesHistory, Verdict,
};
use crate::judge::bisect::{Answer, Merges, Part, Prober, by_place, culprits, first_with, into_merges};
use crate::measure::runner::Runner;
use crate::source::Repository;
use crate::store::{SeriesFilter, Store};
use crate::support::process::interrupted;

/// What `bisect` asks for.
#[derive(Debug, Clone)]
pub struct BisectRequest {
    /// A comparison of both ends: its baseline is fast, its candidate slow, its filter means the benchmark.
    pub ends: CompareRequest,
    /// The benchmark as the user wrote it.
    pub benchmark: String,
    /// The commit that is fast.
    pub good: String,
    /// The commit that is slow.
    pub bad: String,
    /// Whether what a merge brought in is looked for in what was merged.
    pub all_parents: bool,
}

/// Looks for the commit.
///
/// # Errors
/// No such revision or benchmark, ends that do not build, a signal.
pub fn bisect(
    request: &BisectRequest,
    store: &mut Store,
    runner: &mut dyn Runner,
    progress: &dyn Progress,
) -> Result<BisectReport, PipelineError> {
    let start = Instant::now();
    let repository = Repository::discover(&request.ends.project.root)?;
    let line = repository.line(&request.good, &request.bad)?;
    let last = line.len() - 1;
    let first_look = compare(&of(&request.ends, &line[0], &line[last]), store, runner, progress)?;
    let outcome = one(&first_look, &request.benchmark)?;
    let name = outcome.name.clone();
    let (mut whole, mut metric) = slower(outcome);
    let mut session = Probing {
        request,
        repository: &repository,
        store,
        runner,
        progress,
        name,
        metric,
        line,
        outer: Vec::new(),
        measured: BTreeSet::new(),
    };
    session.measured.extend([session.line[0].commit.clone(), session.line[last].commit.clone()]);
    let mut from = 0;
    if outcome.verdict() == Verdict::New {
        from = first_with(&mut session, 0, last)?;
        if from < last {
            let report = session.compare(from, last, None)?;
            (whole, metric) = report.benchmarks.first().map_or((None, metric), slower);
            session.metric = metric;
        }
    }
    let mut parts = Vec::new();
    if let Some(whole) = whole {
        let found = culprits(&mut session, from, last, whole)?;
        parts = if request.all_parents {
            into_merges(&mut session, &found)?
        } else {
            found.iter().map(|part| session.told(part)).collect()
        };
    }
    let end = |place: usize| named(&repository, &session.line[place].commit);
    Ok(BisectReport {
        benchmark: session.name.clone(),
        metric: session.metric,
        good: end(from),
        moved: from > 0,
        bad: end(last),
        commits: last - from,
        change: whole.map(f64::exp_m1),
        parts,
        measured: session.measured.len(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// A comparison of two commits.
fn of(ends: &CompareRequest, base: &Revision, candidate: &Revision) -> CompareRequest {
    CompareRequest {
        baseline: Some(base.commit.as_str().to_owned()),
        candidate: Subject::Revision(candidate.commit.as_str().to_owned()),
        ..ends.clone()
    }
}

/// The one benchmark that the user means.
fn one<'a>(report: &'a Report, text: &str) -> Result<&'a BenchmarkOutcome, PipelineError> {
    let exact = report.benchmarks.iter().find(|found| found.name.to_string() == text);
    match (exact, &report.benchmarks[..]) {
        (Some(found), _) | (None, [found]) => Ok(found),
        (None, []) => Err(PipelineError::NoMatch { filter: text.to_owned(), near: Vec::new() }),
        (None, several) => Err(PipelineError::Several {
            text: text.to_owned(),
            count: several.len(),
            near: several.iter().take(5).map(|found| found.name.to_string()).collect(),
        }),
    }
}

/// By how much it is proven slower, and by which metric: instructions where they say so, since they are exact.
fn slower(outcome: &BenchmarkOutcome) -> (Option<f64>, Metric) {
    let order = |found: &&MetricOutcome| (found.metric == Metric::WallTime, found.metric);
    let mut metrics: Vec<&MetricOutcome> = outcome.metrics.iter().collect();
    metrics.sort_by_key(order);
    let found = metrics.iter().find_map(|found| Some((Some(log_ratio(found)?), found.metric)));
    found.unwrap_or((None, metrics.first().map_or(Metric::WallTime, |found| found.metric)))
}

fn log_ratio(found: &MetricOutcome) -> Option<f64> {
    found.change.filter(|_| found.verdict == Verdict::Regressed).map(f64::ln_1p)
}

fn named(repository: &Repository, commit: &CommitId) -> NamedCommit {
    let subject = repository.describe(commit).map(|info| info.summary).unwrap_or_default();
    NamedCommit { commit: commit.clone(), subject }
}

/// Probes of one line.
struct Probing<'a> {
    request: &'a BisectRequest,
    repository: &'a Repository,
    store: &'a mut Store,
    runner: &'a mut dyn Runner,
    progress: &'a dyn Progress,
    name: BenchmarkName,
    metric: Metric,
    line: Vec<Revision>,
    /// The lines that the one at hand was merged into, the outermost first.
    outer: Vec<Vec<Revision>>,
    measured: BTreeSet<CommitId>,
}

impl Probing<'_> {
    /// Compares two commits of the line; above which level and with how much effort, where that is not the gate's rule.
    fn compare(
        &mut self,
        base: usize,
        commit: usize,
        level: Option<(f64, u32)>,
    ) -> Result<Report, PipelineError> {
        if interrupted() {
            return Err(PipelineError::Interrupted);
        }
        let (base, commit) = (&self.line[base], &self.line[commit]);
        self.measured.extend([base.commit.clone(), commit.commit.clone()]);
        let mut request = of(&self.request.ends, base, commit);
        let exact = [self.name.to_string()];
        request.scope.filter = Filter::parse(&exact, Reading::Exact).unwrap_or_default();
        request.scope.words = exact.into();
        request.measuring.metrics = vec![self.metric];
        if let Some((above, effort)) = level {
            request.measuring.budget *= 1 << effort;
            if let Some(limit) = Limit::relative(above.exp_m1()) {
                request.judging.policy = request.judging.policy.with_overrides([(self.metric, limit)].into());
            }
            // Each of the halvings may be wrong; together they are wrong as rarely as one comparison.
            let halvings = f64::from(self.line.len().ilog2() + 1);
            let alpha = request.judging.policy.alpha() / halvings;
            if let Ok(policy) = request.judging.policy.clone().with_alpha(alpha) {
                request.judging.policy = policy;
            }
        }
        let report = compare(&request, self.store, self.runner, self.progress)?;
        if interrupted() { Err(PipelineError::Interrupted) } else { Ok(report) }
    }
}

impl Prober for Probing<'_> {
    type Error = PipelineError;

    fn probe(
        &mut self,
        base: usize,
        commit: usize,
        above: f64,
        effort: u32,
    ) -> Result<Answer, PipelineError> {
        let report = match self.compare(base, commit, Some((above, effort))) {
            Ok(report) => report,
            Err(PipelineError::Build(error)) if !interrupted() => {
                tracing::debug!(commit = self.line[commit].commit.as_str(), %error, "a probe does not build");
                return Ok(Answer::Broken);
            }
            Err(
                PipelineError::NoMatch { .. } | PipelineError::NoTarget { .. } | PipelineError::NoBenches(_),
            ) => return Ok(Answer::Absent),
            Err(error) => return Err(error),
        };
        let verdict = report.benchmarks.first().map_or(Verdict::Missing, BenchmarkOutcome::verdict);
        Ok(match verdict {
            // Of a new one there is no figure to compare: it only says that this commit has the benchmark.
            Verdict::Regressed | Verdict::New => Answer::Bad,
            Verdict::Improved | Verdict::Unchanged => Answer::Good,
            Verdict::Inconclusive | Verdict::NotComparable => Answer::Undecided,
            Verdict::Missing => Answer::Absent,
            Verdict::Failed => Answer::Broken,
        })
    }

    fn proven(&mut self, base: usize, commit: usize) -> Result<Option<f64>, PipelineError> {
        let report = self.compare(base, commit, None)?;
        Ok(report.benchmarks.first().and_then(|found| found.metrics.iter().find_map(log_ratio)))
    }

    fn stored(&mut self) -> Result<Vec<(usize, f64)>, PipelineError> {
        let machine = Some(&self.request.ends.machine.key);
        let filter = SeriesFilter { machine, ..SeriesFilter::default() };
        let place = |commit: &CommitId| self.line.iter().position(|known| known.commit == *commit);
        let of = |series: SeriesHistory| {
            let clean = series.points.into_iter().filter(|point| !point.dirty);
            by_place(clean.filter_map(|point| Some((place(&point.commit)?, point.found.value.ln()))))
        };
        let all = self.store.history(&self.name, self.metric, filter)?.into_iter();
        let native = all.filter(|series| series.provenance == Provenance::Native).map(of);
        // Series of different builds cannot be joined: the one that knows most of the line is asked.
        Ok(native.max_by_key(Vec::len).unwrap_or_default())
    }
}

impl Merges for Probing<'_> {
    type Told = BisectPart;

    fn enter(&mut self, commit: usize) -> Result<Option<usize>, PipelineError> {
        let Some(line) = self.repository.merged_by(&self.line[commit].commit)? else { return Ok(None) };
        self.outer.push(std::mem::replace(&mut self.line, line));
        Ok(Some(self.line.len() - 1))
    }

    fn leave(&mut self) {
        if let Some(line) = self.outer.pop() {
            self.line = line;
        }
    }

    fn told(&self, part: &Part) -> BisectPart {
        let of = |place: usize| named(self.repository, &self.line[place].commit);
        BisectPart {
            before: of(part.change.last_good),
            suspects: (part.change.last_good + 1..=part.change.first_bad).map(of).collect(),
            change: part.log_ratio.map(f64::exp_m1),
        }
    }
}
