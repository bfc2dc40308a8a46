//! Who has the floor among application messages.
//!
//! WebSocket pairs nothing: whether a message is an answer only the application knows. But a dialogue in which, from its
//! beginning on, each message of the client is followed by exactly one of the server is most likely question and answer.
//! While a dialogue is like that, each such pair is told as an exchange, so that its times can be seen. The first message
//! out of turn ends it for good.
//!
//! ```text
//!   Idle ── client's message ──> Asked ── server's message ──> Idle, one round more
//!    │                             └── client's message ──> Alone ── server's message ──> Off
//!    └── server's message ──> Off   (before the client's first: a greeting, Idle still)
//! ```
//!
//! A question is held until it is answered and then told together with its answer: an answer is not *owed* here, so a
//! message that is never answered must not look like a request that waits.

use super::op;
use super::wire::Opcode;
use crate::dissector::Output;
use crate::event::{Act, Expect, Fact, Status};
use crate::units::{Side, Span};

/// Rounds before pairs are told.
const LEARNED: u32 = 1;
/// Rounds after which it is strange that messages are not answered any more, and how many make it so.
const SETTLED: u32 = 10;
const STRANGE: u32 = 5;

/// A whole data message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) opcode: Opcode,
    pub(super) span: Span,
    pub(super) text: Option<String>,
}

/// The turn.
#[derive(Debug, Default)]
pub(super) enum Turn {
    /// Nothing is paired (any more).
    #[default]
    Off,
    /// The same; and of a client whose messages were answered so many times, so many were not since.
    Alone(u32, u32),
    /// The client may ask; so many rounds went well.
    Idle(u32),
    /// The server is to answer; the question is held once enough was learned.
    Asked(u32, Option<Message>),
}

impl Turn {
    /// Takes the next message of either side and tells it, now or with its answer. `next_id` counts exchanges.
    pub(super) fn message(
        &mut self,
        side: Side,
        message: Message,
        next_id: &mut u64,
        out: &mut Output<'_>,
    ) {
        *self = match (std::mem::take(self), side) {
            (Self::Idle(rounds), Side::Client) if rounds >= LEARNED => {
                Self::Asked(rounds, Some(message))
            }
            (Self::Idle(rounds), Side::Client) => {
                plain(side, message, out);
                Self::Asked(rounds, None)
            }
            (Self::Idle(0), Side::Server) => {
                plain(side, message, out);
                Self::Idle(0)
            }
            (Self::Asked(rounds, Some(question)), Side::Server) => {
                *next_id += 1;
                pair(*next_id, question, message, out);
                Self::Idle(rounds.saturating_add(1))
            }
            (Self::Asked(rounds, None), Side::Server) => {
                plain(side, message, out);
                Self::Idle(rounds.saturating_add(1))
            }
            (Self::Asked(rounds, question), Side::Client) => {
                Self::Asked(rounds, question).told(out);
                plain(side, message, out);
                Self::Alone(rounds, 2)
            }
            (Self::Alone(rounds, alone), Side::Client) => {
                let span = message.span;
                plain(side, message, out);
                if rounds >= SETTLED && alone + 1 == STRANGE {
                    let fact = Fact::new("ws.one-way").with("rounds", rounds);
                    out.fact(side, span, fact);
                }
                Self::Alone(rounds, alone.saturating_add(1))
            }
            (Self::Alone(rounds, alone), Side::Server) => {
                if rounds >= SETTLED && alone >= STRANGE {
                    out.fact(side, message.span, Fact::new("ws.two-way-again"));
                }
                plain(side, message, out);
                Self::Off
            }
            (old, _) => {
                old.told(out);
                plain(side, message, out);
                Self::Off
            }
        };
    }

    /// Ends the pairing; a question that is held is told as a plain message.
    pub(super) fn stop(&mut self, out: &mut Output<'_>) {
        std::mem::take(self).told(out);
    }

    fn told(self, out: &mut Output<'_>) {
        if let Self::Asked(_, Some(question)) = self {
            plain(Side::Client, question, out);
        }
    }
}

fn plain(side: Side, message: Message, out: &mut Output<'_>) {
    describe(message.text, message.opcode, out);
    out.emit(
        side,
        message.span,
        Act::Message {
            op: op(message.opcode),
        },
    );
}

fn pair(id: u64, question: Message, reply: Message, out: &mut Output<'_>) {
    describe(question.text, question.opcode, out);
    let request = Act::Request {
        id,
        op: op(question.opcode),
        expect: Expect::Answer,
        digest: 0,
    };
    out.emit(Side::Client, question.span, request);
    describe(reply.text, reply.opcode, out);
    out.emit(
        Side::Server,
        reply.span,
        Act::Reply {
            id,
            status: Status::OK,
        },
    );
}

fn describe(text: Option<String>, opcode: Opcode, out: &mut Output<'_>) {
    out.describe(|| text.unwrap_or_else(|| opcode.name().to_owned()));
}
