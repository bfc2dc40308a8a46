//! `tls-truncated`.

use super::tls::{again, guard, server_words};
use crate::diagnosis::tls::Alike;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server ended the connection without saying so within TLS: no close_notify.
    ///
    /// ## Why it matters
    /// The end of TCP is not protected. Whoever is on the path could have made it, and a client whose answer has no length
    /// of its own can't tell whether it has all of it.
    ///
    /// ## How it is told
    /// The server closes first, with a FIN, after data in an open session, and its last record is no alert (in TLS 1.3: not of
    /// the size of one). Clients often leave theirs out; that is not told. Many servers do too: it is a note, once a capture.
    ///
    /// ## Example
    /// An HTTP server that closes after an answer without Content-Length.
    ///
    /// ## What to do
    /// Nothing, where the protocol within tells its own lengths. Else let the server close its TLS session before TCP.
    ///
    /// ## References
    /// RFC 8446 section 6.1, RFC 5246 section 7.2.1.
    pub TlsTruncated = "tls-truncated" {
        summary: "Closed without close_notify",
        severity: Note,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 8446 section 6.1; RFC 5246 section 7.2.1",
    }
}

impl TlsTruncated {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("tls.no-close-notify") else {
            return;
        };
        if let Some((guard, why)) = guard(view) {
            return out.cannot_tell(&META, guard, why);
        }
        let alike = Alike::Truncates;
        let fin = view.tcp().and_then(|tcp| tcp.sides.server.fin);
        let (Some(series), Some(fin)) = (view.world.tls.series(&alike, fact.stamp), fin) else {
            return;
        };
        let last = view.tcp().and_then(|tcp| tcp.sides.server.last_data);
        let finding = Finding::new(&META, fin)
            .side(Culprit::Server)
            .maybe_frame(last, "last-data")
            .frame(fin, "end")
            .title(format!("{} closes without close_notify", server_words(view)))
            .explain(format!(
                "The server closed the connection in frame {} and had not said within TLS that it would: its data could have \
                 been cut off by anybody.",
                fin.frame
            ))
            .advise("Where the protocol within does not tell lengths of its own, let the server close its TLS session first.")
            .number("alike", f64::from(series.count));
        out.raise(again(finding, series));
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::tls::{
        TLS12, closed_by_server, data, from, hidden_alert, opened12, opened13, record, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "tls-truncated";

    fn answered(script: Script) -> Script {
        script.client(&data(40)).server(&data(3000))
    }

    #[test]
    fn a_server_that_just_closes_is_told_once() {
        let one = |port| answered(opened12(from(port, 443), TLS12, &[])).fin(Side::Server);
        let frames = Script::merge([one(40).fin(Side::Client), one(41).fin(Side::Client)]);
        let found = findings(frames, RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(found[0].numbers.contains(&("alike", 2.0)), "{found:?}");
    }

    #[test]
    fn a_close_notify_and_a_client_that_closes_are_in_order() {
        let told = answered(opened12(to(443), TLS12, &[])).server(&record(21, &[3; 26]));
        assert!(findings(closed_by_server(told), RULE).is_empty());
        let told = answered(opened13(to(443))).server(&hidden_alert());
        assert!(findings(closed_by_server(told), RULE).is_empty());
        let client = answered(opened12(to(443), TLS12, &[])).fin(Side::Client);
        assert!(findings(client.fin(Side::Server).frames(), RULE).is_empty());
    }

    #[test]
    fn it_may_be_among_the_bytes_that_are_missing() {
        let lost = answered(opened12(to(443), TLS12, &[])).server_lost(&data(300));
        let lost = (0..9).fold(lost, |script, _| script.server(&data(300)).wait_ms(50));
        let frames = closed_by_server(lost);
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
