//! Dialogues of SSH.

use super::fields::{
    DIRECTION, DISCONNECT_REASON, GEX_BITS, HASSH, HASSH_ALGORITHMS, HASSHSERVER, KEX,
    MESSAGE_CODE, PACKET_LENGTH, PADDING_LENGTH, PROTOCOL,
};
use super::wire;
use crate::dissector::End;
use crate::event::{Act, Phase, Value};
use crate::field::INFO_COLUMN;
use crate::laws::{Said, Step, check, client, events, fields, server, values};
use crate::units::Side;

const PORT: u16 = 2222;

fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (payload.len() + 9) % 8) % 8;
    let mut out = ((payload.len() + padding + 1) as u32)
        .to_be_bytes()
        .to_vec();
    out.push(padding as u8);
    out.extend(payload);
    out.resize(out.len() + padding, 0);
    out
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = (bytes.len() as u32).to_be_bytes().to_vec();
    out.extend(bytes);
    out
}

/// Key exchange, host key, cipher, code; the rest is the same for all.
fn kex_init(lists: [&str; 4]) -> Vec<u8> {
    let [kex, host_key, cipher, mac] = lists;
    let names = [
        kex, host_key, cipher, cipher, mac, mac, "none", "none", "", "",
    ];
    let mut payload = vec![20];
    payload.extend([0xC0; 16]);
    payload.extend(names.iter().flat_map(|names| string(names.as_bytes())));
    payload.extend([0; 5]);
    packet(&payload)
}

fn hello() -> Vec<Step> {
    vec![
        client(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"),
        server(b"SSH-2.0-dropbear_2022.83\r\n"),
    ]
}

fn healthy() -> Vec<Step> {
    let key = [string(b"ssh-ed25519"), string(&[1; 32])].concat();
    let signature = [string(b"ssh-ed25519"), string(&[2; 64])].concat();
    let answer = [vec![31], string(&key), string(&[3; 32]), string(&signature)].concat();
    let mut steps = hello();
    steps.extend([
        client(&kex_init([
            "curve25519-sha256,diffie-hellman-group14-sha256,ext-info-c",
            "rsa-sha2-256,ssh-ed25519",
            "aes256-gcm@openssh.com,aes128-ctr",
            "hmac-sha2-256,hmac-sha1",
        ])),
        server(&kex_init([
            "diffie-hellman-group14-sha256,curve25519-sha256",
            "ssh-ed25519",
            "aes128-ctr",
            "hmac-sha1",
        ])),
        client(&packet(&[vec![30], string(&[4; 32])].concat())),
        server(&[packet(&answer), packet(&[21])].concat()),
        client(&[packet(&[21]), vec![0xA7; 60]].concat()),
        server(&[0xB8; 44]),
        Step::Ends(Side::Client, End::Fin),
        Step::Ends(Side::Server, End::Fin),
    ]);
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

fn fact(said: &[Said], wanted: &str, key: &str) -> Option<Value> {
    said.iter().find_map(|s| match &s.act {
        Act::Fact(fact) if fact.name == wanted => fact
            .values
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.clone()),
        _ => None,
    })
}

#[test]
fn a_session_agrees_takes_keys_and_closes() {
    let said = events(PORT, &healthy());
    assert_eq!(
        phases(&said),
        [Phase::Negotiating, Phase::Open, Phase::Closed]
    );
    for (key, value) in [
        ("client_version", "SSH-2.0-OpenSSH_9.2p1 Debian"),
        ("server_version", "SSH-2.0-dropbear_2022.83"),
        ("kex", "curve25519-sha256"),
        ("host_key", "ssh-ed25519"),
        ("cipher", "aes128-ctr"),
        ("mac", "hmac-sha1"),
        ("compression", "none"),
    ] {
        assert_eq!(detail(&said, key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(detail(&said, "cipher_to_client"), None);
    assert!(said.iter().any(|s| s.act == Act::Encrypted));
    assert!(!said.iter().any(|s| matches!(s.act, Act::Fact(_))));
    check(PORT, &healthy());
}

#[test]
fn fields_are_those_of_lines_and_packets() {
    // What is encrypted is told piece by piece, so it is left out where chunks are compared.
    let mut steps = healthy();
    steps.truncate(6);
    steps.push(client(&packet(&[21])));
    let told = fields(PORT, &steps);
    assert_eq!(
        values(&told, PROTOCOL),
        ["SSH-2.0-OpenSSH_9.2p1 Debian", "SSH-2.0-dropbear_2022.83"]
    );
    assert_eq!(
        values(&told, MESSAGE_CODE),
        ["20", "20", "30", "31", "21", "21"]
    );
    assert_eq!(
        values(&told, KEX)[1],
        "diffie-hellman-group14-sha256,curve25519-sha256"
    );
    assert_eq!(
        values(&told, HASSH_ALGORITHMS),
        [
            "curve25519-sha256,diffie-hellman-group14-sha256,ext-info-c;\
          aes256-gcm@openssh.com,aes128-ctr;hmac-sha2-256,hmac-sha1;none"
        ]
    );
    assert_eq!(values(&told, HASSH), ["3c87d9ec10c8411d66dc7cbed4d6cd9f"]);
    assert_eq!(
        values(&told, HASSHSERVER),
        ["5c2476851d74da0e4ab1dfa99cb18c03"]
    );
    assert_eq!(values(&told, PACKET_LENGTH)[5], "12");
    assert_eq!(values(&told, PADDING_LENGTH)[5], "10");
    assert_eq!(values(&told, DIRECTION)[..2], ["Bool(false)", "Bool(true)"]);
    let info = values(&told, INFO_COLUMN);
    assert_eq!(info[0], "Client: Protocol (SSH-2.0-OpenSSH_9.2p1 Debian)");
    assert_eq!(
        info[4],
        "Client: Elliptic Curve Diffie-Hellman Key Exchange Init"
    );
    assert_eq!(info[6], "Server: New Keys");
}

#[test]
fn a_group_is_asked_for() {
    let mut steps = hello();
    let lists = ["diffie-hellman-group-exchange-sha256", "a", "b", "c"];
    steps.push(client(&kex_init(lists)));
    steps.push(server(&kex_init(lists)));
    steps.push(client(&packet(
        &[vec![34], vec![0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 32, 0]].concat(),
    )));
    let told = fields(PORT, &steps);
    assert_eq!(values(&told, GEX_BITS), ["2048"]);
    assert_eq!(
        values(&told, INFO_COLUMN).last(),
        Some(&"Client: Diffie-Hellman Group Exchange Request")
    );
}

#[test]
fn a_server_may_say_something_before_its_version() {
    let mut steps = healthy();
    steps[1] = server(b"Authorized use only.\r\nBe good.\r\nSSH-2.0-dropbear_2022.83\r\n");
    let said = events(PORT, &steps);
    assert_eq!(
        detail(&said, "server_text").as_deref(),
        Some("Authorized use only.")
    );
    assert_eq!(detail(&said, "kex").as_deref(), Some("curve25519-sha256"));
    check(PORT, &steps);

    let mut refused = hello();
    refused[1] = server(b"Exceeded MaxStartups\r\n");
    refused.push(Step::Ends(Side::Server, End::Fin));
    refused.push(Step::Ends(Side::Client, End::Fin));
    let said = events(PORT, &refused);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Aborted]);
    check(PORT, &refused);
}

#[test]
fn what_has_nothing_in_common_is_told() {
    let mut steps = hello();
    steps.push(client(&kex_init(["a,b", "k", "c", "m"])));
    steps.push(server(&kex_init(["x,y", "k", "c", "m"])));
    steps.push(server(&packet(
        &[
            vec![1, 0, 0, 0, 3],
            string(b"no matching key exchange method"),
            string(b""),
        ]
        .concat(),
    )));
    let said = events(PORT, &steps);
    assert_eq!(
        fact(&said, "ssh.nothing-in-common", "of"),
        Some("kex".into())
    );
    assert_eq!(
        fact(&said, "ssh.disconnect", "reason"),
        Some("key exchange failed".into())
    );
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Refused]);
    assert_eq!(values(&fields(PORT, &steps), DISCONNECT_REASON), ["3"]);
    check(PORT, &steps);
}

