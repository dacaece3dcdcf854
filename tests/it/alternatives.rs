//! The next-best routes against every simple route of small random graphs, each priced from the specification; what
//! they and the diverse routes promise on a larger graph; what is said of all nodes against the routes of one payer.

use std::collections::HashSet;

use engine::alternatives::alternatives;
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::diverse::diverse;
use engine::graph::{ChannelDraft, GraphBuilder, Topology};
use engine::query::{FirstChannel, RouteQuery};
use engine::reach::{ReachEntry, reach, reach_exactly, reach_to};
use engine::route::{Proof, Route};
use engine::router::{RouteError, RouteWorkspace, route, widest};
use engine::snapshot::Snapshot;
use engine::stop::Stop;
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn alternatives_are_all_simple_routes_in_order() {
    let mut space = RouteWorkspace::default();
    let (mut found_count, mut most) = (0, 0);
    for seed in 0..GRAPH_COUNT {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let network = small_network(&mut rng, if seed % 3 == 0 { 40 } else { 0 });
        let snapshot = Snapshot::from_topology(Topology::build(network.clone()).unwrap());
        let query = small_query(&mut rng, &network);
        let mut simple = SimpleRoutes::all(&network, &query);
        simple.sort_unstable();
        let all = match alternatives(&snapshot, &query, usize::MAX, &mut space) {
            Ok(all) => all,
            Err(RouteError::NoRoute(_)) => Vec::new(),
            Err(error) => panic!("seed {seed}: {error}"),
        };
        let mut found: Vec<Simple> = all.iter().map(simple_of).collect();
        assert!(all.is_sorted_by_key(|route| route.cost), "seed {seed}: not in order");
        assert!(all.iter().all(|route| route.proof == Proof::Optimal), "seed {seed}: unproven");
        found.sort_unstable();
        assert_eq!(found, simple, "seed {seed}: {query:?}");
        let few = alternatives(&snapshot, &query, 3, &mut space).unwrap_or_default();
        let costs = |routes: &[Route]| routes.iter().map(|route| route.cost).collect::<Vec<_>>();
        assert_eq!(costs(&few), costs(&all[..all.len().min(3)]), "seed {seed}");
        found_count += all.len();
        most = most.max(all.len());
    }
    assert!(
        found_count > 5000 && most > 20,
        "{found_count} routes, {most} in one graph: the test tests little"
    );
}

#[test]
fn alternatives_hold_on_a_larger_graph() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    let mut count = 0;
    for query in &queries {
        let best = route(&snapshot, query, &mut space);
        let found = match alternatives(&snapshot, query, 8, &mut space) {
            Ok(found) => found,
            Err(error) => {
                assert_eq!(best, Err(error));
                continue;
            }
        };
        let best = best.expect("alternatives begin with it");
        assert_eq!((&found[0].hops, found[0].cost, found[0].proof), (&best.hops, best.cost, best.proof));
        assert!(found.is_sorted_by_key(|route| route.cost));
        let distinct: HashSet<Vec<_>> = found.iter().map(channels_of).collect();
        assert_eq!(distinct.len(), found.len());
        found.iter().for_each(assert_loopless);
        count += found.len();
    }
    assert!(count > 2 * queries.len(), "{count} routes only");
}

#[test]
fn diverse_routes_share_no_inner_channel() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    let mut count = 0;
    for query in &queries {
        let Ok(found) = diverse(&snapshot, query, 6, &mut space) else {
            assert!(route(&snapshot, query, &mut space).is_err());
            continue;
        };
        let best = route(&snapshot, query, &mut space).expect("diverse routes begin with it");
        assert_eq!(found[0].hops, best.hops);
        let mut inner = HashSet::new();
        for route in &found {
            let last = route.hops.len() - 1;
            for (at, hop) in route.hops.iter().enumerate() {
                if last == 0 || at != 0 && at != last {
                    assert!(inner.insert(hop.short_channel_id), "a channel is used twice");
                }
            }
            assert_loopless(route);
        }
        let distinct: HashSet<Vec<_>> = found.iter().map(channels_of).collect();
        assert_eq!(distinct.len(), found.len());
        count += found.len();
    }
    assert!(count > queries.len(), "{count} routes only");
}

