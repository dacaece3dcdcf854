use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::imbalance::schedule::{FeeTerms, PenaltyPoint};

fn schedule(flat: u64, proportional_millionths: u32, points: &[(u64, i64)]) -> FeeSchedule {
    let imbalance_penalty = points
        .iter()
        .map(|&(balance, penalty_msat)| PenaltyPoint { balance: Msat::from_msat(balance), penalty_msat })
        .collect();
    let flat = Msat::from_msat(flat);
    FeeSchedule::new(&FeeTerms { flat, proportional_millionths, imbalance_penalty, cap_fees: false })
        .expect("sound terms")
}

fn share(balance: u64, schedule: &FeeSchedule) -> Share<'_> {
    Share { balance, schedule, penalty: schedule.penalty(balance) }
}

/// The condition itself, without any lemma.
fn is_kept(incoming: Share<'_>, outgoing: Share<'_>, a: u64, b: u64, cap: Cap) -> bool {
    let million = i128::from(MILLION);
    let fee = |share: Share<'_>, amount: u64, after: u64| {
        let schedule = share.schedule;
        i128::from(schedule.flat()) * million
            + i128::from(schedule.proportional()) * i128::from(amount)
            + i128::from(schedule.penalty(after))
            - i128::from(schedule.penalty(share.balance))
    };
    let fees = fee(incoming, a, incoming.balance + a) + fee(outgoing, b, outgoing.balance - b);
    (i128::from(a) - i128::from(b)) * million >= fees && (cap == Cap::None || a >= b)
}

/// A channel of 10 to 60 msat, with a crooked schedule, and how much of it the node owns.
fn random_share(rng: &mut ChaCha8Rng) -> (FeeSchedule, u64, u64) {
    let capacity = rng.random_range(10..60);
    let proportional = [0, 0, 1, 10_000, 333_333, 999_999][rng.random_range(0..6)];
    let mut points = vec![(0, rng.random_range(-20..20))];
    if rng.random_range(0..4) > 0 {
        while points[points.len() - 1].0 < capacity {
            let (x, y) = points[points.len() - 1];
            let next = (x + rng.random_range(1..20u64)).min(capacity);
            let rise_max = (next - x) as i64 * (MILLION - i64::from(proportional)) / MILLION;
            points.push((next, y + rng.random_range(-30..=rise_max)));
        }
    } else {
        points.clear();
    }
    let flat = [0, 0, 1, 3][rng.random_range(0..4)];
    (schedule(flat, proportional, &points), rng.random_range(0..=capacity), capacity)
}

#[test]
fn before_and_after_fees_are_what_trying_every_amount_finds() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut found, mut refused, mut rewarded, mut more) = (0, 0, 0, 0);
    for round in 0..60_000 {
        let (schedule_in, balance_in, capacity_in) = random_share(&mut rng);
        let (schedule_out, balance_out, _) = random_share(&mut rng);
        let (incoming, outgoing) = (share(balance_in, &schedule_in), share(balance_out, &schedule_out));
        let receivable = capacity_in - balance_in;
        let cap = if round % 2 == 0 { Cap::None } else { Cap::AtZero };
        let amount = rng.random_range(0..=balance_out + 1);
        let kept = |a: u64, b: u64| is_kept(incoming, outgoing, a, b, cap);
        let least = (amount > 0 && amount <= balance_out)
            .then(|| (0..=receivable).find(|&a| kept(a, amount)))
            .flatten()
            .filter(|&a| a > 0);
        let before = before_fees(incoming, receivable, outgoing, amount, cap);
        assert_eq!(before, least, "round {round}: {amount} of {schedule_in:?} {schedule_out:?}");
        let Some(before) = before else {
            refused += 1;
            continue;
        };
        let most = (1..=balance_out).rev().find(|&b| kept(before, b));
        let after = after_fees(incoming, outgoing, before, cap);
        assert_eq!(after, most, "round {round}");
        assert!(after >= Some(amount));
        let short = after_fees(incoming, outgoing, before - 1, cap);
        assert!(short < Some(amount), "round {round}: a msat less would do");
        found += 1;
        rewarded += u64::from(before < amount);
        more += u64::from(after > Some(amount));
    }
    let counts = [found, refused, rewarded, more];
    assert!(counts.iter().all(|&count| count > 1000), "{counts:?}: the test tests little");
}

