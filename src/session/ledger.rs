//! What became of each request, written down as it happens, for whoever adds up response times.
//!
//! A conversation has a ledger only while somebody lends it one, so that nothing is kept of answered requests otherwise.

use colloquy_dissectors::event::{Expect, Op, Status};
use colloquy_dissectors::units::{Side, Stamp};

use super::exchange::Open;

/// One request, as soon as it is known what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The session's place in its conversation.
    pub session: u32,
    /// The session's protocol.
    pub protocol: &'static str,
    /// What was asked.
    pub op: Op,
    /// Why it may wait for hours by design, where it may.
    pub waits: Option<&'static str>,
    /// Who asked.
    pub asker: Side,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It is on its way; so its operation is called, which [`Op`] does not say.
    Named(Box<str>),
    /// Finally answered; an interim answer does not count.
    Answered {
        /// Nanoseconds from the request's last byte to the answer's.
        nanos: i64,
        /// The answer says that it was not carried out.
        failed: bool,
    },
    /// Let go without an answer, or it never came.
    Unanswered,
    /// Without an answer at the end of the capture, and nothing can be said against that.
    Pending,
}

/// What became of requests since the last look.
#[derive(Debug, Default)]
pub struct Ledger {
    /// In the order in which it happened.
    pub entries: Vec<Entry>,
    /// The name of the operation of the request that comes next.
    pub(super) named: Option<String>,
}

impl Entry {
    /// What became of an open request of a session.
    pub fn of(session: u32, protocol: &'static str, open: &Open, fate: Fate) -> Self {
        Self {
            session,
            protocol,
            op: open.op,
            waits: match open.expect {
                Expect::LongWait(why) => Some(why),
                Expect::Answer | Expect::Nothing => None,
            },
            asker: open.side,
            fate,
        }
    }
}

/// What became of a request that was answered.
pub(super) fn answered(open: &Open, at: Stamp, status: Status) -> Fate {
    Fate::Answered {
        nanos: at.time.nanos_since(open.asked.time),
        failed: status.failed,
    }
}
