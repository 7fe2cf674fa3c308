//! Which benchmarks run what differs: each runs once on each side, with a trap at every function that does not do the same on
//! both, while the files that differ are watched. A benchmark that springs no trap and opens no such file executes the same
//! code with the same data.
//!
//! Traps are set before the process does anything, so a function that only makes ready what is measured counts as run.

mod differing;
mod launch;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::super::allocations::preload;
use super::super::catalogue::Benchmark;
use super::super::layouts::{Changed, Key, key};
use super::super::stopwatch::within;
use super::benchmarks::Collector;
use crate::build::preload::{Library, heeds};
use crate::build::{TreeFiles, apart, data_of, otherwise, sources_of};
use crate::domain::{BuiltBench, Event, Execution, Reach, Side, Sides, Stage};
use crate::measure::counter::CountOptions;
use crate::support::parallel;
use crate::support::scratch::Scratch;
use crate::support::watch::Watch;
use differing::Differing;
use launch::{Observer, READS_SOURCES, Seen, Task, unwatched};

/// How many paths are watched at most.
const MOST_WATCHED: usize = 4096;

/// Where so many benchmarks of an executable all open what differs, what they have in common does, and the others need no look.
const ALL_OPEN: usize = 8;

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
                let paths = self.paths_apart(benches, &mut homes)?;
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

    /// On each side, the paths that differ and that a benchmark may open. `homes` are those whose files are known.
    fn paths_apart(
        &mut self,
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
                self.session.runner.counting(home).map_err(|error| error.to_string())?;
                homes.data.insert(home.clone(), data_of(home).map_err(|error| error.to_string())?);
            }
        }
        let paths = apart(benches, benches.map(|bench| &homes.data[&bench.home]))
            .map_err(|error| error.to_string())?;
        if Side::BOTH.into_iter().any(|side| paths.get(side).len() > MOST_WATCHED) {
            return Err(format!("more than {MOST_WATCHED} files differ that it can read"));
        }
        Ok(paths.map(|paths| paths.into_iter().collect()))
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
        let folder = match Scratch::new() {
            Ok(folder) => folder,
            Err(error) => {
                for (at, _) in places {
                    found[at] = Reach::Unknown(error.to_string());
                }
                return found;
            }
        };
        let has_traps = places.iter().any(|(_, differing)| differing.count() > 0);
        let preload = has_traps.then(|| preload(self.builder, Library::Traps)).flatten();
        // As fast as a launch that is timed.
        let time_limit = self.session.measuring.launch_options(None).time_limit;
        let options = CountOptions { time_limit, ..self.session.measuring.count_options() };
        let observer = Observer { preload: preload.as_deref(), folder: &folder, options };
        // What the candidate runs that differs needs no second look.
        for side in [Side::Candidate, Side::Baseline] {
            let seen = self.launch_side(side, benchmarks, &places, &observer);
            for (seen, (at, differing)) in seen.into_iter().zip(&places) {
                found[*at] = seen.map_or_else(Reach::Unknown, |met| differing.reach_of(&met, side));
            }
            places.retain(|(at, _)| found[*at].is_unreached());
        }
        found
    }

    /// Launches one side of each, and says what it met, in their order.
    fn launch_side(
        &mut self,
        side: Side,
        benchmarks: &[&mut Benchmark],
        places: &[(usize, &Differing)],
        observer: &Observer<'_>,
    ) -> Vec<Seen> {
        let mut seen: Vec<Seen> = places.iter().map(|_| Err("it is no longer listed".to_owned())).collect();
        let mut homes: BTreeMap<PathBuf, Vec<Task<'_>>> = BTreeMap::new();
        let mut total = 0;
        for (place, (at, differing)) in places.iter().enumerate() {
            let benchmark = &benchmarks[*at];
            let Some(built) = benchmark.benches.get(side) else { continue };
            let id = benchmark.evidence.name_on(side).id();
            let listed = self.session.runner.list(built).unwrap_or_default();
            let Some(wanted) = listed.into_iter().find(|listed| listed.id == id) else { continue };
            let Differing { changed, paths, sources, .. } = differing;
            let (bench, functions) = (changed.benches.get(side), changed.functions.get(side));
            let (paths, sources) = (paths.get(side), sources.get(side));
            let task = Task { place, bench, wanted, functions, paths, sources };
            homes.entry(built.home.clone()).or_default().push(task);
            total += 1;
        }
        let (progress, mut settled) = (self.session.progress, 0);
        let mut take = |place: usize, found: Seen| {
            settled += 1;
            let name = &benchmarks[places[place].0].evidence.name;
            progress.event(Event::Benchmark { name, settled, total, launches: 0, state: "looked at" });
            seen[place] = found;
        };
        let mut unknown = Vec::new();
        for (home, tasks) in homes {
            let alone = match self.session.runner.counting(&home) {
                Ok(counter) => {
                    let is_alone = |task: &Task<'_>| counter.is_alone(task.bench) || !task.paths.is_empty();
                    let (alone, together): (Vec<_>, Vec<_>) = tasks.into_iter().partition(is_alone);
                    let take = |at: usize, found| {
                        take(together[at].place, found);
                        Ok::<(), Infallible>(())
                    };
                    let sources: BTreeSet<PathBuf> =
                        together.iter().flat_map(|task| task.sources).map(|path| home.join(path)).collect();
                    let watch = Watch::on(sources.iter().map(|path| &**path));
                    let Ok(()) = parallel::each(&together, |task| observer.launch(counter, task), take);
                    let opened = watch.and_then(|mut watch| watch.opened());
                    let reason = match opened {
                        Ok(opened) => (!opened.is_empty()).then(|| READS_SOURCES.to_owned()),
                        Err(error) => Some(unwatched(&error)),
                    };
                    unknown.extend(
                        reason
                            .iter()
                            .flat_map(|reason| together.iter().map(|task| (task.place, reason.clone()))),
                    );
                    alone
                }
                Err(error) => {
                    for task in tasks {
                        take(task.place, Err(error.to_string()));
                    }
                    continue;
                }
            };
            let mut opening = Opening::default();
            for task in alone {
                let found = if opening.is_common(task.bench) {
                    Err(format!("the first {ALL_OPEN} of its executable all open what differs"))
                } else {
                    let counter = self.session.runner.counting(&home).map_err(|error| error.to_string());
                    counter.and_then(|counter| observer.launch_alone(counter, &task))
                };
                opening.note(&task, &found);
                take(task.place, found);
            }
        }
        // Whichever of them it was.
        for (place, reason) in unknown {
            seen[place] = Err(reason);
        }
        seen
    }
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

/// How many benchmarks of each executable were looked at alone, and how many of these open what differs.
#[derive(Default)]
struct Opening<'a>(BTreeMap<&'a Path, (usize, usize)>);

impl<'a> Opening<'a> {
    fn is_common(&self, bench: &BuiltBench) -> bool {
        let found = self.0.get(&*bench.executable);
        found.is_some_and(|(looked, open)| *looked >= ALL_OPEN && open == looked)
    }

    fn note(&mut self, task: &Task<'a>, seen: &Seen) {
        let Ok(met) = seen else { return };
        let (looked, open) = self.0.entry(&task.bench.executable).or_default();
        *looked += 1;
        *open += usize::from(!met.paths.is_empty());
    }
}
