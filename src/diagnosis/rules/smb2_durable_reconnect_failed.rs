//! `smb2-durable-reconnect-failed`.

use crate::diagnosis::smb::{Group, group, or};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// A client whose connection broke asked for its open file back (a durable or persistent handle), and the server did
    /// not have it any more.
    ///
    /// ## Why it matters
    /// The program that had the file open sees an error in the midst of its work although the network is back: a database
    /// closes its file, an editor cannot save, locks are lost and somebody else may hold them now.
    ///
    /// ## How it is told
    /// A CREATE with SMB2_CREATE_DURABLE_HANDLE_RECONNECT, of either version, that is answered with a failure. Those of one
    /// status together.
    ///
    /// ## Example
    /// The laptop slept longer than the server keeps durable opens (Windows: 16 minutes, Samba: 60 s): OBJECT_NAME_NOT_FOUND.
    ///
    /// ## What to do
    /// OBJECT_NAME_NOT_FOUND: the open timed out, another client broke its lease, or the server restarted (only persistent
    /// opens of a continuously available share survive that). ACCESS_DENIED: another user asks for it back. Look at how the
    /// first connection ended.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.9.7, 3.3.5.9.12 and 3.2.4.4.
    pub Smb2DurableReconnectFailed = "smb2-durable-reconnect-failed" {
        summary: "Open file not given back after a reconnect",
        severity: Warning,
        category: Establishment,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.5.9.7, 3.3.5.9.12 and 3.2.4.4",
    }
}

impl Smb2DurableReconnectFailed {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let failed = view.session.facts_named("smb.create-failed");
        for one in group(failed.filter(|f| f.is("reconnects")), "share") {
            out.raise(finding(view, &one));
        }
    }
}

fn finding(view: &View<'_>, group: &Group<'_>) -> Finding {
    let listed = group.listed();
    let what = or(&listed, "a file");
    // The connection on which it was open before, as far as the capture has it.
    let old = group
        .first
        .int("old")
        .and_then(|file| view.world.smb.left(file as u64));
    let before = old.map_or_else(String::new, |old| {
        format!(
            " It was open on the connection that ended in frame {}, {} before.",
            old.stamp.frame,
            seconds(group.first.stamp.time.since(old.stamp.time))
        )
    });
    let finding = Finding::new(&META, group.first.stamp)
        .side(Culprit::Server)
        .maybe_frame(old.map(|old| old.stamp), "lost-connection")
        .title(format!("{what} was not given back: {}", group.status()))
        .explain(format!(
            "After a reconnect the client asked for {what} back, which it had open before, and got {} in frame {}{}.{before}",
            group.status(),
            group.first.stamp.frame,
            group.times()
        ))
        .advise("See how long the client was away, and whether the server restarted or another client took the file.");
    let finding = match old {
        Some(old) => finding.number("away", group.first.stamp.time.since(old.stamp.time)),
        None => finding,
    };
    group.cite(finding)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use colloquy_dissectors::units::Side;

    use crate::diagnosis::rules::bench::{findings, outcome};
    use crate::diagnosis::smb::testing::{
        at_work, create, negotiated, no, opened, setup, setup_answer, tree, tree_answer,
    };

    const RULE: &str = "smb2-durable-reconnect-failed";
    const NOT_FOUND: u32 = 0xC000_0034;

    /// CREATE of `name` with one context of that name, whose data are 16 bytes.
    fn create_with(id: u64, name: &str, context: [u8; 4]) -> Vec<u8> {
        const NBSS: usize = 4;
        let mut out = create(id, name);
        out.resize((out.len() - NBSS).next_multiple_of(8) + NBSS, 0);
        let at = (out.len() - NBSS) as u32;
        out.extend([0, 0, 0, 0, 16, 0, 4, 0, 0, 0, 24, 0, 16, 0, 0, 0]);
        out.extend(context);
        out.extend([0; 20]);
        let place = NBSS + 64 + 48;
        out[place..place + 4].copy_from_slice(&at.to_le_bytes());
        out[place + 4..place + 8].copy_from_slice(&40_u32.to_le_bytes());
        let len = (out.len() - NBSS) as u32;
        out[..NBSS].copy_from_slice(&len.to_be_bytes());
        out
    }

    fn asked(context: [u8; 4]) -> Script {
        at_work().client(&create_with(3, "book.xlsx", context))
    }

    #[test]
    fn an_open_that_is_gone_is_told_and_by_this_rule_alone() {
        for context in [*b"DHnC", *b"DH2C"] {
            let script = asked(context).server(&no(5, 3, NOT_FOUND)).close();
            let found = findings(script.clone().frames(), RULE);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].title.contains("book.xlsx"), "{found:?}");
            assert!(findings(script.frames(), "smb-open-failed").is_empty());
        }
        let denied = asked(*b"DHnC").server(&no(5, 3, 0xC000_0022)).close();
        assert_eq!(findings(denied.clone().frames(), RULE).len(), 1);
        assert!(findings(denied.frames(), "smb-access-denied").is_empty());
    }

    #[test]
    fn a_new_durable_open_that_fails_is_another_story() {
        let script = asked(*b"DHnQ").server(&no(5, 3, NOT_FOUND)).close();
        assert!(findings(script.clone().frames(), RULE).is_empty());
        assert_eq!(findings(script.frames(), "smb-open-failed").len(), 1);
        let plain = at_work()
            .client(&create(3, "a"))
            .server(&no(5, 3, NOT_FOUND));
        assert!(findings(plain.close().frames(), RULE).is_empty());
    }

    /// A connection on which the file of FileId 1 was open when it was reset, and a later one that asks for it.
    fn cut_and_asked_again(answer: &[u8]) -> Vec<crate::capture::script::ScriptFrame> {
        let first = at_work()
            .client(&create(3, "book.xlsx"))
            .server(&opened(3, 1))
            .reset(Side::Client);
        let mut again = create_with(3, "book.xlsx", *b"DHnC");
        // The data of the context are the FileId that the open had.
        let data = again.len() - 16;
        again[data] = 1;
        let second = Script::tcp("10.0.0.1:40001", "10.0.0.2:445")
            .wait_secs(20.0)
            .connect();
        let second = negotiated(second)
            .client(&setup(1, "alice"))
            .server(&setup_answer(1, 0))
            .client(&tree(2, "\\\\SRV\\data"))
            .server(&tree_answer(2, 0, 1))
            .client(&again)
            .server(answer);
        Script::merge([first, second])
    }

    #[test]
    fn the_open_before_is_joined_to_the_one_after() {
        let found = findings(cut_and_asked_again(&no(5, 3, NOT_FOUND)), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].frames[0].role, "lost-connection");
        let outcome = outcome(cut_and_asked_again(&opened(3, 2)));
        let details = |key: &str| {
            let sessions = outcome.sessions().filter(|r| r.session.protocol == "smb2");
            let details = sessions.map(|r| r.session.detail(key).map(ToString::to_string));
            details.collect::<Vec<_>>()
        };
        let ids: Vec<u32> = outcome
            .sessions()
            .filter(|r| r.session.protocol == "smb2")
            .map(|r| r.id)
            .collect();
        assert_eq!(details("continued_in"), [Some(ids[1].to_string()), None]);
        assert_eq!(details("continues"), [None, Some(ids[0].to_string())]);
    }

    #[test]
    fn an_answer_that_was_not_captured_tells_nothing() {
        let lost = asked(*b"DHnC")
            .server_lost(&no(5, 3, NOT_FOUND))
            .wait_secs(1.0);
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }
}
