//! What is said to Cargo. Pure.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use crate::domain::{BenchTarget, CargoFlags, Coloring, Features, Namesake, Unit, Variant};

use super::Patch;

/// Splits benches into Cargo invocations.
///
/// All go into one, so that Cargo resolves their features together as `cargo bench` would. Only where a name also means
/// a target that must not be built (libtest's need a nightly compiler) the package gets an invocation of its own. Programs
/// are built as their users build them, without what only benches depend on.
pub(super) fn invocations(benches: &[BenchTarget]) -> Vec<Vec<&BenchTarget>> {
    let (programs, targets): (Vec<_>, Vec<_>) =
        benches.iter().partition(|bench| bench.unit.command().is_some());
    let (libraries, targets): (Vec<_>, Vec<_>) =
        targets.into_iter().partition(|bench| bench.unit == Unit::Library);
    let (together, alone): (Vec<_>, Vec<_>) =
        targets.into_iter().partition(|bench| bench.namesake == Namesake::None);
    let mut groups = Vec::new();
    if !together.is_empty() {
        groups.push(together);
    }
    let packages: BTreeSet<&str> = alone.iter().map(|bench| bench.package_id.as_str()).collect();
    for package in packages {
        groups.push(alone.iter().copied().filter(|bench| bench.package_id == package).collect());
    }
    // `--lib` means the library of every package that is named.
    groups.extend([libraries, programs].into_iter().filter(|group| !group.is_empty()));
    groups
}

/// Whether these are built by one invocation, so that some of them can be left out and the others are resolved as before.
pub(super) fn are_one(benches: &[BenchTarget]) -> bool {
    benches.iter().all(|bench| bench.unit == Unit::Bench && bench.namesake == Namesake::None)
}

/// The flags for a variant: line tables are asked for by two more settings, behind all others so that they win. `"*"` is every
/// package that is no member of the workspace.
pub(super) fn for_variant(flags: &CargoFlags, variant: Variant) -> Cow<'_, CargoFlags> {
    match variant {
        Variant::Timed | Variant::Allocations => Cow::Borrowed(flags),
        Variant::Lines | Variant::Places => {
            let profile = super::profile::of(flags);
            let mut flags = flags.clone();
            let dependencies = (variant == Variant::Places).then_some("package.\"*\".debug=false");
            for setting in ["debug=\"line-tables-only\"", "strip=\"none\""].into_iter().chain(dependencies) {
                flags.config.push(format!("profile.{profile}.{setting}"));
            }
            Cow::Owned(flags)
        }
    }
}

/// The arguments of one invocation: only the named bench targets are built, and nothing is run. The packages of those `beside` take
/// part in what is resolved.
///
/// `--locked` is dropped when there are patches: a patch changes Cargo.lock (in our copy of the tree alone).
pub(super) fn arguments(
    benches: &[&BenchTarget],
    beside: &[BenchTarget],
    features: &Features,
    flags: &CargoFlags,
    target: Option<&str>,
    target_dir: &Path,
    patches: &[Patch],
) -> Vec<String> {
    let are_programs = benches.iter().any(|bench| bench.unit.command().is_some());
    let (words, kind): (&[&str], _) =
        if are_programs { (&["build"], "--bin") } else { (&["bench", "--no-run"], "--bench") };
    let mut arguments: Vec<String> = words.iter().map(ToString::to_string).collect();
    // Diagnostics on stderr as Cargo always shows them, everything else as JSON on stdout.
    arguments.push("--message-format=json-render-diagnostics".to_owned());
    let color = match flags.color {
        Coloring::Never => "never",
        Coloring::Always => "always",
    };
    let mut pair = |name: &str, value: &str| arguments.extend([name.to_owned(), value.to_owned()]);
    pair("--color", color);
    let selected = || benches.iter().copied().chain(beside);
    let packages: BTreeSet<String> =
        selected().map(|bench| format!("{}@{}", bench.package, bench.package_version)).collect();
    for package in &packages {
        pair("--package", package);
    }
    let are_libraries = benches.iter().any(|bench| bench.unit == Unit::Library);
    let name = |bench: &&BenchTarget| match &bench.unit {
        Unit::Program(command) => Some(command.bin.clone()),
        Unit::Bench => Some(bench.target.clone()),
        Unit::Library => None,
    };
    let names: BTreeSet<String> = benches.iter().filter_map(name).collect();
    for name in names {
        pair(kind, &name);
    }
    pair("--target-dir", &target_dir.to_string_lossy());
    let profile = flags.profile.as_deref().or(are_programs.then_some(super::profile::DEFAULT));
    let values = [("--profile", profile), ("--target", target), ("--jobs", flags.jobs.as_deref())];
    for (name, value) in values {
        if let Some(value) = value {
            pair(name, value);
        }
    }
    for config in &flags.config {
        pair("--config", config);
    }
    for patch in patches {
        for setting in patch_settings(patch) {
            pair("--config", &setting);
        }
    }
    arguments.extend(are_libraries.then(|| "--lib".to_owned()));
    arguments.extend(known(selected(), features).arguments());
    arguments.extend(lock_flags(flags, patches).into_iter().map(str::to_owned));
    arguments
}

