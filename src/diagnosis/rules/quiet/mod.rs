//! What must stay quiet: healthy dialogues, also where the capture shows them badly, and the long or one-sided ways of
//! speaking that the protocols allow. No rule may fire here at warning or above, whatever rule it is.

mod by_design;
mod distorted;
mod endings;
mod troubles;

use crate::capture::script::Script;
use crate::diagnosis::rules::bench::calls::{answer, call, healthy, over_tcp, over_udp};
use crate::diagnosis::rules::bench::dcerpc;
use crate::diagnosis::smb::testing::{
    GRANTED, at_work, create, no, read, session_request, smb2, to,
};

/// A protocol nobody knows, with a long answer.
fn unknown() -> Script {
    let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:9999").connect();
    for _ in 0..4 {
        script = script.client(&[1; 200]).server(&[2; 5000]);
    }
    script
}

/// ONC RPC over TCP.
fn rpc() -> Script {
    healthy(over_tcp(), 6)
}

/// ONC RPC over UDP.
fn rpc_over_udp() -> Script {
    (1..7).fold(over_udp(), |script, xid| {
        script.client(&call(xid)).server(&answer(xid))
    })
}

/// DCE/RPC over TCP.
fn dce() -> Script {
    (2..7).fold(dcerpc::bound(), |script, id| {
        script
            .client(&dcerpc::request(id, 15))
            .server(&dcerpc::response(id, 0))
    })
}

/// SMB2 on port 445.
fn smb() -> Script {
    files(at_work(), 3)
}

/// SMB2 in a NetBIOS session.
fn smb_over_netbios() -> Script {
    let script = to(139).client(&session_request("SRV")).server(&GRANTED);
    files(script, 0)
}

/// Requests about files, each answered.
fn files(mut script: Script, first: u64) -> Script {
    for id in (first..first + 8).step_by(2) {
        script = script
            .client(&create(id, "report.txt"))
            .server(&no(5, id, 0xC000_0034))
            .client(&read(id + 1))
            .server(&smb2(8, id + 1, Some(0), &[17, 0, 80, 0, 0, 0, 0, 0]));
    }
    script
}

/// HTTP/1.1 with keep-alive.
fn http() -> Script {
    let mut script = Script::tcp("10.0.0.1:40000", "10.0.0.2:80").connect();
    for page in 0..5 {
        let get = format!("GET /{page} HTTP/1.1\r\nHost: a\r\n\r\n");
        script = script
            .client(get.as_bytes())
            .server(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
    script
}

fn all_over_tcp() -> [(&'static str, Script); 6] {
    [
        ("unknown", unknown()),
        ("rpc", rpc()),
        ("dcerpc", dce()),
        ("smb", smb()),
        ("smb over netbios", smb_over_netbios()),
        ("http", http()),
    ]
}
