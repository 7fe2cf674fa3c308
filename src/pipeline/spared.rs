//! Bench targets of which no baseline has to be built: the store knows what it was, and nothing that the candidate has otherwise is
//! run by any benchmark.
//!
//! A machine that was set up a minute ago has no baseline, but it may have the history that all machines share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::builder::{Builder, Spare};
use super::catalogue::{Benchmark, ListedBench};
use super::collect::reach::alone::{Alone, Found};
use super::error::PipelineError;
use super::prepared::{Planned, Prepared, TargetName};
use super::request::CompareRequest;
use super::session::{provenance, side_build};
use super::stopwatch::within;
use super::workspace::Listing;
use crate::build::relink::Archives;
use crate::build::variables_of;
use crate::domain::{
    BenchSummary, BenchmarkEvidence, BenchmarkName, BuiltBench, Event, Execution, Layout, LinkSummary, Note,
    Presence, Progress, Provenance, Reach, Revision, SideBuild, Sides, SourceTree, Stage, UnitKind,
};
use crate::judge::{Rules, Step, next};
use crate::measure::runner::Runner;
use crate::store::Store;
use crate::support::process::interrupted;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Spared {
    targets: BTreeMap<TargetName, Known>,
}

/// One bench target.
#[derive(Debug)]
struct Known {
    /// What the baseline would tell of itself. Its executable is nowhere.
    listed: ListedBench,
    /// What the candidate's benchmarks reach; nothing where both executables are one.
    reach: BTreeMap<BenchmarkName, Reach>,
    /// What is worth keeping of the candidate.
    link: Option<LinkSummary>,
}

impl Spared {
    /// What the baseline would tell of these bench targets.
    pub(super) fn listed(&self) -> impl Iterator<Item = ListedBench> {
        self.targets.values().map(|known| known.listed.clone())
    }

    /// Takes down what is known of these benchmarks. Nobody can ask their baselines for more.
    pub(super) fn settle(&self, benchmarks: &mut [Benchmark]) {
        for benchmark in benchmarks {
            let name = &benchmark.evidence.name;
            let target = name.target_name();
            let Some(known) = self.targets.get(&target) else { continue };
            benchmark.evidence.reach = known.reach.get(name).cloned();
            benchmark.benches.baseline = None;
        }
    }

    /// Their names.
    pub(super) fn names(&self) -> BTreeSet<TargetName> {
        self.targets.keys().cloned().collect()
    }

    /// What is worth keeping of a candidate's executable.
    pub(super) fn summary_of(&self, bench: &BuiltBench) -> Option<LinkSummary> {
        self.targets.get(&bench.target_name())?.link.clone()
    }

    /// What a reader should know.
    pub(super) fn note(&self) -> Option<Note> {
        (!self.targets.is_empty()).then_some(Note::BaselineKnown(self.targets.len()))
    }
}

/// A search for them.
pub(super) struct Search<'a> {
    pub(super) request: &'a CompareRequest,
    pub(super) store: &'a Store,
    pub(super) runner: &'a mut dyn Runner,
    pub(super) progress: &'a dyn Progress,
    pub(super) builder: &'a Builder<'a>,
    pub(super) baseline: &'a Revision,
    /// What the store knows of the baseline, once it was asked.
    known: Vec<BenchSummary>,
    /// What was found so far.
    spared: Spared,
}

/// Nothing is known: every build is made.
pub(super) struct Nothing;

impl Spare for Nothing {
    fn may_know(&mut self, _: &SourceTree) -> bool {
        false
    }

    fn find(
        &mut self,
        _: &Prepared,
        _: &SourceTree,
        _: &Planned,
    ) -> Result<BTreeSet<TargetName>, PipelineError> {
        Ok(BTreeSet::new())
    }
}

