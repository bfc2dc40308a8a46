//! Bytes to records, in either data representation; no state, no judgement.
//!
//! Unknown numbers are kept as values. Layouts: C706 12.6.4, with MS-RPCE 2.2.2 for what Microsoft added.

mod bind;

use std::fmt;

pub(super) use bind::{Ack, Answer, Bind, Offer, Syntax, bind_nak};

/// Bytes of the common header (C706 12.6.3.1).
pub(super) const HEADER: usize = 16;
/// Bytes of the security trailer before its token (C706 13.2.6.1).
pub(super) const TRAILER: usize = 8;

/// A UUID as it is written: the leftmost digits are the highest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Uuid(pub(super) u128);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            (n >> 80) & 0xffff,
            (n >> 64) & 0xffff,
            (n >> 48) & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

/// The type of a PDU (C706 12.6.4): any number, the connection-oriented ones named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PduType(pub(super) u8);

impl PduType {
    pub(super) const REQUEST: Self = Self(0);
    pub(super) const RESPONSE: Self = Self(2);
    pub(super) const FAULT: Self = Self(3);
    pub(super) const BIND: Self = Self(11);
    pub(super) const BIND_ACK: Self = Self(12);
    pub(super) const BIND_NAK: Self = Self(13);
    pub(super) const ALTER_CONTEXT: Self = Self(14);
    pub(super) const ALTER_CONTEXT_RESP: Self = Self(15);
    pub(super) const AUTH3: Self = Self(16);
    pub(super) const SHUTDOWN: Self = Self(17);
    pub(super) const CO_CANCEL: Self = Self(18);
    pub(super) const ORPHANED: Self = Self(19);

    /// The name in the specification, empty for what is not a connection-oriented PDU.
    pub(super) const fn name(self) -> &'static str {
        match self.0 {
            0 => "request",
            2 => "response",
            3 => "fault",
            11 => "bind",
            12 => "bind_ack",
            13 => "bind_nak",
            14 => "alter_context",
            15 => "alter_context_resp",
            16 => "auth3",
            17 => "shutdown",
            18 => "co_cancel",
            19 => "orphaned",
            _ => "",
        }
    }

    /// Who sends it: true for the client, false for the server, `None` for a type of neither.
    pub(super) const fn is_clients(self) -> Option<bool> {
        match self.0 {
            0 | 11 | 14 | 16 | 18 | 19 => Some(true),
            2 | 3 | 12 | 13 | 15 | 17 => Some(false),
            _ => None,
        }
    }

    /// The least length of such a PDU.
    const fn least(self) -> u16 {
        match self.0 {
            0 | 2 => 24,
            3 | 11 | 14 => 28,
            12 | 15 => 26,
            13 => 18,
            _ => HEADER as u16,
        }
    }
}

/// `pfc_flags` (C706 12.6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(pub(super) u8);

impl Flags {
    pub(super) const FIRST: u8 = 0x01;
    pub(super) const LAST: u8 = 0x02;
    pub(super) const CONC_MPX: u8 = 0x10;
    pub(super) const DID_NOT_EXECUTE: u8 = 0x20;
    pub(super) const MAYBE: u8 = 0x40;
    pub(super) const OBJECT_UUID: u8 = 0x80;

    pub(super) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// The common header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: PduType,
    pub(super) flags: Flags,
    /// True when integers have their high byte first.
    pub(super) big: bool,
    pub(super) frag_length: u16,
    pub(super) auth_length: u16,
    pub(super) call_id: u32,
}

impl Header {
    /// Reads the header of a PDU that stands where one is due.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let head: &[u8; HEADER] = bytes.first_chunk().ok_or("header cut short")?;
        let [major, minor, kind, flags, drep @ ..] = head;
        if *major != 5 || *minor > 1 {
            return Err("not a connection-oriented PDU of version 5");
        }
        let [order, ..] = drep;
        if order >> 4 > 1 {
            return Err("unknown integer representation");
        }
        let big = order >> 4 == 0;
        let mut cursor = Cursor::new(head.get(8..).unwrap_or_default(), big);
        let (Some(frag_length), Some(auth_length), Some(call_id)) =
            (cursor.u16(), cursor.u16(), cursor.u32())
        else {
            return Err("header cut short");
        };
        let kind = PduType(*kind);
        if frag_length < kind.least() {
            return Err("fragment length below the least of its PDU type");
        }
        if auth_length > 0 && usize::from(auth_length) + TRAILER + HEADER > usize::from(frag_length)
        {
            return Err("authentication longer than the fragment");
        }
        Ok(Self {
            kind,
            flags: Flags(*flags),
            big,
            frag_length,
            auth_length,
            call_id,
        })
    }

    /// Reads a header where one is only looked for: every field must be what a real one has.
    pub(super) fn read_strictly(bytes: &[u8]) -> Option<Self> {
        let header = Self::read(bytes).ok()?;
        let &[_, _, _, _, order, float, reserved @ ..] = bytes.first_chunk::<8>()?;
        let known = header.kind.is_clients().is_some();
        (known && order & 0x0f <= 1 && float <= 3 && reserved == [0, 0]).then_some(header)
    }
}

