//! The fields of one packet.

use std::net::Ipv4Addr;

use super::fields::{
    CALLED_NAME, CALLING_NAME, ERROR_CODE, FLAGS, FLAGS_E, LENGTH, PROTO, RETARGET_IP,
    RETARGET_PORT, TYPE,
};
use super::wire::{self, Head};
use crate::field::layout::flag;
use crate::field::{Value, Writer};

/// Describes a packet by its head and, of a control packet, its body. `direct`: SMB hosted directly, without NetBIOS.
pub(super) fn packet(w: &mut Writer<'_>, head: Head, body: &[u8], direct: bool) {
    let len = head.len(direct);
    w.layer(PROTO, "NBSS", 0, wire::HEAD, |w| {
        w.uint(TYPE, head.kind, 0, 1);
        // As tshark does, only where the head has flags and a session message has none worth showing.
        if !direct && head.kind != wire::SESSION_MESSAGE {
            w.bits(FLAGS, &[flag(FLAGS_E, 1)], u64::from(head.flags), (1, 1));
        }
        w.uint(
            LENGTH,
            len,
            if direct { 1 } else { 2 },
            if direct { 3 } else { 2 },
        );
        match head.kind {
            wire::SESSION_REQUEST => names(w, body),
            wire::NEGATIVE_RESPONSE => {
                if let Some(&code) = body.first() {
                    w.uint(ERROR_CODE, code, wire::HEAD, 1);
                }
            }
            wire::RETARGET_RESPONSE => retarget(w, body),
            _ => {}
        }
        w.info(|| info(head, body));
    });
}

fn names(w: &mut Writer<'_>, body: &[u8]) {
    let Some((called, rest)) = wire::name(body) else {
        return;
    };
    let len = body.len() - rest.len();
    w.text(CALLED_NAME, &called, wire::HEAD, len);
    if let Some((calling, behind)) = wire::name(rest) {
        w.text(
            CALLING_NAME,
            &calling,
            wire::HEAD + len,
            rest.len() - behind.len(),
        );
    }
}

fn retarget(w: &mut Writer<'_>, body: &[u8]) {
    if let Some(&[a, b, c, d, high, low]) = body.first_chunk() {
        w.put(
            RETARGET_IP,
            Value::Ipv4(Ipv4Addr::new(a, b, c, d)),
            wire::HEAD,
            4,
        );
        w.uint(
            RETARGET_PORT,
            u16::from_be_bytes([high, low]),
            wire::HEAD + 4,
            2,
        );
    }
}

/// A type as Wireshark writes it: `Positive session response`.
fn title(kind: u8) -> String {
    let name = wire::type_name(kind);
    let (first, rest) = name.split_at(name.len().min(1));
    [first, &rest.to_lowercase()].concat()
}

fn info(head: Head, body: &[u8]) -> String {
    let name = title(head.kind);
    match (head.kind, wire::Names::read(body)) {
        (
            wire::SESSION_REQUEST,
            wire::Names {
                called: Some(called),
                calling,
                ..
            },
        ) => {
            format!("{name}, to {called} from {}", calling.unwrap_or_default())
        }
        (wire::NEGATIVE_RESPONSE, _) => {
            let reason = body.first().map_or("", |&code| wire::reason(code));
            format!("{name}, {reason}")
        }
        _ => name,
    }
}
