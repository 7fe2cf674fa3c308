//! What a report tells its reader to type is typed, by a shell, and what it tells to write is written.

use std::process::{Command, Output};

use super::{Ran, ran_with};
use crate::sandbox::Sandbox;
use crate::skip::valgrind;

/// A name that a shell, a pattern and a configuration file could each stumble over.
const CRAB: &str = "(y) {z} $1";

const ALLOCATIONS: [(&str, &str); 1] = [("PERFGUARD_METRICS", "allocations")];

fn checked(gauge: &Sandbox) -> Ran {
    let check = ["check", "--no-builtin", "--bench", "names", "--baseline", "HEAD~1", "--", CRAB];
    ran_with(gauge, &check, &ALLOCATIONS)
}

/// Types a line into a shell, in the workspace, where the program is installed.
fn typed(gauge: &Sandbox, line: &str) -> Output {
    let program = gauge.process(&[]);
    let folder = std::path::Path::new(program.get_program()).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(gauge.root());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.envs(ALLOCATIONS).env("PATH", path.unwrap()).output().unwrap()
}

#[test]
fn what_is_advised_works_as_it_is_printed() {
    if !valgrind() {
        return;
    }
    let gauge = Sandbox::with_names();
    gauge.allocate("1_000");
    gauge.commit("allocates");
    gauge.edit("src/lib.rs", "0..1_000", "0..1_300");
    gauge.commit("slower");
    let failed = checked(&gauge);
    assert_eq!(failed.code, 100, "{failed:?}");
    let (_, advice) = failed.stdout.split_once("What to do next\n").unwrap();
    let lines: Vec<&str> = advice.lines().map(str::trim).collect();
    let commands: Vec<&str> =
        lines.iter().copied().filter(|line| line.starts_with("cargo perfguard ")).collect();
    let [explain, compare, accept] = commands[..] else { panic!("{advice}") };
    let code = |line: &str| {
        let output = typed(&gauge, line);
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (explained, text) = code(explain);
    assert!(explained == Some(0) && text.contains("gauge::steady"), "{explain}\n{text}");
    let (again, text) = code(compare);
    assert!(again == Some(100) && text.contains("1 of 1 benchmark regressed"), "{compare}\n{text}");
    // A threshold as it is printed lets the change pass, and so does what was accepted.
    let entry: Vec<&str> = lines.iter().copied().skip_while(|line| *line != "[[benchmark]]").collect();
    let entry: Vec<&str> = entry.into_iter().take_while(|line| !line.is_empty()).collect();
    assert_eq!(entry.len(), 3, "{advice}");
    gauge.write("perfguard.toml", &entry.join("\n"));
    let raised = checked(&gauge);
    assert_eq!(raised.code, 0, "{entry:?}\n{raised:?}");
    std::fs::remove_file(gauge.path("perfguard.toml")).unwrap();
    assert_eq!(checked(&gauge).code, 100, "without it, nothing is raised");
    let (accepted, text) = code(accept);
    assert_eq!(accepted, Some(0), "{accept}\n{text}");
    let passed = checked(&gauge);
    assert_eq!(passed.code, 0, "{accept}\n{text}\n{passed:?}");
}
