//! The slow twin: fees straight from their definition, every path of a small graph, and Dijkstra's search without
//! anything that makes it fast.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use engine::imbalance::{FeeTerms, PathWeights};

use super::world::Channel;

/// A channel by place, and its direction.
pub(super) type Arc = (usize, usize);

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment<'a> {
    pub(super) payer: u32,
    pub(super) payee: u32,
    pub(super) amount: u64,
    pub(super) weights: PathWeights,
    pub(super) avoided: &'a [u32],
}

/// The penalty of a balance in millionths, rounded down.
pub(super) fn penalty(terms: &FeeTerms, balance: u64) -> i128 {
    let points = &terms.imbalance_penalty;
    for pair in points.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]]
            .map(|point| (i128::from(point.balance.to_msat()), i128::from(point.penalty_msat) * 1_000_000));
        if (x0..=x1).contains(&i128::from(balance)) {
            return y0 + ((y1 - y0) * (i128::from(balance) - x0)).div_euclid(x1 - x0);
        }
    }
    assert!(points.is_empty(), "balance {balance} is beyond {terms:?}");
    0
}

/// What a node charges for `amount` that moves its balance from one number to another, in millionths.
pub(super) fn fee(terms: &FeeTerms, amount: u64, from: u64, to: u64) -> i128 {
    i128::from(terms.flat.to_msat()) * 1_000_000
        + i128::from(amount) * i128::from(terms.proportional_millionths)
        + penalty(terms, to)
        - penalty(terms, from)
}

/// What must come in over one arc for `amount` to go out over another, `None` where it cannot.
pub(super) fn before_fees(
    (terms_in, balance_in, receivable): (&FeeTerms, u64, u64),
    (terms_out, balance_out): (&FeeTerms, u64),
    amount: u64,
    is_capped: bool,
) -> Option<u64> {
    if amount > balance_out {
        return None;
    }
    let out = fee(terms_out, amount, balance_out, balance_out - amount);
    let is_kept = |a: u64| {
        let fees = out + fee(terms_in, a, balance_in, balance_in + a);
        (i128::from(a) - i128::from(amount)) * 1_000_000 >= fees && (!is_capped || a >= amount)
    };
    if receivable < 1000 {
        return (0..=receivable).find(|&a| is_kept(a)).filter(|&a| a > 0);
    }
    let (mut below, mut enough) = (0, receivable);
    if is_kept(below) || !is_kept(enough) {
        return None;
    }
    while enough - below > 1 {
        let middle = below + (enough - below) / 2;
        if is_kept(middle) { enough = middle } else { below = middle }
    }
    Some(enough)
}

/// What an arc weighs, `None` where it does not carry the amount.
pub(super) fn weight(
    channels: &[Channel],
    payment: Payment<'_>,
    uses: &BTreeMap<usize, u64>,
    (place, at): Arc,
) -> Option<u64> {
    let (channel, amount, weights) = (&channels[place], payment.amount, payment.weights);
    let (balance, peer) = (channel.balances[at], channel.balances[1 - at]);
    let (minimum, maximum) = channel.limits[at]?;
    if balance < amount || amount < minimum || amount > maximum {
        return None;
    }
    let incoming = (&channel.terms[1 - at], peer, balance);
    let before = before_fees(incoming, (&channel.terms[at], balance), amount, true)?;
    let cannot_refund = peer < amount + amount / 10;
    let hop = u64::from(weights.hop);
    let used = uses.get(&place).copied().unwrap_or(0) * u64::from(weights.diversity);
    let fees = (before - amount).checked_mul(u64::from(weights.fee)).filter(|&fees| fees < (1 << 48) - 1)?;
    Some(hop + if cannot_refund { hop } else { 0 } + used + fees)
}

