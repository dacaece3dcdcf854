//! What layers and payments in flight make of a world: for the engine in its own words, for brute force in plain sums.

use std::sync::Arc;

use engine::belief::{Beliefs, Bounds, Floor, HalfLives, HeldBeliefs, Prior};
use engine::layer::{BiasStep, Constraint, Layer, LayerStack, PolicyChange, Side};
use engine::reserve::{Htlc, ReservationBook, Reservations};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir, UnixTime};

use super::world::{Policy, node_id, scid};

/// A direction by name.
pub(super) type Name = (ShortChannelId, usize);

/// All changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Changes {
    pub(super) layers: Vec<LayerDraft>,
    /// What is in flight: over which direction, msat in all, HTLCs.
    pub(super) in_flight: Vec<(Name, u64, u32)>,
    pub(super) believed: Option<BeliefDraft>,
}

/// What is believed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BeliefDraft {
    pub(super) prior: Prior,
    /// Place of a channel, direction, the least and the most that it holds, in msat.
    pub(super) bounds: Vec<(usize, usize, u64, u64)>,
    /// Whether the table was made for another generation with the same channels.
    pub(super) is_foreign: bool,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct LayerDraft {
    pub(super) disabled_nodes: Vec<u8>,
    pub(super) disabled: Vec<Name>,
    pub(super) created: Vec<(ShortChannelId, Created)>,
    pub(super) updates: Vec<(Name, PolicyChange)>,
    /// The least and the most that passes, in msat.
    pub(super) constraints: Vec<(Name, u64, u64)>,
    pub(super) biases: Vec<(Name, i8)>,
    /// Node, `in_bias`, `out_bias`.
    pub(super) node_biases: Vec<(u8, i8, i8)>,
}

/// A channel that only a layer knows; the lesser node first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Created {
    pub(super) ends: [u8; 2],
    pub(super) capacity_sat: u64,
}

/// The name of a created channel.
pub(super) fn created_scid(place: usize) -> ShortChannelId {
    ShortChannelId::from_u64(place as u64 + 2_000_001)
}

fn channel(name: Name) -> ShortChannelIdDir {
    ShortChannelIdDir { short_channel_id: name.0, direction: Direction::BOTH[name.1] }
}

impl Changes {
    /// The layers in the engine's words.
    pub(super) fn stack(&self) -> Option<LayerStack> {
        let layers = self.layers.iter().enumerate().map(|(at, layer)| Arc::new(layer.to_layer(at)));
        (!self.layers.is_empty()).then(|| LayerStack::new(layers.collect()))
    }

    /// What is in flight in the engine's words.
    pub(super) fn reservations(&self) -> Option<Reservations> {
        let (reservations, mut book) = ReservationBook::new();
        for &(name, msat, count) in &self.in_flight {
            for place in 0..count {
                let amount = Msat::from_msat(if place == 0 { msat } else { 0 });
                book.reserve(&[Htlc { channel: channel(name), amount }], UnixTime::default()).expect("room");
            }
        }
        (!self.in_flight.is_empty()).then_some(reservations)
    }

    /// What is believed in the engine's words; `wholes` are the channels' capacities, or what stands for them.
    pub(super) fn beliefs(&self, snapshot: &Snapshot, wholes: &[u64]) -> Option<HeldBeliefs> {
        let draft = self.believed.as_ref()?;
        let beliefs = Beliefs::new(snapshot, HalfLives::NEVER);
        for &(place, direction, ..) in &draft.bounds {
            // What opened later has no place in the table.
            if let Some(channel) = beliefs.channel(scid(place)) {
                let [own, other] = draft.floors(place, direction, wholes[place]).expect("in the list");
                let floor = |amount| Floor { amount: Msat::from_msat(amount), ..Floor::default() };
                let mut floors = [floor(own), floor(other)];
                if direction == 1 {
                    floors.reverse();
                }
                beliefs.update(channel, UnixTime::default(), |_, _| Bounds { floors });
            }
        }
        Some(HeldBeliefs { prior: draft.prior, ..HeldBeliefs::new(Arc::new(beliefs), UnixTime::default()) })
    }

    /// The channels that only layers know: the first of each name.
    pub(super) fn created(&self) -> Vec<(ShortChannelId, Created)> {
        let mut created: Vec<(ShortChannelId, Created)> = Vec::new();
        for &(name, channel) in self.layers.iter().flat_map(|layer| &layer.created) {
            if created.iter().all(|&(known, _)| known != name) {
                created.push((name, channel));
            }
        }
        created
    }

    /// A policy after all updates.
    pub(super) fn policy(
        &self,
        name: Name,
        known: Option<Policy>,
        capacity_sat: Option<u64>,
    ) -> Option<Policy> {
        let mut updates = self.updates(name).peekable();
        let silent = Policy { max: capacity_sat.unwrap_or(0) * 1000, ..Policy::FREE };
        let mut policy = known.or_else(|| updates.peek().is_some().then_some(silent))?;
        for update in updates {
            policy.disabled = update.enabled.map_or(policy.disabled, |enabled| !enabled);
            policy.min = update.htlc_minimum_msat.map_or(policy.min, Msat::to_msat);
            policy.max = update.htlc_maximum_msat.map_or(policy.max, Msat::to_msat);
            policy.base = update.fee_base_msat.unwrap_or(policy.base);
            policy.ppm = update.fee_proportional_millionths.unwrap_or(policy.ppm);
            policy.cltv = update.cltv_expiry_delta.unwrap_or(policy.cltv);
        }
        Some(policy)
    }

