//! The client of Bitcoin Core against a server that speaks as Core does: which outputs it finds, what it makes of errors and
//! lies, and how it learns that an output was spent, or was not after all.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::hashes::Hash as _;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_PUSHNUM_2};
use bitcoin::script::Builder;
use bitcoin::{
    Amount, Block, BlockHash, MerkleBlock, Network, OutPoint, ScriptBuf, Transaction, TxIn, TxMerkleNode,
    TxOut, Txid, Witness, transaction,
};
use gossip::funding::{FundingAnswer, FundingQuestion, HeaderChain, HeaderError, ProofError, funding_script};
use primitives::{BlockHeight, ShortChannelId};
use serde_json::{Value, json};
use server::chain::{ChainAnswer, ChainConfig, ChainError, ChainQuestion, RpcAuth, RpcConfig, serve};
use tokio::sync::mpsc;

const KEYS: [[u8; 33]; 2] = [[2; 33], [3; 33]];
const CREDENTIALS: &str = "Basic dXNlcjpwYXNz";
/// Longer than any machine is slow.
const PATIENCE: Duration = Duration::from_secs(300);

/// The block ten minutes after another, with the work that its header wants, or without.
pub(super) fn mined(parent: &Header, txdata: Vec<Transaction>, has_work: bool) -> Block {
    let header = Header {
        version: Version::ONE,
        prev_blockhash: parent.block_hash(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: parent.time + 600,
        bits: parent.bits,
        nonce: 0,
    };
    let mut block = Block { header, txdata };
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    while block.header.target().is_met_by(block.block_hash()) != has_work {
        block.header.nonce += 1;
    }
    block
}

/// A chain as Core would tell it.
#[derive(Default)]
pub(super) struct Chain {
    /// Blocks by height, with their hashes.
    pub(super) blocks: Vec<(BlockHash, Block)>,
    unspent: BTreeMap<OutPoint, TxOut>,
    pub(super) calls: BTreeMap<String, usize>,
    lie: Option<Lie>,
    /// Blocks below this height are deleted.
    pub(super) pruned_below: usize,
}

/// What is not said as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lie {
    /// The funding output is larger.
    Amount,
    /// A block has no work.
    Work,
    /// A block that spends an output does without the spending transaction.
    Spent,
    /// A block has one transaction more.
    Count,
}

impl Chain {
    /// Regtest's first block.
    fn begun() -> Self {
        let genesis = bitcoin::constants::genesis_block(Network::Regtest);
        Chain { blocks: vec![(genesis.block_hash(), genesis)], ..Chain::default() }
    }

    /// A block whose first transaction makes coins; `salt` tells it from others.
    pub(super) fn mine(&mut self, mut txdata: Vec<Transaction>, salt: u8) {
        let mut coins = transaction(OutPoint::null(), Witness::new(), vec![]);
        coins.input[0].script_sig = ScriptBuf::from(vec![1, salt]);
        txdata.insert(0, coins);
        let (_, parent) = self.blocks.last().expect("the first block is there");
        let Block { header, txdata } = mined(&parent.header, txdata, self.lie != Some(Lie::Work));
        for transaction in &txdata {
            for input in &transaction.input {
                self.unspent.remove(&input.previous_output);
            }
            for (vout, output) in transaction.output.iter().enumerate() {
                let point = OutPoint { txid: transaction.compute_txid(), vout: vout as u32 };
                self.unspent.insert(point, output.clone());
            }
        }
        self.blocks.push((header.block_hash(), Block { header, txdata }));
    }

