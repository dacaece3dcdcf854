//! Parts keep to the minima of their channels, and refusals name those that are in the way.

use engine::flow::{Plan, PlanError};
use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::Snapshot;
use primitives::{Direction, Features, Msat, ShortChannelIdDir};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tests::network::base_policy;

use super::small::{PAYEE, PAYER, node, planned, query, sat, scid};

/// Channels from the payer to the payee with these minima and maxima, in sat.
fn channels(limits: &[(u64, u64)]) -> Snapshot {
    let mut draft = GraphBuilder::new();
    for (&(min, max), place) in limits.iter().zip(0..) {
        draft
            .add_channel(scid(place), node(PAYER), node(PAYEE), Some(sat(max)), &Features::default())
            .unwrap();
        let mut policy = base_policy(0, sat(max));
        policy.htlc_minimum_msat = sat(min);
        draft.set_policy(scid(place), Direction::NodeOneToTwo, policy).unwrap();
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

fn planned_over(limits: &[(u64, u64)], amount: Msat) -> Result<Plan, PlanError> {
    planned(&channels(limits), &query(amount))
}

/// Whether parts over some of the channels, one over each, carry `amount` sat.
fn is_possible(limits: &[(u64, u64)], amount: u64) -> bool {
    (1u32..1 << limits.len()).any(|set| {
        let chosen = || limits.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1);
        let [min, max] =
            [chosen().map(|(_, limits)| limits.0).sum::<u64>(), chosen().map(|(_, limits)| limits.1).sum()];
        (min..=max).contains(&amount)
    })
}

#[test]
fn minima_leave_a_plan_wherever_parts_can_obey_them() {
    const AMOUNT: u64 = 100_000;
    let (mut planned_count, mut refused_count) = (0, 0);
    for seed in 0..3000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let limits: Vec<(u64, u64)> = (0..rng.random_range(2..5))
            .map(|_| {
                let max = rng.random_range(10..120);
                (1000 * rng.random_range(1..=max), 1000 * max)
            })
            .collect();
        let room: u64 = limits.iter().map(|limits| limits.1).sum();
        match planned_over(&limits, sat(AMOUNT)) {
            Ok(plan) => {
                planned_count += 1;
                let mut places: Vec<usize> = Vec::new();
                for part in &plan.parts {
                    let is_it = |&place: &usize| scid(place as u64) == part.hops[0].short_channel_id;
                    let place = (0..limits.len()).find(is_it).unwrap();
                    let (min, max) = limits[place];
                    assert!(part.amount >= sat(min) && part.amount <= sat(max), "seed {seed}: {plan:?}");
                    assert!(!places.contains(&place), "seed {seed}: {plan:?}");
                    places.push(place);
                }
                let sum = plan.parts.iter().map(|part| part.amount.to_msat()).sum();
                assert_eq!(Msat::from_msat(sum), sat(AMOUNT), "seed {seed}");
                assert!(plan.least_cost.is_none_or(|least| least <= plan.cost), "seed {seed}: {plan:?}");
            }
            Err(PlanError::HtlcMinimum { minimum, channel, .. }) => {
                refused_count += 1;
                assert!(!is_possible(&limits, AMOUNT) && room >= AMOUNT, "seed {seed}: {limits:?}");
                let place =
                    limits.iter().zip(0..).find(|(_, place)| scid(*place) == channel.short_channel_id);
                assert_eq!(place.map(|(limits, _)| sat(limits.0)), Some(minimum), "seed {seed}");
            }
            Err(error) => {
                assert!(
                    matches!(error, PlanError::Cut(_)) && room < AMOUNT,
                    "seed {seed}: {limits:?} {error}"
                );
            }
        }
    }
    assert!(planned_count > 500 && refused_count > 100, "{planned_count} planned, {refused_count} refused");
}

#[test]
fn a_minimum_above_all_of_the_amount_is_named() {
    let refused = planned_over(&[(30_000, 100_000), (20_000, 100_000)], sat(5000));
    let channel = ShortChannelIdDir { short_channel_id: scid(1), direction: Direction::NodeOneToTwo };
    assert_eq!(refused, Err(PlanError::HtlcMinimum { missing: sat(5000), channel, minimum: sat(20_000) }));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains(&channel.to_string()) && message.contains("raise the amount"), "{message}");
    // A channel that is too small for it leaves a little less over.
    let refused = planned_over(&[(1, 2000), (20_000, 100_000)], sat(5000));
    assert!(
        matches!(refused, Err(PlanError::HtlcMinimum { missing, .. }) if missing == sat(3000)),
        "{refused:?}"
    );
}

#[test]
fn a_part_is_raised_to_the_minimum_of_its_channel() {
    let plan = planned_over(&[(60_000, 70_000), (1, 70_000)], sat(100_000)).unwrap();
    assert_eq!(plan.parts.len(), 2);
    assert!(plan.parts[0].amount >= sat(60_000), "{plan:?}");
}
