//! One side of a pair: a bench process that does as it is told over a Unix-domain socket, one line at a time.
//!
//! The other end of the conversation is the module that the copied Criterion has got. It says `hello 1 ns` when it has
//! come to the benchmark, answers `sample ITERATIONS` with `took ITERATIONS COST`,
//! `count ITERATIONS` with `counted ITERATIONS` and what was counted, and goes on with the rest of the program after `end`.

use std::io::{self, ErrorKind};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;

use super::answers::{self, Answers, Batch, Unanswered};
use crate::domain::BuiltBench;
use crate::measure::criterion::ProtocolError;
use crate::measure::excess::{Excess, LOOK, Lookout};
use crate::measure::failure::{FailureKind, LaunchFailure, of_exit, with_last_lines};
use crate::measure::harness::SOCKET;
use crate::measure::harnesses::harness_of;
use crate::measure::invocation::Invocation;
use crate::measure::listing::ListedBenchmark;
use crate::measure::output::Output;
use crate::support::process::Group;
use crate::support::scratch::Scratch;

/// How often a process that has not said hello is looked at.
const POLL: Timespec = Timespec { tv_sec: 0, tv_nsec: 2_000_000 };

/// A warm-up is late when it takes so many times as long as its iterations should …
const PATIENCE: u32 = 3;

/// … but not before so many calls: fewer iterations tell too little about the next.
const FEWEST_CALLS: u32 = 3;

/// How many times as many iterations as before are run at most …
const STEP: f64 = 100.0;

/// … and at most so many that a set-up of each of them would take no longer, in nanoseconds, for all that is known …
const WORST: f64 = 1e8;

/// … but never fewer times as many: it must show whether the set-up grows with them.
const LEAST_STEP: f64 = 8.0;

/// A batch of more iterations that spends so many times as long beside what is measured has a set-up for each of them. Else
/// it is one for the whole batch, or the way of a request and its answer.
const GROWTH: f64 = 4.0;

/// What a warm-up showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::measure) struct Warmth {
    /// What all its iterations cost together, in nanoseconds.
    pub(super) cost: f64,
    /// What one iteration costs once it is warm, in nanoseconds: that of the largest batch.
    pub(super) iteration: f64,
    /// How long one iteration keeps its side busy, in nanoseconds: with its set-up, which is not measured.
    pub(super) elapsed: f64,
}

/// What the set-up of each iteration takes, in nanoseconds, as far as batches have shown it.
#[derive(Debug, Clone, Copy, Default)]
struct SetUp {
    per_iteration: f64,
    /// The most that a batch has spent beside what is measured.
    most: f64,
    /// What the last one has.
    last: f64,
}

impl SetUp {
    /// What is known after another batch, which took this long from the request to the answer.
    fn after(self, batch: Batch, elapsed: Duration) -> Self {
        let beside = (elapsed.as_nanos() as f64 - batch.cost).max(0.0);
        let is_each = self.most > 0.0 && beside > self.most * GROWTH;
        // It cannot be more than what any batch spent: an answer that came late on a busy machine is corrected by the next.
        let most_of_each = beside / batch.iterations.max(1) as f64;
        let per_iteration = if is_each { most_of_each } else { self.per_iteration.min(most_of_each) };
        Self { per_iteration, most: self.most.max(beside), last: beside }
    }

    /// How many times as many iterations the next batch may have.
    fn step(self) -> f64 {
        (WORST / self.last).clamp(LEAST_STEP, STEP)
    }
}

/// A bench process that waits for its turn. It is gone when this is dropped.
#[derive(Debug)]
pub(in crate::measure) struct BenchProcess {
    group: Group,
    /// Who answers, where it is not the process that was started: a child of it.
    child: Option<Pid>,
    output: Output,
    lookout: Lookout,
    answers: Answers,
    started: Instant,
    clock: Clock,
}

/// What is left of the time a side may have. Only its own turns count.
#[derive(Debug, Clone, Copy)]
struct Clock {
    limit: Duration,
    left: Duration,
}

impl Clock {
    fn hung(self) -> FailureKind {
        FailureKind::Hung { limit: self.limit }
    }
}

