//! Channels and the chain: who invents them pays for them, who tells many waits for room, and nothing that is there is lost.

use std::collections::VecDeque;

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use bitcoin::{Amount, TxOut};
use gossip::admit::PeerId;
use gossip::funding::{FundingAnswer, FundingCheck, FundingQuestion};
use gossip::sync::{
    Config, FUNDING_COUNT_MAX, FUNDING_INBOUND_COUNT_MAX, FUNDING_PEER_COUNT_MAX, Gossip, Input, Output,
    PIECE_SIGNATURES_MAX,
};
use gossip::verify::KeyRing;
use primitives::{BlockHeight, ChainHash, Direction, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const TIP: u32 = 700_000;
const LIAR: PeerId = PeerId::from_u64(1);
const HONEST: PeerId = PeerId::from_u64(2);
const ENDS: Ends = Ends { one: Author(1), two: Author(2) };

/// A core whose signatures are checked at once, and whose questions to the chain wait for an answer.
struct Bench {
    secp: Secp256k1<VerifyOnly>,
    ring: KeyRing,
    signer: Signer,
    gossip: Gossip,
    now: u32,
    questions: VecDeque<FundingQuestion>,
    asked_count: usize,
    checked_count: usize,
    is_paused: bool,
    is_left: bool,
}

impl Bench {
    fn new() -> Self {
        let config = Config { chain_hash: CHAIN, funding: FundingCheck::Chain, verify_thread_count: 1 };
        let mut bench = Bench {
            secp: Secp256k1::verification_only(),
            ring: KeyRing::default(),
            signer: Signer::new(CHAIN),
            gossip: Gossip::new(config, UnixTime::from_secs(START)),
            now: START,
            questions: VecDeque::new(),
            asked_count: 0,
            checked_count: 0,
            is_paused: false,
            is_left: false,
        };
        for peer in [LIAR, HONEST] {
            bench.handle(Input::PeerConnected { peer, is_outbound: true, has_queries: false });
        }
        bench.handle(Input::Block { height: BlockHeight::from_u32(TIP) });
        bench
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(self.now);
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Verify(piece) => {
                    self.checked_count += piece.jobs().len();
                    self.gossip.handle(now, Input::Verified(piece.run(&self.secp, &self.ring)));
                }
                Output::CheckFunding(question) => {
                    self.asked_count += 1;
                    self.questions.push_back(question);
                }
                Output::PauseReading { peer: LIAR } => self.is_paused = true,
                Output::ResumeReading { peer: LIAR } => self.is_paused = false,
                Output::Disconnect { peer, .. } => {
                    assert_eq!(peer, LIAR);
                    self.is_left = true;
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, peer: PeerId, message: &[u8]) {
        self.handle(Input::Message { peer, message });
    }

    /// The chain answers the oldest question; `false` where there is none.
    fn answer(&mut self, answer: impl Fn(&FundingQuestion) -> FundingAnswer) -> bool {
        let Some(question) = self.questions.pop_front() else { return false };
        let (short_channel_id, answer) = (question.short_channel_id, answer(&question));
        self.handle(Input::FundingAnswered { short_channel_id, answer });
        true
    }

    fn channel(&self, n: u32) -> Vec<u8> {
        self.signer.channel(scid(n), ENDS)
    }

    fn channel_count(&self) -> usize {
        self.gossip.view().channel_count()
    }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(TIP - 10, n, 0).unwrap()
}

fn unspent(question: &FundingQuestion) -> FundingAnswer {
    let script_pubkey = question.script_pubkey.clone();
    FundingAnswer::Unspent(TxOut { value: Amount::from_sat(5000), script_pubkey })
}

fn missing(_: &FundingQuestion) -> FundingAnswer {
    FundingAnswer::Missing
}

#[test]
fn who_invents_channels_pays_for_their_signatures() {
    let mut bench = Bench::new();
    let words: Vec<Vec<u8>> = (0..4000).map(|n| bench.channel(n)).collect();
    let mut words = words.iter();
    let secs = 20;
    for _ in 0..secs {
        for _ in 0..1000 {
            if bench.is_paused {
                break;
            }
            let Some(word) = words.next() else { break };
            bench.say(LIAR, word);
            bench.answer(missing);
        }
        while bench.answer(missing) {}
        bench.now += 1;
        bench.handle(Input::Tick);
    }
    // Each costs half a millisecond of a processor, of which the peer has a hundredth.
    assert!(bench.checked_count <= 20 * secs + FUNDING_PEER_COUNT_MAX, "{} checks", bench.checked_count);
    assert!(bench.checked_count >= 10 * secs && !bench.is_left, "{} checks", bench.checked_count);
    // Others have their channels meanwhile.
    let word = bench.channel(9000);
    bench.say(HONEST, &word);
    while bench.answer(unspent) {}
    assert_eq!(bench.gossip.view().channel(scid(9000)).map(|channel| channel.updates), Some([None, None]));
}

#[test]
fn what_the_chain_has_refused_is_not_looked_at_again_before_the_next_block() {
    let mut bench = Bench::new();
    let word = bench.channel(1);
    bench.say(LIAR, &word);
    // As long as the chain is asked, the same one waits.
    bench.say(HONEST, &word);
    assert_eq!((bench.checked_count, bench.asked_count), (1, 1));
    assert!(bench.answer(missing));
    for peer in [LIAR, HONEST, LIAR] {
        bench.say(peer, &word);
    }
    assert_eq!((bench.checked_count, bench.asked_count), (1, 1));
    // Other keys at the same place are another output.
    let mut announcement = bench.signer.channel(scid(1), ENDS);
    let other = Signer::new(CHAIN).channel(scid(2), ENDS);
    let keys = announcement.len() - 66..announcement.len();
    announcement[keys.clone()].copy_from_slice(&other[keys]);
    bench.say(LIAR, &announcement);
    assert_eq!((bench.checked_count, bench.is_left), (2, true));

    bench.handle(Input::Block { height: BlockHeight::from_u32(TIP + 1) });
    bench.say(HONEST, &word);
    assert_eq!((bench.checked_count, bench.asked_count), (3, 2));
    assert!(bench.answer(unspent));
    assert_eq!(bench.channel_count(), 1);
}

#[test]
fn what_is_far_above_the_tip_is_not_asked_for() {
    let mut bench = Bench::new();
    for (above, asked_count) in [(7, 0), (1 << 20, 0), (6, 1), (1, 2)] {
        let word = bench.signer.channel(ShortChannelId::from_parts(TIP + above, 0, 0).unwrap(), ENDS);
        bench.say(LIAR, &word);
        assert_eq!((bench.checked_count, bench.asked_count), (asked_count, asked_count), "{above}");
    }
    // What the chain does not know yet is paid for, and nobody is blamed.
    for n in 0..30 {
        let word = bench.signer.channel(ShortChannelId::from_parts(TIP + 5, n, 0).unwrap(), ENDS);
        bench.say(LIAR, &word);
        while bench.answer(|_| FundingAnswer::Unknown) {}
    }
    assert!(bench.is_paused && !bench.is_left && bench.asked_count < 20, "{}", bench.asked_count);
}

#[test]
fn a_peer_waits_for_its_share_of_the_chain_and_nothing_is_lost() {
    let mut bench = Bench::new();
    let words: Vec<Vec<u8>> = (0..3000).map(|n| bench.channel(n)).collect();
    let mut said_count = 0;
    for word in &words {
        if bench.is_paused {
            break;
        }
        bench.say(LIAR, word);
        said_count += 1;
    }
    assert!(bench.is_paused && said_count < 1000, "{said_count} said");
    assert!(bench.asked_count < 2 * FUNDING_PEER_COUNT_MAX, "{} asked", bench.asked_count);
    // It keeps nobody out.
    let before = bench.asked_count;
    let word = bench.channel(9000);
    bench.say(HONEST, &word);
    assert_eq!(bench.asked_count, before + 1);
    while bench.answer(unspent) {}
    assert!(!bench.is_paused);
    for word in &words[said_count..] {
        bench.say(LIAR, word);
        bench.answer(unspent);
    }
    while bench.answer(unspent) {}
    assert_eq!((bench.channel_count(), bench.checked_count), (3001, 3001));
}

#[test]
fn strangers_share_a_small_part_of_the_room_and_keep_nobody_out_who_was_chosen() {
    const EACH: u32 = 100;
    let mut bench = Bench::new();
    // However many names there are, and whoever has left meanwhile.
    for n in 0..10 {
        let peer = PeerId::from_u64(10 + u64::from(n));
        bench.handle(Input::PeerConnected { peer, is_outbound: false, has_queries: false });
        for word in 0..EACH {
            let word = bench.channel(n * EACH + word);
            bench.say(peer, &word);
        }
        if n == 0 {
            bench.handle(Input::PeerDisconnected { peer });
        }
    }
    let most = FUNDING_INBOUND_COUNT_MAX + PIECE_SIGNATURES_MAX;
    assert!((FUNDING_INBOUND_COUNT_MAX..=most).contains(&bench.asked_count), "{} asked", bench.asked_count);
    let before = bench.asked_count;
    let word = bench.channel(9000);
    bench.say(HONEST, &word);
    assert_eq!(bench.asked_count, before + 1);
    // What strangers who are still there have told is looked for when there is room.
    while bench.answer(unspent) {}
    let of_who_left =
        bench.gossip.view().channels_from(scid(0)).take_while(|(id, _)| *id < scid(EACH)).count();
    assert!((FUNDING_PEER_COUNT_MAX..EACH as usize).contains(&of_who_left), "{of_who_left}");
    assert_eq!(bench.channel_count(), of_who_left + 9 * EACH as usize + 1);
}

#[test]
fn all_peers_together_have_so_many_questions_and_nothing_is_lost() {
    const EACH: u32 = FUNDING_PEER_COUNT_MAX as u32;
    let peer_count = 10 + FUNDING_COUNT_MAX as u32 / EACH;
    let mut bench = Bench::new();
    for n in 0..peer_count {
        let peer = PeerId::from_u64(10 + u64::from(n));
        bench.handle(Input::PeerConnected { peer, is_outbound: true, has_queries: false });
        for word in 0..EACH {
            let word = bench.channel(n * EACH + word);
            bench.say(peer, &word);
        }
    }
    let most = FUNDING_COUNT_MAX + PIECE_SIGNATURES_MAX;
    assert!((FUNDING_COUNT_MAX..=most).contains(&bench.asked_count), "{} asked", bench.asked_count);
    while bench.answer(unspent) {}
    assert_eq!(bench.channel_count(), (peer_count * EACH) as usize);
}

#[test]
fn a_chain_that_gives_no_answers_holds_nobody_up() {
    let mut bench = Bench::new();
    let word = bench.channel(9000);
    bench.say(LIAR, &word);
    bench.answer(unspent);
    let words: Vec<Vec<u8>> = (0..600).map(|n| bench.channel(n)).collect();
    for word in &words {
        if bench.is_paused {
            break;
        }
        bench.say(LIAR, word);
    }
    let time = UnixTime::from_secs(START);
    let update = bench.signer.update(scid(9000), ENDS, Direction::NodeOneToTwo, time, 7);
    bench.say(LIAR, &update);
    assert!(bench.gossip.view().channel(scid(9000)).unwrap().updates[0].is_none(), "it waits behind others");
    // One answer every few seconds.
    for _ in 0..60 {
        bench.answer(|_| FundingAnswer::Unknown);
        bench.now += 5;
        bench.handle(Input::Tick);
    }
    assert!(bench.gossip.view().channel(scid(9000)).unwrap().updates[0].is_some());
    assert!(!bench.is_paused);
}
