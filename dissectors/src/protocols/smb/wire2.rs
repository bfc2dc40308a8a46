//! SMB2 and SMB3 as they are on the wire: header and the fixed parts of bodies; no state.
//!
//! ```text
//!   0  FE 'S' 'M' 'B'   4 StructureSize 64   6 CreditCharge    8 Status (answers)
//!   12 Command          14 Credits           16 Flags          20 NextCommand
//!   24 MessageId        32 AsyncId, or 32 reserved 36 TreeId   40 SessionId   48 Signature
//! ```

use super::bytes::{part, u8_at, u16_at, u32_at, u64_at};

/// Bytes of a header (MS-SMB2 2.2.1).
pub(super) const HEADER: usize = 64;
/// What is needed of a header to know the command and its direction, where the snap length cut it.
pub(super) const NAMED: usize = 20;
/// MessageId of what the server sends unasked (MS-SMB2 2.2.1.2).
pub(super) const UNSOLICITED: u64 = u64::MAX;

/// Commands that are looked into.
pub(super) mod command {
    pub(in super::super) const NEGOTIATE: u16 = 0;
    pub(in super::super) const SESSION_SETUP: u16 = 1;
    pub(in super::super) const LOGOFF: u16 = 2;
    pub(in super::super) const TREE_CONNECT: u16 = 3;
    pub(in super::super) const TREE_DISCONNECT: u16 = 4;
    pub(in super::super) const CREATE: u16 = 5;
    pub(in super::super) const CLOSE: u16 = 6;
    pub(in super::super) const FLUSH: u16 = 7;
    pub(in super::super) const READ: u16 = 8;
    pub(in super::super) const WRITE: u16 = 9;
    pub(in super::super) const LOCK: u16 = 10;
    pub(in super::super) const IOCTL: u16 = 11;
    pub(in super::super) const CANCEL: u16 = 12;
    pub(in super::super) const QUERY_DIRECTORY: u16 = 14;
    pub(in super::super) const CHANGE_NOTIFY: u16 = 15;
    pub(in super::super) const QUERY_INFO: u16 = 16;
    pub(in super::super) const SET_INFO: u16 = 17;
    pub(in super::super) const OPLOCK_BREAK: u16 = 18;
}

/// FSCTL_PIPE_TRANSCEIVE: a write and a read of a pipe in one (MS-FSCC 2.3).
pub(super) const PIPE_TRANSCEIVE: u32 = 0x0011_C017;
/// FSCTL_VALIDATE_NEGOTIATE_INFO (MS-SMB2 2.2.31.4).
pub(super) const VALIDATE_NEGOTIATE: u32 = 0x0014_0204;
/// FSCTL_PIPE_WAIT.
pub(super) const PIPE_WAIT: u32 = 0x0011_0018;

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) credit_charge: u16,
    pub(super) status: u32,
    pub(super) command: u16,
    pub(super) credits: u16,
    flags: u32,
    pub(super) next: u32,
    pub(super) message_id: u64,
    pub(super) async_id: u64,
    pub(super) tree_id: u32,
    pub(super) session_id: u64,
}

impl Header {
    /// Reads a header. One that was cut behind MessageId has no TreeId, SessionId or both.
    pub(super) fn read(b: &[u8]) -> Option<Self> {
        Some(Self {
            credit_charge: u16_at(b, 6)?,
            status: u32_at(b, 8)?,
            command: u16_at(b, 12)?,
            credits: u16_at(b, 14)?,
            flags: u32_at(b, 16)?,
            next: u32_at(b, 20)?,
            message_id: u64_at(b, 24)?,
            async_id: u64_at(b, 32).unwrap_or_default(),
            tree_id: u32_at(b, 36).unwrap_or_default(),
            session_id: u64_at(b, 40).unwrap_or_default(),
        })
    }

    /// SMB2_FLAGS_SERVER_TO_REDIR: an answer.
    pub(super) const fn is_response(&self) -> bool {
        self.flags & 1 != 0
    }

    /// SMB2_FLAGS_RELATED_OPERATIONS: it goes on with what the one before it in the compound was about.
    pub(super) const fn is_related(&self) -> bool {
        self.flags & 4 != 0
    }

