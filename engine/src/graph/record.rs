//! One direction of a channel as the searches read it: three words of 64 bits that one writer changes in place.
//!
//! ```text
//! word 0   fee_base_msat (32)        fee_proportional_millionths (32)
//! word 1   cltv_expiry_delta (16)    flags (16)    htlc_minimum_msat (32)
//! word 2   htlc_maximum (32, sat)    capacity (32, sat)
//! ```
//! Nothing is rounded but a capacity that is no whole sat, down: a value that does not fit its field lives in the
//! generation's table of wide values, a flag says so, and the field holds its place there. A reader may see words of two
//! successive policies at once; every route is priced again from one consistent state before it is returned (see
//! `snapshot`).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, Msat};

/// The stored form.
#[derive(Debug, Default)]
pub(crate) struct ArcRecord([AtomicU64; 3]);

/// The loaded form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record([u64; 3]);

/// What an HTLC on an arc must obey, in msat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HtlcBounds {
    /// `htlc_minimum_msat`.
    pub(crate) min: u64,
    /// The lesser of `htlc_maximum_msat` and the capacity.
    pub(crate) max: u64,
    /// The capacity; where it is unknown, `htlc_maximum_msat`.
    pub(crate) capacity: u64,
}

impl ArcRecord {
    pub(crate) fn new(record: Record) -> Self {
        ArcRecord(record.0.map(AtomicU64::new))
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> Record {
        Record([self.0[0].load(Relaxed), self.0[1].load(Relaxed), self.0[2].load(Relaxed)])
    }

    /// Writer only.
    pub(crate) fn store(&self, record: Record) {
        for (word, value) in self.0.iter().zip(record.0) {
            word.store(value, Relaxed);
        }
    }
}

impl Record {
    /// A direction whose policy nobody has told.
    pub(crate) fn unannounced(capacity: Option<Msat>, wide: &mut impl Wide) -> Option<Record> {
        let silent = ChannelPolicy {
            fee: Fee::default(),
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::default(),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::ZERO,
            disabled: true,
            last_update: Default::default(),
        };
        let Record([fees, word, amounts]) = Record::pack(&silent, capacity, wide)?;
        Some(Record([fees, word | u64::from(UNANNOUNCED) << 16, amounts]))
    }

    /// Packs a policy; `None` where the table of wide values is full.
    pub(crate) fn pack(
        policy: &ChannelPolicy,
        capacity: Option<Msat>,
        wide: &mut impl Wide,
    ) -> Option<Record> {
        let mut flags = if policy.disabled { DISABLED } else { 0 };
        let mut field = |value: u64, fits: bool, field: WideField, flag: u16| {
            if fits {
                return u32::try_from(value).ok();
            }
            flags |= flag;
            wide.place(field, value)
        };
        let min = policy.htlc_minimum_msat.to_msat();
        let min = field(min, min <= u64::from(u32::MAX), WideField::Minimum, MIN_WIDE)?;
        let max = policy.htlc_maximum_msat.to_msat();
        let max_fits = max.is_multiple_of(MSAT_PER_SAT) && max / MSAT_PER_SAT <= u64::from(u32::MAX);
        let max_value = if max_fits { max / MSAT_PER_SAT } else { max };
        let max_word = field(max_value, max_fits, WideField::Maximum, MAX_WIDE)?;
        let capacity_msat = capacity.map_or(max, Msat::to_msat);
        // Nothing passes beyond a capacity that is known; what only stands for one must not limit more than the maximum does.
        let sat = match capacity {
            Some(known) => known.to_msat() / MSAT_PER_SAT,
            None => max.div_ceil(MSAT_PER_SAT),
        };
        let fits = sat <= u64::from(u32::MAX);
        let sat = field(if fits { sat } else { capacity_msat }, fits, WideField::Capacity, CAPACITY_WIDE)?;
        if capacity.is_none() {
            flags |= CAPACITY_UNKNOWN;
        }
        let fees =
            u64::from(policy.fee.fee_base_msat) | u64::from(policy.fee.fee_proportional_millionths) << 32;
        let cltv = u64::from(policy.cltv_expiry_delta.to_blocks());
        Some(Record([
            fees,
            cltv | u64::from(flags) << 16 | u64::from(min) << 32,
            u64::from(max_word) | u64::from(sat) << 32,
        ]))
    }

    pub(crate) fn from_words(words: [u64; 3]) -> Self {
        Record(words)
    }

