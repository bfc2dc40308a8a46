//! What rules want to know of an answer that refuses, and the texts of messages.

use super::names;
use super::pending::Pending;
use super::wire::{RequestHead, ResponseHead};
use crate::event::{Fact, Value};
use crate::text::{printable, without_secrets};

/// Characters of a field's value in details, facts and texts.
pub(super) const VALUE: usize = 160;
/// Schemes of one challenge that are told.
const SCHEMES: usize = 8;

/// A target fit to print.
pub(super) fn target(bytes: &[u8]) -> String {
    without_secrets(&printable(bytes, VALUE))
}

/// `GET /chat`.
pub(super) fn request_text(head: &RequestHead<'_>) -> String {
    format!(
        "{} {}",
        printable(head.method.as_bytes(), 32),
        target(head.target.as_bytes())
    )
}

/// `200 OK, 1234 bytes, text/html`.
pub(super) fn response_text(head: &ResponseHead<'_>) -> String {
    let length = match head.framing.length {
        Some(length) => format!(", {length} bytes"),
        None if head.framing.chunked => ", chunked".to_owned(),
        None => String::new(),
    };
    let kind = head.content_type.split(|b| *b == b';').next();
    let kind = match kind {
        Some(kind) if !kind.is_empty() => format!(", {}", printable(kind, 60)),
        _ => String::new(),
    };
    let reason = printable(head.reason.as_bytes(), 60);
    format!("{} {reason}{length}{kind}", head.status)
}

/// The fact of an answer with status 400 or above.
pub(super) fn error(pending: &Pending, head: &ResponseHead<'_>) -> Fact {
    let mut fact = Fact::new("http.error")
        .with("status", head.status)
        .with("reason", printable(head.reason.as_bytes(), 60))
        .with("method", pending.op.name)
        .with("target", target(pending.target.bytes()));
    if let Some(scheme) = pending.credentials {
        fact = fact.with("credentials", scheme);
    }
    if pending.login {
        fact = fact.with("login", true);
    }
    fact = with_cookies(fact, pending);
    if !head.challenge.is_empty() {
        fact = fact.with("challenge", challenge(head.challenge));
        if let Some(error) = parameter(head.challenge, b"error=") {
            fact = fact.with("auth_error", printable(error, 60));
        }
    }
    let texts: [(&'static str, &[u8]); 3] = [
        ("retry_after", head.retry_after),
        ("server", head.server),
        ("via", head.via),
    ];
    for (key, value) in texts {
        if !value.is_empty() {
            fact = fact.with(key, printable(value, VALUE));
        }
    }
    fact.in_exchange(pending.id)
}

/// The fact of a redirection to a login page, if it is one.
pub(super) fn login_redirect(pending: &Pending, head: &ResponseHead<'_>) -> Option<Fact> {
    const PLACES: &[&[u8]] = &[b"login", b"logon", b"signin", b"sign_in", b"sign-in"];
    let to_login = |place: &[u8]| PLACES.iter().any(|p| super::wire::contains(place, p));
    let redirects = (300..400).contains(&head.status) && to_login(head.location);
    if !redirects || to_login(pending.target.bytes()) {
        return None;
    }
    let fact = Fact::new("http.redirected-to-login")
        .with("status", head.status)
        .with("method", pending.op.name)
        .with("target", target(pending.target.bytes()))
        .with("location", target(head.location));
    Some(with_cookies(fact, pending).in_exchange(pending.id))
}

fn with_cookies(fact: Fact, pending: &Pending) -> Fact {
    let cookies: Vec<Value> = pending.cookies().map(Value::from).collect();
    if cookies.is_empty() {
        fact
    } else {
        fact.with("cookies", Value::List(cookies))
    }
}

/// The schemes of a challenge: every word before a space or at a comma that is a known scheme.
fn challenge(field: &[u8]) -> Value {
    let mut schemes = Vec::new();
    for part in field.split(|b| *b == b',') {
        let scheme = names::scheme(part.trim_ascii());
        if scheme != "other" && schemes.len() < SCHEMES {
            schemes.push(Value::Name(scheme));
        }
    }
    Value::List(schemes)
}

fn parameter<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = field
        .windows(name.len())
        .position(|w| w.eq_ignore_ascii_case(name))?;
    let value = field.get(at + name.len()..)?;
    value
        .split(|b| matches!(b, b'"' | b',' | b' '))
        .find(|v| !v.is_empty())
}
