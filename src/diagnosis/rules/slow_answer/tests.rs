use colloquy_dissectors::units::Side;

use crate::capture::script::Script;
use crate::diagnosis::rules::bench::calls::{answer, call, healthy, over_tcp, over_udp, record};
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

#[test]
fn many_of_one_kind_are_one_note() {
    use crate::diagnosis::rules::bench::ws::{opened, ping, pong, text};
    // The client answers Pings a while later, as often as it is asked.
    let slow = |pings: u32| {
        (0..pings).fold(opened(), |script, n| {
            let payload = n.to_string();
            script
                .server(&ping(Side::Server, &payload))
                .wait_secs(2.0 + f64::from(n))
                .client(&pong(Side::Client, &payload))
        })
    };
    let found = findings(slow(4).frames(), RULE);
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert_eq!((one.severity, one.side), (Severity::Note, Culprit::Client));
    assert!(one.title.ends_with("s, 4 times"), "{}", one.title);
    assert!(one.title.contains(" after 2.0"), "{}", one.title);
    assert!(one.title.contains(" to 5.0"), "{}", one.title);
    assert!(one.numbers.contains(&("answers", 4.0)), "{one:?}");
    let requests = one.frames.iter().filter(|f| f.role == "request").count();
    assert_eq!(requests, 4, "{one:?}");
    assert!(one.advice.contains("at the client"), "{}", one.advice);
    assert_eq!(findings(slow(2).frames(), RULE).len(), 2);
    // More than are kept.
    let many = findings(slow(12).frames(), RULE);
    assert_eq!(many.len(), 1, "{many:?}");
    assert!(many[0].title.ends_with("at least 8 times"), "{many:?}");
    // Those of one side are none of the other's.
    let both = slow(2)
        .client(&ping(Side::Client, "x"))
        .wait_secs(2.0)
        .server(&pong(Side::Server, "x"))
        .client(&text(Side::Client, "y"));
    assert_eq!(findings(both.frames(), RULE).len(), 3);
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
