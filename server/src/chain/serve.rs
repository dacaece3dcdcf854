//! Answers questions on channels, a few at a time, and tells what new blocks change.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gossip::funding::{FundingAnswer, FundingQuestion};
use gossip::view::CLOSE_DELAY_BLOCKS;
use primitives::{BlockHeight, Msat, ShortChannelId};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, interval, sleep_until};

use super::error::ChainError;
use super::lookup::{Found, look_up};
use super::question::{ChainAnswer, ChainQuestion};
use super::rpc::{RpcClient, RpcConfig};
use super::source::{ChainConfig, Source};
use super::watch::Watch;
use crate::clock::unix_now;

/// Serves until nobody asks any more, or `answer` says that nobody listens.
pub async fn serve(
    config: ChainConfig,
    mut questions: mpsc::UnboundedReceiver<ChainQuestion>,
    answer: impl Fn(ChainAnswer) -> bool,
) {
    // Checking a million headers again takes a second.
    let opening = spawn_blocking(move || Source::open(config, unix_now()));
    let Ok((source, rpc, notices)) = opening.await else { return };
    for notice in notices {
        answer(ChainAnswer::Headers(notice));
    }
    let mut desk = Desk::new(&rpc, source);
    let (mut watch, mut watcher) = (Watch::default(), RpcClient::new(&rpc));
    // Nothing is answered before there are headers to check it against.
    let mut looks = desk.source.headers().is_some();
    let mut ticks = interval(POLL_EVERY);
    loop {
        if looks {
            looks = false;
            let before = watch.tip();
            match watch.poll(&mut watcher, &desk.source, &answer).await {
                Ok(replaced) if watch.tip() != before || !replaced.is_empty() => {
                    desk.look_again(replaced, watch.tip())
                }
                Ok(_) => {}
                Err(error) if !answer(ChainAnswer::Failed(error)) => return,
                Err(_) => {}
            }
        }
        desk.start(watch.tip());
        tokio::select! {
            question = questions.recv() => match question {
                None => return,
                Some(ChainQuestion::Funding(question)) => desk.first.push_back(question),
                Some(ChainQuestion::Watch { question, spent_at }) => desk.watch(question, spent_at),
            },
            Some(done) = desk.running.join_next() => {
                let Ok(done) = done else { continue };
                if !desk.take(done, &mut watch, &answer) {
                    return;
                }
            }
            () = sleep_until(desk.rests_until), if desk.is_resting() => desk.wake(),
            _ = ticks.tick() => looks = true,
        }
    }
}

/// Questions that wait, and clients that answer them.
struct Desk {
    first: VecDeque<FundingQuestion>,
    later: VecDeque<FundingQuestion>,
    idle: Vec<RpcClient>,
    running: JoinSet<Done>,
    source: Arc<Source>,
    /// Channels that are watched, and whose capacities were not told yet.
    untold: BTreeSet<ShortChannelId>,
    /// Channels that were said to be spent, for they were not found, and may be found in another branch.
    lost: BTreeMap<ShortChannelId, Lost>,
    /// Channels whose blocks are not there, or whose answers make no sense: they are asked for with the next block.
    deferred: Vec<FundingQuestion>,
    /// After a failure, the node is left alone for a while.
    rests_until: Instant,
    rests: bool,
    /// Whether the node has lacked a block, which is told once.
    lacks_blocks: bool,
}

/// A channel whose output is gone, and since when it is said to be.
struct Lost {
    question: FundingQuestion,
    spent_at: BlockHeight,
}

/// A question that was answered.
struct Done {
    client: RpcClient,
    question: FundingQuestion,
    is_first: bool,
    /// The last block that was looked at when it was asked.
    asked_at: Option<BlockHeight>,
    result: Result<Found, ChainError>,
}

impl Desk {
    fn new(config: &RpcConfig, source: Source) -> Self {
        Desk {
            first: VecDeque::new(),
            later: VecDeque::new(),
            idle: (0..CLIENT_COUNT).map(|_| RpcClient::new(config)).collect(),
            running: JoinSet::new(),
            source: Arc::new(source),
            untold: BTreeSet::new(),
            lost: BTreeMap::new(),
            deferred: Vec::new(),
            rests_until: Instant::now(),
            rests: false,
            lacks_blocks: false,
        }
    }

    fn is_resting(&self) -> bool {
        self.rests
    }

    fn wake(&mut self) {
        self.rests = false;
    }

    fn watch(&mut self, question: FundingQuestion, spent_at: Option<BlockHeight>) {
        if let Some(spent_at) = spent_at {
            self.lost.insert(question.short_channel_id, Lost { question: question.clone(), spent_at });
        }
        self.untold.insert(question.short_channel_id);
        self.later.push_back(question);
    }

