//! Start-up: a log read into a graph, beside the same file read and hashed.

use std::fs;
use std::hint::black_box;
use std::path::Path;

use bitcoin::hashes::{Hash, sha256};
use criterion::{BatchSize, Criterion, Throughput};
use engine::graph::Topology;
use server::net::{OpenedSync, open_sync};

use super::turns::{Turns, print_times};
use super::world::{config, messages, round_count, size, write_log};

const CHANNEL_COUNT: u32 = 50_000;

fn hash(path: &Path) {
    black_box(sha256::Hash::hash(&fs::read(path).expect("a file")));
}

/// What a node begins with, and goes on with.
fn open(path: &Path) -> (OpenedSync, Topology) {
    let opened = open_sync(config(path, false, vec![])).expect("a log");
    let graph = Topology::build(opened.graph().expect("it fits")).expect("it fits");
    assert_eq!(graph.channel_count(), size(CHANNEL_COUNT) as usize);
    (opened, graph)
}

pub(super) fn measure(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gossip.log");
    write_log(&path, &messages(size(CHANNEL_COUNT)));
    let mut group = criterion.benchmark_group("sync");
    group.sample_size(10).throughput(Throughput::Bytes(fs::metadata(&path).expect("a file").len()));
    group.bench_function("log/hash", |bencher| bencher.iter(|| hash(&path)));
    // A log is open once at a time: what one round has opened is closed before the next, and not timed.
    group.bench_function("log/open", |bencher| {
        bencher.iter_batched(|| (), |()| open(&path), BatchSize::PerIteration);
    });
    group.finish();
    let (mut hashed, mut opened) = (Turns::default(), Turns::default());
    for _ in 0..round_count() {
        hashed.take(|| hash(&path));
        let mut kept = None;
        opened.take(|| kept = Some(open(&path)));
    }
    print_times("log/open to log/hash", &hashed, &opened);
}
