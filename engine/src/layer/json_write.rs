//! Writes layers in the form of Core Lightning's `askrene-listlayers` (doc/schemas/askrene-listlayers.json, v25.12).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};

use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::change::{Bias, Constraint, CreatedChannel, NodeBias, PolicyChange};
use super::edit::Layer;

/// Writes layers as one document, entry by entry, each kind in the order of names. [`super::read_layers`] reads it back.
///
/// # Errors
/// As `out`.
pub fn write_layers<'a>(layers: impl IntoIterator<Item = &'a Layer>, mut out: impl Write) -> io::Result<()> {
    out.write_all(b"{\"layers\":[")?;
    for (at, layer) in layers.into_iter().enumerate() {
        out.write_all(if at > 0 { b",\n" } else { b"" })?;
        serde_json::to_writer(&mut out, &LayerJson(layer))?;
    }
    out.write_all(b"]}\n")
}

struct LayerJson<'a>(&'a Layer);

/// A value that is written by its `Display`.
struct Text<T>(T);

/// Entries of a map, each with its key.
struct Entries<I>(I);

struct Entry<K, V>(K, V);

impl Serialize for LayerJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let layer = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("layer", layer.name())?;
        map.serialize_entry("persistent", &layer.is_persistent())?;
        map.serialize_entry("disabled_nodes", &Entries(layer.disabled_nodes().iter().map(Text)))?;
        map.serialize_entry("disabled_channels", &Entries(layer.disabled_channels().iter().map(Text)))?;
        map.serialize_entry("created_channels", &entries(layer.created_channels()))?;
        map.serialize_entry("channel_updates", &entries(layer.channel_updates()))?;
        map.serialize_entry("constraints", &entries(layer.constraints()))?;
        map.serialize_entry("biases", &entries(layer.biases()))?;
        map.serialize_entry("node_biases", &entries(layer.node_biases()))?;
        map.end()
    }
}

fn entries<K, V>(map: &BTreeMap<K, V>) -> Entries<impl Iterator<Item = Entry<&K, &V>> + Clone> {
    Entries(map.iter().map(|(key, value)| Entry(key, value)))
}

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Entries<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

impl Serialize for Entry<&ShortChannelId, &CreatedChannel> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(short_channel_id, CreatedChannel { node_ids: [source, destination], capacity }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", &Text(source))?;
        map.serialize_entry("destination", &Text(destination))?;
        map.serialize_entry("short_channel_id", &Text(short_channel_id))?;
        map.serialize_entry("capacity_msat", &capacity.to_msat())?;
        map.end()
    }
}

impl Serialize for Entry<&ShortChannelIdDir, &PolicyChange> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(channel, change) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("short_channel_id_dir", &Text(channel))?;
        optional(&mut map, "enabled", change.enabled)?;
        optional(&mut map, "htlc_minimum_msat", change.htlc_minimum_msat.map(Msat::to_msat))?;
        optional(&mut map, "htlc_maximum_msat", change.htlc_maximum_msat.map(Msat::to_msat))?;
        optional(&mut map, "fee_base_msat", change.fee_base_msat)?;
        optional(&mut map, "fee_proportional_millionths", change.fee_proportional_millionths)?;
        optional(&mut map, "cltv_expiry_delta", change.cltv_expiry_delta)?;
        map.end()
    }
}

impl Serialize for Entry<&ShortChannelIdDir, &Constraint> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(channel, Constraint { minimum, maximum, timestamp }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("short_channel_id_dir", &Text(channel))?;
        map.serialize_entry("timestamp", &timestamp.to_secs())?;
        let (minimum, maximum) = (Some(*minimum), Some(*maximum));
        optional(&mut map, "maximum_msat", maximum.filter(|max| *max != Msat::MAX).map(Msat::to_msat))?;
        optional(&mut map, "minimum_msat", minimum.filter(|min| *min != Msat::ZERO).map(Msat::to_msat))?;
        map.end()
    }
}

impl Serialize for Entry<&ShortChannelIdDir, &Bias> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(channel, Bias { bias, description, timestamp }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("short_channel_id_dir", &Text(channel))?;
        map.serialize_entry("bias", bias)?;
        end_bias(map, description.as_deref(), *timestamp)
    }
}

impl Serialize for Entry<&NodeId, &NodeBias> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(node, NodeBias { in_bias, out_bias, description, timestamp }) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("node", &Text(node))?;
        map.serialize_entry("in_bias", in_bias)?;
        map.serialize_entry("out_bias", out_bias)?;
        end_bias(map, description.as_deref(), *timestamp)
    }
}

fn end_bias<M: SerializeMap>(mut map: M, description: Option<&str>, at: UnixTime) -> Result<M::Ok, M::Error> {
    optional(&mut map, "description", description)?;
    map.serialize_entry("timestamp", &at.to_secs())?;
    map.end()
}

fn optional<M: SerializeMap>(
    map: &mut M,
    key: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}
