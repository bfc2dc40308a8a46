//! Information of file systems and streams, which SMB2 and SMB1 share (MS-FSCC 2.5, 2.4.44).

use super::super::bytes::{part, u32_at};
use super::super::fields::smb1 as f;
use super::text16;
use crate::field::Writer;
use crate::field::layout::{Part, file_time, uint};

/// A file system information class by MS-FSCC's number.
pub(super) fn information(w: &mut Writer<'_>, level: u8, data: &[u8], at: usize) {
    const VOLUME: &[Part] = &[
        file_time(f::CREATE_TIME, 0),
        uint(f::VOLUME_SERIAL, 8, 4),
        uint(f::VOLUME_LABEL_LEN, 12, 4),
    ];
    const SIZE: &[Part] = &[
        uint(f::ALLOC_SIZE64, 0, 8),
        uint(f::FREE_ALLOC_UNITS, 8, 8),
        uint(f::FS_SECTOR_PER_UNIT, 16, 4),
        uint(f::FS_BYTES_PER_SECTOR, 20, 4),
    ];
    const DEVICE: &[Part] = &[uint(f::DEVICE_TYPE, 0, 4), uint(f::DEVICE, 4, 4)];
    const ATTRIBUTE: &[Part] = &[
        uint(f::FS_ATTR, 0, 4),
        uint(f::FS_MAX_NAME_LEN, 4, 4),
        uint(f::FS_NAME_LEN, 8, 4),
    ];
    const FULL_SIZE: &[Part] = &[
        uint(f::ALLOC_SIZE64, 0, 8),
        uint(f::CALLER_FREE_ALLOC_UNITS, 8, 8),
        uint(f::ACTUAL_FREE_ALLOC_UNITS, 16, 8),
        uint(f::FS_SECTOR_PER_UNIT, 24, 4),
        uint(f::FS_BYTES_PER_SECTOR, 28, 4),
    ];
    let (table, name) = match level {
        1 => (VOLUME, Some((f::VOLUME_LABEL, 12, 18))),
        3 => (SIZE, None),
        4 => (DEVICE, None),
        5 => (ATTRIBUTE, Some((f::FS_NAME, 8, 12))),
        7 => (FULL_SIZE, None),
        _ => return,
    };
    w.lay(table, data, at);
    if let Some((id, len, from)) = name
        && let Some(len) = u32_at(data, len)
    {
        let name = part(data, from, len as usize);
        w.text_with(id, || text16(name), at + from, name.len());
    }
}

/// The streams of a file (MS-FSCC 2.4.44).
pub(super) fn streams(w: &mut Writer<'_>, data: &[u8], at: usize) {
    const STREAM: &[Part] = &[
        uint(f::NEXT_ENTRY_OFFSET, 0, 4),
        uint(f::STREAM_NAME_LEN, 4, 4),
        uint(f::STREAM_SIZE, 8, 8),
        uint(f::ALLOC_SIZE64, 16, 8),
    ];
    let mut from = 0;
    while let Some(stream) = data.get(from..).filter(|rest| rest.len() >= 24) {
        w.lay(STREAM, stream, at + from);
        let len = u32_at(stream, 4).unwrap_or_default() as usize;
        let name = part(stream, 24, len);
        w.text_with(f::STREAM_NAME, || text16(name), at + from + 24, name.len());
        match u32_at(stream, 0) {
            Some(next) if next > 0 => from += next as usize,
            _ => return,
        }
    }
}
