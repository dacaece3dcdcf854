//! Plans where `htlc_minimum_msat` closes the way that the cheapest flow takes.
//!
//! Where raising parts to the minima that they are below (`raise`) does not lead to a plan, it is made again without one of
//! those channels, then without two, and so on. A channel that one branch does without is kept by those after it, so that none
//! is taken twice. Which channels to do without is as hard to say as how to pack: after so many plans it is given up, and the
//! refusal names a minimum.

use std::collections::VecDeque;

use primitives::{Msat, ShortChannelIdDir};

use super::explicit::CutSide;
use super::once::compile_once;
use super::planner::{Drawn, Planner};
use super::query::{Plan, PlanError};
use super::tariff::Tariff;
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::compile::Compiled;

/// Channels that a plan does without, and what was in its way.
struct Branch {
    without: Vec<u32>,
    /// Arcs that other branches do without.
    kept: Vec<u32>,
    /// Arcs whose minima parts were below.
    too_small: Vec<u32>,
}

impl<L: Liquidity + Copy> Planner<'_, L> {
    /// The plan that does without some of the channels whose minima are in the way. `refused` is why there is none with all of
    /// them, and stays so where none is found.
    pub(super) fn plan_around(
        &self,
        refused: PlanError,
        space: &mut PlanWorkspace,
    ) -> Result<Plan, PlanError> {
        if matches!(refused, PlanError::TooFewParts { .. }) {
            return Err(self.large_minimum(space)?.unwrap_or(refused));
        }
        if !matches!(refused, PlanError::HtlcMinimum { .. }) {
            return Err(refused);
        }
        let too_small = std::mem::take(&mut space.draft.too_small);
        let mut branches = VecDeque::from([Branch { without: Vec::new(), kept: Vec::new(), too_small }]);
        let (mut plan_count, mut too_dear) = (0, None);
        while let Some(Branch { without, mut kept, too_small }) = branches.pop_front() {
            for arc in too_small {
                if kept.contains(&arc) {
                    continue;
                }
                if plan_count == PLAN_COUNT_MAX {
                    return Err(too_dear.unwrap_or(refused));
                }
                plan_count += 1;
                let without: Vec<u32> = without.iter().copied().chain([arc]).collect();
                match self.plan_without(&without, space) {
                    // What all of the channels prove is a bound.
                    Ok(drawn) => return Ok(drawn.bounded(self.bound(self.prices, space)).proven()),
                    Err(error @ (PlanError::Query(_) | PlanError::WorkLimit { .. })) => return Err(error),
                    Err(error @ PlanError::FeeLimit { .. }) => _ = too_dear.get_or_insert(error),
                    Err(PlanError::HtlcMinimum { .. }) => {
                        let too_small = std::mem::take(&mut space.draft.too_small);
                        branches.push_back(Branch { without, kept: kept.clone(), too_small });
                    }
                    Err(
                        PlanError::Cut(_)
                        | PlanError::NoRoomForFees { .. }
                        | PlanError::HtlcLimit { .. }
                        | PlanError::RouteLimits { .. }
                        | PlanError::TooFewParts { .. },
                    ) => {}
                }
                kept.push(arc);
            }
        }
        Err(too_dear.unwrap_or(refused))
    }

    fn plan_without(&self, arcs: &[u32], space: &mut PlanWorkspace) -> Result<Drawn, PlanError> {
        let compiled = self.compiled_without(arcs)?;
        // What flow the workspace holds may be over the arcs that are gone.
        space.solved = None;
        let planned =
            Planner::new(self.snapshot, self.query, &compiled, self.liquidity)?.plan_cheapest(space);
        space.solved = None;
        planned
    }

    /// The query with arcs avoided; all others keep their numbers.
    fn compiled_without(&self, arcs: &[u32]) -> Result<Compiled, PlanError> {
        let mut compiled = compile_once(self.snapshot, &self.query.route)?;
        let avoided = &mut compiled.restrictions.avoided_arcs;
        avoided.extend(arcs);
        avoided.sort_unstable();
        Ok(compiled)
    }

    /// Names the least of the minima above the whole amount without which there would be room, `None` where none is in the
    /// way. O(m).
    fn large_minimum(&self, space: &mut PlanWorkspace) -> Result<Option<PlanError>, PlanError> {
        let amount = self.problem.amount;
        let large: Vec<u32> = self.arcs().filter(|&arc| self.problem.minimum(arc) > amount).collect();
        if large.is_empty() {
            return Ok(None);
        }
        let compiled = self.compiled_without(&large)?;
        let small = Planner::new(self.snapshot, self.query, &compiled, self.liquidity)?;
        let most = small.most_sendable(space)?.0.to_msat();
        if most >= amount {
            return Ok(None);
        }
        let (side, network) = (CutSide::of(&space.flow), self.network(Tariff::flat()));
        let crosses = |arc: u32| {
            let [tail, head] = [self.problem.tail(arc), self.problem.head(arc)];
            side.is_payers(&space.flow, tail) && !side.is_payers(&space.flow, head)
        };
        let minima = large.into_iter().filter(|&arc| crosses(arc)).filter_map(|arc| {
            let bounds = network.terms_of(arc)?.bounds;
            (bounds.min <= bounds.max).then_some((bounds.min, arc))
        });
        Ok(minima.min().map(|least| self.minimum_error(Msat::from_msat(amount - most), least)))
    }

    /// The arcs of the generation, and those beside it.
    fn arcs(&self) -> impl Iterator<Item = u32> {
        let listed = 0..self.problem.topology.channel_count() as u32 * 2;
        let beside = self.problem.layers.into_iter().flat_map(|layer| {
            (0..layer.channels().len()).flat_map(move |place| [layer.arc_at(place), layer.arc_at(place) + 1])
        });
        listed.chain(beside)
    }

    /// Why there is no plan, where an arc's minimum is in the way.
    pub(super) fn minimum_error(&self, missing: Msat, (minimum, arc): (u64, u32)) -> PlanError {
        let (short_channel_id, direction, _) = self.problem.names(self.snapshot, arc);
        PlanError::HtlcMinimum {
            missing,
            channel: ShortChannelIdDir { short_channel_id, direction },
            minimum: Msat::from_msat(minimum),
        }
    }
}

/// Plans that are tried: four channels in any combination, and a few of more. A plan takes some milliseconds.
const PLAN_COUNT_MAX: usize = 16;
