//! A whole command that is measured, and what of a package is compiled to measure something.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fnv::fnv;

/// The second part of the name of every command: `package::command::NAME`.
pub const COMMAND_TARGET: &str = "command";

/// What the benchmarks of whole commands name as their measuring library.
pub const COMMAND_LIBRARY: &str = "command";

/// What `#[bench]` functions are measured with: the compiler's own library.
pub const LIBTEST_LIBRARY: &str = "libtest";

/// `[[command]]`: a program of the workspace and what it is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandSpec {
    /// What it is called: the last part of its full name.
    pub name: String,
    /// The package that has the binary, where it is said.
    pub package: Option<String>,
    /// The binary target.
    pub bin: String,
    /// What it is given.
    pub args: Vec<String>,
    /// What is run before every launch, untimed: a program and its arguments. Empty for nothing.
    pub prepare: Vec<String>,
    /// The file it reads as its standard input, from the package's folder.
    pub stdin: Option<String>,
    /// Variables that it is given besides.
    pub env: BTreeMap<String, String>,
    /// Whether both sides must print the same.
    pub compare_output: bool,
}

impl CommandSpec {
    /// What decides what the program does, as a short number: figures of other arguments are another series.
    pub fn mark(&self) -> String {
        let Self { bin, args, prepare, stdin, env, .. } = self;
        format!("{:016x}", fnv(&format!("{bin:?} {args:?} {prepare:?} {stdin:?} {env:?}")))
    }
}

/// What of a package is compiled to be measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A bench target.
    #[default]
    Bench,
    /// The library, with libtest's harness around its own `#[bench]` functions.
    Library,
    /// A program, to run one command.
    Program(Box<CommandSpec>),
}

/// What of a package is compiled, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// A bench target.
    #[default]
    Bench,
    /// The library.
    Library,
    /// A program.
    Program,
}

impl Unit {
    /// What it is.
    pub fn kind(&self) -> UnitKind {
        match self {
            Self::Bench => UnitKind::Bench,
            Self::Library => UnitKind::Library,
            Self::Program(_) => UnitKind::Program,
        }
    }

    /// The command that is run, where it is one.
    pub fn command(&self) -> Option<&CommandSpec> {
        if let Self::Program(command) = self { Some(command) } else { None }
    }

    /// What tells it from other units of the same package and target: the name of the command.
    pub fn part(&self) -> &str {
        match self {
            Self::Bench => "",
            Self::Library => "lib",
            Self::Program(command) => &command.name,
        }
    }

    /// What is compiled, in a word: commands of one program have one executable.
    pub fn compiled(&self) -> String {
        match self {
            Self::Bench => String::new(),
            Self::Library => "lib".to_owned(),
            Self::Program(command) => format!("bin {}", command.bin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_changes_what_is_done_changes_the_mark() {
        let one = CommandSpec { name: "a".into(), bin: "x".into(), ..CommandSpec::default() };
        let same = [
            CommandSpec { name: "b".into(), ..one.clone() },
            CommandSpec { compare_output: true, ..one.clone() },
            CommandSpec { package: Some("p".into()), ..one.clone() },
        ];
        assert!(same.iter().all(|other| other.mark() == one.mark()));
        let other = [
            CommandSpec { args: vec!["a b".into()], ..one.clone() },
            CommandSpec { args: vec!["a".into(), "b".into()], ..one.clone() },
            CommandSpec { prepare: vec!["a".into()], ..one.clone() },
            CommandSpec { stdin: Some("a".into()), ..one.clone() },
            CommandSpec { env: [("A".into(), "b".into())].into(), ..one.clone() },
            CommandSpec { bin: "y".into(), ..one.clone() },
        ];
        let marks: std::collections::BTreeSet<String> = other.iter().map(CommandSpec::mark).collect();
        assert_eq!(marks.len(), other.len());
        assert!(!marks.contains(&one.mark()));
    }

    #[test]
    fn commands_of_one_program_are_compiled_once_and_told_apart() {
        let unit = |name: &str| {
            Unit::Program(Box::new(CommandSpec {
                name: name.into(),
                bin: "x".into(),
                ..CommandSpec::default()
            }))
        };
        assert_eq!(unit("a").compiled(), unit("b").compiled());
        assert_ne!(unit("a").part(), unit("b").part());
        assert_ne!(Unit::Library.compiled(), Unit::Bench.compiled());
    }
}
