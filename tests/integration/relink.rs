//! Linking again in drawn orders: real builds, by the real Cargo and the real linker.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use object::{Architecture, Object, ObjectSymbol, SymbolKind};
use perfguard::build::relink::{Agreement, Archives, Drawable, Original, offer, path_of};
use perfguard::build::{BuildRequest, build};
use perfguard::domain::{
    BenchTarget, BuiltBench, CargoFlags, CrateOrigin, CrateSource, Features, Layout, LayoutFallback,
    Namesake, Side, Sides, Silent, TreeId, Unit, Variables, Variant,
};
use perfguard::support::records::Records;
use tempfile::TempDir;

use crate::sandbox::program;
use crate::{fixture, slots};

const LIBRARY: &str = r#"
pub mod empty;
#[inline(never)]
pub fn sum(values: &[u64]) -> u64 { values.iter().fold(0, |sum, value| sum.wrapping_mul(31) ^ value) }
#[inline(never)]
pub fn words(text: &str) -> Vec<String> { text.split(' ').map(str::to_uppercase).collect() }
pub static TABLE: [u32; 64] = [7; 64];
pub static mut COUNTER: u64 = 0;
#[inline(never)]
pub fn look(at: usize) -> u32 { unsafe { COUNTER += 1 }; TABLE[at % 64] }
pub fn shown<T: std::fmt::Debug>(value: T) -> String { format!("{value:?}") }
"#;

/// Variables without a byte, some of which lie where another begins.
const EMPTY: &str = r"
macro_rules! empty {
    ($($name:ident)*) => { $(pub static $name: () = ();)* pub static ALL: &[&()] = &[$(&$name),*]; };
}
empty!(A B C D E F G H I J K L M N O P);
#[inline(never)]
pub fn is_first(pointer: &()) -> bool { std::ptr::eq(pointer, &A) }
";

const BENCH: &str = r#"
fn main() {
    let values: Vec<u64> = (0..100).collect();
    println!("{} {:?} {}", relink::sum(&values), relink::words("a b c"), relink::look(values.len()));
    println!("{} {} {}", relink::shown(1_u8), relink::shown("x"), relink::shown(vec![1.5]));
    let own = std::env::current_exe().unwrap();
    assert!(std::fs::read(own).unwrap().len() > 1000, "it can read itself");
    println!("{}", relink_extra());
    assert!(relink::empty::is_first(std::hint::black_box(relink::empty::ALL)[0]), "what has no byte has one place");
}
#[inline(never)]
fn relink_extra() -> u64 { relink::sum(&[1, 2, 3]) }
"#;

/// The library after an edit of two functions, which makes one longer and one shorter.
const EDITED: &str = r#"
pub mod empty;
#[inline(never)]
pub fn sum(values: &[u64]) -> u64 {
    let long = values.iter().filter(|value| value.count_ones() > 60).count() as u64;
    values.iter().fold(long, |sum, value| sum.wrapping_mul(31) ^ value)
}
#[inline(never)]
pub fn words(text: &str) -> Vec<String> { text.split(' ').map(str::to_uppercase).collect() }
pub static TABLE: [u32; 64] = [7; 64];
#[inline(never)]
pub fn look(at: usize) -> u32 { TABLE[at % 64] }
pub fn shown<T: std::fmt::Debug>(value: T) -> String { format!("{value:?}") }
"#;

/// What the second commit has besides: nothing that was there before calls it.
const MORE: &str = r#"
#[inline(never)]
pub fn more(text: &str) -> usize { let mut all = words(text); all.sort(); all.dedup(); all.len() + OWN[all.len() % 4] }
#[link_section = ".own"]
static OWN: [usize; 4] = [4, 3, 2, 1];
#[used]
static KEPT: fn(&str) -> usize = more;
"#;

/// A crate that is built in two versions.
struct Crate {
    folder: TempDir,
    profile: &'static str,
    configuration: &'static str,
    variables: &'static [(&'static str, &'static str)],
    target: Option<&'static str>,
    files: &'static [(&'static str, &'static str)],
    layout: Layout,
    records: Records,
}

impl Crate {
    fn new(profile: &'static str) -> Self {
        // It compiles, which must not go on beside a test that has the machine to itself.
        slots::take_one();
        offer(PathBuf::from(env!("CARGO_BIN_EXE_cargo-perfguard")));
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self {
            folder,
            profile,
            configuration: "",
            variables: &[],
            target: None,
            files: &[],
            layout: Layout::Drawn,
            records: Records::none(),
        }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("build/src")
    }

