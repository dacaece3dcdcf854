//! What onions cost: beside the products on the curve that nobody gets around, and beside LDK.
//!
//! `curve` is the least there is: for each hop of a new packet a shared secret and a product with the base point, for a
//! packet that is peeled a shared secret and a product with the ephemeral key.
//!
//! New packets: `ours` and `ldk` start from points, `route` from the ids of a route, each of which it decompresses. Packets
//! that come in: all start from bytes, so that all decompress the ephemeral key; `ours` ends with the next packet, `htlc`
//! and `ldk` with what to do.

use std::hint::black_box;

use bitcoin::secp256k1::ecdh::SharedSecret as Ecdh;
use bitcoin::secp256k1::{All, PublicKey, Scalar, Secp256k1, SecretKey};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lightning::ln::channelmanager::RecipientOnionFields;
use lightning::ln::msgs::{OnionPacket, UpdateAddHTLC};
use lightning::ln::onion_payment::peel_payment_onion;
use lightning::ln::onion_utils::create_payment_onion;
use lightning::ln::types::ChannelId;
use lightning::routing::router::{Path, RouteHop as LdkHop};
use lightning::sign::KeysManager;
use lightning::types::features::{ChannelFeatures, NodeFeatures};
use lightning::types::payment::{PaymentHash, PaymentPreimage, PaymentSecret};
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::Readable as _;
use onion::attribution::HoldTime;
use onion::build::{Hop, build_payment};
use onion::failure::FailurePacket;
use onion::failure_code::{Failure, FailureMessage};
use onion::packet::PaymentPacket;
use onion::payload::{CustomRecords, Forward, Payload, PaymentData, Receive};
use onion::peel::{Incoming, peel_batch, peel_payment};
use onion::relay::{IncomingHtlc, open_htlc};
use onion::route::{Part, Payment, RouteHop, build_part};
use primitives::{BlockHeight, Msat, NodeId, ShortChannelId};
use rayon::ThreadPoolBuilder;

const HEIGHT: u32 = 800_000;
const HASH: [u8; 32] = [0x42; 32];
const SECRET: [u8; 32] = [0x24; 32];

/// A route over nodes whose keys are known, in both tongues.
struct Fixture {
    secp: Secp256k1<All>,
    session_key: SecretKey,
    nodes: Vec<KeysManager>,
    keys: Vec<PublicKey>,
    hops: Vec<RouteHop>,
    path: Path,
}

impl Fixture {
    fn new(hop_count: usize) -> Self {
        let secp = Secp256k1::new();
        let nodes: Vec<KeysManager> =
            (0..hop_count).map(|at| KeysManager::new(&[at as u8 + 1; 32], 1, 1, true)).collect();
        let keys: Vec<PublicKey> =
            nodes.iter().map(|node| node.get_node_secret_key().public_key(&secp)).collect();
        let left = |at: usize| (hop_count - 1 - at) as u64;
        let hop = |(at, key): (usize, &PublicKey)| RouteHop {
            node_id: NodeId::from(*key),
            short_channel_id: ShortChannelId::from_u64(0x0a_1234_0000_5678 + at as u64),
            amount: Msat::from_msat(100_000_000 + 1_000 * left(at)),
            cltv: 144 + 60 * left(at) as u32,
        };
        let hops: Vec<RouteHop> = keys.iter().enumerate().map(hop).collect();
        let ldk = |at: usize| {
            let last = at + 1 == hop_count;
            LdkHop {
                pubkey: keys[at],
                node_features: NodeFeatures::empty(),
                short_channel_id: hops[at].short_channel_id.to_u64(),
                channel_features: ChannelFeatures::empty(),
                fee_msat: if last { 100_000_000 } else { 1_000 },
                cltv_expiry_delta: if last { 144 } else { 60 },
                maybe_announced_channel: true,
            }
        };
        let path = Path { hops: (0..hop_count).map(ldk).collect(), blinded_tail: None };
        let session_key = SecretKey::from_slice(&[0x77; 32]).expect("a key");
        Fixture { secp, session_key, nodes, keys, hops, path }
    }

