//! What a change is answered.

use engine::belief::{Advice, Permanence};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::applier::{Applied, Effect};

/// A change that was made, and that all later queries see.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedJson {
    /// Its number.
    seq: u64,
    /// The graph's version.
    graph_version: u64,
    /// The id of a new reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation: Option<u64>,
    /// A direction can pass this much, after inform_channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_msat: Option<u64>,
    /// A direction can pass no more than this, after inform_channel; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_msat: Option<u64>,
    /// A bias after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    bias: Option<i8>,
    /// So many entries were forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<usize>,
    /// What to do about a failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<AdviceJson>,
}

/// What to do about an attempt beyond believing it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdviceJson {
    /// believe (ask again), reprice (apply the enclosed channel_update of the hop), avoid_channel (leave the hop's
    /// direction out), avoid_node, shorten_expiry, avoid_blinded_path, payee (it refused), avoid_route.
    action: &'static str,
    /// The hop, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<usize>,
    /// The node: 0 is the payer.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<usize>,
    /// Whether trying again later cannot help.
    #[serde(skip_serializing_if = "Option::is_none")]
    permanent: Option<bool>,
}

impl ChangedJson {
    /// A change and what came of it.
    pub fn new(applied: &Applied) -> Self {
        let plain = ChangedJson {
            seq: applied.seq,
            graph_version: applied.graph_version,
            reservation: None,
            minimum_msat: None,
            maximum_msat: None,
            bias: None,
            removed: None,
            advice: None,
        };
        match applied.effect {
            Effect::Done | Effect::Graph { .. } => plain,
            Effect::Constraint(constraint) => ChangedJson {
                minimum_msat: Some(constraint.minimum.amount.min(constraint.maximum.amount).to_msat()),
                maximum_msat: constraint.known_maximum().map(|bound| bound.amount.to_msat()),
                ..plain
            },
            Effect::Bias(bias) => ChangedJson { bias: Some(bias), ..plain },
            Effect::Removed(count) => ChangedJson { removed: Some(count), ..plain },
            Effect::Reserved(id) => ChangedJson { reservation: Some(id.to_u64()), ..plain },
            Effect::Advice(advice) => ChangedJson { advice: Some(AdviceJson::new(advice)), ..plain },
        }
    }
}

impl AdviceJson {
    fn new(advice: Advice) -> Self {
        let plain = |action| AdviceJson { action, hop: None, node: None, permanent: None };
        let lasting = |permanence| Some(permanence == Permanence::Permanent);
        match advice {
            Advice::Believe => plain("believe"),
            Advice::Reprice { hop } => AdviceJson { hop: Some(hop), ..plain("reprice") },
            Advice::AvoidChannel { hop, permanence } => {
                AdviceJson { hop: Some(hop), permanent: lasting(permanence), ..plain("avoid_channel") }
            }
            Advice::AvoidNode { node, permanence } => {
                AdviceJson { node: Some(node), permanent: lasting(permanence), ..plain("avoid_node") }
            }
            Advice::ShortenExpiry => plain("shorten_expiry"),
            Advice::AvoidBlindedPath => plain("avoid_blinded_path"),
            Advice::Payee(permanence) => AdviceJson { permanent: lasting(permanence), ..plain("payee") },
            Advice::AvoidRoute => plain("avoid_route"),
        }
    }
}
