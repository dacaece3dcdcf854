//! The values inside LND's JSON, each read with the name of its field, so that an error can say what was expected.
//!
//! Protobuf's JSON form writes 64-bit numbers as strings and REST proxies do not always: numbers are taken as either.
//! What is absent or null has its type's zero (proto3); a capacity of zero is unknown, a `max_htlc_msat` of zero is none.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    UnixTime,
};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Unexpected, Visitor};

/// One of `nodes`.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) node_id: NodeId,
    pub(super) features: Features,
}

/// One of `edges`.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) short_channel_id: ShortChannelId,
    pub(super) node_id_1: NodeId,
    pub(super) node_id_2: NodeId,
    /// `None` where LND writes 0, which it does where it was told to assume channels valid.
    pub(super) capacity: Option<Msat>,
    pub(super) policies: [Option<ChannelPolicy>; 2],
}

/// Reads a [`Node`].
pub(super) struct NodeSeed;

/// Reads an [`Edge`] and leaves its id in the cell as soon as that is known, for errors behind it.
pub(super) struct EdgeSeed<'a>(pub(super) &'a mut Option<ShortChannelId>);

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum NodeField {
    PubKey,
    Features,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum EdgeField {
    #[serde(alias = "chan_id")]
    ChannelId,
    #[serde(rename = "node1_pub")]
    Node1Pub,
    #[serde(rename = "node2_pub")]
    Node2Pub,
    Capacity,
    #[serde(rename = "node1_policy")]
    Node1Policy,
    #[serde(rename = "node2_policy")]
    Node2Policy,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum PolicyField {
    TimeLockDelta,
    MinHtlc,
    FeeBaseMsat,
    FeeRateMilliMsat,
    Disabled,
    MaxHtlcMsat,
    LastUpdate,
    InboundFeeBaseMsat,
    InboundFeeRateMilliMsat,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for NodeSeed {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node, as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let (mut node_id, mut features) = (None, Features::default());
        while let Some(field) = map.next_key()? {
            match field {
                NodeField::PubKey => node_id = Some(map.next_value_seed(Text::new("pub_key", NODE_ID))?),
                NodeField::Features => features = map.next_value_seed(FeaturesSeed)?,
                NodeField::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let node_id = node_id.ok_or_else(|| A::Error::missing_field("pub_key"))?;
        Ok(Node { node_id, features })
    }
}

impl<'de> DeserializeSeed<'de> for EdgeSeed<'_> {
    type Value = Edge;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Edge, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EdgeSeed<'_> {
    type Value = Edge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a channel, as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Edge, A::Error> {
        let (mut node_id_1, mut node_id_2, mut capacity) = (None, None, None);
        let mut policies: [Option<ChannelPolicy>; 2] = [None; 2];
        while let Some(field) = map.next_key()? {
            match field {
                EdgeField::ChannelId => *self.0 = Some(map.next_value_seed(Text::new("channel_id", SCID))?),
                EdgeField::Node1Pub => {
                    node_id_1 = Some(map.next_value_seed(Text::new("node1_pub", NODE_ID))?);
                }
                EdgeField::Node2Pub => {
                    node_id_2 = Some(map.next_value_seed(Text::new("node2_pub", NODE_ID))?);
                }
                EdgeField::Capacity => {
                    capacity = match map.next_value_seed(Number::<u64>::new("capacity"))? {
                        0 => None,
                        sat => Some(Msat::from_sat(sat).ok_or_else(|| {
                            A::Error::invalid_value(Unexpected::Unsigned(sat), &"satoshi below 2^64 / 1000")
                        })?),
                    }
                }
                EdgeField::Node1Policy => {
                    policies[Direction::NodeOneToTwo.as_usize()] = map.next_value_seed(PolicySeed)?;
                }
                EdgeField::Node2Policy => {
                    policies[Direction::NodeTwoToOne.as_usize()] = map.next_value_seed(PolicySeed)?;
                }
                EdgeField::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // LND holds an HTLC against the maximum of a policy that has one, and else against the capacity.
        let without = policies.iter_mut().flatten().filter(|policy| policy.htlc_maximum_msat == Msat::ZERO);
        without.for_each(|policy| policy.htlc_maximum_msat = capacity.unwrap_or(Msat::MAX));
        Ok(Edge {
            short_channel_id: self.0.ok_or_else(|| A::Error::missing_field("channel_id"))?,
            node_id_1: node_id_1.ok_or_else(|| A::Error::missing_field("node1_pub"))?,
            node_id_2: node_id_2.ok_or_else(|| A::Error::missing_field("node2_pub"))?,
            capacity,
            policies,
        })
    }
}

/// Reads a policy, or null.
struct PolicySeed;

impl<'de> DeserializeSeed<'de> for PolicySeed {
    type Value = Option<ChannelPolicy>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for PolicySeed {
    type Value = Option<ChannelPolicy>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy, as an object or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut policy = ChannelPolicy {
            fee: Fee::default(),
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::default(),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::ZERO,
            disabled: false,
            last_update: UnixTime::default(),
        };
        while let Some(field) = map.next_key()? {
            match field {
                PolicyField::TimeLockDelta => {
                    let blocks = map.next_value_seed(Number::new("time_lock_delta"))?;
                    policy.cltv_expiry_delta = CltvExpiryDelta::from_blocks(blocks);
                }
                PolicyField::MinHtlc => {
                    policy.htlc_minimum_msat = Msat::from_msat(map.next_value_seed(Number::new("min_htlc"))?);
                }
                PolicyField::FeeBaseMsat => {
                    policy.fee.fee_base_msat = map.next_value_seed(Number::new("fee_base_msat"))?;
                }
                PolicyField::FeeRateMilliMsat => {
                    policy.fee.fee_proportional_millionths =
                        map.next_value_seed(Number::new("fee_rate_milli_msat"))?;
                }
                PolicyField::Disabled => policy.disabled = map.next_value::<Option<bool>>()?.unwrap_or(false),
                PolicyField::MaxHtlcMsat => {
                    policy.htlc_maximum_msat =
                        Msat::from_msat(map.next_value_seed(Number::new("max_htlc_msat"))?);
                }
                PolicyField::LastUpdate => {
                    policy.last_update =
                        UnixTime::from_secs(map.next_value_seed(Number::new("last_update"))?);
                }
                PolicyField::InboundFeeBaseMsat => {
                    policy.inbound_fee.base_msat =
                        map.next_value_seed(Number::new("inbound_fee_base_msat"))?;
                }
                PolicyField::InboundFeeRateMilliMsat => {
                    policy.inbound_fee.proportional_millionths =
                        map.next_value_seed(Number::new("inbound_fee_rate_milli_msat"))?;
                }
                PolicyField::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(policy))
    }
}

/// Reads a map whose keys are feature bits.
struct FeaturesSeed;

impl<'de> DeserializeSeed<'de> for FeaturesSeed {
    type Value = Features;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Features, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FeaturesSeed {
    type Value = Features;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`features`, as an object whose keys are feature bits, or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Features, E> {
        Ok(Features::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Features, A::Error> {
        let mut bits = Vec::new();
        while let Some(bit) = map.next_key_seed(Number::<u16>::new("features"))? {
            map.next_value::<IgnoredAny>()?;
            bits.push(usize::from(bit));
        }
        Ok(Features::from_bits(bits))
    }
}

/// A number of a type, written as a number or as a string.
struct Number<T> {
    field: &'static str,
    kind: PhantomData<T>,
}

impl<T> Number<T> {
    fn new(field: &'static str) -> Self {
        Number { field, kind: PhantomData }
    }
}

impl<'de, T: TryFrom<u64> + TryFrom<i64> + FromStr + Default> DeserializeSeed<'de> for Number<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T: TryFrom<u64> + TryFrom<i64> + FromStr + Default> Visitor<'de> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, a whole number of type {}", self.field, std::any::type_name::<T>())
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        match value.parse() {
            Ok(number) if !value.starts_with('+') => Ok(number),
            _ => Err(E::invalid_value(Unexpected::Str(excerpt(value)), &self)),
        }
    }
}

/// A string that parses as `T`; ids also come as bare numbers from tools that re-encode JSON.
struct Text<T> {
    field: &'static str,
    expected: &'static str,
    kind: PhantomData<T>,
}

impl<T> Text<T> {
    fn new(field: &'static str, expected: &'static str) -> Self {
        Text { field, expected, kind: PhantomData }
    }
}

impl<'de, T: FromStr> DeserializeSeed<'de> for Text<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<T, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T: FromStr> Visitor<'de> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, {}", self.field, self.expected)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
        value.parse().map_err(|_| E::invalid_value(Unexpected::Str(excerpt(value)), &self))
    }
}

/// As much of a wrong value as an error should carry.
fn excerpt(value: &str) -> &str {
    let end = value.char_indices().nth(EXCERPT_LENGTH).map_or(value.len(), |(at, _)| at);
    &value[..end]
}

/// Characters of a wrong value that an error shows; a node id fits.
const EXCERPT_LENGTH: usize = 80;
const NODE_ID: &str = "66 hexadecimal digits that begin with 02 or 03";
const SCID: &str = "a short channel id, as a number of 64 bits or as BLOCKxTRANSACTIONxOUTPUT";
