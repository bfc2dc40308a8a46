//! What goes otherwise than it should in a session: few have any of it.

use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::{PerSide, Side, Stamp};
use thin_vec::ThinVec;

use super::exchange::{Answered, DoubleReply, Failure, LateArrival, Orphan, Overtaking, Repeat};
use super::rhythm::{Beats, InFlight};
use crate::stream::rare::Unremarkable;

/// A message that began and never ended.
#[derive(Clone, Copy, Debug)]
pub struct Incomplete {
    /// Whose.
    pub side: Side,
    /// What kind.
    pub op: Op,
    /// Bytes its header promised.
    pub expected: u64,
    /// Bytes that came.
    pub present: u64,
    /// Where it began.
    pub began: Stamp,
    /// Where its last byte was seen.
    pub stamp: Stamp,
    /// Bytes of this side are missing (guard T4).
    pub excused: bool,
}

/// A message that was not what its protocol says.
#[derive(Clone, Copy, Debug)]
pub struct Malformed {
    /// Whose.
    pub side: Side,
    /// What is wrong.
    pub what: &'static str,
    /// Where.
    pub stamp: Stamp,
}

/// Requests without an answer that were let go for newer ones.
#[derive(Clone, Copy, Debug)]
pub struct LetGo {
    /// Where the first of them was asked.
    pub first: Stamp,
    /// What it asked.
    pub op: Op,
    /// All of them asked the same.
    pub alike: bool,
}

/// What goes otherwise than it should in a session: in most of them nothing does.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    /// The slowest answers above a second.
    pub slow: ThinVec<Answered>,
    /// Answers that arrived late.
    pub late: ThinVec<LateArrival>,
    /// Failed answers by operation and status.
    pub failures: ThinVec<Failure>,
    /// Requests sent more than once.
    pub repeats: ThinVec<Repeat>,
    /// Answers that came twice.
    pub double_replies: ThinVec<DoubleReply>,
    /// Answers to nothing.
    pub orphans: ThinVec<Orphan>,
    /// Orphans in all.
    pub orphan_count: u64,
    /// Answers out of the order of their requests.
    pub overtaking: Option<Overtaking>,
    /// Messages that never ended.
    pub incomplete: ThinVec<Incomplete>,
    /// Messages that were not what they should be.
    pub malformed: ThinVec<Malformed>,
    /// Malformed messages in all.
    pub malformed_count: u64,
    /// Bytes that could not be followed.
    pub skipped: PerSide<u64>,
    /// Bounds that were reached.
    pub limits: ThinVec<&'static str>,
    /// Signs of life of each side, of which it is a trouble when they stop.
    pub beats: ThinVec<Beats>,
    /// The most requests in flight at once, where they are many.
    pub in_flight: Option<Box<InFlight>>,
    /// Requests that were too many to be kept.
    pub let_go: Option<LetGo>,
}

impl Unremarkable for Troubles {
    const DEFAULT: &'static Self = &Self {
        slow: ThinVec::new(),
        late: ThinVec::new(),
        failures: ThinVec::new(),
        repeats: ThinVec::new(),
        double_replies: ThinVec::new(),
        orphans: ThinVec::new(),
        orphan_count: 0,
        overtaking: None,
        incomplete: ThinVec::new(),
        malformed: ThinVec::new(),
        malformed_count: 0,
        skipped: PerSide::new(0, 0),
        limits: ThinVec::new(),
        beats: ThinVec::new(),
        in_flight: None,
        let_go: None,
    };
}
