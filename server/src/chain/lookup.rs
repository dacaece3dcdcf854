//! From a short channel id to its output: the block at the height, the transaction at its place, the unspent output.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bitcoin::{Amount, ScriptBuf, TxOut};
use gossip::funding::FundingAnswer;
use primitives::ShortChannelId;
use serde_json::{Value, json};

use super::error::ChainError;
use super::rpc::RpcClient;

/// The transactions of blocks that were asked for: peers tell channels in the order of their blocks, so that most
/// questions find their block here.
#[derive(Debug, Default)]
pub(super) struct Blocks(Mutex<BTreeMap<u32, Arc<[String]>>>);

impl Blocks {
    /// Forgets the blocks above a height, which another branch may replace.
    pub(super) fn forget_from(&self, height: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split_off(&height);
    }

    /// Ids of the block's transactions; `None` where the chain does not reach it.
    async fn txids(&self, client: &mut RpcClient, height: u32) -> Result<Option<Arc<[String]>>, ChainError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&height).cloned();
        if let Some(txids) = known {
            return Ok(Some(txids));
        }
        let hash = match client.call("getblockhash", json!([height])).await {
            Err(ChainError::Rpc { code: OUT_OF_RANGE, .. }) => return Ok(None),
            hash => hash?,
        };
        let block = client.call("getblock", json!([hash, 1])).await?;
        let txids = block["tx"].as_array().ok_or(ChainError::Answer { method: "getblock" })?;
        let txids: Arc<[String]> = txids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if blocks.len() >= BLOCK_COUNT_MAX {
            blocks.pop_first();
        }
        blocks.insert(height, Arc::clone(&txids));
        Ok(Some(txids))
    }
}

/// Looks for the output at `short_channel_id`. Three questions, or one where the block is known.
pub(super) async fn look_up(
    client: &mut RpcClient,
    blocks: &Blocks,
    short_channel_id: ShortChannelId,
) -> Result<FundingAnswer, ChainError> {
    // A block that is not there yet will be.
    let Some(txids) = blocks.txids(client, short_channel_id.block()).await? else {
        return Ok(FundingAnswer::Unknown);
    };
    let place = usize::try_from(short_channel_id.transaction()).unwrap_or(usize::MAX);
    let Some(txid) = txids.get(place) else { return Ok(FundingAnswer::Missing) };
    let params = json!([txid, short_channel_id.output(), false]);
    let output = client.call("gettxout", params).await?;
    if output.is_null() {
        return Ok(FundingAnswer::Missing);
    }
    read_output(&output).map(FundingAnswer::Unspent).ok_or(ChainError::Answer { method: "gettxout" })
}

fn read_output(output: &Value) -> Option<TxOut> {
    let value = Amount::from_btc(output["value"].as_f64()?).ok()?;
    let script_pubkey = ScriptBuf::from_hex(output["scriptPubKey"]["hex"].as_str()?).ok()?;
    Some(TxOut { value, script_pubkey })
}

/// Some 20 MB of ids.
const BLOCK_COUNT_MAX: usize = 64;
/// `RPC_INVALID_PARAMETER`: the height is above the tip.
const OUT_OF_RANGE: i64 = -8;
