//! SMB1.

use super::{client, detail, ends, ids, phases, server, story, value};
use crate::event::{Act, Expect, Phase};
use crate::field::INFO_COLUMN;
use crate::laws::{Step, check, events, fields, named, texts, values};
use crate::units::Side;

/// A message: header, words and bytes.
fn smb(command: u8, mid: u16, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\xFFSMB".to_vec();
    out.push(command);
    out.resize(32, 0);
    out[11] = 0x40;
    out[30..32].copy_from_slice(&mid.to_le_bytes());
    out.push((words.len() / 2) as u8);
    out.extend(words);
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
    out
}

fn answer(mut message: Vec<u8>, status: u32) -> Vec<u8> {
    message[5..9].copy_from_slice(&status.to_le_bytes());
    message[9] = 0x80;
    message
}

fn words(len: usize, fields: &[(usize, u16)]) -> Vec<u8> {
    let mut out = vec![0; len * 2];
    out[0] = 0xFF;
    for (at, value) in fields {
        out[*at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    out
}

fn opening() -> Vec<Step> {
    let mut chosen = words(17, &[(0, 1)]);
    chosen[2] = 0x0F;
    let tree = smb(0x75, 3, &words(4, &[(6, 1)]), b"\0\\\\SRV\\IPC$\0?????\0");
    vec![
        client(&smb(0x72, 1, &[], b"\x02LANMAN1.0\0\x02NT LM 0.12\0")),
        server(&answer(smb(0x72, 1, &chosen, b""), 0)),
        client(&smb(
            0x73,
            2,
            &words(13, &[(14, 4), (16, 0)]),
            b"passalice\0LAB\0Unix\0Samba\0",
        )),
        server(&answer(smb(0x73, 2, &words(3, &[]), b"Unix\0"), 0)),
        client(&tree),
        server(&answer(smb(0x75, 3, &words(3, &[]), b"IPC\0"), 0)),
    ]
}

fn with(more: &[Step]) -> Vec<Step> {
    let mut steps = opening();
    steps.extend_from_slice(more);
    steps
}

fn tail(steps: &[Step]) -> Vec<String> {
    story(&events(139 + 306, steps)).split_off(6)
}

#[test]
fn a_session_is_opened() {
    let said = events(445, &opening());
    assert_eq!(
        phases(&said),
        [Phase::Negotiating, Phase::Authenticating, Phase::Open]
    );
    for (key, expected) in [
        ("dialect", "NT LM 0.12"),
        ("signing", "required"),
        ("user", "alice"),
        ("domain", "LAB"),
        ("native_os", "Unix"),
        ("shares", "\\\\SRV\\IPC$"),
    ] {
        assert_eq!(detail(&said, key).as_deref(), Some(expected), "{key}");
    }
    let (asked, answered) = ids(&said);
    assert_eq!(asked, answered);
    assert!(
        said.iter()
            .filter(|s| s.session != "nbss")
            .all(|s| s.session == "nbss/smb")
    );
    assert!(
        texts(445, &opening())
            .iter()
            .any(|t| t == "TREE_CONNECT_ANDX \\\\SRV\\IPC$")
    );
    check(445, &opening());
}

#[test]
fn refusals_are_told_with_nt_and_dos_status() {
    let mut steps = opening();
    steps.truncate(3);
    steps.push(server(&answer(smb(0x73, 2, &[], b""), 0xC000_006D)));
    let said = events(445, &steps);
    assert_eq!(
        value(&said, "smb.session-setup-failed", "user"),
        Some("alice".to_owned().into())
    );
    assert_eq!(phases(&said).last(), Some(&Phase::Refused));

    let mut dos = answer(smb(0x75, 3, &[], b""), 0x0006_0002);
    dos[11] = 0;
    let mut steps = opening();
    steps[5] = server(&dos);
    let said = events(445, &steps);
    assert_eq!(
        value(&said, "smb.tree-connect-failed", "status"),
        Some("ERRinvnetname".to_owned().into())
    );
    check(445, &steps);
}

#[test]
fn no_dialect_in_common_is_told() {
    let mut steps = opening();
    steps.truncate(1);
    steps.push(server(&answer(
        smb(0x72, 1, &words(1, &[(0, 0xFFFF)]), b""),
        0,
    )));
    assert_eq!(
        story(&events(445, &steps)),
        ["> NEGOTIATE", "fact smb.negotiate-failed", "< ok"]
    );
    check(445, &steps);
}

#[test]
fn of_several_negotiates_the_first_one_is_told() {
    let first = b"\x02LANMAN1.0\0".as_slice();
    let offer = |mid| if mid == 1 { first } else { b"\x02NT LM 0.12\0" };
    let offers = (1..9).map(|mid| client(&smb(0x72, mid, &[], offer(mid))));
    let steps: Vec<Step> = offers.chain(ends()).collect();
    for _ in 0..8 {
        let told = value(&events(445, &steps), "smb.negotiate-unanswered", "dialects");
        assert_eq!(told.map(|d| d.to_string()).as_deref(), Some("LANMAN1.0"));
    }
    check(445, &steps);
}

#[test]
fn a_chain_that_does_not_advance_is_malformed() {
    let stuck = smb(0x74, 4, &[0x75, 0, 0x20, 0], b"");
    assert_eq!(
        tail(&with(&[client(&stuck)])),
        [
            "> LOGOFF_ANDX",
            "malformed: AndX chain that does not advance"
        ]
    );
    check(445, &with(&[client(&stuck)]));
}

#[test]
fn the_last_command_of_a_chain_is_the_one_that_failed() {
    // SESSION_SETUP_ANDX with TREE_CONNECT_ANDX behind it; the tree is refused.
    let second = smb(0x75, 0, &words(4, &[(6, 1)]), b"\0\\\\SRV\\x\0?????\0").split_off(32);
    let chained = |words: &mut Vec<u8>, bytes: &[u8], more: &[u8]| {
        let at = (32 + 1 + words.len() + 2 + bytes.len()) as u16;
        words[0] = 0x75;
        words[2..4].copy_from_slice(&at.to_le_bytes());
        let mut out = smb(0x73, 2, words, bytes);
        out.extend(more);
        out
    };
    let mut steps = opening();
    steps.truncate(2);
    let mut asked = words(13, &[(14, 4)]);
    steps.push(client(&chained(&mut asked, b"passalice\0LAB\0", &second)));
    let mut said = words(3, &[]);
    steps.push(server(&answer(
        chained(&mut said, b"Unix\0", &[0, 0, 0]),
        0xC000_00CC,
    )));
    let said = events(445, &steps);
    assert_eq!(
        value(&said, "smb.tree-connect-failed", "path"),
        Some("\\\\SRV\\x".to_owned().into())
    );
    assert_eq!(phases(&said).last(), Some(&Phase::Open));
    check(445, &steps);
}

#[test]
fn a_transaction_goes_on_in_secondary_messages() {
    let first = words(15, &[(0, 4), (2, 100), (18, 4), (22, 40)]);
    let more = words(9, &[(0, 4), (2, 100), (10, 60)]);
    let done = words(10, &[(0, 0), (2, 8), (12, 8)]);
    let steps = with(&[
        client(&smb(0x32, 4, &first, &[0; 44])),
        server(&answer(smb(0x32, 4, &[], b""), 0)),
        client(&smb(0x33, 4, &more, &[0; 60])),
        server(&answer(smb(0x32, 4, &done, &[0; 8]), 0)),
    ]);
    assert_eq!(
        tail(&steps),
        [
            "> TRANSACTION2",
            "interim",
            "message TRANSACTION2_SECONDARY",
            "< ok"
        ]
    );
    check(445, &steps);
}

#[test]
fn an_answer_in_parts_is_one_reply() {
    let asked = words(15, &[(0, 4), (18, 4)]);
    let part = words(10, &[(0, 0), (2, 20), (12, 10)]);
    let steps = with(&[
        client(&smb(0x32, 4, &asked, &[0; 4])),
        server(&answer(smb(0x32, 4, &part, &[0; 10]), 0)),
        server(&answer(smb(0x32, 4, &part, &[0; 10]), 0)),
    ]);
    assert_eq!(tail(&steps), ["> TRANSACTION2", "interim", "< ok"]);
}

#[test]
fn echoes_are_answered_as_often_as_asked() {
    let reply = server(&answer(smb(0x2B, 4, &[1, 0], b"hi"), 0));
    let steps = with(&[client(&smb(0x2B, 4, &[2, 0], b"hi")), reply.clone(), reply]);
    assert_eq!(tail(&steps), ["> ECHO", "interim", "< ok"]);
}

#[test]
fn breaks_and_cancels_ask_nothing() {
    let notify = words(19, &[(36, 4)]);
    let steps = with(&[
        client(&smb(0xA0, 4, &notify, b"")),
        client(&smb(0xA4, 4, &[], b"")),
        server(&answer(smb(0xA0, 4, &[], b""), 0xC000_0120)),
        server(&smb(0x24, 0xFFFF, &words(8, &[(6, 2)]), b"")),
        client(&smb(0x24, 5, &words(8, &[(6, 2)]), b"")),
    ]);
    assert_eq!(
        tail(&steps),
        [
            "> NT_TRANSACT",
            "cancel",
            "< STATUS_CANCELLED",
            "message LOCKING_ANDX",
            "> LOCKING_ANDX"
        ]
    );
    let said = events(445, &steps);
    let expects: Vec<Expect> = said
        .iter()
        .filter_map(|s| match s.act {
            Act::Request { expect, .. } if s.session != "nbss" => Some(expect),
            _ => None,
        })
        .collect();
    assert!(matches!(expects[3], Expect::LongWait(_)));
    assert_eq!(expects[4], Expect::Nothing);
    check(445, &steps);
}

#[test]
fn a_pipe_is_written_read_and_closed() {
    let pdu = b"\x05\0\x0B\x03\x10\0\0\0\x48\0\0\0\x01\0\0\0";
    let mut opened = words(34, &[(5, 0x4001), (63, 2)]);
    opened[63] = 2;
    let transact = words(
        16,
        &[
            (2, 16),
            (22, 16),
            (24, 32 + 1 + 32 + 2),
            (28, 0x26),
            (30, 0x4001),
        ],
    );
    let replied = words(10, &[(2, 16), (12, 16), (14, 32 + 1 + 20 + 2)]);
    let steps = with(&[
        client(&smb(0xA2, 4, &words(24, &[]), b"\\srvsvc\0")),
        server(&answer(smb(0xA2, 4, &opened, b""), 0)),
        client(&smb(0x25, 5, &transact, pdu)),
        server(&answer(smb(0x25, 5, &replied, pdu), 0)),
        client(&smb(0x2E, 6, &words(12, &[(4, 0x4001), (10, 1024)]), b"")),
        client(&smb(0x04, 7, &[0x01, 0x40, 0, 0, 0, 0], b"")),
        server(&answer(smb(0x04, 7, &[], b""), 0)),
    ]);
    let said = events(445, &steps);
    let registered = crate::protocols::PROTOCOLS
        .iter()
        .any(|p| p.name == "dcerpc");
    let carried: Vec<Side> = said
        .iter()
        .filter(|s| s.session == "nbss/smb/dcerpc")
        .map(|s| s.side)
        .collect();
    assert_eq!(registered, carried.contains(&Side::Server));
    let waits = |s: &crate::laws::Said| matches!(s.act, Act::Request { op, expect: Expect::LongWait(_), .. } if op.code == 0x2E);
    assert!(said.iter().any(waits));
    check(445, &steps);
}

#[test]
fn fields_tell_dialects_who_logs_on_and_what_is_opened() {
    let mut create = words(24, &[(5, 7)]);
    create[15..19].copy_from_slice(&0x0012_019F_u32.to_le_bytes());
    let mut created = words(34, &[]);
    created[5..7].copy_from_slice(&[5, 0x40]);
    let locks = [7, 0, 1, 0, 0, 0, 2, 0, 0, 0];
    let lock = smb(0x24, 5, &words(8, &[(4, 0x4005), (14, 1)]), &locks);
    let steps = with(&[
        client(&smb(0xA2, 4, &create, b"\\srvsvc\0")),
        server(&answer(smb(0xA2, 4, &created, b""), 0)),
        client(&lock),
        server(&answer(smb(0x24, 5, &words(2, &[]), b""), 0)),
        client(&smb(0x74, 6, &words(2, &[]), b"")),
        server(&answer(smb(0x74, 6, &[], b""), 0xC000_0022)),
    ]);
    let all = fields(445, &steps);
    let client = |name| named(&all, Side::Client, name);
    let server = |name| named(&all, Side::Server, name);
    assert_eq!(client("smb.dialect.name"), ["LANMAN1.0", "NT LM 0.12"]);
    assert_eq!(server("smb.dialect.index"), ["1"]);
    assert_eq!(client("smb.account"), ["alice"]);
    assert_eq!(client("smb.native_os"), ["Unix"]);
    assert_eq!(client("smb.path"), ["\\\\SRV\\IPC$"]);
    assert_eq!(client("smb.file"), ["\\srvsvc"]);
    assert_eq!(server("smb.fid"), ["16389", "16389"]);
    // What was locked is shown with the answer too.
    assert_eq!(client("smb.lock.length"), ["2"]);
    assert_eq!(server("smb.lock.length"), ["2"]);
    assert_eq!(server("smb.nt_status").last(), Some(&"3221225506"));
    let infos = values(&all, INFO_COLUMN);
    for info in [
        "Session Setup AndX Request, User: LAB\\alice",
        "Tree Connect AndX Request, Path: \\\\SRV\\IPC$",
        "NT Create AndX Request, Path: \\srvsvc",
        "Locking AndX Request, FID: 0x4005",
    ] {
        assert!(infos.contains(&info), "{info} is not in {infos:?}");
    }
    let refused = "Logoff AndX Response, Error: STATUS_ACCESS_DENIED";
    assert!(infos.contains(&refused));
}

#[test]
fn fields_survive_messages_cut_anywhere() {
    let find = words(15, &[(18, 16), (20, 68), (26, 1), (28, 1)]);
    let parameters = b"\x16\0\x0A\0\0\0\x04\x01\0\0\0\0\\*\0";
    let whole = smb(0x32, 4, &find, &[&[0, 0, 0], &parameters[..]].concat());
    for len in 0..whole.len() {
        fields(445, &with(&[client(whole.get(..len).unwrap_or_default())]));
    }
}
