//! `dcerpc-fragments-broken`.

use super::dcerpc::{ELSEWHERE, OUT_OF_STEP, elsewhere};
use crate::diagnosis::{Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A call or an answer that was sent in several fragments does not fit together: its last fragment never came,
    /// it has two first ones, or it goes on without having begun.
    ///
    /// ## Why it matters
    /// The receiver can't put the message together. It waits, answers with a protocol error, or hangs up; some
    /// receivers mix two calls. Tools that hide calls from inspection do it on purpose.
    ///
    /// ## How it is told
    /// Every fragment says whether it is the first, the last, both or neither; the call id holds them together. The
    /// chain is checked for each call and direction. Where bytes of the sender were not captured, nothing is claimed;
    /// a chain that is open when the capture ends is reported only after a while of silence.
    ///
    /// ## Example
    /// A client that dies in the middle of a large call: first fragment, no last one, end of the connection.
    ///
    /// ## What to do
    /// Look at the sender: it is its runtime that cuts messages. If the chain breaks at the end of a connection, look
    /// at what ended it.
    ///
    /// ## References
    /// C706 12.6.2, 12.6.3.1 (PFC_FIRST_FRAG, PFC_LAST_FRAG)
    pub DcerpcFragmentsBroken = "dcerpc-fragments-broken" {
        summary: "Fragments don't fit together",
        severity: Error,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "C706 sections 12.6.2 and 12.6.3.1",
    }
}

impl DcerpcFragmentsBroken {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("dcerpc.fragments-broken") {
            let silence = view.until_end(fact.stamp);
            let unfinished = fact.text("what") == "no last fragment";
            let patience = view.world.thresholds.incomplete;
            if view.lost(fact.side) || view.lost(fact.side.other()) {
                let why = format!("bytes of the {} were not captured", fact.side);
                out.cannot_tell(&META, "T4", why);
            } else if view.out_of_step() {
                out.cannot_tell(&META, "T9", OUT_OF_STEP);
            } else if elsewhere(view) {
                out.cannot_tell(&META, "T13", ELSEWHERE);
            } else if unfinished && view.ending().is_none() && silence < patience {
                let why = format!("the capture ended {} after a fragment", seconds(silence));
                out.cannot_tell(&META, "T2", why);
            } else {
                out.raise(finding(view, fact));
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let call = fact.int("call").unwrap_or(0);
    let what = fact.text("what");
    let consequence = match what {
        "no last fragment" => {
            "the fragments end without a last one, so the message was never whole"
        }
        "a second first fragment" => {
            "a second first fragment came before the last one of the message before"
        }
        _ => "a fragment came that no first fragment had announced",
    };
    Finding::new(&META, fact.stamp)
        .side(fact.side)
        .maybe_frame(fact.request, "request")
        .frame(fact.began, "fragment")
        .frame(fact.stamp, "fragment")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!("Call {call}: {what}"))
        .explain(format!(
            "In what the {} sent for call {call}, {consequence} (frame {}).",
            fact.side, fact.stamp.frame,
        ))
        .advise("Look at the sender's RPC runtime, or at what ended the connection.")
        .number("call", call as f64)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::dcerpc::{bound, fragment, pdu, request, response};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use colloquy_dissectors::units::Side;

    const RULE: &str = "dcerpc-fragments-broken";

    #[test]
    fn a_second_first_fragment_is_told() {
        let script = bound()
            .client(&fragment(1, 2))
            .client(&fragment(1, 2))
            .client(&fragment(2, 2))
            .server(&response(2, 0));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "Call 2: a second first fragment");
    }

    #[test]
    fn a_chain_without_a_last_fragment_is_told_when_the_connection_ends() {
        let script = bound().client(&fragment(1, 2)).reset(Side::Client);
        assert_eq!(findings(script.frames(), RULE).len(), 1);
        let cut = bound().client(&fragment(1, 2)).frames();
        assert!(findings(cut.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(cut, RULE), ["T2"]);
    }

    #[test]
    fn an_answer_without_its_end_is_the_cause_of_the_wait() {
        let begun = pdu(2, 1, 2, &[0; 40]);
        let script = bound().client(&request(2, 15)).server(&begun);
        let frames = script.wait_secs(31.0).close().frames();
        assert_eq!(findings(frames.clone(), RULE).len(), 1);
        let waits = findings(frames, "request-unanswered");
        assert_eq!(waits[0].severity, Severity::Warning);
        assert!(waits[0].explanation.contains(RULE));
    }

    #[test]
    fn whole_chains_are_quiet_and_so_are_lost_fragments() {
        let whole = bound()
            .client(&fragment(1, 2))
            .client(&fragment(0, 2))
            .client(&fragment(2, 2))
            .server(&response(2, 0));
        assert!(loud(whole.close().frames()).is_empty());
        let lost = bound()
            .client_lost(&fragment(1, 2))
            .client(&fragment(2, 2))
            .server(&response(2, 0));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }

    #[test]
    fn fragments_captured_before_the_request_that_they_answer_are_no_fault() {
        let script = bound()
            .reorder_next(3)
            .client(&request(2, 15))
            .server(&pdu(2, 1, 2, &[0; 40]))
            .server(&pdu(2, 2, 2, &[0; 40]));
        let frames = script.close().frames();
        assert!(loud(frames.clone()).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T9"]);
    }
}
