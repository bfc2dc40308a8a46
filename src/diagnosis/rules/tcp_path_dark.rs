//! `tcp-path-dark`.

use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_backlog_overflow;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::model::Part;
use crate::stream::facts::{Series, TcpFacts};

declare_rule! {
    /// ## What it means
    /// From some moment on nothing comes back any more: one side sends the same bytes again and again, ever more
    /// slowly, and the other neither acknowledges nor resets.
    ///
    /// ## Why it matters
    /// The path is cut, or the other host is gone. TCP goes on trying for many minutes, and the program waits.
    ///
    /// ## How it is told
    /// The same bytes were sent again at least three times with growing distances, and nothing of the peer came since that
    /// acknowledges or answers anything; what it says of its own accord may still come. A busy host would still acknowledge,
    /// and a crashed program's system would reset. It is certain from five seconds of silence on, and likely before that, when
    /// it may have been an interruption. Where the bytes had not been sent again that often when the capture ended, it cannot
    /// be told. It is a warning where only the closing FIN is repeated: nobody waits for an answer then.
    ///
    /// ## Example
    /// `ssh-path-dark`: packets are dropped in both directions in the middle of a session.
    ///
    /// ## What to do
    /// Is the other host up? Then look for what drops: a route, a firewall that lost its state, a cable. Where only
    /// large segments are repeated, a path MTU that is too small: look for lost ICMP "fragmentation needed".
    ///
    /// ## References
    /// RFC 6298 section 5, RFC 9293 section 3.8.3.
    pub TcpPathDark = "tcp-path-dark" {
        summary: "The path went dark",
        severity: Error,
        category: Dialogue,
        protocols: ["tcp"],
        reference: "RFC 6298 section 5; RFC 9293 section 3.8.3",
    }
}

impl TcpPathDark {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        for side in Side::BOTH {
            let Some(series) = tcp.sides[side].series.as_ref().filter(|s| s.count > 0) else {
                continue;
            };
            if in_vain(view, tcp, side).is_none() {
                if is_pending(view, tcp, side, series) {
                    out.cannot_tell(&META, "T2", pending(view, tcp, side, series));
                }
            } else if view.one_sided() {
                let why = "only one direction of this connection was captured";
                out.cannot_tell(&META, "T3", why);
            } else {
                out.raise(finding(view, side, series));
            }
        }
    }
}

/// This rule says why what `side` sent last was not answered.
pub(super) fn tells(view: &View<'_>, side: Side) -> bool {
    let tcp = view.tcp().filter(|_| !view.one_sided());
    tcp.is_some_and(|tcp| in_vain(view, tcp, side).is_some())
}

/// What the side sent that should answer got no further before an answer was overdue: it has to come behind that.
pub(super) fn hides_answer(view: &View<'_>, open: &Open) -> bool {
    let peer = open.side.other();
    let tcp = view.tcp().filter(|_| !view.one_sided());
    let series = tcp.and_then(|tcp| in_vain(view, tcp, peer));
    series.is_some_and(|s| s.first.time.since(open.asked.time) < view.patience(open))
}

/// The capture ended too soon to tell: at least twice, or for as long as an answer is waited for, `side` has sent in vain.
fn is_pending(view: &View<'_>, tcp: &TcpFacts, side: Side, series: &Series) -> bool {
    let shut = tcp.sides[side.other()].zero_window.since.is_some();
    let patience = view.world.thresholds.least_patience;
    let begun = series.count > 1 || silence(view, series) >= patience;
    let over = view.ending().is_some() || tcp_backlog_overflow::passed_over(tcp);
    begun && !shut && !over && !view.one_sided()
}

