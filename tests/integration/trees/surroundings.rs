//! What lies around a tree: configuration, manifests, git.

use std::collections::BTreeSet;
use std::fs;

use super::bench;
use crate::sandbox::Sandbox;
use crate::slots;

/// Writes down what a bench process sees of its surroundings.
const WITNESS: &str = r#"
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(std::env::var("WITNESS").unwrap()).unwrap();
    let own = std::env::var("OWN").unwrap_or_default();
    let outer = std::env::var("OUTER").unwrap_or_default();
    writeln!(file, "{} own={own} outer={outer}", env!("GIT_HEAD")).unwrap();
"#;

const BUILD: &str = r#"
fn main() {
    let git = |words: &[&str]| {
        let output = std::process::Command::new("git").args(words).output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let changed = if git(&["status", "--porcelain"]).is_empty() { "" } else { "+" };
    println!("cargo:rustc-env=GIT_HEAD={}{changed}", git(&["rev-parse", "HEAD"]));
    println!("cargo:rerun-if-changed=.git/HEAD");
}
"#;

/// The target folder lies in the work tree, as it does for most users.
#[test]
fn each_side_has_its_own_configuration_manifest_and_head() {
    let gauge = Sandbox::new("gauge");
    gauge.write("benches/work.rs", &bench(WITNESS));
    gauge.write("build.rs", BUILD);
    gauge.write(".gitignore", "/target\n.perfguard\n");
    gauge.edit("Cargo.toml", "\n[workspace]\n", "\n");
    let first = gauge.commit("no workspace, no configuration");
    gauge.write(".cargo/config.toml", "[env]\nOWN = \"second\"\n");
    gauge.write(
        "member/Cargo.toml",
        "[package]\nname = \"member\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    gauge.write("member/src/lib.rs", "");
    let manifest = gauge.read("Cargo.toml");
    gauge.write("Cargo.toml", &format!("{manifest}\n[workspace]\nmembers = [\"member\"]\n"));
    gauge.edit(
        "Cargo.lock",
        "[[package]]\nname = \"memchr\"",
        "[[package]]\nname = \"member\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"memchr\"",
    );
    let second = gauge.commit("a workspace with configuration");
    // What the folders above the repository say holds for both, as it does for the user.
    let above = gauge.root().parent().unwrap().join(".cargo");
    fs::create_dir(&above).unwrap();
    fs::write(above.join("config.toml"), "[env]\nOUTER = \"above\"\n").unwrap();
    let witness = gauge.root().with_file_name("witness");
    let target = gauge.path("target");
    slots::furnish(&target);
    let compare = ["compare", "HEAD~1", "HEAD", "--no-builtin", "--bench", "work", "--budget", "200ms"];
    let output = gauge.perfguard_below(&target, &compare).env("WITNESS", &witness).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = fs::read_to_string(&witness).unwrap();
    let seen: BTreeSet<&str> = seen.lines().collect();
    let expected = [format!("{first} own= outer=above"), format!("{second} own=second outer=above")];
    assert_eq!(seen, expected.iter().map(String::as_str).collect());
    assert_eq!(gauge.git(&["status", "--porcelain"]), "");
    assert!(!target.join("perfguard/trees").exists(), "trees are outside of the repository");
}
