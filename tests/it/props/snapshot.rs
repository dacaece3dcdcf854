//! Whatever deltas come, in whatever order they are published and merged, the snapshot holds what a builder collects
//! that is told the same.

use std::collections::{HashMap, HashSet};

use engine::graph::{BuildError, GraphBuilder, Topology};
use engine::snapshot::{ApplyError, ChannelGraph, GraphWriter, Snapshot};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, UnixTime,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection::vec, option, prop_assert, prop_assert_eq, test_runner::TestCaseError};

#[derive(Debug, Clone)]
enum Step {
    Apply(GraphDelta),
    Publish,
    BeginMerge,
    FinishMerge,
}

fn node() -> impl Strategy<Value = NodeId> {
    (2u8..4, 0u8..12).prop_map(|(prefix, n)| {
        let mut bytes = [n; 33];
        bytes[0] = prefix;
        NodeId::from_bytes(bytes).expect("prefix 2 or 3")
    })
}

fn scid() -> impl Strategy<Value = ShortChannelId> {
    (0u64..30).prop_map(ShortChannelId::from_u64)
}

fn features() -> impl Strategy<Value = Features> {
    vec(0usize..20, 0..3).prop_map(Features::from_bits)
}

fn direction() -> impl Strategy<Value = Direction> {
    any::<bool>().prop_map(|forwards| Direction::BOTH[usize::from(forwards)])
}

fn htlc_amount() -> impl Strategy<Value = Msat> {
    prop_oneof![0u64..5_000_000, (0u64..5_000_000).prop_map(|sat| sat * 1000), any::<u64>()]
        .prop_map(Msat::from_msat)
}

fn policy() -> impl Strategy<Value = ChannelPolicy> {
    let inbound = option::weighted(0.1, (any::<i32>(), any::<i32>()));
    (any::<(u32, u32, u16, bool, u32)>(), inbound, htlc_amount(), htlc_amount()).prop_map(
        |((base, ppm, cltv, disabled, time), inbound, minimum, maximum)| {
            let (base_msat, proportional_millionths) = inbound.unwrap_or_default();
            ChannelPolicy {
                fee: Fee { fee_base_msat: base, fee_proportional_millionths: ppm },
                inbound_fee: InboundFee { base_msat, proportional_millionths },
                cltv_expiry_delta: CltvExpiryDelta::from_blocks(cltv),
                htlc_minimum_msat: minimum,
                htlc_maximum_msat: maximum,
                disabled,
                last_update: UnixTime::from_secs(time),
            }
        },
    )
}

pub(super) fn delta() -> impl Strategy<Value = GraphDelta> {
    let capacity = option::of((0u64..3_000_000_000_000).prop_map(|sat| Msat::from_msat(sat * 1000)));
    let opened = (scid(), node(), node(), capacity, features()).prop_map(
        |(short_channel_id, node_id_1, node_id_2, capacity, features)| GraphDelta::ChannelOpened {
            short_channel_id,
            node_id_1,
            node_id_2,
            capacity,
            features,
        },
    );
    let closed = scid().prop_map(|short_channel_id| GraphDelta::ChannelClosed { short_channel_id });
    let updated = (scid(), direction(), policy()).prop_map(|(short_channel_id, direction, policy)| {
        GraphDelta::PolicyUpdated { short_channel_id, direction, policy }
    });
    let seen =
        (node(), features()).prop_map(|(node_id, features)| GraphDelta::NodeSeen { node_id, features });
    prop_oneof![4 => opened, 1 => closed, 5 => updated, 1 => seen]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => delta().prop_map(Step::Apply),
        2 => Just(Step::Publish),
        1 => Just(Step::BeginMerge),
        1 => Just(Step::FinishMerge),
    ]
}

/// The same refusal in the words of the builder.
fn as_build_error(error: ApplyError) -> BuildError {
    match error {
        ApplyError::UnknownChannel { short_channel_id } => BuildError::UnknownChannel { short_channel_id },
        ApplyError::DuplicateChannel { short_channel_id } => {
            BuildError::DuplicateChannel { short_channel_id }
        }
        ApplyError::NodesOutOfOrder { short_channel_id } => BuildError::NodesOutOfOrder { short_channel_id },
        other => panic!("a small graph has room: {other}"),
    }
}

