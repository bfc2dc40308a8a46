//! `tcp-loss-stall`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, counted, declare_rule, seconds};
use crate::stream::facts::{Stalls, TcpFacts};

declare_rule! {
    /// ## What it means
    /// Bytes were lost on the way, and the dialogue stood still until the sender's timer sent them again.
    ///
    /// ## Why it matters
    /// What users feel as a hang of a second or more may be a single lost segment: each time-out doubles the next.
    ///
    /// ## How it is told
    /// Silence of the whole connection that a retransmission ends. It is reported when such silences add up to more than
    /// a second. Losses that are repaired at once (fast retransmission) cost little and are left out, and so are
    /// copies that a mirror port made.
    ///
    /// ## Example
    /// `ws-loss`: one segment in five is lost, and echoes come late in fits.
    ///
    /// ## What to do
    /// Look for the place of the loss: error counters of links, a full queue, a wireless link; capture at both ends
    /// to see which direction loses.
    ///
    /// ## References
    /// RFC 6298 section 5, RFC 5681 section 3.1.
    pub TcpLossStall = "tcp-loss-stall" {
        summary: "Loss stalls the dialogue",
        severity: Warning,
        category: Dialogue,
        protocols: ["tcp"],
        reference: "RFC 6298 section 5; RFC 5681 section 3.1",
    }
}

/// Time lost in all that is worth telling: seconds.
const LOST: f64 = 1.0;

impl TcpLossStall {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        for side in Side::BOTH {
            let facts = &tcp.sides[side];
            // What was never answered at all is a dark path, not a stall.
            let ongoing = facts
                .series
                .as_ref()
                .is_some_and(|s| s.count > 0 && s.offset < facts.stream_bytes);
            let lost = facts.stalls.nanos as f64 / 1e9;
            if lost > LOST && !ongoing {
                out.raise(finding(view, side, &facts.stalls, facts.retransmissions));
            }
        }
    }
}

/// It tells of losses of that side.
pub(super) fn tells(view: &View<'_>, side: Side) -> bool {
    let lost = |tcp: &TcpFacts| tcp.sides[side].stalls.nanos as f64 / 1e9;
    view.tcp().is_some_and(|tcp| lost(tcp) > LOST)
}

fn finding(view: &View<'_>, side: Side, stalls: &Stalls, retransmissions: u32) -> Finding {
    let lost = stalls.nanos as f64 / 1e9;
    let (before, again) = stalls.longest.unzip();
    let longest = match stalls.longest {
        Some((a, b)) => b.time.since(a.time),
        None => 0.0,
    };
    Finding::new(&META, again.unwrap_or_default())
        .side(Culprit::Network)
        .maybe_frame(before, "before-the-stall")
        .maybe_frame(again, "sent-again")
        .title(format!(
            "Lost segments of the {side} cost {}",
            seconds(lost)
        ))
        .explain(format!(
            "{} the connection stood still until {} sent lost bytes again, {} in all, {} the longest (until frame \
             {}).",
            counted(stalls.count.into(), "time"),
            view.end_of(side),
            seconds(lost),
            seconds(longest),
            again.map_or(0, |s| s.frame)
        ))
        .advise("Look for where segments are lost: link errors, full queues, wireless links.")
        .number("stalls", f64::from(stalls.count))
        .number("lost", lost)
        .number("longest", longest)
        .number("retransmissions", f64::from(retransmissions))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tcp-loss-stall";

    fn talked() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
            .client_unacknowledged(b"hello")
    }

    #[test]
    fn a_second_and_a_half_until_the_timer_helps() {
        let script = talked()
            .wait_ms(1500)
            .segment(Side::Client, flag::ACK | flag::PSH, 5, 5, b"hello")
            .segment(Side::Server, flag::ACK, 5, 10, b"")
            .server(b"world")
            .close();
        let found = findings(script.frames(), RULE);
        assert!(found[0].numbers[1].1 > 1.4, "{found:?}");
    }

    #[test]
    fn one_short_time_out_is_quiet() {
        let script = talked()
            .retransmit_last(Side::Client)
            .server(b"world")
            .close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn thinking_is_no_stall() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .wait_secs(30.0)
            .server(b"pong")
            .keepalive(Side::Client)
            .close();
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn a_repetition_that_was_not_captured_is_not_guessed() {
        let script = talked()
            .wait_ms(1500)
            .segment(Side::Server, flag::ACK, 5, 10, b"")
            .server(b"world")
            .close();
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
