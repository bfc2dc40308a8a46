//! What the rules of TLS share: what each side offered and chose, the handshake's course, the names of alerts.

use colloquy_dissectors::event::Value;
use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::tls::{Failure, Kind, Oddity, Series, failed, failure, text};
use crate::diagnosis::{Ending, Finding, RuleMeta, Verdicts, View, seconds};
use crate::session::model::SeenFact;

/// Values of a list in a sentence.
const LISTED: usize = 8;

/// Why nothing can be said of what is missing in this session.
pub(super) fn guard(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if view.session.began_before_capture {
        return Some(("T1", "the capture began after the session did"));
    }
    let lost = Side::BOTH.into_iter().any(|side| view.lost(side));
    lost.then_some(("T4", "bytes of the session are missing"))
}

/// The failure that the rule `meta` is to tell of here, with all that are alike; what can't be told is said.
pub(super) fn told<'a>(
    view: &View<'a>,
    kind: Kind,
    meta: &RuleMeta,
    out: &mut Verdicts,
) -> Option<(Failure<'a>, Series)> {
    let failure = failure(view.flow, view.session).filter(|f| f.kind == kind)?;
    if !failure.is_certain()
        && let Some((guard, why)) = guard(view)
    {
        out.cannot_tell(meta, guard, why);
        return None;
    }
    let alike = failed(view.flow, view.session, &failure);
    let series = view.world.tls.series(&alike, failure.alert.stamp)?;
    Some((failure, series))
}

/// True when an alert, or what must be one, ended the session.
pub(super) fn ended_by_alert(view: &View<'_>) -> bool {
    failure(view.flow, view.session).is_some()
}

/// `the alert certificate_expired (45)`, or that it can't be read.
pub(super) fn alert_words(failure: &Failure<'_>) -> String {
    match failure.code() {
        Some(code) => format!("the alert {} ({code})", alert_name(code)),
        None if failure.is_page() => "a page that says so".to_owned(),
        None => "an alert that can't be read (its size tells it)".to_owned(),
    }
}

/// An alert's name as RFC 8446 section 6 has it.
pub(super) const fn alert_name(code: i64) -> &'static str {
    match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => "of an unknown number",
    }
}

/// A finding on a failure, with its frames: the steps of the handshake, and the alert.
pub(super) fn finding(
    view: &View<'_>,
    meta: &'static RuleMeta,
    failure: &Failure<'_>,
    series: Series,
) -> Finding {
    let alert = failure.alert;
    let mut finding = steps(view, Finding::new(meta, alert.stamp))
        .maybe_frame(last_record(view), "last-record")
        .frame(
            alert.stamp,
            if failure.is_page() { "answer" } else { "alert" },
        )
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .number("alike", f64::from(series.count));
    if let Some(code) = failure.code() {
        finding = finding.number("alert", code as f64);
    }
    if failure.is_certain() {
        finding
    } else {
        finding.likely()
    }
}

/// ` The same happened 12 times, the last in frame 900.`
pub(super) fn again(finding: Finding, series: Series) -> Finding {
    match series.count {
        0 | 1 => finding,
        n => finding.also(&format!(
            "The same happened {n} times in this capture, the last in frame {}.",
            series.last.frame
        )),
    }
}

fn last_record(view: &View<'_>) -> Option<Stamp> {
    view.session.fact("tls.last-record").map(|f| f.stamp)
}

/// The name of a step as the RFCs write it.
fn step_name(fact: &SeenFact) -> String {
    fact.text("name").replace(' ', "")
}

/// Cites the steps of a failed handshake.
pub(super) fn steps(view: &View<'_>, mut finding: Finding) -> Finding {
    for fact in view.session.facts_named("tls.handshake-step") {
        let role = match fact.text("name") {
            "Client Hello" => "client-hello",
            "Server Hello" => "server-hello",
            "Certificate" => "certificate",
            "Certificate Request" => "certificate-request",
            name if name.contains("Alert") => continue,
            _ => "handshake",
        };
        finding = finding.frame(fact.stamp, role);
    }
    finding
}

/// What came of the handshake before the alert, as a sentence; and why not all of it is seen.
pub(super) fn came_before(view: &View<'_>, failure: &Failure<'_>) -> String {
    let why = if failure.is_certain() {
        ""
    } else {
        ", so that the cause is told by order and sizes alone, and is likely only"
    };
    match course(view).as_str() {
        "" => "Nothing of the handshake came before it.".to_owned(),
        course => format!("Before it came {course}.{}", hidden(view, why)),
    }
}

