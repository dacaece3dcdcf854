//! What a server writes to the error stream.

use std::io::{IsTerminal, stderr};

use server::http::LogFormat;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;

/// Writes logs from now on. `filter` is `info`, say, or `server=debug`.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::usage(format!("the log filter {filter:?}: {error}"), "write info, or server=debug")
    })?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match format {
        LogFormat::Text => logs.with_ansi(stderr().is_terminal()).init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}
