//! How one event changes one session.

use std::collections::VecDeque;

use colloquy_dissectors::event::{Act, Expect, Op, Phase, Status, Value};
use colloquy_dissectors::units::{PerSide, Side, Stamp};
use thin_vec::ThinVec;

use super::exchange::{Answered, Failure, Open, Orphan, Overtaking, Repeat};
use super::model::{
    Incomplete, LastMessage, LetGo, Malformed, OpTimes, Part, PhaseChange, Session,
};
use super::rhythm;
use super::times::Times;
use crate::limits;

/// Answers slower than this are kept as candidates: nanoseconds.
const SLOW_NANOS: i64 = 500_000_000;

/// What a session needs only while it runs.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The last answered requests.
    pub(super) answered: VecDeque<Done>,
    pub(super) early: Vec<(u64, Side, Status, Stamp)>,
    /// Answers were missed because the asking side's bytes were.
    pub(super) gap_seen: PerSide<bool>,
    /// Over datagrams a request may come again although it was answered: the answer may have been lost.
    pub(super) datagrams: bool,
    /// The last answered requests, over datagrams only.
    pub(super) recent: VecDeque<Recent>,
}

/// An answered request, to know a second answer. A busy session has many: small.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) id: u64,
    /// Where it was answered.
    pub(super) stamp: Stamp,
    /// The place of its operation among the session's.
    pub(super) operation: u16,
    /// Who asked.
    pub(super) asker: Side,
    /// It was asked more than once.
    pub(super) repeated: bool,
}

/// An answered request, to know it again.
#[derive(Debug)]
pub(super) struct Recent {
    open: Open,
    answered: Stamp,
}

/// Where in the capture an event happened.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) side: Side,
    pub(super) began: Stamp,
    pub(super) stamp: Stamp,
    pub(super) end_offset: u64,
}

/// A request as its dissector tells it.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) op: Op,
    pub(super) expect: Expect,
    pub(super) digest: u32,
}

