//! The fields of a frame and of its headers.
//!
//! Which fields of each header are wanted is found out once (`Picked`); a header then costs what its wanted fields cost.

mod bytes;
mod info;
mod link;
mod names;
mod network;
mod options;
mod transport;

use colloquy_dissectors::field::{
    Entry, FieldId, INFO_COLUMN, PROTOCOL_COLUMN, Value, Values, Wanted, group,
};
use colloquy_dissectors::units::{FrameNo, Timestamp};

use bytes::Bytes;

use super::forward::{Forward, Later};
use super::tcp::Connection;
use crate::analysis::batch::{Batch, Item, Kind};
use crate::capture::{LinkType, Record};
use crate::fields;
use crate::frame::{Header, HeaderKind, Headers, decode_headers, decode_payload_headers};
use crate::session::conversation::Opening;

/// A frame whose fields are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Its record.
    pub(crate) record: &'a Record,
    /// Its captured bytes.
    pub(crate) bytes: &'a [u8],
    /// What it is to its conversation.
    pub(crate) item: &'a Item,
    /// What it came with.
    pub(crate) batch: &'a Batch,
}

impl Frame<'_> {
    /// The time of the frame before.
    fn before(&self) -> Option<Timestamp> {
        let records = &self.batch.block.records;
        let first = records.first()?.no;
        match (self.record.no - first).checked_sub(1) {
            Some(place) => records.get(place as usize).map(|record| record.time),
            None => self.batch.beside.before,
        }
    }
}

/// What headers of a conversation's earlier frames tell: bases of sequence numbers, times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The time of the first frame and of the last one.
    times: Option<(Timestamp, Timestamp)>,
    pub(super) tcp: Option<Box<Connection>>,
}

impl Past {
    /// What the frames before it would have to know.
    pub(super) fn later(&self) -> Option<Later> {
        let connection = self.tcp.as_ref()?;
        Some(Later {
            parts: connection.later_parts(),
            initial_rtt: connection.initial_rtt(),
        })
    }
}

/// The fields that are wanted, a list a header, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picked {
    lists: [Vec<FieldId>; HEADER_GROUPS],
    /// The protocol and the info column.
    protocol: bool,
    info: bool,
    /// Something of TCP that depends on frames before.
    pub(super) past: bool,
    /// Any field of any header.
    headers: bool,
    /// Protocols whose bytes are wanted.
    contents: Vec<FieldId>,
    /// The list of the frame's protocols.
    protocols: bool,
}

/// Groups of headers are those up to ARP.
const HEADER_GROUPS: usize = group::ARP as usize + 1;

impl Picked {
    pub(crate) fn new(wanted: &Wanted) -> Self {
        let mut picked = Self {
            protocol: wanted.has(PROTOCOL_COLUMN),
            info: wanted.has(INFO_COLUMN),
            contents: wanted.contents().to_vec(),
            ..Self::default()
        };
        for field in fields::all().filter(|field| wanted.has(field.id)) {
            let group = field.id.group();
            if group == group::COLUMN {
                continue;
            }
            if let Some(list) = picked.lists.get_mut(group as usize) {
                list.push(field.id);
                picked.headers |= group > group::FRAME;
            }
        }
        picked.protocols = wanted.has(fields::engine::frame::PROTOCOLS);
        let columns = picked.protocol || picked.info;
        picked.headers |= columns || picked.protocols;
        picked.past = columns || !picked.of(group::TCP).is_empty();
        picked
    }

    pub(super) fn of(&self, group: u8) -> &[FieldId] {
        self.lists.get(group as usize).map_or(&[], Vec::as_slice)
    }
}

/// Takes the values of one header.
pub(super) struct Out<'a> {
    values: &'a mut Values,
    /// Where the header begins.
    at: u32,
    /// Protocols whose bytes are wanted.
    contents: &'a [FieldId],
}

impl Out<'_> {
    /// A value in `len` bytes at `at` of the header.
    fn put(&mut self, id: FieldId, value: Value<'_>, at: u32, len: u32) {
        self.push(id, value, 1, at, len);
    }

    /// A part of the value before.
    fn part(&mut self, id: FieldId, value: Value<'_>, at: u32, len: u32) {
        self.push(id, value, 2, at, len);
    }

    /// A value that stands nowhere.
    fn computed(&mut self, id: FieldId, value: Value<'_>) {
        self.values.push(Entry {
            id,
            value,
            depth: 1,
            at: 0,
            len: 0,
        });
    }

    /// The protocol itself, with a header of `len` bytes, of `own` bytes of `whole` in filters.
    fn protocol(&mut self, id: FieldId, len: u32, own: u32, whole: &[u8]) {
        let value = if self.contents.contains(&id) {
            Value::Contents(own, whole)
        } else {
            Value::Present
        };
        self.push(id, value, 0, 0, len);
    }

    fn push(&mut self, id: FieldId, value: Value<'_>, depth: u8, at: u32, len: u32) {
        self.values.push(Entry {
            id,
            value,
            depth,
            at: self.at + at,
            len,
        });
    }
}

/// What is known of the conversations of a frame's transport headers.
pub(super) struct Context<'a> {
    frame: Frame<'a>,
    /// The numbers of the streams of its transport headers that are left, the outermost first.
    streams: Streams<'a>,
    /// Of the conversation that the frame is given to.
    past: Option<&'a mut Past>,
    /// The innermost header is of a frame of that conversation, and not one that ICMP quotes.
    own: bool,
    /// Another conversation had the same ends before.
    reused: bool,
    /// What later frames tell of the conversation.
    later: Option<Later>,
}

