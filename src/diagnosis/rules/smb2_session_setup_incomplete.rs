//! `smb2-session-setup-incomplete`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::Side;

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
    /// client has been silent for longer than an answer may take.
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
            && last.part == Part::Reply
            && asked.is_some_and(|m| m.op.name.starts_with("SESSION_SETUP"));
        if !half_done {
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

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, negotiated, setup, setup_answer, to};

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
