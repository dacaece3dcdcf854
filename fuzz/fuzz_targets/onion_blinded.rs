//! Data of blinded hops, paths, what they cost, and onion messages.
#![no_main]

use bitcoin::secp256k1::{Secp256k1, SecretKey};
use libfuzzer_sys::fuzz_target;
use onion::blinded::{BlindedPath, PathKeys, PayInfo, RecipientData, blind};
use onion::message::{MessageContent, MessageKeys, OnionMessage, PeeledMessage, build_message, peel_message};
use onion::packet::HopPayload;

fuzz_target!(|bytes: &[u8]| {
    let secp = Secp256k1::new();
    let key = |byte| SecretKey::from_slice(&[byte; 32]).expect("below the order");
    if let Ok(data) = RecipientData::decode(bytes) {
        let mut again = Vec::new();
        data.encode(&mut again);
        assert_eq!(RecipientData::decode(&again), Ok(data));
    }
    if let Some((path, rest)) = BlindedPath::decode(bytes) {
        let mut again = Vec::new();
        path.encode(&mut again);
        assert_eq!(again, bytes[..bytes.len() - rest.len()]);
    }
    if let Some((info, _)) = PayInfo::decode(bytes) {
        let mut again = Vec::new();
        info.encode(&mut again);
        assert_eq!(PayInfo::decode(&again), Some((info, &[][..])));
    }
    if let Some(message) = OnionMessage::decode(bytes) {
        let _ = peel_message(&secp, &key(1), &message);
    }
    let node = key(1).public_key(&secp);
    let keys = PathKeys::new(&key(1), key(3).public_key(&secp)).expect("keys");
    assert_eq!(keys.decrypt(bytes), None);
    // The same as data that are authentic, for a node on the way and for the last.
    let Ok(path) = blind(&secp, &key(3), &[(node, bytes.to_vec()), (node, bytes.to_vec())]) else { return };
    let content = MessageContent { tlv_type: 65, value: bytes };
    let keys = MessageKeys { packet: key(4), path: key(5) };
    let Ok((_, message)) = build_message(&secp, &keys, &[], &path, content, None) else { return };
    if let Ok(PeeledMessage::Forward { message, .. }) = peel_message(&secp, &key(1), &message) {
        if let Ok(PeeledMessage::Receive(received)) = peel_message(&secp, &key(1), &message) {
            let content = received.content(|tlv_type| tlv_type == 65).expect("it was just built");
            assert_eq!(content.map(|content| content.value), Some(bytes));
        }
    }
});
