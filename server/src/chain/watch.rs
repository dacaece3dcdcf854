//! Follows the tip and finds who spends the outputs of channels.
//!
//! Who spends such an output shows its script, so the scripts in a block's witnesses are compared with those of the
//! channels; what fits is asked for as an output, for two channels may have one script.

use std::collections::{HashMap, VecDeque};

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Block, Script, ScriptBuf};
use gossip::funding::{FundingAnswer, FundingQuestion};
use primitives::{BlockHeight, ShortChannelId};
use serde_json::{Value, json};

use super::error::ChainError;
use super::lookup::{Blocks, look_up};
use super::rpc::RpcClient;
use super::serve::ChainAnswer;

/// What is watched, and how far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    channels: HashMap<ScriptBuf, Vec<ShortChannelId>>,
    /// The last blocks, and the channels that ended in each.
    recent: VecDeque<Seen>,
}

#[derive(Debug)]
struct Seen {
    height: u32,
    hash: String,
    spent: Vec<ShortChannelId>,
}

impl Watch {
    pub(super) fn add(&mut self, question: &FundingQuestion) {
        let channels = self.channels.entry(question.script_pubkey.clone()).or_default();
        if !channels.contains(&question.short_channel_id) {
            channels.push(question.short_channel_id);
        }
    }

    /// The height of the last block that was looked at.
    pub(super) fn tip(&self) -> Option<BlockHeight> {
        self.recent.back().map(|seen| BlockHeight::from_u32(seen.height))
    }

    /// Looks at the blocks since the last time; what they change goes to `answer`.
    pub(super) async fn poll(
        &mut self,
        client: &mut RpcClient,
        blocks: &Blocks,
        answer: &impl Fn(ChainAnswer) -> bool,
    ) -> Result<(), ChainError> {
        let tip = client.call("getbestblockhash", json!([])).await?;
        let mut hash = text(&tip, "getbestblockhash")?;
        let mut new = Vec::new();
        // The first time, the tip is where we begin.
        while !self.recent.iter().any(|seen| seen.hash == hash) && new.len() < BEHIND_MAX {
            let header = client.call("getblockheader", json!([hash, true])).await?;
            let height = header["height"].as_u64().and_then(|height| u32::try_from(height).ok());
            let height = height.ok_or(ChainError::Answer { method: "getblockheader" })?;
            new.push((height, hash));
            if self.recent.is_empty() || height == 0 {
                break;
            }
            hash = text(&header["previousblockhash"], "getblockheader")?;
        }
        let Some((first, _)) = new.last() else { return Ok(()) };
        self.rewind(*first, blocks, answer);
        for (height, hash) in new.into_iter().rev() {
            let spent = self.spent_in(client, blocks, &hash).await?;
            for &short_channel_id in &spent {
                let spent_at = Some(BlockHeight::from_u32(height));
                answer(ChainAnswer::Spent { short_channel_id, spent_at });
            }
            answer(ChainAnswer::Block { height: BlockHeight::from_u32(height) });
            self.recent.push_back(Seen { height, hash, spent });
            if self.recent.len() > RECENT_COUNT {
                self.recent.pop_front();
            }
        }
        Ok(())
    }

    /// Takes back the blocks from a height on, which another branch replaces.
    fn rewind(&mut self, first: u32, blocks: &Blocks, answer: &impl Fn(ChainAnswer) -> bool) {
        blocks.forget_from(first);
        while self.recent.back().is_some_and(|seen| seen.height >= first) {
            for short_channel_id in self.recent.pop_back().into_iter().flat_map(|seen| seen.spent) {
                answer(ChainAnswer::Spent { short_channel_id, spent_at: None });
            }
        }
    }

    async fn spent_in(
        &self,
        client: &mut RpcClient,
        blocks: &Blocks,
        hash: &str,
    ) -> Result<Vec<ShortChannelId>, ChainError> {
        let digits = client.call("getblock", json!([hash, 0])).await?;
        let block: Block = deserialize_hex(digits.as_str().unwrap_or_default())
            .map_err(|_| ChainError::Answer { method: "getblock" })?;
        let mut spent = Vec::new();
        for script in shown_scripts(&block) {
            for &id in self.channels.get(&script.to_p2wsh()).into_iter().flatten() {
                if look_up(client, blocks, id).await? == FundingAnswer::Missing && !spent.contains(&id) {
                    spent.push(id);
                }
            }
        }
        Ok(spent)
    }
}

/// Scripts in the block's witnesses that are as long as that of a channel.
fn shown_scripts(block: &Block) -> impl Iterator<Item = &Script> {
    let inputs = block.txdata.iter().flat_map(|transaction| &transaction.input);
    let shown = inputs.filter_map(|input| input.witness.last());
    shown.filter(|script| script.len() == FUNDING_SCRIPT_SIZE).map(Script::from_bytes)
}

fn text(value: &Value, method: &'static str) -> Result<String, ChainError> {
    value.as_str().map(str::to_owned).ok_or(ChainError::Answer { method })
}

/// BOLT 3: 2 <key> <key> 2 OP_CHECKMULTISIG.
const FUNDING_SCRIPT_SIZE: usize = 71;
/// Blocks that may be replaced.
const RECENT_COUNT: usize = 144;
/// Blocks that are caught up with at once; a channel that was spent in one before is found when it is looked up again.
const BEHIND_MAX: usize = 2016;
