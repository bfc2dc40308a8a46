//! Cookies by fingerprint (RFC 6265): which were set, sent and accepted, without ever keeping a value.

use super::pending::Pending;
use super::wire::ResponseHead;
use crate::dissector::Output;
use crate::event::Fact;
use crate::text::printable;
use crate::units::{Side, Span};

/// Cookies of one connection whose acceptance is remembered.
const REMEMBERED: usize = 32;
/// `Set-Cookie` facts of one connection.
const SET_FACTS: u32 = 64;
/// Characters of a cookie's name in facts.
const NAME: usize = 40;

/// What was learned of cookies on one connection.
#[derive(Debug, Default)]
pub(super) struct Jar {
    accepted: Vec<u64>,
    set: u32,
}

/// A number that tells cookies apart and gives nothing away: FNV-1a of name and value. Never 0.
fn fingerprint(pair: &[u8]) -> u64 {
    let hash = pair.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    });
    // Positive as an `i64` too, so that reports print what rules compare.
    hash >> 1 | 1
}

/// True for a name that says that a session hangs on the cookie.
fn names_a_session(name: &[u8]) -> bool {
    const PARTS: &[&[u8]] = &[
        b"sess", b"sid", b"auth", b"token", b"login", b"jwt", b"ticket",
    ];
    PARTS.iter().any(|p| super::wire::contains(name, p))
}

fn pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(|b| *b == b';').map(<[u8]>::trim_ascii)
}

fn name_of(pair: &[u8]) -> &[u8] {
    pair.split(|b| *b == b'=').next().unwrap_or_default()
}

/// Notes the session cookies of a `Cookie` field on the request that carries them.
pub(super) fn sent(field: &[u8], pending: &mut Pending) {
    // A field of many cookies is not read for ever.
    for pair in pairs(field).take(64) {
        if names_a_session(name_of(pair)) {
            pending.add_cookie(fingerprint(pair));
        }
    }
}

impl Jar {
    /// Tells what an answer says of cookies: those it sets, and those it takes with a success.
    pub(super) fn answered(
        &mut self,
        pending: &Pending,
        head: &ResponseHead<'_>,
        span: Span,
        out: &mut Output<'_>,
    ) {
        for field in head.set_cookies.iter().flatten() {
            self.set += 1;
            if self.set <= SET_FACTS {
                out.fact(Side::Server, span, set_fact(field).in_exchange(pending.id));
            }
        }
        if (200..300).contains(&head.status) {
            for cookie in pending.cookies() {
                if self.accepted.len() < REMEMBERED && !self.accepted.contains(&cookie) {
                    self.accepted.push(cookie);
                    let fact = Fact::new("http.cookie-accepted").with("fingerprint", cookie);
                    out.fact(Side::Server, span, fact.in_exchange(pending.id));
                }
            }
        }
    }
}

fn set_fact(field: &[u8]) -> Fact {
    let mut parts = pairs(field);
    let pair = parts.next().unwrap_or_default();
    let name = name_of(pair);
    let mut fact = Fact::new("http.cookie-set")
        .with("name", printable(name, NAME))
        .with("fingerprint", fingerprint(pair))
        .with("session", names_a_session(name));
    let mut removed = pair.len() <= name.len() + 1;
    for attribute in parts.take(16) {
        let value = attribute
            .split(|b| *b == b'=')
            .nth(1)
            .unwrap_or_default()
            .trim_ascii();
        let key = name_of(attribute).trim_ascii();
        if key.eq_ignore_ascii_case(b"path") {
            fact = fact.with("path", printable(value, NAME));
        } else if key.eq_ignore_ascii_case(b"domain") {
            fact = fact.with("domain", printable(value, NAME));
        } else if key.eq_ignore_ascii_case(b"secure") {
            fact = fact.with("secure", true);
        } else if key.eq_ignore_ascii_case(b"max-age") {
            removed |= value == b"0" || value.starts_with(b"-");
        } else if key.eq_ignore_ascii_case(b"expires") {
            removed |= super::wire::contains(value, b"1970");
        }
    }
    fact.with("removed", removed)
}
