//! Brings a chain of headers to the tip of a node that is not believed.

use bitcoin::BlockHash;
use gossip::funding::decode_headers;
use primitives::BlockHeight;
use serde_json::json;

use super::decode;
use super::error::ChainError;
use super::question::ChainAnswer;
use super::rpc::RpcClient;
use super::source::Source;
use crate::clock::unix_now;

/// Asks for all headers that are new since the last time, some thousands at a time, and keeps them. Headers with less work
/// than ours change nothing. Nothing is done where the node is believed.
pub(super) async fn sync_headers(
    client: &mut RpcClient,
    source: &Source,
    answer: &impl Fn(ChainAnswer) -> bool,
) -> Result<(), ChainError> {
    loop {
        let Some((first, tip)) = ends(source) else { return Ok(()) };
        let count = client.call("getblockcount", json!([])).await?;
        let count = decode::height(&count, "getblockcount")?;
        if count < first {
            return Err(ChainError::OtherChain);
        }
        let fork = fork(client, source, first, tip.min(count)).await?;
        if fork == count {
            return Ok(());
        }
        // A branch is judged as a whole, so it must come as one.
        let piece = if fork == tip { PIECE_COUNT } else { BRANCH_COUNT };
        let last = count.min(fork.saturating_add(piece));
        let headers = fetch(client, fork + 1, last).await?;
        let headers = decode_headers(&headers)?;
        let Some(mut chain) = source.headers() else { return Ok(()) };
        let is_better = chain.connect(&headers, unix_now())?.is_some();
        drop(chain);
        if is_better && let Some(notice) = source.keep(&headers) {
            answer(ChainAnswer::Headers(notice));
        }
        if !is_better || last == count {
            return Ok(());
        }
    }
}

/// Heights of our first and last header.
fn ends(source: &Source) -> Option<(u32, u32)> {
    let headers = source.headers()?;
    Some((headers.first().to_u32(), headers.tip().to_u32()))
}

fn our_hash(source: &Source, height: u32) -> Option<BlockHash> {
    source.headers()?.block_hash(BlockHeight::from_u32(height))
}

async fn hash_at(client: &mut RpcClient, height: u32) -> Result<Option<BlockHash>, ChainError> {
    let hash = client.call("getblockhash", json!([height])).await?;
    Ok(hash.as_str().and_then(|hash| hash.parse().ok()))
}

/// A height at which both have the same header: the tip, or below it by less than twice what is needed.
async fn fork(client: &mut RpcClient, source: &Source, first: u32, from: u32) -> Result<u32, ChainError> {
    let (mut height, mut step) = (from, 1);
    loop {
        if hash_at(client, height).await? == our_hash(source, height) {
            return Ok(height);
        }
        if height == first {
            return Err(ChainError::OtherChain);
        }
        height = height.saturating_sub(step).max(first);
        step *= 2;
    }
}

/// The headers of two heights and those between, one behind the other.
async fn fetch(client: &mut RpcClient, from: u32, to: u32) -> Result<Vec<u8>, ChainError> {
    let heights = (from..=to).map(|height| json!([height])).collect();
    let hashes = client.call_all("getblockhash", heights).await?;
    let hashes = hashes.into_iter().map(|hash| json!([hash, false])).collect();
    let headers = client.call_all("getblockheader", hashes).await?;
    let mut bytes = Vec::new();
    for header in &headers {
        bytes.extend(decode::bytes(header, "getblockheader")?);
    }
    Ok(bytes)
}

/// Headers that are asked for at once; their hashes are 200 KB of text.
const PIECE_COUNT: u32 = 2000;
/// Whatever branch replaces as many headers as can be replaced has come on by then; all that are read at once.
const BRANCH_COUNT: u32 = 4032;
