use colloquy_dissectors::units::Side;

use crate::capture::script::{Script, flag};
use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
use crate::diagnosis::rules::bench::dcerpc::{ack, bind, bound, request, response};
use crate::diagnosis::rules::bench::tls;
use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
use crate::diagnosis::smb::testing::{at_work_on, create, no, smb2, to};
use crate::diagnosis::{Certainty, Culprit, Finding, Severity};

const RULE: &str = "request-unanswered";

fn only(script: Script) -> Finding {
    let mut found = findings(script.frames(), RULE);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn silence_of_a_protocol_nobody_knows_is_no_request() {
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
        .connect()
        .client(b"hello")
        .wait_secs(90.0);
    assert!(findings(script.close().frames(), RULE).is_empty());
}

#[test]
fn a_program_that_had_it_is_told_with_its_time() {
    let script = over_tcp().client(&record(&call(1))).wait_secs(30.0);
    let found = only(script.close());
    assert_eq!(found.side, Culprit::Server);
    let at_program = found.numbers.iter().find(|n| n.0 == "at_program");
    assert!((at_program.unwrap().1 - 30.0).abs() < 0.1, "{found:?}");
    assert!(found.frames.iter().any(|e| e.role == "acknowledged"));
}

#[test]
fn who_takes_no_answer_has_it_to_blame_on_itself() {
    let script = over_tcp().client(&record(&call(1)));
    let found = only(
        script
            .zero_window(Side::Client)
            .wait_secs(30.0)
            .reset(Side::Client),
    );
    assert_eq!(found.side, Culprit::Client, "{found:?}");
    assert!(found.frames.iter().any(|e| e.role == "window-shut"));
}

#[test]
fn an_answer_that_has_to_come_behind_lost_bytes_is_with_the_network() {
    let data = flag::ACK | flag::PSH;
    let lost = record(&answer(1));
    let (first, second) = (record(&call(1)), record(&call(2)));
    let acked = 1 + first.len() as u32;
    let both = acked + second.len() as u32;
    let talk = |waits: &[i64]| {
        let mut script = over_tcp().client(&first).server_unacknowledged(&lost);
        script = script
            .segment(Side::Client, data, acked, 1, &second)
            .segment(Side::Server, flag::ACK, 1 + lost.len() as u32, both, b"");
        for wait in waits {
            script = script.wait_ms(*wait);
            script = script.segment(Side::Server, data, 1, both, &lost);
        }
        let later = Script::tcp("10.0.0.3:40000", "10.0.0.4:9999").wait_secs(99.0);
        let mut found = findings(Script::merge([script, later.connect()]), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    };
    let found = talk(&[300, 600, 1200, 2400, 4800]);
    assert_eq!(found.side, Culprit::Network, "{found:?}");
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.explanation.contains("tcp-path-dark"), "{found:?}");
    // Sent again once, it may have got through.
    assert_eq!(talk(&[300]).side, Culprit::Server);
}

#[test]
fn an_answer_that_is_lost_on_the_way_back_is_with_the_network() {
    let data = flag::ACK | flag::PSH;
    let half = record(&answer(1))[..14].to_vec();
    let asked = record(&call(1));
    let acked = 1 + asked.len() as u32;
    let script = over_tcp().client(&asked).server_unacknowledged(&half);
    let script = [300, 600, 1200].into_iter().fold(script, |script, wait| {
        let script = script.wait_ms(wait);
        script.segment(Side::Server, data, 1, acked, &half)
    });
    let found = only(script.wait_secs(30.0).reset(Side::Server));
    assert_eq!(found.side, Culprit::Network, "{found:?}");
    assert!(found.frames.iter().any(|e| e.role == "answer-again"));
}

#[test]
fn an_answer_that_never_came_by_is_with_the_network() {
    let call = record(&call(1));
    let asked = 1 + call.len() as u32;
    let silent = |seq| {
        let script = over_tcp().client(&call).wait_secs(70.0);
        let probe = script.segment(Side::Client, flag::ACK, asked - 1, 1, b"");
        only(probe.segment(Side::Server, flag::ACK, seq, asked, b""))
    };
    let lost = silent(901);
    assert_eq!(
        (lost.side, lost.certainty),
        (Culprit::Network, Certainty::Likely)
    );
    let told = &lost.explanation;
    assert!(told.contains("had sent 900 bytes that never"), "{told}");
    assert_eq!(silent(1).side, Culprit::Server);
}

#[test]
fn who_had_given_up_was_not_cut_off_by_the_reset() {
    let asked = || over_tcp().client(&record(&call(1))).wait_secs(9.0);
    let left = only(asked().fin(Side::Client).wait_ms(200).reset(Side::Server));
    let told = &left.explanation;
    assert!(told.contains("the client gave up and closed 9.0"), "{told}");
    assert!(told.contains("and then the server reset"), "{told}");
    assert!(left.frames.iter().any(|f| f.role == "gave-up"));
    assert_eq!(left.side, Culprit::Server);
    let stays = only(asked().reset(Side::Server));
    assert!(stays.frames.iter().all(|f| f.role != "gave-up"));
}

#[test]
fn a_healthy_connection_is_quiet() {
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999")
        .connect()
        .client(b"ping")
        .server(b"pong");
    assert!(loud(script.close().frames()).is_empty());
    let called = bound().client(&request(2, 15)).server(&response(2, 0));
    assert!(findings(called.close().frames(), RULE).is_empty());
}

#[test]
fn acknowledged_and_closed_points_at_the_server() {
    let found = only(bound().client(&request(2, 15)).wait_secs(1.0).close());
    assert_eq!(found.side, Culprit::Server);
    assert_eq!(found.severity, Severity::Error);
    assert!(
        found.explanation.contains("acknowledged it after"),
        "{found:?}"
    );
}

#[test]
fn who_gives_up_and_closes_is_told_without_the_end_of_the_connection() {
    let asked = || bound().client(&request(2, 15));
    let found = only(asked().wait_secs(10.0).fin(Side::Client));
    assert_eq!(found.side, Culprit::Server);
    assert!(
        found.explanation.contains("gave up and closed 10.0"),
        "{}",
        found.explanation
    );
    assert!(found.frames.iter().any(|e| e.role == "end"));
    let piped = asked().fin(Side::Client).wait_secs(0.5).frames();
    assert!(findings(piped, RULE).is_empty());
    let lost = asked().server_lost(&response(2, 0)).wait_secs(10.0);
    assert!(findings(lost.fin(Side::Client).frames(), RULE).is_empty());
}

#[test]
fn an_id_that_another_request_took_was_not_answered_either() {
    let script = bound().client(&request(2, 15)).client(&request(2, 21));
    let found = only(script.wait_secs(1.0).close());
    assert_eq!(
        found.title,
        "srvsvc NetrServerGetInfo and 1 more request were never answered"
    );
    assert!(found.frames.iter().any(|e| e.role == "unanswered-too"));
}

#[test]
fn what_cannot_be_read_behind_a_hole_may_be_the_answer() {
    let rest = vec![0; 40];
    let script = bound()
        .client(&request(2, 15))
        .server_lost(&response(2, 0))
        .server(&rest)
        .client(&request(3, 15))
        .server(&rest);
    let frames = script.wait_secs(1.0).close().frames();
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}

#[test]
fn a_close_that_stands_behind_unseen_bytes_has_answered() {
    let mut frames = bound()
        .client(&request(2, 15))
        .server_lost(&response(2, 0))
        .fin(Side::Server)
        .frames();
    frames.pop_if(|f| f.bytes.len() < 60);
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}

#[test]
fn who_closes_instead_of_answering_is_told_at_once() {
    let script = bound().client(&request(2, 15)).fin(Side::Server);
    let found = only(script);
    assert_eq!(found.side, Culprit::Server);
    assert!(
        found.explanation.contains("closed instead of answering"),
        "{}",
        found.explanation
    );
}

#[test]
fn a_reset_that_acknowledges_the_request_had_it() {
    let script = bound().client_unacknowledged(&request(2, 15));
    let found = only(script.reset(Side::Server));
    assert_eq!(found.side, Culprit::Server);
    assert!(
        found.explanation.contains("ended instead of answering"),
        "{}",
        found.explanation
    );
    let script = bound().client_unacknowledged(&request(2, 15));
    let without = only(script.segment(Side::Server, flag::RST, 1, 0, b""));
    assert!(without.explanation.contains("refused to go on"));
}

#[test]
fn a_request_that_crosses_the_close_is_a_warning() {
    let script = bound().fin(Side::Server).client(&request(2, 15));
    let found = only(script.reset(Side::Server));
    assert_eq!(
        (found.severity, found.side),
        (Severity::Warning, Culprit::Server)
    );
    assert!(found.frames.iter().any(|e| e.role == "closed-before"));
}

/// FSCTL_PIPE_TRANSCEIVE on the file whose id is all nines, with `data` in it.
fn transceive(id: u64, answer: bool, data: &[u8]) -> Vec<u8> {
    let mut body = vec![0; if answer { 48 } else { 56 }];
    body[4..8].copy_from_slice(&0x0011_C017_u32.to_le_bytes());
    body[8..24].fill(9);
    let (offset, count) = if answer { (32, 36) } else { (24, 28) };
    let at = 64 + body.len() as u8;
    body[offset] = at;
    body[count..count + 4].copy_from_slice(&(data.len() as u32).to_le_bytes());
    body.extend(data);
    smb2(11, id, answer.then_some(0), &body)
}

fn pipe_at_work() -> Script {
    let mut opened = vec![0; 88];
    opened[0] = 89;
    opened[64..80].fill(9);
    at_work_on(2)
        .client(&create(3, "srvsvc"))
        .server(&smb2(5, 3, Some(0), &opened))
        .client(&transceive(4, false, &bind()))
        .server(&transceive(4, true, &ack(0, 0)))
        .client(&transceive(5, false, &request(2, 15)))
}

#[test]
fn a_broken_pipe_is_the_reason() {
    let script = pipe_at_work().server(&no(11, 5, 0xC000_014B));
    let found = only(script.close());
    assert_eq!(found.side, Culprit::Server);
    assert!(
        found.explanation.contains("STATUS_PIPE_BROKEN"),
        "{}",
        found.explanation
    );
    assert!(found.frames.iter().any(|e| e.role == "pipe-failed"));
    let answered = pipe_at_work().server(&transceive(5, true, &response(2, 0)));
    assert!(findings(answered.close().frames(), RULE).is_empty());
}

#[test]
fn negotiate_has_its_own_rule_and_a_lost_answer_cannot_be_told() {
    let mut body = vec![36, 0, 1, 0];
    body.resize(38, 2);
    let silent = to(445).client(&smb2(0, 0, None, &body)).close().frames();
    assert!(findings(silent.clone(), RULE).is_empty());
    assert_eq!(findings(silent, "smb2-negotiate-failed").len(), 1);
    let lost = bound()
        .client(&request(2, 15))
        .server_lost(&response(2, 0))
        .close();
    assert_eq!(cannot_tell(lost.frames(), RULE), ["T4"]);
}

#[test]
fn in_mid_stream_an_answer_before_its_request_may_be_its_answer() {
    let data = flag::ACK | flag::PSH;
    let (asked, answered) = (|xid| record(&call(xid)), |xid| record(&answer(xid)));
    let (call_len, answer_len) = (asked(1).len() as u32, answered(1).len() as u32);
    let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049");
    let (mut c, mut s) = (1, 1);
    for xid in 1..9 {
        let question = |script: Script| script.segment(Side::Client, data, c, s, &asked(xid));
        let reply =
            |script: Script| script.segment(Side::Server, data, s, c + call_len, &answered(xid));
        script = if xid == 5 {
            question(reply(script))
        } else {
            reply(question(script))
        };
        (c, s) = (c + call_len, s + answer_len);
    }
    let end = flag::ACK | flag::FIN;
    let script = script
        .segment(Side::Client, end, c, s, b"")
        .segment(Side::Server, end, s, c + 1, b"")
        .segment(Side::Client, flag::ACK, c + 1, s + 1, b"");
    assert!(loud(script.frames()).is_empty());
}

#[test]
fn a_call_in_a_websocket_that_nobody_answers() {
    use crate::diagnosis::rules::bench::ws::{elsewhere, opened, text};
    let call = |id: u32| {
        text(
            Side::Client,
            &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#),
        )
    };
    let script = opened().client(&call(1)).server(&text(
        Side::Server,
        r#"{"jsonrpc":"2.0","id":1,"result":7}"#,
    ));
    assert!(loud(elsewhere(script.clone(), 90.0)).is_empty());
    let found = findings(elsewhere(script.client(&call(2)), 90.0), RULE);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
}

#[test]
fn also_those_that_were_too_many_to_be_kept_are_counted() {
    let calls = 1 + crate::limits::OPEN_EXCHANGES as u32 + 6;
    let asked: Vec<u8> = (1..=calls).flat_map(|xid| record(&call(xid))).collect();
    let found = findings(
        over_tcp().client(&asked).close().frames(),
        "request-unanswered",
    );
    assert_eq!(found.len(), 1);
    assert!(
        found[0].title.ends_with("never answered, 1031 times"),
        "{}",
        found[0].title
    );
    // The handshake takes three frames, and the first calls are in the fourth.
    let first = found[0].frames[0];
    assert_eq!((first.role, first.frame), ("first-unanswered", 4));
    assert_eq!(first.time, found[0].at);
    // GETATTR instead of the first NULL, of which nothing else is kept.
    let mut mixed = asked;
    mixed[4 + 23] = 1;
    let found = findings(over_tcp().client(&mixed).close().frames(), RULE);
    assert_eq!(
        found[0].title,
        "nfs3 NULL and 1030 more requests were never answered"
    );
}

#[test]
fn where_all_are_kept_the_first_is_the_request_itself() {
    let asked: Vec<u8> = (1..=20).flat_map(|xid| record(&call(xid))).collect();
    let found = only(over_tcp().client(&asked).close());
    assert_eq!(found.frames[0].role, "request");
}

/// A capture that joins a connection with a call: its first frame.
fn joined() -> Script {
    Script::tcp("10.0.0.1:40000", "10.0.0.2:2049").client_unacknowledged(&record(&call(9)))
}

#[test]
fn what_is_acknowledged_unseen_where_the_capture_joins_may_be_the_answer() {
    let script = joined()
        .server_lost(&record(&answer(9)))
        .client_lost(&record(&call(10)))
        .server(&record(&answer(10)));
    let frames = script.reset(Side::Client).frames();
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames.clone(), RULE), ["T4"]);
    assert!(findings(frames, "tcp-aborted-in-flight").is_empty());
    // The same without the client's acknowledgement: what the server says next stands further on.
    let data = flag::ACK | flag::PSH;
    let script = joined().segment(Side::Server, data, 29, 45, &record(&answer(10)));
    let frames = script.reset(Side::Client).frames();
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}

