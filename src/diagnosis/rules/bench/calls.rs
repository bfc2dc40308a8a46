//! Calls that any rule on requests and answers can be tested with: ONC RPC NULL calls of NFS (RFC 5531, RFC 1813).

use crate::capture::script::Script;

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

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}
