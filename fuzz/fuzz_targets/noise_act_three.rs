//! An initiator that does the first two acts rightly and then names itself anything: it gets in only under a key that is its
//! own.
#![no_main]

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use libfuzzer_sys::fuzz_target;
use node::peer::noise::{ACT_THREE_SIZE, ACT_TWO_SIZE};
use node::peer::{Connection, Introduction};
use primitives::ChainHash;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// The handshake's state as BOLT 8 writes it, with nothing forbidden.
struct Handshake {
    chaining_key: [u8; 32],
    digest: [u8; 32],
    key: [u8; 32],
}

impl Handshake {
    fn new(responder: &PublicKey) -> Self {
        let chaining_key = sha256::Hash::hash(b"Noise_XK_secp256k1_ChaChaPoly_SHA256").to_byte_array();
        let mut handshake = Handshake { chaining_key, digest: chaining_key, key: [0; 32] };
        handshake.mix(b"lightning");
        handshake.mix(&responder.serialize());
        handshake
    }

    fn mix(&mut self, bytes: &[u8]) {
        self.digest = sha256::Hash::hash(&[&self.digest, bytes].concat()).to_byte_array();
    }

    fn agree(&mut self, theirs: &PublicKey, ours: &SecretKey) {
        let secret = hmac(&self.chaining_key, &SharedSecret::new(theirs, ours).secret_bytes());
        self.chaining_key = hmac(&secret, &[1]);
        self.key = hmac(&secret, &[&self.chaining_key[..], &[2]].concat());
    }

    fn seal(&mut self, number: u8, text: &[u8]) -> Vec<u8> {
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &self.key).expect("32 bytes"));
        let mut nonce = [0; 12];
        nonce[4] = number;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(nonce), text.to_vec());
        key.seal_in_place_append_tag(nonce, Aad::from(self.digest), &mut sealed).expect("short");
        self.mix(&sealed);
        sealed
    }
}

fn hmac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(bytes);
    Hmac::from_engine(engine).to_byte_array()
}

fuzz_target!(|input: (u8, [u8; 33], u8)| {
    let (choice, id, change) = input;
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("below the order");
    let (ours, responder, ephemeral) = (key(1), key(2).public_key(&secp), key(3));
    let introduction = Introduction { chain_hash: ChainHash::REGTEST, remote_addr: None };
    let mut connection = Connection::accept(&secp, key(2), key(4), &introduction);

    let mut handshake = Handshake::new(&responder);
    let public = ephemeral.public_key(&secp).serialize();
    handshake.mix(&public);
    handshake.agree(&responder, &ephemeral);
    let tag = handshake.seal(0, &[]);
    connection.receive(&[&[0], &public[..], &tag].concat());
    assert_eq!(connection.next_event(&secp), Ok(None));

    let act: [u8; ACT_TWO_SIZE] = connection.output().try_into().expect("act two");
    connection.written(ACT_TWO_SIZE);
    let theirs = PublicKey::from_slice(&act[1..34]).expect("an honest responder");
    handshake.mix(&act[1..34]);
    handshake.agree(&theirs, &ephemeral);
    handshake.mix(&act[34..]);

    let is_honest = choice % 8 == 0;
    let id = if is_honest { ours.public_key(&secp).serialize() } else { id };
    let mut act = [&[0], &handshake.seal(1, &id)[..]].concat();
    handshake.agree(&theirs, &ours);
    act.extend(handshake.seal(0, &[]));
    assert_eq!(act.len(), ACT_THREE_SIZE);
    let is_changed = is_honest && change != 0;
    act[usize::from(choice / 8)] ^= if is_changed { change } else { 0 };

    connection.receive(&act);
    let is_ours = id == ours.public_key(&secp).serialize() && !is_changed;
    let event = connection.next_event(&secp);
    assert_eq!(event.is_ok(), is_ours, "{event:?}");
});
