//! Layers as Core Lightning's users know them: how entries combine, what a document holds, what a reader sees.

use std::sync::Arc;

use engine::graph::{GraphBuilder, Topology};
use engine::layer::{
    BiasStep, Bound, Constraint, Inform, LAYER_DESCRIPTION_SIZE_MAX, LAYER_NAME_SIZE_MAX, Layer, LayerError,
    LayerStack, LayerWriter, PolicyChange, Side, read_layers, write_layers,
};
use engine::query::RouteQuery;
use engine::reserve::ReservationBook;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::ChannelGraph;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, Msat, NodeId, ShortChannelId,
    ShortChannelIdDir, UnixTime,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::{collection::vec, option};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_738_000_000);

fn node(name: u8) -> NodeId {
    let mut bytes = [name; 33];
    bytes[0] = 2;
    NodeId::from_bytes(bytes).unwrap()
}

fn direction(text: &str) -> ShortChannelIdDir {
    text.parse().unwrap()
}

fn layer() -> Layer {
    Layer::new("mine", false).unwrap()
}

/// Two ways from node 1 to node 3: over node 2 (channels 1, 2) for `fee` msat, straight over channel 3 for nothing.
fn deltas(fee: u32) -> Vec<GraphDelta> {
    let mut deltas = Vec::new();
    for (scid, one, two) in [(1, 1, 2), (2, 2, 3), (3, 1, 3)] {
        let short_channel_id = ShortChannelId::from_u64(scid);
        deltas.push(GraphDelta::ChannelOpened {
            short_channel_id,
            node_id_1: node(one),
            node_id_2: node(two),
            capacity: Msat::from_sat(1_000_000),
            features: Features::default(),
        });
        deltas.push(update(scid, fee));
    }
    deltas
}

fn update(scid: u64, fee: u32) -> GraphDelta {
    GraphDelta::PolicyUpdated {
        short_channel_id: ShortChannelId::from_u64(scid),
        direction: Direction::NodeOneToTwo,
        policy: ChannelPolicy {
            fee: Fee { fee_base_msat: fee, fee_proportional_millionths: 0 },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::from_sat(1_000_000).unwrap(),
            disabled: false,
            last_update: UnixTime::from_secs(1),
        },
    }
}

fn bound(timestamp: u32, msat: u64) -> Bound {
    Bound { amount: Msat::from_msat(msat), timestamp: UnixTime::from_secs(timestamp) }
}

fn query(sat: u64) -> RouteQuery {
    RouteQuery::new(node(1), node(3), Msat::from_sat(sat).unwrap())
}

#[test]
fn a_policy_that_gossip_changes_shows_through_where_a_layer_is_silent() {
    let mut builder = GraphBuilder::new();
    deltas(1000).iter().for_each(|delta| builder.apply(delta).unwrap());
    let (graph, mut writer) = ChannelGraph::new(Topology::build(builder).unwrap());
    let mut layer = layer();
    let silent_on_base = PolicyChange { fee_proportional_millionths: Some(10), ..PolicyChange::default() };
    layer.update_channel(direction("0x0x2/0"), silent_on_base).unwrap();
    layer.disable_channel(direction("0x0x3/0")).unwrap();
    let query = RouteQuery { layers: Some(LayerStack::new(vec![Arc::new(layer)])), ..query(1000) };
    let mut space = RouteWorkspace::default();
    let fee = |space: &mut RouteWorkspace| route(&graph.snapshot(), &query, space).unwrap().fee.to_msat();
    assert_eq!(fee(&mut space), 1000 + 10);
    writer.apply(&update(2, 7)).unwrap();
    assert_eq!(fee(&mut space), 7 + 10);
    writer.apply(&update(3, 0)).unwrap();
    assert_eq!(fee(&mut space), 7 + 10, "disabled whatever gossip says");
}

#[test]
fn a_name_that_the_graph_learns_later_counts_from_then_on() {
    let mut builder = GraphBuilder::new();
    let all = deltas(1000);
    all[..4].iter().for_each(|delta| builder.apply(delta).unwrap());
    let (graph, mut writer) = ChannelGraph::new(Topology::build(builder).unwrap());
    let mut layer = layer();
    layer.disable_channel(direction("0x0x3/0")).unwrap();
    let plain = query(1000);
    let query = RouteQuery { layers: Some(LayerStack::new(vec![Arc::new(layer)])), ..plain.clone() };
    let mut space = RouteWorkspace::default();
    assert_eq!(route(&graph.snapshot(), &query, &mut space).unwrap().hops.len(), 2);
    all[4..].iter().for_each(|delta| writer.apply(delta).unwrap());
    writer.publish();
    assert_eq!(route(&graph.snapshot(), &plain, &mut space).unwrap().hops.len(), 1);
    assert_eq!(route(&graph.snapshot(), &query, &mut space).unwrap().hops.len(), 2);
    writer.begin_merge();
    writer.finish_merge();
    assert_eq!(route(&graph.snapshot(), &plain, &mut space).unwrap().hops.len(), 1);
    assert_eq!(route(&graph.snapshot(), &query, &mut space).unwrap().hops.len(), 2);
}

