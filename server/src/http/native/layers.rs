//! `/api/v1/layers`: changes to the graph under a name, for the queries of a tenant that want them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use engine::layer::{BiasStep, CreatedChannel, Inform, PolicyChange, Side, write_layers};
use primitives::{Msat, UnixTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::changed::ChangedJson;
use crate::http::app::App;
use crate::http::applier::{Change, LayerEdit};
use crate::http::body::JsonBody;
use crate::http::problem::Problem;
use crate::http::tenant::{Caller, Writer};
use crate::json::{NodeIdText, ScidDirText, ScidText};

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
}

/// A layer's name and size.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LayerSummary {
    /// Its name.
    name: String,
    /// How many entries it has.
    entry_count: usize,
}

/// A change of a layer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "edit", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerEditJson {
    /// Adds a channel; it carries payments in the directions that are updated.
    CreateChannel {
        /// Its name.
        short_channel_id: ScidText,
        /// One end.
        node_1: NodeIdText,
        /// The other end.
        node_2: NodeIdText,
        /// Its size.
        capacity_msat: u64,
    },
    /// Changes fields of a direction's policy; what is absent stays.
    UpdateChannel {
        /// Which.
        channel: ScidDirText,
        /// Whether it can be used at all.
        enabled: Option<bool>,
        /// The smallest HTLC.
        htlc_minimum_msat: Option<u64>,
        /// The largest HTLC.
        htlc_maximum_msat: Option<u64>,
        /// The fee's fixed part.
        fee_base_msat: Option<u32>,
        /// The fee's share of the amount.
        fee_proportional_millionths: Option<u32>,
        /// Blocks between the expiries of the incoming and the outgoing HTLC.
        cltv_expiry_delta: Option<u16>,
    },
    /// Leaves a direction's policy as it is in the graph.
    RemoveChannelUpdate {
        /// Which.
        channel: ScidDirText,
    },
    /// Notes how an attempt over a direction ended.
    InformChannel {
        /// Which.
        channel: ScidDirText,
        /// What was sent.
        amount_msat: u64,
        /// How it ended.
        outcome: InformJson,
    },
    /// Prefers a direction, or avoids it.
    BiasChannel {
        /// Which.
        channel: ScidDirText,
        /// From -100, thirty times dearer, to 100, thirty times cheaper; 0 forgets it.
        #[schema(minimum = -100, maximum = 100)]
        bias: i8,
        /// Whether it is added to what there is.
        #[serde(default)]
        relative: bool,
        /// Why.
        description: Option<String>,
    },
    /// Prefers a node's channels, or avoids them.
    BiasNode {
        /// Which.
        node_id: NodeIdText,
        /// Channels that enter it, or leave it.
        side: SideJson,
        /// From -100 to 100.
        #[schema(minimum = -100, maximum = 100)]
        bias: i8,
        /// Whether it is added to what there is.
        #[serde(default)]
        relative: bool,
        /// Why.
        description: Option<String>,
    },
    /// Uses none of a node's channels.
    DisableNode {
        /// Which.
        node_id: NodeIdText,
    },
    /// Does not use a direction.
    DisableChannel {
        /// Which.
        channel: ScidDirText,
    },
    /// Forgets constraints that were noted before.
    Age {
        /// In seconds since 1970.
        cutoff: u32,
    },
}

/// How an attempt over a direction ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InformJson {
    /// It lacked the liquidity.
    Constrained,
    /// It passed the HTLC on, which failed later.
    Unconstrained,
    /// The payment settled.
    Succeeded,
}

/// Which channels of a node.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SideJson {
    /// Those that enter it.
    In,
    /// Those that leave it.
    Out,
}

