//! `dcerpc-server-busy`.

use super::dcerpc::{faults, is_busy, with_reason};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server refuses work for lack of room: it calls itself too busy, has a limit that is reached, or no memory.
    ///
    /// ## Why it matters
    /// Calls fail that would work at another time. Clients that repeat them at once make it worse.
    ///
    /// ## How it is told
    /// A fault with `nca_s_server_too_busy` or another status of that kind; a bind_nak with reason 1 (temporary
    /// congestion) or 2 (local limit exceeded); a context that is rejected with reason 3 (local limit exceeded).
    ///
    /// ## Example
    /// A service with all its threads in use answers a call with the fault 0x1c010014.
    ///
    /// ## What to do
    /// Look at the server: number of associations and calls at once, threads, memory, and who makes all the calls.
    ///
    /// ## References
    /// C706 12.6.3.1, 12.6.4.5 and appendix N
    pub DcerpcServerBusy = "dcerpc-server-busy" {
        summary: "The server is too busy",
        severity: Error,
        category: Resources,
        protocols: ["dcerpc"],
        reference: "C706 sections 12.6.3.1, 12.6.4.5 and appendix N",
    }
}

impl DcerpcServerBusy {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        for faults in faults(session, is_busy) {
            let what = format!("{} with the fault {}", faults.operation(), faults.status());
            let finding = finding(view, faults.fact, "request", "fault", &what)
                .maybe_frame(faults.last(), "last-fault")
                .number("count", faults.count as f64);
            out.raise(finding);
        }
        for nak in session.facts_named("dcerpc.bind-nak") {
            let code = nak.int("reason_code").unwrap_or(0);
            if matches!(code, 1 | 2) {
                let what = format!("the bind: {}", with_reason(nak.text("reason"), code));
                out.raise(finding(view, nak, "bind", "bind-nak", &what));
            }
        }
        for rejected in session.facts_named("dcerpc.context-rejected") {
            let provider = rejected.text("result") == "provider rejection";
            if provider && rejected.int("reason_code") == Some(3) {
                let what = format!("a context for {}: local limit", rejected.text("interface"));
                out.raise(finding(view, rejected, "bind", "bind-ack", &what));
            }
        }
    }
}

fn finding(
    view: &View<'_>,
    fact: &SeenFact,
    asked: &'static str,
    answered: &'static str,
    what: &str,
) -> Finding {
    Finding::new(&META, fact.stamp)
        .side(Culprit::Server)
        .maybe_frame(fact.request, asked)
        .frame(fact.stamp, answered)
        .title(format!("{} has no room", view.server()))
        .explain(format!(
            "The server refused {what}, in frame {}. It is short of resources, not unwilling.",
            fact.stamp.frame,
        ))
        .advise("Look at the server's load and limits, and at who makes all the calls; repeat later, not at once.")
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind, bound, fault, nak, request,
    };
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "dcerpc-server-busy";

    #[test]
    fn a_busy_server_is_told_by_fault_nak_and_rejection() {
        let script = bound()
            .client(&request(2, 15))
            .server(&fault(2, 0x1c01_0014));
        let frames = script.close().frames();
        assert_eq!(findings(frames.clone(), RULE).len(), 1);
        assert!(findings(frames, "dcerpc-fault").is_empty());
        for answer in [nak(2), nak(1), ack(2, 3)] {
            let script = Script::tcp(CLIENT, SERVER).connect().client(&bind());
            assert_eq!(
                findings(script.server(&answer).close().frames(), RULE).len(),
                1
            );
        }
    }

    #[test]
    fn other_refusals_are_not_for_lack_of_room() {
        let script = bound()
            .client(&request(2, 15))
            .server(&fault(2, 0x1c01_0002));
        assert!(findings(script.close().frames(), RULE).is_empty());
        for answer in [nak(8), ack(2, 1)] {
            let script = Script::tcp(CLIENT, SERVER).connect().client(&bind());
            assert!(findings(script.server(&answer).close().frames(), RULE).is_empty());
        }
    }

    #[test]
    fn a_fault_that_was_not_captured_is_not_told() {
        let script = bound()
            .client(&request(2, 15))
            .server_lost(&fault(2, 0x1c01_0014));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
