//! One comparison of all workloads by each program, and what it said.

mod criterion;
mod hyperfine;
pub(crate) mod perfguard;
mod tango;

use std::path::PathBuf;

use crate::StudyError;
use crate::fixture::Fixture;
use crate::plan::{Family, Trial, Variant};
use crate::record::Said;

/// What executables as they were linked are called.
const AS_LINKED: &str = "perfguard --layout default, T = 5 %";

/// What executables with aligned functions are called.
const ALIGNED: &str = "perfguard --layout aligned, T = 5 %";

/// Everything a comparison needs.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The workloads.
    pub fixture: Fixture,
    /// `cargo-perfguard`.
    pub perfguard: PathBuf,
    /// The name of the package and of its bench target.
    pub names: (&'static str, &'static str),
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
pub fn compare(setting: &Setting, trial: &Trial) -> Result<Vec<Said>, StudyError> {
    setting.fixture.clean()?;
    match trial.family {
        Family::Perfguard5 => perfguard::compare(setting, trial, "perfguard, T = 5 %", "5%", "drawn"),
        Family::Perfguard2 => perfguard::compare(setting, trial, "perfguard, T = 2 %", "2%", "drawn"),
        Family::AsLinked => perfguard::compare(setting, trial, AS_LINKED, "5%", "default"),
        Family::Aligned => perfguard::compare(setting, trial, ALIGNED, "5%", "aligned"),
        Family::Truth => {
            // At the true change nothing can be decided, so that pairs are taken until it is hopeless.
            // No threshold is nothing, so the truth about equal code is asked for with next to nothing.
            let threshold = format!("{}%", (f64::from(trial.variant.per_mille) / 10.0).max(0.01));
            perfguard::compare(setting, trial, "truth", &threshold, "drawn")
        }
        Family::Processes => {
            perfguard::compare_processes(setting, trial, "perfguard, processes, T = 5 %", "5%")
        }
        Family::Hyperfine => hyperfine::compare(setting, trial),
        Family::Criterion => criterion::compare(setting, trial),
        Family::Tango => tango::compare(setting, trial),
    }
}

/// Builds whatever a comparison needs, so that no comparison waits for a compiler.
///
/// # Errors
/// It does not build.
pub fn prepare(setting: &Setting, family: Family, variant: Variant) -> Result<(), StudyError> {
    use crate::fixture::Harness;
    match family {
        // It keeps what it built by itself.
        Family::Perfguard5
        | Family::Perfguard2
        | Family::AsLinked
        | Family::Aligned
        | Family::Processes
        | Family::Truth => Ok(()),
        Family::Hyperfine => setting.fixture.executable(Harness::Process, variant).map(drop),
        Family::Criterion => setting.fixture.executable(Harness::Criterion, variant).map(drop),
        Family::Tango => setting.fixture.executable(Harness::Tango, variant).map(drop),
    }
}
