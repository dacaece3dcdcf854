//! What all tasks of a node share, and what they tell the core.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bitcoin::secp256k1::{All, Secp256k1, SecretKey};
use gossip::admit::PeerId;
use node::peer::{Connection, Introduction};
use primitives::ChainHash;
use tokio::sync::mpsc;

use super::address::PeerAddress;
use super::batch::Batch;
use super::entropy::Entropy;
use super::link::Link;
use super::status::Board;

/// Shared by all conversations.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) core: mpsc::Sender<CoreEvent>,
    pub(super) secp: Secp256k1<All>,
    pub(super) board: Arc<Board>,
    pub(super) entropy: Entropy,
    local: SecretKey,
    chain_hash: ChainHash,
    peer_count: AtomicU64,
}

/// What conversations tell the core.
#[derive(Debug)]
pub(super) enum CoreEvent {
    Connected { peer: PeerId, link: Link, has_queries: bool },
    Disconnected { peer: PeerId },
    Messages { peer: PeerId, batch: Batch },
    Writable { peer: PeerId },
}

impl Hub {
    pub(super) fn new(
        core: mpsc::Sender<CoreEvent>,
        board: Arc<Board>,
        entropy: Entropy,
        local: SecretKey,
        chain_hash: ChainHash,
    ) -> Self {
        let secp = Secp256k1::new();
        Hub { core, secp, board, entropy, local, chain_hash, peer_count: AtomicU64::new(0) }
    }

    pub(super) fn next_peer(&self) -> PeerId {
        PeerId::from_u64(self.peer_count.fetch_add(1, Ordering::Relaxed))
    }

    /// A connection to a peer that we know.
    pub(super) fn connect(&self, to: &PeerAddress) -> Connection {
        let ephemeral = self.entropy.secret_key();
        Connection::connect(&self.secp, self.local, to.public_key(), ephemeral, &self.introduction())
    }

    /// A connection from somebody.
    pub(super) fn accept(&self) -> Connection {
        Connection::accept(&self.secp, self.local, self.entropy.secret_key(), &self.introduction())
    }

    const fn introduction(&self) -> Introduction<'_> {
        Introduction { chain_hash: self.chain_hash, remote_addr: None }
    }
}
