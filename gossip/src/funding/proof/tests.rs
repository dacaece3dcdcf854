use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::merkle_tree::PartialMerkleTree;
use bitcoin::params::Params;
use bitcoin::{Amount, Block, Network, OutPoint, ScriptBuf, Sequence, TxIn, Witness, transaction};

use primitives::UnixTime;

use super::*;
use crate::funding::{Anchor, FundingAnswer, FundingError, FundingQuestion};

const NOW: UnixTime = UnixTime::from_secs(u32::MAX);

fn transaction(n: u32, script_pubkey: ScriptBuf) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint { txid: Txid::from_byte_array([7; 32]), vout: n },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let output = |value| TxOut { value: Amount::from_sat(value), script_pubkey: script_pubkey.clone() };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output(1000), output(u64::from(n) + 5000)],
    }
}

fn mined(parent: &Header, txdata: Vec<Transaction>) -> Block {
    let mut block = Block {
        header: Header {
            version: Version::ONE,
            prev_blockhash: parent.block_hash(),
            merkle_root: TxMerkleNode::all_zeros(),
            time: parent.time + 600,
            bits: parent.bits,
            nonce: 0,
        },
        txdata,
    };
    block.header.merkle_root = block.compute_merkle_root().expect("has transactions");
    work(&mut block.header);
    block
}

fn work(header: &mut Header) {
    while !header.target().is_met_by(header.block_hash()) {
        header.nonce += 1;
    }
}

/// A chain of two blocks with nine transactions each; the channel is output 1 of transaction 5 of block 1.
fn world(script: &ScriptBuf) -> (HeaderChain, [Block; 2]) {
    let params = Params::new(Network::Regtest);
    let header = bitcoin::constants::genesis_block(&params).header;
    let anchor = Anchor { height: BlockHeight::from_u32(0), header };
    let mut headers = HeaderChain::new(params, anchor).expect("zero begins a period");
    let transactions = |from: u32| (from..from + 9).map(|n| transaction(n, script.clone())).collect();
    let one = mined(&header, transactions(0));
    let two = mined(&one.header, transactions(100));
    headers.connect(&[one.header, two.header], NOW).expect("mined");
    (headers, [one, two])
}

fn proof(block: &Block, transaction: &Transaction) -> MerkleProof {
    let txid = transaction.compute_txid();
    let merkle_block = MerkleBlock::from_block_with_predicate(block, |found| *found == txid);
    MerkleProof::decode(&serialize(&merkle_block), &serialize(transaction)).expect("as it was written")
}

fn question() -> FundingQuestion {
    let (one, two) = ([2; 33], [3; 33]);
    let short_channel_id = ShortChannelId::from_parts(1, 5, 1).expect("in range");
    FundingQuestion { short_channel_id, script_pubkey: crate::funding::funding_script(&one, &two) }
}

#[test]
fn a_sound_proof_tells_the_capacity() {
    let question = question();
    let (headers, [one, _]) = world(&question.script_pubkey);
    let answer = FundingAnswer::Proof(Box::new(proof(&one, &one.txdata[5])));
    let capacity = question.judge(&answer, Some(&headers)).expect("sound");
    assert_eq!(capacity.to_msat(), 5_005_000);
    assert_eq!(question.judge(&answer, None), Err(FundingError::NoHeaders));
}

