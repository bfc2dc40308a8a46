//! The server's answer to the opening handshake (RFC 6455 sections 4.1 and 4.2.2), and what is wrong with it.

use std::mem::MaybeUninit;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{Header, ParserConfig};
use sha1::{Digest as _, Sha1};

use super::UPGRADE;
use super::app::Spoken;
use super::handshake::{FIELDS, Offer, Said, UPGRADE_ID};
use crate::dissector::Output;
use crate::event::{Act, Fact, Phase, Status, Value};
use crate::text::printable;
use crate::units::{Side, Span};

/// Appended to the key before hashing (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What was agreed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agreed {
    /// permessage-deflate was chosen.
    pub(super) deflate: bool,
    /// An extension was chosen that is not known here: reserved bits and opcodes may be its own.
    pub(super) unknown_extension: bool,
    /// The client forgets its window after each message (RFC 7692 7.1.1.2).
    pub(super) client_forgets: bool,
    /// The server does (RFC 7692 7.1.1.1).
    pub(super) server_forgets: bool,
    /// What the chosen subprotocol says is spoken.
    pub(super) spoken: Spoken,
}

/// How an upgrade was answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// Not finally yet.
    Interim,
    /// With 101.
    Accepted(Agreed),
    /// With anything else.
    Refused,
}

