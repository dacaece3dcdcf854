//! From the router's routes to packets: sizes agree, and what each hop is told is what the route says.

use bitcoin::secp256k1::{All, Secp256k1, SecretKey};
use engine::graph::GraphBuilder;
use engine::graph::Topology;
use engine::onion_size::{PAYLOAD_BYTES_MAX, final_payload_size, forward_payload_size};
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteWorkspace, route};
use engine::snapshot::ChannelGraph;
use onion::failure_code::Failure;
use onion::packet::{HopPayload as _, PAYMENT_PAYLOADS_LEN};
use onion::payload::{CustomRecords, Forward, Payload, PaymentData, Receive, encode_custom_records};
use onion::relay::{HtlcFault, IncomingHtlc, Instruction, NextHop, open_htlc};
use onion::route::{OutgoingOnion, Part, Payment, RouteHop, RouteOnionError, build_part, build_parts};
use primitives::{
    BlockHeight, ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat,
    NodeId, ShortChannelId, UnixTime,
};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

const HEIGHT: u32 = 800_000;
const HASH: [u8; 32] = [0x42; 32];

/// What the onion needs of a route of the engine.
fn hops_of(route: &Route) -> Vec<RouteHop> {
    let hop = |hop: &engine::route::Hop| RouteHop {
        node_id: hop.node_id,
        short_channel_id: hop.short_channel_id,
        amount: hop.amount,
        cltv: hop.cltv,
    };
    route.hops.iter().map(hop).collect()
}

fn payment(total: Msat, secret: Option<[u8; 32]>) -> Payment<'static> {
    Payment {
        payment_hash: HASH,
        total_msat: total,
        block_height: BlockHeight::from_u32(HEIGHT),
        shadow_blocks: 0,
        payment_secret: secret,
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_router_counts_the_bytes_that_the_onion_takes(
        amount in any::<u64>(),
        shift in 0_u32..64,
        height in 65_536_u32..1 << 24,
        scid in any::<u64>(),
        metadata in proptest::collection::vec(any::<u8>(), 0..400),
        value in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let amount = Msat::from_msat(amount >> shift);
        let height = BlockHeight::from_u32(height);
        let forward = Payload::Forward(Forward {
            amt_to_forward: amount,
            outgoing_cltv_value: height,
            short_channel_id: ShortChannelId::from_u64(scid),
            custom: CustomRecords::EMPTY,
        });
        prop_assert_eq!(forward.framed_len(), forward_payload_size(amount.to_msat()) as usize);
        let stream = encode_custom_records(&[(65_537, &value)]).expect("custom");
        let records = primitives::codec::tlv_record_len(16, metadata.len()) + stream.len();
        let receive = Payload::Receive(Receive {
            amt_to_forward: amount,
            outgoing_cltv_value: height,
            payment_data: Some(PaymentData { payment_secret: [7; 32], total_msat: amount }),
            payment_metadata: Some(&metadata),
            keysend_preimage: None,
            custom: CustomRecords::from_stream(&stream).expect("custom"),
        });
        let counted = final_payload_size(amount.to_msat(), records as u32);
        prop_assert_eq!(receive.framed_len(), counted as usize);
        prop_assert_eq!(PAYLOAD_BYTES_MAX as usize, PAYMENT_PAYLOADS_LEN);
    }
}

/// Nodes in a row, each a channel from the next.
struct Row {
    secp: Secp256k1<All>,
    keys: Vec<SecretKey>,
    ids: Vec<NodeId>,
    graph: ChannelGraph,
}

impl Row {
    fn new(node_count: u8) -> Self {
        let secp = Secp256k1::new();
        let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
        let keys: Vec<SecretKey> = (1..=node_count).map(key).collect();
        let ids: Vec<NodeId> = keys.iter().map(|key| NodeId::from(key.public_key(&secp))).collect();
        let topology = Topology::build(GraphBuilder::new()).expect("nothing is wrong with nothing");
        let (graph, mut writer) = ChannelGraph::new(topology);
        for (at, pair) in ids.windows(2).enumerate() {
            let short_channel_id = ShortChannelId::from_parts(700_000 + at as u32, 5, 1).expect("in range");
            let opened = GraphDelta::ChannelOpened {
                short_channel_id,
                node_id_1: pair[0].min(pair[1]),
                node_id_2: pair[0].max(pair[1]),
                capacity: Msat::from_sat(10_000_000),
                features: Features::default(),
            };
            writer.apply(&opened).expect("new");
            for direction in Direction::BOTH {
                let policy = policy(at as u32);
                let updated = GraphDelta::PolicyUpdated { short_channel_id, direction, policy };
                writer.apply(&updated).expect("known");
            }
        }
        writer.publish();
        Row { secp, keys, ids, graph }
    }

    fn route(&self, amount: Msat) -> Route {
        let payee = *self.ids.last().expect("nodes");
        let query = RouteQuery::new(self.ids[0], payee, amount);
        route(&self.graph.snapshot(), &query, &mut RouteWorkspace::default()).expect("a row is a route")
    }
}

fn policy(at: u32) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee { fee_base_msat: 1_000 + at, fee_proportional_millionths: 100 * at },
        inbound_fee: InboundFee::ZERO,
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat: Msat::from_msat(9_000_000_000),
        disabled: false,
        last_update: UnixTime::from_secs(1),
    }
}

