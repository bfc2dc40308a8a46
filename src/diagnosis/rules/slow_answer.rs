//! `slow-answer`.

use super::http::request_words;
use super::{dcerpc, tcp_loss_stall};
use crate::diagnosis::blame::Way;
use crate::diagnosis::{
    Culprit, Finding, Severity, Verdicts, View, counted, declare_rule, once_more, seconds,
};
use crate::session::exchange::{Answered, LateArrival};
use crate::session::model::{SeenFact, Session};

declare_rule! {
    /// ## What it means
    /// A request was answered, but far later than is usual here.
    ///
    /// ## Why it matters
    /// Somebody waited. One slow answer among fast ones is often the first sign of what later hangs altogether.
    ///
    /// ## How it is told
    /// From the last byte of the request to the first byte of the answer more than a second passed, and more than ten
    /// times the median of the same operation at the same server where at least three others were answered; or longer
    /// than an answer is waited for at all. Where the operation is not known that well it is compared with the median of
    /// the session's other answers, otherwise with the round trip of the connection's handshake, and it is a note: the
    /// first of its kind may have had something to start, as a bind of DCE/RPC that starts the service (always a note).
    /// It is a note too where the operation always takes that long, and with HTTP, where it may be a long poll. Bytes
    /// count when they are seen first, so retransmissions do not
    /// matter. What may wait by design (interim answers, long polls, CHANGE_NOTIFY) is left out. Of pipelined requests of HTTP/1.1
    /// the one that kept the others waiting is told, with their number; an upload that was answered before its end is not.
    ///
    /// An answer that was made in time may arrive late: captured at the side that answers, its bytes were sent again at least
    /// twice with nothing of the peer between, and acknowledged more than a second, and more than ten round trips of the
    /// handshake, after they were sent first. It is a note where `tcp-loss-stall` tells of the losses. Where the peer's
    /// window was shut it was not the path, and it is left out.
    ///
    /// Who had the request is told with the time of each part: until TCP acknowledged it (the network), from there to the
    /// first byte of the answer (the program that was asked), from there to the last (the transfer), and how long the window of
    /// who asked was shut in that time.
    ///
    /// ## Example
    /// `rpc-slow-server`: the reply comes after 3 s on a path of 4 ms. `smb2-slow-server-reply`, at the server: the reply is
    /// sent after 1 ms, and acknowledged after 1.5 s.
    ///
    /// ## What to do
    /// Capture at the server. Is the answer late there too, look at the server's load, locks, disks and what it asks
    /// itself; if not, the path loses time.
    ///
    /// ## References
    /// None: experience.
    pub SlowAnswer = "slow-answer" {
        summary: "Answered, but far too late",
        severity: Warning,
        category: Dialogue,
        protocols: [],
        reference: "no standard says how long an answer may take",
    }
}

/// So many other answers of an operation make a usual time.
const OTHERS: u64 = 3;

/// What an answer's time is compared with.
struct Usual {
    secs: f64,
    what: &'static str,
    /// Of the same operation.
    same: bool,
}

impl SlowAnswer {
    fn run(view: &View<'_>, out: &mut Verdicts) {
        let thresholds = &view.world.thresholds;
        let mut slow: Vec<&Answered> = view
            .session
            .troubles
            .slow
            .iter()
            .filter(|a| !a.long_wait && took(a) > thresholds.slow_answer)
            .collect();
        slow.sort_by_key(|a| std::cmp::Reverse(a.nanos_to_first()));
        let queued = in_line(view, &mut slow);
        let mut told: Vec<&Answered> = Vec::new();
        for answered in slow {
            // An answer that waited for one that is told already is slow only because of it.
            let behind = told
                .iter()
                .any(|t| t.asked < answered.asked && answered.began <= t.answered);
            if behind {
                continue;
            }
            if view.lost_between(answered.asked, answered.answered) {
                let why = "bytes are missing between the request and the answer: it may have been put off";
                out.cannot_tell(&META, "T4", why);
            } else if dcerpc::bound_unseen(view, answered.op) {
                out.cannot_tell(&META, "T1", dcerpc::BOUND_UNSEEN);
            } else if let Some(finding) = judge(view, answered) {
                told.push(answered);
                out.raise(behind_it(finding, &queued, answered));
            }
        }
        for late in &view.session.troubles.late {
            let took = late.arrived.nanos() as f64 / 1e9;
            if took <= thresholds.slow_answer || told.iter().any(|t| t.answered == late.answered) {
                continue;
            }
            if view.lost_between(late.arrived.sent, late.arrived.acked) {
                let why =
                    "bytes are missing behind the answer: it may have been acknowledged in time";
                out.cannot_tell(&META, "T4", why);
            } else if let Some(finding) = arrived_late(view, late, took) {
                out.raise(finding);
            }
        }
    }
}

