//! The program is killed or interrupted.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Belongings, Running, is_sound, mark, processes, run, stored};
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

/// Both sides are one executable, so that one build is enough, and they are measured for longer than any test.
const MEASURE: &[&str] = &[
    "check",
    "--no-builtin",
    "--bench",
    "work",
    "--baseline",
    "HEAD",
    "--measure-identical",
    "--budget",
    "600s",
];

/// The same, as short as can be.
const BRIEFLY: &[&str] = &[
    "check",
    "--no-builtin",
    "--bench",
    "work",
    "--baseline",
    "HEAD",
    "--measure-identical",
    "--budget",
    "300ms",
];

/// Starts to measure, and returns once pairs are stored.
fn measuring(sandbox: &Sandbox, extra: &[&str]) -> Running {
    let arguments: Vec<&str> = MEASURE.iter().chain(extra).copied().collect();
    let before = stored(sandbox, "pair");
    let mut running = Running::start(sandbox.process(&arguments));
    running.until("two more pairs", |_| stored(sandbox, "pair") >= before + 2);
    running
}

/// A gauge whose build script waits, if it is told to. Started with `SLOW`, it returns once the script waits.
fn building(sandbox: &Sandbox) -> Running {
    let mut command = sandbox.process(&["list", "--no-builtin"]);
    command.env("FAULTS_SLOW", "1");
    let mut running = Running::start(command);
    let waits = |exe: &PathBuf| exe.to_string_lossy().contains("build-script-build");
    running.until("the build script", |mark| processes(mark).iter().any(waits));
    running
}

fn slow_gauge() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    let script = "fn main() {\n    println!(\"cargo::rerun-if-env-changed=FAULTS_SLOW\");\n    \
                  if std::env::var_os(\"FAULTS_SLOW\").is_some() {\n        \
                  std::thread::sleep(std::time::Duration::from_secs(600));\n    }\n}\n";
    // Files that were built before would not be built again.
    sandbox.write("build.rs", &format!("// {}\n{script}", mark()));
    sandbox.commit("a build script");
    sandbox
}

#[test]
fn a_kill_during_the_build_leaves_nothing_behind() {
    let sandbox = slow_gauge();
    let before = Belongings::of(&sandbox);
    let running = building(&sandbox);
    assert!(processes(&running.mark).len() >= 3, "the program, Cargo and the script");
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    before.are_untouched(&sandbox);
    run(&sandbox, &["list", "--no-builtin"]).says(0, &[]);
    before.are_untouched(&sandbox);
}

#[test]
fn an_interrupt_during_the_build_ends_it() {
    let sandbox = slow_gauge();
    let before = Belongings::of(&sandbox);
    for signal in [Signal::INT, Signal::TERM] {
        let running = building(&sandbox);
        let start = Instant::now();
        running.signal(signal);
        running.end().says(101, &["interrupted"]);
        assert!(start.elapsed() < Duration::from_mins(1), "the build script would have waited for minutes");
    }
    before.are_untouched(&sandbox);
}

#[test]
fn a_kill_while_measuring_leaves_what_was_measured() {
    let sandbox = Sandbox::new("gauge");
    let before = Belongings::of(&sandbox);
    let running = measuring(&sandbox, &[]);
    running.signal(Signal::KILL);
    assert_eq!(running.end().code, None);
    before.are_untouched(&sandbox);
    let pairs = stored(&sandbox, "pair");
    assert!(pairs >= 2);
    is_sound(&sandbox.path(".perfguard/store.db"));
    run(&sandbox, BRIEFLY).says(0, &[]);
    assert!(stored(&sandbox, "pair") > pairs);
    before.are_untouched(&sandbox);
}

#[test]
fn an_interrupt_while_measuring_reports_what_was_measured() {
    let sandbox = Sandbox::new("gauge");
    let before = Belongings::of(&sandbox);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let running = measuring(&sandbox, &["--format", "json"]);
        let start = Instant::now();
        running.signal(signal);
        let ended = running.end();
        assert!(start.elapsed() < Duration::from_mins(1), "it would have measured for minutes");
        ended.says(101, &[]);
        let document = ended.json();
        assert_eq!(document["benchmarks"].as_array().unwrap().len(), 2, "{document}");
        let reason = document["benchmarks"][0]["metrics"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("interrupted"), "{document}");
        assert_eq!(document["benchmarks"][0]["verdict"], "inconclusive");
        assert!(document["errors"].to_string().contains("interrupted"), "{document}");
    }
    before.are_untouched(&sandbox);
}

