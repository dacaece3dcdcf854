//! The one writer of reservations, and the readers' handle.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use primitives::{Msat, ShortChannelIdDir, UnixTime};

use super::table::{EMPTY, Reserved, ReservedTable};
use crate::snapshot::Published;

/// What queries read. Clones are handles to the same reservations.
#[derive(Debug, Clone)]
pub struct Reservations {
    published: Arc<Published<ReservedTable>>,
}

/// What payments write.
///
/// ```
/// use engine::reserve::{Htlc, ReservationBook};
/// use primitives::{Msat, UnixTime};
///
/// let (reservations, mut book) = ReservationBook::new();
/// let channel = "700000x1x0/1".parse()?;
/// let id = book.reserve(&[Htlc { channel, amount: Msat::from_msat(5000) }], UnixTime::from_secs(10))?;
/// assert_eq!(reservations.reserved(channel).msat, 5000);
/// book.unreserve(id)?;
/// assert!(book.unreserve(id).is_err());
/// assert_eq!(reservations.reserved(channel).msat, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ReservationBook {
    published: Arc<Published<ReservedTable>>,
    table: Arc<ReservedTable>,
    reservations: BTreeMap<ReservationId, Entry>,
    /// What is in flight, by direction; the table's truth.
    totals: HashMap<ShortChannelIdDir, Reserved>,
    /// Channels in the table, those with nothing in flight included.
    entered_count: usize,
    next_id: u64,
}

/// Names a reservation; never used twice by one book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(u64);

impl ReservationId {
    /// The id that went out as a number.
    pub const fn from_u64(id: u64) -> Self {
        ReservationId(id)
    }

    /// A number for those who cannot hold the type.
    pub const fn to_u64(self) -> u64 {
        self.0
    }
}

/// An HTLC: what is sent over one direction of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Htlc {
    /// The channel, and which way.
    pub channel: ShortChannelIdDir,
    /// What the HTLC carries.
    pub amount: Msat,
}

/// One HTLC of a reservation, as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservedHtlc {
    /// The reservation.
    pub id: ReservationId,
    /// The HTLC.
    pub htlc: Htlc,
    /// Seconds since it was reserved; 0 for one from the future.
    pub age_secs: u32,
}

/// Why nothing was reserved or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReserveError {
    /// There are [`RESERVATION_COUNT_MAX`] reservations.
    #[error("there are {RESERVATION_COUNT_MAX} reservations already; release some")]
    TooManyReservations,
    /// The path has more than [`RESERVATION_HTLC_COUNT_MAX`] HTLCs.
    #[error("a path of {count} htlcs is longer than an onion allows")]
    PathTooLong {
        /// How many it has.
        count: usize,
    },
    /// The path has no HTLC.
    #[error("the path is empty")]
    PathEmpty,
    /// The channel has [`HTLC_COUNT_MAX`] HTLCs in flight in this direction.
    #[error("channel {channel} has {HTLC_COUNT_MAX} htlcs in flight already")]
    TooManyHtlcs {
        /// The channel.
        channel: ShortChannelIdDir,
    },
    /// The sum in flight would exceed 64 bits.
    #[error("what is in flight over channel {channel} would exceed 64 bits")]
    AmountTooLarge {
        /// The channel.
        channel: ShortChannelIdDir,
    },
    /// The name is reserved for no channel.
    #[error("channel {channel} cannot exist")]
    BadChannel {
        /// The channel.
        channel: ShortChannelIdDir,
    },
    /// There is a reservation of that id.
    #[error("there is a reservation {} already", id.to_u64())]
    KnownReservation {
        /// Its id.
        id: ReservationId,
    },
    /// There is no such reservation; it may have been released before.
    #[error("there is no reservation {}, or it was released before", id.to_u64())]
    UnknownReservation {
        /// Its id.
        id: ReservationId,
    },
}

#[derive(Debug)]
struct Entry {
    htlcs: Box<[Htlc]>,
    made_at: UnixTime,
}

impl Reservations {
    /// What is in flight over a direction of a channel now.
    pub fn reserved(&self, channel: ShortChannelIdDir) -> Reserved {
        self.table().get(channel)
    }

    /// The table as of now; it shows changes until the book replaces it by a larger one.
    pub(crate) fn table(&self) -> Arc<ReservedTable> {
        self.published.load()
    }

    /// The same where anything is in flight: looking up every arc of a search makes it twice as long.
    pub(crate) fn busy_table(&self) -> Option<Arc<ReservedTable>> {
        Some(self.table()).filter(|table| table.is_busy())
    }
}

