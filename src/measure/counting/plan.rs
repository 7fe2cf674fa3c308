//! How many iterations are counted, and what one of them costs. Pure.
//!
//! What happens once per sample (the calls around the loop, the first poll of a future) is the same for one iteration
//! as for many. So one iteration is counted, and then some more, and the difference is divided.

/// A benchmark of which one iteration takes so many instructions is counted by that iteration alone: what happens once
/// per sample is less than a millionth of it.
pub(super) const LONG: u64 = 200_000_000;

/// A benchmark of which one iteration takes so many is counted by two of them, without more to level the allocator: what that
/// did is less than a hundred-thousandth, and eleven iterations of a second under Callgrind are worth a shorter wait.
pub(super) const SLOW: u64 = 10_000_000;

/// About how many instructions the counted iterations take together: a few hundredths of a second under Callgrind.
const WORTH: u64 = 4_000_000;

/// About how many nanoseconds further iterations of a benchmark that waits may take.
const TIME: f64 = 5e8;

/// The most iterations beyond the first.
const MOST: u64 = 1 << 14;

/// Of a benchmark with set-up. Up to 10 iterations each has a batch of its own in every version of Criterion and by
/// every `BatchSize` but a fixed one; from 11 on some batches hold two, and other code is counted than for one.
pub(super) const OF_BATCHES: u64 = 9;

/// What was counted of a sample: how often counting began in it, and how much of something it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) spans: u64,
    pub(super) total: u64,
}

/// How many iterations to count beyond the first, by what one and two of them took.
///
/// Decided by what was counted and not by time, so that launches agree. A power of two, so that both sides of
/// a comparison agree unless they are far apart.
pub(super) fn further(one: Counted, two: Counted) -> u64 {
    let each = two.total.saturating_sub(one.total).max(two.total / 2).max(1);
    let wanted = (WORTH / each).clamp(1, MOST);
    let wanted = 1 << wanted.ilog2();
    if two.spans > one.spans { wanted.min(OF_BATCHES) } else { wanted }
}

/// The most further iterations of a benchmark of which one, uncounted, takes so many nanoseconds under Valgrind.
///
/// A limit for those that wait or ask much of the system: an iteration that only computes and takes few instructions
/// never comes near. A power of two.
pub(super) fn in_time(nanoseconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer, and what is no number becomes 0"
    )]
    let fitting = (TIME / nanoseconds) as u64;
    1 << fitting.clamp(1, MOST).ilog2()
}

/// Iterations and what they cost, from a count of one iteration and one of `further` more.
///
/// A benchmark that varies may take less for more: then nothing is taken out.
pub(super) fn difference(further: u64, one: u64, many: u64) -> (u64, u64) {
    match many.checked_sub(one) {
        Some(total) => (further, total),
        None => (further + 1, many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(spans: u64, total: u64) -> Counted {
        Counted { spans, total }
    }

    #[test]
    fn short_iterations_are_counted_often_and_long_ones_once() {
        assert_eq!(further(counted(1, 30), counted(1, 36)), MOST);
        assert_eq!(further(counted(1, 7_045), counted(1, 14_060)), 512);
        assert_eq!(further(counted(1, 14_000_045), counted(1, 28_000_060)), 1);
        assert_eq!(further(counted(1, 0), counted(1, 0)), MOST);
    }

    #[test]
    fn no_batch_gets_two_iterations() {
        assert!(further(counted(1, 7_203), counted(2, 14_406)) < 10);
        assert!(further(counted(1, 24), counted(2, 48)) < 10);
        assert_eq!(further(counted(1, 14_000_000), counted(2, 28_000_000)), 1);
    }

    #[test]
    fn waiting_is_not_repeated_for_ever() {
        assert_eq!(in_time(100.0), MOST);
        assert_eq!(in_time(1e6), 256, "a millisecond's sleep");
        assert_eq!(in_time(4e7), 8, "a process that is started");
        assert_eq!(in_time(3e9), 1);
        assert_eq!([f64::NAN, 0.0, -1.0].map(in_time), [1, MOST, 1]);
    }

    #[test]
    fn both_sides_of_a_small_change_agree() {
        assert_eq!(
            further(counted(1, 7_045), counted(1, 14_060)),
            further(counted(1, 7_080), counted(1, 14_130))
        );
    }

    #[test]
    fn what_happens_once_per_sample_cancels() {
        assert_eq!(difference(512, 7_045, 30 + 513 * 7_015), (512, 512 * 7_015));
        assert_eq!(difference(1, 100, 90), (2, 90), "a count that varies is left whole");
    }
}