#[test]
fn diverse_routes_come_by_what_they_share_and_then_by_cost() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    let mut cheaper_count = 0;
    for query in &queries {
        let Ok(found) = diverse(&snapshot, query, 6, &mut space) else { continue };
        let mut keys = Vec::new();
        for (at, route) in found.iter().enumerate() {
            let shares = |end: fn(&Route) -> ShortChannelId| {
                found[..at].iter().any(|before| end(before) == end(route))
            };
            let first = shares(|route| route.hops[0].short_channel_id);
            let last = shares(|route| route.hops[route.hops.len() - 1].short_channel_id);
            keys.push((last, first, route.cost));
        }
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(found.iter().map(|route| route.cost).min(), Some(found[0].cost), "the first is the best");
        let fewer = diverse(&snapshot, query, found.len() - 1, &mut space).unwrap_or_default();
        let hops = |routes: &[Route]| routes.iter().map(|route| route.hops.clone()).collect::<Vec<_>>();
        assert_eq!(hops(&fewer), hops(&found[..found.len() - 1]), "more routes change those before them");
        cheaper_count += usize::from(!found.is_sorted_by_key(|route| route.cost));
    }
    assert!(cheaper_count > 0, "no route that shares a channel costs less: the test tests little");
}

#[test]
fn what_searches_the_whole_graph_can_be_stopped() {
    let (snapshot, queries) = larger_network();
    let query = RouteQuery { stop: Stop::new(), ignore_inbound_fees: true, ..queries[0].clone() };
    query.stop.set(true);
    for stopped in [reach(&snapshot, &query), reach_to(&snapshot, &query)] {
        assert_eq!(stopped, Err(RouteError::WorkLimit { settled: 0 }));
    }
    assert_eq!(widest(&snapshot, &query), Err(RouteError::WorkLimit { settled: 0 }));
    query.stop.set(false);
    assert!(reach(&snapshot, &query).is_ok() && reach_to(&snapshot, &query).is_ok());
    assert!(widest(&snapshot, &query).is_ok());
}

#[test]
fn what_a_payer_reaches_bounds_its_routes() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    for query in queries.iter().take(20) {
        let entries = reach(&snapshot, query).expect("the payer is in the graph");
        assert!(entries.is_sorted_by_key(|entry| entry.least_cost));
        for node in (0..snapshot.node_count() as u32).step_by(7).map(engine::graph::NodeIdx::from_u32) {
            let query = RouteQuery { payee: snapshot.node_id(node), ..query.clone() };
            if query.payee == query.payer {
                continue;
            }
            let entry = entries.iter().find(|entry| entry.node == node);
            if let Ok(route) = route(&snapshot, &query, &mut space) {
                let entry = entry.expect("a node with a route is reached");
                assert!(entry.least_cost <= route.cost, "{} > {}", entry.least_cost, route.cost);
            }
        }
    }
}

