//! Real signed gossip, told by a peer to a node whose log holds the real graph: graph, view and log end as an obvious model
//! of BOLT 7's rules says.
//!
//! The capture was made three weeks after the graph, when all of that is stale. Nodes say the same once more every day, so
//! the graph is taken as said anew shortly before the capture.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use bitcoin::secp256k1::Secp256k1;
use engine::graph::{ChannelIdx, Topology};
use engine::import::read_graph;
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot};
use gossip::admit::PeerId;
use gossip::funding::FundingCheck;
use gossip::record::Record;
use gossip::sync::{Config, Gossip, Input, Output};
use gossip::verify::{Candidate, KeyRing, Subject, VerifiedGossip, VerifyJob};
use gossip::view::{FUTURE_SECS_MAX, NetworkView, STALE_SECS, UPDATE_BURST};
use primitives::codec::encode_bigsize;
use primitives::wire::{ChannelAnnouncement, ChannelUpdate, WireMessage};
use primitives::{ChainHash, ChannelPolicy, Direction, GraphDelta, NodeId, ShortChannelId, UnixTime};
use server::store::GossipLog;
use tests::data::shared;
use tests::mainnet::mainnet;

use super::captures::messages;
use super::signatures::{capture, ends, job, learn_ends, secp};

const CHAIN: ChainHash = ChainHash::BITCOIN;
/// When the graph was seen, as its README says, and when most of the capture was made.
const SEEN_AT: u32 = 1_761_451_200;
const SAID_AT: UnixTime = UnixTime::from_secs(1_763_350_000);
const PRUNE_SECS: u32 = 600;

/// What is known of a channel, by its ends.
type Channels = BTreeMap<ShortChannelId, ([NodeId; 2], [Option<ChannelPolicy>; 2])>;

fn of_snapshot(snapshot: &Snapshot) -> Channels {
    let channel = |channel: ChannelIdx| {
        let policies = Direction::BOTH.map(|direction| snapshot.policy(channel.arc(direction)));
        let tails = Direction::BOTH.map(|direction| snapshot.tail(channel.arc(direction)));
        (snapshot.short_channel_id(channel), (tails.map(|node| snapshot.node_id(node)), policies))
    };
    snapshot.channels().filter(|channel| !snapshot.is_closed(*channel)).map(channel).collect()
}

fn of_view(view: &NetworkView) -> Channels {
    let channels = view.channels_from(ShortChannelId::from_u64(0));
    let channel = |(id, entry): (_, &gossip::view::ChannelEntry)| {
        (id, (entry.node_ids, entry.updates.map(|update| update.map(|update| update.policy))))
    };
    channels.map(channel).collect()
}

/// The graph as if all of it had been said again.
fn renewed(snapshot: &Snapshot) -> Channels {
    let mut channels = of_snapshot(snapshot);
    for policy in channels.values_mut().flat_map(|(_, policies)| policies).flatten() {
        let renewed = policy.last_update.to_secs() + (SAID_AT.to_secs() - SEEN_AT);
        policy.last_update = UnixTime::from_secs(renewed);
    }
    channels
}

/// Messages that say so, which a log believes without signatures.
fn told(
    id: ShortChannelId,
    (node_ids, policies): &([NodeId; 2], [Option<ChannelPolicy>; 2]),
) -> Vec<Vec<u8>> {
    let key = |n: u8| {
        let mut key = [n; 33];
        key[1..9].copy_from_slice(&id.to_u64().to_be_bytes());
        key
    };
    let announcement = ChannelAnnouncement {
        node_signature_1: [0; 64],
        node_signature_2: [0; 64],
        bitcoin_signature_1: [0; 64],
        bitcoin_signature_2: [0; 64],
        features: &[],
        chain_hash: CHAIN,
        short_channel_id: id,
        node_id_1: node_ids[0],
        node_id_2: node_ids[1],
        bitcoin_key_1: key(2),
        bitcoin_key_2: key(3),
        extension: &[],
    };
    let mut messages = vec![announcement.to_bytes()];
    for direction in Direction::BOTH {
        let Some(policy) = policies[direction.as_usize()] else { continue };
        // bLIP-18: type 55555, two signed numbers.
        let mut inbound_fee = Vec::new();
        encode_bigsize(55_555, &mut inbound_fee);
        inbound_fee.push(8);
        inbound_fee.extend(policy.inbound_fee.base_msat.to_be_bytes());
        inbound_fee.extend(policy.inbound_fee.proportional_millionths.to_be_bytes());
        let update = ChannelUpdate {
            signature: [0; 64],
            chain_hash: CHAIN,
            short_channel_id: id,
            timestamp: policy.last_update,
            message_flags: 1,
            channel_flags: direction as u8 | u8::from(policy.disabled) << 1,
            cltv_expiry_delta: policy.cltv_expiry_delta,
            htlc_minimum_msat: policy.htlc_minimum_msat,
            fee_base_msat: policy.fee.fee_base_msat,
            fee_proportional_millionths: policy.fee.fee_proportional_millionths,
            htlc_maximum_msat: Some(policy.htlc_maximum_msat),
            extension: &inbound_fee,
        };
        messages.push(update.to_bytes());
    }
    messages
}