/// The arguments that build one binary target as the benches are built.
pub(super) fn of_binary(
    package: &str,
    name: &str,
    flags: &CargoFlags,
    target_dir: &Path,
    patches: &[Patch],
) -> Vec<String> {
    let profile = super::profile::of(flags);
    let folder = target_dir.to_string_lossy();
    let mut arguments: Vec<String> =
        ["build", "--message-format=json-render-diagnostics"].map(str::to_owned).to_vec();
    let values = [
        ("--package", Some(package)),
        ("--bin", Some(name)),
        ("--target-dir", Some(&*folder)),
        ("--profile", Some(&profile)),
        ("--target", flags.target.as_deref()),
        ("--jobs", flags.jobs.as_deref()),
    ];
    let settings = flags.config.iter().cloned().chain(patches.iter().flat_map(patch_settings));
    for (flag, value) in values {
        arguments.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value.to_owned()]));
    }
    arguments.extend(settings.flat_map(|setting| ["--config".to_owned(), setting]));
    arguments.extend(lock_flags(flags, patches).into_iter().map(str::to_owned));
    arguments
}

/// The features without those that none of the packages knows: Cargo would refuse them, although it takes them for the
/// whole workspace.
fn known<'a>(benches: impl Iterator<Item = &'a BenchTarget>, features: &Features) -> Features {
    let list = benches.flat_map(|bench| bench.known_features.iter().cloned()).collect();
    Features { list, ..features.clone() }
}

/// What is left of `--locked`, `--offline` and `--frozen` beside patches.
fn lock_flags(flags: &CargoFlags, patches: &[Patch]) -> Vec<&'static str> {
    let unpatched = patches.is_empty();
    let switches = [
        ("--locked", flags.locked && unpatched),
        ("--offline", flags.offline || (flags.frozen && !unpatched)),
        ("--frozen", flags.frozen && unpatched),
    ];
    switches.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect()
}

