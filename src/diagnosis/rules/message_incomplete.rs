//! `message-incomplete`.

use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_aborted_in_flight::cut_off;
use super::tcp_path_dark;
use super::tcp_reset_forged::forgery;
use super::tls_handshake_stalled;
use super::ws_slow_consumer;
use crate::diagnosis::{
    Certainty, Culprit, Ending, Finding, Severity, Verdicts, View, declare_rule, seconds,
};
use crate::session::model::Session;
use crate::session::troubles::Incomplete;

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
    /// off, which is told by itself; a note where `tcp-path-dark` tells why. Where the sender fell silent and no frame of
    /// its host came a second later or more, it is `likely` only, for the path may have gone dark; and it points at the
    /// network where one of the two sent something again since, be it a FIN, that was never acknowledged.
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
    let broke = how(view, it);
    let finding = Finding::new(&META, it.stamp)
        .frame(it.began, "began")
        .frame(it.stamp, "last-bytes")
        .maybe_frame(cited_end(view, it), "end")
        .title(format!(
            "{} of the {} stops after {} of {} bytes",
            it.op, it.side, it.present, it.expected
        ))
        .explain(format!(
            "The {} began {} in frame {}, of {} bytes by its own header; {} bytes came, the last in frame {}, and then \
             {}{}.",
            it.side,
            it.op,
            it.began.frame,
            it.expected,
            it.present,
            it.stamp.frame,
            broke.how,
            broke.doubt
        ))
        .advise(match broke.culprit {
            Culprit::Network => "Look at the path between the two: the sender had the rest.",
            _ => "Look at the program that sent it: a wrong length, a crash, or a wait of its own in mid-message.",
        })
        .number("expected", it.expected as f64)
        .number("present", it.present as f64)
        .number("silent", silent);
    broke.told_in(finding)
}

/// Who hangs up sooner than this did not wait for the rest: seconds.
const PATIENT: f64 = 1.0;

/// How a message broke off.
pub(super) struct Break {
    pub(super) severity: Severity,
    pub(super) culprit: Culprit,
    pub(super) certainty: Certainty,
    /// What came then, in words.
    pub(super) how: String,
    /// Why that is not certain, in words; empty where it is.
    pub(super) doubt: String,
    /// What was sent again and never acknowledged.
    in_vain: Option<Stamp>,
}

impl Break {
    fn certain(severity: Severity, culprit: impl Into<Culprit>, how: String) -> Self {
        Self {
            severity,
            culprit: culprit.into(),
            certainty: Certainty::Certain,
            how,
            doubt: String::new(),
            in_vain: None,
        }
    }

    /// Something else makes it certain.
    pub(super) fn settle(&mut self) {
        self.certainty = Certainty::Certain;
        self.doubt.clear();
        self.in_vain = None;
    }

    /// The sender fell silent, as `how` tells: its program, where its host was heard since; otherwise it may be the path.
    fn silent(view: &View<'_>, it: &Incomplete, how: String) -> Self {
        let certain = Self::certain(META.severity, it.side, how);
        let dark = in_vain(view, it, it.side);
        if dark.is_none() && is_alive(view, it) {
            return certain;
        }
        match dark.or_else(|| in_vain(view, it, it.side.other())) {
            Some((side, again)) => Self {
                culprit: Culprit::Network,
                certainty: Certainty::Likely,
                doubt: format!(
                    "; nothing acknowledged what the {side} sent, not even when it came again (frame {}): most likely the \
                     path is dark, or the {}'s host is gone{}",
                    again.frame,
                    side.other(),
                    if tcp_path_dark::tells(view, side) {
                        ", as tcp-path-dark tells"
                    } else {
                        ""
                    }
                ),
                in_vain: Some(again),
                ..certain
            },
            None => Self {
                certainty: Certainty::Likely,
                doubt: format!(
                    "; no frame of the {} tells whether its program stopped or the path went dark",
                    it.side
                ),
                ..certain
            },
        }
    }

    /// Puts it into a finding.
    pub(super) fn told_in(&self, finding: Finding) -> Finding {
        let finding = finding
            .severity(self.severity)
            .side(self.culprit)
            .maybe_frame(self.in_vain, "sent-again");
        match self.certainty {
            Certainty::Certain => finding,
            Certainty::Likely => finding.likely(),
        }
    }
}

/// The sender's host was heard a while after the last bytes: the path is there, and its program stopped.
fn is_alive(view: &View<'_>, it: &Incomplete) -> bool {
    let Some(tcp) = view.tcp() else { return true };
    let heard = [
        tcp.sides[it.side].last,
        tcp.sides[it.side.other()].fin_acked,
    ];
    heard
        .into_iter()
        .flatten()
        .any(|heard| heard.time.since(it.stamp.time) >= PATIENT)
}

/// Where `side` sent last, after the message's bytes or as their end, what its peer never acknowledged.
fn in_vain(view: &View<'_>, it: &Incomplete, side: Side) -> Option<(Side, Stamp)> {
    let facts = &view.tcp()?.sides[side];
    let series = facts.series.as_ref()?;
    let open = facts.unacked > 0 || facts.fin.is_some() && facts.fin_acked.is_none();
    let last = series.again.last().copied();
    let last = last.filter(|last| open && *last > it.stamp)?;
    Some((side, last))
}

