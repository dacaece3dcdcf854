//! Random worlds, with values where limits bind: amounts around the payment's own, fees larger than it, ties.

use engine::belief::{Bimodal, Prior};
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::layer::PolicyChange;
use engine::query::RouteLimits;
use primitives::Msat;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::{bool, option};

use super::changes::{BeliefDraft, Changes, Created, LayerDraft, Name, created_scid};
use super::world::{Channel, Extra, Origin, Payment, Policy, World, extra_scid, scid};

/// What a property wants to see.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mix {
    /// Inbound fees.
    pub(super) has_inbound_fees: bool,
    /// Limits on blocks, hops, bytes, fees; avoided and prescribed nodes and channels.
    pub(super) has_limits: bool,
    /// The payer pays itself.
    pub(super) is_circular: bool,
    /// Few distinct values, so that much costs the same.
    pub(super) has_ties: bool,
    /// Layers and amounts in flight.
    pub(super) has_changes: bool,
    /// Beliefs.
    pub(super) has_beliefs: bool,
}

/// A world of that kind.
pub(super) fn world(mix: Mix) -> impl Strategy<Value = World> {
    let amount = prop_oneof![
        2 => Just(1u64),
        2 => 2..2000u64,
        3 => (1..5000u64).prop_map(|sat| sat * 1000),
        3 => Just(100_000_000u64),
        2 => 1_000_000..2_000_000_000u64,
        1 => Just(20_000_000_000u64),
    ];
    (5..=9u8, amount).prop_flat_map(move |(nodes, amount)| {
        let channels = vec(channel(mix, nodes, amount), 4..=22);
        let extra = prop_oneof![3 => Just(0..=0usize), 1 => Just(1..=3usize)]
            .prop_flat_map(move |count| vec((extra(mix, nodes, amount), any::<bool>()), count))
            .prop_map(with_ways_back);
        let drawn = (channels, extra, changes(mix, nodes, amount), payment(mix, nodes, amount));
        drawn.prop_map(|(channels, extra, changes, payment)| {
            let mut world = World { channels, extra, changes, payment };
            keep_the_payers_own(&mut world);
            world
        })
    })
}

/// First channels are the payer's, open ones.
fn keep_the_payers_own(world: &mut World) {
    let (channels, payer) = (&world.channels, world.payment.payer);
    if let Some(first) = &mut world.payment.first {
        first.retain(|&(place, _)| {
            channels
                .get(place)
                .is_some_and(|channel| channel.ends.contains(&payer) && channel.origin != Origin::Closed)
        });
        first.sort_unstable();
        first.dedup_by_key(|&mut (place, _)| place);
    }
    let known = |node: u8| channels.iter().any(|channel| channel.ends.contains(&node));
    world.payment.last_hop = world.payment.last_hop.filter(|&node| known(node));
}

fn channel(mix: Mix, nodes: u8, amount: u64) -> impl Strategy<Value = Channel> {
    let origin = prop_oneof![
        8 => Just(None),
        2 => [policy(mix, amount), policy(mix, amount)].prop_map(|former| Some(Origin::Changed(former))),
        2 => Just(Some(Origin::Opened)),
        1 => Just(Some(Origin::Closed)),
    ];
    let side = move || option::weighted(0.92, policy(mix, amount));
    (ends(nodes), capacity(amount), [side(), side()], origin).prop_map(
        |((one, two), capacity_sat, policies, origin)| Channel {
            ends: [one.min(two), one.max(two)],
            capacity_sat,
            policies,
            origin: origin.unwrap_or(Origin::Built),
        },
    )
}

fn extra(mix: Mix, nodes: u8, amount: u64) -> impl Strategy<Value = Extra> {
    // One node more than the graph has.
    (ends(nodes + 1), capacity(amount), policy(mix, amount)).prop_map(
        |((tail, head), capacity_sat, policy)| Extra {
            scid: extra_scid(0),
            tail,
            head,
            capacity_sat,
            policy,
        },
    )
}

