//! `tcp-aborted-in-flight`.

use colloquy_dissectors::event::Expect;
use colloquy_dissectors::units::Side;

use super::dcerpc::elsewhere;
use super::tcp_reset_forged::{forged, forged_before, not_arrived};
use super::{keep_alive, tcp_half_open, ws_slow_consumer};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::Session;
use crate::stream::facts::{Reset, TcpFacts};

declare_rule! {
    /// ## What it means
    /// The connection was reset in the middle of work: a request was open, a message was half sent, or bytes were under
    /// way that the other side had not got yet.
    ///
    /// ## Why it matters
    /// A reset throws away what is under way. Whoever sent it does not know what of it was done.
    ///
    /// ## How it is told
    /// A reset without any FIN before it, while a request of any session in the connection waits for its answer, or a
    /// message is incomplete. It is a warning where only the side that reset was waiting, for it gave up (a note where that
    /// may have been a long poll), where `tcp-half-open` tells the cause, and where nothing was cut off but a request of HTTP on a
    /// connection that its peer did not know any more after an idle time (keep-alive); a note where `tcp-reset-forged` or
    /// `ws-slow-consumer` tells the cause. Where nothing of that can be seen (an unknown protocol, or encrypted): while the side
    /// that did not reset had sent more than 64 bytes that were not acknowledged (by a client's reset neither), with nothing
    /// missing at that time; that is a warning, and told of every protocol where the reset acknowledges an answer that cannot
    /// have arrived yet (see `tcp-reset-forged`). A reset of an idle connection, after a FIN, or behind the last answer is a rude
    /// way to hang up and no trouble.
    ///
    /// ## Example
    /// `nfs3-rst-reconnect`: a reset comes while a call is open; the client connects again and repeats it.
    ///
    /// ## What to do
    /// Who sent the reset? If a program did: its log, its crash, its time-out. If neither did, see
    /// `tcp-reset-forged`.
    ///
    /// ## References
    /// RFC 9293 section 3.10.7.4, RFC 1122 section 4.2.2.13.
    pub TcpAbortedInFlight = "tcp-aborted-in-flight" {
        summary: "Aborted with work in flight",
        severity: Error,
        category: Establishment,
        protocols: ["tcp"],
        reference: "RFC 9293 section 3.10.7.4; RFC 1122 section 4.2.2.13",
    }
}

/// A TLS alert or the last word of another protocol is no work: bytes.
const LAST_WORD: u64 = 64;

/// What was cut off.
#[derive(Default)]
struct Work {
    requests: usize,
    messages: usize,
    /// Requests and halves of answers of which the side that reset was waiting for the rest.
    given_up: usize,
    /// Of those, other ones than requests of HTTP, which may be long polls (guard T7).
    impatient: usize,
    /// Seconds of silence before the only request, which its peer did not know the connection of any more.
    stale: Option<f64>,
    unacked: u64,
    example: Option<String>,
}

impl Work {
    /// Nothing was cut off but a request on a connection that was over.
    fn is_stale(&self) -> bool {
        self.stale.is_some() && self.requests == 1 && self.messages + self.given_up == 0
    }

    /// What was cut off, in words.
    fn lost(&self, sender: Side) -> String {
        let mut lost = Vec::new();
        let example = self.example.as_deref().unwrap_or("half a message");
        if self.given_up > 0 && self.example.is_none() {
            lost.push(format!("half a message of the {sender} had arrived"));
        } else if self.given_up > 0 {
            lost.push(format!("it waited for an answer itself ({example})"));
        }
        if self.requests > 0 {
            lost.push(match self.requests {
                1 => format!("a request was open ({example})"),
                n => format!("{n} requests were open, such as {example}"),
            });
        }
        if self.messages > 0 {
            lost.push(match self.messages {
                1 => "a message was incomplete".to_owned(),
                n => format!("{n} messages were incomplete"),
            });
        }
        if self.unacked > 0 {
            lost.push(format!(
                "{} bytes of the {sender} were not acknowledged before",
                self.unacked
            ));
        }
        lost.join(", and ")
    }

