//! A connection that breaks while a graph is learnt, after any message and however long signatures take: when it is
//! there again, nothing is missing, and the learner says that it knows all only when it does.

use std::collections::{BTreeMap, VecDeque};

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::{Record, Restored};
use gossip::sync::{Config, Gossip, Input, Output};
use gossip::verify::{KeyRing, VerifyPiece};
use gossip::view::MessageKey;
use primitives::{ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
/// With both updates more messages than one piece of an answer has.
const CHANNEL_COUNT: u32 = 24;

/// A core with its log, and the messages that are on their way to it.
struct Side {
    gossip: Gossip,
    log: BTreeMap<MessageKey, Vec<u8>>,
    peer: PeerId,
    mail: VecDeque<Vec<u8>>,
    owes_writable: bool,
    pieces: Vec<VerifyPiece>,
}

/// One who knows a graph and one who learns it.
struct Pair {
    secp: Secp256k1<VerifyOnly>,
    ring: KeyRing,
    sides: [Side; 2],
    /// Messages that are delivered while signatures are checked.
    patience: usize,
    delivered_count: usize,
    connection_count: u64,
    now: UnixTime,
}

const TELLER: usize = 0;
const LEARNER: usize = 1;

impl Pair {
    fn new(messages: &[(MessageKey, Vec<u8>)], patience: usize) -> Self {
        let now = UnixTime::from_secs(START);
        let side = || Side {
            gossip: Gossip::new(
                Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 },
                now,
            ),
            log: BTreeMap::new(),
            peer: PeerId::from_u64(0),
            mail: VecDeque::new(),
            owes_writable: false,
            pieces: Vec::new(),
        };
        let mut teller = side();
        for (key, message) in messages {
            let record = match key {
                MessageKey::Channel(_) => Record::Channel { capacity: None, message },
                MessageKey::Update(..) => Record::Update { message },
                MessageKey::Node(_) => Record::Node { message },
            };
            teller.gossip.restore(&record.restore(CHAIN, now).unwrap()).unwrap();
            teller.log.insert(*key, message.clone());
        }
        Pair {
            secp: Secp256k1::verification_only(),
            ring: KeyRing::default(),
            sides: [teller, side()],
            patience,
            delivered_count: 0,
            connection_count: 0,
            now,
        }
    }

    fn connect(&mut self) {
        self.connection_count += 1;
        let peer = PeerId::from_u64(self.connection_count);
        for side in [TELLER, LEARNER] {
            self.sides[side].peer = peer;
            self.handle(side, Input::PeerConnected { peer, is_outbound: true, has_queries: true });
        }
    }

    /// What is on its way is lost.
    fn cut(&mut self) {
        for side in [TELLER, LEARNER] {
            self.sides[side].mail.clear();
            self.sides[side].owes_writable = false;
            let peer = self.sides[side].peer;
            self.handle(side, Input::PeerDisconnected { peer });
        }
    }

    fn handle(&mut self, at: usize, input: Input<'_>) {
        self.sides[at].gossip.handle(self.now, input);
        while let Some(output) = self.sides[at].gossip.poll_output() {
            let side = &mut self.sides[at];
            match output {
                Output::Send { peer, message } if peer == side.peer => {
                    side.owes_writable = true;
                    self.sides[1 - at].mail.push_back(message);
                }
                Output::Read { peer, keys } => {
                    let messages = keys.iter().map(|key| side.log[key].clone().into_boxed_slice()).collect();
                    side.gossip.handle(self.now, Input::Read { peer, messages });
                }
                Output::Verify(piece) => side.pieces.push(piece),
                Output::Store(stored) => {
                    let record = stored.record();
                    if let Restored::Gossip { key, .. } = record.restore(CHAIN, self.now).unwrap() {
                        side.log.insert(key, record.message().unwrap().to_vec());
                    }
                }
                Output::Disconnect { reason, .. } => panic!("nobody did wrong: {reason}"),
                Output::Send { .. }
                | Output::PauseReading { .. }
                | Output::ResumeReading { .. }
                | Output::CheckFunding(_)
                | Output::Delta(_) => {}
            }
        }
    }

    fn finish_checks(&mut self) {
        for at in [TELLER, LEARNER] {
            // The last one first: they may overtake one another.
            for piece in std::mem::take(&mut self.sides[at].pieces).into_iter().rev() {
                let checked = piece.run(&self.secp, &self.ring);
                self.handle(at, Input::Verified(checked));
            }
        }
    }

    /// Delivers one message; `false` where none was on its way.
    fn step(&mut self) -> bool {
        for at in [LEARNER, TELLER] {
            if let Some(message) = self.sides[at].mail.pop_front() {
                let peer = self.sides[at].peer;
                self.handle(at, Input::Message { peer, message: &message });
                self.delivered_count += 1;
                if self.delivered_count.is_multiple_of(self.patience) {
                    self.finish_checks();
                }
                return true;
            }
        }
        let mut is_busy = false;
        for at in [LEARNER, TELLER] {
            if std::mem::take(&mut self.sides[at].owes_writable) {
                let peer = self.sides[at].peer;
                self.handle(at, Input::Writable { peer });
                is_busy = true;
            }
        }
        is_busy
    }

    /// Goes on for some minutes, in which nobody compares for being due to.
    fn settle(&mut self) {
        for _ in 0..MINUTES {
            loop {
                while self.step() {}
                if self.sides.iter().all(|side| side.pieces.is_empty()) {
                    break;
                }
                self.finish_checks();
            }
            self.now = UnixTime::from_secs(self.now.to_secs() + 60);
            for at in [TELLER, LEARNER] {
                self.handle(at, Input::Tick);
            }
        }
    }

    fn is_equal(&self) -> bool {
        self.sides[LEARNER].gossip.view() == self.sides[TELLER].gossip.view()
    }
}