    /// Channels whose blocks another branch has replaced are looked for in it, as are those that are lost, as long as
    /// anybody waits for them.
    fn look_again(&mut self, replaced: Vec<FundingQuestion>, tip: Option<BlockHeight>) {
        let tip = tip.map_or(0, BlockHeight::to_u32);
        self.lost.retain(|name, lost| {
            let may_return = tip < lost.spent_at.to_u32().saturating_add(CLOSE_DELAY_BLOCKS);
            if !may_return {
                self.untold.remove(name);
            }
            may_return
        });
        let lost = self.lost.values().map(|lost| lost.question.clone());
        self.later.extend(self.deferred.drain(..).chain(replaced).chain(lost));
    }

    /// Leaves a question to the next block, as those for lost channels are without that.
    fn defer(&mut self, question: FundingQuestion) {
        if !self.lost.contains_key(&question.short_channel_id) {
            self.deferred.push(question);
        }
    }

    /// Gives every idle client a question.
    fn start(&mut self, asked_at: Option<BlockHeight>) {
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
            let source = Arc::clone(&self.source);
            self.running.spawn(async move {
                let result = look_up(&mut client, &source, question.short_channel_id).await;
                Done { client, question, is_first, asked_at, result }
            });
        }
    }

    /// Tells an answer; `false` where nobody listens.
    fn take(&mut self, done: Done, watch: &mut Watch, answer: &impl Fn(ChainAnswer) -> bool) -> bool {
        let Done { client, question, is_first, asked_at, result } = done;
        self.idle.push(client);
        let short_channel_id = question.short_channel_id;
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                let is_of_one_block = error.is_of_one_block();
                // The node answers, so that nobody else need wait; and it will not say more the next time.
                let is_told = is_of_one_block && std::mem::replace(&mut self.lacks_blocks, true);
                if !is_of_one_block {
                    (self.rests, self.rests_until) = (true, Instant::now() + REST);
                }
                if is_first {
                    let unknown = FundingAnswer::Unknown;
                    answer(ChainAnswer::Funding { short_channel_id, answer: unknown });
                } else if error.is_of_connection() {
                    self.later.push_back(question);
                } else if !is_of_one_block {
                    self.defer(question);
                }
                return is_told || answer(ChainAnswer::Failed(error));
            }
        };
        let capacity = question.judge(&found.answer, None).ok();
        if let Some(outpoint) = found.outpoint.filter(|_| capacity.is_some()) {
            if asked_at != watch.tip() {
                // A block that was looked at meanwhile may have spent it.
                self.later.push_back(question.clone());
            }
            watch.add(outpoint, question.clone());
        }
        match (found.answer, capacity) {
            (found, _) if is_first => answer(ChainAnswer::Funding { short_channel_id, answer: found }),
            (FundingAnswer::Unknown, _) => {
                self.defer(question);
                true
            }
            (_, Some(capacity)) => self.tell_of(short_channel_id, capacity, answer),
            (_, None) => {
                // It was gone when it was asked for, however many blocks have been looked at meanwhile.
                let Some(spent_at) = asked_at.min(watch.tip()) else {
                    match watch.tip() {
                        // It was asked for before the first block was looked at, and can be now.
                        Some(_) => self.later.push_back(question),
                        None => self.defer(question),
                    }
                    return true;
                };
                let Entry::Vacant(place) = self.lost.entry(short_channel_id) else { return true };
                place.insert(Lost { question, spent_at });
                answer(ChainAnswer::Spent { short_channel_id, spent_at: Some(spent_at) })
            }
        }
    }

    /// Tells what is new of an output that is there; `false` where nobody listens.
    fn tell_of(
        &mut self,
        short_channel_id: ShortChannelId,
        capacity: Msat,
        answer: &impl Fn(ChainAnswer) -> bool,
    ) -> bool {
        let was_lost = self.lost.remove(&short_channel_id).is_some();
        let is_untold = self.untold.remove(&short_channel_id);
        (!was_lost || answer(ChainAnswer::Spent { short_channel_id, spent_at: None }))
            && (!is_untold || answer(ChainAnswer::Capacity { short_channel_id, capacity }))
    }
}