/// Gives extra arcs their names; those that lead back are the other direction of the one before.
fn with_ways_back(drawn: Vec<(Extra, bool)>) -> Vec<Extra> {
    let mut extra: Vec<Extra> = Vec::new();
    for (place, (arc, leads_back)) in drawn.into_iter().enumerate() {
        let before = extra.last().filter(|before| leads_back && before.scid == extra_scid(place - 1));
        let named = match before {
            Some(&Extra { scid, tail, head, .. }) => Extra { scid, tail: head, head: tail, ..arc },
            None => Extra { scid: extra_scid(place), ..arc },
        };
        extra.push(named);
    }
    extra
}

fn ends(nodes: u8) -> impl Strategy<Value = (u8, u8)> {
    (0..nodes, 1..nodes).prop_map(move |(one, step)| (one, (one + step) % nodes))
}

fn capacity(amount: u64) -> BoxedStrategy<Option<u64>> {
    let sat = amount.div_ceil(1000);
    prop_oneof![
        1 => Just(None),
        1 => (sat..sat + 5).prop_map(Some),
        1 => (sat..sat * 4 + 2).prop_map(Some),
        3 => Just(Some(1_000_000_000)),
    ]
    .boxed()
}

fn changes(mix: Mix, nodes: u8, amount: u64) -> BoxedStrategy<Changes> {
    let believed = beliefs(mix, amount);
    if !mix.has_changes {
        return believed.prop_map(|believed| Changes { believed, ..Changes::default() }).boxed();
    }
    let layers = vec(layer(mix, nodes, amount), 0..3);
    let share = prop_oneof![Just(0u64), 0..=amount, Just(amount * 3)];
    let count = prop_oneof![8 => Just(1u32), 1 => Just(3), 1 => Just(483)];
    let in_flight = prop_oneof![Just(Vec::new()), vec((name(), share, count), 1..6)];
    let drawn = (layers, in_flight, believed).prop_map(|(layers, mut in_flight, believed)| {
        // A direction has 483 places in all.
        in_flight.sort_unstable();
        in_flight.dedup_by_key(|&mut (name, ..)| name);
        Changes { layers, in_flight, believed }
    });
    drawn.boxed()
}

fn beliefs(mix: Mix, amount: u64) -> BoxedStrategy<Option<BeliefDraft>> {
    if !mix.has_beliefs {
        return Just(None).boxed();
    }
    let scale = prop_oneof![Just(300_000_000u64), 1..amount * 4 + 2];
    let prior = prop_oneof![
        3 => Just(Prior::Uniform),
        2 => scale.prop_map(|scale| Prior::Bimodal(Bimodal::new(Msat::from_msat(scale)))),
    ];
    let near = move || prop_oneof![0..=amount, amount..amount * 2 + 2000, Just(amount), Just(amount * 8)];
    let bounds = (0..22usize, 0..2usize, option::weighted(0.7, near()), option::weighted(0.6, near()));
    let bounds = bounds.prop_map(|(place, direction, lower, upper)| {
        (place, direction, lower.unwrap_or(0), upper.unwrap_or(u64::MAX))
    });
    (prior, vec(bounds, 0..24), any::<bool>())
        .prop_map(|(prior, bounds, is_foreign)| Some(BeliefDraft { prior, bounds, is_foreign }))
        .boxed()
}

/// A direction of a channel, an extra arc, a created channel, or of none.
fn name() -> impl Strategy<Value = Name> {
    let scid = prop_oneof![
        8 => (0..22usize).prop_map(scid),
        1 => (0..3usize).prop_map(extra_scid),
        2 => (0..3usize).prop_map(created_scid),
    ];
    (scid, 0..2usize)
}

