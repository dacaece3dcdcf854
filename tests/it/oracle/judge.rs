//! What the engine says of a world, held against all its routes.

use engine::obvious::{Reference, route_reference};
use engine::route::{Proof, Route};
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::Snapshot;
use primitives::Direction;

use super::brute::{Oracle, Priced};
use super::world::{World, node_id};

/// Asks the engine and every route of the world; says what is wrong with the answer.
pub(super) fn judge(world: &World) -> Result<(), String> {
    judge_with(world, &mut RouteWorkspace::default())
}

/// As [`judge`], with a workspace that was used before.
pub(super) fn judge_with(world: &World, space: &mut RouteWorkspace) -> Result<(), String> {
    let best = Oracle::new(world).best();
    let snapshot = world.snapshot();
    judge_reference(world, &snapshot, best.as_ref())?;
    let answer = route(&snapshot, &world.query_on(&snapshot), space);
    match (answer, best) {
        (Ok(found), None) => Err(format!("no route exists, but {found:#?}")),
        (Ok(found), Some(best)) => agrees(world, &found, &best).map_err(|wrong| {
            let named = best.arcs.iter().map(|&at| Oracle::new(world).arcs[at].name.0.to_u64());
            format!(
                "{wrong}\nbest: cost {}, channels {:?}, amounts {:?}\nfound: {found:#?}",
                best.cost,
                named.collect::<Vec<_>>(),
                best.amounts
            )
        }),
        (Err(RouteError::NoRoute(_) | RouteError::UnknownNode { .. }), None) => Ok(()),
        (Err(RouteError::WorkLimit { .. }), _) if world.payment.work_max < 1000 => Ok(()),
        (Err(error), best) => Err(format!("{error:?}, but the best is {best:?}")),
    }
}

/// The engine's own reference has to be right as well: larger graphs rely on it.
fn judge_reference(world: &World, snapshot: &Snapshot, best: Option<&Priced>) -> Result<(), String> {
    let cost = |by| match route_reference(snapshot, &world.query_on(snapshot), by) {
        Ok(found) => Ok(Some(found.map(|found| u128::from(found.cost)))),
        Err(RouteError::UnknownNode { .. }) => Ok(Some(None)),
        Err(RouteError::WorkLimit { .. }) => Ok(None),
        Err(error) => Err(format!("the reference fails: {error}")),
    };
    // Some small worlds have very many ways that beat one another in some respect.
    let best = best.map(|best| best.cost);
    match cost(Reference::Labels { labels_max: 3000 })? {
        Some(exact) if exact == best => Ok(()),
        None => Ok(()),
        Some(exact) => Err(format!("the reference finds {exact:?}, the best is {best:?}")),
    }
}

fn agrees(world: &World, found: &Route, best: &Priced) -> Result<(), String> {
    let priced = repriced(world, found)?;
    let expect = |is_so: bool, what: &str| if is_so { Ok(()) } else { Err(what.to_owned()) };
    expect(u128::from(found.cost) == priced.cost, &format!("its cost is {}", priced.cost))?;
    let amounts = found.hops.iter().map(|hop| hop.amount.to_msat()).collect::<Vec<_>>();
    expect(amounts == priced.amounts, &format!("its amounts are {:?}", priced.amounts))?;
    let cltvs = found.hops.iter().map(|hop| hop.cltv).collect::<Vec<_>>();
    expect(cltvs == priced.cltvs, &format!("its expiries are {:?}", priced.cltvs))?;
    expect(found.cltv == priced.cltvs[0], "its expiry is not its first HTLC's")?;
    expect(found.fee.to_msat() == amounts[0] - world.payment.amount, "its fee is not what is paid beyond")?;
    for (at, hop) in found.hops.iter().enumerate() {
        let next = amounts.get(at + 1).map_or(amounts[at], |&next| next);
        expect(hop.fee.to_msat() == amounts[at] - next, &format!("the fee of hop {at} is wrong"))?;
    }
    let error = (found.probability - priced.probability).abs();
    expect(error < 1e-9, &format!("its probability is {}", priced.probability))?;
    let gap = match found.proof {
        Proof::Optimal => 0,
        Proof::Bounded { gap } => gap.to_msat(),
    };
    expect(priced.cost <= best.cost + u128::from(gap), "a better one exists than its proof allows")?;
    let is_cut = world.payment.work_max < 1000;
    let tolerance = u128::from(world.payment.tolerance);
    expect(is_cut || priced.cost <= best.cost + tolerance, "it is worse than the best by more than allowed")
}

/// Prices the route that was found, after checking that it is simple and leads from the payer to the payee.
fn repriced(world: &World, found: &Route) -> Result<Priced, String> {
    let oracle = Oracle::new(world);
    let mut route = Vec::with_capacity(found.hops.len());
    let mut at = world.payment.payer;
    for (place, hop) in found.hops.iter().enumerate() {
        let direction = if hop.direction == Direction::NodeOneToTwo { 0 } else { 1 };
        let name = (hop.short_channel_id, direction);
        let arc = oracle.arcs.iter().position(|arc| arc.name == name);
        let arc = arc.ok_or_else(|| format!("hop {place} may not be used"))?;
        if oracle.arcs[arc].tail != at || node_id(oracle.arcs[arc].head) != hop.node_id {
            return Err(format!("hop {place} does not follow"));
        }
        at = oracle.arcs[arc].head;
        if route.iter().any(|&before: &usize| oracle.arcs[before].head == at) {
            return Err(format!("hop {place} visits {at} again"));
        }
        if route.iter().any(|&before| oracle.arcs[before].name.0 == name.0) {
            return Err(format!("hop {place} uses its channel again"));
        }
        let is_end = place + 1 == found.hops.len();
        if at == world.payment.payer && !is_end {
            return Err(format!("hop {place} returns to the payer"));
        }
        route.push(arc);
    }
    if at != world.payment.payee {
        return Err(format!("it ends at {at}"));
    }
    oracle.price(&route).ok_or_else(|| format!("it breaks a rule: {found:#?}"))
}
