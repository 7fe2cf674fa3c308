//! `io_bound`: many connections over the loopback interface, each asking an echo server several times.
//!
//! The guide: "I/O-bound work (default is good for this)". The sockets are real; both ends live in the same runtime. The
//! connections are opened once: opening them anew for every call would use up the system's ports in seconds.
//! Naive: [`super::runtimes::current_thread`]; optimized: [`super::runtimes::default_runtime`].

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::input::mix;

/// Open connections.
pub const CONNECTIONS: usize = 32;
/// Questions per connection and call.
pub const ROUND_TRIPS: u64 = 4;
/// Bytes per question.
const MESSAGE_BYTES: usize = 64;

/// A runtime, an echo server in it, and the clients' ends of the connections.
#[derive(Debug)]
pub struct Echo {
    runtime: Runtime,
    clients: Vec<TcpStream>,
}

impl Echo {
    /// Starts the server and opens all connections.
    ///
    /// # Errors
    /// When the loopback interface cannot be used.
    pub fn start(runtime: Runtime) -> io::Result<Self> {
        let clients = runtime.block_on(connect_all())?;
        Ok(Self { runtime, clients })
    }

    /// Lets all connections ask at once and adds up what came back.
    ///
    /// # Errors
    /// When a connection broke; the rig is of no use afterwards.
    pub fn round(&mut self, seed: u64) -> io::Result<u64> {
        let clients = std::mem::take(&mut self.clients);
        let (clients, total) = self.runtime.block_on(ask_all(clients, seed))?;
        self.clients = clients;
        Ok(total)
    }
}

async fn connect_all() -> io::Result<Vec<TcpStream>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let mut clients = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let client = TcpStream::connect(address).await?;
        let (server, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        tokio::spawn(echo(server));
        clients.push(client);
    }
    Ok(clients)
}

/// Sends back what it gets until the other side closes, which is the end whichever way it closes.
async fn echo(mut stream: TcpStream) {
    let mut message = [0; MESSAGE_BYTES];
    while stream.read_exact(&mut message).await.is_ok() {
        if stream.write_all(&message).await.is_err() {
            return;
        }
    }
}

async fn ask_all(clients: Vec<TcpStream>, seed: u64) -> io::Result<(Vec<TcpStream>, u64)> {
    let asking: Vec<_> = clients
        .into_iter()
        .zip(0u64..)
        .map(|(client, index)| tokio::spawn(ask(client, mix(seed ^ index))))
        .collect();
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let mut total = 0u64;
    for asked in asking {
        let (client, sum) = asked.await??;
        clients.push(client);
        total = total.wrapping_add(sum);
    }
    Ok((clients, total))
}

async fn ask(mut client: TcpStream, seed: u64) -> io::Result<(TcpStream, u64)> {
    let mut question = [0; MESSAGE_BYTES];
    let mut answer = [0; MESSAGE_BYTES];
    let mut sum = 0u64;
    for round in 0..ROUND_TRIPS {
        question[..8].copy_from_slice(&mix(seed.wrapping_add(round)).to_le_bytes());
        client.write_all(&question).await?;
        client.read_exact(&mut answer).await?;
        let (words, _) = answer.as_chunks::<8>();
        sum = words.iter().fold(sum, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
    }
    Ok((client, sum))
}
