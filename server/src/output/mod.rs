//! What the commands print: tables for people, JSON for programs. The fields of the JSON are a promise.

pub(crate) mod json;
pub(crate) mod plot;
pub(crate) mod simulation;
pub(crate) mod spread;
pub(crate) mod table;
