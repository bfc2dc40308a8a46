//! `nbss-data-before-session`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::Side;

use crate::diagnosis::smb::unseen;
use crate::diagnosis::{Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// A session message was sent on port 139 before the NetBIOS session was granted.
    ///
    /// ## Why it matters
    /// The server may throw the message away, or close the connection. A peer that skips the session request takes the
    /// port for direct hosting, which is on 445.
    ///
    /// ## How it is told
    /// A SESSION MESSAGE (0x00) where no session request was sent, or none was answered yet, on a connection that was
    /// captured from its beginning. On port 445, and on ports of which nothing is known, there is no session request.
    ///
    /// ## Example
    /// `81 … ` and `00 … FF 'SMB'` in one segment, before the `82`.
    ///
    /// ## What to do
    /// See which port the client is configured for: 139 with names, 445 without.
    ///
    /// ## References
    /// RFC 1002 section 5.3.1; MS-SMB2 2.1.
    pub NbssDataBeforeSession = "nbss-data-before-session" {
        summary: "Data before the NetBIOS session exists",
        severity: Warning,
        category: Establishment,
        protocols: ["nbss"],
        reference: "RFC 1002 section 5.3.1; MS-SMB2 2.1",
    }
}

impl NbssDataBeforeSession {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("nbss.data-before-session") else {
            return;
        };
        if view.one_sided() {
            let why = "only one direction of this connection was captured";
            out.cannot_tell(&META, "T3", why);
            return;
        }
        if Side::BOTH.iter().any(|side| unseen(view, *side)) {
            out.cannot_tell(&META, "T4", "bytes are missing where the answer would be");
            return;
        }
        let granted = view.session.entered(Phase::Open).map(|p| p.stamp);
        let finding = Finding::new(&META, fact.stamp)
            .side(fact.side)
            .maybe_frame(fact.request, "request")
            .frame(fact.stamp, "data")
            .maybe_frame(granted.filter(|g| *g > fact.stamp), "answer")
            .title(format!("The {} sends data before the session exists", fact.side))
            .explain(format!(
                "Frame {} holds a session message of the {}, while the session stands at: {}.",
                fact.stamp.frame,
                fact.side,
                fact.text("state")
            ))
            .advise("See which port the client is meant to use: 139 needs a session request, 445 has none.");
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{GRANTED, negotiated, session_request, to};

    const RULE: &str = "nbss-data-before-session";

    #[test]
    fn smb_without_or_before_the_answer_is_told() {
        let none = negotiated(to(139)).close();
        assert_eq!(findings(none.frames(), RULE).len(), 1);
        let early = negotiated(to(139).client(&session_request("FILESRV"))).server(&GRANTED);
        let found = findings(early.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        let roles: Vec<_> = found[0].frames.iter().map(|f| f.role).collect();
        assert_eq!(roles, ["request", "data", "answer"]);
    }

    #[test]
    fn direct_hosting_and_granted_sessions_are_quiet() {
        assert!(findings(negotiated(to(445)).close().frames(), RULE).is_empty());
        assert!(findings(negotiated(to(4450)).close().frames(), RULE).is_empty());
        let granted = negotiated(to(139).client(&session_request("FILESRV")).server(&GRANTED));
        assert!(findings(granted.close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_is_no_fault() {
        let script = to(139)
            .client(&session_request("FILESRV"))
            .server_lost(&GRANTED)
            .wait_secs(1.0);
        assert!(findings(negotiated(script).close().frames(), RULE).is_empty());
    }
}