pub(super) fn count(session: &mut Session, part: Part, op: Op, len: u64, place: Place) {
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

pub(super) fn simple_act(session: &mut Session, act: Act, place: Place) {
    let Place {
        side, began, stamp, ..
    } = place;
    match act {
        Act::Phase(phase) => enter(session, phase, side, stamp),
        Act::Interim { id, by_design } => {
            if let Some(open) = session
                .open
                .iter_mut()
                .rev()
                .find(|o| o.id == id && o.side != side)
            {
                open.interim.get_or_insert(stamp);
                open.may_take |= by_design;
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
            session.troubles.malformed_count += 1;
            if session.troubles.malformed.len() < limits::EXAMPLES {
                session
                    .troubles
                    .malformed
                    .push(Malformed { side, what, stamp });
            }
        }
        Act::Incomplete {
            op,
            expected,
            present,
        } => {
            if session.troubles.incomplete.len() < limits::EXAMPLES {
                let excused = session.missing[side] > 0;
                session.troubles.incomplete.push(Incomplete {
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
        Act::Beat => rhythm::beat(session, side, stamp),
        Act::Skipped { bytes } => session.troubles.skipped[side] += bytes,
        Act::Limit { what } => limit(session, what),
        Act::Request { .. } | Act::Reply { .. } | Act::Message { .. } | Act::Fact(_) => {}
    }
}

/// Makes room for one more. Lists begin with one and not with four: there are very many, most of them short.
pub(super) fn one_more<T>(list: &mut ThinVec<T>) {
    let known = list.len();
    if known == list.capacity() {
        list.reserve_exact(known.max(1));
    }
}

pub(super) fn enter(session: &mut Session, phase: Phase, side: Side, stamp: Stamp) {
    if session.phases.is_empty() || session.phase != phase {
        session.phase = phase;
        if session.phases.len() < limits::PHASES {
            session.phases.push(PhaseChange { phase, stamp, side });
        }
    }
}

pub(super) fn detail(session: &mut Session, key: &'static str, mut value: Value) {
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

pub(super) fn limit(session: &mut Session, what: &'static str) {
    if !session.troubles.limits.contains(&what) {
        session.troubles.limits.push(what);
    }
}

pub(super) fn orphan(session: &mut Session, orphan: Orphan) {
    session.troubles.orphan_count += 1;
    if session.troubles.orphans.len() < limits::EXAMPLES {
        session.troubles.orphans.push(orphan);
    }
}

/// Remembers the first request that was let go for newer ones, and whether all of these asked the same.
pub(super) fn let_go(session: &mut Session, oldest: &Open) {
    session.requests.let_go += 1;
    let known = session.troubles.let_go.get_or_insert(LetGo {
        first: oldest.asked,
        op: oldest.op,
        alike: true,
    });
    known.alike &= known.op == oldest.op;
}

pub(super) fn open_of(request: &Request, place: Place) -> Open {
    Open {
        id: request.id,
        side: place.side,
        op: request.op,
        expect: request.expect,
        began: place.began,
        asked: place.stamp,
        digest: request.digest,
        end_offset: place.end_offset,
        acked: None,
        interim: None,
        may_take: false,
        cancelled: None,
        repeats: ThinVec::new(),
        repeat_count: 0,
        carries_inner: false,
        answer_may_be_missing: false,
    }
}

/// Notes when the request at `index` is answered before an earlier one.
pub(super) fn overtake(session: &mut Session, index: usize, answer: Stamp) {
    let earlier = |asker| {
        let waits = |o: &&Open| {
            o.side == asker
                && o.expect == Expect::Answer
                && o.interim.is_none()
                && o.cancelled.is_none()
                && !o.answer_may_be_missing
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
        session.troubles.overtaking.get_or_insert(first).count += 1;
    }
}

/// `began` and `stamp`: where the answer's first and last byte were seen.
pub(super) fn answer(
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
        acked: open.acked,
        began,
        answered: stamp,
        status,
        // What carries a request of an inner session takes as long as that.
        long_wait: open.carries_inner
            || matches!(open.expect, Expect::LongWait(_))
            || open.may_take,
        repeats: open.repeat_count,
    };
    let operation = time(session, &answered);
    if memory.answered.len() >= limits::ANSWERED_IDS {
        memory.answered.pop_front();
    }
    memory.answered.push_back(Done {
        id: open.id,
        stamp,
        operation,
        asker: open.side,
        repeated: open.repeat_count > 0,
    });
    if memory.datagrams && open.digest != 0 {
        if memory.recent.len() >= limits::RECENT_REQUESTS {
            memory.recent.pop_front();
        }
        memory.recent.push_back(Recent {
            open: open.clone(),
            answered: stamp,
        });
    }
    if answered.nanos() >= SLOW_NANOS {
        keep_slow(session, answered);
    }
    if status.failed {
        fail(session, open.id, answered);
    }
    if open.repeat_count > 0 {
        note_repeat(session, open, None, Some(stamp), false);
    }
}

/// Adds up how long it took; gives the operation's place among the session's.
fn time(session: &mut Session, answered: &Answered) -> u16 {
    let failed = u64::from(answered.status.failed);
    let mut operations = session.operations.iter_mut();
    let place = operations.position(|o| o.op == answered.op);
    let place = place.unwrap_or(session.operations.len());
    if let Some(entry) = session.operations.get_mut(place) {
        entry.failed += failed;
        if !answered.long_wait {
            entry.times.add(answered.nanos());
        }
    } else if session.operations.len() < limits::OPERATIONS {
        let mut times = Times::default();
        if !answered.long_wait {
            times.add(answered.nanos());
        }
        one_more(&mut session.operations);
        session.operations.push(OpTimes {
            op: answered.op,
            times,
            failed,
        });
    } else {
        limit(session, "operations whose times are told apart");
    }
    place as u16
}

pub(super) fn keep_slow(session: &mut Session, answered: Answered) {
    if session.troubles.slow.len() < limits::SLOW_ANSWERS {
        session.troubles.slow.push(answered);
        return;
    }
    let fastest = session
        .troubles
        .slow
        .iter()
        .enumerate()
        .min_by_key(|(_, a)| a.nanos());
    if let Some((index, fast)) = fastest
        && fast.nanos() < answered.nanos()
    {
        session.troubles.slow.remove(index);
        session.troubles.slow.push(answered);
    }
}

pub(super) fn fail(session: &mut Session, id: u64, answered: Answered) {
    let same = |f: &&mut Failure| f.op == answered.op && f.status == answered.status;
    if let Some(failure) = session.troubles.failures.iter_mut().find(same) {
        failure.count += 1;
        failure.last = answered;
    } else if session.troubles.failures.len() < limits::FAILURES {
        one_more(&mut session.troubles.failures);
        session.troubles.failures.push(Failure {
            op: answered.op,
            status: answered.status,
            count: 1,
            first: answered,
            first_id: id,
            last: answered,
        });
    } else {
        limit(session, "kinds of failure");
    }
}

/// A request that was answered before and comes again as it was; true when it is one.
pub(super) fn asked_again(
    session: &mut Session,
    memory: &mut Memory,
    request: &Request,
    place: Place,
) -> bool {
    let same = |r: &&Recent| {
        r.open.id == request.id
            && r.open.side == place.side
            && r.open.op == request.op
            && r.open.digest == request.digest
            && place.stamp.time.nanos_since(r.answered.time) < limits::NANOS_OF_REPEATING
    };
    let Some(recent) = memory.recent.iter().rev().find(same) else {
        return false;
    };
    let known = |r: &&mut Repeat| r.id == request.id && r.first == recent.open.asked;
    if let Some(repeat) = session.troubles.repeats.iter_mut().rev().find(known) {
        repeat.again.push(place.stamp);
        repeat.count += 1;
    } else {
        let answered = Some(recent.answered);
        note_repeat(session, &recent.open, Some(place.stamp), answered, false);
    }
    let answers = memory.answered.iter_mut().rev();
    for answer in answers.filter(|a| a.id == request.id && a.asker == place.side) {
        answer.repeated = true;
    }
    true
}

pub(super) fn note_repeat(
    session: &mut Session,
    open: &Open,
    again: Option<Stamp>,
    answered: Option<Stamp>,
    differs: bool,
) {
    if session.troubles.repeats.len() >= limits::EXAMPLES {
        limit(session, "repeated requests");
        return;
    }
    let mut stamps = open.repeats.clone();
    stamps.extend(again);
    session.troubles.repeats.push(Repeat {
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
