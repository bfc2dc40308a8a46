//! NEGOTIATE: dialects and negotiate contexts (MS-SMB2 2.2.3, 2.2.4).

use super::super::bytes::{part, u16_at, u32_at};
use super::super::fields::smb2 as f;
use super::super::wire2::HEADER;
use super::text16;
use crate::field::layout::{Part, bits, flag, uint};
use crate::field::{FieldId, Writer};

/// Where the request's dialects begin.
const DIALECTS: usize = HEADER + 36;
/// SMB 3.1.1: contexts follow.
const WITH_CONTEXTS: u16 = 0x0311;

/// What follows the fixed part of the request: contexts, and the dialects.
pub(super) fn request(w: &mut Writer<'_>, pdu: &[u8]) {
    const CONTEXTS: &[Part] = &[
        uint(f::NEGOTIATE_CONTEXT_OFFSET, 28, 4),
        uint(f::NEGOTIATE_CONTEXT_COUNT, 32, 2),
    ];
    let body = pdu.get(HEADER..).unwrap_or(&[]);
    let count = usize::from(u16_at(body, 2).unwrap_or_default());
    let dialects = || (0..count).map_while(|n| u16_at(pdu, DIALECTS + 2 * n));
    let with_contexts = dialects().any(|dialect| dialect == WITH_CONTEXTS);
    w.lay(CONTEXTS, body, HEADER);
    for (n, dialect) in dialects().enumerate() {
        w.uint(f::DIALECT, dialect, DIALECTS + 2 * n, 2);
    }
    if with_contexts {
        contexts(w, pdu, HEADER + 28, u16_at(body, 32));
    }
}

/// The contexts (2.2.3.1), each on an offset that 8 divides; where the first begins stands at `place`.
pub(super) fn contexts(w: &mut Writer<'_>, pdu: &[u8], place: usize, count: Option<u16>) {
    const HEAD: &[Part] = &[
        uint(f::NEGOTIATE_CONTEXT_TYPE, 0, 2),
        uint(f::NEGOTIATE_CONTEXT_DATA_LENGTH, 2, 2),
    ];
    let Some(mut at) = u32_at(pdu, place).map(|at| at as usize) else {
        return;
    };
    for _ in 0..count.unwrap_or_default() {
        let Some((kind, len)) = u16_at(pdu, at).zip(u16_at(pdu, at + 2)) else {
            return;
        };
        let len = usize::from(len);
        let data = part(pdu, at + 8, len);
        w.branch(
            || "Negotiate Context".to_owned(),
            at,
            8 + len,
            |w| {
                w.lay(HEAD, pdu.get(at..).unwrap_or(&[]), at);
                context(w, kind, data, at + 8);
            },
        );
        at = (at + 8 + len).next_multiple_of(8);
    }
}

fn context(w: &mut Writer<'_>, kind: u16, data: &[u8], at: usize) {
    const HASHES: &[Part] = &[
        uint(f::NEGOTIATE_CONTEXT_HASH_ALG_COUNT, 0, 2),
        uint(f::NEGOTIATE_CONTEXT_SALT_LENGTH, 2, 2),
    ];
    const CIPHERS: &[Part] = &[uint(f::NEGOTIATE_CONTEXT_CIPHER_COUNT, 0, 2)];
    const COMPRESSION: &[Part] = &[
        uint(f::NEGOTIATE_CONTEXT_COMP_ALG_COUNT, 0, 2),
        bits(
            f::NEGOTIATE_CONTEXT_COMP_ALG_FLAGS,
            4,
            4,
            &[flag(f::NEGOTIATE_CONTEXT_COMP_ALG_FLAGS_CHAINED, 1)],
        ),
    ];
    const SIGNING: &[Part] = &[uint(f::NEGOTIATE_CONTEXT_SIGNING_ALG_COUNT, 0, 2)];
    match kind {
        1 => {
            w.lay(HASHES, data, at);
            let hashes = list(w, f::NEGOTIATE_CONTEXT_HASH_ALGORITHM, data, (4, at));
            let salt = part(
                data,
                4 + 2 * hashes,
                usize::from(u16_at(data, 2).unwrap_or_default()),
            );
            w.bytes(f::NEGOTIATE_CONTEXT_SALT, salt, at + 4 + 2 * hashes);
        }
        2 => {
            w.lay(CIPHERS, data, at);
            list(w, f::NEGOTIATE_CONTEXT_CIPHER_ID, data, (2, at));
        }
        3 => {
            w.lay(COMPRESSION, data, at);
            list(w, f::NEGOTIATE_CONTEXT_COMP_ALG_ID, data, (8, at));
        }
        5 => w.text_with(
            f::NEGOTIATE_CONTEXT_NETNAME,
            || text16(data),
            at,
            data.len(),
        ),
        6 => {
            w.lay(
                &[uint(f::NEGOTIATE_CONTEXT_TRANSPORT_FLAGS, 0, 4)],
                data,
                at,
            );
        }
        8 => {
            w.lay(SIGNING, data, at);
            list(w, f::NEGOTIATE_CONTEXT_SIGNING_ID, data, (2, at));
        }
        _ => {}
    }
}

/// As many numbers of 16 bits as the first of `data` says, from `from` on. Gives how many there were.
fn list(w: &mut Writer<'_>, id: FieldId, data: &[u8], (from, at): (usize, usize)) -> usize {
    let count = usize::from(u16_at(data, 0).unwrap_or_default());
    let mut found = 0;
    for value in (0..count).map_while(|n| u16_at(data, from + 2 * n)) {
        w.uint(id, value, at + from + 2 * found, 2);
        found += 1;
    }
    found
}
