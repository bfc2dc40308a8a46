//! Folds the events of one conversation into its sessions.

use colloquy_dissectors::dissector::{Sink, Slot};
use colloquy_dissectors::event::{Act, Fact, Phase};
use colloquy_dissectors::offsets::Pieces;
use colloquy_dissectors::units::{PerSide, Side, Span, Stamp, StreamOffset};

use super::fold::{Memory, Place, Request, count, enter, limit, one_more, simple_act};
use super::late;
use super::ledger::Ledger;
use super::model::{SeenFact, Session};
use super::told::{Piece, Told, Writing, message_of};
use crate::limits;

/// What took time and took less is not kept: seconds.
const LASTING: f64 = 1.0;

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
    pub(super) unacked: PerSide<StreamOffset>,
    /// The last bytes of each side that were delivered.
    pub(super) said: PerSide<Stamp>,
    /// Behind the last hole of each side.
    pub(super) holes: PerSide<Option<Stamp>>,
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
        }
        self.unseen(side);
        for memory in &mut self.memory {
            memory.gap_seen[side] = true;
        }
    }

    /// Bytes of `side` that may be an answer were not captured.
    pub fn unseen(&mut self, side: Side) {
        for session in &mut self.sessions {
            // What comes back through a pipe is asked for in the other direction.
            let both_ways = session.protocol == "dcerpc" && session.parent != Some(0);
            for open in &mut session.open {
                open.answer_may_be_missing |= open.side != side || both_ways;
            }
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
        self.memory.push(Memory::new(datagrams));
    }

    fn stamp(&self, side: Side, offset: StreamOffset) -> Stamp {
        self.places[side]
            .find(offset)
            .map_or(self.now, |(_, stamp)| stamp)
    }

    fn fact(&mut self, at: usize, fact: Fact, place: Place) {
        let Some(session) = self.sessions.get_mut(at) else {
            return;
        };
        let ended = fact.lasted.then_some(self.now);
        if ended.is_some_and(|ended| ended.time.since(place.stamp.time) < LASTING) {
            return;
        }
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
            ended,
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

    fn was_slow(&self, slot: Slot) -> bool {
        let session = self.sessions.get(slot.0 as usize);
        session.is_some_and(late::was_slow)
    }

    fn name(&mut self, name: String) {
        if let Some(ledger) = &mut self.ledger {
            ledger.named = Some(name);
        }
    }
}
