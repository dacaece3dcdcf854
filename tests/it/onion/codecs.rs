//! Whatever is written is read back the same, and whatever comes is read or refused.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use onion::blinded::{
    BlindedHop, BlindedPath, IntroductionNode, PayInfo, PaymentConstraints, PaymentRelay, RecipientData,
};
use onion::failure_code::{ChannelUpdate, Failure, FailureMessage};
use onion::message::OnionMessage;
use onion::packet::HopPayload;
use onion::payload::{
    BlindedForward, BlindedReceive, CUSTOM_TYPE_MIN, CustomRecords, Forward, KEYSEND_TYPE, Payload,
    PayloadContext, PaymentData, Receive, encode_custom_records,
};
use primitives::{
    BlockHeight, CltvExpiryDelta, Direction, Features, Fee, Msat, ShortChannelId, ShortChannelIdDir,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

fn encoded(payload: &impl HopPayload) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload.encode(&mut bytes);
    assert_eq!(bytes.len(), payload.encoded_len());
    bytes
}

fn amount() -> impl Strategy<Value = Msat> {
    (any::<u64>(), 0_u32..64).prop_map(|(amount, shift)| Msat::from_msat(amount >> shift))
}

fn height() -> impl Strategy<Value = BlockHeight> {
    (any::<u32>(), 0_u32..32).prop_map(|(height, shift)| BlockHeight::from_u32(height >> shift))
}

fn scid() -> impl Strategy<Value = ShortChannelId> {
    any::<u64>().prop_map(ShortChannelId::from_u64)
}

fn point() -> impl Strategy<Value = PublicKey> {
    let key = |seed| SecretKey::from_slice(&[seed; 32]).expect("below the order");
    (1_u8..255).prop_map(move |seed| key(seed).public_key(&Secp256k1::new()))
}

/// Custom records that are odd, or of any type.
fn stream(is_odd: bool) -> impl Strategy<Value = Vec<u8>> {
    btree_map(CUSTOM_TYPE_MIN..1 << 40, vec(any::<u8>(), 0..40), 0..4).prop_map(move |records| {
        let records: Vec<(u64, &[u8])> = records
            .iter()
            .filter(|(tlv_type, _)| !is_odd || *tlv_type % 2 == 1)
            .filter(|(tlv_type, _)| **tlv_type != KEYSEND_TYPE)
            .map(|(tlv_type, value)| (*tlv_type, &value[..]))
            .collect();
        encode_custom_records(&records).expect("custom")
    })
}

/// What a payload holds but cannot own.
#[derive(Debug, Clone)]
struct Parts {
    amount: Msat,
    height: BlockHeight,
    scid: ShortChannelId,
    total: Msat,
    bytes: [u8; 32],
    has: [bool; 3],
    data: Vec<u8>,
    stream: Vec<u8>,
    odd: Vec<u8>,
    path_key: Option<PublicKey>,
}

fn parts() -> impl Strategy<Value = Parts> {
    let numbers = (amount(), height(), scid(), amount(), any::<[u8; 32]>(), any::<[bool; 3]>());
    (numbers, vec(any::<u8>(), 0..300), stream(false), stream(true), option::of(point())).prop_map(
        |((amount, height, scid, total, bytes, has), data, stream, odd, path_key)| Parts {
            amount,
            height,
            scid,
            total,
            bytes,
            has,
            data,
            stream,
            odd,
            path_key,
        },
    )
}

