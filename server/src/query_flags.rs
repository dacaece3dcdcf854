//! Flags that say what is asked, and the query that they make.

use clap::{Args, ValueEnum};
use engine::cost::{CostModel, ProbabilityWeights, RiskWeights};
use engine::query::{Avoid, ExtraArc, FirstChannel, RouteLimits, RouteQuery};
use primitives::{Msat, NodeId};
use server::json::AnyChannel;

use crate::exit::Failure;
use crate::flag_values;

/// All flags of a query.
#[derive(Debug, Clone, Args)]
pub(crate) struct QueryFlags {
    #[command(flatten)]
    pub(crate) cost: CostFlags,
    #[command(flatten)]
    pub(crate) limits: LimitFlags,
    #[command(flatten)]
    pub(crate) paths: PathFlags,
}

/// What is minimised.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is minimised")]
pub(crate) struct CostFlags {
    /// What the route shall be cheapest in
    ///
    /// fee: the fee and nothing else. risk: the fee, a price on locked time and a price on every hop. probability:
    /// these and a price on the chance that a channel lacks the liquidity. likely: that chance above all.
    #[arg(long, value_enum, default_value_t = CostName::Probability)]
    pub(crate) cost: CostName,
    /// Price of locking an amount for one block, in billionths of it [default: 15]
    ///
    /// LND's risk factor. Of risk and probability.
    #[arg(long, value_name = "N")]
    risk_billionths: Option<u32>,
    /// Price of any hop, its fixed part in msat [default: 500]
    ///
    /// eclair's hop cost: more hops fail more often. Of risk and probability.
    #[arg(long, value_name = "MSAT")]
    hop_base_msat: Option<u32>,
    /// Price of any hop, its part in millionths of the amount [default: 200]
    ///
    /// eclair's hop cost. Of risk and probability.
    #[arg(long, value_name = "PPM")]
    hop_ppm: Option<u32>,
    /// Price of a failed attempt, its fixed part in msat [default: 100000]
    ///
    /// LND's attempt cost, 100 sat: what a retry costs in time. Of probability.
    #[arg(long, value_name = "MSAT")]
    attempt_base_msat: Option<u32>,
    /// Price of a failed attempt, its part in millionths of the amount [default: 1000]
    ///
    /// LND's attempt cost. Of probability.
    #[arg(long, value_name = "PPM")]
    attempt_ppm: Option<u32>,
    /// Accept a route that is provably at most this much above the cheapest
    #[arg(long, value_name = "AMOUNT", default_value = "0", value_parser = flag_values::amount)]
    tolerance_msat: Msat,
    /// Leave inbound fees (bLIP-18) out of the price, as a payer does that does not know them
    #[arg(long)]
    ignore_inbound_fees: bool,
}

/// The name of a cost model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CostName {
    /// The fee
    Fee,
    /// The fee, locked time and hops
    Risk,
    /// The fee, locked time, hops and the chance of failure
    Probability,
    /// The chance of failure above all: the likeliest within the limits
    Likely,
}

/// What the route may not exceed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// Refuse routes with a larger fee
    #[arg(long, value_name = "AMOUNT", value_parser = flag_values::amount)]
    max_fee_msat: Option<Msat>,
    /// Refuse routes with a fee above this many millionths of the amount; of both limits the stricter holds
    #[arg(long, value_name = "PPM")]
    max_fee_ppm: Option<u32>,
    /// Most blocks that the money may be locked for, the final delta included
    #[arg(long, value_name = "BLOCKS", default_value_t = RouteLimits::default().cltv_max)]
    max_cltv: u32,
    /// The payee's min_final_cltv_expiry_delta
    #[arg(long, value_name = "BLOCKS", default_value_t = RouteLimits::default().final_cltv_delta)]
    final_cltv_delta: u32,
    /// Most channels on the route
    #[arg(long, value_name = "N", default_value_t = RouteLimits::default().hop_count_max)]
    max_hops: u32,
    /// Bytes of the payee's onion payload beside amount, expiry and payment secret
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    final_payload_extra: u32,
    /// Share of every channel's capacity that shall stay unused, in millionths
    #[arg(long, value_name = "PPM", default_value_t = 0)]
    headroom_ppm: u32,
    /// Allow raising an amount to a hop's htlc_minimum_msat; the payer pays the difference
    #[arg(long)]
    allow_overpay: bool,
    /// Steps after which the search gives up [default: 2000000]
    ///
    /// A step expands a node or a label. A label counts as 100 where amounts may not be raised to a minimum that is in the
    /// way (--allow-overpay raises them), so that such a search gives up after a hundredth of them.
    #[arg(long, value_name = "STEPS")]
    max_work: Option<u64>,
}

/// Where the route may go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Where the route may go")]
pub(crate) struct PathFlags {
    /// Go around a node; may be repeated
    ///
    /// Payer and payee are not avoided, though they be named here; `reach` takes none of these for a payee.
    #[arg(long, value_name = "NODE", value_parser = flag_values::node_id)]
    avoid_node: Vec<NodeId>,
    /// Go around a channel, or one direction of it (0 or 1); may be repeated
    ///
    /// Channels that are not in the graph, and nodes that are not, are avoided anyhow: to name them is no error.
    #[arg(long, value_name = "SCID[/DIR]")]
    avoid_channel: Vec<AnyChannel>,
    /// Begin with this channel of the payer, which can send that much over it; may be repeated
    ///
    /// Without this flag, all the payer's channels in the graph may be used, their balances unknown.
    #[arg(long, value_name = "SCID=BALANCE_MSAT", value_parser = flag_values::first_channel)]
    first_channel: Vec<FirstChannel>,
    /// The node that must come last before the payee
    #[arg(long, value_name = "NODE", value_parser = flag_values::node_id)]
    last_hop: Option<NodeId>,
    /// Add one direction of a channel that is not in the graph, as of an invoice's route hint; may be repeated
    ///
    /// Written tail,head,scid,base,ppm,cltv or tail,head,scid,base,ppm,cltv,min,max: the node that forwards, the
    /// node that it leads to, the channel's name or alias, fee_base_msat, fee_proportional_millionths,
    /// cltv_expiry_delta, and the smallest and largest HTLC in msat.
    #[arg(long, value_name = "ARC", value_parser = flag_values::extra_arc)]
    extra_arc: Vec<ExtraArc>,
}

