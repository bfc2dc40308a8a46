//! The fixed parts of SMB2's bodies (MS-SMB2 2.2.3 to 2.2.40), as tables. Places count from the body's first byte.

use super::super::fields::{smb1, smb2 as f};
use super::super::wire2::command;
use super::bits::{
    ACCESS, ATTRIBUTES2, CAPABILITIES, LEASE, LEASE_FLAGS, NOTIFY, OPTIONS, SHARE, SIGNING,
};
use crate::field::layout::{Part, bits, file_time, flag, guid, number, uint};

/// StructureSize: its lowest bit says that a part of any length follows.
pub(super) const SIZE: &[Part] = &[bits(
    f::BUFFER_CODE,
    0,
    2,
    &[
        number(f::BUFFER_CODE_LENGTH, 0xFFFE),
        flag(f::BUFFER_CODE_DYNAMIC, 1),
    ],
)];

/// An error (2.2.2).
pub(super) const ERROR: &[Part] = &[
    uint(f::ERROR_CONTEXT_COUNT, 2, 1),
    uint(f::ERROR_BYTE_COUNT, 4, 4),
];

const NEGOTIATE_REQUEST: &[Part] = &[
    uint(f::DIALECT_COUNT, 2, 2),
    bits(f::SEC_MODE, 4, 1, SIGNING),
    bits(f::CAPABILITIES, 8, 4, CAPABILITIES),
    guid(f::CLIENT_GUID, 12),
];
const SESSION_SETUP_REQUEST: &[Part] = &[
    bits(
        f::SES_REQ_FLAGS,
        2,
        1,
        &[flag(f::SES_REQ_FLAGS_SESSION_BINDING, 1)],
    ),
    bits(f::SEC_MODE, 3, 1, SIGNING),
    bits(f::CAPABILITIES, 4, 4, CAPABILITIES),
    uint(f::CHANNEL, 8, 4),
    uint(f::PREVIOUS_SESID, 16, 8),
    uint(f::OLB_OFFSET, 12, 2),
    uint(f::OLB_LENGTH, 14, 2),
];
const TREE_CONNECT_REQUEST: &[Part] = &[
    bits(
        f::TC_FLAGS,
        2,
        2,
        &[
            flag(f::TC_CLUSTER_RECONNECT, 1),
            flag(f::TC_REDIRECT_TO_OWNER, 2),
            flag(f::TC_EXTENSION_PRESENT, 4),
        ],
    ),
    uint(f::OLB_OFFSET, 4, 2),
    uint(f::OLB_LENGTH, 6, 2),
];
const CREATE_REQUEST: &[Part] = &[
    uint(f::CREATE_OPLOCK, 3, 1),
    uint(f::IMPERSONATION_LEVEL, 4, 4),
    uint(f::CREATE_FLAGS, 8, 8),
    bits(smb1::ACCESS_MASK, 24, 4, ACCESS),
    bits(f::FILE_ATTRIBUTE, 28, 4, ATTRIBUTES2),
    bits(smb1::SHARE_ACCESS, 32, 4, SHARE),
    uint(f::CREATE_DISPOSITION, 36, 4),
    bits(smb1::CREATE_OPTIONS, 40, 4, OPTIONS),
    uint(f::OLB_OFFSET, 44, 2),
    uint(f::OLB_LENGTH, 46, 2),
    uint(f::OLB_OFFSET, 48, 4),
    uint(f::OLB_LENGTH, 52, 4),
];
const CLOSE_REQUEST: &[Part] = &[
    bits(f::CLOSE_FLAGS, 2, 2, &[flag(f::CLOSE_PQ_ATTRIB, 1)]),
    guid(f::FID, 8),
];
const FLUSH_REQUEST: &[Part] = &[guid(f::FID, 8)];
const READ_REQUEST: &[Part] = &[
    uint(f::READ_PADDING, 2, 1),
    bits(
        f::READ_FLAGS,
        3,
        1,
        &[
            flag(f::READ_FLAGS_UNBUFFERED, 1),
            flag(f::READ_FLAGS_COMPRESSED, 2),
        ],
    ),
    uint(f::READ_LENGTH, 4, 4),
    uint(f::FILE_OFFSET, 8, 8),
    guid(f::FID, 16),
    uint(f::MIN_COUNT, 32, 4),
    uint(f::CHANNEL, 36, 4),
    uint(f::REMAINING_BYTES, 40, 4),
    uint(f::OLB_OFFSET, 44, 2),
    uint(f::OLB_LENGTH, 46, 2),
];
const WRITE_REQUEST: &[Part] = &[
    uint(f::DATA_OFFSET, 2, 2),
    uint(f::WRITE_LENGTH, 4, 4),
    uint(f::FILE_OFFSET, 8, 8),
    guid(f::FID, 16),
    uint(f::CHANNEL, 32, 4),
    uint(f::REMAINING_BYTES, 36, 4),
    bits(
        f::WRITE_FLAGS,
        44,
        4,
        &[
            flag(f::WRITE_FLAGS_WRITE_THROUGH, 1),
            flag(f::WRITE_FLAGS_UNBUFFERED, 2),
        ],
    ),
    uint(f::OLB_OFFSET, 40, 2),
    uint(f::OLB_LENGTH, 42, 2),
];
const LOCK_REQUEST: &[Part] = &[uint(f::LOCK_COUNT, 2, 2), guid(f::FID, 8)];
const IOCTL_REQUEST: &[Part] = &[
    FUNCTION,
    guid(f::FID, 8),
    uint(f::OLB_OFFSET, 24, 4),
    uint(f::OLB_LENGTH, 28, 4),
    uint(f::MAX_IOCTL_IN_SIZE, 32, 4),
    uint(f::OLB_OFFSET, 36, 4),
    uint(f::OLB_LENGTH, 40, 4),
    uint(f::MAX_IOCTL_OUT_SIZE, 44, 4),
    bits(f::IOCTL_FLAGS, 48, 4, &[flag(f::IOCTL_IS_FSCTL, 1)]),
];
const QUERY_DIRECTORY_REQUEST: &[Part] = &[
    uint(f::FIND_INFOLEVEL, 2, 1),
    bits(
        f::FIND_FLAGS,
        3,
        1,
        &[
            flag(f::FIND_RESTART_SCANS, 1),
            flag(f::FIND_SINGLE_ENTRY, 2),
            flag(f::FIND_INDEX_SPECIFIED, 4),
            flag(f::FIND_REOPEN, 0x10),
        ],
    ),
    uint(f::FILE_INDEX, 4, 4),
    guid(f::FID, 8),
    uint(f::OUTPUT_BUFFER_LEN, 28, 4),
    uint(f::OLB_OFFSET, 24, 2),
    uint(f::OLB_LENGTH, 26, 2),
];
const CHANGE_NOTIFY_REQUEST: &[Part] = &[
    bits(f::NOTIFY_FLAGS, 2, 2, &[flag(f::NOTIFY_WATCH_TREE, 1)]),
    uint(f::OUTPUT_BUFFER_LEN, 4, 4),
    guid(f::FID, 8),
    bits(smb1::NT_NOTIFY_COMPLETION_FILTER, 24, 4, NOTIFY),
];
const QUERY_INFO_REQUEST: &[Part] = &[
    uint(f::MAX_RESPONSE_SIZE, 4, 4),
    uint(f::GETINFO_INPUT_OFFSET, 8, 2),
    uint(f::GETINFO_INPUT_SIZE, 12, 4),
    uint(f::GETINFO_FLAGS, 20, 4),
    guid(f::FID, 24),
];
const SET_INFO_REQUEST: &[Part] = &[
    uint(f::SETINFO_SIZE, 4, 4),
    uint(f::SETINFO_OFFSET, 8, 2),
    guid(f::FID, 16),
];
const NEGOTIATE_RESPONSE: &[Part] = &[
    bits(f::SEC_MODE, 2, 1, SIGNING),
    uint(f::DIALECT, 4, 2),
    uint(f::NEGOTIATE_CONTEXT_COUNT, 6, 2),
    guid(f::SERVER_GUID, 8),
    bits(f::CAPABILITIES, 24, 4, CAPABILITIES),
    uint(f::MAX_TRANS_SIZE, 28, 4),
    uint(f::MAX_READ_SIZE, 32, 4),
    uint(f::MAX_WRITE_SIZE, 36, 4),
    file_time(f::CURRENT_TIME, 40),
    file_time(f::BOOT_TIME, 48),
    uint(f::OLB_OFFSET, 56, 2),
    uint(f::OLB_LENGTH, 58, 2),
    uint(f::NEGOTIATE_CONTEXT_OFFSET, 60, 4),
];
const SESSION_SETUP_RESPONSE: &[Part] = &[
    bits(
        f::SESSION_FLAGS,
        2,
        2,
        &[
            flag(f::SES_FLAGS_GUEST, 1),
            flag(f::SES_FLAGS_NULL, 2),
            flag(f::SES_FLAGS_ENCRYPT, 4),
        ],
    ),
    uint(f::OLB_OFFSET, 4, 2),
    uint(f::OLB_LENGTH, 6, 2),
];
const CREATE_RESPONSE: &[Part] = &[
    uint(f::CREATE_OPLOCK, 2, 1),
    bits(
        f::CREATE_REP_FLAGS,
        3,
        1,
        &[flag(f::CREATE_REP_FLAGS_REPARSE_POINT, 1)],
    ),
    uint(f::CREATE_ACTION, 4, 4),
    file_time(f::CREATE_TIME, 8),
    file_time(f::LAST_ACCESS_TIME, 16),
    file_time(f::LAST_WRITE_TIME, 24),
    file_time(f::LAST_CHANGE_TIME, 32),
    uint(f::ALLOCATION_SIZE, 40, 8),
    uint(f::EOF, 48, 8),
    bits(f::FILE_ATTRIBUTE, 56, 4, ATTRIBUTES2),
    guid(f::FID, 64),
    uint(f::OLB_OFFSET, 80, 4),
    uint(f::OLB_LENGTH, 84, 4),
];
const CLOSE_RESPONSE: &[Part] = &[
    bits(f::CLOSE_FLAGS, 2, 2, &[flag(f::CLOSE_PQ_ATTRIB, 1)]),
    file_time(f::CREATE_TIME, 8),
    file_time(f::LAST_ACCESS_TIME, 16),
    file_time(f::LAST_WRITE_TIME, 24),
    file_time(f::LAST_CHANGE_TIME, 32),
    uint(f::ALLOCATION_SIZE, 40, 8),
    uint(f::EOF, 48, 8),
    bits(f::FILE_ATTRIBUTE, 56, 4, ATTRIBUTES2),
];
const READ_RESPONSE: &[Part] = &[
    uint(f::READ_REMAINING, 8, 4),
    uint(f::OLB_OFFSET, 2, 1),
    uint(f::OLB_LENGTH, 4, 4),
];
const WRITE_RESPONSE: &[Part] = &[
    uint(f::WRITE_COUNT, 4, 4),
    uint(f::WRITE_REMAINING, 8, 4),
    uint(f::CHANNEL_INFO_OFFSET, 12, 2),
    uint(f::CHANNEL_INFO_LENGTH, 14, 2),
];
const IOCTL_RESPONSE: &[Part] = &[
    FUNCTION,
    guid(f::FID, 8),
    uint(f::OLB_OFFSET, 24, 4),
    uint(f::OLB_LENGTH, 28, 4),
    uint(f::OLB_OFFSET, 32, 4),
    uint(f::OLB_LENGTH, 36, 4),
];
const QUERY_DIRECTORY_RESPONSE: &[Part] = &[uint(f::OLB_OFFSET, 2, 2), uint(f::OLB_LENGTH, 4, 4)];
const LEASE_BREAK: &[Part] = &[
    uint(f::LEASE_LEASE_OPLOCK, 2, 2),
    bits(f::LEASE_LEASE_FLAGS, 4, 4, LEASE_FLAGS),
    guid(f::LEASE_LEASE_KEY, 8),
    bits(f::LEASE_LEASE_STATE, 24, 4, LEASE),
    bits(f::LEASE_LEASE_STATE, 28, 4, LEASE),
    uint(f::LEASE_LEASE_BREAK_REASON, 32, 4),
    uint(f::LEASE_ACCESS_MASK_HINT, 36, 4),
    uint(f::LEASE_SHARE_MASK_HINT, 40, 4),
];
const LEASE_ACK: &[Part] = &[
    bits(f::LEASE_LEASE_FLAGS, 4, 4, LEASE_FLAGS),
    guid(f::LEASE_LEASE_KEY, 8),
    bits(f::LEASE_LEASE_STATE, 24, 4, LEASE),
    uint(f::LEASE_LEASE_DURATION, 28, 8),
];
const OPLOCK: &[Part] = &[uint(f::CREATE_OPLOCK, 2, 1), guid(f::FID, 8)];