impl BenchProcess {
    /// Starts an executable and waits until it has come to the benchmark.
    ///
    /// `folder` must be empty and gets the socket and whatever Criterion writes.
    pub(super) fn start(
        bench: &BuiltBench,
        wanted: &ListedBenchmark,
        folder: &Path,
        limit: Duration,
    ) -> Result<Self, LaunchFailure> {
        Self::launch(
            &harness_of(&bench.fingerprint.instrument).invocation(bench, wanted, folder),
            folder,
            limit,
        )
    }

    /// Starts what `invocation` describes, perhaps with a program before it, and waits until it has come to the
    /// benchmark. `folder` is the one that the invocation was made for.
    pub(in crate::measure) fn launch(
        invocation: &Invocation,
        folder: &Path,
        limit: Duration,
    ) -> Result<Self, LaunchFailure> {
        let (mut process, _) = Self::connected(invocation, folder, limit)?;
        process.greet()?;
        Ok(process)
    }

    /// Starts what `invocation` describes and waits until it has connected, which it may do again.
    pub(super) fn connected(
        invocation: &Invocation,
        folder: &Path,
        limit: Duration,
    ) -> Result<(Self, UnixListener), LaunchFailure> {
        let mut output = Output::new().map_err(FailureKind::Unstartable)?;
        let listener = UnixListener::bind(socket(folder)).map_err(FailureKind::Unstartable)?;
        let mut command = invocation.command();
        command.env_remove("CARGO_CRITERION_PORT");
        command.stdout(output.stdio().map_err(FailureKind::Unstartable)?);
        command.stderr(output.stdio().map_err(FailureKind::Unstartable)?);
        invocation.prepare().map_err(FailureKind::Unstartable)?;
        let started = Instant::now();
        let mut group = Group::spawn(command).map_err(FailureKind::from)?;
        let mut clock = Clock { limit, left: limit };
        let mut lookout = Lookout::new(Some(folder));
        let answers = match meet(&listener, &mut group, &mut clock, || look(&mut lookout, &mut output)) {
            Ok(answers) => answers,
            Err(kind) => return Err(with_last_lines(kind, output.tail())),
        };
        Ok((Self { group, child: None, output, lookout, answers, started, clock }, listener))
    }

    /// Waits until it has come to the benchmark.
    fn greet(&mut self) -> Result<(), LaunchFailure> {
        let hello = self.timed(Self::read)?;
        match hello.strip_prefix("hello 1 ") {
            Some("ns") => Ok(()),
            Some(unit) => Err(FailureKind::ForeignUnit(unit.to_owned()).into()),
            None => Err(misunderstood(&hello).into()),
        }
    }

    /// All that follows may take so long.
    pub(super) fn restart_clock(&mut self, limit: Duration) {
        self.clock = Clock { limit, left: limit };
    }

    /// Lets somebody else answer from now on, who is about to connect: a child, or the process itself once more. Gives the
    /// conversation so far.
    pub(super) fn hand_on(
        &mut self,
        listener: &UnixListener,
        child: Option<Pid>,
    ) -> Result<Answers, LaunchFailure> {
        let Self { group, clock, lookout, output, .. } = self;
        let met = meet(listener, group, clock, || look(lookout, output));
        let answers = met.map_err(|kind| with_last_lines(kind, self.output.tail()))?;
        let before = std::mem::replace(&mut self.answers, answers);
        self.child = child;
        self.greet()?;
        Ok(before)
    }

    /// Goes back to a conversation with the process itself.
    pub(super) fn take_back(&mut self, answers: Answers) {
        self.answers = answers;
        self.child = None;
    }

    /// Who answers.
    pub(in crate::measure) fn pid(&self) -> Option<Pid> {
        self.child.or_else(|| Pid::from_raw(self.group.id().try_into().ok()?))
    }

