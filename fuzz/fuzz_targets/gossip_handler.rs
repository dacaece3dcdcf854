//! The gossip core with its state: four peers come, say anything, some of it well signed, and go; the chain answers anything,
//! late or never, grows, and takes blocks back. What was stored makes the same view again.
#![no_main]

use std::collections::VecDeque;
use std::sync::LazyLock;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use bitcoin::{Amount, TxOut};
use gossip::admit::PeerId;
use gossip::funding::{FundingAnswer, FundingCheck, FundingQuestion};
use gossip::sync::{Config, Gossip, Input, Output, Stored};
use gossip::verify::KeyRing;
use libfuzzer_sys::fuzz_target;
use primitives::{BlockHeight, ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, mut rest)) = bytes.split_first() else { return };
    let mut world = World::new(if first & 1 == 0 { FundingCheck::Chain } else { FundingCheck::Nobody });
    while let [what, with, behind @ ..] = rest {
        let size = if what & 7 == 0 { 2 * usize::from(*with) } else { 0 };
        let (message, behind) = behind.split_at(size.min(behind.len()));
        rest = behind;
        world.step(*what, *with, message);
    }
    world.check_stored();
});

/// A core, what it asked the chain, and what it stored when.
struct World {
    config: Config,
    gossip: Gossip,
    ring: KeyRing,
    now: u32,
    questions: VecDeque<FundingQuestion>,
    stored: Vec<(Stored, UnixTime)>,
}

impl World {
    fn new(funding: FundingCheck) -> Self {
        let config = Config { chain_hash: CHAIN, funding, verify_thread_count: 1 };
        let gossip = Gossip::new(config, UnixTime::from_secs(START));
        let (ring, questions, stored) = (KeyRing::default(), VecDeque::new(), Vec::new());
        World { config, gossip, ring, now: START, questions, stored }
    }

    /// One thing that happens: which one, the lowest bits of `what` say, and to whom, the two above.
    fn step(&mut self, what: u8, with: u8, message: &[u8]) {
        let peer = PeerId::from_u64(u64::from(what >> 3 & 3));
        self.now += u32::from(what >> 5);
        let short_channel_id = scid(u32::from(with % CHANNEL_COUNT));
        let height = BlockHeight::from_u32(TIP + u32::from(with));
        match what & 7 {
            0 => self.handle(Input::Message { peer, message }),
            1 => {
                let message = &WORDS[usize::from(with) % WORDS.len()];
                self.handle(Input::Message { peer, message });
            }
            2 => self.handle(Input::PeerConnected {
                peer,
                is_outbound: with & 1 == 0,
                has_queries: with & 2 == 0,
            }),
            3 => self.handle(Input::PeerDisconnected { peer }),
            4 => self.answer(with),
            5 => self.handle(Input::Block { height }),
            6 => {
                let spent_at = (with & 128 == 0).then_some(height);
                self.handle(Input::FundingSpent { short_channel_id, spent_at });
            }
            _ => {
                self.now += 60 * u32::from(with);
                self.handle(Input::Writable { peer });
            }
        }
    }

    fn answer(&mut self, with: u8) {
        let Some(question) = self.questions.pop_front() else { return };
        let script_pubkey = question.script_pubkey;
        let answer = match with & 3 {
            0 => FundingAnswer::Missing,
            1 => FundingAnswer::Unknown,
            _ => FundingAnswer::Unspent(TxOut { value: Amount::from_sat(with.into()), script_pubkey }),
        };
        self.handle(Input::FundingAnswered { short_channel_id: question.short_channel_id, answer });
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(self.now);
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Verify(piece) => {
                    self.gossip.handle(now, Input::Verified(piece.run(&SECP, &self.ring)));
                }
                Output::CheckFunding(question) => self.questions.push_back(question),
                Output::Read { peer, keys } => {
                    let messages = keys.iter().map(|_| Box::from(&[1u8, 2][..])).collect();
                    self.gossip.handle(now, Input::Read { peer, messages });
                }
                Output::Store(stored) => self.stored.push((stored, now)),
                _ => {}
            }
        }
        assert!(self.gossip.view().channel_count() <= usize::from(CHANNEL_COUNT), "others are not signed");
        let _ = (self.gossip.next_wakeup(), self.gossip.progress());
    }

    fn check_stored(&self) {
        let mut again = Gossip::new(self.config, UnixTime::from_secs(START));
        for (stored, stored_at) in &self.stored {
            let restored = stored.record().restore(CHAIN, *stored_at).expect("it was verified");
            again.restore(&restored).expect("it held when it was stored");
        }
        assert!(again.view() == self.gossip.view());
    }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(TIP + n, 1, 0).expect("it fits")
}

/// What is well signed: channels from the tip on, some of them announced by two pairs of nodes, with updates and nodes.
static WORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let signer = Signer::new(CHAIN);
    let mut words = Vec::new();
    for n in 0..u32::from(CHANNEL_COUNT) {
        let ends = Ends { one: Author(n % 3), two: Author(3 + n % 2) };
        words.push(signer.channel(scid(n), ends));
        if n % 4 == 0 {
            words.push(signer.channel(scid(n), Ends { one: Author(5), two: Author(6) }));
        }
        for (direction, after) in Direction::BOTH.into_iter().flat_map(|way| [(way, 0), (way, 5000)]) {
            words.push(signer.update(scid(n), ends, direction, UnixTime::from_secs(START + after), n));
        }
        words.push(signer.node(Author(n % 7), UnixTime::from_secs(START + n)));
    }
    words
});
static SECP: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const TIP: u32 = 700_000;
const CHANNEL_COUNT: u8 = 16;
