//! `ntlm-incomplete`.

use colloquy_dissectors::event::{Phase, Value};
use colloquy_dissectors::units::Side;

use crate::diagnosis::smb::{ACCESS, FAILURES, failures};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::{Part, SeenFact};

declare_rule! {
    /// ## What it means
    /// A logon by NTLM did not take its three legs in order: the server's CHALLENGE was never answered, or a message came out of
    /// its place; or it named nobody, and what the client then wanted was denied to it.
    ///
    /// ## Why it matters
    /// A program that does not answer a challenge has no password for this server, or waits for its user. Whoever is logged on as
    /// nobody is let into little: "access denied" then has nothing to do with the user's rights.
    ///
    /// ## How it is told
    /// The NTLMSSP messages of each logon, bare or inside SPNEGO: NEGOTIATE, CHALLENGE, AUTHENTICATE. A challenge without an answer
    /// when the connection ended is a note where another logon on the connection succeeded. With SMB, a connection that
    /// ends there is told by smb2-session-setup-incomplete. An AUTHENTICATE without a user (anonymous) is told only where a
    /// request was denied afterwards and no user was logged on, as a note.
    ///
    /// ## Example
    /// A scanner asks for a challenge, which has the names of host and domain in it, and hangs up.
    ///
    /// ## What to do
    /// A challenge without an answer: look at the client, a prompt for a password may be open. Out of order: a fault of the
    /// client's or server's program. Anonymous: give the program a user, or the service its own account.
    ///
    /// ## References
    /// MS-NLMP 1.3.1.1, 3.1.5 and 3.2.5.1.2.
    pub NtlmIncomplete = "ntlm-incomplete" {
        summary: "NTLM logon incomplete or anonymous",
        severity: Warning,
        category: Authentication,
        protocols: ["smb", "smb2", "dcerpc"],
        reference: "MS-NLMP 1.3.1.1, 3.1.5 and 3.2.5.1.2",
    }
}

impl NtlmIncomplete {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        if let Some(fact) = view.session.fact("ntlm.challenge-unanswered") {
            unanswered(view, fact, out);
        }
        if let Some(fact) = view.session.fact("ntlm.out-of-order") {
            // Where the server went on, it saw the leg that the capture does not have.
            let mut phases = view.session.phases.iter();
            let granted = phases.any(|p| p.phase == Phase::Open && p.stamp > fact.stamp)
                || !refused_after(view, fact);
            let missing = view.lost(Side::Client) || view.lost(Side::Server) || view.one_sided();
            if missing || granted {
                let why = "a leg of the logon is not in the capture";
                out.cannot_tell(&META, "T4", why);
            } else {
                out.raise(
                    Finding::new(&META, fact.stamp)
                        .side(fact.side)
                        .frame(fact.stamp, "out-of-order")
                        .title(format!("NTLM out of order: {}", fact.text("what")))
                        .explain(format!(
                            "Frame {} has an NTLM {}: the three legs of a logon are NEGOTIATE, CHALLENGE and AUTHENTICATE.",
                            fact.stamp.frame,
                            fact.text("what")
                        ))
                        .advise("It is a fault of the program that sent it."),
                );
            }
        }
        anonymous(view, out);
    }
}

/// The server refused the logon or the binding.
fn refused_after(view: &View<'_>, fact: &SeenFact) -> bool {
    let session = view.session;
    let mut refusals = session.facts_named("smb.session-setup-failed");
    let mut failures = session.troubles.failures.iter();
    refusals.any(|f| f.stamp > fact.stamp)
        || session.protocol == "dcerpc" && failures.any(|f| f.first.answered >= fact.stamp)
}

fn unanswered(view: &View<'_>, fact: &SeenFact, out: &mut Verdicts) {
    let session = view.session;
    let worked = session.protocol != "dcerpc" && session.entered(Phase::Open).is_some();
    // The last word of a session of SMB: smb2-session-setup-incomplete tells of it.
    let last = session.last_message[Side::Server];
    let own_rule = session.protocol != "dcerpc" && !worked;
    if own_rule || view.one_sided() {
        return;
    }
    if session.fact("ntlm.out-of-order").is_some() {
        let why = "messages of the logon are not in their order in the capture";
        return out.cannot_tell(&META, "T9", why);
    }
    if view.lost(Side::Client) {
        return out.cannot_tell(
            &META,
            "T4",
            "requests are missing, which may have answered the challenge",
        );
    }
    let Some(end) = view.ending() else {
        return out.cannot_tell(
            &META,
            "T2",
            "the capture ends before the challenge is answered",
        );
    };
    // A binding that is refused, or taken without a third leg, ends there.
    let refused = last.is_some_and(|m| m.part == Part::Reply && m.stamp > fact.stamp);
    if session.protocol == "dcerpc" && refused {
        return;
    }
    let count = fact.int("count").unwrap_or(1);
    out.raise(
        Finding::new(&META, fact.stamp)
            .severity(if worked { Severity::Note } else { META.severity })
            .side(Culprit::Client)
            .frame(fact.stamp, "challenge")
            .frame(end.stamp(), "end")
            .title("The client did not answer the NTLM challenge")
            .explain(format!(
                "The server's CHALLENGE in frame {} was never answered with AUTHENTICATE, until the connection ended in frame {}.{}",
                fact.stamp.frame,
                end.stamp().frame,
                if worked { " Another logon on this connection succeeded." } else { "" }
            ))
            .advise("Look at the client: it has no password for this server, waits for its user, or only wanted the names in the challenge.")
            .number("logons", count as f64),
    );
}

