//! Whatever the graph and the query, the engine's answer is the best of all routes.

use engine::router::{RouteWorkspace, route};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, TestCaseError, any, prop_oneof, proptest};
use proptest::test_runner::TestCaseResult;

use super::draw::{Mix, world};
use super::judge::{judge, judge_with};
use super::world::World;

const PLAIN: Mix = Mix {
    has_inbound_fees: false,
    has_limits: false,
    is_circular: false,
    has_ties: false,
    has_changes: false,
    has_beliefs: false,
};
const BELIEVED: Mix = Mix { has_beliefs: true, ..PLAIN };
const CHANGED: Mix = Mix { has_changes: true, ..PLAIN };
const INBOUND: Mix = Mix { has_inbound_fees: true, ..PLAIN };
/// All at once.
const EVERYTHING: Mix = Mix { has_inbound_fees: true, has_limits: true, has_changes: true, ..BELIEVED };

fn holds(world: &World) -> TestCaseResult {
    judge(world).map_err(TestCaseError::fail)
}

/// Asks again and again, each time with limits that the last answer just breaks, until nothing is left.
fn holds_under_tighter_limits(mut world: World, steps: &[Tighter]) -> TestCaseResult {
    world.payment.work_max = 2_000_000;
    let mut space = RouteWorkspace::default();
    for step in steps {
        judge_with(&world, &mut space).map_err(TestCaseError::fail)?;
        let Ok(found) = route(&world.snapshot(), &world.query(), &mut space) else { break };
        let limits = &mut world.payment.limits;
        if step.hops {
            limits.hop_count_max = found.hops.len() as u32 - 1;
        }
        if step.blocks {
            limits.cltv_max = (u64::from(found.cltv) * step.share / 100) as u32;
        }
        if step.bytes {
            // A hop takes 50 bytes and its amount, the payee some 76: this is a little too much for the last answer.
            limits.final_payload_extra = 1300 - 76 - 50 * (found.hops.len() as u32 - 1);
        }
    }
    Ok(())
}

/// Which limits the next answer must keep to.
#[derive(Debug, Clone)]
struct Tighter {
    hops: bool,
    blocks: bool,
    bytes: bool,
    /// Of the blocks, in hundredths.
    share: u64,
}

fn tighter() -> impl Strategy<Value = Vec<Tighter>> {
    let step = (any::<bool>(), any::<bool>(), any::<bool>(), prop_oneof![Just(99u64), 50..100u64])
        .prop_map(|(hops, blocks, bytes, share)| Tighter { hops, blocks, bytes, share });
    vec(step, 2..6)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::with_cases(CASE_COUNT) })]

    #[test]
    fn a_route_is_the_best_of_all(world in world(PLAIN)) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_of_all_that_cost_the_same(world in world(Mix { has_ties: true, ..PLAIN })) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_within_limits(world in world(Mix { has_limits: true, ..PLAIN })) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_with_inbound_fees(world in world(INBOUND)) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_with_inbound_fees_within_limits(world in world(Mix { has_limits: true, ..INBOUND })) {
        holds(&world)?;
    }

    #[test]
    fn a_circular_route_is_the_best(world in world(Mix { is_circular: true, ..PLAIN })) {
        holds(&world)?;
    }

    #[test]
    fn a_circular_route_is_the_best_with_inbound_fees_within_limits(
        world in world(Mix { is_circular: true, has_limits: true, ..INBOUND })
    ) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_under_ever_tighter_limits(world in world(PLAIN), steps in tighter()) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_route_with_inbound_fees_is_the_best_under_ever_tighter_limits(
        world in world(Mix { has_ties: true, ..INBOUND }), steps in tighter()
    ) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_circular_route_is_the_best_under_ever_tighter_limits(
        world in world(Mix { is_circular: true, ..PLAIN }), steps in tighter()
    ) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_route_is_the_best_of_all_that_layers_leave(world in world(CHANGED)) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_that_layers_leave_within_limits(world in world(Mix { has_limits: true, ..CHANGED })) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_that_layers_leave_with_inbound_fees(
        world in world(Mix { has_inbound_fees: true, ..CHANGED })
    ) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_that_layers_leave_with_inbound_fees_within_limits(world in world(EVERYTHING)) {
        holds(&world)?;
    }

    #[test]
    fn a_circular_route_is_the_best_that_layers_leave(world in world(Mix { is_circular: true, ..EVERYTHING })) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_that_layers_leave_under_ever_tighter_limits(
        world in world(CHANGED), steps in tighter()
    ) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_circular_route_is_the_best_that_layers_leave_under_ever_tighter_limits(
        world in world(Mix { is_circular: true, has_inbound_fees: true, ..CHANGED }), steps in tighter()
    ) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_route_is_the_best_by_what_is_believed(world in world(BELIEVED)) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_by_what_is_believed_and_layers_leave(
        world in world(Mix { has_changes: true, ..BELIEVED })
    ) {
        holds(&world)?;
    }

    #[test]
    fn a_route_with_inbound_fees_is_the_best_by_what_is_believed(
        world in world(Mix { has_inbound_fees: true, ..BELIEVED })
    ) {
        holds(&world)?;
    }

    #[test]
    fn a_route_is_the_best_by_what_is_believed_under_ever_tighter_limits(
        world in world(BELIEVED), steps in tighter()
    ) {
        holds_under_tighter_limits(world, &steps)?;
    }

    #[test]
    fn a_workspace_forgets_what_it_was_used_for(
        first in world(INBOUND), second in world(Mix { has_limits: true, ..PLAIN }), third in world(PLAIN)
    ) {
        let mut space = RouteWorkspace::default();
        for world in [&first, &second, &third] {
            judge_with(world, &mut space).map_err(TestCaseError::fail)?;
        }
    }
}

/// Random worlds for each property.
const CASE_COUNT: u32 = 10_000;
