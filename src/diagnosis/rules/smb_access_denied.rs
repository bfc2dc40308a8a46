//! `smb-access-denied`.

use super::smb2_signing_failed;
use crate::diagnosis::smb::{ACCESS, Group, MAXIMUM_ALLOWED, failures, group, or, share};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The user is logged on and connected to the share, and may not do what was asked for with a file.
    ///
    /// ## Why it matters
    /// It is a matter of permissions, not of the connection or the password: the server works as it was told to.
    ///
    /// ## How it is told
    /// A file is opened or made with a certain access and the answer is ACCESS_DENIED (a warning, with the access that was asked
    /// for), or another request is answered so (a note: the file was opened without the right it needs). It is `likely` where the
    /// request was signed, the same access was granted with another file of that share before, and nothing that is signed
    /// was granted afterwards: a server refuses a signature that it cannot verify with the same status.
    ///
    /// ## Example
    /// `smb2-access-denied-share` for the share itself; a read-only user who opens a file for writing.
    ///
    /// ## What to do
    /// Compare the desired access with the permissions of the file and of the share. An open that asks for
    /// MAXIMUM_ALLOWED, or is followed by one that asks for less, is only a look at what is allowed.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.9; MS-DTYP 2.4.3.
    pub SmbAccessDenied = "smb-access-denied" {
        summary: "Permission denied after a good logon",
        severity: Warning,
        category: Authentication,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.9; MS-DTYP 2.4.3",
    }
}

impl SmbAccessDenied {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        // smb2-durable-reconnect-failed tells of opens that were to be taken back.
        let opens = failures(view, &["smb.create-failed"], ACCESS);
        let opens = opens.filter(|f| !f.is("reconnects") && !smb2_signing_failed::tells(f));
        for group in group(opens, "name") {
            out.raise(open_denied(view, &group));
        }
        let others = failures(view, &["smb.request-failed"], ACCESS);
        let others = others.filter(|f| !smb2_signing_failed::tells(f));
        for group in group(others, "command") {
            out.raise(request_denied(&group));
        }
    }
}

fn open_denied(view: &View<'_>, group: &Group<'_>) -> Finding {
    let fact = group.first;
    let access = fact.int("access").unwrap_or_default();
    let name = or(fact.text("name"), "the share itself");
    let user = view
        .session
        .detail("user")
        .map_or_else(|| "the client".to_owned(), ToString::to_string);
    let (verb, participle) = disposition(fact);
    let probing = access & MAXIMUM_ALLOWED != 0;
    let finding = Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .severity(if probing { Severity::Note } else { Severity::Warning })
        .title(format!("{user} may not {verb} {name}{}", group.times()))
        .explain(format!(
            "{name} on {} was to be {participle} for {} (0x{access:08x}); the server answered {} in frame {}.",
            share(view, fact),
            rights(access),
            group.status(),
            fact.stamp.frame
        ))
        .advise("Compare what was asked for with the permissions of the file and of the share for this user.");
    let finding = group.cite(finding);
    if in_doubt(view, group) {
        finding.likely().also(
            "The same access was granted with other files of the share before, and no signed request was granted since: \
             servers refuse a wrong signature alike.",
        )
    } else {
        finding
    }
}

/// What was to be done with the name (CreateDisposition, MS-SMB2 2.2.13): `open`, `opened`.
fn disposition(fact: &SeenFact) -> (&'static str, &'static str) {
    match (fact.int("disposition"), fact.is("directory")) {
        (Some(2), true) => ("make the directory", "made as a directory"),
        (Some(2), false) => ("make", "made"),
        (Some(3), true) => (
            "open or make the directory",
            "opened, or made as a directory,",
        ),
        (Some(3), false) => ("open or make", "opened, or made,"),
        (Some(0), _) => ("replace", "replaced"),
        (Some(4), _) => ("overwrite", "overwritten"),
        (Some(5), _) => ("make or overwrite", "made, or overwritten,"),
        _ => ("open", "opened"),
    }
}

