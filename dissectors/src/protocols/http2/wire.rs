//! HTTP/2 bytes: frame heads and payloads. No state of a connection.

use crate::event::Op;

/// What a client says first (RFC 9113 section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame's head.
pub(super) const HEAD: usize = 9;
/// The largest payload before a peer says that it takes more (RFC 9113 section 6.5.2).
pub(super) const USUAL_PAYLOAD: u32 = 16_384;

/// A frame's type (RFC 9113 section 6): any of 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(pub(super) u8);

impl Kind {
    pub(super) const DATA: Self = Self(0);
    pub(super) const HEADERS: Self = Self(1);
    pub(super) const PRIORITY: Self = Self(2);
    pub(super) const RST_STREAM: Self = Self(3);
    pub(super) const SETTINGS: Self = Self(4);
    pub(super) const PUSH_PROMISE: Self = Self(5);
    pub(super) const PING: Self = Self(6);
    pub(super) const GOAWAY: Self = Self(7);
    pub(super) const WINDOW_UPDATE: Self = Self(8);
    pub(super) const CONTINUATION: Self = Self(9);
    /// RFC 7838 section 4.
    pub(super) const ALTSVC: Self = Self(10);
    /// RFC 8336 section 2.
    pub(super) const ORIGIN: Self = Self(12);
    /// RFC 9218 section 7.1.
    pub(super) const PRIORITY_UPDATE: Self = Self(16);

    /// Its name; empty for one that is not known.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::DATA => "DATA",
            Self::HEADERS => "HEADERS",
            Self::PRIORITY => "PRIORITY",
            Self::RST_STREAM => "RST_STREAM",
            Self::SETTINGS => "SETTINGS",
            Self::PUSH_PROMISE => "PUSH_PROMISE",
            Self::PING => "PING",
            Self::GOAWAY => "GOAWAY",
            Self::WINDOW_UPDATE => "WINDOW_UPDATE",
            Self::CONTINUATION => "CONTINUATION",
            Self::ALTSVC => "ALTSVC",
            Self::ORIGIN => "ORIGIN",
            Self::PRIORITY_UPDATE => "PRIORITY_UPDATE",
            _ => "",
        }
    }

    /// As an operation.
    pub(super) const fn op(self) -> Op {
        Op::new(self.name(), self.0 as u32)
    }

    /// It carries a part of a header block.
    pub(super) const fn has_block(self) -> bool {
        matches!(
            self,
            Self::HEADERS | Self::PUSH_PROMISE | Self::CONTINUATION
        )
    }

    /// The flags that are defined for it.
    pub(super) const fn flags(self) -> u8 {
        match self {
            Self::DATA => flag::END_STREAM | flag::PADDED,
            Self::HEADERS => flag::END_STREAM | flag::END_HEADERS | flag::PADDED | flag::PRIORITY,
            Self::SETTINGS | Self::PING => flag::ACK,
            Self::PUSH_PROMISE => flag::END_HEADERS | flag::PADDED,
            Self::CONTINUATION => flag::END_HEADERS,
            _ => 0,
        }
    }
}

/// Flags of a frame's head.
pub(super) mod flag {
    /// Of DATA and HEADERS.
    pub(in crate::protocols::http2) const END_STREAM: u8 = 0x01;
    /// Of SETTINGS and PING.
    pub(in crate::protocols::http2) const ACK: u8 = 0x01;
    /// Of HEADERS, PUSH_PROMISE and CONTINUATION.
    pub(in crate::protocols::http2) const END_HEADERS: u8 = 0x04;
    /// Of DATA, HEADERS and PUSH_PROMISE.
    pub(in crate::protocols::http2) const PADDED: u8 = 0x08;
    /// Of HEADERS.
    pub(in crate::protocols::http2) const PRIORITY: u8 = 0x20;
}

/// A frame's head.
///
/// ```text
///   0        3      4       5                 9
///  +--------+------+-------+-+----------------+
///  | length | type | flags |R| stream         |
///  +--------+------+-------+-+----------------+
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes behind the head.
    pub(super) len: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// The reserved bit.
    pub(super) reserved: bool,
    /// The stream; 0 for the connection.
    pub(super) stream: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let &[a, b, c, kind, flags, s0, s1, s2, s3] = bytes.first_chunk::<HEAD>()?;
        let stream = u32::from_be_bytes([s0, s1, s2, s3]);
        Some(Self {
            len: u32::from_be_bytes([0, a, b, c]),
            kind: Kind(kind),
            flags,
            reserved: stream >> 31 != 0,
            stream: stream & 0x7fff_ffff,
        })
    }

    pub(super) const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Bytes of the whole frame.
    pub(super) const fn size(self) -> u64 {
        HEAD as u64 + self.len as u64
    }

    /// Everything that RFC 9113 says of a head alone holds, and the length is one that is common.
    pub(super) const fn is_plausible(self) -> bool {
        let of_stream = match self.kind {
            Kind::DATA
            | Kind::HEADERS
            | Kind::PRIORITY
            | Kind::RST_STREAM
            | Kind::PUSH_PROMISE
            | Kind::CONTINUATION => self.stream != 0,
            Kind::SETTINGS | Kind::PING | Kind::GOAWAY => self.stream == 0,
            Kind::WINDOW_UPDATE => true,
            _ => return false,
        };
        let length = match self.kind {
            Kind::PRIORITY => self.len == 5,
            Kind::RST_STREAM | Kind::WINDOW_UPDATE => self.len == 4,
            Kind::PING => self.len == 8,
            Kind::SETTINGS if self.has(flag::ACK) => self.len == 0,
            Kind::SETTINGS => self.len.is_multiple_of(6) && self.len <= 120,
            Kind::GOAWAY => self.len >= 8 && self.len <= 1024,
            Kind::PUSH_PROMISE => self.len >= 4 && self.len <= USUAL_PAYLOAD,
            _ => self.len <= USUAL_PAYLOAD,
        };
        of_stream
            && length
            && !self.reserved
            && self.flags & !self.kind.flags() == 0
            && self.stream < 1 << 24
    }
}

