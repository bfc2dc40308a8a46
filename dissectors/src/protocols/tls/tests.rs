//! Dialogues of TLS.

use super::fields::{
    ALPN_STR, CIPHER_SPEC, CIPHER_SUITE, CONTENT_TYPE, EXTENSION_TYPE, HANDSHAKE_TYPE, JA3,
    JA3_FULL, JA3S_FULL, OPAQUE_TYPE, RECORD_LENGTH, RECORD_VERSION, SERVER_NAME,
    SUPPORTED_VERSION, TICKET_LENGTH,
};
use super::wire::{content, message, version};
use crate::dissector::{Carrier, End, Probe, Speaker, Verdict};
use crate::event::{Act, Phase, Value};
use crate::field::INFO_COLUMN;
use crate::laws::{
    self, Said, Step, check, client, events, events_midstream, fields, server, values,
};
use crate::units::{PerSide, Side};

const PORT: u16 = 4433;
const RETRY: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(version.to_be_bytes());
    out.extend((body.len() as u16).to_be_bytes());
    out.extend(body);
    out
}

fn data(len: usize) -> Vec<u8> {
    record(content::APPLICATION_DATA, version::TLS12, &vec![0x17; len])
}

/// With `n` bytes of length before it.
fn vector(n: usize, body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32).to_be_bytes()[4 - n..].to_vec();
    out.extend(body);
    out
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(vector(3, body));
    out
}

fn in_record(messages: &[Vec<u8>]) -> Vec<u8> {
    record(content::HANDSHAKE, version::TLS12, &messages.concat())
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut out = kind.to_be_bytes().to_vec();
    out.extend(vector(2, body));
    out
}

/// Offers a host name, ALPN, groups with a value against ossification, and what else is given.
fn client_hello(id: &[u8], more: &[Vec<u8>]) -> Vec<u8> {
    let name = [vec![0], vector(2, b"www.example.org")].concat();
    let alpn = [vector(1, b"h2"), vector(1, b"http/1.1")].concat();
    let extensions = [
        extension(0x0A0A, &[]),
        extension(0, &vector(2, &name)),
        extension(10, &vector(2, &[0x1A, 0x1A, 0, 29, 0, 23])),
        extension(11, &vector(1, &[0])),
        extension(16, &vector(2, &alpn)),
        more.concat(),
    ];
    let body = [
        vec![3, 3],
        vec![7; 32],
        vector(1, id),
        vector(2, &[0x2A, 0x2A, 0x13, 0x01, 0xC0, 0x2F, 0x00, 0x3B]),
        vector(1, &[0]),
        vector(2, &extensions.concat()),
    ];
    handshake(message::CLIENT_HELLO, &body.concat())
}

fn server_hello(random: &[u8], id: &[u8], suite: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    let body = [
        vec![3, 3],
        random.to_vec(),
        vector(1, id),
        suite.to_be_bytes().to_vec(),
        vec![0],
        vector(2, &extensions.concat()),
    ];
    handshake(message::SERVER_HELLO, &body.concat())
}

fn tls13() -> Vec<u8> {
    extension(43, &vector(1, &[3, 4, 3, 3]))
}

fn change() -> Vec<u8> {
    record(content::CHANGE_CIPHER_SPEC, version::TLS12, &[1])
}

fn finished() -> Vec<u8> {
    record(content::HANDSHAKE, version::TLS12, &[0xE7; 40])
}

fn alert(level: u8, description: u8) -> Vec<u8> {
    record(content::ALERT, version::TLS12, &[level, description])
}

fn ends() -> [Step; 2] {
    [
        Step::Ends(Side::Client, End::Fin),
        Step::Ends(Side::Server, End::Fin),
    ]
}