#[test]
fn routes_that_are_reserved_are_left_alone_until_they_are_released() {
    let mut builder = GraphBuilder::new();
    deltas(1000).iter().for_each(|delta| builder.apply(delta).unwrap());
    let (graph, _writer) = ChannelGraph::new(Topology::build(builder).unwrap());
    let (reservations, mut book) = ReservationBook::new();
    let query = RouteQuery { reservations: Some(reservations), ..query(600_000) };
    let mut space = RouteWorkspace::default();
    let snapshot = graph.snapshot();
    let first = route(&snapshot, &query, &mut space).unwrap();
    assert_eq!(first.hops.len(), 1);
    let first_id = book.reserve(&first.htlcs(), NOW).unwrap();
    let second = route(&snapshot, &query, &mut space).unwrap();
    assert_eq!(second.hops.len(), 2);
    let second_id = book.reserve(&second.htlcs(), NOW).unwrap();
    let error = route(&snapshot, &query, &mut space).unwrap_err();
    assert!(matches!(error, RouteError::NoRoute(_)), "{error}");
    book.unreserve(second_id).unwrap();
    assert_eq!(route(&snapshot, &query, &mut space).unwrap(), second);
    book.unreserve(first_id).unwrap();
    assert_eq!(route(&snapshot, &query, &mut space).unwrap().hops, first.hops);
}

#[test]
fn what_attempts_teach_adds_up() {
    let (mut layer, there, back) = (layer(), direction("1x2x3/0"), direction("1x2x3/1"));
    let msat = Msat::from_msat;
    let mut inform = |amount, inform| {
        layer.inform_channel(there, msat(amount), inform, NOW).unwrap();
        let known = |direction| layer.constraints().get(direction);
        let there =
            known(&there).map(|known| (known.minimum.amount.to_msat(), known.maximum.amount.to_msat()));
        (there.unwrap_or((0, u64::MAX)), known(&back).map(|known| known.minimum.amount.to_msat()))
    };
    assert_eq!(inform(100, Inform::Unconstrained), ((100, u64::MAX), None));
    assert_eq!(inform(501, Inform::Constrained), ((100, 500), None));
    assert_eq!(inform(50, Inform::Unconstrained), ((100, 500), None), "less is no news");
    assert_eq!(inform(200, Inform::Succeeded), ((0, 300), Some(200)));
    assert_eq!(inform(400, Inform::Unconstrained), ((400, 400), Some(200)), "the later attempt is right");
    assert_eq!(inform(10, Inform::Constrained), ((9, 9), Some(200)));
    assert_eq!(inform(0, Inform::Constrained), ((0, 0), Some(200)));
}

#[test]
fn old_knowledge_is_forgotten() {
    let mut layer = layer();
    let at = UnixTime::from_secs;
    for (scid, time) in [("1x1x1/0", 10), ("1x1x2/0", 20), ("1x1x3/0", 30)] {
        layer.inform_channel(direction(scid), Msat::from_msat(5), Inform::Constrained, at(time)).unwrap();
        layer.bias_channel(direction(scid), BiasStep::To(3), None, at(time)).unwrap();
    }
    layer.bias_node(node(1), Side::In, BiasStep::To(3), None, at(5)).unwrap();
    assert_eq!(layer.age(at(20)), 3);
    assert_eq!(layer.age(at(20)), 0, "those of the cutoff itself stay");
    assert_eq!((layer.constraints().len(), layer.biases().len(), layer.node_biases().len()), (2, 2, 0));
}

