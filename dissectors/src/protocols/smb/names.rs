//! Numbers and their names, as MS-SMB2, MS-CIFS, MS-SMB and MS-FSCC give them.

use super::{dos, ntstatus};
use crate::event::{Op, Status};

/// SMB2 commands (MS-SMB2 2.2.1), by number.
const SMB2: &[&str] = &[
    "NEGOTIATE",
    "SESSION_SETUP",
    "LOGOFF",
    "TREE_CONNECT",
    "TREE_DISCONNECT",
    "CREATE",
    "CLOSE",
    "FLUSH",
    "READ",
    "WRITE",
    "LOCK",
    "IOCTL",
    "CANCEL",
    "ECHO",
    "QUERY_DIRECTORY",
    "CHANGE_NOTIFY",
    "QUERY_INFO",
    "SET_INFO",
    "OPLOCK_BREAK",
    "SERVER_TO_CLIENT_NOTIFICATION",
];

/// An SMB2 command.
pub(super) fn smb2(command: u16) -> Op {
    let name = SMB2.get(usize::from(command)).copied().unwrap_or_default();
    Op::new(name, u32::from(command))
}

/// SMB1 commands (MS-CIFS 2.2.2.1), sorted by number.
pub(super) const SMB1: &[(u8, &str)] = &[
    (0x00, "CREATE_DIRECTORY"),
    (0x01, "DELETE_DIRECTORY"),
    (0x02, "OPEN"),
    (0x03, "CREATE"),
    (0x04, "CLOSE"),
    (0x05, "FLUSH"),
    (0x06, "DELETE"),
    (0x07, "RENAME"),
    (0x08, "QUERY_INFORMATION"),
    (0x09, "SET_INFORMATION"),
    (0x0a, "READ"),
    (0x0b, "WRITE"),
    (0x0c, "LOCK_BYTE_RANGE"),
    (0x0d, "UNLOCK_BYTE_RANGE"),
    (0x0e, "CREATE_TEMPORARY"),
    (0x0f, "CREATE_NEW"),
    (0x10, "CHECK_DIRECTORY"),
    (0x11, "PROCESS_EXIT"),
    (0x12, "SEEK"),
    (0x13, "LOCK_AND_READ"),
    (0x14, "WRITE_AND_UNLOCK"),
    (0x1a, "READ_RAW"),
    (0x1b, "READ_MPX"),
    (0x1c, "READ_MPX_SECONDARY"),
    (0x1d, "WRITE_RAW"),
    (0x1e, "WRITE_MPX"),
    (0x1f, "WRITE_MPX_SECONDARY"),
    (0x20, "WRITE_COMPLETE"),
    (0x21, "QUERY_SERVER"),
    (0x22, "SET_INFORMATION2"),
    (0x23, "QUERY_INFORMATION2"),
    (0x24, "LOCKING_ANDX"),
    (0x25, "TRANSACTION"),
    (0x26, "TRANSACTION_SECONDARY"),
    (0x27, "IOCTL"),
    (0x28, "IOCTL_SECONDARY"),
    (0x29, "COPY"),
    (0x2a, "MOVE"),
    (0x2b, "ECHO"),
    (0x2c, "WRITE_AND_CLOSE"),
    (0x2d, "OPEN_ANDX"),
    (0x2e, "READ_ANDX"),
    (0x2f, "WRITE_ANDX"),
    (0x30, "NEW_FILE_SIZE"),
    (0x31, "CLOSE_AND_TREE_DISC"),
    (0x32, "TRANSACTION2"),
    (0x33, "TRANSACTION2_SECONDARY"),
    (0x34, "FIND_CLOSE2"),
    (0x35, "FIND_NOTIFY_CLOSE"),
    (0x70, "TREE_CONNECT"),
    (0x71, "TREE_DISCONNECT"),
    (0x72, "NEGOTIATE"),
    (0x73, "SESSION_SETUP_ANDX"),
    (0x74, "LOGOFF_ANDX"),
    (0x75, "TREE_CONNECT_ANDX"),
    (0x7e, "SECURITY_PACKAGE_ANDX"),
    (0x80, "QUERY_INFORMATION_DISK"),
    (0x81, "SEARCH"),
    (0x82, "FIND"),
    (0x83, "FIND_UNIQUE"),
    (0x84, "FIND_CLOSE"),
    (0xa0, "NT_TRANSACT"),
    (0xa1, "NT_TRANSACT_SECONDARY"),
    (0xa2, "NT_CREATE_ANDX"),
    (0xa4, "NT_CANCEL"),
    (0xa5, "NT_RENAME"),
    (0xc0, "OPEN_PRINT_FILE"),
    (0xc1, "WRITE_PRINT_FILE"),
    (0xc2, "CLOSE_PRINT_FILE"),
    (0xc3, "GET_PRINT_QUEUE"),
    (0xd8, "READ_BULK"),
    (0xd9, "WRITE_BULK"),
    (0xda, "WRITE_BULK_DATA"),
];