/// Answers of HTTP/1 that only waited for their turn: taken out of `slow`, and given with the one that kept them.
fn in_line<'a>(view: &View<'_>, slow: &mut Vec<&'a Answered>) -> Vec<(&'a Answered, &'a Answered)> {
    let mut queued: Vec<(&Answered, &Answered)> = Vec::new();
    if view.session.protocol != "http" {
        return queued;
    }
    // What is answered before a request is whole waited for the rest of that.
    let mut early = view.session.facts_named("http.early-answer").peekable();
    if early.peek().is_some() {
        let early: Vec<_> = early.filter_map(|f| f.request).collect();
        slow.retain(|a| !early.contains(&a.asked));
    }
    let least = view.world.thresholds.slow_answer;
    let mut in_order = slow.clone();
    in_order.sort_by_key(|a| (a.began, a.asked));
    for (at, late) in in_order.iter().enumerate() {
        let kept = in_order.iter().take(at).rev().find(|first| {
            let waited = first.asked <= late.asked && late.asked < first.began;
            waited && late.began.time.since(first.answered.time) <= least
        });
        if let Some(first) = kept {
            let root = queued.iter().find(|(late, _)| std::ptr::eq(*late, *first));
            queued.push((late, root.map_or(first, |(_, root)| root)));
        }
    }
    slow.retain(|a| !queued.iter().any(|(late, _)| std::ptr::eq(*late, *a)));
    queued
}

/// Says which other answers waited for this one.
fn behind_it(finding: Finding, queued: &[(&Answered, &Answered)], root: &Answered) -> Finding {
    let behind = queued.iter().filter(|(_, r)| std::ptr::eq(*r, root));
    let stamps: Vec<_> = behind.map(|(late, _)| late.began).collect();
    if stamps.is_empty() {
        return finding;
    }
    let count = stamps.len() as u64;
    let said = format!(
        "{} waited behind it, since HTTP/1.1 answers in the order of the requests: what they took themselves nobody sees.",
        counted(count, "later answer")
    );
    finding
        .frames(&stamps, "waited-behind-it")
        .also(&said)
        .number("behind", count as f64)
}

/// An answer that was late only at who asked.
fn arrived_late(view: &View<'_>, late: &LateArrival, took: f64) -> Option<Finding> {
    let way = view.tcp()?.round_trip_nanos()? as f64 / 1e9;
    if took <= view.world.thresholds.slow_times_median * way {
        return None;
    }
    let severity = if tcp_loss_stall::tells(view, late.side) {
        Severity::Note
    } else {
        META.severity
    };
    let (arrived, asker) = (&late.arrived, late.side.other());
    let finding = Finding::new(&META, arrived.acked)
        .severity(severity)
        .side(Culprit::Network)
        .frame(late.answered, "answer")
        .frame(arrived.again, "answer-again")
        .frame(arrived.acked, "acknowledged")
        .title(format!(
            "The answer to {} was acknowledged after {}",
            late.op,
            seconds(took)
        ))
        .explain(format!(
            "The {} answered {} in frame {}, and the {asker} acknowledged that only {} later, in frame {}. Meanwhile it was sent \
             again at least {} times, the last time in frame {}, and nothing came of the {asker}. The handshake took {}. \
             For the {asker} the answer came that late, or its acknowledgements were lost.",
            late.side,
            late.op,
            late.answered.frame,
            seconds(took),
            arrived.acked.frame,
            arrived.count,
            arrived.again.frame,
            seconds(way)
        ))
        .advise(advice(Culprit::Network))
        .number("took", took)
        .number("threshold", view.world.thresholds.slow_answer)
        .number("usual", way);
    Some(finding)
}

fn took(answered: &Answered) -> f64 {
    answered.nanos_to_first() as f64 / 1e9
}

fn judge(view: &View<'_>, answered: &Answered) -> Option<Finding> {
    let factor = view.world.thresholds.slow_times_median;
    let usual = usual(view, answered);
    let took = took(answered);
    let thresholds = &view.world.thresholds;
    let severity = match &usual {
        // Operations of HTTP differ by their target, which may be a long poll.
        Some(_) if matches!(view.session.protocol, "http" | "http2") => Severity::Note,
        // A Pong may wait for its turn, or be one for several Pings.
        _ if view.session.protocol == "websocket" && answered.op.name == "Ping" => Severity::Note,
        Some(usual) if usual.same && took > factor * usual.secs && !starts_a_service(answered) => {
            META.severity
        }
        _ if took > thresholds.patience(view.session.protocol, answered.op) => META.severity,
        None => Severity::Note,
        // The usual time itself is long: the operation is always slow.
        Some(usual) if took > factor * usual.secs || usual.secs > thresholds.slow_answer => {
            Severity::Note
        }
        Some(_) => return None,
    };
    Some(finding(view, answered, usual.as_ref(), severity))
}

