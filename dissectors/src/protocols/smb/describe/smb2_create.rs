//! Create contexts: leases, durable handles, maximal access (MS-SMB2 2.2.13.2, 2.2.14.2).

use super::super::bytes::{part, u16_at, u32_at};
use super::super::fields::{smb1, smb2 as f};
use super::bits::{ACCESS, LEASE, LEASE_FLAGS};
use crate::field::layout::{Part, bits, bytes, file_time, flag, guid, uint};
use crate::field::{Value, Writer};

/// A lease (2.2.13.2.8), and what its second version adds (2.2.13.2.10).
const LEASE_V1: &[Part] = &[
    guid(f::LEASE_LEASE_KEY, 0),
    bits(f::LEASE_LEASE_STATE, 16, 4, LEASE),
    bits(f::LEASE_LEASE_FLAGS, 20, 4, LEASE_FLAGS),
    uint(f::LEASE_LEASE_DURATION, 24, 8),
];
const LEASE_V2: &[Part] = &[
    guid(f::LEASE_PARENT_LEASE_KEY, 32),
    uint(f::LEASE_LEASE_OPLOCK, 48, 2),
];
/// Flags of a durable handle of the second version (2.2.13.2.11).
const DURABLE: &[crate::field::layout::Bit] = &[flag(f::DH2X_FLAGS_PERSISTENT_HANDLE, 2)];

/// The contexts; offset and length of their list stand at `place`.
pub(super) fn contexts(w: &mut Writer<'_>, pdu: &[u8], place: usize, response: bool) {
    let Some((start, len)) = u32_at(pdu, place).zip(u32_at(pdu, place + 4)) else {
        return;
    };
    let list = part(pdu, start as usize, len as usize);
    w.present(f::CREATE_EXTRAINFO, start as usize, list.len());
    let mut at = 0;
    while let Some(context) = list.get(at..).filter(|rest| rest.len() >= 16) {
        let next = u32_at(context, 0).unwrap_or_default() as usize;
        one(w, context, start as usize + at, response);
        if next == 0 {
            return;
        }
        at += next;
    }
}

fn one(w: &mut Writer<'_>, context: &[u8], at: usize, response: bool) {
    const HEAD: &[Part] = &[
        uint(f::CREATE_CHAIN_OFFSET, 0, 4),
        uint(f::OLB_OFFSET, 4, 2),
        uint(f::OLB_LENGTH, 6, 2),
        uint(f::OLB_OFFSET, 10, 2),
        uint(f::OLB_LENGTH, 12, 4),
    ];
    let place = |at| usize::from(u16_at(context, at).unwrap_or_default());
    let tag = part(context, place(4), place(6));
    let len = u32_at(context, 12).unwrap_or_default() as usize;
    let data = part(context, place(10), len);
    w.branch(
        || format!("Chain Element: {}", tag.escape_ascii()),
        at,
        16,
        |w| {
            w.lay(HEAD, context, at);
            let text = || tag.escape_ascii().to_string();
            w.text_with(f::TAG, text, at + place(4), tag.len());
            content(w, tag, data, at + place(10), response);
        },
    );
}

fn content(w: &mut Writer<'_>, tag: &[u8], data: &[u8], at: usize, response: bool) {
    if data.is_empty() {
        return;
    }
    match (tag, response) {
        (b"RqLs", _) => {
            w.lay(LEASE_V1, data, at);
            if data.len() > 32 {
                w.lay(LEASE_V2, data, at);
            }
        }
        (b"MxAc", true) => {
            w.lay(
                &[
                    uint(f::MXAC_STATUS, 0, 4),
                    bits(smb1::ACCESS_MASK, 4, 4, ACCESS),
                ],
                data,
                at,
            );
        }
        (b"MxAc", false) => {
            w.lay(&[file_time(f::MXAC_TIMESTAMP, 0)], data, at);
        }
        (b"QFid", true) => {
            w.lay(&[bytes(f::QFID_FID, 0, 32)], data, at);
        }
        (b"TWrp", false) => {
            w.lay(&[file_time(f::TWRP_TIMESTAMP, 0)], data, at);
        }
        (b"DHnC" | b"DHnQ", false) => {
            w.lay(&[guid(f::FID, 0)], data, at);
        }
        (b"DH2Q", false) => {
            w.lay(
                &[
                    uint(f::DH2X_TIMEOUT, 0, 4),
                    bits(f::DH2X_FLAGS, 4, 4, DURABLE),
                    guid(f::DH2X_CREATE_GUID, 16),
                ],
                data,
                at,
            );
        }
        (b"DH2Q", true) => {
            w.lay(
                &[
                    uint(f::DH2X_TIMEOUT, 0, 4),
                    bits(f::DH2X_FLAGS, 4, 4, DURABLE),
                ],
                data,
                at,
            );
        }
        (b"DH2C", false) => {
            w.lay(
                &[
                    guid(f::FID, 0),
                    guid(f::DH2X_CREATE_GUID, 16),
                    bits(f::DH2X_FLAGS, 32, 4, DURABLE),
                ],
                data,
                at,
            );
        }
        (b"ExtA", _) => {
            let inner = |w: &mut Writer<'_>| extended_attributes(w, data, at);
            w.parts(f::FILE_FULL_EA_INFO, Value::Present, at, data.len(), inner);
        }
        _ => {}
    }
}

/// FILE_FULL_EA_INFORMATION (MS-FSCC 2.4.16), one behind the other.
pub(super) fn extended_attributes(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const HEAD: &[Part] = &[
        uint(f::NEXT_OFFSET, 0, 4),
        uint(f::EA_FLAGS, 4, 1),
        uint(f::EA_NAME_LEN, 5, 1),
        uint(f::EA_DATA_LEN, 6, 2),
    ];
    let mut from = 0;
    while let Some(one) = data.get(from..).filter(|rest| rest.len() >= 8) {
        let name_len = usize::from(one.get(5).copied().unwrap_or_default());
        let value_len = usize::from(u16_at(one, 6).unwrap_or_default());
        let here = at + from;
        w.lay(HEAD, one, here);
        let name = part(one, 8, name_len);
        let text = || name.escape_ascii().to_string();
        w.text_with(f::EA_NAME, text, here + 8, name_len);
        let value = part(one, 9 + name_len, value_len);
        w.put(
            f::EA_DATA,
            Value::Bytes(value),
            here + 9 + name_len,
            value.len(),
        );
        match u32_at(one, 0) {
            Some(next) if next > 0 => from += next as usize,
            _ => return,
        }
    }
}
