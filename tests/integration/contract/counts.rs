//! Counts as a user sees them: judged exactly, explained, and never a failed gate where they cannot be had.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Ran, benchmark, ran, ran_with};
use crate::sandbox::{Sandbox, program};
use crate::skip::valgrind;
use crate::slots;

const WORK: &str = "gauge::work::gauge/work";
const STEADY: &str = "gauge::work::gauge/steady";

const COMMON: [&str; 9] =
    ["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD", "--format", "json", "--metrics"];

pub(crate) fn check(gauge: &Sandbox, metrics: &str, more: &[&str]) -> Ran {
    ran(gauge, &[&COMMON[..], &[metrics], more].concat())
}

/// `check` with the metrics that nobody asked for by name.
fn check_by_default(gauge: &Sandbox, variables: &[(&str, &str)], more: &[&str]) -> Ran {
    let variables = [&[("PERFGUARD_METRICS", "")], variables].concat();
    ran_with(gauge, &[&COMMON[..8], more].concat(), &variables)
}

pub(crate) fn metric<'a>(document: &'a Value, name: &str, metric: &str) -> &'a Value {
    let found = benchmark(document, name)["metrics"].as_array().unwrap();
    found
        .iter()
        .find(|found| found["metric"] == metric)
        .unwrap_or_else(|| panic!("{metric} of {name}: {found:?}"))
}

#[test]
fn half_a_percent_more_instructions_fails_the_gate_and_the_function_is_named() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    // As most manifests are: nothing is said of line tables.
    gauge.edit("Cargo.toml", "debug = false\n", &format!("# {}\n", slots::mark()));
    gauge.commit("say nothing of line tables");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1005");
    let found = check(&gauge, "instructions", &["--threshold", "instructions=0.2%", "-v"]);
    let document = found.json();
    assert_eq!((found.code, &document["verdict"]), (100, &"regressed".into()), "{document}");
    let work = metric(&document, WORK, "instructions");
    assert_eq!((&work["verdict"], &work["method"]), (&"regressed".into(), &"exact".into()));
    assert!((0.004..0.006).contains(&work["change"].as_f64().unwrap()), "{work}");
    assert_eq!(work["confidence"], 1.0);
    let cause = benchmark(&document, WORK)["causes"][0].clone();
    assert_eq!(cause["function"], "gauge::work", "{cause}");
    assert!(cause["text"].as_str().unwrap().contains("gauge::work"), "{cause}");
    assert_eq!((&cause["file"], &cause["path"]), (&"src/lib.rs".into(), &"src/lib.rs".into()), "{cause}");
    let line = gauge.read("src/lib.rs").lines().position(|line| line.contains("fn work(")).unwrap() + 1;
    assert!((line..line + 3).contains(&usize::try_from(cause["line"].as_u64().unwrap()).unwrap()), "{cause}");
    assert_eq!(benchmark(&document, WORK)["source"], "benches/work.rs");
    let again = ["report", "--run", "last", "--threshold", "instructions=0.2%", "--format", "json"];
    assert_eq!(benchmark(&ran(&gauge, &again).json(), WORK)["causes"][0], cause, "kept with the evidence");
    let steady = metric(&document, STEADY, "instructions");
    assert_eq!((&steady["verdict"], &steady["change"]), (&"unchanged".into(), &0.0.into()));
    assert_eq!(benchmark(&document, STEADY)["causes"], Value::Array(Vec::new()));

    // Half a percent is less than the threshold allows by default, and nothing is built to explain it.
    let passed = check(&gauge, "instructions", &[]);
    assert_eq!(passed.code, 0);
    assert!(!passed.stderr.contains("with line tables"), "{}", passed.stderr);
    let (_, with_lines) = found.stderr.split_once("with line tables").unwrap();
    assert!(!with_lines.contains("Compiling serde"), "dependencies stay as they are: {with_lines}");
}

