//! Folds the events of one conversation into its sessions.

use colloquy_dissectors::dissector::{Sink, Slot};
use colloquy_dissectors::event::{Act, Expect, Fact, Op, Phase, Status};
use colloquy_dissectors::offsets::Pieces;
use colloquy_dissectors::units::{PerSide, Side, Span, Stamp, StreamOffset};

use super::exchange::{DoubleReply, Open, Orphan};
use super::fold::{
    Memory, Place, Request, answer, asked_again, count, enter, limit, note_repeat, one_more,
    open_of, orphan, overtake, passed_over, simple_act,
};
use super::ledger::{Entry, Fate, Ledger};
use super::model::{SeenFact, Session};
use super::rhythm::{one_less_open, one_more_open};
use super::told::{Piece, Told, Writing, message_of};
use crate::limits;

/// An answer to nothing this short a time before a request with its id may be that request's.
const REORDERED_SECS: f64 = 1.0;

/// An operation beyond those whose times are told apart.
pub(super) const UNTOLD: Op = Op::new("", 0);

/// The sessions of one conversation while it runs.
#[derive(Debug, Default)]
pub struct Tracker {
    /// The sessions: the carrier first.
    pub sessions: Vec<Session>,
    places: PerSide<Pieces<Stamp>>,
    pub(super) memory: Vec<Memory>,
    /// Where messages are written down, when a ladder is wanted.
    told: Option<Box<Writing>>,
    /// Where it is written down what became of requests, while somebody wants to know.
    pub(super) ledger: Option<Box<Ledger>>,
    now: Stamp,
    /// The end of the last request of each side that was not acknowledged yet; 0 where all were.
    unacked: PerSide<StreamOffset>,
    /// The last bytes of each side that were delivered.
    said: PerSide<Stamp>,
    /// Behind the last hole of each side.
    holes: PerSide<Option<Stamp>>,
}

impl Tracker {
    /// A conversation carried by `protocol` (`tcp`, `udp`), first seen at `first`.
    pub fn new(protocol: &'static str, first: Stamp, tell: bool) -> Self {
        let mut tracker = Self {
            told: tell.then(Box::default),
            now: first,
            ..Self::default()
        };
        tracker.add(Session::new(0, None, protocol, first));
        tracker
    }

    /// The bytes of `side` from `at` on were seen at `stamp`.
    pub fn place(&mut self, side: Side, at: StreamOffset, stamp: Stamp) {
        self.places[side].push(at, stamp);
        self.said[side] = self.said[side].max(stamp);
        self.now = stamp;
    }

    /// Turns the sides round before anything was said.
    pub fn swap(&mut self) {
        self.places.swap();
        self.unacked.swap();
        self.said.swap();
        self.holes.swap();
        for session in &mut self.sessions {
            session.messages.swap();
            session.bytes.swap();
            session.missing.swap();
            for change in &mut session.phases {
                change.side = change.side.other();
            }
        }
    }

    /// The carrier enters a phase.
    pub fn carrier_phase(&mut self, phase: Phase, side: Side, stamp: Stamp) {
        if let Some(session) = self.sessions.first_mut() {
            enter(session, phase, side, stamp);
        }
    }

    /// The carrier, always there.
    pub fn carrier(&mut self) -> Option<&mut Session> {
        self.sessions.first_mut()
    }

    /// Bytes of `side` were never captured: it concerns every session that runs.
    pub fn missing(&mut self, side: Side, len: u64) {
        self.holes[side] = Some(self.now);
        for session in &mut self.sessions {
            if !session.phase.is_final() {
                session.missing[side] += len;
            }
            // What comes back through a pipe is asked for in the other direction.
            let both_ways = session.protocol == "dcerpc" && session.parent != Some(0);
            for open in &mut session.open {
                open.answer_may_be_missing |= open.side != side || both_ways;
            }
        }
        for memory in &mut self.memory {
            memory.gap_seen[side] = true;
        }
    }

    /// The conversation has been idle for long: gives memory back that only busy ones need.
    pub fn rest(&mut self) {
        for side in Side::BOTH {
            self.places[side].rest();
        }
        for memory in &mut self.memory {
            let old = memory
                .answered
                .len()
                .saturating_sub(limits::RESTING_ANSWERED_IDS);
            memory.answered.drain(..old);
            memory.recent = std::collections::VecDeque::new();
            memory.answered.shrink_to_fit();
        }
        for session in &mut self.sessions {
            session.open.shrink_to_fit();
            session.operations.shrink_to_fit();
            session.details.shrink_to_fit();
        }
    }

    /// Drops what only a running conversation needs.
    pub fn settle(&mut self) {
        self.places = PerSide::default();
        for index in 0..self.sessions.len() {
            self.orphan_the_early(index);
        }
        self.memory = Vec::new();
        for session in &mut self.sessions {
            session.open.shrink_to_fit();
            session.operations.shrink_to_fit();
            session.details.shrink_to_fit();
            session.facts.shrink_to_fit();
        }
        self.sessions.shrink_to_fit();
    }

    /// A clone of the sessions as they stand, early answers counted as orphans.
    pub fn snapshot(&self) -> Vec<Session> {
        self.sessions.clone()
    }

    /// What was written down.
    pub(super) fn take_told(&mut self) -> Writing {
        self.told.take().map_or_else(Writing::default, |told| *told)
    }

    /// Most conversations have one to four sessions, and there are very many conversations: no room is taken in advance.
    fn add(&mut self, session: Session) {
        if self.sessions.len() < 4 {
            self.sessions.reserve_exact(1);
            self.memory.reserve_exact(1);
        }
        self.sessions.push(session);
        let datagrams = self.sessions.first().is_some_and(|c| c.protocol == "udp");
        self.memory.push(Memory {
            datagrams,
            ..Memory::default()
        });
    }