fn pending(view: &View<'_>, tcp: &TcpFacts, side: Side, series: &Series) -> String {
    let times = match series.count {
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    let offered = tcp.sides[side.other()].window;
    let full = if tcp.sides[side].unacked == u64::from(offered) {
        format!(
            " (it fills the window of {offered} bytes that the {} offered)",
            side.other()
        )
    } else {
        String::new()
    };
    format!(
        "what the {side} sent in frame {}{full} was sent again {times} and not acknowledged within {}, when the capture \
         ended: pending, not dark",
        series.first.frame,
        seconds(silence(view, series))
    )
}

/// Seconds from the first sending to the end of the connection or the capture.
fn silence(view: &View<'_>, series: &Series) -> f64 {
    match view.ending() {
        Some(end) => end.stamp().time.since(series.first.time),
        None => view.until_end(series.first),
    }
}

/// What `side` sends again and again, to nobody.
fn in_vain<'a>(view: &View<'_>, tcp: &'a TcpFacts, side: Side) -> Option<&'a Series> {
    let series = tcp.sides[side].series.as_ref()?;
    let enough = series.count >= view.world.thresholds.dark_retransmissions;
    let refused = tcp
        .reset()
        .is_some_and(|r| r.side != side && series.again.last().is_some_and(|l| *l < r.stamp));
    let passed_over = tcp_backlog_overflow::passed_over(tcp);
    (enough && !refused && !passed_over && slows_down(series)).then_some(series)
}

/// A timer that doubles: the last distance is longer than the first.
fn slows_down(series: &Series) -> bool {
    let [first, .., before, last] = series.again.as_slice() else {
        return false;
    };
    let early = first.time.since(series.first.time);
    last.time.since(before.time) > 1.4 * early
}

fn finding(view: &View<'_>, side: Side, series: &Series) -> Finding {
    let peer = side.other();
    let last = series.again.last().copied().unwrap_or(series.first);
    let tried = last.time.since(series.first.time);
    let heard = view.tcp().and_then(|t| t.sides[peer].last);
    let only_fin = view
        .tcp()
        .is_some_and(|t| series.offset >= t.sides[side].stream_bytes);
    let (what, severity) = if only_fin {
        ("its FIN", Severity::Warning)
    } else {
        ("the same bytes", Severity::Error)
    };
    let (title, outcome) = words(view, side, series);
    let finding = Finding::new(&META, series.first)
        .severity(severity)
        .side(Culprit::Network)
        .maybe_frame(heard, "last-of-peer")
        .frame(series.first, "first-sent")
        .frames(&series.again, "sent-again")
        .title(title)
        .explain(format!(
            "{} sent {what} {} times again within {} and got {outcome}",
            view.end_of(side),
            series.count,
            seconds(tried)
        ))
        .advise("Look whether the host is up, and for what drops packets between: routes, firewalls, the path MTU.")
        .number("sent_again", f64::from(series.count))
        .number("tried", tried)
        .number("threshold", f64::from(view.world.thresholds.dark_retransmissions));
    let finding = doubted(view, series, finding);
    match lost_answer(view, side, series) {
        Some(answer) => finding.frame(answer, "lost-answer").also(&format!(
            "The answer in frame {} is among them: the {side}'s program has answered, and the {peer} still waits.",
            answer.frame
        )),
        None => finding,
    }
}

/// A short silence may be an interruption: what came after it was not seen.
fn doubted(view: &View<'_>, series: &Series, finding: Finding) -> Finding {
    let silence = silence(view, series);
    let finding = finding.number("silence", silence);
    if silence >= view.world.thresholds.least_patience {
        return finding;
    }
    let over = match view.ending() {
        Some(_) => "The connection was given up",
        None => "The capture ends",
    };
    finding.likely().also(&format!(
        "{over} {} after they were sent first, so that it may only have been an interruption.",
        seconds(silence)
    ))
}

/// The title, and what came back.
fn words(view: &View<'_>, side: Side, series: &Series) -> (String, String) {
    let peer = side.other();
    let heard = view.tcp().and_then(|t| t.sides[peer].last);
    match heard.filter(|h| *h > series.first) {
        Some(heard) => (
            format!(
                "Nothing of the {side} arrived from frame {} on",
                series.first.frame
            ),
            format!(
                "no acknowledgement of them, although the {peer} itself spoke until frame {}. The path is cut in one \
                 direction, or drops what is large.",
                heard.frame
            ),
        ),
        None => (
            format!(
                "Nothing came back from the {peer} from frame {} on",
                series.first.frame
            ),
            format!(
                "nothing back, neither an acknowledgement nor a reset. The path to {} is cut, or that host is gone.",
                view.end_of(peer)
            ),
        ),
    }
}

/// The answer of `side` that its peer has not got.
fn lost_answer(view: &View<'_>, side: Side, series: &Series) -> Option<Stamp> {
    let last = view
        .flow
        .sessions
        .iter()
        .filter_map(|s| s.last_message[side]);
    let replies = last.filter(|m| m.part == Part::Reply && m.stamp >= series.first);
    replies.map(|m| m.stamp).min()
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Severity};

    const RULE: &str = "tcp-path-dark";

    /// The client's five bytes at 5, sent again after these milliseconds each.
    fn again(mut script: Script, waits: &[i64]) -> Script {
        for wait in waits {
            script =
                script
                    .wait_ms(*wait)
                    .segment(Side::Client, flag::ACK | flag::PSH, 5, 5, b"hello");
        }
        script
    }

    fn dark(waits: &[i64]) -> Script {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
            .client_unacknowledged(b"hello");
        again(script, waits)
    }

    #[test]
    fn sent_again_ever_more_slowly() {
        let found = findings(dark(&[200, 400, 800, 1600, 3200]).frames(), RULE);
        assert!(found[0].numbers.contains(&("sent_again", 5.0)), "{found:?}");
        assert_eq!(found[0].frames.len(), 7);
        assert_eq!(found[0].certainty, Certainty::Certain);
    }

    #[test]
    fn a_short_silence_may_be_an_interruption() {
        let short = || dark(&[200, 400, 800]);
        let found = findings(short().frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(
            found[0].explanation.contains("The capture ends 1.4"),
            "{found:?}"
        );
        // Others go on talking, so that the silence was seen.
        let other = Script::tcp("10.0.0.3:40000", "10.0.0.2:9999").wait_secs(8.0);
        let other = other.connect().client(b"ping").server(b"pong").close();
        let found = findings(Script::merge([short(), other]), RULE);
        assert_eq!(found[0].certainty, Certainty::Certain);
    }

    #[test]
    fn a_slow_timer_at_the_end_of_the_capture_is_pending() {
        let twice = dark(&[5500, 5600]).frames();
        assert!(findings(twice.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(twice, RULE), ["T2"]);
        assert_eq!(cannot_tell(dark(&[5500]).frames(), RULE), ["T2"]);
        let once = dark(&[300]).frames();
        assert!(cannot_tell(once, RULE).is_empty());
        let shut = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
            .zero_window(Side::Server)
            .client_unacknowledged(b"hello");
        assert!(cannot_tell(again(shut, &[5500, 5600]).frames(), RULE).is_empty());
        let closed = dark(&[5500, 5600]).reset(Side::Client).frames();
        assert!(cannot_tell(closed, RULE).is_empty());
    }

    #[test]
    fn a_fin_that_nobody_answers() {
        let closing = |waits: &[i64]| {
            let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
                .connect()
                .client(b"ping")
                .server(b"pong");
            for wait in waits {
                let fin = flag::ACK | flag::FIN;
                script = script.wait_ms(*wait).segment(Side::Client, fin, 5, 5, b"");
            }
            script
        };
        let found = findings(closing(&[10, 300, 600, 1200, 2400, 4800]).frames(), RULE);
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].numbers.contains(&("sent_again", 5.0)), "{found:?}");
        let answered =
            closing(&[10, 300, 600, 1200, 2400, 4800]).segment(Side::Server, flag::ACK, 5, 6, b"");
        assert!(findings(answered.frames(), RULE).is_empty());
        assert!(findings(closing(&[10, 300, 600]).frames(), RULE).is_empty());
    }

    #[test]
    fn only_one_direction_is_dark() {
        let dark = dark(&[200, 400, 800, 1600]).wait_secs(5.0);
        let fin = |ack| {
            let script = dark.clone();
            script
                .segment(Side::Server, flag::FIN | flag::ACK, 5, ack, b"")
                .frames()
        };
        let found = findings(fin(5), RULE);
        assert!(
            found[0].title.contains("of the client arrived"),
            "{found:?}"
        );
        assert!(findings(fin(10), RULE).is_empty());
        let duplicate_ack = dark.clone().segment(Side::Server, flag::ACK, 5, 5, b"");
        assert!(findings(duplicate_ack.frames(), RULE).is_empty());
    }

    #[test]
    fn the_sender_gave_up_with_a_reset() {
        let script = dark(&[200, 400, 800, 1600]).reset(Side::Client);
        let found = findings(script.frames(), RULE);
        let told: Vec<_> = found.iter().map(|f| f.certainty).collect();
        assert_eq!(told, [Certainty::Likely], "it gave up after 3 s");
        let script = dark(&[200, 400, 800, 1600, 3200]).reset(Side::Client);
        assert_eq!(
            findings(script.frames(), RULE)[0].certainty,
            Certainty::Certain
        );
    }

    #[test]
    fn an_acknowledgement_or_a_reset_of_the_peer_is_life() {
        let long = || dark(&[200, 400, 800, 1600, 3200]);
        let acknowledged = long().segment(Side::Server, flag::ACK, 5, 10, b"");
        assert!(findings(acknowledged.frames(), RULE).is_empty());
        let reset = long().segment(Side::Server, flag::RST, 5, 0, b"");
        assert!(findings(reset.frames(), RULE).is_empty());
    }

    #[test]
    fn two_retransmissions_before_the_capture_ends_tell_nothing() {
        let frames = dark(&[200, 400]).frames();
        assert!(loud(frames.clone()).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T2"]);
    }

    #[test]
    fn who_repeats_its_own_bytes_for_want_of_an_answer_is_no_life() {
        // The server sends the four bytes at 1 again, and has nothing of the five at 5.
        let script =
            dark(&[200])
                .wait_ms(20)
                .segment(Side::Server, flag::ACK | flag::PSH, 1, 5, b"pong");
        let found = findings(again(script, &[400, 800, 1600, 3200]).frames(), RULE);
        assert!(found[0].numbers.contains(&("sent_again", 5.0)), "{found:?}");
    }

    #[test]
    fn with_one_direction_only_nobody_can_tell() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").segment(
            Side::Client,
            flag::ACK | flag::PSH,
            5,
            5,
            b"hello",
        );
        let frames = again(script, &[200, 400, 800, 1600, 3200]).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T3"]);
    }
}