    /// Lets it run until its iterations took `how_long`, the first one aside, and tells what they cost.
    ///
    /// The first iteration makes whatever is made once: a table, a pool of threads, the pages of a buffer. With a table that takes
    /// a tenth of a second it would be the whole warm-up, and iterations of microseconds be taken for as slow.
    ///
    /// Criterion's own warm-up doubles the iterations from one on, and calls the benchmark's closure every time: with a set-up
    /// of a second, nanoseconds of work would take half a minute. So the iterations grow by what they cost, and a
    /// benchmark whose set-up takes longer than the warm-up is asked a few times only.
    pub(in crate::measure) fn warm_up(&mut self, how_long: Duration) -> Result<Warmth, LaunchFailure> {
        let start = Instant::now();
        let first = self.sample(1)?;
        let mut set_up = SetUp::default().after(first, start.elapsed());
        let start = Instant::now();
        let mut left = how_long.as_nanos() as f64;
        let mut cost = first.cost;
        let mut calls = 1;
        let mut largest = Batch { iterations: 0, cost: 0.0 };
        let mut next = further(first, set_up, left);
        loop {
            let asked = Instant::now();
            let batch = self.sample(next)?;
            set_up = set_up.after(batch, asked.elapsed());
            calls += 1;
            cost += batch.cost;
            left -= batch.cost;
            if batch.iterations >= largest.iterations {
                largest = batch;
            }
            let late = calls >= FEWEST_CALLS && start.elapsed() >= how_long * PATIENCE;
            if left <= 0.0 || left.is_nan() || late {
                let iteration = largest.per_iteration();
                return Ok(Warmth { cost, iteration, elapsed: iteration + set_up.per_iteration });
            }
            next = further(batch, set_up, left);
        }
    }

    /// Lets it take one sample.
    pub(in crate::measure) fn sample(&mut self, iterations: u64) -> Result<Batch, LaunchFailure> {
        let answer = self.answer(&format!("sample {iterations}\n"))?;
        Ok(answers::batch(&answer, iterations).map_err(FailureKind::from)?)
    }

    /// Lets it take one sample whose iterations are counted. Gives the numbers it answers with after that of iterations.
    pub(in crate::measure) fn count(&mut self, iterations: u64) -> Result<Vec<u64>, LaunchFailure> {
        let answer = self.answer(&format!("count {iterations}\n"))?;
        Ok(answers::counts(&answer, iterations).map_err(FailureKind::from)?)
    }

    /// Tells it that this was all, and waits until its program has ended well. Returns how long it lived.
    pub(super) fn finish(mut self) -> Result<Duration, LaunchFailure> {
        let status = self.timed(|process| {
            process.write("end\n")?;
            process.wait()
        })?;
        match of_exit(status) {
            None => Ok(self.started.elapsed()),
            Some(kind) => Err(with_last_lines(kind, self.output.tail())),
        }
    }

    pub(super) fn answer(&mut self, request: &str) -> Result<String, LaunchFailure> {
        self.timed(|process| {
            process.write(request)?;
            process.read()
        })
    }

    /// Does something on the process's own time, and explains a failure by its last lines.
    fn timed<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, FailureKind>,
    ) -> Result<T, LaunchFailure> {
        let start = Instant::now();
        let result = work(self).and_then(|done| {
            look(&mut self.lookout, &mut self.output)?;
            Ok(done)
        });
        self.clock.left = self.clock.left.saturating_sub(start.elapsed());
        result.map_err(|kind| with_last_lines(kind, self.output.tail()))
    }

    /// The next line that it says by itself.
    pub(super) fn next_line(&mut self) -> Result<String, LaunchFailure> {
        self.timed(Self::read)
    }

    /// Tells it something that it answers with nothing yet.
    pub(super) fn tell(&mut self, what: &str) -> Result<(), LaunchFailure> {
        self.timed(|process| process.write(what))
    }

    fn write(&mut self, request: &str) -> Result<(), FailureKind> {
        let deadline = Instant::now() + self.clock.left;
        let Self { answers, lookout, output, .. } = self;
        let written = answers.ask(request, deadline, || look(lookout, output));
        written.map_err(|why| self.unanswered(why))
    }

    /// The next line, for which the process has the time that is left, however it deals out the bytes.
    fn read(&mut self) -> Result<String, FailureKind> {
        let deadline = Instant::now() + self.clock.left;
        let Self { answers, lookout, output, .. } = self;
        let line = answers.next(deadline, || look(lookout, output));
        line.map_err(|why| self.unanswered(why))
    }

    fn unanswered(&mut self, why: Unanswered) -> FailureKind {
        match why {
            Unanswered::Late => self.clock.hung(),
            Unanswered::Io(error) => self.explained(error),
            Unanswered::Excess(excess) => excess.into(),
            Unanswered::GivenUp(kind) => kind,
        }
    }

    /// Why the conversation broke off: usually because the process did.
    fn explained(&mut self, error: io::Error) -> FailureKind {
        match error.kind() {
            // How a child ended only its parent knows, which goes on.
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                if self.child.is_some() =>
            {
                FailureKind::Silent
            }
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                self.wait().map_or_else(|kind| kind, |status| of_exit(status).unwrap_or(FailureKind::Silent))
            }
            _ => FailureKind::Garbled(ProtocolError::Io(error)),
        }
    }

    fn wait(&mut self) -> Result<ExitStatus, FailureKind> {
        let deadline = Instant::now() + self.clock.left;
        loop {
            if let Some(status) = self.group.wait_until(deadline.min(Instant::now() + LOOK))? {
                return Ok(status);
            }
            look(&mut self.lookout, &mut self.output)?;
            if Instant::now() >= deadline {
                return Err(self.clock.hung());
            }
        }
    }
}

