//! Packets of random routes with payloads of random sizes: peeled in order, changed anywhere, and against the slow twin.

use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use onion::build::{BuildError, Hop, build_into, build_payment};
use onion::packet::{FRAME_LEN, HOP_COUNT_MAX, PAYMENT_PAYLOADS_LEN, PaymentPacket, framed_len};
use onion::peel::{Incoming, PeelError, peel_batch, peel_payment};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert_eq, prop_assert_ne, proptest};

use super::slow::slow_packet;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_slice(&[seed; 32]).expect("a key")
}

fn public(secp: &Secp256k1<All>, seed: u8) -> PublicKey {
    key(seed).public_key(secp)
}

/// Seeds of nodes, and payloads that fit a packet of so many bytes together.
fn route(payloads_len: usize) -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    vec((1_u8..200, vec(any::<u8>(), 2..500)), 1..27).prop_map(move |mut hops| {
        let mut room = payloads_len;
        hops.retain(|(_, payload)| {
            let fits = framed_len(payload.len()) <= room;
            room -= if fits { framed_len(payload.len()) } else { 0 };
            fits
        });
        hops
    })
}

fn hops(secp: &Secp256k1<All>, route: &[(u8, Vec<u8>)]) -> Vec<Hop<Vec<u8>>> {
    let hop =
        |(seed, payload): &(u8, Vec<u8>)| Hop { public_key: public(secp, *seed), payload: payload.clone() };
    route.iter().map(hop).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn hops_find_their_payloads_in_order(
        route in route(PAYMENT_PAYLOADS_LEN),
        session in 200_u8..250,
        hash in any::<[u8; 32]>(),
        flip in any::<(usize, usize, u8)>(),
    ) {
        let secp = Secp256k1::new();
        let hops = hops(&secp, &route);
        let (mut packet, secrets) = build_payment(&secp, &key(session), &hops, &hash).expect("fits");
        for (at, (seed, payload)) in route.iter().enumerate() {
            if flip.0 % route.len() == at {
                let mut bytes = *packet.as_bytes();
                bytes[flip.1 % bytes.len()] ^= 1 << (flip.2 % 8);
                let changed = PaymentPacket::from_bytes(bytes);
                let error = peel_payment(&secp, &key(*seed), &changed, &hash).err();
                prop_assert_ne!(error, None);
                prop_assert_ne!(error, Some(PeelError::Payload));
            }
            let other = peel_payment(&secp, &key(251), &packet, &hash);
            prop_assert_eq!(other.err(), Some(PeelError::Hmac));
            let mut other_hash = hash;
            other_hash[0] ^= 1;
            let other = peel_payment(&secp, &key(*seed), &packet, &other_hash);
            prop_assert_eq!(other.err(), Some(PeelError::Hmac));
            let peeled = peel_payment(&secp, &key(*seed), &packet, &hash).expect("authentic");
            prop_assert_eq!(peeled.payload(), &payload[..]);
            prop_assert_eq!(peeled.shared_secret(), &secrets.as_slice()[at]);
            prop_assert_eq!(peeled.replay_tag(), secrets.as_slice()[at].replay_tag());
            prop_assert_eq!(peeled.is_final(), at + 1 == route.len());
            if let Some(next) = peeled.next_packet() {
                packet = next;
            }
        }
    }

    #[test]
    fn fast_and_slow_build_the_same(
        route in route(3_000),
        more in 0_usize..200,
        session in 200_u8..250,
        data in vec(any::<u8>(), 0..70),
    ) {
        let secp = Secp256k1::new();
        let needed: usize = route.iter().map(|(_, payload)| framed_len(payload.len())).sum();
        let mut packet = vec![0xff; needed + more + FRAME_LEN];
        build_into(&secp, &key(session), &hops(&secp, &route), &data, &mut packet).expect("fits");
        let slow: Vec<(PublicKey, Vec<u8>)> =
            route.iter().map(|(seed, payload)| (public(&secp, *seed), payload.clone())).collect();
        prop_assert_eq!(slow_packet(&secp, &key(session), &slow, &data, needed + more), packet.clone());
        if more == 0 {
            packet.pop();
            let short = build_into(&secp, &key(session), &hops(&secp, &route), &data, &mut packet);
            prop_assert_eq!(short.err(), Some(BuildError::TooLong { needed, room: needed - 1 }));
        }
    }
}

