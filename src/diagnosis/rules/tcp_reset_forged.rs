//! `tcp-reset-forged`.

use colloquy_dissectors::units::{Side, Stamp};

use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::{Hurry, Reset, TcpFacts, VainReset};

declare_rule! {
    /// ## What it means
    /// The reset that ended the connection bears one side's address but was made by somebody on the way: a firewall, a
    /// proxy, a filter.
    ///
    /// ## Why it matters
    /// Neither program wanted it. Looking for the fault at the host whose address it bears leads astray.
    ///
    /// ## How it is told
    /// The side whose address it bears goes on talking after it, with more of its stream than it had sent before or long
    /// after; or its time to live is unlike that of all other frames of that side (a hop or two do only where it is larger,
    /// all others have one value, and the reset acknowledges nothing: so a filter nearer by rejects a segment); or it bears
    /// the IP identification of an earlier frame while that side counts them; or it acknowledges bytes in less than a
    /// quarter of the shortest time in which that side ever acknowledged anything, the handshake's included: they cannot have
    /// been there and back; or it answers a SYN and acknowledges something that was never sent. That fits nothing better, but
    /// proves nothing: a load balancer may answer for its hosts. One that only answers a SYN in vain is a warning. Not told of
    /// a client that never finished the handshake: a port scanner's SYNs and its kernel's resets differ.
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
/// After this time even a single frame of the reset's side tells: nanoseconds.
const LATE_NANOS: i64 = 200_000_000;
/// A path may become faster than it ever was, but not by this factor.
const FASTER: i64 = 4;
/// On shorter ways than this the clock of the capture tells as much as the way: nanoseconds.
const SHORT_WAY_NANOS: i64 = 2_000_000;

impl TcpResetForged {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        for (reset, why) in vain(tcp).into_iter().chain(forged_reset(tcp)) {
            out.raise(finding(view, tcp, reset, &why));
        }
    }
}

/// Why the reset is held to be forged, if it is.
pub(super) fn forged(tcp: &TcpFacts) -> Option<String> {
    forged_reset(tcp).map(|(_, why)| why)
}

/// A forged reset ended the connection, or came before the reset that did: the peer may have had one, too, and then knows nothing
/// of the connection any more.
pub(super) fn forgery(tcp: &TcpFacts) -> bool {
    forged(tcp).is_some() || forged_before(tcp).is_some()
}

/// The forged reset that came before the one that ended the connection.
pub(super) fn forged_before(tcp: &TcpFacts) -> Option<Stamp> {
    let (reset, _) = vain(tcp).filter(|(reset, _)| !reset.misses_syn)?;
    Some(reset.stamp)
}

/// A reset that ended nothing, and was followed by one that did.
fn vain(tcp: &TcpFacts) -> Option<(Reset, String)> {
    let vain = tcp.odd.vain_reset?;
    if vain.reset.misses_syn {
        let why = "it acknowledges something that was never sent, so that the connection came about all the same";
        return Some((vain.reset, why.to_owned()));
    }
    let usual = !vain.reset.to_syn && !vain.reset.after_fin;
    let why = usual.then(|| talks_on(&vain))??;
    Some((vain.reset, why))
}

fn forged_reset(tcp: &TcpFacts) -> Option<(Reset, String)> {
    let reset = tcp.reset().filter(|r| !r.to_syn && !r.after_fin)?;
    let after = tcp.after_reset_first.and_then(|first_after| {
        talks_on(&VainReset {
            reset,
            frames_after: tcp.after_reset,
            beyond: tcp.after_reset_beyond,
            first_after,
        })
    });
    // A scanner sends SYNs past its own TCP, which then resets what it knows nothing of: two senders, one host.
    let scans = reset.side == Side::Client && tcp.established.is_none();
    let why = after
        .or_else(|| copied(&reset))
        .or_else(|| far(&reset).filter(|_| !scans))
        .or_else(|| nearer(&reset).filter(|_| !scans))
        .or_else(|| too_soon(&reset))?;
    Some((reset, why))
}

fn talks_on(vain: &VainReset) -> Option<String> {
    let (frames, first) = (vain.frames_after, vain.first_after);
    let later = first.time.nanos_since(vain.reset.stamp.time);
    let tells = frames >= 2 && (later > REORDER_NANOS || vain.beyond >= 2) || later > LATE_NANOS;
    let plural = if frames == 1 { "frame" } else { "frames" };
    tells.then(|| {
        format!(
            "the {} itself sent {frames} more {plural} after it, from frame {} on",
            vain.reset.side, first.frame
        )
    })
}