/// A reader over the rest of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    big: bool,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(rest: &'a [u8], big: bool) -> Self {
        Self { rest, big }
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (now, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(now)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (now, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*now)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[b]| b)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        let big = self.big;
        self.array().map(|b| {
            if big {
                u16::from_be_bytes(b)
            } else {
                u16::from_le_bytes(b)
            }
        })
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        let big = self.big;
        self.array().map(|b| {
            if big {
                u32::from_be_bytes(b)
            } else {
                u32::from_le_bytes(b)
            }
        })
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        let big = self.big;
        self.array().map(|b| {
            if big {
                u64::from_be_bytes(b)
            } else {
                u64::from_le_bytes(b)
            }
        })
    }

    /// A UUID: its first three fields follow the data representation, the rest is bytes.
    pub(super) fn uuid(&mut self) -> Option<Uuid> {
        let (low, mid, high) = (self.u32()?, self.u16()?, self.u16()?);
        let node = u64::from_be_bytes(self.array()?);
        Some(Uuid(
            u128::from(low) << 96
                | u128::from(mid) << 80
                | u128::from(high) << 64
                | u128::from(node),
        ))
    }
}

/// The security trailer (C706 13.2.6.1, MS-RPCE 2.2.2.11) and its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailer<'a> {
    pub(super) kind: u8,
    pub(super) level: u8,
    /// Bytes between stub and trailer.
    pub(super) pad: u8,
    /// auth_context_id: tells several of one association apart (MS-RPCE 2.2.2.11).
    pub(super) context: [u8; 4],
    pub(super) token: &'a [u8],
}

/// A PDU, its body without trailer and padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pdu<'a> {
    pub(super) header: Header,
    /// The whole PDU, or as much of it as was captured.
    pub(super) bytes: &'a [u8],
    /// What lies between common header and trailer.
    pub(super) body: &'a [u8],
    pub(super) trailer: Option<Trailer<'a>>,
    /// False when a gap took the PDU's end.
    pub(super) whole: bool,
}

impl<'a> Pdu<'a> {
    /// Takes apart the bytes of one PDU, of which the end may be missing.
    pub(super) fn read(header: Header, bytes: &'a [u8]) -> Self {
        let body = bytes.get(HEADER..).unwrap_or_default();
        let whole = bytes.len() >= usize::from(header.frag_length);
        let mut pdu = Self {
            header,
            bytes,
            body,
            trailer: None,
            whole,
        };
        if whole && header.auth_length > 0 {
            pdu.split_trailer();
        }
        pdu
    }

    fn split_trailer(&mut self) {
        let length = usize::from(self.header.auth_length) + TRAILER;
        let Some((before, trailer)) = self
            .body
            .len()
            .checked_sub(length)
            .and_then(|at| self.body.split_at_checked(at))
        else {
            return;
        };
        if let [kind, level, pad, _, a, b, c, d, token @ ..] = trailer {
            let end = before.len().saturating_sub(usize::from(*pad));
            self.body = before.get(..end).unwrap_or(before);
            self.trailer = Some(Trailer {
                kind: *kind,
                level: *level,
                pad: *pad,
                context: [*a, *b, *c, *d],
                token,
            });
        }
    }

    pub(super) const fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self.body, self.header.big)
    }
}

/// The head of a request (C706 12.6.4.9) and its stub.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) context: u16,
    pub(super) operation: u16,
    /// The object that is called.
    pub(super) object: Option<Uuid>,
    pub(super) stub: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn read(pdu: &Pdu<'a>) -> Option<Self> {
        let mut cursor = pdu.cursor();
        cursor.u32()?;
        let (context, operation) = (cursor.u16()?, cursor.u16()?);
        let has_object = pdu.header.flags.has(Flags::OBJECT_UUID);
        let object = if has_object {
            Some(cursor.uuid()?)
        } else {
            None
        };
        Some(Self {
            context,
            operation,
            object,
            stub: cursor.rest(),
        })
    }
}

/// The stub of a response (C706 12.6.4.10).
pub(super) fn response_stub<'a>(pdu: &Pdu<'a>) -> &'a [u8] {
    pdu.body.get(8..).unwrap_or_default()
}

/// The status of a fault (C706 12.6.4.7).
pub(super) fn fault_status(pdu: &Pdu<'_>) -> Option<u32> {
    let mut cursor = pdu.cursor();
    cursor.bytes(8)?;
    cursor.u32()
}

/// Bytes of the wire as text: up to the first NUL, what does not print replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default())
        .chars()
        .take(256)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
