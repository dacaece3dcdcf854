//! Follows the tip and finds who spends the outputs of channels.

use std::collections::{HashMap, VecDeque};

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Block, OutPoint};
use gossip::funding::{FundingQuestion, spent_outputs};
use primitives::{BlockHeight, ShortChannelId};
use serde_json::json;

use super::decode;
use super::error::ChainError;
use super::headers::sync_headers;
use super::question::ChainAnswer;
use super::rpc::RpcClient;
use super::source::Source;

/// What is watched, and how far.
#[derive(Debug, Default)]
pub(super) struct Watch {
    channels: HashMap<OutPoint, FundingQuestion>,
    /// The last blocks, and the outputs of channels that each of them spends.
    recent: VecDeque<Seen>,
}

#[derive(Debug)]
struct Seen {
    height: u32,
    hash: String,
    spent: Vec<OutPoint>,
}

impl Watch {
    pub(super) fn add(&mut self, outpoint: OutPoint, question: FundingQuestion) {
        self.channels.insert(outpoint, question);
    }

    /// The height of the last block that was looked at.
    pub(super) fn tip(&self) -> Option<BlockHeight> {
        self.recent.back().map(|seen| BlockHeight::from_u32(seen.height))
    }

    /// Looks at the blocks since the last time; what they change goes to `answer`. Returns the channels whose own blocks were
    /// replaced: they are watched no longer, and must be looked for again.
    pub(super) async fn poll(
        &mut self,
        client: &mut RpcClient,
        source: &Source,
        answer: &impl Fn(ChainAnswer) -> bool,
    ) -> Result<Vec<FundingQuestion>, ChainError> {
        sync_headers(client, source, answer).await?;
        let new = self.new_blocks(client, source).await?;
        let Some((first, _)) = new.last() else { return Ok(Vec::new()) };
        if self.recent.is_empty() {
            return Ok(self.begin(new, answer));
        }
        let replaced = self.rewind(*first, source, answer);
        for (height, hash) in new.into_iter().rev() {
            let spent = match self.spent_in(client, source, height, &hash).await {
                Ok(spent) => spent,
                // Nobody else will look for them.
                Err(_) if !replaced.is_empty() => return Ok(replaced),
                Err(error) => return Err(error),
            };
            for short_channel_id in self.names_of(&spent) {
                let spent_at = Some(BlockHeight::from_u32(height));
                answer(ChainAnswer::Spent { short_channel_id, spent_at });
            }
            answer(ChainAnswer::Block { height: BlockHeight::from_u32(height) });
            self.recent.push_back(Seen { height, hash, spent });
            if self.recent.len() > RECENT_COUNT {
                // No branch brings these back.
                for outpoint in self.recent.pop_front().into_iter().flat_map(|seen| seen.spent) {
                    self.channels.remove(&outpoint);
                }
            }
        }
        Ok(replaced)
    }

    /// The tip is where we begin; the blocks below it are remembered in case that it is replaced.
    pub(super) fn begin(
        &mut self,
        blocks: Vec<(u32, String)>,
        answer: &impl Fn(ChainAnswer) -> bool,
    ) -> Vec<FundingQuestion> {
        let seen = blocks.into_iter().rev().map(|(height, hash)| Seen { height, hash, spent: Vec::new() });
        self.recent.extend(seen);
        if let Some(height) = self.tip() {
            answer(ChainAnswer::Block { height });
        }
        Vec::new()
    }

    /// Heights and hashes of the blocks from the tip down to the last one that was looked at.
    async fn new_blocks(
        &self,
        client: &mut RpcClient,
        source: &Source,
    ) -> Result<Vec<(u32, String)>, ChainError> {
        let count_max = if self.recent.is_empty() { BEGIN_COUNT } else { BEHIND_MAX };
        let is_known = |hash: &str| self.recent.iter().any(|seen| seen.hash == hash);
        if let Some(headers) = source.headers() {
            let heights = (0..=headers.tip().to_u32()).rev().take(count_max);
            let hashes = heights.map_while(|height| {
                headers.block_hash(BlockHeight::from_u32(height)).map(|hash| (height, hash.to_string()))
            });
            return Ok(hashes.take_while(|(_, hash)| !is_known(hash)).collect());
        }
        let tip = client.call("getbestblockhash", json!([])).await?;
        let mut hash = decode::text(&tip, "getbestblockhash")?;
        let mut new = Vec::new();
        while !is_known(&hash) && new.len() < count_max {
            let header = client.call("getblockheader", json!([hash, true])).await?;
            let height = decode::height(&header["height"], "getblockheader")?;
            new.push((height, hash));
            if height == 0 || new.len() == count_max {
                break;
            }
            hash = decode::text(&header["previousblockhash"], "getblockheader")?;
        }
        Ok(new)
    }

    /// Takes back the blocks from a height on, which another branch replaces. Returns the channels that were made in them.
    fn rewind(
        &mut self,
        first: u32,
        source: &Source,
        answer: &impl Fn(ChainAnswer) -> bool,
    ) -> Vec<FundingQuestion> {
        source.forget_from(first);
        if self.recent.back().is_none_or(|seen| seen.height < first) {
            return Vec::new();
        }
        while self.recent.back().is_some_and(|seen| seen.height >= first) {
            let spent = self.recent.pop_back().map_or_else(Vec::new, |seen| seen.spent);
            for short_channel_id in self.names_of(&spent) {
                answer(ChainAnswer::Spent { short_channel_id, spent_at: None });
            }
        }
        let is_replaced = |question: &FundingQuestion| question.short_channel_id.block() >= first;
        self.channels.extract_if(|_, question| is_replaced(question)).map(|(_, question)| question).collect()
    }

    async fn spent_in(
        &self,
        client: &mut RpcClient,
        source: &Source,
        height: u32,
        hash: &str,
    ) -> Result<Vec<OutPoint>, ChainError> {
        let digits = client.call("getblock", json!([hash, 0])).await?;
        let block: Block = deserialize_hex(digits.as_str().unwrap_or_default())
            .map_err(|_| ChainError::Answer { method: "getblock" })?;
        let spent = match source.headers() {
            Some(headers) => spent_outputs(&block, BlockHeight::from_u32(height), &headers)?,
            None => {
                let inputs = block.txdata.iter().flat_map(|transaction| &transaction.input);
                inputs.map(|input| input.previous_output).collect()
            }
        };
        Ok(spent.into_iter().filter(|outpoint| self.channels.contains_key(outpoint)).collect())
    }

    fn names_of(&self, outpoints: &[OutPoint]) -> impl Iterator<Item = ShortChannelId> {
        let channels = outpoints.iter().filter_map(|outpoint| self.channels.get(outpoint));
        channels.map(|question| question.short_channel_id)
    }
}

/// Blocks that are known at the start, which nobody has looked into.
const BEGIN_COUNT: usize = 12;
/// Blocks that may be replaced.
const RECENT_COUNT: usize = 144;
/// Blocks that are caught up with at once; a channel that was spent in one before is found when it is looked up again.
const BEHIND_MAX: usize = 2016;
