//! What is believed of balances.

use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::belief::{Advice, AttemptedHop, Beliefs, FailureCode, HalfLife, HalfLives, Outcome, Permanence};
use engine::graph::ChannelIdx;
use engine::route::Hop;
use engine::snapshot::Snapshot;
use primitives::{Msat, ShortChannelId, UnixTime};

use crate::border::{Out, border};
use crate::failure::Failure;
use crate::graph::{Graph, fg_graph};
use crate::handle::{free, hand_out, hold, kind};
use crate::route::{RouteAnswer, fg_route};
use crate::status::{FG_NONE, fg_error, fg_status};
use crate::update::direction_of;

/// What is believed of the balances in a graph's channels: learnt from payments, fading with time. Any number of threads
/// may learn and read; they wait for one another for some hundred nanoseconds.
pub struct fg_beliefs {
    _private: (),
}

/// How an attempt ended.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_outcome {
    /// The payee took the payment.
    FG_OUTCOME_SETTLED = 0,
    /// The payee was reached and refused: a probe that arrived.
    FG_OUTCOME_REACHED = 1,
    /// A node failed it.
    FG_OUTCOME_FAILED = 2,
    /// An error came back that nobody can be blamed for.
    FG_OUTCOME_UNREADABLE = 3,
}

/// What to do about a failure beyond believing it.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum fg_advice_kind {
    /// Ask again: the beliefs know what happened.
    FG_ADVICE_BELIEVE = 0,
    /// Apply the enclosed channel_update of hop `place`, then ask again; leave the hop out if that changes nothing.
    FG_ADVICE_REPRICE = 1,
    /// Leave out the direction of hop `place`.
    FG_ADVICE_AVOID_CHANNEL = 2,
    /// Leave out node `place`; 0 is the payer, the first hop leads to 1.
    FG_ADVICE_AVOID_NODE = 3,
    /// Ask for a route with an earlier expiry.
    FG_ADVICE_SHORTEN_EXPIRY = 4,
    /// Try another blinded path of the payee.
    FG_ADVICE_AVOID_BLINDED_PATH = 5,
    /// The payee has spoken.
    FG_ADVICE_PAYEE = 6,
    /// Any node of the route but the payer may be at fault.
    FG_ADVICE_AVOID_ROUTE = 7,
}

/// What to do about a failure. Its layout never changes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct fg_advice {
    pub kind: fg_advice_kind,
    /// 1 where trying again later is useless.
    pub permanent: u32,
    /// FG_NONE where the kind has none.
    pub place: u64,
}

/// Beliefs, and the snapshot whose channels they are numbered by.
struct Table {
    beliefs: Arc<Beliefs>,
    snapshot: Arc<Snapshot>,
}

/// What lies behind an fg_beliefs.
pub(crate) struct BeliefTable(Mutex<Table>);

kind!(BeliefTable, fg_beliefs, 6, "the fg_beliefs");

impl BeliefTable {
    /// Beliefs about the channels of a snapshot; those about another generation are carried over first.
    pub(crate) fn of(&self, snapshot: &Arc<Snapshot>) -> Arc<Beliefs> {
        let mut table = self.lock();
        if !ptr::eq(table.snapshot.topology(), snapshot.topology()) {
            let beliefs = Arc::new(table.beliefs.for_generation(snapshot));
            *table = Table { beliefs, snapshot: Arc::clone(snapshot) };
        }
        Arc::clone(&table.beliefs)
    }

    /// Runs `work` on the beliefs, which nobody replaces meanwhile.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&Beliefs, &Snapshot) -> R) -> R {
        let table = self.lock();
        work(&table.beliefs, &table.snapshot)
    }

    /// What a panic left behind is a whole table: it is replaced as one.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes beliefs that know nothing yet. A lower bound halves in `carried_half_life` seconds, an upper one in
