//! `nfs-slot-error`.

use crate::diagnosis::{Finding, Verdicts, View, declare_rule};
use crate::session::exchange::Failure;
use colloquy_dissectors::units::Side;

declare_rule! {
    /// ## What it means
    /// Client and server of NFSv4.1 disagree on their session: the session is gone, or the sequence number of a slot is
    /// not the one that the server expects.
    ///
    /// ## Why it matters
    /// The exactly-once semantics rest on the slots. The client has to build a new session, and calls in flight may be
    /// carried out twice or not at all.
    ///
    /// ## How it is told
    /// The reply's status is BADSESSION, DEADSESSION, BADSLOT, BAD_HIGH_SLOT, SEQ_MISORDERED, SEQ_FALSE_RETRY or
    /// CONN_NOT_BOUND_TO_SESSION.
    ///
    /// ## Example
    /// SEQUENCE answered NFS4ERR_BADSESSION after the server was restarted.
    ///
    /// ## What to do
    /// BADSESSION and DEADSESSION follow a restart or an expired lease: look what happened to the server, or to the
    /// client's renewals, before. The others are faults of client or server: note both versions and report them.
    ///
    /// ## References
    /// RFC 8881 sections 2.10.6 and 18.46.
    pub NfsSlotError = "nfs-slot-error" {
        summary: "NFSv4.1 session or slot out of step",
        severity: Error,
        category: Dialogue,
        protocols: ["nfs"],
        reference: "RFC 8881 sections 2.10.6 and 18.46",
    }
}

/// The statuses.
pub(crate) const STATUSES: [&str; 7] = [
    "NFS4ERR_BADSESSION",
    "NFS4ERR_DEADSESSION",
    "NFS4ERR_BADSLOT",
    "NFS4ERR_BAD_HIGH_SLOT",
    "NFS4ERR_SEQ_MISORDERED",
    "NFS4ERR_SEQ_FALSE_RETRY",
    "NFS4ERR_CONN_NOT_BOUND_TO_SESSION",
];

impl NfsSlotError {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let of_slots = |f: &&Failure| STATUSES.contains(&f.status.name);
        for failure in view.session.troubles.failures.iter().filter(of_slots) {
            out.raise(finding(view, failure));
        }
    }
}

fn finding(view: &View<'_>, failure: &Failure) -> Finding {
    let first = failure.first;
    let side = match failure.status.name {
        "NFS4ERR_BADSESSION" | "NFS4ERR_DEADSESSION" => Side::Server,
        _ => Side::Client,
    };
    Finding::new(&META, first.answered)
        .side(side)
        .frame(first.asked, "request")
        .frame(first.answered, "answer")
        .maybe_frame((failure.count > 1).then_some(failure.last.answered), "last-answer")
        .title(format!("{} failed: {}", failure.op, failure.status))
        .explain(format!(
            "{} answered the compound with {} with {} in frame {}. Seen {}.",
            view.server(),
            failure.op,
            failure.status,
            first.answered.frame,
            super::rpc::times(failure.count),
        ))
        .advise("Look whether the server was restarted or the lease expired; else at the implementations of both sides.")
        .number("count", failure.count as f64)
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, words};

    const RULE: &str = "nfs-slot-error";

    fn compound(xid: u32) -> Vec<u8> {
        let sequence = words(&[0, 1, 2, 53, 1, 2, 3, 4, 9, 0, 0, 0, 24]);
        asks(xid, [NFS, 4, 1], &sequence)
    }

    fn tcp() -> Script {
        Script::tcp("10.0.0.1:700", "10.0.0.2:2049").connect()
    }

    #[test]
    fn a_lost_session_is_told() {
        let script = tcp()
            .client(&compound(1))
            .server(&answers(1, 0, &[10_052, 0, 1]))
            .close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].title.contains("NFS4ERR_BADSESSION"));
    }

    #[test]
    fn another_status_is_not_meant() {
        let script = tcp()
            .client(&compound(1))
            .server(&answers(1, 0, &[10_008, 0, 1]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn without_the_reply_nothing_is_claimed() {
        let script = tcp()
            .client(&compound(1))
            .server_lost(&answers(1, 0, &[10_052, 0, 1]))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