/// Every bind is the first of its connection, and may start the service behind the interface, or have its server ask
/// another about the user: others of its kind say little about it.
fn starts_a_service(answered: &Answered) -> bool {
    matches!(answered.op.name, "Bind" | "AlterContext")
}

fn usual(view: &View<'_>, answered: &Answered) -> Option<Usual> {
    let session = view.session;
    let times = view
        .world
        .times(session.protocol, answered.op, view.flow.server);
    if let Some(times) = times.filter(|t| t.count() > OTHERS) {
        let secs = times.quantile(0.5)?;
        let what = "the median of this operation at this server";
        return Some(Usual {
            secs,
            what,
            same: true,
        });
    }
    if let Some(secs) = others(session, answered) {
        let what = "the median of the session's other answers";
        return Some(Usual {
            secs,
            what,
            same: false,
        });
    }
    let nanos = view.tcp()?.round_trip_nanos()?;
    Some(Usual {
        secs: nanos as f64 / 1e9,
        what: "the round trip of the connection's handshake",
        same: false,
    })
}

/// The median of all other answers of the session. It is robust against one slow answer more, so that where there are
/// enough, the one in question need not be taken out.
fn others(session: &Session, answered: &Answered) -> Option<f64> {
    let mut all = crate::session::times::Times::default();
    for operation in &session.operations {
        if operation.op != answered.op || operation.times.count() > 1 {
            all.merge(&operation.times);
        }
    }
    // With its own operation left out, or in the minority.
    let own = session.operations.iter().find(|o| o.op == answered.op);
    let only_own = own.is_some_and(|o| o.times.count() == all.count());
    if all.count() == 0 || only_own {
        return None;
    }
    all.quantile(0.5)
}

fn finding(
    view: &View<'_>,
    answered: &Answered,
    usual: Option<&Usual>,
    severity: Severity,
) -> Finding {
    let took = took(answered);
    let compared = usual.map_or_else(
        || "There is nothing to compare it with.".to_owned(),
        |u| format!("Usual is {} ({}).", seconds(u.secs), u.what),
    );
    let again = if answered.repeats > 0 {
        format!(
            " The request was sent {} meanwhile.",
            once_more(answered.repeats.into())
        )
    } else {
        String::new()
    };
    let way = Way::of_answered(view, answered);
    let (culprit, lost) = culprit(view, answered, &way);
    let asked = asked(view, answered);
    let finding = Finding::new(&META, answered.began)
        .severity(severity)
        .side(culprit)
        .frame(answered.asked, "request")
        .maybe_frame(way.acked, "acknowledged")
        .frame(answered.began, "answer")
        .title(format!("{asked} was answered after {}", seconds(took)))
        .explain(format!(
            "The {} asked {asked} in frame {}; the answer began {} later in frame {}. {compared}{again}{}{lost}",
            answered.side,
            answered.asked.frame,
            seconds(took),
            answered.began.frame,
            way.told()
        ))
        .advise(advice(culprit))
        .number("took", took)
        .number("threshold", view.world.thresholds.slow_answer)
        .number("usual", usual.map_or(0.0, |u| u.secs));
    way.count(finding)
}

/// What was asked: of HTTP with its target, where just one answer was told there.
fn asked(view: &View<'_>, answered: &Answered) -> String {
    let here = |f: &&SeenFact| f.began == answered.began && f.stamp == answered.answered;
    let mut named = view.session.facts_named("http.slow").filter(here);
    match (named.next(), named.next()) {
        (Some(fact), None) => request_words(fact),
        _ => answered.op.to_string(),
    }
}

fn advice(culprit: Culprit) -> &'static str {
    match culprit {
        Culprit::Network => {
            "Look for loss on the path: what was sent again, link errors, full queues."
        }
        Culprit::Client => "Look at the program that asked: it does not read what it is sent.",
        _ => {
            "Capture at the server: is the answer late there too, look at the server, otherwise at the path."
        }
    }
}

