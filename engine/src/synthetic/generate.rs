//! From a configuration to a graph, in waves.
//!
//! Each wave draws a bounded number of channels in parallel, then hands them to the builder in order, so that beside
//! the graph only the pairs (8 bytes a channel) and the nodes' habits (80 bytes a node) are held.

use primitives::{ChannelPolicy, Features, GraphDelta, Msat, NodeId, ShortChannelId};
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::config::{SyntheticConfig, SyntheticError};
use super::nodes::{Habits, habits};
use super::stream::{Purpose, stream};
use super::topology::Ends;
use super::{degrees, keys, policy, scids, topology};
use crate::graph::GraphBuilder;

/// Generates a graph. `progress` hears the number of channels done, now and then and at the end.
///
/// Channels arrive by rising `short_channel_id`; nodes in random order. Uses rayon's current pool.
///
/// # Errors
/// Where the configuration asks for too few or too many channels or nodes.
pub fn generate(
    config: &SyntheticConfig,
    progress: &mut dyn FnMut(u64),
) -> Result<GraphBuilder, SyntheticError> {
    let (seed, channel_count) = (config.seed, config.channel_count);
    let node_count = config.checked_node_count()?;
    let degrees = degrees::degrees(node_count, topology::pair_count(node_count, channel_count));
    let mut channels = topology::channels(seed, &degrees, channel_count);
    let ranked = habits(seed, &degrees);
    drop(degrees);

    let places = random_places(seed, node_count);
    channels.par_iter_mut().for_each(|ends| *ends = ends.map(|rank| places[rank as usize]));
    let mut habits = ranked.clone();
    for (rank, &place) in places.iter().enumerate() {
        habits[place as usize] = ranked[rank];
    }
    drop((ranked, places));

    let mut builder = GraphBuilder::with_capacity(node_count as usize, channel_count as usize);
    add_nodes(&mut builder, config, node_count)?;
    let none = Features::default();
    for (wave, ends) in channels.chunks(WAVE_CHUNKS * CHUNK).enumerate() {
        let first = wave * WAVE_CHUNKS;
        let nodes = builder.nodes();
        let drafts: Vec<Vec<Draft>> = ends
            .par_chunks(CHUNK)
            .enumerate()
            .map(|(chunk, ends)| draw(config, (first + chunk) as u32, ends, nodes, &habits))
            .collect();
        for draft in drafts.into_iter().flatten() {
            builder.add_channel_between(draft.scid, draft.nodes, draft.capacity, &none, draft.policies)?;
        }
        progress(builder.channels().len() as u64);
    }
    Ok(builder)
}

/// A channel on its way into the builder.
struct Draft {
    scid: ShortChannelId,
    nodes: [u32; 2],
    capacity: Option<Msat>,
    policies: [Option<ChannelPolicy>; 2],
}

/// Draws the channels of one chunk; `ends` are theirs.
fn draw(
    config: &SyntheticConfig,
    chunk: u32,
    ends: &[Ends],
    nodes: &[NodeId],
    habits: &[Habits],
) -> Vec<Draft> {
    let first = chunk * CHUNK as u32;
    let range = first..first + ends.len() as u32;
    let mut ids_rng = stream(config.seed, Purpose::ShortChannelIds, chunk);
    let mut rng = stream(config.seed, Purpose::Policies, chunk);
    let ids = scids::short_channel_ids(config.channel_count, range, &mut ids_rng);
    let draft = |(&[a, b], scid): (&Ends, ShortChannelId)| {
        let nodes = if nodes[a as usize] < nodes[b as usize] { [a, b] } else { [b, a] };
        let [one, two] = nodes.map(|node| &habits[node as usize]);
        let sat = policy::capacity_sat([one, two], &mut rng);
        let mut policies = [policy::policy(one, two, sat, &mut rng), policy::policy(two, one, sat, &mut rng)];
        if policies == [None, None] {
            // Nobody would keep a channel that neither end ever updated.
            let visible = usize::from(two.class > one.class);
            while policies[visible].is_none() {
                let [tail, head] = if visible == 0 { [one, two] } else { [two, one] };
                policies[visible] = policy::policy(tail, head, sat, &mut rng);
            }
        }
        Draft { scid, nodes, capacity: Msat::from_sat(sat), policies }
    };
    ends.iter().zip(ids).map(draft).collect()
}

/// Adds all nodes with ids and features.
fn add_nodes(
    builder: &mut GraphBuilder,
    config: &SyntheticConfig,
    node_count: u32,
) -> Result<(), SyntheticError> {
    let mut rng = stream(config.seed, Purpose::NodeOrder, 1);
    let sets = FEATURE_BITS.map(|bits| Features::from_bits(bits.iter().copied()));
    for node_id in keys::node_ids(config.seed, node_count, config.valid_keys) {
        let set = rng.random_range(0..sets.len());
        builder.apply(&GraphDelta::NodeSeen { node_id, features: sets[set].clone() })?;
    }
    assert_eq!(builder.nodes().len(), node_count as usize, "node ids are distinct");
    Ok(())
}

/// A random place for each rank: gossip does not arrive by degree.
fn random_places(seed: u64, node_count: u32) -> Vec<u32> {
    let mut places: Vec<u32> = (0..node_count).collect();
    places.shuffle(&mut stream(seed, Purpose::NodeOrder, 0));
    places
}

/// Channels of one random stream.
const CHUNK: usize = 4096;

/// Chunks drawn before they enter the builder: 262,144 channels, some 35 MB.
const WAVE_CHUNKS: usize = 64;

/// The commonest feature bits among 1,041 `node_announcement`s of October 2025, in about equal parts; the last node
/// has announced none.
const FEATURE_BITS: [&[usize]; 6] = [
    &[0, 5, 7, 8, 12, 14, 17, 23, 25, 27, 31, 45, 55, 261, 2023],
    &[0, 5, 7, 8, 12, 14, 17, 23, 25, 27, 31, 45, 261, 2023],
    &[0, 5, 7, 8, 12, 14, 17, 19, 23, 25, 27, 31, 45, 55, 261, 2023],
    &[0, 5, 7, 8, 12, 14, 17, 19, 23, 25, 27, 31, 45, 47, 51, 55, 181, 261, 2023, 2025],
    &[0, 5, 7, 8, 12, 14, 17, 23, 25, 27, 31, 45, 55, 2023],
    &[],
];
