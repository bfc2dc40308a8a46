//! `smb2-break-unacknowledged`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::smb_waits::WaitingCreate;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// The server asked the client to give back an oplock or a lease (what allows it to keep data to itself), and the client neither
    /// acknowledged it nor closed the file.
    ///
    /// ## Why it matters
    /// Somebody else wants that file, and his CREATE waits all that time. After some 35 s the server takes the right away; what
    /// the client had not written back is at risk.
    ///
    /// ## How it is told
    /// An oplock break of an exclusive or batch oplock, or a lease break that wants an acknowledgment, without one and without a
    /// CLOSE of the file for 35 s, or only then. CREATEs of that file that the server had to keep waiting meanwhile (STATUS_PENDING), of whichever
    /// client, are evidence too. It is a warning where the client said nothing at all meanwhile (it sleeps, or the path is
    /// dark) and nobody is seen to wait.
    ///
    /// ## Example
    /// A laptop sleeps with a document open; a colleague opens it and waits for half a minute.
    ///
    /// ## What to do
    /// Look at the client: is it alive, does it answer other things? If it does, update it. If it sleeps, its open files should be
    /// closed before.
    ///
    /// ## References
    /// MS-SMB2 3.3.2.1, 3.3.2.5, 3.3.4.6, 3.3.4.7 and 3.3.5.22.
    pub Smb2BreakUnacknowledged = "smb2-break-unacknowledged" {
        summary: "Oplock or lease break not acknowledged",
        severity: Error,
        category: Dialogue,
        protocols: ["smb2"],
        reference: "MS-SMB2 3.3.2.1, 3.3.2.5, 3.3.4.6, 3.3.4.7 and 3.3.5.22",
    }
}

/// How long a server waits for an acknowledgment as a rule (MS-SMB2 3.3.2.1, note): seconds.
const PATIENCE: f64 = 35.0;

impl Smb2BreakUnacknowledged {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for fact in view.session.facts_named("smb.break-answered") {
            if let Some(given) = fact.ended
                && given.time.since(fact.stamp.time) >= PATIENCE
            {
                if view.lost_between(fact.stamp, given) {
                    let why = "bytes are missing between a break and its acknowledgment";
                    out.cannot_tell(&META, "T4", why);
                } else {
                    out.raise(given_late(view, fact, given));
                }
            }
        }
        for fact in view.session.facts_named("smb.break-unacknowledged") {
            let end = view.ending().map(Ending::stamp);
            let until = end.map_or_else(|| view.now(), |end| end.time);
            let waited = until.since(fact.stamp.time);
            if waited < PATIENCE {
                if end.is_none() {
                    let why = format!("the capture ends {} after a break", seconds(waited));
                    out.cannot_tell(&META, "T2", why);
                }
            } else if view.one_sided() || view.lost(Side::Client) {
                out.cannot_tell(
                    &META,
                    "T4",
                    "requests are missing, which may have acknowledged the break",
                );
            } else if view.session.encrypted.is_some() {
                out.cannot_tell(&META, "T8", "the session became encrypted");
            } else if view.has_channels() {
                let why = "the session has several connections; it may be acknowledged on another";
                out.cannot_tell(&META, "T13", why);
            } else {
                out.raise(finding(view, fact, waited));
            }
        }
    }
}

/// `an oplock on book.xlsx`, as far as the names are known.
fn right(fact: &SeenFact) -> String {
    let what = if fact.is("lease") { "lease" } else { "oplock" };
    match fact.text("name") {
        "" => what.to_owned(),
        name => format!("{what} on {name}"),
    }
}

/// The client gave it back when the server had long taken it away.
fn given_late(view: &View<'_>, fact: &SeenFact, given: Stamp) -> Finding {
    let right = right(fact);
    let waited = given.time.since(fact.stamp.time);
    let finding = Finding::new(&META, fact.stamp)
        .side(Culprit::Client)
        .frame(fact.stamp, "break")
        .frame(given, "acknowledgment")
        .title(format!("The client gave its {right} back only after {}", seconds(waited)))
        .explain(format!(
            "In frame {} the server asked the client to give its {right} back; it did so, or closed the file, only in frame {}, {} later. A \
             server takes it away by itself after some {PATIENCE:.0} s.",
            fact.stamp.frame,
            given.frame,
            seconds(waited)
        ))
        .advise("See what the client did meanwhile: did it sleep, was the path dark?")
        .number("waited", waited)
        .number("patience", PATIENCE);
    with_waiting(view, fact, given, finding)
}

/// Adds those who waited for it.
fn with_waiting(view: &View<'_>, fact: &SeenFact, until: Stamp, finding: Finding) -> Finding {
    let mut waiting = waiting(view, fact, until);
    match waiting.next() {
        Some(create) => cite(finding, create, waiting.count()),
        None => finding,
    }
}

