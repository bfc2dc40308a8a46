//! Information of file systems and streams, which SMB2 and SMB1 share (MS-FSCC 2.5, 2.4.44).

use super::super::bytes::{part, u32_at};
use super::super::fields::smb1 as f;
use super::smb1_bodies::ATTRIBUTES;
use super::text16;
use crate::field::Writer;
use crate::field::layout::{Part, bits, file_time, uint};

/// File information classes as tshark shows them under SMB1's fields (MS-FSCC 2.4): SMB1 has them all, SMB2 some.
pub(super) mod file {
    use super::{ATTRIBUTES, Part, bits, f, file_time, uint};

    pub(in super::super) const BASIC: &[Part] = &[
        file_time(f::CREATE_TIME, 0),
        file_time(f::ACCESS_TIME, 8),
        file_time(f::LAST_WRITE_TIME, 16),
        file_time(f::CHANGE_TIME, 24),
        bits(f::FILE_ATTRIBUTE, 32, 4, ATTRIBUTES),
    ];
    pub(in super::super) const STANDARD: &[Part] = &[
        uint(f::ALLOC_SIZE64, 0, 8),
        uint(f::END_OF_FILE, 8, 8),
        uint(f::LINK_COUNT, 16, 4),
        uint(f::DELETE_PENDING, 20, 1),
        uint(f::IS_DIRECTORY, 21, 1),
    ];
    pub(in super::super) const INTERNAL: &[Part] = &[uint(f::INDEX_NUMBER, 0, 8)];
    pub(in super::super) const EA: &[Part] = &[uint(f::EA_LIST_LENGTH, 0, 4)];
    pub(in super::super) const POSITION: &[Part] = &[uint(f::POSITION, 0, 8)];
    pub(in super::super) const MODE: &[Part] = &[uint(f::MODE, 0, 4)];
    pub(in super::super) const ALIGNMENT: &[Part] = &[uint(f::ALIGNMENT, 0, 4)];
    pub(in super::super) const NAME: &[Part] = &[uint(f::FILE_NAME_LEN, 0, 4)];
    pub(in super::super) const NETWORK_OPEN: &[Part] = &[
        file_time(f::CREATE_TIME, 0),
        file_time(f::ACCESS_TIME, 8),
        file_time(f::LAST_WRITE_TIME, 16),
        file_time(f::CHANGE_TIME, 24),
        uint(f::ALLOC_SIZE64, 32, 8),
        uint(f::END_OF_FILE, 40, 8),
        bits(f::FILE_ATTRIBUTE, 48, 4, ATTRIBUTES),
    ];
    pub(in super::super) const TAG: &[Part] =
        &[uint(f::ATTRIBUTE, 0, 4), uint(f::REPARSE_TAG, 4, 4)];
    /// What ALL has behind BASIC and STANDARD as SMB1 counts it (MS-CIFS 2.2.8.3.8): the size of extended attributes.
    pub(in super::super) const EA_SIZE: &[Part] = &[uint(f::EA_LIST_LENGTH, 0, 4)];
}

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
