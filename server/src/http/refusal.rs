//! The engine's errors as problems: the one place that decides what each of them is over HTTP, which field of a request it is
//! about, and what to do.

use std::borrow::Cow;

use axum::http::StatusCode;
use engine::flow::{CutPlace, PlanError, PlanQuery};
use engine::layer::LayerError;
use engine::query::RouteQuery;
use engine::reserve::ReserveError;
use engine::router::{QueryPart, RouteError};
use engine::{NoRoute, Resource, Wish};
use primitives::{Msat, NodeId, ShortChannelId};

use super::applier::ChangeError;
use super::problem::Problem;
use super::work::Refused;
use crate::json::{error_code, plan_error_code};

/// A field of a request.
type Field = Cow<'static, str>;

/// Why a query has no route.
pub fn route_problem(error: &RouteError, query: &RouteQuery) -> Problem {
    let (status, title) = match error {
        RouteError::UnknownNode { .. } => (StatusCode::NOT_FOUND, "The node is unknown"),
        RouteError::UnknownChannel { .. } => (StatusCode::NOT_FOUND, "The channel is unknown"),
        RouteError::BadQuery { .. } | RouteError::BadChannel { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The query contradicts itself")
        }
        RouteError::NoRoute(_) => (StatusCode::NOT_FOUND, "There is no route"),
        RouteError::WorkLimit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "The search gave up"),
        RouteError::Contended => (StatusCode::SERVICE_UNAVAILABLE, "The graph changes too fast"),
        _ => return Problem::internal(),
    };
    let problem = Problem::new(status, error_code(error), title, error.to_string());
    let (field, hint): (Field, _) = match error {
        RouteError::UnknownNode { node_id } => {
            (node_field(query, *node_id).into(), "check the id; the node may have no channel")
        }
        RouteError::UnknownChannel { short_channel_id } => {
            (own_channel_field(query, *short_channel_id), "check the name; the channel may be closed")
        }
        RouteError::BadChannel { part: QueryPart::FirstChannels, short_channel_id, .. } => {
            (own_channel_field(query, *short_channel_id), "list channels of src alone, with one balance each")
        }
        RouteError::BadChannel { part, .. } => {
            let (field, hint) = part_field(*part);
            (field.into(), hint)
        }
        RouteError::BadQuery { part, .. } => {
            let (field, hint) = part_field(*part);
            (field.into(), hint)
        }
        RouteError::NoRoute(no_route) => {
            let (field, hint) = no_route_field(no_route, query);
            (field.into(), hint)
        }
        RouteError::WorkLimit { .. } => ("work_max".into(), "raise work_max or loosen the limits"),
        RouteError::Contended => return problem.with_hint("try again").with_retry_after(1),
        _ => return Problem::internal(),
    };
    problem.with_field(field).with_hint(hint)
}

/// Where a query first names a channel of the payer's.
fn own_channel_field(query: &RouteQuery, short_channel_id: ShortChannelId) -> Field {
    let mut own = query.first_channels.iter().flatten();
    let place = own.position(|channel| channel.short_channel_id == short_channel_id);
    place.map_or("first_channels".into(), |place| format!("first_channels[{place}].short_channel_id").into())
}

/// Where a query names a node that is unknown.
fn node_field(query: &RouteQuery, node_id: NodeId) -> &'static str {
    let ends = [("src", Some(query.payer)), ("dst", Some(query.payee)), ("last_hop", query.last_hop)];
    let named = ends.into_iter().find(|(_, node)| *node == Some(node_id));
    named.map_or("src", |(field, _)| field)
}

/// The field of a part of a query, and what to do about it.
fn part_field(part: QueryPart) -> (&'static str, &'static str) {
    match part {
        QueryPart::Amount => {
            ("amount_msat", "write the amount in msat: at least 1, and no more than there is")
        }
        QueryPart::Payee => ("dst", "ask for another payee, or /api/v1/routes for a circular route"),
        QueryPart::Headroom => ("headroom_millionths", "use at most 1000000"),
        QueryPart::FirstChannels => ("first_channels", "list channels of src alone"),
        QueryPart::ExtraArcs => ("extra_arcs", "list at most 10,000, each between two nodes"),
        QueryPart::InboundFees => ("ignore_inbound_fees", "set it, or ask for towards others"),
        QueryPart::PartCount => ("part_count_max", "allow at least one part"),
        _ => ("src", "/api/openapi.json describes all fields"),
    }
}

