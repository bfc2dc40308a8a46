//! `fattr4`: masks of attributes, and the values of those whose shape is known (RFC 8881 section 5).

use super::super::super::fields::nfs as f;
use super::super::items::Item::{self, Bool, Handle, Hyper, Text, With, Word, Words};
use super::super::items::Reader;
use crate::field::{Value, Writer};

/// Words of a mask that are read; three are defined.
const MASKS: u32 = 8;

const TIME: &[Item] = &[Hyper(f::TIME4_SECONDS), Word(f::TIME4_NSECONDS)];

/// The attributes by their numbers; what has no field is passed over.
static SHAPES: &[(u32, &[Item])] = &[
    (0, &[With(mask)]),
    (1, &[Word(f::FTYPE4)]),
    (2, &[Word(f::FATTR4_FH_EXPIRE)]),
    (3, &[Hyper(f::CHANGEID)]),
    (4, &[Hyper(f::FATTR4_SIZE)]),
    (5, &[Bool(f::FATTR4_LINK_SUPPORT)]),
    (6, &[Bool(f::FATTR4_SYMLINK_SUPPORT)]),
    (7, &[Words(1)]),
    (8, &[Hyper(f::FSID4_MAJOR), Hyper(f::FSID4_MINOR)]),
    (9, &[Words(1)]),
    (10, &[Word(f::FATTR4_LEASE_TIME)]),
    (11, &[Words(1)]),
    (13, &[Word(f::FATTR4_ACLSUPPORT)]),
    (14, &[Words(1)]),
    (15, &[Words(1)]),
    (16, &[Words(1)]),
    (17, &[Words(1)]),
    (18, &[Words(1)]),
    (19, &[Handle]),
    (20, &[Hyper(f::FATTR4_FILEID)]),
    (21, &[Words(2)]),
    (22, &[Words(2)]),
    (23, &[Words(2)]),
    (25, &[Words(1)]),
    (26, &[Words(1)]),
    (27, &[Hyper(f::FATTR4_MAXFILESIZE)]),
    (28, &[Word(f::FATTR4_MAXLINK)]),
    (29, &[Word(f::FATTR4_MAXNAME)]),
    (30, &[Hyper(f::FATTR4_MAXREAD)]),
    (31, &[Hyper(f::FATTR4_MAXWRITE)]),
    (33, &[Word(f::MODE)]),
    (34, &[Words(1)]),
    (35, &[Word(f::FATTR4_NUMLINKS)]),
    (36, &[Text(f::FATTR4_OWNER)]),
    (37, &[Text(f::FATTR4_OWNER_GROUP)]),
    (38, &[Words(2)]),
    (39, &[Words(2)]),
    (40, &[Words(2)]),
    (41, &[Word(f::SPECDATA1), Word(f::SPECDATA2)]),
    (42, &[Words(2)]),
    (43, &[Words(2)]),
    (44, &[Words(2)]),
    (45, &[Hyper(f::FATTR4_SPACE_USED)]),
    (46, &[Words(1)]),
    (47, TIME),
    (50, TIME),
    (51, TIME),
    (52, TIME),
    (53, TIME),
    (55, &[Hyper(f::FATTR4_MOUNTED_ON)]),
    (62, &[With(layout_types)]),
    (64, &[With(layout_types)]),
    (65, &[Word(f::FATTR4_LAYOUT_BLKSIZE)]),
    (66, &[Words(1)]),
    (75, &[With(mask)]),
];

/// A word of a mask: its number, where it stands, its bits.
type Mask = (u32, usize, u32);

/// Reads a mask, the words that are empty left out.
fn masks(reader: &mut Reader<'_>) -> Option<Vec<Mask>> {
    let words = reader.word()?;
    let mut masks = Vec::new();
    for place in 0..words {
        let at = reader.at();
        let mask = reader.word()?;
        if mask != 0 && place < MASKS {
            masks.push((place, at, mask));
        }
    }
    Some(masks)
}

/// Writes a word of a mask; `tell` the value of each attribute.
fn write((place, at, mask): Mask, w: &mut Writer<'_>, mut tell: impl FnMut(u32, &mut Writer<'_>)) {
    w.parts(f::ATTR_MASK, Value::Uint(mask.into()), at, 4, |w| {
        w.uint(f::ATTR_COUNT, mask.count_ones(), at, 4);
        for bit in (0..32).filter(|bit| mask >> bit & 1 == 1) {
            let number = place * 32 + bit;
            w.parts(f::ATTR, Value::Uint(number.into()), at, 0, |w| {
                tell(number, w);
            });
        }
    });
}

/// A mask alone.
pub(super) fn mask(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    for mask in masks(reader)? {
        write(mask, w, |_, _| {});
    }
    Some(())
}

/// A mask and the values.
pub(super) fn values(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let masks = masks(reader)?;
    let len = reader.word()?;
    let at = reader.at();
    let (bytes, whole) = reader.body(len as usize)?;
    let mut inner = Reader::new(bytes, at, w);
    // Behind an attribute of unknown shape nothing can be read.
    let mut lost = false;
    for mask in masks {
        write(mask, w, |number, w| {
            let shape = SHAPES.binary_search_by_key(&number, |(n, _)| *n).ok();
            let items = shape.and_then(|place| SHAPES.get(place));
            lost = lost || items.and_then(|(_, items)| inner.tell(items, w)).is_none();
        });
    }
    whole.then_some(())
}

/// Words after their number, each a layout's type.
fn layout_types(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    for _ in 0..reader.word()? {
        reader.number(f::LAYOUTTYPE, w)?;
    }
    Some(())
}
