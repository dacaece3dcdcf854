//! What a failed part forbids its successors beyond what is believed of liquidity.
//!
//! Beliefs hold for all payments and fade; what is learnt here holds for one payment. Everything that is added takes a way
//! out of the graph, so a payment whose payee can be reached in n ways fails after some n lessons.

use primitives::ShortChannelIdDir;

use crate::belief::Advice;
use crate::flow::{PlanPart, PlanQuery};

/// Policies that were complained of.
#[derive(Debug, Clone, Default)]
pub(super) struct Lessons {
    /// Directions that were repriced once: the next time they are left out.
    repriced: Vec<ShortChannelIdDir>,
}

impl Lessons {
    /// Changes a query so that it does not fail again in the same way.
    pub(super) fn apply(&mut self, advice: Advice, part: &PlanPart, query: &mut PlanQuery) {
        let hops = &part.hops;
        let direction = |hop: usize| Some(hops.get(hop)?.channel());
        let avoid = &mut query.route.avoid;
        let has_room = avoid.directions.len() + avoid.nodes.len() < AVOIDED_COUNT_MAX;
        match advice {
            Advice::Believe | Advice::Payee(_) => {}
            Advice::Reprice { hop } => {
                if let Some(direction) = direction(hop) {
                    if self.repriced.contains(&direction) && has_room {
                        avoid.directions.push(direction);
                    } else if self.repriced.len() < AVOIDED_COUNT_MAX {
                        self.repriced.push(direction);
                    }
                }
            }
            Advice::AvoidChannel { hop, .. } => avoid.directions.extend(direction(hop).filter(|_| has_room)),
            Advice::AvoidNode { node, .. } => {
                let Some(hop) = node.checked_sub(1).and_then(|before| hops.get(before)) else { return };
                if hop.node_id == query.route.payee {
                    // The payee cannot be left out, the channel that led to it can.
                    avoid.directions.extend(direction(node - 1).filter(|_| has_room));
                } else if has_room {
                    avoid.nodes.push(hop.node_id);
                }
            }
            Advice::ShortenExpiry => {
                let limit = &mut query.route.limits.cltv_max;
                *limit = (*limit).min(part.cltv.saturating_sub(1));
            }
            Advice::AvoidBlindedPath | Advice::AvoidRoute => {
                // Anybody between the ends may be to blame: the channels between them are left out, or where there are
                // none the last, which leaves the payer's own to others.
                let last = hops.len().saturating_sub(1);
                let between = if last > 1 { 1..last } else { last..hops.len() };
                avoid.directions.extend(between.filter_map(direction).filter(|_| has_room));
            }
        }
    }
}

/// More lessons are ignored: 30 attempts of 16 parts teach no more than some thousands.
const AVOIDED_COUNT_MAX: usize = 10_000;
