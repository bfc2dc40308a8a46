//! `tcp-reset-forged`.

use colloquy_dissectors::units::Side;

use crate::diagnosis::{Culprit, Finding, Verdicts, View, declare_rule};
use crate::stream::facts::{Reset, TcpFacts};

declare_rule! {
    /// ## What it means
    /// The reset that ended the connection bears one side's address but was made by somebody on the way: a firewall, a
    /// proxy, a filter.
    ///
    /// ## Why it matters
    /// Neither program wanted it. Looking for the fault at the host whose address it bears leads astray.
    ///
    /// ## How it is told
    /// The side whose address it bears goes on talking after it, with more of its stream than it had sent before, or its time to live is unlike that of all other
    /// frames of that side. That fits nothing better, but proves nothing: a load balancer may answer for its hosts.
    /// Not told of a client that never finished the handshake: a port scanner's SYNs and its kernel's resets differ.
    ///
    /// ## Example
    /// `smb2-rst-mid-file`: a reset in the server's name cuts a transfer, and the server goes on sending.
    ///
    /// ## What to do
    /// Capture at the other end: it did not send the reset. Then look for what stands between, above all at policies,
    /// idle time-outs and intrusion prevention.
    ///
    /// ## References
    /// RFC 3360, RFC 5961 section 3.
    pub TcpResetForged = "tcp-reset-forged" {
        summary: "The reset did not come from the peer",
        severity: Error,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 3360; RFC 5961 section 3",
    }
}

/// Routes change by a hop or two: larger differences mean another sender.
const HOPS: u8 = 3;
/// A frame that a host sent before its reset may be captured after it within this time: nanoseconds.
const REORDER_NANOS: i64 = 500_000;

impl TcpResetForged {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        let Some(reset) = tcp.reset.filter(|r| !r.to_syn && !r.after_fin) else {
            return;
        };
        if let Some(why) = forged(tcp) {
            out.raise(finding(view, tcp, reset, &why));
        }
    }
}

/// Why the reset is held to be forged, if it is.
pub(super) fn forged(tcp: &TcpFacts) -> Option<String> {
    let reset = tcp.reset.filter(|r| !r.to_syn && !r.after_fin)?;
    let talks_on = tcp.after_reset_first.filter(|first| {
        let late = first.time.nanos_since(reset.stamp.time) > REORDER_NANOS;
        tcp.after_reset >= 2 && (late || tcp.after_reset_beyond >= 2)
    });
    if let Some(first) = talks_on {
        return Some(format!(
            "the {} itself sent {} more frames after it, from frame {} on",
            reset.side, tcp.after_reset, first.frame
        ));
    }
    // A scanner sends SYNs past its own TCP, which then resets what it knows nothing of: two senders, one host.
    if reset.side == Side::Client && tcp.established.is_none() {
        return None;
    }
    let usual = reset.usual_ttl.filter(|t| t.abs_diff(reset.ttl) >= HOPS)?;
    Some(format!(
        "its time to live is {}, that of the other frames of the {} is {usual}",
        reset.ttl, reset.side
    ))
}

fn finding(view: &View<'_>, tcp: &TcpFacts, reset: Reset, why: &str) -> Finding {
    Finding::new(&META, reset.stamp)
        .likely()
        .side(Culprit::Network)
        .maybe_frame(reset.own_before, "frame-before")
        .frame(reset.stamp, "reset")
        .maybe_frame(tcp.after_reset_first, "talks-on")
        .title(format!(
            "The reset in the name of the {} was made on the way",
            reset.side
        ))
        .explain(format!(
            "Frame {} resets the connection in the name of {}, but {why}. Something between the two made it.",
            reset.stamp.frame,
            view.end_of(reset.side)
        ))
        .advise("Capture at the other end to see that it did not send the reset; then look at the firewalls and proxies between.")
        .number("ttl", f64::from(reset.ttl))
        .number("usual_ttl", f64::from(reset.usual_ttl.unwrap_or(reset.ttl)))
        .number("frames_after", tcp.after_reset as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame, flag};
    use crate::diagnosis::Certainty;
    use crate::diagnosis::rules::bench::{findings, loud};

    const RULE: &str = "tcp-reset-forged";

    fn talked() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
    }

    /// Sets the time to live of the last frame (byte 8 of the IPv4 header behind 14 of Ethernet).
    fn with_last_ttl(mut frames: Vec<ScriptFrame>, ttl: u8) -> Vec<ScriptFrame> {
        if let Some(byte) = frames.last_mut().and_then(|f| f.bytes.get_mut(14 + 8)) {
            *byte = ttl;
        }
        frames
    }

    #[test]
    fn the_peer_talks_on() {
        let script = talked()
            .reset(Side::Server)
            .wait_ms(3)
            .server_unacknowledged(b"more")
            .wait_ms(3)
            .server_unacknowledged(b"and more");
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        assert!(found[0].frames.iter().any(|e| e.role == "talks-on"));
    }

    #[test]
    fn a_transfer_that_goes_on_at_once_was_not_reset_by_its_sender() {
        let mut script = talked()
            .reset(Side::Server)
            .server_unacknowledged(b"already under way");
        for _ in 0..3 {
            script = script.wait_ms(1).server_unacknowledged(b"more");
        }
        assert_eq!(findings(script.frames(), RULE).len(), 1);
    }

    #[test]
    fn another_time_to_live() {
        let frames = with_last_ttl(talked().reset(Side::Server).frames(), 33);
        assert_eq!(findings(frames, RULE).len(), 1);
    }

    #[test]
    fn a_scanner_whose_syn_has_another_time_to_live_is_no_forgery() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:445")
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
            .segment(Side::Client, flag::RST, 1, 0, b"");
        let frames = with_last_ttl(script.frames(), 128);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn a_route_that_is_a_hop_longer_is_no_forgery() {
        let frames = with_last_ttl(talked().reset(Side::Server).frames(), 63);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn one_frame_captured_behind_its_senders_reset_is_no_forgery() {
        let script = talked().reset(Side::Client).client_unacknowledged(b"late");
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_reset_after_an_orderly_end_is_quiet_whoever_made_it() {
        let frames = with_last_ttl(talked().close().reset(Side::Client).frames(), 200);
        assert!(loud(frames).is_empty());
    }
}
