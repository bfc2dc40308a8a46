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

/// The value of a parameter of a challenge or of credentials; `name` with its equals sign.
pub(super) fn parameter<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = field
        .windows(name.len())
        .position(|w| w.eq_ignore_ascii_case(name))?;
    let value = field.get(at + name.len()..)?;
    value
        .split(|b| matches!(b, b'"' | b',' | b' '))
        .find(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted() {
        assert!(METHODS.is_sorted());
        assert!(METHODS.iter().all(|m| m.len() <= LONGEST_METHOD));
    }

    #[test]
    fn names_are_found() {
        assert_eq!(method("PROPFIND").name, "PROPFIND");
        assert_eq!(method("BREW").name, "OTHER");
        assert_eq!(scheme(b"bearer abc"), "Bearer");
        assert_eq!(scheme(b"s3cr3t"), "other");
    }
}