#[test]
fn large_amounts_are_exact_too() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut found = 0;
    for round in 0..20_000 {
        let capacity = rng.random_range(1u64..=(1 << 53) - 2);
        let middle = rng.random_range(0..=capacity / 2);
        let top = (capacity / 3).min(1 << 41) as i64;
        let points = [(0, top), (middle + 1, 0), (capacity + 2, rng.random_range(0..=top / 2))];
        let curve = schedule(rng.random_range(0..1 << 20), rng.random_range(0..300_000), &points);
        let balances = [rng.random_range(0..=capacity), rng.random_range(0..=capacity)];
        let [incoming, outgoing] = balances.map(|balance| share(balance, &curve));
        let amount = rng.random_range(0..=outgoing.balance);
        let receivable = capacity - incoming.balance;
        let Some(a) = before_fees(incoming, receivable, outgoing, amount, Cap::None) else { continue };
        assert!(is_kept(incoming, outgoing, a, amount, Cap::None), "round {round}");
        assert!(!is_kept(incoming, outgoing, a - 1, amount, Cap::None), "round {round}");
        assert!(after_fees(incoming, outgoing, a, Cap::None) >= Some(amount), "round {round}");
        found += 1;
    }
    assert!(found > 2000, "{found}: the test tests little");
}

/// Raiden's unit test of imbalance penalties: each row is a balance, an amount, and the fee on the way in and out. Where
/// its exact value is no whole number, ours is rounded up instead of to the nearest.
#[test]
fn fees_are_those_of_raidens_table() {
    let free = FeeSchedule::free();
    let curve = schedule(0, 0, &[(0, 10), (50, 0), (100, 20)]);
    let mirrored = schedule(0, 0, &[(0, 20), (50, 0), (100, 10)]);
    let rows = [
        (0, 50, Some(-8), Some(-10)),
        (50, 30, Some(20), Some(12)),
        (0, 10, Some(-1), Some(-2)),
        (10, 10, Some(-1), Some(-2)),
        (0, 20, Some(-3), Some(-4)),
        (40, 15, Some(0), Some(0)),
        (50, 31, None, Some(13)),
        (100, 1, None, None),
    ];
    for (x, amount, fee_in, fee_out) in rows {
        let fee = |before: Option<u64>| before.map(|before| before as i64 - amount as i64);
        let before = |cap| before_fees(share(x, &curve), 100 - x, share(100, &free), amount, cap);
        assert_eq!(fee(before(Cap::None)), fee_in, "{amount} in at {x}");
        assert_eq!(fee(before(Cap::AtZero)), fee_in.map(|fee: i64| fee.max(0)), "{amount} in at {x}");
        let before = |cap| before_fees(share(0, &free), 100, share(100 - x, &mirrored), amount, cap);
        assert_eq!(fee(before(Cap::None)), fee_out, "{amount} out at {x}");
        assert_eq!(fee(before(Cap::AtZero)), fee_out.map(|fee: i64| fee.max(0)), "{amount} out at {x}");
    }
}

/// Raiden's table of flat and proportional fees, both channels alike: what goes in and what goes out, by its rule of
/// rounding to the nearest. A mediator of ours keeps the whole fee, so it passes on the same or a msat less.
#[test]
fn what_is_left_is_what_raidens_table_says() {
    let rows = [
        (50, 0, 1000, 900),
        (0, 1_000_000, 2000, 1000),
        (0, 100_000, 1100, 1000),
        (0, 50_000, 1050, 1000),
        (0, 10_000, 1010, 1000),
        (1, 500_000, 1502, 1000),
        (10, 500_000, 1520, 997),
        (100, 500_000, 1700, 967),
        (10, 100_000, 1120, 999),
        (100, 100_000, 1300, 991),
        (100, 10_000, 1210, 999),
        (100, 500_000, 1750, 1000),
        (0, 200_000, 56, 47),
        (0, 200_000, 47, 39),
    ];
    for (flat, per_hop, incoming, expected) in rows {
        // Per hop p becomes p / (2 + p) a channel, which both channels charge.
        let per_channel = (f64::from(per_hop) / (2.0 + f64::from(per_hop) / 1e6)).round() as u32;
        let both = schedule(flat, per_channel, &[]);
        let (share_in, share_out) = (share(0, &both), share(2000, &both));
        let after = after_fees(share_in, share_out, incoming, Cap::None).expect("enough");
        assert!(after == expected || after + 1 == expected, "{flat} {per_hop} {incoming}: {after}");
    }
    // The example of the specification: f = 100, q = 0.1, 1000 to go out need 1200 before the outgoing fee.
    let charged = schedule(100, 100_000, &[]);
    let free = FeeSchedule::free();
    let before = before_fees(share(0, &free), 5000, share(2000, &charged), 1000, Cap::None);
    assert_eq!(before, Some(1200));
    let after = after_fees(share(0, &free), share(2000, &charged), 1200, Cap::None);
    assert_eq!(after, Some(1000));
}

#[test]
fn parts_of_a_payment_pay_together_what_the_whole_pays() {
    let curve = schedule(0, 0, &[(0, 70), (33, 1), (100, 50)]);
    let moved = |from: u64, to: u64| curve.penalty(to) - curve.penalty(from);
    for (from, to) in [(0, 100), (17, 88), (90, 3)] {
        for between in 0..=100 {
            assert_eq!(moved(from, between) + moved(between, to), moved(from, to));
        }
        assert_eq!(moved(from, to) + moved(to, from), 0);
    }
}
