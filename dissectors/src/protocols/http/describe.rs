//! The fields of one message.

mod parts;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fields::{
    AUTHBASIC, AUTHORIZATION, CHAT, CHUNK_SIZE, CODE, CODE_DESC, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_LENGTH_HEADER, CONTENT_TYPE, COOKIE, COOKIE_PAIR, EXCHANGE, FILE_DATA, FULL_URI,
    HEADERS, HOST, METHOD, NEXT_REQUEST, NEXT_REQUEST_IN, NEXT_RESPONSE_IN, NOTIFICATION, PHRASE,
    PREV_REQUEST, PREV_REQUEST_IN, PREV_RESPONSE_IN, PROTO, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, PROXY_CONNECT_HOST, PROXY_CONNECT_PORT, REQUEST, REQUEST_IN, REQUEST_LINE,
    REQUEST_NUMBER, REQUEST_VERSION, REQUESTS, RESPONSE, RESPONSE_FOR_URI, RESPONSE_IN,
    RESPONSE_LINE, RESPONSE_NUMBER, RESPONSE_VERSION, RESPONSES, TE_AND_LENGTH, TIME, TRAILER_PART,
    TRANSFER_ENCODING, UNKNOWN_HEADER, URI, URI_PATH, URI_QUERY, URI_QUERY_PARAMETER,
    WWW_AUTHENTICATE, ssdp,
};
use super::names;
use super::wire;
use crate::field::{FieldId, Value, Writer, group};
use crate::http_status;
use crate::token;
use parts::{Line, Lines, RequestLine, Start, StatusLine, split};
pub(super) use parts::{is_response, value};

/// Methods that only other users of HTTP's form have: SSDP, GENA, WebDAV of Exchange, SCCM.
const OTHER_METHODS: &[&[u8]] = &[
    b"BCOPY",
    b"BDELETE",
    b"BMOVE",
    b"BPROPFIND",
    b"BPROPPATCH",
    b"CCM_POST",
    b"ICY",
    b"M-SEARCH",
    b"POLL",
    b"RPC_CONNECT",
    b"SSTP_DUPLEX_POST",
];

/// What is known of a message besides its head.
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    /// The exchange it belongs to, from 1 on; 0 where there are none (SSDP's answers).
    pub(super) number: u64,
    /// The full URI of the request that is answered.
    pub(super) asked: Option<&'a str>,
    /// Sizes of the chunks that came, the last one's 0 included.
    pub(super) chunks: &'a [u64],
    /// Fields behind the last chunk, with their line ends.
    pub(super) trailers: &'a [u8],
    /// The content out of its chunks, as much as was kept of it.
    pub(super) content: &'a [u8],
    /// Bytes of content that there were.
    pub(super) content_len: u64,
}

/// Describes a message by its head.
pub(super) fn message(w: &mut Writer<'_>, head: &[u8], context: &Context<'_>) {
    w.layer(PROTO, "HTTP", 0, head.len(), |w| inner(w, head, context));
}

/// Describes an SSDP message.
pub(super) fn ssdp(w: &mut Writer<'_>, head: &[u8], context: &Context<'_>) {
    w.layer(ssdp::PROTO, "SSDP", 0, head.len(), |w| {
        inner(w, head, context);
    });
}

/// Content without a head: HTTP/0.9.
pub(super) fn continuation(w: &mut Writer<'_>, content: &[u8]) {
    w.layer(PROTO, "HTTP", 0, content.len(), |w| {
        w.text_with(FILE_DATA, || text(content), 0, content.len());
        w.info(|| "Continuation".to_owned());
    });
}

