//! The vectors of BOLT 4: what others build is what we build, and we read it as they do.

use std::fs;

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use onion::attribution::{AttributionData, HoldTime};
use onion::blinded::{
    BlindedHop, BlindedPath, IntroductionNode, PathKeys, PayInfo, PaymentConstraints, PaymentRelay,
    RecipientData, blind,
};
use onion::build::{Hop, build_payment};
use onion::failure::{FailurePacket, FailureSource};
use onion::failure_code::{Failure, FailureMessage};
use onion::keys::SharedSecret;
use onion::message::{
    MessageContent, MessageKeys, NextNode, OnionMessage, PeeledMessage, build_message, peel_message,
};
use onion::packet::{HopPayload as _, PaymentPacket};
use onion::payload::{CustomRecords, Payload, PayloadContext};
use onion::peel::peel_payment;
use onion::route::{BlindedTail, Part, Payment, RouteHop, build_part};
use primitives::{BlockHeight, CltvExpiryDelta, Msat, NodeId, ShortChannelId};
use serde_json::Value;
use tests::data::shared;

use super::hex::{from_hex, to_hex};

fn vector(name: &str) -> Option<Value> {
    let text = fs::read_to_string(shared(&format!("vectors/bolt04/{name}"))?).expect("readable");
    Some(serde_json::from_str(&text).expect("JSON"))
}

fn bytes(value: &Value) -> Vec<u8> {
    from_hex(value.as_str().expect("a string"))
}

fn secret_key(value: &Value) -> SecretKey {
    SecretKey::from_slice(&bytes(value)).expect("a key")
}

fn public_key(value: &Value) -> PublicKey {
    PublicKey::from_slice(&bytes(value)).expect("a point")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn packet(value: &Value) -> PaymentPacket {
    PaymentPacket::from_bytes(bytes(value).try_into().expect("1,366 bytes"))
}

fn secp() -> Secp256k1<All> {
    Secp256k1::new()
}

/// Payloads in these vectors begin with their length.
fn without_length(framed: &[u8]) -> Vec<u8> {
    let (length, payload) = primitives::codec::decode_bigsize(framed).expect("a length");
    assert_eq!(length, payload.len() as u64);
    payload.to_vec()
}

/// Each file that BOLT 4 comes with is read by a test here.
#[test]
fn no_vector_is_left_out() {
    let Some(folder) = shared("vectors/bolt04") else { return };
    let entries = fs::read_dir(folder).expect("readable");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().into_string().expect("text")).collect();
    names.sort();
    let read_here = ["blinded-onion-message-onion-test.json", "blinded-payment-onion-test.json"];
    let others = ["onion-error-test.json", "onion-test.json", "route-blinding-test.json"];
    assert_eq!(names, [&read_here[..], &others].concat());
}

#[test]
fn payment_onion() {
    let Some(json) = vector("onion-test.json") else { return };
    let generate = &json["generate"];
    let payload_of = |hop: &Value| without_length(&bytes(&hop["payload"]));
    let hops: Vec<Hop<Vec<u8>>> = list(&generate["hops"])
        .iter()
        .map(|hop| Hop { public_key: public_key(&hop["pubkey"]), payload: payload_of(hop) })
        .collect();
    let hash = bytes(&generate["associated_data"]);
    let (built, secrets) =
        build_payment(&secp(), &secret_key(&generate["session_key"]), &hops, &hash).expect("fits");
    assert_eq!(to_hex(built.as_bytes()), json["onion"].as_str().expect("hex"));
    let mut packet = packet(&json["onion"]);
    for (at, (key, hop)) in list(&json["decode"]).iter().zip(&hops).enumerate() {
        let peeled = peel_payment(&secp(), &secret_key(key), &packet, &hash).expect("authentic");
        assert_eq!(peeled.payload(), hop.payload);
        assert_eq!(peeled.shared_secret(), &secrets.as_slice()[at]);
        assert_eq!(peeled.is_final(), at == 4);
        let context = PayloadContext { is_final: peeled.is_final(), ..PayloadContext::default() };
        let payload = Payload::decode(peeled.payload(), context).expect("sound");
        let mut again = Vec::new();
        payload.encode(&mut again);
        // The third hop's record 301 is odd and not custom: it is skipped, all else is kept.
        let has_skipped = [1, 4].contains(&at);
        assert_eq!(again == hop.payload, !has_skipped, "hop {at}");
        if let Some(next) = peeled.next_packet() {
            packet = next;
        }
    }
}

