//! One commit, built in two ways. Allocations are counted, so that nothing depends on a clock.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Ran, benchmark, ran_with};
use crate::sandbox::{Sandbox, program};

const WORK: &str = "gauge::work::gauge/work";

/// The versions of a dependency that are at hand without a network, with how many rounds each stands for.
const ROUNDS: [(&str, u32); 2] = [("1.0.0", 1000), ("1.1.0", 2000)];

/// The gauge's lock file with one of them.
fn locked(version: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gauge/Cargo.lock");
    let text = fs::read_to_string(own).unwrap();
    let (registry, checksum) = ("registry+https://registry.invalid/index", checksum(version));
    let package = format!(
        "[[package]]\nname = \"rounds\"\nversion = \"{version}\"\nsource = \"{registry}\"\nchecksum = \"{checksum}\"\n\n"
    );
    let next = "[[package]]\nname = \"same-file\"";
    assert!(text.contains(next) && text.contains(" \"criterion\",\n]"), "{text}");
    text.replace(next, &format!("{package}{next}"))
        .replace(" \"criterion\",\n]", " \"criterion\",\n \"rounds\",\n]")
}

fn checksum(version: &str) -> String {
    format!("{:0>64}", version.replace('.', ""))
}

/// A gauge whose work depends on a feature, a `--cfg`, a variable and a dependency of another registry, which lies in the
/// tree in two versions.
fn gauge() -> Sandbox {
    let gauge = Sandbox::allocating();
    gauge.write(
        ".cargo/config.toml",
        "[registries.other]\nindex = \"https://registry.invalid/index\"\n\n\
         [source.other]\nregistry = \"https://registry.invalid/index\"\nreplace-with = \"vendored\"\n\n\
         [source.vendored]\ndirectory = \"vendor\"\n",
    );
    for (version, rounds) in ROUNDS {
        let file = |name: &str, text: &str| gauge.write(&format!("vendor/rounds-{version}/{name}"), text);
        file(
            "Cargo.toml",
            &format!("[package]\nname = \"rounds\"\nversion = \"{version}\"\nedition = \"2021\"\n"),
        );
        file("src/lib.rs", &format!("pub const ROUNDS: u64 = {rounds};\n"));
        file(".cargo-checksum.json", &format!("{{\"files\":{{}},\"package\":\"{}\"}}", checksum(version)));
    }
    gauge.write("Cargo.lock", &locked("1.0.0"));
    gauge.edit(
        "src/lib.rs",
        "pub const ROUNDS: u64 = 1000;",
        "pub const ROUNDS: u64 = if cfg!(feature = \"slow\") { 2000 } else if cfg!(slower) { 3000 } \
         else if cfg!(debug_assertions) { 500 } else { rounds::ROUNDS };",
    );
    gauge.edit(
        "Cargo.toml",
        "[dev-dependencies]",
        "[features]\nslow = []\n\n[lints.rust]\nunexpected_cfgs = \"allow\"\n\n[dependencies]\n\
         rounds = { version = \"1\", registry = \"other\" }\n\n[dev-dependencies]",
    );
    gauge.edit(
        "benches/work.rs",
        "|b| b.iter(|| gauge::work(black_box(7)))",
        "|b| b.iter(|| (0..std::env::var(\"GAUGE_CALLS\").map_or(1, |calls| calls.parse().unwrap()))\
         .map(|_| gauge::work(black_box(7))).sum::<u64>())",
    );
    gauge.commit("second");
    gauge
}

fn compared(gauge: &Sandbox, axes: &[&str]) -> (Ran, Value) {
    let common = ["compare", "HEAD", "--no-builtin", "--bench", "work", "--format", "json"];
    let all = [&common[..], axes, &["--", "gauge/work"]].concat();
    let ran = ran_with(gauge, &all, &[("PERFGUARD_METRICS", "allocations")]);
    let document = ran.json();
    (ran, document)
}

fn change(document: &Value) -> f64 {
    benchmark(document, WORK)["metrics"][0]["change"].as_f64().unwrap_or_else(|| panic!("{document}"))
}

