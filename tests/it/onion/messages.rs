//! Messages of any size over random paths, answered over the path that came with them, and changed on the way.

use bitcoin::secp256k1::{PublicKey, Secp256k1, SecretKey};
use onion::blinded::BlindedPath;
use onion::build::BuildError;
use onion::message::{
    MessageContent, MessageError, MessageFault, MessageKeys, NextNode, OnionMessage, PeeledMessage,
    ReceivedMessage, blind_message_path, build_message, peel_message,
};
use onion::packet::FRAME_LEN;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

const CONTENT: u64 = 64;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

fn id(byte: u8) -> PublicKey {
    key(byte).public_key(&Secp256k1::new())
}

fn path(seed: u8, nodes: &[u8], recipient: u8, path_id: &[u8], dummy_count: usize) -> BlindedPath {
    let nodes: Vec<PublicKey> = nodes.iter().map(|&node| id(node)).collect();
    let secp = Secp256k1::new();
    blind_message_path(&secp, &key(seed), &nodes, id(recipient), Some(path_id), dummy_count).expect("a path")
}

fn send(
    lead: &[u8],
    to: &BlindedPath,
    value: &[u8],
    reply_path: Option<&BlindedPath>,
) -> Result<(PublicKey, OnionMessage), MessageError> {
    let through: Vec<PublicKey> = lead.iter().map(|&node| id(node)).collect();
    let keys = MessageKeys { packet: key(201), path: key(202) };
    let content = MessageContent { tlv_type: CONTENT, value };
    build_message(&Secp256k1::new(), &keys, &through, to, content, reply_path)
}

/// Hands the message from node to node; each step is told to `look`. Returns the last node and what it reads.
fn walk(first: PublicKey, message: OnionMessage, look: impl Fn(u8, &OnionMessage)) -> (u8, ReceivedMessage) {
    let secp = Secp256k1::new();
    let (mut next, mut message) = (first, message);
    loop {
        let node = (1..=200).find(|&node| id(node) == next).expect("one of the nodes");
        look(node, &message);
        match peel_message(&secp, &key(node), &message).expect("authentic") {
            PeeledMessage::Forward { next: NextNode::NodeId(id), message: inner } => {
                (next, message) = (id, inner);
            }
            PeeledMessage::Forward { next, .. } => panic!("{next:?}"),
            PeeledMessage::Receive(received) => return (node, received),
        }
    }
}

fn content(received: &ReceivedMessage) -> Vec<u8> {
    let record = received.content(|tlv_type| tlv_type == CONTENT).expect("sound").expect("one");
    record.value.to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn messages_arrive_and_are_answered(
        lead in vec(1_u8..20, 0..4),
        nodes in vec(1_u8..20, 0..4),
        ends in (1_u8..20, 1_u8..20),
        dummies in (0_usize..4, 0_usize..4),
        value in (any::<u8>(), 0_usize..40_000, 0_u32..16),
        flip in any::<(usize, u8)>(),
    ) {
        let value = vec![value.0; value.1 >> value.2];
        let (sender, recipient) = ends;
        let to = path(210, &nodes, recipient, b"for anybody", dummies.0);
        // All that a node of the path is told has one length.
        let lens: Vec<usize> = to.hops.iter().map(|hop| hop.encrypted_recipient_data.len()).collect();
        prop_assert!(lens.iter().all(|len| *len == lens[0]), "{lens:?}");
        let reply = path(211, &lead, sender, b"for this answer", dummies.1);
        let (first, message) = match send(&lead, &to, &value, Some(&reply)) {
            Ok(sent) => sent,
            Err(error) => {
                let is_too_long = matches!(error, MessageError::Build(BuildError::TooLong { .. }));
                prop_assert!(is_too_long && value.len() > 30_000, "{error}");
                return Ok(());
            }
        };
        let lens = [1_300, 32_768].map(|len| len + FRAME_LEN);
        prop_assert!(lens.contains(&message.onion_message_packet.len()));
        let secp = Secp256k1::new();
        let change = |node: u8, message: &OnionMessage| {
            let mut changed = message.clone();
            let place = flip.0 % changed.onion_message_packet.len();
            changed.onion_message_packet[place] ^= 1 << (flip.1 % 8);
            let fault = peel_message(&secp, &key(node), &changed).expect_err("changed");
            assert!(matches!(fault, MessageFault::Peel(_)), "{fault}");
            let other = OnionMessage { path_key: id(203), ..message.clone() };
            assert!(peel_message(&secp, &key(node), &other).is_err());
            assert!(peel_message(&secp, &key(204), message).is_err());
        };
        let (node, received) = walk(first, message, change);
        prop_assert_eq!((node, content(&received)), (recipient, value));
        prop_assert_eq!(received.path_id.as_deref(), Some(&b"for anybody"[..]));

        let reply = received.reply_path.expect("it was sent");
        let (first, answer) = send(&nodes, &reply, b"thanks", None).expect("short");
        let (node, received) = walk(first, answer, |_, _| ());
        prop_assert_eq!((node, content(&received)), (sender, b"thanks".to_vec()));
        prop_assert_eq!(received.path_id.as_deref(), Some(&b"for this answer"[..]));
        prop_assert_eq!(received.reply_path, None);
    }
}
