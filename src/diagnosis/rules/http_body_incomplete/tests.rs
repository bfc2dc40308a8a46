use crate::capture::script::{Script, flag};
use crate::diagnosis::rules::bench::http::{ask, to_web};
use crate::diagnosis::rules::bench::ws::elsewhere;
use crate::diagnosis::rules::bench::{cannot_tell, findings, loud};
use crate::diagnosis::{Certainty, Culprit, Severity};
use colloquy_dissectors::units::Side;

const RULE: &str = "http-body-incomplete";
const HALF: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it";
const CHUNK: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

fn asked() -> Script {
    to_web().client(&ask("GET /file", ""))
}

fn sender_ends(script: Script) -> Script {
    script.fin(Side::Server).fin(Side::Client)
}

#[test]
fn half_a_file() {
    let frames = sender_ends(asked().server(HALF)).frames();
    let found = findings(frames.clone(), RULE);
    assert_eq!(
        (found.len(), found[0].severity, found[0].side),
        (1, Severity::Error, Culprit::Server)
    );
    assert!(found[0].numbers.contains(&("present", 10.0)), "{found:?}");
    assert!(found[0].title.contains("10 of 100 bytes"), "{found:?}");
    // The FIN that proves it, and that the words name.
    let end = found[0].frames.iter().find(|e| e.role == "end").unwrap();
    let named = format!("closed the connection (frame {})", end.frame);
    assert!(found[0].explanation.contains(&named), "{found:?}");
    assert_eq!(loud(frames), [RULE]);
}

#[test]
fn the_last_chunk_never_came() {
    assert_eq!(
        findings(sender_ends(asked().server(CHUNK)).frames(), RULE).len(),
        1
    );
    let found = findings(sender_ends(asked().server(CHUNK)).frames(), RULE);
    assert!(found[0].title.ends_with("without its last chunk"));
    assert!(!found[0].numbers.iter().any(|n| n.0 == "expected"));
    let whole = asked().server(CHUNK).server(b"0\r\n\r\n");
    assert!(loud(sender_ends(whole).frames()).is_empty());
}

#[test]
fn who_cancels_a_download_knows_it() {
    let script = asked().server(HALF).reset(Side::Client);
    assert_eq!(
        findings(script.frames(), RULE)[0].severity,
        Severity::Warning
    );
}

#[test]
fn answers_without_a_body() {
    for (line, head) in [
        (
            "HEAD /file",
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
        ),
        (
            "GET /file",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
        ),
        ("GET /file", "HTTP/1.0 200 OK\r\n\r\nas long as it lasts"),
    ] {
        let script = to_web().client(&ask(line, "")).server(head.as_bytes());
        assert!(loud(sender_ends(script).frames()).is_empty(), "{head}");
    }
}

#[test]
fn both_wait_for_the_body() {
    let fields = "Content-Length: 10\r\nExpect: 100-continue\r\n";
    let asked = to_web().client(&ask("POST /up", fields));
    let tired = asked
        .clone()
        .wait_secs(30.0)
        .fin(Side::Client)
        .fin(Side::Server);
    let found = findings(tired.frames(), RULE);
    assert_eq!((found.len(), found[0].side), (1, Culprit::Server));
    assert!(
        found[0].explanation.contains("100 Continue"),
        "{}",
        found[0].explanation
    );
    // Both wait until the capture ends: the server has the head, that is certain.
    let waiting = findings(elsewhere(asked.clone(), 20.0), RULE);
    let told = (waiting[0].side, waiting[0].certainty);
    assert_eq!(told, (Culprit::Server, Certainty::Certain), "{waiting:?}");
    let refused = asked
        .clone()
        .server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    assert!(findings(refused.close().frames(), RULE).is_empty());
    let went_on = asked
        .server(b"HTTP/1.1 100 Continue\r\n\r\n")
        .client(b"0123456789")
        .server(b"HTTP/1.1 204 No Content\r\n\r\n");
    assert!(loud(went_on.close().frames()).is_empty());
}

#[test]
fn an_answer_before_the_end_of_the_request() {
    let large = to_web()
        .client(&ask("POST /up", "Content-Length: 100000\r\n"))
        .client(&[b'x'; 1000])
        .server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        .client(&[b'x'; 1000]);
    let closed = large.clone().fin(Side::Server).fin(Side::Client);
    assert_eq!(findings(closed.frames(), RULE)[0].severity, Severity::Note);
    let reset = findings(large.reset(Side::Server).frames(), RULE);
    assert_eq!(
        (reset[0].severity, reset[0].side),
        (Severity::Warning, Culprit::Server)
    );
}

