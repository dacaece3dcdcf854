//! A payment in parts as others write it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::QueryJson;

/// A payment that may be split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanQueryJson {
    /// Ends, amount, cost, limits and exclusions, as for a single route; the fee limit is one on all parts together.
    pub query: QueryJson,
    /// How many parts there may be; 16.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub part_count_max: Option<u16>,
    /// What each of several parts delivers at least; 1,000.
    #[serde(default)]
    pub part_min_msat: Option<u64>,
    /// What a channel's htlc_maximum_msat limits.
    #[serde(default)]
    pub maximum_rule: MaximumRuleJson,
    /// Tell so many plans, from likely to cheap.
    #[serde(default)]
    #[schema(minimum = 2, maximum = 20)]
    pub frontier: Option<u16>,
}

/// What a channel's htlc_maximum_msat limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaximumRuleJson {
    /// All parts over the channel together.
    #[default]
    Together,
    /// Each part alone.
    Each,
}

impl PlanQueryJson {
    /// A plan with the defaults.
    pub fn new(query: QueryJson) -> Self {
        PlanQueryJson {
            query,
            part_count_max: None,
            part_min_msat: None,
            maximum_rule: MaximumRuleJson::default(),
            frontier: None,
        }
    }
}
