//! What a server is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use primitives::NodeId;

use super::tenant::KeySettings;

/// What a server is told when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that search; 0 takes one for each processor.
    pub search_threads: usize,
    /// Who pays where a facade's request does not say.
    pub own_node: Option<NodeId>,
    /// Names by which a server without keys may be asked, beside those of the loopback: of a proxy on this machine, say.
    pub hosts: Vec<String>,
    /// The folder that keeps what tenants have; without it that ends with the server.
    pub state: Option<PathBuf>,
    /// Who may ask; everybody where there is none.
    pub keys: Vec<KeySettings>,
    /// Bounds on what clients may take.
    pub limits: Limits,
}

/// Bounds on what clients may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; the next one waits until another ends.
    pub connection_count_max: usize,
    /// Connections of one address at a time, others are closed; `None` is [`ADDRESS_CONNECTION_COUNT_MAX`], of which the
    /// loopback is free.
    pub address_connection_count_max: Option<usize>,
    /// Bytes of a request's body; of a batch, of each of its lines.
    pub body_size_max: usize,
    /// Bytes of all bodies together that are being read or answered, and of answers until they are taken, short ones aside.
    pub bodies_size_max: usize,
    /// Bytes of a request's head.
    pub head_size_max: usize,
    /// How long a request's head may take to arrive, the first byte of a connection included.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive, and its answer to be found.
    pub request_timeout: Duration,
    /// How long a client may leave an answer lie before its connection is closed.
    pub write_timeout: Duration,
    /// How long what has begun may take to end after a stop.
    pub drain_timeout: Duration,
    /// Searches that may wait for a thread, of each kind.
    pub queue_size: usize,
    /// How long a search may wait for its turn at least, where everybody has waited all the time.
    pub queue_wait_min: Duration,
    /// How long a search may wait for its turn in a burst.
    pub queue_wait_max: Duration,
    /// Steps of one search.
    pub work_max: u64,
    /// Further routes of one query.
    pub alternative_count_max: u16,
    /// Entries of all layers of one tenant.
    pub layer_entry_count_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            listen: SocketAddr::from(([127, 0, 0, 1], 7420)),
            search_threads: 0,
            own_node: None,
            hosts: Vec::new(),
            state: None,
            keys: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connection_count_max: 16_384,
            address_connection_count_max: None,
            body_size_max: 1 << 18,
            bodies_size_max: 1 << 28,
            head_size_max: 1 << 14,
            head_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
            queue_size: 256,
            queue_wait_min: Duration::from_micros(750),
            queue_wait_max: Duration::from_millis(100),
            work_max: 2_000_000,
            alternative_count_max: 100,
            layer_entry_count_max: 200_000,
        }
    }
}

/// A sixteenth of all connections: one address does not take the room of others. Whoever puts a proxy in front, whose
/// address is everybody's, says more.
pub const ADDRESS_CONNECTION_COUNT_MAX: usize = 1024;
