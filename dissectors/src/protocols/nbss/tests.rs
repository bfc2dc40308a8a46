//! Dialogues of the session service.

use super::wire;
use crate::dissector::{Carrier, End, Probe, Speaker, Verdict};
use crate::event::{Act, Phase, Value};
use crate::laws::{self, Said, Step, check, client, events, events_midstream, server};
use crate::units::{PerSide, Side};

/// A first-level encoded name (RFC 1001 14.1) without scope.
fn encoded(name: &str, kind: u8) -> Vec<u8> {
    let mut raw = [b' '; 16];
    raw[..name.len()].copy_from_slice(name.as_bytes());
    raw[15] = kind;
    let mut out = vec![32];
    for byte in raw {
        out.extend([b'A' + (byte >> 4), b'A' + (byte & 15)]);
    }
    out.push(0);
    out
}

fn request(called: &str) -> Vec<u8> {
    let mut out = vec![0x81, 0, 0, 68];
    out.extend(encoded(called, 0x20));
    out.extend(encoded("CLI", 0));
    out
}

/// An SMB1 ECHO of `len` bytes, as the content of a session message.
fn smb(answer: bool, len: usize) -> Vec<u8> {
    let mut out = b"\xFFSMB\x2B\0\0\0\0".to_vec();
    out.push(if answer { 0x80 } else { 0 });
    out.resize(len, 0);
    out
}

fn message(content: &[u8]) -> Vec<u8> {
    let len = content.len() as u32;
    let mut out = len.to_be_bytes().to_vec();
    out.extend(content);
    out
}

const ACCEPTED: [u8; 4] = [0x82, 0, 0, 0];
const KEEP_ALIVE: [u8; 4] = [0x85, 0, 0, 0];