/// An SMB1 command.
pub(super) fn smb1(command: u8) -> Op {
    let name = SMB1
        .binary_search_by_key(&command, |row| row.0)
        .ok()
        .and_then(|at| SMB1.get(at))
        .map_or("", |row| row.1);
    Op::new(name, u32::from(command))
}

/// TRANSACTION2 subcommands (MS-CIFS 2.2.2.2), by number.
const TRANS2: &[&str] = &[
    "OPEN2",
    "FIND_FIRST2",
    "FIND_NEXT2",
    "QUERY_FS_INFORMATION",
    "SET_FS_INFORMATION",
    "QUERY_PATH_INFORMATION",
    "SET_PATH_INFORMATION",
    "QUERY_FILE_INFORMATION",
    "SET_FILE_INFORMATION",
    "FSCTL",
    "IOCTL2",
    "FIND_NOTIFY_FIRST",
    "FIND_NOTIFY_NEXT",
    "CREATE_DIRECTORY",
    "SESSION_SETUP",
    "",
    "GET_DFS_REFERRAL",
    "REPORT_DFS_INCONSISTENCY",
];

/// A TRANSACTION2 subcommand; empty for an unknown number.
pub(super) fn trans2(code: u16) -> &'static str {
    TRANS2.get(usize::from(code)).copied().unwrap_or_default()
}

/// An NT_TRANSACT function (MS-CIFS 2.2.2.2); empty for an unknown number.
pub(super) const fn nt_transact(code: u16) -> &'static str {
    match code {
        1 => "CREATE",
        2 => "IOCTL",
        3 => "SET_SECURITY_DESC",
        4 => "NOTIFY_CHANGE",
        5 => "RENAME",
        6 => "QUERY_SECURITY_DESC",
        7 => "QUERY_QUOTA",
        8 => "SET_QUOTA",
        _ => "",
    }
}

