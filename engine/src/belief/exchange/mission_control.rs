//! LND's mission control: what `QueryMissionControl` returns and `XImportMissionControl` takes.
//!
//! LND remembers pairs of nodes, we remember channels. Only what is sure is carried over: that a pair could not carry
//! an amount holds for each of its channels, that it could holds for its channel where there is only one. A failure at
//! an amount of 0 is no statement on liquidity. Written, a pair has the greatest amount that one of its channels was seen to
//! carry, and one that it refused only where each of them refused one. What follows from that for the other direction is
//! not written: nobody paid that way. What was settled is written of the direction that paid, as LND notes it, although
//! the money has moved since: LND takes an amount that passed for one that passes.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write};

use primitives::{Direction, Msat, NodeId, ShortChannelId, UnixTime};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, Unexpected, Visitor};

use super::json::{InField, Whole};
use super::learnt::Learnt;
use crate::belief::{Beliefs, Bounds, Evidence, Floor, Paid};
use crate::graph::{ArcIdx, ChannelIdx, NodeIdx, Topology};
use crate::import::Each;
use crate::snapshot::Snapshot;

/// Why mission control's JSON was refused, with line and column.
#[derive(Debug, thiserror::Error)]
#[error("LND mission control: {0}")]
pub struct MissionControlError(#[from] serde_json::Error);

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MissionControlSummary {
    /// Pairs in the document.
    pub pair_count: u64,
    /// Pairs that no channel of the generation joins.
    pub unknown_pair_count: u64,
    /// Statements that hold for no single channel, or for no amount, and were left out.
    pub vague_count: u64,
}

/// Reads pairs, whose nodes are in hexadecimal as `lncli` prints them, or in base64 as LND's REST interface does.
///
/// # Errors
/// [`MissionControlError`]. What was told before it stays told.
pub fn read_mission_control(
    json: &[u8],
    snapshot: &Snapshot,
    mut sink: impl FnMut(ShortChannelId, Learnt),
) -> Result<MissionControlSummary, MissionControlError> {
    let mut summary = MissionControlSummary::default();
    let tell = |pair: Pair| {
        pair.tell(snapshot.topology(), &mut summary, &mut sink);
        Ok::<_, Infallible>(())
    };
    let mut reader = serde_json::Deserializer::from_slice(json);
    InField { name: "pairs", seed: Each::new(tell) }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(summary)
}

/// Writes what is known of `snapshot`'s pairs, with nodes in base64: the body of `/v2/router/x/importhistory`. Returns
/// the number of pairs. O(known channels * log), and the channels of their nodes.
///
/// # Errors
/// Those of `out`.
pub fn write_mission_control(beliefs: &Beliefs, snapshot: &Snapshot, out: impl Write) -> io::Result<u64> {
    let channel_count = snapshot.topology().channel_count();
    let known = beliefs.known().filter(|(channel, _)| channel.to_usize() < channel_count);
    write_known(beliefs, snapshot.topology(), known, out)
}

/// The same of two nodes alone: what is known from one to the other, and back. O(channels of the first).
///
/// # Errors
/// Those of `out`.
pub fn write_mission_control_pair(
    beliefs: &Beliefs,
    snapshot: &Snapshot,
    nodes: [NodeIdx; 2],
    out: impl Write,
) -> io::Result<u64> {
    let topology = snapshot.topology();
    let is_old = nodes.iter().all(|node| node.to_usize() < topology.node_count());
    let arcs = is_old.then(|| arcs_between(topology, nodes[0], nodes[1])).into_iter().flatten();
    let known = arcs.map(ArcIdx::channel).filter(|&channel| beliefs.is_known(channel));
    write_known(beliefs, topology, known.map(|channel| (channel, beliefs.bounds(channel))), out)
}

fn write_known(
    beliefs: &Beliefs,
    topology: &Topology,
    known: impl Iterator<Item = (ChannelIdx, Bounds)>,
    mut out: impl Write,
) -> io::Result<u64> {
    let mut arcs: Vec<(ArcIdx, Said, Said)> = Vec::new();
    for (channel, bounds) in known {
        let capacity = beliefs.capacity(channel).expect("known() lists channels of the table");
        let paid = beliefs.paid(channel);
        for direction in Direction::BOTH {
            let (carried, refused) = said(direction, bounds, paid[direction.as_usize()], capacity);
            if carried.is_some() || refused.is_some() {
                arcs.push((channel.arc(direction), carried, refused));
            }
        }
    }
    let pair_of = |arc: ArcIdx| (topology.tail(arc), topology.head(arc));
    arcs.sort_unstable_by_key(|(arc, ..)| (pair_of(*arc), *arc));
    write!(out, r#"{{"pairs":["#)?;
    let mut count = 0u64;
    for group in arcs.chunk_by(|(one, ..), (two, ..)| pair_of(*one) == pair_of(*two)) {
        let (tail, head) = pair_of(group[0].0);
        let carried = group.iter().filter_map(|(_, carried, _)| *carried).max();
        let is_complete = group.len() == channels_between(topology, tail, head)
            && group.iter().all(|(.., no)| no.is_some());
        let refused = group.iter().filter_map(|(.., refused)| *refused).max().filter(|_| is_complete);
        if carried.is_none() && refused.is_none() {
            continue;
        }
        let (from, to) = (to_base64(topology.node_id(tail)), to_base64(topology.node_id(head)));
        let comma = if count == 0 { "" } else { "," };
        write!(out, r#"{comma}{{"node_from":"{from}","node_to":"{to}","history":{{"#)?;
        for (name, said, comma) in [("fail", refused, ","), ("success", carried, "}}")] {
            let (amount, time) = said.unwrap_or_default();
            let (sat, msat, secs) = (amount.to_sat_floor(), amount.to_msat(), time.to_secs());
            write!(
                out,
                r#""{name}_time":"{secs}","{name}_amt_sat":"{sat}","{name}_amt_msat":"{msat}"{comma}"#
            )?;
        }
        count += 1;
    }
    write!(out, "]}}")?;
    Ok(count)
}

/// An amount that was carried or refused, and when.
type Said = Option<(Msat, UnixTime)>;

/// What a direction of a channel is known to have carried, and to have refused: always more than that.
fn said(direction: Direction, bounds: Bounds, paid: Paid, capacity: Msat) -> (Said, Said) {
    let own = bounds.floors[direction.as_usize()];
    let other = bounds.floors[direction.reversed().as_usize()];
    // A floor was learnt from an HTLC that its side carried, or from one that the other side refused; or it was received,
    // which tells of the other side alone.
    let is_seen = |floor: Floor, how| floor.amount != Msat::ZERO && floor.evidence == how;
    let one = Msat::from_msat(1);
    let least = capacity.saturating_sub(other.amount).saturating_add(one);
    let mut refused = is_seen(other, Evidence::Refused).then_some((least, other.learnt));
    let mut paid = (paid.amount, paid.at);
    // Of what was paid and what was refused the later one counts, as in LND.
    match &mut refused {
        Some((least, at)) if *at > paid.1 => paid.0 = paid.0.min(least.saturating_sub(one)),
        Some((least, _)) => *least = (*least).max(paid.0.saturating_add(one)),
        None => {}
    }
    let carried = is_seen(own, Evidence::Carried).then_some((own.amount, own.learnt));
    (carried.max((paid.0 != Msat::ZERO).then_some(paid)), refused)
}

#[derive(Deserialize)]
struct Pair {
    node_from: Node,
    node_to: Node,
    #[serde(default)]
    history: History,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct History {
    fail_time: Whole,
    fail_amt_sat: Whole,
    fail_amt_msat: Whole,
    success_time: Whole,
    success_amt_sat: Whole,
    success_amt_msat: Whole,
}

struct Node(NodeId);

impl Pair {
    fn tell(
        self,
        topology: &Topology,
        summary: &mut MissionControlSummary,
        sink: &mut impl FnMut(ShortChannelId, Learnt),
    ) {
        summary.pair_count += 1;
        let ends = topology.node(&self.node_from.0).zip(topology.node(&self.node_to.0));
        let Some((tail, head)) =
            ends.filter(|(tail, head)| arcs_between(topology, *tail, *head).next().is_some())
        else {
            summary.unknown_pair_count += 1;
            return;
        };
        let amount = |sat: Whole, msat: Whole| {
            Msat::from_msat(if msat.0 == 0 { sat.0.saturating_mul(1000) } else { msat.0 })
        };
        let time = |secs: Whole| UnixTime::from_secs(u32::try_from(secs.0).unwrap_or(u32::MAX));
        let history = self.history;
        let failed = (amount(history.fail_amt_sat, history.fail_amt_msat), time(history.fail_time));
        let passed = (amount(history.success_amt_sat, history.success_amt_msat), time(history.success_time));
        let mut tell = |(amount, time): (Msat, UnixTime), is_failure: bool| {
            if time == UnixTime::default() {
                return;
            }
            let is_single = || arcs_between(topology, tail, head).nth(1).is_none();
            if amount == Msat::ZERO || !(is_failure || is_single()) {
                summary.vague_count += 1;
                return;
            }
            for arc in arcs_between(topology, tail, head) {
                let said = if is_failure { Learnt::Refused } else { Learnt::Carried };
                sink(topology.short_channel_id(arc.channel()), said(arc.direction(), amount, time));
            }
        };
        // What was learnt last decides where they contradict each other.
        if failed.1 <= passed.1 {
            tell(failed, true);
            tell(passed, false);
        } else {
            tell(passed, false);
            tell(failed, true);
        }
    }
}

/// The arcs from one node to another, found from the end with fewer channels.
fn arcs_between(topology: &Topology, tail: NodeIdx, head: NodeIdx) -> impl Iterator<Item = ArcIdx> + '_ {
    let (outgoing, incoming) = (topology.outgoing(tail), topology.incoming(head));
    let from_tail = outgoing.size_hint().0 <= incoming.size_hint().0;
    let (first, second) = if from_tail { (Some(outgoing), None) } else { (None, Some(incoming)) };
    let arcs = first.into_iter().flatten().chain(second.into_iter().flatten());
    let joins = move |arc: &ArcIdx| topology.tail(*arc) == tail && topology.head(*arc) == head;
    arcs.filter(joins).filter(|arc| !topology.is_closed(arc.channel()))
}

fn channels_between(topology: &Topology, tail: NodeIdx, head: NodeIdx) -> usize {
    arcs_between(topology, tail, head).count()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NodeVisitor)
    }
}

struct NodeVisitor;

impl Visitor<'_> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node id of 66 hexadecimal digits, or in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        let node_id = if text.len() == BASE64_SIZE { from_base64(text) } else { text.parse().ok() };
        node_id.map(Node).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// 33 bytes are 44 digits without padding. Both alphabets of RFC 4648 are read; the first is written.
fn from_base64(text: &str) -> Option<NodeId> {
    let mut bytes = [0; 33];
    for (group, out) in text.as_bytes().chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let mut bits = 0u32;
        for &digit in group {
            let digit = match digit {
                b'-' => b'+',
                b'_' => b'/',
                digit => digit,
            };
            bits = bits << 6 | BASE64.iter().position(|&known| known == digit)? as u32;
        }
        out.copy_from_slice(&bits.to_be_bytes()[1..]);
    }
    NodeId::from_bytes(bytes).ok()
}

fn to_base64(node_id: NodeId) -> String {
    let groups = node_id.as_bytes().chunks_exact(3);
    let bits = groups.map(|group| u32::from_be_bytes([0, group[0], group[1], group[2]]));
    bits.flat_map(|bits| [18, 12, 6, 0].map(|shift| char::from(BASE64[(bits >> shift & 63) as usize])))
        .collect()
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Digits of a node id.
const BASE64_SIZE: usize = 44;
