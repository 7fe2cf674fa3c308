//! Which benchmarks run what differs: each runs once on each side, with a trap at every function that does not do the same on
//! both, while the files that differ are watched. A benchmark that springs no trap and opens no such file executes the same
//! code with the same data.
//!
//! Traps are set before the process does anything, so a function that only makes ready what is measured counts as run.

pub(crate) mod alone;
mod differing;
mod launch;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::catalogue::Benchmark;
use super::super::layouts::{Changed, Key, key};
use super::super::stopwatch::within;
use super::benchmarks::Collector;
use crate::build::preload::heeds;
use crate::build::{TreeFiles, apart, data_of, otherwise, sources_of};
use crate::domain::{BuiltBench, Event, Execution, Reach, Side, Sides, Stage};
use crate::measure::runner::Runner;
use differing::Differing;
use look::{Looker, Place};

/// How many paths are watched at most.
const MOST_WATCHED: usize = 4096;

impl Collector<'_, '_> {
    /// Finds out of each benchmark whether it runs what differs.
    pub(super) fn find_reach(&mut self, benchmarks: &mut [&mut Benchmark]) {
        self.session.progress.event(Event::Task("Looking which benchmarks the change reaches"));
        let differing = self.differing(benchmarks);
        let found = self.reach_of(benchmarks, &differing);
        for (benchmark, found) in benchmarks.iter_mut().zip(found) {
            tracing::debug!(benchmark = %benchmark.evidence.name, reach = ?found, "knows its reach");
            benchmark.evidence.reach = Some(found);
        }
    }

    /// What differs for each benchmark, once for all of one pair of executables.
    fn differing(&mut self, benchmarks: &[&mut Benchmark]) -> BTreeMap<Key, Result<Differing, String>> {
        let (mut all, mut homes) = (BTreeMap::new(), Homes::default());
        for benchmark in benchmarks {
            let Some(benches) = benchmark.both() else { continue };
            all.entry(key(benches)).or_insert_with(|| {
                let paths = paths_apart(self.session.runner, benches, &mut homes)?;
                let changed = self.changed(benches)?;
                let (sources, variables) = (Sides::default(), variables_apart(benches));
                let mut differing = Differing { changed, paths, sources, variables };
                // Where nothing is launched nobody reads any.
                if !differing.is_nothing() {
                    differing.sources = sources_apart(benches, &mut homes)?;
                }
                Ok(differing)
            });
        }
        all
    }

    /// The functions that differ.
    fn changed(&mut self, benches: Sides<&BuiltBench>) -> Result<Changed, String> {
        if benches.baseline.digest == benches.candidate.digest {
            return Ok(Changed::nothing(benches));
        }
        if ![benches.baseline, benches.candidate].into_iter().all(heeds) {
            return Err("nothing can be preloaded into its executable".to_owned());
        }
        let _linking = within(self.session.progress, Stage::Layouts);
        self.session.layouts.changed(benches)
    }

