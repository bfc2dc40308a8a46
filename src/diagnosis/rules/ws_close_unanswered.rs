//! `ws-close-unanswered`.

use colloquy_dissectors::units::{Side, Stamp};

use super::ws;
use crate::diagnosis::{Finding, Severity, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// One side sent a Close and the other did not answer it with its own, or both did and the server left the TCP
    /// connection standing.
    ///
    /// ## Why it matters
    /// Until the answer comes the closing side keeps the connection and does not know whether its last messages arrived;
    /// many libraries wait for 10 to 30 seconds and then report 1006.
    ///
    /// ## How it is told
    /// No Close of the peer within 10 s, or until the connection ended. It is a note where the closing side itself hung
    /// up within a second, or closed because of an error, which is told by itself. A side that fails the connection need not
    /// wait at all. After both Closes: the server neither
    /// closes TCP within 10 s nor does the client; a note where the client closed it itself after about two seconds.
    ///
    /// ## Example
    /// `ws-close-unanswered`: the server ignores the client's Close; the client hangs up after two seconds.
    ///
    /// ## What to do
    /// See why the peer's program does not read or react: busy, blocked, or written to ignore Close frames.
    ///
    /// ## References
    /// RFC 6455 sections 5.5.1, 7.1.1 and 7.1.2.
    pub WsCloseUnanswered = "ws-close-unanswered" {
        summary: "WebSocket Close not answered",
        severity: Warning,
        category: Establishment,
        protocols: ["websocket"],
        reference: "RFC 6455 sections 5.5.1, 7.1.1 and 7.1.2",
    }
}

/// Below this a side that hung up did not wait: seconds.
const DID_NOT_WAIT: f64 = 1.0;
/// A client that ends TCP itself after this had waited for the server in vain: seconds.
const GAVE_UP: f64 = 1.9;

impl WsCloseUnanswered {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        match (
            ws::close_of(view, Side::Client),
            ws::close_of(view, Side::Server),
        ) {
            (None, None) => {}
            (Some(a), Some(b)) => both(view, a.stamp.max(b.stamp), out),
            (Some(close), None) | (None, Some(close)) => one(view, close, out),
        }
    }
}

/// Only one side has sent a Close.
fn one(view: &View<'_>, close: &SeenFact, out: &mut Verdicts) {
    let end = ws::hung_up(view);
    let until = |at: Stamp| at.time.since(close.stamp.time).max(0.0);
    let waited = end.map_or_else(|| view.until_end(close.stamp), |e| until(e.stamp));
    let failed = close.int("code").is_some_and(ws::is_trouble);
    if let Some((guard, why)) = guard(view, close.side.other()) {
        out.cannot_tell(&META, guard, why);
    } else if end.is_none() && waited < view.world.thresholds.close_reply {
        let why = format!("the capture ended {} after the Close", seconds(waited));
        out.cannot_tell(&META, "T2", why);
    } else if failed && end.is_some_and(|e| e.side == close.side) && waited < DID_NOT_WAIT {
        // Who fails a connection need not wait (section 7.1.7).
    } else {
        out.raise(unanswered(view, close, waited));
    }
}

/// Both have, with `done`: it is for the server to end TCP.
fn both(view: &View<'_>, done: Stamp, out: &mut Verdicts) {
    let patience = view.world.thresholds.close_reply;
    let fin = view.tcp().and_then(|t| t.sides.server.fin);
    let end = ws::hung_up(view);
    let client_gave_up = end.filter(|e| e.side == Side::Client && e.stamp > done);
    let waited = match (client_gave_up, end) {
        (Some(end), _) => end.stamp.time.since(done.time),
        (None, Some(_)) => return,
        (None, None) => view.until_end(done),
    };
    let still_open = fin.is_none() && view.ending().is_none() && view.until_end(done) >= patience;
    if !still_open && end.is_some() && waited < GAVE_UP {
        return;
    }
    if let Some((guard, why)) = guard(view, Side::Server) {
        out.cannot_tell(&META, guard, why);
    } else if still_open || waited >= patience {
        out.raise(left_standing(view, done, waited.max(0.0)));
    } else if client_gave_up.is_some() {
        out.raise(left_standing(view, done, waited).severity(Severity::Note));
    } else {
        let why = format!("the capture ended {} after both Closes", seconds(waited));
        out.cannot_tell(&META, "T2", why);
    }
}

fn guard(view: &View<'_>, silent_side: Side) -> Option<(&'static str, &'static str)> {
    if view.one_sided() {
        return Some(("T3", "only one direction of this connection was captured"));
    }
    if let Some(doubt) = ws::doubtful(view) {
        return Some(doubt);
    }
    ws::unread(view, silent_side)
        .then_some(("T4", "bytes are missing where the other Close would be"))
}

fn left_standing(view: &View<'_>, done: Stamp, waited: f64) -> Finding {
    let fin = view.tcp().and_then(|t| t.sides.client.fin);
    let client = fin.map_or_else(
        || "nor has the client".to_owned(),
        |fin| format!("and the client did so itself (frame {})", fin.frame),
    );
    Finding::new(&META, done)
        .side(Side::Server)
        .frame(done, "last-close")
        .maybe_frame(fin, "fin")
        .title("Both sides sent a Close, and the server left TCP open")
        .explain(format!(
            "With frame {} both sides have sent their Close. It is for the server to close TCP then, at once; in {} it did not, \
             {client}.",
            done.frame,
            seconds(waited)
        ))
        .advise("See why the server's program keeps the connection: it may leak them.")
        .number("waited", waited)
        .number("threshold", view.world.thresholds.close_reply)
}