#[test]
fn where_the_capture_joins_and_nothing_is_passed_over_an_answer_is_missed() {
    let script = joined().segment(Side::Server, flag::ACK, 1, 45, b"");
    let found = only(script.wait_secs(2.0).reset(Side::Client));
    assert_eq!(found.side, Culprit::Server, "{found:?}");
    // An answer to an earlier call is no jump.
    let data = flag::ACK | flag::PSH;
    let script = joined().segment(Side::Server, data, 1, 45, &record(&answer(8)));
    only(script.wait_secs(2.0).reset(Side::Client));
}

#[test]
fn what_tcp_repeats_in_vain_is_likely_until_five_seconds_are_over() {
    let certainty = |repeats| {
        let script = over_tcp().client_unacknowledged(&record(&call(1)));
        let script = (0..repeats).fold(script, |script, n| {
            let script = script.wait_ms(100 << n);
            script.retransmit_last_unheard(Side::Client)
        });
        only(script).certainty
    };
    assert_eq!(certainty(4), Certainty::Likely);
    assert_eq!(certainty(6), Certainty::Certain);
}

#[test]
fn who_sends_close_notify_has_ended_it_and_not_who_answers_that() {
    let asked = || {
        let get = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
        tls::opened_bare(tls::to(443)).client(&tls::bare(23, get))
    };
    let notify = tls::close_notify();
    // After no round number of seconds, which would be a time-out.
    let left = asked().wait_secs(3.4).client(&notify).server(&notify);
    let closed = left.clone().fin(Side::Server).wait_secs(1.0);
    let found = only(closed.fin(Side::Client));
    assert_eq!(found.side, Culprit::Client, "{found:?}");
    assert_eq!(found.severity, Severity::Note);
    assert!(found.explanation.contains("close_notify"), "{found:?}");
    let waited = found.numbers.iter().find(|n| n.0 == "waited");
    assert!((waited.unwrap().1 - 3.4).abs() < 0.1, "{found:?}");
    assert_eq!(only(left.reset(Side::Server)).side, Culprit::Client);
    // The server's own, and one that comes only behind its FIN.
    let server = asked().server(&notify).client(&notify);
    let server = server.fin(Side::Server).fin(Side::Client);
    assert_eq!(only(server).side, Culprit::Server);
    let late = asked().fin(Side::Server).client(&notify).fin(Side::Client);
    assert_eq!(only(late).side, Culprit::Server);
    // Who has waited for long enough may well leave.
    let long = asked().wait_secs(90.0).client(&notify).fin(Side::Server);
    assert_eq!(only(long.fin(Side::Client)).side, Culprit::Server);
}

