//! Connectionless DCE/RPC (C706 chapter 10 and 12.5): one datagram is one PDU. A call is known by its activity and its
//! sequence number; its last fragment asks and its answer's last fragment answers.
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
use super::exchange;
use super::interfaces;
use super::pipes;
use super::statuses;
use super::wire::{Cursor, Syntax, Uuid};
use crate::dissector::{Dissector, Input, Output, Speaker, Verdict};
use crate::event::{Act, Expect, Fact, Op, Phase, Status, digest};
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

    /// The whole message, or its last fragment.
    const fn is_last(&self) -> bool {
        !self.is_fragment() || self.flags & 0x02 != 0
    }

    /// PF_MAYBE or PF_BROADCAST: no answer is wanted of it, or of nobody in particular.
    const fn is_one_way(&self) -> bool {
        self.flags & 0x50 != 0
    }

    fn op(&self) -> Op {
        let interface = interfaces::by_uuid(self.interface.uuid);
        exchange::operation(interface, (Some(self.interface.uuid), 0), self.operation)
    }

    /// The status that a fault or a reject begins with.
    fn status(&self, bytes: &[u8]) -> Option<u32> {
        Cursor::new(bytes.get(HEADER..)?, self.big).u32()
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
    /// Faults and rejects that were told.
    faults: u8,
}

/// Faults and rejects of one conversation that are told.
const FAULTS: u8 = 32;

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
        let act = self.act(&header, bytes, side, span, out);
        out.emit(side, span, act);
    }
}

impl Datagrams {
    fn act(
        &mut self,
        header: &Header<'_>,
        bytes: &[u8],
        side: Side,
        span: Span,
        out: &mut Output<'_>,
    ) -> Act {
        let id = header.key();
        match header.kind {
            kind::REQUEST if header.is_last() => {
                let op = header.op();
                if op.group == pipes::UNKNOWN {
                    let uuid = header.interface.uuid;
                    out.name(|| pipes::named(uuid, header.operation.into()));
                }
                Act::Request {
                    id,
                    op,
                    expect: if header.is_one_way() {
                        Expect::Nothing
                    } else {
                        Expect::Answer
                    },
                    // The header counts how often it was sent.
                    digest: digest(bytes.get(HEADER..).unwrap_or_default()),
                }
            }
            kind::RESPONSE if header.is_last() => Act::Reply {
                id,
                status: Status::OK,
            },
            kind::FAULT | kind::REJECT => {
                let code = header.status(bytes).unwrap_or_default();
                let name = statuses::fault(code);
                if self.faults < FAULTS {
                    self.faults += 1;
                    let fact = Fact::new("dcerpc.fault")
                        .in_exchange(id)
                        .with("status", code)
                        .with("name", name)
                        .with("operation", header.op().to_string())
                        .with("did_not_execute", header.kind == kind::REJECT);
                    out.fact(side, span, fact);
                }
                Act::Reply {
                    id,
                    status: Status::failure(code, name),
                }
            }
            kind::WORKING => Act::interim(id),
            kind::CANCEL => Act::Cancel { id },
            // Pings and nocalls ask and tell whether a call is there; the rest acknowledges.
            _ => Act::Message {
                op: Op::new(type_name(header.kind), u32::from(header.kind)),
            },
        }
    }
}

/// PDU types (C706 12.5.3).
mod kind {
    pub(super) const REQUEST: u8 = 0;
    pub(super) const RESPONSE: u8 = 2;
    pub(super) const FAULT: u8 = 3;
    pub(super) const WORKING: u8 = 4;
    pub(super) const REJECT: u8 = 6;
    pub(super) const CANCEL: u8 = 8;
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
