//! Sessions of TLS 1.3 whose secrets are known, sealed here, with HTTP inside.

use std::sync::Arc;

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{Aead, KeyInit, Payload};

use super::hello;
use super::wire::{Head, content, message, version};
use crate::cipher::Hash;
use crate::event::{Act, Phase, Value};
use crate::laws::{Said, Step, check_opened, client, events, events_opened, server};
use crate::secrets::Secrets;
use crate::units::{PerSide, Side};

const PORT: u16 = 4433;
const KEY_UPDATE: u8 = 24;
/// Bytes that a record is longer than its content.
const MORE: usize = 5 + 1 + 16;

/// The secret of early data.
const EARLY: [u8; 32] = [5; 32];

/// The secrets of a side's handshake and of its data.
const fn secret(side: Side, handshake: bool) -> [u8; 32] {
    match (side, handshake) {
        (Side::Client, true) => [1; 32],
        (Side::Server, true) => [2; 32],
        (Side::Client, false) => [3; 32],
        (Side::Server, false) => [4; 32],
    }
}

/// A key log with the secrets of the session whose ClientHello has `random`, the first byte of each changed by `wrong`.
fn key_log(random: u8, wrong: u8) -> Arc<Secrets> {
    let line = |label: &str, mut secret: [u8; 32]| {
        secret[0] ^= wrong;
        let hex = |bytes: &[u8]| {
            let digits = bytes.iter().flat_map(|b| [b >> 4, b & 15]);
            digits
                .filter_map(|d| char::from_digit(d.into(), 16))
                .collect::<String>()
        };
        format!("{label} {} {}\n", hex(&[random; 32]), hex(&secret))
    };
    let log = [
        line(
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            secret(Side::Client, true),
        ),
        line(
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            secret(Side::Server, true),
        ),
        line("CLIENT_EARLY_TRAFFIC_SECRET", EARLY),
        line("CLIENT_TRAFFIC_SECRET_0", secret(Side::Client, false)),
        line("SERVER_TRAFFIC_SECRET_0", secret(Side::Server, false)),
    ];
    Arc::new(Secrets::read(&log.concat()))
}

fn keys() -> Arc<Secrets> {
    key_log(7, 0)
}

/// Seals one side's records.
struct Sealer {
    secret: Vec<u8>,
    number: u64,
}

impl Sealer {
    fn new(secret: [u8; 32]) -> Self {
        Self {
            secret: secret.to_vec(),
            number: 0,
        }
    }

    fn record(&mut self, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let expand = |label: &[u8], len| Hash::Sha256.expand(&self.secret, label, len);
        let mut nonce: [u8; 12] = expand(b"iv", 12).try_into().unwrap();
        for (byte, part) in nonce[4..].iter_mut().zip(self.number.to_be_bytes()) {
            *byte ^= part;
        }
        self.number += 1;
        let head = Head {
            kind: content::APPLICATION_DATA,
            version: version::TLS12,
            len: (bytes.len() + 17) as u16,
        };
        let cipher = Aes128Gcm::new_from_slice(&expand(b"key", 16)).unwrap();
        let (aad, msg) = (&head.bytes()[..], &[bytes, &[kind]].concat()[..]);
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg, aad }).unwrap();
        [head.bytes().to_vec(), sealed].concat()
    }

    fn update(&mut self) -> Vec<u8> {
        let record = self.record(content::HANDSHAKE, &[KEY_UPDATE, 0, 0, 1, 0]);
        self.secret = Hash::Sha256.expand(&self.secret, b"traffic upd", 32);
        self.number = 0;
        record
    }
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend(body);
    out
}

fn in_clear(message: &[u8]) -> Vec<u8> {
    let head = Head {
        kind: content::HANDSHAKE,
        version: version::TLS12,
        len: message.len() as u16,
    };
    [&head.bytes(), message].concat()
}

