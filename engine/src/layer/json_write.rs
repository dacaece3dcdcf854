//! Writes layers in the form of Core Lightning's `askrene-listlayers` (doc/schemas/askrene-listlayers.json, v25.12).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::io::{self, Write};
use std::iter::{from_fn, once};
use std::ops;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::change::{Bias, CreatedChannel, NodeBias, PolicyChange};
use super::constraint::Bound;
use super::edit::Layer;

/// Writes layers as one document, entry by entry, each kind in the order of names. [`super::read_layers`] reads it back.
///
/// # Errors
/// As `out`.
pub fn write_layers<'a>(layers: impl IntoIterator<Item = &'a Layer>, mut out: impl Write) -> io::Result<()> {
    out.write_all(BEGINNING)?;
    for (at, layer) in layers.into_iter().enumerate() {
        out.write_all(separator(at))?;
        // A clone shares all entries.
        for piece in one_layer(&Arc::new(layer.clone())) {
            out.write_all(&piece)?;
        }
    }
    out.write_all(END)
}

/// The document that [`write_layers`] writes, in pieces of some entries each, which are made as they are asked for. It
/// shows the layers as they are now, whatever becomes of them.
pub fn layer_pieces(
    layers: impl IntoIterator<Item = Arc<Layer>, IntoIter: Send + 'static>,
) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    let layers = layers.into_iter().enumerate();
    let each = layers.flat_map(|(at, layer)| once(separator(at).to_vec()).chain(one_layer(&layer)));
    once(BEGINNING.to_vec()).chain(each).chain(once(END.to_vec()))
}

fn one_layer(layer: &Arc<Layer>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    let mut head = b"{\"layer\":".to_vec();
    write_value(&mut head, layer.name());
    head.extend_from_slice(b",\"persistent\":");
    write_value(&mut head, &layer.is_persistent());
    once(head)
        .chain(set("disabled_nodes", layer, Layer::disabled_nodes))
        .chain(set("disabled_channels", layer, Layer::disabled_channels))
        .chain(map("created_channels", layer, Layer::created_channels))
        .chain(map("channel_updates", layer, Layer::channel_updates))
        .chain(constraints(layer))
        .chain(map("biases", layer, Layer::biases))
        .chain(map("node_biases", layer, Layer::node_biases))
        .chain(once(b"}".to_vec()))
}

/// A field that lists names.
fn set<K: Copy + Ord + Display + Send + 'static>(
    name: &'static str,
    layer: &Arc<Layer>,
    of: fn(&Layer) -> &BTreeSet<K>,
) -> impl Iterator<Item = Vec<u8>> + Send + use<K> {
    list(name, layer, move |layer, behind, piece| {
        let keys = of(layer).range::<K, _>((behind, Unbounded)).take(PIECE_ENTRY_COUNT);
        write_some(piece, behind, keys.map(|&key| (key, Text(key))))
    })
}

/// A field that lists entries.
fn map<K: Copy + Ord + Send + 'static, V: 'static>(
    name: &'static str,
    layer: &Arc<Layer>,
    of: fn(&Layer) -> &BTreeMap<K, V>,
) -> impl Iterator<Item = Vec<u8>> + Send + use<K, V>
where
    for<'a> Entry<&'a K, &'a V>: Serialize,
{
    list(name, layer, move |layer, behind, piece| {
        let entries = of(layer).range::<K, _>((behind, Unbounded)).take(PIECE_ENTRY_COUNT);
        write_some(piece, behind, entries.map(|(key, value)| (*key, Entry(key, value))))
    })
}

/// The field of constraints: an entry for each bound, because an entry has one timestamp.
fn constraints(layer: &Arc<Layer>) -> impl Iterator<Item = Vec<u8>> + Send + use<> {
    list("constraints", layer, |layer, behind, piece| {
        let directions = layer.constraints().range((behind, Unbounded)).take(PIECE_ENTRY_COUNT);
        let entries = directions.flat_map(|(channel, constraint)| {
            let minimum = constraint.known_minimum().map(|bound| ("minimum_msat", bound));
            let maximum = constraint.known_maximum().map(|bound| ("maximum_msat", bound));
            minimum.into_iter().chain(maximum).map(move |bound| (*channel, Entry(channel, bound)))
        });
        write_some(piece, behind, entries)
    })
}

/// A field that is a list: `write` writes some entries behind a key, and tells the key of the last one where there was one.
fn list<K: Copy + Send + 'static, F>(
    name: &'static str,
    layer: &Arc<Layer>,
    write: F,
) -> impl Iterator<Item = Vec<u8>> + Send + use<K, F>
where
    F: Fn(&Layer, ops::Bound<K>, &mut Vec<u8>) -> Option<K> + Send + 'static,
{
    let layer = Arc::clone(layer);
    let mut behind = Unbounded;
    let pieces = from_fn(move || {
        let mut piece = Vec::new();
        behind = Excluded(write(&layer, behind, &mut piece)?);
        Some(piece)
    });
    once(format!(",\"{name}\":[").into_bytes()).chain(pieces).chain(once(b"]".to_vec()))
}

