//! `message-incomplete`.

use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_aborted_in_flight::cut_off;
use super::tcp_path_dark;
use super::tcp_reset_forged::forgery;
use super::tls_handshake_stalled;
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
    /// itself hung up while it came or would take no more, as a user does who cancels a download, or where a reset cut it
    /// off, which is told by itself; a note where `tcp-path-dark` tells why.
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
        if view.session.protocol == "http" {
            // http-body-incomplete tells it.
            return;
        }
        for incomplete in &view.session.troubles.incomplete {
            if told_within(view, view.session, incomplete) || tls_handshake_stalled::tells(view) {
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
pub(super) fn told_within(view: &View<'_>, session: &Session, it: &Incomplete) -> bool {
    view.flow.children(session).any(|child| {
        child
            .troubles
            .incomplete
            .iter()
            .any(|i| i.side == it.side && i.stamp == it.stamp)
            || told_within(view, child, it)
    })
}

fn finding(view: &View<'_>, it: &Incomplete) -> Finding {
    let silent = view.until_end(it.stamp);
    let (severity, culprit, how) = how(view, it);
    Finding::new(&META, it.stamp)
        .severity(severity)
        .side(culprit)
        .frame(it.began, "began")
        .frame(it.stamp, "last-bytes")
        .maybe_frame(cited_end(view, it), "end")
        .title(format!(
            "{} of the {} stops after {} of {} bytes",
            it.op, it.side, it.present, it.expected
        ))
        .explain(format!(
            "The {} began {} in frame {}, of {} bytes by its own header; {} bytes came, the last in frame {}, and then \
             {how}.",
            it.side, it.op, it.began.frame, it.expected, it.present, it.stamp.frame
        ))
        .advise(match culprit {
            Culprit::Network => "Look at the path between the two: the sender had the rest.",
            _ => "Look at the program that sent it: a wrong length, a crash, or a wait of its own in mid-message.",
        })
        .number("expected", it.expected as f64)
        .number("present", it.present as f64)
        .number("silent", silent)
}

/// Who hangs up sooner than this did not wait for the rest: seconds.
const PATIENT: f64 = 1.0;

/// How grave it is, whose fault, and what came then.
pub(super) fn how(view: &View<'_>, it: &Incomplete) -> (Severity, Culprit, String) {
    let (sender, receiver) = (it.side, it.side.other());
    if tcp_path_dark::tells(view, sender) {
        let how = "the rest did not arrive, as tcp-path-dark tells".to_owned();
        return (Severity::Note, Culprit::Network, how);
    }
    let Some((side, stamp, reset)) = hung_up(view, it) else {
        if let Some(since) = view.tcp().and_then(|t| t.sides[receiver].zero_window.since) {
            let how = format!(
                "no more could: the {receiver}'s window is shut since frame {}, its program does not read",
                since.frame
            );
            return (META.severity, receiver.into(), how);
        }
        let silent = seconds(view.until_end(it.stamp));
        let how = format!("nothing came for {silent}");
        return (META.severity, sender.into(), how);
    };
    let frame = stamp.frame;
    let did = if reset { "reset" } else { "closed" };
    if reset && view.tcp().is_some_and(forgery) {
        let how = format!(
            "a reset cut it off (frame {frame}); tcp-reset-forged tells where it comes from"
        );
        return (Severity::Warning, Culprit::Network, how);
    }
    if reset && side == sender && cut_off(view, receiver) {
        let how = format!("a reset cut it off (frame {frame}), as tcp-aborted-in-flight tells");
        return (Severity::Warning, side.into(), how);
    }
    if side == sender {
        let how = format!("the {side} itself {did} the connection (frame {frame})");
        return (META.severity, sender.into(), how);
    }
    let waited = stamp.time.since(it.stamp.time);
    let took_no_more = view
        .tcp()
        .is_some_and(|t| t.sides[receiver].zero_window.since.is_some());
    if waited < PATIENT || took_no_more {
        let how = format!("the {side}, for whom it was, {did} the connection (frame {frame})");
        return (Severity::Warning, receiver.into(), how);
    }
    let how = format!(
        "nothing for {}, until the {side}, for whom it was, {did} the connection (frame {frame})",
        seconds(waited)
    );
    (META.severity, sender.into(), how)
}

/// Where who ended it first did so, which proves that the rest will not come; otherwise where the connection ended.
pub(super) fn cited_end(view: &View<'_>, it: &Incomplete) -> Option<Stamp> {
    let first = hung_up(view, it).map(|(_, stamp, _)| stamp);
    first.or_else(|| view.ending().map(Ending::stamp))
}

/// Who ended the connection first, where, and whether by a reset. A receiver that only has no more to say, and went on to
/// take what came, did not end it.
pub(super) fn hung_up(view: &View<'_>, it: &Incomplete) -> Option<(Side, Stamp, bool)> {
    let tcp = view.tcp()?;
    let reset = match view.ending() {
        Some(Ending::Reset(stamp, side)) => Some((side, stamp, true)),
        _ => None,
    };
    let listens = tcp.reset().is_none_or(|r| r.side == it.side);
    let half = |side: Side, fin: Stamp| side != it.side && fin < it.stamp && listens;
    let fins = Side::BOTH
        .into_iter()
        .filter_map(|side| Some((side, tcp.sides[side].fin?, false)))
        .filter(|(side, fin, _)| !half(*side, *fin));
    fins.chain(reset).min_by_key(|(_, stamp, _)| *stamp)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::{Culprit, Severity};

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
    fn a_forged_reset_is_nobodys_fault() {
        // Whose name it bears talks on, and hears that the other one has taken it for good.
        let of_sender = half_answered()
            .reset(Side::Server)
            .wait_secs(1.0)
            .server_unacknowledged(b"x")
            .segment(Side::Client, flag::RST, 45, 0, b"");
        let of_receiver = half_answered()
            .reset(Side::Client)
            .wait_secs(1.0)
            .client_unacknowledged(b"x")
            .segment(Side::Server, flag::RST, 15, 0, b"");
        for script in [of_sender, of_receiver] {
            let found = findings(script.frames(), RULE);
            assert!(!found.is_empty() && found.iter().all(|f| f.side == Culprit::Network));
        }
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
    fn whoever_let_it_lie_is_at_fault() {
        let tired = half_answered().wait_secs(20.0);
        for script in [
            tired.clone().reset(Side::Client),
            tired.clone().fin(Side::Client).fin(Side::Server),
            tired.fin(Side::Server).reset(Side::Client),
        ] {
            let found = findings(script.frames(), RULE);
            let told = (found[0].severity, found[0].side);
            assert_eq!(told, (Severity::Error, Culprit::Server), "{found:?}");
        }
        let cancelled = half_answered().fin(Side::Client).fin(Side::Server);
        let found = findings(cancelled.frames(), RULE);
        let told = (found[0].severity, found[0].side);
        assert_eq!(told, (Severity::Warning, Culprit::Client));
        let full = half_answered().zero_window(Side::Client).wait_secs(20.0);
        let found = findings(full.reset(Side::Client).frames(), RULE);
        assert_eq!(found[0].side, Culprit::Client);
    }

    #[test]
    fn who_closes_its_own_direction_and_goes_on_to_listen_has_not_hung_up() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .fin(Side::Client)
            .server(half(&record(&answer(1))))
            .wait_secs(0.1)
            .fin(Side::Server);
        let found = findings(script.frames(), RULE);
        let told = (found[0].severity, found[0].side);
        assert_eq!(told, (Severity::Error, Culprit::Server), "{found:?}");
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
