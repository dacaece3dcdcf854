//! What the single writer does to a generation that readers are using.

use std::sync::atomic::Ordering::Relaxed;

use primitives::{ChannelPolicy, Direction};

use super::ids::ChannelIdx;
use super::record::{CLOSED, Record, Wide, WideField};
use super::topology::{Topology, WideTable, pack_inbound};

impl Topology {
    /// Replaces one direction's policy in place; false where the generation has no room left for a value that is
    /// too wide for its record, and a new generation is due. Only the writer may call this, inside its sequence.
    pub(crate) fn store_policy(
        &self,
        channel: ChannelIdx,
        direction: Direction,
        policy: &ChannelPolicy,
    ) -> bool {
        let arc = channel.arc(direction);
        let old = self.incoming.record(arc.to_u32());
        let mut wide = WideUpdate { table: &self.wide, old };
        let Some(mut record) = Record::pack(policy, old.capacity(&self.wide.values), &mut wide) else {
            return false;
        };
        if old.flags() & CLOSED != 0 {
            record = record.with_flag(CLOSED);
        }
        if !policy.inbound_fee.is_zero() || self.has_inbound_fees() {
            let fees = self.allocate_inbound();
            self.lower_inbound(self.tail(arc), policy.inbound_fee);
            fees[arc.to_usize()].store(pack_inbound(policy.inbound_fee), Relaxed);
        }
        self.last_update[arc.to_usize()].store(policy.last_update.to_secs(), Relaxed);
        self.store_record(arc.to_u32(), record);
        true
    }

    /// Marks both directions closed for good. Only the writer may call this, inside its sequence.
    pub(crate) fn close(&self, channel: ChannelIdx) {
        for arc in Direction::BOTH.map(|direction| channel.arc(direction).to_u32()) {
            self.store_record(arc, self.incoming.record(arc).with_flag(CLOSED));
        }
    }

    fn store_record(&self, arc: u32, record: Record) {
        let (tail, head) = (self.incoming.end_of(arc), self.outgoing.end_of(arc));
        self.outgoing.store(tail, arc, record);
        self.incoming.store(head, arc, record);
    }
}

/// Wide values of an arc that is being rewritten: a field that was wide keeps its place.
struct WideUpdate<'a> {
    table: &'a WideTable,
    old: Record,
}

impl Wide for WideUpdate<'_> {
    fn place(&mut self, field: WideField, value: u64) -> Option<u32> {
        let place = self.old.wide_place(field).unwrap_or_else(|| self.table.used.load(Relaxed));
        self.table.values.get(place as usize)?.store(value, Relaxed);
        let used = self.table.used.load(Relaxed).max(place + 1);
        self.table.used.store(used, Relaxed);
        Some(place)
    }
}
