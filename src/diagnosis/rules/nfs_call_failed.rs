//! `nfs-call-failed`.

use super::rpc::times;
use super::{nfs_resource_status, nfs_server_delay, nfs_slot_error};
use crate::diagnosis::nfs_joins::is_done_once;
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
    /// A call that cannot be carried out twice (REMOVE, RENAME, CREATE and their kin) and fails as the second time does is told as
    /// sent again where it was: under the same xid, in an earlier connection of the same client that ended without its answer, or
    /// repeated in this one. The server had most likely done it the first time, and did not remember that.
    ///
    /// ## Example
    /// LOOKUP answered NFS3ERR_NOENT twelve times.
    ///
    /// ## What to do
    /// NOENT and EXIST are everyday; look whether a call that was sent again has done its work the first time. IO, SERVERFAULT
    /// and BADHANDLE are not: look at the server's log and disks.
    ///
    /// ## References
    /// RFC 1813 sections 2.6 and 4.5 (duplicate request cache), RFC 8881 section 15.1.
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
    // The compound as a whole is refused, and no operation of it was begun (RFC 7530 section 15.2).
    let minor = failure.status.name == "NFS4ERR_MINOR_VERS_MISMATCH";
    let op = if minor {
        format!("{} COMPOUND", failure.op.group)
    } else {
        failure.op.to_string()
    };
    let found = Finding::new(&META, first.answered)
        .severity(if unforeseen { Severity::Warning } else { META.severity })
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .maybe_frame((failure.count > 1).then_some(last.answered), "last-answer")
        .title(format!("{op} failed: {}", failure.status))
        .explain(format!(
            "{} answered {op} with {} in frame {}. Seen {}.",
            view.end_of(first.side.other()),
            failure.status,
            first.answered.frame,
            times(failure.count),
        ))
        .advise(if failure.op.name == "MNT" {
            "Compare the path with the server's export list (`showmount -e`), and look at the server's log."
        } else if unforeseen {
            "Look at the server's log and its disks."
        } else if minor {
            "Everyday while a client finds out which minor versions the server has; else mount with one that it has (`vers=`)."
        } else {
            "Everyday when a program looks for a file that is not there; else look at the server's log."
        })
        .number("count", failure.count as f64);
    if minor {
        found.also("The server does not have the minor version that the call asks for; no operation of it was begun.")
    } else {
        sent_again(view, failure, found)
    }
}

/// A call that had been carried out before, as it seems.
fn sent_again(view: &View<'_>, failure: &Failure, found: Finding) -> Finding {
    let first = failure.first;
    let op = failure.op;
    let done = "it was most likely carried out the first time, and the server did not remember that (its duplicate request cache \
                had no entry any more)";
    let title = format!("{op} sent again failed: {}", failure.status);
    if let Some(before) = view.world.nfs.sent_before(view.flow, failure) {
        found
            .likely()
            .frame(before, "first-sent")
            .title(title)
            .also(&format!(
                "The same call (xid 0x{:08x}) was sent in frame {} on a connection that ended without its answer: {done}.",
                failure.first_id as u32, before.frame
            ))
            .advise("Nothing is wrong with the file: look why the connection ended before the answer came.")
    } else if first.repeats > 0 && is_done_once(failure) {
        found.likely().title(title).also(&format!(
            "It was sent {} times under one xid before this answer came: {done}.",
            first.repeats + 1
        ))
    } else {
        found
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{MOUNT, NFS, answers, asks, opaque, words};
    use crate::diagnosis::{Certainty, Severity};

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

    fn removes(script: Script, xid: u32) -> Script {
        script.client(&asks(xid, [NFS, 3, 12], &opaque(b"file")))
    }

    fn removed(script: Script, xid: u32, status: u32) -> Script {
        removes(script, xid).server(&answers(xid, 0, &[status, 0]))
    }

    fn connection(port: u16) -> Script {
        let script = Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:2049");
        // Later ports connect later.
        script.wait_secs(f64::from(port - 700)).connect()
    }

    #[test]
    fn a_call_that_is_sent_again_on_a_new_connection_was_done_before() {
        let cut_off = || removes(connection(700), 9).reset(Side::Server);
        let frames = |second| Script::merge([cut_off(), second]);
        let found = findings(frames(removed(connection(702), 9, 2).close()), RULE);
        assert_eq!(
            found[0].title,
            "nfs3 REMOVE sent again failed: NFS3ERR_NOENT"
        );
        assert_eq!(found[0].severity, Severity::Note);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].frames.iter().any(|e| e.role == "first-sent"));
        // Another call, and another status.
        for second in [
            removed(connection(702), 8, 2),
            removed(connection(702), 9, 66),
        ] {
            let found = findings(frames(second.close()), RULE);
            assert!(!found[0].title.contains("again"), "{found:?}");
        }
        // The first was answered.
        let answered = removed(connection(700), 9, 0).reset(Side::Server);
        let frames = Script::merge([answered, removed(connection(702), 9, 2).close()]);
        assert!(!findings(frames, RULE)[0].title.contains("again"));
    }

    #[test]
    fn a_minor_version_that_is_refused_is_the_compounds() {
        let script = Script::tcp("10.0.0.1:700", "10.0.0.2:2049")
            .connect()
            .client(&asks(1, [NFS, 4, 1], &words(&[0, 9, 1, 24])))
            .server(&answers(1, 0, &[10_021, 0, 0]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(
            found[0].title,
            "nfs4 COMPOUND failed: NFS4ERR_MINOR_VERS_MISMATCH"
        );
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