/// Every hop opens its HTLC and sends on what the route says. Returns what the payee is told.
fn walk(row: &Row, onion: &OutgoingOnion, hops: &[RouteHop], shadow: u32) -> (Msat, Option<PaymentData>) {
    let mut htlc = IncomingHtlc {
        packet: onion.packet.clone(),
        payment_hash: HASH,
        amount: onion.amount,
        cltv_expiry: onion.cltv_expiry,
        path_key: None,
    };
    for (at, key) in row.keys[1..].iter().enumerate() {
        assert_eq!(htlc.amount, hops[at].amount);
        assert_eq!(htlc.cltv_expiry.to_u32(), HEIGHT + shadow + hops[at].cltv);
        let opened = open_htlc(&row.secp, key, &htlc).expect("sound");
        assert_eq!(opened.peeled.shared_secret(), &onion.failure_secrets()[at]);
        match &opened.instruction {
            Instruction::Forward(outgoing) => {
                assert_eq!(outgoing.next, NextHop::Channel(hops[at + 1].short_channel_id));
                htlc.packet = outgoing.packet.clone();
                htlc.amount = outgoing.amt_to_forward;
                htlc.cltv_expiry = outgoing.outgoing_cltv_value;
            }
            Instruction::Receive { .. } => {
                assert_eq!(at + 1, hops.len());
                let Payload::Receive(payload) = opened.payload() else { panic!("not blinded") };
                assert_eq!(payload.outgoing_cltv_value, htlc.cltv_expiry);
                return (payload.amt_to_forward, payload.payment_data);
            }
        }
    }
    panic!("nobody received")
}

#[test]
fn a_route_of_the_engine_becomes_a_packet() {
    let row = Row::new(9);
    let amount = Msat::from_msat(123_456_789);
    let hops = hops_of(&row.route(amount));
    let key = SecretKey::from_slice(&[0x77; 32]).expect("a key");
    for shadow in [0, 144] {
        let payment = Payment { shadow_blocks: shadow, ..payment(amount, Some([9; 32])) };
        let onion = build_part(&row.secp, &key, Part { hops: &hops, tail: None }, &payment).expect("fits");
        let (delivered, data) = walk(&row, &onion, &hops, shadow);
        assert_eq!(delivered, amount);
        assert_eq!(data, Some(PaymentData { payment_secret: [9; 32], total_msat: amount }));
    }
}

#[test]
fn parts_share_a_secret_and_a_total_and_no_key() {
    let row = Row::new(6);
    let amounts = [30_000_000, 50_000_000, 20_000_000].map(Msat::from_msat);
    let routes = amounts.map(|amount| hops_of(&row.route(amount)));
    let parts: Vec<Part<'_>> = routes.iter().map(|hops| Part { hops, tail: None }).collect();
    let total = Msat::from_msat(100_000_000);
    let onions = build_parts(&row.secp, &[3; 32], &parts, &payment(total, Some([9; 32]))).expect("fits");
    for ((onion, hops), amount) in onions.iter().zip(&routes).zip(amounts) {
        let (delivered, data) = walk(&row, onion, hops, 0);
        assert_eq!(delivered, amount);
        assert_eq!(data, Some(PaymentData { payment_secret: [9; 32], total_msat: total }));
    }
    let keys: Vec<&[u8]> = onions.iter().map(|onion| &onion.packet.as_bytes()[1..34]).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);

    let more = Msat::from_msat(100_000_001);
    let short = build_parts(&row.secp, &[3; 32], &parts, &payment(more, Some([9; 32])));
    assert_eq!(short.err(), Some(RouteOnionError::Short { delivered: total, total: more }));
    let bare = build_parts(&row.secp, &[3; 32], &parts, &payment(total, None));
    assert_eq!(bare.err(), Some(RouteOnionError::NoSecret));
}

#[test]
fn a_payee_refuses_less_and_sooner_than_was_meant() {
    let row = Row::new(2);
    let amount = Msat::from_msat(50_000);
    let hops = hops_of(&row.route(amount));
    let key = SecretKey::from_slice(&[0x77; 32]).expect("a key");
    let payment = payment(amount, Some([9; 32]));
    let onion = build_part(&row.secp, &key, Part { hops: &hops, tail: None }, &payment).expect("fits");
    let htlc = IncomingHtlc {
        packet: onion.packet.clone(),
        payment_hash: HASH,
        amount: onion.amount,
        cltv_expiry: onion.cltv_expiry,
        path_key: None,
    };
    let open = |htlc: &IncomingHtlc| open_htlc(&row.secp, &row.keys[1], htlc).map(|_| ());
    assert_eq!(open(&htlc), Ok(()));
    let incoming_htlc_amt = Msat::from_msat(49_999);
    let fault = HtlcFault::FinalAmount { incoming_htlc_amt };
    assert_eq!(open(&IncomingHtlc { amount: incoming_htlc_amt, ..htlc.clone() }), Err(fault));
    assert_eq!(fault.to_failure(&htlc.packet), Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt });
    let cltv_expiry = BlockHeight::from_u32(htlc.cltv_expiry.to_u32() - 1);
    let fault = HtlcFault::FinalExpiry { cltv_expiry };
    assert_eq!(open(&IncomingHtlc { cltv_expiry, ..htlc.clone() }), Err(fault));
    assert_eq!(fault.to_failure(&htlc.packet), Failure::FinalIncorrectCltvExpiry { cltv_expiry });
    // A path key that nobody asked for leads to another key.
    let path_key = Some(key.public_key(&row.secp));
    assert_eq!(open(&IncomingHtlc { path_key, ..htlc }), Err(HtlcFault::Blinding));
}
