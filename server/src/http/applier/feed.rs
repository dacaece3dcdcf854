//! Changes as they were made, for whoever wants to hear of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use primitives::UnixTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::change::{Applied, Change};
use super::place::Place;

/// A change with its number.
#[derive(Debug, Clone)]
pub struct Sequenced {
    /// The change; of one of the graph what fitted.
    pub change: Change,
    /// What came of it.
    pub applied: Applied,
    /// When it was applied.
    pub at: UnixTime,
}

/// Where changes are heard. Whoever is too slow misses the oldest ones, and is told how many; whoever comes again hears what
/// came meanwhile, as far as it is kept.
#[derive(Debug, Clone)]
pub struct Feed {
    sender: broadcast::Sender<Weak<Sequenced>>,
    kept: Arc<Mutex<Kept>>,
    /// Tells numbers of this run from those of others.
    run: u64,
}

/// Whoever listens. It holds no change itself.
#[derive(Debug)]
pub struct Listener {
    /// What is to be told first.
    missed: Option<Heard>,
    /// What was told since it left, the oldest first.
    earlier: VecDeque<Weak<Sequenced>>,
    /// Where what is new begins, until it is told.
    place: Option<Place>,
    receiver: broadcast::Receiver<Weak<Sequenced>>,
    run: u64,
}

/// What a listener hears.
#[derive(Debug, Clone)]
pub enum Heard {
    /// A change, and the place behind it.
    Change(Place, Arc<Sequenced>),
    /// All before this place was heard, or is of others.
    Place(Place),
    /// So many changes are told no more, whomever they concern; `None` where nobody knows how many.
    Missed(Option<u64>),
}

/// The newest changes, as many as may be large together. Their numbers have no gaps.
#[derive(Debug, Default)]
struct Kept {
    changes: VecDeque<Arc<Sequenced>>,
    size: usize,
    /// The number of the last change, kept or not.
    last_seq: u64,
    /// Whether anybody has listened yet.
    is_wanted: bool,
}

impl Feed {
    /// The feed of a run of the server that has this number.
    pub(super) fn new(run: u64) -> Self {
        Feed { sender: broadcast::Sender::new(FEED_SIZE), kept: Arc::default(), run }
    }

    pub(super) fn tell(&self, sequenced: Sequenced) {
        let sequenced = Arc::new(sequenced);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails where nobody listens now.
        let _ = self.sender.send(Arc::downgrade(&sequenced));
        kept.last_seq = sequenced.applied.seq;
        if kept.is_wanted {
            kept.push(sequenced);
        }
    }

    /// All changes from now on.
    pub fn listen(&self) -> Listener {
        self.listen_with(|_| (None, VecDeque::new()))
    }

    /// All changes behind a place where a listener was before; where that is none of this run, all from now on.
    pub fn listen_behind(&self, place: Option<Place>) -> Listener {
        self.listen_with(|kept| {
            match place.filter(|place| place.run == self.run && place.seq <= kept.last_seq) {
                Some(place) => kept.behind(place.seq),
                None => (Some(Heard::Missed(None)), VecDeque::new()),
            }
        })
    }

    /// Nothing is told between what is looked up and what is new.
    fn listen_with(
        &self,
        look_up: impl FnOnce(&Kept) -> (Option<Heard>, VecDeque<Weak<Sequenced>>),
    ) -> Listener {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_wanted = true;
        let (missed, earlier) = look_up(&kept);
        let place = Some(Place { run: self.run, seq: kept.last_seq });
        Listener { missed, earlier, place, receiver: self.sender.subscribe(), run: self.run }
    }
}

impl Listener {
    /// What comes next; `None` where nothing more comes. Nothing is lost where the future is dropped.
    pub async fn recv(&mut self) -> Option<Heard> {
        if let Some(missed) = self.missed.take() {
            return Some(missed);
        }
        let lost = self.earlier.iter().take_while(|change| change.strong_count() == 0).count();
        if lost > 0 {
            self.earlier.drain(..lost);
            return Some(Heard::Missed(Some(lost as u64)));
        }
        if let Some(change) = self.earlier.pop_front() {
            return Some(self.heard(&change));
        }
        if let Some(place) = self.place.take() {
            return Some(Heard::Place(place));
        }
        match self.receiver.recv().await {
            Ok(change) => Some(self.heard(&change)),
            Err(RecvError::Lagged(count)) => Some(Heard::Missed(Some(count))),
            Err(RecvError::Closed) => None,
        }
    }

    fn heard(&self, change: &Weak<Sequenced>) -> Heard {
        change.upgrade().map_or(Heard::Missed(Some(1)), |change| {
            Heard::Change(Place { run: self.run, seq: change.applied.seq }, change)
        })
    }
}

impl Kept {
    /// What is kept behind that number, and how much of it is not.
    fn behind(&self, seq: u64) -> (Option<Heard>, VecDeque<Weak<Sequenced>>) {
        let after = self.last_seq - seq;
        let kept = self.changes.len().min(usize::try_from(after).unwrap_or(usize::MAX));
        let lost = after - kept as u64;
        let earlier = self.changes.range(self.changes.len() - kept..).map(Arc::downgrade).collect();
        ((lost > 0).then_some(Heard::Missed(Some(lost))), earlier)
    }

    fn push(&mut self, sequenced: Arc<Sequenced>) {
        self.size += size(&sequenced);
        self.changes.push_back(sequenced);
        while self.changes.len() > FEED_SIZE || self.size > FEED_DELTA_COUNT_MAX && self.changes.len() > 1 {
            let oldest = self.changes.pop_front();
            self.size -= oldest.map_or(0, |oldest| size(&oldest));
        }
    }
}

