//! The fields of one frame.

use super::fields::{
    CLOSE, CLOSE_CODE, CLOSE_REASON, CONTINUE, DECOMPRESSION_FAILED, FIN, FRAGMENT_COUNT,
    FRAGMENTS, LENGTH, LENGTH_16, LENGTH_64, MASK, MASKED_PAYLOAD, MASKING_KEY, OPCODE, PAYLOAD,
    PING, PMC, PONG, PROTO, REASSEMBLED_LENGTH, RSV, TEXT, UNKNOWN,
};
use super::wire::{Header, Opcode, RSV1};
use crate::field::Writer;

/// What the payload of a frame makes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Payload<'a> {
    /// A control frame's, a reserved opcode's, a continuation's of nothing: its bytes, unmasked.
    Alone(&'a [u8]),
    /// A part of a message that is not whole yet: its bytes, unmasked.
    Part(&'a [u8]),
    /// The last part of a message.
    Message(Message<'a>),
}

/// A whole message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// Its first frame's opcode.
    pub(super) opcode: Opcode,
    /// What it says; `None` where it was not kept or can't be decompressed.
    pub(super) content: Option<&'a [u8]>,
    /// It could not be decompressed.
    pub(super) broken: bool,
    /// Of how many frames.
    pub(super) frames: u32,
    /// Bytes of payload in all of them.
    pub(super) bytes: u64,
}

/// Describes a frame. `deflate`: permessage-deflate was agreed on.
pub(super) fn frame(w: &mut Writer<'_>, head: &Header, deflate: bool, payload: Payload<'_>) {
    w.layer(PROTO, "WebSocket", 0, head.size, |w| {
        w.bool(FIN, head.fin, 0, 1);
        w.uint(RSV, head.rsv, 0, 1);
        if deflate {
            w.bool(PMC, head.rsv & RSV1 != 0, 0, 1);
        }
        w.uint(OPCODE, head.opcode.0, 0, 1);
        w.bool(MASK, head.key.is_some(), 1, 1);
        length(w, head);
        if let Some(key) = head.key {
            w.bytes(MASKING_KEY, &key, head.size - key.len());
        }
        if head.len > 0 {
            let len = usize::try_from(head.len).unwrap_or(usize::MAX);
            if head.key.is_some() {
                w.present(MASKED_PAYLOAD, head.size, len);
            }
            w.present(PAYLOAD, head.size, len);
            content(w, head, payload);
        }
        w.info(|| info(head));
    });
}

fn length(w: &mut Writer<'_>, head: &Header) {
    let extended = head.size - 2 - head.key.map_or(0, |key| key.len());
    let first = match extended {
        2 => 126,
        8 => 127,
        _ => head.len,
    };
    w.uint(LENGTH, first, 1, 1);
    match extended {
        2 => w.uint(LENGTH_16, head.len, 2, 2),
        8 => w.uint(LENGTH_64, head.len, 2, 8),
        _ => {}
    }
}

fn content(w: &mut Writer<'_>, head: &Header, payload: Payload<'_>) {
    let at = head.size;
    match payload {
        Payload::Alone(bytes) => match head.opcode {
            Opcode::CLOSE => close(w, bytes, at),
            Opcode::PING => w.bytes(PING, bytes, at),
            Opcode::PONG => w.bytes(PONG, bytes, at),
            _ => w.bytes(UNKNOWN, bytes, at),
        },
        Payload::Part(bytes) => {
            if head.opcode == Opcode::CONTINUATION {
                w.bytes(CONTINUE, bytes, at);
            }
        }
        Payload::Message(message) => {
            if message.frames > 1 {
                w.present(FRAGMENTS, 0, 0);
                w.uint(FRAGMENT_COUNT, message.frames, 0, 0);
                w.uint(REASSEMBLED_LENGTH, message.bytes, 0, 0);
            }
            if message.broken {
                w.present(DECOMPRESSION_FAILED, 0, 0);
            }
            if let (Opcode::TEXT, Some(content)) = (message.opcode, message.content) {
                w.text_with(TEXT, || text(content), at, head.len as usize);
            }
        }
    }
}

fn close(w: &mut Writer<'_>, bytes: &[u8], at: usize) {
    w.present(CLOSE, at, bytes.len());
    if let Some((code, reason)) = bytes.split_first_chunk::<2>() {
        w.uint(CLOSE_CODE, u16::from_be_bytes(*code), at, 2);
        if !reason.is_empty() {
            w.text_with(CLOSE_REASON, || text(reason), at + 2, reason.len());
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let until_zero = bytes.split(|b| *b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(until_zero).into_owned()
}

fn info(head: &Header) -> String {
    let name = match head.opcode {
        Opcode::CLOSE => "Connection Close",
        opcode if opcode.is_reserved() => "Unknown Opcode",
        opcode => opcode.name(),
    };
    let fin = if head.fin { " [FIN]" } else { "[FRAGMENT] " };
    let masked = if head.key.is_some() { "[MASKED]" } else { "" };
    format!("WebSocket {name}{fin} {masked}")
}