/// List the layers
#[utoipa::path(
    get, path = "/api/v1/layers", tag = "layers", operation_id = "list_layers",
    responses(
        (status = 200, description = "Their names", body = LayersJson),
        (status = "default", description = "Why there are none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list_layers(caller: Caller) -> Json<LayersJson> {
    let layers = caller.view.layers.list();
    let each = layers
        .iter()
        .map(|layer| LayerSummary { name: layer.name().to_owned(), entry_count: layer.entry_count() });
    Json(LayersJson { layers: each.collect() })
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
pub(super) async fn get_layer(caller: Caller, Path(name): Path<String>) -> Result<Response, Problem> {
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
        (status = 201, description = "It is there, and empty", body = ChangedJson),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<ChangedJson>), Problem> {
    let edit = LayerEdit::Create { persistent: false };
    let applied = app.change(Change::Layer { tenant: caller.tenant, name, edit }).await?;
    Ok((StatusCode::CREATED, Json(ChangedJson::new(&applied))))
}

/// End a layer
#[utoipa::path(
    delete, path = "/api/v1/layers/{name}", tag = "layers", operation_id = "remove_layer",
    params(("name" = String, Path, description = "The layer's name")),
    responses(
        (status = 200, description = "It is gone", body = ChangedJson),
        (status = "default", description = "Why it is not", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn remove_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(name): Path<String>,
) -> Result<Json<ChangedJson>, Problem> {
    let applied = app.change(Change::Layer { tenant: caller.tenant, name, edit: LayerEdit::Remove }).await?;
    Ok(Json(ChangedJson::new(&applied)))
}

/// Change a layer
///
/// One change after the other, up to the first that is refused; what was changed before it stays.
#[utoipa::path(
    post, path = "/api/v1/layers/{name}/edits", tag = "layers", operation_id = "edit_layer",
    params(("name" = String, Path, description = "The layer's name")),
    request_body = Vec<LayerEditJson>,
    responses(
        (status = 200, description = "What came of each", body = Vec<ChangedJson>),
        (status = "default", description = "Why one is refused", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn edit_layer(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(name): Path<String>,
    JsonBody(edits): JsonBody<Vec<LayerEditJson>>,
) -> Result<Json<Vec<ChangedJson>>, Problem> {
    let mut answers = Vec::with_capacity(edits.len());
    for (at, edit) in edits.into_iter().enumerate() {
        let change = Change::Layer { tenant: caller.tenant, name: name.clone(), edit: edit.to_edit() };
        let applied = app.change(change).await;
        let applied = applied.map_err(|error| Problem::from(error).with_field(format!("[{at}]")))?;
        answers.push(ChangedJson::new(&applied));
    }
    Ok(Json(answers))
}

impl LayerEditJson {
    fn to_edit(self) -> LayerEdit {
        match self {
            LayerEditJson::CreateChannel { short_channel_id, node_1, node_2, capacity_msat } => {
                let node_ids = [node_1.0, node_2.0];
                let channel = CreatedChannel { node_ids, capacity: Msat::from_msat(capacity_msat) };
                LayerEdit::CreateChannel { short_channel_id: short_channel_id.0, channel }
            }
            LayerEditJson::UpdateChannel {
                channel,
                enabled,
                htlc_minimum_msat,
                htlc_maximum_msat,
                fee_base_msat,
                fee_proportional_millionths,
                cltv_expiry_delta,
            } => {
                let change = PolicyChange {
                    enabled,
                    htlc_minimum_msat: htlc_minimum_msat.map(Msat::from_msat),
                    htlc_maximum_msat: htlc_maximum_msat.map(Msat::from_msat),
                    fee_base_msat,
                    fee_proportional_millionths,
                    cltv_expiry_delta,
                };
                LayerEdit::UpdateChannel(channel.0, change)
            }
            LayerEditJson::RemoveChannelUpdate { channel } => LayerEdit::RemoveChannelUpdate(channel.0),
            LayerEditJson::InformChannel { channel, amount_msat, outcome } => {
                let inform = match outcome {
                    InformJson::Constrained => Inform::Constrained,
                    InformJson::Unconstrained => Inform::Unconstrained,
                    InformJson::Succeeded => Inform::Succeeded,
                };
                LayerEdit::InformChannel(channel.0, Msat::from_msat(amount_msat), inform)
            }
            LayerEditJson::BiasChannel { channel, bias, relative, description } => {
                LayerEdit::BiasChannel(channel.0, step(bias, relative), description)
            }
            LayerEditJson::BiasNode { node_id, side, bias, relative, description } => {
                let side = match side {
                    SideJson::In => Side::In,
                    SideJson::Out => Side::Out,
                };
                LayerEdit::BiasNode(node_id.0, side, step(bias, relative), description)
            }
            LayerEditJson::DisableNode { node_id } => LayerEdit::DisableNode(node_id.0),
            LayerEditJson::DisableChannel { channel } => LayerEdit::DisableChannel(channel.0),
            LayerEditJson::Age { cutoff } => LayerEdit::Age(UnixTime::from_secs(cutoff)),
        }
    }
}

fn step(bias: i8, relative: bool) -> BiasStep {
    if relative { BiasStep::By(bias) } else { BiasStep::To(bias) }
}
