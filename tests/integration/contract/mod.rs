//! The contract, held by the program as a user runs it.
//!
//! Sandboxes build in the target folders of `slots`, several of them side by side.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod accepting;
#[cfg(unix)]
mod advice;
#[cfg(unix)]
mod axes;
mod baselines;
mod bisect;
mod commands;
pub(crate) mod counts;
mod creep;
mod flags;
mod github;
mod harness;
pub(crate) mod history;
mod input;
mod layouts;
mod libraries;
mod members;
mod names;
mod partition;
#[cfg(unix)]
mod pulls;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod reach;
mod rejudge;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod spared;
mod streams;
pub(crate) mod sync;
pub(crate) mod verdicts;

use std::fmt::Write as _;

use serde_json::Value;

use crate::sandbox::Sandbox;

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON document on stdout; its exit code is the process's.
    pub(crate) fn json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr));
        assert_eq!(document["exit_code"], self.code, "{document}");
        assert_eq!(document["schema"], 1);
        document
    }
}

/// Runs the program in a sandbox.
pub(crate) fn ran(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    ran_with(sandbox, arguments, &[])
}

/// Runs the program in a sandbox with environment variables.
pub(crate) fn ran_with(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = sandbox.perfguard(arguments);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().expect("the program ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs and reads the JSON; `arguments` are extended by `--format json`.
pub(crate) fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let all: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
    ran(sandbox, &all).json()
}

/// The last run is judged again from what is stored, with these arguments, and says the same to the byte.
pub(crate) fn judged_again(sandbox: &Sandbox, first: &Ran, arguments: &[&str]) {
    let again = ran(sandbox, &[&["report", "--run", "last", "--format", "json"], arguments].concat());
    assert_eq!((again.code, &again.stdout), (first.code, &first.stdout), "{}", again.stderr);
}

/// A benchmark of a JSON report by its full name.
pub(crate) fn benchmark<'a>(document: &'a Value, name: &str) -> &'a Value {
    let found = document["benchmarks"].as_array().unwrap().iter().find(|benchmark| benchmark["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {document}"))
}

/// The names of a JSON report's benchmarks.
fn names_of(document: &Value) -> Vec<&str> {
    document["benchmarks"].as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap()).collect()
}

/// A text without what differs from run to run: paths, hashes, times, the machine.
fn redacted(sandbox: &Sandbox, text: &str) -> String {
    let root = sandbox.root().canonicalize().unwrap();
    let text =
        text.replace(root.to_str().unwrap(), "[ROOT]").replace(sandbox.root().to_str().unwrap(), "[ROOT]");
    let mut out = String::new();
    for line in text.lines() {
        let line = if line.starts_with("on ") && line.contains("rustc") { "on [MACHINE]" } else { line };
        if line.trim_start().starts_with("Waiting for another run") {
            continue;
        }
        let line = match line.rsplit_once(" (") {
            Some((head, tail)) if tail.ends_with(" s)") || tail.ends_with(" ms)") => {
                format!("{head} ([TIME])")
            }
            _ => line.to_owned(),
        };
        let words: Vec<String> = line.split(' ').map(hidden).collect();
        let _ = writeln!(out, "{}", words.join(" ").trim_end());
    }
    out
}

/// A word, its hash hidden if it holds one.
fn hidden(word: &str) -> String {
    let is_hash = |part: &str| part.len() >= 10 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if is_hash(core) { word.replace(core, "[HASH]") } else { word.to_owned() }
}
