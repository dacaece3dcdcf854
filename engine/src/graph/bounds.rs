//! Lower bounds on the fees of many arcs at once, which let a search leave a hub's list early.
//!
//! A node's arcs are sorted by their fee at a reference amount and cut into blocks of [`BLOCK_SIZE`]. For each block
//! a [`BlockBound`] holds, at the amounts of [`GRID_MSAT`], the least fee of any arc in this block *or a later one*.
//! The least of several affine functions of the amount is concave, so the chord between two neighbouring grid
//! amounts never lies above it: interpolation gives a valid bound at every amount in between, and beyond the grid
//! the last value is one, because fees never fall with the amount.
//!
//! Fees are rounded down to whole msat after the chord was taken, values are rounded towards zero before they are
//! stored: a bound may be lower than the truth, never higher.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Arcs in one block.
pub(crate) const BLOCK_SIZE: usize = 8;
/// Nodes with at most this many arcs in a list have no blocks: reading the bounds would cost more than the arcs.
pub(crate) const UNBLOCKED_DEGREE_MAX: usize = 16;
/// The amount whose fee sorts the lists: one order at 100,000 sat serves all amounts.
pub(crate) const REFERENCE_MSAT: u64 = 100_000_000;

const GRID_MSAT: [f64; 8] = [0.0, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11];
/// The grid in millions of msat, the unit of proportional fees.
const GRID_MILLIONS: [f64; 8] = [0.0, 0.1, 1.0, 1e1, 1e2, 1e3, 1e4, 1e5];
const SAFETY: f64 = 1.0 - 1.0 / (1 << 20) as f64;

/// The least fee of all arcs from one block on, at each grid amount, as bits of `f32` in msat.
#[derive(Debug, Default)]
pub(crate) struct BlockBound([AtomicU32; 8]);

/// A bound before it is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeeBound([f32; 8]);

/// The least fee of several arcs at each grid amount, in msat, before it is rounded: rounding keeps the order, so once
/// for all arcs is enough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeastFee([f64; 8]);

/// Where an amount lies on the grid; computed once a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridPlace {
    index: usize,
    weights: [f64; 2],
}

impl FeeBound {
    /// The bound of an arc with this fee.
    pub(crate) fn of(fee_base_msat: u64, fee_ppm: u64) -> Self {
        let mut least = LeastFee::NONE;
        least.add(fee_base_msat, fee_ppm);
        least.bound()
    }

    /// The eight values as bits of `f32`.
    pub(crate) fn to_bits(self) -> [u32; 8] {
        self.0.map(f32::to_bits)
    }
}

impl LeastFee {
    /// Without an arc, or with arcs that nobody can use.
    pub(crate) const NONE: LeastFee = LeastFee([f64::INFINITY; 8]);

    /// Adds an arc with this fee.
    #[inline(always)]
    pub(crate) fn add(&mut self, fee_base_msat: u64, fee_ppm: u64) {
        let (base, ppm) = (fee_base_msat as f64, fee_ppm as f64);
        for (least, millions) in self.0.iter_mut().zip(GRID_MILLIONS) {
            let fee = base + millions * ppm;
            *least = if fee < *least { fee } else { *least };
        }
    }

    /// The bound that holds for all of them.
    pub(crate) fn bound(&self) -> FeeBound {
        FeeBound(self.0.map(round_down))
    }
}

impl BlockBound {
    #[cfg(test)]
    fn new(bound: FeeBound) -> Self {
        BlockBound(bound.to_bits().map(AtomicU32::new))
    }

    /// Replaces the bound. Only while nobody reads it.
    pub(crate) fn store(&self, bound: FeeBound) {
        for (stored, value) in self.0.iter().zip(bound.to_bits()) {
            stored.store(value, Relaxed);
        }
    }

    /// Lowers the bound so that it also holds for an arc with `bound`; says whether anything changed. Writer only.
    pub(crate) fn lower(&self, bound: FeeBound) -> bool {
        let mut changed = false;
        for (stored, value) in self.0.iter().zip(bound.0) {
            if value < f32::from_bits(stored.load(Relaxed)) {
                stored.store(value.to_bits(), Relaxed);
                changed = true;
            }
        }
        changed
    }

    /// A lower bound in msat on the fee, at the amount of `place` or more, of every arc from this block on.
    #[inline(always)]
    pub(crate) fn at(&self, place: GridPlace) -> u64 {
        let low = f32::from_bits(self.0[place.index].load(Relaxed));
        let high = f32::from_bits(self.0[place.index + 1].load(Relaxed));
        // Unusable arcs are infinite, which the cast saturates; no 0 * infinity: weights of the grid's ends are kept
        // above zero by `GridPlace::of`.
        (f64::from(low) * place.weights[0] + f64::from(high) * place.weights[1]) as u64
    }
}

impl GridPlace {
    /// The place of an amount in msat.
    pub(crate) fn of(amount: u64) -> Self {
        let amount = (amount as f64).min(GRID_MSAT[7]);
        let index = GRID_MSAT[1..7].partition_point(|&grid| grid <= amount);
        let (low, high) = (GRID_MSAT[index], GRID_MSAT[index + 1]);
        let weight = ((amount - low) / (high - low) * SAFETY).max(f64::MIN_POSITIVE);
        GridPlace { index, weights: [((1.0 - weight) * SAFETY).max(f64::MIN_POSITIVE), weight * SAFETY] }
    }
}

/// The nearest `f32` that is not above `value` (which is finite and not negative).
fn round_down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { f32::from_bits(near.to_bits() - 1) } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_never_above_a_fee() {
        let fees =
            [(0, 0), (1, 0), (0, 1), (1000, 1), (0, 5000), (4_294_967_295, 4_294_967_295), (77_777, 123_456)];
        for pair in fees.windows(2) {
            let mut least = LeastFee::NONE;
            pair.iter().for_each(|&(base, ppm)| least.add(base, ppm));
            let bound = BlockBound::new(least.bound());
            let mut amount = 1u64;
            while amount < 1 << 60 {
                for amount in [amount - 1, amount, amount * 3 / 2, amount * 10 / 7] {
                    let fee =
                        |(base, ppm): (u64, u64)| base as u128 + amount as u128 * ppm as u128 / 1_000_000;
                    let least = fee(pair[0]).min(fee(pair[1]));
                    let bound = bound.at(GridPlace::of(amount));
                    assert!(bound as u128 <= least, "{pair:?} at {amount}: {bound} > {least}");
                }
                amount *= 2;
            }
        }
    }

    #[test]
    fn a_bound_is_tight_at_one_arc() {
        let bound = BlockBound::new(FeeBound::of(1000, 250));
        for (amount, fee) in
            [(0u64, 1000u64), (50_000_000, 13_500), (100_000_000, 26_000), (3_000_000_000, 751_000)]
        {
            let found = bound.at(GridPlace::of(amount));
            assert!(fee - found <= 1 + fee / 100_000, "{amount}: {found} against {fee}");
        }
    }

    #[test]
    fn unusable_arcs_are_out_of_reach() {
        for amount in [0, 1, 100_000, 5_000_000, u64::MAX] {
            assert_eq!(BlockBound::new(LeastFee::NONE.bound()).at(GridPlace::of(amount)), u64::MAX);
        }
    }
}
