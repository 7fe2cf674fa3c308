//! One comparison of all workloads by each program, and what it said.

mod criterion;
mod hyperfine;
mod perfguard;
mod tango;

use std::path::PathBuf;

use crate::StudyError;
use crate::fixture::Fixture;
use crate::plan::{Family, Trial};
use crate::record::Said;

/// Everything a comparison needs.
#[derive(Debug, Clone)]
pub struct Arena {
    /// The workloads.
    pub fixture: Fixture,
    /// `cargo-perfguard`.
    pub perfguard: PathBuf,
    /// Which workloads take part.
    pub workloads: Vec<String>,
    /// Paired time per benchmark for perfguard, in seconds.
    pub budget: f64,
    /// What Criterion is told besides its defaults; empty in every form whose figures count.
    pub criterion: Vec<String>,
    /// Seconds per benchmark for tango-bench.
    pub tango: f64,
}

/// Makes one comparison.
///
/// # Errors
/// What the contender could not do.
pub fn compare(arena: &Arena, trial: &Trial) -> Result<Vec<Said>, StudyError> {
    match trial.family {
        Family::Perfguard5 => perfguard::compare(arena, trial, "perfguard, T = 5 %", "5%"),
        Family::Perfguard2 => perfguard::compare(arena, trial, "perfguard, T = 2 %", "2%"),
        Family::Truth => {
            // At the true change nothing can be decided, so that pairs are taken until it is hopeless.
            // No threshold is nothing, so the truth about equal code is asked for with next to nothing.
            let threshold = format!("{}%", (f64::from(trial.per_mille) / 10.0).max(0.01));
            perfguard::compare(arena, trial, "truth", &threshold)
        }
        Family::Processes => {
            perfguard::compare_processes(arena, trial, "perfguard, processes, T = 5 %", "5%")
        }
        Family::Hyperfine => hyperfine::compare(arena, trial),
        Family::Criterion => criterion::compare(arena, trial),
        Family::Tango => tango::compare(arena, trial),
    }
}

/// Builds whatever a comparison needs, so that no comparison waits for a compiler.
///
/// # Errors
/// It does not build.
pub fn prepare(arena: &Arena, family: Family, per_mille: u32) -> Result<(), StudyError> {
    use crate::fixture::Harness;
    match family {
        // It keeps what it built by itself.
        Family::Perfguard5 | Family::Perfguard2 | Family::Processes | Family::Truth => Ok(()),
        Family::Hyperfine => arena.fixture.executable(Harness::Process, per_mille).map(drop),
        Family::Criterion => arena.fixture.executable(Harness::Criterion, per_mille).map(drop),
        Family::Tango => arena.fixture.executable(Harness::Tango, per_mille).map(drop),
    }
}
