//! What QUERY_INFO, SET_INFO, QUERY_DIRECTORY and CHANGE_NOTIFY carry (MS-FSCC 2.4 to 2.7).

use super::super::bytes::{part, u8_at, u32_at};
use super::super::fields::{smb1, smb2 as f};
use super::super::wire2::Buffer;
use super::bits::{ACCESS, ATTRIBUTES2};
use super::fs::{self, file as shared};
use super::{levels, smb2_create, text16};
use crate::field::layout::{Part, bits, boolean, bytes, file_time, guid, uint};
use crate::field::{FieldId, Value, Writer};

const BASIC: &[Part] = &[
    file_time(f::CREATE_TIME, 0),
    file_time(f::LAST_ACCESS_TIME, 8),
    file_time(f::LAST_WRITE_TIME, 16),
    file_time(f::LAST_CHANGE_TIME, 24),
    bits(f::FILE_ATTRIBUTE, 32, 4, ATTRIBUTES2),
];
const STANDARD: &[Part] = &[
    uint(f::ALLOCATION_SIZE, 0, 8),
    uint(f::EOF, 8, 8),
    uint(f::NLINKS, 16, 4),
    uint(f::DELETE_PENDING, 20, 1),
    uint(f::IS_DIRECTORY, 21, 1),
];
const INTERNAL: &[Part] = &[uint(f::FILE_ID, 0, 8)];
const EA: &[Part] = &[uint(f::EA_SIZE, 0, 4)];
const MASK: &[Part] = &[bits(smb1::ACCESS_MASK, 0, 4, ACCESS)];
const POSITION: &[Part] = &[uint(f::POSITION_INFO, 0, 8)];
const MODE: &[Part] = &[uint(f::MODE_INFO, 0, 4)];
const ALIGNMENT: &[Part] = &[uint(f::ALIGNMENT_INFO, 0, 4)];
const NAME: &[Part] = &[uint(f::FILENAME_LEN, 0, 4)];
const RENAME: &[Part] = &[
    boolean(f::RENAME_REPLACE_IF, 0),
    bytes(f::ROOT_DIRECTORY, 8, 8),
    uint(f::FILENAME_LEN, 16, 4),
];
const OBJECT_ID: &[Part] = &[
    guid(f::OBJECT_ID, 0),
    guid(f::BIRTH_VOLUME_ID, 16),
    guid(f::BIRTH_OBJECT_ID, 32),
    guid(f::DOMAIN_ID, 48),
];

/// The branch of a file information class, and the tables of its parts with their places.
type Class = (FieldId, &'static [(&'static [Part], usize)]);

/// File information classes of a fixed layout, and of the same with a name behind.
const fn file_class(level: u8) -> Option<Class> {
    Some(match level {
        4 => (f::FILE_BASIC_INFO, &[(BASIC, 0)]),
        5 => (f::FILE_STANDARD_INFO, &[(shared::STANDARD, 0)]),
        6 => (f::FILE_INTERNAL_INFO, &[(shared::INTERNAL, 0)]),
        7 => (f::FILE_EA_INFO, &[(shared::EA, 0)]),
        8 => (f::FILE_ACCESS_INFO, &[(MASK, 0)]),
        10 => (f::FILE_RENAME_INFO, &[(RENAME, 0)]),
        14 => (f::FILE_POSITION_INFO, &[(shared::POSITION, 0)]),
        16 => (f::FILE_MODE_INFO, &[(shared::MODE, 0)]),
        17 => (f::FILE_ALIGNMENT_INFO, &[(shared::ALIGNMENT, 0)]),
        18 => (
            f::FILE_ALL_INFO,
            &[
                (BASIC, 0),
                (STANDARD, 40),
                (INTERNAL, 64),
                (EA, 72),
                (MASK, 76),
                (POSITION, 80),
                (MODE, 88),
                (ALIGNMENT, 92),
                (NAME, 96),
            ],
        ),
        19 => (
            f::FILE_ALLOCATION_INFO,
            const { &[(&[uint(smb1::ALLOC_SIZE64, 0, 8)], 0)] },
        ),
        20 => (
            f::FILE_ENDOFFILE_INFO,
            const { &[(&[uint(f::EOF, 0, 8)], 0)] },
        ),
        21 => (f::FILE_ALTERNATE_NAME_INFO, &[(shared::NAME, 0)]),
        34 => (f::FILE_NETWORK_OPEN_INFO, &[(shared::NETWORK_OPEN, 0)]),
        28 => (f::FILE_COMPRESSION_INFO, &[]),
        35 => (f::FILE_ATTRIBUTE_TAG_INFO, &[(shared::TAG, 0)]),
        48 => (f::FILE_NORMALIZED_NAME_INFO, &[(shared::NAME, 0)]),
        _ => return None,
    })
}