fn size(sequenced: &Sequenced) -> usize {
    match &sequenced.change {
        Change::Graph(deltas) => deltas.len(),
        Change::Layer { .. } | Change::Reserve { .. } | Change::Release { .. } | Change::Learn { .. } => 1,
    }
}

/// Changes that a slow listener may be behind.
const FEED_SIZE: usize = 4096;
/// Deltas of the graph among them, some 150 bytes each: 10 MB.
const FEED_DELTA_COUNT_MAX: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use primitives::{GraphDelta, ShortChannelId};

    use super::super::change::Effect;
    use super::*;

    fn change(seq: u64, delta_count: usize) -> Sequenced {
        let closed = GraphDelta::ChannelClosed { short_channel_id: ShortChannelId::from_u64(seq) };
        let applied = Applied { seq, graph_version: 1, effect: Effect::Done };
        Sequenced { change: Change::Graph(vec![closed; delta_count]), applied, at: UnixTime::default() }
    }

    /// The changes that a listener hears, how many it is told that it missed, and how often that is not known.
    async fn hear(listener: &mut Listener) -> (Vec<u64>, u64, usize) {
        let (mut heard, mut missed, mut unknown) = (Vec::new(), 0, 0);
        while let Some(next) = listener.recv().await {
            match next {
                Heard::Change(place, sequenced) => {
                    assert_eq!(place, Place { run: RUN, seq: sequenced.applied.seq });
                    heard.push(sequenced.applied.seq);
                }
                Heard::Place(_) => {}
                Heard::Missed(Some(count)) => {
                    assert!(heard.is_empty(), "what is missed is told before what is newer");
                    missed += count;
                }
                Heard::Missed(None) => unknown += 1,
            }
        }
        (heard, missed, unknown)
    }

    fn place(seq: u64) -> Option<Place> {
        Some(Place { run: RUN, seq })
    }

    #[tokio::test]
    async fn a_listener_that_never_reads_keeps_no_more_than_some_deltas() {
        let feed = Feed::new(RUN);
        let mut listener = feed.listen();
        for seq in 1..=100 {
            feed.tell(change(seq, 1000));
        }
        assert!(feed.kept.lock().unwrap().size <= FEED_DELTA_COUNT_MAX);
        drop(feed.sender);
        let (heard, missed, _) = hear(&mut listener).await;
        assert_eq!((heard.len() as u64 + missed, heard.last()), (100, Some(&100)));
        assert_eq!(heard.len(), FEED_DELTA_COUNT_MAX / 1000);
    }

    #[tokio::test]
    async fn small_changes_are_kept_in_number() {
        let feed = Feed::new(RUN);
        let mut listener = feed.listen();
        for seq in 1..=5000 {
            feed.tell(change(seq, 1));
        }
        drop(feed.sender);
        let (heard, missed, _) = hear(&mut listener).await;
        assert_eq!((heard.len(), missed), (FEED_SIZE, 5000 - FEED_SIZE as u64));
    }

    #[test]
    fn before_anybody_listens_nothing_is_kept() {
        let feed = Feed::new(RUN);
        feed.tell(change(1, 1000));
        assert!(feed.kept.lock().unwrap().changes.is_empty());
        drop(feed.listen());
        feed.tell(change(2, 1000));
        assert_eq!(feed.kept.lock().unwrap().changes.len(), 1);
    }

    #[tokio::test]
    async fn whoever_comes_again_hears_all_behind_its_place_once_and_in_order() {
        let feed = Feed::new(RUN);
        feed.tell(change(1, 1));
        drop(feed.listen());
        for seq in 2..=5 {
            feed.tell(change(seq, 1));
        }
        let [mut all, mut some, mut none, mut late] = [1, 3, 5, 0].map(|seq| feed.listen_behind(place(seq)));
        for seq in 6..=7 {
            feed.tell(change(seq, 1));
        }
        drop(feed.sender);
        assert_eq!(hear(&mut all).await, (vec![2, 3, 4, 5, 6, 7], 0, 0));
        assert_eq!(hear(&mut some).await, (vec![4, 5, 6, 7], 0, 0));
        assert_eq!(hear(&mut none).await, (vec![6, 7], 0, 0));
        assert_eq!(hear(&mut late).await, (vec![2, 3, 4, 5, 6, 7], 1, 0), "nobody listened to the first one");
    }

    #[tokio::test]
    async fn a_place_that_nobody_was_told_begins_with_what_is_missed() {
        let feed = Feed::new(RUN);
        drop(feed.listen());
        feed.tell(change(1, 1));
        let strange = [None, place(2), Some(Place { run: RUN + 1, seq: 0 })];
        let listeners = strange.map(|place| feed.listen_behind(place));
        feed.tell(change(2, 1));
        drop(feed.sender);
        for mut listener in listeners {
            assert!(matches!(listener.recv().await, Some(Heard::Missed(None))));
            assert!(matches!(listener.recv().await, Some(Heard::Place(Place { run: RUN, seq: 1 }))));
            assert_eq!(hear(&mut listener).await, (vec![2], 0, 0));
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_while_it_is_waited_for_is_missed() {
        let feed = Feed::new(RUN);
        drop(feed.listen());
        for seq in 1..=60 {
            feed.tell(change(seq, 1000));
        }
        let mut listener = feed.listen_behind(place(0));
        for seq in 61..=100 {
            feed.tell(change(seq, 1000));
        }
        assert!(feed.kept.lock().unwrap().size <= FEED_DELTA_COUNT_MAX);
        drop(feed.sender);
        let (heard, missed, _) = hear(&mut listener).await;
        assert_eq!((heard.len() as u64 + missed, heard.last()), (100, Some(&100)));
        assert_eq!(heard.len(), FEED_DELTA_COUNT_MAX / 1000, "it keeps nothing itself");
    }

    const RUN: u64 = 7;
}
