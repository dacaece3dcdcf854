//! Several cores on one fake clock, over links that lose, repeat, delay and break, among liars: when that is over, all
//! know the same graph.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::secp256k1::{Secp256k1, VerifyOnly};
use bitcoin::{Amount, TxOut};
use gossip::admit::PeerId;
use gossip::funding::{FundingAnswer, FundingCheck, FundingQuestion, funding_script};
use gossip::record::Restored;
use gossip::sync::{Config, DisconnectReason, Gossip, Input, Output};
use gossip::verify::{CheckedPiece, KeyRing};
use gossip::view::MessageKey;
use primitives::{ChainHash, Direction, GraphDelta, ShortChannelId, UnixTime};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tests::signed::{Author, Ends, Signer};

use super::lies::lie;

const START: u32 = 1_700_000_000;
pub(super) const CHAIN: ChainHash = ChainHash::REGTEST;
const NODE_COUNT: usize = 5;
pub(super) const CHANNEL_COUNT: u32 = 14;
const CHAOS_SECS: u32 = 1800;
const FLOOD_COUNT: usize = 1000;

#[derive(Debug)]
enum Event {
    Deliver(PeerId, Vec<u8>),
    Writable(PeerId),
    Verified(CheckedPiece),
    Funding(ShortChannelId, FundingAnswer),
    Read(PeerId, Vec<Box<[u8]>>),
    Reconnect(usize),
    Nothing,
}

struct Node {
    gossip: Gossip,
    ring: KeyRing,
    log: BTreeMap<MessageKey, Box<[u8]>>,
    /// What the deltas say, as a reader of them would know it.
    told: BTreeMap<ShortChannelId, [Option<u32>; 2]>,
}

