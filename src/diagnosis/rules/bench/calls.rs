//! Calls that any rule on requests and answers can be tested with: ONC RPC NULL calls of NFS (RFC 5531, RFC 1813).

use colloquy_dissectors::units::Side;

use crate::capture::script::{Script, flag};

/// A connection to an NFS server.
pub(crate) fn over_tcp() -> Script {
    Script::tcp("10.0.0.1:40000", "10.0.0.2:2049").connect()
}

/// A conversation with an NFS server.
pub(crate) fn over_udp() -> Script {
    Script::udp("10.0.0.1:40000", "10.0.0.2:2049")
}

/// A call without arguments, as a datagram.
pub(crate) fn call(xid: u32) -> Vec<u8> {
    words(&[xid, 0, 2, 100_003, 3, 0, 0, 0, 0, 0])
}

/// Its answer, as a datagram.
pub(crate) fn answer(xid: u32) -> Vec<u8> {
    words(&[xid, 1, 0, 0, 0, 0])
}

/// A message as a record, for TCP.
pub(crate) fn record(message: &[u8]) -> Vec<u8> {
    let mark = 0x8000_0000 | message.len() as u32;
    [&mark.to_be_bytes(), message].concat()
}

/// `count` calls, each answered within a round trip.
pub(crate) fn healthy(mut script: Script, count: u32) -> Script {
    for xid in 1..=count {
        script = script
            .client(&record(&call(xid)))
            .server(&record(&answer(xid)));
    }
    script
}

/// A connection captured at the server, its client 20 ms away: one call, then three more with their answers, which the
/// client has not acknowledged yet.
pub(crate) fn far_client() -> FarClient {
    let all = |make: fn(u32) -> Vec<u8>| (2..5).flat_map(|xid| record(&make(xid))).collect();
    let (calls, answers): (Vec<u8>, Vec<u8>) = (all(call), all(answer));
    let (first, answered) = (record(&call(1)), record(&answer(1)));
    let (asked, got) = (1 + first.len() as u32, 1 + answered.len() as u32);
    let (client, server) = (asked + calls.len() as u32, got + answers.len() as u32);
    let script = Script::tcp("10.0.0.1:40000", "10.0.0.2:2049")
        .segment(Side::Client, flag::SYN, 0, 0, b"")
        .segment(Side::Server, flag::SYN | flag::ACK, 0, 1, b"")
        .wait_ms(20)
        .segment(Side::Client, flag::ACK, 1, 1, b"")
        .segment(Side::Client, flag::ACK, 1, 1, &first)
        .segment(Side::Server, flag::ACK, 1, asked, &answered)
        .wait_ms(20)
        .segment(Side::Client, flag::ACK, asked, got, b"")
        .segment(Side::Client, flag::ACK, asked, got, &calls)
        .segment(Side::Server, flag::ACK, got, client, &answers);
    FarClient {
        script,
        client,
        server,
    }
}

/// What [`far_client`] has said.
pub(crate) struct FarClient {
    script: Script,
    client: u32,
    server: u32,
}

impl FarClient {
    /// The client resets so many milliseconds later, and acknowledges all answers with that.
    pub(crate) fn reset_after(self, milliseconds: i64) -> Script {
        let flags = flag::RST | flag::ACK;
        let script = self.script.wait_ms(milliseconds);
        script.segment(Side::Client, flags, self.client, self.server, b"")
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}