    fn answer(&mut self, method: &str, params: &Value) -> Result<Value, i64> {
        *self.calls.entry(method.to_owned()).or_default() += 1;
        let height_of = |hash: &Value| {
            let hash = hash.as_str().unwrap();
            self.blocks.iter().position(|(known, _)| known.to_string() == hash).ok_or(-5)
        };
        match method {
            "getbestblockhash" => Ok(json!(self.blocks.last().unwrap().0.to_string())),
            "getblockhash" => {
                let height = params[0].as_u64().unwrap() as usize;
                self.blocks.get(height).map(|(hash, _)| json!(hash.to_string())).ok_or(-8)
            }
            "getblockcount" => Ok(json!(self.blocks.len() - 1)),
            "getblockheader" if params[1] == false => {
                Ok(json!(serialize_hex(&self.blocks[height_of(&params[0])?].1.header)))
            }
            "gettxoutproof" => {
                let txid: Txid = params[0][0].as_str().unwrap().parse().unwrap();
                let block = &self.blocks[height_of(&params[1])?].1;
                let tree = MerkleBlock::from_block_with_predicate(block, |found| *found == txid);
                Ok(json!(serialize_hex(&tree)))
            }
            "getrawtransaction" => {
                let block = &self.blocks[height_of(&params[2])?].1;
                let is_asked = |tx: &&Transaction| params[0] == tx.compute_txid().to_string();
                let mut found = block.txdata.iter().find(is_asked).ok_or(-5)?.clone();
                if self.lie == Some(Lie::Amount) {
                    found.output[0].value = Amount::from_sat(9_999_999);
                }
                Ok(json!(serialize_hex(&found)))
            }
            "getblockheader" => {
                let height = height_of(&params[0])?;
                let previous = self.blocks[height].1.header.prev_blockhash.to_string();
                Ok(json!({ "height": height, "previousblockhash": previous }))
            }
            "getblock" => {
                let height = height_of(&params[0])?;
                if height < self.pruned_below {
                    return Err(-1);
                }
                let mut block = self.blocks[height].1.clone();
                if self.lie == Some(Lie::Spent) {
                    block.txdata.truncate(1);
                }
                if self.lie == Some(Lie::Count) {
                    block.txdata.push(block.txdata[0].clone());
                }
                let txids =
                    || block.txdata.iter().map(|tx| tx.compute_txid().to_string()).collect::<Vec<_>>();
                Ok(if params[1] == 0 { json!(serialize_hex(&block)) } else { json!({ "tx": txids() }) })
            }
            "gettxout" => {
                let txid: Txid = params[0].as_str().unwrap().parse().unwrap();
                let point = OutPoint { txid, vout: params[1].as_u64().unwrap() as u32 };
                Ok(self.unspent.get(&point).map_or(Value::Null, |output| {
                    json!({
                        "value": output.value.to_btc(),
                        "scriptPubKey": { "hex": output.script_pubkey.to_hex_string() },
                    })
                }))
            }
            _ => Err(-32601),
        }
    }
}

fn serve_http(chain: &Mutex<Chain>, socket: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(socket.try_clone().ok()?);
    loop {
        let (mut size, mut is_known) = (0, false);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => size = value.parse().ok()?,
                "authorization" => is_known = value == CREDENTIALS,
                _ => {}
            }
        }
        let mut body = vec![0; size];
        reader.read_exact(&mut body).ok()?;
        let request: Value = serde_json::from_slice(&body).ok()?;
        let ask = |request: &Value| {
            let method = request["method"].as_str().unwrap();
            let (result, error) = match chain.lock().unwrap().answer(method, &request["params"]) {
                Ok(result) => (result, Value::Null),
                Err(code) => (Value::Null, json!({ "code": code, "message": "no" })),
            };
            json!({ "result": result, "error": error, "id": request["id"] })
        };
        let (status, body) = match &request {
            _ if !is_known => ("401 Unauthorized", String::new()),
            Value::Array(requests) => {
                ("200 OK", Value::Array(requests.iter().map(ask).collect()).to_string())
            }
            request => {
                let answer = ask(request);
                let is_good = answer["error"].is_null();
                (if is_good { "200 OK" } else { "500 Internal Server Error" }, answer.to_string())
            }
        };
        write!(&socket, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

fn start_server(chain: &Arc<Mutex<Chain>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, chain) = (listener.local_addr().unwrap(), Arc::clone(chain));
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let chain = Arc::clone(&chain);
            std::thread::spawn(move || serve_http(&chain, socket));
        }
    });
    address
}

pub(super) fn transaction(input: OutPoint, witness: Witness, outputs: Vec<TxOut>) -> Transaction {
    let input = TxIn { previous_output: input, witness, ..TxIn::default() };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: outputs,
    }
}

pub(super) fn from(byte: u8) -> OutPoint {
    OutPoint { txid: Txid::from_byte_array([byte; 32]), vout: 0 }
}

pub(super) fn output(script_pubkey: ScriptBuf, sat: u64) -> TxOut {
    TxOut { value: Amount::from_sat(sat), script_pubkey }
}

pub(super) fn channel_script() -> ScriptBuf {
    funding_script(&KEYS[0], &KEYS[1])
}

/// What a closing transaction shows.
fn closing_witness() -> Witness {
    let script = Builder::new()
        .push_opcode(OP_PUSHNUM_2)
        .push_slice(KEYS[0])
        .push_slice(KEYS[1])
        .push_opcode(OP_PUSHNUM_2)
        .push_opcode(OP_CHECKMULTISIG)
        .into_script();
    Witness::from_slice(&[&[][..], &[1; 71], &[2; 71], script.as_bytes()])
}

