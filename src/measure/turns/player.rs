//! One side of a pair: a bench process that does as it is told over a Unix-domain socket, one line at a time.
//!
//! The other end of the conversation is `perfguard_turns.rs` in the copied Criterion. It says `hello 1 ns` when it has
//! come to the benchmark, answers `warm-up NANOSECONDS` and `sample ITERATIONS` with `took ITERATIONS COST`, and goes on
//! with the rest of the program after `end`.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failure::TurnFailure;
use super::process::Process;
use crate::domain::artifact::{BuiltBench, Execution};

/// How often a process that has not said hello is looked at.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// A batch of iterations, as the benchmark tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Batch {
    pub(super) iterations: u64,
    /// Nanoseconds.
    pub(super) cost: f64,
}

/// A bench process that waits for its turn.
#[derive(Debug)]
pub(super) struct Player {
    process: Process,
    lines: Option<BufReader<UnixStream>>,
    limit: Duration,
    /// What is left of the limit. Only its own turns count.
    left: Duration,
}

impl Player {
    /// Starts the executable and waits until it has come to the benchmark.
    ///
    /// `folder` must be empty and gets the socket and whatever Criterion writes.
    pub(super) fn start(
        bench: &BuiltBench,
        id: &str,
        folder: &Path,
        limit: Duration,
    ) -> Result<Self, TurnFailure> {
        let socket = folder.join("turns");
        let listener = UnixListener::bind(&socket).map_err(TurnFailure::system("listen for a benchmark"))?;
        let process = Process::start(command(bench, id, &socket, folder))?;
        let mut player = Self { process, lines: None, limit, left: limit };
        let stream = player.accept(&listener, id)?;
        player.lines = Some(BufReader::new(stream));
        let hello = player.timed(Self::read)?;
        match hello.strip_prefix("hello 1 ") {
            Some("ns") => Ok(player),
            Some(unit) => Err(TurnFailure::NotTime { unit: unit.to_owned() }),
            None => Err(TurnFailure::Nonsense { answer: hello }),
        }
    }

    pub(super) fn process(&self) -> &Process {
        &self.process
    }

    /// Lets it warm up, as Criterion would.
    pub(super) fn warm_up(&mut self, how_long: Duration) -> Result<Batch, TurnFailure> {
        self.ask(&format!("warm-up {}\n", how_long.as_nanos()))
    }

    /// Lets it take one sample.
    pub(super) fn sample(&mut self, iterations: u64) -> Result<Batch, TurnFailure> {
        self.ask(&format!("sample {iterations}\n"))
    }

    /// Tells it that this was all. It goes on with the rest of its program; [`Player::finish`] waits for that.
    pub(super) fn end(&mut self) -> Result<(), TurnFailure> {
        self.timed(|player| player.write("end\n"))
    }

    /// Waits until the process has ended well; returns how long it lived.
    pub(super) fn finish(mut self) -> Result<Duration, TurnFailure> {
        let status = self.wait()?;
        if status.success() { Ok(self.process.age()) } else { Err(self.ended(status)) }
    }

    fn ask(&mut self, request: &str) -> Result<Batch, TurnFailure> {
        let answer = self.timed(|player| {
            player.write(request)?;
            player.read()
        })?;
        batch(&answer).ok_or(TurnFailure::Nonsense { answer })
    }

