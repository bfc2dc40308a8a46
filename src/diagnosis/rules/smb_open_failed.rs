//! `smb-open-failed`.

use crate::diagnosis::smb::{
    ACCESS, DISK_ERRORS, GONE, Group, RESOURCES, SESSION_EXPIRED, WRITE_PROTECTED, code, group_by,
    share,
};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// A file or a pipe was to be opened, and the server said no for another reason than access: it is not there, its
    /// folder is not there, somebody else has it open.
    ///
    /// ## Why it matters
    /// Mostly it does not: programs look for files that need not exist (desktop.ini, streams, lock files) all day. It
    /// matters when a program reports just that file missing, and when it is a pipe: what is behind a pipe is a service,
    /// and without the pipe there is no service.
    ///
    /// ## How it is told
    /// CREATE (SMB2) or NT_CREATE_ANDX and OPEN_ANDX (SMB1) answered with a failure that is not about access, resources or
    /// a session that is gone. A note for files, those of one status together; an error for each pipe.
    ///
    /// ## Example
    /// `dce-pipe-missing`: \\pipe\\nosuch is opened. `smb2-sharing-violation`: two opens of one file that exclude each other.
    ///
    /// ## What to do
    /// OBJECT_NAME_NOT_FOUND: compare the name with what is in the share. SHARING_VIOLATION: find who has the file open
    /// (`smbstatus -L`, `openfiles`). A pipe: start the service behind it.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.9; MS-CIFS 3.3.5.50.
    pub SmbOpenFailed = "smb-open-failed" {
        summary: "File or pipe not opened",
        severity: Note,
        category: Establishment,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.9; MS-CIFS 3.3.5.50",
    }
}

impl SmbOpenFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let others = [
            ACCESS,
            RESOURCES,
            DISK_ERRORS,
            WRITE_PROTECTED,
            GONE,
            &[SESSION_EXPIRED],
        ];
        let failed = view
            .session
            .facts_named("smb.create-failed")
            .filter(|f| !others.iter().any(|codes| codes.contains(&code(f))))
            // smb2-durable-reconnect-failed tells of those.
            .filter(|f| !f.is("reconnects"));
        // Each pipe is a service of its own; files that fail alike are one story.
        let key = |f: &SeenFact| {
            (
                f.text("share").to_owned(),
                f.is("pipe").then(|| f.text("name").to_owned()),
            )
        };
        for group in group_by(failed, key) {
            out.raise(finding(view, &group));
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let pipe = fact.is("pipe");
    let kind = if pipe { "pipe" } else { "file" };
    let (what, several) = match group.names.len() {
        0 => ("the share itself".to_owned(), false),
        1 => (format!("{kind} {}", group.listed()), false),
        n => (format!("{n} {kind}s"), true),
    };
    let status = group.status();
    // A name that is not there was asked for wrongly; a pipe that is there and not served is the server's.
    let culprit = match status {
        "STATUS_PIPE_NOT_AVAILABLE" | "STATUS_INSTANCE_NOT_AVAILABLE" | "STATUS_PIPE_BUSY" => {
            Culprit::Server
        }
        _ => Culprit::Client,
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(culprit)
        .severity(if pipe { Severity::Error } else { Severity::Note })
        .title(format!(
            "{what} {} not opened: {status}{}",
            if several { "were" } else { "was" },
            if several { String::new() } else { group.times() }
        ))
        .explain(told(view, group, &what, several))
        .advise(match (pipe, status) {
            (true, _) => "See whether the service behind this pipe runs at the server.",
            (_, "STATUS_SHARING_VIOLATION" | "ERRbadshare") => {
                "Find who has the file open (smbstatus -L, openfiles); it was opened without sharing."
            }
            _ => "Routine when a program only looks whether the file exists; else compare the name with what is in the share.",
        });
    group.cite(finding)
}

fn told(view: &View<'_>, group: &Group<'_>, what: &str, several: bool) -> String {
    let fact = group.first;
    let share = share(view, fact);
    let (status, frame) = (group.status(), fact.stamp.frame);
    if several {
        return format!(
            "The client asked {} times to open {what} on {share}: {}. The server answered {status}, first in frame \
             {frame}, last in frame {}.",
            group.count,
            group.listed(),
            group.last.stamp.frame
        );
    }
    format!(
        "The client asked to open {what} on {share}; the server answered {status} in frame {frame}{}.",
        group.times()
    )
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::smb::testing::{at_work, at_work_on, create, no};

    const RULE: &str = "smb-open-failed";
    const NOT_FOUND: u32 = 0xC000_0034;

    #[test]
    fn a_missing_pipe_is_an_error_and_a_missing_file_a_note() {
        for (kind, severity) in [(2, Severity::Error), (1, Severity::Note)] {
            let script = at_work_on(kind)
                .client(&create(3, "nosuch"))
                .server(&no(5, 3, NOT_FOUND));
            let found = findings(script.close().frames(), RULE);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].severity, severity);
            assert!(found[0].title.contains("nosuch"), "{}", found[0].title);
        }
    }

    #[test]
    fn the_same_failure_again_is_one_finding() {
        let mut script = at_work();
        for id in 3..9 {
            script = script
                .client(&create(id, "desktop.ini"))
                .server(&no(5, id, NOT_FOUND));
        }
        let frames = script.close().frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("6 times"));
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn files_that_fail_alike_are_one_finding_and_pipes_are_not() {
        for (kind, findings_told) in [(1, 1), (2, 5)] {
            let mut script = at_work_on(kind);
            for id in 3..8 {
                script = script
                    .client(&create(id, &format!("f{id}")))
                    .server(&no(5, id, NOT_FOUND));
            }
            let found = findings(script.close().frames(), RULE);
            assert_eq!(found.len(), findings_told);
            if kind == 1 {
                assert!(found[0].title.starts_with("5 files were not opened"));
                assert!(found[0].explanation.contains("f3, f4, f5 and 2 more"));
            }
        }
    }

    #[test]
    fn no_access_is_for_another_rule_and_a_lost_answer_for_none() {
        let denied = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, 0xC000_0022));
        assert!(findings(denied.close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&create(3, "a"))
            .server_lost(&no(5, 3, NOT_FOUND));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
