//! Running a program to its end while its lines are passed on as they come.

use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

/// A line of a program's output, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// From standard output.
    Out(String),
    /// From standard error.
    Err(String),
}

/// A started program, whose whole process group is killed if nobody waits for it to end.
struct Group(Option<Child>);

impl Group {
    fn wait(mut self) -> io::Result<ExitStatus> {
        match self.0.take() {
            Some(mut child) => child.wait(),
            None => Err(io::Error::other("the program was waited for twice")),
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // Nothing is left to do about a group that cannot be killed.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
}

/// Starts the command in a process group of its own, hands every line to `each`, and waits.
///
/// # Errors
/// The program cannot be started. Output that ends early is no error.
pub(super) fn run(command: &mut Command, mut each: impl FnMut(Line)) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let group = Group(Some(child));
    let (for_out, receiver) = channel();
    let for_err = for_out.clone();
    thread::scope(|scope| {
        scope.spawn(move || out.map(|stream| forward(stream, &for_out, Line::Out)));
        scope.spawn(move || err.map(|stream| forward(stream, &for_err, Line::Err)));
        receiver.into_iter().for_each(&mut each);
    });
    group.wait()
}

/// Sends every line on, whatever bytes it holds.
fn forward(stream: impl Read, sender: &Sender<Line>, wrap: fn(String) -> Line) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(mut line) = line else { return };
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if sender.send(wrap(String::from_utf8_lossy(&line).into_owned())).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_both_streams_arrives() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf 'th\\377ree'; exit 3"]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(&mut command, |line| match line {
            Line::Out(text) => out.push(text),
            Line::Err(text) => err.push(text),
        })
        .unwrap();
        assert_eq!(status.code(), Some(3));
        assert_eq!(out, ["one", "th\u{fffd}ree"]);
        assert_eq!(err, ["two"]);
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(run(&mut Command::new("/no/such/program"), |_| ()).is_err());
    }
}
