//! What a failed part forbids its successors beyond what is believed of liquidity.
//!
//! Beliefs hold for all payments and fade; what is learnt here holds for one payment. Everything that is added takes a way
//! out of the graph, so a payment whose payee can be reached in n ways fails after some n lessons.

use primitives::{ChannelPolicy, Msat, ShortChannelId, ShortChannelIdDir, UnixTime};

use super::part::{PartId, SentPart};
use crate::belief::{Advice, Permanence};
use crate::flow::PlanQuery;
use crate::query::{Avoid, ExtraArc, FirstChannel, RouteQuery};
use crate::route::Hop;

/// What was learnt, and what the query was before.
#[derive(Debug, Clone)]
pub(super) struct Lessons {
    /// Policies that were complained of.
    complaints: Vec<Complaint>,
    /// First channels that refused what their balances have room for, and the first part that was planned with that known.
    refusals: Vec<(ShortChannelId, PartId)>,
    /// What the payer itself leaves out.
    asked_avoid: Avoid,
    /// The payer's own limit on blocks.
    asked_cltv_max: u32,
}

/// A policy that was complained of.
#[derive(Debug, Clone, Copy)]
struct Complaint {
    direction: ShortChannelIdDir,
    /// The policy when the complaint came, before its update was applied; `None` where the graph knows none.
    policy: Option<ChannelPolicy>,
    /// Parts from this one on are planned with the complaint known.
    next: PartId,
    /// Policies of the direction that were complained of, this one included.
    policy_count: u32,
}

impl Lessons {
    /// Nothing is learnt yet.
    pub(super) fn new(query: &PlanQuery) -> Self {
        let RouteQuery { avoid, limits, .. } = &query.route;
        Lessons {
            complaints: Vec::new(),
            refusals: Vec::new(),
            asked_avoid: avoid.clone(),
            asked_cltv_max: limits.cltv_max,
        }
    }

    /// The query as it would be if nothing were learnt here. What the query's own channels refused stays: that is a bound on
    /// what they hold, as the beliefs have them of others.
    pub(super) fn unlearnt(&self, query: &PlanQuery) -> PlanQuery {
        let mut query = query.clone();
        query.route.avoid = self.asked_avoid.clone();
        query.route.limits.cltv_max = self.asked_cltv_max;
        query
    }

