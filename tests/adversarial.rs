//! Peers that mean harm: bombs, floods, endless and deeply nested messages. The program's memory stays bounded, whatever they
//! send, and what is dropped for that is noted.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use colloquy::capture::script::Script;
use flate2::{Compress, Compression, FlushCompress};
use serde_json::Value;

use crate::harness::{list, pcapng_of, root};

/// Kilobytes that the program may take at most, its buffers of frames included.
const MOST_KB: u64 = 128 * 1024;
/// A single run that takes longer is not linear.
const PATIENCE: Duration = Duration::from_mins(1);
/// Bytes of a flood.
const FLOOD: usize = 2 << 20;

/// Has the program read a capture from standard input, and watches how much memory it takes.
fn watched(args: &[&str], capture: &[u8]) -> Vec<u8> {
    let begin = Instant::now();
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .current_dir(root())
        .args(args)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(out.reopen().unwrap())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let peak = || {
        let status = fs::read_to_string(&status).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let mut most = peak().unwrap_or_default();
    for part in capture.chunks(1 << 20) {
        // Behind damage nothing is read.
        if input.write_all(part).is_err() {
            break;
        }
        most = peak().unwrap_or(most);
    }
    drop(input);
    let ended = loop {
        most = peak().unwrap_or(most);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        if begin.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    // A damaged file is told by the status.
    let told = matches!(ended.code(), Some(0..=2));
    assert!(told, "{ended} after {:?}", begin.elapsed());
    assert!(most > 0, "it was watched");
    assert!(most < MOST_KB, "{most} kB");
    fs::read(out.path()).unwrap()
}

/// Reads it as a report, and all its fields.
fn report(capture: &[u8]) -> Value {
    watched(&["frames", "-T", "json"], capture);
    let report = watched(&["report", "--format", "json"], capture);
    serde_json::from_slice(&report).unwrap()
}

fn of_script(script: Script) -> Value {
    report(&pcapng_of(&script.frames()))
}

/// What was dropped in any session.
fn limits(report: &Value) -> String {
    let sessions = list(report, "sessions").iter();
    let noted: Vec<String> = sessions.map(|s| s["limits"].to_string()).collect();
    noted.join(" ")
}

fn tcp(port: u16) -> Script {
    let server = format!("10.0.0.2:{port}");
    let script = Script::tcp("10.0.0.1:40000", &server);
    script.segment_size(32_000).connect()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A WebSocket over which messages are compressed.
fn websocket() -> Script {
    let request = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
        dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \
        s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    tcp(80).client(request.as_bytes()).server(answer.as_bytes())
}

/// The head of a frame with a length of 8 bytes (RFC 6455 section 5.2).
fn long_frame(first: u8, len: u64) -> Vec<u8> {
    let mut frame = vec![first, 127];
    frame.extend(len.to_be_bytes());
    frame
}

/// Zeros, compressed: 64 MiB become 64 KiB.
fn bomb(mut compress: Compress) -> Vec<u8> {
    let (zeros, mut packed) = (vec![0; 64 << 20], Vec::with_capacity(1 << 20));
    compress
        .compress_vec(&zeros, &mut packed, FlushCompress::Sync)
        .unwrap();
    assert_eq!(compress.total_in(), zeros.len() as u64);
    packed
}

/// A value around a value around a value (X.690 section 8.1), each with a length of 4 bytes.
fn nested(tag: u8, depth: usize) -> Vec<u8> {
    let mut levels = Vec::new();
    for level in (0..depth).rev() {
        levels.extend([tag, 0x84]);
        levels.extend((6 * level as u32).to_be_bytes());
    }
    levels
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag, 0x84];
    value.extend((content.len() as u32).to_be_bytes());
    value.extend(content);
    value
}

#[test]
fn deflate_bombs() {
    let packed = bomb(Compress::new(Compression::best(), false));
    let mut frame = long_frame(0xC1, packed.len() as u64 - 4);
    frame.extend(&packed[..packed.len() - 4]);
    let told = limits(&of_script(websocket().server(&frame)));
    assert!(told.contains("inflates to more than"), "{told}");

    let packed = bomb(Compress::new_gzip(Compression::best(), 15));
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    answer.extend(packed);
    of_script(tcp(80).client(GET).server(&answer));
}

#[test]
fn frames_of_a_websocket_that_never_end_or_hold_nothing() {
    let mut endless = long_frame(0x82, (1 << 63) - 1);
    endless.resize(FLOOD, b'x');
    of_script(
        websocket()
            .server(&endless)
            .server(&long_frame(0x82, 1 << 63)),
    );
    let tiny = [&[0x01, 1, b'a'][..], &[0x00, 1, b'a'].repeat(300_000)].concat();
    of_script(websocket().server(&tiny));
    let empty = [&[0x41, 0][..], &[0x00, 0].repeat(300_000)].concat();
    of_script(websocket().server(&empty));
}

#[test]
fn heads_and_bodies_of_http_that_never_end() {
    let lines = b"X-Name: value\r\n".repeat(FLOOD / 15);
    let told = limits(&of_script(
        tcp(80).client(&GET[..GET.len() - 2]).client(&lines),
    ));
    assert!(told.contains("a head beyond"), "{told}");
    let line = [&GET[..GET.len() - 2], b"X: ", &vec![b'v'; FLOOD]].concat();
    let told = limits(&of_script(tcp(80).client(&line)));
    assert!(told.contains("a head beyond"), "{told}");
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        b"1\r\na\r\n".repeat(FLOOD / 12),
        [b"1;", &vec![b'x'; FLOOD][..]].concat(),
        [b"ffffffffffffffff\r\n", &vec![b'x'; FLOOD][..]].concat(),
        [b"0\r\n", &b"X-Name: value\r\n".repeat(FLOOD / 15)[..]].concat(),
    ] {
        of_script(tcp(80).client(GET).server(head).server(&body));
    }
}

#[test]
fn records_of_tls_of_one_byte() {
    // A certificate that is said to be 16 MiB long.
    let hello = [&[3, 3][..], &[0; 32], &[0, 0xC0, 0x2F, 0]].concat();
    let mut words = [&[2, 0, 0, hello.len() as u8][..], &hello].concat();
    words.extend([11, 0xFF, 0xFF, 0xFF]);
    words.resize(FLOOD / 6, 0);
    let records: Vec<u8> = words.iter().flat_map(|b| [22, 3, 3, 0, 1, *b]).collect();
    of_script(tcp(443).server(&records));
    of_script(tcp(443).server(&[23, 3, 3, 0, 1, 0].repeat(FLOOD / 12)));
}

#[test]
fn header_blocks_of_http_2_that_never_end() {
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        frame
    };
    let begin = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &frame(4, 0, 0, b"")[..],
    ]
    .concat();
    // A field that stays in the table, 4000 bytes long, and references to it.
    let mut field = b"\x82\x86\x84\x40\x01a\x7f\xa1\x1e".to_vec();
    field.resize(field.len() + 4000, b'v');
    let mut bomb = frame(1, 5, 1, &field);
    for stream in 0..100 {
        bomb.extend(frame(1, 5, 3 + 2 * stream, &[0xBE; 16_000]));
    }
    of_script(tcp(80).client(&begin).client(&bomb));
    let line = [&b"\0\x01a\x7f\0"[..], &[b'b'; 127]].concat();
    for part in [&line[..], b""] {
        let flood = frame(9, 0, 1, part).repeat(FLOOD / 128);
        let flood = [frame(1, 0, 1, b"\x82\x86\x84"), flood].concat();
        of_script(tcp(80).client(&begin).client(&flood));
    }
}

