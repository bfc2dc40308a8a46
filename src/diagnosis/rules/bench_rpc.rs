//! Messages of ONC RPC for the tests of its rules (RFC 5531 section 9).

pub(crate) const PORTMAP: u32 = 100_000;
pub(crate) const NFS: u32 = 100_003;
pub(crate) const MOUNT: u32 = 100_005;

pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_be_bytes()).collect()
}

/// A string or opaque, padded.
pub(crate) fn opaque(bytes: &[u8]) -> Vec<u8> {
    let mut all = words(&[bytes.len() as u32]);
    all.extend_from_slice(bytes);
    all.resize(all.len().next_multiple_of(4), 0);
    all
}

/// A call of `[program, version, procedure]` with AUTH_SYS of user 1000, without its mark.
pub(crate) fn call(xid: u32, [program, version, procedure]: [u32; 3], args: &[u8]) -> Vec<u8> {
    let cred = [words(&[7]), opaque(b"ada"), words(&[1000, 100, 0])].concat();
    [
        words(&[xid, 0, 2, program, version, procedure, 1]),
        opaque(&cred),
        words(&[0, 0]),
        args.to_vec(),
    ]
    .concat()
}

/// An accepted reply with its `accept_stat` and what follows.
pub(crate) fn reply(xid: u32, accept_stat: u32, rest: &[u32]) -> Vec<u8> {
    words(&[&[xid, 1, 0, 0, 0, accept_stat], rest].concat())
}

/// A denied reply from its `reject_stat` on.
pub(crate) fn denied(xid: u32, rest: &[u32]) -> Vec<u8> {
    words(&[&[xid, 1, 1], rest].concat())
}

/// A message as a record of one fragment, for TCP.
pub(crate) fn record(message: &[u8]) -> Vec<u8> {
    [
        words(&[message.len() as u32 | 0x8000_0000]),
        message.to_vec(),
    ]
    .concat()
}

/// A call as a record.
pub(crate) fn asks(xid: u32, target: [u32; 3], args: &[u8]) -> Vec<u8> {
    record(&call(xid, target, args))
}

/// An accepted reply as a record.
pub(crate) fn answers(xid: u32, accept_stat: u32, rest: &[u32]) -> Vec<u8> {
    record(&reply(xid, accept_stat, rest))
}
