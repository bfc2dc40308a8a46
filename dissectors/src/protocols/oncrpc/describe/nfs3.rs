//! NFSv3's calls and replies (RFC 1813 section 3).

use super::super::fields::nfs as f;
use super::super::fields::rpc::VALUE_FOLLOWS;
use super::items::Item::{
    self, Bool, Branch, Directory, Fixed, Handle, Hyper, List, Opaque, Optional, Parts, Quiet,
    Rights, Text, Time, With, Word,
};
use super::items::Reader;
use crate::field::Writer;

pub(super) const ATIME: Item = Time([f::ATIME, f::ATIME_SEC, f::ATIME_NSEC]);
pub(super) const MTIME: Item = Time([f::MTIME, f::MTIME_SEC, f::MTIME_NSEC]);
const CTIME: Item = Time([f::CTIME, f::CTIME_SEC, f::CTIME_NSEC]);

const OBJECT: Item = Branch("object", &[Handle]);
const FILE: Item = Branch("file", &[Handle]);
const WHERE: Item = Branch("where", NAMED);
const TO: Item = Branch("to", NAMED);
/// `diropargs3`.
const NAMED: &[Item] = &[Directory(&[Branch("dir", &[Handle])]), Text(f::NAME)];

/// `fattr3` (section 2.5).
const ATTRIBUTES: Item = Branch(
    "attributes",
    &[
        Word(f::FATTR3_TYPE),
        Word(f::MODE3),
        Word(f::FATTR3_NLINK),
        Word(f::FATTR3_UID),
        Word(f::FATTR3_GID),
        Hyper(f::FATTR3_SIZE),
        Hyper(f::FATTR3_USED),
        Branch("rdev", &[Word(f::SPECDATA1), Word(f::SPECDATA2)]),
        Hyper(f::FATTR3_FSID),
        Hyper(f::FATTR3_FILEID),
        ATIME,
        MTIME,
        CTIME,
    ],
);
const OBJ_ATTRIBUTES: Item = Branch(
    "obj_attributes",
    &[Optional(f::ATTRIBUTES_FOLLOW, &[ATTRIBUTES])],
);
const DIR_ATTRIBUTES: Item = Branch(
    "dir_attributes",
    &[Optional(f::ATTRIBUTES_FOLLOW, &[ATTRIBUTES])],
);
const OBJ_HANDLE: Item = Branch("obj", &[Optional(f::HANDLE_FOLLOW, &[Quiet(&[Handle])])]);

/// `wcc_data`: the attributes before and after.
const WCC: &[Item] = &[
    Branch(
        "before",
        &[Optional(
            f::ATTRIBUTES_FOLLOW,
            &[Hyper(f::WCC_SIZE), MTIME, CTIME],
        )],
    ),
    Branch("after", &[Optional(f::ATTRIBUTES_FOLLOW, &[ATTRIBUTES])]),
];
const FILE_WCC: Item = Branch("file_wcc", WCC);
const DIR_WCC: Item = Branch("dir_wcc", WCC);

/// `sattr3`: what is to be set.
const SET: &[Item] = &[
    Optional(f::SET_IT, &[Word(f::MODE3)]),
    Optional(f::SET_IT, &[Word(f::UID3)]),
    Optional(f::SET_IT, &[Word(f::GID3)]),
    Optional(f::SET_IT, &[Hyper(f::SET_SIZE)]),
    With(set_atime),
    With(set_mtime),
];
const NEW_ATTRIBUTES: Item = Branch("obj_attributes", SET);

/// 2 is the client's time, which follows; 1 the server's.
fn set_time(moment: &[Item], reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::SET_IT, w)? {
        2 => reader.tell(moment, w),
        _ => Some(()),
    }
}

fn set_atime(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    set_time(&[ATIME], reader, w)
}

fn set_mtime(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    set_time(&[MTIME], reader, w)
}

/// UNCHECKED and GUARDED set attributes, EXCLUSIVE has a verifier.
fn create_how(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::CREATEMODE, w)? {
        2 => reader.tell(&[Fixed(f::VERIFIER, 8)], w),
        _ => reader.tell(&[NEW_ATTRIBUTES], w),
    }
}

