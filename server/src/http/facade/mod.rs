//! What facades share: the way to the server's answers with the engine's own errors, and what nodes know that a graph
//! alone does not.
//!
//! A facade is a folder beside this one with a `router()`. It reads requests in the words of another node's clients,
//! asks here, and writes the answer in their words.

mod ask;
mod block_height;
mod loose;
mod own_node;
mod pieces;
mod problems;
mod unanswered;

pub(super) use ask::{apply, find_plan, find_route, graph_to_tell, prepare};
pub(super) use block_height::newest_block;
pub(super) use loose::{Flag, Fraction, Number};
pub(super) use own_node::payer;
pub(super) use pieces::{array, object_with, stream_json, text};
pub(super) use problems::{Told, told_problem, words};
pub(super) use unanswered::Unanswered;
