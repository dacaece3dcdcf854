//! What a server writes to the error stream.
//!
//! The filter may be exchanged while it runs; the form may not.

use std::io::{IsTerminal, stderr};

use server::http::LogFormat;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, registry, reload};

use crate::exit::Failure;

/// Exchanges what is logged.
pub(crate) struct LogFilter(reload::Handle<EnvFilter, Registry>);

/// Writes logs from now on. `filter` is `info`, say, or `info,server=debug`.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<LogFilter, Failure> {
    let (filter, handle) = reload::Layer::new(read_filter(filter)?);
    let lines = fmt::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    registry().with(filter).with(lines).init();
    Ok(LogFilter(handle))
}

/// A filter from its text.
pub(crate) fn read_filter(filter: &str) -> Result<EnvFilter, Failure> {
    EnvFilter::try_new(filter).map_err(|error| {
        Failure::usage(format!("the log filter {filter:?}: {error}"), "write info, or info,server=debug")
    })
}

impl LogFilter {
    /// Logs what this one lets through from now on.
    pub(crate) fn set(&self, filter: EnvFilter) {
        if let Err(error) = self.0.reload(filter) {
            tracing::error!("what is logged stays as it is: {error}");
        }
    }
}
