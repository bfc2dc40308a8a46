//! `tls-resumption-mismatch`.

use crate::diagnosis::tls::{Issued, text};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

use super::tls::server_words;

declare_rule! {
    /// ## What it means
    /// The client offered to resume a session that does not fit this one: it was made for another server name, or with
    /// another way to make the keys (extended master secret).
    ///
    /// ## Why it matters
    /// A server must not resume such a session; it makes a new one or ends the handshake. Resuming it could mix up who
    /// the peers are.
    ///
    /// ## How it is told
    /// The earlier session is in this capture, found by its id or ticket; its server name or its use of the extended master
    /// secret (up to TLS 1.2) differs from what the hello says, and the server did not resume it. What was not captured of the
    /// earlier handshake is not compared.
    ///
    /// ## Example
    /// A client keeps tickets by address, and the address serves several names.
    ///
    /// ## What to do
    /// Let the client keep sessions by server name. A difference in the extended master secret means that one of the two was
    /// updated, or that a middlebox took part in one of the handshakes.
    ///
    /// ## References
    /// RFC 7627 section 5.3, RFC 6066 section 3, RFC 8446 section 4.2.11.
    pub TlsResumptionMismatch = "tls-resumption-mismatch" {
        summary: "Resumption of a session that does not fit",
        severity: Warning,
        category: Authentication,
        protocols: ["tls"],
        reference: "RFC 7627 section 5.3; RFC 6066 section 3; RFC 8446 section 4.2.11",
    }
}

/// An offer that does not fit.
pub(super) struct Mismatch<'a> {
    offer: &'a SeenFact,
    origin: &'a Issued,
    what: String,
}

/// The offer of this session that does not fit, if there is one.
pub(super) fn of<'a>(view: &View<'a>) -> Option<Mismatch<'a>> {
    let session = view.session;
    let mut facts = session.facts.iter();
    let offer = facts.find(|f| {
        matches!(
            f.fact.name,
            "tls.resumption-refused" | "tls.resumption-offered"
        )
    })?;
    let origin = view.world.tls.origin(offer)?;
    let name = text(session, "server_name");
    let ems = offer.is("extended_master_secret");
    let was_for = origin.server_name.as_ref();
    let was_made = origin.extended_master_secret;
    let what = if let Some(other) = was_for.filter(|other| **other != name) {
        let quoted = |name: &str| match name {
            "" => "no name".to_owned(),
            name => format!("the name {name}"),
        };
        format!(
            "it was made for {}, this one is for {}",
            quoted(other),
            quoted(&name)
        )
    } else if let Some(made) = was_made.filter(|made| offer.text("by") != "PSK" && ems != *made) {
        let with = |yes| if yes { "with" } else { "without" };
        format!(
            "it was made {} extended master secret, and now the client offers {}",
            with(made),
            if ems { "it" } else { "none" }
        )
    } else {
        return None;
    };
    Some(Mismatch {
        offer,
        origin,
        what,
    })
}

impl TlsResumptionMismatch {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(Mismatch {
            offer,
            origin,
            what,
        }) = of(view)
        else {
            return;
        };
        let finding = Finding::new(&META, offer.stamp)
            .side(Culprit::Client)
            .frame(origin.stamp, "earlier-session")
            .frame(view.session.first, "client-hello")
            .frame(offer.stamp, "answer")
            .title(format!(
                "The session that the client offers {} to resume does not fit",
                server_words(view)
            ))
            .explain(format!(
                "The client offered by {} to resume the session of frame {} (with {}), but {what}. The server did not resume it.",
                offer.text("by"),
                origin.stamp.frame,
                origin.server
            ))
            .advise("Let the client keep sessions by server name, and see which of the two was changed in between.");
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::tls::{
        Hello, TLS12, alert, client_hello, finished12, flight12, from, key_exchange12, opened12,
        server_hello12, ticket12,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tls-resumption-mismatch";
    const ID: &[u8] = &[3; 32];
    const AGAIN: Hello<'static> = Hello {
        session_id: ID,
        ..TLS12
    };

    fn earlier() -> Script {
        opened12(from(50, 443), TLS12, ID).close()
    }

    #[test]
    fn another_name_or_another_way_to_make_keys_does_not_fit() {
        let other = Hello {
            name: "mail.example.org",
            ..AGAIN
        };
        let script = opened12(from(51, 443).wait_secs(9.0), other, &[]).close();
        let frames = Script::merge([earlier(), script]);
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].explanation.contains("mail.example.org"));
        assert_eq!(loud(frames), [RULE]);
        let without = Hello {
            extended_master_secret: false,
            ..AGAIN
        };
        let refused = from(51, 443).wait_secs(9.0).client(&client_hello(without));
        let refused = refused.server(&alert(2, 40)).close();
        let found = findings(Script::merge([earlier(), refused]), RULE);
        assert!(found[0].explanation.contains("without") || found[0].explanation.contains("none"));
    }

    #[test]
    fn what_fits_and_what_is_resumed_is_quiet() {
        let same = opened12(from(51, 443).wait_secs(9.0), AGAIN, &[]).close();
        assert!(findings(Script::merge([earlier(), same]), RULE).is_empty());
        let resumed = from(51, 443)
            .wait_secs(9.0)
            .client(&client_hello(AGAIN))
            .server(&[server_hello12(ID), finished12()].concat())
            .client(&finished12());
        assert!(findings(Script::merge([earlier(), resumed.close()]), RULE).is_empty());
    }

    #[test]
    fn what_is_missing_of_the_earlier_handshake_is_not_compared() {
        let again = Hello {
            ticket: b"a ticket of the server",
            ..TLS12
        };
        let lost = |hello: bool, answer: bool| {
            let script = from(50, 443);
            let flight = flight12(&[], "2040", false);
            let script = if hello {
                script.client_lost(&client_hello(TLS12))
            } else {
                script.client(&client_hello(TLS12))
            };
            let script = if answer {
                script.server_lost(&flight)
            } else {
                script.server(&flight)
            };
            let ticket = ticket12(b"a ticket of the server", 300);
            let script = script.client(&key_exchange12(false));
            script.server(&[ticket, finished12()].concat()).close()
        };
        let second = || opened12(from(51, 443).wait_secs(9.0), again, &[]).close();
        for (hello, answer) in [(false, false), (false, true), (true, false)] {
            let frames = Script::merge([lost(hello, answer), second()]);
            assert!(findings(frames, RULE).is_empty(), "{hello} {answer}");
        }
    }

    #[test]
    fn an_earlier_session_that_is_missing_can_not_be_compared() {
        let other = Hello {
            name: "mail.example.org",
            ..AGAIN
        };
        let lost = from(50, 443).client(&client_hello(TLS12));
        let lost = lost.server_lost(&server_hello12(ID)).close();
        let script = opened12(from(51, 443).wait_secs(9.0), other, &[]).close();
        assert!(findings(Script::merge([lost, script]), RULE).is_empty());
    }
}
