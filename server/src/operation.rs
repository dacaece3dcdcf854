//! What a server hears of its operator while it runs: signals, and what they ask for.

use std::path::{Path, PathBuf};

use primitives::NodeId;
use server::http::{App, ConfigFile, Settings, read_tls};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::spawn_blocking;

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

    /// Stops the server when it is told to (SIGTERM, SIGINT), and reads everything anew on SIGHUP.
    pub(crate) async fn obey(mut self, app: App, sources: Sources, logs: LogFilter) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => match reload(&app, &sources, &logs).await {
                    Ok(change_count) => tracing::info!(change_count, "the graph and the configuration are read anew"),
                    // What was served goes on.
                    Err(failure) => tracing::error!("nothing is read anew: {failure}"),
                },
            }
        }
        tracing::info!("stopping: what has begun is finished");
        app.stop();
    }
}

/// All is read before anything changes, and the graph, which alone may fail halfway, changes first.
async fn reload(app: &App, sources: &Sources, logs: &LogFilter) -> Result<usize, Failure> {
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
    let wanted = match sources.graph_path(&config).map(Path::to_owned) {
        Some(path) if app.gossip().is_none() => {
            let loading = spawn_blocking(move || graph_file::load_topology(&path));
            Some(loading.await.map_err(|error| refused(&error))??.0)
        }
        Some(_) | None => None,
    };
    let accounts = app.accounts().reopen(&settings.keys, app.applier()).await;
    let accounts = accounts.map_err(|error| refused(&error))?;
    let change_count = match wanted {
        Some(wanted) => app.replace_graph(&wanted).await.map_err(|error| refused(&error))?,
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

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::usage(error.to_string(), "mend it, and send SIGHUP again")
}
