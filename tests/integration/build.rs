//! Builds of real workspaces, through the real Cargo.
//!
//! Every build happens at one absolute path, as in the program, so the tests here take turns. Dependencies are compiled
//! once, in a profile that compiles fast, and kept between runs of the tests.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use perfguard::build::library_copy::LibraryCopy;
use perfguard::build::{BuildError, BuildRequest, Built, Origin, Patch, Seed, build};
use perfguard::discover::{Discovered, Selection, discover};
use perfguard::domain::{
    BuiltBench, CargoFlags, Event, Features, Layout, LocalPackage, Progress, Side, Silent, TreeId, Variant,
};
use perfguard::support::records::Records;
use tempfile::TempDir;

use crate::{fixture, slots};

/// The place of all builds, for as long as a test holds it.
struct Stage {
    common: PathBuf,
    warm: PathBuf,
    artifacts: TempDir,
    records: Records,
    flags: CargoFlags,
    features: Features,
    patches: Vec<Patch>,
    variant: Variant,
    _turn: File,
}

/// Counts the crates that were compiled.
#[derive(Default)]
struct Compiled(Mutex<Vec<String>>);

impl Progress for Compiled {
    fn event(&self, event: Event<'_>) {
        if let Event::Compiled { name, .. } = event {
            self.0.lock().unwrap().push(name.to_owned());
        }
    }
}

impl Stage {
    /// Waits for the turn, and makes sure that there are compiled dependencies to start from.
    fn open() -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stage");
        fs::create_dir_all(&root).unwrap();
        let turn = File::create(root.join("turn")).unwrap();
        turn.lock().unwrap();
        // Whoever waits for the turn keeps no slot from others.
        slots::take_one();
        let stage = Self {
            common: root.join("build"),
            warm: root.join("warm"),
            artifacts: tempfile::tempdir_in(&root).unwrap(),
            records: Records::none(),
            flags: CargoFlags { offline: true, profile: Some("quick".into()), ..CargoFlags::default() },
            features: Features::default(),
            patches: Vec::new(),
            variant: Variant::Timed,
            _turn: turn,
        };
        if !stage.warm.join("whole").exists() {
            stage.fresh("single");
            let _ = fs::remove_dir_all(&stage.warm);
            stage.build(0, None, &Silent).unwrap();
            fs::rename(stage.common.join("target"), &stage.warm).unwrap();
            File::create(stage.warm.join("whole")).unwrap();
        }
        stage
    }

    /// Puts a fixture's files at the place of all builds, with an empty target folder.
    fn fresh(&self, name: &str) -> PathBuf {
        let _ = fs::remove_dir_all(&self.common);
        let source = self.common.join("src");
        fixture::copy(name, &source);
        source
    }

    fn discover(&self) -> Discovered {
        let selection = Selection { features: self.features.clone(), ..Selection::default() };
        let workspace = self.common.join("src");
        let known = self.common.join("compilers");
        discover(&fixture::cargo(), &workspace, &selection, &self.flags, &fixture::environment(), &known)
            .unwrap()
    }

    /// Builds what lies at the place of all builds as the tree number `tree`.
    fn build(&self, tree: u8, seed: Option<&Path>, progress: &dyn Progress) -> Result<Built, BuildError> {
        let found = self.discover();
        let mut local = found.local.clone();
        local.extend(self.patches.iter().map(|patch| LocalPackage {
            name: patch.name.clone(),
            manifest_dir: patch.path.clone(),
            targets: [patch.name.clone()].into(),
            has_build_script: false,
        }));
        let request = BuildRequest {
            side: Side::Baseline,
            tree: &TreeId::from_hex(&format!("{tree:040x}")).unwrap(),
            workspace: &self.common.join("src"),
            target_dir: &self.common.join("target"),
            home: Path::new("/home/of/the/tree"),
            artifacts: self.artifacts.path(),
            records: &self.records,
            cargo: &fixture::cargo(),
            environment: &fixture::environment(),
            flags: &self.flags,
            features: &self.features,
            benches: &found.benches,
            beside: &[],
            patches: &self.patches,
            variant: self.variant,
            layout: Layout::Default,
            seed: seed.map(Seed::Tree),
            local: &local,
            unchanged: &[],
        };
        build(&request, progress)
    }
}

