//! Channels from their funding to their end, as our node sees them: with the node of the chain believed, and not.

use std::collections::BTreeMap;

use bitcoin::ScriptBuf;
use primitives::{Msat, ShortChannelId};
use tests::signed::Signer;

use super::super::ours::{CHAIN, until};
use super::bitcoind::Bitcoind;
use super::node::{Learner, Trust, spent_at, teller};
use super::purse::Purse;

/// BOLT 7: a channel is forgotten 72 blocks after its output was spent.
const DELAY: u32 = 72;

/// Blocks without transactions, so that what was taken out of blocks stays out.
fn mine_empty(bitcoind: &Bitcoind, count: u32, to: &ScriptBuf) {
    for _ in 0..count {
        bitcoind.mine_block(to, &[]);
    }
}

fn only_what_was_funded_is_believed(trust: Trust) {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let (signer, folder) = (Signer::new(CHAIN), tempfile::tempdir().unwrap());
    let mut purse = Purse::filled(&bitcoind, 4);
    let funded = purse.fund(&bitcoind, &signer, &[(1_234_567, true), (50_000, false), (16_777_216, true)]);
    let [good, elsewhere, large] = [funded[0], funded[1], funded[2]];
    // Announced one block too early, and announced at a place where there is nothing.
    let early = ShortChannelId::from_parts(bitcoind.height() + 1, 1, 0).unwrap();
    let nothing = ShortChannelId::from_parts(bitcoind.height(), 77, 0).unwrap();
    let ids = [nothing, elsewhere.short_channel_id, early, good.short_channel_id, large.short_channel_id];
    let teller = teller(folder.path(), &signer, &ids);
    let path = folder.path().join("gossip.log");

    let learner = Learner::start(&path, &bitcoind, trust, &teller);
    let capacity = |sat| Some(Msat::from_sat(sat).unwrap());
    let mut expected = BTreeMap::from([
        (good.short_channel_id, capacity(1_234_567)),
        (large.short_channel_id, capacity(16_777_216)),
    ]);
    until("what was funded is believed", || learner.open() == expected && learner.node.status().is_synced);
    learner.node.stop().unwrap();

    // With its block, the early one is believed, too; the others never are.
    let late = purse.fund(&bitcoind, &signer, &[(20_000, true)]);
    assert_eq!(late[0].short_channel_id, early);
    let learner = Learner::start(&path, &bitcoind, trust, &teller);
    expected.insert(early, capacity(20_000));
    until("the early one is believed", || learner.open() == expected && learner.node.status().is_synced);
    learner.node.stop().unwrap();
    teller.node.stop().unwrap();
}

fn spent_channels_leave_after_the_delay(trust: Trust) {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let (signer, folder) = (Signer::new(CHAIN), tempfile::tempdir().unwrap());
    let mut purse = Purse::filled(&bitcoind, 3);
    let funded = purse.fund(&bitcoind, &signer, &[(100_000, true), (200_000, true), (300_000, true)]);
    let [first, second, stays] = [funded[0], funded[1], funded[2]];
    let ids: Vec<_> = funded.iter().map(|channel| channel.short_channel_id).collect();
    let teller = teller(folder.path(), &signer, &ids);
    let learner = Learner::start(&folder.path().join("gossip.log"), &bitcoind, trust, &teller);
    until("all are believed", || learner.open().len() == 3);

    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &first)]);
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &second)]);
    bitcoind.mine(DELAY - 1, &purse.script());
    // The tip that ends the first is one too early for the second.
    until("the first leaves", || !learner.has(first.short_channel_id));
    assert!(learner.has(second.short_channel_id), "71 blocks are too few");
    bitcoind.mine(1, &purse.script());
    until("the second leaves", || !learner.has(second.short_channel_id));
    assert!(learner.has(stays.short_channel_id));
    learner.node.stop().unwrap();
    teller.node.stop().unwrap();
}

