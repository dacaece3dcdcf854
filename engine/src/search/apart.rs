//! The steps of `relax` for where they are rarely taken. A search is compiled in two dozen kinds, and each place at which a
//! step is inlined makes all of them larger.

use super::discount::Discount;
use super::doors::Doors;
use super::problem::Suffix;
use super::rest::Rest;
use super::run::Run;
use crate::cost::HopCost;
use crate::graph::Record;

impl<C: HopCost, const INBOUND: bool, const RESTRICTED: bool> Run<'_, '_, C, INBOUND, RESTRICTED> {
    #[inline(never)]
    pub(super) fn relax_forward_apart(
        &mut self,
        head: u32,
        key: u64,
        rest: Rest,
        record: Record,
        discount: Option<Discount>,
        arc: u32,
    ) {
        self.relax_forward(head, key, rest, record, discount, || arc);
    }

    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "what a step knows of the label and of the arc")]
    pub(super) fn relax_backward_apart(
        &mut self,
        door: u32,
        tail: u32,
        suffix: &Suffix,
        rest: Rest,
        record: Record,
        doors: Doors,
        arc: u32,
    ) {
        self.relax_backward(door, tail, suffix, rest, record, doors, || arc);
    }
}
