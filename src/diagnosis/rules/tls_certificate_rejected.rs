//! `tls-certificate-rejected`.

use colloquy_dissectors::event::{Phase, Value};
use colloquy_dissectors::units::Side;

use super::tls::{
    again, alert_name, alert_words, came_before, finding, guard, oddity_words, offered,
    server_words, told,
};
use crate::diagnosis::tls::{Failure, Kind, Oddity, left, odd, oddity, text};
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// One side did not accept the certificate that the other showed, and ended the handshake.
    ///
    /// ## Why it matters
    /// No session comes about until the certificate, or what the other side trusts, is mended.
    ///
    /// ## How it is told
    /// A fatal alert bad_certificate, unsupported_certificate, certificate_revoked, certificate_expired,
    /// certificate_unknown or unknown_ca; access_denied or decrypt_error after the other side has shown a certificate. Where
    /// the certificate is in clear (up to TLS 1.2, or with a key log) its dates are compared with the time of the capture,
    /// its names with the one that the client asked for, and its issuer is looked for in the chain. In TLS 1.3 certificate
    /// and alert are encrypted: a client that sends, in place of its Finished, a record of just the size of an alert has
    /// most likely rejected the certificate; so has a server that answers the client's certificate with nothing but such
    /// a record and closes. That is `likely`, and said with the flights; `--keylog` shows what they held. A certificate with
    /// wrong dates or names that nobody minds is a note; a warning (`likely`) where all that the client says behind the handshake is
    /// an alert, at once: it may check the certificate only then. The same is told once of all connections between the same two.
    ///
    /// ## Example
    /// `tls12-cert-expired`, `tls13-cert-expired`: the server's certificate ended years ago.
    ///
    /// ## What to do
    /// certificate_expired: renew it, or set the clock that is wrong. unknown_ca: let the server send its whole chain, or
    /// give the client the issuer's certificate. certificate_unknown and bad_certificate: see the log of who sent the
    /// alert; a wrong name is often called so.
    ///
    /// ## References
    /// RFC 8446 sections 4.4.2 and 6.2, RFC 5280 section 6, RFC 6125 section 6.
    pub TlsCertificateRejected = "tls-certificate-rejected" {
        summary: "Certificate not accepted",
        severity: Error,
        category: Authentication,
        protocols: ["tls"],
        reference: "RFC 8446 sections 4.4.2 and 6.2; RFC 5280 section 6; RFC 6125 section 6",
    }
}

impl TlsCertificateRejected {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        match told(view, Kind::Certificate, &META, out) {
            Some((failure, series)) => {
                let finding = rejected(view, &failure, finding(view, &META, &failure, series));
                out.raise(again(finding, series));
            }
            None => accepted(view, out),
        }
    }
}

fn rejected(view: &View<'_>, failure: &Failure<'_>, finding: Finding) -> Finding {
    let alert = failure.alert;
    let owner = alert.side.other();
    let seen = shown(view, owner);
    let wrong = oddity(view.session).filter(|_| owner == Side::Server);
    let (verb, why) = match failure.code() {
        Some(code) => ("rejects", format!(": {}", alert_name(code))),
        None => ("most likely rejects", String::new()),
    };
    let (culprit, advice) = blame(failure, seen, wrong.as_ref());
    let mut finding = finding
        .side(culprit)
        .title(format!(
            "The {} {verb} the certificate of {}{why}",
            alert.side,
            match owner {
                Side::Server => server_words(view),
                Side::Client => format!("the client {}", view.client()),
            }
        ))
        .explain(format!(
            "In frame {} the {} sent {}{}. {}",
            alert.stamp.frame,
            alert.side,
            alert_words(failure),
            place(failure),
            came_before(view, failure)
        ))
        .advise(advice);
    if let Some(fact) = seen {
        let unknown = matches!(failure.code(), Some(42 | 46 | 48)) && wrong.is_none();
        finding = finding.also(&described(view, owner, fact, unknown));
    }
    if let Some(wrong) = &wrong {
        finding = finding.also(&format!("That certificate {}.", oddity_words(wrong)));
    }
    match offered(view) {
        Some(offer) if failure.code() == Some(43) => finding.also(&offer),
        _ => finding,
    }
}

/// Where an alert that can't be read stands.
fn place(failure: &Failure<'_>) -> &'static str {
    match (failure.code(), failure.alert.side) {
        (Some(_), _) => "",
        (None, Side::Client) => {
            " where its Finished should be, right after it had seen the server's certificate"
        }
        (None, Side::Server) => {
            " as its only answer, right after the client had shown a certificate"
        }
    }
}

/// The certificate that `owner` showed, where it can be read.
fn shown<'a>(view: &View<'a>, owner: Side) -> Option<&'a SeenFact> {
    let mut facts = view.session.facts_named("tls.certificate");
    facts.find(|f| f.side == owner && !f.text("subject").is_empty())
}

