//! Reads layers in the form of Core Lightning's `askrene-listlayers` (doc/schemas/askrene-listlayers.json, v25.12).
//!
//! Entries are read one at a time into their layer, so that a document costs its layers and one entry. What the form
//! does not know is skipped; fields that earlier versions lack may be missing. An amount is a number, or text with
//! `msat` behind it, as old versions print it.
//!
//! A direction may have many constraints, each with one bound or both, as askrene lists what it learnt bit by bit. All of
//! them apply: the greatest minimum and the least maximum stay, each with its own timestamp, whatever their order.

use std::fmt;
use std::io::{BufReader, Read};
use std::str::FromStr;

use primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir, UnixTime};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::change::{BiasStep, PolicyChange, Side};
use super::constraint::Constraint;
use super::edit::{Layer, LayerError};
use crate::import::{Each, JsonGuard};

/// Reads a whole document. O(bytes).
///
/// # Errors
/// Where it is no JSON, longer than [`LAYER_JSON_SIZE_MAX`], or an entry in it is wrong; says where.
pub fn read_layers(input: impl Read) -> Result<Vec<Layer>, LayerJsonError> {
    let limited = input.take(LAYER_JSON_SIZE_MAX);
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(JsonGuard::new(limited)));
    let mut layers = Vec::new();
    Document(&mut layers).deserialize(&mut json)?;
    json.end()?;
    Ok(layers)
}

/// What is wrong, and in which line and column.
#[derive(Debug, thiserror::Error)]
#[error("layers: {0}")]
pub struct LayerJsonError(#[from] serde_json::Error);

impl LayerJsonError {
    /// Line and column, both from 1, of the byte behind what was wrong.
    pub fn position(&self) -> (usize, usize) {
        (self.0.line(), self.0.column())
    }
}

/// `{"layers": [...]}`.
struct Document<'a>(&'a mut Vec<Layer>);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the array \"layers\"")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut is_there = false;
        while let Some(key) = map.next_key::<String>()? {
            if key != "layers" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            is_there = true;
            map.next_value_seed(Each::new(|ReadLayer(layer)| {
                if self.0.len() >= super::LAYER_COUNT_MAX {
                    return Err(LayerError::TooManyLayers);
                }
                if self.0.iter().any(|known| known.name() == layer.name()) {
                    return Err(LayerError::Exists);
                }
                self.0.push(layer);
                Ok(())
            }))?;
        }
        if is_there { Ok(()) } else { Err(A::Error::missing_field("layers")) }
    }
}

/// A layer as it is read.
struct ReadLayer(Layer);

impl<'de> Deserialize<'de> for ReadLayer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LayerVisitor)
    }
}

struct LayerVisitor;

impl<'de> Visitor<'de> for LayerVisitor {
    type Value = ReadLayer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a layer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadLayer, A::Error> {
        // The name may come last.
        let mut layer = Layer::new("-", false).map_err(A::Error::custom)?;
        let (mut name, mut persistent) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "layer" => name = Some(map.next_value::<String>()?),
                "persistent" => persistent = map.next_value()?,
                "disabled_nodes" => map.next_value_seed(Each::new(|Text(node)| layer.disable_node(node)))?,
                "disabled_channels" => {
                    map.next_value_seed(Each::new(|Text(channel)| layer.disable_channel(channel)))?
                }
                "created_channels" => {
                    map.next_value_seed(Each::new(|created: ReadCreated| created.add(&mut layer)))?
                }
                "channel_updates" => {
                    map.next_value_seed(Each::new(|update: ReadUpdate| update.add(&mut layer)))?
                }
                "constraints" => {
                    map.next_value_seed(Each::new(|known: ReadConstraint| known.add(&mut layer)))?
                }
                "biases" => map.next_value_seed(Each::new(|bias: ReadBias| bias.add(&mut layer)))?,
                "node_biases" => map.next_value_seed(Each::new(|bias: ReadNodeBias| bias.add(&mut layer)))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let name = name.ok_or_else(|| A::Error::missing_field("layer"))?;
        layer.rename(&name, persistent).map_err(A::Error::custom)?;
        Ok(ReadLayer(layer))
    }
}

#[derive(Deserialize)]
struct ReadCreated {
    source: Text<NodeId>,
    destination: Text<NodeId>,
    short_channel_id: Text<ShortChannelId>,
    capacity_msat: ReadMsat,
}

