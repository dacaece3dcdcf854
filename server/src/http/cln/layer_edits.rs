//! What is in a layer: `askrene-create-channel`, `-update-channel`, `-remove-channel-update`, `-inform-channel`,
//! `-bias-channel`, `-bias-node`, `-disable-node`, `-age`.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use engine::layer::{BiasStep, Bound, CreatedChannel, Inform, PolicyChange, Side};
use primitives::UnixTime;
use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::error::ClnError;
use super::layers::{Nothing, layers};
use super::params::{Answer, ClnParams, Params, answered};
use super::scid::{Scid, ScidDir};
use crate::clock::unix_now;
use crate::http::app::App;
use crate::http::applier::{Change, Effect, LayerEdit};
use crate::http::facade::{Flag, Number, Unanswered, apply};
use crate::http::tenant::{Caller, Writer};
use crate::json::{NodeIdText, ScidDirText, Text};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/v1/askrene-create-channel", post(create_channel))
        .route("/v1/askrene-update-channel", post(update_channel))
        .route("/v1/askrene-remove-channel-update", post(remove_channel_update))
        .route("/v1/askrene-inform-channel", post(inform_channel))
        .route("/v1/askrene-bias-channel", post(bias_channel))
        .route("/v1/askrene-bias-node", post(bias_node))
        .route("/v1/askrene-disable-node", post(disable_node))
        .route("/v1/askrene-age", post(age))
}

async fn edit(app: &App, caller: &Caller, layer: &str, edit: LayerEdit) -> Result<Effect, ClnError> {
    // It copies what lies in the layer beside it.
    app.charge_entries(caller, caller.view.entry_count(layer) + 1).map_err(Unanswered::from)?;
    let change = Change::Layer { tenant: caller.tenant, name: layer.to_owned(), edit };
    Ok(apply(app, change).await?.effect)
}

/// A channel that only the layer knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateChannelParams {
    layer: String,
    source: NodeIdText,
    destination: NodeIdText,
    short_channel_id: Scid,
    capacity_msat: Amount,
}

impl Params for CreateChannelParams {
    const NAMES: &'static [&'static str] =
        &["layer", "source", "destination", "short_channel_id", "capacity_msat"];
}

async fn create_channel(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<CreateChannelParams>,
) -> Answer<Nothing> {
    let channel = CreatedChannel {
        node_ids: [params.source.0, params.destination.0],
        capacity: params.capacity_msat.0,
    };
    let created = LayerEdit::CreateChannel { short_channel_id: params.short_channel_id.0, channel };
    edit(&app, &caller, &params.layer, created).await?;
    answered(Nothing::new())
}

/// Fields of a direction's policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateChannelParams {
    layer: String,
    short_channel_id_dir: ScidDir,
    enabled: Option<Flag>,
    htlc_minimum_msat: Option<Amount>,
    htlc_maximum_msat: Option<Amount>,
    fee_base_msat: Option<Amount>,
    fee_proportional_millionths: Option<Number<u32>>,
    cltv_expiry_delta: Option<Number<u16>>,
}

impl Params for UpdateChannelParams {
    const NAMES: &'static [&'static str] = &[
        "layer",
        "short_channel_id_dir",
        "enabled",
        "htlc_minimum_msat",
        "htlc_maximum_msat",
        "fee_base_msat",
        "fee_proportional_millionths",
        "cltv_expiry_delta",
    ];
}

async fn update_channel(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<UpdateChannelParams>,
) -> Answer<Nothing> {
    let base = |amount: Amount| {
        u32::try_from(amount.0.to_msat()).map_err(|_| ClnError::bad_params("fee_base_msat: it has 32 bits"))
    };
    let change = PolicyChange {
        enabled: params.enabled.map(|flag| flag.0),
        htlc_minimum_msat: params.htlc_minimum_msat.map(|amount| amount.0),
        htlc_maximum_msat: params.htlc_maximum_msat.map(|amount| amount.0),
        fee_base_msat: params.fee_base_msat.map(base).transpose()?,
        fee_proportional_millionths: params.fee_proportional_millionths.map(|number| number.0),
        cltv_expiry_delta: params.cltv_expiry_delta.map(|number| number.0),
    };
    let updated = LayerEdit::UpdateChannel(params.short_channel_id_dir.0, change);
    edit(&app, &caller, &params.layer, updated).await?;
    answered(Nothing::new())
}

