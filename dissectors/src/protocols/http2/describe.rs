//! The fields of one frame.

use super::fields as f;
use super::hpack::{Field, Form, List};
use super::wire::{self, Framed, HEAD, Head, Kind, flag};
use crate::field::{FieldId, Value, Writer};
use crate::http_status;
use crate::text::printable;

/// The longest word of a header field in the info column.
const WORD: usize = 1024;

/// What a client says first.
pub(super) fn preface(w: &mut Writer<'_>) {
    let len = wire::PREFACE.len();
    w.layer(f::PROTO, "HTTP2", 0, len, |w| {
        w.parts(f::FRAME, Value::Present, 0, len, |w| {
            w.text(f::MAGIC, "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n", 0, len);
        });
        w.info(|| "Magic".to_owned());
    });
}

/// Describes a frame by its head and payload, or by its head alone where the payload is too long to be kept. `list`: the
/// header fields that became whole with this frame. `inner`: what its content is, for the info column.
pub(super) fn frame(
    w: &mut Writer<'_>,
    head: Head,
    payload: Option<&[u8]>,
    list: &List,
    inner: &str,
) {
    let len = head.size() as usize;
    w.layer(f::PROTO, "HTTP2", 0, len, |w| {
        w.parts(f::FRAME, Value::Present, 0, len, |w| {
            w.uint(f::LENGTH, head.len, 0, 3);
            w.uint(f::TYPE, head.kind.0, 3, 1);
            w.parts(f::FLAGS, Value::Uint(head.flags.into()), 4, 1, |w| {
                flags(w, head);
            });
            w.uint(f::RESERVED, u8::from(head.reserved), 5, 4);
            w.uint(f::STREAMID, head.stream, 5, 4);
            if let Some(payload) = payload {
                content(w, head, payload, list);
            }
        });
        w.info(|| info(head, list, inner));
    });
}

fn flags(w: &mut Writer<'_>, head: Head) {
    let mut one = |id, bit| w.bool(id, head.has(bit), 4, 1);
    match head.kind {
        Kind::DATA => {
            one(f::FLAGS_END_STREAM, flag::END_STREAM);
            one(f::FLAGS_PADDED, flag::PADDED);
        }
        Kind::HEADERS => {
            one(f::FLAGS_END_STREAM, flag::END_STREAM);
            one(f::FLAGS_END_HEADERS, flag::END_HEADERS);
            one(f::FLAGS_PADDED, flag::PADDED);
            one(f::FLAGS_PRIORITY, flag::PRIORITY);
        }
        Kind::SETTINGS => one(f::FLAGS_ACK_SETTINGS, flag::ACK),
        Kind::PING => one(f::FLAGS_ACK_PING, flag::ACK),
        Kind::PUSH_PROMISE => {
            one(f::FLAGS_END_HEADERS, flag::END_HEADERS);
            one(f::FLAGS_PADDED, flag::PADDED);
        }
        Kind::CONTINUATION => {
            one(f::FLAGS_END_HEADERS, flag::END_HEADERS);
            one(f::FLAGS_PADDED, flag::PADDED);
        }
        _ => {}
    }
}

