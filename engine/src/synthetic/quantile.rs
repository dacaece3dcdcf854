//! Reading quantile tables, and the normal distribution that joins them.

/// The value at `u` (0 to 1) of a table of quantiles at `(i + 1/2) / length`.
///
/// Between two quantiles of one sign it interpolates geometrically, because fees and amounts spread over decades;
/// towards zero it interpolates linearly. Equal neighbours give their value exactly: so a table holds atoms. Beyond
/// the first and last middle the value stays.
pub(super) fn at(table: &[i64], u: f64) -> f64 {
    let place = u * table.len() as f64 - 0.5;
    let low = (place.max(0.0) as usize).min(table.len() - 1);
    let high = (low + 1).min(table.len() - 1);
    between(table[low] as f64, table[high] as f64, (place - low as f64).clamp(0.0, 1.0))
}

/// The value at `u` of a table of quantiles at `i / (length - 1)`, linear between them.
pub(super) fn at_ends(table: &[i64], u: f64) -> f64 {
    let place = u.clamp(0.0, 1.0) * (table.len() - 1) as f64;
    let low = (place as usize).min(table.len() - 2);
    let (a, b) = (table[low] as f64, table[low + 1] as f64);
    a + (b - a) * (place - low as f64)
}

fn between(low: f64, high: f64, part: f64) -> f64 {
    if low == high {
        low
    } else if low * high > 0.0 {
        low * (high / low).powf(part)
    } else {
        low + (high - low) * part
    }
}

/// Two significant digits, as people choose numbers.
pub(super) fn rounded(value: f64) -> f64 {
    if value.abs() < 100.0 {
        return value.round();
    }
    let unit = 10f64.powi(value.abs().log10() as i32 - 1);
    (value / unit).round() * unit
}

/// The standard normal distribution function, to 1e-7 (Abramowitz & Stegun, 7.1.26).
pub(super) fn normal_cdf(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let poly = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = 0.5 * poly * (-x * x).exp();
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// The inverse of [`normal_cdf`] for `u` strictly between 0 and 1, to 4.5e-4 (Abramowitz & Stegun, 26.2.23).
pub(super) fn normal_quantile(u: f64) -> f64 {
    let tail = u.min(1.0 - u).max(1e-12);
    let t = (-2.0 * tail.ln()).sqrt();
    let z = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    if u < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_atoms_and_interpolate_geometrically() {
        let table = [1, 1, 100, 0];
        assert_eq!(at(&table, 0.0), 1.0);
        assert_eq!(at(&table, 0.3), 1.0);
        assert!((at(&table, 0.5) - 10.0).abs() < 1e-9);
        assert!((at(&table, 0.75) - 50.0).abs() < 1e-9);
        assert_eq!(at(&table, 1.0), 0.0);
        assert_eq!(at_ends(&[0, 10, 30], 0.75), 20.0);
        assert_eq!(at_ends(&[0, 10, 30], 1.0), 30.0);
    }

    #[test]
    fn normal_functions_are_inverse() {
        for at in 1..100 {
            let u = f64::from(at) / 100.0;
            assert!((normal_cdf(normal_quantile(u)) - u).abs() < 5e-4, "{u}");
        }
    }

    #[test]
    fn rounding_keeps_two_digits() {
        assert_eq!(rounded(1_234_567.0), 1_200_000.0);
        assert_eq!(rounded(99.4), 99.0);
        assert_eq!(rounded(0.0), 0.0);
        assert_eq!(rounded(-1287.0), -1300.0);
    }
}
