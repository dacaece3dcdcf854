//! The rules of the view: any order of messages ends the same, and what is out of time or too much changes nothing.

use bitcoin::secp256k1::Secp256k1;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{Config, Gossip};
use gossip::verify::{Candidate, KeyRing, VerifiedGossip, VerifyJob};
use gossip::view::{CLOSE_DELAY_BLOCKS, NetworkView, Refusal, STALE_SECS, Standing, UPDATE_BURST};
use primitives::{BlockHeight, ChainHash, Direction, GraphDelta, Msat, ShortChannelId, UnixTime};
use proptest::prelude::*;
use tests::signed::{Author, Ends, Signer};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 5), two: Author(n % 5 + 1 + n % 3) }
}

fn scid(n: u32) -> ShortChannelId {
    ShortChannelId::from_parts(700_000 + n, 1, 0).unwrap()
}

fn candidate(message: &[u8]) -> Candidate {
    Candidate::parse(message, ChainHash::REGTEST).unwrap().unwrap()
}

fn verify(job: VerifyJob) -> VerifiedGossip {
    let secp = Secp256k1::verification_only();
    VerifyJob::run_all(&secp, &KeyRing::default(), vec![job]).remove(0).unwrap()
}

/// Takes a message as a node would that knows no waiting room.
fn take(view: &mut NetworkView, message: &[u8], now: UnixTime) -> Result<GraphDelta, Refusal> {
    let candidate = candidate(message);
    let job = match view.standing(candidate.subject(), now)? {
        Standing::News { signer: Some(signer) } => VerifyJob::update(candidate, signer),
        Standing::News { signer: None } => VerifyJob::announcement(candidate),
        Standing::NeedsChannel(short_channel_id) => return Err(Refusal::NoChannel { short_channel_id }),
        Standing::NeedsNode(node_id) => return Err(Refusal::NoNode { node_id }),
    };
    match verify(job.unwrap()) {
        VerifiedGossip::Channel(channel) => view.apply_channel(&channel, Msat::from_sat(5), now),
        VerifiedGossip::Update(update) => view.apply_update(&update, now),
        VerifiedGossip::Node(node) => view.apply_node(&node, now),
    }
}

/// Everything until nothing changes any more, as if what came too early waited.
fn take_all(messages: &[Vec<u8>]) -> NetworkView {
    let mut view = NetworkView::default();
    let mut left: Vec<&Vec<u8>> = messages.iter().collect();
    loop {
        let before = left.len();
        left.retain(|message| take(&mut view, message, NOW).is_err());
        if left.len() == before {
            return view;
        }
    }
}

fn world(signer: &Signer) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for n in 0..6 {
        messages.push(signer.channel(scid(n), ends(n)));
        for direction in Direction::BOTH {
            for time in 0..3 {
                // Two contents with one time, too.
                let time = UnixTime::from_secs(NOW.to_secs() - 50 + time / 2);
                messages.push(signer.update(scid(n), ends(n), direction, time, n + messages.len() as u32));
            }
        }
    }
    for n in 0..8 {
        for time in [10, 20] {
            messages.push(signer.node(Author(n), UnixTime::from_secs(NOW.to_secs() - time)));
        }
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_order_and_any_repetition_end_the_same(
        shuffled in Just(world(&Signer::new(ChainHash::REGTEST))).prop_shuffle(),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let expected = take_all(&world(&Signer::new(ChainHash::REGTEST)));
        prop_assert_eq!(expected.channel_count(), 6);
        let mut messages = shuffled.clone();
        for (at, which) in again.iter().enumerate() {
            messages.insert(at * 2, which.get(&shuffled).clone());
        }
        prop_assert!(take_all(&messages) == expected);
    }
}

#[test]
fn times_are_bounded_on_both_sides() {
    let (signer, mut view) = (Signer::new(ChainHash::REGTEST), NetworkView::default());
    take(&mut view, &signer.channel(scid(1), ends(1)), NOW).unwrap();
    let mut at = |offset: i64| {
        let time = UnixTime::from_secs((i64::from(NOW.to_secs()) + offset) as u32);
        let update = signer.update(scid(1), ends(1), Direction::NodeOneToTwo, time, 1);
        take(&mut view, &update, NOW).map(|_| ())
    };
    let stale = i64::from(STALE_SECS);
    assert_eq!(at(-stale - 1), Err(Refusal::Stale));
    assert_eq!(at(-stale), Ok(()));
    assert_eq!(at(-stale), Err(Refusal::Known));
    assert_eq!(at(24 * 3600), Ok(()));
    assert_eq!(at(24 * 3600 + 1), Err(Refusal::Future));
    assert_eq!(at(0), Err(Refusal::Known));
}