/// The fixed part of a request's body.
pub(super) const fn request(code: u16) -> &'static [Part] {
    match code {
        command::NEGOTIATE => NEGOTIATE_REQUEST,
        command::SESSION_SETUP => SESSION_SETUP_REQUEST,
        command::TREE_CONNECT => TREE_CONNECT_REQUEST,
        command::CREATE => CREATE_REQUEST,
        command::CLOSE => CLOSE_REQUEST,
        command::FLUSH => FLUSH_REQUEST,
        command::READ => READ_REQUEST,
        command::WRITE => WRITE_REQUEST,
        command::LOCK => LOCK_REQUEST,
        command::IOCTL => IOCTL_REQUEST,
        command::QUERY_DIRECTORY => QUERY_DIRECTORY_REQUEST,
        command::CHANGE_NOTIFY => CHANGE_NOTIFY_REQUEST,
        // Class and level stand before: `levels`.
        command::QUERY_INFO => QUERY_INFO_REQUEST,
        command::SET_INFO => SET_INFO_REQUEST,
        _ => &[],
    }
}

/// The fixed part of an answer's body.
pub(super) const fn response(code: u16) -> &'static [Part] {
    match code {
        command::NEGOTIATE => NEGOTIATE_RESPONSE,
        command::SESSION_SETUP => SESSION_SETUP_RESPONSE,
        command::TREE_CONNECT => TREE_CONNECTED,
        command::CREATE => CREATE_RESPONSE,
        command::CLOSE => CLOSE_RESPONSE,
        command::READ => READ_RESPONSE,
        command::WRITE => WRITE_RESPONSE,
        command::IOCTL => IOCTL_RESPONSE,
        command::QUERY_DIRECTORY | command::CHANGE_NOTIFY | command::QUERY_INFO => {
            QUERY_DIRECTORY_RESPONSE
        }
        _ => &[],
    }
}

