//! `tls-client-certificate-missing`.

use super::tls::{again, alert_name, alert_words, course, finding, server_words, told};
use crate::diagnosis::tls::Kind;
use crate::diagnosis::{Culprit, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server wants a certificate of the client, and the client had none to show.
    ///
    /// ## Why it matters
    /// A server that requires one lets nobody in without it. The error that the client's user sees rarely says so.
    ///
    /// ## How it is told
    /// The alert certificate_required; or handshake_failure, bad_certificate, certificate_unknown or access_denied of the
    /// server after the client's Certificate message held none. In TLS 1.3 the messages are encrypted: a record before the
    /// client's Finished that has just the size of a Certificate without certificates, and the server's only answer a
    /// record of just the size of an alert, before it closes (`likely`). A server that asks and goes on without one is no
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
                "The server asked for a certificate and the client sent a Certificate message without any. In frame {} the \
                 server answered with {}. Before it came {}.",
                alert.stamp.frame,
                alert_words(&failure),
                course(view)
            ))
            .advise("Give the client's program a certificate with its key, of an issuer that the server accepts.");
        out.raise(again(finding, series));
    }
}
