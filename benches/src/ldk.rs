//! LDK (the `lightning` crate) as a contender.
//!
//! The graph goes in without signatures, by `add_channel_from_partial_announcement` and `update_channel_unsigned`, as a
//! rapid gossip sync does. What LDK asks of the data, and what is done about it here:
//!
//! - **Ages.** A `channel_update` older than two weeks, or more than a day ahead, is refused by the wall clock. The time
//!   of an update plays no part in a search, so every update is stamped with the present.
//! - **`htlc_maximum_msat` above the capacity** is refused. A channel carries no more than its capacity anyway, so the
//!   lesser of both is handed over.
//! - **One-sided channels.** A channel is used in neither direction until both policies are known: LDK misses routes
//!   over such channels. [`OneSided`] chooses between leaving it at that and adding a disabled policy.
//! - **Keys.** Graph and search treat node ids as bytes, but payer, payee and each node on the route must be points on
//!   the curve, or `find_route` fails. A made-up graph needs real keys.
//! - **Inbound fees** (bLIP-18) are unknown to LDK and left out.
//!
//! LDK orders its search by the larger of fee and least HTLC so far, so fees below the latter (often 1 sat) all look
//! alike to it: with no penalties it still returns routes that are dearer than the least fee, most of them by less
//! than a satoshi.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use engine::graph::{ChannelDraft, GraphBuilder};
use lightning::bitcoin::Network;
use lightning::bitcoin::constants::ChainHash;
use lightning::bitcoin::secp256k1::PublicKey;
use lightning::ln::msgs::{UnsignedChannelUpdate, UnsignedNodeAnnouncement};
use lightning::routing::gossip::{NetworkGraph, NodeAlias, NodeId as LdkNodeId};
use lightning::routing::router::{Path as LdkPath, PaymentParameters, Route, RouteParameters, find_route};
use lightning::routing::scoring::{
    FixedPenaltyScorer, ProbabilisticScorer, ProbabilisticScoringDecayParameters,
    ProbabilisticScoringFeeParameters,
};
use lightning::types::features::{Bolt11InvoiceFeatures, ChannelFeatures, NodeFeatures};
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::{ReadableArgs, Writeable};
use primitives::{
    ChannelPolicy, CltvExpiryDelta, Direction, Features, Fee, InboundFee, Msat, NodeId, UnixTime,
};

use crate::{Answer, BuildError, Contender, Mode, NoRoute, Query, StoreError, Stored};

/// LDK's graph and its default scorer.
pub struct Ldk {
    graph: Arc<Graph>,
    fixed: FixedPenaltyScorer,
    probabilistic: ProbabilisticScorer<Arc<Graph>, &'static Silent>,
    probabilistic_params: ProbabilisticScoringFeeParameters,
}

/// What to do about channels of which only one direction has a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneSided {
    /// As gossip has them: LDK will use neither direction.
    Keep,
    /// Give the silent direction a disabled policy, so that LDK uses the other one.
    Complete,
}

/// A prepared call of `find_route`.
#[derive(Debug)]
pub struct LdkRequest {
    payer: PublicKey,
    params: RouteParameters,
    mode: Mode,
}

impl Ldk {
    /// As [`Contender::build`], with a choice about one-sided channels.
    ///
    /// # Errors
    /// Where LDK refuses a channel, a policy or a node.
    pub fn build_with(draft: &GraphBuilder, one_sided: OneSided) -> Result<Self, BuildError> {
        let graph = NetworkGraph::new(Network::Bitcoin, &Silent);
        let now = present();
        let features: Vec<ChannelFeatures> =
            draft.feature_sets().iter().map(|set| ChannelFeatures::from_le_bytes(le_bytes(set))).collect();
        for channel in draft.channels() {
            add_channel(&graph, draft, channel, &features, now)?;
            for direction in Direction::BOTH {
                let known = channel.policies[direction.as_usize()];
                let other = channel.policies[direction.reversed().as_usize()];
                let filler = other.filter(|_| one_sided == OneSided::Complete).map(|_| DISABLED);
                if let Some(policy) = known.or(filler) {
                    add_policy(&graph, channel, direction, &policy, now)?;
                }
            }
        }
        announce_nodes(&graph, draft, now)?;
        Ok(Ldk::around(graph))
    }

    /// Channels and nodes that LDK holds.
    pub fn counts(&self) -> (usize, usize) {
        let graph = self.graph.read_only();
        (graph.channels().len(), graph.nodes().len())
    }

    /// LDK's graph.
    pub(crate) fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    fn around(graph: Graph) -> Self {
        let graph = Arc::new(graph);
        let decay = ProbabilisticScoringDecayParameters::default();
        Ldk {
            fixed: FixedPenaltyScorer::with_penalty(0),
            probabilistic: ProbabilisticScorer::new(decay, Arc::clone(&graph), &Silent),
            probabilistic_params: ProbabilisticScoringFeeParameters::default(),
            graph,
        }
    }
}

