//! HTTP/1.0 and HTTP/1.1.
//!
//! Heads up: before working on this folder read RFC 9112, at least sections 2, 6, 7 and 9, and RFC 9110 sections
//! 7.8 (Upgrade), 9.3.6 (CONNECT), 10.1.1 (Expect) and 15 (status codes).
//!
//! ```text
//!   client  GET /a HTTP/1.1 CRLF field CRLF … CRLF [body]      GET /b …            (pipelined)
//!   server                          HTTP/1.1 200 OK CRLF field CRLF … CRLF [body]   HTTP/1.1 200 …
//!           requests and responses are paired by their order
//!
//!   a side:   Between ──> Head ──> Body | Chunks | UntilClose ──> Between
//!                │          └ bad ──> Lost ── next start line ──> Head
//!                └── 101 or CONNECT 2xx ──> Tunnel
//! ```
//!
//! A request is told when its last byte is there, or when it is answered before that. A response is told when its
//! *head* is there: from then on the client is served, and a body may go on for hours (server-sent events, downloads).
//! A body that ends early is [`Act::Incomplete`](crate::event::Act::Incomplete).
//!
//! A request to upgrade to WebSocket is not told here: both heads and all that follows belong to the child `websocket`,
//! whose session thereby exists even where the upgrade is refused.
//!
//! # Facts
//!
//! | fact | values |
//! |---|---|
//! | `http.error` (status 400 and above, in its exchange; the first 48 of each status) | `status`, `reason`, `method`, `target`, and where there: what `http.credentials` has, `continues` (the challenge goes on with a token, RFC 4559), `stale` (Digest), `cookies` (fingerprints sent) and `place` (fingerprint of method and target) or, without, `host` (fingerprint), `login` (a login form was sent), `proxied` (the request comes through a proxy), `challenge` (schemes asked for), `auth_error`, `retry_after`, `server`, `via` |
//! | `http.redirected-to-login` | `status`, `method`, `target`, `location`, `cookies`, `place` |
//! | `http.redirected-again` (to where the redirections before it began: of each circle the first 24 rounds, 72 in all) | `status`, `reason`, `method`, `target`, `location`, `round`, `places` (of the circle), `sets_cookie`, `has_cookie` |
//! | `http.credentials` (first of each scheme) | `credentials` (scheme), `credential` (fingerprint), `target`, and where there `ntlm` (message), `expires`, `not_before` (of a JSON Web Token) |
//! | `http.credentials-accepted` (first answer below 400 to them) | as above |
//! | `http.login-answered` (an answer below 400 to a login form) | `status`, `target`, `cookies` |
//! | `http.logout` (an answer below 400 to a request named so) | `target`, `cookies` |
//! | `http.cookie-set` | `name`, `fingerprint`, `session` (named like a session's), `removed` (empty or expired), `host`, and where there `sent` (fingerprint of the cookie of that name that came with the request), `path`, `domain`, `secure`, `same_site`, `max_age`, `expires` |
//! | `http.cookie-accepted` (first 2xx with a session cookie to a request: of 16 cookies and requests) | `fingerprint`, `place` |
//! | `http.expects-continue` | |
//! | `http.early-answer` (before the request's body was whole) | `status` |
//! | `http.answer-unasked` | `status` |
//! | `http.length-ambiguous` (both Content-Length and Transfer-Encoding) | |
//!
//! # Details
//!
//! `host`, `user_agent`, `server`, `tunnel`, `mechanism` (the scheme of the credentials last sent), `session_cookies` (names of those set).

use crate::dissector::{Carrier, Dissector, Probe, Protocol, Speaker, Start, Verdict};
use crate::units::Side;

mod ask;
mod body;
mod circle;
mod cookies;
mod credentials;
mod date;
mod describe;
mod ending;
mod facts;
pub(super) mod fields;
mod inflate;
mod names;
mod pending;
mod reply;
mod session;
mod show;
pub(super) mod ssdp;
mod start;
#[cfg(test)]
mod tests;
mod tunnel;
mod wire;

/// HTTP/1.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "http",
    title: "Hypertext Transfer Protocol 1.0 and 1.1 (RFC 9110, RFC 9112)",
    carriers: &[Carrier::Stream, Carrier::Inside],
    ports: &[80, 3128, 5985, 8000, 8008, 8080, 8081, 8888],
    sessions: &["http"],
    probe,
    start: begin,
};

/// Requests without a version, as HTTP/0.9 had them (RFC 1945 section 4.1). No session is told of them, but their fields
/// are there for who looks at frames.
pub(super) const SIMPLE: Protocol = Protocol {
    name: "http/0.9",
    sessions: &[],
    probe: simple,
    ..PROTOCOL
};

fn simple(probe: &Probe<'_>) -> Verdict {
    let line = probe.bytes.split(|b| *b == b'\n').next();
    let text = |b: &u8| matches!(b, b' '..=b'~' | b'\r');
    let asks = probe.bytes.starts_with(b"GET /") && probe.bytes.contains(&b'\n');
    if probe.side == Side::Client && asks && line.is_some_and(|l| l.iter().all(text)) {
        Verdict::Likely(Speaker::Client)
    } else {
        Verdict::No
    }
}

/// A request line this long without its end, all of it printable after a known method, is one.
const LONG_LINE: usize = 2048;

fn probe(probe: &Probe<'_>) -> Verdict {
    let bytes = probe.bytes;
    // Where roles are certain only clients ask: what looks like a request from a server is another's content.
    let may_ask = probe.side == Side::Client || !probe.beginning;
    let may_answer = probe.side == Side::Server || !probe.beginning;
    if may_answer && bytes.starts_with(b"HTTP/1.") {
        return match bytes.len() {
            ..12 => Verdict::NeedMore,
            _ if start::is_status_line(bytes) => Verdict::Certain(Speaker::Server),
            _ => Verdict::No,
        };
    }
    if may_answer && !bytes.is_empty() && b"HTTP/1.".starts_with(bytes) {
        return Verdict::NeedMore;
    }
    if !may_ask {
        return Verdict::No;
    }
    match start::request_line(bytes) {
        start::RequestLine::Yes => Verdict::Certain(Speaker::Client),
        start::RequestLine::May if bytes.len() >= LONG_LINE => Verdict::Certain(Speaker::Client),
        start::RequestLine::May => Verdict::NeedMore,
        start::RequestLine::No => Verdict::No,
    }
}

fn begin(start: &Start<'_>) -> Box<dyn Dissector> {
    let inside = start.carrier == Carrier::Inside;
    Box::new(session::Http::new(start.beginning, inside))
}
