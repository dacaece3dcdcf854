//! One layer: editable, in names only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};

use super::change::{Bias, BiasStep, CreatedChannel, NodeBias, PolicyChange, Side};
use super::constraint::{Constraint, Inform};

/// Changes to the graph under one name. Each kind of entry lies in a map of its own that is shared with the versions
/// published before until it is written to: an edit copies the one map that it changes, once a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    name: Arc<str>,
    persistent: bool,
    disabled_nodes: Arc<BTreeSet<NodeId>>,
    disabled_channels: Arc<BTreeSet<ShortChannelIdDir>>,
    created_channels: Arc<BTreeMap<ShortChannelId, CreatedChannel>>,
    channel_updates: Arc<BTreeMap<ShortChannelIdDir, PolicyChange>>,
    constraints: Arc<BTreeMap<ShortChannelIdDir, Constraint>>,
    biases: Arc<BTreeMap<ShortChannelIdDir, Bias>>,
    node_biases: Arc<BTreeMap<NodeId, NodeBias>>,
}

/// Why an edit was refused; then the layer is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The name is empty or longer than [`LAYER_NAME_SIZE_MAX`].
    #[error("a layer's name has 1 to {LAYER_NAME_SIZE_MAX} bytes")]
    Name,
    /// There is a layer of that name.
    #[error("there is a layer of that name already")]
    Exists,
    /// There is no layer of that name.
    #[error("there is no layer of that name")]
    Unknown,
    /// A query names a layer twice.
    #[error("a query names each layer once")]
    Repeated,
    /// A query names more than [`STACK_LAYER_COUNT_MAX`] layers.
    #[error("a query names at most {STACK_LAYER_COUNT_MAX} layers")]
    TooManyNames,
    /// There are [`LAYER_COUNT_MAX`] layers.
    #[error("there are {max} layers already", max = LAYER_COUNT_MAX)]
    TooManyLayers,
    /// The layer has [`LAYER_ENTRY_COUNT_MAX`] entries of that kind.
    #[error("a layer has at most {LAYER_ENTRY_COUNT_MAX} entries of one kind")]
    TooManyEntries,
    /// The channel leads from a node to itself.
    #[error("a channel leads from a node to itself")]
    SameNode,
    /// The layer has a channel of that name with other nodes or another capacity.
    #[error("channel {short_channel_id} has other nodes or another capacity in this layer")]
    Conflict {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The minimum of a constraint is above its maximum.
    #[error("the minimum is above the maximum")]
    Contradiction,
    /// The bias is beyond -100 or 100.
    #[error("a bias lies between -100 and 100")]
    Bias,
    /// The base fee exceeds the 32 bits that it has in a `channel_update`.
    #[error("fee_base_msat has 32 bits")]
    Fee,
    /// The description is longer than [`LAYER_DESCRIPTION_SIZE_MAX`].
    #[error("a description has at most {LAYER_DESCRIPTION_SIZE_MAX} bytes")]
    Description,
}

impl Layer {
    /// An empty layer. Whether it is `persistent` is for whoever stores layers.
    ///
    /// # Errors
    /// [`LayerError::Name`].
    pub fn new(name: &str, persistent: bool) -> Result<Self, LayerError> {
        if name.is_empty() || name.len() > LAYER_NAME_SIZE_MAX {
            return Err(LayerError::Name);
        }
        Ok(Layer {
            name: name.into(),
            persistent,
            disabled_nodes: Arc::default(),
            disabled_channels: Arc::default(),
            created_channels: Arc::default(),
            channel_updates: Arc::default(),
            constraints: Arc::default(),
            biases: Arc::default(),
            node_biases: Arc::default(),
        })
    }

