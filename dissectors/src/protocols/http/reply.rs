//! Answers.

use super::ask::tell;
use super::circle;
use super::facts;
use super::pending::Pending;
use super::session::{Body, Closing, Reading, Talk, Tunnel};
use super::wire::{self, ResponseHead};
use crate::dissector::{End, Input, Output};
use crate::event::{Act, Fact, Op, Phase, Status};
use crate::http_status;
use crate::text::printable;
use crate::units::{Side, Span};

/// Slow answers of one connection whose targets are told.
const SLOW_TOLD: u8 = 32;

impl Talk {
    pub(super) fn response(&mut self, bytes: &[u8], span: Span, out: &mut Output<'_>) -> Body {
        let head = match wire::response(bytes) {
            Ok(head) => head,
            Err(what) => return self.unreadable(Side::Server, span, what, out),
        };
        self.resumed(Side::Server, span, out);
        if !std::mem::replace(&mut self.open, true) {
            out.phase(Side::Server, span, Phase::Open);
        }
        if !self.server_told && !head.server.is_empty() {
            self.server_told = true;
            out.detail(
                Side::Server,
                span,
                "server",
                printable(head.server, facts::VALUE),
            );
        }
        self.queue.realign();
        if (100..200).contains(&head.status) && head.status != 101 {
            return self.interim(&head, bytes, span, out);
        }
        self.lanes.server.op = Op::new("response", u32::from(head.status));
        match self.queue.pop() {
            Some(mut pending) => {
                self.ask_early(&mut pending, &head, span, out);
                self.answer(&pending, &head, bytes, span, out)
            }
            None => self.unasked(&head, bytes, span, out),
        }
    }

    pub(super) fn interim(
        &mut self,
        head: &ResponseHead<'_>,
        bytes: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) -> Body {
        let request = self.lanes.client.head;
        let Some(pending) = self.queue.front() else {
            return Body::None;
        };
        if let Some(child) = pending.child {
            out.child(child, Side::Server, span.start, Input::Data(bytes));
            return Body::None;
        }
        if !pending.told {
            tell(pending, self.lanes.client.text.take(), request, out);
        }
        out.describe(|| facts::response_text(head));
        out.emit(Side::Server, span, Act::interim(pending.id));
        Body::None
    }

    /// A request that is answered before it is whole is told now.
    pub(super) fn ask_early(
        &mut self,
        pending: &mut Pending,
        head: &ResponseHead<'_>,
        span: Span,
        out: &mut Output<'_>,
    ) {
        if pending.told {
            return;
        }
        let client = &mut self.lanes.client;
        tell(pending, client.text.take(), client.head, out);
        if client.reading != Reading::Lost {
            let fact = Fact::new("http.early-answer").with("status", head.status);
            out.fact(Side::Server, span, fact.in_exchange(pending.id));
        }
    }

    pub(super) fn answer(
        &mut self,
        pending: &Pending,
        head: &ResponseHead<'_>,
        bytes: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) -> Body {
        if let Some(child) = pending.child {
            return self.answer_upgrade(child, head, bytes, span, out);
        }
        let failed = head.status >= 400;
        if let Some(fact) = circle::follow(&mut self.circle, pending, head, self.inside) {
            out.fact(Side::Server, span, fact);
        }
        if failed {
            if matches!(head.status, 401 | 403) {
                self.jar.refused(pending);
            }
            if self.errors.one_more(head.status) {
                out.fact(Side::Server, span, facts::error(pending, head));
            }
        } else if let Some(fact) = facts::login_redirect(pending, head) {
            self.jar.refused(pending);
            out.fact(Side::Server, span, fact);
        } else {
            let tell = |fact| out.fact(Side::Server, span, fact);
            facts::granted(pending, head, &mut self.accepted, tell);
        }
        self.jar.answered(pending, head, span, out);
        let status = Status {
            code: u32::from(head.status),
            name: http_status::name(head.status),
            failed,
        };
        out.describe(|| facts::response_text(head));
        out.emit(
            Side::Server,
            span,
            Act::Reply {
                id: pending.id,
                status,
            },
        );
        if self.slow_told < SLOW_TOLD && out.was_slow() {
            self.slow_told += 1;
            let fact = Fact::new("http.slow")
                .with("method", pending.op.name)
                .with("target", facts::target(pending.target.bytes()));
            out.fact(Side::Server, span, fact.in_exchange(pending.id));
        }
        if head.closes && self.closing != Closing::Told {
            match self.queue.front().map(|next| next.id) {
                Some(next) => self.after_close(Side::Server, next, Side::Server, span, out),
                None if self.closing == Closing::Not => self.closing = Closing::Said(Side::Server),
                None => {}
            }
        }
        if head.status == 101 || (pending.is_connect() && (200..300).contains(&head.status)) {
            return self.open_tunnel(Some(pending), head, bytes, span, out);
        }
        response_body(head, pending.is_head(), span, out)
    }

