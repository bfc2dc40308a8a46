//! WebSocket in bytes, for tests of its rules.

use colloquy_dissectors::units::Side;

use crate::capture::script::{Script, ScriptFrame};

/// A sound request, but for the empty line.
pub(crate) const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Origin: http://o.example\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
/// Its answer, but for the empty line.
pub(crate) const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// A connection to a port.
pub(crate) fn to(port: u16) -> Script {
    Script::tcp("10.0.0.1:40000", &format!("10.0.0.2:{port}")).connect()
}

/// The upgrade is asked for.
pub(crate) fn asked() -> Script {
    to(8080).client(format!("{REQUEST}\r\n").as_bytes())
}

/// And granted.
pub(crate) fn opened() -> Script {
    opened_with("", "")
}

/// Granted, with more fields in request and answer.
pub(crate) fn opened_with(ask: &str, grant: &str) -> Script {
    to(8080)
        .client(format!("{REQUEST}{ask}\r\n").as_bytes())
        .server(format!("{ANSWER}{grant}\r\n").as_bytes())
}

/// Another answer than 101.
pub(crate) fn refused(status: &str, fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 3\r\n\r\nno\n").into_bytes()
}

/// A frame of any first byte, masked as the side does.
pub(crate) fn frame(side: Side, first: u8, payload: &[u8]) -> Vec<u8> {
    frame_masked(first, payload, side == Side::Client)
}

/// A frame of any first byte, masked or not.
pub(crate) fn frame_masked(first: u8, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = if masked { 0x80 } else { 0 };
    let mut out = vec![first];
    if payload.len() < 126 {
        out.push(mask | payload.len() as u8);
    } else {
        out.push(mask | 0x7e);
        out.extend((payload.len() as u16).to_be_bytes());
    }
    if !masked {
        out.extend(payload);
        return out;
    }
    let key = [0x37, 0xfa, 0x21, 0x3d];
    out.extend(key);
    out.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    out
}

/// A text message.
pub(crate) fn text(side: Side, text: &str) -> Vec<u8> {
    frame(side, 0x81, text.as_bytes())
}

/// A Ping.
pub(crate) fn ping(side: Side, payload: &str) -> Vec<u8> {
    frame(side, 0x89, payload.as_bytes())
}

/// A Pong.
pub(crate) fn pong(side: Side, payload: &str) -> Vec<u8> {
    frame(side, 0x8a, payload.as_bytes())
}

/// A Close; code 0 for none.
pub(crate) fn close(side: Side, code: u16, reason: &str) -> Vec<u8> {
    let mut body = Vec::new();
    if code > 0 {
        body.extend(code.to_be_bytes());
        body.extend(reason.as_bytes());
    }
    frame(side, 0x88, &body)
}

/// Six messages and their answers: enough to be recognised in mid-session.
pub(crate) fn at_length(script: Script) -> Script {
    (0..6).fold(script, |script, n| {
        let (asks, answers) = (
            format!("a message of some length, {n}"),
            format!("another message of some length, {n}"),
        );
        script
            .client(&text(Side::Client, &asks))
            .server(&text(Side::Server, &answers))
    })
}

/// A Close of `side`, answered with the same code, and the end of TCP, the server's first.
pub(crate) fn ended(script: Script, side: Side, code: u16, reason: &str) -> Vec<ScriptFrame> {
    script
        .say(side, &close(side, code, reason))
        .say(side.other(), &close(side.other(), code, ""))
        .fin(Side::Server)
        .fin(Side::Client)
        .frames()
}

/// With another conversation that makes the capture last on.
pub(crate) fn elsewhere(script: Script, seconds: f64) -> Vec<ScriptFrame> {
    let other = Script::udp("10.0.0.7:1000", "10.0.0.8:2000");
    Script::merge([script, other.wait_secs(seconds).client(b"x")])
}