/// The handshake, and what seals the data of each side behind it.
fn handshakes() -> (Vec<Step>, PerSide<Sealer>) {
    let versions = [0, 7, 0, 43, 0, 3, 2, 3, 4];
    let hello = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &versions].concat();
    let chosen = [0, 6, 0, 43, 0, 2, 3, 4];
    let answer = [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0], &chosen].concat();
    let finished = handshake(message::FINISHED, &[0xAA; 32]);
    let agreed = handshake(message::ENCRYPTED_EXTENSIONS, &[0, 0]);
    let of_server = Sealer::new(secret(Side::Server, true))
        .record(content::HANDSHAKE, &[agreed, finished.clone()].concat());
    let of_client = Sealer::new(secret(Side::Client, true)).record(content::HANDSHAKE, &finished);
    let steps = vec![
        client(&in_clear(&handshake(message::CLIENT_HELLO, &hello))),
        server(&in_clear(&handshake(message::SERVER_HELLO, &answer))),
        server(&of_server),
        client(&of_client),
    ];
    let sealers = PerSide::new(
        Sealer::new(secret(Side::Client, false)),
        Sealer::new(secret(Side::Server, false)),
    );
    (steps, sealers)
}

fn asks(sealers: &mut PerSide<Sealer>, path: &str) -> Step {
    let text = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    client(
        &sealers
            .client
            .record(content::APPLICATION_DATA, text.as_bytes()),
    )
}

fn answers(sealers: &mut PerSide<Sealer>, bodies: &[usize]) -> Vec<Step> {
    let total: usize = bodies.iter().sum();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n");
    let parts = bodies.iter().map(|len| vec![b'x'; *len]);
    [head.into_bytes()]
        .into_iter()
        .chain(parts)
        .map(|part| server(&sealers.server.record(content::APPLICATION_DATA, &part)))
        .collect()
}

fn closes(sealers: &mut PerSide<Sealer>, side: Side) -> Step {
    Step::Says(side, sealers[side].record(content::ALERT, &[1, 0]))
}

/// Two requests with their answers, the first in several records; both sides close.
fn dialogue() -> Vec<Step> {
    let (mut steps, mut sealers) = handshakes();
    steps.push(asks(&mut sealers, "/one"));
    steps.extend(answers(&mut sealers, &[1000, 1000, 500]));
    steps.push(asks(&mut sealers, "/two"));
    steps.extend(answers(&mut sealers, &[10]));
    steps.push(closes(&mut sealers, Side::Server));
    steps.push(closes(&mut sealers, Side::Client));
    steps
}

fn requests(said: &[Said]) -> usize {
    of_http(said, |act| matches!(act, Act::Request { .. }))
}

fn replies(said: &[Said]) -> usize {
    of_http(said, |act| matches!(act, Act::Reply { .. }))
}

fn of_http(said: &[Said], is: impl Fn(&Act) -> bool) -> usize {
    let inside = said.iter().filter(|s| s.session == "tls/http");
    inside.filter(|s| is(&s.act)).count()
}

fn decryption(said: &[Said]) -> Option<String> {
    said.iter().rev().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == "decryption" => Some(value.to_string()),
        _ => None,
    })
}

#[test]
fn what_is_inside_is_a_session_of_its_own() {
    let steps = dialogue();
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!((requests(&said), replies(&said)), (2, 2));
    assert_eq!(decryption(&said).as_deref(), Some("decrypted"));
    assert!(!said.iter().any(|s| s.act == Act::Encrypted));
    let end = |steps: &[Step], side| -> u64 {
        let says = steps.iter().map(|step| match step {
            Step::Says(s, bytes) if *s == side => bytes.len() as u64,
            _ => 0,
        });
        says.sum()
    };
    let first = said.iter().find(|s| matches!(s.act, Act::Reply { .. }));
    assert_eq!(first.unwrap().span.end, end(&steps[..6], Side::Server));
    check_opened(PORT, &keys(), &steps);
}

