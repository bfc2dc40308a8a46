//! Answers that were made in time and arrived late.

use super::{META, advice};
use crate::diagnosis::rules::tcp_loss_stall;
use crate::diagnosis::{Culprit, Finding, Severity, Verdicts, View, seconds};
use crate::session::exchange::{Answered, LateArrival};
use crate::stream::facts::Arrived;

/// `told`: answers of which it is told that they were made late.
pub(super) fn run(view: &View<'_>, told: &[&Answered], out: &mut Verdicts) {
    for late in &view.session.troubles.late {
        let took = took(&late.arrived);
        let slow = took > view.world.thresholds.slow_answer;
        if !slow || told.iter().any(|t| t.answered == late.answered) {
            continue;
        }
        if view.lost_between(late.arrived.sent, late.arrived.acked) {
            let why = "bytes are missing behind the answer: it may have been acknowledged in time";
            out.cannot_tell(&META, "T4", why);
        } else if let Some(finding) = finding(view, late) {
            out.raise(finding);
        }
    }
}

fn took(arrived: &Arrived) -> f64 {
    arrived.nanos() as f64 / 1e9
}

/// None where the way itself is long.
fn finding(view: &View<'_>, late: &LateArrival) -> Option<Finding> {
    let (arrived, asker) = (&late.arrived, late.side.other());
    let took = took(arrived);
    let way = view.tcp()?.round_trip_nanos()? as f64 / 1e9;
    if took <= view.world.thresholds.slow_times_median * way {
        return None;
    }
    let severity = if tcp_loss_stall::tells(view, late.side) {
        Severity::Note
    } else {
        META.severity
    };
    let finding = Finding::new(&META, arrived.acked)
        .severity(severity)
        .side(Culprit::Network)
        .frame(late.answered, "answer")
        .frames(&arrived.again, "answer-again")
        .maybe_frame(arrived.peer_again, "request-again")
        .frame(arrived.acked, "acknowledged")
        .title(format!(
            "The answer to {} was acknowledged after {}",
            late.op,
            seconds(took)
        ))
        .explain(format!(
            "The {} answered {} in frame {}, and the {asker} acknowledged that only {} later, in frame {}. Meanwhile it was sent \
             again at least {} times, and {}. The handshake took {}. For the {asker} the answer came that late, or its \
             acknowledgements were lost.",
            late.side,
            late.op,
            late.answered.frame,
            seconds(took),
            arrived.acked.frame,
            arrived.count,
            meanwhile(late),
            seconds(way)
        ))
        .advise(advice(Culprit::Network, asker))
        .number("took", took)
        .number("threshold", view.world.thresholds.slow_answer)
        .number("usual", way)
        .number("sent_again", f64::from(arrived.count));
    Some(finding)
}

/// What came of who asked, until it acknowledged the answer.
fn meanwhile(late: &LateArrival) -> String {
    let asker = late.side.other();
    match late.arrived.peer_again {
        Some(again) => format!(
            "the {asker}, which had nothing of it yet, sent its own bytes again (frame {})",
            again.frame
        ),
        None => format!("nothing of the {asker} acknowledged it"),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::calls::{answer, call, healthy, over_tcp, record};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::{Culprit, Finding, Severity};

    const RULE: &str = "slow-answer";

    fn told(script: Script) -> Vec<Finding> {
        findings(script.close().frames(), RULE)
    }

    /// An answer that its sender repeats `again` times before it is acknowledged.
    fn repeated(script: Script, again: u32) -> Script {
        let script = script
            .client(&record(&call(9)))
            .server_unacknowledged(&record(&answer(9)));
        let script = (0..again).fold(script, |s, _| {
            s.wait_ms(200).retransmit_last_unheard(Side::Server)
        });
        script.wait_secs(1.0).client(&record(&call(10)))
    }

    #[test]
    fn an_answer_that_arrives_late() {
        let script = repeated(healthy(over_tcp(), 5), 2).server(&record(&answer(10)));
        let found = told(script);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Warning, Culprit::Network)
        );
        assert!(
            found[0].title.contains("acknowledged after 1.8"),
            "{found:?}"
        );
    }

    #[test]
    fn an_answer_that_was_sent_again_once_may_only_lack_its_acknowledgement() {
        let script = repeated(healthy(over_tcp(), 5), 1).server(&record(&answer(10)));
        assert!(told(script).is_empty());
    }

    #[test]
    fn an_answer_that_could_not_be_taken_is_not_late_by_the_path() {
        let script = healthy(over_tcp(), 5)
            .client(&record(&call(9)))
            .zero_window(Side::Client);
        let script = script.server_unacknowledged(&record(&answer(9)));
        let script = script
            .wait_ms(600)
            .retransmit_last_unheard(Side::Server)
            .wait_ms(600)
            .retransmit_last_unheard(Side::Server)
            .wait_secs(1.0)
            .client(&record(&call(10)))
            .server(&record(&answer(10)));
        assert!(told(script).is_empty());
    }

    #[test]
    fn an_acknowledgement_that_was_missed_by_the_capture_is_not_guessed() {
        let script = repeated(healthy(over_tcp(), 5), 2);
        let script = script
            .server(&record(&answer(10)))
            .client_lost(&record(&call(11)))
            .server(&record(&answer(11)));
        let frames = script.close().frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T4"]);
    }

    #[test]
    fn who_asks_again_had_no_answer_until_then() {
        // Five calls of 44 bytes and their answers of 28 came before.
        let again = record(&call(9));
        let (seq, ack) = (1 + 5 * 44, 1 + 5 * 28);
        let script = healthy(over_tcp(), 5)
            .client(&again)
            .server_unacknowledged(&record(&answer(9)))
            .retransmit_last_unheard(Side::Server)
            .segment(Side::Client, flag::ACK | flag::PSH, seq, ack, &again)
            .retransmit_last_unheard(Side::Server)
            .wait_ms(400)
            .retransmit_last_unheard(Side::Server)
            .wait_ms(800)
            .client(&record(&call(10)))
            .server(&record(&answer(10)));
        let found = told(script);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].numbers.contains(&("sent_again", 3.0)), "{found:?}");
        let roles = |role| found[0].frames.iter().filter(|e| e.role == role).count();
        assert_eq!((roles("answer-again"), roles("request-again")), (3, 1));
        assert!(found[0].explanation.contains("had nothing of it yet"));
    }
}
