//! Limits on blocks and hops, where cheap ways that are too long need the channels of the dear ones that are not.

use engine::flow::{PlanError, PlanQuery, PlanWorkspace, plan};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::small::{PAYEE, PAYER, priced_graph, query, sat};

const WAY_COUNT: u8 = 6;
/// The node of each way's middle, from here on, and that of its detour.
const MIDDLE: u8 = 10;
const DETOUR: u8 = 30;

/// What a payment costs where detours exist and where they do not, by a query that forbids them.
fn compared(seed: u64, space: &mut PlanWorkspace) -> Option<(Result<u64, PlanError>, u64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut short, mut long, mut most) = (Vec::new(), Vec::new(), 0);
    for way in 0..WAY_COUNT {
        let (middle, detour) = (MIDDLE + way, DETOUR + way);
        let [first, last] = [(); 2].map(|()| rng.random_range(20_000..400_000));
        most += first.min(last);
        short.push((PAYER, middle, first, 0));
        short.push((PAYEE, middle, last, rng.random_range(0..50_000)));
        if rng.random_bool(0.6) {
            long.push((middle, detour, rng.random_range(20_000..400_000), 0));
            long.push((PAYEE, detour, rng.random_range(20_000..400_000), 0));
        }
    }
    let mut asked: PlanQuery = query(sat(most * rng.random_range(5..10) / 10));
    if rng.random() {
        asked.route.limits.hop_count_max = 2;
    } else {
        asked.route.limits.cltv_max = 18 + 40;
    }
    let without = plan(&priced_graph(&short), &asked, space).ok()?;
    let with = plan(&priced_graph(&[short, long].concat()), &asked, space);
    Some((with.map(|plan| plan.cost), without.cost))
}

#[test]
fn limits_take_no_more_than_the_ways_that_exceed_them() {
    let found: Vec<_> = (0..1500u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| compared(seed, space))
        .flatten()
        .collect();
    let planned: Vec<(u64, u64)> =
        found.iter().filter_map(|(with, without)| Some((*with.as_ref().ok()?, *without))).collect();
    let (cost, least) = planned.iter().fold((0, 0), |sum, found| (sum.0 + found.0, sum.1 + found.1));
    println!("{} of {} planned, for {cost} msat, without detours {least}", planned.len(), found.len());
    assert!(
        found.len() > 1000 && planned.len() * 100 >= found.len() * 97,
        "{} of {}",
        planned.len(),
        found.len()
    );
    assert!(cost * 1000 <= least * 1010, "{cost} for {least}");
}
