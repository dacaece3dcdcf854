//! Answers questions on channels, a few at a time, and tells what new blocks change.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gossip::funding::{FundingAnswer, FundingQuestion};
use primitives::{BlockHeight, ShortChannelId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep_until};

use super::error::ChainError;
use super::lookup::{Blocks, look_up};
use super::rpc::{RpcClient, RpcConfig};
use super::watch::Watch;

/// What is asked of the chain.
#[derive(Debug)]
pub enum ChainQuestion {
    /// Is there an output, unspent? Answered by [`ChainAnswer::Funding`].
    Funding(FundingQuestion),
    /// Is a channel's output still unspent that was when it was asked for last? Answered by [`ChainAnswer::Spent`] where
    /// it is not, when there is nothing else to do.
    Watch(FundingQuestion),
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
    /// The node of the chain gives no answers. The questions that it had are answered with
    /// [`FundingAnswer::Unknown`].
    Failed(ChainError),
}

/// Serves until nobody asks any more, or `answer` says that nobody listens.
pub async fn serve(
    config: RpcConfig,
    mut questions: mpsc::UnboundedReceiver<ChainQuestion>,
    answer: impl Fn(ChainAnswer) -> bool,
) {
    let mut desk = Desk::new(&config);
    let (mut watch, mut watcher) = (Watch::default(), RpcClient::new(&config));
    let mut ticks = interval(POLL_EVERY);
    loop {
        desk.start();
        tokio::select! {
            question = questions.recv() => match question {
                None => return,
                Some(ChainQuestion::Funding(question)) => desk.first.push_back(question),
                Some(ChainQuestion::Watch(question)) => {
                    watch.add(&question);
                    desk.later.push_back(question);
                }
            },
            Some(done) = desk.running.join_next() => {
                let Ok(done) = done else { continue };
                if !desk.take(done, &mut watch, &answer) {
                    return;
                }
            }
            () = sleep_until(desk.rests_until), if desk.is_resting() => desk.wake(),
            _ = ticks.tick() => {
                if let Err(error) = watch.poll(&mut watcher, &desk.blocks, &answer).await
                    && !answer(ChainAnswer::Failed(error))
                {
                    return;
                }
            }
        }
    }
}

/// Questions that wait, and clients that answer them.
struct Desk {
    first: VecDeque<FundingQuestion>,
    later: VecDeque<FundingQuestion>,
    idle: Vec<RpcClient>,
    running: JoinSet<Done>,
    blocks: Arc<Blocks>,
    /// After a failure, the node is left alone for a while.
    rests_until: Instant,
    rests: bool,
}

/// A question that was answered.
struct Done {
    client: RpcClient,
    question: FundingQuestion,
    is_first: bool,
    result: Result<FundingAnswer, ChainError>,
}

impl Desk {
    fn new(config: &RpcConfig) -> Self {
        Desk {
            first: VecDeque::new(),
            later: VecDeque::new(),
            idle: (0..CLIENT_COUNT).map(|_| RpcClient::new(config)).collect(),
            running: JoinSet::new(),
            blocks: Arc::default(),
            rests_until: Instant::now(),
            rests: false,
        }
    }

    fn is_resting(&self) -> bool {
        self.rests
    }

    fn wake(&mut self) {
        self.rests = false;
    }

    /// Gives every idle client a question.
    fn start(&mut self) {
        while !self.rests && !self.idle.is_empty() {
            let (question, is_first) = match (self.first.pop_front(), self.later.is_empty()) {
                (Some(question), _) => (question, true),
                (None, false) => match self.later.pop_front() {
                    Some(question) => (question, false),
                    None => return,
                },
                (None, true) => return,
            };
            let Some(mut client) = self.idle.pop() else { return };
            let blocks = Arc::clone(&self.blocks);
            self.running.spawn(async move {
                let result = look_up(&mut client, &blocks, question.short_channel_id).await;
                Done { client, question, is_first, result }
            });
        }
    }

    /// Tells an answer; `false` where nobody listens.
    fn take(&mut self, done: Done, watch: &mut Watch, answer: &impl Fn(ChainAnswer) -> bool) -> bool {
        let Done { client, question, is_first, result } = done;
        self.idle.push(client);
        let short_channel_id = question.short_channel_id;
        match result {
            Ok(found) if is_first => {
                if question.judge(&found, None).is_ok() {
                    watch.add(&question);
                }
                answer(ChainAnswer::Funding { short_channel_id, answer: found })
            }
            Ok(FundingAnswer::Missing) => {
                let spent_at = watch.tip();
                spent_at.is_none() || answer(ChainAnswer::Spent { short_channel_id, spent_at })
            }
            Ok(_) => true,
            Err(error) => {
                (self.rests, self.rests_until) = (true, Instant::now() + REST);
                if is_first {
                    let unknown = FundingAnswer::Unknown;
                    answer(ChainAnswer::Funding { short_channel_id, answer: unknown });
                } else {
                    self.later.push_back(question);
                }
                answer(ChainAnswer::Failed(error))
            }
        }
    }
}

/// Bitcoin Core answers on four threads by default.
const CLIENT_COUNT: usize = 4;
const POLL_EVERY: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(3);
