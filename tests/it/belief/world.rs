//! Small graphs whose channels have a capacity and nothing else.

use engine::graph::{ChannelIdx, GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use primitives::{Direction, Features, Msat, NodeId, ShortChannelId, UnixTime};

/// Nodes that channels join at random.
const NODE_COUNT: usize = 6;

pub(super) fn node(place: u8) -> NodeId {
    let mut bytes = [place; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).expect("prefix 2")
}

/// A snapshot with one channel for each name and capacity in msat, which is of whole satoshi. Channel `i` of a list of rising names has index `i`.
pub(super) fn snapshot(channels: &[(u64, u64)]) -> Snapshot {
    let mut builder = GraphBuilder::new();
    for (place, &(name, capacity)) in channels.iter().enumerate() {
        let first = place % (NODE_COUNT - 1);
        let second = first + 1 + place % (NODE_COUNT - 1 - first);
        builder
            .add_channel(
                ShortChannelId::from_u64(name),
                node(first as u8),
                node(second as u8),
                Some(Msat::from_msat(capacity)),
                &Features::default(),
            )
            .expect("a new channel between nodes in order");
    }
    Snapshot::from_topology(Topology::build(builder).expect("a small graph"))
}

pub(super) fn channel(place: usize) -> ChannelIdx {
    ChannelIdx::from_u32(place as u32)
}

pub(super) fn direction(forwards: bool) -> Direction {
    if forwards { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne }
}

pub(super) fn msat(msat: u64) -> Msat {
    Msat::from_msat(msat)
}

pub(super) fn at(secs: u32) -> UnixTime {
    UnixTime::from_secs(secs)
}