/// The field that is in the way of a route, and what to do about it.
fn no_route_field(no_route: &NoRoute, query: &RouteQuery) -> (&'static str, &'static str) {
    match no_route {
        NoRoute::PayerCannotSend { .. } if query.first_channels.is_some() => {
            ("first_channels", "lower the amount, list more channels, or ask for a plan of several parts")
        }
        NoRoute::FeeLimit { limit, .. } => (fee_field(query, *limit), "raise the fee limit"),
        NoRoute::Limit { resource, .. } | NoRoute::TooStrict { resource, .. } => match resource {
            Resource::Hops => ("limits.hop_count_max", "raise limits.hop_count_max"),
            Resource::Blocks => ("limits.cltv_max", "raise limits.cltv_max"),
            _ => ("limits.final_payload_extra", "send less to the payee beside the amount"),
        },
        NoRoute::RouteLimits { .. } => ("limits", "raise several limits"),
        NoRoute::HtlcMinimum { .. } => ("amount_msat", "raise the amount, or set allow_overpay"),
        NoRoute::BalanceShort { .. } => {
            ("first_channels", "lower the amount, list a channel that holds more, or ask for a plan")
        }
        NoRoute::Closed { wish: Wish::Headroom } => ("headroom_millionths", "lower headroom_millionths"),
        NoRoute::Closed { wish: Wish::LastHop } => ("last_hop", "name another node, or leave it out"),
        NoRoute::Closed { .. } => ("avoid", "avoid less, or loosen headroom_millionths and last_hop"),
        _ => ("amount_msat", "lower the amount, or ask for a plan of several parts"),
    }
}

/// The one of both limits on fees that holds.
fn fee_field(query: &RouteQuery, limit: Msat) -> &'static str {
    match query.limits.fee_max {
        Some(fee_max) if fee_max <= limit => "limits.fee_max_msat",
        None if query.limits.fee_millionths_max.is_none() => "limits.fee_max_msat",
        Some(_) | None => "limits.fee_max_millionths",
    }
}

/// What to do about channels that do not carry enough.
fn cut_hint(place: CutPlace) -> &'static str {
    match place {
        CutPlace::Payer => {
            "lower the amount, or give the payer more to send: open a channel, or have one refilled"
        }
        CutPlace::Payee => {
            "lower the amount, or have the payee get more inbound capacity, or add its route hints"
        }
        CutPlace::Between => "lower the amount, or open a channel that goes around these",
    }
}

/// Why a query has no plan.
pub fn plan_problem(error: &PlanError, query: &PlanQuery) -> Problem {
    let (status, title, field, hint) = match error {
        PlanError::Query(error @ RouteError::BadQuery { part: QueryPart::PartCount, .. }) => {
            return route_problem(error, &query.route);
        }
        PlanError::Query(error) => return route_problem(error, &query.route).within("query"),
        PlanError::Cut(cut) => (StatusCode::NOT_FOUND, NO_PLAN, "query.amount_msat", cut_hint(cut.place)),
        PlanError::NoRoomForFees { .. } => {
            (StatusCode::NOT_FOUND, NO_PLAN, "query.amount_msat", "lower the amount")
        }
        PlanError::HtlcMinimum { .. } => (
            StatusCode::NOT_FOUND,
            NO_PLAN,
            "query.amount_msat",
            "raise the amount, or lower it by what is left",
        ),
        PlanError::HtlcLimit { .. } => {
            (StatusCode::NOT_FOUND, NO_PLAN, "query.amount_msat", "try again when HTLCs have ended")
        }
        PlanError::RouteLimits { .. } => (
            StatusCode::NOT_FOUND,
            NO_PLAN,
            "query.limits",
            "raise the limits on blocks or hops, or lower the amount",
        ),
        PlanError::TooFewParts { .. } => {
            (StatusCode::NOT_FOUND, NO_PLAN, "part_count_max", "raise part_count_max or lower part_min_msat")
        }
        PlanError::FeeLimit { limit, .. } => {
            let field = match fee_field(&query.route, *limit) {
                "limits.fee_max_msat" => "query.limits.fee_max_msat",
                _ => "query.limits.fee_max_millionths",
            };
            (StatusCode::NOT_FOUND, NO_PLAN, field, "raise the fee limit")
        }
        PlanError::WorkLimit { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The search gave up",
            "query.amount_msat",
            "lower the amount or loosen the limits",
        ),
        _ => return Problem::internal(),
    };
    Problem::new(status, plan_error_code(error), title, error.to_string()).with_field(field).with_hint(hint)
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "The server is busy",
                "more is asked than can be answered in time",
            )
            .with_hint("try again later, with growing pauses")
            .with_retry_after(1),
            Refused::Failed => Problem::internal(),
        }
    }
}

