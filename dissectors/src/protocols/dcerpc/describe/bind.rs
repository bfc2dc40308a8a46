//! What sets an association up (C706 12.6.4.1 to 12.6.4.5).

use super::super::contexts;
use super::super::fields as f;
use super::super::names;
use super::super::wire::{Syntax, Uuid, text};
use super::reader::Reader;
use crate::field::{FieldId, Value, Writer};

/// A bind or alter_context.
pub(super) fn bind(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<String> {
    sizes(w, reader)?;
    let count = reader.u8(f::CN_NUM_CTX_ITEMS, w)?;
    reader.bytes(3)?;
    let mut said = format!("{count} context items");
    for number in 0..count {
        let mut offered = None;
        let at = reader.at();
        w.parts(f::CN_CTX_ITEM, Value::Present, at, 0, |w| {
            offered = item(w, reader);
        });
        let Some(offered) = offered else { break };
        said.extend([if number == 0 { ": " } else { ", " }, &offered]);
    }
    Some(said)
}

/// The largest fragments that are sent and received.
fn sizes(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<(u16, u16)> {
    let sizes = (
        reader.u16(f::CN_MAX_XMIT, w)?,
        reader.u16(f::CN_MAX_RECV, w)?,
    );
    reader.u32(f::CN_ASSOC_GROUP, w)?;
    Some(sizes)
}

fn item(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<String> {
    reader.u16(f::CN_CTX_ID, w)?;
    let count = reader.u8(f::CN_NUM_TRANS_ITEMS, w)?;
    reader.bytes(1)?;
    let at = reader.at();
    let mut interface = None;
    w.parts(f::CN_BIND_ABSTRACT_SYNTAX, Value::Present, at, 20, |w| {
        interface = abstract_syntax(w, reader);
    });
    let interface = interface?;
    let mut said = format!(
        "{} V{}.{}",
        super::layer(&interface).map_or_else(|| contexts::label(&interface), str::to_owned),
        interface.major,
        interface.minor
    );
    for _ in 0..count {
        let at = reader.at();
        let mut transfer = None;
        w.parts(f::CN_BIND_TRANS, Value::Present, at, 20, |w| {
            transfer = transfer_syntax(w, reader);
        });
        let transfer = transfer?;
        said.extend([" (", &transfer_name(&transfer), ")"]);
    }
    Some(said)
}

/// Wireshark's names of the transfer syntaxes.
fn transfer_name(syntax: &Syntax) -> String {
    match syntax.transfer_name() {
        "NDR" => "32bit NDR".to_owned(),
        "NDR64" => "64bit NDR".to_owned(),
        _ => syntax.uuid.to_string(),
    }
}

fn abstract_syntax(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<Syntax> {
    Some(Syntax {
        uuid: reader.uuid(f::CN_BIND_TO_UUID, w)?,
        major: reader.u16(f::CN_BIND_IF_VER, w)?,
        minor: reader.u16(f::CN_BIND_IF_VER_MINOR, w)?,
    })
}

fn transfer_syntax(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<Syntax> {
    let at = reader.at();
    let uuid = reader.uuid(f::CN_BIND_TRANS_ID, w)?;
    let syntax = syntax(uuid);
    if syntax.is_feature() {
        // The features are the two bytes behind the UUID's first half (MS-RPCE 2.2.2.14).
        let [.., low, high, _, _, _, _, _, _] = uuid.0.to_be_bytes();
        features(w, u16::from_le_bytes([low, high]), at + 8);
    }
    reader.u32(f::CN_BIND_TRANS_VER, w)?;
    Some(syntax)
}

const fn syntax(uuid: Uuid) -> Syntax {
    Syntax {
        uuid,
        major: 0,
        minor: 0,
    }
}

fn features(w: &mut Writer<'_>, bits: u16, at: usize) {
    let flag = |w: &mut Writer<'_>, id: FieldId, bit: u16| w.bool(id, bits & bit != 0, at, 2);
    w.parts(
        f::CN_BIND_TRANS_BTFN,
        Value::Uint(bits.into()),
        at,
        2,
        |w| {
            flag(w, f::CN_BIND_TRANS_BTFN_01, 1);
            flag(w, f::CN_BIND_TRANS_BTFN_02, 2);
        },
    );
}

/// A bind_ack or alter_context_resp.
pub(super) fn ack(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let (xmit, recv) = sizes(w, reader)?;
    let len = usize::from(reader.u16(f::CN_SEC_ADDR_LEN, w)?);
    if len > 0 {
        let at = reader.at();
        let address = reader.bytes(len)?;
        w.text_with(f::CN_SEC_ADDR, || text(address), at, len);
    }
    // The list stands at a multiple of four from the start of the PDU.
    let at = reader.at();
    reader.bytes(at.next_multiple_of(4) - at)?;
    let count = reader.u8(f::CN_NUM_RESULTS, w)?;
    reader.bytes(3)?;
    let mut said = format!("max_xmit: {xmit} max_recv: {recv}, {count} results");
    for number in 1..=count {
        let at = reader.at();
        let mut result = None;
        w.branch(
            || format!("Ctx Item[{number}]"),
            at,
            24,
            |w| result = answer(w, reader),
        );
        let Some(result) = result else { break };
        let between = if number == 1 { ": " } else { ", " };
        said.extend([between, result_name(result)]);
    }
    Some(said)
}

/// Wireshark's names of the results (C706 12.6.3.1, MS-RPCE 2.2.2.4).
const fn result_name(result: u16) -> &'static str {
    match result {
        0 => "Acceptance",
        1 => "User rejection",
        2 => "Provider rejection",
        3 => "Negotiate ACK",
        _ => "Unknown result",
    }
}

fn answer(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<u16> {
    let result = reader.u16(f::CN_ACK_RESULT, w)?;
    match result {
        0 => {
            reader.bytes(2)?;
        }
        // negotiate_ack: the features that were agreed on (MS-RPCE 2.2.2.4).
        3 => {
            let at = reader.at();
            let bits = reader.bytes(2)?.first_chunk()?;
            features(w, u16::from_le_bytes(*bits), at);
        }
        _ => {
            reader.u16(f::CN_ACK_REASON, w)?;
        }
    }
    reader.uuid(f::CN_ACK_TRANS_ID, w)?;
    reader.u32(f::CN_ACK_TRANS_VER, w)?;
    Some(result)
}

/// A bind_nak.
pub(super) fn nak(w: &mut Writer<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let reason = reader.u16(f::CN_REJECT_REASON, w)?;
    let said = format!("reason: {}", names::nak_reason(reason));
    // Versions follow only where the version was the reason.
    if reason == 4 {
        for _ in 0..reader.u8(f::CN_NUM_PROTOCOLS, w)? {
            reader.u8(f::CN_PROTOCOL_VER_MAJOR, w)?;
            reader.u8(f::CN_PROTOCOL_VER_MINOR, w)?;
        }
    }
    Some(said)
}
