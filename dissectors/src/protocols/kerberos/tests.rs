//! Messages made by hand, in DER with definite lengths.

use crate::event::Act;
use crate::laws::{Said, Step, check, events};
use crate::units::Side;

fn story(said: &[Said]) -> Vec<String> {
    said.iter()
        .filter_map(|s| match &s.act {
            Act::Request { op, .. } => Some(format!("> {op}")),
            Act::Reply { status, .. } => Some(format!("< {status}")),
            Act::Fact(fact) => Some(format!("fact {}", fact.name)),
            Act::Malformed { what } => Some(format!("malformed: {what}")),
            _ => None,
        })
        .collect()
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..0x80 => out.push(n as u8),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(content);
    out
}

fn field(n: u8, tag: u8, content: &[u8]) -> Vec<u8> {
    tlv(0xA0 + n, &tlv(tag, content))
}

fn name(n: u8, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|p| tlv(0x1B, p.as_bytes())).collect();
    let inside = [field(0, 2, &[1]), field(1, 0x30, &parts)].concat();
    field(n, 0x30, &inside)
}

fn as_req(user: &str, nonce: u8) -> Vec<u8> {
    let body = [
        name(1, &[user]),
        field(2, 0x1B, b"EXAMPLE.COM"),
        name(3, &["krbtgt", "EXAMPLE.COM"]),
        field(7, 2, &[nonce]),
    ];
    let fields = [
        field(1, 2, &[5]),
        field(2, 2, &[10]),
        field(4, 0x30, &body.concat()),
    ];
    tlv(0x6A, &tlv(0x30, &fields.concat()))
}

fn as_rep(user: &str) -> Vec<u8> {
    let ticket = [
        field(0, 2, &[5]),
        field(1, 0x1B, b"EXAMPLE.COM"),
        name(2, &["krbtgt", "EXAMPLE.COM"]),
    ];
    let fields = [
        field(0, 2, &[5]),
        field(1, 2, &[11]),
        field(3, 0x1B, b"EXAMPLE.COM"),
        name(4, &[user]),
        tlv(0xA5, &tlv(0x61, &tlv(0x30, &ticket.concat()))),
    ];
    tlv(0x6B, &tlv(0x30, &fields.concat()))
}

fn error(code: u8) -> Vec<u8> {
    let fields = [
        field(0, 2, &[5]),
        field(1, 2, &[30]),
        field(4, 0x18, b"20150119225403Z"),
        field(5, 2, &[1]),
        field(6, 2, &[code]),
        field(9, 0x1B, b"EXAMPLE.COM"),
        name(10, &["krbtgt", "EXAMPLE.COM"]),
    ];
    tlv(0x7E, &tlv(0x30, &fields.concat()))
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = (message.len() as u32).to_be_bytes().to_vec();
    out.extend(message);
    out
}

fn says(side: Side, message: &[u8]) -> Step {
    Step::Says(side, framed(message))
}

#[test]
fn a_ticket_is_asked_for_in_two_legs() {
    let steps = [
        says(Side::Client, &as_req("alice", 1)),
        says(Side::Server, &error(25)),
        says(Side::Client, &as_req("alice", 2)),
        says(Side::Server, &as_rep("alice")),
    ];
    assert_eq!(
        story(&events(88, &steps)),
        ["> AS-REQ", "< KDC_ERR_PREAUTH_REQUIRED", "> AS-REQ", "< ok"]
    );
    check(88, &steps);
}

#[test]
fn an_error_is_a_fact_with_names_and_the_servers_time() {
    let steps = [
        says(Side::Client, &as_req("alice", 1)),
        says(Side::Server, &error(37)),
    ];
    let said = events(88, &steps);
    let fact = said.iter().find_map(|s| match &s.act {
        Act::Fact(fact) => Some(fact.values.clone()),
        _ => None,
    });
    let fact = fact.unwrap();
    let value = |key: &str| fact.iter().find(|(k, _)| *k == key).unwrap().1.to_string();
    assert_eq!(value("name"), "KRB_AP_ERR_SKEW");
    assert_eq!(value("service"), "krbtgt/EXAMPLE.COM");
    assert_eq!(value("time"), "1421708043");
    assert_eq!(value("asked"), "AS-REQ");
    check(88, &steps);
}

#[test]
fn what_is_no_message_is_malformed_and_a_gap_ends_reading() {
    let steps = [
        says(Side::Client, &as_req("alice", 1)),
        says(Side::Client, &[0x30; 40]),
        Step::Loses(Side::Client, 100),
        says(Side::Client, &as_req("alice", 2)),
    ];
    let told = story(&events(88, &steps));
    assert!(
        told.contains(&"malformed: not a Kerberos message".to_owned()),
        "{told:?}"
    );
    assert_eq!(told.iter().filter(|line| *line == "> AS-REQ").count(), 1);
}
