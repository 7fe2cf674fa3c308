//! Which benchmarks of a candidate run what differs from a baseline that is not there: of its executable a summary is known.
//!
//! Only the candidate is launched. What the baseline alone had is not in it, and whoever called that is other code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::super::builder::Builder;
use super::super::super::layouts;
use super::super::super::request::Measuring;
use super::differing::Differing;
use super::look::{Looker, Place};
use super::{Homes, paths_apart, sources_apart};
use crate::build::data_of;
use crate::build::preload::heeds;
use crate::build::relink::{Archives, Changed, Original, changed_since};
use crate::domain::{BenchSummary, BenchmarkName, BuiltBench, LinkSummary, Progress, Reach, Side, Sides};
use crate::measure::runner::Runner;
use crate::support::scratch::Scratch;

/// What the candidate's benchmarks are looked at with.
pub(crate) struct Alone<'a> {
    pub(crate) runner: &'a mut dyn Runner,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) measuring: &'a Measuring,
    pub(crate) builder: &'a Builder<'a>,
    pub(crate) archives: &'a mut Archives,
    /// The folder that belongs to the baseline's source tree.
    pub(crate) baseline: &'a Path,
}

/// What is known of an executable once it was looked at.
pub(crate) struct Found {
    /// What its benchmarks reach.
    pub(crate) reach: BTreeMap<BenchmarkName, Reach>,
    /// What is worth keeping of it.
    pub(crate) link: Option<LinkSummary>,
}

impl Alone<'_> {
    /// Says of each of these benchmarks of an executable whether it runs or opens what the baseline had otherwise.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub(crate) fn find(
        &mut self,
        bench: &BuiltBench,
        before: &BenchSummary,
        names: &[BenchmarkName],
    ) -> Result<Found, String> {
        let (differing, link) = self.differing(bench, before)?;
        if differing.is_nothing() {
            let unreached = || Reach::Unreached { changed: 0, unopened: differing.unopened() };
            let reach = names.iter().map(|name| (name.clone(), unreached())).collect();
            return Ok(Found { reach, link });
        }
        let has_traps = differing.count() > 0;
        let looker = Looker::new(self.runner, self.progress, self.measuring, self.builder, has_traps);
        let mut looker = looker.map_err(|error| error.to_string())?;
        let place = |name| Place { name, built: Some(bench), id: name.id(), differing: &differing };
        let seen = looker.look(Side::Candidate, &names.iter().map(place).collect::<Vec<_>>());
        let reach = |met| differing.reach_of(&met, Side::Candidate);
        let found = seen.into_iter().map(|seen| seen.map_or_else(Reach::Unknown, reach));
        Ok(Found { reach: names.iter().cloned().zip(found).collect(), link })
    }

    /// What differs, as far as the candidate has it, and what is worth keeping of the candidate.
    fn differing(
        &mut self,
        bench: &BuiltBench,
        before: &BenchSummary,
    ) -> Result<(Differing, Option<LinkSummary>), String> {
        // Nobody starts it: it says where the baseline's files are, and what its build made.
        let absent = BuiltBench {
            executable: PathBuf::new(),
            digest: before.executable.clone(),
            surroundings: before.facts.surroundings.clone(),
            home: self.baseline.to_owned(),
            ..bench.clone()
        };
        let benches = Sides { baseline: &absent, candidate: bench };
        let mut homes = Homes::default();
        let data = data_of(self.baseline).map_err(|error| error.to_string())?;
        homes.data.insert(self.baseline.to_owned(), data);
        let paths = paths_apart(self.runner, benches, &mut homes)?;
        nothing_is_gone(&paths.baseline, &bench.home)?;
        let Changed { functions, summary } = match &before.link {
            known if bench.digest == before.executable => {
                Changed { functions: Vec::new(), summary: known.clone() }
            }
            None => return Err("nothing is known of what it was linked from".to_owned()),
            Some(link) => changed(bench, link, self.archives)?,
        };
        let functions = Sides { baseline: Vec::new(), candidate: functions };
        let changed = layouts::Changed { benches: benches.map(Clone::clone), functions };
        let mut differing = Differing { changed, paths, sources: Sides::default(), variables: 0 };
        if !differing.is_nothing() {
            differing.sources = sources_apart(benches, &mut homes)?;
            nothing_is_gone(&differing.sources.baseline, &bench.home)?;
        }
        Ok((differing, summary))
    }
}

/// Makes sure that the candidate has these files of the baseline, too: nobody sees who would have opened one there.
fn nothing_is_gone(paths: &[PathBuf], home: &Path) -> Result<(), String> {
    match paths.iter().find(|path| home.join(path).symlink_metadata().is_err()) {
        None => Ok(()),
        Some(path) => Err(format!("only the baseline has `{}`", path.display())),
    }
}

/// What an executable has otherwise than another one, of which this was kept.
fn changed(bench: &BuiltBench, before: &LinkSummary, archives: &mut Archives) -> Result<Changed, String> {
    if !heeds(bench) {
        return Err("nothing can be preloaded into its executable".to_owned());
    }
    let folder = Scratch::new().map_err(|error| error.to_string())?;
    let original = Original { executable: &bench.executable, digest: &bench.digest };
    changed_since(original, before, archives, folder.path())
}
