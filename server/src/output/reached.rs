//! Nodes that can be paid: as JSON, and in tables.

use comfy_table::Table;
use engine::reach::ReachEntry;
use engine::route::{Proof, Route};
use engine::snapshot::Snapshot;
use indicatif::HumanCount;
use primitives::Msat;
use serde::Serialize;

use super::table;

/// A node that may be paid, and what that costs at least.
#[derive(Debug, Serialize)]
pub(crate) struct BoundJson {
    node_id: String,
    least_cost_msat: u64,
    hops: u32,
}

/// A node that can be paid, and how.
#[derive(Debug, Serialize)]
pub(crate) struct PaidJson {
    node_id: String,
    pub(crate) cost_msat: u64,
    gap_msat: u64,
    fee_msat: u64,
    hops: usize,
    cltv: u32,
    probability: f64,
}

impl BoundJson {
    pub(crate) fn new(snapshot: &Snapshot, entry: &ReachEntry) -> Self {
        let node_id = snapshot.node_id(entry.node).to_string();
        BoundJson { node_id, least_cost_msat: entry.least_cost, hops: entry.hop_count }
    }
}

impl PaidJson {
    pub(crate) fn new(node_id: String, route: &Route) -> Self {
        let gap_msat = match route.proof {
            Proof::Optimal => 0,
            Proof::Bounded { gap } => gap.to_msat(),
        };
        PaidJson {
            node_id,
            cost_msat: route.cost,
            gap_msat,
            fee_msat: route.fee.to_msat(),
            hops: route.hops.len(),
            cltv: route.cltv,
            probability: route.probability,
        }
    }
}

/// A row for each node.
pub(crate) fn bound_rows(reached: &[BoundJson]) -> Table {
    let rows =
        reached.iter().map(|node| [node.node_id.clone(), node.hops.to_string(), sat(node.least_cost_msat)]);
    table::plain(["node", "hops", "least cost sat"], [false, true, true], rows)
}

/// The same of routes.
pub(crate) fn paid_rows(paid: &[PaidJson]) -> Table {
    let rows = paid.iter().map(|node| {
        let (cost, fee) = (sat(node.cost_msat), sat(node.fee_msat));
        let (hops, cltv) = (node.hops.to_string(), node.cltv.to_string());
        [node.node_id.clone(), hops, cost, fee, cltv, percent(node.probability)]
    });
    let header = ["node", "hops", "cost sat", "fee sat", "expiry blocks", "probability"];
    table::plain(header, [false, true, true, true, true, true], rows)
}

/// A row for each number of hops: how many nodes, and their least costs. `reached` is sorted by cost.
pub(crate) fn bounds_by_hops(reached: &[BoundJson]) -> Table {
    let rows = by_hops(reached, |node| node.hops as usize).map(|(hops, nodes)| {
        let [least, half, most] = spread(&nodes, |node| node.least_cost_msat).map(sat);
        [hops.to_string(), HumanCount(nodes.len() as u64).to_string(), least, half, most]
    });
    table::plain(["hops", "nodes", "least cost sat", "half", "most"], [true; 5], rows)
}

/// The same of routes, with what half of them take at most. `paid` is sorted by cost.
pub(crate) fn paid_by_hops(paid: &[PaidJson]) -> Table {
    let rows = by_hops(paid, |node| node.hops).map(|(hops, nodes)| {
        let [least, half, most] = spread(&nodes, |node| node.cost_msat).map(sat);
        let fee = sat(spread(&nodes, |node| node.fee_msat)[1]);
        let cltv = spread(&nodes, |node| u64::from(node.cltv))[1].to_string();
        let mut chances: Vec<f64> = nodes.iter().map(|node| node.probability).collect();
        chances.sort_unstable_by(f64::total_cmp);
        let chance = percent(chances[chances.len() / 2]);
        [hops.to_string(), HumanCount(nodes.len() as u64).to_string(), least, half, most, fee, cltv, chance]
    });
    let header =
        ["hops", "nodes", "cost sat", "half", "most", "fee sat: half", "blocks: half", "probability: half"];
    table::plain(header, [true; 8], rows)
}

/// The nodes of each number of hops that some have, in their order.
fn by_hops<T>(nodes: &[T], hops_of: impl Fn(&T) -> usize) -> impl Iterator<Item = (usize, Vec<&T>)> {
    let hop_count_max = nodes.iter().map(&hops_of).max().unwrap_or(0);
    let rows = (1..=hop_count_max).map(move |hops| {
        let nodes: Vec<&T> = nodes.iter().filter(|node| hops_of(node) == hops).collect();
        (hops, nodes)
    });
    rows.filter(|(_, nodes)| !nodes.is_empty())
}

/// The least, the middle one and the most.
fn spread<T>(nodes: &[&T], value: impl Fn(&T) -> u64) -> [u64; 3] {
    let mut values: Vec<u64> = nodes.iter().map(|node| value(node)).collect();
    values.sort_unstable();
    [values[0], values[values.len() / 2], values[values.len() - 1]]
}

fn sat(msat: u64) -> String {
    table::sat(Msat::from_msat(msat))
}

fn percent(probability: f64) -> String {
    format!("{:.1} %", 100.0 * probability)
}
