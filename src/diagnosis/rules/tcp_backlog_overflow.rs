//! `tcp-backlog-overflow`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::connects::repeated;
use crate::diagnosis::world::Burst;
use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::TcpFacts;

declare_rule! {
    /// ## What it means
    /// The server's queue of connections that wait to be accepted was full: it passed over SYNs, or the end of a handshake.
    ///
    /// ## Why it matters
    /// Each passed-over SYN costs its client a second, the next one two more, while the server looks idle in the
    /// network. With the second kind the client believes to be connected, sends its request, and gets no answer.
    ///
    /// ## How it is told
    /// Within ten seconds at least three connects to one port were accepted only when the SYN was repeated, while the data of
    /// the connections to it got through (at least 30 segments, of which no more than one in fifty was sent again): then the
    /// path does not lose packets. Or: the client completed the handshake and sent again what it had to say, and
    /// the server answered the SYN twice more and nothing else. Certainty is `likely`: a firewall that limits new connections
    /// looks alike.
    ///
    /// ## Example
    /// A server with `listen(fd, 5)` whose one thread is busy, and twenty clients at once.
    ///
    /// ## What to do
    /// `nstat -az TcpExtListenOverflows TcpExtListenDrops` at the server. Let it accept faster, or raise its backlog and
    /// `net.core.somaxconn`. If these count nothing, look for a limit of new connections on the way.
    ///
    /// ## References
    /// RFC 9293 section 3.5; RFC 4987 section 3 on queues of half-open connections.
    pub TcpBacklogOverflow = "tcp-backlog-overflow" {
        summary: "The listen queue overflows, as it seems",
        severity: Error,
        category: Resources,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.5; RFC 4987 section 3",
    }
}

/// Repeated connects that make a burst.
const LEAST: usize = 3;
/// Segments with bytes that show that the path does not lose them.
const SEGMENTS: u64 = 30;
/// One of so many may have been sent again all the same.
const ONE_OF: u64 = 50;
/// SYN-ACKs after the handshake was complete.
const SYN_ACKS: usize = 2;

impl TcpBacklogOverflow {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        if passed_over(tcp) {
            if view.one_sided() || Side::BOTH.into_iter().any(|side| view.lost(side)) {
                let why = "bytes are missing, and the server may have answered";
                out.cannot_tell(&META, "T4", why);
            } else {
                out.raise(handshake_passed_over(view, tcp));
            }
        } else if let Some(burst) = burst(view, tcp)
            && burst.repeated.first() == tcp.sides.client.syns.first()
        {
            out.raise(syns_passed_over(view, &burst));
        }
    }
}

/// This rule tells why the connect was slow, or why nothing was answered after it.
pub(super) fn tells(view: &View<'_>) -> bool {
    view.tcp()
        .is_some_and(|tcp| passed_over(tcp) || burst(view, tcp).is_some())
}

/// The end of the handshake, and what came after it more than once.
pub(super) fn passed_over(tcp: &TcpFacts) -> bool {
    let client = &tcp.sides.client;
    tcp.odd.syn_acks_again.len() >= SYN_ACKS
        && client.retransmissions > 0
        && tcp.odd.passed_over > client.data_segments.min(2)
}

/// The burst of repeated connects to this connection's server, if it is one of them.
fn burst(view: &View<'_>, tcp: &TcpFacts) -> Option<Burst> {
    let syn = tcp.sides.client.syns.first()?;
    repeated(tcp).filter(|_| tcp.syn_ack.is_some())?;
    let burst = view.world.burst(*syn)?;
    let gets_through = burst.segments >= SEGMENTS && burst.again * ONE_OF <= burst.segments;
    (burst.repeated.len() >= LEAST && gets_through).then_some(burst)
}

fn handshake_passed_over(view: &View<'_>, tcp: &TcpFacts) -> Finding {
    let done = tcp.established.unwrap_or_default();
    let last = tcp.odd.syn_acks_again.last().copied().unwrap_or_default();
    Finding::new(&META, last)
        .likely()
        .side(Culprit::Server)
        .maybe_frame(tcp.sides.client.syns.first().copied(), "syn")
        .maybe_frame(tcp.syn_ack, "syn-ack")
        .frame(done, "established")
        .frames(&tcp.odd.syn_acks_again, "syn-ack-again")
        .title(format!(
            "{} passed over the end of the handshake",
            view.server()
        ))
        .explain(format!(
            "The client completed the handshake in frame {} and sent {} frames up to frame {}, data among them; {} took \
             none of it and only sent its SYN-ACK again, {} times within {}: the connection did not fit into its queue.",
            done.frame,
            tcp.odd.passed_over,
            last.frame,
            view.server(),
            tcp.odd.syn_acks_again.len(),
            seconds(last.time.since(done.time))
        ))
        .advise("nstat -az TcpExtListenOverflows at the server; let it accept faster, or raise its backlog.")
        .number("syn_acks_again", tcp.odd.syn_acks_again.len() as f64)
        .number("passed_over", tcp.odd.passed_over as f64)
}

