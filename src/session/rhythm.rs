//! Rhythms of a session: signs of life, and how many requests are in flight at once.

use colloquy_dissectors::units::{Side, Stamp};

use super::model::Session;
use crate::limits;

/// Fewer requests in flight than this are not watched: the smallest table of slots in use has 16.
const WATCHED: usize = 16;

/// So many signs of life, no less, make a rhythm.
const LEAST: u64 = 4;

/// Signs of life that one side gave by itself: keep-alives, Pings, Pongs that nobody asked for, heartbeats of an application.
#[derive(Clone, Copy, Debug)]
pub struct Beats {
    /// Whose.
    pub side: Side,
    /// How many.
    pub count: u64,
    /// The first.
    pub first: Stamp,
    /// The last.
    pub last: Stamp,
    /// The times between two.
    pub all: Pauses,
    /// The same of those between which no other message came.
    pub idle: Pauses,
    /// The first of those since when nothing else was said by anybody.
    pub alone_since: Stamp,
    /// Other messages of the session before the last.
    others: u64,
}

/// Times between two signs of life.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pauses {
    /// How many.
    pub count: u64,
    /// The shortest: nanoseconds; 0 where there is none.
    pub shortest: i64,
    /// The longest.
    pub longest: i64,
}

impl Pauses {
    fn add(&mut self, nanos: i64) {
        let nanos = nanos.max(0);
        self.shortest = match self.count {
            0 => nanos,
            _ => self.shortest.min(nanos),
        };
        self.longest = self.longest.max(nanos);
        self.count += 1;
    }
}

impl Beats {
    fn new(side: Side, stamp: Stamp, others: u64) -> Self {
        Self {
            side,
            count: 1,
            first: stamp,
            last: stamp,
            all: Pauses::default(),
            idle: Pauses::default(),
            alone_since: stamp,
            others,
        }
    }

    fn add(&mut self, stamp: Stamp, others: u64) {
        let nanos = stamp.time.nanos_since(self.last.time);
        self.all.add(nanos);
        if others == self.others {
            self.idle.add(nanos);
        } else {
            self.alone_since = stamp;
            self.others = others;
        }
        self.count += 1;
        self.last = stamp;
    }

    /// Seconds between two where they come at regular times: no pause is longer than twice the mean.
    pub fn period(&self) -> Option<f64> {
        let mean = self.last.time.since(self.first.time) / self.all.count.max(1) as f64;
        let (shortest, longest) = (
            self.all.shortest as f64 / 1e9,
            self.all.longest as f64 / 1e9,
        );
        let regular = longest <= 2.0 * mean && shortest >= 0.5 * mean;
        (self.count >= LEAST && regular && mean > 0.0).then_some(mean)
    }
}

/// A sign of life of `side`, counted as a message already.
pub(super) fn beat(session: &mut Session, side: Side, stamp: Stamp) {
    let messages = session.messages.client + session.messages.server;
    let beats = &mut session.troubles.beats;
    let before: u64 = beats.iter().map(|b| b.count).sum();
    let others = messages.saturating_sub(before + 1);
    match beats.iter_mut().find(|b| b.side == side) {
        Some(beats) => beats.add(stamp, others),
        None => beats.push(Beats::new(side, stamp, others)),
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
