//! Session-layer dissectors: bytes in, events out.
//!
//! A [`Stack`](stack::Stack) is fed what each side of one conversation said next: bytes of an ordered
//! stream, whole datagrams, gaps and the end. It recognises what is spoken by content, starts the
//! [`Dissector`](dissector::Dissector)s, hands contained bytes from parent to child, and reports
//! [`Act`](event::Act)s to a [`Sink`](dissector::Sink): neutral facts in the words of the session
//! layer (ITU-T X.215), each with the span of stream bytes that proves it.
//!
//! What never happens here: a socket, a file, a clock, a thread, a packet, a panic on any bytes. Time
//! and frames belong to the caller, who maps a span to them. Whether something is *bad* is not said
//! here either: a rule decides that later.
//!
//! The law that every protocol is tested for: any chunking of the same bytes gives the same events.

mod cipher;
pub mod dissector;
pub mod event;
pub mod field;
mod http_status;
pub mod inbox;
#[cfg(test)]
pub(crate) mod laws;
pub mod offsets;
pub mod protocols;
pub mod secrets;
pub mod stack;
pub mod text;
mod token;
pub mod units;