/// What goes through a tunnel.
pub(super) fn tunnelled(w: &mut Writer<'_>, target: &[u8]) {
    let colon = target.iter().rposition(|b| *b == b':');
    let (host, port) = target
        .split_at_checked(colon.unwrap_or(target.len()))
        .unwrap_or_default();
    w.present(PROTO, 0, 0);
    w.text_with(PROXY_CONNECT_HOST, || lossy(host), 0, 0);
    let port = std::str::from_utf8(port.get(1..).unwrap_or_default());
    if let Ok(port) = port.unwrap_or_default().parse::<u16>() {
        w.uint(PROXY_CONNECT_PORT, port, 0, 0);
    }
}

fn inner(w: &mut Writer<'_>, head: &[u8], context: &Context<'_>) {
    let mut lines = Lines::of(head);
    let Some(first) = lines.next() else { return };
    let start = Start::read(first.text);
    let mut seen = Seen::default();
    let at = first.at;
    w.present(CHAT, at, first.whole.len());
    match &start {
        Start::Request(parts) => request_line(w, at, parts),
        Start::Response(parts) => status_line(w, at, parts),
    }
    for line in lines.take_while(|l| !l.text.is_empty()) {
        header(w, &line, &start, &mut seen);
    }
    if seen.coded && seen.length {
        w.present(TE_AND_LENGTH, 0, 0);
    }
    match &start {
        Start::Request(parts) => {
            if let Some(uri) = full_uri(parts, seen.host) {
                w.text(FULL_URI, &uri, 0, 0);
            }
            if parts.is_notification() {
                w.bool(NOTIFICATION, true, 0, 0);
            } else {
                w.bool(REQUEST, true, 0, 0);
                exchange(w, true, context.number);
            }
        }
        Start::Response(_) => {
            w.bool(RESPONSE, true, 0, 0);
            if let Some(uri) = context.asked {
                w.text(RESPONSE_FOR_URI, uri, 0, 0);
            }
            exchange(w, false, context.number);
        }
    }
    content(w, context, &seen, head.len());
    w.info(|| info(first.text, seen.kind, context.content_len));
}

/// The full URI that a request's head asks for.
pub(super) fn asked(head: &[u8]) -> Option<String> {
    let mut lines = Lines::of(head);
    let Start::Request(parts) = Start::read(lines.next()?.text) else {
        return None;
    };
    let host = lines
        .take_while(|l| !l.text.is_empty())
        .filter_map(|l| split(l.text))
        .find(|(name, _)| name.eq_ignore_ascii_case(b"host"))
        .map(|(_, value)| value);
    full_uri(&parts, host)
}

/// True where the first line is a status line, or a request line with a method that is known.
pub(super) fn is_message(head: &[u8]) -> bool {
    let line = Lines::of(head).next().map_or(&[][..], |l| l.text);
    let method = line.split(|b| *b == b' ').next().unwrap_or_default();
    is_response(line) || names::is_method(method) || OTHER_METHODS.contains(&method)
}

/// Says what the message is to others of its connection, see [`super::fields::EXCHANGE`].
fn exchange(w: &mut Writer<'_>, is_request: bool, number: u64) {
    if number == 0 {
        return;
    }
    let paired = w.wants(REQUEST_IN) || w.wants(RESPONSE_IN) || w.wants(TIME);
    let requests = w.wants(NEXT_REQUEST_IN) || w.wants(PREV_REQUEST_IN);
    if is_request {
        w.uint(REQUEST_NUMBER, number, 0, 0);
        if paired {
            w.request(&EXCHANGE, number);
        }
        if requests {
            w.reply(&REQUESTS, number - 1);
            w.request(&REQUESTS, number);
            w.reply(&NEXT_REQUEST, number - 1);
            w.request(&PREV_REQUEST, number + 1);
        }
        return;
    }
    w.uint(RESPONSE_NUMBER, number, 0, 0);
    if paired {
        w.answer(&EXCHANGE);
    }
    if requests {
        w.reply(&PREV_REQUEST, number);
        w.request(&NEXT_REQUEST, number);
    }
    if w.wants(NEXT_RESPONSE_IN) || w.wants(PREV_RESPONSE_IN) {
        w.reply(&RESPONSES, number - 1);
        w.request(&RESPONSES, number);
    }
}

