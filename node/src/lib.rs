//! Where routes meet onions: `engine` knows no packet and `onion` knows no route, and this crate knows both.
//!
//! It decides and does nothing else: session seeds, block heights and times are arguments, and HTLCs are sent by somebody
//! else.

pub mod payment;