fn channels_are_those_of(snapshot: &Snapshot, model: &GraphBuilder) -> Result<(), TestCaseError> {
    prop_assert_eq!(snapshot.channels().count(), model.channels().len());
    for draft in model.channels() {
        let channel = snapshot.channel(draft.short_channel_id);
        prop_assert!(channel.is_some(), "{} is missing", draft.short_channel_id);
        let channel = channel.expect("checked above");
        prop_assert_eq!(snapshot.short_channel_id(channel), draft.short_channel_id);
        prop_assert_eq!(snapshot.capacity(channel), draft.capacity);
        let features = &model.feature_sets()[usize::from(draft.features)];
        prop_assert_eq!(snapshot.channel_features(channel), features);
        for direction in Direction::BOTH {
            let arc = channel.arc(direction);
            prop_assert_eq!(snapshot.policy(arc), draft.policies[direction.as_usize()]);
            let tail = model.nodes()[draft.nodes[direction.as_usize()] as usize];
            prop_assert_eq!(snapshot.node_id(snapshot.tail(arc)), tail);
            prop_assert_eq!(snapshot.node(&tail), Some(snapshot.tail(arc)));
            prop_assert_eq!(snapshot.tail(arc), snapshot.head(arc.reversed()));
        }
    }
    Ok(())
}

fn announcements_are_those_of(
    snapshot: &Snapshot,
    announced: &HashMap<NodeId, Features>,
) -> Result<(), TestCaseError> {
    for (node_id, features) in announced {
        let node = snapshot.node(node_id);
        prop_assert!(node.is_some(), "{node_id} is missing");
        prop_assert_eq!(snapshot.node_features(node.expect("checked above")), Some(features));
    }
    Ok(())
}

/// The nodes that a channel names.
fn joined(model: &GraphBuilder) -> HashSet<NodeId> {
    let ends = model.channels().iter().flat_map(|channel| channel.nodes);
    ends.map(|place| model.nodes()[place as usize]).collect()
}

fn started(first: &[GraphDelta]) -> (ChannelGraph, GraphWriter, GraphBuilder) {
    let (mut model, mut copy) = (GraphBuilder::new(), GraphBuilder::new());
    for delta in first {
        assert_eq!(model.apply(delta), copy.apply(delta));
    }
    let (graph, writer) = ChannelGraph::new(Topology::build(copy).expect("a small graph has room"));
    (graph, writer, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_snapshot_holds_what_was_told(first in vec(delta(), 0..60), steps in vec(step(), 0..150)) {
        let (graph, mut writer, mut model) = started(&first);
        let mut announced = HashMap::new();
        let mut version = 0;
        for step in &steps {
            match step {
                Step::Apply(delta) => {
                    prop_assert_eq!(writer.apply(delta).map_err(as_build_error), model.apply(delta));
                    if let GraphDelta::NodeSeen { node_id, features } = delta {
                        announced.insert(*node_id, features.clone());
                    }
                    // What a node without a channel has announced may be forgotten.
                    let joined = joined(&model);
                    announced.retain(|node_id, _| joined.contains(node_id));
                }
                Step::BeginMerge => writer.begin_merge(),
                Step::Publish => {
                    writer.publish();
                    channels_are_those_of(&graph.snapshot(), &model)?;
                }
                Step::FinishMerge => writer.finish_merge(),
            }
            prop_assert!(graph.snapshot().version() >= version);
            version = graph.snapshot().version();
        }
        writer.publish();
        channels_are_those_of(&graph.snapshot(), &model)?;
        writer.finish_merge();
        channels_are_those_of(&graph.snapshot(), &model)?;
        writer.begin_merge();
        writer.finish_merge();
        let snapshot = graph.snapshot();
        prop_assert_eq!(snapshot.topology().channel_count(), model.channels().len());
        channels_are_those_of(&snapshot, &model)?;
        announcements_are_those_of(&snapshot, &announced)?;
        writer.begin_merge();
        writer.finish_merge();
        let snapshot = graph.snapshot();
        prop_assert_eq!(snapshot.node_count(), joined(&model).len());
        channels_are_those_of(&snapshot, &model)?;
        announcements_are_those_of(&snapshot, &announced)?;
        channels_are_those_of(&Snapshot::from_topology(
            Topology::build(snapshot.topology().to_builder()).expect("as large as before"),
        ), &model)?;
    }
}
