//! Worlds in which minima decide where amounts may not be lifted, or which state is the better one.

use engine::cost::{CostModel, RiskWeights};

use super::traps::{holds, way};
use super::world::{Channel, Policy, World};

#[test]
fn a_dearer_suffix_that_reaches_a_minimum_is_kept() {
    // Over channel 1 the last hop costs a fee that the minimum before it demands anyhow, over channel 2 it costs time.
    let mut world = World::new(
        vec![
            way(0, 1, Policy { min: 20_000, ..Policy::FREE }),
            way(1, 2, Policy::base(10_000)),
            way(1, 2, Policy { cltv: 900, ..Policy::FREE }),
        ],
        0,
        2,
        10_000,
    );
    for billionths in [100_000, 1_000_000, 1_100_000, 1_200_000, 10_000_000] {
        let weights = RiskWeights { risk_billionths: billionths, hop_base_msat: 1, hop_millionths: 0 };
        world.payment.cost = CostModel::Risk(weights);
        for may_overpay in [false, true] {
            world.payment.may_overpay = may_overpay;
            holds(&world);
        }
    }
}

#[test]
fn a_fee_that_a_minimum_demands_anyhow_hides_no_shorter_delay() {
    // The last hop that charges a tenth is the better one: the minimum before it takes as much, and it locks for less.
    let mut world = World::new(
        vec![
            way(0, 1, Policy::FREE),
            way(1, 2, Policy { base: 2195, ppm: 4919, cltv: 100, min: 3_187_082, ..Policy::FREE }),
            way(2, 3, Policy { base: 346, ppm: 2204, cltv: 40, ..Policy::FREE }),
            way(2, 3, Policy { base: 11, ppm: 126_084, cltv: 5, ..Policy::FREE }),
        ],
        0,
        3,
        2_472_000,
    );
    world.payment.may_overpay = true;
    world.payment.cost =
        CostModel::Risk(RiskWeights { risk_billionths: 1082, hop_base_msat: 0, hop_millionths: 136 });
    holds(&world);
}

#[test]
fn a_minimum_is_met_first_where_it_hardly_matters() {
    // What is paid to node 4 comes to the minimum of channel 2 first, before which 1,494 msat lie at least, and only then to
    // that of the payer's channel, which the fee of channel 0 reaches.
    let discounting = Policy { inbound: (-2, 0), max: 1, ..Policy::FREE };
    let last = |base, min, max| Policy { base, ppm: 1, min, max, ..Policy::FREE };
    holds(&World::new(
        vec![
            way(3, 4, last(1000, 1, 1)),
            way(2, 4, last(1000, 1000, 1000)),
            way(1, 3, Policy { min: 1000, ..Policy::FREE }),
            way(0, 4, last(1000, 1, 1)),
            Channel::new([2, 3], [Some(last(0, 0, 1)), Some(last(1494, 0, 1))]),
            Channel::new([0, 2], [Some(discounting); 2]),
            way(3, 4, Policy { max: 1, ..Policy::FREE }),
            Channel::new([3, 4], [Some(Policy { base: 1001, ppm: 1, ..discounting }), Some(discounting)]),
        ],
        1,
        4,
        1,
    ));
}