/// Names the field of an edit, a reservation or a path. Whoever knows more of the request puts it where it belongs.
impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let detail = error.to_string();
        let unprocessable = |code, detail| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, "The change is refused", detail)
        };
        match error {
            ChangeError::Layer(error) => layer_problem(&error),
            ChangeError::Reserve(error) => reserve_problem(&error),
            ChangeError::TooManyTenants => unprocessable("too_many_tenants", detail)
                .with_hint("tell the operator to let keys share tenants"),
            ChangeError::TooManyEntries => unprocessable("too_many_entries", detail)
                .with_hint("remove entries or layers, or age constraints"),
            ChangeError::NotKept => {
                let (status, title) = (StatusCode::INSUFFICIENT_STORAGE, "The change is not kept");
                Problem::new(status, "not_kept", title, detail)
                    .with_hint("tell the operator that the state's disk is full or fails")
            }
            ChangeError::Full => Refused::Busy.into(),
            ChangeError::Stopped => Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "The server is stopping",
                "nothing is changed any more",
            )
            .with_hint("try again once it has started, or ask another server")
            .with_retry_after(5),
        }
    }
}

fn layer_problem(error: &LayerError) -> Problem {
    let (status, code, title) = match error {
        LayerError::Unknown => (StatusCode::NOT_FOUND, "unknown_layer", "The layer is unknown"),
        LayerError::Exists => (StatusCode::CONFLICT, "layer_exists", "The layer exists"),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, "bad_layer", "The change is refused"),
    };
    let (field, hint) = match error {
        LayerError::Unknown => (Some("name"), "begin it first; /api/v1/layers lists those there are"),
        LayerError::Exists => (Some("name"), "edit it as it is, or end it first"),
        LayerError::Name => (Some("name"), "choose a shorter name"),
        LayerError::Repeated => (Some("layers"), "leave out the second mention"),
        LayerError::TooManyNames => (Some("layers"), "put what several say into one layer"),
        LayerError::TooManyLayers => (Some("name"), "end a layer first"),
        LayerError::TooManyEntries => (None, "remove entries, or begin another layer"),
        LayerError::SameNode => (Some("node_2"), "name two nodes"),
        LayerError::Conflict { .. } => {
            (Some("short_channel_id"), "choose another name, or say the same of the channel as before")
        }
        LayerError::Contradiction => (None, "let the minimum be the smaller one"),
        LayerError::Bias => {
            (Some("bias"), "choose a bias between -100 and 100, the sum where it is relative")
        }
        LayerError::Fee => (Some("fee_base_msat"), "choose a fee below 4,294,967,296 msat"),
        LayerError::Description => (Some("description"), "shorten it"),
        _ => (None, "/api/openapi.json describes all edits"),
    };
    let problem = Problem::new(status, code, title, error.to_string()).with_hint(hint);
    Problem { field: field.map(Cow::Borrowed), ..problem }
}

