//! HTTP/2.
//!
//! Heads up: before working on this folder read RFC 9113, at least sections 3.4, 4, 5.1, 6 and 8.1, and RFC 7541 for `hpack`.
//!
//! ```text
//!   client                                     server
//!     | "PRI * HTTP/2.0 …" SETTINGS              |   Negotiating
//!     |----------------------------------------->|
//!     |                       SETTINGS, SETTINGS |   Open
//!     |<-----------------------------------------|
//!     | HEADERS 1 [CONTINUATION …] [DATA …]      |   streams, interleaved: a stream is an exchange
//!     |----------------------------------------->|
//!     |     HEADERS 1 [DATA …] [HEADERS trailer] |
//!     |<-----------------------------------------|
//!     | GOAWAY                                   |   Releasing; Closed with the connection's end
//!     |<---------------------------------------->|
//!
//!   a side:   Preface ──> Head ──> DATA content | whole frame ──> Head
//!                           └ gap ──> Lost ── a frame, or two in their places ──> Head
//! ```
//!
//! Told by its preface on any port, by a server's first SETTINGS, and in mid-stream by its frames. Started inside HTTP/1 (context
//! `upgrade`) stream 1 is the request that was upgraded, which is told there.
//!
//! With the context `settings` it is given the value of `HTTP2-Settings` as a datagram, and gives no more than its fields.
//!
//! A request is told with its END_STREAM, or when it is answered before that; an answer when its header block is there: from then
//! on the client is served. A request reset by the client is cancelled; one that the server resets is answered by that error.
//!
//! A stream of gRPC (`content-type: application/grpc…`) belongs to the session `grpc`, which is one of the connection: each such
//! stream is a child of its own, and no exchange here. A child is given
//!
//! - as data the content of its DATA frames,
//! - as datagrams its header lists, a line `name: value` a field, at the place of the last byte of their frames,
//! - the datagram `:rst_stream: CODE` where its side resets the stream,
//! - an empty datagram where its side ends the stream.
//!
//! # Facts
//!
//! | fact | values |
//! |---|---|
//! | `h2.no-preface` (a client that says something else) | |
//! | `h2.goaway` | `last_stream`, `error`, `name`, `debug` |
//! | `h2.reset` (in the exchange; not of a stream that is done) | `stream`, `error`, `name` |
//!
//! # Details
//!
//! `authority`, `user_agent`, `server`, `upgrade`, `max_concurrent_streams` (the server's), `goaway_error`, `goaway_last_stream`.

mod block;
mod describe;
mod dialogue;
pub(super) mod fields;
mod hpack;
mod names;
mod probe;
mod session;
mod streams;
#[cfg(test)]
mod tests;
mod wire;

use crate::dissector::{Carrier, Protocol};

/// HTTP/2.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "http2",
    title: "Hypertext Transfer Protocol 2 (RFC 9113, RFC 7541)",
    carriers: &[Carrier::Stream, Carrier::Inside],
    ports: &[80, 8080, 50051],
    sessions: &["http2"],
    probe: probe::probe,
    start: session::start,
};
