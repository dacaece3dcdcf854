//! What is on the way over channels that only layers know is on the way all the same.

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::{GraphBuilder, Topology};
use engine::layer::{Layer, LayerStack, PolicyChange};
use engine::pay::{PayBudget, PayInput, PayOutput, PayWorld, Payment};
use engine::query::RouteQuery;
use engine::snapshot::Snapshot;
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, Msat, ShortChannelId, ShortChannelIdDir,
    UnixTime,
};
use tests::network::node;

const NOW: UnixTime = UnixTime::from_secs(1_000_000);
const CAPACITY: Msat = Msat::from_msat(600_000_000);

fn scid(number: u64) -> ShortChannelId {
    ShortChannelId::from_u64(number << 40)
}

/// A channel with much room from node 0 to node 1, and two from there to node 2.
fn snapshot() -> Snapshot {
    let mut draft = GraphBuilder::new();
    (0..3).for_each(|number| draft.add_node(node(number)).map(|_| ()).unwrap());
    let room = Msat::from_msat(10_000_000_000);
    for (at, ends, capacity, base) in
        [(1, (0, 1), room, 0), (2, (1, 2), CAPACITY, 0), (3, (1, 2), CAPACITY, 5000)]
    {
        let features = Features::default();
        draft.add_channel(scid(at), node(ends.0), node(ends.1), Some(capacity), &features).unwrap();
        let policy = ChannelPolicy {
            fee: Fee { fee_base_msat: base, fee_proportional_millionths: 0 },
            inbound_fee: Default::default(),
            cltv_expiry_delta: CltvExpiryDelta::from_blocks(10),
            htlc_minimum_msat: Msat::from_msat(1),
            htlc_maximum_msat: capacity,
            disabled: false,
            last_update: Default::default(),
        };
        draft.set_policy(scid(at), Direction::NodeOneToTwo, policy).unwrap();
    }
    Snapshot::from_topology(Topology::build(draft).unwrap())
}

#[test]
fn a_created_channel_holds_what_is_on_the_way() {
    let snapshot = snapshot();
    let created = scid(9);
    let mut layer = Layer::new("mine", false).unwrap();
    layer.create_channel([node(1), node(2)], created, CAPACITY).unwrap();
    let channel = ShortChannelIdDir { short_channel_id: created, direction: Direction::NodeOneToTwo };
    layer
        .update_channel(channel, PolicyChange { fee_base_msat: Some(0), ..PolicyChange::default() })
        .unwrap();
    let mut route = RouteQuery::new(node(0), node(2), Msat::from_msat(900_000_000));
    route.layers = Some(LayerStack::new(vec![layer.into()]));
    let beliefs = Beliefs::new(&snapshot, HalfLives::default());
    let world = PayWorld { snapshot: &snapshot, beliefs: &beliefs };
    let mut payment = Payment::new(PlanQuery::new(route), Prior::Uniform, PayBudget::default());
    let mut space = PlanWorkspace::default();
    let (mut over_created, mut over_dear) = (Msat::ZERO, Msat::ZERO);
    for attempt in 0..2 {
        let mut refused = Vec::new();
        while let Some(output) = payment.poll_output(world, NOW, &mut space) {
            let PayOutput::Send(part) = output else { panic!("it is not over: {output:?}") };
            let last = *part.part.hops.last().unwrap();
            match last.short_channel_id {
                over if over == created => over_created = over_created.saturating_add(last.amount),
                over if over == scid(2) => refused.push(part.id),
                _ => over_dear = over_dear.saturating_add(last.amount),
            }
        }
        assert_eq!(
            refused.is_empty(),
            attempt > 0,
            "the first plan uses both free channels, the next one none"
        );
        assert!(over_created > Msat::ZERO && over_created <= CAPACITY, "{over_created} over {CAPACITY}");
        for part in refused {
            let outcome = Outcome::Failed { erring_node: 1, code: FailureCode::PermanentChannelFailure };
            payment.handle(world, NOW, PayInput { part, outcome });
        }
    }
    assert!(over_dear > Msat::ZERO && payment.committed() == payment.amount());
}
