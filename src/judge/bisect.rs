//! Which commits of a line made a benchmark slower: pure search. Whoever builds and measures answers as a [`Prober`].
//!
//! A commit is told good or bad by whether it is above half of the change that is looked for. What cannot be told (a
//! build that breaks, a benchmark that is not there, a result that stays undecided) is neither: the nearest neighbour is
//! asked instead, and the answer is as many commits wide as could not be told. Noise can make a search longer, never its
//! answer less sure: an answer counts only when it is proven one way or the other.

use std::collections::BTreeMap;

/// How often an undecided commit is asked again, each time with more effort.
const EFFORTS: u32 = 3;
/// A part of less than this share of the whole change is not looked for.
const LEAST_SHARE: f64 = 0.2;
/// How many parts are looked for at most.
const MOST_PARTS: usize = 4;

/// What a commit turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Proven not above the level that was asked about.
    Good,
    /// Proven above it.
    Bad,
    /// Neither is proven.
    Undecided,
    /// It does not build, or the benchmark fails.
    Broken,
    /// It does not have the benchmark.
    Absent,
}

/// Whoever builds and measures. Commits are places on the line, the oldest 0.
pub trait Prober {
    /// Why nothing can be found out any more.
    type Error;

    /// Whether a commit is slower than `base` by more than `above`, a log ratio. A higher `effort` measures longer.
    ///
    /// # Errors
    /// The search has to end.
    fn probe(&mut self, base: usize, commit: usize, above: f64, effort: u32) -> Result<Answer, Self::Error>;

    /// By how much a commit is slower than `base`, as a log ratio, where that is proven by the rule of the gate.
    ///
    /// # Errors
    /// The search has to end.
    fn proven(&mut self, base: usize, commit: usize) -> Result<Option<f64>, Self::Error>;
}

/// Where a line changes from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The last commit that is good.
    pub last_good: usize,
    /// The first that is bad. What lies between could not be told.
    pub first_bad: usize,
}

impl Change {
    /// How many commits it may be.
    pub fn suspects(&self) -> usize {
        self.first_bad - self.last_good
    }
}

/// A part of the slowdown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Where.
    pub change: Change,
    /// Its log ratio, where it is proven.
    pub log_ratio: Option<f64>,
}

/// Finds where a line changes by more than half of `whole`: `from` is good, `to` is bad.
fn between<P: Prober>(prober: &mut P, from: usize, to: usize, whole: f64) -> Result<Change, P::Error> {
    let mut ends = Change { last_good: from, first_bad: to };
    let mut unknown: BTreeMap<usize, Answer> = BTreeMap::new();
    loop {
        let middle = usize::midpoint(ends.last_good, ends.first_bad);
        let open = (ends.last_good + 1..ends.first_bad).filter(|place| !unknown.contains_key(place));
        let Some(place) = open.min_by_key(|place| place.abs_diff(middle)) else { return Ok(ends) };
        let mut answer = Answer::Undecided;
        for effort in 0..EFFORTS {
            answer = prober.probe(from, place, whole / 2.0, effort)?;
            if answer != Answer::Undecided {
                break;
            }
        }
        match answer {
            Answer::Good => ends.last_good = place,
            Answer::Bad => ends.first_bad = place,
            Answer::Undecided | Answer::Broken | Answer::Absent => {
                unknown.insert(place, answer);
            }
        }
    }
}

/// Finds the commits that made the last of a line slower than the first by `whole`, a log ratio above 0. The largest part
/// comes first.
///
/// # Errors
/// The prober's.
pub fn culprits<P: Prober>(
    prober: &mut P,
    from: usize,
    to: usize,
    whole: f64,
) -> Result<Vec<Part>, P::Error> {
    let mut parts: Vec<Part> = Vec::new();
    let mut left = vec![(from, to, whole)];
    while let Some((from, to, change)) = left.pop() {
        let found = between(prober, from, to, change)?;
        let log_ratio = prober.proven(found.last_good, found.first_bad)?;
        parts.push(Part { change: found, log_ratio });
        let rest = change - log_ratio.unwrap_or(0.0);
        if parts.len() + left.len() >= MOST_PARTS || rest < LEAST_SHARE * whole {
            continue;
        }
        for (from, to) in [(from, found.last_good), (found.first_bad, to)] {
            if from == to {
                continue;
            }
            if let Some(part) = prober.proven(from, to)?.filter(|part| *part >= LEAST_SHARE * whole) {
                left.push((from, to, part));
            }
        }
    }
    let size = |part: &Part| part.log_ratio.unwrap_or(0.0);
    parts.sort_by(|one, other| size(other).total_cmp(&size(one)));
    Ok(parts)
}

