//! Onion messages (BOLT 4, Onion Messages): packets of any size over blinded paths, without a payment.
//!
//! ```text
//! onion_message (513):  path_key 33 | len 2 | onion_message_packet len
//! ```

mod build;
mod path;
mod peel;
mod wire;

pub use build::{MessageContent, MessageError, MessageKeys, build_message};
pub use path::blind_message_path;
pub use peel::{MessageFault, NextNode, PeeledMessage, ReceivedMessage, peel_message};
pub use wire::OnionMessage;
