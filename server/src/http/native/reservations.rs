//! `/api/v1/reservations`: amounts in flight, which later queries of the tenant leave alone.

use std::num::ParseIntError;
use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get};
use axum::{Json, Router};
use engine::reserve::{Htlc, ReservationId, ReserveError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::changed::ChangedJson;
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::applier::{Change, ChangeError};
use crate::http::body::{JsonBody, PathText, bad_path};
use crate::http::facade::{object_with, stream_json};
use crate::http::problem::Problem;
use crate::http::tenant::{Caller, Writer};
use crate::http::timed::Timed;
use crate::json::{HtlcJson, ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/reservations", get(list_reservations).post(reserve))
        .route("/api/v1/reservations/{id}", delete(release))
}

/// HTLCs of one payment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PathJson {
    /// The payer's first.
    #[schema(min_items = 1, max_items = 27)]
    path: Vec<HtlcJson>,
}

/// All reservations of the key's tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReservationsJson {
    /// HTLC by HTLC, the oldest reservation first.
    htlcs: Vec<ReservedJson>,
    /// The graph's version.
    graph_version: u64,
}

/// An HTLC of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReservedJson {
    /// The reservation.
    reservation: u64,
    /// Over which channel, and which way.
    channel: ScidDirText,
    /// What it carries.
    amount_msat: u64,
    /// Seconds since it was reserved.
    age_s: u32,
}

/// Reserve the amounts of a payment
#[utoipa::path(
    post, path = "/api/v1/reservations", tag = "reservations", operation_id = "reserve",
    request_body = PathJson,
    responses(
        (status = 201, description = "They are reserved", body = Timed<ChangedJson>),
        (status = "default", description = "Why they are not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reserve(
    State(app): State<App>,
    Writer(caller): Writer,
    JsonBody(json): JsonBody<PathJson>,
) -> Result<(StatusCode, Json<Timed<ChangedJson>>), Problem> {
    let asked = Instant::now();
    let path: Vec<Htlc> = json.path.iter().map(|htlc| htlc.to_htlc()).collect();
    let applied = app.change(Change::Reserve { tenant: caller.tenant, path: path.clone() }).await;
    let applied = applied.map_err(|error| refused(error, &path))?;
    Ok((StatusCode::CREATED, Json(Timed::new(ChangedJson::new(&applied), &app, asked))))
}

/// Why a path is not reserved; names the HTLC where it is one.
fn refused(error: ChangeError, path: &[Htlc]) -> Problem {
    let channel = match &error {
        ChangeError::Reserve(
            ReserveError::TooManyHtlcs { channel }
            | ReserveError::AmountTooLarge { channel }
            | ReserveError::BadChannel { channel },
        ) => Some(*channel),
        _ => None,
    };
    let place = path.iter().position(|htlc| Some(htlc.channel) == channel);
    let problem = Problem::from(error);
    match place {
        Some(place) => problem.with_field(format!("path[{place}]")),
        None => problem,
    }
}

/// Release a reservation
#[utoipa::path(
    delete, path = "/api/v1/reservations/{id}", tag = "reservations", operation_id = "release",
    params(("id" = u64, Path, description = "The id that the reservation was answered with")),
    responses(
        (status = 200, description = "It is released", body = Timed<ChangedJson>),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn release(
    State(app): State<App>,
    Writer(caller): Writer,
    PathText(id): PathText,
) -> Result<Json<Timed<ChangedJson>>, Problem> {
    let asked = Instant::now();
    let number: Result<u64, ParseIntError> = id.parse();
    let number = number.map_err(|error| {
        bad_path("id", error.to_string(), "write the number that the reservation was answered with")
    })?;
    let id = ReservationId::from_u64(number);
    let applied = app.change(Change::Release { tenant: caller.tenant, id }).await?;
    Ok(Json(Timed::new(ChangedJson::new(&applied), &app, asked)))
}

/// List the reservations
#[utoipa::path(
    get, path = "/api/v1/reservations", tag = "reservations", operation_id = "list_reservations",
    responses(
        (status = 200, description = "What is in flight", body = Timed<ReservationsJson>),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list_reservations(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let asked = Instant::now();
    caller.check_work()?;
    let listed = app.applier().reserved(caller.tenant, unix_now()).await?;
    app.note_entries(&caller, listed.len());
    let htlcs = listed.into_iter().map(|reserved| ReservedJson {
        reservation: reserved.id.to_u64(),
        channel: Text(reserved.htlc.channel),
        amount_msat: reserved.htlc.amount.to_msat(),
        age_s: reserved.age_secs,
    });
    let frame = ReservationsJson { htlcs: Vec::new(), graph_version: app.graph().snapshot().version() };
    let pieces = object_with(&Timed::new(frame, &app, asked), "htlcs", htlcs);
    Ok(stream_json(StatusCode::OK, pieces))
}