fn tls12(suite: u16) -> Vec<Step> {
    let alpn = extension(16, &vector(2, &vector(1, b"h2")));
    let certificate = handshake(message::CERTIFICATE, &vector(3, &vector(3, &[0x30; 300])));
    let mut steps = vec![
        client(&in_record(&[client_hello(&[], &[])])),
        server(&in_record(&[
            server_hello(&[9; 32], &[5; 32], suite, &[alpn]),
            certificate,
            handshake(14, &[]),
        ])),
        client(
            &[
                in_record(&[handshake(
                    message::CLIENT_KEY_EXCHANGE,
                    &vector(1, &[4; 65]),
                )]),
                change(),
                finished(),
            ]
            .concat(),
        ),
        server(&[change(), finished()].concat()),
        client(&data(100)),
        server(&data(5000)),
        client(&record(content::ALERT, version::TLS12, &[0xA5; 26])),
    ];
    steps.extend(ends());
    steps
}

fn phases(said: &[Said]) -> Vec<Phase> {
    let of = |s: &Said| match s.act {
        Act::Phase(phase) => Some(phase),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

fn detail(said: &[Said], wanted: &str) -> Option<String> {
    said.iter().rev().find_map(|s| match &s.act {
        Act::Detail { key, value } if *key == wanted => Some(value.to_string()),
        _ => None,
    })
}

fn count(said: &[Said], is: impl Fn(&Act) -> bool) -> usize {
    said.iter().filter(|s| is(&s.act)).count()
}

#[test]
fn a_session_of_tls_1_2_is_agreed_used_and_closed() {
    let steps = tls12(0xC02F);
    let said = events(PORT, &steps);
    assert_eq!(
        phases(&said),
        [
            Phase::Negotiating,
            Phase::Open,
            Phase::Releasing,
            Phase::Closed
        ]
    );
    assert_eq!(detail(&said, "version").as_deref(), Some("TLS 1.2"));
    assert_eq!(
        detail(&said, "server_name").as_deref(),
        Some("www.example.org")
    );
    assert_eq!(detail(&said, "alpn").as_deref(), Some("h2"));
    assert_eq!(
        detail(&said, "cipher").as_deref(),
        Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    );
    assert_eq!(detail(&said, "resumed"), None);
    assert_eq!(count(&said, |a| *a == Act::Encrypted), 1);
    check(PORT, &steps);
}

#[test]
fn its_fields_are_those_of_records_and_messages() {
    let told = fields(PORT, &tls12(0xC02F));
    assert_eq!(
        values(&told, CONTENT_TYPE),
        ["22", "22", "22", "20", "22", "20", "22", "23", "23", "21"]
    );
    assert_eq!(values(&told, HANDSHAKE_TYPE), ["1", "2", "11", "14", "16"]);
    assert_eq!(values(&told, SERVER_NAME), ["www.example.org"]);
    assert_eq!(values(&told, ALPN_STR), ["h2", "http/1.1", "h2"]);
    assert_eq!(
        values(&told, EXTENSION_TYPE),
        ["2570", "0", "10", "11", "16", "16"]
    );
    assert_eq!(
        values(&told, JA3_FULL),
        ["771,4865-49199-59,0-10-11-16,29-23,0"]
    );
    assert_eq!(values(&told, JA3), ["cb9b3d659625b2550f48d9d23086259d"]);
    assert_eq!(values(&told, JA3S_FULL), ["771,49199,16"]);
    assert_eq!(
        values(&told, INFO_COLUMN),
        [
            "Client Hello",
            "Server Hello, Certificate, Server Hello Done",
            "Client Key Exchange",
            "Change Cipher Spec",
            "Encrypted Handshake Message",
            "Change Cipher Spec",
            "Encrypted Handshake Message",
            "Application Data",
            "Application Data",
            "Encrypted Alert"
        ]
    );
    let first = &told[0];
    let name = first.values.iter().find(|v| v.0 == SERVER_NAME).unwrap();
    let hello = in_record(&[client_hello(&[], &[])]);
    let at = name.2 as usize;
    assert_eq!(&hello[at..at + name.3 as usize], b"www.example.org");
}

#[test]
fn without_encryption_the_finished_messages_are_read() {
    let finished = [handshake(message::FINISHED, &[1; 12]), vec![2; 32]].concat();
    let finished = record(content::HANDSHAKE, version::TLS12, &finished);
    let mut steps = tls12(0x003B);
    steps.truncate(2);
    steps.push(client(&[change(), finished.clone()].concat()));
    steps.push(server(&[change(), finished].concat()));
    let told = fields(PORT, &steps);
    assert_eq!(
        values(&told, HANDSHAKE_TYPE),
        ["1", "2", "11", "14", "20", "20"]
    );
    assert_eq!(
        phases(&events(PORT, &steps)),
        [Phase::Negotiating, Phase::Open]
    );
    check(PORT, &steps);
}

#[test]
fn a_session_is_resumed_by_id_and_by_ticket() {
    for (offered, given) in [(&[5_u8; 32][..], &[5_u8; 32][..]), (&[][..], &[][..])] {
        let steps = [
            client(&in_record(&[client_hello(offered, &[])])),
            server(
                &[
                    in_record(&[server_hello(&[9; 32], given, 0xC02F, &[])]),
                    change(),
                    finished(),
                ]
                .concat(),
            ),
            client(&[change(), finished()].concat()),
        ];
        let said = events(PORT, &steps);
        assert_eq!(detail(&said, "resumed").as_deref(), Some("true"));
        assert_eq!(phases(&said), [Phase::Negotiating, Phase::Open]);
        check(PORT, &steps);
    }
}

fn retried() -> Vec<Step> {
    let retry: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&RETRY[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let chosen = extension(43, &[3, 4]);
    let hello = client_hello(&[6; 32], &[tls13()]);
    vec![
        client(&in_record(std::slice::from_ref(&hello))),
        server(
            &[
                in_record(&[server_hello(
                    &retry,
                    &[6; 32],
                    0x1301,
                    std::slice::from_ref(&chosen),
                )]),
                change(),
            ]
            .concat(),
        ),
        client(&[change(), in_record(&[hello])].concat()),
        server(
            &[
                in_record(&[server_hello(&[9; 32], &[6; 32], 0x1301, &[chosen])]),
                data(900),
            ]
            .concat(),
        ),
        client(&[data(53), data(60)].concat()),
        server(&data(200)),
    ]
}

#[test]
fn a_session_of_tls_1_3_is_open_when_the_client_has_finished() {
    let mut steps = retried();
    steps.extend(ends());
    let said = events(PORT, &steps);
    assert_eq!(
        phases(&said),
        [Phase::Negotiating, Phase::Open, Phase::Closed]
    );
    assert_eq!(detail(&said, "offered_version").as_deref(), Some("TLS 1.3"));
    assert_eq!(detail(&said, "version").as_deref(), Some("TLS 1.3"));
    assert_eq!(
        detail(&said, "resumed"),
        None,
        "the id is echoed for show only"
    );
    let told = fields(PORT, &steps);
    assert_eq!(values(&told, HANDSHAKE_TYPE), ["1", "2", "1", "2"]);
    assert_eq!(values(&told, OPAQUE_TYPE), ["23"; 4]);
    assert_eq!(
        values(&told, SUPPORTED_VERSION),
        ["772", "771", "772", "772", "771", "772"]
    );
    assert_eq!(values(&told, INFO_COLUMN)[1], "Hello Retry Request");
    check(PORT, &steps);
}

#[test]
fn an_alert_in_the_place_of_finished_refuses() {
    let mut early = retried();
    early.truncate(4);
    early.push(client(&data(25)));
    early.push(client(&data(53)));
    early.push(client(&data(35)));
    early.push(server(&data(19)));
    early.extend(ends());
    early.swap(8, 9);
    let said = events(PORT, &early);
    let told = facts(&said, "tls.closed-unanswered");
    assert_eq!(told[0].values[2], ("empty_certificate", Value::Bool(true)));
    assert_eq!(facts(&said, "tls.last-record").len(), 1);
    check(PORT, &early);

    let mut steps = retried();
    steps.truncate(4);
    steps.push(client(&data(19)));
    assert_eq!(
        phases(&events(PORT, &steps)),
        [Phase::Negotiating, Phase::Refused]
    );
    check(PORT, &steps);
}

#[test]
fn a_fatal_alert_refuses_and_is_told() {
    let steps = [
        client(&in_record(&[client_hello(&[], &[])])),
        server(&alert(2, 40)),
        Step::Ends(Side::Server, End::Fin),
        Step::Ends(Side::Client, End::Reset),
    ];
    let said = events(PORT, &steps);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Refused]);
    let told = said.iter().find_map(|s| match &s.act {
        Act::Fact(fact) if fact.name == "tls.alert" => Some(fact.values.clone()),
        _ => None,
    });
    assert_eq!(
        told,
        Some(vec![
            ("level", Value::Name("Fatal")),
            ("description", Value::Name("Handshake Failure")),
            ("code", Value::Int(40)),
            ("stage", Value::Name("handshake")),
        ])
    );
    check(PORT, &steps);

    let warned = [
        client(&in_record(&[client_hello(&[], &[])])),
        server(&alert(1, 112)),
        Step::Ends(Side::Client, End::Reset),
    ];
    assert_eq!(
        phases(&events(PORT, &warned)),
        [Phase::Negotiating, Phase::Aborted]
    );
}

#[test]
fn messages_go_over_records_cut_anywhere() {
    let ticket = [vec![0, 0, 1, 44], vector(2, &[3; 700])].concat();
    let flight = [
        server_hello(&[9; 32], &[], 0xC02F, &[]),
        handshake(message::NEW_SESSION_TICKET, &ticket),
        handshake(14, &[]),
    ]
    .concat();
    for size in [1, 3, 50, 333] {
        let records: Vec<u8> = flight
            .chunks(size)
            .flat_map(|part| record(content::HANDSHAKE, version::TLS12, part))
            .collect();
        let steps = [
            client(&in_record(&[client_hello(&[], &[])])),
            server(&records),
        ];
        let told = fields(PORT, &steps);
        assert_eq!(values(&told, HANDSHAKE_TYPE), ["1", "2", "4", "14"]);
        assert_eq!(values(&told, TICKET_LENGTH), ["700"]);
        let said = events(PORT, &steps);
        let messages = count(&said, |a| matches!(a, Act::Message { .. }));
        assert_eq!(messages, 4, "records of {size} bytes");
        check(PORT, &steps);
        // The ticket's length stands where the field says, though the message is in several records.
        let message = told
            .iter()
            .find(|d| d.values.iter().any(|v| v.0 == TICKET_LENGTH))
            .unwrap();
        let place = message
            .values
            .iter()
            .find(|v| v.0 == TICKET_LENGTH)
            .unwrap();
        let at = message.span.start as usize + place.2 as usize;
        assert_eq!(records[at], 2, "records of {size} bytes");
    }
}

#[test]
fn the_hello_of_ssl_2_may_offer_more() {
    let hello = |version: [u8; 2]| {
        let body = [
            vec![1],
            version.to_vec(),
            vec![0, 6, 0, 0, 0, 16],
            vec![0, 0, 0x35, 7, 0, 0xC0],
            vec![8; 16],
        ]
        .concat();
        [vec![0x80, body.len() as u8], body].concat()
    };
    let ssl3 = server_hello(&[9; 32], &[1; 32], 0x0035, &[]);
    let newer = [
        client(&hello([3, 1])),
        server(&record(content::HANDSHAKE, version::TLS10, &ssl3)),
    ];
    let told = fields(PORT, &newer);
    assert_eq!(values(&told, HANDSHAKE_TYPE), ["1", "2"]);
    assert_eq!(values(&told, CIPHER_SPEC), ["53", "458944"]);
    assert_eq!(values(&told, RECORD_VERSION), ["2", "769"]);
    check(PORT, &newer);

    let answer = [
        vec![4, 0, 1, 0, 2],
        vec![0, 0, 0, 3, 0, 16],
        vec![7, 0, 0xC0],
        vec![3; 16],
    ]
    .concat();
    let older = [
        client(&hello([0, 2])),
        server(&[vec![0x80, answer.len() as u8], answer].concat()),
        client(&[0x80, 9, 2, 7, 0, 0xC0, 0, 0, 0, 0, 0]),
        server(&[0x80, 4, 0xEE, 1, 2, 3]),
        client(&[0x80, 4, 0xEE, 1, 2, 3]),
    ];
    let told = fields(PORT, &older);
    assert_eq!(values(&told, HANDSHAKE_TYPE), ["1", "4"]);
    assert_eq!(values(&told, RECORD_LENGTH).len(), 2);
    let said = events(PORT, &older);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Open]);
    assert_eq!(detail(&said, "version").as_deref(), Some("SSL 2.0"));
    check(PORT, &older);
}

