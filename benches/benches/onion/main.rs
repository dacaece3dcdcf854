//! What onions cost: beside the products on the curve that nobody gets around, and beside LDK.
//!
//! `curve` is the least there is: for each hop of a new packet a shared secret and a product with the base point, for a
//! packet that is peeled a shared secret and a product with the ephemeral key.
//!
//! New packets: `ours` and `ldk` start from points, `route` from the ids of a route, each of which it decompresses. Packets
//! that come in: all start from bytes, so that all decompress the ephemeral key; `ours` ends with the next packet, `htlc`
//! and `ldk` with what to do.
//!
//! Criterion's times come first, then the ratios, for which all take turns, and at the end whether time tells a secret.

mod fixture;
mod leaks;
mod ratios;

use std::hint::black_box;
use std::time::Duration;

use benches::input::is_measured;
use bitcoin::secp256k1::ecdh::SharedSecret as Ecdh;
use bitcoin::secp256k1::{PublicKey, Scalar, Secp256k1, SecretKey};
use criterion::{Criterion, Throughput, criterion_group};
use onion::attribution::HoldTime;
use onion::failure::FailurePacket;
use onion::failure_code::{Failure, FailureMessage};
use onion::peel::{Incoming, peel_batch};
use onion::route::{Part, build_part};
use rayon::ThreadPoolBuilder;

use fixture::{Fixture, HASH};

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    ratios::print(is_measured());
    leaks::print(is_measured());
}

fn construct(criterion: &mut Criterion) {
    for hop_count in [4, 8, 20] {
        let fixture = Fixture::new(hop_count);
        let hops = fixture.payloads();
        let mut group = criterion.benchmark_group(format!("onion/construct/{hop_count}_hops"));
        group.throughput(Throughput::Elements(hop_count as u64));
        group.bench_function("curve", |bencher| bencher.iter(|| fixture.curve_of_new()));
        group.bench_function("ours", |bencher| bencher.iter(|| fixture.build(&hops)));
        group.bench_function("route", |bencher| bencher.iter(|| fixture.build_route()));
        group.bench_function("ldk", |bencher| bencher.iter(|| black_box(&fixture).ldk_onion()));
        group.finish();
    }
}

fn peel(criterion: &mut Criterion) {
    let fixture = Fixture::new(20);
    let (bytes, htlc) = (*fixture.packet().as_bytes(), fixture.htlc());
    let ephemeral = fixture.session_key.public_key(&fixture.secp);
    let factor = Scalar::from_be_bytes([0x6b; 32]).expect("below the order");
    let mut group = criterion.benchmark_group("onion/peel");
    group.bench_function("curve", |bencher| bencher.iter(|| fixture.curve_of_incoming(ephemeral, &factor)));
    group.bench_function("ours", |bencher| bencher.iter(|| fixture.peel(&bytes)));
    group.bench_function("htlc", |bencher| bencher.iter(|| fixture.open(&htlc)));
    group.bench_function("ldk", |bencher| bencher.iter(|| fixture.ldk_peel(&bytes)));
    group.finish();
}

/// What the curve is asked, one by one.
fn curve(criterion: &mut Criterion) {
    let secp = Secp256k1::new();
    let secret = SecretKey::from_slice(&[0x77; 32]).expect("a key");
    let point = SecretKey::from_slice(&[0x55; 32]).expect("a key").public_key(&secp);
    let factor = Scalar::from_be_bytes([0x6b; 32]).expect("below the order");
    let bytes = point.serialize();
    let mut group = criterion.benchmark_group("onion/curve");
    group.bench_function("shared_secret", |bencher| bencher.iter(|| Ecdh::new(black_box(&point), &secret)));
    group.bench_function("blind_point", |bencher| {
        bencher.iter(|| black_box(point).mul_tweak(&secp, &factor).expect("a point"));
    });
    group.bench_function("base_point", |bencher| {
        bencher.iter(|| PublicKey::from_secret_key(&secp, black_box(&secret)));
    });
    group.bench_function("decompress", |bencher| {
        bencher.iter(|| PublicKey::from_slice(black_box(&bytes)).expect("a point"));
    });
    group.finish();
}

fn batch(criterion: &mut Criterion) {
    let fixture = Fixture::new(20);
    let node_secret = fixture.node_secret();
    let incoming = vec![Incoming { packet: fixture.packet(), payment_hash: HASH }; 1_000];
    let mut group = criterion.benchmark_group("onion/peel_batch");
    group.throughput(Throughput::Elements(incoming.len() as u64)).sample_size(20);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for thread_count in [1, cores] {
        let pool = ThreadPoolBuilder::new().num_threads(thread_count).build().expect("threads");
        group.bench_function(format!("{thread_count}_threads"), |bencher| {
            bencher.iter(|| pool.install(|| peel_batch(&fixture.secp, &node_secret, black_box(&incoming))));
        });
    }
    group.finish();
}

fn failure(criterion: &mut Criterion) {
    let fixture = Fixture::new(20);
    let part = Part { hops: &fixture.hops, tail: None };
    let onion = build_part(&fixture.secp, &fixture.session_key, part, &fixture.payment()).expect("fits");
    let secrets = onion.failure_secrets();
    let message = FailureMessage::from(Failure::TemporaryNodeFailure);
    let hold_time = HoldTime::from_units(3);
    let new = || FailurePacket::new(&secrets[19], &message, hold_time).expect("short");
    let mut group = criterion.benchmark_group("onion/failure");
    group.bench_function("create", |bencher| bencher.iter(new));
    let first = new();
    group.bench_function("relay", |bencher| {
        bencher.iter(|| black_box(first.clone()).relay(&secrets[18], hold_time));
    });
    let whole =
        secrets[..19].iter().rev().fold(first.clone(), |packet, secret| packet.relay(secret, hold_time));
    group.bench_function("read_from_20th_hop", |bencher| {
        bencher.iter(|| black_box(whole.clone()).read(secrets));
    });
    group.finish();
}

/// Short, for the ratios below tell more.
fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args()
}

criterion_group!(name = benches; config = quick(); targets = curve, construct, peel, batch, failure);