#[test]
fn a_session_without_its_secrets_is_what_it_was_and_says_why() {
    let steps = dialogue();
    let plain = events(PORT, &steps);
    for (log, why) in [
        (
            key_log(8, 0),
            "the key log has no secret; client random 0707",
        ),
        (
            key_log(7, 1),
            "the key log's secret opens no record; client random 0707",
        ),
    ] {
        let mut said = events_opened(PORT, &log, &steps);
        assert!(decryption(&said).unwrap().starts_with(why));
        said.retain(|s| !matches!(&s.act, Act::Detail { key, .. } if *key == "decryption"));
        assert_eq!(said, plain);
    }
    assert!(plain.iter().any(|s| s.act == Act::Encrypted));
    assert_eq!(requests(&plain), 0);
}

/// The steps, with bytes `from..until` of the `at`th lost.
fn losing(steps: &[Step], at: usize, from: usize, until: usize) -> Vec<Step> {
    let mut out = steps[..at].to_vec();
    let Step::Says(side, bytes) = &steps[at] else {
        panic!("nothing to lose");
    };
    out.push(Step::Says(*side, bytes[..from].to_vec()));
    out.push(Step::Loses(*side, (until - from) as u64));
    out.push(Step::Says(*side, bytes[until..].to_vec()));
    out.extend_from_slice(&steps[at + 1..]);
    out.retain(|step| !matches!(step, Step::Says(_, bytes) if bytes.is_empty()));
    out
}

#[test]
fn a_lost_record_is_a_gap_inside_and_nothing_else() {
    let steps = dialogue();
    let whole = events_opened(PORT, &keys(), &steps);
    let size = 1000 + MORE;
    // In a record of the body; its head; all of it; its end with the next one's head.
    for (from, until) in [(100, 300), (0, 100), (0, size), (size - 4, size)] {
        let lossy = losing(&steps, 6, from, until);
        let said = events_opened(PORT, &keys(), &lossy);
        assert_eq!((requests(&said), replies(&said)), (2, 2), "{from}..{until}");
        assert!(!said.iter().any(|s| matches!(s.act, Act::Malformed { .. })));
        // The second exchange is told as if nothing had been lost.
        assert_eq!(
            last_exchange(&said),
            last_exchange(&whole),
            "{from}..{until}"
        );
    }
    check_opened(PORT, &keys(), &losing(&steps, 6, 100, 300));
}

/// What is said inside from the last request on.
fn last_exchange(said: &[Said]) -> Vec<Said> {
    let inside: Vec<Said> = said
        .iter()
        .filter(|s| s.session == "tls/http")
        .cloned()
        .collect();
    let request = inside
        .iter()
        .rposition(|s| matches!(s.act, Act::Request { .. }));
    inside[request.unwrap()..].to_vec()
}

#[test]
fn a_loss_that_takes_the_end_of_the_handshake_does_not_hide_the_data() {
    let steps = dialogue();
    let Step::Says(_, flight) = &steps[2] else {
        panic!("no flight");
    };
    let lossy = losing(&steps, 2, 20, flight.len());
    let said = events_opened(PORT, &keys(), &lossy);
    assert_eq!((requests(&said), replies(&said)), (2, 2));
    assert!(!said.iter().any(|s| s.act == Act::Encrypted));
    check_opened(PORT, &keys(), &lossy);
}

#[test]
fn an_altered_record_hides_what_it_said() {
    let mut steps = dialogue();
    let Step::Says(_, bytes) = &mut steps[6] else {
        panic!("no record");
    };
    bytes[40] ^= 1;
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!((requests(&said), replies(&said)), (2, 2));
    assert_eq!(of_http(&said, |act| *act == Act::Encrypted), 1);
    assert_eq!(decryption(&said).as_deref(), Some("decrypted"));
    check_opened(PORT, &keys(), &steps);
}

