//! Layers of biases, and what they multiply costs with.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::graph::ArcIdx;
use engine::layer::{BiasStep, Layer, LayerStack, Side};
use engine::snapshot::Snapshot;
use primitives::{NodeId, ShortChannelIdDir, UnixTime};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// What a layer prefers.
#[derive(Debug, Clone, Default)]
pub(super) struct Biases {
    pub(super) channels: BTreeMap<ShortChannelIdDir, i8>,
    /// `in_bias` and `out_bias`.
    pub(super) nodes: BTreeMap<NodeId, [i8; 2]>,
}

impl Biases {
    /// Of a third of all directions, and of some nodes.
    pub(super) fn random(snapshot: &Snapshot, rng: &mut ChaCha8Rng) -> Self {
        let mut biases = Biases::default();
        for arc in arcs(snapshot).filter(|_| rng.random_range(0..3) == 0).collect::<Vec<_>>() {
            biases.channels.insert(name(snapshot, arc), rng.random_range(-100..=100));
        }
        let tails = arcs(snapshot).map(|arc| snapshot.node_id(snapshot.tail(arc)));
        for node in tails.filter(|_| rng.random_range(0..12) == 0).collect::<Vec<_>>() {
            biases.nodes.insert(node, [(); 2].map(|()| rng.random_range(-100..=100)));
        }
        biases
    }

    /// What an arc's cost is multiplied with, 20 bits behind the point.
    pub(super) fn weight(&self, snapshot: &Snapshot, arc: ArcIdx) -> f64 {
        let of_node = |end, side: usize| {
            self.nodes.get(&snapshot.node_id(end)).map_or(0, |biases| i32::from(biases[side]))
        };
        let channel = self.channels.get(&name(snapshot, arc)).map_or(0, |&bias| i32::from(bias));
        let bias = channel + of_node(snapshot.head(arc), 0) + of_node(snapshot.tail(arc), 1);
        let factor = 30f64.powf(-f64::from(bias.clamp(-100, 100)) / 100.0);
        (factor * f64::from(1 << 20)).round() / f64::from(1 << 20)
    }
}

fn name(snapshot: &Snapshot, arc: ArcIdx) -> ShortChannelIdDir {
    let short_channel_id = snapshot.short_channel_id(arc.channel());
    ShortChannelIdDir { short_channel_id, direction: arc.direction() }
}

/// A layer of biases.
pub(super) fn stack(biases: &Biases) -> LayerStack {
    let mut layer = Layer::new("biased", false).unwrap();
    let now = UnixTime::from_secs(1);
    for (&channel, &bias) in &biases.channels {
        layer.bias_channel(channel, BiasStep::To(bias), None, now).unwrap();
    }
    for (&node, &[in_bias, out_bias]) in &biases.nodes {
        for (side, bias) in [(Side::In, in_bias), (Side::Out, out_bias)] {
            layer.bias_node(node, side, BiasStep::To(bias), None, now).unwrap();
        }
    }
    LayerStack::new(vec![Arc::new(layer)])
}

fn arcs(snapshot: &Snapshot) -> impl Iterator<Item = ArcIdx> {
    (0..2 * snapshot.channel_count() as u32).map(ArcIdx::from_u32)
}
