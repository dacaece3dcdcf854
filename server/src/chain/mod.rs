//! What the chain says of channels: a Bitcoin Core node, asked over JSON-RPC.
//!
//! ```text
//! ChainQuestion --> serve: a few clients at a time --> getblockhash, getblock, gettxout --> ChainAnswer::Funding
//!                   every few seconds: the tip, and who spends what in new blocks -------> Block, Spent
//! ```
//! The node is believed, or it must prove what it says: its headers are followed by `gossip::funding::HeaderChain`, an output
//! comes with `gettxoutproof`, and a block that spends one is checked as a whole. What answers mean for a channel is judged
//! by `gossip::funding`. Headers that were checked are kept in a file, and checked again when they are read.

pub mod decode;

mod error;
mod headers;
mod lookup;
mod notice;
mod question;
mod rpc;
mod serve;
mod source;
mod watch;

pub use error::ChainError;
pub use notice::HeadersNotice;
pub use question::{ChainAnswer, ChainQuestion};
pub use rpc::{RpcAuth, RpcConfig};
pub use serve::serve;
pub use source::ChainConfig;
