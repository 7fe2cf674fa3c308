//! Which benchmarks run what differs: each runs once on each side, with a trap at every function that does not do the same on
//! both. A benchmark that springs none executes the same code.
//!
//! Traps are set before the process does anything, so a function that only makes ready what is measured counts as run.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

use super::super::allocations::preload;
use super::super::catalogue::Benchmark;
use super::super::layouts::{Changed, Key, key};
use super::super::stopwatch::within;
use super::benchmarks::Collector;
use crate::build::preload::{Library, Preload, heeds};
use crate::build::traps::Traps;
use crate::domain::reach::MOST_NAMED;
use crate::domain::{BuiltBench, Event, Presence, Reach, Side, Sides, Stage};
use crate::measure::counter::{CountOptions, Counter, Uncounted};
use crate::measure::listing::ListedBenchmark;
use crate::support::demangle::demangled;
use crate::support::parallel;
use crate::support::process::interrupted;
use crate::support::scratch::Scratch;

/// One launch: what runs, and where its traps are.
struct Task<'a> {
    /// Its place among those that are launched.
    place: usize,
    bench: &'a BuiltBench,
    wanted: ListedBenchmark,
    functions: &'a [(u64, String)],
}

/// The places of the functions that a launch ran, or why that is not known.
type Sprung = Result<Vec<usize>, String>;

/// With what traps are set.
struct Trapper<'a> {
    preload: &'a Preload,
    /// Where their files are.
    folder: &'a Scratch,
    options: CountOptions,
}

impl Collector<'_, '_> {
    /// Finds out of each benchmark whether it runs what differs.
    pub(super) fn find_reach(&mut self, benchmarks: &mut [&mut Benchmark]) {
        self.session.progress.event(Event::Task("Looking which benchmarks the change reaches"));
        let changed = self.changed(benchmarks);
        let found = self.reach_of(benchmarks, &changed);
        for (benchmark, found) in benchmarks.iter_mut().zip(found) {
            tracing::debug!(benchmark = %benchmark.evidence.name, reach = ?found, "knows its reach");
            benchmark.evidence.reach = Some(found);
        }
    }

    /// What differs for each benchmark, once for all of one pair of executables.
    fn changed(&mut self, benchmarks: &[&mut Benchmark]) -> BTreeMap<Key, Result<Changed, String>> {
        let mut all = BTreeMap::new();
        for benchmark in benchmarks {
            let Some(benches) = benchmark.both() else { continue };
            all.entry(key(benches)).or_insert_with(|| {
                let _linking = within(self.session.progress, Stage::Layouts);
                lookable(benchmark, benches).and_then(|()| self.session.layouts.changed(benches))
            });
        }
        all
    }

    fn reach_of(
        &mut self,
        benchmarks: &[&mut Benchmark],
        changed: &BTreeMap<Key, Result<Changed, String>>,
    ) -> Vec<Reach> {
        let unknown = |reason: &str| Reach::Unknown(reason.to_owned());
        let mut found: Vec<Reach> = Vec::new();
        let mut places = Vec::new();
        for (at, benchmark) in benchmarks.iter().enumerate() {
            let changed = benchmark.both().and_then(|benches| changed.get(&key(benches)));
            found.push(match changed {
                None => unknown("one side has it"),
                Some(Err(reason)) => unknown(reason),
                Some(Ok(changed)) if changed.count() == 0 => Reach::Unreached { changed: 0 },
                Some(Ok(changed)) => {
                    places.push((at, changed));
                    unknown("the run was interrupted")
                }
            });
        }
        if places.is_empty() {
            return found;
        }
        let (preload, folder) = (preload(self.builder, Library::Traps), Scratch::new());
        let (Some(preload), Ok(folder)) = (preload, folder) else {
            for (at, _) in places {
                found[at] = unknown("nothing can be preloaded here");
            }
            return found;
        };
        // As fast as a launch that is timed.
        let time_limit = self.session.measuring.launch_options(None).time_limit;
        let options = CountOptions { time_limit, ..self.session.measuring.count_options() };
        let trapper = Trapper { preload: &preload, folder: &folder, options };
        // What the candidate runs that differs needs no second look.
        for side in [Side::Candidate, Side::Baseline] {
            let sprung = self.launch_side(side, benchmarks, &places, &trapper);
            for (sprung, (at, changed)) in sprung.into_iter().zip(&places) {
                found[*at] = match sprung {
                    Ok(run) if run.is_empty() => Reach::Unreached { changed: changed.count() },
                    Ok(run) => reached(&run, changed.functions.get(side), changed.count()),
                    Err(reason) => Reach::Unknown(reason),
                };
            }
            places.retain(|(at, _)| found[*at].is_unreached());
        }
        found
    }

