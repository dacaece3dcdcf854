//! What is asked of the chain, and what it says.

use gossip::funding::{FundingAnswer, FundingQuestion};
use primitives::{BlockHeight, Msat, ShortChannelId};

use super::error::ChainError;
use super::notice::HeadersNotice;

/// What is asked of the chain.
#[derive(Debug)]
pub enum ChainQuestion {
    /// Is there an output, unspent? Answered by [`ChainAnswer::Funding`].
    Funding(FundingQuestion),
    /// Is a channel's output still what it was when it was asked for last? Answered by [`ChainAnswer::Spent`] where it is
    /// not, and by [`ChainAnswer::Capacity`] where it is there, when there is nothing else to do.
    Watch {
        /// The channel.
        question: FundingQuestion,
        /// The block that had spent it; `None` where it was unspent.
        spent_at: Option<BlockHeight>,
    },
}

/// What the chain says.
#[derive(Debug)]
pub enum ChainAnswer {
    /// The answer to a question.
    Funding {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// What is known of it.
        answer: FundingAnswer,
    },
    /// There is a new block.
    Block {
        /// Its height.
        height: BlockHeight,
    },
    /// The output of a channel was spent in a block; `None` where that block was replaced.
    Spent {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// The block.
        spent_at: Option<BlockHeight>,
    },
    /// What the output of a channel that is watched holds: whoever was told of the channel before may not have asked.
    Capacity {
        /// The channel.
        short_channel_id: ShortChannelId,
        /// What it holds.
        capacity: Msat,
    },
    /// What became of the headers that are kept.
    Headers(HeadersNotice),
    /// The node of the chain gives no answers. The questions that it had are answered with
    /// [`FundingAnswer::Unknown`].
    Failed(ChainError),
}
