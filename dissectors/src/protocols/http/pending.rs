//! Requests that wait for their answers, in order.

use std::collections::VecDeque;

use super::credentials::{Credentials, fingerprint};
use super::wire::{RequestHead, contains};
use crate::event::{Expect, Op};

/// Requests that may wait on one connection; pipelines are far shorter.
const PENDING: usize = 1024;
/// Fingerprints of cookies that are kept of one request.
const COOKIES: usize = 4;

/// The first bytes of a text, kept without allocating.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    len: u8,
    bytes: [u8; 96],
}

impl Short {
    pub(super) fn new(text: &[u8]) -> Self {
        let mut bytes = [0; 96];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(text) {
            *to = *from;
            len += 1;
        }
        Self { len, bytes }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) id: u64,
    pub(super) op: Op,
    pub(super) expect: Expect,
    pub(super) target: Short,
    /// The request's event is out.
    pub(super) told: bool,
    /// The `websocket` child that it asked for.
    pub(super) child: Option<u64>,
    pub(super) credentials: Option<Credentials>,
    /// A form that logs somebody in.
    pub(super) login: bool,
    /// It logs somebody out.
    pub(super) logout: bool,
    /// It came through a proxy that says so.
    pub(super) proxied: bool,
    /// It came with cookies.
    pub(super) has_cookie: bool,
    /// Fingerprint of method and target, where cookies were sent.
    pub(super) place: u64,
    pub(super) expects_continue: bool,
    pub(super) ambiguous: bool,
    /// Fingerprint of the host that was asked.
    pub(super) host: u64,
    cookies: [Cookie; COOKIES],
}

/// A session cookie that was sent, by fingerprints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cookie {
    pub(super) name: u64,
    pub(super) pair: u64,
}

impl Pending {
    pub(super) fn new(id: u64, op: Op, head: &RequestHead<'_>) -> Self {
        Self {
            id,
            op,
            expect: expectation(op, head),
            target: Short::new(head.target.as_bytes()),
            told: false,
            child: None,
            credentials: head.credentials.map(Credentials::of),
            login: is_login(op, head),
            logout: is_logout(head),
            proxied: head.proxied,
            has_cookie: head.cookie.is_some(),
            place: 0,
            expects_continue: head.expects_continue,
            ambiguous: head.framing.is_ambiguous(),
            host: fingerprint(head.host),
            cookies: [Cookie::default(); COOKIES],
        }
    }

    /// Remembers a session cookie that was sent to `target`.
    pub(super) fn add_cookie(&mut self, cookie: Cookie, target: &[u8]) {
        if self.place == 0 {
            self.place = place(self.op, target);
        }
        if let Some(free) = self.cookies.iter_mut().find(|c| c.pair == 0) {
            *free = cookie;
        }
    }

    /// Fingerprints of the session cookies that were sent.
    pub(super) fn cookies(&self) -> impl Iterator<Item = u64> {
        self.cookies.iter().map(|c| c.pair).filter(|c| *c != 0)
    }

    /// That of the session cookie with this name.
    pub(super) fn cookie_named(&self, name: u64) -> Option<u64> {
        let mut sent = self.cookies.iter().filter(|c| c.pair != 0);
        sent.find(|c| c.name == name).map(|c| c.pair)
    }

    /// Its answer has no body, whatever its fields say.
    pub(super) fn is_head(&self) -> bool {
        self.op.name == "HEAD"
    }

    /// It asks for a tunnel.
    pub(super) fn is_connect(&self) -> bool {
        self.op.name == "CONNECT"
    }
}

fn expectation(op: Op, head: &RequestHead<'_>) -> Expect {
    if head.wants_events {
        Expect::LongWait("text/event-stream: events come when they come")
    } else if head.will_wait {
        Expect::LongWait("Prefer: wait asks for a late answer")
    } else if op.name.starts_with("RPC_") {
        Expect::LongWait("an RPC over HTTP channel is held open")
    } else {
        Expect::Answer
    }
}

fn place(op: Op, target: &[u8]) -> u64 {
    fingerprint(target) ^ u64::from(op.code)
}

/// A form or JSON posted to a place named like a login: by a word that says nothing else, or by one that is a whole part
/// of the path and comes without any credentials.
fn is_login(op: Op, head: &RequestHead<'_>) -> bool {
    const WORDS: &[&[u8]] = &[
        b"login",
        b"logon",
        b"signin",
        b"sign_in",
        b"sign-in",
        b"authenticate",
    ];
    const PARTS: &[&[u8]] = &[b"auth", b"session", b"sessions", b"token"];
    if !matches!(op.name, "POST" | "PUT") {
        return false;
    }
    let path = path(head.target.as_bytes());
    let form = head.content_type.is_empty()
        || contains(head.content_type, b"form")
        || contains(head.content_type, b"json");
    let stranger = head.credentials.is_none() && head.cookie.is_none();
    let mut parts = path.split(|b| *b == b'/');
    form && (WORDS.iter().any(|w| contains(path, w))
        || stranger && parts.any(|p| PARTS.iter().any(|w| p.eq_ignore_ascii_case(w))))
}

fn is_logout(head: &RequestHead<'_>) -> bool {
    const WORDS: &[&[u8]] = &[
        b"logout",
        b"log_out",
        b"log-out",
        b"logoff",
        b"signout",
        b"sign_out",
        b"sign-out",
    ];
    WORDS
        .iter()
        .any(|w| contains(path(head.target.as_bytes()), w))
}

/// A target up to its query.
fn path(target: &[u8]) -> &[u8] {
    target.split(|b| *b == b'?').next().unwrap_or_default()
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Pending>,
    /// An answer came while several waited: the client pipelines.
    pipelined: bool,
    /// Answers may have been lost: how many, nobody knows.
    uncertain: bool,
}

impl Queue {
    /// Adds a request; false when the oldest had to be dropped for it.
    pub(super) fn push(&mut self, pending: Pending) -> bool {
        let full = self.waiting.len() >= PENDING;
        if full {
            self.waiting.pop_front();
        }
        self.waiting.push_back(pending);
        !full
    }

    /// The one to be answered next.
    pub(super) fn front(&mut self) -> Option<&mut Pending> {
        self.waiting.front_mut()
    }

    /// The one asked last.
    pub(super) fn back(&mut self) -> Option<&mut Pending> {
        self.waiting.back_mut()
    }

    /// All that wait, the first asked first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.waiting.iter()
    }

    /// Answers were lost.
    pub(super) fn lose(&mut self) {
        self.uncertain = true;
    }

    /// Brings the queue in step after lost answers: a client that never pipelined asks only after the answer to its
    /// last request came, so that what comes now answers the last.
    pub(super) fn realign(&mut self) {
        if std::mem::take(&mut self.uncertain) && !self.pipelined {
            let surplus = self.waiting.len().saturating_sub(1);
            self.waiting.drain(..surplus);
        } else if self.waiting.len() > 1 {
            self.pipelined = true;
        }
    }

    /// Takes the one that is answered now.
    pub(super) fn pop(&mut self) -> Option<Pending> {
        self.waiting.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
