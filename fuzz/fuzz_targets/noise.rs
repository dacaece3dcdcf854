//! What a peer may send: raw bytes in place of the acts, and any messages behind a sound handshake.
#![no_main]

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use libfuzzer_sys::fuzz_target;
use node::peer::noise::{ACT_TWO_SIZE, Initiator};
use node::peer::{Connection, Introduction, OUTPUT_BYTES_MAX};
use primitives::ChainHash;

fuzz_target!(|bytes: &[u8]| {
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("below the order");
    let introduction = Introduction { chain_hash: ChainHash::REGTEST, remote_addr: None };
    let accept = || Connection::accept(&secp, key(2), key(4), &introduction);
    let remote = key(2).public_key(&secp);

    let mut raw = [accept(), Connection::connect(&secp, key(1), &remote, key(3), &introduction)];
    for connection in &mut raw {
        connection.receive(bytes);
        while let Ok(Some(_)) = connection.next_event(&secp) {}
        let _ = connection.end();
    }

    let mut connection = accept();
    let (initiator, act) = Initiator::new(&secp, key(1), &remote, key(3));
    connection.receive(&act);
    assert_eq!(connection.next_event(&secp), Ok(None));
    let act: [u8; ACT_TWO_SIZE] = connection.output().try_into().expect("act two");
    let (mut keys, act) = initiator.receive(&secp, &act).expect("an honest responder");
    connection.written(ACT_TWO_SIZE);
    let mut stream = act.to_vec();
    let mut rest = bytes;
    while let [size, behind @ ..] = rest {
        let (message, behind) = behind.split_at(behind.len().min((*size).into()));
        rest = behind;
        keys.sealer.seal(message, &mut stream).expect("short");
    }
    for piece in stream.chunks(1000) {
        connection.receive(piece);
        while let Ok(Some(_)) = connection.next_event(&secp) {}
        assert!(connection.output().len() <= OUTPUT_BYTES_MAX + 2 * 70_000);
        connection.written(connection.output().len());
    }
});
