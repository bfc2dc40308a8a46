//! `dcerpc-bind-failed`.

use super::dcerpc::{ELSEWHERE, elsewhere, named, with_reason};
use super::unanswered::gave_up;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A DCE/RPC client asked for an association (bind) and did not get it: the server refused with a bind_nak and a
    /// reason, or it never answered.
    ///
    /// ## Why it matters
    /// Without a bind no call can be made. Programs show it as "RPC server unavailable", "protocol error" or a plain
    /// failure to connect.
    ///
    /// ## How it is told
    /// A bind_nak answers a bind; its reason code says why. A bind without an answer is reported when the connection
    /// ended or when it waited longer than an answer may take. Where only one direction was captured, or bytes of the
    /// server are missing, nothing is claimed. A refusal after which the same association was bound all the same is
    /// only noted.
    ///
    /// ## Example
    /// `dce-bind-bad-auth-type`: authentication type 77 is refused with reason 8.
    ///
    /// ## What to do
    /// The reason tells: 1 and 2 are a server short of resources; 4 a client of another protocol version, or one that
    /// calls before it binds; 8 a security provider that the server does not have; 9 a damaged verifier; 0 often an
    /// association group that the server does not know (any more): connect afresh.
    ///
    /// ## References
    /// C706 12.6.4.5; MS-RPCE 2.2.2.5
    pub DcerpcBindFailed = "dcerpc-bind-failed" {
        summary: "Bind refused or not answered",
        severity: Error,
        category: Establishment,
        protocols: ["dcerpc"],
        reference: "C706 section 12.6.4.5; MS-RPCE 2.2.2.5",
    }
}

impl DcerpcBindFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for nak in view.session.facts_named("dcerpc.bind-nak") {
            if nak.is("answers_bind") {
                out.raise(refused(view, nak));
            }
        }
        let mut faults = view.session.facts_named("dcerpc.fault");
        if let Some(fault) = faults.find(|f| f.is("answers_bind")) {
            out.raise(faulted(view, fault));
        }
        for open in &view.session.open {
            if !matches!(open.op.name, "Bind" | "AlterContext") {
                continue;
            }
            let (waited, patience) = (view.waited(open), view.patience(open));
            if view.one_sided() {
                let why = "only one direction of this connection was captured";
                out.cannot_tell(&META, "T3", why);
            } else if elsewhere(view) {
                out.cannot_tell(&META, "T13", ELSEWHERE);
            } else if open.answer_may_be_missing {
                out.cannot_tell(&META, "T4", "bytes are missing where the answer would be");
            } else if view.ending().is_none() && waited < patience && gave_up(view, open).is_none()
            {
                let why = format!("the capture ended {} after the bind", seconds(waited));
                out.cannot_tell(&META, "T2", why);
            } else {
                out.raise(unanswered(view, open, waited));
            }
        }
    }
}

fn refused(view: &View<'_>, nak: &SeenFact) -> Finding {
    let code = nak.int("reason_code").unwrap_or(0);
    let reason = with_reason(nak.text("reason"), code);
    let later = view
        .session
        .phases
        .iter()
        .any(|p| p.stamp > nak.stamp && !p.phase.is_final());
    let side = match code {
        1 | 2 | 7 => Culprit::Server,
        _ => Culprit::Client,
    };
    let mut finding = Finding::new(&META, nak.stamp)
        .side(side)
        .maybe_frame(nak.request, "bind")
        .frame(nak.stamp, "bind-nak")
        .title(format!("Bind refused: {reason}"))
        .explain(format!(
            "The client asked {} for an association with {}; in frame {} the server refused it: {reason}. \
             The server speaks protocol version {}.",
            view.server(),
            interface(view),
            nak.stamp.frame,
            match nak.text("versions") {
                "" => "unknown",
                versions => versions,
            },
        ))
        .advise(match code {
            1 | 2 => "Look at the server's load: connections, memory, its limit on associations.",
            4 => "Client and server differ in the protocol, or the client's first message was no bind.",
            8 => "Use a security provider that the server offers.",
            9 => "Something changes bytes on the way, or the keys of the two ends differ.",
            _ => "Look at the server's log at this moment; a new connection often helps.",
        })
        .number("reason", code as f64);
    if later {
        finding = finding.severity(Severity::Note);
    }
    finding
}