#[test]
fn data_in_mid_stream_is_recognised_by_its_records() {
    let steps = [client(&data(40)), server(&data(900)), client(&data(1))];
    let said = events_midstream(PORT, &steps);
    assert_eq!(phases(&said), [Phase::Open]);
    assert_eq!(count(&said, |a| matches!(a, Act::Message { .. })), 3);
    assert_eq!(count(&said, |a| matches!(a, Act::Malformed { .. })), 0);
}

#[test]
fn reading_goes_on_behind_a_gap() {
    let mut inside = tls12(0xC02F);
    let whole = data(1000);
    inside[4] = client(&whole[..300]);
    inside.insert(5, Step::Loses(Side::Client, 705));
    inside.insert(6, client(&data(10)));
    let said = events(PORT, &inside);
    let messages =
        |said: &[Said]| count(said, |a| matches!(a, Act::Message { op } if op.code == 23));
    assert_eq!(messages(&said), 3);
    assert_eq!(count(&said, |a| matches!(a, Act::Skipped { .. })), 0);
    check(PORT, &inside);

    let mut over = tls12(0xC02F);
    over[4] = client(&whole[..300]);
    over.insert(5, Step::Loses(Side::Client, 800));
    over.insert(6, client(&[vec![0xAA; 50], data(10), data(20)].concat()));
    let said = events(PORT, &over);
    assert_eq!(messages(&said), 3);
    assert!(
        said.iter()
            .any(|s| matches!(s.act, Act::Skipped { bytes: 50 }))
    );
    assert_eq!(count(&said, |a| matches!(a, Act::Malformed { .. })), 0);
    check(PORT, &over);
}

