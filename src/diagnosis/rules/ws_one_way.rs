//! `ws-one-way`.

use colloquy_dissectors::units::Side;

use super::ws;
use crate::diagnosis::{Finding, Verdicts, View, declare_rule, seconds};
use crate::session::model::SeenFact;

declare_rule! {
    /// ## What it means
    /// For a while each message of the client was answered with one of the server; then the client went on, and the server
    /// said nothing any more.
    ///
    /// ## Why it matters
    /// The connection is up and Pings may even be answered, by the library: only the application behind it is stuck. No
    /// time-out of TCP or WebSocket notices that.
    ///
    /// ## How it is told
    /// After at least ten messages of the client that were followed by exactly one of the server each, five messages of the
    /// client in a row got none, and none came within the 20 s after them. WebSocket knows no answers, so it is `likely`; a
    /// dialogue in which anybody may speak at any time is left alone.
    ///
    /// ## Example
    /// An echo server whose handler waits for a lock: twenty echoes, then forty messages into the void.
    ///
    /// ## What to do
    /// See what the server's handler of this connection waits for; let requests of the application carry an id and a
    /// time-out of their own.
    ///
    /// ## References
    /// RFC 6455 section 5.6.
    pub WsOneWay = "ws-one-way" {
        summary: "The server does not answer messages any more",
        severity: Warning,
        category: Dialogue,
        protocols: ["websocket"],
        reference: "RFC 6455 section 5.6",
    }
}

/// Silence after the unanswered messages: seconds.
const PATIENCE: f64 = 20.0;

impl WsOneWay {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let Some(fact) = view.session.fact("ws.one-way") else {
            return;
        };
        if view.session.fact("ws.two-way-again").is_some() {
            return;
        }
        let ends = Side::BOTH.into_iter().filter_map(|s| ws::close_of(view, s));
        let ends = ends
            .map(|c| c.stamp)
            .chain(ws::hung_up(view).map(|h| h.stamp));
        let end = ends.min();
        let waited = end.map_or_else(
            || view.until_end(fact.stamp),
            |e| e.time.since(fact.stamp.time),
        );
        if view.one_sided() {
            out.cannot_tell(
                &META,
                "T3",
                "only one direction of this connection was captured",
            );
        } else if ws::unread(view, Side::Server) {
            out.cannot_tell(
                &META,
                "T4",
                "bytes of the server are missing, and answers may be among them",
            );
        } else if waited >= PATIENCE {
            out.raise(finding(view, fact, waited));
        } else if end.is_none() {
            let why = format!(
                "the capture ended {} after the unanswered messages",
                seconds(waited)
            );
            out.cannot_tell(&META, "T2", why);
        }
    }
}

fn finding(view: &View<'_>, fact: &SeenFact, waited: f64) -> Finding {
    let rounds = fact.int("rounds").unwrap_or_default();
    let last = view.session.last_message.client.map(|m| m.stamp);
    Finding::new(&META, fact.stamp)
        .likely()
        .side(Side::Server)
        .frame(fact.stamp, "unanswered")
        .maybe_frame(last, "last-of-client")
        .title(format!("The server answered {rounds} messages, and then no more"))
        .explain(format!(
            "{rounds} messages of the client were each followed by one of the server. Five in a row were not, the fifth in \
             frame {}, and {} later there was still nothing of the application at {}.",
            fact.stamp.frame,
            seconds(waited),
            view.server()
        ))
        .advise("See what the server's handler of this connection waits for.")
        .number("rounds", rounds as f64)
        .number("waited", waited)
        .number("threshold", PATIENCE)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Culprit;
    use crate::diagnosis::rules::bench::ws::{close, ended, opened, text};
    use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};

    const RULE: &str = "ws-one-way";

    fn rounds(count: usize) -> Script {
        (0..count).fold(opened(), |script, n| {
            script
                .client(&text(Side::Client, &format!("question {n}")))
                .server(&text(Side::Server, &format!("answer {n}")))
        })
    }

    fn alone(script: Script, count: usize) -> Script {
        (0..count).fold(script, |script, n| {
            script
                .wait_secs(1.0)
                .client(&text(Side::Client, &format!("still there {n}?")))
        })
    }

    #[test]
    fn answers_stop() {
        let script = alone(rounds(12), 30);
        let frames = ended(script.clone(), Side::Client, 1000, "");
        let found = findings(frames.clone(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
        assert_eq!(loud(frames), [RULE]);
        let again = script.server(&text(Side::Server, "sorry"));
        assert!(loud(ended(again, Side::Client, 1000, "")).is_empty());
    }

    #[test]
    fn a_client_that_only_reports_is_quiet() {
        for script in [
            alone(rounds(3), 60),
            alone(rounds(12), 4).wait_secs(60.0),
            alone(opened(), 60),
            alone(rounds(12), 9),
        ] {
            assert!(loud(ended(script, Side::Client, 1000, "")).is_empty());
        }
    }

    #[test]
    fn answers_may_not_have_been_captured() {
        let lost = alone(rounds(12), 30).server_lost(&text(Side::Server, "an answer"));
        let frames = lost.server(&close(Side::Server, 1000, "")).frames();
        assert!(findings(frames, RULE).is_empty());
        assert_eq!(cannot_tell(alone(rounds(12), 9).frames(), RULE), ["T2"]);
    }
}
