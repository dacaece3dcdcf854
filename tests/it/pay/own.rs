//! What the payer's own channels refuse, and channels whose capacity nobody knows.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{GraphBuilder, Topology};
use engine::pay::{PayBudget, PayEnd, PayInput, PayOutput, PayReport, PayWorld, Payment, SentPart};
use engine::query::{FirstChannel, RouteQuery};
use engine::rehearsal::own_channels;
use engine::snapshot::{ChannelGraph, GraphWriter, Snapshot};
use engine::synthetic::{BalanceLaw, HiddenNetwork};
use primitives::{ChannelPolicy, Direction, Features, GraphDelta, Msat, UnixTime};
use tests::network::{base_policy, node};

use super::world::scid;

const NOW: UnixTime = UnixTime::from_secs(1_000_000);

fn sat(sat: u64) -> Msat {
    Msat::from_msat(1000 * sat)
}

/// A channel from the lesser to the greater node: its ends, capacity and largest HTLC in sat, base fee in msat.
struct Road {
    ends: (u32, u32),
    capacity: Option<u64>,
    maximum: u64,
    fee: u32,
}

/// The channels 1, 2, ... as they are listed.
fn graph(roads: &[Road]) -> GraphWriter {
    let mut draft = GraphBuilder::new();
    for (number, road) in (1..).zip(roads) {
        let (one, two) = (node(road.ends.0), node(road.ends.1));
        draft.add_channel(scid(number), one, two, road.capacity.map(sat), &Features::default()).unwrap();
        let policy = base_policy(road.fee, sat(road.maximum));
        draft.set_policy(scid(number), Direction::NodeOneToTwo, policy).unwrap();
    }
    ChannelGraph::new(Topology::build(draft).unwrap()).1
}

/// Pays until the end; `failure` tells how a part fails, where it does. The payee takes what is on the way when it is all there.
fn pay(
    snapshot: &Snapshot,
    beliefs: &Beliefs,
    query: PlanQuery,
    mut failure: impl FnMut(&SentPart) -> Option<Outcome>,
) -> PayReport {
    let world = PayWorld { snapshot, beliefs };
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let mut space = PlanWorkspace::default();
    for round in 0..200 {
        let now = UnixTime::from_secs(NOW.to_secs() + 10 * round);
        let mut inputs = Vec::new();
        while let Some(output) = payment.poll_output(world, now, &mut space) {
            match output {
                PayOutput::Send(part) => {
                    inputs.extend(failure(&part).map(|outcome| PayInput { part: part.id, outcome }));
                }
                PayOutput::End(report) => return report,
            }
        }
        if inputs.is_empty() && payment.committed() == payment.amount() {
            let settled = |part: &SentPart| PayInput { part: part.id, outcome: Outcome::Settled };
            inputs.extend(payment.parts_in_flight().iter().map(settled));
        }
        for input in inputs {
            payment.handle(world, now, input);
        }
    }
    panic!("it does not end");
}

fn no_liquidity(erring_node: usize) -> Option<Outcome> {
    Some(Outcome::Failed { erring_node, code: FailureCode::TemporaryChannelFailure })
}

fn first(number: u64, balance_sat: u64) -> FirstChannel {
    FirstChannel { short_channel_id: scid(number), balance: sat(balance_sat) }
}

#[test]
fn an_own_channel_that_refuses_is_not_asked_for_the_same_again() {
    let road = |ends, fee| Road { ends, capacity: Some(2_000_000), maximum: 2_000_000, fee };
    let writer = graph(&[road((0, 1), 0), road((0, 2), 0), road((1, 3), 0), road((2, 3), 10_000)]);
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let route = RouteQuery {
        first_channels: Some(vec![first(1, 1_000_000), first(2, 1_000_000)]),
        ..RouteQuery::new(node(0), node(3), sat(100_000))
    };
    // The peer of the first one is gone, whatever its balance is.
    let report = pay(snapshot, &beliefs, PlanQuery::new(route), |part| {
        if part.part.hops[0].short_channel_id == scid(1) { no_liquidity(0) } else { None }
    });
    assert_eq!((report.end, report.settled), (PayEnd::Paid, sat(100_000)));
    assert!(report.attempt_count <= 3, "{} attempts", report.attempt_count);
}

