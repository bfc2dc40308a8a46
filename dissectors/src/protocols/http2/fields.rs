//! HTTP/2's fields, by tshark's names.

use crate::field::FieldId;

crate::fields! {
    group: crate::field::group::HTTP2;
    /// HyperText Transfer Protocol 2
    protocol: "http2";
    /// One frame.
    FRAME = "http2.stream", Flag, "Stream";
    /// Bytes behind the head (RFC 9113 section 4.1).
    LENGTH = "http2.length", Uint(Dec), "Length";
    /// What the frame is (RFC 9113 section 6).
    TYPE = "http2.type", Uint(Dec), "Type";
    /// The reserved bit.
    RESERVED = "http2.r", Uint(Hex(8)), "Reserved";
    /// The weight as it is sent: one less than it means (RFC 7540 section 6.3).
    HEADERS_WEIGHT = "http2.headers.weight", Uint(Dec), "Weight";
    /// The weight: 1 to 256.
    HEADERS_WEIGHT_REAL = "http2.headers.weight_real", Uint(Dec), "Weight real";
    /// The stream; 0 for the connection.
    STREAMID = "http2.streamid", Uint(Dec), "Stream Identifier";
    /// What a client says first (RFC 9113 section 3.4).
    MAGIC = "http2.magic", Text, "Magic";
    /// The payload of a frame of unknown type.
    UNKNOWN = "http2.unknown", Bytes, "Unknown";
    /// The flags; their meaning depends on the type.
    FLAGS = "http2.flags", Uint(Hex(2)), "Flags";
    /// The sender says no more on this stream.
    FLAGS_END_STREAM = "http2.flags.end_stream", Bool, "End Stream";
    /// The header block ends with this frame.
    FLAGS_END_HEADERS = "http2.flags.eh", Bool, "End Headers";
    /// The payload has padding.
    FLAGS_PADDED = "http2.flags.padded", Bool, "Padded";
    /// The payload has a priority.
    FLAGS_PRIORITY = "http2.flags.priority", Bool, "Priority";
    /// The PING answers another.
    FLAGS_ACK_PING = "http2.flags.ack.ping", Bool, "ACK";
    /// The SETTINGS acknowledge those of the peer.
    FLAGS_ACK_SETTINGS = "http2.flags.ack.settings", Bool, "ACK";
    /// Bytes of padding.
    PADDING = "http2.padding", Uint(Hex(2)), "Pad Length";
    /// Bytes of padding, also where there are none.
    PAD_LENGTH = "http2.pad_length", Uint(Dec), "Pad Length";
    /// The stream takes the place of all others that depend on the same.
    EXCLUSIVE = "http2.exclusive", Bool, "Exclusive";
    /// The stream on which this one depends.
    STREAM_DEPENDENCY = "http2.stream_dependency", Uint(Dec), "Stream Dependency";
    /// Content of a DATA frame.
    DATA_DATA = "http2.data.data", Bytes, "Data";
    /// Padding of a DATA frame.
    DATA_PADDING = "http2.data.padding", Bytes, "Padding";
    /// The fragment of a header block in a HEADERS frame.
    BLOCK = "http2.headers", Bytes, "Header Block Fragment";
    /// Padding of a HEADERS frame.
    HEADERS_PADDING = "http2.headers.padding", Bytes, "Padding";
    /// One header field.
    HEADER = "http2.header", Flag, "Header";
    /// Bytes of the decoded fields, with four for each length.
    HEADER_LENGTH = "http2.header.length", Uint(Dec), "Header Length";
    /// Fields and changes of the table size.
    HEADER_COUNT = "http2.header.count", Uint(Dec), "Header Count";
    /// Bytes of the name.
    HEADER_NAME_LENGTH = "http2.header.name.length", Uint(Dec), "Name Length";
    /// The name, decoded (RFC 7541).
    HEADER_NAME = "http2.header.name", Text, "Name";
    /// Bytes of the value.
    HEADER_VALUE_LENGTH = "http2.header.value.length", Uint(Dec), "Value Length";
    /// The value, decoded (RFC 7541).
    HEADER_VALUE = "http2.header.value", Text, "Value";
    /// The value with its percent signs resolved.
    HEADER_UNESCAPED = "http2.header.unescaped", Text, "Unescaped";
    /// How the field is written (RFC 7541 section 6).
    HEADER_REPR = "http2.header.repr", Text, "Representation";
    /// Index of the field or of its name.
    HEADER_INDEX = "http2.header.index", Uint(Dec), "Index";
    /// A change of the size of the dynamic table.
    TABLE_SIZE_UPDATE = "http2.header_table_size_update", Flag, "Header table size update";
    /// The size of the dynamic table from here on.
    TABLE_SIZE = "http2.header_table_size_update.header_table_size", Uint(Dec), "Header table size";
    /// The URI of a request, put together.
    REQUEST_FULL_URI = "http2.request.full_uri", Text, "Full request URI";
    /// Why the stream is reset (RFC 9113 section 7).
    RST_STREAM_ERROR = "http2.rst_stream.error", Uint(Dec), "Error";
    /// One setting.
    SETTING = "http2.settings", Flag, "Settings";
    /// Which setting (RFC 9113 section 6.5.2).
    SETTINGS_ID = "http2.settings.id", Uint(Dec), "Settings Identifier";
    /// The largest dynamic table that the sender decodes with.
    SETTINGS_HEADER_TABLE_SIZE = "http2.settings.header_table_size", Uint(Dec), "Header table size";
    /// Whether the sender takes pushes.
    SETTINGS_ENABLE_PUSH = "http2.settings.enable_push", Uint(Dec), "Enable PUSH";
    /// Streams that the sender lets its peer open.
    SETTINGS_MAX_CONCURRENT_STREAMS = "http2.settings.max_concurrent_streams", Uint(Dec), "Max concurrent streams";
    /// The sender's window for new streams.
    SETTINGS_INITIAL_WINDOW_SIZE = "http2.settings.initial_window_size", Uint(Dec), "Initial Windows Size";
    /// The largest payload that the sender takes.
    SETTINGS_MAX_FRAME_SIZE = "http2.settings.max_frame_size", Uint(Dec), "Max frame size";
    /// The largest list of fields that the sender takes.
    SETTINGS_MAX_HEADER_LIST_SIZE = "http2.settings.max_header_list_size", Uint(Dec), "Max header list size";
    /// Whether the sender takes extended CONNECT (RFC 8441).
    SETTINGS_EXTENDED_CONNECT = "http2.settings.extended_connect", Uint(Dec), "Extended CONNECT";
    /// The value of another setting.
    SETTINGS_UNKNOWN = "http2.settings.unknown", Uint(Dec), "Unknown Settings";
    /// The reserved bit before the promised stream.
    PUSH_PROMISE_R = "http2.push_promise.r", Uint(Hex(8)), "Reserved";
    /// The stream that is promised.
    PUSH_PROMISE_PROMISED_STREAM_ID = "http2.push_promise.promised_stream_id", Uint(Dec), "Promised-Stream-ID";
    /// The fragment of a header block in a PUSH_PROMISE frame.
    PUSH_PROMISE_BLOCK = "http2.push_promise.header", Bytes, "Header Block Fragment";
    /// Padding of a PUSH_PROMISE frame.
    PUSH_PROMISE_PADDING = "http2.push_promise.padding", Bytes, "Padding";
    /// What a PING carries.
    PING = "http2.ping", Bytes, "Ping";
    /// What the answer to a PING carries.
    PONG = "http2.pong", Bytes, "Pong";
    /// The reserved bit before the last stream.
    GOAWAY_R = "http2.goway.r", Uint(Hex(8)), "Reserved";
    /// The last stream that was or may be worked on.
    GOAWAY_LAST_STREAM_ID = "http2.goaway.last_stream_id", Uint(Dec), "Last-Stream-ID";
    /// Why the connection ends (RFC 9113 section 7).
    GOAWAY_ERROR = "http2.goaway.error", Uint(Dec), "Error";
    /// Words for whoever looks for the cause.
    GOAWAY_ADDATA = "http2.goaway.addata", Bytes, "Additional Debug Data";
    /// The reserved bit before the increment.
    WINDOW_UPDATE_R = "http2.window_update.r", Uint(Hex(8)), "Reserved";
    /// Bytes that the sender may take in addition.
    WINDOW_UPDATE_WINDOW_SIZE_INCREMENT = "http2.window_update.window_size_increment", Uint(Dec), "Window Size Increment";
    /// The fragment of a header block in a CONTINUATION frame.
    CONTINUATION_BLOCK = "http2.continuation.header", Text, "Continuation Header";
    /// Bytes of the origin (RFC 7838 section 4).
    ALTSVC_ORIGIN_LEN = "http2.altsvc.origin.len", Uint(Dec), "Origin Length";
    /// The origin that is also served elsewhere.
    ALTSVC_ORIGIN = "http2.altsvc.origin", Text, "Origin";
    /// Where else it is served.
    ALTSVC_FIELD_VALUE = "http2.altsvc.field_value", Text, "Field/Value";
    /// One origin (RFC 8336).
    ORIGIN = "http2.origin", Flag, "Origin";
    /// Bytes of the origin.
    ORIGIN_ORIGIN_LEN = "http2.origin.origin_len", Uint(Dec), "Origin Length";
    /// An origin that the sender serves.
    ORIGIN_ORIGIN = "http2.origin.origin", Text, "Origin";
    /// The stream of a PRIORITY_UPDATE (RFC 9218 section 7.1).
    PRIORITY_UPDATE_STREAM_ID = "http2.priority_update_stream_id", Uint(Dec), "Priority Update Stream ID";
    /// The priority of that stream.
    PRIORITY_UPDATE_FIELD_VALUE = "http2.priority_update_field_value", Text, "Priority Update Field Value";
    /// The field `:authority`.
    HEADERS_AUTHORITY = "http2.headers.authority", Text, ":authority";
    /// The field `:status`.
    HEADERS_STATUS = "http2.headers.status", Uint(Dec), ":status";
    /// The field `:path`.
    HEADERS_PATH = "http2.headers.path", Text, ":path";
    /// The field `:method`.
    HEADERS_METHOD = "http2.headers.method", Text, ":method";
    /// The field `:scheme`.
    HEADERS_SCHEME = "http2.headers.scheme", Text, ":scheme";
    /// The field `accept`.
    HEADERS_ACCEPT = "http2.headers.accept", Text, "accept";
    /// The field `accept-charset`.
    HEADERS_ACCEPT_CHARSET = "http2.headers.accept_charset", Text, "accept-charset";
    /// The field `accept-encoding`.
    HEADERS_ACCEPT_ENCODING = "http2.headers.accept_encoding", Text, "accept-encoding";
    /// The field `accept-language`.
    HEADERS_ACCEPT_LANGUAGE = "http2.headers.accept_language", Text, "accept-language";
    /// The field `accept-ranges`.
    HEADERS_ACCEPT_RANGES = "http2.headers.accept_ranges", Text, "accept-ranges";
    /// The field `access-control-allow-origin`.
    HEADERS_ACCESS_CONTROL_ALLOW_ORIGIN = "http2.headers.access_control_allow_origin", Text, "access-control-allow-origin";
    /// The field `age`.
    HEADERS_AGE = "http2.headers.age", Uint(Dec), "age";
    /// The field `allow`.
    HEADERS_ALLOW = "http2.headers.allow", Text, "allow";
    /// The field `authorization`.
    HEADERS_AUTHORIZATION = "http2.headers.authorization", Text, "authorization";
    /// The field `cache-control`.
    HEADERS_CACHE_CONTROL = "http2.headers.cache_control", Text, "cache-control";
    /// The field `content-disposition`.
    HEADERS_CONTENT_DISPOSITION = "http2.headers.content_disposition", Text, "content-disposition";
    /// The field `content-encoding`.
    HEADERS_CONTENT_ENCODING = "http2.headers.content_encoding", Text, "content-encoding";
    /// The field `content-language`.
    HEADERS_CONTENT_LANGUAGE = "http2.headers.content_language", Text, "content-language";
    /// The field `content-length`.
    HEADERS_CONTENT_LENGTH = "http2.headers.content_length", Uint(Dec), "content-length";
    /// The field `content-location`.
    HEADERS_CONTENT_LOCATION = "http2.headers.content_location", Text, "content-location";
    /// The field `content-range`.
    HEADERS_CONTENT_RANGE = "http2.headers.content_range", Text, "content-range";
    /// The field `content-type`.
    HEADERS_CONTENT_TYPE = "http2.headers.content_type", Text, "content-type";
    /// The field `cookie`.
    HEADERS_COOKIE = "http2.headers.cookie", Text, "cookie";
    /// The field `date`.
    HEADERS_DATE = "http2.headers.date", Text, "date";
    /// The field `etag`.
    HEADERS_ETAG = "http2.headers.etag", Text, "etag";
    /// The field `expect`.
    HEADERS_EXPECT = "http2.headers.expect", Text, "expect";
    /// The field `expires`.
    HEADERS_EXPIRES = "http2.headers.expires", Text, "expires";
    /// The field `from`.
    HEADERS_FROM = "http2.headers.from", Text, "from";
    /// The field `if-match`.
    HEADERS_IF_MATCH = "http2.headers.if_match", Text, "if-match";
    /// The field `if-modified-since`.
    HEADERS_IF_MODIFIED_SINCE = "http2.headers.if_modified_since", Text, "if-modified-since";
    /// The field `if-none-match`.
    HEADERS_IF_NONE_MATCH = "http2.headers.if_none_match", Text, "if-none-match";
    /// The field `if-range`.
    HEADERS_IF_RANGE = "http2.headers.if_range", Text, "if-range";
    /// The field `if-unmodified-since`.
    HEADERS_IF_UNMODIFIED_SINCE = "http2.headers.if_unmodified_since", Text, "if-unmodified-since";
    /// The field `last-modified`.
    HEADERS_LAST_MODIFIED = "http2.headers.last_modified", Text, "last-modified";
    /// The field `link`.
    HEADERS_LINK = "http2.headers.link", Text, "link";
    /// The field `location`.
    HEADERS_LOCATION = "http2.headers.location", Text, "location";
    /// The field `max-forwards`.
    HEADERS_MAX_FORWARDS = "http2.headers.max_forwards", Uint(Dec), "max-forwards";
    /// The field `proxy-authenticate`.
    HEADERS_PROXY_AUTHENTICATE = "http2.headers.proxy_authenticate", Text, "proxy-authenticate";
    /// The field `proxy-authorization`.
    HEADERS_PROXY_AUTHORIZATION = "http2.headers.proxy_authorization", Text, "proxy-authorization";
    /// The field `range`.
    HEADERS_RANGE = "http2.headers.range", Text, "range";
    /// The field `referer`.
    HEADERS_REFERER = "http2.headers.referer", Text, "referer";
    /// The field `refresh`.
    HEADERS_REFRESH = "http2.headers.refresh", Text, "refresh";
    /// The field `retry-after`.
    HEADERS_RETRY_AFTER = "http2.headers.retry_after", Text, "retry-after";
    /// The field `server`.
    HEADERS_SERVER = "http2.headers.server", Text, "server";
    /// The field `set-cookie`.
    HEADERS_SET_COOKIE = "http2.headers.set_cookie", Text, "set-cookie";
    /// The field `strict-transport-security`.
    HEADERS_STRICT_TRANSPORT_SECURITY = "http2.headers.strict_transport_security", Text, "strict-transport-security";
    /// The field `user-agent`.
    HEADERS_USER_AGENT = "http2.headers.user_agent", Text, "user-agent";
    /// The field `vary`.
    HEADERS_VARY = "http2.headers.vary", Text, "vary";
    /// The field `via`.
    HEADERS_VIA = "http2.headers.via", Text, "via";
    /// The field `www-authenticate`.
    HEADERS_WWW_AUTHENTICATE = "http2.headers.www_authenticate", Text, "www-authenticate";
    /// The name of the error in a RST_STREAM or GOAWAY, and not tshark's.
    ERROR_NAME = "http2.error_name", Text, "Error name";
}