fn waiting<'a>(
    view: &View<'a>,
    fact: &'a SeenFact,
    until: Stamp,
) -> impl Iterator<Item = &'a WaitingCreate> {
    let server = view.flow.server.address;
    let waits = &view.world.waits;
    waits.behind(server, fact.text("name"), fact.stamp, until)
}

fn finding(view: &View<'_>, fact: &SeenFact, waited: f64) -> Finding {
    let right = right(fact);
    let spoke = view.session.last_message[Side::Client].filter(|m| m.stamp > fact.stamp);
    let until = view.ending().map_or(view.flow.last, Ending::stamp);
    let severity = match (spoke, waiting(view, fact, until).next()) {
        (None, None) => Severity::Warning,
        _ => META.severity,
    };
    let alive = match spoke {
        Some(last) => format!(
            "it went on with other requests (last in frame {})",
            last.stamp.frame
        ),
        None => "it said nothing more".to_owned(),
    };
    let finding = Finding::new(&META, fact.stamp)
        .severity(severity)
        .side(Culprit::Client)
        .frame(fact.stamp, "break")
        .maybe_frame(spoke.map(|m| m.stamp), "last-request")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!("The client did not give its {right} back"))
        .explain(format!(
            "In frame {} the server asked the client to give its {right} back; within {} it neither did nor closed the file, and {alive}.",
            fact.stamp.frame,
            seconds(waited)
        ))
        .advise("See whether the client lives; whoever else wants the file waits for it.")
        .number("waited", waited)
        .number("patience", PATIENCE);
    with_waiting(view, fact, until, finding)
}

