//! `orphan-reply`.

use colloquy_dissectors::event::Op;

use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule};
use crate::session::exchange::Orphan;

declare_rule! {
    /// ## What it means
    /// An answer came to which no request was seen.
    ///
    /// ## Why it matters
    /// The receiver has no use for it: it drops it, or worse, takes it for the answer to something else. The two sides do
    /// not agree any more about what was asked.
    ///
    /// ## How it is told
    /// The id of the answer is not among the open requests, was not answered before, and no request with it comes
    /// shortly after (a capture may swap frames). Not told where requests may be missing: bytes or IP fragments of the
    /// asking side were not captured, the session was joined late, or only one direction was captured. Over UDP it is a
    /// note, since a request that the capture missed leaves no trace.
    ///
    /// ## Example
    /// A server that answers with the xid of another connection.
    ///
    /// ## What to do
    /// Look for a mix-up of connections or ids in the answering program, or for a proxy between the two.
    ///
    /// ## References
    /// RFC 5531 section 9 (xid), MS-SMB2 3.2.5.1.2 (MessageId), C706 section 12.6 (call_id).
    pub OrphanReply = "orphan-reply" {
        summary: "An answer without a request",
        severity: Warning,
        category: Dialogue,
        protocols: [],
        reference: "RFC 5531 section 9; MS-SMB2 3.2.5.1.2; C706 section 12.6",
    }
}

impl OrphanReply {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let mut told = Vec::new();
        for orphan in &view.session.troubles.orphans {
            match guard(view, orphan) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => told.push(*orphan),
            }
        }
        if let Some(first) = told.first() {
            out.raise(finding(view, first, &told));
        }
    }
}

fn guard(view: &View<'_>, orphan: &Orphan) -> Option<(&'static str, &'static str)> {
    let asker = orphan.side.other();
    if super::dcerpc::elsewhere(view) {
        return Some(("T13", super::dcerpc::ELSEWHERE));
    }
    if view.one_sided() || view.session.messages[asker] == 0 {
        return Some(("T3", "nothing of the asking side was captured"));
    }
    // A pipe is known by what its SMB server said as well.
    let pipe = view
        .flow
        .parent(view.session)
        .is_some_and(|p| matches!(p.protocol, "smb" | "smb2"));
    if orphan.excused
        || view.lost(asker)
        || view.session.troubles.skipped[asker] > 0
        || (pipe && view.lost(orphan.side))
    {
        return Some(("T4", "requests may stand in bytes that could not be read"));
    }
    let source = view.flow.endpoint(asker).address;
    let mut lost = view.world.lost_datagrams.iter();
    if lost.any(|l| l.flow == Some(view.flow.index) && l.source == source) {
        return Some((
            "T4",
            "datagrams of the asking side are not whole in this capture: requests may stand in them",
        ));
    }
    // Over UDP nobody sees where a conversation begins.
    let since_start = orphan.stamp.time.since(view.world.start);
    let first_words = view.session.last_message[asker].is_none_or(|m| m.stamp > orphan.stamp)
        || view.session.first >= orphan.stamp;
    let patience = view
        .world
        .thresholds
        .patience(view.session.protocol, Op::default());
    if view.began_late() || (view.tcp().is_none() && first_words && since_start < patience) {
        return Some((
            "T1",
            "its request may have been sent before the capture began",
        ));
    }
    if !view.session.troubles.limits.is_empty() {
        return Some((
            "T4",
            "a bound was reached, so that its request may have been let go",
        ));
    }
    None
}

fn finding(view: &View<'_>, first: &Orphan, all: &[Orphan]) -> Finding {
    let stamps: Vec<_> = all.iter().map(|o| o.stamp).collect();
    let count = view.session.troubles.orphan_count.max(all.len() as u64);
    let finding = if view.tcp().is_none() {
        // Nobody sees that a datagram is missing in the capture.
        Finding::new(&META, first.stamp)
            .severity(Severity::Note)
            .likely()
    } else {
        Finding::new(&META, first.stamp)
    };
    finding
        .side(first.side)
        .frames(&stamps, "answer")
        .title(format!(
            "The {} answered what nobody had asked (id {:#x})",
            first.side, first.id
        ))
        .explain(format!(
            "The answer in frame {} bears id {:#x}, which no open request of the {} has{}.",
            first.stamp.frame,
            first.id,
            first.side.other(),
            match count {
                1 => String::new(),
                count => format!("; {count} such answers in all"),
            }
        ))
        .advise("Look for a mix-up of connections or ids in the answering program or in a proxy.")
        .number("orphans", count as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::calls::{
        answer, call, healthy, over_tcp, over_udp, record,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "orphan-reply";

    #[test]
    fn an_answer_with_an_id_of_nobody() {
        let script = healthy(over_tcp(), 3).server(&record(&answer(77))).close();
        let found = findings(script.frames(), RULE);
        assert!(found[0].title.contains("0x4d"), "{found:?}");
    }

    #[test]
    fn an_answer_captured_before_its_request_is_none() {
        let script = over_udp()
            .client(&call(1))
            .server(&answer(1))
            .reorder_next(2)
            .client(&call(2))
            .server(&answer(2));
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn the_request_was_not_captured() {
        let script = healthy(over_tcp(), 2)
            .client_lost(&record(&call(9)))
            .server(&record(&answer(9)))
            .client(&record(&call(10)))
            .server(&record(&answer(10)))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_fragment_of_the_request_was_not_captured() {
        let long = |xid| [call(xid), vec![0; 4000]].concat();
        let script = over_udp()
            .client(&call(1))
            .server(&answer(1))
            .client(&call(2))
            .server(&answer(2))
            .client(&long(9))
            .server(&answer(9))
            .client(&call(10))
            .server(&answer(10));
        let mut frames = script.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        // Two calls, two answers, then the fragments.
        frames.remove(5);
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }

    #[test]
    fn a_session_joined_late_and_a_udp_answer_at_the_start_tell_nothing() {
        let late = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
            .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, &record(&call(8)))
            .segment(
                Side::Server,
                flag::ACK | flag::PSH,
                1,
                45,
                &record(&answer(7)),
            )
            .segment(
                Side::Server,
                flag::ACK | flag::PSH,
                29,
                45,
                &record(&answer(8)),
            );
        assert!(findings(late.frames(), RULE).is_empty());
        let udp = over_udp()
            .server(&answer(7))
            .client(&call(8))
            .server(&answer(8));
        let frames = udp.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE).len(), 1);
    }
}
