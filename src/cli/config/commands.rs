//! `[[command]]`: whole commands to measure.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::Deserialize;

use crate::domain::CommandSpec;
use crate::domain::harmless::is_harmful;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CommandWire {
    name: String,
    package: Option<String>,
    bin: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    prepare: Vec<String>,
    stdin: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    compare_output: Option<bool>,
}

/// A value that cannot be used: its key, and why.
pub(super) type Refused = (String, String);

/// Checks every command, and that no two have one name.
pub(super) fn check_all(wires: Vec<CommandWire>) -> Result<Vec<CommandSpec>, Refused> {
    let mut commands: Vec<CommandSpec> = Vec::new();
    for wire in wires {
        let command = check(wire)?;
        let twice = |known: &&CommandSpec| known.name == command.name && known.package == command.package;
        if commands.iter().any(|known| twice(&known)) {
            return Err((key(&command.name, "name"), "another command has this name".to_owned()));
        }
        commands.push(command);
    }
    Ok(commands)
}

fn check(wire: CommandWire) -> Result<CommandSpec, Refused> {
    let CommandWire { name, package, bin, args, prepare, stdin, env, compare_output } = wire;
    let refused = |part: &str, reason: &str| Err((key(&name, part), reason.to_owned()));
    if name.trim().is_empty() || name.trim() != name {
        return refused("name", "it must not be empty, nor begin or end with a space");
    }
    if name.chars().any(is_harmful) {
        return refused("name", "it holds a character that cannot be shown");
    }
    if bin.is_empty() {
        return refused("bin", "it must name a binary target");
    }
    if prepare.first().is_some_and(String::is_empty) {
        return refused("prepare", "its first word must be a program: nothing is read by a shell");
    }
    let words = args.iter().chain(&prepare).chain(env.values()).chain(&stdin);
    if words.clone().any(|word| word.contains('\0')) {
        return refused("args", "no program can be given a NUL character");
    }
    if env.keys().any(|name| name.is_empty() || name.contains(['=', '\0'])) {
        return refused("env", "the name of a variable is not empty and has no `=`");
    }
    if stdin.as_ref().is_some_and(|path| !is_within(path)) {
        return refused("stdin", "it must be a file below the package's folder, by its relative path");
    }
    Ok(CommandSpec {
        name,
        package,
        bin,
        args,
        prepare,
        stdin,
        env,
        compare_output: compare_output.unwrap_or(true),
    })
}

/// Whether a path leads down from where it begins.
fn is_within(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn key(name: &str, part: &str) -> String {
    format!("command `{name}`.{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<CommandSpec>, Refused> {
        #[derive(Deserialize)]
        struct Whole {
            command: Vec<CommandWire>,
        }
        check_all(toml::from_str::<Whole>(text).unwrap().command)
    }

    #[test]
    fn a_command_needs_a_name_and_a_program_alone() {
        let one = read("[[command]]\nname = 'start'\nbin = 'x'").unwrap().remove(0);
        let expected = CommandSpec {
            name: "start".into(),
            bin: "x".into(),
            compare_output: true,
            ..CommandSpec::default()
        };
        assert_eq!(one, expected);
        let all = "[[command]]\nname = 'start'\npackage = 'p'\nbin = 'x'\nargs = ['a b']\nprepare = ['rm', '-rf', 'c']\n\
                   stdin = 'data/in.txt'\nenv = { A = 'b' }\ncompare-output = false";
        let one = read(all).unwrap().remove(0);
        assert_eq!((one.args.len(), one.prepare.len(), one.compare_output), (1, 3, false));
        assert_eq!(one.env["A"], "b");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_key() {
        for (more, key) in [
            ("stdin = '/etc/passwd'", "stdin"),
            ("stdin = '../x'", "stdin"),
            ("prepare = ['']", "prepare"),
            ("env = { 'A=B' = 'c' }", "env"),
        ] {
            let (found, _) = read(&format!("[[command]]\nname = 'n'\nbin = 'x'\n{more}")).unwrap_err();
            assert_eq!(found, format!("command `n`.{key}"));
        }
        for name in ["", " n", "a\\u001bb"] {
            assert!(read(&format!("[[command]]\nname = \"{name}\"\nbin = 'x'")).is_err(), "{name:?}");
        }
        let two = "[[command]]\nname = 'n'\nbin = 'x'\n[[command]]\nname = 'n'\nbin = 'y'\n";
        assert!(read(two).unwrap_err().1.contains("another command"));
        assert!(read(&two.replacen("bin", "package = 'p'\nbin", 1)).is_ok(), "of another package");
    }
}
