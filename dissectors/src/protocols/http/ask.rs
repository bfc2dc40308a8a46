//! Requests.

use super::cookies;
use super::facts;
use super::names;
use super::pending::Pending;
use super::session::{Body, Closing, Talk};
use super::wire::{self, RequestHead, Upgrade};
use crate::dissector::{Input, Output};
use crate::event::{Act, Fact, Phase};
use crate::text::printable;
use crate::units::{Side, Span};

impl Talk {
    pub(super) fn tell_last(&mut self, span: Span, out: &mut Output<'_>) {
        let text = self.lanes.client.text.take();
        if let Some(pending) = self.queue.back() {
            tell(pending, text, span, out);
            credentials(pending, &mut self.scheme_told, span, out);
        }
    }

    pub(super) fn request(&mut self, bytes: &[u8], span: Span, out: &mut Output<'_>) -> Body {
        let head = match wire::request(bytes) {
            Ok(head) => head,
            Err(what) => match wire::bad_request(bytes) {
                Some(head) if self.lanes.client.lost_since.is_none() => {
                    out.emit(Side::Client, span, Act::Malformed { what });
                    head
                }
                _ => return self.unreadable(Side::Client, span, what, out),
            },
        };
        self.resumed(Side::Client, span, out);
        self.request_details(&head, span, out);
        self.next_id += 1;
        let op = names::method(head.method);
        self.lanes.client.op = op;
        let mut pending = Pending::new(self.next_id, op, &head);
        if let Some(field) = head.cookie {
            cookies::sent(field, head.target.as_bytes(), &mut pending);
        }
        let id = pending.id;
        if let Closing::Said(by) = self.closing {
            self.after_close(by, id, Side::Client, span, out);
        } else if head.closes && self.closing == Closing::Not {
            self.closing = Closing::Said(Side::Client);
        }
        if head.upgrade == Upgrade::WebSocket
            && out.start_child(id, "websocket", true, &[("upgrade", true.into())])
        {
            pending.child = Some(id);
            pending.told = true;
            credentials(&pending, &mut self.scheme_told, span, out);
            out.child(id, Side::Client, span.start, Input::Data(bytes));
        }
        if out.wants_text() {
            self.lanes.client.text = Some(facts::request_text(&head));
        }
        if !self.queue.push(pending) {
            out.emit(
                Side::Client,
                span,
                Act::Limit {
                    what: "requests without an answer",
                },
            );
        }
        request_body(&head, span, out)
    }

    pub(super) fn request_details(
        &mut self,
        head: &RequestHead<'_>,
        span: Span,
        out: &mut Output<'_>,
    ) {
        if !std::mem::replace(&mut self.open, true) {
            out.phase(Side::Client, span, Phase::Open);
        }
        if !self.host_told && !head.host.is_empty() {
            self.host_told = true;
            out.detail(
                Side::Client,
                span,
                "host",
                printable(head.host, facts::VALUE),
            );
        }
        if !self.agent_told && !head.user_agent.is_empty() {
            self.agent_told = true;
            out.detail(
                Side::Client,
                span,
                "user_agent",
                printable(head.user_agent, facts::VALUE),
            );
        }
    }
}

/// Tells which scheme the credentials of a request are of, if it is another than the last.
fn credentials(
    pending: &Pending,
    told: &mut Option<&'static str>,
    span: Span,
    out: &mut Output<'_>,
) {
    if let Some(credentials) = pending.credentials
        && *told != Some(credentials.scheme)
    {
        *told = Some(credentials.scheme);
        out.detail(Side::Client, span, "mechanism", credentials.scheme);
        let fact = credentials
            .describe(Fact::new("http.credentials"))
            .with("target", facts::target(pending.target.bytes()));
        out.fact(Side::Client, span, fact.in_exchange(pending.id));
    }
}

/// Emits the request.
pub(super) fn tell(pending: &mut Pending, text: Option<String>, span: Span, out: &mut Output<'_>) {
    pending.told = true;
    let Pending { id, op, expect, .. } = *pending;
    out.describe(|| text.unwrap_or_else(|| op.to_string()));
    out.emit(
        Side::Client,
        span,
        Act::Request {
            id,
            op,
            expect,
            digest: 0,
        },
    );
    if pending.expects_continue {
        out.fact(
            Side::Client,
            span,
            Fact::new("http.expects-continue").in_exchange(id),
        );
    }
    if pending.ambiguous {
        out.fact(
            Side::Client,
            span,
            Fact::new("http.length-ambiguous").in_exchange(id),
        );
    }
}

/// How the message goes on, and what is wrong with its telling (RFC 9112 section 6.3).
fn request_body(head: &RequestHead<'_>, span: Span, out: &mut Output<'_>) -> Body {
    if head.framing.bad_length {
        out.emit(
            Side::Client,
            span,
            Act::Malformed {
                what: "Content-Length is no single number",
            },
        );
    }
    match (head.framing.coded, head.framing.length) {
        (true, _) if head.framing.chunked => Body::Chunked,
        (true, _) => {
            let what = "a request's last transfer coding is not chunked";
            out.emit(Side::Client, span, Act::Malformed { what });
            Body::None
        }
        (false, None | Some(0)) => Body::None,
        (false, Some(n)) => Body::Length(n),
    }
}
