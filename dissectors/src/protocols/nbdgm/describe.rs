//! The fields of one datagram.

use std::net::Ipv4Addr;

use super::fields as f;
use super::{CARRIERS, ERROR, HEAD, QUERIES, SHORT_HEAD};
use crate::field::layout::{Bit, flag, number};
use crate::field::{FieldId, Value, Writer};

/// Flags (RFC 1002 4.4.1).
const FLAGS: &[Bit] = &[
    flag(f::NEXT, 1),
    flag(f::FIRST, 2),
    number(f::NODE_TYPE, 0x0C),
];

/// What a datagram carries, and where that begins.
pub(super) fn content(bytes: &[u8]) -> Option<(usize, &[u8])> {
    if !CARRIERS.contains(bytes.first()?) {
        return None;
    }
    let (_, source) = name(bytes, HEAD)?;
    let (_, destination) = name(bytes, HEAD + source)?;
    let from = HEAD + source + destination;
    Some((from, bytes.get(from..)?))
}

/// Who sends it and for whom it is.
pub(super) fn names(bytes: &[u8]) -> Option<(String, String)> {
    if !CARRIERS.contains(bytes.first()?) {
        return None;
    }
    let (source, len) = name(bytes, HEAD)?;
    let (destination, _) = name(bytes, HEAD + len)?;
    Some((source, destination))
}

/// Describes a datagram.
pub(super) fn datagram(w: &mut Writer<'_>, bytes: &[u8]) {
    let kind = bytes.first().copied().unwrap_or_default();
    let head = if CARRIERS.contains(&kind) {
        HEAD
    } else {
        SHORT_HEAD
    };
    w.layer(f::PROTO, "NBDS", 0, head, |w| {
        w.uint(f::TYPE, kind, 0, 1);
        if let Some(flags) = bytes.get(1) {
            w.bits(f::FLAGS, FLAGS, u64::from(*flags), (1, 1));
        }
        big(w, f::ID, bytes, 2);
        if let Some(ip) = bytes.get(4..).and_then(|rest| rest.first_chunk::<4>()) {
            w.put(f::SOURCE_IP, Value::Ipv4(Ipv4Addr::from(*ip)), 4, 4);
        }
        big(w, f::SOURCE_PORT, bytes, 8);
        if CARRIERS.contains(&kind) {
            big(w, f::LENGTH, bytes, 10);
            big(w, f::OFFSET, bytes, 12);
            if let Some((text, len)) = name(bytes, HEAD) {
                w.text(f::SOURCE_NAME, &text, HEAD, len);
                named(w, f::DESTINATION_NAME, bytes, HEAD + len);
            }
        } else if kind == ERROR {
            if let Some(code) = bytes.get(SHORT_HEAD) {
                w.uint(f::ERROR_CODE, *code, SHORT_HEAD, 1);
            }
        } else if QUERIES.contains(&kind) {
            named(w, f::DESTINATION_NAME, bytes, SHORT_HEAD);
        }
        w.info(|| title(kind).to_owned());
    });
}

fn big(w: &mut Writer<'_>, id: FieldId, bytes: &[u8], at: usize) {
    if let Some(number) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        w.uint(id, u16::from_be_bytes(*number), at, 2);
    }
}

fn named(w: &mut Writer<'_>, id: FieldId, bytes: &[u8], at: usize) {
    if let Some((text, len)) = name(bytes, at) {
        w.text(id, &text, at, len);
    }
}

pub(super) const fn title(kind: u8) -> &'static str {
    match kind {
        0x10 => "Direct_unique datagram",
        0x11 => "Direct_group datagram",
        0x12 => "Broadcast datagram",
        0x13 => "Datagram error",
        0x14 => "Datagram query request",
        0x15 => "Datagram positive query response",
        0x16 => "Datagram negative query response",
        _ => "Unknown",
    }
}

/// A name in first-level encoding at `at` (RFC 1001 14.1), with the bytes that it takes, its scope included.
fn name(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let (&32, rest) = bytes.get(at..)?.split_first()? else {
        return None;
    };
    let (letters, mut rest) = rest.split_first_chunk::<32>()?;
    let mut raw = letters.chunks_exact(2).map(|pair| match pair {
        [high @ b'A'..=b'P', low @ b'A'..=b'P'] => Some((high - b'A') << 4 | (low - b'A')),
        _ => None,
    });
    let text: Option<Vec<u8>> = raw.by_ref().take(15).collect();
    let kind = raw.next()??;
    let text = text?;
    let mut len = 33;
    loop {
        let (label, behind) = rest.split_first()?;
        len += 1 + usize::from(*label);
        if *label == 0 {
            break;
        }
        rest = behind.get(usize::from(*label)..)?;
    }
    let shown = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("<{byte:02x}>"),
    };
    let text: String = text.trim_ascii_end().iter().map(shown).collect();
    Some((format!("{text}<{kind:02x}>"), len))
}
