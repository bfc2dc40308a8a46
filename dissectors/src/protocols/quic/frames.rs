//! Frames of packets in clear (RFC 9000 19, RFC 9221 4).

use super::fields::{
    ACK_CE, ACK_DELAY, ACK_ECT0, ACK_ECT1, ACK_FIRST_RANGE, ACK_GAP, ACK_LARGEST, ACK_RANGE,
    ACK_RANGE_COUNT, CC_ALERT, CC_APP_ERROR, CC_ERROR, CC_FRAME_TYPE, CC_REASON, CC_REASON_LENGTH,
    CRYPTO_DATA, CRYPTO_LENGTH, CRYPTO_OFFSET, DB, DG, DG_LENGTH, FRAME_TYPE, MD, MS, MSD,
    MSD_STREAM, NCI_ID, NCI_LENGTH, NCI_RETIRE, NCI_SEQUENCE, NCI_TOKEN, NT_LENGTH, NT_TOKEN,
    PADDING_LENGTH, PATH_CHALLENGE, PATH_RESPONSE, RCI_SEQUENCE, RSTS_ERROR, RSTS_SIZE,
    RSTS_STREAM, SDB_STREAM, SIB, SS_ERROR, SS_STREAM, STREAM_DATA, STREAM_DIRECTION, STREAM_FIN,
    STREAM_ID, STREAM_INITIATOR, STREAM_LEN, STREAM_LENGTH, STREAM_OFF, STREAM_OFFSET,
};
use super::wire::Reader;
use crate::field::FieldId;

/// Frame types that are looked at closer.
mod kind {
    pub(super) const PADDING: u64 = 0x00;
    pub(super) const ACK: u64 = 0x02;
    pub(super) const ACK_ECN: u64 = 0x03;
    pub(super) const CRYPTO: u64 = 0x06;
    pub(super) const STREAM: u64 = 0x08;
    pub(super) const STREAM_LAST: u64 = 0x0F;
}

/// Bits of a STREAM frame's type (RFC 9000 19.8).
mod stream {
    pub(super) const FIN: u64 = 0x01;
    pub(super) const LEN: u64 = 0x02;
    pub(super) const OFF: u64 = 0x04;
}

/// Errors of the transport that are an alert of TLS (RFC 9000 20.1).
const CRYPTO_ERRORS: std::ops::RangeInclusive<u64> = 0x0100..=0x01FF;

/// A frame, part by part.
#[derive(Clone, Debug)]
pub(super) struct Frame<'a> {
    /// Its name.
    pub(super) name: &'static str,
    /// What the info column calls it.
    pub(super) short: &'static str,
    /// The stream that it is about.
    pub(super) stream: Option<u64>,
    /// Where it stands among the packet's frames.
    pub(super) at: usize,
    pub(super) len: usize,
    pub(super) parts: Vec<Part<'a>>,
    /// The handshake's bytes that it brings.
    pub(super) crypto: Option<Crypto<'a>>,
}

/// Bytes of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crypto<'a> {
    /// Where they belong.
    pub(super) offset: u64,
    /// Where they stand among the packet's frames.
    pub(super) at: usize,
    pub(super) bytes: &'a [u8],
}

/// A part of a frame, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) id: FieldId,
    pub(super) value: Content<'a>,
    pub(super) at: usize,
    pub(super) len: usize,
}

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content<'a> {
    Number(u64),
    Bit(bool),
    Bytes(&'a [u8]),
}

/// How frames are laid out.
#[derive(Clone, Copy)]
enum Item {
    /// A number of variable length.
    Number(FieldId),
    /// The same: a stream's.
    Stream(FieldId),
    /// As many bytes as the number before says.
    Data(FieldId),
    /// A byte of length, and the bytes.
    Short(FieldId, FieldId),
    Fixed(FieldId, usize),
    /// All that is left of the packet.
    Rest(FieldId),
}

use Item::{Data, Fixed, Number, Rest, Short, Stream};

