//! `rpc-program-not-registered`.

use super::rpc::{is_optional, program_of};
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// A client asked the port mapper where a program listens, and the port mapper knows no such program: port 0, or
    /// an empty address.
    ///
    /// ## Why it matters
    /// The client has nowhere to connect to. `mount` says "RPC: Program not registered" and gives up.
    ///
    /// ## How it is told
    /// The answer to GETPORT holds port 0, or the answer to GETADDR is empty. Where the same program was found by
    /// another version or transport in the same conversation, the client was only trying, and it is a note; so it is
    /// for programs that clients do without (NFSACL, rquota).
    ///
    /// ## Example
    /// `rpc-not-registered`: rpcbind answers GETADDR of program 100099 with nothing.
    ///
    /// ## What to do
    /// Start the service on the server, or look why it did not register: `rpcinfo -p SERVER` lists what is there. A
    /// service that was started before rpcbind, or outlived its restart, has to register again.
    ///
    /// ## References
    /// RFC 1833 section 3.2 (PMAPPROC_GETPORT) and section 2.2.1 (RPCBPROC_GETADDR).
    pub RpcProgramNotRegistered = "rpc-program-not-registered" {
        summary: "Program not registered",
        severity: Error,
        category: Establishment,
        protocols: ["portmap"],
        reference: "RFC 1833 sections 2.2.1 and 3.2",
    }
}

impl RpcProgramNotRegistered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let all: Vec<_> = view.session.facts_named("portmap.answer").collect();
        let mut told: Vec<&SeenFact> = Vec::new();
        for fact in all.iter().filter(|f| is_absent(f)) {
            let same = |t: &&SeenFact| {
                ["program", "version"]
                    .iter()
                    .all(|k| t.int(k) == fact.int(k))
                    && t.text("protocol") == fact.text("protocol")
            };
            if told.iter().any(same) {
                continue;
            }
            told.push(fact);
            let found_otherwise = all
                .iter()
                .any(|f| !is_absent(f) && f.int("program") == fact.int("program"));
            let severity = if found_otherwise || is_optional(fact) {
                Severity::Note
            } else {
                Severity::Error
            };
            out.raise(finding(view, fact, found_otherwise).severity(severity));
        }
    }
}

fn is_absent(fact: &SeenFact) -> bool {
    fact.int("port") == Some(0) && fact.text("address").is_empty()
}

fn finding(view: &View<'_>, fact: &SeenFact, found_otherwise: bool) -> Finding {
    let program = program_of(fact);
    let over = match fact.text("protocol") {
        "" => String::new(),
        netid => format!(" over {netid}"),
    };
    let otherwise = if found_otherwise {
        " The same program was found by another version or transport."
    } else {
        ""
    };
    Finding::new(&META, fact.stamp)
        .side(Side::Server)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "answer")
        .title(format!("{program}{over} is not registered"))
        .explain(format!(
            "The client asked the port mapper at {} where {program}{over} listens; it answered in frame {} that no \
             such program is registered.{otherwise}",
            view.server(),
            fact.stamp.frame,
        ))
        .advise("Start the service on the server or let it register again; `rpcinfo -p` lists what is registered.")
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::rules::bench_rpc::{NFS, PORTMAP, call, reply, words};

    fn getport(xid: u32, program: u32, version: u32) -> Vec<u8> {
        call(xid, [PORTMAP, 2, 3], &words(&[program, version, 17, 0]))
    }

    fn udp() -> Script {
        Script::udp("10.0.0.1:700", "10.0.0.2:111")
    }

    #[test]
    fn port_0_is_told_with_call_and_answer() {
        let script = udp()
            .client(&getport(1, 100_099, 1))
            .server(&reply(1, 0, &[0]));
        let found = findings(script.frames(), "rpc-program-not-registered");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        let frames: Vec<_> = found[0].frames.iter().map(|e| (e.frame, e.role)).collect();
        assert_eq!(frames, [(1, "request"), (2, "answer")]);
        assert!(found[0].title.contains("100099"));
    }

    #[test]
    fn a_port_is_no_finding_and_a_version_tried_first_is_a_note() {
        let script = udp()
            .client(&getport(1, NFS, 4))
            .server(&reply(1, 0, &[0]))
            .client(&getport(2, NFS, 3))
            .server(&reply(2, 0, &[2049]));
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn without_the_answer_nothing_is_claimed() {
        let script = udp().client(&getport(1, 100_099, 1));
        assert!(findings(script.frames(), "rpc-program-not-registered").is_empty());
    }
}
