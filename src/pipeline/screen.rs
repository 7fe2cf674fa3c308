//! The screen: the candidate is measured once and set against stored occasions of the baseline. It can only clear; what
//! it does not clear goes on to the proof.

use super::error::PipelineError;
use super::prove::Contest;
use super::request::{Judging, Measuring};
use super::session::provenance;
use crate::domain::sample::median;
use crate::domain::{
    Launch, Measurement, MeasurementKey, Metric, MetricOutcome, OccasionId, SeriesPoint, Side,
};
use crate::judge::{ErrorBudget, Fresh, Screen, ScreenInput, outcome, screen};
use crate::measure::runner::Runner;
use crate::stats::robust::robust_sd;
use crate::store::Store;

/// How many launches make the candidate's one measurement.
const LAUNCHES: u32 = 5;

/// How many of the newest results of a series teach its spread between occasions.
const NEIGHBOURS: u32 = 60;

/// Tries to clear a contest by what is stored. `None` when it needs the proof.
pub(crate) fn clear(
    contest: &Contest,
    store: &mut Store,
    occasion: OccasionId,
    runner: &mut dyn Runner,
    judging: &Judging,
    budget: ErrorBudget,
    measuring: &Measuring,
) -> Result<Option<MetricOutcome>, PipelineError> {
    // Stored occasions come from whole processes: like is compared with like.
    let baseline = by_whole_processes(&contest.keys.baseline);
    let candidate = by_whole_processes(&contest.keys.candidate);
    let series = baseline.series();
    if contest.benches.baseline.fingerprint != contest.benches.candidate.fingerprint {
        return Ok(None);
    }
    let occasions = store.baseline_occasions(&series, &baseline.revision.commit)?;
    if baseline.revision.dirty || occasions.len() < judging.policy.minimum_occasions() {
        return Ok(None);
    }
    let Some(measurement) = measure(contest, candidate, runner, measuring) else { return Ok(None) };
    store.record(occasion, &measurement)?;
    let logs: Vec<f64> = measurement.launches.iter().map(|launch| launch.samples.median().ln()).collect();
    let Some(value) = median(logs.clone()) else { return Ok(None) };
    let error = robust_sd(&logs).unwrap_or(0.0) / (logs.len() as f64).sqrt();
    let stored: Vec<f64> = occasions.iter().map(|found| found.value.ln()).collect();
    let differences = differences(&store.neighbour_values(&series, NEIGHBOURS)?);
    let input = ScreenInput {
        occasions: &stored,
        differences: &differences,
        fresh: Fresh { value, error },
        limit: contest.by,
        minimum_occasions: judging.policy.minimum_occasions(),
    };
    let seconds = measurement.launches.iter().map(|launch| launch.seconds).sum();
    Ok(match screen(&input, budget) {
        Screen::Clear(cleared) => Some(outcome::cleared(Metric::WallTime, contest.by, &cleared, seconds)),
        Screen::NeedsProof(_) => None,
    })
}

/// The key of figures that whole processes give.
pub(crate) fn by_whole_processes(key: &MeasurementKey) -> MeasurementKey {
    MeasurementKey { build: key.build.by_whole_processes(), ..key.clone() }
}

fn measure(
    contest: &Contest,
    key: MeasurementKey,
    runner: &mut dyn Runner,
    measuring: &Measuring,
) -> Option<Measurement> {
    let bench = contest.benches.get(Side::Candidate);
    let id = contest.ids.get(Side::Candidate);
    let launches: Result<Vec<Launch>, _> =
        (0..LAUNCHES).map(|_| runner.launch(bench, id, &measuring.launch_options(None))).collect();
    // What fails here fails again, and with its reason, in the proof.
    Some(Measurement {
        key,
        executable: bench.digest.clone(),
        provenance: provenance(bench),
        launches: launches.ok()?,
    })
}

/// Differences of logarithms between occasions that follow each other.
fn differences(points: &[SeriesPoint]) -> Vec<f64> {
    points.windows(2).map(|pair| pair[1].found.value.ln() - pair[0].found.value.ln()).collect()
}
