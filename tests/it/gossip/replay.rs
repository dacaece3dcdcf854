//! Real signed gossip of four days, replayed onto the graph of the day before: each direction ends with the newest
//! policy that was signed rightly, and nothing else changes.

use std::collections::BTreeMap;
use std::fs::File;

use engine::graph::Topology;
use engine::import::read_graph;
use engine::snapshot::{ChannelGraph, Snapshot};
use gossip::verify::{Candidate, KeyRing, Subject, VerifiedGossip, VerifyJob};
use primitives::{ChainHash, ChannelPolicy, Direction, GraphDelta, ShortChannelId};
use tests::data::shared;
use tests::gsp;

use super::signatures::{capture, ends, job, secp};

type Policies = BTreeMap<(ShortChannelId, Direction), Option<ChannelPolicy>>;

fn policies(snapshot: &Snapshot) -> Policies {
    let mut policies = Policies::new();
    for channel in snapshot.channels() {
        for direction in Direction::BOTH {
            let key = (snapshot.short_channel_id(channel), direction);
            policies.insert(key, snapshot.policy(channel.arc(direction)));
        }
    }
    policies
}

/// The messages whose signatures are right, and how many are wrong.
fn verified(capture: &[u8]) -> Option<(Vec<VerifiedGossip>, usize)> {
    let mut ends = ends()?;
    let candidates: Vec<Candidate> = gsp::messages(capture)
        .map(|message| Candidate::parse(message, ChainHash::BITCOIN).expect("gossip").expect("sound"))
        .collect();
    for candidate in &candidates {
        if let Subject::Channel(channel) = candidate.subject() {
            ends.insert(channel.short_channel_id, [channel.node_id_1, channel.node_id_2]);
        }
    }
    let jobs = candidates.into_iter().filter_map(|candidate| job(candidate, &ends)).collect();
    let results = VerifyJob::run_all(&secp(), &KeyRing::default(), jobs);
    let count = results.len();
    let verified: Vec<VerifiedGossip> = results.into_iter().filter_map(Result::ok).collect();
    let wrong_count = count - verified.len();
    Some((verified, wrong_count))
}

#[test]
fn four_days_of_mainnet_end_with_the_newest_policies() {
    let Some(capture) = capture("data/mainnet-2025-10-26/signed-gossip.gsp.zst") else { return };
    let Some((verified, wrong_count)) = verified(&capture) else { return };
    let Some(path) = shared("data/mainnet-2025-10-26/channels.csv.zst") else { return };
    let imported = read_graph(File::open(path).unwrap(), &mut |_| ()).unwrap();
    let (_, mut writer) = ChannelGraph::new(Topology::build(imported.graph).unwrap());
    let mut expected = policies(writer.snapshot());
    let channel_count = expected.len() / 2;
    assert_eq!((channel_count, wrong_count), (44_371, 1));

    let (mut opened_count, mut updated_count, mut refused_count) = (0, 0, 0);
    for gossip in &verified {
        if let VerifiedGossip::Channel(channel) = gossip {
            let fact = channel.fact().clone();
            let short_channel_id = fact.short_channel_id;
            let delta = GraphDelta::ChannelOpened {
                short_channel_id,
                node_id_1: fact.node_id_1,
                node_id_2: fact.node_id_2,
                capacity: None,
                features: fact.features,
            };
            let is_known = expected.contains_key(&(short_channel_id, Direction::NodeOneToTwo));
            assert_eq!(writer.apply(&delta).is_err(), is_known, "{short_channel_id}");
            opened_count += usize::from(!is_known);
            for direction in Direction::BOTH {
                expected.entry((short_channel_id, direction)).or_default();
            }
        }
    }
    for gossip in &verified {
        if let VerifiedGossip::Update(update) = gossip {
            let fact = update.fact();
            let (short_channel_id, direction, policy) = (fact.short_channel_id, fact.direction, fact.policy);
            let delta = GraphDelta::PolicyUpdated { short_channel_id, direction, policy };
            let Some(known) = expected.get_mut(&(short_channel_id, direction)) else {
                assert!(writer.apply(&delta).is_err(), "{short_channel_id} is not in the graph");
                refused_count += 1;
                continue;
            };
            // Who decides what is newest is the view; here, the greater timestamp.
            if known.is_none_or(|known| known.last_update < policy.last_update) {
                writer.apply(&delta).unwrap();
                *known = Some(policy);
                updated_count += 1;
            }
        }
    }
    writer.publish();
    assert_eq!(policies(writer.snapshot()), expected);
    println!(
        "{opened_count} channels opened, {updated_count} policies updated, {refused_count} of no channel"
    );
    assert!(opened_count > 0 && updated_count > 10_000);
    // The same after the changes have become a generation of their own.
    writer.begin_merge();
    writer.finish_merge();
    assert_eq!(policies(writer.snapshot()), expected);
}
