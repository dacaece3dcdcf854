//! From bytes to a query.

use flatbuffers::{InvalidFlatbuffer, VerifierOptions};
use primitives::{Direction, NodeId, NodeIdError, ShortChannelId, ShortChannelIdDir};
use schemas::query as schema;

use super::REQUEST_VERSION;
use crate::json::{
    AnyChannel, AvoidJson, CostJson, CostName, ExtraArcJson, FirstChannelJson, LimitsJson, MaximumRuleJson,
    PlanQueryJson, QueryJson, Text,
};

/// Why bytes are no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BinaryError {
    /// They do not hold together.
    #[error("the bytes are no request by schemas/query.fbs: {}", first_line(.0))]
    Form(InvalidFlatbuffer),
    /// They begin otherwise.
    #[error("the file identifier is not FGRQ")]
    Identifier,
    /// Of another version.
    #[error("version {version}, expected {REQUEST_VERSION}")]
    Version {
        /// Its version.
        version: u16,
    },
    /// Bytes that are no node id.
    #[error("{field}: {error}")]
    Node {
        /// Where.
        field: &'static str,
        /// Why.
        error: NodeIdError,
    },
    /// It asks for parts where there is a single route.
    #[error("a single route has no parts")]
    Parts,
    /// A number that no name belongs to.
    #[error("{field}: {value} means nothing")]
    Value {
        /// Where.
        field: &'static str,
        /// The number.
        value: u8,
    },
}

impl BinaryError {
    /// The path of what is wrong, where it is one field.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            BinaryError::Form(_) | BinaryError::Identifier => None,
            BinaryError::Version { .. } => Some("version"),
            BinaryError::Parts => Some("parts"),
            BinaryError::Node { field, .. } | BinaryError::Value { field, .. } => Some(field),
        }
    }
}

/// Reads what a route is asked for. O(bytes).
///
/// # Errors
/// [`BinaryError`].
pub fn read_route_request(bytes: &[u8]) -> Result<QueryJson, BinaryError> {
    let request = verify(bytes)?;
    if request.parts().is_some() {
        return Err(BinaryError::Parts);
    }
    read_query(request.query())
}

/// Reads what a plan is asked for. O(bytes).
///
/// # Errors
/// [`BinaryError`].
pub fn read_plan_request(bytes: &[u8]) -> Result<PlanQueryJson, BinaryError> {
    let request = verify(bytes)?;
    let usual = PlanQueryJson::new(read_query(request.query())?);
    let Some(parts) = request.parts() else { return Ok(usual) };
    let maximum_rule = match parts.maximum_rule() {
        schema::MaximumRule::Together => MaximumRuleJson::Together,
        schema::MaximumRule::Each => MaximumRuleJson::Each,
        other => return Err(BinaryError::Value { field: "parts.maximum_rule", value: other.0 }),
    };
    Ok(PlanQueryJson {
        part_count_max: parts.part_count_max(),
        part_min_msat: parts.part_min_msat(),
        maximum_rule,
        frontier: parts.frontier(),
        ..usual
    })
}

/// Nothing is read before this.
fn verify(bytes: &[u8]) -> Result<schema::Request<'_>, BinaryError> {
    // Shorter ones have no place for the identifier.
    if bytes.len() < SIZE_MIN || !schema::request_buffer_has_identifier(bytes) {
        return Err(BinaryError::Identifier);
    }
    let limits = VerifierOptions {
        max_depth: DEPTH_MAX,
        max_tables: TABLE_COUNT_MAX,
        max_apparent_size: APPARENT_FACTOR_MAX * bytes.len(),
        ..VerifierOptions::default()
    };
    let request = schema::root_as_request_with_opts(&limits, bytes).map_err(BinaryError::Form)?;
    match request.version() {
        REQUEST_VERSION => Ok(request),
        version => Err(BinaryError::Version { version }),
    }
}

fn read_query(query: schema::Query<'_>) -> Result<QueryJson, BinaryError> {
    let first = |channel: &schema::FirstChannel| FirstChannelJson {
        short_channel_id: Text(ShortChannelId::from_u64(channel.short_channel_id())),
        balance_msat: channel.balance_msat(),
    };
    let last_hop = query.last_hop().map(|id| node(id, "query.last_hop")).transpose()?;
    let usual =
        QueryJson::new(node(query.src(), "query.src")?, node(query.dst(), "query.dst")?, query.amount_msat());
    Ok(QueryJson {
        cost: query.cost().map_or(Ok(usual.cost), read_cost)?,
        limits: query.limits().map_or(usual.limits, read_limits),
        avoid: query.avoid().map_or(Ok(AvoidJson::default()), read_avoid)?,
        first_channels: query.first_channels().map(|channels| channels.iter().map(first).collect()),
        last_hop: last_hop.map(Text),
        extra_arcs: query.extra_arcs().into_iter().flatten().map(read_arc).collect::<Result<_, _>>()?,
        layers: query.layers().into_iter().flatten().map(str::to_owned).collect(),
        ignore_feedback: query.ignore_feedback(),
        ignore_reservations: query.ignore_reservations(),
        ignore_inbound_fees: query.ignore_inbound_fees(),
        headroom_millionths: query.headroom_millionths(),
        allow_overpay: query.allow_overpay(),
        tolerance_msat: query.tolerance_msat(),
        work_max: query.work_max(),
        alternatives: query.alternatives(),
        diverse: query.diverse(),
        ..usual
    })
}

