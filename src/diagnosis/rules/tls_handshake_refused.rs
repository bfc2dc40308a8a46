//! `tls-handshake-refused`.

use colloquy_dissectors::units::Side;

use super::tls::{
    again, alert_name, alert_words, came_before, compared, finding, server_words, told,
};
use crate::diagnosis::tls::{Failure, Kind, text};
use crate::diagnosis::{Culprit, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// One side ended the handshake with an alert: the two could not agree, or one could not take what the other sent.
    ///
    /// ## Why it matters
    /// No session comes about, and the same two programs will fail again each time they try.
    ///
    /// ## How it is told
    /// A fatal alert before both sides have finished, or a server's close_notify in answer to a hello. What was offered is
    /// compared with what was chosen, and with what the same server agreed to in other sessions of the capture. In TLS 1.3
    /// alerts behind the ServerHello are encrypted; a record that has just the size of one, in place of the next message,
    /// is taken for it (`likely`); not from a server that resumes a session with early data, for it may answer and close
    /// before the client has finished. Alerts on certificates are told by `tls-certificate-rejected`, those for want of the
    /// client's by `tls-client-certificate-missing`. The same refusal of the same client by the same server is told once,
    /// with the number of times.
    ///
    /// ## Example
    /// `tls12-version-mismatch`: the client knows TLS 1.2, the server wants TLS 1.3. `tls12-no-shared-cipher`: no common
    /// cipher suite.
    ///
    /// ## What to do
    /// protocol_version: raise the older side's highest version. handshake_failure, insufficient_security: compare the
    /// lists of cipher suites, groups and signature algorithms with the server's settings and with the kind of its
    /// certificate's key. unrecognized_name: the server has no such host; look at the name that the client asks for.
    /// no_application_protocol: compare ALPN. Any of decrypt_error, bad_record_mac, illegal_parameter where a pre-shared key
    /// was offered: compare the keys and their identities. internal_error: see the server's log.
    ///
    /// ## References
    /// RFC 8446 section 6.2, RFC 5246 section 7.2.2, RFC 6066 section 3, RFC 7301 section 3.2.
    pub TlsHandshakeRefused = "tls-handshake-refused" {
        summary: "Handshake refused by an alert",
        severity: Error,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 8446 section 6.2; RFC 5246 section 7.2.2",
    }
}

impl TlsHandshakeRefused {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some((failure, series)) = told(view, Kind::Refused, &META, out) else {
            return;
        };
        let alert = failure.alert;
        let (culprit, cause, advice) = match failure.code() {
            Some(20 | 21 | 40 | 47 | 51) if has_given_key(view) => GIVEN_KEY,
            _ => cause(&failure),
        };
        let title = match failure.code() {
            Some(code) => format!(
                "The {} refused the handshake with {}: {}",
                alert.side,
                server_words(view),
                alert_name(code)
            ),
            None => format!(
                "The {} broke the handshake with {} off by an alert",
                alert.side,
                server_words(view)
            ),
        };
        let finding = finding(view, &META, &failure, series)
            .side(culprit)
            .title(title)
            .explain(format!(
                "In frame {} the {} sent {}{cause}. {}",
                alert.stamp.frame,
                alert.side,
                alert_words(&failure),
                came_before(view, &failure)
            ))
            .advise(advice);
        out.raise(again(compared(view, finding), series));
    }
}

/// The client's proof that it has a key which both sides were given does not hold.
const GIVEN_KEY: (Culprit, &str, &str) = (
    Culprit::Unknown,
    ": as it seems, the pre-shared keys of the two differ (either may be the wrong one), or their identities do",
    "Compare the pre-shared keys and their identities at both sides.",
);

/// A Finished or a signature does not fit what was said.
const UNVERIFIED: (Culprit, &str, &str) = (
    Culprit::Unknown,
    ": what the other side had encrypted or signed does not verify, as when the keys of the two differ or bytes were changed on their way",
    "Look whether a middlebox changes the handshake, and whether both sides use the same keys and certificates.",
);

