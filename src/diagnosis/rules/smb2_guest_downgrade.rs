//! `smb2-guest-downgrade`.

use crate::diagnosis::smb::{ACCESS, FAILURES, failures};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The client logged on with a user's name, and the server let it in as a guest.
    ///
    /// ## Why it matters
    /// Nothing says so: the share opens, or it is denied although the password was right. A guest has few rights, cannot
    /// sign or encrypt, and Windows 10 and later refuse such sessions.
    ///
    /// ## How it is told
    /// A successful SESSION_SETUP with SMB2_SESSION_FLAG_IS_GUEST (SMB1: the action bit "logged in as guest") to a client
    /// that named a user other than the guest account. A logon without a name (a null session) asked for nothing else and
    /// is left out. It is a note as long as the guest was denied nothing.
    ///
    /// ## Example
    /// Samba with `map to guest = Bad User`: a mistyped user name becomes a guest, and the files cannot be written.
    ///
    /// ## What to do
    /// Check the user's name and domain against what the server knows, and switch the mapping to guests off there.
    ///
    /// ## References
    /// MS-SMB2 2.2.6 and 3.2.5.3; MS-CIFS 2.2.4.53.2.
    pub Smb2GuestDowngrade = "smb2-guest-downgrade" {
        summary: "Logged on as a guest instead of the user",
        severity: Warning,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 2.2.6 and 3.2.5.3; MS-CIFS 2.2.4.53.2",
    }
}

impl Smb2GuestDowngrade {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut told: Vec<&str> = Vec::new();
        for fact in view.session.facts_named("smb.logged-on") {
            let user = fact.text("user");
            let named = !user.is_empty() && !user.eq_ignore_ascii_case("guest");
            if !fact.is("guest") || !named || told.contains(&user) {
                continue;
            }
            told.push(user);
            let denied = failures(view, FAILURES, ACCESS).find(|f| f.stamp > fact.stamp);
            let severity = denied.map_or(Severity::Note, |_| META.severity);
            let finding = Finding::new(&META, fact.stamp)
                .severity(severity)
                .side(Culprit::Server)
                .maybe_frame(fact.request, "request")
                .frame(fact.stamp, "answer")
                .maybe_frame(denied.map(|f| f.stamp), "denied")
                .title(format!("{user} was let in as a guest"))
                .explain(format!(
                    "The client logged on as {user}; in frame {} the server granted it as a guest: \
                     it does not know that name or password.",
                    fact.stamp.frame
                ))
                .advise("Check the name and its domain at the server, and switch off its mapping of unknown users to guests.");
            out.raise(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{create, negotiated, no, setup, setup_answer, smb2, to};

    const RULE: &str = "smb2-guest-downgrade";

    fn asked(user: &str) -> Script {
        negotiated(to(445)).client(&setup(1, user))
    }

    /// A successful answer to SESSION_SETUP with these SessionFlags.
    fn granted(flags: u8) -> Vec<u8> {
        smb2(1, 1, Some(0), &[9, 0, flags, 0, 72, 0, 0, 0])
    }

    #[test]
    fn a_user_who_becomes_a_guest_is_told() {
        let found = findings(asked("ada").server(&granted(1)).close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.starts_with("ada"), "{found:?}");
        assert_eq!(found[0].severity, Severity::Note);
        let denied = asked("ada")
            .server(&granted(1))
            .client(&create(2, "a.txt"))
            .server(&no(5, 2, 0xC000_0022));
        let found = findings(denied.close().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].frames.last().unwrap().role, "denied");
    }

    #[test]
    fn users_guests_by_name_and_null_sessions_are_quiet() {
        let user = asked("ada").server(&granted(0));
        assert!(findings(user.close().frames(), RULE).is_empty());
        let guest = asked("Guest").server(&granted(1));
        assert!(findings(guest.close().frames(), RULE).is_empty());
        let nobody = asked("").server(&granted(2));
        assert!(findings(nobody.close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_tells_nothing() {
        let lost = asked("ada").server_lost(&granted(1)).wait_secs(1.0);
        assert!(findings(lost.close().frames(), RULE).is_empty());
        let refused = asked("ada").server(&setup_answer(1, 0xC000_006D));
        assert!(findings(refused.close().frames(), RULE).is_empty());
    }
}
