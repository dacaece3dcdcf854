//! The words that every layer of Fulgurite speaks: amounts, fees, times, ids, failure codes and the
//! graph's deltas.
//!
//! Nothing here does I/O, reads a clock or owns a thread. Each type carries its unit, so that a fee cannot be
//! passed for an amount and a node's index cannot be stored as its id.

mod amount;
mod block;
pub mod codec;
mod direction;
pub mod failure_code;
mod features;
mod fee;
mod node_id;
mod scid;
mod time;
mod topology;
pub mod wire;

pub use bitcoin::constants::ChainHash;

pub use amount::Msat;
pub use block::{BlockHeight, CltvExpiryDelta};
pub use direction::Direction;
pub use features::Features;
pub use fee::{Fee, InboundFee};
pub use node_id::{NodeId, NodeIdError};
pub use scid::{ScidError, ShortChannelId, ShortChannelIdDir};
pub use time::UnixTime;
pub use topology::{ChannelPolicy, GraphDelta};