/// A Valgrind that notes each launch that it counts, for the front of the PATH, and its notes.
fn noting_valgrind(gauge: &Sandbox) -> (String, PathBuf) {
    let tools = gauge.root().parent().unwrap().join("noting");
    let notes = tools.join("notes");
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("valgrind")).find(|file| file.exists());
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--tool=callgrind*) echo >>'{}' ;; esac\nexec '{}' \"$@\"\n",
        notes.display(),
        real.unwrap().display()
    );
    program(&tools.join("valgrind"), &script);
    (format!("{}:{path}", tools.display()), notes)
}

#[test]
fn what_the_store_knows_is_not_counted_again() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    let (path, notes) = noting_valgrind(&gauge);
    let counted = |metrics: &str, rounds: &str, benchmark: &str| {
        let library = gauge.read("src/lib.rs");
        gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", rounds);
        let _ = fs::remove_file(&notes);
        let arguments = [&COMMON[..], &[metrics, "--reach", "off", "--budget", "2s", benchmark]];
        let found = ran_with(&gauge, &arguments.concat(), &[("PATH", &path)]);
        gauge.write("src/lib.rs", &library);
        (fs::read_to_string(&notes).unwrap_or_default().lines().count(), found.json())
    };
    let instructions = |document: &Value, name| metric(document, name, "instructions").clone();
    let both = "instructions,wall-time";
    let (first, document) = counted(both, "ROUNDS: u64 = 1001", "steady");
    assert_eq!((first, &instructions(&document, STEADY)["verdict"]), (2, &"unchanged".into()), "{document}");
    // Another change of what it does not run: the same executable of the baseline, and what it executed is known.
    let (second, document) = counted(both, "ROUNDS: u64 = 1002", "steady");
    let steady = instructions(&document, STEADY);
    assert_eq!((second, &steady["verdict"], &steady["change"]), (1, &"unchanged".into(), &0.0.into()));
    assert_ne!(metric(&document, STEADY, "wall-time")["pairs"], 0, "the clock is asked all the same");
    // Nor is anything when both executables are known.
    let (none, document) = counted(both, "ROUNDS: u64 = 1002", "steady");
    let steady = instructions(&document, STEADY);
    assert_eq!((none, &steady["verdict"], &steady["method"]), (0, &"unchanged".into(), &"exact".into()));
    // Where they differ it is asked which functions cost more, and that is not stored. The clock, which could say the
    // same and save launches, or not, is left out.
    let (third, document) = counted("instructions", "ROUNDS: u64 = 1100", "gauge/work");
    let (fourth, again) = counted("instructions", "ROUNDS: u64 = 1100", "gauge/work");
    assert!(third >= 2 && fourth == third, "{third} {fourth}");
    for document in [document, again] {
        assert_eq!(benchmark(&document, WORK)["causes"][0]["function"], "gauge::work", "{document}");
    }
}

#[test]
fn not_one_allocation_more_is_accepted() {
    let gauge = Sandbox::new("gauge");
    let old = "pub fn work(seed: u64) -> u64 {\n    let mut state = seed | 1;";
    let new =
        "pub fn work(seed: u64) -> u64 {\n    let mut state = *std::hint::black_box(Box::new(seed | 1));";
    gauge.edit("src/lib.rs", old, new);
    let found = check(&gauge, "allocations,allocated-bytes,peak-bytes", &[]);
    let document = found.json();
    assert_eq!(found.code, 100, "{document}");
    for (name, figure, verdict) in [
        ("allocations", 1.0, "regressed"),
        ("allocated-bytes", 8.0, "regressed"),
        ("peak-bytes", 8.0, "regressed"),
    ] {
        let work = metric(&document, WORK, name);
        assert_eq!((&work["baseline"], &work["candidate"]), (&0.0.into(), &figure.into()), "{work}");
        assert_eq!((&work["verdict"], &work["method"]), (&verdict.into(), &"exact".into()));
        assert_eq!(metric(&document, STEADY, name)["verdict"], "unchanged");
    }
    assert_eq!(check(&gauge, "allocations", &["--threshold", "allocations=1"]).code, 0);
}

