//! Where a peer is, as users write it: `PUBKEY@HOST:PORT`.

use std::fmt;
use std::str::FromStr;

use bitcoin::secp256k1::PublicKey;
use primitives::{NodeId, NodeIdError};

/// A node and where it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    public_key: PublicKey,
    host: String,
    port: u16,
}

impl PeerAddress {
    /// A node at a host, by name or number, and a port.
    pub const fn new(public_key: PublicKey, host: String, port: u16) -> Self {
        PeerAddress { public_key, host, port }
    }

    /// The node.
    pub fn node_id(&self) -> NodeId {
        NodeId::from(self.public_key)
    }

    /// The node's key, a point on the curve.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Host and port as a resolver or a proxy takes them.
    pub fn target(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl FromStr for PeerAddress {
    type Err = PeerAddressError;

    fn from_str(text: &str) -> Result<Self, PeerAddressError> {
        let (id, place) = text.split_once('@').ok_or(PeerAddressError::NoHost)?;
        let node_id: NodeId = id.parse()?;
        let public_key = node_id.to_public_key().ok_or(PeerAddressError::NoPoint)?;
        // An IPv6 address stands in brackets, for it has colons of its own.
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or(PeerAddressError::Port)?)),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return Err(PeerAddressError::NoHost);
        }
        let port = port.map_or(Ok(DEFAULT_PORT), str::parse).map_err(|_| PeerAddressError::Port)?;
        Ok(PeerAddress { public_key, host: host.to_owned(), port })
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, port) = (self.node_id(), self.port);
        if self.host.contains(':') {
            write!(f, "{id}@[{}]:{port}", self.host)
        } else {
            write!(f, "{id}@{}:{port}", self.host)
        }
    }
}

/// The port of BOLT 1 on mainnet.
const DEFAULT_PORT: u16 = 9735;

/// Why text names no peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerAddressError {
    /// There is no host behind an `@`.
    #[error("a peer is written PUBKEY@HOST:PORT")]
    NoHost,
    /// What stands before the `@` is no node id.
    #[error("{0}")]
    NodeId(#[from] NodeIdError),
    /// The node id is no point on the curve.
    #[error("the node id is no point on the curve")]
    NoPoint,
    /// The port is no number from 0 to 65535.
    #[error("the port is no number from 0 to 65535")]
    Port,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7";

    #[test]
    fn peers_are_read_as_they_are_written() {
        for place in ["example.org:9736", "10.0.0.1:1", "[::1]:65535", "abcdefghij234567.onion:9735"] {
            let text = format!("{ID}@{place}");
            assert_eq!(text.parse::<PeerAddress>().expect("sound").to_string(), text);
        }
        let read = |place: &str| format!("{ID}@{place}").parse::<PeerAddress>();
        assert_eq!(read("host").expect("sound").target(), ("host", 9735));
        assert_eq!(read("[fe80::1]").expect("sound").target(), ("fe80::1", 9735));
        assert_eq!(read("host:70000"), Err(PeerAddressError::Port));
        assert_eq!(read("[::1]9735"), Err(PeerAddressError::Port));
        assert_eq!(read(":9735"), Err(PeerAddressError::NoHost));
        assert_eq!(ID.parse::<PeerAddress>(), Err(PeerAddressError::NoHost));
        assert!(matches!("02ab@h".parse::<PeerAddress>(), Err(PeerAddressError::NodeId(_))));
        let no_point = format!("02{}@h", "00".repeat(32));
        assert_eq!(no_point.parse::<PeerAddress>(), Err(PeerAddressError::NoPoint));
    }
}
