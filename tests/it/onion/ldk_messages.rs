//! Onion messages over 1,000 random paths each: ours to LDK's paths, LDK's to ours, handed on by both.

use bitcoin::secp256k1::{PublicKey, SecretKey};
use lightning::blinded_path::message::{
    BlindedMessagePath, MessageContext, MessageForwardNode, NextMessageHop,
};
use lightning::blinded_path::{EmptyNodeIdLookUp, IntroductionNode as LdkIntroduction};
use lightning::ln::msgs::{DecodeError, OnionMessage as LdkMessage};
use lightning::onion_message::messenger::{
    CustomOnionMessageHandler, Destination, MessageSendInstructions, OnionMessagePath, PeeledOnion,
    Responder, ResponseInstruction, create_onion_message, peel_onion_message,
};
use lightning::onion_message::packet::OnionMessageContents;
use lightning::sign::NodeSigner as _;
use lightning::util::ser::{LengthReadable as _, Readable as _, Writeable, Writer};
use onion::blinded::BlindedPath;
use onion::message::{
    MessageContent, MessageKeys, NextNode, OnionMessage, PeeledMessage, blind_message_path, build_message,
    peel_message,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use super::ldk::{Silent, World};

const CONTENT_TYPE: u64 = 77_777_777;
const ROUND_COUNT: usize = 1_000;

/// A message of an application.
#[derive(Debug, Clone, PartialEq)]
struct Note(Vec<u8>);

impl Writeable for Note {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), lightning::io::Error> {
        writer.write_all(&self.0)
    }
}

impl OnionMessageContents for Note {
    fn tlv_type(&self) -> u64 {
        CONTENT_TYPE
    }

    fn msg_type(&self) -> &'static str {
        "note"
    }
}

/// Reads notes and answers nothing.
struct Reader;

impl CustomOnionMessageHandler for Reader {
    type CustomMessage = Note;

    fn handle_custom_message(
        &self,
        _message: Note,
        _context: Option<Vec<u8>>,
        _responder: Option<Responder>,
    ) -> Option<(Note, ResponseInstruction)> {
        None
    }

    fn read_custom_message<R: lightning::io::Read>(
        &self,
        message_type: u64,
        buffer: &mut R,
    ) -> Result<Option<Note>, DecodeError> {
        let bytes = read_to_end(buffer)?;
        Ok((message_type == CONTENT_TYPE).then_some(Note(bytes)))
    }

    fn release_pending_custom_messages(&self) -> Vec<(Note, MessageSendInstructions)> {
        Vec::new()
    }
}

fn read_to_end<R: lightning::io::Read>(reader: &mut R) -> Result<Vec<u8>, DecodeError> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    while reader.read(&mut byte).map_err(|_| DecodeError::ShortRead)? == 1 {
        bytes.push(byte[0]);
    }
    Ok(bytes)
}

fn key(rng: &mut ChaCha20Rng) -> SecretKey {
    SecretKey::from_slice(&rng.random::<[u8; 32]>()).expect("a key")
}

fn ids(world: &World, nodes: &[usize]) -> Vec<PublicKey> {
    nodes.iter().map(|&node| world.nodes[node].id).collect()
}

fn to_ldk(message: &OnionMessage) -> LdkMessage {
    let bytes = message.encode();
    LdkMessage::read_from_fixed_length_buffer(&mut &bytes[..]).expect("a message")
}

fn from_ldk(message: &LdkMessage) -> OnionMessage {
    OnionMessage::decode(&message.encode()).expect("a message")
}

fn path_to_ldk(path: &BlindedPath) -> BlindedMessagePath {
    let mut bytes = Vec::new();
    path.encode(&mut bytes);
    BlindedMessagePath::read(&mut &bytes[..]).expect("a path")
}

fn path_from_ldk(path: &BlindedMessagePath) -> BlindedPath {
    let bytes = path.encode();
    let (path, rest) = BlindedPath::decode(&bytes).expect("a path");
    assert!(rest.is_empty());
    path
}

fn peel_ldk(world: &World, node: usize, message: &OnionMessage) -> PeeledOnion<Note> {
    let keys = &world.nodes[node].keys;
    peel_onion_message(&to_ldk(message), &world.secp, keys, &Silent, &Reader).expect("LDK peels")
}

/// Both hand the message on, to the node at `expected`.
fn hand_on(world: &World, node: usize, message: &OnionMessage, expected: PublicKey) -> OnionMessage {
    let ours = peel_message(&world.secp, &world.nodes[node].secret, message).expect("authentic");
    let PeeledMessage::Forward { next, message: ours } = ours else { panic!("not the end") };
    assert_eq!(next, NextNode::NodeId(expected));
    match peel_ldk(world, node, message) {
        PeeledOnion::Forward(NextMessageHop::NodeId(next), theirs) => {
            assert_eq!((next, from_ldk(&theirs)), (expected, ours.clone()));
        }
        _ => panic!("LDK hands on"),
    }
    ours
}