#[test]
fn ssh_1_is_read_as_far_as_it_is_in_clear() {
    let old = |kind: u8, len: usize| {
        let mut out = (len as u32).to_be_bytes().to_vec();
        out.resize(4 + 8 - len % 8, 0);
        out.push(kind);
        out.resize(4 + 8 - len % 8 + len, 0xEE);
        out
    };
    let steps = [
        server(b"SSH-1.5-1.2.26\n"),
        client(b"SSH-1.5-1.2.26\n"),
        server(&old(2, 267)),
        client(&old(3, 148)),
        server(&old(0x77, 5)),
    ];
    let told = fields(PORT, &steps[..4]);
    assert_eq!(values(&told, MESSAGE_CODE), ["2", "3"]);
    assert_eq!(values(&told, PADDING_LENGTH), ["5", "4"]);
    let said = events(PORT, &steps);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Open]);
    check(PORT, &steps);
}

#[test]
fn what_is_lost_or_no_packet_ends_the_reading() {
    let mut odd = hello();
    odd.push(client(b"GET / HTTP/1.1\r\n\r\n"));
    let said = events(PORT, &odd);
    assert!(said.iter().any(|s| matches!(s.act, Act::Malformed { .. })));
    check(PORT, &odd);

    let mut lost = healthy();
    lost[2] = Step::Loses(Side::Client, 500);
    let said = events(PORT, &lost);
    assert!(!said.iter().any(|s| matches!(s.act, Act::Malformed { .. })));
    check(PORT, &lost);
}

#[test]
fn names_are_agreed_in_the_order_of_the_client() {
    assert_eq!(wire::agreed(b"a,b,c", b"c,b"), Some(&b"b"[..]));
    assert_eq!(wire::agreed(b"", b""), None);
    assert_eq!(wire::begins_version(b"SS"), None);
    assert_eq!(wire::begins_version(b"SSH-2.0"), Some(true));
    assert_eq!(wire::begins_version(b"SSH-x"), Some(false));
    assert_eq!(wire::protocol_version(b"SSH-1.99-x"), Some((1, 99)));
    assert_eq!(wire::protocol_version(b"SSH-junk"), None);
}
