//! Proofs that Bitcoin Core writes: what is sound tells the capacity, and each part that is wrong is found.

use bitcoin::block::Header;
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hex::FromHex as _;
use bitcoin::{Amount, Block, CompactTarget, MerkleBlock, Network, Transaction};
use gossip::funding::{
    FundingAnswer, FundingError, FundingQuestion, HeaderChain, HeaderError, MerkleProof, ProofError,
    funding_script, spent_outputs,
};
use primitives::{BlockHeight, Msat, UnixTime};
use serde_json::json;
use tests::signed::Signer;

use super::super::ours::CHAIN;
use super::bitcoind::Bitcoind;
use super::purse::{Funded, Purse};

const NOW: UnixTime = UnixTime::from_secs(u32::MAX);

impl Bitcoind {
    fn bytes(&self, method: &str, params: &serde_json::Value) -> Vec<u8> {
        Vec::from_hex(self.call(method, params).as_str().unwrap()).unwrap()
    }

    fn headers(&self, from: u32, to: u32) -> Vec<Header> {
        let header = |height| self.bytes("getblockheader", &json!([self.hash(height), false]));
        (from..=to).map(|height| deserialize(&header(height)).unwrap()).collect()
    }

    /// The Merkle block and the transaction of a channel.
    fn proof(&self, channel: &Funded) -> (Vec<u8>, Vec<u8>) {
        let (txid, hash) = (channel.outpoint.txid.to_string(), self.hash(channel.short_channel_id.block()));
        let block = self.bytes("gettxoutproof", &json!([[txid], hash]));
        (block, self.bytes("getrawtransaction", &json!([txid, false, hash])))
    }
}

fn question(signer: &Signer, channel: &Funded) -> FundingQuestion {
    let [one, two] = signer.funding_keys(channel.short_channel_id);
    FundingQuestion { short_channel_id: channel.short_channel_id, script_pubkey: funding_script(&one, &two) }
}

#[test]
fn core_proves_what_is_there_and_nothing_else_passes() {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let signer = Signer::new(CHAIN);
    let mut purse = Purse::filled(&bitcoind, 6);
    let sats = [(11_111, true), (22_222, true), (33_333, false), (44_444, true), (55_555, true)];
    let funded = purse.fund(&bitcoind, &signer, &sats);
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    chain.connect(&bitcoind.headers(1, bitcoind.height()), NOW).expect("Core's headers keep the rules");
    assert_eq!(chain.block_hash(chain.tip()).unwrap().to_string(), bitcoind.hash(bitcoind.height()));

    let judge = |channel: &Funded, block: &[u8], transaction: &[u8]| {
        let proof = MerkleProof::decode(block, transaction).expect("parses");
        question(&signer, channel).judge(&FundingAnswer::Proof(Box::new(proof)), Some(&chain))
    };
    for channel in [0, 1, 3, 4].map(|at| &funded[at]) {
        let (block, transaction) = bitcoind.proof(channel);
        assert_eq!(judge(channel, &block, &transaction), Ok(Msat::from_sat(channel.value.to_sat()).unwrap()));
    }
    let channel = &funded[1];
    let id = channel.short_channel_id;
    let (block, transaction) = bitcoind.proof(channel);

    // The output of the third pays to other keys.
    let (elsewhere, its_transaction) = bitcoind.proof(&funded[2]);
    let script = FundingError::Script { short_channel_id: funded[2].short_channel_id };
    assert_eq!(judge(&funded[2], &elsewhere, &its_transaction), Err(script));

    // Any bit of the branch's hashes that is turned.
    let tree: MerkleBlock = deserialize(&block).unwrap();
    let hashes_end = 80 + 4 + 1 + 32 * tree.txn.hashes().len();
    for at in (85..hashes_end).step_by(7) {
        let mut turned = block.clone();
        turned[at] ^= 1;
        assert_eq!(judge(channel, &turned, &transaction), Err(ProofError::Branch.into()), "byte {at}");
    }
    // A branch of another transaction, and of another block.
    let place = ProofError::Place { short_channel_id: id };
    assert_eq!(judge(channel, &elsewhere, &transaction), Err(place.into()));
    let later = purse.fund(&bitcoind, &signer, &[(22_222, true)])[0];
    let (other_block, other_transaction) = bitcoind.proof(&later);
    let height = BlockHeight::from_u32(id.block());
    assert_eq!(judge(channel, &other_block, &other_transaction), Err(ProofError::Block { height }.into()));
    let unknown = ProofError::NoHeader { height: BlockHeight::from_u32(later.short_channel_id.block()) };
    assert_eq!(judge(&later, &other_block, &other_transaction), Err(unknown.into()));

    // Another amount, another script, no such output.
    let mut forged: Transaction = deserialize(&transaction).unwrap();
    forged.output[0].value = Amount::from_sat(22_223);
    assert_eq!(judge(channel, &block, &serialize(&forged)), Err(place.into()));
    let mut forged: Transaction = deserialize(&its_transaction).unwrap();
    forged.output[0].script_pubkey = question(&signer, &funded[2]).script_pubkey;
    let third = ProofError::Place { short_channel_id: funded[2].short_channel_id };
    assert_eq!(judge(&funded[2], &elsewhere, &serialize(&forged)), Err(third.into()));
}

