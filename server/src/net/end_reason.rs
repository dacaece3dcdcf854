//! Why a conversation ends.

use std::io;
use std::time::Duration;

use gossip::sync::DisconnectReason;
use node::peer::ConnectionError;

/// Why a conversation ended, or none came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// There was no way to the peer.
    #[error("no connection: {0}")]
    Connect(io::ErrorKind),
    /// The way did not open in time.
    #[error("no connection within {} seconds", CONNECT_MAX.as_secs())]
    ConnectTimeout,
    /// The proxy did not open a way.
    #[error("the proxy does not connect: it is no SOCKS5 proxy, or does not reach the peer")]
    Proxy,
    /// The socket failed.
    #[error("the connection broke: {0}")]
    Io(io::ErrorKind),
    /// The peer broke a rule of the transport.
    #[error("{0}")]
    Connection(ConnectionError),
    /// Handshake and `init` took too long.
    #[error("the peer did not introduce itself within {} seconds", SETUP_MAX.as_secs())]
    Setup,
    /// No sign of life.
    #[error("the peer is silent")]
    Silence,
    /// The peer reads nothing.
    #[error("the peer does not read")]
    Stuck,
    /// We left the peer for its gossip.
    #[error("left: {0}")]
    Left(DisconnectReason),
    /// The peer sent an `error`.
    #[error("the peer sent an error")]
    PeerError,
    /// The peer went.
    #[error("the peer closed the connection")]
    Closed,
    /// We stop.
    #[error("stopped")]
    Stopped,
}

/// How long a way to a peer may take to open.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(30);
/// How long handshake and `init` may take together, a slow way through Tor included.
pub(super) const SETUP_MAX: Duration = Duration::from_secs(30);