impl Spare for Search<'_> {
    /// Where nobody asks for more than the judge does, and nothing was built that could be looked at itself.
    fn may_know(&mut self, baseline: &SourceTree) -> bool {
        let CompareRequest { judging, creep, scope, axes, .. } = self.request;
        let may_spare = scope.layout == Layout::Drawn
            && *axes == Sides::default()
            && creep.is_none()
            && !judging.aa_test
            && !self.baseline.dirty
            && !was_built(baseline);
        if may_spare {
            self.known = self.known();
        }
        !self.known.is_empty()
    }

    fn find(
        &mut self,
        candidate: &Prepared,
        baseline: &SourceTree,
        planned: &Planned,
    ) -> Result<BTreeSet<TargetName>, PipelineError> {
        let known: Vec<BenchSummary> =
            self.known.iter().filter(|before| before.facts.key == planned.key).cloned().collect();
        if known.is_empty() {
            return Ok(BTreeSet::new());
        }
        self.progress.event(Event::Task("Looking what the change reaches of what is known of the baseline"));
        let _stage = within(self.progress, Stage::Counting);
        let mut archives = Archives::default();
        let listing = Listing::ask(candidate, self.runner, self.progress)?;
        for listed in &listing.benches {
            let bench = &listed.bench;
            let name = bench.target_name();
            let is_only =
                listing.benches.iter().filter(|other| other.bench.label() == bench.label()).count() == 1;
            let Some(before) = known.iter().find(|before| stands_for(before, bench)).filter(|_| is_only)
            else {
                continue;
            };
            match self.look(listed, before, baseline, &mut archives) {
                Ok(Found { reach, link }) => {
                    tracing::debug!(target = bench.label(), "needs no baseline");
                    let listed = absent(listed, before);
                    self.spared.targets.insert(name, Known { listed, reach, link });
                }
                Err(reason) => tracing::debug!(target = bench.label(), %reason, "needs a baseline"),
            }
            if interrupted() {
                return Err(PipelineError::Interrupted);
            }
        }
        let names = self.spared.names();
        if names == planned.targets || planned.may_be_parted {
            return Ok(names);
        }
        self.spared = Spared::default();
        Ok(BTreeSet::new())
    }
}

