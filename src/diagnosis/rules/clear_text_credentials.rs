//! `clear-text-credentials`.

use crate::diagnosis::web::{clear_scheme, is_encrypted};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// Credentials go over the network in a form that anybody on the way can read or use.
    ///
    /// ## Why it matters
    /// Whoever sees them may log in with them: at once with Basic and bearer tokens, after some guessing with NTLM.
    ///
    /// ## How it is told
    /// A request in HTTP outside of TLS with `Authorization` or `Proxy-Authorization` of the schemes Basic, Bearer or NTLM
    /// (NTLM inside Negotiate too). It is told once for client, server and scheme, with the number of connections. The values
    /// are not shown. Digest and Kerberos prove a secret without showing it, and are not told.
    ///
    /// ## Example
    /// A monitoring program that asks `http://` addresses with a user and a password.
    ///
    /// ## What to do
    /// Use HTTPS, and change the password or withdraw the token.
    ///
    /// ## References
    /// RFC 7617 section 4; RFC 6750 section 5.3.
    pub ClearTextCredentials = "clear-text-credentials" {
        summary: "Credentials in clear",
        severity: Note,
        category: Authentication,
        protocols: ["http"],
        reference: "RFC 7617 section 4; RFC 6750 section 5.3",
    }
}

impl ClearTextCredentials {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("http.credentials") {
            let Some(scheme) = clear_scheme(fact) else {
                continue;
            };
            let Some(seen) = view.world.web.in_clear(view.flow, scheme) else {
                continue;
            };
            if seen.first == fact.stamp && !is_encrypted(view.flow, view.session) {
                out.raise(finding(view, fact, scheme, seen.connections));
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact, scheme: &str, connections: u64) -> Finding {
    let what = match scheme {
        "Basic" => "user and password, which anybody on the way can read",
        "Bearer" => "a token with which anybody on the way can do what the user may",
        _ => "an NTLM login, from which the password can be guessed",
    };
    let often = match connections {
        1 => String::new(),
        n => format!(" So it does on {n} connections."),
    };
    Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .frame(fact.stamp, "request")
        .title(format!("{scheme} credentials over HTTP without encryption"))
        .explain(format!(
            "In frame {} {} sends {} {what}, without encryption (the value is not shown).{often}",
            fact.stamp.frame,
            view.client(),
            view.server()
        ))
        .advise("Use HTTPS, and change the password or withdraw the token.")
        .number("connections", connections as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::http::{answer, ask, from, turn};
    use crate::diagnosis::rules::bench::{findings, outcome};

    const RULE: &str = "clear-text-credentials";
    const BASIC: &str = "Authorization: Basic dTpzZWNyZXQ=\r\n";

    fn asked(port: u16, credentials: &str) -> Script {
        turn(
            from(port),
            &ask("GET /", credentials),
            &answer("200 OK", ""),
        )
        .close()
    }

    #[test]
    fn a_password_that_anybody_can_read() {
        let frames = Script::merge([asked(40_000, BASIC), asked(40_001, BASIC)]);
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
        assert!(
            found[0].numbers.contains(&("connections", 2.0)),
            "{found:?}"
        );
        let all = format!(
            "{:?}",
            outcome(frames)
                .findings
                .iter()
                .map(|f| &f.finding)
                .collect::<Vec<_>>()
        );
        assert!(!all.contains("dTpz"), "{all}");
    }

    #[test]
    fn proofs_are_no_secrets() {
        for proof in [
            "Authorization: Digest username=\"u\", response=\"1\"\r\n",
            "Authorization: Negotiate YIIabcd=\r\n",
            "",
        ] {
            assert!(findings(asked(40_000, proof).frames(), RULE).is_empty());
        }
        let wrapped = "Authorization: Negotiate TlRMTVNTUAABAAAA\r\n";
        assert_eq!(findings(asked(40_000, wrapped).frames(), RULE).len(), 1);
    }

    #[test]
    fn seen_without_the_other_direction_it_is_seen_all_the_same() {
        let data = flag::ACK | flag::PSH;
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:80").segment(
            Side::Client,
            data,
            1,
            1,
            &ask("GET /", BASIC),
        );
        assert_eq!(findings(script.frames(), RULE).len(), 1);
    }
}
