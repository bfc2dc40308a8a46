//! Connectionless DCE/RPC (C706 12.5): one datagram is one PDU. It is recognised and described; calls are not followed,
//! so that nothing is said of answers that do not come.
//!
//! ```text
//!   0     1      2       3       4          7      8         24           40         56      60       64
//!   +-----+------+-------+-------+----------+------+---------+------------+----------+-------+--------+----
//!   | 4   | type | flags1| flags2| data rep | ser. | object  | interface  | activity | boot  | if ver | …
//!   +-----+------+-------+-------+----------+------+---------+------------+----------+-------+--------+----
//!   64        68       70      72      74      76      78     79     80
//!   +---------+--------+-------+-------+-------+-------+------+------+------
//!   | seqnum  | opnum  | ihint | ahint | len   | frag  | auth | ser. | body …
//!   +---------+--------+-------+-------+-------+-------+------+------+------
//! ```

use super::contexts;
use super::describe;
use super::interfaces;
use super::wire::{Cursor, Syntax, Uuid};
use crate::dissector::{Dissector, Input, Output, Speaker, Verdict};
use crate::event::{Act, Op, Phase, digest};
use crate::units::{PerSide, Side, Span, StreamOffset};

/// Bytes of the header.
pub(super) const HEADER: usize = 80;
/// Bits of the flags that only an implementation may set.
const RESERVED: u8 = 0x81;

/// The header, with the numbers that events and fields need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) bytes: &'a [u8; HEADER],
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) big: bool,
    pub(super) interface: Syntax,
    activity: Uuid,
    sequence: u32,
    pub(super) operation: u16,
    len: u16,
    auth: u8,
}

impl<'a> Header<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.first_chunk()?;
        let &[4, kind @ 0..=10, flags, _, order, ..] = bytes else {
            return None;
        };
        let big = order >> 4 == 0;
        let mut cursor = Cursor::new(bytes.get(24..)?, big);
        let (uuid, activity) = (cursor.uuid()?, cursor.uuid()?);
        let (_boot, version, sequence) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let operation = cursor.u16()?;
        cursor.u32()?;
        let (len, _fragment) = (cursor.u16()?, cursor.u16()?);
        Some(Self {
            bytes,
            kind,
            flags,
            big,
            interface: Syntax {
                uuid,
                major: version as u16,
                minor: (version >> 16) as u16,
            },
            activity,
            sequence,
            operation,
            len,
            auth: cursor.u8()?,
        })
    }

    /// What pairs a request with its answer: the activity and its sequence number.
    pub(super) fn key(&self) -> u64 {
        u64::from(digest(&self.activity.0.to_be_bytes())) << 32 | u64::from(self.sequence)
    }

    /// A part of a message in several datagrams.
    pub(super) const fn is_fragment(&self) -> bool {
        self.flags & 0x04 != 0
    }
}

/// The header decides: version, type, representation and the length, which must be that of the datagram.
pub(super) fn probe(bytes: &[u8]) -> Verdict {
    let Some(header) = Header::read(bytes) else {
        return Verdict::No;
    };
    let &[_, _, flags, more, order, float, ..] = header.bytes;
    let body = bytes.len() - HEADER;
    // A verifier may follow the body.
    let fits = match header.auth {
        0 => body == usize::from(header.len),
        _ => body >= usize::from(header.len),
    };
    if !fits || order & 0xee != 0 || float > 3 || flags & RESERVED != 0 || more & !0x02 != 0 {
        return Verdict::No;
    }
    Verdict::Certain(match header.kind {
        0 | 1 | 7 | 8 => Speaker::Client,
        9 => Speaker::Unknown,
        _ => Speaker::Server,
    })
}

/// A conversation in datagrams.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    offsets: PerSide<StreamOffset>,
    opened: bool,
}

impl Dissector for Datagrams {
    fn handle(&mut self, side: Side, input: Input<'_>, out: &mut Output<'_>) {
        let (bytes, len) = match input {
            Input::Datagram { bytes, .. } => (bytes, bytes.len() as u64),
            Input::Data(bytes) => (&[][..], bytes.len() as u64),
            Input::Gap { len } => (&[][..], len),
            Input::End(_) => return,
        };
        let start = self.offsets[side];
        self.offsets[side] += len;
        let span = Span::new(start, start + len);
        let Some(header) = Header::read(bytes) else {
            return;
        };
        if !self.opened {
            self.opened = true;
            out.phase(side, span, Phase::Open);
            out.detail(side, span, "interface", contexts::label(&header.interface));
        }
        out.fields(side, span, |w| describe::datagram(w, &header, bytes));
        let name = type_name(header.kind);
        out.describe(|| {
            let interface = interfaces::by_uuid(header.interface.uuid);
            match interface.map_or("", |i| i.operation(header.operation)) {
                "" => format!("{name}, operation {}", header.operation),
                operation => format!("{name}, {operation}"),
            }
        });
        let op = Op::new(name, u32::from(header.kind));
        out.emit(side, span, Act::Message { op });
    }
}

/// The name of a PDU type in the specification (C706 12.5.3).
pub(super) const fn type_name(kind: u8) -> &'static str {
    match kind {
        0 => "request",
        1 => "ping",
        2 => "response",
        3 => "fault",
        4 => "working",
        5 => "nocall",
        6 => "reject",
        7 => "ack",
        8 => "cl_cancel",
        9 => "fack",
        10 => "cancel_ack",
        _ => "",
    }
}
