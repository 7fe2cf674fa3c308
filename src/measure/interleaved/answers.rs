//! What a bench process answers, line by line: a deadline for the whole of every answer, a bound for its length, and
//! numbers that are checked before anybody calculates with them.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::domain::SampleError;
use crate::measure::criterion::ProtocolError;
use crate::measure::excess::{Excess, LONGEST_LINE, LOOK};
use crate::measure::failure::FailureKind;

/// How much of an answer that is none is shown.
const SHOWN: usize = 80;

/// A batch of iterations, as the benchmark tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::measure) struct Batch {
    pub(in crate::measure) iterations: u64,
    /// Nanoseconds.
    pub(in crate::measure) cost: f64,
}

impl Batch {
    /// What one of its iterations cost, in nanoseconds.
    pub(in crate::measure) fn per_iteration(self) -> f64 {
        self.cost / self.iterations.max(1) as f64
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The time is over.
    Late,
    /// The connection broke.
    Io(io::Error),
    /// It says too much.
    Excess(Excess),
    /// Whoever looks meanwhile has given the process up.
    GivenUp(FailureKind),
}

/// The conversation with one process. Nothing here waits longer than it was told to, whatever the other end does.
#[derive(Debug)]
pub(super) struct Answers {
    stream: UnixStream,
    /// What was received and not read yet.
    received: Vec<u8>,
}

impl Answers {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, received: Vec::new() })
    }

    /// Asks something. What was not asked for must not have been answered: two answers to one question would be taken for
    /// the answers to two.
    ///
    /// `look` is called now and then while nothing happens, and may give the process up.
    pub(super) fn ask(
        &mut self,
        request: &str,
        deadline: Instant,
        mut look: impl FnMut() -> Result<(), FailureKind>,
    ) -> Result<(), Unanswered> {
        if !self.received.is_empty() || self.receive()? == Received::Some {
            return Err(Unanswered::Excess(Excess::Unasked));
        }
        let mut left = request.as_bytes();
        while !left.is_empty() {
            match self.stream.write(left) {
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::OUT, deadline, &mut look)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Unanswered::Io(error)),
            }
        }
        Ok(())
    }

    /// The next line, without its end.
    pub(super) fn next(
        &mut self,
        deadline: Instant,
        mut look: impl FnMut() -> Result<(), FailureKind>,
    ) -> Result<String, Unanswered> {
        loop {
            if let Some(line) = line(&mut self.received)? {
                return Ok(line);
            }
            self.wait(PollFlags::IN, deadline, &mut look)?;
            if self.receive()? == Received::End {
                return Err(Unanswered::Io(ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Takes what is there.
    fn receive(&mut self) -> Result<Received, Unanswered> {
        let mut chunk = [0; LONGEST_LINE];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Received::End),
                Ok(length) => {
                    self.received.extend_from_slice(&chunk[..length]);
                    return Ok(Received::Some);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Unanswered::Io(error)),
            }
        }
    }

    /// Returns once the other end may have done something.
    fn wait(
        &self,
        what: PollFlags,
        deadline: Instant,
        look: &mut impl FnMut() -> Result<(), FailureKind>,
    ) -> Result<(), Unanswered> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Unanswered::Late);
            }
            let timeout = timespec(left.min(LOOK));
            match poll(&mut [PollFd::new(&self.stream, what)], Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => look().map_err(Unanswered::GivenUp)?,
                Ok(_) => return Ok(()),
                Err(error) => return Err(Unanswered::Io(error.into())),
            }
        }
    }
}

/// What came of taking what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Received {
    Some,
    Nothing,
    End,
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs().cast_signed(), tv_nsec: duration.subsec_nanos().into() }
}

