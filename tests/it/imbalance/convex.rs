//! Convex fees as pieces of a flow: below the fee by next to nothing, never above it, and a cheapest flow over them is as
//! cheap as the best way to split that trying all of them finds.

use engine::flow::{ExplicitArc, ExplicitNetwork, FlowWorkspace, min_cost_flow};
use engine::imbalance::{ConvexError, FeeSchedule, FeeTerms, PenaltyPoint, Rewards, convex_arcs};
use primitives::{Direction, Msat};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::obvious::fee;
use super::world::{Channel, arc, node_id, table, terms};

/// A convex penalty: slopes rise from corner to corner.
fn random_bowl(rng: &mut ChaCha8Rng, capacity: u64, least: i64) -> FeeTerms {
    let mut points = vec![(0, 500)];
    let (mut rise, proportional) = (least, rng.random_range(0..100_000));
    while points[points.len() - 1].0 < capacity {
        let (x, y) = points[points.len() - 1];
        let run = rng.random_range(1..30u64).min(capacity - x);
        // A rise of at most 4/10 a msat.
        rise = (rise + rng.random_range(0..4)).min(4);
        points.push((x + run, y + rise * run as i64 / 10));
    }
    let terms = terms(rng.random_range(0..9), proportional, &points);
    // Whole msat may bend a line the wrong way by one.
    FeeSchedule::new(&terms).unwrap().convexified().terms()
}

/// What `amount` msat cost together on an arc, flat fees aside, in millionths.
fn cost(channel: &Channel, amount: u64) -> i128 {
    let [from, to] = channel.balances;
    let flats = channel.terms[0].flat.to_msat() + channel.terms[1].flat.to_msat();
    fee(&channel.terms[0], amount, from, from - amount) + fee(&channel.terms[1], amount, to, to + amount)
        - i128::from(flats) * 1_000_000
}

fn random_channel(rng: &mut ChaCha8Rng, ends: [u32; 2], least: i64) -> Channel {
    let capacity = rng.random_range(20..300);
    let balance = rng.random_range(0..=capacity);
    let mut channel = Channel::new(ends, [balance, capacity - balance]);
    channel.terms = [(); 2].map(|()| random_bowl(rng, capacity, least));
    channel
}

/// The units of parallel arcs one by one, cheapest first.
fn units_of(arcs: &[ExplicitArc]) -> Vec<u64> {
    let pieces = arcs.iter().flat_map(|arc| &arc.pieces);
    pieces.flat_map(|&(units, cost)| (0..units).map(move |_| cost)).collect()
}

#[test]
fn pieces_are_the_fee_unit_by_unit() {
    let (mut units_seen, mut refused, mut several) = (0, 0, 0);
    for seed in 0..4000 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let least = rng.random_range(-5..1);
        let channel = random_channel(&mut rng, [0, 1], least);
        let unit = rng.random_range(1..12);
        let table = table(std::slice::from_ref(&channel));
        let arcs =
            |rewards| convex_arcs(&table, arc(0, Direction::NodeOneToTwo), Msat::from_msat(unit), rewards);
        let units = units_of(&arcs(Rewards::Ignored).unwrap());
        assert_eq!(units.len() as u64, channel.balances[0] / unit, "seed {seed}");
        assert!(units.is_sorted(), "seed {seed}: {units:?}");
        let mut is_rewarded = false;
        for (at, &told) in units.iter().enumerate() {
            let [before, after] = [at, at + 1].map(|units| cost(&channel, units as u64 * unit));
            let (told, real) = (i128::from(told), after - before);
            // `real` is a difference of four rounded numbers, off by less than 2 itself.
            let (low, high) = (real - 6, real + 2);
            assert!((low.max(0)..=high.max(0)).contains(&told), "seed {seed}: {told}, not {real}");
            is_rewarded |= real < -6;
        }
        let strict = arcs(Rewards::Refused);
        match strict {
            Err(error) => assert_eq!(error, ConvexError::Rewarded, "seed {seed}"),
            Ok(ref strict) => assert!(!is_rewarded && units_of(strict) == units, "seed {seed}"),
        }
        units_seen += units.len();
        refused += u64::from(strict.is_err());
        several += u64::from(arcs(Rewards::Ignored).unwrap().len() > 1);
    }
    assert!(units_seen > 40_000 && refused > 400 && several > 400, "{units_seen} {refused} {several}");
}

