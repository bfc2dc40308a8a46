//! The frame itself, and what stands before IP.

use colloquy_dissectors::field::{FieldId, Value, Values, group};

use colloquy_dissectors::units::FrameNo;

use super::bytes::{Bytes, uint};
use super::{Frame, Out, Picked};
use crate::capture::LinkType;
use crate::fields::engine::{arp, eth, frame as field, sll, vlan};

/// Up to here the type field of an Ethernet header is a length (IEEE 802.3 3.2.6).
const MAX_LENGTH: u16 = 1500;
/// An Ethernet type, and the kinds of addresses that ARP asks for.
const IPV4: u16 = 0x0800;
const ETHERNET: u16 = 1;

pub(super) fn frame(wanted: &[FieldId], at: &Frame<'_>, out: &mut Out<'_>) {
    let record = at.record;
    for id in wanted {
        match *id {
            field::PROTO => {
                let len = at.bytes.len() as u32;
                out.protocol(field::PROTO, len, len, at.bytes);
            }
            field::NUMBER => out.computed(*id, Value::Uint(record.no)),
            field::TIME | field::TIME_EPOCH => out.computed(*id, Value::Time(record.time.nanos())),
            field::LEN => out.computed(*id, uint(record.wire_len)),
            field::CAP_LEN => out.computed(*id, Value::Uint(at.bytes.len() as u64)),
            field::TIME_DELTA => {
                let before = at.before().unwrap_or(record.time);
                let nanos = record.time.nanos_since(before);
                out.computed(*id, Value::Duration(nanos));
            }
            field::TIME_RELATIVE => {
                let nanos = record.time.nanos_since(at.batch.beside.origin);
                out.computed(*id, Value::Duration(nanos));
            }
            field::INTERFACE_ID => out.computed(*id, uint(record.interface)),
            field::INTERFACE_NAME | field::COMMENT => labels(*id, at, out),
            // Known when the row is complete.
            field::PROTOCOLS => out.computed(*id, Value::Text("")),
            field::FILE_OFF => {
                let at = record.file_at + u64::from(record.header_len);
                out.computed(*id, Value::Int(at as i64));
            }
            _ => {}
        }
    }
}

/// What a pcapng file says in words.
fn labels(id: FieldId, at: &Frame<'_>, out: &mut Out<'_>) {
    let Some(labels) = &at.batch.beside.labels else {
        return;
    };
    if id == field::COMMENT {
        let own = |comment: &&(FrameNo, String)| comment.0 == at.record.no;
        for (_, comment) in labels.comments.iter().filter(own) {
            out.computed(id, Value::Text(comment));
        }
    } else if let Some(name) = labels.interfaces.get(at.record.interface as usize) {
        out.computed(id, Value::Text(name.as_deref().unwrap_or("unknown")));
    }
}

pub(super) fn ethernet(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    let bytes = Bytes(header);
    let (Some(dst), Some(src), Some(kind)) = (bytes.ether(0), bytes.ether(6), bytes.u16(12)) else {
        return;
    };
    for id in picked.of(group::ETH) {
        match *id {
            eth::PROTO => out.protocol(eth::PROTO, 14, 14, header),
            eth::DST => out.put(*id, dst, 0, 6),
            eth::SRC => out.put(*id, src, 6, 6),
            eth::ADDR => {
                out.put(*id, dst, 0, 6);
                out.put(*id, src, 6, 6);
            }
            eth::TYPE if kind > MAX_LENGTH => out.put(*id, uint(kind), 12, 2),
            eth::LEN if kind <= MAX_LENGTH => out.put(*id, uint(kind), 12, 2),
            _ => {}
        }
    }
}

pub(super) fn vlan(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    let bytes = Bytes(header);
    let (Some(tag), Some(kind)) = (bytes.u16(0), bytes.u16(2)) else {
        return;
    };
    for id in picked.of(group::VLAN) {
        match *id {
            vlan::PROTO => out.protocol(vlan::PROTO, 4, 4, header),
            vlan::PRIORITY => out.put(*id, uint(tag >> 13), 0, 2),
            vlan::DEI => out.put(*id, Value::Bool(tag & 0x1000 != 0), 0, 2),
            vlan::ID => out.put(*id, uint(tag & 0x0fff), 0, 2),
            vlan::ETYPE if kind > MAX_LENGTH => out.put(*id, uint(kind), 2, 2),
            vlan::LEN if kind <= MAX_LENGTH => out.put(*id, uint(kind), 2, 2),
            _ => {}
        }
    }
}

