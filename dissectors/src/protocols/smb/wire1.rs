//! SMB1 as it is on the wire: header, and the blocks of parameters and data that AndX chains; no state.
//!
//! ```text
//!   0  FF 'S' 'M' 'B'   4 Command   5 Status   9 Flags   10 Flags2   12 PIDHigh   14 SecurityFeatures
//!   24 TID   26 PIDLow   28 UID   30 MID   32 WordCount, Words, ByteCount, Bytes
//! ```

use super::bytes::{part, u8_at, u16_at, u32_at};
use super::names;
use crate::event::Status;

/// Bytes of a header (MS-CIFS 2.2.3.1).
pub(super) const HEADER: usize = 32;
/// MID of what the server sends unasked (MS-CIFS 3.2.5.1.2).
pub(super) const UNSOLICITED: u16 = 0xFFFF;
/// Commands that AndX may chain in one message; MS-CIFS foresees four at most.
const MAX_CHAIN: usize = 16;

/// Commands that are looked into.
pub(super) mod command {
    pub(in super::super) const CLOSE: u8 = 0x04;
    pub(in super::super) const READ: u8 = 0x0A;
    pub(in super::super) const WRITE: u8 = 0x0B;
    pub(in super::super) const LOCKING_ANDX: u8 = 0x24;
    pub(in super::super) const TRANSACTION: u8 = 0x25;
    pub(in super::super) const TRANSACTION_SECONDARY: u8 = 0x26;
    pub(in super::super) const ECHO: u8 = 0x2B;
    pub(in super::super) const OPEN_ANDX: u8 = 0x2D;
    pub(in super::super) const READ_ANDX: u8 = 0x2E;
    pub(in super::super) const WRITE_ANDX: u8 = 0x2F;
    pub(in super::super) const TRANSACTION2: u8 = 0x32;
    pub(in super::super) const TRANSACTION2_SECONDARY: u8 = 0x33;
    pub(in super::super) const TREE_CONNECT: u8 = 0x70;
    pub(in super::super) const TREE_DISCONNECT: u8 = 0x71;
    pub(in super::super) const NEGOTIATE: u8 = 0x72;
    pub(in super::super) const SESSION_SETUP_ANDX: u8 = 0x73;
    pub(in super::super) const LOGOFF_ANDX: u8 = 0x74;
    pub(in super::super) const TREE_CONNECT_ANDX: u8 = 0x75;
    pub(in super::super) const NT_TRANSACT: u8 = 0xA0;
    pub(in super::super) const NT_TRANSACT_SECONDARY: u8 = 0xA1;
    pub(in super::super) const NT_CREATE_ANDX: u8 = 0xA2;
    pub(in super::super) const NT_CANCEL: u8 = 0xA4;
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) command: u8,
    raw_status: u32,
    flags: u8,
    flags2: u16,
    pid: u32,
    pub(super) tid: u16,
    pub(super) uid: u16,
    pub(super) mid: u16,
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            command: u8_at(bytes, 4)?,
            raw_status: u32_at(bytes, 5)?,
            flags: u8_at(bytes, 9)?,
            flags2: u16_at(bytes, 10)?,
            pid: u32::from(u16_at(bytes, 12)?) << 16 | u32::from(u16_at(bytes, 26)?),
            tid: u16_at(bytes, 24)?,
            uid: u16_at(bytes, 28)?,
            mid: u16_at(bytes, 30)?,
        })
    }

    /// SMB_FLAGS_REPLY.
    pub(super) const fn is_response(&self) -> bool {
        self.flags & 0x80 != 0
    }

    /// SMB_FLAGS2_UNICODE.
    pub(super) const fn is_unicode(&self) -> bool {
        self.flags2 & 0x8000 != 0
    }

    /// SMB_FLAGS2_NT_STATUS: the status is an NTSTATUS.
    pub(super) const fn has_nt_status(&self) -> bool {
        self.flags2 & 0x4000 != 0
    }

    /// NTSTATUS where SMB_FLAGS2_NT_STATUS says so, else class and code.
    pub(super) fn status(&self) -> Status {
        if self.flags2 & 0x4000 != 0 || self.raw_status == 0 {
            return names::nt_status(self.raw_status);
        }
        names::dos_status(self.raw_status as u8, (self.raw_status >> 16) as u16)
    }

    /// Pairs a request with its answers: process and multiplex id, and the command, since some clients count
    /// neither. The top bit keeps it apart from SMB2's MessageIds.
    pub(super) const fn id(&self) -> u64 {
        self.id_of(self.command)
    }

    /// The same for a request that began with `command`.
    pub(super) const fn id_of(&self, command: u8) -> u64 {
        1 << 63 | (command as u64) << 48 | (self.pid as u64) << 16 | self.mid as u64
    }

    /// True when `id` is one of this process and multiplex id.
    pub(super) const fn is_same(&self, id: u64) -> bool {
        (id ^ self.id()) << 16 == 0
    }
}

