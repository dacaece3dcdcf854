use super::*;

const ONE: f64 = (1u64 << PENALTY_FRACTION_BITS) as f64;

fn msat(msat: u64) -> Msat {
    Msat::from_msat(msat)
}

/// The bimodal penalty in floating point, with a density that was integrated by hand.
fn bimodal_in_floats(amount: f64, lower: f64, upper: f64, capacity: f64, scale: f64) -> f64 {
    let primitive = |x: f64| -(-x / scale).exp() + ((x - capacity - 1.0) / scale).exp();
    -((primitive(upper + 1.0) - primitive(amount)) / (primitive(upper + 1.0) - primitive(lower))).ln()
}

#[test]
fn uniform_is_the_share_of_balances_that_suffice() {
    let penalty = |amount, lower, upper| {
        Prior::Uniform.penalty(msat(amount), (msat(lower), msat(upper)), msat(1_000_000)) as f64 / ONE
    };
    assert_eq!(penalty(100, 100, 900), 0.0);
    assert!((penalty(500_000, 0, 999_999) - 2f64.ln()).abs() < 1e-5);
    assert!((penalty(900_000, 800_000, 999_999) - 2f64.ln()).abs() < 1e-5);
    assert!((penalty(999_999, 0, 999_999) - 1e6f64.ln()).abs() < 1e-4);
    assert_eq!(Prior::Uniform.penalty(msat(901), (msat(100), msat(900)), msat(1000)), IMPOSSIBLE);
}

#[test]
fn bimodal_agrees_with_floats_where_they_are_exact() {
    let prior = Prior::Bimodal(Bimodal::new(msat(300_000)));
    for capacity in [10_000u64, 1_000_000, 6_000_000] {
        for (low, high) in [(0, 100), (0, 60), (30, 100), (20, 80)] {
            let (lower, upper) = (capacity * low / 100, capacity * high / 100);
            for step in 1..50 {
                let amount = lower + (upper - lower) * step / 50;
                let bounds = (msat(lower), msat(upper));
                let found = prior.penalty(msat(amount), bounds, msat(capacity)) as f64 / ONE;
                let exact =
                    bimodal_in_floats(amount as f64, lower as f64, upper as f64, capacity as f64, 300_000.0);
                assert!((found - exact).abs() < 1e-4, "{amount} of {lower}..{upper} of {capacity}");
            }
        }
    }
}

#[test]
fn no_prior_falls_when_the_amount_grows() {
    let mut seed = 7u64;
    let mut draw = |end: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(seed >> 1) * u128::from(end)) >> 63) as u64
    };
    for round in 0..3000 {
        let capacity = draw(1 << (10 + round % 50)) + 2;
        let upper = draw(capacity + 1);
        let lower = draw(upper + 1);
        let scale = draw(1 << (10 + round % 40)) + 1;
        for prior in [Prior::Uniform, Prior::Bimodal(Bimodal::new(msat(scale)))] {
            let penalty = |amount| prior.penalty(msat(amount), (msat(lower), msat(upper)), msat(capacity));
            let mut last = 0;
            for step in 0..=64 {
                let amount = lower + ((u128::from(upper - lower) * step) >> 6) as u64;
                let here = penalty(amount);
                assert!(here >= last, "{prior:?} falls before {amount} of {lower}..{upper} of {capacity}");
                assert!(
                    penalty(amount + 1) >= here,
                    "{prior:?} falls at {amount} of {lower}..{upper} of {capacity}"
                );
                last = here;
            }
            assert!(penalty(upper) < 50 << PENALTY_FRACTION_BITS);
            assert_eq!(penalty(upper + 1), IMPOSSIBLE);
        }
    }
}
