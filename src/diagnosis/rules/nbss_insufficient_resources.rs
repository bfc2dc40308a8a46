//! `nbss-insufficient-resources`.

use super::nbss_session_refused::is_probing;
use crate::diagnosis::smb::or;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

/// CALLED NAME PRESENT, BUT INSUFFICIENT RESOURCES (RFC 1002 4.3.4).
const INSUFFICIENT: i64 = 0x83;

declare_rule! {
    /// ## What it means
    /// The server owns the name that was asked for, and has no room for one session more.
    ///
    /// ## Why it matters
    /// Clients are turned away that would be served at another time: it is a question of load or of a limit, not of
    /// names or rights.
    ///
    /// ## How it is told
    /// A NEGATIVE SESSION RESPONSE (0x83) with code 0x83.
    ///
    /// ## Example
    /// `nbss-refused-no-resources`.
    ///
    /// ## What to do
    /// Count the sessions that the server has (`smbstatus`, `net session`), and compare with what it allows. Sessions
    /// of clients that are long gone keep their place until a keep-alive finds out.
    ///
    /// ## References
    /// RFC 1002 section 4.3.4.
    pub NbssInsufficientResources = "nbss-insufficient-resources" {
        summary: "NetBIOS session refused for lack of resources",
        severity: Error,
        category: Resources,
        protocols: ["nbss"],
        reference: "RFC 1002 section 4.3.4",
    }
}

impl NbssInsufficientResources {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let refusals = view.session.facts_named("nbss.refused");
        for fact in refusals.filter(|f| f.int("code") == Some(INSUFFICIENT)) {
            if is_probing(view, fact) {
                continue;
            }
            let called = or(fact.text("called_name"), "an unreadable name");
            let server = view.server();
            let finding = Finding::new(&META, fact.stamp)
                .side(Culprit::Server)
                .maybe_frame(fact.request, "request")
                .frame(fact.stamp, "refusal")
                .title(format!("{server} has no room for another session with {called}"))
                .explain(format!(
                    "The server refused the NetBIOS session for {called} in frame {}: the name is present, but resources are insufficient.",
                    fact.stamp.frame
                ))
                .advise("Count the server's sessions (smbstatus, net session) and compare with what it allows.")
                .number("code", INSUFFICIENT as f64);
            out.raise(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{refused, session_request, to};

    const RULE: &str = "nbss-insufficient-resources";

    #[test]
    fn code_83_is_told_and_no_other() {
        for (code, expected) in [(0x83, 1), (0x82, 0), (0x8F, 0)] {
            let script = to(139)
                .client(&session_request("FILESRV"))
                .server(&refused(code));
            assert_eq!(findings(script.close().frames(), RULE).len(), expected);
        }
    }

    #[test]
    fn a_refusal_that_was_not_captured_is_not_guessed() {
        let script = to(139)
            .client(&session_request("FILESRV"))
            .server_lost(&refused(0x83));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