fn digests(built: &Built) -> BTreeMap<String, String> {
    built.benches.iter().map(|bench| (bench.target.clone(), bench.digest.as_str().to_owned())).collect()
}

/// The executables' digests after a build from scratch of `source`, which lies at the place of all builds.
///
/// To compile everything takes as long as twenty other tests, so it is done once for every build of the tests, which all
/// that it depends on is part of, the compiler too.
fn from_scratch(stage: &Stage, source: &Path) -> BTreeMap<String, String> {
    let mut hasher = DefaultHasher::new();
    fixture::files(source).hash(&mut hasher);
    slots::mark().hash(&mut hasher);
    let place = stage.warm.with_file_name(format!("scratch-{:016x}.json", hasher.finish()));
    if let Ok(text) = fs::read_to_string(&place) {
        return serde_json::from_str(&text).unwrap();
    }
    let found = digests(&stage.build(3, None, &Silent).unwrap());
    fs::write(place, serde_json::to_string(&found).unwrap()).unwrap();
    found
}

/// Makes a file look older than everything that was ever compiled.
fn backdate(path: &Path) {
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
}

#[test]
fn a_seeded_build_is_the_build_from_scratch_and_never_the_other_side() {
    let stage = Stage::open();
    stage.fresh("single");
    let first = Compiled::default();
    let one = stage.build(1, Some(&stage.warm), &first).unwrap();
    let mut names = first.0.into_inner().unwrap();
    names.sort();
    assert_eq!(names, ["single", "sums", "words"], "dependencies are not compiled again");

    let keep = stage.common.with_file_name("one");
    let _ = fs::remove_dir_all(&keep);
    fs::rename(stage.common.join("target"), &keep).unwrap();
    let source = stage.fresh("single");
    fixture::edit(&source.join("src/lib.rs"), "x.wrapping_mul(x)", "x.wrapping_mul(x).rotate_left(1)");
    backdate(&source.join("src/lib.rs"));
    let seeded = stage.build(2, Some(&keep), &Silent).unwrap();
    assert_ne!(digests(&one)["sums"], digests(&seeded)["sums"], "the change is in the executable");

    let _ = fs::remove_dir_all(&keep);
    fs::rename(stage.common.join("target"), &keep).unwrap();
    assert_eq!(digests(&seeded), from_scratch(&stage, &source));

    // Back to the first tree, from the second's target folder: nothing of the detour is left.
    stage.fresh("single");
    let back = stage.build(4, Some(&keep), &Silent).unwrap();
    assert_eq!(digests(&one), digests(&back), "equal trees make equal executables");
    fs::remove_dir_all(&keep).unwrap();
}

#[test]
fn executables_are_kept_until_something_about_them_changes() {
    let mut stage = Stage::open();
    stage.fresh("single");
    let built = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    assert_eq!(built.origin, Origin::Built);
    let kept = stage.build(1, None, &Silent).unwrap();
    assert_eq!(kept, Built { origin: Origin::Kept, ..built.clone() });
    let names: Vec<String> = kept.benches.iter().map(BuiltBench::label).collect();
    assert_eq!(names, ["single::sums", "single::words"]);

    fs::write(&built.benches[0].executable, "spoiled").unwrap();
    let again = stage.build(1, None, &Silent).unwrap();
    assert_eq!(again, built, "a spoiled executable is built again");

    stage.flags.config.push("profile.quick.package.single.opt-level=1".into());
    let optimised = stage.build(1, None, &Silent).unwrap();
    assert_eq!(optimised.origin, Origin::Built);
    let (old, new) = (&built.benches[0].fingerprint, &optimised.benches[0].fingerprint);
    let fields: Vec<String> = old.differences(new).into_iter().map(|difference| difference.field).collect();
    assert_eq!(fields, ["settings"]);
    assert!(old.settings.starts_with("opt-level=0 lto=false codegen-units=256 debug=0"), "{}", old.settings);
    assert_eq!((old.profile.as_str(), old.instrument.to_string().as_str()), ("quick", "criterion 0.8.2"));
}

