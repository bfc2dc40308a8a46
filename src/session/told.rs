//! What one conversation said, message by message: what a ladder and `follow` show.

use colloquy_dissectors::dissector::Input;
use colloquy_dissectors::event::{Act, Op, Status};
use colloquy_dissectors::units::{Side, Span, Stamp, StreamOffset};

use super::model::{Flow, Part};
use crate::limits;

/// A message as a ladder shows it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The session, by its place in the flow.
    pub session: u32,
    /// Who spoke.
    pub side: Side,
    /// What part it plays.
    pub part: Part,
    /// What it is.
    pub op: Op,
    /// Its answer's status.
    pub status: Option<Status>,
    /// The exchange it belongs to.
    pub exchange: Option<u64>,
    /// Where it began.
    pub began: Stamp,
    /// Where it ended.
    pub stamp: Stamp,
    /// Its bytes in the carrier's stream.
    pub span: Span,
    /// What it says, in the protocol's words.
    pub text: String,
}

/// Bytes of one side as they were delivered, for `follow`.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Whose.
    pub side: Side,
    /// Where they stand in the side's stream.
    pub at: StreamOffset,
    /// Where they were seen.
    pub stamp: Stamp,
    /// They.
    pub bytes: Vec<u8>,
    /// Bytes that were never captured, in the place of bytes.
    pub missing: u64,
}

/// What both sides said, byte by byte, up to a bound.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) pieces: Vec<Piece>,
    bytes: usize,
    pub(super) cut: bool,
}

impl Record {
    /// What was delivered.
    pub(crate) fn take(&mut self, side: Side, at: StreamOffset, stamp: Stamp, input: Input<'_>) {
        let (bytes, missing) = match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } => (bytes, 0),
            Input::Gap { len } => (&[][..], len),
            Input::End(_) => return,
        };
        if self.bytes + bytes.len() > limits::DIALOGUE_BYTES {
            self.cut = true;
            return;
        }
        self.bytes += bytes.len();
        self.pieces.push(Piece {
            side,
            at,
            stamp,
            bytes: bytes.to_vec(),
            missing,
        });
    }

    /// Turns the sides round.
    pub(crate) fn swap(&mut self) {
        for piece in &mut self.pieces {
            piece.side = piece.side.other();
        }
    }
}

/// All that one conversation said.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The conversation with its sessions.
    pub flow: Flow,
    /// The messages of all its sessions, in the order in which they became whole.
    pub messages: Vec<Told>,
    /// The bytes, in the order of delivery.
    pub pieces: Vec<Piece>,
    /// What was decrypted, each piece with the session that it was said in, by its place in the flow. A piece ends where its
    /// encrypted form ends, as the spans of messages in it do.
    pub opened: Vec<(u32, Piece)>,
    /// A bound was reached: messages or bytes are left out.
    pub cut: bool,
}

/// What is written down of a conversation while it runs.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) messages: Vec<Told>,
    pub(super) opened: Vec<(u32, Piece)>,
    /// Bytes in them.
    bytes: usize,
    /// Some were left out.
    pub(super) cut: bool,
}

impl Writing {
    /// Keeps what was decrypted, up to a bound.
    pub(super) fn opened(&mut self, session: u32, piece: Piece) {
        if self.bytes + piece.bytes.len() > limits::DIALOGUE_BYTES {
            self.cut = true;
            return;
        }
        self.bytes += piece.bytes.len();
        self.opened.push((session, piece));
    }
}

/// What kind of message an event is.
pub(super) struct MessageKind {
    pub(super) part: Part,
    pub(super) op: Op,
    pub(super) status: Option<Status>,
    pub(super) exchange: Option<u64>,
}

/// The message that an event is, if it is one.
pub(super) fn message_of(act: &Act) -> Option<MessageKind> {
    let (part, op, status, exchange) = match act {
        Act::Request { id, op, .. } => (Part::Request, *op, None, Some(*id)),
        Act::Interim { id, .. } => (Part::Interim, Op::default(), None, Some(*id)),
        Act::Reply { id, status } => (Part::Reply, Op::default(), Some(*status), Some(*id)),
        Act::Message { op } => (Part::Message, *op, None, None),
        _ => return None,
    };
    Some(MessageKind {
        part,
        op,
        status,
        exchange,
    })
}
