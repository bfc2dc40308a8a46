//! SMB2 and SMB3.

use super::{client, detail, ends, framed, ids, phases, server, story, utf16, value};
use crate::dissector::End;
use crate::event::{Act, Expect, Phase};
use crate::field::INFO_COLUMN;
use crate::laws::{Said, Step, check, events, events_midstream, fields, named, texts, values};
use crate::units::Side;

/// A message being built: header of 64 bytes, body behind it.
#[derive(Clone)]
struct Pdu(Vec<u8>);

impl Pdu {
    fn new(command: u16, id: u64, body: &[u8]) -> Self {
        let mut out = b"\xFESMB\x40\0\x01\0".to_vec();
        out.resize(64, 0);
        out[12..14].copy_from_slice(&command.to_le_bytes());
        out[14] = 1;
        out[24..32].copy_from_slice(&id.to_le_bytes());
        out[40] = 7;
        out.extend(body);
        Self(out)
    }

    fn tree(mut self, tree: u32) -> Self {
        self.0[36..40].copy_from_slice(&tree.to_le_bytes());
        self
    }

    fn answer(mut self, status: u32) -> Self {
        self.0[16] |= 1;
        self.0[8..12].copy_from_slice(&status.to_le_bytes());
        self
    }

    fn asynchronous(mut self, id: u64) -> Self {
        self.0[16] |= 2;
        self.0[32..40].copy_from_slice(&id.to_le_bytes());
        self
    }
}

/// Several messages in one compound.
fn compound(parts: &[Pdu]) -> Vec<u8> {
    let mut out = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let mut bytes = part.0.clone();
        if n + 1 < parts.len() {
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            let next = bytes.len() as u32;
            bytes[20..24].copy_from_slice(&next.to_le_bytes());
        }
        out.extend(bytes);
    }
    out
}

