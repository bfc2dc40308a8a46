//! `dcerpc-access-denied`.

use super::dcerpc::{faults, is_denied, named, refuses_logon, returned_failure};
use crate::diagnosis::world::Tries;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server does not let the caller in: a call or a bind was refused for who the caller is, or for how well
    /// the association is protected.
    ///
    /// ## Why it matters
    /// It looks like a missing permission and often is something else: servers demand more and more that calls are
    /// signed or encrypted, and refuse older clients with the same "access denied".
    ///
    /// ## How it is told
    /// A fault with access denied (5, 0x80070005, 0xc0000022), an unsupported authentication level, a failed check of a
    /// verifier or a failed security package; or a bind_nak with reason 8 (authentication type not recognized) or 9
    /// (invalid checksum). A protocol error as the first answer after an auth3 is most likely a refused logon. Also, as
    /// likely, a call that came back in order with "access denied" as its return value: a warning, and an error where
    /// it is a computer's logon at its domain controller. An association without authentication of its own in a pipe runs under the user
    /// of the SMB session, who is named where the capture shows the logon.
    ///
    /// ## Example
    /// `dce-pipe-connect-level`: authentication level "connect", where the server wants packet integrity.
    ///
    /// ## What to do
    /// Compare the level of the association (shown in its details) with what the server demands: raise it to packet
    /// integrity or privacy. If it is high enough, look at the user's rights on this service, at the clock of both
    /// machines and at the trust between their domains.
    ///
    /// ## References
    /// C706 12.6.4.7 and 13; MS-RPCE 2.2.1.1.7, 2.2.1.1.8, 2.2.2.5, 3.3.1.5.2
    pub DcerpcAccessDenied = "dcerpc-access-denied" {
        summary: "Access denied",
        severity: Error,
        category: Authentication,
        protocols: ["dcerpc"],
        reference: "C706 section 13; MS-RPCE 2.2.1.1.8, 2.2.2.5 and 3.3.1.5.2",
    }
}

impl DcerpcAccessDenied {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for faults in faults(view.session, is_denied) {
            let what = format!("{}: {}", faults.operation(), faults.status());
            let finding = finding(view, faults.fact, "request", "fault", &what)
                .maybe_frame(faults.last(), "last-fault")
                .number("status", faults.fact.int("status").unwrap_or(0) as f64)
                .number("count", faults.count as f64);
            out.raise(finding);
        }
        for fact in view.session.facts_named("dcerpc.call-failed") {
            if is_denied(fact.int("status").unwrap_or(0)) {
                out.raise(returned(view, fact));
            }
        }
        let mut all = view.session.facts_named("dcerpc.fault");
        if let Some(fault) = all.find(|f| refuses_logon(f)) {
            out.raise(refused_logon(view, fault));
        }
        for nak in view.session.facts_named("dcerpc.bind-nak") {
            if matches!(nak.int("reason_code"), Some(8 | 9)) {
                let what = format!("the bind: {}", nak.text("reason"));
                // dcerpc-bind-failed tells it: what it means here is a note.
                let finding = finding(view, nak, "bind", "bind-nak", &what);
                out.raise(finding.severity(Severity::Note));
            }
        }
    }
}

/// A call that came back in order, with "access denied" as its return value.
fn returned(view: &View<'_>, fact: &SeenFact) -> Finding {
    let operation = fact.text("operation");
    let code = fact.int("status").unwrap_or(0);
    let failure = returned_failure(view.session, fact);
    let tries = failure.and_then(|f| {
        let protocol = view.session.protocol;
        view.world.tries(protocol, view.flow, f.op, f.status.code)
    });
    let what = format!("{operation}: {}", named(fact));
    // Of all calls this one is a logon: of a computer at its domain controller (MS-NRPC 3.1.4.1).
    let logon = operation.contains("NetrServerAuthenticate");
    let (severity, advice) = if logon {
        (
            Severity::Error,
            "The computer's account and the domain controller do not agree on its password: reset the computer's account, or, \
             where many tries come from one host, look for an attack (CVE-2020-1472).",
        )
    } else {
        (
            Severity::Warning,
            "Look at the user's rights on this service and on what the call names.",
        )
    };
    let base = finding(view, fact, "request", "response", &what);
    let explanation = base.explanation.clone() + &tries.map_or_else(String::new, Tries::told);
    base.likely()
        .severity(severity)
        .maybe_frame(
            failure
                .map(|f| f.last.answered)
                .filter(|l| *l != fact.stamp),
            "last-response",
        )
        .explain(explanation)
        .advise(advice)
        .number("status", code as f64)
        .number("count", failure.map_or(1, |f| f.count) as f64)
        .number("tries", tries.map_or(1, |t| t.count) as f64)
}

