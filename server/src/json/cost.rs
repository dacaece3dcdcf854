//! What a query minimises.

use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::field_error::FieldError;

/// What the route shall be cheapest in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostJson {
    /// The model.
    pub model: CostName,
    /// Price of locking an amount for one block, in billionths of it; 15. Of risk and probability.
    pub risk_billionths: Option<u32>,
    /// Price of any hop, its fixed part; 500. Of risk and probability.
    pub hop_base_msat: Option<u32>,
    /// Price of any hop, in millionths of the amount; 200. Of risk and probability.
    pub hop_millionths: Option<u32>,
    /// Price of a failed attempt, its fixed part; 100,000. Of probability.
    pub attempt_base_msat: Option<u32>,
    /// Price of a failed attempt, in millionths of the amount; 1,000. Of probability.
    pub attempt_millionths: Option<u32>,
}

/// The name of a cost model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostName {
    /// The fee and nothing else.
    Fee,
    /// The fee, locked time and hops.
    Risk,
    /// The fee, locked time, hops and the chance of failure.
    #[default]
    Probability,
    /// The chance of failure above all: the likeliest within the limits.
    Likely,
}

impl CostJson {
    /// The model with its weights.
    ///
    /// # Errors
    /// Where a weight is given that the model does not have.
    pub fn to_model(self) -> Result<CostModel, FieldError> {
        let of_risk = self.risk_billionths.or(self.hop_base_msat).or(self.hop_millionths);
        let of_attempt = self.attempt_base_msat.or(self.attempt_millionths);
        if matches!(self.model, CostName::Fee | CostName::Likely) && of_risk.is_some() {
            return Err(FieldError {
                field: "cost",
                problem: "the models fee and likely have no weights of risk and hops",
                hint: "leave them out, or choose the model risk or probability",
            });
        }
        if self.model != CostName::Probability && of_attempt.is_some() {
            return Err(FieldError {
                field: "cost",
                problem: "only the model probability has weights of attempts",
                hint: "leave them out, or choose the model probability",
            });
        }
        let usual = ProbabilityWeights::default();
        let risk = RiskWeights {
            risk_billionths: self.risk_billionths.unwrap_or(usual.risk.risk_billionths),
            hop_base_msat: self.hop_base_msat.unwrap_or(usual.risk.hop_base_msat),
            hop_millionths: self.hop_millionths.unwrap_or(usual.risk.hop_millionths),
        };
        Ok(match self.model {
            CostName::Fee => CostModel::Fee,
            CostName::Risk => CostModel::Risk(risk),
            CostName::Likely => CostModel::LIKELY,
            CostName::Probability => CostModel::Probability(ProbabilityWeights {
                risk,
                attempt_base_msat: self.attempt_base_msat.unwrap_or(usual.attempt_base_msat),
                attempt_millionths: self.attempt_millionths.unwrap_or(usual.attempt_millionths),
            }),
        })
    }
}