#[test]
fn branches_that_are_mispredicted_more_often_fail_the_gate() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    // The same sums, in an order that follows no pattern.
    let body = |state: &str| {
        format!(
            "pub fn steady(seed: u64) -> u64 {{\n    let (mut state, mut sum) = (seed | 1, 0_u64);\n    for _ in 0..1000 {{\n        \
             state = {state};\n        if std::hint::black_box(state >> 63) == 1 {{\n            sum = \
             std::hint::black_box(sum + 1);\n        }} else {{\n            sum = std::hint::black_box(sum ^ 3);\n        }}\n    \
             }}\n    sum\n}}\n"
        )
    };
    let library = gauge.read("src/lib.rs");
    let at = library.find("pub fn steady").unwrap();
    let with = |state: &str| format!("{}{}", &library[..at], body(state));
    gauge.write("src/lib.rs", &with("state.wrapping_add(2)"));
    gauge.commit("predictable");
    gauge.write("src/lib.rs", &with("state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)"));
    let document = check(&gauge, "branch-misses", &[]).json();
    let found = metric(&document, STEADY, "branch-misses");
    // What a predictor guesses depends on all branches before, so the figure may vary by a few: by how many is the machine's.
    assert_eq!(found["verdict"], "regressed", "{document}");
    assert!(found["baseline"].as_f64().unwrap() < 50.0, "{document}");
    assert!(found["candidate"].as_f64().unwrap() > 200.0, "{document}");
    assert_eq!(metric(&document, WORK, "branch-misses")["verdict"], "unchanged");
}

#[test]
fn what_cannot_be_counted_fails_nothing() {
    let gauge = Sandbox::new("gauge");
    let bench = gauge.read("benches/work.rs");
    gauge.write("benches/work.rs", &format!("{bench}\n{ARENA}"));
    gauge.commit("an allocator of its own");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 999");

    let found = check_by_default(&gauge, &[("PERFGUARD_BUDGET", "2s")], &[]);
    let document = found.json();
    assert_eq!(found.code, 0, "{document}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("allocations not counted") && notes.contains("allocator of its own"), "{notes}");

    // Asked for by name, it is told for each benchmark, and a verdict that is required is wanting.
    let found = check(&gauge, "allocations", &["--require-verdict"]);
    let document = found.json();
    let work = metric(&document, WORK, "allocations");
    assert_eq!((found.code, &work["verdict"]), (102, &"not-comparable".into()), "{document}");
    assert!(work["reason"].as_str().unwrap().contains("allocator of its own"), "{work}");

    // One that hands on to the C library is heard.
    gauge.write(
        "benches/work.rs",
        &format!("#[global_allocator]\nstatic OWN: std::alloc::System = std::alloc::System;\n{bench}"),
    );
    gauge.commit("an allocator that hands on");
    let seed = "let seed = *std::hint::black_box(Box::new(seed));";
    gauge.edit(
        "src/lib.rs",
        "pub fn work(seed: u64) -> u64 {",
        &format!("pub fn work(seed: u64) -> u64 {{\n    {seed}"),
    );
    let found = check(&gauge, "allocations,allocated-bytes", &[]);
    let document = found.json();
    let figures = |metric_name: &str| metric(&document, WORK, metric_name)["candidate"].clone();
    assert_eq!(
        (found.code, figures("allocations"), figures("allocated-bytes")),
        (100, 1.0.into(), 8.0.into()),
        "{document}"
    );
    assert!(!found.stderr.contains("to count allocations"), "nothing is built twice: {}", found.stderr);

    // Where nothing can be preloaded, another build counts, and refuses it.
    let folder = gauge.root().parent().unwrap().join("a space");
    fs::create_dir(&folder).unwrap();
    let metrics = [("PERFGUARD_METRICS", "allocations"), ("TMPDIR", folder.to_str().unwrap())];
    let found =
        ran_with(&gauge, &["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD"], &metrics);
    assert!(found.stderr.contains("Building the candidate to count allocations"), "{}", found.stderr);
    assert!(found.stdout.contains("allocator of its own"), "{}", found.stdout);
}

/// An allocator that asks nobody.
const ARENA: &str = r"
struct Arena;

#[global_allocator]
static ARENA: Arena = Arena;

static USED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
static mut ROOM: [u8; 1 << 28] = [0; 1 << 28];

unsafe impl std::alloc::GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        let at = USED.fetch_add(layout.size() + layout.align(), std::sync::atomic::Ordering::Relaxed);
        if at + layout.size() + layout.align() > 1 << 28 {
            return std::ptr::null_mut();
        }
        let place = (&raw mut ROOM).cast::<u8>().add(at);
        place.add(place.align_offset(layout.align()))
    }
    unsafe fn dealloc(&self, _: *mut u8, _: std::alloc::Layout) {}
}
";

