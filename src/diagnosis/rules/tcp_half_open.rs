//! `tcp-half-open`.

use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_reset_forged::forged;
use crate::diagnosis::{Certainty, Culprit, Finding, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::{Reset, TcpFacts};

declare_rule! {
    /// ## What it means
    /// One side held the connection for open, the other did not know it any more: after a crash, a restart, a failover,
    /// or a firewall that forgot the connection while it was idle.
    ///
    /// ## Why it matters
    /// The side that still believed in it finds out only when it sends: its request is lost, and its program gets an
    /// error out of the blue. Without sending it would have waited for ever.
    ///
    /// ## How it is told
    /// After at least three seconds of silence (as `likely` below ten) one side sends, and the other answers with a reset that carries no
    /// acknowledgement and has the sequence number that was acknowledged last: that is how TCP answers a segment
    /// that fits no connection. Or: keep-alive probes go unanswered at least three times.
    ///
    /// ## Example
    /// A database connection is used again after an hour, and the first query is answered with a reset.
    ///
    /// ## What to do
    /// Did the host that sent the reset restart? If not, look for a firewall or NAT between the two whose idle time-out
    /// is shorter than the silence, and let the programs send keep-alives more often than that.
    ///
    /// ## References
    /// RFC 9293 section 3.5.1, RFC 5382 section 5, RFC 9293 section 3.8.4.
    pub TcpHalfOpen = "tcp-half-open" {
        summary: "Half-open connection",
        severity: Error,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 sections 3.5.1 and 3.8.4; RFC 5382 section 5",
    }
}

/// Silence after which a forgotten connection is the likely reason: seconds.
const IDLE: f64 = 3.0;
/// Below this it is only likely: seconds.
const LONG_IDLE: f64 = 10.0;
/// What was sent and the reset to it are not further apart: seconds.
const AT_ONCE: f64 = 3.0;
/// Probes without an answer that make a dead peer.
const PROBES: usize = 3;

impl TcpHalfOpen {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        if let Some(finding) = forgotten(view, tcp) {
            out.raise(finding);
            return;
        }
        for side in Side::BOTH {
            let probes = &tcp.sides[side].keepalives_unanswered;
            let answered_by_reset = tcp.reset().is_some_and(|r| r.side != side);
            if probes.len() < PROBES || answered_by_reset {
                continue;
            }
            if view.one_sided() {
                let why = "only one direction of this connection was captured";
                out.cannot_tell(&META, "T3", why);
            } else {
                out.raise(no_life(view, side, probes));
            }
        }
    }
}

/// This rule tells why the connection was reset.
pub(super) fn tells(view: &View<'_>) -> bool {
    view.tcp().is_some_and(|tcp| forgotten(view, tcp).is_some())
}

/// The side whose keep-alive probes this rule tells of, and that ended the connection for want of an answer.
pub(super) fn gave_up(view: &View<'_>) -> Option<Side> {
    let tcp = view.tcp()?;
    let reset = tcp.reset().filter(|_| tcp.was_reset())?;
    let probes = &tcp.sides[reset.side].keepalives_unanswered;
    (probes.len() >= PROBES && !view.one_sided()).then_some(reset.side)
}

/// A reset that answers a segment after a long silence, sent by somebody without that connection.
fn forgotten(view: &View<'_>, tcp: &TcpFacts) -> Option<Finding> {
    let reset = tcp.reset().filter(|_| tcp.was_reset())?;
    // A reset that was made on the way made it forget.
    if tcp.odd.vain_reset.is_some_and(|v| !v.reset.misses_syn) {
        return None;
    }
    let (own, provoked) = (reset.own_before?, reset.peer_before?);
    let idle = provoked.time.since(own.time);
    let prompt = reset.stamp.time.since(provoked.time);
    let answers = !reset.with_ack && !reset.to_syn && !reset.after_fin && reset.in_sequence;
    (answers && idle >= IDLE && (0.0..AT_ONCE).contains(&prompt))
        .then(|| forgot(view, reset, own, provoked, idle))
}

