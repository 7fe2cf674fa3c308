//! Whole commands and `#[bench]` functions, in one report with whatever else there is.

use serde_json::Value;

use super::{Ran, benchmark, names_of, ran, ran_with};
use crate::sandbox::Sandbox;
use crate::skip;

/// The fixture, and a change: more work, another greeting, a bad end, and a program that the baseline does not have.
fn changed() -> Sandbox {
    let tool = Sandbox::new("commands");
    tool.edit("src/lib.rs", "20_000", "30_000");
    tool.edit("src/bin/tool.rs", "STATUS: i32 = 0", "STATUS: i32 = 3");
    tool.edit("src/bin/tool.rs", "\"hello\"", "\"hello, you\"");
    let bench =
        "#[cfg(test)]\nmod benches {\n    #[bench]\n    fn of_a_program(_: &mut test::Bencher) {}\n}\n";
    tool.write("src/bin/fresh.rs", &format!("fn main() {{}}\n\n{bench}"));
    let config = tool.read("perfguard.toml");
    tool.write("perfguard.toml", &format!("{config}\n[[command]]\nname = \"fresh\"\nbin = \"fresh\"\n"));
    tool
}

fn check(tool: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let common = ["check", "--no-builtin", "--baseline", "HEAD", "--format", "json", "--budget", "1s"];
    ran_with(tool, &[&common, arguments].concat(), variables)
}

/// Verdict and reason of a metric of a benchmark.
fn judged<'a>(document: &'a Value, name: &str, metric: &str) -> (&'a str, &'a str) {
    let metrics = benchmark(document, name)["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|one| one["metric"] == metric);
    let found = found.unwrap_or_else(|| panic!("{metric} of {name} is not in {document}"));
    (found["verdict"].as_str().unwrap(), found["reason"].as_str().unwrap_or_default())
}

/// The name that programs know the first metric's reason by.
fn judged_code<'a>(document: &'a Value, name: &str) -> &'a str {
    benchmark(document, name)["metrics"][0]["reason_code"].as_str().unwrap_or_default()
}

#[cfg(unix)]
#[test]
fn commands_are_timed_and_what_is_no_comparison_is_told_as_such() {
    let tool = changed();
    let ran = check(&tool, &["--bench", "command", "--", "!*daemon"], &[]);
    let document = ran.json();
    assert_eq!(ran.code, 101, "a command that fails is an error: {document}");
    let time = |name: &str| judged(&document, &format!("tool::command::{name}"), "wall-time");
    let sum = &benchmark(&document, "tool::command::sum")["metrics"][0];
    assert!(sum["pairs"].as_u64().unwrap() > 0, "{sum}");
    assert_eq!(time("fresh").0, "new");
    assert_eq!(time("status").0, "failed");
    assert!(time("status").1.contains("exited with code 3"), "{}", time("status").1);
    let (verdict, reason) = time("greeting");
    assert_eq!(verdict, "not-comparable");
    assert!(reason.contains("line 2 is `hello` on the baseline and `hello, you`"), "{reason}");
    assert_eq!(judged_code(&document, "tool::command::greeting"), "output-differs");
    let (verdict, reason) = time("clock");
    assert_eq!(verdict, "not-comparable");
    assert_eq!(judged_code(&document, "tool::command::clock"), "output-varies");
    assert!(reason.contains("compare-output"), "{reason}");
    let whatever = &benchmark(&document, "tool::command::greeting whatever")["metrics"][0];
    assert_eq!(whatever["limit"], "500%", "{whatever}");
    assert!(whatever["pairs"].as_u64().unwrap() > 0, "{whatever}");
    // Every launch of it found the tree as it was.
    assert!(
        benchmark(&document, "tool::command::write")["metrics"][0]["pairs"].as_u64().unwrap() > 0,
        "{document}"
    );
    let errors = document["errors"].to_string();
    assert!(errors.contains("it is broken") && errors.contains("perfguard.toml"), "{errors}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_command_leaves_behind_is_ended() {
    let tool = changed();
    let ran = check(&tool, &["--", "*daemon"], &[]);
    assert_ne!(ran.code, 101, "{}\n{}", ran.stdout, ran.stderr);
    let alive = std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.starts_with(b"sleep\x00987654")
    });
    assert!(!alive, "a daemon is still there");
}

