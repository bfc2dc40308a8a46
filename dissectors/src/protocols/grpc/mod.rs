//! gRPC.
//!
//! Heads up: before working on this folder read gRPC's "gRPC over HTTP2" (PROTOCOL-HTTP2.md), and PROTOCOL-WEB.md for gRPC-Web.
//!
//! ```text
//!   client  header list: :path /package.Service/Method, grpc-timeout
//!           messages: flags, length, bytes                          one or a stream of them; then the end of its direction
//!   server  header list: :status 200
//!           messages                                                one or a stream of them
//!           trailers: grpc-status, grpc-message                     alone where the call fails at once
//! ```
//!
//! One dissector is one call, a stream of HTTP/2; all calls of a connection are told in one session. Each is given what the
//! `http2` folder says: content as data; header lists as datagrams of lines `name: value`, at the place of the last byte of their
//! frames, so that of such a list only the first offset means a place; `:rst_stream: CODE` for a reset; an empty datagram for the
//! end of a direction. Context `stream`: the number of the stream.
//!
//! A call is an exchange: asked with the end of the client's direction (or when it is answered before that), answered with the
//! server's first message, or with the status where there is none. So a server's stream is served from its first message on. A call
//! without a deadline in the next minute waits without limit: it may be a stream that is silent by design.
//!
//! Inside HTTP/1 (context `content_type`, `path`) it is given the content of one message of gRPC-Web as a datagram, and gives no
//! more than its fields: the exchange is told by HTTP.
//!
//! # Facts
//!
//! | fact | values |
//! |---|---|
//! | `grpc.status` (not OK; in its exchange where it is the answer) | `code`, `name`, `path`, `message` |
//! | `grpc.http-status` (an answer of HTTP alone) | `status`, `path` |
//! | `grpc.no-status` (the server's direction ended without one) | `path` |
//! | `grpc.reset` | `error` (RFC 9113 section 7), `path` |
//!
//! # Details
//!
//! `service`.

mod describe;
pub(super) mod fields;
mod messages;
mod session;
#[cfg(test)]
mod tests;
mod web;
mod wire;

use crate::dissector::{Carrier, Probe, Protocol, Verdict};

/// gRPC.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "grpc",
    title: "gRPC over HTTP/2",
    carriers: &[Carrier::Inside],
    ports: &[],
    sessions: &["grpc"],
    probe,
    start: session::start,
};

/// It is told by its header list, and never by content alone.
fn probe(_: &Probe<'_>) -> Verdict {
    Verdict::No
}
