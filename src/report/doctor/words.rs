//! The sentences that all formats of `doctor` share.

use crate::domain::{DoctorReport, Fitness};

use super::super::text::plural;
use super::super::units;

/// A threshold as one would write it down: rounded up to a tenth of a per cent, so that it still holds.
pub(super) fn rounded_up(threshold: f64) -> f64 {
    // What is a rounding error above a tenth is that tenth.
    (threshold * 1000.0 - 1e-9).ceil().max(1.0) / 1000.0
}

/// What was measured, in a sentence; `None` where nothing was.
pub(super) fn answer(report: &DoctorReport) -> Option<String> {
    if report.controls.is_empty() {
        return None;
    }
    let count = plural(report.controls.len(), "benchmark");
    let budget = units::duration(report.budget);
    let shown = |threshold| units::plain_percent(rounded_up(threshold));
    Some(match (report.smallest_threshold(), report.median_threshold()) {
        (Some(worst), Some(median)) if report.controls.len() > 1 => format!(
            "smallest threshold that can honestly be enforced here, with {budget} per benchmark: {} for every one of \
             the {count} measured; {} for the median one",
            shown(worst),
            shown(median)
        ),
        (Some(worst), _) => format!(
            "smallest threshold that can honestly be enforced here, with {budget} per benchmark: {} for the \
             benchmark measured",
            shown(worst)
        ),
        (None, Some(median)) => format!(
            "no threshold can be enforced here for every one of the {count} measured, with {budget} per benchmark; \
             {} for the median of the others",
            shown(median)
        ),
        (None, None) => {
            format!("no threshold can be enforced here with {budget} per benchmark: raise --budget")
        }
    })
}

/// The whole in a line.
pub(super) fn closing(report: &DoctorReport) -> String {
    let count = |fitness| {
        let findings = report.findings.iter().filter(|finding| finding.fitness == fitness).count();
        findings + report.controls.iter().filter(|control| control.fitness == fitness).count()
    };
    let cautions = plural(count(Fitness::Caution), "caution");
    match report.fitness() {
        _ if !report.troubles.is_empty() => "incomplete: not everything could be looked at".to_owned(),
        Fitness::Fit => "fit to measure".to_owned(),
        Fitness::Caution => format!("fit to measure, with {cautions}"),
        Fitness::Unfit => {
            format!("unfit to measure: {}, {cautions}", plural(count(Fitness::Unfit), "reason"))
        }
        Fitness::Unknown => "nothing is known".to_owned(),
    }
}
