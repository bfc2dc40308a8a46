//! The fields of PDUs.

use super::{
    EPMAPPER, FEATURES, NDR, SRVSVC, WHOLE, answers, bound, call, fault_body, offers, pdu, result,
    secured, uuid,
};
use crate::event::Act;
use crate::laws::{Described, Step, client, datagram_fields, datagrams, fields, named, server};
use crate::units::Side;

/// Asserts what the fields of one side are.
fn expect(all: &[Described], side: Side, expected: &[(&str, &[&str])]) {
    for (name, values) in expected {
        assert_eq!(named(all, side, name), *values, "{name}");
    }
}

#[test]
fn a_bind_and_its_answer() {
    let all = fields(
        135,
        &[
            client(&pdu(
                11,
                WHOLE,
                1,
                &offers(&[(0, SRVSVC, NDR), (1, SRVSVC, FEATURES)]),
            )),
            server(&pdu(12, WHOLE, 1, &answers(&[(0, 0, NDR), (3, 3, 0)]))),
        ],
    );
    expect(
        &all,
        Side::Client,
        &[
            ("dcerpc.ver", &["5"]),
            ("dcerpc.pkt_type", &["11"]),
            ("dcerpc.cn_flags.first_frag", &["Bool(true)"]),
            ("dcerpc.cn_flags.object", &["Bool(false)"]),
            ("dcerpc.drep.byteorder", &["1"]),
            ("dcerpc.cn_max_xmit", &["4280"]),
            ("dcerpc.cn_num_ctx_items", &["2"]),
            ("dcerpc.cn_ctx_id", &["0", "1"]),
            ("dcerpc.cn_bind_if_ver", &["3", "3"]),
            ("dcerpc.cn_bind_trans_ver", &["2", "2"]),
        ],
    );
    expect(
        &all,
        Side::Server,
        &[
            ("dcerpc.cn_sec_addr", &["135"]),
            ("dcerpc.cn_ack_result", &["0", "3"]),
            // A reason is there only where something was rejected.
            ("dcerpc.cn_ack_reason", &[]),
            ("dcerpc.cn_bind_trans_btfn", &["3"]),
        ],
    );
}

#[test]
fn a_refused_bind_says_why() {
    let nak = [4, 0, 1, 5, 0, 0, 0, 0];
    let all = fields(
        135,
        &[
            client(&pdu(11, WHOLE, 1, &offers(&[(0, SRVSVC, NDR)]))),
            server(&pdu(13, WHOLE, 1, &nak)),
        ],
    );
    expect(
        &all,
        Side::Server,
        &[
            ("dcerpc.cn_reject_reason", &["4"]),
            ("dcerpc.cn_num_protocols", &["1"]),
            ("dcerpc.cn_protocol_ver_major", &["5"]),
        ],
    );
}

#[test]
fn an_answer_has_the_operation_of_its_request() {
    let all = fields(
        135,
        &bound(
            SRVSVC,
            &[
                client(&pdu(0, WHOLE, 2, &call(0, 15, &[0; 8]))),
                server(&pdu(2, WHOLE, 2, &result(&[0; 4]))),
                client(&pdu(0, WHOLE, 3, &call(0, 16, &[0; 8]))),
                server(&pdu(3, WHOLE, 3, &fault_body(0x1c01_0002))),
            ],
        ),
    );
    expect(&all, Side::Client, &[("dcerpc.opnum", &["15", "16"])]);
    expect(
        &all,
        Side::Server,
        &[
            ("dcerpc.opnum", &["15", "16"]),
            ("dcerpc.cn_status", &["469827586"]),
        ],
    );
}

#[test]
fn a_trailer_is_told_behind_the_body() {
    let token = [9_u8; 12];
    let request = secured(0, 2, &call(0, 15, &[0; 8]), (10, 6), &token);
    let all = fields(135, &bound(SRVSVC, &[client(&request)]));
    expect(
        &all,
        Side::Client,
        &[
            ("dcerpc.cn_auth_len", &["0", "12"]),
            ("dcerpc.auth_type", &["10"]),
            ("dcerpc.auth_level", &["6"]),
            ("dcerpc.auth_ctx_id", &["1"]),
        ],
    );
}

