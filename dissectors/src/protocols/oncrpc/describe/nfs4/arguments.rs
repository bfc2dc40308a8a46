//! What follows an operation's number in a call.

use super::super::super::fields::nfs as f;
use super::super::super::fields::rpc::OPAQUE_LENGTH;
use super::super::items::Item::{
    self, Bool, Branch, Fixed, Handle, Hyper, Opaque, Text, With, Word, Words,
};
use super::super::items::Reader;
use super::{SESSION, access_call, attributes, stateid};
use crate::field::Writer;

const NAME: Item = Text(f::COMPONENT);
const STATEID: Item = With(stateid);
const MASK: Item = With(attributes::mask);
const ATTRIBUTES: Item = With(attributes::values);
const CHANNEL: &[Item] = &[
    Word(f::PADSIZE),
    Word(f::MAXREQSIZE),
    Word(f::MAXRESPSIZE),
    Word(f::MAXRESPSIZECACHED),
    Word(f::MAXOPS),
    Word(f::MAXREQS),
    With(rdma),
];

/// Operations of the fore channel.
static ARGUMENTS: &[(&[u32], &[Item])] = &[
    (&[3], &[With(access_call)]),
    (&[4], &[Word(f::SEQID), STATEID]),
    (&[5], &[Hyper(f::OFFSET4), Word(f::COUNT4)]),
    (&[6], &[With(create_type), NAME, ATTRIBUTES]),
    (&[8], &[STATEID]),
    (&[9], &[MASK]),
    (&[10, 16, 23, 24, 27, 31, 32], &[]),
    (&[11, 15, 28, 33], &[NAME]),
    (
        &[12],
        &[
            Word(f::LOCKTYPE),
            Bool(f::LOCK_RECLAIM),
            Hyper(f::OFFSET4),
            Hyper(f::LENGTH4),
            With(locker),
        ],
    ),
    (
        &[13],
        &[
            Word(f::LOCKTYPE),
            Hyper(f::OFFSET4),
            Hyper(f::LENGTH4),
            Hyper(f::CLIENTID),
            Opaque(f::LOCK_OWNER),
        ],
    ),
    (
        &[14],
        &[
            Word(f::LOCKTYPE),
            Word(f::SEQID),
            STATEID,
            Hyper(f::OFFSET4),
            Hyper(f::LENGTH4),
        ],
    ),
    (&[17, 37], &[ATTRIBUTES]),
    (
        &[18],
        &[
            Word(f::SEQID),
            Word(f::SHARE_ACCESS),
            Word(f::SHARE_DENY),
            Hyper(f::CLIENTID),
            Opaque(f::OPEN_OWNER),
            With(open_how),
            With(open_claim),
        ],
    ),
    (&[20], &[STATEID, Word(f::SEQID)]),
    (
        &[21],
        &[
            STATEID,
            Word(f::SEQID),
            Word(f::SHARE_ACCESS),
            Word(f::SHARE_DENY),
        ],
    ),
    (&[22], &[Branch("FileHandle", &[Handle])]),
    (&[25], &[STATEID, Hyper(f::OFFSET4), Word(f::COUNT4)]),
    (
        &[26],
        &[
            Hyper(f::COOKIE4),
            Hyper(f::COOKIE_VERF4),
            Word(f::DIRCOUNT),
            Word(f::MAXCOUNT),
            MASK,
        ],
    ),
    (&[29], &[NAME, NAME]),
    (&[30, 57], &[Hyper(f::CLIENTID)]),
    (&[34], &[STATEID, ATTRIBUTES]),
    (
        &[35],
        &[
            Hyper(f::VERIFIER4),
            Opaque(f::CLIENT_ID),
            Word(f::CB_PROGRAM),
            Text(f::R_NETID),
            Text(f::R_ADDR),
            Word(f::CALLBACK_IDENT),
        ],
    ),
    (&[36], &[Hyper(f::CLIENTID), Hyper(f::VERIFIER4)]),
    (
        &[38],
        &[
            STATEID,
            Hyper(f::OFFSET4),
            Word(f::STABLE_HOW),
            With(written),
        ],
    ),
    (&[39], &[Hyper(f::CLIENTID), Opaque(f::LOCK_OWNER)]),
    (
        &[42],
        &[
            Hyper(f::VERIFIER4),
            Opaque(f::DATA),
            Word(f::EXCHANGE_CALL_FLAGS),
            With(protection),
            With(implementation),
        ],
    ),
    (
        &[43],
        &[
            Hyper(f::CLIENTID),
            Word(f::SEQID),
            Word(f::CREATE_SESSION_FLAGS),
            Branch("csa_fore_chan_attrs", CHANNEL),
            Branch("csa_back_chan_attrs", CHANNEL),
            Word(f::CB_PROGRAM),
            With(security),
        ],
    ),
    (&[44], &[Fixed(f::SESSION_ID, 16)]),
    (&[45], &[STATEID]),
    (
        &[47],
        &[
            Fixed(f::DEVICEID, 16),
            Word(f::LAYOUTTYPE),
            Word(f::MAXCOUNT),
            MASK,
        ],
    ),
    (
        &[50],
        &[
            Bool(f::LAYOUTAVAIL),
            Word(f::LAYOUTTYPE),
            Word(f::IOMODE),
            Hyper(f::OFFSET4),
            Hyper(f::LENGTH4),
            Hyper(f::MINLENGTH),
            STATEID,
            Word(f::MAXCOUNT),
        ],
    ),
    (
        &[51],
        &[
            Bool(f::RECLAIM4),
            Word(f::LAYOUTTYPE),
            Word(f::IOMODE),
            With(returned),
        ],
    ),
    (&[52], &[Word(f::SECINFO_STYLE)]),
    (&[53], SEQUENCE),
    (&[58], &[Bool(f::RECLAIM_ONE_FS)]),
];