#[test]
fn a_bench_is_told_what_cargo_tells_it() {
    let stage = Stage::open();
    stage.fresh("single");
    let built = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    let bench = &built.benches[1];
    assert_eq!(bench.working_dir, Path::new("/home/of/the/tree/src"));
    let target = &bench.fingerprint.target;
    let output = Command::new(fixture::cargo())
        .args(["bench", "--offline", "--profile", "quick", "--bench", "words", "--config"])
        .arg(format!("target.{target}.runner=['sh', '-c', 'env']"))
        .current_dir(stage.common.join("src"))
        .env("CARGO_TARGET_DIR", stage.common.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: BTreeMap<&str, &str> = said.lines().filter_map(|line| line.split_once('=')).collect();
    assert!(said.contains_key("CARGO_PKG_NAME"), "{}", String::from_utf8_lossy(&output.stderr));
    let about_the_package =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, value) in said.iter().filter(|(name, _)| about_the_package(name)) {
        assert_eq!(bench.environment.get(*name).map(String::as_str), Some(*value), "{name}");
    }
    let named = Command::new(&bench.executable)
        .args(["--bench", "--list"])
        .envs(&bench.environment)
        .current_dir(stage.common.join("src"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&named.stdout).trim(), "words: benchmark");
}

#[test]
fn a_failing_build_shows_what_cargo_shows() {
    let stage = Stage::open();
    let source = stage.fresh("single");
    fixture::edit(&source.join("src/lib.rs"), "x.wrapping_mul(x)", "x.no_such_method()");
    let kept = || fs::read_dir(stage.artifacts.path()).unwrap().count();
    let before = kept();
    let error = stage.build(1, Some(&stage.warm), &Silent).unwrap_err();
    assert_eq!(error.to_string(), "failed to build the baseline: cargo ended with exit status: 101");
    let output = error.output().unwrap();
    assert!(output.contains("no_such_method") && output.contains("src/lib.rs:6"), "{output}");
    assert!(error.hint().unwrap().contains("--baseline"));
    assert_eq!(kept(), before, "nothing is kept of it");
}

#[test]
fn only_criterion_benches_of_the_members_are_built() {
    let mut stage = Stage::open();
    let source = stage.fresh("members");
    stage.features.list.push("large".into());
    // Two targets are for libtest, one with the name of a Criterion bench of another package: were they built, a
    // stable compiler would fail.
    let unstable = source.join("plain/benches/unstable.rs");
    fs::copy(unstable, source.join("gated/benches/steady.rs")).unwrap();
    let built = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    let names: Vec<String> = built.benches.iter().map(BuiltBench::label).collect();
    assert_eq!(names, ["gated::large", "plain::steady"]);
    assert_eq!(built.benches[0].fingerprint.features, "--features large");
    assert_eq!(built.benches[0].working_dir, Path::new("/home/of/the/tree/src/gated"));
}