    fn title(&self, side: Side, stale: Option<f64>, in_doubt: bool) -> String {
        let only_own = self.requests + self.messages == 0 && self.given_up > 0;
        if let Some(idle) = stale {
            format!(
                "The {side} did not know the connection any more when it was used again after {}",
                seconds(idle)
            )
        } else if in_doubt {
            format!("A reset in the name of the {side} came in the middle of work")
        } else if only_own && self.example.is_none() {
            format!("The {side} reset the connection and left a message half read")
        } else if only_own {
            format!("The {side} did not wait for its answer and reset the connection")
        } else {
            format!("The {side} reset the connection in the middle of work")
        }
    }
}

impl TcpAbortedInFlight {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some((tcp, reset)) = reset(view) else {
            return;
        };
        let work = work(view, reset);
        let seen = work.requests + work.messages + work.given_up > 0;
        if !seen && work.unacked <= LAST_WORD {
            return;
        }
        let on_the_way = not_arrived(&reset) > 0;
        if view.one_sided() {
            let why = "only one direction of this connection was captured";
            out.cannot_tell(&META, "T3", why);
        } else if !seen && !on_the_way && readable(view) {
            // Every message is read and answered: what is unacknowledged is an acknowledgement that came too late.
        } else if !seen && !on_the_way && frames_missing(view, tcp, reset) {
            let why = "frames of the side that reset are missing before it: an acknowledgement or a FIN may be among them";
            out.cannot_tell(&META, "T4", why);
        } else {
            out.raise(finding(view, tcp, reset, &work));
        }
    }
}

/// Bytes of the side that reset were lost at the time of the last ones that it is not seen to acknowledge.
fn frames_missing(view: &View<'_>, tcp: &TcpFacts, reset: Reset) -> bool {
    let last = tcp.sides[reset.side.other()].last_data;
    let from = last.unwrap_or(reset.stamp);
    tcp.sides[reset.side].acked_unseen > 0 || view.lost_between(from, reset.stamp)
}

/// The reset that may have cut off work.
fn reset<'a>(view: &View<'a>) -> Option<(&'a TcpFacts, Reset)> {
    let tcp = view.tcp()?;
    let reset = tcp.reset().filter(|r| !r.to_syn && !r.after_fin)?;
    tcp.was_reset().then_some((tcp, reset))
}

/// True when a reset that this rule tells of took from `waiting` what it waited for: it did not reset itself.
pub(super) fn cut_off(view: &View<'_>, waiting: Side) -> bool {
    let told = reset(view).filter(|_| !view.one_sided());
    told.is_some_and(|(tcp, reset)| reset.side != waiting || forged(tcp).is_some())
}

fn work(view: &View<'_>, reset: Reset) -> Work {
    // Who asked has got its answer when its reset acknowledges it; who was asked has not answered by that.
    let unread = match reset.side {
        Side::Client => not_arrived(&reset),
        Side::Server => reset.last_received,
    };
    let mut work = Work {
        unacked: reset.unacked[reset.side.other()] + unread,
        ..Work::default()
    };
    let forged = view.tcp().is_some_and(|tcp| forged(tcp).is_some());
    let tampered = forged || view.tcp().is_some_and(|tcp| forged_before(tcp).is_some());
    for session in view.flow.sessions.iter().skip(1) {
        // The answer may have come on another connection (T13).
        let elsewhere = !session.open.is_empty() && elsewhere(&View { session, ..*view });
        for open in session.open.iter().filter(|_| !elsewhere) {
            let waits = open.expect == Expect::Answer
                && open.cancelled.is_none()
                && !open.carries_inner
                && open.asked <= reset.stamp;
            // Pings are no work, and of an upgrade ws-upgrade-failed tells.
            if waits && !open.answer_may_be_missing && session.protocol != "websocket" {
                let idle = keep_alive::forgotten(view, session, open);
                work.stale = idle.filter(|_| work.requests == 0 && !tampered);
                if open.side == reset.side && !forged {
                    work.given_up += 1;
                    let leaves = matches!(session.protocol, "http" | "http2");
                    work.impatient += usize::from(!leaves);
                } else {
                    work.requests += 1;
                }
                work.example
                    .get_or_insert_with(|| format!("{} (frame {})", open.op, open.asked.frame));
            }
        }
        for half in session.troubles.incomplete.iter().filter(|i| !i.excused) {
            if half.side != reset.side && !forged {
                work.given_up += 1;
                work.impatient += 1;
            } else {
                work.messages += 1;
            }
        }
    }
    work
}