/// Operations of the back channel.
static CALLBACKS: &[(&[u32], &[Item])] = &[
    (&[11], SEQUENCE),
    (&[4], &[STATEID, Words(1), Branch("fh", &[Handle])]),
];

/// The arguments of an operation; `None` where they are not known, so that nothing behind them can be read.
pub(super) fn of(code: u32, back: bool) -> Option<&'static [Item]> {
    let table = if back { CALLBACKS } else { ARGUMENTS };
    let found = table.iter().find(|(of, _)| of.contains(&code));
    found.map(|(_, items)| *items)
}

const SEQUENCE: &[Item] = &[With(sequence)];

fn sequence(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    reader.tell(SESSION, w)?;
    reader.tell(&[Bool(f::CACHETHIS)], w)
}

/// `createtype4`.
fn create_type(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::FTYPE4, w)? {
        5 => reader.tell(&[Text(f::SYMLINK_TO)], w),
        3 | 4 => reader.tell(&[Word(f::SPECDATA1), Word(f::SPECDATA2)], w),
        _ => Some(()),
    }
}

/// `locker4`.
fn locker(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const NEW: &[Item] = &[
        Word(f::SEQID),
        STATEID,
        Word(f::LOCK_SEQID),
        Hyper(f::CLIENTID),
        Opaque(f::LOCK_OWNER),
    ];
    if reader.flag(f::NEW_LOCK_OWNER, w)? {
        reader.tell(NEW, w)
    } else {
        reader.tell(&[STATEID, Word(f::LOCK_SEQID)], w)
    }
}

/// `openflag4`.
fn open_how(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    if reader.number(f::OPENTYPE, w)? != 1 {
        return Some(());
    }
    match reader.number(f::CREATEMODE4, w)? {
        0 | 1 => reader.tell(&[ATTRIBUTES], w),
        2 => reader.tell(&[Hyper(f::VERIFIER4)], w),
        _ => reader.tell(&[Hyper(f::VERIFIER4), ATTRIBUTES], w),
    }
}

/// `open_claim4`.
fn open_claim(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::CLAIM_TYPE, w)? {
        0 | 3 => reader.tell(&[NAME], w),
        1 => reader.tell(&[Word(f::DELEGATION_TYPE)], w),
        2 => reader.tell(&[STATEID, NAME], w),
        5 => reader.tell(&[STATEID], w),
        _ => Some(()),
    }
}

/// What is written: its length is a field of its own.
fn written(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let len = reader.number(f::WRITE_DATA_LENGTH, w)?;
    w.uint(OPAQUE_LENGTH, len, at, 4);
    let (data, whole) = reader.body(len as usize)?;
    w.bytes(f::DATA, data, at + 4);
    whole.then_some(())
}

/// `state_protect4_a`: without protection nothing follows.
fn protection(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    (reader.number(f::STATE_PROTECT, w)? == 0).then_some(())
}

/// `nfs_impl_id4`, where it is given.
pub(super) fn implementation(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const IMPLEMENTATION: &[Item] = &[
        Text(f::NII_DOMAIN),
        Text(f::NII_NAME),
        Hyper(f::TIME4_SECONDS),
        Word(f::TIME4_NSECONDS),
    ];
    for _ in 0..reader.word()? {
        reader.tell(IMPLEMENTATION, w)?;
    }
    Some(())
}

fn rdma(reader: &mut Reader<'_>, _: &mut Writer<'_>) -> Option<()> {
    for _ in 0..reader.word()? {
        reader.word()?;
    }
    Some(())
}

/// `callback_sec_parms4`.
fn security(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const SYS: &[Item] = &[
        Word(f::STAMP4),
        Text(f::MACHINENAME4),
        Word(f::UID4),
        Word(f::GID4),
        With(rdma),
    ];
    for _ in 0..reader.word()? {
        match reader.number(f::FLAVOR4, w)? {
            0 => {}
            1 => reader.tell(SYS, w)?,
            _ => return None,
        }
    }
    Some(())
}

/// `layoutreturn4`.
fn returned(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::RETURNTYPE, w)? {
        1 => reader.tell(
            &[
                Hyper(f::OFFSET4),
                Hyper(f::LENGTH4),
                STATEID,
                Opaque(f::DATA),
            ],
            w,
        ),
        _ => Some(()),
    }
}

pub(super) const CHANNEL_ATTRIBUTES: &[Item] = CHANNEL;