/// The first commit of a line that has the benchmark: `from` does not, `to` does.
///
/// # Errors
/// The prober's.
pub fn first_with<P: Prober>(prober: &mut P, from: usize, to: usize) -> Result<usize, P::Error> {
    let (mut without, mut with) = (from, to);
    let mut broken = Vec::new();
    loop {
        let middle = usize::midpoint(without, with);
        let open = (without + 1..with).filter(|place| !broken.contains(place));
        let Some(place) = open.min_by_key(|place| place.abs_diff(middle)) else { return Ok(with) };
        match prober.probe(to, place, 0.0, 0)? {
            Answer::Absent => without = place,
            Answer::Broken => broken.push(place),
            Answer::Good | Answer::Bad | Answer::Undecided => with = place,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use super::*;
    use crate::domain::random::Generator;

    const COMMITS: usize = 64;
    const HISTORIES: u64 = 20;

    /// A made-up history.
    struct History {
        /// The log of each commit's time.
        levels: Vec<f64>,
        broken: BTreeSet<usize>,
        /// Commits before this one do not have the benchmark.
        since: usize,
        /// The standard deviation of one measurement, and how many times it is the margin within which nothing is proven.
        noise: f64,
        random: Generator,
        built: BTreeSet<usize>,
        probes: usize,
    }

    impl History {
        fn new(seed: u64, steps: &[(usize, f64)]) -> Self {
            let level = |place| steps.iter().filter(|(at, _)| *at <= place).map(|(_, by)| by).sum();
            Self {
                levels: (0..COMMITS).map(level).collect(),
                broken: BTreeSet::new(),
                since: 0,
                noise: 0.0,
                random: Generator::new(seed),
                built: BTreeSet::new(),
                probes: 0,
            }
        }

        fn whole(&self) -> f64 {
            self.levels[COMMITS - 1] - self.levels[self.since]
        }

        fn difference(&mut self, base: usize, commit: usize, effort: u32) -> (f64, f64) {
            self.built.extend([base, commit]);
            let sd = self.noise / f64::from(1_u32 << effort).sqrt();
            (self.levels[commit] - self.levels[base] + sd * self.random.normal(), 3.5 * sd)
        }
    }

    impl Prober for History {
        type Error = Infallible;

        fn probe(
            &mut self,
            base: usize,
            commit: usize,
            above: f64,
            effort: u32,
        ) -> Result<Answer, Infallible> {
            self.probes += 1;
            if self.broken.contains(&commit) {
                self.built.insert(commit);
                return Ok(Answer::Broken);
            }
            if commit < self.since {
                self.built.insert(commit);
                return Ok(Answer::Absent);
            }
            let (value, margin) = self.difference(base, commit, effort);
            Ok(match value - above {
                over if over > margin => Answer::Bad,
                over if over <= -margin => Answer::Good,
                _ => Answer::Undecided,
            })
        }

        fn proven(&mut self, base: usize, commit: usize) -> Result<Option<f64>, Infallible> {
            let (value, margin) = self.difference(base, commit, 3);
            Ok((value > margin.max(0.005)).then_some(value))
        }
    }

    /// Looks into histories of one kind, and says how many builds the longest search took.
    fn all(kind: &str, make: impl Fn(&mut Generator) -> History, check: impl Fn(&History, &[Part]) -> bool) {
        let (mut most, mut sum, mut probes) = (0, 0, 0);
        for seed in 0..HISTORIES {
            let mut history = make(&mut Generator::new(seed + 1));
            let since = history.since;
            let from = if since > 0 { first_with(&mut history, 0, COMMITS - 1).unwrap() } else { 0 };
            assert_eq!(from, since, "{kind} {seed}");
            let whole = history.whole();
            let parts = culprits(&mut history, from, COMMITS - 1, whole).unwrap();
            assert!(check(&history, &parts), "{kind} {seed}: {parts:?}");
            most = most.max(history.built.len());
            sum += history.built.len();
            probes += history.probes;
        }
        let mean = |count: usize| count as f64 / HISTORIES as f64;
        println!("{kind}: 20 of 20, {:.1} builds, {most} at most, {:.1} probes", mean(sum), mean(probes));
    }

    fn place(random: &mut Generator) -> usize {
        1 + random.below(COMMITS - 1)
    }

    fn is_at(history: &History, part: &Part) -> bool {
        let Change { last_good, first_bad } = part.change;
        first_bad == last_good + 1 && history.levels[first_bad] - history.levels[last_good] > 0.01
    }

    #[test]
    fn one_step_is_found_with_as_many_builds_as_halvings() {
        let make = |random: &mut Generator| History::new(random.bits(), &[(place(random), 0.05)]);
        all("one step", make, |history, parts| {
            parts.len() == 1 && is_at(history, &parts[0]) && history.built.len() <= 8
        });
    }

    #[test]
    fn of_two_steps_both_are_found_the_larger_first() {
        let make = |random: &mut Generator| {
            let one = 1 + random.below(COMMITS - 2);
            let other = one + 1 + random.below(COMMITS - 1 - one);
            History::new(random.bits(), &[(one, 0.03), (other, 0.05)])
        };
        all("two steps", make, |history, parts| {
            let sizes: Vec<f64> = parts.iter().filter_map(|part| part.log_ratio).collect();
            parts.len() == 2 && parts.iter().all(|part| is_at(history, part)) && sizes[0] > sizes[1]
        });
    }

    #[test]
    fn a_noisy_benchmark_takes_longer_and_gives_the_same_answer() {
        let make = |random: &mut Generator| History {
            noise: 0.008,
            ..History::new(random.bits(), &[(place(random), 0.05)])
        };
        all("noisy", make, |history, parts| is_at(history, &parts[0]));
    }

    #[test]
    fn broken_builds_widen_the_answer_by_no_more_than_themselves() {
        let make = |random: &mut Generator| {
            let mut history = History::new(random.bits(), &[(place(random), 0.05)]);
            let broken = |random: &mut Generator| 1 + random.below(COMMITS - 2);
            history.broken = (0..20).map(|_| broken(random)).collect();
            history
        };
        all("a third broken", make, |history, parts| {
            let Change { last_good, first_bad } = parts[0].change;
            history.levels[first_bad] > 0.01
                && history.levels[last_good] < 0.01
                && (last_good + 1..first_bad).all(|place| history.broken.contains(&place))
        });
    }

    #[test]
    fn a_benchmark_that_old_commits_do_not_have_is_looked_for_first() {
        let make = |random: &mut Generator| {
            let since = 1 + random.below(40);
            let at = since + 1 + random.below(COMMITS - 2 - since);
            History { since, ..History::new(random.bits(), &[(at, 0.05)]) }
        };
        all("absent in old commits", make, |history, parts| is_at(history, &parts[0]));
    }
}