/// Who waits for the file meanwhile; `more` of them besides.
fn cite(finding: Finding, create: &WaitingCreate, more: usize) -> Finding {
    let so_far = match create.answered {
        Some(answered) => format!(
            "got its answer only in frame {}, after {}",
            answered.frame,
            seconds(answered.time.since(create.asked.time))
        ),
        None => "got no answer".to_owned(),
    };
    let others = match more {
        0 => String::new(),
        more => format!(", and {more} more like it"),
    };
    let sentence = format!(
        "{} waited for it: its CREATE of frame {} was pending from frame {} on and {so_far}{others}.",
        create.client, create.asked.frame, create.interim.frame
    );
    finding
        .frame(create.asked, "waiting-create")
        .frame(create.interim, "waiting-interim")
        .maybe_frame(create.answered, "waiting-answer")
        .also(&sentence)
        .number("waiting", (more + 1) as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::smb::testing::{
        at_work, at_work_of, close, create, no, opened, read, smb2,
    };
    use crate::diagnosis::{Culprit, Finding, Severity};

    const RULE: &str = "smb2-break-unacknowledged";
    const OPLOCK_BREAK: u16 = 18;

    /// A file is open with the oplock of `level`, and the server asks for it.
    fn asked(level: u8) -> Script {
        asked_at(level, 0.0)
    }

    fn asked_at(level: u8, secs: f64) -> Script {
        let mut answer = opened(3, 1);
        answer[4 + 64 + 2] = level;
        at_work()
            .wait_secs(secs)
            .client(&create(3, "book.xlsx"))
            .server(&answer)
            .server(&smb2(OPLOCK_BREAK, u64::MAX, Some(0), &oplock()))
    }

    fn oplock() -> Vec<u8> {
        let mut body = vec![24, 0, 1, 0, 0, 0, 0, 0];
        body.extend(1_u64.to_le_bytes());
        body.extend([0; 8]);
        body
    }

    #[test]
    fn a_break_that_nobody_answers_is_told() {
        let found = findings(asked(9).wait_secs(60.0).close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("book.xlsx"), "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
        let goes_on = asked(9).wait_secs(40.0).client(&read(4));
        let found = findings(
            goes_on.server(&no(8, 4, 0xC000_0011)).close().frames(),
            RULE,
        );
        assert_eq!(found[0].severity, Severity::Error);
    }

    /// Another client asks for `name`, is told that it takes a while, and gets it after `secs`.
    fn another(name: &str, secs: f64) -> Script {
        at_work_of("10.0.0.9:50000")
            .client(&create(3, name))
            .server(&no(5, 3, 0x103))
            .wait_secs(secs)
            .server(&opened(3, 9))
    }

    fn roles(found: &[Finding]) -> Vec<&'static str> {
        found[0].frames.iter().map(|f| f.role).collect()
    }

    #[test]
    fn an_acknowledgment_after_40_seconds_is_told_with_who_waited() {
        let late = |wait: Script| {
            let given = smb2(OPLOCK_BREAK, 4, None, &oplock());
            wait.client(&given).wait_secs(5.0).close()
        };
        let both = [late(asked(9).wait_secs(40.0)), another("book.xlsx", 35.0)];
        let found = findings(Script::merge(both), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].title.contains("only after 40"), "{found:?}");
        for role in ["break", "acknowledgment", "waiting-create"] {
            assert!(roles(&found).contains(&role), "{found:?}");
        }
        let both = [late(asked(9).wait_secs(40.0)), another("book.xlsx", 35.0)];
        let slow = findings(Script::merge(both), "slow-answer");
        assert_eq!(slow[0].severity, Severity::Warning, "{slow:?}");
        assert_eq!(slow[0].side, Culprit::Unknown, "{slow:?}");
        assert!(
            slow[0].explanation.contains("It waited for 10.0.0.1:40000"),
            "{slow:?}"
        );
        assert!(roles(&slow).contains(&"break"), "{slow:?}");
        // Who gives it back soon lets nobody wait long.
        let soon = [late(asked(9).wait_secs(2.0)), another("book.xlsx", 2.0)];
        let slow = findings(Script::merge(soon), "slow-answer");
        assert_eq!(slow[0].severity, Severity::Note, "{slow:?}");
        let alone = findings(another("book.xlsx", 35.0).frames(), "slow-answer");
        assert_eq!(alone[0].side, Culprit::Unknown, "{alone:?}");
        assert!(roles(&alone).contains(&"interim-answer"), "{alone:?}");
        let lost = asked(9).wait_secs(20.0).client_lost(&read(4));
        assert_eq!(
            cannot_tell(late(lost.wait_secs(20.0)).frames(), RULE),
            ["T4"]
        );
    }

    #[test]
    fn the_create_of_another_client_that_waits_is_evidence() {
        let both = |other| Script::merge([asked(9).wait_secs(60.0).close(), other]);
        let found = findings(both(another("Book.xlsx", 35.0)), RULE);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(
            found[0]
                .explanation
                .contains("10.0.0.9:50000 waited for it"),
            "{found:?}"
        );
        let cited = roles(&found);
        for role in ["waiting-create", "waiting-interim", "waiting-answer"] {
            assert!(cited.contains(&role), "{cited:?}");
        }
        // Another file, an answer at once, and one of long before.
        let early = at_work_of("10.0.0.9:50000")
            .client(&create(3, "book.xlsx"))
            .server(&no(5, 3, 0x103))
            .wait_secs(2.0)
            .server(&opened(3, 9));
        let before = Script::merge([asked_at(9, 10.0).wait_secs(60.0).close(), early]);
        for frames in [
            both(another("other.xlsx", 35.0)),
            both(another("book.xlsx", 0.1)),
            before,
        ] {
            let found = findings(frames, RULE);
            assert!(!roles(&found).contains(&"waiting-create"), "{found:?}");
            assert_eq!(found[0].severity, Severity::Warning);
        }
    }

    #[test]
    fn who_waits_for_ever_is_told_for_whom() {
        let waits = at_work_of("10.0.0.9:50000")
            .client(&create(3, "book.xlsx"))
            .server(&no(5, 3, 0x103));
        let other = waits.wait_secs(60.0).close();
        let frames = Script::merge([asked(9).wait_secs(60.0).close(), other]);
        let found = findings(frames, "smb2-pending-never-final");
        assert!(
            found[0].explanation.contains("It waits for 10.0.0.1:40000"),
            "{found:?}"
        );
        assert!(roles(&found).contains(&"break"), "{found:?}");
    }

    #[test]
    fn an_answer_a_close_and_a_break_that_needs_none_are_quiet() {
        let answered = asked(9)
            .client(&smb2(OPLOCK_BREAK, 4, None, &oplock()))
            .server(&smb2(OPLOCK_BREAK, 4, Some(0), &oplock()));
        assert!(findings(answered.wait_secs(60.0).close().frames(), RULE).is_empty());
        let closed = asked(9)
            .client(&close(4, 1))
            .server(&smb2(6, 4, Some(0), &[60; 60]));
        assert!(findings(closed.wait_secs(60.0).close().frames(), RULE).is_empty());
        let soon = asked(9).wait_secs(30.0);
        let soon = soon.client(&smb2(OPLOCK_BREAK, 4, None, &oplock()));
        assert!(findings(soon.wait_secs(60.0).close().frames(), RULE).is_empty());
        assert!(findings(asked(1).wait_secs(60.0).close().frames(), RULE).is_empty());
        assert!(findings(asked(9).wait_secs(5.0).close().frames(), RULE).is_empty());
    }

    #[test]
    fn what_is_missing_may_have_answered() {
        let lost = asked(9).client_lost(&smb2(OPLOCK_BREAK, 4, None, &oplock()));
        let frames = lost.wait_secs(60.0).close().frames();
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
        assert_eq!(
            cannot_tell(asked(9).wait_secs(5.0).client(&read(4)).frames(), RULE),
            ["T2"]
        );
    }
}