impl Contender for Ldk {
    const NAME: &'static str = "ldk";
    const MODES: &'static [Mode] = &Mode::ALL;
    type Request = LdkRequest;
    type Scratch = ();

    fn build(draft: &GraphBuilder) -> Result<Self, BuildError> {
        Ldk::build_with(draft, OneSided::Keep)
    }

    fn request(&self, query: &Query, mode: Mode) -> Result<LdkRequest, NoRoute> {
        let payer = query.payer.to_public_key().ok_or(NoRoute("the payer's id is no point"))?;
        let payee = query.payee.to_public_key().ok_or(NoRoute("the payee's id is no point"))?;
        let payment = PaymentParameters::from_node_id(payee, FINAL_CLTV_EXPIRY_DELTA);
        let params = match mode {
            Mode::MinFee => min_fee(payment, query.amount),
            Mode::Defaults => defaults(payment, query.amount)?,
        };
        Ok(LdkRequest { payer, params, mode })
    }

    fn scratch(&self) {}

    fn route(&self, _scratch: &mut (), request: &LdkRequest) -> Result<Answer, NoRoute> {
        let LdkRequest { payer, params, mode } = request;
        let route = match mode {
            Mode::MinFee => find_route(payer, params, &self.graph, None, &Silent, &self.fixed, &(), &SEED),
            Mode::Defaults => {
                let (scorer, scorer_params) = (&self.probabilistic, &self.probabilistic_params);
                find_route(payer, params, &self.graph, None, &Silent, scorer, scorer_params, &SEED)
            }
        };
        Ok(answer(&route.map_err(NoRoute)?))
    }
}

impl Stored for Ldk {
    fn write(&self, path: &Path) -> Result<(), StoreError> {
        let mut file = BufWriter::with_capacity(BUFFER_SIZE, File::create(path)?);
        self.graph.write(&mut file).map_err(|error| StoreError::Io(error.into()))?;
        Ok(file.flush()?)
    }

    fn read(path: &Path) -> Result<Self, StoreError> {
        let mut file = BufReader::with_capacity(BUFFER_SIZE, File::open(path)?);
        let graph = NetworkGraph::read(&mut file, &Silent).map_err(|_| StoreError::Malformed)?;
        Ok(Ldk::around(graph))
    }
}

/// One path, of whatever length, lock time and price.
fn min_fee(mut payment: PaymentParameters, amount: Msat) -> RouteParameters {
    payment.max_path_count = 1;
    payment.max_channel_saturation_power_of_half = 0;
    payment.max_total_cltv_expiry_delta = u32::from(u16::MAX);
    let mut params = RouteParameters::from_payment_params_and_value(payment, amount.to_msat());
    params.max_total_routing_fee_msat = None;
    params
}

/// LDK's defaults for a payment.
pub(crate) fn defaults_to(query: &Query) -> Result<RouteParameters, NoRoute> {
    let payee = query.payee.to_public_key().ok_or(NoRoute("the payee's id is no point"))?;
    defaults(PaymentParameters::from_node_id(payee, FINAL_CLTV_EXPIRY_DELTA), query.amount)
}

/// LDK's defaults, for a payee whose invoice allows several parts.
fn defaults(payment: PaymentParameters, amount: Msat) -> Result<RouteParameters, NoRoute> {
    let mut features = Bolt11InvoiceFeatures::empty();
    features.set_variable_length_onion_required();
    features.set_payment_secret_required();
    features.set_basic_mpp_optional();
    let payment = payment.with_bolt11_features(features).map_err(|()| NoRoute("the payee is blinded"))?;
    Ok(RouteParameters::from_payment_params_and_value(payment, amount.to_msat()))
}

fn answer(route: &Route) -> Answer {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    // A hop's delta is the one of the channel behind it; the last one's is the payee's, with LDK's random offset.
    let cltv = |path: &LdkPath| path.hops.iter().rev().skip(1).map(|hop| hop.cltv_expiry_delta).sum::<u32>();
    Answer {
        fee_msat: route.get_total_fees(),
        hops: route.paths.iter().map(|path| count(path.hops.len())).max().unwrap_or(0),
        cltv: route.paths.iter().map(cltv).max().unwrap_or(0),
        parts: count(route.paths.len()),
    }
}

