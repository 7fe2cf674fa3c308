//! A bench that misbehaves as its benchmark is called. It speaks both protocols by itself and is linked to no Criterion, so
//! that nothing has to be built for it.
//!
//! `MISBEHAVE_LIST` names what it does when it is asked for its benchmarks; otherwise it lists [`NAMES`].

#![expect(clippy::exit, reason = "to end without a word is one of the ways to misbehave")]

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use perfguard_campaign::names::NAMES;
use perfguard_campaign::telling::{complete, frame, skipping, unit};

const FOREVER: Duration = Duration::from_hours(1);

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("sleep") {
        thread::sleep(FOREVER);
    }
    let wanted = |name: &str| std::env::var(name).ok();
    if let (Some(socket), Some(name)) = (wanted("PERFGUARD_TURNS"), wanted("PERFGUARD_BENCHMARK")) {
        return take_turns(Path::new(&socket), &name);
    }
    let Some(port) = wanted("CARGO_CRITERION_PORT").and_then(|port| port.parse().ok()) else { return Ok(()) };
    let mode = wanted("MISBEHAVE_LIST").unwrap_or_default();
    if mode == "no-greeting" {
        let _stranger = TcpStream::connect(("127.0.0.1", port))?;
        thread::sleep(FOREVER);
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.read_exact(&mut [0; 18])?;
    stream.write_all(b"Criterion\x00\x08\x02\x00\x01\x00\x01")?;
    let filter = std::env::args().next_back().unwrap_or_default();
    match filter.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) {
        Some(name) => measure(stream, &name.replace('\\', "")),
        None => list(stream, &mode),
    }
}