fn layer(mix: Mix, nodes: u8, amount: u64) -> impl Strategy<Value = LayerDraft> {
    let sat = amount.div_ceil(1000);
    let created = (0..3usize, ends(nodes + 2), prop_oneof![sat..sat + 3, Just(1_000_000_000u64)]);
    let created = created.prop_map(|(place, (one, two), capacity_sat)| {
        (created_scid(place), Created { ends: [one.min(two), one.max(two)], capacity_sat })
    });
    let near = move || prop_oneof![0..=amount, amount..amount * 2 + 2000, Just(amount * 8)];
    let constraint = (name(), option::weighted(0.6, near()), option::weighted(0.6, near()));
    let constraint = constraint.prop_map(|(name, min, max)| {
        let max = max.unwrap_or(u64::MAX);
        (name, min.unwrap_or(0).min(max), max)
    });
    let bias = || prop_oneof![-100..=100i8, Just(100i8), Just(-100i8), -3..=3i8];
    let updates = vec((name(), update(mix, amount)), 0..6);
    let closed = (vec(0..nodes, 0..2), vec(name(), 0..2)).prop_map(|(nodes, names)| {
        if nodes.len() + names.len() > 1 { (Vec::new(), names) } else { (nodes, names) }
    });
    (
        closed,
        vec(created, 0..3),
        updates,
        vec(constraint, 0..6),
        vec((name(), bias()), 0..8),
        vec((0..nodes, bias(), bias()), 0..2),
    )
        .prop_map(
            |((disabled_nodes, disabled), mut created, updates, constraints, biases, node_biases)| {
                created.sort_by_key(|&(name, _)| name);
                created.dedup_by_key(|&mut (name, _)| name);
                LayerDraft { disabled_nodes, disabled, created, updates, constraints, biases, node_biases }
            },
        )
}

fn update(mix: Mix, amount: u64) -> impl Strategy<Value = PolicyChange> {
    let fields = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (policy(mix, amount), option::weighted(0.3, bool::weighted(0.8)), fields).prop_map(
        |(policy, enabled, (has_fee, has_rate, has_limits, has_delta))| PolicyChange {
            enabled,
            htlc_minimum_msat: has_limits.then_some(Msat::from_msat(policy.min)),
            htlc_maximum_msat: has_limits.then_some(Msat::from_msat(policy.max)),
            fee_base_msat: has_fee.then_some(policy.base),
            fee_proportional_millionths: has_rate.then_some(policy.ppm),
            cltv_expiry_delta: has_delta.then_some(policy.cltv),
        },
    )
}

/// A policy whose limits lie around the amount.
fn policy(mix: Mix, amount: u64) -> BoxedStrategy<Policy> {
    let near = prop_oneof![0..20u64, 0..3000u64, 0..amount.clamp(1, 5_000_000)];
    let min = prop_oneof![
        6 => Just(0),
        3 => Just(1000),
        1 => Just(amount),
        2 => near.clone().prop_map(move |more| amount + more),
        1 => Just(amount + amount / 2),
    ];
    let max = prop_oneof![
        1 => Just(amount),
        2 => near.prop_map(move |more| amount + more),
        1 => Just(amount.div_ceil(1000) * 1000),
        8 => Just(1_000_000_000_000),
        1 => Just(amount / 2),
    ];
    let cltv = prop_oneof![Just(0u16), Just(40), 0..200u16, 0..2016u16];
    let fee = if mix.has_ties {
        prop_oneof![Just((0, 0)), Just((1000, 0)), Just((0, 100)), Just((1, 1))].boxed()
    } else {
        prop_oneof![
            2 => Just((0u32, 0u32)),
            2 => Just((1000, 1)),
            4 => (0..3000u32, 0..5000u32),
            2 => (0..20u32, 0..200_000u32),
            1 => (0..10_000_000u32, Just(0)),
            1 => Just((u32::MAX, u32::MAX)),
        ]
        .boxed()
    };
    (fee, inbound(mix), cltv, min, max, bool::weighted(0.06))
        .prop_map(|((base, ppm), inbound, cltv, min, max, disabled)| Policy {
            base,
            ppm,
            inbound,
            cltv,
            min,
            max,
            disabled,
        })
        .boxed()
}

fn inbound(mix: Mix) -> BoxedStrategy<(i32, i32)> {
    if !mix.has_inbound_fees {
        return Just((0, 0)).boxed();
    }
    prop_oneof![
        5 => Just((0, 0)),
        2 => (-3000..0i32, Just(0)),
        2 => (-500..500i32, -4000..4000i32),
        1 => (-2000..2000i32, -400_000..400_000i32),
        1 => Just((0, -1_000_000)),
        1 => (-6000..6000i32, -3_000_000..-1_000_000i32),
    ]
    .boxed()
}