#[test]
fn an_old_maximum_is_forgotten_though_less_passed_since() {
    let (mut layer, channel, at) = (layer(), direction("1x1x1/0"), UnixTime::from_secs);
    layer.inform_channel(channel, Msat::from_msat(501), Inform::Constrained, at(10)).unwrap();
    layer.inform_channel(channel, Msat::from_msat(300), Inform::Unconstrained, at(20)).unwrap();
    let listed = listed_constraints(&layer);
    assert_eq!(
        listed,
        [
            json!({"short_channel_id_dir": "1x1x1/0", "timestamp": 20, "minimum_msat": 300}),
            json!({"short_channel_id_dir": "1x1x1/0", "timestamp": 10, "maximum_msat": 500}),
        ]
    );
    let mut read = read_back(std::slice::from_ref(&layer)).remove(0);
    assert_eq!(read, layer);
    for layer in [&mut layer, &mut read] {
        assert_eq!(layer.age(at(15)), 1);
        assert_eq!(listed_constraints(layer), listed[..1]);
        assert_eq!(layer.age(at(15)), 0);
        assert_eq!(layer.age(at(21)), 1);
        assert!(layer.constraints().is_empty());
    }
}

#[test]
fn an_entry_with_both_bounds_counts_for_two() {
    let entry =
        json!({"short_channel_id_dir": "1x1x1/0", "timestamp": 10, "minimum_msat": 3, "maximum_msat": 5});
    let mut layer = read_constraints(&[entry]);
    let known = layer.constraints()[&direction("1x1x1/0")];
    assert_eq!(known, Constraint { minimum: bound(10, 3), maximum: bound(10, 5) });
    assert_eq!(layer.age(UnixTime::from_secs(11)), 2);
}

#[test]
fn all_constraints_of_a_direction_apply_in_any_order() {
    let entries = [(1, "minimum_msat", 100), (2, "maximum_msat", 600), (3, "minimum_msat", 300), (4, "maximum_msat", 500)]
        .map(|(timestamp, field, msat)| {
            json!({"short_channel_id_dir": "1x1x1/0", "timestamp": timestamp, field: msat})
        });
    let again = json!({"short_channel_id_dir": "1x1x1/0", "timestamp": 9, "maximum_msat": 500});
    for order in orders(&[&entries[..], &[again]].concat()) {
        let layer = read_constraints(&order);
        let known = layer.constraints()[&direction("1x1x1/0")];
        assert_eq!(known, Constraint { minimum: bound(3, 300), maximum: bound(9, 500) }, "{order:?}");
    }
}

#[test]
fn where_constraints_contradict_each_other_the_maximum_counts() {
    let mut builder = GraphBuilder::new();
    deltas(1000).iter().for_each(|delta| builder.apply(delta).unwrap());
    let (graph, _writer) = ChannelGraph::new(Topology::build(builder).unwrap());
    let entries = [(5, "maximum_msat", 500_000), (10, "minimum_msat", 900_000), (20, "minimum_msat", 700_000)].map(
        |(timestamp, field, msat)| {
            json!({"short_channel_id_dir": "0x0x3/0", "timestamp": timestamp, field: msat})
        },
    );
    let hop_count = |layer: &Layer| {
        let stack = LayerStack::new(vec![Arc::new(layer.clone())]);
        let query = RouteQuery { layers: Some(stack), ..query(600) };
        route(&graph.snapshot(), &query, &mut RouteWorkspace::default()).unwrap().hops.len()
    };
    for order in orders(&entries) {
        let mut layer = read_constraints(&order);
        assert_eq!(read_back(std::slice::from_ref(&layer)), [layer.clone()]);
        assert_eq!(hop_count(&layer), 2, "{order:?}");
        // What the maximum hid is there when that is forgotten.
        assert_eq!(layer.age(UnixTime::from_secs(6)), 1);
        let known = layer.constraints()[&direction("0x0x3/0")];
        assert_eq!((known.known_minimum(), known.known_maximum()), (Some(bound(10, 900_000)), None));
        assert_eq!(hop_count(&layer), 1, "{order:?}");
    }
}

fn read_constraints(entries: &[Value]) -> Layer {
    let document = json!({"layers": [{"layer": "a", "constraints": entries}]});
    read_layers(document.to_string().as_bytes()).unwrap().remove(0)
}

fn listed_constraints(layer: &Layer) -> Vec<Value> {
    let mut bytes = Vec::new();
    write_layers([layer], &mut bytes).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    document["layers"][0]["constraints"].as_array().unwrap().clone()
}

/// All orders of some values.
fn orders(values: &[Value]) -> Vec<Vec<Value>> {
    if values.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = values.to_vec();
        let first = rest.remove(at);
        orders(&rest).into_iter().map(move |rest| [std::slice::from_ref(&first), &rest[..]].concat())
    };
    (0..values.len()).flat_map(first).collect()
}

