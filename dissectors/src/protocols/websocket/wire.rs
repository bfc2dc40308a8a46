//! WebSocket bytes: frame headers, masking, UTF-8, and how much a run of bytes looks like frames. No state of a
//! session.

/// The longest header: 2 bytes, 8 of length, 4 of masking key.
pub(super) const HEADER_MOST: usize = 14;
/// The longest payload of a control frame (RFC 6455 section 5.5).
pub(super) const CONTROL_MOST: u64 = 125;

/// A frame's opcode (RFC 6455 section 5.2): any of 16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Opcode(pub(super) u8);

impl Opcode {
    pub(super) const CONTINUATION: Self = Self(0);
    pub(super) const TEXT: Self = Self(1);
    pub(super) const BINARY: Self = Self(2);
    pub(super) const CLOSE: Self = Self(8);
    pub(super) const PING: Self = Self(9);
    pub(super) const PONG: Self = Self(10);

    /// Its name; empty for a reserved one.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CONTINUATION => "Continuation",
            Self::TEXT => "Text",
            Self::BINARY => "Binary",
            Self::CLOSE => "Close",
            Self::PING => "Ping",
            Self::PONG => "Pong",
            _ => "",
        }
    }

    pub(super) const fn is_reserved(self) -> bool {
        self.name().is_empty()
    }

    pub(super) const fn is_control(self) -> bool {
        self.0 >= 8
    }
}

/// A frame's header.
///
/// ```text
///   0               1               2 …
///  +-+-+-+-+-------+-+-------------+----------------+-----------+
///  |F|R|R|R| opcode|M| length 7    | 16 or 64 bits  | key 4     |
///  |I|S|S|S|  (4)  |A| 126: 16 bit | of length      | if MASK   |
///  |N|V|V|V|       |S| 127: 64 bit |                |           |
///  | |1|2|3|       |K|             |                |           |
///  +-+-+-+-+-------+-+-------------+----------------+-----------+
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub(super) rsv: u8,
    pub(super) opcode: Opcode,
    /// The masking key, where the MASK bit is set.
    pub(super) key: Option<[u8; 4]>,
    /// Bytes of payload.
    pub(super) len: u64,
    /// Bytes of this header.
    pub(super) size: usize,
    /// The length is written in fewer bytes than it was.
    pub(super) minimal: bool,
}

/// What the first bytes of a frame give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// A header.
    Header(Header),
    /// More bytes are needed.
    More,
    /// The highest bit of a 64-bit length is set: the frame can't be followed.
    TopBit,
}

/// RSV1, which permessage-deflate uses (RFC 7692 section 6).
pub(super) const RSV1: u8 = 4;

/// Reads a header. Any opcode and any reserved bits are taken.
pub(super) fn header(bytes: &[u8]) -> Read {
    let &[first, second, ref rest @ ..] = bytes else {
        return Read::More;
    };
    let (len, extended) = match second & 0x7f {
        126 => match rest.split_first_chunk::<2>() {
            Some((n, _)) => (u64::from(u16::from_be_bytes(*n)), 2),
            None => return Read::More,
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((n, _)) => (u64::from_be_bytes(*n), 8),
            None => return Read::More,
        },
        n => (u64::from(n), 0),
    };
    if len >> 63 != 0 {
        return Read::TopBit;
    }
    let mut size = 2 + extended;
    let mut key = None;
    if second & 0x80 != 0 {
        let Some(found) = bytes.get(size..).and_then(|b| b.first_chunk::<4>()) else {
            return Read::More;
        };
        key = Some(*found);
        size += 4;
    }
    Read::Header(Header {
        fin: first & 0x80 != 0,
        rsv: first >> 4 & 7,
        opcode: Opcode(first & 0x0f),
        key,
        len,
        size,
        minimal: match extended {
            2 => len > 125,
            8 => len > 0xffff,
            _ => true,
        },
    })
}

/// Bytes that are unmasked in one piece.
pub(super) const PIECE: usize = 512;

/// Gives `bytes` unmasked, piece by piece. `done` payload bytes of the frame came before them.
pub(super) fn unmasked(bytes: &[u8], key: Option<[u8; 4]>, done: u64, mut each: impl FnMut(&[u8])) {
    let Some(mut key) = key else {
        each(bytes);
        return;
    };
    key.rotate_left((done % 4) as usize);
    let mut piece = [0; PIECE];
    for part in bytes.chunks(PIECE) {
        // `PIECE` is a multiple of 4: every part begins with the same byte of the key.
        for ((to, from), k) in piece.iter_mut().zip(part).zip(key.iter().cycle()) {
            *to = from ^ k;
        }
        each(piece.get(..part.len()).unwrap_or_default());
    }
}

/// Checks UTF-8 that comes in pieces, without keeping more than one character.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Utf8 {
    tail: [u8; 4],
    kept: usize,
    bad: bool,
}

