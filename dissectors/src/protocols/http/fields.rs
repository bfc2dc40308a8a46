//! HTTP's fields, by tshark's names.

use crate::field::{FieldId, Pair};

crate::fields! {
    group: crate::field::group::HTTP;
    /// Hypertext Transfer Protocol
    protocol: "http";
    /// The start line, as tshark remarks it.
    CHAT = "http.chat", Flag, "Start line";
    /// The message is a request.
    REQUEST = "http.request", Bool, "Request";
    /// The message is a response.
    RESPONSE = "http.response", Bool, "Response";
    /// The message is an SSDP notification.
    NOTIFICATION = "http.notification", Bool, "Notification";
    /// The place of the request among those of its connection, from 1 on.
    REQUEST_NUMBER = "http.request_number", Uint(Dec), "Request number";
    /// The place of the request that is answered.
    RESPONSE_NUMBER = "http.response_number", Uint(Dec), "Response number";
    /// RFC 9110 9.
    METHOD = "http.request.method", Text, "Request Method";
    /// The request's target (RFC 9112 3.2).
    URI = "http.request.uri", Text, "Request URI";
    /// The target up to the question mark.
    URI_PATH = "http.request.uri.path", Text, "Request URI Path";
    /// The target behind the question mark.
    URI_QUERY = "http.request.uri.query", Text, "Request URI Query";
    /// One part of the query.
    URI_QUERY_PARAMETER = "http.request.uri.query.parameter", Text, "Request URI Query Parameter";
    /// The version that the request names.
    REQUEST_VERSION = "http.request.version", Text, "Request Version";
    /// Scheme, host and target.
    FULL_URI = "http.request.full_uri", Text, "Full request URI";
    /// One header field of a request, with its line end.
    REQUEST_LINE = "http.request.line", Text, "Request line";
    /// The version that the response names.
    RESPONSE_VERSION = "http.response.version", Text, "Response Version";
    /// RFC 9110 15.
    CODE = "http.response.code", Uint(Dec), "Status Code";
    /// What the status code means.
    CODE_DESC = "http.response.code.desc", Text, "Status Code Description";
    /// What the server says that it means.
    PHRASE = "http.response.phrase", Text, "Response Phrase";
    /// The URI that was asked for.
    RESPONSE_FOR_URI = "http.response_for.uri", Text, "Request URI";
    /// One header field of a response, with its line end.
    RESPONSE_LINE = "http.response.line", Text, "Response line";
    /// RFC 9110 12.5.1.
    ACCEPT = "http.accept", Text, "Accept";
    /// RFC 9110 12.5.3.
    ACCEPT_ENCODING = "http.accept_encoding", Text, "Accept Encoding";
    /// RFC 9110 12.5.4.
    ACCEPT_LANGUAGE = "http.accept_language", Text, "Accept-Language";
    /// RFC 9110 11.6.2.
    AUTHORIZATION = "http.authorization", Text, "Authorization";
    /// User and password of the Basic scheme (RFC 7617).
    AUTHBASIC = "http.authbasic", Text, "Credentials";
    /// RFC 9111 5.2.
    CACHE_CONTROL = "http.cache_control", Text, "Cache-Control";
    /// RFC 9110 7.6.1.
    CONNECTION = "http.connection", Text, "Connection";
    /// RFC 9110 8.4.
    CONTENT_ENCODING = "http.content_encoding", Text, "Content-Encoding";
    /// Content-Length (RFC 9110 8.6) as it is written.
    CONTENT_LENGTH_HEADER = "http.content_length_header", Text, "Content-Length";
    /// Content-Length as a number.
    CONTENT_LENGTH = "http.content_length", Uint(Dec), "Content length";
    /// RFC 9110 8.3.
    CONTENT_TYPE = "http.content_type", Text, "Content-Type";
    /// RFC 6265 4.2.
    COOKIE = "http.cookie", Text, "Cookie";
    /// One cookie of the field.
    COOKIE_PAIR = "http.cookie_pair", Text, "Cookie pair";
    /// RFC 9110 6.6.1.
    DATE = "http.date", Text, "Date";
    /// RFC 9110 7.2.
    HOST = "http.host", Text, "Host";
    /// RFC 7540 3.2.1.
    HTTP2_SETTINGS = "http.http2_settings", Text, "HTTP2-Settings";
    /// RFC 9110 8.8.2.
    LAST_MODIFIED = "http.last_modified", Text, "Last-Modified";
    /// RFC 9110 10.2.2.
    LOCATION = "http.location", Text, "Location";
    /// RFC 9110 11.7.1.
    PROXY_AUTHENTICATE = "http.proxy_authenticate", Text, "Proxy-Authenticate";
    /// RFC 9110 11.7.2.
    PROXY_AUTHORIZATION = "http.proxy_authorization", Text, "Proxy-Authorization";
    /// Where a tunnel leads, on what goes through it (RFC 9110 9.3.6).
    PROXY_CONNECT_HOST = "http.proxy_connect_host", Text, "Proxy-Connect-Hostname";
    /// To which port.
    PROXY_CONNECT_PORT = "http.proxy_connect_port", Uint(Dec), "Proxy-Connect-Port";
    /// RFC 9110 10.1.3.
    REFERER = "http.referer", Text, "Referer";
    /// RFC 6455 11.3.3.
    WEBSOCKET_ACCEPT = "http.sec_websocket_accept", Text, "Sec-WebSocket-Accept";
    /// RFC 6455 11.3.2.
    WEBSOCKET_EXTENSIONS = "http.sec_websocket_extensions", Text, "Sec-WebSocket-Extensions";
    /// RFC 6455 11.3.1.
    WEBSOCKET_KEY = "http.sec_websocket_key", Text, "Sec-WebSocket-Key";
    /// RFC 6455 11.3.4.
    WEBSOCKET_PROTOCOL = "http.sec_websocket_protocol", Text, "Sec-WebSocket-Protocol";
    /// RFC 6455 11.3.5.
    WEBSOCKET_VERSION = "http.sec_websocket_version", Text, "Sec-WebSocket-Version";
    /// RFC 9110 10.2.4.
    SERVER = "http.server", Text, "Server";
    /// RFC 6265 4.1.
    SET_COOKIE = "http.set_cookie", Text, "Set-Cookie";
    /// RFC 9112 6.1.
    TRANSFER_ENCODING = "http.transfer_encoding", Text, "Transfer-Encoding";
    /// RFC 9110 7.8.
    UPGRADE = "http.upgrade", Text, "Upgrade";
    /// RFC 9110 10.1.5.
    USER_AGENT = "http.user_agent", Text, "User-Agent";
    /// RFC 9110 11.6.1.
    WWW_AUTHENTICATE = "http.www_authenticate", Text, "WWW-Authenticate";
    /// For whom a proxy asks.
    X_FORWARDED_FOR = "http.x_forwarded_for", Text, "X-Forwarded-For";
    /// A header field of a notification that has no field of its own, with its line end.
    UNKNOWN_HEADER = "http.unknown_header", Text, "Unknown header";
    /// The bytes of one chunk (RFC 9112 7.1).
    CHUNK_SIZE = "http.chunk_size", Uint(Dec), "Chunk size";
    /// A field behind the last chunk (RFC 9112 7.1.2).
    TRAILER_PART = "http.chunked_trailer_part", Text, "trailer-part";
    /// The content, out of its chunks and decompressed, up to its first zero byte.
    FILE_DATA = "http.file_data", Text, "File Data";
    /// Both a length and a transfer coding (RFC 9112 6.1).
    TE_AND_LENGTH = "http.te_and_length", Flag, "The Content-Length and Transfer-Encoding header must not be set together";
    /// The frame of the request.
    REQUEST_IN = "http.request_in", Frame, "Request in frame";
    /// The frame of the response.
    RESPONSE_IN = "http.response_in", Frame, "Response in frame";
    /// Since the request.
    TIME = "http.time", Duration, "Time since request";
    /// The frame of the connection's request before this exchange's.
    PREV_REQUEST_IN = "http.prev_request_in", Frame, "Prev request in frame";
    /// The frame of the connection's next request.
    NEXT_REQUEST_IN = "http.next_request_in", Frame, "Next request in frame";
    /// The frame of the response before this exchange's.
    PREV_RESPONSE_IN = "http.prev_response_in", Frame, "Prev response in frame";
    /// The frame of the response after this exchange's.
    NEXT_RESPONSE_IN = "http.next_response_in", Frame, "Next response in frame";
}

