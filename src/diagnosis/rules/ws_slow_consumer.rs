//! `ws-slow-consumer`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::Side;

use super::ws;
use super::zero_window::{Episode, held};
use crate::diagnosis::{Finding, Verdicts, View, declare_rule, seconds};

declare_rule! {
    /// ## What it means
    /// One side sends messages over the WebSocket faster than the other takes them, and the other's TCP could take no more.
    ///
    /// ## Why it matters
    /// Messages pile up at the sender: it must hold them, throw them away, or hang up. What arrives is old, and Pings wait
    /// behind it.
    ///
    /// ## How it is told
    /// In an open WebSocket the receive window of a side stayed at 0 for longer than 10 s, or was so at the end for longer
    /// than 2 s, while its peer had more to send. The closes by which servers drop such clients are named along: 1008, 1011,
    /// 1013 and the codes of applications.
    ///
    /// ## Example
    /// A dashboard's tab is stopped in the debugger while the server pushes 40 kB twenty times a second.
    ///
    /// ## What to do
    /// Let that side read in a loop of its own and work elsewhere; let the sender look at what waits (`bufferedAmount`, a
    /// bounded queue) and leave out or join messages.
    ///
    /// ## References
    /// RFC 9293 section 3.8.6.1.
    pub WsSlowConsumer = "ws-slow-consumer" {
        summary: "WebSocket peer does not read",
        severity: Error,
        category: Resources,
        protocols: ["websocket"],
        reference: "RFC 9293 section 3.8.6.1",
    }
}

impl WsSlowConsumer {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(opened) = view.session.entered(Phase::Open) else {
            return;
        };
        for side in Side::BOTH {
            let episode = held(view, side).filter(Episode::is_grave);
            if let Some(episode) = episode.filter(|e| e.since >= opened.stamp) {
                out.raise(finding(view, side, episode));
            }
        }
    }
}

/// True where this rule tells of the shut window of `side`.
pub(super) fn tells(view: &View<'_>, side: Side) -> bool {
    let mut sessions = view.flow.sessions.iter();
    let episode = held(view, side).filter(Episode::is_grave);
    episode.is_some_and(|episode| {
        sessions.any(|s| {
            let opened = s.entered(Phase::Open);
            s.protocol == "websocket" && opened.is_some_and(|o| o.stamp <= episode.since)
        })
    })
}

fn finding(view: &View<'_>, side: Side, episode: Episode) -> Finding {
    let peer = side.other();
    let held = seconds(episode.held);
    let dropped = ws::close_of(view, peer).filter(|c| c.stamp > episode.since);
    let hung_up = ws::hung_up(view).filter(|h| h.side == peer && h.stamp > episode.since);
    let then = match (dropped, hung_up, episode.until) {
        (Some(close), _, _) => format!(
            " The {peer} then closed with {} (frame {}).",
            ws::close_words(close),
            close.stamp.frame
        ),
        (None, Some(end), _) => format!(
            " The {peer} then {} (frame {}).",
            end.how(),
            end.stamp.frame
        ),
        (None, None, Some(until)) => format!(" It read on in frame {}.", until.frame),
        (None, None, None) => String::new(),
    };
    Finding::new(&META, episode.since)
        .side(side)
        .frame(episode.since, "window-shut")
        .maybe_frame(episode.until, "window-open")
        .maybe_frame(dropped.map(|c| c.stamp), "close")
        .title(format!("The {side} did not read its WebSocket for {held}"))
        .explain(format!(
            "From frame {} on the {side} ({}) could take no more of the {peer}'s messages, for {held}. The {peer} had sent {} \
             on this WebSocket in all.{then}",
            episode.since.frame,
            view.end_of(side),
            ws::messages_of(view, peer)
        ))
        .advise(format!(
            "See what the program of the {side} does instead of reading; let the {peer} send less while it waits."
        ))
        .number("held", episode.held)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, opened, text};
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "ws-slow-consumer";

    /// The client's window is shut while the server has more.
    fn stuck() -> Script {
        opened()
            .server(&text(Side::Server, "tick"))
            .zero_window(Side::Client)
            .server_unacknowledged(&text(Side::Server, "tick"))
    }

    #[test]
    fn a_client_that_does_not_read_until_the_end() {
        let script = stuck().wait_secs(22.0).reset(Side::Server);
        let found = findings(script.clone().frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        let told = &found[0].explanation;
        assert!(
            told.contains("The server had sent 2 messages on this"),
            "{told}"
        );
        assert!(!loud(script.frames()).contains(&"tcp-zero-window"));
    }

    #[test]
    fn what_comes_of_it_is_no_trouble_of_its_own() {
        let half = text(Side::Server, &"tick".repeat(20));
        let script = opened()
            .server(&text(Side::Server, "tick"))
            .zero_window(Side::Client)
            .server_unacknowledged(&half[..70])
            .wait_secs(22.0);
        assert_eq!(loud(script.reset(Side::Server).frames()), [RULE]);
    }

    #[test]
    fn one_that_reads_on_was_only_busy() {
        let script = stuck().wait_secs(3.0).window_update(Side::Client);
        assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn an_opening_that_was_not_captured_shows_in_what_the_server_sends() {
        let script = stuck()
            .wait_secs(15.0)
            .window_update(Side::Client)
            .drop_last();
        let script = script.server(&text(Side::Server, "tick")).wait_secs(30.0);
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn the_capture_ends_too_soon_to_tell() {
        let script = stuck()
            .wait_secs(1.0)
            .server(&close(Side::Server, 1001, ""));
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
