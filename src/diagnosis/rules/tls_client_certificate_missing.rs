//! `tls-client-certificate-missing`.

use colloquy_dissectors::units::Stamp;

use super::tls::{
    again, alert_name, alert_words, came_before, course, finding, server_words, steps, told,
};
use super::tls_handshake_stalled::ended_without_certificate;
use crate::diagnosis::tls::Kind;
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server wants a certificate of the client, and the client had none to show.
    ///
    /// ## Why it matters
    /// A server that requires one lets nobody in without it. The error that the client's user sees rarely says so.
    ///
    /// ## How it is told
    /// The alert certificate_required; or handshake_failure, bad_certificate, certificate_unknown or access_denied of the
    /// server after the client's Certificate message held none; or, where the session can be read, the page by which nginx
    /// answers the first request then ("No required SSL certificate was sent"). In TLS 1.3 the messages are encrypted: a record before the
    /// client's Finished that has just the size of a Certificate without certificates, and the server's only answer a
    /// record of just the size of an alert, before it closes (`likely`). Or (`likely`) the server closes or resets the connection in
    /// the handshake at once after a Certificate message without any, and gives no reason. A server that asks and goes on without one is no
    /// trouble. Told once of all connections between the same two.
    ///
    /// ## Example
    /// `tls13-client-cert-missing`: the server closes with certificate_required.
    ///
    /// ## What to do
    /// Give the client's program a certificate and its key, issued by one of the authorities that the server names in its
    /// CertificateRequest.
    ///
    /// ## References
    /// RFC 8446 sections 4.3.2, 4.4.2 and 6.2, RFC 5246 sections 7.4.4 and 7.4.6.
    pub TlsClientCertificateMissing = "tls-client-certificate-missing" {
        summary: "Client certificate required and not shown",
        severity: Error,
        category: Authentication,
        protocols: ["tls"],
        reference: "RFC 8446 sections 4.3.2, 4.4.2 and 6.2; RFC 5246 sections 7.4.4 and 7.4.6",
    }
}

impl TlsClientCertificateMissing {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some((failure, series)) = told(view, Kind::ClientCertificate, &META, out) else {
            if let Some(end) = ended_without_certificate(view) {
                out.raise(closed(view, end));
            }
            return;
        };
        let alert = failure.alert;
        let how = failure
            .code()
            .map_or_else(String::new, |code| format!(" ({})", alert_name(code)));
        let finding = finding(view, &META, &failure, series)
            .side(Culprit::Client)
            .title(format!(
                "{} wants a certificate of the client, which shows none{how}",
                server_words(view)
            ))
            .explain(format!(
                "The server asked for a certificate and {}. In frame {} the server answered with {}. {}",
                if failure.is_certain() {
                    "the client sent a Certificate message without any"
                } else {
                    "the client, by the sizes of its records, sent a Certificate message without any"
                },
                alert.stamp.frame,
                alert_words(&failure),
                came_before(view, &failure)
            ))
            .advise("Give the client's program a certificate with its key, of an issuer that the server accepts.");
        out.raise(again(finding, series));
    }
}

