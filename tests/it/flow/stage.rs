//! First stages: what is unlikely is cut down, what is likely is left alone.

use engine::flow::{BelievedLiquidity, PlanQuery, PlanWorkspace, first_stage, plan_with};
use engine::graph::ArcIdx;
use engine::query::RouteQuery;
use primitives::Msat;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::network::node;

use super::believed::{NOW, chance, loads, random_beliefs, random_prior, random_world};

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Impossible,
    Whole,
    Cut,
}

fn stage(seed: u64, space: &mut PlanWorkspace) -> Kind {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (snapshot, node_count) = random_world(&mut rng);
    let (beliefs, in_flight) = random_beliefs(&snapshot, &mut rng);
    let prior = random_prior(&mut rng);
    let liquidity = BelievedLiquidity { beliefs: beliefs.view(NOW), prior, in_flight: Some(&in_flight) };
    let amount = Msat::from_msat(1000 * rng.random_range(1000..4_000_000));
    let query = PlanQuery::new(RouteQuery::new(node(0), node(rng.random_range(1..node_count)), amount));
    let Ok(plan) = plan_with(&snapshot, &query, liquidity, space) else { return Kind::Impossible };
    let loads_before = loads(&snapshot, &plan);
    let of = |arc: u32, load: Msat| chance(&snapshot, liquidity, ArcIdx::from_u32(arc), load).unwrap();
    let unlikely: Vec<u32> =
        loads_before.iter().filter(|&(&arc, &load)| of(arc, load) < 0.25).map(|(&arc, _)| arc).collect();
    let Some(stage) = first_stage(&snapshot, &query, liquidity, &plan, space).unwrap() else {
        // Where every part goes over a channel that is not likely to carry a single unit, all is sent.
        let is_hopeless = |part: &engine::flow::PlanPart| {
            part.hops.iter().any(|hop| {
                let arc = snapshot.channel(hop.short_channel_id).unwrap().arc(hop.direction).to_u32();
                of(arc, Msat::from_msat(2000)) < 0.5
            })
        };
        assert!(unlikely.is_empty() || plan.parts.iter().all(is_hopeless), "seed {seed}: {unlikely:?}");
        return Kind::Whole;
    };
    assert!(!unlikely.is_empty() && stage.amount < plan.amount, "seed {seed}");
    let delivered = stage.parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.amount));
    let fee = stage.parts.iter().fold(Msat::ZERO, |sum, part| sum.saturating_add(part.fee));
    assert_eq!((stage.amount, stage.fee, stage.least_cost), (delivered, fee, None), "seed {seed}");
    for (arc, load) in loads(&snapshot, &stage) {
        assert!(load <= loads_before[&arc], "seed {seed}: more than the plan sends over {arc}");
        let least = if unlikely.contains(&arc) { 0.5 } else { 0.25 };
        // The chance is asked in fixed point where the prior is bimodal.
        assert!(of(arc, load) >= least - 1e-6, "seed {seed}: {load} over {arc}");
    }
    for part in &stage.parts {
        // Priced backwards anew.
        let mut sent = part.amount;
        for (at, hop) in part.hops.iter().enumerate().rev() {
            assert_eq!(hop.amount, sent, "seed {seed}");
            let arc = snapshot.channel(hop.short_channel_id).unwrap().arc(hop.direction);
            let fee = if at == 0 { Msat::ZERO } else { snapshot.policy(arc).unwrap().fee.of(sent).unwrap() };
            sent = sent.checked_add(fee).unwrap();
        }
        assert_eq!(sent, part.amount.checked_add(part.fee).unwrap(), "seed {seed}");
    }
    Kind::Cut
}

#[test]
fn stages_cut_what_is_unlikely_and_nothing_else() {
    let kinds: Vec<Kind> = (0..6000)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| stage(seed, space))
        .collect();
    let count = |kind: Kind| kinds.iter().filter(|&&other| other == kind).count();
    println!("{} whole, {} cut", count(Kind::Whole), count(Kind::Cut));
    assert!(count(Kind::Whole) > 500 && count(Kind::Cut) > 500, "the test tests little");
}
