//! What of a plan is sent first where all of it is unlikely to get through.
//!
//! A payment near the most that its channels can carry has to use nearly all of what they may hold, and a refusal of that
//! tells next to nothing: the next plan asks for a little less. So a channel that is asked for more than it is likely to
//! carry is asked for its median instead. Whatever comes of it halves what is not known of the channel, and what gets
//! through stays there while the rest is planned. Parts keep to the plan's routes: no channel is committed to more than the
//! plan of all would have put there, so the rest still has its way as far as it is known.

use primitives::Msat;

use super::fit::Draft;
use super::once::compile_once;
use super::planner::Planner;
use super::query::{Plan, PlanError, PlanPart, PlanQuery};
use super::tariff::Tariff;
use super::workspace::PlanWorkspace;
use crate::belief::{Liquidity, Prior};
use crate::compile::arc_named;
use crate::query::RouteQuery;
use crate::snapshot::Snapshot;

/// Cuts a plan down to what its channels are likely to carry: those that would carry all that it sends over them with less
/// than one chance in four are asked for what they carry with one in two. `None` where there is nothing to cut, nothing
/// would be left, or policies have changed under the plan: then it is sent as it is. A stage's `amount` is less than the
/// plan's, and it has no `least_cost`. O(hops^2), some microseconds.
///
/// # Errors
/// As [`super::plan_with`] for a query that names what is not there.
pub fn first_stage<L: Liquidity + Copy>(
    snapshot: &Snapshot,
    query: &PlanQuery,
    liquidity: L,
    plan: &Plan,
    space: &mut PlanWorkspace,
) -> Result<Option<Plan>, PlanError> {
    if plan.probability >= UNLIKELY {
        // No channel is less likely than all of them together.
        return Ok(None);
    }
    let compiled = compile_once(snapshot, &query.route)?;
    let planner = Planner::new(snapshot, query, &compiled, liquidity)?;
    let network = planner.network(Tariff::new(planner.prices, planner.problem.amount));
    let paths: Option<Vec<_>> = plan.parts.iter().map(|part| arcs_of(part, snapshot, &query.route)).collect();
    let Some(paths) = paths else { return Ok(None) };
    let paths = || paths.iter().zip(&plan.parts).map(|(arcs, part)| (&arcs[..], part.amount.to_msat()));
    let draft = &mut space.draft;
    draft.clear();
    if !draft.set(&network, paths(), &planner.rules) || !draft.cap_unlikely(network.tariff.prior()) {
        return Ok(None);
    }
    draft.refill(&network, paths(), &planner.rules);
    if draft.parts.is_empty() {
        return Ok(None);
    }
    let amount = draft.parts.iter().map(|part| part.amount).sum();
    let stage = planner.finish_current(&network, 0, plan.counts, space)?;
    Ok(stage.map(|stage| Plan { amount: Msat::from_msat(amount), ..stage.above(None) }))
}

fn arcs_of(part: &PlanPart, snapshot: &Snapshot, query: &RouteQuery) -> Option<Vec<u32>> {
    part.hops.iter().map(|hop| Some(arc_named(snapshot, query, hop.channel())?.to_u32())).collect()
}

impl Draft {
    /// Lowers what unlikely arcs may carry; says whether there are any.
    fn cap_unlikely(&mut self, prior: Prior) -> bool {
        let mut is_capped = false;
        for known in &mut self.arcs {
            let (terms, sent) = (&mut known.terms, known.sent);
            if terms.probability(prior, sent) < UNLIKELY {
                terms.bounds.max = most_likely(sent, |amount| terms.probability(prior, amount) >= LIKELY);
                is_capped = true;
            }
        }
        is_capped
    }
}

/// The most below `above` that is likely, by halves: what is likely is likely for less.
fn most_likely(above: u64, is_likely: impl Fn(u64) -> bool) -> u64 {
    let (mut least, mut above) = (0, above);
    while above - least > 1 {
        let middle = least + (above - least) / 2;
        if is_likely(middle) { least = middle } else { above = middle }
    }
    least
}

/// What an arc carries with less than this chance is not asked of it: the ordinary split of a likely payment keeps above it.
const UNLIKELY: f64 = 0.25;
/// What is asked of it instead: the median, whose answer tells the most.
const LIKELY: f64 = 0.5;