/// File system controls (MS-FSCC 2.3, MS-SMB2 2.2.31), sorted by number.
pub(super) const FSCTL: &[(u32, &str)] = &[
    (0x0006_0194, "FSCTL_DFS_GET_REFERRALS"),
    (0x0006_01b0, "FSCTL_DFS_GET_REFERRALS_EX"),
    (0x0009_003c, "FSCTL_GET_COMPRESSION"),
    (0x0009_0060, "FSCTL_IS_PATHNAME_VALID"),
    (0x0009_0064, "FSCTL_GET_NTFS_VOLUME_DATA"),
    (0x0009_009c, "FSCTL_GET_OBJECT_ID"),
    (0x0009_00a4, "FSCTL_SET_REPARSE_POINT"),
    (0x0009_00a8, "FSCTL_GET_REPARSE_POINT"),
    (0x0009_00ac, "FSCTL_DELETE_REPARSE_POINT"),
    (0x0009_00c0, "FSCTL_CREATE_OR_GET_OBJECT_ID"),
    (0x0009_00c4, "FSCTL_SET_SPARSE"),
    (0x0009_0240, "FSCTL_SET_DEFECT_MANAGEMENT"),
    (0x0009_027c, "FSCTL_GET_INTEGRITY_INFORMATION"),
    (0x0009_0284, "FSCTL_QUERY_FILE_REGIONS"),
    (0x0009_02f7, "FSCTL_QUERY_SPARING_INFO"),
    (0x0009_40cf, "FSCTL_QUERY_ALLOCATED_RANGES"),
    (0x0009_4264, "FSCTL_OFFLOAD_READ"),
    (0x0009_80c8, "FSCTL_SET_ZERO_DATA"),
    (0x0009_8208, "FSCTL_FILE_LEVEL_TRIM"),
    (0x0009_8268, "FSCTL_OFFLOAD_WRITE"),
    (0x0009_8344, "FSCTL_DUPLICATE_EXTENTS_TO_FILE"),
    (0x0009_c040, "FSCTL_SET_COMPRESSION"),
    (0x0009_c280, "FSCTL_SET_INTEGRITY_INFORMATION"),
    (0x0011_0000, "FSCTL_PIPE_DISCONNECT"),
    (0x0011_0004, "FSCTL_PIPE_ASSIGN_EVENT"),
    (0x0011_0008, "FSCTL_PIPE_LISTEN"),
    (0x0011_0010, "FSCTL_PIPE_QUERY_EVENT"),
    (0x0011_0018, "FSCTL_PIPE_WAIT"),
    (0x0011_001c, "FSCTL_PIPE_IMPERSONATE"),
    (0x0011_400c, "FSCTL_PIPE_PEEK"),
    (0x0011_c017, "FSCTL_PIPE_TRANSCEIVE"),
    (0x0014_0078, "FSCTL_SRV_REQUEST_RESUME_KEY"),
    (0x0014_0194, "FSCTL_LMR_SET_LINK_TRACKING_INFORMATION"),
    (0x0014_01d4, "FSCTL_LMR_REQUEST_RESILIENCY"),
    (0x0014_01fc, "FSCTL_QUERY_NETWORK_INTERFACE_INFO"),
    (0x0014_0204, "FSCTL_VALIDATE_NEGOTIATE_INFO"),
    (0x0014_4064, "FSCTL_SRV_ENUMERATE_SNAPSHOTS"),
    (0x0014_40f2, "FSCTL_SRV_COPYCHUNK"),
    (0x0014_41bb, "FSCTL_SRV_READ_HASH"),
    (0x0014_80f2, "FSCTL_SRV_COPYCHUNK_WRITE"),
];

/// A file system control; empty for an unknown number.
pub(super) fn fsctl(code: u32) -> &'static str {
    FSCTL
        .binary_search_by_key(&code, |row| row.0)
        .ok()
        .and_then(|at| FSCTL.get(at))
        .map_or("", |row| row.1)
}

/// An SMB2 dialect (MS-SMB2 2.2.4); empty for an unknown number.
pub(super) const fn dialect(revision: u16) -> &'static str {
    match revision {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0311 => "3.1.1",
        0x02FF => "2.???",
        _ => "",
    }
}

/// A cipher of SMB 3.1.1 (MS-SMB2 2.2.3.1.2); empty for an unknown number.
pub(super) const fn cipher(id: u16) -> &'static str {
    match id {
        1 => "AES-128-CCM",
        2 => "AES-128-GCM",
        3 => "AES-256-CCM",
        4 => "AES-256-GCM",
        _ => "",
    }
}

/// STATUS_PENDING: the server has the request and works on it (MS-SMB2 3.3.4.2).
pub(super) const PENDING: u32 = 0x0103;
/// STATUS_MORE_PROCESSING_REQUIRED: the logon goes on with another leg; no failure (MS-SMB2 3.3.5.5).
pub(super) const MORE_PROCESSING_REQUIRED: u32 = 0xC000_0016;

/// An NTSTATUS as an answer. Its two top bits are the severity: only errors say that the request was not carried
/// out, warnings (BUFFER_OVERFLOW, NO_MORE_FILES) come with data.
pub(super) fn nt_status(code: u32) -> Status {
    Status {
        code,
        name: if code == 0 { "" } else { ntstatus::name(code) },
        failed: code >> 30 == 3 && code != MORE_PROCESSING_REQUIRED,
    }
}

/// A DOS class and code as an answer: the class in the upper half.
pub(super) fn dos_status(class: u8, code: u16) -> Status {
    Status {
        code: u32::from(class) << 16 | u32::from(code),
        name: dos::name(class, code),
        // ERRmoredata comes with data, as BUFFER_OVERFLOW does.
        failed: class != 0 && (class, code) != (1, 234),
    }
}
