//! One launch of a benchmark that is looked at: with traps at functions that differ, while files that differ are watched.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use super::differing::Met;
use crate::build::preload::Preload;
use crate::build::traps::Traps;
use crate::domain::BuiltBench;
use crate::measure::counter::{CountOptions, Counter, Uncounted};
use crate::measure::listing::ListedBenchmark;
use crate::support::process::interrupted;
use crate::support::scratch::Scratch;
use crate::support::watch::Watch;

/// One launch: what runs, where its traps are, and what is watched.
pub(super) struct Task<'a> {
    /// Its place among those that are launched.
    pub(super) place: usize,
    pub(super) bench: &'a BuiltBench,
    pub(super) wanted: ListedBenchmark,
    pub(super) functions: &'a [(u64, String)],
    /// In the home of its side.
    pub(super) paths: &'a [PathBuf],
    /// In the same home, what nobody is expected to open.
    pub(super) sources: &'a [PathBuf],
}

/// What a launch met, or why that is not known.
pub(super) type Seen = Result<Met, String>;

impl Task<'_> {
    /// What is watched where it runs alone.
    fn watched(&self) -> Vec<PathBuf> {
        self.paths.iter().chain(self.sources).map(|path| self.bench.home.join(path)).collect()
    }
}

/// Why nothing is known of who reads what is compiled.
pub(super) const READS_SOURCES: &str = "a source file or a manifest that differs is opened";

/// Why nothing is known where nothing can be watched.
pub(super) fn unwatched(error: &io::Error) -> String {
    format!("what it opens cannot be watched: {error}")
}

/// With what launches are looked at.
pub(super) struct Observer<'a> {
    /// `None` where there is none, or nobody needs it.
    pub(super) preload: Option<&'a Preload>,
    /// Where the files of traps are.
    pub(super) folder: &'a Scratch,
    pub(super) options: CountOptions,
}

impl Observer<'_> {
    /// Runs a benchmark once beside others, and says what it met. What any of them opens is watched by somebody else.
    pub(super) fn launch(&self, counter: &dyn Counter, task: &Task<'_>) -> Seen {
        Ok(Met { functions: self.run(counter, task)?, paths: BTreeSet::new() })
    }

    /// Runs a benchmark once with nothing beside it, and says what it met: whoever opens what is watched is taken for it.
    pub(super) fn launch_alone(&self, counter: &dyn Counter, task: &Task<'_>) -> Seen {
        let watched = task.watched();
        let watch = Watch::on(watched.iter().map(|path| &**path));
        let mut watch = watch.map_err(|error| unwatched(&error))?;
        let functions = self.run(counter, task)?;
        let paths = watch.opened().map_err(|error| unwatched(&error))?;
        if paths.iter().any(|&at| at >= task.paths.len()) {
            return Err(READS_SOURCES.to_owned());
        }
        Ok(Met { functions, paths })
    }

    /// Runs a benchmark once, and says which functions it entered.
    fn run(&self, counter: &dyn Counter, task: &Task<'_>) -> Result<Vec<usize>, String> {
        if interrupted() {
            return Err("the run was interrupted".to_owned());
        }
        if task.functions.is_empty() {
            let ran = counter.once(task.bench, &task.wanted, &self.options);
            return ran.map(|()| Vec::new()).map_err(reason);
        }
        let text = |error: io::Error| error.to_string();
        let preload = self.preload.ok_or("nothing can be preloaded here")?;
        let addresses: Vec<u64> = task.functions.iter().map(|(address, _)| *address).collect();
        let file = self.folder.path().join(format!("traps-{}", task.place));
        let (traps, bench) = Traps::set(preload, task.bench, &addresses, file).map_err(text)?;
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
