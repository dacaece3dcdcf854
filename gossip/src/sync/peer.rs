//! What the core knows of one peer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use primitives::wire::{GossipTimestampFilter, QueryChannelRange, ReplyShortChannelIdsEnd};
use primitives::{NodeId, ShortChannelId, UnixTime};

use super::comparison::Comparison;
use super::limits::{
    ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND, PATIENCE_BURST, PATIENCE_PER_SECOND, RANGE_REPLY_COUNT_MAX,
    WANTED_COUNT_MAX, WANTED_INBOUND_COUNT_MAX, WORK_AT_FIRST, WORK_BURST, WORK_PER_SECOND,
};
use crate::admit::Credit;
use crate::verify::VerifyJob;
use crate::view::MessageKey;

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// What it may do wrong before it is left.
    pub(super) patience: Credit,
    /// Work that it may cause for nothing before it is read from later.
    pub(super) work: Credit,
    /// Whether we opened the connection: we chose the peer.
    pub(super) is_outbound: bool,
    pub(super) has_queries: bool,
    /// Whether it ever answered a query for channels to the end.
    pub(super) answers_ids: bool,
    /// Messages that wait for their signatures to be checked, and their bytes.
    pub(super) inbox: VecDeque<VerifyJob>,
    pub(super) inbox_bytes: usize,
    /// Whether it is in the line of those with messages in their inbox.
    pub(super) is_in_line: bool,
    /// Whether so much waits that it is not read from.
    pub(super) is_full: bool,
    /// Whether it is not read from, for that or for its debt.
    pub(super) is_closed: bool,
    /// Whether the chain did not have the last channel that it told.
    pub(super) was_refused: bool,
    /// Our question that it has not answered yet.
    pub(super) asked: Option<Asked>,
    /// Until when the next part of the answer is due.
    pub(super) due_at: UnixTime,
    /// What channels there are, as compared with it.
    pub(super) comparison: Comparison,
    /// Until when it may answer our questions before it is asked for all that we missed; `None` once it was asked for
    /// news.
    pub(super) news_due_at: Option<UnixTime>,
    /// Whether it says of channels that we know that it has them, and not of when: it may have later updates of them.
    pub(super) hides_news: bool,
    /// Whether it was asked for all that we missed.
    pub(super) tells_backlog: bool,
    /// What it has and we have not, by flags of a query.
    pub(super) wanted: BTreeMap<ShortChannelId, u64>,
    /// How far that was looked through for what nobody was asked for yet.
    pub(super) look: Look,
    /// Which news it wants.
    pub(super) filter: Option<GossipTimestampFilter>,
    /// Whether it has changed its mind on that.
    pub(super) has_refiltered: bool,
    /// How far it was told what we knew when it said so.
    pub(super) backlog: Option<Backlog>,
    /// Its question for a range that we are answering.
    pub(super) range_answer: Option<RangeAnswer>,
    /// Its question for channels that we are answering.
    pub(super) ids_answer: Option<IdsAnswer>,
    /// News for it.
    pub(super) outgoing: BTreeSet<MessageKey>,
    /// What is on its way to it: there is one piece at a time.
    pub(super) on_its_way: Option<Piece>,
    /// Bytes of answers that it may have, where we chose it; strangers have one budget together.
    pub(super) answer_bytes: Credit,
}

/// A piece of what a peer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// It is read from the log: of what the peer asked for, by a question or a filter, or of the news.
    Read { is_answer: bool },
    /// It was sent, and has not left yet.
    Sent,
}

/// A budget for answers.
pub(super) const fn answer_bytes(now: UnixTime) -> Credit {
    Credit::new(ANSWER_BYTES_BURST, ANSWER_BYTES_PER_SECOND, now)
}

/// How far we have looked through what a peer claims to have, from the first to the last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    /// What comes next.
    pub(super) from: Option<ShortChannelId>,
    /// What [`InFlight::version`](super::in_flight::InFlight::version) was when this look began.
    pub(super) began_at: u64,
    /// Whether the one before has found nothing, so that this one counts what strangers were asked for as well.
    pub(super) is_second: bool,
    /// Whether it has found something.
    pub(super) has_found: bool,
    /// When the last look began, in the same count, if it has found nothing: before it changes, none will.
    pub(super) fruitless_at: Option<u64>,
}

/// What we asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// Which channels there are, in all blocks before `end`.
    Range { end: u64, told: RangeParts },
    /// All about some channels.
    Ids(BTreeSet<ShortChannelId>),
}

/// Our answer to a range: the channels of some blocks, from `next` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct RangeAnswer {
    pub(super) query: QueryChannelRange,
    pub(super) next: ShortChannelId,
    pub(super) is_first: bool,
}

/// Our answer to a question for channels: what is wanted of each by flags of a query, nodes that were not told yet, and then
/// the end mark.
#[derive(Debug)]
pub(super) struct IdsAnswer {
    pub(super) ids: VecDeque<(ShortChannelId, u8)>,
    pub(super) nodes: BTreeSet<NodeId>,
    pub(super) end: ReplyShortChannelIdsEnd,
}

/// The parts of an answer to a range that have come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RangeParts {
    count: u32,
    /// Where the last one began.
    first_blocknum: u32,
}

impl RangeParts {
    /// Takes another part; `false` where it goes back (BOLT 7, `reply_channel_range`) or is one too many. Nodes of old let all
    /// parts begin where the query does, so that these need not go on either.
    pub(super) const fn take(&mut self, first_blocknum: u32) -> bool {
        let is_next = first_blocknum >= self.first_blocknum && self.count < RANGE_REPLY_COUNT_MAX;
        *self = RangeParts { count: self.count.saturating_add(1), first_blocknum };
        is_next
    }
}

/// Everything in the view, from here on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Backlog {
    Channels(ShortChannelId),
    Nodes(Option<NodeId>),
}

/// Which news a peer shall tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewsSince {
    /// Those of the last hours: what is older and not known, it was asked for.
    Lately,
    /// All since the log ended.
    LogEnd,
}

impl Peer {
    pub(super) fn new(is_outbound: bool, has_queries: bool, now: UnixTime) -> Self {
        Peer {
            patience: Credit::new(PATIENCE_BURST, PATIENCE_PER_SECOND, now),
            work: Credit::new(WORK_BURST, WORK_PER_SECOND, now).holding(WORK_AT_FIRST),
            is_outbound,
            has_queries,
            answers_ids: false,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            is_in_line: false,
            is_full: false,
            is_closed: false,
            was_refused: false,
            asked: None,
            due_at: now,
            comparison: Comparison::default(),
            news_due_at: None,
            hides_news: false,
            tells_backlog: false,
            wanted: BTreeMap::new(),
            look: Look::default(),
            filter: None,
            has_refiltered: false,
            backlog: None,
            range_answer: None,
            ids_answer: None,
            outgoing: BTreeSet::new(),
            on_its_way: None,
            answer_bytes: answer_bytes(now),
        }
    }

    /// Which news it shall tell that answers.
    pub(super) const fn news_since(&self) -> NewsSince {
        if self.hides_news { NewsSince::LogEnd } else { NewsSince::Lately }
    }

    /// Whether it waits for an answer, or for the next piece of one.
    pub(super) const fn awaits_answer(&self) -> bool {
        self.range_answer.is_some() || self.ids_answer.is_some() || self.backlog.is_some()
    }

    /// How much more than we do it may claim to know.
    pub(super) const fn wanted_count_max(&self) -> usize {
        if self.is_outbound { WANTED_COUNT_MAX } else { WANTED_INBOUND_COUNT_MAX }
    }
}
