//! Gaps, garbage, broken chains, and joining late.

use super::{SRVSVC, WHOLE, bound, call, dialogue, facts, pdu, phases, result, value};
use crate::dissector::End;
use crate::event::{Act, Phase};
use crate::laws::{self, Said, Step, client};
use crate::units::Side;

#[test]
fn broken_chains_are_told() {
    let first = client(&pdu(0, 1, 2, &call(0, 15, &[1; 16])));
    let last = client(&pdu(0, 2, 2, &call(0, 15, &[1; 16])));
    let what = |steps: &[Step]| {
        let said = laws::events(135, &bound(SRVSVC, steps));
        let facts = facts(&said);
        facts.iter().map(|f| value(f, "what")).collect::<Vec<_>>()
    };
    let end = Step::Ends(Side::Client, End::Fin);
    assert_eq!(
        what(&[first.clone(), first.clone(), last.clone()]),
        ["a second first fragment"]
    );
    assert_eq!(
        what(std::slice::from_ref(&last)),
        ["a fragment without a first"]
    );
    assert_eq!(what(&[first.clone(), end]), ["no last fragment"]);
    // Where the capture lost bytes the chain may well have been whole.
    let lost = Step::Loses(Side::Client, 40);
    assert_eq!(what(&[first.clone(), lost.clone(), first]), [""; 0]);
    assert_eq!(what(&[lost, last]), [""; 0]);
}

#[test]
fn a_gap_within_a_pdu_leaves_its_call_known() {
    let request = pdu(0, WHOLE, 2, &call(0, 15, &[1; 200]));
    let steps = bound(
        SRVSVC,
        &[
            client(&request[..60]),
            Step::Loses(Side::Client, 100),
            client(&request[160..]),
            client(&pdu(0, WHOLE, 3, &call(0, 21, &[]))),
        ],
    );
    let said = laws::events(135, &steps);
    assert_eq!(
        dialogue(&said)[2..],
        ["> 2 srvsvc NetrShareEnum", "> 3 srvsvc NetrServerGetInfo"]
    );
    assert!(!said.iter().any(|s| matches!(s.act, Act::Skipped { .. })));
}

#[test]
fn reading_resumes_at_the_next_header_after_a_gap() {
    let request = pdu(0, WHOLE, 2, &call(0, 15, &[5; 200]));
    let next = pdu(0, WHOLE, 3, &call(0, 21, &[]));
    let steps = bound(
        SRVSVC,
        &[
            Step::Loses(Side::Client, 80),
            client(&request[80..]),
            client(&next),
        ],
    );
    let said = laws::events(135, &steps);
    assert_eq!(dialogue(&said)[2..], ["> 3 srvsvc NetrServerGetInfo"]);
    let skipped = Act::Skipped {
        bytes: request.len() as u64 - 80,
    };
    assert!(said.iter().any(|s| s.act == skipped));
    laws::check(135, &steps);
}

#[test]
fn garbage_is_told_once_and_passed_over() {
    let steps = bound(
        SRVSVC,
        &[
            client(&[0x41; 300]),
            client(&pdu(0, WHOLE, 3, &call(0, 21, &[]))),
        ],
    );
    let said = laws::events(135, &steps);
    let malformed = |s: &&Said| matches!(s.act, Act::Malformed { .. });
    assert_eq!(said.iter().filter(malformed).count(), 1);
    assert_eq!(dialogue(&said)[2..], ["> 3 srvsvc NetrServerGetInfo"]);
    laws::check(135, &steps);
}

#[test]
fn an_unfinished_pdu_is_told_at_the_end() {
    let request = pdu(0, WHOLE, 2, &call(0, 15, &[5; 200]));
    let steps = bound(
        SRVSVC,
        &[client(&request[..50]), Step::Ends(Side::Client, End::Fin)],
    );
    let said = laws::events(135, &steps);
    let told = said.iter().find_map(|s| match s.act {
        Act::Incomplete {
            op,
            expected,
            present,
        } => Some((op.name, expected, present)),
        _ => None,
    });
    assert_eq!(told, Some(("request", 224, 50)));
}

#[test]
fn joined_in_mid_stream_the_roles_come_from_the_content() {
    let steps = [
        Step::Says(Side::Client, pdu(2, WHOLE, 7, &result(&[0; 8]))),
        Step::Says(Side::Server, pdu(0, WHOLE, 8, &call(0, 15, &[]))),
    ];
    let said = laws::events_midstream(49152, &steps);
    let sides = said.iter().filter_map(|s| match s.act {
        Act::Reply { .. } | Act::Request { .. } => Some(s.side),
        _ => None,
    });
    assert_eq!(sides.collect::<Vec<_>>(), [Side::Server, Side::Client]);
    assert_eq!(phases(&said), [Phase::Open]);
}
