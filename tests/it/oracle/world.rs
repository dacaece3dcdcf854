//! A small graph, how it came about, and a payment over it.
//!
//! Nodes are small numbers. A channel's direction 0 leaves its lesser node.

use std::fmt;
use std::sync::Arc;

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::{Avoid, ExtraArc, FirstChannel, RouteLimits, RouteQuery};
use engine::snapshot::{ChannelGraph, Snapshot};
use engine::stop::Stop;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, ShortChannelIdDir, UnixTime,
};

use super::changes::Changes;

/// A direction's policy in plain numbers; amounts in msat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) base: u32,
    pub(super) ppm: u32,
    pub(super) inbound: (i32, i32),
    pub(super) cltv: u16,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) disabled: bool,
}

/// How a channel came into the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was there when the generation was built.
    Built,
    /// The same with other policies, which were replaced in place.
    Changed([Policy; 2]),
    /// It opened later and lies in the overlay.
    Opened,
    /// It closed later, in place.
    Closed,
}

/// A channel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) ends: [u8; 2],
    pub(super) capacity_sat: Option<u64>,
    pub(super) policies: [Option<Policy>; 2],
    pub(super) origin: Origin,
}

/// An arc that only the query knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) scid: ShortChannelId,
    pub(super) tail: u8,
    pub(super) head: u8,
    pub(super) capacity_sat: Option<u64>,
    pub(super) policy: Policy,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Payment {
    pub(super) payer: u8,
    pub(super) payee: u8,
    pub(super) amount: u64,
    pub(super) cost: CostModel,
    pub(super) limits: RouteLimits,
    pub(super) avoided_nodes: Vec<u8>,
    /// Places of channels.
    pub(super) avoided_channels: Vec<usize>,
    pub(super) avoided_directions: Vec<(usize, usize)>,
    /// Balances of the payer's channels, by the place of the channel.
    pub(super) first: Option<Vec<(usize, u64)>>,
    pub(super) last_hop: Option<u8>,
    pub(super) ignore_inbound_fees: bool,
    pub(super) headroom_millionths: u32,
    pub(super) may_overpay: bool,
    pub(super) tolerance: u64,
    pub(super) work_max: u64,
}

/// All of it.
#[derive(Clone, PartialEq)]
pub(super) struct World {
    pub(super) channels: Vec<Channel>,
    pub(super) extra: Vec<Extra>,
    /// What the query's layers say and what is in flight.
    pub(super) changes: Changes,
    pub(super) payment: Payment,
}

/// The id of a node.
pub(super) fn node_id(node: u8) -> NodeId {
    let mut bytes = [node; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).expect("prefix 2")
}

/// The name of the channel at a place.
pub(super) fn scid(place: usize) -> ShortChannelId {
    ShortChannelId::from_u64(place as u64 + 1)
}

/// The name of an extra arc at a place.
pub(super) fn extra_scid(place: usize) -> ShortChannelId {
    ShortChannelId::from_u64(place as u64 + 1_000_001)
}

impl Policy {
    /// Free, and open to any amount.
    pub(super) const FREE: Policy = Policy {
        base: 0,
        ppm: 0,
        inbound: (0, 0),
        cltv: 0,
        min: 0,
        max: 1_000_000_000_000_000,
        disabled: false,
    };

    /// Free but for a base fee.
    pub(super) const fn base(base: u32) -> Policy {
        Policy { base, ..Policy::FREE }
    }

    pub(super) fn to_policy(self) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee { fee_base_msat: self.base, fee_proportional_millionths: self.ppm },
            inbound_fee: InboundFee { base_msat: self.inbound.0, proportional_millionths: self.inbound.1 },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(self.cltv),
            htlc_minimum_msat: Msat::from_msat(self.min),
            htlc_maximum_msat: Msat::from_msat(self.max),
            disabled: self.disabled,
            last_update: UnixTime::from_secs(1),
        }
    }
}

impl Channel {
    /// A channel with these policies that was always there.
    pub(super) fn new(ends: [u8; 2], policies: [Option<Policy>; 2]) -> Self {
        Channel { ends, capacity_sat: None, policies, origin: Origin::Built }
    }

    /// The capacity in msat; where it is unknown, the most that its policies let through.
    pub(super) fn whole(&self) -> u64 {
        let most = self.policies.iter().flatten().map(|policy| policy.max).max();
        self.capacity_sat.map_or(most.unwrap_or(0), |sat| sat * 1000)
    }

    fn opening(&self, place: usize) -> [GraphDelta; 1] {
        [GraphDelta::ChannelOpened {
            short_channel_id: scid(place),
            node_id_1: node_id(self.ends[0]),
            node_id_2: node_id(self.ends[1]),
            capacity: self.capacity_sat.map(Msat::from_sat).map(|msat| msat.expect("few sats")),
            features: Features::default(),
        }]
    }

    fn updates(place: usize, policies: [Option<Policy>; 2]) -> impl Iterator<Item = GraphDelta> {
        Direction::BOTH.into_iter().filter_map(move |direction| {
            let policy = policies[direction.as_usize()]?.to_policy();
            Some(GraphDelta::PolicyUpdated { short_channel_id: scid(place), direction, policy })
        })
    }
}

