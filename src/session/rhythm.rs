//! Rhythms of a session: keep-alives, and how many requests are in flight at once.

use colloquy_dissectors::units::{Side, Stamp};

use super::model::Session;
use crate::limits;

/// Fewer requests in flight than this are not watched: the smallest table of slots in use has 16.
const WATCHED: usize = 16;

/// The keep-alives of one side.
#[derive(Clone, Copy, Debug)]
pub struct Beats {
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Stamp,
    /// The last.
    pub last: Stamp,
    /// Nanoseconds between two of them with no other message between, at least; 0 where there are no two such.
    pub shortest: i64,
    /// At most.
    pub longest: i64,
    /// Such pairs.
    pub pairs: u64,
    /// The first of those since when nothing else was said by anybody.
    pub alone_since: Stamp,
    /// Other messages of the session before the last.
    others: u64,
}

impl Beats {
    fn new(stamp: Stamp, others: u64) -> Self {
        Self {
            count: 1,
            first: stamp,
            last: stamp,
            shortest: 0,
            longest: 0,
            pairs: 0,
            alone_since: stamp,
            others,
        }
    }

    fn add(&mut self, stamp: Stamp, others: u64) {
        if others == self.others {
            let nanos = stamp.time.nanos_since(self.last.time);
            self.shortest = if self.pairs == 0 {
                nanos
            } else {
                self.shortest.min(nanos)
            };
            self.longest = self.longest.max(nanos);
            self.pairs += 1;
        } else {
            self.alone_since = stamp;
            self.others = others;
        }
        self.count += 1;
        self.last = stamp;
    }
}

/// A keep-alive of `side`, counted as a message already.
pub(super) fn beat(session: &mut Session, side: Side, stamp: Stamp) {
    let messages = session.messages.client + session.messages.server;
    let beats = &mut session.troubles.beats;
    let before: u64 = Side::BOTH
        .into_iter()
        .filter_map(|side| beats[side].as_ref())
        .map(|b| b.count)
        .sum();
    let others = messages.saturating_sub(before + 1);
    match &mut beats[side] {
        Some(beats) => beats.add(stamp, others),
        none => *none = Some(Box::new(Beats::new(stamp, others))),
    }
}

/// The most requests that were in flight at once, where they are many.
#[derive(Clone, Copy, Debug)]
pub struct InFlight {
    /// How many.
    pub most: usize,
    /// When they were so many first.
    pub reached: Stamp,
    /// When they were so many last.
    pub last: Stamp,
    /// Times at which an answer was followed by another request before the next answer, so that they were as many again.
    pub refilled: u64,
    /// Nanoseconds from such an answer to that request, in all.
    pub refill_nanos: i64,
    /// Nanoseconds for which they were so many, in all.
    pub nanos: i64,
    /// The answer that made them one less.
    freed: Option<Stamp>,
    full_since: Stamp,
}

/// A request came, and is among the open ones.
pub(super) fn one_more_open(session: &mut Session, stamp: Stamp) {
    let now = session.open.len();
    if !(WATCHED..limits::OPEN_EXCHANGES).contains(&now) {
        return;
    }
    let flight = &mut session.troubles.in_flight;
    match flight {
        Some(flight) if now < flight.most => flight.freed = None,
        Some(flight) if now == flight.most => {
            if let Some(freed) = flight.freed.take() {
                flight.refilled += 1;
                flight.refill_nanos += stamp.time.nanos_since(freed.time);
            }
            flight.full_since = stamp;
            flight.last = stamp;
        }
        _ => {
            *flight = Some(Box::new(InFlight {
                most: now,
                reached: stamp,
                last: stamp,
                refilled: 0,
                refill_nanos: 0,
                nanos: 0,
                freed: None,
                full_since: stamp,
            }));
        }
    }
}

/// An answer came; its request is no longer among the open ones.
pub(super) fn one_less_open(session: &mut Session, stamp: Stamp) {
    let now = session.open.len();
    if now + 1 < WATCHED || session.troubles.in_flight.is_none() {
        return;
    }
    if let Some(flight) = &mut session.troubles.in_flight {
        let was_full = now + 1 == flight.most;
        flight.freed = was_full.then_some(stamp);
        if was_full {
            flight.nanos += stamp.time.nanos_since(flight.full_since.time).max(0);
            flight.last = stamp;
        }
    }
}
