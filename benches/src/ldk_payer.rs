//! LDK as a payer: `find_route` again and again, its scorer fed with every outcome, as LDK's own retries do it.
//!
//! What its outbound payments do between two calls is done here: what is missing and what is left of the fee limit are asked
//! for, channels that failed are listed in `previously_failed_channels`, HTLCs on the way are counted by
//! `ScorerAccountingForInFlightHtlcs`, and where no route is found the payment is given up. The payer's own channels are
//! handed over with their true balances. Nothing is configured otherwise than LDK's defaults.

use std::sync::Arc;
use std::time::Duration;

use engine::graph::ArcIdx;
use engine::snapshot::Snapshot;
use engine::synthetic::HiddenNetwork;
use lightning::bitcoin::secp256k1::PublicKey;
use lightning::ln::channel_state::{ChannelCounterparty, ChannelDetails};
use lightning::ln::types::ChannelId;
use lightning::routing::router::{
    InFlightHtlcs, Path as LdkPath, RouteParameters, ScorerAccountingForInFlightHtlcs, find_route,
};
use lightning::routing::scoring::{
    ProbabilisticScorer, ProbabilisticScoringDecayParameters, ProbabilisticScoringFeeParameters, ScoreUpdate,
};
use lightning::types::features::InitFeatures;
use primitives::{Direction, Msat, NodeId, ShortChannelId};

use crate::NoRoute;
use crate::clock::ThreadClock;
use crate::ldk::{Ldk, SEED, Silent, defaults_to};
use crate::payer::{Paid, PaymentJob};

/// What LDK has learnt.
pub struct LdkMemory {
    scorer: ProbabilisticScorer<Arc<crate::ldk::Graph>, &'static Silent>,
}

impl LdkMemory {
    /// Nothing yet.
    pub fn new(ldk: &Ldk) -> Self {
        let decay = ProbabilisticScoringDecayParameters::default();
        LdkMemory { scorer: ProbabilisticScorer::new(decay, Arc::clone(ldk.graph()), &Silent) }
    }
}

/// Sees a payment through with LDK, which learns from it. Balances move where it succeeds.
///
/// # Errors
/// Where the payment cannot even be put to LDK.
pub fn pay(
    ldk: &Ldk,
    snapshot: &Snapshot,
    network: &mut HiddenNetwork,
    job: &PaymentJob,
    (clock, memory): (&ThreadClock, &mut LdkMemory),
) -> Result<Paid, NoRoute> {
    let payer = job.query.payer.to_public_key().ok_or(NoRoute("the payer's id is no point"))?;
    let params = defaults_to(&job.query)?;
    let now = Duration::from_secs(job.now.to_secs().into());
    let scorer = &mut memory.scorer;
    scorer.time_passed(now);
    let fee_limit = params.max_total_routing_fee_msat.unwrap_or(u64::MAX);
    let mut attempt = Attempts {
        snapshot,
        payer,
        params,
        scorer,
        now,
        fee_limit,
        waiting: Vec::new(),
        paid: Paid::default(),
    };
    while attempt.paid.attempt_count < job.attempt_count_max {
        let missing = job.query.amount.to_msat().saturating_sub(attempt.sent());
        let first_hops = own_channels(snapshot, network, job.query.payer);
        let Ok(paths) = attempt.plan(ldk, &first_hops, missing, clock) else { break };
        attempt.paid.attempt_count += 1;
        attempt.send(paths, network);
        if attempt.sent() >= job.query.amount.to_msat() {
            attempt.settle(network);
            return Ok(attempt.paid);
        }
    }
    attempt.waiting.iter().for_each(|(_, hops)| network.release(hops));
    Ok(attempt.paid)
}

/// A payment that goes on.
struct Attempts<'a> {
    snapshot: &'a Snapshot,
    payer: PublicKey,
    params: RouteParameters,
    scorer: &'a mut ProbabilisticScorer<Arc<crate::ldk::Graph>, &'static Silent>,
    /// All outcomes of a payment are of one moment.
    now: Duration,
    fee_limit: u64,
    /// Parts that wait at the payee.
    waiting: Vec<(LdkPath, Vec<(ArcIdx, Msat)>)>,
    paid: Paid,
}

