//! Load, and what is seen of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::Client;

/// What became of requests.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    times: Vec<Duration>,
    /// 503 and 429.
    pub(crate) refused: u64,
    /// Anything else but an answer or a problem of the query.
    pub(crate) failed: u64,
}

impl Seen {
    fn note(&mut self, status: u16, time: Duration) {
        match status {
            503 | 429 => self.refused += 1,
            200 | 404 | 422 => self.times.push(time),
            _ => self.failed += 1,
        }
    }

    /// Answers a second.
    pub(crate) fn rate(&self, secs: Duration) -> f64 {
        self.times.len() as f64 / secs.as_secs_f64()
    }

    /// The time within which that share was answered.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let at = ((self.times.len() as f64 * share) as usize).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default()
    }
}

/// Each connection asks as fast as it is answered.
pub(crate) async fn flat_out(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    secs: Duration,
) -> Seen {
    at_rate(address, requests, connections, f64::INFINITY, secs).await
}

/// All connections together ask that often, each at its times; a time counts from when it was to be asked.
pub(crate) async fn at_rate(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: f64,
    secs: Duration,
) -> Seen {
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|at| {
            let requests = Arc::clone(requests);
            let pause = Duration::try_from_secs_f64(connections as f64 / rate).unwrap_or_default();
            let first = began + pause.mul_f64(at as f64 / connections as f64);
            tokio::spawn(async move { ask(address, &requests, at * 37, first, pause, began + secs).await })
        })
        .collect();
    let mut seen = Seen::default();
    for task in tasks {
        let one = task.await.expect("no panic");
        seen.times.extend(one.times);
        seen.refused += one.refused;
        seen.failed += one.failed;
    }
    seen.times.sort_unstable();
    seen
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
        seen.failed += 1;
        return seen;
    };
    while Instant::now() < end {
        if pause.is_zero() {
            due = Instant::now();
        } else {
            tokio::time::sleep_until(due.into()).await;
        }
        // One that is behind its times asks at once, and counts from now: it has no more than one request under way.
        let asked = due.max(Instant::now() - pause);
        match client.ask(&requests[at % requests.len()]).await {
            Ok(status) => seen.note(status, asked.elapsed()),
            Err(_) => {
                seen.failed += 1;
                return seen;
            }
        }
        at += 1;
        due = (due + pause).max(Instant::now() - pause);
    }
    seen
}
