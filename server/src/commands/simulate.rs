//! `fulgurite simulate`: sees payments through on hidden balances, and tells how many arrive.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use engine::belief::{Beliefs, Bimodal, HalfLives, Prior};
use engine::cost::CostModel;
use engine::flow::{PlanQuery, PlanWorkspace};
use engine::graph::NodeIdx;
use engine::pay::{PayBudget, PayWorld, Payment, pay_weights};
use engine::query::RouteQuery;
use engine::rehearsal::{Trial, own_channels, rehearse};
use engine::snapshot::Snapshot;
use engine::synthetic::{BalanceLaw, HiddenNetwork, PaymentDraw, draw_payments};
use primitives::{Msat, UnixTime};
use rayon::prelude::*;

use crate::commands::route::load;
use crate::exit::{Failure, Outcome};
use crate::flag_values;
use crate::output::plot;
use crate::output::simulation::{Row, SimulationJson, print};
use crate::progress::{Progress, Unit};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The graph, in any format that is read; without it a synthetic one
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// What payees get, in msat; or in sat, as 100sat
    #[arg(long, value_name = "AMOUNT,..", value_delimiter = ',', value_parser = flag_values::payment)]
    #[arg(default_value = "100sat,1000sat,10000sat,100000sat,1000000sat,10000000sat,100000000sat")]
    amounts: Vec<Msat>,
    /// Feasible payments of each amount
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Starts every random stream: balances, payments, latencies
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How hidden balances are spread
    #[arg(long, value_enum, default_value_t = Law::Uniform)]
    balances: Law,
    /// What the payer thinks of balances that it does not know
    #[arg(long, value_enum, default_value_t = Law::Uniform)]
    prior: Law,
    /// The scale of bimodal balances and of a bimodal prior: how near to a channel's ends they lie
    #[arg(long, value_name = "AMOUNT", default_value = "300000sat", value_parser = flag_values::amount)]
    scale: Msat,
    /// How payments are made
    #[arg(long, value_enum, value_delimiter = ',', default_value = "planner,single,min-fee")]
    strategies: Vec<Strategy>,
    /// Attempts of each payment: plans whose parts are sent
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// Parts of a payment at most
    #[arg(long, value_name = "N", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    parts: u16,
    /// What all fees of a payment may come to beyond 50 sat, in millionths of the amount
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    fee_millionths: u32,
    /// Payments come one after the other, a minute apart: balances stay as they were moved, and payers share what is learnt.
    /// Feasible is what was before the first one
    #[arg(long)]
    stream: bool,
    /// Draw success and fees against amounts, and success against fee limits, into this SVG file
    #[arg(long, value_name = "FILE.svg", value_parser = flag_values::svg_file)]
    plot: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A spread of balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Law {
    /// Any balance is equally likely
    Uniform,
    /// Most of the balance is on one side
    Bimodal,
}

/// How payments are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    /// In several parts, fees against probability
    Planner,
    /// The same in one part
    Single,
    /// In one part for the least fee, whatever its probability
    MinFee,
}

/// Simulates and prints.
pub(crate) fn run(args: &SimulateArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let graph = load(args.graph.as_deref())?;
    let snapshot = &graph.snapshot;
    let network = HiddenNetwork::draw(snapshot.topology(), args.law(), args.seed);
    let total = args.amounts.len() as u64 * u64::from(args.count) * args.strategies.len() as u64;
    let mut bar = Progress::new(Unit::Payments, Some(total), "simulating");
    let (mut rows, mut done) = (Vec::new(), 0);
    for &amount in &args.amounts {
        let draw = PaymentDraw { amount, count: args.count as usize, seed: args.seed };
        let drawn = draw_payments(snapshot.topology(), &network, draw);
        for &strategy in &args.strategies {
            let mut trials = Vec::with_capacity(drawn.payments.len());
            let fresh = || State::new(snapshot, network.clone());
            let try_one =
                |state: &mut State, space: &mut PlanWorkspace, &(payer, payee): &(NodeIdx, NodeIdx)| {
                    let ends = (snapshot.node_id(payer), snapshot.node_id(payee));
                    let route = RouteQuery::new(ends.0, ends.1, amount);
                    let query = args.query(snapshot, &state.network, route, strategy);
                    pay(args, snapshot, state, query, space)
                };
            let (mut stream, mut space) = (args.stream.then(fresh), PlanWorkspace::default());
            for chunk in drawn.payments.chunks(CHUNK_SIZE) {
                match &mut stream {
                    Some(state) => trials.extend(chunk.iter().map(|ends| try_one(state, &mut space, ends))),
                    None => {
                        trials.par_extend(chunk.par_iter().map_init(PlanWorkspace::default, |space, ends| {
                            try_one(&mut fresh(), space, ends)
                        }))
                    }
                }
                done += chunk.len() as u64;
                bar.set(done);
            }
            rows.push(Row::of(amount, strategy.name(), drawn.infeasible_count, &trials));
        }
    }
    drop(bar);
    if let Some(path) = &args.plot {
        plot::write(path, &rows)?;
    }
    let report = SimulationJson {
        graph: graph.source.name.clone(),
        nodes: snapshot.node_count(),
        channels: snapshot.channel_count(),
        balances: args.balances.name(),
        prior: args.prior.name(),
        seed: args.seed,
        attempts: args.attempts,
        rows,
    };
    if args.json {
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        print(&report, out)?;
    }
    Ok(Outcome::Done)
}

