//! What follows an operation's status in a reply.

use super::super::super::fields::nfs as f;
use super::super::super::fields::rpc::{ARRAY_LEN, OPAQUE_LENGTH, VALUE_FOLLOWS};
use super::super::items::Item::{
    self, Array, Bool, Branch, Fixed, Handle, Hyper, List, Opaque, Text, With, Word, Words,
};
use super::super::items::Reader;
use super::arguments::{CHANNEL_ATTRIBUTES, implementation};
use super::{SESSION, access_results, attributes, stateid};
use crate::field::Writer;

const STATEID: Item = With(stateid);
const CHANGE: Item = Branch(
    "change_info",
    &[
        Bool(f::CHANGE_ATOMIC),
        Hyper(f::CHANGEID_BEFORE),
        Hyper(f::CHANGEID_AFTER),
    ],
);

/// Operations of the fore channel.
static RESULTS: &[(&[u32], &[Item])] = &[
    (&[3], &[With(access_results)]),
    (&[4, 12, 14, 20, 21], &[STATEID]),
    (&[5], &[Hyper(f::VERIFIER4)]),
    (&[6], &[CHANGE, With(attributes::mask)]),
    (&[9], &[With(attributes::values)]),
    (&[10], &[Branch("Filehandle", &[Handle])]),
    (&[11, 28], &[CHANGE]),
    (
        &[
            8, 13, 15, 16, 17, 22, 23, 24, 30, 31, 32, 36, 37, 39, 44, 45, 57, 58,
        ],
        &[],
    ),
    (
        &[18],
        &[
            STATEID,
            CHANGE,
            Word(f::OPEN_RFLAGS),
            With(attributes::mask),
            With(delegation),
        ],
    ),
    (&[25], &[Bool(f::READ_EOF), With(read)]),
    (
        &[26],
        &[
            Hyper(f::COOKIE_VERF4),
            List(
                VALUE_FOLLOWS,
                &[
                    Hyper(f::COOKIE4),
                    Text(f::COMPONENT),
                    With(attributes::values),
                ],
            ),
            Bool(f::READ_EOF),
        ],
    ),
    (&[27], &[Text(f::READLINK_DATA)]),
    (&[29], &[CHANGE, CHANGE]),
    (&[34], &[With(attributes::mask)]),
    (&[35], &[Hyper(f::CLIENTID), Hyper(f::VERIFIER4)]),
    (
        &[38],
        &[Word(f::COUNT4), Word(f::STABLE_HOW), Hyper(f::VERIFIER4)],
    ),
    (
        &[42],
        &[
            Hyper(f::CLIENTID),
            Word(f::SEQID),
            Word(f::EXCHANGE_REPLY_FLAGS),
            With(protected),
            Hyper(f::MINORID),
            Opaque(f::MAJORID),
            Opaque(f::SCOPE),
            With(implementation),
        ],
    ),
    (
        &[43],
        &[
            Fixed(f::SESSION_ID, 16),
            Word(f::SEQID),
            Word(f::CREATE_SESSION_FLAGS),
            Branch("csr_fore_chan_attrs", CHANNEL_ATTRIBUTES),
            Branch("csr_back_chan_attrs", CHANNEL_ATTRIBUTES),
        ],
    ),
    (&[33, 52], &[Array(ARRAY_LEN, &[With(flavor)])]),
    (&[47], &[With(device), With(attributes::mask)]),
    (&[50], &[Bool(f::RETCLOSE), STATEID, With(layouts)]),
    (&[51], &[With(returned)]),
    (&[53], SEQUENCED),
];

/// Operations of the back channel.
static CALLBACKS: &[(&[u32], &[Item])] = &[(&[11], SEQUENCED), (&[4], &[])];

/// The results of an operation that succeeded; `None` where they are not known.
pub(super) fn of(code: u32, back: bool) -> Option<&'static [Item]> {
    let table = if back { CALLBACKS } else { RESULTS };
    let found = table.iter().find(|(of, _)| of.contains(&code));
    found.map(|(_, items)| *items)
}

