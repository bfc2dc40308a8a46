//! NFSv4 COMPOUND: the operations in it (RFC 7530 section 16, RFC 8881 section 18, RFC 7862, RFC 8276).
//!
//! Each operation's arguments have to be passed over to reach the next operation; a table says their shape.

use super::xdr::{Xdr, text};
use crate::event::Op;

/// Operations remembered of one compound, to name the one that failed.
pub(super) const OPS: usize = 14;
/// The longest name, handle or opaque that is passed over.
const LONGEST: u32 = 64 * 1024;

/// One part of an operation's arguments.
#[derive(Clone, Copy)]
enum Part {
    /// So many words.
    Words(u8),
    /// Opaque data.
    Opaque,
    /// A name worth showing.
    Name,
    /// A list of words: an attribute bitmap.
    Bitmap,
    /// Byte range: offset and count, shown. The count has 4 bytes.
    Range,
    /// A union or a list.
    Union(fn(&mut Xdr<'_>) -> Option<()>),
    /// Not followed: what comes behind stays unread.
    Unread,
}

use Part::{Bitmap, Name, Opaque, Range, Union, Unread, Words};

/// A state id: a sequence number and 12 bytes.
const STATEID: Part = Words(4);
/// A session id.
const SESSIONID: Part = Words(4);

/// Name and argument shape of an operation.
type Shape = (&'static str, &'static [Part]);

/// From operation 3 on.
static OPERATIONS: &[Shape] = &[
    ("ACCESS", &[Words(1)]),
    ("CLOSE", &[Words(1), STATEID]),
    ("COMMIT", &[Range]),
    ("CREATE", &[Union(create_type), Name, Bitmap, Opaque]),
    ("DELEGPURGE", &[Words(2)]),
    ("DELEGRETURN", &[STATEID]),
    ("GETATTR", &[Bitmap]),
    ("GETFH", &[]),
    ("LINK", &[Name]),
    ("LOCK", &[Words(6), Union(locker)]),
    ("LOCKT", &[Words(5), Words(2), Opaque]),
    ("LOCKU", &[Words(2), STATEID, Words(4)]),
    ("LOOKUP", &[Name]),
    ("LOOKUPP", &[]),
    ("NVERIFY", &[Bitmap, Opaque]),
    (
        "OPEN",
        &[
            Words(5),
            Opaque,
            Union(open_how),
            Union(open_delegation),
            Name,
        ],
    ),
    ("OPENATTR", &[Words(1)]),
    ("OPEN_CONFIRM", &[STATEID, Words(1)]),
    ("OPEN_DOWNGRADE", &[STATEID, Words(3)]),
    ("PUTFH", &[Opaque]),
    ("PUTPUBFH", &[]),
    ("PUTROOTFH", &[]),
    ("READ", &[STATEID, Range]),
    ("READDIR", &[Words(6), Bitmap]),
    ("READLINK", &[]),
    ("REMOVE", &[Name]),
    ("RENAME", &[Name, Name]),
    ("RENEW", &[Words(2)]),
    ("RESTOREFH", &[]),
    ("SAVEFH", &[]),
    ("SECINFO", &[Name]),
    ("SETATTR", &[STATEID, Bitmap, Opaque]),
    (
        "SETCLIENTID",
        &[Words(2), Name, Words(1), Opaque, Opaque, Words(1)],
    ),
    ("SETCLIENTID_CONFIRM", &[Words(4)]),
    ("VERIFY", &[Bitmap, Opaque]),
    ("WRITE", &[STATEID, Words(3), Opaque]),
    ("RELEASE_LOCKOWNER", &[Words(2), Opaque]),
    ("BACKCHANNEL_CTL", &[Unread]),
    ("BIND_CONN_TO_SESSION", &[SESSIONID, Words(2)]),
    ("EXCHANGE_ID", &[Words(2), Name, Unread]),
    ("CREATE_SESSION", &[Unread]),
    ("DESTROY_SESSION", &[SESSIONID]),
    ("FREE_STATEID", &[STATEID]),
    ("GET_DIR_DELEGATION", &[Unread]),
    ("GETDEVICEINFO", &[Words(6), Bitmap]),
    ("GETDEVICELIST", &[Words(6)]),
    (
        "LAYOUTCOMMIT",
        &[
            Words(5),
            STATEID,
            Union(optional_hyper),
            Union(optional_time),
            Words(1),
            Opaque,
        ],
    ),
    ("LAYOUTGET", &[Words(9), STATEID, Words(1)]),
    ("LAYOUTRETURN", &[Words(3), Union(layout_return)]),
    ("SECINFO_NO_NAME", &[Words(1)]),
    ("SEQUENCE", &[SESSIONID, Words(4)]),
    ("SET_SSV", &[Opaque, Opaque]),
    ("TEST_STATEID", &[Union(stateids)]),
    ("WANT_DELEGATION", &[Unread]),
    ("DESTROY_CLIENTID", &[Words(2)]),
    ("RECLAIM_COMPLETE", &[Words(1)]),
    ("ALLOCATE", &[STATEID, Words(4)]),
    ("COPY", &[Unread]),
    ("COPY_NOTIFY", &[Unread]),
    ("DEALLOCATE", &[STATEID, Words(4)]),
    ("IO_ADVISE", &[STATEID, Words(4), Bitmap]),
    ("LAYOUTERROR", &[Unread]),
    ("LAYOUTSTATS", &[Unread]),
    ("OFFLOAD_CANCEL", &[STATEID]),
    ("OFFLOAD_STATUS", &[STATEID]),
    ("READ_PLUS", &[STATEID, Range]),
    ("SEEK", &[STATEID, Words(3)]),
    ("WRITE_SAME", &[Unread]),
    ("CLONE", &[STATEID, STATEID, Words(6)]),
    ("GETXATTR", &[Name]),
    ("SETXATTR", &[Words(1), Name, Opaque]),
    ("LISTXATTRS", &[Words(3)]),
    ("REMOVEXATTR", &[Name]),
];

/// Operations of the back channel, from 3 on (RFC 8881 section 20).
static CALLBACKS: &[Shape] = &[
    ("CB_GETATTR", &[Opaque, Bitmap]),
    ("CB_RECALL", &[STATEID, Words(1), Opaque]),
    ("CB_LAYOUTRECALL", &[Unread]),
    ("CB_NOTIFY", &[Unread]),
    ("CB_PUSH_DELEG", &[Unread]),
    ("CB_RECALL_ANY", &[Words(1), Bitmap]),
    ("CB_RECALLABLE_OBJ_AVAIL", &[Words(1)]),
    ("CB_RECALL_SLOT", &[Words(1)]),
    (
        "CB_SEQUENCE",
        &[SESSIONID, Words(4), Union(referring_calls)],
    ),
    ("CB_WANTS_CANCELLED", &[Words(2)]),
    ("CB_NOTIFY_LOCK", &[Opaque, Words(2), Opaque]),
    ("CB_NOTIFY_DEVICEID", &[Unread]),
    ("CB_OFFLOAD", &[Unread]),
];

/// Which of the two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Fore,
    Back,
}

impl Channel {
    fn shape(self, code: u32) -> Option<&'static Shape> {
        let table = match self {
            Self::Fore => OPERATIONS,
            Self::Back => CALLBACKS,
        };
        table.get((code as usize).checked_sub(3)?)
    }

