mod fields;

use super::wire::{Head, Kind, PREFACE, flag};
use crate::dissector::End;
use crate::event::{Act, Phase};
use crate::laws::{self, Said, Step, client, server};
use crate::units::Side;

const PORT: u16 = 5000;

pub(super) fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind.0, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A block of literals that are not indexed.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            bytes.push(text.len() as u8);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

const GET: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/a?token=secret"),
    (":authority", "example.org"),
];

fn hello() -> Vec<Step> {
    let mut first = PREFACE.to_vec();
    first.extend(frame(Kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]));
    vec![
        client(&first),
        server(&frame(Kind::SETTINGS, 0, 0, &[])),
        server(&frame(Kind::SETTINGS, flag::ACK, 0, &[])),
        client(&frame(Kind::SETTINGS, flag::ACK, 0, &[])),
    ]
}

fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(Kind::HEADERS, flags, stream, &block(fields))
}

const END: u8 = flag::END_HEADERS | flag::END_STREAM;

fn phases(said: &[Said]) -> Vec<Phase> {
    let phase = |s: &Said| match s.act {
        Act::Phase(phase) => Some(phase),
        _ => None,
    };
    said.iter()
        .filter(|s| s.session == "http2")
        .filter_map(phase)
        .collect()
}

/// Requests, answers and cancellations: `? 1`, `! 1 404`, `x 1`.
pub(super) fn exchanges(said: &[Said]) -> Vec<String> {
    let one = |s: &Said| match &s.act {
        Act::Request { id, op, .. } => Some(format!("? {id} {op}")),
        Act::Reply { id, status } => Some(format!("! {id} {}", status.code)),
        Act::Interim { id, .. } => Some(format!("~ {id}")),
        Act::Cancel { id } => Some(format!("x {id}")),
        _ => None,
    };
    said.iter().filter_map(one).collect()
}

#[test]
fn streams_are_exchanges_whatever_their_order() {
    let mut steps = hello();
    steps.extend([
        client(&headers(1, END, GET)),
        client(&headers(3, END, GET)),
        server(&headers(3, flag::END_HEADERS, &[(":status", "200")])),
        server(&frame(
            Kind::DATA,
            flag::END_STREAM | flag::PADDED,
            3,
            b"\x02hello\0\0",
        )),
        server(&headers(1, END, &[(":status", "404")])),
        server(&frame(Kind::GOAWAY, 0, 0, &[0, 0, 0, 3, 0, 0, 0, 0])),
        Step::Ends(Side::Server, End::Fin),
    ]);
    laws::check(PORT, &steps);
    let said = laws::events(PORT, &steps);
    assert_eq!(
        exchanges(&said),
        ["? 1 GET", "? 3 GET", "! 3 200", "! 1 404"]
    );
    let expected = [
        Phase::Negotiating,
        Phase::Open,
        Phase::Releasing,
        Phase::Closed,
    ];
    assert_eq!(phases(&said), expected);
    let faults = |s: &&Said| matches!(s.act, Act::Malformed { .. } | Act::Incomplete { .. });
    assert_eq!(said.iter().find(faults), None);
}

#[test]
fn an_upload_is_asked_with_its_last_byte_or_when_it_is_answered() {
    let mut steps = hello();
    let post = &[(":method", "POST"), (":path", "/")];
    steps.extend([
        client(&headers(1, flag::END_HEADERS, post)),
        server(&headers(1, flag::END_HEADERS, &[(":status", "100")])),
        client(&frame(Kind::DATA, 0, 1, b"one")),
        client(&frame(Kind::DATA, flag::END_STREAM, 1, b"two")),
        client(&headers(3, flag::END_HEADERS, post)),
        server(&headers(3, END, &[(":status", "413")])),
        client(&headers(5, flag::END_HEADERS, post)),
        client(&frame(Kind::DATA, flag::END_STREAM, 5, b"three")),
    ]);
    laws::check(PORT, &steps);
    let expected = ["? 1 POST", "~ 1", "? 3 POST", "! 3 413", "? 5 POST"];
    assert_eq!(exchanges(&laws::events(PORT, &steps)), expected);
}

#[test]
fn continuation_and_priority() {
    let mut steps = hello();
    let fields = block(GET);
    let (start, rest) = fields.split_at(17);
    let mut first = vec![0, 0, 0, 0, 15];
    first.extend(start);
    steps.extend([
        client(&frame(
            Kind::HEADERS,
            flag::PRIORITY | flag::END_STREAM,
            1,
            &first,
        )),
        client(&frame(Kind::CONTINUATION, flag::END_HEADERS, 1, rest)),
    ]);
    laws::check(PORT, &steps);
    assert_eq!(exchanges(&laws::events(PORT, &steps)), ["? 1 GET"]);
    let texts = laws::texts(PORT, &steps);
    assert!(
        texts.contains(&"HEADERS[1]: GET /a?token=***".to_owned()),
        "{texts:?}"
    );
}

/// A flood of CONTINUATION frames: what is kept of a block has a bound, and it is told.
#[test]
fn a_block_without_end_is_bounded_and_told() {
    let told = |count: usize| {
        let mut steps = hello();
        steps.push(client(&frame(
            Kind::HEADERS,
            flag::END_STREAM,
            1,
            &block(GET),
        )));
        let value = "v".repeat(100);
        let more = block(&[("x-fill", value.as_str()); 10]);
        for _ in 0..count {
            steps.push(client(&frame(Kind::CONTINUATION, 0, 1, &more)));
        }
        steps.push(client(&frame(
            Kind::CONTINUATION,
            flag::END_HEADERS,
            1,
            &[],
        )));
        let said = laws::events(PORT, &steps);
        assert_eq!(exchanges(&said), ["? 1 GET"]);
        let limit = |s: &&Said| matches!(s.act, Act::Limit { .. });
        said.iter().filter(limit).count()
    };
    assert_eq!(told(50), 0);
    assert!(told(70) > 0);
}