#[test]
fn criterion_can_be_replaced_by_a_copy_without_touching_the_manifest() {
    let mut stage = Stage::open();
    let source = stage.fresh("single");
    let lock = fs::read_to_string(source.join("Cargo.lock")).unwrap();
    let plain = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("criterion");
    fixture::copy_folder(&stage.discover().benches[0].library.root, &copy);
    fixture::edit(&copy.join("src/lib.rs"), "Gnuplot not found, using plotters backend", "COPIED CRITERION");
    stage.patches.push(Patch {
        name: "criterion".into(),
        version: "0.8.2".into(),
        path: copy,
        digest: "1".into(),
    });
    stage.flags.locked = true;

    fs::remove_dir_all(stage.common.join("target")).unwrap();
    let patched = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    assert_eq!(patched.origin, Origin::Built, "a patched executable is another one");
    assert_ne!(digests(&patched), digests(&plain));
    assert_eq!(patched.notes, [perfguard::domain::Note::Copied(vec!["criterion".to_owned()])]);
    let fingerprint = &patched.benches[0].fingerprint;
    assert!(fingerprint.instrument.interleaved, "the copy is told from the original");
    assert_eq!(fingerprint.sequential(), plain.benches[0].fingerprint, "the same version measures");
    assert_eq!(fs::read_to_string(source.join("Cargo.lock")).unwrap(), lock, "the patched one is gone");
}

/// A copy of the Criterion that a stage's benches use, made for a variant, as a patch.
fn copied(stage: &Stage, copies: &Path, variant: Variant) -> Patch {
    let original = stage.discover().benches[0].library.root.clone();
    let copy = LibraryCopy::prepare("criterion", "0.8.2", &original, copies, variant).unwrap();
    Patch {
        name: "criterion".into(),
        version: copy.version().into(),
        path: copy.folder().into(),
        digest: copy.folder().file_name().unwrap().to_string_lossy().into_owned(),
    }
}

#[test]
fn what_is_built_to_be_counted_leaves_what_is_timed_as_it_was() {
    let mut stage = Stage::open();
    stage.fresh("single");
    let copies = tempfile::tempdir().unwrap();
    let warm = stage.warm.clone();
    let mut built = |tree: u8, variant: Variant| {
        stage.variant = variant;
        stage.patches = vec![copied(&stage, copies.path(), variant)];
        stage.build(tree, Some(&warm), &Silent).unwrap()
    };
    let timed = built(1, Variant::Timed);
    let allocations = built(1, Variant::Allocations);
    let lines = built(1, Variant::Lines);
    assert!(digests(&allocations)["sums"] != digests(&timed)["sums"], "another Criterion is linked");
    assert!(lines.benches[0].fingerprint.settings.contains("debug=line-tables-only"), "{lines:?}");
    // Another name for the same files, so that Cargo is asked again.
    let again = built(2, Variant::Timed);
    assert_eq!(again.origin, Origin::Built);
    assert_eq!(digests(&again), digests(&timed));
    assert_eq!(digests(&built(3, Variant::Allocations)), digests(&allocations));
    assert_eq!(built(1, Variant::Lines), Built { origin: Origin::Kept, ..lines });
    assert!(timed.refused.is_empty() && allocations.refused.is_empty());
}

#[test]
fn a_bench_with_an_allocator_of_its_own_is_refused_and_others_are_built() {
    let mut stage = Stage::open();
    let source = stage.fresh("single");
    let bench = source.join("benches/sums.rs");
    let text = fs::read_to_string(&bench).unwrap();
    let own = "#[global_allocator]\nstatic OWN: std::alloc::System = std::alloc::System;\n";
    fs::write(&bench, text + own).unwrap();
    let copies = tempfile::tempdir().unwrap();
    stage.variant = Variant::Allocations;
    stage.patches = vec![copied(&stage, copies.path(), stage.variant)];
    let built = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    let names: Vec<String> = built.benches.iter().map(BuiltBench::label).collect();
    assert_eq!(names, ["single::words"]);
    let [(refused, reason)] = built.refused.as_slice() else { panic!("{built:?}") };
    assert_eq!(refused, "single::sums");
    assert!(reason.contains("global allocator of its own"), "{reason}");
    let kept = stage.build(1, Some(&stage.warm), &Silent).unwrap();
    assert_eq!(kept, Built { origin: Origin::Kept, ..built });

    fixture::edit(&source.join("src/lib.rs"), "x.wrapping_mul(x)", "x.no_such_method()");
    let error = stage.build(2, Some(&stage.warm), &Silent).unwrap_err();
    assert!(error.output().unwrap().contains("no_such_method"), "any other error is one");
}
