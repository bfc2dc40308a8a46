//! `tls-early-data-rejected`.

use super::tls::{guard, server_words};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The client sent data together with its hello (0-RTT), and the server did not take it.
    ///
    /// ## Why it matters
    /// The client has to send it again once the handshake is done: the round trip that it wanted to save is not saved. A
    /// program that does not send it again waits for ever.
    ///
    /// ## How it is told
    /// The ClientHello offers early data, and the server wants another hello, or resumes nothing, or its
    /// EncryptedExtensions (with a key log) do not take it. Without keys, where the session was resumed: the client's last
    /// flight has its Finished and no record of the size of an EndOfEarlyData (`likely`).
    ///
    /// ## Example
    /// A server was restarted and has other ticket keys: session and early data are refused together.
    ///
    /// ## What to do
    /// Most often nothing. See whether the server is meant to take early data, and whether all its hosts share ticket keys.
    ///
    /// ## References
    /// RFC 8446 sections 2.3 and 4.2.10.
    pub TlsEarlyDataRejected = "tls-early-data-rejected" {
        summary: "Early data not taken",
        severity: Note,
        category: Establishment,
        protocols: ["tls"],
        reference: "RFC 8446 sections 2.3 and 4.2.10",
    }
}

impl TlsEarlyDataRejected {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("tls.early-data-rejected") else {
            return;
        };
        let certain = fact.is("certain");
        if !certain && let Some((guard, why)) = guard(view) {
            return out.cannot_tell(&META, guard, why);
        }
        let how = if certain {
            "The server's answer does not take it"
        } else {
            "The client went on as if it was not taken"
        };
        let finding = Finding::new(&META, fact.stamp)
            .side(Culprit::Server)
            .frame(view.session.first, "client-hello")
            .frame(fact.stamp, "answer")
            .title(format!("{} does not take the client's early data", server_words(view)))
            .explain(format!(
                "In frame {} the client announced data before the handshake is done. {how} (frame {}); it has to be sent again.",
                view.session.first.frame, fact.stamp.frame
            ))
            .advise("See whether the server is meant to take early data, and whether all its hosts share their ticket keys.");
        out.raise(if certain { finding } else { finding.likely() });
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::tls::{
        Hello, TLS13, client_hello, data, finished13, flight13, retry13, to,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "tls-early-data-rejected";

    fn early() -> Script {
        let hello = client_hello(Hello {
            psk: b"an earlier session",
            early_data: true,
            ..TLS13
        });
        to(443).client(&[hello, data(200)].concat())
    }

    #[test]
    fn a_full_handshake_or_another_hello_takes_nothing() {
        let full = early().server(&flight13(false)).client(&finished13());
        let found = findings(full.close().frames(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Certain));
        let again = early().server(&retry13()).client(&client_hello(TLS13));
        let again = again.server(&flight13(false)).client(&finished13());
        assert_eq!(findings(again.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn an_end_of_early_data_shows_that_it_was_taken() {
        let resumed = early().server(&flight13(true));
        let taken = resumed.clone().client(&[data(21), finished13()].concat());
        assert!(findings(taken.close().frames(), RULE).is_empty());
        let not = resumed.client(&finished13());
        let found = findings(not.clone().close().frames(), RULE);
        assert_eq!((found.len(), found[0].certainty), (1, Certainty::Likely));
        assert!(loud(not.close().frames()).is_empty());
    }

    #[test]
    fn with_bytes_missing_sizes_tell_nothing() {
        let resumed = early().server(&flight13(true)).client(&finished13());
        let lost = resumed.client_lost(&data(90)).client(&data(90));
        let frames = lost.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
