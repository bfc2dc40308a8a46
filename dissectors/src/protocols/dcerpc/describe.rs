//! The fields of one PDU.

mod bind;
mod datagram;
mod epm;
mod layers;
mod reader;

use reader::Reader;

use super::fields as f;
use super::interfaces::Interface;
use super::names;
use super::statuses;
use super::told::Told;
use super::wire::{Flags, HEADER, Header, Pdu, PduType, TRAILER, Trailer};
use crate::field::{FieldId, Value, Writer};
use crate::token;

pub(super) use datagram::datagram;
pub(super) use layers::layer;

/// Security providers whose tokens are described (MS-RPCE 2.2.1.1.7).
const SPNEGO: u8 = 9;
const NTLM: u8 = 10;

/// A stub as it is told: one PDU's, or what the fragments of a message make together.
#[derive(Clone, Copy)]
pub(super) enum Stub<'a> {
    /// More fragments are to come.
    Unfinished,
    /// All of it.
    Whole(&'a [u8]),
    /// All of it, encrypted.
    Encrypted,
    /// Some of it was lost.
    Lost,
}

/// A PDU. `told`: what is known of the call that it belongs to.
pub(super) fn pdu(w: &mut Writer<'_>, pdu: &Pdu<'_>, told: Option<&Told>, stub: Stub<'_>) {
    w.layer(f::PROTO, "DCERPC", 0, pdu.bytes.len(), |w| {
        header(w, pdu);
        let mut reader = Reader::new(pdu.body, HEADER, pdu.header.big);
        let said = body(w, pdu, &mut reader, told);
        if let Some(trailer) = &pdu.trailer {
            auth(w, pdu, trailer);
        }
        w.info(|| {
            let Header { kind, flags, .. } = pdu.header;
            let (name, fragment) = (title(kind), fragment(flags));
            let call_id = pdu.header.call_id;
            let mut text = format!("{name}: call_id: {call_id}, Fragment: {fragment}");
            if let Some(said) = said {
                text.extend([", ", &said]);
            }
            if let Some(trailer) = pdu.trailer {
                text.push_str(&token::info(trailer.token));
            }
            text
        });
    });
    match (told, stub) {
        (Some(told), Stub::Whole(stub)) => within(w, pdu, told, Some(stub)),
        (Some(told), Stub::Encrypted) => within(w, pdu, told, None),
        _ => {}
    }
}

fn header(w: &mut Writer<'_>, pdu: &Pdu<'_>) {
    let Header {
        kind,
        flags,
        big,
        frag_length,
        auth_length,
        call_id,
    } = pdu.header;
    w.uint(f::VER, 5_u8, 0, 1);
    w.uint(f::VER_MINOR, pdu.bytes.get(1).copied().unwrap_or(0), 1, 1);
    w.uint(f::PKT_TYPE, kind.0, 2, 1);
    w.parts(f::CN_FLAGS, Value::Uint(flags.0.into()), 3, 1, |w| {
        for (bit, id) in FLAGS.into_iter().enumerate() {
            w.bool(id, flags.0 >> bit & 1 == 1, 3, 1);
        }
    });
    drep(w, pdu.bytes.get(4..8).unwrap_or(&[]), big, 4);
    w.uint(f::CN_FRAG_LEN, frag_length, 8, 2);
    w.uint(f::CN_AUTH_LEN, auth_length, 10, 2);
    w.uint(f::CN_CALL_ID, call_id, 12, 4);
}

const FLAGS: [FieldId; 8] = [
    f::CN_FLAGS_FIRST,
    f::CN_FLAGS_LAST,
    f::CN_FLAGS_CANCEL,
    f::CN_FLAGS_RESERVED,
    f::CN_FLAGS_MPX,
    f::CN_FLAGS_DNE,
    f::CN_FLAGS_MAYBE,
    f::CN_FLAGS_OBJECT,
];

/// The data representation (C706 14.1).
fn drep(w: &mut Writer<'_>, bytes: &[u8], big: bool, at: usize) {
    let [first, second, ..] = bytes else { return };
    w.parts(f::DREP, Value::Bytes(bytes), at, bytes.len(), |w| {
        w.uint(f::DREP_BYTEORDER, u8::from(!big), at, 1);
        w.uint(f::DREP_CHARACTER, first & 0x0f, at, 1);
        w.uint(f::DREP_FP, *second, at + 1, 1);
    });
}

/// What lies between header and trailer; gives what the info column says of it.
fn body(
    w: &mut Writer<'_>,
    pdu: &Pdu<'_>,
    reader: &mut Reader<'_>,
    told: Option<&Told>,
) -> Option<String> {
    match pdu.header.kind {
        PduType::REQUEST => request(w, pdu, reader, told),
        PduType::RESPONSE => response(w, reader, told),
        PduType::FAULT => fault(w, reader, told),
        PduType::BIND | PduType::ALTER_CONTEXT => bind::bind(w, reader),
        PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => bind::ack(w, reader),
        PduType::BIND_NAK => bind::nak(w, reader),
        _ => None,
    }
}

