//! What holds whatever happens: outcomes come in any order, some are nonsense, and nodes fail for every reason there is.

use std::collections::BTreeMap;

use engine::belief::{Beliefs, FailureCode, HalfLives, Outcome, Prior};
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::ArcIdx;
use engine::pay::{PartId, PayBudget, PayEnd, PayInput, PayOutput, PayReport, PayWorld, Payment, SentPart};
use engine::query::{ExtraArc, RouteQuery};
use engine::rehearsal::own_channels;
use engine::reserve::{Htlc, ReservationBook};
use primitives::{Direction, Msat, ShortChannelId, ShortChannelIdDir, UnixTime};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use tests::network::{base_policy, node};

use super::world::{World, scid};

/// What the network does with one payment, in a random order.
struct Run {
    world: World,
    payment: Payment,
    fee_limit: Msat,
    part_count_max: usize,
    deadline: Option<UnixTime>,
    rng: ChaCha8Rng,
    /// What the payer believes that it can send over its own channels, where it says so.
    own: BTreeMap<ShortChannelId, Msat>,
    /// Holds what others have reserved.
    _book: ReservationBook,
    /// Parts that are on the way by our own account, and whether they hold their amounts.
    waiting: BTreeMap<PartId, (SentPart, Option<usize>)>,
    settled: Msat,
    settled_fee: Msat,
    sent_count: u32,
    is_settling: bool,
    now: UnixTime,
}

const CODES: [FailureCode; 10] = [
    FailureCode::FeeInsufficient,
    FailureCode::ChannelDisabled,
    FailureCode::TemporaryNodeFailure,
    FailureCode::PermanentChannelFailure,
    FailureCode::InvalidOnionHmac,
    FailureCode::ExpiryTooFar,
    FailureCode::InvalidOnionBlinding,
    FailureCode::MppTimeout,
    FailureCode::IncorrectOrUnknownPaymentDetails,
    FailureCode::TemporaryChannelFailure,
];