fn unanswered(view: &View<'_>, close: &SeenFact, waited: f64) -> Finding {
    let (side, peer) = (close.side, close.side.other());
    let end = ws::hung_up(view);
    let patience = view.world.thresholds.close_reply;
    let (how, fault) = match end {
        Some(end) if end.side == peer => (
            format!(
                "it {} {} later (frame {})",
                end.how(),
                seconds(waited),
                end.stamp.frame
            ),
            peer,
        ),
        Some(end) if waited < DID_NOT_WAIT => (
            format!(
                "but the {side} did not wait: it {} {} later (frame {})",
                end.how(),
                seconds(waited),
                end.stamp.frame
            ),
            side,
        ),
        Some(end) => (
            format!(
                "the {side} gave up {} later and {} (frame {})",
                seconds(waited),
                end.how(),
                end.stamp.frame
            ),
            peer,
        ),
        None => (format!("nothing of it came in {}", seconds(waited)), peer),
    };
    let last = view.session.last_message[peer].map(|m| m.stamp);
    let goes_on = last.filter(|l| l.time.since(close.stamp.time) > patience);
    let talks = goes_on.map_or_else(String::new, |l| {
        format!(" It went on sending messages until frame {}.", l.frame)
    });
    let error = close.int("code").is_some_and(ws::is_trouble);
    let broken = ws::breach(view, peer, close.stamp).is_some()
        || ws::breach(view, side, close.stamp).is_some();
    let finding = Finding::new(&META, close.stamp)
        .side(fault)
        .frame(close.stamp, "close")
        .maybe_frame(last.filter(|l| *l > close.stamp), "last-of-peer")
        .maybe_frame(end.map(|e| e.stamp), "end")
        .title(if fault == side {
            format!("The {side} sent a Close and hung up without waiting for the answer")
        } else {
            format!("The {peer} did not answer the {side}'s Close")
        })
        .explain(format!(
            "The {side} closed the WebSocket in frame {} with {}. The {peer} ({}) sent no Close in return; {how}.{talks}",
            close.stamp.frame,
            ws::close_words(close),
            view.end_of(peer)
        ))
        .advise(format!(
            "See why the program of the {fault} does not finish the closing handshake; peers report such an end as 1006."
        ))
        .number("waited", waited)
        .number("threshold", patience);
    if fault == side || error || broken {
        finding.severity(Severity::Note)
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::ws::{close, elsewhere, opened, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "ws-close-unanswered";

    fn half(side: Side) -> Script {
        opened()
            .client(&text(Side::Client, "hi"))
            .say(side, &close(side, 1000, ""))
    }

    fn both() -> Script {
        half(Side::Client).server(&close(Side::Server, 1000, ""))
    }

    #[test]
    fn no_close_in_return() {
        for side in Side::BOTH {
            let peer = side.other();
            for frames in [
                elsewhere(half(side), 15.0),
                half(side).wait_secs(2.0).fin(side).fin(peer).frames(),
                half(side).wait_ms(5).fin(peer).fin(side).frames(),
                half(side).wait_ms(5).reset(peer).frames(),
            ] {
                let found = findings(frames.clone(), RULE);
                assert_eq!((found.len(), found[0].side), (1, Culprit::from(peer)));
                assert_eq!(loud(frames), [RULE]);
            }
        }
    }

    #[test]
    fn who_does_not_wait_gets_no_answer() {
        let frames = half(Side::Server)
            .wait_ms(5)
            .fin(Side::Server)
            .fin(Side::Client)
            .frames();
        let found = findings(frames.clone(), RULE);
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Note, Culprit::Server)
        );
        assert!(loud(frames).is_empty());
    }

    #[test]
    fn what_was_under_way_may_still_come() {
        let script = half(Side::Client)
            .server(&text(Side::Server, "still under way"))
            .wait_secs(2.0)
            .server(&close(Side::Server, 1000, ""))
            .fin(Side::Server)
            .fin(Side::Client);
        assert!(loud(script.frames()).is_empty());
        assert_eq!(
            cannot_tell(elsewhere(half(Side::Client), 4.0), RULE),
            ["T2"]
        );
    }

    #[test]
    fn the_server_leaves_tcp_open() {
        let found = findings(elsewhere(both(), 15.0), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        let found = findings(elsewhere(both().fin(Side::Client), 15.0), RULE);
        assert_eq!(found.len(), 1);
        let gave_up = both().wait_secs(2.0).close().frames();
        assert_eq!(findings(gave_up, RULE)[0].severity, Severity::Note);
        assert!(loud(elsewhere(both().fin(Side::Server), 15.0)).is_empty());
        assert!(loud(elsewhere(both().close(), 15.0)).is_empty());
        assert!(loud(both().frames()).is_empty());
        for quick in [both().close(), both().reset(Side::Client)] {
            assert!(findings(quick.frames(), RULE).is_empty());
        }
    }

    #[test]
    fn the_answer_was_not_captured() {
        let script = half(Side::Client).server_lost(&close(Side::Server, 1000, ""));
        assert_eq!(
            cannot_tell(script.fin(Side::Server).fin(Side::Client).frames(), RULE),
            ["T4"]
        );
    }
}
