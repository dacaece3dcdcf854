//! Merkle proofs of blocks of any size: each transaction is at its place and at no other, and bytes that are changed at
//! will never prove what is not there.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash as _;
use bitcoin::{
    Amount, Block, MerkleBlock, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid,
    Witness, transaction,
};
use gossip::funding::{FundingAnswer, HeaderChain, MerkleProof, ProofError, spent_outputs};
use primitives::{BlockHeight, ShortChannelId, UnixTime};
use proptest::prelude::*;
use server::chain::ChainError;

use super::chain::{Asker, Lie, mined, runtime, served};

const NOW: UnixTime = UnixTime::from_secs(u32::MAX);

/// The first one makes new coins, the others each spend an output that their number names.
fn block_of(count: u32) -> Block {
    let genesis = bitcoin::constants::genesis_block(Network::Regtest);
    let txdata: Vec<Transaction> = (0..count)
        .map(|n| {
            let txid = Txid::from_byte_array([n as u8; 32]);
            let previous_output = if n == 0 { OutPoint::null() } else { OutPoint { txid, vout: n } };
            let (script_sig, sequence) = (ScriptBuf::from(vec![1, 1]), Sequence::MAX);
            Transaction {
                version: transaction::Version::TWO,
                lock_time: LockTime::ZERO,
                input: vec![TxIn { previous_output, script_sig, sequence, witness: Witness::new() }],
                output: (0..=n % 3)
                    .map(|vout| TxOut {
                        value: Amount::from_sat(u64::from(100 * n + vout)),
                        script_pubkey: ScriptBuf::from(vec![0; 34]),
                    })
                    .collect(),
            }
        })
        .collect();
    mined(&genesis.header, txdata, true)
}

fn chain_with(block: &Block) -> HeaderChain {
    let mut chain = HeaderChain::from_genesis(Network::Regtest);
    assert!(chain.connect(&[block.header], NOW).unwrap().is_some());
    chain
}

fn scid(place: u32, output: u16) -> ShortChannelId {
    ShortChannelId::from_parts(1, place, output).unwrap()
}

#[test]
fn branches_are_held_against_all_transactions_of_a_block() {
    runtime().block_on(async {
        let (_chain, config, _) = served(Some(Lie::Count));
        let mut asker = Asker::start_doubtful(config);
        asker.ask(1, 1, 0);
        assert_eq!(asker.found().await, FundingAnswer::Unknown);
        assert_eq!(asker.failure().await, ChainError::Proof(ProofError::InnerNode));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn each_transaction_is_at_its_place_alone(count in 1_u32..70, other in 0_u32..70) {
        let (block, other) = (block_of(count), other % count);
        let chain = chain_with(&block);
        for (place, transaction) in block.txdata.iter().enumerate() {
            let txid = transaction.compute_txid();
            // One that is asked for together with another shares the branch.
            let second = block.txdata[other as usize].compute_txid();
            let tree = MerkleBlock::from_block_with_predicate(&block, |found| *found == txid || *found == second);
            let [bytes, raw] = [serialize(&tree), serialize(transaction)];
            let proof = MerkleProof::decode(&bytes, &raw).unwrap();
            prop_assert_eq!(proof.encode(), [bytes, raw]);
            for at in 0..count + 2 {
                for vout in 0..4 {
                    let output = proof.output(scid(at, vout), &chain).ok();
                    let expected = transaction.output.get(usize::from(vout)).filter(|_| at as usize == place);
                    prop_assert_eq!(output, expected);
                }
            }
        }
    }

    #[test]
    fn changed_bytes_prove_nothing_new(
        count in 1_u32..40,
        place in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let block = block_of(count);
        let (chain, place) = (chain_with(&block), place.index(count as usize));
        let txid = block.txdata[place].compute_txid();
        let tree = MerkleBlock::from_block_with_predicate(&block, |found| *found == txid);
        let (mut bytes, mut raw) = (serialize(&tree), serialize(&block.txdata[place]));
        for (is_tree, at, value) in edits {
            let bytes = if is_tree { &mut bytes } else { &mut raw };
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(proof) = MerkleProof::decode(&bytes, &raw) {
            for at in 0..count + 2 {
                for vout in 0..4 {
                    if let Ok(output) = proof.output(scid(at, vout), &chain) {
                        prop_assert_eq!(output, &block.txdata[at as usize].output[usize::from(vout)]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_block_spends_what_its_transactions_do(count in 1_u32..40, without in any::<prop::sample::Index>()) {
        let mut block = block_of(count);
        let (chain, height) = (chain_with(&block), BlockHeight::from_u32(1));
        let expected = block.txdata[1..].iter().map(|transaction| transaction.input[0].previous_output);
        prop_assert_eq!(spent_outputs(&block, height, &chain).unwrap(), expected.collect::<Vec<_>>());
        block.txdata.remove(without.index(count as usize));
        prop_assert!(spent_outputs(&block, height, &chain).is_err());
    }
}
