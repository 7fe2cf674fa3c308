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
}

/// What a launch met, or why that is not known.
pub(super) type Seen = Result<Met, String>;

/// With what launches are looked at.
pub(super) struct Observer<'a> {
    /// `None` where there is none, or nobody needs it.
    pub(super) preload: Option<&'a Preload>,
    /// Where the files of traps are.
    pub(super) folder: &'a Scratch,
    pub(super) options: CountOptions,
}

impl Observer<'_> {
    /// Runs a benchmark once, and says what it met. Where it has paths to watch, nothing else may run: whoever opens one is
    /// taken for it.
    pub(super) fn launch(&self, counter: &dyn Counter, task: &Task<'_>) -> Seen {
        if interrupted() {
            return Err("the run was interrupted".to_owned());
        }
        let unwatched = |error: io::Error| format!("what it opens cannot be watched: {error}");
        let paths: Vec<PathBuf> = task.paths.iter().map(|path| task.bench.home.join(path)).collect();
        let watch = (!paths.is_empty()).then(|| Watch::on(paths.iter().map(|path| &**path)));
        let watch = watch.transpose().map_err(unwatched)?;
        let functions = self.run(counter, task)?;
        let paths =
            watch.map_or_else(|| Ok(BTreeSet::new()), |mut watch| watch.opened()).map_err(unwatched)?;
        Ok(Met { functions, paths })
    }

    /// Runs a benchmark once, and says which functions it entered.
    fn run(&self, counter: &dyn Counter, task: &Task<'_>) -> Result<Vec<usize>, String> {
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
