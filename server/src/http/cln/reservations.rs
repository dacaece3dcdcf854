//! `askrene-reserve`, `askrene-unreserve`, `askrene-listreservations`. A path is reserved and released as a whole.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use engine::reserve::{Htlc, ReservationId, ReservedHtlc};
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::error::ClnError;
use super::layers::Nothing;
use super::params::{Answer, ClnParams, Params, answered};
use super::scid::ScidDir;
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::applier::Change;
use crate::http::facade::{Unanswered, apply, array, stream_json, text};
use crate::http::tenant::{Caller, Writer};
use crate::json::{ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/v1/askrene-reserve", post(reserve))
        .route("/v1/askrene-unreserve", post(unreserve))
        .route("/v1/askrene-listreservations", post(list))
}

/// HTLCs, as `getroutes` tells them or shorter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathParams {
    path: Vec<HopParams>,
}

/// What else a hop has is passed over, as the manual says.
#[derive(Debug, Clone, Deserialize)]
struct HopParams {
    short_channel_id_dir: ScidDir,
    amount_msat: Amount,
}

impl Params for PathParams {
    const NAMES: &'static [&'static str] = &["path"];
}

/// There are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListreservationsParams {}

impl Params for ListreservationsParams {
    const NAMES: &'static [&'static str] = &[];
}

#[derive(Debug, Serialize)]
struct ReservationForm {
    short_channel_id_dir: ScidDirText,
    amount_msat: u64,
    age_in_seconds: u32,
    command_id: String,
}

async fn reserve(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<PathParams>,
) -> Answer<Nothing> {
    let path = params.htlcs();
    if !path.is_empty() {
        apply(&app, Change::Reserve { tenant: caller.tenant, path }).await?;
    }
    answered(Nothing::new())
}

async fn unreserve(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<PathParams>,
) -> Answer<Nothing> {
    let tenant = caller.tenant;
    let path = params.htlcs();
    let Some(first) = path.first().copied() else { return answered(Nothing::new()) };
    caller.check_work().map_err(Unanswered::from)?;
    let listed = app.applier().reserved(tenant, unix_now()).await.map_err(Unanswered::from)?;
    app.note_entries(&caller, reservations(&listed).count());
    let unknown = || ClnError::bad_params(format!("path: Unknown reservation for {}", first.channel));
    let id = reservation_of(&listed, path).ok_or_else(unknown)?;
    apply(&app, Change::Release { tenant, id }).await?;
    answered(Nothing::new())
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    ClnParams(_): ClnParams<ListreservationsParams>,
) -> Result<Response, ClnError> {
    caller.check_work().map_err(Unanswered::from)?;
    let listed = app.applier().reserved(caller.tenant, unix_now()).await.map_err(Unanswered::from)?;
    app.note_entries(&caller, listed.len());
    let forms = listed.into_iter().map(|reserved| ReservationForm {
        short_channel_id_dir: Text(reserved.htlc.channel),
        amount_msat: reserved.htlc.amount.to_msat(),
        age_in_seconds: reserved.age_secs,
        command_id: reserved.id.to_u64().to_string(),
    });
    let pieces = text("{\"reservations\":").chain(array(forms)).chain(text("}"));
    Ok(stream_json(StatusCode::CREATED, pieces))
}

impl PathParams {
    /// The HTLCs.
    pub fn htlcs(&self) -> Vec<Htlc> {
        let htlc = |hop: &HopParams| Htlc { channel: hop.short_channel_id_dir.0, amount: hop.amount_msat.0 };
        self.path.iter().map(htlc).collect()
    }
}

/// The HTLCs of each reservation.
fn reservations(listed: &[ReservedHtlc]) -> impl Iterator<Item = &[ReservedHtlc]> {
    listed.chunk_by(|one, other| one.id == other.id)
}

/// The oldest reservation of just these HTLCs, in any order. O(HTLCs).
fn reservation_of(listed: &[ReservedHtlc], mut path: Vec<Htlc>) -> Option<ReservationId> {
    let by_channel = |htlc: &Htlc| (htlc.channel, htlc.amount);
    path.sort_by_key(by_channel);
    let same = reservations(listed).find(|reserved| {
        let mut htlcs: Vec<Htlc> = reserved.iter().map(|reserved| reserved.htlc).collect();
        htlcs.sort_by_key(by_channel);
        htlcs == path
    });
    same.and_then(<[_]>::first).map(|reserved| reserved.id)
}
