//! How many requests a second the service answers, on the same processors that make them:
//! `http_load --graph channels.csv.zst --queries queries.csv [--secs 5] [--connections 32] [--only batch]`.
//!
//! `/healthz` tells what HTTP alone costs. Then routes, one a request and in batches, the rate of the same queries without
//! HTTP, latencies at parts of the peak, what is told under ten times the peak, and what a crowd of idle and of slow
//! connections changes for others; and what it costs to keep what failures teach.
//!
//! Beside each rate stands the processor time of this process, server and clients, for each answer: on a busy machine
//! rates fall and that stays nearly the same.

mod ahead;
mod client;
mod crowd;
mod feedback;
mod http2;
mod load;
mod seen;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::Query;
use benches::clock::process_time;
use benches::input::{self, Origin};
use benches::memory::resident_bytes;
use clap::{Parser, ValueEnum};
use engine::batch::Router;
use engine::graph::Topology;
use serde_json::json;
use server::http::{App, Server, Settings, start_runtime};
use server::json::QueryJson;
use tokio::runtime::Runtime;

use crate::client::{get, post};
use crate::load::{at_rate, flat_out};

/// The allocator of the service's binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
struct Args {
    /// The graph
    #[arg(long, required_unless_present = "crowd")]
    graph: Option<PathBuf>,
    /// A table of queries: src,dst,amount_msat
    #[arg(long, required_unless_present = "crowd")]
    queries: Option<PathBuf>,
    /// How long each measurement takes
    #[arg(long, default_value_t = 5)]
    secs: u64,
    /// Connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Ask for routes of which inbound fees are ignored
    #[arg(long)]
    ignore_inbound_fees: bool,
    /// How long a search may wait in the server while it is overloaded
    #[arg(long)]
    queue_wait_us: Option<u64>,
    /// Measure these alone, beside the peak [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Be a crowd of connections to another process's server
    #[arg(long, hide = true, requires = "at")]
    crowd: Option<crowd::Kind>,
    #[arg(long, hide = true)]
    at: Option<SocketAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Routes at 10 and 70 % of the peak, at ten times the peak, and at 70 % again
    Rates,
    /// Batches, and the same queries without HTTP
    Batch,
    /// Routes over HTTP/2
    Http2,
    /// Routes beside 10,000 idle and 500 slow connections
    Crowd,
    /// Failures that are reported, without and with a folder that keeps what they teach
    Feedback,
}

/// A server that runs, and what to ask it.
struct Bench {
    address: SocketAddr,
    app: App,
    queries: Vec<QueryJson>,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    secs: Duration,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    crowd::raise_descriptor_limit();
    if let (Some(kind), Some(address)) = (args.crowd, args.at) {
        return Ok(Runtime::new()?.block_on(crowd::be(kind, address))?);
    }
    let (Some(graph), Some(queries)) = (&args.graph, &args.queries) else {
        unreachable!("both are required")
    };
    let graph = input::graph(&Origin::File(graph.clone()))?;
    let queries = read_queries(queries, args.ignore_inbound_fees)?;
    let topology = Topology::build(graph)?;
    let runtime = start_runtime()?;
    let mut settings = Settings { listen: ([127, 0, 0, 1], 0).into(), ..Settings::default() };
    if let Some(wait) = args.queue_wait_us {
        settings.limits.queue_wait_min = Duration::from_micros(wait);
    }
    let server = runtime.block_on(Server::bind(topology, &settings))?;
    let (address, app) = (server.address(), server.app().clone());
    runtime.spawn(server.run());
    let route = |query| post(address, "/api/v1/routes", &body(query));
    let requests = Arc::new(queries.iter().map(route).collect());
    let secs = Duration::from_secs(args.secs);
    let bench = Bench { address, app, queries, requests, connections: args.connections, secs };
    let is_wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let bench = Arc::new(bench);
    let ahead = ahead::start()?;
    Runtime::new()?.block_on(async {
        let peak = bench.peak().await;
        if is_wanted(Part::Rates) {
            let bench = Arc::clone(&bench);
            ahead.spawn(async move { bench.rates().await }).await?;
        }
        if is_wanted(Part::Batch) {
            bench.alone();
            bench.batches().await;
        }
        if is_wanted(Part::Http2) {
            http2::measure(address, &bench.queries, secs).await;
        }
        if is_wanted(Part::Crowd) {
            crowd::measure(address, &bench.requests, bench.connections, 0.5 * peak, secs).await?;
        }
        if is_wanted(Part::Feedback) {
            feedback::measure(&bench).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    })
}

/// A query as a client writes it, who leaves out what is as usual.
fn body(query: &QueryJson) -> String {
    let mut body = json!({"src": query.src, "dst": query.dst, "amount_msat": query.amount_msat});
    if query.ignore_inbound_fees {
        body["ignore_inbound_fees"] = json!(true);
    }
    body.to_string()
}

fn read_queries(
    path: &Path,
    ignore_inbound_fees: bool,
) -> Result<Vec<QueryJson>, Box<dyn std::error::Error>> {
    let queries = input::read_queries(path, usize::MAX)?;
    let to_json = |query: &Query| QueryJson {
        ignore_inbound_fees,
        ..QueryJson::new(query.payer, query.payee, query.amount.to_msat())
    };
    Ok(queries.iter().map(to_json).collect())
}

impl Bench {
    /// Routes a second, each connection asking as fast as it is answered.
    async fn peak(&self) -> f64 {
        let healthz = Arc::new(vec![get(self.address, "/healthz")]);
        flat_out(self.address, &self.requests, self.connections, Duration::from_millis(500)).await;
        let health = flat_out(self.address, &healthz, self.connections, self.secs).await;
        health.print("/healthz, flat out");
        let routes = flat_out(self.address, &self.requests, self.connections, self.secs).await;
        routes.print("routes, flat out");
        println!(
            "routes / healthz: {:.3} by the clock, {:.3} by processor time",
            routes.rate() / health.rate(),
            health.cost_us() / routes.cost_us()
        );
        routes.rate()
    }

