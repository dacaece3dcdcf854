//! How many requests a second the service answers, on the same processors that make them:
//! `http_load --graph channels.csv.zst --queries queries.csv [--secs 5] [--connections 32]`.
//!
//! `/healthz` tells what HTTP alone costs. Then routes, one a request and in batches, the rate of the same queries without
//! HTTP, latencies at 70 % of the peak, and what is told under ten times the peak.

mod client;
mod load;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::input::{self, Origin};
use clap::Parser;
use engine::batch::Router;
use engine::graph::Topology;
use server::http::{Server, Settings};
use server::json::QueryJson;
use tokio::runtime::Runtime;

use crate::client::{get, post};
use crate::load::{Seen, at_rate, flat_out};

#[derive(Debug, Parser)]
struct Args {
    /// The graph
    #[arg(long)]
    graph: PathBuf,
    /// A table of queries: src,dst,amount_msat
    #[arg(long)]
    queries: PathBuf,
    /// How long each measurement takes
    #[arg(long, default_value_t = 5)]
    secs: u64,
    /// Connections
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let graph = input::graph(&Origin::File(args.graph))?;
    let queries: Vec<QueryJson> = input::read_queries(&args.queries, usize::MAX)?
        .iter()
        .map(|query| QueryJson::new(query.payer, query.payee, query.amount.to_msat()))
        .collect();
    let topology = Topology::build(graph)?;
    let runtime = Runtime::new()?;
    let server = runtime.block_on(Server::bind(
        topology,
        &Settings { listen: ([127, 0, 0, 1], 0).into(), ..Settings::default() },
    ))?;
    let (address, app) = (server.address(), server.app().clone());
    runtime.spawn(server.run());
    let secs = Duration::from_secs(args.secs);
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(
        queries
            .iter()
            .map(|query| post("/api/v1/routes", &serde_json::to_string(query).expect("JSON")))
            .collect(),
    );
    let healthz = Arc::new(vec![get("/healthz")]);
    let clients = Runtime::new()?;
    clients.block_on(async {
        flat_out(address, &requests, args.connections, Duration::from_secs(1)).await;
        let health = flat_out(address, &healthz, args.connections, secs).await;
        health.print("/healthz, flat out", secs);
        let routes = flat_out(address, &requests, args.connections, secs).await;
        routes.print("routes, flat out", secs);
        println!("routes / healthz: {:.2}", routes.rate(secs) / health.rate(secs));
        let at_rest = flat_out(address, &requests, 1, secs).await;
        at_rest.print("routes, one connection", secs);
        let peak = routes.rate(secs);
        at_rate(address, &requests, args.connections, 0.7 * peak, secs)
            .await
            .print("routes, 70 % of the peak", secs);
        let crowd = at_rate(address, &requests, 16 * args.connections, 10.0 * peak, secs).await;
        crowd.print("routes, asked for 10 times the peak", secs);
        alone(&app, &queries);
        batches(address, &queries, secs).await;
    });
    Ok(())
}

/// The same queries without HTTP, on all threads.
fn alone(app: &server::http::App, queries: &[QueryJson]) {
    let router = Router::new(app.graph().clone());
    let asked: Vec<_> = queries.iter().map(|query| query.to_query().expect("plain queries")).collect();
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(2) {
        count += router.route_batch(&asked).len();
    }
    println!(
        "{:<40} {:>9.0} a second",
        "in this process, all threads",
        count as f64 / began.elapsed().as_secs_f64()
    );
}

/// One batch after the other, on two connections.
async fn batches(address: SocketAddr, queries: &[QueryJson], secs: Duration) {
    let body: String =
        queries.iter().map(|query| serde_json::to_string(query).expect("JSON") + "\n").collect();
    let body = bytes::Bytes::from(body);
    let client = reqwest::Client::new();
    let began = Instant::now();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while began.elapsed() < secs {
                    let answer =
                        client.post(format!("http://{address}/api/v1/batch")).body(body.clone()).send().await;
                    let text = answer.expect("an answer").bytes().await.expect("a body");
                    count += text.iter().filter(|&&byte| byte == b'\n').count();
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("no panic");
    }
    println!("{:<40} {:>9.0} a second", "batches of 1,000", count as f64 / began.elapsed().as_secs_f64());
}

impl Seen {
    fn print(&self, what: &str, secs: Duration) {
        let ms = |share| self.quantile(share).as_secs_f64() * 1e3;
        println!(
            "{what:<40} {:>9.0} a second, p50 {:.2} ms, p99 {:.2} ms, worst {:.2} ms, {} refused, {} other errors",
            self.rate(secs),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            self.refused,
            self.failed,
        );
    }
}