    /// SMB2_FLAGS_SIGNED.
    pub(super) const fn is_signed(&self) -> bool {
        self.flags & 8 != 0
    }

    /// SMB2_FLAGS_ASYNC_COMMAND: AsyncId stands in the place of TreeId.
    pub(super) const fn is_async(&self) -> bool {
        self.flags & 2 != 0
    }
}

/// A FileId of 16 bytes at `at`, folded into a key; `None` for the one that stands for the file which an
/// earlier request of the same compound opens (MS-SMB2 3.3.5.2.7.2).
pub(super) fn file_key(pdu: &[u8], at: usize) -> Option<u64> {
    let (persistent, volatile) = (u64_at(pdu, at)?, u64_at(pdu, at + 8)?);
    if persistent == u64::MAX && volatile == u64::MAX {
        return None;
    }
    Some(volatile ^ persistent.rotate_left(32))
}

/// Where a request's FileId stands in its message; `None` for a command without one.
pub(super) const fn file_id_at(command: u16) -> Option<usize> {
    match command {
        command::CLOSE
        | command::FLUSH
        | command::LOCK
        | command::IOCTL
        | command::QUERY_DIRECTORY
        | command::CHANGE_NOTIFY
        | command::OPLOCK_BREAK => Some(HEADER + 8),
        command::READ | command::WRITE | command::SET_INFO => Some(HEADER + 16),
        command::QUERY_INFO => Some(HEADER + 24),
        _ => None,
    }
}

/// A buffer that a body names by offset (from the header) and length: where it begins, and what of it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Buffer<'a> {
    /// From the header's first byte.
    pub(super) at: usize,
    /// As the body says.
    pub(super) len: usize,
    /// The bytes that are there.
    pub(super) bytes: &'a [u8],
}

impl<'a> Buffer<'a> {
    fn new(pdu: &'a [u8], at: usize, len: usize) -> Self {
        Self {
            at,
            len,
            bytes: part(pdu, at, len),
        }
    }

    fn wide(pdu: &'a [u8], field: usize) -> Option<Self> {
        let (at, len) = (u32_at(pdu, field)?, u32_at(pdu, field + 4)?);
        Some(Self::new(pdu, at as usize, len as usize))
    }

    fn narrow(pdu: &'a [u8], field: usize) -> Option<Self> {
        let (at, len) = (u16_at(pdu, field)?, u16_at(pdu, field + 2)?);
        Some(Self::new(pdu, usize::from(at), usize::from(len)))
    }
}

/// What WRITE writes (2.2.21).
pub(super) fn write_data(pdu: &[u8]) -> Option<Buffer<'_>> {
    let (at, len) = (u16_at(pdu, HEADER + 2)?, u32_at(pdu, HEADER + 4)?);
    Some(Buffer::new(pdu, usize::from(at), len as usize))
}

/// What READ gives (2.2.20).
pub(super) fn read_data(pdu: &[u8]) -> Option<Buffer<'_>> {
    let (at, len) = (u8_at(pdu, HEADER + 2)?, u32_at(pdu, HEADER + 4)?);
    Some(Buffer::new(pdu, usize::from(at), len as usize))
}

/// What IOCTL takes (2.2.31).
pub(super) fn ioctl_input(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::wide(pdu, HEADER + 24)
}

/// What IOCTL gives (2.2.32).
pub(super) fn ioctl_output(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::wide(pdu, HEADER + 32)
}

/// The security token of a SESSION_SETUP request (2.2.5).
pub(super) fn setup_token(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::narrow(pdu, HEADER + 12)
}

/// The security token of an answer, its place and length at `field` (2.2.4, 2.2.6).
pub(super) fn blob_of_answer(pdu: &[u8], field: usize) -> Option<Buffer<'_>> {
    Buffer::narrow(pdu, field)
}

/// What QUERY_DIRECTORY, CHANGE_NOTIFY and QUERY_INFO give (2.2.34, 2.2.36, 2.2.38).
pub(super) fn output(pdu: &[u8]) -> Option<Buffer<'_>> {
    let (at, len) = (u16_at(pdu, HEADER + 2)?, u32_at(pdu, HEADER + 4)?);
    Some(Buffer::new(pdu, usize::from(at), len as usize))
}

