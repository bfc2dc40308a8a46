//! `smb2-echo-unanswered`.

use super::cause;
use crate::diagnosis::smb::{overdue, waited};
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule};
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
    /// tells the cause (a dark path, a reset).
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
        let finding = Finding::new(&META, first.asked)
            .severity(cause.map_or(META.severity, |_| Severity::Warning))
            .side(Culprit::Server)
            .frame(first.asked, "request")
            .maybe_frame(more.last().map(|open| open.asked), "last-request")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .title("The server does not answer the client's ECHO")
            .explain(format!(
                "In frame {} the client asked whether the server is still there, and {}.",
                first.asked.frame,
                waited(view, first)
            ))
            .advise("See whether TCP acknowledged it: then the SMB service hangs, else the path or the host is gone.")
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
    use crate::capture::script::Script;
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
    fn an_answer_that_may_be_missing_cannot_be_told() {
        let lost = asked().server_lost(&smb2(ECHO, 3, Some(0), &[4, 0, 0, 0]));
        assert_eq!(
            cannot_tell(lost.wait_secs(1.0).close().frames(), RULE),
            ["T4"]
        );
        assert_eq!(cannot_tell(asked().wait_secs(1.0).frames(), RULE), ["T2"]);
    }
}
