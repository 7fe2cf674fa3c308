//! The shipped harness beside a workspace: whether it is built for a comparison, and its build.

use super::builder::{Beside, Builder};
use super::error::PipelineError;
use super::prepared::Prepared;
use super::request::{Suite, SuiteWhen};
use super::stopwatch::within;
use crate::build::{toolchain, tools};
use crate::discover::{DiscoverError, Selection};
use crate::domain::{
    BenchmarkName, BuildFingerprint, BuiltBench, Event, Note, Revision, Side, Sides, SourceTree, Stage,
    Toolchain,
};
use crate::source::{SUITE_PACKAGE, suite_names, suite_rust_version, suite_tree};
use crate::support::current::BuildSite;
use crate::support::process::interrupted;

/// What the built-in suite adds to a list.
pub(crate) struct NamedSuite {
    pub(crate) names: Vec<BenchmarkName>,
    /// What it would be compiled with.
    pub(crate) toolchain: Toolchain,
}

/// Whether the shipped harness takes part.
enum Part {
    Measured,
    /// Why it does not, where the reader should know.
    None(Option<Note>),
}

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

    /// Builds what a revision itself has, and names what the built-in suite would add: its names are known.
    pub(crate) fn prepare_to_list(
        &self,
        revision: &Revision,
    ) -> Result<(Prepared, Option<NamedSuite>), PipelineError> {
        let side = Side::Candidate;
        let (mut prepared, tree) = self.prepare_own(side, revision, None)?;
        match self.part(side, &prepared, Beside::Nothing) {
            Part::None(note) => prepared.notes.extend(note),
            Part::Measured => {
                let suite =
                    suite_tree(&tree.revision, &tree.workspace(), &self.trees(), &self.project.records)?;
                let toolchain = self.toolchain(&suite)?;
                let needed = suite_rust_version();
                if is_older(&toolchain.rustc, &needed) {
                    let why = format!("it needs Rust {needed}, and rustc is {}", toolchain.rustc);
                    prepared.notes.push(Note::SuiteLeftOut(side, why));
                } else {
                    let names = suite_names().filter(|name| self.scope.includes(name)).collect();
                    return Ok((prepared, Some(NamedSuite { names, toolchain })));
                }
            }
        }
        Ok((prepared, None))
    }

    /// What a tree is compiled with, as Cargo would find it at the place of all builds.
    fn toolchain(&self, tree: &SourceTree) -> Result<Toolchain, PipelineError> {
        let occupied = BuildSite::new(&self.project.trees).occupy(tree)?;
        let workspace = occupied.workspace();
        let (_, environment) =
            tools(&self.project.cargo, &self.project.environment, &workspace, &self.project.trees);
        let toolchain = toolchain(&workspace, &self.scope.flags, &environment);
        occupied.release()?;
        Ok(toolchain?)
    }

    /// Adds the shipped harness where it takes part and is no member of the workspace.
    pub(super) fn complete(
        &self,
        side: Side,
        tree: &SourceTree,
        prepared: &mut Prepared,
        beside: Beside,
    ) -> Result<(), PipelineError> {
        match self.part(side, prepared, beside) {
            Part::Measured => self.add_harness(side, tree, prepared),
            Part::None(note) => {
                prepared.notes.extend(note);
                Ok(())
            }
        }
    }

    /// Whether the shipped harness takes part beside what the workspace has itself.
    fn part(&self, side: Side, prepared: &Prepared, beside: Beside) -> Part {
        let own = prepared.benches.iter().any(|bench| bench.package == SUITE_PACKAGE)
            || prepared.left_out.iter().any(|target| target.package == SUITE_PACKAGE)
            || prepared
                .passed_over
                .iter()
                .chain(&prepared.spared)
                .any(|(package, _)| package == SUITE_PACKAGE);
        let Suite::On { when, .. } = self.scope.suite else { return Part::None(None) };
        if own || !self.wants_harness() {
            return Part::None(None);
        }
        let measured = when == SuiteWhen::Always
            || beside == Beside::Different
            || (prepared.benches.is_empty() && prepared.spared.is_empty())
            || self.asks_for_harness();
        match (measured, beside, side) {
            (true, _, _) => Part::Measured,
            (false, Beside::Nothing, _) => Part::None(Some(Note::SuiteUnasked)),
            // Once is enough.
            (false, _, Side::Baseline) => Part::None(None),
            (false, _, Side::Candidate) => Part::None(Some(Note::SuiteSame)),
        }
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
            && suite_names().any(|name| self.scope.filter.matches(&name))
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

/// Whether a compiler, as `1.97.0-nightly (…)`, is older than a version, as `1.95`.
fn is_older(rustc: &str, needed: &str) -> bool {
    let numbers = |text: &str| {
        let mut parts = text.split(['.', '-', ' ']).map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    };
    numbers(rustc).zip(numbers(needed)).is_some_and(|(rustc, needed)| rustc < needed)
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
        if baseline.spared.contains(&bench.target_name()) {
            return Some(true);
        }
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
    use crate::domain::{CommitId, Digest, Execution, Revision, Surroundings, TreeId, Unit};

    fn bench(target: &str, settings: &str, rustflags: &str) -> BuiltBench {
        BuiltBench {
            package: "app".into(),
            target: target.into(),
            executable: "bench".into(),
            digest: Digest::new("00"),
            surroundings: Surroundings::default(),
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
    fn a_compiler_is_older_by_its_numbers() {
        assert!(
            is_older("1.94.1", "1.95")
                && is_older("1.9.0", "1.95")
                && is_older("1.94.0-nightly (a b)", "1.95")
        );
        assert!(
            !is_older("1.95.0", "1.95")
                && !is_older("2.0.0", "1.95")
                && !is_older("1.96.0-nightly (a b)", "1.95")
        );
        assert!(!is_older("dev", "1.95") && !is_older("1.94.0", ""), "what is not known is no reason");
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