/// Both sides were given a key, by which they know each other: it is offered, or the suite chosen is made for it.
fn has_given_key(view: &View<'_>) -> bool {
    let suite = text(view.session, "cipher");
    view.session.detail("external_psk").is_some() || suite.contains("_PSK_")
}

/// At whom it points, what the alert says, and what to do.
fn cause(failure: &Failure<'_>) -> (Culprit, &'static str, &'static str) {
    let side = failure.alert.side;
    let other = Culprit::from(side.other());
    match failure.code() {
        Some(70) => (
            Culprit::Unknown,
            ": the two have no version of TLS in common",
            "Raise the highest version of the older side, or allow the newer side an older version.",
        ),
        Some(40) => (
            Culprit::Unknown,
            ": it found nothing acceptable in what was offered, most often no common cipher suite, group or signature algorithm",
            "Compare the client's lists with the server's settings, and with the kind of key that its certificate has (RSA, ECDSA).",
        ),
        Some(71) => (
            Culprit::Unknown,
            ": what was offered is too weak for it",
            "Let the other side offer stronger cipher suites, groups or keys.",
        ),
        Some(112) => (
            Culprit::Unknown,
            ": it has no host of the name that the client asked for",
            "Look at the name that the client asks for, and at the hosts that the server is configured with.",
        ),
        Some(120) => (
            Culprit::Unknown,
            ": none of the application protocols offered by ALPN is spoken there",
            "Compare the client's ALPN list with what the server is configured for.",
        ),
        Some(86) => (
            Culprit::Client,
            ": the client came back with an older version than both sides know (TLS_FALLBACK_SCSV)",
            "Find out why the client's first try with its newest version failed.",
        ),
        Some(115) => (
            Culprit::Client,
            ": it does not know the key that the client named",
            "Give both sides the same pre-shared key under the same identity.",
        ),
        Some(80) => (
            Culprit::from(side),
            ": something in it went wrong that has nothing to do with the peer",
            "See its log: a missing or unreadable key, no memory, a broken configuration.",
        ),
        Some(0) => (
            Culprit::from(side),
            ", which ends a session in order, although none had begun",
            "See its log: it hung up in the middle of the handshake.",
        ),
        Some(90) => (
            Culprit::from(side),
            ": its user or program gave up",
            "Ask who gave up.",
        ),
        Some(20 | 21 | 51) => UNVERIFIED,
        Some(10 | 22 | 30 | 47 | 50 | 109 | 110) => (
            other,
            ": a message of the other side is not what it should be, or was changed on its way",
            "Look whether a middlebox changes the handshake; else one of the two implementations is at fault: compare their versions.",
        ),
        None if side == Side::Client => (
            Culprit::Unknown,
            ": with the keys of an earlier session there is no certificate to be refused, so it minds something else in the server's flight",
            "See the client's log: it names the alert. With a key log (SSLKEYLOGFILE) it can be read here too.",
        ),
        _ => (
            Culprit::Unknown,
            "",
            "See the log of the side that sent it: it names the reason. With a key log (SSLKEYLOGFILE) it can be read here too.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::tls::{
        TLS12, TLS13, alert, client_hello, closed_by_server, data, finished12, finished13,
        flight12, flight13, from, hidden_alert, key_exchange12, opened12, to,
    };
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "tls-handshake-refused";

    #[test]
    fn a_fatal_alert_in_answer_to_a_hello_and_what_was_offered() {
        let script = to(443).client(&client_hello(TLS12)).server(&alert(2, 40));
        let frames = closed_by_server(script);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Unknown));
        assert_eq!(found[0].certainty, Certainty::Certain);
        let text = &found[0].explanation;
        assert!(
            text.contains("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            "{text}"
        );
        assert!(text.contains("handshake_failure (40)"), "{text}");
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn the_same_refusal_is_told_once_with_what_the_server_agreed_to_elsewhere() {
        let refused = |port| {
            let script = from(port, 443)
                .wait_ms(i64::from(port))
                .client(&client_hello(TLS12));
            script.server(&alert(2, 70)).close()
        };
        let other = opened12(from(900, 443), TLS12, &[]).close();
        let frames = crate::capture::script::Script::merge([refused(41), refused(42), other]);
        let found = findings(frames, RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("alike", 2.0)));
        assert!(
            found[0].explanation.contains("agreed to TLS 1.2"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn a_finished_that_the_server_can_not_read_is_refused_by_an_alert_that_nobody_can_read() {
        let script = to(443)
            .client(&client_hello(TLS12))
            .server(&flight12(&[], "2040", false))
            .client(&key_exchange12(false))
            .server(&crate::diagnosis::rules::bench::tls::record(21, &[9; 26]));
        let found = findings(closed_by_server(script), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
    }

    #[test]
    fn a_warning_and_an_echo_to_a_closed_connection_refuse_nothing() {
        let warned = to(443)
            .client(&client_hello(TLS12))
            .server(&[alert(1, 112), flight12(&[], "2040", false)].concat())
            .client(&key_exchange12(false))
            .server(&finished12());
        assert!(loud(warned.close().frames()).is_empty());
        let echo = to(443)
            .client(&client_hello(TLS12))
            .fin(Side::Server)
            .client(&alert(2, 50));
        assert!(findings(echo.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_pre_shared_key_that_does_not_fit_may_be_either_sides() {
        let hello = |external_psk| crate::diagnosis::rules::bench::tls::Hello {
            psk: b"the printer",
            external_psk,
            ..TLS13
        };
        let refused = |external, code| {
            let script = to(443).client(&client_hello(hello(external)));
            findings(closed_by_server(script.server(&alert(2, code))), RULE)
        };
        let found = refused(true, 47);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Unknown));
        assert!(
            found[0].explanation.contains("pre-shared keys"),
            "{found:?}"
        );
        // A ticket is a key too, which nobody has to type.
        assert!(!refused(false, 47)[0].explanation.contains("pre-shared"));
        let late = crate::capture::script::Script::tcp("10.0.0.1:40000", "10.0.0.2:443");
        let late = late.client(&key_exchange12(false)).server(&alert(2, 20));
        let found = findings(closed_by_server(late), RULE);
        assert_eq!(
            (found.len(), found[0].side),
            (1, Culprit::Unknown),
            "{found:?}"
        );
    }

    #[test]
    fn who_answers_early_data_and_closes_refuses_nothing() {
        let hello = |early_data| crate::diagnosis::rules::bench::tls::Hello {
            psk: b"ticket",
            early_data,
            ..TLS13
        };
        let early = [client_hello(hello(true)), data(200)].concat();
        let script = to(443).client(&early).server(&flight13(true));
        let answered = script.clone().server(&data(300)).server(&hidden_alert());
        let late = [data(21), finished13()].concat();
        let closed = answered.fin(Side::Server).client(&late).reset(Side::Server);
        assert!(loud(closed.frames()).is_empty());
        assert!(loud(closed_by_server(script.server(&hidden_alert()))).is_empty());
        // Without early data nothing is to be answered yet.
        let plain = to(443).client(&client_hello(hello(false)));
        let refused = plain.server(&flight13(true)).server(&hidden_alert());
        assert_eq!(findings(closed_by_server(refused), RULE).len(), 1);
    }

    #[test]
    fn an_alert_told_by_its_size_needs_all_bytes() {
        let hello = crate::diagnosis::rules::bench::tls::Hello {
            psk: b"ticket",
            ..TLS13
        };
        let hidden = to(443).client(&client_hello(hello)).server(&flight13(true));
        let sure = hidden.clone().client(&hidden_alert());
        assert_eq!(findings(sure.close().frames(), RULE).len(), 1);
        let lost = hidden.client(&hidden_alert()).server_lost(&alert(1, 0));
        let frames = lost.server(&alert(1, 0)).close().frames();
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
