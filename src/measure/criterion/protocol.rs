//! Our end of Criterion's TCP connection: accepting it, and messages to and fro.
//!
//! The bench connects when it sets up Criterion. We greet first, it answers with its version; from then on every
//! message is CBOR behind its length. Nothing here waits longer than it was told to.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::error::ProtocolError;
use super::transcript::Transcript;
use super::version::Version;
use super::wire::{Message, Request};

/// What a bench expects to be greeted with, before three bytes of our version.
const OUR_GREETING: &[u8] = b"cargo-criterion";

/// The version we claim: the last cargo-criterion that speaks protocol 1. Benches only log it.
const OUR_VERSION: [u8; 3] = [1, 1, 0];

/// What a bench greets with, before three bytes of its version, the protocol's version and its format.
const THEIR_GREETING: &[u8] = b"Criterion";

/// The length of a bench's whole greeting.
const THEIR_LENGTH: usize = THEIR_GREETING.len() + 3 + 2 + 2;

/// The version and the format of the protocol that we speak.
const SPOKEN: (u16, u16) = (1, 1);

/// How long a stranger may take to greet. A bench does so at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Beyond any message of a sane bench: a hundred thousand samples take 2 MB. Read, it takes up to 32 times as much memory.
const LONGEST_MESSAGE: usize = 4 << 20;

/// The port of one launch that a bench reports to.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
}

impl Server {
    /// Opens a port on this machine alone.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// The port's number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits at most `wait` for a bench to connect; `None` when none did. Who does not greet as a bench is turned away.
    ///
    /// # Errors
    /// The port is broken, or the bench speaks another version of the protocol.
    pub fn accept(&self, wait: Duration) -> Result<Option<Connection>, ProtocolError> {
        self.await_caller(wait)?;
        match self.listener.accept() {
            Ok((stream, _)) => Connection::greet(stream),
            Err(error) if is_passing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns once somebody calls or the time is over.
    #[cfg(unix)]
    fn await_caller(&self, wait: Duration) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let timeout = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: wait.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&self.listener, PollFlags::IN)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns after a while: somebody may have called by then.
    #[cfg(not(unix))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "the same signature everywhere")]
    fn await_caller(&self, wait: Duration) -> io::Result<()> {
        std::thread::sleep(wait.min(Duration::from_millis(1)));
        Ok(())
    }
}

/// Whether an error only says "not now".
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted | ConnectionAborted)
}

/// What came of waiting for a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Polled {
    /// A message.
    Message(Message),
    /// Nothing yet.
    Nothing,
    /// The bench has closed the connection: nothing will follow.
    Closed,
}

/// A connection to a bench that has greeted.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// How many bytes were received in all.
    told: u64,
    version: Version,
}

impl Connection {
    /// Greets a caller; `None` for a stranger.
    fn greet(mut stream: TcpStream) -> Result<Option<Self>, ProtocolError> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut theirs = [0; THEIR_LENGTH];
        let exchange = stream
            .write_all(&[OUR_GREETING, &OUR_VERSION].concat())
            .and_then(|()| read_within(&mut stream, &mut theirs, PATIENCE));
        if exchange.is_err() || !theirs.starts_with(THEIR_GREETING) {
            return Ok(None);
        }
        let [major, minor, patch, v1, v0, f1, f0] = theirs[THEIR_GREETING.len()..] else { return Ok(None) };
        let (version, format) = (u16::from_be_bytes([v1, v0]), u16::from_be_bytes([f1, f0]));
        if (version, format) != SPOKEN {
            return Err(ProtocolError::Version { version, format });
        }
        Ok(Some(Self { stream, received: Vec::new(), told: 0, version: Version::new(major, minor, patch) }))
    }

    /// The version of Criterion that the bench is linked to.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How much the bench has told so far, in bytes.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Waits at most `wait` (not zero) for a message.
    ///
    /// # Errors
    /// The connection broke, or what came is no message.
    pub fn poll(&mut self, wait: Duration) -> Result<Polled, ProtocolError> {
        if let Some(message) = self.take_message()? {
            return Ok(Polled::Message(message));
        }
        let deadline = Instant::now() + wait;
        let mut chunk = [0; 16 * 1024];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Polled::Nothing);
            }
            self.stream.set_read_timeout(Some(left))?;
            acknowledge_at_once(&self.stream)?;
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Polled::Closed),
                Ok(length) => {
                    self.told = self.told.saturating_add(length as u64);
                    self.received.extend_from_slice(&chunk[..length]);
                }
                Err(error) if is_passing(&error) => continue,
                Err(error) if is_hang_up(&error) => return Ok(Polled::Closed),
                Err(error) => return Err(error.into()),
            }
            if let Some(message) = self.take_message()? {
                return Ok(Polled::Message(message));
            }
        }
    }

    /// Sends a request. That the bench is gone already is no error: the next look at the connection tells.
    ///
    /// # Errors
    /// The connection broke.
    pub fn send(&mut self, request: Request) -> Result<(), ProtocolError> {
        let body = request.encode()?;
        let length = u32::try_from(body.len()).map_err(|_| ProtocolError::TooLong(body.len()))?;
        match self.stream.write_all(&[&length.to_be_bytes(), body.as_slice()].concat()) {
            Err(error) if !is_hang_up(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The next message among the bytes that were received, if it is whole.
    fn take_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        take_message(&mut self.received)
    }
}

/// The next message among bytes, if it is whole; takes it out of them.
fn take_message(received: &mut Vec<u8>) -> Result<Option<Message>, ProtocolError> {
    let Some((&head, rest)) = received.split_first_chunk() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > LONGEST_MESSAGE {
        return Err(ProtocolError::TooLong(length));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    let message = Message::decode(body)?;
    received.drain(..head.len() + length);
    Ok(Some(message))
}

/// Reads everything that a bench could send after its greeting. For fuzzing.
pub(crate) fn read_all(bytes: &[u8]) -> Transcript {
    let mut received = bytes.to_vec();
    let mut transcript = Transcript::default();
    while let Ok(Some(message)) = take_message(&mut received) {
        transcript.hear(message);
    }
    transcript
}

/// Has the system acknowledge what was received without waiting for more.
///
/// A bench writes a message's length and its body one after the other, and its system holds the second back until the
/// first is acknowledged: 40 ms for every message, unless this is asked for before every read.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn acknowledge_at_once(stream: &TcpStream) -> io::Result<()> {
    Ok(rustix::net::sockopt::set_tcp_quickack(stream, true)?)
}

/// Other systems cannot be asked for this.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
fn acknowledge_at_once(_stream: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// Whether an error says that the other end is gone.
fn is_hang_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

/// Fills a buffer, however the bytes are dealt out, within a time.
fn read_within(stream: &mut TcpStream, buffer: &mut [u8], time: Duration) -> io::Result<()> {
    let deadline = Instant::now() + time;
    let mut filled = 0;
    while filled < buffer.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => filled += length,
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
