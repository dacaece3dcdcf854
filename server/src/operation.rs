//! What a server hears of its operator while it runs: signals, and what they ask for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::graph::Topology;
use primitives::NodeId;
use server::http::{App, ConfigFile, Settings, read_tls};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;
use tokio_rustls::rustls::ServerConfig;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::graph_file;
use crate::logs::{LogFilter, read_filter};

/// Where the parts of a server that may change come from.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The configuration file.
    pub(crate) config: Option<PathBuf>,
    /// What goes before the file.
    pub(crate) flags: Flags,
    /// What the file said when the server started.
    pub(crate) started_with: ConfigFile,
}

/// What flags and the environment say of the parts that may change. It stays as it is.
#[derive(Debug, Clone)]
pub(crate) struct Flags {
    /// The graph's file.
    pub(crate) graph: Option<PathBuf>,
    /// Who pays where a facade's request does not say.
    pub(crate) own_node: Option<NodeId>,
    /// What is logged.
    pub(crate) log: Option<String>,
}

impl Sources {
    /// Those of a server that is about to start.
    pub(crate) fn open(config: Option<PathBuf>, flags: Flags) -> Result<Self, Failure> {
        let sources = Sources { config, flags, started_with: ConfigFile::default() };
        Ok(Sources { started_with: sources.read_config()?, ..sources })
    }

    /// The configuration as it is in the file now.
    fn read_config(&self) -> Result<ConfigFile, Failure> {
        let Some(path) = &self.config else { return Ok(ConfigFile::default()) };
        let text = std::fs::read_to_string(path).map_err(Failure::file("read", path))?;
        ConfigFile::read(&text).map_err(|error| Failure::Content {
            path: path.clone(),
            message: error.to_string(),
            hint: "docs/http.md lists all fields",
        })
    }

    /// The graph's file.
    pub(crate) fn graph_path<'a>(&'a self, config: &'a ConfigFile) -> Option<&'a Path> {
        self.flags.graph.as_deref().or(config.graph.as_deref())
    }

    /// Who pays where a facade's request does not say.
    pub(crate) fn own_node(&self, settings: &Settings) -> Option<NodeId> {
        self.flags.own_node.or(settings.own_node)
    }

    /// What is logged.
    pub(crate) fn log<'a>(&'a self, config: &'a ConfigFile) -> &'a str {
        self.flags.log.as_deref().or(config.log.as_deref()).unwrap_or("info")
    }
}

/// The signals that a server heeds. From when this is made none of them ends the process.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes them over; inside a runtime only.
    pub(crate) fn take() -> std::io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Stops the server when it is told to (SIGTERM, SIGINT), and reads everything anew on SIGHUP. A stop waits for no
    /// reading.
    pub(crate) async fn obey(mut self, app: App, sources: Sources, logs: LogFilter) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = reload_on(&mut self.hangup, &app, &sources, &logs) => {}
        }
        tracing::info!("stopping: what has begun is finished");
        app.stop();
    }
}

/// Reads everything anew at each signal.
async fn reload_on(hangup: &mut Signal, app: &App, sources: &Sources, logs: &LogFilter) {
    while hangup.recv().await.is_some() {
        match reload(app, sources, logs).await {
            Ok(change_count) => {
                tracing::info!(change_count, "the graph and the configuration are read anew");
            }
            // What was served goes on.
            Err(failure) => tracing::error!("nothing is read anew: {failure}"),
        }
    }
}

/// What was read anew, all of it.
struct ReadAnew {
    config: ConfigFile,
    settings: Settings,
    filter: EnvFilter,
    tls: Option<Arc<ServerConfig>>,
    /// The graph, but for one that does not come from a file.
    wanted: Option<Topology>,
}

/// All is read before anything changes; the graph, which takes longest, changes first.
async fn reload(app: &App, sources: &Sources, logs: &LogFilter) -> Result<usize, Failure> {
    let reading = {
        let (app, sources) = (app.clone(), sources.clone());
        spawn_blocking(move || read_anew(&app, &sources))
    };
    let read = reading.await.map_err(|error| refused(&error))??;
    let ReadAnew { config, settings, filter, tls, wanted } = read;
    let accounts = app.accounts().reopen(&settings.keys, app.applier()).await;
    let accounts = accounts.map_err(|error| refused(&error))?;
    let change_count = match wanted {
        Some(wanted) => app.replace_graph(wanted).await.map_err(|error| refused(&error))?,
        None => 0,
    };
    logs.set(filter);
    app.set_own_node(sources.own_node(&settings));
    app.set_hosts(settings.hosts);
    app.set_limits(settings.limits);
    app.set_accounts(accounts);
    if let (Some(tls), Some(_)) = (tls, app.tls()) {
        app.set_tls(tls);
    }
    let left = config.fields_to_start_with(&sources.started_with);
    if !left.is_empty() {
        tracing::warn!(
            fields = left.join(", "),
            "these have changed, and count once the server starts again"
        );
    }
    Ok(change_count)
}

/// Reads, and changes nothing. For a thread that may wait: a file system may hang.
fn read_anew(app: &App, sources: &Sources) -> Result<ReadAnew, Failure> {
    let config = sources.read_config()?;
    let settings = config.settings(None, None).map_err(|error| refused(&error))?;
    if settings.keys.is_empty() != app.accounts().is_open() {
        return Err(Failure::usage(
            "a server does not begin or cease to ask for keys while it runs",
            "restart it",
        ));
    }
    let filter = read_filter(sources.log(&config))?;
    let tls = match &config.tls {
        Some(files) => Some(read_tls(&files.cert, &files.key).map_err(|error| refused(&error))?),
        None => None,
    };
    // A graph that peers feed is ahead of any file.
    let path = sources.graph_path(&config).filter(|_| app.gossip().is_none());
    let wanted = path.map(graph_file::load_topology).transpose()?.map(|(topology, _)| topology);
    Ok(ReadAnew { config, settings, filter, tls, wanted })
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string(), "mend it, and send SIGHUP again")
}
