//! SPNEGO (RFC 4178) in DER, as far as it tells the mechanism, the result and the mechanism's own token.

use std::fmt::Write as _;

use super::fields::spnego as f;
use super::ntlmssp;
use crate::field::{Value, Writer};

/// One value in DER: its tag, its content and where that begins.
struct Tlv<'a> {
    tag: u8,
    content: &'a [u8],
    at: usize,
}

/// Values one behind the other; what is cut short ends with the bytes that are there.
struct Values<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Values<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let [tag, first, rest @ ..] = self.bytes else {
            return None;
        };
        let (len, head) = if *first < 0x80 {
            (usize::from(*first), 0)
        } else {
            let count = usize::from(first & 0x7F);
            let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            let len = digits.iter().fold(0, |sum, d| sum << 8 | usize::from(*d));
            (len, count)
        };
        let rest = rest.get(head..)?;
        let content = rest.get(..len).unwrap_or(rest);
        let at = self.at + 2 + head;
        self.bytes = rest.get(len..).unwrap_or(&[]);
        self.at = at + len;
        Some(Tlv {
            tag: *tag,
            content,
            at,
        })
    }
}

impl<'a> Tlv<'a> {
    const fn inside(&self) -> Values<'a> {
        Values {
            bytes: self.content,
            at: self.at,
        }
    }
}

/// The negotiation's message inside GSS-API's frame (RFC 2743 3.1), or bare: its fields, and true for NegTokenInit.
fn fields(blob: &[u8]) -> Option<(Values<'_>, bool, Option<Tlv<'_>>)> {
    let outer = Values { bytes: blob, at: 0 }.next()?;
    let (token, oid) = if outer.tag == 0x60 {
        let mut inside = outer.inside();
        let oid = inside.next().filter(|oid| oid.tag == 0x06)?;
        (inside.next()?, Some(oid))
    } else {
        (outer, None)
    };
    if !matches!(token.tag, 0xA0 | 0xA1) {
        return None;
    }
    let sequence = token.inside().next().filter(|seq| seq.tag == 0x30)?;
    Some((sequence.inside(), token.tag == 0xA0, oid))
}

/// The mechanism's token.
fn token(blob: &[u8]) -> Option<Tlv<'_>> {
    let (mut fields, ..) = fields(blob)?;
    let field = fields.find(|field| field.tag == 0xA2)?;
    field.inside().next().filter(|octets| octets.tag == 0x04)
}

/// The NTLMSSP message inside.
pub(super) fn inner(blob: &[u8]) -> Option<&[u8]> {
    let token = token(blob)?.content;
    token.starts_with(ntlmssp::SIGNATURE).then_some(token)
}

/// Describes a token that stands at `at`.
pub(super) fn describe(w: &mut Writer<'_>, blob: &[u8], at: usize) {
    let Some((fields, is_init, oid)) = fields(blob) else {
        return;
    };
    if let Some(oid) = oid {
        let text = || dotted(oid.content);
        w.text_with(f::OID, text, at + oid.at, oid.content.len());
    }
    w.parts(f::PROTO, Value::Present, at, blob.len(), |w| {
        for field in fields {
            let Some(value) = field.inside().next() else {
                continue;
            };
            let place = (at + value.at, value.content.len());
            match (field.tag, is_init) {
                (0xA0, true) => mechanisms(w, &value, at),
                (0xA3, true) => hint(w, &value, at),
                (0xA0, false) => {
                    let result = value.content.first().copied().unwrap_or_default();
                    w.uint(f::NEG_RESULT, result, place.0, place.1);
                }
                (0xA1, false) => {
                    let text = || dotted(value.content);
                    w.text_with(f::SUPPORTED_MECH, text, place.0, place.1);
                }
                (0xA2, _) => mechanism_token(w, value.content, place.0),
                _ => {}
            }
        }
    });
}

fn mechanisms(w: &mut Writer<'_>, list: &Tlv<'_>, at: usize) {
    let count = list.inside().count() as u64;
    w.uint(f::MECH_TYPES, count, at + list.at, list.content.len());
    for oid in list.inside() {
        let text = || dotted(oid.content);
        w.text_with(f::MECH_TYPE, text, at + oid.at, oid.content.len());
    }
}

/// NegHints of a server that speaks first (MS-SPNG 2.2.1).
fn hint(w: &mut Writer<'_>, hints: &Tlv<'_>, at: usize) {
    let name = hints.inside().find(|hint| hint.tag == 0xA0);
    if let Some(name) = name.and_then(|hint| hint.inside().next()) {
        let text = || String::from_utf8_lossy(name.content).into_owned();
        w.text_with(f::HINT_NAME, text, at + name.at, name.content.len());
    }
}

fn mechanism_token(w: &mut Writer<'_>, token: &[u8], at: usize) {
    if token.starts_with(ntlmssp::SIGNATURE) {
        return ntlmssp::describe(w, token, at);
    }
    // Kerberos in GSS-API's frame (RFC 4121 4.1): the mechanism and the kind of its token.
    let Some(frame) = (Values {
        bytes: token,
        at: 0,
    })
    .next()
    .filter(|frame| frame.tag == 0x60) else {
        return;
    };
    if let Some(oid) = frame.inside().next().filter(|oid| oid.tag == 0x06) {
        let text = || dotted(oid.content);
        w.text_with(f::KRB5_OID, text, at + oid.at, oid.content.len());
        let behind = oid.at + oid.content.len();
        if let Some([high, low]) = token.get(behind..).and_then(|rest| rest.first_chunk()) {
            let id = u16::from_le_bytes([*high, *low]);
            w.uint(f::KRB5_TOK_ID, id, at + behind, 2);
        }
    }
}

/// An object identifier with points (X.690 8.19).
fn dotted(oid: &[u8]) -> String {
    let mut out = String::new();
    let mut sum: u64 = 0;
    for byte in oid {
        sum = sum << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            continue;
        }
        // Writing to a String can't fail.
        let _ = if out.is_empty() {
            let first = (sum / 40).min(2);
            write!(out, "{first}.{}", sum - first * 40)
        } else {
            write!(out, ".{sum}")
        };
        sum = 0;
    }
    out
}