/// The direction whose policy is the graph's again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveChannelUpdateParams {
    layer: String,
    short_channel_id_dir: ScidDir,
}

impl Params for RemoveChannelUpdateParams {
    const NAMES: &'static [&'static str] = &["layer", "short_channel_id_dir"];
}

async fn remove_channel_update(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<RemoveChannelUpdateParams>,
) -> Answer<Nothing> {
    let removed = LayerEdit::RemoveChannelUpdate(params.short_channel_id_dir.0);
    edit(&app, &caller, &params.layer, removed).await?;
    answered(Nothing::new())
}

/// How an attempt over a direction ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InformChannelParams {
    layer: String,
    short_channel_id_dir: ScidDir,
    amount_msat: Amount,
    inform: InformName,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum InformName {
    Constrained,
    Unconstrained,
    Succeeded,
}

impl Params for InformChannelParams {
    const NAMES: &'static [&'static str] = &["layer", "short_channel_id_dir", "amount_msat", "inform"];
}

#[derive(Debug, Serialize)]
struct Constraints {
    constraints: Vec<ConstraintForm>,
}

#[derive(Debug, Serialize)]
struct ConstraintForm {
    layer: String,
    short_channel_id_dir: ScidDirText,
    timestamp: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_msat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_msat: Option<u64>,
}

async fn inform_channel(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<InformChannelParams>,
) -> Answer<Constraints> {
    let inform = match params.inform {
        InformName::Constrained => Inform::Constrained,
        InformName::Unconstrained => Inform::Unconstrained,
        InformName::Succeeded => Inform::Succeeded,
    };
    let channel = params.short_channel_id_dir;
    let informed = LayerEdit::InformChannel(channel.0, params.amount_msat.0, inform);
    let effect = edit(&app, &caller, &params.layer, informed).await?;
    let Effect::Constraint(constraint) = effect else {
        return answered(Constraints { constraints: Vec::new() });
    };
    let form = |bound: Bound| ConstraintForm {
        layer: params.layer.clone(),
        short_channel_id_dir: Text(channel.0),
        timestamp: bound.timestamp.to_secs(),
        maximum_msat: None,
        minimum_msat: None,
    };
    let minimum = constraint
        .known_minimum()
        .map(|bound| ConstraintForm { minimum_msat: Some(bound.amount.to_msat()), ..form(bound) });
    let maximum = constraint
        .known_maximum()
        .map(|bound| ConstraintForm { maximum_msat: Some(bound.amount.to_msat()), ..form(bound) });
    // What the attempt showed comes first: it is all that askrene answers.
    let constraints = match inform {
        Inform::Constrained | Inform::Succeeded => maximum.into_iter().chain(minimum).collect(),
        Inform::Unconstrained => minimum.into_iter().chain(maximum).collect(),
    };
    answered(Constraints { constraints })
}

/// A preference for a direction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BiasChannelParams {
    layer: String,
    short_channel_id_dir: ScidDir,
    bias: Number<i8>,
    description: Option<String>,
    #[serde(default)]
    relative: Flag,
}

impl Params for BiasChannelParams {
    const NAMES: &'static [&'static str] =
        &["layer", "short_channel_id_dir", "bias", "description", "relative"];
}

#[derive(Debug, Serialize)]
struct Biases {
    biases: [BiasForm; 1],
}

#[derive(Debug, Serialize)]
struct BiasForm {
    layer: String,
    short_channel_id_dir: ScidDirText,
    bias: i8,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    timestamp: u32,
}

