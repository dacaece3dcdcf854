//! Whose messages are checked next: in small pieces, in turns by signatures, and none of a name twice at a time.

use bitcoin::secp256k1::Secp256k1;
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{
    Config, DisconnectReason, Gossip, Input, Output, PIECE_SIGNATURES_MAX, PIECES_PER_THREAD,
};
use gossip::verify::{KeyRing, VerifyPiece};
use primitives::{BlockHeight, ChainHash, Direction, Msat, ShortChannelId, UnixTime};
use tests::signed::{Author, Ends, Signer};

const CHAIN: ChainHash = ChainHash::REGTEST;
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const LOUD: PeerId = PeerId::from_u64(1);
const QUIET: PeerId = PeerId::from_u64(2);
/// Signatures of one piece, and what the last message has more than one.
const SIGNATURES_MAX: usize = PIECE_SIGNATURES_MAX + 3;

fn core(verify_thread_count: usize) -> Gossip {
    core_with(FundingCheck::Nobody, verify_thread_count)
}

fn core_with(funding: FundingCheck, verify_thread_count: usize) -> Gossip {
    let config = Config { chain_hash: CHAIN, funding, verify_thread_count };
    let mut gossip = Gossip::new(config, NOW);
    for peer in [LOUD, QUIET] {
        gossip.handle(NOW, Input::PeerConnected { peer, is_outbound: true, has_queries: false });
    }
    gossip
}

fn channel(signer: &Signer, n: u32) -> Vec<u8> {
    let ends = Ends { one: Author(n % 7), two: Author(10 + n % 5) };
    signer.channel(ShortChannelId::from_parts(700_000, n, 0).unwrap(), ends)
}

/// The pieces that leave, and who is left.
fn outputs(gossip: &mut Gossip) -> (Vec<VerifyPiece>, Option<(PeerId, DisconnectReason)>) {
    let (mut pieces, mut left) = (Vec::new(), None);
    while let Some(output) = gossip.poll_output() {
        match output {
            Output::Verify(piece) => pieces.push(piece),
            Output::Disconnect { peer, reason } => left = Some((peer, reason)),
            _ => {}
        }
    }
    (pieces, left)
}

fn says(piece: &VerifyPiece, message: &[u8]) -> bool {
    piece.jobs().iter().any(|job| job.candidate().message() == message)
}

#[test]
fn who_says_little_waits_for_what_is_under_way_alone() {
    let (signer, secp, ring) = (Signer::new(CHAIN), Secp256k1::verification_only(), KeyRing::default());
    for thread_count in [1, 2, 5] {
        let mut gossip = core(thread_count);
        for n in 0..400 {
            gossip.handle(NOW, Input::Message { peer: LOUD, message: &channel(&signer, n) });
        }
        let word = channel(&signer, 1000);
        let (mut pieces, _) = outputs(&mut gossip);
        assert_eq!(pieces.len(), thread_count * PIECES_PER_THREAD);
        gossip.handle(NOW, Input::Message { peer: QUIET, message: &word });
        assert!(outputs(&mut gossip).0.is_empty(), "all threads have their work");
        gossip.handle(NOW, Input::Verified(pieces.remove(0).run(&secp, &ring)));
        let (next, _) = outputs(&mut gossip);
        assert!(next.len() == 1 && says(&next[0], &word), "it is in the next piece");
        pieces.extend(next);
        let mut checked_count = 1;
        while let Some(piece) = pieces.pop() {
            let count: usize = piece.jobs().iter().map(|job| job.signature_count()).sum();
            assert!(count <= SIGNATURES_MAX, "{count} signatures");
            checked_count += piece.jobs().len();
            gossip.handle(NOW, Input::Verified(piece.run(&secp, &ring)));
            pieces.extend(outputs(&mut gossip).0);
        }
        assert_eq!((checked_count, gossip.view().channel_count()), (401, 401));
    }
}

#[test]
fn the_same_news_of_two_peers_are_checked_once_and_a_wrong_one_keeps_no_right_one_out() {
    let (signer, secp, ring) = (Signer::new(CHAIN), Secp256k1::verification_only(), KeyRing::default());
    let right = channel(&signer, 1);
    let mut wrong = right.clone();
    wrong[10] ^= 1;
    for (first, is_right) in [(&right, true), (&wrong, false)] {
        let mut gossip = core(2);
        for (peer, message) in [(LOUD, first), (QUIET, &right)] {
            gossip.handle(NOW, Input::Message { peer, message });
        }
        let (mut pieces, _) = outputs(&mut gossip);
        assert!(pieces.len() == 1 && pieces[0].jobs().len() == 1 && says(&pieces[0], first));
        gossip.handle(NOW, Input::Verified(pieces.remove(0).run(&secp, &ring)));
        let (mut pieces, left) = outputs(&mut gossip);
        assert_eq!((pieces.is_empty(), left.is_none()), (is_right, is_right));
        if let Some(piece) = pieces.pop() {
            assert!(says(&piece, &right) && left.is_some_and(|(peer, _)| peer == LOUD));
            gossip.handle(NOW, Input::Verified(piece.run(&secp, &ring)));
        }
        assert_eq!(gossip.view().channel_count(), 1);
    }
}

