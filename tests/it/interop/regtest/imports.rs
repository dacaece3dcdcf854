//! A `gossip_store` of Core Lightning, whose channels are asked of a Bitcoin Core.

use std::collections::BTreeMap;

use primitives::{Direction, Msat, ShortChannelId, UnixTime};
use server::import::Reason;
use tests::cln_store::{number, store};
use tests::signed::{Author, Ends, Signer};

use super::super::ours::{CHAIN, until};
use super::bitcoind::Bitcoind;
use super::node::{Learner, Trust, open, spent_at};
use super::purse::Purse;

fn what_was_funded_is_imported(trust: Trust) {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let (signer, folder) = (Signer::new(CHAIN), tempfile::tempdir().unwrap());
    let mut purse = Purse::filled(&bitcoind, 4);
    let values = [(1_234_567, true), (50_000, false), (70_000, true), (80_000, true)];
    let [good, elsewhere, spent, closes] = *purse.fund(&bitcoind, &signer, &values) else {
        panic!("as many as were asked for")
    };
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &spent)]);
    let nothing = ShortChannelId::from_parts(bitcoind.height(), 77, 0).unwrap();
    let ids = [good, elsewhere, spent, closes].map(|channel| channel.short_channel_id);
    let now = server::clock::unix_now();
    let mut messages = Vec::new();
    for (n, id) in (0..).step_by(2).zip(ids.into_iter().chain([nothing])) {
        let ends = Ends { one: Author(n), two: Author(n + 1) };
        // What the store says of the amount is nobody's signature.
        messages.extend([signer.channel(id, ends), number(4101, 21_000_000)]);
        let told_at = UnixTime::from_secs(now.to_secs() - 5000);
        messages.extend(Direction::BOTH.map(|direction| signer.update(id, ends, direction, told_at, n)));
    }
    let path = folder.path().join("gossip.log");
    let mut opened = open(&path, &bitcoind, trust, Vec::new());
    let counts = opened.import_gossip(&*store(&messages), now, &mut |_| ()).unwrap();
    assert_eq!((counts.channel_count, counts.update_count), (2, 4));
    assert_eq!(counts.refused, BTreeMap::from([(Reason::Unfunded, 3), (Reason::Orphan, 6)]));

    // From then on they are watched as others are.
    let learner = Learner::start_opened(opened);
    let capacity = |sat| Some(Msat::from_sat(sat).unwrap());
    let [good, .., closes_id] = ids;
    let expected = BTreeMap::from([(good, capacity(1_234_567)), (closes_id, capacity(80_000))]);
    assert_eq!(learner.open(), expected);
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &closes)]);
    // What is closed before our node has looked for the first time is gone since then.
    until("the log knows", || spent_at(&path).contains_key(&closes_id));
    bitcoind.mine(spent_at(&path)[&closes_id] + 72 - bitcoind.height(), &purse.script());
    until("what was closed leaves", || !learner.has(closes_id));
    assert!(learner.has(good));
    learner.node.stop().unwrap();
}

#[test]
fn a_store_is_held_against_a_node_that_is_believed() {
    what_was_funded_is_imported(Trust::All);
}

#[test]
fn a_store_is_held_against_proofs() {
    what_was_funded_is_imported(Trust::Proofs);
}
