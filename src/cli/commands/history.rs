//! `history`: one benchmark over commits, with its change points. Measures nothing.

use super::super::args::HistoryArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::settings::Place;
use super::{deliver, format, style};
use crate::domain::{
    BenchmarkName, CommitId, HistoryPoint, HistoryReport, MachineKey, Metric, OccasionValue, Provenance,
    SeriesHistory,
};
use crate::source::Repository;
use crate::stats::change_points;
use crate::stats::robust::{median, robust_sd};
use crate::store::SeriesFilter;

/// The probability with which a level that did not change is said to have.
const ALPHA: f64 = 0.01;

/// Runs the command.
pub(in super::super) fn execute(context: &Context, arguments: &HistoryArgs) -> Result<u8, CliError> {
    let place = Place::find(&arguments.project)?;
    let nothing = || CliError::NothingStored(arguments.benchmark.clone());
    let store = place.stored(&arguments.store)?.ok_or_else(nothing)?;
    let metric: Metric =
        arguments.metric.parse().map_err(|error: crate::domain::metric::UnknownMetric| CliError::Value {
            flag: "--metric",
            reason: error.to_string(),
        })?;
    let benchmark: BenchmarkName =
        arguments.benchmark.parse().map_err(|error: crate::domain::NameError| CliError::Value {
            flag: "BENCHMARK",
            reason: error.to_string(),
        })?;
    let machine = arguments.store.machine.as_ref().map(MachineKey::new);
    let filter = SeriesFilter { machine: machine.as_ref(), ..SeriesFilter::default() };
    let found = store.history(&benchmark, metric, filter)?;
    // One line of history: the series with the most points. Others differ in machine or build.
    let longest = found
        .into_iter()
        .filter(|series| series.provenance == Provenance::Native)
        .max_by_key(|series| series.points.len())
        .ok_or_else(nothing)?;
    let points = points(
        &longest,
        &Repository::discover(&place.located.root).map_err(crate::pipeline::PipelineError::from)?,
    );
    let levels: Vec<f64> = points.iter().map(|point| point.value.ln()).collect();
    let change_points = change_points(&levels, ALPHA).into_iter().map(|change| change.index).collect();
    let report = HistoryReport { benchmark, metric, points, change_points };
    let text = crate::report::history::render(
        &report,
        format(arguments.output.format),
        &style(context, &arguments.output),
    )?;
    deliver(&arguments.output, &text)?;
    Ok(0)
}

/// One point for each clean commit, in the order of the commits' dates.
fn points(series: &SeriesHistory, repository: &Repository) -> Vec<HistoryPoint> {
    let mut commits: Vec<(CommitId, Vec<OccasionValue>)> = Vec::new();
    for point in series.points.iter().filter(|point| !point.dirty) {
        match commits.iter_mut().find(|(commit, _)| *commit == point.commit) {
            Some((_, found)) => found.push(point.found),
            None => commits.push((point.commit.clone(), vec![point.found])),
        }
    }
    let mut points: Vec<HistoryPoint> = commits
        .into_iter()
        .filter_map(|(commit, found)| {
            let values: Vec<f64> = found.iter().map(|found| found.value).collect();
            let value = median(&values)?;
            let info = repository.describe(&commit);
            let measured = found.first().map_or(0, |found| found.started_ms);
            Some(HistoryPoint {
                subject: info.as_ref().map_or_else(String::new, |info| info.summary.clone()),
                when_ms: info.map_or(measured, |info| info.authored_ms),
                spread: (values.len() > 2).then(|| robust_sd(&values)).flatten().map(|sd| sd / value),
                machine: series.series.machine.clone(),
                commit,
                value,
            })
        })
        .collect();
    points.sort_by_key(|point| point.when_ms);
    points
}
