//! Folds the events of one conversation into its sessions.

use colloquy_dissectors::dissector::{Sink, Slot};
use colloquy_dissectors::event::{Act, Expect, Fact, Op, Phase, Status, Value};
use colloquy_dissectors::offsets::Pieces;
use colloquy_dissectors::units::{PerSide, Side, Span, Stamp, StreamOffset};
use smallvec::SmallVec;

use super::exchange::{Answered, DoubleReply, Failure, Open, Orphan, Overtaking, Repeat};
use super::model::{
    Flow, Incomplete, LastMessage, Malformed, OpTimes, Part, PhaseChange, SeenFact, Session,
};
use super::times::Times;
use crate::limits;

/// Answers slower than this are kept as candidates: nanoseconds.
const SLOW_NANOS: i64 = 500_000_000;

/// A message as a ladder shows it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The session, by its place in the flow.
    pub session: u32,
    /// Who spoke.
    pub side: Side,
    /// What part it plays.
    pub part: Part,
    /// What it is.
    pub op: Op,
    /// Its answer's status.
    pub status: Option<Status>,
    /// The exchange it belongs to.
    pub exchange: Option<u64>,
    /// Where it began.
    pub began: Stamp,
    /// Where it ended.
    pub stamp: Stamp,
    /// Its bytes in the carrier's stream.
    pub span: Span,
    /// What it says, in the protocol's words.
    pub text: String,
}

/// Bytes of one side as they were delivered, for `follow`.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Whose.
    pub side: Side,
    /// Where they stand in the side's stream.
    pub at: StreamOffset,
    /// Where they were seen.
    pub stamp: Stamp,
    /// They.
    pub bytes: Vec<u8>,
    /// Bytes that were never captured, in the place of bytes.
    pub missing: u64,
}

/// All that one conversation said.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The conversation with its sessions.
    pub flow: Flow,
    /// The messages of all its sessions, in the order in which they became whole.
    pub messages: Vec<Told>,
    /// The bytes, in the order of delivery.
    pub pieces: Vec<Piece>,
    /// A bound was reached: messages or bytes are left out.
    pub cut: bool,
}

/// The sessions of one conversation while it runs.
#[derive(Debug, Default)]
pub struct Tracker {
    /// The sessions: the carrier first.
    pub sessions: Vec<Session>,
    places: PerSide<Pieces<Stamp>>,
    memory: Vec<Memory>,
    /// Where messages are written down, when a ladder is wanted.
    told: Option<Vec<Told>>,
    now: Stamp,
}

/// What a session needs only while it runs.
#[derive(Debug, Default)]
struct Memory {
    answered: std::collections::VecDeque<(u64, Side, Op, Stamp, bool)>,
    early: Vec<(u64, Side, Status, Stamp)>,
    /// Answers were missed because the asking side's bytes were.
    gap_seen: PerSide<bool>,
}

impl Tracker {
    /// A conversation carried by `protocol` (`tcp`, `udp`), first seen at `first`.
    pub fn new(protocol: &'static str, first: Stamp, tell: bool) -> Self {
        let mut tracker = Self {
            told: tell.then(Vec::new),
            now: first,
            ..Self::default()
        };
        tracker
            .sessions
            .push(Session::new(0, None, protocol, first));
        tracker.memory.push(Memory::default());
        tracker
    }

    /// The bytes of `side` from `at` on were seen at `stamp`.
    pub fn place(&mut self, side: Side, at: StreamOffset, stamp: Stamp) {
        self.places[side].push(at, stamp);
        self.now = stamp;
    }

