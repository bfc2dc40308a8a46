//! `smb-logon-failed`.

use crate::diagnosis::smb::{GONE, Group, RESOURCES, SESSION_EXPIRED, code, group, or};
use crate::diagnosis::world::Tries;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A user's logon to an SMB server was refused, and the status says why.
    ///
    /// ## Why it matters
    /// Nothing can be done without a session. Repeated refusals may lock the account.
    ///
    /// ## How it is told
    /// The last leg of SESSION_SETUP answered with a failure. MORE_PROCESSING_REQUIRED is no failure, it asks for
    /// another leg. A refused anonymous try is a note; so the severity falls to a warning when a later logon on the
    /// connection succeeded, or where kerberos-error tells the cause.
    ///
    /// ## Example
    /// `smb2-logon-failure`, `smb1-logon-failure`: a wrong password.
    ///
    /// ## What to do
    /// LOGON_FAILURE and WRONG_PASSWORD: check user, domain and password; a stored password may be old.
    /// ACCOUNT_LOCKED_OUT, ACCOUNT_DISABLED, PASSWORD_EXPIRED, ACCOUNT_RESTRICTION: see the account. NO_LOGON_SERVERS: the
    /// server does not reach its domain controller. TIME_DIFFERENCE: compare the clocks.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.5; MS-SMB 3.3.5.3; MS-ERREF 2.3.
    pub SmbLogonFailed = "smb-logon-failed" {
        summary: "Logon failed",
        severity: Error,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.5; MS-SMB 3.3.5.3; MS-ERREF 2.3",
    }
}

impl SmbLogonFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let others = [RESOURCES, GONE, &[SESSION_EXPIRED]];
        let failed = view
            .session
            .facts_named("smb.session-setup-failed")
            .filter(|f| !others.iter().any(|codes| codes.contains(&code(f))));
        for group in group(failed, "user") {
            out.raise(finding(view, &group));
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let status = group.status();
    let (user, domain) = (fact.text("user"), fact.text("domain"));
    let who = match (user, fact.text("mechanism")) {
        ("", "NTLM") => "an anonymous user".to_owned(),
        ("", "Kerberos") => "a user with a Kerberos ticket".to_owned(),
        ("", _) => "a user whose name is not in the capture".to_owned(),
        (user, _) if domain.is_empty() => user.to_owned(),
        (user, _) => format!("{domain}\\{user}"),
    };
    let later = view
        .session
        .facts_named("smb.logged-on")
        .find(|f| f.stamp > group.last.stamp);
    // One trouble has one main finding.
    let kerberos = view
        .session
        .facts_named("kerberos.error")
        .any(|f| f.stamp == fact.stamp);
    let severity = match (user, fact.text("mechanism"), later) {
        _ if kerberos => Severity::Warning,
        ("", "NTLM", _) => Severity::Note,
        (_, _, Some(_)) => Severity::Warning,
        _ => Severity::Error,
    };
    let (culprit, advice) = advice(status);
    let finding = Finding::new(&META, fact.stamp)
        .side(culprit)
        .severity(severity)
        .title(format!(
            "{who} was not let in by {}: {status}{}",
            view.server(),
            group.times()
        ))
        .explain(format!(
            "The logon of {who} from {} was refused in frame {} with {status}{}.{}{}",
            or(fact.text("workstation"), &view.client()),
            fact.stamp.frame,
            group.times(),
            later.map_or_else(String::new, went_on),
            tries(view, fact).map_or_else(String::new, Tries::told)
        ))
        .advise(advice);
    let finding = if kerberos {
        finding.also("The cause is told by kerberos-error.")
    } else {
        finding
    };
    group
        .cite(finding)
        .maybe_frame(later.map(|l| l.stamp), "later-logon")
}

/// How often this server refused this client so, in all connections.
fn tries<'a>(view: &View<'a>, fact: &SeenFact) -> Option<&'a Tries> {
    let (session, status) = (view.session, code(fact));
    let failure = session
        .troubles
        .failures
        .iter()
        .find(|f| f.status.code == status && Some(f.first.asked) <= fact.request)?;
    let protocol = session.protocol;
    view.world.tries(protocol, view.flow, failure.op, status)
}