async fn bias_channel(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<BiasChannelParams>,
) -> Answer<Biases> {
    let channel = params.short_channel_id_dir;
    let biased = LayerEdit::BiasChannel(channel.0, step(params.bias, params.relative), params.description);
    let effect = edit(&app, &caller, &params.layer, biased).await?;
    let layer = layers(&caller, Some(&params.layer))?;
    let known = layer.first().and_then(|layer| layer.biases().get(&channel.0));
    let bias = if let Effect::Bias(bias) = effect { bias } else { 0 };
    let description = known.and_then(|known| known.description.clone());
    let timestamp = known.map_or_else(unix_now, |known| known.timestamp).to_secs();
    let short_channel_id_dir = Text(channel.0);
    let form = BiasForm { layer: params.layer, short_channel_id_dir, bias, description, timestamp };
    answered(Biases { biases: [form] })
}

/// A preference for a node.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BiasNodeParams {
    layer: String,
    node: NodeIdText,
    direction: SideName,
    bias: Number<i8>,
    description: Option<String>,
    #[serde(default)]
    relative: Flag,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SideName {
    In,
    Out,
}

impl Params for BiasNodeParams {
    const NAMES: &'static [&'static str] = &["layer", "node", "direction", "bias", "description", "relative"];
}

#[derive(Debug, Serialize)]
struct NodeBiases {
    node_biases: [NodeBiasForm; 1],
}

#[derive(Debug, Serialize)]
struct NodeBiasForm {
    layer: String,
    node: NodeIdText,
    in_bias: i8,
    out_bias: i8,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    timestamp: u32,
}

async fn bias_node(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<BiasNodeParams>,
) -> Answer<NodeBiases> {
    let side = match params.direction {
        SideName::In => Side::In,
        SideName::Out => Side::Out,
    };
    let step = step(params.bias, params.relative);
    let biased = LayerEdit::BiasNode(params.node.0, side, step, params.description);
    edit(&app, &caller, &params.layer, biased).await?;
    let layer = layers(&caller, Some(&params.layer))?;
    let known = layer.first().and_then(|layer| layer.node_biases().get(&params.node.0));
    let form = NodeBiasForm {
        layer: params.layer,
        node: params.node,
        in_bias: known.map_or(0, |known| known.in_bias),
        out_bias: known.map_or(0, |known| known.out_bias),
        description: known.and_then(|known| known.description.clone()),
        timestamp: known.map_or_else(unix_now, |known| known.timestamp).to_secs(),
    };
    answered(NodeBiases { node_biases: [form] })
}

fn step(bias: Number<i8>, relative: Flag) -> BiasStep {
    if relative.0 { BiasStep::By(bias.0) } else { BiasStep::To(bias.0) }
}

/// The node none of whose channels may be used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisableNodeParams {
    layer: String,
    node: NodeIdText,
}

impl Params for DisableNodeParams {
    const NAMES: &'static [&'static str] = &["layer", "node"];
}

async fn disable_node(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<DisableNodeParams>,
) -> Answer<Nothing> {
    edit(&app, &caller, &params.layer, LayerEdit::DisableNode(params.node.0)).await?;
    answered(Nothing::new())
}

/// Constraints before this time are forgotten.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeParams {
    layer: String,
    cutoff: Number<u64>,
}

impl Params for AgeParams {
    const NAMES: &'static [&'static str] = &["layer", "cutoff"];
}

#[derive(Debug, Serialize)]
struct Aged {
    layer: String,
    num_removed: usize,
}

async fn age(
    State(app): State<App>,
    Writer(caller): Writer,
    ClnParams(params): ClnParams<AgeParams>,
) -> Answer<Aged> {
    let cutoff = UnixTime::from_secs(u32::try_from(params.cutoff.0).unwrap_or(u32::MAX));
    let effect = edit(&app, &caller, &params.layer, LayerEdit::Age(cutoff)).await?;
    let num_removed = if let Effect::Removed(count) = effect { count } else { 0 };
    answered(Aged { layer: params.layer, num_removed })
}