    fn stamp(&self, side: Side, offset: StreamOffset) -> Stamp {
        self.places[side]
            .find(offset)
            .map_or(self.now, |(_, stamp)| stamp)
    }

    fn request(&mut self, at: usize, request: Request, place: Place) {
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
            session.requests.let_go += 1;
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

    fn reply(&mut self, at: usize, id: u64, status: Status, place: Place) {
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
            let operation = session.operations.get(usize::from(done.operation));
            if session.troubles.double_replies.len() < limits::EXAMPLES {
                session.troubles.double_replies.push(DoubleReply {
                    id,
                    op: operation.map_or(UNTOLD, |o| o.op),
                    side: place.side,
                    first: done.stamp,
                    again: place.stamp,
                    request_repeated: done.repeated,
                });
            }
            return;
        }
        if memory.early.len() >= limits::EARLY_REPLIES {
            let (id, side, status, stamp) = memory.early.remove(0);
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
        memory.early.push((id, place.side, status, place.stamp));
    }

    fn orphan_the_early(&mut self, at: usize) {
        if let (Some(session), Some(memory)) = (self.sessions.get_mut(at), self.memory.get_mut(at))
        {
            for (id, side, status, stamp) in std::mem::take(&mut memory.early) {
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
        }
    }

    fn fact(&mut self, at: usize, fact: Fact, place: Place) {
        let Some(session) = self.sessions.get_mut(at) else {
            return;
        };
        if session.facts.len() >= limits::FACTS {
            limit(session, "facts of the protocol");
            return;
        }
        let request = fact.exchange.and_then(|id| {
            session
                .open
                .iter()
                .rev()
                .find(|o| o.id == id)
                .map(|o| o.asked)
        });
        let Place {
            side, began, stamp, ..
        } = place;
        one_more(&mut session.facts);
        session.facts.push(SeenFact {
            fact,
            side,
            began,
            stamp,
            request,
        });
    }

    fn act(&mut self, at: usize, act: Act, place: Place) {
        match act {
            Act::Request {
                id,
                op,
                expect,
                digest,
            } => {
                self.request(
                    at,
                    Request {
                        id,
                        op,
                        expect,
                        digest,
                    },
                    place,
                );
                self.mark_carriers(at, place.side);
                // A name is told for this request, counted or not.
                if let Some(ledger) = &mut self.ledger {
                    ledger.named = None;
                }
            }
            Act::Reply { id, status } => self.reply(at, id, status, place),
            Act::Fact(fact) => self.fact(at, *fact, place),
            other => {
                if let Some(session) = self.sessions.get_mut(at) {
                    simple_act(session, other, place);
                }
            }
        }
    }

    /// The request of an outer session that carries one of an inner session is not told about twice.
    fn mark_carriers(&mut self, at: usize, side: Side) {
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

impl Sink for Tracker {
    fn open(&mut self, parent: Slot, protocol: &'static str, beginning: bool, key: u64) -> Slot {
        if self.sessions.len() >= limits::SESSIONS_IN_FLOW {
            if let Some(carrier) = self.sessions.first_mut() {
                limit(carrier, "sessions in one connection");
            }
            return parent;
        }
        let index = self.sessions.len() as u32;
        let mut session = Session::new(index, Some(parent.0), protocol, self.now);
        session.key = key;
        session.began_before_capture = !beginning;
        // The place of its first event is told by that event.
        session.phase = Phase::Connecting;
        self.add(session);
        Slot(index)
    }

    fn rename(&mut self, slot: Slot, protocol: &'static str) {
        if let Some(session) = self.sessions.get_mut(slot.0 as usize) {
            session.protocol = protocol;
        }
    }

    fn event(&mut self, slot: Slot, side: Side, span: Span, act: Act, text: Option<String>) {
        let at = slot.0 as usize;
        let stamp = self.stamp(
            side,
            if span.is_empty() {
                span.start
            } else {
                span.end - 1
            },
        );
        let began = self.stamp(side, span.start);
        let place = Place {
            side,
            began,
            stamp,
            end_offset: span.end,
        };
        if let Some(message) = message_of(&act) {
            if let Some(session) = self.sessions.get_mut(at) {
                count(session, message.part, message.op, span.len(), place);
            }
            if let Some(told) = &mut self.told
                && told.messages.len() < limits::DIALOGUE_MESSAGES
            {
                let text = text.unwrap_or_else(|| message.op.to_string());
                told.messages.push(Told {
                    session: slot.0,
                    side,
                    part: message.part,
                    op: message.op,
                    status: message.status,
                    exchange: message.exchange,
                    began,
                    stamp,
                    span,
                    text,
                });
            }
        } else if let Some(session) = self.sessions.get_mut(at) {
            session.first = session.first.min(began);
            session.last = session.last.max(stamp);
        }
        self.act(at, act, place);
    }

    fn opened(&mut self, slot: Slot, side: Side, span: Span, bytes: &[u8]) {
        let stamp = self.stamp(side, span.end.saturating_sub(1));
        if let Some(told) = &mut self.told {
            let piece = Piece {
                side,
                at: span.start,
                stamp,
                bytes: bytes.to_vec(),
                missing: 0,
            };
            told.opened(slot.0, piece);
        }
    }

    fn wants_text(&self) -> bool {
        self.told.is_some()
    }

    fn wants_names(&self) -> bool {
        self.ledger.is_some()
    }

    fn name(&mut self, name: String) {
        if let Some(ledger) = &mut self.ledger {
            ledger.named = Some(name);
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

fn answered(open: &Open, at: Stamp, status: Status) -> Fate {
    Fate::Answered {
        nanos: at.time.nanos_since(open.asked.time),
        failed: status.failed,
    }
}