fn read_cost(cost: schema::Cost<'_>) -> Result<CostJson, BinaryError> {
    let model = match cost.model() {
        schema::CostModel::Probability => CostName::Probability,
        schema::CostModel::Fee => CostName::Fee,
        schema::CostModel::Risk => CostName::Risk,
        schema::CostModel::Likely => CostName::Likely,
        other => return Err(BinaryError::Value { field: "query.cost.model", value: other.0 }),
    };
    Ok(CostJson {
        model,
        risk_billionths: cost.risk_billionths(),
        hop_base_msat: cost.hop_base_msat(),
        hop_millionths: cost.hop_millionths(),
        attempt_base_msat: cost.attempt_base_msat(),
        attempt_millionths: cost.attempt_millionths(),
    })
}

fn read_limits(limits: schema::Limits<'_>) -> LimitsJson {
    let usual = LimitsJson::default();
    LimitsJson {
        fee_max_msat: limits.fee_max_msat(),
        fee_max_millionths: limits.fee_max_millionths(),
        cltv_max: limits.cltv_max().unwrap_or(usual.cltv_max),
        final_cltv_delta: limits.final_cltv_delta().unwrap_or(usual.final_cltv_delta),
        hop_count_max: limits.hop_count_max().unwrap_or(usual.hop_count_max),
        final_payload_extra: limits.final_payload_extra().unwrap_or(usual.final_payload_extra),
    }
}

fn read_avoid(avoid: schema::Avoid<'_>) -> Result<AvoidJson, BinaryError> {
    let nodes = avoid.nodes().into_iter().flatten().map(|id| node(id, "query.avoid.nodes").map(Text));
    let both = avoid.channels().into_iter().flatten();
    let both = both.map(|scid| Ok(Text(AnyChannel::Both(ShortChannelId::from_u64(scid)))));
    let one = avoid.directions().into_iter().flatten().map(|channel| {
        let direction = match channel.direction() {
            0 => Direction::NodeOneToTwo,
            1 => Direction::NodeTwoToOne,
            value => return Err(BinaryError::Value { field: "query.avoid.directions", value }),
        };
        let short_channel_id = ShortChannelId::from_u64(channel.short_channel_id());
        Ok(Text(AnyChannel::One(ShortChannelIdDir { short_channel_id, direction })))
    });
    Ok(AvoidJson {
        nodes: nodes.collect::<Result<_, _>>()?,
        channels: both.chain(one).collect::<Result<_, _>>()?,
    })
}

fn read_arc(arc: &schema::ExtraArc) -> Result<ExtraArcJson, BinaryError> {
    Ok(ExtraArcJson {
        short_channel_id: Text(ShortChannelId::from_u64(arc.short_channel_id())),
        tail: Text(node(arc.tail(), "query.extra_arcs.tail")?),
        head: Text(node(arc.head(), "query.extra_arcs.head")?),
        fee_base_msat: arc.fee_base_msat(),
        fee_proportional_millionths: arc.fee_proportional_millionths(),
        cltv_expiry_delta: arc.cltv_expiry_delta(),
        htlc_minimum_msat: arc.htlc_minimum_msat(),
        htlc_maximum_msat: Some(arc.htlc_maximum_msat()).filter(|&msat| msat != u64::MAX),
    })
}

fn node(id: &schema::NodeId, field: &'static str) -> Result<NodeId, BinaryError> {
    let mut bytes = [0; 33];
    bytes.iter_mut().zip(id.bytes()).for_each(|(byte, told)| *byte = told);
    NodeId::from_bytes(bytes).map_err(|error| BinaryError::Node { field, error })
}

/// The verifier goes on to tell the whole way to what is wrong.
fn first_line(error: &InvalidFlatbuffer) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Offset of the root, identifier.
const SIZE_MIN: usize = 8;
/// The request, its query, and a table of that; strings count as well.
const DEPTH_MAX: usize = 8;
/// A request has one of each, which no writer repeats.
const TABLE_COUNT_MAX: usize = 8;
/// Offsets may lead many fields to the same bytes. A writer does that with few, so that what is read is not much more than
/// what was sent.
const APPARENT_FACTOR_MAX: usize = 2;
