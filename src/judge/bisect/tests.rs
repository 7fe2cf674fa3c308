//! The search in made-up histories.

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
    /// What is stored of it.
    stored: Vec<(usize, f64)>,
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
            stored: Vec::new(),
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

    fn probe(&mut self, base: usize, commit: usize, above: f64, effort: u32) -> Result<Answer, Infallible> {
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

    fn stored(&mut self) -> Result<Vec<(usize, f64)>, Infallible> {
        Ok(self.stored.clone())
    }
}

/// Lines, each with merges that bring in others. The first is the one that is searched.
struct Merged {
    lines: Vec<History>,
    merges: BTreeMap<(usize, usize), usize>,
    /// The lines that are being looked into, the innermost last.
    way: Vec<usize>,
}

impl Merged {
    fn line(&mut self) -> &mut History {
        let line = *self.way.last().unwrap();
        &mut self.lines[line]
    }
}

impl Prober for Merged {
    type Error = Infallible;

    fn probe(&mut self, base: usize, commit: usize, above: f64, effort: u32) -> Result<Answer, Infallible> {
        self.line().probe(base, commit, above, effort)
    }

    fn proven(&mut self, base: usize, commit: usize) -> Result<Option<f64>, Infallible> {
        self.line().proven(base, commit)
    }
}

impl Merges for Merged {
    type Told = (usize, Change);

    fn enter(&mut self, commit: usize) -> Result<Option<usize>, Infallible> {
        let Some(&line) = self.merges.get(&(*self.way.last().unwrap(), commit)) else { return Ok(None) };
        self.way.push(line);
        Ok(Some(self.lines[line].levels.len() - 1))
    }

    fn leave(&mut self) {
        self.way.pop();
    }

    fn told(&self, part: &Part) -> Self::Told {
        (*self.way.last().unwrap(), part.change)
    }
}

/// Looks into histories of one kind, and says how many builds the longest search took.
fn all(
    kind: &str,
    make: impl Fn(&mut Generator) -> History,
    check: impl Fn(&History, &[Part]) -> bool,
) -> f64 {
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
    mean(sum)
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

/// What every commit came to when it was stored, with the noise of runs.
fn results(history: &mut History, noise: f64) -> Vec<(usize, f64)> {
    let levels = history.levels.clone();
    levels.into_iter().map(|level| level + noise * history.random.normal()).enumerate().collect()
}

#[test]
fn stored_results_say_where_to_look_first_and_save_builds() {
    let make = |stored: bool| {
        move |random: &mut Generator| {
            let mut history = History::new(random.bits(), &[(place(random), 0.05)]);
            let results = results(&mut history, 0.01);
            history.stored = if stored { results } else { Vec::new() };
            history
        }
    };
    let right = |history: &History, parts: &[Part]| parts.len() == 1 && is_at(history, &parts[0]);
    let without = all("one step, nothing stored", make(false), right);
    let with = all("one step, every commit stored (noise of 1 %)", make(true), right);
    println!("stored results save {:.1} of {without:.1} builds", without - with);
    assert!(with + 1.5 < without, "{with} {without}");
}

#[test]
fn stored_results_that_mislead_cost_builds_and_no_answer() {
    let make = |random: &mut Generator| {
        let mut history = History::new(random.bits(), &[(place(random), 0.05)]);
        // Two levels that are in the results only: another state of the machine.
        let (one, other) = (8 + random.below(20), 36 + random.below(20));
        let found = results(&mut history, 0.002).into_iter().map(|(place, value)| {
            (place, value + if place >= one { 0.2 } else { 0.0 } + if place >= other { 0.3 } else { 0.0 })
        });
        history.stored = found.collect();
        history
    };
    all("one step, stored results mislead", make, |history, parts| {
        is_at(history, &parts[0]) && history.built.len() <= 8 + 2 * MOST_HINTS
    });
}

#[test]
fn results_of_one_commit_are_one_result() {
    let found = by_place([(3, 1.0), (1, 5.0), (3, 3.0), (3, 2.0), (2, f64::NAN)]);
    assert_eq!(found, [(1, 5.0), (3, 2.0)]);
    assert!(hints(&found).is_empty());
}

#[test]
fn what_a_merge_brought_in_is_found_in_the_merge_and_inside_of_it() {
    let (mut sum, mut most) = (0, 0);
    for seed in 0..HISTORIES {
        let random = &mut Generator::new(seed + 1);
        // A third of the commits are merges, of eight commits each; in every topic one commit merges two more.
        let merge = 1 + 3 * random.below(COMMITS / 3);
        let at = 1 + random.below(7);
        let nested = random.below(2) == 1;
        let line = |random: &mut Generator, commits: usize, step: Option<usize>| {
            let mut line =
                History::new(random.bits(), &step.map(|at| (at, 0.05)).into_iter().collect::<Vec<_>>());
            line.levels.truncate(commits);
            line
        };
        let mut lines = vec![line(random, COMMITS, Some(merge))];
        let mut merges = BTreeMap::new();
        for place in (1..COMMITS).step_by(3) {
            let slow = place == merge;
            merges.insert((0, place), lines.len());
            lines.push(line(random, 9, slow.then_some(at)));
            let inner = if nested { at } else { at + 1 };
            merges.insert((lines.len() - 1, inner), lines.len());
            lines.push(line(random, 3, (slow && nested).then_some(2)));
        }
        let mut graph = Merged { lines, merges, way: vec![0] };
        let parts = culprits(&mut graph, 0, COMMITS - 1, 0.05).unwrap();
        let outer: Vec<Change> = parts.iter().map(|part| part.change).collect();
        assert_eq!(outer, [Change { last_good: merge - 1, first_bad: merge }], "{seed}");
        let found = into_merges(&mut graph, &parts).unwrap();
        let topic = graph.merges[&(0, merge)];
        let culprit = if nested { (topic + 1, 2) } else { (topic, at) };
        let found: Vec<(usize, usize)> =
            found.iter().map(|(line, change)| (*line, change.first_bad)).collect();
        assert_eq!(found, [culprit], "{seed}");
        assert_eq!(graph.way, [0]);
        let built: usize = graph.lines.iter().map(|line| line.built.len()).sum();
        assert!(built <= 8 + 6 + 3, "{seed}: {built}");
        sum += built;
        most = most.max(built);
    }
    let mean = f64::from(u32::try_from(sum).unwrap()) / HISTORIES as f64;
    println!("inside of merges: 20 of 20, {mean:.1} builds, {most} at most");
}