/// Fails once too much was printed or written.
fn look(lookout: &mut Lookout, output: &mut Output) -> Result<(), FailureKind> {
    let excess: Option<Excess> = lookout.look(output).map_err(FailureKind::Unstartable)?;
    excess.map_or(Ok(()), |excess| Err(excess.into()))
}

/// Waits for a process to connect.
fn meet(
    listener: &UnixListener,
    group: &mut Group,
    clock: &mut Clock,
    mut look: impl FnMut() -> Result<(), FailureKind>,
) -> Result<Answers, FailureKind> {
    let start = Instant::now();
    loop {
        // Looked at first: a process may connect and end before we have seen either.
        let ended = group.try_wait()?;
        let mut waiting = [PollFd::new(listener, PollFlags::IN)];
        let found = match poll(&mut waiting, Some(&POLL)) {
            Err(rustix::io::Errno::INTR) => 0,
            found => found.map_err(|error| FailureKind::Unstartable(error.into()))?,
        };
        if found > 0 {
            let (stream, _) = listener.accept().map_err(FailureKind::Unstartable)?;
            clock.left = clock.left.saturating_sub(start.elapsed());
            return Answers::new(stream).map_err(FailureKind::Unstartable);
        }
        if let Some(status) = ended {
            return Err(of_exit(status).unwrap_or(FailureKind::Absent));
        }
        look()?;
        if start.elapsed() >= clock.left {
            return Err(clock.hung());
        }
    }
}

/// A folder for one launch. Its path always has the same length: the environment's size moves the stack.
pub(in crate::measure) fn scratch() -> io::Result<Scratch> {
    Scratch::new()
}

/// Where a process is waited for.
fn socket(folder: &Path) -> PathBuf {
    folder.join(SOCKET)
}

/// How many iterations of what was just run, each after its set-up, fill the time that is left, all in nanoseconds: not too many
/// at once, because the first iterations are slower than all others.
fn further(batch: Batch, set_up: SetUp, left: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer, and what is no number becomes 0"
    )]
    let (fitting, most) = (
        (left / (batch.per_iteration() + set_up.per_iteration)) as u64,
        (batch.iterations as f64 * set_up.step()) as u64,
    );
    fitting.clamp(1, most.max(1))
}

