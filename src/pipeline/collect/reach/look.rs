//! Launching benchmarks to see what each meets of what differs: side by side where nothing is watched, alone where something is.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::super::allocations::preload;
use super::super::super::builder::Builder;
use super::super::super::request::Measuring;
use super::differing::Differing;
use super::launch::{Observer, READS_SOURCES, Seen, Task, unwatched};
use crate::build::preload::{Library, Preload};
use crate::domain::{BenchmarkName, BuiltBench, Event, Progress, Side};
use crate::measure::counter::CountOptions;
use crate::measure::runner::Runner;
use crate::support::parallel;
use crate::support::scratch::Scratch;
use crate::support::watch::Watch;

/// Where so many benchmarks of an executable all open what differs, what they have in common does, and the others need no look.
const ALL_OPEN: usize = 8;

/// A benchmark to be looked at, on one side.
pub(super) struct Place<'a> {
    pub(super) name: &'a BenchmarkName,
    /// The executable of the build; `None` where the side has none.
    pub(super) built: Option<&'a BuiltBench>,
    /// What the benchmark is called there.
    pub(super) id: &'a str,
    pub(super) differing: &'a Differing,
}

/// Who launches them.
pub(super) struct Looker<'a> {
    runner: &'a mut dyn Runner,
    progress: &'a dyn Progress,
    preload: Option<Arc<Preload>>,
    folder: Scratch,
    options: CountOptions,
}

impl<'a> Looker<'a> {
    /// Makes ready what is preloaded, where any function differs.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub(super) fn new(
        runner: &'a mut dyn Runner,
        progress: &'a dyn Progress,
        measuring: &Measuring,
        builder: &Builder<'_>,
        has_traps: bool,
    ) -> io::Result<Self> {
        let folder = Scratch::new()?;
        let preload = has_traps.then(|| preload(builder, Library::Traps)).flatten();
        // As fast as a launch that is timed.
        let time_limit = measuring.launch_options(None).time_limit;
        let options = CountOptions { time_limit, ..measuring.count_options() };
        Ok(Self { runner, progress, preload, folder, options })
    }

    /// Launches one side of each, and says what it met, in their order.
    pub(super) fn look(&mut self, side: Side, places: &[Place<'_>]) -> Vec<Seen> {
        let mut seen: Vec<Seen> = places.iter().map(|_| Err("it is no longer listed".to_owned())).collect();
        let mut homes: BTreeMap<PathBuf, Vec<Task<'_>>> = BTreeMap::new();
        let mut total = 0;
        for (place, Place { built, id, differing, .. }) in places.iter().enumerate() {
            let Some(built) = built else { continue };
            let listed = self.runner.list(built).unwrap_or_default();
            let Some(wanted) = listed.into_iter().find(|listed| listed.id == *id) else { continue };
            let Differing { changed, paths, sources, .. } = differing;
            let (bench, functions) = (changed.benches.get(side), changed.functions.get(side));
            let (paths, sources) = (paths.get(side), sources.get(side));
            let task = Task { place, bench, wanted, functions, paths, sources };
            homes.entry(built.home.clone()).or_default().push(task);
            total += 1;
        }
        let Self { runner, progress, preload, folder, options } = self;
        let observer = Observer { preload: preload.as_deref(), folder, options: *options };
        let mut settled = 0;
        let mut take = |place: usize, found: Seen| {
            settled += 1;
            let name = places[place].name;
            progress.event(Event::Benchmark { name, settled, total, launches: 0, state: "looked at" });
            seen[place] = found;
        };
        let mut unknown = Vec::new();
        for (home, tasks) in homes {
            let alone = match runner.counting(&home) {
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
                    let counter = runner.counting(&home).map_err(|error| error.to_string());
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
