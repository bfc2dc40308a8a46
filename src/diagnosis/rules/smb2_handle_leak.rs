//! `smb2-handle-leak`.

use crate::diagnosis::smb::{closing_unseen, or};
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The client opens one file (or connects one share) again and again, and does not close it: what it holds open grows and
    /// grows.
    ///
    /// ## Why it matters
    /// Every open costs the server memory and counts against its limits: in the end it refuses all further opens
    /// (TOO_MANY_OPENED_FILES), also those of other clients. Meanwhile nobody can delete or rename what is held.
    ///
    /// ## How it is told
    /// A ledger of CREATE and CLOSE (TREE_CONNECT and TREE_DISCONNECT): one name is open at least 32 times at once at the end, and
    /// a third as many had been open for a minute at least; or at least 256 files, of those that were ever opened more than
    /// half. So that a copy of many files, or a client that closes late because it has a lease, is not taken for one.
    /// What a LOGOFF or a TREE_DISCONNECT closes counts as closed. It is `likely`: only the program knows what it still needs.
    ///
    /// ## Example
    /// A program that looks at a directory every second and forgets the handle: 3,600 of them after an hour.
    ///
    /// ## What to do
    /// Find the program at the client (by the name of the file, with the system's list of open handles) and have it mended;
    /// closing the session at the server frees what it holds.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.10 and 3.3.1.10; MS-CIFS 3.3.5.7.
    pub Smb2HandleLeak = "smb2-handle-leak" {
        summary: "Opens that are never closed pile up",
        severity: Warning,
        category: Resources,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.10 and 3.3.1.10; MS-CIFS 3.3.5.7",
    }
}

/// One name this often open at once.
const SAME: i64 = 32;
/// Files of any names.
const MANY: i64 = 256;
/// Seconds for which a third of them was held at least.
const HELD: f64 = 60.0;

impl Smb2HandleLeak {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(leak) = Leak::of(view) else { return };
        if leak.since > HELD {
            if let Some((guard, why)) = closing_unseen(view) {
                return out.cannot_tell(&META, guard, why);
            }
            out.raise(leak.finding(view));
        }
    }
}

/// What piles up.
struct Leak<'a> {
    /// The fact that has the latest numbers.
    last: &'a SeenFact,
    /// When a third of it was open, or more: it is told at powers of two.
    early: &'a SeenFact,
    /// How much was open then.
    then: i64,
    open: i64,
    what: String,
    /// Seconds from `early` to the end.
    since: f64,
}

impl<'a> Leak<'a> {
    fn of(view: &View<'a>) -> Option<Self> {
        let session = view.session;
        let held = || session.facts_named("smb.files-held");
        let files = session.fact("smb.files-left").or_else(|| held().last());
        let files = files.and_then(|last| {
            let [open, opened, same] = ["open", "opened", "same"].map(|k| last.int(k).unwrap_or(0));
            let name = last.text("name");
            if same >= SAME {
                let what = format!("{} {same} times", or(name, "the share's own directory"));
                let held = held().filter(|f| f.text("name") == name);
                Self::new(view, (held, "same"), (last, same), what)
            } else if open >= MANY && open * 2 > opened {
                Self::new(
                    view,
                    (held(), "open"),
                    (last, open),
                    format!("{open} files"),
                )
            } else {
                None
            }
        });
        files.or_else(|| {
            let last = session.facts_named("smb.trees-held").last()?;
            let open = last.int("open").filter(|n| *n >= SAME)?;
            let what = format!("{} connected {open} times", last.text("path"));
            let held = session.facts_named("smb.trees-held");
            Self::new(view, (held, "open"), (last, open), what)
        })
    }