/// How grave it is, whose fault, and what came then.
pub(super) fn how(view: &View<'_>, it: &Incomplete) -> Break {
    let (sender, receiver) = (it.side, it.side.other());
    if tcp_path_dark::tells(view, sender) {
        let how = "the rest did not arrive, as tcp-path-dark tells".to_owned();
        return Break::certain(Severity::Note, Culprit::Network, how);
    }
    if ws_slow_consumer::tells(view, receiver) {
        let how =
            format!("no more of it could: the {receiver} did not read, as ws-slow-consumer tells");
        return Break::certain(Severity::Note, receiver, how);
    }
    let Some((side, stamp, reset)) = hung_up(view, it) else {
        if let Some(since) = view.tcp().and_then(|t| t.sides[receiver].zero_window.since) {
            let how = format!(
                "no more could: the {receiver}'s window is shut since frame {}, its program does not read",
                since.frame
            );
            return Break::certain(META.severity, receiver, how);
        }
        let silent = seconds(view.until_end(it.stamp));
        return Break::silent(view, it, format!("nothing came for {silent}"));
    };
    let frame = stamp.frame;
    let did = if reset { "reset" } else { "closed" };
    if reset && view.tcp().is_some_and(forgery) {
        let how = format!(
            "a reset cut it off (frame {frame}); tcp-reset-forged tells where it comes from"
        );
        return Break::certain(Severity::Warning, Culprit::Network, how);
    }
    if reset && side == sender && cut_off(view, receiver) {
        let how = format!("a reset cut it off (frame {frame}), as tcp-aborted-in-flight tells");
        return Break::certain(Severity::Warning, side, how);
    }
    if side == sender {
        let how = format!("the {side} itself {did} the connection (frame {frame})");
        return Break::certain(META.severity, sender, how);
    }
    let waited = stamp.time.since(it.stamp.time);
    let took_no_more = view
        .tcp()
        .is_some_and(|t| t.sides[receiver].zero_window.since.is_some());
    if waited < PATIENT || took_no_more {
        let how = format!("the {side}, for whom it was, {did} the connection (frame {frame})");
        return Break::certain(Severity::Warning, receiver, how);
    }
    let how = format!(
        "nothing for {}, until the {side}, for whom it was, {did} the connection (frame {frame})",
        seconds(waited)
    );
    Break::silent(view, it, how)
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
        .filter_map(|side| Some((side, view.left(side)?, false)))
        .filter(|(side, fin, _)| !half(*side, *fin));
    fins.chain(reset).min_by_key(|(_, stamp, _)| *stamp)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::ws::elsewhere;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::{Certainty, Culprit, Severity};

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
        // Its host acknowledges the keep-alive: its program stopped.
        let told = (found[0].side, found[0].certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Certain));
        // Without a word of it nobody knows.
        let unheard = half_answered().wait_secs(9.0);
        let found = findings(unheard.keepalive_unanswered(Side::Client).frames(), RULE);
        let told = (found[0].side, found[0].certainty);
        assert_eq!(told, (Culprit::Server, Certainty::Likely), "{found:?}");
    }

    #[test]
    fn a_path_that_went_dark_is_not_the_senders() {
        let closed = |again: &[f64]| {
            let fin = |script: Script| {
                let flags = flag::FIN | flag::ACK;
                script.segment(Side::Client, flags, 45, 15, b"")
            };
            let closed = fin(half_answered().wait_secs(18.0));
            let again = again.iter();
            again.fold(closed, |script, wait| fin(script.wait_secs(*wait)))
        };
        let told_of = |frames| {
            let found = findings(frames, RULE);
            assert_eq!(found.len(), 1, "{found:?}");
            (found[0].side, found[0].certainty, found[0].severity)
        };
        let told = |script: Script| told_of(script.frames());
        let (likely, certain) = (Certainty::Likely, Certainty::Certain);
        let dark = closed(&[0.2]);
        let expected = (Culprit::Network, likely, Severity::Error);
        assert_eq!(told(dark.clone()), expected);
        // Once only: the capture ends too soon.
        let expected = (Culprit::Server, likely, Severity::Error);
        assert_eq!(told(closed(&[])), expected);
        // The server's host lives.
        let alive = dark.segment(Side::Server, flag::ACK, 15, 46, b"");
        let expected = (Culprit::Server, certain, Severity::Error);
        assert_eq!(told(alive), expected);
        // As often as tcp-path-dark wants.
        let expected = (Culprit::Network, likely, Severity::Error);
        let told_by_tcp = closed(&[0.2, 0.4, 0.8, 1.6]);
        assert_eq!(told(told_by_tcp.clone()), expected);
        let found = findings(told_by_tcp.frames(), RULE);
        assert!(found[0].explanation.contains("as tcp-path-dark tells"));
        // The sender's own bytes come again, and nobody acknowledges them.
        let half = half(&record(&answer(1))).to_vec();
        let sent = over_tcp()
            .client(&record(&call(1)))
            .server_unacknowledged(&half)
            .wait_secs(2.0)
            .segment(Side::Server, flag::ACK | flag::PSH, 1, 45, &half);
        assert_eq!(told_of(elsewhere(sent, 20.0)), expected);
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