/// Reads everything that a process could say, as answers to whatever was asked. For fuzzing.
pub(crate) fn read_all(bytes: &[u8]) {
    let mut received = Vec::new();
    for chunk in bytes.chunks(LONGEST_LINE) {
        received.extend_from_slice(chunk);
        loop {
            match line(&mut received) {
                Ok(Some(line)) => {
                    let asked = line.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(1);
                    let _ = batch(&line, asked).map(Batch::per_iteration);
                    let _ = counts(&line, asked);
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// Takes the first line out of what was received, if it is whole.
fn line(received: &mut Vec<u8>) -> Result<Option<String>, Unanswered> {
    let Some(end) = received.iter().position(|&byte| byte == b'\n') else {
        let too_long = received.len() > LONGEST_LINE;
        return if too_long { Err(Unanswered::Excess(Excess::Line)) } else { Ok(None) };
    };
    if end > LONGEST_LINE {
        return Err(Unanswered::Excess(Excess::Line));
    }
    let line = String::from_utf8_lossy(&received[..end]).into_owned();
    received.drain(..=end);
    Ok(Some(line))
}

/// Why an answer is of no use.
#[derive(Debug)]
pub(super) enum Useless {
    /// It is none.
    NoAnswer(io::Error),
    /// Its figures are nonsense.
    Nonsense(SampleError),
}

impl From<Useless> for FailureKind {
    fn from(useless: Useless) -> Self {
        match useless {
            Useless::NoAnswer(error) => Self::Garbled(ProtocolError::Io(error)),
            Useless::Nonsense(error) => Self::Nonsense(error),
        }
    }
}

/// Reads `took ITERATIONS COST`, the answer to `sample ITERATIONS`.
pub(super) fn batch(answer: &str, asked: u64) -> Result<Batch, Useless> {
    let read = || {
        let (iterations, cost) = answer.strip_prefix("took ")?.split_once(' ')?;
        Some((iterations.parse::<u64>().ok()?, cost.parse::<f64>().ok()?))
    };
    let (iterations, cost) = read().ok_or_else(|| Useless::NoAnswer(no_answer(answer)))?;
    if iterations != asked || iterations == 0 {
        return Err(Useless::Nonsense(SampleError::Iterations { index: 0, value: iterations as f64 }));
    }
    if !cost.is_finite() || cost < 0.0 {
        return Err(Useless::Nonsense(SampleError::Total { index: 0, value: cost }));
    }
    Ok(Batch { iterations, cost })
}

/// Reads `counted ITERATIONS` and numbers, the answer to `count ITERATIONS`.
pub(super) fn counts(answer: &str, asked: u64) -> Result<Vec<u64>, Useless> {
    let words = answer.strip_prefix("counted ").and_then(|rest| rest.strip_prefix(&format!("{asked} ")));
    let numbers = words.and_then(|words| words.split(' ').map(|word| word.parse().ok()).collect());
    numbers.ok_or_else(|| Useless::NoAnswer(no_answer(answer)))
}

/// An answer that is none.
pub(super) fn no_answer(answer: &str) -> io::Error {
    let shown: String = answer.chars().take(SHOWN).collect();
    io::Error::new(ErrorKind::InvalidData, format!("`{shown}` is no answer"))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(300)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    fn talk() -> (Answers, UnixStream) {
        let (ours, its) = UnixStream::pair().unwrap();
        (Answers::new(ours).unwrap(), its)
    }

    #[test]
    fn answers_are_read_to_the_last_bit() {
        let read = batch("took 17 1234567.0000000002", 17).unwrap();
        assert_eq!((read.iterations, read.cost.to_bits()), (17, 1_234_567.000_000_000_2_f64.to_bits()));
        for nonsense in ["", "took", "took 1", "took -1 2", "took 1 2 3", "took 1.5 2", "hello 1 ns"] {
            assert!(matches!(batch(nonsense, 1), Err(Useless::NoAnswer(_))), "{nonsense}");
        }
        assert_eq!(counts("counted 3 1 2", 3).unwrap(), [1, 2]);
        for nonsense in ["", "counted", "counted 2 1", "counted 3 ", "counted 3 -1", "counted 3 1  2"] {
            assert!(counts(nonsense, 3).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn figures_that_nobody_can_calculate_with_are_refused() {
        for (answer, asked) in
            [("took 0 5", 7), ("took 0 5", 0), ("took 8 5", 7), ("took 18446744073709551615 1", 7)]
        {
            let error = batch(answer, asked).unwrap_err();
            assert!(matches!(error, Useless::Nonsense(SampleError::Iterations { .. })), "{answer}");
        }
        for answer in ["took 7 NaN", "took 7 inf", "took 7 -inf", "took 7 -1", "took 7 1e999"] {
            let error = batch(answer, 7).unwrap_err();
            assert!(matches!(error, Useless::Nonsense(SampleError::Total { .. })), "{answer}");
        }
    }

    #[test]
    fn an_answer_has_a_deadline_however_its_bytes_are_dealt_out() {
        let (mut answers, mut its) = talk();
        let drip = thread::spawn(move || {
            while its.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        });
        let answer = answers.next(soon(), || Ok(()));
        assert!(matches!(answer, Err(Unanswered::Late)), "{answer:?}");
        drop(answers);
        drip.join().unwrap();
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let (mut answers, mut its) = talk();
        let flood = thread::spawn(move || while its.write_all(&[b'x'; 1 << 12]).is_ok() {});
        let answer = answers.next(later(), || Ok(()));
        assert!(matches!(answer, Err(Unanswered::Excess(Excess::Line))), "{answer:?}");
        assert!(answers.received.len() < 4 * LONGEST_LINE);
        drop(answers);
        flood.join().unwrap();
    }

    #[test]
    fn two_answers_to_one_question_are_one_too_many() {
        let (mut answers, mut its) = talk();
        its.write_all(b"took 1 2\ntook 1 2\n").unwrap();
        answers.ask("sample 1\n", later(), || Ok(())).unwrap_err();
        let (mut answers, mut its) = talk();
        answers.ask("sample 1\n", later(), || Ok(())).unwrap();
        its.write_all(b"took 1 2\ntook 1 2\n").unwrap();
        assert_eq!(answers.next(later(), || Ok(())).unwrap(), "took 1 2");
        let asked = answers.ask("sample 1\n", later(), || Ok(()));
        assert!(matches!(asked, Err(Unanswered::Excess(Excess::Unasked))), "{asked:?}");
    }

    #[test]
    fn asking_somebody_who_does_not_listen_ends_in_time() {
        let (mut answers, its) = talk();
        let deadline = soon();
        let error = loop {
            if let Err(error) = answers.ask(&"x".repeat(1 << 16), deadline, || Ok(())) {
                break error;
            }
        };
        assert!(matches!(error, Unanswered::Late), "{error:?}");
        drop(its);
    }

    #[test]
    fn whoever_looks_meanwhile_can_give_up() {
        let (mut answers, _its) = talk();
        let answer = answers.next(later(), || Err(FailureKind::Silent));
        assert!(matches!(answer, Err(Unanswered::GivenUp(FailureKind::Silent))), "{answer:?}");
    }
}
