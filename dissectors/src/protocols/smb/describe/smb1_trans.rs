//! Transactions: TRANSACTION, TRANSACTION2 and NT_TRANSACT (MS-CIFS 2.2.4.33, 2.2.4.46, 2.2.4.62; 2.2.6, 2.2.8).

use super::super::bytes::{part, u16_at, u32_at};
use super::super::fields::{SMB1_FILE, smb1 as f};
use super::super::wire1::{Block, Header, command};
use super::bits::NOTIFY;
use super::smb1_bodies::SEARCH;
use super::strings::Strings;
use super::{fs, smb1_files};
use crate::field::Writer;
use crate::field::layout::{Bit, Part, bits, flag, uint};

/// TRANSACTION2's subcommands.
pub(super) mod trans2 {
    pub(in super::super) const FIND_FIRST2: u16 = 1;
    pub(in super::super) const FIND_NEXT2: u16 = 2;
    pub(in super::super) const QUERY_FS: u16 = 3;
    pub(in super::super) const QUERY_PATH: u16 = 5;
    pub(in super::super) const SET_PATH: u16 = 6;
    pub(in super::super) const QUERY_FILE: u16 = 7;
    pub(in super::super) const SET_FILE: u16 = 8;
    pub(in super::super) const GET_DFS_REFERRAL: u16 = 16;
}
/// NT_TRANSACT_NOTIFY_CHANGE, and its setup (2.2.7.4.1).
const NOTIFY_CHANGE: u16 = 4;
const SETUP: &[Part] = &[
    bits(f::NT_NOTIFY_COMPLETION_FILTER, 38, 4, NOTIFY),
    uint(f::FID, 42, 2),
];

/// What an answer is described by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Question {
    /// Of a TRANSACTION2: its subcommand and the level of interest.
    pub(super) subcommand: u16,
    pub(super) level: u16,
    /// Which file it is about.
    pub(super) fid: Option<u16>,
    /// Of a LOCKING_ANDX: what it locks and unlocks.
    pub(super) locks: Vec<Lock>,
}

/// One range of LOCKING_ANDX (2.2.4.32.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Lock {
    pub(super) pid: u16,
    pub(super) offset: u64,
    pub(super) length: u64,
}

impl Lock {
    /// Bytes of a range of 64 bits, and of 32.
    pub(super) const LARGE: usize = 20;
    pub(super) const SMALL: usize = 10;
    /// Ranges that are remembered for the answer.
    const MOST: usize = 64;

    /// The ranges of a request, each with its place in the block's bytes.
    pub(super) fn all<'a>(block: &Block<'a>) -> impl Iterator<Item = (usize, Self)> + use<'a> {
        let is_large = block.u8(6).unwrap_or_default() & 0x10 != 0;
        let count = |place| usize::from(block.u16(place).unwrap_or_default());
        let size = if is_large { Self::LARGE } else { Self::SMALL };
        let ranges = block.bytes.chunks_exact(size).take(count(12) + count(14));
        ranges.enumerate().filter_map(move |(n, range)| {
            // Of 64 bits, the high halves stand first.
            let wide =
                |at| Some(u64::from(u32_at(range, at)?) << 32 | u64::from(u32_at(range, at + 4)?));
            let (offset, length) = if is_large {
                (wide(4)?, wide(12)?)
            } else {
                (u32_at(range, 2)?.into(), u32_at(range, 6)?.into())
            };
            let pid = u16_at(range, 0)?;
            let lock = Self {
                pid,
                offset,
                length,
            };
            Some((n * size, lock))
        })
    }
}

