//! Where in a series of per-commit values the level changed for good.
//!
//! Binary segmentation: find the place that splits a segment best, ask a permutation test whether shuffled values ever
//! split as well, and go on in both halves. The measure is made of ranks, so one wild commit moves nothing. The
//! generator's seed is fixed: the same series always has the same change points.

use super::robust::median;
use crate::domain::random::Generator;

/// How many shuffles each segment is compared with.
const SHUFFLES: u32 = 999;

/// The fewest values on either side of a change point: fewer are an outlier, not a level.
const FEWEST: usize = 3;

/// A place where the level changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The first value of the new level, from 0.
    pub index: usize,
    /// The median from the change point before (or the start) up to here.
    pub before: f64,
    /// The median from here to the next change point (or the end).
    pub after: f64,
    /// The share of shuffles that split as well, the series itself among them.
    pub p: f64,
}

/// Finds the change points of a series in order, each with an error of at most `alpha` for its segment.
///
/// Values that are not finite have the rank of their total order; leave them out beforehand.
pub fn change_points(values: &[f64], alpha: f64) -> Vec<ChangePoint> {
    let mut found = Vec::new();
    let mut generator = Generator::new(0x5EED);
    let mut segments = vec![(0, values.len())];
    while let Some((start, end)) = segments.pop() {
        if let Some((offset, p)) = best_split(&values[start..end], alpha, &mut generator) {
            found.push((start + offset, p));
            segments.push((start, start + offset));
            segments.push((start + offset, end));
        }
    }
    found.sort_by_key(|(index, _)| *index);
    let mut ends: Vec<usize> = vec![0];
    ends.extend(found.iter().map(|(index, _)| *index));
    ends.push(values.len());
    let level = |start: usize, end: usize| median(&values[start..end]).unwrap_or(f64::NAN);
    found
        .iter()
        .zip(ends.windows(3))
        .map(|(&(index, p), ends)| ChangePoint {
            index,
            before: level(ends[0], ends[1]),
            after: level(ends[1], ends[2]),
            p,
        })
        .collect()
}

/// The place that splits best and (a bound of) its probability by chance, if that is at most `alpha`.
fn best_split(values: &[f64], alpha: f64, generator: &mut Generator) -> Option<(usize, f64)> {
    if values.len() < 2 * FEWEST {
        return None;
    }
    let mut ranks = ranks(values);
    let (offset, observed) = strongest(&ranks);
    if observed <= 0.0 {
        return None;
    }
    let bound = chance(observed, ranks.len());
    if bound <= alpha / 10.0 {
        return Some((offset, bound));
    }
    let all = f64::from(SHUFFLES + 1);
    let mut as_strong = 1;
    for _ in 0..SHUFFLES {
        generator.shuffle(&mut ranks);
        as_strong += u32::from(strongest(&ranks).1 >= observed);
        // It only grows: most series have no change point, and few shuffles show that.
        if f64::from(as_strong) / all > alpha {
            return None;
        }
    }
    Some((offset, f64::from(as_strong) / all))
}

/// What the probability that shuffled values split so strongly is at most: Hoeffding's bound for sampling without
/// replacement (1963, section 6), for the ranks on the shorter side of each place, added up over all places.
fn chance(strength: f64, count: usize) -> f64 {
    let count = count as f64;
    2.0 * count * (-strength.powi(2) * count / (count - 1.0).powi(2)).exp()
}

/// The place with the largest standardized difference of mean ranks, and that difference.
fn strongest(ranks: &[f64]) -> (usize, f64) {
    let count = ranks.len() as f64;
    let mut sum = 0.0;
    let mut best = (0, 0.0);
    for (place, rank) in ranks.iter().enumerate().take(ranks.len() - FEWEST) {
        sum += rank;
        let left = place + 1;
        if left >= FEWEST {
            let strength = f64::abs(sum) / (left as f64 * (count - left as f64)).sqrt();
            if strength > best.1 {
                best = (left, strength);
            }
        }
    }
    best
}

/// Ranks around 0; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let centre = (values.len() as f64 - 1.0) / 2.0;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&one, &other| values[one].total_cmp(&values[other]).is_eq()) {
        let rank = below as f64 + (equal.len() as f64 - 1.0) / 2.0 - centre;
        for &place in equal {
            ranks[place] = rank;
        }
        below += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(levels: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let mut random = Generator::new(seed);
        let level = levels.iter().flat_map(|&(count, level)| std::iter::repeat_n(level, count));
        level.map(|level| level + 0.01 * random.normal()).collect()
    }

    #[test]
    fn steps_are_found_where_they_are() {
        let found = change_points(&noisy(&[(20, 1.0), (15, 1.1), (20, 1.05)], 1), 0.01);
        let places: Vec<usize> = found.iter().map(|point| point.index).collect();
        assert_eq!(places, [20, 35]);
        assert!((found[0].before - 1.0).abs() < 0.01 && (found[0].after - 1.1).abs() < 0.01);
        assert!((found[1].before - found[0].after).abs() < f64::EPSILON);
    }

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [1.0, -1.5, 1.0, -0.5]);
    }

    #[test]
    fn the_bound_is_above_what_shuffles_find() {
        let mut generator = Generator::new(7);
        let mut shuffled = ranks(&noisy(&[(60, 1.0)], 4));
        let mut strengths: Vec<f64> = (0..2000)
            .map(|_| {
                generator.shuffle(&mut shuffled);
                strongest(&shuffled).1
            })
            .collect();
        strengths.sort_by(f64::total_cmp);
        for (share, place) in [(0.5, 1000), (0.1, 1800), (0.01, 1980), (0.001, 1998)] {
            assert!(chance(strengths[place], 60) >= share, "{share}");
        }
        // And still says something: half of 400 values above the other half is no chance.
        assert!(chance(strongest(&ranks(&noisy(&[(200, 1.0), (200, 2.0)], 5))).1, 400) < 1e-3);
    }

    #[test]
    fn a_single_wild_commit_is_no_change() {
        let mut values = noisy(&[(30, 1.0)], 2);
        values[14] = 5.0;
        assert_eq!(change_points(&values, 0.01), []);
    }

    #[test]
    fn short_or_constant_series_have_none() {
        assert_eq!(change_points(&[], 0.01), []);
        assert_eq!(change_points(&[1.0, 1.0, 9.0, 9.0], 0.01), []);
        assert_eq!(change_points(&[1.0; 40], 0.01), []);
    }

    #[test]
    fn a_level_series_seldom_has_one() {
        let false_ones =
            (0..40).filter(|&seed| !change_points(&noisy(&[(25, 1.0)], seed), 0.05).is_empty()).count();
        // 5 % of 40 is 2; more than 7 would come in less than 1 of 1000 studies.
        assert!(false_ones <= 7, "{false_ones}");
    }

    #[test]
    fn the_same_series_always_gives_the_same_answer() {
        let values = noisy(&[(12, 1.0), (12, 1.02)], 3);
        assert_eq!(change_points(&values, 0.05), change_points(&values, 0.05));
    }
}
