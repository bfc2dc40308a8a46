//! `message-incomplete`.

use super::tcp_aborted_in_flight::cut_off;
use super::tcp_reset_forged::forged;
use crate::diagnosis::{Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::{Incomplete, Session};

declare_rule! {
    /// ## What it means
    /// A message began, its header said how long it is, and its end never came.
    ///
    /// ## Why it matters
    /// The receiver waits for the rest, and with it everything behind. Or the sender broke off, and the receiver holds
    /// half a message that it must not use.
    ///
    /// ## How it is told
    /// The length in the message's header (record mark, NBSS length, Content-Length, chunk, fragment) is not met when
    /// the connection ends, or after 5 s of silence. Not told where bytes were not captured, where the capture joined in
    /// mid-stream (a false start could look like a header), or when the capture ends sooner. A warning where the receiver
    /// itself hung up, as a user does who cancels a download, or where a reset cut it off, which is told by itself.
    ///
    /// ## Example
    /// `rpc-half-reply`: 14 of the 28 bytes of a reply come, then nothing.
    ///
    /// ## What to do
    /// Look at the program that sends: it wrote a wrong length, crashed, or waits for something itself.
    ///
    /// ## References
    /// RFC 5531 section 11, RFC 1002 section 4.3.1, RFC 9112 section 8.
    pub MessageIncomplete = "message-incomplete" {
        summary: "A message never ended",
        severity: Error,
        category: Dialogue,
        protocols: [],
        reference: "RFC 5531 section 11; RFC 1002 section 4.3.1; RFC 9112 section 8",
    }
}

impl MessageIncomplete {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for incomplete in &view.session.incomplete {
            if told_within(view, view.session, incomplete) {
                continue;
            }
            match guard(view, incomplete) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None => out.raise(finding(view, incomplete)),
            }
        }
    }
}

/// Why nothing can be said of it.
pub(super) fn guard(view: &View<'_>, it: &Incomplete) -> Option<(&'static str, &'static str)> {
    if it.excused || view.lost(it.side) {
        return Some(("T4", "bytes of this side were not captured"));
    }
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if view.began_late() {
        return Some((
            "T1",
            "the capture began in mid-stream, so that it may be no header",
        ));
    }
    let silent = view.until_end(it.stamp);
    if view.ending().is_none() && silent < view.world.thresholds.incomplete {
        return Some((
            "T2",
            "the capture ended while the message may still have been under way",
        ));
    }
    None
}

/// A session within this one has the same trouble with the same bytes, and says more of it.
fn told_within(view: &View<'_>, session: &Session, it: &Incomplete) -> bool {
    view.flow.children(session).any(|child| {
        child
            .incomplete
            .iter()
            .any(|i| i.side == it.side && i.stamp == it.stamp)
            || told_within(view, child, it)
    })
}

fn finding(view: &View<'_>, it: &Incomplete) -> Finding {
    let receiver = it.side.other();
    let silent = view.until_end(it.stamp);
    let (severity, culprit, how) = match view.ending() {
        Some(Ending::Reset(stamp, side)) if side == it.side && cut_off(view, receiver) => {
            let forged = view.tcp().and_then(forged).is_some();
            (
                Severity::Warning,
                if forged {
                    Culprit::Network
                } else {
                    Culprit::from(side)
                },
                format!(
                    "a reset cut it off (frame {}), as tcp-aborted-in-flight tells",
                    stamp.frame
                ),
            )
        }
        Some(Ending::Reset(stamp, side)) if side == receiver => (
            Severity::Warning,
            Culprit::from(side),
            format!(
                "the {side}, for whom it was, reset the connection (frame {})",
                stamp.frame
            ),
        ),
        Some(ending) => {
            let first = view.tcp().and_then(|t| t.sides[receiver].fin);
            let hung_up = first.is_some_and(|f| f <= it.stamp);
            (
                if hung_up {
                    Severity::Warning
                } else {
                    META.severity
                },
                Culprit::from(if hung_up { receiver } else { it.side }),
                format!("the connection ended (frame {})", ending.stamp().frame),
            )
        }
        None => (
            META.severity,
            Culprit::from(it.side),
            format!("nothing came for {}", seconds(silent)),
        ),
    };
    Finding::new(&META, it.stamp)
        .severity(severity)
        .side(culprit)
        .frame(it.began, "began")
        .frame(it.stamp, "last-bytes")
        .maybe_frame(view.ending().map(Ending::stamp), "end")
        .title(format!(
            "{} of the {} stops after {} of {} bytes",
            it.op, it.side, it.present, it.expected
        ))
        .explain(format!(
            "The {} began {} in frame {}, of {} bytes by its own header; {} bytes came, the last in frame {}, and then \
             {how}.",
            it.side, it.op, it.began.frame, it.expected, it.present, it.stamp.frame
        ))
        .advise("Look at the program that sent it: a wrong length, a crash, or a wait of its own in mid-message.")
        .number("expected", it.expected as f64)
        .number("present", it.present as f64)
        .number("silent", silent)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "message-incomplete";

    fn half(message: &[u8]) -> &[u8] {
        &message[..message.len() / 2]
    }

    fn half_answered() -> Script {
        over_tcp()
            .client(&record(&call(1)))
            .server(half(&record(&answer(1))))
    }

    #[test]
    fn half_an_answer_and_then_silence() {
        let found = findings(
            half_answered()
                .wait_secs(9.0)
                .keepalive(Side::Client)
                .frames(),
            RULE,
        );
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("expected", 28.0)), "{found:?}");
        assert_eq!(found[0].severity, Severity::Error);
    }

    #[test]
    fn the_sender_closes_in_mid_message() {
        let script = half_answered().fin(Side::Server).fin(Side::Client);
        assert_eq!(findings(script.frames(), RULE)[0].severity, Severity::Error);
    }

    #[test]
    fn the_receiver_had_enough() {
        let script = half_answered().reset(Side::Client);
        assert_eq!(
            findings(script.frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn the_rest_comes_late() {
        let script = half_answered()
            .wait_secs(9.0)
            .server(&record(&answer(1))[14..])
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn the_capture_ends_in_mid_message() {
        let frames = half_answered().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }

    #[test]
    fn the_rest_was_not_captured() {
        let script = half_answered()
            .server_lost(&record(&answer(1))[14..])
            .client(&record(&call(2)))
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn joined_in_mid_stream_it_may_be_no_header() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
            .segment(Side::Client, flag::ACK | flag::PSH, 1, 1, &record(&call(1)))
            .segment(
                Side::Server,
                flag::ACK | flag::PSH,
                1,
                45,
                half(&record(&answer(1))),
            )
            .segment(Side::Client, flag::ACK, 45, 15, b"")
            .segment(Side::Client, flag::RST | flag::ACK, 45, 15, b"");
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
