//! Written from the schemas, never by hand: see `schemas/README.md`.

pub mod answer_generated;
pub mod query_generated;
pub mod snapshot_generated;
