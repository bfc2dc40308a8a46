//! The streams that are not done, and the exchanges that they are.

use std::collections::BTreeMap;

use super::names;
use super::wire::Kind;
use crate::dissector::{Input, Output};
use crate::event::{Act, Expect, Op, Status};
use crate::units::{PerSide, Side, Span};

/// Streams that are kept of one connection.
const STREAMS: usize = 1024;

/// A stream on which somebody may still speak.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) op: Op,
    pub(super) expect: Expect,
    /// Where the request's header block ends.
    pub(super) head: Span,
    /// The request is told; or is not to be, since another session tells it.
    pub(super) asked: bool,
    /// So is its answer.
    pub(super) answered: bool,
    /// It belongs to the session `grpc`.
    pub(super) inner: bool,
    /// Sides that have said END_STREAM.
    pub(super) ended: PerSide<bool>,
    /// What the request is, in words.
    pub(super) text: Option<String>,
}

impl Stream {
    /// A stream whose request was not seen, or is told elsewhere.
    pub(super) fn untold() -> Self {
        Self {
            op: Op::default(),
            expect: Expect::Nothing,
            head: Span::default(),
            asked: true,
            answered: true,
            inner: false,
            ended: PerSide::default(),
            text: None,
        }
    }

    fn is_over(&self) -> bool {
        self.ended.client && self.ended.server
    }

    /// Tells the request, with the bytes that end it.
    fn ask(&mut self, id: u32, span: Span, out: &mut Output<'_>) {
        self.asked = true;
        let Self { op, expect, .. } = *self;
        let text = self.text.take();
        out.describe(|| text.unwrap_or_else(|| format!("{op} on stream {id}")));
        let request = Act::Request {
            id: id.into(),
            op,
            expect,
            digest: 0,
        };
        out.emit(Side::Client, span, request);
    }
}

/// All streams of a connection that are not done.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<u32, Stream>,
    /// The highest one of the client.
    highest: u32,
}

impl Streams {
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Stream> {
        self.open.get_mut(&id)
    }

    /// The client has opened it before.
    pub(super) fn is_old(&self, id: u32) -> bool {
        id <= self.highest
    }

    /// No request waits for its answer.
    pub(super) fn is_idle(&self) -> bool {
        self.open
            .values()
            .all(|s| s.inner || s.answered || !s.asked)
    }

    pub(super) fn add(&mut self, id: u32, stream: Stream, span: Span, out: &mut Output<'_>) {
        self.highest = self.highest.max(id);
        if self.open.len() >= STREAMS
            && let Some((oldest, stream)) = self.open.pop_first()
        {
            if stream.inner {
                out.end_child(oldest.into(), crate::dissector::End::CaptureStopped);
            }
            let what = "streams that are open at once";
            out.emit(Side::Client, span, Act::Limit { what });
        }
        self.open.insert(id, stream);
    }

    /// A message of `side` on a stream: tells it, or the request that ends with it.
    pub(super) fn message(
        &mut self,
        side: Side,
        id: u32,
        kind: Kind,
        (ends, span): (bool, Span),
        out: &mut Output<'_>,
    ) {
        match self.open.get_mut(&id) {
            Some(stream) if side == Side::Client && ends && !stream.asked && !stream.inner => {
                stream.ask(id, span, out);
            }
            _ => out.emit(side, span, Act::Message { op: kind.op() }),
        }
    }

    /// A final status of the server.
    pub(super) fn answer(
        &mut self,
        id: u32,
        code: u16,
        span: Span,
        text: impl FnOnce() -> String,
        out: &mut Output<'_>,
    ) {
        match self.open.get_mut(&id) {
            Some(stream) if !stream.answered => {
                if !stream.asked {
                    stream.ask(id, stream.head, out);
                }
                stream.answered = true;
                out.describe(text);
                let status = names::status(code);
                out.emit(
                    Side::Server,
                    span,
                    Act::Reply {
                        id: id.into(),
                        status,
                    },
                );
            }
            _ => {
                out.describe(text);
                out.emit(
                    Side::Server,
                    span,
                    Act::Message {
                        op: Kind::HEADERS.op(),
                    },
                );
            }
        }
    }

    /// A status below 200.
    pub(super) fn interim(&mut self, id: u32, span: Span, out: &mut Output<'_>) {
        if let Some(stream) = self.open.get_mut(&id).filter(|s| !s.answered) {
            if !stream.asked {
                stream.ask(id, stream.head, out);
            }
            out.emit(Side::Server, span, Act::interim(id.into()));
        }
        out.emit(
            Side::Server,
            span,
            Act::Message {
                op: Kind::HEADERS.op(),
            },
        );
    }

    /// `side` says no more on the stream.
    pub(super) fn end(&mut self, side: Side, id: u32, span: Span, out: &mut Output<'_>) {
        let Some(stream) = self.open.get_mut(&id) else {
            return;
        };
        stream.ended[side] = true;
        if stream.inner {
            hand(id, side, span, &[], out);
        }
        if stream.is_over() {
            if stream.inner {
                out.end_child(id.into(), crate::dissector::End::Fin);
            }
            self.open.remove(&id);
        }
    }

    /// `side` resets the stream. True where it was still at work.
    pub(super) fn reset(
        &mut self,
        side: Side,
        id: u32,
        error: u32,
        status: Status,
        span: Span,
        out: &mut Output<'_>,
    ) -> bool {
        let Some(mut stream) = self.open.remove(&id) else {
            out.emit(
                side,
                span,
                Act::Message {
                    op: Kind::RST_STREAM.op(),
                },
            );
            return false;
        };
        if stream.inner {
            out.emit(
                side,
                span,
                Act::Message {
                    op: Kind::RST_STREAM.op(),
                },
            );
            hand(
                id,
                side,
                span,
                format!(":rst_stream: {error}\r\n").as_bytes(),
                out,
            );
            out.end_child(id.into(), crate::dissector::End::Fin);
            return false;
        }
        let waits = !stream.answered;
        match side {
            Side::Server if waits => {
                if !stream.asked {
                    stream.ask(id, stream.head, out);
                }
                out.emit(
                    side,
                    span,
                    Act::Reply {
                        id: id.into(),
                        status,
                    },
                );
            }
            _ => {
                out.emit(
                    side,
                    span,
                    Act::Message {
                        op: Kind::RST_STREAM.op(),
                    },
                );
                if waits && stream.asked {
                    out.emit(side, span, Act::Cancel { id: id.into() });
                }
            }
        }
        waits
    }
}

/// Hands a header list, or what stands for the end, to the child of a stream, at the last byte of `span`.
pub(super) fn hand(id: u32, side: Side, span: Span, bytes: &[u8], out: &mut Output<'_>) {
    let wire_len = bytes.len() as u64;
    let at = span.end.saturating_sub(1);
    out.child(id.into(), side, at, Input::Datagram { bytes, wire_len });
}