/// Linux cooked captures of both versions, which have a header where others have Ethernet's.
pub(super) fn cooked(picked: &Picked, link: LinkType, header: &[u8], values: &mut Values) {
    const SLL: LinkType = LinkType(113);
    const SLL2: LinkType = LinkType(276);
    let wanted = picked.of(group::LINK);
    if wanted.is_empty() || !matches!(link, SLL | SLL2) {
        return;
    }
    let bytes = Bytes(header);
    let mut out = Out {
        values,
        at: 0,
        contents: &picked.contents,
    };
    let mut put = |id: FieldId, value: Option<u64>, at: usize, len: u32| {
        if let Some(n) = value {
            out.put(id, Value::Uint(n), at as u32, len);
        }
    };
    let short = |at: usize| bytes.u16(at).map(u64::from);
    let byte = |at: usize| bytes.u8(at).map(u64::from);
    let (address_len, address) = if link == SLL {
        (short(4), 6)
    } else {
        (byte(11), 12)
    };
    for id in wanted {
        match (*id, link) {
            (sll::PKTTYPE, SLL) => put(*id, short(0), 0, 2),
            (sll::PKTTYPE, _) => put(*id, byte(10), 10, 1),
            (sll::HATYPE, SLL) => put(*id, short(2), 2, 2),
            (sll::HATYPE, _) => put(*id, short(8), 8, 2),
            (sll::HALEN, SLL) => put(*id, short(4), 4, 2),
            (sll::HALEN, _) => put(*id, byte(11), 11, 1),
            (sll::ETYPE, SLL) => put(*id, short(14).filter(|kind| *kind > 1500), 14, 2),
            (sll::ETYPE, _) => put(*id, short(0).filter(|kind| *kind > 1500), 0, 2),
            (sll::IFINDEX, SLL2) => put(*id, bytes.u32(4).map(u64::from), 4, 4),
            _ => {}
        }
    }
    if wanted.contains(&sll::PROTO) {
        let len = if link == SLL { 16 } else { 20 };
        out.protocol(sll::PROTO, len, len, header);
    }
    if wanted.contains(&sll::SRC_ETH)
        && address_len == Some(6)
        && let Some(source) = bytes.ether(address)
    {
        out.put(sll::SRC_ETH, source, address as u32, 6);
    }
}

/// ARP for IPv4 over Ethernet in full, of others what does not depend on their addresses.
pub(super) fn arp(picked: &Picked, header: &[u8], out: &mut Out<'_>) {
    let bytes = Bytes(header);
    let (Some(hardware), Some(protocol), Some(sizes), Some(opcode)) =
        (bytes.u16(0), bytes.u16(2), bytes.u16(4), bytes.u16(6))
    else {
        return;
    };
    let usual = hardware == ETHERNET && protocol == IPV4 && sizes == 0x0604;
    let (from, to) = (bytes.v4(14), bytes.v4(24));
    let gratuitous = usual && from.is_some() && from == to;
    for id in picked.of(group::ARP) {
        match *id {
            arp::PROTO => {
                // The padding behind it is Ethernet's.
                let len = arp_len(sizes);
                let own = header.get(..len as usize).unwrap_or(header);
                out.protocol(arp::PROTO, 28, len, own);
            }
            arp::HW_TYPE => out.put(*id, uint(hardware), 0, 2),
            arp::PROTO_TYPE => out.put(*id, uint(protocol), 2, 2),
            arp::HW_SIZE => out.put(*id, uint(sizes >> 8), 4, 1),
            arp::PROTO_SIZE => out.put(*id, uint(sizes & 0xff), 5, 1),
            arp::OPCODE => out.put(*id, uint(opcode), 6, 2),
            arp::IS_GRATUITOUS if gratuitous => out.computed(*id, Value::Bool(true)),
            _ if !usual => {}
            arp::SRC_HW_MAC => put(out, *id, bytes.ether(8), 8, 6),
            arp::SRC_PROTO_IPV4 => put(out, *id, from.map(Value::Ipv4), 14, 4),
            arp::DST_HW_MAC => put(out, *id, bytes.ether(18), 18, 6),
            arp::DST_PROTO_IPV4 => put(out, *id, to.map(Value::Ipv4), 24, 4),
            _ => {}
        }
    }
}

/// The bytes of an ARP message by the sizes of its addresses (RFC 826).
fn arp_len(sizes: u16) -> u32 {
    8 + 2 * u32::from(sizes >> 8) + 2 * u32::from(sizes & 0xff)
}

/// A value that was captured.
fn put(out: &mut Out<'_>, id: FieldId, value: Option<Value<'_>>, at: u32, len: u32) {
    if let Some(value) = value {
        out.put(id, value, at, len);
    }
}