impl Attempts<'_> {
    fn sent(&self) -> u64 {
        self.waiting.iter().map(|(path, _)| path.final_value_msat()).sum()
    }

    fn plan(
        &mut self,
        ldk: &Ldk,
        first_hops: &[ChannelDetails],
        missing: u64,
        clock: &ThreadClock,
    ) -> Result<Vec<LdkPath>, NoRoute> {
        let fees: u64 = self.waiting.iter().map(|(path, _)| path.fee_msat()).sum();
        self.params.final_value_msat = missing;
        self.params.max_total_routing_fee_msat = Some(self.fee_limit.saturating_sub(fees));
        let mut in_flight = InFlightHtlcs::new();
        self.waiting.iter().for_each(|(path, _)| in_flight.process_path(path, self.payer));
        let scorer_params = ProbabilisticScoringFeeParameters::default();
        let first_hops: Vec<&ChannelDetails> = first_hops.iter().collect();
        let (route, time) = clock.time(|| {
            let scorer = ScorerAccountingForInFlightHtlcs::new(&*self.scorer, &in_flight);
            let (payer, params) = (&self.payer, &self.params);
            find_route(payer, params, ldk.graph(), Some(&first_hops), &Silent, &scorer, &scorer_params, &SEED)
        });
        self.paid.plan_times.push(time);
        Ok(route.map_err(NoRoute)?.paths)
    }

    fn send(&mut self, paths: Vec<LdkPath>, network: &mut HiddenNetwork) {
        let mut is_first_try = true;
        for path in paths {
            let hops = arcs_of(self.snapshot, self.payer, &path);
            self.paid.htlc_count += 1;
            match network.hold(&hops) {
                Ok(()) => self.waiting.push((path, hops)),
                Err(place) => {
                    is_first_try = false;
                    let scid = path.hops[place].short_channel_id;
                    self.scorer.payment_path_failed(&path, scid, self.now);
                    self.params.payment_params.previously_failed_channels.push(scid);
                }
            }
        }
        if self.paid.attempt_count == 1 {
            self.paid.is_first_try = is_first_try;
        }
    }

    fn settle(&mut self, network: &mut HiddenNetwork) {
        self.paid.is_paid = true;
        for (path, hops) in self.waiting.drain(..) {
            network.settle(&hops);
            self.scorer.payment_path_successful(&path, self.now);
            self.paid.fee_msat += path.fee_msat();
        }
    }
}

/// A path's arcs and what they carry.
fn arcs_of(snapshot: &Snapshot, payer: PublicKey, path: &LdkPath) -> Vec<(ArcIdx, Msat)> {
    let mut tail = NodeId::from_bytes(payer.serialize()).expect("a key is an id");
    let mut amount: u64 = path.hops.iter().map(|hop| hop.fee_msat).sum();
    let mut arcs = Vec::with_capacity(path.hops.len());
    for hop in &path.hops {
        let head = NodeId::from_bytes(hop.pubkey.serialize()).expect("a key is an id");
        let channel =
            snapshot.channel(ShortChannelId::from_u64(hop.short_channel_id)).expect("LDK has the same graph");
        let direction = if tail < head { Direction::NodeOneToTwo } else { Direction::NodeTwoToOne };
        arcs.push((channel.arc(direction), Msat::from_msat(amount)));
        // A hop's fee is what its node keeps; the last one's is what arrives.
        amount -= hop.fee_msat;
        tail = head;
    }
    arcs
}

/// The payer's channels, as it knows them.
fn own_channels(snapshot: &Snapshot, network: &HiddenNetwork, payer: NodeId) -> Vec<ChannelDetails> {
    let Some(node) = snapshot.node(&payer) else { return Vec::new() };
    let topology = snapshot.topology();
    let usable =
        topology.outgoing(node).filter(|&arc| topology.policy(arc).is_some_and(|policy| !policy.disabled));
    let details = usable.filter_map(|arc| {
        let peer = snapshot.node_id(snapshot.head(arc)).to_public_key()?;
        let scid = snapshot.short_channel_id(arc.channel()).to_u64();
        let capacity = snapshot.capacity(arc.channel())?;
        let most = topology.policy(arc)?.htlc_maximum_msat;
        Some(details(scid, peer, capacity.to_sat_floor(), network.spendable(arc).min(most).to_msat()))
    });
    details.collect()
}

fn details(scid: u64, peer: PublicKey, capacity_sat: u64, spendable: u64) -> ChannelDetails {
    let mut features = InitFeatures::empty();
    features.set_basic_mpp_optional();
    features.set_variable_length_onion_required();
    features.set_payment_secret_required();
    ChannelDetails {
        channel_id: ChannelId([0; 32]),
        counterparty: ChannelCounterparty {
            node_id: peer,
            features,
            unspendable_punishment_reserve: 0,
            forwarding_info: None,
            outbound_htlc_minimum_msat: None,
            outbound_htlc_maximum_msat: None,
        },
        funding_txo: None,
        channel_type: None,
        short_channel_id: Some(scid),
        outbound_scid_alias: None,
        inbound_scid_alias: None,
        channel_value_satoshis: capacity_sat,
        unspendable_punishment_reserve: None,
        user_channel_id: 0,
        feerate_sat_per_1000_weight: None,
        outbound_capacity_msat: spendable,
        next_outbound_htlc_limit_msat: spendable,
        next_outbound_htlc_minimum_msat: 0,
        inbound_capacity_msat: 0,
        confirmations_required: None,
        confirmations: None,
        force_close_spend_delay: None,
        is_outbound: true,
        is_channel_ready: true,
        channel_shutdown_state: None,
        is_usable: true,
        is_announced: true,
        inbound_htlc_minimum_msat: None,
        inbound_htlc_maximum_msat: None,
        config: None,
        pending_inbound_htlcs: Vec::new(),
        pending_outbound_htlcs: Vec::new(),
        funding_redeem_script: None,
    }
}
