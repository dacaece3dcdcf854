//! A packet and a failure built as BOLT 4 tells it, one buffer after the other: slow, and obviously right.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{All, PublicKey, Scalar, Secp256k1, SecretKey};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use primitives::codec::encode_bigsize;

/// Packet Construction: the bytes of the packet. The payloads must fit.
pub(super) fn slow_packet(
    secp: &Secp256k1<All>,
    session_key: &SecretKey,
    hops: &[(PublicKey, Vec<u8>)],
    associated_data: &[u8],
    payloads_len: usize,
) -> Vec<u8> {
    let secrets = shared_secrets(secp, session_key, hops);
    let sizes: Vec<usize> = hops.iter().map(|(_, payload)| framed(payload, &[0; 32]).len()).collect();
    let filler = filler(&secrets, &sizes, payloads_len);
    let mut payloads = stream(&key(b"pad", &session_key.secret_bytes()), payloads_len);
    let mut code = [0; 32];
    for (at, (_, payload)) in hops.iter().enumerate().rev() {
        let mut next = framed(payload, &code);
        next.extend(&payloads);
        next.truncate(payloads_len);
        xor(&mut next, &stream(&key(b"rho", &secrets[at]), payloads_len));
        if at + 1 == hops.len() {
            next.truncate(payloads_len - filler.len());
            next.extend(&filler);
        }
        payloads = next;
        code = hmac(&key(b"mu", &secrets[at]), &[&payloads[..], associated_data].concat());
    }
    let public_key = session_key.public_key(secp).serialize();
    [&[0], &public_key[..], &payloads, &code].concat()
}

/// Returning Errors: the packet of the erring hop, padded to `padded_len`.
pub(crate) fn slow_failure(secret: &[u8; 32], message: &[u8], padded_len: usize) -> Vec<u8> {
    let pad = vec![0; padded_len - message.len()];
    let length = |bytes: &[u8]| (bytes.len() as u16).to_be_bytes();
    let rest = [&length(message)[..], message, &length(&pad), &pad].concat();
    let mut packet = [&hmac(&key(b"um", secret), &rest)[..], &rest].concat();
    slow_relay(secret, &mut packet);
    packet
}

/// Returning Errors: what every hop on the way does, the erring one included.
pub(crate) fn slow_relay(secret: &[u8; 32], packet: &mut [u8]) {
    let stream = stream(&key(b"ammag", secret), packet.len());
    xor(packet, &stream);
}

fn shared_secrets(
    secp: &Secp256k1<All>,
    session_key: &SecretKey,
    hops: &[(PublicKey, Vec<u8>)],
) -> Vec<[u8; 32]> {
    let mut ephemeral = *session_key;
    let mut secrets = Vec::new();
    for (public_key, _) in hops {
        let secret = SharedSecret::new(public_key, &ephemeral).secret_bytes();
        let blinded = [&ephemeral.public_key(secp).serialize()[..], &secret].concat();
        let factor = Scalar::from_be_bytes(sha256::Hash::hash(&blinded).to_byte_array()).expect("small");
        ephemeral = ephemeral.mul_tweak(&factor).expect("not zero");
        secrets.push(secret);
    }
    secrets
}

/// Filler Generation: what the forwarding hops append, one after the other.
fn filler(secrets: &[[u8; 32]], sizes: &[usize], payloads_len: usize) -> Vec<u8> {
    let mut filler: Vec<u8> = Vec::new();
    for at in 0..secrets.len() - 1 {
        let start = payloads_len - filler.len();
        filler.extend(vec![0; sizes[at]]);
        let whole = stream(&key(b"rho", &secrets[at]), payloads_len + sizes[at]);
        xor(&mut filler, &whole[start..]);
    }
    filler
}

fn framed(payload: &[u8], code: &[u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_bigsize(payload.len() as u64, &mut bytes);
    [&bytes[..], payload, code].concat()
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

fn key(name: &[u8], secret: &[u8; 32]) -> [u8; 32] {
    hmac(name, secret)
}

fn hmac(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    engine.input(bytes);
    Hmac::from_engine(engine).to_byte_array()
}

fn stream(key: &[u8; 32], len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ChaCha20::new(key.into(), &[0; 12].into()).apply_keystream(&mut bytes);
    bytes
}