/// Channels side by side, twice in a row; units split among them in every way, by dynamic programming.
#[test]
fn a_cheapest_flow_over_pieces_is_the_best_split() {
    let mut space = FlowWorkspace::default();
    let mut compared = 0;
    for seed in 0..600 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut channels = Vec::new();
        for ends in [[0, 1], [1, 2]] {
            for _ in 0..rng.random_range(1..4) {
                channels.push(random_channel(&mut rng, ends, -5));
            }
        }
        // Each node owns all it pays with, so that nothing is rewarded on the way out; in, the balance is at the bottom.
        for channel in &mut channels {
            channel.balances = [channel.capacity(), 0];
            channel.terms[0].imbalance_penalty = mirrored_rise(&channel.terms[0], channel.capacity());
            channel.terms[1].imbalance_penalty = rise(&channel.terms[1]);
        }
        let table = table(&channels);
        let mut arcs = Vec::new();
        for place in 0..channels.len() {
            let unit = Msat::from_msat(1);
            let made = convex_arcs(&table, arc(place, Direction::NodeOneToTwo), unit, Rewards::Refused);
            arcs.extend(made.unwrap_or_else(|error| panic!("seed {seed}: {error}")));
        }
        let number = |node| table.snapshot().node(&node_id(node)).unwrap().to_u32();
        let most = |tail| -> u64 {
            let of = channels.iter().filter(|channel| channel.ends[0] == tail);
            of.map(|channel| channel.balances[0]).sum()
        };
        let units = rng.random_range(1..=most(0).min(most(1)));
        let network = ExplicitNetwork::new(3, &arcs);
        let found = min_cost_flow(&network, number(0), number(2), units, &mut space)
            .unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        assert_eq!(found.sent, units, "seed {seed}");
        let best = best_split(&channels, 0, units) + best_split(&channels, 1, units);
        let gap = best - i128::from(found.cost as u64);
        // 2 rounded numbers at each end of a channel's flow, and 4 millionths for each unit on each hop.
        let slack = 2 * channels.len() as i128;
        assert!((-slack..=8 * i128::from(units) + slack).contains(&gap), "seed {seed}: off by {gap}");
        compared += 1;
    }
    assert_eq!(compared, 600);
}

/// The rising part of a bowl alone.
fn rise(terms: &FeeTerms) -> Vec<PenaltyPoint> {
    let mut points = terms.imbalance_penalty.clone();
    let falls: Vec<i64> =
        points.windows(2).map(|pair| (pair[1].penalty_msat - pair[0].penalty_msat).min(0)).collect();
    let mut sum = 0;
    for (point, fall) in points[1..].iter_mut().zip(falls) {
        sum += fall;
        point.penalty_msat -= sum;
    }
    points
}

/// The same from the other end: it falls from an empty channel to a full one.
fn mirrored_rise(terms: &FeeTerms, capacity: u64) -> Vec<PenaltyPoint> {
    let mut points = rise(terms);
    points.reverse();
    for point in &mut points {
        point.balance = Msat::from_msat(capacity - point.balance.to_msat());
    }
    points
}

fn best_split(channels: &[Channel], tail: u32, units: u64) -> i128 {
    let mut best: Vec<Option<i128>> = vec![None; units as usize + 1];
    best[0] = Some(0);
    for channel in channels.iter().filter(|channel| channel.ends[0] == tail) {
        let costs: Vec<i128> =
            (0..=channel.balances[0].min(units)).map(|amount| cost(channel, amount)).collect();
        let before = best.clone();
        for (sum, entry) in best.iter_mut().enumerate() {
            let ways = costs.iter().enumerate().take(sum + 1);
            *entry = ways.filter_map(|(here, cost)| Some(before[sum - here]? + cost)).min();
        }
    }
    best[units as usize].expect("there is room")
}

#[test]
fn what_is_no_convex_cost_is_refused() {
    let mut channel = Channel::new([0, 1], [60, 40]);
    channel.terms[0] = terms(0, 0, &[(0, 0), (50, 20), (100, 0)]);
    let arcs = |channel: &Channel, direction, unit| {
        let table = table(std::slice::from_ref(channel));
        convex_arcs(&table, arc(0, direction), Msat::from_msat(unit), Rewards::Ignored)
    };
    let direction = Direction::NodeOneToTwo;
    assert_eq!(arcs(&channel, direction, 1), Err(ConvexError::NotConvex { direction }));
    // The same penalty counts on the way in.
    assert_eq!(arcs(&channel, direction.reversed(), 1), Err(ConvexError::NotConvex { direction }));
    channel.terms[0] = FeeSchedule::new(&channel.terms[0]).unwrap().convexified().terms();
    assert_eq!(units_of(&arcs(&channel, direction, 1).unwrap()), [0; 60]);
    assert_eq!(arcs(&channel, direction, 0), Err(ConvexError::NoUnit));
    assert!(matches!(
        convex_arcs(&table(&[channel.clone()]), arc(1, direction), Msat::from_msat(1), Rewards::Ignored),
        Err(ConvexError::Table(_))
    ));
    channel.terms[0] = terms(0, 900_000, &[]);
    channel.balances = [1 << 50, 0];
    assert_eq!(arcs(&channel, direction, 1 << 45), Err(ConvexError::TooDear));
    channel.limits[0] = None;
    assert_eq!(arcs(&channel, direction, 1).unwrap(), []);
}