fn write_some<K: Copy, E: Serialize>(
    piece: &mut Vec<u8>,
    behind: ops::Bound<K>,
    entries: impl Iterator<Item = (K, E)>,
) -> Option<K> {
    let mut last = None;
    for (key, entry) in entries {
        if last.is_some() || matches!(behind, Excluded(_)) {
            piece.push(b',');
        }
        write_value(piece, &entry);
        last = Some(key);
    }
    last
}

fn write_value(piece: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(piece, value).expect("a vector takes all");
}

/// What stands before the layer at this place.
fn separator(at: usize) -> &'static [u8] {
    if at > 0 { b",\n" } else { b"" }
}

/// A value that is written by its `Display`.
struct Text<T>(T);

struct Entry<K, V>(K, V);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
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

impl Serialize for Entry<&ShortChannelIdDir, (&'static str, Bound)> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry(channel, (field, Bound { amount, timestamp })) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("short_channel_id_dir", &Text(channel))?;
        map.serialize_entry("timestamp", &timestamp.to_secs())?;
        map.serialize_entry(field, &amount.to_msat())?;
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

const BEGINNING: &[u8] = b"{\"layers\":[";
const END: &[u8] = b"]}\n";
/// Entries of a piece: some kilobytes, so that neither finding the first one nor the piece's memory counts.
const PIECE_ENTRY_COUNT: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::change::{BiasStep, Side};
    use super::super::constraint::Constraint;
    use super::super::json_read::read_layers;
    use super::*;

    fn channel(at: usize) -> ShortChannelIdDir {
        format!("{at}x1x0/{}", at % 2).parse().unwrap()
    }

    /// A layer of so many entries of a kind that fills pieces, and one of each other kind.
    fn layer(name: &str, count: usize) -> Layer {
        let mut layer = Layer::new(name, true).unwrap();
        let [one, two] = [2, 3].map(|byte| NodeId::from_bytes([byte; 33]).unwrap());
        let now = UnixTime::from_secs(7);
        for at in 1..=count {
            layer.disable_channel(channel(at)).unwrap();
            let free = PolicyChange { fee_base_msat: Some(at as u32), ..PolicyChange::default() };
            layer.update_channel(channel(at), free).unwrap();
            let amounts = [at as u64, u64::MAX - 1].map(Msat::from_msat);
            layer.set_constraint(channel(at), Constraint::learnt_at(now, amounts[0], amounts[1])).unwrap();
        }
        layer.disable_node(one).unwrap();
        layer.create_channel([one, two], "9x9x9".parse().unwrap(), Msat::from_msat(5)).unwrap();
        layer.bias_channel(channel(1), BiasStep::To(3), Some("\"why\""), now).unwrap();
        layer.bias_node(two, Side::In, BiasStep::To(-3), None, now).unwrap();
        layer
    }

    #[test]
    fn pieces_joined_are_the_document() {
        for count in [0, 1, PIECE_ENTRY_COUNT - 1, PIECE_ENTRY_COUNT, PIECE_ENTRY_COUNT + 1, 1000] {
            let layers = [layer("\"a\"", count), Layer::new("b", false).unwrap(), layer("c", 1)];
            let mut written = Vec::new();
            write_layers(&layers, &mut written).unwrap();
            let pieces: Vec<Vec<u8>> = layer_pieces(layers.clone().map(Arc::new)).collect();
            assert_eq!(pieces.concat(), written, "{count}");
            // A constraint has two entries.
            assert!(pieces.iter().all(|piece| piece.len() < 2 * 100 * PIECE_ENTRY_COUNT), "{count}");
            assert_eq!(read_layers(&*written).unwrap(), layers, "{count}");
            let document: Value = serde_json::from_slice(&written).unwrap();
            let told = &document["layers"][0];
            assert_eq!((&told["layer"], &told["persistent"]), (&json!("\"a\""), &json!(true)));
            for kind in ["disabled_channels", "channel_updates"] {
                assert_eq!(told[kind].as_array().unwrap().len(), count, "{kind}");
            }
            assert_eq!(told["constraints"].as_array().unwrap().len(), 2 * count);
            let empty = json!({
                "layer": "b", "persistent": false, "disabled_nodes": [], "disabled_channels": [],
                "created_channels": [], "channel_updates": [], "constraints": [], "biases": [], "node_biases": [],
            });
            assert_eq!(document["layers"][1], empty);
        }
    }

    #[test]
    fn pieces_show_the_layer_as_it_was() {
        let mut edited = layer("a", 200);
        let mut before = Vec::new();
        write_layers([&edited], &mut before).unwrap();
        let mut pieces = layer_pieces([Arc::new(edited.clone())]);
        let mut told = pieces.next().unwrap();
        edited.disable_channel(channel(150)).unwrap();
        edited.disable_channel(channel(1000)).unwrap();
        told.extend(pieces.flatten());
        assert_eq!(told, before);
    }
}