const SEQUENCED: &[Item] = &[With(sequenced)];

fn sequenced(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    reader.tell(SESSION, w)?;
    reader.tell(&[Word(f::TARGET_HIGH_SLOTID), Word(f::SEQUENCE_FLAGS)], w)
}

/// `nfsace4`.
const ENTRY: &[Item] = &[
    Word(f::ACE_TYPE),
    Word(f::ACE_FLAGS),
    Word(f::ACE_MASK),
    Text(f::WHO),
];

/// `open_delegation4`.
fn delegation(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::DELEGATION_TYPE, w)? {
        0 => Some(()),
        1 => {
            reader.tell(&[STATEID, Bool(f::RECALL)], w)?;
            reader.tell(ENTRY, w)
        }
        2 => {
            reader.tell(&[STATEID, Bool(f::RECALL)], w)?;
            match reader.number(f::OPEN_LIMIT_BY, w)? {
                1 => reader.tell(&[Hyper(f::FILESIZE)], w)?,
                _ => reader.tell(&[Words(2)], w)?,
            }
            reader.tell(ENTRY, w)
        }
        _ => None,
    }
}

/// `secinfo4`.
fn flavor(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const GSS: &[Item] = &[
        Opaque(f::SECINFO_OID),
        Word(f::SECINFO_QOP),
        Word(f::SECINFO_SERVICE),
    ];
    match reader.number(f::SECINFO_FLAVOR, w)? {
        6 => reader.tell(GSS, w),
        _ => Some(()),
    }
}

/// `layout4`: of files its stripes and handles (RFC 8881 section 13.3), of others nothing.
fn layout(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    const FILES: &[Item] = &[
        Fixed(f::DEVICEID, 16),
        Word(f::NFL_UTIL),
        Word(f::NFL_FIRST_STRIPE),
        Hyper(f::OFFSET4),
        Array(f::NFL_FHS, &[Handle]),
    ];
    reader.tell(&[Hyper(f::OFFSET4), Hyper(f::LENGTH4), Word(f::IOMODE)], w)?;
    let kind = reader.number(f::LAYOUTTYPE, w)?;
    opaque(reader, w, (kind == 1).then_some(FILES))
}

/// Items within opaque data.
fn opaque(reader: &mut Reader<'_>, w: &mut Writer<'_>, items: Option<&[Item]>) -> Option<()> {
    let len = reader.word()?;
    let at = reader.at();
    let (bytes, whole) = reader.body(len as usize)?;
    if let Some(items) = items {
        // What is cut short within does not stop what follows.
        let _ = Reader::new(bytes, at, w).tell(items, w);
    }
    whole.then_some(())
}

fn layouts(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    for _ in 0..reader.word()? {
        layout(reader, w)?;
    }
    Some(())
}

/// `device_addr4`: of files the servers (section 13.2.1).
fn device(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let kind = reader.number(f::LAYOUTTYPE, w)?;
    opaque(reader, w, (kind == 1).then_some(&[With(servers)]))
}

fn servers(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    for _ in 0..reader.word()? {
        reader.number(f::DEVICEIDX, w)?;
    }
    for _ in 0..reader.word()? {
        for _ in 0..reader.word()? {
            reader.tell(&[Text(f::R_NETID), Text(f::R_ADDR)], w)?;
        }
    }
    Some(())
}

/// What was read: count and data.
fn read(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let len = reader.number(f::READ_DATA_LENGTH, w)?;
    w.uint(OPAQUE_LENGTH, len, at, 4);
    let (data, whole) = reader.body(len as usize)?;
    w.bytes(f::DATA, data, at + 4);
    whole.then_some(())
}

fn protected(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    (reader.number(f::STATE_PROTECT, w)? == 0).then_some(())
}

/// `layoutreturn_stateid`.
fn returned(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.word()? {
        1 => reader.tell(&[STATEID], w),
        _ => Some(()),
    }
}
