//! WebSocket's dialogues, upgrade included.

use crate::dissector::{Carrier, End, Probe, Speaker, Verdict};
use crate::event::{Act, Fact};
use crate::laws::{Said, Step, check, client, events, events_midstream, server, texts};
use crate::units::{PerSide, Side};

mod app;
mod fields;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// A frame of either side.
fn frame(first: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut out = vec![first];
    match payload.len() {
        n @ 0..=125 => out.push(mask | n as u8),
        n @ 126..=0xffff => {
            out.push(mask | 0x7e);
            out.extend((n as u16).to_be_bytes());
        }
        n => {
            out.push(mask | 0x7f);
            out.extend((n as u64).to_be_bytes());
        }
    }
    if masked {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        out.extend(key);
        out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    } else {
        out.extend(payload);
    }
    out
}

fn from_client(first: u8, payload: &[u8]) -> Step {
    client(&frame(first, payload, true))
}

fn from_server(first: u8, payload: &[u8]) -> Step {
    server(&frame(first, payload, false))
}

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn upgrade(asked: &str, granted: &str) -> Vec<Step> {
    vec![
        client(format!("{REQUEST}{asked}\r\n").as_bytes()),
        server(format!("{ANSWER}{granted}\r\n").as_bytes()),
    ]
}