fn syns_passed_over(view: &View<'_>, burst: &Burst) -> Finding {
    let (first, last) = (
        burst.repeated.first().copied().unwrap_or_default(),
        burst.repeated.last().copied().unwrap_or_default(),
    );
    Finding::new(&META, first)
        .likely()
        .side(Culprit::Server)
        .frames(&burst.repeated, "syn")
        .title(format!(
            "{} of {} connects to {} were accepted only when repeated",
            burst.repeated.len(),
            burst.connects,
            view.server()
        ))
        .explain(format!(
            "From frame {} to frame {}, {}, {} connects to {} had to repeat their SYN before it was answered, while of {} \
             segments with data in the connections to it {} were sent again: the path is good, and the server's queue of \
             new connections was full.",
            first.frame,
            last.frame,
            seconds(last.time.since(first.time)),
            burst.repeated.len(),
            view.server(),
            burst.segments,
            burst.again
        ))
        .advise("nstat -az TcpExtListenOverflows at the server; let it accept faster, or raise its backlog; look for limits of new connections on the way.")
        .number("repeated", burst.repeated.len() as f64)
        .number("connects", f64::from(burst.connects))
        .number("segments", burst.segments as f64)
        .number("sent_again", burst.again as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame, flag};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{cannot_tell, findings};

    const RULE: &str = "tcp-backlog-overflow";

    fn from_port(port: u16) -> Script {
        Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:8080")
    }

    fn talk(script: Script, lossy: bool) -> Script {
        (0..5).fold(script, |script, _| {
            let said = script.client(b"question").server(b"answer");
            if lossy {
                said.retransmit_last(Side::Client)
            } else {
                said
            }
        })
    }

    fn burst(repeated: u16, lossy: bool) -> Vec<ScriptFrame> {
        Script::merge((0..10).map(|n| {
            let script = from_port(40_000 + n).wait_ms(i64::from(n));
            let script = if n < repeated {
                script
                    .segment(Side::Client, flag::SYN, 0, 0, b"")
                    .wait_secs(1.0)
            } else {
                script
            };
            talk(script.connect(), lossy).close()
        }))
    }

    /// The client is connected and asks; the server only answers the SYN again.
    fn passed_over(again: u32) -> Script {
        let data = flag::ACK | flag::PSH;
        let script = from_port(40_000)
            .connect()
            .segment(Side::Client, data, 1, 1, b"question");
        (0..again).fold(script, |script, n| {
            let seconds = f64::from(1 << n);
            script
                .wait_secs(seconds)
                .segment(Side::Client, data, 1, 1, b"question")
                .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
                .segment(Side::Client, flag::ACK, 9, 1, b"")
        })
    }

    #[test]
    fn a_burst_of_connects_is_told_once() {
        let frames = burst(4, false);
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("repeated", 4.0)));
        let slow = findings(frames, "tcp-connect-slow");
        assert!(
            slow.iter().all(|f| f.severity == Severity::Note),
            "{slow:?}"
        );
    }

    #[test]
    fn the_end_of_the_handshake_is_passed_over() {
        let found = findings(passed_over(3).reset(Side::Client).frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn two_or_a_path_that_loses_packets_are_quiet() {
        assert!(findings(burst(2, false), RULE).is_empty());
        assert!(findings(burst(4, true), RULE).is_empty());
        assert!(findings(passed_over(1).reset(Side::Client).frames(), RULE).is_empty());
    }

    #[test]
    fn copies_of_a_syn_by_another_way_are_no_repetitions() {
        let frames = Script::merge((0..10).map(|n| {
            let script = from_port(40_000 + n).wait_ms(i64::from(n));
            let script = script.segment(Side::Client, flag::SYN, 0, 0, b"");
            talk(script.wait_ms(20).connect(), false).close()
        }));
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn with_bytes_missing_it_is_left_open() {
        let data = flag::ACK | flag::PSH;
        let script = passed_over(3).segment(Side::Client, data, 40, 1, b"later");
        let frames = script.reset(Side::Client).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