/// A fault where the answer to the last leg of the logon would be.
fn refused_logon(view: &View<'_>, fault: &SeenFact) -> Finding {
    Finding::new(&META, fault.stamp)
        .likely()
        .side(Culprit::Client)
        .maybe_frame(fault.request, "request")
        .frame(fault.stamp, "fault")
        .title(format!("Denied: the logon{}", who(view)))
        .explain(format!(
            "The client sent the last leg of its logon{} to {}, an auth3, which has no answer of its own. The first \
             that the server said since is the fault {} in frame {}: most likely it refused the logon.",
            who(view),
            view.server(),
            named(fault),
            fault.stamp.frame,
        ))
        .advise("Check the user's name, password and domain, and the server's log of logons.")
        .number("status", fault.int("status").unwrap_or(0) as f64)
}

/// ` as LAB\ada`, or nothing.
fn who(view: &View<'_>) -> String {
    let detail = |key| view.session.detail(key).map(ToString::to_string);
    match (detail("user"), detail("domain")) {
        (Some(user), Some(domain)) if !domain.is_empty() => format!(" as {domain}\\{user}"),
        (Some(user), _) => format!(" as {user}"),
        _ => String::new(),
    }
}

/// Under whose name a pipe runs: that of the SMB session around it.
fn smb_user(view: &View<'_>) -> String {
    let parent = view.flow.parent(view.session);
    let smb = parent.filter(|s| matches!(s.protocol, "smb" | "smb2"));
    let detail = |key| smb?.detail(key).map(ToString::to_string);
    match (detail("domain"), detail("user")) {
        (Some(domain), Some(user)) if !domain.is_empty() => {
            format!(": its pipe runs under the SMB user {domain}\\{user}")
        }
        (_, Some(user)) => format!(": its pipe runs under the SMB user {user}"),
        _ => String::new(),
    }
}

