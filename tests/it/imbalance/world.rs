//! Small graphs with balances and schedules in plain numbers. Direction 0 of a channel leaves its first end.

use std::sync::Arc;

use engine::graph::{GraphBuilder, Topology};
use engine::imbalance::{DiversePaths, FeeSchedule, FeeTerms, ImbalanceTable, PenaltyPoint};
use engine::snapshot::{ChannelGraph, Snapshot};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, GraphDelta, Msat, ShortChannelId, ShortChannelIdDir,
    UnixTime,
};
pub(super) use tests::network::node as node_id;

/// A channel.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// The lesser node first.
    pub(super) ends: [u32; 2],
    /// What each end owns.
    pub(super) balances: [u64; 2],
    /// What each end charges.
    pub(super) terms: [FeeTerms; 2],
    /// The least and the largest HTLC of each direction, `None` where it is disabled.
    pub(super) limits: [Option<(u64, u64)>; 2],
    /// Whether it opened after the graph was built.
    pub(super) is_late: bool,
}

impl Channel {
    /// Free, and open to all amounts.
    pub(super) fn new(ends: [u32; 2], balances: [u64; 2]) -> Self {
        let limits = [Some((0, 1 << 60)); 2];
        Channel { ends, balances, terms: Default::default(), limits, is_late: false }
    }

    pub(super) fn capacity(&self) -> u64 {
        self.balances[0] + self.balances[1]
    }
}

pub(super) fn scid(place: usize) -> ShortChannelId {
    ShortChannelId::from_u64(place as u64 + 1)
}

pub(super) fn arc(place: usize, direction: Direction) -> ShortChannelIdDir {
    ShortChannelIdDir { short_channel_id: scid(place), direction }
}

pub(super) fn terms(flat: u64, proportional_millionths: u32, points: &[(u64, i64)]) -> FeeTerms {
    let point = |&(balance, penalty_msat)| PenaltyPoint { balance: Msat::from_msat(balance), penalty_msat };
    FeeTerms {
        flat: Msat::from_msat(flat),
        proportional_millionths,
        imbalance_penalty: points.iter().map(point).collect(),
        cap_fees: false,
    }
}

pub(super) fn table(channels: &[Channel]) -> ImbalanceTable {
    let mut table = ImbalanceTable::new(snapshot(channels));
    for (place, channel) in channels.iter().enumerate() {
        table.set_balances(scid(place), channel.balances.map(Msat::from_msat)).unwrap();
        for direction in Direction::BOTH {
            let schedule = FeeSchedule::new(&channel.terms[direction.as_usize()]).unwrap();
            table.set_schedule(arc(place, direction), Arc::new(schedule)).unwrap();
        }
    }
    table
}

fn snapshot(channels: &[Channel]) -> Arc<Snapshot> {
    let mut builder = GraphBuilder::new();
    let deltas = |is_late: bool| {
        let places = channels.iter().enumerate().filter(move |(_, channel)| channel.is_late == is_late);
        places.flat_map(|(place, channel)| deltas(place, channel))
    };
    deltas(false).for_each(|delta| builder.apply(&delta).unwrap());
    let (graph, mut writer) = ChannelGraph::new(Topology::build(builder).unwrap());
    deltas(true).for_each(|delta| {
        writer.apply(&delta).unwrap();
    });
    writer.publish();
    graph.snapshot()
}

fn deltas(place: usize, channel: &Channel) -> Vec<GraphDelta> {
    let [node_id_1, node_id_2] = channel.ends.map(node_id);
    let short_channel_id = scid(place);
    let features = Features::default();
    let mut deltas =
        vec![GraphDelta::ChannelOpened { short_channel_id, node_id_1, node_id_2, capacity: None, features }];
    for direction in Direction::BOTH {
        let limits = channel.limits[direction.as_usize()];
        let (minimum, maximum) = limits.unwrap_or((0, 1 << 60));
        let policy = ChannelPolicy {
            fee: Default::default(),
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
            htlc_minimum_msat: Msat::from_msat(minimum),
            htlc_maximum_msat: Msat::from_msat(maximum),
            disabled: limits.is_none(),
            last_update: UnixTime::from_secs(1),
        };
        deltas.push(GraphDelta::PolicyUpdated { short_channel_id, direction, policy });
    }
    deltas
}

/// Each path's channels by place and direction.
pub(super) fn arcs_of(found: &DiversePaths) -> Vec<Vec<(usize, usize)>> {
    let arc = |hop: &engine::imbalance::FeePathHop| {
        (hop.channel.short_channel_id.to_u64() as usize - 1, hop.channel.direction.as_usize())
    };
    found.paths.iter().map(|path| path.hops.iter().map(arc).collect()).collect()
}
