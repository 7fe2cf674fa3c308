//! What a value is called that a system does not tell.

#[cfg(any(test, not(any(target_os = "linux", target_os = "macos", windows))))]
use crate::domain::CpuIdentity;

/// What a value is called that a system does not tell.
pub(crate) const UNKNOWN: &str = "unknown";

/// A processor that nothing is known about.
#[cfg(any(test, not(any(target_os = "linux", target_os = "macos", windows))))]
pub(crate) fn unknown_cpu() -> CpuIdentity {
    CpuIdentity {
        vendor: UNKNOWN.to_owned(),
        model: UNKNOWN.to_owned(),
        family: UNKNOWN.to_owned(),
        number: UNKNOWN.to_owned(),
        stepping: UNKNOWN.to_owned(),
        features: std::collections::BTreeSet::new(),
    }
}
