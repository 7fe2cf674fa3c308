//! What every launch that counts gives, or why it gives none.

use std::fs;

use rustix::process::Pid;

use crate::domain::Sample;
use crate::measure::counter::Uncounted;
use crate::measure::failure::{FailureKind, LaunchFailure};
use crate::measure::interleaved::bench_process::BenchProcess;

/// Why a launch gave no count, where it is not the benchmark that failed.
pub(super) fn explained(failure: LaunchFailure) -> Uncounted {
    match failure.kind {
        FailureKind::ForeignUnit(unit) => {
            Uncounted::Uncountable(format!("it measures in `{unit}`, by a `Measurement` of its own"))
        }
        _ => Uncounted::Failed(failure),
    }
}

/// Why nothing is counted when Criterion's clock is never started.
pub(super) fn times_itself() -> Uncounted {
    Uncounted::Uncountable(
        "it times itself (`iter_custom`, or a `Measurement` of its own): nobody knows which part of it counts".to_owned(),
    )
}

/// How many threads a process has now: at least 1.
pub(super) fn threads(process: &BenchProcess) -> u32 {
    let folder = process.pid().map(|pid| format!("/proc/{}/task", Pid::as_raw_pid(pid)));
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok());
    entries.and_then(|entries| u32::try_from(entries.count()).ok()).unwrap_or(1).max(1)
}

/// A count as a sample. Counts beyond 2⁵³ lose their last digits; nothing that is benchmarked comes near.
pub(super) fn sample(iterations: u64, total: u64) -> Result<Sample, Uncounted> {
    Sample::new(iterations, total as f64).ok_or_else(times_itself)
}

/// This program's own failure before anything ran.
pub(super) fn unstartable(error: std::io::Error) -> Uncounted {
    Uncounted::Failed(FailureKind::Unstartable(error).into())
}
