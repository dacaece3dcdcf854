//! One call from a route or a plan to packets, and what every node on the way makes of them.

use engine::flow::PlanQuery;
use node::payment::{PaidPath, aim_plan, aim_route, wrap_plan, wrap_route};
use onion::blinded::PayInfo;
use onion::route::{Payment, RouteOnionError};
use primitives::{CltvExpiryDelta, Features, Fee, Msat};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::world::{HEIGHT, PATH_ID, SECRET, SEED, World, payment};

#[test]
fn a_route_becomes_a_packet() {
    let world = World::row(9);
    for shadow_blocks in [0, 144] {
        let payment = Payment { shadow_blocks, ..payment(123_456_789, None) };
        let mut query = world.query(8);
        aim_route(&mut query, &payment, None).expect("in range");
        let route = world.route(&query).expect("a row is a route");
        let onion = wrap_route(&world.secp, &SEED, &route, None, &payment).expect("fits");
        assert_eq!(onion.cltv_expiry.to_u32(), HEIGHT + shadow_blocks + route.cltv);
        let received = world.walk(&route.hops, &onion);
        assert_eq!(received.nodes, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((received.arrived, received.amt_to_forward), (query.amount, query.amount));
        assert_eq!((received.total, received.secret), (query.amount, Some(SECRET)));
        assert_eq!(received.outgoing_cltv_value, HEIGHT + shadow_blocks + 18);
    }
}

#[test]
fn a_plan_becomes_packets_that_share_a_secret_and_a_total_and_no_key() {
    let world = World::fan();
    for shadow_blocks in [0, 72] {
        let payment = Payment { shadow_blocks, ..payment(120_000_000, None) };
        let mut query = PlanQuery::new(world.query(4));
        aim_plan(&mut query, &payment, None).expect("in range");
        let plan = world.plan(&query).expect("three channels have room");
        assert!(plan.parts.len() >= 3, "no channel carries half of it");
        let onions = wrap_plan(&world.secp, &SEED, &plan, None, &payment).expect("fits");
        let mut delivered = Msat::ZERO;
        for (part, onion) in plan.parts.iter().zip(&onions) {
            let received = world.walk(&part.hops, onion);
            assert_eq!((received.arrived, received.amt_to_forward), (part.amount, part.amount));
            assert_eq!((received.total, received.secret), (payment.total_msat, Some(SECRET)));
            assert_eq!(onion.cltv_expiry.to_u32(), HEIGHT + shadow_blocks + part.cltv);
            delivered = delivered.saturating_add(received.arrived);
        }
        assert_eq!((onions.len(), delivered), (plan.parts.len(), payment.total_msat));
        let mut keys: Vec<&[u8]> = onions.iter().map(|onion| &onion.packet.as_bytes()[1..34]).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "two parts have the same key");
        // The same seed makes the same packets, another makes others.
        let again = wrap_plan(&world.secp, &SEED, &plan, None, &payment).expect("fits");
        assert_eq!(again[0].packet, onions[0].packet);
        let others = wrap_plan(&world.secp, &[4; 32], &plan, None, &payment).expect("fits");
        assert_ne!(others[0].packet, onions[0].packet);

        let more = Payment { total_msat: Msat::from_msat(120_000_001), ..payment };
        let short = wrap_plan(&world.secp, &SEED, &plan, None, &more).map(|onions| onions.len());
        assert_eq!(short, Err(RouteOnionError::Short { delivered, total: more.total_msat }));
        let bare = Payment { payment_secret: None, ..payment };
        let bare = wrap_plan(&world.secp, &SEED, &plan, None, &bare).map(|onions| onions.len());
        assert_eq!(bare, Err(RouteOnionError::NoSecret));
    }
}