#[test]
fn a_reader_that_leaves_between_two_chunks() {
    let told = |script: Script| {
        let found = findings(script.frames(), RULE);
        found.first().map(|f| (f.severity, f.side, f.certainty))
    };
    let frozen = asked()
        .server(CHUNK)
        .wait_secs(13.0)
        .fin(Side::Client)
        .wait_secs(6.0);
    let likely = (Severity::Warning, Culprit::Server, Certainty::Likely);
    assert_eq!(told(frozen.clone().keepalive(Side::Server)), Some(likely));
    assert_eq!(told(frozen.clone().fin(Side::Server)), Some(likely));
    assert_eq!(told(frozen.clone().reset(Side::Server)), Some(likely));
    // Who has no more to say may go on to read, and who reads on has not left.
    let piped = asked().fin(Side::Client).wait_secs(1.0).server(CHUNK);
    assert_eq!(told(piped.clone()), None);
    assert_eq!(told(piped.server(b"0\r\n\r\n").fin(Side::Server)), None);
    let lost = asked().server(CHUNK).server_lost(CHUNK).fin(Side::Client);
    assert_eq!(told(lost.wait_secs(9.0).fin(Side::Server)), None);
}

#[test]
fn a_stream_of_events_that_is_cut() {
    const FEED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let feed = asked().server(FEED).wait_secs(4.0);
    let found = findings(sender_ends(feed.clone()).frames(), RULE);
    assert_eq!(
        (found.len(), found[0].severity, found[0].side),
        (1, Severity::Note, Culprit::Server)
    );
    let left = feed.clone().fin(Side::Client).fin(Side::Server);
    assert!(findings(left.frames(), RULE).is_empty());
    let over = feed.server(b"0\r\n\r\n");
    assert!(findings(sender_ends(over).frames(), RULE).is_empty());
    let lost = asked().server(FEED).server_lost(b"0\r\n\r\n");
    let frames = sender_ends(lost).frames();
    assert!(findings(frames, RULE).is_empty());
}

#[test]
fn an_answer_to_a_request_that_was_not_captured_may_be_one_to_head() {
    let head = to_web()
        .client_lost(&ask("HEAD /", ""))
        .server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    let frames = head.fin(Side::Client).fin(Side::Server).frames();
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}

#[test]
fn a_client_that_broke_off_before_it_was_answered() {
    let script = to_web()
        .client(&ask("POST /up", "Content-Length: 100000\r\n"))
        .client(&[b'x'; 1000])
        .fin(Side::Client)
        .server(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        .reset(Side::Client);
    let found = findings(script.frames(), RULE);
    assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
    assert!(found[0].frames.iter().any(|e| e.role == "answer"));
    assert!(!found[0].explanation.contains("wanted no more"));
}

#[test]
fn a_request_that_did_not_come_in_time() {
    let late = b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n";
    let head = to_web().client(b"GET /a HTTP/1.1\r\nHost: web");
    let body = to_web().client(&ask("POST /up", "Content-Length: 100\r\n"));
    for script in [head, body] {
        let script = script.wait_secs(4.0).server(late).fin(Side::Server);
        let found = findings(script.fin(Side::Client).frames(), RULE);
        assert_eq!((found.len(), found[0].side), (1, Culprit::Client));
        let said = &found[0].explanation;
        assert!(
            said.contains("4.00 s, until the server answered with 408"),
            "{said}"
        );
    }
}

#[test]
fn what_was_not_captured_is_not_missed() {
    let script = asked().server(HALF).server_lost(&[b'x'; 90]);
    let frames = sender_ends(script.client(&ask("GET /", "")).server(HALF)).frames();
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T4"]);
}

#[test]
fn the_capture_ends_in_mid_body() {
    let frames = asked().server(HALF).frames();
    assert!(findings(frames.clone(), RULE).is_empty());
    assert_eq!(cannot_tell(frames, RULE), ["T2"]);
}

#[test]
fn the_path_goes_dark_in_mid_download() {
    let request = ask("GET /file", "").len() as u32;
    let fin = |script: Script| {
        let (seq, ack) = (request, HALF.len() as u32);
        script.segment(Side::Client, flag::FIN | flag::ACK, seq, ack, b"")
    };
    let closed = fin(asked().server(HALF).wait_secs(18.0));
    let dark = fin(closed.clone().wait_secs(0.2));
    let found = findings(dark.frames(), RULE);
    let told = (found[0].side, found[0].certainty);
    assert_eq!(told, (Culprit::Network, Certainty::Likely), "{found:?}");
    let acked = closed.segment(Side::Server, flag::ACK, HALF.len() as u32, request + 1, b"");
    let found = findings(acked.frames(), RULE);
    let told = (found[0].side, found[0].certainty);
    assert_eq!(told, (Culprit::Server, Certainty::Certain), "{found:?}");
}
