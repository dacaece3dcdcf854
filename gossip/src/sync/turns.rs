//! Which messages have their signatures checked next, and from whom is read meanwhile.
//!
//! Work leaves in small pieces, each for one thread: nobody waits for another thread, and news wait for few others. Peers
//! take turns by signatures, so that one with many messages, or with messages of many signatures, takes no more than its
//! share. At most one message of a name is under way. What comes behind it is judged by what the view says then: the
//! same news of several peers is checked once, and a wrong signature keeps the right one out for one piece only. Nobody pays
//! for the wrong signatures of a peer that has left, of which there may be thousands: so those who are there come first, and
//! some room is left in each piece. A channel is under way until the chain has answered, too.

use primitives::{ShortChannelId, UnixTime};

use super::gossip::{Gossip, after};
use super::io::Output;
use super::limits::{
    ANSWER_SECS_MAX, INBOX_BYTES_MAX, PIECE_ORPHAN_SIGNATURES_MAX, PIECE_SIGNATURES_MAX, PIECES_PER_THREAD,
    TURN_SIGNATURES_MAX,
};
use super::peer::Peer;
use crate::admit::PeerId;
use crate::verify::{VerifyJob, VerifyPiece};
use crate::view::MessageKey;

/// A piece in the making.
#[derive(Debug, Default)]
struct Draft {
    jobs: Vec<VerifyJob>,
    senders: Vec<(PeerId, MessageKey)>,
    signature_count: usize,
}

/// Why a peer's turn ended.
enum TurnEnd {
    /// It has had its share.
    Over,
    /// Nothing is left.
    Empty,
    /// Its next message has to wait.
    Blocked,
}

impl Gossip {
    /// Gives the threads work, as long as there is room for it under way.
    pub(super) fn start_verify(&mut self, now: UnixTime) {
        let piece_count_max = self.config.verify_thread_count.max(1).saturating_mul(PIECES_PER_THREAD);
        while self.checks.piece_count() < piece_count_max {
            let draft = self.draft(now);
            if draft.jobs.is_empty() {
                return;
            }
            let number = self.checks.start(draft.senders);
            self.outputs.push_back(Output::Verify(VerifyPiece::new(number, draft.jobs)));
        }
    }

    fn draft(&mut self, now: UnixTime) -> Draft {
        let mut draft = Draft::default();
        let orphan_signatures_max = self.orphans.len().min(PIECE_ORPHAN_SIGNATURES_MAX);
        let mut blocked = Vec::new();
        while draft.signature_count < PIECE_SIGNATURES_MAX - orphan_signatures_max {
            let Some(peer) = self.checks.line.pop_front() else { break };
            match self.take_turn(peer, &mut draft, now) {
                TurnEnd::Over => self.checks.line.push_back(peer),
                TurnEnd::Empty => {}
                TurnEnd::Blocked => blocked.push(peer),
            }
        }
        for peer in blocked.into_iter().rev() {
            self.checks.line.push_front(peer);
        }
        self.draft_orphans(&mut draft, orphan_signatures_max, now);
        draft
    }

    fn draft_orphans(&mut self, draft: &mut Draft, signatures_max: usize, now: UnixTime) {
        let stop = draft.signature_count + signatures_max;
        while draft.signature_count < stop {
            let Some((peer, job)) = self.orphans.front() else { return };
            if self.must_wait(*peer, job, now) {
                return;
            }
            let Some((peer, job)) = self.orphans.pop_front() else { return };
            self.orphan_bytes -= job.candidate().size();
            self.add(draft, peer, job, now);
        }
    }

    /// Moves some of a peer's messages into the draft.
    fn take_turn(&mut self, peer: PeerId, draft: &mut Draft, now: UnixTime) -> TurnEnd {
        let share = draft.signature_count + TURN_SIGNATURES_MAX;
        let end = loop {
            let Some(state) = self.peers.get(&peer) else { return TurnEnd::Empty };
            let Some(job) = state.inbox.front() else { break TurnEnd::Empty };
            if draft.signature_count >= share {
                break TurnEnd::Over;
            }
            if self.must_wait(peer, job, now) {
                break TurnEnd::Blocked;
            }
            let Some(state) = self.peers.get_mut(&peer) else { return TurnEnd::Empty };
            let Some(job) = state.inbox.pop_front() else { break TurnEnd::Empty };
            state.inbox_bytes = state.inbox_bytes.saturating_sub(job.candidate().size());
            self.add(draft, peer, job, now);
        };
        if let (TurnEnd::Empty, Some(state)) = (&end, self.peers.get_mut(&peer)) {
            state.is_in_line = false;
        }
        self.move_gate(peer, now);
        end
    }

    /// Whether a message has to wait, and all of its peer with it: for another one of its name, for room with the chain, or, a
    /// channel, until its peer has paid for the last one, which the chain did not have.
    fn must_wait(&self, peer: PeerId, job: &VerifyJob, now: UnixTime) -> bool {
        let owes = |state: &Peer| state.was_refused && state.work.is_in_debt(now);
        let is_in_debt = || self.peers.get(&peer).is_some_and(owes);
        let name = name_of(job);
        self.checks.has_name(&name)
            || matches!(name, MessageKey::Channel(id) if self.holds_up(peer, id) || is_in_debt())
    }

    fn holds_up(&self, peer: PeerId, id: ShortChannelId) -> bool {
        self.funding.holds_up(peer, self.has_chosen(peer), id)
    }

    /// Adds a message, unless another peer has told it meanwhile.
    fn add(&mut self, draft: &mut Draft, peer: PeerId, job: VerifyJob, now: UnixTime) {
        let candidate = job.candidate();
        if self.standing(candidate.subject(), now).is_err() {
            return self.owe_for(peer, candidate.message(), now);
        }
        let name = name_of(&job);
        self.checks.take_name(name);
        draft.senders.push((peer, name));
        draft.signature_count += job.signature_count();
        draft.jobs.push(job);
    }

    /// Closes the gate of a peer whose messages wait, or who is in debt; opens it where neither holds any more.
    pub(super) fn move_gate(&mut self, peer: PeerId, now: UnixTime) {
        let Some(state) = self.peers.get_mut(&peer) else { return };
        let bytes_max = if state.is_full { INBOX_BYTES_MAX / 2 } else { INBOX_BYTES_MAX };
        let was_full = std::mem::replace(&mut state.is_full, state.inbox_bytes > bytes_max);
        if was_full && !state.is_full {
            // Whatever it said meanwhile waits to be read. A debt is no excuse.
            state.due_at = state.due_at.max(after(now, ANSWER_SECS_MAX));
        }
        let is_closed = state.is_full || state.work.is_in_debt(now);
        if is_closed != state.is_closed {
            state.is_closed = is_closed;
            self.outputs.push_back(if is_closed {
                Output::PauseReading { peer }
            } else {
                Output::ResumeReading { peer }
            });
        }
    }

    /// Opens the gates of those whose debt is paid. O(peers).
    pub(super) fn open_gates(&mut self, now: UnixTime) {
        let closed: Vec<PeerId> =
            self.peers.iter().filter(|(_, state)| state.is_closed).map(|(peer, _)| *peer).collect();
        for peer in closed {
            self.move_gate(peer, now);
        }
    }
}

fn name_of(job: &VerifyJob) -> MessageKey {
    MessageKey::of_subject(job.candidate().subject())
}
