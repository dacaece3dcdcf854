//! What it costs to store a graph and to load it again.

use std::fs::File;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use engine::graph::Topology;
use engine::snapshot::{SnapshotMeta, load_snapshot, write_snapshot};
use engine::synthetic::{SyntheticConfig, generate};

/// Graphs as large as mainnet and 90 times as large; the file lies in the cache of the operating system.
fn load(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    for config in [SyntheticConfig::mainnet_like(1), SyntheticConfig::new(1, 4_000_000)] {
        let name = format!("{}_channels", config.channel_count);
        let builder = generate(&config, &mut |_| ()).expect("a valid configuration");
        let topology = Topology::build(builder).expect("there is room");
        let path = folder.path().join(&name);
        let write = || {
            let file = File::create(&path).expect("a file");
            write_snapshot(&topology, &SnapshotMeta::default(), file).expect("room on the disk")
        };
        println!(
            "{name}: {} nodes, {} bytes, in memory {}",
            topology.node_count(),
            write(),
            topology.size_bytes()
        );
        criterion.bench_function(&format!("engine/write_snapshot/{name}"), |bencher| bencher.iter(write));
        drop(topology);
        criterion.bench_function(&format!("engine/load_snapshot/{name}"), |bencher| {
            bencher.iter_with_large_drop(|| load_snapshot(black_box(&path)).expect("just written"));
        });
    }
}

fn slow() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(10))
}

criterion_group!(name = benches; config = slow(); targets = load);
criterion_main!(benches);