/// What each arc of a path carries, `None` where the path cannot be paid.
pub(super) fn price(channels: &[Channel], path: &[Arc], amount: u64) -> Option<Vec<u64>> {
    let mut amounts = vec![amount; path.len()];
    for at in (0..path.len()).rev() {
        let (place, direction) = path[at];
        let channel = &channels[place];
        if let Some(&(next, next_direction)) = path.get(at + 1) {
            let outgoing = &channels[next];
            let terms_in = &channel.terms[1 - direction];
            let terms_out = &outgoing.terms[next_direction];
            amounts[at] = before_fees(
                (terms_in, channel.balances[1 - direction], channel.balances[direction]),
                (terms_out, outgoing.balances[next_direction]),
                amounts[at + 1],
                terms_in.cap_fees || terms_out.cap_fees,
            )?;
        }
        let (minimum, maximum) = channel.limits[direction]?;
        if amounts[at] > channel.balances[direction] || amounts[at] < minimum || amounts[at] > maximum {
            return None;
        }
    }
    Some(amounts)
}

/// Every path without a loop over arcs that carry the amount, with its weight.
pub(super) fn all_paths(
    channels: &[Channel],
    payment: Payment<'_>,
    uses: &BTreeMap<usize, u64>,
) -> Vec<(u64, Vec<Arc>)> {
    let (mut paths, mut nodes, mut path) = (Vec::new(), vec![payment.payer], Vec::new());
    extend(channels, payment, uses, (&mut nodes, &mut path, 0), &mut paths);
    paths
}

fn extend(
    channels: &[Channel],
    payment: Payment<'_>,
    uses: &BTreeMap<usize, u64>,
    (nodes, path, sum): (&mut Vec<u32>, &mut Vec<Arc>, u64),
    paths: &mut Vec<(u64, Vec<Arc>)>,
) {
    let node = nodes[nodes.len() - 1];
    if node == payment.payee {
        paths.push((sum, path.clone()));
        return;
    }
    for (place, channel) in channels.iter().enumerate() {
        for at in [0, 1] {
            let (tail, head) = (channel.ends[at], channel.ends[1 - at]);
            if tail != node || nodes.contains(&head) || payment.avoided.contains(&head) {
                continue;
            }
            let Some(weight) = weight(channels, payment, uses, (place, at)) else { continue };
            nodes.push(head);
            path.push((place, at));
            extend(channels, payment, uses, (&mut *nodes, &mut *path, sum + weight), paths);
            nodes.pop();
            path.pop();
        }
    }
}

/// A path of least weight over all, payable or not; nodes are numbered below `leaving.len()`.
pub(super) fn dijkstra(
    channels: &[Channel],
    leaving: &[Vec<Arc>],
    (payer, payee): (u32, u32),
    weight: impl Fn(Arc) -> Option<u64>,
) -> Option<(u64, Vec<Arc>)> {
    let mut labels: Vec<Option<(u64, Arc)>> = vec![None; leaving.len()];
    let mut settled = vec![false; leaving.len()];
    let mut queue = BinaryHeap::from([(Reverse(0), payer)]);
    while let Some((Reverse(key), node)) = queue.pop() {
        if std::mem::replace(&mut settled[node as usize], true) {
            continue;
        }
        if node == payee {
            break;
        }
        for &(place, at) in &leaving[node as usize] {
            let head = channels[place].ends[1 - at];
            let Some(weight) = weight((place, at)).filter(|_| !settled[head as usize]) else { continue };
            let label = &mut labels[head as usize];
            if label.is_none_or(|(known, _)| key + weight < known) {
                *label = Some((key + weight, (place, at)));
                queue.push((Reverse(key + weight), head));
            }
        }
    }
    let (weight, _) = labels[payee as usize]?;
    let (mut path, mut node) = (Vec::new(), payee);
    while node != payer {
        let (_, (place, at)) = labels[node as usize]?;
        path.push((place, at));
        node = channels[place].ends[at];
    }
    path.reverse();
    Some((weight, path))
}