/// Logged on as nobody, and denied what it wanted.
fn anonymous(view: &View<'_>, out: &mut Verdicts) {
    let session = view.session;
    let Some(fact) = session
        .facts_named("smb.logged-on")
        .find(|f| f.is("anonymous"))
    else {
        return;
    };
    let named = match session.detail("user") {
        Some(Value::Text(user)) => !user.is_empty() && user != "anonymous",
        Some(Value::Name(user)) => *user != "anonymous",
        _ => false,
    };
    let Some(denied) = failures(view, FAILURES, ACCESS).find(|f| f.stamp > fact.stamp) else {
        return;
    };
    if named {
        return;
    }
    out.raise(
        Finding::new(&META, fact.stamp)
            .severity(Severity::Note)
            .side(Culprit::Client)
            .frame(fact.stamp, "logged-on")
            .maybe_frame(denied.request, "denied-request")
            .frame(denied.stamp, "denied")
            .title("The client is logged on as nobody, and was denied something")
            .explain(format!(
                "The logon that succeeded in frame {} names no user (an anonymous or null session); in frame {} the server answered {}.",
                fact.stamp.frame,
                denied.stamp.frame,
                denied.text("status")
            ))
            .advise("Give the program a user: what is denied here is denied to nobody in particular."),
    );
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{
        create, negotiated, no, ntlm, setup_answer_of, setup_of, to, tree, tree_answer,
    };

    const RULE: &str = "ntlm-incomplete";
    const MORE: u32 = 0xC000_0016;
    const DENIED: u32 = 0xC000_0022;

    fn challenged(script: Script, id: u64) -> Script {
        script
            .client(&setup_of(id, &ntlm(1, "", "")))
            .server(&setup_answer_of(id, MORE, &ntlm(2, "", "")))
    }

    fn logged_on(user: &str) -> Script {
        challenged(negotiated(to(445)), 1)
            .client(&setup_of(2, &ntlm(3, user, "LAB")))
            .server(&setup_answer_of(2, 0, &[]))
    }

    #[test]
    fn a_challenge_that_is_not_answered_is_told() {
        let found = findings(challenged(logged_on("alice"), 3).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].severity, found[0].frames[0].role),
            (Severity::Note, "challenge")
        );
        // The only logon: smb2-session-setup-incomplete tells of it.
        let alone = challenged(negotiated(to(445)), 1).close().frames();
        assert!(findings(alone.clone(), RULE).is_empty());
        assert_eq!(findings(alone, "smb2-session-setup-incomplete").len(), 1);
    }

    #[test]
    fn a_leg_out_of_its_place_is_told() {
        let script = negotiated(to(445))
            .client(&setup_of(1, &ntlm(3, "alice", "LAB")))
            .server(&no(1, 1, 0xC000_000D));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("AUTHENTICATE without"), "{found:?}");
    }

    #[test]
    fn nobody_who_is_denied_something_is_a_note() {
        let at_work = |user: &str| {
            logged_on(user)
                .client(&tree(3, "\\\\SRV\\data"))
                .server(&tree_answer(3, 0, 1))
                .client(&create(4, "a.txt"))
                .server(&no(5, 4, DENIED))
                .close()
                .frames()
        };
        assert_eq!(findings(at_work(""), RULE).len(), 1);
        assert!(findings(at_work("alice"), RULE).is_empty());
    }

    #[test]
    fn three_legs_are_quiet_and_a_lost_leg_cannot_be_told() {
        assert!(findings(logged_on("alice").close().frames(), RULE).is_empty());
        assert!(findings(logged_on("").close().frames(), RULE).is_empty());
        let lost = challenged(logged_on("alice"), 3)
            .client_lost(&setup_of(4, &ntlm(3, "bob", "LAB")))
            .wait_secs(1.0);
        assert!(findings(lost.close().frames(), RULE).is_empty());
        let running = challenged(logged_on("alice"), 3);
        assert_eq!(cannot_tell(running.frames(), RULE), ["T2"]);
    }
}
