//! QUIC, versions 1 and 2 and the drafts from the 22nd on: what its packets tell, and the TLS handshake in them.
//!
//! Heads up: before working on this folder read RFC 8999, RFC 9000 sections 12, 17 and 19, RFC 9001 sections 4 and 5, and
//! RFC 9369 section 3 for what version 2 has otherwise.
//!
//! ```text
//!   datagram ─▶ packets: long header ─ Initial, 0-RTT, Handshake, Retry, Version Negotiation
//!                        short header ─ 1-RTT, always the last
//!   packet ─ keys of its level ─▶ frames ─ CRYPTO, by offset ─▶ child tls-messages, one a level
//!
//!   client                                   server
//!     | Initial [ClientHello]                  |      keys from the client's first Destination Connection ID
//!     |--------------------------------------->|
//!     |                  Retry (may come first)|      the client begins again, with keys from the server's ID
//!     |<---------------------------------------|
//!     |                  Initial [ServerHello] |
//!     |  Handshake [EncryptedExtensions … Fin] |      keys from a key log, by the random of the ClientHello
//!     |<---------------------------------------|
//!     | Handshake [Finished]    1-RTT [data]   |
//!     |--------------------------------------->|
//! ```
//!
//! Only fields are of interest, sessions are not tracked. Initial packets can be opened by everybody who saw the first one;
//! what is behind them is opened where the peers' secrets are known. A connection that moves to other addresses is not followed.

mod crypto;
mod describe;
pub(super) mod fields;
mod frames;
mod keys;
mod probe;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Protocol};

/// QUIC, on any port.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "quic",
    title: "QUIC (RFC 9000, RFC 9001, RFC 9369)",
    carriers: &[Carrier::Datagrams],
    ports: &[443],
    sessions: &[],
    probe: probe::probe,
    start: session::start,
};
