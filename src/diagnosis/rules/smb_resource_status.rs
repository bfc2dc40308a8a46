//! `smb-resource-status`.

use crate::diagnosis::smb::{FAILURES, Group, RESOURCES, failures, group, or};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The server has run out of something that the request needs: memory, sessions, open files, quota, disk.
    ///
    /// ## Why it matters
    /// The same request would succeed at another time or for another user. Others are likely to be hit as well.
    ///
    /// ## How it is told
    /// An answer with INSUFFICIENT_RESOURCES, INSUFF_SERVER_RESOURCES, REQUEST_NOT_ACCEPTED, TOO_MANY_SESSIONS,
    /// TOO_MANY_OPENED_FILES, QUOTA_EXCEEDED or DISK_FULL, or the DOS errors of the same meaning.
    ///
    /// ## Example
    /// A WRITE answered with STATUS_DISK_FULL.
    ///
    /// ## What to do
    /// DISK_FULL, QUOTA_EXCEEDED: make room, or raise the quota. TOO_MANY_SESSIONS, REQUEST_NOT_ACCEPTED: the server's
    /// edition or configuration limits connections. TOO_MANY_OPENED_FILES: find who keeps files open. INSUFF_SERVER_RESOURCES:
    /// see the server's memory.
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
        for group in group(failures(view, FAILURES, RESOURCES), "command") {
            out.raise(finding(view, &group));
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let asked = match fact.fact.name {
        "smb.create-failed" => "opening a file",
        "smb.tree-connect-failed" => "connecting a share",
        "smb.session-setup-failed" => "a logon",
        _ => or(fact.text("command"), "a request"),
    };
    let status = group.status();
    let finding = Finding::new(&META, fact.stamp)
        .side(Culprit::Server)
        .title(format!("{} refused {asked}: {status}{}", view.server(), group.times()))
        .explain(format!(
            "The server answered {asked} with {status} in frame {}{}: it has not got what the request needs.",
            fact.stamp.frame,
            group.times()
        ))
        .advise(match status {
            "STATUS_DISK_FULL" | "ERRdiskfull" => "Make room on the server's disk.",
            "STATUS_QUOTA_EXCEEDED" => "Raise the user's quota, or delete what is not needed.",
            "STATUS_TOO_MANY_SESSIONS" | "STATUS_REQUEST_NOT_ACCEPTED" | "ERRtoomanyuids" => {
                "See how many sessions the server has and allows (smbstatus, net session)."
            }
            "STATUS_TOO_MANY_OPENED_FILES" | "ERRnofids" => "Find who keeps files open (smbstatus -L, openfiles).",
            _ => "See the server's memory and its log.",
        });
    group.cite(finding)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, create, negotiated, no, read, setup, setup_answer, to,
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
    fn other_statuses_and_lost_answers_are_quiet() {
        let other = at_work().client(&read(3)).server(&no(8, 3, 0xC000_0011));
        assert!(findings(other.close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&read(3))
            .server_lost(&no(8, 3, 0xC000_009A));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
