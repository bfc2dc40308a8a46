//! The open calls of an association and the fragments that they are made of (C706 12.6.2).
//!
//! ```text
//!   FIRST ──► open chain ──(neither)──► open chain ──LAST──► told
//!   FIRST|LAST ───────────────────────────────────────────► told
//! ```

use super::epm::{Question, Tower};
use super::interfaces::{Interface, Returns};
use super::wire::Uuid;
use crate::event::Op;
use crate::units::Span;

/// Calls without an answer that are remembered; the oldest is forgotten then.
const CALLS: usize = 256;

/// The fragments of one message: counted, not kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    /// From the first byte of the first fragment to the last one's end.
    pub(super) span: Span,
    pub(super) fragments: u32,
    /// Bytes of stub.
    pub(super) stub: u64,
    /// The last fragment has not come.
    pub(super) open: bool,
    /// The capture lost something of it.
    pub(super) holed: bool,
}

impl Chain {
    pub(super) const fn begin(span: Span) -> Self {
        Self {
            span,
            fragments: 0,
            stub: 0,
            open: true,
            holed: false,
        }
    }

    pub(super) const fn add(&mut self, span: Span, stub: usize, last: bool) {
        self.span.end = span.end;
        self.fragments = self.fragments.saturating_add(1);
        self.stub += stub as u64;
        self.open = !last;
    }
}

/// The last four bytes of a stub, over all its fragments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tail {
    bytes: [u8; 4],
    seen: usize,
}

impl Tail {
    pub(super) fn add(&mut self, stub: &[u8]) {
        self.seen += stub.len().min(4);
        if let Some(last) = stub.last_chunk() {
            self.bytes = *last;
            return;
        }
        for byte in stub {
            self.bytes.rotate_left(1);
            if let Some(last) = self.bytes.last_mut() {
                *last = *byte;
            }
        }
    }

    /// The number that they are.
    pub(super) const fn number(&self, big: bool) -> Option<u32> {
        match (self.seen >= 4, big) {
            (false, _) => None,
            (true, true) => Some(u32::from_be_bytes(self.bytes)),
            (true, false) => Some(u32::from_le_bytes(self.bytes)),
        }
    }
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: u32,
    pub(super) op: Op,
    pub(super) interface: Option<&'static Interface>,
    /// The interface, where it has no name here.
    pub(super) unnamed: Option<Uuid>,
    pub(super) context: u16,
    pub(super) operation: u16,
    pub(super) digest: u32,
    pub(super) maybe: bool,
    pub(super) request: Chain,
    /// The request was seen and reported.
    pub(super) told: bool,
    /// It was answered before its last fragment came.
    pub(super) answered: bool,
    pub(super) response: Option<Chain>,
    pub(super) tail: Tail,
    /// Some of the response's stub could not be read: encrypted or lost.
    pub(super) opaque: bool,
    pub(super) question: Option<Box<Question>>,
    pub(super) towers: Vec<Tower>,
}

impl Call {
    /// A call of which nothing is known but its id: the request was not seen.
    pub(super) fn unseen(id: u32, span: Span) -> Self {
        Self {
            id,
            op: Op::default(),
            interface: None,
            unnamed: None,
            context: 0,
            operation: 0,
            digest: 0,
            maybe: false,
            request: Chain {
                open: false,
                holed: true,
                ..Chain::begin(span)
            },
            told: false,
            answered: false,
            response: None,
            tail: Tail::default(),
            opaque: false,
            question: None,
            towers: Vec::new(),
        }
    }

    /// True when the request itself was seen, whole or in part.
    pub(super) const fn seen(&self) -> bool {
        self.request.fragments > 0
    }

    /// True for an operation that is answered when something happens, be it after hours.
    pub(super) fn may_wait(&self) -> bool {
        self.interface.is_some_and(|i| i.may_wait(self.operation))
    }

    /// What its return value is, if it can be read.
    pub(super) fn returned(&self, big: bool) -> Option<(Returns, u32)> {
        let returns = self.interface?.returns(self.operation);
        if self.opaque || returns == Returns::Unknown {
            return None;
        }
        self.tail.number(big).map(|code| (returns, code))
    }
}

/// All open calls, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: Vec<Call>,
}

impl Calls {
    pub(super) fn find(&mut self, id: u32) -> Option<&mut Call> {
        self.open.iter_mut().find(|c| c.id == id)
    }

    pub(super) fn take(&mut self, id: u32) -> Option<Call> {
        let at = self.open.iter().position(|c| c.id == id)?;
        Some(self.open.remove(at))
    }

    /// Adds a call. False when the oldest had to go.
    pub(super) fn push(&mut self, call: Call) -> bool {
        let room = self.open.len() < CALLS;
        if !room {
            self.open.remove(0);
        }
        self.open.push(call);
        room
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Call> {
        self.open.iter_mut()
    }

    pub(super) const fn len(&self) -> usize {
        self.open.len()
    }
}
