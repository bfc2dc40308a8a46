//! The words of SMB1's commands (MS-CIFS 2.2.4, MS-SMB 2.2.4), as tables. Places count from the byte behind the word count.

use super::super::fields::smb1 as f;
use super::super::wire1::command;
use super::bits::{ACCESS, OPTIONS, SHARE};
use crate::field::layout::{Bit, Part, bits, file_time, flag, number, uint};

/// FileAttributes of 32 bits (MS-CIFS 2.2.1.2.3), of which the first eight are those of 16 bits.
pub(super) const ATTRIBUTES: &[Bit] = &[
    flag(f::FILE_ATTRIBUTE_READ_ONLY, 0x1),
    flag(f::FILE_ATTRIBUTE_HIDDEN, 0x2),
    flag(f::FILE_ATTRIBUTE_SYSTEM, 0x4),
    flag(f::FILE_ATTRIBUTE_VOLUME, 0x8),
    flag(f::FILE_ATTRIBUTE_DIRECTORY, 0x10),
    flag(f::FILE_ATTRIBUTE_ARCHIVE, 0x20),
    flag(f::FILE_ATTRIBUTE_DEVICE, 0x40),
    flag(f::FILE_ATTRIBUTE_NORMAL, 0x80),
    flag(f::FILE_ATTRIBUTE_TEMPORARY, 0x100),
    flag(f::FILE_ATTRIBUTE_SPARSE, 0x200),
    flag(f::FILE_ATTRIBUTE_REPARSE, 0x400),
    flag(f::FILE_ATTRIBUTE_COMPRESSED, 0x800),
    flag(f::FILE_ATTRIBUTE_OFFLINE, 0x1000),
    flag(f::FILE_ATTRIBUTE_NOT_CONTENT_INDEXED, 0x2000),
    flag(f::FILE_ATTRIBUTE_ENCRYPTED, 0x4000),
];
const SHORT_ATTRIBUTES: &[Bit] = &[
    flag(f::FILE_ATTRIBUTE_READ_ONLY, 0x1),
    flag(f::FILE_ATTRIBUTE_HIDDEN, 0x2),
    flag(f::FILE_ATTRIBUTE_SYSTEM, 0x4),
    flag(f::FILE_ATTRIBUTE_VOLUME, 0x8),
    flag(f::FILE_ATTRIBUTE_DIRECTORY, 0x10),
    flag(f::FILE_ATTRIBUTE_ARCHIVE, 0x20),
];
/// Which files a search is to find (MS-CIFS 2.2.1.2.4).
pub(super) const SEARCH: &[Bit] = &[
    flag(f::SEARCH_ATTRIBUTE_READ_ONLY, 0x1),
    flag(f::SEARCH_ATTRIBUTE_HIDDEN, 0x2),
    flag(f::SEARCH_ATTRIBUTE_SYSTEM, 0x4),
    flag(f::SEARCH_ATTRIBUTE_VOLUME, 0x8),
    flag(f::SEARCH_ATTRIBUTE_DIRECTORY, 0x10),
    flag(f::SEARCH_ATTRIBUTE_ARCHIVE, 0x20),
];
/// Capabilities (MS-CIFS 2.2.4.52.2, MS-SMB 2.2.4.5.2.1).
const CAPABILITIES: &[Bit] = &[
    flag(f::SERVER_CAP_RAW_MODE, 0x1),
    flag(f::SERVER_CAP_MPX_MODE, 0x2),
    flag(f::SERVER_CAP_UNICODE, 0x4),
    flag(f::SERVER_CAP_LARGE_FILES, 0x8),
    flag(f::SERVER_CAP_NT_SMBS, 0x10),
    flag(f::SERVER_CAP_RPC_REMOTE_APIS, 0x20),
    flag(f::SERVER_CAP_NT_STATUS, 0x40),
    flag(f::SERVER_CAP_LEVEL_2_OPLOCKS, 0x80),
    flag(f::SERVER_CAP_LOCK_AND_READ, 0x100),
    flag(f::SERVER_CAP_NT_FIND, 0x200),
    flag(f::SERVER_CAP_DFS, 0x1000),
    flag(f::SERVER_CAP_INFOLEVEL_PASSTHRU, 0x2000),
    flag(f::SERVER_CAP_LARGE_READX, 0x4000),
    flag(f::SERVER_CAP_LARGE_WRITEX, 0x8000),
    flag(f::SERVER_CAP_UNIX, 0x80_0000),
    flag(f::SERVER_CAP_COMPRESSED_DATA, 0x200_0000),
    flag(f::SERVER_CAP_DYNAMIC_REAUTH, 0x2000_0000),
    flag(f::SERVER_CAP_EXTENDED_SECURITY, 0x8000_0000),
];
/// SecurityMode.
const SECURITY: &[Bit] = &[
    flag(f::SM_MODE, 1),
    flag(f::SM_PASSWORD, 2),
    flag(f::SM_SIGNATURES, 4),
    flag(f::SM_SIG_REQUIRED, 8),
];
/// NMPipeStatus (MS-CIFS 2.2.1.3).
const PIPE: &[Bit] = &[
    flag(f::IPC_STATE_NONBLOCKING, 0x8000),
    number(f::IPC_STATE_ENDPOINT, 0x4000),
    number(f::IPC_STATE_PIPE_TYPE, 0x0C00),
    number(f::IPC_STATE_READ_MODE, 0x0300),
    number(f::IPC_STATE_ICOUNT, 0x00FF),
];
/// AccessMode of OPEN_ANDX (MS-CIFS 2.2.4.41.1).
const MODE: &[Bit] = &[
    flag(f::ACCESS_WRITETHROUGH, 0x4000),
    flag(f::ACCESS_CACHING, 0x1000),
    number(f::ACCESS_LOCALITY, 0x0700),
    number(f::ACCESS_SHARING, 0x0070),
    number(f::ACCESS_MODE, 0x0007),
];
/// Flags of a transaction.
const TRANSACTION: &[Bit] = &[
    flag(f::TRANSACTION_FLAGS_OWT, 2),
    flag(f::TRANSACTION_FLAGS_DTID, 1),
];
/// OptionalSupport of TREE_CONNECT_ANDX (MS-CIFS 2.2.4.55.2, MS-SMB 2.2.4.7.2).
const SUPPORT: &[Bit] = &[
    flag(f::CONNECT_SUPPORT_SEARCH, 1),
    flag(f::CONNECT_SUPPORT_DFS, 2),
    number(f::CONNECT_SUPPORT_CSCMASK, 0xC),
    flag(f::CONNECT_SUPPORT_UNIQFILENAME, 0x10),
    flag(f::CONNECT_SUPPORT_EXTENDEDSIG, 0x20),
];