/// A protocol is recognised and in clear, so that its requests would be seen.
fn readable(view: &View<'_>) -> bool {
    // An envelope, as ONC RPC's, has no messages of its own.
    let says = |s: &Session| {
        s.messages.client + s.messages.server > 0 || view.flow.children(s).next().is_some()
    };
    let known = |s: &Session| s.encrypted.is_none() && says(s);
    let mut inner = view.flow.sessions.iter().skip(1).peekable();
    inner.peek().is_some() && inner.all(known)
}

fn severity(view: &View<'_>, work: &Work) -> Severity {
    let forged = view.tcp().is_some_and(|tcp| forged(tcp).is_some());
    if forged || is_unread(view) {
        // The cause is told.
        Severity::Note
    } else if work.is_stale() {
        Severity::Warning
    } else if work.requests + work.messages > 0 && !tcp_half_open::tells(view) {
        META.severity
    } else if work.given_up > 0 && work.requests + work.messages + work.impatient == 0 {
        Severity::Note
    } else {
        Severity::Warning
    }
}

/// Why the reset, or that its side knew nothing of the connection, was likely made on the way.
fn doubt(tcp: &TcpFacts, side: Side) -> Option<String> {
    match (forged(tcp), forged_before(tcp)) {
        (Some(why), _) => Some(format!(
            " The reset is likely not from the {side}, as tcp-reset-forged tells: {why}."
        )),
        (None, Some(before)) => Some(format!(
            " A reset that was made on the way came before, in frame {}, as tcp-reset-forged tells: the {side} may have had one, too, \
             and known nothing of the connection any more.",
            before.frame
        )),
        (None, None) => None,
    }
}

/// A side did not read, as `ws-slow-consumer` tells.
fn is_unread(view: &View<'_>) -> bool {
    let unread = |side: &Side| ws_slow_consumer::tells(view, *side);
    Side::BOTH.iter().any(unread)
}