/// A wrong signature looks the same: what was granted before is refused, and so is all that is signed since.
fn in_doubt(view: &View<'_>, group: &Group<'_>) -> bool {
    let doubt = view.session.fact("smb.signature-in-doubt");
    group.first.is("alike") && doubt.is_some_and(|d| d.stamp <= group.first.stamp)
}

fn request_denied(group: &Group<'_>) -> Finding {
    let fact = group.first;
    let command = fact.text("command");
    let of = match group.listed() {
        names if names.is_empty() => String::new(),
        names => format!(" of {names}"),
    };
    // Closing takes no right: what fails there is what was put off until then.
    let closing = command == "CLOSE";
    let (severity, why, advice) = if closing {
        (
            Severity::Warning,
            "closing needs no right of its own, so writing or deleting that was put off until then has failed",
            "See whether the files are as they should be, and what the server's log says of storing them.",
        )
    } else {
        (
            Severity::Note,
            "the file was opened without the right it needs",
            "Compare what the file was opened for with what is done to it.",
        )
    };
    let finding = Finding::new(&META, fact.stamp)
        .side(if closing {
            Culprit::Server
        } else {
            Culprit::Client
        })
        .severity(severity)
        .title(format!("{command}{of} was denied{}", group.times()))
        .explain(format!(
            "The server answered {command}{of} with {} in frame {}{}: {why}.",
            group.status(),
            fact.stamp.frame,
            group.times(),
        ))
        .advise(advice);
    group.cite(finding)
}

/// The access mask in words (MS-SMB2 2.2.13.1.1).
fn rights(access: i64) -> String {
    const RIGHTS: &[(i64, &str)] = &[
        (MAXIMUM_ALLOWED, "whatever is allowed"),
        (0x1000_0000, "everything"),
        (0x4000_0002, "writing"),
        (0x0000_0004, "appending"),
        (0x8000_0001, "reading"),
        (0x2000_0020, "executing"),
        (0x0001_0000, "deleting"),
        (0x0004_0000, "changing permissions"),
        (0x0008_0000, "taking ownership"),
        (0x0000_0110, "changing attributes"),
        (0x0000_0088, "reading attributes"),
    ];
    let named: Vec<_> = RIGHTS
        .iter()
        .filter(|(mask, _)| access & mask != 0)
        .map(|(_, name)| *name)
        .collect();
    if named.is_empty() {
        "some access".to_owned()
    } else {
        named.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, create, no, read, smb2};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "smb-access-denied";
    const DENIED: u32 = 0xC000_0022;

    #[test]
    fn a_denied_open_is_told_with_what_was_asked_for() {
        let script = at_work()
            .client(&create(3, "secret.txt"))
            .server(&no(5, 3, DENIED));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(
            found[0].title.contains("alice may not open secret.txt"),
            "{}",
            found[0].title
        );
        assert!(
            found[0].explanation.contains("reading"),
            "{}",
            found[0].explanation
        );
    }

    #[test]
    fn what_was_to_be_made_is_told_so() {
        let mut made = create(3, "new");
        made[4 + 64 + 36] = 2;
        made[4 + 64 + 40] = 1;
        let script = at_work().client(&made).server(&no(5, 3, DENIED));
        let found = findings(script.close().frames(), RULE);
        let title = &found[0].title;
        assert!(title.contains("may not make the directory new"), "{title}");
    }

    #[test]
    fn another_request_is_a_note() {
        let script = at_work().client(&read(3)).server(&no(8, 3, DENIED));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn a_close_that_is_denied_may_have_lost_what_was_written() {
        let close = |id| {
            let mut body = vec![24, 0, 0, 0, 0, 0, 0, 0];
            body.extend([9; 16]);
            smb2(6, id, None, &body)
        };
        let mut script = at_work();
        for id in [3, 4] {
            script = script.client(&close(id)).server(&no(6, id, DENIED));
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Warning, Culprit::Server)
        );
        assert_eq!(found[0].title, "CLOSE was denied, 2 times");
    }

    #[test]
    fn another_status_and_a_lost_answer_are_quiet() {
        let missing = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, 0xC000_0034));
        assert!(findings(missing.close().frames(), RULE).is_empty());
        let lost = at_work()
            .client(&create(3, "a"))
            .server_lost(&no(5, 3, DENIED));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
