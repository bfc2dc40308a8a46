//! LDAP (RFC 4511), as far as it tells who logs on: the bind and its token. Only its fields are of interest, sessions are not
//! tracked; what is sealed after a bind is not read.

mod describe;
pub(super) mod fields;
#[cfg(test)]
mod tests;

use crate::dissector::{
    Carrier, Dissector, Input, Output, Probe, Protocol, Speaker, Start, Verdict,
};
use crate::inbox::{Feed, Inbox};
use crate::units::{PerSide, Side};

pub(super) use describe::EXCHANGE;
pub(super) use describe::refusal;

/// LDAP, on port 389 and of a global catalogue on 3268.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ldap",
    title: "Lightweight Directory Access Protocol (RFC 4511)",
    carriers: &[Carrier::Stream],
    ports: &[389, 3268],
    sessions: &[],
    probe,
    start: |_: &Start<'_>| Box::new(Ldap::default()),
};

/// SEQUENCE, with which every message begins.
const SEQUENCE: u8 = 0x30;
/// The largest message that is read.
const MOST: usize = 256 * 1024;

/// A message begins with a SEQUENCE and its MessageID (4.1.1).
fn probe(probe: &Probe<'_>) -> Verdict {
    match describe::head(probe.bytes) {
        Some(head)
            if head
                .op
                .is_some_and(|op| matches!(op, 0x60..=0x7F | 0x42 | 0x4A | 0x50)) =>
        {
            Verdict::Likely(match head.op {
                Some(0x61 | 0x64 | 0x65 | 0x73) => Speaker::Server,
                _ => Speaker::Client,
            })
        }
        _ => Verdict::No,
    }
}

#[derive(Default)]
struct Ldap {
    inboxes: PerSide<Inbox>,
    /// No messages can be read any more: bytes are sealed, or lost.
    over: PerSide<bool>,
}

impl Dissector for Ldap {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) | Input::Datagram { bytes, .. } if !self.over[side] => {
                let mut feed = self.inboxes[side].feed(bytes);
                while let Some(more) = next(&mut feed, side, out) {
                    if !more {
                        let rest = feed.available() as u64;
                        feed.skip(rest);
                        feed.skipped();
                        self.over[side] = true;
                        return;
                    }
                }
            }
            Input::Gap { len } => {
                self.inboxes[side].gap(len);
                self.over[side] = true;
            }
            _ => {}
        }
    }
}

/// Reads a message. `None` when more bytes are needed; false when there is none.
fn next(feed: &mut Feed<'_>, side: Side, out: &mut Output<'_>) -> Option<bool> {
    let start = feed.peek_up_to(6);
    if start.is_empty() {
        return None;
    }
    if start.first() != Some(&SEQUENCE) {
        return Some(false);
    }
    let Some((head, len)) = describe::length(start) else {
        return if start.len() < 6 { None } else { Some(false) };
    };
    if head + len > MOST {
        return Some(false);
    }
    let (message, span) = feed.take(head + len)?;
    out.fields(side, span, |w| describe::message(w, message));
    Some(true)
}
