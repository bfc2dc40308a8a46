//! Transport Layer Security 1.0 to 1.3, SSL 3.0, and the hellos of SSL 2.0.
//!
//! Heads up: before working on this folder read RFC 8446 sections 2, 4, 5 and appendices A and D, RFC 5246 sections 6.2, 7.2
//! to 7.4 and appendix E.2, and RFC 6066 section 3 (server_name), RFC 7301 (ALPN).
//!
//! ```text
//!   up to TLS 1.2                                    TLS 1.3 ({…}: encrypted, as application data)
//!   client                      server               client                      server
//!     | ClientHello               |   Negotiating      | ClientHello [early data]  |   Negotiating
//!     |-------------------------->|                    |-------------------------->|
//!     |  ServerHello, Certificate |                    |        ServerHello        |
//!     |   …KeyExchange, …HelloDone|                    |   {… Certificate Finished}|
//!     |<--------------------------|                    |<--------------------------|
//!     | ClientKeyExchange         |                    | {… Finished}              |   Open
//!     | ChangeCipherSpec Finished |                    |-------------------------->|
//!     |-------------------------->|                    |                           |
//!     | ChangeCipherSpec Finished |   Open             |                           |
//!     |<--------------------------|                    |                           |
//!
//!   a side:   Head ──> whole record: handshake, alert, …  ──> Head
//!               │  └─> Body: data, counted and skipped     ──> Head
//!               └─ no head ──> Lost ── a head with another behind it ──> Head
//! ```
//!
//! After ChangeCipherSpec handshake messages and alerts keep their record type, and their content is encrypted; with TLS 1.3
//! their type is hidden too. A resumed session changes the order: the server's Finished comes first. An alert that ends the
//! handshake makes the session Refused, close_notify makes it Releasing.
//!
//! Details: `offered_version` (the highest), `server_name`, `version`, `cipher`, `alpn`, `resumed`.
//!
//! Facts: `tls.alert` (one in clear; `level`, `description`, `code`).

mod assembly;
mod crypt;
mod describe;
pub(super) mod fields;
mod hello;
mod messages;
mod names;
mod probe;
mod session;
mod ssl2;
mod suites;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Protocol, Verdict};

/// TLS, on any port.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "tls",
    title: "Transport Layer Security (RFC 8446, RFC 5246)",
    carriers: &[Carrier::Stream, Carrier::Inside],
    ports: &[
        443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 6514, 8443, 8883,
    ],
    sessions: &["tls"],
    probe: probe::probe,
    start: session::start,
};

/// Handshake messages without records, as QUIC carries them (RFC 9001 4). Only their fields are of interest.
pub(super) const MESSAGES: Protocol = Protocol {
    name: "tls-messages",
    title: "TLS handshake messages without records (RFC 9001)",
    carriers: &[Carrier::Inside],
    ports: &[],
    sessions: &[],
    probe: |_| Verdict::No,
    start: messages::start,
};