type Layout = (&'static str, &'static str, &'static [Item]);

/// Name, short name and parts of a frame type; STREAM's flags are seen to apart.
const fn layout(of: u64) -> Option<Layout> {
    Some(match of {
        0x00 => ("PADDING", "PADDING", &[]),
        0x01 => ("PING", "PING", &[]),
        0x02 => ("ACK", "ACK", ACK),
        0x03 => ("ACK", "ACK_ECN", ACK),
        0x04 => (
            "RESET_STREAM",
            "RS",
            &[Stream(RSTS_STREAM), Number(RSTS_ERROR), Number(RSTS_SIZE)],
        ),
        0x05 => ("STOP_SENDING", "SS", &[Stream(SS_STREAM), Number(SS_ERROR)]),
        0x06 => (
            "CRYPTO",
            "CRYPTO",
            &[
                Number(CRYPTO_OFFSET),
                Number(CRYPTO_LENGTH),
                Data(CRYPTO_DATA),
            ],
        ),
        0x07 => ("NEW_TOKEN", "NT", &[Number(NT_LENGTH), Data(NT_TOKEN)]),
        0x08..=0x0F => ("STREAM", "STREAM", &[Stream(STREAM_ID)]),
        0x10 => ("MAX_DATA", "MD", &[Number(MD)]),
        0x11 => ("MAX_STREAM_DATA", "MSD", &[Stream(MSD_STREAM), Number(MSD)]),
        0x12 | 0x13 => ("MAX_STREAMS", "MS", &[Number(MS)]),
        0x14 => ("DATA_BLOCKED", "DB", &[Number(DB)]),
        0x15 => (
            "STREAM_DATA_BLOCKED",
            "SDB",
            &[Stream(SDB_STREAM), Number(DB)],
        ),
        0x16 | 0x17 => ("STREAMS_BLOCKED", "SB", &[Number(SIB)]),
        0x18 => (
            "NEW_CONNECTION_ID",
            "NCI",
            &[
                Number(NCI_SEQUENCE),
                Number(NCI_RETIRE),
                Short(NCI_LENGTH, NCI_ID),
                Fixed(NCI_TOKEN, 16),
            ],
        ),
        0x19 => ("RETIRE_CONNECTION_ID", "RC", &[Number(RCI_SEQUENCE)]),
        0x1A => ("PATH_CHALLENGE", "PC", &[Fixed(PATH_CHALLENGE, 8)]),
        0x1B => ("PATH_RESPONSE", "PR", &[Fixed(PATH_RESPONSE, 8)]),
        0x1C => (
            "CONNECTION_CLOSE",
            "CC",
            &[
                Number(CC_ERROR),
                Number(CC_FRAME_TYPE),
                Number(CC_REASON_LENGTH),
                Data(CC_REASON),
            ],
        ),
        0x1D => (
            "CONNECTION_CLOSE",
            "CC",
            &[
                Number(CC_APP_ERROR),
                Number(CC_REASON_LENGTH),
                Data(CC_REASON),
            ],
        ),
        0x1E => ("HANDSHAKE_DONE", "DONE", &[]),
        0x30 => ("DATAGRAM", "DG", &[Rest(DG)]),
        0x31 => ("DATAGRAM", "DG", &[Number(DG_LENGTH), Data(DG)]),
        _ => return None,
    })
}

/// What every ACK has; ranges and counts follow.
const ACK: &[Item] = &[
    Number(ACK_LARGEST),
    Number(ACK_DELAY),
    Number(ACK_RANGE_COUNT),
    Number(ACK_FIRST_RANGE),
];

/// The frames of a packet, as far as they can be read.
pub(super) fn all(plain: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut r = Reader::new(plain);
    std::iter::from_fn(move || one(&mut r))
}

fn one<'a>(r: &mut Reader<'a>) -> Option<Frame<'a>> {
    let at = r.at();
    let of = r.varint()?;
    let (name, short, items) = layout(of)?;
    let mut frame = Frame {
        name,
        short,
        stream: None,
        at,
        len: 0,
        parts: Vec::with_capacity(items.len() + 1),
        crypto: None,
    };
    frame.number(FRAME_TYPE, of, r, at);
    // A frame that is cut shows what there is of it.
    let _ = frame.items(of, items, r);
    frame.len = r.at() - at;
    Some(frame)
}

impl<'a> Frame<'a> {
    fn number(&mut self, id: FieldId, number: u64, r: &Reader<'_>, at: usize) {
        self.parts.push(Part {
            id,
            value: Content::Number(number),
            at,
            len: r.at() - at,
        });
    }