/// SSDP's fields: HTTP messages in datagrams.
pub(crate) mod ssdp {
    crate::fields! {
        group: crate::field::group::SSDP;
        /// Simple Service Discovery Protocol
        protocol: "ssdp";
    }
}

/// Header fields with a field of their own, by their names in lower case.
pub(super) const HEADERS: &[(&str, FieldId)] = &[
    ("accept", ACCEPT),
    ("accept-encoding", ACCEPT_ENCODING),
    ("accept-language", ACCEPT_LANGUAGE),
    ("authorization", AUTHORIZATION),
    ("cache-control", CACHE_CONTROL),
    ("connection", CONNECTION),
    ("content-encoding", CONTENT_ENCODING),
    ("content-length", CONTENT_LENGTH_HEADER),
    ("content-type", CONTENT_TYPE),
    ("cookie", COOKIE),
    ("date", DATE),
    ("host", HOST),
    ("http2-settings", HTTP2_SETTINGS),
    ("last-modified", LAST_MODIFIED),
    ("location", LOCATION),
    ("proxy-authenticate", PROXY_AUTHENTICATE),
    ("proxy-authorization", PROXY_AUTHORIZATION),
    ("referer", REFERER),
    ("sec-websocket-accept", WEBSOCKET_ACCEPT),
    ("sec-websocket-extensions", WEBSOCKET_EXTENSIONS),
    ("sec-websocket-key", WEBSOCKET_KEY),
    ("sec-websocket-protocol", WEBSOCKET_PROTOCOL),
    ("sec-websocket-version", WEBSOCKET_VERSION),
    ("server", SERVER),
    ("set-cookie", SET_COOKIE),
    ("transfer-encoding", TRANSFER_ENCODING),
    ("upgrade", UPGRADE),
    ("user-agent", USER_AGENT),
    ("www-authenticate", WWW_AUTHENTICATE),
    ("x-forwarded-for", X_FORWARDED_FOR),
];

