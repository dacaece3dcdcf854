//! Many readers beside one writer that does all it can at once: no reader ever meets half a change, a step back in
//! time, or a generation that has forgotten something.
//!
//! All fields of a policy follow from one number (`policy_of`), numbers of an arc only grow, and the writer changes
//! direction 0 of a channel first, then direction 1 to the same number. So inside `read_consistent` every policy is
//! that of its number, and a channel's numbers are equal or direction 0 is one step ahead.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use engine::graph::{GraphBuilder, Topology};
use engine::snapshot::{ChannelGraph, GraphReader, GraphWriter, Snapshot};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, GraphDelta, InboundFee, Msat, NodeId,
    ShortChannelId, UnixTime,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 0x5eed;
const NODE_COUNT: u64 = 60;
const CHANNEL_COUNT: usize = 3000;
const FIRST_CHANNEL_COUNT: usize = 400;
const READER_COUNT: usize = 3;
const RUN_TIME: Duration = Duration::from_secs(4);
/// What a machine gets that is too busy for every reader to see enough.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);
const FEE_SUM: u32 = 1 << 20;

/// What the writer's thread has done so far, for the readers to hold against what they see.
struct Told {
    /// By channel: the number that both policies have at least.
    numbers: Vec<AtomicU32>,
    /// By channel: set before its closing is applied.
    is_closing: Vec<AtomicBool>,
    /// By channel: the version from which on it is gone.
    gone: Vec<AtomicU64>,
    /// Readers that have seen enough.
    content: AtomicUsize,
    is_done: AtomicBool,
}

#[derive(Debug, Default)]
struct Seen {
    reads: u64,
    contended: u64,
    missing_policies: u64,
    versions: u64,
}

impl Seen {
    fn is_enough(&self) -> bool {
        self.reads > 1000 && self.versions > 10
    }
}

fn scid(channel: usize) -> ShortChannelId {
    // Scattered, so that openings fall between older channels.
    ShortChannelId::from_u64((channel as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn ends(channel: usize) -> [NodeId; 2] {
    let one = channel as u64 * 7 % (NODE_COUNT - 1);
    let two = one + 1 + channel as u64 * 13 % (NODE_COUNT - 1 - one);
    [one, two].map(|n| {
        let mut bytes = [2; 33];
        bytes[25..].copy_from_slice(&n.to_be_bytes());
        NodeId::from_bytes(bytes).expect("prefix 2")
    })
}

/// The only policy of that number; of some numbers with values that are too wide for a record.
fn policy_of(number: u32) -> ChannelPolicy {
    let wide = u64::from(number.is_multiple_of(11));
    ChannelPolicy {
        fee: Fee { fee_base_msat: number % FEE_SUM, fee_proportional_millionths: FEE_SUM - number % FEE_SUM },
        inbound_fee: InboundFee { base_msat: -(number as i32), proportional_millionths: number as i32 },
        cltv_expiry_delta: CltvExpiryDelta::from_blocks(number as u16),
        htlc_minimum_msat: Msat::from_msat(u64::from(number) | wide << 40),
        htlc_maximum_msat: Msat::from_msat((u64::from(number) + 1) * 1000 + wide),
        disabled: number.is_multiple_of(3),
        last_update: UnixTime::from_secs(number),
    }
}

fn opened(channel: usize) -> GraphDelta {
    let [node_id_1, node_id_2] = ends(channel);
    GraphDelta::ChannelOpened {
        short_channel_id: scid(channel),
        node_id_1,
        node_id_2,
        capacity: Some(Msat::from_msat(channel as u64 * 1000)),
        features: Features::default(),
    }
}

fn updated(channel: usize, direction: Direction, number: u32) -> GraphDelta {
    GraphDelta::PolicyUpdated { short_channel_id: scid(channel), direction, policy: policy_of(number) }
}

/// The writer's thread.
struct Work<'a> {
    writer: GraphWriter,
    told: &'a Told,
    rng: ChaCha8Rng,
    open: Vec<usize>,
    next: usize,
    closed: Vec<usize>,
}

impl Work<'_> {
    fn run(&mut self) {
        let (start, told) = (Instant::now(), self.told);
        let is_enough = || told.content.load(SeqCst) == READER_COUNT;
        while start.elapsed() < if is_enough() { RUN_TIME } else { RUN_TIME_MAX } {
            for _ in 0..200 {
                self.step();
            }
        }
        self.told.is_done.store(true, SeqCst);
    }

    fn step(&mut self) {
        match self.rng.random_range(0..10_000) {
            0..20 if self.next < CHANNEL_COUNT => {
                self.writer.apply(&opened(self.next)).expect("new");
                self.open.push(self.next);
                self.next += 1;
            }
            20..35 if self.open.len() > FIRST_CHANNEL_COUNT / 2 => {
                let channel = self.open.swap_remove(self.rng.random_range(0..self.open.len()));
                self.told.is_closing[channel].store(true, SeqCst);
                self.writer
                    .apply(&GraphDelta::ChannelClosed { short_channel_id: scid(channel) })
                    .expect("open");
                self.closed.push(channel);
            }
            35..95 => {
                let version = self.writer.publish();
                for channel in self.closed.drain(..) {
                    self.told.gone[channel].store(version, SeqCst);
                }
            }
            95..100 => self.writer.begin_merge(),
            100 => self.writer.finish_merge(),
            _ => self.update(),
        }
    }

    fn update(&mut self) {
        let channel = self.open[self.rng.random_range(0..self.open.len())];
        let number = self.told.numbers[channel].load(SeqCst) + 1;
        for direction in Direction::BOTH {
            self.writer.apply(&updated(channel, direction, number)).expect("open");
        }
        self.told.numbers[channel].store(number, SeqCst);
    }
}

/// A reader's thread.
struct Watch<'a> {
    reader: GraphReader,
    told: &'a Told,
    rng: ChaCha8Rng,
    version: u64,
    was_open: Vec<bool>,
    /// By channel and direction: the greatest number seen.
    numbers: Vec<[u32; 2]>,
    seen: Seen,
}

