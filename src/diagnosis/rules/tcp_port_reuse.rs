//! `tcp-port-reuse`.

use colloquy_dissectors::units::{Side, Stamp};

use super::tcp_backlog_overflow;
use crate::diagnosis::connects::repeated;
use crate::diagnosis::world::Reuse;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::stream::facts::{Challenge, TcpFacts};

declare_rule! {
    /// ## What it means
    /// A client used a port again for the same server before the connection that had it was forgotten (TIME-WAIT), or while
    /// the server still held it for open.
    ///
    /// ## Why it matters
    /// The server may take the SYN for a part of the old connection and answer that; the client resets it and tries again a
    /// second later, or fails. A client that comes back to the same ports within a minute has hardly any left.
    ///
    /// ## How it is told
    /// The SYN is answered by an acknowledgement of something else (a challenge ACK), and the client resets the old connection
    /// or repeats its SYN. Or a connection with the same addresses and ports was closed in order less than 60 s before, and
    /// the new SYN had to be repeated. Where such connections come about at once it is a note, from eight between
    /// the same two hosts on; ports below 1024 are left out there, since some clients (NFS) keep theirs on purpose. After a
    /// reset nothing is kept, and the port may be used again at once.
    ///
    /// ## Example
    /// A benchmark that makes 28,000 connections a minute from one address.
    ///
    /// ## What to do
    /// Keep connections instead of making one a request; widen the range of ports (`net.ipv4.ip_local_port_range`); let the
    /// client not close first, or not bind to a fixed port. Behind a NAT, give it more addresses.
    ///
    /// ## References
    /// RFC 9293 sections 3.4.2 and 3.10.7.4, RFC 5961 section 4, RFC 6191.
    pub TcpPortReuse = "tcp-port-reuse" {
        summary: "A port is used again too early",
        severity: Warning,
        category: Resources,
        protocols: ["tcp"],
        reference: "RFC 9293 sections 3.4.2 and 3.10.7.4; RFC 5961 section 4; RFC 6191",
    }
}

/// So many reuses without harm are worth a note.
const MANY: u32 = 8;
/// Ports below are chosen on purpose.
const RESERVED: u16 = 1024;

impl TcpPortReuse {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(tcp) = view.tcp() else { return };
        let Some(syn) = tcp.sides.client.syns.first().copied() else {
            return;
        };
        let reuse = view.world.reuse(syn);
        if let Some(challenge) = tcp.odd.challenge {
            if challenge.reset.is_some() || tcp.sides.client.syn_count > 1 {
                out.raise(challenged(view, tcp, syn, challenge, reuse));
            } else {
                let why = "the capture does not show what the client made of the answer to its SYN";
                out.cannot_tell(&META, "T4", why);
            }
            return;
        }
        let Some(reuse) = reuse else { return };
        // Of a connect that was never answered another rule tells.
        let repeated = repeated(tcp).filter(|_| tcp.syn_ack.is_some());
        if let Some(repeated) = repeated {
            if !tcp_backlog_overflow::tells(view) {
                out.raise(held_up(view, syn, repeated, reuse));
            }
        } else if reuse.count >= MANY
            && reuse.last == syn
            && view.flow.client.port >= RESERVED
            && tcp.syn_ack.is_some()
        {
            out.raise(many(view, syn, reuse));
        }
    }
}

/// This rule tells why the connect was slow.
pub(super) fn tells(view: &View<'_>) -> bool {
    let challenged = |tcp: &TcpFacts| tcp.odd.challenge.is_some();
    view.tcp().is_some_and(challenged)
}

fn since(reuse: &Reuse, syn: Stamp) -> String {
    format!(
        "A connection with the same addresses and ports was closed {} before (frame {}), by the {} first, which keeps it for \
         a while (TIME-WAIT).",
        seconds(syn.time.since(reuse.closed.time)),
        reuse.closed.frame,
        reuse.closer
    )
}

fn challenged(
    view: &View<'_>,
    tcp: &TcpFacts,
    syn: Stamp,
    challenge: Challenge,
    reuse: Option<&Reuse>,
) -> Finding {
    let before = match reuse {
        Some(reuse) => since(reuse, syn),
        None if view.flow.reused => {
            "The one before it in the capture had not been closed in order.".to_owned()
        }
        None => "What that was is not in the capture.".to_owned(),
    };
    let then = match (tcp.syn_ack, tcp.established) {
        (Some(answer), _) => format!(
            "The connection came about {} after the first SYN (frame {}).",
            seconds(answer.time.since(syn.time)),
            answer.frame
        ),
        _ => "The connection did not come about.".to_owned(),
    };
    Finding::new(&META, challenge.stamp)
        .side(Culprit::Client)
        .maybe_frame(reuse.map(|r| r.closed), "closed-before")
        .frames(&tcp.sides.client.syns, "syn")
        .frame(challenge.stamp, "challenge-ack")
        .maybe_frame(challenge.reset, "reset")
        .title(format!(
            "{} still knew an older connection of {}",
            view.server(),
            view.client()
        ))
        .explain(format!(
            "The SYN in frame {} was answered in frame {} with an acknowledgement of something else: the server still held an \
             older connection of the same ports. {before} {then}",
            syn.frame, challenge.stamp.frame
        ))
        .advise("Let the client choose another port: no fixed port, a wider range, fewer connections a minute.")
        .number("challenges", f64::from(tcp.odd.challenges))
        .number("syns", f64::from(tcp.sides.client.syn_count))
}

