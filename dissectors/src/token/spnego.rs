//! SPNEGO (RFC 4178) in DER, as far as it tells the mechanism, the result and the mechanism's own token.

use std::fmt::Write as _;

use super::der::{Tlv, Values};
use super::fields::spnego as f;
use super::{Told, kerberos, ntlmssp};
use crate::field::{Value, Writer};

/// The negotiation's message inside GSS-API's frame (RFC 2743 3.1), or bare: its fields, and true for NegTokenInit.
fn fields(blob: &[u8]) -> Option<(Values<'_>, bool, Option<Tlv<'_>>)> {
    let outer = Values::new(blob).next()?;
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

/// Mechanisms by their object identifier: Kerberos 5, Microsoft's slip of it, user to user, NTLM (MS-SPNG 3.1.5.2), NEGOEX.
const MECHANISMS: [(&[u8], &str); 5] = [
    (&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2], "Kerberos"),
    (&[0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 1, 2, 2], "Kerberos"),
    (
        &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2, 2, 3],
        "Kerberos user to user",
    ),
    (&[0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10], "NTLM"),
    (&[0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 30], "NEGOEX"),
];
/// Mechanisms of a list that are looked at.
const MOST: usize = 16;

fn mechanism(oid: &[u8]) -> &'static str {
    let mut known = MECHANISMS.iter();
    known
        .find(|(bytes, _)| *bytes == oid)
        .map_or("", |(_, name)| name)
}

/// What a token tells of the negotiation.
pub(super) fn told(blob: &[u8]) -> Option<Told> {
    let (fields, is_init, _) = fields(blob)?;
    let mut told = Told::default();
    for field in fields {
        let Some(value) = field.inside().next() else {
            continue;
        };
        match (field.tag, is_init) {
            (0xA0, true) => {
                let list = value.inside().take(MOST);
                told.offered = list.map(|oid| mechanism(oid.content)).collect();
            }
            (0xA1, false) => told.chosen = mechanism(value.content),
            (0xA2, _) if value.content.starts_with(ntlmssp::SIGNATURE) => {
                told.ntlm = Some(ntlmssp::kind(value.content));
            }
            (0xA2, _) => told.kerberos = kerberos::of_gss(value.content),
            _ => {}
        }
    }
    Some(told)
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
    let Some(frame) = Values::new(token).next().filter(|frame| frame.tag == 0x60) else {
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
