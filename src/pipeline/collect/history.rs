//! History: the candidate is measured once and set beside stored runs of the baseline. It can only clear, together with one
//! pair that agrees; what it does not clear is measured in pairs.

use super::super::error::PipelineError;
use super::super::session::{Session, provenance, sequential};
use super::paired::Comparison;
use crate::domain::sample::median;
use crate::domain::{
    BenchmarkEvidence, HistoryEvidence, Launch, Measurement, MeasurementKey, Phase, SeriesPoint,
};
use crate::judge::compared::{HISTORY_PAIRS, history_alone};
use crate::judge::{QuickCheck, Rules};
use crate::stats::robust::robust_sd;

/// How many launches make the candidate's one measurement.
const LAUNCHES: u32 = 5;

/// How many of the newest results of a series teach its spread between runs.
const NEIGHBOURS: u32 = 60;

/// Asks what is stored of the baseline. Where that is too little, nothing is measured.
pub(crate) fn collect(
    session: &mut Session<'_>,
    comparison: &Comparison,
    evidence: &BenchmarkEvidence,
    rules: &Rules<'_>,
) -> Result<HistoryEvidence, PipelineError> {
    let Some(mut found) = ask(session, comparison, rules)? else { return Ok(nothing()) };
    let asked = BenchmarkEvidence { history: Some(found.clone()), ..evidence.clone() };
    if history_alone(&asked, rules).is_some() {
        let alone = rules.policy.error_budget(1);
        let make = |comparison: &Comparison, baseline| {
            QuickCheck::new(&comparison.by, baseline, alone, HISTORY_PAIRS)
        };
        found.confirming = session.pairs(Phase::QuickCheck, vec![comparison.clone()], &make)?.pop();
    }
    Ok(found)
}

/// What is known where nothing is stored.
fn nothing() -> HistoryEvidence {
    HistoryEvidence {
        runs: Vec::new(),
        differences: Vec::new(),
        fresh: (0.0, 0.0),
        seconds: 0.0,
        confirming: None,
    }
}

fn ask(
    session: &mut Session<'_>,
    comparison: &Comparison,
    rules: &Rules<'_>,
) -> Result<Option<HistoryEvidence>, PipelineError> {
    // Stored runs come from one process after the other: like is compared with like.
    let baseline = sequential(&comparison.keys.baseline);
    let series = baseline.series();
    if comparison.benches.baseline.fingerprint != comparison.benches.candidate.fingerprint {
        return Ok(None);
    }
    let runs = session.store.baseline_runs(&series, &baseline.revision.commit)?;
    if baseline.revision.dirty || runs.len() < rules.policy.minimum_runs() {
        return Ok(None);
    }
    let Some(measurement) = measure(session, comparison, sequential(&comparison.keys.candidate)) else {
        return Ok(None);
    };
    session.store.record(session.run, &measurement)?;
    let logs: Vec<f64> = measurement.launches.iter().map(|launch| launch.samples.median().ln()).collect();
    let Some(value) = median(logs.clone()) else { return Ok(None) };
    let error = robust_sd(&logs).unwrap_or(0.0) / (logs.len() as f64).sqrt();
    Ok(Some(HistoryEvidence {
        runs: runs.iter().map(|found| found.value.ln()).collect(),
        differences: differences(&session.store.neighbour_values(&series, NEIGHBOURS)?),
        fresh: (value, error),
        seconds: measurement.launches.iter().map(|launch| launch.seconds).sum(),
        confirming: None,
    }))
}

fn measure(session: &mut Session<'_>, comparison: &Comparison, key: MeasurementKey) -> Option<Measurement> {
    let (bench, id) = (&comparison.benches.candidate, &comparison.ids.candidate);
    let options = session.measuring.launch_options(None);
    let launches: Result<Vec<Launch>, _> =
        (0..LAUNCHES).map(|_| session.runner.launch(bench, id, &options)).collect();
    // What fails here fails again, and with its reason, in pairs.
    Some(Measurement {
        key,
        executable: bench.digest.clone(),
        provenance: provenance(bench),
        launches: launches.ok()?,
        code: None,
    })
}

/// Differences of logarithms between runs that follow each other.
fn differences(points: &[SeriesPoint]) -> Vec<f64> {
    points.windows(2).map(|pair| pair[1].found.value.ln() - pair[0].found.value.ln()).collect()
}