impl Run {
    fn new(seed: u64) -> Run {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let world = World::random(&mut rng);
        let payee = rng.random_range(1..world.node_count);
        let amount = Msat::from_msat(1000 * rng.random_range(1..2_000_000));
        let mut route = RouteQuery::new(node(0), node(payee), amount);
        if rng.random() {
            route.limits.fee_max = Some(Msat::from_msat(rng.random_range(0..3_000_000)));
        }
        let fee_limit = route.limits.fee_limit(amount);
        let mut own = own_channels(&world.snapshot, &world.network, &node(0));
        // What is said of them is sometimes out of date.
        for channel in &mut own {
            if rng.random_range(0..4) == 0 {
                let hundredth = channel.balance.to_msat() / 100;
                channel.balance = Msat::from_msat(hundredth * rng.random_range(0..200));
            }
        }
        if !own.is_empty() && rng.random_range(0..3) == 0 {
            route.first_channels = Some(own.clone());
        }
        let stated = route.first_channels.iter().flatten();
        let own = stated.map(|channel| (channel.short_channel_id, channel.balance)).collect();
        for number in 0..rng.random_range(0..3) {
            let tail = rng.random_range(1..world.node_count);
            if tail != payee {
                let policy = base_policy(rng.random_range(0..5000), Msat::from_msat(10_000_000_000));
                let (short_channel_id, capacity) = (scid(900 + number), None);
                let (tail, head) = (node(tail), node(payee));
                route.extra_arcs.push(ExtraArc { short_channel_id, tail, head, policy, capacity });
            }
        }
        let (reservations, mut book) = ReservationBook::new();
        for channel in world.snapshot.channels() {
            if rng.random_range(0..6) == 0 {
                let direction = if rng.random() { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
                let short_channel_id = world.snapshot.short_channel_id(channel);
                let amount = Msat::from_msat(rng.random_range(1..1_000_000_000));
                let htlc = Htlc { channel: ShortChannelIdDir { short_channel_id, direction }, amount };
                book.reserve(&[htlc], UnixTime::from_secs(1)).unwrap();
            }
        }
        route.reservations = rng.random::<bool>().then_some(reservations);
        let part_count_max = rng.random_range(1..12);
        let query = PlanQuery { part_count_max, ..PlanQuery::new(route) };
        let start = UnixTime::from_secs(1_000_000);
        let deadline =
            rng.random::<bool>().then(|| UnixTime::from_secs(1_000_000 + rng.random_range(0..200)));
        let budget =
            PayBudget { attempt_count_max: rng.random_range(1..40), deadline, ..PayBudget::default() };
        let payment = Payment::new(query, Prior::Uniform, budget);
        Run {
            world,
            payment,
            fee_limit,
            part_count_max,
            deadline,
            rng,
            own,
            _book: book,
            waiting: BTreeMap::new(),
            settled: Msat::ZERO,
            settled_fee: Msat::ZERO,
            sent_count: 0,
            is_settling: false,
            now: start,
        }
    }

    /// Those in the graph: a hint comes last, and carries everything.
    fn hops(&self, part: &SentPart) -> Vec<(ArcIdx, Msat)> {
        let hops = part.part.hops.iter();
        hops.filter_map(|hop| {
            let channel = self.world.snapshot.channel(hop.short_channel_id)?;
            Some((channel.arc(hop.direction), hop.amount))
        })
        .collect()
    }

    fn send(&mut self, part: SentPart) {
        assert!(!self.is_settling, "a part is sent after another was settled");
        assert!(
            self.deadline.is_none_or(|deadline| self.now < deadline),
            "a part is sent after the deadline"
        );
        let failed = self.world.network.hold(&self.hops(&part)).err();
        self.sent_count += 1;
        assert!(self.waiting.insert(part.id, (part, failed)).is_none());
        assert!(self.waiting.len() <= self.part_count_max, "more parts than are allowed are on the way");
        let sum = |of: fn(&SentPart) -> Msat, settled: Msat| {
            self.waiting.values().fold(settled, |sum, (part, _)| sum.saturating_add(of(part)))
        };
        let amounts = sum(|part| part.part.amount, self.settled);
        // What is yet to be handed out is committed as well.
        assert!(amounts <= self.payment.committed() && self.payment.committed() <= self.payment.amount());
        for (channel, balance) in &self.own {
            let firsts = self.waiting.values().map(|(part, _)| &part.part.hops[0]);
            let over_it = firsts.filter(|hop| hop.short_channel_id == *channel);
            let sum = over_it.fold(Msat::ZERO, |sum, hop| sum.saturating_add(hop.amount));
            assert!(sum <= *balance, "{sum} over {channel}, which has {balance}");
        }
        let fees = sum(|part| part.part.fee, self.settled_fee);
        assert!(fees <= self.payment.committed_fee() && self.payment.committed_fee() <= self.fee_limit);
    }

    /// Tells the payment of one part, in whatever order.
    fn answer(&mut self) -> Option<PayInput> {
        let ids: Vec<PartId> = self.waiting.keys().copied().collect();
        let id = *ids.choose(&mut self.rng)?;
        let (part, failed) = self.waiting.remove(&id).unwrap();
        let hops = self.hops(&part);
        let is_strange = self.rng.random_range(0..12) == 0;
        let outcome = match failed {
            Some(place) if !is_strange => {
                Outcome::Failed { erring_node: place, code: FailureCode::TemporaryChannelFailure }
            }
            None if self.is_settling || self.payment.committed() == self.payment.amount() && !is_strange => {
                self.is_settling = true;
                self.world.network.settle(&hops);
                self.settled = self.settled.saturating_add(part.part.amount);
                self.settled_fee = self.settled_fee.saturating_add(part.part.fee);
                Outcome::Settled
            }
            _ => {
                if failed.is_none() {
                    self.world.network.release(&hops);
                }
                match self.rng.random_range(0..4) {
                    0 => Outcome::Unreadable,
                    // A place beyond the route is nonsense that must do no harm.
                    _ => Outcome::Failed {
                        erring_node: self.rng.random_range(0..hops.len() + 2),
                        code: *CODES.choose(&mut self.rng).unwrap(),
                    },
                }
            }
        };
        Some(PayInput { part: id, outcome })
    }

    fn run(&mut self, space: &mut PlanWorkspace) -> PayReport {
        let beliefs = Beliefs::new(&self.world.snapshot, HalfLives::default());
        for _ in 0..STEP_COUNT_MAX {
            self.now = UnixTime::from_secs(self.now.to_secs() + self.rng.random_range(0..3));
            if self.rng.random_range(0..3) == 0
                && let Some(input) = self.answer()
            {
                let world = PayWorld { snapshot: &self.world.snapshot, beliefs: &beliefs };
                assert!(self.payment.handle(world, self.now, input).is_some());
                assert!(self.payment.handle(world, self.now, input).is_none(), "a part has one end");
            }
            let world = PayWorld { snapshot: &self.world.snapshot, beliefs: &beliefs };
            match self.payment.poll_output(world, self.now, space) {
                Some(PayOutput::Send(part)) => self.send(part),
                Some(PayOutput::End(report)) => {
                    assert!(self.waiting.is_empty(), "an end while parts are on the way");
                    assert_eq!(self.payment.poll_output(world, self.now, space), None);
                    assert_eq!(self.payment.next_wakeup(), None);
                    return report;
                }
                None => {
                    assert!(!self.waiting.is_empty(), "nothing to do and nothing to wait for");
                    let wakeup = self.payment.next_wakeup();
                    assert!(wakeup.is_none_or(|wakeup| wakeup > self.now), "asked for what is past");
                }
            }
        }
        panic!("no end");
    }
}

const STEP_COUNT_MAX: usize = 20_000;

#[test]
fn budgets_hold_and_every_payment_ends() {
    let reports: Vec<PayReport> = (0..20_000u64)
        .into_par_iter()
        .map_init(PlanWorkspace::default, |space, seed| {
            let mut run = Run::new(seed);
            let report = run.run(space);
            assert_eq!((report.settled, report.fee), (run.settled, run.settled_fee), "seed {seed}");
            assert_eq!(report.part_count, run.sent_count, "seed {seed}");
            let is_paid = report.end == PayEnd::Paid;
            assert_eq!(is_paid, report.settled > Msat::ZERO, "seed {seed}: {report:?}");
            report
        })
        .collect();
    let count = |is: fn(&PayEnd) -> bool| reports.iter().filter(|report| is(&report.end)).count();
    let ends = [
        count(|end| matches!(end, PayEnd::Paid)),
        count(|end| matches!(end, PayEnd::Impossible(_))),
        count(|end| matches!(end, PayEnd::NoPlan(_))),
        count(|end| matches!(end, PayEnd::AttemptLimit { .. })),
        count(|end| matches!(end, PayEnd::Deadline)),
        count(|end| matches!(end, PayEnd::Refused { .. })),
    ];
    println!("paid, impossible, no plan, attempts, deadline, refused: {ends:?}");
    assert!(ends.iter().all(|&count| count > 10) && ends[0] > 3000, "{ends:?}");
}
