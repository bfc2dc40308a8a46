//! Is it NBSS?

use super::wire::{self, Head};
use crate::dissector::{Probe, Speaker, Verdict};

/// A session request with two names, or a session message with SMB in it, is NBSS on any port. The short
/// answers and foreign content count only on the well-known ports.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(head) = Head::read(probe.bytes) else {
        return match probe.bytes.first() {
            Some(0x00 | 0x81..=0x85) if probe.beginning => Verdict::NeedMore,
            _ => Verdict::No,
        };
    };
    let body = probe.bytes.get(wire::HEAD..).unwrap_or(&[]);
    match head.kind {
        wire::SESSION_REQUEST => request(head, body, probe.beginning),
        wire::SESSION_MESSAGE => message(head, body, probe.beginning),
        wire::POSITIVE_RESPONSE if is_bare(head, body) => Verdict::Likely(Speaker::Server),
        wire::KEEP_ALIVE if is_bare(head, body) => Verdict::Likely(Speaker::Unknown),
        wire::NEGATIVE_RESPONSE if head.len(true) == 1 => match body {
            [] => Verdict::NeedMore,
            [code] if !wire::reason(*code).is_empty() => Verdict::Likely(Speaker::Server),
            _ => Verdict::No,
        },
        wire::RETARGET_RESPONSE if head.len(true) == 6 && body.len() <= 6 => {
            Verdict::Likely(Speaker::Server)
        }
        _ => Verdict::No,
    }
}

/// A control packet without a body, with nothing or another packet behind it.
fn is_bare(head: Head, body: &[u8]) -> bool {
    head.len(true) == 0 && matches!(body.first(), None | Some(0x00 | 0x85))
}

fn request(head: Head, body: &[u8], beginning: bool) -> Verdict {
    // Two names and room for two scopes.
    if !(2 * wire::NAME as u64..=510).contains(&head.len(false)) {
        return Verdict::No;
    }
    if wire::name(body)
        .is_some_and(|(_, rest)| rest.len() < wire::NAME || rest.first() == Some(&32))
    {
        return Verdict::Certain(Speaker::Client);
    }
    let plausible = body
        .iter()
        .take(wire::NAME - 1)
        .enumerate()
        .all(|(at, byte)| match at {
            0 => *byte == 32,
            _ => (b'A'..=b'P').contains(byte),
        });
    match (plausible && beginning, body.len() < wire::NAME) {
        (true, true) => Verdict::NeedMore,
        _ => Verdict::No,
    }
}

fn message(head: Head, body: &[u8], beginning: bool) -> Verdict {
    if body.len() < 4 {
        let prefix = [b'S', b'M', b'B'];
        let fits = match body.split_first() {
            None => head.len(true) > 0,
            Some((0xFC..=0xFF, rest)) => prefix.starts_with(rest),
            Some(_) => false,
        };
        return match (fits && beginning, foreign(head, beginning)) {
            (true, _) => Verdict::NeedMore,
            (false, verdict) => verdict,
        };
    }
    if !wire::is_smb(body) {
        return foreign(head, beginning);
    }
    if head.len(true) < wire::smb_minimum(body) {
        return foreign(head, beginning);
    }
    let speaker = |answer: bool| {
        if answer {
            Speaker::Server
        } else {
            Speaker::Client
        }
    };
    match (body.first(), body.get(4..6), body.get(9), body.get(16)) {
        (Some(0xFF), _, Some(flags), _) => Verdict::Certain(speaker(flags & 0x80 != 0)),
        (Some(0xFE), Some([64, 0]), _, Some(flags)) => Verdict::Certain(speaker(flags & 1 != 0)),
        (Some(0xFE), Some(size), _, _) if size != [64, 0] => Verdict::No,
        (Some(0xFD | 0xFC), ..) => Verdict::Certain(Speaker::Unknown),
        _ if beginning => Verdict::NeedMore,
        _ => Verdict::No,
    }
}

/// A session message that carries something else than SMB: content proves nothing, the port must.
const fn foreign(head: Head, beginning: bool) -> Verdict {
    if beginning && head.reserved() == 0 {
        Verdict::Likely(Speaker::Unknown)
    } else {
        Verdict::No
    }
}