fn add_channel(
    graph: &Graph,
    draft: &GraphBuilder,
    channel: &ChannelDraft,
    features: &[ChannelFeatures],
    now: UnixTime,
) -> Result<(), BuildError> {
    let [one, two] = channel.nodes.map(|place| ldk_id(draft.nodes()[place as usize]));
    let capacity_sats = channel.capacity.map(Msat::to_sat_floor);
    let features = features[usize::from(channel.features)].clone();
    let scid = channel.short_channel_id;
    graph
        .add_channel_from_partial_announcement(
            scid.to_u64(),
            capacity_sats,
            now.to_secs().into(),
            features,
            one,
            two,
        )
        .map_err(|_| BuildError::Channel { short_channel_id: scid })
}

fn add_policy(
    graph: &Graph,
    channel: &ChannelDraft,
    direction: Direction,
    policy: &ChannelPolicy,
    now: UnixTime,
) -> Result<(), BuildError> {
    let disable_bit = if policy.disabled { 2 } else { 0 };
    let capacity = channel.capacity.and_then(|capacity| Msat::from_sat(capacity.to_sat_floor()));
    let htlc_maximum_msat = policy.htlc_maximum_msat.min(capacity.unwrap_or(SUPPLY)).min(SUPPLY);
    let update = UnsignedChannelUpdate {
        chain_hash: ChainHash::BITCOIN,
        short_channel_id: channel.short_channel_id.to_u64(),
        timestamp: now.to_secs(),
        message_flags: 1,
        channel_flags: direction as u8 | disable_bit,
        cltv_expiry_delta: policy.cltv_expiry_delta.to_blocks(),
        htlc_minimum_msat: policy.htlc_minimum_msat.to_msat(),
        htlc_maximum_msat: htlc_maximum_msat.to_msat(),
        fee_base_msat: policy.fee.fee_base_msat,
        fee_proportional_millionths: policy.fee.fee_proportional_millionths,
        excess_data: Vec::new(),
    };
    graph
        .update_channel_unsigned(&update)
        .map_err(|_| BuildError::Policy { short_channel_id: channel.short_channel_id })
}

/// Announces the nodes that have both a channel, which LDK demands, and features to tell.
fn announce_nodes(graph: &Graph, draft: &GraphBuilder, now: UnixTime) -> Result<(), BuildError> {
    let with_channels: HashSet<u32> = draft.channels().iter().flat_map(|channel| channel.nodes).collect();
    for (place, (&node_id, &features)) in (0..).zip(draft.nodes().iter().zip(draft.node_features())) {
        let features = &draft.feature_sets()[usize::from(features)];
        if features.is_empty() || !with_channels.contains(&place) {
            continue;
        }
        let announcement = UnsignedNodeAnnouncement {
            features: NodeFeatures::from_le_bytes(le_bytes(features)),
            timestamp: now.to_secs(),
            node_id: ldk_id(node_id),
            rgb: [0; 3],
            alias: NodeAlias([0; 32]),
            addresses: Vec::new(),
            excess_address_data: Vec::new(),
            excess_data: Vec::new(),
        };
        graph
            .update_node_from_unsigned_announcement(&announcement)
            .map_err(|_| BuildError::Node { node_id })?;
    }
    Ok(())
}

fn ldk_id(node_id: NodeId) -> LdkNodeId {
    LdkNodeId::from_slice(node_id.as_bytes()).expect("LDK takes any 33 bytes")
}

/// LDK keeps feature bytes least significant first.
fn le_bytes(features: &Features) -> Vec<u8> {
    features.as_be_bytes().iter().rev().copied().collect()
}

fn present() -> UnixTime {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    UnixTime::from_secs(u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// A logger that says nothing.
pub(crate) struct Silent;

impl Logger for Silent {
    fn log(&self, _record: Record) {}
}

/// LDK's graph, which logs nothing.
pub(crate) type Graph = NetworkGraph<&'static Silent>;

/// Never used for routing, but makes LDK look at the other direction.
const DISABLED: ChannelPolicy = ChannelPolicy {
    fee: Fee { fee_base_msat: 0, fee_proportional_millionths: 0 },
    inbound_fee: InboundFee::ZERO,
    cltv_expiry_delta: CltvExpiryDelta::from_blocks(0),
    htlc_minimum_msat: Msat::ZERO,
    htlc_maximum_msat: Msat::ZERO,
    disabled: true,
    last_update: UnixTime::from_secs(0),
};
/// All bitcoin there will ever be; LDK refuses policies above it.
const SUPPLY: Msat = Msat::from_msat(21_000_000 * 100_000_000 * 1000);
/// The payee's own delta, LDK's usual one for invoices.
const FINAL_CLTV_EXPIRY_DELTA: u32 = 18;
/// LDK draws its random lock-time offset from this; fixed, so that runs repeat.
pub(crate) const SEED: [u8; 32] = [42; 32];
/// Of file readers and writers.
const BUFFER_SIZE: usize = 1 << 20;
