//! What the rules of HTTP share.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::View;
use crate::diagnosis::web::is_encrypted;
use crate::session::model::SeenFact;

/// Schemes of HTTP's own authentication (RFC 9110 section 11): where one is asked for, no cookie is what is missed.
const SCHEMES: &[&str] = &[
    "Basic",
    "Digest",
    "Kerberos",
    "NTLM",
    "Negotiate",
    "Mutual",
    "HOBA",
];

/// `GET /me`.
pub(super) fn request_words(fact: &SeenFact) -> String {
    format!("{} {}", fact.text("method"), fact.text("target"))
}

/// `401 Unauthorized`.
pub(super) fn status_words(fact: &SeenFact) -> String {
    let status = fact.int("status").unwrap_or_default();
    match fact.text("reason") {
        "" => status.to_string(),
        reason => format!("{status} {reason}"),
    }
}

/// The answer's status.
pub(super) fn status(fact: &SeenFact) -> i64 {
    fact.int("status").unwrap_or_default()
}

/// The answers of a session that `is` chooses, those of one status together, in the order of each one's first.
pub(super) fn by_status<'a>(view: &View<'a>, is: fn(&SeenFact) -> bool) -> Vec<Vec<&'a SeenFact>> {
    let mut groups: Vec<Vec<&SeenFact>> = Vec::new();
    for fact in view.session.facts_named("http.error").filter(|f| is(f)) {
        let alike =
            |group: &&mut Vec<&SeenFact>| group.first().is_some_and(|f| status(f) == status(fact));
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(fact),
            None => groups.push(vec![fact]),
        }
    }
    groups
}

/// The title of a finding on answers of one status. `request`: where the only one's request is.
pub(super) fn answered(first: &SeenFact, request: Option<Stamp>, times: usize) -> String {
    match (request, times) {
        (Some(_), 1) => format!("{}: {}", request_words(first), status_words(first)),
        (_, n) => format!("The server answered {} {n} times", status_words(first)),
    }
}

/// The request that an answer belongs to, in words.
pub(super) fn asked(first: &SeenFact, request: Option<Stamp>) -> String {
    request.map_or_else(
        || "a request".to_owned(),
        |stamp| format!("{} (frame {})", request_words(first), stamp.frame),
    )
}

/// Why an answer can't be given to its request for certain: both are paired by their order.
pub(super) fn guard(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    Side::BOTH
        .into_iter()
        .any(|side| view.lost(side))
        .then_some((
            "T4",
            "bytes are missing, and answers are given to their requests by their order",
        ))
}

/// Schemes of HTTP's authentication that an answer asks for.
pub(super) fn asks_for_scheme(fact: &SeenFact) -> bool {
    let asked = fact.value("challenge").map(ToString::to_string);
    asked.is_some_and(|asked| SCHEMES.iter().any(|s| asked.contains(s)))
}

/// Nothing hides what is said.
pub(super) fn in_clear(view: &View<'_>) -> bool {
    !is_encrypted(view.flow, view.session)
}

/// A moment in seconds since 1970, as text: `2026-11-23 23:40:24 UTC`.
pub(super) fn clock(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s after 1970"),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_text() {
        assert_eq!(clock(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(clock(1_709_251_199), "2024-02-29 23:59:59 UTC");
        assert_eq!(clock(-1), "1969-12-31 23:59:59 UTC");
    }
}