/// `refused_half_life`; 0 is never, FG_NONE_32 the default (a day, and six hours). Free them with fg_beliefs_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_new(
    graph: *const fg_graph,
    carried_half_life: u32,
    refused_half_life: u32,
    beliefs: *mut *mut fg_beliefs,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let out = unsafe { Out::new("beliefs", beliefs, ptr::null_mut()) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        let usual = HalfLives::default();
        let of = |secs, usual| if secs == u32::MAX { usual } else { HalfLife::from_secs(secs) };
        let half_lives = HalfLives {
            carried: of(carried_half_life, usual.carried),
            refused: of(refused_half_life, usual.refused),
        };
        let snapshot = graph.router.graph().snapshot();
        let table = Table { beliefs: Arc::new(Beliefs::new(&snapshot, half_lives)), snapshot };
        out.put(hand_out(BeliefTable(Mutex::new(table))));
        Ok(())
    })
}

/// Learns from an attempt along a route that ended at `now`, in seconds since 1970. `outcome` is an fg_outcome; for
/// FG_OUTCOME_FAILED, `erring_node` (0: the payer, hop count: the payee) sent the BOLT 4 `failure_code`. `advice`, which
/// may be null, is told what to do about it. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_learn(
    beliefs: *const fg_beliefs,
    route: *const fg_route,
    outcome: u32,
    erring_node: usize,
    failure_code: u32,
    now: u32,
    advice: *mut fg_advice,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        let outcome = outcome_of(outcome, erring_node, failure_code)?;
        // SAFETY: the rules of the header.
        let answer = unsafe { hold::<RouteAnswer>(route) }?;
        // SAFETY: the rules of the header.
        unsafe { learn(beliefs, &answer.route.hops, outcome, now, advice) }
    })
}

/// Learns the balance that an own channel has in a direction (0 or 1) at `now`. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_learn_balance(
    beliefs: *const fg_beliefs,
    short_channel_id: u64,
    direction: u32,
    balance_msat: u64,
    now: u32,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<BeliefTable>(beliefs) }?;
        let direction = direction_of(direction)?;
        table.with(|beliefs, _| {
            let channel = channel(beliefs, short_channel_id)?;
            let (balance, now) = (Msat::from_msat(balance_msat), UnixTime::from_secs(now));
            beliefs.learn_balance(channel, direction, balance, now);
            Ok(())
        })
    })
}

/// Tells the least and the greatest balance that a channel is believed to have in a direction (0 or 1) at `now`. Any
/// thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_bounds(
    beliefs: *const fg_beliefs,
    short_channel_id: u64,
    direction: u32,
    now: u32,
    lower_msat: *mut u64,
    upper_msat: *mut u64,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<BeliefTable>(beliefs) }?;
        let direction = direction_of(direction)?;
        let (lower, upper) = table.with(|beliefs, _| {
            let channel = channel(beliefs, short_channel_id)?;
            let capacity = beliefs.capacity(channel).unwrap_or_default();
            let view = beliefs.view(UnixTime::from_secs(now));
            Ok::<_, Failure>(view.bounds(channel.to_u32(), direction, capacity))
        })?;
        // SAFETY: the rules of the header.
        unsafe { Out::new("lower_msat", lower_msat, lower.to_msat()) }?;
        // SAFETY: the rules of the header.
        unsafe { Out::new("upper_msat", upper_msat, upper.to_msat()) }.map(drop)
    })
}

/// Carries the beliefs over to the channels that the graph has now; a query does so by itself where it must. Channels that
/// opened since the graph's last generation have no place yet. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_follow(
    beliefs: *const fg_beliefs,
    graph: *const fg_graph,
    error: *mut fg_error,
) -> fg_status {
    border!(error, || {
        // SAFETY: the rules of the header.
        let table = unsafe { hold::<BeliefTable>(beliefs) }?;
        // SAFETY: the rules of the header.
        let graph = unsafe { hold::<Graph>(graph) }?;
        table.of(&graph.router.graph().snapshot());
        Ok(())
    })
}

