//! Slower, with the same code doing the same things: whether where the code lies may be all that differs.
//!
//! Where a function begins, and which branches share a line of a cache, changes with any code before it, and can change how
//! long it takes by several per cent with nothing else changed (Mytkowicz et al., ASPLOS 2009). A hot loop of the
//! standard library took 7.5 % longer, in every run, after a commit that only touched a neighbour of its caller.
//!
//! Code and counts alone would not tell: data that lie elsewhere or hold other values leave both as they were. So the
//! processor is simulated, and whatever the simulation does not show is not excused: other threads, system calls, and
//! set-up, after which Callgrind begins every iteration with empty caches.

use crate::domain::{InstructionCount, MetricOutcome, PLACEMENT, Sides, Verdict};

/// How much slower a benchmark may look for its placement to be believed.
const MOST: f64 = 0.15;

/// The share of the slowdown that what differs in the simulation may cost.
const SHARE: f64 = 0.1;

/// What a simulated event costs at most, in nanoseconds, on processors of the last ten years.
const COSTS: [(&str, f64); 6] =
    [("Bcm", 10.0), ("Bim", 10.0), ("D1mr", 10.0), ("D1mw", 10.0), ("DLmr", 200.0), ("DLmw", 200.0)];

/// Callgrind's name for system calls.
const SYSTEM_CALLS: &str = "sysCount";

/// Whether an outcome is one that placement may explain. A cap is about the value itself, whatever the reason.
pub fn may_be_placement(outcome: &MetricOutcome) -> bool {
    outcome.verdict == Verdict::Regressed
        && outcome.limit.cap().is_none()
        && outcome.change.is_some_and(|change| change > 0.0 && change <= MOST)
}

/// An outcome that placement explains: nobody made it slower.
pub fn placed(outcome: &MetricOutcome) -> MetricOutcome {
    MetricOutcome { verdict: Verdict::Inconclusive, reason: Some(PLACEMENT.to_owned()), ..outcome.clone() }
}

/// Whether counts with simulated events leave nothing that would explain a slowdown (in nanoseconds for each iteration)
/// but where the code lies.
pub fn only_placement_differs(counts: Sides<&InstructionCount>, slowdown: f64) -> bool {
    let Sides { baseline, candidate } = counts;
    let same_code = baseline.code.is_some() && baseline.code == candidate.code;
    let same_count = baseline.sample == candidate.sample;
    let shown = |count: &InstructionCount| {
        count.threads == 1 && !count.set_up && count.event(SYSTEM_CALLS).is_some_and(|calls| calls < 1e-9)
    };
    let cost = COSTS.iter().try_fold(0.0, |sum, (event, nanoseconds)| {
        let more = candidate.event(event)? - baseline.event(event)?;
        Some(sum + more.abs() * nanoseconds)
    });
    same_code
        && same_count
        && shown(baseline)
        && shown(candidate)
        && cost.is_some_and(|cost| cost <= SHARE * slowdown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, Limit, Metric, Profile, Sample};

    const USUAL: [(&str, u64); 7] = [
        ("Bcm", 5990),
        ("Bim", 0),
        ("D1mr", 11_140),
        ("D1mw", 0),
        ("DLmr", 0),
        ("DLmw", 0),
        (SYSTEM_CALLS, 0),
    ];

    /// Ten iterations, with some events as often as told and the rest as usual.
    fn count(changed: &[(&str, u64)]) -> InstructionCount {
        let events = USUAL.iter().chain(changed).map(|(name, total)| ((*name).to_owned(), *total)).collect();
        InstructionCount {
            sample: Sample::new(10, 1e6).unwrap(),
            profile: Profile { events, ..Profile::default() },
            code: Some(Digest::new("1")),
            counter: String::new(),
            set_up: false,
            threads: 1,
            seconds: 0.0,
        }
    }

    /// Against a slowdown of 300 ns for each iteration.
    fn excused(candidate: &InstructionCount) -> bool {
        only_placement_differs(Sides { baseline: &count(&[]), candidate }, 300.0)
    }

    #[test]
    fn what_the_simulation_shows_is_no_placement() {
        assert!(excused(&count(&[])));
        // One miss of the first cache and a tenth of a branch for each iteration: 11 ns.
        assert!(excused(&count(&[("D1mr", 11_130), ("Bcm", 5991), ("I1mr", 9000)])));
        assert!(!excused(&count(&[("D1mr", 11_180)])));
        assert!(!excused(&count(&[("Bcm", 7000)])));
        assert!(!excused(&count(&[("DLmw", 2)])));
    }

    #[test]
    fn what_the_simulation_does_not_show_is_not_excused() {
        assert!(!excused(&count(&[(SYSTEM_CALLS, 10)])));
        assert!(!excused(&InstructionCount { threads: 2, ..count(&[]) }));
        assert!(!excused(&InstructionCount { set_up: true, ..count(&[]) }));
        assert!(!excused(&InstructionCount { code: Some(Digest::new("2")), ..count(&[]) }));
        assert!(!excused(&InstructionCount { code: None, ..count(&[]) }));
        assert!(!excused(&InstructionCount { sample: Sample::new(10, 1e6 + 1.0).unwrap(), ..count(&[]) }));
        let unsimulated = InstructionCount { profile: Profile::default(), ..count(&[]) };
        assert!(!only_placement_differs(Sides { baseline: &unsimulated, candidate: &unsimulated }, 300.0));
    }

    #[test]
    fn what_is_far_slower_or_above_its_cap_has_another_reason() {
        let outcome = |limit: &str, verdict, change| MetricOutcome {
            change: Some(change),
            ..MetricOutcome::without_figures(
                Metric::WallTime,
                Limit::parse(limit, Metric::WallTime).unwrap(),
                verdict,
                "",
            )
        };
        assert!(may_be_placement(&outcome("5%", Verdict::Regressed, 0.075)));
        assert!(!may_be_placement(&outcome("5%", Verdict::Regressed, 0.2)));
        assert!(!may_be_placement(&outcome("5%", Verdict::Unchanged, 0.01)));
        assert!(!may_be_placement(&outcome("5% | 10us", Verdict::Regressed, 0.075)));
        assert!(!may_be_placement(&outcome("5%", Verdict::Regressed, 0.0)));
        let placed = placed(&outcome("5%", Verdict::Regressed, 0.075));
        assert_eq!((placed.verdict, placed.change), (Verdict::Inconclusive, Some(0.075)));
        assert_eq!(placed.reason.as_deref(), Some(PLACEMENT));
    }
}