#[test]
fn exactly_the_nodes_with_a_route_can_be_paid() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    let (mut paid_count, mut unpaid_count, mut dearer_count) = (0, 0, 0);
    for query in queries.iter().take(6) {
        let reached = reach(&snapshot, query).expect("the payer is in the graph");
        let answers = reach_exactly(&snapshot, query, &reached, |entry, answer| {
            (*entry, answer.map(|route| route.hops))
        });
        assert!(answers.iter().map(|(entry, _)| entry).eq(&reached), "in their order");
        for node in (0..snapshot.node_count() as u32).map(engine::graph::NodeIdx::from_u32) {
            let query = RouteQuery { payee: snapshot.node_id(node), ..query.clone() };
            if query.payee == query.payer {
                continue;
            }
            let expected = route(&snapshot, &query, &mut space);
            let found = answers.iter().find(|(entry, _)| entry.node == node);
            let dearer = |(entry, _): &(ReachEntry, _)| {
                expected.as_ref().is_ok_and(|route| route.cost > entry.least_cost)
            };
            dearer_count += usize::from(found.is_some_and(dearer));
            let found = found.map(|(_, answer)| answer.clone());
            match expected.map(|route| route.hops) {
                Ok(hops) => {
                    assert_eq!(found, Some(Ok(hops)));
                    paid_count += 1;
                }
                Err(error) => {
                    assert!(found.is_none_or(|found| found == Err(error)));
                    unpaid_count += 1;
                }
            }
        }
    }
    assert!(
        paid_count > 100 && unpaid_count > 10 && dearer_count > 10,
        "{paid_count} can be paid, {unpaid_count} cannot, {dearer_count} cost more than their bound"
    );
}

#[test]
fn what_all_payers_pay_is_what_their_routes_cost() {
    let (snapshot, queries) = larger_network();
    let mut space = RouteWorkspace::default();
    let mut count = 0;
    for query in queries.iter().take(20) {
        let mut query = RouteQuery { may_overpay: true, ignore_inbound_fees: true, ..query.clone() };
        query.cost = CostModel::Fee;
        query.limits.cltv_max = u32::MAX;
        let entries = reach_to(&snapshot, &query).expect("the payee is in the graph");
        for node in (0..snapshot.node_count() as u32).step_by(7).map(engine::graph::NodeIdx::from_u32) {
            let query = RouteQuery { payer: snapshot.node_id(node), ..query.clone() };
            if query.payee == query.payer {
                continue;
            }
            let least = entries.iter().find(|entry| entry.node == node).map(|entry| entry.least_cost);
            let cost = route(&snapshot, &query, &mut space).ok().map(|route| route.cost);
            assert_eq!(least, cost);
            count += usize::from(cost.is_some());
        }
    }
    assert!(count > 100, "{count} payers only");
}

/// A route's channels, fee and blocks.
type Simple = (Vec<ShortChannelId>, u64, u32);

fn simple_of(route: &Route) -> Simple {
    (channels_of(route), route.fee.to_msat(), route.cltv)
}

fn channels_of(route: &Route) -> Vec<ShortChannelId> {
    route.hops.iter().map(|hop| hop.short_channel_id).collect()
}

fn assert_loopless(route: &Route) {
    let nodes: HashSet<NodeId> = route.hops.iter().map(|hop| hop.node_id).chain([route.payer]).collect();
    assert_eq!(nodes.len(), route.hops.len() + 1, "a route visits a node twice");
}

/// All simple routes of a query, by walking backwards from the payee.
struct SimpleRoutes<'a> {
    network: &'a GraphBuilder,
    query: &'a RouteQuery,
    payer: u32,
    payee: u32,
    /// Channels and nodes on the way, the payee's first.
    channels: Vec<ShortChannelId>,
    nodes: Vec<u32>,
    found: Vec<Simple>,
}

/// What a node must receive, before its inbound fee, and what it forwards of that.
#[derive(Clone, Copy)]
struct Need {
    forwarded: Msat,
    outbound: Msat,
    cltv: u32,
}

impl<'a> SimpleRoutes<'a> {
    fn all(network: &'a GraphBuilder, query: &'a RouteQuery) -> Vec<Simple> {
        let payer = network.node_place(query.payer).unwrap();
        let payee = network.node_place(query.payee).unwrap();
        let (channels, found) = (Vec::new(), Vec::new());
        let mut routes = SimpleRoutes { network, query, payer, payee, channels, nodes: vec![payee], found };
        let cltv = query.limits.final_cltv_delta;
        routes.walk(payee, Need { forwarded: query.amount, outbound: Msat::ZERO, cltv });
        routes.found
    }