    pub(super) fn answer_upgrade(
        &mut self,
        child: u64,
        head: &ResponseHead<'_>,
        bytes: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) -> Body {
        out.child(child, Side::Server, span.start, Input::Data(bytes));
        if head.status == 101 {
            self.tunnel = Some(Tunnel::Child(child));
            return Body::Tunnel;
        }
        out.end_child(child, End::Fin);
        response_body(head, false, span, out)
    }

    pub(super) fn unasked(
        &mut self,
        head: &ResponseHead<'_>,
        bytes: &[u8],
        span: Span,
        out: &mut Output<'_>,
    ) -> Body {
        if head.status == 101 {
            return self.open_tunnel(None, head, bytes, span, out);
        }
        if grants_a_tunnel(head) {
            let body = self.open_tunnel(None, head, bytes, span, out);
            self.tunnel = Some(Tunnel::Undecided);
            return body;
        }
        if self.beginning && self.lanes.client.seen && !self.lanes.client.holed {
            let fact = Fact::new("http.answer-unasked").with("status", head.status);
            out.fact(Side::Server, span, fact);
        }
        out.describe(|| facts::response_text(head));
        let op = Op::new("response", u32::from(head.status));
        out.emit(Side::Server, span, Act::Message { op });
        response_body(head, false, span, out)
    }

    /// The first answer has no status line, as in HTTP/0.9.
    pub(super) fn headless(&mut self, span: Span, out: &mut Output<'_>) -> bool {
        let what = "answer without a status line (HTTP/0.9)";
        self.without_status(what, "HTTP/0.9", span, out);
        self.go(Side::Server, Reading::UntilClose)
    }

    /// The first answer is none of HTTP/1.
    pub(super) fn without_status(
        &mut self,
        what: &'static str,
        name: &'static str,
        span: Span,
        out: &mut Output<'_>,
    ) {
        out.emit(Side::Server, span, Act::Malformed { what });
        if let Some(mut pending) = self.queue.pop() {
            if !pending.told {
                tell(
                    &mut pending,
                    self.lanes.client.text.take(),
                    self.lanes.client.head,
                    out,
                );
            }
            if pending.child.is_none() {
                let status = Status::failure(0, name);
                out.describe(|| what.to_owned());
                out.emit(
                    Side::Server,
                    span,
                    Act::Reply {
                        id: pending.id,
                        status,
                    },
                );
            }
        }
        self.lanes.server.spoke = true;
    }
}

fn is_feed(head: &ResponseHead<'_>) -> bool {
    let feed = b"text/event-stream";
    let kind = head.content_type.get(..feed.len());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(feed))
}

/// How the message goes on, and what is wrong with its telling (RFC 9112 section 6.3).
fn response_body(head: &ResponseHead<'_>, to_head: bool, span: Span, out: &mut Output<'_>) -> Body {
    if to_head || matches!(head.status, 204 | 304) {
        return Body::None;
    }
    if head.framing.is_ambiguous() {
        out.fact(Side::Server, span, Fact::new("http.length-ambiguous"));
    }
    if head.framing.bad_length {
        out.emit(
            Side::Server,
            span,
            Act::Malformed {
                what: "Content-Length is no single number",
            },
        );
    }
    match (
        head.framing.chunked,
        head.framing.coded,
        head.framing.length,
    ) {
        (true, _, _) if is_feed(head) => Body::Feed,
        (true, _, _) => Body::Chunked,
        (false, false, Some(0)) => Body::None,
        (false, false, Some(n)) => Body::Length(n),
        _ => Body::UntilClose,
    }
}

/// True for what proxies say to a CONNECT, for the case that the request was not captured.
fn grants_a_tunnel(head: &ResponseHead<'_>) -> bool {
    let body = head.framing.chunked || head.framing.coded || head.framing.length.is_some();
    head.status == 200 && !body && head.reason.eq_ignore_ascii_case("connection established")
}
