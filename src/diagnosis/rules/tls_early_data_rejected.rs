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