#[derive(Deserialize)]
struct ReadUpdate {
    short_channel_id_dir: Text<ShortChannelIdDir>,
    enabled: Option<bool>,
    htlc_minimum_msat: Option<ReadMsat>,
    htlc_maximum_msat: Option<ReadMsat>,
    fee_base_msat: Option<ReadMsat>,
    fee_proportional_millionths: Option<u32>,
    cltv_expiry_delta: Option<u16>,
}

#[derive(Deserialize)]
struct ReadConstraint {
    short_channel_id_dir: Text<ShortChannelIdDir>,
    #[serde(default)]
    timestamp: u32,
    maximum_msat: Option<ReadMsat>,
    minimum_msat: Option<ReadMsat>,
}

#[derive(Deserialize)]
struct ReadBias {
    short_channel_id_dir: Text<ShortChannelIdDir>,
    bias: i8,
    description: Option<String>,
    #[serde(default)]
    timestamp: u32,
}

#[derive(Deserialize)]
struct ReadNodeBias {
    node: Text<NodeId>,
    in_bias: i8,
    out_bias: i8,
    description: Option<String>,
    #[serde(default)]
    timestamp: u32,
}

impl ReadCreated {
    fn add(self, layer: &mut Layer) -> Result<(), LayerError> {
        let ends = [self.source.0, self.destination.0];
        layer.create_channel(ends, self.short_channel_id.0, self.capacity_msat.0)
    }
}

impl ReadUpdate {
    fn add(self, layer: &mut Layer) -> Result<(), LayerError> {
        let base =
            self.fee_base_msat.map(|base| u32::try_from(base.0.to_msat()).map_err(|_| LayerError::Fee));
        let change = PolicyChange {
            enabled: self.enabled,
            htlc_minimum_msat: self.htlc_minimum_msat.map(|msat| msat.0),
            htlc_maximum_msat: self.htlc_maximum_msat.map(|msat| msat.0),
            fee_base_msat: base.transpose()?,
            fee_proportional_millionths: self.fee_proportional_millionths,
            cltv_expiry_delta: self.cltv_expiry_delta,
        };
        layer.update_channel(self.short_channel_id_dir.0, change)
    }
}

impl ReadConstraint {
    fn add(self, layer: &mut Layer) -> Result<(), LayerError> {
        let minimum = self.minimum_msat.map_or(Msat::ZERO, |msat| msat.0);
        let maximum = self.maximum_msat.map_or(Msat::MAX, |msat| msat.0);
        let constraint = Constraint::learnt_at(UnixTime::from_secs(self.timestamp), minimum, maximum);
        layer.add_constraint(self.short_channel_id_dir.0, constraint)
    }
}

impl ReadBias {
    fn add(self, layer: &mut Layer) -> Result<(), LayerError> {
        let (bias, at) = (BiasStep::To(self.bias), UnixTime::from_secs(self.timestamp));
        layer.bias_channel(self.short_channel_id_dir.0, bias, self.description.as_deref(), at).map(drop)
    }
}

impl ReadNodeBias {
    fn add(self, layer: &mut Layer) -> Result<(), LayerError> {
        let (text, at) = (self.description.as_deref(), UnixTime::from_secs(self.timestamp));
        layer.bias_node(self.node.0, Side::In, BiasStep::To(self.in_bias), text, at)?;
        layer.bias_node(self.node.0, Side::Out, BiasStep::To(self.out_bias), text, at).map(drop)
    }
}

/// A value that is written as text.
struct Text<T>(T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Text).map_err(D::Error::custom)
    }
}

/// An amount: a number, or text such as `5000msat`.
struct ReadMsat(Msat);

impl<'de> Deserialize<'de> for ReadMsat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        let msat = match Form::deserialize(deserializer)? {
            Form::Number(msat) => Some(msat),
            Form::Text(text) => text.strip_suffix("msat").and_then(|digits| digits.parse().ok()),
        };
        let msat = msat.ok_or_else(|| D::Error::custom("an amount is a whole number of msat"))?;
        Ok(ReadMsat(Msat::from_msat(msat)))
    }
}

/// Bytes of a document: a layer of a million entries of each kind, some 200 bytes an entry.
pub const LAYER_JSON_SIZE_MAX: u64 = 1 << 30;