#[test]
fn every_other_proof_is_refused() {
    let question = question();
    let (mut headers, [one, two]) = world(&question.script_pubkey);
    let judge = |proof: &MerkleProof, headers: &HeaderChain| {
        question.judge(&FundingAnswer::Proof(Box::new(proof.clone())), Some(headers))
    };
    let sound = proof(&one, &one.txdata[5]);
    // Another block, another place, another transaction, another amount.
    let height = BlockHeight::from_u32(1);
    assert_eq!(judge(&proof(&two, &two.txdata[5]), &headers), Err(ProofError::Block { height }.into()));
    let place = ProofError::Place { short_channel_id: question.short_channel_id };
    assert_eq!(judge(&proof(&one, &one.txdata[4]), &headers), Err(place.into()));
    let mut forged = sound.clone();
    forged.transaction.output[1].value = Amount::from_sat(21_000_000);
    assert_eq!(judge(&forged, &headers), Err(place.into()));
    let mut short = proof(&one, &one.txdata[5]);
    short.transaction.output.pop();
    assert_eq!(judge(&short, &headers), Err(place.into()));
    // A branch with one bit turned.
    let mut bytes = serialize(&sound.block);
    bytes[90] ^= 1;
    let turned = MerkleProof::decode(&bytes, &serialize(&sound.transaction)).expect("still parses");
    assert_eq!(judge(&turned, &headers), Err(ProofError::Branch.into()));
    // Another script.
    let elsewhere = FundingQuestion { script_pubkey: ScriptBuf::new(), ..question.clone() };
    let answer = FundingAnswer::Proof(Box::new(sound.clone()));
    let script = FundingError::Script { short_channel_id: question.short_channel_id };
    assert_eq!(elsewhere.judge(&answer, Some(&headers)), Err(script));
    // A branch with more work replaces the block.
    let genesis = *headers.header(BlockHeight::from_u32(0)).expect("the anchor");
    let mut parent = genesis;
    let mut branch = Vec::new();
    for n in 0..3 {
        let block = mined(&parent, vec![transaction(500 + n, ScriptBuf::new())]);
        parent = block.header;
        branch.push(block.header);
    }
    headers.connect(&branch, NOW).expect("more work");
    assert_eq!(judge(&sound, &headers), Err(ProofError::Block { height }.into()));
    assert_eq!(MerkleProof::decode(&[0; 3], &[]), Err(ProofError::Encoding));
    assert_eq!(MerkleProof::decode(&vec![0; PART_SIZE_MAX + 1], &[]), Err(ProofError::TooLarge));
}

#[test]
fn what_lies_below_a_transaction_of_64_bytes_is_not_proven() {
    let short_channel_id = ShortChannelId::from_parts(1, 3, 1).expect("in range");
    let question = FundingQuestion { short_channel_id, ..question() };
    let invented = transaction(5, question.script_pubkey.clone());
    let mut leaves = [1, 2, 3, 0].map(|n| Txid::from_byte_array([n; 32]));
    leaves[3] = invented.compute_txid();
    // The block has two transactions of 64 bytes, whose halves are these.
    let root = |txids: &[Txid]| BlockTree::of(txids).expect("has transactions").root;
    let parent = |pair: &[Txid]| Txid::from_raw_hash(root(pair).to_raw_hash());
    let txids: Vec<Txid> = leaves.chunks(2).map(parent).collect();
    let mut header = bitcoin::constants::genesis_block(Network::Regtest).header;
    let mut headers = HeaderChain::from_genesis(Network::Regtest);
    header.prev_blockhash = header.block_hash();
    header.time += 600;
    header.merkle_root = root(&txids);
    work(&mut header);
    headers.connect(&[header], NOW).expect("mined");
    let txn = PartialMerkleTree::from_txids(&leaves, &[false, false, false, true]);
    let proof = MerkleProof { block: MerkleBlock { header, txn }, transaction: invented };
    let answer = FundingAnswer::Proof(Box::new(proof.clone()));
    assert!(question.judge(&answer, Some(&headers)).is_ok(), "the branch leads to the root");
    let tree = BlockTree::of(&txids).expect("has transactions");
    assert_eq!(proof.check_tree(&tree), Err(ProofError::InnerNode));
    assert_eq!(BlockTree::of(&[]), None);
}

#[test]
fn a_branch_is_one_of_the_whole_tree() {
    let (_, [one, two]) = world(&ScriptBuf::new());
    let tree_of = |block: &Block| {
        let txids: Vec<Txid> = block.txdata.iter().map(Transaction::compute_txid).collect();
        BlockTree::of(&txids).expect("has transactions")
    };
    let proof = proof(&one, &one.txdata[8]);
    assert_eq!(proof.check_tree(&tree_of(&one)), Ok(()));
    assert_eq!(proof.check_tree(&tree_of(&two)), Err(ProofError::InnerNode));
    let shorter = BlockTree { transaction_count: 8, ..tree_of(&one) };
    assert_eq!(proof.check_tree(&shorter), Err(ProofError::InnerNode));
}
