//! The constraints of Core Lightning's layers: what `askrene-listlayers` prints, and what `askrene-inform-channel` is
//! told.
//!
//! A `minimum_msat` is a lower bound of its direction, a `maximum_msat` an upper one. Disabled nodes, created
//! channels, updates and biases are no beliefs; they are skipped.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write};

use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir, UnixTime};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Unexpected, Visitor};

use super::json::{InField, Whole};
use super::learnt::Learnt;
use crate::belief::{Beliefs, Evidence};
use crate::import::Each;

/// Why layers were refused, with line and column.
#[derive(Debug, thiserror::Error)]
#[error("Core Lightning layers: {0}")]
pub struct LayersError(#[from] serde_json::Error);

/// Reads the constraints of all layers in a document. One without a `timestamp` was learnt at `now`.
///
/// # Errors
/// [`LayersError`]. What was told before it stays told.
pub fn read_layers(
    json: &[u8],
    now: UnixTime,
    mut sink: impl FnMut(ShortChannelId, Learnt),
) -> Result<(), LayersError> {
    let mut tell = |constraint: Constraint| constraint.tell(now, &mut sink);
    let mut reader = serde_json::Deserializer::from_slice(json);
    InField { name: "layers", seed: EachLayer(&mut tell) }.deserialize(&mut reader)?;
    Ok(reader.end()?)
}

/// Reads the arguments of one `askrene-inform-channel`, at `now`.
///
/// # Errors
/// [`LayersError`].
pub fn read_inform_channel(json: &[u8], now: UnixTime) -> Result<(ShortChannelId, Learnt), LayersError> {
    let Informed { arc, amount_msat, inform } = serde_json::from_slice(json)?;
    let amount = Msat::from_msat(amount_msat.0);
    let learnt = match inform {
        Inform::Constrained => Learnt::Refused(arc.0.direction, amount, now),
        Inform::Unconstrained => Learnt::Carried(arc.0.direction, amount, now),
        Inform::Succeeded => Learnt::Settled(arc.0.direction, amount, now),
    };
    Ok((arc.0.short_channel_id, learnt))
}

/// Writes what is known as a document of one layer; returns the number of constraints. The bounds are those that were
/// learnt, with their time.
///
/// # Errors
/// Those of `out`.
pub fn write_layers(beliefs: &Beliefs, layer: &str, mut out: impl Write) -> io::Result<u64> {
    let name = serde_json::to_string(layer)?;
    write!(
        out,
        r#"{{"layers":[{{"layer":{name},"persistent":false,"disabled_nodes":[],"created_channels":[],"#
    )?;
    write!(out, r#""channel_updates":[],"constraints":["#)?;
    let mut count = 0u64;
    for (channel, bounds) in beliefs.known() {
        let short_channel_id =
            beliefs.short_channel_id(channel).expect("known() lists channels of the table");
        let capacity = beliefs.capacity(channel).expect("known() lists channels of the table");
        for own in Direction::BOTH {
            let floor = bounds.floors[own.as_usize()];
            if floor.amount == Msat::ZERO {
                continue;
            }
            let (direction, field, amount) = match floor.evidence {
                Evidence::Carried | Evidence::Received => (own, "minimum_msat", floor.amount),
                Evidence::Refused => (own.reversed(), "maximum_msat", capacity.saturating_sub(floor.amount)),
            };
            let arc = ShortChannelIdDir { short_channel_id, direction };
            let (comma, time) = (if count == 0 { "" } else { "," }, floor.learnt.to_secs());
            write!(out, r#"{comma}{{"short_channel_id_dir":"{arc}","timestamp":{time},"#)?;
            write!(out, r#""{field}":{}}}"#, amount.to_msat())?;
            count += 1;
        }
    }
    write!(out, r#"],"biases":[]}}]}}"#)?;
    Ok(count)
}

#[derive(Deserialize)]
struct Constraint {
    #[serde(rename = "short_channel_id_dir")]
    arc: Arc,
    timestamp: Option<Whole>,
    minimum_msat: Option<Whole>,
    maximum_msat: Option<Whole>,
}

#[derive(Deserialize)]
struct Informed {
    #[serde(rename = "short_channel_id_dir")]
    arc: Arc,
    amount_msat: Whole,
    inform: Inform,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Inform {
    Constrained,
    Unconstrained,
    Succeeded,
}

/// One direction of a channel, as text.
struct Arc(ShortChannelIdDir);

impl Constraint {
    fn tell(self, now: UnixTime, sink: &mut impl FnMut(ShortChannelId, Learnt)) {
        let ShortChannelIdDir { short_channel_id, direction } = self.arc.0;
        let time = self
            .timestamp
            .map_or(now, |Whole(secs)| UnixTime::from_secs(u32::try_from(secs).unwrap_or(u32::MAX)));
        if let Some(Whole(minimum)) = self.minimum_msat {
            sink(short_channel_id, Learnt::Carried(direction, Msat::from_msat(minimum), time));
        }
        if let Some(Whole(maximum)) = self.maximum_msat {
            // One more than the most that could pass could not.
            let refused = Msat::from_msat(maximum.saturating_add(1));
            sink(short_channel_id, Learnt::Refused(direction, refused, time));
        }
    }
}

impl<'de> Deserialize<'de> for Arc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ArcVisitor)
    }
}

struct ArcVisitor;

impl Visitor<'_> for ArcVisitor {
    type Value = Arc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BLOCKxTRANSACTIONxOUTPUT/DIRECTION")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Arc, E> {
        text.parse().map(Arc).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Looks for constraints in each layer of a list.
struct EachLayer<'a, F>(&'a mut F);

impl<'de, F: FnMut(Constraint)> DeserializeSeed<'de> for EachLayer<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Constraint)> Visitor<'de> for EachLayer<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of layers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut tell = |constraint: Constraint| {
            (self.0)(constraint);
            Ok::<_, Infallible>(())
        };
        loop {
            let seed = InField { name: "constraints", seed: Each::new(&mut tell) };
            if list.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
        }
    }
}
