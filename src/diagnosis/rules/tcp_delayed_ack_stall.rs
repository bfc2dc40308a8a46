//! `tcp-delayed-ack-stall`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::Waiting;

declare_rule! {
    /// ## What it means
    /// Again and again one side held a small segment back until the one before it was acknowledged (Nagle's algorithm), and
    /// the other delayed that acknowledgement, since it waited for the rest (write, write, read).
    ///
    /// ## Why it matters
    /// Every request loses 40 ms (Linux) or 200 ms (others), whatever the network: five or twenty-five requests a second at
    /// most, with both hosts idle.
    ///
    /// ## How it is told
    /// The peer acknowledged a segment alone, without data (also none that it sent again), 36 to 60 ms or 90 to 260 ms later; within a round trip of that
    /// acknowledgement the sender sent a small segment (below 1000 bytes); and then the peer answered with data. That at
    /// least three times in one connection, whose round trip is known from its handshake and below 20 ms. A side that also sends a
    /// small segment while another one is on its way does not wait, and is left out.
    ///
    /// ## Example
    /// A client that writes the head of a request and its body with two calls.
    ///
    /// ## What to do
    /// Write the request with one call (`writev`, a buffer), or set TCP_NODELAY at the sender; at the receiver TCP_QUICKACK
    /// (Linux) or TcpAckFrequency (Windows) help too.
    ///
    /// ## References
    /// RFC 896; RFC 1122 sections 4.2.3.2 and 4.2.3.4.
    pub TcpDelayedAckStall = "tcp-delayed-ack-stall" {
        summary: "Nagle's algorithm against delayed acknowledgements",
        severity: Note,
        category: Dialogue,
        protocols: ["tcp"],
        reference: "RFC 896; RFC 1122 sections 4.2.3.2 and 4.2.3.4",
    }
}

/// So many make a pattern.
const LEAST: u32 = 3;

impl TcpDelayedAckStall {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(waiting) = view.tcp().map(|tcp| tcp.odd.waiting) else {
            return;
        };
        if waiting.count < LEAST || waiting.disproved {
            return;
        }
        if Side::BOTH.into_iter().any(|side| view.lost(side)) {
            let why = "bytes are missing, and what seems to have waited may have been sent before";
            out.cannot_tell(&META, "T4", why);
        } else if let Some(finding) = finding(view, &waiting) {
            out.raise(finding);
        }
    }
}

fn finding(view: &View<'_>, waiting: &Waiting) -> Option<Finding> {
    let first = waiting.first?;
    let lost = waiting.nanos as f64 / 1e9;
    let mean = lost / f64::from(waiting.count);
    Some(
        Finding::new(&META, first.went)
            .side(Culprit::from(first.side))
            .frame(first.sent, "first-part")
            .frame(first.acked, "delayed-acknowledgement")
            .frame(first.went, "second-part")
            .title(format!(
                "The {} waited {} times for a delayed acknowledgement, {} in all",
                first.side,
                waiting.count,
                seconds(lost)
            ))
            .explain(format!(
                "{} sent a part in frame {} and the rest only when the first was acknowledged (frame {}, {} later); so {} \
                 times, {} each on average. Its TCP holds small segments back while others are on their way, the peer's delays \
                 its acknowledgement until it has something to answer.",
                view.end_of(first.side),
                first.sent.frame,
                first.acked.frame,
                seconds(first.nanos() as f64 / 1e9),
                waiting.count,
                seconds(mean)
            ))
            .advise("Write each request with one call, or set TCP_NODELAY at its sender.")
            .number("times", f64::from(waiting.count))
            .number("lost", lost)
            .number("mean", mean),
    )
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "tcp-delayed-ack-stall";

    /// `count` requests in two parts of 10 bytes, the second `after` ms behind an acknowledgement that takes `delay` ms.
    fn in_two_parts(count: u32, delay: i64, after: i64, answers: bool) -> Script {
        let (ack, push) = (flag::ACK, flag::ACK | flag::PSH);
        let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").connect();
        let mut server = 1;
        for n in 0..count {
            let client = 1 + n * 20;
            script = script
                .segment(Side::Client, push, client, server, &[1; 10])
                .wait_ms(delay)
                .segment(Side::Server, ack, server, client + 10, b"")
                .wait_ms(after)
                .segment(Side::Client, push, client + 10, server, &[2; 10])
                .wait_ms(1);
            if answers {
                script = script.segment(Side::Server, push, server, client + 20, &[3; 5]);
                server += 5;
            }
        }
        script
    }

    #[test]
    fn forty_milliseconds_a_request() {
        let found = findings(in_two_parts(5, 41, 0, true).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("times", 5.0)), "{found:?}");
    }

    #[test]
    fn few_prompt_or_unanswered_ones_are_quiet() {
        for script in [
            in_two_parts(2, 41, 0, true),
            in_two_parts(9, 3, 0, true),
            in_two_parts(9, 41, 15, true),
            in_two_parts(9, 41, 0, false),
        ] {
            assert!(findings(script.frames(), RULE).is_empty());
        }
    }

    #[test]
    fn an_acknowledgement_with_bytes_that_are_sent_again_is_no_delayed_one() {
        let push = flag::ACK | flag::PSH;
        let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").connect();
        for n in 0..5 {
            let (asked, answered) = (1 + n * 10, 1 + n * 5);
            // The request is lost on the way and sent again, 210 ms after the last answer.
            script = script
                .segment(Side::Client, push, asked, answered, &[1; 10])
                .wait_ms(210)
                .segment(Side::Client, push, asked, answered, &[1; 10])
                .wait_ms(1)
                .segment(Side::Server, push, answered, asked + 10, &[2; 5]);
        }
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn who_also_sends_without_waiting_only_takes_its_time() {
        let push = flag::ACK | flag::PSH;
        let script = in_two_parts(5, 41, 0, true)
            .segment(Side::Client, push, 101, 26, &[1; 10])
            .wait_ms(41)
            .segment(Side::Client, push, 111, 26, &[1; 10]);
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn with_bytes_missing_it_is_left_open() {
        let frames = in_two_parts(5, 41, 0, true).frames();
        let first_part = frames.len() - 8;
        let mut cut = frames;
        // One of the first parts was not captured.
        cut.remove(first_part);
        assert!(findings(cut.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(cut, RULE), ["T4"]);
    }
}
