//! The fields of messages.

use super::{
    GETPORT, MNT, NFS3_LOOKUP, NFS3_READ, accepted, auth_sys, call, call_with, denied, fragment,
    getport, join, opaque, read_args, read_results, record, words,
};
use crate::laws::{Described, Step, client, datagram_fields, fields, named, server};
use crate::units::{Side, Span};

const NFS4_COMPOUND: [u32; 3] = [100_003, 4, 1];

/// Asserts what the fields of one side are.
fn expect(all: &[Described], side: Side, expected: &[(&str, &[&str])]) {
    for (name, values) in expected {
        assert_eq!(named(all, side, name), *values, "{name}");
    }
}

#[test]
fn a_call_and_its_reply() {
    let asks = call_with(
        0x0102,
        GETPORT,
        &auth_sys("host", 10, 20),
        &words(&[100_005, 3, 6, 0]),
    );
    let both = fields(
        111,
        &[
            client(&record(&asks)),
            server(&record(&accepted(0x0102, 0, &words(&[20048])))),
        ],
    );
    expect(
        &both,
        Side::Client,
        &[
            ("rpc.lastfrag", &["Bool(true)"]),
            ("rpc.xid", &["258"]),
            ("rpc.msgtyp", &["0"]),
            ("rpc.version", &["2"]),
            ("rpc.program", &["100000"]),
            // Once more in the layer of the program.
            ("rpc.programversion", &["2", "2"]),
            ("rpc.procedure", &["3"]),
            ("rpc.auth.flavor", &["1", "0"]),
            ("rpc.auth.machinename", &["host"]),
            ("rpc.auth.uid", &["10"]),
            ("rpc.auth.gid", &["20"]),
            ("portmap.procedure_v2", &["3"]),
            ("portmap.prog", &["100005"]),
            ("portmap.port", &["0"]),
        ],
    );
    expect(
        &both,
        Side::Server,
        &[
            ("rpc.fraglen", &["28"]),
            ("rpc.program", &["100000"]),
            ("rpc.procedure", &["3"]),
            ("rpc.replystat", &["0"]),
            ("rpc.state_accept", &["0"]),
            ("portmap.port", &["20048"]),
        ],
    );
    let reply = both.iter().find(|m| m.side == Side::Server);
    assert_eq!(reply.map(|m| m.span), Some(Span::new(0, 32)));
}

#[test]
fn values_stand_where_the_message_has_them() {
    let datagram = datagram_fields(111, &[client(&getport(100_003))]);
    let place = |name: &str| {
        let mut all = crate::protocols::FIELDS.iter().copied().flatten();
        let id = all.find(|f| f.name == name).unwrap().id;
        let values = datagram.iter().flat_map(|m| &m.values);
        let found = values.filter(|v| v.0 == id).map(|v| (v.2, v.3));
        found.collect::<Vec<_>>()
    };
    // Without a mark the xid is the first, as in every datagram.
    assert_eq!(place("rpc.xid"), [(0, 4)]);
    assert_eq!(place("portmap.prog"), [(40, 4)]);
    assert_eq!(place("rpc.lastfrag"), []);
}

#[test]
fn a_reply_to_nothing_is_not_described() {
    let lone = fields(2049, &[server(&record(&accepted(9, 0, &[])))]);
    assert_eq!(named(&lone, Side::Server, "rpc.xid"), [""; 0]);
}

#[test]
fn refusals_say_why() {
    let steps = |reply: Vec<u8>| {
        [
            client(&record(&call(1, [100_003, 9, 0], &[]))),
            server(&record(&reply)),
        ]
    };
    let mismatch = fields(2049, &steps(accepted(1, 2, &words(&[3, 4]))));
    expect(
        &mismatch,
        Side::Server,
        &[
            ("rpc.state_accept", &["2"]),
            ("rpc.programversion.min", &["3"]),
            ("rpc.programversion.max", &["4"]),
        ],
    );
    // No version of NFS that is known: the procedure stands in the layer under RPC's name.
    expect(&mismatch, Side::Client, &[("rpc.procedure", &["0", "0"])]);
    let weak = fields(2049, &steps(denied(1, &[1, 5])));
    expect(
        &weak,
        Side::Server,
        &[
            ("rpc.replystat", &["1"]),
            ("rpc.state_reject", &["1"]),
            ("rpc.state_auth", &["5"]),
        ],
    );
}