/// As whom the client was let in after all.
fn went_on(later: &SeenFact) -> String {
    let frame = later.stamp.frame;
    if later.is("anonymous") {
        format!(" The client then went on without a name, as an anonymous user (frame {frame}).")
    } else if later.is("guest") {
        format!(" The client then was let in as a guest (frame {frame}).")
    } else {
        format!(" A later logon on this connection succeeded (frame {frame}).")
    }
}

fn advice(status: &str) -> (Culprit, &'static str) {
    match status {
        "STATUS_LOGON_FAILURE" | "STATUS_WRONG_PASSWORD" | "STATUS_NO_SUCH_USER" | "ERRbadpw" => (
            Culprit::Client,
            "Check user, domain and password; a stored or mapped password may be old.",
        ),
        "STATUS_ACCOUNT_LOCKED_OUT" => (
            Culprit::Client,
            "The account is locked: unlock it, and find what keeps trying a wrong password.",
        ),
        "STATUS_PASSWORD_EXPIRED" | "STATUS_PASSWORD_MUST_CHANGE" => {
            (Culprit::Client, "The password must be changed first.")
        }
        "STATUS_ACCOUNT_DISABLED" | "STATUS_ACCOUNT_EXPIRED" | "STATUS_ACCOUNT_RESTRICTION" => (
            Culprit::Client,
            "See what the account is allowed: it is disabled, expired or restricted.",
        ),
        "STATUS_NO_LOGON_SERVERS"
        | "STATUS_NETLOGON_NOT_STARTED"
        | "STATUS_TRUSTED_RELATIONSHIP_FAILURE" => (
            Culprit::Server,
            "The server cannot ask its domain controller: look at its name resolution, its trust account, the path there.",
        ),
        "STATUS_TIME_DIFFERENCE_AT_DC" => (
            Culprit::Client,
            "Compare the clocks of client, server and domain controller: Kerberos allows five minutes.",
        ),
        _ => (Culprit::Unknown, "See the server's log for this logon."),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, negotiated, setup, setup_answer, to, tree, tree_answer,
    };

    const RULE: &str = "smb-logon-failed";
    const LOGON_FAILURE: u32 = 0xC000_006D;

    #[test]
    fn a_refused_logon_names_user_and_reason() {
        let script = negotiated(to(445))
            .client(&setup(1, "mallory"))
            .server(&setup_answer(1, LOGON_FAILURE));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(
            found[0].title.contains("mallory") && found[0].title.contains("STATUS_LOGON_FAILURE")
        );
    }

    #[test]
    fn a_second_try_that_succeeds_softens_it_and_an_anonymous_one_is_a_note() {
        let second = negotiated(to(445))
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, LOGON_FAILURE))
            .client(&setup(2, "alice"))
            .server(&setup_answer(2, 0));
        let second = findings(second.close().frames(), RULE).remove(0);
        assert_eq!(second.severity, Severity::Warning);
        assert!(second.explanation.contains("A later logon"));
        let fallback = negotiated(to(445))
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, LOGON_FAILURE))
            .client(&setup(2, ""))
            .server(&setup_answer(2, 0))
            .client(&tree(3, "\\\\SRV\\data"))
            .server(&tree_answer(3, 0xC000_0022, 1))
            .close()
            .frames();
        let found = findings(fallback.clone(), RULE).remove(0);
        assert!(
            found.explanation.contains("as an anonymous user"),
            "{}",
            found.explanation
        );
        // Nobody may take the share's refusal for alice's.
        let refused = findings(fallback, "smb-tree-connect-failed").remove(0);
        assert!(
            refused.explanation.starts_with("An anonymous user"),
            "{}",
            refused.explanation
        );
        let nobody = negotiated(to(445))
            .client(&setup(1, ""))
            .server(&setup_answer(1, 0xC000_0022));
        assert_eq!(
            findings(nobody.close().frames(), RULE)[0].severity,
            Severity::Note
        );
    }

    #[test]
    fn another_leg_is_no_failure_and_a_lost_answer_is_not_guessed() {
        let legs = negotiated(to(445))
            .client(&setup(1, ""))
            .server(&setup_answer(1, 0xC000_0016))
            .client(&setup(2, "alice"))
            .server(&setup_answer(2, 0));
        assert!(findings(legs.close().frames(), RULE).is_empty());
        assert!(findings(at_work().close().frames(), RULE).is_empty());
        let lost = negotiated(to(445))
            .client(&setup(1, "mallory"))
            .server_lost(&setup_answer(1, LOGON_FAILURE));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
