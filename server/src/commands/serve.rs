//! `fulgurite serve`: answers queries over HTTP until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use primitives::NodeId;
use server::http::{Server, Settings, StartError};
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Failure, Outcome};
use crate::sample::Sample;
use crate::{default_graph, graph_file};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:7420]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Threads that search [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Who pays where a request of LND's or Core Lightning's clients does not say
    #[arg(long, value_name = "NODE")]
    own_node: Option<NodeId>,
}

/// Serves.
pub(crate) fn run(args: &ServeArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let mut settings = Settings::default();
    settings.listen = args.listen.unwrap_or(settings.listen);
    settings.own_node = args.own_node;
    settings.search_threads = args.threads.map_or(0, usize::from);
    let (topology, source) = match &args.graph {
        Some(path) => graph_file::load_topology(path)?,
        None => default_graph::load_topology()?,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| {
        Failure::usage(format!("cannot start the threads: {error}"), "allow the process more threads")
    })?;
    runtime.block_on(async {
        let server = Server::bind(topology, &settings).await.map_err(refused)?;
        let at = server.address();
        writeln!(out, "graph: {}\nserving at http://{at}/\n", source.name)?;
        if let Some(Sample { query, .. }) = Sample::of(&server.app().graph().snapshot()) {
            let (src, dst, amount_msat) = (query.payer, query.payee, query.amount.to_msat());
            let body = format!(r#"{{"src":"{src}","dst":"{dst}","amount_msat":{amount_msat}}}"#);
            writeln!(out, "try:\n  curl -s http://{at}/api/v1/routes -d '{body}'")?;
        }
        out.flush()?;
        let stopper = server.stopper();
        tokio::spawn(async move {
            stop_signal().await;
            // A server that has ended already needs no word.
            let _ = stopper.send(true);
        });
        server.run().await;
        Ok(Outcome::Done)
    })
}

/// Ends with the first signal that asks to stop.
async fn stop_signal() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn refused(error: StartError) -> Failure {
    Failure::usage(error.to_string(), "choose another address with --listen, or port 0 for a free one")
}