fn payment(mix: Mix, nodes: u8, amount: u64) -> impl Strategy<Value = Payment> {
    let ends = (0..nodes, 1..nodes, option::weighted(0.1, Just(nodes)));
    let tolerance = prop_oneof![6 => Just(0u64), 1 => 0..3000u64, 1 => Just(u64::MAX)];
    let work_max = prop_oneof![8 => Just(2_000_000u64), 1 => 1..40u64];
    let rest = (any::<bool>(), tolerance, work_max, bool::weighted(0.1));
    (ends, cost(), rest, limits(mix, amount), restrictions(mix, nodes, amount)).prop_map(
        move |(ends, cost, (may_overpay, tolerance, work_max, ignores), limits, restrictions)| {
            let (payer, step, stranger) = ends;
            let payee = stranger.unwrap_or((payer + step) % nodes);
            let (nodes, channels, directions, first, last_hop, headroom) = restrictions;
            Payment {
                payer,
                payee: if mix.is_circular { payer } else { payee },
                amount,
                cost,
                limits,
                avoided_nodes: nodes,
                avoided_channels: channels,
                avoided_directions: directions,
                first,
                last_hop,
                ignore_inbound_fees: ignores,
                headroom_millionths: headroom,
                may_overpay,
                tolerance,
                work_max,
            }
        },
    )
}

fn cost() -> impl Strategy<Value = CostModel> {
    let risk = || {
        prop_oneof![
            Just(RiskWeights::default()),
            (0..2000u32, 0..3u32, 0..300u32).prop_map(|(risk, base, share)| RiskWeights {
                risk_billionths: risk,
                hop_base_msat: base,
                hop_millionths: share,
            }),
        ]
    };
    let probability = (risk(), prop_oneof![Just((100_000, 1000)), (0..3000u32, 0..3000u32)]).prop_map(
        |(risk, (attempt_base_msat, attempt_millionths))| {
            CostModel::Probability(ProbabilityWeights { risk, attempt_base_msat, attempt_millionths })
        },
    );
    prop_oneof![Just(CostModel::Fee), risk().prop_map(CostModel::Risk), probability]
}

fn limits(mix: Mix, amount: u64) -> BoxedStrategy<RouteLimits> {
    if !mix.has_limits {
        return Just(RouteLimits::default()).boxed();
    }
    let fee =
        prop_oneof![3 => Just(None), 1 => (0..5000u64).prop_map(Some), 1 => (0..=amount).prop_map(Some)];
    let share = prop_oneof![3 => Just(None), 1 => (0..20_000u32).prop_map(Some)];
    let cltv = prop_oneof![2 => Just(2016u32), 2 => 0..500u32];
    let hops = prop_oneof![2 => Just(20u32), 3 => 0..6u32];
    let payload = prop_oneof![3 => Just(0u32), 1 => 900..1300u32];
    let end = prop_oneof![7 => Just(None), 1 => (900..1301u32).prop_map(Some)];
    (fee, share, cltv, prop_oneof![Just(18u32), 0..200u32], hops, (payload, end))
        .prop_map(|(fee, share, cltv_max, final_cltv_delta, hop_count_max, payload)| RouteLimits {
            fee_max: fee.map(Msat::from_msat),
            fee_millionths_max: share,
            cltv_max,
            final_cltv_delta,
            hop_count_max,
            final_payload_extra: payload.0,
            end_payload_size: payload.1,
        })
        .boxed()
}

/// Avoided nodes, channels and directions, first channels, last hop, headroom.
type Restrictions = (Vec<u8>, Vec<usize>, Vec<(usize, usize)>, Option<Vec<(usize, u64)>>, Option<u8>, u32);

fn restrictions(mix: Mix, nodes: u8, amount: u64) -> BoxedStrategy<Restrictions> {
    if !mix.has_limits {
        return Just(Restrictions::default()).boxed();
    }
    let place = 0..12usize;
    let balance = prop_oneof![1 => amount..amount + 3000, 2 => Just(1_000_000_000_000u64), 1 => 0..=amount];
    (
        prop_oneof![2 => Just(vec![]), 1 => vec(0..nodes, 0..2)],
        prop_oneof![2 => Just(vec![]), 1 => vec(place.clone(), 0..3)],
        prop_oneof![2 => Just(vec![]), 1 => vec((place, 0..2usize), 0..3)],
        option::weighted(0.2, vec((0..22usize, balance), 8..22)),
        option::weighted(0.1, 0..nodes),
        prop_oneof![4 => Just(0u32), 1 => 0..600_000u32],
    )
        .boxed()
}