const MINUTES: usize = 5;

fn graph() -> Vec<(MessageKey, Vec<u8>)> {
    let (signer, time) = (Signer::new(CHAIN), UnixTime::from_secs(START - 1000));
    let mut messages = Vec::new();
    for n in 0..CHANNEL_COUNT {
        let id = ShortChannelId::from_parts(700_000 + n, 0, 0).unwrap();
        let ends = Ends { one: Author(n % 5), two: Author(5 + n % 3) };
        messages.push((MessageKey::Channel(id), signer.channel(id, ends)));
        for direction in Direction::BOTH {
            let update = signer.update(id, ends, direction, time, n);
            messages.push((MessageKey::Update(id, direction), update));
        }
    }
    let nodes = (0..8).map(|n| (MessageKey::Node(signer.node_id(Author(n))), signer.node(Author(n), time)));
    messages.extend(nodes);
    messages
}

#[test]
fn nothing_is_missing_after_a_break_at_any_message() {
    let messages = graph();
    for patience in [3, 40, 1000] {
        for broken_after in 0..2 * messages.len() {
            let mut pair = Pair::new(&messages, patience);
            pair.connect();
            while pair.delivered_count < broken_after && pair.step() {}
            pair.cut();
            pair.connect();
            pair.settle();
            let missing = messages.len() - known_count(&pair.sides[LEARNER].gossip);
            assert!(pair.is_equal(), "{missing} messages missing, {patience}, {broken_after}");
            assert!(pair.sides[LEARNER].gossip.progress().is_synced);
        }
    }
}

fn known_count(gossip: &Gossip) -> usize {
    let view = gossip.view();
    let channels = view.channels_from(ShortChannelId::from_u64(0));
    let updates = |updates: &[Option<_>; 2]| updates.iter().flatten().count();
    let nodes = view.nodes_from(None).filter(|(_, node)| node.announced.is_some());
    channels.map(|(_, channel)| 1 + updates(&channel.updates)).sum::<usize>() + nodes.count()
}
