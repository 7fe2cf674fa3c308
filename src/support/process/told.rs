//! A command as the debug log tells of it: the command line, and how its environment differs from our own.

use std::ffi::OsStr;
use std::process::Command;

/// Parts of names of variables whose values do not belong in a log that people attach to reports.
const SECRET: [&str; 6] = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "_KEY", "GIT_CONFIG_VALUE"];

/// The command line, words with spaces or quotes in them quoted.
pub(super) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(word).collect::<Vec<_>>().join(" ")
}

/// `NAME=value` for each variable that differs from this process's, `-NAME` for each that is taken away.
pub(super) fn environment(command: &Command) -> Vec<String> {
    let differs = |name: &OsStr, value: Option<&OsStr>| std::env::var_os(name).as_deref() != value;
    command
        .get_envs()
        .filter(|(name, value)| differs(name, *value))
        .map(|(name, value)| {
            let name = name.to_string_lossy();
            match value {
                None => format!("-{name}"),
                Some(_) if SECRET.iter().any(|part| name.to_uppercase().contains(part)) => {
                    format!("{name}=[hidden]")
                }
                Some(value) => format!("{name}={}", word(value)),
            }
        })
        .collect()
}

fn word(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_./:=+,%@~".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_given_to_a_shell() {
        let mut command = Command::new("cargo");
        command.args(["bench", "--bench", "a b", "it's", ""]);
        assert_eq!(line(&command), r"cargo bench --bench 'a b' 'it'\''s' ''");
    }

    #[test]
    fn only_differences_are_told_and_no_secrets() {
        let path = std::env::var_os("PATH").unwrap();
        let mut command = Command::new("cargo");
        command.env("PATH", path).env("TOLD_NEW", "1 2").env("TOLD_API_TOKEN", "abc");
        command.env_remove("HOME").env_remove("TOLD_NEVER_SET");
        assert_eq!(environment(&command), ["-HOME", "TOLD_API_TOKEN=[hidden]", "TOLD_NEW='1 2'"]);
    }
}