/// What a payment finds.
struct State {
    network: HiddenNetwork,
    beliefs: Beliefs,
    now: UnixTime,
}

impl State {
    /// Nothing is known.
    fn new(snapshot: &Snapshot, network: HiddenNetwork) -> Self {
        State { network, beliefs: Beliefs::new(snapshot, HalfLives::default()), now: NOW }
    }
}

/// One payment, by one who knows its own balances and what is believed, and the time of each of its plans.
fn pay(
    args: &SimulateArgs,
    snapshot: &Snapshot,
    state: &mut State,
    query: PlanQuery,
    space: &mut PlanWorkspace,
) -> (Trial, Vec<Duration>) {
    let State { network, beliefs, now } = state;
    let world = PayWorld { snapshot, beliefs };
    let budget = PayBudget { attempt_count_max: args.attempts, ..PayBudget::default() };
    let mut payment = Payment::new(query, args.prior(), budget);
    let mut plans = Vec::new();
    let trial = rehearse(world, network, &mut payment, (*now, args.seed), |payment, now| {
        let (before, started) = (payment.attempt_count(), Instant::now());
        let output = payment.poll_output(world, now, space);
        if payment.attempt_count() > before {
            plans.push(started.elapsed());
        }
        output
    });
    *now = UnixTime::from_secs(now.to_secs().saturating_add(STREAM_SECS));
    (trial, plans)
}

impl SimulateArgs {
    fn law(&self) -> BalanceLaw {
        match self.balances {
            Law::Uniform => BalanceLaw::Uniform,
            Law::Bimodal => BalanceLaw::Bimodal { scale: self.scale },
        }
    }

    fn prior(&self) -> Prior {
        match self.prior {
            Law::Uniform => Prior::Uniform,
            Law::Bimodal => Prior::Bimodal(Bimodal::new(self.scale)),
        }
    }

    fn query(
        &self,
        snapshot: &Snapshot,
        network: &HiddenNetwork,
        mut route: RouteQuery,
        strategy: Strategy,
    ) -> PlanQuery {
        let share = u128::from(route.amount.to_msat()) * u128::from(self.fee_millionths) / 1_000_000;
        let fee_max = u64::try_from(share).unwrap_or(u64::MAX).saturating_add(FEE_FREE_MSAT);
        route.limits.fee_max = Some(Msat::from_msat(fee_max));
        route.cost = match strategy {
            Strategy::MinFee => CostModel::Fee,
            Strategy::Planner | Strategy::Single => CostModel::Probability(pay_weights(self.prior())),
        };
        route.first_channels = Some(own_channels(snapshot, network, &route.payer));
        let part_count_max = if strategy == Strategy::Planner { usize::from(self.parts) } else { 1 };
        PlanQuery { part_count_max, ..PlanQuery::new(route) }
    }
}

impl Law {
    fn name(self) -> &'static str {
        match self {
            Law::Uniform => "uniform",
            Law::Bimodal => "bimodal",
        }
    }
}

impl Strategy {
    fn name(self) -> &'static str {
        match self {
            Strategy::Planner => "planner",
            Strategy::Single => "single",
            Strategy::MinFee => "min-fee",
        }
    }
}

/// Any moment: nothing is known before it.
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// From one payment of a stream to the next.
const STREAM_SECS: u32 = 60;
/// What fees may come to whatever the amount, as in LDK's default limit.
const FEE_FREE_MSAT: u64 = 50_000;
/// Payments between two steps of the progress bar.
const CHUNK_SIZE: usize = 50;
