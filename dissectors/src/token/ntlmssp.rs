//! NTLMSSP messages (MS-NLMP 2.2.1).

use super::fields::ntlmssp as f;
use crate::field::layout::{Bit, Part, bits, bytes, file_time, flag, uint};
use crate::field::{FieldId, Value, Writer};

/// What every message begins with.
pub(super) const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// MessageType.
const NEGOTIATE: u32 = 1;
const CHALLENGE: u32 = 2;
const AUTHENTICATE: u32 = 3;
/// NTLMSSP_NEGOTIATE_UNICODE.
const UNICODE: u32 = 1;
/// NTLMSSP_NEGOTIATE_VERSION.
const VERSION: u32 = 0x0200_0000;

/// NegotiateFlags (2.2.2.5).
const FLAGS: &[Bit] = &[
    flag(f::NEGOTIATEUNICODE, 0x1),
    flag(f::NEGOTIATEOEM, 0x2),
    flag(f::REQUESTTARGET, 0x4),
    flag(f::NEGOTIATE00000008, 0x8),
    flag(f::NEGOTIATESIGN, 0x10),
    flag(f::NEGOTIATESEAL, 0x20),
    flag(f::NEGOTIATEDATAGRAM, 0x40),
    flag(f::NEGOTIATELMKEY, 0x80),
    flag(f::NEGOTIATE00000100, 0x100),
    flag(f::NEGOTIATENTLM, 0x200),
    flag(f::NEGOTIATENTONLY, 0x400),
    flag(f::NEGOTIATEANONYMOUS, 0x800),
    flag(f::NEGOTIATEOEMDOMAINSUPPLIED, 0x1000),
    flag(f::NEGOTIATEOEMWORKSTATIONSUPPLIED, 0x2000),
    flag(f::NEGOTIATE00004000, 0x4000),
    flag(f::NEGOTIATEALWAYSSIGN, 0x8000),
    flag(f::TARGETTYPEDOMAIN, 0x1_0000),
    flag(f::TARGETTYPESERVER, 0x2_0000),
    flag(f::TARGETTYPESHARE, 0x4_0000),
    flag(f::NEGOTIATENTLM2, 0x8_0000),
    flag(f::NEGOTIATEIDENTIFY, 0x10_0000),
    flag(f::NEGOTIATENT00200000, 0x20_0000),
    flag(f::REQUESTNONNTSESSION, 0x40_0000),
    flag(f::NEGOTIATETARGETINFO, 0x80_0000),
    flag(f::NEGOTIATENT01000000, 0x100_0000),
    flag(f::NEGOTIATEVERSION, 0x200_0000),
    flag(f::NEGOTIATENT04000000, 0x400_0000),
    flag(f::NEGOTIATENT08000000, 0x800_0000),
    flag(f::NEGOTIATENT10000000, 0x1000_0000),
    flag(f::NEGOTIATE128, 0x2000_0000),
    flag(f::NEGOTIATEKEYEXCH, 0x4000_0000),
    flag(f::NEGOTIATE56, 0x8000_0000),
];

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// What a length and an offset at `place` name (2.2.1): its place in the message and its bytes.
fn named(message: &[u8], place: usize) -> Option<(usize, &[u8])> {
    let len = usize::from(u16_at(message, place)?);
    let at = u32_at(message, place + 4)? as usize;
    Some((at, message.get(at..at + len)?))
}