impl Question {
    /// Of a request; `None` where its answer needs nothing of it.
    pub(in super::super) fn of(block: &Block<'_>, message: &[u8]) -> Option<Self> {
        let fid = match block.command {
            command::TRANSACTION2 => None,
            command::READ_ANDX | command::WRITE_ANDX | command::LOCKING_ANDX => block.u16(4),
            command::READ | command::WRITE | command::CLOSE => block.u16(0),
            command::TRANSACTION => block.u16(30).filter(|fid| *fid != 0),
            _ => return None,
        };
        if block.command != command::TRANSACTION2 {
            let locks = (block.command == command::LOCKING_ANDX).then(|| Lock::all(block));
            let locks = locks.into_iter().flatten().take(Lock::MOST);
            return Some(Self {
                fid,
                locks: locks.map(|(_, lock)| lock).collect(),
                ..Self::default()
            });
        }
        let subcommand = block.u16(28)?;
        let (parameters, _) = parameters(block, message, [18, 20]);
        let level = match subcommand {
            trans2::QUERY_FS | trans2::QUERY_PATH | trans2::SET_PATH => u16_at(parameters, 0),
            trans2::QUERY_FILE | trans2::SET_FILE => u16_at(parameters, 2),
            trans2::FIND_FIRST2 => u16_at(parameters, 6),
            trans2::FIND_NEXT2 => u16_at(parameters, 4),
            _ => None,
        };
        Some(Self {
            subcommand,
            level: level.unwrap_or_default(),
            ..Self::default()
        })
    }
}

/// Parameters (or data) and where they stand; their length and offset are words at the places given.
fn parameters<'a>(
    block: &Block<'_>,
    message: &'a [u8],
    [len, at]: [usize; 2],
) -> (&'a [u8], usize) {
    let number = |place| usize::from(block.u16(place).unwrap_or_default());
    (part(message, number(at), number(len)), number(at))
}

/// What a request asks for.
pub(super) fn request(w: &mut Writer<'_>, header: &Header, block: &Block<'_>, message: &[u8]) {
    let unicode = header.is_unicode();
    match block.command {
        command::TRANSACTION => {
            Strings::new(block.bytes, block.bytes_at, unicode).write(w, f::TRANS_NAME);
            // A pipe's function and its FID (2.2.5).
            if block.words.len() >= 32 && block.u8(26) == Some(2) {
                let words_at = block.bytes_at - 2 - block.words.len();
                if let Some(fid) = block.u16(30).filter(|fid| *fid != 0) {
                    w.uint(f::FID, fid, words_at + 30, 2);
                    w.shows(&SMB1_FILE, fid.into());
                }
            }
        }
        command::TRANSACTION2 => {
            let words_at = block.bytes_at - 2 - block.words.len();
            if let Some(code) = block.u16(28) {
                w.uint(f::TRANS2_CMD, code, words_at + 28, 2);
                let (bytes, at) = parameters(block, message, [18, 20]);
                trans2_parameters(w, code, bytes, at, unicode);
            }
        }
        _ => {
            // Setup of NOTIFY_CHANGE: what to wait for, and on which directory (2.2.7.4.1).
            if block.u16(36) == Some(NOTIFY_CHANGE) {
                let words_at = block.bytes_at - 2 - block.words.len();
                w.lay(SETUP, block.words, words_at);
                if let Some(fid) = block.u16(42) {
                    w.shows(&SMB1_FILE, fid.into());
                }
            }
        }
    }
}

fn trans2_parameters(w: &mut Writer<'_>, code: u16, bytes: &[u8], at: usize, unicode: bool) {
    const FIND_FLAGS: &[Bit] = &[
        flag(f::FIND_FIRST2_FLAGS_BACKUP, 0x10),
        flag(f::FIND_FIRST2_FLAGS_CONTINUE, 8),
        flag(f::FIND_FIRST2_FLAGS_RESUME, 4),
        flag(f::FIND_FIRST2_FLAGS_EOS, 2),
        flag(f::FIND_FIRST2_FLAGS_CLOSE, 1),
    ];
    const FIND_FIRST: &[Part] = &[
        bits(f::SEARCH_ATTRIBUTE, 0, 2, SEARCH),
        uint(f::SEARCH_COUNT, 2, 2),
        bits(f::FIND_FIRST2_FLAGS, 4, 2, FIND_FLAGS),
        uint(f::FF2_LOI, 6, 2),
        uint(f::STORAGE_TYPE, 8, 4),
    ];
    const FIND_NEXT: &[Part] = &[
        uint(f::SEARCH_ID, 0, 2),
        uint(f::SEARCH_COUNT, 2, 2),
        uint(f::FF2_LOI, 4, 2),
        bits(f::FIND_FIRST2_FLAGS, 10, 2, FIND_FLAGS),
    ];
    const ON_FILE: &[Part] = &[uint(f::FID, 0, 2), uint(f::QPI_LOI, 2, 2)];
    const SET_ON_FILE: &[Part] = &[uint(f::FID, 0, 2), uint(f::SPI_LOI, 2, 2)];
    let (table, text): (&[Part], _) = match code {
        trans2::FIND_FIRST2 => (FIND_FIRST, Some((f::SEARCH_PATTERN, 12))),
        trans2::FIND_NEXT2 => (FIND_NEXT, Some((f::FILE, 12))),
        trans2::QUERY_FS => (const { &[uint(f::QFSI_LOI, 0, 2)] }, None),
        trans2::QUERY_PATH => (const { &[uint(f::QPI_LOI, 0, 2)] }, Some((f::FILE, 6))),
        trans2::SET_PATH => (const { &[uint(f::SPI_LOI, 0, 2)] }, Some((f::FILE, 6))),
        trans2::QUERY_FILE => (ON_FILE, None),
        trans2::SET_FILE => (SET_ON_FILE, None),
        trans2::GET_DFS_REFERRAL => (
            const { &[uint(f::MAX_REFERRAL_LEVEL, 0, 2)] },
            Some((f::FILE, 2)),
        ),
        _ => return,
    };
    w.lay(table, bytes, at);
    if let Some((id, from)) = text {
        let mut texts = Strings::new(bytes, at, unicode);
        texts.skip(from);
        texts.write(w, id);
    }
    if matches!(code, trans2::QUERY_FILE | trans2::SET_FILE)
        && let Some(fid) = u16_at(bytes, 0)
    {
        w.shows(&SMB1_FILE, fid.into());
    }
}

