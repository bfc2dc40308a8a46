//! `rpc-auth-error`.

use super::rpc::{program_of, times};
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

declare_rule! {
    /// ## What it means
    /// The server denied a call because of its credential or verifier: who the caller claims to be was not accepted.
    ///
    /// ## Why it matters
    /// Nothing of what the caller asks is done. `mount` says "access denied by server" or "RPC: Authentication error".
    ///
    /// ## How it is told
    /// The reply is MSG_DENIED with AUTH_ERROR; `auth_stat` says why. RPCSEC_GSS_CREDPROBLEM and
    /// RPCSEC_GSS_CTXPROBLEM ask for a fresh context, which is routine when the session works afterwards; so is a
    /// flavor that was tried before one that is accepted: both are notes.
    ///
    /// ## Example
    /// `rpc-auth-rejected`: a credential of flavor 77.
    ///
    /// ## What to do
    /// AUTH_TOOWEAK: the export wants a stronger flavor (`sec=krb5`), or calls from ports below 1024.
    /// AUTH_BADCRED, AUTH_REJECTEDCRED: the flavor or the credential is not known; the client must begin anew.
    /// AUTH_REJECTEDVERF: expired or replayed; compare the clocks.
    ///
    /// ## References
    /// RFC 5531 section 9 (`auth_stat`), RFC 2203 section 5.3.3.3.
    pub RpcAuthError = "rpc-auth-error" {
        summary: "Credential refused",
        severity: Error,
        category: Authentication,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 9",
    }
}

impl RpcAuthError {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view.session.facts_named("rpc.auth-error").collect();
        let mut told: Vec<&SeenFact> = Vec::new();
        for fact in &all {
            if told.iter().any(|t| same(t, fact)) {
                continue;
            }
            told.push(fact);
            let group: Vec<_> = all.iter().filter(|f| same(f, fact)).copied().collect();
            let last = group.last().map_or(fact.stamp, |f| f.stamp);
            let recovered = recovered(view, last);
            let severity = if recovered {
                Severity::Note
            } else {
                Severity::Error
            };
            out.raise(finding(view, fact, group.len() as u64, recovered).severity(severity));
        }
    }
}

fn same(a: &SeenFact, b: &SeenFact) -> bool {
    a.int("code") == b.int("code") && a.int("flavor") == b.int("flavor")
}

/// The session came to work after the last denial: another flavor or a fresh context was accepted.
fn recovered(view: &View<'_>, last: Stamp) -> bool {
    let opened = view
        .session
        .phases
        .iter()
        .any(|p| p.phase == Phase::Open && p.stamp > last);
    let answered_later = view.session.last_message[Side::Server].is_some_and(|m| m.stamp > last);
    let denied_only = view
        .session
        .facts_named("rpc.auth-error")
        .all(|f| matches!(f.int("code"), Some(13 | 14)));
    opened || (denied_only && answered_later)
}

fn finding(view: &View<'_>, fact: &SeenFact, count: u64, recovered: bool) -> Finding {
    let why = match fact.text("auth_stat") {
        "" => format!("auth_stat {}", fact.int("code").unwrap_or(0)),
        name => name.to_owned(),
    };
    let flavor = match fact.text("flavor_name") {
        "" => format!("of flavor {}", fact.int("flavor").unwrap_or(0)),
        name => name.to_owned(),
    };
    let user = fact
        .int("uid")
        .map_or_else(String::new, |uid| format!(" for user {uid}"));
    let later = if recovered {
        " A later call was accepted."
    } else {
        ""
    };
    Finding::new(&META, fact.stamp)
        .side(Side::Client)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .title(format!("Credential {flavor} refused: {why}"))
        .explain(format!(
            "The client called {} at {} with a credential {flavor}{user}; the server denied it in frame {} with \
             AUTH_ERROR, {why}: {}. Seen {}.{later}",
            program_of(fact),
            view.server(),
            fact.stamp.frame,
            meaning(fact.int("code").unwrap_or(0)),
            times(count),
        ))
        .advise("Compare the flavor that the client uses with what the export allows, and the clocks of the two where tickets are used.")
        .number("count", count as f64)
}

const fn meaning(auth_stat: i64) -> &'static str {
    match auth_stat {
        1 => "the credential is malformed or of a flavor that the server does not take",
        2 => "the credential was given up by the server; the client must begin a new session",
        3 => "the verifier is malformed",
        4 => "the verifier expired or was replayed",
        5 => "the flavor, or the port it comes from, is too weak for the server",
        6 => "the server's verifier was not accepted",
        13 => "the server has no such RPCSEC_GSS context, or its ticket is gone",
        14 => "the RPCSEC_GSS context broke; a fresh one is needed",
        _ => "the server gives no other reason",
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, denied, record};

    const RULE: &str = "rpc-auth-error";

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn a_denied_credential_is_told_with_its_reason() {
        let script = tcp()
            .client(&asks(1, [NFS, 4, 0], &[]))
            .server(&answers(1, 0, &[]))
            .client(&asks(2, [NFS, 4, 1], &[]))
            .server(&record(&denied(2, &[1, 5])))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].title.contains("AUTH_TOOWEAK"));
        assert!(found[0].explanation.contains("user 1000"));
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn a_context_that_is_refreshed_is_quiet() {
        let script = tcp()
            .client(&asks(1, [NFS, 4, 0], &[]))
            .server(&record(&denied(1, &[1, 13])))
            .client(&asks(2, [NFS, 4, 0], &[]))
            .server(&answers(2, 0, &[]))
            .close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn without_the_denial_nothing_is_claimed() {
        let script = tcp()
            .client(&asks(1, [NFS, 4, 0], &[]))
            .server_lost(&record(&denied(1, &[1, 5])))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
