//! Binds, their answers, authentication, and how the protocol is recognised.

use super::super::PROTOCOL;
use super::{
    FEATURES, NDR, NDR64, SRVSVC, WHOLE, ack, answers, bind, bound, call, detail, dialogue, facts,
    fault_body, offers, pdu, phases, result, secured, value,
};
use crate::dissector::{Carrier, End, Probe, Speaker, Verdict};
use crate::event::Phase;
use crate::laws::{self, Step, client, server};
use crate::units::{PerSide, Side};

#[test]
fn a_nak_refuses_and_says_why() {
    let steps = [
        bind(SRVSVC),
        server(&pdu(13, WHOLE, 1, &[2, 0, 1, 5, 0, 0])),
        Step::Ends(Side::Server, End::Fin),
    ];
    let said = laws::events(135, &steps);
    assert_eq!(dialogue(&said), ["> 1 Bind", "< 1 local limit exceeded"]);
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Refused]);
    let facts = facts(&said);
    assert_eq!(facts[0].name, "dcerpc.bind-nak");
    assert_eq!(value(&facts[0], "versions"), "5.0");
    laws::check(135, &steps);
}

#[test]
fn what_is_refused_beside_an_accepted_syntax_is_no_refusal() {
    let items = [(0, SRVSVC, NDR), (1, SRVSVC, NDR64), (2, SRVSVC, FEATURES)];
    let steps = [
        client(&pdu(11, WHOLE, 1, &offers(&items))),
        server(&pdu(
            12,
            WHOLE,
            1,
            &answers(&[(2, 2, 0), (0, 0, NDR64), (3, 3, 0)]),
        )),
    ];
    let said = laws::events(135, &steps);
    assert_eq!(facts(&said), []);
    assert_eq!(detail(&said, "transfer_syntax"), Some("NDR64".into()));
    assert_eq!(phases(&said), [Phase::Negotiating, Phase::Open]);
}

#[test]
fn an_ack_that_accepts_nothing_fails() {
    let items = [(0, SRVSVC, NDR64), (1, SRVSVC, FEATURES)];
    let steps = [
        client(&pdu(11, WHOLE, 1, &offers(&items))),
        server(&pdu(12, WHOLE, 1, &answers(&[(2, 2, 0), (3, 3, 0)]))),
        client(&pdu(0, WHOLE, 2, &call(0, 15, &[]))),
    ];
    let said = laws::events(135, &steps);
    assert_eq!(dialogue(&said)[1], "< 1 all contexts rejected");
    let facts = facts(&said);
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0].name, "dcerpc.context-rejected");
    assert_eq!(
        value(&facts[0], "reason"),
        "proposed transfer syntaxes not supported"
    );
    assert_eq!(value(&facts[0], "accepted"), "0");
    assert_eq!(facts[1].name, "dcerpc.unknown-context");
    assert_eq!(value(&facts[1], "why"), "rejected");
    laws::check(135, &steps);
}

#[test]
fn a_context_that_was_never_offered_is_told_only_when_all_was_seen() {
    let stray = client(&pdu(0, WHOLE, 2, &call(9, 15, &[])));
    let seen = laws::events(135, &bound(SRVSVC, std::slice::from_ref(&stray)));
    assert_eq!(value(&facts(&seen)[0], "why"), "never offered");
    let gap = [
        bind(SRVSVC),
        ack(),
        Step::Loses(Side::Client, 100),
        stray.clone(),
    ];
    assert_eq!(facts(&laws::events(135, &gap)), []);
    let alone = laws::events(135, std::slice::from_ref(&stray));
    assert_eq!(value(&facts(&alone)[0], "why"), "no bind");
    assert_eq!(phases(&alone), []);
    assert_eq!(facts(&laws::events_midstream(135, &[stray])), []);
}

#[test]
fn three_legs_with_ntlm_name_the_user() {
    let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
    token.extend([0; 16]);
    let text = |length: u8, at: u8| [length, 0, length, 0, at, 0, 0, 0];
    token.extend([text(6, 64), text(10, 70), text(0, 80)].concat());
    token.extend([0; 8]);
    token.extend([1, 0, 0, 0]);
    for letter in b"LABalice" {
        token.extend([*letter, 0]);
    }
    let steps = [
        client(&secured(
            11,
            1,
            &offers(&[(0, SRVSVC, NDR)]),
            (10, 6),
            &[1; 40],
        )),
        server(&secured(12, 1, &answers(&[(0, 0, NDR)]), (10, 6), &[2; 64])),
        client(&secured(16, 1, &[0; 4], (10, 6), &token)),
        client(&secured(0, 2, &call(0, 15, &[9; 32]), (10, 6), &[3; 16])),
        server(&secured(2, 2, &result(&[9; 32]), (10, 6), &[3; 16])),
    ];
    let said = laws::events(135, &steps);
    assert_eq!(
        phases(&said),
        [Phase::Negotiating, Phase::Authenticating, Phase::Open]
    );
    assert_eq!(detail(&said, "auth_level"), Some("packet privacy".into()));
    assert_eq!(detail(&said, "user"), Some("alice".to_owned().into()));
    assert_eq!(detail(&said, "domain"), Some("LAB".to_owned().into()));
    // An encrypted stub has no return value to read.
    assert_eq!(dialogue(&said)[3], "< 2 ok");
    laws::check(135, &steps);
}

#[test]
fn a_fault_after_auth3_answers_no_call() {
    let steps = [
        client(&secured(
            11,
            1,
            &offers(&[(0, SRVSVC, NDR)]),
            (10, 6),
            &[1; 40],
        )),
        server(&secured(12, 1, &answers(&[(0, 0, NDR)]), (10, 6), &[2; 64])),
        client(&secured(16, 1, &[0; 4], (10, 6), &[0; 30])),
        server(&pdu(3, WHOLE, 1, &fault_body(5))),
    ];
    let said = laws::events(135, &steps);
    assert_eq!(dialogue(&said), ["> 1 Bind", "< 1 ok"]);
    assert_eq!(value(&facts(&said)[0], "name"), "ERROR_ACCESS_DENIED");
    assert_eq!(value(&facts(&said)[0], "before_call"), "true");
}

#[test]
fn a_bind_without_fragment_flags_is_a_bind() {
    let steps = [client(&pdu(11, 0, 1, &offers(&[(0, SRVSVC, NDR)]))), ack()];
    assert_eq!(dialogue(&laws::events(135, &steps)), ["> 1 Bind", "< 1 ok"]);
}

#[test]
fn only_a_strict_header_is_recognised() {
    let probe = |bytes: &[u8]| {
        (PROTOCOL.probe)(&Probe {
            bytes,
            beginning: true,
            joined_late: false,
            side: Side::Client,
            ports: PerSide::new(40000, 40001),
            carrier: Carrier::Stream,
        })
    };
    let bind = pdu(11, WHOLE, 1, &offers(&[(0, SRVSVC, NDR)]));
    assert_eq!(probe(&bind), Verdict::Certain(Speaker::Client));
    assert_eq!(
        probe(&pdu(12, WHOLE, 1, &answers(&[]))),
        Verdict::Certain(Speaker::Server)
    );
    assert_eq!(probe(&bind[..9]), Verdict::NeedMore);
    // SOCKS 5 begins with a 5 too.
    assert_eq!(probe(&[5, 2, 0, 1]), Verdict::No);
    assert_eq!(
        probe(&[5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80, 0, 0, 0]),
        Verdict::No
    );
    let mut float = bind.clone();
    float[6] = 1;
    assert_eq!(probe(&float), Verdict::No);
}
