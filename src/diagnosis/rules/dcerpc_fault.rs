//! `dcerpc-fault`.

use super::dcerpc::{
    FAULT_CANCEL, Faults, faults, is_busy, is_denied, on_unknown_context, refuses_logon,
};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};

/// `nca_s_op_rng_error`: the interface has no such operation.
const OPERATION_RANGE: i64 = 0x1c01_0002;

declare_rule! {
    /// ## What it means
    /// A call was answered with a fault: the server's runtime or program could not carry it out, and says why with a
    /// status.
    ///
    /// ## Why it matters
    /// The caller gets an exception instead of a result. The status often names the cause exactly, where the program
    /// only shows "remote procedure call failed".
    ///
    /// ## How it is told
    /// Each fault PDU carries a status: an `nca_` code, a Win32 error, an HRESULT. One finding an operation and
    /// status. Faults that say "too busy" or "access denied" have rules of their own, and so have calls on a context
    /// that was never agreed; a fault that only answers a cancel is left out. "Operation out of range" for a
    /// documented operation (or one of an interface that was agreed before the capture began) is how newer clients find
    /// out what an older server can do, and only noted.
    ///
    /// ## Example
    /// `dce-fault-op-range`: operation 200 of the endpoint mapper.
    ///
    /// ## What to do
    /// `nca_s_op_rng_error`, `nca_s_unk_if`: client and server differ in their version of the interface.
    /// `RPC_X_BAD_STUB_DATA`: the arguments can't be read; versions differ, or the call is malformed.
    /// `nca_s_fault_context_mismatch`: a handle is used that was closed, or that belongs to a server that was
    /// restarted. Codes above 0x80000000 come from the program itself: look at its log.
    ///
    /// ## References
    /// C706 12.6.4.7 and appendix N; MS-RPCE 2.2.2.9; MS-ERREF
    pub DcerpcFault = "dcerpc-fault" {
        summary: "Call answered with a fault",
        severity: Warning,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "C706 section 12.6.4.7 and appendix N; MS-RPCE 2.2.2.9",
    }
}

impl DcerpcFault {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let others = |status| !is_busy(status) && !is_denied(status);
        for faults in faults(view.session, others) {
            if !on_unknown_context(view.session, faults.fact) {
                out.raise(finding(view, &faults));
            }
        }
    }
}

fn finding(view: &View<'_>, faults: &Faults<'_>) -> Finding {
    let fact = faults.fact;
    let code = fact.int("status").unwrap_or(0);
    let executed = if fact.is("did_not_execute") {
        " The server says that the call was not executed, so it may be repeated safely."
    } else {
        ""
    };
    let (side, advice) = meaning(code);
    let finding = Finding::new(&META, fact.stamp)
        .side(side)
        .maybe_frame(fact.request, "request")
        .frame(fact.stamp, "fault")
        .maybe_frame(faults.last(), "last-fault")
        .title(format!("{}: {}", faults.operation(), faults.status()))
        .explain(format!(
            "{} answered {} with the fault {} in frame {}{}.{executed}",
            view.server(),
            faults.operation(),
            faults.status(),
            fact.stamp.frame,
            faults.times(),
        ))
        .advise(advice)
        .number("status", code as f64)
        .number("count", faults.count as f64);
    if refuses_logon(fact) {
        return finding
            .severity(Severity::Note)
            .also("The cause is told by dcerpc-access-denied.")
            .advise("Look at the logon first.");
    }
    if fact.is("answers_bind") {
        return finding
            .severity(Severity::Note)
            .also("What it means is told by dcerpc-bind-failed.");
    }
    let documented = !faults.operation().contains(" operation ");
    let perhaps = view.began_late() && faults.operation().starts_with("unknown interface");
    if code == OPERATION_RANGE && (documented || perhaps) {
        return finding.severity(Severity::Note);
    }
    finding
}

fn meaning(code: i64) -> (Culprit, &'static str) {
    match code {
        OPERATION_RANGE | 1745 => (
            Culprit::Client,
            "The client's version of the interface is newer than the server's, or the number is wrong.",
        ),
        0x1c01_0003 | 1717 => (
            Culprit::Client,
            "The server does not offer this interface here: look whether its service runs.",
        ),
        0x6f4..=0x6f7 => (
            Culprit::Client,
            "The server can't read the arguments: versions of the interface differ, or the call is malformed.",
        ),
        0x1c00_001a | 6 => (
            Culprit::Client,
            "The handle is closed, or belongs to a server that was restarted: open it again.",
        ),
        0x1c01_000b | 1728 => (
            Culprit::Client,
            "The client broke the protocol: look at its first message of this connection.",
        ),
        FAULT_CANCEL => (
            Culprit::Server,
            "No cancel of the client was seen: look at why the server gave the call up (a time limit, a service that stops).",
        ),
        _ => (
            Culprit::Server,
            "Look at the server's program and its log at this moment.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::dcerpc::{bound, fault, pdu, request, response};
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "dcerpc-fault";

    #[test]
    fn faults_are_told_once_an_operation_and_status() {
        let script = bound()
            .client(&request(2, 200))
            .server(&fault(2, 0x1c01_0002))
            .client(&request(3, 200))
            .server(&fault(3, 0x1c01_0002))
            .client(&request(4, 15))
            .server(&fault(4, 0x6f7));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0].title,
            "srvsvc operation 200: nca_s_op_rng_error (0x1c010002)"
        );
        assert!(found[0].explanation.contains("2 times"));
        assert_eq!(found[0].frames[0].role, "request");
        assert_eq!(
            found[1].title,
            "srvsvc NetrShareEnum: RPC_X_BAD_STUB_DATA (1783)"
        );
    }

    #[test]
    fn a_documented_operation_that_is_missing_is_probing() {
        let script = bound()
            .client(&request(2, 57))
            .server(&fault(2, 0x1c01_0002));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn the_answer_to_a_cancel_is_no_fault() {
        let script = bound()
            .client(&request(2, 15))
            .client(&pdu(18, 3, 2, &[]))
            .server(&fault(2, 0x1c00_000d));
        assert!(findings(script.close().frames(), RULE).is_empty());
        let unasked = bound()
            .client(&request(2, 15))
            .server(&fault(2, 0x1c00_000d));
        assert_eq!(findings(unasked.close().frames(), RULE).len(), 1);
        let unseen = bound()
            .client(&request(2, 15))
            .client_lost(&pdu(18, 3, 2, &[]))
            .wait_ms(10)
            .server(&fault(2, 0x1c00_000d));
        assert!(findings(unseen.close().frames(), RULE).is_empty());
        let healthy = bound().client(&request(2, 15)).server(&response(2, 0));
        assert!(loud(healthy.close().frames()).is_empty());
    }

    #[test]
    fn a_fault_is_told_though_its_request_was_not_captured() {
        let script = bound()
            .client_lost(&request(2, 15))
            .server(&fault(2, 0x6f7));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].frames[0].role, "fault");
    }
}
