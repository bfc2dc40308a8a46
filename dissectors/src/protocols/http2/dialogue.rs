//! What frames mean: requests, answers, resets, the beginning and the end of a connection.

use super::block::Block;
use super::names;
use super::session::Talk;
use super::streams::{Stream, hand};
use super::wire::{self, Head, Kind, flag};
use crate::dissector::{Output, Scope};
use crate::event::{Act, Expect, Fact, Phase, Status};
use crate::http_status;
use crate::text::{printable, without_secrets};
use crate::units::{PerSide, Side, Span};

/// Characters of a detail.
const DETAIL: usize = 128;
/// Characters of a message's text.
const TEXT: usize = 200;
/// The session that all gRPC calls of a connection belong to.
const GRPC: Scope = Scope {
    protocol: "grpc",
    key: 0,
};

impl Talk {
    /// The client's first words.
    pub(super) fn prefaced(&mut self, span: Span, out: &mut Output<'_>) {
        self.negotiating(Side::Client, span, out);
        out.describe(|| "connection preface".to_owned());
        let op = crate::event::Op::new("preface", 0x100);
        out.emit(Side::Client, span, Act::Message { op });
    }

    fn negotiating(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !self.told.open && !std::mem::replace(&mut self.told.negotiating, true) {
            out.phase(side, span, Phase::Negotiating);
        }
    }

    pub(super) fn opened(&mut self, side: Side, span: Span, out: &mut Output<'_>) {
        if !std::mem::replace(&mut self.told.open, true) {
            out.phase(side, span, Phase::Open);
        }
    }

    /// A whole frame, but DATA and those with header blocks.
    pub(super) fn control(
        &mut self,
        side: Side,
        head: Head,
        payload: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) {
        match head.kind {
            Kind::RST_STREAM => return self.reset(side, head, payload, span, out),
            Kind::SETTINGS if !head.has(flag::ACK) => self.settings(side, payload, span, out),
            Kind::GOAWAY => self.goaway(side, payload, span, out),
            _ => self.opened(side, span, out),
        }
        out.describe(|| format!("{}[{}]", head.kind.name(), head.stream));
        out.emit(side, span, Act::Message { op: head.kind.op() });
    }

    fn settings(&mut self, side: Side, payload: &[u8], span: Span, out: &mut Output<'_>) {
        self.set[side] = true;
        if self.set.client && self.set.server {
            self.opened(side, span, out);
        } else {
            self.negotiating(side, span, out);
        }
        let streams = wire::settings(payload).find(|(id, _)| *id == 3);
        if let (Side::Server, Some((_, most))) = (side, streams) {
            out.detail(side, span, "max_concurrent_streams", most);
        }
    }

    fn goaway(&mut self, side: Side, payload: &[u8], span: Span, out: &mut Output<'_>) {
        let Some((last, error, debug)) = wire::goaway(payload) else {
            let what = "a GOAWAY of fewer than eight bytes";
            return out.emit(side, span, Act::Malformed { what });
        };
        let mut fact = Fact::new("h2.goaway")
            .with("last_stream", last)
            .with("error", error)
            .with("name", wire::error_name(error));
        if !debug.is_empty() {
            fact = fact.with("debug", without_secrets(&printable(debug, DETAIL)));
        }
        out.fact(side, span, fact);
        out.detail(side, span, "goaway_error", named(error));
        out.detail(side, span, "goaway_last_stream", last);
        self.goaway_failed |= error != 0;
        if !std::mem::replace(&mut self.told.releasing, true) {
            out.phase(side, span, Phase::Releasing);
        }
    }

    fn reset(&mut self, side: Side, head: Head, payload: &[u8], span: Span, out: &mut Output<'_>) {
        let error = wire::number(payload).unwrap_or(0);
        let status = Status::failure(error, wire::error_name(error));
        out.describe(|| format!("RST_STREAM[{}]: {}", head.stream, named(error)));
        let cut = self
            .streams
            .reset(side, head.stream, error, status, span, out);
        if cut && error != 0 {
            let fact = Fact::new("h2.reset")
                .with("stream", head.stream)
                .with("error", error)
                .with("name", wire::error_name(error));
            out.fact(side, span, fact.in_exchange(head.stream.into()));
        }
    }

    /// A header block is whole; `span` is the frame that ends it.
    pub(super) fn block(&mut self, side: Side, block: &Block, span: Span, out: &mut Output<'_>) {
        self.opened(side, span, out);
        let id = block.stream;
        let status = block.find(":status").and_then(number);
        match (side, block.kind) {
            (Side::Client, Kind::HEADERS)
                if block.find(":method").is_some() || !self.streams.is_old(id) =>
            {
                self.request(block, span, out);
            }
            (Side::Server, Kind::HEADERS) if status.is_some() => {
                self.answer(block, status.unwrap_or(0), span, out);
            }
            _ => self.other(side, block, span, out),
        }
        if block.end_stream {
            self.streams.end(side, id, span, out);
        }
    }