fn request_line(w: &mut Writer<'_>, start: usize, parts: &RequestLine<'_>) {
    let at = start + parts.method.len() + 1;
    w.text_with(METHOD, || ascii(parts.method), start, parts.method.len());
    w.text_with(URI, || ascii(parts.target), at, parts.target.len());
    if let Some(mark) = parts.target.iter().position(|b| *b == b'?') {
        let (path, query) = parts.target.split_at_checked(mark).unwrap_or_default();
        let query = query.get(1..).unwrap_or_default();
        w.text_with(URI_PATH, || ascii(path), at, mark);
        w.text_with(URI_QUERY, || ascii(query), at + mark + 1, query.len());
        for part in query.split(|b| *b == b'&') {
            w.text_with(
                URI_QUERY_PARAMETER,
                || ascii(part),
                at + mark + 1,
                query.len(),
            );
        }
    }
    if !parts.version.is_empty() {
        let at = at + parts.target.len() + 1;
        w.text_with(
            REQUEST_VERSION,
            || ascii(parts.version),
            at,
            parts.version.len(),
        );
    }
}

fn status_line(w: &mut Writer<'_>, start: usize, parts: &StatusLine<'_>) {
    let at = start + parts.version.len() + 1;
    w.text_with(
        RESPONSE_VERSION,
        || ascii(parts.version),
        start,
        parts.version.len(),
    );
    let Some(code) = number(parts.code).and_then(|n| u16::try_from(n).ok()) else {
        return;
    };
    w.uint(CODE, code, at, parts.code.len());
    let meaning = http_status::name(code).get(4..).unwrap_or_default();
    if !meaning.is_empty() {
        w.text(CODE_DESC, meaning, 0, 0);
    }
    if !parts.phrase.is_empty() {
        let at = at + parts.code.len() + 1;
        w.text_with(PHRASE, || ascii(parts.phrase), at, parts.phrase.len());
    }
}

/// What the header fields say that others need.
#[derive(Default)]
struct Seen<'a> {
    host: Option<&'a [u8]>,
    kind: &'a [u8],
    encoding: &'a [u8],
    coded: bool,
    length: bool,
}

fn header<'a>(w: &mut Writer<'_>, line: &Line<'a>, start: &Start<'_>, seen: &mut Seen<'a>) {
    let all = match start {
        Start::Request(parts) if parts.is_notification() => None,
        Start::Request(_) => Some(REQUEST_LINE),
        Start::Response(_) => Some(RESPONSE_LINE),
    };
    let Some((name, value)) = split(line.text) else {
        return;
    };
    let at = line.at + (line.text.len() - value.len());
    let text = || lossy(value);
    match known(name) {
        None if all.is_none() => w.text_with(
            UNKNOWN_HEADER,
            || lossy(line.whole),
            line.at,
            line.whole.len(),
        ),
        None => {}
        Some(AUTHORIZATION) => {
            w.text_with(AUTHORIZATION, text, at, value.len());
            security_token(w, value, at);
            if let Some(credentials) = w.wants(AUTHBASIC).then(|| basic(value)).flatten() {
                w.text(AUTHBASIC, &credentials, at, value.len());
            }
        }
        Some(CONTENT_LENGTH_HEADER) => {
            seen.length = true;
            w.text_with(CONTENT_LENGTH_HEADER, text, at, value.len());
            if let Some(length) = number(value.trim_ascii()) {
                w.uint(CONTENT_LENGTH, length, at, value.len());
            }
        }
        Some(COOKIE) => {
            w.text_with(COOKIE, text, at, value.len());
            for pair in value.split(|b| *b == b';').map(<[u8]>::trim_ascii) {
                w.text_with(COOKIE_PAIR, || lossy(pair), at, value.len());
            }
        }
        Some(id) => {
            if matches!(
                id,
                WWW_AUTHENTICATE | PROXY_AUTHENTICATE | PROXY_AUTHORIZATION
            ) {
                security_token(w, value, at);
            }
            match id {
                HOST => seen.host = Some(value),
                CONTENT_TYPE => seen.kind = value,
                CONTENT_ENCODING => seen.encoding = value.trim_ascii(),
                TRANSFER_ENCODING => seen.coded = true,
                _ => {}
            }
            w.text_with(id, text, at, value.len());
        }
    }
    if let Some(all) = all {
        w.text_with(all, || lossy(line.whole), line.at, line.whole.len());
    }
}

