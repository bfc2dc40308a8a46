//! What TRANSACTION2 tells of files and directories (MS-CIFS 2.2.8.1, 2.2.8.3; MS-SMB 2.2.8).

use super::super::bytes::{part, u8_at, u32_at};
use super::super::fields::smb1 as f;
use super::fs::{self, file};
use super::smb1_bodies::ATTRIBUTES;
use super::text16;
use crate::field::Writer;
use crate::field::layout::{Part, bits, file_time, uint};

/// A file information class, by SMB1's number or by MS-FSCC's and 1000.
pub(super) fn information(w: &mut Writer<'_>, level: u16, data: &[u8], at: usize) {
    let tables: &[(&[Part], usize)] = match level {
        0x0101 | 1004 => &[(file::BASIC, 0)],
        0x0102 | 1005 => &[(file::STANDARD, 0)],
        0x0103 | 1007 => &[(file::EA, 0)],
        0x0104 | 0x0108 | 1021 => &[(file::NAME, 0)],
        0x0107 => &[
            (file::BASIC, 0),
            (file::STANDARD, 40),
            (file::EA_SIZE, 64),
            (file::NAME, 68),
        ],
        1006 => &[(file::INTERNAL, 0)],
        1014 => &[(file::POSITION, 0)],
        1016 => &[(file::MODE, 0)],
        1017 => &[(file::ALIGNMENT, 0)],
        1034 => &[(file::NETWORK_OPEN, 0)],
        1035 => &[(file::TAG, 0)],
        0x0109 | 1022 => return fs::streams(w, data, at),
        _ => return,
    };
    for (table, from) in tables {
        w.lay(table, data.get(*from..).unwrap_or(&[]), at + from);
    }
    let name = match level {
        0x0104 | 0x0108 | 1021 => 0,
        0x0107 => 68,
        _ => return,
    };
    if let Some(len) = u32_at(data, name) {
        let text = part(data, name + 4, len as usize);
        w.text_with(f::FILE, || text16(text), at + name + 4, text.len());
    }
}

/// The entries of a directory, those whose layout MS-FSCC has too.
pub(super) fn entries(w: &mut Writer<'_>, level: u16, data: &[u8], at: usize, unicode: bool) {
    const ENTRY: &[Part] = &[uint(f::NEXT_ENTRY_OFFSET, 0, 4), uint(f::FILE_INDEX, 4, 4)];
    const FACTS: &[Part] = &[
        file_time(f::CREATE_TIME, 8),
        file_time(f::ACCESS_TIME, 16),
        file_time(f::LAST_WRITE_TIME, 24),
        file_time(f::CHANGE_TIME, 32),
        uint(f::END_OF_FILE, 40, 8),
        uint(f::ALLOC_SIZE64, 48, 8),
        bits(f::FILE_ATTRIBUTE, 56, 4, ATTRIBUTES),
        uint(f::FILE_NAME_LEN, 60, 4),
    ];
    const EA: &[Part] = &[uint(f::EA_LIST_LENGTH, 64, 4)];
    const SHORT: &[Part] = &[uint(f::SHORT_FILE_NAME_LEN, 68, 1)];
    // Where a name's length stands, and the name.
    let (len_at, name_at) = match level {
        0x0101 => (60, 64),
        0x0102 => (60, 68),
        0x0103 => (8, 12),
        0x0104 => (60, 94),
        0x0105 => (60, 80),
        0x0106 => (60, 104),
        _ => return,
    };
    let mut from = 0;
    while let Some(entry) = data.get(from..).filter(|rest| rest.len() >= 12) {
        let here = at + from;
        w.lay(ENTRY, entry, here);
        if level == 0x0103 {
            w.lay(&[uint(f::FILE_NAME_LEN, 8, 4)], entry, here);
        } else {
            w.lay(FACTS, entry, here);
        }
        if matches!(level, 0x0102 | 0x0104..=0x0106) {
            w.lay(EA, entry, here);
        }
        if matches!(level, 0x0104 | 0x0106) {
            w.lay(SHORT, entry, here);
            let len = usize::from(u8_at(entry, 68).unwrap_or_default());
            let short = part(entry, 70, len);
            w.text_with(f::SHORT_FILE, || text16(short), here + 70, len);
        }
        let len = u32_at(entry, len_at).unwrap_or_default() as usize;
        let name = part(entry, name_at, len);
        let text = || {
            if unicode {
                text16(name)
            } else {
                String::from_utf8_lossy(name).into_owned()
            }
        };
        w.text_with(f::FILE, text, here + name_at, name.len());
        match u32_at(entry, 0) {
            Some(next) if next > 0 => from += next as usize,
            _ => return,
        }
    }
}
