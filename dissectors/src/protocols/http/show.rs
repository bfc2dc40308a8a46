//! What has to be kept of a message until it can be described: a message belongs to the frame that completes it.

use super::describe::{self, Context};
use super::fields::{CHUNK_SIZE, FILE_DATA, TRAILER_PART};
use crate::dissector::{End, Input, Output};
use crate::event::Value;
use crate::text::printable;
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Bytes of content that are kept of one message.
pub(super) const CONTENT: usize = 1 << 20;
/// Chunks of one message that are told.
const CHUNKS: usize = 4096;
/// Bytes of trailer fields that are kept of one message.
const TRAILERS: usize = 8 * 1024;
/// Bytes of the target of a tunnel.
const TARGET: usize = 512;

/// Messages on their way, and how many exchanges there were. Only where fields are wanted.
#[derive(Debug, Default)]
pub(super) struct Show {
    messages: PerSide<Option<Box<Message>>>,
    exchanges: Exchanges,
    /// Where the tunnel leads.
    pub(super) target: Option<Box<[u8]>>,
}

/// Requests and responses as tshark counts them: a response answers the last request that came, if that has none yet,
/// and is an exchange of its own otherwise.
#[derive(Debug, Default)]
struct Exchanges {
    last: u64,
    answered: bool,
    asked: Option<String>,
}

#[derive(Debug)]
struct Message {
    start: StreamOffset,
    head: Vec<u8>,
    keep: bool,
    content: Vec<u8>,
    content_len: u64,
    chunks: Vec<u64>,
    trailers: Vec<u8>,
}

impl Show {
    /// A head came.
    pub(super) fn head(&mut self, side: Side, bytes: &[u8], span: Span, out: &Output<'_>) {
        self.messages[side] = None;
        if !out.wants_fields() || !describe::is_message(bytes) {
            return;
        }
        if bytes.starts_with(b"CONNECT ") {
            let target = bytes.split(|b| *b == b' ').nth(1).unwrap_or_default();
            self.target = Some(target.get(..TARGET).unwrap_or(target).into());
        }
        self.messages[side] = Some(Box::new(Message {
            start: span.start,
            head: bytes.to_vec(),
            keep: out.wants_field(FILE_DATA) || is_grpc(bytes),
            content: Vec::new(),
            content_len: 0,
            chunks: Vec::new(),
            trailers: Vec::new(),
        }));
    }

    /// Content came.
    pub(super) fn content(&mut self, side: Side, bytes: &[u8]) {
        if let Some(message) = &mut self.messages[side] {
            message.content_len += bytes.len() as u64;
            let free = CONTENT - message.content.len();
            if message.keep {
                let kept = bytes.get(..free).unwrap_or(bytes);
                message.content.extend_from_slice(kept);
            }
        }
    }

    /// A chunk of `size` bytes comes.
    pub(super) fn chunk(&mut self, side: Side, size: u64, out: &Output<'_>) {
        if let Some(message) = &mut self.messages[side]
            && message.chunks.len() < CHUNKS
            && out.wants_field(CHUNK_SIZE)
        {
            message.chunks.push(size);
        }
    }

    /// A trailer field came.
    pub(super) fn trailer(&mut self, side: Side, line: &[u8], out: &Output<'_>) {
        if let Some(message) = &mut self.messages[side]
            && message.trailers.len() + line.len() <= TRAILERS
            && out.wants_field(TRAILER_PART)
        {
            message.trailers.extend_from_slice(line);
        }
    }

    /// The message at hand has a hole.
    pub(super) fn lose(&mut self, side: Side) {
        self.messages[side] = None;
    }

    /// True where a message of `side` is on its way.
    pub(super) const fn has(&self, side: Side) -> bool {
        match side {
            Side::Client => self.messages.client.is_some(),
            Side::Server => self.messages.server.is_some(),
        }
    }

    /// The message at hand is whole.
    pub(super) fn whole(&mut self, side: Side, end: StreamOffset, out: &mut Output<'_>) {
        let Some(message) = self.messages[side].take() else {
            return;
        };
        let is_response = describe::is_response(&message.head);
        self.exchanges.count(is_response, &message.head);
        let context = Context {
            number: self.exchanges.last,
            asked: self.exchanges.asked.as_deref(),
            chunks: &message.chunks,
            trailers: &message.trailers,
            content: &message.content,
            content_len: message.content_len,
        };
        out.fields(side, Span::new(message.start, end), |w| {
            describe::message(w, &message.head, &context);
        });
        message.inner(side, out);
    }
}

/// The child that describes what a message carries.
const INNER: u64 = u64::MAX;

impl Message {
    /// Has others describe what they know of it: gRPC-Web in its content, the settings of an upgrade to HTTP/2 in its head.
    fn inner(&self, side: Side, out: &mut Output<'_>) {
        if is_grpc(&self.head) && !self.content.is_empty() {
            let kind = printable(describe::value(&self.head, b"content-type"), TARGET);
            let target = self.head.split(|b| *b == b' ').nth(1);
            let target = target.filter(|_| side == Side::Client).unwrap_or_default();
            let path = printable(target, TARGET);
            let context = [("content_type", kind.into()), ("path", path.into())];
            let at = self.start + self.head.len() as u64;
            hand("grpc", &context, (side, at, &self.content), out);
        }
        let settings = describe::value(&self.head, b"http2-settings");
        if side == Side::Client && !settings.is_empty() {
            hand(
                "http2",
                &[("settings", true.into())],
                (side, self.start, settings),
                out,
            );
        }
    }
}

fn hand(
    protocol: &str,
    context: &[(&'static str, Value)],
    (side, at, bytes): (Side, StreamOffset, &[u8]),
    out: &mut Output<'_>,
) {
    if out.start_child(INNER, protocol, true, context) {
        let wire_len = bytes.len() as u64;
        out.child(INNER, side, at, Input::Datagram { bytes, wire_len });
        out.end_child(INNER, End::Fin);
    }
}

fn is_grpc(head: &[u8]) -> bool {
    describe::value(head, b"content-type").starts_with(b"application/grpc")
}

impl Exchanges {
    fn count(&mut self, is_response: bool, head: &[u8]) {
        let goes_on = is_response && self.last > 0 && !self.answered;
        if !goes_on {
            self.last += 1;
        }
        self.answered = is_response;
        if !is_response {
            self.asked = describe::asked(head);
        }
    }
}
