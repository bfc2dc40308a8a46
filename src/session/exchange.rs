//! Requests and their answers.

use colloquy_dissectors::event::{Expect, Op, Status};
use colloquy_dissectors::units::{Side, Stamp};
use thin_vec::ThinVec;

use crate::stream::facts::Arrived;

/// A request without its final answer.
#[derive(Clone, Debug)]
pub struct Open {
    /// The protocol's own id.
    pub id: u64,
    /// Who asked.
    pub side: Side,
    /// What was asked.
    pub op: Op,
    /// What is waited for.
    pub expect: Expect,
    /// Where the request's first byte was seen.
    pub began: Stamp,
    /// Where its last byte was seen.
    pub asked: Stamp,
    /// Fingerprint of the request.
    pub digest: u32,
    /// One past its last byte in the carrier's stream of its side: tells whether it was acknowledged.
    pub end_offset: u64,
    /// The peer acknowledged all of it; `None` where TCP does not tell, or not yet.
    pub acked: Option<Stamp>,
    /// An interim answer came.
    pub interim: Option<Stamp>,
    /// After its interim answer the final one may take as long as it likes.
    pub may_take: bool,
    /// The requester gave it up.
    pub cancelled: Option<Stamp>,
    /// The same request again.
    pub repeats: ThinVec<Stamp>,
    /// Times it was repeated, also those not kept.
    pub repeat_count: u32,
    /// A request of an inner session travels in it, which is the one to be told about.
    pub carries_inner: bool,
    /// Bytes went missing on the answering side since it was asked (guard T4).
    pub answer_may_be_missing: bool,
}

/// An answered request worth keeping.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// Who asked.
    pub side: Side,
    /// What was asked.
    pub op: Op,
    /// Where the request ended.
    pub asked: Stamp,
    /// Where the peer acknowledged the request before it answered.
    pub acked: Option<Stamp>,
    /// Where the answer's first byte was seen.
    pub began: Stamp,
    /// Where the answer ended.
    pub answered: Stamp,
    /// How it was answered.
    pub status: Status,
    /// It was announced to take long by the protocol (guard T7) or by an interim answer, or it carried another request.
    pub long_wait: bool,
    /// Repeated this many times before the answer came.
    pub repeats: u32,
}

impl Answered {
    /// Nanoseconds from request to the first byte of the answer: how long its maker took, without the transfer.
    pub fn nanos_to_first(&self) -> i64 {
        self.began.time.nanos_since(self.asked.time)
    }

    /// Nanoseconds from request to answer.
    pub fn nanos(&self) -> i64 {
        self.answered.time.nanos_since(self.asked.time)
    }
}

/// Answers that came before those to earlier requests of the same side.
#[derive(Clone, Copy, Debug)]
pub struct Overtaking {
    /// How many.
    pub count: u64,
    /// The first time: the request that was passed over.
    pub waiting: Stamp,
    /// The answer that came before its turn.
    pub answer: Stamp,
}

/// One kind of failed answer: an operation that ended with a status.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was asked.
    pub op: Op,
    /// How it failed.
    pub status: Status,
    /// How often.
    pub count: u64,
    /// The first one.
    pub first: Answered,
    /// The protocol's own id of the first one.
    pub first_id: u64,
    /// The last one.
    pub last: Answered,
}

/// A request that was sent more than once with one id.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// Who asked.
    pub side: Side,
    /// The protocol's own id.
    pub id: u64,
    /// What was asked.
    pub op: Op,
    /// First sent.
    pub first: Stamp,
    /// Sent again.
    pub again: ThinVec<Stamp>,
    /// Times it was sent again.
    pub count: u32,
    /// The answer, if one came.
    pub answered: Option<Stamp>,
    /// Another body under the same id.
    pub differs: bool,
}

/// An answer that came twice.
#[derive(Clone, Copy, Debug)]
pub struct DoubleReply {
    /// The protocol's own id.
    pub id: u64,
    /// What had been asked.
    pub op: Op,
    /// Who answered.
    pub side: Side,
    /// The first answer.
    pub first: Stamp,
    /// The second.
    pub again: Stamp,
    /// The request had been repeated, so that a second answer is no wonder.
    pub request_repeated: bool,
}

/// An answer that was sent, and that who asked acknowledged only after it had been sent again.
#[derive(Clone, Debug)]
pub struct LateArrival {
    /// What had been asked.
    pub op: Op,
    /// Who answered.
    pub side: Side,
    /// Where the answer ended.
    pub answered: Stamp,
    /// How its bytes arrived.
    pub arrived: Arrived,
}

/// An answer to nothing that was seen to be asked.
#[derive(Clone, Copy, Debug)]
pub struct Orphan {
    /// The protocol's own id.
    pub id: u64,
    /// Who answered.
    pub side: Side,
    /// How.
    pub status: Status,
    /// Where.
    pub stamp: Stamp,
    /// Bytes of the asking side were missing before it (guard T4), or the session was joined late (T1).
    pub excused: bool,
}