fn copied(reset: &Reset) -> Option<String> {
    let of = reset.id_of?;
    Some(format!(
        "it bears the IP identification of frame {}, while the {} counts them: it is a copy of that frame with the flag \
         set",
        of.frame, reset.side
    ))
}

/// It acknowledges bytes that cannot have arrived yet.
fn too_soon(reset: &Reset) -> Option<String> {
    let hurry = reset.hurry.filter(is_too_soon)?;
    Some(format!(
        "it acknowledges frame {} after {}, while no acknowledgement of the {} took less than {}: those bytes had not \
         arrived",
        hurry.sent.frame,
        seconds(hurry.nanos as f64 / 1e9),
        reset.side,
        seconds(hurry.shortest as f64 / 1e9)
    ))
}

fn is_too_soon(hurry: &Hurry) -> bool {
    let after = hurry.nanos >= 0;
    after
        && hurry.shortest >= SHORT_WAY_NANOS
        && hurry.nanos.saturating_mul(FASTER) < hurry.shortest
}

/// Bytes that a forged reset acknowledges, and that cannot have arrived: they were under way.
pub(super) fn not_arrived(reset: &Reset) -> u64 {
    let told = reset.hurry.is_some_and(|h| is_too_soon(&h));
    if told { reset.last_received } else { 0 }
}

fn far(reset: &Reset) -> Option<String> {
    let usual = reset.usual_ttl.filter(|t| t.abs_diff(reset.ttl) >= HOPS)?;
    Some(format!(
        "its time to live is {}, that of the other frames of the {} is {usual}",
        reset.ttl, reset.side
    ))
}

/// It was made a hop or two nearer than its side's host, which has sent all else with one time to live; and like a filter that
/// rejects a segment, what made it knows of no connection.
fn nearer(reset: &Reset) -> Option<String> {
    let usual = reset.usual_ttl.filter(|_| reset.steady_ttl)?;
    let hops = reset.ttl.checked_sub(usual)?;
    let rejects = !reset.with_ack && reset.in_sequence;
    (rejects && (1..HOPS).contains(&hops)).then(|| {
        format!(
            "its time to live is {}, that of all other frames of the {} is {usual}, so that what made it is nearer, and it \
             acknowledges nothing, as if there were no connection",
            reset.ttl, reset.side
        )
    })
}

