//! A second look at what got slower though its code is the same: counted once more, with a simulated processor.

use super::Referee;
use super::counting::{Count, same_code};
use crate::domain::{BuiltBench, Event, InstructionCount, Metric, Side, Sides};
use crate::judge::placement::{may_be_placement, only_placement_differs, placed};
use crate::measure::counter::CountOptions;
use crate::measure::runner::Runner;
use crate::support::process::interrupted;

impl Referee<'_> {
    /// What is regressed by the clock alone, and does the same on both sides but for where its code lies, is no regression:
    /// inconclusive, and said why.
    pub(super) fn doubt_placement(&mut self, counted: &[Count]) {
        let same = same_code(counted);
        let options = CountOptions { caches: true, ..self.request.measuring.count_options() };
        for count in counted.iter().filter(|count| count.counts_instructions() && same.contains(&count.name))
        {
            let Some(outcome) = self.settled.get_mut(&count.name) else { continue };
            let time = outcome.metrics.iter_mut().find(|found| found.metric == Metric::WallTime);
            let Some(time) = time.filter(|found| may_be_placement(found)) else { continue };
            if count.benches.baseline.digest == count.benches.candidate.digest {
                continue;
            }
            if interrupted() {
                break;
            }
            let stage = format!("Looking why {} is slower with the same code", count.name);
            self.progress.event(Event::Stage(&stage));
            let simulated = simulate(self.runner, count.benches.as_ref(), count.name.id(), &options);
            let slowdown = time.baseline.zip(time.change).map_or(0.0, |(baseline, change)| baseline * change);
            if simulated.is_some_and(|counts| only_placement_differs(counts.as_ref(), slowdown)) {
                *time = placed(time);
            }
        }
    }
}

/// Counts one benchmark of both sides under a simulated processor. `None` when one of them cannot be.
fn simulate(
    runner: &mut dyn Runner,
    benches: Sides<&BuiltBench>,
    id: &str,
    options: &CountOptions,
) -> Option<Sides<InstructionCount>> {
    let mut one = |side: Side| {
        let bench = *benches.get(side);
        let wanted = runner.list(bench).ok()?.into_iter().find(|listed| listed.id == id)?;
        runner.counting(&bench.home).ok()?.instructions(bench, &wanted, options).ok()
    };
    Some(Sides { baseline: one(Side::Baseline)?, candidate: one(Side::Candidate)? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;
    use crate::domain::fixtures::bench;
    use crate::domain::{AllocationCount, Profile, Sample};
    use crate::measure::counter::{Counter, InstructionSource, Uncounted};
    use crate::measure::criterion::ListedBenchmark;
    use crate::pipeline::counts::tests::CountsOnly;

    /// Counts misses by the executable's digest, where there is a figure.
    struct Simulator {
        misses: BTreeMap<String, u64>,
        asked: Mutex<Vec<CountOptions>>,
    }

    impl Counter for Simulator {
        fn instructions(
            &self,
            bench: &BuiltBench,
            _: &ListedBenchmark,
            options: &CountOptions,
        ) -> Result<InstructionCount, Uncounted> {
            self.asked.lock().unwrap().push(*options);
            let misses = self.misses.get(bench.digest.as_str());
            let misses = *misses.ok_or_else(|| Uncounted::Uncountable("it times itself".into()))?;
            let events = BTreeMap::from([("D1mr".to_owned(), misses)]);
            Ok(InstructionCount {
                sample: Sample::new(1, 1000.0).unwrap(),
                profile: Profile { events, ..Profile::default() },
                code: None,
                counter: "simulator".to_owned(),
                set_up: false,
                threads: 1,
                seconds: 0.1,
            })
        }

        fn allocations(
            &self,
            _: &BuiltBench,
            _: &ListedBenchmark,
            _: &CountOptions,
        ) -> Result<AllocationCount, Uncounted> {
            Err(Uncounted::Uncountable("not here".into()))
        }
    }

    #[test]
    fn both_sides_are_simulated_each_in_its_place() {
        let misses = BTreeMap::from([("1".to_owned(), 70), ("2".to_owned(), 90)]);
        let mut runner = CountsOnly::new(Simulator { misses, asked: Mutex::default() }, &["a", "b"]);
        let options = CountOptions {
            time_limit: Duration::from_secs(1),
            source: InstructionSource::Callgrind,
            caches: true,
        };
        let (one, two, unknown) = (bench("1"), bench("2"), bench("3"));
        let both = Sides { baseline: &one, candidate: &two };
        let found = simulate(&mut runner, both, "b", &options).unwrap();
        assert_eq!(found.map(|count| count.profile.events["D1mr"]), Sides { baseline: 70, candidate: 90 });
        assert!(runner.counter.asked.lock().unwrap().iter().all(|asked| asked.caches));
        assert_eq!(runner.homes, 2);
        assert!(simulate(&mut runner, both, "no such benchmark", &options).is_none());
        let half = Sides { baseline: &one, candidate: &unknown };
        assert!(simulate(&mut runner, half, "b", &options).is_none());
    }
}
