//! `nfs-call-failed`.

use super::rpc::times;
use super::{nfs_resource_status, nfs_server_delay, nfs_slot_error};
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::exchange::Failure;

declare_rule! {
    /// ## What it means
    /// A call of NFS, MOUNT or the lock managers was carried out and returned an error.
    ///
    /// ## Why it matters
    /// Mostly not at all: programs look for files that are not there. It is here so that the errors of a session can be
    /// seen in one place.
    ///
    /// ## How it is told
    /// The reply's status is not OK, and no other rule is about it (access, space, delay, slots). One note for each
    /// operation and status, with their number. It is a warning where nobody foresees the error: a mount that fails,
    /// IO, SERVERFAULT, NXIO and BADHANDLE.
    ///
    /// ## Example
    /// LOOKUP answered NFS3ERR_NOENT twelve times.
    ///
    /// ## What to do
    /// NOENT and EXIST are everyday. IO, SERVERFAULT and BADHANDLE are not: look at the server's log and disks.
    ///
    /// ## References
    /// RFC 1813 section 2.6, RFC 8881 section 15.1.
    pub NfsCallFailed = "nfs-call-failed" {
        summary: "The call returned an error",
        severity: Note,
        category: Dialogue,
        protocols: ["nfs", "mount", "nlm", "nsm"],
        reference: "RFC 1813 section 2.6; RFC 8881 section 15.1",
    }
}

impl NfsCallFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for failure in view.session.troubles.failures.iter().filter(|f| is_ours(f)) {
            out.raise(finding(view, failure));
        }
    }
}

/// Not of RPC itself, and in no other rule.
fn is_ours(failure: &Failure) -> bool {
    let name = failure.status.name;
    let of_a_program = ["NFS", "MNT3ERR_", "NLM4_", "LCK_", "STAT_FAIL"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    let of_access = matches!(failure.status.code, 1 | 13 | 30 | 10016)
        && !name.starts_with("NLM4")
        && !name.starts_with("LCK");
    of_a_program
        && !of_access
        && !nfs_resource_status::tells(name)
        && !nfs_server_delay::STATUSES.contains(&name)
        && !nfs_slot_error::STATUSES.contains(&name)
}

/// An error that no program provokes to find something out.
fn unforeseen(failure: &Failure) -> bool {
    let name = failure.status.name;
    let of_disks = ["ERR_IO", "ERR_SERVERFAULT", "ERR_NXIO", "ERR_BADHANDLE"];
    failure.op.name == "MNT" || of_disks.iter().any(|end| name.ends_with(end))
}

fn finding(view: &View<'_>, failure: &Failure) -> Finding {
    let (first, last) = (failure.first, failure.last);
    let unforeseen = unforeseen(failure);
    Finding::new(&META, first.answered)
        .severity(if unforeseen { Severity::Warning } else { META.severity })
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .maybe_frame((failure.count > 1).then_some(last.answered), "last-answer")
        .title(format!("{} failed: {}", failure.op, failure.status))
        .explain(format!(
            "{} answered {} with {} in frame {}. Seen {}.",
            view.end_of(first.side.other()),
            failure.op,
            failure.status,
            first.answered.frame,
            times(failure.count),
        ))
        .advise(if failure.op.name == "MNT" {
            "Compare the path with the server's export list (`showmount -e`), and look at the server's log."
        } else if unforeseen {
            "Look at the server's log and its disks."
        } else {
            "Everyday when a program looks for a file that is not there; else look at the server's log."
        })
        .number("count", failure.count as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{MOUNT, NFS, answers, asks, opaque};

    const RULE: &str = "nfs-call-failed";

    fn failing(status: u32) -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049")
            .connect()
            .client(&asks(1, [NFS, 3, 3], &opaque(b"file")))
            .server(&answers(1, 0, &[status, 0]))
            .close()
    }

    #[test]
    fn a_missing_file_is_a_note() {
        let found = findings(failing(2).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Note);
        assert_eq!(found[0].title, "nfs3 LOOKUP failed: NFS3ERR_NOENT");
    }

    #[test]
    fn errors_of_disks_and_failed_mounts_are_warnings() {
        let io = findings(failing(5).frames(), RULE);
        assert_eq!(io[0].severity, Severity::Warning);
        let mount = Script::tcp("10.0.0.1:700", "10.0.0.2:20048")
            .connect()
            .client(&asks(1, [MOUNT, 3, 1], &opaque(b"/data")))
            .server(&answers(1, 0, &[2]))
            .close();
        let found = findings(mount.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].advice.contains("export list"));
    }

    #[test]
    fn what_other_rules_tell_is_not_told_twice() {
        for status in [0, 13, 28, 70] {
            assert!(
                findings(failing(status).frames(), RULE).is_empty(),
                "status {status}"
            );
        }
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = Script::tcp("10.0.0.1:700", "10.0.0.2:2049")
            .connect()
            .client(&asks(1, [NFS, 3, 3], &opaque(b"file")))
            .server_lost(&answers(1, 0, &[2, 0]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
