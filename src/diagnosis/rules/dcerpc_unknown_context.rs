//! `dcerpc-unknown-context`.

use super::dcerpc::{ELSEWHERE, elsewhere};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A call was made on a presentation context that was never agreed: not offered in any bind or alter_context,
    /// rejected by the server, or without any bind at all.
    ///
    /// ## Why it matters
    /// The server can't know what is called. It answers with a fault or a bind_nak, or hangs up.
    ///
    /// ## How it is told
    /// The contexts of each bind and alter_context are remembered with the server's answers. Told only when the
    /// association was seen from its beginning, with no byte of the client missing.
    ///
    /// ## Example
    /// `dce-fault-bad-context`: a call on context 9, where only 0 was negotiated. `dce-request-before-bind`.
    ///
    /// ## What to do
    /// It is a fault of the client's program or its RPC library: it must bind first, and look at the results of the
    /// bind before it calls.
    ///
    /// ## References
    /// C706 12.6.4.9 (p_cont_id), 12.6.4.4
    pub DcerpcUnknownContext = "dcerpc-unknown-context" {
        summary: "Call on a context that was not agreed",
        severity: Warning,
        category: Dialogue,
        protocols: ["dcerpc"],
        reference: "C706 sections 12.6.4.9 and 12.6.4.4",
    }
}

impl DcerpcUnknownContext {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut told: Vec<Option<i64>> = Vec::new();
        for fact in view.session.facts_named("dcerpc.unknown-context") {
            if fact.text("why") != "rejected" && elsewhere(view) {
                out.cannot_tell(&META, "T13", ELSEWHERE);
                continue;
            }
            // Once a context: a client that does it does it with every call.
            let context = fact.int("context");
            if !told.contains(&context) {
                told.push(context);
                out.raise(finding(view, fact));
            }
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact) -> Finding {
    let session = view.session;
    let context = fact.int("context").unwrap_or(0);
    let same = |name: &str| {
        session
            .facts_named(name)
            .find(|f| f.request.is_some() && f.request == fact.request)
            .map(|f| f.stamp)
    };
    let rejected = session
        .facts_named("dcerpc.context-rejected")
        .find(|f| f.int("context") == Some(context));
    let calls = session
        .facts_named("dcerpc.unknown-context")
        .filter(|f| f.int("context") == Some(context))
        .count();
    let why = match (fact.text("why"), fact.text("reason")) {
        ("rejected", "") => "which the server had rejected".to_owned(),
        ("rejected", reason) => format!("which the server had rejected: {reason}"),
        ("no bind", _) => "before any bind".to_owned(),
        _ => "which no bind or alter_context had offered".to_owned(),
    };
    Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .maybe_frame(rejected.map(|f| f.stamp), "rejection")
        .frame(fact.stamp, "request")
        .maybe_frame(same("dcerpc.fault"), "fault")
        .maybe_frame(same("dcerpc.bind-nak"), "bind-nak")
        .title(format!("Call on context {context}, {why}"))
        .explain(format!(
            "In frame {} the client made a call on presentation context {context}, {why}. The server can't tell what \
             is called.",
            fact.stamp.frame,
        ))
        .advise("Mend the client: bind first, read the results of the bind, and call on an accepted context only.")
        .number("context", context as f64)
        .number("calls", calls as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind, bound, fault, nak, request, request_on, response,
    };
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "dcerpc-unknown-context";

    #[test]
    fn a_context_that_nobody_offered_is_told_with_its_fault() {
        let script = bound()
            .client(&request_on(9, 2))
            .server(&fault(2, 0x1c01_0003));
        let frames = script.close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        let roles = found[0].frames.iter().map(|f| f.role).collect::<Vec<_>>();
        assert_eq!(roles, ["request", "fault"]);
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn a_call_before_the_bind_or_after_a_rejection_is_told() {
        let script = || Script::tcp(CLIENT, SERVER).connect();
        let before = script().client(&request(1, 15)).server(&nak(4)).close();
        assert_eq!(loud(before.frames()), [RULE]);
        let rejected = script()
            .client(&bind())
            .server(&ack(2, 1))
            .client(&request(2, 15));
        let found = findings(rejected.close().frames(), RULE);
        assert_eq!(found[0].frames[0].role, "rejection");
    }

    #[test]
    fn an_agreed_context_is_quiet() {
        let script = bound().client(&request(2, 15)).server(&response(2, 0));
        assert!(loud(script.close().frames()).is_empty());
    }

    #[test]
    fn an_alter_context_may_have_been_lost() {
        let script = bound()
            .client_lost(&[5; 72])
            .client(&request_on(9, 2))
            .server(&response(2, 0));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