/// A fault where a bind_ack or bind_nak should be: how some servers say that they do not take the message at all.
fn faulted(view: &View<'_>, fault: &SeenFact) -> Finding {
    let status = named(fault);
    Finding::new(&META, fault.stamp)
        .side(Culprit::Client)
        .maybe_frame(fault.request, "bind")
        .frame(fault.stamp, "fault")
        .title(format!("Bind answered with a fault: {status}"))
        .explain(format!(
            "The client asked {} for an association with {}; in frame {} the server answered with the fault {status}.",
            view.server(),
            interface(view),
            fault.stamp.frame,
        ))
        .advise("Compare the bind with what the server takes: its version, its security provider, its length.")
}

fn unanswered(view: &View<'_>, open: &Open, waited: f64) -> Finding {
    let side = match view.acknowledged(open) {
        Some(true) => Culprit::Server,
        Some(false) => Culprit::Network,
        None => Culprit::Unknown,
    };
    Finding::new(&META, open.asked)
        .side(side)
        .frame(open.asked, "bind")
        .maybe_frame(view.ending().map(Ending::stamp).or(gave_up(view, open)), "end")
        .title(format!("{} never answered", open.op))
        .explain(format!(
            "The client asked {} for an association with {} in frame {}; no bind_ack and no bind_nak came in {}.",
            view.server(),
            interface(view),
            open.asked.frame,
            seconds(waited),
        ))
        .advise("Look at the server's program: it has the connection, but does not serve it.")
        .number("waited", waited)
}

fn interface(view: &View<'_>) -> String {
    view.session
        .detail("interface")
        .map_or_else(|| "an interface".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind, bound, fault, nak, pdu, request, response,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "dcerpc-bind-failed";

    fn script() -> Script {
        Script::tcp(CLIENT, SERVER).connect().client(&bind())
    }

    #[test]
    fn a_nak_is_told_with_its_reason() {
        let found = findings(script().server(&nak(8)).close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .title
                .contains("authentication type not recognized")
        );
        assert_eq!(found[0].side, Culprit::Client);
        assert_eq!(found[0].frames[0].role, "bind");
        assert_eq!(found[0].frames[1].role, "bind-nak");
    }

    #[test]
    fn silence_after_a_bind_is_told_only_after_a_while() {
        let closed = script().wait_secs(2.0).close().frames();
        assert_eq!(findings(closed, RULE).len(), 1);
        let short = script().wait_secs(2.0).keepalive(Side::Client);
        assert_eq!(cannot_tell(short.frames(), RULE), ["T2"]);
    }

    #[test]
    fn who_gives_up_and_closes_has_waited_in_vain() {
        let gone = script().wait_secs(14.0).fin(Side::Client);
        let found = findings(gone.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].frames.iter().any(|e| e.role == "end"));
        let at_once = script().fin(Side::Client).frames();
        assert!(findings(at_once.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(at_once, RULE), ["T2"]);
    }

    #[test]
    fn a_fault_instead_of_an_answer_is_told_here() {
        let frames = script().server(&fault(1, 0x1c01_000b)).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.ends_with("nca_s_proto_error (0x1c01000b)"));
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn an_accepted_bind_is_quiet() {
        assert!(loud(bound().close().frames()).is_empty());
    }

    #[test]
    fn an_answer_belongs_to_the_question_of_its_kind() {
        let alter = pdu(14, 3, 1, &bind()[16..]);
        let answered = pdu(15, 3, 1, &ack(0, 0)[16..]);
        let script = script().client(&alter).server(&answered).wait_secs(2.0);
        let found = findings(script.close().frames(), RULE);
        let titles: Vec<_> = found.iter().map(|f| f.title.as_str()).collect();
        assert_eq!(titles, ["Bind never answered"]);
    }

    #[test]
    fn a_bind_that_was_lost_with_the_syn_forbids_verdicts() {
        let whole = Script::tcp(CLIENT, SERVER)
            .connect()
            .client_lost(&bind())
            .server(&ack(0, 0))
            .client(&request(2, 15))
            .server(&response(2, 0));
        let without_syn = whole.close().frames().into_iter().skip(1).collect();
        assert!(loud(without_syn).iter().all(|r| *r == "capture-drops"));
    }

    #[test]
    fn an_answer_that_was_not_captured_forbids_a_verdict() {
        let lost = script()
            .server_lost(&ack(0, 0))
            .client(&request(2, 15))
            .server(&response(2, 0))
            .close();
        let frames = lost.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames.clone(), RULE), ["T4"]);
        // Nor does it when the SYN-ACK was lost with it: the client's own acknowledgement tells where the answer began.
        let mut without = frames;
        without.remove(1);
        assert!(findings(without.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(without, RULE), ["T4"]);
    }
}