#[test]
fn ldk_reads_our_messages() {
    let world = World::new(12);
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    for _ in 0..ROUND_COUNT {
        let counts = (rng.random_range(0..4), rng.random_range(0..4));
        let (lead, nodes) = (world.draw_nodes(counts.0, &mut rng), world.draw_nodes(counts.1, &mut rng));
        let recipient = rng.random_range(0..12);
        let keys = &world.nodes[recipient].keys;
        let context: Vec<u8> = vec![rng.random(); rng.random_range(0..40)];
        let forward =
            |&node: &usize| MessageForwardNode { node_id: world.nodes[node].id, short_channel_id: None };
        let theirs = BlindedMessagePath::new(
            &nodes.iter().map(forward).collect::<Vec<_>>(),
            world.nodes[recipient].id,
            keys.get_receive_auth_key(),
            MessageContext::Custom(context.clone()),
            keys,
            &world.secp,
        );
        let reply = blind_message_path(&world.secp, &key(&mut rng), &[], world.nodes[0].id, None, 1);
        let reply = reply.expect("a path");
        let note = Note(vec![rng.random(); rng.random_range(0..2_000)]);
        let (first, mut message) = build_message(
            &world.secp,
            &MessageKeys { packet: key(&mut rng), path: key(&mut rng) },
            &ids(&world, &lead),
            &path_from_ldk(&theirs),
            MessageContent { tlv_type: CONTENT_TYPE, value: &note.0 },
            Some(&reply),
        )
        .expect("fits");
        let stops: Vec<usize> = lead.iter().chain(&nodes).copied().chain([recipient]).collect();
        assert_eq!(first, world.nodes[stops[0]].id);
        for pair in stops.windows(2) {
            message = hand_on(&world, pair[0], &message, world.nodes[pair[1]].id);
        }
        match peel_ldk(&world, recipient, &message) {
            PeeledOnion::Custom(found, found_context, found_reply) => {
                assert_eq!((found, found_context), (note, Some(context)));
                assert_eq!(found_reply.map(|path| path_from_ldk(&path)), Some(reply));
            }
            _ => panic!("LDK receives"),
        }
    }
}

#[test]
fn we_read_messages_of_ldk() {
    let world = World::new(12);
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let mut round = 0;
    while round < ROUND_COUNT {
        let counts = (rng.random_range(0..4), rng.random_range(0..4), rng.random_range(0..3));
        let (lead, nodes) = (world.draw_nodes(counts.0, &mut rng), world.draw_nodes(counts.1, &mut rng));
        // LDK would shorten a path that begins at the sender itself.
        let (sender, recipient) = (&world.nodes[0].keys, rng.random_range(1..12));
        if lead.first().or(nodes.first()) == Some(&0) || lead.is_empty() && nodes.contains(&0) {
            continue;
        }
        round += 1;
        let path_id: [u8; 32] = rng.random();
        let recipient_id = world.nodes[recipient].id;
        let (id, path_key) = (Some(&path_id[..]), key(&mut rng));
        let ours =
            blind_message_path(&world.secp, &path_key, &ids(&world, &nodes), recipient_id, id, counts.2)
                .expect("a path");
        let theirs = path_to_ldk(&ours);
        assert!(matches!(theirs.introduction_node(), LdkIntroduction::NodeId(_)));
        let note = Note(vec![rng.random(); rng.random_range(0..2_000)]);
        let path = OnionMessagePath {
            intermediate_nodes: ids(&world, &lead),
            destination: Destination::BlindedPath(theirs),
            first_node_addresses: Vec::new(),
        };
        let (_, message, _) = create_onion_message(
            &sender,
            &sender,
            &&EmptyNodeIdLookUp {},
            &world.secp,
            path,
            note.clone(),
            Some(path_to_ldk(&ours)),
        )
        .expect("fits");
        let mut message = from_ldk(&message);
        let dummies = std::iter::repeat_n(recipient, counts.2 + 1);
        let stops: Vec<usize> = lead.iter().chain(&nodes).copied().chain(dummies).collect();
        for pair in stops.windows(2) {
            message = hand_on(&world, pair[0], &message, world.nodes[pair[1]].id);
        }
        let peeled = peel_message(&world.secp, &world.nodes[recipient].secret, &message).expect("authentic");
        let PeeledMessage::Receive(received) = peeled else { panic!("the end") };
        let content = received.content(|tlv_type| tlv_type == CONTENT_TYPE).expect("sound").expect("one");
        assert_eq!(content.value, note.0);
        assert_eq!(received.path_id.as_deref(), Some(&path_id[..]));
        assert_eq!(received.reply_path, Some(ours));
    }
}
