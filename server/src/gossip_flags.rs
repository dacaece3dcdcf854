//! Flags of a node of gossip, which `sync` and `serve` share: whom to learn from, and whom to believe.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bitcoin::secp256k1::SecretKey;
use clap::{Args, ValueEnum};
use primitives::ChainHash;
use server::chain::{ChainConfig, RpcAuth, RpcConfig};
use server::net::{OpenedSync, PeerAddress, Secrets, SyncConfig, open_sync};
use server::store::{COMPACTION_SIZE_MIN, HeaderLog, LogError};

use crate::exit::Failure;
use crate::proof_start::{ProofStart, headers};

/// Whom a node of gossip learns from, and whom it believes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gossip")]
pub(crate) struct GossipFlags {
    /// A node to learn from and to tell; may be given again and again
    #[arg(long = "peer", value_name = "PUBKEY@HOST:PORT")]
    pub(crate) peers: Vec<PeerAddress>,
    /// Who says that a channel's funding output is there and unspent [default: bitcoind, where one is named or runs here]
    #[arg(long, value_enum, value_name = "WHO")]
    funding_check: Option<FundingCheckBy>,
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
    /// A SOCKS5 proxy for all connections to peers, such as Tor's 127.0.0.1:9050
    #[arg(long, value_name = "ADDRESS:PORT")]
    proxy: Option<SocketAddr>,
    /// The network
    #[arg(long, value_enum, default_value_t = Network::Bitcoin)]
    network: Network,
    /// The file with our key, made where it is not there [default: a new key each time]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Who looks for funding outputs. Nobody only where that is said by name: without a check, anybody may invent channels.
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

impl GossipFlags {
    /// The network's chain.
    pub(crate) const fn chain_hash(&self) -> ChainHash {
        self.network.chain_hash()
    }

    /// Reads the log, or makes it: what a node needs to know before it begins. `listen` is where others may connect, and
    /// `thread_count` how many threads check signatures, 0 one for each processor.
    pub(crate) fn open(
        &self,
        log: &Path,
        listen: Option<SocketAddr>,
        thread_count: usize,
    ) -> Result<OpenedSync, Failure> {
        let node_key = match &self.key {
            Some(path) => node_key(path)?,
            None => secret_key()?,
        };
        let config = SyncConfig {
            chain_hash: self.chain_hash(),
            log: log.to_owned(),
            chain: self.chain(log)?,
            peers: self.peers.clone(),
            listen,
            proxy: self.proxy,
            verify_thread_count: thread_count,
            compaction_size_min: COMPACTION_SIZE_MIN,
            secrets: Secrets { node_key, seed: random()? },
        };
        open_sync(config).map_err(|error| log_failure(log, error))
    }

    fn chain(&self, log: &Path) -> Result<Option<ChainConfig>, Failure> {
        if self.proof_start.is_some() && self.funding_check != Some(FundingCheckBy::Proof) {
            return Err(Failure::usage("--proof-start is for proofs", "add --funding-check proof"));
        }
        match self.funding_check()? {
            FundingCheckBy::None => Ok(None),
            FundingCheckBy::Bitcoind => Ok(Some(ChainConfig::Believed(self.rpc()?))),
            FundingCheckBy::Proof => {
                let headers = Box::new(headers(self.network.of_bitcoin(), self.proof_start)?);
                let file = Some(HeaderLog::path_beside(log));
                Ok(Some(ChainConfig::Proven { rpc: self.rpc()?, headers, file }))
            }
        }
    }

    /// A Bitcoin Core that is named, or has left its cookie on this machine, is asked without being told to.
    fn funding_check(&self) -> Result<FundingCheckBy, Failure> {
        let is_named =
            self.bitcoind.is_some() || self.bitcoind_user.is_some() || self.bitcoind_cookie.is_some();
        match self.funding_check {
            Some(check) => Ok(check),
            None if is_named || self.network.cookie().is_ok_and(|cookie| cookie.exists()) => {
                Ok(FundingCheckBy::Bitcoind)
            }
            None => Err(Failure::usage(
                "it is not said who looks for funding outputs, and no Bitcoin Core is found here",
                "add --funding-check bitcoind, proof, or none to believe everybody",
            )),
        }
    }

    fn rpc(&self) -> Result<RpcConfig, Failure> {
        let address = || format!("127.0.0.1:{}", self.network.rpc_port());
        Ok(RpcConfig {
            address: self.bitcoind.clone().unwrap_or_else(address),
            auth: match (&self.bitcoind_user, &self.bitcoind_cookie) {
                (Some(user), _) => RpcAuth::Password(user.clone()),
                (None, Some(path)) => RpcAuth::Cookie(path.clone()),
                (None, None) => RpcAuth::Cookie(self.network.cookie()?),
            },
        })
    }
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

/// What went wrong with a log.
pub(crate) fn log_failure(path: &Path, error: LogError) -> Failure {
    match error {
        LogError::Io { path, error } => Failure::File { action: "use", path, error },
        error => {
            let hint = match error {
                LogError::Locked { .. } => {
                    "stop the other one, or read along with `fulgurite serve --follow`"
                }
                _ => "name another file for the log, or another --network",
            };
            // Both name the file.
            let (text, name) = (error.to_string(), format!("{}: ", path.display()));
            Failure::Content {
                path: path.to_owned(),
                message: text.strip_prefix(&name).unwrap_or(&text).to_owned(),
                hint,
            }
        }
    }
}
