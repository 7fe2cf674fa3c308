//! Results on stdout, everything else on stderr; colours, pipes, files and formats.

use std::io::Read as _;
use std::process::Stdio;

use super::{ran, ran_with};
use crate::sandbox::Sandbox;

const CHECK: &[&str] = &["check", "--no-builtin", "--bench", "work", "--baseline", "HEAD"];

fn check(arguments: &[&'static str]) -> Vec<&'static str> {
    CHECK.iter().chain(arguments).copied().collect()
}

#[test]
fn results_go_to_stdout_and_progress_to_stderr() {
    let gauge = Sandbox::new("gauge");
    let plain = ran(&gauge, CHECK);
    assert_eq!(plain.code, 0);
    assert!(plain.stdout.starts_with("check: HEAD") && plain.stdout.ends_with(")\n"), "{}", plain.stdout);
    assert!(plain.stderr.contains("Building the candidate"), "{}", plain.stderr);
    assert!(!plain.stderr.contains("gate passed"), "{}", plain.stderr);
    assert_eq!(ran(&gauge, &check(&["--quiet"])).stderr, "");
    assert_eq!(ran_with(&gauge, CHECK, &[("PERFGUARD_QUIET", "1")]).stderr, "");

    let colored = |arguments: &[&'static str], variables: &[(&str, &str)]| {
        let ran = ran_with(&gauge, &check(arguments), variables);
        let escape = |text: &str| text.contains('\u{1b}');
        assert_eq!(escape(&ran.stdout), escape(&ran.stderr), "{arguments:?} {variables:?}");
        escape(&ran.stdout)
    };
    let unset = ("NO_COLOR", "");
    assert!(!colored(&[], &[unset]), "no terminal");
    assert!(colored(&[], &[unset, ("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[unset, ("CLICOLOR_FORCE", "0")]));
    assert!(!colored(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!colored(&["--color", "never"], &[unset, ("CLICOLOR_FORCE", "1")]));
    assert!(colored(&[], &[("NO_COLOR", "1"), ("PERFGUARD_COLOR", "always")]));
    assert!(colored(&[], &[unset, ("CARGO_TERM_COLOR", "always")]));
    assert!(!colored(&[], &[("CARGO_TERM_COLOR", "never"), ("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&["--color", "never"], &[unset, ("CARGO_TERM_COLOR", "always")]));
}

/// A build that lasts long enough to be watched: Cargo draws nothing in the first half second.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_how_far_cargo_is_and_a_log_does_not() {
    let slow = Sandbox::bare();
    slow.write("Cargo.toml", "[package]\nname = \"slow\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    slow.write("build.rs", "fn main() { std::thread::sleep(std::time::Duration::from_millis(1500)); }\n");
    slow.write("src/main.rs", "fn main() {}\n");
    slow.write("perfguard.toml", "[[command]]\nname = \"slow\"\nbin = \"slow\"\n");
    slow.git(&["init", "--quiet", "--initial-branch=main"]);
    slow.commit("first");
    let arguments = ["list", "--no-builtin"];
    let inner = slow.process(&[]);
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &format!("\"$TOOL\" perfguard {}", arguments.join(" ")), "/dev/null"]);
    script.current_dir(slow.root()).env("TOOL", inner.get_program());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let output = script.env("TERM", "xterm").stdin(Stdio::null()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    // Three units: the build script, its run, the program.
    for part in ["Building", "] 1/3 candidate: slow", "slow::command::slow"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    slow.write("src/main.rs", "fn main() { println!(); }\n");
    let log = ran(&slow, &[arguments[0], arguments[1], "-v"]);
    assert_eq!(log.code, 0, "{}", log.stderr);
    assert!(log.stderr.contains("Compiling slow"), "{}", log.stderr);
    assert!(!log.stderr.contains("1/3") && !log.stderr.contains(['\r', '\u{1b}']), "{:?}", log.stderr);
}

#[test]
fn a_list_builds_the_bench_targets_that_may_have_what_is_listed_and_no_suite() {
    let gauge = Sandbox::with_names();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    gauge.write("src/lib.rs", &format!("{}// {now}\n", gauge.read("src/lib.rs")));
    let built = |arguments: &[&str]| {
        let listed = ran(&gauge, &[&["list", "-vv"], arguments].concat());
        assert_eq!(listed.code, 0, "{}", listed.stderr);
        assert!(!listed.stderr.contains("--package perfguard-harness"), "{}", listed.stderr);
        let command =
            listed.stderr.lines().find(|line| line.contains("cargo bench --no-run")).unwrap_or_default();
        ["work", "names"].map(|target| command.contains(&format!("--bench {target}")))
    };
    assert_eq!(built(&["--exact", "gauge::work::gauge/work"]), [true, false]);
    assert_eq!(built(&["gauge::names::*"]), [false, true]);
    assert_eq!(built(&[]), [true, true]);
    assert_eq!(built(&["perfguard-harness::strings::concat/*"]), [false, false]);
    assert_eq!(built(&["perfguard-harness::strings::concat/format_literal"]), [false, false]);
}

#[test]
fn a_list_says_what_is_built_for_a_part_of_a_name_and_builds_nothing_for_a_target_that_there_is_not() {
    let gauge = Sandbox::with_names();
    let part = ran(&gauge, &["list", "concat/naive"]);
    assert_eq!(part.code, 0, "{}", part.stderr);
    assert!(part.stderr.contains("2 bench targets may have `concat/naive`"), "{}", part.stderr);
    assert_eq!(
        part.stdout.lines().next(),
        Some("perfguard-harness::strings::concat/naive"),
        "{}",
        part.stdout
    );
    for (filter, target) in [("gauge::wrok::*", "`gauge::work`"), ("other::one::*", "`gauge::names`")] {
        let refused = ran(&gauge, &["list", filter]);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("no bench target can have") && refused.stderr.contains(target),
            "{}",
            refused.stderr
        );
        assert!(!refused.stderr.contains("Building"), "{}", refused.stderr);
    }
    let near = ran(&gauge, &["run", "perfguard-harness::strings::concatt/naive"]);
    assert_eq!(near.code, 2, "{}", near.stderr);
    assert!(near.stderr.contains("`perfguard-harness::strings::concat/naive`"), "{}", near.stderr);
    assert!(!near.stderr.contains("Building"), "{}", near.stderr);
}

#[test]
fn a_debug_log_tells_what_was_started_and_what_was_kept() {
    let gauge = Sandbox::new("gauge");
    // Never built before, whatever else was built in this slot.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    gauge.write("src/lib.rs", &format!("{}// {now}\n", gauge.read("src/lib.rs")));
    let list = ["list", "--no-builtin", "--bench", "work", "-vv"];
    let logged = ran(&gauge, &list);
    assert_eq!(logged.code, 0, "{}", logged.stderr);
    for part in ["DEBUG", "starts a process", "cargo metadata", "builds", "CARGO_INCREMENTAL=0"] {
        assert!(logged.stderr.contains(part), "{part}: {}", logged.stderr);
    }
    let again = ran(&gauge, &list).stderr;
    assert!(again.contains("executables are kept"), "{again}");
    assert!(!ran(&gauge, &["list", "--no-builtin", "--bench", "work", "-v"]).stderr.contains("DEBUG"));
    let names = "gauge::work::gauge/steady\ngauge::work::gauge/work\n";
    assert!(logged.stdout.starts_with(names), "results stay what they are: {}", logged.stdout);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let gauge = Sandbox::new("gauge");
    for arguments in [&["list", "--no-builtin", "--quiet"][..], &["--help"], &["check", "--help"]] {
        let mut command = gauge.process(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn every_format_can_be_read_by_its_readers() {
    let gauge = Sandbox::new("gauge");
    let formatted = |name: &'static str| {
        let ran = ran_with(&gauge, &check(&["--quiet"]), &[("PERFGUARD_FORMAT", name)]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{name}");
        ran.stdout
    };
    serde_json::from_str::<serde_json::Value>(&formatted("json")).unwrap();
    let csv = formatted("csv");
    let rows: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(rows.len(), 4, "a header, two benchmarks, the end: {csv}");
    assert!(rows[..3].iter().all(|row| row.split(',').count() == 18), "{csv}");
    let xml = formatted("junit");
    assert!(xml.starts_with("<?xml") && xml.trim_end().ends_with("</testsuites>"), "{xml}");
    assert_eq!(xml.matches("<testcase").count(), 2);
    let html = formatted("html");
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{html}");
    assert!(!["src=", "href=", "url(", "@import"].iter().any(|load| html.contains(load)), "loads nothing");
    let markdown = formatted("markdown");
    assert!(markdown.starts_with("<!-- cargo-perfguard -->") && markdown.contains("|---|"), "{markdown}");
}

#[test]
fn a_file_is_written_whole_or_refused_early() {
    let gauge = Sandbox::new("gauge");
    gauge.write("old.json", &"stale ".repeat(10_000));
    let ran_ = ran(&gauge, &check(&["--format", "json", "--output", "old.json"]));
    assert_eq!((ran_.code, ran_.stdout.as_str()), (0, ""), "{}", ran_.stderr);
    let document: serde_json::Value = serde_json::from_str(&gauge.read("old.json")).unwrap();
    assert_eq!(document["exit_code"], 0);
    let failed = ran(&gauge, &["check", "--baseline", "nowhere", "--format", "json", "--output", "old.json"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (2, ""));
    let document: serde_json::Value = serde_json::from_str(&gauge.read("old.json")).unwrap();
    assert_eq!(document["exit_code"], 2, "no stale result is left to be mistaken for this one's");
    for (path, reason) in [("none/out.json", "its folder does not exist"), ("src", "it is a folder")] {
        let refused = ran(&gauge, &check(&["--output", path]));
        assert_eq!((refused.code, refused.stdout.as_str()), (101, ""));
        assert!(
            refused.stderr.contains(reason) && !refused.stderr.contains("Building"),
            "{}",
            refused.stderr
        );
    }
    let leftovers = gauge.git(&["status", "--porcelain"]);
    assert_eq!(leftovers, "?? old.json");
}

#[cfg(unix)]
#[test]
fn a_file_has_the_usual_rights_and_links_and_devices_stay() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

    let gauge = Sandbox::new("gauge");
    gauge.write("usual", "");
    std::os::unix::fs::symlink("target.csv", gauge.path("link.csv")).unwrap();
    gauge.write("target.csv", "");
    let report = |path: &'static str| ran(&gauge, &["report", "--format", "csv", "--output", path]).code;
    assert_eq!((report("new.csv"), report("link.csv"), report("/dev/null")), (0, 0, 0));
    let mode = |path: &str| gauge.path(path).metadata().unwrap().permissions().mode();
    assert_eq!(mode("new.csv"), mode("usual"));
    assert!(gauge.path("link.csv").is_symlink());
    assert!(!gauge.read("target.csv").is_empty());
    assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn help_teaches() {
    let gauge = Sandbox::new("gauge");
    let general = ran(&gauge, &["--help"]);
    assert_eq!((general.code, general.stderr.as_str()), (0, ""));
    for word in ["PERFGUARD_NO_BUILTIN", "100", "101", "102", "check", "compare", "report"] {
        assert!(general.stdout.contains(word), "{word}");
    }
    for command in ["check", "run", "compare", "report", "list"] {
        let help = ran(&gauge, &[command, "--help"]).stdout;
        assert!(help.contains("Examples:") && help.contains(&format!("cargo perfguard {command}")), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    }
    assert_eq!(ran(&gauge, &[]).code, 2);
    assert_eq!(
        ran(&gauge, &["--version"]).stdout,
        concat!("cargo perfguard ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
