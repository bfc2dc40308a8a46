//! Information classes: their numbers, names and the fields that hold them (MS-FSCC 2.4, 2.5; MS-SMB2 2.2.37).

use super::super::fields::smb2 as f;
use crate::field::Writer;
use crate::field::layout::{Bit, flag};

/// InfoType.
pub(super) const FILE: u8 = 1;
pub(super) const FS: u8 = 2;
pub(super) const SECURITY: u8 = 3;
pub(super) const QUOTA: u8 = 4;

/// AdditionalInformation of security descriptors (MS-SMB2 2.2.37).
const ADDITIONAL: &[Bit] = &[
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_OWNER, 0x1),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_GROUP, 0x2),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_DACL, 0x4),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_SACL, 0x8),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_LABEL, 0x10),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_ATTRIBUTE, 0x20),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_SCOPE, 0x40),
    flag(f::GETSETINFO_ADDITIONAL_SECINFO_BACKUP, 0x1_0000),
];

/// Writes class and level, which stand at `at`; 0: they are known from the request.
pub(super) fn request(w: &mut Writer<'_>, class: u8, level: u8, at: usize) {
    let len = usize::from(at > 0);
    w.uint(f::CLASS, class, at, len);
    let id = match class {
        FILE => f::FILE_INFO_INFOLEVEL,
        FS => f::FS_INFO_INFOLEVEL,
        SECURITY => f::SEC_INFO_INFOLEVEL,
        _ => f::INFOLEVEL,
    };
    w.uint(id, level, at + len, len);
}

/// Writes AdditionalInformation.
pub(super) fn additional(w: &mut Writer<'_>, class: u8, value: Option<u32>, at: usize) {
    let Some(value) = value else { return };
    if class == SECURITY {
        w.bits(f::GETSETINFO_ADDITIONALS, ADDITIONAL, value.into(), (at, 4));
    } else {
        w.uint(f::GETSETINFO_ADDITIONAL, value, at, 4);
    }
}

/// Class and level in the info column.
pub(super) fn title(class: u8, level: u8) -> String {
    let (class_name, level_name) = match class {
        FILE => ("FILE_INFO", file(level)),
        FS => ("FS_INFO", fs(level)),
        SECURITY => ("SEC_INFO", if level == 0 { "SMB2_SEC_INFO_00" } else { "" }),
        QUOTA => ("QUOTA_INFO", ""),
        _ => ("UNKNOWN", ""),
    };
    if level_name.is_empty() {
        format!("{class_name}/Level 0x{level:02x}")
    } else {
        format!("{class_name}/{level_name}")
    }
}

/// File information classes (MS-FSCC 2.4).
const fn file(level: u8) -> &'static str {
    match level {
        1 => "SMB2_FILE_DIRECTORY_INFO",
        4 => "SMB2_FILE_BASIC_INFO",
        5 => "SMB2_FILE_STANDARD_INFO",
        6 => "SMB2_FILE_INTERNAL_INFO",
        7 => "SMB2_FILE_EA_INFO",
        8 => "SMB2_FILE_ACCESS_INFO",
        10 => "SMB2_FILE_RENAME_INFO",
        11 => "SMB2_FILE_LINK_INFO",
        13 => "SMB2_FILE_DISPOSITION_INFO",
        14 => "SMB2_FILE_POSITION_INFO",
        15 => "SMB2_FILE_FULL_EA_INFO",
        16 => "SMB2_FILE_MODE_INFO",
        17 => "SMB2_FILE_ALIGNMENT_INFO",
        18 => "SMB2_FILE_ALL_INFO",
        19 => "SMB2_FILE_ALLOCATION_INFO",
        20 => "SMB2_FILE_ENDOFFILE_INFO",
        21 => "SMB2_FILE_ALTERNATE_NAME_INFO",
        22 => "SMB2_FILE_STREAM_INFO",
        23 => "SMB2_FILE_PIPE_INFO",
        28 => "SMB2_FILE_COMPRESSION_INFO",
        34 => "SMB2_FILE_NETWORK_OPEN_INFO",
        35 => "SMB2_FILE_ATTRIBUTE_TAG_INFO",
        48 => "SMB2_FILE_NORMALIZED_NAME_INFO",
        64 => "SMB2_FILE_DISPOSITION_INFO_EX",
        65 => "SMB2_FILE_RENAME_INFO_EX",
        _ => "",
    }
}

/// File system information classes (MS-FSCC 2.5).
const fn fs(level: u8) -> &'static str {
    match level {
        1 => "FileFsVolumeInformation",
        2 => "FileFsLabelInformation",
        3 => "FileFsSizeInformation",
        4 => "FileFsDeviceInformation",
        5 => "FileFsAttributeInformation",
        6 => "FileFsControlInformation",
        7 => "FileFsFullSizeInformation",
        8 => "FileFsObjectIdInformation",
        11 => "FileFsSectorSizeInformation",
        _ => "",
    }
}

/// Directory information classes (MS-SMB2 2.2.33); empty for an unknown number.
pub(super) const fn find(level: u8) -> &'static str {
    match level {
        1 => "SMB2_FIND_DIRECTORY_INFO",
        2 => "SMB2_FIND_FULL_DIRECTORY_INFO",
        3 => "SMB2_FIND_BOTH_DIRECTORY_INFO",
        12 => "SMB2_FIND_NAME_INFO",
        37 => "SMB2_FIND_ID_BOTH_DIRECTORY_INFO",
        38 => "SMB2_FIND_ID_FULL_DIRECTORY_INFO",
        _ => "",
    }
}
