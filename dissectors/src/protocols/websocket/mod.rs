//! WebSocket, with the permessage-deflate extension.
//!
//! Heads up: before working on this folder read RFC 6455, at least sections 4, 5 and 7, and RFC 7692 section 6.
//!
//! ```text
//!   opening handshake (two HTTP heads), then frames both ways, masked by the client, not by the server
//!
//!   Connecting ── 101 ──> Open ── a Close ──> Releasing ── the other Close ──> Closed
//!       └── any other final status ──> Refused
//! ```
//!
//! Started inside HTTP (context `upgrade`) it is given both heads first, each whole. Joined in mid-stream it begins with a
//! search for frames, told by a run of them that is unlikely to be anything else.
//!
//! Requests: `upgrade` (id 0); `Ping`, answered by the Pong with its payload, which also answers older Pings (RFC 6455
//! section 5.5.3); calls of JSON-RPC and GraphQL (see `app`); and other application messages as long as the dialogue is
//! strictly question and answer (see `turn`). Pings, Pongs that nobody asked for and an application's own signs of life
//! are told as [`Act::Beat`](crate::event::Act::Beat) too.
//! A Ping that a Close leaves without answer is cancelled.
//!
//! # Facts
//!
//! Each of the faults from `ws.client-unmasked` on is told once a side, and has `after_gap` where frames had to be sought
//! again before it, so that it may be no frame.
//!
//! | fact | values |
//! |---|---|
//! | `ws.request-fault` | `what`, `got` |
//! | `ws.answer-fault` | `what`, `expected`, `got` |
//! | `ws.subprotocol-none` (offered, none chosen) | `offered` |
//! | `ws.refused` | `status`, `reason`, `connection_close`, `upgrade` (the answer has the field), and where known `credentials` (the request had some), `version` (asked for), `versions` (the server's), `via`, `server`, `location`, `retry_after`, `content_type`, `content_length`, `challenge` (scheme) |
//! | `ws.close` | `code` (absent without body), `reason`, `first` (false: it answers), `pings_open` (of this side, unanswered) |
//! | `ws.client-unmasked`, `ws.server-masked` | `opcode` |
//! | `ws.control-too-long` | `opcode`, `length` |
//! | `ws.control-fragmented` | `opcode` |
//! | `ws.close-body-of-one-byte` | |
//! | `ws.close-code-invalid` | `code` |
//! | `ws.data-after-close` | `opcode`, `length` |
//! | `ws.fragment-unexpected` (a new message inside one) | `opcode` |
//! | `ws.continuation-unexpected` (none is open) | |
//! | `ws.reserved-opcode` | `opcode` |
//! | `ws.reserved-bits` | `bits`, `opcode`, `deflate` (negotiated) |
//! | `ws.length-not-minimal` | `length` |
//! | `ws.length-top-bit` | |
//! | `ws.text-not-utf8` | `in` (`Text` or `Close`) |
//! | `ws.deflate-broken` | `opcode` |
//! | `ws.deflate-bomb` | `compressed` (bytes until then), `inflated` (bytes, at least) |
//! | `ws.one-way` (the fifth message of the client that got no answer, after ten and more that each got one) | `rounds` |
//! | `ws.two-way-again` (the server's first message after that) | |
//!
//! # Details
//!
//! `path`, `host`, `origin`, `subprotocols_offered`, `subprotocol`, `extensions`, `compressed`, `upgrade_status`,
//! `close_code`, `close_reason`, `closed_by`.

use crate::dissector::{Carrier, Dissector, Probe, Protocol, Speaker, Start, Verdict};
use crate::event::Op;
use wire::{Opcode, RunEnd};

mod answer;
mod app;
mod content;
mod control;
mod deflate;
mod describe;
pub(super) mod fields;
mod frames;
mod handshake;
mod json;
mod message;
mod resync;
mod session;
mod show;
#[cfg(test)]
mod tests;
mod turn;
mod wire;

/// WebSocket.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "websocket",
    title: "WebSocket (RFC 6455, RFC 7692)",
    carriers: &[Carrier::Stream, Carrier::Inside],
    ports: &[80, 8000, 8008, 8080, 8081, 8888, 9001, 9944],
    sessions: &["websocket"],
    probe,
    start,
};

/// The opening handshake as an operation; frames have their opcodes.
const UPGRADE: Op = Op::new("upgrade", 0x100);

/// A frame's opcode as an operation.
const fn op(opcode: Opcode) -> Op {
    Op::new(opcode.name(), opcode.0 as u32)
}

/// Recognises a session that was joined late. One that is seen from its beginning begins with HTTP; what looks like its
/// frames there is something else, such as the names in a TLS certificate.
fn probe(probe: &Probe<'_>) -> Verdict {
    let Some(second) = probe.bytes.get(1) else {
        return Verdict::No;
    };
    if probe.beginning || !probe.joined_late {
        return Verdict::No;
    }
    let masked = second & 0x80 != 0;
    let run = wire::run(probe.bytes, masked, true);
    let speaker = if masked {
        Speaker::Client
    } else {
        Speaker::Server
    };
    // Frames that fill a segment to its last byte are another sign.
    let exact = run.end == RunEnd::Exact && run.frames > 0;
    let bits = run.bits + if exact { 6 } else { 0 };
    match run.end {
        RunEnd::Broken => Verdict::No,
        _ if run.frames >= 2 && bits >= 26 || masked && exact && bits >= 28 => {
            Verdict::Certain(speaker)
        }
        _ if exact && bits >= 11 => Verdict::Likely(speaker),
        _ => Verdict::No,
    }
}

fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    Box::new(session::WebSocket::new(start))
}