fn held_up(view: &View<'_>, syn: Stamp, repeated: Stamp, reuse: &Reuse) -> Finding {
    Finding::new(&META, repeated)
        .likely()
        .side(Culprit::Client)
        .frame(reuse.closed, "closed-before")
        .frame(syn, "syn")
        .frame(repeated, "syn-again")
        .title(format!(
            "{} used its port again after {}, and its SYN was not answered at once",
            view.client(),
            seconds(syn.time.since(reuse.closed.time))
        ))
        .explain(format!(
            "{} The new SYN in frame {} had to be repeated in frame {}.",
            since(reuse, syn),
            syn.frame,
            repeated.frame
        ))
        .advise("Let the client choose another port: no fixed port, a wider range, fewer connections a minute.")
        .number("seconds", syn.time.since(reuse.closed.time))
        .number("reuses", f64::from(reuse.count))
}

fn many(view: &View<'_>, syn: Stamp, reuse: &Reuse) -> Finding {
    Finding::new(&META, syn)
        .severity(Severity::Note)
        .side(Culprit::from(Side::Client))
        .frame(reuse.closed, "closed-before")
        .frame(syn, "syn")
        .title(format!(
            "{} used ports again within a minute, {} times",
            view.flow.client.address, reuse.count
        ))
        .explain(format!(
            "{} times {} opened a connection to {} from a port of which a connection to it had been closed less than a minute \
             before; this is the last of them. It has hardly any other ports left, or chooses few.",
            reuse.count, view.flow.client.address, view.flow.server.address
        ))
        .advise("Keep connections instead of making one a request, or widen the range of ports.")
        .number("reuses", f64::from(reuse.count))
        .number("seconds", syn.time.since(reuse.closed.time))
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{START, Script, ScriptFrame, flag};
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "tcp-port-reuse";

    fn on_port(port: u16, at: f64, isn: u32) -> Script {
        Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:445")
            .at(START.plus_nanos((at * 1e9) as i64))
            .initial(isn, isn / 2)
    }

    fn whole(port: u16, at: f64, isn: u32) -> Script {
        on_port(port, at, isn)
            .connect()
            .client(b"x")
            .server(b"y")
            .close()
    }

    /// A SYN that the older connection answers, the client's reset of that, and the SYN again.
    fn challenged(at: f64, reset: bool) -> Script {
        let old_ack = 0x5000_0000_u32.wrapping_sub(0x1000_0000);
        let script = on_port(40_000, at, 0x1000_0000)
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .segment(Side::Server, flag::ACK, 77, old_ack, b"");
        if reset {
            let script = script.segment(Side::Client, flag::RST, old_ack, 0, b"");
            script.wait_secs(1.0).connect().close()
        } else {
            script
        }
    }

    fn after_another(script: Script) -> Vec<ScriptFrame> {
        Script::merge([whole(40_000, 0.0, 0x5000_0000), script])
    }

    #[test]
    fn an_older_connection_answers() {
        let frames = after_another(challenged(20.0, true));
        let found = findings(frames.clone(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].frames.iter().any(|e| e.role == "challenge-ack"));
        assert!(found[0].frames.iter().any(|e| e.role == "closed-before"));
        assert_eq!(loud(frames), [RULE]);
    }

    #[test]
    fn a_syn_that_had_to_be_repeated() {
        let repeated = on_port(40_000, 20.0, 0x6000_0000)
            .segment(Side::Client, flag::SYN, 0, 0, b"")
            .wait_secs(1.0)
            .connect()
            .close();
        let found = findings(after_another(repeated), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Warning);
    }

    #[test]
    fn many_without_harm_are_a_note_and_few_or_late_ones_quiet() {
        let again = |count: u32, apart: f64| {
            let one = |n| whole(40_000, f64::from(n) * apart, 0x1000_0000 + n * 0x10_0000);
            findings(Script::merge((0..count).map(one)), RULE)
        };
        let found = again(12, 20.0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].severity, Severity::Note);
        assert!(again(5, 20.0).is_empty());
        assert!(again(12, 90.0).is_empty());
    }

    #[test]
    fn after_a_reset_nothing_is_kept() {
        let one = |n: u32| {
            let script = on_port(40_000, f64::from(n) * 5.0, 0x1000_0000 + n * 0x10_0000);
            script.connect().client(b"x").reset(Side::Client)
        };
        assert!(findings(Script::merge((0..12).map(one)), RULE).is_empty());
    }

    #[test]
    fn an_answer_of_which_the_rest_was_not_captured_is_left_open() {
        let frames = after_another(challenged(20.0, false));
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }
}
