//! Any bytes as LND's mission control.
#![no_main]

#[path = "../line.rs"]
mod line;

use std::sync::LazyLock;

use engine::belief::exchange::read_mission_control;
use engine::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;

static GRAPH: LazyLock<Snapshot> = LazyLock::new(line::line);

fuzz_target!(|bytes: &[u8]| {
    let _ = read_mission_control(bytes, &GRAPH, |_, _| ());
});
