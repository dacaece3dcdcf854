//! What LND's clients are told.

mod client;
mod graph;
mod hostile;
mod mission_control;
mod routes;

use client::{chan_id, error, line, node_url, node64, number};
