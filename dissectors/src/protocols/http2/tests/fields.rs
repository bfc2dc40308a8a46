//! What the fields of frames are, on dialogues and under the laws.

use super::{END, GET, PORT, block, frame, headers, hello};
use crate::laws::{Described, Step, client, fields, named, server};
use crate::protocols::http2::wire::{Kind, flag};
use crate::units::Side;

fn of(described: &[Described], side: Side, names: &[&str]) -> Vec<Vec<String>> {
    let values = |name: &&str| {
        named(described, side, name)
            .iter()
            .map(|v| (*v).to_owned())
            .collect()
    };
    names.iter().map(values).collect()
}

/// A frame of nearly every kind.
fn dialogue() -> Vec<Step> {
    let mut steps = hello();
    let padded = [&[2][..], b"hello", &[0, 0]].concat();
    steps.extend([
        client(&headers(1, END, GET)),
        client(&frame(Kind::PRIORITY, 0, 3, &[0x80, 0, 0, 1, 200])),
        client(&frame(Kind::WINDOW_UPDATE, 0, 0, &[0, 1, 0, 0])),
        client(&frame(Kind::PING, 0, 0, &[1, 2, 3, 4, 5, 6, 7, 8])),
        server(&headers(
            1,
            flag::END_HEADERS,
            &[(":status", "200"), ("content-length", "5")],
        )),
        server(&frame(
            Kind::DATA,
            flag::END_STREAM | flag::PADDED,
            1,
            &padded,
        )),
        server(&frame(Kind::PING, flag::ACK, 0, &[1, 2, 3, 4, 5, 6, 7, 8])),
        server(&frame(Kind::RST_STREAM, 0, 3, &[0, 0, 0, 7])),
        server(&frame(Kind::GOAWAY, 0, 0, b"\0\0\0\x03\0\0\0\x0benough")),
    ]);
    steps
}

#[test]
fn what_a_client_says() {
    let described = fields(PORT, &dialogue());
    let asked = of(
        &described,
        Side::Client,
        &[
            "http2.type",
            "http2.headers.method",
            "http2.request.full_uri",
            "http2.exclusive",
            "http2.stream_dependency",
            "http2.headers.weight_real",
            "http2.window_update.window_size_increment",
            "http2.settings.max_concurrent_streams",
            "http2.ping",
        ],
    );
    let expected = [
        &["4", "4", "1", "2", "8", "6"][..],
        &["GET"],
        &["http://example.org/a?token=secret"],
        &["Bool(true)"],
        &["1"],
        &["201"],
        &["65536"],
        &["100"],
        &["Bytes([1, 2, 3, 4, 5, 6, 7, 8])"],
    ];
    assert_eq!(asked, expected);
}

#[test]
fn what_a_server_says() {
    let described = fields(PORT, &dialogue());
    let answered = of(
        &described,
        Side::Server,
        &[
            "http2.headers.status",
            "http2.headers.content_length",
            "http2.data.data",
            "http2.padding",
            "http2.data.padding",
            "http2.pong",
            "http2.rst_stream.error",
            "http2.goaway.last_stream_id",
            "http2.goaway.error",
            "http2.goaway.addata",
            "http2.error_name",
        ],
    );
    let expected = [
        &["200"][..],
        &["5"],
        &["Bytes([104, 101, 108, 108, 111])"],
        &["2"],
        &["Bytes([0, 0])"],
        &["Bytes([1, 2, 3, 4, 5, 6, 7, 8])"],
        &["7"],
        &["3"],
        &["11"],
        &["Bytes([101, 110, 111, 117, 103, 104])"],
        &["REFUSED_STREAM", "ENHANCE_YOUR_CALM"],
    ];
    assert_eq!(answered, expected);
}

#[test]
fn a_field_belongs_to_the_frame_that_completes_it() {
    let mut steps = hello();
    let all = block(GET);
    let (start, rest) = all.split_at(20);
    steps.extend([
        client(&frame(Kind::HEADERS, flag::END_STREAM, 1, start)),
        client(&frame(Kind::CONTINUATION, flag::END_HEADERS, 1, rest)),
    ]);
    let described = fields(PORT, &steps);
    let names = of(
        &described,
        Side::Client,
        &["http2.header.name", "http2.header.count"],
    );
    assert_eq!(names[0], [":method", ":scheme", ":path", ":authority"]);
    assert_eq!(names[1], ["1", "3"]);
}

#[test]
fn grpc_messages_have_fields_in_the_frame_that_ends_them() {
    let mut steps = hello();
    let fields_of_call = [
        (":method", "POST"),
        (":path", "/a.B/C"),
        ("content-type", "application/grpc"),
    ];
    steps.extend([
        client(&headers(1, flag::END_HEADERS, &fields_of_call)),
        client(&frame(Kind::DATA, 0, 1, b"\0\0\0\0\x04ab")),
        client(&frame(Kind::DATA, flag::END_STREAM, 1, b"cd\x01\0\0\0\0")),
    ]);
    let described = fields(PORT, &steps);
    let values = of(
        &described,
        Side::Client,
        &[
            "grpc.message_length",
            "grpc.compressed_flag",
            "grpc.message_data",
            "grpc.path",
        ],
    );
    let expected = [
        &["4", "0"][..],
        &["0", "1"],
        &["Bytes([97, 98, 99, 100])"],
        &["/a.B/C", "/a.B/C"],
    ];
    assert_eq!(values, expected);
}

#[test]
fn settings_of_an_upgrade_and_grpc_web_in_http_1() {
    let request =
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
    let described = fields(PORT, &[client(request)]);
    assert_eq!(
        named(&described, Side::Client, "http2.settings.id"),
        ["3", "4", "2"]
    );
    let web: Step = client(
        b"POST /g.G/H HTTP/1.1\r\nContent-Type: application/grpc-web-text\r\nContent-Length: 12\r\n\r\nAAAAAAoKCA==",
    );
    let described = fields(PORT, &[web]);
    assert_eq!(
        named(&described, Side::Client, "grpc.message_length"),
        Vec::<&str>::new()
    );
    let web: Step = client(
        b"POST /g.G/H HTTP/1.1\r\nContent-Type: application/grpc-web-text\r\nContent-Length: 12\r\n\r\nAAAAAAIKCA==",
    );
    let described = fields(PORT, &[web]);
    assert_eq!(
        named(&described, Side::Client, "grpc.message_length"),
        ["2"]
    );
    assert_eq!(named(&described, Side::Client, "grpc.path"), ["/g.G/H"]);
}