#[test]
fn who_tells_the_true_update_of_an_invented_channel_is_not_left_for_it() {
    let (signer, secp, ring) = (Signer::new(CHAIN), Secp256k1::verification_only(), KeyRing::default());
    let mut gossip = core(1);
    // Nobody asks the chain, so that anybody may say whose the channel is.
    let id = ShortChannelId::from_parts(700_000, 1, 0).unwrap();
    let [invented, true_ends] =
        [[1, 2], [3, 4]].map(|[one, two]| Ends { one: Author(one), two: Author(two) });
    let mut say = |peer, message: &[u8]| {
        gossip.handle(NOW, Input::Message { peer, message });
        let (mut pieces, mut left) = outputs(&mut gossip);
        while let Some(piece) = pieces.pop() {
            gossip.handle(NOW, Input::Verified(piece.run(&secp, &ring)));
            let (more, also_left) = outputs(&mut gossip);
            pieces.extend(more);
            left = left.or(also_left);
        }
        left
    };
    assert_eq!(say(LOUD, &signer.channel(id, invented)), None);
    let update = signer.update(id, true_ends, Direction::NodeOneToTwo, NOW, 1);
    // It is no news, and neither is the true channel; however often they come, who tells them is honest.
    let true_channel = signer.channel(id, true_ends);
    for _ in 0..1500 {
        assert_eq!([say(QUIET, &update), say(QUIET, &true_channel)], [None, None]);
    }
    // Whose channel it is not is said by a wrong announcement alone.
    let mut wrong = channel(&signer, 9);
    wrong[10] ^= 1;
    assert!(matches!(say(LOUD, &wrong), Some((LOUD, DisconnectReason::Signature(_)))));
}

#[test]
fn who_tells_the_true_update_is_left_only_where_the_chain_has_confirmed_the_channel() {
    let (signer, secp, ring) = (Signer::new(CHAIN), Secp256k1::verification_only(), KeyRing::default());
    let short_channel_id = ShortChannelId::from_parts(700_000, 1, 0).unwrap();
    let [invented, true_ends] =
        [[1, 2], [3, 4]].map(|[one, two]| Ends { one: Author(one), two: Author(two) });
    let message = signer.channel(short_channel_id, invented);
    let update = signer.update(short_channel_id, true_ends, Direction::NodeOneToTwo, NOW, 1);
    for (funding, spent_at, is_left) in [
        // A file may have told the capacity.
        (FundingCheck::Nobody, None, false),
        (FundingCheck::Chain, None, true),
        // The chain does not have it, after all.
        (FundingCheck::Chain, Some(BlockHeight::from_u32(700_100)), false),
    ] {
        let mut gossip = core_with(funding, 1);
        let record = Record::Channel { capacity: Some(Msat::from_msat(5000)), message: &message };
        gossip.restore(&record.restore(CHAIN, NOW).unwrap()).unwrap();
        gossip.handle(NOW, Input::FundingSpent { short_channel_id, spent_at });
        gossip.handle(NOW, Input::Message { peer: QUIET, message: &update });
        let (mut pieces, _) = outputs(&mut gossip);
        assert!(pieces.len() == 1 && says(&pieces[0], &update));
        gossip.handle(NOW, Input::Verified(pieces.remove(0).run(&secp, &ring)));
        assert_eq!(outputs(&mut gossip).1.is_some(), is_left, "{funding:?} {spent_at:?}");
    }
}

#[test]
fn wrong_signatures_of_who_has_left_come_behind_what_others_say() {
    let (signer, secp, ring) = (Signer::new(CHAIN), Secp256k1::verification_only(), KeyRing::default());
    let mut gossip = core(1);
    let id = ShortChannelId::from_parts(700_000, 1, 0).unwrap();
    let ends = Ends { one: Author(1), two: Author(11) };
    let update = |secs| {
        let time = UnixTime::from_secs(NOW.to_secs() + secs);
        signer.update(id, ends, Direction::NodeOneToTwo, time, 1)
    };
    for secs in 1..=50 {
        let mut wrong = update(secs);
        wrong[10] ^= 1;
        gossip.handle(NOW, Input::Message { peer: LOUD, message: &wrong });
    }
    gossip.handle(NOW, Input::PeerDisconnected { peer: LOUD });
    let (channel, right) = (channel(&signer, 1), update(0));
    for message in [&channel, &right] {
        gossip.handle(NOW, Input::Message { peer: QUIET, message });
    }
    let ((mut pieces, _), mut checked) = (outputs(&mut gossip), Vec::new());
    while let Some(piece) = pieces.pop() {
        checked.extend(piece.jobs().iter().map(|job| job.candidate().message().to_vec()));
        gossip.handle(NOW, Input::Verified(piece.run(&secp, &ring)));
        let (more, left) = outputs(&mut gossip);
        assert!(left.is_none());
        pieces.extend(more);
    }
    // None of the wrong ones is lost for that, for one might be right.
    assert_eq!((&checked[..2], checked.len()), (&[channel, right][..], 52));
    assert!(gossip.view().channel(id).is_some_and(|channel| channel.updates[0].is_some()));
}