    /// Gives it its name, where that was not known at first.
    pub(super) fn rename(&mut self, name: &str, persistent: bool) -> Result<(), LayerError> {
        let named = Layer::new(name, persistent)?;
        (self.name, self.persistent) = (named.name, persistent);
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is to be kept across restarts.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Nodes none of whose channels may be used.
    pub fn disabled_nodes(&self) -> &BTreeSet<NodeId> {
        &self.disabled_nodes
    }

    /// Directions that may not be used.
    pub fn disabled_channels(&self) -> &BTreeSet<ShortChannelIdDir> {
        &self.disabled_channels
    }

    /// Channels that only this layer knows.
    pub fn created_channels(&self) -> &BTreeMap<ShortChannelId, CreatedChannel> {
        &self.created_channels
    }

    /// Changed policies.
    pub fn channel_updates(&self) -> &BTreeMap<ShortChannelIdDir, PolicyChange> {
        &self.channel_updates
    }

    /// What is known of liquidity.
    pub fn constraints(&self) -> &BTreeMap<ShortChannelIdDir, Constraint> {
        &self.constraints
    }

    /// Preferences for directions.
    pub fn biases(&self) -> &BTreeMap<ShortChannelIdDir, Bias> {
        &self.biases
    }

    /// Preferences for nodes.
    pub fn node_biases(&self) -> &BTreeMap<NodeId, NodeBias> {
        &self.node_biases
    }

    /// Adds a channel between two nodes, in any order; the same one again changes nothing.
    ///
    /// # Errors
    /// [`LayerError::SameNode`], [`LayerError::Conflict`], [`LayerError::TooManyEntries`].
    pub fn create_channel(
        &mut self,
        ends: [NodeId; 2],
        short_channel_id: ShortChannelId,
        capacity: Msat,
    ) -> Result<(), LayerError> {
        if ends[0] == ends[1] {
            return Err(LayerError::SameNode);
        }
        let node_ids = [ends[0].min(ends[1]), ends[0].max(ends[1])];
        let channel = CreatedChannel { node_ids, capacity };
        match self.created_channels.get(&short_channel_id) {
            Some(known) if *known == channel => Ok(()),
            Some(_) => Err(LayerError::Conflict { short_channel_id }),
            None => insert(&mut self.created_channels, short_channel_id, channel),
        }
    }

    /// Changes fields of a direction's policy; those that are `None` stay as this layer had them.
    ///
    /// # Errors
    /// [`LayerError::TooManyEntries`].
    pub fn update_channel(
        &mut self,
        channel: ShortChannelIdDir,
        change: PolicyChange,
    ) -> Result<(), LayerError> {
        let before = self.channel_updates.get(&channel).copied().unwrap_or_default();
        insert(&mut self.channel_updates, channel, before.overlaid(change))
    }

    /// Forgets what the layer changes of a direction's policy; says whether there was anything.
    pub fn remove_channel_update(&mut self, channel: ShortChannelIdDir) -> bool {
        remove(&mut self.channel_updates, &channel)
    }

    /// Notes how an attempt to send `amount` over a direction ended, and returns what is known of it now. `amount`
    /// includes what others have in flight there; a reservation of the attempt's own is to be released before.
    ///
    /// # Errors
    /// [`LayerError::TooManyEntries`].
    pub fn inform_channel(
        &mut self,
        channel: ShortChannelIdDir,
        amount: Msat,
        inform: Inform,
        now: UnixTime,
    ) -> Result<Constraint, LayerError> {
        let informed = self.constraint(channel).informed(amount, inform, now).normalized();
        let reverse = ShortChannelIdDir { direction: channel.direction.reversed(), ..channel };
        let refilled = self.constraint(reverse).refilled(amount, now);
        let steps = [(channel, informed), (reverse, refilled)];
        let steps = match inform {
            Inform::Constrained | Inform::Unconstrained => &steps[..1],
            Inform::Succeeded => &steps[..],
        };
        // Both directions or neither.
        self.check_constraint_room(steps)?;
        for &(channel, constraint) in steps {
            self.put_constraint(channel, constraint)?;
        }
        Ok(informed)
    }

    /// Sets what is known of a direction; a constraint that says nothing is forgotten.
    ///
    /// # Errors
    /// [`LayerError::Contradiction`], [`LayerError::TooManyEntries`].
    pub fn set_constraint(
        &mut self,
        channel: ShortChannelIdDir,
        constraint: Constraint,
    ) -> Result<(), LayerError> {
        if constraint.minimum.amount > constraint.maximum.amount {
            return Err(LayerError::Contradiction);
        }
        self.put_constraint(channel, constraint)
    }

    /// Adds to what is known of a direction: the greatest minimum and the least maximum of all that are added count, in
    /// whatever order they come. askrene keeps them side by side and applies all of them, too; where a minimum is above a
    /// maximum, both stay, and the maximum counts.
    ///
    /// # Errors
    /// [`LayerError::TooManyEntries`].
    pub(super) fn add_constraint(
        &mut self,
        channel: ShortChannelIdDir,
        constraint: Constraint,
    ) -> Result<(), LayerError> {
        self.put_constraint(channel, self.constraint(channel).and(constraint))
    }

    fn constraint(&self, channel: ShortChannelIdDir) -> Constraint {
        self.constraints.get(&channel).copied().unwrap_or(Constraint::NONE)
    }

    fn put_constraint(
        &mut self,
        channel: ShortChannelIdDir,
        constraint: Constraint,
    ) -> Result<(), LayerError> {
        if constraint.is_empty() {
            remove(&mut self.constraints, &channel);
            return Ok(());
        }
        insert(&mut self.constraints, channel, constraint.normalized())
    }

    /// Whether there is room for these constraints, each of another direction.
    fn check_constraint_room(&self, steps: &[(ShortChannelIdDir, Constraint)]) -> Result<(), LayerError> {
        let is_known = |channel| self.constraints.contains_key(channel);
        let added = steps.iter().filter(|(channel, step)| !step.is_empty() && !is_known(channel)).count();
        // What goes first makes room.
        let removed = steps.iter().filter(|(channel, step)| step.is_empty() && is_known(channel)).count();
        let fits = added == 0 || self.constraints.len() + added <= LAYER_ENTRY_COUNT_MAX + removed;
        if fits { Ok(()) } else { Err(LayerError::TooManyEntries) }
    }

    /// Sets a direction's bias and returns it; 0 forgets it. A `description` of `None` stays as it was.
    ///
    /// # Errors
    /// [`LayerError::Bias`], [`LayerError::Description`], [`LayerError::TooManyEntries`].
    pub fn bias_channel(
        &mut self,
        channel: ShortChannelIdDir,
        step: BiasStep,
        description: Option<&str>,
        now: UnixTime,
    ) -> Result<i8, LayerError> {
        check_description(description)?;
        let known = self.biases.get(&channel);
        let bias = step.from(known.map_or(0, |known| known.bias)).ok_or(LayerError::Bias)?;
        if bias == 0 {
            remove(&mut self.biases, &channel);
            return Ok(0);
        }
        let before = || known.and_then(|known| known.description.clone());
        let description = description.map(str::to_owned).or_else(before);
        insert(&mut self.biases, channel, Bias { bias, description, timestamp: now })?;
        Ok(bias)
    }

    /// Sets a node's bias on one side and returns it; with 0 on both sides it is forgotten.
    ///
    /// # Errors
    /// [`LayerError::Bias`], [`LayerError::Description`], [`LayerError::TooManyEntries`].
    pub fn bias_node(
        &mut self,
        node: NodeId,
        side: Side,
        step: BiasStep,
        description: Option<&str>,
        now: UnixTime,
    ) -> Result<i8, LayerError> {
        check_description(description)?;
        let empty = NodeBias { in_bias: 0, out_bias: 0, description: None, timestamp: now };
        let mut known = self.node_biases.get(&node).cloned().unwrap_or(empty);
        let bias = match side {
            Side::In => &mut known.in_bias,
            Side::Out => &mut known.out_bias,
        };
        *bias = step.from(*bias).ok_or(LayerError::Bias)?;
        let bias = *bias;
        if known.in_bias == 0 && known.out_bias == 0 {
            remove(&mut self.node_biases, &node);
            return Ok(0);
        }
        known.timestamp = now;
        known.description = description.map(str::to_owned).or(known.description);
        insert(&mut self.node_biases, node, known)?;
        Ok(bias)
    }

    /// Disables all channels of a node, also where it pays or is paid.
    ///
    /// # Errors
    /// [`LayerError::TooManyEntries`].
    pub fn disable_node(&mut self, node: NodeId) -> Result<(), LayerError> {
        add(&mut self.disabled_nodes, node)
    }

    /// Disables a direction. As `enabled: Some(false)` in an update, but no later update enables it again.
    ///
    /// # Errors
    /// [`LayerError::TooManyEntries`].
    pub fn disable_channel(&mut self, channel: ShortChannelIdDir) -> Result<(), LayerError> {
        add(&mut self.disabled_channels, channel)
    }

    /// Forgets bounds of constraints and biases from before `cutoff`; returns how many.
    pub fn age(&mut self, cutoff: UnixTime) -> usize {
        age_constraints(&mut self.constraints, cutoff)
            + age(&mut self.biases, |bias| bias.timestamp < cutoff)
            + age(&mut self.node_biases, |bias| bias.timestamp < cutoff)
    }

    /// How many entries there are of all kinds.
    pub fn entry_count(&self) -> usize {
        self.disabled_nodes.len()
            + self.disabled_channels.len()
            + self.created_channels.len()
            + self.channel_updates.len()
            + self.constraints.len()
            + self.biases.len()
            + self.node_biases.len()
    }
}

fn insert<K: Ord + Clone, V: Clone>(
    map: &mut Arc<BTreeMap<K, V>>,
    key: K,
    value: V,
) -> Result<(), LayerError> {
    if map.len() >= LAYER_ENTRY_COUNT_MAX && !map.contains_key(&key) {
        return Err(LayerError::TooManyEntries);
    }
    Arc::make_mut(map).insert(key, value);
    Ok(())
}

fn add<K: Ord + Clone>(set: &mut Arc<BTreeSet<K>>, key: K) -> Result<(), LayerError> {
    if set.len() >= LAYER_ENTRY_COUNT_MAX && !set.contains(&key) {
        return Err(LayerError::TooManyEntries);
    }
    Arc::make_mut(set).insert(key);
    Ok(())
}

fn remove<K: Ord + Clone, V: Clone>(map: &mut Arc<BTreeMap<K, V>>, key: &K) -> bool {
    map.contains_key(key) && Arc::make_mut(map).remove(key).is_some()
}

fn age<K: Ord + Clone, V: Clone>(map: &mut Arc<BTreeMap<K, V>>, is_old: impl Fn(&V) -> bool) -> usize {
    let count = map.values().filter(|value| is_old(value)).count();
    if count > 0 {
        Arc::make_mut(map).retain(|_, value| !is_old(value));
    }
    count
}

/// As [`age`], but the bounds of a constraint go one by one.
fn age_constraints(map: &mut Arc<BTreeMap<ShortChannelIdDir, Constraint>>, cutoff: UnixTime) -> usize {
    let old_bounds =
        |constraint: &Constraint| constraint.bound_count() - constraint.since(cutoff).bound_count();
    let count = map.values().map(old_bounds).sum();
    if count > 0 {
        Arc::make_mut(map).retain(|_, constraint| {
            *constraint = constraint.since(cutoff);
            !constraint.is_empty()
        });
    }
    count
}

fn check_description(description: Option<&str>) -> Result<(), LayerError> {
    let fits = description.is_none_or(|text| text.len() <= LAYER_DESCRIPTION_SIZE_MAX);
    if fits { Ok(()) } else { Err(LayerError::Description) }
}

/// Bytes of a layer's name.
pub const LAYER_NAME_SIZE_MAX: usize = 128;
/// Layers: a node has one for each of its plugins, each with some for its payments.
pub const LAYER_COUNT_MAX: usize = 1024;
/// Layers of one query: what a plugin knows, what its payment found out, and some that its user made.
pub const STACK_LAYER_COUNT_MAX: usize = 16;
/// Bytes of a bias's description.
pub const LAYER_DESCRIPTION_SIZE_MAX: usize = 1024;
/// Entries of each kind: ten for every direction of a channel of today's network.
pub const LAYER_ENTRY_COUNT_MAX: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use primitives::Direction;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(7);

