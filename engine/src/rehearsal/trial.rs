//! One payment from its first attempt to its end.

use primitives::{Msat, NodeId, UnixTime};

use crate::belief::{FailureCode, Outcome};
use crate::graph::ArcIdx;
use crate::pay::{PayEnd, PayInput, PayOutput, PayReport, PayWorld, Payment, SentPart};
use crate::query::FirstChannel;
use crate::snapshot::Snapshot;
use crate::synthetic::{HiddenNetwork, latency_ms};

/// How a rehearsed payment went.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What the payment says itself.
    pub report: PayReport,
    /// Whether the payee got all of it and no attempt failed. Stages that all get through are no failure.
    pub is_first_try: bool,
    /// From the first HTLC to the last answer, planning aside.
    pub elapsed_ms: u64,
}

impl Trial {
    /// Whether the payee got it.
    pub fn is_paid(&self) -> bool {
        self.report.end == PayEnd::Paid
    }
}

/// A payer's own channels with their true balances, which it knows: those that are in use. A query opens its first channels,
/// and over one that is disabled, or of which nothing is told, nobody else can pay here.
pub fn own_channels(snapshot: &Snapshot, network: &HiddenNetwork, payer: &NodeId) -> Vec<FirstChannel> {
    let first = |arc: ArcIdx| FirstChannel {
        short_channel_id: snapshot.short_channel_id(arc.channel()),
        balance: network.spendable(arc),
    };
    let topology = snapshot.topology();
    let is_used = |arc: &ArcIdx| topology.policy(*arc).is_some_and(|policy| !policy.disabled);
    let payer = snapshot.node(payer);
    payer.map_or(Vec::new(), |payer| topology.outgoing(payer).filter(is_used).map(first).collect())
}

/// Sees a payment through. Balances move where it succeeds and are as before where it does not. `poll` asks the payment for
/// its next output, so that a caller may take the time of it; `seed` is that of the latencies.
pub fn rehearse(
    world: PayWorld<'_>,
    network: &mut HiddenNetwork,
    payment: &mut Payment,
    (start, seed): (UnixTime, u64),
    mut poll: impl FnMut(&mut Payment, UnixTime) -> Option<PayOutput>,
) -> Trial {
    let mut clock = Clock { start, seed, elapsed_ms: 0 };
    let mut waiting: Vec<(SentPart, Vec<(ArcIdx, Msat)>)> = Vec::new();
    let mut has_failed = false;
    loop {
        let mut failed = Vec::new();
        let mut longest = 0;
        let report = loop {
            match poll(payment, clock.now()) {
                Some(PayOutput::Send(part)) => {
                    let hops = arcs_of(world.snapshot, &part);
                    match network.hold(&hops) {
                        Ok(()) => {
                            longest = longest.max(clock.latency(&hops));
                            waiting.push((part, hops));
                        }
                        Err(place) => failed.push((2 * clock.latency(&hops[..place]), part, place)),
                    }
                }
                Some(PayOutput::End(report)) => break Some(report),
                None => break None,
            }
        };
        if let Some(report) = report {
            let is_first_try = report.end == PayEnd::Paid && !has_failed;
            return Trial { report, is_first_try, elapsed_ms: clock.elapsed_ms };
        }
        if failed.is_empty() && payment.committed() < payment.amount() {
            clock.elapsed_ms += longest;
            if let Some(wakeup) = payment.next_wakeup().filter(|&wakeup| clock.until(wakeup) < MPP_TIMEOUT_MS)
            {
                clock.elapsed_ms += clock.until(wakeup);
                continue;
            }
        }
        // Answers come back one after the other.
        failed.sort_by_key(|&(latency, ref part, _)| (latency, part.id));
        let is_stuck = failed.is_empty() && payment.committed() < payment.amount();
        has_failed |= is_stuck || !failed.is_empty();
        clock.elapsed_ms += failed.last().map_or(0, |entry| entry.0).max(longest);
        for (_, part, erring_node) in failed {
            let outcome = Outcome::Failed { erring_node, code: FailureCode::TemporaryChannelFailure };
            payment.handle(world, clock.now(), PayInput { part: part.id, outcome });
        }
        let is_complete = payment.committed() >= payment.amount();
        if is_stuck || is_complete {
            clock.elapsed_ms += if is_stuck { MPP_TIMEOUT_MS } else { longest };
            for (part, hops) in waiting.drain(..) {
                let outcome = if is_complete {
                    network.settle(&hops);
                    Outcome::Settled
                } else {
                    network.release(&hops);
                    Outcome::Failed { erring_node: hops.len(), code: FailureCode::MppTimeout }
                };
                payment.handle(world, clock.now(), PayInput { part: part.id, outcome });
            }
        }
    }
}

/// Passing time.
struct Clock {
    start: UnixTime,
    seed: u64,
    elapsed_ms: u64,
}

impl Clock {
    fn now(&self) -> UnixTime {
        let secs = u32::try_from(self.elapsed_ms / 1000).unwrap_or(u32::MAX);
        UnixTime::from_secs(self.start.to_secs().saturating_add(secs))
    }

    /// Milliseconds from now to a moment, 0 where it is past.
    fn until(&self, moment: UnixTime) -> u64 {
        let start_ms = u64::from(self.start.to_secs()) * 1000;
        (u64::from(moment.to_secs()) * 1000).saturating_sub(start_ms + self.elapsed_ms)
    }

    fn latency(&self, hops: &[(ArcIdx, Msat)]) -> u64 {
        hops.iter().map(|&(arc, _)| latency_ms(arc, self.seed)).sum()
    }
}

/// A part's arcs and what they carry. Channels that are not in the graph have no balance here.
fn arcs_of(snapshot: &Snapshot, part: &SentPart) -> Vec<(ArcIdx, Msat)> {
    let hops = part.part.hops.iter();
    let known = hops.filter_map(|hop| {
        let channel = snapshot.channel(hop.short_channel_id)?;
        Some((channel.arc(hop.direction), hop.amount))
    });
    known.collect()
}

/// A payee waits at least a minute for the rest of a payment (BOLT 4, "Requirements for the basic_mpp feature").
const MPP_TIMEOUT_MS: u64 = 60_000;
