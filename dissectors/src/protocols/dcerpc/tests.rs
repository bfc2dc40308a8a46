//! Conversations: byte builders here, dialogues and what must be said of them in the parts.

mod calls;
mod damage;
mod fields;
mod mapper;
mod negotiation;

use crate::event::{Act, Fact, Phase, Value};
use crate::laws::{Said, Step, client, server};

const WHOLE: u8 = 3;
const SRVSVC: u128 = 0x4b324fc8_1670_01d3_1278_5a47bf6ee188;
const EPMAPPER: u128 = 0xe1af8308_5d1f_11c9_91a4_08002b14a0fa;
const WITNESS: u128 = 0xccd8c074_d0e5_4a40_92b4_d074faa6ba28;
const NDR: u128 = 0x8a885d04_1ceb_11c9_9fe8_08002b104860;
const NDR64: u128 = 0x71710533_beba_4937_8319_b5dbef9ccc36;
const FEATURES: u128 = 0x6cb71c2c_9812_4540_0300_000000000000;

/// A PDU with its lengths filled in, low byte first.
fn pdu(kind: u8, flags: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let mut out = vec![5, 0, kind, flags, 0x10, 0, 0, 0];
    out.extend((16 + body.len() as u16).to_le_bytes());
    out.extend([0, 0]);
    out.extend(call.to_le_bytes());
    out.extend(body);
    out
}

/// The same with a security trailer.
fn secured(kind: u8, call: u32, body: &[u8], auth: (u8, u8), token: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.extend([auth.0, auth.1, 0, 0, 1, 0, 0, 0]);
    body.extend(token);
    let mut out = pdu(kind, WHOLE, call, &body);
    out[10..12].copy_from_slice(&(token.len() as u16).to_le_bytes());
    out
}

fn uuid(n: u128) -> Vec<u8> {
    let mut out = ((n >> 96) as u32).to_le_bytes().to_vec();
    out.extend(((n >> 80) as u16).to_le_bytes());
    out.extend(((n >> 64) as u16).to_le_bytes());
    out.extend((n as u64).to_be_bytes());
    out
}

fn syntax(n: u128, version: u32) -> Vec<u8> {
    [uuid(n), version.to_le_bytes().to_vec()].concat()
}

/// The body of a bind: context ids with interface and transfer syntax.
fn offers(items: &[(u16, u128, u128)]) -> Vec<u8> {
    let mut out = [4280_u16.to_le_bytes(), 4280_u16.to_le_bytes()].concat();
    out.extend([0, 0, 0, 0, items.len() as u8, 0, 0, 0]);
    for (id, interface, transfer) in items {
        out.extend(id.to_le_bytes());
        out.extend([1, 0]);
        out.extend(syntax(*interface, 3));
        out.extend(syntax(*transfer, 2));
    }
    out
}

/// The body of a bind_ack: result, reason and transfer syntax of each context.
fn answers(items: &[(u16, u16, u128)]) -> Vec<u8> {
    let mut out = [4280_u16.to_le_bytes(), 4280_u16.to_le_bytes()].concat();
    out.extend([0x21, 0x43, 0, 0, 4, 0, b'1', b'3', b'5', 0, 0, 0]);
    out.extend([items.len() as u8, 0, 0, 0]);
    for (result, reason, transfer) in items {
        out.extend(result.to_le_bytes());
        out.extend(reason.to_le_bytes());
        out.extend(syntax(*transfer, 2));
    }
    out
}

fn bind(interface: u128) -> Step {
    client(&pdu(11, WHOLE, 1, &offers(&[(0, interface, NDR)])))
}

fn ack() -> Step {
    server(&pdu(12, WHOLE, 1, &answers(&[(0, 0, NDR)])))
}

/// The body of a request of `operation` on `context`.
fn call(context: u16, operation: u16, stub: &[u8]) -> Vec<u8> {
    let mut out = (stub.len() as u32).to_le_bytes().to_vec();
    out.extend(context.to_le_bytes());
    out.extend(operation.to_le_bytes());
    out.extend(stub);
    out
}

/// The body of a response.
fn result(stub: &[u8]) -> Vec<u8> {
    call(0, 0, stub)
}

fn fault_body(status: u32) -> Vec<u8> {
    [vec![0; 8], status.to_le_bytes().to_vec(), vec![0; 4]].concat()
}

/// A bound association and what follows.
fn bound(interface: u128, steps: &[Step]) -> Vec<Step> {
    [&[bind(interface), ack()], steps].concat()
}

fn facts(said: &[Said]) -> Vec<Fact> {
    said.iter()
        .filter_map(|s| match &s.act {
            Act::Fact(fact) => Some((**fact).clone()),
            _ => None,
        })
        .collect()
}

fn value(fact: &Fact, key: &str) -> String {
    let found = fact.values.iter().find(|(k, _)| *k == key);
    found
        .unwrap_or_else(|| panic!("{key} in {fact:?}"))
        .1
        .to_string()
}

/// Requests and replies in a line each: `> id op` and `< id status`.
fn dialogue(said: &[Said]) -> Vec<String> {
    said.iter()
        .filter_map(|s| match s.act {
            Act::Request { id, op, .. } => Some(format!("> {} {op}", id & 0xffff_ffff)),
            Act::Reply { id, status } => Some(format!("< {} {status}", id & 0xffff_ffff)),
            Act::Interim { id, .. } => Some(format!("~ {id}")),
            Act::Cancel { id } => Some(format!("x {id}")),
            _ => None,
        })
        .collect()
}

fn phases(said: &[Said]) -> Vec<Phase> {
    said.iter()
        .filter_map(|s| match s.act {
            Act::Phase(phase) => Some(phase),
            _ => None,
        })
        .collect()
}

fn detail(said: &[Said], wanted: &str) -> Option<Value> {
    said.iter().rev().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == wanted => Some(value.clone()),
        _ => None,
    })
}
