//! What the chain says of channels: a Bitcoin Core node, asked over JSON-RPC.
//!
//! ```text
//! ChainQuestion --> serve: a few clients at a time --> getblockhash, getblock, gettxout --> ChainAnswer::Funding
//!                   every few seconds: the tip, and who spends what in new blocks -------> Block, Spent
//! ```
//! The node is believed. What its answers mean for a channel is judged by `gossip::funding`.

mod error;
mod lookup;
mod rpc;
mod serve;
mod watch;

pub use error::ChainError;
pub use rpc::{RpcAuth, RpcConfig};
pub use serve::{ChainAnswer, ChainQuestion, serve};