/// Loss where there was loss, who asked where it could take nothing, otherwise whoever was asked; and what there is to say of
/// the loss.
fn culprit(view: &View<'_>, answered: &Answered, way: &Way) -> (Culprit, &'static str) {
    let took = took(answered);
    let stalled = view.tcp().is_some_and(|tcp| {
        [&tcp.sides.client, &tcp.sides.server].iter().any(|s| {
            s.stalls.longest.is_some_and(|(a, b)| {
                let within = b > answered.asked && a < answered.began;
                let long = b.time.since(a.time) > took / 2.0;
                // Nothing acknowledged it before the answer came.
                let unheard = way.acked.is_none() && s.stalls.nanos as f64 / 1e9 > took / 2.0;
                within && (long || unheard)
            })
        })
    });
    // A reply for every copy: the first one had arrived as well.
    let again = view.session.troubles.double_replies.iter();
    let all = again.filter(|d| d.first == answered.answered).count() >= answered.repeats as usize;
    // TCP acknowledges within half a second what has arrived.
    let late = way.until_acknowledged().is_some_and(|t| t > took / 2.0);
    if stalled || late {
        let lost = " Bytes were lost on the way and sent again: the network had most of the time.";
        (Culprit::Network, lost)
    } else if answered.repeats > 0 && !all {
        (Culprit::Network, "")
    } else if way.is_shut_out() {
        (Culprit::from(answered.side), "")
    } else {
        (Culprit::from(answered.side.other()), "")
    }
}

#[cfg(test)]
mod tests {
    use colloquy_dissectors::units::Side;

    use crate::capture::script::Script;
    use crate::diagnosis::rules::bench::calls::{
        answer, call, healthy, over_tcp, over_udp, record,
    };
    use crate::diagnosis::rules::bench::dcerpc::{SERVER, ack, bind, request, response};
    use crate::diagnosis::rules::bench::{cannot_tell, findings};
    use crate::diagnosis::{Culprit, Severity};

    const RULE: &str = "slow-answer";

    fn slow(script: Script, xid: u32, seconds: f64) -> Script {
        script
            .client(&record(&call(xid)))
            .wait_secs(seconds)
            .server(&record(&answer(xid)))
    }

    fn severities(script: Script) -> Vec<Severity> {
        let found = findings(script.close().frames(), RULE);
        found.iter().map(|f| f.severity).collect()
    }

    #[test]
    fn one_among_fast_ones() {
        assert_eq!(
            severities(slow(healthy(over_tcp(), 5), 9, 2.0)),
            [Severity::Warning]
        );
    }

    #[test]
    fn alone_it_is_compared_with_the_round_trip_and_a_note() {
        assert_eq!(severities(slow(over_tcp(), 9, 3.0)), [Severity::Note]);
    }

    #[test]
    fn a_bind_may_start_its_service() {
        let scripts = (0..6).map(|n| {
            Script::tcp(&format!("10.0.0.1:{}", 40_000 + n), SERVER)
                .connect()
                .client(&bind())
                .wait_secs(if n == 5 { 3.0 } else { 0.01 })
                .server(&ack(0, 0))
                .client(&request(2, 15))
                .server(&response(2, 0))
                .close()
        });
        let found = findings(Script::merge(scripts), RULE);
        let told: Vec<_> = found.iter().map(|f| f.severity).collect();
        assert_eq!(told, [Severity::Note]);
    }

    #[test]
    fn longer_than_an_answer_is_waited_for_at_all() {
        assert_eq!(severities(slow(over_tcp(), 9, 30.0)), [Severity::Warning]);
    }

    #[test]
    fn nothing_to_compare_with_over_udp_is_a_note() {
        let script = over_udp()
            .client(&call(1))
            .wait_secs(3.0)
            .server(&answer(1));
        let found = findings(script.frames(), RULE);
        assert_eq!(found[0].severity, Severity::Note);
    }

    #[test]
    fn each_part_of_the_wait_has_its_time() {
        let found = findings(slow(healthy(over_tcp(), 5), 9, 2.0).close().frames(), RULE);
        let number = |name| found[0].numbers.iter().find(|n| n.0 == name).map(|n| n.1);
        assert!(number("until_acknowledged").unwrap() < 0.01, "{found:?}");
        assert!((number("at_program").unwrap() - 2.0).abs() < 0.01);
        assert!(found[0].frames.iter().any(|e| e.role == "acknowledged"));
        assert_eq!(found[0].side, Culprit::Server);
    }