fn reorganised_blocks_count_no_more(trust: Trust) {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let (signer, folder) = (Signer::new(CHAIN), tempfile::tempdir().unwrap());
    let mut purse = Purse::filled(&bitcoind, 5);
    let funded = purse.fund(&bitcoind, &signer, &[(100_000, true), (200_000, true), (300_000, true)]);
    let [closes, stays, marks] = [funded[0], funded[1], funded[2]];
    let unmade = purse.fund(&bitcoind, &signer, &[(400_000, true)])[0];
    let ids: Vec<_> = funded.iter().chain([&unmade]).map(|channel| channel.short_channel_id).collect();
    let teller = teller(folder.path(), &signer, &ids);
    let learner = Learner::start(&folder.path().join("gossip.log"), &bitcoind, trust, &teller);
    until("all are believed", || learner.open().len() == 4);

    // Two are closed, and our node sees it: the one that ends tells that it has looked at both blocks.
    let fork = bitcoind.height() + 1;
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &closes)]);
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &stays)]);
    mine_empty(&bitcoind, DELAY - 1, &purse.script());
    until("the first leaves", || !learner.has(closes.short_channel_id));
    assert!(learner.has(stays.short_channel_id));

    // Another branch, one longer: from below the last funding, so that this one was never made, and nothing was closed but
    // the one that marks the time.
    bitcoind.invalidate(unmade.short_channel_id.block());
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &marks)]);
    let longer = fork + DELAY + 1 - bitcoind.height();
    mine_empty(&bitcoind, longer, &purse.script());
    until("the mark leaves", || !learner.has(marks.short_channel_id));
    assert!(learner.has(stays.short_channel_id), "its end was taken back");
    mine_empty(&bitcoind, DELAY + 1, &purse.script());
    until("what was never made leaves", || !learner.has(unmade.short_channel_id));
    assert!(learner.has(stays.short_channel_id));
    learner.node.stop().unwrap();
    teller.node.stop().unwrap();
}

/// What was spent before a restart leaves in time, unless another branch has replaced the block meanwhile.
fn restarts_know_what_is_spent(trust: Trust) {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let (signer, folder) = (Signer::new(CHAIN), tempfile::tempdir().unwrap());
    let mut purse = Purse::filled(&bitcoind, 3);
    let funded = purse.fund(&bitcoind, &signer, &[(100_000, true), (200_000, true), (300_000, true)]);
    let [closes, stays, marks] = [funded[0], funded[1], funded[2]];
    let ids: Vec<_> = funded.iter().map(|channel| channel.short_channel_id).collect();
    let teller = teller(folder.path(), &signer, &ids);
    let path = folder.path().join("gossip.log");
    let learner = Learner::start(&path, &bitcoind, trust, &teller);
    until("all are believed", || learner.open().len() == 3);

    let closed_at = bitcoind.height() + 1;
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &closes)]);
    mine_empty(&bitcoind, DELAY / 2, &purse.script());
    let fork = bitcoind.height() + 1;
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &stays)]);
    let both = BTreeMap::from([(closes.short_channel_id, closed_at), (stays.short_channel_id, fork)]);
    until("the log knows both", || spent_at(&path) == both);
    learner.node.stop().unwrap();

    bitcoind.invalidate(fork);
    mine_empty(&bitcoind, closed_at + DELAY - bitcoind.height(), &purse.script());
    let learner = Learner::start(&path, &bitcoind, trust, &teller);
    until("the first leaves", || !learner.has(closes.short_channel_id));
    until("the other one is taken back", || !spent_at(&path).contains_key(&stays.short_channel_id));
    bitcoind.mine_block(&purse.script(), &[purse.closing(&signer, &marks)]);
    mine_empty(&bitcoind, DELAY, &purse.script());
    until("the mark leaves", || !learner.has(marks.short_channel_id));
    assert!(learner.has(stays.short_channel_id));
    learner.node.stop().unwrap();
    teller.node.stop().unwrap();
}

#[test]
fn a_believed_node_tells_what_was_funded() {
    only_what_was_funded_is_believed(Trust::All);
}

#[test]
fn proofs_tell_what_was_funded() {
    only_what_was_funded_is_believed(Trust::Proofs);
}

#[test]
fn a_believed_node_tells_what_is_spent() {
    spent_channels_leave_after_the_delay(Trust::All);
}

#[test]
fn whole_blocks_prove_what_is_spent() {
    spent_channels_leave_after_the_delay(Trust::Proofs);
}

#[test]
fn a_believed_node_may_change_its_mind() {
    reorganised_blocks_count_no_more(Trust::All);
}

#[test]
fn a_branch_with_more_work_replaces_what_was_proven() {
    reorganised_blocks_count_no_more(Trust::Proofs);
}

#[test]
fn a_restart_forgets_no_end_that_was_believed() {
    restarts_know_what_is_spent(Trust::All);
}

#[test]
fn a_restart_forgets_no_end_that_was_proven() {
    restarts_know_what_is_spent(Trust::Proofs);
}
