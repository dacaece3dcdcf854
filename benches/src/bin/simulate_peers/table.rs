//! The table: a line for each payer of each amount.

use benches::payer::Paid;
use benches::summary::{Summary, micros};

/// What the columns hold.
pub(crate) const HEAD: &str = "         sat payer  feasible not   paid%  first%  attempts  both_att  both_htlc  both_fee_msat    plan_p50_us  plan_p99_us";

/// Prints what became of the payments of one amount; `infeasible` were drawn that nobody could have made.
pub(crate) fn print(sat: u64, pairs: &[(Paid, Paid)], infeasible: usize) {
    let both: Vec<&(Paid, Paid)> = pairs.iter().filter(|pair| pair.0.is_paid && pair.1.is_paid).collect();
    let is_alone = pairs.iter().all(|pair| pair.1.plan_times.is_empty());
    for (name, of) in [("ours", (|pair| &pair.0) as fn(&(Paid, Paid)) -> &Paid), ("ldk", |pair| &pair.1)] {
        if name == "ldk" && is_alone {
            continue;
        }
        let all = || pairs.iter().map(of);
        let compared: Vec<&Paid> = match is_alone {
            true => all().filter(|paid| paid.is_paid).collect(),
            false => both.iter().map(|pair| of(pair)).collect(),
        };
        let times = Summary::of(all().flat_map(|paid| paid.plan_times.iter().copied()));
        let share = |is: fn(&Paid) -> bool| {
            100.0 * all().filter(|paid| is(paid)).count() as f64 / pairs.len().max(1) as f64
        };
        let mean = |of: fn(&Paid) -> u64| {
            compared.iter().map(|paid| of(paid)).sum::<u64>() as f64 / compared.len().max(1) as f64
        };
        let paid: Vec<&Paid> = all().filter(|paid| paid.is_paid).collect();
        let attempts =
            paid.iter().map(|paid| f64::from(paid.attempt_count)).sum::<f64>() / paid.len().max(1) as f64;
        println!(
            "{sat:>12} {name:<5} {:>9} {infeasible:>4} {:>6.1}% {:>6.1}% {attempts:>9.2} {:>9.2} {:>10.2} {:>14.0} {:>14.1} {:>12.1}",
            pairs.len(),
            share(|paid| paid.is_paid),
            share(|paid| paid.is_first_try),
            mean(|paid| u64::from(paid.attempt_count)),
            mean(|paid| u64::from(paid.htlc_count)),
            mean(|paid| paid.fee_msat),
            micros(times.p50_ns),
            micros(times.p99_ns),
        );
    }
    if !is_alone {
        print_ratios(sat, &both);
    }
}

/// Ours by theirs, over payments that both delivered.
fn print_ratios(sat: u64, both: &[&(Paid, Paid)]) {
    let ratio = |of: fn(&Paid) -> f64| {
        let sums = both.iter().fold((0.0, 0.0), |sums, pair| (sums.0 + of(&pair.0), sums.1 + of(&pair.1)));
        sums.0 / sums.1
    };
    let (beyond, htlcs) = (
        ratio(|paid| f64::from(paid.attempt_count.saturating_sub(1))),
        ratio(|paid| f64::from(paid.htlc_count)),
    );
    let (attempts, fees) = (ratio(|paid| f64::from(paid.attempt_count)), ratio(|paid| paid.fee_msat as f64));
    let mut times: Vec<f64> = both
        .iter()
        .filter_map(|pair| {
            let time = |paid: &Paid| paid.plan_times.first().map(|time| time.as_nanos() as f64);
            Some(time(&pair.1)? / time(&pair.0)?.max(1.0))
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (cheaper, faster) = (
        both.iter().filter(|pair| pair.0.fee_msat <= pair.1.fee_msat).count(),
        times.get(times.len() / 2).copied().unwrap_or(0.0),
    );
    println!(
        "{sat:>12} ours by theirs, {} payments: attempts {attempts:.3}, beyond the first {beyond:.3}, htlcs {htlcs:.3}, fees {fees:.3}, not dearer {cheaper}; LDK's first plan takes {faster:.0} times as long",
        both.len(),
    );
}
