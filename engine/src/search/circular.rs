//! Circular routes: the payer pays itself, as for rebalancing, but not back over the channel that the payment left by.
//!
//! A search with one label a node cannot tell by which channel a path left. So for each binary digit of the channels'
//! indices two ordinary searches are made: out over the payer's channels that have a 0 there and back over those that
//! have a 1, and the other way round. Two different channels differ in some digit, so one of the searches sees every
//! pair of them (docs/search.md, lemma 9). Each is bounded by what those before it have found. A route hint may name a
//! channel of the graph: both guises count as one channel, by one index.

use super::Counts;
use super::answer::{Answer, Method, Outcome};
use super::problem::{COST_MAX, Problem};
use super::split::Split;
use super::workspace::Workspace;
use crate::cost::HopCost;

/// The best of the answers of all splits; one that is not circular is searched as it is. `search` looks for routes that
/// cost less than its bound.
pub(super) fn over_splits<C: HopCost>(
    problem: Problem<'_, C>,
    space: &mut Workspace,
    mut search: impl FnMut(Problem<'_, C>, &mut Workspace, u64) -> Answer,
) -> Answer {
    if problem.payer != problem.payee {
        return search(problem, space, COST_MAX);
    }
    let mut channels = std::mem::take(&mut space.own_channels);
    collect_channels(&problem, &mut channels);
    let mut arcs = std::mem::take(&mut space.circle);
    let mut best = Answer {
        outcome: Outcome::NoRoute,
        least: COST_MAX,
        method: Method::Bidirectional,
        counts: Counts::default(),
    };
    for split in Split::all(digits_of(&channels)) {
        let bound = best.cost().unwrap_or(COST_MAX);
        let answer = search(Problem { split: Some(split), ..problem.after(best.counts) }, space, bound);
        best.counts = best.counts.plus(answer.counts);
        if answer.outcome != Outcome::NoRoute {
            best.least = best.least.min(answer.least);
        }
        match (answer.outcome, best.outcome) {
            (Outcome::Route { cost }, _) if cost < bound => {
                (best.outcome, best.method) = (answer.outcome, answer.method);
                std::mem::swap(&mut space.best, &mut arcs);
            }
            (Outcome::WorkLimit | Outcome::Changed, Outcome::NoRoute) => best.outcome = answer.outcome,
            _ => {}
        }
    }
    best.least = best.least.min(best.cost().unwrap_or(COST_MAX).saturating_sub(problem.tolerance));
    std::mem::swap(&mut space.best, &mut arcs);
    (space.circle, space.own_channels) = (arcs, channels);
    best
}

/// The channels of the payer by number, sorted.
fn collect_channels<C: HopCost>(problem: &Problem<'_, C>, channels: &mut Vec<u32>) {
    channels.clear();
    let channel_of = |arc| problem.restrictions.channel_of(arc);
    channels.extend(problem.topology.out_lists().arcs_of(problem.payer).iter().map(|&arc| channel_of(arc)));
    for layer in problem.layers {
        channels.extend(layer.outgoing(problem.payer).map(|arc| channel_of(arc.arc)));
    }
    channels.sort_unstable();
    channels.dedup();
}

/// Binary digits in which any two of some channels differ: of few channels no more digits than needed one after the
/// other, of many all that are not the same everywhere. O(channels).
fn digits_of(channels: &[u32]) -> u32 {
    let differing = channels.iter().fold(0, |digits, channel| digits | (channel ^ channels[0]));
    if channels.len() > FEW {
        return differing;
    }
    let has_twins = |digits: u32| {
        let twins = |(at, one): (usize, &u32)| channels[..at].iter().any(|two| (one ^ two) & digits == 0);
        channels.iter().enumerate().any(twins)
    };
    (0..u32::BITS).fold(differing, |digits, digit| {
        let fewer = digits & !(1 << digit);
        if has_twins(fewer) { digits } else { fewer }
    })
}

/// So many channels are compared with one another to save a search or two.
const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_channels_is_in_some_split_and_no_channel_with_itself() {
        let mut index = 1u32;
        for count in 0..70 {
            let channels = (0..count).map(|_| {
                index = index.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                index >> 12
            });
            let mut channels = channels.collect::<Vec<_>>();
            channels.dedup();
            let digits = digits_of(&channels);
            for &one in &channels {
                for &two in &channels {
                    let mut splits = Split::all(digits);
                    let is_seen = splits.any(|split| split.may_be_first(one) && split.may_be_last(two));
                    assert_eq!(is_seen, one != two, "{one} and {two} of {count}");
                }
            }
        }
    }

    #[test]
    fn few_channels_need_few_splits() {
        assert_eq!(Split::all(digits_of(&[])).count(), 0);
        assert_eq!(Split::all(digits_of(&[7])).count(), 0);
        assert_eq!(Split::all(digits_of(&[0b0111, 0b1000])).count(), 2);
        assert_eq!(Split::all(digits_of(&[0, 1, 2, 3])).count(), 4);
    }
}