fn phases(said: &[Said]) -> Vec<Phase> {
    let of = |s: &Said| match s.act {
        Act::Phase(phase) if s.session == "nbss" => Some(phase),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

fn facts(said: &[Said]) -> Vec<String> {
    let of = |s: &Said| match &s.act {
        Act::Fact(fact) if s.session == "nbss" => Some(fact.name.to_owned()),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

fn value(said: &[Said], fact: &str, key: &str) -> Option<Value> {
    said.iter().find_map(|s| match &s.act {
        Act::Fact(f) if f.name == fact => f
            .values
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.clone()),
        _ => None,
    })
}

fn detail(said: &[Said], wanted: &str) -> Option<Value> {
    said.iter().rev().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == wanted => Some(value.clone()),
        _ => None,
    })
}

fn healthy() -> Vec<Step> {
    vec![
        client(&request("FILESRV")),
        server(&ACCEPTED),
        client(&message(&smb(false, 40))),
        server(&message(&smb(true, 40))),
        client(&KEEP_ALIVE),
        Step::Ends(Side::Client, End::Fin),
        Step::Ends(Side::Server, End::Fin),
    ]
}

#[test]
fn a_session_is_asked_for_granted_used_and_closed() {
    let said = events(139, &healthy());
    assert_eq!(
        phases(&said),
        [Phase::Connecting, Phase::Open, Phase::Closed]
    );
    assert_eq!(facts(&said), [""; 0]);
    assert_eq!(
        detail(&said, "called_name"),
        Some("FILESRV<20>".to_owned().into())
    );
    assert_eq!(
        detail(&said, "calling_name"),
        Some("CLI<00>".to_owned().into())
    );
    assert_eq!(detail(&said, "direct_hosting"), Some(false.into()));
    assert!(said.iter().any(|s| s.session == "nbss/smb"));
    check(139, &healthy());
}

#[test]
fn texts_tell_the_names() {
    let texts = laws::texts(139, &healthy());
    assert_eq!(texts[0], "Session Request to FILESRV<20> from CLI<00>");
}

#[test]
fn each_refusal_is_told_with_its_reason() {
    for (code, reason) in [
        (0x80, "Not listening on called name"),
        (0x81, "Not listening for calling name"),
        (0x82, "Called name not present"),
        (0x83, "Called name present, but insufficient resources"),
        (0x8F, "Unspecified error"),
        (0x90, ""),
    ] {
        let steps = [client(&request("WRONG")), server(&[0x83, 0, 0, 1, code])];
        let said = events(139, &steps);
        assert_eq!(phases(&said), [Phase::Connecting, Phase::Refused]);
        assert_eq!(value(&said, "nbss.refused", "code"), Some(code.into()));
        assert_eq!(value(&said, "nbss.refused", "reason"), Some(reason.into()));
        assert_eq!(
            value(&said, "nbss.refused", "called_name"),
            Some("WRONG<20>".to_owned().into())
        );
        let failed = |s: &Said| matches!(s.act, Act::Reply { id: 1, status } if status.failed && status.code == u32::from(code));
        assert!(said.iter().any(failed));
        check(139, &steps);
    }
}

#[test]
fn a_retarget_names_address_and_port() {
    let steps = [
        client(&request("FILESRV")),
        server(&[0x84, 0, 0, 6, 10, 77, 0, 3, 0, 139]),
    ];
    let said = events(139, &steps);
    assert_eq!(
        value(&said, "nbss.retarget", "address"),
        Some("10.77.0.3".to_owned().into())
    );
    assert_eq!(value(&said, "nbss.retarget", "port"), Some(139_u16.into()));
    check(139, &steps);
}

#[test]
fn direct_hosting_needs_no_session_request() {
    let steps = [
        client(&message(&smb(false, 40))),
        server(&message(&smb(true, 40))),
    ];
    for port in [445, 4450] {
        let said = events(port, &steps);
        assert_eq!(facts(&said), [""; 0]);
        assert_eq!(phases(&said), [Phase::Open]);
        assert_eq!(detail(&said, "direct_hosting"), Some(true.into()));
        check(port, &steps);
    }
}

#[test]
fn direct_hosting_has_24_bits_of_length() {
    let big = message(&smb(false, 0x2_0004));
    let steps = [client(&big), client(&message(&smb(false, 40)))];
    let said = events(445, &steps);
    let messages: Vec<u64> = said
        .iter()
        .filter(|s| s.session == "nbss" && matches!(s.act, Act::Message { .. }))
        .map(|s| s.span.len())
        .collect();
    assert_eq!(messages, [0x2_0008, 44]);
}

#[test]
fn data_before_the_answer_is_told_once() {
    let steps = [
        client(&request("FILESRV")),
        client(&message(&smb(false, 40))),
        client(&message(&smb(false, 40))),
        server(&ACCEPTED),
    ];
    let said = events(139, &steps);
    assert_eq!(facts(&said), ["nbss.data-before-session"]);
    assert_eq!(
        value(&said, "nbss.data-before-session", "state"),
        Some("session request not answered".into())
    );
    check(139, &steps);

    let none = events(139, &[client(&message(&smb(false, 40)))]);
    assert_eq!(
        value(&none, "nbss.data-before-session", "state"),
        Some("no session request".into())
    );
    let joined = events_midstream(139, &[client(&message(&smb(false, 40)))]);
    assert_eq!(facts(&joined), [""; 0], "guard T1");
}

#[test]
fn misplaced_and_malformed_packets_are_facts() {
    let unknown = [0x86, 0, 0, 2, 1, 2];
    let cases: [(&[u8], Side, &str); 7] = [
        (&ACCEPTED, Side::Client, "nbss.wrong-way"),
        (&request("FILESRV"), Side::Server, "nbss.wrong-way"),
        (&request("FILESRV"), Side::Client, "nbss.out-of-turn"),
        (&ACCEPTED, Side::Server, "nbss.out-of-turn"),
        (&unknown, Side::Client, "nbss.unknown-type"),
        (&[0x85, 0x02, 0, 0], Side::Client, "nbss.reserved-flags"),
        (&[0x85, 0, 0, 1, 0], Side::Client, "nbss.bad-length"),
    ];
    for (packet, side, fact) in cases {
        let mut steps = healthy();
        steps.insert(4, Step::Says(side, packet.to_vec()));
        let said = events(139, &steps);
        assert_eq!(facts(&said), [fact]);
        let after = said
            .iter()
            .filter(|s| matches!(s.act, Act::Message { op } if op.code == 0x85));
        assert!(after.count() >= 1, "{fact}: reading goes on");
        check(139, &steps);
    }
}

#[test]
fn two_unknown_types_in_a_row_are_lost_sync() {
    let mut steps = healthy();
    steps.insert(4, client(&[0x86, 0, 0, 0, 0x86, 0, 0, 0, 7, 7, 7, 7]));
    steps.insert(5, client(&message(&smb(false, 40))));
    let said = events(139, &steps);
    assert!(
        said.iter()
            .any(|s| matches!(s.act, Act::Skipped { bytes: 8 }))
    );
    check(139, &steps);
}

#[test]
fn a_gap_in_a_body_keeps_step_and_one_over_a_head_is_found_again() {
    let whole = message(&smb(false, 100));
    let inside = [
        client(&request("FILESRV")),
        server(&ACCEPTED),
        client(&whole[..60]),
        Step::Loses(Side::Client, 44),
        client(&KEEP_ALIVE),
    ];
    let said = events(139, &inside);
    assert!(
        said.iter()
            .any(|s| matches!(s.act, Act::Message { op } if op.code == 0x85))
    );
    assert!(!said.iter().any(|s| matches!(s.act, Act::Skipped { .. })));
    check(139, &inside);

    let over = [
        client(&request("FILESRV")),
        server(&ACCEPTED),
        client(&whole[..60]),
        Step::Loses(Side::Client, 50),
        client(&whole[6..]),
        client(&whole),
    ];
    let said = events(139, &over);
    assert!(
        said.iter()
            .any(|s| matches!(s.act, Act::Skipped { bytes: 98 }))
    );
    assert_eq!(facts(&said), [""; 0], "guard T4");
    check(139, &over);
}

#[test]
fn an_unfinished_message_is_told_unless_bytes_were_lost() {
    let filler = [0, 0, 0, 200, b'x', b'x', b'x', b'x'];
    let opening = [
        client(&request("FILESRV")),
        server(&ACCEPTED),
        client(&filler),
    ];
    let mut cut = opening.to_vec();
    cut.push(Step::Ends(Side::Client, End::Fin));
    let said = events(139, &cut);
    assert!(said.iter().any(|s| matches!(
        s.act,
        Act::Incomplete {
            expected: 204,
            present: 8,
            ..
        }
    )));
    let mut lost = opening.to_vec();
    lost.push(Step::Loses(Side::Client, 500));
    lost.push(Step::Ends(Side::Client, End::Fin));
    let said = events(139, &lost);
    assert!(!said.iter().any(|s| matches!(s.act, Act::Incomplete { .. })));
}

#[test]
fn names_that_are_no_names_are_a_bad_length() {
    let mut odd = request("FILESRV");
    odd[40] = b'z';
    let said = events(139, &[client(&odd), server(&ACCEPTED)]);
    assert_eq!(facts(&said), ["nbss.bad-length"]);
    assert_eq!(
        wire::name(&encoded("A\u{7}B", 0x1B)).map(|(n, _)| n),
        Some("A\\x07B<1b>".to_owned())
    );
    assert_eq!(wire::name(&[32; 20]), None);
    let mut scoped = encoded("A", 0);
    scoped.pop();
    scoped.extend(b"\x03lab\0");
    assert_eq!(
        wire::name(&scoped).map(|(n, _)| n),
        Some("A<00>.lab".to_owned())
    );
}

#[test]
fn the_probe_claims_only_what_is_nbss() {
    let verdict = |bytes: &[u8], beginning| {
        super::probe::probe(&Probe {
            bytes,
            beginning,
            joined_late: !beginning,
            side: Side::Client,
            ports: PerSide::new(40000, 80),
            carrier: Carrier::Stream,
        })
    };
    assert_eq!(
        verdict(&request("FILESRV"), true),
        Verdict::Certain(Speaker::Client)
    );
    assert_eq!(verdict(&request("FILESRV")[..20], true), Verdict::NeedMore);
    assert_eq!(
        verdict(&message(&smb(true, 40)), false),
        Verdict::Certain(Speaker::Server)
    );
    assert_eq!(verdict(&message(&smb(false, 20)), false), Verdict::No);
    assert_eq!(verdict(b"GET / HTTP/1.1\r\n", true), Verdict::No);
    assert_eq!(verdict(b"\0\0\x10\0SMB", false), Verdict::No);
    assert_eq!(verdict(&[0x80, 0, 0, 40, 1, 2, 3, 4], true), Verdict::No);
}
