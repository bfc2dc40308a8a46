//! `heartbeat-stopped`.

use colloquy_dissectors::units::{Side, Stamp};

use super::{tcp_path_dark, ws};
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::session::rhythm::Beats;

declare_rule! {
    /// ## What it means
    /// A side that showed in regular intervals that it lives stopped doing so, and then the session came to a bad end.
    ///
    /// ## Why it matters
    /// The end is only the consequence: a proxy or the other side gave up what looked dead. The cause lies where the
    /// heartbeat stopped, often long before.
    ///
    /// ## How it is told
    /// At least four Pings, Pongs that nobody asked for, or heartbeats of the application (STOMP's line end, Engine.IO's
    /// packets 2 and 3, messages that say ping or heartbeat) at regular intervals; then nothing at all of that side for
    /// three intervals and more, until the connection was closed without a Close, reset, or closed by the other side with
    /// a code of trouble. Who answers Pings has no heartbeat of its own. Not told where bytes of the side are missing, and
    /// not where the path went dark, since then the heartbeat was only not seen.
    ///
    /// ## Example
    /// A server pings every 2 s; after 18 s its program is stopped, and the client closes after 26 s of silence.
    ///
    /// ## What to do
    /// See what the program was doing when its heartbeat stopped: blocked, suspended, a timer that was thrown away at some
    /// event. In a browser: a page in the background, a computer asleep.
    ///
    /// ## References
    /// RFC 6455 section 5.5.2.
    pub HeartbeatStopped = "heartbeat-stopped" {
        summary: "Heartbeat stopped",
        severity: Warning,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.5.2",
    }
}

/// So many intervals without a beat.
const MISSED: f64 = 3.0;

impl HeartbeatStopped {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        for beats in &view.session.troubles.beats {
            let (Some(period), Some(end)) = (beats.period(), bad_end(view, beats.side)) else {
                continue;
            };
            let silent = end.time.since(last_word(view, beats).time);
            if silent < MISSED * period {
                continue;
            }
            if ws::unread(view, beats.side) {
                out.cannot_tell(
                    &META,
                    "T4",
                    "bytes of this side are missing: heartbeats may be among them",
                );
            } else if !tcp_path_dark::tells(view, beats.side) {
                out.raise(finding(view, beats, period, end));
            }
        }
    }
}

/// The last that the side said by itself: its answers to Pings are TCP's or a library's work, not its program's.
fn last_word(view: &View<'_>, beats: &Beats) -> Stamp {
    let message = view.session.last_message[beats.side];
    let pong = |op: &str| matches!(op, "Pong" | "");
    let said = message.filter(|m| !pong(m.op.name) || m.stamp <= beats.last);
    // A Close says that it is over, and not that all is well.
    let said = said.filter(|m| m.op.name != "Close").map(|m| m.stamp);
    said.map_or(beats.last, |s| s.max(beats.last))
}

/// Where the session came to a bad end that the heart of `side` may have to do with.
fn bad_end(view: &View<'_>, side: Side) -> Option<Stamp> {
    let own = ws::close_of(view, side);
    let other = ws::close_of(view, side.other());
    match (own, other) {
        (None, None) => ws::hung_up(view).map(|h| h.stamp),
        (_, Some(close)) if close.is("first") => close
            .int("code")
            .is_some_and(ws::is_trouble)
            .then_some(close.stamp),
        _ => None,
    }
}

fn finding(view: &View<'_>, beats: &Beats, period: f64, end: Stamp) -> Finding {
    let side = beats.side;
    let silent = end.time.since(beats.last.time);
    let how = match (ws::close_of(view, side.other()), ws::hung_up(view)) {
        (Some(close), _) => format!("the {} closed with {}", close.side, ws::close_words(close)),
        (None, Some(end)) => format!("the {} {}", end.side, end.how()),
        (None, None) => "it ended".to_owned(),
    };
    Finding::new(&META, beats.last)
        .side(Culprit::from(side))
        .frame(beats.first, "first-beat")
        .frame(beats.last, "last-beat")
        .frame(end, "end")
        .title(format!(
            "The heartbeat of the {side} stopped {} before the end",
            seconds(silent)
        ))
        .explain(format!(
            "The {side} ({}) gave {} signs of life, one every {}, the last in frame {}. Then none came for {}, {:.1} times as \
             long, until {how} (frame {}).",
            view.end_of(side),
            beats.count,
            seconds(period),
            beats.last.frame,
            seconds(silent),
            silent / period,
            end.frame
        ))
        .advise("See what that side's program was doing when its heartbeat stopped: blocked, suspended, or its timer was lost.")
        .number("beats", beats.count as f64)
        .number("period", period)
        .number("silent", silent)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, opened, ping, pong, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "heartbeat-stopped";

    fn beating(beats: u32) -> Script {
        (0..beats).fold(opened(), |script, _| {
            script
                .wait_secs(10.0)
                .server(&ping(Side::Server, "a"))
                .client(&pong(Side::Client, "a"))
        })
    }

    #[test]
    fn the_server_fell_silent() {
        let gone = beating(6)
            .wait_secs(45.0)
            .fin(Side::Client)
            .fin(Side::Server);
        let found = findings(gone.frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert!(
            found[0].explanation.contains("6 signs"),
            "{}",
            found[0].explanation
        );
        let closed = beating(6)
            .wait_secs(45.0)
            .client(&close(Side::Client, 3008, "no heartbeat"));
        assert_eq!(findings(closed.close().frames(), RULE).len(), 1);
    }

    #[test]
    fn heartbeats_of_an_application() {
        let mut script = opened();
        for _ in 0..5 {
            script = script.wait_secs(10.0).client(&text(Side::Client, "\n"));
        }
        let script = script.wait_secs(40.0).fin(Side::Server).fin(Side::Client);
        assert_eq!(findings(script.frames(), RULE)[0].side, Culprit::Client);
    }

    #[test]
    fn a_good_end_or_an_early_one_is_none() {
        assert!(
            findings(
                ended(beating(6).wait_secs(60.0), Side::Client, 1000, ""),
                RULE
            )
            .is_empty()
        );
        let soon = beating(6)
            .wait_secs(25.0)
            .fin(Side::Client)
            .fin(Side::Server);
        assert!(findings(soon.frames(), RULE).is_empty());
        let few = beating(3)
            .wait_secs(60.0)
            .fin(Side::Client)
            .fin(Side::Server);
        assert!(findings(few.frames(), RULE).is_empty());
    }

    #[test]
    fn who_speaks_lives() {
        let script = beating(6)
            .wait_secs(25.0)
            .server(&text(Side::Server, "news"))
            .wait_secs(25.0);
        assert!(findings(script.fin(Side::Client).fin(Side::Server).frames(), RULE).is_empty());
    }

    #[test]
    fn beats_that_come_as_they_like_have_no_rhythm() {
        let mut script = opened();
        for secs in [1.0, 30.0, 2.0, 60.0, 5.0] {
            script = script.wait_secs(secs).server(&ping(Side::Server, "a"));
        }
        let script = script.wait_secs(200.0).fin(Side::Client).fin(Side::Server);
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn what_is_missing_may_be_a_heartbeat() {
        let script = beating(6)
            .wait_secs(20.0)
            .server_lost(&ping(Side::Server, "b"))
            .wait_secs(25.0);
        let frames = script.fin(Side::Server).fin(Side::Client).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