#[test]
fn what_fails_only_while_it_is_counted_keeps_its_verdict() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::new("gauge");
    let own = "fn natively() {\n    \
               let maps = std::fs::read_to_string(\"/proc/self/maps\").unwrap();\n    \
               assert!(!maps.contains(\"vgpreload\"), \"not here\");\n}\n";
    let bench = gauge.read("benches/work.rs").replace("b.iter(||", "natively(); b.iter(||");
    gauge.write(
        "benches/work.rs",
        &format!(
            "{}\n{own}",
            bench.replace("|b| natively(); b", "|b| { natively(); b").replace("(7))));", "(7))) });")
        ),
    );
    gauge.commit("natively only");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 500");
    let found = check_by_default(
        &gauge,
        &[],
        &["--budget", "20s", "--threshold", "wall-time=900%", "--require-verdict"],
    );
    let document = found.json();
    assert_eq!(found.code, 0, "{document}");
    let notes = document["notes"].to_string();
    assert!(
        notes.contains(
            "instructions of gauge::work::gauge/work not counted on the candidate: it panicked: not here"
        ),
        "{notes}"
    );

    // Where nothing but counts is asked for, nothing shows that it runs at all: it crashed.
    let found = check(&gauge, "instructions", &["--require-verdict"]);
    assert_eq!(found.code, 101, "{}", found.json());
}

#[test]
fn without_valgrind_the_rest_goes_on_and_the_remedy_is_told() {
    let gauge = Sandbox::new("gauge");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 999");
    let tools = gauge.root().parent().unwrap().join("tools");
    fs::create_dir(&tools).unwrap();
    // Everything that is on the path but Valgrind.
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_name().to_string_lossy().contains("valgrind") {
                let _ = std::os::unix::fs::symlink(entry.path(), tools.join(entry.file_name()));
            }
        }
    }
    let path = [("PATH", tools.to_str().unwrap()), ("PERFGUARD_BUDGET", "2s")];
    let found = check_by_default(&gauge, &path, &[]);
    let document = found.json();
    assert_eq!(found.code, 0, "{document}");
    let notes = document["notes"].to_string();
    assert!(notes.contains("valgrind is not installed") && notes.contains("install valgrind"), "{notes}");
    assert_eq!(metric(&document, WORK, "allocations")["method"], "exact");
}

#[test]
fn a_run_stores_counts_beside_times() {
    let gauge = Sandbox::new("gauge");
    let arguments = ["run", "--no-builtin", "--bench", "work", "--format", "json", "--budget", "1s"];
    let found = ran(&gauge, &[&arguments[..], &["--metrics", "wall-time,allocations"]].concat());
    let document = found.json();
    assert_eq!(found.code, 0, "{document}");
    assert_eq!(metric(&document, WORK, "allocations")["candidate"], 0.0);
    assert!(metric(&document, WORK, "wall-time")["candidate"].as_f64().unwrap() > 0.0);
    let report = ran(&gauge, &["report", "--format", "json"]).json().to_string();
    assert!(report.contains("allocations"), "{report}");
}
