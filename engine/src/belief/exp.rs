//! Powers of one half in fixed point: the same bits on every machine, never rising with the exponent.
//!
//! 2^-(i/256) from a table, times a polynomial of the fourth order for the rest, held between its neighbours in the
//! table. The error is below 1e-14 of 1; see [`exp2_neg`] for what monotone means here.

/// Bits behind the point of an exponent.
pub(super) const FRACTION_BITS: u32 = 40;

/// 1, as [`exp2_neg`] returns it.
pub(super) const ONE: u64 = 1 << 62;

/// ln(2) with 62 bits behind the point.
const LN_2: u64 = 0x2c5c_85fd_f473_de6b;

/// 2^(-i/256) with 62 bits behind the point.
static TABLE: [u64; 257] = table();

/// 2^-exponent with 62 bits behind the point, for an exponent with [`FRACTION_BITS`] of them.
///
/// Never rises: steps of the exponent change the polynomial by 2^21 units, rounding by a few, and at the table's
/// places the value is held.
#[inline]
pub(super) fn exp2_neg(exponent: u64) -> u64 {
    let whole = exponent >> FRACTION_BITS;
    if whole >= 62 {
        return 0;
    }
    let place = (exponent >> (FRACTION_BITS - 8) & 0xff) as usize;
    // The rest is below 2^-8; y = rest * ln 2, with 62 bits behind the point.
    let rest = exponent & ((1 << (FRACTION_BITS - 8)) - 1);
    let y = mul(rest << (62 - FRACTION_BITS), LN_2);
    // exp(-y) to the fourth order, which is above the true value, so that the seam to the next place falls.
    let inner = ONE - y / 4;
    let inner = ONE - mul(y, inner) / 3;
    let inner = ONE - mul(y, inner) / 2;
    let factor = ONE - mul(y, inner);
    let value = mul(TABLE[place], factor).max(TABLE[place + 1]);
    value >> whole
}

#[inline]
const fn mul(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 62) as u64
}

const fn table() -> [u64; 257] {
    // Eight square roots of one half; a square root of a number with 62 bits is the root of it with 124.
    let mut step = ONE / 2;
    let mut roots = 0;
    while roots < 8 {
        step = ((step as u128) << 62).isqrt() as u64;
        roots += 1;
    }
    let mut table = [ONE; 257];
    let mut place = 1;
    while place < 257 {
        table[place] = mul(table[place - 1], step);
        place += 1;
    }
    table[256] = ONE / 2;
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_close_and_never_rises() {
        let mut last = ONE;
        for step in 0..3_000_000u64 {
            let exponent = step * 15_000_017;
            let value = exp2_neg(exponent);
            assert!(value <= last, "rises at {exponent}");
            last = value;
            let exact = (-(exponent as f64) / (1u64 << FRACTION_BITS) as f64).exp2();
            assert!((value as f64 / ONE as f64 - exact).abs() < 1e-13, "{exponent}");
        }
        for place in 1..1024u64 {
            let seam = place << (FRACTION_BITS - 8);
            for exponent in seam - 50..seam + 50 {
                assert!(exp2_neg(exponent + 1) <= exp2_neg(exponent), "rises behind {exponent}");
            }
        }
        assert_eq!(exp2_neg(0), ONE);
        assert_eq!(exp2_neg(1 << FRACTION_BITS), ONE / 2);
        assert_eq!(exp2_neg(u64::MAX), 0);
    }
}
