use colloquy_dissectors::units::Side;

use crate::capture::script::{Script, flag};
use crate::diagnosis::rules::bench::calls::{answer, call, over_tcp, record};
use crate::diagnosis::rules::bench::dcerpc::{ack, bind, bound, request, response};
use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
use crate::diagnosis::smb::testing::{at_work_on, create, no, smb2, to};
use crate::diagnosis::{Culprit, Finding, Severity};

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