/// Where the length of a class's name stands, which follows it, and the name's field.
const fn name_at(level: u8) -> Option<(usize, FieldId)> {
    match level {
        10 => Some((16, f::FILENAME)),
        18 => Some((96, f::FILENAME)),
        21 | 48 => Some((0, smb1::FILE)),
        _ => None,
    }
}

/// The value of an information class.
pub(super) fn value(
    w: &mut Writer<'_>,
    (class, level): (u8, u8),
    buffer: Option<Buffer<'_>>,
    response: bool,
) {
    let Some(Buffer {
        at, bytes: data, ..
    }) = buffer.filter(|buffer| !buffer.bytes.is_empty())
    else {
        return;
    };
    match (class, level) {
        (levels::FILE, 13) => {
            w.present(f::FILE_DISPOSITION_INFO, at, data.len());
            let delete = u8_at(data, 0).unwrap_or_default() & 1 != 0;
            w.bool(f::DISPOSITION_DELETE_ON_CLOSE, delete, at, 1);
        }
        (levels::FILE, 15) => {
            let inner = |w: &mut Writer<'_>| smb2_create::extended_attributes(w, data, at);
            w.parts(f::FILE_FULL_EA_INFO, Value::Present, at, data.len(), inner);
        }
        (levels::FILE, 22) => {
            let inner = |w: &mut Writer<'_>| fs::streams(w, data, at);
            w.parts(f::FILE_STREAM_INFO, Value::Present, at, data.len(), inner);
        }
        (levels::FILE, _) => file(w, level, data, at),
        (levels::FS, 8) => {
            w.present(f::FS_OBJECTID_INFO, at, data.len());
            w.present(f::FILE_OBJECTID_BUFFER, at, data.len());
            w.lay(OBJECT_ID, data, at);
        }
        (levels::FS, _) => {
            let id = match level {
                1 => f::FS_VOLUME_INFO,
                3 => f::FS_SIZE_INFO,
                4 => f::FS_DEVICE_INFO,
                5 => f::FS_ATTRIBUTE_INFO,
                6 => f::FS_CONTROL_INFO,
                7 => f::FS_FULL_SIZE_INFO,
                _ => return,
            };
            let inner = |w: &mut Writer<'_>| fs::information(w, level, data, at);
            w.parts(id, Value::Present, at, data.len(), inner);
        }
        (levels::SECURITY, _) if response || level == 0 => {
            w.present(f::SEC_INFO_00, at, data.len());
        }
        _ => {}
    }
}

fn file(w: &mut Writer<'_>, level: u8, data: &[u8], at: usize) {
    let Some((id, tables)) = file_class(level) else {
        return;
    };
    w.parts(id, Value::Present, at, data.len(), |w| {
        for (table, from) in tables {
            w.lay(table, data.get(*from..).unwrap_or(&[]), at + from);
        }
        if let Some((place, id)) = name_at(level) {
            name(w, id, data, (place, place + 4), at);
        }
    });
}

/// A name whose length stands at the first of `places` and itself at the second.
fn name(w: &mut Writer<'_>, id: FieldId, data: &[u8], (len, from): (usize, usize), at: usize) {
    if let Some(len) = u32_at(data, len) {
        let name = part(data, from, len as usize);
        w.text_with(id, || text16(name), at + from, name.len());
    }
}

/// The new name that SET_INFO gives a file.
pub(super) fn new_name(class: (u8, u8), buffer: Option<Buffer<'_>>) -> Option<String> {
    if class != (levels::FILE, 10) {
        return None;
    }
    let data = buffer?.bytes;
    Some(text16(part(data, 20, u32_at(data, 16)? as usize)))
}

