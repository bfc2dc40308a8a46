//! `rpc-program-unavailable`.

use super::rpc::{is_optional, program_of, times};
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use colloquy_dissectors::event::Phase;
use colloquy_dissectors::text::versions;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// A server accepted the message and has not what it asks for: not the program (PROG_UNAVAIL), not its version
    /// (PROG_MISMATCH, with the versions that it has), or not the procedure (PROC_UNAVAIL).
    ///
    /// ## Why it matters
    /// The client talks to the wrong service, or to one that is older, newer or configured otherwise than it expects.
    ///
    /// ## How it is told
    /// `accept_stat` of the reply is 1, 2 or 3. When the session works all the same (a call of the same program is
    /// answered before or after), the client was trying what the server can do: a note. So it is for programs that
    /// clients do without (NFSACL, rquota), and for versions 0 and 4294967295, which are asked for to be told the others.
    ///
    /// ## Example
    /// `rpc-prog-mismatch`: version 9 of NFS is asked for, the server offers 3 to 4.
    ///
    /// ## What to do
    /// PROG_MISMATCH: let the client use an offered version (`mount -o vers=`), or enable the version on the server.
    /// PROG_UNAVAIL: look which service listens on that port; the port mapper's answer may be stale.
    ///
    /// ## References
    /// RFC 5531 section 9.
    pub RpcProgramUnavailable = "rpc-program-unavailable" {
        summary: "Program, version or procedure unavailable",
        severity: Error,
        category: Establishment,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 9",
    }
}

impl RpcProgramUnavailable {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view
            .session
            .facts_named("rpc.program-unavailable")
            .collect();
        let mut told: Vec<&SeenFact> = Vec::new();
        for fact in &all {
            if told.iter().any(|t| same(t, fact)) {
                continue;
            }
            told.push(fact);
            let count = all.iter().filter(|f| same(f, fact)).count() as u64;
            let severity = if works(view) || is_optional(fact) || asks_for_versions(fact) {
                Severity::Note
            } else {
                Severity::Error
            };
            out.raise(finding(view, fact, count).severity(severity));
        }
    }
}

/// A version that nobody has is asked for to be told those that there are, as `rpcinfo` does with the first and the last.
fn asks_for_versions(fact: &SeenFact) -> bool {
    fact.text("accept_stat") == "PROG_MISMATCH"
        && fact
            .int("version")
            .is_some_and(|v| v == 0 || v == i64::from(u32::MAX))
}

/// The session came to work, or did so before: the last that was said of its phase is not a refusal, and some call
/// was granted.
fn works(view: &View<'_>) -> bool {
    let requests = &view.session.requests;
    if requests.answered <= requests.failed {
        return false;
    }
    let said = view.session.phases.iter().rev().map(|p| p.phase);
    !matches!(
        said.into_iter()
            .find(|p| matches!(p, Phase::Open | Phase::Refused)),
        Some(Phase::Refused)
    )
}

fn same(a: &SeenFact, b: &SeenFact) -> bool {
    a.text("accept_stat") == b.text("accept_stat")
        && ["program", "version"].iter().all(|k| a.int(k) == b.int(k))
        && (a.text("accept_stat") != "PROC_UNAVAIL" || a.int("procedure") == b.int("procedure"))
}

fn finding(view: &View<'_>, fact: &SeenFact, count: u64) -> Finding {
    let program = program_of(fact);
    let server = view.server();
    let low = fact.int("low").unwrap_or(0);
    let high = fact.int("high").unwrap_or(0);
    let (title, why) = match fact.text("accept_stat") {
        "PROG_MISMATCH" => (
            format!("{program} is not offered; what is: {}", versions(low, high)),
            format!("it has {} of the program", versions(low, high)),
        ),
        "PROC_UNAVAIL" => {
            let procedure = fact.int("procedure").unwrap_or(0);
            (
                format!("{program} has no procedure {procedure} at {server}"),
                format!("it does not know procedure {procedure}"),
            )
        }
        _ => (
            format!("{program} is not served at {server}"),
            "it does not serve this program".to_owned(),
        ),
    };
    let mut finding = Finding::new(&META, fact.stamp)
        .side(Side::Client)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .title(title)
        .explain(format!(
            "The client called {program} at {server} and was answered {} in frame {}: {why}. Seen {}.",
            fact.text("accept_stat"),
            fact.stamp.frame,
            times(count),
        ))
        .advise("Compare the client's version with what the server offers (`rpcinfo -p`), and the port with the service that listens there.")
        .number("count", count as f64);
    if fact.text("accept_stat") == "PROG_MISMATCH" {
        finding = finding
            .number("low", low as f64)
            .number("high", high as f64);
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks};

    const RULE: &str = "rpc-program-unavailable";

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn a_version_that_is_not_offered_is_told_with_the_range() {
        let script = tcp()
            .client(&asks(1, [NFS, 9, 0], &[]))
            .server(&answers(1, 2, &[3, 4]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(found[0].title.contains("versions 3 to 4"));
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["request", "answer"]);
    }

    #[test]
    fn a_version_tried_before_an_offered_one_is_quiet() {
        let script = tcp()
            .client(&asks(1, [NFS, 4, 0], &[]))
            .server(&answers(1, 2, &[3, 3]))
            .client(&asks(2, [NFS, 3, 0], &[]))
            .server(&answers(2, 0, &[]))
            .close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn asking_for_versions_is_a_note() {
        let script = tcp()
            .client(&asks(1, [NFS, 0, 0], &[]))
            .server(&answers(1, 2, &[3, 4]));
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn a_procedure_is_a_note_only_where_another_one_works() {
        let refused = || {
            tcp()
                .client(&asks(1, [NFS, 3, 4], &[]))
                .server(&answers(1, 3, &[]))
        };
        let severity = |script: Script| findings(script.close().frames(), RULE)[0].severity;
        assert_eq!(severity(refused()), Severity::Error);
        let works = refused()
            .client(&asks(2, [NFS, 3, 0], &[]))
            .server(&answers(2, 0, &[]));
        assert_eq!(severity(works), Severity::Note);
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = tcp()
            .client(&asks(1, [NFS, 9, 0], &[]))
            .server_lost(&answers(1, 2, &[3, 4]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