    /// Asked by threads that go before the server's, which has less of the cores for it: its peak is another one.
    async fn rates(&self) {
        flat_out(self.address, &self.requests, 1, self.secs).await.print("routes, one connection");
        let most = flat_out(self.address, &self.requests, self.connections, self.secs).await;
        most.print("routes, flat out, the load first");
        let peak = most.rate();
        let before = resident_bytes().unwrap_or_default();
        let mut unloaded = None;
        for (what, share, crowd) in [
            ("routes, 10 % of the peak", 0.1, 1),
            ("routes, 70 % of the peak", 0.7, 1),
            ("routes, asked for 10 times the peak", 10.0, 16),
            ("routes, 70 % of the peak, afterwards", 0.7, 1),
        ] {
            let (connections, rate) = (crowd * self.connections, share * peak);
            let seen = at_rate(self.address, &self.requests, connections, rate, share > 1.0, self.secs).await;
            seen.print(what);
            let unloaded = *unloaded.get_or_insert(seen.quantile_ms(0.99));
            println!("    p99 {:.2} times the first", seen.quantile_ms(0.99) / unloaded);
        }
        let grown = resident_bytes().unwrap_or_default().saturating_sub(before);
        println!("    {:.1} MiB more for all of it, both ends", grown as f64 / f64::from(1 << 20));
    }

    /// The same queries without HTTP, on all threads.
    fn alone(&self) {
        let router = Router::new(self.app.graph().clone());
        let asked: Vec<_> =
            self.queries.iter().map(|query| query.to_query().expect("plain queries")).collect();
        let (began, used, mut count) = (Instant::now(), process_time(), 0);
        while began.elapsed() < self.secs {
            count += router.route_batch(&asked).len();
        }
        print_many("in this process, all threads", count, began.elapsed(), process_time() - used);
    }

    /// One batch after the other, on two connections.
    async fn batches(&self) {
        let body: String = self.queries.iter().map(|query| body(query) + "\n").collect();
        let body = bytes::Bytes::from(body);
        let client = reqwest::Client::new();
        let (began, used) = (Instant::now(), process_time());
        let url = format!("http://{}/api/v1/batch", self.address);
        let tasks: Vec<_> = (0..2)
            .map(|_| tokio::spawn(ask_batches(client.clone(), url.clone(), body.clone(), began + self.secs)))
            .collect();
        let mut count = 0;
        for task in tasks {
            count += task.await.expect("no panic");
        }
        print_many("batches", count, began.elapsed(), process_time() - used);
    }
}

/// Returns how many lines were answered.
async fn ask_batches(client: reqwest::Client, url: String, body: bytes::Bytes, end: Instant) -> usize {
    let mut count = 0;
    while Instant::now() < end {
        let mut answer = client.post(&url).body(body.clone()).send().await.expect("an answer");
        while let Some(piece) = answer.chunk().await.expect("a body") {
            count += piece.iter().filter(|&&byte| byte == b'\n').count();
        }
    }
    count
}

fn print_many(what: &str, count: usize, elapsed: Duration, used: Duration) {
    let rate = count as f64 / elapsed.as_secs_f64();
    println!("{what:<40} {rate:>9.0} a second, {:.1} us each", used.as_secs_f64() * 1e6 / count as f64);
}
