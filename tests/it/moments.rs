//! Routes that are found while a writer works were each priced at one moment of their query, also where the first inbound
//! fees come meanwhile.
//!
//! The writer numbers its updates and notes each before it makes it. A reader knows which were made before its query and
//! which were begun before it ended; at one of the states between them every hop of the route must be what its policies ask.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use engine::cost::CostModel;
use engine::graph::{GraphBuilder, Topology};
use engine::query::RouteQuery;
use engine::route::{Hop, Route};
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::{ChannelGraph, GraphReader, GraphWriter};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, ShortChannelId,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tests::network::node;

const SEED: u64 = 0x0de5;
/// A ladder: nodes in a row, each with some channels to the next, so that every route shares its few arcs with the writer.
const NODE_COUNT: u32 = 6;
const CHANNELS_A_STEP: u64 = 2;
const RUN_TIME: Duration = Duration::from_millis(1500);
/// What a machine gets that is too busy for the threads to meet often.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);
/// Routes that were found while a policy of theirs changed, before the writer ends.
const RACED_COUNT: u64 = 100;
/// Updates before the first of an inbound fee.
const FREE_COUNT: usize = 500;
const READER_COUNT: usize = 2;
const AMOUNT: Msat = Msat::from_msat(1_000_000);
const FINAL_CLTV_DELTA: u32 = 18;

/// A direction's policies, with the numbers of the updates that brought them.
type Updates = Vec<(usize, ChannelPolicy)>;

/// By channel, the updates of both directions. Only the first is paid over; the other says what its node takes for what
/// arrives.
type History = Vec<[Mutex<Updates>; 2]>;

struct Told {
    history: History,
    begun: AtomicUsize,
    made: AtomicUsize,
    raced: AtomicU64,
    is_done: AtomicBool,
}

fn channel_count() -> u64 {
    u64::from(NODE_COUNT - 1) * CHANNELS_A_STEP
}

fn scid(channel: u64) -> ShortChannelId {
    ShortChannelId::from_u64(channel << 40)
}

/// No two sums of fees of a few channels are equal but by chance.
fn policy(rng: &mut ChaCha8Rng) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee {
            fee_base_msat: rng.random_range(0..1_000_000),
            fee_proportional_millionths: rng.random_range(0..10_000),
        },
        inbound_fee: Default::default(),
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(rng.random_range(1..144)),
        htlc_minimum_msat: Msat::from_msat(1),
        htlc_maximum_msat: Msat::from_msat(900_000_000),
        disabled: rng.random_range(0..8) == 0,
        last_update: Default::default(),
    }
}

/// The policy of the direction that nobody pays over.
fn reverse_policy(inbound_fee: InboundFee) -> ChannelPolicy {
    ChannelPolicy {
        fee: Fee::default(),
        inbound_fee,
        cltv_expiry_delta: CltvExpiryDelta::default(),
        htlc_minimum_msat: Msat::ZERO,
        htlc_maximum_msat: Msat::from_msat(900_000_000),
        disabled: true,
        last_update: Default::default(),
    }
}

fn inbound_fee(rng: &mut ChaCha8Rng) -> InboundFee {
    InboundFee {
        base_msat: rng.random_range(-500_000..500_000),
        proportional_millionths: rng.random_range(-5000..5000),
    }
}

fn updated(channel: u64, direction: Direction, policy: ChannelPolicy) -> GraphDelta {
    GraphDelta::PolicyUpdated { short_channel_id: scid(channel), direction, policy }
}

fn write(mut writer: GraphWriter, told: &Told, rng: &mut ChaCha8Rng) {
    let start = Instant::now();
    for number in 1.. {
        let channel = rng.random_range(0..channel_count());
        let is_inbound = number > FREE_COUNT && rng.random_range(0..4) == 0;
        let (direction, policy) = if is_inbound {
            (Direction::NodeTwoToOne, reverse_policy(inbound_fee(rng)))
        } else {
            (Direction::NodeOneToTwo, policy(rng))
        };
        told.history[channel as usize][direction.as_usize()].lock().unwrap().push((number, policy));
        told.begun.store(number, SeqCst);
        writer.apply(&updated(channel, direction, policy)).expect("open");
        told.made.store(number, SeqCst);
        if number % 64 == 0 {
            writer.publish();
        }
        // A query shall meet a few updates and not all of them.
        (0..rng.random_range(0..600)).for_each(|_| std::hint::spin_loop());
        let enough = if told.raced.load(SeqCst) < RACED_COUNT { RUN_TIME_MAX } else { RUN_TIME };
        if start.elapsed() > enough {
            break;
        }
    }
    told.is_done.store(true, SeqCst);
}

