//! Files that outlive the process. The log of gossip is appended to by one process and may be followed by others; that of
//! headers lies beside it.
//!
//! Formats are those of `gossip::record` and `gossip::funding`; what is here opens, cuts, copies and renames.

mod beside;
mod compaction;
mod error;
mod follower;
mod gossip_log;
mod header_log;
mod live;
mod lock;
mod new_file;
mod scan;

pub use compaction::{COMPACTION_SIZE_MIN, CompactionStep};
pub use error::LogError;
pub use follower::{Followed, GossipFollower};
pub use gossip_log::{DiskWork, GossipLog, OpenNotes};
pub use header_log::{HeaderLog, HeaderNotes};
pub use live::Place;
