//! What small steps add up to. Pure.

use crate::domain::{BenchmarkName, CommitId, Creep, Limit, Metric};

/// How many steps are named.
const NAMED: usize = 3;

/// One benchmark's metric along a line of commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    /// Which benchmark.
    pub benchmark: BenchmarkName,
    /// Which figure.
    pub metric: Metric,
    /// For each commit after the first of the line, by how much it is slower than the one before, as a log ratio; `None`
    /// where that is not known.
    pub steps: Vec<(CommitId, Option<f64>)>,
}

/// Adds up every walk, and picks the one that has come nearest to its limit, or furthest beyond. `None` where nothing is known.
pub fn creep(since: &str, walks: &[Walk], limits: &[(Metric, Limit)]) -> Option<Creep> {
    let summed = walks.iter().filter_map(|walk| {
        let (_, limit) = limits.iter().find(|(metric, _)| *metric == walk.metric)?;
        let known: Vec<(&CommitId, f64)> =
            walk.steps.iter().filter_map(|(commit, step)| Some((commit, (*step)?))).collect();
        let most = limit.fraction(1.0);
        let sum: f64 = known.iter().map(|(_, step)| step).sum();
        (!known.is_empty() && most > 0.0).then(|| (sum.exp_m1() / most, walk, *limit, known, sum))
    });
    let (_, walk, limit, mut known, sum) = summed.max_by(|one, other| one.0.total_cmp(&other.0))?;
    let count = known.len();
    known.sort_by(|one, other| other.1.total_cmp(&one.1));
    let largest = known.into_iter().filter(|(_, step)| *step > 0.0).take(NAMED);
    Some(Creep {
        since: since.to_owned(),
        benchmark: walk.benchmark.clone(),
        metric: walk.metric,
        change: Creep::millionths(sum.exp_m1()),
        limit: Creep::millionths(limit.fraction(1.0)),
        known: count,
        commits: walk.steps.len(),
        largest: largest.map(|(commit, step)| (commit.clone(), Creep::millionths(step.exp_m1()))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(id: &str, steps: &[Option<f64>]) -> Walk {
        let commit = |place| CommitId::from_hex(&format!("{place:040x}")).unwrap();
        let steps = steps.iter().enumerate().map(|(place, step)| (commit(place), step.map(f64::ln_1p)));
        Walk {
            benchmark: BenchmarkName::new("app", "bench", id),
            metric: Metric::WallTime,
            steps: steps.collect(),
        }
    }

    fn limits() -> Vec<(Metric, Limit)> {
        vec![(Metric::WallTime, Limit::relative(0.10).unwrap())]
    }

    #[test]
    fn thirty_commits_of_one_percent_add_up() {
        let slow = walk("slow", &[Some(0.01); 30]);
        let found = creep("v1", &[walk("steady", &[Some(0.0); 30]), slow], &limits()).unwrap();
        assert_eq!((found.benchmark.id(), found.known, found.commits), ("slow", 30, 30));
        assert_eq!((found.change, found.limit), (347_849, 100_000));
        assert_eq!(found.largest.len(), NAMED);
    }

    #[test]
    fn what_goes_up_and_down_comes_to_nothing() {
        let steps: Vec<Option<f64>> =
            (0..30).map(|place| Some(if place % 2 == 0 { 0.05 } else { 1.0 / 1.05 - 1.0 })).collect();
        let found = creep("v1", &[walk("wave", &steps)], &limits()).unwrap();
        assert_eq!(found.change, 0);
    }

    #[test]
    fn what_is_not_known_is_told_and_adds_nothing() {
        let found = creep("v1", &[walk("gaps", &[Some(0.02), None, Some(0.03), None])], &limits()).unwrap();
        assert_eq!((found.known, found.commits), (2, 4));
        assert_eq!(found.change, 50_600);
        assert_eq!(found.largest[0].1, 30_000, "the largest first");
        assert_eq!(creep("v1", &[walk("nothing", &[None, None])], &limits()), None);
        assert_eq!(creep("v1", &[walk("unwatched", &[Some(0.5)])], &[]), None);
    }
}