/// A bench whose first benchmark is counted at once, and its second for minutes.
fn long_gauge() -> Sandbox {
    let sandbox = Sandbox::new("gauge");
    sandbox.edit(
        "benches/work.rs",
        "    group.finish();",
        "    group.bench_function(\"waits\", |b| b.iter(|| std::thread::sleep(std::time::Duration::from_mins(2))));\n    \
         group.finish();",
    );
    sandbox.commit("a benchmark that waits");
    sandbox
}

/// Starts to count, and returns once something is counted and something else is under way.
fn counting(sandbox: &Sandbox, metrics: &str) -> Running {
    // What is stored is not counted again, and then nothing may be left to count but what waits.
    let _ = fs::remove_file(sandbox.path(".perfguard/store.db"));
    let arguments = [MEASURE, &["--format", "json", "--metrics", metrics]].concat();
    let mut running = Running::start(sandbox.process(&arguments));
    running.until("a count", |_| stored(sandbox, "measurement") > 0);
    // Everything is built by then: whatever runs besides the program counts.
    let counts = |exe: &PathBuf| !exe.ends_with("cargo-perfguard");
    running.until("another one under way", |mark| processes(mark).iter().any(counts));
    running
}

#[test]
fn a_kill_or_an_interrupt_while_counting_leaves_what_was_counted() {
    if !valgrind() {
        return;
    }
    let sandbox = long_gauge();
    let before = Belongings::of(&sandbox);
    for metrics in ["instructions", "allocations"] {
        let running = counting(&sandbox, metrics);
        running.signal(Signal::KILL);
        assert_eq!(running.end().code, None);
        before.are_untouched(&sandbox);
        is_sound(&sandbox.path(".perfguard/store.db"));

        let running = counting(&sandbox, metrics);
        let start = Instant::now();
        running.signal(Signal::INT);
        let ended = running.end();
        assert!(start.elapsed() < Duration::from_mins(1), "it would have counted for minutes");
        ended.says(101, &[]);
        let document = ended.json();
        assert_eq!(document["benchmarks"].as_array().unwrap().len(), 3, "{document}");
        for benchmark in document["benchmarks"].as_array().unwrap() {
            let reason = benchmark["metrics"][0]["reason"].to_string();
            assert!(benchmark["verdict"] != "inconclusive" || reason.contains("interrupted"), "{document}");
        }
        assert!(document["errors"].to_string().contains("interrupted"), "{document}");
        before.are_untouched(&sandbox);
    }
    let again = [BRIEFLY, &["gauge/steady", "--metrics", "instructions,allocations"]].concat();
    run(&sandbox, &again).says(0, &[]);
}

#[test]
fn an_interrupted_run_stores_what_it_measured() {
    let sandbox = Sandbox::with_names();
    let arguments =
        ["run", "--no-builtin", "--bench", "work", "--bench", "names", "--budget", "3s", "--format", "json"];
    let mut running = Running::start(sandbox.process(&arguments));
    running.until("a measurement", |_| stored(&sandbox, "measurement") >= 1);
    running.signal(Signal::INT);
    let ended = running.end();
    ended.says(101, &[]);
    let document = ended.json();
    let reported = document["benchmarks"].as_array().unwrap();
    assert_eq!(reported.len(), stored(&sandbox, "measurement") as usize, "{document}");
    let stored = |benchmark: &Value| benchmark["metrics"][0]["reason"] == "measured and stored";
    assert!(reported.iter().all(stored), "{document}");
}

#[test]
fn two_runs_in_one_workspace_take_turns_and_lose_nothing() {
    let sandbox = Sandbox::new("gauge");
    let arguments = ["run", "--no-builtin", "--bench", "work", "--budget", "300ms"];
    let runs = [(); 2].map(|()| Running::start(sandbox.process(&arguments)));
    let ended = runs.map(Running::end);
    for ended in ended {
        ended.says(0, &[]);
    }
    assert_eq!(stored(&sandbox, "run"), 2);
    assert_eq!(stored(&sandbox, "measurement"), 4);
    is_sound(&sandbox.path(".perfguard/store.db"));
}