/// Frees beliefs; null is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fg_beliefs_free(beliefs: *mut fg_beliefs) -> fg_status {
    // SAFETY: the rules of the header.
    border!(ptr::null_mut(), || unsafe { free::<BeliefTable>(beliefs) })
}

/// # Safety
/// By the rules of the header, `beliefs` is null or a handle, `advice` is null or may be written to.
pub(crate) unsafe fn learn(
    beliefs: *const fg_beliefs,
    hops: &[Hop],
    outcome: Outcome,
    now: u32,
    advice: *mut fg_advice,
) -> Result<(), Failure> {
    // SAFETY: this function's own promise.
    let table = unsafe { hold::<BeliefTable>(beliefs) }?;
    if let Outcome::Failed { erring_node, .. } = outcome
        && erring_node > hops.len()
    {
        let value = erring_node as u64;
        return Err(Failure::Range { what: "erring_node", value, expected: "at most the number of hops" });
    }
    let learnt = table.with(|beliefs, _| {
        let attempted = hops.iter().map(|hop| AttemptedHop {
            // A number beyond the generation teaches nothing.
            channel: beliefs.channel(hop.short_channel_id).unwrap_or(ChannelIdx::from_u32(u32::MAX >> 1)),
            direction: hop.direction,
            amount: hop.amount,
            in_flight: Msat::ZERO,
        });
        beliefs.learn(&attempted.collect::<Vec<_>>(), outcome, UnixTime::from_secs(now))
    });
    if !advice.is_null() {
        // SAFETY: this function's own promise.
        unsafe { Out::new("advice", advice, learnt.into()) }?;
    }
    Ok(())
}

fn channel(beliefs: &Beliefs, short_channel_id: u64) -> Result<ChannelIdx, Failure> {
    let found = beliefs.channel(ShortChannelId::from_u64(short_channel_id));
    found.ok_or(Failure::NotBelieved(short_channel_id))
}

pub(crate) fn outcome_of(outcome: u32, erring_node: usize, failure_code: u32) -> Result<Outcome, Failure> {
    let code = u16::try_from(failure_code).map_err(|_| Failure::Range {
        what: "failure_code",
        value: u64::from(failure_code),
        expected: "16 bits",
    })?;
    match outcome {
        0 => Ok(Outcome::Settled),
        1 => Ok(Outcome::Reached),
        2 => Ok(Outcome::Failed { erring_node, code: FailureCode::from_u16(code) }),
        3 => Ok(Outcome::Unreadable),
        value => Err(Failure::Range { what: "outcome", value: u64::from(value), expected: "an fg_outcome" }),
    }
}

impl From<Advice> for fg_advice {
    fn from(advice: Advice) -> Self {
        use fg_advice_kind::*;
        let permanent = |permanence| permanence == Permanence::Permanent;
        let (kind, place, is_permanent) = match advice {
            Advice::Believe => (FG_ADVICE_BELIEVE, None, false),
            Advice::Reprice { hop } => (FG_ADVICE_REPRICE, Some(hop), false),
            Advice::AvoidChannel { hop, permanence } => {
                (FG_ADVICE_AVOID_CHANNEL, Some(hop), permanent(permanence))
            }
            Advice::AvoidNode { node, permanence } => {
                (FG_ADVICE_AVOID_NODE, Some(node), permanent(permanence))
            }
            Advice::ShortenExpiry => (FG_ADVICE_SHORTEN_EXPIRY, None, false),
            Advice::AvoidBlindedPath => (FG_ADVICE_AVOID_BLINDED_PATH, None, false),
            Advice::Payee(permanence) => (FG_ADVICE_PAYEE, None, permanent(permanence)),
            Advice::AvoidRoute => (FG_ADVICE_AVOID_ROUTE, None, false),
        };
        fg_advice { kind, permanent: is_permanent.into(), place: place.map_or(FG_NONE, |place| place as u64) }
    }
}
