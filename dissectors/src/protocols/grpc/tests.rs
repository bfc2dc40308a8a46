use super::wire;
use crate::dissector::End;
use crate::event::{Act, Expect};
use crate::laws::{self, Said, Step, client, server};
use crate::units::Side;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags, 0, 0, 0, 1]);
    bytes.extend(payload);
    bytes
}

fn headers(flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend(text.as_bytes());
        }
    }
    frame(HEADERS, END_HEADERS | flags, &block)
}

fn message(text: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend(text);
    bytes
}

/// A call of which the client has said all.
fn call(timeout: &str) -> Vec<Step> {
    let fields = [
        (":method", "POST"),
        (":path", "/lab.Echo/Echo"),
        ("content-type", "application/grpc+proto"),
        ("grpc-timeout", timeout),
    ];
    vec![
        client(PREFACE),
        client(&headers(0, &fields)),
        client(&frame(DATA, END_STREAM, &message(b"ask"))),
    ]
}

fn response() -> Vec<u8> {
    headers(
        0,
        &[(":status", "200"), ("content-type", "application/grpc")],
    )
}

fn grpc(said: &[Said]) -> Vec<String> {
    let one = |s: &Said| match &s.act {
        Act::Request { id, expect, .. } => Some(format!("? {id} {}", *expect == Expect::Answer)),
        Act::Reply { id, status } => Some(format!("! {id} {status}")),
        Act::Cancel { id } => Some(format!("x {id}")),
        Act::Message { op } => Some(op.name.to_owned()),
        Act::Fact(fact) => Some(fact.name.to_owned()),
        Act::Incomplete {
            expected, present, ..
        } => Some(format!("{present} of {expected}")),
        _ => None,
    };
    let inner = said.iter().filter(|s| s.session == "http2/grpc");
    inner.filter_map(one).collect()
}

fn run(steps: &[Step]) -> Vec<String> {
    laws::check(5000, steps);
    grpc(&laws::events(5000, steps))
}

#[test]
fn a_call_is_answered_by_its_first_message() {
    let mut steps = call("5S");
    let answer = message(b"a long answer");
    steps.extend([
        server(&response()),
        server(&frame(DATA, 0, &answer[..7])),
        server(&frame(DATA, 0, &answer[7..])),
        server(&headers(END_STREAM, &[("grpc-status", "0")])),
    ]);
    let expected = ["? 1 true", "header list", "! 1 ok", "trailers"];
    assert_eq!(run(&steps), expected);
    // Its HTTP/2 has no exchange of its own.
    let said = laws::events(5000, &steps);
    let outer = |s: &&Said| s.session == "http2" && matches!(s.act, Act::Request { .. });
    assert_eq!(said.iter().find(outer), None);
}

#[test]
fn a_call_that_fails_at_once_has_its_status() {
    let mut steps = call("100m");
    let fields = [
        (":status", "200"),
        ("grpc-status", "7"),
        ("grpc-message", "no%20way"),
    ];
    steps.push(server(&headers(END_STREAM, &fields)));
    let expected = ["? 1 true", "grpc.status", "! 1 PERMISSION_DENIED"];
    assert_eq!(run(&steps), expected);
}

#[test]
fn a_stream_waits_without_limit_and_is_served_from_its_first_message_on() {
    let mut steps = call("1H");
    steps.push(server(&response()));
    for _ in 0..3 {
        steps.push(server(&frame(DATA, 0, &message(b"tick"))));
    }
    steps.push(client(&frame(RST_STREAM, 0, &[0, 0, 0, 8])));
    let expected = [
        "? 1 false",
        "header list",
        "! 1 ok",
        "message",
        "message",
        "grpc.reset",
    ];
    assert_eq!(run(&steps), expected);
}

#[test]
fn a_deadline_that_passes_cancels() {
    let mut steps = call("1S");
    steps.push(client(&frame(RST_STREAM, 0, &[0, 0, 0, 8])));
    assert_eq!(run(&steps), ["? 1 true", "grpc.reset", "x 1"]);
}

#[test]
fn a_stream_that_ends_without_a_status() {
    let mut steps = call("1S");
    steps.push(server(&response()));
    steps.push(server(&frame(
        DATA,
        END_STREAM,
        &message(b"half of it")[..9],
    )));
    let expected = [
        "? 1 true",
        "header list",
        "9 of 15",
        "grpc.no-status",
        "! 1 no grpc-status",
    ];
    assert_eq!(run(&steps), expected);
}

#[test]
fn both_sides_stream() {
    let mut steps = call("5S");
    steps.pop();
    steps.extend([
        client(&frame(DATA, 0, &[message(b"1"), message(b"2")].concat())),
        server(&response()),
        server(&frame(DATA, 0, &message(b"one"))),
        client(&frame(DATA, END_STREAM, &[])),
        server(&headers(END_STREAM, &[("grpc-status", "0")])),
        Step::Ends(Side::Server, End::Fin),
    ]);
    let expected = [
        "message",
        "header list",
        "? 1 false",
        "! 1 ok",
        "message",
        "trailers",
    ];
    assert_eq!(run(&steps), expected);
}

#[test]
fn an_answer_of_http_alone() {
    let mut steps = call("5S");
    steps.push(server(&headers(
        END_STREAM,
        &[(":status", "503"), ("content-type", "text/html")],
    )));
    let expected = ["? 1 true", "grpc.http-status", "! 1 an HTTP status"];
    assert_eq!(run(&steps), expected);
}

#[test]
fn a_gap_within_a_message_is_stepped_over() {
    let mut steps = call("5S");
    let data = frame(DATA, 0, &[message(&[7; 3000]), message(b"next")].concat());
    steps.extend([
        server(&response()),
        server(&data[..1000]),
        Step::Loses(Side::Server, 1500),
        server(&data[2500..]),
    ]);
    assert_eq!(
        run(&steps),
        ["? 1 true", "header list", "! 1 ok", "message"]
    );
}

#[test]
fn timeouts_and_lines() {
    assert_eq!(wire::timeout(b"5S"), Some(5000));
    assert_eq!(wire::timeout(b"4980m"), Some(4980));
    assert_eq!(wire::timeout(b"2H"), Some(7_200_000));
    assert_eq!(wire::timeout(b"5"), None);
    assert_eq!(wire::timeout(b""), None);
    let lines = b"a: 1\r\nGrpc-Status:  13 \r\nb: 2\r\n";
    assert_eq!(wire::find(lines, "grpc-status"), Some(&b"13"[..]));
    assert_eq!(wire::find(lines, "grpc"), None);
    assert_eq!(wire::message(b"a%20b%zz%"), b"a b%zz%");
}
