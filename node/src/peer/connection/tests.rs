use primitives::Features;
use primitives::wire::{GossipTimestampFilter, WireMessage};

use super::*;

const CHAIN: ChainHash = ChainHash::REGTEST;

fn key(byte: u8) -> SecretKey {
    SecretKey::from_slice(&[byte; 32]).expect("a key")
}

fn hello() -> Introduction<'static> {
    Introduction { chain_hash: CHAIN, remote_addr: Some(&[1, 10, 0, 0, 1, 0, 7]) }
}

fn pair() -> [Connection; 2] {
    let secp = Secp256k1::new();
    [
        Connection::connect(&secp, key(1), &key(2).public_key(&secp), key(3), &hello()),
        Connection::accept(&secp, key(2), key(4), &hello()),
    ]
}

/// What a side was told, in words.
fn events(connection: &mut Connection, out: &mut Vec<String>) -> Result<(), ConnectionError> {
    let secp = Secp256k1::new();
    while let Some(event) = connection.next_event(&secp)? {
        out.push(match event {
            Event::Authenticated { node_id } => format!("{node_id}"),
            Event::Ready(init) => format!("ready {}", init.seen_at().expect("told")),
            Event::Message(message) => format!("{message:?}"),
            Event::Other(message) => format!("other {:?}", &message[..2]),
            Event::Warning(warning) => format!("warning {warning}"),
            Event::Error(error) => format!("error {error}"),
        });
    }
    Ok(())
}

/// Carries bytes both ways in pieces of `size` until nothing moves.
fn carry(sides: &mut [Connection; 2], size: usize) -> [Vec<String>; 2] {
    let mut told = [Vec::new(), Vec::new()];
    loop {
        let mut has_moved = false;
        for from in 0..2 {
            let piece: Vec<u8> = sides[from].output().iter().take(size).copied().collect();
            sides[from].written(piece.len());
            has_moved |= !piece.is_empty();
            sides[1 - from].receive(&piece);
            events(&mut sides[1 - from], &mut told[1 - from]).expect("both are honest");
        }
        if !has_moved {
            return told;
        }
    }
}

fn ready() -> [Connection; 2] {
    let mut sides = pair();
    carry(&mut sides, 1000);
    assert!(sides.iter().all(Connection::is_ready));
    sides
}

#[test]
fn two_sides_meet_whatever_the_pieces() {
    let secp = Secp256k1::new();
    for size in [1, 2, 49, 50, 51, 1000] {
        let mut sides = pair();
        assert_eq!(sides[0].send(&[1, 0]), Err(SendError::NotReady));
        let told = carry(&mut sides, size);
        let expected =
            [2, 1].map(|byte| vec![key(byte).public_key(&secp).to_string(), "ready 10.0.0.1:7".into()]);
        assert_eq!(told, expected);
        sides[0].send(&[1, 0, 7]).expect("ready");
        sides[0].ping().expect("ready");
        sides[1].send(&Warning { channel_id: [0; 32], data: b"hm" }.to_bytes()).expect("ready");
        let expected = [vec!["warning hm", "other [0, 19]"], vec!["[1, 0, 7]", "other [0, 18]"]];
        assert_eq!(carry(&mut sides, size), expected);
        assert!(sides.iter().all(|side| side.end().is_ok()));
    }
}

#[test]
fn the_end_within_an_act_or_a_message_is_told() {
    // BOLT 8, Appendix A: the short reads of the three acts.
    let [mut one, mut two] = pair();
    two.receive(&one.output()[..49]);
    assert_eq!(events(&mut two, &mut Vec::new()), Ok(()));
    assert_eq!(two.end(), Err(ConnectionError::Cut { act: Act::One }));
    two.receive(&one.output()[49..]);
    events(&mut two, &mut Vec::new()).expect("sound");
    one.receive(&two.output()[..49]);
    events(&mut one, &mut Vec::new()).expect("sound");
    assert_eq!(one.end(), Err(ConnectionError::Cut { act: Act::Two }));
    one.written(50);
    one.receive(&two.output()[49..]);
    events(&mut one, &mut Vec::new()).expect("sound");
    two.receive(&one.output()[..65]);
    events(&mut two, &mut Vec::new()).expect("sound");
    assert_eq!(two.end(), Err(ConnectionError::Cut { act: Act::Three }));
    for extra in [1, 18, 20] {
        let [mut one, mut two] = ready();
        one.send(&[1, 0, 5, 5]).expect("ready");
        two.receive(&one.output()[..extra]);
        events(&mut two, &mut Vec::new()).expect("sound");
        assert_eq!(two.end(), Err(ConnectionError::CutMessage));
    }
}

#[test]
fn a_changed_byte_ends_the_connection_for_good() {
    for at in [0, 17, 18, 21, 30] {
        let [mut one, mut two] = ready();
        one.send(&[1, 0, 5, 5]).expect("ready");
        let mut bytes = one.output().to_vec();
        bytes[at] ^= 1;
        two.receive(&bytes);
        assert_eq!(events(&mut two, &mut Vec::new()), Err(ConnectionError::Cipher(CipherError::Tag)));
        assert!(two.output().is_empty() && !two.is_ready(), "a stranger is told nothing");
        two.receive(&bytes);
        assert_eq!(two.next_event(&Secp256k1::new()), Ok(None));
        assert_eq!(two.send(&[1, 0]), Err(SendError::NotReady));
    }
}

