use super::PORT;
use super::wire::message;
use crate::event::Act;
use crate::laws;

/// A name in first-level encoding, with its length and the root.
fn encoded(name: &[u8; 16]) -> Vec<u8> {
    let mut bytes = vec![32];
    bytes.extend(name.iter().flat_map(|b| [b'A' + (b >> 4), b'A' + (b & 15)]));
    bytes.push(0);
    bytes
}

fn query() -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 0x01, 0x10, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend(encoded(b"FILESRV         ".first_chunk().unwrap()));
    bytes.extend([0, 0x20, 0, 1]);
    bytes
}

fn answer(code: u8, addresses: &[[u8; 4]]) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 0x85, 0x80 | code, 0, 0, 0, 1, 0, 0, 0, 0];
    bytes.extend(encoded(b"FILESRV         ".first_chunk().unwrap()));
    bytes.extend([0, 0x20, 0, 1, 0, 0, 1, 0x2C, 0, 6 * addresses.len() as u8]);
    for address in addresses {
        bytes.extend([0, 0]);
        bytes.extend(address);
    }
    bytes
}

#[test]
fn a_query_and_its_answer() {
    let asked = message(&query()).unwrap();
    assert_eq!(asked.text(), "Name query FILESRV<20> (broadcast)");
    let told = message(&answer(0, &[[10, 0, 0, 2], [10, 0, 0, 3]])).unwrap();
    assert_eq!(
        told.text(),
        "Name query response FILESRV<20>: 10.0.0.2, 10.0.0.3"
    );
    let unknown = message(&answer(3, &[])).unwrap();
    assert_eq!(
        unknown.text(),
        "Name query response FILESRV<20>: NAM_ERR (3)"
    );
}

#[test]
fn what_was_answered_is_a_fact_once_an_address() {
    let reply = answer(0, &[[10, 0, 0, 2], [10, 0, 0, 3]]);
    let steps = [
        laws::client(&query()),
        laws::server(&reply),
        laws::server(&reply),
    ];
    let said = laws::datagrams(PORT, &steps);
    let is_answer =
        |said: &&laws::Said| matches!(&said.act, Act::Fact(f) if f.name == "nbns.answer");
    let facts = said.iter().filter(is_answer);
    assert_eq!(facts.count(), 2);
}

#[test]
fn what_is_cut_or_something_else_is_no_message() {
    let whole = query();
    for cut in 0..whole.len() {
        assert!(message(&whole[..cut]).is_none(), "{cut}");
    }
    let mut dns = whole;
    dns[12] = 7;
    assert!(message(&dns).is_none());
}
