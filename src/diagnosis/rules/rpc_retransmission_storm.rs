//! `rpc-retransmission-storm`.

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::Transport;
use colloquy_dissectors::event::Op;
use colloquy_dissectors::units::{Side, Stamp};

declare_rule! {
    /// ## What it means
    /// A client sent the same call three times or more, and no reply came, or one only in the end.
    ///
    /// ## Why it matters
    /// The client waits, ever longer, and gives up in the end; meanwhile each copy may be carried out once more by a
    /// server that does not remember what it did.
    ///
    /// ## How it is told
    /// Over UDP the client repeats a call under its xid until a reply comes; over TCP it does so on reconnecting. The
    /// copies have one xid and one body. Two copies are ordinary; from three on it is told: as an error when no reply
    /// came, as a warning when it came in the end. Frames that the capture itself doubled (closer than 20 ms) do not
    /// count.
    ///
    /// ## Example
    /// `rpc-udp-server-silent`: four calls to a stopped rpcbind.
    ///
    /// ## What to do
    /// Capture at the server. The calls arrive: look at the service (stopped, overloaded, waiting for a disk). They
    /// don't: look at the path and its firewalls. Over UDP large replies travel in IP fragments that are lost as one:
    /// use TCP, or smaller reads.
    ///
    /// ## References
    /// RFC 5531 section 4: transports and semantics; RFC 1813 section 4.5 on duplicate requests.
    pub RpcRetransmissionStorm = "rpc-retransmission-storm" {
        summary: "The same call again and again",
        severity: Error,
        category: Dialogue,
        protocols: ["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
        reference: "RFC 5531 section 4",
    }
}

/// Sent so often, the first time included.
const SENT: usize = 3;
/// Copies closer than this are the capture's own (guard T6), in seconds.
const COPY_SECS: f64 = 0.02;

/// One call and its copies.
struct Copies {
    side: Side,
    op: Op,
    /// The times that are kept.
    sent: Vec<Stamp>,
    /// How often in all.
    count: usize,
    answered: Option<Stamp>,
    /// Every copy had a reply of its own, so that none was lost.
    all_answered: bool,
}

impl RpcRetransmissionStorm {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let session = view.session;
        if view.to_many() {
            // A broadcast is repeated by design, and answered under other addresses.
            return;
        }
        let open = session
            .open
            .iter()
            .filter(|o| !o.carries_inner)
            .map(|o| Copies {
                side: o.side,
                op: o.op,
                sent: apart(o.asked, &o.repeats),
                count: in_all(o.asked, &o.repeats, o.repeat_count),
                answered: None,
                all_answered: false,
            });
        let answered = session
            .troubles
            .repeats
            .iter()
            .filter(|r| !r.differs)
            .map(|r| Copies {
                side: r.side,
                op: r.op,
                sent: apart(r.first, &r.again),
                count: in_all(r.first, &r.again, r.count),
                answered: r.answered,
                all_answered: session
                    .troubles
                    .double_replies
                    .iter()
                    .filter(|d| d.id == r.id)
                    .count()
                    >= r.count as usize,
            });
        for copies in open.chain(answered).filter(|c| c.sent.len() >= SENT) {
            out.raise(finding(view, &copies));
        }
    }
}

/// This rule tells that `open` was not answered.
pub(super) fn tells(view: &View<'_>, open: &Open) -> bool {
    META.protocols.contains(&view.session.protocol)
        && apart(open.asked, &open.repeats).len() >= SENT
}

/// The times of sending, without the capture's copies.
fn apart(first: Stamp, again: &[Stamp]) -> Vec<Stamp> {
    let mut sent = vec![first];
    for stamp in again {
        if sent
            .last()
            .is_none_or(|last| stamp.time.since(last.time) >= COPY_SECS)
        {
            sent.push(*stamp);
        }
    }
    sent
}

/// How often it was sent: of the repeats not kept none is thought to be the capture's copy.
fn in_all(first: Stamp, again: &[Stamp], repeats: u32) -> usize {
    apart(first, again).len() + (repeats as usize).saturating_sub(again.len())
}