    /// Trailers, promises, and blocks whose pseudo-fields are not known.
    fn other(&mut self, side: Side, block: &Block, span: Span, out: &mut Output<'_>) {
        let id = block.stream;
        self.inner(side, block, span, out);
        out.describe(|| format!("{}[{id}]", block.kind.name()));
        self.streams
            .message(side, id, block.kind, (block.end_stream, span), out);
    }

    fn request(&mut self, block: &Block, span: Span, out: &mut Output<'_>) {
        let id = block.stream;
        if self.streams.get(id).is_some() {
            return self.other(Side::Client, block, span, out);
        }
        self.detail(Side::Client, "authority", ":authority", block, span, out);
        self.detail(Side::Client, "user_agent", "user-agent", block, span, out);
        let stream = Stream {
            op: names::method(block.find(":method").unwrap_or(&[])),
            expect: expectation(block),
            head: span,
            asked: false,
            answered: false,
            inner: false,
            ended: PerSide::default(),
            text: out
                .wants_text()
                .then(|| format!("HEADERS[{id}]: {}", request_text(block))),
        };
        self.streams.add(id, stream, span, out);
        self.inner(Side::Client, block, span, out);
        if !block.end_stream {
            out.describe(|| format!("HEADERS[{id}]: {}", request_text(block)));
        }
        self.streams.message(
            Side::Client,
            id,
            Kind::HEADERS,
            (block.end_stream, span),
            out,
        );
    }

    fn answer(&mut self, block: &Block, code: u16, span: Span, out: &mut Output<'_>) {
        let id = block.stream;
        self.detail(Side::Server, "server", "server", block, span, out);
        if is_grpc(block) && self.streams.get(id).is_none() {
            // Its request came before the capture, or in bytes that are lost.
            self.streams.add(id, Stream::untold(), span, out);
        }
        self.inner(Side::Server, block, span, out);
        let text = || format!("HEADERS[{id}]: {}", http_status::name(code));
        if self.streams.get(id).is_some_and(|s| s.inner) {
            out.describe(text);
            out.emit(
                Side::Server,
                span,
                Act::Message {
                    op: Kind::HEADERS.op(),
                },
            );
        } else if code < 200 {
            out.describe(text);
            self.streams.interim(id, span, out);
        } else {
            self.streams.answer(id, code, span, text, out);
        }
    }

    /// Hands a block to the child of its stream, and starts that where it is gRPC. A request that was told stays here.
    fn inner(&mut self, side: Side, block: &Block, span: Span, out: &mut Output<'_>) {
        let id = block.stream;
        let Some(stream) = self.streams.get(id) else {
            return;
        };
        let told_here = stream.asked && !stream.answered;
        if !stream.inner && !told_here && is_grpc(block) {
            let seen = ("stream", u64::from(id).into());
            stream.inner =
                out.start_child_in(GRPC, id.into(), "grpc", side == Side::Client, &[seen]);
            if stream.inner && side == Side::Server && stream.ended.client {
                hand(id, Side::Client, span, &[], out);
            }
        }
        if stream.inner {
            hand(id, side, span, &block.lines, out);
        }
    }

    /// Tells a header field as a detail of the session, once.
    fn detail(
        &mut self,
        side: Side,
        key: &'static str,
        name: &str,
        block: &Block,
        span: Span,
        out: &mut Output<'_>,
    ) {
        let told = &mut self.told.details;
        if !told.contains(&key)
            && let Some(value) = block.find(name).filter(|value| !value.is_empty())
        {
            told.push(key);
            out.detail(side, span, key, printable(value, DETAIL));
        }
    }
}

fn named(error: u32) -> String {
    match wire::error_name(error) {
        "" => error.to_string(),
        name => name.to_owned(),
    }
}

fn number(value: &[u8]) -> Option<u16> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn is_grpc(block: &Block) -> bool {
    let kind = block.find("content-type");
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

/// A feed of events and a tunnel are open as long as both like.
fn expectation(block: &Block) -> Expect {
    let feed = b"text/event-stream";
    let accepts = block.find("accept").unwrap_or(&[]);
    if accepts.windows(feed.len()).any(|w| w == feed) {
        Expect::LongWait("server-sent events come when there are any")
    } else if block.find(":method") == Some(b"CONNECT") {
        Expect::LongWait("a tunnel opens when its far end does")
    } else {
        Expect::Answer
    }
}

fn request_text(block: &Block) -> String {
    let word = |name| {
        block
            .find(name)
            .map_or_else(String::new, |v| printable(v, TEXT))
    };
    let target = match word(":path") {
        path if path.is_empty() => word(":authority"),
        path => without_secrets(&path),
    };
    format!("{} {target}", word(":method"))
}