    fn varint(&mut self, id: FieldId, r: &mut Reader<'a>) -> Option<u64> {
        let at = r.at();
        let number = r.varint()?;
        self.number(id, number, r, at);
        Some(number)
    }

    fn bytes(&mut self, id: FieldId, len: usize, r: &mut Reader<'a>) -> Option<&'a [u8]> {
        let at = r.at();
        let bytes = r.take(len)?;
        let value = Content::Bytes(bytes);
        self.parts.push(Part { id, value, at, len });
        Some(bytes)
    }

    fn items(&mut self, of: u64, items: &[Item], r: &mut Reader<'a>) -> Option<()> {
        let mut numbers = (0, 0);
        for item in items {
            match *item {
                Number(id) => numbers = (numbers.1, self.varint(id, r)?),
                Stream(id) => self.stream = Some(self.varint(id, r)?),
                Data(id) => {
                    let len = usize::try_from(numbers.1).ok()?;
                    let (at, offset) = (r.at(), numbers.0);
                    let bytes = self.bytes(id, len, r)?;
                    if of == kind::CRYPTO {
                        self.crypto = Some(Crypto { offset, at, bytes });
                    }
                }
                Short(len_id, id) => {
                    let at = r.at();
                    let len = r.u8()?;
                    self.number(len_id, len.into(), r, at);
                    self.bytes(id, len.into(), r)?;
                }
                Fixed(id, len) => {
                    self.bytes(id, len, r)?;
                }
                Rest(id) => {
                    self.bytes(id, r.rest().len(), r)?;
                }
            }
            if let (Number(id), error) = (*item, numbers.1)
                && id == CC_ERROR
                && CRYPTO_ERRORS.contains(&error)
            {
                self.number(CC_ALERT, error & 0xFF, r, r.at() - 1);
            }
        }
        match of {
            kind::PADDING => self.padding(r),
            kind::ACK | kind::ACK_ECN => self.ranges(of, r)?,
            kind::STREAM..=kind::STREAM_LAST => self.stream(of, r)?,
            _ => {}
        }
        Some(())
    }

    /// Padding is as many frames as it has bytes, which are shown as one.
    fn padding(&mut self, r: &mut Reader<'a>) {
        let more = r.rest().iter().take_while(|byte| **byte == 0).count();
        r.take(more);
        self.number(PADDING_LENGTH, more as u64 + 1, r, self.at);
    }

    /// What follows the first range of an ACK (RFC 9000 19.3).
    fn ranges(&mut self, of: u64, r: &mut Reader<'a>) -> Option<()> {
        let counts = |part: &&Part<'_>| part.id == ACK_RANGE_COUNT;
        let count = match self.parts.iter().find(counts)?.value {
            Content::Number(count) => count,
            _ => 0,
        };
        // Each takes two bytes, so what is cut ends it.
        for _ in 0..count {
            self.varint(ACK_GAP, r)?;
            self.varint(ACK_RANGE, r)?;
        }
        if of == kind::ACK_ECN {
            for id in [ACK_ECT0, ACK_ECT1, ACK_CE] {
                self.varint(id, r)?;
            }
        }
        Some(())
    }

    /// What the flags and the number of a STREAM frame say, and what follows them (RFC 9000 19.8, 2.1).
    fn stream(&mut self, of: u64, r: &mut Reader<'a>) -> Option<()> {
        let id = self.stream?;
        let at = self.at;
        let bit = |id, mask| Part {
            id,
            value: Content::Bit(of & mask != 0),
            at,
            len: 1,
        };
        let flags = [
            bit(STREAM_FIN, stream::FIN),
            bit(STREAM_LEN, stream::LEN),
            bit(STREAM_OFF, stream::OFF),
        ];
        self.parts.splice(1..1, flags);
        self.number(STREAM_INITIATOR, id & 1, r, r.at() - 1);
        self.number(STREAM_DIRECTION, id >> 1 & 1, r, r.at() - 1);
        if of & stream::OFF != 0 {
            self.varint(STREAM_OFFSET, r)?;
        }
        let len = if of & stream::LEN == 0 {
            r.rest().len()
        } else {
            usize::try_from(self.varint(STREAM_LENGTH, r)?).ok()?
        };
        self.bytes(STREAM_DATA, len, r)?;
        Some(())
    }
}
