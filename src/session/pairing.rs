//! Pairs requests with their answers.

use colloquy_dissectors::event::{Expect, Status};
use colloquy_dissectors::units::{Side, Stamp, StreamOffset};

use super::exchange::{DoubleReply, Open, Orphan};
use super::fold::{
    Memory, Place, Request, answer, asked_again, let_go, limit, note_repeat, one_more, open_of,
    orphan, overtake, passed_over,
};
use super::ledger::{Entry, Fate, Ledger, answered};
use super::model::Session;
use super::rhythm::{one_less_open, one_more_open};
use super::tracker::Tracker;
use crate::limits;

/// An answer to nothing this short a time before a request with its id may be that request's.
const REORDERED_SECS: f64 = 1.0;

impl Tracker {
    /// A request came.
    pub(super) fn request(&mut self, at: usize, request: Request, place: Place) {
        let passed_over = passed_over(&self.sessions, at, place, (&self.said, &self.holes));
        let (Some(session), Some(memory)) = (self.sessions.get_mut(at), self.memory.get_mut(at))
        else {
            return;
        };
        if request.expect == Expect::Nothing {
            session.requests.one_way += 1;
            return;
        }
        let same = |o: &&mut Open| o.id == request.id && o.side == place.side;
        if let Some(open) = session.open.iter_mut().rev().find(same) {
            if open.digest == request.digest || request.digest == 0 || open.digest == 0 {
                open.repeat_count += 1;
                if open.repeats.len() < 16 {
                    open.repeats.push(place.stamp);
                }
            } else {
                // Another body under an id that is still open: the old request is given up for the new one.
                let old = open.clone();
                let new = open_of(&request, place);
                *open = new.clone();
                session.requests.sent += 1;
                session.requests.let_go += 1;
                note(&mut self.ledger, session, &old, Fate::Unanswered);
                name(&mut self.ledger, session, &new);
                note_repeat(session, &old, Some(place.stamp), None, true);
            }
            return;
        }
        if asked_again(session, memory, &request, place) {
            return;
        }
        session.requests.sent += 1;
        let mut open = open_of(&request, place);
        open.answer_may_be_missing = passed_over;
        name(&mut self.ledger, session, &open);
        // Joined in mid-stream, a reply before the request answers another one, which had the same id.
        let joined = session.began_before_capture;
        let replies = |e: &(u64, Side, Status, Stamp)| {
            e.0 == request.id && e.1 == place.side.other() && (!joined || e.3 > place.began)
        };
        // Or it is that one's, and the capture has the two the wrong way round.
        let stale = |e: &(u64, Side, Status, Stamp)| {
            e.0 == request.id && place.began.time.since(e.3.time) < REORDERED_SECS
        };
        open.answer_may_be_missing |= joined && memory.early.iter().any(stale);
        if let Some(index) = memory.early.iter().position(replies) {
            let (_, _, status, stamp) = memory.early.swap_remove(index);
            answer(session, memory, &open, status, (stamp, stamp));
            note(
                &mut self.ledger,
                session,
                &open,
                answered(&open, stamp, status),
            );
            return;
        }
        if session.open.len() >= limits::OPEN_EXCHANGES {
            let oldest = session.open.remove(0);
            let_go(session, &oldest);
            note(&mut self.ledger, session, &oldest, Fate::Unanswered);
            limit(session, "open requests: the oldest were let go");
        }
        self.unacked[place.side] = place.end_offset;
        one_more(&mut session.open);
        session.open.push(open);
        one_more_open(session, place.stamp);
    }

    /// The peer of `side` has acknowledged its stream up to `offset`: when each request arrived is told by that.
    pub fn acknowledged(
        &mut self,
        side: Side,
        offset: impl FnOnce() -> StreamOffset,
        stamp: Stamp,
    ) {
        let last = self.unacked[side];
        if last == 0 {
            return;
        }
        let offset = offset();
        if offset >= last {
            self.unacked[side] = 0;
        }
        for session in &mut self.sessions {
            let own = session.open.iter_mut().rev().filter(|o| o.side == side);
            for open in own.take_while(|o| o.acked.is_none()) {
                if open.end_offset <= offset {
                    open.acked = Some(stamp);
                }
            }
        }
    }

    /// An answer came.
    pub(super) fn reply(&mut self, at: usize, id: u64, status: Status, place: Place) {
        let (Some(session), Some(memory)) = (self.sessions.get_mut(at), self.memory.get_mut(at))
        else {
            return;
        };
        let asker = place.side.other();
        if let Some(index) = session
            .open
            .iter()
            .rposition(|o| o.id == id && o.side == asker)
        {
            overtake(session, index, place.stamp);
            let open = session.open.remove(index);
            one_less_open(session, place.stamp);
            answer(session, memory, &open, status, (place.began, place.stamp));
            note(
                &mut self.ledger,
                session,
                &open,
                answered(&open, place.stamp, status),
            );
            return;
        }
        let known = memory
            .answered
            .iter()
            .rev()
            .find(|a| a.id == id && a.asker == asker)
            .copied();
        if let Some(done) = known {
            if session.troubles.double_replies.len() < limits::EXAMPLES {
                let op = memory.operation(session, &done);
                session.troubles.double_replies.push(DoubleReply {
                    id,
                    op,
                    side: place.side,
                    first: done.stamp,
                    again: place.stamp,
                    request_repeated: done.repeated,
                });
            }
            return;
        }
        if memory.early.len() >= limits::EARLY_REPLIES {
            let oldest = memory.early.remove(0);
            orphan_early(session, memory, oldest);
        }
        memory.early.push((id, place.side, status, place.stamp));
    }

    /// Answers that no request came for answer nothing.
    pub(super) fn orphan_the_early(&mut self, at: usize) {
        if let (Some(session), Some(memory)) = (self.sessions.get_mut(at), self.memory.get_mut(at))
        {
            for early in std::mem::take(&mut memory.early) {
                orphan_early(session, memory, early);
            }
        }
    }

    /// The request of an outer session that carries one of an inner session is not told about twice.
    pub(super) fn mark_carriers(&mut self, at: usize, side: Side) {
        let mut parent = self.sessions.get(at).and_then(|s| s.parent);
        while let Some(index) = parent {
            let Some(session) = self.sessions.get_mut(index as usize) else {
                return;
            };
            if let Some(open) = session.open.iter_mut().rev().find(|o| o.side == side) {
                open.carries_inner = true;
            }
            parent = session.parent;
        }
    }
}

/// Writes down what became of a request.
fn note(ledger: &mut Option<Box<Ledger>>, session: &Session, open: &Open, fate: Fate) {
    if let Some(ledger) = ledger {
        let entry = Entry::of(session.index, session.protocol, open, fate);
        ledger.entries.push(entry);
    }
}

/// Writes down how a request's operation is called, where that was told.
fn name(ledger: &mut Option<Box<Ledger>>, session: &Session, open: &Open) {
    if let Some(name) = ledger.as_mut().and_then(|l| l.named.take()) {
        note(ledger, session, open, Fate::Named(name.into()));
    }
}

/// No request came for an early answer.
fn orphan_early(
    session: &mut Session,
    memory: &Memory,
    (id, side, status, stamp): (u64, Side, Status, Stamp),
) {
    let excused = session.began_before_capture || memory.gap_seen[side.other()];
    orphan(
        session,
        Orphan {
            id,
            side,
            status,
            stamp,
            excused,
        },
    );
}
