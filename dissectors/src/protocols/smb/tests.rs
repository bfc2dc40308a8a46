//! Dialogues of SMB2 and SMB1, framed by the session service.

mod smb1;
mod smb2;

use crate::dissector::End;
use crate::event::{Act, Op, Phase, Value};
use crate::laws::{Said, Step};
use crate::units::Side;

use super::{dos, names, ntstatus};

/// The NBSS head and `content`.
pub(super) fn framed(content: &[u8]) -> Vec<u8> {
    let mut out = (content.len() as u32).to_be_bytes().to_vec();
    out.extend(content);
    out
}

pub(super) fn client(content: &[u8]) -> Step {
    Step::Says(Side::Client, framed(content))
}

pub(super) fn server(content: &[u8]) -> Step {
    Step::Says(Side::Server, framed(content))
}

/// Both sides end.
pub(super) fn ends() -> [Step; 2] {
    Side::BOTH.map(|side| Step::Ends(side, End::Fin))
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// What was said of SMB, in short.
pub(super) fn story(said: &[Said]) -> Vec<String> {
    said.iter()
        .filter(|s| s.session.contains("smb"))
        .filter_map(|s| match &s.act {
            Act::Request { op, .. } => Some(format!("> {op}")),
            Act::Reply { status, .. } => Some(format!("< {status}")),
            Act::Interim { .. } => Some("interim".to_owned()),
            Act::Cancel { .. } => Some("cancel".to_owned()),
            Act::Message { op } => Some(format!("message {op}")),
            // The logons of these dialogues are shortened to one leg.
            Act::Fact(fact) if fact.name == "ntlm.out-of-order" => None,
            Act::Fact(fact) => Some(format!("fact {}", fact.name)),
            Act::Malformed { what } => Some(format!("malformed: {what}")),
            Act::Incomplete { op, .. } => Some(format!("incomplete {op}")),
            Act::Encrypted => Some("encrypted".to_owned()),
            _ => None,
        })
        .collect()
}

pub(super) fn phases(said: &[Said]) -> Vec<Phase> {
    let of = |s: &Said| match s.act {
        Act::Phase(phase) if s.session.contains("smb") => Some(phase),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

pub(super) fn detail(said: &[Said], wanted: &str) -> Option<String> {
    said.iter().rev().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == wanted => Some(value.to_string()),
        _ => None,
    })
}

pub(super) fn value(said: &[Said], fact: &str, key: &str) -> Option<Value> {
    said.iter().find_map(|s| match &s.act {
        Act::Fact(f) if f.name == fact => f
            .values
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.clone()),
        _ => None,
    })
}

/// Ids of requests, and of the answers.
pub(super) fn ids(said: &[Said]) -> (Vec<u64>, Vec<u64>) {
    let of = |s: &Said, reply: bool| match s.act {
        Act::Request { id, .. } if !reply && s.session.contains("smb") => Some(id),
        Act::Reply { id, .. } if reply && s.session.contains("smb") => Some(id),
        _ => None,
    };
    let all = |reply| said.iter().filter_map(|s| of(s, reply)).collect();
    (all(false), all(true))
}

#[test]
fn the_tables_are_sorted() {
    assert!(ntstatus::TABLE.is_sorted_by_key(|row| row.0));
    assert!(ntstatus::TABLE.windows(2).all(|w| w[0].0 < w[1].0));
    assert!(
        dos::TABLE
            .windows(2)
            .all(|w| (w[0].0, w[0].1) < (w[1].0, w[1].1))
    );
    assert!(names::SMB1.windows(2).all(|w| w[0].0 < w[1].0));
    assert!(names::FSCTL.windows(2).all(|w| w[0].0 < w[1].0));
}

#[test]
fn severity_tells_a_failure() {
    assert!(names::nt_status(0xC000_0022).failed);
    assert_eq!(names::nt_status(0xC000_0022).name, "STATUS_ACCESS_DENIED");
    for quiet in [0, 0x103, 0x10C, 0x8000_0005, 0x8000_0006, 0xC000_0016] {
        assert!(!names::nt_status(quiet).failed, "{quiet:08x}");
    }
    assert_eq!(names::nt_status(0xC0DE_0001).to_string(), "0xc0de0001");
    assert_eq!(names::dos_status(1, 5).name, "ERRnoaccess");
    assert_eq!(names::smb2(99), Op::new("", 99));
}