const ENTRY: &[Part] = &[uint(f::NEXT_OFFSET, 0, 4), uint(f::FILE_INDEX, 4, 4)];
const ENTRY_FACTS: &[Part] = &[
    file_time(f::CREATE_TIME, 8),
    file_time(f::LAST_ACCESS_TIME, 16),
    file_time(f::LAST_WRITE_TIME, 24),
    file_time(f::LAST_CHANGE_TIME, 32),
    uint(f::EOF, 40, 8),
    uint(f::ALLOCATION_SIZE, 48, 8),
    bits(f::FILE_ATTRIBUTE, 56, 4, ATTRIBUTES2),
    uint(f::FILENAME_LEN, 60, 4),
];
const ENTRY_EA: &[Part] = &[uint(f::EA_SIZE, 64, 4)];
const ENTRY_SHORT: &[Part] = &[uint(f::SHORT_NAME_LEN, 68, 1)];

/// The branch of a directory information class, where its names begin, and where a 64-bit file id stands.
const fn directory_class(level: u8) -> Option<(FieldId, usize, usize)> {
    Some(match level {
        1 => (f::FIND_FILE_DIRECTORY_INFO, 64, 0),
        2 => (f::FIND_FULL_DIRECTORY_INFO, 68, 0),
        3 | 12 => (
            f::FIND_BOTH_DIRECTORY_INFO,
            if level == 3 { 94 } else { 12 },
            0,
        ),
        37 => (f::FIND_ID_BOTH_DIRECTORY_INFO, 104, 96),
        38 => (f::FIND_ID_BOTH_DIRECTORY_INFO, 80, 72),
        _ => return None,
    })
}

/// The entries of a directory (MS-FSCC 2.4.17 and others).
pub(super) fn entries(w: &mut Writer<'_>, level: u8, buffer: Option<Buffer<'_>>) {
    let (Some(buffer), Some((id, from, file_id))) = (buffer, directory_class(level)) else {
        return;
    };
    each(buffer, |entry, at| {
        w.parts(id, Value::Present, at, entry.len(), |w| {
            w.lay(ENTRY, entry, at);
            if level == 12 {
                w.lay(&[uint(f::FILENAME_LEN, 8, 4)], entry, at);
                return name(w, f::FILENAME, entry, (8, from), at);
            }
            w.lay(ENTRY_FACTS, entry, at);
            if level != 1 {
                w.lay(ENTRY_EA, entry, at);
            }
            if matches!(level, 3 | 37) {
                w.lay(ENTRY_SHORT, entry, at);
                let len = usize::from(u8_at(entry, 68).unwrap_or_default());
                if len > 0 {
                    let short = part(entry, 70, len);
                    w.text_with(f::SHORTNAME, || text16(short), at + 70, len);
                }
            }
            if file_id > 0 {
                w.lay(&[uint(f::FILE_ID, file_id, 8)], entry, at);
            }
            name(w, f::FILENAME, entry, (60, from), at);
        });
    });
}

/// What changed (MS-FSCC 2.7.1).
pub(super) fn changes(w: &mut Writer<'_>, buffer: Option<Buffer<'_>>) {
    const CHANGE: &[Part] = &[
        uint(f::NOTIFY_NEXT_OFFSET, 0, 4),
        uint(f::NOTIFY_ACTION, 4, 4),
        uint(f::FILENAME_LEN, 8, 4),
    ];
    if let Some(buffer) = buffer {
        each(buffer, |change, at| {
            w.lay(CHANGE, change, at);
            name(w, f::FILENAME, change, (8, 12), at);
        });
    }
}

/// Each of several structures that begin with the offset of the next, with its place.
fn each(buffer: Buffer<'_>, mut one: impl FnMut(&[u8], usize)) {
    let mut from = 0;
    while let Some(rest) = buffer.bytes.get(from..).filter(|rest| rest.len() >= 12) {
        let next = u32_at(rest, 0).unwrap_or_default() as usize;
        let len = if next == 0 { rest.len() } else { next };
        one(part(rest, 0, len), buffer.at + from);
        if next == 0 {
            return;
        }
        from += next;
    }
}
