//! What belongs to one tenant: its layers, its reservations and what it learnt; the writer's side and the readers'.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use engine::layer::{Constraint, LayerError, LayerWriter, Layers};
use engine::reserve::{ReservationBook, Reservations};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelIdDir, UnixTime};

use super::change::{Attempt, ChangeError, Effect, LayerEdit};
use super::knowledge::Knowledge;

/// The layer that says to searches what a tenant's reports taught. Every query of the tenant stands on it, unless it
/// asks not to.
pub const FEEDBACK_LAYER: &str = "feedback";

/// What readers see of a tenant.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// Its layers.
    pub layers: Layers,
    /// What it has in flight.
    pub reservations: Reservations,
    /// What it learnt; none before the first report.
    pub knowledge: Arc<ArcSwapOption<Knowledge>>,
}

/// What the applier holds of a tenant.
#[derive(Debug)]
pub struct TenantBook {
    layers: LayerWriter,
    readable: Layers,
    reservations: ReservationBook,
    knowledge: Arc<ArcSwapOption<Knowledge>>,
    entry_count_max: usize,
    /// Whether layers were edited since they were published.
    is_edited: bool,
}

impl TenantBook {
    /// Nothing yet, and the readers' side of it.
    pub(super) fn new(entry_count_max: usize) -> (TenantView, TenantBook) {
        let (readable, layers) = LayerWriter::new();
        let (reading, reservations) = ReservationBook::new();
        let knowledge = Arc::new(ArcSwapOption::empty());
        let view =
            TenantView { layers: readable.clone(), reservations: reading, knowledge: Arc::clone(&knowledge) };
        let is_edited = false;
        (view, TenantBook { layers, readable, reservations, knowledge, entry_count_max, is_edited })
    }

    /// The reservations.
    pub fn reservations(&self) -> &ReservationBook {
        &self.reservations
    }

    pub(super) fn reservations_mut(&mut self) -> &mut ReservationBook {
        &mut self.reservations
    }

    /// Shows edited layers to readers.
    pub(super) fn publish(&mut self) {
        if self.is_edited {
            self.layers.publish();
            self.is_edited = false;
        }
    }

    pub(super) fn edit(
        &mut self,
        name: &str,
        edit: &LayerEdit,
        now: UnixTime,
    ) -> Result<Effect, ChangeError> {
        if name == FEEDBACK_LAYER {
            return Err(ChangeError::ReservedName);
        }
        let is_growing = !matches!(
            edit,
            LayerEdit::Remove
                | LayerEdit::RemoveChannelUpdate(_)
                | LayerEdit::Age(_)
                | LayerEdit::Create { .. }
        );
        if is_growing && self.entry_count() >= self.entry_count_max {
            return Err(ChangeError::TooManyEntries);
        }
        self.is_edited = true;
        Ok(self.edit_layer(name, edit, now)?)
    }

    /// Entries of all layers as they are published.
    fn entry_count(&self) -> usize {
        self.readable.list().iter().map(|layer| layer.entry_count()).sum()
    }

    fn edit_layer(&mut self, name: &str, edit: &LayerEdit, now: UnixTime) -> Result<Effect, LayerError> {
        let layers = &mut self.layers;
        match edit {
            LayerEdit::Create { persistent } => layers.create(name, *persistent)?,
            LayerEdit::Remove => {
                let layer = layers.remove(name)?;
                return Ok(Effect::Removed(layer.entry_count()));
            }
            LayerEdit::CreateChannel { short_channel_id, channel } => {
                layers.edit(name)?.create_channel(channel.node_ids, *short_channel_id, channel.capacity)?;
            }
            LayerEdit::UpdateChannel(channel, change) => {
                layers.edit(name)?.update_channel(*channel, *change)?
            }
            LayerEdit::RemoveChannelUpdate(channel) => {
                return Ok(Effect::Removed(usize::from(layers.edit(name)?.remove_channel_update(*channel))));
            }
            LayerEdit::InformChannel(channel, amount, inform) => {
                let constraint = layers.edit(name)?.inform_channel(*channel, *amount, *inform, now)?;
                return Ok(Effect::Constraint(constraint));
            }
            LayerEdit::BiasChannel(channel, step, description) => {
                let bias = layers.edit(name)?.bias_channel(*channel, *step, description.as_deref(), now)?;
                return Ok(Effect::Bias(bias));
            }
            LayerEdit::BiasNode(node, side, step, description) => {
                let bias = layers.edit(name)?.bias_node(*node, *side, *step, description.as_deref(), now)?;
                return Ok(Effect::Bias(bias));
            }
            LayerEdit::DisableNode(node) => layers.edit(name)?.disable_node(*node)?,
            LayerEdit::DisableChannel(channel) => layers.edit(name)?.disable_channel(*channel)?,
            LayerEdit::Age(cutoff) => return Ok(Effect::Removed(layers.edit(name)?.age(*cutoff))),
        }
        Ok(Effect::Done)
    }