/// What the info column says of attributes that were asked for.
fn summarise(reader: &mut Reader<'_>, _: &mut Writer<'_>) -> Option<()> {
    const TYPES: [&str; 8] = [
        "Unknown",
        "Regular File",
        "Directory",
        "Block Special Device",
        "Character Special Device",
        "Symbolic Link",
        "Socket",
        "Named Pipe",
    ];
    let mut ahead = reader.ahead();
    let mut word = || ahead.word();
    let (kind, mode, _, uid, gid) = (word()?, word()?, word()?, word()?, word()?);
    let kind = TYPES.get(kind as usize).unwrap_or(&"Unknown");
    let mode = mode & 0xfff;
    reader.note(|| format!("  {kind} mode: {mode:04o} uid: {uid} gid: {gid}"));
    Some(())
}

/// `mknoddata3`.
fn node(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::FATTR3_TYPE, w)? {
        3 | 4 => reader.tell(&[NEW_ATTRIBUTES, Word(f::SPECDATA1), Word(f::SPECDATA2)], w),
        6 | 7 => reader.tell(&[NEW_ATTRIBUTES], w),
        _ => Some(()),
    }
}

pub(super) const fn call(procedure: u32) -> &'static [Item] {
    match procedure {
        1 | 18..=20 => &[OBJECT],
        2 => &[
            OBJECT,
            Branch("new_attributes", SET),
            Branch("guard", &[Optional(f::SATTRGUARD3, &[CTIME])]),
        ],
        3 | 12 | 13 => &[WHERE],
        4 => &[OBJECT, With(super::nfs4::access_call)],
        5 => &[Branch("symlink", &[Handle])],
        6 => &[FILE, Hyper(f::OFFSET3), Word(f::COUNT3)],
        7 => &[
            FILE,
            Hyper(f::OFFSET3),
            Word(f::COUNT3),
            Word(f::WRITE_STABLE),
            Opaque(f::DATA),
        ],
        8 => &[WHERE, With(create_how)],
        9 => &[WHERE, Branch("attributes", SET)],
        10 => &[
            WHERE,
            Branch("symlink_attributes", SET),
            Text(f::SYMLINK_TO),
        ],
        11 => &[WHERE, With(node)],
        14 => &[WHERE, TO],
        15 => &[FILE, WHERE],
        16 => &[
            Branch("dir", &[Handle]),
            Hyper(f::COOKIE3),
            Fixed(f::VERIFIER, 8),
            Word(f::COUNT3),
        ],
        17 => &[
            Branch("dir", &[Handle]),
            Hyper(f::COOKIE3),
            Fixed(f::VERIFIER, 8),
            Word(f::COUNT3_DIRCOUNT),
            Word(f::COUNT3_MAXCOUNT),
        ],
        21 => &[FILE, Quiet(&[Hyper(f::OFFSET3), Word(f::COUNT3)])],
        _ => &[],
    }
}