    fn write(&self, more: &str) {
        let manifest = format!(
            "[package]\nname = \"relink\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n\
             [[bench]]\nname = \"tight-loops\"\nharness = false\n[profile.bench]\n{}\n",
            self.profile
        );
        let files = [
            ("Cargo.toml", manifest.as_str()),
            ("src/lib.rs", &format!("{LIBRARY}{more}")),
            ("src/empty.rs", EMPTY),
            ("benches/tight-loops.rs", BENCH),
            (".cargo/config.toml", self.configuration),
        ];
        for (name, text) in files.into_iter().chain(self.files.iter().copied()) {
            let path = self.source().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if path.extension().is_some_and(|end| end == "sh") {
                program(&path, text);
            } else {
                fs::write(&path, text).unwrap();
            }
        }
    }

    fn environment(&self) -> Variables {
        let mut environment = fixture::environment();
        environment.retain(|name, _| !name.to_string_lossy().starts_with("CARGO_TARGET_"));
        environment.extend(self.variables.iter().map(|(name, value)| (name.into(), value.into())));
        environment
    }

    /// Builds the crate as the tree number `tree`, with some code more.
    fn build(&self, tree: u8, more: &str) -> BuiltBench {
        let common = self.folder.path().join("build");
        let _ = fs::remove_dir_all(&common);
        self.write(more);
        let bench = BenchTarget {
            package: "relink".into(),
            package_version: "0.1.0".into(),
            package_id: format!("path+file://{}#relink@0.1.0", self.source().display()),
            manifest_dir: self.source(),
            target: "tight-loops".into(),
            source: self.source().join("benches/tight-loops.rs"),
            required_features: Vec::new(),
            known_features: Vec::new(),
            unit: Unit::Bench,
            library: CrateSource {
                name: "criterion".into(),
                version: "0.8.2".into(),
                origin: CrateOrigin::CratesIo,
                root: PathBuf::new(),
            },
            variables: BTreeMap::new(),
            namesake: Namesake::None,
        };
        let flags =
            CargoFlags { offline: true, target: self.target.map(str::to_owned), ..CargoFlags::default() };
        let request = BuildRequest {
            side: Side::Candidate,
            tree: &TreeId::from_hex(&format!("{tree:040x}")).unwrap(),
            workspace: &self.source(),
            target_dir: &common.join("target"),
            home: &self.folder.path().join("home"),
            artifacts: &self.folder.path().join("artifacts"),
            records: &self.records,
            cargo: &fixture::cargo(),
            environment: &self.environment(),
            flags: &flags,
            features: &Features::default(),
            benches: &[bench],
            beside: &[],
            patches: &[],
            variant: Variant::Timed,
            layout: self.layout,
            seed: None,
            local: &[],
            unchanged: &[],
        };
        let built = build(&request, &Silent);
        built.unwrap_or_else(|error| panic!("{error}: {:?}", error.output())).benches.remove(0)
    }

    /// Both versions, and nothing left of what they were built from.
    fn both(&self) -> Sides<BuiltBench> {
        let sides = Sides { baseline: self.build(1, ""), candidate: self.build(2, MORE) };
        fs::remove_dir_all(self.folder.path().join("build")).unwrap();
        sides
    }

    fn prepare(&self, sides: &Sides<BuiltBench>) -> Result<Drawable, LayoutFallback> {
        let originals =
            sides.as_ref().map(|bench| Original { executable: &bench.executable, digest: &bench.digest });
        Drawable::prepare(originals, &mut Archives::default(), self.folder.path())
    }

    /// Draws a layout; gives where it is.
    fn draw(
        &self,
        drawable: &Drawable,
        sides: &Sides<BuiltBench>,
        seed: u64,
    ) -> (Sides<PathBuf>, Result<Agreement, LayoutFallback>) {
        let folder = self.folder.path().join(format!("draw-{seed}"));
        let outputs = Sides::from_fn(|side| path_of(&folder, side, &sides.get(side).executable));
        for path in [&outputs.baseline, &outputs.candidate] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        let found = drawable.draw(&mut generator(seed), outputs.as_ref().map(PathBuf::as_path));
        (outputs, found)
    }
}

fn generator(mut state: u64) -> impl FnMut(usize) -> usize {
    move |bound| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    }
}

