//! Cookies by fingerprint (RFC 6265): which were set, sent and accepted, without ever keeping a value.

use super::credentials::fingerprint;
use super::date::seconds_since_1970;
use super::pending::{Cookie, Pending};
use super::wire::{ResponseHead, decimal};
use crate::dissector::Output;
use crate::event::{Fact, Value};
use crate::text::printable;
use crate::units::{Side, Span};

/// Cookies and requests of one connection whose success is remembered.
const REMEMBERED: usize = 16;
/// Refusals on one connection after which successes are told anew.
const REFUSALS: u32 = 16;
/// `Set-Cookie` facts of one connection.
const SET_FACTS: u32 = 64;
/// Session cookies that are named in the details.
const NAMES: usize = 8;
/// Characters of a cookie's name in facts.
const NAME: usize = 40;

/// What was learned of cookies on one connection.
#[derive(Debug, Default)]
pub(super) struct Jar {
    accepted: Vec<(u64, u64)>,
    set: u32,
    /// Refusals after which successes were told anew.
    refusals: u32,
    /// Names of session cookies that were set.
    names: Vec<String>,
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
pub(super) fn sent(field: &[u8], target: &[u8], pending: &mut Pending) {
    // A field of many cookies is not read for ever.
    for pair in pairs(field).take(64) {
        if names_a_session(name_of(pair)) {
            let cookie = Cookie {
                name: fingerprint(name_of(pair)),
                pair: fingerprint(pair),
            };
            pending.add_cookie(cookie, target);
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
                let fact = set_fact(field, pending);
                if let Some(name) = self.new_name(&fact) {
                    self.names.push(name);
                    let names = self.names.iter().cloned().map(Value::Text).collect();
                    out.detail(Side::Server, span, "session_cookies", Value::List(names));
                }
                out.fact(Side::Server, span, fact);
            }
        }
        if (200..300).contains(&head.status) {
            for cookie in pending.cookies() {
                let success = (cookie, pending.place);
                if self.accepted.len() < REMEMBERED && !self.accepted.contains(&success) {
                    self.accepted.push(success);
                    let fact = Fact::new("http.cookie-accepted")
                        .with("fingerprint", cookie)
                        .with("place", pending.place);
                    out.fact(Side::Server, span, fact.in_exchange(pending.id));
                }
            }
        }
    }
}

impl Jar {
    /// An answer turned away a request with cookies: whether they are good after it is told anew.
    pub(super) fn refused(&mut self, pending: &Pending) {
        if self.refusals < REFUSALS && pending.cookies().next().is_some() {
            self.refusals += 1;
            self.accepted
                .retain(|(cookie, _)| pending.cookies().all(|c| c != *cookie));
        }
    }

    /// The name of a session cookie that is told in the details, once each.
    fn new_name(&self, set: &Fact) -> Option<String> {
        let is = |key, value| {
            set.values
                .iter()
                .any(|(k, v)| *k == key && *v == Value::Bool(value))
        };
        let name = set.values.iter().find_map(|(k, v)| match v {
            Value::Text(name) if *k == "name" => Some(name),
            _ => None,
        })?;
        let new = is("session", true) && is("removed", false) && !self.names.contains(name);
        (new && self.names.len() < NAMES).then(|| name.clone())
    }
}

fn set_fact(field: &[u8], pending: &Pending) -> Fact {
    let mut parts = pairs(field);
    let pair = parts.next().unwrap_or_default();
    let name = name_of(pair);
    let mut fact = Fact::new("http.cookie-set")
        .with("name", printable(name, NAME))
        .with("fingerprint", fingerprint(pair))
        .with("session", names_a_session(name))
        .with("host", pending.host);
    if let Some(sent) = pending.cookie_named(fingerprint(name)) {
        fact = fact.with("sent", sent);
    }
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
        } else if key.eq_ignore_ascii_case(b"samesite") {
            fact = fact.with("same_site", printable(value, NAME));
        } else if key.eq_ignore_ascii_case(b"secure") {
            fact = fact.with("secure", true);
        } else if key.eq_ignore_ascii_case(b"max-age") {
            removed |= value == b"0" || value.starts_with(b"-");
            if let Some(age) = decimal(value) {
                fact = fact.with("max_age", age);
            }
        } else if key.eq_ignore_ascii_case(b"expires")
            && let Some(time) = seconds_since_1970(value)
        {
            fact = fact.with("expires", time);
        }
    }
    fact.with("removed", removed).in_exchange(pending.id)
}
