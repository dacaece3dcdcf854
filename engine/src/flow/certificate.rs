//! Checks that a workspace's flow is one, and the cheapest of its amount.
//!
//! A flow is cheapest where some potentials leave no residual arc with a reduced cost below 0 (Ahuja, Magnanti and
//! Orlin, "Network Flows", 1993, theorem 9.3; for convex costs theorem 14.1). The solver ends with such potentials, so
//! that whoever doubts its answer can check it without repeating it. O(m).

use super::network::Network;
use super::residual::{FlowArc, FlowWorkspace};

/// What is wrong with a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// An arc carries more than it can.
    #[error("arc {arc} carries {flow} of at most {capacity}")]
    Capacity {
        /// The arc.
        arc: u32,
        /// Its flow in units.
        flow: u64,
        /// What it can carry.
        capacity: u64,
    },
    /// A node does not pass on what it gets, or an end not what was asked for.
    #[error("node {node} passes on {surplus} more than it gets")]
    Conservation {
        /// The node.
        node: u32,
        /// What it sends out less what it gets.
        surplus: i128,
    },
    /// One more unit over an arc, or one less, would be cheaper.
    #[error("arc {arc} has a reduced cost of {reduced}")]
    NotCheapest {
        /// The arc.
        arc: u32,
        /// Its reduced cost, or that of its reverse; below 0.
        reduced: i64,
    },
}

/// Checks a flow of `units`.
pub(super) fn check<N: Network>(network: &N, space: &FlowWorkspace, units: u64) -> Result<(), Violation> {
    for flow in &space.flows {
        let capacity = flow.pieces.capacity();
        if flow.flow > capacity {
            return Err(Violation::Capacity { arc: flow.arc, flow: flow.flow, capacity });
        }
        check_flow(space, flow)?;
    }
    check_balances(network, space, units)?;
    for node in (0..network.node_count()).filter(|&node| network.is_passable(node)) {
        check_node(network, space, node)?;
    }
    Ok(())
}

fn check_flow(space: &FlowWorkspace, flow: &FlowArc) -> Result<(), Violation> {
    let tension = space.potential(flow.head) - space.potential(flow.tail);
    let ahead = flow.pieces.ahead(flow.flow).map(|piece| piece.slope as i64 - tension);
    let back = flow.pieces.back(flow.flow).map(|piece| tension - piece.slope as i64);
    match ahead.into_iter().chain(back).find(|&reduced| reduced < 0) {
        Some(reduced) => Err(Violation::NotCheapest { arc: flow.arc, reduced }),
        None => Ok(()),
    }
}

/// Every arc without flow that leaves a node.
fn check_node<N: Network>(network: &N, space: &FlowWorkspace, node: u32) -> Result<(), Violation> {
    let potential = space.potential(node);
    let mut wrong = Ok(());
    let mut look = |head, arc, first: super::pieces::Piece| {
        let reduced = first.slope as i64 + potential - space.potential(head);
        if reduced < 0 && space.flow_arc(arc).is_none() {
            wrong = Err(Violation::NotCheapest { arc, reduced });
        }
    };
    for block in 0..network.block_count::<true>(node) {
        network.visit::<true>(node, block, &mut look);
    }
    network.visit_beside::<true>(node, &mut look);
    wrong
}

fn check_balances<N: Network>(network: &N, space: &FlowWorkspace, units: u64) -> Result<(), Violation> {
    let mut surplus: Vec<(u32, i128)> =
        vec![(network.payer(), -i128::from(units)), (network.payee(), i128::from(units))];
    for flow in &space.flows {
        surplus.push((flow.tail, i128::from(flow.flow)));
        surplus.push((flow.head, -i128::from(flow.flow)));
    }
    surplus.sort_unstable();
    for group in surplus.chunk_by(|a, b| a.0 == b.0) {
        let sum: i128 = group.iter().map(|&(_, surplus)| surplus).sum();
        if sum != 0 {
            return Err(Violation::Conservation { node: group[0].0, surplus: sum });
        }
    }
    Ok(())
}
