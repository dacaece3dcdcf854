//! What holds of every generated graph.

use engine::graph::GraphBuilder;
use engine::synthetic::{CHANNEL_COUNT_MAX, SyntheticConfig, SyntheticError, generate};
use rayon::ThreadPoolBuilder;

fn generated(config: &SyntheticConfig) -> GraphBuilder {
    generate(config, &mut |_| ()).expect("within the bounds")
}

/// All that a graph consists of.
fn content(graph: &GraphBuilder) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        graph.nodes(),
        graph.node_features(),
        graph.feature_sets(),
        graph.channels()
    )
}

#[test]
fn same_seed_gives_the_same_graph_on_any_number_of_threads() {
    let on = |threads: usize, seed| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| content(&generated(&SyntheticConfig::new(seed, 20_000))))
    };
    let one = on(1, 9);
    assert!(one == on(2, 9), "one and two threads differ");
    assert!(one == on(5, 9), "one and five threads differ");
    assert!(one != on(2, 10), "the seed changes nothing");
}

#[test]
fn every_channel_is_sound() {
    for count in [1, 2, 10, 1000, 44_371] {
        let graph = generated(&SyntheticConfig::new(5, count));
        assert_eq!(graph.channels().len(), count as usize);
        let ids: Vec<_> = graph.channels().iter().map(|channel| channel.short_channel_id).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "ids repeat");
        for channel in graph.channels() {
            let [one, two] = channel.nodes.map(|place| graph.nodes()[place as usize]);
            assert!(one < two, "{}", channel.short_channel_id);
            assert!(channel.policies.iter().any(Option::is_some));
            let capacity = channel.capacity.expect("all capacities are known");
            for policy in channel.policies.iter().flatten() {
                assert!(policy.htlc_maximum_msat <= capacity);
                assert!(policy.htlc_minimum_msat <= policy.htlc_maximum_msat);
            }
        }
    }
}

#[test]
fn progress_ends_at_the_number_of_channels() {
    let mut heard = Vec::new();
    generate(&SyntheticConfig::new(1, 300_000), &mut |done| heard.push(done)).expect("within the bounds");
    assert!(heard.len() > 1 && heard.is_sorted());
    assert_eq!(heard.last(), Some(&300_000));
}

#[test]
fn sizes_out_of_bounds_are_refused() {
    for channel_count in [0, CHANNEL_COUNT_MAX + 1] {
        let refused = generate(&SyntheticConfig::new(1, channel_count), &mut |_| ()).err();
        let max = CHANNEL_COUNT_MAX;
        assert_eq!(refused, Some(SyntheticError::ChannelCount { channel_count, max }));
    }
    for node_count in [0, 1, 2001] {
        let config = SyntheticConfig { node_count: Some(node_count), ..SyntheticConfig::new(1, 1000) };
        let refused = generate(&config, &mut |_| ()).err();
        assert_eq!(refused, Some(SyntheticError::NodeCount { node_count, min: 2, max: 2000 }));
    }
}

#[test]
fn any_number_of_nodes_within_the_bounds_works() {
    for node_count in [2, 3, 50, 500, 1000, 2000] {
        let config = SyntheticConfig { node_count: Some(node_count), ..SyntheticConfig::new(3, 1000) };
        let graph = generated(&config);
        assert_eq!((graph.nodes().len(), graph.channels().len()), (node_count as usize, 1000));
    }
}

#[test]
fn valid_keys_are_points_on_the_curve() {
    let config = SyntheticConfig { valid_keys: true, ..SyntheticConfig::new(1, 1000) };
    assert!(generated(&config).nodes().iter().all(|id| id.to_public_key().is_some()));
}