#[test]
fn edits_that_make_no_sense_are_refused() {
    let mut layer = layer();
    let (capacity, scid) = (Msat::from_msat(1000), ShortChannelId::from_u64(1));
    assert_eq!(layer.create_channel([node(1); 2], scid, capacity), Err(LayerError::SameNode));
    layer.create_channel([node(2), node(1)], scid, capacity).unwrap();
    layer.create_channel([node(1), node(2)], scid, capacity).unwrap();
    let conflict = Err(LayerError::Conflict { short_channel_id: scid });
    assert_eq!(layer.create_channel([node(1), node(3)], scid, capacity), conflict);
    let channel = direction("1x1x1/0");
    assert_eq!(layer.bias_channel(channel, BiasStep::To(101), None, NOW), Err(LayerError::Bias));
    assert_eq!(layer.bias_channel(channel, BiasStep::By(60), Some("good"), NOW), Ok(60));
    assert_eq!(layer.bias_channel(channel, BiasStep::By(60), None, NOW), Ok(100));
    assert_eq!(layer.biases()[&channel].description.as_deref(), Some("good"));
    assert_eq!(layer.bias_channel(channel, BiasStep::By(-100), None, NOW), Ok(0));
    assert!(layer.biases().is_empty());
    let (minimum, maximum) = (Msat::from_msat(2), Msat::from_msat(1));
    let constraint = Constraint::learnt_at(NOW, minimum, maximum);
    assert_eq!(layer.set_constraint(channel, constraint), Err(LayerError::Contradiction));
    let long = "x".repeat(LAYER_DESCRIPTION_SIZE_MAX + 1);
    let error = layer.bias_node(node(1), Side::In, BiasStep::To(1), Some(&long), NOW);
    assert_eq!(error, Err(LayerError::Description));
    assert_eq!(Layer::new("", false), Err(LayerError::Name));
    assert_eq!(Layer::new(&long[..LAYER_NAME_SIZE_MAX + 1], false), Err(LayerError::Name));
    let (_, mut writer) = LayerWriter::new();
    assert_eq!(writer.edit("mine").err(), Some(LayerError::Unknown));
}

/// The example of Core Lightning's documentation, with the fields of v25.12.
const DOCUMENT: &str = r#"{"layers": [{
  "layer": "test_layers", "persistent": false,
  "disabled_nodes": ["0266e4598d1d3c415f572a8488830b60f7e744ed9235eb0b1ba93283b315c03518"],
  "created_channels": [{
    "source": "0266e4598d1d3c415f572a8488830b60f7e744ed9235eb0b1ba93283b315c03518",
    "destination": "035d2b1192dfba134e10e540875d366ebc8bc353d5aa766b80c090b39c3a5d885d",
    "short_channel_id": "0x0x1", "capacity_msat": 1000000000}],
  "channel_updates": [{"short_channel_id_dir": "0x0x1/0", "htlc_minimum_msat": 100,
    "htlc_maximum_msat": "900000000msat", "fee_base_msat": 1, "fee_proportional_millionths": 2,
    "cltv_expiry_delta": 18}],
  "constraints": [{"short_channel_id_dir": "0x0x1/1", "timestamp": 1738000000, "minimum_msat": 100000}],
  "biases": [{"short_channel_id_dir": "109x1x1/1", "description": "bigger bias", "bias": -5}],
  "node_biases": [{"node": "035d2b1192dfba134e10e540875d366ebc8bc353d5aa766b80c090b39c3a5d885d",
    "in_bias": 0, "out_bias": -5, "timestamp": 7}],
  "something_new": [{"deep": [1, 2, {}]}]}]}"#;

#[test]
fn the_documented_example_is_read() {
    let layers = read_layers(DOCUMENT.as_bytes()).unwrap();
    let layer = &layers[0];
    assert_eq!((layer.name(), layer.is_persistent(), layer.entry_count()), ("test_layers", false, 6));
    let update = layer.channel_updates()[&direction("0x0x1/0")];
    assert_eq!(update.htlc_maximum_msat, Some(Msat::from_msat(900_000_000)));
    assert_eq!(update.enabled, None);
    let known = layer.constraints()[&direction("0x0x1/1")];
    assert_eq!(known.known_minimum(), Some(bound(1_738_000_000, 100_000)));
    assert_eq!(known.known_maximum(), None);
    assert_eq!(layer.biases()[&direction("109x1x1/1")].bias, -5);
    assert_eq!(read_back(&layers), layers);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let at = |text: &str| {
        let error = read_layers(text.as_bytes()).unwrap_err();
        (error.to_string(), error.position().0)
    };
    let (text, line) = at(&DOCUMENT.replace("-5}", "-101}"));
    assert!(text.contains("between -100 and 100") && line == 12, "{text}");
    let (text, line) = at(&DOCUMENT.replace("0x0x1/1", "0x0x1"));
    assert!(text.contains("a direction as /0") && line == 11, "{text}");
    let (text, line) = at(&DOCUMENT.replace("\"0x0x1\"", "\"0x0x1\", \"short_channel_id\": \"0x0x1\""));
    assert!(text.contains("duplicate field") && line == 7, "{text}");
    let (text, _) = at(&DOCUMENT.replace("\"layer\":", "\"name\":"));
    assert!(text.contains("missing field `layer`"), "{text}");
    assert!(at("[]").0.contains("expected an object"), "{}", at("[]").0);
    assert!(at("{}").0.contains("missing field `layers`"));
    assert!(at("{\"layers\":[]} x").0.contains("trailing"));
    assert!(at("{\"layers\":[{\"layer\":\"a\"},{\"layer\":\"a\"}]}").0.contains("already"));
    assert!(at(&DOCUMENT[..300]).0.contains("EOF"));
}