/// `unknown`: its issuer may be what is missed.
fn described(view: &View<'_>, owner: Side, fact: &SeenFact, unknown: bool) -> String {
    let names = match fact.value("names") {
        Some(Value::List(names)) if !names.is_empty() => {
            format!(", for {}", Value::List(names.clone()))
        }
        _ => String::new(),
    };
    let signed = if fact.is("self_signed") {
        "by itself".to_owned()
    } else {
        format!("by {}", fact.text("issuer"))
    };
    let gap = match fact.text("gap") {
        "" => String::new(),
        issuer => format!(", and the certificate of its issuer {issuer} is not in the chain"),
    };
    let alone = if unknown && is_alone(fact) {
        ". It came alone: no other certificate is in the chain"
    } else {
        ""
    };
    let asked = match text(view.session, "server_name").as_str() {
        "" => String::new(),
        _ if owner == Side::Client => String::new(),
        name => format!("; the client asked for {name}"),
    };
    format!(
        "The {owner}'s certificate (frame {}) is that of {}{names}, issued {signed}, valid from {} to {}{gap}{asked}{alone}.",
        fact.stamp.frame,
        fact.text("subject"),
        fact.text("not_before"),
        fact.text("not_after")
    )
}

/// No other certificate came with it, and another one has signed it.
fn is_alone(fact: &SeenFact) -> bool {
    fact.int("chain") == Some(1) && !fact.is("self_signed")
}

fn blame(
    failure: &Failure<'_>,
    seen: Option<&SeenFact>,
    wrong: Option<&Oddity>,
) -> (Culprit, &'static str) {
    let owner = Culprit::from(failure.alert.side.other());
    let gap = seen.is_some_and(|f| !f.text("gap").is_empty());
    match (failure.code(), wrong) {
        (_, Some(wrong)) => (owner, mend(wrong)),
        (Some(45), _) => (owner, RENEW),
        (Some(44), _) => (owner, "It was revoked: have another one issued."),
        (Some(48), _) if gap => (
            owner,
            "Let it send its whole chain: the certificate of the issuer is lacking.",
        ),
        (Some(48), _) if seen.is_some_and(is_alone) => (
            Culprit::Unknown,
            "Let it send the certificates between its own and the root, if there are any; else give who rejects it the certificate of the issuer to trust.",
        ),
        (Some(48), _) => (
            Culprit::Unknown,
            "Give who rejects it the certificate of the issuer to trust, or use one issued by somebody it trusts.",
        ),
        (Some(_), _) => (
            Culprit::Unknown,
            "See the log of who sent the alert: it names the reason (a wrong name, an unknown issuer, a wrong use).",
        ),
        (None, _) => (
            Culprit::Unknown,
            "See the log of who sent it, or look at the certificate: dates, names, issuer. With a key log (SSLKEYLOGFILE) certificate and alert can be read here.",
        ),
    }
}

const RENEW: &str =
    "Renew the certificate; where it has not expired, set the clock of who rejects it.";

/// How an odd certificate is mended.
const fn mend(wrong: &Oddity) -> &'static str {
    match wrong {
        Oddity::Expired(_) => RENEW,
        Oddity::NotYet(_) => "Compare the clocks: the certificate is not valid yet.",
        Oddity::Name(_) => {
            "Let the client ask for a name that the certificate has, or issue one that has this name."
        }
    }
}

