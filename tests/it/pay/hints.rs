//! Channels that no table of beliefs has a place for are not asked for the same twice.

use engine::belief::{Advice, Beliefs, FailureCode, HalfLives, Outcome, Permanence, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{GraphBuilder, Topology};
use engine::layer::{Layer, LayerStack, PolicyChange};
use engine::pay::{PayBudget, PayEnd, PayInput, PayOutput, PayReport, PayWorld, Payment};
use engine::query::{ExtraArc, RouteQuery};
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot};
use primitives::{
    ChannelPolicy, Direction, Features, GraphDelta, Msat, ShortChannelId, ShortChannelIdDir, UnixTime,
};
use tests::network::{base_policy, node};

const NOW: UnixTime = UnixTime::from_secs(1_000_000);
const ROOM: Msat = Msat::from_msat(10_000_000_000);

fn scid(number: u64) -> ShortChannelId {
    ShortChannelId::from_u64(number << 40)
}

fn policy(fee_base_msat: u32) -> ChannelPolicy {
    base_policy(fee_base_msat, ROOM)
}

/// One channel from node 0 to node 1; node 2 has none.
fn graph() -> GraphWriter {
    let mut draft = GraphBuilder::new();
    (0..3).for_each(|number| draft.add_node(node(number)).map(|_| ()).unwrap());
    draft.add_channel(scid(1), node(0), node(1), Some(ROOM), &Features::default()).unwrap();
    draft.set_policy(scid(1), Direction::NodeOneToTwo, policy(0)).unwrap();
    ChannelGraph::new(Topology::build(draft).unwrap()).1
}

fn hint(number: u64, fee_base_msat: u32) -> ExtraArc {
    let policy = policy(fee_base_msat);
    ExtraArc { short_channel_id: scid(number), tail: node(1), head: node(2), policy, capacity: None }
}

/// Pays from node 0 to node 2, where the channels have these balances and the first one has room for all; tells the end, and
/// what the last channels were asked for.
fn pay(
    snapshot: &Snapshot,
    mut route: RouteQuery,
    balances: &[(u64, u64)],
) -> (PayReport, Vec<(ShortChannelId, Msat)>) {
    route.amount = Msat::from_msat(400_000_000);
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default());
    let (mut space, mut asked) = (PlanWorkspace::default(), Vec::new());
    let mut left: Vec<(ShortChannelId, Msat)> =
        balances.iter().map(|&(number, msat)| (scid(number), Msat::from_msat(msat))).collect();
    let mut held = Vec::new();
    for round in 0..100 {
        let now = UnixTime::from_secs(NOW.to_secs() + 10 * round);
        let mut inputs = Vec::new();
        while let Some(output) = payment.poll_output(world, now, &mut space) {
            let part = match output {
                PayOutput::Send(part) => part,
                PayOutput::End(report) => return (report, asked),
            };
            let last = *part.part.hops.last().unwrap();
            asked.push((last.short_channel_id, last.amount));
            let (_, balance) = left.iter_mut().find(|(name, _)| *name == last.short_channel_id).unwrap();
            match balance.to_msat().checked_sub(last.amount.to_msat()) {
                Some(rest) => {
                    *balance = Msat::from_msat(rest);
                    held.push(part.id);
                }
                None => {
                    let code = FailureCode::TemporaryChannelFailure;
                    inputs
                        .push(PayInput { part: part.id, outcome: Outcome::Failed { erring_node: 1, code } });
                }
            }
        }
        if inputs.is_empty() && payment.committed() == payment.amount() {
            inputs.extend(held.drain(..).map(|part| PayInput { part, outcome: Outcome::Settled }));
        }
        for input in inputs {
            payment.handle(world, now, input);
        }
    }
    panic!("no end: {asked:?}");
}

fn query() -> RouteQuery {
    RouteQuery::new(node(0), node(2), Msat::ZERO)
}

