//! Secrets are gone from memory when their owner is dropped: what lies there afterwards is read, where the system shows it.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read as _, Seek as _, SeekFrom};

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use onion::build::{Hop, build_payment};
use onion::keys::SharedSecret;
use onion::payload::{CustomRecords, Payload, Receive};
use onion::peel::peel_payment;
use primitives::{BlockHeight, Msat};

/// The process's own memory; `None` where the system does not show it.
fn memory(address: usize, size: usize) -> Option<Vec<u8>> {
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(address as u64)).ok()?;
    let mut bytes = vec![0; size];
    memory.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// What lies where a value was, before and after it is dropped.
fn before_and_after<T>(value: T) -> Option<[Vec<u8>; 2]> {
    let mut place = Box::new(Some(value));
    let (address, size) = (std::ptr::from_ref(&*place) as usize, size_of::<Option<T>>());
    black_box(&mut place);
    let before = memory(address, size)?;
    *place = None;
    black_box(&mut place);
    let after = memory(address, size)?;
    Some([before, after])
}

/// Whether any eight bytes of `secret` lie in `bytes`.
fn shows(bytes: &[u8], secret: &[u8]) -> bool {
    secret.windows(8).any(|part| bytes.windows(8).any(|window| window == part))
}

#[test]
fn a_value_without_secrets_stays_and_is_seen() {
    let bytes: [u8; 32] = std::array::from_fn(|at| at as u8 + 1);
    let Some([before, after]) = before_and_after(bytes) else {
        eprintln!("skipped: the system does not show a process its memory");
        return;
    };
    assert!(shows(&before, &bytes) && shows(&after, &bytes), "otherwise the tests below see nothing");
}

#[test]
fn a_shared_secret_is_wiped() {
    let bytes: [u8; 32] = std::array::from_fn(|at| 101 + at as u8);
    let Some([before, after]) = before_and_after(SharedSecret::from_bytes(bytes)) else { return };
    assert!(shows(&before, &bytes));
    assert!(!shows(&after, &bytes));
}

#[test]
fn a_peeled_packet_leaves_no_secret() {
    let secp = Secp256k1::new();
    let [session_key, node_key] =
        [[7; 32], [9; 32]].map(|bytes| SecretKey::from_slice(&bytes).expect("a key"));
    let public_key: PublicKey = node_key.public_key(&secp);
    let payload = Payload::Receive(Receive {
        amt_to_forward: Msat::from_msat(1000),
        outgoing_cltv_value: BlockHeight::from_u32(800_000),
        payment_data: None,
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::EMPTY,
    });
    let (packet, _) =
        build_payment(&secp, &session_key, &[Hop { public_key, payload }], &[5; 32]).expect("fits");
    let secret = SharedSecret::new(&public_key, &session_key);
    let peeled = peel_payment(&secp, &node_key, &packet, &[5; 32]).expect("authentic");
    assert_eq!(*peeled.shared_secret(), secret);
    let Some([before, after]) = before_and_after(peeled) else { return };
    assert!(shows(&before, secret.as_bytes()));
    assert!(!shows(&after, secret.as_bytes()));
}
