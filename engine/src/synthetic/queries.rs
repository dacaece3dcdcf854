//! Random payments, for benchmarks and demonstrations.

use primitives::{Msat, NodeId};
use rand::Rng;

use super::stream::{Purpose, stream};

/// The amounts of random payments: log-uniform, both bounds included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountRange {
    /// The smallest.
    pub min: Msat,
    /// The largest.
    pub max: Msat,
}

impl Default for AmountRange {
    /// 1,000 to 1,000,000 sat.
    fn default() -> Self {
        AmountRange { min: Msat::from_msat(1_000_000), max: Msat::from_msat(1_000_000_000) }
    }
}

/// `count` payments (payer, payee, amount) between distinct nodes, each node equally likely. Whether a route exists is
/// not looked at. Empty where there are fewer than two nodes.
pub fn random_queries(
    nodes: &[NodeId],
    count: usize,
    seed: u64,
    amounts: AmountRange,
) -> Vec<(NodeId, NodeId, Msat)> {
    if nodes.len() < 2 {
        return Vec::new();
    }
    let mut rng = stream(seed, Purpose::Queries, 0);
    let low = (amounts.min.to_msat().max(1) as f64).ln();
    let high = (amounts.max.to_msat().max(1) as f64).ln();
    let mut query = || {
        let payer = rng.random_range(0..nodes.len());
        let payee = (payer + rng.random_range(1..nodes.len())) % nodes.len();
        let amount = (low + (high - low).max(0.0) * rng.random::<f64>()).exp().round() as u64;
        let amount = amount.clamp(amounts.min.to_msat(), amounts.max.to_msat().max(amounts.min.to_msat()));
        (nodes[payer], nodes[payee], Msat::from_msat(amount))
    };
    (0..count).map(|_| query()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::keys::node_ids;
    use super::*;

    #[test]
    fn queries_join_distinct_nodes_within_the_range() {
        let nodes = node_ids(3, 3, false);
        let range = AmountRange::default();
        let queries = random_queries(&nodes, 1000, 5, range);
        assert_eq!(queries, random_queries(&nodes, 1000, 5, range));
        assert!(
            queries
                .iter()
                .all(|(payer, payee, amount)| { payer != payee && (range.min..=range.max).contains(amount) })
        );
        let small = queries.iter().filter(|query| query.2 < Msat::from_msat(31_622_777)).count();
        assert!((400..600).contains(&small), "{small} below the geometric mean");
        assert_eq!(random_queries(&nodes[..1], 5, 5, range), []);
    }
}
