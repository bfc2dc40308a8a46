//! gRPC's bytes: heads of messages, lines of header lists, status codes. No state of a call.

use crate::event::Status;

/// Bytes of a message's head.
pub(super) const HEAD: usize = 5;
/// Flag of a head: the message is compressed.
pub(super) const COMPRESSED: u8 = 0x01;
/// Flag of a head, of gRPC-Web: these are the trailers.
pub(super) const TRAILERS: u8 = 0x80;

/// The head of a length-prefixed message.
///
/// ```text
///   0       1                               5
///  +-------+-------------------------------+---------+
///  | flags | length                        | message |
///  +-------+-------------------------------+---------+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) flags: u8,
    /// Bytes behind the head.
    pub(super) len: u32,
}

impl Head {
    pub(super) const fn read(bytes: [u8; HEAD]) -> Self {
        let [flags, a, b, c, d] = bytes;
        Self {
            flags,
            len: u32::from_be_bytes([a, b, c, d]),
        }
    }

    pub(super) const fn is_trailers(self) -> bool {
        self.flags & TRAILERS != 0
    }
}

/// The value of a field among lines `name: value`, names in small letters or not.
pub(super) fn find<'a>(lines: &'a [u8], name: &str) -> Option<&'a [u8]> {
    lines.split(|b| *b == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        let value = value
            .strip_prefix(b":")
            .filter(|_| start.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(value.trim_ascii())
    })
}

/// A number in digits.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A `grpc-timeout`, in milliseconds: digits and a unit.
pub(super) fn timeout(text: &[u8]) -> Option<u64> {
    let (unit, digits) = text.split_last()?;
    let count = u64::from(number(digits)?);
    Some(match unit {
        b'H' => count * 3_600_000,
        b'M' => count * 60_000,
        b'S' => count * 1000,
        b'm' => count,
        b'u' => count / 1000,
        b'n' => count / 1_000_000,
        _ => return None,
    })
}

/// A status code of gRPC; empty for one that is not known.
pub(super) const fn status_name(code: u32) -> &'static str {
    match code {
        0 => "OK",
        1 => "CANCELLED",
        2 => "UNKNOWN",
        3 => "INVALID_ARGUMENT",
        4 => "DEADLINE_EXCEEDED",
        5 => "NOT_FOUND",
        6 => "ALREADY_EXISTS",
        7 => "PERMISSION_DENIED",
        8 => "RESOURCE_EXHAUSTED",
        9 => "FAILED_PRECONDITION",
        10 => "ABORTED",
        11 => "OUT_OF_RANGE",
        12 => "UNIMPLEMENTED",
        13 => "INTERNAL",
        14 => "UNAVAILABLE",
        15 => "DATA_LOSS",
        16 => "UNAUTHENTICATED",
        _ => "",
    }
}

/// A status code as the answer to a call.
pub(super) const fn status(code: u32) -> Status {
    Status {
        code,
        name: status_name(code),
        failed: code != 0,
    }
}

/// Percent signs of a `grpc-message` resolved.
pub(super) fn message(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        let hex = |b: u8| char::from(b).to_digit(16);
        match (byte, behind) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let code = hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0);
                out.push(code as u8);
                rest = after;
            }
            _ => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    out
}
