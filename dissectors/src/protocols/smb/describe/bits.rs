//! Masks that several messages have in common, with the meaning of their bits.

use super::super::fields::{smb1, smb2};
use crate::field::layout::{Bit, flag};

/// ACCESS_MASK (MS-DTYP 2.4.3, MS-SMB2 2.2.13.1).
pub(super) const ACCESS: &[Bit] = &[
    flag(smb1::ACCESS_READ, 0x1),
    flag(smb1::ACCESS_WRITE, 0x2),
    flag(smb1::ACCESS_APPEND, 0x4),
    flag(smb1::ACCESS_READ_EA, 0x8),
    flag(smb1::ACCESS_WRITE_EA, 0x10),
    flag(smb1::ACCESS_EXECUTE, 0x20),
    flag(smb1::ACCESS_DELETE_CHILD, 0x40),
    flag(smb1::ACCESS_READ_ATTRIBUTES, 0x80),
    flag(smb1::ACCESS_WRITE_ATTRIBUTES, 0x100),
    flag(smb1::ACCESS_DELETE, 0x1_0000),
    flag(smb1::ACCESS_READ_CONTROL, 0x2_0000),
    flag(smb1::ACCESS_WRITE_DAC, 0x4_0000),
    flag(smb1::ACCESS_WRITE_OWNER, 0x8_0000),
    flag(smb1::ACCESS_SYNCHRONIZE, 0x10_0000),
    flag(smb1::ACCESS_SYSTEM_SECURITY, 0x100_0000),
    flag(smb1::ACCESS_MAXIMUM_ALLOWED, 0x200_0000),
    flag(smb1::ACCESS_GENERIC_ALL, 0x1000_0000),
    flag(smb1::ACCESS_GENERIC_EXECUTE, 0x2000_0000),
    flag(smb1::ACCESS_GENERIC_WRITE, 0x4000_0000),
    flag(smb1::ACCESS_GENERIC_READ, 0x8000_0000),
];

/// ShareAccess (MS-SMB2 2.2.13, MS-CIFS 2.2.4.64.1).
pub(super) const SHARE: &[Bit] = &[
    flag(smb1::SHARE_ACCESS_READ, 1),
    flag(smb1::SHARE_ACCESS_WRITE, 2),
    flag(smb1::SHARE_ACCESS_DELETE, 4),
];

/// CreateOptions (MS-SMB2 2.2.13, MS-CIFS 2.2.4.64.1).
pub(super) const OPTIONS: &[Bit] = &[
    flag(smb1::NT_CREATE_OPTIONS_DIRECTORY, 0x1),
    flag(smb1::NT_CREATE_OPTIONS_WRITE_THROUGH, 0x2),
    flag(smb1::NT_CREATE_OPTIONS_SEQUENTIAL_ONLY, 0x4),
    flag(smb1::NT_CREATE_OPTIONS_INTERMEDIATE_BUFFERING, 0x8),
    flag(smb1::NT_CREATE_OPTIONS_SYNC_IO_ALERT, 0x10),
    flag(smb1::NT_CREATE_OPTIONS_SYNC_IO_NONALERT, 0x20),
    flag(smb1::NT_CREATE_OPTIONS_NON_DIRECTORY, 0x40),
    flag(smb1::NT_CREATE_OPTIONS_CREATE_TREE_CONNECTION, 0x80),
    flag(smb1::NT_CREATE_OPTIONS_COMPLETE_IF_OPLOCKED, 0x100),
    flag(smb1::NT_CREATE_OPTIONS_NO_EA_KNOWLEDGE, 0x200),
    flag(smb1::NT_CREATE_OPTIONS_EIGHT_DOT_THREE_ONLY, 0x400),
    flag(smb1::NT_CREATE_OPTIONS_RANDOM_ACCESS, 0x800),
    flag(smb1::NT_CREATE_OPTIONS_DELETE_ON_CLOSE, 0x1000),
    flag(smb1::NT_CREATE_OPTIONS_OPEN_BY_FILEID, 0x2000),
    flag(smb1::NT_CREATE_OPTIONS_BACKUP_INTENT, 0x4000),
    flag(smb1::NT_CREATE_OPTIONS_NO_COMPRESSION, 0x8000),
    flag(smb1::NT_CREATE_OPTIONS_RESERVE_OPFILTER, 0x10_0000),
    flag(smb1::NT_CREATE_OPTIONS_OPEN_REPARSE_POINT, 0x20_0000),
    flag(smb1::NT_CREATE_OPTIONS_OPEN_NO_RECALL, 0x40_0000),
    flag(smb1::NT_CREATE_OPTIONS_OPEN_FOR_FREE_SPACE_QUERY, 0x80_0000),
];