/// CtlCode, in the parts of which it is made (MS-FSCC 2.3).
const FUNCTION: Part = bits(
    f::IOCTL_FUNCTION,
    4,
    4,
    &[
        number(f::IOCTL_FUNCTION_DEVICE, 0xFFFF_0000),
        number(f::IOCTL_FUNCTION_ACCESS, 0xC000),
        number(f::IOCTL_FUNCTION_FUNCTION, 0x3FFC),
        number(f::IOCTL_FUNCTION_METHOD, 3),
    ],
);

/// What TREE_CONNECT answers (2.2.10).
const TREE_CONNECTED: &[Part] = &[
    uint(f::SHARE_TYPE, 2, 1),
    bits(
        f::SHARE_FLAGS,
        4,
        4,
        &[
            flag(f::SHARE_FLAGS_DFS, 0x1),
            flag(f::SHARE_FLAGS_DFS_ROOT, 0x2),
            flag(f::SHARE_FLAGS_RESTRICT_EXCLUSIVE_OPENS, 0x100),
            flag(f::SHARE_FLAGS_FORCE_SHARED_DELETE, 0x200),
            flag(f::SHARE_FLAGS_ALLOW_NAMESPACE_CACHING, 0x400),
            flag(f::SHARE_FLAGS_ACCESS_BASED_DIR_ENUM, 0x800),
            flag(f::SHARE_FLAGS_FORCE_LEVELII_OPLOCK, 0x1000),
            flag(f::SHARE_FLAGS_ENABLE_HASH_V1, 0x2000),
            flag(f::SHARE_FLAGS_ENABLE_HASH_V2, 0x4000),
            flag(f::SHARE_FLAGS_ENCRYPT_DATA, 0x8000),
            flag(f::SHARE_FLAGS_IDENTITY_REMOTING, 0x4_0000),
            flag(f::SHARE_FLAGS_COMPRESS_DATA, 0x10_0000),
        ],
    ),
    bits(
        f::SHARE_CAPS,
        8,
        4,
        &[
            flag(f::SHARE_CAPS_DFS, 0x8),
            flag(f::SHARE_CAPS_CONTINUOUS_AVAILABILITY, 0x10),
            flag(f::SHARE_CAPS_SCALEOUT, 0x20),
            flag(f::SHARE_CAPS_CLUSTER, 0x40),
            flag(f::SHARE_CAPS_ASSYMETRIC, 0x80),
            flag(f::SHARE_CAPS_REDIRECT_TO_OWNER, 0x100),
        ],
    ),
    bits(smb1::ACCESS_MASK, 12, 4, ACCESS),
];

/// OPLOCK_BREAK by the size of its structure: of an oplock, of a lease as it is told, and as it is acknowledged (2.2.23 to 2.2.25).
pub(super) const fn oplock_break(size: u16) -> &'static [Part] {
    match size {
        44 => LEASE_BREAK,
        36 => LEASE_ACK,
        _ => OPLOCK,
    }
}

/// One lock of LOCK (2.2.26.1).
pub(super) const LOCK: &[Part] = &[
    uint(f::FILE_OFFSET, 0, 8),
    uint(f::LOCK_LENGTH, 8, 8),
    bits(
        f::LOCK_FLAGS,
        16,
        4,
        &[
            flag(f::LOCK_FLAGS_SHARED, 1),
            flag(f::LOCK_FLAGS_EXCLUSIVE, 2),
            flag(f::LOCK_FLAGS_UNLOCK, 4),
            flag(f::LOCK_FLAGS_FAIL_IMMEDIATELY, 0x10),
        ],
    ),
];
