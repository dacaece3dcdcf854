//! The document of the API, OpenAPI 3.1.

use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{batch, beliefs, events, feedback, graph, layers, plans, reach, reservations, routes};
use crate::http::page::{example, shape, status, suggestions};

/// The document of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    Native::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fulgurite",
        description = "Routes for Lightning payments, provably the cheapest ones. Amounts are integers in msat, ids are \
                       hexadecimal. What has no answer is told in problem documents by RFC 9457.",
    ),
    paths(
        routes::find_routes,
        batch::answer_batch,
        reach::find_reach,
        plans::find_plan,
        plans::find_maximum,
        layers::list_layers,
        layers::get_layer,
        layers::create_layer,
        layers::remove_layer,
        layers::edit_layer,
        reservations::list_reservations,
        reservations::reserve,
        reservations::release,
        feedback::report,
        beliefs::tell_beliefs,
        graph::graph_info,
        graph::graph_node,
        graph::graph_channel,
        shape::graph_distributions,
        suggestions::graph_suggestions,
        example::graph_example,
        status::status,
        events::listen,
    ),
    // What lines and events carry: their bodies are texts.
    components(schemas(batch::BatchLineJson, events::EventJson)),
    tags(
        (name = "routes", description = "Single paths"),
        (name = "plans", description = "Payments in parts"),
        (name = "layers", description = "Changes to the graph, for the queries that name them"),
        (name = "reservations", description = "Amounts in flight"),
        (name = "feedback", description = "What attempts teach"),
        (name = "graph", description = "What is known of the network"),
    ),
    modifiers(&Keys),
    security((), ("key" = [])),
)]
struct Native;

/// Keys are needed where the server has some.
struct Keys;

impl utoipa::Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}
