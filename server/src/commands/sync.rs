//! `fulgurite sync`: learns the graph from peers and keeps it in a log.

use std::io::{IsTerminal as _, Write, stderr};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use bitcoin::secp256k1::SecretKey;
use clap::{Args, ValueEnum};
use engine::graph::Topology;
use engine::snapshot::{ChannelGraph, GraphWriter};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use primitives::ChainHash;
use server::chain::{ChainConfig, RpcAuth, RpcConfig};
use server::net::{Notice, PeerAddress, Secrets, Status, SyncConfig, SyncNode, open_sync};
use server::store::LogError;

use super::proof_start::{ProofStart, headers};
use crate::exit::{Failure, Outcome};
use crate::graph_file::{self, SaveFormat};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// A node to learn from and to tell; may be given again and again
    #[arg(long = "peer", value_name = "PUBKEY@HOST:PORT")]
    peers: Vec<PeerAddress>,
    /// The log of verified gossip; made where it is not there
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// Write the graph at the end, in the format of the name: .csv, .json (LND's), or a snapshot
    #[arg(long, value_name = "FILE")]
    graph_out: Option<PathBuf>,
    /// Who says that a channel's funding output is there and unspent
    #[arg(long, value_enum, value_name = "WHO")]
    funding_check: FundingCheckBy,
    /// Where Bitcoin Core answers [default: port of the network on this machine]
    #[arg(long, value_name = "HOST:PORT")]
    bitcoind: Option<String>,
    /// Bitcoin Core's cookie file [default: where Core writes it for the network]
    #[arg(long, value_name = "FILE", conflicts_with = "bitcoind_user")]
    bitcoind_cookie: Option<PathBuf>,
    /// User and password of Bitcoin Core
    #[arg(long, value_name = "USER:PASSWORD", env = "FULGURITE_BITCOIND_USER", hide_env_values = true)]
    bitcoind_user: Option<String>,
    /// For proofs, a header to begin with instead of the network's first one: that of a height which is a multiple of 2016,
    /// which you trust, in hexadecimal digits
    #[arg(long, value_name = "HEIGHT:HEADER")]
    proof_start: Option<ProofStart>,
    /// Let others connect here, and tell them what we know; port 0 is any
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// A SOCKS5 proxy for all connections to peers, such as Tor's 127.0.0.1:9050
    #[arg(long, value_name = "ADDRESS:PORT")]
    proxy: Option<SocketAddr>,
    /// The network
    #[arg(long, value_enum, default_value_t = Network::Bitcoin)]
    network: Network,
    /// The file with our key, made where it is not there [default: a new key each time]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// End when everything is known that the peers know
    #[arg(long)]
    until_synced: bool,
    /// Threads that check signatures; 0 is one for each processor
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    threads: usize,
}

/// Who looks for funding outputs. There is no default: without a check, anybody may invent channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FundingCheckBy {
    /// A Bitcoin Core node, which is believed
    Bitcoind,
    /// A Bitcoin Core node, which must prove that the output was made, and may be anybody's
    Proof,
    /// Nobody: peers are believed, and capacities stay unknown
    None,
}

/// A network of Bitcoin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Network {
    /// The real one
    Bitcoin,
    /// The third test network
    Testnet,
    /// The fourth test network
    Testnet4,
    /// The signed test network
    Signet,
    /// One of one's own
    Regtest,
}

