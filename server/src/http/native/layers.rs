//! `/api/v1/layers`: changes to the graph under a name, for the queries of a tenant that want them.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::layer::{LayerError, layer_pieces};
use serde::Serialize;
use utoipa::ToSchema;

use super::changed::ChangedJson;
use super::layer_document::LayerDocumentJson;
use crate::http::app::App;
use crate::http::applier::{Change, ChangeError, LayerEdit, LayerEditJson};
use crate::http::body::{JsonBody, PathText};
use crate::http::facade::{array, stream_json};
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
/// In the form that Core Lightning's askrene-listlayers has, a LayerDocumentJson.
#[utoipa::path(
    get, path = "/api/v1/layers/{name}", tag = "layers", operation_id = "get_layer",
    params(("name" = String, Path, description = "The layer's name")),
    responses(
        (status = 200, description = "The layer", body = LayerDocumentJson),
        (status = "default", description = "Why there is none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get_layer(
    State(app): State<App>,
    caller: Caller,
    PathText(name): PathText,
) -> Result<Response, Problem> {
    let layer = caller.view.layer(&name).map_err(ChangeError::Layer)?;
    app.charge_entries(&caller, layer.entry_count())?;
    Ok(stream_json(StatusCode::OK, layer_pieces([layer])))
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
/// One change after the other, up to the first that is refused; what was changed before it stays. Each is a request by
/// the key's budget.
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
) -> Result<Response, Problem> {
    let asked = Instant::now();
    match edits.len() {
        0 | 1 => caller.check_work()?,
        count => caller.take_lines(count - 1, app.limits().request_timeout).await?,
    }
    let mut answers = Vec::with_capacity(edits.len());
    let edits = edits.into_iter().map(LayerEditJson::into_edit);
    let mut changes =
        edits.map(|edit| Change::Layer { tenant: caller.tenant, name: name.clone(), edit }).peekable();
    while changes.peek().is_some() {
        let some: Vec<Change> = changes.by_ref().take(TOGETHER).collect();
        // The first one copies what lies in the layer beside it.
        app.note_entries(&caller, caller.view.entry_count(&name) + some.len());
        let (applied, result) = app.applier().apply_in_turn(some).await;
        answers.extend(applied.iter().map(|applied| Timed::new(ChangedJson::new(applied), &app, asked)));
        result.map_err(|error| refused(error, answers.len()))?;
    }
    // What was made is told whether or not there is room for an answer.
    Ok(stream_json(StatusCode::OK, array(answers.into_iter())))
}

/// Why the edit at that place was refused.
fn refused(error: ChangeError, place: usize) -> Problem {
    match error {
        // It was made, and so were those behind it; or there is nothing that could be changed.
        ChangeError::NotKept | ChangeError::Full | ChangeError::Stopped => Problem::from(error),
        ChangeError::Layer(LayerError::Unknown) => Problem::from(error),
        error => {
            let (problem, edit) = (Problem::from(error), format!("[{place}]"));
            if problem.field.is_some() { problem.within(&edit) } else { problem.with_field(edit) }
        }
    }
}

/// Edits that are published together: a millisecond of the applier's time, and a part of what may be asked for at once.
const TOGETHER: usize = 256;