impl<'a> Search<'a> {
    /// Nobody was asked yet.
    pub(super) fn new(
        request: &'a CompareRequest,
        (builder, baseline): (&'a Builder<'a>, &'a Revision),
        store: &'a Store,
        runner: &'a mut dyn Runner,
        progress: &'a dyn Progress,
    ) -> Self {
        let (known, spared) = (Vec::new(), Spared::default());
        Self { request, store, runner, progress, builder, baseline, known, spared }
    }

    /// What was found.
    pub(super) fn found(self) -> Spared {
        self.spared
    }

    /// What the store knows of the baseline. That it cannot say costs a build, and is told where something has to be kept.
    fn known(&self) -> Vec<BenchSummary> {
        let found = self.store.summaries(&self.baseline.tree);
        found
            .inspect_err(|error| tracing::debug!(%error, "nothing is known of the baseline"))
            .unwrap_or_default()
    }

    /// What each of its benchmarks reaches, where that is nothing.
    ///
    /// # Errors
    /// Why more has to be known.
    fn look(
        &mut self,
        listed: &ListedBench,
        before: &BenchSummary,
        tree: &SourceTree,
        archives: &mut Archives,
    ) -> Result<Found, String> {
        let bench = &listed.bench;
        let Ok(ids) = &listed.ids else { return Err("it cannot list its benchmarks".to_owned()) };
        let wanted = |ids: &[String]| -> BTreeSet<BenchmarkName> {
            let names = ids.iter().map(|id| BenchmarkName::new(&bench.package, &bench.target, id));
            names.filter(|name| self.request.scope.includes(name)).collect()
        };
        let names = wanted(ids);
        if names != wanted(&before.facts.ids) {
            return Err("it has other benchmarks".to_owned());
        }
        let names: Vec<BenchmarkName> = names.into_iter().collect();
        let is_one = bench.digest == before.executable
            && bench.surroundings.digest == before.facts.surroundings.digest;
        let found = if is_one {
            Found { reach: BTreeMap::new(), link: before.link.clone() }
        } else if variables_of(bench) != before.facts.variables {
            return Err("variables that Cargo sets have other values".to_owned());
        } else {
            let mut alone = Alone {
                runner: self.runner,
                progress: self.progress,
                measuring: &self.request.measuring,
                builder: self.builder,
                archives,
                baseline: &tree.home,
            };
            alone.find(bench, before, &names)?
        };
        let builds =
            Sides { baseline: side_build(&absent(listed, before).bench), candidate: side_build(bench) };
        match names.iter().find(|name| !self.is_settled(name, &builds, found.reach.get(name))) {
            None => Ok(found),
            Some(name) => Err(format!("{name}: {:?}", found.reach.get(name))),
        }
    }

    /// Whether the judge has nothing more to ask about a benchmark of which that is known.
    fn is_settled(&self, name: &BenchmarkName, builds: &Sides<SideBuild>, reach: Option<&Reach>) -> bool {
        let presence = Presence::Both(Box::new(builds.clone()));
        let evidence =
            BenchmarkEvidence { reach: reach.cloned(), ..BenchmarkEvidence::new(name.clone(), presence) };
        let asked = self.request.asked();
        let budget = self.request.measuring.budget.as_secs_f64();
        next(&evidence, &Rules::new(&self.request.judging.policy, &asked, budget), 1) == Step::Done
    }
}

/// Whether Cargo built something of a tree here.
fn was_built(tree: &SourceTree) -> bool {
    tree.target().join(".rustc_info.json").exists()
}

/// Whether a summary is of the bench target that an executable is of, built likewise.
fn stands_for(before: &BenchSummary, bench: &BuiltBench) -> bool {
    is_summed_up(bench)
        && (&before.package, &before.target) == (&bench.package, &bench.target)
        && before.facts.unit == bench.unit.kind()
        && before.fingerprint == bench.fingerprint
}

/// Whether an executable is of those that are summed up: benches that run here by themselves.
pub(super) fn is_summed_up(bench: &BuiltBench) -> bool {
    bench.unit.kind() == UnitKind::Bench
        && bench.execution == Execution::Native
        && provenance(bench) == Provenance::Native
}

/// What a baseline would tell of itself: what the candidate does, from an executable that is nowhere.
fn absent(listed: &ListedBench, before: &BenchSummary) -> ListedBench {
    let bench = BuiltBench {
        executable: PathBuf::new(),
        digest: before.executable.clone(),
        surroundings: before.facts.surroundings.clone(),
        ..listed.bench.clone()
    };
    ListedBench { bench, ids: Ok(before.facts.ids.clone()), work: listed.work.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::bench;
    use crate::domain::{Digest, SummaryFacts};

    #[test]
    fn a_summary_stands_for_a_bench_that_was_built_likewise_and_no_other() {
        let built = bench("1");
        let facts = SummaryFacts {
            key: Digest::new("k"),
            unit: UnitKind::Bench,
            surroundings: built.surroundings.clone(),
            variables: variables_of(&built),
            ids: vec!["a".into()],
        };
        let before = BenchSummary {
            package: built.package.clone(),
            target: built.target.clone(),
            fingerprint: built.fingerprint.clone(),
            executable: built.digest.clone(),
            facts,
            link: None,
        };
        assert!(stands_for(&before, &built));
        let mut other = built.clone();
        other.fingerprint.rustflags = "-Ctarget-cpu=native".into();
        assert!(!stands_for(&before, &other));
        assert!(!stands_for(&before, &BuiltBench { target: "other".into(), ..built.clone() }));
        let emulated = Execution::Emulated(vec!["qemu-aarch64".into()]);
        assert!(!stands_for(&before, &BuiltBench { execution: emulated, ..built.clone() }));
        let library = SummaryFacts { unit: UnitKind::Library, ..before.facts.clone() };
        assert!(!stands_for(&BenchSummary { facts: library, ..before }, &built));
    }
}
