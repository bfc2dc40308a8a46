//! What the messages say.

use super::*;

#[test]
fn a_port_is_asked_for_and_told() {
    let dialogue = [
        client(&record(&getport(100_003))),
        server(&record(&accepted(1, 0, &words(&[2049])))),
    ];
    laws::check(111, &dialogue);
    let said = laws::events(111, &dialogue);
    assert_eq!(
        requests(&said),
        [("rpc/portmap".to_owned(), "portmap2 GETPORT".to_owned(), 1)]
    );
    assert_eq!(replies(&said), [("rpc/portmap".to_owned(), Status::OK, 1)]);
    let fact = the_fact(&said, "portmap.answer");
    assert_eq!(value(&fact, "port"), Value::Int(2049));
    assert_eq!(value(&fact, "program_name"), Value::Name("NFS"));
    assert_eq!(value(&fact, "protocol"), Value::Text("tcp".to_owned()));
    assert_eq!(fact.exchange, Some(1));
}

#[test]
fn a_program_that_is_not_registered_has_port_0() {
    let addr = join(&[
        &words(&[100_099, 1]),
        &opaque(b"tcp"),
        &opaque(b""),
        &opaque(b""),
    ]);
    let dialogue = [
        client(&record(&call(5, [100_000, 4, 3], &addr))),
        server(&record(&accepted(5, 0, &words(&[0])))),
        client(&record(&call(6, GETPORT, &words(&[100_099, 1, 17, 0])))),
        server(&record(&accepted(6, 0, &words(&[0])))),
    ];
    laws::check(111, &dialogue);
    let all = facts(&laws::events(111, &dialogue));
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|f| value(f, "port") == Value::Int(0)));
}

#[test]
fn rpcbind_tells_a_universal_address() {
    let addr = join(&[
        &words(&[100_005, 3]),
        &opaque(b"tcp6"),
        &opaque(b""),
        &opaque(b""),
    ]);
    let dialogue = [
        client(&record(&call(5, [100_000, 4, 3], &addr))),
        server(&record(&accepted(5, 0, &opaque(b"fe80::1.78.80")))),
    ];
    let fact = the_fact(&laws::events(111, &dialogue), "portmap.answer");
    assert_eq!(value(&fact, "port"), Value::Int(20048));
}

#[test]
fn texts_name_files_by_the_handles_that_were_looked_up() {
    let directory = opaque(b"root");
    let dialogue = [
        client(&record(&call(1, MNT, &opaque(b"/export")))),
        server(&record(&accepted(
            1,
            0,
            &join(&[&words(&[0]), &directory, &words(&[0])]),
        ))),
        client(&record(&call(
            2,
            NFS3_LOOKUP,
            &join(&[&directory, &opaque(b"a.txt")]),
        ))),
        server(&record(&accepted(
            2,
            0,
            &join(&[&words(&[0]), &opaque(b"handle-1"), &words(&[0, 0])]),
        ))),
        client(&record(&call(3, NFS3_READ, &read_args(0, 65_536)))),
        server(&record(&accepted(3, 0, &read_results(b"hello")))),
    ];
    laws::check(2049, &dialogue);
    let texts = laws::texts(2049, &dialogue);
    assert_eq!(
        texts,
        [
            "mount3 MNT /export",
            "mount3 MNT: ok",
            "nfs3 LOOKUP /export/a.txt",
            "nfs3 LOOKUP: ok",
            "nfs3 READ length 65536 offset 0 file /export/a.txt",
            "nfs3 READ: ok, 5 bytes, end of file",
        ]
    );
}

