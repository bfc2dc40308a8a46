//! What has to be kept of frames and messages until they can be described.

use super::deflate::Inflater;
use super::describe::{self, Message, Payload};
use super::fields::{CONTINUE, DECOMPRESSION_FAILED, TEXT, UNKNOWN};
use super::wire::{self, Header, Opcode, RSV1};
use crate::dissector::Output;
use crate::units::{Side, Span};

/// Bytes that are kept of one message, as they came and decompressed.
pub(super) const MESSAGE: usize = 1 << 20;

/// One side's frames. Nothing is kept unless fields are wanted.
#[derive(Debug, Default)]
pub(super) struct Show {
    /// The payload of the frame at hand, unmasked.
    payload: Vec<u8>,
    /// Bytes of it that came, kept or not.
    came: u64,
    open: Option<Open>,
    inflater: Option<Inflater>,
}

/// A message that is under way.
#[derive(Debug)]
struct Open {
    opcode: Opcode,
    compressed: bool,
    content: Vec<u8>,
    frames: u32,
    bytes: u64,
}

/// What was agreed on compression.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compression {
    /// permessage-deflate is in use.
    pub(super) deflate: bool,
    /// The side forgets its window after each message (RFC 7692 7.1.1).
    pub(super) forgets: bool,
}

/// True when payloads have to be kept.
pub(super) fn keeps(out: &Output<'_>) -> bool {
    out.wants_fields()
        && [TEXT, CONTINUE, UNKNOWN, DECOMPRESSION_FAILED]
            .iter()
            .any(|id| out.wants_field(*id))
}

impl Show {
    /// The next bytes of the payload at hand, masked.
    pub(super) fn payload(&mut self, masked: &[u8], key: Option<[u8; 4]>) {
        let free = MESSAGE - self.payload.len();
        let kept = masked.get(..free).unwrap_or(masked);
        wire::unmasked(kept, key, self.came, |plain| {
            self.payload.extend_from_slice(plain);
        });
        self.came += masked.len() as u64;
    }

    /// Frames were lost.
    pub(super) fn lose(&mut self) {
        *self = Self::default();
    }

    /// The frame at hand, which is no short control frame, is whole.
    pub(super) fn frame(
        &mut self,
        side: Side,
        head: &Header,
        compression: Compression,
        span: Span,
        out: &mut Output<'_>,
    ) {
        if !out.wants_fields() {
            return;
        }
        let payload = std::mem::take(&mut self.payload);
        let came = std::mem::take(&mut self.came);
        let mut tell = |payload| {
            out.fields(side, span, |w| {
                describe::frame(w, head, compression.deflate, payload);
            });
        };
        let first = matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
        if first {
            self.open = Some(Open {
                opcode: head.opcode,
                compressed: compression.deflate && head.rsv & RSV1 != 0,
                content: Vec::new(),
                frames: 0,
                bytes: 0,
            });
        }
        let continues = head.opcode == Opcode::CONTINUATION;
        let Some(open) = self.open.as_mut().filter(|_| first || continues) else {
            tell(Payload::Alone(&payload));
            return;
        };
        open.frames += 1;
        open.bytes = open.bytes.saturating_add(head.len);
        if open.content.len() + payload.len() <= MESSAGE {
            open.content.extend_from_slice(&payload);
        }
        if !head.fin {
            tell(Payload::Part(&payload));
            return;
        }
        let Some(mut open) = self.open.take() else {
            return;
        };
        // A payload that was not kept whole says nothing.
        let mut whole = open.content.len() as u64 == open.bytes && came == head.len;
        let mut broken = false;
        if open.compressed {
            let inflater = self.inflater.get_or_insert_default();
            let plain = if whole {
                inflater.message(&open.content, compression.forgets)
            } else {
                inflater.lose();
                None
            };
            broken = whole && plain.is_none();
            whole = plain.is_some();
            open.content = plain.unwrap_or_default();
        }
        tell(Payload::Message(Message {
            opcode: open.opcode,
            content: whole.then_some(open.content.as_slice()),
            broken,
            frames: open.frames,
            bytes: open.bytes,
        }));
    }
}
