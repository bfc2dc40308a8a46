//! `nfs-server-delay`.

use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Failure;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// The server asks its clients to come back later, again and again: the file is being fetched from slow storage,
    /// a delegation is being recalled, or the server has just started and waits for old locks to be reclaimed.
    ///
    /// ## Why it matters
    /// The program on the client hangs while its system repeats the call in silence.
    ///
    /// ## How it is told
    /// NFS3ERR_JUKEBOX, NFS4ERR_DELAY, NFS4ERR_GRACE or NLM's grace status answered the same operation at least three
    /// times. A grace period after a restart is normal for one lease time (90 s by default): until then it is a note.
    ///
    /// ## Example
    /// OPEN answered NFS4ERR_DELAY ten times in 30 s: another client does not return its delegation.
    ///
    /// ## What to do
    /// DELAY: look for the client that holds a delegation or layout and does not answer the callback. JUKEBOX: look at
    /// the storage. GRACE: the server was restarted; find out why.
    ///
    /// ## References
    /// RFC 1813 section 2.6 (JUKEBOX), RFC 8881 sections 15.1.1.3 (DELAY) and 15.1.9.2 (GRACE).
    pub NfsServerDelay = "nfs-server-delay" {
        summary: "Server asks to wait",
        severity: Warning,
        category: Dialogue,
        protocols: ["nfs", "nlm"],
        reference: "RFC 1813 section 2.6; RFC 8881 section 15.1",
    }
}

/// From so many on it is told.
const COUNT: u64 = 3;
/// Seconds that a grace period lasts as a rule: one lease.
const LEASE: f64 = 90.0;

/// The statuses that ask to wait.
pub(crate) const STATUSES: [&str; 5] = [
    "NFS3ERR_JUKEBOX",
    "NFS4ERR_DELAY",
    "NFS4ERR_GRACE",
    "LCK_DENIED_GRACE_PERIOD",
    "NLM4_DENIED_GRACE_PERIOD",
];

impl NfsServerDelay {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let asks_to_wait = |f: &&Failure| STATUSES.contains(&f.status.name) && f.count >= COUNT;
        for failure in view.session.troubles.failures.iter().filter(asks_to_wait) {
            out.raise(finding(view, failure));
        }
    }
}

fn finding(view: &View<'_>, failure: &Failure) -> Finding {
    let (first, last) = (failure.first, failure.last);
    let span = last.answered.time.since(first.answered.time);
    let grace = failure.status.name.contains("GRACE");
    let severity = if grace && span <= LEASE {
        Severity::Note
    } else {
        Severity::Warning
    };
    Finding::new(&META, last.answered)
        .severity(severity)
        .side(Side::Server)
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .frame(last.answered, "last-answer")
        .title(format!("{} was put off {} times: {}", failure.op, failure.count, failure.status))
        .explain(format!(
            "{} answered {} with {} {} times in {} (frames {} to {}): {}.",
            view.server(),
            failure.op,
            failure.status,
            failure.count,
            seconds(span),
            first.answered.frame,
            last.answered.frame,
            if grace {
                "it is in its grace period after a restart, in which clients may only reclaim what they had; that ends by itself"
            } else {
                "it asks to come back later"
            },
        ))
        .advise(if grace {
            "Wait for the end of the grace period (one lease time, 90 s by default); find out why the server was restarted."
        } else {
            "Look what the server waits for: slow storage, or another client's delegation."
        })
        .number("count", failure.count as f64)
        .number("span", span)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, opaque, words};

    const RULE: &str = "nfs-server-delay";

    fn delayed(times: u32, status: u32) -> Script {
        let mut script = Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect();
        for xid in 0..times {
            script = script
                .client(&asks(xid, [NFS, 3, 1], &opaque(b"file")))
                .server(&answers(xid, 0, &[status]))
                .wait_secs(1.0);
        }
        script.close()
    }

    #[test]
    fn jukebox_again_and_again_is_told() {
        let found = findings(delayed(4, 10_008).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
        assert_eq!(found[0].numbers[0], ("count", 4.0));
    }

    #[test]
    fn a_grace_period_is_called_by_its_name() {
        let mut script = Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect();
        for xid in 0..3 {
            // OPEN, as far as it tells what it is.
            script = script
                .client(&asks(xid, [NFS, 4, 1], &words(&[0, 0, 1, 18])))
                .server(&answers(xid, 0, &[10_013, 0, 1, 18, 10_013]))
                .wait_secs(3.0);
        }
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].severity, Severity::Note);
        assert!(found[0].explanation.contains("grace period"), "{found:?}");
        assert!(found[0].advice.contains("grace period"));
        let delayed = findings(delayed(4, 10_008).frames(), RULE);
        assert!(!delayed[0].explanation.contains("grace"));
    }

    #[test]
    fn twice_and_other_statuses_are_quiet() {
        assert!(findings(delayed(2, 10_008).frames(), RULE).is_empty());
        assert!(findings(delayed(5, 5).frames(), RULE).is_empty());
    }

    #[test]
    fn what_was_not_captured_is_not_counted() {
        let mut script = Script::tcp("10.0.0.1:701", "10.0.0.2:2049").connect();
        for xid in 0..4 {
            script = script
                .client(&asks(xid, [NFS, 3, 1], &opaque(b"file")))
                .server_lost(&answers(xid, 0, &[10_008]))
                .wait_secs(1.0);
        }
        assert!(findings(script.close().frames(), RULE).is_empty());
    }
}
