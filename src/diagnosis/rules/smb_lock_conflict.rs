//! `smb-lock-conflict`.

use crate::diagnosis::smb::{CONFLICTS, failures, group, or};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

/// So many refusals of one file are no accident.
const TIMES: usize = 3;

declare_rule! {
    /// ## What it means
    /// One client asks again and again for a file or a range of it that somebody else holds.
    ///
    /// ## Why it matters
    /// To its user the program hangs while it tries; if the holder is gone without closing, it tries for ever.
    ///
    /// ## How it is told
    /// SHARING_VIOLATION, FILE_LOCK_CONFLICT or LOCK_NOT_GRANTED at least three times for one file in one session.
    ///
    /// ## Example
    /// A document that is open on another machine, and an editor that tries every second.
    ///
    /// ## What to do
    /// Find the holder (`smbstatus -L`, `openfiles /query`). If its session is dead, the server frees the file when
    /// keep-alives find that out; or close it there.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.9 and 3.3.5.14; MS-CIFS 3.3.5.30.
    pub SmbLockConflict = "smb-lock-conflict" {
        summary: "A file is held by somebody else",
        severity: Warning,
        category: Dialogue,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.9 and 3.3.5.14; MS-CIFS 3.3.5.30",
    }
}

impl SmbLockConflict {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let refused = failures(
            view,
            &["smb.create-failed", "smb.request-failed"],
            CONFLICTS,
        );
        for group in group(refused, "name").iter().filter(|g| g.count >= TIMES) {
            let fact = group.first;
            let name = or(fact.text("name"), "a file");
            let finding = Finding::new(&META, group.last.stamp)
                .side(Culprit::Unknown)
                .title(format!("{name} is held by somebody else: {}{}", group.status(), group.times()))
                .explain(format!(
                    "Between frames {} and {} the client was refused {name}{}.",
                    fact.stamp.frame,
                    group.last.stamp.frame,
                    group.times()
                ))
                .advise("Find who has the file (smbstatus -L, openfiles) and whether that session is still alive.");
            out.raise(group.cite(finding));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{at_work, create, no};

    const RULE: &str = "smb-lock-conflict";

    fn tries(names: &[&str]) -> Vec<crate::capture::script::ScriptFrame> {
        let mut script = at_work();
        for (id, name) in (3..).zip(names) {
            script = script
                .client(&create(id, name))
                .server(&no(5, id, 0xC000_0043));
        }
        script.close().frames()
    }

    #[test]
    fn three_refusals_of_one_file_are_told() {
        let found = findings(tries(&["a.doc", "a.doc", "a.doc"]), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("a.doc"));
    }

    #[test]
    fn single_refusals_of_several_files_are_quiet() {
        assert!(findings(tries(&["a.doc", "b.doc", "c.doc", "a.doc"]), RULE).is_empty());
    }

    #[test]
    fn refusals_that_were_not_captured_do_not_count() {
        let mut script = at_work();
        for id in 3..8 {
            script = script
                .client(&create(id, "a.doc"))
                .server_lost(&no(5, id, 0xC000_0043));
        }
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
