//! A call: its request, messages both ways, and how it ended.

use super::describe;
use super::messages::{Message, Messages};
use super::web::Web;
use super::wire;
use crate::dissector::{Dissector, Input, Output, Start};
use crate::event::{Act, Expect, Fact, Op, Status, Value};
use crate::text::{printable, without_secrets};
use crate::units::{PerSide, Side, Span};

/// Characters of a path and of a status message that are kept.
const TEXT: usize = 200;
/// A call with a longer deadline, or none, may be a stream that is silent until there is something to say. Milliseconds.
const SOON: u64 = 60_000;

pub(super) fn start(start: &Start<'_>) -> Box<dyn Dissector> {
    let stream = start.context.iter().find_map(|(key, value)| match value {
        Value::Int(n) if *key == "stream" => Some(*n as u64),
        _ => None,
    });
    if let Some(kind) = start.text("content_type") {
        return Box::new(Web::new(kind, start.text("path").unwrap_or_default()));
    }
    Box::new(Call {
        id: stream.unwrap_or(0),
        lanes: PerSide::default(),
        path: String::new(),
        name: "GRPC",
        op: Op::new("call", 0),
        expect: Expect::LongWait(OPEN_END),
        // Without its beginning nobody knows what was asked.
        asked: start.beginning.then_some(false),
        head: Span::default(),
        held: None,
        answered: false,
        over: false,
    })
}

const OPEN_END: &str = "a call without a near deadline may be a stream";

/// One call.
struct Call {
    /// The stream that carries it.
    id: u64,
    lanes: PerSide<Messages>,
    path: String,
    /// For the protocol column.
    name: &'static str,
    op: Op,
    expect: Expect,
    /// The request is told; `None` where it was not seen.
    asked: Option<bool>,
    /// Where the request's header list stands.
    head: Span,
    /// The client's last message: the request ends with it, or another follows.
    held: Option<Span>,
    answered: bool,
    /// It has a status, or was reset.
    over: bool,
}

impl Dissector for Call {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        match input {
            Input::Data(bytes) => self.content(side, bytes, out),
            Input::Datagram { bytes: [], .. } => self.half_closed(side, out),
            Input::Datagram { bytes, .. } => {
                let span = self.lanes[side].pass(bytes.len() as u64);
                match wire::find(bytes, ":rst_stream").and_then(wire::number) {
                    Some(error) => self.reset(side, error, span, out),
                    None if side == Side::Client => self.request(bytes, span, out),
                    None => self.answer(bytes, span, out),
                }
            }
            Input::Gap { len } => self.lanes[side].gap(len),
            // The stream's parent tells what was cut off.
            Input::End(_) => {}
        }
    }
}