/// Runs until Ctrl-C, or until all is known.
pub(crate) fn run(args: &SyncArgs, out: &mut impl Write) -> Result<Outcome, Failure> {
    let config = config(args)?;
    if args.until_synced && args.peers.is_empty() {
        return Err(Failure::usage("without a peer nothing is ever synced", "add --peer PUBKEY@HOST:PORT"));
    }
    let opened = open_sync(config).map_err(|error| log_failure(&args.log, error))?;
    let notes = opened.notes();
    writeln!(out, "log     {}: {} records", args.log.display(), HumanCount(notes.record_count))?;
    if notes.torn_bytes > 0 {
        let size = HumanBytes(notes.torn_bytes);
        writeln!(
            out,
            "        {size} at its end were torn by a crash; they lie beside it, and peers tell them again"
        )?;
    }
    let graph = opened.graph().and_then(Topology::build);
    let graph = graph.map_err(|error| Failure::usage(error.to_string(), "use another log"))?;
    let (_, writer) = ChannelGraph::new(graph);
    let (notices_in, notices) = sync_channel(NOTICE_COUNT_MAX);
    let node = opened.start(writer, Some(notices_in));
    let node = node.map_err(|error| start_failure(args, &error))?;
    writeln!(out, "node    {}", node.node_id())?;
    if let Some(address) = node.listens_at() {
        writeln!(out, "listen  {address}")?;
    }
    out.flush()?;
    watch(&node, &notices, args.until_synced)?;
    let status = node.status();
    let mut writer = node.stop().map_err(|error| log_failure(&args.log, error))?;
    let (nodes, channels) = (HumanCount(status.node_count as u64), HumanCount(status.channel_count as u64));
    writeln!(out, "graph   {nodes} nodes, {channels} channels")?;
    if let Some(path) = &args.graph_out {
        writer.publish();
        writer.begin_merge();
        GraphWriter::finish_merge(&mut writer);
        graph_file::save(writer.snapshot().topology(), SaveFormat::of(path), path)?;
        writeln!(out, "wrote   {}", path.display())?;
    }
    Ok(Outcome::Done)
}

/// Shows what happens until somebody ends it.
fn watch(
    node: &SyncNode<GraphWriter>,
    notices: &Receiver<Notice>,
    until_synced: bool,
) -> Result<(), Failure> {
    let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        let (mut ticks, mut before) = (tokio::time::interval(LOOK_EVERY), Status::default());
        loop {
            tokio::select! {
                _ = &mut interrupt => break,
                _ = ticks.tick() => {}
            }
            for notice in notices.try_iter() {
                bar.suspend(|| writeln!(stderr(), "{notice}"))?;
            }
            let status = node.status();
            let per_second =
                (status.message_count - before.message_count) * 1000 / LOOK_EVERY.as_millis() as u64;
            bar.set_message(line(&status, per_second));
            bar.tick();
            if !node.is_running() || (until_synced && status.is_synced) {
                break;
            }
            before = status;
        }
        bar.finish_and_clear();
        Ok(())
    })
}

fn line(status: &Status, per_second: u64) -> String {
    let left = if status.wanted_count == 0 {
        String::new()
    } else {
        format!(", {} to ask for", status.wanted_count)
    };
    format!(
        "{} peers, {} messages a second, {} channels, {} nodes{left}, {} logged",
        status.peers.len(),
        HumanCount(per_second),
        HumanCount(status.channel_count as u64),
        HumanCount(status.node_count as u64),
        HumanBytes(status.log_bytes),
    )
}

fn config(args: &SyncArgs) -> Result<SyncConfig, Failure> {
    if args.proof_start.is_some() && args.funding_check != FundingCheckBy::Proof {
        return Err(Failure::usage("--proof-start is for proofs", "add --funding-check proof"));
    }
    let chain = match args.funding_check {
        FundingCheckBy::None => None,
        FundingCheckBy::Bitcoind => Some(ChainConfig::Believed(rpc(args)?)),
        FundingCheckBy::Proof => {
            let headers = Box::new(headers(args.network.of_bitcoin(), args.proof_start)?);
            Some(ChainConfig::Proven { rpc: rpc(args)?, headers })
        }
    };
    let node_key = match &args.key {
        Some(path) => node_key(path)?,
        None => secret_key()?,
    };
    Ok(SyncConfig {
        chain_hash: args.network.chain_hash(),
        log: args.log.clone(),
        chain,
        peers: args.peers.clone(),
        listen: args.listen,
        proxy: args.proxy,
        verify_thread_count: args.threads,
        secrets: Secrets { node_key, seed: random()? },
    })
}