impl Utf8 {
    /// Takes the next bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while self.kept > 0 && !self.bad {
            let Some((next, rest)) = bytes.split_first() else {
                return;
            };
            bytes = rest;
            if let Some(free) = self.tail.get_mut(self.kept) {
                *free = *next;
            }
            self.kept = (self.kept + 1).min(4);
            let tail = self.tail.get(..self.kept).unwrap_or_default();
            match std::str::from_utf8(tail) {
                Ok(_) => self.kept = 0,
                Err(why) => self.bad |= why.error_len().is_some() || self.kept == 4,
            }
        }
        if self.bad {
            return;
        }
        if let Err(why) = std::str::from_utf8(bytes) {
            let rest = bytes.get(why.valid_up_to()..).unwrap_or_default();
            self.bad = why.error_len().is_some();
            self.kept = rest.len().min(4);
            for (to, from) in self.tail.iter_mut().zip(rest) {
                *to = *from;
            }
        }
    }

    /// What came so far can't be UTF-8, however it goes on.
    pub(super) const fn is_bad(&self) -> bool {
        self.bad
    }

    /// What came is not whole UTF-8 text.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.bad || self.kept > 0
    }
}

/// How a run of bytes reads as frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Frames that are whole.
    pub(super) frames: u32,
    /// Rough bits of evidence: how unlikely it is that other bytes look like this.
    pub(super) bits: u32,
    /// How it ends.
    pub(super) end: RunEnd,
}

/// How a run of frames ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RunEnd {
    /// With the last byte.
    #[default]
    Exact,
    /// Within a frame.
    Within,
    /// With bytes that are no frame of that side.
    Broken,
}

/// Frames that are looked at in one run.
const RUN_MOST: u32 = 6;
/// Payload bytes of text that count as evidence.
const TEXT_BITS: usize = 24;

/// Reads `bytes` as frames of a side that masks or does not. Only frames without any fault count; `deflate` allows
/// RSV1 on the first frame of a message.
pub(super) fn run(bytes: &[u8], masked: bool, deflate: bool) -> Run {
    let mut run = Run::default();
    let mut rest = bytes;
    let mut open = None;
    while run.frames < RUN_MOST && !rest.is_empty() {
        let head = match header(rest) {
            Read::Header(head) => head,
            Read::More => return run.ending(RunEnd::Within),
            Read::TopBit => return run.ending(RunEnd::Broken),
        };
        let Some(bits) = plausible(&head, masked, deflate, open) else {
            return run.ending(RunEnd::Broken);
        };
        let payload = rest.get(head.size..).unwrap_or_default();
        let whole = usize::try_from(head.len)
            .ok()
            .and_then(|n| payload.split_at_checked(n));
        let Some(more) = content_bits(&head, whole.map_or(payload, |(p, _)| p), whole.is_some())
        else {
            return run.ending(RunEnd::Broken);
        };
        run.bits += bits + more;
        let Some((_, behind)) = whole else {
            return run.ending(RunEnd::Within);
        };
        rest = behind;
        run.frames += 1;
        if !head.opcode.is_control() {
            open = Some(!head.fin);
        }
    }
    run
}

impl Run {
    fn ending(mut self, end: RunEnd) -> Self {
        self.end = end;
        self
    }
}

/// Bits of evidence of a header, `None` for one that no sound peer sends.
fn plausible(head: &Header, masked: bool, deflate: bool, open: Option<bool>) -> Option<u32> {
    let rsv_fits = head.rsv == 0
        || head.rsv == RSV1 && deflate && matches!(head.opcode, Opcode::TEXT | Opcode::BINARY);
    if head.opcode.is_reserved() || !rsv_fits || head.key.is_some() != masked || !head.minimal {
        return None;
    }
    if head.opcode.is_control() {
        let sound = head.fin && head.len <= CONTROL_MOST;
        return sound.then_some(if head.len > 0 { 8 } else { 3 });
    }
    // A run does not begin within a message: zeros would look like continuations for ever.
    if open.unwrap_or(false) != (head.opcode == Opcode::CONTINUATION) {
        return None;
    }
    // Short frames are what repeated bytes look like.
    if head.len <= 1 {
        return Some(2);
    }
    Some(match head.size - usize::from(masked) * 4 {
        // Nothing sends frames of 2^40 bytes: the zeros of the length are evidence.
        10 if head.len >> 40 != 0 => return None,
        10 => 24,
        4 => 6,
        _ => 5,
    })
}

/// Bits of evidence in a payload, `None` where it contradicts.
fn content_bits(head: &Header, payload: &[u8], whole: bool) -> Option<u32> {
    let mut start = [0; 128];
    let mut seen = 0;
    let part = payload.get(..128).unwrap_or(payload);
    unmasked(part, head.key, 0, |plain| {
        for (to, from) in start.iter_mut().zip(plain) {
            *to = *from;
            seen += 1;
        }
    });
    let plain = start.get(..seen).unwrap_or_default();
    match head.opcode {
        Opcode::TEXT if head.rsv == 0 => {
            let mut utf8 = Utf8::default();
            utf8.push(plain);
            let all = whole && head.fin && plain.len() == payload.len();
            let odd = |b: &u8| b.is_ascii_control() && !matches!(b, b'\n' | b'\r' | b'\t' | 0);
            if utf8.is_bad() || all && utf8.is_unfinished() || plain.iter().any(odd) {
                return None;
            }
            let shown = plain.iter().filter(|b| **b != 0).count();
            Some(shown.min(TEXT_BITS) as u32)
        }
        Opcode::CLOSE if whole => match plain.first_chunk::<2>() {
            Some(code) => (1000..5000)
                .contains(&u16::from_be_bytes(*code))
                .then_some(4),
            None => plain.is_empty().then_some(0),
        },
        _ => Some(0),
    }
}
