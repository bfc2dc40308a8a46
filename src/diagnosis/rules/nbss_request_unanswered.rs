//! `nbss-request-unanswered`.

use crate::diagnosis::smb::{overdue, waited};
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule};

/// SESSION REQUEST (RFC 1002 4.3.2).
const SESSION_REQUEST: u32 = 0x81;

declare_rule! {
    /// ## What it means
    /// The client asked for a NetBIOS session and got neither the positive answer nor a refusal nor another address.
    ///
    /// ## Why it matters
    /// Nothing of SMB can be said before the session is granted. The client waits, often for half a minute, and then
    /// reports that the server cannot be found, although the TCP connection stands.
    ///
    /// ## How it is told
    /// A SESSION REQUEST (0x81) to which no 0x82, 0x83 or 0x84 came before the connection ended, or within 10 s.
    ///
    /// ## Example
    /// `nbss-stuck-after-request`: the server's kernel completes TCP and acknowledges the request; its process is
    /// stopped and never reads it.
    ///
    /// ## What to do
    /// When TCP acknowledged the request, look at the process that listens on port 139 of the server: is it stopped,
    /// out of workers, waiting for a name service or a disk? Else look at the path.
    ///
    /// ## References
    /// RFC 1001 section 16.1.1; RFC 1002 sections 4.3.2 and 5.3.1.
    pub NbssRequestUnanswered = "nbss-request-unanswered" {
        summary: "NetBIOS session request not answered",
        severity: Error,
        category: Establishment,
        protocols: ["nbss"],
        reference: "RFC 1001 section 16.1.1; RFC 1002 sections 4.3.2 and 5.3.1",
    }
}

impl NbssRequestUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let asked = |open: &&_| is_request(open);
        let Some(open) = view.session.open.iter().find(asked) else {
            return;
        };
        if !overdue(view, open, &META, out) {
            return;
        }
        let name = view
            .session
            .detail("called_name")
            .map_or_else(|| "?".to_owned(), ToString::to_string);
        let server = view.server();
        let (culprit, had) = match view.acknowledged(open) {
            Some(true) => (
                Culprit::Server,
                "TCP there acknowledged the request, so it arrived",
            ),
            _ => (Culprit::Network, "TCP there never acknowledged the request"),
        };
        let last = view.tcp().and_then(|t| t.sides[open.side.other()].last);
        let finding = Finding::new(&META, open.asked)
            .side(culprit)
            .frame(open.asked, "request")
            .maybe_frame(last.filter(|l| *l > open.asked), "last-of-peer")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .title(format!("{server} does not answer the session request for {name}"))
            .explain(format!(
                "The client asked for a NetBIOS session with {name} in frame {} and got no answer: {}. {had}.",
                open.asked.frame,
                waited(view, open)
            ))
            .advise("Look at the process that listens on the server's port 139: stopped, out of workers, or waiting for something itself.")
            .number("waited", view.waited(open))
            .number("patience", view.patience(open));
        out.raise(finding);
    }
}

fn is_request(open: &crate::session::exchange::Open) -> bool {
    open.op.code == SESSION_REQUEST
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::smb::testing::{GRANTED, session_request, to};

    const RULE: &str = "nbss-request-unanswered";

    #[test]
    fn silence_after_the_request_is_told() {
        let script = to(139).client(&session_request("FILESRV")).wait_secs(12.0);
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("FILESRV<20>"), "{}", found[0].title);
        assert_eq!(found[0].frames[0].role, "request");
    }

    #[test]
    fn a_client_that_gives_up_is_enough_and_one_that_never_waited_is_not() {
        let client = colloquy_dissectors::units::Side::Client;
        for (wait, expected) in [(6.0, 1), (0.1, 0)] {
            let script = to(139).client(&session_request("FILESRV")).wait_secs(wait);
            assert_eq!(findings(script.fin(client).frames(), RULE).len(), expected);
        }
    }

    #[test]
    fn an_answered_request_is_quiet() {
        let script = to(139).client(&session_request("FILESRV")).wait_secs(12.0);
        assert!(
            loud(script.server(&GRANTED).close().frames())
                .iter()
                .all(|r| *r != RULE)
        );
    }

    #[test]
    fn a_capture_that_ends_at_once_cannot_tell() {
        let script = to(139).client(&session_request("FILESRV")).wait_secs(1.0);
        let frames = script
            .keepalive(colloquy_dissectors::units::Side::Client)
            .frames();
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }

    #[test]
    fn an_answer_that_was_not_captured_cannot_be_told() {
        let script = to(139)
            .client(&session_request("FILESRV"))
            .server_lost(&GRANTED);
        let frames = script.wait_secs(20.0).close().frames();
        assert!(findings(frames, RULE).is_empty());
    }
}