#[test]
fn what_is_no_record_and_what_is_cut_is_told() {
    let mut steps = tls12(0xC02F);
    steps.truncate(4);
    steps.push(client(b"GET / HTTP/1.0\r\n\r\n"));
    let said = events(PORT, &steps);
    assert_eq!(count(&said, |a| matches!(a, Act::Malformed { .. })), 1);
    check(PORT, &steps);

    let mut cut = tls12(0xC02F);
    cut.truncate(4);
    cut.push(client(&data(1000)[..300]));
    cut.push(Step::Ends(Side::Client, End::Fin));
    let said = events(PORT, &cut);
    let incomplete = |a: &Act| {
        matches!(
            a,
            Act::Incomplete {
                expected: 1005,
                present: 300,
                ..
            }
        )
    };
    assert_eq!(count(&said, incomplete), 1);
    check(PORT, &cut);
}

#[test]
fn texts_tell_the_messages() {
    let texts = laws::texts(PORT, &tls12(0xC02F));
    assert_eq!(texts[..3], ["Client Hello", "Server Hello", "Certificate"]);
}

#[test]
fn the_suites_of_a_hello_are_listed() {
    let told = fields(PORT, &tls12(0xC02F));
    assert_eq!(
        values(&told, CIPHER_SUITE),
        ["10794", "4865", "49199", "59", "49199"]
    );
}