#[test]
fn a_route_ends_in_a_blinded_path() {
    let world = World::row(8);
    for (first, dummy_count) in [(3, 0), (3, 2), (6, 1), (7, 0)] {
        let (path, payinfo) = world.hide(first, dummy_count);
        let end = Some(PaidPath { path: &path, payinfo: &payinfo });
        let payment = Payment { shadow_blocks: 20, ..payment(77_000_000, end) };
        let mut query = world.query(first);
        aim_route(&mut query, &payment, end).expect("in range");
        let route = world.route(&query).expect("a row is a route");
        let onion = wrap_route(&world.secp, &SEED, &route, end, &payment).expect("fits");
        assert_eq!(onion.failure_secrets().len(), first);
        let received = world.walk(&route.hops, &onion);
        let dummies = std::iter::repeat_n(7, dummy_count);
        assert_eq!(received.nodes, (1..=7).chain(dummies).collect::<Vec<_>>());
        assert_eq!(received.path_id.as_deref(), Some(PATH_ID));
        assert_eq!((received.total, received.secret), (payment.total_msat, None));
        assert_eq!(received.amt_to_forward, payment.total_msat);
        assert!(received.arrived >= payment.total_msat);
        assert_eq!(received.outgoing_cltv_value, HEIGHT + 20);
    }
}

#[test]
fn a_plan_ends_in_a_blinded_path() {
    let world = World::fan();
    let (path, payinfo) = world.hide(4, 1);
    let end = Some(PaidPath { path: &path, payinfo: &payinfo });
    let payment = payment(120_000_000, end);
    let mut query = PlanQuery::new(world.query(4));
    query.part_count_max = 5;
    aim_plan(&mut query, &payment, end).expect("in range");
    let plan = world.plan(&query).expect("three channels have room");
    assert!(plan.parts.len() >= 3, "no channel carries half of it");
    let onions = wrap_plan(&world.secp, &SEED, &plan, end, &payment).expect("fits");
    let mut delivered = Msat::ZERO;
    for (part, onion) in plan.parts.iter().zip(&onions) {
        let received = world.walk(&part.hops, onion);
        assert_eq!(received.path_id.as_deref(), Some(PATH_ID));
        assert_eq!(received.total, payment.total_msat);
        assert!(received.arrived >= received.amt_to_forward);
        delivered = delivered.saturating_add(received.amt_to_forward);
    }
    assert!(delivered >= payment.total_msat);
    // What it pays too much are the base fees of parts that it did not need.
    let spare = 3 * (u64::from(payinfo.fee.fee_base_msat) + 10);
    assert!(delivered.to_msat() <= payment.total_msat.to_msat() + spare, "{delivered}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_blinded_path_delivers_what_it_does_not_keep(
        fee in (any::<u32>(), 0_u32..32),
        base in 0_u32..100_000,
        total in 1_u64..1 << 45,
        shares in vec(1_u64..1_000, 1..8),
    ) {
        let payinfo = PayInfo {
            fee: Fee { fee_base_msat: base, fee_proportional_millionths: fee.0 >> fee.1 },
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(1),
            htlc_minimum_msat: Msat::ZERO,
            htlc_maximum_msat: Msat::MAX,
            features: Features::default(),
        };
        let total = Msat::from_msat(total);
        // The most that the fee leaves, and not one more.
        let arriving = payinfo.amount_at_introduction(total).expect("small");
        let delivered = payinfo.amount_delivered(arriving).expect("the base fee arrived");
        prop_assert!(delivered >= total && payinfo.amount_at_introduction(delivered) <= Some(arriving));
        let more = Msat::from_msat(delivered.to_msat() + 1);
        prop_assert!(payinfo.amount_at_introduction(more) > Some(arriving));
        let base = Msat::from_msat(base.into());
        prop_assert_eq!(payinfo.amount_delivered(base), Some(Msat::ZERO));

        // However it is cut, enough arrives.
        let arriving = payinfo.amount_at_introduction_in_parts(total, shares.len()).expect("small").to_msat();
        let sum: u64 = shares.iter().sum();
        let mut parts: Vec<u64> = shares
            .iter()
            .map(|share| (u128::from(arriving) * u128::from(*share) / u128::from(sum)) as u64)
            .collect();
        parts[0] += arriving - parts.iter().sum::<u64>();
        let delivered: Option<u64> = parts
            .iter()
            .map(|part| payinfo.amount_delivered(Msat::from_msat(*part)).map(Msat::to_msat))
            .sum();
        prop_assert!(delivered.is_none_or(|delivered| delivered >= total.to_msat()), "{delivered:?} of {total}");
    }
}