struct World {
    seed: u64,
    rng: ChaCha8Rng,
    secp: Secp256k1<VerifyOnly>,
    nodes: Vec<Node>,
    links: BTreeMap<(usize, PeerId), (usize, PeerId)>,
    events: BTreeMap<(u32, u64), (usize, Event)>,
    outputs: BTreeMap<ShortChannelId, TxOut>,
    next: u64,
    now: u32,
    is_chaos: bool,
    reasons: Vec<(bool, DisconnectReason)>,
    liars: BTreeSet<(usize, PeerId)>,
    liar_queries: Vec<(usize, PeerId)>,
    /// What waits because a node does not read from that peer now.
    unread: BTreeMap<(usize, PeerId), Vec<Vec<u8>>>,
    pause_count: usize,
    /// Every message that arrived: when, where, from whom.
    story: Vec<(u32, usize, PeerId, Vec<u8>)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let config = Config { chain_hash: CHAIN, funding: FundingCheck::Chain, verify_thread_count: 1 };
        let node = |_| Node {
            gossip: Gossip::new(config, UnixTime::from_secs(START)),
            ring: KeyRing::default(),
            log: BTreeMap::new(),
            told: BTreeMap::new(),
        };
        World {
            seed,
            rng: ChaCha8Rng::seed_from_u64(seed),
            secp: Secp256k1::verification_only(),
            nodes: (0..NODE_COUNT).map(node).collect(),
            links: BTreeMap::new(),
            events: BTreeMap::new(),
            outputs: BTreeMap::new(),
            next: 0,
            now: START,
            is_chaos: true,
            reasons: Vec::new(),
            liars: BTreeSet::new(),
            liar_queries: Vec::new(),
            unread: BTreeMap::new(),
            pause_count: 0,
            story: Vec::new(),
        }
    }

    fn name(&mut self) -> PeerId {
        self.next += 1;
        PeerId::from_u64(self.next)
    }

    fn plan(&mut self, delay: u32, node: usize, event: Event) {
        self.next += 1;
        self.events.insert((self.now + delay, self.next), (node, event));
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.is_chaos && self.rng.random_range(0..100) < percent
    }

    fn handle(&mut self, node: usize, input: Input<'_>) {
        self.nodes[node].gossip.handle(UnixTime::from_secs(self.now), input);
        let mut written = BTreeSet::new();
        while let Some(output) = self.nodes[node].gossip.poll_output() {
            if let Output::Send { peer, .. } = &output {
                written.insert(*peer);
            }
            self.output(node, output);
        }
        for peer in written {
            self.plan(0, node, Event::Writable(peer));
        }
    }

    fn output(&mut self, node: usize, output: Output) {
        match output {
            Output::Send { peer, message } => self.send(node, peer, message),
            Output::Disconnect { peer, reason } => {
                self.reasons.push((self.liars.contains(&(node, peer)), reason));
                self.cut(node, peer);
            }
            Output::PauseReading { peer } => {
                self.pause_count += 1;
                self.unread.entry((node, peer)).or_default();
            }
            Output::ResumeReading { peer } => {
                for message in self.unread.remove(&(node, peer)).unwrap_or_default() {
                    self.plan(0, node, Event::Deliver(peer, message));
                }
            }
            Output::Verify(piece) => {
                let checked = piece.run(&self.secp, &self.nodes[node].ring);
                let delay = self.delay();
                self.plan(delay, node, Event::Verified(checked));
            }
            Output::CheckFunding(FundingQuestion { short_channel_id, .. }) => {
                let found = self.outputs.get(&short_channel_id).cloned();
                let mut answer = found.map_or(FundingAnswer::Missing, FundingAnswer::Unspent);
                // Who alone knows a channel must not lose it: its owner would tell it again.
                let is_told =
                    self.nodes.iter().any(|node| node.gossip.view().channel(short_channel_id).is_some());
                if is_told && self.chance(10) {
                    answer = FundingAnswer::Unknown;
                }
                let delay = self.delay();
                self.plan(delay, node, Event::Funding(short_channel_id, answer));
            }
            Output::Read { peer, keys } => {
                let log = &self.nodes[node].log;
                let messages = keys.iter().filter_map(|key| log.get(key).cloned()).collect();
                let delay = self.delay();
                self.plan(delay, node, Event::Read(peer, messages));
            }
            Output::Store(stored) => {
                let restored = stored.record().restore(CHAIN, UnixTime::from_secs(self.now)).unwrap();
                let log = &mut self.nodes[node].log;
                match restored {
                    Restored::Gossip { key, .. } => {
                        log.insert(key, stored.record().message().unwrap().into());
                    }
                    Restored::Removed(id) => {
                        log.remove(&MessageKey::Channel(id));
                    }
                    Restored::Spent { .. } => {}
                }
            }
            Output::Delta(delta) => self.nodes[node].learn(&delta),
        }
    }

    fn delay(&mut self) -> u32 {
        if self.is_chaos { self.rng.random_range(0..4) } else { 0 }
    }

    fn send(&mut self, node: usize, peer: PeerId, message: Vec<u8>) {
        if self.liars.contains(&(node, peer)) {
            if matches!(message[..2], [1, 5] | [1, 7]) {
                self.liar_queries.push((node, peer));
            }
            return;
        }
        let Some(&(other, far_end)) = self.links.get(&(node, peer)) else { return };
        let copies = if self.chance(2) { 0 } else { 1 + u32::from(self.chance(2)) };
        for _ in 0..copies {
            // Late ones are overtaken.
            let delay = if self.chance(5) { self.delay() } else { 0 };
            self.plan(delay, other, Event::Deliver(far_end, message.clone()));
        }
    }

    /// Joins two nodes, and joins them again some time after their link broke.
    fn join(&mut self, one: usize, two: usize) {
        let ends = [(one, self.name()), (two, self.name())];
        self.links.insert(ends[0], ends[1]);
        self.links.insert(ends[1], ends[0]);
        for (node, peer) in ends {
            self.handle(node, Input::PeerConnected { peer, is_outbound: true, has_queries: true });
        }
    }

    fn cut(&mut self, node: usize, peer: PeerId) {
        self.liars.remove(&(node, peer));
        self.unread.remove(&(node, peer));
        let Some((other, far_end)) = self.links.remove(&(node, peer)) else { return };
        self.links.remove(&(other, far_end));
        self.unread.remove(&(other, far_end));
        self.handle(other, Input::PeerDisconnected { peer: far_end });
        let delay = self.rng.random_range(1..20);
        self.plan(delay, node, Event::Reconnect(other));
    }

    fn run_until(&mut self, end: u32) {
        loop {
            let wakeup = self.nodes.iter().map(|node| node.gossip.next_wakeup().to_secs()).min().unwrap();
            match self.events.first_key_value().map(|(at, _)| *at) {
                Some(at) if at.0 <= end && at.0 <= wakeup.max(self.now) => {
                    self.now = self.now.max(at.0);
                    let (node, event) = self.events.remove(&at).unwrap();
                    self.happen(node, event);
                }
                _ if wakeup < end => {
                    self.now = self.now.max(wakeup) + 1;
                    for node in 0..NODE_COUNT {
                        self.handle(node, Input::Tick);
                    }
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn happen(&mut self, node: usize, event: Event) {
        match event {
            Event::Deliver(peer, message) => {
                if let Some(unread) = self.unread.get_mut(&(node, peer)) {
                    unread.push(message);
                    return;
                }
                self.handle(node, Input::Message { peer, message: &message });
                self.story.push((self.now, node, peer, message));
            }
            Event::Writable(peer) => self.handle(node, Input::Writable { peer }),
            Event::Verified(checked) => self.handle(node, Input::Verified(checked)),
            Event::Funding(short_channel_id, answer) => {
                self.handle(node, Input::FundingAnswered { short_channel_id, answer });
            }
            Event::Read(peer, messages) => self.handle(node, Input::Read { peer, messages }),
            Event::Reconnect(other) => self.join(node, other),
            Event::Nothing => {}
        }
    }

    fn cut_all(&mut self) {
        let ends: Vec<(usize, PeerId)> = self.links.keys().copied().collect();
        for (node, peer) in ends {
            self.cut(node, peer);
        }
    }
}

impl Node {
    fn learn(&mut self, delta: &GraphDelta) {
        match delta {
            GraphDelta::ChannelOpened { short_channel_id, capacity, .. } => {
                assert_eq!(capacity.map(|capacity| capacity.to_sat_floor()), Some(5000));
                assert!(self.told.insert(*short_channel_id, [None; 2]).is_none(), "opened once");
            }
            GraphDelta::ChannelClosed { short_channel_id } => drop(self.told.remove(short_channel_id)),
            GraphDelta::PolicyUpdated { short_channel_id, direction, policy } => {
                let channel = self.told.get_mut(short_channel_id).expect("opened before");
                channel[direction.as_usize()] = Some(policy.fee.fee_base_msat);
            }
            GraphDelta::NodeSeen { .. } => {}
        }
    }
}

pub(super) fn scid(n: u32) -> ShortChannelId {
    // Several channels in one block.
    ShortChannelId::from_parts(700_000 + n / 3, n, 0).unwrap()
}

pub(super) fn ends(n: u32) -> Ends {
    Ends { one: Author(n % 4), two: Author(n % 4 + 1 + n % 3) }
}

fn output(signer: &Signer, n: u32) -> TxOut {
    let [one, two] = signer.funding_keys(scid(n));
    TxOut { value: Amount::from_sat(5000), script_pubkey: funding_script(&one, &two) }
}

/// What an honest network says in half an hour, and when.
fn honest_words(signer: &Signer, rng: &mut ChaCha8Rng) -> Vec<(u32, Vec<u8>)> {
    let mut words = Vec::new();
    for n in 0..CHANNEL_COUNT {
        let opened = rng.random_range(0..CHAOS_SECS / 2);
        words.push((opened, signer.channel(scid(n), ends(n))));
        for (round, direction) in
            [0, 1, 2].into_iter().flat_map(|round| Direction::BOTH.map(|way| (round, way)))
        {
            let at = rng.random_range(opened.saturating_sub(30)..CHAOS_SECS);
            let time = UnixTime::from_secs(START + at);
            words.push((at, signer.update(scid(n), ends(n), direction, time, 100 * n + round)));
        }
    }
    for n in 0..7 {
        for _ in 0..2 {
            let at = rng.random_range(0..CHAOS_SECS);
            words.push((at, signer.node(Author(n), UnixTime::from_secs(START + at))));
        }
    }
    words.sort();
    words
}

/// Returns how often a node did not want to read for a while.
fn simulate(seed: u64) -> usize {
    let (mut world, signer) = (World::new(seed), Signer::new(CHAIN));
    for n in 0..CHANNEL_COUNT {
        world.outputs.insert(scid(n), output(&signer, n));
    }
    // A ring with a chord.
    for one in 0..NODE_COUNT {
        world.join(one, (one + 1) % NODE_COUNT);
    }
    world.join(0, 2);
    let sources: Vec<PeerId> = (0..NODE_COUNT).map(|_| world.name()).collect();
    for (node, &peer) in sources.iter().enumerate() {
        world.handle(node, Input::PeerConnected { peer, is_outbound: true, has_queries: false });
    }
    let words = honest_words(&signer, &mut world.rng);
    for (at, message) in words {
        world.run_until(START + at);
        let node = world.rng.random_range(0..NODE_COUNT);
        world.handle(node, Input::Message { peer: sources[node], message: &message });
        if world.chance(5) {
            let which = world.rng.random_range(0..world.links.len().max(1));
            if let Some((&(node, peer), _)) = world.links.iter().nth(which) {
                world.cut(node, peer);
            }
        }
        for _ in 0..2 {
            tell_lie(&mut world, &signer);
        }
        if world.chance(5) {
            flood(&mut world, &signer);
        }
    }
    world.run_until(START + CHAOS_SECS);
    world.is_chaos = false;
    world.cut_all();
    let end = START + CHAOS_SECS + 4 * 3600;
    world.run_until(end);
    check(&world);
    world.pause_count
}

/// A liar, known to a node or new there.
fn liar(world: &mut World) -> (usize, PeerId) {
    let node = world.rng.random_range(0..NODE_COUNT);
    if let Some(known) = world.liars.iter().find(|(at, _)| *at == node) {
        return *known;
    }
    let peer = world.name();
    world.liars.insert((node, peer));
    world.handle(node, Input::PeerConnected { peer, is_outbound: false, has_queries: true });
    (node, peer)
}

fn tell_lie(world: &mut World, signer: &Signer) {
    let (node, peer) = liar(world);
    let message = lie(&mut world.rng, world.now, signer);
    world.happen(node, Event::Deliver(peer, message));
    world.plan(1, node, Event::Nothing);
}

/// More of what teaches nothing than a node wants to read at once.
fn flood(world: &mut World, signer: &Signer) {
    let (node, peer) = liar(world);
    let old = signer.update(scid(0), ends(0), Direction::NodeOneToTwo, UnixTime::from_secs(9), 666);
    for _ in 0..FLOOD_COUNT {
        world.happen(node, Event::Deliver(peer, old.clone()));
    }
}

fn check(world: &World) {
    let seed = world.seed;
    let first = &world.nodes[0];
    assert_eq!(first.gossip.view().channel_count(), CHANNEL_COUNT as usize, "seed {seed}");
    for (n, node) in world.nodes.iter().enumerate() {
        let view = node.gossip.view();
        assert!(view == first.gossip.view(), "node {n} differs from node 0, seed {seed}");
        assert_eq!(node.told.len(), view.channel_count(), "seed {seed}");
        for (id, channel) in view.channels_from(ShortChannelId::from_u64(0)) {
            let fees = channel.updates.map(|update| update.map(|update| update.policy.fee.fee_base_msat));
            assert_eq!(node.told[&id], fees, "the deltas of node {n} say what its view says, seed {seed}");
            assert!(node.log.contains_key(&MessageKey::Channel(id)));
            assert!(fees.iter().all(Option::is_some) && !fees.contains(&Some(666)));
        }
    }
    let caught: BTreeSet<&str> = world
        .reasons
        .iter()
        .filter(|(is_liar, _)| *is_liar)
        .map(|(_, reason)| match reason {
            DisconnectReason::Signature(_) => "signature",
            DisconnectReason::Parse(_) => "parse",
            DisconnectReason::OutOfTurn => "out of turn",
            DisconnectReason::Silence => "silence",
            _ => "other",
        })
        .collect();
    assert!(
        caught.is_superset(&["signature", "parse", "out of turn", "silence"].into()),
        "{caught:?}, seed {seed}"
    );
    let blamed = world.reasons.iter().filter(|(is_liar, reason)| {
        !is_liar && !matches!(reason, DisconnectReason::Silence | DisconnectReason::OutOfTurn)
    });
    assert_eq!(
        blamed.count(),
        0,
        "an honest peer is left only for what the network lost or repeated, seed {seed}"
    );
}

#[test]
fn all_know_the_same_graph_when_the_storm_is_over() {
    let pause_count: usize = (0..6).map(simulate).sum();
    assert!(pause_count > 0, "reading stops and goes on");
}

#[test]
fn one_seed_is_one_story() {
    let story = |seed| {
        let mut world = World::new(seed);
        let signer = Signer::new(CHAIN);
        for n in 0..CHANNEL_COUNT {
            world.outputs.insert(scid(n), output(&signer, n));
        }
        world.join(0, 1);
        let source = world.name();
        world.handle(0, Input::PeerConnected { peer: source, is_outbound: true, has_queries: false });
        for (at, message) in honest_words(&signer, &mut world.rng) {
            world.run_until(START + at);
            world.handle(0, Input::Message { peer: source, message: &message });
            tell_lie(&mut world, &signer);
        }
        assert!(world.nodes[1].gossip.view().channel_count() > 0);
        (world.story, world.reasons, world.next, world.rng.random::<u64>())
    };
    let first = story(3);
    assert!(first.0.len() > 100 && first == story(3));
    assert!(first.0 != story(4).0, "another seed is another story");
}
