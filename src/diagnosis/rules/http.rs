//! What the rules of HTTP share.

use colloquy_dissectors::units::Side;

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
    let (day, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01, in cycles of 400 years.
    let days = day + 719_468;
    let of_cycle = days.rem_euclid(146_097);
    let of_cycle_years =
        (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * of_cycle_years + of_cycle_years / 4 - of_cycle_years / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = days.div_euclid(146_097) * 400 + of_cycle_years + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02} UTC")
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