    /// Turns the sides round before anything was said.
    pub fn swap(&mut self) {
        self.places.swap();
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
        for session in self.sessions.iter_mut().filter(|s| !s.phase.is_final()) {
            session.missing[side] += len;
            for open in &mut session.open {
                open.answer_may_be_missing |= open.side != side;
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

    /// The messages that were written down.
    pub fn take_told(&mut self) -> Vec<Told> {
        self.told.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn stamp(&self, side: Side, offset: StreamOffset) -> Stamp {
        self.places[side]
            .find(offset)
            .map_or(self.now, |(_, stamp)| stamp)
    }

    fn request(&mut self, at: usize, request: Request, place: Place) {
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
                *open = open_of(&request, place);
                session.requests.sent += 1;
                session.requests.let_go += 1;
                note_repeat(session, &old, Some(place.stamp), None, true);
            }
            return;
        }
        session.requests.sent += 1;
        let open = open_of(&request, place);
        if let Some(index) = memory
            .early
            .iter()
            .position(|e| e.0 == request.id && e.1 == place.side.other())
        {
            let (_, _, status, stamp) = memory.early.swap_remove(index);
            answer(session, memory, &open, status, (stamp, stamp));
            return;
        }
        if session.open.len() >= limits::OPEN_EXCHANGES {
            session.open.remove(0);
            session.requests.let_go += 1;
            limit(session, "open requests: the oldest were let go");
        }
        session.open.push(open);
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
            answer(session, memory, &open, status, (place.began, place.stamp));
            return;
        }
        let known = memory
            .answered
            .iter()
            .rev()
            .find(|a| a.0 == id && a.1 == place.side)
            .copied();
        if let Some((_, _, op, first, request_repeated)) = known {
            if session.double_replies.len() < limits::EXAMPLES {
                session.double_replies.push(DoubleReply {
                    id,
                    op,
                    side: place.side,
                    first,
                    again: place.stamp,
                    request_repeated,
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

#[derive(Clone, Copy)]
struct Place {
    side: Side,
    began: Stamp,
    stamp: Stamp,
    end_offset: u64,
}

#[derive(Clone, Copy)]
struct Request {
    id: u64,
    op: Op,
    expect: Expect,
    digest: u32,
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
        self.sessions.push(session);
        self.memory.push(Memory::default());
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
                && told.len() < limits::DIALOGUE_MESSAGES
            {
                let text = text.unwrap_or_else(|| message.op.to_string());
                told.push(Told {
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

    fn wants_text(&self) -> bool {
        self.told.is_some()
    }
}

struct MessageKind {
    part: Part,
    op: Op,
    status: Option<Status>,
    exchange: Option<u64>,
}

fn message_of(act: &Act) -> Option<MessageKind> {
    let (part, op, status, exchange) = match act {
        Act::Request { id, op, .. } => (Part::Request, *op, None, Some(*id)),
        Act::Interim { id } => (Part::Interim, Op::default(), None, Some(*id)),
        Act::Reply { id, status } => (Part::Reply, Op::default(), Some(*status), Some(*id)),
        Act::Message { op } => (Part::Message, *op, None, None),
        _ => return None,
    };
    Some(MessageKind {
        part,
        op,
        status,
        exchange,
    })
}

fn count(session: &mut Session, part: Part, op: Op, len: u64, place: Place) {
    let side = place.side;
    if session.messages.client + session.messages.server == 0 && session.phases.is_empty() {
        session.first = session.first.min(place.began);
        // A protocol that has no establishment of its own is open with its first message.
        if session.phase == Phase::Connecting {
            enter(session, Phase::Open, side, place.began);
        }
    }
    session.messages[side] += 1;
    session.bytes[side] += len;
    session.last = session.last.max(place.stamp);
    session.last_message[side] = Some(LastMessage {
        op,
        stamp: place.stamp,
        part,
    });
}

fn simple_act(session: &mut Session, act: Act, place: Place) {
    let Place {
        side, began, stamp, ..
    } = place;
    match act {
        Act::Phase(phase) => enter(session, phase, side, stamp),
        Act::Interim { id } => {
            if let Some(open) = session
                .open
                .iter_mut()
                .rev()
                .find(|o| o.id == id && o.side != side)
            {
                open.interim.get_or_insert(stamp);
            }
        }
        Act::Cancel { id } => {
            if let Some(open) = session
                .open
                .iter_mut()
                .rev()
                .find(|o| o.id == id && o.side == side)
            {
                open.cancelled.get_or_insert(stamp);
            }
        }
        Act::Detail { key, value } => detail(session, key, value),
        Act::Malformed { what } => {
            session.malformed_count += 1;
            if session.malformed.len() < limits::EXAMPLES {
                session.malformed.push(Malformed { side, what, stamp });
            }
        }
        Act::Incomplete {
            op,
            expected,
            present,
        } => {
            if session.incomplete.len() < limits::EXAMPLES {
                let excused = session.missing[side] > 0;
                session.incomplete.push(Incomplete {
                    side,
                    op,
                    expected,
                    present,
                    began,
                    stamp,
                    excused,
                });
            }
        }
        Act::Encrypted => {
            session.encrypted.get_or_insert(stamp);
        }
        Act::Skipped { bytes } => session.skipped[side] += bytes,
        Act::Limit { what } => limit(session, what),
        Act::Request { .. } | Act::Reply { .. } | Act::Message { .. } | Act::Fact(_) => {}
    }
}

fn enter(session: &mut Session, phase: Phase, side: Side, stamp: Stamp) {
    if session.phases.is_empty() || session.phase != phase {
        session.phase = phase;
        if session.phases.len() < limits::PHASES {
            session.phases.push(PhaseChange { phase, stamp, side });
        }
    }
}

fn detail(session: &mut Session, key: &'static str, mut value: Value) {
    if let Value::Text(text) = &mut value
        && text.chars().count() > limits::DETAIL_CHARS
    {
        *text = text
            .chars()
            .take(limits::DETAIL_CHARS)
            .chain(['…'])
            .collect();
    }
    if let Value::List(items) = &mut value {
        items.truncate(limits::DETAILS);
    }
    if let Some(entry) = session.details.iter_mut().find(|(k, _)| *k == key) {
        entry.1 = value;
    } else if session.details.len() < limits::DETAILS {
        session.details.push((key, value));
    }
}

fn limit(session: &mut Session, what: &'static str) {
    if !session.limits.contains(&what) {
        session.limits.push(what);
    }
}

fn orphan(session: &mut Session, orphan: Orphan) {
    session.orphan_count += 1;
    if session.orphans.len() < limits::EXAMPLES {
        session.orphans.push(orphan);
    }
}

fn open_of(request: &Request, place: Place) -> Open {
    Open {
        id: request.id,
        side: place.side,
        op: request.op,
        expect: request.expect,
        began: place.began,
        asked: place.stamp,
        digest: request.digest,
        end_offset: place.end_offset,
        interim: None,
        cancelled: None,
        repeats: SmallVec::new(),
        repeat_count: 0,
        carries_inner: false,
        answer_may_be_missing: false,
    }
}

/// Notes when the request at `index` is answered before an earlier one.
fn overtake(session: &mut Session, index: usize, answer: Stamp) {
    let earlier = |asker| {
        let waits = |o: &&Open| {
            o.side == asker
                && o.expect == Expect::Answer
                && o.interim.is_none()
                && o.cancelled.is_none()
        };
        session.open.iter().take(index).find(waits)
    };
    let waiting = session
        .open
        .get(index)
        .and_then(|o| earlier(o.side))
        .map(|o| o.asked);
    if let Some(waiting) = waiting {
        let first = Overtaking {
            count: 0,
            waiting,
            answer,
        };
        session.overtaking.get_or_insert(first).count += 1;
    }
}

/// `began` and `stamp`: where the answer's first and last byte were seen.
fn answer(
    session: &mut Session,
    memory: &mut Memory,
    open: &Open,
    status: Status,
    (began, stamp): (Stamp, Stamp),
) {
    session.requests.answered += 1;
    session.requests.failed += u64::from(status.failed);
    let answered = Answered {
        side: open.side,
        op: open.op,
        asked: open.asked,
        began,
        answered: stamp,
        status,
        long_wait: open.interim.is_some() || matches!(open.expect, Expect::LongWait(_)),
        repeats: open.repeat_count,
    };
    if memory.answered.len() >= limits::ANSWERED_IDS {
        memory.answered.pop_front();
    }
    memory.answered.push_back((
        open.id,
        open.side.other(),
        open.op,
        stamp,
        open.repeat_count > 0,
    ));
    time(session, &answered);
    if answered.nanos() >= SLOW_NANOS {
        keep_slow(session, answered);
    }
    if status.failed {
        fail(session, answered);
    }
    if open.repeat_count > 0 {
        note_repeat(session, open, None, Some(stamp), false);
    }
}

fn time(session: &mut Session, answered: &Answered) {
    let failed = u64::from(answered.status.failed);
    let known = session.operations.iter_mut().find(|o| o.op == answered.op);
    if let Some(entry) = known {
        entry.failed += failed;
        if !answered.long_wait {
            entry.times.add(answered.nanos());
        }
    } else if session.operations.len() < limits::OPERATIONS {
        let mut times = Times::default();
        if !answered.long_wait {
            times.add(answered.nanos());
        }
        session.operations.push(OpTimes {
            op: answered.op,
            times,
            failed,
        });
    } else {
        limit(session, "operations whose times are told apart");
    }
}

fn keep_slow(session: &mut Session, answered: Answered) {
    if session.slow.len() < limits::SLOW_ANSWERS {
        session.slow.push(answered);
        return;
    }
    let fastest = session
        .slow
        .iter()
        .enumerate()
        .min_by_key(|(_, a)| a.nanos());
    if let Some((index, fast)) = fastest
        && fast.nanos() < answered.nanos()
    {
        session.slow.remove(index);
        session.slow.push(answered);
    }
}

fn fail(session: &mut Session, answered: Answered) {
    let same = |f: &&mut Failure| f.op == answered.op && f.status == answered.status;
    if let Some(failure) = session.failures.iter_mut().find(same) {
        failure.count += 1;
        failure.last = answered;
    } else if session.failures.len() < limits::FAILURES {
        session.failures.push(Failure {
            op: answered.op,
            status: answered.status,
            count: 1,
            first: answered,
            last: answered,
        });
    } else {
        limit(session, "kinds of failure");
    }
}

fn note_repeat(
    session: &mut Session,
    open: &Open,
    again: Option<Stamp>,
    answered: Option<Stamp>,
    differs: bool,
) {
    if session.repeats.len() >= limits::EXAMPLES {
        limit(session, "repeated requests");
        return;
    }
    let mut stamps = open.repeats.clone();
    stamps.extend(again);
    session.repeats.push(Repeat {
        side: open.side,
        id: open.id,
        op: open.op,
        first: open.asked,
        count: stamps.len().max(open.repeat_count as usize) as u32,
        again: stamps,
        answered,
        differs,
    });
}
