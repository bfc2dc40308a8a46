//! NFSv4's compounds (RFC 7530 section 16, RFC 8881 section 18): each operation's arguments or results, as far as a
//! table knows them.

mod arguments;
mod attributes;
mod results;

use super::super::fields::nfs as f;
use super::super::nfs4::Channel;
use super::super::status;
use super::items::Item::{self, Fixed, Word};
use super::items::{Reader, crc16, crc32};
use crate::field::{FieldId, Value, Writer};

/// Operations of one compound that are told.
const OPERATIONS: u32 = 256;

const SESSION: &[Item] = &[
    Fixed(f::SESSION_ID, 16),
    Word(f::SEQID),
    Word(f::SLOTID),
    Word(f::HIGH_SLOTID),
];

const fn channel(back: bool) -> Channel {
    if back { Channel::Back } else { Channel::Fore }
}

/// The arguments of a COMPOUND, or of a CB_COMPOUND.
pub(super) fn call(reader: &mut Reader<'_>, w: &mut Writer<'_>, back: bool) -> Option<()> {
    reader.tell(&[Item::Text(f::TAG), Word(f::MINORVERSION)], w)?;
    if back {
        reader.number(f::CALLBACK_IDENT, w)?;
    }
    operations(reader, w, channel(back), |code, reader, w| {
        reader.tell(arguments::of(code, back)?, w)
    })
}

/// The results of either.
pub(super) fn reply(reader: &mut Reader<'_>, w: &mut Writer<'_>, back: bool) -> Option<()> {
    super::nfs_status(reader, w, f::STATUS4, 4)?;
    reader.tell(&[Item::Text(f::TAG)], w)?;
    operations(reader, w, channel(back), |code, reader, w| {
        let at = reader.at();
        let code_is = reader.number(f::STATUS4, w)?;
        w.uint(f::STATUS, code_is, at, 4);
        if code_is != 0 {
            reader.note(|| format!(" ({})", status::nfs(4, code_is)));
        }
        match code_is {
            0 => reader.tell(results::of(code, back)?, w),
            // LOCK and LOCKT tell who holds it; others end with their status.
            _ => Some(()),
        }
    })
}

fn operations(
    reader: &mut Reader<'_>,
    w: &mut Writer<'_>,
    channel: Channel,
    mut tell: impl FnMut(u32, &mut Reader<'_>, &mut Writer<'_>) -> Option<()>,
) -> Option<()> {
    let at = reader.at();
    let count = reader.word()?;
    let mut seen = Vec::new();
    let mut inner = |w: &mut Writer<'_>| -> Option<()> {
        for number in 0..count.min(OPERATIONS) {
            let at = reader.at();
            let code = reader.word()?;
            seen.push(code);
            reader.note(|| {
                let between = if number > 0 { ", " } else { " " };
                format!("{between}{}", channel.name(code))
            });
            let mut told = None;
            w.parts(f::OPCODE, Value::Uint(code.into()), at, 4, |w| {
                told = tell(code, reader, w);
            });
            told?;
        }
        Some(())
    };
    let mut done = None;
    w.parts(f::OPS_COUNT, Value::Uint(count.into()), at, 4, |w| {
        done = inner(w);
    });
    let least = seen.iter().map(|code| tier(*code)).min();
    for code in &seen {
        if channel == Channel::Fore && Some(tier(*code)) == least {
            w.uint(f::MAIN_OPCODE, *code, 0, 0);
        }
    }
    done
}

/// How much an operation is what the compound is for; 1 is most.
const fn tier(code: u32) -> u8 {
    match code {
        // PUTFH, GETFH, SAVEFH, RESTOREFH and SEQUENCE only lead to something.
        10 | 22 | 31 | 32 | 53 => 4,
        // GETATTR is there beside nearly everything.
        9 | 23 | 24 => 3,
        3 | 17 | 37 => 2,
        _ => 1,
    }
}

/// `stateid4`.
fn stateid(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let id = reader.fixed(16)?;
    let (seqid, other) = id.split_first_chunk::<4>()?;
    w.parts(f::STATEID, Value::Bytes(id), at, 16, |w| {
        if w.wants(f::STATEID_HASH) {
            w.uint(f::STATEID_HASH, crc16(id), at, 16);
        }
        w.uint(f::STATEID_SEQID, u32::from_be_bytes(*seqid), at, 4);
        w.bytes(f::STATEID_OTHER, other, at + 4);
        if w.wants(f::STATEID_OTHER_HASH) {
            w.uint(f::STATEID_OTHER_HASH, crc32(other), at + 4, 12);
        }
    });
    reader.note(|| format!(" StateID: 0x{:04x}", crc16(id)));
    Some(())
}

/// Rights, those of `of` shown one by one.
fn rights(id: FieldId, set: u32, (of, fields): (u32, [FieldId; 6]), at: usize, w: &mut Writer<'_>) {
    w.parts(id, Value::Uint(u64::from(set & 0xff)), at, 4, |w| {
        for (bit, right) in fields.into_iter().enumerate() {
            if of >> bit & 1 == 1 {
                w.bool(right, set >> bit & 1 == 1, at, 4);
            }
        }
    });
}

const GRANTED: [FieldId; 6] = [
    f::ACCESS_READ,
    f::ACCESS_LOOKUP,
    f::ACCESS_MODIFY,
    f::ACCESS_EXTEND,
    f::ACCESS_DELETE,
    f::ACCESS_EXECUTE,
];
const JUDGED: [FieldId; 6] = [
    f::ACCESS_SUPP_READ,
    f::ACCESS_SUPP_LOOKUP,
    f::ACCESS_SUPP_MODIFY,
    f::ACCESS_SUPP_EXTEND,
    f::ACCESS_SUPP_DELETE,
    f::ACCESS_SUPP_EXECUTE,
];

pub(super) fn access_call(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let check = reader.word()?;
    rights(f::ACCESS_CHECK, check, (check, GRANTED), at, w);
    reader.note(|| format!(", [Check:{}]", letters(check)));
    Some(())
}

/// The rights that a reply grants of those that were asked about.
pub(super) fn access_granted(
    asked: u32,
    reader: &mut Reader<'_>,
    w: &mut Writer<'_>,
) -> Option<()> {
    let at = reader.at();
    let granted = reader.word()?;
    rights(f::ACCESS_RIGHTS, granted, (asked, GRANTED), at, w);
    if asked & !granted != 0 {
        reader.note(|| format!(", [Access Denied:{}]", letters(asked & !granted)));
    }
    reader.note(|| format!(", [Allowed:{}]", letters(granted & asked)));
    Some(())
}

fn access_results(reader: &mut Reader<'_>, w: &mut Writer<'_>) -> Option<()> {
    let at = reader.at();
    let supported = reader.word()?;
    rights(f::ACCESS_SUPPORTED, supported, (supported, JUDGED), at, w);
    access_granted(supported, reader, w)
}

/// Rights as tshark abbreviates them: ` RD LU MD XT DL XE`.
fn letters(rights: u32) -> String {
    ["RD", "LU", "MD", "XT", "DL", "XE"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| rights >> bit & 1 == 1)
        .fold(String::new(), |all, (_, name)| all + " " + name)
}
