//! HTTP's words in HTTP/2: methods as operations and status codes.

use crate::event::{Op, Status};
use crate::http_status;

/// Methods that are met. The place in this table is the operation's code.
const METHODS: &[&str] = &[
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PROPFIND", "PUT", "QUERY",
    "REPORT", "SEARCH", "TRACE",
];

/// A method as an operation; one that is not known is `OTHER`.
pub(super) fn method(name: &[u8]) -> Op {
    let known = METHODS.iter().position(|known| known.as_bytes() == name);
    match known.and_then(|at| Some((at, *METHODS.get(at)?))) {
        Some((at, name)) => Op::new(name, at as u32),
        None => Op::new("OTHER", METHODS.len() as u32),
    }
}

/// How a final status answers.
pub(super) fn status(code: u16) -> Status {
    let name = http_status::name(code);
    if code >= 400 {
        Status::failure(u32::from(code), name)
    } else {
        Status::ok(u32::from(code), name)
    }
}
