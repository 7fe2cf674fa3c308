//! Which commits of a line made a benchmark slower: pure search. Whoever builds and measures answers as a [`Prober`].
//!
//! A commit is told good or bad by whether it is above half of the change that is looked for. What cannot be told (a
//! build that breaks, a benchmark that is not there, a result that stays undecided) is neither: the nearest neighbour is
//! asked instead, and the answer is as many commits wide as could not be told. Noise can make a search longer, never its
//! answer less sure: an answer counts only when it is proven one way or the other.

use std::collections::BTreeMap;

use crate::stats::change_points;
use crate::stats::robust::median;

/// How often an undecided commit is asked again, each time with more effort.
const EFFORTS: u32 = 3;
/// A part of less than this share of the whole change is not looked for.
const LEAST_SHARE: f64 = 0.2;
/// How many parts are looked for at most.
const MOST_PARTS: usize = 4;

/// The probability with which stored results seem to have a new level where there is none.
const ALPHA: f64 = 0.01;
/// How many new levels in stored results say where to look first.
const MOST_HINTS: usize = 2;
/// How many merges deep is looked into.
const DEEPEST: usize = 8;

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

    /// What is stored of the line: commits, and the logarithm of each result. It says where to look first, and nothing else.
    ///
    /// # Errors
    /// The search has to end.
    fn stored(&mut self) -> Result<Vec<(usize, f64)>, Self::Error> {
        Ok(Vec::new())
    }
}

/// A prober that can look into merges.
pub trait Merges: Prober {
    /// A part as people know it.
    type Told;

    /// Goes to the line that a merge brought in, and gives its last place: the first is where the two lines parted. `None`
    /// where the commit is no merge.
    ///
    /// # Errors
    /// The search has to end.
    fn enter(&mut self, commit: usize) -> Result<Option<usize>, Self::Error>;

    /// Goes back to the line before.
    fn leave(&mut self);

    /// Names a part of the line at hand.
    fn told(&self, part: &Part) -> Self::Told;
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

/// Where to look first: where stored results rise to a new level, the largest rise first, the first commit of the new level and
/// the last of the old.
fn hints(stored: &[(usize, f64)]) -> Vec<usize> {
    let values: Vec<f64> = stored.iter().map(|(_, value)| *value).collect();
    let mut rises = change_points(&values, ALPHA);
    rises.retain(|change| change.after > change.before);
    rises.sort_by(|one, other| (other.after - other.before).total_cmp(&(one.after - one.before)));
    let places = rises.into_iter().take(MOST_HINTS);
    places.flat_map(|rise| [stored[rise.index].0, stored[rise.index - 1].0]).collect()
}

/// One value for each commit, of as many as there are of each, in the order of the line.
pub fn by_place(values: impl IntoIterator<Item = (usize, f64)>) -> Vec<(usize, f64)> {
    let mut places: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (place, value) in values.into_iter().filter(|(_, value)| value.is_finite()) {
        places.entry(place).or_default().push(value);
    }
    places.into_iter().filter_map(|(place, values)| Some((place, median(&values)?))).collect()
}

/// Finds where a line changes by more than half of `whole`: `from` is good, `to` is bad.
fn between<P: Prober>(prober: &mut P, from: usize, to: usize, whole: f64) -> Result<Change, P::Error> {
    let mut ends = Change { last_good: from, first_bad: to };
    let mut unknown: BTreeMap<usize, Answer> = BTreeMap::new();
    let hints = hints(&prober.stored()?);
    loop {
        let middle = usize::midpoint(ends.last_good, ends.first_bad);
        let between = ends.last_good + 1..ends.first_bad;
        let open = |place: &usize| between.contains(place) && !unknown.contains_key(place);
        let hinted = hints.iter().copied().find(open);
        let nearest = || between.clone().filter(open).min_by_key(|place| place.abs_diff(middle));
        let Some(place) = hinted.or_else(nearest) else { return Ok(ends) };
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

/// Looks for what merges brought in among the commits that were merged, merges of merges included. What cannot be found there
/// stays with the merge.
///
/// # Errors
/// The prober's.
pub fn into_merges<M: Merges>(prober: &mut M, parts: &[Part]) -> Result<Vec<M::Told>, M::Error> {
    deeper(prober, parts, DEEPEST)
}

fn deeper<M: Merges>(prober: &mut M, parts: &[Part], left: usize) -> Result<Vec<M::Told>, M::Error> {
    let mut all = Vec::new();
    for part in parts {
        let alone = part.change.suspects() == 1 && left > 0;
        let merged = if alone { prober.enter(part.change.first_bad)? } else { None };
        let Some(last) = merged else {
            all.push(prober.told(part));
            continue;
        };
        let inner = match prober.proven(0, last)? {
            Some(whole) => culprits(prober, 0, last, whole)?,
            None => Vec::new(),
        };
        let inner = deeper(prober, &inner, left - 1)?;
        prober.leave();
        if inner.is_empty() {
            all.push(prober.told(part));
        }
        all.extend(inner);
    }
    Ok(all)
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
mod tests;
