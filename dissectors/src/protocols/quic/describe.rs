//! The fields of the packets of one datagram.

use std::ops::Range;

use super::fields::{
    CC_REASON, COALESCED_PADDING, CRYPTO_DATA, DCID, DCIL, FIXED_BIT, FRAME, HEADER_FORM,
    KEY_PHASE, LENGTH, LONG_RESERVED, PACKET_LENGTH, PACKET_NUMBER, PACKET_NUMBER_LENGTH,
    PACKET_TYPE, PACKET_TYPE_V2, PAYLOAD, PROTECTED_PAYLOAD, PROTO, REMAINING_PAYLOAD, RETRY_TAG,
    RETRY_TOKEN, SCID, SCIL, SHORT, SHORT_RESERVED, SPIN_BIT, SUPPORTED_VERSION, TOKEN,
    TOKEN_LENGTH, VERSION, VN_UNUSED,
};
use super::frames::{self, Content, Frame};
use super::keys::Opened;
use super::wire::{Form, Header, RETRY_TAG as TAG, Reader, Version, bits};
use crate::field::{FieldId, Value, Writer};
use crate::text;

/// A packet, and what of it could be opened.
#[derive(Clone, Debug)]
pub(super) struct Packet<'a> {
    pub(super) header: Header<'a>,
    /// The packet, as far as it was captured.
    pub(super) bytes: &'a [u8],
    /// Where it stands in the datagram.
    pub(super) at: usize,
    pub(super) opened: Option<Opened>,
}

impl Packet<'_> {
    /// Where its frames stand in the datagram.
    pub(super) fn frames_at(&self) -> usize {
        let number = self.opened.as_ref().map_or(0, |opened| opened.number_len);
        self.at + self.header.payload + number
    }

    fn frames(&self) -> impl Iterator<Item = Frame<'_>> {
        let plain = self.opened.as_ref().map_or(&[][..], |o| &o.plain);
        frames::all(plain)
    }
}

/// Describes all packets of a datagram. The info column tells of the last one.
pub(super) fn datagram(w: &mut Writer<'_>, packets: &[Packet<'_>], padding: Range<usize>) {
    for packet in packets {
        w.layer(PROTO, "QUIC", packet.at, packet.bytes.len(), |w| {
            w.uint(PACKET_LENGTH, packet.header.len as u64, packet.at, 0);
            // What is cut ends the description.
            let _ = match packet.header.form {
                Form::Short => short(w, packet),
                _ => long(w, packet),
            };
        });
    }
    if !padding.is_empty() {
        w.layer(PROTO, "QUIC", padding.start, padding.len(), |w| {
            w.present(COALESCED_PADDING, padding.start, padding.len());
        });
    }
    if let Some(last) = packets.last() {
        w.info(|| info(last));
    }
}

/// A bit, or some, of the byte at `at`.
fn flags(w: &mut Writer<'_>, id: FieldId, first: u8, mask: u8, at: usize) {
    let value = (first & mask) >> mask.trailing_zeros();
    w.uint(id, value, at, 1);
}

fn long(w: &mut Writer<'_>, packet: &Packet<'_>) -> Option<()> {
    let base = packet.at;
    let header = &packet.header;
    let mut r = Reader::new(packet.bytes);
    let sent = r.u8()?;
    let first = packet.opened.as_ref().map_or(sent, |opened| opened.first);
    flags(w, HEADER_FORM, first, bits::LONG, base);
    match header.form {
        Form::VersionNegotiation => flags(w, VN_UNUSED, first, !bits::LONG, base),
        form => {
            if form != Form::Retry {
                w.bool(FIXED_BIT, first & bits::FIXED != 0, base, 1);
            }
            let id = if header.version == Version::V2 {
                PACKET_TYPE_V2
            } else {
                PACKET_TYPE
            };
            flags(w, id, first, bits::LONG_TYPE, base);
        }
    }
    if packet.opened.is_some() {
        flags(w, LONG_RESERVED, first, bits::LONG_RESERVED, base);
        flags(w, PACKET_NUMBER_LENGTH, first, bits::NUMBER_LENGTH, base);
    }
    w.uint(VERSION, r.u32()?, base + r.at() - 4, 4);
    cid(w, (DCIL, DCID), &mut r, base)?;
    cid(w, (SCIL, SCID), &mut r, base)?;
    match header.form {
        Form::VersionNegotiation => {
            while let Some(version) = r.u32() {
                w.uint(SUPPORTED_VERSION, version, base + r.at() - 4, 4);
            }
            return Some(());
        }
        Form::Retry => {
            let at = base + r.at();
            let (token, tag) = r
                .rest()
                .split_at_checked(r.rest().len().checked_sub(TAG)?)?;
            w.bytes(RETRY_TOKEN, token, at);
            w.bytes(RETRY_TAG, tag, at + token.len());
            return Some(());
        }
        Form::Initial => {
            let len = varint(w, TOKEN_LENGTH, &mut r, base)?;
            let at = base + r.at();
            let token = r.take(usize::try_from(len).ok()?)?;
            if !token.is_empty() {
                w.bytes(TOKEN, token, at);
            }
        }
        _ => {}
    }
    if header.form != Form::Unknown {
        varint(w, LENGTH, &mut r, base)?;
    }
    payload(w, packet, r.at(), PAYLOAD);
    Some(())
}

