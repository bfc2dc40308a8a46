//! HTTP in text, for tests of its rules.

use crate::capture::script::Script;

/// A connection to a web server.
pub(crate) fn to_web() -> Script {
    from(40_000)
}

/// A connection from another port.
pub(crate) fn from(port: u16) -> Script {
    Script::tcp(&format!("10.0.0.1:{port}"), "10.0.0.2:80").connect()
}

/// A request without a body: `GET /me`, and its further fields, each with its line end.
pub(crate) fn ask(line: &str, fields: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: web.example\r\n{fields}\r\n").into_bytes()
}

/// A form that logs somebody in.
pub(crate) fn log_in() -> Vec<u8> {
    let fields = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 15\r\n";
    let mut bytes = ask("POST /login", fields);
    bytes.extend_from_slice(b"user=a&pw=wrong");
    bytes
}

/// An answer with a short body: `200 OK`, and its further fields.
pub(crate) fn answer(status: &str, fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{fields}Content-Length: 3\r\n\r\nhm\n").into_bytes()
}

/// A request and its answer.
pub(crate) fn turn(script: Script, asked: &[u8], answered: &[u8]) -> Script {
    script.client(asked).server(answered)
}
