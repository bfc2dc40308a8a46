//! What only later frames tell: collected by a first pass, shown by the second.

use colloquy_dissectors::field::{FieldId, Pair};
use colloquy_dissectors::units::FrameNo;
use hashbrown::HashMap;

use super::tcp::Completeness;
use crate::fields::engine::tcp;

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

    /// Adds what another shard found of its own conversations.
    pub(crate) fn join(&mut self, other: Self) {
        self.replies.extend(other.replies);
        self.connections.extend(other.connections);
    }
}
