//! A proof that an output was made in a block: the block's header, a branch of its Merkle tree, and the transaction.
//!
//! It shows that the output existed, and cannot show that nobody has spent it since. A node of the chain gives such
//! proofs (`gettxoutproof`) to those who keep only headers.
//!
//! A branch alone does not say where it ends (CVE-2017-12842). An inner node of the tree has 64 bytes, and so may a
//! transaction: one that was mined can be given for the parent of one that never was, of any size, whose name is half of its
//! bytes. That takes some 2^70 hashes, and no miner. So a branch is held against all names of the block, see [`BlockTree`]:
//! to name them one level below, each transaction would have to be such a one, the first one included. The other way round, an
//! inner node that is given for a transaction has 64 bytes, and one with a P2WSH output has 94 at least.

use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::{Block, MerkleBlock, OutPoint, Transaction, TxMerkleNode, TxOut, Txid, merkle_tree};
use primitives::{BlockHeight, ShortChannelId};

use super::headers::HeaderChain;

/// A transaction and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerkleProof {
    block: MerkleBlock,
    transaction: Transaction,
}

/// What commits to all transactions of a block: the root of their tree, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockTree {
    root: TxMerkleNode,
    transaction_count: u32,
}

impl BlockTree {
    /// That of a block with these transactions; `None` where there are none. O(transactions).
    pub fn of(txids: &[Txid]) -> Option<Self> {
        let root = merkle_tree::calculate_root(txids.iter().map(|txid| txid.to_raw_hash()))?;
        Some(BlockTree { root: root.into(), transaction_count: u32::try_from(txids.len()).ok()? })
    }
}

impl MerkleProof {
    /// Reads the two parts as Bitcoin Core writes them: a Merkle block, and the transaction with or without witnesses.
    ///
    /// # Errors
    /// Where they do not parse or are larger than a block.
    pub fn decode(merkle_block: &[u8], transaction: &[u8]) -> Result<Self, ProofError> {
        if merkle_block.len() > PART_SIZE_MAX || transaction.len() > PART_SIZE_MAX {
            return Err(ProofError::TooLarge);
        }
        let block = deserialize(merkle_block).map_err(|_| ProofError::Encoding)?;
        let transaction = deserialize(transaction).map_err(|_| ProofError::Encoding)?;
        Ok(MerkleProof { block, transaction })
    }

    /// What [`MerkleProof::decode`] reads: the Merkle block, and the transaction.
    pub fn encode(&self) -> [Vec<u8>; 2] {
        [serialize(&self.block), serialize(&self.transaction)]
    }

    /// The transaction that it is about.
    pub fn txid(&self) -> Txid {
        self.transaction.compute_txid()
    }

    /// Checks that the branch is one of a tree, and as long as those of the tree are. O(1).
    ///
    /// # Errors
    /// Where it is not: what the branch ends at may be no transaction.
    pub fn check_tree(&self, tree: &BlockTree) -> Result<(), ProofError> {
        let is_branch = self.block.header.merkle_root == tree.root
            && self.block.txn.num_transactions() == tree.transaction_count;
        if is_branch { Ok(()) } else { Err(ProofError::InnerNode) }
    }

    /// The output at `short_channel_id`, where [`MerkleProof::check_tree`] has shown that the branch ends at a transaction.
    /// O(branch).
    ///
    /// # Errors
    /// Where the chain has too little work, the block is not in it at that height, the branch does not lead to its root, the
    /// transaction is another or at another place, or has no such output.
    pub fn output(
        &self,
        short_channel_id: ShortChannelId,
        headers: &HeaderChain,
    ) -> Result<&TxOut, ProofError> {
        let height = BlockHeight::from_u32(short_channel_id.block());
        if !headers.is_credible() {
            return Err(ProofError::LittleWork);
        }
        let known = headers.block_hash(height).ok_or(ProofError::NoHeader { height })?;
        if self.block.header.block_hash() != known {
            return Err(ProofError::Block { height });
        }
        let (mut txids, mut places): (Vec<Txid>, Vec<u32>) = (Vec::new(), Vec::new());
        self.block.extract_matches(&mut txids, &mut places).map_err(|_| ProofError::Branch)?;
        let txid = self.txid();
        let is_there = txids
            .iter()
            .zip(&places)
            .any(|(found, &place)| *found == txid && place == short_channel_id.transaction());
        if !is_there {
            return Err(ProofError::Place { short_channel_id });
        }
        let output = self.transaction.output.get(usize::from(short_channel_id.output()));
        output.ok_or(ProofError::NoOutput { short_channel_id })
    }
}

/// All outputs that a whole block spends. Nothing can be left out or invented: the block's header commits to all its
/// transactions but for their witnesses. O(transactions).
///
/// # Errors
/// Where the chain has too little work, the block is not in it at that height, or is not whole.
pub fn spent_outputs(
    block: &Block,
    height: BlockHeight,
    headers: &HeaderChain,
) -> Result<Vec<OutPoint>, ProofError> {
    if !headers.is_credible() {
        return Err(ProofError::LittleWork);
    }
    let known = headers.block_hash(height).ok_or(ProofError::NoHeader { height })?;
    if block.header.block_hash() != known {
        return Err(ProofError::Block { height });
    }
    // Inner nodes of the tree, given for transactions, would have to begin with one that makes new coins.
    let is_whole = block.txdata.first().is_some_and(Transaction::is_coinbase) && block.check_merkle_root();
    if !is_whole {
        return Err(ProofError::NotWhole { height });
    }
    let inputs = block.txdata.iter().skip(1).flat_map(|transaction| &transaction.input);
    Ok(inputs.map(|input| input.previous_output).collect())
}

/// The bytes of a block, which bound both parts.
const PART_SIZE_MAX: usize = 4_000_000;

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A part is larger than a block.
    #[error("a part of the proof is larger than a block")]
    TooLarge,
    /// A part does not parse.
    #[error("a part of the proof does not parse")]
    Encoding,
    /// The chain of headers has less work than what is known of the network's.
    #[error("the headers have too little work to be believed")]
    LittleWork,
    /// Transactions of a block are missing, or are not its own.
    #[error("the transactions are not those of the block at height {height}")]
    NotWhole {
        /// The height.
        height: BlockHeight,
    },
    /// The chain of headers does not reach the block.
    #[error("there is no header at height {height}")]
    NoHeader {
        /// The height.
        height: BlockHeight,
    },
    /// Another block is in the chain at that height.
    #[error("the block is not the one at height {height}")]
    Block {
        /// The height.
        height: BlockHeight,
    },
    /// The branch does not lead to the header's root.
    #[error("the Merkle branch does not lead to the header")]
    Branch,
    /// The branch does not belong to the transactions of the block, or is not as long as those that do: it may end at an inner
    /// node of the tree, or below a transaction.
    #[error("the Merkle branch is not one of all transactions that the block is said to have")]
    InnerNode,
    /// The transaction is not at its place.
    #[error("the transaction is not the one of channel {short_channel_id}")]
    Place {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
    /// The transaction has too few outputs.
    #[error("the transaction has no output for channel {short_channel_id}")]
    NoOutput {
        /// The channel.
        short_channel_id: ShortChannelId,
    },
}

#[cfg(test)]
mod tests;
