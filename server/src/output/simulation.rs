//! What a simulation found, as a table and as JSON.

use std::io::Write;
use std::time::Duration;

use engine::rehearsal::Trial;
use indicatif::HumanCount;
use primitives::Msat;
use serde::Serialize;

use crate::exit::Failure;
use crate::output::spread::Spread;
use crate::output::table;

/// All that is told.
#[derive(Debug, Serialize)]
pub(crate) struct SimulationJson {
    pub(crate) graph: String,
    pub(crate) nodes: usize,
    pub(crate) channels: usize,
    pub(crate) balances: &'static str,
    pub(crate) prior: &'static str,
    pub(crate) seed: u64,
    pub(crate) attempts: u32,
    pub(crate) rows: Vec<Row>,
}

/// What became of the payments of one amount, made in one way. Means are those of payments that arrived.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) amount_msat: u64,
    pub(crate) strategy: &'static str,
    /// Feasible ones, which were tried.
    pub(crate) payments: usize,
    /// Drawn ones that nobody could have made.
    infeasible: usize,
    pub(crate) paid_share: f64,
    /// All parts of the first plan got through.
    first_try_share: f64,
    attempts_mean: f64,
    parts_mean: f64,
    fee_msat_mean: f64,
    pub(crate) fee_millionths_mean: f64,
    seconds_mean: f64,
    plan_ns_p50: u64,
    plan_ns_p99: u64,
    /// Of each payment that arrived.
    #[serde(skip)]
    pub(crate) fees_millionths: Vec<f64>,
}

impl Row {
    /// Of payments, each with the time of each of its plans.
    pub(crate) fn of(
        amount: Msat,
        strategy: &'static str,
        infeasible: usize,
        trials: &[(Trial, Vec<Duration>)],
    ) -> Self {
        let paid: Vec<&Trial> =
            trials.iter().map(|(trial, _)| trial).filter(|trial| trial.is_paid()).collect();
        // An empty sum of floats is -0.
        let mean = |of: &dyn Fn(&Trial) -> f64| {
            paid.iter().map(|trial| of(trial)).fold(0.0, |sum, value| sum + value) / paid.len().max(1) as f64
        };
        let share = |count: usize| count as f64 / trials.len().max(1) as f64;
        let plans = trials.iter().flat_map(|(_, plans)| plans);
        let nanos = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let plans = Spread::of(plans.map(nanos).collect());
        let fee = |trial: &Trial| trial.report.fee.to_msat() as f64;
        let fee_millionths = |trial: &Trial| fee(trial) * 1e6 / amount.to_msat().max(1) as f64;
        Row {
            amount_msat: amount.to_msat(),
            strategy,
            payments: trials.len(),
            infeasible,
            paid_share: share(paid.len()),
            first_try_share: share(trials.iter().filter(|(trial, _)| trial.is_first_try).count()),
            attempts_mean: mean(&|trial| f64::from(trial.report.attempt_count)),
            parts_mean: mean(&|trial| f64::from(trial.report.part_count)),
            fee_msat_mean: mean(&fee),
            fee_millionths_mean: mean(&fee_millionths),
            seconds_mean: mean(&|trial| trial.elapsed_ms as f64 / 1000.0),
            plan_ns_p50: plans.p50,
            plan_ns_p99: plans.p99,
            fees_millionths: paid.iter().map(|trial| fee_millionths(trial)).collect(),
        }
    }

    fn cells(&self) -> [String; 12] {
        let share = |share: f64| format!("{:.1} %", 100.0 * share);
        // There is no mean of nothing.
        let mean = |text: String| if self.paid_share > 0.0 { text } else { "-".to_owned() };
        let time = |nanos: u64| table::time(Duration::from_nanos(nanos));
        [
            HumanCount(self.amount_msat / 1000).to_string(),
            self.strategy.to_owned(),
            self.payments.to_string(),
            self.infeasible.to_string(),
            share(self.paid_share),
            share(self.first_try_share),
            mean(format!("{:.2}", self.attempts_mean)),
            mean(format!("{:.2}", self.parts_mean)),
            mean(format!("{:.0}", self.fee_millionths_mean)),
            mean(format!("{:.1} s", self.seconds_mean)),
            time(self.plan_ns_p50),
            time(self.plan_ns_p99),
        ]
    }
}

/// A table of it.
pub(crate) fn print(report: &SimulationJson, out: &mut impl Write) -> Result<(), Failure> {
    writeln!(
        out,
        "graph    {}: {} nodes, {} channels\nbalances {}, prior {}, seed {}, {} attempts\n",
        report.graph,
        HumanCount(report.nodes as u64),
        HumanCount(report.channels as u64),
        report.balances,
        report.prior,
        report.seed,
        report.attempts,
    )?;
    let header = [
        "sat",
        "strategy",
        "feasible",
        "not",
        "paid",
        "first try",
        "attempts",
        "parts",
        "fee ppm",
        "takes",
        "plan p50",
        "p99",
    ];
    let right = [true, false, true, true, true, true, true, true, true, true, true, true];
    let rows = report.rows.iter().map(Row::cells);
    writeln!(out, "{}", table::trimmed(&table::plain(header, right, rows)))?;
    Ok(())
}