fn content(w: &mut Writer<'_>, head: Head, payload: &[u8], list: &List) {
    match head.kind {
        Kind::DATA | Kind::HEADERS | Kind::PUSH_PROMISE => framed(w, head, payload, list),
        Kind::CONTINUATION => {
            // It has no padding any more, but tshark says so of it too.
            w.uint(f::PAD_LENGTH, 0_u8, HEAD, 0);
            text(w, f::CONTINUATION_BLOCK, payload, HEAD);
            fields(w, list, HEAD);
        }
        Kind::PRIORITY => {
            if let (Some(on), Some(&weight)) = (wire::number(payload), payload.get(4)) {
                priority(w, on, weight, HEAD);
            }
        }
        Kind::RST_STREAM => {
            if let Some(error) = wire::number(payload) {
                w.uint(f::RST_STREAM_ERROR, error, HEAD, 4);
                w.text(f::ERROR_NAME, wire::error_name(error), HEAD, 4);
            }
        }
        Kind::SETTINGS => settings(w, payload, HEAD),
        Kind::PING => {
            let id = if head.has(flag::ACK) {
                f::PONG
            } else {
                f::PING
            };
            w.bytes(id, payload, HEAD);
        }
        Kind::GOAWAY => goaway(w, payload),
        Kind::WINDOW_UPDATE => {
            if let Some(word) = wire::number(payload) {
                w.uint(f::WINDOW_UPDATE_R, word >> 31, HEAD, 4);
                w.uint(
                    f::WINDOW_UPDATE_WINDOW_SIZE_INCREMENT,
                    word & 0x7fff_ffff,
                    HEAD,
                    4,
                );
            }
        }
        Kind::ALTSVC => altsvc(w, payload),
        Kind::ORIGIN => origins(w, payload),
        Kind::PRIORITY_UPDATE => {
            if let Some(word) = wire::number(payload) {
                w.uint(f::PRIORITY_UPDATE_STREAM_ID, word & 0x7fff_ffff, HEAD, 4);
                let value = payload.get(4..).unwrap_or(&[]);
                text(w, f::PRIORITY_UPDATE_FIELD_VALUE, value, HEAD + 4);
            }
        }
        _ => w.bytes(f::UNKNOWN, payload, HEAD),
    }
}

/// A frame with padding around its content.
fn framed(w: &mut Writer<'_>, head: Head, payload: &[u8], list: &List) {
    let Some(parts) = Framed::read(head, payload) else {
        return;
    };
    let (block, padding) = match head.kind {
        Kind::DATA => (f::DATA_DATA, f::DATA_PADDING),
        Kind::HEADERS => (f::BLOCK, f::HEADERS_PADDING),
        _ => (f::PUSH_PROMISE_BLOCK, f::PUSH_PROMISE_PADDING),
    };
    if let Some(padding) = parts.padding {
        w.uint(f::PADDING, padding, HEAD, 1);
    }
    w.uint(
        f::PAD_LENGTH,
        parts.padding.unwrap_or(0),
        HEAD,
        usize::from(parts.padding.is_some()),
    );
    let behind_padding = HEAD + usize::from(parts.padding.is_some());
    if let Some((on, weight)) = parts.priority {
        priority(w, on, weight, behind_padding);
    }
    if let Some(promised) = parts.promised {
        w.uint(f::PUSH_PROMISE_R, promised >> 31, behind_padding, 4);
        w.uint(
            f::PUSH_PROMISE_PROMISED_STREAM_ID,
            promised & 0x7fff_ffff,
            behind_padding,
            4,
        );
    }
    let start = HEAD + parts.start;
    let bytes = payload.get(parts.start..parts.end).unwrap_or(&[]);
    if !bytes.is_empty() {
        w.bytes(block, bytes, start);
    }
    if head.kind != Kind::DATA {
        fields(w, list, start);
    }
    if let Some(bytes) = payload.get(parts.end..).filter(|bytes| !bytes.is_empty()) {
        w.bytes(padding, bytes, HEAD + parts.end);
    }
}

fn priority(w: &mut Writer<'_>, on: u32, weight: u8, at: usize) {
    w.bool(f::EXCLUSIVE, on >> 31 != 0, at, 4);
    w.uint(f::STREAM_DEPENDENCY, on & 0x7fff_ffff, at, 4);
    w.uint(f::HEADERS_WEIGHT, weight, at + 4, 1);
    w.uint(f::HEADERS_WEIGHT_REAL, u16::from(weight) + 1, at + 4, 1);
}

