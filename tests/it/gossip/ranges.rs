//! Answers to our question which channels there are: they go on, come to an end, and cost the peer what teaches nothing.

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::sync::{ANSWER_SECS_MAX, Config, DisconnectReason, Gossip, Input, Output, RESYNC_SECS};
use gossip::verify::KeyRing;
use primitives::wire::{
    QueryChannelRange, QueryShortChannelIds, ReplyChannelRange, ReplyShortChannelIdsEnd, ShortIds,
    WireMessage, message_type,
};
use primitives::{ChainHash, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const START: u32 = 1_700_000_000;
const CHOSEN: PeerId = PeerId::from_u64(1);
const STRANGER: PeerId = PeerId::from_u64(2);
const ALL_BLOCKS: u32 = 1 << 24;

struct Asker {
    gossip: Gossip,
    now: u32,
    is_paused: bool,
    left: Option<DisconnectReason>,
    ranges_asked: usize,
    ids_asked: Vec<(PeerId, ShortChannelId)>,
}

impl Asker {
    fn new(peer: PeerId) -> Self {
        let config = Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 };
        let gossip = Gossip::new(config, UnixTime::from_secs(START));
        let mut asker = Asker {
            gossip,
            now: START,
            is_paused: false,
            left: None,
            ranges_asked: 0,
            ids_asked: Vec::new(),
        };
        let is_outbound = peer == CHOSEN;
        asker.handle(Input::PeerConnected { peer, is_outbound, has_queries: true });
        asker
    }

    fn handle(&mut self, input: Input<'_>) {
        let now = UnixTime::from_secs(self.now);
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::PauseReading { .. } => self.is_paused = true,
                Output::ResumeReading { .. } => self.is_paused = false,
                Output::Disconnect { reason, .. } => self.left = Some(reason),
                Output::Send { message, .. } if message_type(&message) == Some(QueryChannelRange::TYPE) => {
                    self.ranges_asked += 1;
                }
                Output::Send { peer, message }
                    if message_type(&message) == Some(QueryShortChannelIds::TYPE) =>
                {
                    let query = QueryShortChannelIds::decode(&message[2..]).unwrap();
                    self.ids_asked.extend(query.short_channel_ids.iter().map(|id| (peer, id)));
                }
                Output::Verify(piece) => {
                    let checked = piece.run(&Secp256k1::verification_only(), &KeyRing::default());
                    self.gossip.handle(now, Input::Verified(checked));
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, peer: PeerId, message: &[u8]) {
        self.handle(Input::Message { peer, message });
    }
}

fn scid(block: u32, n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(block, n, 0).unwrap()
}

/// A part of an answer; `times` are those of both updates of each channel, where they are told.
fn part_of(first_blocknum: u32, is_last: bool, ids: &[ShortChannelId], times: Option<&[u32]>) -> Vec<u8> {
    let packed = ShortIds::pack(ids.iter().copied());
    let pair = |time: &u32| [time.to_be_bytes(), time.to_be_bytes()].concat();
    let times = times.map(|times| times.iter().flat_map(pair).collect::<Vec<u8>>());
    ReplyChannelRange {
        chain_hash: CHAIN,
        first_blocknum,
        number_of_blocks: if is_last { ALL_BLOCKS - first_blocknum } else { 1 },
        sync_complete: is_last,
        short_channel_ids: ShortIds::from_packed(&packed).unwrap(),
        timestamps: times.as_deref(),
        checksums: None,
    }
    .to_bytes()
}

/// The same, where `time` is that of all of them.
fn part(first_blocknum: u32, is_last: bool, ids: &[ShortChannelId], time: Option<u32>) -> Vec<u8> {
    let times = time.map(|time| vec![time; ids.len()]);
    part_of(first_blocknum, is_last, ids, times.as_deref())
}

#[test]
fn an_answer_that_goes_back_or_never_ends_is_none() {
    let mut asker = Asker::new(CHOSEN);
    // Parts of one block, as nodes of old have them, are allowed.
    for block in [5, 5, 6, 5] {
        assert_eq!(asker.left, None);
        asker.say(CHOSEN, &part(block, false, &[], None));
    }
    assert_eq!(asker.left, Some(DisconnectReason::OutOfTurn));

    let mut asker = Asker::new(CHOSEN);
    let mut count = 0;
    while asker.left.is_none() {
        asker.say(CHOSEN, &part(7, false, &[], None));
        count += 1;
        assert!(count < 5000);
    }
    assert_eq!(asker.left, Some(DisconnectReason::OutOfTurn));
}

#[test]
fn claims_of_stale_channels_are_paid_for() {
    let mut asker = Asker::new(CHOSEN);
    let ids: Vec<ShortChannelId> = (0..2500).map(|n| scid(700_000, n)).collect();
    let (message, fresh) =
        (part(700_000, false, &ids, Some(9)), part(700_000, false, &ids[..9], Some(START)));
    let mut said_count = 0;
    for _ in 0..20 {
        while !asker.is_paused {
            asker.say(CHOSEN, &message);
            said_count += 1;
            assert!(said_count < 2000);
        }
        asker.now += 1;
        asker.handle(Input::Tick);
    }
    // Each takes some half a millisecond, of which the peer has ten in a second.
    assert!(said_count < 20 * 20, "{said_count}");
    assert_eq!((asker.left, asker.gossip.progress().wanted_count), (None, 0));
    // What teaches is free.
    while asker.is_paused {
        asker.now += 1;
        asker.handle(Input::Tick);
    }
    asker.say(CHOSEN, &fresh);
    assert!(!asker.is_paused && asker.gossip.progress().wanted_count == 9);
}

#[test]
fn one_fresh_channel_does_not_pay_for_thousands_that_are_stale() {
    let mut asker = Asker::new(STRANGER);
    let mut said_count = 0;
    while !asker.is_paused {
        let stale = (0..2500).map(|n| (scid(700_000, n), 9));
        let claims = stale.chain([(scid(700_001 + said_count, 1), START)]);
        let (ids, times): (Vec<ShortChannelId>, Vec<u32>) = claims.unzip();
        asker.say(STRANGER, &part_of(700_000 + said_count, false, &ids, Some(&times)));
        said_count += 1;
        assert!(said_count < 500);
    }
    assert!(said_count < 10, "each takes half a millisecond of the two that a stranger has: {said_count}");
}

/// Sixteen strangers are asked for all that another one claims too, but one channel: that is found, however long it takes to
/// look through the others; and what nobody tells is asked of another one.
#[test]
fn what_others_were_asked_for_is_asked_again_when_they_leave() {
    const EACH: u32 = 500;
    let peer = PeerId::from_u64;
    let mut asker = Asker::new(peer(1));
    for n in 2..=16 {
        asker.handle(Input::PeerConnected { peer: peer(n), is_outbound: false, has_queries: true });
    }
    let of = |n: u32| (0..EACH).map(move |at| scid(1000 + n, at));
    for n in 1..=16 {
        let ids: Vec<ShortChannelId> = of(n).collect();
        asker.say(peer(n.into()), &part(1000 + n, true, &ids, None));
    }
    assert_eq!(asker.ids_asked.len(), 16 * EACH as usize);
    asker.handle(Input::PeerConnected { peer: peer(99), is_outbound: false, has_queries: true });
    let mut claims: Vec<ShortChannelId> = (1..=16).flat_map(of).collect();
    claims.push(scid(5000, 1));
    for (at, ids) in claims.chunks(2000).enumerate() {
        asker.say(peer(99), &part(1000 + at as u32, ids.len() < 2000, ids, None));
    }
    for _ in 0..10 {
        asker.handle(Input::Tick);
    }
    assert_eq!(asker.ids_asked.last(), Some(&(peer(99), scid(5000, 1))));
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true };
    asker.say(peer(99), &end.to_bytes());
    let asked_before = asker.ids_asked.len();
    asker.handle(Input::PeerDisconnected { peer: peer(7) });
    for _ in 0..10 {
        asker.handle(Input::Tick);
    }
    let asked: Vec<(PeerId, ShortChannelId)> = of(7).map(|id| (peer(99), id)).collect();
    assert_eq!(asker.ids_asked[asked_before..], asked);
}

