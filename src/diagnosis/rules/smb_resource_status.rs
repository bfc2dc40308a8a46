//! `smb-resource-status`.

use crate::diagnosis::smb::{
    DISK_ERRORS, FAILURES, Group, RESOURCES, WRITE_PROTECTED, code, failures, group, or,
};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server has run out of something that the request needs: memory, sessions, open files, quota, disk; or its disk fails.
    ///
    /// ## Why it matters
    /// The same request would succeed at another time or for another user. Others are likely to be hit as well.
    ///
    /// ## How it is told
    /// An answer with INSUFFICIENT_RESOURCES, INSUFF_SERVER_RESOURCES, REQUEST_NOT_ACCEPTED, TOO_MANY_SESSIONS,
    /// TOO_MANY_OPENED_FILES, QUOTA_EXCEEDED or DISK_FULL, or with an error of the disk (IO_DEVICE_ERROR, UNEXPECTED_IO_ERROR,
    /// DATA_ERROR, CRC_ERROR, DISK_CORRUPT_ERROR and their like), or the DOS errors of the same meaning; MEDIA_WRITE_PROTECTED is a
    /// warning.
    ///
    /// ## Example
    /// A WRITE answered with STATUS_DISK_FULL.
    ///
    /// ## What to do
    /// DISK_FULL, QUOTA_EXCEEDED: make room, or raise the quota. TOO_MANY_SESSIONS, REQUEST_NOT_ACCEPTED: the server's
    /// edition or configuration limits connections. TOO_MANY_OPENED_FILES: find who keeps files open. INSUFF_SERVER_RESOURCES:
    /// see the server's memory. Errors of the disk: see the server's log of its disks and file systems.
    ///
    /// ## References
    /// MS-ERREF 2.3; MS-SMB2 3.3.5.
    pub SmbResourceStatus = "smb-resource-status" {
        summary: "The server lacks resources",
        severity: Error,
        category: Resources,
        protocols: ["smb", "smb2"],
        reference: "MS-ERREF 2.3; MS-SMB2 3.3.5",
    }
}

impl SmbResourceStatus {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for codes in [RESOURCES, DISK_ERRORS, WRITE_PROTECTED] {
            for group in group(failures(view, FAILURES, codes), "command") {
                out.raise(finding(view, &group));
            }
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let names = group.listed();
    let asked = match (fact.fact.name, names.as_str()) {
        ("smb.create-failed", "") => "opening a file".to_owned(),
        ("smb.create-failed", names) => format!("opening {names}"),
        ("smb.tree-connect-failed", _) => "connecting a share".to_owned(),
        ("smb.session-setup-failed", _) => "a logon".to_owned(),
        (_, "") => or(fact.text("command"), "a request").to_owned(),
        (_, names) => format!("{} of {names}", or(fact.text("command"), "a request")),
    };
    let status = group.status();
    let (why, advice) = words(fact);
    let protected = WRITE_PROTECTED.contains(&code(fact));
    let finding = Finding::new(&META, fact.stamp)
        .severity(if protected {
            Severity::Warning
        } else {
            META.severity
        })
        .side(if protected {
            Culprit::Unknown
        } else {
            Culprit::Server
        })
        .title(format!(
            "{} refused {asked}: {status}{}",
            view.server(),
            group.times()
        ))
        .explain(format!(
            "The server answered {asked} with {status} in frame {}{}: {why}.",
            fact.stamp.frame,
            group.times()
        ))
        .advise(advice);
    group.cite(finding)
}

/// What a status means, and what to do about it.
fn words(fact: &SeenFact) -> (&'static str, &'static str) {
    let code = code(fact);
    if DISK_ERRORS.contains(&code) {
        return (
            "its disk, or what the share lies on, has failed it",
            "Look at the server's log for errors of its disks, its file system, or the storage behind it; and at what was written.",
        );
    }
    if WRITE_PROTECTED.contains(&code) {
        return (
            "the share, or what it lies on, is read-only",
            "See whether the share is meant to be read-only, and whether the server has its disk mounted so.",
        );
    }
    match fact.text("status") {
        "STATUS_DISK_FULL" | "ERRdiskfull" => (
            "the share's disk is full, or the quota of what may be stored there is used up",
            "Make room on the server's disk, or raise the quota.",
        ),
        "STATUS_QUOTA_EXCEEDED" => (
            "the user's quota is used up",
            "Raise the user's quota, or delete what is not needed.",
        ),
        "STATUS_TOO_MANY_SESSIONS" | "STATUS_REQUEST_NOT_ACCEPTED" | "ERRtoomanyuids" => (
            "it has as many sessions as it allows",
            "See how many sessions the server has and allows (smbstatus, net session).",
        ),
        "STATUS_TOO_MANY_OPENED_FILES" | "ERRnofids" => (
            "as many files are open as it allows",
            "Find who keeps files open (smbstatus -L, openfiles).",
        ),
        _ => (
            "it is out of memory or of something else that the request needs, or has reached a limit of its own",
            "See the server's memory, its limits, and its log.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, create, negotiated, no, opened, read, setup, setup_answer, to,
    };

    const RULE: &str = "smb-resource-status";

    #[test]
    fn each_request_may_meet_it() {
        let write = at_work().client(&read(3)).server(&no(8, 3, 0xC000_009A));
        let open = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, 0xC000_007F));
        let logon = negotiated(to(445))
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0xC000_00CE));
        for (script, part) in [
            (write, "READ"),
            (open, "DISK_FULL"),
            (logon, "TOO_MANY_SESSIONS"),
        ] {
            let found = findings(script.close().frames(), RULE);
            assert_eq!(found.len(), 1, "{part}");
            assert!(found[0].title.contains(part), "{}", found[0].title);
        }
    }

    #[test]
    fn a_disk_that_fails_or_is_full_is_told_with_the_file() {
        let of = |status| {
            let mut read = read(4);
            read[4 + 64 + 16..][..8].copy_from_slice(&9_u64.to_le_bytes());
            read[4 + 64 + 24..][..8].fill(0);
            let script = at_work()
                .client(&create(3, "up.bin"))
                .server(&opened(3, 9))
                .client(&read)
                .server(&no(8, 4, status));
            findings(script.close().frames(), RULE)
        };
        for (status, word, severity) in [
            (0xC000_0185, "disk", Severity::Error),
            (0xC000_007F, "full", Severity::Error),
            (0xC000_00A2, "read-only", Severity::Warning),
        ] {
            let found = of(status);
            assert_eq!(found.len(), 1, "{status:x}");
            assert_eq!(found[0].severity, severity);
            assert!(found[0].title.contains("READ of up.bin"), "{found:?}");
            assert!(found[0].explanation.contains(word), "{found:?}");
        }
        // End of file is no error of the disk.
        assert!(of(0xC000_0011).is_empty());
        // A CREATE that meets it is told here alone.
        let open = at_work().client(&create(3, "a"));
        let open = open.server(&no(5, 3, 0xC000_0032)).close().frames();
        assert_eq!(findings(open.clone(), RULE).len(), 1);
        assert!(findings(open, "smb-open-failed").is_empty());
    }

    #[test]
    fn other_statuses_and_lost_answers_are_quiet() {
        let other = at_work().client(&read(3)).server(&no(8, 3, 0xC000_0011));
        assert!(findings(other.close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&read(3))
            .server_lost(&no(8, 3, 0xC000_009A));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
