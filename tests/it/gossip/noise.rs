//! Connections without sockets: whatever the messages and however the bytes are cut, what goes in comes out; whatever a
//! stranger sends, nobody panics.

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use node::peer::{Connection, Event, Introduction};
use primitives::ChainHash;
use proptest::collection::vec;
use proptest::prelude::*;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).unwrap()
}

fn pair() -> [Connection; 2] {
    let secp = Secp256k1::new();
    let hello = Introduction { chain_hash: ChainHash::BITCOIN, remote_addr: None };
    let remote = key(2).public_key(&secp);
    [
        Connection::connect(&secp, key(1), &remote, key(3), &hello),
        Connection::accept(&secp, key(2), key(4), &hello),
    ]
}

/// Moves at most `size` bytes each way; returns whether any moved, and the messages that came to each side.
fn exchange(sides: &mut [Connection; 2], size: usize, came: &mut [Vec<Vec<u8>>; 2]) -> bool {
    let secp = Secp256k1::new();
    let mut has_moved = false;
    for from in 0..2 {
        let piece: Vec<u8> = sides[from].output().iter().take(size).copied().collect();
        sides[from].written(piece.len());
        has_moved |= !piece.is_empty();
        sides[1 - from].receive(&piece);
        while let Some(event) = sides[1 - from].next_event(&secp).unwrap() {
            if let Event::Message(message) = event {
                came[1 - from].push(message.to_vec());
            }
        }
    }
    has_moved
}

fn gossip_message() -> impl Strategy<Value = Vec<u8>> {
    // There is no message of type 260.
    (prop_oneof![256_u16..260, 261_u16..266], vec(any::<u8>(), 0..900))
        .prop_map(|(kind, payload)| [&kind.to_be_bytes()[..], &payload].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_goes_in_comes_out(
        messages in vec((any::<bool>(), gossip_message()), 0..40),
        sizes in vec(1_usize..3000, 1..10),
        repeats in prop_oneof![9 => Just(1_usize), 1 => Just(60)],
    ) {
        let (mut sides, mut came) = (pair(), [vec![], vec![]]);
        let mut sizes = sizes.into_iter().cycle();
        while exchange(&mut sides, sizes.next().unwrap(), &mut came) {}
        let mut expected = [vec![], vec![]];
        // With the repeats, both directions change their keys several times.
        for _ in 0..repeats {
            for (way, message) in &messages {
                let from = usize::from(*way);
                sides[from].send(message).unwrap();
                expected[1 - from].push(message.clone());
            }
            exchange(&mut sides, sizes.next().unwrap(), &mut came);
        }
        while exchange(&mut sides, sizes.next().unwrap(), &mut came) {}
        prop_assert_eq!(came, expected);
    }

    #[test]
    fn strangers_cannot_make_it_panic(
        side in 0_usize..2,
        rounds in 0_usize..4,
        bytes in vec(any::<u8>(), 0..300),
        cut in 0_usize..300,
    ) {
        let (mut sides, mut came) = (pair(), [vec![], vec![]]);
        for _ in 0..rounds {
            exchange(&mut sides, 1000, &mut came);
        }
        let secp = Secp256k1::new();
        for piece in [&bytes[..cut.min(bytes.len())], &bytes[cut.min(bytes.len())..]] {
            sides[side].receive(piece);
            while let Ok(Some(_)) = sides[side].next_event(&secp) {}
            let _ = sides[side].end();
        }
        prop_assert!(came.iter().all(Vec::is_empty));
    }
}