/// What of the handshake was seen encrypted only, as a sentence; `why` is what comes of that.
pub(super) fn hidden(view: &View<'_>, why: &str) -> String {
    let mut steps = view.session.facts_named("tls.handshake-step");
    if !steps.any(|step| step_name(step) == "ApplicationData") {
        return String::new();
    }
    format!(
        " What ApplicationData holds is encrypted (in TLS 1.3 certificates too) and cannot be seen{why}. With the session's \
         secrets (--keylog FILE) it is told."
    )
}

/// The course of a failed handshake: "the client's ClientHello (frame 6), the server's ServerHello and Certificate (frame 8,
/// 9 ms later)".
pub(super) fn course(view: &View<'_>) -> String {
    let mut flights: Vec<(Side, Stamp, Vec<String>)> = Vec::new();
    for fact in view.session.facts_named("tls.handshake-step") {
        let name = step_name(fact);
        if name.contains("Alert") {
            continue;
        }
        match flights.last_mut() {
            Some((side, _, names)) if *side == fact.side => {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            _ => flights.push((fact.side, fact.stamp, vec![name])),
        }
    }
    let mut before: Option<Stamp> = None;
    let mut words = Vec::new();
    for (side, stamp, names) in flights {
        let since = before.map_or_else(String::new, |b| {
            format!(", {} later", seconds(stamp.time.since(b.time)))
        });
        let names = names.join(", ");
        words.push(format!(
            "the {side}'s {names} (frame {}{since})",
            stamp.frame
        ));
        before = Some(stamp);
    }
    words.join(", ")
}

/// The values of a list in a fact, the first ones, with how many there are.
fn listed(fact: &SeenFact, key: &str) -> Option<String> {
    let Some(Value::List(values)) = fact.value(key) else {
        return None;
    };
    let shown: Vec<String> = values
        .iter()
        .take(LISTED)
        .map(ToString::to_string)
        .collect();
    if shown.is_empty() {
        return None;
    }
    let more = values.len().saturating_sub(LISTED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!("{}{more}", shown.join(", ")))
}

/// What the client offered.
pub(super) fn offered(view: &View<'_>) -> Option<String> {
    let hello = view.session.fact("tls.client-hello")?;
    let parts = [
        ("versions", "versions"),
        ("ciphers", "cipher suites"),
        ("groups", "groups"),
        ("signature_algorithms", "signature algorithms"),
        ("alpn", "ALPN"),
    ];
    let parts = parts.into_iter();
    let lists = parts.filter_map(|(key, name)| Some(format!("{name} {}", listed(hello, key)?)));
    let lists: Vec<String> = lists.collect();
    let name = match hello.text("server_name") {
        "" => "no server name".to_owned(),
        name => format!("the server name {name}"),
    };
    Some(format!(
        "The client offered (frame {}): {}; {name}.",
        hello.stamp.frame,
        lists.join("; ")
    ))
}

/// What the server chose.
pub(super) fn chosen(view: &View<'_>) -> Option<String> {
    let hello = view.session.fact("tls.server-hello")?;
    let what = if hello.is("retry") {
        "asked for another hello with"
    } else {
        "chose"
    };
    let mut parts = vec![
        hello.text("version").to_owned(),
        hello.text("cipher").to_owned(),
    ];
    if !hello.text("group").is_empty() {
        parts.push(format!("group {}", hello.text("group")));
    }
    if !hello.text("alpn").is_empty() {
        parts.push(format!("ALPN {}", hello.text("alpn")));
    }
    Some(format!(
        "The server {what} {} (frame {}).",
        parts.join(", "),
        hello.stamp.frame
    ))
}

/// What the same server agreed to elsewhere in the capture.
pub(super) fn elsewhere(view: &View<'_>) -> Option<String> {
    let server = view.world.tls.server(view.flow.server)?;
    let (version, cipher, stamp) = server.chosen.first()?;
    Some(format!(
        "Elsewhere in this capture the same server agreed to {version} with {cipher} (session open in frame {}).",
        stamp.frame
    ))
}

/// All sentences on what was offered, chosen, and agreed to elsewhere.
pub(super) fn compared(view: &View<'_>, mut finding: Finding) -> Finding {
    for sentence in [offered(view), chosen(view), elsewhere(view)]
        .into_iter()
        .flatten()
    {
        finding = finding.also(&sentence);
    }
    finding
}

/// The server as the client called it.
pub(super) fn server_words(view: &View<'_>) -> String {
    match text(view.session, "server_name").as_str() {
        "" => view.server(),
        name => format!("{} ({name})", view.server()),
    }
}

/// What is wrong with a certificate, in words.
pub(super) fn oddity_words(oddity: &Oddity) -> String {
    match oddity {
        Oddity::Expired(ago) => format!("had expired {} before", seconds(*ago)),
        Oddity::NotYet(early) => format!("is not valid before {} later", seconds(*early)),
        Oddity::Name(name) => format!("is not for the name {name}"),
    }
}