    /// The operation's name; empty for an unknown number.
    pub(super) fn name(self, code: u32) -> &'static str {
        self.shape(code).map_or("", |(name, _)| *name)
    }

    const fn group(self) -> &'static str {
        match self {
            Self::Fore => "nfs4",
            Self::Back => "nfs4cb",
        }
    }
}

/// The operations of a compound, the first [`OPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compound {
    pub(super) channel: Channel,
    pub(super) minor: u32,
    codes: [u8; OPS],
    known: u8,
    /// Operations that the call says to hold.
    pub(super) count: u32,
}

/// Reads a call's arguments. `shown`: where to write the operations in words, if anybody reads them.
pub(super) fn compound(
    args: &[u8],
    channel: Channel,
    shown: Option<&mut String>,
) -> Option<Compound> {
    let mut xdr = Xdr::new(args);
    let _tag = xdr.opaque(LONGEST)?;
    let minor = xdr.word()?;
    if channel == Channel::Back {
        let _callback_ident = xdr.word()?;
    }
    let mut compound = Compound {
        channel,
        minor,
        codes: [0; OPS],
        known: 0,
        count: xdr.word()?,
    };
    // The walk may stop early: what was read of the list stays.
    let _ = compound.walk(&mut xdr, shown);
    Some(compound)
}

impl Compound {
    fn walk(&mut self, xdr: &mut Xdr<'_>, mut shown: Option<&mut String>) -> Option<()> {
        for (index, slot) in (0..self.count).zip(0..OPS) {
            let code = xdr.word()?;
            let (name, parts) = self.channel.shape(code)?;
            if let Some(place) = self.codes.get_mut(slot) {
                *place = code as u8;
                self.known += 1;
            }
            if let Some(text) = shown.as_deref_mut() {
                if index > 0 {
                    text.push_str(", ");
                }
                text.push_str(name);
            }
            for part in *parts {
                pass(*part, xdr, shown.as_deref_mut())?;
            }
        }
        Some(())
    }

    fn codes(&self) -> &[u8] {
        self.codes.get(..usize::from(self.known)).unwrap_or(&[])
    }

