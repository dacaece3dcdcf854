//! What a hop of a payment is told (BOLT 4, `payload` format).
//!
//! A [`Payload`] can only be one that its reader may accept: `decode` knows whether the packet ended here and whether a
//! path key came with the HTLC, and refuses what the requirements of BOLT 4 refuse. What depends on the HTLC itself
//! (amounts, expiries, known secrets) is left to the node.

mod custom;
mod kinds;
mod records;

pub use custom::{CUSTOM_TYPE_MIN, CustomRecords, KEYSEND_TYPE, encode_custom_records};
pub(crate) use kinds::begins_blinded_path;
pub use kinds::{
    BlindedForward, BlindedReceive, Forward, Payload, PayloadContext, PayloadError, Receive, TrampolineEntry,
};
pub use records::PaymentData;
pub(crate) use records::public_key;
