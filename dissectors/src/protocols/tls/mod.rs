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
//! What is encrypted is told by its size where that is all there is (`tail.rs`). What is known of a handshake (`handshake.rs`) is
//! kept until it is done, and told only where it comes to nothing.
//!
//! Details: `begun_behind` (what is spoken before, by its port), `offered_version` (the highest), `server_name`, `ja3`, `ja4`, `resumption_offered`, `version`, `cipher`, `group`,
//! `alpn`, `ja3s`, `hello_retry_request`, `resumed`, `external_psk`, `early_data`, `certificate_…` (the server's), `client_certificate`,
//! `close_notify` (of either, before the first end), `decryption` (where a key log is given: `decrypted`, or why not).
//!
//! Where secrets are known (`crypt/`), records are opened, and what is inside (`inside.rs`) is a child: as ALPN has it, or by its
//! first bytes.
//!
//! Facts: `tls.alert` (in clear: `level`, `description`, `code`; else `encrypted`; with `stage`), `tls.certificate-seen`,
//! `tls.session-issued` and `tls.resumption-refused` (`by`, `id`, …), `tls.early-data-rejected` (`certain`), `tls.not-spoken` (a
//! hello is answered by something else, or what it begins behind was `refused`), `tls.asked-in-clear` and `tls.refused-in-clear` (in the
//! carrier: STARTTLS was refused, and the client left), `tls.alert-to-plain` (in the session of what the client speaks instead),
//! `tls.renegotiation`, `tls.renegotiation-refused`, `tls.left-at-once` (the client, right after the handshake),
//! `tls.certificate-demanded` (a page says so), `tls.no-close-notify`, `tls.last-record` of the client and `tls.closed-unanswered` (the server's only word
//! in the open session is an alert). Where a handshake fails: `tls.handshake-step` (each message), `tls.client-hello`,
//! `tls.server-hello`, `tls.certificate`, `tls.certificate-request`, `tls.resumption-offered`.

mod assembly;
mod certificate;
mod crypt;
mod describe;
mod early;
pub(super) mod fields;
mod fingerprint;
mod groups;
mod handshake;
mod hello;
mod inside;
mod messages;
mod names;
#[cfg(test)]
mod opened_tests;
mod plain;
mod probe;
mod resumption;
mod session;
mod ssl2;
mod state;
mod suites;
mod tail;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Protocol, Verdict};

pub(super) use plain::refusal;
pub(crate) use plain::{asks_in_clear, is_farewell, mixed, refused};

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
