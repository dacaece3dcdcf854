//! A node that learns the graph from peers over sockets, and tells it on.
//!
//! ```text
//! connector, listener --> conversation (one task a peer) --batches--> driver (one thread): gossip::sync, the log
//!                               ^------- link: orders, gate ------------|  |  |
//!                                                      signatures, chain <-'  '-> Feed: the engine's writer
//! ```
//! What waits is bounded: a peer's batches by bytes, then by the core which closes the gate of its reads; the orders to
//! a peer by bytes; signatures and questions to the chain by the core. A slow peer, disk or chain slows down its own
//! messages and nothing else.

mod address;
mod backoff;
mod batch;
mod connector;
mod conversation;
mod driver;
mod end_reason;
mod entropy;
mod feed;
mod follow_node;
mod hub;
mod link;
mod pace;
mod status;
mod sync_node;
mod view_graph;

pub use address::{PeerAddress, PeerAddressError};
pub use end_reason::EndReason;
pub use feed::Feed;
pub use follow_node::{FollowNode, OpenedFollow, open_follow};
pub use status::{Notice, PeerStatus, Status, StatusBoard};
pub use sync_node::{OpenedSync, Secrets, SyncConfig, SyncNode, open_sync};
