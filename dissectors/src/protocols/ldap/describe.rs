//! The fields of one message.

use super::fields as f;
use crate::field::{FieldId, Pair, Writer};
use crate::text::printable;
use crate::token;

/// A request and its answer, by MessageID.
pub(in super::super) const EXCHANGE: Pair = Pair {
    name: "ldap",
    reply_in: Some(f::RESPONSE_IN),
    request_in: Some(f::RESPONSE_TO),
    time: Some(f::TIME),
    duplicate: None,
    hint: None,
};

/// Tags of operations.
const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const EXTENDED_RESPONSE: u8 = 0x78;
/// Characters shown of a diagnostic message.
const SHOWN: usize = 255;
/// SASL credentials of a bind, and the server's.
const SASL: u8 = 0xA3;
const SERVER_CREDENTIALS: u8 = 0x87;

/// How many bytes tag and length of a BER value take, and its content.
pub(super) fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7F);
    let digits = bytes
        .get(2..2 + count)
        .filter(|_| (1..=4).contains(&count))?;
    let len = digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d));
    Some((2 + count, len))
}

/// A BER value: its tag, its content, and where that begins.
struct Ber<'a> {
    tag: u8,
    content: &'a [u8],
    at: usize,
}

/// Takes the next value of `rest`, whose first byte stands at `at`.
fn take<'a>(rest: &mut &'a [u8], at: &mut usize) -> Option<Ber<'a>> {
    let (head, len) = length(rest)?;
    let value = Ber {
        tag: *rest.first()?,
        content: rest.get(head..head + len)?,
        at: *at + head,
    };
    *rest = rest.get(head + len..).unwrap_or(&[]);
    *at += head + len;
    Some(value)
}

/// What an ExtendedResponse (4.12), which answers StartTLS (4.14), says against it: its result code and message.
pub(in super::super) fn refusal(message: &[u8]) -> Option<String> {
    let (mut message, mut at) = (message, 0);
    let mut rest = take(&mut message, &mut at)?.content;
    take(&mut rest, &mut at)?;
    let operation = take(&mut rest, &mut at).filter(|o| o.tag == EXTENDED_RESPONSE)?;
    let mut rest = operation.content;
    let code = number(take(&mut rest, &mut at)?.content);
    take(&mut rest, &mut at)?;
    let said = printable(take(&mut rest, &mut at)?.content, SHOWN);
    let told = || format!("resultCode {code} {said}").trim_end().to_owned();
    (code != 0).then(told)
}

fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().take(8);
    bytes.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// What a message begins with: its id, and the tag of its operation where that is there already.
pub(super) struct Head {
    id: u64,
    pub(super) op: Option<u8>,
    /// Where the operation begins.
    at: usize,
}

/// Reads the start of a message.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    if bytes.first() != Some(&super::SEQUENCE) {
        return None;
    }
    let (mut at, _) = length(bytes)?;
    let mut rest = bytes.get(at..)?;
    let id = take(&mut rest, &mut at)?;
    if id.tag != 0x02 || !(1..=4).contains(&id.content.len()) {
        return None;
    }
    Some(Head {
        id: number(id.content),
        op: rest.first().copied(),
        at,
    })
}

/// Describes a message.
pub(super) fn message(w: &mut Writer<'_>, bytes: &[u8]) {
    let Some(head) = head(bytes) else { return };
    let op = head.op.unwrap_or_default();
    w.layer(f::PROTO, "LDAP", 0, bytes.len(), |w| {
        w.uint(f::MESSAGE_ID, head.id, 0, head.at);
        w.uint(f::PROTOCOL_OP, op & 0x1F, head.at, 1);
        let (mut at, mut rest) = (head.at, bytes.get(head.at..).unwrap_or(&[]));
        if let Some(operation) = take(&mut rest, &mut at) {
            match op {
                BIND_REQUEST => bind(w, &operation),
                BIND_RESPONSE => result(w, &operation),
                _ => {}
            }
        }
        w.info(|| format!("{}({})", title(op), head.id));
    });
    match op {
        0x42 | 0x50 => {}
        0x61 | 0x65 | 0x67 | 0x69 | 0x6B | 0x6D | 0x6F | 0x78 => w.reply(&EXCHANGE, head.id),
        0x64 | 0x73 | 0x79 => w.interim(&EXCHANGE, head.id),
        _ => w.request(&EXCHANGE, head.id),
    }
}

/// The operations by Wireshark's names (4.2 to 4.12).
const fn title(op: u8) -> &'static str {
    match op {
        0x60 => "bindRequest",
        0x61 => "bindResponse",
        0x42 => "unbindRequest",
        0x63 => "searchRequest",
        0x64 => "searchResEntry",
        0x65 => "searchResDone",
        0x66 => "modifyRequest",
        0x67 => "modifyResponse",
        0x68 => "addRequest",
        0x69 => "addResponse",
        0x4A => "delRequest",
        0x6B => "delResponse",
        0x6C => "modDNRequest",
        0x6D => "modDNResponse",
        0x6E => "compareRequest",
        0x6F => "compareResponse",
        0x50 => "abandonRequest",
        0x73 => "searchResRef",
        0x77 => "extendedReq",
        0x78 => "extendedResp",
        0x79 => "intermediateResponse",
        _ => "unknown",
    }
}

fn text(w: &mut Writer<'_>, id: FieldId, value: &Ber<'_>) {
    let text = || String::from_utf8_lossy(value.content).into_owned();
    w.text_with(id, text, value.at, value.content.len());
}

/// BindRequest (4.2): version, name, and how one logs on.
fn bind(w: &mut Writer<'_>, operation: &Ber<'_>) {
    let (mut rest, mut at) = (operation.content, operation.at);
    if let Some(version) = take(&mut rest, &mut at) {
        let len = version.content.len();
        w.uint(f::VERSION, number(version.content), version.at, len);
    }
    if let Some(name) = take(&mut rest, &mut at) {
        text(w, f::NAME, &name);
    }
    let Some(choice) = take(&mut rest, &mut at) else {
        return;
    };
    w.uint(f::AUTHENTICATION, choice.tag & 0x1F, choice.at, 0);
    if choice.tag == SASL {
        let (mut rest, mut at) = (choice.content, choice.at);
        if let Some(mechanism) = take(&mut rest, &mut at) {
            text(w, f::MECHANISM, &mechanism);
        }
        if let Some(credentials) = take(&mut rest, &mut at) {
            token::describe(w, credentials.content, credentials.at);
        }
    } else {
        // Of Microsoft's sicily choices (MS-ADTS 5.1.1.1.3): NTLM's messages themselves.
        token::describe(w, choice.content, choice.at);
    }
}

/// LDAPResult and the server's credentials (4.1.9, 4.2.2).
fn result(w: &mut Writer<'_>, operation: &Ber<'_>) {
    let (mut rest, mut at) = (operation.content, operation.at);
    if let Some(code) = take(&mut rest, &mut at) {
        let len = code.content.len();
        w.uint(f::RESULT_CODE, number(code.content), code.at, len);
    }
    for id in [f::MATCHED_DN, f::ERROR_MESSAGE] {
        let Some(value) = take(&mut rest, &mut at) else {
            return;
        };
        if id == f::MATCHED_DN && value.content.starts_with(b"NTLMSSP\0") {
            token::describe(w, value.content, value.at);
        } else {
            text(w, id, &value);
        }
    }
    while let Some(value) = take(&mut rest, &mut at) {
        if value.tag == SERVER_CREDENTIALS {
            token::describe(w, value.content, value.at);
        }
    }
}
