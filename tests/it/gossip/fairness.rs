//! What floods take of us beside an honest peer: work is counted for each peer, on a clock that only work moves.

use std::collections::VecDeque;

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::sync::{Config, Gossip, Input, Output};
use gossip::verify::{KeyRing, VerifyPiece};
use primitives::wire::{Ping, QueryChannelRange, WireMessage};
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const CHANNEL_COUNT: u32 = 2000;
/// Bytes that one read of a socket brings at most.
const READ_SIZE: usize = 64 << 10;
/// Work of a handshake, and of the check of one signature, in microseconds.
const HANDSHAKE: u64 = 500;
const SIGNATURE: u64 = 28;
/// Microseconds between connections that strangers open.
const PACE: u64 = 100_000;

/// Microseconds to read a message, decrypt it and look at it.
fn work(message: &[u8]) -> u64 {
    3 + message.len() as u64 / 600
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000, n, 0).unwrap()
}

fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 31), two: Author(40 + n % 71) }
}

fn core() -> Gossip {
    let config = Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 };
    Gossip::new(config, UnixTime::from_secs(START))
}

/// One at the other end of a connection.
struct Speaker {
    peer: PeerId,
    say: Box<dyn FnMut() -> Option<Vec<u8>>>,
    is_heard: bool,
    /// Microseconds of work that it made.
    work: u64,
    connected_at: u64,
}

/// One processor that reads and decides, and one that checks signatures.
struct Machine {
    gossip: Gossip,
    speakers: Vec<Speaker>,
    pieces: VecDeque<VerifyPiece>,
    checked_at: u64,
    now: u64,
    connection_count: u64,
    learnt_count: usize,
}

impl Machine {
    fn new(says: Vec<Box<dyn FnMut() -> Option<Vec<u8>>>>) -> Self {
        let mut machine = Machine {
            gossip: core(),
            speakers: Vec::new(),
            pieces: VecDeque::new(),
            checked_at: 0,
            now: 0,
            connection_count: 0,
            learnt_count: 0,
        };
        for say in says {
            let peer = machine.connect();
            machine.speakers.push(Speaker { peer, say, is_heard: true, work: 0, connected_at: 0 });
        }
        machine
    }

    fn connect(&mut self) -> PeerId {
        self.connection_count += 1;
        let peer = PeerId::from_u64(self.connection_count);
        self.handle(Input::PeerConnected { peer, is_outbound: true, has_queries: false });
        peer
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(START + u32::try_from(self.now / 1_000_000).unwrap());
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            let (peer, is_heard) = match output {
                Output::PauseReading { peer } | Output::Disconnect { peer, .. } => (peer, false),
                Output::ResumeReading { peer } => (peer, true),
                Output::Delta(_) => {
                    self.learnt_count += 1;
                    continue;
                }
                Output::Verify(piece) => {
                    if self.pieces.is_empty() {
                        self.checked_at = self.now + price(&piece);
                    }
                    self.pieces.push_back(piece);
                    continue;
                }
                _ => continue,
            };
            if let Some(speaker) = self.speakers.iter_mut().find(|speaker| speaker.peer == peer) {
                speaker.is_heard = is_heard;
                if matches!(output, Output::Disconnect { .. }) {
                    speaker.connected_at = u64::MAX;
                }
            }
        }
    }

    /// One read from the next who is heard; without any, time passes.
    fn step(&mut self, turn: usize, secp: &Secp256k1<bitcoin::secp256k1::VerifyOnly>, ring: &KeyRing) {
        if !self.pieces.is_empty() && self.now >= self.checked_at {
            let piece = self.pieces.pop_front().expect("one is there");
            if let Some(next) = self.pieces.front() {
                self.checked_at += price(next);
            }
            self.handle(Input::Verified(piece.run(secp, ring)));
        }
        let at = turn % self.speakers.len();
        if self.speakers[at].connected_at == u64::MAX {
            self.speakers[at].connected_at = self.now + PACE;
        }
        if self.speakers[at].connected_at > self.now {
            self.now += 1;
            return;
        }
        if self.speakers[at].connected_at > 0 {
            let peer = self.connect();
            let speaker = &mut self.speakers[at];
            (speaker.peer, speaker.is_heard, speaker.connected_at) = (peer, true, 0);
            speaker.work += HANDSHAKE;
            self.now += HANDSHAKE;
        }
        let mut size = 0;
        let mut is_silent = true;
        // What was read is handed over, whatever becomes of the gate meanwhile.
        let is_heard = self.speakers[at].is_heard;
        while is_heard && size < READ_SIZE && self.speakers[at].connected_at == 0 {
            let Some(message) = (self.speakers[at].say)() else { break };
            self.now += work(&message);
            self.speakers[at].work += work(&message);
            size += message.len();
            is_silent = false;
            let peer = self.speakers[at].peer;
            self.handle(Input::Message { peer, message: &message });
        }
        if is_silent {
            self.now += 20;
            self.handle(Input::Tick);
        }
    }
}

fn price(piece: &VerifyPiece) -> u64 {
    piece.jobs().iter().map(|job| SIGNATURE * job.signature_count() as u64).sum()
}

fn floods(signer: &Signer) -> Vec<Box<dyn FnMut() -> Option<Vec<u8>>>> {
    let time = UnixTime::from_secs(START);
    let mut large = signer.node(Author(1), time);
    large.resize(65_535, 0);
    let zero = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, UnixTime::from_secs(0), 1);
    let mut unknown = signer.update(scid(900_000), ends(1), Direction::NodeOneToTwo, time, 1);
    let query = QueryChannelRange {
        chain_hash: CHAIN,
        first_blocknum: 0,
        number_of_blocks: u32::MAX,
        query_option_flags: Some(3),
    };
    let query = query.to_bytes();
    let known = signer.channel(scid(0), ends(0));
    let mut n = 0u32;
    vec![
        Box::new(move || Some(large.clone())),
        Box::new(move || Some(zero.clone())),
        Box::new(move || {
            n += 1;
            // The last bytes of the channel's name.
            unknown[102..106].copy_from_slice(&n.to_be_bytes());
            Some(unknown.clone())
        }),
        Box::new(move || Some(query.clone())),
        Box::new(move || Some(known.clone())),
    ]
}

