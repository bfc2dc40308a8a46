//! `dcerpc-cancelled-or-orphaned`.

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, counted, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A call was given up by its own client: cancelled (the server is asked to stop) or orphaned (the client no
    /// longer wants the answer). Or the server asked the client to end the connection (shutdown) with calls open.
    ///
    /// ## Why it matters
    /// Clients give up when they have waited too long, when the user aborts, or when the program ends. The server may
    /// have done the work all the same, and what it holds for the call may stay.
    ///
    /// ## How it is told
    /// By the PDUs co_cancel, orphaned and shutdown. A cancelled call that was answered all the same, and a shutdown
    /// with nothing open, are only noted. Calls that wait for an event by design (the witness, remote event logs) are
    /// ended in this way as a matter of course, and left out; a call whose interface is unknown, since the capture
    /// began too late, may be one of these, and is noted.
    ///
    /// ## Example
    /// `dce-co-cancel`: a call is sent and cancelled at once. `dce-orphaned`: the same with orphaned.
    ///
    /// ## What to do
    /// Look at how long the client waited before it gave up, and why the server took so long.
    ///
    /// ## References
    /// C706 12.6.4.6 (cancel), 12.6.4.8 (orphaned), 12.6.4.11 (shutdown)
    pub DcerpcCancelledOrOrphaned = "dcerpc-cancelled-or-orphaned" {
        summary: "Call cancelled or orphaned",
        severity: Warning,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "C706 sections 12.6.4.6, 12.6.4.8 and 12.6.4.11",
    }
}

impl DcerpcCancelledOrOrphaned {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        for fact in session.facts_named("dcerpc.cancelled") {
            if fact.is("open") && !fact.is("long_wait") {
                let answered = !session.open.iter().any(|o| Some(o.asked) == fact.request);
                out.raise(given_up(fact, "cancelled", "cancel", answered));
            }
        }
        for fact in session.facts_named("dcerpc.orphaned") {
            if fact.is("open") && !fact.is("long_wait") {
                out.raise(given_up(fact, "orphaned", "orphaned", false));
            }
        }
        for fact in session.facts_named("dcerpc.shutdown") {
            out.raise(shutdown(view, fact));
        }
    }
}

fn given_up(fact: &SeenFact, word: &str, role: &'static str, answered: bool) -> Finding {
    let call = fact.int("call").unwrap_or(0);
    let operation = fact.text("operation");
    let waited = fact.request.map_or(0.0, |r| fact.stamp.time.since(r.time));
    let end = if answered {
        " The call was answered all the same."
    } else {
        ""
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(fact.side)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, role)
        .title(format!("Call {call} ({operation}) was {word} by its client"))
        .explain(format!(
            "The client gave up call {call}, {operation}, in frame {}, {} after asking.{end}",
            fact.stamp.frame,
            crate::diagnosis::seconds(waited),
        ))
        .advise("Look at how long the client is willing to wait, and at what the server did in this time.")
        .number("call", call as f64)
        .number("waited", waited);
    if answered || operation.starts_with("unknown interface") {
        return finding.severity(Severity::Note);
    }
    finding
}

fn shutdown(view: &View<'_>, fact: &SeenFact) -> Finding {
    let open_calls = fact.int("open_calls").unwrap_or(0);
    let open = counted(open_calls.unsigned_abs(), "call");
    let finding = Finding::new(&META, fact.stamp)
        .side(Culprit::Server)
        .frame(fact.stamp, "shutdown")
        .title(format!(
            "The server shut the association down with {open} open"
        ))
        .explain(format!(
            "In frame {} {} asked the client to end the connection while {open} had no answer.",
            fact.stamp.frame,
            view.server(),
        ))
        .advise("Look at why the server ends: a restart of the service, a limit, an idle time-out.")
        .number("open_calls", open_calls as f64);
    if open_calls == 0 {
        return finding.severity(Severity::Note);
    }
    finding
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::dcerpc::{bound, bound_to_witness, pdu, request, response};
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "dcerpc-cancelled-or-orphaned";
    const CANCEL: u8 = 18;
    const ORPHANED: u8 = 19;

    #[test]
    fn a_cancel_is_told_and_weighs_less_when_the_answer_came() {
        let script = || {
            bound()
                .client(&request(2, 15))
                .client(&pdu(CANCEL, 3, 2, &[]))
        };
        let found = findings(script().close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].frames[0].role, "request");
        let answered = script().server(&response(2, 0)).close();
        assert_eq!(
            findings(answered.frames(), RULE)[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn orphaned_and_shutdown_are_told() {
        let script = bound()
            .client(&request(2, 15))
            .client(&pdu(ORPHANED, 3, 2, &[]));
        assert_eq!(findings(script.close().frames(), RULE).len(), 1);
        let script = bound().client(&request(2, 15)).server(&pdu(17, 3, 0, &[]));
        let found = findings(script.close().frames(), RULE);
        assert!(found[0].title.contains("with 1 call open"));
    }

    #[test]
    fn the_end_of_a_wait_by_design_is_ordinary() {
        let script = bound_to_witness()
            .client(&request(2, 3))
            .wait_secs(100.0)
            .client(&pdu(ORPHANED, 3, 2, &[]));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_cancel_of_a_call_that_was_not_captured_is_not_told() {
        let script = bound()
            .client_lost(&request(2, 15))
            .client(&pdu(CANCEL, 3, 2, &[]));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
