//! A connectionless PDU.

use super::super::datagram::{HEADER, Header, type_name};
use super::super::fields as f;
use super::super::interfaces;
use super::reader::Reader;
use super::{drep, layer};
use crate::field::{FieldId, PROTOCOL_COLUMN, Value, Writer};

/// The bits of the first flags, those that are nobody's left out (C706 12.5.2.2).
const FLAGS: [(u8, FieldId); 6] = [
    (0x40, f::DG_FLAGS1_BROADCAST),
    (0x20, f::DG_FLAGS1_IDEMPOTENT),
    (0x10, f::DG_FLAGS1_MAYBE),
    (0x08, f::DG_FLAGS1_NOFACK),
    (0x04, f::DG_FLAGS1_FRAG),
    (0x02, f::DG_FLAGS1_LAST_FRAG),
];

/// A datagram of `header` and its body.
pub(in super::super) fn datagram(w: &mut Writer<'_>, header: &Header<'_>, bytes: &[u8]) {
    let [_, kind, flags, more, a, b, c, serial, ..] = *header.bytes;
    w.layer(f::PROTO, "DCERPC", 0, bytes.len(), |w| {
        w.uint(f::VER, 4_u8, 0, 1);
        w.uint(f::PKT_TYPE, kind, 1, 1);
        w.parts(f::DG_FLAGS1, Value::Uint(flags.into()), 2, 1, |w| {
            for (bit, id) in FLAGS {
                w.bool(id, flags & bit != 0, 2, 1);
            }
        });
        w.parts(f::DG_FLAGS2, Value::Uint(more.into()), 3, 1, |w| {
            w.bool(f::DG_FLAGS2_CANCEL, more & 0x02 != 0, 3, 1);
        });
        drep(w, &[a, b, c], header.big, 4);
        w.uint(f::DG_SERIAL_HI, serial, 7, 1);
        let rest = header.bytes.get(8..).unwrap_or(&[]);
        let _ = numbers(w, &mut Reader::new(rest, 8, header.big));
        exchange(w, header);
        w.info(|| {
            let (name, operation) = (type_name(kind), header.operation);
            format!(
                "{name}: opnum: {operation}, len: {}",
                bytes.len().saturating_sub(HEADER)
            )
        });
    });
    within(w, header, bytes.get(HEADER..).unwrap_or(&[]));
}

fn numbers(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<()> {
    reader.uuid(f::OBJ_ID, w)?;
    reader.uuid(f::DG_IF_ID, w)?;
    reader.uuid(f::DG_ACT_ID, w)?;
    let at = reader.at();
    let boot = i64::from(reader.number()?);
    w.put(f::DG_SERVER_BOOT, Value::Time(boot * 1_000_000_000), at, 4);
    reader.u32(f::DG_IF_VER, w)?;
    reader.u32(f::DG_SEQNUM, w)?;
    reader.u16(f::OPNUM, w)?;
    reader.u16(f::DG_IHINT, w)?;
    reader.u16(f::DG_AHINT, w)?;
    reader.u16(f::DG_FRAG_LEN, w)?;
    reader.u16(f::DG_FRAG_NUM, w)?;
    reader.u8(f::DG_AUTH_PROTO, w)?;
    reader.u8(f::DG_SERIAL_LO, w)?;
    Some(())
}

/// Requests and what answers them name each other's frames.
fn exchange(w: &mut Writer<'_>, header: &Header<'_>) {
    match header.kind {
        0 => w.request(&f::CALL, header.key()),
        2 | 3 | 6 => w.reply(&f::CALL, header.key()),
        _ => {}
    }
}

/// The interface's own layer.
fn within(w: &mut Writer<'_>, header: &Header<'_>, stub: &[u8]) {
    if !matches!(header.kind, 0 | 2) || header.is_fragment() {
        return;
    }
    let Some(name) = layer(&header.interface) else {
        w.bytes(f::STUB_DATA, stub, HEADER);
        return;
    };
    w.text(PROTOCOL_COLUMN, name, HEADER, 0);
    if header.kind == 0 {
        w.part(&f::CALL_WITHIN, header.key());
    } else {
        w.reply(&f::CALL_WITHIN, header.key());
    }
    w.info(|| {
        let interface = interfaces::by_uuid(header.interface.uuid);
        let way = type_name(header.kind);
        match interface.map_or("", |i| i.operation(header.operation)) {
            "" => format!("Unknown operation {} {way}", header.operation),
            operation => format!("{operation} {way}"),
        }
    });
}
