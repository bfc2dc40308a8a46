//! `smb2-compound-failed`.

use crate::diagnosis::smb::group_by;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// Several requests were sent as one (a compound of related requests), the first failed, and the others failed with it.
    ///
    /// ## Why it matters
    /// Only the first failure has a cause; the others have no file to work on and repeat its status. Counted by themselves they
    /// look like refusals of their own: a QUERY_INFO that is denied although nobody asked for a right.
    ///
    /// ## How it is told
    /// Answers in one compound, with SMB2_FLAGS_RELATED_OPERATIONS, that have the status of the one before them. Those of one
    /// command and status are told together, as a note: what the first failure means is told by its own rule.
    ///
    /// ## Example
    /// CREATE, QUERY_INFO and CLOSE of a file that does not exist: three times OBJECT_NAME_NOT_FOUND.
    ///
    /// ## What to do
    /// Look at the first request of the compound alone.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.2.7.2 and 3.3.4.1.3.
    pub Smb2CompoundFailed = "smb2-compound-failed" {
        summary: "A compound failed with its first request",
        severity: Note,
        category: Dialogue,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.5.2.7.2 and 3.3.4.1.3",
    }
}

impl Smb2CompoundFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let failed = || view.session.facts_named("smb.compound-failed");
        for group in group_by(failed(), |fact| fact.text("command")) {
            let (command, status) = (group.first.text("command"), group.status());
            let alike =
                failed().filter(|f| f.text("command") == command && f.text("status") == status);
            let followers: i64 = alike.filter_map(|f| f.int("followers")).sum();
            let (requests, them) = if followers == 1 {
                ("1 request".to_owned(), "it")
            } else {
                (format!("{followers} requests"), "them")
            };
            let finding = Finding::new(&META, group.first.stamp)
                .side(Culprit::Client)
                .title(format!("{requests} failed because {command} before {them} did: {status}"))
                .explain(format!(
                    "{command} was answered with {status} in frame {}{}; {requests} in the same compound had nothing to work on and failed alike.",
                    group.first.stamp.frame,
                    group.times()
                ))
                .advise("Look at the first request of the compound: only its failure has a cause of its own.")
                .number("followers", followers as f64);
            out.raise(group.cite(finding));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::smb::testing::{at_work, create, no, smb2};

    const RULE: &str = "smb2-compound-failed";
    const DENIED: u32 = 0xC000_0022;

    /// One message of the two, the second related to the first.
    fn compound(first: &[u8], second: &[u8]) -> Vec<u8> {
        let mut body = first[4..].to_vec();
        body.resize(body.len().next_multiple_of(8), 0);
        let next = body.len() as u32;
        body[20..24].copy_from_slice(&next.to_le_bytes());
        let mut second = second[4..].to_vec();
        second[16] |= 4;
        body.extend(second);
        let mut out = (body.len() as u32).to_be_bytes().to_vec();
        out.extend(body);
        out
    }

    fn query(id: u64) -> Vec<u8> {
        let mut body = vec![41, 0, 1, 18];
        body.resize(24, 0);
        body.extend([0xFF; 16]);
        smb2(16, id, None, &body)
    }

    fn asked() -> Script {
        at_work().client(&compound(&create(3, "a.txt"), &query(4)))
    }

    #[test]
    fn a_failure_that_spreads_is_a_note_and_has_one_main_finding() {
        let script = asked().server(&compound(&no(5, 3, DENIED), &no(16, 4, DENIED)));
        let found = findings(script.clone().close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].title.contains("1 request failed because CREATE"),
            "{found:?}"
        );
        let denied = findings(script.clone().close().frames(), "smb-access-denied");
        assert_eq!(denied.len(), 1, "{denied:?}");
        assert!(
            loud(script.close().frames())
                .iter()
                .all(|rule| *rule == "smb-access-denied")
        );
    }

    #[test]
    fn another_status_and_two_requests_by_themselves_are_quiet() {
        let other = asked().server(&compound(&no(5, 3, DENIED), &no(16, 4, 0xC000_0034)));
        assert!(findings(other.close().frames(), RULE).is_empty());
        let apart = asked().server(&no(5, 3, DENIED)).server(&no(16, 4, DENIED));
        assert!(findings(apart.close().frames(), RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_not_captured_tells_nothing() {
        let lost = asked().server_lost(&compound(&no(5, 3, DENIED), &no(16, 4, DENIED)));
        assert!(findings(lost.wait_secs(1.0).close().frames(), RULE).is_empty());
    }
}
