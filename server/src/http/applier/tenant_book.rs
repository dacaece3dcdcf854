//! What belongs to one tenant: its layers, its reservations and what it learnt; the writer's side and the readers'.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use engine::belief::{Beliefs, HalfLives};
use engine::layer::{LayerError, LayerWriter, Layers};
use engine::reserve::{ReservationBook, Reservations};
use engine::snapshot::Snapshot;
use primitives::{Msat, UnixTime};

use super::change::{Attempt, ChangeError, Effect, LayerEdit};

/// What readers see of a tenant.
#[derive(Debug, Clone)]
pub struct TenantView {
    /// Its layers.
    pub layers: Layers,
    /// What it has in flight.
    pub reservations: Reservations,
    /// What its reports taught; none before the first one.
    pub beliefs: Arc<ArcSwapOption<Beliefs>>,
}

/// What the applier holds of a tenant.
#[derive(Debug)]
pub struct TenantBook {
    layers: LayerWriter,
    readable: Layers,
    reservations: ReservationBook,
    beliefs: Arc<ArcSwapOption<Beliefs>>,
    /// Of the generation whose channels the beliefs number.
    numbered_by: Option<Arc<Snapshot>>,
    entry_count_max: usize,
    /// Whether layers were edited since they were published.
    is_edited: bool,
}

impl TenantBook {
    /// Nothing yet, and the readers' side of it.
    pub(super) fn new(entry_count_max: usize) -> (TenantView, TenantBook) {
        let (readable, layers) = LayerWriter::new();
        let (reading, reservations) = ReservationBook::new();
        let beliefs = Arc::new(ArcSwapOption::empty());
        let view =
            TenantView { layers: readable.clone(), reservations: reading, beliefs: Arc::clone(&beliefs) };
        let book = TenantBook {
            layers,
            readable,
            reservations,
            beliefs,
            numbered_by: None,
            entry_count_max,
            is_edited: false,
        };
        (view, book)
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

    /// Learns. O(m) for the first time and after a new generation.
    pub(super) fn learn(&mut self, snapshot: &Arc<Snapshot>, attempt: &Attempt) -> Effect {
        let beliefs = match self.beliefs.load_full() {
            Some(beliefs) => beliefs,
            None => {
                let beliefs = Arc::new(Beliefs::new(snapshot, HalfLives::default()));
                self.numbered_by = Some(Arc::clone(snapshot));
                self.beliefs.store(Some(Arc::clone(&beliefs)));
                beliefs
            }
        };
        let hops =
            attempt.path.iter().map(|htlc| beliefs.attempted_hop(htlc.channel, htlc.amount, Msat::ZERO));
        Effect::Advice(beliefs.learn(&hops.collect::<Vec<_>>(), attempt.outcome, attempt.at))
    }

    /// Follows the graph to another generation, so that look-ups stay cheap. O(m) where anything is known.
    pub(super) fn renumber(&mut self, snapshot: &Arc<Snapshot>) {
        let is_former = |by: &Arc<Snapshot>| !std::ptr::eq(by.topology(), snapshot.topology());
        if !self.numbered_by.as_ref().is_some_and(is_former) {
            return;
        }
        if let Some(beliefs) = self.beliefs.load_full() {
            self.beliefs.store(Some(Arc::new(beliefs.for_generation(snapshot))));
            self.numbered_by = Some(Arc::clone(snapshot));
        }
    }
}
