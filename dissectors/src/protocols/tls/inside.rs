//! What is spoken inside, once records are opened or never were encrypted.

use crate::dissector::{End, Input, Output, Recognised};
use crate::units::{Side, StreamOffset};

/// The child.
const KEY: u64 = 0;
/// Bytes of both sides that are kept until it is clear what is spoken.
const HELD: usize = 4096;

/// Names of ALPN (RFC 7301, the IANA registry "TLS ALPN Protocol IDs") and what they stand for here.
const AGREED: [(&[u8], &str); 4] = [
    (b"h2", "http2"),
    (b"http/1.1", "http"),
    (b"http/1.0", "http"),
    (b"sunrpc", "rpc"),
];

/// The content of one session.
#[derive(Debug, Default)]
pub(super) struct Inside {
    state: State,
    /// Something was said before what is seen.
    is_late: bool,
}

#[derive(Debug)]
enum State {
    /// What came while it is not clear yet what is spoken.
    Probing(Vec<Held>),
    /// A child has it.
    Known,
    /// Nothing that is known here.
    Opaque,
}

impl Default for State {
    fn default() -> Self {
        Self::Probing(Vec::new())
    }
}

#[derive(Debug)]
struct Held {
    side: Side,
    at: StreamOffset,
    bytes: Vec<u8>,
}

impl Inside {
    /// The content of a record of `side`. `at`: where it counts as standing in the stream. `agreed`: the name that both sides
    /// have agreed on, if they have.
    pub(super) fn data(
        &mut self,
        (side, at): (Side, StreamOffset),
        bytes: &[u8],
        agreed: &[u8],
        out: &mut Output<'_>,
    ) {
        if bytes.is_empty() {
            return;
        }
        let State::Probing(held) = &mut self.state else {
            if matches!(self.state, State::Known) {
                out.child(KEY, side, at, Input::Data(bytes));
            }
            return;
        };
        let mut said: Vec<u8> = Vec::new();
        for piece in held.iter().filter(|piece| piece.side == side) {
            said.extend_from_slice(&piece.bytes);
        }
        said.extend_from_slice(bytes);
        let by_name = AGREED.iter().find(|(name, _)| *name == agreed);
        let recognised = by_name.map_or_else(
            || out.recognise(side, &said, !self.is_late),
            |(_, protocol)| Recognised::As(protocol),
        );
        let total: usize = held.iter().map(|piece| piece.bytes.len()).sum();
        match recognised {
            Recognised::As(protocol) if out.start_child(KEY, protocol, !self.is_late, &[]) => {
                for piece in std::mem::take(held) {
                    out.child(KEY, piece.side, piece.at, Input::Data(&piece.bytes));
                }
                out.child(KEY, side, at, Input::Data(bytes));
                self.state = State::Known;
            }
            // One side's greeting may be opaque while the other tells.
            Recognised::Not if held.iter().any(|piece| piece.side != side) => self.give_up(),
            Recognised::Not | Recognised::Unsure if total + bytes.len() <= HELD => {
                held.push(Held {
                    side,
                    at,
                    bytes: bytes.to_vec(),
                });
            }
            _ => self.give_up(),
        }
    }

    fn give_up(&mut self) {
        // Behind a hole a message may begin with any later record.
        self.state = if self.is_late {
            State::default()
        } else {
            State::Opaque
        };
    }

    /// Content of `side` was lost: so many bytes, where that is known.
    pub(super) fn gap(
        &mut self,
        (side, at): (Side, StreamOffset),
        len: Option<u64>,
        out: &mut Output<'_>,
    ) {
        self.is_late = true;
        match (&self.state, len) {
            (State::Known, Some(0)) | (State::Opaque, _) => {}
            (State::Known, Some(len)) => out.child(KEY, side, at, Input::Gap { len }),
            (State::Known, None) => {
                // Where its messages begin cannot be counted on any more.
                out.end_child(KEY, End::CaptureStopped);
                self.state = State::default();
            }
            (State::Probing(_), _) => self.state = State::default(),
        }
    }

    /// Something was said before anything that can be read.
    pub(super) const fn missed(&mut self) {
        self.is_late = true;
    }

    /// `side` says that nothing more will come.
    pub(super) fn close(&self, side: Side, out: &mut Output<'_>) {
        self.end(side, End::Fin, out);
    }

    /// The stream of `side` is over.
    pub(super) fn end(&self, side: Side, end: End, out: &mut Output<'_>) {
        if !matches!(self.state, State::Known) {
            return;
        }
        if out.wants_fields() {
            // As in tshark, a message that only the end completes has no fields inside TLS.
            out.leave_child_side(KEY, side);
        } else {
            out.end_child_side(KEY, side, end);
        }
    }

    /// A record of `side` cannot be opened: what was said in it is not known. `is_over`: nor can any behind it.
    pub(super) fn blind(
        &mut self,
        (side, at): (Side, StreamOffset),
        is_over: bool,
        out: &mut Output<'_>,
    ) {
        if matches!(self.state, State::Known) {
            out.blind_child(KEY, side, at);
            if is_over {
                out.end_child(KEY, End::CaptureStopped);
                self.state = State::Opaque;
            }
        }
    }
}
