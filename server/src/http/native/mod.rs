//! The API of our own, under `/api/v1`. One file for each thing that can be asked.

mod batch;
mod beliefs;
mod changed;
mod document;
mod events;
mod feedback;
mod format;
mod graph;
mod layer_document;
mod layers;
mod lines;
mod plans;
mod query_body;
mod reach;
mod reservations;
mod router;
mod routes;

pub use super::applier::LayerEditJson;
pub use super::media_type::FLATBUFFERS;
pub use changed::ChangedJson;
pub use document::document;
pub use feedback::AttemptJson;
pub use graph::PolicyJson;
pub use layer_document::{
    BiasJson, ChannelUpdateJson, ConstraintJson, CreatedChannelJson, LayerDocumentJson, LayerJson,
    NodeBiasJson,
};
pub use lines::{Chunk, Lines};
pub use plans::CutJson;
pub use reach::ReachQueryJson;
pub use reservations::PathJson;
pub use router::router;