fn reserve_problem(error: &ReserveError) -> Problem {
    let detail = error.to_string();
    if let ReserveError::UnknownReservation { .. } = error {
        let title = "The reservation is unknown";
        return Problem::new(StatusCode::NOT_FOUND, "unknown_reservation", title, detail)
            .with_field("id")
            .with_hint("/api/v1/reservations lists those there are");
    }
    let hint = match error {
        ReserveError::TooManyReservations => "release reservations of payments that have ended",
        ReserveError::PathTooLong { .. } => "reserve each part of a payment by itself",
        ReserveError::PathEmpty => "list the HTLCs of the payment, the payer's first",
        ReserveError::TooManyHtlcs { .. } => "take another channel, or release a reservation over this one",
        ReserveError::AmountTooLarge { .. } => "write amounts in msat, and release what has ended",
        ReserveError::BadChannel { .. } => "check the channel's name",
        _ => "release it first",
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_reservation", "The change is refused", detail)
        .with_field("path")
        .with_hint(hint)
}

const NO_PLAN: &str = "There is no plan";

#[cfg(test)]
mod tests {
    use engine::flow::Cut;
    use engine::query::FirstChannel;
    use primitives::ShortChannelIdDir;

    use super::*;

    fn node(at: u8) -> NodeId {
        format!("02{}", format!("{at:02x}").repeat(32)).parse().expect("a node")
    }

    fn scid(number: u64) -> ShortChannelId {
        ShortChannelId::from_u64(number)
    }

    /// From 1 to 2 by way of 3, over the channels 5 and 6.
    fn query() -> RouteQuery {
        let own = |number| FirstChannel { short_channel_id: scid(number), balance: Msat::from_msat(1) };
        let mut query = RouteQuery::new(node(1), node(2), Msat::from_msat(1000));
        query.last_hop = Some(node(3));
        query.first_channels = Some(vec![own(5), own(6)]);
        query.limits.fee_max = Some(Msat::from_msat(7));
        query.limits.fee_millionths_max = Some(1);
        query
    }

    fn check(problem: &Problem, field: Option<&str>) {
        assert_eq!(problem.field.as_deref(), field, "{problem:?}");
        assert!(problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{problem:?}");
        assert_eq!(problem.retry_after_s.is_some(), problem.status == 503, "{problem:?}");
    }

    #[test]
    fn whatever_is_in_the_way_of_a_route_is_named_with_what_to_do() {
        let (msat, query) = (Msat::from_msat, query());
        let limit = |resource| {
            let (limit, needed, is_least) = (1, 2, true);
            let (fee_limit, fee_needed) = (Some(msat(7)), None);
            RouteError::NoRoute(NoRoute::Limit { resource, limit, needed, is_least, fee_limit, fee_needed })
        };
        let strict = |resource| RouteError::NoRoute(NoRoute::TooStrict { resource, limit: 0, least: 1 });
        let several = NoRoute::RouteLimits { cltv: 9999, hop_count: 99, payload_size: 5000, fee: None };
        let fee_limit = |limit, is_least| {
            RouteError::NoRoute(NoRoute::FeeLimit { limit: msat(limit), needed: msat(9), is_least })
        };
        let bad_channel = |part| RouteError::BadChannel { part, short_channel_id: scid(6), reason: "" };
        let bad = |part| RouteError::BadQuery { part, reason: "" };
        let cases = [
            (RouteError::UnknownNode { node_id: node(1) }, Some("src")),
            (RouteError::UnknownNode { node_id: node(2) }, Some("dst")),
            (RouteError::UnknownNode { node_id: node(3) }, Some("last_hop")),
            (
                RouteError::UnknownChannel { short_channel_id: scid(6) },
                Some("first_channels[1].short_channel_id"),
            ),
            (bad(QueryPart::Amount), Some("amount_msat")),
            (bad(QueryPart::Payee), Some("dst")),
            (bad(QueryPart::Headroom), Some("headroom_millionths")),
            (bad(QueryPart::FirstChannels), Some("first_channels")),
            (bad(QueryPart::ExtraArcs), Some("extra_arcs")),
            (bad_channel(QueryPart::FirstChannels), Some("first_channels[1].short_channel_id")),
            (bad_channel(QueryPart::ExtraArcs), Some("extra_arcs")),
            (bad(QueryPart::InboundFees), Some("ignore_inbound_fees")),
            (bad(QueryPart::PartCount), Some("part_count_max")),
            (RouteError::NoRoute(NoRoute::PayerCannotSend { largest: msat(1) }), Some("first_channels")),
            (RouteError::NoRoute(NoRoute::PayeeCannotReceive { largest: msat(1) }), Some("amount_msat")),
            (fee_limit(7, true), Some("limits.fee_max_msat")),
            (fee_limit(1, false), Some("limits.fee_max_millionths")),
            (limit(Resource::Blocks), Some("limits.cltv_max")),
            (limit(Resource::Hops), Some("limits.hop_count_max")),
            (limit(Resource::PayloadBytes), Some("limits.final_payload_extra")),
            (strict(Resource::Blocks), Some("limits.cltv_max")),
            (strict(Resource::Hops), Some("limits.hop_count_max")),
            (RouteError::NoRoute(several), Some("limits")),
            (RouteError::NoRoute(NoRoute::HtlcMinimum { minimum: msat(1) }), Some("amount_msat")),
            (RouteError::NoRoute(NoRoute::NotConnected), Some("amount_msat")),
            (
                RouteError::NoRoute(NoRoute::BalanceShort { balance: msat(1), needed: msat(2) }),
                Some("first_channels"),
            ),
            (RouteError::NoRoute(NoRoute::Closed { wish: Wish::Avoid }), Some("avoid")),
            (RouteError::NoRoute(NoRoute::Closed { wish: Wish::Headroom }), Some("headroom_millionths")),
            (RouteError::NoRoute(NoRoute::Closed { wish: Wish::LastHop }), Some("last_hop")),
            (RouteError::NoRoute(NoRoute::Closed { wish: Wish::Several }), Some("avoid")),
            (RouteError::WorkLimit { settled: 1 }, Some("work_max")),
            (RouteError::Contended, None),
        ];
        for (error, field) in cases {
            check(&route_problem(&error, &query), field);
        }
    }

    #[test]
    fn whatever_is_in_the_way_of_a_plan_is_named_with_what_to_do() {
        let missing = Msat::from_msat(1);
        let query = PlanQuery::new(query());
        let cut = Cut { place: CutPlace::Between, capacity: missing, is_known: true, channels: Vec::new() };
        let channel: ShortChannelIdDir = "1x1x1/0".parse().expect("a channel");
        let bad = |part| PlanError::Query(RouteError::BadQuery { part, reason: "" });
        let fee_limit = PlanError::FeeLimit { limit: missing, needed: missing };
        for (error, field) in [
            (bad(QueryPart::Amount), "query.amount_msat"),
            (bad(QueryPart::PartCount), "part_count_max"),
            (PlanError::Cut(cut), "query.amount_msat"),
            (PlanError::NoRoomForFees { missing }, "query.amount_msat"),
            (PlanError::HtlcMinimum { missing, channel, minimum: missing }, "query.amount_msat"),
            (PlanError::HtlcLimit { missing }, "query.amount_msat"),
            (PlanError::RouteLimits { missing }, "query.limits"),
            (PlanError::TooFewParts { part_count_max: 1, missing }, "part_count_max"),
            (fee_limit, "query.limits.fee_max_millionths"),
            (PlanError::WorkLimit { augmentations: 1 }, "query.amount_msat"),
        ] {
            check(&plan_problem(&error, &query), Some(field));
        }
    }

    #[test]
    fn whatever_is_in_the_way_of_a_change_is_named_with_what_to_do() {
        let channel: ShortChannelIdDir = "1x1x1/0".parse().expect("a channel");
        let id = engine::reserve::ReservationId::from_u64(1);
        let cases: Vec<(ChangeError, Option<&str>)> = vec![
            (LayerError::Unknown.into(), Some("name")),
            (LayerError::Exists.into(), Some("name")),
            (LayerError::Name.into(), Some("name")),
            (LayerError::Repeated.into(), Some("layers")),
            (LayerError::TooManyNames.into(), Some("layers")),
            (LayerError::TooManyLayers.into(), Some("name")),
            (LayerError::TooManyEntries.into(), None),
            (LayerError::SameNode.into(), Some("node_2")),
            (LayerError::Conflict { short_channel_id: scid(1) }.into(), Some("short_channel_id")),
            (LayerError::Contradiction.into(), None),
            (LayerError::Bias.into(), Some("bias")),
            (LayerError::Fee.into(), Some("fee_base_msat")),
            (LayerError::Description.into(), Some("description")),
            (ReserveError::TooManyReservations.into(), Some("path")),
            (ReserveError::PathTooLong { count: 28 }.into(), Some("path")),
            (ReserveError::PathEmpty.into(), Some("path")),
            (ReserveError::TooManyHtlcs { channel }.into(), Some("path")),
            (ReserveError::AmountTooLarge { channel }.into(), Some("path")),
            (ReserveError::BadChannel { channel }.into(), Some("path")),
            (ReserveError::KnownReservation { id }.into(), Some("path")),
            (ReserveError::UnknownReservation { id }.into(), Some("id")),
            (ChangeError::TooManyEntries, None),
            (ChangeError::TooManyTenants, None),
            (ChangeError::NotKept, None),
            (ChangeError::Full, None),
            (ChangeError::Stopped, None),
        ];
        for (error, field) in cases {
            check(&Problem::from(error), field);
        }
        check(&Problem::from(Refused::Busy), None);
        check(&Problem::from(Refused::Failed), None);
    }
}