/// Sends messages of any kind, the first of them instead of `init`.
fn hostile(messages: &[Vec<u8>]) -> (Result<(), ConnectionError>, Vec<String>) {
    let [mut one, mut two] = pair();
    one.init = messages[0].clone();
    let secp = Secp256k1::new();
    two.receive(one.output());
    two.next_event(&secp).expect("an act");
    one.written(50);
    one.receive(two.output());
    two.written(two.output.len());
    events(&mut one, &mut Vec::new()).expect("the other side is honest");
    let State::Open { sealer, .. } = &mut one.state else { panic!("the handshake is over") };
    for message in &messages[1..] {
        sealer.seal(message, &mut one.output).expect("short");
    }
    two.receive(one.output());
    let mut told = Vec::new();
    let result = events(&mut two, &mut told);
    if result.is_err() {
        one.receive(two.output());
        let mut words = Vec::new();
        let _ = events(&mut one, &mut words);
        assert!(words.last().is_some_and(|word| word.starts_with("warning")), "{words:?}");
    }
    (result, told)
}

fn init(features: &Features, networks: Option<&[u8]>) -> Vec<u8> {
    let features = features.as_be_bytes();
    Init { globalfeatures: &[], features, networks, remote_addr: Some(&[1, 10, 0, 0, 1, 0, 7]) }.to_bytes()
}

#[test]
fn whoever_breaks_a_rule_of_bolt_1_is_left() {
    let good = init(&offered_features(), None);
    let end = |messages: &[Vec<u8>]| hostile(messages).0;
    assert_eq!(end(&[good.clone(), vec![1, 0]]), Ok(()));
    assert_eq!(end(&[good.clone(), good.clone()]), Err(ConnectionError::SecondInit));
    assert_eq!(end(&[vec![1, 0, 1]]), Err(ConnectionError::NoInit));
    assert_eq!(end(&[vec![0, 18, 0, 0, 0, 0]]), Err(ConnectionError::NoInit));
    assert_eq!(end(&[init(&Features::from_bits([64]), None)]), Err(ConnectionError::Feature { bit: 64 }));
    let zeroconf = init(&Features::from_bits([51]), None);
    assert_eq!(end(&[zeroconf]), Err(ConnectionError::Dependency { bit: 50, needs: 46 }));
    let chain = ChainHash::BITCOIN;
    assert_eq!(end(&[init(&Features::default(), Some(chain.as_bytes()))]), Err(ConnectionError::Chain));
    let size = |size| Err(ConnectionError::Wire(WireError::Size { size }));
    assert_eq!(end(&[good.clone(), vec![]]), size(0));
    assert_eq!(end(&[good.clone(), vec![0]]), size(1));
    assert!(matches!(end(&[vec![0, 16, 0]]), Err(ConnectionError::Wire(WireError::Short { .. }))));
    // The second one is between those of BOLT 7.
    for message_type in [32, 260u16] {
        let unknown = Err(ConnectionError::MessageType { message_type });
        assert_eq!(end(&[good.clone(), message_type.to_be_bytes().to_vec()]), unknown);
    }
    // An odd type, and a ping that wants no pong, mean nothing; but who reads them for us wants to know of them.
    let mute = Ping { num_pong_bytes: PONG_BYTES_MAX + 1, ignored: &[1] }.to_bytes();
    let (result, told) = hostile(&[good, vec![0, 33, 1], mute, vec![1, 2, 3]]);
    assert_eq!(result, Ok(()));
    assert_eq!(told[told.len() - 3..], ["other [0, 33]", "other [0, 18]", "[1, 2, 3]"]);
}

#[test]
fn a_flood_of_pings_waits_until_its_pongs_are_read() {
    let [mut one, mut two] = ready();
    let ping = Ping { num_pong_bytes: PONG_BYTES_MAX, ignored: &[] }.to_bytes();
    let mut sent = 0;
    while one.output().len() < 60_000 {
        one.send(&ping).expect("ready");
        sent += 1;
    }
    let flood = one.output().to_vec();
    two.receive(&flood);
    let mut read = 0;
    for _ in 0..sent {
        events(&mut two, &mut Vec::new()).expect("pings");
        assert!(two.output().len() <= OUTPUT_BYTES_MAX + 2 * 70_000);
        read += two.output().len();
        two.written(two.output().len());
        two.receive(&[]);
    }
    assert!(read > sent * usize::from(PONG_BYTES_MAX));
}

#[test]
fn the_largest_message_passes_and_no_larger_one() {
    let [mut one, mut two] = ready();
    let mut message = GossipTimestampFilter {
        chain_hash: CHAIN,
        first_timestamp: primitives::UnixTime::from_secs(1),
        timestamp_range: 1,
    }
    .to_bytes();
    message.resize(65_535, 7);
    one.send(&message).expect("it fits");
    assert_eq!(one.send(&[0; 65_536]), Err(SendError::Cipher(CipherError::TooLong { size: 65_536 })));
    two.receive(one.output());
    assert_eq!(two.next_event(&Secp256k1::new()), Ok(Some(Event::Message(&message))));
}