impl Watch<'_> {
    fn run(mut self) -> Seen {
        while !self.told.is_done.load(SeqCst) {
            let channel = self.rng.random_range(0..CHANNEL_COUNT);
            let floor = self.told.numbers[channel].load(SeqCst);
            let snapshot = std::sync::Arc::clone(self.reader.snapshot());
            assert!(snapshot.version() >= self.version, "the version went back");
            let was_enough = self.seen.is_enough();
            self.seen.versions += u64::from(snapshot.version() > self.version);
            self.version = snapshot.version();
            for _ in 0..20 {
                self.check(&snapshot, channel, floor);
            }
            self.told.content.fetch_add(usize::from(self.seen.is_enough() && !was_enough), SeqCst);
        }
        self.seen
    }

    fn check(&mut self, snapshot: &Snapshot, channel: usize, floor: u32) {
        let is_closing = || self.told.is_closing[channel].load(SeqCst);
        let gone = self.told.gone[channel].load(SeqCst);
        let Some(place) = snapshot.channel(scid(channel)) else {
            assert!(!self.was_open[channel] || is_closing(), "channel {channel} is lost");
            return;
        };
        assert!(snapshot.version() < gone, "channel {channel} is back");
        self.was_open[channel] = true;
        let arcs = Direction::BOTH.map(|direction| place.arc(direction));
        for (arc, node_id) in arcs.into_iter().zip(ends(channel)) {
            assert_eq!(snapshot.node_id(snapshot.tail(arc)), node_id);
            assert_eq!(snapshot.node(&node_id), Some(snapshot.tail(arc)));
        }
        assert_eq!(snapshot.capacity(place), Some(Msat::from_msat(channel as u64 * 1000)));
        let Ok((policies, is_closed)) =
            snapshot.read_consistent(|| (arcs.map(|arc| snapshot.policy(arc)), snapshot.is_closed(place)))
        else {
            self.seen.contended += 1;
            return;
        };
        if is_closed {
            return assert!(is_closing(), "channel {channel} was closed by nobody");
        }
        let [Some(one), Some(two)] = policies else {
            self.seen.missing_policies += 1;
            return;
        };
        self.seen.reads += 1;
        let numbers = [one, two].map(|policy| policy.last_update.to_secs());
        for (policy, number) in [one, two].into_iter().zip(numbers) {
            assert_eq!(policy, policy_of(number), "a mixture of policies");
        }
        // A policy with wide values may wait for the next generation while the other direction's does not.
        let is_waiting =
            numbers.into_iter().any(|number| (number + 1) % 11 == 0 || number.is_multiple_of(11));
        assert!(is_waiting || numbers[0] == numbers[1] || numbers[0] == numbers[1] + 1, "{numbers:?}");
        let is_in_place = snapshot.topology().channel(scid(channel)).is_some();
        for (number, last) in numbers.into_iter().zip(&mut self.numbers[channel]) {
            assert!(number >= *last, "channel {channel} went back from {last} to {number}");
            let is_shown = number >= floor || floor - number == 1 && floor.is_multiple_of(11);
            assert!(!is_in_place || is_shown, "channel {channel} shows {number}, not {floor}");
            *last = number;
        }
    }
}

#[test]
fn readers_meet_no_half_change_and_no_loss() {
    let mut builder = GraphBuilder::new();
    for channel in 0..FIRST_CHANNEL_COUNT {
        builder.apply(&opened(channel)).expect("new");
    }
    let (graph, writer) = ChannelGraph::new(Topology::build(builder).expect("small"));
    let told = Told {
        numbers: (0..CHANNEL_COUNT).map(|_| AtomicU32::new(0)).collect(),
        is_closing: (0..CHANNEL_COUNT).map(|_| AtomicBool::new(false)).collect(),
        gone: (0..CHANNEL_COUNT).map(|_| AtomicU64::new(u64::MAX)).collect(),
        content: AtomicUsize::new(0),
        is_done: AtomicBool::new(false),
    };
    let mut work = Work {
        writer,
        told: &told,
        rng: ChaCha8Rng::seed_from_u64(SEED),
        open: (0..FIRST_CHANNEL_COUNT).collect(),
        next: FIRST_CHANNEL_COUNT,
        closed: Vec::new(),
    };
    let watch = |n: usize| Watch {
        reader: graph.reader(),
        told: &told,
        rng: ChaCha8Rng::seed_from_u64(SEED + 1 + n as u64),
        version: 0,
        was_open: vec![false; CHANNEL_COUNT],
        numbers: vec![[0; 2]; CHANNEL_COUNT],
        seen: Seen::default(),
    };
    let seen = thread::scope(|scope| {
        let readers = (0..READER_COUNT).map(|n| scope.spawn(move || watch(n).run()));
        let readers = readers.collect::<Vec<_>>();
        work.run();
        readers.into_iter().map(|reader| reader.join().expect("the reader's checks hold")).collect::<Vec<_>>()
    });
    println!("seed {SEED:#x}: {} publications, {seen:?}", work.writer.snapshot().version());
    for seen in seen {
        assert!(seen.is_enough(), "{seen:?} is too little to prove anything");
        // A writer that the system suspends in the middle of a change is contended with until it goes on, which on a busy
        // machine may be long.
        assert!(seen.contended < seen.reads, "{seen:?}");
    }
}