#[test]
fn an_empty_hint_is_given_up_for_the_other() {
    let mut writer = graph();
    writer.publish();
    let query = RouteQuery { extra_arcs: vec![hint(8, 0), hint(9, 1_000_000)], ..query() };
    let (report, asked) = pay(writer.snapshot(), query, &[(8, 0), (9, 500_000_000)]);
    assert_eq!(report.end, PayEnd::Paid, "{asked:?}");
    let of_empty: Vec<Msat> =
        asked.iter().filter(|(name, _)| *name == scid(8)).map(|(_, amount)| *amount).collect();
    assert!(!of_empty.is_empty() && of_empty.is_sorted_by(|one, other| one > other), "{of_empty:?}");
}

#[test]
fn hints_that_hold_it_only_together_carry_it_together() {
    let mut writer = graph();
    writer.publish();
    let query = RouteQuery { extra_arcs: vec![hint(8, 0), hint(9, 1_000_000)], ..query() };
    let (report, asked) = pay(writer.snapshot(), query, &[(8, 250_000_000), (9, 250_000_000)]);
    assert_eq!(report.end, PayEnd::Paid, "{asked:?}");
}

#[test]
fn a_layers_channel_without_liquidity_is_left_out() {
    let mut writer = graph();
    writer.publish();
    let mut layer = Layer::new("mine", false).unwrap();
    for (number, base) in [(8, 0), (9, 1_000_000)] {
        layer.create_channel([node(1), node(2)], scid(number), ROOM).unwrap();
        let channel =
            ShortChannelIdDir { short_channel_id: scid(number), direction: Direction::NodeOneToTwo };
        let change = PolicyChange { fee_base_msat: Some(base), ..PolicyChange::default() };
        layer.update_channel(channel, change).unwrap();
    }
    let query = RouteQuery { layers: Some(LayerStack::new(vec![layer.into()])), ..query() };
    let (report, asked) = pay(writer.snapshot(), query, &[(8, 0), (9, 500_000_000)]);
    assert_eq!(report.end, PayEnd::Paid, "{asked:?}");
    assert_eq!(asked.iter().filter(|(name, _)| *name == scid(8)).count(), 1, "{asked:?}");
}

#[test]
fn a_channel_that_has_just_opened_is_left_out() {
    let mut writer = graph();
    for (number, base) in [(8, 0), (9, 1_000_000)] {
        let opened = GraphDelta::ChannelOpened {
            short_channel_id: scid(number),
            node_id_1: node(1),
            node_id_2: node(2),
            capacity: Some(ROOM),
            features: Features::default(),
        };
        let policy = policy(base);
        let update = GraphDelta::PolicyUpdated {
            short_channel_id: scid(number),
            direction: Direction::NodeOneToTwo,
            policy,
        };
        writer.apply(&opened).unwrap();
        writer.apply(&update).unwrap();
    }
    writer.publish();
    let (report, asked) = pay(writer.snapshot(), query(), &[(8, 0), (9, 500_000_000)]);
    assert_eq!(report.end, PayEnd::Paid, "{asked:?}");
    assert_eq!(asked.iter().filter(|(name, _)| *name == scid(8)).count(), 1, "{asked:?}");
}

#[test]
fn who_asks_the_beliefs_is_told_that_they_cannot_remember() {
    let writer = graph();
    let beliefs = Beliefs::new(writer.snapshot(), HalfLives::default());
    let channel = ShortChannelIdDir { short_channel_id: scid(8), direction: Direction::NodeOneToTwo };
    let hop = beliefs.attempted_hop(channel, Msat::from_msat(5), Msat::ZERO);
    let outcome = Outcome::Failed { erring_node: 0, code: FailureCode::TemporaryChannelFailure };
    let advice = Advice::AvoidChannel { hop: 0, permanence: Permanence::Temporary };
    assert_eq!(beliefs.learn(&[hop], outcome, NOW), advice);
}