#[test]
fn a_balance_counts_where_the_capacity_is_unknown() {
    let own = Road { ends: (0, 1), capacity: None, maximum: 500_000, fee: 0 };
    let next = Road { ends: (1, 2), capacity: Some(10_000_000), maximum: 10_000_000, fee: 0 };
    let writer = graph(&[own, next]);
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let route = RouteQuery {
        first_channels: Some(vec![first(1, 2_000_000)]),
        ..RouteQuery::new(node(0), node(2), sat(1_500_000))
    };
    // Each HTLC keeps to the maximum, all together to the balance.
    let report = pay(snapshot, &beliefs, PlanQuery::new(route), |part| {
        assert!(part.part.hops.iter().all(|hop| hop.amount <= sat(500_000)));
        None
    });
    assert_eq!((report.end, report.settled), (PayEnd::Paid, sat(1_500_000)));
    assert!(report.part_count >= 3);
}

#[test]
fn what_stands_for_a_capacity_proves_nothing_impossible() {
    let road = |ends, capacity, maximum| Road { ends, capacity, maximum, fee: 0 };
    let writer = graph(&[road((0, 1), Some(10_000_000), 10_000_000), road((1, 2), None, 500_000)]);
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::NEVER);
    let query = |amount| PlanQuery::new(RouteQuery::new(node(0), node(2), sat(amount)));
    let report = pay(snapshot, &beliefs, query(1_500_000), |_| None);
    assert!(matches!(report.end, PayEnd::NoPlan(_)), "{report:?}");
    // What it has carried says nothing of how much more there is.
    let report = pay(snapshot, &beliefs, query(100_000), |_| None);
    assert_eq!(report.end, PayEnd::Paid);
    let report = pay(snapshot, &beliefs, query(1_500_000), |_| None);
    assert!(matches!(report.end, PayEnd::NoPlan(_)), "{report:?}");
    // What it has refused does.
    let report = pay(snapshot, &beliefs, query(400_000), |_| no_liquidity(1));
    let PayEnd::Impossible(cut) = report.end else { panic!("{report:?}") };
    assert!(cut.capacity < sat(400_000), "{cut:?}");
}

#[test]
fn a_bound_stays_the_same_amount_when_a_maximum_moves() {
    let road = |ends, capacity, maximum| Road { ends, capacity, maximum, fee: 0 };
    let mut writer = graph(&[road((0, 1), Some(10_000_000), 10_000_000), road((1, 2), None, 1_000_000)]);
    let mut beliefs = Beliefs::new(writer.snapshot(), HalfLives::NEVER);
    let query = |amount| PlanQuery::new(RouteQuery::new(node(0), node(2), sat(amount)));
    for (maximum, is_new_generation) in [(5_000_000, false), (5_000_000, true), (450_000, true)] {
        let policy = base_policy(0, sat(maximum));
        let short_channel_id = scid(2);
        let direction = Direction::NodeOneToTwo;
        writer.apply(&GraphDelta::PolicyUpdated { short_channel_id, direction, policy }).unwrap();
        if is_new_generation {
            writer.begin_merge();
            writer.finish_merge();
            beliefs = beliefs.for_generation(writer.snapshot());
        }
        writer.publish();
        // Larger than what the table takes the channel for, then smaller.
        for amount in [3_000_000, 400_000] {
            let mut asked = 0;
            let report = pay(writer.snapshot(), &beliefs, query(amount), |_| {
                asked += 1;
                no_liquidity(1)
            });
            assert!(
                !matches!(report.end, PayEnd::AttemptLimit { .. }) && asked < 10,
                "{maximum}: {report:?}"
            );
        }
        // What it may still hold is tried.
        let report = pay(writer.snapshot(), &beliefs, query(100_000), |_| None);
        assert!(!matches!(report.end, PayEnd::Impossible(_)), "{maximum}: {report:?}");
    }
}