    fn updates(&self, name: Name) -> impl Iterator<Item = PolicyChange> {
        let updates = self.layers.iter().flat_map(|layer| &layer.updates);
        updates.filter(move |&&(known, _)| known == name).map(|&(_, update)| update)
    }

    /// Whether a layer disables a direction or one of its nodes.
    pub(super) fn closes(&self, name: Name, tail: u8, head: u8) -> bool {
        self.layers.iter().any(|layer| {
            let nodes = &layer.disabled_nodes;
            layer.disabled.contains(&name) || nodes.contains(&tail) || nodes.contains(&head)
        })
    }

    /// What passes at least and at most.
    pub(super) fn liquidity(&self, name: Name, capacity: u64) -> (u64, u64) {
        let known =
            || self.layers.iter().flat_map(LayerDraft::last_constraints).filter(|known| known.0 == name);
        let upper = known().map(|known| known.2).min().unwrap_or(u64::MAX).min(capacity);
        (known().map(|known| known.1).max().unwrap_or(0).min(upper), upper)
    }

    /// The amount in flight; `None` where no further HTLC is taken.
    pub(super) fn in_flight(&self, name: Name) -> Option<u64> {
        let here = || self.in_flight.iter().filter(|known| known.0 == name);
        let count: u32 = here().map(|known| known.2).sum();
        (count < 483).then(|| here().map(|known| known.1).sum())
    }

    /// What the biases multiply a cost with, 20 bits behind the point.
    pub(super) fn weight(&self, name: Name, tail: u8, head: u8) -> u64 {
        let mut bias = 0;
        for layer in &self.layers {
            bias +=
                layer.biases.iter().rev().find(|known| known.0 == name).map_or(0, |known| i32::from(known.1));
            for (node, is_tail) in [(tail, true), (head, false)] {
                let known = layer.node_biases.iter().rev().find(|known| known.0 == node);
                bias += known.map_or(0, |known| i32::from(if is_tail { known.2 } else { known.1 }));
            }
        }
        let factor = 30f64.powf(-f64::from(bias.clamp(-100, 100)) / 100.0);
        (factor * f64::from(1 << 20)).round() as u64
    }
}

impl BeliefDraft {
    /// What the two sides of a channel hold at least, that of `direction` first; `None` where nothing is believed of it.
    pub(super) fn floors(&self, place: usize, direction: usize, whole: u64) -> Option<[u64; 2]> {
        let &(_, along, lower, upper) = self.bounds.iter().rev().find(|known| known.0 == place)?;
        let floors = [lower.min(whole), whole.saturating_sub(upper)];
        Some(if along == direction { floors } else { [floors[1], floors[0]] })
    }
}

impl LayerDraft {
    /// The constraint that a layer ends up with for each direction: the last one that was set.
    fn last_constraints(&self) -> impl Iterator<Item = (Name, u64, u64)> {
        let is_last = |&(at, known): &(usize, &(Name, u64, u64))| {
            self.constraints[at + 1..].iter().all(|later| later.0 != known.0)
        };
        self.constraints.iter().enumerate().filter(is_last).map(|(_, &known)| known)
    }

    fn to_layer(&self, at: usize) -> Layer {
        let mut layer = Layer::new(&format!("layer {at}"), false).expect("a short name");
        let now = UnixTime::from_secs(1);
        for &node in &self.disabled_nodes {
            layer.disable_node(node_id(node)).expect("room");
        }
        for &name in &self.disabled {
            layer.disable_channel(channel(name)).expect("room");
        }
        for &(name, Created { ends, capacity_sat }) in &self.created {
            let capacity = Msat::from_sat(capacity_sat).expect("few sats");
            layer.create_channel(ends.map(node_id), name, capacity).expect("distinct nodes and names");
        }
        for &(name, update) in &self.updates {
            layer.update_channel(channel(name), update).expect("room");
        }
        for &(name, minimum, maximum) in &self.constraints {
            let (minimum, maximum) = (Msat::from_msat(minimum), Msat::from_msat(maximum));
            let constraint = Constraint::learnt_at(now, minimum, maximum);
            layer.set_constraint(channel(name), constraint).expect("no contradiction");
        }
        for &(name, bias) in &self.biases {
            layer.bias_channel(channel(name), BiasStep::To(bias), None, now).expect("a bias");
        }
        for &(node, in_bias, out_bias) in &self.node_biases {
            for (side, bias) in [(Side::In, in_bias), (Side::Out, out_bias)] {
                layer.bias_node(node_id(node), side, BiasStep::To(bias), None, now).expect("a bias");
            }
        }
        layer
    }
}