#[test]
fn nfs3_names_handles_and_data() {
    let lookup = join(&[&opaque(b"12345"), &opaque(b"file")]);
    let found = join(&[&words(&[0]), &opaque(b"handle-1"), &words(&[0, 0])]);
    let all = fields(
        2049,
        &[
            client(&record(&call(1, NFS3_LOOKUP, &lookup))),
            server(&record(&accepted(1, 0, &found))),
            client(&record(&call(2, NFS3_READ, &read_args(4096, 3)))),
            server(&record(&accepted(2, 0, &read_results(b"abc")))),
        ],
    );
    expect(
        &all,
        Side::Client,
        &[
            ("nfs.procedure_v3", &["3", "6"]),
            ("nfs.fh.length", &["5", "8"]),
            ("nfs.fh.hash", &["3421846044", "1538885428"]),
            ("nfs.name", &["file"]),
            ("nfs.offset3", &["4096"]),
            ("nfs.count3", &["3"]),
        ],
    );
    expect(
        &all,
        Side::Server,
        &[
            ("nfs.status3", &["0", "0"]),
            ("nfs.status", &["0", "0"]),
            ("nfs.read.eof", &["Bool(true)"]),
            ("nfs.data", &["Bytes([97, 98, 99])"]),
        ],
    );
}

#[test]
fn a_compound_is_told_operation_by_operation() {
    let session = [7_u8; 16];
    let sequence = join(&[&words(&[53]), &session, &words(&[1, 2, 3, 0])]);
    let putfh = join(&[&words(&[22]), &opaque(b"root")]);
    let lookup = join(&[&words(&[15]), &opaque(b"dir")]);
    let args = join(&[&opaque(b""), &words(&[1, 3]), &sequence, &putfh, &lookup]);
    let done = join(&[&words(&[53, 0]), &session, &words(&[1, 2, 3, 4, 0])]);
    let results = join(&[
        &words(&[2]),
        &opaque(b""),
        &words(&[3]),
        &done,
        &words(&[22, 0, 15, 2]),
    ]);
    let all = fields(
        2049,
        &[
            client(&record(&call(1, NFS4_COMPOUND, &args))),
            server(&record(&accepted(1, 0, &results))),
        ],
    );
    expect(
        &all,
        Side::Client,
        &[
            ("nfs.minorversion", &["1"]),
            ("nfs.ops.count", &["3"]),
            ("nfs.opcode", &["53", "22", "15"]),
            ("nfs.slotid", &["2"]),
            ("nfs.pathname.component", &["dir"]),
            ("nfs.main_opcode", &["15"]),
        ],
    );
    expect(
        &all,
        Side::Server,
        &[
            ("nfs.nfsstat4", &["2", "0", "0", "2"]),
            ("nfs.target_high_slotid", &["4"]),
        ],
    );
}

#[test]
fn fragments_are_told_one_by_one() {
    let asks = call(1, MNT, &opaque(b"/export/of/some/length"));
    let (first, rest) = asks.split_at(32);
    let all = fields(
        635,
        &[
            client(&fragment(first, false)),
            client(&fragment(rest, true)),
        ],
    );
    expect(
        &all,
        Side::Client,
        &[
            ("rpc.lastfrag", &["Bool(false)", "Bool(true)"]),
            ("rpc.fraglen", &["32", &rest.len().to_string()]),
            ("mount.path", &["/export/of/some/length"]),
        ],
    );
}

#[test]
fn a_message_that_a_gap_tears_is_told_as_far_as_it_came() {
    let results = join(&[&words(&[0, 0, 5000, 1]), &opaque(&[7; 5000])]);
    let reply = record(&accepted(1, 0, &results));
    let (came, lost) = reply.split_at(60);
    let all = fields(
        2049,
        &[
            client(&record(&call(1, NFS3_READ, &read_args(0, 5000)))),
            server(came),
            Step::Loses(Side::Server, lost.len() as u64),
        ],
    );
    expect(
        &all,
        Side::Server,
        &[("nfs.status3", &["0"]), ("nfs.count3", &["5000"])],
    );
    let torn = all.iter().find(|m| m.side == Side::Server);
    assert_eq!(torn.map(|m| m.span), Some(Span::new(0, 60)));
}