    /// What the compound is for: the operation that matters most among its plumbing.
    pub(super) fn main(&self) -> Op {
        let rank = |code: u8| match (self.channel, code) {
            // SEQUENCE, PUTFH and its kin, GETFH, SAVEFH, RESTOREFH only lead to something.
            (Channel::Fore, 10 | 22 | 23 | 24 | 31 | 32 | 53) | (Channel::Back, 11) => 0,
            // Attributes are asked for beside nearly everything.
            (Channel::Fore, 9 | 17 | 37) => 1,
            (Channel::Fore, 3 | 15 | 16) => 2,
            _ => 3,
        };
        let mut best = None;
        for code in self.codes() {
            if best.is_none_or(|b| rank(*code) > rank(b)) {
                best = Some(*code);
            }
        }
        let group = self.channel.group();
        match best {
            Some(code) => Op::of(group, self.channel.name(u32::from(code)), u32::from(code)),
            None if self.channel == Channel::Back => Op::of(group, "CB_COMPOUND", 1),
            None => Op::of(group, "COMPOUND", 1),
        }
    }

    /// The name of the operation that ended a compound of which `done` results came; empty if it is not known.
    pub(super) fn last_of(&self, done: u32) -> &'static str {
        let code = (done as usize)
            .checked_sub(1)
            .and_then(|at| self.codes().get(at));
        code.map_or("", |code| self.channel.name(u32::from(*code)))
    }
}

/// Status and number of results of a COMPOUND's reply; where the capture cut it, more than there can be.
pub(super) fn result(results: &[u8]) -> Option<(u32, u32)> {
    let mut xdr = Xdr::new(results);
    let status = xdr.word()?;
    let _tag = xdr.opaque(LONGEST);
    Some((status, xdr.word().unwrap_or(u32::MAX)))
}

fn pass(part: Part, xdr: &mut Xdr<'_>, shown: Option<&mut String>) -> Option<()> {
    match part {
        Words(count) => xdr.skip_words(usize::from(count)),
        Opaque => xdr.opaque(LONGEST).map(|_| ()),
        Bitmap => {
            let words = xdr.word()?;
            xdr.skip_words(words as usize)
        }
        Name => {
            let name = xdr.opaque(LONGEST)?;
            if let Some(shown) = shown {
                shown.push(' ');
                shown.push_str(&text(name));
            }
            Some(())
        }
        Range => {
            let (offset, count) = (xdr.hyper()?, xdr.word()?);
            if let Some(shown) = shown {
                shown.extend([" offset ", &offset.to_string()]);
                shown.extend([" length ", &count.to_string()]);
            }
            Some(())
        }
        Union(read) => read(xdr),
        Unread => None,
    }
}

/// createtype4: a link's target or a device's number.
fn create_type(xdr: &mut Xdr<'_>) -> Option<()> {
    match xdr.word()? {
        5 => xdr.opaque(LONGEST).map(|_| ()),
        3 | 4 => xdr.skip_words(2),
        _ => Some(()),
    }
}

/// locker4: by an open-owner that becomes a lock-owner, or by a lock-owner.
fn locker(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.present()? {
        xdr.skip_words(1 + 4 + 1 + 2)?;
        xdr.opaque(LONGEST).map(|_| ())
    } else {
        xdr.skip_words(4 + 1)
    }
}

/// openflag4 with createhow4.
fn open_how(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.word()? != 1 {
        return Some(());
    }
    let attributes = |xdr: &mut Xdr<'_>| {
        pass(Bitmap, xdr, None)?;
        pass(Opaque, xdr, None)
    };
    match xdr.word()? {
        0 | 1 => attributes(xdr),
        2 => xdr.skip_words(2),
        _ => {
            xdr.skip_words(2)?;
            attributes(xdr)
        }
    }
}

/// open_claim4 up to the name; without a name nothing behind it is followed.
fn open_delegation(xdr: &mut Xdr<'_>) -> Option<()> {
    match xdr.word()? {
        0 | 3 => Some(()),
        2 => xdr.skip_words(4),
        _ => None,
    }
}

fn optional_hyper(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.present()? {
        xdr.skip_words(2)
    } else {
        Some(())
    }
}

fn optional_time(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.present()? {
        xdr.skip_words(3)
    } else {
        Some(())
    }
}

fn layout_return(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.word()? == 1 {
        xdr.skip_words(4 + 4)?;
        xdr.opaque(LONGEST)?;
    }
    Some(())
}

fn stateids(xdr: &mut Xdr<'_>) -> Option<()> {
    let count = xdr.word()?;
    xdr.skip_words((count as usize).checked_mul(4)?)
}

/// referring_call_list4: none in practice.
fn referring_calls(xdr: &mut Xdr<'_>) -> Option<()> {
    if xdr.word()? == 0 { Some(()) } else { None }
}