/// The answer of a stranger may drip for as long as it goes on, which keeps nobody from being asked that we chose.
#[test]
fn what_a_stranger_was_asked_for_is_asked_of_one_that_was_chosen() {
    let mut asker = Asker::new(STRANGER);
    let [other_stranger, other_chosen] = [3, 4].map(PeerId::from_u64);
    let (ids, more) = ((0..300).map(|n| scid(700_000, n)).collect::<Vec<_>>(), scid(700_001, 0));
    let of = |peer: PeerId| ids.iter().map(|id| (peer, *id)).collect::<Vec<_>>();
    asker.say(STRANGER, &part(0, true, &ids, None));
    assert_eq!(std::mem::take(&mut asker.ids_asked), of(STRANGER));
    // What nobody was asked for comes first.
    asker.handle(Input::PeerConnected { peer: CHOSEN, is_outbound: true, has_queries: true });
    asker.say(CHOSEN, &part(0, true, &[&ids[..], &[more][..]].concat(), None));
    assert_eq!(std::mem::take(&mut asker.ids_asked), [(CHOSEN, more)]);
    asker.say(CHOSEN, &ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes());
    assert_eq!(std::mem::take(&mut asker.ids_asked), of(CHOSEN));
    // What one that was chosen is asked for, nobody else is.
    for (peer, is_outbound) in [(other_stranger, false), (other_chosen, true)] {
        asker.handle(Input::PeerConnected { peer, is_outbound, has_queries: true });
        asker.say(peer, &part(0, true, &ids, None));
        // It is compared with once more, for there is nothing to ask it for.
        asker.say(peer, &part(0, true, &[], None));
    }
    asker.handle(Input::PeerDisconnected { peer: STRANGER });
    assert_eq!((asker.left, asker.ids_asked.len()), (None, 0));
    asker.handle(Input::PeerDisconnected { peer: CHOSEN });
    assert_eq!(asker.ids_asked, [of(other_stranger), of(other_chosen)].concat());
}

