//! Calls, their fragments, answers and ends.

use super::{
    NDR, SRVSVC, WHOLE, WITNESS, ack, bound, call, detail, dialogue, facts, fault_body, offers,
    pdu, phases, result, value,
};
use crate::dissector::End;
use crate::event::{Act, Expect, Phase};
use crate::laws::{self, Step, client, server};
use crate::units::{Side, Span};

#[test]
fn a_call_is_named_by_interface_and_operation() {
    let steps = bound(
        SRVSVC,
        &[
            client(&pdu(0, WHOLE, 2, &call(0, 15, &[7; 40]))),
            server(&pdu(2, WHOLE, 2, &result(&[0; 60]))),
            Step::Ends(Side::Client, End::Fin),
            Step::Ends(Side::Server, End::Fin),
        ],
    );
    let said = laws::events(49152, &steps);
    assert_eq!(
        dialogue(&said),
        ["> 1 Bind", "< 1 ok", "> 2 srvsvc NetrShareEnum", "< 2 ok"]
    );
    assert_eq!(
        phases(&said),
        [
            Phase::Negotiating,
            Phase::Open,
            Phase::Releasing,
            Phase::Closed
        ]
    );
    assert_eq!(facts(&said), []);
    assert_eq!(detail(&said, "interface"), Some("srvsvc".to_owned().into()));
    assert_eq!(detail(&said, "transfer_syntax"), Some("NDR".into()));
    assert_eq!(
        detail(&said, "secondary_address"),
        Some("135".to_owned().into())
    );
    laws::check(49152, &steps);
}

#[test]
fn big_endian_is_read_too() {
    let mut request = vec![5, 0, 0, 3, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 9];
    request.extend([0, 0, 0, 0, 0, 0, 0, 15]);
    let steps = [client(&request)];
    let said = laws::events(135, &steps);
    assert_eq!(dialogue(&said), ["> 9 unknown interface operation 15"]);
    assert_eq!(
        detail(&said, "data_representation"),
        Some("big-endian".into())
    );
}

#[test]
fn fragments_make_one_call_and_one_answer() {
    let steps = bound(
        SRVSVC,
        &[
            client(&pdu(0, 1, 2, &call(0, 15, &[1; 16]))),
            client(&pdu(0, 0, 2, &call(0, 15, &[2; 16]))),
            client(&pdu(0, 2, 2, &call(0, 15, &[3; 8]))),
            server(&pdu(2, 1, 2, &result(&[0, 0, 0, 0, 5]))),
            server(&pdu(2, 2, 2, &result(&[0, 0, 0]))),
            server(&pdu(2, 3, 9, &result(&[0; 8]))),
        ],
    );
    let said = laws::events(135, &steps);
    assert_eq!(
        dialogue(&said)[2..],
        [
            "> 2 srvsvc NetrShareEnum",
            "~ 2",
            "< 2 ERROR_ACCESS_DENIED",
            "< 9 ok"
        ]
    );
    let request = said
        .iter()
        .find(|s| matches!(s.act, Act::Request { id: 2, .. }));
    assert_eq!(request.unwrap().span, Span::new(72, 72 + 3 * 24 + 40));
    laws::check(135, &steps);
}

#[test]
fn interleaved_calls_are_told_apart() {
    let steps = bound(
        SRVSVC,
        &[
            client(&pdu(0, 1, 2, &call(0, 15, &[1; 16]))),
            client(&pdu(0, WHOLE, 3, &call(0, 21, &[]))),
            client(&pdu(0, 2, 2, &call(0, 15, &[1; 16]))),
            server(&pdu(2, WHOLE, 3, &result(&[0; 4]))),
            server(&pdu(2, WHOLE, 2, &result(&[0; 4]))),
        ],
    );
    let said = laws::events(135, &steps);
    assert_eq!(
        dialogue(&said)[2..],
        [
            "> 3 srvsvc NetrServerGetInfo",
            "> 2 srvsvc NetrShareEnum",
            "< 3 ok",
            "< 2 ok"
        ]
    );
    assert_eq!(facts(&said), []);
}

