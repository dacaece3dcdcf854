//! Eight arcs at a time: which of them can matter to a label, and what they charge.
//!
//! A list's arcs differ in no way that a processor could predict, so the tests that drop most of them are computed
//! without a branch, and only what passes is looked at one by one. Arcs whose record says anything unusual are passed
//! on as *odd*; the caller asks the long way (`problem`) for those.

use crate::graph::{ArcRecord, BLOCK_SIZE, Record};

/// What the arcs of a block are asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    /// What the HTLC carries, in msat; below [`AMOUNT_END`].
    amount: u64,
    millions: u64,
    rest: u64,
    /// Fees from here on are too dear.
    pub(super) fee_end: u64,
    /// But for nodes, by their last six bits, with a bit here.
    pub(super) exempt: u64,
    /// Arcs that carry less than the HTLC, but this or more, are odd.
    pub(super) short_from: u64,
    /// Arcs with a minimum above this are odd; at most what the HTLC carries.
    pub(super) minimum: u64,
    /// Nodes from here on are passed over.
    pub(super) leaves_from: u32,
    /// But for this one.
    pub(super) leaf: u32,
}

/// What the arcs of a block answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    /// The fee of each arc, in msat.
    pub(super) fees: [u64; BLOCK_SIZE],
    /// Bits of arcs that carry the amount for less than the end of fees.
    pub(super) plain: u32,
    /// Bits of enabled arcs that must be asked one by one.
    pub(super) odd: u32,
}

impl Probe {
    /// Asks for arcs that carry `amount` msat to whatever node; `None` for amounts whose fees might not fit 64 bits.
    pub(super) fn new(amount: u64) -> Option<Self> {
        (amount < AMOUNT_END).then_some(Probe {
            amount,
            millions: amount / MILLION,
            rest: amount % MILLION,
            fee_end: u64::MAX,
            exempt: 0,
            short_from: u64::MAX,
            minimum: amount,
            leaves_from: u32::MAX,
            leaf: u32::MAX,
        })
    }

    /// Asks the arcs of a block, at most [`BLOCK_SIZE`].
    #[inline(always)]
    pub(super) fn scan(&self, ends: &[u32], records: &[ArcRecord]) -> Scan {
        let mut scan = Scan { fees: [0; BLOCK_SIZE], plain: 0, odd: 0 };
        // A whole block leaves no loop.
        match (<&[u32; BLOCK_SIZE]>::try_from(ends), <&[ArcRecord; BLOCK_SIZE]>::try_from(records)) {
            (Ok(ends), Ok(records)) => {
                for at in 0..BLOCK_SIZE {
                    self.ask(at, ends[at], records[at].load(), &mut scan);
                }
            }
            _ => {
                for (at, (&end, record)) in ends.iter().zip(records).enumerate().take(BLOCK_SIZE) {
                    self.ask(at, end, record.load(), &mut scan);
                }
            }
        }
        scan
    }

    #[inline(always)]
    fn ask(&self, at: usize, end: u32, record: Record, scan: &mut Scan) {
        let ppm = record.fee_ppm();
        let fee = record.fee_base_msat() + self.millions * ppm + self.rest * ppm / MILLION;
        let (min, max) = record.usual_bounds();
        let is_usual = !record.is_unusual();
        let carries = (min <= self.amount) & (self.amount <= max);
        let is_cheap = (fee < self.fee_end) | (self.exempt >> (end % 64) & 1 != 0);
        let is_short = (max < self.amount) & (max >= self.short_from);
        let is_odd = (!is_usual | (min > self.minimum) | is_short) & record.is_enabled();
        let matters = (end < self.leaves_from) | (end == self.leaf);
        scan.fees[at] = fee;
        scan.plain |= u32::from(is_usual & carries & is_cheap & matters) << at;
        scan.odd |= u32::from(is_odd & matters) << at;
    }
}

impl Scan {
    /// The places of arcs to look at, in order.
    #[inline(always)]
    pub(super) fn places(self) -> Places {
        Places(self.plain | self.odd)
    }

    /// Whether the arc at a place has to be asked the long way.
    #[inline(always)]
    pub(super) fn is_odd(&self, at: usize) -> bool {
        self.odd >> at & 1 != 0
    }
}

/// The set bits of a word, lowest first.
pub(super) struct Places(u32);

impl Iterator for Places {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let at = self.0.trailing_zeros() as usize;
        let is_left = self.0 != 0;
        self.0 &= self.0.wrapping_sub(1);
        is_left.then_some(at)
    }
}

