//! A graph and payments in files, and what the engine itself answers.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::OnceLock;

use engine::NoRoute;
use engine::answer::encode_routes;
use engine::graph::Topology;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::{Snapshot, SnapshotMeta, write_snapshot};
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use primitives::{NodeId, UnixTime};

use super::prefix::Prefix;

/// A graph, payments over it, and their answers, one a line.
pub(super) struct World {
    pub(super) graph: PathBuf,
    pub(super) payments: PathBuf,
    pub(super) answers: String,
    /// Ends between which 20,000 sat can be sent, over several hops.
    pub(super) ends: [String; 2],
}

impl World {
    /// The world of all tests.
    pub(super) fn get() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(World::make)
    }

    fn make() -> World {
        let config = SyntheticConfig { valid_keys: true, ..SyntheticConfig::new(7, 3000) };
        let network = generate(&config, &mut |_| {}).expect("a small graph");
        let payments = random_queries(network.nodes(), PAYMENT_COUNT, 11, AmountRange::default());
        let topology = Topology::build(network).expect("room");
        let graph = Prefix::get().file("graph.fgsn");
        let meta = SnapshotMeta { created_at: UnixTime::from_secs(1), generator: "tests".to_owned() };
        write_snapshot(&topology, &meta, File::create(&graph).unwrap()).expect("room on the disk");
        let snapshot = Snapshot::from_topology(topology);
        let (mut space, mut text, mut answers, mut ends) =
            (RouteWorkspace::default(), String::new(), String::new(), None);
        for (payer, payee, amount) in payments {
            writeln!(text, "{payer},{payee},{}", amount.to_msat()).unwrap();
            let query = RouteQuery::new(payer, payee, amount);
            let answer = route(&snapshot, &query, &mut space);
            answers.push_str(&line(&answer));
            let more = RouteQuery::new(payer, payee, primitives::Msat::from_msat(20_000_000));
            if ends.is_none() && answer.is_ok_and(|route| route.hops.len() > 2) {
                ends = route(&snapshot, &more, &mut space).is_ok().then(|| [payer, payee].map(text_of));
            }
        }
        let payments = Prefix::get().file("payments.csv");
        fs::write(&payments, text).expect("room on the disk");
        World { graph, payments, answers, ends: ends.expect("some payment has a route of several hops") }
    }
}

fn text_of(node_id: NodeId) -> String {
    node_id.to_string()
}

/// What the programs print of an answer.
fn line(answer: &Result<Route, RouteError>) -> String {
    let none = u64::MAX;
    match answer {
        Ok(route) => {
            let mut line = format!("FG_OK {} {}", route.fee.to_msat(), route.cltv);
            for hop in &route.hops {
                let (scid, direction) = (hop.short_channel_id.to_u64(), hop.direction.as_usize());
                write!(line, " {scid}:{direction}:{}:{}", hop.amount.to_msat(), hop.cltv).unwrap();
            }
            line.push(' ');
            encode_routes([route]).iter().for_each(|byte| write!(line, "{byte:02x}").unwrap());
            line + "\n"
        }
        Err(RouteError::NoRoute(no)) => {
            let (reason, value) = match no {
                NoRoute::PayerCannotSend { largest } => (1, largest.to_msat()),
                NoRoute::PayeeCannotReceive { largest } => (2, largest.to_msat()),
                NoRoute::FeeLimit { needed, .. } => (3, needed.to_msat()),
                NoRoute::RouteLimits { .. } => (4, none),
                NoRoute::HtlcMinimum { minimum } => (5, minimum.to_msat()),
                _ => (6, none),
            };
            format!("FG_NO_ROUTE {reason} {value}\n")
        }
        Err(error) => panic!("no answer: {error}"),
    }
}

const PAYMENT_COUNT: usize = 1000;
