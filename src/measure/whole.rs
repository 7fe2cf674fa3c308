//! One launch of an executable that tells of itself by what it prints and how it ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::domain::{BuiltBench, CommandSpec};
use crate::measure::excess::{LOOK, Lookout};
use crate::measure::failure::{FailureKind, LaunchFailure, of_exit, with_last_lines};
use crate::measure::invocation::Invocation;
use crate::measure::output::Output;
use crate::support::process::{Group, Timed};

/// A limit that no clock can hold comes to this.
const NO_LIMIT: Duration = Duration::from_hours(365 * 24);

/// A command that came to a good end.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its number.
    #[cfg_attr(not(unix), expect(dead_code, reason = "what it leaves is looked for on Unix"))]
    pub(super) id: u32,
    /// How long it lived.
    pub(super) lived: Duration,
    /// What it wrote to its standard output.
    pub(super) stdout: Output,
    /// What it wrote to its standard error.
    #[cfg(all(test, unix))]
    pub(super) stderr: Output,
}

impl Ended {
    /// How long it lived, in nanoseconds.
    pub(super) fn nanoseconds(&self) -> f64 {
        self.lived.as_nanos() as f64
    }
}

/// The command that an executable runs.
///
/// # Errors
/// It is no command.
pub(super) fn command(bench: &BuiltBench) -> Result<&CommandSpec, LaunchFailure> {
    bench.unit.command().ok_or_else(|| FailureKind::Absent.into())
}

/// Runs what a command has prepared, untimed, in the command's own folder and environment.
///
/// # Errors
/// It could not be started, took too long or failed.
pub(super) fn prepare(
    command: &CommandSpec,
    invocation: &Invocation,
    limit: Duration,
) -> Result<(), LaunchFailure> {
    let Some((program, arguments)) = command.prepare.split_first() else { return Ok(()) };
    let mut words = invocation.command_of(&program_at(program, invocation.working_dir()));
    words.args(arguments);
    invocation.prepare().map_err(FailureKind::Unstartable)?;
    let output = Output::new().map_err(FailureKind::Unstartable)?;
    let refused = |kind, output_tail| LaunchFailure {
        kind: FailureKind::Unprepared { program: program.clone(), kind: Box::new(kind) },
        output_tail,
    };
    let both = |command: &mut Command| -> std::io::Result<()> {
        command.stdout(output.stdio()?).stderr(output.stdio()?);
        Ok(())
    };
    both(&mut words).map_err(FailureKind::Unstartable)?;
    let mut output = output;
    let ended = Group::spawn(words).and_then(|mut group| group.wait_timeout(limit));
    match ended {
        Ok(Some(status)) => of_exit(status).map_or(Ok(()), |kind| Err(refused(kind, output.tail()))),
        Ok(None) => Err(refused(FailureKind::Hung { limit }, output.tail())),
        Err(error) => Err(refused(error.into(), output.tail())),
    }
}

/// A program that is named by a path lies below the command's folder; one that is only a name is looked for on `PATH`.
fn program_at(program: &str, folder: &Path) -> PathBuf {
    if program.contains('/') { folder.join(program) } else { program.into() }
}

/// Starts a command and waits for its end. It reads its file, or nothing, and never has a terminal.
///
/// # Errors
/// It could not be started, took too long, printed or wrote too much, or did not end well.
pub(super) fn once(
    command: &CommandSpec,
    invocation: &Invocation,
    limit: Duration,
) -> Result<Ended, LaunchFailure> {
    let (stdout, stderr) = outputs().map_err(FailureKind::Unstartable)?;
    let mut started = invocation.command();
    started.stdout(stdout.stdio().map_err(FailureKind::Unstartable)?);
    started.stderr(stderr.stdio().map_err(FailureKind::Unstartable)?);
    if let Some(file) = &command.stdin {
        let path = invocation.working_dir().join(file);
        let file = File::open(&path);
        started.stdin(Stdio::from(file.map_err(|error| FailureKind::Input { path, error })?));
    }
    invocation.prepare().map_err(FailureKind::Unstartable)?;
    let mut running = Running { stdout, stderr, lookout: Lookout::new(invocation.folder()), limit };
    match running.until_end(started) {
        Ok((id, lived)) => Ok(Ended {
            id,
            lived,
            stdout: running.stdout,
            #[cfg(all(test, unix))]
            stderr: running.stderr,
        }),
        Err(kind) => Err(with_last_lines(kind, running.tail())),
    }
}