/// What a transaction was about, shown with its answer.
pub(super) fn asked(w: &mut Writer<'_>, question: &Question) {
    if question.subcommand == 0 {
        return;
    }
    w.uint(f::TRANS2_CMD, question.subcommand, 0, 0);
    let id = match question.subcommand {
        trans2::FIND_FIRST2 | trans2::FIND_NEXT2 => f::FF2_LOI,
        trans2::QUERY_FS => f::QFSI_LOI,
        trans2::QUERY_PATH | trans2::QUERY_FILE => f::QPI_LOI,
        trans2::SET_PATH | trans2::SET_FILE => f::SPI_LOI,
        _ => return,
    };
    w.uint(id, question.level, 0, 0);
}

/// What an answer gives.
pub(super) fn answer(
    w: &mut Writer<'_>,
    block: &Block<'_>,
    message: &[u8],
    question: Option<&Question>,
    unicode: bool,
) {
    let Some(question) = question else {
        return;
    };
    asked(w, question);
    let (bytes, at) = parameters(block, message, [6, 8]);
    let (data, data_at) = parameters(block, message, [12, 14]);
    let level = question.level;
    match question.subcommand {
        trans2::FIND_FIRST2 => {
            const FOUND: &[Part] = &[
                uint(f::SEARCH_ID, 0, 2),
                uint(f::SEARCH_COUNT, 2, 2),
                uint(f::END_OF_SEARCH, 4, 2),
                uint(f::EA_ERROR_OFFSET, 6, 2),
                uint(f::LAST_NAME_OFFSET, 8, 2),
            ];
            w.lay(FOUND, bytes, at);
            smb1_files::entries(w, level, data, data_at, unicode);
        }
        trans2::FIND_NEXT2 => {
            const FOUND: &[Part] = &[
                uint(f::SEARCH_COUNT, 0, 2),
                uint(f::END_OF_SEARCH, 2, 2),
                uint(f::EA_ERROR_OFFSET, 4, 2),
                uint(f::LAST_NAME_OFFSET, 6, 2),
            ];
            w.lay(FOUND, bytes, at);
            smb1_files::entries(w, level, data, data_at, unicode);
        }
        trans2::QUERY_FS => {
            // SMB1's own numbers of MS-FSCC's classes (2.2.2.3.2), or those themselves (MS-SMB 2.2.2.3.5).
            let class = match level {
                0x0102 => 1,
                0x0103 => 3,
                0x0104 => 4,
                0x0105 => 5,
                1000.. => u8::try_from(level - 1000).unwrap_or_default(),
                _ => 0,
            };
            fs::information(w, class, data, data_at);
        }
        trans2::QUERY_PATH | trans2::QUERY_FILE => {
            w.lay(&[uint(f::EA_ERROR_OFFSET, 0, 2)], bytes, at);
            smb1_files::information(w, level, data, data_at);
        }
        _ => {}
    }
}
