//! What belongs to one tenant: its layers, its reservations and what it learnt; the writer's side and the readers'.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use engine::belief::{Beliefs, Bounds, HalfLives, Paid};
use engine::layer::{Inform, Layer, LayerError, LayerWriter, Layers};
use engine::reserve::{ReservationBook, Reservations};
use engine::snapshot::Snapshot;
use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir, UnixTime};

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
    reservations: ReservationBook,
    beliefs: Arc<ArcSwapOption<Beliefs>>,
    /// Of the generation whose channels the beliefs number.
    numbered_by: Option<Arc<Snapshot>>,
    entry_count_max: usize,
    /// Whether layers were edited since they were published.
    is_edited: bool,
    /// What was learnt before a restart, of channels that the graph lacks.
    remembered: BTreeMap<ShortChannelId, Known>,
}

/// What is known of a channel: what is left, and what was paid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) bounds: Bounds,
    /// By direction.
    pub(super) paid: [Paid; 2],
}

impl TenantView {
    /// The layer of that name.
    ///
    /// # Errors
    /// [`LayerError::Unknown`].
    pub fn layer(&self, name: &str) -> Result<Arc<Layer>, LayerError> {
        self.layers.get(name).ok_or(LayerError::Unknown)
    }

    /// How many entries a layer has; none where there is no such layer.
    pub fn entry_count(&self, name: &str) -> usize {
        self.layer(name).map_or(0, |layer| layer.entry_count())
    }
}

impl TenantBook {
    /// Nothing yet, and the readers' side of it.
    pub(super) fn new(entry_count_max: usize) -> (TenantView, TenantBook) {
        let (readable, layers) = LayerWriter::new();
        let (reading, reservations) = ReservationBook::new();
        let beliefs = Arc::new(ArcSwapOption::empty());
        let view = TenantView { layers: readable, reservations: reading, beliefs: Arc::clone(&beliefs) };
        let book = TenantBook {
            layers,
            reservations,
            beliefs,
            numbered_by: None,
            entry_count_max,
            is_edited: false,
            remembered: BTreeMap::new(),
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
        Ok(self.edit_unbounded(name, edit, now)?)
    }

    /// The same of an edit that was within the bounds when it was made first.
    pub(super) fn edit_unbounded(
        &mut self,
        name: &str,
        edit: &LayerEdit,
        now: UnixTime,
    ) -> Result<Effect, LayerError> {
        self.is_edited = true;
        self.edit_layer(name, edit, now)
    }

    /// Adds a layer that was made elsewhere.
    pub(super) fn add_layer(&mut self, layer: Layer) -> Result<(), LayerError> {
        self.is_edited = true;
        self.layers.add(layer)
    }

    /// Whether there is a layer of that name which is kept over restarts.
    pub(super) fn is_kept(&self, name: &str) -> bool {
        self.layers.get(name).is_some_and(Layer::is_persistent)
    }

    /// Layers that are kept over restarts.
    pub(super) fn kept_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(|layer| layer.is_persistent())
    }

    /// Entries of all layers, those that are not published yet included. O(layers).
    fn entry_count(&self) -> usize {
        self.layers.iter().map(Layer::entry_count).sum()
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
                let amount = match inform {
                    // All that is reserved may have been there, as askrene has it.
                    Inform::Constrained => amount.saturating_add(in_flight(&self.reservations, *channel)),
                    Inform::Unconstrained | Inform::Succeeded => *amount,
                };
                let constraint = layers.edit(name)?.inform_channel(*channel, amount, *inform, now)?;
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

    /// Learns; what is reserved may have been in the channel that refused. O(m) for the first time and after a new
    /// generation.
    pub(super) fn learn(&mut self, snapshot: &Arc<Snapshot>, attempt: &Attempt) -> Effect {
        let beliefs = self.beliefs(snapshot);
        let failed = attempt.outcome.failed_hop();
        let hops = attempt.path.iter().enumerate().map(|(place, htlc)| {
            let others =
                if failed == Some(place) { in_flight(&self.reservations, htlc.channel) } else { Msat::ZERO };
            beliefs.attempted_hop(htlc.channel, htlc.amount, others)
        });
        Effect::Advice(beliefs.learn(&hops.collect::<Vec<_>>(), attempt.outcome, attempt.at))
    }

    /// What is believed, from now on where nothing was.
    fn beliefs(&mut self, snapshot: &Arc<Snapshot>) -> Arc<Beliefs> {
        self.beliefs.load_full().unwrap_or_else(|| {
            let beliefs = Arc::new(Beliefs::new(snapshot, HalfLives::default()));
            self.numbered_by = Some(Arc::clone(snapshot));
            self.beliefs.store(Some(Arc::clone(&beliefs)));
            beliefs
        })
    }

    /// What is known of a channel of the graph.
    pub(super) fn known_of(&self, channel: ShortChannelId) -> Option<Known> {
        let beliefs = self.beliefs.load();
        let beliefs = beliefs.as_ref()?;
        let place = beliefs.channel(channel)?;
        beliefs.is_known(place).then(|| Known { bounds: beliefs.bounds(place), paid: beliefs.paid(place) })
    }

    /// What is known of all channels; of those that the graph lacks, what may still count when they come.
    pub(super) fn known(&self, now: UnixTime) -> impl Iterator<Item = (ShortChannelId, Known)> {
        let beliefs = self.beliefs.load_full();
        let known = beliefs.iter().flat_map(|beliefs| {
            beliefs.known().filter_map(|(place, bounds)| {
                let known = Known { bounds, paid: beliefs.paid(place) };
                Some((beliefs.short_channel_id(place)?, known))
            })
        });
        let is_fresh = move |known: &Known| {
            let newest = known.bounds.floors.map(|floor| floor.learnt.to_secs()).into_iter().max();
            newest.is_some_and(|newest| now.to_secs().saturating_sub(newest) < REMEMBERED_SECS_MAX)
        };
        let remembered = self.remembered.iter().map(|(&channel, &known)| (channel, known));
        known.collect::<Vec<_>>().into_iter().chain(remembered.filter(move |(_, known)| is_fresh(known)))
    }

    /// Notes what was learnt before a restart; the last word on a channel counts.
    pub(super) fn remember(&mut self, channel: ShortChannelId, known: Known) {
        self.remembered.insert(channel, known);
    }

    /// Believes what was noted of channels that the graph has. O(m) where anything was.
    pub(super) fn believe_remembered(&mut self, snapshot: &Arc<Snapshot>) {
        if !self.remembered.is_empty() {
            let beliefs = self.beliefs(snapshot);
            // Nothing else was learnt of them: each is set as it was.
            let set = |place, Known { bounds, paid }: Known| {
                let paid = Direction::BOTH.into_iter().zip(paid);
                paid.for_each(|(direction, paid)| _ = beliefs.note_paid(place, direction, paid));
                beliefs.update(place, UnixTime::default(), |_, _| bounds)
            };
            self.remembered
                .retain(|&channel, known| !beliefs.channel(channel).is_some_and(|place| set(place, *known)));
        }
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
            self.believe_remembered(snapshot);
        }
    }
}

fn in_flight(reservations: &ReservationBook, channel: ShortChannelIdDir) -> Msat {
    Msat::from_msat(reservations.reserved(channel).msat)
}

/// What is known of a channel fades within days.
const REMEMBERED_SECS_MAX: u32 = 30 * 24 * 3600;
