//! What a failed part forbids its successors beyond what is believed of liquidity.
//!
//! Beliefs hold for all payments and fade; what is learnt here holds for one payment. Everything that is added takes a way
//! out of the graph, so a payment whose payee can be reached in n ways fails after some n lessons.

use primitives::{Msat, ShortChannelIdDir};

use crate::belief::Advice;
use crate::flow::{PlanPart, PlanQuery};
use crate::query::{ExtraArc, RouteQuery};
use crate::route::Hop;

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
                let hop_to = node.saturating_sub(1);
                match hops.get(hop_to).map(|hop| hop.node_id) {
                    Some(between) if node > 0 && between != query.route.payee => {
                        avoid.nodes.extend(has_room.then_some(between));
                    }
                    // The ends cannot be left out, the channel at them can.
                    _ => avoid.directions.extend(direction(hop_to).filter(|_| has_room)),
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

/// What a channel of the query's own refused is more than it holds; the beliefs have no place for it. `false` where the hop is
/// of another channel.
pub(super) fn narrow_extra_arc(hop: &Hop, refused: Msat, query: &mut RouteQuery) -> bool {
    let is_it = |arc: &&mut ExtraArc| arc.short_channel_id == hop.short_channel_id && arc.head == hop.node_id;
    let Some(arc) = query.extra_arcs.iter_mut().find(is_it) else { return false };
    let most = refused.saturating_sub(Msat::from_msat(1));
    arc.capacity = Some(arc.capacity.map_or(most, |capacity| capacity.min(most)));
    true
}

/// More lessons are ignored: 30 attempts of 16 parts teach no more than some thousands.
const AVOIDED_COUNT_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use primitives::{
        ChannelPolicy, CltvExpiryDelta, Direction, Fee, InboundFee, NodeId, ShortChannelId, UnixTime,
    };

    use super::*;
    use crate::belief::Permanence;

    fn node(place: u8) -> NodeId {
        let mut bytes = [place; 33];
        bytes[0] = 2;
        NodeId::from_bytes(bytes).expect("prefix 2")
    }

    fn channel(place: u64) -> ShortChannelIdDir {
        let direction = Direction::NodeOneToTwo;
        ShortChannelIdDir { short_channel_id: ShortChannelId::from_u64(place), direction }
    }

    /// From node 0 to node `hop_count`, each hop `i` over channel `i` to node `i + 1`.
    fn part(hop_count: u8) -> PlanPart {
        let hop = |place: u8| Hop {
            short_channel_id: channel(place.into()).short_channel_id,
            direction: Direction::NodeOneToTwo,
            node_id: node(place + 1),
            amount: Msat::from_msat(1000),
            fee: Msat::ZERO,
            cltv: 18,
        };
        let hops = (0..hop_count).map(hop).collect();
        PlanPart { amount: Msat::from_msat(1000), fee: Msat::ZERO, cltv: 200, probability: 1.0, hops }
    }

    /// What is left out after these lessons of a part with that many hops: directions, nodes.
    fn left_out(hop_count: u8, advice: &[Advice]) -> (Vec<ShortChannelIdDir>, Vec<NodeId>) {
        let (mut lessons, mut query) = (Lessons::default(), query(hop_count));
        advice.iter().for_each(|&advice| lessons.apply(advice, &part(hop_count), &mut query));
        assert!(query.route.avoid.channels.is_empty());
        (query.route.avoid.directions, query.route.avoid.nodes)
    }

    fn query(hop_count: u8) -> PlanQuery {
        PlanQuery::new(RouteQuery::new(node(0), node(hop_count), Msat::from_msat(1000)))
    }

    const POLICY: ChannelPolicy = ChannelPolicy {
        fee: Fee { fee_base_msat: 0, fee_proportional_millionths: 0 },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(10),
        htlc_minimum_msat: Msat::ZERO,
        htlc_maximum_msat: Msat::MAX,
        disabled: false,
        last_update: UnixTime::from_secs(0),
    };
    const PERMANENT: Permanence = Permanence::Permanent;

    #[test]
    fn what_others_remember_or_the_payee_says_leaves_nothing_out() {
        for advice in [Advice::Believe, Advice::Payee(PERMANENT), Advice::Payee(Permanence::Temporary)] {
            assert_eq!(left_out(3, &[advice]), (vec![], vec![]));
        }
    }

    #[test]
    fn a_policy_has_a_second_chance_and_no_third() {
        let reprice = |hop| Advice::Reprice { hop };
        assert_eq!(left_out(3, &[reprice(1)]), (vec![], vec![]));
        assert_eq!(left_out(3, &[reprice(1), reprice(2)]), (vec![], vec![]));
        assert_eq!(left_out(3, &[reprice(1), reprice(2), reprice(1)]), (vec![channel(1)], vec![]));
        assert_eq!(left_out(3, &[reprice(7), reprice(7)]), (vec![], vec![]), "beyond the route");
    }

    #[test]
    fn a_channel_is_left_out_one_way() {
        let avoid = |hop| Advice::AvoidChannel { hop, permanence: PERMANENT };
        assert_eq!(left_out(3, &[avoid(0), avoid(2), avoid(3)]), (vec![channel(0), channel(2)], vec![]));
    }

    #[test]
    fn a_node_is_left_out_and_an_end_by_its_channel() {
        let avoid = |node| Advice::AvoidNode { node, permanence: PERMANENT };
        assert_eq!(left_out(3, &[avoid(1)]), (vec![], vec![node(1)]));
        assert_eq!(left_out(3, &[avoid(2)]), (vec![], vec![node(2)]));
        assert_eq!(left_out(3, &[avoid(3)]), (vec![channel(2)], vec![]), "the payee");
        assert_eq!(left_out(3, &[avoid(0)]), (vec![channel(0)], vec![]), "the payer");
        assert_eq!(left_out(3, &[avoid(4)]), (vec![], vec![]), "beyond the route");
    }

    #[test]
    fn an_expiry_gets_shorter_each_time() {
        let (mut lessons, mut query) = (Lessons::default(), query(3));
        lessons.apply(Advice::ShortenExpiry, &part(3), &mut query);
        assert_eq!(query.route.limits.cltv_max, 199);
        query.route.limits.cltv_max = 100;
        lessons.apply(Advice::ShortenExpiry, &part(3), &mut query);
        assert_eq!(query.route.limits.cltv_max, 100, "never longer");
    }

    #[test]
    fn of_a_silent_route_what_lies_between_is_left_out() {
        for advice in [Advice::AvoidRoute, Advice::AvoidBlindedPath] {
            assert_eq!(left_out(4, &[advice]), (vec![channel(1), channel(2)], vec![]));
            assert_eq!(left_out(2, &[advice]), (vec![channel(1)], vec![]));
            assert_eq!(left_out(1, &[advice]), (vec![channel(0)], vec![]));
        }
    }

    #[test]
    fn an_extra_arc_holds_less_than_it_refused() {
        let arc = |capacity: Option<u64>| ExtraArc {
            short_channel_id: channel(1).short_channel_id,
            tail: node(1),
            head: node(2),
            policy: POLICY,
            capacity: capacity.map(Msat::from_msat),
        };
        let refused = Msat::from_msat(1500);
        for (known, left) in [(None, 1499), (Some(2000), 1499), (Some(1499), 1499), (Some(700), 700)] {
            let mut query = query(3).route;
            query.extra_arcs = vec![arc(known)];
            assert!(narrow_extra_arc(&part(3).hops[1], refused, &mut query));
            assert_eq!(query.extra_arcs, [arc(Some(left))]);
            assert!(!narrow_extra_arc(&part(3).hops[0], refused, &mut query), "another channel");
        }
    }
}
