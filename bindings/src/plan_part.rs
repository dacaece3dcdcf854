//! What becomes of one part of a plan.

use crate::beliefs::{fg_advice, fg_beliefs, learn, outcome_of};
use crate::border::{Out, border};
use crate::handle::hold;
use crate::plan::{PlanAnswer, fg_plan};
use crate::reservations::{ReservationTable, fg_reservations};
use crate::status::{FG_NONE, fg_error, fg_status};

/// As fg_beliefs_learn, of one part of a plan. What other parts held in the same channels at that time is not taken
/// into account.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_learn_part(
    beliefs: *const fg_beliefs,
    plan: *const fg_plan,
    index: usize,
    outcome: u32,
    erring_node: usize,
    failure_code: u32,
    now: u32,
    advice: *mut fg_advice,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        let outcome = outcome_of(outcome, erring_node, failure_code)?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        // SAFETY: the rules of the header.
        unsafe { learn(beliefs, &answer.part(index)?.hops, outcome, now, advice) }
    })
}

/// As fg_reservations_add_route, of one part of a plan.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_reservations_add_part(
    reservations: *const fg_reservations,
    plan: *const fg_plan,
    index: usize,
    now: u32,
    id: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("id", id, FG_NONE) }?;
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<ReservationTable>(reservations) }?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<PlanAnswer>(plan) }?;
        out.put(table.reserve(&answer.part(index)?.hops, now)?);
        Ok(())
    })
}
