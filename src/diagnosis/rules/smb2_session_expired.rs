//! `smb2-session-expired`.

use crate::diagnosis::smb::{FAILURES, SESSION_EXPIRED, failures};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The user's logon ran out in the middle of the conversation, as a Kerberos ticket does after some hours.
    ///
    /// ## Why it matters
    /// The client must log on anew with the same SessionId and try again what was refused. A client that does not, stands.
    ///
    /// ## How it is told
    /// A request answered with NETWORK_SESSION_EXPIRED. A note when a SESSION_SETUP for the same session succeeds after it;
    /// an error when none does.
    ///
    /// ## Example
    /// A backup that runs longer than its ticket lives.
    ///
    /// ## What to do
    /// See whether the client can get a new ticket at that time: its own logon, the domain controller, the clocks.
    ///
    /// ## References
    /// MS-SMB2 3.2.5.1.6 and 3.3.5.2.9.
    pub Smb2SessionExpired = "smb2-session-expired" {
        summary: "Logon expired in mid-conversation",
        severity: Error,
        category: Authentication,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.2.5.1.6 and 3.3.5.2.9",
    }
}

impl Smb2SessionExpired {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut expired = failures(view, FAILURES, &[SESSION_EXPIRED]);
        let Some(first) = expired.next() else { return };
        let last = expired.last().unwrap_or(first);
        let renewed = view
            .session
            .facts_named("smb.session-renewed")
            .find(|f| f.stamp > first.stamp);
        let wait = view.world.thresholds.least_patience;
        if renewed.is_none() && view.ending().is_none() && view.until_end(last.stamp) < wait {
            out.cannot_tell(
                &META,
                "T2",
                "the capture ends right after the logon expired",
            );
            return;
        }
        let (severity, then) = match renewed {
            Some(fact) => (
                Severity::Note,
                format!("The client logged on anew in frame {}.", fact.stamp.frame),
            ),
            None => (
                Severity::Error,
                "No new logon of this session succeeded after it.".to_owned(),
            ),
        };
        let finding = Finding::new(&META, first.stamp)
            .side(Culprit::Client)
            .severity(severity)
            .maybe_frame(first.request, "request")
            .frame(first.stamp, "expired")
            .maybe_frame(renewed.map(|f| f.stamp), "renewed")
            .title("The logon expired in mid-conversation")
            .explain(format!(
                "The server answered with STATUS_NETWORK_SESSION_EXPIRED in frame {}. {then}",
                first.stamp.frame
            ))
            .advise("See whether the client can renew its ticket: its own logon, the domain controller, the clocks.");
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, no, read, setup, setup_answer};

    const RULE: &str = "smb2-session-expired";
    const EXPIRED: u32 = 0xC000_035C;

    #[test]
    fn an_expired_logon_that_is_not_renewed_is_an_error() {
        let script = at_work().client(&read(3)).server(&no(8, 3, EXPIRED));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn a_renewed_logon_is_a_note() {
        let script = at_work()
            .client(&read(3))
            .server(&no(8, 3, EXPIRED))
            .client(&setup(4, "alice"))
            .server(&setup_answer(4, 0));
        assert_eq!(
            findings(script.close().frames(), RULE)[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn a_lost_answer_is_not_guessed() {
        let script = at_work().client(&read(3)).server_lost(&no(8, 3, EXPIRED));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