fn outputs() -> std::io::Result<(Output, Output)> {
    Ok((Output::new()?, Output::new()?))
}

struct Running {
    stdout: Output,
    stderr: Output,
    lookout: Lookout,
    limit: Duration,
}

impl Running {
    fn until_end(&mut self, command: Command) -> Result<(u32, Duration), FailureKind> {
        let start = Instant::now();
        let deadline = start.checked_add(self.limit).unwrap_or(start + NO_LIMIT);
        let mut timed = Timed::spawn(command)?;
        loop {
            if let Some(lived) = timed.lived(deadline.min(Instant::now() + LOOK))? {
                let status = timed.group.wait()?;
                return of_exit(status).map_or(Ok((timed.group.id(), lived)), Err);
            }
            for output in [&mut self.stdout, &mut self.stderr] {
                if let Some(excess) = self.lookout.look(output).map_err(FailureKind::Unstartable)? {
                    return Err(excess.into());
                }
            }
            if Instant::now() >= deadline {
                return Err(FailureKind::Hung { limit: self.limit });
            }
        }
    }

    /// The last lines of what explains a failure: what it complained of, or else what it printed.
    fn tail(&mut self) -> String {
        let complaint = self.stderr.tail();
        if complaint.is_empty() { self.stdout.tail() } else { complaint }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::domain::{Execution, Unit};
    use crate::measure::invocation::tests::bench;

    const LONG: Duration = Duration::from_mins(1);

    fn shell(script: &str, spec: CommandSpec, limit: Duration) -> Result<Ended, LaunchFailure> {
        let mut bench = bench("/bin/sh", Execution::Native);
        bench.unit = Unit::Program(Box::new(spec));
        let folder = tempfile::tempdir().unwrap();
        bench.working_dir = folder.path().to_owned();
        std::fs::write(folder.path().join("in.txt"), "words\n").unwrap();
        let invocation = Invocation::of(&bench).args(["-c", script]).temporary_below(folder.path());
        let command = bench.unit.command().unwrap();
        prepare(command, &invocation, limit)?;
        once(command, &invocation, limit)
    }

    #[test]
    fn it_reads_nothing_or_its_file_and_never_a_terminal() {
        let script = "cat; test -t 0 || test -t 1 || test -t 2 || echo none >&2";
        let mut ended = shell(script, CommandSpec::default(), LONG).unwrap();
        assert_eq!((ended.stdout.text(), ended.stderr.text()), (String::new(), "none".to_owned()));
        let reads = CommandSpec { stdin: Some("in.txt".into()), ..CommandSpec::default() };
        let mut ended = shell(script, reads, LONG).unwrap();
        assert_eq!(ended.stdout.bytes().unwrap().unwrap(), b"words\n");
        assert!(ended.nanoseconds() > 0.0);
        let gone = CommandSpec { stdin: Some("gone".into()), ..CommandSpec::default() };
        let failure = shell("true", gone, LONG).unwrap_err();
        assert!(failure.to_string().contains("gone"), "{failure}");
    }

    #[test]
    fn what_is_prepared_is_there_and_its_failure_is_told_as_such() {
        let prepared = |words: &[&str]| CommandSpec {
            prepare: words.iter().map(ToString::to_string).collect(),
            ..CommandSpec::default()
        };
        let mut ended = shell("cat made", prepared(&["cp", "in.txt", "made"]), LONG).unwrap();
        assert_eq!(ended.stdout.text(), "words");
        let failure = shell("true", prepared(&["ls", "gone;", "true"]), LONG).unwrap_err();
        assert!(failure.to_string().contains("`ls`"), "{failure}");
        assert!(failure.output_tail.contains("gone;"), "no shell reads it: {}", failure.output_tail);
    }

    #[test]
    fn a_bad_end_carries_what_it_complained_of() {
        let failure = shell("echo out; echo why >&2; exit 3", CommandSpec::default(), LONG).unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Exited(3)), "{failure:?}");
        assert_eq!(failure.output_tail, "why");
        let limit = Duration::from_millis(100);
        let failure = shell("sleep 600", CommandSpec::default(), limit).unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Hung { .. }), "{failure:?}");
    }
}
