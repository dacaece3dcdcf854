//! Whatever deltas a graph was made of, it survives being stored.

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::{ChannelGraph, read_snapshot};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};

use super::snapshot::delta;
use crate::persist::{assert_same, stored};

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Deltas before the layout, and deltas that change records in place behind it.
    #[test]
    fn any_graph_survives_the_round_trip(before in vec(delta(), 0..150), after in vec(delta(), 0..50)) {
        let mut builder = GraphBuilder::new();
        for delta in &before {
            let _ = builder.apply(delta);
        }
        let (graph, mut writer) = ChannelGraph::new(Topology::build(builder).expect("small"));
        for delta in &after {
            let _ = writer.apply(delta);
        }
        let snapshot = graph.snapshot();
        let file = stored(snapshot.topology());
        let copy = read_snapshot(&file).expect("just written");
        assert_same(snapshot.topology(), &copy);
        assert!(stored(&copy) == file);
    }

    #[test]
    fn any_damage_is_an_error_or_the_same_graph(
        deltas in vec(delta(), 0..60),
        at in any::<proptest::sample::Index>(),
        mask in 1u8..=255,
        length in any::<proptest::sample::Index>(),
    ) {
        let mut builder = GraphBuilder::new();
        for delta in &deltas {
            let _ = builder.apply(delta);
        }
        let topology = Topology::build(builder).expect("small");
        let mut file = stored(&topology);
        assert!(read_snapshot(&file[..length.index(file.len())]).is_err());
        let at = at.index(file.len());
        file[at] ^= mask;
        if let Ok(copy) = read_snapshot(&file) {
            assert_same(&topology, &copy);
        }
    }
}