    /// Learns, and says the same to searches in the layer.
    pub(super) fn learn(
        &mut self,
        snapshot: &Arc<Snapshot>,
        attempt: &Attempt,
        now: UnixTime,
    ) -> Result<Effect, ChangeError> {
        let knowledge = match self.knowledge.load_full() {
            Some(knowledge) if knowledge.fits(snapshot) => knowledge,
            Some(knowledge) => Arc::new(knowledge.renumbered(Arc::clone(snapshot))),
            None => Arc::new(Knowledge::new(Arc::clone(snapshot))),
        };
        let beliefs = knowledge.beliefs();
        let hops =
            attempt.path.iter().map(|htlc| beliefs.attempted_hop(htlc.channel, htlc.amount, Msat::ZERO));
        let hops: Vec<_> = hops.collect();
        let advice = beliefs.learn(&hops, attempt.outcome, attempt.at);
        self.knowledge.store(Some(Arc::clone(&knowledge)));
        for htlc in &attempt.path {
            self.show(&knowledge, htlc.channel, now)?;
        }
        Ok(Effect::Advice(advice))
    }

    /// Writes what is believed of a channel into the layer.
    fn show(
        &mut self,
        knowledge: &Knowledge,
        channel: ShortChannelIdDir,
        now: UnixTime,
    ) -> Result<(), LayerError> {
        let beliefs = knowledge.beliefs();
        let Some(idx) = beliefs.channel(channel.short_channel_id) else { return Ok(()) };
        let Some(capacity) = beliefs.capacity(idx) else { return Ok(()) };
        if matches!(self.layers.edit(FEEDBACK_LAYER), Err(LayerError::Unknown)) {
            self.layers.create(FEEDBACK_LAYER, false)?;
        }
        let layer = self.layers.edit(FEEDBACK_LAYER)?;
        for direction in Direction::BOTH {
            let (minimum, upper) = beliefs.bounds(idx).of(direction, capacity, beliefs.half_lives(), now);
            // What the capacity says anyhow is no knowledge.
            let maximum = if upper >= capacity { Msat::MAX } else { upper };
            layer.set_constraint(
                ShortChannelIdDir { direction, ..channel },
                Constraint { minimum, maximum, timestamp: now },
            )?;
        }
        self.is_edited = true;
        Ok(())
    }

    /// Lets what is known fade in the layer as it does in the beliefs. O(known channels).
    pub(super) fn refresh(&mut self, now: UnixTime) {
        let Some(knowledge) = self.knowledge.load_full() else { return };
        let names =
            knowledge.beliefs().known().filter_map(|(idx, _)| knowledge.beliefs().short_channel_id(idx));
        for short_channel_id in names.collect::<Vec<_>>() {
            let channel = ShortChannelIdDir { short_channel_id, direction: Direction::NodeOneToTwo };
            // A layer that is full shows what it showed before.
            let _ = self.show(&knowledge, channel, now);
        }
    }

    /// Follows the graph to another generation. O(m) where anything is known.
    pub(super) fn renumber(&mut self, snapshot: &Arc<Snapshot>) {
        let known = self.knowledge.load_full().filter(|knowledge| !knowledge.fits(snapshot));
        if let Some(knowledge) = known {
            self.knowledge.store(Some(Arc::new(knowledge.renumbered(Arc::clone(snapshot)))));
        }
    }
}
