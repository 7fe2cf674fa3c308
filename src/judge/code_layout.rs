//! Slower, with the same code doing the same things: whether where the code lies may be all that differs.
//!
//! Where a function begins, and which branches share a line of a cache, changes with any code before it, and can change how
//! long it takes by several per cent with nothing else changed (Mytkowicz et al., ASPLOS 2009). A hot loop of the
//! standard library took 7.5 % longer, in every run, after a commit that only touched a neighbour of its caller.
//!
//! Code and counts alone would not tell: data that lie elsewhere or hold other values leave both as they were. So the
//! processor is simulated, and whatever the simulation does not show is not excused: other threads, system calls, and
//! set-up, after which Callgrind begins every iteration with empty caches.

use crate::domain::{MetricOutcome, Sides, Simulated};

/// How much slower a benchmark may look for its layout to be believed.
const MOST: f64 = 0.15;

/// The share of the slowdown that what differs in the simulation may cost.
const SHARE: f64 = 0.1;

/// What a simulated event costs at most, in nanoseconds, on processors of the last ten years.
const COSTS: [(&str, f64); 6] =
    [("Bcm", 10.0), ("Bim", 10.0), ("D1mr", 10.0), ("D1mw", 10.0), ("DLmr", 200.0), ("DLmw", 200.0)];

/// Callgrind's name for system calls.
const SYSTEM_CALLS: &str = "sysCount";

/// Whether a slowdown is one that the code's layout may explain. Not where every pair had a layout of its own: what is slower in all
/// of them is slower wherever it lies. A cap is about the value itself, whatever the reason.
pub fn may_explain(found: &MetricOutcome) -> bool {
    found.drawn_pairs < found.pairs
        && found.limit.cap().is_none()
        && found.change.is_some_and(|change| change > 0.0 && change <= MOST)
}

/// Whether counts with simulated events leave nothing that would explain a slowdown (in nanoseconds for each iteration)
/// but where the code lies.
pub fn only_layout_differs(counts: Sides<&Simulated>, slowdown: f64) -> bool {
    let Sides { baseline, candidate } = counts;
    let same_code = baseline.code.is_some() && baseline.code == candidate.code;
    let same_count = baseline.sample == candidate.sample;
    let event = |count: &Simulated, name: &str| count.events.get(name).copied();
    let shown = |count: &Simulated| {
        count.threads == 1 && !count.set_up && event(count, SYSTEM_CALLS).is_some_and(|calls| calls < 1e-9)
    };
    let cost = COSTS.iter().try_fold(0.0, |sum, (name, nanoseconds)| {
        let more = event(candidate, name)? - event(baseline, name)?;
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
    use crate::domain::{Digest, Limit, Metric, Reason, Sample, Verdict};

    const USUAL: [(&str, f64); 7] = [
        ("Bcm", 599.0),
        ("Bim", 0.0),
        ("D1mr", 1114.0),
        ("D1mw", 0.0),
        ("DLmr", 0.0),
        ("DLmw", 0.0),
        (SYSTEM_CALLS, 0.0),
    ];

    /// An iteration with some events as often as told and the rest as usual.
    fn count(changed: &[(&str, f64)]) -> Simulated {
        let events = USUAL.iter().chain(changed).map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Simulated {
            code: Some(Digest::new("1")),
            sample: Sample::new(10, 1e6).unwrap(),
            events,
            set_up: false,
            threads: 1,
        }
    }

    /// Against a slowdown of 300 ns for each iteration.
    fn excused(candidate: &Simulated) -> bool {
        only_layout_differs(Sides { baseline: &count(&[]), candidate }, 300.0)
    }

    #[test]
    fn what_the_simulation_shows_is_not_layout() {
        assert!(excused(&count(&[])));
        // One miss of the first cache and a tenth of a branch for each iteration: 11 ns.
        assert!(excused(&count(&[("D1mr", 1113.0), ("Bcm", 599.1), ("I1mr", 900.0)])));
        assert!(!excused(&count(&[("D1mr", 1118.0)])));
        assert!(!excused(&count(&[("Bcm", 700.0)])));
        assert!(!excused(&count(&[("DLmw", 0.2)])));
    }

    #[test]
    fn what_the_simulation_does_not_show_is_not_excused() {
        assert!(!excused(&count(&[(SYSTEM_CALLS, 1.0)])));
        assert!(!excused(&Simulated { threads: 2, ..count(&[]) }));
        assert!(!excused(&Simulated { set_up: true, ..count(&[]) }));
        assert!(!excused(&Simulated { code: Some(Digest::new("2")), ..count(&[]) }));
        assert!(!excused(&Simulated { code: None, ..count(&[]) }));
        assert!(!excused(&Simulated { sample: Sample::new(10, 1e6 + 1.0).unwrap(), ..count(&[]) }));
        let unsimulated = Simulated { events: std::collections::BTreeMap::new(), ..count(&[]) };
        assert!(!only_layout_differs(Sides { baseline: &unsimulated, candidate: &unsimulated }, 300.0));
    }

    #[test]
    fn what_is_far_slower_or_above_its_cap_has_another_reason() {
        let limit = |text| Limit::parse(text, Metric::WallTime).unwrap();
        let explains = |text, change, drawn_pairs| {
            let reason = Reason::Identical;
            let found =
                MetricOutcome::without_figures(Metric::WallTime, limit(text), Verdict::Regressed, reason);
            may_explain(&MetricOutcome { change, pairs: 9, drawn_pairs, ..found })
        };
        assert!(explains("5%", Some(0.075), 0));
        assert!(!explains("5%", Some(0.2), 0));
        assert!(!explains("5% | 10us", Some(0.075), 0));
        assert!(!explains("5%", Some(0.0), 0));
        assert!(!explains("5%", None, 0));
        assert!(!explains("5%", Some(0.075), 9), "every pair had a layout of its own");
    }
}
