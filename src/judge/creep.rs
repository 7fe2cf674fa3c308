//! What small steps add up to. Pure.

use crate::domain::{Acceptance, BenchmarkName, CommitId, Creep, Limit, Metric};

/// How many steps are named.
const NAMED: usize = 3;

/// One benchmark's metric along a line of commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
    /// The first commit's value, where that is stored.
    pub start: Option<f64>,
    /// For each commit after the first of the line, by how much it is slower than the one before, as a log ratio; `None`
    /// where that is not known.
    pub steps: Vec<(CommitId, Option<f64>)>,
}

/// By what acceptances multiply a limit: each lets a metric become worse by so much more. `start` is the value at the start
/// of the watch, which an acceptance in absolute figures needs; without it that adds nothing.
pub fn factor(accepted: &[&Acceptance], metric: Metric, start: Option<f64>) -> f64 {
    let limits = accepted.iter().filter_map(|one| one.up_to.get(&metric));
    limits
        .map(|limit| 1.0 + start.map_or(limit.relative_part(), |start| limit.fraction(start)))
        .filter(|factor| factor.is_finite())
        .product()
}

/// A limit, a fraction, that acceptances multiply.
pub fn raised(limit: f64, factor: f64) -> f64 {
    (1.0 + limit) * factor - 1.0
}

/// Adds up every walk that has a limit and of which anything is known. `factor` is what a walk's limit is multiplied by.
pub fn sums(
    since: &str,
    walks: &[Walk],
    limits: &[(Metric, Limit)],
    factor: impl Fn(&Walk) -> f64,
) -> Vec<Creep> {
    let sum = |walk: &Walk| {
        let (_, limit) = limits.iter().find(|(metric, _)| *metric == walk.metric)?;
        let mut known: Vec<(&CommitId, f64)> =
            walk.steps.iter().filter_map(|(commit, step)| Some((commit, (*step)?))).collect();
        let limit = limit.relative_part();
        if known.is_empty() || limit <= 0.0 {
            return None;
        }
        let factor = factor(walk);
        let sum: f64 = known.iter().map(|(_, step)| step).sum();
        let count = known.len();
        known.sort_by(|one, other| other.1.total_cmp(&one.1));
        let largest = known.into_iter().filter(|(_, step)| *step > 0.0).take(NAMED);
        Some(Creep {
            since: since.to_owned(),
            benchmark: walk.benchmark.clone(),
            metric: walk.metric,
            change: Creep::millionths(sum.exp_m1()),
            limit: Creep::millionths(raised(limit, factor)),
            raised_from: (factor > 1.0).then(|| Creep::millionths(limit)),
            this_change: None,
            known: count,
            commits: walk.steps.len(),
            largest: largest
                .map(|(commit, step)| (commit.clone(), Creep::millionths(step.exp_m1())))
                .collect(),
        })
    };
    walks.iter().filter_map(sum).collect()
}

/// The sum that, with what the change at hand adds, is nearest to its limit, or furthest beyond.
pub fn nearest(sums: impl IntoIterator<Item = Creep>) -> Option<Creep> {
    let place = |sum: &Creep| sum.with_this_change() / Creep::fraction(sum.limit);
    sums.into_iter().max_by(|one, other| place(one).total_cmp(&place(other)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::AcceptanceSource;

    fn walk(id: &str, steps: &[Option<f64>]) -> Walk {
        let commit = |place| CommitId::from_hex(&format!("{place:040x}")).unwrap();
        let steps = steps.iter().enumerate().map(|(place, step)| (commit(place), step.map(f64::ln_1p)));
        Walk {
            benchmark: BenchmarkName::new("app", "bench", id),
            metric: Metric::WallTime,
            start: None,
            steps: steps.collect(),
        }
    }

    fn creep(walks: &[Walk]) -> Option<Creep> {
        let limits = [(Metric::WallTime, Limit::relative(0.10).unwrap())];
        nearest(sums("v1", walks, &limits, |_| 1.0))
    }

    #[test]
    fn thirty_commits_of_one_percent_add_up() {
        let slow = walk("slow", &[Some(0.01); 30]);
        let found = creep(&[walk("steady", &[Some(0.0); 30]), slow]).unwrap();
        assert_eq!((found.benchmark.id(), found.known, found.commits), ("slow", 30, 30));
        assert_eq!((found.change, found.limit, found.raised_from), (347_849, 100_000, None));
        assert_eq!(found.largest.len(), NAMED);
    }

    #[test]
    fn what_goes_up_and_down_comes_to_nothing() {
        let steps: Vec<Option<f64>> =
            (0..30).map(|place| Some(if place % 2 == 0 { 0.05 } else { 1.0 / 1.05 - 1.0 })).collect();
        assert_eq!(creep(&[walk("wave", &steps)]).unwrap().change, 0);
    }

    #[test]
    fn what_is_not_known_is_told_and_adds_nothing() {
        let found = creep(&[walk("gaps", &[Some(0.02), None, Some(0.03), None])]).unwrap();
        assert_eq!((found.known, found.commits), (2, 4));
        assert_eq!(found.change, 50_600);
        assert_eq!(found.largest[0].1, 30_000, "the largest first");
        assert_eq!(creep(&[walk("nothing", &[None, None])]), None);
        assert_eq!(nearest(sums("v1", &[walk("unwatched", &[Some(0.5)])], &[], |_| 1.0)), None);
    }

    #[test]
    fn what_this_change_adds_counts_for_who_is_nearest() {
        let mut all = sums(
            "v1",
            &[walk("far", &[Some(0.06)]), walk("near", &[Some(0.08)])],
            &[(Metric::WallTime, Limit::relative(0.10).unwrap())],
            |_| 1.0,
        );
        assert_eq!(nearest(all.clone()).unwrap().benchmark.id(), "near");
        all[0].this_change = Some(30_000);
        let found = nearest(all).unwrap();
        assert_eq!(found.benchmark.id(), "far");
        assert!((found.with(0.03) - 0.0918).abs() < 1e-9);
    }

    #[test]
    fn acceptances_multiply_the_limit_of_what_they_are_about() {
        let acceptance = |metric, limit| Acceptance {
            source: AcceptanceSource::Flag,
            benchmarks: vec!["*".into()],
            up_to: BTreeMap::from([(metric, limit)]),
            arch: Vec::new(),
            reason: String::new(),
        };
        let five = acceptance(Metric::WallTime, Limit::relative(0.05).unwrap());
        let ten = acceptance(Metric::WallTime, Limit::relative(0.10).unwrap());
        let both = factor(&[&five, &ten], Metric::WallTime, None);
        assert!((both - 1.155).abs() < 1e-12);
        assert!((raised(0.10, both) - 0.2705).abs() < 1e-12);
        assert!((factor(&[&five], Metric::Instructions, None) - 1.0).abs() < 1e-12);
        // Three more allocations of ten; of how many is not known.
        let three = acceptance(Metric::Allocations, Limit::absolute(3.0).unwrap());
        assert!((factor(&[&three], Metric::Allocations, Some(10.0)) - 1.3).abs() < 1e-12);
        assert!((factor(&[&three], Metric::Allocations, None) - 1.0).abs() < 1e-12);
        let limits = [(Metric::WallTime, Limit::relative(0.10).unwrap())];
        let found = nearest(sums("v1", &[walk("a", &[Some(0.12)])], &limits, |_| 1.05)).unwrap();
        assert_eq!((found.limit, found.raised_from), (155_000, Some(100_000)));
    }
}