#[test]
fn plain_failure() {
    let Some(json) = vector("onion-error-test.json") else { return };
    let hops = list(&json["generate"]["hops"]);
    let secrets: Vec<SharedSecret> = hops
        .iter()
        .map(|hop| SharedSecret::from_bytes(bytes(&hop["hop_shared_secret"]).try_into().expect("32 bytes")))
        .collect();
    let route: Vec<Hop<Vec<u8>>> =
        hops.iter().map(|hop| Hop { public_key: public_key(&hop["pubkey"]), payload: vec![0; 2] }).collect();
    let session_key = secret_key(&json["generate"]["session_key"]);
    let (_, derived) = build_payment(&secp(), &session_key, &route, &[]).expect("fits");
    assert_eq!(derived.as_slice(), secrets);
    let message = FailureMessage::from(Failure::TemporaryNodeFailure);
    assert_eq!(message.encode(), bytes(&json["generate"]["failure_message"]));
    let none = HoldTime::default();
    let mut packet = FailurePacket::new(&secrets[4], &message, none).expect("short");
    for secret in secrets[..4].iter().rev() {
        packet = packet.relay(secret, none);
    }
    assert_eq!(packet.reason, bytes(&json["errorpacket"]));
    packet.attribution_data = None;
    let report = packet.read(&secrets);
    assert_eq!(report.source, FailureSource::Hop { at: 4, message });
    assert_eq!(report.attribution, None);
}

/// The trace in the text of BOLT 4, Returning Errors: a long failure, hold times of 1 to 5 from the end. Held here are
/// the SHA-256 of each step's `reason` and of its attribution data; those of the success follow.
const FAILURE_STEPS: [(&str, &str); 5] = [
    (
        "af9de55ab5c9355f9a438f96035a3d45be936b06d2383419457430db3d80db3b",
        "25ff586eab24fa8d3ea4170629269da6d89482b084a2dddf6569bb8695c691d0",
    ),
    (
        "929b5202b7cddf44137ab09c9c9cce0b58d9d4d48d85d020a0dc1784527e56d3",
        "c4aad28856fa0e3a7b4a016ca993628fa1be20853ac923317c8847f8ce721806",
    ),
    (
        "d7023647b46913b9c2ddc4f60178b1ced9e87cdb07fb16d25f0778f1d1d11efb",
        "5706b3765997d4716e76daf8853e552765e92114fc435716638b33fbc8c42d1c",
    ),
    (
        "325918ac1a2c14568c50ad5493b60cec6b05b66278121f48a47a0de6cf675f2e",
        "013c69b6b2abc0453348483f8cb81aafb991fb1846b9c4523c2d18522a18abe3",
    ),
    (
        "0709ced8da7a15dae982a2c0edfe44fefa1a2aab5db8e207f63890455799ec07",
        "7fe8cee92a9d62492c9ef65d54f363f41563be0050c6bce084fbb0034405646b",
    ),
];
const SUCCESS_STEPS: [&str; 5] = [
    "03fafa645fbc1fd1d623b7900b21e4968b85c02847c623fc667dd66d2718f3f2",
    "559e20750750c4cf807f0d5fdd95077412509c2274466e60560acc63af91741c",
    "b4dc73f0964f4b693c50c171e184ad65b66e02f9f13f3ead33e3b813b3ae7f23",
    "407543c483b29ec88a2cbc9039ef73cd4127e6e537fb297192695fd6cfacd571",
    "7c8edc31d5900c0c8df5393c534cf54fa88d3fd91a6d0760f7353b98feae0587",
];

