//! TLS recognised by content.

use super::wire::{self, Head, content, message};
use crate::dissector::{Probe, Speaker, Verdict};
use crate::units::Side;

/// Bytes of a hello's record that tell it from chance: head, message head, version.
const HELLO: usize = wire::HEAD + wire::MESSAGE_HEAD + 2;

/// A hello is TLS on any port. Other records are where another follows or where the bytes end with one; a lone head counts
/// on the well-known ports.
pub(super) fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    match bytes.first() {
        Some(first) if first & 0x80 != 0 => return old_hello(probe),
        Some(content::CHANGE_CIPHER_SPEC..=content::HEARTBEAT) => {}
        _ => return Verdict::No,
    }
    let Some(head) = Head::read(bytes) else {
        let version_begins = bytes.get(1).is_none_or(|major| *major == 3);
        return if probe.beginning && version_begins {
            Verdict::NeedMore
        } else {
            Verdict::No
        };
    };
    if !head.is_plausible() {
        return Verdict::No;
    }
    if head.kind == content::HANDSHAKE {
        match hello(bytes, head) {
            // Behind STARTTLS or a proxy's words a session begins in the middle of a connection.
            Some(true) if speaker(bytes) == Speaker::Client => {
                return Verdict::Begins(Speaker::Client);
            }
            Some(true) => return Verdict::Certain(speaker(bytes)),
            None if probe.beginning => return Verdict::NeedMore,
            _ => {}
        }
    }
    // A conversation that is seen whole begins with a hello, on whatever port.
    if probe.beginning && head.kind != content::ALERT {
        return Verdict::No;
    }
    match bytes.get(head.size()..) {
        Some([]) => Verdict::Certain(Speaker::Unknown),
        Some(behind) => match Head::read(behind) {
            Some(next) if next.is_plausible() && next.version == head.version => {
                Verdict::Certain(Speaker::Unknown)
            }
            Some(_) => Verdict::No,
            None => Verdict::Likely(Speaker::Unknown),
        },
        None => Verdict::Likely(Speaker::Unknown),
    }
}

/// The record begins with a hello of either side; `None` when more bytes are needed.
fn hello(bytes: &[u8], head: Head) -> Option<bool> {
    let body = bytes.get(wire::HEAD..).unwrap_or(&[]);
    let is_hello = |kind: &u8| matches!(*kind, message::CLIENT_HELLO | message::SERVER_HELLO);
    if !body.first().is_none_or(is_hello) || head.len < 38 {
        return Some(false);
    }
    let &[_, high, middle, low, major, minor] = body.get(..HELLO - wire::HEAD)?.first_chunk()?;
    let len = u32::from_be_bytes([0, high, middle, low]);
    let version = u16::from_be_bytes([major, minor]);
    Some((38..wire::MESSAGE_MOST as u32).contains(&len) && wire::is_version(version))
}

/// A client's hello begins here.
pub(super) fn is_client_hello(bytes: &[u8]) -> bool {
    let head = Head::read(bytes).filter(|h| h.is_plausible() && h.kind == content::HANDSHAKE);
    let known = head.and_then(|head| hello(bytes, head));
    known == Some(true) && speaker(bytes) == Speaker::Client
}

fn speaker(bytes: &[u8]) -> Speaker {
    match bytes.get(wire::HEAD) {
        Some(&message::CLIENT_HELLO) => Speaker::Client,
        Some(&message::SERVER_HELLO) => Speaker::Server,
        _ => Speaker::Unknown,
    }
}

/// A ClientHello in the form of SSL 2.0, only where a conversation begins.
fn old_hello(probe: &Probe<'_>) -> Verdict {
    if !probe.beginning || probe.side == Side::Server {
        return Verdict::No;
    }
    match wire::is_hello2(probe.bytes) {
        Some(true) => Verdict::Certain(Speaker::Client),
        Some(false) => Verdict::No,
        None => Verdict::NeedMore,
    }
}