/// What SET_INFO sets (2.2.39).
pub(super) fn set_info(pdu: &[u8]) -> Option<Buffer<'_>> {
    let (len, at) = (u32_at(pdu, HEADER + 4)?, u16_at(pdu, HEADER + 8)?);
    Some(Buffer::new(pdu, usize::from(at), len as usize))
}

/// The path of TREE_CONNECT (2.2.9).
pub(super) fn tree_path(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::narrow(pdu, HEADER + 4)
}

/// The name of CREATE (2.2.13).
pub(super) fn create_name(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::narrow(pdu, HEADER + 44)
}

/// Where the FileId stands that an open had before, when CREATE takes back a durable or persistent one:
/// SMB2_CREATE_DURABLE_HANDLE_RECONNECT or its second version is among its contexts (2.2.13.2.4, 2.2.13.2.12).
pub(super) fn reconnects(pdu: &[u8]) -> Option<usize> {
    context(pdu, &[*b"DHnC", *b"DH2C"])
}

/// Where the data of the first of the CREATE contexts with one of these names begin (2.2.13.2).
pub(super) fn context(pdu: &[u8], names: &[[u8; 4]]) -> Option<usize> {
    /// No client sends more contexts.
    const MOST: usize = 32;
    let mut at = u32_at(pdu, HEADER + 48)? as usize;
    for _ in 0..MOST {
        let place = u16_at(pdu, at + 4).filter(|_| at >= HEADER)?;
        let name = pdu.get(at + usize::from(place)..)?.get(..4)?;
        if names.iter().any(|wanted| wanted == name) {
            return Some(at + usize::from(u16_at(pdu, at + 10)?));
        }
        match u32_at(pdu, at)? {
            0 => return None,
            next => at += next as usize,
        }
    }
    None
}

/// SMB2_SESSION_FLAG_BINDING of a SESSION_SETUP request (2.2.5).
pub(super) fn binds(pdu: &[u8]) -> bool {
    u8_at(pdu, HEADER + 2).is_some_and(|flags| flags & 1 != 0)
}

/// A GUID that is not zero, as it is written (MS-DTYP 2.3.4.3).
pub(super) fn guid(pdu: &[u8], at: usize) -> Option<String> {
    let bytes: &[u8; 16] = pdu.get(at..)?.first_chunk()?;
    let [a @ .., _, _, _, _, _, _, _, _] = bytes;
    let first = u32_at(a, 0)?;
    let (second, third) = (u16_at(a, 4)?, u16_at(a, 6)?);
    let rest = u64::from_be_bytes(*bytes.last_chunk()?);
    if (first, second, third, rest) == (0, 0, 0, 0) {
        return None;
    }
    Some(format!(
        "{first:08x}-{second:04x}-{third:04x}-{:04x}-{:012x}",
        rest >> 48,
        rest & 0xFFFF_FFFF_FFFF
    ))
}

/// The pattern of QUERY_DIRECTORY (2.2.33).
pub(super) fn search_pattern(pdu: &[u8]) -> Option<Buffer<'_>> {
    Buffer::narrow(pdu, HEADER + 24)
}

/// True when LOCK may wait for another's lock to go: a lock without LOCKFLAG_FAIL_IMMEDIATELY (2.2.26.1).
pub(super) fn lock_waits(pdu: &[u8]) -> bool {
    u32_at(pdu, HEADER + 40).is_some_and(|flags| flags & 0x14 == 0)
}

/// The cipher that a NEGOTIATE answer of 3.1.1 chose (2.2.4, 2.2.3.1.2).
pub(super) fn chosen_cipher(pdu: &[u8]) -> Option<u16> {
    /// No peer sends more contexts.
    const MOST: u16 = 16;
    let count = u16_at(pdu, HEADER + 6)?;
    let mut at = u32_at(pdu, HEADER + 60)? as usize;
    for _ in 0..count.min(MOST) {
        let (kind, len) = (u16_at(pdu, at)?, u16_at(pdu, at + 2)?);
        if kind == 2 {
            return u16_at(pdu, at + 10);
        }
        at = (at + 8 + usize::from(len)).next_multiple_of(8);
    }
    None
}