fn short(w: &mut Writer<'_>, packet: &Packet<'_>) -> Option<()> {
    let base = packet.at;
    let sent = *packet.bytes.first()?;
    let opened = packet.opened.as_ref();
    let first = opened.map_or(sent, |opened| opened.first);
    w.parts(SHORT, Value::Present, base, packet.bytes.len(), |w| {
        flags(w, HEADER_FORM, first, bits::LONG, base);
        w.bool(FIXED_BIT, first & bits::FIXED != 0, base, 1);
        w.bool(SPIN_BIT, first & bits::SPIN != 0, base, 1);
        if opened.is_some() {
            flags(w, SHORT_RESERVED, first, bits::SHORT_RESERVED, base);
            w.bool(KEY_PHASE, first & bits::KEY_PHASE != 0, base, 1);
            flags(w, PACKET_NUMBER_LENGTH, first, bits::NUMBER_LENGTH, base);
        }
        if !packet.header.dcid.is_empty() {
            w.bytes(DCID, packet.header.dcid, base + 1);
        }
    });
    payload(w, packet, packet.header.payload, PROTECTED_PAYLOAD);
    Some(())
}

/// The packet number and the frames, or what could not be opened from `at` on.
fn payload(w: &mut Writer<'_>, packet: &Packet<'_>, at: usize, id: FieldId) {
    let rest = packet.bytes.get(at..).unwrap_or(&[]);
    let Some(opened) = &packet.opened else {
        if !rest.is_empty() {
            w.bytes(REMAINING_PAYLOAD, rest, packet.at + at);
        }
        return;
    };
    let len = opened.number_len;
    w.uint(PACKET_NUMBER, opened.number, packet.at + at, len);
    w.bytes(id, rest.get(len..).unwrap_or(&[]), packet.at + at + len);
    let base = packet.frames_at();
    for frame in packet.frames() {
        w.branch(
            || frame.name.to_owned(),
            base + frame.at,
            frame.len,
            |w| {
                w.present(FRAME, base + frame.at, frame.len);
                for part in &frame.parts {
                    let at = base + part.at;
                    match part.value {
                        Content::Number(number) => w.uint(part.id, number, at, part.len),
                        Content::Bit(bit) => w.bool(part.id, bit, at, part.len),
                        Content::Bytes(_) if part.id == CRYPTO_DATA => {
                            w.present(part.id, at, part.len);
                        }
                        Content::Bytes(bytes) if part.id == CC_REASON => {
                            w.text(part.id, &String::from_utf8_lossy(bytes), at, part.len);
                        }
                        Content::Bytes(bytes) if !bytes.is_empty() => w.bytes(part.id, bytes, at),
                        Content::Bytes(_) => {}
                    }
                }
            },
        );
    }
}

fn varint(w: &mut Writer<'_>, id: FieldId, r: &mut Reader<'_>, base: usize) -> Option<u64> {
    let start = r.at();
    let number = r.varint()?;
    w.uint(id, number, base + start, r.since(start).len());
    Some(number)
}

/// A connection id with its length before it.
fn cid(
    w: &mut Writer<'_>,
    (len_id, id): (FieldId, FieldId),
    r: &mut Reader<'_>,
    base: usize,
) -> Option<()> {
    let len = r.u8()?;
    w.uint(len_id, len, base + r.at() - 1, 1);
    let at = base + r.at();
    let bytes = r.take(len.into())?;
    if !bytes.is_empty() {
        w.bytes(id, bytes, at);
    }
    Some(())
}

fn info(packet: &Packet<'_>) -> String {
    let header = &packet.header;
    let mut text = header.form.name().to_owned();
    let opened = packet.opened.as_ref();
    if header.form == Form::Short {
        let phase = opened.is_some_and(|o| o.first & bits::KEY_PHASE != 0);
        text.push_str(if phase { " (KP1)" } else { " (KP0)" });
    }
    if !header.dcid.is_empty() {
        text = format!("{text}, DCID={}", text::hex(header.dcid));
    }
    if !header.scid.is_empty() {
        text = format!("{text}, SCID={}", text::hex(header.scid));
    }
    if let Some(opened) = opened {
        text = format!("{text}, PKN: {}", opened.number);
        for frame in packet.frames() {
            text.push_str(", ");
            text.push_str(frame.short);
            if let Some(stream) = frame.stream {
                text = format!("{text}({stream})");
            }
        }
    }
    text
}