/// A process in the background of a terminal that reads it is stopped until somebody brings it to the front.
#[cfg(target_os = "linux")]
#[test]
fn a_command_is_kept_from_the_terminal_of_whoever_measures_it() {
    let tool = changed();
    let arguments = "check --no-builtin --baseline HEAD --format json --output report.json --budget 1ms \
                     --launch-timeout 20s -- *::terminal";
    let inner = tool.process(&[]);
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &format!("set -f; exec \"$TOOL\" perfguard {arguments} </dev/tty"), "/dev/null"]);
    script.current_dir(tool.root()).env("TOOL", inner.get_program());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let output = script.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let document: Value = serde_json::from_str(&tool.read("report.json")).unwrap();
    let measured = &benchmark(&document, "tool::command::terminal")["metrics"][0];
    assert_eq!(measured["pairs"], 1, "{measured}");
}

#[test]
fn a_process_is_counted_from_its_start_to_its_end() {
    if !skip::valgrind() {
        return;
    }
    let tool = changed();
    let metrics = "instructions,allocations,allocated-bytes,peak-bytes";
    let document = check(&tool, &["--metrics", metrics, "--", "*::sum", "*::status", "*::greeting"], &[]);
    assert_eq!(document.code, 101, "a command that fails is an error: {}", document.stderr);
    let document = document.json();
    let counted = |metric: &str| {
        let metrics = benchmark(&document, "tool::command::sum")["metrics"].as_array().unwrap();
        metrics.iter().find(|one| one["metric"] == metric).unwrap().clone()
    };
    let instructions = counted("instructions");
    assert_eq!(instructions["verdict"], "regressed", "{document}");
    // Ten thousand rounds more, of some instructions each.
    let more = instructions["candidate"].as_f64().unwrap() - instructions["baseline"].as_f64().unwrap();
    assert!((10_000.0..200_000.0).contains(&more), "{more}");
    // A block of 100 000 bytes, and what the standard library asks for.
    for metric in ["allocated-bytes", "peak-bytes"] {
        let bytes = counted(metric);
        assert_eq!(bytes["verdict"], "unchanged");
        assert!((100_000.0..200_000.0).contains(&bytes["candidate"].as_f64().unwrap()), "{bytes}");
    }
    assert!(counted("allocations")["candidate"].as_f64().unwrap() >= 2.0);
    for metric in metrics.split(',') {
        assert_eq!(judged(&document, "tool::command::status", metric).0, "failed");
        assert_eq!(judged(&document, "tool::command::greeting", metric).0, "not-comparable");
    }
    assert_eq!(judged_code(&document, "tool::command::greeting"), "output-differs");
}

