//! Who pays, where a request does not say so.

use primitives::NodeId;

use crate::http::app::App;

/// The node of the request, or else the server's own; `None` where there is neither.
pub(in crate::http) fn payer(app: &App, named: Option<NodeId>) -> Option<NodeId> {
    named.or(app.own_node())
}
