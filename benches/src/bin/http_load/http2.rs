//! Load over HTTP/2: some connections, on each of which many requests are under way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use benches::clock::process_time;
use reqwest::Client;
use server::json::QueryJson;

use crate::body;
use crate::seen::Seen;

/// `/healthz` and routes, flat out.
pub(crate) async fn measure(address: SocketAddr, queries: &[QueryJson], secs: Duration) {
    let bodies: Vec<bytes::Bytes> = queries.iter().map(|query| body(query).into()).collect();
    let health = flat_out(&format!("http://{address}/healthz"), &[], secs).await;
    health.print("/healthz, HTTP/2, flat out");
    let routes = flat_out(&format!("http://{address}/api/v1/routes"), &bodies, secs).await;
    routes.print("routes, HTTP/2, flat out");
    println!(
        "routes / healthz: {:.3} by the clock, {:.3} by processor time",
        routes.rate() / health.rate(),
        health.cost_us() / routes.cost_us()
    );
}

/// Posts the bodies in turns, or gets where there are none.
async fn flat_out(url: &str, bodies: &[bytes::Bytes], secs: Duration) -> Seen {
    let (began, used) = (Instant::now(), process_time());
    let mut tasks = Vec::new();
    for connection in 0..CONNECTION_COUNT {
        let client = Client::builder().http2_prior_knowledge().build().expect("a client");
        for stream in 0..STREAM_COUNT {
            let first = 37 * (STREAM_COUNT * connection + stream);
            let asked = ask(client.clone(), url.to_owned(), bodies.to_vec(), first, began + secs);
            tasks.push(tokio::spawn(asked));
        }
    }
    let mut parts = Vec::new();
    for task in tasks {
        parts.push(task.await.expect("no panic"));
    }
    Seen::together(parts, began.elapsed(), process_time() - used)
}

async fn ask(client: Client, url: String, bodies: Vec<bytes::Bytes>, mut at: usize, end: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < end {
        let asked = Instant::now();
        let request = match bodies.get(at % bodies.len().max(1)) {
            Some(body) => client.post(&url).body(body.clone()),
            None => client.get(&url),
        };
        let Ok(answer) = request.send().await else {
            seen.note_failure();
            return seen;
        };
        let status = answer.status().as_u16();
        if answer.bytes().await.is_err() {
            seen.note_failure();
            return seen;
        }
        seen.note(status, asked.elapsed());
        at += 1;
    }
    seen
}

const CONNECTION_COUNT: usize = 4;
const STREAM_COUNT: usize = 16;
