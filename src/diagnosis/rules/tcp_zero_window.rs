//! `tcp-zero-window`.

use colloquy_dissectors::units::Side;

use super::ws_slow_consumer;
use super::zero_window::{Episode, held};
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::ZeroWindow;

declare_rule! {
    /// ## What it means
    /// One side could take no more bytes for a while: its program does not read what TCP has received for it.
    ///
    /// ## Why it matters
    /// The sender must stop. Everything behind it waits, also the other way round if the program that does not
    /// read is the one that should answer.
    ///
    /// ## How it is told
    /// A window of 0 that stays for longer than 2 s while the peer has something to send, which its window probes
    /// show. A window that shuts for a moment is flow control at work; one that opened again within 10 s is a note,
    /// and so is one that `ws-slow-consumer` tells of.
    ///
    /// ## Example
    /// `ws-slow-consumer`: a browser that is stopped in its debugger, fed by a server.
    ///
    /// ## What to do
    /// Look at the program on the side that shut its window: it is busy, stopped, blocked on a disk or a lock, or it waits
    /// for something that it would only get by reading.
    ///
    /// ## References
    /// RFC 9293 section 3.8.6.1.
    pub TcpZeroWindow = "tcp-zero-window" {
        summary: "Window shut: the application does not read",
        severity: Error,
        category: Dialogue,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.8.6.1",
    }
}

impl TcpZeroWindow {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        for side in Side::BOTH {
            if let Some(episode) = held(view, side) {
                let zero = &tcp.sides[side].zero_window;
                out.raise(finding(view, side, zero, episode));
            }
        }
    }
}

fn finding(view: &View<'_>, side: Side, zero: &ZeroWindow, episode: Episode) -> Finding {
    let held = seconds(episode.held);
    let until = episode.until.map_or_else(
        || "and did not open it again".to_owned(),
        |u| format!("and opened it again in frame {}", u.frame),
    );
    let severity = if !episode.is_grave() || ws_slow_consumer::tells(view, side) {
        Severity::Note
    } else {
        META.severity
    };
    Finding::new(&META, episode.since)
        .severity(severity)
        .side(side)
        .frame(episode.since, "window-shut")
        .frames(&zero.probes, "probe")
        .maybe_frame(episode.until, "window-open")
        .title(format!("The {side} could take no bytes for {held}"))
        .explain(format!(
            "{} announced a window of 0 in frame {} {until} ({held}); its peer had more to send and probed {} times. The \
             program on that side does not read.",
            view.end_of(side),
            episode.since.frame,
            zero.probe_count
        ))
        .advise("Look at what the program on that side does meanwhile: it is busy, blocked or stopped.")
        .number("held", episode.held)
        .number("threshold", view.world.thresholds.zero_window)
        .number("probes", f64::from(zero.probe_count))
        .number("episodes", f64::from(zero.episodes))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "tcp-zero-window";

    /// The server's window is shut; the client (100 bytes sent) probes it after a while.
    fn shut() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(&[1; 100])
            .zero_window(Side::Server)
    }

    fn probed(script: Script) -> Script {
        script
            .wait_secs(2.0)
            .segment(Side::Client, flag::ACK, 100, 1, b"")
            .zero_window(Side::Server)
            .wait_secs(4.0)
            .segment(Side::Client, flag::ACK, 100, 1, b"")
            .zero_window(Side::Server)
    }

    #[test]
    fn probes_are_answered_with_a_shut_window() {
        let script = probed(shut()).window_update(Side::Server).close();
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].side, Culprit::Server);
        assert!(found[0].numbers.contains(&("probes", 2.0)), "{found:?}");
    }

    #[test]
    fn a_reader_that_reads_on_was_only_busy() {
        let script = probed(shut()).window_update(Side::Server);
        let reads_on = findings(script.client(&[3; 50]).close().frames(), RULE);
        assert_eq!(reads_on[0].severity, Severity::Note);
        let late = probed(shut()).wait_secs(6.0).window_update(Side::Server);
        let late = findings(late.client(&[3; 50]).close().frames(), RULE);
        assert_eq!(late[0].severity, Severity::Error);
    }

    #[test]
    fn a_window_shut_until_the_reset() {
        let script = probed(shut()).reset(Side::Client);
        assert_eq!(findings(script.frames(), RULE).len(), 1);
    }

    #[test]
    fn a_moment_is_flow_control() {
        let script = shut().wait_ms(300).window_update(Side::Server).close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn a_shut_window_that_nobody_wants_open_is_quiet() {
        let script = shut().wait_secs(30.0).window_update(Side::Server).close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn a_mirrored_capture_counts_each_probe_once() {
        let script = shut()
            .wait_secs(5.0)
            .segment(Side::Client, flag::ACK, 100, 1, b"")
            .duplicate_last()
            .zero_window(Side::Server)
            .window_update(Side::Server)
            .close();
        let found = findings(script.frames(), RULE);
        assert!(found[0].numbers.contains(&("probes", 1.0)), "{found:?}");
    }

    #[test]
    fn an_opening_that_was_not_captured_shows_in_what_the_client_sends() {
        let script = shut()
            .wait_secs(5.0)
            .window_update(Side::Server)
            .drop_last()
            .client(&[2; 100])
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