    pub(crate) fn words(self) -> [u64; 3] {
        self.0
    }

    /// This record with `flag` set.
    pub(crate) fn with_flag(self, flag: u16) -> Self {
        Record([self.0[0], self.0[1] | u64::from(flag) << 16, self.0[2]])
    }

    /// This record without `flag`.
    pub(crate) fn without_flag(self, flag: u16) -> Self {
        Record([self.0[0], self.0[1] & !(u64::from(flag) << 16), self.0[2]])
    }

    /// This record with another `fee_base_msat`.
    pub(crate) fn with_fee_base(self, fee_base_msat: u32) -> Self {
        Record([self.0[0] >> 32 << 32 | u64::from(fee_base_msat), self.0[1], self.0[2]])
    }

    /// This record with another `fee_proportional_millionths`.
    pub(crate) fn with_fee_ppm(self, fee_proportional_millionths: u32) -> Self {
        Record([self.0[0] & 0xffff_ffff | u64::from(fee_proportional_millionths) << 32, self.0[1], self.0[2]])
    }

    /// This record with another `cltv_expiry_delta`.
    pub(crate) fn with_cltv(self, blocks: u16) -> Self {
        Record([self.0[0], self.0[1] >> 16 << 16 | u64::from(blocks), self.0[2]])
    }

    /// This record without the `disable` bit; a closed channel stays closed.
    pub(crate) fn enabled(self) -> Self {
        self.without_flag(DISABLED)
    }

    #[inline(always)]
    pub(crate) fn fee_base_msat(self) -> u64 {
        self.0[0] & 0xffff_ffff
    }

    #[inline(always)]
    pub(crate) fn fee_ppm(self) -> u64 {
        self.0[0] >> 32
    }

    #[inline(always)]
    pub(crate) fn cltv(self) -> u64 {
        self.0[1] & 0xffff
    }

    #[inline(always)]
    pub(crate) fn flags(self) -> u16 {
        (self.0[1] >> 16) as u16
    }

    /// Whether the direction takes HTLCs at all.
    #[inline(always)]
    pub(crate) fn is_enabled(self) -> bool {
        self.flags() & (DISABLED | CLOSED | FOREIGN) == 0
    }

    /// The fee in msat of forwarding `amount` msat; saturates, which no limit and no balance can pay.
    #[inline(always)]
    pub(crate) fn fee(self, amount: u64) -> u64 {
        let (millions, rest) = (amount / MILLION, amount % MILLION);
        self.fee_split(millions, rest)
    }

    /// The most, in msat, that can be forwarded of `received` msat; `None` where not even the fee of nothing is in it.
    #[inline(always)]
    pub(crate) fn forwardable(self, received: u64) -> Option<u64> {
        // y + floor(y ppm / million) <= left, which is y (million + ppm) < (left + 1) million.
        let left = received.checked_sub(self.fee_base_msat())?;
        let divisor = MILLION + self.fee_ppm();
        match left.checked_add(1).and_then(|end| end.checked_mul(MILLION)) {
            Some(end) => Some((end - 1) / divisor),
            None => {
                u64::try_from(((u128::from(left) + 1) * u128::from(MILLION) - 1) / u128::from(divisor)).ok()
            }
        }
    }

    /// As [`Record::fee`], of `millions * 1000000 + rest`.
    #[inline(always)]
    pub(crate) fn fee_split(self, millions: u64, rest: u64) -> u64 {
        let whole = millions.saturating_mul(self.fee_ppm());
        whole.saturating_add(rest * self.fee_ppm() / MILLION + self.fee_base_msat())
    }

    /// What an HTLC here must obey, `None` where it can't be sent at all. One branch in the common case.
    #[inline(always)]
    pub(crate) fn bounds(self, wide: &[AtomicU64]) -> Option<HtlcBounds> {
        if self.flags() & UNUSUAL != 0 {
            return self.unusual_bounds(wide);
        }
        let (min, max, capacity) = (self.0[1] >> 32, self.0[2] & 0xffff_ffff, self.0[2] >> 32);
        Some(HtlcBounds { min, max: max.min(capacity) * MSAT_PER_SAT, capacity: capacity * MSAT_PER_SAT })
    }

    /// Whether the fields do not tell all by themselves: unusable, or with wide values.
    #[inline(always)]
    pub(crate) fn is_unusual(self) -> bool {
        self.flags() & UNUSUAL != 0
    }