    #[test]
    fn a_request_that_was_lost_and_sent_again_was_with_the_network() {
        let script = healthy(over_tcp(), 5).client_unacknowledged(&record(&call(9)));
        let script = script.wait_secs(2.0).retransmit_last(Side::Client);
        let script = script.server(&record(&answer(9)));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].side, Culprit::Network, "{found:?}");
    }

    #[test]
    fn who_asked_could_not_take_the_answer() {
        let script = healthy(over_tcp(), 5)
            .client(&record(&call(9)))
            .zero_window(Side::Client)
            .wait_secs(2.0)
            .window_update(Side::Client)
            .server(&record(&answer(9)));
        let found = findings(script.close().frames(), RULE);
        assert_eq!(found[0].side, Culprit::Client, "{found:?}");
        assert!(found[0].numbers.iter().any(|n| n.0 == "window_shut"));
    }

    #[test]
    fn an_operation_that_always_takes_that_long_is_a_note() {
        let mut script = over_tcp();
        for xid in 0..5 {
            script = slow(script, xid, 1.5);
        }
        let told = severities(script);
        assert!(
            !told.is_empty() && told.iter().all(|s| *s == Severity::Note),
            "{told:?}"
        );
    }

    #[test]
    fn an_answer_that_was_not_captured_is_not_guessed() {
        let script = healthy(over_tcp(), 5)
            .client(&record(&call(9)))
            .wait_secs(2.0)
            .server_lost(&record(&answer(9)))
            .client(&record(&call(10)))
            .server(&record(&answer(10)));
        assert!(severities(script).is_empty());
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
        let found = findings(script.close().frames(), RULE);
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
        assert!(severities(script).is_empty());
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
        assert!(severities(script).is_empty());
    }

    #[test]
    fn an_acknowledgement_that_was_missed_by_the_capture_is_not_guessed() {
        let script = repeated(healthy(over_tcp(), 5), 2);
        let script = script
            .server(&record(&answer(10)))
            .client_lost(&record(&call(11)))
            .server(&record(&answer(11)));
        assert!(severities(script).is_empty());
    }

    #[test]
    fn less_than_a_second_is_not_slow() {
        assert!(severities(slow(healthy(over_tcp(), 5), 9, 0.8)).is_empty());
    }

    #[test]
    fn who_waits_in_line_is_not_slow_itself() {
        use crate::diagnosis::rules::bench::http::{answer, ask, to_web};
        let (first, ok) = (ask("GET /slow", ""), answer("200 OK", ""));
        let asked = [first, ask("GET /a", ""), ask("GET /b", "")].concat();
        let in_line = |pause: f64| {
            let script = to_web().client(&asked).wait_secs(4.0).server(&ok);
            let script = script.server(&ok).wait_secs(pause).server(&ok);
            findings(script.close().frames(), RULE)
        };
        let found = in_line(0.0);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].title, "GET /slow was answered after 4.00 s");
        assert!(found[0].numbers.contains(&("behind", 2.0)), "{found:?}");
        let answered = found[0].frames.iter().find(|e| e.role == "answer");
        assert!(answered.unwrap().frame < found[0].frames.last().unwrap().frame);
        // The last one took its own time as well.
        assert_eq!(in_line(3.0).len(), 2);
        let script = to_web().client(&asked).wait_secs(4.0).server_lost(&ok);
        let script = script.server(&ok).server(&ok).close();
        assert!(findings(script.frames(), RULE).is_empty());
    }

    #[test]
    fn an_upload_that_is_answered_before_its_end_took_its_own_time() {
        use crate::diagnosis::rules::bench::http::{answer, ask, to_web};
        let script = to_web()
            .client(&ask("POST /up", "Content-Length: 100000\r\n"))
            .wait_secs(3.0)
            .client(&[b'x'; 1000])
            .server(&answer("413 Too Large", ""));
        assert!(findings(script.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_long_way_is_not_a_slow_answer() {
        let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
            .round_trip_ms(600)
            .connect();
        assert!(severities(slow(script, 9, 0.7)).is_empty());
    }

    #[test]
    fn an_answer_that_was_sent_in_time_and_again_later_is_in_time() {
        let script = healthy(over_tcp(), 3)
            .wait_secs(3.0)
            .retransmit_last(Side::Server);
        assert!(severities(script).is_empty());
    }

    #[test]
    fn a_call_whose_bind_was_not_captured_may_wait_by_design() {
        use crate::diagnosis::rules::bench::dcerpc::{CLIENT, SERVER, request, response};
        let call = |script: Script, id: u8, secs: f64| {
            let script = script.client(&request(id, 3)).wait_secs(secs);
            script.server(&response(id, 0))
        };
        let mut script = Script::tcp(CLIENT, SERVER);
        for id in 2..8 {
            script = call(script, id, 0.1);
        }
        let frames = call(script, 8, 40.0).frames();
        assert!(findings(frames.clone(), RULE).is_empty());
        assert_eq!(cannot_tell(frames, RULE), ["T1"]);
    }
}
