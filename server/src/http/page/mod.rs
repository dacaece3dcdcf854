//! The page at `/`, and what it asks for that others may ask for as well.
//!
//! ```text
//! assets       the files of `server/page/`, part of the binary      GET /, GET /page/...
//! shape        size, freshness and distributions of the graph       GET /api/v1/graph/distributions
//! suggestions  nodes whose ids begin so                             GET /api/v1/graph/suggestions
//! example      a payment that has a route                           GET /api/v1/graph/example
//! status       answers and their times, second by second            GET /api/v1/status
//! ```
//! The page is plain HTML, CSS and JavaScript modules: nothing is built, nothing comes from elsewhere, and its
//! Content-Security-Policy holds it to that. It knows no rule of routing.

mod assets;
mod distribution;
pub(super) mod example;
mod mount;
pub(super) mod shape;
pub(super) mod status;
pub(super) mod suggestions;

pub(super) use mount::{asks_for, router};