impl World {
    /// A payment of `amount` from the first node to the last over channels that were always there.
    pub(super) fn new(channels: Vec<Channel>, payer: u8, payee: u8, amount: u64) -> Self {
        let payment = Payment {
            payer,
            payee,
            amount,
            cost: CostModel::Fee,
            limits: RouteLimits::default(),
            avoided_nodes: Vec::new(),
            avoided_channels: Vec::new(),
            avoided_directions: Vec::new(),
            first: None,
            last_hop: None,
            ignore_inbound_fees: false,
            headroom_millionths: 0,
            may_overpay: false,
            tolerance: 0,
            work_max: 2_000_000,
        };
        World { channels, extra: Vec::new(), changes: Changes::default(), payment }
    }

    /// The snapshot after everything that happened to the graph.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        let (mut builder, mut later) = (GraphBuilder::new(), Vec::new());
        for (place, channel) in self.channels.iter().enumerate() {
            let former = match channel.origin {
                Origin::Opened => {
                    later.extend(channel.opening(place));
                    later.extend(Channel::updates(place, channel.policies));
                    continue;
                }
                Origin::Built => channel.policies,
                Origin::Changed(former) => {
                    later.extend(Channel::updates(place, channel.policies));
                    // What was told once is never forgotten.
                    [0, 1].map(|at| channel.policies[at].map(|_| former[at]))
                }
                Origin::Closed => {
                    later.push(GraphDelta::ChannelClosed { short_channel_id: scid(place) });
                    channel.policies
                }
            };
            for delta in channel.opening(place).into_iter().chain(Channel::updates(place, former)) {
                builder.apply(&delta).expect("a sound graph");
            }
        }
        let (graph, mut writer) = ChannelGraph::new(Topology::build(builder).expect("room"));
        for delta in &later {
            writer.apply(delta).expect("a sound change");
        }
        writer.publish();
        graph.snapshot()
    }

    /// The query in the engine's words.
    pub(super) fn query(&self) -> RouteQuery {
        self.query_on(&self.snapshot())
    }

    /// The same, with beliefs that are numbered like `snapshot` unless they are another generation's.
    pub(super) fn query_on(&self, snapshot: &Snapshot) -> RouteQuery {
        let wholes: Vec<u64> = self.channels.iter().map(Channel::whole).collect();
        let is_foreign = self.changes.believed.as_ref().is_some_and(|draft| draft.is_foreign);
        let beliefs = if is_foreign {
            self.changes.beliefs(&self.snapshot(), &wholes)
        } else {
            self.changes.beliefs(snapshot, &wholes)
        };
        let payment = &self.payment;
        let direction = |&(place, at): &(usize, usize)| ShortChannelIdDir {
            short_channel_id: scid(place),
            direction: Direction::BOTH[at],
        };
        let first = |&(place, balance): &(usize, u64)| FirstChannel {
            short_channel_id: scid(place),
            balance: Msat::from_msat(balance),
        };
        RouteQuery {
            payer: node_id(payment.payer),
            payee: node_id(payment.payee),
            amount: Msat::from_msat(payment.amount),
            cost: payment.cost,
            limits: payment.limits,
            avoid: Avoid {
                nodes: payment.avoided_nodes.iter().map(|&node| node_id(node)).collect(),
                channels: payment.avoided_channels.iter().map(|&place| scid(place)).collect(),
                directions: payment.avoided_directions.iter().map(direction).collect(),
            },
            first_channels: payment.first.as_ref().map(|channels| channels.iter().map(first).collect()),
            last_hop: payment.last_hop.map(node_id),
            extra_arcs: self.extra.iter().map(|extra| extra.to_arc()).collect(),
            layers: self.changes.stack(),
            reservations: self.changes.reservations(),
            beliefs,
            ignore_inbound_fees: payment.ignore_inbound_fees,
            headroom_millionths: payment.headroom_millionths,
            may_overpay: payment.may_overpay,
            tolerance: Msat::from_msat(payment.tolerance),
            work_max: payment.work_max,
            stop: Stop::default(),
        }
    }
}

impl Extra {
    fn to_arc(self) -> ExtraArc {
        ExtraArc {
            short_channel_id: self.scid,
            tail: node_id(self.tail),
            head: node_id(self.head),
            policy: self.policy.to_policy(),
            capacity: self.capacity_sat.map(|sat| Msat::from_sat(sat).expect("few sats")),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}ppm", self.base, self.ppm)?;
        if self.inbound != (0, 0) {
            write!(f, " in {}+{}ppm", self.inbound.0, self.inbound.1)?;
        }
        write!(f, " cltv {} htlc {}..={}", self.cltv, self.min, self.max)?;
        if self.disabled { write!(f, " disabled") } else { Ok(()) }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Channel { ends: [one, two], capacity_sat, policies, origin } = self;
        write!(f, "{one} - {two}, capacity {capacity_sat:?} sat, {origin:?}")?;
        for (policy, (tail, head)) in policies.iter().zip([(one, two), (two, one)]) {
            if let Some(policy) = policy {
                write!(f, "\n    {tail} -> {head}: {policy:?}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Extra { scid, tail, head, capacity_sat, policy } = self;
        write!(f, "{scid}, {tail} -> {head}: {policy:?}, capacity {capacity_sat:?} sat")
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, channel) in self.channels.iter().enumerate() {
            write!(f, "\n  channel {place}: {channel:?}")?;
        }
        for (place, extra) in self.extra.iter().enumerate() {
            write!(f, "\n  extra {place}: {extra:?}")?;
        }
        write!(f, "\n  {:?}\n  {:?}\n", self.changes, self.payment)
    }
}