fn finding(
    view: &View<'_>,
    fact: &SeenFact,
    asked: &'static str,
    answered: &'static str,
    what: &str,
) -> Finding {
    let detail = |key| view.session.detail(key).map(ToString::to_string);
    let security = match (detail("auth_type"), detail("auth_level")) {
        (Some(kind), Some(level)) => format!("authenticated by {kind} at level \"{level}\""),
        _ => format!("without authentication of its own{}", smb_user(view)),
    };
    let who = who(view);
    let low = matches!(
        detail("auth_level").as_deref(),
        None | Some("none" | "default" | "connect" | "call" | "packet")
    );
    Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .maybe_frame(fact.request, asked)
        .frame(fact.stamp, answered)
        .title(format!("Denied: {what}"))
        .explain(format!(
            "In frame {} {} refused {what}. The association is {security}{who}.",
            fact.stamp.frame,
            view.server(),
        ))
        .advise(if low {
            "Raise the client's authentication level to packet integrity or privacy; if that is not it, look at the user's rights."
        } else {
            "Look at the user's rights on this service, at both clocks and at the trust between the domains."
        })
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::dcerpc::{
        CLIENT, SERVER, ack, bind, bound, fault, nak, pdu, request, response,
    };
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::smb::testing::{at_work_on, create, opened, read, smb2};
    use crate::diagnosis::{Certainty, Severity};

    const RULE: &str = "dcerpc-access-denied";

    #[test]
    fn a_denied_call_is_told_with_the_level() {
        let script = bound().client(&request(2, 15)).server(&fault(2, 5));
        let frames = script.close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].title,
            "Denied: srvsvc NetrShareEnum: ERROR_ACCESS_DENIED (5)"
        );
        assert!(found[0].explanation.contains("without authentication"));
        assert!(findings(frames, "dcerpc-fault").is_empty());
    }

    #[test]
    fn an_unknown_authentication_type_is_told() {
        let script = Script::tcp(CLIENT, SERVER).connect().client(&bind());
        let found = findings(script.server(&nak(8)).close().frames(), RULE);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_protocol_error_behind_an_auth3_is_a_refused_logon() {
        let auth3 = || bound().client(&pdu(16, 3, 1, &[0; 4]));
        let script = auth3().client(&request(2, 15));
        let frames = script.server(&fault(2, 0x1c01_000b)).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert_eq!(loud(frames), [RULE]);
        // Once something was answered in order, the logon had been accepted.
        let worked = auth3().client(&request(2, 15)).server(&response(2, 0));
        let script = worked
            .client(&request(3, 15))
            .server(&fault(3, 0x1c01_000b));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_call_that_returns_access_denied_is_a_likely_warning() {
        let script = bound().client(&request(2, 15)).server(&response(2, 5));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].certainty),
            (Severity::Warning, Certainty::Likely)
        );
        assert!(!found[0].explanation.contains("It is one of"));
    }

    #[test]
    fn in_a_pipe_the_user_of_smb_is_named() {
        let write = |id, pdu: &[u8]| {
            let mut body = vec![0; 48];
            body[..8].copy_from_slice(&[49, 0, 112, 0, pdu.len() as u8, 0, 0, 0]);
            body[16] = 9;
            body.extend(pdu);
            smb2(9, id, None, &body)
        };
        let written = |id| smb2(9, id, Some(0), &[&[17, 0][..], &[0; 14]].concat());
        let answer = |id, pdu: &[u8]| {
            let mut body = vec![17, 0, 80, 0, pdu.len() as u8];
            body.resize(16, 0);
            body.extend(pdu);
            smb2(8, id, Some(0), &body)
        };
        let say = |script: Script, id, pdu: &[u8], answered: &[u8]| {
            let script = script.client(&write(id, pdu)).server(&written(id));
            script
                .client(&read(id + 1))
                .server(&answer(id + 1, answered))
        };
        let script = at_work_on(2)
            .client(&create(3, "srvsvc"))
            .server(&opened(3, 9));
        let script = say(script, 4, &bind(), &ack(0, 0));
        let script = say(script, 6, &request(2, 15), &response(2, 5));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        let told = "its pipe runs under the SMB user alice";
        assert!(found[0].explanation.contains(told), "{found:?}");
    }

    #[test]
    fn many_tries_are_counted_over_all_connections() {
        let scripts = (0..6).map(|n| {
            Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), SERVER)
                .connect()
                .client(&bind())
                .server(&ack(0, 0))
                .client(&request(2, 15))
                .server(&response(2, 5))
                .close()
        });
        let last = Script::tcp("10.0.0.1:41000", SERVER)
            .wait_secs(9.0)
            .connect()
            .client(&bind())
            .server(&ack(0, 0))
            .client(&request(2, 15))
            .server(&response(2, 0))
            .close();
        let found = findings(Script::merge(scripts.chain([last])), RULE);
        assert_eq!(found.len(), 6);
        assert!(found[0].explanation.contains("was granted then"));
        assert!(
            found[0].explanation.contains("one of 6 such refusals"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn other_faults_and_lost_ones_are_not_denials() {
        let other = bound().client(&request(2, 15)).server(&fault(2, 0x6f7));
        assert!(findings(other.close().frames(), RULE).is_empty());
        let lost = bound().client(&request(2, 15)).server_lost(&fault(2, 5));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
