//! Any bytes as LND's mission control.
#![no_main]

use engine::belief::exchange::read_mission_control;
use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let topology = Topology::build(GraphBuilder::new()).expect("an empty graph");
    let _ = read_mission_control(bytes, &Snapshot::from_topology(topology), |_, _| ());
});