pub(super) struct Asker {
    pub(super) questions: mpsc::UnboundedSender<ChainQuestion>,
    answers: mpsc::UnboundedReceiver<ChainAnswer>,
}

impl Asker {
    pub(super) fn start(config: RpcConfig) -> Self {
        Asker::start_with(ChainConfig::Believed(config))
    }

    /// The same, but for a server that must prove what it says.
    pub(super) fn start_doubtful(rpc: RpcConfig) -> Self {
        Asker::start_with(ChainConfig::Proven {
            rpc,
            headers: Box::new(HeaderChain::from_genesis(Network::Regtest)),
            file: None,
        })
    }

    pub(super) fn start_with(config: ChainConfig) -> Self {
        let ((questions, received), (sent, answers)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        tokio::spawn(serve(config, received, move |answer| sent.send(answer).is_ok()));
        Asker { questions, answers }
    }

    pub(super) fn ask(&self, block: u32, transaction: u32, output: u16) {
        let short_channel_id = ShortChannelId::from_parts(block, transaction, output).unwrap();
        let question = FundingQuestion { short_channel_id, script_pubkey: channel_script() };
        self.questions.send(ChainQuestion::Funding(question)).unwrap();
    }

    pub(super) async fn next(&mut self) -> ChainAnswer {
        tokio::time::timeout(PATIENCE, self.answers.recv()).await.unwrap().unwrap()
    }

    /// The next answer that is no block.
    pub(super) async fn found(&mut self) -> FundingAnswer {
        loop {
            if let ChainAnswer::Funding { answer, .. } = self.next().await {
                return answer;
            }
        }
    }
}

pub(super) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn config(address: SocketAddr, password: &str) -> RpcConfig {
    RpcConfig { address: address.to_string(), auth: RpcAuth::Password(password.into()) }
}

#[test]
fn outputs_are_found_and_their_end_is_noticed() {
    let chain = Arc::new(Mutex::new(Chain::begun()));
    let funding = transaction(
        from(1),
        Witness::new(),
        vec![output(ScriptBuf::new(), 7), output(channel_script(), 2_099_999_997_690_000)],
    );
    let point = OutPoint { txid: funding.compute_txid(), vout: 1 };
    chain.lock().unwrap().mine(vec![funding], 1);
    chain.lock().unwrap().mine(vec![], 2);
    let address = start_server(&chain);
    runtime().block_on(async {
        let mut asker = Asker::start(config(address, "user:pass"));
        asker.ask(1, 1, 1);
        let expected = output(channel_script(), 2_099_999_997_690_000);
        assert_eq!(asker.found().await, FundingAnswer::Unspent(expected));
        // No such output, no such transaction, no such block yet.
        asker.ask(1, 1, 2);
        assert_eq!(asker.found().await, FundingAnswer::Missing);
        asker.ask(1, 2, 0);
        assert_eq!(asker.found().await, FundingAnswer::Missing);
        asker.ask(3, 0, 0);
        assert_eq!(asker.found().await, FundingAnswer::Unknown);
        assert_eq!(chain.lock().unwrap().calls["getblock"], 1, "a block is asked for once");

        // Two blocks later the channel is closed in the second one.
        let closing = transaction(point, closing_witness(), vec![]);
        chain.lock().unwrap().mine(vec![], 77);
        chain.lock().unwrap().mine(vec![closing], 78);
        let mut heights = Vec::new();
        let id = loop {
            match asker.next().await {
                ChainAnswer::Block { height } => heights.push(height.to_u32()),
                ChainAnswer::Spent { short_channel_id, spent_at } => {
                    assert_eq!(spent_at, Some(BlockHeight::from_u32(4)));
                    break short_channel_id;
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(id, ShortChannelId::from_parts(1, 1, 1).unwrap());
        assert_eq!(heights.last(), Some(&3));

        // Another branch has it unspent.
        {
            let mut chain = chain.lock().unwrap();
            chain.blocks.truncate(4);
            chain.unspent.insert(point, output(channel_script(), 1));
            chain.mine(vec![], 79);
            chain.mine(vec![], 80);
        }
        loop {
            if let ChainAnswer::Spent { short_channel_id, spent_at } = asker.next().await {
                assert_eq!((short_channel_id, spent_at), (id, None));
                break;
            }
        }
    });
}

#[test]
fn a_node_that_gives_no_answers_is_told_of() {
    let chain = Arc::new(Mutex::new(Chain::begun()));
    let address = start_server(&chain);
    runtime().block_on(async {
        let mut stranger = Asker::start(config(address, "user:wrong"));
        stranger.ask(1, 1, 1);
        let mut has_failed = false;
        loop {
            match stranger.next().await {
                ChainAnswer::Failed(error) => {
                    assert_eq!(error, ChainError::Auth);
                    has_failed = true;
                }
                ChainAnswer::Funding { answer, .. } => {
                    assert_eq!(answer, FundingAnswer::Unknown);
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        // Its first question of all may have been for the tip.
        while !has_failed {
            has_failed = matches!(stranger.next().await, ChainAnswer::Failed(ChainError::Auth));
        }
        // Nobody listens at the other end of a connection, and nobody else can as long as it is there.
        let taken = TcpStream::connect(address).unwrap();
        let mut alone = Asker::start(config(taken.local_addr().unwrap(), "user:pass"));
        assert!(matches!(alone.next().await, ChainAnswer::Failed(ChainError::Connect(_))));
    });
}

/// A chain with a channel in its first block, and where it is served.
pub(super) fn served(lie: Option<Lie>) -> (Arc<Mutex<Chain>>, RpcConfig, OutPoint) {
    let mut chain = Chain::begun();
    let funding = transaction(from(1), Witness::new(), vec![output(channel_script(), 40_000)]);
    chain.lie = lie;
    chain.mine(vec![funding.clone()], 1);
    chain.mine(vec![], 2);
    let chain = Arc::new(Mutex::new(chain));
    let address = start_server(&chain);
    (chain, config(address, "user:pass"), OutPoint { txid: funding.compute_txid(), vout: 0 })
}

impl Asker {
    /// The next complaint.
    pub(super) async fn failure(&mut self) -> ChainError {
        loop {
            if let ChainAnswer::Failed(error) = self.next().await {
                return error;
            }
        }
    }
}

#[test]
fn what_is_proven_is_found_and_its_end_is_noticed() {
    let (chain, config, point) = served(None);
    runtime().block_on(async {
        let mut asker = Asker::start_doubtful(config);
        asker.ask(1, 1, 0);
        assert_eq!(asker.found().await, FundingAnswer::Unspent(output(channel_script(), 40_000)));
        asker.ask(1, 2, 0);
        assert_eq!(asker.found().await, FundingAnswer::Missing);
        asker.ask(3, 0, 0);
        assert_eq!(asker.found().await, FundingAnswer::Unknown);
        // A block that spends it, and the block is shown without that.
        let closing = transaction(point, closing_witness(), vec![]);
        {
            let mut chain = chain.lock().unwrap();
            chain.lie = Some(Lie::Spent);
            chain.mine(vec![closing], 3);
        }
        let height = BlockHeight::from_u32(3);
        assert_eq!(asker.failure().await, ChainError::Proof(ProofError::NotWhole { height }));
        chain.lock().unwrap().lie = None;
        loop {
            if let ChainAnswer::Spent { spent_at, .. } = asker.next().await {
                assert_eq!(spent_at, Some(height));
                break;
            }
        }
        // Another branch makes the channel later: it is not where it was.
        {
            let mut chain = chain.lock().unwrap();
            chain.blocks.truncate(1);
            chain.unspent.clear();
            for salt in 10..14 {
                chain.mine(vec![], salt);
            }
        }
        let (mut is_taken_back, mut is_lost) = (false, false);
        while !(is_taken_back && is_lost) {
            match asker.next().await {
                ChainAnswer::Spent { spent_at: None, .. } => is_taken_back = true,
                ChainAnswer::Spent { spent_at: Some(height), .. } => {
                    assert_eq!(height, BlockHeight::from_u32(4));
                    is_lost = true;
                }
                _ => {}
            }
        }
    });
}

#[test]
fn lies_are_told_of_and_not_believed() {
    runtime().block_on(async {
        let (_chain, config, _) = served(Some(Lie::Amount));
        let mut asker = Asker::start_doubtful(config.clone());
        asker.ask(1, 1, 0);
        assert_eq!(asker.found().await, FundingAnswer::Unknown);
        assert!(matches!(asker.failure().await, ChainError::Proof(ProofError::Place { .. })));
        // Who believes takes what the set of outputs says.
        let mut believer = Asker::start(config);
        believer.ask(1, 1, 0);
        assert!(matches!(believer.found().await, FundingAnswer::Unspent(_)));

        let (_chain, config, _) = served(Some(Lie::Work));
        let mut asker = Asker::start_doubtful(config);
        asker.ask(1, 1, 0);
        assert_eq!(asker.failure().await, ChainError::Headers(HeaderError::Work { height: 1 }));
        assert_eq!(asker.found().await, FundingAnswer::Unknown);
    });
}