#[test]
fn a_direction_may_change_so_often_and_no_more() {
    let (signer, mut view) = (Signer::new(ChainHash::REGTEST), NetworkView::default());
    take(&mut view, &signer.channel(scid(1), ends(1)), NOW).unwrap();
    let mut update = |n: u32, direction, wait: u32| {
        let message = signer.update(scid(1), ends(1), direction, UnixTime::from_secs(NOW.to_secs() + n), n);
        take(&mut view, &message, UnixTime::from_secs(NOW.to_secs() + wait)).map(|_| ())
    };
    let burst = u32::from(UPDATE_BURST);
    for n in 0..burst {
        assert_eq!(update(n, Direction::NodeOneToTwo, 0), Ok(()));
    }
    assert_eq!(update(burst, Direction::NodeOneToTwo, 59), Err(Refusal::TooOften));
    assert_eq!(update(burst, Direction::NodeTwoToOne, 59), Ok(()));
    assert_eq!(update(burst, Direction::NodeOneToTwo, 60), Ok(()));
}

#[test]
fn a_node_may_announce_itself_so_often_and_no_more() {
    let (signer, mut view) = (Signer::new(ChainHash::REGTEST), NetworkView::default());
    take(&mut view, &signer.channel(scid(1), ends(1)), NOW).unwrap();
    let mut announce = |n: u32, wait: u32| {
        let message = signer.node(ends(1).one, UnixTime::from_secs(NOW.to_secs() + n));
        take(&mut view, &message, UnixTime::from_secs(NOW.to_secs() + wait)).map(|_| ())
    };
    let burst = u32::from(UPDATE_BURST);
    for n in 0..burst {
        assert_eq!(announce(n, 0), Ok(()));
    }
    assert_eq!(announce(burst, 59), Err(Refusal::TooOften));
    assert_eq!(announce(burst, 60), Ok(()));
    assert_eq!(announce(burst, 60), Err(Refusal::Known));
}

/// A live view with all that it has admitted, as the log keeps it, which is stored in another second than it was taken in.
struct Admitted {
    signer: Signer,
    view: NetworkView,
    log: Vec<(Vec<u8>, UnixTime)>,
}

impl Admitted {
    fn take(&mut self, message: Vec<u8>, taken: u32, stored: u32) -> Result<(), Refusal> {
        take(&mut self.view, &message, after(taken))?;
        self.log.push((message, after(stored)));
        Ok(())
    }

    fn update(&self, n: u32) -> Vec<u8> {
        self.signer.update(scid(1), ends(1), Direction::NodeOneToTwo, after(n), n)
    }

    fn node(&self, n: u32) -> Vec<u8> {
        self.signer.node(ends(1).one, after(n))
    }

    /// The views of who restores the log at a start, and of who follows it.
    fn again(&self) -> [NetworkView; 2] {
        let (chain_hash, funding) = (ChainHash::REGTEST, FundingCheck::Nobody);
        let mut gossip = Gossip::new(Config { chain_hash, funding, verify_thread_count: 1 }, NOW);
        let mut followed = NetworkView::default();
        for (message, stored_at) in &self.log {
            let record = match message[1] {
                0 => Record::Channel { capacity: Some(Msat::from_msat(5000)), message },
                1 => Record::Node { message },
                _ => Record::Update { message },
            };
            let restored = record.restore(chain_hash, *stored_at).unwrap();
            let change = gossip.restore(&restored).expect("it was admitted");
            assert_eq!(restored.apply(&mut followed), Ok(change));
        }
        [gossip.view().clone(), followed]
    }
}

fn after(secs: u32) -> UnixTime {
    UnixTime::from_secs(NOW.to_secs() + secs)
}