#[test]
fn keys_are_updated_on_either_side() {
    let (mut steps, mut sealers) = handshakes();
    steps.push(asks(&mut sealers, "/one"));
    steps.push(server(&sealers.server.update()));
    steps.extend(answers(&mut sealers, &[300]));
    steps.push(client(&sealers.client.update()));
    steps.push(asks(&mut sealers, "/two"));
    steps.extend(answers(&mut sealers, &[3]));
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!((requests(&said), replies(&said)), (2, 2));
    check_opened(PORT, &keys(), &steps);
}

#[test]
fn close_notify_ends_an_answer_whose_length_nobody_told() {
    let (mut steps, mut sealers) = handshakes();
    steps.push(asks(&mut sealers, "/"));
    let text = b"HTTP/1.1 200 OK\r\n\r\nall that there is";
    steps.push(server(
        &sealers.server.record(content::APPLICATION_DATA, text),
    ));
    steps.push(closes(&mut sealers, Side::Server));
    steps.push(Step::Ends(Side::Server, crate::dissector::End::Reset));
    steps.push(Step::Ends(Side::Client, crate::dissector::End::Reset));
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!(replies(&said), 1);
    assert_eq!(
        of_http(&said, |act| matches!(act, Act::Incomplete { .. })),
        0
    );
    let phases: Vec<Phase> = said
        .iter()
        .filter_map(|s| match &s.act {
            Act::Phase(phase) if s.session == "tls" => Some(*phase),
            _ => None,
        })
        .collect();
    assert_eq!(phases.last(), Some(&Phase::Closed));
}

#[test]
fn what_is_unknown_inside_is_only_counted() {
    let (mut steps, mut sealers) = handshakes();
    for side in [Side::Client, Side::Server, Side::Client] {
        let record = sealers[side].record(content::APPLICATION_DATA, &[0xEE; 3000]);
        steps.push(Step::Says(side, record));
    }
    let said = events_opened(PORT, &keys(), &steps);
    assert!(
        said.iter()
            .all(|s| s.session == "tls" || s.session == "carrier")
    );
    let value = said.iter().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == "decryption" => Some(value.clone()),
        _ => None,
    });
    assert_eq!(value, Some(Value::Text("decrypted".to_owned())));
    check_opened(PORT, &keys(), &steps);
}

/// What the server makes of early data.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Takes,
    /// It resumes the session, and does not take the data.
    Resumes,
    /// It resumes nothing.
    Refuses,
    /// It wants another hello.
    Retries,
}

