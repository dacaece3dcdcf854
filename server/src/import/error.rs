//! Why a file is not imported to its end.

use std::io;

use engine::import::GossipStoreError;

use super::capture::CaptureError;
use crate::chain::ChainError;
use crate::store::LogError;

/// Why an import ended before its file. What was taken until then is in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The `gossip_store` is wrong.
    #[error(transparent)]
    Store(#[from] GossipStoreError),
    /// The capture is wrong.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The file is neither, but a zstd stream of something.
    #[error("it is compressed with zstd, and is read only when it is not")]
    Compressed,
    /// The file cannot be read at all.
    #[error("cannot be read: {0}")]
    Read(io::ErrorKind),
    /// The log cannot be written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The chain gives no answers.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The system gives no threads.
    #[error("cannot start: {0}")]
    Start(io::ErrorKind),
}
