//! `smb-lock-conflict`.

use crate::diagnosis::smb::{CONFLICTS, code, failures, group, or};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::session::model::SeenFact;

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
    /// SHARING_VIOLATION, FILE_LOCK_CONFLICT or LOCK_NOT_GRANTED at least three times for one file in one session. Where a range is
    /// locked and the capture has the LOCK that was granted to another session and not ended since (SMB 2 and 3), the holder is
    /// named.
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
        let refused = || failures(view, REFUSALS, CONFLICTS);
        for group in group(refused(), "name").iter().filter(|g| g.count >= TIMES) {
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
            let finding = with_holder(view, fact, group.cite(finding));
            // The same file, refused otherwise: told with it where it is too seldom for a finding of its own.
            let same = |f: &&SeenFact| code(f) != code(fact) && f.text("name") == fact.text("name");
            let mut others = refused().filter(same);
            let first = others.next().filter(|_| !fact.text("name").is_empty());
            out.raise(match first {
                Some(first) if others.count() + 1 < TIMES => with_other(first, finding),
                _ => finding,
            });
        }
    }
}

const REFUSALS: &[&str] = &["smb.create-failed", "smb.request-failed"];

/// Who has locked the file, where the capture shows it.
fn with_holder(view: &View<'_>, fact: &SeenFact, finding: Finding) -> Finding {
    let place = (view.flow.index, view.session.index);
    let server = view.flow.server.address;
    // Only a lock of a range keeps others from ranges.
    let name = if fact.text("command").is_empty() {
        ""
    } else {
        fact.text("name")
    };
    let Some(lock) = view.world.waits.holder(server, name, fact.stamp, place) else {
        return finding;
    };
    let whose = match lock.user.as_str() {
        _ if lock.place == place => "this client itself, on this connection".to_owned(),
        "" => lock.client.to_string(),
        user => format!("{user} at {}", lock.client),
    };
    let frame = lock.asked.frame;
    finding.frame(lock.asked, "holder").also(&format!(
        "A range of it has been locked by {whose} since frame {frame}."
    ))
}

fn with_other(first: &SeenFact, finding: Finding) -> Finding {
    let what = or(first.text("command"), "opening it");
    finding.frame(first.stamp, "refused-too").also(&format!(
        "{what} was refused with {} in frame {}.",
        first.text("status"),
        first.stamp.frame
    ))
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Finding;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::smb::testing::{
        at_work, at_work_of, close, create, no, opened, read, smb2,
    };

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

    /// LOCK of the first hundred bytes of `file`; `flags`: 0x12 to lock at once or not at all, 4 to unlock.
    fn lock(id: u64, file: u64, flags: u8) -> Vec<u8> {
        let mut body = vec![48, 0, 1, 0, 0, 0, 0, 0];
        body.extend(file.to_le_bytes());
        body.extend([0; 16]);
        body.extend([100, 0, 0, 0, 0, 0, 0, 0, flags, 0, 0, 0, 0, 0, 0, 0]);
        smb2(10, id, None, &body)
    }

    const DONE: [u8; 4] = [4, 0, 0, 0];

    /// One client locks a file, `then` does something with it; another is refused it three times, and a READ of it.
    fn locked(then: impl Fn(Script) -> Script) -> Vec<Finding> {
        let open = |client: &str| {
            at_work_of(client)
                .client(&create(3, "lk.dat"))
                .server(&opened(3, 9))
        };
        let holder = open("10.0.0.3:40000")
            .client(&lock(4, 9, 0x12))
            .server(&smb2(10, 4, Some(0), &DONE));
        let mut other = open("10.0.0.1:40000").wait_secs(5.0);
        for id in 4..7 {
            other = other
                .client(&lock(id, 9, 0x12))
                .server(&no(10, id, 0xC000_0055));
        }
        let mut read = read(7);
        read[4 + 64 + 16..][..8].copy_from_slice(&9_u64.to_le_bytes());
        read[4 + 64 + 24..][..8].fill(0);
        let other = other.client(&read).server(&no(8, 7, 0xC000_0054));
        let frames = Script::merge([then(holder).wait_secs(9.0).close(), other.close()]);
        findings(frames, RULE)
    }

    #[test]
    fn the_holder_of_a_lock_is_named() {
        let held = locked(|holder| holder);
        assert_eq!(held.len(), 1, "{held:?}");
        let text = &held[0].explanation;
        assert!(text.contains("10.0.0.3:40000"), "{text}");
        assert!(
            text.contains("READ was refused with STATUS_FILE_LOCK_CONFLICT"),
            "{text}"
        );
        // Who has unlocked or closed it before does not hold it.
        let unlocked = locked(|holder| {
            let holder = holder.client(&lock(5, 9, 4));
            holder.server(&smb2(10, 5, Some(0), &DONE))
        });
        let closed = locked(|holder| holder.client(&close(5, 9)));
        for found in [unlocked, closed] {
            assert!(!found[0].explanation.contains("10.0.0.3"), "{found:?}");
        }
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