fn request(
    w: &mut Writer<'_>,
    pdu: &Pdu<'_>,
    reader: &mut Reader<'_>,
    told: Option<&Told>,
) -> Option<String> {
    reader.u32(f::CN_ALLOC_HINT, w)?;
    let context = reader.u16(f::CN_CTX_ID, w)?;
    let operation = reader.u16(f::OPNUM, w)?;
    if pdu.header.flags.has(Flags::OBJECT_UUID) {
        reader.uuid(f::OBJ_ID, w)?;
    }
    if let Some(told) = told {
        // Only the first fragment begins a call.
        if pdu.header.flags.has(Flags::FIRST) {
            w.request(&f::CALL, told.key());
        } else {
            w.part(&f::CALL, told.key());
        }
    } else {
        w.bytes(f::STUB_DATA, reader.rest(), reader.at());
    }
    Some(format!("opnum: {operation}, Ctx: {context}"))
}

fn response(w: &mut Writer<'_>, reader: &mut Reader<'_>, told: Option<&Told>) -> Option<String> {
    reader.u32(f::CN_ALLOC_HINT, w)?;
    let context = reader.u16(f::CN_CTX_ID, w)?;
    reader.u8(f::CN_CANCEL_COUNT, w)?;
    answers(w, told);
    if told.is_none() {
        reader.bytes(1)?;
        w.bytes(f::STUB_DATA, reader.rest(), reader.at());
    }
    Some(format!("Ctx: {context}"))
}

fn fault(w: &mut Writer<'_>, reader: &mut Reader<'_>, told: Option<&Told>) -> Option<String> {
    reader.u32(f::CN_ALLOC_HINT, w)?;
    let context = reader.u16(f::CN_CTX_ID, w)?;
    reader.u8(f::CN_CANCEL_COUNT, w)?;
    let at = reader.at();
    let flags = *reader.bytes(1)?.first()?;
    w.parts(f::CN_FAULT_FLAGS, Value::Uint(flags.into()), at, 1, |w| {
        w.bool(f::CN_FAULT_FLAGS_EXTENDED, flags & 1 == 1, at, 1);
    });
    let status = reader.u32(f::CN_STATUS, w)?;
    answers(w, told);
    let name = match statuses::fault(status) {
        "" => format!("0x{status:08x}"),
        name => name.to_owned(),
    };
    Some(format!("Ctx: {context}, status: {name}"))
}

/// What an answer has from its request.
fn answers(w: &mut Writer<'_>, told: Option<&Told>) {
    let Some(told) = told else { return };
    w.uint(f::OPNUM, told.operation, 0, 0);
    if let Some(object) = told.object {
        w.put(f::OBJ_ID, Value::Guid(object.0.to_be_bytes()), 0, 0);
    }
    w.reply(&f::CALL, told.key());
}

fn auth(w: &mut Writer<'_>, pdu: &Pdu<'_>, trailer: &Trailer<'_>) {
    let len = TRAILER + trailer.token.len();
    let at = pdu.bytes.len().saturating_sub(len);
    w.parts(f::AUTH_INFO, Value::Present, at, len, |w| {
        w.uint(f::AUTH_TYPE, trailer.kind, at, 1);
        w.uint(f::AUTH_LEVEL, trailer.level, at + 1, 1);
        w.uint(f::AUTH_PAD_LEN, trailer.pad, at + 2, 1);
        let mut rest = Reader::new(
            pdu.bytes.get(at + 3..at + TRAILER).unwrap_or(&[]),
            at + 3,
            pdu.header.big,
        );
        rest.u8(f::AUTH_RSRVD, w);
        rest.u32(f::AUTH_CTX_ID, w);
        if matches!(trailer.kind, SPNEGO | NTLM) {
            token::describe(w, trailer.token, at + TRAILER);
        }
    });
}

/// The interface's own layer: the frames of the exchange once more, and the stub where it can be read, and is here.
fn within(w: &mut Writer<'_>, pdu: &Pdu<'_>, told: &Told, stub: Option<&[u8]>) {
    let answer = pdu.header.kind == PduType::RESPONSE;
    let at = HEADER + 8;
    let Some(name) = told.layer else {
        if let Some(stub) = stub {
            w.bytes(f::STUB_DATA, stub, at);
        }
        return;
    };
    w.text(crate::field::PROTOCOL_COLUMN, name, at, 0);
    if answer {
        w.reply(&f::CALL_WITHIN, told.key());
    } else {
        w.part(&f::CALL_WITHIN, told.key());
    }
    if let Some(stub) = stub.filter(|_| told.is_mapper()) {
        w.layer(f::epm::PROTO, name, at, stub.len(), |w| {
            let mut reader = Reader::stub(stub, at, pdu.header.big, told.wide);
            epm::stub(w, &mut reader, told.operation, answer);
        });
    }
    w.info(|| {
        let operation = told
            .interface
            .map_or("", |i: &Interface| i.operation(told.operation));
        let way = if answer { "response" } else { "request" };
        match operation {
            "" => format!("Unknown operation {} {way}", told.operation),
            name => format!("{name} {way}"),
        }
    });
}

/// A PDU type as Wireshark writes it.
fn title(kind: PduType) -> String {
    let name = kind.name();
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if kind != PduType::AUTH3 => first.to_uppercase().chain(letters).collect(),
        Some(_) => "AUTH3".to_owned(),
        None => format!("Unknown ({})", kind.0),
    }
}

const fn fragment(flags: Flags) -> &'static str {
    match (flags.has(Flags::FIRST), flags.has(Flags::LAST)) {
        (true, true) => "Single",
        (true, false) => "1st",
        (false, true) => "Last",
        (false, false) => "Mid",
    }
}

/// True for a stub that nobody can read.
pub(super) fn is_encrypted(pdu: &Pdu<'_>) -> bool {
    pdu.trailer.is_some_and(|t| t.level == names::PRIVACY)
}
