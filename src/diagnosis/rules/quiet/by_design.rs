//! Long waits and requests without an answer that the protocols intend (guard T7), and known deviations (T14).

use colloquy_dissectors::units::Side;

use super::{all_over_tcp, http, smb, smb_over_netbios};
use crate::capture::script::{Script, ScriptFrame};
use crate::diagnosis::Severity;
use crate::diagnosis::rules::bench::calls::{answer, call, over_udp};
use crate::diagnosis::rules::bench::{cannot_tell, dcerpc, findings, loud};
use crate::diagnosis::rules::bench_rpc::{self, answers, asks};
use crate::diagnosis::smb::testing::{
    GRANTED, at_work, at_work_on, no, read, refused, session_request, smb2, to,
};

const PENDING: u32 = 0x103;
const CANCELLED: u32 = 0xC000_0120;
const CANCEL: u16 = 12;

#[track_caller]
fn quiet(what: &str, frames: Vec<ScriptFrame>) {
    let rules = loud(frames);
    assert!(rules.is_empty(), "{what}: {rules:?}");
}

/// The conversation and an hour more of the capture.
fn for_an_hour(script: Script) -> Vec<ScriptFrame> {
    let later = Script::udp("10.9.9.1:1000", "10.9.9.2:2000").wait_secs(3600.0);
    Script::merge([script, later.client(b"x")])
}

#[test]
fn idle_for_an_hour() {
    for (name, script) in all_over_tcp() {
        quiet(name, for_an_hour(script));
    }
}

#[test]
fn calls_of_rpc_without_a_reply() {
    // A batch: the last call is answered, as proof that the others arrived (RFC 5531 section 7.4.1).
    let mut batch = Script::tcp("10.0.0.1:40000", "10.0.0.2:4000").connect();
    for xid in 1..9 {
        batch = batch.client(&asks(xid, [300_900, 1, 2], b""));
    }
    let batch = batch
        .client(&asks(9, [300_900, 1, 0], b""))
        .server(&answers(9, 0, &[]))
        .close();
    quiet("batch", batch.frames());
    // A broadcast: who answers does so under its own address (section 7.4.2).
    let target = [bench_rpc::PORTMAP, 2, 3];
    let args = bench_rpc::words(&[bench_rpc::NFS, 3, 17, 0]);
    let mut asked = Script::udp("10.0.0.1:40000", "10.0.0.255:111");
    for _ in 0..4 {
        asked = asked
            .client(&bench_rpc::call(7, target, &args))
            .wait_secs(4.0);
    }
    let answered = Script::udp("10.0.0.1:40000", "10.0.0.9:111")
        .wait_ms(3)
        .server(&bench_rpc::reply(7, 0, &[2049]));
    let later = Script::udp("10.9.9.1:1000", "10.9.9.2:2000").wait_secs(90.0);
    quiet(
        "broadcast",
        Script::merge([asked, answered, later.client(b"x")]),
    );
}

#[test]
fn a_datagram_that_the_capture_missed() {
    let mut script = over_udp();
    for xid in 1..6 {
        script = script.client(&call(xid));
        if xid != 2 {
            script = script.server(&answer(xid));
        }
    }
    let frames = for_an_hour(script);
    assert_eq!(cannot_tell(frames.clone(), "request-unanswered"), ["T4"]);
    quiet("its answer", frames);
    let orphan = over_udp()
        .client(&call(1))
        .server(&answer(1))
        .wait_secs(60.0)
        .server(&answer(2))
        .client(&call(3))
        .server(&answer(3));
    quiet("its call", orphan.frames());
}

#[test]
fn a_call_that_is_repeated_since_its_answer_was_lost_behind_the_capture() {
    let script = over_udp()
        .client(&call(1))
        .server(&answer(1))
        .wait_secs(1.0)
        .client(&call(1))
        .server(&answer(1));
    let frames = script.frames();
    let told = findings(frames.clone(), "duplicate-message");
    assert!(!told.is_empty() && told.iter().all(|f| f.severity == Severity::Note));
    quiet("repeated", frames);
}

