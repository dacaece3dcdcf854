//! The client of Bitcoin Core against a server that speaks as Core does: which outputs it finds, what it makes of errors,
//! and how it learns that an output was spent, or was not after all.

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
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Transaction, TxIn, TxMerkleNode, TxOut,
    Txid, Witness, transaction,
};
use gossip::funding::{FundingAnswer, FundingQuestion, funding_script};
use primitives::{BlockHeight, ShortChannelId};
use serde_json::{Value, json};
use server::chain::{ChainAnswer, ChainError, ChainQuestion, RpcAuth, RpcConfig, serve};
use tokio::sync::mpsc;

const KEYS: [[u8; 33]; 2] = [[2; 33], [3; 33]];
const CREDENTIALS: &str = "Basic dXNlcjpwYXNz";

/// A chain as Core would tell it.
#[derive(Default)]
struct Chain {
    /// Blocks by height, with their hashes.
    blocks: Vec<(BlockHash, Block)>,
    unspent: BTreeMap<OutPoint, TxOut>,
    calls: BTreeMap<String, usize>,
}

impl Chain {
    fn mine(&mut self, txdata: Vec<Transaction>, nonce: u32) {
        let prev_blockhash = self.blocks.last().map_or(BlockHash::all_zeros(), |(hash, _)| *hash);
        let merkle_root = TxMerkleNode::all_zeros();
        let header = Header {
            version: Version::ONE,
            prev_blockhash,
            merkle_root,
            time: 1,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce,
        };
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
            "getblockheader" => {
                let height = height_of(&params[0])?;
                let previous = self.blocks[height].1.header.prev_blockhash.to_string();
                Ok(json!({ "height": height, "previousblockhash": previous }))
            }
            "getblock" => {
                let block = &self.blocks[height_of(&params[0])?].1;
                let txids =
                    || block.txdata.iter().map(|tx| tx.compute_txid().to_string()).collect::<Vec<_>>();
                Ok(if params[1] == 0 { json!(serialize_hex(block)) } else { json!({ "tx": txids() }) })
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

/// Said of whoever does not know the password: such a one is not heard.
const UNAUTHORIZED: i64 = 401;

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
        let ask = || chain.lock().unwrap().answer(request["method"].as_str().unwrap(), &request["params"]);
        let (status, body) = match if is_known { ask() } else { Err(UNAUTHORIZED) } {
            Err(UNAUTHORIZED) => ("401 Unauthorized", String::new()),
            Ok(result) => ("200 OK", json!({ "result": result, "error": null, "id": 0 }).to_string()),
            Err(code) => {
                let error = json!({ "code": code, "message": "no" });
                ("500 Internal Server Error", json!({ "result": null, "error": error, "id": 0 }).to_string())
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

fn transaction(input: OutPoint, witness: Witness, outputs: Vec<TxOut>) -> Transaction {
    let input = TxIn { previous_output: input, witness, ..TxIn::default() };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: outputs,
    }
}

fn from(byte: u8) -> OutPoint {
    OutPoint { txid: Txid::from_byte_array([byte; 32]), vout: 0 }
}

fn output(script_pubkey: ScriptBuf, sat: u64) -> TxOut {
    TxOut { value: Amount::from_sat(sat), script_pubkey }
}

fn channel_script() -> ScriptBuf {
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

struct Asker {
    questions: mpsc::UnboundedSender<ChainQuestion>,
    answers: mpsc::UnboundedReceiver<ChainAnswer>,
}

impl Asker {
    fn start(config: RpcConfig) -> Self {
        let ((questions, received), (sent, answers)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        tokio::spawn(serve(config, received, move |answer| sent.send(answer).is_ok()));
        Asker { questions, answers }
    }

    fn ask(&self, block: u32, transaction: u32, output: u16) {
        let short_channel_id = ShortChannelId::from_parts(block, transaction, output).unwrap();
        let question = FundingQuestion { short_channel_id, script_pubkey: channel_script() };
        self.questions.send(ChainQuestion::Funding(question)).unwrap();
    }

    async fn next(&mut self) -> ChainAnswer {
        tokio::time::timeout(Duration::from_secs(60), self.answers.recv()).await.unwrap().unwrap()
    }

    /// The next answer that is no block.
    async fn found(&mut self) -> FundingAnswer {
        loop {
            if let ChainAnswer::Funding { answer, .. } = self.next().await {
                return answer;
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn config(address: SocketAddr, password: &str) -> RpcConfig {
    RpcConfig { address: address.to_string(), auth: RpcAuth::Password(password.into()) }
}

#[test]
fn outputs_are_found_and_their_end_is_noticed() {
    let chain = Arc::new(Mutex::new(Chain::default()));
    let funding = transaction(
        from(1),
        Witness::new(),
        vec![output(ScriptBuf::new(), 7), output(channel_script(), 2_099_999_997_690_000)],
    );
    let point = OutPoint { txid: funding.compute_txid(), vout: 1 };
    for height in 0..3 {
        let plain = transaction(from(10 + height), Witness::new(), vec![]);
        let txdata = if height == 1 { vec![plain, funding.clone()] } else { vec![plain] };
        chain.lock().unwrap().mine(txdata, height.into());
    }
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
        assert_eq!(
            chain.lock().unwrap().calls["getblock"] - 1,
            1,
            "a block is asked for once, besides the tip"
        );

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
    let chain = Arc::new(Mutex::new(Chain::default()));
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
        // Nobody listens here.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut alone = Asker::start(config(free, "user:pass"));
        assert!(matches!(alone.next().await, ChainAnswer::Failed(ChainError::Connect(_))));
    });
}