#[test]
fn a_fault_may_come_before_the_last_fragment() {
    let steps = bound(
        SRVSVC,
        &[
            client(&pdu(0, 1, 2, &call(0, 15, &[1; 16]))),
            server(&pdu(3, WHOLE | 0x20, 2, &fault_body(0x1c01_0014))),
            client(&pdu(0, 2, 2, &call(0, 15, &[1; 16]))),
            client(&pdu(0, WHOLE, 3, &call(0, 15, &[]))),
        ],
    );
    let said = laws::events(135, &steps);
    assert_eq!(
        dialogue(&said)[2..],
        [
            "> 2 srvsvc NetrShareEnum",
            "< 2 nca_s_server_too_busy",
            "> 3 srvsvc NetrShareEnum"
        ]
    );
    let facts = facts(&said);
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].exchange, Some(2));
    assert_eq!(value(&facts[0], "did_not_execute"), "true");
}

#[test]
fn return_values_are_read_where_the_operation_is_known() {
    let answered = |operation, stub: &[u8]| {
        let steps = bound(
            SRVSVC,
            &[
                client(&pdu(0, WHOLE, 2, &call(0, operation, &[]))),
                server(&pdu(2, WHOLE, 2, &result(stub))),
            ],
        );
        facts(&laws::events(135, &steps))
    };
    let failed = answered(15, &[0, 0, 0, 0, 5, 0, 0, 0]);
    assert_eq!(failed[0].name, "dcerpc.call-failed");
    assert_eq!(value(&failed[0], "name"), "ERROR_ACCESS_DENIED");
    assert_eq!(answered(15, &[0, 0, 0, 0, 122, 0, 0, 0]), []);
    assert_eq!(answered(200, &[0, 0, 0, 0, 5, 0, 0, 0]), []);
    assert_eq!(answered(15, &[5, 0, 0]), []);
}

#[test]
fn calls_may_be_one_way_or_wait_by_design_or_be_given_up() {
    let steps = bound(
        WITNESS,
        &[
            client(&pdu(0, WHOLE | 0x40, 2, &call(0, 0, &[]))),
            client(&pdu(0, WHOLE, 3, &call(0, 3, &[]))),
            client(&pdu(18, WHOLE, 3, &[])),
            client(&pdu(19, WHOLE, 3, &[])),
            server(&pdu(17, WHOLE, 0, &[])),
        ],
    );
    let said = laws::events(135, &steps);
    let expects = said.iter().filter_map(|s| match s.act {
        Act::Request { expect, .. } => Some(expect),
        _ => None,
    });
    assert!(matches!(
        expects.collect::<Vec<_>>()[1..],
        [Expect::Nothing, Expect::LongWait(_)]
    ));
    let names = facts(&said).iter().map(|f| f.name).collect::<Vec<_>>();
    assert_eq!(
        names,
        ["dcerpc.cancelled", "dcerpc.orphaned", "dcerpc.shutdown"]
    );
    assert_eq!(value(&facts(&said)[0], "long_wait"), "true");
    assert_eq!(phases(&said).last(), Some(&Phase::Releasing));
    laws::check(135, &steps);
}

#[test]
fn a_fragment_beyond_what_was_agreed_is_told_once() {
    let mut small = offers(&[(0, SRVSVC, NDR)]);
    small[2..4].copy_from_slice(&1600_u16.to_le_bytes());
    let big = |call_id| server(&pdu(2, WHOLE, call_id, &result(&[0; 2000])));
    let steps = [
        client(&pdu(11, WHOLE, 1, &small)),
        ack(),
        client(&pdu(0, WHOLE, 2, &call(0, 15, &[]))),
        server(&pdu(2, WHOLE, 2, &result(&[0; 1576]))),
        big(3),
        big(4),
    ];
    let said = laws::events(135, &steps);
    let facts = facts(&said);
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].name, "dcerpc.fragment-too-large");
    assert_eq!(value(&facts[0], "limit"), "1600");
}
