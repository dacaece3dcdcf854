//! Captures of raw gossip: whole ones give all of their messages, torn ones all that are whole.

use std::io::{self, Read};

use gossip::verify::Candidate;
use primitives::ChainHash;
use primitives::codec::encode_bigsize;
use primitives::wire::{MESSAGE_SIZE_MAX, Message};
use proptest::prelude::*;
use server::import::{CAPTURE_MAGIC, CaptureError, CaptureNotes, read_capture};

use super::signatures::capture;
use super::wire::{content, gossip};

/// A capture of these messages.
fn captured<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = CAPTURE_MAGIC.to_vec();
    for message in messages {
        encode_bigsize(message.len() as u64, &mut bytes);
        bytes.extend(message);
    }
    bytes
}

/// The messages, each with its offset.
pub(super) fn messages(capture: &[u8]) -> (Vec<(u64, Vec<u8>)>, CaptureNotes) {
    messages_of(capture, ChainHash::BITCOIN)
}

fn messages_of(capture: impl Read, chain_hash: ChainHash) -> (Vec<(u64, Vec<u8>)>, CaptureNotes) {
    let mut messages = Vec::new();
    let notes = read_capture(capture, chain_hash, |offset, message| -> Result<(), CaptureError> {
        messages.push((offset, message.to_vec()));
        Ok(())
    });
    (messages, notes.unwrap())
}

/// A reader that gives a byte at a time, and is interrupted before each.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = 1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

fn encoded(message: &Message<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whole_captures_come_back(mut contents in proptest::collection::vec(content(), 1..5)) {
        let hash = contents[0].hash;
        contents.iter_mut().for_each(|content| content.hash = hash);
        let expected: Vec<Vec<u8>> =
            contents.iter().flat_map(|content| gossip(content).map(|message| encoded(&message))).collect();
        let bytes = captured(expected.iter().map(Vec::as_slice));
        for input in [&mut &bytes[..] as &mut dyn Read, &mut Slow(&bytes, false)] {
            let (found, notes) = messages_of(input, ChainHash::from(hash));
            prop_assert!(found.iter().map(|(_, message)| message).eq(&expected));
            prop_assert_eq!(notes, CaptureNotes::default());
        }
    }

    #[test]
    fn any_pieces_end_and_are_counted_once(
        content in content(),
        pieces in proptest::collection::vec((0..6usize, any::<[u16; 2]>(), any::<[u8; 9]>()), 0..30),
    ) {
        let mut bytes = CAPTURE_MAGIC.to_vec();
        for (kind, [from, to], noise) in pieces {
            let Some(message) = gossip(&content).get(kind / 2).map(encoded) else { continue };
            let whole = captured([&message[..]]).split_off(CAPTURE_MAGIC.len());
            match kind % 2 {
                0 => bytes.extend(&whole),
                _ => bytes.extend(&whole[usize::from(from) % whole.len()..][..1]),
            }
            bytes.extend(&whole[..usize::from(to) % whole.len()]);
            bytes.extend(&noise[..kind]);
        }
        let (found, notes) = messages_of(&bytes[..], ChainHash::from(content.hash));
        let framed = |message: &Vec<u8>| message.len() + if message.len() < 0xfd { 1 } else { 3 };
        let whole: usize = found.iter().map(|(_, message)| framed(message)).sum();
        prop_assert_eq!(CAPTURE_MAGIC.len() + whole + notes.torn_bytes as usize, bytes.len());
    }
}

/// As long as messages can be, so that the window of the reader moves in the middle of each.
#[test]
fn the_longest_messages_come_back() {
    let Some(real) = real() else { return };
    let expected: Vec<Vec<u8>> = (0..8)
        .map(|n| {
            let mut message = real[0].clone();
            message.resize(MESSAGE_SIZE_MAX, n);
            message
        })
        .collect();
    let bytes = captured(expected.iter().map(Vec::as_slice));
    for input in [&mut &bytes[..] as &mut dyn Read, &mut Slow(&bytes, false)] {
        let (found, notes) = messages_of(input, ChainHash::BITCOIN);
        assert!(found.iter().map(|(_, message)| message).eq(&expected));
        assert_eq!(notes, CaptureNotes::default());
    }
}

/// Real messages, the first of the published capture.
fn real() -> Option<Vec<Vec<u8>>> {
    let bytes = capture("vectors/gossip/torn-writes.gsp.zst")?;
    Some(messages(&bytes[..]).0.into_iter().map(|(_, message)| message).collect())
}