/// Of each hop's channel the policies that held at some moment between two updates.
fn policies_of(route: &Route, from: usize, to: usize, history: &History) -> Vec<[Updates; 2]> {
    let of_direction = |updates: &Mutex<Updates>| {
        let updates = updates.lock().unwrap();
        let [first, end] = [from, to].map(|number| updates.partition_point(|(at, _)| *at <= number));
        updates[first - 1..end].to_vec()
    };
    let of_hop =
        |hop: &Hop| history[(hop.short_channel_id.to_u64() >> 40) as usize].each_ref().map(of_direction);
    route.hops.iter().map(of_hop).collect()
}

/// The policy at the state after update `number`.
fn at(updates: &Updates, number: usize) -> ChannelPolicy {
    updates[updates.partition_point(|(at, _)| *at <= number) - 1].1
}

/// Whether each hop is what the policies ask at the state after update `number`.
fn is_priced(route: &Route, number: usize, policies: &[[Updates; 2]]) -> bool {
    // What the hop before forwards, and asks for it beside what it asks for what arrives; the payee asks nothing.
    let (mut forwarded, mut outbound, mut cltv) = (AMOUNT, None, FINAL_CLTV_DELTA);
    let are_priced = route.hops.iter().zip(policies).rev().all(|(hop, updates)| {
        let [policy, reverse] = updates.each_ref().map(|updates| at(updates, number));
        let amount = outbound
            .map_or(AMOUNT, |outbound| reverse.inbound_fee.received(forwarded, outbound).expect("small"));
        let fee = amount.saturating_sub(forwarded);
        let is_it = hop.amount == amount && hop.fee == fee && hop.cltv == cltv && !policy.disabled;
        (forwarded, outbound) = (amount, policy.fee.of(amount));
        cltv += u32::from(policy.cltv_expiry_delta.to_blocks());
        is_it
    });
    let first = route.hops.first().expect("a way");
    are_priced && route.fee == first.amount.saturating_sub(AMOUNT) && route.cltv == first.cltv
}

#[derive(Debug, Default)]
struct Seen {
    routes: u64,
    contended: u64,
    none: u64,
}

fn read(reader: &mut GraphReader, told: &Told, cost: CostModel) -> Seen {
    let (mut seen, mut space) = (Seen::default(), RouteWorkspace::default());
    let mut query = RouteQuery::new(node(0), node(NODE_COUNT - 1), AMOUNT).with_cost(cost);
    query.limits.final_cltv_delta = FINAL_CLTV_DELTA;
    while !told.is_done.load(SeqCst) {
        let from = told.made.load(SeqCst);
        let found = route(reader.snapshot(), &query, &mut space);
        let to = told.begun.load(SeqCst);
        let found = match found {
            Ok(found) => found,
            Err(RouteError::Contended) => {
                seen.contended += 1;
                continue;
            }
            Err(RouteError::NoRoute(_)) => {
                seen.none += 1;
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let policies = policies_of(&found, from, to, &told.history);
        assert!((from..=to).any(|number| is_priced(&found, number, &policies)), "{from}..={to}: {found:?}");
        seen.routes += 1;
        told.raced.fetch_add(u64::from(policies.iter().flatten().any(|updates| updates.len() > 1)), SeqCst);
    }
    seen
}

#[test]
fn every_route_was_priced_at_one_moment_of_its_query() {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut draft = GraphBuilder::new();
    let mut history = History::new();
    for channel in 0..channel_count() {
        let from = (channel / CHANNELS_A_STEP) as u32;
        let opened = GraphDelta::ChannelOpened {
            short_channel_id: scid(channel),
            node_id_1: node(from),
            node_id_2: node(from + 1),
            capacity: Some(Msat::from_msat(1_000_000_000)),
            features: Features::default(),
        };
        let policies = [policy(&mut rng), reverse_policy(InboundFee::ZERO)];
        draft.apply(&opened).expect("new");
        for direction in Direction::BOTH {
            draft.apply(&updated(channel, direction, policies[direction.as_usize()])).expect("open");
        }
        history.push(policies.map(|policy| Mutex::new(vec![(0, policy)])));
    }
    let (graph, writer) = ChannelGraph::new(Topology::build(draft).expect("small"));
    let told = Told {
        history,
        begun: AtomicUsize::new(0),
        made: AtomicUsize::new(0),
        raced: AtomicU64::new(0),
        is_done: AtomicBool::new(false),
    };
    let seen: Vec<Seen> = thread::scope(|scope| {
        let costs = [CostModel::Fee, CostModel::default()];
        let readers = (0..READER_COUNT).map(|number| {
            let (mut reader, told, cost) = (graph.reader(), &told, costs[number % 2]);
            scope.spawn(move || read(&mut reader, told, cost))
        });
        let readers: Vec<_> = readers.collect();
        write(writer, &told, &mut rng);
        readers.into_iter().map(|reader| reader.join().expect("its checks hold")).collect()
    });
    let raced = told.raced.load(SeqCst);
    println!("seed {SEED:#x}: {} updates, {raced} of the routes raced, {seen:?}", told.made.load(SeqCst));
    assert!(raced >= RACED_COUNT, "{raced} of {seen:?}: the test tests little");
}
