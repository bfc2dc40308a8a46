//! `smb-logon-failed`.

use crate::diagnosis::smb::{GONE, Group, RESOURCES, SESSION_EXPIRED, below_smb3, code, group, or};
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
    /// another leg. It is `likely` where the status does not say who has to act: a disabled, expired or locked account, a ticket that
    /// the server cannot open. A refused anonymous try is a note; so the severity falls to a warning when a later logon on the
    /// connection succeeded, or where kerberos-error tells the cause.
    ///
    /// ## Example
    /// `smb2-logon-failure`, `smb1-logon-failure`: a wrong password.
    ///
    /// ## What to do
    /// LOGON_FAILURE and WRONG_PASSWORD: check user, domain and password; a stored password may be old. With Kerberos no password is
    /// checked: there it is mostly the server's key (its keytab), which is not the one that the key distribution centre has.
    /// ACCESS_DENIED to a client below SMB 3: the server may require encryption.
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
    let refusal = Refusal::of(view, fact);
    let finding = Finding::new(&META, fact.stamp)
        .side(refusal.culprit)
        .severity(severity)
        .title(format!(
            "{who} was not let in by {}: {status}{}",
            view.server(),
            group.times()
        ))
        .explain(format!(
            "The logon of {who} from {} was refused in frame {} with {status}{}{}.{}{}",
            or(fact.text("workstation"), &view.client()),
            fact.stamp.frame,
            group.times(),
            refusal.meaning(),
            later.map_or_else(String::new, went_on),
            tries(view, fact).map_or_else(String::new, Tries::told)
        ))
        .advise(refusal.advice);
    let finding = if refusal.is_sure {
        finding
    } else {
        finding.likely()
    };
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

/// What a status means for a logon, who has to do something about it, and what.
#[derive(Clone, Copy)]
struct Refusal {
    meaning: &'static str,
    culprit: Culprit,
    is_sure: bool,
    advice: &'static str,
}

const fn refusal(culprit: Culprit, meaning: &'static str, advice: &'static str) -> Refusal {
    Refusal {
        meaning,
        culprit,
        is_sure: true,
        advice,
    }
}

const SEE_THE_ACCOUNT: &str =
    "See what the account is allowed, at the server or its domain controller.";

/// Statuses that say more of a logon than their name.
const REFUSALS: &[(&str, Refusal)] = &[
    (
        "STATUS_LOGON_FAILURE",
        refusal(
            Culprit::Client,
            "the server does not know the user, or the password is wrong",
            "Check user, domain and password; a stored or mapped password may be old.",
        ),
    ),
    (
        "STATUS_WRONG_PASSWORD",
        refusal(
            Culprit::Client,
            "the password is wrong",
            "Check user, domain and password; a stored or mapped password may be old.",
        ),
    ),
    (
        "ERRbadpw",
        refusal(
            Culprit::Client,
            "the password is wrong",
            "Check user, domain and password; a stored or mapped password may be old.",
        ),
    ),
    (
        "STATUS_NO_SUCH_USER",
        refusal(
            Culprit::Client,
            "the server does not know the user",
            "Check user, domain and password; a stored or mapped password may be old.",
        ),
    ),
    (
        "STATUS_ACCOUNT_LOCKED_OUT",
        refusal(
            Culprit::Client,
            "the account is locked, as it is after too many wrong passwords",
            "Unlock the account, and find what keeps trying a wrong password.",
        )
        .likely(),
    ),
    (
        "STATUS_PASSWORD_EXPIRED",
        refusal(
            Culprit::Client,
            "the password has expired",
            "The password must be changed first.",
        ),
    ),
    (
        "STATUS_PASSWORD_MUST_CHANGE",
        refusal(
            Culprit::Client,
            "the password must be changed before the user is let in",
            "The password must be changed first.",
        ),
    ),
    (
        "STATUS_ACCOUNT_DISABLED",
        refusal(Culprit::Server, "the account is disabled", SEE_THE_ACCOUNT).likely(),
    ),
    (
        "STATUS_ACCOUNT_EXPIRED",
        refusal(Culprit::Server, "the account has expired", SEE_THE_ACCOUNT).likely(),
    ),
    (
        "STATUS_ACCOUNT_RESTRICTION",
        refusal(
            Culprit::Server,
            "a restriction of the account forbids it, such as an empty password",
            SEE_THE_ACCOUNT,
        )
        .likely(),
    ),
    (
        "STATUS_INVALID_LOGON_HOURS",
        refusal(
            Culprit::Server,
            "the account may not log on at this time",
            SEE_THE_ACCOUNT,
        )
        .likely(),
    ),
    (
        "STATUS_INVALID_WORKSTATION",
        refusal(
            Culprit::Server,
            "the account may not log on from this machine",
            SEE_THE_ACCOUNT,
        )
        .likely(),
    ),
    (
        "STATUS_LOGON_TYPE_NOT_GRANTED",
        refusal(
            Culprit::Server,
            "the account may not log on over the network",
            SEE_THE_ACCOUNT,
        )
        .likely(),
    ),
    (
        "STATUS_NO_LOGON_SERVERS",
        refusal(
            Culprit::Server,
            "the server cannot ask its domain controller",
            "Look at the server's name resolution, its trust account, and its path to the domain controller.",
        ),
    ),
    (
        "STATUS_NETLOGON_NOT_STARTED",
        refusal(
            Culprit::Server,
            "the server cannot ask its domain controller",
            "Look at the server's name resolution, its trust account, and its path to the domain controller.",
        ),
    ),
    (
        "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
        refusal(
            Culprit::Server,
            "the server cannot ask its domain controller",
            "Look at the server's name resolution, its trust account, and its path to the domain controller.",
        ),
    ),
    (
        "STATUS_TIME_DIFFERENCE_AT_DC",
        refusal(
            Culprit::Client,
            "the clocks are too far apart",
            "Compare the clocks of client, server and domain controller: Kerberos allows five minutes.",
        ),
    ),
];

