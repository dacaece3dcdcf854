//! Measures the shape of any graph, real or synthetic, so that the two can be laid side by side.

use std::fmt;

use primitives::ChannelPolicy;
use rayon::prelude::*;

use crate::graph::{ChannelDraft, GraphBuilder};

/// The probabilities that [`Row::quantiles`] are given at.
pub const LEVELS: [f64; 9] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/// One measured quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was measured, with its unit.
    pub name: &'static str,
    /// Its quantiles at [`LEVELS`]; zeros where there is nothing to measure.
    pub quantiles: [f64; LEVELS.len()],
}

/// The shape of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphShape {
    /// Nodes with a channel.
    pub node_count: usize,
    /// Channels.
    pub channel_count: usize,
    /// Directions with a policy.
    pub arc_count: usize,
    /// The sum of all known capacities in BTC.
    pub capacity_btc: f64,
    /// Shares between 0 and 1, each with its name; in a fixed order.
    pub shares: [(&'static str, f64); 8],
    /// Quantiles: of channels for each node, capacity, then of the policies, in a fixed order.
    pub rows: [Row; 8],
}

/// Measures a graph. O(n log n) in channels; takes some 100 bytes a channel while it runs.
pub fn quantiles(graph: &GraphBuilder) -> GraphShape {
    let channels = graph.channels();
    let degrees = degrees(graph);
    let arcs: Vec<Arc<'_>> = channels.iter().flat_map(arcs_of).collect();
    let capacities = channels.iter().filter_map(|channel| channel.capacity).map(|it| it.to_msat() as f64);
    let capacity_btc = capacities.clone().sum::<f64>() / MSAT_PER_BTC;
    let of_arcs = |value: fn(&Arc<'_>) -> f64| arcs.par_iter().map(value).collect::<Vec<f64>>();
    let limits = arcs.iter().filter_map(|arc| {
        Some(arc.policy.htlc_maximum_msat.to_msat() as f64 / arc.channel.capacity?.to_msat() as f64)
    });
    GraphShape {
        node_count: degrees.len(),
        channel_count: channels.len(),
        arc_count: arcs.len(),
        capacity_btc,
        shares: shares(channels, &degrees, &arcs),
        rows: [
            row("channels of a node", degrees.iter().map(|&degree| f64::from(degree)).collect()),
            row("capacity, sat", capacities.map(|msat| msat / 1e3).collect()),
            row("fee_base_msat", of_arcs(|arc| f64::from(arc.policy.fee.fee_base_msat))),
            row(
                "fee_proportional_millionths",
                of_arcs(|arc| f64::from(arc.policy.fee.fee_proportional_millionths)),
            ),
            row("cltv_expiry_delta", of_arcs(|arc| f64::from(arc.policy.cltv_expiry_delta.to_blocks()))),
            row("htlc_minimum_msat", of_arcs(|arc| arc.policy.htlc_minimum_msat.to_msat() as f64)),
            row("htlc_maximum_msat / capacity", limits.collect()),
            row("funding block", channels.iter().map(|it| f64::from(it.short_channel_id.block())).collect()),
        ],
    }
}

/// One direction with a policy.
#[derive(Debug, Clone, Copy)]
struct Arc<'g> {
    tail: u32,
    policy: &'g ChannelPolicy,
    channel: &'g ChannelDraft,
}

fn arcs_of(channel: &ChannelDraft) -> impl Iterator<Item = Arc<'_>> {
    let ends = channel.nodes.iter().zip(&channel.policies);
    ends.filter_map(move |(&tail, policy)| Some(Arc { tail, policy: policy.as_ref()?, channel }))
}

/// Channels of each node that has any.
fn degrees(graph: &GraphBuilder) -> Vec<u32> {
    let mut degrees = vec![0u32; graph.nodes().len()];
    for channel in graph.channels() {
        channel.nodes.iter().for_each(|&node| degrees[node as usize] += 1);
    }
    degrees.retain(|&degree| degree > 0);
    degrees
}

fn shares(channels: &[ChannelDraft], degrees: &[u32], arcs: &[Arc<'_>]) -> [(&'static str, f64); 8] {
    let part = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let single = degrees.iter().filter(|&&degree| degree == 1).count();
    let largest = degrees.iter().max().copied().unwrap_or(0) as usize;
    let mut pairs: Vec<[u32; 2]> = channels.iter().map(|channel| channel.nodes).collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    let one_sided = channels.iter().filter(|channel| channel.policies.iter().any(Option::is_none)).count();
    let of_arcs = |is: fn(&Arc<'_>) -> bool| part(arcs.iter().filter(|arc| is(arc)).count(), arcs.len());
    [
        ("nodes with one channel", part(single, degrees.len())),
        ("channels of the largest node over all nodes", part(largest, degrees.len())),
        ("channels beyond the first of their pair", part(channels.len() - pairs.len(), channels.len())),
        ("channels with one policy missing", part(one_sided, channels.len())),
        ("arcs disabled", of_arcs(|arc| arc.policy.disabled)),
        ("arcs with an inbound fee", of_arcs(|arc| !arc.policy.inbound_fee.is_zero())),
        (
            "arcs with a fee that no payment meets",
            of_arcs(|arc| {
                arc.policy.fee.fee_base_msat >= PROHIBITIVE
                    || arc.policy.fee.fee_proportional_millionths >= PROHIBITIVE
            }),
        ),
        ("arcs with their node's commonest proportional fee", habitual_share(arcs)),
    ]
}

/// The share of arcs that ask what their node asks most often, among nodes with at least [`HABIT_ARCS_MIN`].
fn habitual_share(arcs: &[Arc<'_>]) -> f64 {
    let key = |arc: &Arc<'_>| (arc.tail, arc.policy.fee.fee_proportional_millionths);
    let mut keys: Vec<(u32, u32)> = arcs.iter().map(key).collect();
    keys.par_sort_unstable();
    let (mut habitual, mut all) = (0, 0);
    for node in keys.chunk_by(|a, b| a.0 == b.0).filter(|node| node.len() >= HABIT_ARCS_MIN) {
        habitual += node.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or(0);
        all += node.len();
    }
    if all == 0 { 0.0 } else { habitual as f64 / all as f64 }
}

fn row(name: &'static str, mut values: Vec<f64>) -> Row {
    values.par_sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let at = |level: f64| values.get(((values.len() as f64 * level) as usize).min(last)).copied();
    Row { name, quantiles: LEVELS.map(|level| at(level).unwrap_or(0.0)) }
}

impl fmt::Display for GraphShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} nodes, {} channels, {} policies, {:.0} BTC",
            self.node_count, self.channel_count, self.arc_count, self.capacity_btc
        )?;
        for (name, share) in &self.shares {
            writeln!(f, "{name:50} {:>8.3} %", 100.0 * share)?;
        }
        write!(f, "{:30}", "quantiles at")?;
        LEVELS.iter().try_for_each(|level| write!(f, " {level:>10}"))?;
        for row in &self.rows {
            write!(f, "\n{:30}", row.name)?;
            let digits = if row.name.ends_with("/ capacity") { 3 } else { 0 };
            row.quantiles.iter().try_for_each(|value| write!(f, " {value:>10.digits$}"))?;
        }
        Ok(())
    }
}

/// Millisatoshi in one BTC.
const MSAT_PER_BTC: f64 = 1e11;

/// Fees from here on (100,000 sat, or a hundredfold) close a channel without disabling it.
const PROHIBITIVE: u32 = 100_000_000;

/// Fewer arcs than these show no habit.
const HABIT_ARCS_MIN: usize = 8;