/// Settings that begin at `start`.
pub(super) fn settings(w: &mut Writer<'_>, payload: &[u8], start: usize) {
    for (place, (id, value)) in wire::settings(payload).enumerate() {
        let at = start + 6 * place;
        let field = match id {
            1 => f::SETTINGS_HEADER_TABLE_SIZE,
            2 => f::SETTINGS_ENABLE_PUSH,
            3 => f::SETTINGS_MAX_CONCURRENT_STREAMS,
            4 => f::SETTINGS_INITIAL_WINDOW_SIZE,
            5 => f::SETTINGS_MAX_FRAME_SIZE,
            6 => f::SETTINGS_MAX_HEADER_LIST_SIZE,
            8 => f::SETTINGS_EXTENDED_CONNECT,
            _ => f::SETTINGS_UNKNOWN,
        };
        w.parts(f::SETTING, Value::Present, at, 6, |w| {
            w.uint(f::SETTINGS_ID, id, at, 2);
            w.uint(field, value, at + 2, 4);
        });
    }
}

fn goaway(w: &mut Writer<'_>, payload: &[u8]) {
    let Some((last, error, debug)) = wire::goaway(payload) else {
        return;
    };
    w.uint(f::GOAWAY_R, payload.first().map_or(0, |b| b >> 7), HEAD, 4);
    w.uint(f::GOAWAY_LAST_STREAM_ID, last, HEAD, 4);
    w.uint(f::GOAWAY_ERROR, error, HEAD + 4, 4);
    w.text(f::ERROR_NAME, wire::error_name(error), HEAD + 4, 4);
    if !debug.is_empty() {
        w.bytes(f::GOAWAY_ADDATA, debug, HEAD + 8);
    }
}

fn altsvc(w: &mut Writer<'_>, payload: &[u8]) {
    let Some((len, rest)) = payload.split_first_chunk::<2>() else {
        return;
    };
    let len = u16::from_be_bytes(*len);
    w.uint(f::ALTSVC_ORIGIN_LEN, len, HEAD, 2);
    if let Some((origin, value)) = rest.split_at_checked(usize::from(len)) {
        text(w, f::ALTSVC_ORIGIN, origin, HEAD + 2);
        text(w, f::ALTSVC_FIELD_VALUE, value, HEAD + 2 + origin.len());
    }
}

fn origins(w: &mut Writer<'_>, payload: &[u8]) {
    let mut rest = payload;
    while let Some((len, behind)) = rest.split_first_chunk::<2>() {
        let at = HEAD + payload.len() - rest.len();
        let len = u16::from_be_bytes(*len);
        let Some((origin, next)) = behind.split_at_checked(usize::from(len)) else {
            return;
        };
        w.parts(f::ORIGIN, Value::Present, at, 2 + origin.len(), |w| {
            w.uint(f::ORIGIN_ORIGIN_LEN, len, at, 2);
            text(w, f::ORIGIN_ORIGIN, origin, at + 2);
        });
        rest = next;
    }
}

/// The fields of a block's fragment, which begins at `start`.
fn fields(w: &mut Writer<'_>, list: &List, start: usize) {
    if list.len() == 0 {
        return;
    }
    let size = |field: &Field<'_>| {
        8 + field.name.map_or(0, <[u8]>::len) + field.value.map_or(0, <[u8]>::len)
    };
    let decoded: usize = list
        .iter()
        .filter(|field| field.form != Form::Size)
        .map(|field| size(&field))
        .sum();
    w.uint(f::HEADER_LENGTH, decoded as u64, start, 0);
    w.uint(f::HEADER_COUNT, list.len() as u64, start, 0);
    for field in list.iter() {
        let at = start + field.at;
        if field.form == Form::Size {
            w.parts(f::TABLE_SIZE_UPDATE, Value::Present, at, field.len, |w| {
                w.uint(f::TABLE_SIZE, field.index, at, field.len);
            });
        } else {
            w.parts(f::HEADER, Value::Present, at, field.len, |w| {
                one(w, &field, at);
            });
        }
    }
    if let Some(uri) = w.wants(f::REQUEST_FULL_URI).then(|| uri(list)).flatten() {
        w.text(f::REQUEST_FULL_URI, &uri, start, 0);
    }
}