#[test]
fn the_endpoint_mapper_is_read_over_all_fragments() {
    let mut tower = vec![5, 0];
    for syntax in [SRVSVC, NDR] {
        tower.extend([19, 0, 0x0d]);
        tower.extend(uuid(syntax));
        tower.extend([3, 0, 2, 0, 0, 0]);
    }
    tower.extend([1, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0x07, 2, 0, 0xc0, 0x02]);
    tower.extend([1, 0, 0x09, 4, 0, 10, 0, 0, 9]);
    let mut stub = vec![0; 20];
    for number in [1, 4, 0, 1, 3, tower.len() as u32, tower.len() as u32] {
        stub.extend(number.to_le_bytes());
    }
    stub.extend(&tower);
    stub.resize(stub.len().next_multiple_of(4), 0);
    stub.extend(0x16c9_a0d6_u32.to_le_bytes());
    let (first, last) = stub.split_at(64);
    let all = fields(
        135,
        &bound(
            EPMAPPER,
            &[
                client(&pdu(0, WHOLE, 2, &call(0, 3, &[0; 4]))),
                server(&pdu(2, 1, 2, &result(first))),
                server(&pdu(2, 2, 2, &result(last))),
            ],
        ),
    );
    expect(
        &all,
        Side::Server,
        &[
            ("epm.opnum", &["3"]),
            ("epm.num_towers", &["1"]),
            ("epm.tower.num_floors", &["5"]),
            ("epm.uuid_version", &["768", "768"]),
            ("epm.proto.tcp_port", &["49154"]),
            ("epm.proto.ip", &["Ipv4(10.0.0.9)"]),
            ("epm.rc", &["382312662"]),
        ],
    );
}

/// A connectionless PDU of the messenger service.
fn datagram(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![4, kind, 0x28, 0, 0x10, 0, 0, 0];
    out.extend([0; 16]);
    out.extend(uuid(0x5a7b91f8_ff00_11d0_a9b2_00c04fb6e6fc));
    out.extend([7; 16]);
    out.extend([
        0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
    ]);
    out.extend((body.len() as u16).to_le_bytes());
    out.extend([0; 4]);
    out.extend(body);
    out
}

#[test]
fn datagrams_are_recognised_by_their_length() {
    let steps = [client(&datagram(0, b"hello"))];
    expect(
        &datagram_fields(1026, &steps),
        Side::Client,
        &[
            ("dcerpc.ver", &["4"]),
            ("dcerpc.pkt_type", &["0"]),
            ("dcerpc.dg_flags1_idempotent", &["Bool(true)"]),
            ("dcerpc.dg_seqnum", &["5"]),
            ("dcerpc.opnum", &["0"]),
            ("dcerpc.dg_frag_len", &["5"]),
        ],
    );
    assert!(
        datagrams(1026, &steps)
            .iter()
            .any(|s| s.session == "dcerpc")
    );
    let mut longer = datagram(0, b"hello");
    longer.push(0);
    assert!(datagrams(1026, &[client(&longer)]).is_empty());
}

/// The acts of datagrams, in words.
fn acts(steps: &[Step]) -> Vec<String> {
    let said = datagrams(1026, steps);
    let acts = said.iter().filter(|s| s.session == "dcerpc");
    acts.filter_map(|s| match &s.act {
        Act::Request { op, expect, .. } => Some(format!("> {op} {expect:?}")),
        Act::Reply { status, .. } => Some(format!("< {status}")),
        Act::Interim { .. } => Some("~".to_owned()),
        Act::Cancel { .. } => Some("x".to_owned()),
        Act::Message { op } => Some(op.to_string()),
        Act::Fact(fact) => Some(fact.name.to_owned()),
        _ => None,
    })
    .collect()
}

fn flagged(kind: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    let mut out = datagram(kind, body);
    out[2] = flags;
    out
}

#[test]
fn calls_in_datagrams_are_followed() {
    let busy = 0x1c01_0014_u32.to_le_bytes();
    let told = acts(&[
        client(&flagged(0, 0x04, b"first")),
        client(&flagged(0, 0x06, b"last")),
        server(&datagram(4, b"")),
        client(&datagram(1, b"")),
        server(&flagged(2, 0x04, b"part")),
        server(&flagged(2, 0x06, b"rest")),
        client(&datagram(7, b"")),
        client(&datagram(0, b"again")),
        client(&datagram(8, b"")),
        server(&datagram(6, &busy)),
        client(&flagged(0, 0x10, b"maybe")),
    ]);
    let call = "> msgsvcsend NetrSendMessage";
    assert_eq!(
        told,
        [
            "request",
            &format!("{call} Answer"),
            "~",
            "ping",
            "response",
            "< ok",
            "ack",
            &format!("{call} Answer"),
            "x",
            "dcerpc.fault",
            "< nca_s_server_too_busy",
            &format!("{call} Nothing"),
        ]
    );
}