    /// `htlc_minimum_msat` and the most that the arc can carry, of a record that is not unusual.
    #[inline(always)]
    pub(crate) fn usual_bounds(self) -> (u64, u64) {
        let (max, capacity) = (self.0[2] & 0xffff_ffff, self.0[2] >> 32);
        (self.0[1] >> 32, max.min(capacity) * MSAT_PER_SAT)
    }

    /// The capacity in msat of a record that is not unusual.
    #[inline(always)]
    pub(crate) fn usual_capacity(self) -> u64 {
        (self.0[2] >> 32) * MSAT_PER_SAT
    }

    #[cold]
    #[inline(never)]
    fn unusual_bounds(self, wide: &[AtomicU64]) -> Option<HtlcBounds> {
        if !self.is_enabled() {
            return None;
        }
        let capacity = self.capacity_msat(wide);
        let max = self.htlc_maximum_msat(wide);
        Some(HtlcBounds { min: self.htlc_minimum_msat(wide), max: max.min(capacity), capacity })
    }

    pub(crate) fn htlc_minimum_msat(self, wide: &[AtomicU64]) -> u64 {
        let field = self.0[1] >> 32;
        if self.flags() & MIN_WIDE == 0 { field } else { wide_value(wide, field) }
    }

    pub(crate) fn htlc_maximum_msat(self, wide: &[AtomicU64]) -> u64 {
        let field = self.0[2] & 0xffff_ffff;
        if self.flags() & MAX_WIDE == 0 { field * MSAT_PER_SAT } else { wide_value(wide, field) }
    }

    fn capacity_msat(self, wide: &[AtomicU64]) -> u64 {
        let field = self.0[2] >> 32;
        if self.flags() & CAPACITY_WIDE == 0 { field * MSAT_PER_SAT } else { wide_value(wide, field) }
    }

    /// Whether `capacity` is only the `htlc_maximum_msat`, for want of a better number.
    pub(crate) fn is_capacity_unknown(self) -> bool {
        self.flags() & CAPACITY_UNKNOWN != 0
    }

    /// The capacity, where it is known.
    pub(crate) fn capacity(self, wide: &[AtomicU64]) -> Option<Msat> {
        (self.flags() & CAPACITY_UNKNOWN == 0).then(|| Msat::from_msat(self.capacity_msat(wide)))
    }

    /// Where a field's wide value lies, if it has one.
    pub(crate) fn wide_place(self, field: WideField) -> Option<u32> {
        let (flag, place) = match field {
            WideField::Minimum => (MIN_WIDE, self.0[1] >> 32),
            WideField::Maximum => (MAX_WIDE, self.0[2] & 0xffff_ffff),
            WideField::Capacity => (CAPACITY_WIDE, self.0[2] >> 32),
        };
        (self.flags() & flag != 0).then_some(place as u32)
    }
}

/// The fields that may be too wide for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WideField {
    Minimum,
    Maximum,
    Capacity,
}

/// Keeps the values that do not fit a record.
pub(crate) trait Wide {
    /// Stores a value and returns its place, `None` where there is no room.
    fn place(&mut self, field: WideField, value: u64) -> Option<u32>;
}

impl Wide for Vec<u64> {
    fn place(&mut self, _: WideField, value: u64) -> Option<u32> {
        let place = u32::try_from(self.len()).ok()?;
        self.push(value);
        Some(place)
    }
}

/// A place outside the table can only be read while a record is being rewritten; zero then stands for "closed".
fn wide_value(wide: &[AtomicU64], place: u64) -> u64 {
    usize::try_from(place).ok().and_then(|place| wide.get(place)).map_or(0, |value| value.load(Relaxed))
}

/// The `disable` bit of the `channel_update`.
pub(crate) const DISABLED: u16 = 1;
/// The funding output was spent; stays until the next generation drops the channel.
pub(crate) const CLOSED: u16 = 1 << 1;
/// No policy was ever told; comes with [`DISABLED`].
pub(crate) const UNANNOUNCED: u16 = 1 << 2;
/// The channel, or the node it leads to, demands what nobody here knows (BOLT 7): follows from their features, and is not
/// part of the stored form.
pub(crate) const FOREIGN: u16 = 1 << 7;
const CAPACITY_UNKNOWN: u16 = 1 << 3;
const MIN_WIDE: u16 = 1 << 4;
const MAX_WIDE: u16 = 1 << 5;
const CAPACITY_WIDE: u16 = 1 << 6;
const UNUSUAL: u16 = DISABLED | CLOSED | FOREIGN | MIN_WIDE | MAX_WIDE | CAPACITY_WIDE;