fn finding(view: &View<'_>, copies: &Copies) -> Finding {
    let (Some(first), Some(last)) = (copies.sent.first(), copies.sent.last()) else {
        return Finding::new(&META, view.session.last);
    };
    let spacing: Vec<_> = copies
        .sent
        .windows(2)
        .filter_map(|pair| Some(seconds(pair.last()?.time.since(pair.first()?.time))))
        .collect();
    let asked = copies.side.other();
    let (severity, end) = match copies.answered {
        Some(stamp) => (
            Severity::Warning,
            format!(
                "the reply came {} after the first (frame {}){}",
                seconds(stamp.time.since(first.time)),
                stamp.frame,
                if copies.all_answered {
                    ", and one for every copy: none was lost, the server was late"
                } else {
                    ""
                }
            ),
        ),
        None => (Severity::Error, "no reply was seen".to_owned()),
    };
    let silent = view.session.messages[asked] == 0;
    let over = if view.flow.transport == Transport::Udp {
        "UDP"
    } else {
        "TCP"
    };
    Finding::new(&META, *last)
        .severity(severity)
        .side(match copies.answered {
            Some(_) if copies.all_answered => Culprit::from(asked),
            Some(_) => Culprit::Network,
            None => Culprit::Unknown,
        })
        .frame(*first, "request")
        .frames(copies.sent.get(1..).unwrap_or(&[]), "request-again")
        .maybe_frame(copies.answered, "answer")
        .title(format!("{} was sent {} times", copies.op, copies.count))
        .explain(format!(
            "The {} sent {} to {} over {over} {} times under one xid, at distances of {}; {end}.{}",
            copies.side,
            copies.op,
            view.end_of(asked),
            copies.sent.len(),
            spacing.join(", "),
            if silent { " The server said nothing at all in this conversation." } else { "" },
        ))
        .advise("Capture at the server to see whether the calls arrive there: then look at the service, else at the path.")
        .number("sent", copies.count as f64)
        .number("waited", view.now().since(first.time).max(0.0))
}

#[cfg(test)]
mod tests {
    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench_rpc::{NFS, call, reply};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "rpc-retransmission-storm";

    fn udp() -> Script {
        Script::udp("10.0.0.1:700", "10.0.0.2:2049")
    }

    fn null(xid: u32) -> Vec<u8> {
        call(xid, [NFS, 3, 0], &[])
    }

    #[test]
    fn three_calls_without_reply_are_an_error_and_with_one_a_warning() {
        let sent = || {
            udp()
                .client(&null(1))
                .wait_secs(1.0)
                .client(&null(1))
                .wait_secs(2.0)
                .client(&null(1))
        };
        let found = findings(sent().frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Error);
        let frames: Vec<_> = found[0].frames.iter().map(|e| e.frame).collect();
        assert_eq!(frames, [1, 2, 3]);
        let found = findings(sent().server(&reply(1, 0, &[])).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn a_reply_for_every_copy_points_at_the_server() {
        let sent = (0..4).fold(udp(), |script, _| script.client(&null(1)).wait_secs(1.0));
        let late = (0..4).fold(sent.clone(), |script, _| script.server(&reply(1, 0, &[])));
        let found = findings(late.frames(), RULE);
        assert_eq!(found[0].side, Culprit::Server);
        assert!(found[0].explanation.contains("none was lost"));
        let lost = findings(sent.server(&reply(1, 0, &[])).frames(), RULE);
        assert_eq!(lost[0].side, Culprit::Network);
    }

    #[test]
    fn more_copies_than_are_kept_are_counted() {
        let sent = (0..40).fold(udp(), |script, _| script.client(&null(1)).wait_ms(100));
        let found = findings(sent.frames(), RULE);
        assert_eq!(found[0].title, "nfs3 NULL was sent 40 times");
    }

    #[test]
    fn one_retry_and_new_calls_are_no_storm() {
        let script = udp()
            .client(&null(1))
            .wait_secs(1.0)
            .client(&null(1))
            .server(&reply(1, 0, &[]));
        assert!(findings(script.frames(), RULE).is_empty());
        let script = udp().client(&null(1)).client(&null(2)).client(&null(3));
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn copies_made_by_the_capture_are_no_storm() {
        let script = udp()
            .client(&null(1))
            .duplicate_last()
            .duplicate_last()
            .wait_secs(1.0);
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_call_that_was_not_captured_is_not_counted() {
        let script = udp()
            .client(&null(1))
            .wait_secs(1.0)
            .client_lost(&null(1))
            .wait_secs(2.0)
            .client(&null(1));
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
