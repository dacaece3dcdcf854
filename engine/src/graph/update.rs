//! What the single writer does to a generation that readers are using.
//!
//! A change is planned first and stored afterwards. The plan does all that may fail, allocate or miss the cache; the
//! store is a handful of relaxed stores to lines that the plan has just read, so that the window in which a reader
//! could meet half a change is as short as it can be.

use std::sync::atomic::Ordering::Relaxed;

use primitives::{ChannelPolicy, Direction};

use super::discounts::pack_inbound;
use super::ids::{ArcIdx, ChannelIdx};
use super::record::{CLOSED, FOREIGN, Record, Wide, WideField};
use super::topology::{Topology, WideTable};

/// A policy that is ready to be stored in the generation that planned it.
#[derive(Debug)]
pub(crate) struct PolicyPlan<'a> {
    arc: ArcIdx,
    record: Record,
    out_position: u32,
    in_position: u32,
    wide: WideUpdate<'a>,
    inbound_fee: Option<u64>,
    last_update: u32,
    is_repriced: bool,
}

impl PolicyPlan<'_> {
    /// Whether the arc's place in the order of its list may be wrong after this.
    pub(crate) fn is_repriced(&self) -> bool {
        self.is_repriced
    }
}

impl Topology {
    /// Makes one direction's policy ready, and lowers the bounds for it; `None` where the generation has no room
    /// left for a value that is too wide for its record, and a new generation is due. Nothing but bounds has changed
    /// then. Only the writer may call this.
    pub(crate) fn plan_policy(
        &self,
        channel: ChannelIdx,
        direction: Direction,
        policy: &ChannelPolicy,
    ) -> Option<PolicyPlan<'_>> {
        let arc = channel.arc(direction);
        let (out_position, in_position) =
            (self.outgoing.position(arc.to_u32()), self.incoming.position(arc.to_u32()));
        let old = self.incoming.record_at(in_position);
        debug_assert_eq!(old, self.outgoing.record_at(out_position), "both lists tell the same");
        let mut wide = WideUpdate::new(&self.wide, old);
        let mut record = Record::pack(policy, old.capacity(&self.wide.values), &mut wide)?;
        record = record.with_flag(old.flags() & (CLOSED | FOREIGN));
        if !policy.inbound_fee.is_zero() {
            self.add_inbound(arc, policy.inbound_fee);
        }
        let (tail, head) = (self.incoming.end_at(in_position), self.outgoing.end_at(out_position));
        self.outgoing.lower_bounds(tail, out_position, record);
        self.incoming.lower_bounds(head, in_position, record);
        let is_repriced = old.words()[0] != record.words()[0] || old.is_enabled() != record.is_enabled();
        Some(PolicyPlan {
            arc,
            record,
            out_position,
            in_position,
            wide,
            inbound_fee: self.has_inbound_fees().then(|| pack_inbound(policy.inbound_fee)),
            last_update: policy.last_update.to_secs(),
            is_repriced,
        })
    }

    /// Replaces a policy in place. Only the writer may call this, inside its sequence.
    pub(crate) fn store_policy(&self, plan: &PolicyPlan<'_>) {
        plan.wide.store();
        if let (Some(fee), Some(fees)) = (plan.inbound_fee, self.inbound_fees.get()) {
            fees[plan.arc.to_usize()].store(fee, Relaxed);
        }
        self.last_update[plan.arc.to_usize()].store(plan.last_update, Relaxed);
        self.outgoing.store_at(plan.out_position, plan.record);
        self.incoming.store_at(plan.in_position, plan.record);
    }

    /// Replaces a policy in a generation that nobody reads yet, making room where there is none.
    pub(crate) fn store_unpublished(
        &mut self,
        channel: ChannelIdx,
        direction: Direction,
        policy: &ChannelPolicy,
    ) {
        if self.plan_policy(channel, direction, policy).is_none() {
            self.wide.grow();
        }
        let plan = self.plan_policy(channel, direction, policy).expect("there is room for one policy now");
        self.store_policy(&plan);
    }

    /// Marks both directions closed for good. Only the writer may call this, inside its sequence.
    pub(crate) fn close(&self, channel: ChannelIdx) {
        Direction::BOTH
            .into_iter()
            .for_each(|direction| self.add_flag(channel.arc(direction).to_u32(), CLOSED));
    }

    /// Sets a flag of an arc. Only the writer may call this, inside its sequence.
    pub(super) fn add_flag(&self, arc: u32, flag: u16) {
        let record = self.incoming.record(arc).with_flag(flag);
        self.outgoing.store_at(self.outgoing.position(arc), record);
        self.incoming.store_at(self.incoming.position(arc), record);
    }
}

/// Wide values of an arc that is being rewritten: a field that was wide keeps its place.
#[derive(Debug)]
struct WideUpdate<'a> {
    table: &'a WideTable,
    old: Record,
    used: u32,
    values: [(u32, u64); WIDE_FIELD_COUNT],
    count: usize,
}

impl<'a> WideUpdate<'a> {
    fn new(table: &'a WideTable, old: Record) -> Self {
        WideUpdate { table, old, used: table.used.load(Relaxed), values: Default::default(), count: 0 }
    }

    fn store(&self) {
        for &(place, value) in &self.values[..self.count] {
            self.table.values[place as usize].store(value, Relaxed);
        }
        self.table.used.store(self.used, Relaxed);
    }
}

impl Wide for WideUpdate<'_> {
    fn place(&mut self, field: WideField, value: u64) -> Option<u32> {
        let place = self.old.wide_place(field).unwrap_or(self.used);
        self.table.values.get(place as usize)?;
        self.used = self.used.max(place + 1);
        self.values[self.count] = (place, value);
        self.count += 1;
        Some(place)
    }
}

/// Fields of a record that may be wide, see [`WideField`].
const WIDE_FIELD_COUNT: usize = 3;
