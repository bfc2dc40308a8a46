//! Where messages begin and end: records, gaps, lost places.

use super::*;

#[test]
fn spans_hold_mark_and_message() {
    let ask = record(&getport(100_003));
    let said = laws::events(111, &[client(&ask)]);
    let request = said
        .iter()
        .find(|s| matches!(s.act, Act::Request { .. }))
        .unwrap();
    assert_eq!(request.span, Span::new(0, ask.len() as u64));
    assert_eq!(request.side, Side::Client);
}

#[test]
fn file_data_of_many_segments_is_passed_over() {
    let data = vec![0x55; 70_000];
    let dialogue = [
        client(&record(&call_with(
            9,
            NFS3_READ,
            &auth_sys("ada", 1000, 100),
            &read_args(4096, 70_000),
        ))),
        server(&record(&accepted(9, 0, &read_results(&data)))),
        client(&record(&call(10, NFS3_READ, &read_args(8192, 5)))),
        server(&record(&accepted(10, 0, &read_results(b"short")))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    assert_eq!(replies(&said).len(), 2);
    assert!(said.iter().any(|s| s.act
        == Act::Detail {
            key: "machine_name",
            value: Value::Text("ada".to_owned())
        }));
}

#[test]
fn a_record_of_many_fragments_is_one_message() {
    let message = getport(100_003);
    let mut bytes = Vec::new();
    for piece in message.chunks(8) {
        bytes.extend(fragment(piece, false));
    }
    let at = bytes.len() - 12;
    bytes[at] |= 0x80;
    let dialogue = [
        client(&bytes),
        server(&record(&accepted(1, 0, &words(&[2049])))),
    ];
    laws::check(111, &dialogue);
    let said = laws::events(111, &dialogue);
    assert_eq!(requests(&said).len(), 1);
    assert_eq!(
        value(&the_fact(&said, "portmap.answer"), "port"),
        Value::Int(2049)
    );
}

#[test]
fn a_fragmented_call_that_is_hung_up_on_stays_incomplete() {
    let message = getport(100_003);
    let mut dialogue: Vec<Step> = message
        .chunks(8)
        .take(2)
        .map(|piece| client(&fragment(piece, false)))
        .collect();
    dialogue.push(Step::Ends(Side::Client, End::Reset));
    let said = laws::events(111, &dialogue);
    assert!(said.iter().any(|s| matches!(
        s.act,
        Act::Incomplete {
            expected: 28,
            present: 24,
            ..
        }
    )));
    let fact = the_fact(&said, "rpc.last-fragment-missing");
    assert_eq!(value(&fact, "fragments"), Value::Int(2));
}

#[test]
fn a_call_behind_a_record_without_its_last_fragment_is_found() {
    let dialogue = [
        client(&fragment(&getport(100_003), false)),
        client(&record(&call(2, NFS3_NULL, &[]))),
        server(&record(&accepted(2, 0, &[]))),
    ];
    laws::check(111, &dialogue);
    let said = laws::events(111, &dialogue);
    assert_eq!(requests(&said).len(), 1);
    assert_eq!(
        value(&the_fact(&said, "rpc.last-fragment-missing"), "bytes"),
        Value::Int(56)
    );
    assert!(
        said.iter()
            .any(|s| s.session == "rpc/portmap" && matches!(s.act, Act::Incomplete { .. }))
    );
}

#[test]
fn several_records_in_one_segment() {
    let batch: Vec<u8> = (0..40)
        .flat_map(|xid| record(&call(xid, NFS3_NULL, &[])))
        .collect();
    let answers: Vec<u8> = (0..40)
        .rev()
        .flat_map(|xid| record(&accepted(xid, 0, &[])))
        .collect();
    let dialogue = [client(&batch), server(&answers)];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    assert_eq!(requests(&said).len(), 40);
    assert_eq!(replies(&said).len(), 40);
}

#[test]
fn what_is_no_rpc_at_an_rpc_port_is_told() {
    let dialogue = [client(b"\xf0\x00\x00\x01GET / HTTP/1.1\r\n\r\n")];
    laws::check(111, &dialogue);
    let said = laws::events(111, &dialogue);
    let fact = the_fact(&said, "rpc.record-mark-absurd");
    assert_eq!(value(&fact, "length"), Value::Int(0x7000_0001));
    assert_eq!(value(&fact, "beginning"), Value::Bool(true));
    assert!(
        laws::events(8111, &dialogue).is_empty(),
        "only at an RPC port"
    );
}

#[test]
fn a_lost_place_in_the_stream_is_found_again() {
    let dialogue = [
        client(&record(&call(1, NFS3_NULL, &[]))),
        server(&record(&accepted(1, 0, &[]))),
        client(&join(&[
            b"rubbish behind a good record....",
            &record(&call(2, NFS3_NULL, &[])),
        ])),
        server(&record(&accepted(2, 0, &[]))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let fact = the_fact(&said, "rpc.record-mark-absurd");
    assert_eq!(value(&fact, "text"), Value::Text("rubb".to_owned()));
    assert_eq!(value(&fact, "after_loss"), Value::Bool(false));
    assert!(acts(&said).contains(&Act::Skipped { bytes: 28 }));
    assert_eq!(requests(&said).len(), 2);
}

#[test]
fn a_gap_inside_a_body_costs_nothing() {
    let reply = record(&accepted(1, 0, &read_results(&[9; 5000])));
    let dialogue = [
        client(&record(&call(1, NFS3_READ, &read_args(0, 5000)))),
        server(&reply[..100]),
        Step::Loses(Side::Server, 2000),
        server(&reply[2100..]),
        client(&record(&call(2, NFS3_NULL, &[]))),
        server(&record(&accepted(2, 0, &[]))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    assert_eq!(replies(&said).len(), 2);
    assert!(
        !acts(&said)
            .iter()
            .any(|a| matches!(a, Act::Skipped { .. } | Act::Malformed { .. }))
    );
}

#[test]
fn after_a_gap_over_a_mark_the_next_record_is_found() {
    let first = record(&accepted(1, 0, &read_results(&[9; 5000])));
    let dialogue = [
        client(&record(&call(1, NFS3_READ, &read_args(0, 5000)))),
        client(&record(&call(2, NFS3_NULL, &[]))),
        client(&record(&call(3, NFS3_NULL, &[]))),
        server(&first[..1000]),
        // The rest of the first reply, and the second with two bytes of its successor's mark.
        Step::Loses(Side::Server, first.len() as u64 - 1000 + 28 + 2),
        server(&record(&accepted(3, 0, &[]))[2..]),
        client(&record(&call(4, NFS3_NULL, &[]))),
        server(&record(&accepted(4, 0, &[]))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let ids: Vec<_> = replies(&said).iter().map(|r| r.2).collect();
    assert_eq!(ids, [1, 4]);
    assert!(acts(&said).contains(&Act::Skipped { bytes: 26 }));
}

#[test]
fn frames_cut_by_the_snap_length_still_show_calls_and_replies() {
    let ask = record(&call_with(
        1,
        NFS3_READ,
        &auth_sys("ada", 1, 1),
        &read_args(0, 5),
    ));
    let answer = record(&accepted(1, 0, &read_results(b"hello")));
    let mut dialogue = Vec::new();
    for _ in 0..3 {
        dialogue.push(client(&ask[..30]));
        dialogue.push(Step::Loses(Side::Client, ask.len() as u64 - 30));
        dialogue.push(server(&answer[..30]));
        dialogue.push(Step::Loses(Side::Server, answer.len() as u64 - 30));
    }
    for said in [
        laws::events(2049, &dialogue),
        laws::events_midstream(2049, &dialogue),
    ] {
        assert_eq!(requests(&said).len(), 3);
        assert_eq!(replies(&said).len(), 3);
    }
}

#[test]
fn joined_in_mid_stream_the_roles_are_told_by_content() {
    let dialogue = [
        server(&record(&accepted(1, 0, &[]))),
        client(&record(&call(2, NFS3_NULL, &[]))),
        server(&record(&accepted(2, 0, &[]))),
    ];
    let straight = laws::events_midstream(2049, &dialogue);
    let turned: Vec<_> = dialogue
        .iter()
        .map(|step| match step {
            Step::Says(side, bytes) => Step::Says(side.other(), bytes.clone()),
            other => other.clone(),
        })
        .collect();
    assert_eq!(straight, laws::events_midstream(2049, &turned));
    assert_eq!(replies(&straight).len(), 2);
}

#[test]
fn one_direction_alone_is_read() {
    let said = laws::events(
        2049,
        &[
            server(&record(&accepted(1, 0, &words(&[0])))),
            server(&record(&accepted(2, 0, &words(&[0])))),
        ],
    );
    assert_eq!(replies(&said).len(), 2);
}

#[test]
fn half_a_reply_is_incomplete() {
    let dialogue = [
        client(&record(&call(1, NFS3_NULL, &[]))),
        server(&record(&accepted(1, 0, &[]))[..14]),
        Step::Ends(Side::Server, End::Fin),
    ];
    let said = laws::events(2049, &dialogue);
    assert!(acts(&said).iter().any(|a| matches!(
        a,
        Act::Incomplete {
            expected: 32 | 28,
            present: 14,
            ..
        }
    )));
}

#[test]
fn other_peoples_first_bytes_are_left_alone() {
    let probe = |bytes: &[u8], port: u16| {
        (PROTOCOL.probe)(&Probe {
            bytes,
            beginning: true,
            joined_late: false,
            side: Side::Client,
            ports: PerSide::new(40_000, port),
            carrier: Carrier::Stream,
        })
    };
    assert_eq!(probe(b"GET / HTTP/1.1\r\n", 80), Verdict::No);
    assert_eq!(
        probe(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 443),
        Verdict::No
    );
    assert_eq!(
        probe(b"\x00\x00\x00\x85\xffSMBr\x00\x00\x00\x00\x18\x53\xc8", 445),
        Verdict::No
    );
    assert_eq!(probe(b"\x81\x00\x00\x44 EKEDFEEIED", 139), Verdict::No);
    let whole = record(&call(1, NFS3_NULL, &[]));
    assert_eq!(probe(&whole[..3], 2049), Verdict::NeedMore);
    assert_eq!(probe(&whole[..10], 9999), Verdict::NeedMore);
    assert_eq!(probe(&whole, 9999), Verdict::Certain(Speaker::Client));
    assert_eq!(
        probe(&record(&accepted(1, 0, &[])), 9999),
        Verdict::Certain(Speaker::Server)
    );
}

#[test]
fn a_near_miss_looks_like_no_message() {
    let good = call(1, NFS3_NULL, &[]);
    let len = good.len() as u64;
    assert_eq!(looks(&good, len), Looks::Call { program: 100_003 });
    for (at, byte) in [(7, 2), (11, 77), (12, 0x70), (28, 9), (24, 0xff)] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert_eq!(looks(&bad, len), Looks::No, "byte {at} as {byte}");
    }
    assert_eq!(looks(&good, len + 1), Looks::No, "not a multiple of four");
    let reply = accepted(1, 0, &[]);
    assert_eq!(looks(&reply, 24), Looks::Reply);
    assert_eq!(
        looks(&accepted(1, 4, &[]), 28),
        Looks::No,
        "GARBAGE_ARGS has no results"
    );
}
