//! How a built bench is started: a pure description that becomes a [`Command`] at the last moment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::domain::{BuiltBench, Execution};
use crate::support::seal;

/// Where Criterion is told to find the program it reports to.
const PORT: &str = "CARGO_CRITERION_PORT";

/// A variable that says nothing and has a length.
const PADDING: &str = "PERFGUARD_PADDING";

/// Variables that say where temporary files go.
const TEMPORARY: &[&str] = if cfg!(windows) { &["TMP", "TEMP"] } else { &["TMPDIR"] };

/// The folder of temporary files in the folder of a launch.
pub(super) const TMP: &str = "tmp";

/// The size of a memory page, or a whole part of it.
const PAGE: usize = 4096;

/// The size of a pointer.
const POINTER: usize = size_of::<usize>();

/// What is started, with what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    program: OsString,
    arguments: Vec<OsString>,
    environment: BTreeMap<String, OsString>,
    working_dir: PathBuf,
    /// The bench, whatever program starts it.
    executable: PathBuf,
    /// Where its files go.
    folder: Option<PathBuf>,
}

impl Invocation {
    /// A built bench without arguments.
    pub fn of(bench: &BuiltBench) -> Self {
        let executable = bench.executable.clone().into_os_string();
        let prefix: &[String] = match &bench.execution {
            Execution::Native => &[],
            Execution::Runner(prefix) | Execution::Emulated(prefix) => prefix,
        };
        let mut words = prefix.iter().map(OsString::from).chain([executable.clone()]);
        let program = words.next().unwrap_or(executable);
        let environment = bench.environment.iter().map(|(name, value)| (name.clone(), value.into()));
        Self {
            program,
            arguments: words.collect(),
            environment: environment.collect(),
            working_dir: bench.working_dir.clone(),
            executable: bench.executable.clone(),
            folder: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Puts a program before what is started, with arguments of its own.
    #[must_use]
    pub fn under<A: Into<OsString>>(mut self, program: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        let started = std::mem::replace(&mut self.program, program.into());
        let before = arguments.into_iter().map(Into::into).chain([started]);
        self.arguments.splice(0..0, before);
        self
    }

    /// Fills the environment up, so that its end lies at the same place of a page whoever starts this from where:
    /// alignment decides how many instructions it takes to copy something to the stack.
    ///
    /// `inherited` is the environment this program has got itself.
    #[must_use]
    pub fn padded(self, inherited: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut variables: BTreeMap<OsString, OsString> = inherited.collect();
        for (name, value) in &self.environment {
            variables.insert(name.into(), value.clone());
        }
        variables.insert(PADDING.into(), OsString::new());
        // Each has a pointer, an equals sign and an end.
        let of_variables = variables.iter().map(|(name, value)| name.len() + value.len() + 2 + POINTER);
        let of_words = self.arguments.iter().map(|word| word.len() + 1 + POINTER);
        let used = of_variables.sum::<usize>() + of_words.sum::<usize>();
        let missing = (PAGE - used % PAGE) % PAGE;
        self.env(PADDING, " ".repeat(missing))
    }

    /// Keeps Criterion's files and all temporary ones in the folder of one launch, which goes with it. Without it, some
    /// versions of Criterion also start `cargo metadata` to find the target folder, at every launch.
    #[must_use]
    pub fn files_below(self, folder: &Path) -> Self {
        self.temporary_below(folder).env("CRITERION_HOME", folder.join("criterion"))
    }

    /// Keeps temporary files in the folder of one launch, which goes with it.
    #[must_use]
    pub fn temporary_below(self, folder: &Path) -> Self {
        let temporary = TEMPORARY.iter();
        let mut invocation = temporary.fold(self, |invocation, name| invocation.env(name, folder.join(TMP)));
        invocation.folder = Some(folder.to_owned());
        invocation
    }

    /// The folder that its files go below.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Makes the folder for temporary files, and makes sure that the executable is the one that was verified.
    ///
    /// # Errors
    /// It cannot be made, or the executable was changed.
    pub fn prepare(&self) -> io::Result<()> {
        seal::check(&self.executable)?;
        TEMPORARY.first().and_then(|name| self.environment.get(*name)).map_or(Ok(()), fs::create_dir_all)
    }

    /// Tells Criterion which port to report to. Always five digits: the size of the environment moves the stack.
    #[must_use]
    pub fn reporting_to(self, port: u16) -> Self {
        self.env(PORT, format!("{port:05}"))
    }

    /// The program that is started.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// Where it is run.
    pub fn working_dir(&self) -> &Path {
        &self.working_dir
    }

    /// What it is given.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// The command, with nothing to read.
    pub fn command(&self) -> Command {
        let mut command = self.command_of(Path::new(&self.program));
        command.args(&self.arguments);
        command
    }

    /// Another program in the same place and environment, without arguments, with nothing to read.
    pub fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.envs(&self.environment);
        command.current_dir(&self.working_dir).stdin(Stdio::null());
        command
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::{BuildFingerprint, Digest, Surroundings, Unit};

    /// A bench to start, for tests.
    pub(crate) fn bench(executable: impl Into<PathBuf>, execution: Execution) -> BuiltBench {
        BuiltBench {
            package: "package".into(),
            target: "target".into(),
            executable: executable.into(),
            digest: Digest::new("00"),
            surroundings: Surroundings::default(),
            home: "/".into(),
            working_dir: std::env::temp_dir(),
            environment: BTreeMap::from([("CARGO_PKG_NAME".into(), "package".into())]),
            fingerprint: BuildFingerprint {
                rustc: String::new(),
                host: String::new(),
                target: String::new(),
                profile: String::new(),
                settings: String::new(),
                features: String::new(),
                rustflags: String::new(),
                instrument: "criterion 0.8.2".parse().unwrap(),
            },
            execution,
            unit: Unit::Bench,
        }
    }

    #[test]
    fn a_runner_comes_before_the_executable_and_arguments_after_it() {
        let words = |execution| {
            let invocation = Invocation::of(&bench("/x/bench", execution)).args(["--bench"]);
            let mut words = vec![invocation.program().to_owned()];
            words.extend(invocation.arguments().iter().cloned());
            words
        };
        assert_eq!(words(Execution::Native), ["/x/bench", "--bench"]);
        let qemu = vec!["qemu-aarch64".to_owned(), "-L".to_owned(), "/lib".to_owned()];
        assert_eq!(words(Execution::Emulated(qemu)), ["qemu-aarch64", "-L", "/lib", "/x/bench", "--bench"]);
        assert_eq!(words(Execution::Runner(Vec::new())), ["/x/bench", "--bench"]);
    }

    #[test]
    fn a_program_can_be_put_before_everything() {
        let bench = bench("/x/bench", Execution::Native);
        let under = Invocation::of(&bench).args(["--bench"]).under("valgrind", ["-q"]);
        assert_eq!(under.program(), "valgrind");
        assert_eq!(under.arguments(), ["-q", "/x/bench", "--bench"]);
    }

    #[test]
    fn whoever_starts_it_the_environment_ends_at_the_same_place_of_a_page() {
        let size = |inherited: &[(&str, &str)]| {
            let inherited: BTreeMap<OsString, OsString> =
                inherited.iter().map(|(name, value)| (name.into(), value.into())).collect();
            let invocation = Invocation::of(&bench("/x", Execution::Native)).args(["--bench"]);
            let padded = invocation.padded(inherited.clone().into_iter());
            let mut all = inherited;
            all.extend(padded.environment.iter().map(|(name, value)| (name.into(), value.clone())));
            let of_variables = all.iter().map(|(name, value)| name.len() + value.len() + 2 + POINTER);
            of_variables.sum::<usize>()
                + padded.arguments.iter().map(|word| word.len() + 1 + POINTER).sum::<usize>()
        };
        let long = "x".repeat(5000);
        for inherited in
            [vec![], vec![("A", "b")], vec![("A", "b"), ("LONG", &long), ("CARGO_PKG_NAME", "old")]]
        {
            assert_eq!(size(&inherited) % PAGE, 0, "{inherited:?}");
        }
    }

    #[test]
    fn the_environment_has_the_same_size_for_every_port() {
        let invocation = Invocation::of(&bench("/x", Execution::Native));
        let port = |number| invocation.clone().reporting_to(number).environment[PORT].clone();
        assert_eq!(port(80), "00080");
        assert_eq!(port(54321), "54321");
        assert_eq!(port(80).to_str().unwrap().parse::<u16>(), Ok(80));
    }
}
