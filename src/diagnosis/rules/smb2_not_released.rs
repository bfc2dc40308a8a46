//! `smb2-not-released`.

use super::tcp_reset_forged::forged;
use crate::diagnosis::smb::closing_unseen;
use crate::diagnosis::{Culprit, Ending, Finding, Verdicts, View, declare_rule};

declare_rule! {
    /// ## What it means
    /// The connection ended while files were open on it: they were not closed, nor was the share left or the user logged off.
    ///
    /// ## Why it matters
    /// The server closes what was open when it notices. Until then, and for durable opens for minutes longer, it keeps locks
    /// and share modes: others, or the same user on a new connection, meet SHARING_VIOLATION.
    ///
    /// ## How it is told
    /// A ledger of CREATE and CLOSE: files (not pipes) whose opening and no closing was seen when the connection was closed or
    /// reset.
    /// Only a note, since clients leave so when they are shut down, go to sleep or were idle; the finding is there to explain
    /// what happens next. Sessions and shares alone that are not released are in the session's record (`sessions_left`,
    /// `trees_left`), not told: many clients never log off.
    ///
    /// ## Example
    /// `smb2-rst-mid-file`: the connection is reset while a file is being copied.
    ///
    /// ## What to do
    /// Look at how the connection ended. A lock that remains can be freed at the server by closing the session.
    ///
    /// ## References
    /// MS-SMB2 3.3.5.6, 3.3.5.8, 3.3.5.10 and 3.3.7.1; MS-CIFS 3.3.7.1.
    pub Smb2NotReleased = "smb2-not-released" {
        summary: "Ended with files open",
        severity: Note,
        category: Establishment,
        protocols: ["smb", "smb2"],
        reference: "MS-SMB2 3.3.5.6, 3.3.5.8, 3.3.5.10 and 3.3.7.1; MS-CIFS 3.3.7.1",
    }
}

impl Smb2NotReleased {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let (Some(fact), Some(end)) = (view.session.fact("smb.files-left"), view.ending()) else {
            return;
        };
        // A pipe keeps nobody out.
        let open = fact.int("open").unwrap_or(0) - fact.int("pipes").unwrap_or(0);
        if open < 1 {
            return;
        }
        if let Some((guard, why)) = closing_unseen(view) {
            return out.cannot_tell(&META, guard, why);
        }
        let (files, were) = match open {
            1 => ("1 file".to_owned(), "was"),
            _ => (format!("{open} files"), "were"),
        };
        let named = match fact.value("names") {
            Some(names) if !names.to_string().is_empty() => format!(" ({names})"),
            _ => String::new(),
        };
        let (culprit, how) = match end {
            Ending::Reset(..) if view.tcp().is_some_and(|tcp| forged(tcp).is_some()) => (
                Culprit::Network,
                "a reset that was made on the way ended the connection".to_owned(),
            ),
            Ending::Reset(_, side) => (side.into(), format!("the {side} reset the connection")),
            Ending::Fin(_) => (Culprit::Unknown, "the connection was closed".to_owned()),
        };
        let finding = Finding::new(&META, end.stamp())
            .side(culprit)
            .frame(end.stamp(), "end")
            .title(format!("{files} {were} open when {how}"))
            .explain(format!(
                "In frame {} {how} while {files}{named} of {} that were opened had not been closed, nor the share left.",
                end.stamp().frame,
                fact.int("opened").unwrap_or_default()
            ))
            .advise("Locks and share modes of these files may last until the server notices, or longer for durable opens.")
            .number("open", open as f64);
        out.raise(finding);
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{at_work, close, create, opened, smb2};

    const RULE: &str = "smb2-not-released";

    fn at_a_file() -> Script {
        at_work()
            .client(&create(3, "book.xlsx"))
            .server(&opened(3, 1))
    }

    #[test]
    fn a_file_that_is_open_at_the_end_is_told() {
        let found = findings(at_a_file().reset(Side::Client).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].explanation.contains("book.xlsx"), "{found:?}");
        assert_eq!(found[0].side, crate::diagnosis::Culprit::Client);
    }

    #[test]
    fn a_reset_that_was_made_on_the_way_is_no_ends() {
        // The last frame's time to live (byte 8 of the IPv4 header behind 14 of Ethernet) is another than its sender's.
        let mut frames = at_a_file().reset(Side::Server).frames();
        frames.last_mut().unwrap().bytes[14 + 8] = 33;
        assert_eq!(findings(frames.clone(), "tcp-reset-forged").len(), 1);
        let found = findings(frames, RULE);
        assert_eq!(found[0].side, crate::diagnosis::Culprit::Network);
    }

    #[test]
    fn what_was_closed_or_is_still_open_is_quiet() {
        let closed = at_a_file()
            .client(&close(4, 1))
            .server(&smb2(6, 4, Some(0), &[60; 60]));
        assert!(findings(closed.close().frames(), RULE).is_empty());
        assert!(findings(at_a_file().frames(), RULE).is_empty());
        let left = at_a_file()
            .client(&smb2(4, 4, None, &[4, 0, 0, 0]))
            .server(&smb2(4, 4, Some(0), &[4, 0, 0, 0]));
        assert!(findings(left.close().frames(), RULE).is_empty());
    }

    #[test]
    fn requests_that_are_missing_may_have_closed_it() {
        let lost = at_a_file().client_lost(&close(4, 1)).wait_secs(1.0);
        assert_eq!(cannot_tell(lost.close().frames(), RULE), ["T4"]);
    }
}