fn finding(view: &View<'_>, tcp: &TcpFacts, reset: Reset, why: &str) -> Finding {
    let vain = tcp.odd.vain_reset.filter(|v| v.reset.stamp == reset.stamp);
    let (frames_after, first_after) = vain.map_or((tcp.after_reset, tcp.after_reset_first), |v| {
        (v.frames_after, Some(v.first_after))
    });
    let finding = Finding::new(&META, reset.stamp);
    let finding = if reset.misses_syn {
        finding.severity(Severity::Warning)
    } else {
        finding
    };
    finding
        .likely()
        .side(Culprit::Network)
        .maybe_frame(reset.own_before, "frame-before")
        .maybe_frame(reset.id_of, "copied")
        .maybe_frame(reset.hurry.filter(is_too_soon).map(|h| h.sent), "acknowledged-too-soon")
        .frame(reset.stamp, "reset")
        .maybe_frame(first_after, "talks-on")
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
        .number("frames_after", frames_after as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, ScriptFrame, flag};
    use crate::diagnosis::rules::bench::calls::{call, far_client, healthy, record};
    use crate::diagnosis::rules::bench::{findings, loud, outcome};
    use crate::diagnosis::{Certainty, Severity};

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
    fn without_the_frames_of_its_side_a_reset_is_like_any_other() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .client_unacknowledged(b"ping")
            .server_lost(b"pong")
            .reset(Side::Server);
        assert!(findings(with_last_ttl(script.frames(), 33), RULE).is_empty());
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
    fn a_filter_one_hop_nearer_rejects_a_segment() {
        let asks = |ttls: &[u8]| {
            let behind = talked().client_unacknowledged(b"more");
            let frames = behind.segment(Side::Server, flag::RST, 5, 0, b"").frames();
            let mut frames = with_last_ttl(frames, 64);
            let mut ttls = ttls.iter().cycle();
            let last = frames.len() - 1;
            for frame in &mut frames[..last] {
                // The source address, and the time to live.
                if frame.bytes[26..30] == [10, 0, 0, 2] {
                    frame.bytes[14 + 8] = *ttls.next().unwrap();
                }
            }
            frames
        };
        let found = findings(asks(&[63]), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].certainty, Certainty::Likely);
        // From as far, from further away, or from a host whose frames come by several ways.
        for ttls in [&[64][..], &[65], &[63, 62]] {
            assert!(findings(asks(ttls), RULE).is_empty(), "{ttls:?}");
        }
        let knows = with_last_ttl(talked().reset(Side::Server).frames(), 65);
        assert!(findings(knows, RULE).is_empty(), "it acknowledges");
    }

    #[test]
    fn one_frame_captured_behind_its_senders_reset_is_no_forgery() {
        let script = talked().reset(Side::Client).client_unacknowledged(b"late");
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn one_frame_long_after_the_reset_is_enough() {
        let found = findings(script_of_a_victim(4.0).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(found[0].explanation.contains("1 more frame after it"));
        assert_eq!(found[0].severity, Severity::Error);
        // What came of it is no trouble of its own.
        assert_eq!(loud(script_of_a_victim(4.0).frames()), [RULE]);
    }

    /// The server takes the forged reset for true; the client talks on after so many seconds.
    fn script_of_a_victim(secs: f64) -> Script {
        talked()
            .reset(Side::Client)
            .wait_secs(secs)
            .client_unacknowledged(b"x")
            .segment(Side::Server, flag::RST, 5, 0, b"")
    }

    #[test]
    fn a_copy_of_an_earlier_frame() {
        let mut frames = talked().client(b"more").reset(Side::Client).frames();
        let of = frames.len() - 3;
        let id = [frames[of].bytes[18], frames[of].bytes[19]];
        let reset = frames.last_mut().unwrap();
        reset.bytes[18..20].copy_from_slice(&id);
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1);
        let copied = found[0].frames.iter().find(|e| e.role == "copied");
        assert_eq!(copied.unwrap().frame, of as u64 + 1);
        // A host that gives all its frames one identification.
        for frame in &mut frames {
            frame.bytes[18..20].copy_from_slice(&[7, 7]);
        }
        assert!(findings(frames, RULE).is_empty());
    }

    fn far_server() -> Script {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049");
        script.round_trip_ms(20).connect()
    }

    #[test]
    fn what_it_acknowledges_cannot_have_arrived() {
        let found = findings(far_client().reset_after(0).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .frames
                .iter()
                .any(|e| e.role == "acknowledged-too-soon")
        );
        // The same in the name of a server at the end of a way of 20 ms.
        let script = healthy(far_server(), 1).client_unacknowledged(&record(&call(2)));
        assert_eq!(findings(script.reset(Side::Server).frames(), RULE).len(), 1);
    }

    #[test]
    fn half_of_the_usual_time_is_no_proof() {
        assert!(findings(far_client().reset_after(10).frames(), RULE).is_empty());
    }

    #[test]
    fn a_way_that_was_not_measured_tells_nothing() {
        // The handshake was not captured, or nothing but the handshake was acknowledged before.
        let frames = far_client().reset_after(0).frames();
        assert!(findings(frames[3..].to_vec(), RULE).is_empty());
        let script = far_server().client_unacknowledged(&record(&call(2)));
        assert!(findings(script.reset(Side::Server).frames(), RULE).is_empty());
    }

    /// The SYN is answered by a reset that acknowledges it, or misses it by one; then by the server itself.
    fn reset_first(ack: u32) -> Vec<&'static str> {
        let opened = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999");
        let script = opened
            .segment(Side::Client, flag::SYN, 1000, 0, b"")
            .segment(Side::Server, flag::RST | flag::ACK, 0, ack, b"")
            .segment(Side::Server, flag::SYN | flag::ACK, 5000, 1001, b"")
            .segment(Side::Client, flag::ACK, 1001, 5001, b"")
            .segment(Side::Client, flag::ACK, 1001, 5001, b"hello")
            .segment(Side::Server, flag::RST | flag::ACK, 5001, 1006, b"");
        let outcome = outcome(script.frames());
        let state = outcome.sessions().next().unwrap().state();
        assert_eq!(state.name(), "aborted");
        let rules = outcome.findings.iter().map(|f| f.finding.rule);
        rules.filter(|r| *r == RULE).collect()
    }

    #[test]
    fn an_answer_to_the_syn_that_misses_it() {
        assert_eq!(reset_first(1000), [RULE]);
        assert!(reset_first(1001).is_empty());
    }

    #[test]
    fn a_reset_after_an_orderly_end_is_quiet_whoever_made_it() {
        let frames = with_last_ttl(talked().close().reset(Side::Client).frames(), 200);
        assert!(loud(frames).is_empty());
    }
}
