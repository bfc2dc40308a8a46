//! `rpc-server-error`.

use super::rpc::{program_of, times};
use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// The server took the call and could not carry it out: it could not read the arguments (GARBAGE_ARGS), or it
    /// failed by itself (SYSTEM_ERR: no memory, and the like).
    ///
    /// ## Why it matters
    /// The call was not done, and the program's own status codes say nothing of it: clients report it as an I/O error
    /// or a broken protocol.
    ///
    /// ## How it is told
    /// `accept_stat` of the reply is 4 (GARBAGE_ARGS) or 5 (SYSTEM_ERR), or a number that nobody defined.
    ///
    /// ## Example
    /// `rpc-garbage-args`: GETPORT with two bytes of its arguments missing.
    ///
    /// ## What to do
    /// GARBAGE_ARGS: client and server disagree on the arguments, or they were damaged or cut: look at the call's
    /// bytes and at the versions of both. SYSTEM_ERR: look at the server's memory and log.
    ///
    /// ## References
    /// RFC 5531 section 9 (`accept_stat`).
    pub RpcServerError = "rpc-server-error" {
        summary: "Garbage arguments or system error",
        severity: Warning,
        category: Dialogue,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 9",
    }
}

impl RpcServerError {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view.session.facts_named("rpc.server-error").collect();
        let mut told: Vec<&SeenFact> = Vec::new();
        for fact in &all {
            if !told.iter().any(|t| same(t, fact)) {
                told.push(fact);
                let count = all.iter().filter(|f| same(f, fact)).count() as u64;
                out.raise(finding(view, fact, count));
            }
        }
    }
}

fn same(a: &SeenFact, b: &SeenFact) -> bool {
    ["program", "version", "procedure", "code"]
        .iter()
        .all(|k| a.int(k) == b.int(k))
}

fn finding(view: &View<'_>, fact: &SeenFact, count: u64) -> Finding {
    let code = fact.int("code").unwrap_or(0);
    let (side, why) = match code {
        4 => (Side::Client, "the server could not read the arguments"),
        5 => (
            Side::Server,
            "the server failed by itself, for want of memory or the like",
        ),
        _ => (Side::Server, "a status that nobody defined"),
    };
    let name = match fact.text("accept_stat") {
        "" => format!("accept_stat {code}"),
        name => name.to_owned(),
    };
    let program = program_of(fact);
    let procedure = fact.int("procedure").unwrap_or(0);
    Finding::new(&META, fact.stamp)
        .side(side)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .title(format!("{program} procedure {procedure} answered {name}"))
        .explain(format!(
            "{} answered the call of {program}, procedure {procedure}, with {name} in frame {}: {why}. Seen {}.",
            view.server(),
            fact.stamp.frame,
            times(count),
        ))
        .advise(match side {
            Side::Client => "Compare the call's arguments with the program's definition and the versions of both sides.",
            Side::Server => "Look at the server's log and memory at that time.",
        })
        .number("count", count as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks};

    const RULE: &str = "rpc-server-error";

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn garbage_points_at_the_client_and_a_system_error_at_the_server() {
        for (stat, culprit) in [(4, Culprit::Client), (5, Culprit::Server)] {
            let script = tcp()
                .client(&asks(1, [NFS, 3, 1], &[]))
                .server(&answers(1, stat, &[]))
                .client(&asks(2, [NFS, 3, 1], &[]))
                .server(&answers(2, stat, &[]))
                .close();
            let found = findings(script.frames(), RULE);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].side, culprit);
            assert_eq!(found[0].numbers, [("count", 2.0)]);
        }
    }

    #[test]
    fn an_error_of_the_program_itself_is_not_meant() {
        let script = tcp()
            .client(&asks(1, [NFS, 3, 1], &[]))
            .server(&answers(1, 0, &[5]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = tcp()
            .client(&asks(1, [NFS, 3, 1], &[]))
            .server_lost(&answers(1, 4, &[]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
