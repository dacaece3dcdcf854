//! The question of QueryRoutes, and what it is for the engine.

use std::collections::{BTreeMap, HashSet};

use engine::cost::{CostModel, ProbabilityWeights};
use engine::graph::NodeIdx;
use engine::query::{Avoid, ExtraArc, RouteLimits, RouteQuery};
use engine::snapshot::Snapshot;
use primitives::codec::encode_bigsize;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Fee, InboundFee, Msat, NodeId, ShortChannelId,
    ShortChannelIdDir, UnixTime,
};
use serde::de::{Deserialize as _, Deserializer, IgnoredAny};

use super::error::LndError;
use super::form::{Base64, NodeBytes};
use crate::http::facade::{Flag, Fraction, Number};
use crate::http::neighbours::{arc_count, arcs_of_pairs, channels_of};

/// `lnrpc.QueryRoutesRequest`. Every field that we know is translated or refused, none is passed over.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueryRoutesRequest {
    pub(super) pub_key: String,
    pub(super) amt: Number<i64>,
    pub(super) amt_msat: Number<i64>,
    final_cltv_delta: Number<i32>,
    fee_limit: FeeLimit,
    ignored_nodes: Vec<NodeBytes>,
    ignored_edges: Vec<EdgeLocator>,
    #[serde(deserialize_with = "optional_node")]
    pub(super) source_pub_key: Option<NodeId>,
    pub(super) use_mission_control: Flag,
    ignored_pairs: Vec<NodePair>,
    cltv_limit: Number<u32>,
    pub(super) dest_custom_records: BTreeMap<u64, Base64>,
    outgoing_chan_id: Number<u64>,
    outgoing_chan_ids: Vec<Number<u64>>,
    #[serde(deserialize_with = "optional_node")]
    last_hop_pubkey: Option<NodeId>,
    route_hints: Vec<RouteHint>,
    blinded_payment_paths: Vec<IgnoredAny>,
    // Every payee that we know of understands the onion's TLV format, which is all that they decide here.
    #[serde(rename = "dest_features")]
    _dest_features: IgnoredAny,
    time_pref: Fraction,
    /// Ours: the height that expiries are counted from.
    pub(super) block_height: Option<Number<u32>>,
}

