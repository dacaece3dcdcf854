//! Whatever the graph and the query, the engine's answer is the best of all routes.

use engine::router::RouteWorkspace;
use proptest::prelude::{ProptestConfig, TestCaseError, proptest};
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
};
const CHANGED: Mix = Mix { has_changes: true, ..PLAIN };
const INBOUND: Mix = Mix { has_inbound_fees: true, ..PLAIN };

fn holds(world: &World) -> TestCaseResult {
    judge(world).map_err(TestCaseError::fail)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::with_cases(6000) })]

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
    fn a_circular_route_is_the_best_that_layers_leave(
        world in world(Mix { is_circular: true, has_limits: true, has_inbound_fees: true, ..CHANGED })
    ) {
        holds(&world)?;
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
