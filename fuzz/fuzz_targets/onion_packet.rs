//! Packets of payments and trampolines as peers send them, and what an authentic one may hold.
//!
//! Mutations never keep a code, so the input is also wrapped as the frame of a packet that is authentic.
#![no_main]

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use libfuzzer_sys::fuzz_target;
use onion::build::{Hop, build_into};
use onion::packet::{FRAME_LEN, PAYMENT_PACKET_LEN, PaymentPacket};
use onion::peel::peel_payment;
use onion::trampoline::peel_trampoline;

fuzz_target!(|bytes: &[u8]| {
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("below the order");
    let mut whole = [0; PAYMENT_PACKET_LEN];
    let len = bytes.len().min(PAYMENT_PACKET_LEN);
    whole[..len].copy_from_slice(&bytes[..len]);
    let packet = PaymentPacket::from_bytes(whole);
    if let Err(error) = peel_payment(&secp, &key(1), &packet, &[0; 32]) {
        let _ = error.to_failure(&packet);
    }
    let _ = peel_trampoline(&secp, &key(1), bytes, &[0; 32]);

    let Some((&split, payload)) = bytes.split_first() else { return };
    let (first, second) = payload.split_at(usize::from(split).min(payload.len()));
    let hops = [first, second].map(|payload| Hop { public_key: key(1).public_key(&secp), payload });
    let mut inner = vec![0; FRAME_LEN + usize::from(split) * 4];
    if build_into(&secp, &key(2), &hops, &[0; 32], &mut inner).is_ok() {
        let peeled = peel_trampoline(&secp, &key(1), &inner, &[0; 32]).expect("it was just built");
        assert_eq!(peeled.payload, first);
        let next = peeled.next_packet.expect("there are two hops");
        let last = peel_trampoline(&secp, &key(1), &next, &[0; 32]).expect("it was just built");
        assert_eq!((&last.payload[..], last.next_packet), (second, None));
    }
});
