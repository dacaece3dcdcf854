//! Rehearses payments on balances that the payer does not know.
//!
//! ```text
//! Payment  <-- outcomes --  HiddenNetwork (true balances)
//!          -- parts -->
//! ```
//! One attempt after the other: all parts of a plan are sent, each fails at the first channel that lacks the balance or waits
//! at the payee, who takes them once all of the amount is there and gives them back after a while where it is not. Only
//! then is the payment asked again.

mod trial;

pub use trial::{Trial, own_channels, rehearse};