mod over_http {
    use colloquy_dissectors::units::Side;

    use super::RULE;
    use crate::capture::script::{Script, flag};
    use crate::diagnosis::rules::bench::findings;
    use crate::diagnosis::rules::bench::http::{answer, ask, from, to_web, turn};
    use crate::diagnosis::{Certainty, Culprit, Finding, Severity};

    fn only(script: Script) -> Finding {
        let mut found = findings(script.frames(), RULE);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn told(script: Script) -> (Severity, Culprit) {
        let found = only(script);
        (found.severity, found.side)
    }

    fn first() -> Script {
        turn(to_web(), &ask("GET /a", ""), &answer("200 OK", ""))
    }

    #[test]
    fn what_comes_behind_a_close_that_was_announced() {
        let both = |fields: &str| [ask("GET /a", fields), ask("GET /b", "")].concat();
        let close = "Connection: close\r\n";
        let asked = |fields: &str, reply: &str| {
            let script = to_web().client(&both(fields));
            let script = script.server(&answer("200 OK", reply));
            script.fin(Side::Server).wait_secs(0.5).fin(Side::Client)
        };
        let found = only(asked(close, close));
        let client = (Severity::Warning, Culprit::Client);
        assert_eq!((found.severity, found.side), client);
        assert_eq!(found.title, "GET /b was never answered");
        let end = found.frames.iter().find(|e| e.role == "end").unwrap();
        // The server's FIN, not the client's.
        assert!(
            found
                .explanation
                .contains("the server closed the connection")
        );
        assert!(
            found
                .explanation
                .contains(&format!("(frame {})", end.frame))
        );
        let by_server = only(asked("", close));
        assert_eq!(by_server.side, Culprit::Unknown);
        assert!(by_server.frames.iter().any(|e| e.role == "last-answer"));
        let nobody = (Severity::Error, Culprit::Server);
        assert_eq!(told(asked("", "Connection: keep-alive\r\n")), nobody);
        let answered = to_web()
            .client(&both("Connection: keep-alive\r\n"))
            .server(&answer("200 OK", ""))
            .server(&answer("200 OK", ""));
        assert!(findings(answered.close().frames(), RULE).is_empty());
        let lost = to_web()
            .client(&both(close))
            .server_lost(&answer("200 OK", close));
        assert!(findings(lost.close().frames(), RULE).is_empty());
    }

    #[test]
    fn a_connection_that_was_over_when_it_was_used_again() {
        let idle = first().wait_secs(2.0).fin(Side::Server);
        let known = idle.clone().wait_secs(1.0).client(&ask("GET /b", ""));
        let found = only(known.reset(Side::Server));
        assert_eq!(
            (found.severity, found.side),
            (Severity::Warning, Culprit::Client)
        );
        assert!(found.advice.contains("keep-alive"), "{found:?}");
        assert!(found.explanation.contains("2.00 s after its last answer"));
    }

    #[test]
    fn a_close_that_was_not_seen() {
        let (asked, reply) = (ask("GET /a", ""), answer("200 OK", ""));
        let again = |secs: f64| {
            let script = first().wait_secs(secs);
            let script = script.client_unacknowledged(&ask("GET /b", ""));
            let (s, c) = (1 + reply.len() as u32, 1 + asked.len() as u32);
            told(script.segment(Side::Server, flag::RST, s, c, b""))
        };
        assert_eq!(again(2.0), (Severity::Warning, Culprit::Unknown));
        assert_eq!(again(0.1), (Severity::Warning, Culprit::Server));
    }

    #[test]
    fn who_gives_up_after_a_round_time_had_a_time_out() {
        let waited = |secs: f64| {
            let script = to_web().client(&ask("GET /report", "")).wait_secs(secs);
            let found = only(script.fin(Side::Client).fin(Side::Server));
            (found.severity, found.side, found.certainty)
        };
        let slow = (Severity::Note, Culprit::Server, Certainty::Likely);
        let left = (Severity::Note, Culprit::Client, Certainty::Certain);
        assert_eq!(waited(3.01), slow);
        assert_eq!(waited(30.0), slow);
        assert_eq!(waited(3.4), left);
        assert_eq!(waited(0.3), left);
    }

    #[test]
    fn both_ends_of_a_gateway() {
        let behind = |address: &str, asked: f64| {
            Script::tcp(address, "10.0.1.9:8080")
                .wait_secs(asked)
                .connect()
                .client(&ask("GET /report", ""))
                .wait_secs(3.4)
                .fin(Side::Client)
                .fin(Side::Server)
        };
        let late = answer("504 Gateway Time-out", "");
        let front = from(40_000)
            .client(&ask("GET /report", ""))
            .wait_secs(3.41)
            .server(&late)
            .close();
        let of = |scripts: Vec<Script>, rule| findings(Script::merge(scripts), rule);
        let joined = || vec![front.clone(), behind("10.0.1.1:50000", 0.01)];
        let found = of(joined(), RULE);
        assert_eq!(
            (found[0].severity, found[0].side),
            (Severity::Warning, Culprit::Server)
        );
        assert!(found[0].frames.iter().any(|e| e.role == "gateway-answer"));
        let error = of(joined(), "http-server-error");
        assert!(error[0].explanation.contains("10.0.1.9:8080"), "{error:?}");
        // At another moment, and where two fit, nothing is known.
        let apart = vec![front.clone(), behind("10.0.1.1:50000", 0.9)];
        assert_eq!(of(apart, RULE)[0].side, Culprit::Client);
        let mut two = joined();
        two.push(behind("10.0.1.1:50001", 0.02));
        assert!(of(two, RULE).iter().all(|f| f.side == Culprit::Client));
    }
}