/// Two handles are equal if they read the same book.
impl PartialEq for Reservations {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.published, &other.published)
    }
}

impl ReservationBook {
    /// An empty book, and the handle for its readers.
    pub fn new() -> (Reservations, ReservationBook) {
        let table = Arc::new(ReservedTable::with_room(0));
        let published = Arc::new(Published::new(Arc::clone(&table)));
        let book = ReservationBook {
            published: Arc::clone(&published),
            table,
            reservations: BTreeMap::new(),
            totals: HashMap::new(),
            entered_count: 0,
            next_id: 0,
        };
        (Reservations { published }, book)
    }

    /// Reserves what each HTLC of a path carries: all of them or, on an error, none. O(path), and now and then
    /// O(reservations) to make room.
    ///
    /// # Errors
    /// Where a bound on reservations, paths, HTLCs or amounts would be exceeded.
    pub fn reserve(&mut self, path: &[Htlc], now: UnixTime) -> Result<ReservationId, ReserveError> {
        let id = ReservationId(self.next_id);
        self.restore(id, path, now)?;
        Ok(id)
    }

    /// Reserves under an id that another book gave, as before a restart. Ids that are given later are greater. O(path).
    ///
    /// # Errors
    /// As [`ReservationBook::reserve`], and where there is a reservation of that id.
    pub fn restore(
        &mut self,
        id: ReservationId,
        path: &[Htlc],
        made_at: UnixTime,
    ) -> Result<(), ReserveError> {
        match path.len() {
            0 => return Err(ReserveError::PathEmpty),
            count if count > RESERVATION_HTLC_COUNT_MAX => return Err(ReserveError::PathTooLong { count }),
            _ if self.reservations.len() >= RESERVATION_COUNT_MAX => {
                return Err(ReserveError::TooManyReservations);
            }
            _ if self.reservations.contains_key(&id) => return Err(ReserveError::KnownReservation { id }),
            _ => {}
        }
        for (at, htlc) in path.iter().enumerate() {
            self.check(htlc.channel, &path[..=at])?;
        }
        for htlc in path {
            let total = self.totals.entry(htlc.channel).or_default();
            total.msat += htlc.amount.to_msat();
            total.htlc_count += 1;
            let total = *total;
            self.store(htlc.channel, total);
        }
        self.reservations.insert(id, Entry { htlcs: path.into(), made_at });
        self.next_id = self.next_id.max(id.0.saturating_add(1));
        Ok(())
    }

    /// What is in flight over a direction of a channel.
    pub fn reserved(&self, channel: ShortChannelIdDir) -> Reserved {
        self.totals.get(&channel).copied().unwrap_or_default()
    }

    /// The id that is given next.
    pub fn next_id(&self) -> ReservationId {
        ReservationId(self.next_id)
    }

    /// Gives no id below this one any more.
    pub fn skip_to(&mut self, id: ReservationId) {
        self.next_id = self.next_id.max(id.0);
    }

    /// Releases a reservation. O(path).
    ///
    /// # Errors
    /// Where there is none of that id, as when it was released before.
    pub fn unreserve(&mut self, id: ReservationId) -> Result<(), ReserveError> {
        let entry = self.reservations.remove(&id).ok_or(ReserveError::UnknownReservation { id })?;
        for htlc in entry.htlcs {
            let total = self.totals.get_mut(&htlc.channel).expect("what is reserved is in the totals");
            total.msat -= htlc.amount.to_msat();
            total.htlc_count -= 1;
            let total = *total;
            if total.htlc_count == 0 {
                self.totals.remove(&htlc.channel);
            }
            self.table.set(htlc.channel, total);
        }
        Ok(())
    }

    /// All reservations, HTLC by HTLC, oldest id first. O(n).
    pub fn list(&self, now: UnixTime) -> Vec<ReservedHtlc> {
        self.list_from(ReservationId(0), usize::MAX, now)
    }

    /// The same of so many reservations at most, from an id on. O(log n), and the HTLCs that are listed.
    pub fn list_from(&self, first: ReservationId, count_max: usize, now: UnixTime) -> Vec<ReservedHtlc> {
        let mut listed = Vec::new();
        for (&id, entry) in self.reservations.range(first..).take(count_max) {
            let age_secs = now.to_secs().saturating_sub(entry.made_at.to_secs());
            listed.extend(entry.htlcs.iter().map(|&htlc| ReservedHtlc { id, htlc, age_secs }));
        }
        listed
    }

