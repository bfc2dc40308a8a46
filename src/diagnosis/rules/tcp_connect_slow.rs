//! `tcp-connect-slow`.

use colloquy_dissectors::units::{Side, Stamp};

use super::{tcp_backlog_overflow, tcp_port_reuse};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::TcpFacts;

declare_rule! {
    /// ## What it means
    /// The connection came about, but only after the connect was repeated, or after more than a second.
    ///
    /// ## Why it matters
    /// Each lost SYN costs a second, the next one two more. Users feel every connect.
    ///
    /// ## How it is told
    /// The SYN or the SYN-ACK was sent again before the handshake was complete, or the handshake took longer than a
    /// second. It is a note where another rule tells why.
    ///
    /// ## Example
    /// A server whose listen queue overflows drops SYNs in bursts; the second or third is accepted.
    ///
    /// ## What to do
    /// Look for loss on the path and for listen queues that overflow (`nstat -az TcpExtListenOverflows`).
    ///
    /// ## References
    /// RFC 9293 section 3.5, RFC 6298 section 2.
    pub TcpConnectSlow = "tcp-connect-slow" {
        summary: "Slow or repeated connect",
        severity: Warning,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.5; RFC 6298 section 2",
    }
}

/// Copies of a SYN by another way come sooner than any timer: seconds.
const SHORTEST_TIMER: f64 = 0.19;

impl TcpConnectSlow {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        let (Some(syn), Some(syn_ack), Some(done)) = (
            tcp.sides.client.syns.first().copied(),
            tcp.syn_ack,
            tcp.established,
        ) else {
            return;
        };
        let took = done.time.since(syn.time);
        let repeated = tcp
            .sides
            .client
            .syns
            .iter()
            .skip(1)
            .any(|s| *s < syn_ack && s.time.since(syn.time) > SHORTEST_TIMER);
        let answered_again =
            tcp.syn_ack_count >= 2 && done.time.since(syn_ack.time) > SHORTEST_TIMER;
        let lost = Side::BOTH.into_iter().any(|s| view.lost(s));
        if !repeated && !answered_again && took > view.world.thresholds.slow_answer && lost {
            let why = "bytes are missing, and the end of the handshake may be too";
            out.cannot_tell(&META, "T4", why);
        } else if repeated || answered_again || took > view.world.thresholds.slow_answer {
            let lost = repeated || answered_again;
            let finding = finding(view, tcp, [syn, syn_ack, done], lost);
            out.raise(match cause(view) {
                Some(rule) => finding
                    .severity(Severity::Note)
                    .side(Culprit::Unknown)
                    .also(&format!("The cause is told by {rule}.")),
                None => finding,
            });
        }
    }
}

/// The rule that tells why.
fn cause(view: &View<'_>) -> Option<&'static str> {
    if tcp_port_reuse::tells(view) {
        Some("tcp-port-reuse")
    } else {
        tcp_backlog_overflow::tells(view).then_some("tcp-backlog-overflow")
    }
}

fn finding(
    view: &View<'_>,
    tcp: &TcpFacts,
    [syn, syn_ack, done]: [Stamp; 3],
    lost: bool,
) -> Finding {
    let took = done.time.since(syn.time);
    let why = if lost {
        "a part of the handshake was lost, or the server's queue was full"
    } else {
        "nothing was repeated, so the path or the server is slow"
    };
    Finding::new(&META, done)
        .side(if lost {
            Culprit::Network
        } else {
            Culprit::Unknown
        })
        .frames(&tcp.sides.client.syns, "syn")
        .frame(syn_ack, "syn-ack")
        .frame(done, "established")
        .title(format!(
            "The connect to {} took {}",
            view.server(),
            seconds(took)
        ))
        .explain(format!(
            "From the first SYN to the established connection {} passed, with {} and {}: {why}.",
            seconds(took),
            counted(tcp.sides.client.syn_count, "SYN"),
            counted(tcp.syn_ack_count, "SYN-ACK")
        ))
        .advise(if lost {
            "Look for loss on the path, and for an overflowing listen queue at the server."
        } else {
            "Look at the round trip of the path (a satellite, a queue that is full), and at what else the server's host does."
        })
        .number("took", took)
        .number("syns", f64::from(tcp.sides.client.syn_count))
        .number("syn_acks", f64::from(tcp.syn_ack_count))
}

fn counted(count: u32, what: &str) -> String {
    match count {
        1 => format!("one {what}"),
        n => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tcp-connect-slow";

    fn after(seconds: f64) -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .wait_secs(seconds)
    }

    #[test]
    fn the_second_syn_is_answered() {
        let found = findings(after(1.0).connect().close().frames(), RULE);
        assert!(found[0].numbers.contains(&("syns", 2.0)), "{found:?}");
    }

    #[test]
    fn a_syn_ack_after_two_seconds() {
        let script = after(2.0)
            .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
            .segment(Side::Client, flag::ACK, 1, 1, b"")
            .close();
        assert_eq!(findings(script.frames(), RULE).len(), 1);
    }

    #[test]
    fn a_quick_handshake_and_a_long_way_are_quiet() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:445");
        assert!(loud(script.clone().connect().close().frames()).is_empty());
        let far = script.round_trip_ms(600).connect().close();
        assert!(loud(far.frames()).is_empty());
    }

    #[test]
    fn a_syn_of_which_the_answer_was_not_captured_tells_nothing() {
        let script = after(1.0)
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Client, flag::ACK, 1, 1, b"");
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