#[test]
fn a_real_capture_is_read_to_its_end() {
    let Some(bytes) = capture("vectors/gossip/torn-writes.gsp.zst") else { return };
    let (found, notes) = messages(&bytes[..]);
    assert_eq!((found.len(), notes.torn_bytes, notes.torn_at), (3932, 0, None));
    for (offset, message) in found {
        Candidate::parse(&message, ChainHash::BITCOIN).expect("gossip").unwrap_or_else(|error| {
            panic!("at {offset}: {error}");
        });
    }
}

/// The writer was killed at any byte of a message, and another run has gone on behind it.
#[test]
fn a_torn_message_costs_no_other_one() {
    let Some(real) = real() else { return };
    let framed = |messages: &[&Vec<u8>]| {
        captured(messages.iter().map(|message| message.as_slice())).split_off(CAPTURE_MAGIC.len())
    };
    let (before, behind) = ([&real[0], &real[1]], [&real[2], &real[3]]);
    for kind in [0, 1, 2] {
        let torn = real.iter().find(|message| message[1] == kind).unwrap();
        let one = framed(&[torn]);
        for kept in 0..one.len() {
            let begin = [&CAPTURE_MAGIC[..], &framed(&before), &one[..kept]].concat();
            let torn_at = (kept > 0).then_some((begin.len() - kept) as u64);
            let (found, notes) = messages(&[&begin[..], &framed(&behind)].concat());
            assert!(found.iter().map(|(_, message)| message).eq(before.into_iter().chain(behind)), "{kept}");
            assert_eq!((notes.torn_bytes, notes.torn_at), (kept as u64, torn_at));
            // It is the last one where the writer was not started again.
            let (found, notes) = messages(&begin);
            assert!(found.iter().map(|(_, message)| message).eq(before), "{kept} of {}", one.len());
            assert_eq!((notes.torn_bytes, notes.torn_at), (kept as u64, torn_at));
        }
    }
}

/// Tears all over a real capture, at places that a seed chooses, of messages in a row, too: what is whole is found, but for one
/// in a few hundred tears, and in order. A piece that is long enough may pass for a message with what follows, but its
/// signature does not.
#[test]
fn torn_captures_resynchronise() {
    let Some(real) = real() else { return };
    let (mut state, mut bytes, mut whole) = (7u64, CAPTURE_MAGIC.to_vec(), Vec::new());
    for message in &real {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let one = captured([message.as_slice()]).split_off(CAPTURE_MAGIC.len());
        let at = (state >> 33) as usize % one.len();
        match state >> 61 {
            0 => bytes.extend(&one[..at]),
            1 => bytes.extend(&one[at.max(1)..]),
            _ => {
                bytes.extend(&one);
                whole.push(message);
            }
        }
    }
    let torn_count = real.len() - whole.len();
    let found: Vec<Vec<u8>> = messages(&bytes).0.into_iter().map(|(_, message)| message).collect();
    let others = found.iter().filter(|message| !whole.contains(message)).count();
    let both: Vec<&Vec<u8>> = found.iter().filter(|message| whole.contains(message)).collect();
    let lost_count = whole.len() - both.len();
    whole.retain(|message| found.contains(message));
    assert!(both == whole, "they come in order");
    assert!(lost_count <= torn_count / 200, "{lost_count} whole ones are lost to {torn_count} tears");
    assert!(
        torn_count > 900 && others < torn_count / 10,
        "{others} pieces of {torn_count} pass for messages"
    );
}

/// Lengths and types everywhere, with whole messages of any content behind them.
#[test]
fn messages_within_messages_end() {
    let Some(real) = real() else { return };
    let update = &real[0][..138];
    let nested = (0..100).fold(update.to_vec(), |inner, _| [update, &captured([&inner[..]])[4..]].concat());
    let (found, _) = messages(&captured([&nested[..]]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, update, "the innermost one");
    let heads = [&CAPTURE_MAGIC[..], &[0xfd, 0xff, 0xfe, 1, 0].repeat(200_000)].concat();
    assert_eq!(messages(&heads).1.torn_bytes, 1_000_000);
}

#[test]
fn what_is_no_capture_or_cannot_be_read_is_told() {
    let read =
        |input: &mut dyn Read| read_capture(input, ChainHash::BITCOIN, |_, _| Ok::<(), CaptureError>(()));
    assert_eq!(read(&mut &b"GSP\x02"[..]), Err(CaptureError::Magic));
    assert_eq!(read(&mut &b"GS"[..]), Err(CaptureError::Magic));
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::NotConnected.into())
        }
    }
    let mut broken = (&CAPTURE_MAGIC[..]).chain(Broken);
    assert_eq!(read(&mut broken), Err(CaptureError::Io { offset: 4, kind: io::ErrorKind::NotConnected }));
}
