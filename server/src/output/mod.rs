//! What the commands print: tables for people. The JSON for programs is `server::json`.

pub(crate) mod plot;
pub(crate) mod reached;
pub(crate) mod simulation;
pub(crate) mod spread;
pub(crate) mod table;
