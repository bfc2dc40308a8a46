//! NetBIOS Session Service, and the same framing without it where SMB is hosted directly on TCP.
//!
//! Heads up: read RFC 1001 section 16, RFC 1002 sections 4.3 and 5.3, and for port 445 MS-SMB2 2.1 first.
//!
//! ```text
//!   client                                server
//!     | 81 SESSION REQUEST called, calling  |      Connecting
//!     |------------------------------------>|
//!     |        82 POSITIVE SESSION RESPONSE |      Open
//!     |<------------------------------------|
//!     |    or 83 NEGATIVE, 84 RETARGET      |      Refused
//!     |                                     |
//!     | 00 SESSION MESSAGE [SMB ...]        |      both ways, the content goes to the child `smb`
//!     |<----------------------------------->|
//!     | 85 SESSION KEEP ALIVE               |      both ways
//! ```
//!
//! On port 445, and wherever a connection begins with SMB, there is no session request: such a session is
//! Open from its first message (`direct_hosting`).
//!
//! Details: `called_name`, `calling_name`, `direct_hosting`, `retarget`.
//!
//! Facts, none of them after lost bytes:
//!
//! | fact | values |
//! |---|---|
//! | `nbss.refused` | `code`, `reason`, `called_name`, `calling_name` (in the exchange) |
//! | `nbss.retarget` | `address`, `port`, `called_name`, `count` (in the exchange) |
//! | `nbss.data-before-session` | `state`: `no session request` or `session request not answered`; in the exchange if there is one |
//! | `nbss.wrong-way` | `type`, `name` |
//! | `nbss.out-of-turn` | `type`, `name`, `state` |
//! | `nbss.unknown-type` | `type` |
//! | `nbss.reserved-flags` | `type`, `flags` |
//! | `nbss.bad-length` | `type`, `name`, `length`, `expected` |

mod describe;
pub(super) mod fields;
mod link;
mod probe;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Protocol};

/// NBSS, on port 139, and direct hosting on 445.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "nbss",
    title: "NetBIOS Session Service (RFC 1001, RFC 1002)",
    carriers: &[Carrier::Stream],
    ports: &[139, 445],
    sessions: &["nbss"],
    probe: probe::probe,
    start: session::start,
};