#[test]
fn what_was_admitted_comes_back_in_whatever_second_it_was_stored() {
    let signer = Signer::new(ChainHash::REGTEST);
    let mut live = Admitted { signer, view: NetworkView::default(), log: Vec::new() };
    let burst = u32::from(UPDATE_BURST);
    live.take(live.signer.channel(scid(1), ends(1)), 0, 0).unwrap();
    for n in 0..burst {
        live.take(live.update(n), 0, 1).unwrap();
        live.take(live.node(n), 0, 1).unwrap();
    }
    // A minute after the burst was taken, and not yet one after it was stored.
    live.take(live.update(burst), 60, 60).unwrap();
    live.take(live.node(burst), 60, 60).unwrap();
    for mut view in live.again() {
        assert!(view == live.view);
        // What came back is counted.
        for message in [live.update(burst + 1), live.node(burst + 1)] {
            assert_eq!(take(&mut view, &message, after(60)), Err(Refusal::TooOften));
            assert!(take(&mut view, &message, after(120)).is_ok());
        }
    }
}

#[test]
fn what_was_in_time_when_it_was_taken_comes_back_too() {
    let signer = Signer::new(ChainHash::REGTEST);
    let mut live = Admitted { signer, view: NetworkView::default(), log: Vec::new() };
    live.take(live.signer.channel(scid(1), ends(1)), 0, 0).unwrap();
    live.take(live.update(7), STALE_SECS + 7, STALE_SECS + 8).unwrap();
    assert_eq!(live.take(live.update(8), STALE_SECS + 9, STALE_SECS + 9), Err(Refusal::Stale));
    for view in live.again() {
        assert!(view == live.view);
    }
}

#[test]
fn channels_leave_when_stale_or_closed() {
    let (signer, mut view) = (Signer::new(ChainHash::REGTEST), NetworkView::default());
    for n in 0..3 {
        take(&mut view, &signer.channel(scid(n), ends(n)), NOW).unwrap();
    }
    for direction in Direction::BOTH {
        let later = UnixTime::from_secs(NOW.to_secs() + 100);
        take(&mut view, &signer.update(scid(1), ends(1), direction, later, 1), NOW).unwrap();
    }
    let later = UnixTime::from_secs(NOW.to_secs() + 100);
    take(&mut view, &signer.update(scid(2), ends(2), Direction::NodeOneToTwo, later, 1), NOW).unwrap();
    let closed = |n| GraphDelta::ChannelClosed { short_channel_id: scid(n) };
    assert_eq!(view.prune(UnixTime::from_secs(NOW.to_secs() + STALE_SECS)), []);
    // One had no update, of the other one direction had none.
    assert_eq!(view.prune(UnixTime::from_secs(NOW.to_secs() + STALE_SECS + 1)), [closed(0), closed(2)]);
    assert_eq!((view.channel_count(), view.node_count()), (1, 2));
    let height = BlockHeight::from_u32;
    view.set_spent(scid(1), Some(height(800_000)));
    assert_eq!(view.advance(height(800_000 + CLOSE_DELAY_BLOCKS - 1)), []);
    view.set_spent(scid(1), None);
    assert_eq!(view.advance(height(800_000 + CLOSE_DELAY_BLOCKS)), []);
    assert!(view.set_spent(scid(1), Some(height(800_001))), "news");
    // Who only finds it gone says so of a later block.
    assert!(!view.set_spent(scid(1), Some(height(800_009))), "known");
    assert!(!view.set_spent(scid(7), Some(height(800_009))), "of no channel");
    assert_eq!(view.advance(height(800_001 + CLOSE_DELAY_BLOCKS)), [closed(1)]);
    assert_eq!((view.channel_count(), view.node_count()), (0, 0));
}

#[test]
fn two_announcements_of_one_output_close_the_channel_for_good() {
    let signer = Signer::new(ChainHash::REGTEST);
    let (one, other) = (signer.channel(scid(1), ends(1)), signer.channel(scid(1), ends(3)));
    for [first, second] in [[&one, &other], [&other, &one]] {
        let mut view = NetworkView::default();
        take(&mut view, first, NOW).unwrap();
        let conflict = Refusal::Conflict { short_channel_id: scid(1) };
        let closed = GraphDelta::ChannelClosed { short_channel_id: scid(1) };
        assert_eq!(take(&mut view, second, NOW), Ok(closed));
        assert_eq!(view.channel_count(), 0);
        assert_eq!(take(&mut view, first, NOW), Err(conflict));
    }
}