/// A message of the capture, and what it says if it is signed.
struct Heard {
    message: Vec<u8>,
    /// Not before the time that it bears.
    at: UnixTime,
    gossip: Option<VerifiedGossip>,
}

fn heard(capture: &[u8]) -> Option<Vec<Heard>> {
    let mut ends = ends()?;
    let parsed: Vec<(Vec<u8>, Candidate)> = messages(capture)
        .0
        .into_iter()
        .map(|(_, message)| {
            let candidate = Candidate::parse(&message, CHAIN).expect("gossip").expect("sound");
            (message, candidate)
        })
        .collect();
    learn_ends(&mut ends, parsed.iter().map(|(_, candidate)| candidate));
    let (mut heard, mut jobs, mut now) = (Vec::new(), Vec::new(), SAID_AT);
    for (n, (message, candidate)) in parsed.into_iter().enumerate() {
        if let Subject::Update(update) = candidate.subject() {
            now = now.max(update.revision.timestamp);
        }
        heard.push(Heard { message, at: now, gossip: None });
        jobs.extend(job(candidate, &ends).map(|job| (n, job)));
    }
    let (places, jobs): (Vec<usize>, Vec<VerifyJob>) = jobs.into_iter().unzip();
    let results = VerifyJob::run_all(&secp(), &KeyRing::default(), jobs);
    let wrong_count = results.iter().filter(|result| result.is_err()).count();
    assert_eq!((heard.len(), wrong_count), (29_007, 1), "as the README of the data says");
    for (place, result) in places.into_iter().zip(results) {
        heard[place].gossip = result.ok();
    }
    Some(heard)
}

/// The rules once more, as plainly as can be.
struct Model {
    channels: Channels,
    /// When channels were seen first, which counts where a direction was never updated.
    seen_at: BTreeMap<ShortChannelId, UnixTime>,
    prune_at: UnixTime,
    opened_count: usize,
    updated_count: usize,
}

impl Model {
    fn take(&mut self, heard: &Heard) {
        let now = heard.at;
        if now >= self.prune_at {
            self.prune_at = UnixTime::from_secs(now.to_secs() + PRUNE_SECS);
            self.prune(now);
        }
        match &heard.gossip {
            Some(VerifiedGossip::Channel(channel)) => {
                let fact = channel.fact();
                let ends = [fact.node_id_1, fact.node_id_2];
                self.channels.entry(fact.short_channel_id).or_insert_with(|| {
                    self.opened_count += 1;
                    (ends, [None; 2])
                });
                self.seen_at.entry(fact.short_channel_id).or_insert(now);
            }
            Some(VerifiedGossip::Update(update)) => {
                let fact = update.fact();
                let is_stale = fact.policy.last_update.to_secs() + STALE_SECS < now.to_secs();
                if let Some((_, policies)) = self.channels.get_mut(&fact.short_channel_id)
                    && !is_stale
                {
                    let known = &mut policies[fact.direction.as_usize()];
                    if known.is_none_or(|known| known.last_update < fact.policy.last_update) {
                        *known = Some(fact.policy);
                        self.updated_count += 1;
                    }
                }
            }
            Some(VerifiedGossip::Node(_)) | None => {}
        }
    }

    fn prune(&mut self, now: UnixTime) {
        let seen_at = &self.seen_at;
        self.channels.retain(|id, (_, policies)| {
            let is_fresh = |policy: &Option<ChannelPolicy>| {
                let last = policy.map_or(seen_at[id], |policy| policy.last_update);
                last.to_secs() + STALE_SECS >= now.to_secs()
            };
            policies.iter().all(is_fresh)
        });
    }
}

/// A node that hears a peer: its core, its log and its graph.
struct Node {
    gossip: Gossip,
    log: GossipLog,
    graph: GraphWriter,
}

impl Node {
    fn hear(&mut self, now: UnixTime, input: Input<'_>) {
        let secp = Secp256k1::verification_only();
        self.gossip.handle(now, input);
        while let Some(output) = self.gossip.poll_output() {
            match output {
                Output::Verify(piece) => {
                    self.gossip.handle(now, Input::Verified(piece.run(&secp, &KeyRing::default())));
                }
                Output::Store(stored) => self.log.append(&[stored.record()], now).unwrap(),
                Output::Delta(delta) => self.graph.apply(&delta).unwrap(),
                Output::Disconnect { reason, .. } => panic!("{reason}"),
                _ => {}
            }
        }
    }
}

