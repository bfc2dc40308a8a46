//! HTTP's dialogues.

use crate::dissector::End;
use crate::event::{Act, Expect};
use crate::laws::{Said, Step, check, client, events, events_midstream, server, texts};
use crate::units::Side;

mod fields;

const FIN: [Step; 2] = [
    Step::Ends(Side::Client, End::Fin),
    Step::Ends(Side::Server, End::Fin),
];

/// Every event in a few words: `c request 1 GET`.
fn words(said: &[Said]) -> Vec<String> {
    said.iter()
        .map(|s| {
            let side = if s.side == Side::Client { 'c' } else { 's' };
            let what = match &s.act {
                Act::Request { id, op, .. } => format!("request {id} {op}"),
                Act::Interim { id, .. } => format!("interim {id}"),
                Act::Reply { id, status } => format!("reply {id} {status}"),
                Act::Message { op } => format!("message {op} {}", op.code),
                Act::Phase(phase) => phase.name().to_owned(),
                Act::Fact(fact) => fact.name.to_owned(),
                Act::Detail { key, value } => format!("{key} = {value}"),
                Act::Malformed { what } => format!("malformed: {what}"),
                Act::Incomplete {
                    op,
                    expected,
                    present,
                } => format!("incomplete {op} {present} of {expected}"),
                Act::Skipped { bytes } => format!("skipped {bytes}"),
                Act::Cancel { id } => format!("cancel {id}"),
                Act::Limit { what } => format!("limit: {what}"),
                Act::Encrypted => "encrypted".to_owned(),
                Act::Beat => "beat".to_owned(),
            };
            format!("{side} {what}")
        })
        .collect()
}

fn heard(steps: &[Step]) -> Vec<String> {
    check(80, steps);
    words(&events(80, steps))
}

fn with(steps: &[Step], end: &[Step]) -> Vec<Step> {
    [steps, end].concat()
}

#[test]
fn a_request_and_its_answer() {
    let steps = with(
        &[
            client(b"GET /a?token=x HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n\r\n"),
            server(b"HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"),
        ],
        &FIN,
    );
    assert_eq!(
        heard(&steps),
        [
            "c open",
            "c host = h",
            "c user_agent = u",
            "c request 1 GET",
            "s server = s",
            "s reply 1 200 OK",
            "c closed",
        ]
    );
    assert_eq!(
        texts(80, &steps),
        ["GET /a?token=***", "200 OK, 5 bytes, text/plain"]
    );
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let steps = [
        client(b"GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"),
        server(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
        server(b"HTTP/1.1 204 None\r\n\r\n"),
    ];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 GET",
            "c request 2 HEAD",
            "c request 3 GET",
            "s http.error",
            "s reply 1 404 Not Found",
            "s reply 2 200 OK",
            "s reply 3 204 No Content",
        ]
    );
}

