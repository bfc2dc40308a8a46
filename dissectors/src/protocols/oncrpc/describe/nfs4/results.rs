//! What follows an operation's status in a reply.

use super::super::super::fields::nfs as f;
use super::super::super::fields::rpc::VALUE_FOLLOWS;
use super::super::items::Item::{
    self, Bool, Branch, Fixed, Handle, Hyper, List, Opaque, Text, With, Word,
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

/// The results of an operation that succeeded; `None` where they are not known.
pub(super) fn of(code: u32, back: bool) -> Option<&'static [Item]> {
    Some(match (code, back) {
        (11, true) => SEQUENCED,
        (4, true) => &[],
        (_, true) => return None,
        (3, _) => &[With(access_results)],
        (4 | 12 | 14 | 20 | 21 | 34, _) if code != 34 => &[STATEID],
        (5, _) => &[Hyper(f::VERIFIER4)],
        (6, _) => &[CHANGE, With(attributes::mask)],
        (9, _) => &[With(attributes::values)],
        (10, _) => &[Branch("Filehandle", &[Handle])],
        (11 | 28, _) => &[CHANGE],
        (8 | 13 | 15..=17 | 22..=24 | 30..=32 | 36 | 37 | 39 | 44 | 45 | 57 | 58, _) => &[],
        (18, _) => &[
            STATEID,
            CHANGE,
            Word(f::OPEN_RFLAGS),
            With(attributes::mask),
            With(delegation),
        ],
        (25, _) => &[Bool(f::READ_EOF), With(read)],
        (26, _) => &[
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
        (27, _) => &[Text(f::READLINK_DATA)],
        (29, _) => &[CHANGE, CHANGE],
        (34, _) => &[With(attributes::mask)],
        (35, _) => &[Hyper(f::CLIENTID), Hyper(f::VERIFIER4)],
        (38, _) => &[Word(f::COUNT4), Word(f::STABLE_HOW), Hyper(f::VERIFIER4)],
        (42, _) => &[
            Hyper(f::CLIENTID),
            Word(f::SEQID),
            Word(f::EXCHANGE_REPLY_FLAGS),
            With(protected),
            Hyper(f::MINORID),
            Opaque(f::MAJORID),
            Opaque(f::SCOPE),
            With(implementation),
        ],
        (43, _) => &[
            Fixed(f::SESSION_ID, 16),
            Word(f::SEQID),
            Word(f::CREATE_SESSION_FLAGS),
            Branch("csr_fore_chan_attrs", CHANNEL_ATTRIBUTES),
            Branch("csr_back_chan_attrs", CHANNEL_ATTRIBUTES),
        ],
        (51, _) => &[With(returned)],
        (53, _) => SEQUENCED,
        _ => return None,
    })
}

const SEQUENCED: &[Item] = &[With(sequenced)];

fn sequenced(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    reader.tell(SESSION, w)?;
    reader.tell(&[Word(f::TARGET_HIGH_SLOTID), Word(f::SEQUENCE_FLAGS)], w)
}

/// `open_delegation4`: with a delegation an access list follows, which is not read.
fn delegation(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    match reader.number(f::DELEGATION_TYPE, w)? {
        0 => Some(()),
        1 | 2 => {
            reader.tell(&[STATEID, Bool(f::RECALL)], w)?;
            None
        }
        _ => None,
    }
}

/// What was read: count and data.
fn read(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let len = reader.number(f::COUNT4, w)?;
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
