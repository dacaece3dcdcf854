//! Files that outlive the process. The log of gossip is appended to by one process and may be followed by others.
//!
//! Formats are those of `gossip::record`; what is here opens, cuts, copies and renames.

mod compaction;
mod error;
mod follower;
mod gossip_log;
mod live;
mod scan;

pub use error::LogError;
pub use follower::GossipFollower;
pub use gossip_log::{GossipLog, OpenNotes};
pub use live::Place;