fn facts<'a>(said: &'a [Said], name: &str) -> Vec<&'a crate::event::Fact> {
    let of = |s: &'a Said| match &s.act {
        Act::Fact(fact) if fact.name == name => Some(&**fact),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

#[test]
fn what_answers_a_hello_in_clear_is_told_by_its_first_words() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"500\r\n"] {
        let mut steps = vec![
            client(&in_record(&[client_hello(&[], &[])])),
            server(answer),
        ];
        steps.extend(ends());
        let said = events(PORT, &steps);
        let told = facts(&said, "tls.not-spoken");
        assert_eq!(told.len(), 1);
        assert_eq!(
            facts(&said, "tls.client-hello").len(),
            1,
            "and what was offered"
        );
        check(PORT, &steps);
    }
}

#[test]
fn a_handshake_is_told_only_where_it_comes_to_nothing() {
    let mut steps = tls12(0xC02F);
    assert!(facts(&events(PORT, &steps), "tls.handshake-step").is_empty());
    steps.truncate(2);
    steps.extend(ends());
    let said = events(PORT, &steps);
    let steps = facts(&said, "tls.handshake-step");
    assert_eq!(steps.len(), 4, "two hellos, Certificate, ServerHelloDone");
    let offered = facts(&said, "tls.client-hello");
    let groups = offered[0].values.iter().find(|(key, _)| *key == "groups");
    let groups = groups.map(|(_, value)| value.to_string());
    assert_eq!(
        groups.as_deref(),
        Some("x25519, secp256r1"),
        "without GREASE"
    );
}

