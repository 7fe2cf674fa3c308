//! What is kept may come from another machine, or grow with every commit.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::contract::counts::metric;
use crate::contract::{Ran, ran_with};
use crate::fixture;
use crate::sandbox::{Sandbox, program};
use crate::skip::{Need, skip};

/// What the debug log says where nothing is kept of a build.
const BUILDS: &str = "no executables are kept";

/// A package without dependencies whose program is measured.
pub(super) fn package() -> Sandbox {
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

/// A folder on another device than what is temporary; says so where there is none.
fn other_device() -> Option<tempfile::TempDir> {
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let is_other = |folder: &tempfile::TempDir| device(folder.path()) != device(&std::env::temp_dir());
    let found = tempfile::tempdir_in("/dev/shm").ok().filter(is_other);
    if found.is_none() {
        skip(Need::OtherDevice, "/dev/shm is none");
    }
    found
}

#[test]
fn a_target_folder_that_the_configuration_names_is_used_also_on_another_device() {
    let Some(device) = other_device() else { return };
    let package = package();
    let named = device.path().join("named");
    package.write(".cargo/config.toml", &format!("[build]\ntarget-dir = \"{}\"\n", named.display()));
    package.write("src/main.rs", "fn main() { println!(\"more\"); }\n");
    package.commit("second");
    let check = || {
        let arguments = [
            "compare",
            "HEAD~1",
            "HEAD",
            "--no-builtin",
            "--layout",
            "drawn",
            "--metrics",
            "allocations",
            "-vv",
        ];
        let mut process = package.process(&arguments);
        let output = process.env_remove("CARGO_TARGET_DIR").output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{log}");
        log.matches(BUILDS).count()
    };
    assert!(check() > 0);
    assert_eq!(check(), 0, "what was built is kept there");
    assert!(named.join("perfguard/artifacts").is_dir());
    assert!(!package.path("target").exists());
    assert_eq!(package.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_target_folder_that_was_moved_damaged_and_dated_back_is_not_believed() {
    let package = package();
    let says = |text: &str| {
        package.write("src/main.rs", &format!("fn main() {{ println!(\"{text}\"); }}\n"));
        package.commit(text)
    };
    // What the programs of the last two commits say differs, and only the right programs say so.
    let compared = |target: &str| {
        let arguments =
            ["compare", "HEAD~1", "HEAD", "--no-builtin", "--format", "json", "-vv", "--target-dir", target];
        let ran = ran_with(&package, &arguments, &[]);
        let document = ran.json();
        let time = metric(&document, "moved::command::all", "wall-time");
        assert_eq!(time["reason_code"], "output-differs", "{document}\n{}", ran.stderr);
        (time["reason"].to_string(), ran.stderr.matches(BUILDS).count())
    };
    for text in ["one", "two"] {
        says(text);
    }
    let mut place = own_target(&package);
    compared(&place);
    assert_eq!(compared(&place).1, 0, "both are kept");
    for (round, text) in ["three", "four", "five"].into_iter().enumerate() {
        says(text);
        // What a cache brings to another place is older than any source here, and some of it is damaged.
        let restored = format!("{place}-{round}");
        fs::rename(&place, &restored).unwrap();
        place = restored;
        // A folder that has neither of the two marks that say whose it is would be somebody else's.
        let is_mark = |path: &PathBuf| path.ends_with("perfguard/CACHEDIR.TAG");
        let files = fixture::files(Path::new(&place)).into_keys().filter(|path| !is_mark(path));
        for (number, path) in files.enumerate() {
            // What a link led to may be gone.
            let Ok(file) = File::options().append(true).open(&path) else { continue };
            match (number + round) % 5 {
                0 => fs::remove_file(&path).unwrap(),
                1 => file.set_len(0).unwrap(),
                _ => file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap(),
            }
        }
        let (reason, built) = compared(&place);
        assert!(reason.contains(text), "{reason}");
        assert!(built > 0, "this commit was built nowhere before");
    }
}

/// A library that, loaded before all others, lets no file have a second name.
fn no_links(folder: &Path) -> String {
    let (source, library) = (folder.join("links.c"), folder.join("links.so"));
    let text = "#include <errno.h>\n\
                int link(const char *a, const char *b) { errno = EPERM; return -1; }\n\
                int linkat(int a, const char *b, int c, const char *d, int e) { errno = EPERM; return -1; }\n";
    fs::write(&source, text).unwrap();
    let made =
        std::process::Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
    assert!(made.unwrap().success());
    library.display().to_string()
}

#[test]
fn a_file_system_without_hard_links_is_copied_on() {
    let tools = tempfile::tempdir().unwrap();
    let library = no_links(tools.path());
    let package = package();
    let target = own_target(&package);
    let linked = |below: &str| {
        let files = fixture::files(&Path::new(&target).join(below)).into_keys();
        files.filter(|path| fs::symlink_metadata(path).is_ok_and(|data| data.nlink() > 1)).count()
    };
    let compared = |text: &str, variables: &[(&str, &str)]| {
        package.write("src/main.rs", &format!("fn main() {{ println!(\"{text}\"); }}\n"));
        package.commit(text);
        let arguments = [
            "compare",
            "HEAD~1",
            "HEAD",
            "--no-builtin",
            "--format",
            "json",
            "-vv",
            "--layout",
            "drawn",
            "--target-dir",
            &target,
        ];
        let ran = ran_with(&package, &arguments, variables);
        let document = ran.json();
        let time = metric(&document, "moved::command::all", "wall-time");
        assert_eq!(time["reason_code"], "output-differs", "{document}\n{}", ran.stderr);
        assert!(time["reason"].to_string().contains(text), "{time}");
        ran.stderr.matches(BUILDS).count()
    };
    let without = [("LD_PRELOAD", library.as_str())];
    assert_eq!(compared("one", &without), 2);
    assert_eq!((compared("two", &without), linked("perfguard")), (1, 0), "what was copied is kept, too");
    assert_eq!(compared("three", &[]), 1);
    assert!(linked("perfguard") > 0, "where there are links they are used");
}
