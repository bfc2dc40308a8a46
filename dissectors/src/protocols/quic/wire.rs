//! QUIC bytes: numbers and packet headers (RFC 8999, RFC 9000 16 and 17). No state of a connection.

use std::ops::Range;

/// Bytes of a connection id at most, in every version that is read (RFC 9000 17.2).
pub(super) const CID_MOST: usize = 20;
/// Bytes of a Retry packet's tag (RFC 9001 5.8).
pub(super) const RETRY_TAG: usize = 16;

/// Bits of a packet's first byte (RFC 9000 17.2, 17.3).
pub(super) mod bits {
    pub(crate) const LONG: u8 = 0x80;
    pub(crate) const FIXED: u8 = 0x40;
    pub(crate) const LONG_TYPE: u8 = 0x30;
    pub(crate) const LONG_RESERVED: u8 = 0x0C;
    pub(crate) const SPIN: u8 = 0x20;
    pub(crate) const SHORT_RESERVED: u8 = 0x18;
    pub(crate) const KEY_PHASE: u8 = 0x04;
    pub(crate) const NUMBER_LENGTH: u8 = 0x03;
}

/// A version by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version(pub(super) u32);

impl Version {
    /// Of a Version Negotiation packet.
    pub(super) const NEGOTIATION: Self = Self(0);
    /// RFC 9369.
    pub(super) const V2: Self = Self(0x6B33_43CF);

    /// Its packets can be read: version 1 or 2, a draft that has their headers, or Facebook's of the same make.
    pub(super) const fn is_known(self) -> bool {
        self.salt().is_some()
    }

    /// A version that nobody has, offered to keep peers tolerant (RFC 9000 15).
    pub(super) const fn is_grease(self) -> bool {
        self.0 & 0x0F0F_0F0F == 0x0A0A_0A0A
    }

    /// What its Initial keys are made with (RFC 9001 5.2, RFC 9369 3.3.1, and the drafts' section 5.2).
    pub(super) const fn salt(self) -> Option<&'static [u8; 20]> {
        Some(match self.0 {
            1 | 0xFF00_0021..=0xFF00_0022 => {
                b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
            }
            0x6B33_43CF => {
                b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
            }
            0xFF00_001D..=0xFF00_0020 => {
                b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
            }
            0xFF00_0017..=0xFF00_001C | 0xFACE_B002 | 0xFACE_B00E => {
                b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
            }
            0xFF00_0016 | 0xFACE_B001 => {
                b"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
            }
            _ => return None,
        })
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
    VersionNegotiation,
    /// 1-RTT, with a short header.
    Short,
    /// Of a version that is not known: only its version and connection ids can be read.
    Unknown,
}

impl Form {
    /// By the bits of a long header; version 2 has them in another order (RFC 9369 3.2).
    const fn of(first: u8, version: Version) -> Self {
        let kind = (first & bits::LONG_TYPE) >> 4;
        if version.0 == Version::NEGOTIATION.0 {
            return Self::VersionNegotiation;
        }
        if !version.is_known() {
            return Self::Unknown;
        }
        let turned = if version.0 == Version::V2.0 { 3 } else { 0 };
        match (kind + turned) % 4 {
            0 => Self::Initial,
            1 => Self::ZeroRtt,
            2 => Self::Handshake,
            _ => Self::Retry,
        }
    }

    /// Its name in the info column.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Initial => "Initial",
            Self::ZeroRtt => "0-RTT",
            Self::Handshake => "Handshake",
            Self::Retry => "Retry",
            Self::VersionNegotiation => "Version Negotiation",
            Self::Short => "Protected Payload",
            Self::Unknown => "Unknown",
        }
    }
}

/// A packet's header, as far as it is not protected.
#[derive(Clone, Debug)]
pub(super) struct Header<'a> {
    pub(super) form: Form,
    pub(super) version: Version,
    /// Empty in a short header: who chose it must be asked for its length.
    pub(super) dcid: &'a [u8],
    pub(super) scid: &'a [u8],
    /// Of an Initial packet.
    pub(super) has_token: bool,
    /// Where the packet number begins, or what follows the connection ids.
    pub(super) payload: usize,
    /// Bytes of the packet, of which the datagram may hold less where it was cut.
    pub(super) len: usize,
}

impl<'a> Header<'a> {
    /// The header of the packet that begins here. `None` for what is no packet.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        let first = r.u8()?;
        let mut header = Self {
            form: Form::Short,
            version: Version::NEGOTIATION,
            dcid: &[],
            scid: &[],
            has_token: false,
            payload: 1,
            len: bytes.len(),
        };
        if first & bits::LONG == 0 {
            return Some(header);
        }
        header.version = Version(r.u32()?);
        header.form = Form::of(first, header.version);
        header.dcid = r.cid()?;
        header.scid = r.cid()?;
        if header.form == Form::Initial {
            let token = r.varint()?;
            header.has_token = token > 0;
            r.take(usize::try_from(token).ok()?)?;
        }
        if matches!(header.form, Form::Initial | Form::ZeroRtt | Form::Handshake) {
            let len = usize::try_from(r.varint()?).ok()?;
            header.len = r.at().checked_add(len)?;
        }
        header.payload = r.at();
        Some(header)
    }

    /// Takes the connection id of a short header, of which only its receiver knows the length.
    pub(super) fn address(&mut self, packet: &'a [u8], len: usize) {
        self.dcid = packet.get(1..=len).unwrap_or(&[]);
        self.payload = 1 + self.dcid.len();
    }
}

/// Bytes are read from it one after the other; it knows where each stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the next byte stands.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..n)?;
        self.at += n;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4)?.first_chunk().map(|b| u32::from_be_bytes(*b))
    }

    /// A number of 1, 2, 4 or 8 bytes; the first two bits tell (RFC 9000 16).
    pub(super) fn varint(&mut self) -> Option<u64> {
        let len = 1_usize << (self.rest().first()? >> 6);
        let bytes = self.take(len)?;
        let number = bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some(number & (u64::MAX >> (66 - 8 * len as u32).min(63)))
    }

    /// A connection id with its length before it.
    fn cid(&mut self) -> Option<&'a [u8]> {
        let len = usize::from(self.u8()?);
        (len <= CID_MOST).then_some(())?;
        self.take(len)
    }

    /// The places of what was read since `start`.
    pub(super) const fn since(&self, start: usize) -> Range<usize> {
        start..self.at
    }
}

/// A packet number of which the last `bits` were sent, next to the largest one so far (RFC 9000 A.3).
pub(super) fn full_number(largest: Option<u64>, truncated: u64, bits: u32) -> u64 {
    let expected = largest.map_or(0, |n| n + 1);
    let window = 1_u64 << bits;
    let half = window / 2;
    let candidate = (expected & !(window - 1)) | truncated;
    if candidate + half <= expected && candidate < (1 << 62) - window {
        candidate + window
    } else if candidate > expected + half && candidate >= window {
        candidate - window
    } else {
        candidate
    }
}