fn output(path: &Path) -> String {
    let mut command = Command::new(path);
    if object::File::parse(&*fs::read(path).unwrap()).unwrap().architecture() == Architecture::Aarch64 {
        command = Command::new("qemu-aarch64");
        command.args(["-L", "/usr/aarch64-linux-gnu"]).arg(path);
    }
    // What was built to profile itself writes where it runs.
    command.env("LLVM_PROFILE_FILE", "/dev/null");
    // A child that another test has forked may hold open what was just written here. The program itself forks on one thread.
    let ran = (0..1000).find_map(|_| match command.output() {
        Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
            thread::sleep(Duration::from_millis(10));
            None
        }
        ran => Some(ran.unwrap()),
    });
    let ran = ran.expect("nothing is held open for ten seconds");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

/// Where the functions of an executable lie, by name.
fn functions(path: &Path) -> BTreeMap<String, Vec<u64>> {
    let bytes = fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        found.entry(symbol.name().unwrap().to_owned()).or_default().push(symbol.address());
    }
    found
}

#[test]
fn every_same_function_lies_at_the_same_address_in_three_orders() {
    let tested = Crate::new("");
    let sides = tested.both();
    let has_own = sides.as_ref().map(|side| {
        let bytes = fs::read(&side.executable).unwrap();
        object::File::parse(&*bytes).unwrap().section_by_name(".own").is_some()
    });
    assert_eq!((has_own.baseline, has_own.candidate), (false, true), "one side has a section of its own");
    let drawable = tested.prepare(&sides).unwrap();
    assert!(drawable.as_built().functions > 100, "{:?}", drawable.as_built());
    let mut places = Vec::new();
    for seed in 1..=3 {
        let (executables, found) = tested.draw(&drawable, &sides, seed);
        let found = found.unwrap();
        assert_eq!(found.functions_in_place, found.functions, "{found:?}");
        assert!(found.data > 0 && found.data_in_place * 10 >= found.data * 9, "{found:?}");
        println!("as built {:?}, drawn {found:?}", drawable.as_built());
        let of = executables.as_ref().map(|path| functions(path));
        let own = of.baseline.iter().filter(|(name, at)| of.candidate.get(*name) == Some(at)).count();
        assert!(own * 100 >= of.baseline.len() * 95, "{own} of {}", of.baseline.len());
        assert_eq!(output(&executables.baseline), output(&sides.baseline.executable));
        assert_eq!(output(&executables.candidate), output(&sides.candidate.executable));
        places.push(of.baseline);
    }
    let moved = places[0].iter().filter(|(name, at)| places[1].get(*name) != Some(at)).count();
    assert!(moved * 10 > places[0].len() * 9, "orders differ: {moved} of {}", places[0].len());
    let (again, _) = tested.draw(&drawable, &sides, 3);
    assert_eq!(functions(&again.baseline), places[2], "a seed gives its layout again");
}

#[test]
fn what_is_made_without_a_linker_is_what_the_linker_makes() {
    let tested = Crate::new("");
    let sides = tested.both();
    let drawn = |seeds: std::ops::RangeInclusive<u64>| {
        let drawable = tested.prepare(&sides).unwrap();
        let is_first = seeds.clone().count() == 1;
        let all = seeds.map(|seed| tested.draw(&drawable, &sides, seed));
        let (executables, found) = all.last().unwrap();
        found.unwrap();
        assert_eq!(drawable.made_without_linker() > 0, !is_first);
        // Of functions of one name nobody promises which comes first.
        executables.map(|path| (functions(&path), output(&path)))
    };
    let (by_us, by_linker) = (drawn(4..=7), drawn(7..=7));
    for side in Side::BOTH {
        let ((ours, our_output), (linkers, output)) = (by_us.get(side), by_linker.get(side));
        let (ours, linkers) = (in_order(ours), in_order(linkers));
        assert!(linkers.len() > 100 && ours.len() == linkers.len() && our_output == output);
        let named = |order: &Order| order.iter().filter_map(|(_, name)| name.clone()).collect::<Vec<_>>();
        assert_eq!(named(&ours), named(&linkers));
        // Two of one name may differ in length, and all that follows them lies elsewhere. Where none is between, neighbours
        // are as far apart.
        let (ours, linkers) = (apart(&ours), apart(&linkers));
        assert_eq!(ours, linkers);
    }
}

