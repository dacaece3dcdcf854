//! Builds the next generation beside the current one.
//!
//! The build runs on rayon's pool, so the engine still has no thread of its own: it reads the current generation,
//! adds what is pending and lays all of it out, seconds for millions of channels. The writer goes on with the current
//! generation meanwhile and notes *which* arcs it writes and which channels close; what they became is in the
//! generation itself. When the build is done, the writer stores the noted ones in the new generation as they are
//! then, and publishes it. The notes are a bit an arc and a name a closing, so they are bounded by the graph however
//! long the build takes and however fast the gossip comes.
//!
//! Why nothing is lost: a change that was made before the merge began is in what the build reads. A change after that
//! may be read, missed or read by half, but it was noted, so the new generation gets it before any reader does. Rayon's
//! queue orders the build's reads after the former, its result channel orders the writer's stores after the build.

use std::sync::Arc;
use std::thread;

use crossbeam::channel::{Receiver, TryRecvError, bounded};
use hashbrown::HashMap;
use primitives::{NodeId, ShortChannelId};
use rayon::Yield;

use super::pending::Pending;
use super::view::Generation;
use crate::graph::{ArcIdx, Contents, Topology};

/// A build that is going on.
#[derive(Debug)]
pub(super) struct Merge {
    result: Receiver<Topology>,
    written: ArcSet,
    closed: Vec<ShortChannelId>,
}

impl Merge {
    /// Starts to build the generation after `current`, with what is pending.
    pub(super) fn begin(current: &Arc<Generation>, pending: &mut Pending) -> Self {
        let (sender, result) = bounded(1);
        let written = ArcSet::new(current.topology.channel_count() * 2);
        let (current, additions) = (Arc::clone(current), pending.begin_merge());
        rayon::spawn(move || {
            let next = next_generation(&current.topology, &additions);
            drop(current);
            // A writer that is gone needs no generation.
            let _ = sender.send(next);
        });
        Merge { result, written, closed: Vec::new() }
    }

    /// Notes that an arc of the current generation was written.
    pub(super) fn note_written(&mut self, arc: ArcIdx) {
        self.written.insert(arc);
    }

    /// Notes that a channel, pending or not, was closed.
    pub(super) fn note_closed(&mut self, short_channel_id: ShortChannelId) {
        self.closed.push(short_channel_id);
    }

    /// The new generation if it is there.
    pub(super) fn poll(&self) -> Option<Topology> {
        match self.result.try_recv() {
            Ok(next) => Some(next),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("{BUILD_ENDS}"),
        }
    }

    /// Waits for the new generation. On a thread of the pool it helps with the pool's work meanwhile, which may be
    /// the build itself.
    pub(super) fn wait(&self) -> Topology {
        loop {
            if let Some(next) = self.poll() {
                return next;
            }
            match rayon::yield_now() {
                Some(Yield::Executed) => {}
                Some(Yield::Idle) => thread::yield_now(),
                None => return self.result.recv().expect(BUILD_ENDS),
            }
        }
    }

    /// Brings the new generation up to date with `current`, and `pending` with the new generation. O(changes since
    /// the merge began * log m).
    pub(super) fn catch_up(self, current: &Topology, next: &mut Topology, pending: &mut Pending) {
        for arc in self.written.iter() {
            let Some(channel) = next.channel(current.short_channel_id(arc.channel())) else { continue };
            if let Some(policy) = current.policy(arc).filter(|_| !current.is_closed(arc.channel())) {
                next.store_unpublished(channel, arc.direction(), &policy);
            }
        }
        for short_channel_id in self.closed {
            if let Some(channel) = next.channel(short_channel_id) {
                next.close(channel);
            }
        }
        pending.end_merge(current, next);
    }
}

/// The contents of `current` with what is pending, laid out. Nodes go with their last channel: a peer may invent as many
/// as it likes. Who has just announced itself may wait for its first one.
fn next_generation(current: &Topology, additions: &Pending) -> Topology {
    let mut contents = current.contents();
    for (&(short_channel_id, direction), &policy) in &additions.policies {
        contents.set_policy(short_channel_id, direction, policy);
    }
    let mut new_nodes = HashMap::<NodeId, u32>::new();
    let number = |node_id: NodeId, contents: &mut Contents, new: &mut HashMap<NodeId, u32>| match current
        .node(&node_id)
    {
        Some(node) => node.to_u32(),
        None => *new.entry(node_id).or_insert_with(|| contents.add_node(node_id)),
    };
    for (&node_id, node) in &additions.nodes {
        let place = number(node_id, &mut contents, &mut new_nodes);
        contents.set_node_features(place, &node.features);
    }
    for (&short_channel_id, channel) in &additions.channels {
        let nodes = channel.node_ids.map(|node_id| number(node_id, &mut contents, &mut new_nodes));
        let draft = contents.add_channel(short_channel_id, nodes, channel.capacity, &channel.features);
        draft.policies = channel.policies;
    }
    contents.drop_lonely_nodes(|node_id| additions.nodes.contains_key(node_id));
    Topology::lay_out(contents).expect("the writer admits no more channels than a generation holds")
}

/// A set of arcs, a bit each.
#[derive(Debug)]
struct ArcSet(Vec<u64>);

impl ArcSet {
    fn new(arc_count: usize) -> Self {
        ArcSet(vec![0; arc_count.div_ceil(64)])
    }

    fn insert(&mut self, arc: ArcIdx) {
        self.0[arc.to_usize() / 64] |= 1 << (arc.to_usize() % 64);
    }

    fn iter(&self) -> impl Iterator<Item = ArcIdx> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let bits = (0..64u32).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| ArcIdx::from_u32(at as u32 * 64 + bit))
        })
    }
}

const BUILD_ENDS: &str = "the build sends a generation, and its panic would have ended the process";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arc_set_keeps_what_was_put_in() {
        let mut set = ArcSet::new(130);
        let arcs = [0, 63, 64, 128, 129].map(ArcIdx::from_u32);
        for arc in arcs.into_iter().rev().chain(arcs) {
            set.insert(arc);
        }
        assert!(set.iter().eq(arcs));
    }
}