const MILLION: u64 = 1_000_000;
const MSAT_PER_SAT: u64 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(min: u64, max: u64) -> ChannelPolicy {
        ChannelPolicy {
            fee: Fee { fee_base_msat: u32::MAX, fee_proportional_millionths: u32::MAX - 1 },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(u16::MAX),
            htlc_minimum_msat: Msat::from_msat(min),
            htlc_maximum_msat: Msat::from_msat(max),
            disabled: false,
            last_update: Default::default(),
        }
    }

    #[test]
    fn every_value_is_kept_exactly() {
        let edges = [0, 1, 999, 1000, 1001, 4_294_967_295, 4_294_967_296, 4_294_967_295_000, u64::MAX];
        for min in edges {
            for max in edges {
                for capacity in
                    [None, Some(1000), Some(4_294_967_296_000), Some(21_000_000 * 100_000_000_000)]
                {
                    let mut table = Vec::new();
                    let capacity = capacity.map(Msat::from_msat);
                    let record = Record::pack(&policy(min, max), capacity, &mut table).expect("room");
                    let wide: Vec<AtomicU64> = table.into_iter().map(AtomicU64::new).collect();
                    assert_eq!(record.htlc_minimum_msat(&wide), min);
                    assert_eq!(record.htlc_maximum_msat(&wide), max);
                    assert_eq!(record.capacity(&wide), capacity);
                    assert_eq!(
                        (record.fee_base_msat(), record.fee_ppm(), record.cltv()),
                        (u64::from(u32::MAX), u64::from(u32::MAX) - 1, u64::from(u16::MAX))
                    );
                    let bounds = record.bounds(&wide).expect("enabled");
                    assert_eq!(bounds.min, min);
                    assert_eq!(bounds.max, capacity.map_or(max, |c| max.min(c.to_msat())));
                }
            }
        }
    }

    #[test]
    fn a_capacity_that_is_no_whole_sat_lets_nothing_pass_beyond_it() {
        for (capacity, most) in [(1500, 1000), (1000, 1000), (1999, 1000), (2000, 2000), (999, 0)] {
            let mut table = Vec::new();
            let record = Record::pack(&policy(0, 2000), Some(Msat::from_msat(capacity)), &mut table);
            let bounds = record.expect("room").bounds(&[]).expect("enabled");
            assert_eq!((bounds.max, bounds.capacity), (most, most), "{capacity} msat");
        }
        // What is not known limits nothing.
        let record = Record::pack(&policy(0, 1500), None, &mut Vec::new()).expect("room");
        assert_eq!(record.bounds(&[1500].map(AtomicU64::new)).expect("enabled").max, 1500);
    }

    #[test]
    fn what_is_forwardable_is_the_most_whose_fee_is_in_it() {
        let mut table = Vec::new();
        let amounts = [0, 1, 2, 999, 1000, 1001, 999_999, 1_000_000, 1_000_001, 123_456_789, 21 << 50];
        for (base, ppm) in [(0, 0), (1, 0), (0, 1), (1000, 1), (7, 999_999), (0, 1_000_000), (5, 3_000_000)] {
            let fee = Fee { fee_base_msat: base, fee_proportional_millionths: ppm };
            let record =
                Record::pack(&ChannelPolicy { fee, ..policy(0, 0) }, None, &mut table).expect("room");
            let whole = |amount: u64| amount + record.fee(amount);
            for received in
                amounts.into_iter().chain(amounts.map(whole)).chain(amounts.map(|it| whole(it) + 1))
            {
                match record.forwardable(received) {
                    None => assert!(received < whole(0), "{received} at {base} and {ppm}"),
                    Some(amount) => {
                        assert!(whole(amount) <= received && received < whole(amount + 1), "{received}");
                    }
                }
            }
        }
    }

    #[test]
    fn fee_agrees_with_the_checked_one() {
        let mut table = Vec::new();
        let record = Record::pack(&policy(0, 0), None, &mut table).expect("room");
        for amount in [0, 1, 999_999, 1_000_000, 123_456_789_012, u64::MAX] {
            let checked = policy(0, 0).fee.of(Msat::from_msat(amount)).map_or(u64::MAX, Msat::to_msat);
            assert_eq!(record.fee(amount), checked, "{amount}");
        }
    }
}
