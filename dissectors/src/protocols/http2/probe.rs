//! Is it HTTP/2?

use super::hpack::{Decoder, List};
use super::wire::{self, Framed, HEAD, Head, Kind, PREFACE, flag};
use crate::dissector::{Probe, Speaker, Verdict};
use crate::units::Side;

/// A client's preface, on any port; a server's first SETTINGS, which may come before it; and in mid-stream of a connection that
/// was joined late a run of frames.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    let seen = bytes.len().min(PREFACE.len());
    if bytes.get(..seen) == PREFACE.get(..seen) {
        return match seen {
            0 => Verdict::No,
            24 => Verdict::Certain(Speaker::Client),
            _ => Verdict::NeedMore,
        };
    }
    if probe.beginning {
        return if probe.side == Side::Server {
            settings(bytes)
        } else {
            Verdict::No
        };
    }
    if probe.joined_late {
        midway(bytes)
    } else {
        Verdict::No
    }
}

/// A server's first frame must be SETTINGS (RFC 9113 section 3.4).
fn settings(bytes: &[u8]) -> Verdict {
    let Some(head) = Head::read(bytes) else {
        // Its length is under 120, its type 4, its flags 0.
        let may = bytes
            .iter()
            .zip([0, 0, 120, 4, 0, 0, 0, 0, 0])
            .enumerate()
            .all(|(at, (byte, most))| match at {
                2 => *byte <= most,
                _ => *byte == most,
            });
        return if may && !bytes.is_empty() {
            Verdict::NeedMore
        } else {
            Verdict::No
        };
    };
    let known = |(id, _): (u16, u32)| id <= 16 || id >= 0xf000;
    if head.kind == Kind::SETTINGS && head.flags == 0 && head.is_plausible() {
        let payload = bytes.get(HEAD..).unwrap_or(&[]);
        let own = payload.get(..head.len as usize).unwrap_or(payload);
        if wire::settings(own).all(known) {
            return Verdict::Certain(Speaker::Server);
        }
    }
    Verdict::No
}

fn midway(bytes: &[u8]) -> Verdict {
    let run = wire::run(bytes);
    if run.broken || run.frames == 0 {
        return Verdict::No;
    }
    let Some(head) = Head::read(bytes) else {
        return Verdict::No;
    };
    let payload = bytes.get(HEAD..HEAD + head.len as usize).unwrap_or(&[]);
    let speaker = match head.kind {
        Kind::HEADERS => match fields(head, payload) {
            Some(speaker) => return Verdict::Certain(speaker),
            None if run.frames < 2 => return Verdict::No,
            None => Speaker::Unknown,
        },
        Kind::PUSH_PROMISE => Speaker::Server,
        _ => Speaker::Unknown,
    };
    // A frame of fixed length, or one with another behind it: the heads agree with one another.
    let fixed = !matches!(head.kind, Kind::DATA | Kind::CONTINUATION) && !run.open;
    if run.frames >= 2 || fixed {
        Verdict::Certain(speaker)
    } else if !run.open {
        Verdict::Likely(speaker)
    } else {
        Verdict::No
    }
}

/// Whose header block it is, where it is one and its pseudo-fields tell.
fn fields(head: Head, payload: &[u8]) -> Option<Speaker> {
    let parts = Framed::read(head, payload)?;
    let block = payload.get(parts.start..parts.end)?;
    let mut list = List::default();
    Decoder::new(false)
        .read(block, head.has(flag::END_HEADERS), &mut list)
        .ok()?;
    list.known().find_map(|(name, _)| match name {
        b":method" | b":path" | b":scheme" | b":authority" => Some(Speaker::Client),
        b":status" => Some(Speaker::Server),
        _ => None,
    })
}
