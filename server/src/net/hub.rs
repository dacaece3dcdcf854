//! What all tasks of a node share, and what they tell the core.

use std::net::{IpAddr, SocketAddr};
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
    Connected { peer: PeerId, link: Link, is_outbound: bool, has_queries: bool },
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
        let introduction = Introduction { chain_hash: self.chain_hash, remote_addr: None };
        Connection::connect(&self.secp, self.local, to.public_key(), ephemeral, &introduction)
    }

    /// A connection from somebody, who is told from where, so that he may learn his address (BOLT 1, init).
    pub(super) fn accept(&self, from: SocketAddr) -> Connection {
        let from = descriptor(from);
        let introduction = Introduction { chain_hash: self.chain_hash, remote_addr: Some(&from) };
        Connection::accept(&self.secp, self.local, self.entropy.secret_key(), &introduction)
    }
}

/// An address as in a `node_announcement` (BOLT 7): its type, its bytes, the port.
fn descriptor(address: SocketAddr) -> Vec<u8> {
    // A socket for both kinds shows those of the old kind in the form of the new one.
    let (kind, ip) = match address.ip().to_canonical() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    [&[kind], &ip[..], &address.port().to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_as_announcements_have_them() {
        let shown = |address: &str| descriptor(address.parse().expect("an address"));
        assert_eq!(shown("10.0.0.1:9735"), [1, 10, 0, 0, 1, 0x26, 0x07]);
        assert_eq!(shown("[::ffff:10.0.0.1]:9735"), [1, 10, 0, 0, 1, 0x26, 0x07]);
        let bytes = shown("[2001:db8::7]:9");
        assert_eq!((bytes[..3].to_vec(), bytes[16..].to_vec()), (vec![2, 0x20, 0x01], vec![7, 0, 9]));
    }
}