#[test]
fn headers_of_core_are_taken_and_worse_ones_are_not() {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let mut purse = Purse::filled(&bitcoind, 1);
    let headers = bitcoind.headers(1, 100);
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    assert!(chain.connect(&headers[..90], NOW).unwrap().is_some());
    let refused = |change: fn(&mut Header)| {
        let mut header = headers[90];
        change(&mut header);
        chain.clone().connect(&[header], NOW).unwrap_err()
    };
    let no_work = refused(|header| {
        while header.target().is_met_by(header.block_hash()) {
            header.nonce += 1;
        }
    });
    assert_eq!(no_work, HeaderError::Work { height: 91 });
    // Easier and harder than the rules demand.
    for bits in [0x207f_fffe, 0x2100_ffff, 0x1d00_ffff] {
        let mut header = headers[90];
        header.bits = CompactTarget::from_consensus(bits);
        let error = chain.clone().connect(&[header], NOW).unwrap_err();
        assert_eq!(error, HeaderError::Target { height: 91 }, "{bits:x}");
    }
    let orphan = refused(|header| header.prev_blockhash = header.block_hash());
    assert!(matches!(orphan, HeaderError::Orphan { .. }));
    assert!(matches!(refused(|header| header.time = 0), HeaderError::Time { height: 91 }));
    assert!(chain.connect(&headers[90..], NOW).unwrap().is_some());
    assert_eq!(chain.tip(), BlockHeight::from_u32(100));

    // What is in a block of the branch that lost proves nothing any more.
    let signer = Signer::new(CHAIN);
    let channel = purse.fund(&bitcoind, &signer, &[(70_000, true)])[0];
    let height = channel.short_channel_id.block();
    chain.connect(&bitcoind.headers(101, height), NOW).unwrap();
    let (block, transaction) = bitcoind.proof(&channel);
    let answer = FundingAnswer::Proof(Box::new(MerkleProof::decode(&block, &transaction).unwrap()));
    let question = question(&signer, &channel);
    assert_eq!(question.judge(&answer, Some(&chain)), Ok(Msat::from_sat(70_000).unwrap()));
    let whole = bitcoind.bytes("getblock", &json!([bitcoind.hash(height), 0]));
    bitcoind.invalidate(height);
    bitcoind.mine_block(&purse.script(), &[]);
    bitcoind.mine_block(&purse.script(), &[]);
    let fork = Some(BlockHeight::from_u32(height - 1));
    assert_eq!(chain.connect(&bitcoind.headers(height, height + 1), NOW), Ok(fork));
    let replaced = ProofError::Block { height: BlockHeight::from_u32(height) };
    assert_eq!(question.judge(&answer, Some(&chain)), Err(replaced.into()));
    let whole: Block = deserialize(&whole).unwrap();
    assert_eq!(spent_outputs(&whole, BlockHeight::from_u32(height), &chain), Err(replaced));
}

#[test]
fn a_whole_block_shows_all_that_it_spends() {
    let Some(bitcoind) = Bitcoind::start() else { return };
    let signer = Signer::new(CHAIN);
    let mut purse = Purse::filled(&bitcoind, 3);
    let funded = purse.fund(&bitcoind, &signer, &[(70_000, true), (80_000, true), (90_000, true)]);
    let closing: Vec<Transaction> = funded.iter().map(|channel| purse.closing(&signer, channel)).collect();
    bitcoind.mine_block(&purse.script(), &closing);
    let height = bitcoind.height();
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    chain.connect(&bitcoind.headers(1, height), NOW).unwrap();
    let block: Block = deserialize(&bitcoind.bytes("getblock", &json!([bitcoind.hash(height), 0]))).unwrap();
    let spent = |block: &Block| spent_outputs(block, BlockHeight::from_u32(height), &chain);
    let outpoints: Vec<_> = funded.iter().map(|channel| channel.outpoint).collect();
    assert_eq!(spent(&block), Ok(outpoints));
    // Without one of them, without their order, without the first, without any.
    let not_whole = Err(ProofError::NotWhole { height: BlockHeight::from_u32(height) });
    let changed = |change: fn(&mut Vec<Transaction>)| {
        let mut block = block.clone();
        change(&mut block.txdata);
        spent(&block)
    };
    assert_eq!(changed(|transactions| drop(transactions.remove(2))), not_whole);
    assert_eq!(changed(|transactions| transactions.swap(1, 2)), not_whole);
    assert_eq!(changed(|transactions| drop(transactions.remove(0))), not_whole);
    assert_eq!(changed(Vec::clear), not_whole);
}