#[test]
fn a_request_behind_the_last_one() {
    let both = |fields: &str| {
        let first = format!("GET /1 HTTP/1.1\r\n{fields}\r\nGET /2 HTTP/1.1\r\n\r\n");
        client(first.as_bytes())
    };
    let last = server(b"HTTP/1.1 204 None\r\nConnection: x, Close\r\n\r\n");
    let facts = |steps: &[Step]| {
        let said = heard(&with(steps, &FIN));
        let told = said.into_iter().filter(|s| s.contains("http."));
        told.collect::<Vec<_>>()
    };
    let unanswered = "c http.unanswered";
    assert_eq!(
        facts(&[both("Connection: close\r\n"), last.clone()]),
        ["c http.after-close", unanswered]
    );
    assert_eq!(
        facts(&[both(""), last.clone()]),
        ["s http.after-close", unanswered]
    );
    let later = [
        client(b"GET /1 HTTP/1.1\r\n\r\n"),
        last,
        client(b"GET /2 HTTP/1.1\r\n\r\n"),
    ];
    assert_eq!(facts(&later), ["c http.after-close", unanswered]);
    let stays = server(b"HTTP/1.1 204 None\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(facts(&[both(""), stays]), [unanswered]);
}

#[test]
fn a_feed_ends_with_its_last_chunk_or_is_cut() {
    let feed = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
    let steps = [client(b"GET / HTTP/1.1\r\n\r\n"), server(feed)];
    assert_eq!(
        heard(&with(&steps, &FIN))[3..],
        ["c closed", "s http.feed-cut"]
    );
    let over = with(&steps, &[server(b"0\r\n\r\n")]);
    assert_eq!(heard(&with(&over, &FIN))[3..], ["c closed"]);
}

#[test]
fn a_request_is_told_with_its_last_byte() {
    let steps = [
        client(b"POST /f HTTP/1.1\r\nContent-Length: 4\r\n\r\nab"),
        client(b"cd"),
        server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n"),
        server(b"0\r\nTrailer: t\r\n\r\nHTTP/1.1 408 Late\r\nConnection: close\r\n\r\nbye"),
    ];
    let said = events(80, &steps);
    let request = said
        .iter()
        .find(|s| matches!(s.act, Act::Request { .. }))
        .unwrap();
    assert_eq!((request.span.start, request.span.end), (0, 43));
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 POST",
            "s reply 1 200 OK",
            "s http.answer-unasked",
            "s message response 408",
        ]
    );
}

#[test]
fn bodies_that_end_early_are_incomplete() {
    let ask = client(b"GET / HTTP/1.1\r\n\r\n");
    let known = [
        ask.clone(),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"),
        Step::Ends(Side::Server, End::Fin),
    ];
    assert_eq!(
        heard(&known).last().unwrap(),
        "s incomplete response 50 of 140"
    );
    let chunked = [
        ask.clone(),
        server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123"),
        Step::Ends(Side::Server, End::Reset),
    ];
    assert_eq!(
        heard(&chunked).last().unwrap(),
        "s incomplete response 55 of 74"
    );
    let until_close = [
        ask,
        server(b"HTTP/1.0 200 OK\r\n\r\nwhatever"),
        Step::Ends(Side::Server, End::Fin),
    ];
    assert_eq!(heard(&until_close).last().unwrap(), "s closed");
    let head = [
        client(b"GET / HTTP/1.1\r\nHos"),
        Step::Ends(Side::Client, End::Fin),
    ];
    assert_eq!(
        heard(&head),
        ["c http.cut-short", "c incomplete request 19 of 20"]
    );
}

#[test]
fn continue_and_early_answers() {
    let head = b"PUT /big HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let steps = [
        client(head),
        server(b"HTTP/1.1 100 Continue\r\n\r\n"),
        client(b"abc"),
        server(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
    ];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 PUT",
            "c http.expects-continue",
            "s interim 1",
            "s reply 1 201 Created",
        ]
    );
    let steps = [
        client(head),
        server(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"),
    ];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 PUT",
            "c http.expects-continue",
            "s http.early-answer",
            "s http.error",
            "s reply 1 413 Content Too Large",
        ]
    );
}

#[test]
fn garbage_is_told_once_and_read_over() {
    let steps = [
        client(b"GET /1 HTTP/1.1\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabMORE THAN WAS SAID"),
        client(b"GET /2 HTTP/1.1\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
    ];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 GET",
            "s reply 1 200 OK",
            "s malformed: not a status line",
            "c request 2 GET",
            "s skipped 18",
            "s reply 2 200 OK",
        ]
    );
}

#[test]
fn an_answer_without_a_head() {
    let steps = with(
        &[
            client(b"GET / HTTP/1.1\r\n\r\n"),
            server(b"<html>HTTP/1.1 200 OK\r\n\r\n"),
        ],
        &FIN,
    );
    assert_eq!(
        heard(&steps)[2..],
        [
            "s malformed: answer without a status line (HTTP/0.9)",
            "s reply 1 HTTP/0.9",
            "c closed",
        ]
    );
}

