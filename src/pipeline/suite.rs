//! The shipped harness beside a workspace: whether it is built for a comparison, and its build.

use super::builder::{Beside, Builder, Prepared};
use super::error::PipelineError;
use super::request::{Suite, SuiteWhen};
use super::stopwatch::within;
use crate::discover::{DiscoverError, Selection};
use crate::domain::{BuildFingerprint, BuiltBench, Event, Note, Revision, Side, Sides, SourceTree, Stage};
use crate::source::{SUITE_PACKAGE, suite_tree};
use crate::support::process::interrupted;

impl Builder<'_> {
    /// Builds the harness of a revision and nothing else: the workspace's own where it is a member.
    pub(crate) fn prepare_suite(&self, revision: &Revision) -> Result<Prepared, PipelineError> {
        let side = Side::Candidate;
        self.progress.event(Event::Task(&format!("Extracting {revision}")));
        let extracting = within(self.progress, Stage::SourceTrees);
        let prefix = self.repository.prefix_of(&self.project.root)?;
        let tree = self.repository.extract(revision, &self.trees(), &prefix, Some(&self.project.root))?;
        drop(extracting);
        let selection = Selection { packages: vec![SUITE_PACKAGE.to_owned()], ..Selection::default() };
        match self.make(side, &tree, &selection, None) {
            Err(PipelineError::Discover(DiscoverError::UnknownPackage { .. })) => {
                let mut prepared = Prepared::empty(&tree, Vec::new());
                self.add_harness(side, &tree, &mut prepared)?;
                Ok(prepared)
            }
            other => other,
        }
    }

    /// Adds the shipped harness where it takes part and is no member of the workspace.
    pub(super) fn complete(
        &self,
        side: Side,
        tree: &SourceTree,
        prepared: &mut Prepared,
        beside: Beside,
    ) -> Result<(), PipelineError> {
        let own = prepared.benches.iter().any(|bench| bench.package == SUITE_PACKAGE)
            || prepared.left_out.iter().any(|target| target.package == SUITE_PACKAGE);
        let Suite::On { when, .. } = self.scope.suite else { return Ok(()) };
        if own || !self.wants_harness() {
            return Ok(());
        }
        let measured = when == SuiteWhen::Always
            || beside == Beside::Different
            || prepared.benches.is_empty()
            || self.asks_for_harness();
        if measured {
            return self.add_harness(side, tree, prepared);
        }
        match (beside, side) {
            (Beside::Nothing, _) => prepared.notes.push(Note::SuiteUnasked),
            // Once is enough.
            (_, Side::Baseline) => {}
            (_, Side::Candidate) => prepared.notes.push(Note::SuiteSame),
        }
        Ok(())
    }

    /// Adds the shipped harness to both sides where it can differ between them.
    pub(super) fn complete_both(
        builders: &Sides<&Self>,
        sides: Sides<(Prepared, SourceTree)>,
    ) -> Result<Sides<Prepared>, PipelineError> {
        let Sides { baseline: (mut baseline, baseline_tree), candidate: (mut candidate, candidate_tree) } =
            sides;
        let given = |side: Side| {
            let Builder { project, scope, .. } = builders.get(side);
            (&project.cargo, &project.environment, &scope.flags)
        };
        let same = given(Side::Baseline) == given(Side::Candidate) && built_alike(&baseline, &candidate);
        let beside = if same { Beside::Same } else { Beside::Different };
        builders.candidate.complete(Side::Candidate, &candidate_tree, &mut candidate, beside)?;
        builders.baseline.complete(Side::Baseline, &baseline_tree, &mut baseline, beside)?;
        Ok(Sides { baseline, candidate })
    }

    /// Whether the user's words leave room for the harness: `-p`, `--bench` and filters may exclude it.
    fn wants_harness(&self) -> bool {
        let selection = &self.scope.selection;
        let named = selection.packages.iter().any(|package| package == SUITE_PACKAGE);
        (selection.packages.is_empty() || named)
            && selection.benches.is_empty()
            && !selection.exclude.iter().any(|package| package == SUITE_PACKAGE)
            && crate::source::suite_names().any(|name| self.scope.filter.matches(&name))
    }

    /// Whether the user's words ask for the harness: its package by name, or a filter that matches in it.
    fn asks_for_harness(&self) -> bool {
        !self.scope.selection.packages.is_empty() || self.scope.filter.selects()
    }

    /// Builds the shipped harness beside the workspace. That it does not build with an old toolchain is no reason to
    /// fail: the user's own benches go on.
    fn add_harness(
        &self,
        side: Side,
        workspace: &SourceTree,
        prepared: &mut Prepared,
    ) -> Result<(), PipelineError> {
        let tree =
            suite_tree(&workspace.revision, &workspace.workspace(), &self.trees(), &self.project.records)?;
        // The user's selection and lock file are about the user's packages.
        let builder = Self { lock: None, ..*self };
        match builder.make(side, &tree, &Selection::default(), None) {
            Ok(harness) => {
                prepared.benches.extend(harness.benches);
                prepared.refused.extend(harness.refused);
                prepared.notes.extend(harness.notes);
                prepared.layout = harness.layout;
            }
            Err(PipelineError::Build(error)) if !interrupted() => {
                prepared.notes.push(Note::SuiteLeftOut(side, error.to_string()));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Whether nothing that the shipped harness depends on differs between the builds of two sides. Features are of the
/// workspace's packages, and so is the measuring library.
fn built_alike(baseline: &Prepared, candidate: &Prepared) -> bool {
    let same = |one: &BuiltBench, other: &BuiltBench| {
        let (one, other) = (&one.fingerprint, &other.fingerprint);
        let BuildFingerprint { rustc, host, target, profile, settings, rustflags, .. } = one;
        (rustc, host, target) == (&other.rustc, &other.host, &other.target)
            && (profile, settings, rustflags) == (&other.profile, &other.settings, &other.rustflags)
    };
    let both = candidate.benches.iter().filter_map(|bench| {
        let other = baseline.benches.iter().find(|other| other.label() == bench.label())?;
        Some(same(bench, other))
    });
    let both: Vec<bool> = both.collect();
    match (both.is_empty(), baseline.benches.first(), candidate.benches.first()) {
        (true, Some(one), Some(other)) => same(one, other),
        (true, _, _) => false,
        (false, _, _) => both.into_iter().all(|same| same),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{CommitId, Digest, Execution, Revision, TreeId, Unit};

    fn bench(target: &str, settings: &str, rustflags: &str) -> BuiltBench {
        BuiltBench {
            package: "app".into(),
            target: target.into(),
            executable: "bench".into(),
            digest: Digest::new("00"),
            reach: Digest::default(),
            home: "home".into(),
            working_dir: "home".into(),
            environment: BTreeMap::new(),
            fingerprint: BuildFingerprint {
                rustc: "1.95.0".into(),
                host: "x86_64".into(),
                target: "x86_64".into(),
                profile: "bench".into(),
                settings: settings.into(),
                features: target.into(),
                rustflags: rustflags.into(),
                instrument: "criterion 0.8.2".parse().unwrap(),
            },
            execution: Execution::Native,
            unit: Unit::Bench,
        }
    }

    fn side(benches: Vec<BuiltBench>) -> Prepared {
        let commit = CommitId::from_hex(&"0".repeat(40)).unwrap();
        let tree = TreeId::from_hex(commit.as_str()).unwrap();
        let revision = Revision { label: "HEAD".into(), commit, dirty: false, tree };
        let content = revision.tree.clone();
        let tree = SourceTree { revision, content, home: "home".into(), prefix: "".into() };
        let mut prepared = Prepared::empty(&tree, Vec::new());
        prepared.benches = benches;
        prepared
    }

    #[test]
    fn the_suite_can_differ_where_benches_are_built_otherwise() {
        let alike = |baseline: Vec<BuiltBench>, candidate: Vec<BuiltBench>| {
            built_alike(&side(baseline), &side(candidate))
        };
        let one = bench("one", "opt-level=3", "");
        assert!(alike(vec![one.clone()], vec![one.clone()]));
        assert!(!alike(vec![one.clone()], vec![bench("one", "opt-level=2", "")]));
        assert!(!alike(vec![one.clone()], vec![bench("one", "opt-level=3", "-Ctarget-cpu=native")]));
        let newer = |mut bench: BuiltBench| {
            bench.fingerprint.rustc = "1.96.0".into();
            bench
        };
        assert!(!alike(vec![one.clone()], vec![newer(one.clone())]));
        // A profile may single out a package, so only the same target is compared; any other will do where there is none.
        let two = bench("two", "opt-level=1", "");
        assert!(alike(vec![one.clone()], vec![two.clone(), one.clone()]));
        assert!(!alike(vec![one.clone()], vec![two]));
        assert!(alike(vec![one.clone()], vec![bench("renamed", "opt-level=3", "")]));
        assert!(!alike(Vec::new(), vec![one]), "nothing is known");
    }
}