/// The server closed or reset the connection, and gave no reason.
fn closed(view: &View<'_>, end: Stamp) -> Finding {
    let verb = match view.ending() {
        Some(Ending::Reset(reset, _)) if reset == end => "reset",
        _ => "closed",
    };
    steps(view, Finding::new(&META, end))
        .likely()
        .side(Culprit::Client)
        .frame(end, "end")
        .title(format!(
            "{} wants a certificate of the client, which shows none, and closes",
            server_words(view)
        ))
        .explain(format!(
            "The server asked for a certificate and the client sent a Certificate message without any. The server {verb} the connection \
             at once, without an alert (frame {}). So far came {}.",
            end.frame,
            course(view)
        ))
        .advise("Give the client's program a certificate with its key, of an issuer that the server accepts; the server's log says why it closed.")
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::tls::{
        TLS12, TLS13, alert, bare, bare_without_certificate, client_hello, close_notify,
        closed_by_server, data, finished12, finished13, flight12, flight13, hidden_alert,
        key_exchange12, no_certificate13, opened_bare, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit};

    const RULE: &str = "tls-client-certificate-missing";

    #[test]
    fn an_empty_certificate_is_refused() {
        let script = to(443)
            .client(&client_hello(TLS12))
            .server(&flight12(&[], "2040", true))
            .client(&key_exchange12(true));
        let frames = closed_by_server(script.clone().server(&alert(2, 40)));
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert_eq!(loud(frames), [RULE]);
        let optional = script
            .server(&finished12())
            .client(&data(40))
            .server(&data(900));
        assert!(loud(optional.close().frames()).is_empty());
    }

    #[test]
    fn an_empty_certificate_is_answered_by_the_end() {
        let asked = |wants| {
            let script = to(443).client(&client_hello(TLS12));
            script.server(&flight12(&[], "2040", wants))
        };
        let empty = asked(true).client(&key_exchange12(true));
        for frames in [
            closed_by_server(empty.clone()),
            empty.clone().reset(Side::Server).frames(),
        ] {
            let found = findings(frames.clone(), RULE);
            assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
            assert_eq!(found[0].certainty, Certainty::Likely);
            for role in ["certificate-request", "end"] {
                assert!(found[0].frames.iter().any(|e| e.role == role), "{role}");
            }
            assert_eq!(loud(frames), [RULE]);
        }
        // Much later, or of the client, or where none was asked for, it has other reasons.
        let stalled = ["tls-handshake-stalled"];
        assert_eq!(
            loud(closed_by_server(empty.clone().wait_secs(5.0))),
            stalled
        );
        let unasked = asked(false).client(&key_exchange12(false));
        assert_eq!(loud(closed_by_server(unasked)), stalled);
        let left = empty.clone().fin(Side::Client).fin(Side::Server).frames();
        assert!(findings(left, RULE).is_empty());
        let lost = empty.server_lost(&alert(2, 40));
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn a_page_says_it_behind_the_handshake() {
        let get = bare(23, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        let page = |text: &str| {
            let head = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n",
                text.len()
            );
            bare(23, [head.as_bytes(), text.as_bytes()].concat().as_slice())
        };
        let says = page("<center>No required SSL certificate was sent</center>");
        let asked = bare_without_certificate(to(443)).client(&get);
        let found = findings(closed_by_server(asked.clone().server(&says)), RULE);
        assert_eq!(
            (found.len(), found[0].side),
            (1, Culprit::Client),
            "{found:?}"
        );
        assert_eq!(found[0].certainty, Certainty::Certain);
        let role = |role: &str| found[0].frames.iter().any(|e| e.role == role);
        assert!(role("certificate-request") && role("answer"), "{found:?}");
        // Another fault of the request, and a client that was not asked for any.
        let other = asked.clone().server(&page("no such host"));
        assert!(findings(closed_by_server(other), RULE).is_empty());
        let unasked = opened_bare(to(443)).client(&get).server(&says);
        assert!(findings(closed_by_server(unasked), RULE).is_empty());
        let lost = asked.server_lost(&says).server(&close_notify());
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn in_tls_1_3_sizes_tell_it() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let script = script.client(&[no_certificate13(), finished13(), data(35)].concat());
        let frames = closed_by_server(script.clone().server(&hidden_alert()));
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
        assert_eq!(loud(frames), [RULE]);
        let optional = script.clone().server(&data(900)).server(&hidden_alert());
        assert!(loud(closed_by_server(optional)).is_empty());
        let lost = script.server_lost(&data(900)).server(&hidden_alert());
        assert!(findings(closed_by_server(lost), RULE).is_empty());
    }

    #[test]
    fn with_one_direction_alone_sizes_tell_nothing() {
        let script = to(443)
            .client(&client_hello(TLS13))
            .server(&flight13(false));
        let script = script.client(&[no_certificate13(), finished13()].concat());
        let script = script.server(&hidden_alert()).client_lost(&data(30));
        let frames = closed_by_server(script.client(&data(40)));
        assert!(findings(frames.clone(), RULE).is_empty());
        assert!(cannot_tell(frames, RULE).iter().all(|guard| *guard == "T4"));
    }
}
