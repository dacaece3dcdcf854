//! The real channel graph.

use std::fs::File;
use std::sync::{Arc, OnceLock};

use engine::graph::Topology;
use engine::import::read_graph;
use engine::snapshot::Snapshot;

use crate::data::shared;

/// The channel graph of 2025-10-26, read once; `None` as in [`shared`].
///
/// # Panics
/// Where the file is no graph, and where [`shared`] does.
pub fn mainnet() -> Option<&'static Arc<Snapshot>> {
    static SNAPSHOT: OnceLock<Option<Arc<Snapshot>>> = OnceLock::new();
    let read = || {
        let file = File::open(shared("data/mainnet-2025-10-26/channels.csv.zst")?).expect("readable");
        let imported = read_graph(file, &mut |_| ()).expect("well formed");
        Some(Arc::new(Snapshot::from_topology(Topology::build(imported.graph).expect("room"))))
    };
    SNAPSHOT.get_or_init(read).as_ref()
}