fn one(w: &mut Writer<'_>, field: &Field<'_>, at: usize) {
    if let Some(name) = field.name {
        w.uint(f::HEADER_NAME_LENGTH, name.len() as u64, at, field.len);
        text(w, f::HEADER_NAME, name, at);
    }
    if let Some(value) = field.value {
        w.uint(f::HEADER_VALUE_LENGTH, value.len() as u64, at, field.len);
        text(w, f::HEADER_VALUE, value, at);
        if let Some(id) = field.name.and_then(f::of_header) {
            own(w, id, value, at);
        }
        w.text_with(f::HEADER_UNESCAPED, || unescaped(value), at, 0);
    }
    w.text(f::HEADER_REPR, form(field), at, 1);
    if field.index > 0 {
        w.uint(f::HEADER_INDEX, field.index, at, 1);
    }
}

/// A header field with a field of its own: a number where tshark has one.
fn own(w: &mut Writer<'_>, id: FieldId, value: &[u8], at: usize) {
    let is_number = matches!(
        id,
        f::HEADERS_STATUS | f::HEADERS_AGE | f::HEADERS_CONTENT_LENGTH | f::HEADERS_MAX_FORWARDS
    );
    if !is_number {
        text(w, id, value, at);
    } else if let Some(number) = digits(value) {
        w.uint(id, number, at, 0);
    }
}

fn digits(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// As ASCII, as tshark reads it: every other byte is a replacement character.
fn text(w: &mut Writer<'_>, id: FieldId, value: &[u8], at: usize) {
    let ascii = |b: &u8| {
        if b.is_ascii() {
            char::from(*b)
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    w.text_with(id, || value.iter().map(ascii).collect(), at, value.len());
}

fn form(field: &Field<'_>) -> &'static str {
    match (field.form, field.index > 0) {
        (Form::Indexed, _) => "Indexed Header Field",
        (Form::Added, true) => "Literal Header Field with Incremental Indexing - Indexed Name",
        (Form::Added, false) => "Literal Header Field with Incremental Indexing - New Name",
        (Form::Plain, true) => "Literal Header Field without Indexing - Indexed Name",
        (Form::Plain, false) => "Literal Header Field without Indexing - New Name",
        (Form::Never, true) => "Literal Header Field never Indexed - Indexed Name",
        (Form::Never, false) => "Literal Header Field never Indexed - New Name",
        (Form::Size, _) => "Maximum Dynamic Table Size Change",
    }
}

/// Percent signs resolved (RFC 3986 section 2.1); as it is where one is none.
fn unescaped(value: &[u8]) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, behind)) = rest.split_first() {
        let hex = |b: &u8| char::from(*b).to_digit(16);
        match (byte, behind) {
            (b'%', [high, low, after @ ..]) => {
                let (Some(high), Some(low)) = (hex(high), hex(low)) else {
                    return String::from_utf8_lossy(value).into_owned();
                };
                out.push((high << 4 | low) as u8);
                rest = after;
            }
            _ => {
                out.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn find<'a>(list: &'a List, name: &str) -> Option<&'a [u8]> {
    list.known()
        .find(|(n, _)| *n == name.as_bytes())
        .map(|(_, v)| v)
}

fn uri(list: &List) -> Option<String> {
    let part = |name| find(list, name).map(String::from_utf8_lossy);
    Some(format!(
        "{}://{}{}",
        part(":scheme")?,
        part(":authority")?,
        part(":path")?
    ))
}

fn info(head: Head, list: &List, inner: &str) -> String {
    let name = match head.kind.name() {
        "" => format!("UNKNOWN({})", head.kind.0),
        name => name.to_owned(),
    };
    let word = |name| find(list, name).map(|value| printable(value, WORD));
    let mut text = format!("{name}[{}]", head.stream);
    if let (Some(method), Some(path)) = (word(":method"), word(":path")) {
        text = format!("{text}: {method} {path}");
    } else if let Some(code) = find(list, ":status").and_then(digits) {
        let phrase = http_status::name(code as u16).get(4..).unwrap_or("Unknown");
        text = format!("{text}: {code} {phrase}");
    }
    text.push_str(inner);
    text
}