    /// All reservations with the time when each was made, oldest id first.
    pub fn iter(&self) -> impl Iterator<Item = (ReservationId, &[Htlc], UnixTime)> {
        self.reservations.iter().map(|(&id, entry)| (id, &*entry.htlcs, entry.made_at))
    }

    /// How many reservations there are.
    pub fn len(&self) -> usize {
        self.reservations.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.reservations.is_empty()
    }

    /// Whether the last HTLC of `path` fits beside those before it and those in flight.
    fn check(&self, channel: ShortChannelIdDir, path: &[Htlc]) -> Result<(), ReserveError> {
        if channel.short_channel_id.to_u64() == EMPTY {
            return Err(ReserveError::BadChannel { channel });
        }
        let mut total = self.totals.get(&channel).copied().unwrap_or_default();
        for htlc in path.iter().filter(|htlc| htlc.channel == channel) {
            let sum = total.msat.checked_add(htlc.amount.to_msat());
            total.msat = sum.ok_or(ReserveError::AmountTooLarge { channel })?;
            total.htlc_count += 1;
        }
        if total.htlc_count > HTLC_COUNT_MAX {
            return Err(ReserveError::TooManyHtlcs { channel });
        }
        Ok(())
    }

    fn store(&mut self, channel: ShortChannelIdDir, total: Reserved) {
        if self.entered_count == self.table.room() {
            self.replace_table();
        }
        if self.table.set(channel, total) {
            self.entered_count += 1;
        }
    }

    /// Makes room: a table with the channels that have something in flight, and at least as many again.
    fn replace_table(&mut self) {
        let table = ReservedTable::with_room(2 * self.totals.len());
        let entered = self.totals.iter().filter(|&(&channel, &total)| table.set(channel, total));
        self.entered_count = entered.count();
        self.table = Arc::new(table);
        self.published.replace(Arc::clone(&self.table));
    }
}

