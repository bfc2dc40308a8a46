//! `ws-abnormal-closure`.

use colloquy_dissectors::event::Phase;
use colloquy_dissectors::units::Side;

use super::tcp_reset_forged::forged;
use super::ws::{self, HangUp};
use super::{tcp_half_open, ws_handshake_invalid, ws_ping_unanswered, ws_slow_consumer};
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;
use crate::session::troubles::Incomplete;

declare_rule! {
    /// ## What it means
    /// The TCP connection or the TLS session under the WebSocket ended, and no Close frame had been sent by either side. Programs report that
    /// as code 1006, which is never on the wire.
    ///
    /// ## Why it matters
    /// What was under way is lost, and neither side was told why: a crash, a killed process, a time-out on the way.
    ///
    /// ## How it is told
    /// The first FIN, reset or (decrypted) close_notify of TLS with no Close frame of either side before it, in a WebSocket
    /// that was open. A note where another finding says why: the client did not take the handshake, a frame broke the
    /// protocol, a Ping had no answer, or the connection was half open. Not told of a client that says nothing after a 101
    /// whose request was not captured. The side is the one that ended TLS or TCP first; after a long silence it may have been
    /// something on the way.
    ///
    /// ## Example
    /// `ws-1006-server-killed`: the server's process is killed, and its kernel closes the connection.
    ///
    /// ## What to do
    /// See what happened to the program on that side: its log, its end, a deployment. After a silence of a round number of
    /// seconds (60, 300, 350, 3600), look for a proxy's or load balancer's idle time-out, and let Pings go more often.
    ///
    /// ## References
    /// RFC 6455 sections 7.1.5 and 7.4.1.
    pub WsAbnormalClosure = "ws-abnormal-closure" {
        summary: "WebSocket ended without a Close (1006)",
        severity: Error,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 7.1.5 and 7.4.1",
    }
}

/// Silence after which an idle time-out is thought of: seconds.
const IDLE: f64 = 20.0;

impl WsAbnormalClosure {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(end) = ws::hung_up(view) else { return };
        if view
            .session
            .entered(Phase::Open)
            .is_none_or(|p| p.stamp > end.stamp)
        {
            return;
        }
        let closes = Side::BOTH.into_iter().filter_map(|s| ws::close_of(view, s));
        // A side's FIN stands behind all that it said, wherever the capture has it.
        let before = |c: &SeenFact| c.stamp <= end.stamp || c.side == end.side && !end.reset;
        if closes.into_iter().any(before) {
            return;
        }
        match guard(view).or_else(|| unasked(view, end)) {
            Some((guard, why)) => out.cannot_tell(&META, guard, why),
            None => out.raise(finding(view, end)),
        }
    }
}

fn guard(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if view.session.began_before_capture && !in_step(view) {
        return Some((
            "T1",
            "the capture began in mid-session, so that a Close may not have been recognised",
        ));
    }
    Side::BOTH
        .into_iter()
        .any(|s| ws::unread(view, s))
        .then_some(("T4", "bytes are missing, and a Close may be among them"))
}

/// A client that hangs up without a word may not have taken the 101, and of what it had asked nothing was captured.
fn unasked(view: &View<'_>, end: HangUp) -> Option<(&'static str, &'static str)> {
    let silent = end.side == Side::Client && view.session.messages.client == 0;
    (silent && view.session.detail("path").is_none()).then_some((
        "T1",
        "the capture began behind the client's request: it may not have taken the answer, which can't be checked",
    ))
}

/// In mid-session, all that was captured could be read as frames, and both sides said enough to be sure of it.
fn in_step(view: &View<'_>) -> bool {
    /// Messages a side.
    const ENOUGH: u64 = 3;
    let session = view.session;
    let said = |side: Side| session.messages[side] >= ENOUGH && session.troubles.skipped[side] == 0;
    Side::BOTH.into_iter().all(said) && ws::doubtful(view).is_none()
}

