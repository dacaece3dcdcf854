//! Plans within the limits on the blocks, hops and payload of each part.
//!
//! Flow knows no limit on a path. Where its paths are longer than a part may be, they may take the place of those that would do.
//! A toll for each block and each hop makes them dear (a Lagrangian relaxation, as Ahuja, Magnanti and Orlin, "Network
//! Flows", 1993, section 16.4, use for one path). It grows until no path is too long; of the plans on the way there the
//! cheapest stays, priced without tolls. Biases of layers multiply no toll, so that it is the same for every way. A way that no
//! toll makes the cheapest is not found.

use super::counts::FlowCounts;
use super::planner::{Drawn, Planner};
use super::query::PlanError;
use super::relaxed::least_cost;
use super::tolls::Overlong;
use super::workspace::PlanWorkspace;
use crate::belief::Liquidity;
use crate::cost::Prices;

impl<L: Liquidity + Copy> Planner<'_, L> {
    /// The plan for one price of liquidity, whatever its fee, within the limits of each part.
    pub(super) fn plan(&mut self, prices: Prices, space: &mut PlanWorkspace) -> Result<Drawn, PlanError> {
        let mut best = self.plan_tolled(prices, space);
        if !space.overlong.is_any() || best.as_ref().is_ok_and(Drawn::is_nearly_best) {
            return best;
        }
        while space.overlong.is_any() && self.tolls.raise(space.overlong) {
            let drawn = self.plan_tolled(prices, space);
            let is_better = match (&best, &drawn) {
                (Ok(best), Ok(drawn)) => drawn.plan.cost < best.plan.cost,
                (best, drawn) => best.is_err() && drawn.is_ok(),
            };
            if is_better {
                best = drawn;
            }
        }
        let bound = self.bound(prices, space);
        best.map(|best| best.bounded(bound))
    }

    fn plan_tolled(&mut self, prices: Prices, space: &mut PlanWorkspace) -> Result<Drawn, PlanError> {
        space.overlong = Overlong::default();
        let tolled = self.tolls.on(prices, self.problem.amount, &self.rules.limits);
        self.plan_in_any_units(tolled, space)
    }

    /// What no plan costs less than by these prices, in msat, as far as their flow proves it.
    pub(super) fn bound(&self, prices: Prices, space: &mut PlanWorkspace) -> Option<u64> {
        let network = self.network_at(prices);
        self.send_all(&network, space, &mut FlowCounts::default()).ok()?;
        Some(least_cost(&network, &space.flow, self.rules.count_max))
    }
}
