//! The fields of frames.

use flate2::{Compress, Compression, FlushCompress};

use super::{BINARY, CLOSE, PING, TEXT, from_client, from_server, upgrade};
use crate::laws::{Described, Step, fields, named};
use crate::units::Side;

const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

fn frames(extension: &str, more: &[Step]) -> Vec<Described> {
    let mut steps = upgrade(extension, extension);
    steps.extend_from_slice(more);
    fields(80, &steps)
}

#[test]
fn frames_of_all_kinds() {
    let both = frames(
        "",
        &[
            from_client(TEXT, b"hi\0there"),
            from_client(BINARY, &[7; 200]),
            from_client(PING, b"p"),
            from_client(CLOSE, b"\x03\xe8bye"),
            from_server(CLOSE, b""),
        ],
    );
    for (name, values) in [
        ("websocket.fin", &["Bool(true)"; 4][..]),
        ("websocket.opcode", &["1", "2", "9", "8"]),
        ("websocket.mask", &["Bool(true)"; 4]),
        ("websocket.payload_length", &["8", "126", "1", "5"]),
        ("websocket.payload_length_ext_16", &["200"]),
        ("websocket.payload.text", &["hi"]),
        ("websocket.payload.ping", &["Bytes([112])"]),
        ("websocket.payload.close.status_code", &["1000"]),
        ("websocket.payload.close.reason", &["bye"]),
    ] {
        assert_eq!(named(&both, Side::Client, name), values, "{name}");
    }
    assert_eq!(named(&both, Side::Client, "websocket.masking_key").len(), 4);
    assert!(named(&both, Side::Server, "websocket.payload").is_empty());
}

#[test]
fn a_message_of_several_frames() {
    let both = frames(
        "",
        &[
            from_client(0x01, b"on"),
            from_client(PING, b""),
            from_client(0x00, b"e m"),
            from_client(0x80, b"essage"),
            from_client(0x80, b"orphan"),
        ],
    );
    assert_eq!(
        named(&both, Side::Client, "websocket.payload.text"),
        ["one message"]
    );
    assert_eq!(
        named(&both, Side::Client, "websocket.payload.continue"),
        ["Bytes([101, 32, 109])"]
    );
    assert_eq!(
        named(&both, Side::Client, "websocket.fragment.count"),
        ["3"]
    );
    assert_eq!(
        named(&both, Side::Client, "websocket.payload.unknown"),
        ["Bytes([111, 114, 112, 104, 97, 110])"]
    );
}

#[test]
fn compressed_messages_are_read() {
    let mut sender = Compress::new(Compression::best(), false);
    let mut next = || {
        let mut out = Vec::with_capacity(128);
        let text = b"hello, hello, hello";
        sender
            .compress_vec(text, &mut out, FlushCompress::Sync)
            .unwrap();
        out.truncate(out.len() - 4);
        out
    };
    let (first, second) = (next(), next());
    let (start, rest) = second.split_at(2);
    let said = [
        from_server(0xc1, &first),
        from_server(0x41, start),
        from_server(0x80, rest),
        from_server(TEXT, b"plain"),
    ];
    let both = frames(DEFLATE, &said);
    let hello = "hello, hello, hello";
    assert_eq!(
        named(&both, Side::Server, "websocket.payload.text"),
        [hello, hello, "plain"]
    );
    assert_eq!(
        named(&both, Side::Server, "websocket.pmc"),
        ["Bool(true)", "Bool(true)", "Bool(false)", "Bool(false)"]
    );
    // Where nothing was agreed on, the bytes are what they are.
    let both = frames("", &[from_server(0xc1, b"raw")]);
    assert_eq!(
        named(&both, Side::Server, "websocket.payload.text"),
        ["raw"]
    );
}

#[test]
fn what_cannot_be_decompressed_is_told() {
    let both = frames(DEFLATE, &[from_client(0xc1, b"\xff\xff\xff")]);
    assert_eq!(
        named(&both, Side::Client, "websocket.decompression.failed.expert"),
        ["Present"]
    );
    assert!(named(&both, Side::Client, "websocket.payload.text").is_empty());
}