/// Functions where they lie, in order; without a name where several have it.
type Order = Vec<(u64, Option<String>)>;

fn in_order(places: &BTreeMap<String, Vec<u64>>) -> Order {
    let mut order: Order = Vec::new();
    for (name, places) in places {
        let name = (places.len() == 1).then(|| name.clone());
        order.extend(places.iter().map(|at| (*at, name.clone())));
    }
    order.sort();
    order
}

/// How far neighbours are apart of which both have a name of their own.
fn apart(order: &Order) -> BTreeMap<(String, String), u64> {
    let neighbours = order.windows(2).filter_map(|two| {
        let [(at, Some(name)), (after, Some(next))] = two else { return None };
        Some(((name.clone(), next.clone()), after - at))
    });
    neighbours.collect()
}

#[test]
fn what_two_versions_of_a_function_share_lies_at_one_place_that_is_drawn() {
    assert_edited_is_in_place(Crate::new(""));
}

const AARCH64: &str = r#"
[target.aarch64-unknown-linux-gnu]
linker = "aarch64-linux-gnu-gcc"
runner = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
"#;

#[test]
#[ignore = "needs the aarch64 target, its GCC and qemu-aarch64; run by tests/systems/aarch64"]
fn code_for_aarch64_is_drawn_too() {
    let of_aarch64 =
        || Crate { target: Some("aarch64-unknown-linux-gnu"), configuration: AARCH64, ..Crate::new("") };
    assert_all_in_place(&of_aarch64());
    assert_all_in_place(&Crate { profile: "lto = \"fat\"", ..of_aarch64() });
    assert_edited_is_in_place(of_aarch64());
}

fn assert_edited_is_in_place(mut tested: Crate) {
    let baseline = tested.build(1, "");
    tested.files = &[("src/lib.rs", EDITED)];
    let sides = Sides { baseline, candidate: tested.build(2, "") };
    let drawable = tested.prepare(&sides).unwrap();
    let mut within_a_line = BTreeSet::new();
    let mut pages = BTreeSet::new();
    let mut apart = BTreeSet::new();
    for seed in 1..=24 {
        let (executables, found) = tested.draw(&drawable, &sides, seed);
        let found = found.unwrap();
        assert_eq!(found.functions_in_place, found.functions, "{found:?}");
        assert!(found.edited > 1 && found.edited_in_place == found.edited, "{found:?}");
        let places = executables.as_ref().map(|path| place_of(path, "3sum"));
        apart.insert(places.baseline.abs_diff(places.candidate));
        within_a_line.insert(places.baseline % 64);
        pages.insert(places.baseline / 4096);
        assert_eq!(output(&executables.candidate), output(&sides.candidate.executable));
    }
    assert_eq!(apart.len(), 1, "as far apart as what they share: {apart:?}");
    assert_eq!(within_a_line, BTreeSet::from([0, 16, 32, 48]));
    assert!(pages.len() > 1, "{pages:?}");
}

/// Where the one function lies whose name has `part`.
fn place_of(path: &Path, part: &str) -> u64 {
    let found: Vec<u64> =
        functions(path).into_iter().filter(|(name, _)| name.contains(part)).flat_map(|(_, at)| at).collect();
    assert_eq!(found.len(), 1, "{part}");
    found[0]
}

#[test]
fn an_executable_is_the_same_with_and_without_being_watched() {
    let tested = Crate::new("");
    let watched = tested.build(1, "");
    let target = tested.folder.path().join("build/target");
    fs::remove_dir_all(&target).unwrap();
    let status = Command::new(fixture::cargo())
        .args(["bench", "--no-run", "--offline", "--bench", "tight-loops", "--target-dir"])
        .arg(&target)
        .current_dir(tested.source())
        .env_clear()
        .envs(tested.environment())
        .env("CARGO_INCREMENTAL", "0")
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let plain = fs::read_dir(target.join("release/deps")).unwrap().map(|entry| entry.unwrap().path());
    let plain: Vec<PathBuf> = plain
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("tight_loops-") && !name.contains('.')
        })
        .collect();
    assert_eq!(plain.len(), 1);
    assert_eq!(fs::read(&plain[0]).unwrap(), fs::read(&watched.executable).unwrap());
}