fn text(bytes: &[u8], unicode: bool) -> String {
    if !unicode {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.first_chunk());
    char::decode_utf16(units.map(|pair| u16::from_le_bytes(*pair)))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

pub(super) fn kind(message: &[u8]) -> u32 {
    u32_at(message, 8).unwrap_or_default()
}

/// True where strings are in Unicode: what AUTHENTICATE's own flags say; nothing said means so.
fn is_unicode(message: &[u8], flags: usize) -> bool {
    u32_at(message, flags).unwrap_or(UNICODE) & UNICODE != 0
}

/// What the info column says: the kind, and of AUTHENTICATE who logs on.
pub(super) fn info(message: &[u8]) -> String {
    match kind(message) {
        NEGOTIATE => ", NTLMSSP_NEGOTIATE".to_owned(),
        CHALLENGE => ", NTLMSSP_CHALLENGE".to_owned(),
        AUTHENTICATE => {
            let unicode = is_unicode(message, 60);
            let name = |place| {
                named(message, place).map_or(String::new(), |(_, bytes)| text(bytes, unicode))
            };
            format!(", NTLMSSP_AUTH, User: {}\\{}", name(28), name(36))
        }
        _ => String::new(),
    }
}

/// Describes a message that stands at `at`.
pub(super) fn describe(w: &mut Writer<'_>, message: &[u8], at: usize) {
    w.parts(f::PROTO, Value::Present, at, message.len(), |w| {
        w.lay(&[uint(f::MESSAGETYPE, 8, 4)], message, at);
        match kind(message) {
            NEGOTIATE => negotiate(w, message, at),
            CHALLENGE => challenge(w, message, at),
            AUTHENTICATE => authenticate(w, message, at),
            _ => {}
        }
    });
}

const fn flags_at(place: usize) -> Part {
    bits(f::NEGOTIATEFLAGS, place, 4, FLAGS)
}

fn negotiate(w: &mut Writer<'_>, message: &[u8], at: usize) {
    w.lay(&[flags_at(12)], message, at);
    let flags = u32_at(message, 12).unwrap_or_default();
    string(w, f::NEGOTIATE_DOMAIN, message, (16, at), false);
    string(w, f::NEGOTIATE_CALLINGWORKSTATION, message, (24, at), false);
    version(w, message, (32, at), flags);
}

fn challenge(w: &mut Writer<'_>, message: &[u8], at: usize) {
    const INFO: &[Part] = &[
        uint(f::CHALLENGE_TARGET_INFO_LENGTH, 40, 2),
        uint(f::CHALLENGE_TARGET_INFO_MAXLEN, 42, 2),
        uint(f::CHALLENGE_TARGET_INFO_OFFSET, 44, 4),
    ];
    let unicode = is_unicode(message, 20);
    string(w, f::CHALLENGE_TARGET_NAME, message, (12, at), unicode);
    w.lay(
        &[flags_at(20), bytes(f::NTLMSERVERCHALLENGE, 24, 8)],
        message,
        at,
    );
    if let Some((place, pairs)) = named(message, 40).filter(|(_, pairs)| !pairs.is_empty()) {
        w.parts(
            f::CHALLENGE_TARGET_INFO,
            Value::Present,
            at + place,
            pairs.len(),
            |w| {
                w.lay(INFO, message, at);
                av_pairs(w, &OF_CHALLENGE, pairs, at + place);
            },
        );
    }
    let flags = u32_at(message, 20).unwrap_or_default();
    version(w, message, (48, at), flags);
}

fn authenticate(w: &mut Writer<'_>, message: &[u8], at: usize) {
    let unicode = is_unicode(message, 60);
    blob(w, message, (12, at));
    blob(w, message, (20, at));
    if let Some((place, response)) = named(message, 20) {
        ntlmv2(w, response, at + place);
    }
    string(w, f::AUTH_DOMAIN, message, (28, at), unicode);
    string(w, f::AUTH_USERNAME, message, (36, at), unicode);
    string(w, f::AUTH_HOSTNAME, message, (44, at), unicode);
    // Older clients end here (2.2.1.3): the first text stands in the place of what follows.
    let first = [12, 20, 28, 36, 44].iter();
    let first = first.filter_map(|place| named(message, *place));
    let first = first
        .filter(|(_, bytes)| !bytes.is_empty())
        .map(|(at, _)| at);
    let end = first.min().unwrap_or(message.len());
    if end >= 64 {
        blob(w, message, (52, at));
        w.lay(&[flags_at(60)], message, at);
    }
    if end >= 72 {
        let flags = u32_at(message, 60).unwrap_or_default();
        version(w, message, (64, at), flags);
    }
}

/// A text, with the place, and its length and offset as they stand there. tshark calls an empty one NULL.
fn string(
    w: &mut Writer<'_>,
    id: FieldId,
    message: &[u8],
    (place, at): (usize, usize),
    unicode: bool,
) {
    const HEAD: &[Part] = &[
        uint(f::STRING_LENGTH, 0, 2),
        uint(f::STRING_MAXLEN, 2, 2),
        uint(f::STRING_OFFSET, 4, 4),
    ];
    let Some((start, bytes)) = named(message, place) else {
        return;
    };
    if bytes.is_empty() {
        return w.text(id, "NULL", at + place, 8);
    }
    w.text_with(id, || text(bytes, unicode), at + start, bytes.len());
    let head = message.get(place..).unwrap_or(&[]);
    w.lay(HEAD, head, at + place);
}

/// The length and offset of something secret.
fn blob(w: &mut Writer<'_>, message: &[u8], (place, at): (usize, usize)) {
    const HEAD: &[Part] = &[
        uint(f::BLOB_LENGTH, 0, 2),
        uint(f::BLOB_MAXLEN, 2, 2),
        uint(f::BLOB_OFFSET, 4, 4),
    ];
    if u16_at(message, place).is_some_and(|len| len > 0) {
        let head = message.get(place..).unwrap_or(&[]);
        w.lay(HEAD, head, at + place);
    }
}

fn version(w: &mut Writer<'_>, message: &[u8], (place, at): (usize, usize), flags: u32) {
    const PARTS: &[Part] = &[
        uint(f::VERSION_MAJOR, 0, 1),
        uint(f::VERSION_MINOR, 1, 1),
        uint(f::VERSION_BUILD_NUMBER, 2, 2),
        uint(f::VERSION_NTLM_CURRENT_REVISION, 7, 1),
    ];
    if flags & VERSION == 0 {
        return;
    }
    if let Some(version) = message.get(place..place + 8) {
        w.parts(f::VERSION, Value::Present, at + place, 8, |w| {
            w.lay(PARTS, version, at + place);
        });
    }
}

/// NTLMv2_CLIENT_CHALLENGE behind the proof (2.2.2.7, 2.2.2.8); NTLMv1's response has 24 bytes.
fn ntlmv2(w: &mut Writer<'_>, response: &[u8], at: usize) {
    const PARTS: &[Part] = &[
        uint(f::NTLMV2_RESPONSE_RVERSION, 16, 1),
        uint(f::NTLMV2_RESPONSE_HIRVERSION, 17, 1),
        file_time(f::NTLMV2_RESPONSE_TIME, 24),
    ];
    if response.len() > 44 {
        w.lay(PARTS, response, at);
        let pairs = response.get(44..).unwrap_or(&[]);
        av_pairs(w, &OF_RESPONSE, pairs, at + 44);
    }
}

/// Fields of AV_PAIRs, of which a CHALLENGE and a response have their own: type, length, and the texts by type.
struct Pairs {
    kind: FieldId,
    len: FieldId,
    texts: [FieldId; 6],
    flags: FieldId,
    timestamp: FieldId,
    restrictions: FieldId,
    channel_bindings: FieldId,
}

const OF_CHALLENGE: Pairs = Pairs {
    kind: f::CHALLENGE_TARGET_INFO_ITEM_TYPE,
    len: f::CHALLENGE_TARGET_INFO_ITEM_LENGTH,
    texts: [
        f::CHALLENGE_TARGET_INFO_NB_COMPUTER_NAME,
        f::CHALLENGE_TARGET_INFO_NB_DOMAIN_NAME,
        f::CHALLENGE_TARGET_INFO_DNS_COMPUTER_NAME,
        f::CHALLENGE_TARGET_INFO_DNS_DOMAIN_NAME,
        f::CHALLENGE_TARGET_INFO_DNS_TREE_NAME,
        f::CHALLENGE_TARGET_INFO_TARGET_NAME,
    ],
    flags: f::CHALLENGE_TARGET_INFO_FLAGS,
    timestamp: f::CHALLENGE_TARGET_INFO_TIMESTAMP,
    restrictions: f::CHALLENGE_TARGET_INFO_RESTRICTIONS,
    channel_bindings: f::CHALLENGE_TARGET_INFO_CHANNEL_BINDINGS,
};
const OF_RESPONSE: Pairs = Pairs {
    kind: f::NTLMV2_RESPONSE_ITEM_TYPE,
    len: f::NTLMV2_RESPONSE_ITEM_LENGTH,
    texts: [
        f::NTLMV2_RESPONSE_NB_COMPUTER_NAME,
        f::NTLMV2_RESPONSE_NB_DOMAIN_NAME,
        f::NTLMV2_RESPONSE_DNS_COMPUTER_NAME,
        f::NTLMV2_RESPONSE_DNS_DOMAIN_NAME,
        f::NTLMV2_RESPONSE_DNS_TREE_NAME,
        f::NTLMV2_RESPONSE_TARGET_NAME,
    ],
    flags: f::NTLMV2_RESPONSE_FLAGS,
    timestamp: f::NTLMV2_RESPONSE_TIMESTAMP,
    restrictions: f::NTLMV2_RESPONSE_RESTRICTIONS,
    channel_bindings: f::NTLMV2_RESPONSE_CHANNEL_BINDINGS,
};

/// AV_PAIRs (2.2.2.1) up to the one that ends the list.
fn av_pairs(w: &mut Writer<'_>, fields: &Pairs, pairs: &[u8], at: usize) {
    let mut from = 0;
    while let Some((kind, len)) = u16_at(pairs, from).zip(u16_at(pairs, from + 2)) {
        let len = usize::from(len);
        let Some(value) = pairs.get(from + 4..from + 4 + len) else {
            return;
        };
        w.uint(fields.kind, kind, at + from, 2);
        w.uint(fields.len, len as u64, at + from + 2, 2);
        let place = at + from + 4;
        let texts = |n: u16| fields.texts.get(usize::from(n)).copied();
        match kind {
            0 => return,
            1..=5 | 9 => {
                if let Some(id) = texts(if kind == 9 { 5 } else { kind - 1 }) {
                    w.text_with(id, || text(value, true), place, len);
                }
            }
            6 => {
                w.lay(&[uint(fields.flags, 0, 4)], value, place);
            }
            7 => {
                w.lay(&[file_time(fields.timestamp, 0)], value, place);
            }
            8 => w.bytes(fields.restrictions, value, place),
            10 => w.bytes(fields.channel_bindings, value, place),
            _ => {}
        }
        from += 4 + len;
    }
}
