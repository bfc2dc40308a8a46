//! The fields of messages.

use super::FIN;
use crate::laws::{client, datagram_fields, datagrams, fields, named, server};
use crate::units::{Side, Span};

const ASK: &[u8] = b"GET /a?x=1&y HTTP/1.1\r\nHost:  h \r\nCookie: a=1; b\r\nX-Own: v\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn fields_keep_what_texts_mask() {
    let ask = b"GET /a?session_id=x HTTP/1.1\r\nHost: h\r\n\r\n";
    let both = fields(80, &[client(ask), server(OK)]);
    let uri = named(&both, Side::Client, "http.request.uri");
    assert_eq!(uri, ["/a?session_id=x"]);
}

#[test]
fn a_request_and_its_answer() {
    let both = fields(80, &[client(ASK), server(OK)]);
    for (name, values) in [
        ("http.request.method", &["GET"][..]),
        ("http.request.uri", &["/a?x=1&y"]),
        ("http.request.uri.path", &["/a"]),
        ("http.request.uri.query.parameter", &["x=1", "y"]),
        ("http.request.version", &["HTTP/1.1"]),
        // The space before a value is none of it, that behind it is.
        ("http.host", &["h "]),
        ("http.request.full_uri", &["http://h/a?x=1&y"]),
        ("http.cookie_pair", &["a=1", "b"]),
        ("http.request_number", &["1"]),
    ] {
        assert_eq!(named(&both, Side::Client, name), values, "{name}");
    }
    assert_eq!(named(&both, Side::Client, "http.request.line").len(), 3);
    for (name, value) in [
        ("http.response.code", "200"),
        ("http.response.code.desc", "OK"),
        ("http.response.phrase", "OK"),
        ("http.content_length", "2"),
        ("http.response_for.uri", "http://h/a?x=1&y"),
        ("http.file_data", "hi"),
    ] {
        let values = named(&both, Side::Server, name);
        assert_eq!(values, [value], "{name}");
    }
    let answer = both.iter().find(|m| m.side == Side::Server);
    assert_eq!(answer.map(|m| m.span), Some(Span::new(0, OK.len() as u64)));
}

#[test]
fn chunks_make_one_message() {
    let said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x\r\n!\r\n0\r\nA: b\r\n\r\n";
    let both = fields(80, &[client(ASK), server(said)]);
    assert_eq!(
        named(&both, Side::Server, "http.chunk_size"),
        ["5", "1", "0"]
    );
    assert_eq!(
        named(&both, Side::Server, "http.chunked_trailer_part"),
        ["A: b\r\n"]
    );
    assert_eq!(named(&both, Side::Server, "http.file_data"), ["hello!"]);
}

#[test]
fn what_is_not_whole_is_not_told() {
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhi";
    let mut steps = vec![client(ASK), server(short)];
    steps.extend(FIN);
    assert!(named(&fields(80, &steps), Side::Server, "http").is_empty());
}

#[test]
fn content_without_a_length_ends_with_the_stream() {
    let said = b"HTTP/1.0 200 OK\r\n\r\nall of it";
    let mut steps = vec![client(ASK), server(said)];
    assert!(named(&fields(80, &steps), Side::Server, "http").is_empty());
    steps.extend(FIN);
    assert_eq!(
        named(&fields(80, &steps), Side::Server, "http.file_data"),
        ["all of it"]
    );
}

/// tshark's way: a response answers the last request, if that has none yet.
#[test]
fn an_interim_answer_is_the_answer() {
    let steps = [
        client(ASK),
        server(b"HTTP/1.1 100 Continue\r\n\r\n"),
        server(OK),
        client(ASK),
    ];
    let both = fields(80, &steps);
    assert_eq!(
        named(&both, Side::Client, "http.request_number"),
        ["1", "3"]
    );
    assert_eq!(
        named(&both, Side::Server, "http.response_number"),
        ["1", "2"]
    );
}

#[test]
fn a_tunnel_leads_somewhere() {
    let steps = [
        client(b"CONNECT h:4433 HTTP/1.1\r\nHost: h:4433\r\n\r\n"),
        server(b"HTTP/1.1 200 OK\r\n\r\n"),
        client(b"\x00"),
    ];
    let both = fields(80, &steps);
    assert_eq!(named(&both, Side::Client, "http.proxy_connect_host"), ["h"]);
    assert_eq!(
        named(&both, Side::Client, "http.proxy_connect_port"),
        ["4433"]
    );
    assert_eq!(
        named(&both, Side::Client, "http.request.full_uri"),
        ["h:4433"]
    );
}

#[test]
fn what_does_not_fit_is_left_out() {
    let odd = b"GET\r\n: \r\nno colon\r\nHost\r\nContent-Length: \xff\r\n\r\n";
    let head = [&b"GET / HTTP/1.1\r\n"[..], odd].concat();
    let both = fields(80, &[client(&head)]);
    assert_eq!(named(&both, Side::Client, "http.request.line").len(), 2);
    assert!(named(&both, Side::Client, "http.content_length").is_empty());
}

#[test]
fn datagrams_have_fields_and_no_session() {
    let search = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n";
    assert!(datagrams(1900, &[client(search)]).is_empty());
    let told = datagram_fields(1900, &[client(search)]);
    assert_eq!(
        named(&told, Side::Client, "http.request.method"),
        ["M-SEARCH"]
    );
    assert_eq!(named(&told, Side::Client, "ssdp"), ["Present"]);
    let notify = b"NOTIFY * HTTP/1.1\r\nNTS: ssdp:alive\r\n\r\n";
    let told = datagram_fields(1900, &[client(notify)]);
    assert_eq!(
        named(&told, Side::Client, "http.unknown_header"),
        ["NTS: ssdp:alive\r\n"]
    );
    assert!(named(&told, Side::Client, "http.request").is_empty());
}
