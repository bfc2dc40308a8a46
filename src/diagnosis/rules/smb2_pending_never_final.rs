//! `smb2-pending-never-final`.

use crate::diagnosis::smb::{overdue, waited};
use crate::diagnosis::smb_waits::OpenBreak;
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule};
use crate::session::exchange::Open;

declare_rule! {
    /// ## What it means
    /// The server said that it works on a request (STATUS_PENDING), and never said how it ended.
    ///
    /// ## Why it matters
    /// The client waits without a time-out of its own: the interim answer told it that the server is alive and at work.
    ///
    /// ## How it is told
    /// A request with an interim answer and no final one, neither cancelled nor of the kinds that may wait for hours
    /// (CHANGE_NOTIFY, a blocking LOCK, READ of a pipe, FSCTL_PIPE_WAIT), when the connection ended or the answer is
    /// overdue.
    ///
    /// ## Example
    /// A CREATE that waits for another client to give up its oplock, which that client never does.
    ///
    /// ## What to do
    /// See what the request waits for at the server: an oplock break that another client has not acknowledged, a slow
    /// disk, a virus scanner.
    ///
    /// ## References
    /// MS-SMB2 3.2.5.1.5 and 3.3.4.2; MS-CIFS 3.2.6.1.
    pub Smb2PendingNeverFinal = "smb2-pending-never-final" {
        summary: "STATUS_PENDING and no final answer",
        severity: Error,
        category: Dialogue,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.2.5.1.5 and 3.3.4.2; MS-CIFS 3.2.6.1",
    }
}

impl Smb2PendingNeverFinal {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for open in &view.session.open {
            let Some(interim) = open.interim else {
                continue;
            };
            if open.carries_inner || !overdue(view, open, &META, out) {
                continue;
            }
            let break_asked = break_waited_for(view, open);
            let finding = Finding::new(&META, interim)
                .side(Culprit::Server)
                .frame(open.asked, "request")
                .frame(interim, "interim-answer")
                .maybe_frame(view.ending().map(Ending::stamp), "end")
                .title(format!("{} is pending for ever", open.op))
                .explain(format!(
                    "The server answered {} of frame {} with STATUS_PENDING in frame {} and never finished it: {}.",
                    open.op,
                    open.asked.frame,
                    interim.frame,
                    waited(view, open)
                ))
                .advise("See what it waits for at the server: another client's oplock, a disk, a scanner.")
                .number("waited", view.waited(open))
                .number("patience", view.patience(open));
            out.raise(match break_asked {
                Some(asked) => finding
                    .frame(asked.asked, "break")
                    .also(&format!("It waits for {}, which the server asked in frame {} to give its oplock or lease on that file back, and which did not in time.", asked.client, asked.asked.frame)),
                None => finding,
            });
        }
    }
}

/// The oplock or lease of a client that a CREATE waits for.
fn break_waited_for<'a>(view: &View<'a>, open: &Open) -> Option<&'a OpenBreak> {
    let mut pending = view.session.facts_named("smb.create-pending");
    let fact = pending.find(|fact| fact.request == Some(open.asked))?;
    let server = view.flow.server.address;
    view.world
        .waits
        .before(server, fact.text("name"), open.asked)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, create, no, smb2};

    const RULE: &str = "smb2-pending-never-final";
    const PENDING: u32 = 0x103;

    #[test]
    fn a_pending_request_whose_connection_ends_is_told() {
        let script = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, PENDING))
            .wait_secs(60.0);
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("CREATE"));
        assert_eq!(found[0].frames[1].role, "interim-answer");
    }

    #[test]
    fn long_waits_by_design_and_finished_requests_are_quiet() {
        let notify = at_work()
            .client(&smb2(15, 3, None, &[32; 32]))
            .server(&no(15, 3, PENDING));
        assert!(findings(notify.wait_secs(600.0).close().frames(), RULE).is_empty());
        let done = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, PENDING))
            .server(&no(5, 3, 0xC000_0043));
        assert!(findings(done.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_final_answer_that_was_not_captured_cannot_be_told() {
        let script = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, PENDING))
            .server_lost(&no(5, 3, 0));
        assert_eq!(
            cannot_tell(script.wait_secs(1.0).close().frames(), RULE),
            ["T4"]
        );
    }
}