impl Call {
    fn content(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (behind, message) = self.lanes[side].take(rest, out.wants_fields());
            rest = behind;
            if let Some(message) = message {
                self.message(side, &message, out);
            }
        }
    }

    /// The path as it may be told: one with a query is no method's, and may hold secrets.
    fn said_path(&self) -> String {
        if self.path.contains('?') {
            without_secrets(&self.path)
        } else {
            self.path.clone()
        }
    }

    fn request(&mut self, lines: &[u8], span: Span, out: &mut Output<'_>) {
        let Some(path) = wire::find(lines, ":path") else {
            return;
        };
        self.head = span;
        self.path = printable(path, TEXT);
        // All of the path: methods of one service often differ at its end only.
        let parts = path.chunks(64).map(crate::event::digest);
        let digest = parts.fold(0_u32, |all, part| all.rotate_left(5) ^ part);
        self.op = Op::new("call", digest);
        self.web(lines);
        let deadline = wire::find(lines, "grpc-timeout").and_then(wire::timeout);
        if deadline.is_some_and(|millis| millis <= SOON) {
            self.expect = Expect::Answer;
        }
        if let Some((service, _)) = self.path.rsplit_once('/') {
            let service = service.trim_start_matches('/').to_owned();
            out.detail(Side::Client, span, "service", service);
        }
    }

    fn web(&mut self, lines: &[u8]) {
        let kind = wire::find(lines, "content-type").unwrap_or(&[]);
        if kind.starts_with(b"application/grpc-web") {
            self.name = "GRPC-Web";
        }
    }

    fn message(&mut self, side: Side, message: &Message, out: &mut Output<'_>) {
        let (head, span) = (message.head, message.span);
        let body = message.body.as_deref();
        out.fields(side, span, |w| {
            describe::message(w, head, body, self.name, &self.path);
        });
        if head.is_trailers() {
            return self.answer(body.unwrap_or(&[]), span, out);
        }
        match side {
            Side::Client => {
                if let Some(earlier) = self.held.replace(span) {
                    self.tell(side, "message", earlier, out);
                }
            }
            Side::Server if !self.answered => self.reply(Status::OK, span, out),
            Side::Server => self.tell(side, "message", span, out),
        }
    }

    fn tell(&self, side: Side, what: &'static str, span: Span, out: &mut Output<'_>) {
        out.describe(|| format!("{what} of {}", self.said_path()));
        out.emit(
            side,
            span,
            Act::Message {
                op: Op::new(what, 0),
            },
        );
    }

    /// Tells the request, with the bytes that end it.
    fn ask(&mut self, span: Span, out: &mut Output<'_>) {
        if self.asked.replace(true) == Some(false) {
            let Self { id, op, expect, .. } = *self;
            out.describe(|| self.said_path());
            out.name(|| self.said_path());
            let digest = 0;
            out.emit(
                Side::Client,
                span,
                Act::Request {
                    id,
                    op,
                    expect,
                    digest,
                },
            );
        }
    }

    /// Answers the call: with its first message, or with its status.
    fn reply(&mut self, status: Status, span: Span, out: &mut Output<'_>) {
        self.answered = true;
        if self.asked.is_none() {
            return self.tell(Side::Server, "message", span, out);
        }
        if self.asked == Some(false) {
            // The client goes on speaking: it may wait for as long as both like.
            self.expect = Expect::LongWait(OPEN_END);
            self.ask(self.head, out);
        }
        out.describe(|| format!("{status} {}", self.said_path()));
        out.emit(
            Side::Server,
            span,
            Act::Reply {
                id: self.id,
                status,
            },
        );
    }

    /// The server's header list: with a status it is the end of the call.
    fn answer(&mut self, lines: &[u8], span: Span, out: &mut Output<'_>) {
        self.web(lines);
        let http = wire::find(lines, ":status").and_then(wire::number);
        let code = wire::find(lines, "grpc-status").and_then(wire::number);
        match (code, http) {
            (Some(code), _) => self.status(code, lines, span, out),
            // Somebody in between answers, and does not speak gRPC.
            (None, Some(http @ 300..)) => {
                self.over = true;
                let fact = Fact::new("grpc.http-status")
                    .with("status", http)
                    .with("path", self.said_path());
                out.fact(Side::Server, span, fact.in_exchange(self.id));
                if !self.answered {
                    self.reply(Status::failure(http, "an HTTP status"), span, out);
                }
            }
            _ => self.tell(Side::Server, "header list", span, out),
        }
    }

    fn status(&mut self, code: u32, lines: &[u8], span: Span, out: &mut Output<'_>) {
        self.over = true;
        let status = wire::status(code);
        if status.failed {
            let mut fact = Fact::new("grpc.status")
                .with("code", code)
                .with("name", status.name)
                .with("path", self.said_path());
            if let Some(message) = wire::find(lines, "grpc-message") {
                let message = printable(&wire::message(message), TEXT);
                fact = fact.with("message", without_secrets(&message));
            }
            if self.asked == Some(false) {
                self.ask(self.head, out);
            }
            out.fact(Side::Server, span, fact.in_exchange(self.id));
        }
        if self.answered {
            self.tell(Side::Server, "trailers", span, out);
        } else {
            self.reply(status, span, out);
        }
    }

    /// `side` ends its direction of the stream.
    fn half_closed(&mut self, side: Side, out: &mut Output<'_>) {
        let lane = &self.lanes[side];
        if lane.is_within() && !lane.lost {
            let (span, expected) = lane.unfinished();
            let op = Op::new("message", 0);
            let present = span.len();
            out.emit(
                side,
                span,
                Act::Incomplete {
                    op,
                    expected,
                    present,
                },
            );
        }
        match side {
            Side::Client => {
                let last = self.held.take();
                if self.asked == Some(false) {
                    self.ask(last.unwrap_or(self.head), out);
                } else if let Some(last) = last {
                    self.tell(side, "message", last, out);
                }
            }
            Side::Server if !self.over && !self.lanes.server.lost => {
                self.over = true;
                let end = self.lanes.server.offset;
                let span = Span::new(end.saturating_sub(1), end);
                let fact = Fact::new("grpc.no-status").with("path", self.said_path());
                out.fact(side, span, fact.in_exchange(self.id));
                if !self.answered {
                    self.reply(Status::failure(2, "no grpc-status"), span, out);
                }
            }
            Side::Server => {}
        }
    }

    /// `side` gives the call up.
    fn reset(&mut self, side: Side, error: u32, span: Span, out: &mut Output<'_>) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        let fact = Fact::new("grpc.reset")
            .with("error", error)
            .with("path", self.said_path());
        match side {
            Side::Client => {
                out.fact(side, span, fact.in_exchange(self.id));
                if self.asked == Some(true) && !self.answered {
                    out.emit(side, span, Act::Cancel { id: self.id });
                }
            }
            Side::Server => {
                if self.asked == Some(false) {
                    self.ask(self.head, out);
                }
                out.fact(side, span, fact.in_exchange(self.id));
                if !self.answered {
                    self.reply(Status::failure(error, "RST_STREAM"), span, out);
                }
            }
        }
    }
}