/// An answer that is none.
pub(super) fn misunderstood(answer: &str) -> FailureKind {
    FailureKind::Garbled(ProtocolError::Io(answers::no_answer(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_grow_by_what_they_cost() {
        let batch = |iterations, cost| Batch { iterations, cost };
        let (none, each) = (SetUp::default(), SetUp { per_iteration: 990.0, ..SetUp::default() });
        assert_eq!(further(batch(1, 1e6), none, 30e6), 30);
        assert_eq!(further(batch(1, 50.0), none, 30e6), 100, "not all at once");
        assert_eq!(further(batch(10_000, 1e5), none, 30e6), 1_000_000);
        assert_eq!(further(batch(1, 1e9), none, 1.0), 1);
        assert_eq!(further(batch(0, 1e9), none, 30e6), 1, "none at all is no panic");
        assert_eq!(further(batch(10_000, 1e5), each, 30e6), 30_000, "each has a set-up");
        for cost in [0.0, f64::NAN, -1.0] {
            assert!((1..=100).contains(&further(batch(1, cost), none, 30e6)), "{cost}");
        }
    }

    /// How long a warm-up of 10 ms takes in all, in seconds, and how many iterations it ran, by set-ups in nanoseconds.
    fn warmed_up(first: f64, of_batch: f64, of_each: f64) -> (f64, u64) {
        let run = |iterations: u64, known: SetUp| {
            let batch = Batch { iterations, cost: iterations as f64 * 50.0 };
            let elapsed = batch.cost + of_batch + of_each * iterations as f64;
            (batch, known.after(batch, Duration::from_secs_f64(elapsed / 1e9)), elapsed)
        };
        let (mut batch, mut known, mut elapsed) = run(1, SetUp::default());
        known.most = known.most.max(first);
        known.last = known.last.max(first);
        let (mut calls, mut all) = (1, 1);
        let mut left = 1e7;
        while left > 0.0 && (calls < FEWEST_CALLS || elapsed < 1e7 * f64::from(PATIENCE)) {
            let (next, then, took) = run(further(batch, known, left), known);
            (batch, known, left) = (next, then, left - next.cost);
            (calls, all, elapsed) = (calls + 1, all + batch.iterations, elapsed + took);
        }
        (elapsed / 1e9, all)
    }

    #[test]
    fn a_long_set_up_is_not_repeated_until_it_is_known() {
        for (of_each, longest) in [(1e6, 0.2), (1e7, 0.2), (1e8, 1.1), (1e9, 11.0)] {
            let (seconds, _) = warmed_up(0.0, 0.0, of_each);
            assert!(seconds < longest, "{of_each}: {seconds}");
        }
        let (seconds, _) = warmed_up(1e8, 0.0, 1e7);
        assert!(seconds < 1.0, "though the first was long for another reason: {seconds}");
        let (seconds, iterations) = warmed_up(0.0, 1e8, 0.0);
        assert!(seconds < 0.4 && iterations > 64, "one of the whole batch: {seconds}, {iterations}");
        let (seconds, iterations) = warmed_up(0.0, 3e4, 0.0);
        assert!(seconds < 0.02 && iterations > 100_000, "next to none: {seconds}, {iterations}");
    }
    #[test]
    fn a_set_up_of_each_iteration_grows_with_them_and_one_of_a_batch_does_not() {
        let seen = |batches: &[(u64, f64, u64)]| {
            let add = |known: SetUp, &(iterations, cost, elapsed): &(u64, f64, u64)| {
                known.after(Batch { iterations, cost }, Duration::from_nanos(elapsed))
            };
            batches.iter().fold(SetUp::default(), add).per_iteration
        };
        let each = [(100, 1e3, 151_000), (10_000, 1e5, 10_150_000)];
        assert!((seen(&each) - 1_005.0).abs() < 1e-9, "{}", seen(&each));
        assert!(seen(&each[..1]).abs() < 1e-9, "one batch tells nothing");
        let once = [(100, 1e5, 100_100_000), (10_000, 1e7, 140_000_000)];
        assert!(seen(&once).abs() < 1e-9, "a tenth of a second for the batch, give or take");
        assert!(seen(&[(1, 50.0, 10), (100, f64::NAN, 60_000)]).abs() < 1e-9, "nonsense is no set-up");
        let then_shorter = [each[0], each[1], (9_000, 9e4, 9_100_000)];
        assert!(seen(&then_shorter) > 1_000.0, "what was seen stays");
        let late = [(100, 1e3, 51_000), (10_000, 1e5, 4_100_000), (900_000, 9e6, 9_060_000)];
        assert!(seen(&late) < 0.1, "an answer that came late is no set-up: {}", seen(&late));
    }
}
