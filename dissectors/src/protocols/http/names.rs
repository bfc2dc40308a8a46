//! HTTP's words: methods and status codes.

use crate::event::Op;

/// Methods of the IANA registry that are met, and the two of RPC over HTTP ([MS-RPCH] 2.1.2.1.1). The place in this
/// table is the operation's code.
const METHODS: &[&str] = &[
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKWORKSPACE",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "SEARCH",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
    "UPDATE",
    "VERSION-CONTROL",
];

/// The longest method of the table, for those who look for one.
pub(super) const LONGEST_METHOD: usize = 16;

/// A method as an operation; one that is not known is `OTHER`.
pub(super) fn method(name: &str) -> Op {
    METHODS
        .binary_search(&name)
        .ok()
        .and_then(|i| METHODS.get(i).map(|known| Op::new(known, i as u32)))
        .unwrap_or(Op::new("OTHER", METHODS.len() as u32))
}

/// True for a method of the table.
pub(super) fn is_method(name: &[u8]) -> bool {
    METHODS
        .binary_search_by(|known| known.as_bytes().cmp(name))
        .is_ok()
}

/// Status codes of RFC 9110 section 15 and the IANA registry.
const STATUSES: &[(u16, &str)] = &[
    (100, "100 Continue"),
    (101, "101 Switching Protocols"),
    (102, "102 Processing"),
    (103, "103 Early Hints"),
    (200, "200 OK"),
    (201, "201 Created"),
    (202, "202 Accepted"),
    (203, "203 Non-Authoritative Information"),
    (204, "204 No Content"),
    (205, "205 Reset Content"),
    (206, "206 Partial Content"),
    (207, "207 Multi-Status"),
    (208, "208 Already Reported"),
    (226, "226 IM Used"),
    (300, "300 Multiple Choices"),
    (301, "301 Moved Permanently"),
    (302, "302 Found"),
    (303, "303 See Other"),
    (304, "304 Not Modified"),
    (305, "305 Use Proxy"),
    (307, "307 Temporary Redirect"),
    (308, "308 Permanent Redirect"),
    (400, "400 Bad Request"),
    (401, "401 Unauthorized"),
    (402, "402 Payment Required"),
    (403, "403 Forbidden"),
    (404, "404 Not Found"),
    (405, "405 Method Not Allowed"),
    (406, "406 Not Acceptable"),
    (407, "407 Proxy Authentication Required"),
    (408, "408 Request Timeout"),
    (409, "409 Conflict"),
    (410, "410 Gone"),
    (411, "411 Length Required"),
    (412, "412 Precondition Failed"),
    (413, "413 Content Too Large"),
    (414, "414 URI Too Long"),
    (415, "415 Unsupported Media Type"),
    (416, "416 Range Not Satisfiable"),
    (417, "417 Expectation Failed"),
    (421, "421 Misdirected Request"),
    (422, "422 Unprocessable Content"),
    (423, "423 Locked"),
    (424, "424 Failed Dependency"),
    (425, "425 Too Early"),
    (426, "426 Upgrade Required"),
    (428, "428 Precondition Required"),
    (429, "429 Too Many Requests"),
    (431, "431 Request Header Fields Too Large"),
    (451, "451 Unavailable For Legal Reasons"),
    (500, "500 Internal Server Error"),
    (501, "501 Not Implemented"),
    (502, "502 Bad Gateway"),
    (503, "503 Service Unavailable"),
    (504, "504 Gateway Timeout"),
    (505, "505 HTTP Version Not Supported"),
    (506, "506 Variant Also Negotiates"),
    (507, "507 Insufficient Storage"),
    (508, "508 Loop Detected"),
    (510, "510 Not Extended"),
    (511, "511 Network Authentication Required"),
];

/// A status code with its reason phrase; empty where it is not registered.
pub(super) fn status(code: u16) -> &'static str {
    STATUSES
        .binary_search_by_key(&code, |(c, _)| *c)
        .ok()
        .and_then(|i| STATUSES.get(i))
        .map_or("", |(_, name)| name)
}

/// Authentication schemes (IANA registry, RFC 9110 section 11.1, RFC 4559) as their first word is spelled.
const SCHEMES: &[&str] = &[
    "AWS4-HMAC-SHA256",
    "Basic",
    "Bearer",
    "DPoP",
    "Digest",
    "GNAP",
    "HOBA",
    "Kerberos",
    "Mutual",
    "NTLM",
    "Negotiate",
    "OAuth",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "vapid",
];

/// The scheme at the start of an Authorization or WWW-Authenticate field; `other` for an unknown one, so that a bare
/// secret is never taken for a name.
pub(super) fn scheme(field: &[u8]) -> &'static str {
    let word = field
        .split(|b| matches!(b, b' ' | b','))
        .next()
        .unwrap_or_default();
    SCHEMES
        .iter()
        .find(|s| s.as_bytes().eq_ignore_ascii_case(word))
        .copied()
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(METHODS.is_sorted());
        assert!(STATUSES.is_sorted_by_key(|(c, _)| *c));
        assert!(METHODS.iter().all(|m| m.len() <= LONGEST_METHOD));
    }

    #[test]
    fn names_are_found() {
        assert_eq!(method("PROPFIND").name, "PROPFIND");
        assert_eq!(method("BREW").name, "OTHER");
        assert_eq!(status(426), "426 Upgrade Required");
        assert_eq!(status(299), "");
        assert_eq!(scheme(b"bearer abc"), "Bearer");
        assert_eq!(scheme(b"s3cr3t"), "other");
    }
}
