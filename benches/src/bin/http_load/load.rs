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
    at_rate(address, requests, connections, f64::INFINITY, secs).await
}

/// All connections together ask that often, each at its times. A time counts from when it was to be asked, except that
/// what a timer is late is the client's.
pub(crate) async fn at_rate(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: f64,
    secs: Duration,
) -> Seen {
    let (began, used) = (Instant::now(), process_time());
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let requests = Arc::clone(requests);
            let pause = Duration::try_from_secs_f64(connections as f64 / rate).unwrap_or_default();
            let first = began + pause.mul_f64(at as f64 / connections as f64);
            tokio::spawn(async move { ask(address, &requests, at * 37, first, pause, began + secs).await })
        })
        .collect();
    let mut parts = Vec::with_capacity(connections);
    for task in tasks {
        parts.push(task.await.expect("no panic"));
    }
    Seen::together(parts, began.elapsed(), process_time() - used)
}

async fn ask(
    address: SocketAddr,
    requests: &[Vec<u8>],
    mut at: usize,
    mut due: Instant,
    pause: Duration,
    end: Instant,
) -> Seen {
    let mut seen = Seen::default();
    let Ok(mut client) = Client::connect(address).await else {
        seen.note_failure();
        return seen;
    };
    loop {
        let mut asked = Instant::now();
        if pause.is_zero() {
            due = asked;
        } else if due > asked {
            tokio::time::sleep_until(due.into()).await;
            asked = Instant::now();
        } else {
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
        seen.note(status, asked.elapsed());
        at += 1;
        due = (due + pause).max(Instant::now() - pause);
    }
}
