//! What the core knows of one peer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use primitives::wire::{GossipTimestampFilter, QueryChannelRange};
use primitives::{NodeId, ShortChannelId, UnixTime};

use super::comparison::Comparison;
use super::limits::{PATIENCE_BURST, PATIENCE_PER_SECOND, WORK_AT_FIRST, WORK_BURST, WORK_PER_SECOND};
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
    /// Our question that it has not answered yet.
    pub(super) asked: Option<Asked>,
    /// Until when the next part of the answer is due.
    pub(super) due_at: UnixTime,
    /// What channels there are, as compared with it.
    pub(super) comparison: Comparison,
    /// Until when it may answer our questions before it is asked for all that we missed; `None` once it was asked for
    /// news.
    pub(super) news_due_at: Option<UnixTime>,
    /// What it has and we have not, by flags of a query.
    pub(super) wanted: BTreeMap<ShortChannelId, u64>,
    /// Which news it wants.
    pub(super) filter: Option<GossipTimestampFilter>,
    /// How far it was told what we knew when it said so.
    pub(super) backlog: Option<Backlog>,
    /// Its question that we are answering.
    pub(super) answer: Option<Answer>,
    /// News for it.
    pub(super) outgoing: BTreeSet<MessageKey>,
    /// Whether a piece is on its way to it: there is one at a time.
    pub(super) is_busy: bool,
}

/// What we asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// Which channels there are, in all blocks before `end`.
    Range { end: u64 },
    /// All about some channels.
    Ids(BTreeSet<ShortChannelId>),
}

/// What we answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// The channels of some blocks, from `next` on.
    Range { query: QueryChannelRange, next: ShortChannelId, is_first: bool },
    /// Messages by their names, then the end mark.
    Keys { keys: VecDeque<MessageKey>, full_information: bool },
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
    /// Those of the last hours: what is older, it was asked for.
    Lately,
    /// All since the log ended.
    LogEnd,
}

impl Peer {
    pub(super) fn new(has_queries: bool, now: UnixTime) -> Self {
        Peer {
            patience: Credit::new(PATIENCE_BURST, PATIENCE_PER_SECOND, now),
            work: Credit::new(WORK_BURST, WORK_PER_SECOND, now).holding(WORK_AT_FIRST),
            has_queries,
            answers_ids: false,
            inbox: VecDeque::new(),
            inbox_bytes: 0,
            is_in_line: false,
            is_full: false,
            is_closed: false,
            asked: None,
            due_at: now,
            comparison: Comparison::default(),
            news_due_at: None,
            wanted: BTreeMap::new(),
            filter: None,
            backlog: None,
            answer: None,
            outgoing: BTreeSet::new(),
            is_busy: false,
        }
    }
}