fn secrets_of_trace() -> Vec<SharedSecret> {
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
    let hops: Vec<Hop<Vec<u8>>> = (0x41..=0x45)
        .map(|byte| Hop { public_key: key(byte).public_key(&secp()), payload: vec![0; 2] })
        .collect();
    build_payment(&secp(), &key(0x41), &hops, &[]).expect("fits").1.as_slice().to_vec()
}

fn digest(bytes: &[u8]) -> String {
    to_hex(sha256::Hash::hash(bytes).as_ref())
}

#[test]
fn attributed_failure() {
    let secrets = secrets_of_trace();
    let mut extra = from_hex("fd84d1fd012c");
    extra.extend([0x80; 300]);
    let failure = Failure::IncorrectOrUnknownPaymentDetails {
        htlc_msat: Msat::from_msat(100),
        height: BlockHeight::from_u32(800_000),
    };
    let message = FailureMessage { failure, extra };
    assert_eq!(message.records().collect::<Vec<_>>(), [(34_001, &[0x80; 300][..])]);
    let mut packet = None;
    for (at, secret) in secrets.iter().enumerate().rev() {
        let hold_time = HoldTime::from_units(5 - at as u32);
        let next = match packet.take() {
            None => FailurePacket::padded(secret, &message, hold_time, 1024).expect("short"),
            Some(behind) => FailurePacket::relay(behind, secret, hold_time),
        };
        let (reason, attribution) = FAILURE_STEPS[4 - at];
        assert_eq!(digest(&next.reason), reason, "hop {at}");
        let data = next.attribution_data.as_ref().expect("always written");
        assert_eq!(digest(data.as_bytes()), attribution, "hop {at}");
        packet = Some(next);
    }
    let report = packet.expect("five steps").read(&secrets);
    assert_eq!(report.source, FailureSource::Hop { at: 4, message });
    let attribution = report.attribution.expect("there was data");
    assert_eq!(attribution.hold_times, [5, 4, 3, 2, 1].map(HoldTime::from_units));
    assert_eq!(attribution.broken_at, None);
}

#[test]
fn attributed_success() {
    let secrets = secrets_of_trace();
    let mut data = None;
    for (at, secret) in secrets.iter().enumerate().rev() {
        let next = AttributionData::for_success(data, secret, HoldTime::from_units(5 - at as u32));
        assert_eq!(digest(next.as_bytes()), SUCCESS_STEPS[4 - at], "hop {at}");
        data = Some(next);
    }
    let attribution = data.expect("five steps").read_success(&secrets);
    assert_eq!(attribution.hold_times, [5, 4, 3, 2, 1].map(HoldTime::from_units));
    assert_eq!(attribution.broken_at, None);
}

fn blinded_hop(hop: &Value, data: &str) -> BlindedHop {
    BlindedHop {
        blinded_node_id: public_key(&hop["blinded_node_id"]),
        encrypted_recipient_data: bytes(&hop[data]),
    }
}

fn path(route: &Value, data: &str) -> BlindedPath {
    BlindedPath {
        introduction: IntroductionNode::NodeId(public_key(&route["first_node_id"])),
        first_path_key: public_key(&route["first_path_key"]),
        hops: list(&route["hops"]).iter().map(|hop| blinded_hop(hop, data)).collect(),
    }
}