fn forgot(view: &View<'_>, reset: Reset, own: Stamp, provoked: Stamp, idle: f64) -> Finding {
    let other = reset.side.other();
    let finding = Finding::new(&META, reset.stamp);
    let finding = if idle < LONG_IDLE {
        finding.likely()
    } else {
        finding
    };
    finding
        .side(if view.tcp().and_then(forged).is_some() {
            Culprit::Network
        } else {
            Culprit::Unknown
        })
        .frame(own, "last-good-frame")
        .frame(provoked, "sent-after-silence")
        .frame(reset.stamp, "reset")
        .title(format!(
            "The {} no longer knew the connection after {} of silence",
            reset.side,
            seconds(idle)
        ))
        .explain(format!(
            "The last frame of the {} was {}. {} later the {other} sent (frame {}), and {} answered with a reset \
             that knows of no connection: it restarted, or something between the two forgot the connection.",
            reset.side,
            own.frame,
            seconds(idle),
            provoked.frame,
            view.end_of(reset.side)
        ))
        .advise("Look for a restart of that host, or for a firewall or NAT whose idle time-out is shorter than this silence; send keep-alives more often.")
        .number("idle", idle)
}

fn no_life(view: &View<'_>, side: Side, probes: &[Stamp]) -> Finding {
    let (first, last) = (
        probes.first().copied().unwrap_or_default(),
        probes.last().copied().unwrap_or_default(),
    );
    let peer = side.other();
    let over = last.time.since(first.time);
    let mut finding = Finding::new(&META, last)
        .side(Culprit::Unknown)
        .maybe_frame(view.tcp().and_then(|t| t.sides[peer].last), "last-good-frame")
        .frames(probes, "keep-alive")
        .title(format!(
            "{} keep-alive probes of the {side} went unanswered",
            probes.len()
        ))
        .explain(format!(
            "{} sent {} keep-alive probes within {}, and {} answered none: it is gone, or the path to it is.",
            view.end_of(side),
            probes.len(),
            seconds(over),
            view.end_of(peer)
        ))
        .advise("Look whether the silent host is up, and at the path to it.")
        .number("probes", probes.len() as f64)
        .number("over", over);
    finding.certainty = Certainty::Likely;
    finding
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "tcp-half-open";

    fn talked() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
    }

    /// The server answers four bytes after a silence with a reset of those flags.
    fn after_silence(seconds: f64, flags: u16) -> Script {
        talked()
            .wait_secs(seconds)
            .client_unacknowledged(b"ping")
            .wait_ms(2)
            .segment(Side::Server, flags, 5, 9, b"")
    }

    #[test]
    fn forgotten_while_idle() {
        let found = findings(after_silence(400.0, flag::RST).frames(), RULE);
        let roles: Vec<_> = found[0].frames.iter().map(|e| e.role).collect();
        assert_eq!(roles, ["last-good-frame", "sent-after-silence", "reset"]);
        assert!(found[0].numbers[0].1 > 399.0);
    }

    #[test]
    fn a_program_that_hangs_up_on_what_it_is_sent_knew_the_connection() {
        assert!(findings(after_silence(400.0, flag::RST | flag::ACK).frames(), RULE).is_empty());
        assert!(findings(after_silence(0.5, flag::RST).frames(), RULE).is_empty());
    }

    #[test]
    fn after_a_short_silence_it_is_only_likely() {
        for (seconds, certainty) in [(400.0, Certainty::Certain), (4.5, Certainty::Likely)] {
            let found = findings(after_silence(seconds, flag::RST).frames(), RULE);
            assert_eq!(found[0].certainty, certainty);
        }
        assert!(findings(after_silence(2.0, flag::RST).frames(), RULE).is_empty());
    }

    #[test]
    fn an_idle_client_that_resets_by_itself_is_quiet() {
        let script = talked().wait_secs(400.0).reset(Side::Client);
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn keep_alives_without_an_answer() {
        let mut script = talked().wait_secs(60.0);
        for _ in 0..4 {
            script = script.keepalive_unanswered(Side::Client).wait_secs(10.0);
        }
        assert_eq!(findings(script.frames(), RULE).len(), 1);
    }

    #[test]
    fn keep_alives_that_are_answered_are_quiet() {
        let mut script = talked();
        for _ in 0..5 {
            script = script.wait_secs(60.0).keepalive(Side::Client);
        }
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn with_one_direction_only_nobody_can_tell() {
        let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").segment(
            Side::Client,
            flag::ACK | flag::PSH,
            1,
            1,
            b"ping",
        );
        for _ in 0..4 {
            script = script
                .wait_secs(60.0)
                .segment(Side::Client, flag::ACK, 4, 1, b"");
        }
        let frames = script.frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T3"]);
    }
}
