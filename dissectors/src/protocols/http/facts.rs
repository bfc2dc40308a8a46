//! What rules want to know of an answer that refuses, and the texts of messages.

use super::credentials::{Accepted, Credentials};
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

/// Facts on errors of one status on one connection.
const ERRORS_TOLD: u8 = 48;
/// Statuses of errors that are told apart for that.
const STATUSES: usize = 16;

/// How many errors of each status were told: many are all the same, and others are to be told too.
#[derive(Debug, Default)]
pub(super) struct ErrorsTold(Vec<(u16, u8)>);

impl ErrorsTold {
    /// True while there is room for one more of `status`.
    pub(super) fn one_more(&mut self, status: u16) -> bool {
        if let Some((_, count)) = self.0.iter_mut().find(|(s, _)| *s == status) {
            *count = count.saturating_add(1);
            return *count <= ERRORS_TOLD;
        }
        let room = self.0.len() < STATUSES;
        if room {
            self.0.push((status, 1));
        }
        room
    }
}

/// The fact of an answer with status 400 or above.
pub(super) fn error(pending: &Pending, head: &ResponseHead<'_>) -> Fact {
    let mut fact = Fact::new("http.error")
        .with("status", head.status)
        .with("reason", printable(head.reason.as_bytes(), 60))
        .with("method", pending.op.name)
        .with("target", target(pending.target.bytes()));
    let challenges = || head.challenges.iter().flatten().copied();
    if let Some(credentials) = &pending.credentials {
        fact = credentials.describe(fact);
        if challenges().any(|c| goes_on(c, credentials.scheme)) {
            fact = fact.with("continues", true);
        }
        if challenges().any(|c| names::parameter(c, b"stale=").is_some_and(is_true)) {
            fact = fact.with("stale", true);
        }
    }
    if pending.login {
        fact = fact.with("login", true);
    }
    if pending.proxied {
        fact = fact.with("proxied", true);
    }
    fact = with_cookies(fact, pending);
    if challenges().next().is_some() {
        fact = fact.with("challenge", schemes(challenges()));
        if let Some(error) = challenges().find_map(|c| names::parameter(c, b"error=")) {
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

/// A challenge that hands the next token of a login in several steps (RFC 4559 section 5, and NTLM as it).
fn goes_on(challenge: &[u8], scheme: &str) -> bool {
    let Some(rest) = challenge.get(scheme.len()..) else {
        return false;
    };
    matches!(scheme, "Negotiate" | "NTLM" | "Kerberos")
        && names::scheme(challenge) == scheme
        && !rest.trim_ascii().is_empty()
}

fn is_true(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"true")
}

/// Facts of an answer that grants what was asked.
pub(super) fn granted(
    pending: &Pending,
    head: &ResponseHead<'_>,
    accepted: &mut Accepted,
    mut tell: impl FnMut(Fact),
) {
    let named = |name| Fact::new(name).with("target", target(pending.target.bytes()));
    if pending.login && !(is_redirect(head) && mentions_a_login(head.location)) {
        let fact = named("http.login-answered").with("status", head.status);
        tell(with_cookies(fact, pending).in_exchange(pending.id));
    }
    if pending.logout {
        tell(with_cookies(named("http.logout"), pending).in_exchange(pending.id));
    }
    let holds = |c: &&Credentials| !c.are_announced_only();
    if let Some(credentials) = pending.credentials.as_ref().filter(holds)
        && accepted.is_new(credentials)
    {
        let fact = credentials.describe(named("http.credentials-accepted"));
        tell(fact.in_exchange(pending.id));
    }
}

const LOGINS: &[&[u8]] = &[b"login", b"logon", b"signin", b"sign_in", b"sign-in"];
/// What may follow such a word in the name of a page where one logs in.
const OF_A_LOGIN: &[&[u8]] = &[b"", b"form", b"page", b"required"];
/// Parameters that say which page is meant.
const PAGES: &[&[u8]] = &[
    b"act", b"action", b"do", b"mode", b"page", b"route", b"title", b"view",
];

/// A login is named somewhere, if only in the title of an article.
fn mentions_a_login(place: &[u8]) -> bool {
    LOGINS.iter().any(|p| super::wire::contains(place, p))
}

/// The place is one to log in: a whole part of its path or of its host's name, or the page in its query, says so.
pub(super) fn is_a_login(place: &[u8]) -> bool {
    let mut halves = place.splitn(2, |b| *b == b'?');
    let (path, query) = (halves.next(), halves.next());
    let parts = path.into_iter().flat_map(|p| {
        let ends = |b: &u8| matches!(b, b'/' | b':' | b'#' | b'.' | b';');
        p.split(ends)
    });
    let pages = query.into_iter().flat_map(|q| {
        let values = q.split(|b| *b == b'&').filter_map(|pair| {
            let at = pair.iter().position(|b| *b == b'=')?;
            let (name, value) = pair.split_at(at);
            let is = |p: &&[u8]| p.eq_ignore_ascii_case(name);
            PAGES.iter().any(is).then(|| value.get(1..)).flatten()
        });
        values.flat_map(|v| v.split(|b| matches!(b, b'/' | b':')))
    });
    parts.chain(pages).any(says_login)
}

/// `login`, `UserLogin`, `wp-login`, `login_form`; not `login-tips`, and not `how-to-login`.
fn says_login(part: &[u8]) -> bool {
    LOGINS.iter().any(|word| {
        let is = |bytes: &[u8]| bytes.eq_ignore_ascii_case(word);
        let alone = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_alphanumeric);
        let cut = part.len().saturating_sub(word.len());
        let (before, last) = part.split_at(cut);
        if is(last) {
            return alone(
                before
                    .strip_suffix(b"-")
                    .or(before.strip_suffix(b"_"))
                    .unwrap_or(before),
            );
        }
        let Some((first, after)) = part.split_at_checked(word.len()) else {
            return false;
        };
        let after = after
            .strip_prefix(b"-")
            .or(after.strip_prefix(b"_"))
            .unwrap_or(after);
        is(first) && OF_A_LOGIN.iter().any(|w| after.eq_ignore_ascii_case(w))
    })
}

pub(super) fn is_redirect(head: &ResponseHead<'_>) -> bool {
    (300..400).contains(&head.status)
}

/// The fact of a redirection to a login page, if it is one.
pub(super) fn login_redirect(pending: &Pending, head: &ResponseHead<'_>) -> Option<Fact> {
    let leads = is_redirect(head) && is_a_login(head.location);
    if !leads || pending.logout || mentions_a_login(pending.target.bytes()) {
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
        fact.with("host", pending.host)
    } else {
        fact.with("cookies", Value::List(cookies))
            .with("place", pending.place)
    }
}

/// The schemes of challenges: every word before a space or at a comma that is a known scheme.
fn schemes<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Value {
    let mut schemes = Vec::new();
    for part in fields.flat_map(|f| f.split(|b| *b == b',')) {
        let scheme = names::scheme(part.trim_ascii());
        if scheme != "other" && schemes.len() < SCHEMES {
            schemes.push(Value::Name(scheme));
        }
    }
    Value::List(schemes)
}

#[cfg(test)]
mod tests {
    use super::is_a_login;

    #[test]
    fn places_to_log_in() {
        let places = [
            "/login",
            "/login?next=/a",
            "/wp-login.php?redirect_to=x",
            "https://login.example.com/oauth2/authorize?client_id=1",
            "https://sso.example.com:8443/realms/x/Login;s=1",
            "/users/sign_in",
            "/#/login?redirect=%2F",
            "/account/UserLogin.aspx",
            "/login_form",
            "/loginPage",
            "/login/oauth/authorize",
            "/index.php?option=com_users&view=login",
            "/index.php?title=Special:UserLogin&returnto=Main",
        ];
        for place in places {
            assert!(is_a_login(place.as_bytes()), "{place}");
        }
    }

    #[test]
    fn places_that_only_speak_of_it() {
        let places = [
            "/blog/login-tips",
            "/blog/how-to-login",
            "/docs/login-tips.html",
            "/logins",
            "/home?from=login",
            "/search?q=login",
            "/a?next=/login",
            "",
        ];
        for place in places {
            assert!(!is_a_login(place.as_bytes()), "{place}");
        }
    }
}