impl Refusal {
    fn of(view: &View<'_>, fact: &SeenFact) -> Self {
        let status = fact.text("status");
        if fact.text("mechanism") == "Kerberos" && WRONG.contains(&status) {
            return refusal(
                Culprit::Server,
                "with Kerberos the server checks no password, it opens the ticket with its own key. Mostly that key is not the one \
                 that the key distribution centre has; or the server has no account for the user",
                "Compare the server's keytab (klist -k) with the key distribution centre's key of its service, key version included, \
                 and renew it; else see the server's log.",
            )
            .likely();
        }
        if let Some((_, known)) = REFUSALS.iter().find(|(name, _)| *name == status) {
            return *known;
        }
        if status == "STATUS_ACCESS_DENIED" && below_smb3(view) {
            return refusal(
                Culprit::Unknown,
                "the server does not take this user or this client. One that wants everything encrypted refuses clients below SMB 3 \
                 so, which cannot encrypt",
                "See the server's log for this logon, and whether it requires encryption; then the client needs SMB 3.",
            );
        }
        refusal(Culprit::Unknown, "", "See the server's log for this logon.")
    }

    const fn likely(mut self) -> Self {
        self.is_sure = false;
        self
    }

    /// ": the account is disabled"; empty where it says no more than its name.
    fn meaning(&self) -> String {
        match self.meaning {
            "" => String::new(),
            meaning => format!(": {meaning}"),
        }
    }
}

/// Statuses of a wrong name or password.
const WRONG: [&str; 4] = [
    "STATUS_LOGON_FAILURE",
    "STATUS_WRONG_PASSWORD",
    "STATUS_NO_SUCH_USER",
    "ERRbadpw",
];

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, negotiated, offered, setup, setup_answer, setup_of, smb2, to, tree, tree_answer,
    };
    use crate::diagnosis::{Certainty, Culprit, Severity};

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
    fn the_status_is_told_in_words_and_by_mechanism() {
        let of = |leg: Vec<u8>, status| {
            let script = negotiated(to(445))
                .client(&leg)
                .server(&setup_answer(1, status));
            findings(script.close().frames(), RULE).remove(0)
        };
        let wrong = of(setup(1, "alice"), LOGON_FAILURE);
        let told = (wrong.side, wrong.certainty);
        assert_eq!(told, (Culprit::Client, Certainty::Certain));
        let ticket = of(setup_of(1, &offered(&["Kerberos"], &[])), LOGON_FAILURE);
        let told = (ticket.side, ticket.certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Likely));
        assert!(ticket.advice.contains("keytab"), "{}", ticket.advice);
        let disabled = of(setup(1, "dora"), 0xC000_0072);
        assert_ne!(disabled.side, Culprit::Client);
        let text = &disabled.explanation;
        assert!(text.contains("the account is disabled"), "{text}");
        // The dialect of this dialogue knows encryption; 2.1 does not.
        let denied = of(setup(1, "alice"), 0xC000_0022);
        assert!(!denied.explanation.contains("encrypt"));
        let mut answer = vec![65, 0, 1, 0, 0x10, 2];
        answer.resize(64, 0);
        let old = to(445)
            .client(&smb2(0, 0, None, &[36; 38]))
            .server(&smb2(0, 0, Some(0), &answer))
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0xC000_0022));
        let old = findings(old.close().frames(), RULE).remove(0);
        assert!(
            old.explanation.contains("below SMB 3"),
            "{}",
            old.explanation
        );
        // No answer, no status.
        let lost = negotiated(to(445)).client(&setup(1, "dora"));
        let lost = lost.server_lost(&setup_answer(1, 0xC000_0072));
        assert!(findings(lost.close().frames(), RULE).is_empty());
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
