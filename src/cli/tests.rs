//! Wrong usage: each kind has its own words, a hint where there is one, and exit code 2. Nothing is started for it.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{self, Command};
use super::config::{self, Config};
use super::error::CliError;
use super::settings;
use crate::domain::Exit;

/// What the program says of an error.
fn said(error: &CliError) -> String {
    assert_eq!(error.exit(), Exit::Usage, "{error}");
    let mut text = format!("error: {error}\n");
    for cause in error.causes() {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(text, " help: {hint}");
    }
    text
}

#[test]
fn flags_that_make_no_sense() {
    let mut shown = String::new();
    for line in [
        "chekc",
        "check --fromat json",
        "check --format xml",
        "check --threshold 5",
        "check --threshold 0%",
        "check --threshold -5%",
        "check --threshold NaN%",
        "check --threshold inf%",
        "check --threshold wall-tim=5%",
        "check --threshold wall-time=5bananas",
        "check --threshold allocations=-1",
        "check --budget 10",
        "check --budget 0s",
        "check --budget -1s",
        "check --budget soon",
        "check --launch-timeout 1y",
        "check --metrics speed",
        "check --metrics wall-time,peak-memory",
        "check --package gauge --workspace",
        "check --confirm perhaps",
        "check --instructions-by valgrind",
        "check --no-builtin --no-harness",
        "compare main HEAD parser",
        "compare main --baseline-lockfile no/such/Cargo.lock",
        "compare main --candidate-lockfile Cargo.toml",
        "history name --metric speed",
        "baseline prune --older-than 90",
        "baseline prune --older-than long",
        "doctor --benchmarks 0",
    ] {
        let words = ["cargo-perfguard"].into_iter().chain(line.split(' ')).map(Into::into).collect();
        let error = args::parse(words).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()), "{line}");
        let _ = writeln!(shown, "$ cargo perfguard {line}\n{}", error.to_string().trim_end());
        shown.push('\n');
    }
    insta::assert_snapshot!("flags_that_make_no_sense", shown);
}

#[test]
fn former_names_of_flags_keep_working() {
    let parse = |words: &[&str]| args::parse(words.iter().map(Into::into).collect()).unwrap().command;
    for name in ["--no-builtin", "--no-harness"] {
        for command in ["check", "run", "list", "claims", "doctor"] {
            let off = match parse(&["c", command, name]) {
                Command::Check(check) => check.measuring.no_builtin,
                Command::Run(run) => run.measuring.no_builtin,
                Command::List(list) => list.no_builtin,
                Command::Claims(claims) => claims.no_builtin,
                Command::Doctor(doctor) => doctor.no_builtin,
                other => panic!("{other:?}"),
            };
            assert!(off, "{command} {name}");
        }
    }
    for name in ["--aa-test", "--null-control"] {
        let Command::Check(check) = parse(&["c", "check", name]) else { panic!("not check") };
        assert!(check.judging.aa_test, "{name}");
    }
    let mut help = args::command();
    let check = help.find_subcommand_mut("check").unwrap().render_long_help().to_string();
    assert!(check.contains("--no-builtin") && check.contains("--aa-test"), "{check}");
    assert!(!check.contains("no-harness") && !check.contains("null-control"), "{check}");
}

#[test]
fn a_filter_that_is_empty_is_refused() {
    let error = settings::filter(&[String::new()], false).unwrap_err();
    assert_eq!(said(&error), "error: a filter is empty\n");
}

/// Reads a configuration as a command does, up to where a workspace is needed.
fn read(root: &Path, metadata: Option<(&str, &serde_json::Value)>) -> Result<Config, CliError> {
    let config = config::load(root, metadata, &[])?;
    settings::policy(&config, &[])?;
    settings::builtin(&config)?;
    Ok(config)
}

#[test]
fn configurations_that_make_no_sense() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(config::FILE_NAME);
    let mut shown = String::new();
    for text in [
        "budgt = \"1s\"\n",
        "budget = 10\n",
        "budget = \"10\"\n",
        "metrics = [\"speed\"]\n",
        "metrics = []\n",
        "instructions-by = \"valgrind\"\n",
        "inconclusive = \"maybe\"\n",
        "[thresholds]\nwalltime = \"5%\"\n",
        "[thresholds]\nwall-time = \"-5%\"\n",
        "[thresholds]\nwall-time = 5\n",
        "[thresholds]\nwall-time = nan\n",
        "[thresholds]\nwall-time = \"0%\"\n",
        "[builtin]\nenable = false\n",
        "[builtin]\nselect = [\"strngs::*\"]\n",
        "[builtin]\n[harness]\n",
        "[target.'cfg(windoze'.thresholds]\nwall-time = \"5%\"\n",
        "[[benchmark]]\nmatch = \"[\"\nthresholds = { wall-time = \"5%\" }\n",
        "[[benchmark]]\nmach = \"x\"\n",
        "[[claim]]\nname = \"x\"\nfaster = \"a\"\nslower = \"b\"\nat-least = 0\n",
        "not toml\n",
    ] {
        std::fs::write(&file, text).unwrap();
        let error = read(folder.path(), None).unwrap_err();
        let _ = writeln!(shown, "{text}\n{}", said(&error));
    }
    std::fs::write(&file, "").unwrap();
    let table = serde_json::json!({ "budget": "1s" });
    let both = read(folder.path(), Some(("package.metadata.perfguard", &table))).unwrap_err();
    let _ = writeln!(shown, "in both places\n{}", said(&both));
    std::fs::remove_file(&file).unwrap();
    let table = serde_json::json!({ "basline": "main" });
    for name in ["package.metadata.perfguard", "workspace.metadata.perfguard"] {
        let error = read(folder.path(), Some((name, &table))).unwrap_err();
        let _ = writeln!(shown, "[{name}]\n{}", said(&error));
    }
    insta::assert_snapshot!("configurations_that_make_no_sense", shown);
}