/// Reservations of one book: a payment has some parts, and a large node some ten thousand payments under way.
pub const RESERVATION_COUNT_MAX: usize = 1 << 17;
/// HTLCs of one path. An onion of 1,300 bytes has room for 27 hops (BOLT 4).
pub const RESERVATION_HTLC_COUNT_MAX: usize = 27;
/// HTLCs in flight in one direction: BOLT 2 allows 483 as `max_accepted_htlcs`.
pub const HTLC_COUNT_MAX: u32 = 483;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use primitives::{Direction, ShortChannelId};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn channel(scid: u64, at: usize) -> ShortChannelIdDir {
        let short_channel_id = ShortChannelId::from_u64(scid);
        ShortChannelIdDir { short_channel_id, direction: Direction::BOTH[at] }
    }

    fn htlc(scid: u64, at: usize, msat: u64) -> Htlc {
        Htlc { channel: channel(scid, at), amount: Msat::from_msat(msat) }
    }

    const NOW: UnixTime = UnixTime::from_secs(1000);

    #[test]
    fn a_restored_book_says_what_the_first_one_said() {
        let (reservations, mut book) = ReservationBook::new();
        let made: Vec<_> = (0..5).map(|at| book.reserve(&[htlc(at, 0, 10 + at)], NOW).unwrap()).collect();
        book.unreserve(made[4]).unwrap();
        book.unreserve(made[1]).unwrap();
        let (others, mut other) = ReservationBook::new();
        for (id, path, made_at) in book.iter() {
            other.restore(id, path, made_at).unwrap();
            assert_eq!(other.restore(id, path, made_at), Err(ReserveError::KnownReservation { id }));
        }
        other.skip_to(book.next_id());
        assert_eq!((other.list(NOW), other.next_id()), (book.list(NOW), book.next_id()));
        for at in 0..5 {
            assert_eq!(others.reserved(channel(at, 0)), reservations.reserved(channel(at, 0)));
        }
    }

    #[test]
    fn sums_are_those_of_a_map_whatever_comes_and_goes() {
        for seed in 0..30 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (reservations, mut book) = ReservationBook::new();
            let mut held: Vec<(ReservationId, Vec<Htlc>)> = Vec::new();
            for _ in 0..3000 {
                if !held.is_empty() && rng.random_bool(0.45) {
                    let (id, _) = held.swap_remove(rng.random_range(0..held.len()));
                    book.unreserve(id).expect("held");
                } else {
                    let path = (0..rng.random_range(1..6)).map(|_| {
                        htlc(rng.random_range(0..3000), rng.random_range(0..2), rng.random_range(0..1000))
                    });
                    let path: Vec<Htlc> = path.collect();
                    held.push((book.reserve(&path, NOW).expect("room"), path));
                }
            }
            let mut sums = BTreeMap::<_, Reserved>::new();
            for htlc in held.iter().flat_map(|(_, path)| path) {
                let sum = sums.entry(htlc.channel).or_default();
                sum.msat += htlc.amount.to_msat();
                sum.htlc_count += 1;
            }
            for scid in 0..3000 {
                for at in [0, 1] {
                    let expected = sums.get(&channel(scid, at)).copied().unwrap_or_default();
                    assert_eq!(reservations.reserved(channel(scid, at)), expected, "seed {seed}");
                }
            }
            let listed = book.list(NOW);
            assert_eq!(listed.len(), held.iter().map(|(_, path)| path.len()).sum::<usize>());
            assert!(listed.is_sorted_by_key(|reserved| reserved.id));
            let mut pieces: Vec<ReservedHtlc> = Vec::new();
            loop {
                let first = pieces.last().map_or(0, |last| last.id.0 + 1);
                let piece = book.list_from(ReservationId(first), 7, NOW);
                if piece.is_empty() {
                    break;
                }
                pieces.extend(piece);
            }
            assert_eq!(pieces, listed, "seed {seed}");
        }
    }

    #[test]
    fn a_path_is_reserved_whole_or_not_at_all() {
        let (reservations, mut book) = ReservationBook::new();
        book.reserve(&[htlc(1, 0, u64::MAX - 10)], NOW).expect("room");
        let error = book.reserve(&[htlc(2, 0, 5), htlc(1, 0, 6), htlc(1, 0, 5)], NOW);
        assert_eq!(error, Err(ReserveError::AmountTooLarge { channel: channel(1, 0) }));
        assert_eq!(reservations.reserved(channel(2, 0)), Reserved::default());
        book.reserve(&[htlc(1, 0, 5), htlc(1, 0, 5)], NOW).expect("just fits");
        assert_eq!(reservations.reserved(channel(1, 0)), Reserved { msat: u64::MAX, htlc_count: 3 });
        assert_eq!(reservations.reserved(channel(1, 1)), Reserved::default());
    }

    #[test]
    fn bounds_are_errors() {
        let (_, mut book) = ReservationBook::new();
        assert_eq!(book.reserve(&[], NOW), Err(ReserveError::PathEmpty));
        assert_eq!(book.reserve(&[htlc(1, 0, 1); 28], NOW), Err(ReserveError::PathTooLong { count: 28 }));
        let error = book.reserve(&[htlc(u64::MAX, 0, 1)], NOW);
        assert!(matches!(error, Err(ReserveError::BadChannel { .. })));
        for _ in 0..HTLC_COUNT_MAX {
            book.reserve(&[htlc(7, 1, 1)], NOW).expect("a slot");
        }
        let error = book.reserve(&[htlc(7, 1, 1)], NOW);
        assert_eq!(error, Err(ReserveError::TooManyHtlcs { channel: channel(7, 1) }));
        book.reserve(&[htlc(7, 0, 1)], NOW).expect("the other direction has slots of its own");
    }

    #[test]
    fn a_table_is_busy_while_anything_is_in_flight() {
        let (reservations, mut book) = ReservationBook::new();
        assert!(reservations.busy_table().is_none());
        let held: Vec<_> = (0..3000).map(|scid| book.reserve(&[htlc(scid % 1500, 0, 1)], NOW)).collect();
        for id in held {
            assert!(reservations.busy_table().is_some());
            book.unreserve(id.expect("room")).expect("held");
        }
        assert!(reservations.busy_table().is_none());
    }

    #[test]
    fn ids_are_not_used_twice() {
        let (_, mut book) = ReservationBook::new();
        let first = book.reserve(&[htlc(1, 0, 1)], NOW).expect("room");
        book.unreserve(first).expect("held");
        let second = book.reserve(&[htlc(1, 0, 1)], NOW).expect("room");
        assert_ne!(first, second);
        assert_eq!(book.unreserve(first), Err(ReserveError::UnknownReservation { id: first }));
        assert_eq!(book.list(UnixTime::from_secs(1007))[0].age_secs, 7);
        assert_eq!(book.list(UnixTime::from_secs(1))[0].age_secs, 0);
    }
}