fn read_back(layers: &[Layer]) -> Vec<Layer> {
    let mut bytes = Vec::new();
    write_layers(layers, &mut bytes).unwrap();
    read_layers(bytes.as_slice()).unwrap()
}

fn any_direction() -> impl Strategy<Value = ShortChannelIdDir> {
    (any::<u64>(), any::<bool>()).prop_map(|(scid, is_second)| ShortChannelIdDir {
        short_channel_id: ShortChannelId::from_u64(scid),
        direction: Direction::BOTH[usize::from(is_second)],
    })
}

fn any_change() -> impl Strategy<Value = PolicyChange> {
    let msat = || option::of(any::<u64>().prop_map(Msat::from_msat));
    let fields = (option::of(any::<bool>()), msat(), msat(), any::<Option<u32>>(), any::<Option<u32>>());
    (fields, any::<Option<u16>>()).prop_map(|((enabled, min, max, base, rate), delta)| PolicyChange {
        enabled,
        htlc_minimum_msat: min,
        htlc_maximum_msat: max,
        fee_base_msat: base,
        fee_proportional_millionths: rate,
        cltv_expiry_delta: delta,
    })
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let text = || {
        option::of(prop_oneof![
            Just(String::new()),
            any::<String>().prop_map(|text| text.chars().take(40).collect())
        ])
    };
    let bias = || -100..=100i8;
    let channels = (
        vec(any_direction(), 0..4),
        vec((any_direction(), any::<u64>()), 0..4),
        vec((any_direction(), any_change()), 0..4),
        vec((any_direction(), any::<[u64; 2]>(), any::<[u32; 2]>()), 0..4),
        vec((any_direction(), bias(), text(), any::<u32>()), 0..4),
    );
    let nodes = (vec(any::<u8>(), 0..4), vec((any::<u8>(), bias(), bias(), text(), any::<u32>()), 0..4));
    ("[a-z\"\\\\é ]{1,20}", any::<bool>(), channels, nodes).prop_map(
        |(name, persistent, (disabled, created, updates, constraints, biases), (nodes, node_biases))| {
            let mut layer = Layer::new(&name, persistent).unwrap();
            for channel in disabled {
                layer.disable_channel(channel).unwrap();
            }
            for (channel, capacity) in created {
                let ends = [node(capacity as u8), node((capacity as u8).wrapping_add(1))];
                let _ = layer.create_channel(ends, channel.short_channel_id, Msat::from_msat(capacity));
            }
            for (channel, change) in updates {
                layer.update_channel(channel, change).unwrap();
            }
            for (channel, [one, two], times) in constraints {
                let (minimum, maximum) = (bound(times[0], one.min(two)), bound(times[1], one.max(two)));
                layer.set_constraint(channel, Constraint { minimum, maximum }).unwrap();
            }
            for (channel, bias, text, time) in biases {
                let step = BiasStep::To(bias);
                layer.bias_channel(channel, step, text.as_deref(), UnixTime::from_secs(time)).unwrap();
            }
            for name in nodes {
                layer.disable_node(node(name)).unwrap();
            }
            for (name, in_bias, out_bias, text, time) in node_biases {
                let (text, time) = (text.as_deref(), UnixTime::from_secs(time));
                layer.bias_node(node(name), Side::In, BiasStep::To(in_bias), text, time).unwrap();
                layer.bias_node(node(name), Side::Out, BiasStep::To(out_bias), text, time).unwrap();
            }
            layer
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_read_back(layers in vec(any_layer(), 0..4)) {
        let mut distinct: Vec<Layer> = Vec::new();
        for layer in layers {
            if distinct.iter().all(|known| known.name() != layer.name()) {
                distinct.push(layer);
            }
        }
        assert_eq!(read_back(&distinct), distinct);
    }
}