/// Tells the server's answer. `offer` is `None` where the request was not seen; `unasked` when a request was seen that
/// did not ask for an upgrade.
pub(super) fn answer(
    bytes: &[u8],
    offer: Option<&Offer>,
    unasked: bool,
    span: Span,
    out: &mut Output<'_>,
) -> Answer {
    let mut storage = [const { MaybeUninit::<Header<'_>>::uninit() }; FIELDS];
    let mut raw = httparse::Response::new(&mut []);
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true);
    let parsed = config.parse_response_with_uninit_headers(&mut raw, bytes, &mut storage);
    let said = Said {
        status: raw.code.unwrap_or_default(),
        reason: raw.reason.unwrap_or_default(),
        minor: raw.version.unwrap_or_default(),
        fields: if parsed.is_ok() {
            raw.headers.iter().map(|h| (h.name, h.value)).collect()
        } else {
            Vec::new()
        },
        ..Said::default()
    };
    match said.status {
        101 => Answer::Accepted(accepted(&said, offer, unasked, span, out)),
        100..200 => {
            out.describe(|| status_text(&said));
            out.emit(Side::Server, span, Act::interim(UPGRADE_ID));
            Answer::Interim
        }
        _ => {
            refused(&said, offer, span, out);
            Answer::Refused
        }
    }
}

fn status_text(said: &Said<'_>) -> String {
    format!("{} {}", said.status, printable(said.reason.as_bytes(), 60))
}

fn accepted(
    said: &Said<'_>,
    offer: Option<&Offer>,
    unasked: bool,
    span: Span,
    out: &mut Output<'_>,
) -> Agreed {
    let side = Side::Server;
    if unasked {
        let what = "the request did not ask for an upgrade to WebSocket";
        out.fact(side, span, fault(what, "", ""));
    }
    answer_faults(said, span, out);
    if let Some(offer) = offer {
        choices(said, offer, span, out);
    }
    let status = Status::ok(101, "101 Switching Protocols");
    out.describe(|| status_text(said));
    match offer {
        Some(_) => out.emit(
            side,
            span,
            Act::Reply {
                id: UPGRADE_ID,
                status,
            },
        ),
        None => out.emit(side, span, Act::Message { op: UPGRADE }),
    }
    let chosen = said.protocols().into_iter().next();
    let spoken = chosen.as_deref().map(Spoken::by_name).unwrap_or_default();
    if let Some(chosen) = chosen {
        out.detail(side, span, "subprotocol", chosen);
    }
    let extensions = said.list("sec-websocket-extensions");
    if !extensions.is_empty() {
        out.detail(side, span, "extensions", extensions.join(", "));
    }
    let deflate = extensions
        .iter()
        .any(|e| extension_name(e) == "permessage-deflate");
    out.detail(side, span, "compressed", deflate);
    out.phase(side, span, Phase::Open);
    let has = |parameter: &str| extensions.iter().any(|e| has_parameter(e, parameter));
    Agreed {
        spoken,
        deflate,
        client_forgets: has("client_no_context_takeover"),
        server_forgets: has("server_no_context_takeover"),
        unknown_extension: extensions
            .iter()
            .any(|e| extension_name(e) != "permessage-deflate"),
    }
}

fn fault(what: &'static str, expected: &str, got: &str) -> Fact {
    Fact::new("ws.answer-fault")
        .with("what", what)
        .with("expected", expected.to_owned())
        .with("got", got.to_owned())
        .in_exchange(UPGRADE_ID)
}

/// What a client checks first (RFC 6455 section 4.1, the list of the server's answer).
fn answer_faults(said: &Said<'_>, span: Span, out: &mut Output<'_>) {
    if !said.has_word("upgrade", b"websocket") {
        let got = said.text("upgrade").unwrap_or_default();
        out.fact(
            Side::Server,
            span,
            fault("no Upgrade: websocket", "websocket", &got),
        );
    }
    if !said.has_word("connection", b"upgrade") {
        let got = said.text("connection").unwrap_or_default();
        out.fact(
            Side::Server,
            span,
            fault("no Connection: Upgrade", "Upgrade", &got),
        );
    }
}

/// What the server chose against what was offered.
fn choices(said: &Said<'_>, offer: &Offer, span: Span, out: &mut Output<'_>) {
    let side = Side::Server;
    let expected = accept_of(&offer.key);
    let got = said.text("sec-websocket-accept");
    if got.as_deref() != Some(expected.as_str()) {
        let what = if got.is_some() {
            "Sec-WebSocket-Accept does not belong to the key"
        } else {
            "no Sec-WebSocket-Accept"
        };
        out.fact(
            side,
            span,
            fault(what, &expected, got.as_deref().unwrap_or_default()),
        );
    }
    let offered = offer.protocols.join(", ");
    match said.protocols().into_iter().next() {
        Some(chosen) if !offer.protocols.contains(&chosen) => {
            out.fact(
                side,
                span,
                fault(
                    "a subprotocol was chosen that was not offered",
                    &offered,
                    &chosen,
                ),
            );
        }
        None if !offer.protocols.is_empty() => {
            let fact = Fact::new("ws.subprotocol-none").with("offered", offered);
            out.fact(side, span, fact.in_exchange(UPGRADE_ID));
        }
        _ => {}
    }
    for chosen in said.list("sec-websocket-extensions") {
        let name = extension_name(&chosen);
        if !offer.extensions.iter().any(|o| extension_name(o) == name) {
            let offered = offer.extensions.join(", ");
            out.fact(
                side,
                span,
                fault(
                    "an extension was chosen that was not offered",
                    &offered,
                    &chosen,
                ),
            );
        }
    }
}

fn extension_name(extension: &str) -> &str {
    extension.split(';').next().unwrap_or_default().trim()
}

fn has_parameter(extension: &str, parameter: &str) -> bool {
    extension.split(';').skip(1).any(|p| p.trim() == parameter)
}

/// The only right Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2).
fn accept_of(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    STANDARD.encode(hash.finalize())
}

fn refused(said: &Said<'_>, offer: Option<&Offer>, span: Span, out: &mut Output<'_>) {
    let mut fact = Fact::new("ws.refused")
        .with("status", said.status)
        .with("reason", printable(said.reason.as_bytes(), 60))
        .with("connection_close", said.has_word("connection", b"close"))
        .with("upgrade", said.first("upgrade").is_some());
    if let Some(offer) = offer {
        fact = fact
            .with("credentials", offer.credentials)
            .with("version", offer.version.clone());
    }
    for (key, name) in [
        ("versions", "sec-websocket-version"),
        ("via", "via"),
        ("server", "server"),
        ("location", "location"),
        ("retry_after", "retry-after"),
        ("content_type", "content-type"),
        ("content_length", "content-length"),
    ] {
        if let Some(value) = said.text(name) {
            fact = fact.with(key, value);
        }
    }
    if let Some(challenge) = said
        .first("www-authenticate")
        .or_else(|| said.first("proxy-authenticate"))
    {
        // Only the scheme: parameters may be secrets of the exchange.
        let scheme = challenge.split(|b| *b == b' ').next().unwrap_or_default();
        fact = fact.with("challenge", Value::Text(printable(scheme, 32)));
    }
    out.fact(Side::Server, span, fact.in_exchange(UPGRADE_ID));
    let status = Status::failure(u32::from(said.status), "");
    out.describe(|| status_text(said));
    out.emit(
        Side::Server,
        span,
        Act::Reply {
            id: UPGRADE_ID,
            status,
        },
    );
    out.detail(Side::Server, span, "upgrade_status", status_text(said));
    out.phase(Side::Server, span, Phase::Refused);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_accept_of_the_specification() {
        assert_eq!(
            super::accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
