//! What can be paid is paid, and what is called impossible is.

use engine::belief::{Beliefs, HalfLives, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{ArcIdx, NodeIdx};
use engine::pay::{PayBudget, PayEnd, PayWorld, Payment};
use engine::query::{FirstChannel, RouteQuery};
use engine::rehearsal::{Trial, rehearse};
use engine::synthetic::most_payable;
use primitives::{Msat, UnixTime};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::network::node;

use super::world::World;

const NOW: UnixTime = UnixTime::from_secs(1_000_000);

/// A payment of a share of what the true balances can carry, with attempts and parts to spare.
fn pay(seed: u64, space: &mut PlanWorkspace, share: f64) -> Option<(Trial, Msat, Msat)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut world = World::random(&mut rng);
    let topology = world.snapshot.topology();
    let payee = rng.random_range(1..world.node_count);
    let ends = [node(0), node(payee)].map(|node_id| topology.node(&node_id).unwrap());
    let most = most_payable(topology, &world.network, ends[0], ends[1], Msat::from_msat(1 << 60));
    let amount = Msat::from_msat((most.to_msat() as f64 * share) as u64);
    if amount < Msat::from_msat(1_000_000) {
        return None;
    }
    let mut route = RouteQuery::new(node(0), node(payee), amount);
    if rng.random() {
        route.first_channels = Some(own_channels(&world, ends[0]));
    }
    let query = PlanQuery { part_count_max: 400, ..PlanQuery::new(route) };
    let beliefs = Beliefs::new(&world.snapshot, HalfLives::NEVER);
    let pay_world = PayWorld { snapshot: &world.snapshot, beliefs: &beliefs };
    let mut payment =
        Payment::new(query, Prior::Uniform, PayBudget { attempt_count_max: 1000, ..PayBudget::default() });
    let before = world.network.clone();
    let trial = rehearse(pay_world, &mut world.network, &mut payment, (NOW, seed), |payment, now| {
        payment.poll_output(pay_world, now, space)
    });
    if trial.report.end != PayEnd::Paid {
        assert!(before == world.network, "seed {seed}: what failed left its traces");
    }
    Some((trial, amount, most))
}

fn own_channels(world: &World, payer: NodeIdx) -> Vec<FirstChannel> {
    let first = |arc: ArcIdx| FirstChannel {
        short_channel_id: world.snapshot.short_channel_id(arc.channel()),
        balance: world.network.spendable(arc),
    };
    world.snapshot.topology().outgoing(payer).map(first).collect()
}

#[test]
fn what_the_true_balances_carry_is_paid() {
    let trials: Vec<(Trial, Msat, Msat)> = (0..4000u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let share = 0.05 + 0.85 * (seed % 100) as f64 / 99.0;
            pay(seed, space, share)
        })
        .flatten()
        .collect();
    let mut unpaid = 0;
    for (trial, amount, most) in &trials {
        match &trial.report.end {
            PayEnd::Paid => assert_eq!(trial.report.settled, *amount),
            PayEnd::Impossible(cut) => panic!("{cut:?} is in the way of {amount}, but {most} got through"),
            other => {
                println!("{other}: {amount} of {most}, {} attempts", trial.report.attempt_count);
                unpaid += 1;
            }
        }
    }
    println!("{unpaid} of {} not paid", trials.len());
    assert!(trials.len() > 2000 && unpaid * 1000 <= trials.len(), "{unpaid} of {} not paid", trials.len());
}

#[test]
fn what_is_beyond_the_true_balances_is_proven_impossible() {
    let trials: Vec<(Trial, Msat, Msat)> = (10_000..11_000u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| pay(seed, space, 1.01 + (seed % 10) as f64 / 10.0))
        .flatten()
        .collect();
    let proven =
        trials.iter().filter(|(trial, ..)| matches!(trial.report.end, PayEnd::Impossible(_))).count();
    for (trial, amount, most) in &trials {
        match &trial.report.end {
            PayEnd::Paid => panic!("{amount} of {most} was paid"),
            PayEnd::Impossible(cut) => assert!(cut.capacity < *amount, "{cut:?} lets {amount} through"),
            other => println!("{other}: {amount} of {most}, {} attempts", trial.report.attempt_count),
        }
    }
    println!("{proven} of {} proven", trials.len());
    // The others come so near to what is left that fees, or thousandths of the amount, do not fit any more.
    assert!(trials.len() > 500 && proven * 100 >= trials.len() * 90, "{proven} of {}", trials.len());
}
