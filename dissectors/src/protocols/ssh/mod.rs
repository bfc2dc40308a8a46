//! Secure Shell 2.0, and the beginning of SSH 1.
//!
//! Heads up: before working on this folder read RFC 4253, at least sections 4, 6, 7 and 11, RFC 4250 section 4.1 (message
//! numbers), RFC 4419 (group exchange) and RFC 5656 (elliptic curves).
//!
//! ```text
//!   client                                   server
//!     | [lines of text] SSH-2.0-… CR LF        |   each side, in any order
//!     |<-------------------------------------->|   Negotiating
//!     | KEXINIT: what each can do              |
//!     |<-------------------------------------->|
//!     | key exchange: 30 …                     |
//!     |--------------------------------------->|
//!     |                       31 … NEWKEYS     |   the server's packets are encrypted from here on
//!     |<---------------------------------------|
//!     | NEWKEYS                                |   Open, and the client's
//!     |--------------------------------------->|
//!     | authentication, channels               |   encrypted, even the lengths
//!
//!   a side:   Banner ──> Packet ── NEWKEYS ──> Opaque
//!                          └─ lost bytes, nonsense ──> Opaque
//! ```
//!
//! Open means that the transport has its keys; who logs in to what cannot be seen. A DISCONNECT in clear makes the session
//! Refused, an end before the keys Aborted.
//!
//! Details: `client_version`, `server_version`, and what was agreed (RFC 4253 7.1): `kex`, `host_key`, `cipher`, `mac`,
//! `compression` (client to server; `…_to_client` where the other way differs), `server_text` (before the version).
//!
//! Facts: `ssh.disconnect` (`code`, `reason`, `description`), `ssh.nothing-in-common` (`of`, `client`, `server`).

mod describe;
pub(super) mod fields;
mod names;
mod session;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Probe, Protocol, Speaker, Verdict};

/// SSH, on any port.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    title: "Secure Shell (RFC 4251, RFC 4253)",
    carriers: &[Carrier::Stream, Carrier::Inside],
    ports: &[22],
    sessions: &["ssh"],
    probe,
    start: session::start,
};

/// The version line, which both sides send first, tells.
fn probe(probe: &Probe<'_>) -> Verdict {
    match wire::begins_version(probe.bytes) {
        Some(true) => Verdict::Certain(Speaker::Unknown),
        None if probe.beginning => Verdict::NeedMore,
        _ => Verdict::No,
    }
}
