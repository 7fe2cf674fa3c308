//! What is kept may come from another machine, or grow with every commit.

use std::fs;

use crate::contract::{Ran, ran_with};
use crate::sandbox::{Sandbox, program};

/// What the debug log says where nothing is kept of a build.
const BUILDS: &str = "no executables are kept";

/// A package without dependencies whose program is measured.
fn package() -> Sandbox {
    let sandbox = Sandbox::bare();
    sandbox.write("Cargo.toml", "[package]\nname = \"moved\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    sandbox.write("src/main.rs", "fn main() {}\n");
    sandbox.write("perfguard.toml", "[[command]]\nname = \"all\"\nbin = \"moved\"\n");
    sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
    sandbox.commit("first");
    sandbox
}

/// A target folder of the sandbox's own, by flag.
fn own_target(sandbox: &Sandbox) -> String {
    sandbox.path("../own").display().to_string()
}

const NATIVE: &str = "-C target-cpu=native";

#[test]
fn code_for_the_cpu_at_hand_is_not_used_on_another() {
    let moved = package();
    // The compiler, on a machine whose CPU is in a file.
    let (compiler, cpu) = (moved.path("../compiler"), moved.path("../cpu"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *target-cpus*) cat '{}'; exit;; esac\nexec rustc \"$@\"\n",
        cpu.display()
    );
    program(&compiler, &script);
    let target = own_target(&moved);
    let on = |name: &str, flags: &str| {
        let text = format!(
            "target_feature=\"sse\"\n    native   - Select the CPU of the host (currently {name}).\n"
        );
        fs::write(&cpu, text).unwrap();
        let variables = [("RUSTC", compiler.to_str().unwrap()), ("RUSTFLAGS", flags)];
        let Ran { code, stderr, .. } =
            ran_with(&moved, &["list", "--no-builtin", "-vv", "--target-dir", &target], &variables);
        assert_eq!(code, 0, "{stderr}");
        // Whether executables were kept, and whether Cargo found what it had compiled to be fresh.
        (!stderr.contains(BUILDS), !stderr.contains("Compiling moved"))
    };
    assert_eq!(on("znver3", NATIVE), (false, false));
    assert_eq!(on("znver3", NATIVE), (true, true));
    assert_eq!(on("znver4", NATIVE), (false, false), "Cargo takes code for the other CPU for fresh");
    assert_eq!(on("znver4", NATIVE), (true, true));
    assert_eq!(on("znver3", NATIVE), (true, true), "they are kept for each CPU");
    // Code for a CPU that is named is the same everywhere.
    assert_eq!(on("znver3", "-C target-cpu=x86-64"), (false, false));
    assert_eq!(on("znver4", "-C target-cpu=x86-64"), (true, true));
}

#[test]
fn with_little_room_only_what_a_run_used_is_left() {
    let package = package();
    let target = own_target(&package);
    let kept = || {
        let entries = fs::read_dir(package.path("../own/perfguard/artifacts")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let compare = |number: usize, room: &[(&str, &str)]| {
        package.write("src/main.rs", &format!("fn main() {{ std::process::exit({number} - {number}); }}\n"));
        package.commit("another");
        let arguments =
            ["compare", "HEAD~1", "HEAD", "--no-builtin", "--budget", "1s", "-vv", "--target-dir", &target];
        let ran = ran_with(&package, &arguments, room);
        assert!([0, 100].contains(&ran.code), "{}", ran.stderr);
        ran.stderr
    };
    compare(1, &[]);
    let first = kept();
    assert_eq!(first.len(), 2);
    let log = compare(2, &[("PERFGUARD_KEPT", "0B")]);
    assert_eq!(log.matches(BUILDS).count(), 1, "the second commit is not built again: {log}");
    let second = kept();
    assert_eq!(second.len(), 2);
    assert_eq!(second.iter().filter(|name| first.contains(name)).count(), 1);
    compare(3, &[]);
    assert_eq!(kept().len(), 3);
}
