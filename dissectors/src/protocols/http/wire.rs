//! HTTP/1 bytes: heads, lengths, chunk lines. No state.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status as Parsed};

use super::names;

/// Header fields of one head that are read; a head with more is malformed to us.
const FIELDS: usize = 192;

/// How the body's end is told (RFC 9112 section 6.3), as the fields say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Framing {
    /// Content-Length.
    pub(super) length: Option<u64>,
    /// There is a Transfer-Encoding.
    pub(super) coded: bool,
    /// Its last coding is chunked.
    pub(super) chunked: bool,
    /// Content-Length fields that differ or are no numbers.
    pub(super) bad_length: bool,
}

impl Framing {
    /// Both a length and a transfer coding (RFC 9112 section 6.1: "ought to be handled as an error").
    pub(super) const fn is_ambiguous(self) -> bool {
        self.coded && (self.length.is_some() || self.bad_length)
    }

    fn length_field(&mut self, value: &[u8]) {
        // A list of equal numbers is one number (RFC 9110 section 8.6).
        for part in value.split(|b| *b == b',') {
            match (decimal(part.trim_ascii()), self.length) {
                (Some(n), None) => self.length = Some(n),
                (Some(n), Some(known)) if n == known => {}
                _ => self.bad_length = true,
            }
        }
    }
}

/// What an `Upgrade` field asks for or grants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// Nothing.
    #[default]
    None,
    /// `websocket`; also a request that has a WebSocket's other fields without it.
    WebSocket,
    /// `h2c`.
    Http2,
    /// Something else.
    Other,
}

/// A request's head.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) framing: Framing,
    pub(super) upgrade: Upgrade,
    pub(super) host: &'a [u8],
    pub(super) user_agent: &'a [u8],
    pub(super) content_type: &'a [u8],
    /// Authorization or Proxy-Authorization.
    pub(super) credentials: Option<&'a [u8]>,
    /// A proxy says for whom it asks, or that it does.
    pub(super) proxied: bool,
    pub(super) cookie: Option<&'a [u8]>,
    /// `Accept: text/event-stream`.
    pub(super) wants_events: bool,
    /// `Prefer: wait=…` (RFC 7240 section 4.3).
    pub(super) will_wait: bool,
    /// `Expect: 100-continue`.
    pub(super) expects_continue: bool,
    /// `Connection: close`: it is the last one (RFC 9112 section 9.6).
    pub(super) closes: bool,
}

/// A response's head.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) framing: Framing,
    pub(super) upgrade: Upgrade,
    pub(super) server: &'a [u8],
    pub(super) via: &'a [u8],
    pub(super) location: &'a [u8],
    pub(super) retry_after: &'a [u8],
    pub(super) content_type: &'a [u8],
    /// The first fields WWW-Authenticate or Proxy-Authenticate.
    pub(super) challenges: [Option<&'a [u8]>; 4],
    /// The first Set-Cookie fields.
    pub(super) set_cookies: [Option<&'a [u8]>; 8],
    /// `Connection: close`: it is the last one (RFC 9112 section 9.6).
    pub(super) closes: bool,
}

fn config() -> ParserConfig {
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .ignore_invalid_headers_in_requests(true);
    config
}

/// Reads a whole request head. `Err` says what is wrong with it.
pub(super) fn request(bytes: &[u8]) -> Result<RequestHead<'_>, &'static str> {
    let mut fields = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS];
    let mut raw = httparse::Request::new(&mut []);
    match config().parse_request_with_uninit_headers(&mut raw, bytes, &mut fields) {
        Ok(Parsed::Complete(_)) => {}
        Ok(Parsed::Partial) => return Err("request head without an end"),
        Err(why) => return Err(fault(why)),
    }
    let mut head = RequestHead {
        method: raw.method.unwrap_or_default(),
        target: raw.path.unwrap_or_default(),
        ..RequestHead::default()
    };
    for field in raw.headers.iter() {
        head.field(field.name, field.value);
    }
    Ok(head)
}

/// What is left of a request whose head can't be read: a known method.
pub(super) fn bad_request(bytes: &[u8]) -> Option<RequestHead<'_>> {
    let method = bytes.split(|b| *b == b' ').next()?;
    if !names::is_method(method) {
        return None;
    }
    Some(RequestHead {
        method: std::str::from_utf8(method).ok()?,
        ..RequestHead::default()
    })
}

/// Reads a whole response head. `Err` says what is wrong with it.
pub(super) fn response(bytes: &[u8]) -> Result<ResponseHead<'_>, &'static str> {
    let mut fields = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS];
    let mut raw = httparse::Response::new(&mut []);
    match config().parse_response_with_uninit_headers(&mut raw, bytes, &mut fields) {
        Ok(Parsed::Complete(_)) => {}
        Ok(Parsed::Partial) => return Err("response head without an end"),
        Err(why) => return Err(fault(why)),
    }
    let mut head = ResponseHead {
        status: raw.code.unwrap_or_default(),
        reason: raw.reason.unwrap_or_default(),
        ..ResponseHead::default()
    };
    for field in raw.headers.iter() {
        head.field(field.name, field.value);
    }
    Ok(head)
}