#[test]
fn statuses_are_told_by_name() {
    let sys = auth_sys("ada", 0, 0);
    let dialogue = [
        client(&record(&call_with(1, MNT, &sys, &opaque(b"/etc")))),
        server(&record(&accepted(1, 0, &words(&[13])))),
        client(&record(&call_with(2, NFS3_READ, &sys, &read_args(0, 1)))),
        server(&record(&accepted(2, 0, &words(&[70, 0])))),
        client(&record(&call_with(3, NFS3_READ, &sys, &read_args(0, 1)))),
        server(&record(&accepted(3, 5, &[]))),
        client(&record(&call_with(4, [100_003, 9, 0], &sys, &[]))),
        server(&record(&accepted(4, 2, &words(&[3, 4])))),
        client(&record(&call_with(5, NFS3_READ, &sys, &read_args(0, 1)))),
        server(&record(&denied(5, &[1, 5]))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let names: Vec<_> = replies(&said).iter().map(|r| r.1.name).collect();
    assert_eq!(
        names,
        [
            "MNT3ERR_ACCES",
            "NFS3ERR_STALE",
            "SYSTEM_ERR",
            "PROG_MISMATCH",
            "AUTH_TOOWEAK"
        ]
    );
    assert!(replies(&said).iter().all(|r| r.1.failed));
    let refused = the_fact(&said, "nfs.access-denied");
    assert_eq!(value(&refused, "path"), Value::Text("/etc".to_owned()));
    assert_eq!(value(&refused, "uid"), Value::Int(0));
    let mismatch = the_fact(&said, "rpc.program-unavailable");
    assert_eq!(
        (value(&mismatch, "low"), value(&mismatch, "high")),
        (Value::Int(3), Value::Int(4))
    );
    let auth = the_fact(&said, "rpc.auth-error");
    assert_eq!(value(&auth, "auth_stat"), Value::Name("AUTH_TOOWEAK"));
    assert_eq!(auth.exchange, Some(5));
}

#[test]
fn another_rpc_version_is_recognised_and_told() {
    let mut message = call(1, NFS3_NULL, &[]);
    message[11] = 3;
    let dialogue = [
        client(&record(&message)),
        server(&record(&denied(1, &[0, 2, 2]))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    assert_eq!(
        value(&the_fact(&said, "rpc.version"), "rpcvers"),
        Value::Int(3)
    );
    let mismatch = the_fact(&said, "rpc.version-mismatch");
    assert_eq!(value(&mismatch, "high"), Value::Int(2));
    assert!(
        said.iter()
            .any(|s| s.session == "rpc/nfs" && s.act == Act::Phase(Phase::Refused))
    );
}

#[test]
fn a_callback_has_ids_of_its_own() {
    let compound =
        |ops: &[u8], count: u32| join(&[&opaque(b""), &words(&[1]), &words(&[count]), ops]);
    let sequence = join(&[&words(&[53]), &[7; 32]]);
    let back = join(&[
        &opaque(b""),
        &words(&[1, 0, 2, 11]),
        &[7; 32],
        &words(&[0, 4]),
        &[1; 20],
    ]);
    let dialogue = [
        client(&record(&call(
            1,
            [100_003, 4, 1],
            &compound(&join(&[&sequence, &words(&[24, 9, 1, 24])]), 3),
        ))),
        server(&record(&call(1, [0x4000_0005, 1, 1], &back))),
        server(&record(&accepted(1, 0, &words(&[0, 0, 3])))),
        client(&record(&accepted(1, 0, &words(&[10_008, 0, 1])))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let back_id = 1_u64 << 32 | 1;
    assert_eq!(
        requests(&said),
        [
            ("rpc/nfs".to_owned(), "nfs4 GETATTR".to_owned(), 1),
            ("rpc/nfs".to_owned(), "nfs4cb CB_RECALL".to_owned(), back_id),
        ]
    );
    assert_eq!(
        replies(&said),
        [
            ("rpc/nfs".to_owned(), Status::OK, 1),
            (
                "rpc/nfs".to_owned(),
                Status::failure(10_008, "NFS4ERR_DELAY"),
                back_id
            ),
        ]
    );
    assert_eq!(
        laws::texts(2049, &dialogue)[0],
        "nfs4 GETATTR: SEQUENCE, PUTROOTFH, GETATTR"
    );
}

#[test]
fn the_operation_that_ends_a_compound_is_named() {
    let ops = join(&[
        &words(&[22]),
        &opaque(b"fh"),
        &words(&[15]),
        &opaque(b"secret"),
        &words(&[10]),
    ]);
    let args = join(&[&opaque(b""), &words(&[0, 3]), &ops]);
    let dialogue = [
        client(&record(&call_with(
            1,
            [100_003, 4, 1],
            &auth_sys("ada", 5, 6),
            &args,
        ))),
        server(&record(&accepted(1, 0, &words(&[13, 0, 2])))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let fact = the_fact(&said, "nfs.access-denied");
    assert_eq!(
        value(&fact, "operation"),
        Value::Text("nfs4 LOOKUP".to_owned())
    );
    assert_eq!(value(&fact, "status"), Value::Name("NFS4ERR_ACCESS"));
    assert_eq!(
        laws::texts(2049, &dialogue)[0],
        "nfs4 LOOKUP: PUTFH, LOOKUP secret, GETFH"
    );
}

#[test]
fn an_unknown_program_stays_in_the_rpc_session() {
    let dialogue = [
        client(&record(&call(1, [395_183, 1, 11], &words(&[1, 2])))),
        server(&record(&accepted(1, 0, &words(&[0])))),
        client(&record(&call(2, [200_000_123, 7, 9], &[]))),
        server(&record(&accepted(2, 1, &[]))),
    ];
    laws::check(1024, &dialogue);
    let said = laws::events(1024, &dialogue);
    assert_eq!(
        requests(&said),
        [
            ("rpc".to_owned(), "vxi11 DEVICE_WRITE".to_owned(), 1),
            ("rpc".to_owned(), "operation 9".to_owned(), 2),
        ]
    );
    let fact = the_fact(&said, "rpc.program-unavailable");
    assert_eq!(value(&fact, "accept_stat"), Value::Name("PROG_UNAVAIL"));
}

#[test]
fn datagrams_repeat_with_one_digest_and_are_answered_twice() {
    let ask = call(7, GETPORT, &words(&[100_003, 3, 17, 0]));
    let other = call(7, GETPORT, &words(&[100_005, 3, 17, 0]));
    let answer = accepted(7, 0, &words(&[2049]));
    let said = laws::datagrams(
        111,
        &[
            client(&ask),
            client(&ask),
            server(&answer),
            server(&answer),
            client(&other),
        ],
    );
    let digests: Vec<_> = said
        .iter()
        .filter_map(|s| match s.act {
            Act::Request { digest, .. } => Some(digest),
            _ => None,
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
    assert!(replies(&said).iter().all(|r| r.0 == "rpc/portmap"));
    assert_eq!(replies(&said).len(), 2);
}

#[test]
fn a_broadcast_waits_for_nothing() {
    let inner = join(&[&words(&[100_026, 1, 1]), &opaque(b"who")]);
    let said = laws::datagrams(
        111,
        &[
            client(&call(3, [100_000, 2, 5], &inner)),
            server(&accepted(3, 0, &join(&[&words(&[1000]), &opaque(b"me")]))),
        ],
    );
    let broadcast = Op::of("portmap2", "CALLIT", 5).of_set(2);
    assert!(acts(&said).iter().any(|a| matches!(
        a,
        Act::Request { op, expect: Expect::Nothing, .. } if *op == broadcast
    )));
    assert!(acts(&said).contains(&Act::Message { op: broadcast }));
}

#[test]
fn kerberos_data_is_read_when_it_is_only_signed_and_sealed_when_it_is_sealed() {
    let cred = |procedure: u32, sequence: u32, service: u32| {
        let body = join(&[&words(&[1, procedure, sequence, service]), &opaque(b"ctx")]);
        join(&[&words(&[6]), &opaque(&body)])
    };
    let signed = join(&[&words(&[40, 1]), &read_args(0, 9)]);
    let dialogue = [
        client(&record(&call_with(
            1,
            NFS3_NULL,
            &cred(1, 0, 1),
            &opaque(b"token"),
        ))),
        server(&record(&accepted(
            1,
            0,
            &join(&[&opaque(b"ctx"), &words(&[0, 0, 128]), &opaque(b"t")]),
        ))),
        client(&record(&call_with(2, NFS3_READ, &cred(0, 1, 2), &signed))),
        server(&record(&accepted(
            2,
            0,
            &join(&[&words(&[12, 1, 13]), &opaque(b"mic")]),
        ))),
        client(&record(&call_with(
            3,
            NFS3_READ,
            &cred(0, 2, 3),
            &opaque(&[3; 64]),
        ))),
        server(&record(&accepted(3, 0, &opaque(&[4; 64])))),
    ];
    laws::check(2049, &dialogue);
    let said = laws::events(2049, &dialogue);
    let names: Vec<_> = requests(&said).into_iter().map(|r| r.1).collect();
    assert_eq!(
        names,
        ["rpcsec_gss RPCSEC_GSS_INIT", "nfs3 READ", "nfs3 READ"]
    );
    let statuses: Vec<_> = replies(&said).iter().map(|r| r.1.name).collect();
    assert_eq!(statuses, ["", "NFS3ERR_ACCES", ""]);
    assert_eq!(
        acts(&said).iter().filter(|a| **a == Act::Encrypted).count(),
        1
    );
    let phases: Vec<_> = said
        .iter()
        .filter_map(|s| match s.act {
            Act::Phase(phase) if s.session == "rpc/nfs" => Some(phase),
            _ => None,
        })
        .collect();
    assert_eq!(phases, [Phase::Authenticating, Phase::Open]);
}