#[test]
fn words_of_another_protocol_before_a_hello_do_not_hide_it() {
    let hello = in_record(&[client_hello(&[], &[])]);
    let mut steps = vec![
        client(&[0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F]),
        server(b"S"),
        client(&hello),
        server(&in_record(&[server_hello(&[9; 32], &[], 0xC02F, &[])])),
    ];
    steps.extend(ends());
    let said = events(5432, &steps);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Aborted]);
    assert_eq!(detail(&said, "begun_behind").as_deref(), Some("PostgreSQL"));
    assert_eq!(
        said.iter().find(|s| s.session == "tls").unwrap().span.start,
        8
    );
}

#[test]
fn words_in_clear_are_answered_by_an_alert() {
    let steps = [client(b"EHLO me\r\n"), server(&alert(2, 10))];
    let said = events(PORT, &steps);
    let told = facts(&said, "tls.alert-to-plain");
    assert_eq!(told[0].values, [("code", Value::Int(10))]);
    assert!(said.iter().all(|s| s.session == "carrier"));
}

#[test]
fn the_probe_claims_only_what_is_tls() {
    let verdict = |bytes: &[u8], beginning| {
        super::probe::probe(&Probe {
            bytes,
            beginning,
            joined_late: !beginning,
            side: Side::Client,
            ports: PerSide::new(40000, 25),
            carrier: Carrier::Stream,
        })
    };
    let hello = in_record(&[client_hello(&[], &[])]);
    assert_eq!(verdict(&hello, true), Verdict::Begins(Speaker::Client));
    assert_eq!(verdict(&hello, false), Verdict::Begins(Speaker::Client));
    assert_eq!(verdict(&hello[..7], true), Verdict::NeedMore);
    assert_eq!(verdict(&[22], true), Verdict::NeedMore);
    assert_eq!(verdict(&[22, 9], true), Verdict::No);
    assert_eq!(verdict(&data(40), true), Verdict::No);
    let unknown = Speaker::Unknown;
    assert_eq!(verdict(&data(40), false), Verdict::Certain(unknown));
    assert_eq!(verdict(&data(40)[..30], false), Verdict::Likely(unknown));
    let two = [data(40), data(900)].concat();
    assert_eq!(verdict(&two[..60], false), Verdict::Certain(unknown));
    let odd = [data(40), vec![9; 9]].concat();
    assert_eq!(verdict(&odd, false), Verdict::No);
    assert_eq!(verdict(b"GET / HTTP/1.1\r\n", true), Verdict::No);
    assert_eq!(verdict(&[0x80, 0, 0, 40, 1, 2, 3, 4], true), Verdict::No);
}
