//! What IOCTL carries, for the functions that a troubleshooter looks at (MS-SMB2 2.2.31, 2.2.32).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::bytes::{part, u16_at, u32_at};
use super::super::fields::{smb1, smb2 as f};
use super::super::wire2::{self, Buffer, HEADER};
use super::bits::{CAPABILITIES, SIGNING};
use super::text16;
use crate::field::layout::{Part, bits, flag, guid, uint};
use crate::field::{Value, Writer};

/// FSCTL_DFS_GET_REFERRALS: which server has the share (MS-DFSC 2.2.2).
pub(super) const DFS_GET_REFERRALS: u32 = 0x0006_0194;

/// Describes the input of a request, or the output of an answer.
pub(super) fn data(w: &mut Writer<'_>, pdu: &[u8], response: bool) {
    let buffer = if response {
        wire2::ioctl_output(pdu)
    } else {
        wire2::ioctl_input(pdu)
    };
    let (Some(code), Some(Buffer { at, bytes, .. })) = (u32_at(pdu, HEADER + 4), buffer) else {
        return;
    };
    if bytes.is_empty() {
        return;
    }
    match (code, response) {
        (DFS_GET_REFERRALS, false) => {
            w.lay(&[uint(smb1::MAX_REFERRAL_LEVEL, 0, 2)], bytes, at);
            let name = bytes.get(2..).unwrap_or(&[]);
            w.text_with(smb1::FILE, || text16(name), at + 2, name.len());
        }
        (0x0014_0204, false) => validate(w, bytes, at),
        (0x0014_0204, true) => {
            w.lay(VALIDATED, bytes, at);
        }
        (0x0014_01FC, true) => interfaces(w, bytes, at),
        (0x0014_01D4, false) => {
            w.lay(&[uint(f::IOCTL_RESILIENCY_TIMEOUT, 0, 4)], bytes, at);
        }
        (0x0011_0018, false) => pipe_wait(w, bytes, at),
        (0x0014_80F2 | 0x0014_40F2, false) => copy_chunks(w, bytes, at),
        (0x0014_80F2 | 0x0014_40F2, true) => {
            w.lay(COPIED, bytes, at);
        }
        (0x0014_4064, true) => snapshots(w, bytes, at),
        (0x0009_00C0 | 0x0009_009C, true) => {
            w.present(f::FILE_OBJECTID_BUFFER, at, bytes.len());
            w.lay(OBJECT_ID, bytes, at);
        }
        _ => {}
    }
}

const OBJECT_ID: &[Part] = &[
    guid(f::OBJECT_ID, 0),
    guid(f::BIRTH_VOLUME_ID, 16),
    guid(f::BIRTH_OBJECT_ID, 32),
    guid(f::DOMAIN_ID, 48),
];
const VALIDATED: &[Part] = &[
    bits(f::CAPABILITIES, 0, 4, CAPABILITIES),
    guid(f::SERVER_GUID, 4),
    bits(f::SEC_MODE, 20, 1, SIGNING),
    uint(f::DIALECT, 22, 2),
];
const COPIED: &[Part] = &[
    uint(f::FSCTL_CCHUNK_CHUNKS_WRITTEN, 0, 4),
    uint(f::FSCTL_CCHUNK_BYTES_WRITTEN, 4, 4),
    uint(f::FSCTL_CCHUNK_TOTAL_WRITTEN, 8, 4),
];

/// FSCTL_VALIDATE_NEGOTIATE_INFO (2.2.31.4): what was offered, once more.
fn validate(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const OFFER: &[Part] = &[
        bits(f::CAPABILITIES, 0, 4, CAPABILITIES),
        guid(f::CLIENT_GUID, 4),
        bits(f::SEC_MODE, 20, 1, SIGNING),
        uint(f::DIALECT_COUNT, 22, 2),
    ];
    w.lay(OFFER, data, at);
    let count = usize::from(u16_at(data, 22).unwrap_or_default());
    for (n, dialect) in (0..count)
        .map_while(|n| u16_at(data, 24 + 2 * n))
        .enumerate()
    {
        w.uint(f::DIALECT, dialect, at + 24 + 2 * n, 2);
    }
}