#[test]
fn any_flipped_bit_is_detected() {
    let secp = Secp256k1::new();
    let route: Vec<(u8, Vec<u8>)> = (1..=5).map(|seed| (seed, vec![seed; 20])).collect();
    let (packet, _) = build_payment(&secp, &key(200), &hops(&secp, &route), &[7; 32]).expect("fits");
    for bit in 0..8 * packet.as_bytes().len() {
        let mut bytes = *packet.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let error = peel_payment(&secp, &key(1), &PaymentPacket::from_bytes(bytes), &[7; 32]).err();
        let expected = match bit / 8 {
            0 => vec![PeelError::Version { version: 1 << bit }],
            // Half of all numbers belong to a point, which then is another.
            1..34 => vec![PeelError::Key, PeelError::Hmac],
            _ => vec![PeelError::Hmac],
        };
        assert!(error.is_some_and(|error| expected.contains(&error)), "bit {bit}: {error:?}");
    }
}

#[test]
fn a_batch_is_its_packets_one_by_one() {
    let secp = Secp256k1::new();
    let incoming: Vec<Incoming> = (1..=40)
        .map(|seed| {
            let route = [(1, vec![seed; usize::from(seed) + 2]), (2, vec![9; 30])];
            let (packet, _) =
                build_payment(&secp, &key(200 + seed % 50), &hops(&secp, &route), &[7; 32]).expect("fits");
            // Every third belongs to another payment.
            Incoming { packet, payment_hash: if seed % 3 == 0 { [8; 32] } else { [7; 32] } }
        })
        .collect();
    for (one, batched) in incoming.iter().zip(peel_batch(&secp, &key(1), &incoming)) {
        let alone = peel_payment(&secp, &key(1), &one.packet, &one.payment_hash);
        assert_eq!(batched.is_ok(), one.payment_hash == [7; 32]);
        match (alone, batched) {
            (Ok(alone), Ok(batched)) => {
                assert_eq!(alone.payload(), batched.payload());
                assert_eq!(alone.next_packet(), batched.next_packet());
            }
            (alone, batched) => assert_eq!(alone.err(), batched.err()),
        }
    }
}

#[test]
fn as_many_hops_as_fit_and_no_more() {
    let secp = Secp256k1::new();
    let most: Vec<(u8, Vec<u8>)> = (0..HOP_COUNT_MAX).map(|at| (at as u8 + 1, vec![0; 2])).collect();
    let (mut packet, _) = build_payment(&secp, &key(200), &hops(&secp, &most), &[]).expect("fits");
    for (seed, _) in &most {
        let peeled = peel_payment(&secp, &key(*seed), &packet, &[]).expect("authentic");
        packet = peeled.next_packet().unwrap_or(packet);
    }
    let more: Vec<(u8, Vec<u8>)> = most.iter().cloned().chain([(99, vec![0; 2])]).collect();
    let refused = build_payment(&secp, &key(200), &hops(&secp, &more), &[]).err();
    assert_eq!(refused, Some(BuildError::HopCount { hop_count: HOP_COUNT_MAX + 1 }));
    let none = build_payment::<_, Vec<u8>>(&secp, &key(200), &[], &[]).err();
    assert_eq!(none, Some(BuildError::HopCount { hop_count: 0 }));
}

#[test]
fn reserved_and_impossible_lengths_are_refused() {
    let secp = Secp256k1::new();
    for payload in [vec![], vec![1]] {
        let hop = Hop { public_key: public(&secp, 1), payload };
        let (packet, _) = build_payment(&secp, &key(200), &[hop], &[]).expect("fits");
        assert_eq!(peel_payment(&secp, &key(1), &packet, &[]).err(), Some(PeelError::Payload));
    }
}