#[test]
fn a_stranger_may_claim_less_than_who_was_chosen() {
    let claimed = |peer| {
        let mut asker = Asker::new(peer);
        for block in 0..10 {
            let ids: Vec<ShortChannelId> = (0..2500).map(|n| scid(block, n)).collect();
            asker.say(peer, &part(block, false, &ids, None));
        }
        asker.gossip.progress().wanted_count
    };
    assert_eq!((claimed(CHOSEN), claimed(STRANGER)), (25_000, 8192));
}

/// Says that there are `ids`, and answers every question for them with nothing.
fn claim(asker: &mut Asker, peer: PeerId, ids: &[ShortChannelId]) {
    asker.say(peer, &part(0, true, ids, None));
    let end = ReplyShortChannelIdsEnd { chain_hash: CHAIN, full_information: true }.to_bytes();
    for _ in 0..ids.len().div_ceil(500) {
        asker.say(peer, &end);
    }
}

#[test]
fn one_is_synced_when_asking_again_does_not_help() {
    let ids: Vec<ShortChannelId> = (0..100).map(|n| scid(700_000, n)).collect();
    // The second comparison finds nothing, or the same once more: the peer cannot tell.
    for second in [&ids[..0], &ids[..]] {
        let mut asker = Asker::new(CHOSEN);
        claim(&mut asker, CHOSEN, &ids);
        assert!(!asker.gossip.progress().is_synced && asker.ranges_asked == 2);
        claim(&mut asker, CHOSEN, second);
        assert!(asker.gossip.progress().is_synced && asker.ranges_asked == 2);
    }
    // Less and less, more often than one repeats: there is more to find, and the next comparison is due in an hour.
    let mut asker = Asker::new(CHOSEN);
    for less in 0..9 {
        assert_eq!(asker.ranges_asked, less + 1);
        claim(&mut asker, CHOSEN, &ids[less..]);
        assert!(!asker.gossip.progress().is_synced);
    }
    assert_eq!(asker.ranges_asked, 9);
    asker.now += RESYNC_SECS;
    asker.handle(Input::Tick);
    assert_eq!(asker.ranges_asked, 10);
    claim(&mut asker, CHOSEN, &[]);
    assert!(asker.gossip.progress().is_synced);
}

#[test]
fn strangers_do_not_say_whether_we_are_synced() {
    let mut asker = Asker::new(CHOSEN);
    claim(&mut asker, CHOSEN, &[]);
    asker.handle(Input::PeerConnected { peer: STRANGER, is_outbound: false, has_queries: true });
    asker.say(STRANGER, &part(0, false, &[scid(1, 1)], None));
    assert!(asker.gossip.progress().is_synced && asker.gossip.progress().wanted_count == 1);
    asker.handle(Input::PeerDisconnected { peer: CHOSEN });
    assert!(!asker.gossip.progress().is_synced);
}

#[test]
fn who_tells_all_instead_of_an_answer_is_not_silent_meanwhile() {
    let (mut asker, signer) = (Asker::new(CHOSEN), Signer::new(CHAIN));
    let ids: Vec<ShortChannelId> = (0..800).map(|n| scid(700_000, n)).collect();
    asker.say(CHOSEN, &part(0, true, &ids, None));
    // The last ones first, which it was not asked for yet, one in a minute.
    for id in ids[790..].iter().rev() {
        asker.now += ANSWER_SECS_MAX - 1;
        asker.say(CHOSEN, &signer.channel(*id, Ends { one: Author(1), two: Author(2) }));
        assert!(!asker.gossip.progress().is_synced);
    }
    asker.now += ANSWER_SECS_MAX + 1;
    asker.handle(Input::Tick);
    assert!(asker.left.is_none() && asker.gossip.progress().is_synced);
    assert_eq!(asker.gossip.view().channel_count(), 10);
}
