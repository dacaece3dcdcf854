//! Load over HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::clock::process_time;

use crate::client::Client;
use crate::seen::Seen;

/// Each connection asks as fast as it is answered.
pub(crate) async fn flat_out(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    secs: Duration,
) -> Seen {
    at_rate(address, requests, connections, f64::INFINITY, true, secs).await
}

/// All connections together ask that often, each at its times. A time counts from when it was to be asked, except that
/// what a timer is late is the client's, and that beyond the peak (`is_beyond`) what could not be asked in time, because
/// the answer before was under way, is not asked at all.
pub(crate) async fn at_rate(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: f64,
    is_beyond: bool,
    secs: Duration,
) -> Seen {
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let requests = Arc::clone(requests);
            let pause = Duration::try_from_secs_f64(connections as f64 / rate).unwrap_or_default();
            let first = began + pause.mul_f64(at as f64 / connections as f64);
            let times =
                Times { first, pause, is_beyond, begin: began + WARM_UP, end: began + WARM_UP + secs };
            tokio::spawn(async move { ask(address, &requests, at * 37, times).await })
        })
        .collect();
    tokio::time::sleep_until((began + WARM_UP).into()).await;
    let used = process_time();
    let mut parts = Vec::with_capacity(connections);
    for task in tasks {
        parts.push(task.await.expect("no panic"));
    }
    Seen::together(parts, began.elapsed() - WARM_UP, process_time() - used)
}

/// When one connection asks.
#[derive(Clone, Copy)]
struct Times {
    first: Instant,
    pause: Duration,
    is_beyond: bool,
    /// What is asked before is not counted: connections are new, and a server bears what may be a burst for a moment.
    begin: Instant,
    end: Instant,
}

async fn ask(address: SocketAddr, requests: &[Vec<u8>], mut at: usize, times: Times) -> Seen {
    let mut seen = Seen::default();
    let Ok(mut client) = Client::connect(address).await else {
        seen.note_failure();
        return seen;
    };
    let Times { first: mut due, pause, is_beyond, begin, end } = times;
    loop {
        let mut asked = Instant::now();
        if due > asked {
            tokio::time::sleep_until(due.into()).await;
            asked = Instant::now();
        } else if !is_beyond {
            // One that is behind its times has waited since then, but has no more than one request under way.
            asked = due.max(asked - pause);
        }
        if Instant::now() >= end {
            return seen;
        }
        let Ok(status) = client.ask(&requests[at % requests.len()]).await else {
            seen.note_failure();
            return seen;
        };
        if asked >= begin {
            seen.note(status, asked.elapsed());
        }
        at += 1;
        let latest = if is_beyond { Instant::now() } else { Instant::now() - pause };
        due = (due + pause).max(latest);
    }
}

/// Longer than a server needs to find out that it is behind.
const WARM_UP: Duration = Duration::from_millis(500);
