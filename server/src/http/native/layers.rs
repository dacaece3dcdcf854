//! `/api/v1/layers`: changes to the graph under a name, for the queries of a tenant that want them.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::layer::write_layers;
use serde::Serialize;
use utoipa::ToSchema;

use super::changed::ChangedJson;
use crate::http::app::App;
use crate::http::applier::{Change, LayerEdit, LayerEditJson};
use crate::http::body::{JsonBody, PathText};
use crate::http::problem::Problem;
use crate::http::tenant::{Caller, Writer};
use crate::http::timed::Timed;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/api/v1/layers", get(list_layers))
        .route("/api/v1/layers/{name}", get(get_layer).put(create_layer).delete(remove_layer))
        .route("/api/v1/layers/{name}/edits", post(edit_layer))
}

/// All layers of the key's tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LayersJson {
    /// By name.
    layers: Vec<LayerSummary>,
    /// The graph's version.
    graph_version: u64,
}

/// A layer's name and size.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LayerSummary {
    /// Its name.
    name: String,
    /// How many entries it has.
    entry_count: usize,
}

/// What one of several changes is answered.
type TimedChange = Timed<ChangedJson>;

/// List the layers
#[utoipa::path(
    get, path = "/api/v1/layers", tag = "layers", operation_id = "list_layers",
    responses(
        (status = 200, description = "Their names", body = Timed<LayersJson>),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list_layers(State(app): State<App>, caller: Caller) -> Json<Timed<LayersJson>> {
    let asked = Instant::now();
    let layers = caller.view.layers.list();
    let each = layers
        .iter()
        .map(|layer| LayerSummary { name: layer.name().to_owned(), entry_count: layer.entry_count() });
    let answer = LayersJson { layers: each.collect(), graph_version: app.graph().snapshot().version() };
    Json(Timed::new(answer, &app, asked))
}

/// Tell all that a layer says
///
/// In the document's form that Core Lightning's askrene-listlayers has.
#[utoipa::path(
    get, path = "/api/v1/layers/{name}", tag = "layers", operation_id = "get_layer",
    params(("name" = String, Path, description = "The layer's name")),
    responses(
        (status = 200, description = "The layer", body = serde_json::Value),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get_layer(caller: Caller, PathText(name): PathText) -> Result<Response, Problem> {
    let layers = caller.view.layers.list();
    let layer = layers.iter().find(|layer| layer.name() == name).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "unknown_layer",
            "The layer is unknown",
            "there is no layer of that name",
        )
    })?;
    let mut document = Vec::new();
    write_layers([&**layer], &mut document).map_err(|_| Problem::internal())?;
    Ok(([(CONTENT_TYPE, "application/json")], document).into_response())
}

/// Begin a layer
#[utoipa::path(
    put, path = "/api/v1/layers/{name}", tag = "layers", operation_id = "create_layer",
    params(("name" = String, Path, description = "The layer's name, 1 to 128 bytes")),
    responses(
        (status = 201, description = "It is there, and empty", body = Timed<ChangedJson>),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    PathText(name): PathText,
) -> Result<(StatusCode, Json<Timed<ChangedJson>>), Problem> {
    let asked = Instant::now();
    let edit = LayerEdit::Create { persistent: true };
    let applied = app.change(Change::Layer { tenant: caller.tenant, name, edit }).await?;
    Ok((StatusCode::CREATED, Json(Timed::new(ChangedJson::new(&applied), &app, asked))))
}

/// End a layer
#[utoipa::path(
    delete, path = "/api/v1/layers/{name}", tag = "layers", operation_id = "remove_layer",
    params(("name" = String, Path, description = "The layer's name")),
    responses(
        (status = 200, description = "It is gone", body = Timed<ChangedJson>),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn remove_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    PathText(name): PathText,
) -> Result<Json<Timed<ChangedJson>>, Problem> {
    let asked = Instant::now();
    let applied = app.change(Change::Layer { tenant: caller.tenant, name, edit: LayerEdit::Remove }).await?;
    Ok(Json(Timed::new(ChangedJson::new(&applied), &app, asked)))
}

/// Change a layer
///
/// One change after the other, up to the first that is refused; what was changed before it stays.
#[utoipa::path(
    post, path = "/api/v1/layers/{name}/edits", tag = "layers", operation_id = "edit_layer",
    params(("name" = String, Path, description = "The layer's name")),
    request_body = Vec<LayerEditJson>,
    responses(
        (status = 200, description = "What came of each", body = Vec<TimedChange>),
        (status = "default", description = "Why one is refused", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn edit_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    PathText(name): PathText,
    JsonBody(edits): JsonBody<Vec<LayerEditJson>>,
) -> Result<Json<Vec<TimedChange>>, Problem> {
    let asked = Instant::now();
    let mut answers = Vec::with_capacity(edits.len());
    for (at, edit) in edits.into_iter().enumerate() {
        let change = Change::Layer { tenant: caller.tenant, name: name.clone(), edit: edit.into_edit() };
        let applied = app.change(change).await;
        let applied = applied.map_err(|error| Problem::from(error).with_field(format!("[{at}]")))?;
        answers.push(Timed::new(ChangedJson::new(&applied), &app, asked));
    }
    Ok(Json(answers))
}
