//! Kerberos 5 between client and key distribution centre (RFC 4120 section 7.2, port 88): who asks for which ticket, and errors.
//! A message is a datagram, or comes behind its length in four bytes over TCP (7.2.2).
//!
//! A request has no id: an answer belongs to the oldest request without one, the same request again is a repetition.
//! `KDC_ERR_PREAUTH_REQUIRED` (25) asks for another leg and is no failure.
//!
//! Details: `realm`, `user`, `services` (tickets that were asked for).
//!
//! | fact | values |
//! |---|---|
//! | `kerberos.error` | in its exchange: `code`, `name`, `user`, `realm`, `service`, `text`, `asked` (AS-REQ or TGS-REQ), `time` and `micros` (the server's, since 1970) |

mod session;
#[cfg(test)]
mod tests;

use crate::dissector::{Carrier, Probe, Protocol, Speaker, Verdict};
use crate::token::kerberos::{Kind, Message};

/// Kerberos, on port 88.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "kerberos",
    title: "Kerberos Network Authentication Service V5 (RFC 4120)",
    carriers: &[Carrier::Stream, Carrier::Datagrams],
    ports: &[88],
    sessions: &["kerberos"],
    probe,
    start: session::start,
};

/// Bytes that name a message: tags, lengths, version and type.
const ENOUGH: usize = 24;
/// The largest message that is read; tickets with many groups have some 64 KiB.
const MOST: usize = 256 * 1024;

fn probe(probe: &Probe<'_>) -> Verdict {
    let message = if probe.carrier == Carrier::Datagrams {
        probe.bytes
    } else {
        let Some((head, rest)) = probe.bytes.split_first_chunk::<4>() else {
            let begins = probe.bytes.first().is_none_or(|high| *high == 0);
            return if begins && !probe.bytes.is_empty() && probe.ports.server == 88 {
                Verdict::NeedMore
            } else {
                Verdict::No
            };
        };
        let len = u32::from_be_bytes(*head) as usize;
        if !(ENOUGH..=MOST).contains(&len) || !rest.first().is_none_or(|tag| is_tag(*tag)) {
            return Verdict::No;
        }
        if rest.len() < ENOUGH {
            return Verdict::NeedMore;
        }
        rest
    };
    match Message::read(message).map(|message| message.kind) {
        Some(Kind::AsReq | Kind::TgsReq) => Verdict::Certain(Speaker::Client),
        Some(Kind::AsRep | Kind::TgsRep | Kind::Error) => Verdict::Certain(Speaker::Server),
        Some(Kind::ApReq | Kind::ApRep) | None => Verdict::No,
    }
}

/// An application tag of a message to or from a key distribution centre.
const fn is_tag(tag: u8) -> bool {
    matches!(tag, 0x6A..=0x6D | 0x7E)
}
