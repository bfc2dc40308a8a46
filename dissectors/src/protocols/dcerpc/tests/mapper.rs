//! The endpoint mapper.

use super::{
    EPMAPPER, NDR, SRVSVC, WHOLE, WITNESS, bound, call, dialogue, facts, pdu, result, uuid, value,
};
use crate::event::Act;
use crate::laws::{self, Said, client, server};

/// The stub of an `ept_map` for `interface` over TCP.
fn map_question(interface: u128) -> Vec<u8> {
    let tower = tower(interface, 0, [0; 4]);
    let mut out = vec![0; 4];
    out.extend(2_u32.to_le_bytes());
    out.extend((tower.len() as u32).to_le_bytes());
    out.extend((tower.len() as u32).to_le_bytes());
    out.extend(&tower);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend([0; 20]);
    out.extend(4_u32.to_le_bytes());
    out
}

fn tower(interface: u128, port: u16, address: [u8; 4]) -> Vec<u8> {
    let mut out = vec![5, 0];
    for syntax in [interface, NDR] {
        out.extend([19, 0, 0x0d]);
        out.extend(uuid(syntax));
        out.extend([3, 0, 2, 0, 0, 0]);
    }
    out.extend([1, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0x07, 2, 0]);
    out.extend(port.to_be_bytes());
    out.extend([1, 0, 0x09, 4, 0]);
    out.extend(address);
    out
}

#[test]
fn the_endpoint_mapper_tells_where() {
    let tower = tower(SRVSVC, 49154, [10, 77, 0, 2]);
    let mut found = vec![0; 20];
    for number in [1, 4, 0, 1, 3, tower.len() as u32, tower.len() as u32] {
        found.extend(number.to_le_bytes());
    }
    found.extend(&tower);
    found.resize(found.len().next_multiple_of(4), 0);
    found.extend([0; 4]);
    let steps = bound(
        EPMAPPER,
        &[
            client(&pdu(0, WHOLE, 2, &call(0, 3, &map_question(SRVSVC)))),
            server(&pdu(2, WHOLE, 2, &result(&found))),
        ],
    );
    let said = laws::events(135, &steps);
    let facts = facts(&said);
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].name, "dcerpc.endpoint-mapped");
    assert_eq!(value(&facts[0], "interface"), "srvsvc");
    assert_eq!(value(&facts[0], "address"), "10.77.0.2");
    assert_eq!(value(&facts[0], "port"), "49154");
    assert_eq!(
        laws::texts(135, &steps)[2],
        "epmapper ept_map, 116 bytes of stub, asks for srvsvc, over tcp"
    );
    laws::check(135, &steps);
}

#[test]
fn the_endpoint_mapper_tells_that_there_is_none() {
    let mut none = vec![0; 20];
    none.extend([0; 16]);
    none.extend(0x16c9_a0d6_u32.to_le_bytes());
    let answer = server(&pdu(2, WHOLE, 2, &result(&none)));
    let asked = client(&pdu(0, WHOLE, 2, &call(0, 3, &map_question(WITNESS))));
    let said = laws::events(135, &bound(EPMAPPER, &[asked, answer.clone()]));
    assert_eq!(facts(&said)[0].name, "dcerpc.endpoint-not-registered");
    assert_eq!(value(&facts(&said)[0], "interface"), "witness");
    assert_eq!(dialogue(&said)[3], "< 2 ept_s_not_registered");
    // Going on with a list, it is only the list's end.
    let mut stub = map_question(WITNESS);
    let handle = stub.len() - 20;
    stub[handle] = 1;
    let more = client(&pdu(0, WHOLE, 2, &call(0, 3, &stub)));
    let said = laws::events(135, &bound(EPMAPPER, &[more, answer]));
    assert_eq!(facts(&said), []);
    let failed = |s: &Said| matches!(s.act, Act::Reply { status, .. } if status.failed);
    assert!(!said.iter().any(failed));
}
