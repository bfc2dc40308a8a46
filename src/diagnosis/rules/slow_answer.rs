//! `slow-answer`: answers that were made late. Those that only arrived late are told in `late`.

mod late;

use super::dcerpc;
use crate::diagnosis::blame::Way;
use crate::diagnosis::{
    Culprit, Finding, Severity, Verdicts, View, declare_rule, once_more, seconds,
};
use crate::session::exchange::Answered;
use crate::session::model::Session;

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
    /// matter. What may wait by design (interim answers, long polls, CHANGE_NOTIFY) is left out.
    ///
    /// An answer that was made in time may arrive late: captured at the side that answers, its bytes were sent again at least
    /// twice with nothing of the peer between but its own bytes once more, and acknowledged more than a second, and more than ten round trips of the
    /// handshake, after they were sent first. It is a note where `tcp-loss-stall` tells of the losses. Where the peer's
    /// window was shut it was not the path, and it is left out.
    ///
    /// Who had the request is told with the time of each part: until TCP acknowledged it (the network), from there to the
    /// first byte of the answer (the program that was asked), from there to the last (the transfer), and how long the window of
    /// who asked was shut in that time.
    ///
    /// ## Example
    /// `rpc-slow-server`: the reply comes after 3 s on a path of 4 ms. `smb2-slow-server-reply`, at the server: the reply is
    /// sent after 1 ms, sent again three times, and acknowledged after 1.5 s.
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
                out.raise(finding);
            }
        }
        late::run(view, &told, out);
    }
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
    let finding = Finding::new(&META, answered.began)
        .severity(severity)
        .side(culprit)
        .frame(answered.asked, "request")
        .maybe_frame(way.acked, "acknowledged")
        .frame(answered.began, "answer")
        .title(format!(
            "{} was answered after {}",
            answered.op,
            seconds(took)
        ))
        .explain(format!(
            "The {} asked {} in frame {}; the answer began {} later in frame {}. {compared}{again}{}{lost}",
            answered.side,
            answered.op,
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

    #[test]
    fn less_than_a_second_is_not_slow() {
        assert!(severities(slow(healthy(over_tcp(), 5), 9, 0.8)).is_empty());
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
