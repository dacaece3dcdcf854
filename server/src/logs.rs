//! What a server writes to the error stream.
//!
//! The filter may be exchanged while it runs; the form may not.

use std::io::{IsTerminal, stderr};

use server::http::LogFormat;
use tracing_subscriber::{EnvFilter, reload};

use crate::exit::Failure;

/// Exchanges what is logged.
pub(crate) struct LogFilter(Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>);

/// Writes logs from now on. `filter` is `info`, say, or `info,server=debug`.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<LogFilter, Failure> {
    let filter = read_filter(filter)?;
    let logs = tracing_subscriber::fmt().with_writer(stderr);
    Ok(match format {
        LogFormat::Text => {
            let logs = logs.with_ansi(stderr().is_terminal());
            let logs = logs.with_env_filter(filter).with_filter_reloading();
            let handle = logs.reload_handle();
            logs.init();
            LogFilter(Box::new(move |filter| handle.reload(filter)))
        }
        LogFormat::Json => {
            let logs = logs.json().with_env_filter(filter).with_filter_reloading();
            let handle = logs.reload_handle();
            logs.init();
            LogFilter(Box::new(move |filter| handle.reload(filter)))
        }
    })
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
        if let Err(error) = (self.0)(filter) {
            tracing::error!("what is logged stays as it is: {error}");
        }
    }
}