/// FSCTL_QUERY_NETWORK_INTERFACE_INFO (2.2.32.5): the server's interfaces, for more channels.
fn interfaces(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const INTERFACE: &[Part] = &[
        uint(f::IOCTL_NETWORK_INTERFACES_NEXT_OFFSET, 0, 4),
        uint(f::IOCTL_NETWORK_INTERFACES_INDEX, 4, 4),
        bits(
            f::IOCTL_NETWORK_INTERFACES_CAPABILITIES,
            8,
            4,
            &[
                flag(f::IOCTL_NETWORK_INTERFACES_CAPABILITIES_RDMA, 2),
                flag(f::IOCTL_NETWORK_INTERFACES_CAPABILITIES_RSS, 1),
            ],
        ),
        uint(f::IOCTL_NETWORK_INTERFACES_RSS_QUEUE_COUNT, 12, 4),
        uint(f::IOCTL_NETWORK_INTERFACES_LINK_SPEED, 16, 8),
        uint(f::WINDOWS_SOCKADDR_FAMILY, 24, 2),
    ];
    const IPV4: u16 = 2;
    const IPV6: u16 = 23;
    let mut from = 0;
    while let Some(one) = data.get(from..).filter(|rest| rest.len() >= 26) {
        let here = at + from;
        w.lay(INTERFACE, one, here);
        let port = u16_at(one, 26).unwrap_or_default().swap_bytes();
        match u16_at(one, 24) {
            Some(IPV4) => {
                w.uint(f::WINDOWS_SOCKADDR_PORT, port, here + 26, 2);
                if let Some(ip) = one.get(28..).and_then(|b| b.first_chunk::<4>()) {
                    let ip = Value::Ipv4(Ipv4Addr::from(*ip));
                    w.put(f::WINDOWS_SOCKADDR_IN_ADDR, ip, here + 28, 4);
                }
            }
            Some(IPV6) => {
                w.uint(f::WINDOWS_SOCKADDR_PORT, port, here + 26, 2);
                w.lay(&[uint(f::WINDOWS_SOCKADDR_IN6_FLOW_INFO, 28, 4)], one, here);
                if let Some(ip) = one.get(32..).and_then(|b| b.first_chunk::<16>()) {
                    let ip = Value::Ipv6(Ipv6Addr::from(*ip));
                    w.put(f::WINDOWS_SOCKADDR_IN6_ADDR, ip, here + 32, 16);
                }
                w.lay(&[uint(f::WINDOWS_SOCKADDR_IN6_SCOPE_ID, 48, 4)], one, here);
            }
            _ => {}
        }
        match u32_at(one, 0) {
            Some(next) if next > 0 => from += next as usize,
            _ => return,
        }
    }
}

/// FSCTL_PIPE_WAIT (MS-FSCC 2.3.49): for which pipe, and how long in 100 ns.
fn pipe_wait(w: &mut Writer<'_>, data: &[u8], at: usize) {
    if let Some(timeout) = super::super::bytes::u64_at(data, 0) {
        let timeout = Value::Int(timeout.cast_signed());
        w.put(f::FSCTL_WAIT_TIMEOUT, timeout, at, 8);
    }
    let len = u32_at(data, 8).unwrap_or_default() as usize;
    let name = part(data, 14, len);
    w.text_with(f::FSCTL_WAIT_NAME, || text16(name), at + 14, name.len());
}

/// FSCTL_SRV_COPYCHUNK (2.2.31.1): what the server is to copy by itself.
fn copy_chunks(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const CHUNK: &[Part] = &[
        uint(f::FSCTL_CCHUNK_SRC_OFFSET, 0, 8),
        uint(f::FSCTL_CCHUNK_DST_OFFSET, 8, 8),
        uint(f::FSCTL_CCHUNK_XFER_LEN, 16, 4),
    ];
    w.lay(&[uint(f::FSCTL_CCHUNK_COUNT, 24, 4)], data, at);
    let chunks = data.get(32..).unwrap_or(&[]).chunks_exact(24);
    for (n, chunk) in chunks.enumerate() {
        w.lay(CHUNK, chunk, at + 32 + 24 * n);
    }
}

/// FSCTL_SRV_ENUMERATE_SNAPSHOTS (2.2.32.2): the previous versions.
fn snapshots(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const COUNTS: &[Part] = &[
        uint(f::IOCTL_ENUMERATE_SNAPSHOTS_NUM_SNAPSHOTS, 0, 4),
        uint(f::IOCTL_ENUMERATE_SNAPSHOTS_NUM_SNAPSHOTS_RETURNED, 4, 4),
        uint(f::IOCTL_ENUMERATE_SNAPSHOTS_ARRAY_SIZE, 8, 4),
    ];
    /// Bytes of `@GMT-YYYY.MM.DD-HH.MM.SS` and its NUL.
    const SNAPSHOT: usize = 50;
    w.lay(COUNTS, data, at);
    let names = data.get(12..).unwrap_or(&[]).chunks_exact(SNAPSHOT);
    for (n, name) in names.enumerate() {
        let text = || text16(part(name, 0, SNAPSHOT - 2));
        let at = at + 12 + n * SNAPSHOT;
        w.text_with(f::IOCTL_ENUMERATE_SNAPSHOTS_SNAPSHOT, text, at, SNAPSHOT);
    }
}