#[test]
fn a_maybe_call_of_dcerpc_and_one_that_waits_for_an_event() {
    let mut maybe = dcerpc::request(2, 15);
    maybe[3] |= 0x40;
    quiet("maybe", for_an_hour(dcerpc::bound().client(&maybe)));
    let witness = dcerpc::bound_to_witness().client(&dcerpc::request(2, 3));
    quiet("witness", for_an_hour(witness));
}

#[test]
fn smb2_waits_for_events_for_hours() {
    let notify = smb2(15, 3, None, &[32; 32]);
    let watching = at_work().client(&notify).server(&no(15, 3, PENDING));
    quiet("CHANGE_NOTIFY", for_an_hour(watching.clone()));
    quiet(
        "CHANGE_NOTIFY, closed",
        watching.clone().wait_secs(600.0).close().frames(),
    );
    quiet(
        "CHANGE_NOTIFY, reset by the client",
        watching
            .clone()
            .wait_secs(600.0)
            .reset(Side::Client)
            .frames(),
    );
    let cancelled = watching
        .wait_secs(600.0)
        .client(&smb2(CANCEL, 3, None, &[4, 0, 0, 0]))
        .server(&no(15, 3, CANCELLED))
        .close();
    quiet("CANCEL", cancelled.frames());
    let pipe = at_work_on(2).client(&read(3)).server(&no(8, 3, PENDING));
    quiet(
        "CANCEL of what is not pending",
        for_an_hour(at_work().client(&smb2(CANCEL, 77, None, &[4, 0, 0, 0]))),
    );
    assert!(
        findings(pipe.wait_secs(5.0).frames(), "request-unanswered").is_empty(),
        "a pipe's READ"
    );
}

#[test]
fn a_lock_that_waits_and_an_oplock_break() {
    // One lock element with SHARED_LOCK and without FAIL_IMMEDIATELY (MS-SMB2 2.2.26).
    let mut body = vec![48, 0, 1, 0, 0, 0, 0, 0];
    body.extend([9; 16]);
    body.extend([0; 16]);
    body.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    let lock = at_work()
        .client(&smb2(10, 3, None, &body))
        .server(&no(10, 3, PENDING));
    quiet("LOCK", for_an_hour(lock));
    // The server's notification has no request (MS-SMB2 2.2.23.1), and needs no answer for level II.
    let mut broken = vec![24, 0, 0, 0, 0, 0, 0, 0];
    broken.extend([9; 16]);
    let notification = smb2(18, u64::MAX, Some(0), &broken);
    quiet("oplock break", smb().server(&notification).close().frames());
}

#[test]
fn http_waits_by_design() {
    let events = Script::tcp("10.0.0.1:40000", "10.0.0.2:80")
        .connect()
        .client(b"GET /feed HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let fed = events
        .clone()
        .server(head)
        .wait_secs(300.0)
        .server(b"9\r\ndata: 1\n\n\r\n")
        .wait_secs(300.0);
    quiet("events", for_an_hour(fed.clone()));
    quiet("events, left", fed.reset(Side::Client).frames());
    quiet("events that never began", for_an_hour(events));
    let poll = b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n";
    let polled = http()
        .client(poll)
        .wait_secs(50.0)
        .server(b"HTTP/1.1 204 No Content\r\n\r\n")
        .client(poll)
        .wait_secs(30.0);
    quiet(
        "a long poll",
        polled.clone().keepalive(Side::Client).frames(),
    );
    quiet("a long poll, left", polled.clone().close().frames());
    quiet("a long poll, reset", polled.reset(Side::Client).frames());
}

#[test]
fn netbios_tries_names_and_port_445_needs_none() {
    let first = to(139)
        .client(&session_request("SRV"))
        .server(&refused(0x82))
        .close();
    let second = Script::tcp("10.0.0.1:40001", "10.0.0.2:139")
        .wait_secs(0.2)
        .connect()
        .client(&session_request("*SMBSERVER"))
        .server(&GRANTED);
    quiet("*SMBSERVER", Script::merge([first, second.close()]));
    quiet("445", smb().close().frames());
    let mut kept = smb_over_netbios();
    for _ in 0..9 {
        kept = kept.wait_secs(60.0).client(&[0x85, 0, 0, 0]);
    }
    quiet("keep-alives of NetBIOS", kept.close().frames());
}