fn finding(view: &View<'_>, tcp: &TcpFacts, reset: Reset, work: &Work) -> Finding {
    let sender = reset.side.other();
    let lost = work.lost(sender);
    let in_doubt = forged(tcp).is_some();
    let doubt = doubt(tcp, reset.side);
    let stale = work.stale.filter(|_| work.is_stale());
    let culprit = match doubt {
        Some(_) => Culprit::Network,
        None if stale.is_some() => Culprit::Unknown,
        None => Culprit::from(reset.side),
    };
    let mut finding = Finding::new(&META, reset.stamp);
    if doubt.is_some() {
        finding = finding.likely();
    }
    let cause = if is_unread(view) {
        " The cause is told by ws-slow-consumer."
    } else {
        ""
    };
    let doubt = doubt.unwrap_or_default();
    finding
        .severity(severity(view, work))
        .side(culprit)
        .maybe_frame(tcp.sides[sender].last_data, "last-data")
        .frame(reset.stamp, "reset")
        .title(work.title(reset.side, stale, in_doubt))
        .explain(format!(
            "Frame {} resets the connection between {} and {} while {lost}.{doubt}{cause}",
            reset.stamp.frame,
            view.client(),
            view.server()
        ))
        .advise(match stale {
            Some(_) => keep_alive::ADVICE,
            None => {
                "Look at the program that sent the reset: a crash, a time-out, a limit; if neither side's did, at the path."
            }
        })
        .number("open_requests", work.requests as f64)
        .number("incomplete_messages", work.messages as f64)
        .number("client_unacknowledged", reset.unacked[Side::Client] as f64)
        .number("server_unacknowledged", reset.unacked[Side::Server] as f64)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::calls::{
        answer, call, far_client, healthy, over_tcp, record,
    };
    use crate::diagnosis::rules::bench::{findings, loud};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "tcp-aborted-in-flight";

    fn unknown() -> Script {
        Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
            .connect()
            .client(b"ping")
            .server(b"pong")
    }

    #[test]
    fn a_call_is_open() {
        let script = over_tcp().client(&record(&call(1))).reset(Side::Server);
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Error);
        assert!(
            found[0].numbers.contains(&("open_requests", 1.0)),
            "{found:?}"
        );
    }

    #[test]
    fn bytes_of_an_unknown_protocol_are_under_way() {
        let script = unknown()
            .client_unacknowledged(&[1; 200])
            .reset(Side::Server);
        assert_eq!(
            findings(script.frames(), RULE)[0].severity,
            Severity::Warning
        );
    }

    #[test]
    fn a_forged_reset_came_before_the_servers() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .reset(Side::Server)
            .wait_secs(1.0)
            .server(&record(&answer(1)))
            .client(&record(&call(2)));
        let found = findings(script.reset(Side::Server).frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Network));
        assert!(found[0].explanation.contains("came before, in frame"));
    }

    #[test]
    fn a_request_on_a_connection_that_was_kept_too_long() {
        use crate::capture::script::flag;
        use crate::diagnosis::rules::bench::http::{answer, ask, to_web, turn};
        let (first, reply) = (ask("GET /a", ""), answer("200 OK", ""));
        let again = |secs: f64, flags: u16| {
            let script = turn(to_web(), &first, &reply).wait_secs(secs);
            let script = script.client_unacknowledged(&ask("GET /b", ""));
            let (s, c) = (1 + reply.len() as u32, 1 + first.len() as u32);
            let found = findings(
                script.segment(Side::Server, flags, s, c, b"").frames(),
                RULE,
            );
            (found[0].severity, found[0].side)
        };
        assert_eq!(again(2.0, flag::RST), (Severity::Warning, Culprit::Unknown));
        // At work, or by a host that knows the connection, it is another thing.
        let error = (Severity::Error, Culprit::Server);
        assert_eq!(again(0.1, flag::RST), error);
        assert_eq!(again(2.0, flag::RST | flag::ACK), error);
    }

    #[test]
    fn an_idle_client_may_reset() {
        assert!(loud(unknown().wait_secs(30.0).reset(Side::Client).frames()).is_empty());
        assert!(loud(healthy(over_tcp(), 3).reset(Side::Client).frames()).is_empty());
    }

    #[test]
    fn a_browser_in_a_hurry_resets_after_its_fin() {
        let script = unknown()
            .fin(Side::Client)
            .server_unacknowledged(&[1; 3000])
            .reset(Side::Client);
        assert!(loud(script.frames()).is_empty());
        assert!(loud(unknown().close().reset(Side::Client).frames()).is_empty());
    }

    #[test]
    fn an_answer_that_a_forged_reset_acknowledges_was_under_way() {
        let found = findings(far_client().reset_after(0).frames(), RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].side, found[0].certainty),
            (Severity::Note, Culprit::Network, Certainty::Likely)
        );
        // In time, who asked has its answers and hangs up rudely.
        assert!(loud(far_client().reset_after(21).frames()).is_empty());
        // What the capture missed of the answers is not guessed.
        let mut frames = far_client().reset_after(0).frames();
        frames.remove(7);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn an_answer_that_was_missed_by_the_capture_leaves_no_work() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .server_lost(&[0; 28])
            .client(&record(&call(2)))
            .server(&record(&answer(2)))
            .reset(Side::Client);
        assert!(findings(script.frames(), RULE).is_empty());
    }
}