/// FileAttributes as SMB2 has them (MS-FSCC 2.6).
pub(super) const ATTRIBUTES2: &[Bit] = &[
    flag(smb2::FILE_ATTRIBUTE_READ_ONLY, 0x1),
    flag(smb2::FILE_ATTRIBUTE_HIDDEN, 0x2),
    flag(smb2::FILE_ATTRIBUTE_SYSTEM, 0x4),
    flag(smb2::FILE_ATTRIBUTE_DIRECTORY, 0x10),
    flag(smb2::FILE_ATTRIBUTE_ARCHIVE, 0x20),
    flag(smb2::FILE_ATTRIBUTE_NORMAL, 0x80),
    flag(smb2::FILE_ATTRIBUTE_TEMPORARY, 0x100),
    flag(smb2::FILE_ATTRIBUTE_SPARSE, 0x200),
    flag(smb2::FILE_ATTRIBUTE_REPARSE, 0x400),
    flag(smb2::FILE_ATTRIBUTE_COMPRESSED, 0x800),
    flag(smb2::FILE_ATTRIBUTE_OFFLINE, 0x1000),
    flag(smb2::FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, 0x2000),
    flag(smb2::FILE_ATTRIBUTE_ENCRYPTED, 0x4000),
    flag(smb2::FILE_ATTRIBUTE_INTEGRITY_STREAM, 0x8000),
    flag(smb2::FILE_ATTRIBUTE_NO_SCRUB_DATA, 0x2_0000),
];

/// What CHANGE_NOTIFY waits for (MS-SMB2 2.2.35).
pub(super) const NOTIFY: &[Bit] = &[
    flag(smb1::NT_NOTIFY_FILE_NAME, 0x1),
    flag(smb1::NT_NOTIFY_DIR_NAME, 0x2),
    flag(smb1::NT_NOTIFY_ATTRIBUTES, 0x4),
    flag(smb1::NT_NOTIFY_SIZE, 0x8),
    flag(smb1::NT_NOTIFY_LAST_WRITE, 0x10),
    flag(smb1::NT_NOTIFY_LAST_ACCESS, 0x20),
    flag(smb1::NT_NOTIFY_CREATION, 0x40),
    flag(smb1::NT_NOTIFY_EA, 0x80),
    flag(smb1::NT_NOTIFY_SECURITY, 0x100),
    flag(smb1::NT_NOTIFY_STREAM_NAME, 0x200),
    flag(smb1::NT_NOTIFY_STREAM_SIZE, 0x400),
    flag(smb1::NT_NOTIFY_STREAM_WRITE, 0x800),
];

/// Capabilities of NEGOTIATE and SESSION_SETUP (MS-SMB2 2.2.3).
pub(super) const CAPABILITIES: &[Bit] = &[
    flag(smb2::CAPABILITIES_DFS, 0x1),
    flag(smb2::CAPABILITIES_LEASING, 0x2),
    flag(smb2::CAPABILITIES_LARGE_MTU, 0x4),
    flag(smb2::CAPABILITIES_MULTI_CHANNEL, 0x8),
    flag(smb2::CAPABILITIES_PERSISTENT_HANDLES, 0x10),
    flag(smb2::CAPABILITIES_DIRECTORY_LEASING, 0x20),
    flag(smb2::CAPABILITIES_ENCRYPTION, 0x40),
];

/// SecurityMode (MS-SMB2 2.2.3).
pub(super) const SIGNING: &[Bit] = &[
    flag(smb2::SEC_MODE_SIGN_ENABLED, 1),
    flag(smb2::SEC_MODE_SIGN_REQUIRED, 2),
];

/// LeaseState (MS-SMB2 2.2.13.2.8).
pub(super) const LEASE: &[Bit] = &[
    flag(smb2::LEASE_LEASE_STATE_READ_CACHING, 1),
    flag(smb2::LEASE_LEASE_STATE_HANDLE_CACHING, 2),
    flag(smb2::LEASE_LEASE_STATE_WRITE_CACHING, 4),
];

/// Flags of a lease (MS-SMB2 2.2.13.2.10, 2.2.23.2).
pub(super) const LEASE_FLAGS: &[Bit] = &[
    flag(smb2::LEASE_LEASE_STATE_BREAK_ACK_REQUIRED, 1),
    flag(smb2::LEASE_LEASE_STATE_BREAK_IN_PROGRESS, 2),
    flag(smb2::LEASE_LEASE_STATE_PARENT_LEASE_KEY_SET, 4),
];
