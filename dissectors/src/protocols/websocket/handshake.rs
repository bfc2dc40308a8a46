//! The opening handshake (RFC 6455 section 4): what both heads have in common, and the client's request.

use std::mem::MaybeUninit;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{Header, ParserConfig};

use super::UPGRADE;
use crate::dissector::Output;
use crate::event::{Act, Expect, Fact, Phase};
use crate::text::{printable, without_secrets};
use crate::units::{Side, Span};

/// Header fields of one head that are read.
pub(super) const FIELDS: usize = 192;
/// Characters of a field's value in details and facts.
const VALUE: usize = 160;
/// Subprotocols and extensions of one field that are told apart.
const LISTED: usize = 32;
/// The exchange of the upgrade; pings and turns count on from it.
pub(super) const UPGRADE_ID: u64 = 0;

/// What a head says of the handshake.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// `GET`, or nothing in an answer.
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) minor: u8,
    pub(super) fields: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Said<'a> {
    pub(super) fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| *v)
    }

    /// The words of all fields of a name, which are lists with commas.
    fn words(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .flat_map(|(_, v)| v.split(|b| *b == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|w| !w.is_empty())
    }

    pub(super) fn has_word(&self, name: &str, word: &[u8]) -> bool {
        self.words(name).any(|w| w.eq_ignore_ascii_case(word))
    }

    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.words(name)
            .take(LISTED)
            .map(|w| printable(w, VALUE))
            .collect()
    }

    /// Subprotocols. Browsers can send nothing else along, so that tokens travel in this field.
    pub(super) fn protocols(&self) -> Vec<String> {
        let mut all = self.list("sec-websocket-protocol");
        for name in &mut all {
            if name.split('.').any(is_token) {
                let parts = name.split('.').map(|p| if is_token(p) { "***" } else { p });
                *name = parts.collect::<Vec<_>>().join(".");
            }
        }
        all
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = self.first(name).filter(|v| !v.is_empty())?;
        Some(without_secrets(&printable(value, VALUE)))
    }
}

/// True for what is too long and too mixed to be a name: a key, a hash, a part of a JWT.
fn is_token(part: &str) -> bool {
    let mixed = part.contains(|c: char| c.is_ascii_digit()) && part.contains(char::is_alphabetic);
    part.len() >= 40 || part.len() >= 16 && mixed
}

/// What the client asked for, until it is answered.
#[derive(Debug, Default)]
pub(super) struct Offer {
    pub(super) key: Vec<u8>,
    pub(super) protocols: Vec<String>,
    pub(super) extensions: Vec<String>,
    pub(super) version: String,
    pub(super) credentials: bool,
}

/// Tells the client's request; `answered`: the capture has it behind its answer.
pub(super) fn request(bytes: &[u8], answered: bool, span: Span, out: &mut Output<'_>) -> Offer {
    let mut storage = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS];
    let mut raw = httparse::Request::new(&mut []);
    let mut config = ParserConfig::default();
    config.ignore_invalid_headers_in_requests(true);
    let parsed = config.parse_request_with_uninit_headers(&mut raw, bytes, &mut storage);
    let said = Said {
        method: raw.method.unwrap_or_default(),
        target: raw.path.unwrap_or_default(),
        minor: raw.version.unwrap_or_default(),
        fields: if parsed.is_ok() {
            raw.headers.iter().map(|h| (h.name, h.value)).collect()
        } else {
            Vec::new()
        },
        ..Said::default()
    };
    if answered {
        tell_details(&said, span, out);
    } else {
        tell_request(&said, span, out);
    }
    let mut key = said.first("sec-websocket-key").unwrap_or_default().to_vec();
    key.truncate(64);
    Offer {
        key,
        protocols: said.protocols(),
        extensions: said.list("sec-websocket-extensions"),
        version: said.text("sec-websocket-version").unwrap_or_default(),
        credentials: ["authorization", "cookie", "proxy-authorization"]
            .iter()
            .any(|n| said.first(n).is_some()),
    }
}

fn tell_details(said: &Said<'_>, span: Span, out: &mut Output<'_>) -> String {
    let side = Side::Client;
    let path = without_secrets(&printable(said.target.as_bytes(), VALUE));
    out.detail(side, span, "path", path.clone());
    for (key, name) in [("host", "host"), ("origin", "origin")] {
        if let Some(value) = said.text(name) {
            out.detail(side, span, key, value);
        }
    }
    let offered = said.protocols();
    if !offered.is_empty() {
        out.detail(side, span, "subprotocols_offered", offered.join(", "));
    }
    path
}

fn tell_request(said: &Said<'_>, span: Span, out: &mut Output<'_>) {
    let side = Side::Client;
    out.phase(side, span, Phase::Connecting);
    let path = tell_details(said, span, out);
    out.describe(|| format!("{} {path} (upgrade to WebSocket)", said.method));
    let act = Act::Request {
        id: UPGRADE_ID,
        op: UPGRADE,
        expect: Expect::Answer,
        digest: 0,
    };
    out.emit(side, span, act);
    request_faults(said, span, out);
}

/// What RFC 6455 section 4.1 asks of the request and it lacks.
fn request_faults(said: &Said<'_>, span: Span, out: &mut Output<'_>) {
    let mut fault = |what: &'static str, got: String| {
        let fact = Fact::new("ws.request-fault")
            .with("what", what)
            .with("got", got);
        out.fact(Side::Client, span, fact.in_exchange(UPGRADE_ID));
    };
    if said.method != "GET" {
        fault(
            "the method is not GET",
            printable(said.method.as_bytes(), 32),
        );
    }
    if said.minor == 0 {
        fault("the version is below HTTP/1.1", "HTTP/1.0".to_owned());
    }
    if said.first("host").is_none() {
        fault("no Host", String::new());
    }
    if !said.has_word("upgrade", b"websocket") {
        fault(
            "no Upgrade: websocket",
            said.text("upgrade").unwrap_or_default(),
        );
    }
    if !said.has_word("connection", b"upgrade") {
        fault(
            "no Connection: Upgrade",
            said.text("connection").unwrap_or_default(),
        );
    }
    match said.first("sec-websocket-key") {
        None => fault("no Sec-WebSocket-Key", String::new()),
        Some(key) if !STANDARD.decode(key).is_ok_and(|k| k.len() == 16) => {
            fault(
                "Sec-WebSocket-Key is not 16 bytes in base64",
                printable(key, VALUE),
            );
        }
        Some(_) => {}
    }
    if said.first("sec-websocket-version") != Some(b"13") {
        let got = said.text("sec-websocket-version").unwrap_or_default();
        fault("Sec-WebSocket-Version is not 13", got);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_no_names() {
        assert!(super::is_token("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"));
        for name in ["graphql-transport-ws", "v12.stomp", "ocpp1.6", "jupyter"] {
            assert!(!name.split('.').any(super::is_token), "{name}");
        }
    }
}
