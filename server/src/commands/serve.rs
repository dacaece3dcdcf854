//! `fulgurite serve`: answers queries over HTTP until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use primitives::NodeId;
use rustix::process::{Resource, getrlimit, setrlimit};
use server::http::applier::{ApplierError, StateError};
use server::http::{Server, StartError, read_tls, start_runtime};

use crate::commands::serve_gossip::ServeGossipArgs;
use crate::exit::{Failure, Outcome};
use crate::operation::{Flags, Signals, Sources};
use crate::sample::Sample;
use crate::{default_graph, graph_file, logs};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The configuration, in TOML; docs/http.md lists all fields
    ///
    /// Flags go before the environment, the environment before this file, and the file before the defaults.
    #[arg(long, value_name = "FILE", env = "FULGURITE_CONFIG")]
    config: Option<PathBuf>,
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE", env = "FULGURITE_GRAPH")]
    graph: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:7420]
    ///
    /// An address that others reach needs keys in the configuration.
    #[arg(long, value_name = "ADDRESS:PORT", env = "FULGURITE_LISTEN")]
    listen: Option<SocketAddr>,
    /// Threads that search [default: one for each processor]
    #[arg(long, value_name = "N", env = "FULGURITE_THREADS")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Who pays where a request of LND's or Core Lightning's clients does not say
    #[arg(long, value_name = "NODE", env = "FULGURITE_OWN_NODE")]
    own_node: Option<NodeId>,
    /// The folder that keeps layers, reservations and what was learnt over restarts [default: nothing is kept]
    #[arg(long, value_name = "FOLDER", env = "FULGURITE_STATE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    gossip: ServeGossipArgs,
    /// What is logged, as info or info,server=debug [default: info]
    #[arg(long, value_name = "FILTER", env = "FULGURITE_LOG")]
    log: Option<String>,
}

/// Serves.
pub(crate) fn run(args: &ServeArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let flags = Flags { graph: args.graph.clone(), own_node: args.own_node, log: args.log.clone() };
    let sources = Sources::open(args.config.clone(), flags)?;
    let config = &sources.started_with;
    let mut settings = config.settings(args.listen, args.threads).map_err(|error| told(&error))?;
    settings.own_node = sources.own_node(&settings);
    settings.state = args.state.clone().or(settings.state);
    let logs = logs::start(sources.log(config), config.log_format.unwrap_or_default())?;
    let tls = match &config.tls {
        Some(files) => Some(read_tls(&files.cert, &files.key).map_err(|error| told(&error))?),
        None => None,
    };
    raise_descriptor_limit();
    let path = sources.graph_path(config);
    let opened = args.gossip.open(path)?;
    let (topology, name) = match (path, &opened) {
        (Some(path), _) => {
            graph_file::load_topology(path).map(|(topology, source)| (topology, source.name))?
        }
        (None, Some(opened)) => opened.topology()?,
        (None, None) => default_graph::load_topology().map(|(topology, source)| (topology, source.name))?,
    };
    let has_other_graph = path.is_some();
    let runtime = start_runtime().map_err(|error| {
        Failure::usage(format!("cannot start the threads: {error}"), "allow the process more threads")
    })?;
    let gossip = runtime.block_on(async {
        let server = Server::bind(topology, &settings).await.map_err(|error| refused(&error))?;
        let app = server.app().clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        tls.into_iter().for_each(|tls| app.set_tls(tls));
        writeln!(out, "graph: {name}")?;
        let gossip = match opened {
            Some(opened) => Some(opened.start(&app, has_other_graph, out)?),
            None => None,
        };
        // Whoever reads the address may send signals.
        let signals = Signals::take()?;
        welcome(&server, &format!("{scheme}://{}", server.address()), out)?;
        tokio::spawn(signals.obey(app, sources, logs));
        server.run().await;
        Ok::<_, Failure>(gossip)
    })?;
    let stopped = gossip.map_or(Ok(()), |gossip| gossip.stop());
    // A file that is read anew may never end, and nobody waits for it.
    runtime.shutdown_background();
    stopped?;
    Ok(Outcome::Done)
}

/// Says where it is, and what to try.
fn welcome(server: &Server, url: &str, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(out, "page:  {url}/\napi:   {url}/api/reference\n")?;
    if let Some(Sample { query, .. }) = Sample::of(&server.app().graph().snapshot()) {
        let (src, dst, amount_msat) = (query.payer, query.payee, query.amount.to_msat());
        let body = format!(r#"{{"src":"{src}","dst":"{dst}","amount_msat":{amount_msat}}}"#);
        let key = if server.app().accounts().is_open() { "" } else { " -H 'Authorization: Bearer KEY'" };
        writeln!(out, "try:\n  curl -s {url}/api/v1/routes{key} -d '{body}'")?;
    }
    Ok(out.flush()?)
}

/// A descriptor for each connection: as many as the system allows. Where it refuses, there are fewer connections.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!("the limit on open files stays as it is: {error}");
    }
}

fn told(error: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string(), "docs/http.md lists all fields of the configuration")
}

fn refused(error: &StartError) -> Failure {
    let hint = match error {
        StartError::Open { .. } => "add keys to the configuration (docs/http.md), or listen at 127.0.0.1",
        StartError::Applier(ApplierError::State(StateError::Locked { .. })) => {
            "stop the other server, or keep this one's state elsewhere with --state"
        }
        StartError::Applier(ApplierError::State(_)) => {
            "restore the state from a backup, or move it away to begin without one"
        }
        StartError::Listen { .. } => "choose another address with --listen, or port 0 for a free one",
        _ => "see `fulgurite serve --help`",
    };
    Failure::usage(error.to_string(), hint)
}