/// What follows the status NFS3_OK, by procedures.
static DONE: &[(&[u32], &[Item])] = &[
    (
        &[1],
        &[With(summarise), Branch("obj_attributes", &[ATTRIBUTES])],
    ),
    (&[2], &[Branch("obj_wcc", WCC)]),
    (
        &[3],
        &[Branch("object", &[Handle]), OBJ_ATTRIBUTES, DIR_ATTRIBUTES],
    ),
    // The rights follow, of which the call tells which were asked about.
    (&[4], &[OBJ_ATTRIBUTES]),
    (
        &[5],
        &[
            Branch(
                "symlink_attributes",
                &[Optional(f::ATTRIBUTES_FOLLOW, &[ATTRIBUTES])],
            ),
            Text(f::READLINK_DATA),
        ],
    ),
    (
        &[6],
        &[
            OBJ_ATTRIBUTES,
            Word(f::COUNT3),
            Bool(f::READ_EOF),
            Opaque(f::DATA),
        ],
    ),
    (
        &[7],
        &[
            FILE_WCC,
            Word(f::COUNT3),
            Word(f::WRITE_COMMITTED),
            Fixed(f::VERIFIER, 8),
        ],
    ),
    (&[8, 9, 10, 11], &[OBJ_HANDLE, OBJ_ATTRIBUTES, DIR_WCC]),
    (&[12, 13], &[DIR_WCC]),
    (
        &[14],
        &[Branch("fromdir_wcc", WCC), Branch("todir_wcc", WCC)],
    ),
    (&[15], &[OBJ_ATTRIBUTES, Branch("linkdir_wcc", WCC)]),
    (
        &[16],
        &[
            DIR_ATTRIBUTES,
            Fixed(f::VERIFIER, 8),
            List(
                VALUE_FOLLOWS,
                &[Parts(
                    f::READDIR_ENTRY,
                    &[
                        Hyper(f::ENTRY3_FILEID),
                        Text(f::ENTRY3_NAME),
                        Hyper(f::ENTRY3_COOKIE),
                    ],
                )],
            ),
            Word(f::READDIR_EOF),
        ],
    ),
    (
        &[17],
        &[
            DIR_ATTRIBUTES,
            Fixed(f::VERIFIER, 8),
            List(
                VALUE_FOLLOWS,
                &[Parts(
                    f::READDIR_ENTRY,
                    &[
                        Hyper(f::PLUS_FILEID),
                        Text(f::PLUS_NAME),
                        Hyper(f::PLUS_COOKIE),
                        Branch(
                            "name_attributes",
                            &[Optional(f::ATTRIBUTES_FOLLOW, &[ATTRIBUTES])],
                        ),
                        Branch(
                            "name_handle",
                            &[Optional(f::HANDLE_FOLLOW, &[Quiet(&[Handle])])],
                        ),
                    ],
                )],
            ),
            Word(f::READDIR_EOF),
        ],
    ),
    (
        &[18],
        &[
            OBJ_ATTRIBUTES,
            Hyper(f::TBYTES),
            Hyper(f::FBYTES),
            Hyper(f::ABYTES),
            Hyper(f::TFILES),
            Hyper(f::FFILES),
            Hyper(f::AFILES),
            Word(f::INVARSEC),
        ],
    ),
    (
        &[19],
        &[
            OBJ_ATTRIBUTES,
            Word(f::RTMAX),
            Word(f::RTPREF),
            Word(f::RTMULT),
            Word(f::WTMAX),
            Word(f::WTPREF),
            Word(f::WTMULT),
            Word(f::DTPREF),
            Hyper(f::MAXFILESIZE),
            Time([f::DTIME, f::DTIME_SEC, f::DTIME_NSEC]),
            Rights(f::PROPERTIES, &[]),
        ],
    ),
    (
        &[20],
        &[
            OBJ_ATTRIBUTES,
            Word(f::LINKMAX),
            Word(f::NAME_MAX),
            Bool(f::NO_TRUNC),
            Bool(f::CHOWN_RESTRICTED),
            Bool(f::CASE_INSENSITIVE),
            Bool(f::CASE_PRESERVING),
        ],
    ),
    (&[21], &[FILE_WCC, Fixed(f::VERIFIER, 8)]),
];

pub(super) fn done(procedure: u32) -> &'static [Item] {
    let found = DONE.iter().find(|(of, _)| of.contains(&procedure));
    found.map_or(&[], |(_, items)| items)
}

/// What follows another status.
pub(super) const fn failed(procedure: u32) -> &'static [Item] {
    match procedure {
        2 => &[Branch("obj_wcc", WCC)],
        3 | 16 | 17 => &[DIR_ATTRIBUTES],
        4..=6 | 18..=20 => &[OBJ_ATTRIBUTES],
        7 | 21 => &[FILE_WCC],
        8..=13 => &[DIR_WCC],
        14 => &[Branch("fromdir_wcc", WCC), Branch("todir_wcc", WCC)],
        15 => &[OBJ_ATTRIBUTES, Branch("linkdir_wcc", WCC)],
        _ => &[],
    }
}
