//! Why the chain cannot be asked.

use std::io;

use gossip::funding::{HeaderError, ProofError};

/// Why a node of the chain gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// It cannot be reached.
    #[error("the Bitcoin node is not reached: {0}")]
    Connect(io::ErrorKind),
    /// The file with its cookie cannot be read.
    #[error("the Bitcoin node's cookie file is not read: {0}")]
    Cookie(io::ErrorKind),
    /// It does not know us.
    #[error("the Bitcoin node refuses user and password")]
    Auth,
    /// The connection broke, or does not speak HTTP.
    #[error("the connection to the Bitcoin node broke")]
    Http,
    /// No answer in time.
    #[error("the Bitcoin node does not answer")]
    Timeout,
    /// It does not do what was asked.
    #[error("the Bitcoin node answers {method} with the error {code}")]
    Rpc {
        /// What was asked.
        method: &'static str,
        /// Its number, as Bitcoin Core has them.
        code: i64,
    },
    /// The answer is not of the form that Bitcoin Core has.
    #[error("the Bitcoin node's answer to {method} is not understood")]
    Answer {
        /// What was asked.
        method: &'static str,
    },
    /// Its blocks do not follow from the header that ours begin with.
    #[error("the Bitcoin node is of another chain")]
    OtherChain,
    /// It has deleted a block, as pruned nodes do, or does not have it yet.
    #[error(
        "the Bitcoin node does not have block {height}: nothing is known of channels in it, nor in others that it has pruned"
    )]
    NoBlock {
        /// The height.
        height: u32,
    },
    /// Its headers break a rule.
    #[error("the Bitcoin node's headers are refused: {0}")]
    Headers(#[from] HeaderError),
    /// What it gives proves nothing.
    #[error("the Bitcoin node's proof is refused: {0}")]
    Proof(#[from] ProofError),
}

impl ChainError {
    /// Whether the node could not be asked at all.
    pub const fn is_of_connection(self) -> bool {
        matches!(
            self,
            ChainError::Connect(_)
                | ChainError::Cookie(_)
                | ChainError::Auth
                | ChainError::Http
                | ChainError::Timeout
        )
    }

    /// Whether the node answers, and only nothing of one block.
    pub const fn is_of_one_block(self) -> bool {
        matches!(self, ChainError::NoBlock { .. })
    }
}