/// Bitcoin Core answers on four threads by default.
const CLIENT_COUNT: usize = 4;
const POLL_EVERY: Duration = Duration::from_secs(5);
const REST: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use bitcoin::{Amount, ScriptBuf, TxOut};

    use super::super::rpc::RpcAuth;
    use super::*;

    #[test]
    fn what_is_gone_was_gone_when_it_was_asked_for() {
        let rpc = RpcConfig { address: "127.0.0.1:1".into(), auth: RpcAuth::Password("a:b".into()) };
        let mut desk = Desk::new(&rpc, Source::default());
        let mut watch = Watch::default();
        let missing = |n, asked_at: Option<u32>| {
            done(&rpc, question(n), asked_at.map(BlockHeight::from_u32), FundingAnswer::Missing)
        };
        assert_eq!(taken(&mut desk, missing(1, None), &mut watch), []);
        assert_eq!((desk.deferred.len(), desk.later.len()), (1, 0), "asked again with the next block");
        watch.begin(vec![(83, "tip".into())], &|_| true);
        for (n, asked_at, told) in [(1, Some(10), Some(10)), (2, Some(90), Some(83)), (3, None, None)] {
            let told = Vec::from_iter(told.map(Some));
            assert_eq!(taken(&mut desk, missing(n, asked_at), &mut watch), told);
        }
        assert_eq!((desk.deferred.len(), desk.later.len()), (1, 1), "asked again at once");
    }

    #[test]
    fn what_was_gone_before_is_told_where_it_is_back() {
        let rpc = RpcConfig { address: "127.0.0.1:1".into(), auth: RpcAuth::Password("a:b".into()) };
        let mut desk = Desk::new(&rpc, Source::default());
        let mut watch = Watch::default();
        watch.begin(vec![(83, "tip".into())], &|_| true);
        let height = |height| Some(BlockHeight::from_u32(height));
        for n in 1..=3 {
            desk.watch(question(n), height(70));
        }
        let unspent =
            || FundingAnswer::Unspent(TxOut { value: Amount::from_sat(1), script_pubkey: ScriptBuf::new() });
        let answers = [FundingAnswer::Missing, unspent(), FundingAnswer::Unknown];
        let told = [vec![], vec![None], vec![]];
        for (n, (answer, told)) in (1..).zip(answers.into_iter().zip(told)) {
            let question = desk.later.pop_front().unwrap();
            assert_eq!(question.short_channel_id, scid(n));
            let done = done(&rpc, question, height(83), answer);
            assert_eq!(taken(&mut desk, done, &mut watch), told);
        }
        // The others are asked for with each block, once, and as long as the channel is kept.
        for tip in [84, 70 + CLOSE_DELAY_BLOCKS - 1] {
            desk.look_again(Vec::new(), height(tip));
            let asked: Vec<_> = desk.later.drain(..).map(|question| question.short_channel_id).collect();
            assert_eq!(asked, [scid(1), scid(3)]);
        }
        desk.look_again(Vec::new(), height(70 + CLOSE_DELAY_BLOCKS));
        assert_eq!((desk.later.len(), desk.lost.len(), desk.deferred.len()), (0, 0, 0));
    }

    #[test]
    fn what_a_watched_output_holds_is_told_once() {
        let rpc = RpcConfig { address: "127.0.0.1:1".into(), auth: RpcAuth::Password("a:b".into()) };
        let (mut desk, mut watch) = (Desk::new(&rpc, Source::default()), Watch::default());
        watch.begin(vec![(83, "tip".into())], &|_| true);
        desk.watch(question(1), None);
        for (n, told) in [(1, vec![scid(1)]), (1, vec![]), (2, vec![])] {
            let output = TxOut { value: Amount::from_sat(7), script_pubkey: ScriptBuf::new() };
            let height = Some(BlockHeight::from_u32(83));
            let done = done(&rpc, question(n), height, FundingAnswer::Unspent(output));
            let answers = answers_to(&mut desk, done, &mut watch).into_iter().map(|answer| match answer {
                ChainAnswer::Capacity { short_channel_id, capacity } => {
                    assert_eq!(Some(capacity), Msat::from_sat(7));
                    short_channel_id
                }
                other => panic!("{other:?}"),
            });
            assert_eq!(answers.collect::<Vec<_>>(), told);
        }
    }

    fn scid(n: u64) -> ShortChannelId {
        ShortChannelId::from_u64(n << 40)
    }

    fn question(n: u64) -> FundingQuestion {
        FundingQuestion { short_channel_id: scid(n), script_pubkey: ScriptBuf::new() }
    }

    fn done(
        rpc: &RpcConfig,
        question: FundingQuestion,
        asked_at: Option<BlockHeight>,
        answer: FundingAnswer,
    ) -> Done {
        let result = Ok(answer.into());
        Done { client: RpcClient::new(rpc), question, is_first: false, asked_at, result }
    }

    fn answers_to(desk: &mut Desk, done: Done, watch: &mut Watch) -> Vec<ChainAnswer> {
        let answers = RefCell::new(Vec::new());
        assert!(desk.take(done, watch, &|answer| {
            answers.borrow_mut().push(answer);
            true
        }));
        answers.into_inner()
    }

    /// What is told of ends.
    fn taken(desk: &mut Desk, done: Done, watch: &mut Watch) -> Vec<Option<u32>> {
        let spent = answers_to(desk, done, watch).into_iter().filter_map(|answer| match answer {
            ChainAnswer::Spent { spent_at, .. } => Some(spent_at.map(BlockHeight::to_u32)),
            ChainAnswer::Capacity { .. } => None,
            other => panic!("{other:?}"),
        });
        spent.collect()
    }
}
