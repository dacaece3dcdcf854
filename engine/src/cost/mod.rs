//! What a route costs, beyond its fee: the terms that a search minimises.
//!
//! All models are integers in msat, so that two searches can be compared to the last digit, and none ever falls when
//! the amount grows: that is what makes a cost at the payment's own amount a lower bound (docs/search.md, lemma 1).
//!
//! | model | cost of a hop beyond its fee |
//! |---|---|
//! | [`CostModel::Fee`] | nothing |
//! | [`CostModel::Risk`] | hop cost + amount * cltv_expiry_delta * risk |
//! | [`CostModel::Probability`] | the same + lambda * -ln(P(amount)) |
//!
//! A bias of a layer multiplies a hop's cost, its fee included (`weight`).

mod log;
mod model;
mod prices;
mod toll;
mod weight;

pub use model::{CostModel, ProbabilityWeights, RiskWeights};
pub use weight::BIAS_MAX;

pub(crate) use log::{FRACTION_BITS as LOG_FRACTION_BITS, log2};
pub(crate) use model::{FeeOnly, HopCost, Probable, Risky, Tuning, chance};
pub(crate) use prices::Prices;
pub(crate) use toll::{TOLL_PARTS, Tolled, Tolls};
pub(crate) use weight::Weight;
