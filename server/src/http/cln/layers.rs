//! `askrene-create-layer`, `askrene-remove-layer`, `askrene-listlayers`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use engine::layer::{Layer, LayerError, layer_pieces};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ClnError;
use super::params::{Answer, ClnParams, Params, answered};
use crate::http::app::App;
use crate::http::applier::{Change, ChangeError, LayerEdit};
use crate::http::facade::{Flag, Unanswered, apply, stream_json};
use crate::http::tenant::{Caller, Writer};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/v1/askrene-create-layer", post(create))
        .route("/v1/askrene-remove-layer", post(remove))
        .route("/v1/askrene-listlayers", post(list))
}

/// An empty object, where there is nothing to tell.
pub(super) type Nothing = Map<String, Value>;

/// The new layer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateLayerParams {
    layer: String,
    #[serde(default)]
    persistent: Flag,
}

impl Params for CreateLayerParams {
    const NAMES: &'static [&'static str] = &["layer", "persistent"];
}

/// The layer that ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveLayerParams {
    layer: String,
}

impl Params for RemoveLayerParams {
    const NAMES: &'static [&'static str] = &["layer"];
}

/// One layer, or all.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListlayersParams {
    layer: Option<String>,
}

impl Params for ListlayersParams {
    const NAMES: &'static [&'static str] = &["layer"];
}

async fn create(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<CreateLayerParams>,
) -> Result<Response, ClnError> {
    if params.layer.starts_with("auto.") {
        return Err(ClnError::bad_params("layer: Cannot create auto layer"));
    }
    caller.check_work().map_err(Unanswered::from)?;
    let persistent = params.persistent.0;
    match edit(&app, &caller, &params.layer, LayerEdit::Create { persistent }).await {
        // A layer that lasts is created by every start of its plugin.
        Err(Unanswered::Change(ChangeError::Layer(LayerError::Exists))) if persistent => {}
        other => other?,
    }
    listed(&app, &caller, Some(&params.layer))
}

async fn remove(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<RemoveLayerParams>,
) -> Answer<Nothing> {
    edit(&app, &caller, &params.layer, LayerEdit::Remove).await?;
    answered(Nothing::new())
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    ClnParams(params): ClnParams<ListlayersParams>,
) -> Result<Response, ClnError> {
    caller.check_work().map_err(Unanswered::from)?;
    listed(&app, &caller, params.layer.as_deref())
}

async fn edit(app: &App, caller: &Caller, name: &str, edit: LayerEdit) -> Result<(), Unanswered> {
    let change = Change::Layer { tenant: caller.tenant, name: name.to_owned(), edit };
    apply(app, change).await.map(drop)
}

/// All layers of a caller, or the one of that name.
pub(super) fn layers(caller: &Caller, only: Option<&str>) -> Result<Vec<Arc<Layer>>, ClnError> {
    match only {
        Some(name) => Ok(vec![caller.view.layer(name).map_err(ChangeError::Layer)?]),
        None => Ok(caller.view.layers.list()),
    }
}

fn listed(app: &App, caller: &Caller, only: Option<&str>) -> Result<Response, ClnError> {
    let layers = layers(caller, only)?;
    app.note_entries(caller, layers.iter().map(|layer| layer.entry_count()).sum());
    Ok(stream_json(StatusCode::CREATED, layer_pieces(layers)))
}