/// Writes a log that holds these channels and nothing else.
fn write_log(path: &Path, channels: &Channels) {
    let (mut log, _) = GossipLog::open(path, CHAIN, |_| ()).unwrap();
    for (id, channel) in channels {
        let messages = told(*id, channel);
        let mut records = vec![Record::Channel { capacity: None, message: &messages[0] }];
        records.extend(messages[1..].iter().map(|message| Record::Update { message }));
        log.append(&records, SAID_AT).unwrap();
    }
}

/// A core that holds what the log does.
fn restored(path: &Path) -> (Gossip, GossipLog) {
    let config = Config { chain_hash: CHAIN, funding: FundingCheck::Nobody, verify_thread_count: 1 };
    let mut gossip = Gossip::new(config, SAID_AT);
    let (log, _) = GossipLog::open(path, CHAIN, |restored| drop(gossip.restore(restored).unwrap())).unwrap();
    (gossip, log)
}

/// The writer of the real graph, with these policies.
fn graph_of(channels: &Channels) -> Option<GraphWriter> {
    let path = shared("data/mainnet-2025-10-26/channels.csv.zst")?;
    let imported = read_graph(File::open(path).unwrap(), &mut |_| ()).unwrap();
    let (_, mut graph) = ChannelGraph::new(Topology::build(imported.graph).unwrap());
    for (&short_channel_id, (_, policies)) in channels {
        for direction in Direction::BOTH {
            if let Some(policy) = policies[direction.as_usize()] {
                graph.apply(&GraphDelta::PolicyUpdated { short_channel_id, direction, policy }).unwrap();
            }
        }
    }
    Some(graph)
}

#[test]
fn a_peer_that_tells_real_gossip_changes_the_real_graph_by_the_rules() {
    let Some(capture) = capture("data/mainnet-2025-10-26/signed-gossip.gsp.zst") else { return };
    let (Some(heard), Some(snapshot)) = (heard(&capture), mainnet()) else { return };
    let channels = renewed(snapshot);
    assert_eq!(channels.len(), 44_371);
    let Some(graph) = graph_of(&channels) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gossip.log");
    write_log(&path, &channels);
    let (gossip, log) = restored(&path);
    assert!(of_view(gossip.view()) == channels);

    let mut node = Node { gossip, log, graph };
    let peer = PeerId::from_u64(1);
    node.hear(SAID_AT, Input::PeerConnected { peer, is_outbound: true, has_queries: false });
    let seen_at = channels.keys().map(|id| (*id, SAID_AT)).collect();
    let mut model = Model { channels, seen_at, prune_at: SAID_AT, opened_count: 0, updated_count: 0 };
    for heard in &heard {
        model.take(heard);
        node.hear(heard.at, Input::Tick);
        node.hear(heard.at, Input::Message { peer, message: &heard.message });
    }
    let Node { gossip, mut graph, log } = node;
    assert!(of_view(gossip.view()) == model.channels);
    graph.publish();
    assert!(of_snapshot(graph.snapshot()) == model.channels);
    // The same after the changes have become a generation of their own, and from the log.
    graph.begin_merge();
    graph.finish_merge();
    assert!(of_snapshot(graph.snapshot()) == model.channels);
    drop(log);
    assert!(restored(&path).0.view() == gossip.view());

    // All of them come at once: who says more than so much at once is heard later, and so is who is ahead of the clock.
    let mut announced: BTreeMap<NodeId, Vec<UnixTime>> = BTreeMap::new();
    for heard in &heard {
        if let Some(VerifiedGossip::Node(node)) = &heard.gossip {
            let (told, time) =
                (announced.entry(node.fact().node_id).or_default(), node.fact().revision.timestamp);
            if told.len() < UPDATE_BURST.into() && time.to_secs() <= heard.at.to_secs() + FUTURE_SECS_MAX {
                told.push(time);
            }
        }
    }
    let mut node_count = 0;
    for (id, node) in gossip.view().nodes_from(None) {
        let newest = announced.get(&id).and_then(|told| told.iter().max());
        let known = node.announced.as_ref().map(|known| &known.revision.timestamp);
        assert_eq!(known, newest, "{id}");
        node_count += usize::from(known.is_some());
    }
    let counts = [model.channels.len(), model.opened_count, model.updated_count, node_count];
    println!("{counts:?} channels, opened, updates, announced nodes");
    assert!(counts.iter().zip([30_000, 100, 10_000, 900]).all(|(count, least)| *count > least), "{counts:?}");
}