/// What chains one command to the next.
pub(super) const ANDX: &[Part] = &[uint(f::CMD, 0, 1), uint(f::ANDXOFFSET, 2, 2)];

const NEGOTIATED: &[Part] = &[
    uint(f::DIALECT_INDEX, 0, 2),
    bits(f::SM, 2, 1, SECURITY),
    uint(f::MAX_MPX_COUNT, 3, 2),
    uint(f::MAX_VCS, 5, 2),
    uint(f::MAX_BUFSIZE, 7, 4),
    uint(f::MAX_RAW, 11, 4),
    uint(f::SESSION_KEY, 15, 4),
    bits(f::SERVER_CAP, 19, 4, CAPABILITIES),
    file_time(f::SYSTEM_TIME, 23),
    uint(f::CHALLENGE_LENGTH, 33, 1),
];
const NEGOTIATED_LANMAN: &[Part] = &[
    uint(f::DIALECT_INDEX, 0, 2),
    bits(f::SM, 2, 2, SECURITY),
    uint(f::MAX_BUFSIZE, 4, 2),
    uint(f::MAX_MPX_COUNT, 6, 2),
    uint(f::MAX_VCS, 8, 2),
    bits(f::RM, 10, 2, &[flag(f::RM_READ, 1), flag(f::RM_WRITE, 2)]),
    uint(f::SESSION_KEY, 12, 4),
    uint(f::CHALLENGE_LENGTH, 22, 2),
];
const NEGOTIATED_CORE: &[Part] = &[uint(f::DIALECT_INDEX, 0, 2)];
const SETUP_TOKEN: &[Part] = &[
    uint(f::MAX_BUF, 4, 2),
    uint(f::MAX_MPX_COUNT, 6, 2),
    uint(f::VC, 8, 2),
    uint(f::SESSION_KEY, 10, 4),
    uint(f::SECURITY_BLOB_LEN, 14, 2),
    bits(f::SERVER_CAP, 20, 4, CAPABILITIES),
];
const SETUP_PASSWORDS: &[Part] = &[
    uint(f::MAX_BUF, 4, 2),
    uint(f::MAX_MPX_COUNT, 6, 2),
    uint(f::VC, 8, 2),
    uint(f::SESSION_KEY, 10, 4),
    uint(f::ANSI_PWLEN, 14, 2),
    uint(f::UNICODE_PWLEN, 16, 2),
    bits(f::SERVER_CAP, 22, 4, CAPABILITIES),
];
const SETUP_LANMAN: &[Part] = &[
    uint(f::MAX_BUF, 4, 2),
    uint(f::MAX_MPX_COUNT, 6, 2),
    uint(f::VC, 8, 2),
    uint(f::SESSION_KEY, 10, 4),
    uint(f::PWLEN, 14, 2),
];
const SET_UP: &[Part] = &[bits(
    f::SETUP_ACTION,
    4,
    2,
    &[flag(f::SETUP_ACTION_GUEST, 1)],
)];
const SET_UP_TOKEN: &[Part] = &[
    bits(f::SETUP_ACTION, 4, 2, &[flag(f::SETUP_ACTION_GUEST, 1)]),
    uint(f::SECURITY_BLOB_LEN, 6, 2),
];
const TREE_CONNECT: &[Part] = &[
    bits(
        f::CONNECT_FLAGS,
        4,
        2,
        &[
            flag(f::CONNECT_FLAGS_DTID, 1),
            flag(f::CONNECT_FLAGS_EXTENDEDSIG, 4),
            flag(f::CONNECT_FLAGS_EXTENDEDRESP, 8),
        ],
    ),
    uint(f::PWLEN, 6, 2),
];
const TREE_CONNECTED: &[Part] = &[bits(f::CONNECT_SUPPORT, 4, 2, SUPPORT)];
const TREE_CONNECTED_LONG: &[Part] = &[
    bits(f::CONNECT_SUPPORT, 4, 2, SUPPORT),
    bits(f::ACCESS_MASK, 6, 4, ACCESS),
    bits(f::ACCESS_MASK, 10, 4, ACCESS),
];
const NT_CREATE: &[Part] = &[
    uint(f::FILE_NAME_LEN, 5, 2),
    bits(
        f::CREATE_FLAGS,
        7,
        4,
        &[
            flag(f::NT_CREATE_OPLOCK, 2),
            flag(f::NT_CREATE_BATCH_OPLOCK, 4),
            flag(f::NT_CREATE_DIR, 8),
            flag(f::NT_CREATE_EXT, 0x10),
        ],
    ),
    uint(f::RFID, 11, 4),
    bits(f::ACCESS_MASK, 15, 4, ACCESS),
    uint(f::ALLOC_SIZE64, 19, 8),
    bits(f::FILE_ATTRIBUTE, 27, 4, ATTRIBUTES),
    bits(f::SHARE_ACCESS, 31, 4, SHARE),
    uint(f::CREATE_DISPOSITION, 35, 4),
    bits(f::CREATE_OPTIONS, 39, 4, OPTIONS),
    uint(f::IMPERSONATION_LEVEL, 43, 4),
    bits(
        f::SECURITY_FLAGS,
        47,
        1,
        &[
            flag(f::SECURITY_FLAGS_CONTEXT_TRACKING, 1),
            flag(f::SECURITY_FLAGS_EFFECTIVE_ONLY, 2),
        ],
    ),
];
const NT_CREATED: &[Part] = &[
    uint(f::OPLOCK_LEVEL, 4, 1),
    uint(f::FID, 5, 2),
    uint(f::CREATE_ACTION, 7, 4),
    file_time(f::CREATE_TIME, 11),
    file_time(f::ACCESS_TIME, 19),
    file_time(f::LAST_WRITE_TIME, 27),
    file_time(f::CHANGE_TIME, 35),
    bits(f::FILE_ATTRIBUTE, 43, 4, ATTRIBUTES),
    uint(f::ALLOC_SIZE64, 47, 8),
    uint(f::END_OF_FILE, 55, 8),
    uint(f::FILE_TYPE, 63, 2),
    bits(f::IPC_STATE, 65, 2, PIPE),
    uint(f::IS_DIRECTORY, 67, 1),
];
const OPEN: &[Part] = &[
    bits(
        f::OPEN_FLAGS,
        4,
        2,
        &[
            flag(f::OPEN_FLAGS_ADD_INFO, 1),
            flag(f::OPEN_FLAGS_EX_OPLOCK, 2),
            flag(f::OPEN_FLAGS_BATCH_OPLOCK, 4),
        ],
    ),
    bits(f::ACCESS_DESIRED, 6, 2, MODE),
    bits(f::SEARCH_ATTRIBUTE, 8, 2, SEARCH),
    bits(f::FILE_ATTRIBUTE, 10, 2, SHORT_ATTRIBUTES),
    bits(
        f::OPEN_FUNCTION,
        16,
        2,
        &[
            flag(f::OPEN_FUNCTION_CREATE, 0x10),
            number(f::OPEN_FUNCTION_OPEN, 3),
        ],
    ),
    uint(f::ALLOC_SIZE, 18, 4),
    uint(f::TIMEOUT, 22, 4),
];
const OPENED: &[Part] = &[
    uint(f::FID, 4, 2),
    bits(f::FILE_ATTRIBUTE, 6, 2, SHORT_ATTRIBUTES),
    uint(f::FILE_SIZE, 12, 4),
    bits(f::ACCESS_GRANTED, 16, 2, MODE),
    uint(f::FILE_TYPE, 18, 2),
    bits(f::IPC_STATE, 20, 2, PIPE),
    bits(
        f::OPEN_ACTION,
        22,
        2,
        &[
            flag(f::OPEN_ACTION_LOCK, 0x8000),
            number(f::OPEN_ACTION_OPEN, 3),
        ],
    ),
    uint(f::SERVER_FID, 24, 4),
];
const READ_ANDX: &[Part] = &[
    uint(f::FID, 4, 2),
    uint(f::OFFSET, 6, 4),
    uint(f::MAXCOUNT_LOW, 10, 2),
    uint(f::MINCOUNT, 12, 2),
    uint(f::REMAINING, 18, 2),
    uint(f::OFFSET_HIGH, 20, 4),
];
const READ_ANDX_DONE: &[Part] = &[
    uint(f::REMAINING, 4, 2),
    uint(f::DCM, 6, 2),
    uint(f::DATA_LEN_LOW, 10, 2),
    uint(f::DATA_OFFSET, 12, 2),
    uint(f::DATA_LEN_HIGH, 14, 4),
];
const WRITE_ANDX: &[Part] = &[
    uint(f::FID, 4, 2),
    uint(f::OFFSET, 6, 4),
    bits(
        f::WRITE_MODE,
        14,
        2,
        &[
            flag(f::WRITE_MODE_MESSAGE_START, 8),
            flag(f::WRITE_MODE_RAW, 4),
            flag(f::WRITE_MODE_RETURN_REMAINING, 2),
            flag(f::WRITE_MODE_WRITE_THROUGH, 1),
        ],
    ),
    uint(f::REMAINING, 16, 2),
    uint(f::DATA_LEN_HIGH, 18, 2),
    uint(f::DATA_LEN_LOW, 20, 2),
    uint(f::DATA_OFFSET, 22, 2),
    uint(f::OFFSET_HIGH, 24, 4),
];
const WRITE_ANDX_DONE: &[Part] = &[
    uint(f::COUNT_LOW, 4, 2),
    uint(f::REMAINING, 6, 2),
    uint(f::COUNT_HIGH, 8, 2),
];
const READ_OLD: &[Part] = &[
    uint(f::FID, 0, 2),
    uint(f::COUNT, 2, 2),
    uint(f::OFFSET, 4, 4),
    uint(f::REMAINING, 8, 2),
];
const COUNTED: &[Part] = &[uint(f::COUNT, 0, 2)];
const ON_FILE: &[Part] = &[uint(f::FID, 0, 2)];
const LOCKING: &[Part] = &[
    uint(f::FID, 4, 2),
    bits(
        f::LOCK_TYPE,
        6,
        1,
        &[
            flag(f::LOCK_TYPE_LARGE, 0x10),
            flag(f::LOCK_TYPE_CANCEL, 8),
            flag(f::LOCK_TYPE_CHANGE, 4),
            flag(f::LOCK_TYPE_OPLOCK_RELEASE, 2),
            flag(f::LOCK_TYPE_SHARED, 1),
        ],
    ),
    uint(f::LOCKING_OPLOCK_LEVEL, 7, 1),
    uint(f::TIMEOUT, 8, 4),
    uint(f::LOCKING_NUM_UNLOCKS, 12, 2),
    uint(f::LOCKING_NUM_LOCKS, 14, 2),
];
const TRANSACTION_ASKED: &[Part] = &[
    uint(f::TPC, 0, 2),
    uint(f::TDC, 2, 2),
    uint(f::MPC, 4, 2),
    uint(f::MDC, 6, 2),
    uint(f::MSC, 8, 1),
    bits(f::TRANSACTION_FLAGS, 10, 2, TRANSACTION),
    uint(f::TIMEOUT, 12, 4),
    uint(f::PC, 18, 2),
    uint(f::PO, 20, 2),
    uint(f::DC, 22, 2),
    uint(f::DATA_OFFSET, 24, 2),
    uint(f::SC, 26, 1),
];
const TRANSACTION_DONE: &[Part] = &[
    uint(f::TPC, 0, 2),
    uint(f::TDC, 2, 2),
    uint(f::PC, 6, 2),
    uint(f::PO, 8, 2),
    uint(f::PD, 10, 2),
    uint(f::DC, 12, 2),
    uint(f::DATA_OFFSET, 14, 2),
    uint(f::DATA_DISP, 16, 2),
    uint(f::SC, 18, 1),
];
const NT_TRANSACT_ASKED: &[Part] = &[
    uint(f::MSC, 0, 1),
    uint(f::TPC, 3, 4),
    uint(f::TDC, 7, 4),
    uint(f::MPC, 11, 4),
    uint(f::MDC, 15, 4),
    uint(f::PC, 19, 4),
    uint(f::PO, 23, 4),
    uint(f::DC, 27, 4),
    uint(f::DATA_OFFSET, 31, 4),
    uint(f::SC, 35, 1),
    uint(f::NT_FUNCTION, 36, 2),
];
const NT_TRANSACT_DONE: &[Part] = &[
    uint(f::TPC, 3, 4),
    uint(f::TDC, 7, 4),
    uint(f::PC, 11, 4),
    uint(f::PO, 15, 4),
    uint(f::PD, 19, 4),
    uint(f::DC, 23, 4),
    uint(f::DATA_OFFSET, 27, 4),
    uint(f::DATA_DISP, 31, 4),
    uint(f::SC, 35, 1),
];
/// DELETE and RENAME.
const BY_ATTRIBUTES: &[Part] = &[bits(f::SEARCH_ATTRIBUTE, 0, 2, SEARCH)];
const ECHO: &[Part] = &[uint(f::ECHO_COUNT, 0, 2)];
const ECHOED: &[Part] = &[uint(f::ECHO_SEQ_NUM, 0, 2)];

