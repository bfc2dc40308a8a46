//! TLS on one side and words in clear on the other.

use super::{names, probe, wire};
use crate::dissector::Output;
use crate::event::Fact;
use crate::text;
use crate::units::{Side, Span};

/// Characters that are shown of what was said.
const SHOWN: usize = 255;
/// How the pages begin or what they hold by which servers of HTTP over TLS answer HTTP in clear: nginx, Apache, Go.
const PAGES: [&[u8]; 3] = [
    b"plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL-enabled server port",
    b"sent an HTTP request to an HTTPS server",
];
/// What nginx says where it wants a certificate of the client and got none (its error 496).
const NO_CERTIFICATE: &[u8] = b"No required SSL certificate was sent";
/// Bytes of an answer in which that is looked for.
const PAGE: usize = 2048;

/// `tls.alert-to-plain`, where the first words of a server show that it wants TLS: an alert, or a page that says so.
fn answer_to_plain(first: &[u8]) -> Option<Fact> {
    if first.starts_with(b"HTTP/1.") {
        let status = first.get(9..12)?;
        let told = status == b"400" && PAGES.iter().any(|words| says(first, words));
        return told.then(|| Fact::new("tls.alert-to-plain"));
    }
    let head = wire::Head::read(first)?;
    let &[level, description] = first.get(wire::HEAD..)? else {
        return None;
    };
    let known = !names::alert_level(level).is_empty() && !names::alert(description).is_empty();
    let is_alert = head.kind == wire::content::ALERT && head.is_plausible() && head.len == 2;
    (is_alert && known).then(|| Fact::new("tls.alert-to-plain").with("code", description))
}

/// What begins with `said` holds these words.
fn says(said: &[u8], words: &[u8]) -> bool {
    holds(said.get(..PAGE).unwrap_or(said), words)
}

fn holds(said: &[u8], words: &[u8]) -> bool {
    said.windows(words.len()).any(|w| w == words)
}

/// A server says within TLS that the client should have shown a certificate.
pub(super) fn wants_certificate(said: &[u8]) -> bool {
    says(said, NO_CERTIFICATE)
}

/// `tls.not-spoken`, where a client says hello although the server already speaks `protocol`.
fn hello_to_plain(first: &[u8], protocol: &'static str) -> Option<Fact> {
    (probe::is_client_hello(first))
        .then(|| Fact::new("tls.not-spoken").with("looks_like", protocol))
}

/// What is to be told where the first words of `side` are of TLS, or of a server of TLS, and what is spoken is `known`, or
/// nothing that is known.
pub(crate) fn mixed(side: Side, first: &[u8], known: Option<&'static str>) -> Option<Fact> {
    match (side, known) {
        (_, Some("tls")) | (Side::Client, None) => None,
        (Side::Server, _) => answer_to_plain(first),
        (Side::Client, Some(protocol)) => hello_to_plain(first, protocol),
    }
}

/// Bytes of a request for TLS in clear, or of its answer, at most.
const REQUEST: usize = 512;
/// PostgreSQL's SSLRequest.
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F];
/// The name of LDAP's StartTLS (RFC 4511 section 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// A client asks for TLS in clear: STARTTLS of SMTP, IMAP, NNTP, XMPP and LDAP, STLS of POP3, AUTH TLS of FTP, PostgreSQL's
/// SSLRequest.
pub(crate) fn asks_in_clear(said: &[u8]) -> bool {
    if said.len() > REQUEST {
        return false;
    }
    let line = said.trim_ascii().to_ascii_uppercase();
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    match words.as_slice() {
        [b"STLS"] | [b"AUTH", b"TLS" | b"TLS-C" | b"SSL"] => true,
        [b"STARTTLS"] | [_, b"STARTTLS"] => said.ends_with(b"\n"),
        [word, ..] if word.starts_with(b"<STARTTLS") => true,
        _ => said == SSL_REQUEST || said.first() == Some(&0x30) && holds(said, START_TLS),
    }
}

/// A server refuses something in clear: SMTP, FTP and NNTP by number, POP3, IMAP and XMPP by word, PostgreSQL by a letter.
fn is_refusal(said: &[u8]) -> bool {
    let number = matches!(
        said,
        [b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]
    );
    let mut words = said.split(|byte| *byte == b' ');
    let tagged = words.next().is_some_and(|tag| !tag.is_empty())
        && matches!(words.next(), Some(b"NO" | b"BAD"));
    let word = said.starts_with(b"-ERR") || said.starts_with(b"<failure");
    number || word || tagged || said == b"N"
}

/// How a server refuses what `asks_in_clear`, in words to be shown; of LDAP see there.
pub(in super::super) fn refusal(said: &[u8]) -> Option<String> {
    is_refusal(said).then(|| text::printable(said, SHOWN).trim_end().to_owned())
}

/// A client takes leave: QUIT, LOGOUT, an UnbindRequest of LDAP, the end of XMPP's stream, PostgreSQL's Terminate.
pub(crate) fn is_farewell(said: &[u8]) -> bool {
    let line = said.trim_ascii().to_ascii_uppercase();
    let quits =
        line == b"QUIT" || line.ends_with(b" LOGOUT") || line.ends_with(b"</STREAM:STREAM>");
    quits || said.ends_with(&[0x42, 0]) && said.len() < 16 || said == b"X\0\0\0\x04"
}

/// `tls.not-spoken`, where a client begins with `protocol`, TLS, although the server's last words, in clear, were a refusal.
pub(crate) fn refused(protocol: &str, said: &[u8]) -> Option<Fact> {
    (protocol == "tls" && is_refusal(said)).then(|| {
        Fact::new("tls.not-spoken")
            .with("first", text::printable(said, SHOWN))
            .with("refused", true)
    })
}

/// The first words that answer a hello are no record.
pub(super) fn not_spoken(side: Side, span: Span, first: &[u8], out: &mut Output<'_>) {
    let fact = Fact::new("tls.not-spoken")
        .with(
            "first",
            text::without_secrets(&text::printable(first, SHOWN)),
        )
        .with("looks_like", looks_like(first));
    out.fact(side, span, fact);
}

/// What the first words of a server are, by the way they begin; empty where that can't be told.
fn looks_like(first: &[u8]) -> &'static str {
    let begins = |with: &[u8]| first.starts_with(with);
    match () {
        () if begins(b"HTTP/") || begins(b"<") => "HTTP",
        () if begins(b"SSH-") => "SSH",
        () if begins(b"+OK") || begins(b"-ERR") => "POP3",
        () if begins(b"* ") => "IMAP",
        () if begins(b"220") || begins(b"421") || begins(b"5") => "SMTP or FTP",
        () if begins(b"RFB ") => "VNC",
        () if first.get(4) == Some(&10) && first.get(3) == Some(&0) => "MySQL",
        () => "",
    }
}