#[test]
fn a_fee_limit_is_kept_by_more_parts_over_a_cheap_channel() {
    let road = |ends, maximum, fee| Road { ends, capacity: Some(10_000_000), maximum, fee };
    let wide = 10_000_000;
    let writer = graph(&[
        road((0, 1), wide, 0),
        road((0, 2), wide, 0),
        road((1, 3), 10_000, 0),
        road((2, 3), wide, 500_000),
    ]);
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::default());
    let mut query = PlanQuery::new(RouteQuery::new(node(0), node(3), sat(40_000)));
    query.route.limits.fee_max = Some(sat(400));
    let report = pay(snapshot, &beliefs, query.clone(), |_| None);
    assert_eq!((report.end, report.fee), (PayEnd::Paid, Msat::ZERO));
    // Where nothing is within it, the limit is the reason.
    query.route.avoid.channels.push(scid(3));
    let report = pay(snapshot, &beliefs, query, |_| None);
    assert!(matches!(&report.end, PayEnd::NoPlan(error) if error.to_string().contains("fee")), "{report:?}");
}

#[test]
fn a_part_that_has_arrived_is_still_on_the_way() {
    let road = |ends| Road { ends, capacity: Some(1_000_000), maximum: 1_000_000, fee: 0 };
    let writer = graph(&[road((0, 1)), road((1, 2))]);
    let snapshot = writer.snapshot();
    let beliefs = Beliefs::new(snapshot, HalfLives::NEVER);
    let world = PayWorld { snapshot, beliefs: &beliefs };
    let query = PlanQuery::new(RouteQuery::new(node(0), node(2), sat(300_000)));
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let mut space = PlanWorkspace::default();
    let Some(PayOutput::Send(part)) = payment.poll_output(world, NOW, &mut space) else {
        panic!("it is sent")
    };
    payment.handle(world, NOW, PayInput { part: part.id, outcome: Outcome::Reached });
    assert_eq!(payment.poll_output(world, NOW, &mut space), None, "nothing is missing");
    assert_eq!((payment.committed(), payment.parts_in_flight().len()), (sat(300_000), 1));
    let last = beliefs.channel(scid(2)).unwrap();
    let (least, _) = beliefs.view(NOW).bounds(last.to_u32(), Direction::NodeOneToTwo, sat(1_000_000));
    assert_eq!(least, sat(300_000));
    payment.handle(world, NOW, PayInput { part: part.id, outcome: Outcome::Settled });
    let Some(PayOutput::End(report)) = payment.poll_output(world, NOW, &mut space) else {
        panic!("it is over")
    };
    assert_eq!((report.end, report.settled), (PayEnd::Paid, sat(300_000)));
}

#[test]
fn a_rehearsal_pays_over_channels_that_are_in_use() {
    let road = |ends| Road { ends, capacity: Some(1_000_000), maximum: 1_000_000, fee: 0 };
    let mut writer = graph(&[road((0, 1)), road((0, 2)), road((1, 2))]);
    let policy = ChannelPolicy { disabled: true, ..base_policy(0, sat(1_000_000)) };
    let (short_channel_id, direction) = (scid(1), Direction::NodeOneToTwo);
    writer.apply(&GraphDelta::PolicyUpdated { short_channel_id, direction, policy }).unwrap();
    let snapshot = writer.snapshot();
    let network = HiddenNetwork::draw(snapshot.topology(), BalanceLaw::Uniform, 1);
    let names = |place| -> Vec<_> {
        let own = own_channels(snapshot, &network, &node(place));
        own.iter().map(|first| first.short_channel_id).collect()
    };
    // Of the first and the last one, nothing is told that way.
    assert_eq!((names(0), names(1), names(2)), (vec![scid(2)], vec![scid(3)], vec![]));
}
