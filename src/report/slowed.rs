//! What is estimated where benchmarks take longer in turns than alone: facts about figures, in words.

use crate::domain::{BenchmarkOutcome, Report};

use super::text::listed;
use super::units;

/// So many benchmarks are named; the rest are counted.
const NAMED: usize = 3;

/// Says so of all of them, those that take most longer first. `None` where none does.
pub(super) fn in_turns(report: &Report) -> Option<String> {
    let mut slowed: Vec<(f64, String)> = report.benchmarks.iter().filter_map(slowed).collect();
    slowed.sort_by(|(one, name), (other, than)| other.total_cmp(one).then_with(|| name.cmp(than)));
    let longer = units::percent(slowed.first()?.0);
    let longer = longer.trim_start_matches('+');
    let mut names: Vec<String> = slowed.iter().take(NAMED).map(|(_, name)| name.clone()).collect();
    if slowed.len() > NAMED {
        names.push(format!("{} more", slowed.len() - NAMED));
    }
    let (take, change) = match slowed.len() {
        1 => (format!("takes {longer}"), "its change is"),
        _ => (format!("take up to {longer}"), "their changes are"),
    };
    let names = listed(names);
    Some(format!(
        "{names} {take} longer in turns with the other side than alone: {change} that of code in turns"
    ))
}

fn slowed(benchmark: &BenchmarkOutcome) -> Option<(f64, String)> {
    let longer = benchmark.metrics.iter().filter_map(|found| found.slower_in_turns).reduce(f64::max)?;
    Some((longer, benchmark.name.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MetricOutcome, ReportKind, Verdict};
    use crate::report::fixtures;

    fn told(slowed: &[Option<f64>]) -> Option<String> {
        let clock = fixtures::timed(Verdict::Unchanged, 100.0, 0.001, 0.01);
        let bench = |(index, &slower_in_turns): (usize, &Option<f64>)| {
            fixtures::bench(&index.to_string(), vec![MetricOutcome { slower_in_turns, ..clock.clone() }])
        };
        let benchmarks = slowed.iter().enumerate().map(bench).collect();
        in_turns(&Report { benchmarks, ..fixtures::bare(ReportKind::Check) })
    }

    #[test]
    fn what_is_estimated_is_said_once_for_all() {
        assert_eq!(told(&[None]), None);
        assert_eq!(
            told(&[None, Some(0.12)]).unwrap(),
            "parser::parse::1 takes 12.0 % longer in turns with the other side than alone: its change is that of code in \
             turns"
        );
        let many = told(&[Some(0.06), Some(0.3), Some(0.07), None, Some(0.08), Some(0.09)]).unwrap();
        let names =
            "parser::parse::1, parser::parse::5, parser::parse::4 and 2 more take up to 30.0 % longer";
        assert!(many.starts_with(names), "{many}");
    }
}
