//! `both-sides-waiting`.

use colloquy_dissectors::event::Expect;
use colloquy_dissectors::units::Side;

use super::message_incomplete;
use crate::diagnosis::{Finding, Verdicts, View, declare_rule, seconds};
use crate::session::exchange::Open;
use crate::session::troubles::Incomplete;

declare_rule! {
    /// ## What it means
    /// The dialogue is dead-locked: each side waits for the other, and the network has nothing left to deliver.
    ///
    /// ## Why it matters
    /// Nothing will ever happen again by itself. Only a time-out or somebody who kills one side ends it.
    ///
    /// ## How it is told
    /// The connection is open, everything that was sent is acknowledged, both windows are open, and for longer than 5 s
    /// nothing was said. In this silence either one side has sent half a message and waits for an answer to it while the
    /// other waits for the rest, or both sides have asked something and wait for each other's answer longer than is
    /// reasonable.
    ///
    /// ## Example
    /// `rpc-record-incomplete`: the client's record is shorter than its mark says; the server waits for the rest, the
    /// client for the reply.
    ///
    /// ## What to do
    /// Compare the length in the header of the last message with what was sent. Where both have asked: break the cycle,
    /// one side must answer before it asks.
    ///
    /// ## References
    /// RFC 9293 section 3.8 (all was acknowledged); the protocol's own framing.
    pub BothSidesWaiting = "both-sides-waiting" {
        summary: "Both sides wait for each other",
        severity: Critical,
        category: Dialogue,
        protocols: [],
        reference: "RFC 9293 section 3.8; the framing of the protocol",
    }
}

impl BothSidesWaiting {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let silent = view.until_end(view.flow.last);
        if view.is_carrier() || view.ending().is_some() || !at_rest(view) {
            return;
        }
        for half in &view.session.troubles.incomplete {
            let own_words_last = said_by(view) == Some(half.side);
            match message_incomplete::guard(view, half) {
                Some((guard, why)) => out.cannot_tell(&META, guard, why),
                None if own_words_last => {
                    out.raise(half_a_message(view, half, silence(view, half)));
                }
                None => {}
            }
        }
        if let (Some(a), Some(b)) = (overdue(view, Side::Client), overdue(view, Side::Server)) {
            out.raise(both_asked(a, b, silent));
        }
    }
}

/// TCP has nothing left to do: all was acknowledged, and both could take more.
fn at_rest(view: &View<'_>) -> bool {
    view.tcp().is_some_and(|tcp| {
        Side::BOTH.iter().all(|s| {
            let facts = &tcp.sides[*s];
            facts.unacked == 0 && facts.fin.is_none() && facts.zero_window.since.is_none()
        })
    })
}

/// Who sent bytes last.
fn said_by(view: &View<'_>) -> Option<Side> {
    let tcp = view.tcp()?;
    Side::BOTH
        .into_iter()
        .max_by_key(|s| tcp.sides[*s].last_data)
}

fn silence(view: &View<'_>, half: &Incomplete) -> f64 {
    view.until_end(half.stamp)
}

/// A request that waits longer than is reasonable, and not by design.
fn overdue<'a>(view: &View<'a>, side: Side) -> Option<&'a Open> {
    view.session.open.iter().find(|open| {
        open.side == side
            && open.expect == Expect::Answer
            && open.interim.is_none()
            && open.cancelled.is_none()
            && !open.answer_may_be_missing
            && view.session.encrypted.is_none()
            // A Ping holds nobody up.
            && view.session.protocol != "websocket"
            && view.waited(open) >= view.patience(open)
    })
}