    fn allows(&self, tail: u32, head: u32) -> bool {
        let last_hop = self.query.last_hop.filter(|_| head == self.payee);
        last_hop.is_none_or(|last| self.network.nodes()[tail as usize] == last)
    }

    /// What the payer can send over its channel.
    fn balance(&self, short_channel_id: ShortChannelId) -> Option<Msat> {
        let Some(channels) = &self.query.first_channels else { return Some(Msat::MAX) };
        let known = channels.iter().find(|channel| channel.short_channel_id == short_channel_id);
        known.map(|channel| channel.balance)
    }

    fn walk(&mut self, head: u32, need: Need) {
        let network = self.network;
        for channel in network.channels() {
            for direction in Direction::BOTH {
                if channel.nodes[1 - direction.as_usize()] == head {
                    self.step(channel, direction, need);
                }
            }
        }
    }

    fn step(&mut self, channel: &ChannelDraft, direction: Direction, need: Need) {
        let (tail, head) = (channel.nodes[direction.as_usize()], channel.nodes[1 - direction.as_usize()]);
        // What the payer names is open, whatever gossip says.
        let is_named = tail == self.payer
            && self.query.first_channels.is_some()
            && self.balance(channel.short_channel_id).is_some();
        let policy = channel.policies[direction.as_usize()];
        let Some(policy) = policy.filter(|policy| !policy.disabled || is_named) else { return };
        let limits = &self.query.limits;
        let is_back = self.nodes.contains(&tail) && tail != self.payer;
        let is_used = self.channels.contains(&channel.short_channel_id);
        if is_back
            || is_used
            || !self.allows(tail, head)
            || self.channels.len() as u32 >= limits.hop_count_max
        {
            return;
        }
        let inbound =
            channel.policies[1 - direction.as_usize()].map_or(InboundFee::ZERO, |policy| policy.inbound_fee);
        let inbound = if head == self.payee { InboundFee::ZERO } else { inbound };
        let mut amount = inbound.received(need.forwarded, need.outbound).unwrap();
        if self.query.may_overpay {
            amount = amount.max(policy.htlc_minimum_msat);
        }
        let largest = policy.htlc_maximum_msat.min(channel.capacity.unwrap());
        let budget = self.query.amount.saturating_add(limits.fee_limit(self.query.amount));
        if amount < policy.htlc_minimum_msat
            || amount > largest
            || amount > budget
            || need.cltv > limits.cltv_max
        {
            return;
        }
        if tail == self.payer && self.balance(channel.short_channel_id).is_none_or(|balance| amount > balance)
        {
            return;
        }
        self.channels.push(channel.short_channel_id);
        if tail == self.payer {
            let channels = self.channels.iter().rev().copied().collect();
            self.found.push((channels, amount.to_msat() - self.query.amount.to_msat(), need.cltv));
        } else {
            self.nodes.push(tail);
            let outbound = policy.fee.of(amount).unwrap();
            let cltv = need.cltv + u32::from(policy.cltv_expiry_delta.to_blocks());
            self.walk(tail, Need { forwarded: amount, outbound, cltv });
            self.nodes.pop();
        }
        self.channels.pop();
    }
}

fn small_network(rng: &mut ChaCha8Rng, inbound_percent: u32) -> GraphBuilder {
    let nodes: Vec<NodeId> = (0..7)
        .map(|at| {
            let mut bytes = [2; 33];
            bytes[32] = at;
            NodeId::from_bytes(bytes).unwrap()
        })
        .collect();
    let mut network = GraphBuilder::new();
    for &node in &nodes {
        network.add_node(node).unwrap();
    }
    for channel in 0..rng.random_range(8..14) {
        let one = rng.random_range(0..nodes.len() - 1);
        let two = rng.random_range(one + 1..nodes.len());
        let scid = ShortChannelId::from_parts(700_000 + channel, 1, 0).unwrap();
        let capacity = Msat::from_msat(rng.random_range(1_000..4_000) * 1000);
        network.add_channel(scid, nodes[one], nodes[two], Some(capacity), &Features::default()).unwrap();
        for direction in Direction::BOTH {
            network.set_policy(scid, direction, random_policy(rng, capacity, inbound_percent)).unwrap();
        }
    }
    network
}