/// The settings that replace a release of a crate of crates.io by a folder. The key names the version, so that several
/// releases of one crate can be replaced.
fn patch_settings(patch: &Patch) -> [String; 2] {
    let Patch { name, version, path, .. } = patch;
    let key =
        format!("patch.crates-io.{name}-{}", version.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
    let folder = toml::Value::String(path.to_string_lossy().into_owned());
    [format!("{key}.package=\"{name}\""), format!("{key}.path={folder}")]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use crate::domain::{CrateOrigin, CrateSource};

    use super::*;

    fn bench(package: &str, target: &str, namesake: Namesake) -> BenchTarget {
        BenchTarget {
            package: package.to_owned(),
            package_version: "1.0.0".to_owned(),
            package_id: format!("path+file:///{package}#1.0.0"),
            manifest_dir: PathBuf::from("/").join(package),
            target: target.to_owned(),
            source: PathBuf::from("/").join(package).join("benches/sums.rs"),
            required_features: Vec::new(),
            known_features: vec![format!("{package}-only")],
            unit: Unit::Bench,
            library: CrateSource {
                name: "criterion".to_owned(),
                version: "0.8.2".to_owned(),
                origin: CrateOrigin::CratesIo,
                root: PathBuf::new(),
            },
            variables: BTreeMap::new(),
            namesake,
        }
    }

    fn argv(flags: &CargoFlags, patches: &[Patch]) -> String {
        let bench = bench("pkg", "sums", Namesake::None);
        let asked = Features { list: vec!["pkg-only,other-only".into()], ..Features::default() };
        arguments(&[&bench], &[], &asked, flags, None, Path::new("/t"), patches).join(" ")
    }

    #[test]
    fn only_named_benches_are_built_and_nothing_runs() {
        let text = argv(&CargoFlags::default(), &[]);
        assert_eq!(
            text,
            "bench --no-run --message-format=json-render-diagnostics --color never --package pkg@1.0.0 --bench sums \
             --target-dir /t --features pkg-only"
        );
    }

    #[test]
    fn what_is_beside_takes_part_in_what_is_resolved_and_is_not_built() {
        let (one, other) = (bench("pkg", "sums", Namesake::None), bench("other", "words", Namesake::None));
        let asked = Features { list: vec!["pkg-only,other-only".into()], ..Features::default() };
        let text = arguments(&[&one], &[other], &asked, &CargoFlags::default(), None, Path::new("/t"), &[]);
        let text = text.join(" ");
        assert!(
            text.contains("--package other@1.0.0 --package pkg@1.0.0 --bench sums --target-dir"),
            "{text}"
        );
        assert!(text.ends_with("--features other-only,pkg-only"), "{text}");
    }

    #[test]
    fn only_line_tables_need_other_flags() {
        let flags = CargoFlags { config: vec!["profile.fast.debug=2".into()], ..CargoFlags::default() };
        let fast = CargoFlags { profile: Some("fast".into()), ..flags.clone() };
        for variant in [Variant::Timed, Variant::Allocations] {
            assert_eq!(*for_variant(&flags, variant), flags);
        }
        assert_eq!(
            for_variant(&fast, Variant::Lines).config,
            [
                "profile.fast.debug=2",
                "profile.fast.debug=\"line-tables-only\"",
                "profile.fast.strip=\"none\""
            ]
        );
        let places = for_variant(&fast, Variant::Places);
        assert_eq!(places.config[3], "profile.fast.package.\"*\".debug=false");
        assert_eq!(places.config[..3], for_variant(&fast, Variant::Lines).config);
        let plain = for_variant(&flags, Variant::Lines).into_owned();
        assert!(plain.config[1].starts_with("profile.bench."), "{:?}", plain.config);
    }

    #[test]
    fn flags_are_handed_on() {
        let flags = CargoFlags {
            frozen: true,
            profile: Some("fast".into()),
            jobs: Some("1".into()),
            config: vec!["build.rustflags=[]".into()],
            color: Coloring::Always,
            ..CargoFlags::default()
        };
        let text = argv(&flags, &[]);
        for part in
            ["--color always", "--profile fast", "--jobs 1", "--config build.rustflags=[]", "--frozen"]
        {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_patch_unlocks_but_stays_offline() {
        let patches = [Patch {
            name: "criterion".into(),
            version: "0.8.2".into(),
            path: "/copy \"1\"".into(),
            digest: String::new(),
        }];
        let flags = CargoFlags { locked: true, frozen: true, ..CargoFlags::default() };
        let text = argv(&flags, &patches);
        assert!(
            text.contains(
                "--config patch.crates-io.criterion-0-8-2.path='/copy \"1\"' --features pkg-only --offline"
            ),
            "{text}"
        );
        assert!(!text.contains("--locked") && !text.contains("--frozen"), "{text}");
    }

    #[test]
    fn a_name_that_means_a_libtest_target_elsewhere_is_built_alone() {
        let benches = [
            bench("a", "sums", Namesake::None),
            bench("b", "words", Namesake::LeftOut),
            bench("c", "sums", Namesake::None),
        ];
        let groups = invocations(&benches);
        let names: Vec<Vec<&str>> =
            groups.iter().map(|group| group.iter().map(|bench| bench.package.as_str()).collect()).collect();
        assert_eq!(names, [vec!["a", "c"], vec!["b"]]);
        assert!(invocations(&[]).is_empty());
    }
}