/// What is said in the WebSocket's session, in a few words.
fn words(said: &[Said]) -> Vec<String> {
    said.iter()
        .filter(|s| s.session.ends_with("websocket") && s.act != Act::Beat)
        .map(|s| {
            let side = if s.side == Side::Client { 'c' } else { 's' };
            let what = match &s.act {
                Act::Request { id, op, .. } => format!("request {id} {op}"),
                Act::Interim { id, .. } => format!("interim {id}"),
                Act::Reply { id, status } => format!("reply {id} {status}"),
                Act::Message { op } => format!("message {op}"),
                Act::Phase(phase) => phase.name().to_owned(),
                Act::Fact(fact) => fact_words(fact),
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

fn fact_words(fact: &Fact) -> String {
    let values: Vec<_> = fact
        .values
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect();
    format!("{} {}", fact.name, values.join(" "))
        .trim()
        .to_owned()
}

/// What is said after a plain handshake.
fn after_upgrade(steps: Vec<Step>) -> Vec<String> {
    heard(&[upgrade("", ""), steps].concat())
}

fn heard(steps: &[Step]) -> Vec<String> {
    check(8080, steps);
    let mut said = words(&events(8080, steps));
    let open = said.iter().position(|w| w == "s open").map_or(0, |i| i + 1);
    said.drain(..open);
    said
}

#[test]
fn a_whole_session() {
    let steps = [
        upgrade(
            "Origin: http://o\r\nSec-WebSocket-Protocol: a, b\r\n",
            "Sec-WebSocket-Protocol: b\r\n",
        ),
        vec![
            from_client(TEXT, b"Hello"),
            from_server(TEXT, b"Hello"),
            from_client(CLOSE, b"\x03\xe8bye"),
            from_server(CLOSE, b"\x03\xe8"),
            Step::Ends(Side::Client, End::Fin),
            Step::Ends(Side::Server, End::Fin),
        ],
    ]
    .concat();
    check(8080, &steps);
    let said = events(8080, &steps);
    assert_eq!(
        words(&said),
        [
            "c connecting",
            "c path = /chat",
            "c host = h",
            "c origin = http://o",
            "c subprotocols_offered = a, b",
            "c request 0 upgrade",
            "s reply 0 101 Switching Protocols",
            "s subprotocol = b",
            "s compressed = false",
            "s open",
            "c message Text",
            "s message Text",
            "c ws.close code=1000 reason=bye first=true pings_open=0",
            "c message Close",
            "c close_code = 1000",
            "c close_reason = bye",
            "c closed_by = client",
            "c releasing",
            "s ws.close code=1000 reason= first=false pings_open=0",
            "s message Close",
            "s closed",
        ]
    );
    // The row is within HTTP's, and HTTP does not tell the request too.
    assert!(
        said.iter()
            .all(|s| s.session != "http" || !matches!(s.act, Act::Request { .. }))
    );
    assert_eq!(
        texts(8080, &steps),
        [
            "GET /chat (upgrade to WebSocket)",
            "101 Switching Protocols",
            "Text 5 bytes: Hello",
            "Text 5 bytes: Hello",
            "Close 1000 bye",
            "Close 1000 ",
        ]
    );
}

#[test]
fn fragments_with_a_ping_between_are_one_message() {
    let heard = after_upgrade(vec![
        from_client(0x01, "Gr\u{fc}".as_bytes().get(..3).unwrap()),
        from_server(PING, b"p"),
        from_client(PONG, b"p"),
        from_client(0x00, b"\xbc"),
        from_client(0x80, b"n"),
    ]);
    assert_eq!(
        heard,
        ["s request 1 Ping", "c reply 1 ok", "c message Text"]
    );
}

#[test]
fn a_request_that_was_captured_behind_its_answer_is_none_of_frames() {
    let mut steps = upgrade("", "");
    steps.swap(0, 1);
    steps.extend([from_client(TEXT, b"Hello"), from_server(TEXT, b"Hello")]);
    let heard = words(&events(8080, &steps));
    assert!(heard.contains(&"c path = /chat".to_owned()), "{heard:?}");
    assert!(heard.contains(&"c message Text".to_owned()), "{heard:?}");
    let fault =
        |w: &String| w.contains("unmasked") || w.contains("opcode") || w.contains("malformed");
    assert!(!heard.iter().any(fault), "{heard:?}");
}

#[test]
fn a_client_that_is_not_answered_any_more_is_a_fact() {
    let ask = || from_client(TEXT, b"?");
    let answer = || from_server(TEXT, b"!");
    let rounds = |n: usize| (0..n).flat_map(|_| [ask(), answer()]).collect::<Vec<_>>();
    let facts = |mut steps: Vec<Step>, alone: usize| {
        steps.extend((0..alone).map(|_| ask()));
        steps.push(answer());
        let heard = after_upgrade(steps);
        heard
            .into_iter()
            .filter(|w| w.contains("way"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        facts(rounds(10), 6),
        ["c ws.one-way rounds=10", "s ws.two-way-again"]
    );
    assert!(facts(rounds(10), 4).is_empty());
    assert!(facts(rounds(9), 20).is_empty());
}

#[test]
fn a_dialogue_of_question_and_answer_is_told_as_such_until_it_is_none() {
    let ask = || from_client(TEXT, b"?");
    let answer = || from_server(TEXT, b"!");
    let strict = vec![answer(), ask(), answer(), ask(), answer(), ask(), answer()];
    assert_eq!(
        after_upgrade(strict),
        [
            "s message Text",
            "c message Text",
            "s message Text",
            "c request 1 Text",
            "s reply 1 ok",
            "c request 2 Text",
            "s reply 2 ok",
        ]
    );
    let pushed = vec![ask(), answer(), answer(), ask(), answer()];
    assert!(after_upgrade(pushed).iter().all(|w| w.contains("message")));
    let unanswered = vec![
        ask(),
        answer(),
        ask(),
        Step::Ends(Side::Client, End::CaptureStopped),
    ];
    assert_eq!(after_upgrade(unanswered).last().unwrap(), "c message Text");
}

#[test]
fn a_newer_pong_answers_older_pings() {
    let heard = after_upgrade(vec![
        from_server(PING, b"1"),
        from_server(PING, b"2"),
        from_client(PONG, b"2"),
        from_client(PONG, b"unasked"),
    ]);
    assert_eq!(
        heard,
        [
            "s request 1 Ping",
            "s request 2 Ping",
            "c reply 2 ok",
            "c reply 1 ok",
            "c message Pong"
        ]
    );
}

#[test]
fn a_pong_with_another_payload_answers_nothing() {
    let heard = after_upgrade(vec![
        from_client(PONG, b"unasked"),
        from_server(PING, b"1"),
        from_client(PONG, b"other"),
        from_client(PONG, b"another"),
    ]);
    assert_eq!(
        heard,
        [
            "c message Pong",
            "s request 1 Ping",
            "c ws.pong-in-vain",
            "c message Pong",
            "c message Pong"
        ]
    );
}

#[test]
fn a_close_cancels_pings() {
    let heard = after_upgrade(vec![
        from_server(PING, b"1"),
        from_server(CLOSE, b"\x03\xf3keepalive ping timeout"),
        from_client(CLOSE, b""),
    ]);
    assert_eq!(
        heard,
        [
            "s request 1 Ping",
            "s ws.close code=1011 reason=keepalive ping timeout first=true pings_open=1",
            "s cancel 1",
            "s message Close",
            "s close_code = 1011",
            "s close_reason = keepalive ping timeout",
            "s closed_by = server",
            "s releasing",
            "c ws.close reason= first=false pings_open=0",
            "c message Close",
            "c closed",
        ]
    );
}

/// A breach each, and the fact that tells it.
fn breaches() -> Vec<(Vec<Step>, &'static str)> {
    let long = [b'x'; 200];
    vec![
        (
            vec![client(&frame(TEXT, b"a", false))],
            "c ws.client-unmasked opcode=1",
        ),
        (
            vec![server(&frame(TEXT, b"a", true))],
            "s ws.server-masked opcode=1",
        ),
        (
            vec![from_client(PING, &long)],
            "c ws.control-too-long opcode=9 length=200",
        ),
        (
            vec![from_client(0x09, b"a")],
            "c ws.control-fragmented opcode=9",
        ),
        (
            vec![from_client(CLOSE, b"\x03")],
            "c ws.close-body-of-one-byte",
        ),
        (
            vec![from_client(CLOSE, b"\x03\xed")],
            "c ws.close-code-invalid code=1005",
        ),
        (
            vec![from_client(CLOSE, b""), from_client(TEXT, b"a")],
            "c ws.data-after-close opcode=1 length=1",
        ),
        (
            vec![from_client(0x01, b"a"), from_client(TEXT, b"b")],
            "c ws.fragment-unexpected opcode=1",
        ),
        (
            vec![from_client(0x80, b"a")],
            "c ws.continuation-unexpected",
        ),
        (
            vec![from_client(0x85, b"a")],
            "c ws.reserved-opcode opcode=5",
        ),
        (
            vec![from_client(0xc1, b"a")],
            "c ws.reserved-bits bits=4 opcode=1 deflate=false",
        ),
        (
            vec![server(&[0x82, 126, 0, 3, 1, 2, 3])],
            "s ws.length-not-minimal length=3",
        ),
        (
            vec![from_client(TEXT, b"a\xff")],
            "c ws.text-not-utf8 in=Text",
        ),
        (
            vec![from_client(TEXT, b"a\xe2\x82")],
            "c ws.text-not-utf8 in=Text",
        ),
        (
            vec![from_client(CLOSE, b"\x03\xe8\xff")],
            "c ws.text-not-utf8 in=Close",
        ),
    ]
}

#[test]
fn every_breach_is_a_fact() {
    for (mut steps, fact) in breaches() {
        // Reading goes on: what follows is still told.
        steps.push(from_server(BINARY, b"after"));
        let heard = after_upgrade(steps);
        assert!(heard.iter().any(|w| *w == fact), "{fact} in {heard:?}");
        let faults = heard
            .iter()
            .filter(|w| w.contains(" ws.") && !w.contains("ws.close "))
            .count();
        assert_eq!(faults, 1, "{heard:?}");
        assert_eq!(heard.last().unwrap(), "s message Binary");
    }
}

#[test]
fn a_length_with_the_top_bit_ends_the_reading_until_frames_are_found() {
    let mut bad = vec![0x82, 127, 0x80];
    bad.extend([0; 7]);
    let heard = after_upgrade(vec![
        server(&bad),
        from_server(TEXT, b"this text is long enough"),
        from_server(TEXT, b"and so is this one"),
    ]);
    assert_eq!(
        heard,
        [
            "s ws.length-top-bit",
            "s malformed: frame length with the highest bit set",
            "s skipped 10",
            "s message Text",
            "s message Text",
        ]
    );
}

#[test]
fn compressed_messages_are_not_judged_as_text() {
    let asked = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let granted = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let said = heard(
        &[
            upgrade(asked, granted),
            vec![
                from_client(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
                from_client(0xc9, b""),
            ],
        ]
        .concat(),
    );
    assert_eq!(
        said,
        [
            "c message Text",
            "c ws.reserved-bits bits=4 opcode=9 deflate=true",
            "c request 1 Ping"
        ]
    );
}

#[test]
fn large_messages_are_skipped_not_kept() {
    let body = vec![0xa5; 70_000];
    let steps = [
        upgrade("", ""),
        vec![from_client(BINARY, &body), from_server(BINARY, &body)],
    ]
    .concat();
    let said = events(8080, &steps);
    let last = said.last().unwrap();
    assert_eq!(last.span.len(), 70_000 + 10);
}

#[test]
fn refusals_leave_the_session_refused() {
    let steps = vec![
        client(format!("{REQUEST}\r\n").as_bytes()),
        server(
            b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13, 8\r\nConnection: close\r\n\
              Via: 1.1 proxy\r\nContent-Length: 2\r\n\r\nno",
        ),
        client(b"GET /plain HTTP/1.1\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    check(8080, &steps);
    let said = events(8080, &steps);
    assert_eq!(
        words(&said)[4..],
        [
            "s ws.refused status=426 reason=Upgrade Required connection_close=true upgrade=false credentials=false \
             version=13 versions=13, 8 via=1.1 proxy content_length=2",
            "s reply 0 426",
            "s upgrade_status = 426 Upgrade Required",
            "s refused",
        ]
    );
    // HTTP goes on.
    let http = said.iter().filter(|s| s.session == "http");
    assert!(http.clone().any(|s| matches!(s.act, Act::Request { .. })));
    assert!(http.clone().any(|s| matches!(s.act, Act::Reply { .. })));
}

#[test]
fn handshakes_that_are_wrong() {
    let wrong = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\
        Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let steps = [
        client(format!("{REQUEST}\r\n").as_bytes()),
        server(wrong.as_bytes()),
    ];
    check(8080, &steps);
    let faults: Vec<_> = words(&events(8080, &steps))
        .into_iter()
        .filter_map(|w| Some(w.strip_prefix("s ws.answer-fault what=")?.to_owned()))
        .collect();
    assert_eq!(
        faults,
        [
            "no Upgrade: websocket expected=websocket got=",
            "no Connection: Upgrade expected=Upgrade got=",
            "Sec-WebSocket-Accept does not belong to the key expected=s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \
             got=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "a subprotocol was chosen that was not offered expected= got=x",
            "an extension was chosen that was not offered expected= got=permessage-deflate",
        ]
    );
    let request = b"GET / HTTP/1.0\r\nHost: h\r\nSec-WebSocket-Key: c2hvcnQ=\r\nSec-WebSocket-Version: 8\r\n\r\n";
    let faults = words(&events(8080, &[client(request)]))
        .iter()
        .filter(|w| w.starts_with("c ws.request-fault"))
        .count();
    assert_eq!(faults, 5);
    let none = upgrade("Sec-WebSocket-Protocol: chat.v2\r\n", "");
    assert!(
        words(&events(8080, &none)).contains(&"s ws.subprotocol-none offered=chat.v2".to_owned())
    );
}

#[test]
fn an_upgrade_that_nobody_asked_for() {
    let steps = [
        client(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        server(format!("{ANSWER}\r\n").as_bytes()),
        from_server(TEXT, b"x"),
    ];
    check(8080, &steps);
    let said = words(&events(8080, &steps));
    assert!(
        said[0].starts_with("s ws.answer-fault what=the request did not ask"),
        "{said:?}"
    );
    assert_eq!(said.last().unwrap(), "s message Text");
}

#[test]
fn one_direction_is_enough_to_read_it() {
    let only_client = [
        upgrade("", "").swap_remove(0),
        from_client(TEXT, b"a"),
        from_client(TEXT, b"b"),
    ];
    check(8080, &only_client);
    let said = words(&events(8080, &only_client));
    assert_eq!(
        said.iter().filter(|w| *w == "c message Text").count(),
        2,
        "{said:?}"
    );
    let only_server = [
        upgrade("", "").swap_remove(1),
        from_server(TEXT, b"a"),
        from_server(TEXT, b"b"),
    ];
    check(8080, &only_server);
    let said = words(&events(8080, &only_server));
    assert_eq!(
        said.iter().filter(|w| *w == "s message Text").count(),
        2,
        "{said:?}"
    );
}

#[test]
fn after_a_gap_frames_are_found_again() {
    let heard = after_upgrade(vec![
        from_server(TEXT, b"a message before"),
        Step::Loses(Side::Server, 1000),
        from_server(TEXT, b"and one behind it"),
        from_server(0x80, b"."),
    ]);
    assert_eq!(
        heard,
        [
            "s message Text",
            "s message Text",
            "s ws.continuation-unexpected after_gap=true",
            "s message Continuation"
        ]
    );
    let within = after_upgrade(vec![
        Step::Loses(Side::Server, 1000),
        server(b"rest of some binary message\x00\x00\x00"),
        from_server(TEXT, b"a text of some length"),
        from_server(TEXT, b"another text of some length"),
    ]);
    assert_eq!(within, ["s skipped 30", "s message Text", "s message Text"]);
}

#[test]
fn a_fault_behind_a_gap_says_so() {
    let heard = after_upgrade(vec![
        from_client(TEXT, b"before"),
        Step::Loses(Side::Client, 50),
        from_client(TEXT, b"a text long enough to be found again"),
        from_client(0x83, b"x"),
        from_server(0x83, b"x"),
    ]);
    assert!(
        heard.contains(&"c ws.reserved-opcode opcode=3 after_gap=true".to_owned())
            && heard.contains(&"s ws.reserved-opcode opcode=3".to_owned()),
        "{heard:?}"
    );
}

#[test]
fn a_gap_within_text_spoils_only_its_check() {
    let whole = frame(TEXT, &[b'a'; 300], false);
    let heard = after_upgrade(vec![
        server(&whole[..100]),
        Step::Loses(Side::Server, 100),
        server(&whole[200..]),
    ]);
    assert_eq!(heard, ["s message Text"]);
}

#[test]
fn a_lost_answer_to_the_upgrade_and_the_clients_first_message_with_it() {
    let text = |n: usize| format!("a message that is found again, {n}");
    let mut steps = vec![
        client(format!("{REQUEST}\r\n").as_bytes()),
        Step::Loses(Side::Client, 13),
        from_client(TEXT, text(0).as_bytes()),
        Step::Loses(Side::Server, 211),
    ];
    for n in 1..5 {
        steps.push(from_server(TEXT, text(n).as_bytes()));
        steps.push(from_client(TEXT, text(n).as_bytes()));
    }
    let heard = words(&events(8080, &steps));
    assert!(heard.contains(&"c message Text".to_owned()), "{heard:?}");
    let fact = |w: &String| w.contains("ws.") && !w.contains("after_gap");
    assert!(!heard.iter().any(fact), "{heard:?}");
}

#[test]
fn a_lost_answer_to_the_upgrade() {
    let steps = [
        upgrade("", "").swap_remove(0),
        Step::Loses(Side::Server, 129),
        from_server(TEXT, b"here we are, open"),
        from_client(TEXT, b"indeed"),
    ];
    check(8080, &steps);
    let said = words(&events(8080, &steps));
    assert_eq!(said[4..], ["s open", "s message Text", "c message Text"]);
}

#[test]
fn unfinished_frames_are_incomplete() {
    let whole = frame(BINARY, &[1; 100], true);
    let heard = after_upgrade(vec![
        client(&whole[..50]),
        Step::Ends(Side::Client, End::Reset),
        Step::Ends(Side::Server, End::Reset),
    ]);
    assert_eq!(heard, ["c incomplete Binary 50 of 106"]);
    let fragments = after_upgrade(vec![
        from_client(0x01, b"abc"),
        Step::Ends(Side::Client, End::Fin),
    ]);
    assert_eq!(fragments, ["c incomplete Text 9 of 11", "c aborted"]);
}

#[test]
fn without_a_close_the_end_of_tcp_is_an_abort() {
    let ended = |steps| after_upgrade(steps);
    let fin = || Step::Ends(Side::Server, End::Fin);
    assert_eq!(ended(vec![fin()]), ["s aborted"]);
    assert!(ended(vec![Step::Loses(Side::Server, 20), fin()]).is_empty());
    let cut = Step::Ends(Side::Server, End::CaptureStopped);
    assert!(ended(vec![cut]).is_empty());
    let closed = ended(vec![server(&frame(CLOSE, &[], false)), fin()]);
    assert!(!closed.contains(&"s aborted".to_owned()), "{closed:?}");
}

#[test]
fn a_late_joined_session_is_recognised_by_its_frames() {
    let mut two = frame(TEXT, b"{\"type\":\"subscribe\"}", true);
    two.extend(frame(TEXT, b"{\"type\":\"ready\"}", true));
    // Seen as the server's: content turns the roles round.
    let said = words(&events_midstream(
        9999,
        &[
            server(&two),
            client(&frame(TEXT, b"some longer answer", false)),
        ],
    ));
    assert_eq!(
        said,
        [
            "c open",
            "c message Text",
            "c message Text",
            "s message Text"
        ]
    );
}

#[test]
fn the_probe_takes_no_other_protocols_bytes() {
    let probe = |bytes: &[u8], beginning| {
        (super::PROTOCOL.probe)(&Probe {
            bytes,
            beginning,
            joined_late: !beginning,
            side: Side::Client,
            ports: PerSide::new(40000, 8080),
            carrier: Carrier::Stream,
        })
    };
    let text = frame(TEXT, b"hello there", true);
    assert_eq!(probe(&text, false), Verdict::Likely(Speaker::Client));
    assert_eq!(probe(&text, true), Verdict::No);
    for other in [
        &[0_u8; 64][..],
        b"\x81\x00\x00\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\x00",
        b"\x82\x00\x00\x00",
        b"\x16\x03\x03\x00\x40abcdefghijklmnopqrstuvwxyz",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x82\x00\x82\x00\x82\x00\x82\x00\x82\x00\x82\x00\x82\x00",
        &[0x81; 100],
        &[0xff; 100],
    ] {
        assert!(
            !matches!(probe(other, false), Verdict::Certain(_)),
            "{other:?}"
        );
    }
}

/// The names in a TLS certificate: context tag 2 and a length, again and again (RFC 5280 section 4.2.1.6).
#[test]
fn names_in_a_certificate_are_no_frames_of_a_conversation_seen_whole() {
    let names: Vec<u8> = (100..140)
        .flat_map(|n| {
            let name = format!("{n}.alt.helloIAmDomain.example");
            [vec![0x82, name.len() as u8], name.into_bytes()].concat()
        })
        .collect();
    let steps = [
        client(b"\x16\x03\x01\x00\x05hello"),
        server(b"\x16\x03\x03\x10\x00\x02certificate"),
        server(&names),
    ];
    assert!(events(4433, &steps).is_empty());
}
