//! Running a program to its end: its output line by line, a time limit, and no way to hang.

use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::group::POLL;
use super::{Group, ProcessError, Tail, registry};

/// The longest piece of output that is handed on as one line.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;
/// How long output may still arrive after the leader's end, from somebody outside the group who holds the pipe.
const DRAIN: Duration = Duration::from_millis(500);
/// How many lines may wait for their reader: few, for each may be long.
const QUEUE: usize = 8;

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A program that ran to its end, well or badly.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// The end of its standard output.
    pub stdout: Tail,
    /// The end of its standard error.
    pub stderr: Tail,
    /// How long it ran, in seconds.
    pub seconds: f64,
}

enum News {
    Line(Stream, Vec<u8>),
    Closed,
    Ended,
}

/// Runs `command` in a process group of its own, with no input, until it ends or `limit` is over.
///
/// `on_line` gets each line (without its end) on the calling thread, in the order of each stream.
///
/// # Errors
/// It could not be started or waited for, ran out of time (then its group is dead), or a signal came.
pub fn run(
    command: Command,
    limit: Option<Duration>,
    on_line: impl FnMut(Stream, &str),
) -> Result<Finished, ProcessError> {
    run_by(End::LineFeed, command, limit, on_line)
}

/// As [`run`], without a limit, of a program that redraws its last line: each drawing is a line, too.
///
/// # Errors
/// As [`run`].
pub fn run_redrawing(command: Command, on_line: impl FnMut(Stream, &str)) -> Result<Finished, ProcessError> {
    run_by(End::LineFeedOrReturn, command, None, on_line)
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    LineFeed,
    LineFeedOrReturn,
}

fn run_by(
    end: End,
    mut command: Command,
    limit: Option<Duration>,
    mut on_line: impl FnMut(Stream, &str),
) -> Result<Finished, ProcessError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut group = Group::spawn(command)?;
    let (tell, news) = mpsc::sync_channel(QUEUE);
    let mut open = 0;
    if let Some(pipe) = group.take_stdout() {
        open += 1;
        read(Stream::Stdout, End::LineFeed, pipe, tell.clone());
    }
    if let Some(pipe) = group.take_stderr() {
        open += 1;
        read(Stream::Stderr, end, pipe, tell.clone());
    }
    group.on_end(move || {
        let _ = tell.send(News::Ended);
    });
    let mut listener =
        Listener { news, open, tails: [Tail::default(), Tail::default()], on_line: &mut on_line };
    let deadline = limit.and_then(|limit| start.checked_add(limit));
    let status = listener.until_end(&mut group, deadline)?;
    let seconds = start.elapsed().as_secs_f64();
    let timed_out = status.is_none();
    let status = match status {
        Some(status) => status,
        None => group.kill_group()?,
    };
    listener.drain();
    let [stdout, stderr] = listener.tails;
    let program = group.program().to_owned();
    if registry::interrupted() {
        return Err(ProcessError::Interrupted { program });
    }
    match limit {
        Some(limit) if timed_out => Err(ProcessError::TimedOut { program, limit, stdout, stderr }),
        _ => Ok(Finished { status, stdout, stderr, seconds }),
    }
}

struct Listener<'a> {
    news: Receiver<News>,
    open: usize,
    tails: [Tail; 2],
    on_line: &'a mut dyn FnMut(Stream, &str),
}

impl Listener<'_> {
    /// Listens until the leader has ended; `None` when the deadline came first.
    fn until_end(
        &mut self,
        group: &mut Group,
        deadline: Option<Instant>,
    ) -> Result<Option<ExitStatus>, ProcessError> {
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return group.try_wait();
            }
            let wait = left.unwrap_or(Duration::from_hours(1));
            let heard = self.news.recv_timeout(if cfg!(unix) { wait } else { wait.min(POLL) });
            match heard {
                Ok(News::Ended) => return group.wait().map(Some),
                Ok(other) => self.take(other),
                Err(RecvTimeoutError::Timeout) if cfg!(unix) => {}
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(status) = group.try_wait()? {
                        return Ok(Some(status));
                    }
                }
                // Both pipes are closed and nobody waits for the end: do it here.
                Err(RecvTimeoutError::Disconnected) => return group.wait_timeout(wait),
            }
        }
    }

    /// Takes what is still in the pipes, but does not wait for long: somebody who left the group may hold them open.
    fn drain(&mut self) {
        let end = Instant::now() + DRAIN;
        while self.open > 0 {
            match self.news.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(news) => self.take(news),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Line(stream, line) => {
                self.tails[usize::from(stream == Stream::Stderr)].push(&line);
                let text = String::from_utf8_lossy(&line);
                let text = text.strip_suffix('\n').unwrap_or(&text);
                (self.on_line)(stream, text.strip_suffix('\r').unwrap_or(text));
            }
            News::Closed => self.open -= 1,
            News::Ended => {}
        }
    }
}

/// Reads up to a line feed or a carriage return. Both together are one end.
fn read_drawing(pipe: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    loop {
        let there = match pipe.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            there => there?,
        };
        let end = there
            .iter()
            .position(|byte| b"\r\n".contains(byte))
            .map(|at| at + if there[at..].starts_with(b"\r\n") { 2 } else { 1 });
        let used = end.unwrap_or(there.len());
        line.extend_from_slice(&there[..used]);
        pipe.consume(used);
        if end.is_some() || used == 0 {
            return Ok(line.len());
        }
    }
}

/// Hands on the lines of `pipe` until it ends or nobody listens any more.
fn read(stream: Stream, end: End, pipe: impl Read + Send + 'static, tell: SyncSender<News>) {
    let body = move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            let found = match end {
                End::LineFeed => pipe.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line),
                End::LineFeedOrReturn => read_drawing(&mut pipe.by_ref().take(LONGEST_LINE), &mut line),
            };
            match found {
                Ok(0) | Err(_) => break,
                Ok(_) if tell.send(News::Line(stream, line)).is_err() => return,
                Ok(_) => {}
            }
        }
        let _ = tell.send(News::Closed);
    };
    // Without the thread the pipe is closed and `Closed` never comes: `drain` ends by its own limit.
    let _ = thread::Builder::new().name("reader".to_owned()).spawn(body);
}