#[test]
fn ber_within_ber() {
    let deep = nested(0x30, 40_000);
    let message = value(0x6A, &deep);
    let record = [&(message.len() as u32).to_be_bytes()[..], &message].concat();
    of_script(tcp(88).client(&record));
    let search = b"\x04\0\x0a\x01\x02\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0";
    for tag in [0xA0, 0xA2] {
        let search = value(0x63, &[&search[..], &nested(tag, 40_000)].concat());
        let message = value(0x30, &[&[2, 1, 2][..], &search].concat());
        of_script(tcp(389).client(&message));
    }
    // SPNEGO in an LDAP bind (RFC 4178 section 4.2).
    let token = value(
        0x60,
        &[
            &b"\x06\x06\x2b\x06\x01\x05\x05\x02"[..],
            &value(0xA0, &deep),
        ]
        .concat(),
    );
    let sasl = value(0xA3, &[value(4, b"GSS-SPNEGO"), value(4, &token)].concat());
    let bind = value(0x60, &[&[2, 1, 3, 4, 0][..], &sasl].concat());
    of_script(tcp(389).client(&value(0x30, &[&[2, 1, 1][..], &bind].concat())));
    // And in a header of HTTP, in hexadecimal digits, which are Base64 as well.
    let token = token.iter().take(20_000).map(|b| format!("{b:02x}"));
    let header = format!(
        "Authorization: Negotiate {}\r\n\r\n",
        token.collect::<String>()
    );
    of_script(tcp(80).client(&[&GET[..GET.len() - 2], header.as_bytes()].concat()));
}

#[test]
fn blocks_of_pcapng_without_end() {
    let block = |kind: u32, body: &[u8]| {
        let len = (body.len() as u32 + 12).to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    };
    let section = b"\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff";
    let section = block(0x0A0D_0D0A, section);
    let interface = |options: &[u8]| block(1, &[b"\x01\0\0\0\0\0\0\0", options].concat());
    let plain = interface(b"");
    let begin = [&section[..], &plain].concat();
    let comment = b"\x01\0\x04\0abcd";
    let packet = [&[0; 12][..], &[60, 0, 0, 0, 60, 0, 0, 0], &[0; 60]].concat();
    let endless = [
        &6_u32.to_le_bytes()[..],
        &0xFFFF_FFF0_u32.to_le_bytes(),
        &vec![0; FLOOD],
    ]
    .concat();
    for file in [
        [&section[..], &interface(&comment.repeat(FLOOD / 8))].concat(),
        [
            &begin[..],
            &block(6, &[&packet[..], &comment.repeat(FLOOD / 8)].concat()),
        ]
        .concat(),
        begin.repeat(FLOOD / begin.len()),
        [&section[..], &plain.repeat(FLOOD / plain.len())].concat(),
        [&begin[..], &endless].concat(),
    ] {
        report(&file);
    }
}