/// What `list` is answered.
fn list(mut stream: TcpStream, mode: &str) -> io::Result<()> {
    match mode {
        "floods" => {
            for number in 0..200_000 {
                stream.write_all(&frame(&skipping(&format!("benchmark {number}"))))?;
            }
        }
        "drips" => drip(stream)?,
        "long-message" => stream.write_all(&[0x7f, 0xff, 0xff, 0xff])?,
        // So long that it is still being read when the process has ended.
        "long-id" => stream.write_all(&frame(&skipping(&"x".repeat((4 << 20) - 1024))))?,
        "deep" => stream.write_all(&frame(&vec![0x81; 1 << 16]))?,
        "promises" => stream.write_all(&frame(&[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))?,
        "nonsense" => stream.write_all(&frame(b"nonsense"))?,
        "tells-for-ever" => loop {
            stream.write_all(&frame(b"\x67Nothing"))?;
        },
        "answers-nobody" => loop {
            stream.write_all(&frame(&complete("x", &[1.0], &[1.0])))?;
        },
        "prints" => print_much()?,
        "hangs" => thread::sleep(FOREVER),
        "leaves-a-child" => {
            start_and_leave()?;
            tell_names(&mut stream)?;
        }
        _ => tell_names(&mut stream)?,
    }
    Ok(())
}

fn tell_names(stream: &mut TcpStream) -> io::Result<()> {
    NAMES.iter().try_for_each(|name| stream.write_all(&frame(&skipping(name))))
}

/// One launch by Criterion's protocol.
fn measure(mut stream: TcpStream, name: &str) -> io::Result<()> {
    let counts = vec![2.0; 20];
    let times = vec![2000.0; 20];
    let told = match name {
        "zero-iterations" => complete(name, &[0.0; 20], &times),
        "more-iterations" => complete(name, &[1e300; 20], &times),
        "not-a-number" => complete(name, &counts, &[f64::NAN; 20]),
        "infinite" => complete(name, &counts, &[f64::INFINITY; 20]),
        "negative" => complete(name, &counts, &[-1.0; 20]),
        "zero-cost" => complete(name, &counts, &[0.0; 20]),
        "no-samples" => complete(name, &[], &[]),
        "mismatched" => complete(name, &counts, &times[1..]),
        "another" => complete("somebody else", &counts, &times),
        "drips" => return drip(stream),
        "prints" => return print_much(),
        "writes" => return write_much(),
        _ => complete(name, &counts, &times),
    };
    stream.write_all(&frame(&told))?;
    let _ = receive(&mut stream)?;
    stream.write_all(&frame(&unit(if name == "foreign-unit" { "sheep" } else { "ns" })))?;
    let _ = receive(&mut stream)?;
    Ok(())
}

fn receive(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut body = vec![0; u32::from_be_bytes(length).min(1 << 20) as usize];
    stream.read_exact(&mut body)?;
    Ok(body)
}

/// One launch in turns.
fn take_turns(socket: &Path, name: &str) -> io::Result<()> {
    if name == "never-connects" {
        thread::sleep(FOREVER);
    }
    let mut answers = UnixStream::connect(socket)?;
    match name {
        "no-hello" => thread::sleep(FOREVER),
        "wrong-hello" => answers.write_all(b"good evening\n")?,
        "foreign-unit" => answers.write_all(b"hello 1 sheep\n")?,
        "endless-hello" => flood(&mut answers, b"x")?,
        "closes" => return Ok(()),
        "hello-twice" => answers.write_all(b"hello 1 ns\nhello 1 ns\n")?,
        _ => answers.write_all(b"hello 1 ns\n")?,
    }
    if name == "speaks-first" {
        flood(&mut answers, b"took 1 1\n")?;
    }
    if name == "never-listens" {
        thread::sleep(FOREVER);
    }
    let questions = BufReader::new(answers.try_clone()?);
    for question in questions.lines() {
        let question = question?;
        let Some((verb, iterations)) = question.split_once(' ') else { break };
        if verb == "count" {
            count(&mut answers, socket, name, iterations)?;
        } else {
            sample(&mut answers, name, iterations)?;
        }
    }
    at_the_end(name)
}

fn sample(answers: &mut UnixStream, name: &str, iterations: &str) -> io::Result<()> {
    let mut say = |text: &str| answers.write_all(text.as_bytes());
    match name {
        "zero-iterations" => say("took 0 1000\n"),
        "more-iterations" => say(&format!("took {iterations}0 1000\n")),
        "too-many-iterations" => say("took 99999999999999999999999 1000\n"),
        "not-a-number" => say(&format!("took {iterations} NaN\n")),
        "infinite" => say(&format!("took {iterations} inf\n")),
        "negative" => say(&format!("took {iterations} -5\n")),
        "overflow" => say(&format!("took {iterations} 1e999\n")),
        "zero-cost" => say(&format!("took {iterations} 0\n")),
        "two-answers" => say(&format!("took {iterations} 1000\ntook {iterations} 1000\n")),
        "nonsense" => say("\u{1b}[2J\u{0}\u{202e}nonsense\n"),
        "empty-answer" => say("\n"),
        "not-utf8" => answers.write_all(b"took \xff\xfe 1\n"),
        "drips" => drip(answers),
        "endless-line" => flood(answers, b"took "),
        "endless-answers" => flood(answers, format!("took {iterations} 1000\n").as_bytes()),
        "half-an-answer" => {
            say("took ")?;
            thread::sleep(FOREVER);
            Ok(())
        }
        "hangs" => {
            thread::sleep(FOREVER);
            Ok(())
        }
        "prints" => print_much(),
        "prints-errors" => {
            let line = vec![b'e'; 1 << 16];
            (0..1 << 14).try_for_each(|_| io::stderr().write_all(&line))
        }
        "writes" => write_much(),
        "writes-files" => write_many(),
        "panics" => panic!("as it was told"),
        "aborts" => std::process::abort(),
        "exits" => exit(3),
        "exits-well" => exit(0),
        "kills-itself" => send_to_itself("KILL"),
        "stops-itself" => send_to_itself("STOP"),
        "leaves-a-child" => {
            start_and_leave()?;
            say(&format!("took {iterations} 1000\n"))
        }
        "child-hangs" => {
            Command::new(std::env::current_exe()?).arg("sleep").spawn()?;
            thread::sleep(FOREVER);
            Ok(())
        }
        "removes-its-folder" => {
            let _ = fs::remove_dir_all(temporary().parent().unwrap_or(Path::new("/nowhere")));
            exit(4)
        }
        _ => say(&format!("took {iterations} {}\n", iterations.parse::<f64>().unwrap_or(1.0) * 1000.0)),
    }
}

/// Counts, and files of Callgrind's that are none.
fn count(answers: &mut UnixStream, socket: &Path, name: &str, iterations: &str) -> io::Result<()> {
    let folder = socket.parent().unwrap_or(Path::new("/nowhere"));
    let forged = folder.join(format!("callgrind.{}.1", std::process::id()));
    match name {
        "forges-a-link" => std::os::unix::fs::symlink("/dev/zero", forged)?,
        "forges-a-pipe" => drop(Command::new("mkfifo").arg(forged).status()?),
        "forges-a-hole" => fs::File::create(forged)?.set_len(1 << 40)?,
        "forges-nonsense" => fs::write(forged, "events: Ir\n\u{0}\u{202e}\n")?,
        "miscounts" => return answers.write_all(b"counted x y z\n"),
        "counts-nothing" => return answers.write_all(format!("counted {iterations} 0 0 0 0 0\n").as_bytes()),
        "counts-too-much" => {
            let most = u64::MAX;
            let told = format!("counted {iterations} {most} {most} {most} {most} {most}\n");
            return answers.write_all(told.as_bytes());
        }
        _ => {}
    }
    answers.write_all(format!("counted {iterations} 1\n").as_bytes())
}

fn at_the_end(name: &str) -> io::Result<()> {
    match name {
        "hangs-at-the-end" => thread::sleep(FOREVER),
        "prints-at-the-end" => print_much()?,
        "fails-at-the-end" => exit(5),
        _ => {}
    }
    Ok(())
}

fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// A byte now and then, for ever: the beginning of a message, or of a line.
fn drip(mut to: impl Write) -> io::Result<()> {
    to.write_all(&[0, 0, 1, 0])?;
    loop {
        to.write_all(b"\x00")?;
        thread::sleep(Duration::from_millis(100));
    }
}

fn flood(to: &mut impl Write, what: &[u8]) -> io::Result<()> {
    let much = what.repeat(4096);
    loop {
        to.write_all(&much)?;
    }
}

/// A gigabyte, in lines.
fn print_much() -> io::Result<()> {
    let line = [vec![b'p'; 1023], vec![b'\n']].concat().repeat(64);
    (0..1 << 14).try_for_each(|_| io::stdout().write_all(&line))?;
    thread::sleep(FOREVER);
    Ok(())
}

/// A gigabyte of temporary files.
fn write_much() -> io::Result<()> {
    let much = vec![1; 1 << 20];
    for file in 0..16 {
        let mut file = fs::File::create(temporary().join(format!("much {file}")))?;
        (0..64).try_for_each(|_| file.write_all(&much))?;
    }
    thread::sleep(FOREVER);
    Ok(())
}

fn write_many() -> io::Result<()> {
    // Links to one file: they are made faster than files.
    let file = temporary().join("file");
    fs::write(&file, "")?;
    for folder in 0..20 {
        let folder = temporary().join(folder.to_string());
        fs::create_dir_all(&folder)?;
        (0..1000).try_for_each(|link| fs::hard_link(&file, folder.join(link.to_string())))?;
    }
    thread::sleep(FOREVER);
    Ok(())
}

/// Starts a process in a session of its own, whose parent ends at once.
fn start_and_leave() -> io::Result<()> {
    let program = std::env::current_exe()?;
    let script = "setsid sh -c '\"$0\" sleep & \"$0\" sleep &' \"$0\" >/dev/null 2>&1 </dev/null";
    Command::new("sh").args(["-c", script]).arg(program).status().map(drop)
}

fn send_to_itself(signal: &str) -> io::Result<()> {
    Command::new("kill").args(["-s", signal, &std::process::id().to_string()]).status()?;
    thread::sleep(FOREVER);
    Ok(())
}