/// A body of `len` bytes with fields at their places.
fn body(len: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; len];
    for (at, bytes) in fields {
        out.resize(out.len().max(at + bytes.len()), 0);
        out[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    out
}

fn negotiate() -> Vec<u8> {
    Pdu::new(
        0,
        0,
        &body(
            40,
            &[(0, &[36]), (2, &[2]), (36, &[0x02, 0x02, 0x11, 0x03])],
        ),
    )
    .0
}

fn negotiated() -> Vec<u8> {
    let cipher = [2, 0, 4, 0, 0, 0, 0, 0, 1, 0, 2, 0];
    let at = (64_u32 + 72).to_le_bytes();
    Pdu::new(
        0,
        0,
        &body(
            72,
            &[
                (0, &[65]),
                (2, &[3]),
                (4, &[0x11, 3]),
                (6, &[1]),
                (60, &at),
                (72, &cipher),
            ],
        ),
    )
    .answer(0)
    .0
}

fn ntlm(user: &str) -> Vec<u8> {
    let user = utf16(user);
    let domain = utf16("LAB");
    let mut out = b"NTLMSSP\0\x03\0\0\0".to_vec();
    out.resize(64, 0);
    out[60] = 1;
    let mut at = 64_u32;
    for (field, text) in [(28, &domain), (36, &user), (44, &utf16("CLI"))] {
        out[field..field + 2].copy_from_slice(&(text.len() as u16).to_le_bytes());
        out[field + 4..field + 8].copy_from_slice(&at.to_le_bytes());
        at += text.len() as u32;
        out.extend(text);
    }
    out
}

fn setup(id: u64, token: &[u8]) -> Vec<u8> {
    let len = (token.len() as u16).to_le_bytes();
    Pdu::new(
        1,
        id,
        &body(24, &[(0, &[25]), (12, &[88]), (14, &len), (24, token)]),
    )
    .0
}

fn setup_answer(id: u64, status: u32) -> Vec<u8> {
    Pdu::new(1, id, &body(8, &[(0, &[9])])).answer(status).0
}

fn tree(id: u64, path: &str) -> Vec<u8> {
    let path = utf16(path);
    let len = (path.len() as u16).to_le_bytes();
    Pdu::new(
        3,
        id,
        &body(8, &[(0, &[9]), (4, &[72]), (6, &len), (8, &path)]),
    )
    .0
}

fn tree_answer(id: u64, status: u32, kind: u8) -> Vec<u8> {
    Pdu::new(3, id, &body(16, &[(0, &[16]), (2, &[kind])]))
        .tree(5)
        .answer(status)
        .0
}

fn create(id: u64, name: &str) -> Pdu {
    let name = utf16(name);
    let len = (name.len() as u16).to_le_bytes();
    Pdu::new(
        5,
        id,
        &body(
            56,
            &[
                (0, &[57]),
                (24, &[0x9F, 1, 0x12]),
                (44, &[120]),
                (46, &len),
                (56, &name),
            ],
        ),
    )
    .tree(5)
}

fn created(id: u64, file: u8) -> Pdu {
    Pdu::new(5, id, &body(88, &[(0, &[89]), (64, &[file; 16])]))
        .tree(5)
        .answer(0)
}

fn write(id: u64, file: u8, data: &[u8]) -> Pdu {
    let len = (data.len() as u32).to_le_bytes();
    Pdu::new(
        9,
        id,
        &body(
            48,
            &[
                (0, &[49]),
                (2, &[112]),
                (4, &len),
                (16, &[file; 16]),
                (48, data),
            ],
        ),
    )
    .tree(5)
}

fn read(id: u64, file: u8) -> Pdu {
    Pdu::new(
        8,
        id,
        &body(49, &[(0, &[49]), (4, &[0, 4]), (16, &[file; 16])]),
    )
    .tree(5)
}

fn read_answer(id: u64, data: &[u8]) -> Pdu {
    let len = (data.len() as u32).to_le_bytes();
    Pdu::new(
        8,
        id,
        &body(16, &[(0, &[17]), (2, &[80]), (4, &len), (16, data)]),
    )
    .answer(0)
}

fn close(id: u64, file: u8) -> Pdu {
    Pdu::new(6, id, &body(24, &[(0, &[24]), (8, &[file; 16])])).tree(5)
}

fn opening() -> Vec<Step> {
    vec![
        client(&negotiate()),
        server(&negotiated()),
        client(&setup(1, &ntlm("alice"))),
        server(&setup_answer(1, 0)),
        client(&tree(2, "\\\\SRV\\data")),
        server(&generous(tree_answer(2, 0, 1))),
    ]
}

/// An answer that grants credits for more than one request.
fn generous(mut answer: Vec<u8>) -> Vec<u8> {
    answer[14] = 16;
    answer
}

fn with(more: &[Step]) -> Vec<Step> {
    let mut steps = opening();
    steps.extend_from_slice(more);
    steps
}

fn tail(said: &[Said]) -> Vec<String> {
    story(said).split_off(6)
}

#[test]
fn a_session_is_negotiated_authenticated_used_and_logged_off() {
    let steps = with(&[
        client(&create(3, "a.txt").0),
        server(&created(3, 9).0),
        client(&write(4, 9, &[b'x'; 3000]).0),
        server(&Pdu::new(9, 4, &body(16, &[(0, &[17])])).answer(0).0),
        client(&read(5, 9).0),
        server(&read_answer(5, &[5; 2000]).0),
        client(&close(6, 9).0),
        server(&Pdu::new(6, 6, &body(60, &[(0, &[60])])).answer(0).0),
        client(&Pdu::new(2, 7, &[4, 0, 0, 0]).0),
        server(&Pdu::new(2, 7, &[4, 0, 0, 0]).answer(0).0),
    ]);
    let said = events(445, &steps);
    assert_eq!(
        phases(&said),
        [
            Phase::Negotiating,
            Phase::Authenticating,
            Phase::Open,
            Phase::Closed
        ]
    );
    for (key, expected) in [
        ("dialect", "3.1.1"),
        ("signing", "required"),
        ("cipher", "AES-128-GCM"),
        ("mechanism", "NTLM"),
        ("user", "alice"),
        ("domain", "LAB"),
        ("workstation", "CLI"),
        ("shares", "\\\\SRV\\data"),
    ] {
        assert_eq!(detail(&said, key).as_deref(), Some(expected), "{key}");
    }
    let (asked, answered) = ids(&said);
    assert_eq!(asked, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(asked, answered);
    assert!(
        said.iter()
            .filter(|s| s.session != "nbss")
            .all(|s| s.session == "nbss/smb2")
    );
    let texts = texts(445, &steps);
    assert!(
        texts
            .iter()
            .any(|t| t == "WRITE length 3000 offset 0 file a.txt"),
        "{texts:?}"
    );
    assert!(
        texts.iter().any(|t| t == "READ length 2000 a.txt"),
        "{texts:?}"
    );
    check(445, &steps);
}

#[test]
fn the_span_of_a_large_write_is_all_of_it() {
    let data = vec![b'x'; 70_000];
    let steps = with(&[client(&write(3, 9, &data).0)]);
    let said = events(445, &steps);
    let span = said
        .iter()
        .rev()
        .find(|s| matches!(s.act, Act::Request { .. }))
        .unwrap()
        .span;
    assert_eq!(span.len(), 4 + 64 + 48 + 70_000);
    check(445, &steps);
}

#[test]
fn more_processing_is_no_failure_and_a_refused_logon_is() {
    let steps = [
        client(&negotiate()),
        server(&negotiated()),
        client(&setup(1, b"NTLMSSP\0\x01\0\0\0")),
        server(&setup_answer(1, 0xC000_0016)),
        client(&setup(2, &ntlm("mallory"))),
        server(&setup_answer(2, 0xC000_006D)),
    ];
    let said = events(445, &steps);
    assert_eq!(
        story(&said),
        [
            "> NEGOTIATE",
            "< ok",
            "> SESSION_SETUP",
            "< STATUS_MORE_PROCESSING_REQUIRED",
            "> SESSION_SETUP",
            "fact smb.session-setup-failed",
            "< STATUS_LOGON_FAILURE"
        ]
    );
    assert_eq!(
        value(&said, "smb.session-setup-failed", "user"),
        Some("mallory".to_owned().into())
    );
    assert_eq!(phases(&said).last(), Some(&Phase::Refused));
    check(445, &steps);
}

#[test]
fn failures_name_what_was_asked_for() {
    let steps = with(&[
        client(&tree(3, "\\\\SRV\\nope")),
        server(&tree_answer(3, 0xC000_00CC, 0)),
        client(&create(4, "secret.txt").0),
        server(
            &Pdu::new(5, 4, &[9, 0, 0, 0, 0, 0, 0, 0])
                .tree(5)
                .answer(0xC000_0022)
                .0,
        ),
        client(&read(5, 9).0),
        server(
            &Pdu::new(8, 5, &[9, 0, 0, 0, 0, 0, 0, 0])
                .answer(0xC000_0203)
                .0,
        ),
    ]);
    let said = events(445, &steps);
    assert_eq!(
        value(&said, "smb.tree-connect-failed", "path"),
        Some("\\\\SRV\\nope".to_owned().into())
    );
    assert_eq!(
        value(&said, "smb.create-failed", "name"),
        Some("secret.txt".to_owned().into())
    );
    assert_eq!(
        value(&said, "smb.create-failed", "access"),
        Some(0x0012_019F_u32.into())
    );
    assert_eq!(
        value(&said, "smb.create-failed", "share"),
        Some("\\\\SRV\\data".to_owned().into())
    );
    assert_eq!(
        value(&said, "smb.request-failed", "command"),
        Some("READ".into())
    );
    check(445, &steps);
}

#[test]
fn a_compound_is_several_exchanges() {
    let related = |mut pdu: Pdu, at: usize| {
        pdu.0[at..at + 16].fill(0xFF);
        pdu.0[16] |= 4;
        pdu
    };
    let steps = with(&[
        client(&compound(&[create(3, "a.txt"), related(close(4, 0), 72)])),
        server(&compound(&[
            created(3, 9),
            Pdu::new(6, 4, &body(60, &[])).answer(0),
        ])),
    ]);
    let said = events(445, &steps);
    assert_eq!(tail(&said), ["> CREATE", "> CLOSE", "< ok", "< ok"]);
    check(445, &steps);
}

#[test]
fn a_bad_next_command_is_malformed_and_the_next_message_is_read() {
    let mut bad = create(3, "a.txt").0;
    bad[20] = 65;
    let steps = with(&[client(&bad), client(&read(4, 9).0)]);
    assert_eq!(
        tail(&events(445, &steps)),
        [
            "malformed: NextCommand that is no offset of a header",
            "> READ"
        ]
    );
    check(445, &steps);
}

#[test]
fn pending_is_interim_and_cancel_names_its_target() {
    let notify = Pdu::new(15, 3, &body(32, &[(0, &[32])])).tree(5);
    let steps = with(&[
        client(&notify.0),
        server(
            &Pdu::new(15, 3, &[9, 0, 0, 0, 0, 0, 0, 0])
                .asynchronous(77)
                .answer(0x103)
                .0,
        ),
        client(&Pdu::new(12, 0, &[4, 0, 0, 0]).asynchronous(77).0),
        server(
            &Pdu::new(15, 3, &[9, 0, 0, 0, 0, 0, 0, 0])
                .asynchronous(77)
                .answer(0xC000_0120)
                .0,
        ),
    ]);
    let said = events(445, &steps);
    assert_eq!(
        tail(&said),
        ["> CHANGE_NOTIFY", "interim", "cancel", "< STATUS_CANCELLED"]
    );
    assert!(said.iter().any(|s| matches!(s.act, Act::Cancel { id: 3 })));
    assert!(said.iter().any(|s| matches!(
        s.act,
        Act::Request {
            id: 3,
            expect: Expect::LongWait(_),
            ..
        }
    )));
    check(445, &steps);
}

#[test]
fn a_break_is_a_message() {
    let level = body(24, &[(0, &[24]), (2, &[1]), (8, &[9; 16])]);
    let steps = with(&[server(&Pdu::new(18, u64::MAX, &level).answer(0).0)]);
    assert_eq!(tail(&events(445, &steps)), ["message OPLOCK_BREAK"]);
    check(445, &steps);
}

#[test]
fn an_smb1_negotiate_answered_in_smb2_is_one_exchange() {
    let offer = b"\x02NT LM 0.12\0\x02SMB 2.???\0";
    let mut smb1 = b"\xFFSMB\x72".to_vec();
    smb1.resize(32, 0);
    smb1.extend([0, offer.len() as u8, 0]);
    smb1.extend(offer);
    let steps = [
        client(&smb1),
        server(&negotiated()),
        client(&setup(1, &ntlm("alice"))),
    ];
    let said = events(445, &steps);
    let (asked, answered) = ids(&said);
    assert_eq!(asked[0], answered[0]);
    assert_eq!(said.last().map(|s| s.session.as_str()), Some("nbss"));
    assert!(said.iter().any(|s| s.session == "nbss/smb2"));
    check(445, &steps);
}

#[test]
fn encrypted_messages_are_told_once_and_counted() {
    let mut transform = b"\xFDSMB".to_vec();
    transform.resize(120, 0xAA);
    let steps = with(&[client(&transform), server(&transform), client(&transform)]);
    let message = "message Encrypted message";
    let said = events(445, &steps);
    assert_eq!(tail(&said), ["encrypted", message, message, message]);
    assert_eq!(detail(&said, "encrypted").as_deref(), Some("true"));
    check(445, &steps);
}

#[test]
fn a_gap_in_file_data_loses_nothing_and_one_over_heads_is_resumed() {
    let whole = framed(&write(3, 9, &[b'x'; 3000]).0);
    let answer = server(&Pdu::new(9, 3, &body(16, &[(0, &[17])])).answer(0).0);
    let inside = with(&[
        Step::Says(Side::Client, whole[..500].to_vec()),
        Step::Loses(Side::Client, 1000),
        Step::Says(Side::Client, whole[1500..].to_vec()),
        answer.clone(),
        client(&read(4, 9).0),
    ]);
    assert_eq!(tail(&events(445, &inside)), ["> WRITE", "< ok", "> READ"]);
    check(445, &inside);

    let over = with(&[
        Step::Says(Side::Client, whole[..500].to_vec()),
        Step::Loses(Side::Client, 9000),
        client(&read(5, 9).0),
    ]);
    assert_eq!(tail(&events(445, &over)), ["> WRITE", "> READ"]);
    check(445, &over);
}

/// The first `len` bytes of each message, the rest cut off by the snap length.
fn cut_at(len: usize, steps: &[Step]) -> Vec<Step> {
    let cut = |step: &Step| match step {
        Step::Says(side, bytes) if bytes.len() > len => vec![
            Step::Says(*side, bytes.get(..len).unwrap_or_default().to_vec()),
            Step::Loses(*side, (bytes.len() - len) as u64),
        ],
        _ => vec![step.clone()],
    };
    steps.iter().flat_map(cut).collect()
}

#[test]
fn messages_cut_in_their_headers_are_paired_by_message_id() {
    let steps = with(&[client(&create(3, "a").0), server(&created(3, 7).0)]);
    // The NBSS header and 36 bytes: MessageId is the last that is whole.
    let cut = cut_at(40, &steps);
    let words = ["> CREATE", "< ok"];
    assert_eq!(tail(&events(445, &cut))[..], words, "{cut:?}");
    let all = fields(445, &cut);
    let of_client = |name| named(&all, Side::Client, name);
    assert_eq!(of_client("smb2.msg_id"), ["0", "1", "2", "3"]);
    assert!(of_client("smb2.tid").is_empty());
    check(445, &cut);
    // With 24 bytes the command is known, and nothing of its exchange.
    let cut = cut_at(28, &steps);
    let said = events(445, &cut);
    assert!(tail(&said).iter().all(|word| !word.starts_with('>')));
    assert!(said.iter().all(|s| s.session != "nbss/smb1"));
    let all = fields(445, &cut);
    assert_eq!(named(&all, Side::Client, "smb2.cmd"), ["0", "1", "3", "5"]);
    assert_eq!(named(&all, Side::Server, "smb2.nt_status").len(), 4);
    assert!(named(&all, Side::Client, "smb2.msg_id").is_empty());
    check(445, &cut);
}

/// Several are not allowed; which one is told must not depend on the order of a map, which differs from run to run.
#[test]
fn of_several_negotiates_the_first_one_is_told() {
    let offer = |id, dialect: &[u8]| {
        let fields: &[(usize, &[u8])] = &[(0, &[36]), (2, &[1]), (36, dialect)];
        client(&Pdu::new(0, id, &body(38, fields)).0)
    };
    let offers = (0..8).map(|id| offer(id, if id == 0 { &[2, 2] } else { &[0, 3] }));
    let steps: Vec<Step> = offers.chain(ends()).collect();
    for _ in 0..8 {
        let dialects = value(&events(445, &steps), "smb.negotiate-unanswered", "dialects");
        assert_eq!(
            dialects.map(|d| d.to_string()).as_deref(),
            Some("2.0.2"),
            "of the first"
        );
    }
    check(445, &steps);
}

#[test]
fn an_unfinished_message_is_told() {
    let whole = framed(&write(3, 9, &[b'x'; 3000]).0);
    let end = Step::Ends(Side::Client, End::Fin);
    let steps = with(&[Step::Says(Side::Client, whole[..500].to_vec()), end.clone()]);
    assert_eq!(tail(&events(445, &steps)), ["incomplete WRITE"]);
    let lost = with(&[
        Step::Says(Side::Client, whole[..50].to_vec()),
        Step::Loses(Side::Client, 500),
        end,
    ]);
    assert_eq!(tail(&events(445, &lost)), [""; 0]);
}

#[test]
fn mid_stream_the_answer_turns_the_sides_and_the_session_is_open() {
    let answer = Step::Says(Side::Client, framed(&read_answer(5, &[5; 100]).0));
    let said = events_midstream(445, &[answer]);
    assert_eq!(phases(&said), [Phase::Open]);
    assert!(said.iter().all(|s| s.side == Side::Server));
}

#[test]
fn an_answer_that_leaves_no_credit_is_told_once() {
    let mut starved = tree_answer(3, 0, 1);
    starved[14] = 0;
    // Two requests at once leave nothing; the last answer brings nothing.
    let mut spent = opening();
    for step in &mut spent {
        if let Step::Says(Side::Server, bytes) = step {
            bytes[4 + 14] = 1;
        }
    }
    spent.extend([client(&tree(3, "\\\\SRV\\b")), server(&starved)]);
    let said = events(445, &spent);
    assert!(
        story(&said).contains(&"fact smb.credits-zero".to_owned()),
        "{:?}",
        story(&said)
    );
    check(445, &spent);
}

/// The child is the registry's; where it has none, a pipe's bytes go nowhere.
#[test]
fn what_a_pipe_carries_reaches_the_child() {
    let bind = [5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0];
    let mut bind = bind.to_vec();
    bind.resize(72, 0);
    let mut steps = opening();
    steps[4] = client(&tree(2, "\\\\SRV\\IPC$"));
    steps[5] = server(&tree_answer(2, 0, 2));
    steps.extend([
        client(&create(3, "srvsvc").0),
        server(&created(3, 9).0),
        client(&write(4, 9, &bind).0),
        client(&read(5, 9).0),
        server(&read_answer(5, &bind).0),
        client(&close(6, 9).0),
        server(&Pdu::new(6, 6, &body(60, &[])).answer(0).0),
    ]);
    let said = events(445, &steps);
    assert!(said.iter().any(|s| matches!(
        s.act,
        Act::Request {
            id: 5,
            expect: Expect::LongWait(_),
            ..
        }
    )));
    let registered = crate::protocols::PROTOCOLS
        .iter()
        .any(|p| p.name == "dcerpc");
    assert_eq!(
        registered,
        said.iter().any(|s| s.session == "nbss/smb2/dcerpc")
    );
    check(445, &steps);
}

/// The pipe's opening was not captured: what it has carried tells what it is, also where a message goes on.
#[test]
fn a_message_of_an_unknown_pipe_is_followed_over_two_writes() {
    let request = |call: u8, len: u16| {
        let mut pdu = vec![5, 0, 0, 3, 0x10, 0, 0, 0];
        pdu.extend(len.to_le_bytes());
        pdu.extend([0, 0, call, 0, 0, 0]);
        pdu.resize(len.into(), b'x');
        pdu
    };
    let all = [request(7, 3200), request(8, 300)].concat();
    let (first, rest) = all.split_at(200);
    let steps = [
        client(&write(4, 9, first).0),
        server(&Pdu::new(9, 4, &body(16, &[])).answer(0).0),
        client(&write(5, 9, rest).0),
    ];
    let said = events_midstream(445, &steps);
    let asked = |s: &&Said| s.session.ends_with("dcerpc") && matches!(s.act, Act::Request { .. });
    assert_eq!(said.iter().filter(asked).count(), 2, "{:?}", story(&said));
}

#[test]
fn fields_tell_who_logs_on_where_and_what_is_opened() {
    let steps = with(&[
        client(&create(3, "a\\b.txt").0),
        server(&created(3, 7).0),
        client(&write(4, 7, b"content").0),
        client(&read(5, 7).0),
        server(&read_answer(5, &[0; 300]).0),
        client(&close(6, 7).0),
        server(&Pdu::new(6, 6, &body(8, &[(0, &[9])])).answer(0xC000_0128).0),
    ]);
    let all = fields(445, &steps);
    let client = |name| named(&all, Side::Client, name);
    let server = |name| named(&all, Side::Server, name);
    assert_eq!(client("smb2.cmd"), ["0", "1", "3", "5", "9", "8", "6"]);
    assert_eq!(client("smb2.dialect"), ["514", "785"]);
    assert_eq!(server("smb2.dialect"), ["785"]);
    assert_eq!(server("smb2.negotiate_context.cipher_id"), ["2"]);
    assert_eq!(client("ntlmssp.auth.username"), ["alice"]);
    assert_eq!(client("ntlmssp.auth.domain"), ["LAB"]);
    assert_eq!(client("smb2.tree"), ["\\\\SRV\\data"]);
    assert_eq!(server("smb2.share_type"), ["1"]);
    assert_eq!(client("smb2.filename"), ["a\\b.txt"]);
    assert_eq!(client("smb2.write_length"), ["7"]);
    assert_eq!(server("smb2.fid"), [format!("Guid({:?})", [7; 16])]);
    assert_eq!(server("smb2.nt_status").last(), Some(&"3221225768"));
    // The body of an error is no CLOSE's.
    assert!(server("smb2.close.flags").is_empty());
    let infos = values(&all, INFO_COLUMN);
    let expected = [
        "Session Setup Request, NTLMSSP_AUTH, User: LAB\\alice",
        "Tree Connect Request Tree: \\\\SRV\\data",
        "Create Request File: a\\b.txt",
        "Write Request Len:7 Off:0 File: a\\b.txt",
        "Read Request Len:1024 Off:0 File: a\\b.txt",
        "Close Request File: a\\b.txt",
    ];
    for info in expected {
        assert!(infos.contains(&info), "{info} is not in {infos:?}");
    }
    assert!(
        infos.contains(&"Close Response, Error: STATUS_FILE_CLOSED"),
        "{infos:?}"
    );
}

#[test]
fn fields_of_answers_come_from_their_requests() {
    let find = |id| {
        let pattern = utf16("*");
        let fields: &[(usize, &[u8])] = &[
            (0, &[33]),
            (2, &[12]),
            (24, &[96]),
            (26, &[2]),
            (32, &pattern),
        ];
        Pdu::new(14, id, &body(32, fields)).tree(5)
    };
    let mut entry = vec![0; 12];
    entry[8] = 10;
    entry.extend(utf16("a.txt"));
    let len = (entry.len() as u32).to_le_bytes();
    let found = body(8, &[(0, &[9]), (2, &[72]), (4, &len), (8, &entry)]);
    let found = |id| Pdu::new(14, id, &found).answer(0);
    let pending = Pdu::new(14, 3, &body(8, &[(0, &[9])])).answer(0x103);
    let steps = with(&[
        client(&find(3).0),
        server(&pending.asynchronous(9).0),
        server(&found(3).asynchronous(9).0),
        // Of a request that nobody saw, nothing can be said of the content.
        server(&found(4).0),
    ]);
    let all = fields(445, &steps);
    assert_eq!(named(&all, Side::Server, "smb2.filename"), ["a.txt"]);
    assert_eq!(
        named(&all, Side::Server, "smb2.find.infolevel"),
        ["12", "12"]
    );
    assert_eq!(named(&all, Side::Server, "smb2.aid"), ["9", "9"]);
    assert_eq!(named(&all, Side::Client, "smb2.find.pattern"), ["*"]);
}

#[test]
fn fields_of_what_cannot_be_read_are_those_of_its_head() {
    let mut encrypted = b"\xFDSMB".to_vec();
    encrypted.resize(80, 1);
    encrypted[36..40].copy_from_slice(&28_u32.to_le_bytes());
    encrypted[42..44].copy_from_slice(&[1, 0]);
    let steps = with(&[client(&encrypted)]);
    let all = fields(445, &steps);
    let msg_size = named(&all, Side::Client, "smb2.header.transform.msg_size");
    assert_eq!(msg_size, ["28"]);
    let flag = "smb2.header.transform.flags.encrypted";
    assert_eq!(named(&all, Side::Client, flag), ["Bool(true)"]);
}

#[test]
fn a_hole_in_what_cannot_be_read_hides_nothing_whether_or_not_fields_are_asked_for() {
    for head in [b"\xFDSMB", b"\xFCSMB"] {
        let mut whole = head.to_vec();
        whole.resize(80, 1);
        let whole = framed(&whole);
        let steps = with(&[
            Step::Says(Side::Client, whole[..20].to_vec()),
            Step::Loses(Side::Client, 64),
            client(&close(6, 7).0),
        ]);
        let said = events(445, &steps);
        let told = tail(&said);
        let is_told = |what: &&String| {
            what.ends_with("crypted message") || what.ends_with("Compressed message")
        };
        assert_eq!(told.iter().filter(is_told).count(), 1, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("> CLOSE"));
        // Asserts that they change no event.
        assert!(!fields(445, &steps).is_empty());
        check(445, &steps);
    }
}

#[test]
fn fields_survive_messages_cut_anywhere() {
    let whole = compound(&[create(3, "a"), write(4, 7, b"x"), close(5, 7)]);
    for len in 0..whole.len() {
        let cut = whole.get(..len).unwrap_or_default();
        fields(445, &with(&[client(cut), server(&created(3, 7).0)]));
    }
}