/// One command's parameters and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) command: u8,
    pub(super) words: &'a [u8],
    pub(super) bytes: &'a [u8],
    /// Where `bytes` stand, from the header's first byte.
    pub(super) bytes_at: usize,
}

impl Block<'_> {
    /// A field of the parameters, `at` bytes behind the word count.
    pub(super) fn u8(&self, at: usize) -> Option<u8> {
        u8_at(self.words, at)
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        u16_at(self.words, at)
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        u32_at(self.words, at)
    }
}

/// True for a command that may be followed by another in the same message.
pub(super) const fn is_andx(command: u8) -> bool {
    matches!(command, 0x24 | 0x2D..=0x2F | 0x73..=0x75 | 0xA2)
}

/// The blocks of a message, of which `message` may hold only the first bytes.
pub(super) struct Blocks<'a> {
    message: &'a [u8],
    response: bool,
    next: Option<(u8, usize)>,
    left: usize,
}

impl<'a> Blocks<'a> {
    pub(super) const fn new(message: &'a [u8], header: &Header) -> Self {
        Self {
            message,
            response: header.is_response(),
            next: Some((header.command, HEADER)),
            left: MAX_CHAIN,
        }
    }
}

impl<'a> Iterator for Blocks<'a> {
    /// A block, or what is wrong with the chain.
    type Item = Result<Block<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let (command, at) = self.next.take()?;
        let count = usize::from(u8_at(self.message, at)?) * 2;
        let words = part(self.message, at + 1, count);
        let bytes_at = at + 1 + count + 2;
        let len = u16_at(self.message, at + 1 + count).unwrap_or_default();
        let block = Block {
            command,
            words,
            bytes: part(self.message, bytes_at, usize::from(len)),
            bytes_at,
        };
        if is_andx(command)
            && let (Some(then), Some(offset)) = (block.u8(0), block.u16(2))
            && then != 0xFF
            // Some servers leave both fields 0 where the chain ends.
            && !(self.response && offset == 0)
        {
            let offset = usize::from(offset);
            self.left -= 1;
            if offset < bytes_at - 2 || self.left == 0 {
                return Some(Err("AndX chain that does not advance"));
            }
            self.next = Some((then, offset));
        }
        Some(Ok(block))
    }
}

/// The counts of a transaction message: how much there is in all, and how much of it is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) total: u64,
    pub(super) here: u64,
    /// Where the data of this message stand, from the header's first byte, and how many bytes they are.
    pub(super) data: (usize, usize),
}

impl Counts {
    fn narrow(block: &Block<'_>, fields: [usize; 4]) -> Option<Self> {
        let [total, parameters, data, data_at] = fields;
        let sum =
            |at: usize, by: usize| Some(u64::from(block.u16(at)?) + u64::from(block.u16(at + by)?));
        let len = block.u16(data)?;
        Some(Self {
            total: sum(total, 2)?,
            here: u64::from(block.u16(parameters)?) + u64::from(len),
            data: (usize::from(block.u16(data_at)?), usize::from(len)),
        })
    }

    /// Of a TRANSACTION or TRANSACTION2 request (MS-CIFS 2.2.4.33.1).
    pub(super) fn request(block: &Block<'_>) -> Option<Self> {
        Self::narrow(block, [0, 18, 22, 24])
    }

    /// Of a TRANSACTION_SECONDARY or TRANSACTION2_SECONDARY request (2.2.4.34.1).
    pub(super) fn secondary(block: &Block<'_>) -> Option<Self> {
        Self::narrow(block, [0, 4, 10, 12])
    }

    /// Of an answer to TRANSACTION or TRANSACTION2 (2.2.4.33.2).
    pub(super) fn response(block: &Block<'_>) -> Option<Self> {
        Self::narrow(block, [0, 6, 12, 14])
    }

    /// Of an NT_TRANSACT request (2.2.4.62.1) or its answer (2.2.4.62.2): 32-bit fields.
    pub(super) fn wide(block: &Block<'_>, response: bool) -> Option<Self> {
        let [parameters, data] = if response { [11, 23] } else { [19, 27] };
        let (total_parameters, total_data) = (block.u32(3)?, block.u32(7)?);
        let len = block.u32(data)?;
        Some(Self {
            total: u64::from(total_parameters) + u64::from(total_data),
            here: u64::from(block.u32(parameters)?) + u64::from(len),
            data: (block.u32(data + 4)? as usize, len as usize),
        })
    }
}