    fn payment(&self) -> Payment<'static> {
        Payment {
            payment_hash: HASH,
            total_msat: Msat::from_msat(100_000_000),
            block_height: BlockHeight::from_u32(HEIGHT),
            shadow_blocks: 0,
            payment_secret: Some(SECRET),
            payment_metadata: None,
            keysend_preimage: None,
            custom: CustomRecords::EMPTY,
        }
    }

    fn payloads(&self) -> Vec<Hop<Payload<'static>>> {
        let height = |cltv| BlockHeight::from_u32(HEIGHT + cltv);
        let mut hops = Vec::new();
        for (at, key) in self.keys.iter().enumerate() {
            let payload = match self.hops.get(at + 1) {
                Some(next) => Payload::Forward(Forward {
                    amt_to_forward: next.amount,
                    outgoing_cltv_value: height(next.cltv),
                    short_channel_id: next.short_channel_id,
                    custom: CustomRecords::EMPTY,
                }),
                None => Payload::Receive(Receive {
                    amt_to_forward: self.hops[at].amount,
                    outgoing_cltv_value: height(self.hops[at].cltv),
                    payment_data: Some(PaymentData {
                        payment_secret: SECRET,
                        total_msat: Msat::from_msat(100_000_000),
                    }),
                    payment_metadata: None,
                    keysend_preimage: None,
                    custom: CustomRecords::EMPTY,
                }),
            };
            hops.push(Hop { public_key: *key, payload });
        }
        hops
    }

    fn ldk_onion(&self) -> OnionPacket {
        let fields = RecipientOnionFields::secret_only(PaymentSecret(SECRET));
        let onion = create_payment_onion(
            &self.secp,
            &self.path,
            &self.session_key,
            100_000_000,
            &fields,
            HEIGHT,
            &PaymentHash(HASH),
            &None::<PaymentPreimage>,
            None,
            [7; 32],
        );
        onion.expect("fits").0
    }

    fn packet(&self) -> PaymentPacket {
        let part = Part { hops: &self.hops, tail: None };
        build_part(&self.secp, &self.session_key, part, &self.payment()).expect("fits").packet
    }
}

fn construct(criterion: &mut Criterion) {
    for hop_count in [4, 8, 20] {
        let fixture = Fixture::new(hop_count);
        let mut group = criterion.benchmark_group(format!("onion/construct/{hop_count}_hops"));
        group.throughput(Throughput::Elements(hop_count as u64));
        group.bench_function("curve", |bencher| {
            bencher.iter(|| {
                for key in black_box(&fixture.keys) {
                    black_box(Ecdh::new(key, &fixture.session_key));
                    black_box(PublicKey::from_secret_key(&fixture.secp, &fixture.session_key));
                }
            });
        });
        let hops = fixture.payloads();
        group.bench_function("ours", |bencher| {
            bencher.iter(|| build_payment(&fixture.secp, &fixture.session_key, black_box(&hops), &HASH));
        });
        let payment = fixture.payment();
        group.bench_function("route", |bencher| {
            bencher.iter(|| {
                let part = Part { hops: black_box(&fixture.hops), tail: None };
                build_part(&fixture.secp, &fixture.session_key, part, &payment)
            });
        });
        group.bench_function("ldk", |bencher| bencher.iter(|| black_box(&fixture).ldk_onion()));
        group.finish();
    }
}

fn peel(criterion: &mut Criterion) {
    let fixture = Fixture::new(20);
    let node_secret = fixture.nodes[0].get_node_secret_key();
    let packet = fixture.packet();
    let mut group = criterion.benchmark_group("onion/peel");
    let ephemeral = fixture.session_key.public_key(&fixture.secp);
    let factor = Scalar::from_be_bytes([0x6b; 32]).expect("below the order");
    group.bench_function("curve", |bencher| {
        bencher.iter(|| {
            black_box(Ecdh::new(black_box(&ephemeral), &node_secret));
            black_box(black_box(ephemeral).mul_tweak(&fixture.secp, &factor)).expect("a point")
        });
    });
    let bytes = *packet.as_bytes();
    group.bench_function("ours", |bencher| {
        bencher.iter(|| {
            let packet = PaymentPacket::from_bytes(black_box(bytes));
            let peeled = peel_payment(&fixture.secp, &node_secret, &packet, &HASH);
            peeled.expect("authentic").next_packet()
        });
    });
    let htlc = IncomingHtlc {
        packet,
        payment_hash: HASH,
        amount: fixture.hops[0].amount,
        cltv_expiry: BlockHeight::from_u32(HEIGHT + fixture.hops[0].cltv),
        path_key: None,
    };
    group.bench_function("htlc", |bencher| {
        bencher.iter(|| open_htlc(&fixture.secp, &node_secret, black_box(&htlc)).expect("sound"));
    });
    let message = || UpdateAddHTLC {
        channel_id: ChannelId([0; 32]),
        htlc_id: 0,
        amount_msat: fixture.hops[0].amount.to_msat(),
        payment_hash: PaymentHash(HASH),
        cltv_expiry: HEIGHT + fixture.hops[0].cltv,
        skimmed_fee_msat: None,
        onion_routing_packet: OnionPacket::read(&mut &black_box(bytes)[..]).expect("a packet's length"),
        blinding_point: None,
        hold_htlc: None,
    };
    group.bench_function("ldk", |bencher| {
        bencher.iter(|| {
            let peeled =
                peel_payment_onion(&message(), &fixture.nodes[0], &Silent, &fixture.secp, HEIGHT, false);
            peeled.map_err(|error| error.msg).expect("sound")
        });
    });
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
    let node_secret = fixture.nodes[0].get_node_secret_key();
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

/// Says nothing.
struct Silent;

impl Logger for Silent {
    fn log(&self, _record: Record<'_>) {}
}

criterion_group!(benches, curve, construct, peel, batch, failure);
criterion_main!(benches);