    fn new(
        view: &View<'a>,
        (mut held, count): (impl Iterator<Item = &'a SeenFact>, &str),
        (last, open): (&'a SeenFact, i64),
        what: String,
    ) -> Option<Self> {
        let early = held.find(|f| f.int(count).is_some_and(|n| n * 3 >= open))?;
        let end = view.ending().map_or_else(|| view.now(), |e| e.stamp().time);
        Some(Self {
            last,
            early,
            then: early.int(count).unwrap_or_default(),
            open,
            what,
            since: end.since(early.stamp.time),
        })
    }

    fn finding(&self, view: &View<'_>) -> Finding {
        let Self {
            last,
            early,
            then,
            open,
            what,
            since,
        } = self;
        let opened = last.int("opened");
        let finding = Finding::new(&META, early.stamp)
            .likely()
            .side(Culprit::Client)
            .frame(early.stamp, "early-ones")
            .frame(last.stamp, "last-count")
            .maybe_frame(view.ending().map(Ending::stamp), "end")
            .title(format!("The client holds {what}, and does not close them"))
            .explain(format!(
                "{open} opens pile up: {then} were there in frame {}, {} before the end.{}",
                early.stamp.frame,
                seconds(*since),
                opened.map_or_else(String::new, |n| format!(
                    " Of {n} files that were opened, {} were left open.",
                    last.int("open").unwrap_or_default()
                ))
            ))
            .advise("Find the program at the client that opens it and does not close it.")
            .number("open", *open as f64)
            .number("held", *since);
        match opened {
            Some(n) => finding.number("opened", n as f64),
            None => finding,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, close, create, opened, tree, tree_answer};

    const RULE: &str = "smb2-handle-leak";

    /// Opens `count` files, and closes each when `closes`.
    fn opens(count: u64, pause: f64, closes: bool, name: impl Fn(u64) -> String) -> Script {
        let mut script = at_work();
        for n in 0..count {
            let id = 3 + 2 * n;
            script = script
                .client(&create(id, &name(n)))
                .server(&opened(id, n + 1))
                .wait_secs(pause);
            if closes {
                script = script
                    .client(&close(id + 1, n + 1))
                    .server(&no_body(id + 1));
            }
        }
        script
    }

    fn no_body(id: u64) -> Vec<u8> {
        crate::diagnosis::smb::testing::smb2(6, id, Some(0), &[60; 60])
    }

    #[test]
    fn one_name_that_is_opened_again_and_again_is_told() {
        let script = opens(48, 5.0, false, |_| "watched".to_owned());
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("watched 48 times"), "{found:?}");
        assert_eq!(found[0].frames[0].role, "early-ones");
        // More than a power of two: when half of them were there is not known so exactly.
        let more = opens(80, 1.9, false, |_| "watched".to_owned());
        assert_eq!(findings(more.close().frames(), RULE).len(), 1);
        let running = opens(48, 5.0, false, |_| "watched".to_owned());
        assert_eq!(findings(running.frames(), RULE).len(), 1);
    }

    #[test]
    fn the_share_itself_has_no_name_and_is_told_all_the_same() {
        let name = |n: u64| match n % 2 {
            0 => String::new(),
            _ => format!("file{n}"),
        };
        let found = findings(opens(130, 1.0, false, name).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        let title = &found[0].title;
        assert!(
            title.contains("the share's own directory 65 times"),
            "{title}"
        );
    }

    #[test]
    fn a_share_that_is_connected_again_and_again_is_told() {
        let mut script = at_work();
        for n in 0..48 {
            let mut answer = tree_answer(3 + n, 0, 1);
            answer[4 + 36] = 6 + n as u8;
            script = script
                .client(&tree(3 + n, "\\\\SRV\\data"))
                .server(&answer)
                .wait_secs(5.0);
        }
        assert_eq!(findings(script.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn files_that_are_closed_are_many_or_are_held_for_a_short_time_are_quiet() {
        let closed = opens(60, 5.0, true, |_| "watched".to_owned());
        assert!(findings(closed.close().frames(), RULE).is_empty());
        let fast = opens(60, 0.01, false, |_| "watched".to_owned());
        assert!(findings(fast.close().frames(), RULE).is_empty());
        // Others were open early; of this one most are new.
        let late = opens(80, 1.9, false, |n| match n {
            0..40 => format!("file{n}"),
            _ => "watched".to_owned(),
        });
        assert!(findings(late.close().frames(), RULE).is_empty());
        let others = opens(60, 5.0, false, |n| format!("file{n}"));
        assert!(findings(others.close().frames(), RULE).is_empty());
    }

    #[test]
    fn requests_that_are_missing_may_have_closed_them() {
        let script = opens(48, 5.0, false, |_| "watched".to_owned());
        let lost = script
            .client_lost(&close(200, 1))
            .client(&close(201, 2))
            .wait_secs(1.0);
        assert_eq!(cannot_tell(lost.close().frames(), RULE), ["T4"]);
    }
}
