//! A graph and payments in files, and what the engine itself answers.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::OnceLock;

use bitcoin::secp256k1::Secp256k1;
use engine::NoRoute;
use engine::answer::{Served, encode_routes};
use engine::graph::Topology;
use engine::query::RouteQuery;
use engine::route::Route;
use engine::router::{RouteError, RouteWorkspace, route};
use engine::snapshot::{Snapshot, SnapshotMeta, write_snapshot};
use engine::synthetic::{AmountRange, SyntheticConfig, generate, random_queries};
use onion::attribution::HoldTime;
use onion::failure::FailurePacket;
use onion::failure_code::{Failure, FailureMessage};
use onion::payload::CustomRecords;
use onion::route::{Part, Payment, RouteHop, build_parts};
use primitives::{BlockHeight, Msat, NodeId, UnixTime};

use super::prefix::Prefix;

/// A graph, payments over it, and their answers, one a line.
pub(super) struct World {
    pub(super) graph: PathBuf,
    pub(super) payments: PathBuf,
    pub(super) answers: String,
    /// Ends between which 20,000 sat can be sent, over several hops, and 1,000 sat, over several hops as well.
    pub(super) ends: [String; 2],
    /// What comes back, in hexadecimal digits, where the second node behind the payer fails the 1,000 sat.
    pub(super) reason: String,
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
            if ends.is_none() && answer.is_ok_and(|route| route.hops.len() > 2) {
                let mut of = |msat| {
                    route(&snapshot, &RouteQuery::new(payer, payee, Msat::from_msat(msat)), &mut space)
                };
                let sent = of(1_000_000).ok().filter(|route| route.hops.len() > 1 && of(20_000_000).is_ok());
                ends = sent.map(|route| ([payer, payee].map(text_of), reason(&route)));
            }
        }
        let payments = Prefix::get().file("payments.csv");
        fs::write(&payments, text).expect("room on the disk");
        let (ends, reason) = ends.expect("some payment has a route of several hops");
        World { graph, payments, answers, ends, reason }
    }
}

fn text_of(node_id: NodeId) -> String {
    node_id.to_string()
}

/// What the second node answers to the onion that the programs make, with temporary_node_failure.
fn reason(route: &Route) -> String {
    let hops: Vec<_> = route
        .hops
        .iter()
        .map(|hop| RouteHop {
            node_id: hop.node_id,
            short_channel_id: hop.short_channel_id,
            amount: hop.amount,
            cltv: hop.cltv,
        })
        .collect();
    let (mut seed, mut secret) = ([0; 32], [0; 32]);
    (seed[31], secret[0]) = (1, 9);
    let payment = Payment {
        payment_hash: [0; 32],
        total_msat: route.amount,
        block_height: BlockHeight::from_u32(800_000),
        shadow_blocks: 0,
        payment_secret: Some(secret),
        payment_metadata: None,
        keysend_preimage: None,
        custom: CustomRecords::from_stream(&[]).expect("no records"),
    };
    let parts = [Part { hops: &hops, tail: None }];
    let onions = build_parts(&Secp256k1::new(), &seed, &parts, &payment).expect("an onion");
    let secrets = onions[0].failure_secrets();
    let (message, held) = (FailureMessage::from(Failure::TemporaryNodeFailure), HoldTime::from_units(0));
    let failed = FailurePacket::new(&secrets[1], &message, held).expect("it is short");
    hex(&failed.relay(&secrets[0], held).reason)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
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
            format!("{line} {}\n", hex(&encode_routes([route], Served::default())))
        }
        Err(RouteError::NoRoute(no)) => {
            let (reason, value) = match no {
                NoRoute::PayerCannotSend { largest } | NoRoute::BalanceShort { balance: largest, .. } => {
                    (1, largest.to_msat())
                }
                NoRoute::PayeeCannotReceive { largest } => (2, largest.to_msat()),
                NoRoute::FeeLimit { needed, .. } => (3, needed.to_msat()),
                NoRoute::Limit { .. } | NoRoute::TooStrict { .. } | NoRoute::RouteLimits { .. } => (4, none),
                NoRoute::HtlcMinimum { minimum } => (5, minimum.to_msat()),
                _ => (6, none),
            };
            format!("FG_NO_ROUTE {reason} {value}\n")
        }
        Err(error) => panic!("no answer: {error}"),
    }
}

const PAYMENT_COUNT: usize = 1000;
