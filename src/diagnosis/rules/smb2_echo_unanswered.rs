//! `smb2-echo-unanswered`.

use super::cause;
use super::unanswered::closed_before;
use crate::diagnosis::smb::{overdue, waited};
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;

declare_rule! {
    /// ## What it means
    /// The client asked whether the server is still there (ECHO), and got no answer.
    ///
    /// ## Why it matters
    /// An ECHO asks nothing of disks or files: a server that does not answer it is gone, hangs as a whole, or cannot be
    /// reached. Clients send it when other requests wait for long; unanswered, they drop the connection and all that is
    /// open on it.
    ///
    /// ## How it is told
    /// An ECHO without an answer when its connection ended or the answer is overdue. It is a warning where another rule
    /// tells the cause (a dark path, a reset), and where the server had closed the connection before the ECHO was sent: that it
    /// closed is then what matters, as it does with sessions that were idle for long.
    ///
    /// ## Example
    /// A file server is suspended: its kernel acknowledges the ECHO, its SMB service never answers.
    ///
    /// ## What to do
    /// Acknowledged by TCP: the host lives, its SMB service hangs; look at its threads and its log. Not acknowledged: look
    /// at the path and at the host.
    ///
    /// ## References
    /// MS-SMB2 2.2.28, 3.2.6.1 and 3.3.5.17; MS-CIFS 2.2.4.39.
    pub Smb2EchoUnanswered = "smb2-echo-unanswered" {
        summary: "ECHO never answered",
        severity: Error,
        category: Dialogue,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 2.2.28, 3.2.6.1 and 3.3.5.17; MS-CIFS 2.2.4.39",
    }
}

/// True when this rule tells of `open`.
pub(super) fn is_echo(protocol: &str, open: &Open) -> bool {
    matches!(protocol, "smb" | "smb2") && open.op.name == "ECHO"
}

impl Smb2EchoUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let protocol = view.session.protocol;
        let unanswered: Vec<&Open> = view
            .session
            .open
            .iter()
            .filter(|open| is_echo(protocol, open) && overdue(view, open, &META, out))
            .collect();
        let [first, more @ ..] = unanswered.as_slice() else {
            return;
        };
        let cause = cause::of(view, first);
        let closed = closed_before(view, first);
        let milder = cause.is_some() || closed.is_some();
        let (title, how, advice) = match closed {
            Some(fin) => (
                "The server had closed the connection before the client's ECHO",
                format!(
                    "The client asked whether the server is still there in frame {}; the server had closed its direction {} before \
                     (frame {}), so that nobody was left to answer",
                    first.asked.frame,
                    seconds(first.asked.time.since(fin.time)),
                    fin.frame
                ),
                "Find out why the server closed: look at what came just before, and at time-outs for idle connections.",
            ),
            None => (
                "The server does not answer the client's ECHO",
                format!(
                    "In frame {} the client asked whether the server is still there, and {}",
                    first.asked.frame,
                    waited(view, first)
                ),
                "See whether TCP acknowledged it: then the SMB service hangs, else the path or the host is gone.",
            ),
        };
        let finding = Finding::new(&META, first.asked)
            .severity(if milder {
                Severity::Warning
            } else {
                META.severity
            })
            .side(Culprit::Server)
            .maybe_frame(closed, "closed-before")
            .frame(first.asked, "request")
            .maybe_frame(more.last().map(|open| open.asked), "last-request")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .title(title)
            .explain(format!("{how}."))
            .advise(advice)
            .number("waited", view.waited(first))
            .number("patience", view.patience(first))
            .number("requests", unanswered.len() as f64);
        out.raise(match cause {
            Some(rule) => finding.also(&format!("The cause is told by {rule}.")),
            None => finding,
        });
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, smb2};

    const RULE: &str = "smb2-echo-unanswered";
    const ECHO: u16 = 13;

    fn asked() -> Script {
        at_work().client(&smb2(ECHO, 3, None, &[4, 0, 0, 0]))
    }

    #[test]
    fn an_echo_without_an_answer_is_told_once() {
        let frames = asked().wait_secs(90.0).close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].frames[0].role, "request");
        assert!(findings(frames, "request-unanswered").is_empty());
    }

    #[test]
    fn an_answered_echo_and_another_request_are_quiet() {
        let answered = asked()
            .wait_secs(20.0)
            .server(&smb2(ECHO, 3, Some(0), &[4, 0, 0, 0]));
        assert!(findings(answered.wait_secs(90.0).close().frames(), RULE).is_empty());
        let read = at_work().client(&smb2(8, 3, None, &[49; 49]));
        assert!(findings(read.wait_secs(90.0).close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_server_that_had_closed_before_is_no_server_that_hangs() {
        let closed = at_work()
            .wait_secs(90.0)
            .fin(Side::Server)
            .wait_secs(0.6)
            .client(&smb2(ECHO, 3, None, &[4, 0, 0, 0]));
        let found = findings(closed.reset(Side::Server).frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].frames[0].role, "closed-before");
        // Closed after it: the server had the question.
        let after = asked().wait_secs(0.6).fin(Side::Server).fin(Side::Client);
        let found = findings(after.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn an_answer_that_may_be_missing_cannot_be_told() {
        let lost = asked().server_lost(&smb2(ECHO, 3, Some(0), &[4, 0, 0, 0]));
        assert_eq!(
            cannot_tell(lost.wait_secs(1.0).close().frames(), RULE),
            ["T4"]
        );
        assert_eq!(cannot_tell(asked().wait_secs(1.0).frames(), RULE), ["T2"]);
    }
}