    /// Takes the time something needed off what is left.
    fn timed<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, TurnFailure>) -> Result<T, TurnFailure> {
        let start = Instant::now();
        let result = work(self);
        self.left = self.left.saturating_sub(start.elapsed());
        result
    }

    fn accept(&mut self, listener: &UnixListener, id: &str) -> Result<UnixStream, TurnFailure> {
        let start = Instant::now();
        loop {
            let mut waiting = [PollFd::new(listener, PollFlags::IN)];
            let found = match poll(&mut waiting, Some(&LOOK)) {
                Err(rustix::io::Errno::INTR) => 0,
                other => other.map_err(TurnFailure::system("wait for a benchmark"))?,
            };
            if found > 0 {
                let (stream, _) = listener.accept().map_err(TurnFailure::system("meet a benchmark"))?;
                self.left = self.left.saturating_sub(start.elapsed());
                return Ok(stream);
            }
            if self.process.has_ended()? {
                let status = self.wait()?;
                let absent = TurnFailure::Absent { id: id.to_owned() };
                return Err(if status.success() { absent } else { self.ended(status) });
            }
            if start.elapsed() >= self.left {
                return Err(self.timed_out());
            }
        }
    }

    fn write(&mut self, request: &str) -> Result<(), TurnFailure> {
        let Some(lines) = &mut self.lines else { return Err(lost()) };
        let written = lines.get_mut().write_all(request.as_bytes());
        written.map_err(|error| self.explain(error))
    }

    fn read(&mut self) -> Result<String, TurnFailure> {
        let Some(lines) = &mut self.lines else { return Err(lost()) };
        // Zero would mean to wait for ever.
        let timeout = self.left.max(Duration::from_millis(1));
        let mut line = String::new();
        let read = lines.get_ref().set_read_timeout(Some(timeout)).and_then(|()| lines.read_line(&mut line));
        match read {
            Ok(_) if line.ends_with('\n') => {
                line.truncate(line.len() - 1);
                Ok(line)
            }
            Ok(_) => Err(self.explain(ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Why the conversation broke off: usually because the process did.
    fn explain(&mut self, error: io::Error) -> TurnFailure {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.timed_out(),
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                match self.wait() {
                    Ok(status) => self.ended(status),
                    Err(failure) => failure,
                }
            }
            _ => TurnFailure::System { what: "talk to a benchmark", source: error },
        }
    }

    fn wait(&mut self) -> Result<ExitStatus, TurnFailure> {
        match self.process.wait(self.left)? {
            Some(status) => Ok(status),
            None => Err(self.timed_out()),
        }
    }

    fn ended(&mut self, status: ExitStatus) -> TurnFailure {
        TurnFailure::Ended { status, stderr: self.process.stderr_tail() }
    }

    fn timed_out(&mut self) -> TurnFailure {
        TurnFailure::TimedOut { limit: self.limit, stderr: self.process.stderr_tail() }
    }
}

/// A conversation that never began.
fn lost() -> TurnFailure {
    TurnFailure::System { what: "talk to a benchmark", source: ErrorKind::NotConnected.into() }
}

/// How the executable is started so that one benchmark of it takes turns.
///
/// There is no filter: the copied Criterion skips every other benchmark by its full id, which holds in every version,
/// whatever characters the id has and however long it is.
fn command(bench: &BuiltBench, id: &str, socket: &Path, home: &Path) -> Command {
    let mut words: Vec<&OsStr> = match &bench.execution {
        Execution::Native => Vec::new(),
        Execution::Runner(words) | Execution::Emulated(words) => words.iter().map(OsStr::new).collect(),
    };
    words.push(bench.executable.as_os_str());
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--bench", "--noplot"])
        .current_dir(&bench.working_dir)
        .envs(&bench.environment)
        .env_remove("CARGO_CRITERION_PORT")
        .env("CRITERION_HOME", home)
        .env("PERFGUARD_TURNS", socket)
        .env("PERFGUARD_BENCHMARK", id);
    command
}

/// Reads `took ITERATIONS COST`.
fn batch(answer: &str) -> Option<Batch> {
    let (iterations, cost) = answer.strip_prefix("took ")?.split_once(' ')?;
    Some(Batch { iterations: iterations.parse().ok()?, cost: cost.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_to_the_last_bit() {
        let read = batch("took 17 1234567.0000000002").unwrap();
        assert_eq!((read.iterations, read.cost.to_bits()), (17, 1_234_567.000_000_000_2_f64.to_bits()));
        for nonsense in ["", "took", "took 1", "took -1 2", "took 1 2 3", "took 1.5 2", "hello 1 ns"] {
            assert_eq!(batch(nonsense), None, "{nonsense}");
        }
    }
}
