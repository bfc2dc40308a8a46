//! Conversations of RPC: the builders of their messages, and what was said of them.

mod fields;
mod programs;
mod records;
mod slots;

use super::PROTOCOL;
use super::wire::{Looks, looks};
use crate::dissector::{Carrier, End, Probe, Speaker, Verdict};
use crate::event::{Act, Expect, Fact, Op, Phase, Status, Value};
use crate::laws::{self, Said, Step, client, server};
use crate::units::{PerSide, Side, Span};

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

fn opaque(bytes: &[u8]) -> Vec<u8> {
    let mut all = words(&[bytes.len() as u32]);
    all.extend_from_slice(bytes);
    all.resize(all.len().next_multiple_of(4), 0);
    all
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// A credential of AUTH_SYS: stamp, machine, uid, gid, no further groups.
fn auth_sys(machine: &str, uid: u32, gid: u32) -> Vec<u8> {
    let body = join(&[
        &words(&[7]),
        &opaque(machine.as_bytes()),
        &words(&[uid, gid, 0]),
    ]);
    join(&[&words(&[1]), &opaque(&body)])
}

const NO_AUTH: [u32; 2] = [0, 0];

/// A call without its mark.
fn call_with(xid: u32, target: [u32; 3], cred: &[u8], args: &[u8]) -> Vec<u8> {
    let [program, version, procedure] = target;
    join(&[
        &words(&[xid, 0, 2, program, version, procedure]),
        cred,
        &words(&NO_AUTH),
        args,
    ])
}

fn call(xid: u32, target: [u32; 3], args: &[u8]) -> Vec<u8> {
    call_with(xid, target, &words(&NO_AUTH), args)
}

fn accepted(xid: u32, stat: u32, rest: &[u8]) -> Vec<u8> {
    join(&[&words(&[xid, 1, 0, 0, 0, stat]), rest])
}

fn denied(xid: u32, rest: &[u32]) -> Vec<u8> {
    join(&[&words(&[xid, 1, 1]), &words(rest)])
}

fn fragment(bytes: &[u8], last: bool) -> Vec<u8> {
    let mark = bytes.len() as u32 | if last { 0x8000_0000 } else { 0 };
    join(&[&words(&[mark]), bytes])
}

/// A message as a record of one fragment.
fn record(message: &[u8]) -> Vec<u8> {
    fragment(message, true)
}

const GETPORT: [u32; 3] = [100_000, 2, 3];
const NFS3_NULL: [u32; 3] = [100_003, 3, 0];
const NFS3_READ: [u32; 3] = [100_003, 3, 6];
const NFS3_LOOKUP: [u32; 3] = [100_003, 3, 3];
const MNT: [u32; 3] = [100_005, 3, 1];

fn read_args(offset: u64, count: u32) -> Vec<u8> {
    join(&[
        &opaque(b"handle-1"),
        &offset.to_be_bytes(),
        &words(&[count]),
    ])
}

/// What READ answers: no attributes, the data.
fn read_results(data: &[u8]) -> Vec<u8> {
    join(&[&words(&[0, 0, data.len() as u32, 1]), &opaque(data)])
}

fn facts(said: &[Said]) -> Vec<Fact> {
    let fact = |s: &Said| match &s.act {
        Act::Fact(fact) => Some((**fact).clone()),
        _ => None,
    };
    said.iter().filter_map(fact).collect()
}

fn the_fact(said: &[Said], name: &str) -> Fact {
    let all = facts(said);
    all.iter()
        .find(|f| f.name == name)
        .unwrap_or_else(|| panic!("{name} is not in {all:?}"))
        .clone()
}

fn value(fact: &Fact, key: &str) -> Value {
    let found = fact.values.iter().find(|(k, _)| *k == key);
    found
        .unwrap_or_else(|| panic!("{key} is not in {fact:?}"))
        .1
        .clone()
}

fn requests(said: &[Said]) -> Vec<(String, String, u64)> {
    let request = |s: &Said| match &s.act {
        Act::Request { id, op, .. } => Some((s.session.clone(), op.to_string(), *id)),
        _ => None,
    };
    said.iter().filter_map(request).collect()
}

fn replies(said: &[Said]) -> Vec<(String, Status, u64)> {
    let reply = |s: &Said| match &s.act {
        Act::Reply { id, status } => Some((s.session.clone(), *status, *id)),
        _ => None,
    };
    said.iter().filter_map(reply).collect()
}

fn acts(said: &[Said]) -> Vec<Act> {
    said.iter().map(|s| s.act.clone()).collect()
}

fn getport(program: u32) -> Vec<u8> {
    call(1, GETPORT, &words(&[program, 3, 6, 0]))
}
