//! `GET /api/v1/beliefs`: what a tenant's reports taught of liquidity, in the forms that we and our peers read.

use std::io;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::belief::exchange::{write_beliefs, write_layers, write_ldk_scores, write_mission_control};
use engine::belief::{Beliefs, HalfLives};
use engine::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::app::App;
use crate::http::problem::Problem;
use crate::http::tenant::Caller;
use crate::http::work::Lane;

pub(super) fn router() -> Router<App> {
    Router::new().route("/api/v1/beliefs", get(tell_beliefs))
}

/// In which form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BeliefsParams {
    /// For whom.
    #[serde(default)]
    form: FormJson,
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum FormJson {
    /// Our own file: all of it, to the digit.
    #[default]
    Fulgurite,
    /// Mission control, as LND's QueryMissionControl answers.
    Lnd,
    /// A layer of constraints, as Core Lightning's askrene-listlayers answers.
    Cln,
    /// The scores of channels, as LDK writes them.
    Ldk,
}

impl FormJson {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            FormJson::Fulgurite | FormJson::Ldk => "application/octet-stream",
            FormJson::Lnd | FormJson::Cln => "application/json",
        })
    }

    fn write(self, beliefs: &Beliefs, snapshot: &Snapshot) -> Vec<u8> {
        let mut out = Vec::new();
        let written: io::Result<u64> = match self {
            FormJson::Fulgurite => write_beliefs(beliefs, &mut out),
            FormJson::Lnd => write_mission_control(beliefs, snapshot, &mut out),
            FormJson::Cln => write_layers(beliefs, LAYER, &mut out),
            FormJson::Ldk => write_ldk_scores(beliefs, &mut out),
        };
        written.expect("a vector takes all");
        out
    }
}

/// Tell what reports taught
///
/// What is known of channels' liquidity by the reports of the same tenant, to be kept or given to a node: our own file, LND's
/// mission control, a layer of Core Lightning's askrene or LDK's scores. `fulgurite route --beliefs` reads all but the layer, which
/// `--layers` reads.
#[utoipa::path(
    get, path = "/api/v1/beliefs", tag = "feedback", operation_id = "tell_beliefs",
    params(("form" = inline(Option<FormJson>), Query, description = "Who reads it; fulgurite")),
    responses(
        (status = 200, description = "All that is known", content(
            (Vec<u8> = "application/octet-stream"),
            (Object = "application/json"),
        )),
        (status = "default", description = "Why it is not told", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn tell_beliefs(
    State(app): State<App>,
    caller: Caller,
    wanted: Result<Query<BeliefsParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(BeliefsParams { form }) = wanted.map_err(|error| {
        Problem::bad_field(
            "form",
            error.body_text(),
            "write fulgurite, lnd, cln or ldk, once, or leave it out",
        )
    })?;
    let beliefs = caller.view.beliefs.load_full();
    let told = app.search(&caller, Lane::Heavy, move |worker| {
        let snapshot = worker.snapshot();
        match beliefs {
            Some(beliefs) => {
                let beliefs = worker.numbered(beliefs);
                worker.scan(beliefs.known().count());
                form.write(&beliefs, &snapshot)
            }
            None => form.write(&Beliefs::new(&snapshot, HalfLives::default()), &snapshot),
        }
    });
    let mut response = told.await?.into_response();
    response.headers_mut().insert(CONTENT_TYPE, form.content_type());
    Ok(response)
}

/// What the layer is called.
const LAYER: &str = "fulgurite";
