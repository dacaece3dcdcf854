//! The reader of rapid gossip sync snapshots; one that is accepted is applied twice, the second time to no effect.
#![no_main]

use engine::graph::GraphBuilder;
use engine::import::RgsSnapshot;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(snapshot) = RgsSnapshot::decode(bytes) else { return };
    let mut graph = GraphBuilder::new();
    snapshot.apply(&mut graph).expect("fits");
    let before = format!("{:?}", graph.channels());
    snapshot.apply(&mut graph).expect("fits");
    assert_eq!(before, format!("{:?}", graph.channels()));
});