/// Numbers of streams: of the headers around the innermost one, and its own.
struct Streams<'a> {
    outer: &'a [(FrameNo, u32)],
    own: Option<u32>,
}

impl Context<'_> {
    /// The number of the stream of the header at hand.
    fn stream(&self) -> Option<u32> {
        self.streams
            .outer
            .first()
            .map_or(self.streams.own, |(_, stream)| Some(*stream))
    }

    /// The past of the conversation of the header at hand, if the header is the frame's own.
    fn past(&mut self) -> Option<&mut Past> {
        if self.own && self.streams.outer.is_empty() {
            self.past.as_deref_mut()
        } else {
            None
        }
    }

    /// The next transport header is at hand.
    fn pass(&mut self) {
        self.streams.outer = self.streams.outer.get(1..).unwrap_or_default();
    }
}

/// Writes what is wanted of the frame. `known`: its conversation, if it has one. `headers`: room to be used again.
pub(crate) fn write(
    picked: &Picked,
    frame: &Frame<'_>,
    known: Option<(&Opening, &mut Past)>,
    forward: Option<&Forward>,
    headers: &mut Headers,
    values: &mut Values,
    protocols: &mut String,
) {
    let record = frame.record;
    let mut out = Out {
        values,
        at: 0,
        contents: &picked.contents,
    };
    link::frame(picked.of(group::FRAME), frame, &mut out);
    if !picked.headers || record.link == LinkType::NOT_A_PACKET {
        return;
    }
    decode_headers(record.link, frame.bytes, record.wire_len, headers);
    if picked.protocols {
        protocols.push_str(names::link(record.link));
        names::headers(headers.all(), frame.bytes, protocols);
        if frame.batch.beside.whole(record.no).is_none() {
            names::data(headers.all(), frame.bytes, protocols);
        }
    }
    link::cooked(picked, record.link, frame.bytes, values);
    let item = frame.item;
    let (opening, past) = known.unzip();
    let own = match item.kind {
        Kind::Outside { stream } => stream,
        _ => opening.map(|o| o.stream),
    };
    let mut context = Context {
        frame: *frame,
        streams: Streams {
            outer: frame.batch.beside.outer_streams(item.stamp.frame),
            own,
        },
        past,
        own: matches!(item.kind, Kind::Tcp { .. } | Kind::Udp | Kind::Cut),
        reused: opening.is_some_and(|o| o.reused),
        later: forward.and_then(|f| f.later(item.flow)),
    };
    let data = (frame.bytes, record.wire_len);
    each(picked, headers.all(), data, &mut context, values);
    // A fragment that made its datagram whole shows what that carries.
    if let Some((whole, bytes)) = frame.batch.beside.whole(item.stamp.frame) {
        decode_payload_headers(&whole.network, bytes, whole.wire_len, headers);
        if picked.protocols {
            names::headers(headers.all(), bytes, protocols);
            names::data(headers.all(), bytes, protocols);
        }
        let data = (bytes, whole.wire_len);
        each(picked, headers.all(), data, &mut context, values);
    }
}

fn each(
    picked: &Picked,
    headers: &[Header],
    (bytes, wire_len): (&[u8], u32),
    context: &mut Context<'_>,
    values: &mut Values,
) {
    let columns = picked.protocol || picked.info;
    let mut ttl = None;
    for header in headers {
        let of_header = bytes
            .get(header.start as usize..header.start as usize + header.len as usize)
            .unwrap_or_default();
        let mut out = Out {
            values,
            at: header.start,
            contents: &picked.contents,
        };
        let mut tcp = None;
        match header.kind {
            HeaderKind::Ethernet => link::ethernet(picked, of_header, &mut out),
            HeaderKind::Vlan => link::vlan(picked, of_header, &mut out),
            HeaderKind::Arp => link::arp(picked, of_header, &mut out),
            HeaderKind::Ipv4 => network::ipv4(picked, of_header, header.wire, &mut out),
            HeaderKind::Ipv6 => network::ipv6(picked, of_header, &mut out),
            HeaderKind::Extension(number) => {
                network::extension(picked, number, of_header, &mut out);
            }
            HeaderKind::Icmp => network::icmp(picked, of_header, &mut out),
            HeaderKind::Icmpv6 => network::icmpv6(picked, of_header, &mut out),
            HeaderKind::Udp => {
                transport::udp(picked, of_header, context, &mut out);
                context.pass();
            }
            HeaderKind::Tcp if picked.past => {
                // Beyond the frame's end is nothing, whatever the headers say.
                let wire = header.wire.min(wire_len.saturating_sub(header.start));
                tcp = transport::read(of_header, (wire, header.quoted), context);
                let icmp = header.quoted && headers.iter().any(|h| h.kind == HeaderKind::Icmp);
                transport::tcp(picked, (of_header, icmp), tcp.as_ref(), context, &mut out);
                context.pass();
            }
            _ => {}
        }
        // What is quoted is not what the frame says.
        if columns && !header.quoted {
            let said = info::Said {
                bytes: Bytes(of_header),
                tcp: tcp.as_ref(),
                ttl,
            };
            info::columns(picked, header, &said, &mut out);
            if header.kind == HeaderKind::Ipv4 {
                ttl = of_header.get(8).copied();
            }
        }
    }
}