#[test]
fn a_gap_in_a_body_of_known_length_costs_nothing() {
    let steps = [
        client(b"GET /1 HTTP/1.1\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"),
        Step::Loses(Side::Server, 6),
        server(b"ijHTTP/1.1 100 Continue\r\n\r\n"),
    ];
    assert_eq!(heard(&steps)[1..], ["c request 1 GET", "s reply 1 200 OK"]);
}

#[test]
fn after_a_lost_answer_the_next_one_answers_the_last_request() {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let steps = [
        client(b"GET /1 HTTP/1.1\r\n\r\n"),
        server(ok),
        client(b"GET /2 HTTP/1.1\r\n\r\n"),
        client(b"GET /3 HTTP/1.1\r\n\r\n"),
        Step::Loses(Side::Server, 38),
        server(ok),
    ];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 GET",
            "s reply 1 200 OK",
            "c request 2 GET",
            "c request 3 GET",
            "s reply 3 200 OK",
        ]
    );
}

#[test]
fn long_waits_are_known_as_such() {
    for field in ["Accept: text/event-stream", "Prefer: wait=60"] {
        let said = events(
            80,
            &[client(
                format!("GET / HTTP/1.1\r\n{field}\r\n\r\n").as_bytes(),
            )],
        );
        assert!(
            said.iter().any(|s| matches!(
                s.act,
                Act::Request {
                    expect: Expect::LongWait(_),
                    ..
                }
            )),
            "{field}"
        );
    }
}

#[test]
fn secrets_stay_secret() {
    let steps = [
        client(b"GET /x HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\nCookie: sessionid=verysecret\r\n\r\n"),
        server(
            b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"r\", error=\"invalid_token\"\r\n\
              Set-Cookie: sessionid=othersecret; Path=/; Secure; Max-Age=0\r\nContent-Length: 0\r\n\r\n",
        ),
    ];
    let all = format!("{:?} {:?}", events(80, &steps), texts(80, &steps));
    assert!(!all.contains("secret") && !all.contains("c2Vj"), "{all}");
    for told in [
        "http.credentials",
        "\"Basic\"",
        "invalid_token",
        "http.cookie-set",
        "Text(\"sessionid\")",
        "(\"removed\", Bool(true))",
    ] {
        assert!(all.contains(told), "{told} in {all}");
    }
}