const fn fault(why: httparse::Error) -> &'static str {
    match why {
        httparse::Error::HeaderName => "header field name is no token",
        httparse::Error::HeaderValue => "header field value has control characters",
        httparse::Error::NewLine => "line ends without a line feed",
        httparse::Error::Status => "status line without a status code",
        httparse::Error::Token => "request line is not method, target and version",
        httparse::Error::TooManyHeaders => "too many header fields",
        httparse::Error::Version => "not an HTTP/1 version",
    }
}

impl<'a> RequestHead<'a> {
    fn field(&mut self, name: &str, value: &'a [u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is("host") => self.host = value,
            3 if is("via") => self.proxied = true,
            6 if is("cookie") => self.cookie = Some(value),
            6 if is("accept") => self.wants_events = contains(value, b"text/event-stream"),
            6 if is("expect") => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue");
            }
            6 if is("prefer") => self.will_wait = contains(value, b"wait="),
            7 if is("upgrade") => self.upgrade = upgrade(value),
            9 if is("forwarded") => self.proxied = true,
            10 if is("user-agent") => self.user_agent = value,
            10 if is("connection") => self.closes = says_close(value),
            12 if is("content-type") => self.content_type = value,
            13 if is("authorization") => self.credentials = Some(value),
            14 if is("content-length") => self.framing.length_field(value),
            15 if is("x-forwarded-for") => self.proxied = true,
            17 if is("sec-websocket-key") => self.upgrade = Upgrade::WebSocket,
            17 if is("transfer-encoding") => self.framing.coding_field(value),
            19 if is("proxy-authorization") => self.credentials = Some(value),
            21 if is("sec-websocket-version") => self.upgrade = Upgrade::WebSocket,
            _ => {}
        }
    }
}

impl<'a> ResponseHead<'a> {
    fn field(&mut self, name: &str, value: &'a [u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            3 if is("via") => self.via = value,
            6 if is("server") => self.server = value,
            7 if is("upgrade") => self.upgrade = upgrade(value),
            8 if is("location") => self.location = value,
            10 if is("set-cookie") => keep(&mut self.set_cookies, value),
            10 if is("connection") => self.closes = says_close(value),
            11 if is("retry-after") => self.retry_after = value,
            12 if is("content-type") => self.content_type = value,
            14 if is("content-length") => self.framing.length_field(value),
            16 if is("www-authenticate") => keep(&mut self.challenges, value),
            17 if is("transfer-encoding") => self.framing.coding_field(value),
            18 if is("proxy-authenticate") => keep(&mut self.challenges, value),
            20 if is("sec-websocket-accept") => self.upgrade = Upgrade::WebSocket,
            _ => {}
        }
    }
}

/// One more of several fields of a name, if there is room.
fn keep<'a>(fields: &mut [Option<&'a [u8]>], value: &'a [u8]) {
    if let Some(free) = fields.iter_mut().find(|f| f.is_none()) {
        *free = Some(value);
    }
}

impl Framing {
    fn coding_field(&mut self, value: &[u8]) {
        self.coded = true;
        let last = value.rsplit(|b| *b == b',').next().unwrap_or_default();
        self.chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
    }
}

fn says_close(value: &[u8]) -> bool {
    let mut options = value.split(|b| *b == b',');
    options.any(|o| o.trim_ascii().eq_ignore_ascii_case(b"close"))
}

fn upgrade(value: &[u8]) -> Upgrade {
    let mut asked = Upgrade::Other;
    for word in value.split(|b| *b == b',') {
        match word.trim_ascii() {
            w if w.eq_ignore_ascii_case(b"websocket") => return Upgrade::WebSocket,
            w if w.eq_ignore_ascii_case(b"h2c") => asked = Upgrade::Http2,
            _ => {}
        }
    }
    asked
}

pub(super) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0_u64, |n, b| {
        let digit = b.checked_sub(b'0').filter(|d| *d < 10)?;
        n.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// True where `needle`, in lower case, stands in `bytes` in any case.
pub(super) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes
        .windows(needle.len().max(1))
        .any(|w| w.eq_ignore_ascii_case(needle))
}

/// Bytes of the head that begins here, empty line included; `None` when its end is not there. `from` is where to
/// begin to look.
pub(super) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.iter().position(|b| *b == b'\n')? + 1;
        match bytes.get(at..) {
            Some([b'\n', ..]) => return Some(at + 1),
            Some([b'\r', b'\n', ..]) => return Some(at + 2),
            _ => {}
        }
    }
}

/// The size that a chunk's first line tells (RFC 9112 section 7.1), line end included in `line`.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let size = line.split(|b| *b == b';').next()?.trim_ascii();
    if size.is_empty() || size.len() > 15 {
        return None;
    }
    size.iter().try_fold(0_u64, |n, b| {
        let digit = char::from(*b).to_digit(16)?;
        Some(n << 4 | u64::from(digit))
    })
}