#[test]
fn blinded_route() {
    let Some(json) = vector("route-blinding-test.json") else { return };
    let hops = list(&json["generate"]["hops"]);
    // Two paths that follow each other.
    let mut made = Vec::new();
    for part in hops.chunks(2) {
        let nodes: Vec<(PublicKey, Vec<u8>)> =
            part.iter().map(|hop| (public_key(&hop["node_id"]), bytes(&hop["encoded_tlvs"]))).collect();
        let path = blind(&secp(), &secret_key(&part[0]["session_key"]), &nodes).expect("a path");
        assert_eq!(path.first_path_key, public_key(&part[0]["path_key"]));
        made.extend(path.hops);
    }
    let whole = path(&json["route"], "encrypted_data");
    assert_eq!(made, whole.hops);
    let mut encoded = Vec::new();
    whole.encode(&mut encoded);
    assert_eq!(BlindedPath::decode(&encoded), Some((whole, &[][..])));
    for (unblind, hop) in list(&json["unblind"]["hops"]).iter().zip(hops) {
        let path_key = public_key(&unblind["path_key"]);
        let keys = PathKeys::new(&secret_key(&unblind["node_privkey"]), path_key).expect("keys");
        assert_eq!(keys.blinded_secret(), &secret_key(&unblind["blinded_privkey"]));
        let data = keys.decrypt(&bytes(&hop["encrypted_data"])).expect("authentic");
        assert_eq!(data, bytes(&unblind["decrypted_data"]));
        assert_eq!(keys.next_path_key(&secp()), Some(public_key(&unblind["next_path_key"])));
        let read = RecipientData::decode(&data).expect("sound");
        let next = unblind.get("next_path_key_override").map(public_key);
        assert_eq!(read.next_path_key_override, next);
        let mut again = Vec::new();
        read.encode(&mut again);
        assert_eq!(again, data);
        let relay = &hop["tlvs"]["payment_relay"];
        assert_eq!(read.payment_relay.is_some(), relay.is_object());
        if let Some(found) = read.payment_relay {
            let number = |name: &str| relay[name].as_u64().unwrap_or(0);
            assert_eq!(u64::from(found.cltv_expiry_delta), number("cltv_expiry_delta"));
            assert_eq!(u64::from(found.fee_base_msat), number("fee_base_msat"));
            assert_eq!(u64::from(found.fee_proportional_millionths), number("fee_proportional_millionths"));
        }
    }
}

#[test]
fn blinded_payment() {
    let Some(json) = vector("blinded-payment-onion-test.json") else { return };
    let generate = &json["generate"];
    let all = list(&generate["full_route"]["hops"]);
    let hops: Vec<Hop<Vec<u8>>> = all
        .iter()
        .map(|hop| Hop {
            public_key: public_key(&hop["pubkey"]),
            payload: without_length(&bytes(&hop["payload"])),
        })
        .collect();
    let hash = bytes(&generate["associated_data"]);
    let session_key = secret_key(&generate["session_key"]);
    let (built, _) = build_payment(&secp(), &session_key, &hops, &hash).expect("fits");
    assert_eq!(to_hex(built.as_bytes()), generate["onion"].as_str().expect("hex"));
    assert_eq!(to_hex(typed_blinded_payment(generate).as_bytes()), to_hex(built.as_bytes()));
    let mut path_key = None;
    for (at, (step, hop)) in list(&json["decrypt"]["hops"]).iter().zip(&hops).enumerate() {
        let node = secret_key(&step["node_privkey"]);
        let keys = path_key.and_then(|path_key| PathKeys::new(&node, path_key));
        let key = keys.as_ref().map_or(&node, PathKeys::blinded_secret);
        let peeled = peel_payment(&secp(), key, &packet(&step["onion"]), &hash).expect("authentic");
        assert_eq!(peeled.payload(), hop.payload);
        let context = PayloadContext {
            is_final: peeled.is_final(),
            has_path_key: keys.is_some(),
            ..PayloadContext::default()
        };
        let payload = Payload::decode(peeled.payload(), context).expect("sound");
        let mut again = Vec::new();
        payload.encode(&mut again);
        assert_eq!(again, hop.payload);
        let (encrypted, current) = match payload {
            Payload::Forward(to) => {
                assert_eq!((at, to.amt_to_forward.to_msat()), (0, 110_125));
                assert_eq!(to.custom, CustomRecords::EMPTY);
                continue;
            }
            Payload::BlindedForward(to) => (to.encrypted_recipient_data, to.current_path_key),
            Payload::BlindedReceive(to) => {
                assert_eq!(to.total_amount_msat.to_msat(), 150_000);
                (to.encrypted_recipient_data, to.current_path_key)
            }
            other => panic!("{other:?}"),
        };
        let keys = keys.or_else(|| PathKeys::new(&node, current?)).expect("one key was given");
        let data = keys.decrypt(encrypted).expect("authentic");
        let read = RecipientData::decode(&data).expect("sound");
        path_key = read.next_path_key_override.or_else(|| keys.next_path_key(&secp()));
        assert_eq!(path_key, Some(public_key(&step["next_path_key"])));
    }
}