    /// Launches one side of each, and says what it ran, in their order.
    fn launch_side(
        &mut self,
        side: Side,
        benchmarks: &[&mut Benchmark],
        places: &[(usize, &Changed)],
        trapper: &Trapper<'_>,
    ) -> Vec<Sprung> {
        let mut sprung = vec![Err("it is no longer listed".to_owned()); places.len()];
        let mut homes: BTreeMap<PathBuf, Vec<Task<'_>>> = BTreeMap::new();
        for (place, (at, changed)) in places.iter().enumerate() {
            let benchmark = &benchmarks[*at];
            let Some(built) = benchmark.benches.get(side) else { continue };
            let id = benchmark.evidence.name_on(side).id();
            let listed = self.session.runner.list(built).unwrap_or_default();
            let Some(wanted) = listed.into_iter().find(|listed| listed.id == id) else { continue };
            let (bench, functions) = (changed.benches.get(side), changed.functions.get(side));
            homes.entry(built.home.clone()).or_default().push(Task { place, bench, wanted, functions });
        }
        for (home, tasks) in homes {
            let alone = match self.session.runner.counting(&home) {
                Ok(counter) => {
                    let (alone, together): (Vec<Task<'_>>, Vec<Task<'_>>) =
                        tasks.into_iter().partition(|task| counter.is_alone(task.bench));
                    let (progress, mut settled) = (self.session.progress, 0);
                    let take = |at: usize, found| {
                        let place = together[at].place;
                        settled += 1;
                        progress.event(Event::Benchmark {
                            name: &benchmarks[places[place].0].evidence.name,
                            settled,
                            total: together.len(),
                            launches: 0,
                            state: "looked at",
                        });
                        sprung[place] = found;
                        Ok::<(), Infallible>(())
                    };
                    let Ok(()) = parallel::each(&together, |task| trapper.launch(counter, task), take);
                    alone
                }
                Err(error) => {
                    for task in tasks {
                        sprung[task.place] = Err(error.to_string());
                    }
                    continue;
                }
            };
            for task in alone {
                let counter = self.session.runner.counting(&home).map_err(|error| error.to_string());
                sprung[task.place] = counter.and_then(|counter| trapper.launch(counter, &task));
            }
        }
        sprung
    }
}

/// Whether traps tell anything of a benchmark: what it reads and starts when it runs has to be the same.
fn lookable(benchmark: &Benchmark, benches: Sides<&BuiltBench>) -> Result<(), String> {
    if let Presence::Both(builds) = &benchmark.evidence.presence
        && builds.baseline.reach != builds.candidate.reach
    {
        return Err("what it can read or start when it runs differs".to_owned());
    }
    if ![benches.baseline, benches.candidate].into_iter().all(heeds) {
        return Err("nothing can be preloaded into its executable".to_owned());
    }
    Ok(())
}

/// The functions that were run, as people write them.
fn reached(run: &[usize], functions: &[(u64, String)], changed: usize) -> Reach {
    let mut names: Vec<String> = run.iter().map(|&at| demangled(&functions[at].1)).collect();
    names.sort();
    names.dedup();
    names.truncate(MOST_NAMED);
    Reach::Reached { functions: names, run: run.len(), changed }
}

impl Changed {
    /// How many functions differ: on the side that has more of them.
    fn count(&self) -> usize {
        self.functions.baseline.len().max(self.functions.candidate.len())
    }
}

impl Trapper<'_> {
    fn launch(&self, counter: &dyn Counter, task: &Task<'_>) -> Sprung {
        if interrupted() {
            return Err("the run was interrupted".to_owned());
        }
        let text = |error: std::io::Error| error.to_string();
        let addresses: Vec<u64> = task.functions.iter().map(|(address, _)| *address).collect();
        let file = self.folder.path().join(format!("traps-{}", task.place));
        let (traps, bench) = Traps::set(self.preload, task.bench, &addresses, file).map_err(text)?;
        let ran = counter.once(&bench, &task.wanted, &self.options);
        let sprung = traps.sprung().map_err(text)?;
        match (ran, sprung) {
            (Ok(()), Some(places)) => Ok(places),
            (Ok(()), None) => Err("no trap could be set in it".to_owned()),
            (Err(uncounted), _) => Err(reason(uncounted)),
        }
    }
}

fn reason(uncounted: Uncounted) -> String {
    match uncounted {
        Uncounted::Unavailable { reason, .. } | Uncounted::Uncountable(reason) => reason,
        Uncounted::Failed(failure) => failure.to_string(),
    }
}
