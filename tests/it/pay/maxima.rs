//! What channels' maxima are taken for where the payment does not fit under them.

use engine::belief::{Beliefs, HalfLives, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{GraphBuilder, Topology};
use engine::pay::{PayBudget, PayOutput, PayWorld, Payment};
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::{ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, ShortChannelId, UnixTime};
use tests::network::node;

/// A thousandth of what the channels hold.
const MAXIMUM: Msat = Msat::from_msat(10_000_000);
const CHEAP: ShortChannelId = ShortChannelId::from_u64(3 << 40);

/// From node 0 to node 3 over node 1, which is cheap, or node 2.
fn snapshot() -> Snapshot {
    let mut draft = GraphBuilder::new();
    let capacity = Msat::from_msat(1000 * MAXIMUM.to_msat());
    for (at, ends, ppm, most) in [
        (1, (0, 1), 0, capacity),
        (2, (0, 2), 0, capacity),
        (3, (1, 3), 1, MAXIMUM),
        (4, (2, 3), 3000, MAXIMUM),
    ] {
        let scid = ShortChannelId::from_u64(at << 40);
        draft.add_channel(scid, node(ends.0), node(ends.1), Some(capacity), &Features::default()).unwrap();
        let policy = ChannelPolicy {
            fee: Fee { fee_base_msat: 0, fee_proportional_millionths: ppm },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(10),
            htlc_minimum_msat: Msat::from_msat(1),
            htlc_maximum_msat: most,
            disabled: false,
            last_update: Default::default(),
        };
        draft.set_policy(scid, Direction::NodeOneToTwo, policy).unwrap();
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

/// What goes over the cheap channel, by maxima, when so many maxima are paid.
fn cheap_share(maxima: f64) -> f64 {
    let snapshot = snapshot();
    let beliefs = Beliefs::new(&snapshot, HalfLives::default());
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let amount = Msat::from_msat((maxima * MAXIMUM.to_msat() as f64) as u64);
    let query = PlanQuery::new(RouteQuery::new(node(0), node(3), amount));
    let mut payment = Payment::new(query, Prior::Uniform, PayBudget::default());
    let (mut sent, mut cheap) = (Msat::ZERO, Msat::ZERO);
    while sent < amount {
        match payment.poll_output(world, UnixTime::from_secs(1_000_000), &mut PlanWorkspace::default()) {
            Some(PayOutput::Send(part)) => {
                let last = part.part.hops.last().expect("two hops");
                assert!(last.amount <= MAXIMUM, "{part:?}");
                sent = sent.saturating_add(last.amount);
                if last.short_channel_id == CHEAP {
                    cheap = cheap.saturating_add(last.amount);
                }
            }
            output => panic!("{output:?}"),
        }
    }
    cheap.to_msat() as f64 / MAXIMUM.to_msat() as f64
}

#[test]
fn maxima_are_stretched_before_they_are_passed_over() {
    let over_the_cheap_one = [1.5, 3.0, 6.0, 9.0].map(cheap_share);
    let [together, stretched, more, each] = over_the_cheap_one;
    assert!(together > 0.9 && together <= 1.0, "{over_the_cheap_one:?}");
    assert!(stretched > 2.9 && stretched <= 3.0, "{over_the_cheap_one:?}");
    assert!(more > 3.9 && more <= 4.0, "{over_the_cheap_one:?}");
    assert!(each > 8.9, "{over_the_cheap_one:?}");
}