impl QueryFlags {
    /// A query with everything but its ends and its amount, which [`with_ends`] sets.
    pub(crate) fn to_template(&self) -> Result<RouteQuery, Failure> {
        let mut query = template(&self.cost, &self.limits)?;
        let paths = &self.paths;
        query.avoid = Avoid { nodes: paths.avoid_node.clone(), ..Avoid::default() };
        for channel in &paths.avoid_channel {
            match *channel {
                AnyChannel::Both(channel) => query.avoid.channels.push(channel),
                AnyChannel::One(direction) => query.avoid.directions.push(direction),
            }
        }
        query.first_channels = (!paths.first_channel.is_empty()).then(|| paths.first_channel.clone());
        query.last_hop = paths.last_hop;
        query.extra_arcs = paths.extra_arc.clone();
        Ok(query)
    }
}

/// What [`reach`](engine::reach::reach) does not look at must not be asked of it.
pub(crate) fn check_bounds(flags: &QueryFlags) -> Result<(), Failure> {
    let (limits, usual) = (&flags.limits, RouteLimits::default());
    let unused = [
        ("--tolerance-msat", flags.cost.tolerance_msat > Msat::ZERO),
        ("--max-cltv", limits.max_cltv != usual.cltv_max),
        ("--final-cltv-delta", limits.final_cltv_delta != usual.final_cltv_delta),
        ("--max-hops", limits.max_hops != usual.hop_count_max),
        ("--final-payload-extra", limits.final_payload_extra > 0),
        ("--max-work", limits.max_work.is_some()),
        ("--allow-overpay", limits.allow_overpay),
        ("--max-fee-msat", limits.max_fee_msat.is_some()),
        ("--max-fee-ppm", limits.max_fee_ppm.is_some()),
        ("--last-hop", flags.paths.last_hop.is_some()),
    ];
    match unused.into_iter().find(|(_, is_asked)| *is_asked) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::usage(
            format!("--bounds does not look at {flag}"),
            "leave one of them out; without --bounds, all limits hold",
        )),
    }
}

/// A query with cost and limits only.
pub(crate) fn template(cost: &CostFlags, limits: &LimitFlags) -> Result<RouteQuery, Failure> {
    let nobody = NodeId::from_bytes([2; 33]).expect("it begins with 2");
    let mut query = RouteQuery::new(nobody, nobody, Msat::ZERO).with_cost(cost.to_model()?);
    query.limits = RouteLimits {
        fee_max: limits.max_fee_msat,
        fee_millionths_max: limits.max_fee_ppm,
        cltv_max: limits.max_cltv,
        final_cltv_delta: limits.final_cltv_delta,
        hop_count_max: limits.max_hops,
        final_payload_extra: limits.final_payload_extra,
        end_payload_size: None,
    };
    query.ignore_inbound_fees = cost.ignore_inbound_fees;
    query.tolerance = cost.tolerance_msat;
    query.headroom_millionths = limits.headroom_ppm;
    query.may_overpay = limits.allow_overpay;
    query.work_max = limits.max_work.unwrap_or(query.work_max);
    Ok(query)
}

/// The template with its ends and its amount.
pub(crate) fn with_ends(template: &RouteQuery, payer: NodeId, payee: NodeId, amount: Msat) -> RouteQuery {
    RouteQuery { payer, payee, amount, ..template.clone() }
}

impl CostFlags {
    fn to_model(&self) -> Result<CostModel, Failure> {
        let of_risk = self.risk_billionths.or(self.hop_base_msat).or(self.hop_ppm);
        let of_attempt = self.attempt_base_msat.or(self.attempt_ppm);
        if matches!(self.cost, CostName::Fee | CostName::Likely) && of_risk.is_some() {
            return Err(Failure::usage(
                "--risk-billionths, --hop-base-msat and --hop-ppm weigh nothing with --cost fee or likely",
                "leave them out, or choose --cost risk or --cost probability",
            ));
        }
        if self.cost != CostName::Probability && of_attempt.is_some() {
            return Err(Failure::usage(
                "--attempt-base-msat and --attempt-ppm weigh nothing without --cost probability",
                "leave them out, or choose --cost probability",
            ));
        }
        let usual = ProbabilityWeights::default();
        let risk = RiskWeights {
            risk_billionths: self.risk_billionths.unwrap_or(usual.risk.risk_billionths),
            hop_base_msat: self.hop_base_msat.unwrap_or(usual.risk.hop_base_msat),
            hop_millionths: self.hop_ppm.unwrap_or(usual.risk.hop_millionths),
        };
        Ok(match self.cost {
            CostName::Fee => CostModel::Fee,
            CostName::Risk => CostModel::Risk(risk),
            CostName::Likely => CostModel::LIKELY,
            CostName::Probability => CostModel::Probability(ProbabilityWeights {
                risk,
                attempt_base_msat: self.attempt_base_msat.unwrap_or(usual.attempt_base_msat),
                attempt_millionths: self.attempt_ppm.unwrap_or(usual.attempt_millionths),
            }),
        })
    }
}
