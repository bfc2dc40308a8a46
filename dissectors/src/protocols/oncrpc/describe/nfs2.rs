//! NFSv2's calls and replies (RFC 1094 section 2.2).

use super::super::fields::nfs as f;
use super::super::fields::rpc::VALUE_FOLLOWS;
use super::items::Item::{self, Branch, Directory, Handle2, List, Opaque, Parts, Text, Time, Word};

const ATIME: Item = Time([f::ATIME, f::ATIME_SEC, f::ATIME_USEC]);
const MTIME: Item = Time([f::MTIME, f::MTIME_SEC, f::MTIME_USEC]);
const CTIME: Item = Time([f::CTIME, f::CTIME_SEC, f::CTIME_USEC]);

const FILE: Item = Branch("file", &[Handle2]);
const WHERE: Item = Branch("where", NAMED);
/// `diropargs` (section 2.3.10).
const NAMED: &[Item] = &[Directory(&[Branch("dir", &[Handle2])]), Text(f::NAME)];

/// `fattr` (section 2.3.5).
const ATTRIBUTES: Item = Branch(
    "attributes",
    &[
        Word(f::FTYPE),
        Word(f::MODE),
        Word(f::FATTR_NLINK),
        Word(f::FATTR_UID),
        Word(f::FATTR_GID),
        Word(f::FATTR_SIZE),
        Word(f::FATTR_BLOCKSIZE),
        Word(f::FATTR_RDEV),
        Word(f::FATTR_BLOCKS),
        Word(f::FATTR_FSID),
        Word(f::FATTR_FILEID),
        ATIME,
        MTIME,
        CTIME,
    ],
);
/// `sattr` (section 2.3.6).
const SET: Item = Branch(
    "attributes",
    &[
        Word(f::MODE),
        Word(f::FATTR_UID),
        Word(f::FATTR_GID),
        Word(f::FATTR_SIZE),
        ATIME,
        MTIME,
    ],
);

pub(super) const fn call(procedure: u32) -> &'static [Item] {
    match procedure {
        1 | 5 | 17 => &[FILE],
        2 => &[FILE, SET],
        4 | 10 | 15 => &[WHERE],
        6 => &[
            FILE,
            Word(f::READ_OFFSET),
            Word(f::READ_COUNT),
            Word(f::READ_TOTALCOUNT),
        ],
        8 => &[
            FILE,
            Word(f::WRITE_BEGINOFFSET),
            Word(f::WRITE_OFFSET),
            Word(f::WRITE_TOTALCOUNT),
            Opaque(f::DATA),
        ],
        9 | 14 => &[WHERE, SET],
        11 => &[WHERE, Branch("to", NAMED)],
        12 => &[Branch("from", &[Handle2]), WHERE],
        13 => &[WHERE, Text(f::SYMLINK_TO), SET],
        16 => &[
            Branch("dir", &[Handle2]),
            Word(f::READDIR_COOKIE),
            Word(f::READDIR_COUNT),
        ],
        _ => &[],
    }
}

/// True for procedures whose results begin with a status.
pub(super) const fn has_status(procedure: u32) -> bool {
    !matches!(procedure, 0 | 3 | 7)
}

/// What follows the status NFS_OK.
pub(super) const fn done(procedure: u32) -> &'static [Item] {
    match procedure {
        1 | 2 | 8 => &[ATTRIBUTES],
        4 | 9 | 14 => &[Branch("fhandle", &[Handle2]), ATTRIBUTES],
        5 => &[Text(f::READLINK_DATA)],
        6 => &[ATTRIBUTES, Opaque(f::DATA)],
        16 => &[
            List(
                VALUE_FOLLOWS,
                &[Parts(
                    f::READDIR_ENTRY,
                    &[
                        Word(f::ENTRY_FILEID),
                        Text(f::ENTRY_NAME),
                        Word(f::ENTRY_COOKIE),
                    ],
                )],
            ),
            Word(f::READDIR_EOF),
        ],
        17 => &[
            Word(f::STATFS_TSIZE),
            Word(f::STATFS_BSIZE),
            Word(f::STATFS_BLOCKS),
            Word(f::STATFS_BFREE),
            Word(f::STATFS_BAVAIL),
        ],
        _ => &[],
    }
}