/// A hello with early data, what the server makes of it, and a request behind the handshake.
fn with_early_data(answer: Answer) -> (Vec<Step>, PerSide<Sealer>) {
    let extensions = |early: bool| {
        let versions = [0, 43, 0, 3, 2, 3, 4];
        let key = [&[0, 2, 8, 8, 0, 0, 0, 0, 0, 33, 32][..], &[9; 32]].concat();
        let mut all = versions.to_vec();
        if early {
            all.extend([0, 42, 0, 0]);
        }
        all.extend([0, 41, 0, key.len() as u8 + 1, 0, 8]);
        all.extend(&key[1..]);
        [&[0, all.len() as u8][..], &all].concat()
    };
    let hello = |early| {
        let start = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
        let body = [start, extensions(early)].concat();
        client(&in_clear(&handshake(message::CLIENT_HELLO, &body)))
    };
    let chooses = |random: &[u8], chosen: &[u8]| {
        let body = [&[3, 3][..], random, &[0, 0x13, 1, 0], chosen].concat();
        server(&in_clear(&handshake(message::SERVER_HELLO, &body)))
    };
    let mut early = Sealer::new(EARLY);
    let mut sealers = PerSide::new(
        Sealer::new(secret(Side::Client, false)),
        Sealer::new(secret(Side::Server, false)),
    );
    let get = b"GET /early HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut steps = vec![
        hello(true),
        client(&early.record(content::APPLICATION_DATA, get)),
    ];
    if answer == Answer::Retries {
        steps.push(chooses(&hello::RETRY, &[0, 6, 0, 43, 0, 2, 3, 4]));
        steps.push(hello(false));
    }
    let resumed = [0, 12, 0, 43, 0, 2, 3, 4, 0, 41, 0, 2, 0, 0];
    steps.push(match answer {
        Answer::Refuses | Answer::Retries => chooses(&[9; 32], &[0, 6, 0, 43, 0, 2, 3, 4]),
        _ => chooses(&[9; 32], &resumed),
    });
    let agreed: &[u8] = match answer {
        Answer::Takes => &[0, 4, 0, 42, 0, 0],
        _ => &[0, 0],
    };
    let finished = handshake(message::FINISHED, &[0xAA; 32]);
    let agreed = handshake(message::ENCRYPTED_EXTENSIONS, agreed);
    let mut of_server = Sealer::new(secret(Side::Server, true));
    steps.push(server(
        &of_server.record(content::HANDSHAKE, &[agreed, finished.clone()].concat()),
    ));
    if answer == Answer::Takes {
        steps.extend(answers(&mut sealers, &[10]));
        steps.push(client(
            &early.record(content::HANDSHAKE, &handshake(5, &[])),
        ));
    }
    let mut of_client = Sealer::new(secret(Side::Client, true));
    steps.push(client(&of_client.record(content::HANDSHAKE, &finished)));
    steps.push(asks(&mut sealers, "/"));
    steps.extend(answers(&mut sealers, &[20]));
    (steps, sealers)
}

#[test]
fn early_data_that_is_taken_is_a_request_and_else_it_was_never_heard() {
    for (answer, count) in [
        (Answer::Takes, 2),
        (Answer::Resumes, 1),
        (Answer::Refuses, 1),
        (Answer::Retries, 1),
    ] {
        let (steps, _) = with_early_data(answer);
        let said = events_opened(PORT, &keys(), &steps);
        assert_eq!((requests(&said), replies(&said)), (count, count));
        assert_eq!(decryption(&said).as_deref(), Some("decrypted"));
        if answer != Answer::Refuses {
            check_opened(PORT, &keys(), &steps);
        }
    }
    // Nobody has answered: the server may not even have the keys.
    let (steps, _) = with_early_data(Answer::Takes);
    assert_eq!(requests(&events_opened(PORT, &keys(), &steps[..2])), 0);
}

#[test]
fn who_answers_early_data_and_closes_refuses_no_handshake() {
    let (steps, mut sealers) = with_early_data(Answer::Takes);
    // Before the client has finished.
    let mut steps = steps[..6].to_vec();
    sealers.server.number = 2;
    steps.push(closes(&mut sealers, Side::Server));
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!((requests(&said), replies(&said)), (1, 1));
    let stage = said.iter().find_map(|s| match &s.act {
        Act::Fact(fact) if fact.name == "tls.alert" => Some(fact.values.clone()),
        _ => None,
    });
    let stage = stage.unwrap();
    assert!(
        stage.contains(&("stage", Value::Name("session"))),
        "{stage:?}"
    );
}

#[test]
fn what_became_of_early_data_may_be_lost() {
    let (mut steps, _) = with_early_data(Answer::Takes);
    // The rest of the server's flight, with what it took.
    let Step::Says(side, lost) = steps[3].clone() else {
        return;
    };
    steps[3] = Step::Loses(side, lost.len() as u64);
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!(requests(&said), 2);
    let (mut steps, _) = with_early_data(Answer::Resumes);
    let Step::Says(side, lost) = steps[3].clone() else {
        return;
    };
    steps[3] = Step::Loses(side, lost.len() as u64);
    let said = events_opened(PORT, &keys(), &steps);
    assert_eq!(requests(&said), 1);
}
