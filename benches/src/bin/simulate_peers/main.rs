//! Our planner and LDK's on the same hidden balances, with the same budget of attempts and the same limit on fees.
//!
//! `cargo run --release -p benches --bin simulate_peers -- --graph channels.csv.zst`
//!
//! Per amount: ends of random channels pay each other until enough payments are feasible, which the greatest flow over the
//! true balances tells. Each payment starts from the same balances, with nothing known but those of the payer's own
//! channels; each payer learns from its own attempts alone. An attempt is a plan whose parts are sent all at once.
//! With `--stream` payments come one after the other, a minute apart: balances stay as they were moved, and each side keeps
//! what it has learnt.

mod table;

use std::process::ExitCode;

use benches::Query;
use benches::clock::ThreadClock;
use benches::input::{Origin, graph};
use benches::ldk::{Ldk, OneSided};
use benches::ldk_payer::{self, LdkMemory};
use benches::payer::{OurPlanner, Paid, PaymentJob};
use clap::{Parser, ValueEnum};
use engine::belief::{Beliefs, Bimodal, HalfLives, Prior};
use engine::cost::CostModel;
use engine::flow::PlanWorkspace;
use engine::graph::Topology;
use engine::pay::{PayWorld, pay_weights};
use engine::snapshot::Snapshot;
use engine::synthetic::{BalanceLaw, HiddenNetwork, PaymentDraw, draw_payments};
use primitives::{Msat, UnixTime};

/// Compares payers on hidden balances.
#[derive(Debug, Parser)]
struct Args {
    /// A graph's file, or gen:N for N channels of a synthetic one
    #[arg(long, default_value = "gen:44371")]
    graph: String,
    /// How hidden balances are spread
    #[arg(long, value_enum, default_value_t = Law::Uniform)]
    law: Law,
    /// What our planner thinks of balances
    #[arg(long, value_enum, default_value_t = Law::Uniform)]
    prior: Law,
    /// The scale of bimodal balances and of a bimodal prior, in sat
    #[arg(long, default_value_t = 300_000)]
    scale: u64,
    /// Amounts in sat
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000,100000,1000000,10000000,100000000")]
    amounts: Vec<u64>,
    /// Feasible payments of each amount
    #[arg(long, default_value_t = 200)]
    count: usize,
    /// Starts the random streams of balances and payments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Attempts of each payment
    #[arg(long, default_value_t = 30)]
    attempts: u32,
    /// Payments of an amount come one after the other, and what is learnt of one counts for the next
    #[arg(long)]
    stream: bool,
    /// Leave LDK out
    #[arg(long)]
    alone: bool,
    /// What an attempt is worth to our planner: its fixed part in msat
    #[arg(long)]
    attempt_base_msat: Option<u32>,
    /// What an attempt is worth to our planner: millionths of the amount
    #[arg(long)]
    attempt_millionths: Option<u32>,
    /// What a hop is worth to our planner: its fixed part in msat
    #[arg(long)]
    hop_base_msat: Option<u32>,
    /// What a hop is worth to our planner: millionths of the amount
    #[arg(long)]
    hop_millionths: Option<u32>,
    /// By what our price of an attempt grows with each of the first two that failed
    #[arg(long, default_value_t = 2)]
    impatience: u32,
    /// Parts of a payment at most, ours
    #[arg(long, default_value_t = 300)]
    parts: usize,
}

/// A spread of balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Law {
    /// Any balance is equally likely
    Uniform,
    /// Most of the balance is on one side
    Bimodal,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let draft = graph(&Origin::parse(&args.graph)?)?;
    let ldk = (!args.alone).then(|| Ldk::build_with(&draft, OneSided::Complete)).transpose()?;
    let snapshot = Snapshot::from_topology(Topology::build(draft)?);
    let network = HiddenNetwork::draw(snapshot.topology(), args.law(), args.seed);
    println!(
        "{} nodes, {} channels, balances {:?}",
        snapshot.node_count(),
        snapshot.channel_count(),
        args.law()
    );
    println!("{}", table::HEAD);
    let clock = ThreadClock::calibrate();
    let mut space = PlanWorkspace::default();
    for &sat in &args.amounts {
        let Some(amount) = Msat::from_sat(sat) else { continue };
        let draw = PaymentDraw { amount, count: args.count, seed: args.seed };
        let drawn = draw_payments(snapshot.topology(), &network, draw);
        let mut pairs = Vec::with_capacity(drawn.payments.len());
        let fresh = || Sides {
            networks: [network.clone(), network.clone()],
            beliefs: Beliefs::new(&snapshot, HalfLives::default()),
            memory: ldk.as_ref().map(LdkMemory::new),
        };
        let mut sides = fresh();
        for ((payer, payee), minute) in drawn.payments.into_iter().zip(0..) {
            if !args.stream {
                sides = fresh();
            }
            let query = Query { payer: snapshot.node_id(payer), payee: snapshot.node_id(payee), amount };
            // LDK's default limit: a hundredth and 50 sat.
            let fee_max = Msat::from_msat(amount.to_msat() / 100 + 50_000);
            let now = UnixTime::from_secs(START.to_secs() + 60 * minute);
            let job = PaymentJob { query, attempt_count_max: args.attempts, fee_max, now };
            let [our_network, their_network] = &mut sides.networks;
            let world = PayWorld { snapshot: &snapshot, beliefs: &sides.beliefs };
            let ours = args.planner().pay(world, our_network, &job, (&clock, &mut space));
            let theirs = match ldk.as_ref().zip(sides.memory.as_mut()) {
                None => Paid::default(),
                Some((ldk, memory)) => {
                    ldk_payer::pay(ldk, &snapshot, their_network, &job, (&clock, memory)).unwrap_or_default()
                }
            };
            pairs.push((ours, theirs));
        }
        table::print(sat, &pairs, drawn.infeasible_count);
    }
    Ok(())
}

/// What each payer knows, and the balances it finds.
struct Sides {
    networks: [HiddenNetwork; 2],
    beliefs: Beliefs,
    memory: Option<LdkMemory>,
}

/// When the first payment begins.
const START: UnixTime = UnixTime::from_secs(1_700_000_000);

impl Args {
    fn law(&self) -> BalanceLaw {
        match self.law {
            Law::Uniform => BalanceLaw::Uniform,
            Law::Bimodal => BalanceLaw::Bimodal { scale: Msat::from_msat(self.scale * 1000) },
        }
    }

    fn planner(&self) -> OurPlanner {
        let prior = match self.prior {
            Law::Uniform => Prior::Uniform,
            Law::Bimodal => Prior::Bimodal(Bimodal::new(Msat::from_msat(self.scale * 1000))),
        };
        let mut weights = pay_weights(prior);
        weights.attempt_base_msat = self.attempt_base_msat.unwrap_or(weights.attempt_base_msat);
        weights.attempt_millionths = self.attempt_millionths.unwrap_or(weights.attempt_millionths);
        weights.risk.hop_base_msat = self.hop_base_msat.unwrap_or(weights.risk.hop_base_msat);
        weights.risk.hop_millionths = self.hop_millionths.unwrap_or(weights.risk.hop_millionths);
        OurPlanner {
            prior,
            cost: CostModel::Probability(weights),
            part_count_max: self.parts,
            impatience: self.impatience,
        }
    }
}