fn half_a_message(view: &View<'_>, half: &Incomplete, silent: f64) -> Finding {
    let (side, other) = (half.side, half.side.other());
    let missing = half.expected.saturating_sub(half.present);
    let asked = view.session.open.iter().find(|o| o.side == other);
    let waits = asked.map_or_else(
        || format!("the {side} takes it for sent and waits for what comes next"),
        |open| {
            format!(
                "the {other} waits for the answer to {} (frame {})",
                open.op, open.asked.frame
            )
        },
    );
    Finding::new(&META, half.stamp)
        .side(side)
        .maybe_frame(asked.map(|o| o.asked), "request")
        .frame(half.began, "half-message")
        .frame(half.stamp, "last-bytes")
        .maybe_frame(view.tcp().and_then(|t| t.sides[other].last), "acknowledged")
        .title(format!(
            "Dead-lock: {missing} bytes of {} are missing, and nobody moves",
            half.op
        ))
        .explain(format!(
            "The {side} sent {} of the {} bytes of {} and stopped {} ago. TCP has delivered everything, and both windows \
             are open. The {other} waits for {missing} bytes more; {waits}.",
            half.present,
            half.expected,
            half.op,
            seconds(silent)
        ))
        .advise("Compare the length in the message's header with what its sender meant to send.")
        .number("missing_bytes", missing as f64)
        .number("silent", silent)
        .number("threshold", view.world.thresholds.incomplete)
}

fn both_asked(client: &Open, server: &Open, silent: f64) -> Finding {
    let later = client.asked.max(server.asked);
    Finding::new(&META, later)
        .frame(client.asked, "request-of-client")
        .frame(server.asked, "request-of-server")
        .title(format!(
            "Dead-lock: the client waits for {}, the server for {}",
            client.op, server.op
        ))
        .explain(format!(
            "The client asked {} in frame {} and the server {} in frame {}; TCP has delivered both, and neither has been \
             answered. The connection has been silent for {}.",
            client.op,
            client.asked.frame,
            server.op,
            server.asked.frame,
            seconds(silent)
        ))
        .advise("One side must answer before it asks: look at what the two requests lock.")
        .number("silent", silent)
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::Severity;
    use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
    use crate::diagnosis::rules::bench::findings;

    const RULE: &str = "both-sides-waiting";

    /// A record of which the mark promises 16 bytes more than there are.
    fn short_record() -> Vec<u8> {
        let mut bytes = record(&call(1));
        bytes[3] += 16;
        bytes
    }

    /// Another conversation that makes the capture last on.
    fn and_then(script: Script, seconds: f64) -> Vec<crate::capture::script::ScriptFrame> {
        let other = Script::udp("10.0.0.7:1000", "10.0.0.8:2000");
        Script::merge([script, other.wait_secs(seconds).client(b"x")])
    }

    #[test]
    fn the_server_waits_for_the_rest_and_the_client_for_the_answer() {
        let found = findings(and_then(over_tcp().client(&short_record()), 20.0), RULE);
        assert_eq!(found[0].severity, Severity::Critical);
        assert!(
            found[0].numbers.contains(&("missing_bytes", 16.0)),
            "{found:?}"
        );
    }

    #[test]
    fn half_an_answer() {
        let script = over_tcp()
            .client(&record(&call(1)))
            .server(&record(&answer(1))[..14]);
        let found = findings(and_then(script, 20.0), RULE);
        assert!(found[0].frames.iter().any(|e| e.role == "request"));
    }

    #[test]
    fn a_server_that_merely_takes_its_time_is_no_deadlock() {
        let script = over_tcp().client(&record(&call(1)));
        assert!(findings(and_then(script, 60.0), RULE).is_empty());
    }

    #[test]
    fn what_was_not_acknowledged_is_not_delivered() {
        let script = over_tcp().client_unacknowledged(&short_record());
        assert!(findings(and_then(script, 20.0), RULE).is_empty());
    }

    #[test]
    fn a_window_that_is_shut_is_another_matter() {
        let script = over_tcp().client(&short_record()).zero_window(Side::Server);
        assert!(findings(and_then(script, 20.0), RULE).is_empty());
    }

    #[test]
    fn the_rest_was_not_captured() {
        let script = over_tcp()
            .client(&short_record())
            .client_lost(&[0; 16])
            .server(&record(&answer(1)));
        assert!(findings(and_then(script, 20.0), RULE).is_empty());
    }
}