/// Header fields that have a field of their own.
const HEADERS: &[(&str, FieldId)] = &[
    (":authority", HEADERS_AUTHORITY),
    (":status", HEADERS_STATUS),
    (":path", HEADERS_PATH),
    (":method", HEADERS_METHOD),
    (":scheme", HEADERS_SCHEME),
    ("accept", HEADERS_ACCEPT),
    ("accept-charset", HEADERS_ACCEPT_CHARSET),
    ("accept-encoding", HEADERS_ACCEPT_ENCODING),
    ("accept-language", HEADERS_ACCEPT_LANGUAGE),
    ("accept-ranges", HEADERS_ACCEPT_RANGES),
    (
        "access-control-allow-origin",
        HEADERS_ACCESS_CONTROL_ALLOW_ORIGIN,
    ),
    ("age", HEADERS_AGE),
    ("allow", HEADERS_ALLOW),
    ("authorization", HEADERS_AUTHORIZATION),
    ("cache-control", HEADERS_CACHE_CONTROL),
    ("content-disposition", HEADERS_CONTENT_DISPOSITION),
    ("content-encoding", HEADERS_CONTENT_ENCODING),
    ("content-language", HEADERS_CONTENT_LANGUAGE),
    ("content-length", HEADERS_CONTENT_LENGTH),
    ("content-location", HEADERS_CONTENT_LOCATION),
    ("content-range", HEADERS_CONTENT_RANGE),
    ("content-type", HEADERS_CONTENT_TYPE),
    ("cookie", HEADERS_COOKIE),
    ("date", HEADERS_DATE),
    ("etag", HEADERS_ETAG),
    ("expect", HEADERS_EXPECT),
    ("expires", HEADERS_EXPIRES),
    ("from", HEADERS_FROM),
    ("if-match", HEADERS_IF_MATCH),
    ("if-modified-since", HEADERS_IF_MODIFIED_SINCE),
    ("if-none-match", HEADERS_IF_NONE_MATCH),
    ("if-range", HEADERS_IF_RANGE),
    ("if-unmodified-since", HEADERS_IF_UNMODIFIED_SINCE),
    ("last-modified", HEADERS_LAST_MODIFIED),
    ("link", HEADERS_LINK),
    ("location", HEADERS_LOCATION),
    ("max-forwards", HEADERS_MAX_FORWARDS),
    ("proxy-authenticate", HEADERS_PROXY_AUTHENTICATE),
    ("proxy-authorization", HEADERS_PROXY_AUTHORIZATION),
    ("range", HEADERS_RANGE),
    ("referer", HEADERS_REFERER),
    ("refresh", HEADERS_REFRESH),
    ("retry-after", HEADERS_RETRY_AFTER),
    ("server", HEADERS_SERVER),
    ("set-cookie", HEADERS_SET_COOKIE),
    (
        "strict-transport-security",
        HEADERS_STRICT_TRANSPORT_SECURITY,
    ),
    ("user-agent", HEADERS_USER_AGENT),
    ("vary", HEADERS_VARY),
    ("via", HEADERS_VIA),
    ("www-authenticate", HEADERS_WWW_AUTHENTICATE),
];

/// The field of its own that a header field has.
pub(super) fn of_header(name: &[u8]) -> Option<FieldId> {
    HEADERS
        .iter()
        .find(|(known, _)| known.as_bytes() == name)
        .map(|(_, id)| *id)
}
