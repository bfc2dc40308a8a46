//! `dcerpc-context-rejected`.

use colloquy_dissectors::event::Phase;

use super::dcerpc::with_reason;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::{PhaseChange, SeenFact};

declare_rule! {
    /// ## What it means
    /// The server answered a bind or an alter_context, and accepted nothing of it: no presentation context that the
    /// client proposed can be used.
    ///
    /// ## Why it matters
    /// The association exists, but no call can be made on it. Programs report "unknown interface" or "protocol
    /// error", and administrators look for a network problem that is not there.
    ///
    /// ## How it is told
    /// Each proposed context has a result in the bind_ack. Reported when none was accepted. A rejected item beside
    /// an accepted one is how the two ends agree (NDR64 refused beside NDR, bind-time features), and quiet.
    ///
    /// ## Example
    /// `dce-bind-ndr64-only`: a client that offers only NDR64 to a server that has only NDR.
    ///
    /// ## What to do
    /// "Abstract syntax not supported": the interface is not served at this port or pipe in this version; look
    /// whether the service runs, and ask the endpoint mapper again. "Proposed transfer syntaxes not supported": let
    /// the client offer NDR too. "Local limit exceeded": the server has no room for more contexts.
    ///
    /// ## References
    /// C706 12.6.4.4 (p_result_list_t); MS-RPCE 2.2.2.4, 3.3.1.5.3
    pub DcerpcContextRejected = "dcerpc-context-rejected" {
        summary: "No presentation context accepted",
        severity: Error,
        category: Establishment,
        protocols: ["dcerpc"],
        reference: "C706 section 12.6.4.4; MS-RPCE 3.3.1.5.3",
    }
}

impl DcerpcContextRejected {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        for fact in session.facts_named("dcerpc.context-rejected") {
            // What was accepted afterwards was only proposed in another way first.
            let later = |p: &PhaseChange| p.phase == Phase::Open && p.stamp > fact.stamp;
            if fact.int("accepted") == Some(0) && !session.phases.iter().any(later) {
                out.raise(finding(view, fact));
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let interface = format!("{} {}", fact.text("interface"), fact.text("version"));
    let reason = match fact.text("reason") {
        "" => fact.text("result").to_owned(),
        reason => with_reason(reason, fact.int("reason_code").unwrap_or(0)),
    };
    let (asked, answered) = if fact.is("alter") {
        ("alter-context", "alter-context-resp")
    } else {
        ("bind", "bind-ack")
    };
    let local_limit = fact.int("reason_code") == Some(3);
    let side = if local_limit {
        Culprit::Server
    } else {
        Culprit::Client
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(side)
        .maybe_frame(fact.request, asked)
        .frame(fact.stamp, answered)
        .title(format!("{interface} rejected: {reason}"))
        .explain(format!(
            "The client proposed {interface} with {} to {}; in frame {} the server rejected it, and accepted nothing \
             else of the proposal: {reason}.",
            fact.text("transfer"),
            view.server(),
            fact.stamp.frame,
        ))
        .advise(match fact.int("reason_code") {
            Some(1) => "Look whether the service that offers this interface runs, and whether this is its port or pipe.",
            Some(2) => "Let the client offer a transfer syntax that the server has: NDR is always there.",
            Some(3) => "Look at the server's load and limits.",
            _ => "Look at the server's log at this moment.",
        })
        .number("reason", fact.int("reason_code").unwrap_or(0) as f64);
    // What works goes on working after a refused alter_context.
    if fact.is("alter") {
        return finding.severity(Severity::Warning);
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind, bound, request, response,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "dcerpc-context-rejected";

    fn script() -> Script {
        Script::tcp(CLIENT, SERVER).connect()
    }

    #[test]
    fn a_bind_of_which_nothing_was_accepted_is_told() {
        let frames = script().client(&bind()).server(&ack(2, 1)).close().frames();
        let found = findings(frames, RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].title,
            "srvsvc 3.0 rejected: abstract syntax not supported (reason 1)"
        );
        assert_eq!(found[0].frames.len(), 2);
    }

    #[test]
    fn a_second_bind_that_is_accepted_makes_it_good() {
        let frames = script()
            .client(&bind())
            .server(&ack(2, 2))
            .client(&bind())
            .server(&ack(0, 0))
            .client(&request(2, 15))
            .server(&response(2, 0));
        assert!(loud(frames.close().frames()).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_is_no_rejection() {
        let frames = script().client(&bind()).server_lost(&ack(2, 1)).close();
        assert!(findings(frames.frames(), RULE).is_empty());
        assert!(findings(bound().close().frames(), RULE).is_empty());
    }
}
