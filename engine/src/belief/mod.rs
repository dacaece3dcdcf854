//! What is believed of liquidity that nobody announces: bounds per channel, learnt from payments, fading with time,
//! on top of a prior.
//!
//! ```text
//! outcomes, balances, imports --> learn --> Beliefs (one fact a channel) --> BeliefView --> searches, flows
//!                                                                              Prior   -->  -ln P(amount)
//! ```
//! The liquidity of an arc is what its tail could send if none of our HTLCs were on the way; both arcs of a channel
//! share its capacity, so that one fact serves both. A table belongs to one generation of the graph.
//!
//! It deliberately knows no clock (`now` is an argument), no file, and no list of what to avoid: what a failure says
//! of policies or nodes is returned as [`Advice`], and acting on it is the caller's business.

mod blame;
mod bounds;
mod decay;
pub mod exchange;
mod exp;
mod fact;
mod held;
mod hull;
mod learn;
mod liquidity;
mod paid;
mod prior;
mod table;
mod view;

pub use blame::{Blame, Permanence};
pub use bounds::{Bounds, Floor, Moment};
pub use decay::{Evidence, HalfLife, HalfLives};
pub use held::HeldBeliefs;
pub use hull::{Hull, Knot};
pub use learn::{Advice, AttemptedHop, Outcome};
pub use liquidity::{Liquidity, LiquidityRange};
pub use paid::Paid;
pub use prior::{BIMODAL_SCALE_MIN, Bimodal, IMPOSSIBLE, PENALTY_FRACTION_BITS, Prior};
pub use table::Beliefs;
pub use view::BeliefView;

pub use primitives::failure_code::FailureCode;
