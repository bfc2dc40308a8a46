//! The endpoint mapper's stubs (C706 appendices I, L, O).

use std::net::Ipv4Addr;

use super::super::fields::epm as f;
use super::super::wire::text;
use super::reader::Reader;
use crate::field::{FieldId, Value, Writer};

const LOOKUP: u16 = 2;
const MAP: u16 = 3;

/// A stub of operation `operation`, as far as it can be read.
pub(super) fn stub(w: &mut Writer<'_>, reader: &mut Reader<'_>, operation: u16, answer: bool) {
    w.uint(f::OPNUM, operation, reader.at(), 0);
    let _ = match (operation, answer) {
        (LOOKUP, false) => lookup(w, reader),
        (LOOKUP, true) => entries(w, reader),
        (MAP, false) => map(w, reader),
        (MAP, true) => towers(w, reader),
        _ => None,
    };
}

fn handle(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    reader.align(4)?;
    let at = reader.at();
    w.bytes(f::HND, reader.bytes(20)?, at);
    Some(())
}

/// What a pointer points to, a UUID.
fn optional_uuid(w: &mut Writer<'_>, reader: &mut Reader<'_>, id: FieldId) -> Option<bool> {
    let there = reader.pointer()? != 0;
    if there {
        reader.uuid(id, w)?;
    }
    Some(there)
}

fn lookup(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    reader.long(f::INQ_TYPE, w)?;
    optional_uuid(w, reader, f::OBJECT)?;
    if optional_uuid(w, reader, f::IF_ID)? {
        reader.u16(f::VER_MAJ, w)?;
        reader.u16(f::VER_MIN, w)?;
    }
    reader.long(f::VER_OPT, w)?;
    handle(w, reader)?;
    reader.long(f::MAX_ENTS, w).map(drop)
}

fn map(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    optional_uuid(w, reader, f::UUID)?;
    if reader.pointer()? != 0 {
        tower(w, reader)?;
    }
    handle(w, reader)?;
    reader.long(f::MAX_TOWERS, w).map(drop)
}

/// Maximum, offset and actual number of an array's elements.
fn array(reader: &mut Reader<'_>) -> Option<u64> {
    reader.pointer()?;
    reader.pointer()?;
    reader.pointer()
}

fn towers(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    handle(w, reader)?;
    reader.long(f::NUM_TOWERS, w)?;
    let count = array(reader)?;
    let mut there = 0;
    for _ in 0..count {
        there += u64::from(reader.pointer()? != 0);
    }
    for _ in 0..there {
        tower(w, reader)?;
    }
    reader.long(f::RC, w).map(drop)
}

fn entries(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    handle(w, reader)?;
    reader.long(f::NUM_ENTS, w)?;
    let count = array(reader)?;
    let mut there = 0;
    for _ in 0..count {
        reader.align(4)?;
        reader.uuid(f::OBJECT, w)?;
        there += u64::from(reader.pointer()? != 0);
        reader.long(f::ANN_OFFSET, w)?;
        let len = reader.long(f::ANN_LEN, w)?;
        let at = reader.at();
        let annotation = reader.bytes(len as usize)?;
        w.text_with(f::ANNOTATION, || text(annotation), at, annotation.len());
    }
    for _ in 0..there {
        tower(w, reader)?;
    }
    reader.long(f::RC, w).map(drop)
}

/// A `twr_t`: its size, its length, its octets.
fn tower(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    reader.size(f::TOWER_LEN, w)?;
    let len = reader.u32(f::TOWER_LEN, w)? as usize;
    let at = reader.at();
    let octets = reader.bytes(len)?;
    // Integers of a tower have their low byte first, whatever the representation.
    let mut inner = Reader::new(octets, at, false);
    let floors = inner.u16(f::TOWER_FLOORS, w)?;
    for number in 1..=floors {
        let at = inner.at();
        let label = || format!("Floor {number}");
        let mut done = None;
        w.branch(label, at, 0, |w| done = floor(w, &mut inner));
        if done.is_none() {
            break;
        }
    }
    Some(())
}

fn floor(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    let len = usize::from(reader.u16(f::TOWER_LHS, w)?);
    let at = reader.at();
    let mut left = Reader::new(reader.bytes(len)?, at, false);
    let protocol = left.u8(f::TOWER_PROTOCOL, w);
    if protocol == Some(0x0d) && left.uuid(f::UUID, w).is_some() {
        // The version is shown as major.minor, the major in the upper byte.
        let at = left.at();
        if let Some(version) = left.bytes(2).and_then(|b| b.first_chunk::<2>()) {
            w.uint(f::UUID_VERSION, u16::from_be_bytes(*version), at, 2);
        }
    }
    let len = usize::from(reader.u16(f::TOWER_RHS, w)?);
    let at = reader.at();
    let right = reader.bytes(len)?;
    right_side(w, protocol?, right, at);
    Some(())
}

fn right_side(w: &mut Writer<'_>, protocol: u8, right: &[u8], at: usize) {
    let port = match protocol {
        0x07 => Some(f::TCP_PORT),
        0x08 => Some(f::UDP_PORT),
        0x1f => Some(f::HTTP_PORT),
        _ => None,
    };
    match (protocol, port, right.first_chunk::<2>()) {
        (_, Some(id), Some(number)) => w.uint(id, u16::from_be_bytes(*number), at, 2),
        (0x0d, _, Some(number)) => w.uint(f::VER_MIN, u16::from_le_bytes(*number), at, 2),
        (0x09, _, _) => {
            if let Some(&[a, b, c, d]) = right.first_chunk() {
                w.put(f::IP, Value::Ipv4(Ipv4Addr::new(a, b, c, d)), at, 4);
            }
        }
        (0x0f | 0x10, _, _) => w.text_with(f::NAMED_PIPE, || text(right), at, right.len()),
        (0x11, _, _) => w.text_with(f::NETBIOS_NAME, || text(right), at, right.len()),
        _ => {}
    }
}