/// Why it ended, where another finding tells it, and whose doing that is.
fn known_cause(view: &View<'_>, end: HangUp) -> Option<(String, Culprit)> {
    if ws_handshake_invalid::walked_out(view).is_some() {
        let facts = &view.session.facts;
        let fault =
            |f: &&SeenFact| matches!(f.fact.name, "ws.answer-fault" | "ws.subprotocol-none");
        if let Some(fault) = facts.iter().find(fault) {
            let frame = fault.stamp.frame;
            let why = format!("the client did not take the answer in frame {frame} to its upgrade");
            let culprit = match fault.fact.name {
                "ws.subprotocol-none" => Culprit::Client,
                _ => Culprit::Server,
            };
            return Some((why, culprit));
        }
    }
    if let Some(breach) = ws::breach(view, end.side.other(), end.stamp) {
        let what = ws::breach_words(breach);
        let why = format!(
            "the {} had sent {what} (frame {})",
            breach.side, breach.stamp.frame
        );
        return Some((why, breach.side.into()));
    }
    let deaf = |side: &Side| ws_slow_consumer::tells(view, *side);
    if let Some(side) = Side::BOTH.into_iter().find(deaf) {
        let why = format!("the {side} did not read, as ws-slow-consumer tells");
        return Some((why, side.into()));
    }
    let still = |i: &&Incomplete| {
        let waited = end.stamp.time.since(i.stamp.time);
        i.side != end.side && !i.excused && waited >= view.world.thresholds.incomplete
    };
    if let Some(half) = view.session.troubles.incomplete.iter().find(still) {
        let why = format!(
            "the {} stopped in the middle of a message, as message-incomplete tells",
            half.side
        );
        return Some((why, half.side.into()));
    }
    if let Some(ping) = ws_ping_unanswered::gave_up(view, end.side) {
        let why = format!("its Ping in frame {} had no answer", ping.frame);
        return Some((why, end.side.other().into()));
    }
    half_open(view, end)
}

/// The connection was dead already, as `tcp-half-open` tells.
fn half_open(view: &View<'_>, end: HangUp) -> Option<(String, Culprit)> {
    let why = if !end.reset {
        return None;
    } else if tcp_half_open::gave_up(view) == Some(end.side) {
        format!(
            "the keep-alive probes of its TCP had no answer, so that the {} is gone or the path to it, as tcp-half-open tells",
            end.side.other()
        )
    } else if tcp_half_open::tells(view) {
        "it did not know the connection any more, as tcp-half-open tells".to_owned()
    } else {
        return None;
    };
    Some((why, Culprit::Unknown))
}

fn finding(view: &View<'_>, end: HangUp) -> Finding {
    let said = |side: Side| view.session.last_message[side].map(|m| m.stamp);
    // Of each side only the last message is known: one that came after the end hides the one before.
    let before = |side: Side| said(side).filter(|s| *s <= end.stamp);
    let last = before(Side::Client).max(before(Side::Server));
    let idle = last.map_or(0.0, |l| end.stamp.time.since(l.time).max(0.0));
    let later = said(end.side.other()).filter(|s| *s > end.stamp);
    let message = match later {
        Some(_) => "its own last message",
        None => "the last message",
    };
    let spoke_on = later.map_or_else(String::new, |l| {
        format!(
            " The {} spoke on until frame {}.",
            end.side.other(),
            l.frame
        )
    });
    let cause = known_cause(view, end);
    let forged = end.reset.then(|| view.tcp().and_then(forged)).flatten();
    let half = view
        .session
        .troubles
        .incomplete
        .iter()
        .find(|i| i.began <= end.stamp && !i.excused);
    let unfinished = half.map_or_else(String::new, |half| {
        format!(
            " The {}'s message that began in frame {} was not finished.",
            half.side, half.began.frame
        )
    });
    let why = match (&cause, &forged) {
        (Some((why, _)), _) => format!(" The reason is likely that {why}."),
        (None, Some(why)) => format!(" The reset may not be of the {}: {why}.", end.side),
        (None, None) if idle >= IDLE => " After so long a silence an idle time-out is likely, of that side or of a proxy before it.".to_owned(),
        _ => String::new(),
    };
    let culprit = match (&cause, &forged) {
        (Some((_, culprit)), _) => *culprit,
        (None, Some(_)) => Culprit::Network,
        (None, None) => end.side.into(),
    };
    let finding = Finding::new(&META, end.stamp)
        .side(culprit)
        .maybe_frame(before(Side::Client), "last-of-client")
        .maybe_frame(before(Side::Server), "last-of-server")
        .frame(end.stamp, end.role())
        .maybe_frame(later, "spoke-on")
        .title(format!("The {} {} without a WebSocket Close (1006)", end.side, end.how()))
        .explain(format!(
            "In frame {} the {} ({}) {}, {} after {message}. Neither side had sent a Close, so both must take it \
             for an accident.{spoke_on}{unfinished}{why}",
            end.stamp.frame,
            end.side,
            view.end_of(end.side),
            end.how(),
            seconds(idle)
        ))
        .advise(advice(cause.is_some(), idle))
        .number("idle", idle);
    let finding = if view.session.began_before_capture || forged.is_some() {
        finding.likely()
    } else {
        finding
    };
    if cause.is_some() {
        finding.severity(Severity::Note)
    } else {
        finding
    }
}

