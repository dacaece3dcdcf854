//! Who may take how much of us: rooms and credit with limits, fed by time that comes in as an argument.

mod credit;
mod peer_id;
mod waiting;

pub use credit::Credit;
pub use peer_id::PeerId;
pub use waiting::{WAITING_BYTES_MAX, WAITING_PEER_BYTES_MAX, WAITING_SECS_MAX, WaitingRoom};