/// The payload of a DATA, HEADERS or PUSH_PROMISE frame without what stands around its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Framed {
    /// Where the content begins in the payload, and where it ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes of padding behind it, where the frame is padded.
    pub(super) padding: Option<u8>,
    /// Stream dependency with its exclusive bit, and weight.
    pub(super) priority: Option<(u32, u8)>,
    /// The stream that is promised, with the reserved bit.
    pub(super) promised: Option<u32>,
}

impl Framed {
    /// Takes a payload apart; `None` where it is too short for what its flags say (RFC 9113 sections 6.1, 6.2, 6.6).
    pub(super) fn read(head: Head, payload: &[u8]) -> Option<Self> {
        let mut framed = Self {
            end: payload.len(),
            ..Self::default()
        };
        if matches!(head.kind, Kind::DATA | Kind::HEADERS | Kind::PUSH_PROMISE)
            && head.has(flag::PADDED)
        {
            let padding = *payload.first()?;
            framed.padding = Some(padding);
            framed.start = 1;
            framed.end = framed.end.checked_sub(usize::from(padding))?;
        }
        if head.kind == Kind::HEADERS && head.has(flag::PRIORITY) {
            let rest = payload.get(framed.start..)?;
            framed.priority = Some((number(rest)?, *rest.get(4)?));
            framed.start += 5;
        }
        if head.kind == Kind::PUSH_PROMISE {
            framed.promised = Some(number(payload.get(framed.start..)?)?);
            framed.start += 4;
        }
        (framed.start <= framed.end).then_some(framed)
    }
}

/// A number of four bytes at the start of `bytes`.
pub(super) fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk::<4>().map(|b| u32::from_be_bytes(*b))
}

/// The settings of a payload: identifier and value (RFC 9113 section 6.5.1).
pub(super) fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> + '_ {
    payload.chunks_exact(6).filter_map(|setting| {
        let (id, value) = setting.split_first_chunk::<2>()?;
        Some((u16::from_be_bytes(*id), number(value)?))
    })
}

/// What a GOAWAY says: the last stream, the error, and words for whoever looks for the cause.
pub(super) fn goaway(payload: &[u8]) -> Option<(u32, u32, &[u8])> {
    let last = number(payload)? & 0x7fff_ffff;
    let error = number(payload.get(4..)?)?;
    Some((last, error, payload.get(8..)?))
}

/// An error code (RFC 9113 section 7); empty for one that is not known.
pub(super) const fn error_name(code: u32) -> &'static str {
    match code {
        0 => "NO_ERROR",
        1 => "PROTOCOL_ERROR",
        2 => "INTERNAL_ERROR",
        3 => "FLOW_CONTROL_ERROR",
        4 => "SETTINGS_TIMEOUT",
        5 => "STREAM_CLOSED",
        6 => "FRAME_SIZE_ERROR",
        7 => "REFUSED_STREAM",
        8 => "CANCEL",
        9 => "COMPRESSION_ERROR",
        10 => "CONNECT_ERROR",
        11 => "ENHANCE_YOUR_CALM",
        12 => "INADEQUATE_SECURITY",
        13 => "HTTP_1_1_REQUIRED",
        _ => "",
    }
}

/// How a run of bytes reads as frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Frames that are whole.
    pub(super) frames: u32,
    /// The last head is cut off, or its payload goes on behind the bytes.
    pub(super) open: bool,
    /// What stands behind the last whole frame is none.
    pub(super) broken: bool,
}

/// Frames that are looked at in one run.
const RUN_MOST: u32 = 8;

/// Reads `bytes` as frames, plausible ones only.
pub(super) fn run(bytes: &[u8]) -> Run {
    let mut run = Run::default();
    let mut rest = bytes;
    while run.frames < RUN_MOST && !rest.is_empty() {
        let Some(head) = Head::read(rest) else {
            run.open = true;
            return run;
        };
        if !head.is_plausible() {
            run.broken = true;
            return run;
        }
        let Some(behind) = rest.get(head.size() as usize..) else {
            run.open = true;
            return run;
        };
        rest = behind;
        run.frames += 1;
    }
    run
}

/// What a search for frames found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A frame with another behind it.
    At(usize),
    /// None begins before this place; the bytes behind it don't tell yet.
    NotBefore(usize),
}

/// Looks for a frame that another follows: two heads in their places are hardly anything else.
pub(super) fn find(bytes: &[u8]) -> Found {
    for at in 0..bytes.len() {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let Some(head) = Head::read(rest) else {
            return Found::NotBefore(at);
        };
        if !head.is_plausible() {
            continue;
        }
        match rest
            .get(head.size() as usize..)
            .map(|behind| (behind.len() >= HEAD, Head::read(behind)))
        {
            Some((true, Some(next))) if next.is_plausible() => return Found::At(at),
            Some((true, _)) => {}
            _ => return Found::NotBefore(at),
        }
    }
    Found::NotBefore(bytes.len())
}