#[test]
fn resets_cancel_or_answer() {
    let mut steps = hello();
    let code = |n: u8| [0, 0, 0, n];
    steps.extend([
        client(&headers(1, END, GET)),
        client(&frame(Kind::RST_STREAM, 0, 1, &code(8))),
        client(&headers(3, END, GET)),
        server(&frame(Kind::RST_STREAM, 0, 3, &code(7))),
        server(&frame(Kind::RST_STREAM, 0, 9, &code(7))),
    ]);
    laws::check(PORT, &steps);
    let said = laws::events(PORT, &steps);
    assert_eq!(exchanges(&said), ["? 1 GET", "x 1", "? 3 GET", "! 3 7"]);
    let facts = said.iter().filter_map(|s| match &s.act {
        Act::Fact(fact) => Some(fact.name),
        _ => None,
    });
    assert_eq!(facts.collect::<Vec<_>>(), ["h2.reset", "h2.reset"]);
}

#[test]
fn joined_late_it_is_told_by_its_frames() {
    let steps = [
        client(&headers(7, END, GET)),
        server(&headers(7, END, &[(":status", "204")])),
    ];
    let said = laws::events_midstream(PORT, &steps);
    assert_eq!(exchanges(&said), ["? 7 GET", "! 7 204"]);
    assert!(said.iter().all(|s| s.session == "http2"));
    // The server may be heard first.
    let turned = [steps[1].clone(), steps[0].clone()];
    let said = laws::events_midstream(PORT, &turned);
    assert_eq!(exchanges(&said), ["? 7 GET"]);
    // Zeros and text are no frames.
    assert!(laws::events_midstream(PORT, &[client(&[0; 400])]).is_empty());
    assert!(laws::events_midstream(PORT, &[client(&[b'a'; 400])]).is_empty());
}

#[test]
fn behind_a_gap_frames_are_found_again() {
    let mut steps = hello();
    let mut rest = vec![0x55; 700];
    rest.extend(headers(3, END, GET));
    rest.extend(frame(Kind::PING, 0, 0, &[1; 8]));
    steps.extend([
        client(&headers(1, END, GET)),
        Step::Loses(Side::Client, 1000),
        client(&rest),
        server(&headers(3, END, &[(":status", "200")])),
    ]);
    laws::check(PORT, &steps);
    let said = laws::events(PORT, &steps);
    assert_eq!(exchanges(&said), ["? 1 GET", "? 3 GET", "! 3 200"]);
    let skipped = said.iter().find_map(|s| match s.act {
        Act::Skipped { bytes } => Some(bytes),
        _ => None,
    });
    assert_eq!(skipped, Some(700));
}

#[test]
fn a_gap_in_data_is_stepped_over() {
    let mut steps = hello();
    let data = frame(Kind::DATA, flag::END_STREAM, 1, &[7; 5000]);
    steps.extend([
        client(&headers(1, END, GET)),
        server(&headers(1, flag::END_HEADERS, &[(":status", "200")])),
        server(&data[..1000]),
        Step::Loses(Side::Server, 3000),
        server(&data[4000..]),
        server(&frame(Kind::PING, flag::ACK, 0, &[0; 8])),
    ]);
    laws::check(PORT, &steps);
    let said = laws::events(PORT, &steps);
    let last = said.iter().rev().find_map(|s| match s.act {
        Act::Message { op } => Some(op),
        _ => None,
    });
    assert_eq!(last, Some(Kind::PING.op()));
    let skipped = |s: &&Said| matches!(s.act, Act::Skipped { .. });
    assert_eq!(said.iter().find(skipped), None);
}

#[test]
fn a_client_of_another_protocol() {
    let steps = [
        server(&frame(Kind::SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        client(b"\x16\x03\x01 hello"),
    ];
    let said = laws::events(PORT, &steps);
    let malformed = |s: &&Said| matches!(s.act, Act::Malformed { .. });
    assert_eq!(said.iter().filter(malformed).count(), 1);
}

#[test]
fn half_a_frame_is_incomplete() {
    let mut steps = hello();
    steps.extend([
        client(&headers(1, END, GET)),
        server(&headers(1, flag::END_HEADERS, &[(":status", "200")])),
        server(&frame(Kind::DATA, 0, 1, &[7; 500])[..300]),
        Step::Ends(Side::Server, End::Reset),
    ]);
    laws::check(PORT, &steps);
    let said = laws::events(PORT, &steps);
    let half = said.iter().find_map(|s| match s.act {
        Act::Incomplete {
            expected, present, ..
        } => Some((expected, present)),
        _ => None,
    });
    assert_eq!(half, Some((509, 300)));
}

#[test]
fn heads_that_may_begin_a_frame() {
    let plausible = |bytes: &[u8]| Head::read(bytes).is_some_and(Head::is_plausible);
    assert!(plausible(&frame(Kind::PING, flag::ACK, 0, &[0; 8])));
    assert!(!plausible(&frame(Kind::PING, flag::ACK, 1, &[0; 8])));
    assert!(!plausible(&frame(Kind::PING, 0, 0, &[0; 7])));
    assert!(!plausible(&frame(Kind::DATA, 0, 0, b"x")));
    assert!(!plausible(&frame(Kind(77), 0, 1, b"x")));
}
