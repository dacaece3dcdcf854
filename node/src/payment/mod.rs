//! A payment from the payer's side.
//!
//! ```text
//! aim_route, aim_plan --> engine: Route, Plan --> wrap_route, wrap_plan --> HTLCs with packets
//!                           ^                                                     |
//!                           Beliefs <-- SentHtlc::failed, malformed, settled <----+
//! ```

mod interpret;
mod send;

pub use interpret::{Lesson, SentHtlc, outcome_of};
pub use send::{PaidPath, aim_plan, aim_route, wrap_plan, wrap_route};