/// A certificate with which something is wrong, and nobody minded: told once a certificate.
fn accepted(view: &View<'_>, out: &mut Verdicts) {
    let session = view.session;
    let Some(seen) = session.fact("tls.certificate-seen") else {
        return;
    };
    let Some(wrong) = oddity(session).filter(|_| session.entered(Phase::Open).is_some()) else {
        return;
    };
    let subject = text(session, "certificate_subject");
    let Some(series) = view.world.tls.series(&odd(session), seen.stamp) else {
        return;
    };
    let names = match text(session, "certificate_names") {
        names if names.is_empty() => String::new(),
        names => format!(" for {names}"),
    };
    if let Some(left) = left(session).filter(|_| guard(view).is_none()) {
        let finding = Finding::new(&META, left.stamp)
            .severity(Severity::Warning)
            .likely()
            .side(Culprit::Server)
            .frame(seen.stamp, "certificate")
            .frame(left.stamp, "alert")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .title(format!(
                "The client leaves {} right after the handshake; its certificate{names} {}",
                server_words(view),
                oddity_words(&wrong)
            ))
            .explain(format!(
                "The certificate of {subject} in frame {},{names}{}, valid from {} to {}, {}. In frame {} the client ended the \
                 session, of which it had made no use: so leaves who checks the certificate when the handshake is done.",
                seen.stamp.frame,
                if names.is_empty() { " without names" } else { "" },
                text(session, "certificate_valid_from"),
                text(session, "certificate_valid_until"),
                oddity_words(&wrong),
                left.stamp.frame
            ))
            .advise(mend(&wrong))
            .number("alike", f64::from(series.count));
        return out.raise(again(finding, series));
    }
    let finding = Finding::new(&META, seen.stamp)
        .severity(Severity::Note)
        .side(Culprit::Server)
        .frame(seen.stamp, "certificate")
        .title(format!(
            "The certificate of {} {}; the client does not mind",
            server_words(view),
            oddity_words(&wrong)
        ))
        .explain(format!(
            "The certificate of {subject} in frame {},{names} valid from {} to {}, {}. The client went on all the same: it does not check it.",
            seen.stamp.frame,
            text(session, "certificate_valid_from"),
            text(session, "certificate_valid_until"),
            oddity_words(&wrong)
        ))
        .advise("Mend the certificate: a client that checks it will not connect.")
        .number("alike", f64::from(series.count));
    out.raise(again(finding, series));
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::tls::{
        TLS12, TLS13, alert, client_hello, closed_by_server, data, finished12, finished13,
        flight12, flight13, hidden_alert, key_exchange12, opened12, opened13, record, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "tls-certificate-rejected";

    fn shown(until: &str) -> Script {
        let script = to(443).client(&client_hello(TLS12));
        script.server(&flight12(&[], until, false))
    }

    #[test]
    fn an_expired_certificate_is_rejected_and_shown() {
        let frames = shown("2021").client(&alert(2, 45)).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        let text = &found[0].explanation;
        assert!(text.contains("2021-01-01T00:00:00Z"), "{text}");
        assert!(text.contains("had expired"), "{text}");
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn an_unknown_issuer_points_at_nobody_where_the_dates_are_right() {
        let frames = shown("2040").client(&alert(2, 48)).close().frames();
        let found = findings(frames, RULE);
        assert_eq!(found[0].side, Culprit::Unknown);
        // It is its own issuer: nothing is lacking in the chain.
        assert!(!found[0].explanation.contains("came alone"), "{found:?}");
    }

    #[test]
    fn in_tls_1_3_an_alert_stands_where_the_finished_should_be() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let frames = script.client(&hidden_alert()).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
        let text = &found[0].explanation;
        assert!(text.contains("cannot be seen, so that the cause"), "{text}");
        assert!(text.contains("--keylog"), "{text}");
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn an_alert_in_clear_is_certain_though_the_certificate_is_hidden() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let found = findings(script.client(&alert(2, 45)).close().frames(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Certain));
        let text = &found[0].explanation;
        assert!(text.contains("cannot be seen. With"), "{text}");
        // Up to TLS 1.2 nothing is hidden.
        let frames = shown("2021").client(&alert(2, 45)).close().frames();
        assert!(
            !findings(frames, RULE)[0]
                .explanation
                .contains("cannot be seen")
        );
    }

    #[test]
    fn the_clients_certificate_is_the_last_thing_before_the_servers_alert() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let script = script.client(&[data(700), data(281), finished13()].concat());
        let rejected = script.clone().server(&hidden_alert());
        let found = findings(closed_by_server(rejected), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        let answered = script
            .client(&data(60))
            .server(&data(500))
            .server(&hidden_alert());
        assert!(loud(closed_by_server(answered)).is_empty());
    }

    #[test]
    fn what_the_client_does_not_mind_is_a_note() {
        let open = |until: &str| {
            let script = shown(until).client(&key_exchange12(false));
            script.server(&finished12()).close().frames()
        };
        let found = findings(open("2021"), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(findings(open("2040"), RULE).is_empty());
        let other = crate::diagnosis::rules::bench::tls::Hello {
            name: "www.example.com",
            ..TLS12
        };
        let found = findings(opened12(to(443), other, &[]).close().frames(), RULE);
        assert!(found[0].title.contains("www.example.com"), "{found:?}");
    }

    #[test]
    fn who_leaves_right_after_the_handshake_may_have_minded() {
        let left = |until: &str| {
            let script = shown(until).client(&key_exchange12(false));
            script.server(&finished12()).client(&record(21, &[7; 26]))
        };
        let found = findings(closed_by_server(left("2021")), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(
            found[0].title.contains("for www.example.org had expired"),
            "{found:?}"
        );
        assert!(loud(closed_by_server(left("2040"))).is_empty());
        let open = || {
            shown("2021")
                .client(&key_exchange12(false))
                .server(&finished12())
        };
        let later = open().wait_secs(30.0).client(&record(21, &[7; 26]));
        assert_eq!(
            findings(closed_by_server(later), RULE)[0].severity,
            Severity::Note
        );
        let used = open().client(&data(90)).client(&record(21, &[7; 26]));
        assert_eq!(
            findings(closed_by_server(used), RULE)[0].severity,
            Severity::Note
        );
        let lost = open().client_lost(&data(90)).client(&record(21, &[7; 26]));
        assert_eq!(
            findings(closed_by_server(lost), RULE)[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn an_idle_server_that_closes_in_order_rejects_nothing() {
        let script = opened13(to(443)).server(&data(250)).server(&data(250));
        let frames = closed_by_server(script.wait_secs(5.0).server(&hidden_alert()));
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn with_bytes_missing_sizes_tell_nothing() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let frames = script
            .client(&hidden_alert())
            .server_lost(&data(9))
            .server(&data(90));
        let frames = frames.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