#[test]
fn cookies_are_followed_by_fingerprint() {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let ask = b"GET / HTTP/1.1\r\nCookie: a=1; PHPSESSID=xyz\r\n\r\n";
    let steps = [
        client(b"POST /login HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
        server(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: PHPSESSID=xyz; path=/\r\nContent-Length: 0\r\n\r\n",
        ),
        client(ask),
        server(ok),
        client(ask),
        server(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
    ];
    check(80, &steps);
    let facts: Vec<_> = events(80, &steps)
        .into_iter()
        .filter_map(|s| match s.act {
            Act::Fact(fact) => Some(*fact),
            _ => None,
        })
        .collect();
    let names: Vec<_> = facts.iter().map(|f| f.name).collect();
    assert_eq!(
        names,
        [
            "http.login-answered",
            "http.cookie-set",
            "http.cookie-accepted",
            "http.error"
        ]
    );
    let facts = &facts[1..];
    let value = |i: usize, key: &str| {
        let (_, v) = facts[i].values.iter().find(|(k, _)| *k == key).unwrap();
        v.to_string()
    };
    assert_eq!(value(0, "fingerprint"), value(1, "fingerprint"));
    assert_eq!(value(0, "fingerprint"), value(2, "cookies"));
}

#[test]
fn tunnels_hold_what_they_hold() {
    let steps = with(
        &[
            client(b"CONNECT h:443 HTTP/1.1\r\n\r\n"),
            server(b"HTTP/1.1 200 Connection established\r\n\r\n\x00\x01"),
            client(b"GET / HTTP/1.1\r\n\r\n"),
        ],
        &FIN,
    );
    assert_eq!(
        heard(&steps)[1..],
        [
            "c request 1 CONNECT",
            "s reply 1 200 OK",
            "s tunnel = h:443",
            "c closed"
        ]
    );
}

#[test]
fn http_in_a_tunnel_is_a_session_within() {
    let steps = with(
        &[
            client(b"CONNECT h:80 HTTP/1.1\r\n\r\n"),
            server(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            client(b"GET / HTTP/1.1\r\n\r\n"),
            server(b"HTTP/1.1 204 No Content\r\n\r\n"),
        ],
        &FIN,
    );
    let said = events(80, &steps);
    let within: Vec<_> = said.iter().filter(|s| s.session != "http").collect();
    assert!(
        within.iter().any(|s| matches!(s.act, Act::Request { .. })),
        "{said:?}"
    );
    assert!(
        within.iter().any(|s| matches!(s.act, Act::Reply { .. })),
        "{said:?}"
    );
    check(80, &steps);
}

#[test]
fn a_tunnel_whose_connect_was_not_captured() {
    let granted = server(b"HTTP/1.1 200 Connection established\r\n\r\n");
    let heard = words(&events_midstream(
        80,
        &[granted, client(b"\x16\x03\x01\x00")],
    ));
    assert_eq!(heard, ["s open", "s tunnel = "]);
    let page = server(b"HTTP/1.0 200 OK\r\n\r\n<p>until the end");
    assert_eq!(
        words(&events_midstream(80, &[page])),
        ["s open", "s message response 200"]
    );
}

#[test]
fn joined_late_either_side_is_read() {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        words(&events_midstream(80, &[server(ok), server(ok)])),
        ["s open", "s message response 200", "s message response 200"]
    );
    // The roles are told by the content.
    let steps = [server(b"GET / HTTP/1.1\r\n\r\n"), client(ok)];
    assert_eq!(
        words(&events_midstream(80, &steps)),
        ["c open", "c request 1 GET", "s reply 1 200 OK"]
    );
}

#[test]
fn lengths_that_contradict() {
    let steps = [client(
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )];
    assert_eq!(
        heard(&steps)[1..],
        [
            "c malformed: Content-Length is no single number",
            "c request 1 POST",
            "c http.length-ambiguous",
        ]
    );
}

#[test]
fn other_protocols_are_left_alone() {
    for other in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"DESCRIBE rtsp://h/ RTSP/1.0\r\n\r\n",
        b"INVITE sip:bob@h SIP/2.0\r\n\r\n",
        b"EHLO mail.example.org\r\n",
        b"\x16\x03\x01\x00\x05GET / HTTP/1.1\r\n\r\n",
    ] {
        let said = events(80, &[client(other)]);
        assert!(said.iter().all(|s| s.session != "http"), "{said:?}");
    }
}

#[test]
fn a_head_without_end_is_given_up() {
    let mut head = b"GET / HTTP/1.1\r\n".to_vec();
    while head.len() < 70_000 {
        head.extend_from_slice(b"X-Filler: 0123456789abcdef0123456789abcdef\r\n");
    }
    let said = words(&events(
        80,
        &[client(&head), client(b"\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")],
    ));
    assert_eq!(said[0], "c limit: a head beyond 64 KiB");
    assert_eq!(said.last().unwrap(), "c request 1 GET");
}

#[test]
fn a_bad_request_is_answered_too() {
    let steps = [
        client(b"OPTIONS HTTP/1.1\r\nHost: h\r\n\r\n"),
        server(b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    ];
    assert_eq!(
        heard(&steps),
        [
            "c malformed: request line is not method, target and version",
            "c open",
            "c request 1 OPTIONS",
            "s http.error",
            "s reply 1 400 Bad Request",
        ]
    );
}