#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FeeLimit {
    fixed: Option<Number<i64>>,
    fixed_msat: Option<Number<i64>>,
    percent: Option<Number<i64>>,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EdgeLocator {
    channel_id: Number<u64>,
    #[serde(default)]
    direction_reverse: Flag,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NodePair {
    from: NodeBytes,
    to: NodeBytes,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteHint {
    hop_hints: Vec<HopHint>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HopHint {
    node_id: Hex,
    chan_id: Number<u64>,
    #[serde(default)]
    fee_base_msat: Number<u32>,
    #[serde(default)]
    fee_proportional_millionths: Number<u32>,
    #[serde(default)]
    cltv_expiry_delta: Number<u16>,
}

type Hex = crate::json::NodeIdText;

impl QueryRoutesRequest {
    /// The payee.
    ///
    /// # Errors
    /// Where `pub_key` is no node's id.
    pub(super) fn payee(&self) -> Result<NodeId, LndError> {
        self.pub_key.parse().map_err(|error| LndError::bad_argument(format!("pub_key: {error}")))
    }

    /// What the fields of a query are called here.
    pub(super) fn names(&self) -> [(&'static str, &'static str); 6] {
        let amount = if self.amt_msat.0 != 0 { "amt_msat" } else { "amt" };
        [
            ("src", "source_pub_key"),
            ("dst", "pub_key"),
            ("amount_msat", amount),
            ("last_hop", "last_hop_pubkey"),
            ("first_channels", "outgoing_chan_ids"),
            ("extra_arcs", "route_hints"),
        ]
    }

    /// The query, without layers and reservations.
    ///
    /// # Errors
    /// Where fields contradict each other, are out of their range, or ask for what we cannot do.
    pub fn to_query(&self, snapshot: &Snapshot, payer: NodeId) -> Result<RouteQuery, LndError> {
        if !self.blinded_payment_paths.is_empty() {
            return Err(LndError::bad_argument("blinded_payment_paths: they are not served here"));
        }
        let payee = self.payee()?;
        let amount = amount("amt", self.amt.0, self.amt_msat.0)?;
        Ok(RouteQuery {
            cost: cost_of(self.time_pref.0)?,
            limits: self.limits(amount)?,
            avoid: self.avoid(snapshot, payer)?,
            last_hop: self.last_hop_pubkey,
            extra_arcs: self.route_hints.iter().flat_map(|hint| hint.arcs(payee)).collect(),
            ..RouteQuery::new(payer, payee, amount)
        })
    }

    /// How many arcs [`to_query`](Self::to_query) looks at. O(names in the request).
    pub(super) fn looked_at(&self, snapshot: &Snapshot, payer: NodeId) -> usize {
        let tails: HashSet<NodeIdx> = self.pairs(snapshot).into_iter().map(|(tail, _)| tail).collect();
        let of_pairs = if tails.is_empty() { 0 } else { arc_count(snapshot, tails) };
        let payer = snapshot.node(&payer).filter(|_| !self.first_channels().is_empty());
        of_pairs + payer.map_or(0, |payer| arc_count(snapshot, [payer]))
    }

    fn limits(&self, amount: Msat) -> Result<RouteLimits, LndError> {
        let usual = RouteLimits::default();
        let final_cltv_delta = match u16::try_from(self.final_cltv_delta.0) {
            Ok(0) => FINAL_CLTV_DELTA,
            Ok(blocks) => u32::from(blocks),
            Err(_) => return Err(LndError::bad_argument("final_cltv_delta: it has 16 bits")),
        };
        let cltv_max = if self.cltv_limit.0 == 0 { usual.cltv_max } else { self.cltv_limit.0 };
        if cltv_max < final_cltv_delta {
            return Err(LndError::bad_argument("cltv_limit: it is below final_cltv_delta"));
        }
        Ok(RouteLimits {
            fee_max: Some(self.fee_limit.of(amount)?),
            cltv_max,
            final_cltv_delta,
            final_payload_extra: records_size(&self.dest_custom_records)?,
            ..usual
        })
    }

    fn avoid(&self, snapshot: &Snapshot, payer: NodeId) -> Result<Avoid, LndError> {
        if self.ignored_pairs.len() > PAIR_COUNT_MAX {
            return Err(LndError::bad_argument(format!("ignored_pairs: more than {PAIR_COUNT_MAX}")));
        }
        let mut avoid = Avoid::default();
        avoid.nodes.extend(self.ignored_nodes.iter().map(|node| node.0));
        avoid.directions.extend(self.ignored_edges.iter().map(|edge| ShortChannelIdDir {
            short_channel_id: ShortChannelId::from_u64(edge.channel_id.0),
            direction: Direction::BOTH[usize::from(edge.direction_reverse.0)],
        }));
        let pairs = self.pairs(snapshot);
        avoid.directions.extend(arcs_of_pairs(snapshot, &pairs).map(|arc| ShortChannelIdDir {
            short_channel_id: snapshot.short_channel_id(arc.channel()),
            direction: arc.direction(),
        }));
        avoid.channels = self.other_first_channels(snapshot, payer);
        Ok(avoid)
    }

    /// The ignored pairs whose nodes are in the graph.
    fn pairs(&self, snapshot: &Snapshot) -> HashSet<(NodeIdx, NodeIdx)> {
        let pairs = self.ignored_pairs.iter();
        pairs.filter_map(|pair| snapshot.node(&pair.from.0).zip(snapshot.node(&pair.to.0))).collect()
    }

    /// The first channels that the request allows; any where it names none.
    fn first_channels(&self) -> HashSet<u64> {
        let single = (self.outgoing_chan_id.0 != 0).then_some(self.outgoing_chan_id);
        single.iter().chain(&self.outgoing_chan_ids).map(|id| id.0).collect()
    }

    /// The payer's channels that the request does not allow.
    fn other_first_channels(&self, snapshot: &Snapshot, payer: NodeId) -> Vec<ShortChannelId> {
        let allowed = self.first_channels();
        if allowed.is_empty() {
            return Vec::new();
        }
        let own = snapshot.node(&payer).map(|node| channels_of(snapshot, node)).unwrap_or_default();
        let names = own.into_iter().map(|channel| snapshot.short_channel_id(channel));
        names.filter(|name| !allowed.contains(&name.to_u64())).collect()
    }
}

impl FeeLimit {
    fn of(&self, amount: Msat) -> Result<Msat, LndError> {
        let msat = amount.to_msat();
        let share = |percent: u64| {
            let fee = u128::from(msat) * u128::from(percent) / 100;
            Msat::from_msat(u64::try_from(fee).unwrap_or(u64::MAX))
        };
        let wrong =
            || LndError::bad_argument("fee_limit: give one of fixed, fixed_msat, percent, not below 0");
        let whole = |number: Number<i64>| u64::try_from(number.0).map_err(|_| wrong());
        match (self.fixed, self.fixed_msat, self.percent) {
            (None, None, None) if msat <= SMALL_MSAT => Ok(amount),
            (None, None, None) => Ok(share(FEE_PERCENT)),
            (Some(sat), None, None) => Ok(Msat::from_sat(whole(sat)?).unwrap_or(Msat::MAX)),
            (None, Some(msat), None) => Ok(Msat::from_msat(whole(msat)?)),
            (None, None, Some(percent)) => Ok(share(whole(percent)?)),
            _ => Err(wrong()),
        }
    }
}

impl RouteHint {
    /// The arcs from hint to hint, the last one into the payee.
    fn arcs(&self, payee: NodeId) -> impl Iterator<Item = ExtraArc> + '_ {
        let heads = self.hop_hints.iter().skip(1).map(|hint| hint.node_id.0).chain([payee]);
        self.hop_hints.iter().zip(heads).map(|(hint, head)| hint.arc(head))
    }
}

impl HopHint {
    fn arc(&self, head: NodeId) -> ExtraArc {
        let policy = ChannelPolicy {
            fee: Fee {
                fee_base_msat: self.fee_base_msat.0,
                fee_proportional_millionths: self.fee_proportional_millionths.0,
            },
            inbound_fee: InboundFee::ZERO,
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(self.cltv_expiry_delta.0),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::MAX,
            disabled: false,
            last_update: UnixTime::default(),
        };
        let short_channel_id = ShortChannelId::from_u64(self.chan_id.0);
        ExtraArc { short_channel_id, tail: self.node_id.0, head, policy, capacity: None }
    }
}

/// An amount that may be told in either unit: in the field `name`, or in `amt_msat`.
pub(super) fn amount(name: &str, sat: i64, msat: i64) -> Result<Msat, LndError> {
    if sat != 0 && msat != 0 {
        return Err(LndError::bad_argument(format!("{name} and amt_msat are mutually exclusive")));
    }
    let name = if msat != 0 { "amt_msat" } else { name };
    let wrong =
        || LndError::bad_argument(format!("{name}: the amount is negative or more than there will ever be"));
    if msat != 0 {
        return u64::try_from(msat).map(Msat::from_msat).map_err(|_| wrong());
    }
    u64::try_from(sat).ok().and_then(Msat::from_sat).ok_or_else(wrong)
}

/// LND multiplies what an attempt costs by 1 / (0.5 - 0.45 time_pref) - 1: 1 at 0, 19 at 1, a nineteenth at -1.
fn cost_of(time_pref: f64) -> Result<CostModel, LndError> {
    if !(-1.0..=1.0).contains(&time_pref) {
        return Err(LndError::bad_argument("time_pref: it lies between -1 and 1"));
    }
    let usual = ProbabilityWeights::default();
    let times = 1.0 / (0.5 - 0.45 * time_pref) - 1.0;
    let scaled = |weight: u32| (f64::from(weight) * times).round() as u32;
    Ok(CostModel::Probability(ProbabilityWeights {
        attempt_base_msat: scaled(usual.attempt_base_msat),
        attempt_millionths: scaled(usual.attempt_millionths),
        ..usual
    }))
}

/// Bytes of custom records in the payee's payload.
fn records_size(records: &BTreeMap<u64, Base64>) -> Result<u32, LndError> {
    let mut size = 0;
    for (&tlv_type, value) in records {
        if tlv_type < CUSTOM_TYPE_MIN {
            return Err(LndError::bad_argument(
                "dest_custom_records: no custom records with types below 65536",
            ));
        }
        let mut head = Vec::new();
        encode_bigsize(tlv_type, &mut head);
        encode_bigsize(value.0.len() as u64, &mut head);
        size += head.len() + value.0.len();
    }
    u32::try_from(size).map_err(|_| LndError::bad_argument("dest_custom_records: they are too long"))
}

/// A node's id, in hexadecimal or base64; empty where none is named.
pub(super) fn optional_node<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NodeId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(|NodeBytes(id)| Some(id)).map_err(serde::de::Error::custom)
}

/// `bitcoin.timelockdelta`, which LND takes for the last hop where a request does not say.
pub(super) const FINAL_CLTV_DELTA: u32 = 80;
/// Up to here LND allows all of the amount as fee where a request does not say.
const SMALL_MSAT: u64 = 1_000_000;
/// Above, this share of it.
const FEE_PERCENT: u64 = 5;
/// BOLT 1 leaves types from here on to applications.
const CUSTOM_TYPE_MIN: u64 = 65_536;
/// Each may cost a look at the channels of another node.
const PAIR_COUNT_MAX: usize = 1000;