/// The same from what the payer knows: a route of two HTLCs, a path and what it costs.
fn typed_blinded_payment(generate: &Value) -> PaymentPacket {
    let (info, hops) = (&generate["blinded_payinfo"], list(&generate["full_route"]["hops"]));
    let number = |value: &Value| value.as_u64().expect("a number");
    let blinded: Vec<RecipientData<'_>> = hops[1..].iter().map(recipient_data).collect();
    let relays: Vec<PaymentRelay> = blinded.iter().filter_map(|data| data.payment_relay).collect();
    let (least, most) = (Msat::from_msat(50), Msat::MAX);
    let payinfo = PayInfo::aggregate(&relays, CltvExpiryDelta::from_blocks(0), least, most).expect("small");
    assert_eq!(u64::from(payinfo.fee.fee_base_msat), number(&info["fee_base_msat"]));
    let proportional = payinfo.fee.fee_proportional_millionths;
    assert_eq!(u64::from(proportional), number(&info["fee_proportional_millionths"]));
    assert_eq!(u64::from(payinfo.cltv_expiry_delta.to_blocks()), number(&info["cltv_expiry_delta"]));

    // The path is that of Bob and Carol, to which that of Dave and Eve is joined.
    let ids = [0x42, 0x43, 0x44, 0x45]
        .map(|byte| SecretKey::from_slice(&[byte; 32]).expect("a key").public_key(&secp()));
    let nodes: Vec<_> = ids.into_iter().zip(blinded).collect();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("a key");
    let mut path = blind(&secp(), &key(2), &nodes[..2]).expect("a path");
    path.hops.extend(blind(&secp(), &key(1), &nodes[2..]).expect("a path").hops);
    assert_eq!(path, self::path(&generate["blinded_route"], "encrypted_data"));

    let hop = |hop: &Value, amount, cltv, scid| RouteHop {
        node_id: NodeId::from(public_key(&hop["pubkey"])),
        short_channel_id: ShortChannelId::from_u64(scid),
        amount: Msat::from_msat(amount),
        cltv,
    };
    let told = &hops[0]["tlvs"];
    let amount = Msat::from_msat(number(&generate["final_amount_msat"]));
    let arriving = payinfo.amount_at_introduction(amount).expect("small").to_msat();
    assert_eq!(arriving, number(&told["amt_to_forward"]));
    assert_eq!(told["outgoing_channel_id"], "0x0x10");
    let delta = u32::from(payinfo.cltv_expiry_delta.to_blocks());
    let route = [hop(&hops[0], arriving, delta, 9), hop(&hops[1], arriving, delta, 10)];
    let payment = Payment {
        payment_hash: bytes(&generate["associated_data"]).try_into().expect("32 bytes"),
        total_msat: Msat::from_msat(number(&hops[4]["tlvs"]["total_amount_msat"])),
        block_height: BlockHeight::from_u32(number(&generate["final_cltv"]) as u32),
        shadow_blocks: 0,
        payment_secret: None,
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    };
    let tail = Some(BlindedTail { path: &path, payinfo: &payinfo, amount });
    let session_key = secret_key(&generate["session_key"]);
    build_part(&secp(), &session_key, Part { hops: &route, tail }, &payment).expect("fits").packet
}