impl Parts {
    fn payloads(&self) -> [(Payload<'_>, bool); 4] {
        let custom = CustomRecords::from_stream(&self.stream).expect("custom");
        let forward = Payload::Forward(Forward {
            amt_to_forward: self.amount,
            outgoing_cltv_value: self.height,
            short_channel_id: self.scid,
            custom: CustomRecords::from_stream(&self.odd).expect("custom"),
        });
        let data = PaymentData { payment_secret: self.bytes, total_msat: self.total };
        let receive = Payload::Receive(Receive {
            amt_to_forward: self.amount,
            outgoing_cltv_value: self.height,
            payment_data: self.has[0].then_some(data),
            payment_metadata: self.has[1].then_some(&self.data),
            keysend_preimage: None,
            custom,
        });
        let blinded_forward = Payload::BlindedForward(BlindedForward {
            encrypted_recipient_data: &self.data,
            current_path_key: self.path_key,
        });
        let blinded_receive = Payload::BlindedReceive(BlindedReceive {
            amt_to_forward: self.amount,
            outgoing_cltv_value: self.height,
            total_amount_msat: self.total,
            encrypted_recipient_data: &self.data,
            current_path_key: self.path_key,
            keysend_preimage: None,
            custom,
        });
        [(forward, false), (receive, true), (blinded_forward, false), (blinded_receive, true)]
    }
}

fn update() -> impl Strategy<Value = ChannelUpdate> {
    vec(any::<u8>(), 0..150).prop_map(ChannelUpdate)
}

fn failure() -> impl Strategy<Value = Failure> {
    let hash = any::<[u8; 32]>();
    prop_oneof![
        Just(Failure::InvalidRealm),
        Just(Failure::TemporaryNodeFailure),
        Just(Failure::PermanentNodeFailure),
        Just(Failure::RequiredNodeFeatureMissing),
        hash.prop_map(|sha256_of_onion| Failure::InvalidOnionVersion { sha256_of_onion }),
        hash.prop_map(|sha256_of_onion| Failure::InvalidOnionHmac { sha256_of_onion }),
        hash.prop_map(|sha256_of_onion| Failure::InvalidOnionKey { sha256_of_onion }),
        update().prop_map(|channel_update| Failure::TemporaryChannelFailure { channel_update }),
        Just(Failure::PermanentChannelFailure),
        Just(Failure::RequiredChannelFeatureMissing),
        Just(Failure::UnknownNextPeer),
        (amount(), update()).prop_map(|(htlc_msat, channel_update)| Failure::AmountBelowMinimum {
            htlc_msat,
            channel_update
        }),
        (amount(), update())
            .prop_map(|(htlc_msat, channel_update)| Failure::FeeInsufficient { htlc_msat, channel_update }),
        (height(), update()).prop_map(|(cltv_expiry, channel_update)| Failure::IncorrectCltvExpiry {
            cltv_expiry,
            channel_update
        }),
        update().prop_map(|channel_update| Failure::ExpiryTooSoon { channel_update }),
        (amount(), height())
            .prop_map(|(htlc_msat, height)| Failure::IncorrectOrUnknownPaymentDetails { htlc_msat, height }),
        height().prop_map(|cltv_expiry| Failure::FinalIncorrectCltvExpiry { cltv_expiry }),
        amount().prop_map(|incoming_htlc_amt| Failure::FinalIncorrectHtlcAmount { incoming_htlc_amt }),
        (any::<u16>(), update()).prop_map(|(disabled_flags, channel_update)| Failure::ChannelDisabled {
            disabled_flags,
            channel_update
        }),
        Just(Failure::ExpiryTooFar),
        (any::<u64>(), any::<u16>())
            .prop_map(|(tlv_type, offset)| Failure::InvalidOnionPayload { tlv_type, offset }),
        Just(Failure::MppTimeout),
        hash.prop_map(|sha256_of_onion| Failure::InvalidOnionBlinding { sha256_of_onion }),
        Just(Failure::TemporaryTrampolineFailure),
        any::<(u32, u32, u16)>().prop_map(|(base, proportional, delta)| {
            Failure::TrampolineFeeOrExpiryInsufficient {
                fee_base_msat: base,
                fee_proportional_millionths: proportional,
                cltv_expiry_delta: delta,
            }
        }),
        Just(Failure::UnknownNextTrampoline),
    ]
}

fn path() -> impl Strategy<Value = BlindedPath> {
    let channel = (scid(), any::<bool>()).prop_map(|(short_channel_id, forwards)| {
        let direction = Direction::BOTH[usize::from(forwards)];
        IntroductionNode::Channel(ShortChannelIdDir { short_channel_id, direction })
    });
    let introduction = prop_oneof![point().prop_map(IntroductionNode::NodeId), channel];
    let hop = (point(), vec(any::<u8>(), 0..100)).prop_map(|(blinded_node_id, encrypted_recipient_data)| {
        BlindedHop { blinded_node_id, encrypted_recipient_data }
    });
    (introduction, point(), vec(hop, 1..6)).prop_map(|(introduction, first_path_key, hops)| BlindedPath {
        introduction,
        first_path_key,
        hops,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn payloads_survive_the_round_trip(parts in parts()) {
        for (payload, is_final) in parts.payloads() {
            let is_blinded = matches!(payload, Payload::BlindedForward(_) | Payload::BlindedReceive(_));
            let has_path_key = is_blinded && parts.path_key.is_none();
            let context = PayloadContext { is_final, has_path_key, knows_trampoline: false };
            let bytes = encoded(&payload);
            prop_assert_eq!(Payload::decode(&bytes, context), Ok(payload));
            // Nobody accepts what is meant for another place.
            let elsewhere = PayloadContext { is_final: !is_final, ..context };
            prop_assert!(Payload::decode(&bytes, elsewhere).is_err());
            let elsewhere = PayloadContext { has_path_key: !has_path_key, ..context };
            prop_assert!(Payload::decode(&bytes, elsewhere).is_err());
            prop_assert!(bytes.is_empty() || Payload::decode(&bytes[..bytes.len() - 1], context) != Ok(payload));
        }
    }

    #[test]
    fn spontaneous_payments_carry_their_preimage(parts in parts()) {
        let [_, (receive, _), _, _] = parts.payloads();
        let Payload::Receive(receive) = receive else { unreachable!() };
        let receive = Receive { keysend_preimage: Some(parts.bytes), ..receive };
        let bytes = encoded(&Payload::Receive(receive));
        let context = PayloadContext { is_final: true, ..PayloadContext::default() };
        let read = Payload::decode(&bytes, context);
        let Ok(Payload::Receive(read)) = read else { panic!("{read:?}") };
        prop_assert_eq!(read.keysend_preimage, Some(parts.bytes));
        prop_assert_eq!(read.custom.get(KEYSEND_TYPE), Some(&parts.bytes[..]));
        // What was read is written the same.
        prop_assert_eq!(encoded(&Payload::Receive(read)), bytes);
    }

    #[test]
    fn data_of_blinded_hops_survive_the_round_trip(
        padding in option::of(0_usize..300),
        next in (option::of(scid()), option::of(point()), option::of(point())),
        path_id in option::of(vec(any::<u8>(), 0..40)),
        relay in option::of(any::<(u16, u32, u32)>()),
        constraints in option::of((height(), amount())),
        features in option::of(vec(any::<u8>(), 0..4)),
        extra in stream(true),
        len in 0_usize..600,
    ) {
        let data = RecipientData {
            padding,
            short_channel_id: next.0,
            next_node_id: next.1,
            path_id: path_id.as_deref(),
            next_path_key_override: next.2,
            payment_relay: relay.map(|(cltv_expiry_delta, fee_proportional_millionths, fee_base_msat)| {
                PaymentRelay { cltv_expiry_delta, fee_proportional_millionths, fee_base_msat }
            }),
            payment_constraints: constraints.map(|(max_cltv_expiry, htlc_minimum_msat)| {
                PaymentConstraints { max_cltv_expiry, htlc_minimum_msat }
            }),
            allowed_features: features.as_deref(),
            extra: &extra,
        };
        let bytes = encoded(&data);
        prop_assert_eq!(RecipientData::decode(&bytes), Ok(data));
        let bare = RecipientData { padding: None, ..data }.encoded_len();
        let padded = data.padded_to(len).encoded_len();
        prop_assert!(padded == bare && len <= bare || padded.abs_diff(len) <= 2, "{bare} to {len}: {padded}");
    }

    #[test]
    fn failures_survive_the_round_trip(failure in failure(), extra in vec(any::<u8>(), 0..40)) {
        let message = FailureMessage { failure, extra };
        prop_assert_eq!(FailureMessage::decode(&message.encode()), Some(message));
    }

    #[test]
    fn malformed_onions_become_failures(code in any::<u16>(), sha256_of_onion in any::<[u8; 32]>()) {
        let failure = Failure::from_malformed(code, sha256_of_onion);
        prop_assert_eq!(failure.is_some(), code & 0x8000 != 0);
        if let Some(failure) = failure {
            let message = FailureMessage::from(failure);
            let expected = [&code.to_be_bytes()[..], &sha256_of_onion].concat();
            prop_assert_eq!(message.encode(), expected);
        }
    }

    #[test]
    fn any_two_bytes_are_a_failure(bytes in vec(any::<u8>(), 0..60)) {
        let read = FailureMessage::decode(&bytes);
        prop_assert_eq!(read.is_some(), bytes.len() >= 2);
        if let Some(read) = read {
            prop_assert_eq!(read.failure.code().to_u16().to_be_bytes(), [bytes[0], bytes[1]]);
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn paths_and_what_they_cost_survive_the_round_trip(
        path in path(),
        fee in any::<(u32, u32)>(),
        delta in any::<u16>(),
        limits in (amount(), amount()),
        bits in vec(0_usize..200, 0..4),
        rest in vec(any::<u8>(), 0..5),
    ) {
        let mut bytes = Vec::new();
        path.encode(&mut bytes);
        for end in 0..bytes.len() {
            prop_assert_eq!(BlindedPath::decode(&bytes[..end]), None);
        }
        bytes.extend(&rest);
        prop_assert_eq!(BlindedPath::decode(&bytes), Some((path, &rest[..])));
        let info = PayInfo {
            fee: Fee { fee_base_msat: fee.0, fee_proportional_millionths: fee.1 },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(delta),
            htlc_minimum_msat: limits.0,
            htlc_maximum_msat: limits.1,
            features: Features::from_bits(bits),
        };
        let mut bytes = Vec::new();
        info.encode(&mut bytes);
        prop_assert_eq!(PayInfo::decode(&bytes[..bytes.len() - 1]), None);
        bytes.extend(&rest);
        prop_assert_eq!(PayInfo::decode(&bytes), Some((info, &rest[..])));
    }

    #[test]
    fn messages_survive_the_round_trip(path_key in point(), packet in vec(any::<u8>(), 0..200)) {
        let message = OnionMessage { path_key, onion_message_packet: packet };
        let bytes = message.encode();
        prop_assert_eq!(OnionMessage::decode(&bytes[..bytes.len() - 1]), None);
        prop_assert_eq!(OnionMessage::decode(&bytes), Some(message));
    }

    /// What a path costs is enough for each of its nodes, and the payee gets what it should.
    #[test]
    fn aggregated_fees_suffice(
        relays in vec((0_u16..500, 0_u32..100_000, 0_u32..1_000_000), 0..8),
        amount in 0_u64..1 << 45,
    ) {
        let relay = |(cltv_expiry_delta, fee_proportional_millionths, fee_base_msat)| PaymentRelay {
            cltv_expiry_delta, fee_proportional_millionths, fee_base_msat,
        };
        let relays: Vec<PaymentRelay> = relays.into_iter().map(relay).collect();
        let info = PayInfo::aggregate(&relays, CltvExpiryDelta::from_blocks(18), Msat::ZERO, Msat::MAX);
        let info = info.expect("small");
        let mut left = info.amount_at_introduction(Msat::from_msat(amount)).expect("small");
        let mut expiry = BlockHeight::from_u32(800_000 + u32::from(info.cltv_expiry_delta.to_blocks()));
        for relay in &relays {
            left = relay.amt_to_forward(left).expect("the base fee arrived");
            expiry = relay.outgoing_cltv_value(expiry).expect("high");
        }
        prop_assert!(left >= Msat::from_msat(amount), "{left} of {amount}");
        prop_assert_eq!(expiry.to_u32(), 800_018);
    }
}