    fn reach_of(
        &mut self,
        benchmarks: &[&mut Benchmark],
        differing: &BTreeMap<Key, Result<Differing, String>>,
    ) -> Vec<Reach> {
        let unknown = |reason: &str| Reach::Unknown(reason.to_owned());
        let mut found: Vec<Reach> = Vec::new();
        let mut places = Vec::new();
        for (at, benchmark) in benchmarks.iter().enumerate() {
            let differing = benchmark.both().and_then(|benches| differing.get(&key(benches)));
            found.push(match differing {
                None => unknown("one side has it"),
                Some(Err(reason)) => unknown(reason),
                Some(Ok(differing)) if differing.is_nothing() => {
                    Reach::Unreached { changed: 0, unopened: differing.unopened() }
                }
                Some(Ok(differing)) => {
                    places.push((at, differing));
                    unknown("the run was interrupted")
                }
            });
        }
        if places.is_empty() {
            return found;
        }
        let has_traps = places.iter().any(|(_, differing)| differing.count() > 0);
        let (runner, progress) = (&mut *self.session.runner, self.session.progress);
        let looker = Looker::new(runner, progress, self.session.measuring, self.builder, has_traps);
        let mut looker = match looker {
            Ok(looker) => looker,
            Err(error) => {
                for (at, _) in places {
                    found[at] = unknown(&error.to_string());
                }
                return found;
            }
        };
        // What the candidate runs that differs needs no second look.
        for side in [Side::Candidate, Side::Baseline] {
            let here: Vec<Place<'_>> = places
                .iter()
                .map(|&(at, differing)| {
                    let Benchmark { evidence, benches } = &*benchmarks[at];
                    let (built, id) = (benches.get(side).as_ref(), evidence.name_on(side).id());
                    Place { name: &evidence.name, built, id, differing }
                })
                .collect();
            let seen = looker.look(side, &here);
            for (seen, (at, differing)) in seen.into_iter().zip(&places) {
                found[*at] = seen.map_or_else(Reach::Unknown, |met| differing.reach_of(&met, side));
            }
            places.retain(|(at, _)| found[*at].is_unreached());
        }
        found
    }
}

/// On each side, the paths that differ and that a benchmark may open. `homes` are those whose files are known.
fn paths_apart(
    runner: &mut dyn Runner,
    benches: Sides<&BuiltBench>,
    homes: &mut Homes,
) -> Result<Sides<Vec<PathBuf>>, String> {
    if benches.baseline.surroundings.digest == benches.candidate.surroundings.digest {
        return Ok(Sides::default());
    }
    // Another kernel, or another machine, opens files that nobody sees here.
    if [benches.baseline, benches.candidate].iter().any(|bench| bench.execution != Execution::Native) {
        return Err("what a runner opens cannot be watched".to_owned());
    }
    for home in [&benches.baseline.home, &benches.candidate.home] {
        if !homes.data.contains_key(home) {
            // What an earlier launch left there is gone then.
            runner.counting(home).map_err(|error| error.to_string())?;
            homes.data.insert(home.clone(), data_of(home).map_err(|error| error.to_string())?);
        }
    }
    let paths =
        apart(benches, benches.map(|bench| &homes.data[&bench.home])).map_err(|error| error.to_string())?;
    if Side::BOTH.into_iter().any(|side| paths.get(side).len() > MOST_WATCHED) {
        return Err(format!("more than {MOST_WATCHED} files differ that it can read"));
    }
    Ok(paths.map(|paths| paths.into_iter().collect()))
}

/// The files of homes, once they are asked for.
#[derive(Default)]
struct Homes {
    data: BTreeMap<PathBuf, TreeFiles>,
    sources: BTreeMap<PathBuf, TreeFiles>,
}

/// On each side, the files that differ and that only compilers and tools read, as a rule. Who reads one all the same is seen.
fn sources_apart(benches: Sides<&BuiltBench>, homes: &mut Homes) -> Result<Sides<Vec<PathBuf>>, String> {
    for home in [&benches.baseline.home, &benches.candidate.home] {
        if !homes.sources.contains_key(home) {
            homes.sources.insert(home.clone(), sources_of(home).map_err(|error| error.to_string())?);
        }
    }
    let found = otherwise(benches.map(|bench| &homes.sources[&bench.home]));
    if Side::BOTH.into_iter().any(|side| found.get(side).len() > MOST_WATCHED) {
        return Err(format!("more than {MOST_WATCHED} source files differ"));
    }
    Ok(found)
}

/// How many variables a bench finds that have other values, or only on one side: those of its package and of build scripts.
fn variables_apart(benches: Sides<&BuiltBench>) -> usize {
    let Sides { baseline, candidate } = benches.map(|bench| &bench.environment);
    let names: BTreeSet<&String> = baseline.keys().chain(candidate.keys()).collect();
    names.into_iter().filter(|name| baseline.get(*name) != candidate.get(*name)).count()
}
