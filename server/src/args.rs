//! The command line as a whole.

use clap::{Parser, Subcommand};

use crate::commands::bench::BenchArgs;
use crate::commands::completions::CompletionsArgs;
use crate::commands::generate::GenerateArgs;
use crate::commands::import::ImportArgs;
use crate::commands::info::InfoArgs;
use crate::commands::reach::ReachArgs;
use crate::commands::route::RouteArgs;
use crate::commands::simulate::SimulateArgs;
use crate::commands::sync::SyncArgs;
use crate::exit::EXIT_CODES;

/// Finds routes for Lightning payments, provably the cheapest ones.
///
/// Without a command, it makes a graph of the real network's size and shape and answers a query on it.
#[derive(Debug, Parser)]
#[command(name = "fulgurite", version, after_help = EXIT_CODES, arg_required_else_help = false)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the cheapest route for a payment, or for each of many
    #[command(after_help = EXIT_CODES)]
    Route(Box<RouteArgs>),
    /// Tell which nodes a payer may pay, and what that costs at least
    ///
    /// A node that is not reached has no route for the amount. The cost of one that is reached is a lower bound: amounts
    /// grow on the way, and what they grow to is known only of a route. Limits on fees, blocks and hops count for
    /// nothing here.
    #[command(after_help = EXIT_CODES)]
    Reach(Box<ReachArgs>),
    /// Tell what is in a graph
    #[command(after_help = EXIT_CODES)]
    Info(InfoArgs),
    /// Read a graph that another program wrote, and write a snapshot
    ///
    /// Formats that are read, known by their content whatever the name: Fulgurite snapshot, channel CSV, LND's
    /// describegraph JSON, Core Lightning's gossip_store, LDK's rapid gossip sync; all but the first also compressed
    /// with zstd.
    #[command(after_help = EXIT_CODES)]
    Import(ImportArgs),
    /// Write a synthetic graph with mainnet's shape, of any size
    #[command(after_help = EXIT_CODES)]
    Generate(GenerateArgs),
    /// Measure queries on this machine and a graph
    ///
    /// Every query is asked twice to warm up, then again and again for a second on each number of threads, in the order
    /// of the file; each answer is timed on its own, from the names in the query to the finished route or the reason
    /// why there is none.
    #[command(after_help = EXIT_CODES)]
    Bench(Box<BenchArgs>),
    /// See payments through on hidden balances, and tell how many arrive
    ///
    /// Balances are drawn by seed; payments join the ends of random channels. Only payments that could be made by one who
    /// knew all balances are tried, each from the same balances, by a payer who knows its own alone and learns from its
    /// attempts.
    #[command(after_help = EXIT_CODES)]
    Simulate(Box<SimulateArgs>),
    /// Learn the graph from Lightning nodes, verify it, and keep it in a log
    ///
    /// Runs until Ctrl-C. What a peer tells is believed when all its signatures are right, and with --funding-check
    /// bitcoind when its funding output is there and unspent.
    #[command(after_help = EXIT_CODES)]
    Sync(Box<SyncArgs>),
    /// Print a script that teaches a shell to complete this command line
    Completions(CompletionsArgs),
}