#[test]
fn floods_take_a_fifth_of_our_work_at_most() {
    let (signer, time) = (Signer::new(CHAIN), UnixTime::from_secs(START));
    let honest = |n: u32| {
        let update = |direction| signer.update(scid(n), ends(n), direction, time, n);
        let [first, second] = Direction::BOTH.map(update);
        [signer.channel(scid(n), ends(n)), first, second]
    };
    let mut words: VecDeque<Vec<u8>> = (0..CHANNEL_COUNT).flat_map(honest).collect();
    let word_count = words.len();
    let mut says: Vec<Box<dyn FnMut() -> Option<Vec<u8>>>> = vec![Box::new(move || words.pop_front())];
    says.extend(floods(&signer));
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    let mut machine = Machine::new(says);
    let mut turn = 0;
    while machine.learnt_count < word_count {
        machine.step(turn, &secp, &ring);
        turn += 1;
        assert!(machine.now < 60_000_000, "{} of {word_count} learnt", machine.learnt_count);
    }
    let checks = SIGNATURE * 6 * u64::from(CHANNEL_COUNT);
    let honest = checks + machine.speakers[0].work;
    let floods: Vec<u64> = machine.speakers[1..].iter().map(|speaker| speaker.work).collect();
    assert!(4 * floods.iter().sum::<u64>() <= honest, "{floods:?} beside {honest}");
    // And who is honest waits for the checks of his own signatures, not for theirs.
    assert!(4 * machine.now <= 5 * checks, "{} of {checks}", machine.now);
}

/// The same half an hour long, as long as it is read, which is `most` times in a second at most.
fn is_heard_later_but_not_left(message: &[u8], most: u32) {
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    let (mut gossip, peer) = (core(), PeerId::from_u64(1));
    gossip.handle(
        UnixTime::from_secs(START),
        Input::PeerConnected { peer, is_outbound: true, has_queries: false },
    );
    let (mut closed_count, mut opened_count, mut is_closed) = (0, 0, false);
    for secs in 0..1800 {
        let now = UnixTime::from_secs(START + secs);
        let mut inputs = VecDeque::from([Input::Tick]);
        for n in 0..=most {
            if n > 0 && is_closed {
                break;
            }
            inputs.push_back(Input::Message { peer, message });
            while let Some(input) = inputs.pop_front() {
                gossip.handle(now, input);
                while let Some(output) = gossip.poll_output() {
                    match output {
                        Output::PauseReading { .. } => (is_closed, closed_count) = (true, closed_count + 1),
                        Output::ResumeReading { .. } => (is_closed, opened_count) = (false, opened_count + 1),
                        Output::Verify(piece) => inputs.push_back(Input::Verified(piece.run(&secp, &ring))),
                        Output::Disconnect { reason, .. } => panic!("{reason}"),
                        _ => {}
                    }
                }
            }
        }
        assert!(is_closed, "after {secs} s");
        assert!(gossip.next_wakeup() <= UnixTime::from_secs(START + secs + 2), "it is woken to read on");
    }
    assert!(opened_count > 1700 && closed_count > opened_count, "{opened_count}, {closed_count}");
}

#[test]
fn who_tells_what_is_known_or_means_nothing_is_heard_later_but_not_left() {
    is_heard_later_but_not_left(&Signer::new(CHAIN).channel(scid(0), ends(0)), 3000);
    is_heard_later_but_not_left(&Ping { num_pong_bytes: 30_000, ignored: &[] }.to_bytes(), 200);
    is_heard_later_but_not_left(&[0, 33, 1], 3000);
    // Nobody must prune (BOLT 7, Pruning the Network View).
    let old = UnixTime::from_secs(START - 15 * 24 * 3600);
    let stale = Signer::new(CHAIN).update(scid(0), ends(0), Direction::NodeOneToTwo, old, 1);
    is_heard_later_but_not_left(&stale, 3000);
}

#[test]
fn what_waited_for_its_channel_is_paid_back_when_that_comes() {
    let (signer, time) = (Signer::new(CHAIN), UnixTime::from_secs(START));
    let (secp, ring) = (Secp256k1::verification_only(), KeyRing::default());
    let (mut gossip, peer) = (core(), PeerId::from_u64(1));
    gossip.handle(time, Input::PeerConnected { peer, is_outbound: true, has_queries: false });
    // Each channel's updates come first. All of it in one second, which is much more than a new peer may waste.
    for n in 0..3000 {
        let updates = Direction::BOTH.map(|direction| signer.update(scid(n), ends(n), direction, time, n));
        let words = [&updates[0], &updates[1], &signer.channel(scid(n), ends(n))];
        let mut inputs: VecDeque<Input<'_>> =
            words.into_iter().map(|message| Input::Message { peer, message }).collect();
        while let Some(input) = inputs.pop_front() {
            gossip.handle(time, input);
            while let Some(output) = gossip.poll_output() {
                match output {
                    Output::Verify(piece) => inputs.push_back(Input::Verified(piece.run(&secp, &ring))),
                    Output::PauseReading { .. } | Output::Disconnect { .. } => panic!("at {n}"),
                    _ => {}
                }
            }
        }
    }
    assert_eq!(gossip.view().channel_count(), 3000);
}
