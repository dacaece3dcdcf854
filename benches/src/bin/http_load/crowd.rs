//! Connections that only take room, beside others that ask: they are to change nothing for these.
//!
//! Processes of their own make them, so that each end has its own descriptors: this program again, with `--crowd`.

use std::env::current_exe;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use benches::memory::resident_bytes;
use clap::ValueEnum;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{interval, timeout};

use crate::client::{Client, get};
use crate::load::at_rate;

/// What the connections of a crowd do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Each has asked once, and says no more
    Idle,
    /// Each sends a head byte by byte
    Slow,
}

/// Asks at a rate with nobody beside it, beside idle connections, and beside these and slow ones.
pub(crate) async fn measure(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: f64,
    secs: Duration,
) -> io::Result<()> {
    let ask = || at_rate(address, requests, connections, rate, false, secs);
    ask().await.print("routes, half the peak, alone");
    let before = resident_bytes().unwrap_or_default();
    let idle = Crowd::start(Kind::Idle, address)?;
    let grown = resident_bytes().unwrap_or_default().saturating_sub(before);
    let each = grown as f64 / 1024.0 / idle.size.max(1) as f64;
    println!("{} idle connections take {each:.1} KiB each in the server", idle.size);
    ask().await.print("the same beside the idle ones");
    let slow = Crowd::start(Kind::Slow, address)?;
    ask().await.print(&format!("the same beside these and {} slow ones", slow.size));
    slow.end()?;
    println!("{} of the idle ones are still open", idle.end()?);
    ask().await.print("routes, half the peak, alone again");
    Ok(())
}

/// A process with connections.
struct Crowd {
    process: Child,
    says: BufReader<ChildStdout>,
    size: usize,
}

impl Crowd {
    /// Returns once they are there.
    fn start(kind: Kind, address: SocketAddr) -> io::Result<Self> {
        let name = kind.to_possible_value().expect("no kind is skipped");
        let mut process = Command::new(current_exe()?)
            .args(["--crowd", name.get_name(), "--at", &address.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut says = BufReader::new(process.stdout.take().expect("it is piped"));
        let size = read_count(&mut says)?;
        Ok(Crowd { process, says, size })
    }

    /// Ends it; returns how many of the connections were still open.
    fn end(mut self) -> io::Result<usize> {
        drop(self.process.stdin.take());
        let open = read_count(&mut self.says)?;
        self.process.wait()?;
        Ok(open)
    }
}

fn read_count(says: &mut impl BufRead) -> io::Result<usize> {
    let mut line = String::new();
    says.read_line(&mut line)?;
    line.trim().parse().map_err(io::Error::other)
}

/// Is a crowd until the input ends: says how many connections there are, and then how many are left.
pub(crate) async fn be(kind: Kind, address: SocketAddr) -> io::Result<()> {
    let (mut idle, mut slow) = (Vec::new(), JoinSet::new());
    match kind {
        Kind::Idle => idle = connect_many(address).await,
        Kind::Slow => (0..SLOW_COUNT).for_each(|_| drop(slow.spawn(dawdle(address)))),
    }
    println!("{}", idle.len() + slow.len());
    spawn_blocking(|| io::stdin().lines().for_each(drop)).await?;
    let open: usize = idle.iter_mut().map(|client| usize::from(client.is_open())).sum();
    println!("{}", open + slow.len());
    Ok(())
}

/// Connections that have asked once, as many as the system allows.
async fn connect_many(address: SocketAddr) -> Vec<Client> {
    let healthz = get(address, "/healthz");
    let mut idle = Vec::new();
    for _ in 0..IDLE_COUNT {
        let Ok(mut client) = Client::connect(address).await else { break };
        if client.ask(&healthz).await.is_err() {
            break;
        }
        idle.push(client);
    }
    idle
}

/// Sends a head byte by byte, and begins anew when it is cut off.
async fn dawdle(address: SocketAddr) {
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { return };
        let mut beat = interval(Duration::from_millis(100));
        let bytes =
            b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ".iter().chain(std::iter::repeat(&b'a'));
        for &byte in bytes {
            beat.tick().await;
            let ended = timeout(Duration::ZERO, stream.read_u8()).await;
            if ended.is_ok() || stream.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    }
}

/// A descriptor for each connection: as many as the system allows.
pub(crate) fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.maximum = limit.maximum.map(|most| most.max(DESCRIPTOR_COUNT));
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        limit.maximum = getrlimit(Resource::Nofile).maximum;
        limit.current = limit.maximum;
        // With fewer, there are fewer idle connections, which is told.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

const IDLE_COUNT: usize = 10_000;
const SLOW_COUNT: usize = 500;
const DESCRIPTOR_COUNT: u64 = 20_000;
