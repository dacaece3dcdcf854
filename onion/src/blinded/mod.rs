//! Route blinding (BOLT 4): paths that hide who is at their end.

mod data;
mod hop;
mod path;
mod payinfo;
mod payment;

pub use data::{PaymentConstraints, PaymentRelay, RecipientData};
pub use hop::PathKeys;
pub use path::{BlindError, BlindedHop, BlindedPath, IntroductionNode, blind};
pub use payinfo::PayInfo;
pub use payment::{PathNode, PathTerms, blind_payment_path};
