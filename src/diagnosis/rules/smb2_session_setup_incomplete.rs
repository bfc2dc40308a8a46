//! `smb2-session-setup-incomplete`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::smb::unseen;
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::Part;

declare_rule! {
    /// ## What it means
    /// The server asked for another leg of the logon (MORE_PROCESSING_REQUIRED), and the client did not send it.
    ///
    /// ## Why it matters
    /// The logon hangs half done. The client often could not get what the next leg needs: a ticket, a password, an answer of its
    /// user.
    ///
    /// ## How it is told
    /// SESSION_SETUP answered with MORE_PROCESSING_REQUIRED is the last word of the session, and the connection ended, or the
    /// client has been silent for longer than an answer may take; or the client logged off instead of answering NTLM's challenge.
    ///
    /// ## Example
    /// A client that is killed between NTLM CHALLENGE and AUTHENTICATE.
    ///
    /// ## What to do
    /// Look at the client: what does it do after the challenge? A prompt for a password may be open.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.5 and 3.2.5.3.
    pub Smb2SessionSetupIncomplete = "smb2-session-setup-incomplete" {
        summary: "Logon not completed",
        severity: Error,
        category: Establishment,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.5 and 3.2.5.3",
    }
}

impl Smb2SessionSetupIncomplete {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        let Some((Side::Server, last)) = session.last_said() else {
            return;
        };
        let asked = session.last_message[Side::Client];
        let half_done = session.entered(Phase::Authenticating).is_some()
            && session.entered(Phase::Open).is_none()
            && session.entered(Phase::Refused).is_none()
            && session.open.is_empty()
            && last.part == Part::Reply;
        if !half_done {
            return;
        }
        if let Some(asked) = asked.filter(|m| m.op.name.starts_with("LOGOFF")) {
            return left(view, asked.stamp, out);
        }
        if asked.is_none_or(|m| !m.op.name.starts_with("SESSION_SETUP")) {
            return;
        }
        let silence = view.until_end(last.stamp);
        let patience = view.world.thresholds.patience(session.protocol, last.op);
        if view.one_sided() || unseen(view, Side::Client) {
            out.cannot_tell(&META, "T4", "bytes of the client are missing");
        } else if view.ending().is_none() && silence < patience {
            out.cannot_tell(
                &META,
                "T2",
                format!("the capture ends {} after the last leg", seconds(silence)),
            );
        } else {
            let finding = Finding::new(&META, last.stamp)
                .side(Culprit::Client)
                .maybe_frame(asked.map(|m| m.stamp), "last-leg")
                .frame(last.stamp, "asks-for-more")
                .maybe_frame(view.ending().map(Ending::stamp), "end")
                .title("The client did not complete its logon")
                .explain(format!(
                    "In frame {} the server asked for another leg of the logon (STATUS_MORE_PROCESSING_REQUIRED), and none came.",
                    last.stamp.frame
                ))
                .advise("Look at what the client does after the challenge: a ticket it cannot get, a prompt that is open.")
                .number("silence", silence);
            out.raise(finding);
        }
    }
}

/// The client logged off instead of answering the server's challenge.
fn left(view: &View<'_>, logoff: Stamp, out: &mut Verdicts) {
    let Some(fact) = view.session.fact("ntlm.challenge-unanswered") else {
        return;
    };
    if view.one_sided() || unseen(view, Side::Client) {
        return out.cannot_tell(&META, "T4", "bytes of the client are missing");
    }
    let silence = logoff.time.since(fact.stamp.time);
    let began = view.session.entered(Phase::Authenticating);
    out.raise(
        Finding::new(&META, logoff)
            .side(Culprit::Client)
            .maybe_frame(began.map(|p| p.stamp), "first-leg")
            .frame(fact.stamp, "asks-for-more")
            .frame(logoff, "logoff")
            .title("The client did not complete its logon")
            .explain(format!(
                "In frame {} the server asked for another leg of the logon (STATUS_MORE_PROCESSING_REQUIRED), and none came: the client \
                 logged off {} later (frame {}).",
                fact.stamp.frame,
                seconds(silence),
                logoff.frame
            ))
            .advise("Look at what the client does after the challenge: a ticket it cannot get, a prompt that is open.")
            .number("silence", silence),
    );
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{
        at_work, negotiated, no, ntlm, setup, setup_answer, setup_answer_of, setup_of, smb2, to,
    };

    const RULE: &str = "smb2-session-setup-incomplete";

    fn challenged() -> Script {
        negotiated(to(445))
            .client(&setup(1, ""))
            .server(&setup_answer(1, 0xC000_0016))
    }

    #[test]
    fn a_challenge_without_an_answer_is_told() {
        let found = findings(challenged().wait_secs(5.0).close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].frames[1].role, "asks-for-more");
    }

    #[test]
    fn a_logoff_is_no_leg() {
        let logged_off = |script: Script, id: u64| {
            let script = script
                .wait_secs(8.0)
                .client(&smb2(2, id, None, &[4, 0, 0, 0]));
            script.server(&no(2, id, 0xC000_0203)).close().frames()
        };
        let challenge = |script: Script| {
            script
                .client(&setup_of(1, &ntlm(1, "", "")))
                .server(&setup_answer_of(1, 0xC000_0016, &ntlm(2, "", "")))
        };
        let found = findings(logged_off(challenge(negotiated(to(445))), 2), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        let roles: Vec<_> = found[0].frames.iter().map(|f| f.role).collect();
        assert_eq!(roles, ["first-leg", "asks-for-more", "logoff"]);
        // A logoff after a logon is the usual end.
        assert!(findings(logged_off(at_work(), 3), RULE).is_empty());
        // The last leg may be missing.
        let lost = challenge(negotiated(to(445))).client_lost(&setup(2, "alice"));
        assert!(findings(logged_off(lost, 3), RULE).is_empty());
    }

    #[test]
    fn completed_and_refused_logons_are_quiet() {
        assert!(findings(at_work().close().frames(), RULE).is_empty());
        let refused = challenged()
            .client(&setup(2, "a"))
            .server(&setup_answer(2, 0xC000_006D));
        assert!(findings(refused.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_leg_that_was_not_captured_cannot_be_told() {
        let lost = challenged().client_lost(&setup(2, "alice")).wait_secs(1.0);
        assert!(findings(lost.close().frames(), RULE).is_empty());
        assert_eq!(
            cannot_tell(challenged().wait_secs(1.0).frames(), RULE),
            ["T2"]
        );
    }
}
