//! What only later frames tell: collected by a first pass, shown by the second.

use colloquy_dissectors::field::{FieldId, Name, Pair, Reach};
use colloquy_dissectors::units::FrameNo;
use hashbrown::HashMap;

use super::tcp::Completeness;
use crate::fields::engine::tcp;
use crate::limits;

/// Fields of the engine that later frames decide.
pub(super) const FIELDS: &[FieldId] = &[tcp::COMPLETENESS, tcp::ANALYSIS_INITIAL_RTT];

/// What later frames tell of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later {
    pub(super) parts: Completeness,
    pub(super) initial_rtt: Option<i64>,
}

/// A request: its conversation, what pairs it, and the frame that completed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub(super) flow: u32,
    pub(super) pair: &'static str,
    pub(super) key: u64,
    pub(super) frame: FrameNo,
}

impl Request {
    pub(super) const fn new(flow: u32, pair: &'static Pair, key: u64, frame: FrameNo) -> Self {
        Self {
            flow,
            pair: pair.name,
            key,
            frame,
        }
    }
}

/// What the first pass found.
#[derive(Clone, Debug, Default)]
pub struct Forward {
    replies: HashMap<Request, FrameNo>,
    /// By conversation.
    connections: HashMap<u32, Later>,
    names: HashMap<Known, Meaning>,
}

/// A name that a message said: its conversation (`u32::MAX` where all of the capture shows it), its kind and its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Known {
    flow: u32,
    of: &'static str,
    key: u64,
}

impl Known {
    pub(super) const fn new(flow: u32, of: &'static Name, key: u64) -> Self {
        let flow = match of.reach {
            Reach::Capture => u32::MAX,
            Reach::Behind | Reach::Conversation => flow,
        };
        let of = of.name;
        Self { flow, of, key }
    }
}

/// What was said of a name, and in which frame.
#[derive(Clone, Debug)]
pub(super) struct Meaning {
    pub(super) text: Box<str>,
    pub(super) number: u64,
    pub(super) frame: FrameNo,
}

impl Forward {
    /// The first reply to a request.
    pub(super) fn reply(&self, request: Request) -> Option<FrameNo> {
        self.replies.get(&request).copied()
    }

    pub(super) fn note_reply(&mut self, request: Request, frame: FrameNo) {
        self.replies.entry(request).or_insert(frame);
    }

    /// What later frames tell of a connection.
    pub(super) fn later(&self, flow: u32) -> Option<Later> {
        self.connections.get(&flow).copied()
    }

    pub(super) fn note_later(&mut self, flow: u32, later: Later) {
        self.connections.insert(flow, later);
    }

    /// What was said last of a name.
    pub(super) fn name(&self, known: Known) -> Option<&Meaning> {
        self.names.get(&known)
    }

    pub(super) fn note_name(&mut self, known: Known, said: Meaning) {
        let is_newer = |old: &Meaning| old.frame <= said.frame;
        let has_room = self.names.len() < limits::NAMES * 16;
        if self.names.get(&known).map_or(has_room, is_newer) {
            self.names.insert(known, said);
        }
    }

    /// Adds what another shard found of its own conversations.
    pub(crate) fn join(&mut self, other: Self) {
        self.replies.extend(other.replies);
        self.connections.extend(other.connections);
        for (known, said) in other.names {
            self.note_name(known, said);
        }
    }
}