#[test]
fn bench_functions_are_listed_counted_and_timed_where_the_compiler_has_them() {
    let tool = changed();
    // As a stable compiler, whichever there is.
    let stable = [("RUSTC_BOOTSTRAP", "-1")];
    let left_out =
        ran_with(&tool, &["check", "--no-builtin", "--baseline", "HEAD", "--bench", "old"], &stable);
    assert_eq!(left_out.code, 2, "{}", left_out.stderr);
    assert!(
        left_out.stderr.contains("nightly") && left_out.stderr.contains("RUSTC_BOOTSTRAP=1"),
        "{}",
        left_out.stderr
    );

    let unstable = [("RUSTC_BOOTSTRAP", "1")];
    let all = ran_with(&tool, &["list", "--no-builtin", "--format", "json"], &unstable);
    assert_eq!(all.code, 0, "{}", all.stderr);
    for name in ["tool::old::outside", "tool::tool::benches::bench_algorithm", "tool::command::sum"] {
        assert!(all.stdout.contains(name), "{name} is not in {}", all.stdout);
    }
    assert!(!all.stdout.contains("it_is_no_benchmark"), "{}", all.stdout);
    assert!(all.stdout.contains("has #[bench] in the sources of a program"), "{}", all.stdout);

    let run =
        ["run", "--no-builtin", "--budget", "1ms", "--format", "json", "--", "*bench_algorithm", "*left_out"];
    let timed = ran_with(&tool, &run, &unstable);
    assert_eq!(timed.code, 0, "{}\n{}", timed.stdout, timed.stderr);
    let document = timed.json();
    // What is not to be run is no error.
    let left_out = &benchmark(&document, "tool::tool::benches::left_out")["metrics"][0];
    assert!(left_out["reason"].as_str().unwrap().contains("#[ignore]"), "{document}");
    let notes = document["notes"].to_string();
    assert!(
        notes.contains("tool::tool::benches::left_out is not measured: it is marked #[ignore]"),
        "{notes}"
    );
    assert!(benchmark(&document, "tool::tool::benches::bench_algorithm")["metrics"][0]["candidate"].is_f64());
    if !skip::valgrind() {
        return;
    }
    let arguments =
        ["--metrics", "instructions,allocations", "--", "*bench*", "tool::old::*", "*::sum", "*left_out"];
    let ran = check(&tool, &arguments, &unstable);
    assert_eq!(ran.code, 101, "one of them panics: {}", ran.stderr);
    let document = ran.json();
    let (verdict, reason) = judged(&document, "tool::tool::benches::bench_that_panics", "instructions");
    assert!(verdict == "failed" && reason.contains("it is broken"), "{verdict}: {reason}");
    let errors = document["errors"].to_string();
    assert!(errors.contains("cargo bench -p tool --lib -- benches::bench_that_panics"), "{errors}");
    let count = |name: &str, side: &str| {
        benchmark(&document, name)["metrics"][0][side]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {document}"))
    };
    for name in ["tool::old::outside", "tool::tool::benches::bench_algorithm"] {
        // Nothing but the iteration: a round takes some instructions.
        assert!((20_000.0..300_000.0).contains(&count(name, "baseline")), "{document}");
        let ratio = count(name, "candidate") / count(name, "baseline");
        assert!((1.45..1.55).contains(&ratio), "{name}: {ratio}");
        assert_eq!(judged(&document, name, "instructions").0, "regressed");
        assert_ne!(judged(&document, name, "allocations").0, "unchanged", "they are not counted");
    }
    // The set-up has 1000 numbers as well, and does not count.
    assert!(count("tool::tool::benches::bench_with_setup", "candidate") < 10_000.0, "{document}");
    assert_eq!(judged(&document, "tool::tool::benches::left_out", "instructions").0, "not-comparable");
    assert_eq!(judged(&document, "tool::command::sum", "instructions").0, "regressed", "all in one report");
    assert!(names_of(&document).len() >= 5);
}

#[test]
fn a_command_that_cannot_be_meant_is_refused_with_what_may_be_meant() {
    let tool = Sandbox::new("commands");
    let config = tool.read("perfguard.toml");
    let said = |more: &str| {
        tool.write("perfguard.toml", &format!("{config}\n{more}"));
        let ran = ran(&tool, &["list", "--no-builtin"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        ran.stderr
    };
    let unknown = said("[[command]]\nname = 'x'\nbin = 'tol'\n");
    assert!(unknown.contains("`tol`") && unknown.contains("did you mean `tool`?"), "{unknown}");
    let foreign = said("[[command]]\nname = 'x'\nbin = 'tool'\npackage = 'other'\n");
    assert!(foreign.contains("no binary target"), "{foreign}");
    let key = said("[[command]]\nname = 'x'\nbin = 'tool'\narg = ['a']\n");
    assert!(key.contains("did you mean `args`?"), "{key}");
    let outside = said("[[command]]\nname = 'x'\nbin = 'tool'\nstdin = '/dev/tty'\n");
    assert!(outside.contains("stdin"), "{outside}");
}

#[test]
fn commands_stand_beside_benches_of_a_library() {
    let gauge = Sandbox::new("gauge");
    gauge.write("src/main.rs", "fn main() { assert_ne!(gauge::work(1), 0); }\n");
    gauge.write("perfguard.toml", "[[command]]\nname = \"start\"\nbin = \"gauge\"\n");
    gauge.commit("a program");
    gauge.edit("src/lib.rs", "ROUNDS: u64 = 1000", "ROUNDS: u64 = 1200");
    let document =
        check(&gauge, &["--layout", "drawn", "--", "*::start", "gauge::work::gauge/work"], &[]).json();
    assert_eq!(names_of(&document), ["gauge::command::start", "gauge::work::gauge/work"], "{document}");
    let start = &benchmark(&document, "gauge::command::start")["metrics"][0];
    assert!(start["pairs"].as_u64().unwrap() > 0, "{start}");
    if cfg!(target_os = "linux") {
        assert_eq!(start["drawn_pairs"], start["pairs"], "programs are linked anew as benches are: {start}");
    }
}
