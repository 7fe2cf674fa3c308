//! From single counted samples to what one iteration costs in the steady state, whatever counts.

use super::launch;
use super::plan::{self, Counted};
use crate::measure::counter::Uncounted;

/// A launch that counts as it is told.
pub(super) trait CounterSource {
    /// What a counted sample gives besides its total.
    type Detail;

    /// One counted sample.
    fn count(&mut self, iterations: u64) -> Result<(Counted, Self::Detail), Uncounted>;

    /// One sample that is not counted. Gives how long one iteration of it took, in nanoseconds.
    fn sample(&mut self, iterations: u64) -> Result<f64, Uncounted>;

    /// Shown the first count of an iteration that was not the first.
    fn settled(&mut self, detail: &Self::Detail);

    /// What many iterations gave without what one gave.
    fn difference(many: &Self::Detail, one: &Self::Detail) -> Self::Detail;
}

/// Iterations in the steady state.
#[derive(Debug)]
pub(super) struct Steady<D> {
    /// How many.
    pub(super) iterations: u64,
    /// What they took together.
    pub(super) total: u64,
    /// Whether each has a beginning of its own.
    pub(super) set_up: bool,
    /// The detail of it.
    pub(super) detail: D,
}

/// Counts iterations in the steady state.
///
/// The first iteration fills what is filled once (lazily made tables, the allocator's lists, symbols that are bound
/// at the first call), so it is never taken. One uncounted sample as large as the counted one leaves the
/// allocator as a large sample does; where an iteration is so long that this is nothing beside it, it is left out.
pub(super) fn steady<T: CounterSource>(source: &mut T) -> Result<Steady<T::Detail>, Uncounted> {
    let (cold, _) = source.count(1)?;
    if cold.spans == 0 {
        return Err(launch::times_itself());
    }
    let (one, detail) = source.count(1)?;
    if one.total == 0 {
        return Err(Uncounted::Unavailable {
            reason: "none of its instructions was seen".to_owned(),
            remedy: None,
        });
    }
    source.settled(&detail);
    if one.total >= plan::LONG {
        // With one iteration nobody can tell.
        return Ok(Steady { iterations: 1, total: one.total, set_up: true, detail });
    }
    let (two, detail_of_two) = source.count(2)?;
    let set_up = two.spans > one.spans;
    if one.total >= plan::SLOW {
        let (iterations, total) = plan::difference(1, one.total, two.total);
        let detail = if iterations == 1 { T::difference(&detail_of_two, &detail) } else { detail_of_two };
        return Ok(Steady { iterations, total, set_up, detail });
    }
    // The first sample after a count is translated anew.
    source.sample(1)?;
    let nanoseconds = source.sample(1)?;
    let further = plan::further(one, two).min(plan::in_time(nanoseconds));
    source.sample(1 + further)?;
    let (one, detail_of_one) = source.count(1)?;
    let (many, detail) = source.count(1 + further)?;
    let (iterations, total) = plan::difference(further, one.total, many.total);
    let detail = if iterations == further { T::difference(&detail, &detail_of_one) } else { detail };
    Ok(Steady { iterations, total, set_up, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Costs 30 once per sample, 100 for an iteration, and 1000 more for the very first.
    struct Known {
        cold: bool,
        each: u64,
        asked: Vec<u64>,
        shown: usize,
    }

    impl CounterSource for Known {
        type Detail = u64;

        fn count(&mut self, iterations: u64) -> Result<(Counted, u64), Uncounted> {
            self.asked.push(iterations);
            let extra = if std::mem::take(&mut self.cold) { 1000 } else { 0 };
            let total = if self.each == 0 { 0 } else { 30 + extra + self.each * iterations };
            Ok((Counted { spans: u64::from(self.each != 1), total }, total))
        }

        fn sample(&mut self, _iterations: u64) -> Result<f64, Uncounted> {
            Ok(1000.0)
        }

        fn settled(&mut self, _detail: &u64) {
            self.shown += 1;
        }

        fn difference(many: &u64, one: &u64) -> u64 {
            many - one
        }
    }

    fn source(each: u64) -> Known {
        Known { cold: true, each, asked: Vec::new(), shown: 0 }
    }

    #[test]
    fn neither_the_first_iteration_nor_what_a_sample_costs_is_left_in() {
        let mut quick = source(100);
        let Steady { iterations, total, set_up, detail } = steady(&mut quick).unwrap();
        assert!(iterations > 100 && !set_up);
        assert_eq!((total, detail), (100 * iterations, 100 * iterations));
        assert_eq!(quick.shown, 1);
    }

    #[test]
    fn long_iterations_are_counted_as_few_times_as_possible() {
        let mut long = source(plan::LONG);
        assert_eq!(steady(&mut long).unwrap().iterations, 1);
        assert_eq!(long.asked, [1, 1]);
        let mut slow = source(plan::SLOW);
        let Steady { iterations, total, detail, .. } = steady(&mut slow).unwrap();
        assert_eq!((iterations, total, detail), (1, plan::SLOW, plan::SLOW));
        assert_eq!(slow.asked, [1, 1, 2]);
    }

    #[test]
    fn what_times_itself_and_what_is_not_seen_are_told_apart() {
        assert!(matches!(steady(&mut source(1)).unwrap_err(), Uncounted::Uncountable(_)));
        assert!(matches!(steady(&mut source(0)).unwrap_err(), Uncounted::Unavailable { .. }));
    }
}
