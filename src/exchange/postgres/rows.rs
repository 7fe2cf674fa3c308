//! A run as plain rows, for those who ask a database with SQL. Pure.

use crate::domain::{SharedMeasurement, SharedRun, median};

/// The measurements of a run, a column each; all of the same length.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rows {
    pub(super) numbers: Vec<i32>,
    pub(super) texts: [Vec<String>; TEXTS],
    pub(super) dirty: Vec<bool>,
    pub(super) values: Vec<f64>,
    pub(super) launches: Vec<i32>,
}

/// How many columns are text: in the order of [`texts`].
const TEXTS: usize = 15;

impl Rows {
    /// The rows of a run. The value is the median of the launches' medians, in the metric's unit.
    pub(super) fn of(run: &SharedRun) -> Self {
        let mut rows = Self::default();
        for (number, found) in run.measurements.iter().enumerate() {
            let medians = found.launches.iter().map(|launch| launch.median).collect();
            let Some(value) = median(medians) else { continue };
            rows.numbers.push(i32::try_from(number).unwrap_or(i32::MAX));
            for (column, text) in rows.texts.iter_mut().zip(texts(run, found)) {
                // The one character that a text in PostgreSQL cannot hold.
                column.push(text.replace('\0', "\u{fffd}"));
            }
            rows.dirty.push(found.key.revision.dirty);
            rows.values.push(value);
            rows.launches.push(i32::try_from(found.launches.len()).unwrap_or(i32::MAX));
        }
        rows
    }
}

fn texts(run: &SharedRun, found: &SharedMeasurement) -> [String; TEXTS] {
    let build = &found.key.build;
    [
        found.key.revision.commit.to_string(),
        found.provenance.name().to_owned(),
        found.key.machine.to_string(),
        run.machine.arch.clone(),
        run.machine.cpu.model.clone(),
        build.target.clone(),
        build.rustc.clone(),
        build.profile.clone(),
        build.settings.clone(),
        build.features.clone(),
        build.rustflags.clone(),
        build.instrument.to_string(),
        found.key.benchmark.to_string(),
        found.key.metric.name().to_owned(),
        found.key.metric.unit().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures;
    use super::*;

    #[test]
    fn a_row_says_what_was_measured_where_and_how_much() {
        let mut run = fixtures::run(1);
        run.measurements[0].key.build.features = "a\0b".to_owned();
        run.measurements[1].launches.clear();
        let rows = Rows::of(&run);
        assert_eq!(rows.numbers, [0, 2], "what was not launched has no value");
        assert_eq!(rows.texts[0], ["a".repeat(40), "b".repeat(40)]);
        assert_eq!(rows.texts[9], ["a\u{fffd}b", ""]);
        assert_eq!(rows.texts[12][0], "pkg::bench::group/function/🦀\"::x");
        assert_eq!(rows.texts[13], ["wall-time", "instructions"]);
        assert_eq!((&rows.launches, &rows.dirty), (&vec![2, 2], &vec![false, false]));
        assert!((rows.values[0] - run.measurements[0].launches[0].median).abs() < 1e-12);
        assert!(rows.texts.iter().all(|column| column.len() == 2));
    }
}
