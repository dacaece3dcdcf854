//! From a short channel id to its output: the block at the height, the transaction at its place, the unspent output, and
//! where the node is not believed, the proof that the output was made.

use std::sync::Arc;

use bitcoin::{OutPoint, Txid};
use gossip::funding::{BlockTree, FundingAnswer, MerkleProof};
use primitives::{BlockHeight, ShortChannelId};
use serde_json::{Value, json};

use super::decode;
use super::error::ChainError;
use super::rpc::RpcClient;
use super::source::{KnownBlock, Source};

/// What became of a question.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) answer: FundingAnswer,
    /// The output's name, where there is one.
    pub(super) outpoint: Option<OutPoint>,
}

impl From<FundingAnswer> for Found {
    fn from(answer: FundingAnswer) -> Self {
        Found { answer, outpoint: None }
    }
}

/// Looks for the output at `short_channel_id`. Three questions, or one where the block is known; two more for a proof.
pub(super) async fn look_up(
    client: &mut RpcClient,
    source: &Source,
    short_channel_id: ShortChannelId,
) -> Result<Found, ChainError> {
    // A block that is not there yet will be.
    let Some(block) = block(client, source, short_channel_id.block()).await? else {
        return Ok(FundingAnswer::Unknown.into());
    };
    let place = usize::try_from(short_channel_id.transaction()).unwrap_or(usize::MAX);
    let Some(txid) = block.txids.get(place) else { return Ok(FundingAnswer::Missing.into()) };
    let params = json!([txid, short_channel_id.output(), false]);
    let output = client.call("gettxout", params).await?;
    if output.is_null() {
        return Ok(FundingAnswer::Missing.into());
    }
    if source.headers().is_some() {
        return prove(client, source, short_channel_id, txid, &block).await;
    }
    let output = decode::output(&output)?;
    let txid: Txid = txid.parse().map_err(|_| ChainError::Answer { method: "getblock" })?;
    let outpoint = OutPoint { txid, vout: short_channel_id.output().into() };
    Ok(Found { answer: FundingAnswer::Unspent(output), outpoint: Some(outpoint) })
}

/// The block at a height; `None` where the chain does not reach it.
async fn block(
    client: &mut RpcClient,
    source: &Source,
    height: u32,
) -> Result<Option<Arc<KnownBlock>>, ChainError> {
    if let Some(block) = source.block(height) {
        return Ok(Some(block));
    }
    let branch = source.branch();
    let proven = source.headers().map(|headers| headers.block_hash(BlockHeight::from_u32(height)));
    let hash = match proven {
        Some(hash) => hash.map(|hash| hash.to_string()),
        None => match client.call("getblockhash", json!([height])).await {
            Err(ChainError::Rpc { code: OUT_OF_RANGE, .. }) => None,
            hash => Some(decode::text(&hash?, "getblockhash")?),
        },
    };
    let Some(hash) = hash else { return Ok(None) };
    let block = match client.call("getblock", json!([hash, 1])).await {
        Err(ChainError::Rpc { code: NOT_AVAILABLE, .. }) => return Err(ChainError::NoBlock { height }),
        block => block?,
    };
    let txids = decode::txids(&block)?;
    let tree = proven.and_then(|_| tree_of(&txids));
    let block = Arc::new(KnownBlock { hash, txids, tree });
    source.remember(height, Arc::clone(&block), branch);
    Ok(Some(block))
}

fn tree_of(txids: &[String]) -> Option<BlockTree> {
    let txids: Result<Vec<Txid>, _> = txids.iter().map(|txid| txid.parse()).collect();
    BlockTree::of(&txids.ok()?)
}

/// The output as the block commits to it: whatever else the node said of it does not count.
async fn prove(
    client: &mut RpcClient,
    source: &Source,
    short_channel_id: ShortChannelId,
    txid: &str,
    block: &KnownBlock,
) -> Result<Found, ChainError> {
    let tree = block.tree.ok_or(ChainError::Answer { method: "getblock" })?;
    let branch = bytes(client, "gettxoutproof", json!([[txid], block.hash])).await?;
    let transaction = bytes(client, "getrawtransaction", json!([txid, false, block.hash])).await?;
    let proof = MerkleProof::decode(&branch, &transaction)?;
    proof.check_tree(&tree)?;
    let Some(headers) = source.headers() else { return Ok(FundingAnswer::Unknown.into()) };
    let output = proof.output(short_channel_id, &headers)?.clone();
    let outpoint = OutPoint { txid: proof.txid(), vout: short_channel_id.output().into() };
    Ok(Found { answer: FundingAnswer::Unspent(output), outpoint: Some(outpoint) })
}

async fn bytes(client: &mut RpcClient, method: &'static str, params: Value) -> Result<Vec<u8>, ChainError> {
    decode::bytes(&client.call(method, params).await?, method)
}

/// `RPC_INVALID_PARAMETER`: the height is above the tip.
const OUT_OF_RANGE: i64 = -8;
/// `RPC_MISC_ERROR`: the block was pruned, or is not downloaded yet.
const NOT_AVAILABLE: i64 = -1;
