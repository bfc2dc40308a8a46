//! `dcerpc-call-failed`.

use super::dcerpc::{is_denied, named, returned_failure};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A call came back in order, and what it returned is an error: the service could not or would not do what was
    /// asked.
    ///
    /// ## Why it matters
    /// DCE/RPC itself sees a success. The reason why a program fails is often only in the return value.
    ///
    /// ## How it is told
    /// The last four bytes of a response are its return value, where the operation is known to return a Win32 error,
    /// an NTSTATUS or an HRESULT, and the response is not encrypted. "More data", "buffer too small" and the like are
    /// no failures, nor is a number that is no status of that kind (a Win32 error beyond 16 bits, a facility that nobody
    /// has), and "access denied" is told by `dcerpc-access-denied`. One finding an operation and status. Since
    /// only the service knows whether the caller counted on it, it is a note.
    ///
    /// ## Example
    /// The registry's `BaseRegOpenKey` that returns ERROR_FILE_NOT_FOUND: there is no such key.
    ///
    /// ## What to do
    /// Look the status up with the operation in its protocol document; look at names and rights in the request.
    ///
    /// ## References
    /// MS-ERREF; the protocol document of the interface (MS-SRVS, MS-SAMR, MS-NRPC and others)
    pub DcerpcCallFailed = "dcerpc-call-failed" {
        summary: "The call returned an error",
        severity: Note,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "MS-ERREF section 2",
    }
}

impl DcerpcCallFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let denied = |f: &&SeenFact| is_denied(f.int("status").unwrap_or(0));
        for fact in view.session.facts_named("dcerpc.call-failed") {
            if !denied(&fact) {
                out.raise(finding(view, fact));
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let operation = fact.text("operation");
    let code = fact.int("status").unwrap_or(0);
    let failure = returned_failure(view.session, fact);
    let count = failure.map_or(1, |f| f.count);
    let last = failure.map(|f| f.last.answered);
    let times = match count {
        0 | 1 => String::new(),
        count => format!(", {count} times in this session"),
    };
    Finding::new(&META, fact.stamp)
        .likely()
        .side(Culprit::Unknown)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "response")
        .maybe_frame(last.filter(|l| *l != fact.stamp), "last-response")
        .title(format!("{operation} returned {}", named(fact)))
        .explain(format!(
            "{operation} came back from {} in frame {} with {}{times}.",
            view.server(),
            fact.stamp.frame,
            named(fact),
        ))
        .advise("Look the status up in the document of the interface; look at the names and rights in the request.")
        .number("status", code as f64)
        .number("count", count as f64)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::dcerpc::{bound, call_body, pdu, request, response};
    use crate::diagnosis::rules::bench::{findings, loud, outcome};

    const RULE: &str = "dcerpc-call-failed";

    #[test]
    fn return_values_are_told_once_an_operation_and_status() {
        let script = bound()
            .client(&request(2, 15))
            .server(&response(2, 87))
            .client(&request(3, 15))
            .server(&response(3, 87));
        let frames = script.close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].title,
            "srvsvc NetrShareEnum returned ERROR_INVALID_PARAMETER (87)"
        );
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].numbers.contains(&("count", 2.0)));
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn a_call_for_more_is_no_failure_and_no_access_is_for_another_rule() {
        for status in [0, 5, 122, 234] {
            let script = bound().client(&request(2, 15)).server(&response(2, status));
            assert!(findings(script.close().frames(), RULE).is_empty());
        }
    }

    #[test]
    fn what_is_no_status_is_not_taken_for_one() {
        let pattern = pdu(2, 3, 2, &call_body(0, 0, &[b'r'; 44]));
        let script = bound().client(&request(2, 15)).server(&pattern);
        let frames = script.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        let failed: u64 = outcome(frames)
            .sessions()
            .map(|r| r.session.requests.failed)
            .sum();
        assert_eq!(failed, 0);
    }

    #[test]
    fn a_response_with_a_hole_has_no_return_value() {
        let answer = response(2, 5);
        let script = bound()
            .client(&request(2, 15))
            .server(&answer[..30])
            .server_lost(&answer[30..]);
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