/// The words of a request that has `count` bytes of them.
pub(super) const fn request(code: u8, count: usize) -> &'static [Part] {
    match (code, count) {
        (command::SESSION_SETUP_ANDX, 24) => SETUP_TOKEN,
        (command::SESSION_SETUP_ANDX, 26) => SETUP_PASSWORDS,
        (command::SESSION_SETUP_ANDX, 20) => SETUP_LANMAN,
        (command::TREE_CONNECT_ANDX, _) => TREE_CONNECT,
        (command::NT_CREATE_ANDX, _) => NT_CREATE,
        (command::OPEN_ANDX, _) => OPEN,
        (command::READ_ANDX, _) => READ_ANDX,
        (command::WRITE_ANDX, _) => WRITE_ANDX,
        (command::READ | command::WRITE, _) => READ_OLD,
        (command::CLOSE, _) => ON_FILE,
        (command::LOCKING_ANDX, _) => LOCKING,
        (command::TRANSACTION | command::TRANSACTION2, _) => TRANSACTION_ASKED,
        (command::NT_TRANSACT, _) => NT_TRANSACT_ASKED,
        (command::ECHO, _) => ECHO,
        (0x06 | 0x07, _) => BY_ATTRIBUTES,
        _ => &[],
    }
}

/// The words of an answer that has `count` bytes of them; none where it says no.
pub(super) const fn response(code: u8, count: usize) -> &'static [Part] {
    match (code, count) {
        (_, 0) => &[],
        (command::NEGOTIATE, 34) => NEGOTIATED,
        (command::NEGOTIATE, 26) => NEGOTIATED_LANMAN,
        (command::NEGOTIATE, _) => NEGOTIATED_CORE,
        (command::SESSION_SETUP_ANDX, 8) => SET_UP_TOKEN,
        (command::SESSION_SETUP_ANDX, _) => SET_UP,
        (command::TREE_CONNECT_ANDX, 14) => TREE_CONNECTED_LONG,
        (command::TREE_CONNECT_ANDX, 6) => TREE_CONNECTED,
        (command::NT_CREATE_ANDX, _) => NT_CREATED,
        (command::OPEN_ANDX, _) => OPENED,
        (command::READ_ANDX, _) => READ_ANDX_DONE,
        (command::WRITE_ANDX, _) => WRITE_ANDX_DONE,
        (command::READ | command::WRITE, _) => COUNTED,
        (command::TRANSACTION | command::TRANSACTION2, _) => TRANSACTION_DONE,
        (command::NT_TRANSACT, _) => NT_TRANSACT_DONE,
        (command::ECHO, _) => ECHOED,
        _ => &[],
    }
}