const fn pair(
    name: &'static str,
    reply_in: Option<FieldId>,
    request_in: Option<FieldId>,
    time: Option<FieldId>,
) -> Pair {
    Pair {
        name,
        reply_in,
        request_in,
        time,
        duplicate: None,
        hint: None,
    }
}

/// A request and its response: as tshark has it, the first that comes before another request.
pub(crate) const EXCHANGE: Pair = pair(
    "http.exchange",
    Some(RESPONSE_IN),
    Some(REQUEST_IN),
    Some(TIME),
);
/// A request and the next.
pub(crate) const REQUESTS: Pair = pair(
    "http.requests",
    Some(NEXT_REQUEST_IN),
    Some(PREV_REQUEST_IN),
    None,
);
/// A response and the next.
pub(crate) const RESPONSES: Pair = pair(
    "http.responses",
    Some(NEXT_RESPONSE_IN),
    Some(PREV_RESPONSE_IN),
    None,
);
/// A response and the request after the one it answers.
pub(crate) const NEXT_REQUEST: Pair = pair("http.next-request", Some(NEXT_REQUEST_IN), None, None);
/// A request and the response after the one that it gets: the response names the request before its own.
pub(crate) const PREV_REQUEST: Pair = pair("http.prev-request", None, Some(PREV_REQUEST_IN), None);