const MILLION: u64 = 1_000_000;
/// Below it, the proportional part is less than 2^64 - 2^33: more than all bitcoin.
const AMOUNT_END: u64 = MILLION * (u32::MAX as u64 - 1);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use primitives::{ChannelPolicy, CltvExpiryDelta, Fee, Msat};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::graph::HtlcBounds;

    fn random_policy(rng: &mut ChaCha8Rng) -> ChannelPolicy {
        let minima = [0, 0, 1, 999, 5000, 1_000_000, u64::from(u32::MAX) + 1];
        let maxima = [0, 999, 1000, u64::from(u32::MAX) + 1, 1000 << 30, 1000 << 31, 1 << 45];
        let rates = [0, 1, 250, 1_000_000, u32::MAX];
        ChannelPolicy {
            fee: Fee {
                fee_base_msat: rates[rng.random_range(0..rates.len())],
                fee_proportional_millionths: rates[rng.random_range(0..rates.len())],
            },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(40),
            htlc_minimum_msat: Msat::from_msat(minima[rng.random_range(0..minima.len())]),
            htlc_maximum_msat: Msat::from_msat(maxima[rng.random_range(0..maxima.len())]),
            disabled: rng.random_range(0..6) == 0,
            last_update: Default::default(),
        }
    }

    #[test]
    fn a_scan_tells_what_asking_one_by_one_tells() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut plain, mut odd) = (0, 0);
        for _ in 0..20_000 {
            let count = rng.random_range(0..=BLOCK_SIZE);
            let ends: Vec<u32> = (0..count).map(|_| rng.random_range(0..200)).collect();
            let mut table = Vec::new();
            let capacity = Some(Msat::from_msat(1000 << rng.random_range(10..35)));
            let mut pack = || Record::pack(&random_policy(&mut rng), capacity, &mut table).expect("room");
            let records: Vec<Record> = (0..count).map(|_| pack()).collect();
            let wide: Vec<AtomicU64> = table.into_iter().map(AtomicU64::new).collect();
            let amount = 1u64 << rng.random_range(0..40);
            let mut probe = Probe::new(amount + rng.random_range(0..amount)).expect("far from the end");
            probe.fee_end = 1 << rng.random_range(10..64);
            probe.exempt = rng.random::<u64>() & rng.random::<u64>();
            (probe.leaves_from, probe.leaf) = (rng.random_range(0..200), rng.random_range(0..200));
            (probe.short_from, probe.minimum) = (amount / 2, amount);
            let stored: Vec<ArcRecord> = records.iter().copied().map(ArcRecord::new).collect();
            let scan = probe.scan(&ends, &stored);
            for (at, (&end, record)) in ends.iter().zip(&records).enumerate() {
                let is_leaf = end >= probe.leaves_from && end != probe.leaf;
                let Some(HtlcBounds { min, max, .. }) = record.bounds(&wide).filter(|_| !is_leaf) else {
                    assert_eq!((scan.plain | scan.odd) >> at & 1, 0, "{record:?}");
                    continue;
                };
                assert_eq!(scan.fees[at], record.fee(probe.amount));
                let is_short = max < probe.amount && max >= probe.short_from;
                let must_be_odd = min > probe.minimum || is_short;
                assert!(scan.is_odd(at) || !must_be_odd, "{record:?} must be odd");
                let is_near = scan.fees[at] < probe.fee_end || probe.exempt >> (end % 64) & 1 != 0;
                let matters = min <= probe.amount && max >= probe.amount && is_near;
                let is_seen = (scan.plain | scan.odd) >> at & 1 != 0;
                assert!(is_seen || !matters && !must_be_odd, "{record:?} is passed over");
                assert!(matters || scan.plain >> at & 1 == 0, "{record:?} is taken for plain");
                plain += scan.plain >> at & 1;
                odd += scan.odd >> at & 1;
            }
            let seen = (0..BLOCK_SIZE).filter(|&at| (scan.plain | scan.odd) >> at & 1 != 0);
            assert!(seen.eq(scan.places()), "places come in order");
        }
        assert!(plain > 1000 && odd > 1000, "{plain} plain, {odd} odd: the test tests little");
    }

    #[test]
    fn amounts_whose_fees_overflow_are_refused() {
        assert!(Probe::new(AMOUNT_END).is_none());
        let probe = Probe::new(AMOUNT_END - 1).expect("just below");
        let mut policy = random_policy(&mut ChaCha8Rng::seed_from_u64(1));
        policy.fee = Fee { fee_base_msat: u32::MAX, fee_proportional_millionths: u32::MAX };
        let record = Record::pack(&policy, None, &mut Vec::new()).expect("room");
        assert_eq!(probe.scan(&[0], &[ArcRecord::new(record)]).fees[0], record.fee(AMOUNT_END - 1));
    }
}
