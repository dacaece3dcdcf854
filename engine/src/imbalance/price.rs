//! A path's exact amounts, from the payee back to the payer.

use super::mediate::{Cap, Share, after_fees, before_fees};
use super::table::ImbalanceTable;
use super::weight::World;

/// Writes what each arc of a path carries so that the amount arrives; whether all of it fits: balances, limits of HTLCs,
/// and every mediator keeps its fee.
pub(super) fn price(world: &World<'_>, arcs: &[u32], amounts: &mut Vec<u64>) -> bool {
    amounts.clear();
    amounts.resize(arcs.len(), world.amount);
    let fits = |arc: u32, amount: u64| {
        amount <= world.table.balance(arc)
            && world.bounds(arc).is_some_and(|bounds| (bounds.min..=bounds.max).contains(&amount))
    };
    for at in (0..arcs.len()).rev() {
        if let Some(&next) = arcs.get(at + 1) {
            let (incoming, outgoing) = (world.table.share(arcs[at] ^ 1), world.table.share(next));
            let receivable = world.table.balance(arcs[at]);
            match before_fees(incoming, receivable, outgoing, amounts[at + 1], cap(incoming, outgoing)) {
                Some(before) => amounts[at] = before,
                None => return false,
            }
        }
        if !fits(arcs[at], amounts[at]) {
            return false;
        }
    }
    true
}

/// What arrives of an amount that enters a path whose mediators each keep their fee and pass on the most; `None` where
/// nothing does.
pub(super) fn delivered(table: &ImbalanceTable, arcs: &[u32], sent: u64) -> Option<u64> {
    arcs.windows(2).try_fold(sent, |amount, pair| {
        let (incoming, outgoing) = (table.share(pair[0] ^ 1), table.share(pair[1]));
        after_fees(incoming, outgoing, amount, cap(incoming, outgoing))
    })
}

/// A mediator's fee is capped where either of its schedules says so; Raiden wants both to say the same.
fn cap(incoming: Share<'_>, outgoing: Share<'_>) -> Cap {
    if incoming.schedule.caps_fees() || outgoing.schedule.caps_fees() { Cap::AtZero } else { Cap::None }
}