#[test]
fn one_commit_is_compared_with_itself_built_otherwise() {
    let gauge = gauge();
    // Not what is compared: with an axis, both sides are BASE.
    gauge.edit("src/lib.rs", "else { rounds::ROUNDS }", "else { 9000 }");
    let (_, document) = compared(&gauge, &["--candidate-features", "slow"]);
    assert_eq!(
        (&document["exit_code"], &document["candidate"]["commit"]),
        (&100.into(), &document["baseline"]["commit"])
    );
    assert!((0.5..1.1).contains(&change(&document)), "{document}");
    assert_eq!(
        document["axes"],
        serde_json::json!([{ "axis": "features", "baseline": null, "candidate": "slow" }])
    );
    let causes = benchmark(&document, WORK)["causes"].to_string();
    assert!(causes.contains("the builds differ in features"), "{causes}");
    // The same executable, run otherwise.
    let (_, document) = compared(&gauge, &["--candidate-env", "GAUGE_CALLS=3"]);
    assert!((1.5..2.1).contains(&change(&document)), "{document}");
    let (_, document) =
        compared(&gauge, &["--baseline-env", "GAUGE_CALLS=2", "--candidate-env", "GAUGE_CALLS=2"]);
    assert_eq!(
        (&document["axes"], document["candidate"]["dirty"].as_bool()),
        (&serde_json::json!([]), Some(true))
    );
    let (_, document) = compared(
        &gauge,
        &[
            "--candidate-config",
            "profile.bench.package.gauge.debug-assertions=true",
            "--baseline-profile",
            "bench",
        ],
    );
    assert!((-0.55..-0.4).contains(&change(&document)), "{document}");
    assert_eq!(document["axes"].as_array().unwrap().len(), 2);
    another_lock_file_decides_what_is_built(&gauge);
    // Nothing of it is taken for what this commit is without any axis.
    let plain = [
        "compare",
        "HEAD",
        "HEAD",
        "--no-builtin",
        "--bench",
        "work",
        "--measure-identical",
        "--format",
        "json",
        "--",
        "gauge/work",
    ];
    let document = ran_with(&gauge, &plain, &[("PERFGUARD_METRICS", "allocations")]).json();
    assert_eq!((&document["exit_code"], &document["axes"]), (&0.into(), &serde_json::json!([])));
    assert!(change(&document).abs() < 1e-9, "{document}");
    let table = ran_with(
        &gauge,
        &["compare", "HEAD", "--no-builtin", "--bench", "work", "--candidate-features", "slow", "--", WORK],
        &[("PERFGUARD_METRICS", "allocations")],
    );
    let first = table.stdout.lines().next().unwrap();
    assert!(
        first.contains("compared with HEAD") && table.stdout.contains(", features `slow` instead of none"),
        "{table:?}"
    );
}

/// What a lock file pins is built, whatever the file is called, and the user's files stay.
fn another_lock_file_decides_what_is_built(gauge: &Sandbox) {
    let put = |text: &str| fs::write(gauge.path("../another lock"), text).unwrap();
    let before = (gauge.git(&["status", "--porcelain"]), gauge.read("Cargo.lock"));
    put(&locked("1.1.0"));
    let (_, document) = compared(gauge, &["--baseline-lockfile", "../another lock", "--frozen"]);
    assert!((-0.55..-0.4).contains(&change(&document)), "{document}");
    assert_eq!(
        (&benchmark(&document, WORK)["verdict"], &document["candidate"]["commit"], &document["axes"]),
        (
            &"improved".into(),
            &document["baseline"]["commit"],
            &serde_json::json!([{ "axis": "lockfile", "baseline": "../another lock", "candidate": null }])
        )
    );
    // The same name, and the content that the commit has itself.
    let axis = ["--candidate-lockfile", "../another lock"];
    put(&locked("1.0.0"));
    let (_, document) = compared(gauge, &[&axis[..], &["--locked"]].concat());
    let same = &benchmark(&document, WORK)["metrics"][0];
    assert_eq!((&document["exit_code"], &same["reason_code"]), (&0.into(), &"identical-executables".into()));
    put(&locked("1.0.0").replace("rounds", "rounded"));
    let unfit = ran_with(gauge, &[&["compare", "HEAD", "--no-builtin"], &axis[..]].concat(), &[]);
    assert_eq!(unfit.code, 101, "{unfit:?}");
    for words in [
        "with ../another lock as its Cargo.lock",
        "--locked was passed",
        "help: ",
        "cargo update --workspace",
    ] {
        assert!(unfit.stderr.contains(words), "{words}: {}", unfit.stderr);
    }
    assert_eq!((gauge.git(&["status", "--porcelain"]), gauge.read("Cargo.lock")), before);
}

/// A toolchain that is the one at hand and says that it is another.
fn another_toolchain(folder: &Path) {
    let sysroot = std::process::Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let sysroot = String::from_utf8(sysroot.stdout).unwrap();
    let real = Path::new(sysroot.trim()).join("bin");
    fs::create_dir_all(folder.join("bin")).unwrap();
    let script = |name: &str, text: &str| program(&folder.join("bin").join(name), text);
    script("cargo", &format!("#!/bin/sh\nexec '{0}/cargo' \"$@\"\n", real.display()));
    script(
        "rustc",
        &format!(
            "#!/bin/sh\ncase \"$*\" in\n-vV) '{0}/rustc' -vV | sed 's/^release: .*/release: 1.99.0/' ;;\n\
             *) exec '{0}/rustc' \"$@\" ;;\nesac\n",
            real.display()
        ),
    );
}

#[test]
fn toolchain_and_flags_are_each_sides_own() {
    let gauge = gauge().keeping("other-toolchain");
    gauge.mark();
    gauge.commit("third");
    let other = gauge.path("../other toolchain");
    another_toolchain(&other);
    let (_, document) = compared(
        &gauge,
        &["--candidate-toolchain", other.to_str().unwrap(), "--candidate-rustflags", "--cfg slower"],
    );
    assert!((1.5..2.1).contains(&change(&document)), "{document}");
    assert_eq!(document["toolchain"]["rustc"], "1.99.0");
    let axes: Vec<&Value> = document["axes"].as_array().unwrap().iter().map(|axis| &axis["axis"]).collect();
    assert_eq!(axes, ["toolchain", "rustflags"]);
    let causes = benchmark(&document, WORK)["causes"].to_string();
    assert!(causes.contains("rustc") && causes.contains("rustflags"), "{causes}");
    let unknown =
        ran_with(&gauge, &["compare", "HEAD", "--no-builtin", "--candidate-toolchain", "no-such"], &[]);
    assert!(unknown.code == 101 && unknown.stderr.contains("no-such"), "{unknown:?}");
}
