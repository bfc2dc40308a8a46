//! `nfs-slot-error`.

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
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
    /// CONN_NOT_BOUND_TO_SESSION. BADSESSION says only that the server does not know the session. It is certain, and the server's,
    /// where the capture shows that the server gave this session or took calls of it, and that the client did not end it; else it is
    /// likely. Where another session was given on the same connection, it is the client that uses the wrong one.
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
    let found = Finding::new(&META, first.answered)
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
        .advise(match side {
            Side::Server => "Look whether the server was restarted or the lease expired; else at the implementations of both sides.",
            Side::Client => "Note the versions of client and server: one of them counts slots or their sequence numbers wrongly.",
        })
        .number("count", failure.count as f64);
    if failure.status.name == "NFS4ERR_BADSESSION" {
        unknown_session(view, failure, found)
    } else {
        found
    }
}

/// Whether the server ever gave the session that it does not know.
fn unknown_session(view: &View<'_>, failure: &Failure, found: Finding) -> Finding {
    let (asked, server) = (failure.first.asked, view.flow.server.address);
    let mut refused = view.session.facts_named("nfs.session-refused");
    let Some(refused) = refused.find(|fact| fact.request == Some(asked)) else {
        return found.likely().side(Culprit::Unknown);
    };
    let id = refused.text("session");
    if let Some(ended) = view.world.nfs.ended(server, id, asked) {
        let text = format!(
            "The client itself had ended session {id} in frame {}.",
            ended.frame
        );
        return found
            .side(Side::Client)
            .frame(ended, "session-ended")
            .also(&text);
    }
    if let Some(given) = view.world.nfs.session(server, id, asked) {
        let text = format!(
            "The server gave session {id} in frame {} and does not know it any more: it was restarted, or it let the client go since \
             its lease had expired.",
            given.stamp.frame
        );
        return found.frame(given.stamp, "session-given").also(&text);
    }
    if refused.is("known") {
        let text = format!(
            "The server had taken calls of session {id} before: it was restarted, or let the client go."
        );
        return found.also(&text);
    }
    let found = found.likely();
    let mut given = view.session.facts_named("nfs.session-given");
    match given.find(|given| given.stamp < asked) {
        Some(given) => found
            .side(Side::Client)
            .frame(given.stamp, "session-given")
            .also(&format!(
                "The capture does not show that session {id} was given; on this connection the server gave {} (frame {}).",
                given.text("session"),
                given.stamp.frame
            ))
            .advise("Look at the client: it used a session of an earlier time, or one that it was never given."),
        None => found.side(Culprit::Unknown).also(&format!(
            "The capture does not show that session {id} was given: it is of before a restart or an expired lease, or nobody gave it."
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, answers, asks, words};
    use crate::diagnosis::{Certainty, Culprit, Finding};

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

    /// CREATE_SESSION, which gives the session of four words that all are `id`.
    fn created(script: Script, xid: u32, id: u32) -> Script {
        let attributes = [0, 65_536, 65_536, 4096, 8, 64, 0];
        let args = [
            &[0, 1, 1, 43, 1, 2, 1, 0][..],
            &attributes,
            &attributes,
            &[9, 0],
        ]
        .concat();
        let results = [
            &[0, 0, 1, 43, 0, id, id, id, id, 1, 0][..],
            &attributes,
            &attributes,
        ]
        .concat();
        script
            .client(&asks(xid, [NFS, 4, 1], &words(&args)))
            .server(&answers(xid, 0, &results))
    }

    /// SEQUENCE, refused as of a session that is not known.
    fn refused(script: Script, xid: u32, id: u32) -> Script {
        let args = [0, 1, 1, 53, id, id, id, id, 1, 0, 0, 0];
        script
            .client(&asks(xid, [NFS, 4, 1], &words(&args)))
            .server(&answers(xid, 0, &[10_052, 0, 1, 53, 10_052]))
    }

    fn only(script: Script) -> Finding {
        let mut found = findings(script.close().frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_session_that_was_given_and_is_refused_is_the_servers() {
        let found = only(refused(created(tcp(), 1, 7), 2, 7));
        assert_eq!(found.certainty, Certainty::Certain);
        assert_eq!(found.side, Culprit::Server);
        let frames = found.frames.iter();
        assert!(
            frames.clone().any(|e| e.role == "session-given"),
            "{found:?}"
        );
    }

    #[test]
    fn a_session_that_nobody_gave_is_the_clients() {
        let found = only(refused(created(tcp(), 1, 7), 2, 8));
        assert_eq!(found.certainty, Certainty::Likely);
        assert_eq!(found.side, Culprit::Client);
        assert!(found.explanation.contains("00000007"), "{found:?}");
        // Where the capture began late it may have been given before.
        let found = only(refused(tcp(), 2, 8));
        assert_eq!(found.certainty, Certainty::Likely);
        assert_eq!(found.side, Culprit::Unknown);
    }

    #[test]
    fn a_session_that_the_client_ended_is_the_clients() {
        let destroy = [0, 1, 1, 44, 7, 7, 7, 7];
        let script = created(tcp(), 1, 7)
            .client(&asks(2, [NFS, 4, 1], &words(&destroy)))
            .server(&answers(2, 0, &[0, 0, 1, 44, 0]));
        let found = only(refused(script, 3, 7));
        assert_eq!(found.side, Culprit::Client);
        assert!(found.frames.iter().any(|e| e.role == "session-ended"));
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
