//! Where a message begins: judged by its first bytes, and sought among others.

use super::names;
use crate::units::Side;

/// A method longer than this is none.
const METHOD_BYTES: usize = 32;
/// What a status line begins with.
const STATUS_LINE: &[u8] = b"HTTP/1.";
/// What the version of a request line is but for its last digit.
const VERSION: &[u8] = b" HTTP/1.";

/// Whether bytes can be the beginning of a message of `side`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// They are.
    Yes,
    /// They may be.
    More,
    /// They are not: the byte at this place can't stand there.
    No(usize),
}

/// Judges the first bytes of a message: a method and a space, or `HTTP/1.`.
pub(super) fn beginning(side: Side, bytes: &[u8]) -> Beginning {
    if side == Side::Server {
        return match bytes.iter().zip(STATUS_LINE).position(|(b, w)| b != w) {
            Some(at) => Beginning::No(at),
            None if bytes.len() < STATUS_LINE.len() => Beginning::More,
            None => Beginning::Yes,
        };
    }
    match bytes.iter().take(METHOD_BYTES).position(|b| !is_token(*b)) {
        Some(at) if at > 0 && bytes.get(at) == Some(&b' ') => Beginning::Yes,
        Some(at) => Beginning::No(at),
        None if bytes.len() >= METHOD_BYTES => Beginning::No(METHOD_BYTES - 1),
        None => Beginning::More,
    }
}

/// A character of a token (RFC 9110 section 5.6.2).
const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Bytes that must be there to judge whether a message begins at a place in the middle of others.
const LOOK_AHEAD: usize = names::LONGEST_METHOD + 2;

/// Looks for the next place where a message of `side` seems to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Here.
    At(usize),
    /// Not in the bytes before this place.
    NotBefore(usize),
}

/// Finds the next known method before a target, or the next status line.
pub(super) fn next_start(side: Side, bytes: &[u8]) -> Next {
    for (at, ahead) in bytes.windows(LOOK_AHEAD).enumerate() {
        if seems_start(side, ahead) {
            return Next::At(at);
        }
    }
    Next::NotBefore((bytes.len() + 1).saturating_sub(LOOK_AHEAD))
}

fn seems_start(side: Side, ahead: &[u8]) -> bool {
    if side == Side::Server {
        return is_status_line(ahead);
    }
    if !ahead.first().is_some_and(u8::is_ascii_uppercase) {
        return false;
    }
    let Some(space) = ahead.iter().position(|b| *b == b' ') else {
        return false;
    };
    matches!(ahead.get(space + 1), Some(b'/' | b'h' | b'H' | b'*'))
        && ahead.get(..space).is_some_and(names::is_method)
}

/// `HTTP/1.x NNN` with what may follow.
pub(super) fn is_status_line(bytes: &[u8]) -> bool {
    match bytes {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor,
            b' ',
            a,
            b,
            c,
            rest @ ..,
        ] => {
            minor.is_ascii_digit()
                && (b'1'..=b'9').contains(a)
                && b.is_ascii_digit()
                && c.is_ascii_digit()
                && matches!(rest.first(), None | Some(b' ' | b'\r' | b'\n'))
        }
        _ => false,
    }
}

/// Whether the first line is a request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestLine {
    /// It is.
    Yes,
    /// Its end is not there yet, and so far it may be one with a known method.
    May,
    /// It is not.
    No,
}

/// Judges a request line: token, space, target, space, `HTTP/1.x`.
pub(super) fn request_line(bytes: &[u8]) -> RequestLine {
    let Some(space) = bytes.iter().take(METHOD_BYTES).position(|b| *b == b' ') else {
        let may = bytes.len() < METHOD_BYTES && bytes.iter().all(|b| is_token(*b));
        return if may {
            RequestLine::May
        } else {
            RequestLine::No
        };
    };
    let (method, rest) = bytes.split_at(space);
    if method.is_empty() || !method.iter().all(|b| is_token(*b)) {
        return RequestLine::No;
    }
    let end = rest.iter().position(|b| *b == b'\n');
    let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().any(|b| *b < b' ' || *b == 0x7f) {
        return RequestLine::No;
    }
    if end.is_none() {
        let may = names::is_method(method);
        return if may {
            RequestLine::May
        } else {
            RequestLine::No
        };
    }
    let version = line.len().saturating_sub(VERSION.len() + 1);
    let (target, version) = line.split_at(version);
    let is_http = version.starts_with(VERSION) && version.last().is_some_and(u8::is_ascii_digit);
    // Without a target it is a bad one, but a request all the same.
    if is_http && (target.len() > 1 || names::is_method(method)) {
        RequestLine::Yes
    } else {
        RequestLine::No
    }
}