fn random_policy(rng: &mut ChaCha8Rng, capacity: Msat, inbound_percent: u32) -> ChannelPolicy {
    let base = if rng.random_bool(0.5) { 0 } else { rng.random_range(0..3000) };
    let has_inbound = rng.random_range(0..100) < inbound_percent;
    let inbound_fee = InboundFee {
        base_msat: if has_inbound { rng.random_range(-1000..1000) } else { 0 },
        proportional_millionths: if has_inbound { rng.random_range(-3000..2000) } else { 0 },
    };
    let is_small = rng.random_bool(0.2);
    let maximum = if is_small { rng.random_range(500_000..1_100_000) } else { capacity.to_msat() };
    ChannelPolicy {
        fee: Fee { fee_base_msat: base, fee_proportional_millionths: rng.random_range(0..8000) },
        inbound_fee,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(rng.random_range(1..100)),
        htlc_minimum_msat: Msat::from_msat(if rng.random_bool(0.15) {
            rng.random_range(900_000..1_050_000)
        } else {
            1
        }),
        htlc_maximum_msat: Msat::from_msat(maximum),
        disabled: rng.random_bool(0.05),
        last_update: UnixTime::from_secs(1_700_000_000),
    }
}

fn small_query(rng: &mut ChaCha8Rng, network: &GraphBuilder) -> RouteQuery {
    let nodes = network.nodes();
    let payer = rng.random_range(0..nodes.len());
    let is_circular = rng.random_bool(0.1);
    let payee = if is_circular { payer } else { (payer + rng.random_range(1..nodes.len())) % nodes.len() };
    let mut query =
        RouteQuery::new(nodes[payer], nodes[payee], Msat::from_msat(rng.random_range(300_000..1_000_000)));
    query.cost = match rng.random_range(0..3) {
        0 => CostModel::Fee,
        1 => CostModel::Risk(RiskWeights::default()),
        _ => CostModel::Probability(ProbabilityWeights::default()),
    };
    query.may_overpay = rng.random_bool(0.5);
    if rng.random_bool(0.3) {
        query.limits.fee_max = Some(Msat::from_msat(rng.random_range(0..25_000)));
    }
    if rng.random_bool(0.3) {
        query.limits.cltv_max = rng.random_range(18..250);
    }
    if rng.random_bool(0.3) {
        query.limits.hop_count_max = rng.random_range(1..6);
    }
    if rng.random_bool(0.1) {
        query.last_hop = Some(nodes[rng.random_range(0..nodes.len())]);
    }
    if rng.random_bool(0.2) {
        let own = network.channels().iter().filter(|channel| channel.nodes.contains(&(payer as u32)));
        let first = own.map(|channel| FirstChannel {
            short_channel_id: channel.short_channel_id,
            balance: Msat::from_msat(rng.random_range(200_000..1_500_000)),
        });
        query.first_channels = Some(first.skip(1).collect());
    }
    query
}

fn larger_network() -> (Snapshot, Vec<RouteQuery>) {
    let network = generate(&SyntheticConfig::new(11, 1000), &mut |_| {}).unwrap();
    let payments = random_queries(network.nodes(), 60, 13, AmountRange::default());
    let snapshot = Snapshot::from_topology(Topology::build(network).unwrap());
    let costs = [
        CostModel::Fee,
        CostModel::Risk(RiskWeights::default()),
        CostModel::Probability(ProbabilityWeights::default()),
    ];
    let queries = payments.into_iter().zip(costs.into_iter().cycle());
    (
        snapshot,
        queries
            .map(|((payer, payee, amount), cost)| RouteQuery::new(payer, payee, amount).with_cost(cost))
            .collect(),
    )
}

const GRAPH_COUNT: u64 = 3000;