    /// Changes a query so that it does not fail again in the same way. `next` is the first part that is not planned yet,
    /// `policy_of` tells the graph's policies.
    pub(super) fn apply(
        &mut self,
        advice: Advice,
        part: &SentPart,
        next: PartId,
        policy_of: impl Fn(ShortChannelIdDir) -> Option<ChannelPolicy>,
        query: &mut PlanQuery,
    ) {
        let hops = &part.part.hops;
        let direction = |hop: usize| Some(hops.get(hop)?.channel());
        let avoid = &mut query.route.avoid;
        let has_room = avoid.directions.len() + avoid.nodes.len() < AVOIDED_COUNT_MAX;
        match advice {
            // Where a blinded path lies the advice does not say: `behind_blinding` does.
            Advice::Believe | Advice::Payee(_) | Advice::AvoidBlindedPath => {}
            Advice::Reprice { hop } => {
                if let Some(direction) = direction(hop)
                    && self.complain(direction, policy_of(direction), part.id, next)
                    && has_room
                {
                    avoid.directions.push(direction);
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
                *limit = (*limit).min(part.part.cltv.saturating_sub(1));
            }
            Advice::AvoidRoute => {
                // Anybody between the ends may be to blame: the channels between them are left out, or where there are
                // none the last, which leaves the payer's own to others.
                let last = hops.len().saturating_sub(1);
                let between = if last > 1 { 1..last } else { last..hops.len() };
                avoid.directions.extend(between.filter_map(direction).filter(|_| has_room));
            }
        }
    }

    /// Takes down that a first channel refused a part for want of liquidity; says whether it has done so before, with less. Its
    /// peer may be gone: who goes on asking it for a little less each time uses up the attempts.
    pub(super) fn refuses_again(
        &mut self,
        short_channel_id: ShortChannelId,
        part: PartId,
        next: PartId,
    ) -> bool {
        match self.refusals.iter().find(|known| known.0 == short_channel_id) {
            Some(&(_, known_from)) => part >= known_from,
            None => {
                self.refusals.push((short_channel_id, next));
                false
            }
        }
    }

    /// Takes down that a direction's policy was complained of; says whether the direction is to be left out. A complaint
    /// counts against the policy that the part was priced with: of parts that were planned before the last complaint was
    /// known it says nothing new, and a policy that has changed since has a chance of its own.
    fn complain(
        &mut self,
        direction: ShortChannelIdDir,
        policy: Option<ChannelPolicy>,
        part: PartId,
        next: PartId,
    ) -> bool {
        // The same policy told again is no other.
        let policy = policy.map(|policy| ChannelPolicy { last_update: UnixTime::from_secs(0), ..policy });
        let known = self.complaints.iter_mut().find(|known| known.direction == direction);
        let Some(known) = known else {
            if self.complaints.len() < AVOIDED_COUNT_MAX {
                self.complaints.push(Complaint { direction, policy, next, policy_count: 1 });
            }
            return false;
        };
        if part < known.next {
            return false;
        }
        if known.policy == policy || known.policy_count == POLICY_COUNT_MAX {
            return true;
        }
        *known = Complaint { direction, policy, next, policy_count: known.policy_count + 1 };
        false
    }
}

/// What a failure within a blinded path is taken for that the node at place `erring_node` told of; `is_announced` tells the
/// channels of the graph. The way to the path has carried the HTLC and is not to blame. Where the node forwards over a channel
/// that the graph does not have, that stands for the path: the payer has others. A node that forwards over one of the graph
/// has no path behind it, and is broken. `None` where the route ends at the node: then the only path has failed.
pub(super) fn behind_blinding(
    erring_node: usize,
    part: &SentPart,
    query: &RouteQuery,
    is_announced: impl Fn(ShortChannelId) -> bool,
) -> Option<Advice> {
    let hops = &part.part.hops;
    let is_path = |hop: &Hop| {
        let is_it = |arc: &ExtraArc| arc.short_channel_id == hop.short_channel_id && arc.head == hop.node_id;
        query.extra_arcs.iter().any(is_it) || !is_announced(hop.short_channel_id)
    };
    // What the payer says of its own peer the peer has told by `update_fail_malformed_htlc`.
    let is_told_by_peer = erring_node == 0 && hops.first().is_some_and(|hop| !is_path(hop));
    let node = erring_node + usize::from(is_told_by_peer);
    let hop = hops.get(node)?;
    Some(if is_path(hop) {
        Advice::AvoidChannel { hop: node, permanence: Permanence::Temporary }
    } else {
        Advice::AvoidNode { node, permanence: Permanence::Permanent }
    })
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

/// What a first channel refused is more than it lets out, whatever its balance: the beliefs count for nothing beside that.
/// `false` where the payer tells no balance of it.
pub(super) fn narrow_first_channel(hop: &Hop, refused: Msat, query: &mut RouteQuery) -> bool {
    let is_it = |first: &&mut FirstChannel| first.short_channel_id == hop.short_channel_id;
    let Some(first) = query.first_channels.iter_mut().flatten().find(is_it) else { return false };
    first.balance = first.balance.min(refused.saturating_sub(Msat::from_msat(1)));
    true
}

/// More lessons are ignored: 30 attempts of 16 parts teach no more than some thousands.
const AVOIDED_COUNT_MAX: usize = 10_000;
/// One policy that was out of date, one that took its place while parts were on the way, and one more. Who goes on changing it
/// shall not use up the attempts.
const POLICY_COUNT_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use primitives::{
        ChannelPolicy, CltvExpiryDelta, Direction, Fee, InboundFee, NodeId, ShortChannelId, UnixTime,
    };

    use super::*;
    use crate::flow::PlanPart;

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
    fn part(hop_count: u8, id: u32) -> SentPart {
        let hop = |place: u8| Hop {
            short_channel_id: channel(place.into()).short_channel_id,
            direction: Direction::NodeOneToTwo,
            node_id: node(place + 1),
            amount: Msat::from_msat(1000),
            fee: Msat::ZERO,
            cltv: 18,
        };
        let hops = (0..hop_count).map(hop).collect();
        let amount = Msat::from_msat(1000);
        let part = PlanPart { amount, fee: Msat::ZERO, cltv: 200, probability: 1.0, hops };
        SentPart { id: PartId(id), part }
    }

    /// What is left out after these lessons of parts with that many hops, each planned after the lesson before:
    /// directions, nodes.
    fn left_out(hop_count: u8, advice: &[Advice]) -> (Vec<ShortChannelIdDir>, Vec<NodeId>) {
        let mut query = query(hop_count);
        let mut lessons = Lessons::new(&query);
        for (id, &advice) in (0..).zip(advice) {
            lessons.apply(advice, &part(hop_count, id), PartId(id + 1), |_| Some(POLICY), &mut query);
        }
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

    /// Whether a direction is left out after each complaint: of which part, while which policy holds, before which part.
    fn complained(complaints: &[(u32, ChannelPolicy, u32)]) -> Vec<bool> {
        let mut lessons = Lessons::new(&query(3));
        let complain = |&(part, policy, next): &(u32, ChannelPolicy, u32)| {
            lessons.complain(channel(1), Some(policy), PartId(part), PartId(next))
        };
        complaints.iter().map(complain).collect()
    }

    #[test]
    fn a_complaint_counts_against_the_policy_that_the_part_was_priced_with() {
        let charging = |fee_base_msat| ChannelPolicy {
            fee: Fee { fee_base_msat, fee_proportional_millionths: 0 },
            ..POLICY
        };
        // Parts of one plan complain of one policy, whether the update came between or not.
        assert_eq!(complained(&[(0, POLICY, 2), (1, POLICY, 2), (2, POLICY, 3)]), [false, false, true]);
        assert_eq!(complained(&[(0, POLICY, 2), (1, charging(5), 2), (2, charging(5), 3)]), [false; 3]);
        // Told again, it is the same policy.
        let again = ChannelPolicy { last_update: UnixTime::from_secs(9), ..POLICY };
        assert_eq!(complained(&[(0, POLICY, 1), (1, again, 2)]), [false, true]);
        // Who always asks for more is left out in the end.
        let rising: Vec<_> = (0..4).map(|at| (at, charging(at), at + 1)).collect();
        assert_eq!(complained(&rising), [false, false, false, true]);
    }

    #[test]
    fn what_was_asked_for_is_known_whatever_is_learnt() {
        let mut asked = query(3);
        asked.route.avoid.nodes.push(node(9));
        let (mut lessons, mut query) = (Lessons::new(&asked), asked.clone());
        let left_out = [Advice::AvoidNode { node: 1, permanence: PERMANENT }, Advice::ShortenExpiry];
        for advice in left_out {
            lessons.apply(advice, &part(3, 0), PartId(1), |_| None, &mut query);
        }
        assert_ne!(query, asked);
        assert_eq!(lessons.unlearnt(&query), asked);
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
        let mut query = query(3);
        let mut lessons = Lessons::new(&query);
        lessons.apply(Advice::ShortenExpiry, &part(3, 0), PartId(1), |_| None, &mut query);
        assert_eq!(query.route.limits.cltv_max, 199);
        query.route.limits.cltv_max = 100;
        lessons.apply(Advice::ShortenExpiry, &part(3, 1), PartId(2), |_| None, &mut query);
        assert_eq!(query.route.limits.cltv_max, 100, "never longer");
    }

    #[test]
    fn of_a_silent_route_what_lies_between_is_left_out() {
        let advice = Advice::AvoidRoute;
        assert_eq!(left_out(4, &[advice]), (vec![channel(1), channel(2)], vec![]));
        assert_eq!(left_out(2, &[advice]), (vec![channel(1)], vec![]));
        assert_eq!(left_out(1, &[advice]), (vec![channel(0)], vec![]));
    }

    #[test]
    fn of_a_blinded_path_that_fails_the_way_to_it_stays() {
        assert_eq!(left_out(3, &[Advice::AvoidBlindedPath]), (vec![], vec![]));
        let path = |place: u64| ExtraArc {
            short_channel_id: channel(place).short_channel_id,
            tail: node(place as u8),
            head: node(place as u8 + 1),
            policy: POLICY,
            capacity: None,
        };
        let avoid_path = |hop| Some(Advice::AvoidChannel { hop, permanence: Permanence::Temporary });
        let avoid_node = |node| Some(Advice::AvoidNode { node, permanence: PERMANENT });
        let behind = |hop_count, erring_node, paths: &[u64]| {
            let mut query = query(hop_count).route;
            query.extra_arcs = paths.iter().map(|&place| path(place)).collect();
            behind_blinding(erring_node, &part(hop_count, 0), &query, |_| true)
        };
        assert_eq!(behind(3, 3, &[]), None, "the route ends where the path begins");
        assert_eq!(behind(3, 2, &[2]), avoid_path(2), "the last hop stands for the path");
        assert_eq!(behind(3, 1, &[2]), avoid_node(1), "no path begins there");
        assert_eq!(behind(1, 0, &[]), None, "the peer, where the path begins, says so itself");
        assert_eq!(behind(2, 0, &[1]), avoid_path(1), "the same of one of several");
        assert_eq!(behind(2, 0, &[0]), avoid_path(0), "the path begins at the payer");
        assert_eq!(behind(2, 7, &[]), None, "beyond the route");
        let unannounced = behind_blinding(2, &part(3, 0), &query(3).route, |_| false);
        assert_eq!(unannounced, avoid_path(2), "the path is a channel of a layer");
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
            assert!(narrow_extra_arc(&part(3, 0).part.hops[1], refused, &mut query));
            assert_eq!(query.extra_arcs, [arc(Some(left))]);
            assert!(!narrow_extra_arc(&part(3, 0).part.hops[0], refused, &mut query), "another channel");
        }
    }
}
