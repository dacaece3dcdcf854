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
const SAFETY: f64 = 1.0 - 1.0 / (1 << 20) as f64;

/// The least fee of all arcs from one block on, at each grid amount, as bits of `f32` in msat.
#[derive(Debug, Default)]
pub(crate) struct BlockBound([AtomicU32; 8]);

/// The bound of a single arc, to be merged into blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeeBound([f32; 8]);

/// Where an amount lies on the grid; computed once a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridPlace {
    index: usize,
    weights: [f64; 2],
}

impl FeeBound {
    /// An arc that nobody can use bounds nothing.
    pub(crate) const UNUSABLE: FeeBound = FeeBound([f32::INFINITY; 8]);

    /// The bound of an arc with this fee.
    pub(crate) fn of(fee_base_msat: u64, fee_ppm: u64) -> Self {
        FeeBound(GRID_MSAT.map(|amount| round_down(fee_base_msat as f64 + amount * fee_ppm as f64 / 1e6)))
    }

    /// The lesser of both at every amount.
    pub(crate) fn min(self, other: FeeBound) -> FeeBound {
        FeeBound(std::array::from_fn(|at| self.0[at].min(other.0[at])))
    }

    /// The eight values as bits of `f32`, and back.
    pub(crate) fn to_bits(self) -> [u32; 8] {
        self.0.map(f32::to_bits)
    }

    /// Reads what [`FeeBound::to_bits`] wrote; `None` for what it never writes (NaN, negative).
    pub(crate) fn from_bits(bits: [u32; 8]) -> Option<Self> {
        let values = bits.map(f32::from_bits);
        values.iter().all(|value| *value >= 0.0).then_some(FeeBound(values))
    }
}

impl BlockBound {
    pub(crate) fn new(bound: FeeBound) -> Self {
        BlockBound(bound.to_bits().map(AtomicU32::new))
    }

    /// The stored values.
    pub(crate) fn load(&self) -> FeeBound {
        FeeBound(std::array::from_fn(|at| f32::from_bits(self.0[at].load(Relaxed))))
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
            let bound =
                BlockBound::new(FeeBound::of(pair[0].0, pair[0].1).min(FeeBound::of(pair[1].0, pair[1].1)));
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
            assert_eq!(BlockBound::new(FeeBound::UNUSABLE).at(GridPlace::of(amount)), u64::MAX);
        }
    }
}