#[test]
fn what_was_kept_comes_along_from_the_cache_and_damage_is_told() {
    let tested = Crate::new("");
    let sides = tested.both();
    assert_eq!(tested.build(1, "").executable, sides.baseline.executable, "kept from the first build");
    tested.prepare(&sides).unwrap();
    let mut folder = sides.candidate.executable.clone().into_os_string();
    folder.push(".link");
    let object = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let object = object.filter(|path| path.extension().is_some_and(|end| end == "o")).max().unwrap();
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    fs::write(&object, vec![0; bytes.len()]).unwrap();
    let error = tested.prepare(&sides).unwrap_err();
    assert!(matches!(&error, LayoutFallback::NotKept(text) if text.contains("damaged")), "{error}");
    fs::remove_file(&object).unwrap();
    let error = tested.prepare(&sides).unwrap_err();
    assert!(matches!(&error, LayoutFallback::NotKept(text) if text.contains("gone")), "{error}");
    let sides = tested.both();
    assert!(object.exists(), "what is not whole is not taken for kept");
    tested.prepare(&sides).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(tested.prepare(&sides), Err(LayoutFallback::NotKept(_))));
}

/// What a build setting comes to: everything in place, or a reason why not; and whether a linker is needed for every drawing.
fn comes_to(tested: &Crate) -> Result<(Agreement, bool), LayoutFallback> {
    let sides = tested.both();
    let drawable = tested.prepare(&sides)?;
    let mut last = None;
    for seed in 1..=3 {
        let (executables, found) = tested.draw(&drawable, &sides, seed);
        last = Some(found?);
        for side in [Side::Baseline, Side::Candidate] {
            let built = &sides.get(side).executable;
            assert_eq!(output(executables.get(side)), output(built));
        }
        assert_changed_are_found(&drawable, &executables, &sides);
    }
    let found = last.unwrap();
    let needs_linker = drawable.made_without_linker() == 0;
    println!("{:?}: as built {:?}, drawn {found:?}, {needs_linker}", tested.profile, drawable.as_built());
    Ok((found, needs_linker))
}

/// The functions that differ are found in drawn executables, and the same ones in those of the build where these have their names.
fn assert_changed_are_found(drawable: &Drawable, drawn: &Sides<PathBuf>, built: &Sides<BuiltBench>) {
    let names = |executable: &Path| {
        let changed = drawable.changed_in(executable).unwrap();
        changed.into_iter().map(|(_, name)| name).collect::<BTreeSet<String>>()
    };
    let found = drawn.as_ref().map(|executable| names(executable));
    let all = found.baseline.union(&found.candidate).count();
    assert_eq!(drawable.has_changed(), Ok(all > 0));
    if drawable.has_symbols() {
        assert_eq!(built.as_ref().map(|bench| names(&bench.executable)), found);
    }
}

fn assert_all_in_place(tested: &Crate) {
    let (found, needs_linker) = comes_to(tested).unwrap();
    assert!(found.functions > 50 && found.functions_in_place == found.functions, "{found:?}");
    assert!(!needs_linker || tested.target.is_some_and(|target| target.starts_with("aarch64")));
}

/// A C library has some functions whose places an order does not decide, and lists that it walks from end to end, which only a
/// linker puts right.
fn assert_nearly_all_in_place(tested: &Crate) {
    let (found, needs_linker) = comes_to(tested).unwrap();
    assert!(found.functions > 600 && found.functions_in_place * 100 >= found.functions * 99, "{found:?}");
    assert!(needs_linker || tested.target.is_some());
}

fn are_drawn(profiles: &[&'static str]) {
    for profile in profiles {
        println!("{profile}");
        assert_all_in_place(&Crate::new(profile));
    }
}

#[test]
fn names_are_in_the_build_unless_they_were_taken_away() {
    let has = |profile: &'static str, variables| {
        let tested = Crate { variables, ..Crate::new(profile) };
        tested.prepare(&tested.both()).unwrap().has_symbols()
    };
    assert!(has("", &[]));
    assert!(!has("strip = true", &[]));
    assert!(!has("", &[("RUSTFLAGS", "-Clink-arg=-Wl,-x")]));
}

#[test]
fn profiles_are_drawn() {
    are_drawn(&["lto = \"fat\"", "codegen-units = 1", "debug = 2", "strip = true"]);
}

#[test]
#[ignore = "the other profiles; the likeliest are tried with every change"]
fn profiles_of_every_kind_are_drawn() {
    are_drawn(&[
        "lto = \"thin\"",
        "debug = 1",
        "strip = \"debuginfo\"",
        "panic = \"abort\"",
        "incremental = true",
        "opt-level = 0",
    ]);
}

