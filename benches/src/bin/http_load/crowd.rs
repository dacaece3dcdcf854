//! Connections that only take room, beside others that ask: they are to change nothing for these.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use benches::memory::resident_bytes;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::client::{Client, get};
use crate::load::at_rate;

/// Asks at a rate with nobody beside it, beside idle connections, and beside slow ones.
pub(crate) async fn measure(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: f64,
    secs: Duration,
) {
    let ask = || at_rate(address, requests, connections, rate, false, secs);
    ask().await.print("routes, half the peak, alone");
    let before = resident_bytes().unwrap_or_default();
    let idle = idle(address).await;
    let grown = resident_bytes().unwrap_or_default().saturating_sub(before);
    println!(
        "{} idle connections take {:.1} KiB each, both ends and their tasks",
        idle.len(),
        grown as f64 / 1024.0 / idle.len().max(1) as f64
    );
    ask().await.print("the same beside the idle ones");
    let mut open = 0;
    for mut client in idle {
        open += u32::from(client.is_open());
    }
    println!("{open} of them are still open");
    let mut slow = JoinSet::new();
    (0..SLOW_COUNT).for_each(|_| drop(slow.spawn(dawdle(address))));
    ask().await.print("the same beside 500 slow ones");
    slow.shutdown().await;
    ask().await.print("routes, half the peak, alone again");
}

/// Connections that have asked once.
async fn idle(address: SocketAddr) -> Vec<Client> {
    let healthz = get(address, "/healthz");
    let mut idle = Vec::new();
    for _ in 0..IDLE_COUNT {
        let Ok(mut client) = Client::connect(address).await else { break };
        if client.ask(&healthz).await.is_err() {
            break;
        }
        idle.push(client);
    }
    if idle.len() < IDLE_COUNT {
        // The descriptors are used up, and those who ask need some.
        idle.truncate(idle.len().saturating_sub(ROOM));
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

/// Two descriptors for each connection, whose ends are both here: as many as the system allows.
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
const ROOM: usize = 100;
const SLOW_COUNT: usize = 500;
const DESCRIPTOR_COUNT: u64 = 40_000;