    fn direction(scid: u64) -> ShortChannelIdDir {
        let short_channel_id = ShortChannelId::from_u64(scid);
        ShortChannelIdDir { short_channel_id, direction: Direction::NodeOneToTwo }
    }

    /// A layer with so many constraints: a minimum of 5 msat each.
    fn layer(count: usize) -> Layer {
        let known = Constraint::learnt_at(NOW, Msat::from_msat(5), Msat::MAX).normalized();
        let constraints = (0..count as u64).map(|scid| (direction(scid), known));
        Layer { constraints: Arc::new(constraints.collect()), ..Layer::new("full", false).unwrap() }
    }

    #[test]
    fn a_payment_is_noted_in_both_directions_or_in_neither() {
        let (new, amount) = (direction(u64::MAX), Msat::from_msat(3));
        let mut layer = layer(LAYER_ENTRY_COUNT_MAX - 1);
        // The maximum of the new direction would be one entry, the minimum of its reverse another.
        let maximum = Constraint::learnt_at(NOW, Msat::ZERO, Msat::from_msat(9));
        layer.set_constraint(new, maximum).unwrap();
        let before = layer.clone();
        let error = layer.inform_channel(new, amount, Inform::Succeeded, NOW);
        assert_eq!(error, Err(LayerError::TooManyEntries));
        assert!(layer == before, "the layer is as it was");
        // What is used up makes room for what came to the other side.
        let used = direction(0);
        layer.inform_channel(used, Msat::from_msat(5), Inform::Succeeded, NOW).unwrap();
        assert_eq!(layer.constraints.len(), LAYER_ENTRY_COUNT_MAX);
        assert!(!layer.constraints.contains_key(&used));
    }
}