fn rpc(args: &SyncArgs) -> Result<RpcConfig, Failure> {
    let local = || format!("127.0.0.1:{}", args.network.rpc_port());
    Ok(RpcConfig {
        address: args.bitcoind.clone().unwrap_or_else(local),
        auth: match (&args.bitcoind_user, &args.bitcoind_cookie) {
            (Some(user), _) => RpcAuth::Password(user.clone()),
            (None, Some(path)) => RpcAuth::Cookie(path.clone()),
            (None, None) => RpcAuth::Cookie(args.network.cookie()?),
        },
    })
}

/// Reads the key of a file, or makes both.
fn node_key(path: &Path) -> Result<SecretKey, Failure> {
    let content = |message: String| Failure::Content {
        path: path.to_owned(),
        message,
        hint: "the file holds 64 hexadecimal digits; delete it to get a new key",
    };
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map_err(|error| content(format!("no key: {error}"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = secret_key()?;
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path);
            let written = file.and_then(|mut file| writeln!(file, "{}", key.display_secret()));
            written.map_err(Failure::file("write", path))?;
            Ok(key)
        }
        Err(error) => Err(Failure::file("read", path)(error)),
    }
}

fn secret_key() -> Result<SecretKey, Failure> {
    loop {
        // All but one number in 2^127 are keys.
        if let Ok(key) = SecretKey::from_slice(&random()?) {
            return Ok(key);
        }
    }
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::usage(format!("the system gives no random bytes: {error}"), "try again"))?;
    Ok(bytes)
}

fn log_failure(path: &Path, error: LogError) -> Failure {
    match error {
        LogError::Io { path, error } => Failure::File { action: "use", path, error },
        error => {
            // Both name the file.
            let (text, name) = (error.to_string(), format!("{}: ", path.display()));
            Failure::Content {
                path: path.to_owned(),
                message: text.strip_prefix(&name).unwrap_or(&text).to_owned(),
                hint: "name another file by --log, or another --network",
            }
        }
    }
}

fn start_failure(args: &SyncArgs, error: &std::io::Error) -> Failure {
    match args.listen {
        Some(address) => Failure::usage(format!("cannot listen at {address}: {error}"), "change --listen"),
        None => Failure::usage(format!("cannot start: {error}"), "lower --threads"),
    }
}

impl Network {
    const fn chain_hash(self) -> ChainHash {
        match self {
            Network::Bitcoin => ChainHash::BITCOIN,
            Network::Testnet => ChainHash::TESTNET3,
            Network::Testnet4 => ChainHash::TESTNET4,
            Network::Signet => ChainHash::SIGNET,
            Network::Regtest => ChainHash::REGTEST,
        }
    }

    /// The network's rules.
    const fn of_bitcoin(self) -> bitcoin::Network {
        match self {
            Network::Bitcoin => bitcoin::Network::Bitcoin,
            Network::Testnet => bitcoin::Network::Testnet,
            Network::Testnet4 => bitcoin::Network::Testnet4,
            Network::Signet => bitcoin::Network::Signet,
            Network::Regtest => bitcoin::Network::Regtest,
        }
    }

    /// Where Bitcoin Core answers by default.
    const fn rpc_port(self) -> u16 {
        match self {
            Network::Bitcoin => 8332,
            Network::Testnet => 18332,
            Network::Testnet4 => 48332,
            Network::Signet => 38332,
            Network::Regtest => 18443,
        }
    }

    /// Where Bitcoin Core writes its cookie by default.
    fn cookie(self) -> Result<PathBuf, Failure> {
        let home = std::env::home_dir().ok_or_else(|| {
            Failure::usage(
                "it is not known where your Bitcoin Core has its files",
                "name its --bitcoind-cookie",
            )
        })?;
        let folder = match self {
            Network::Bitcoin => "",
            Network::Testnet => "testnet3",
            Network::Testnet4 => "testnet4",
            Network::Signet => "signet",
            Network::Regtest => "regtest",
        };
        Ok(home.join(".bitcoin").join(folder).join(".cookie"))
    }
}

/// Notices that wait to be shown; more are dropped.
const NOTICE_COUNT_MAX: usize = 256;
const LOOK_EVERY: Duration = Duration::from_millis(250);