#[test]
fn flags_and_linkers_are_drawn_or_refused_with_a_reason() {
    for flags in
        ["-Ctarget-cpu=native", "-Clink-dead-code", "-Clink-arg=-fuse-ld=bfd", "-Clink-arg=-fuse-ld=gold"]
    {
        let variables: &'static [(&str, &str)] = Box::leak(Box::new([("RUSTFLAGS", flags)]));
        println!("{flags}");
        assert_all_in_place(&Crate { variables, ..Crate::new("") });
    }
    // At fixed addresses a linker makes numbers of them in more ways; of functions that it made one, one name is in the list.
    for flags in ["-Crelocation-model=static", "-Clink-arg=-Wl,--icf=all"] {
        let variables: &'static [(&str, &str)] = Box::leak(Box::new([("RUSTFLAGS", flags)]));
        let (found, needs_linker) = comes_to(&Crate { variables, ..Crate::new("") }).unwrap();
        assert!(found.functions > 50 && found.functions_in_place == found.functions, "{flags}: {found:?}");
        assert!(needs_linker, "{flags}");
    }
    let scripted = Crate {
        variables: &[("RUSTFLAGS", "-Clink-arg=-Tmore.ld")],
        files: &[("more.ld", "SECTIONS { .mine : { KEEP(*(.mine)) } } INSERT AFTER .text;")],
        ..Crate::new("")
    };
    assert_all_in_place(&scripted);
    // The linker obeys one order, and refuses to be given another kind of one beside it.
    let ordered = Crate {
        variables: &[("RUSTFLAGS", "-Clink-arg=-Wl,--call-graph-ordering-file=calls")],
        files: &[("calls", "_start main 1\n")],
        ..Crate::new("")
    };
    assert_all_in_place(&ordered);
    // The system's own archives are found by the driver: the linker says which.
    let variables: &'static [(&str, &str)] = &[("RUSTFLAGS", "-Ctarget-feature=+crt-static")];
    assert_nearly_all_in_place(&Crate { variables, ..Crate::new("") });
    let custom = Crate {
        configuration: "[target.x86_64-unknown-linux-gnu]\nlinker = \"./my-linker.sh\"\n",
        files: &[("my-linker.sh", "#!/bin/sh\nexec cc \"$@\"\n")],
        ..Crate::new("")
    };
    assert_all_in_place(&custom);
    let named = Crate { variables: &[("RUSTFLAGS", "-Clinker=gcc")], ..Crate::new("") };
    assert!(matches!(comes_to(&named), Err(LayoutFallback::NotKept(text)) if text.contains("`gcc`")));
}

#[test]
#[ignore = "needs mold, the musl target and llvm-profdata's format; run where they are installed"]
fn what_few_have_installed_is_drawn_too() {
    let mold = Crate { variables: &[("RUSTFLAGS", "-Clink-arg=-fuse-ld=mold")], ..Crate::new("") };
    assert_all_in_place(&mold);
    let musl = Some("x86_64-unknown-linux-musl");
    assert_nearly_all_in_place(&Crate { target: musl, ..Crate::new("") });
    assert_nearly_all_in_place(&Crate { target: musl, ..Crate::new("lto = \"fat\"") });
    let dynamic = &[("RUSTFLAGS", "-Ctarget-feature=-crt-static")];
    println!("dynamic musl: {:?}", comes_to(&Crate { target: musl, variables: dynamic, ..Crate::new("") }));
    assert_all_in_place(&Crate { variables: &[("RUSTFLAGS", "-Cprofile-generate")], ..Crate::new("") });
}

#[test]
fn every_function_is_aligned_where_that_is_asked_for() {
    let own = |tested: &Crate| -> Vec<u64> {
        let found = functions(&tested.build(1, "").executable).into_iter();
        let own = found.filter(|(name, _)| name.contains("relink")).flat_map(|(_, places)| places);
        own.collect()
    };
    let aligned = own(&Crate { layout: Layout::Aligned, ..Crate::new("") });
    assert!(aligned.len() > 3 && aligned.iter().all(|at| at.is_multiple_of(64)), "{aligned:?}");
    let plain = own(&Crate::new(""));
    assert!(plain.iter().any(|at| !at.is_multiple_of(64)), "{plain:?}");
}
