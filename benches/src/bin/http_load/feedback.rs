//! What it costs to keep what attempts teach.

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use engine::graph::Topology;
use engine::route::Route;
use engine::router::{RouteWorkspace, route};
use serde_json::json;
use server::http::{Server, Settings};
use server::json::HtlcJson;

use crate::Bench;
use crate::client::post;
use crate::load::flat_out;

/// Reports failures to two servers, of which one keeps what it learns: each answer comes when that is on the disk.
pub(crate) async fn measure(bench: &Bench) -> Result<(), Box<dyn Error>> {
    let snapshot = bench.app.graph().snapshot();
    let mut space = RouteWorkspace::default();
    let mut bodies = Vec::new();
    for query in bench.queries.iter().take(ROUTE_COUNT) {
        if let Ok(found) = route(&snapshot, &query.to_query()?, &mut space) {
            bodies.push(failure(&found));
        }
    }
    let folder = tempfile::tempdir()?;
    for (what, state) in [("feedback, forgotten", None), ("feedback, kept", Some(folder.path()))] {
        let address = serve(snapshot.topology(), state).await?;
        let requests = bodies.iter().map(|body| post(address, "/api/v1/feedback", body)).collect();
        flat_out(address, &Arc::new(requests), bench.connections, bench.secs).await.print(what);
    }
    Ok(())
}

/// The last node but one could not forward.
fn failure(route: &Route) -> String {
    let path: Vec<_> = route.htlcs().iter().map(HtlcJson::new).collect();
    let erring_node = path.len() - 1;
    json!({"path": path, "outcome": "failed", "erring_node": erring_node, "failure_code": TEMPORARY_CHANNEL_FAILURE})
        .to_string()
}

/// A server that runs until the process ends.
async fn serve(topology: &Topology, state: Option<&Path>) -> Result<SocketAddr, Box<dyn Error>> {
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        state: state.map(Path::to_owned),
        ..Settings::default()
    };
    let server = Server::bind(Topology::build(topology.to_builder())?, &settings).await?;
    let address = server.address();
    tokio::spawn(server.run());
    Ok(address)
}

const ROUTE_COUNT: usize = 500;
/// BOLT 4: UPDATE|7.
const TEMPORARY_CHANNEL_FAILURE: u16 = 0x1007;