fn advice(known: bool, idle: f64) -> &'static str {
    if known {
        "Mend what the other finding on this session tells."
    } else if idle >= IDLE {
        "Compare the silence with the idle time-outs of proxies and load balancers on the way, and let Pings go more often than that."
    } else {
        "See what happened to the program on that side at that moment: a crash, a kill, a deployment, a close of TCP in place of the WebSocket."
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::tls::{
        bare, close_notify, closed_by_server, opened_bare, to,
    };
    use crate::diagnosis::rules::bench::ws::{
        ANSWER, REQUEST, at_length, close, ended, frame_masked, opened, ping, text,
    };
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Certainty, Culprit, Severity};

    const RULE: &str = "ws-abnormal-closure";

    fn talk() -> Script {
        opened()
            .client(&text(Side::Client, "hi"))
            .server(&text(Side::Server, "hi"))
    }

    #[test]
    fn whoever_hangs_up_first_is_named() {
        for side in Side::BOTH {
            for script in [
                talk().fin(side).fin(side.other()),
                talk().reset(side),
                talk().fin(side),
            ] {
                let frames = script.frames();
                let found = findings(frames.clone(), RULE);
                assert_eq!((found.len(), found[0].side), (1, Culprit::from(side)));
                assert_eq!(loud(frames), [RULE]);
            }
        }
        let idle = findings(talk().wait_secs(60.0).fin(Side::Server).frames(), RULE);
        assert!(
            idle[0].explanation.contains("idle time-out"),
            "{}",
            idle[0].explanation
        );
    }

    #[test]
    fn who_ends_the_tls_session_is_named_and_not_who_answers_that() {
        let talk = || {
            let said = |bytes: &[u8]| bare(23, bytes);
            let asked = opened_bare(to(443)).client(&said(format!("{REQUEST}\r\n").as_bytes()));
            let open = asked.server(&said(format!("{ANSWER}\r\n").as_bytes()));
            let open = open.client(&said(&text(Side::Client, "hi")));
            open.server(&said(&text(Side::Server, "hi")))
        };
        let left = talk().client(&close_notify()).server(&close_notify());
        let frames = left.fin(Side::Server).fin(Side::Client).frames();
        let found = findings(frames, RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        assert!(found[0].title.contains("ended the TLS session"));
        let closed = bare(23, &close(Side::Client, 1000, ""));
        let told = talk().client(&closed).client(&close_notify());
        assert!(findings(closed_by_server(told), RULE).is_empty());
        let lost = talk().client_lost(&closed).client(&close_notify());
        assert_eq!(cannot_tell(closed_by_server(lost), RULE), ["T4"]);
    }

    #[test]
    fn with_a_close_of_either_side_it_is_another_matter() {
        for side in Side::BOTH {
            assert!(
                findings(
                    talk().say(side, &close(side, 1000, "")).close().frames(),
                    RULE
                )
                .is_empty()
            );
            assert!(loud(ended(talk(), side, 1000, "bye")).is_empty());
            assert!(loud(ended(talk(), side, 1001, "")).is_empty());
            assert!(loud(ended(talk(), side, 0, "")).is_empty());
        }
        assert!(loud(talk().frames()).is_empty(), "the capture ended first");
    }

    #[test]
    fn a_close_that_the_capture_has_behind_its_fin_was_sent_before_it() {
        let bytes = close(Side::Client, 1000, "");
        let next = |head: &str, side| (1 + head.len() + 2 + text(side, "hi").len()) as u32;
        let (seq, ack) = (next(REQUEST, Side::Client), next(ANSWER, Side::Server));
        let behind = seq + bytes.len() as u32;
        let script = talk()
            .segment(Side::Client, flag::FIN | flag::ACK, behind, ack, b"")
            .segment(Side::Client, flag::PSH | flag::ACK, seq, ack, &bytes);
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn a_client_need_not_wait_after_both_closes() {
        let script = talk()
            .client(&close(Side::Client, 1000, ""))
            .server(&close(Side::Server, 1000, ""))
            .reset(Side::Client);
        assert!(loud(script.frames()).is_empty());
    }

    #[test]
    fn another_finding_says_why() {
        let script = talk()
            .server(&frame_masked(0x81, b"x", true))
            .fin(Side::Client)
            .fin(Side::Server);
        let frames = script.frames();
        assert_eq!(findings(frames.clone(), RULE)[0].severity, Severity::Note);
        assert_eq!(loud(frames), ["ws-masking-violation"]);
        let silent = talk()
            .server(&ping(Side::Server, "1"))
            .wait_secs(30.0)
            .reset(Side::Server);
        assert_eq!(loud(silent.frames()), ["ws-ping-unanswered"]);
    }

    #[test]
    fn a_dead_connection_is_nobodys_closing() {
        let probed = (0..3).fold(talk(), |script, _| {
            script.wait_secs(2.0).keepalive_unanswered(Side::Client)
        });
        let frames = probed.clone().wait_secs(2.0).reset(Side::Client).frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Note, Culprit::Unknown)
        );
        assert_eq!(loud(frames), ["tcp-half-open"]);
        // Who resets while the other probes did so of its own accord.
        let found = findings(probed.reset(Side::Server).frames(), RULE);
        assert_eq!(found[0].side, Culprit::Server);
    }

    #[test]
    fn what_comes_behind_the_fin_does_not_hide_the_silence_before_it() {
        let script = talk()
            .wait_secs(0.5)
            .fin(Side::Server)
            .client(&text(Side::Client, "still here"))
            .fin(Side::Client);
        let found = findings(script.frames(), RULE);
        let told = &found[0].explanation;
        assert!(told.contains("its own last message"), "{told}");
        assert!(told.contains("spoke on until frame"), "{told}");
        let idle = found[0].numbers.iter().find(|n| n.0 == "idle").unwrap().1;
        assert!((0.5..0.6).contains(&idle), "{idle}");
        let roles: Vec<_> = found[0].frames.iter().map(|f| f.role).collect();
        assert_eq!(roles, ["last-of-server", "fin", "spoke-on"]);
    }

    #[test]
    fn joined_at_the_101_a_client_may_not_have_taken_it() {
        let hangs_up = |script: Script| script.fin(Side::Client).fin(Side::Server).frames();
        let late = hangs_up(opened()).split_off(4);
        assert_eq!(cannot_tell(late.clone(), RULE), ["T1"]);
        assert!(loud(late).is_empty());
        assert_eq!(findings(hangs_up(opened()), RULE).len(), 1);
    }

    #[test]
    fn a_close_may_not_have_been_captured() {
        let script = talk().server_lost(&close(Side::Server, 1000, "")).close();
        assert!(findings(script.clone().frames(), RULE).is_empty());
        assert_eq!(cannot_tell(script.frames(), RULE), ["T4"]);
    }

    #[test]
    fn one_direction_alone_tells_nothing() {
        let mut frames = talk().client(&text(Side::Client, "more")).close().frames();
        // The source address in the IPv4 header, behind the Ethernet header.
        frames.retain(|f| f.bytes[26..30] == [10, 0, 0, 2]);
        assert!(findings(frames, RULE).is_empty());
    }

    #[test]
    fn joined_in_mid_session_it_takes_more_to_be_told() {
        let frames = at_length(talk());
        let late = |frame| frames.clone().close().frames().split_off(frame);
        let found = findings(late(9), RULE);
        assert_eq!(found[0].certainty, Certainty::Likely);
        let end = late(0).len() - 6;
        assert!(
            loud(late(end)).is_empty(),
            "too little to be sure that it is a WebSocket"
        );
    }
}