fn known(name: &[u8]) -> Option<FieldId> {
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    HEADERS
        .binary_search_by_key(&name.as_str(), |(known, _)| known)
        .ok()
        .and_then(|at| HEADERS.get(at))
        .map(|(_, id)| *id)
}

/// The security token of NTLM or Negotiate, in base 64 (RFC 4559 section 4).
fn security_token(w: &mut Writer<'_>, value: &[u8], at: usize) {
    if !w.wants_group(group::NTLMSSP) && !w.wants_group(group::GSSAPI) {
        return;
    }
    let schemes: [&[u8]; 2] = [b"NTLM ", b"Negotiate "];
    let coded = schemes
        .iter()
        .find_map(|scheme| value.strip_prefix(*scheme));
    if let Some(token) = coded.and_then(|coded| STANDARD.decode(coded.trim_ascii()).ok()) {
        token::describe(w, &token, at);
    }
}

/// User and password (RFC 7617 section 2).
fn basic(value: &[u8]) -> Option<String> {
    let coded = value.strip_prefix(b"Basic ")?;
    STANDARD.decode(coded.trim_ascii()).ok().map(|b| lossy(&b))
}

fn full_uri(parts: &RequestLine<'_>, host: Option<&[u8]>) -> Option<String> {
    let (target, host) = (ascii(parts.target), host?);
    if parts.method == b"CONNECT" || target.starts_with("http://") || target.starts_with("https://")
    {
        return Some(target);
    }
    Some(format!("http://{}{target}", lossy(host.trim_ascii())))
}

fn content(w: &mut Writer<'_>, context: &Context<'_>, seen: &Seen<'_>, head: usize) {
    for size in context.chunks {
        w.uint(CHUNK_SIZE, *size, 0, 0);
    }
    for line in context.trailers.split_inclusive(|b| *b == b'\n') {
        w.text_with(TRAILER_PART, || lossy(line), 0, 0);
    }
    if context.content.is_empty() || !w.wants(FILE_DATA) {
        return;
    }
    let plain = super::inflate::decoded(seen.encoding, context.content);
    let plain = plain.as_deref().unwrap_or(context.content);
    let len = if context.chunks.is_empty() {
        context.content.len()
    } else {
        0
    };
    w.put(FILE_DATA, Value::Text(&text(plain)), head, len);
}

fn info(first: &[u8], kind: &[u8], content: u64) -> String {
    let kind = kind.split(|b| *b == b';').next().unwrap_or_default();
    let line = ascii(first);
    if content == 0 || kind.is_empty() {
        format!("{line} ")
    } else {
        format!(
            "{line}  ({})",
            lossy(kind.trim_ascii()).to_ascii_lowercase()
        )
    }
}

/// Text that has no other characters than ASCII; each other byte becomes `�`.
fn ascii(bytes: &[u8]) -> String {
    let character = |b: &u8| {
        if b.is_ascii() {
            char::from(*b)
        } else {
            '\u{fffd}'
        }
    };
    bytes.iter().map(character).collect()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Content as tshark shows it: up to its first zero byte.
fn text(bytes: &[u8]) -> String {
    ascii(bytes.split(|b| *b == 0).next().unwrap_or_default())
}

fn number(bytes: &[u8]) -> Option<u64> {
    wire::decimal(bytes)
}