/// What the vector tells a node of the path in words.
fn recipient_data(hop: &Value) -> RecipientData<'static> {
    let told = &hop["tlvs"]["encrypted_recipient_data"];
    let relay = |relay: &Value| PaymentRelay {
        cltv_expiry_delta: relay["cltv_expiry_delta"].as_u64().expect("a number") as u16,
        fee_proportional_millionths: relay["fee_proportional_millionths"].as_u64().expect("a number") as u32,
        fee_base_msat: relay["fee_base_msat"].as_u64().unwrap_or(0) as u32,
    };
    let limits = &told["payment_constraints"];
    let number = |name: &str| limits[name].as_u64().expect("a number");
    RecipientData {
        padding: told.get("padding").map(|padding| bytes(padding).len()),
        short_channel_id: told
            .get("short_channel_id")
            .map(|scid| scid.as_str().expect("text").parse().expect("a channel")),
        path_id: told.get("path_id").map(|path_id| &*bytes(path_id).leak()),
        next_path_key_override: told.get("next_path_key_override").map(public_key),
        payment_relay: told.get("payment_relay").map(relay),
        allowed_features: told.get("allowed_features").map(|_| &[][..]),
        payment_constraints: Some(PaymentConstraints {
            max_cltv_expiry: BlockHeight::from_u32(number("max_cltv_expiry") as u32),
            htlc_minimum_msat: Msat::from_msat(number("htlc_minimum_msat")),
        }),
        ..RecipientData::default()
    }
}

#[test]
fn blinded_message() {
    let Some(json) = vector("blinded-onion-message-onion-test.json") else { return };
    let generate = list(&json["generate"]["hops"]);
    for (at, hop) in generate.iter().enumerate() {
        let data = bytes(&hop["encrypted_data_tlv"]);
        let read = RecipientData::decode(&data).expect("sound");
        let mut again = Vec::new();
        read.encode(&mut again);
        assert_eq!(again, data, "hop {at}");
    }
    let whole = path(&json["route"], "encrypted_recipient_data");
    // Dave's path from Bob, to which the sender puts Alice in front.
    let nodes: Vec<(PublicKey, Vec<u8>)> = generate[1..]
        .iter()
        .zip(&list(&json["decrypt"]["hops"])[1..])
        .map(|(hop, step)| {
            let node_id = secret_key(&step["privkey"]).public_key(&secp());
            (node_id, bytes(&hop["encrypted_data_tlv"]))
        })
        .collect();
    let daves = blind(&secp(), &secret_key(&generate[1]["path_key_secret"]), &nodes).expect("a path");
    assert_eq!(daves.first_path_key, public_key(&generate[0]["tlvs"]["next_path_key_override"]));
    assert_eq!(daves.hops, whole.hops[1..]);
    let packet = |value: &Value| {
        // The type comes first.
        let message = bytes(value);
        OnionMessage::decode(message.strip_prefix(&[2, 1]).expect("type 513")).expect("whole")
    };
    let IntroductionNode::NodeId(alice) = whole.introduction else { panic!("named by its id") };
    let keys = MessageKeys {
        packet: secret_key(&json["generate"]["session_key"]),
        path: secret_key(&generate[0]["path_key_secret"]),
    };
    let content = MessageContent { tlv_type: 1, value: &bytes(&json["onionmessage"]["unknown_tag_1"]) };
    let (first, built) = build_message(&secp(), &keys, &[alice], &daves, content, None).expect("a message");
    let steps = list(&json["decrypt"]["hops"]);
    assert_eq!((first, &built), (alice, &packet(&steps[0]["onion_message"])));
    assert_eq!(built.onion_message_packet, bytes(&json["onionmessage"]["onion_message_packet"]));
    for (at, step) in steps.iter().enumerate() {
        let incoming = packet(&step["onion_message"]);
        assert_eq!(OnionMessage::decode(&incoming.encode()), Some(incoming.clone()));
        match peel_message(&secp(), &secret_key(&step["privkey"]), &incoming).expect("authentic") {
            PeeledMessage::Forward { next, message } => {
                assert_eq!(next, NextNode::NodeId(public_key(&step["next_node_id"])));
                assert_eq!(message, packet(&steps[at + 1]["onion_message"]));
            }
            PeeledMessage::Receive(received) => {
                assert_eq!(at, 3);
                let content = received.content(|tlv_type| tlv_type == 1).expect("sound").expect("one");
                assert_eq!(content.value, bytes(&step["tlvs"]["unknown_tag_1"]));
                let path_id = bytes(&generate[3]["tlvs"]["path_id"]);
                assert_eq!(received.path_id, Some(path_id));
            }
        }
    }
}
