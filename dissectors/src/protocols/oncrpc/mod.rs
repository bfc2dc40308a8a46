//! ONC RPC: Remote Procedure Call version 2, and the programs that live on it.
//!
//! Heads up: read RFC 5531 first (sections 8 to 11), then RFC 1833 (port mapper), RFC 1813 (NFSv3 and MOUNT),
//! RFC 7530 and RFC 8881 (NFSv4) and RFC 2203 (RPCSEC_GSS) for the part at hand.
//!
//! ```text
//!   TCP: one record is one message, in fragments        UDP: one datagram is one message
//!
//!   +-+-------------------------------+
//!   |L| length of this fragment (31)  |   L: the last fragment of the record
//!   +-+-------------------------------+
//!   | xid            | 0 = CALL       | rpcvers | prog | vers | proc | cred | verf | arguments
//!   | xid            | 1 = REPLY      | 0 = MSG_ACCEPTED | verf | accept_stat | results
//!   |                |                | 1 = MSG_DENIED   | reject_stat | low, high or auth_stat
//! ```
//!
//! ```text
//!   a program's session:
//!             RPCSEC_GSS_INIT                  accepted
//!   (first) ─────────────────> authenticating ──────────> open <──┐
//!      │ accepted                                          ^      │ any message
//!      ├───────────────────────────────────────────────────┘──────┘
//!      └─ denied, PROG_UNAVAIL, PROG_MISMATCH ──> refused ── accepted ──> open
//! ```
//!
//! Calls of NFS (with NFSACL and NFSv4's callbacks), MOUNT, the port mapper, NLM and NSM are told in a session of
//! that program within the RPC session (`Scope`, keyed by the program's number in the upper half); calls of all other
//! programs, and trouble with the records, in the RPC session itself. An NFSv4 COMPOUND is named by its main
//! operation (`nfs4 READ`); all of its operations stand in its text.
//!
//! Facts (with values; `exchange` where there is a call):
//!
//! | fact | values |
//! |---|---|
//! | `rpc.record-mark-absurd` | `mark`, `length`, `last`, `beginning` (the side's first bytes), `after_loss`, `text` (when the four bytes are text) |
//! | `rpc.not-rpc` | `beginning`, `after_loss`: a believable mark with no RPC message behind it |
//! | `rpc.last-fragment-missing` | `fragments`, `bytes`, `followed` (another message began behind it; else the side ended), `between_fragments` (it ended behind a whole fragment): a record that never had its last fragment |
//! | `rpc.version` | `rpcvers`: a call of another RPC version than 2 |
//! | `rpc.version-mismatch` | `program`, `program_name`, `version`, `procedure`, `low`, `high` |
//! | `rpc.auth-error` | the same four, `auth_stat` (name), `code`, `flavor`, `flavor_name`, `uid`, `gid` |
//! | `rpc.program-unavailable` | the same four, `accept_stat` (`PROG_UNAVAIL`, `PROG_MISMATCH`, `PROC_UNAVAIL`), `low`, `high` |
//! | `rpc.server-error` | the same four, `accept_stat` (`GARBAGE_ARGS`, `SYSTEM_ERR`), `code` |
//! | `rpc.unknown-reply` | the same four, `code`: a `reply_stat` or `reject_stat` that nobody defined |
//! | `rpc.gss-discardable` | `sequence`, `highest`, `window` (0: unknown), `used_before`: a call under RPCSEC_GSS that its server is to discard without a word (RFC 2203 section 5.3.3.1) |
//! | `portmap.answer` | `program`, `program_name`, `version`, `protocol` (netid), `port` (0: not registered), `address` |
//! | `nfs.client-given` | `client`: EXCHANGE_ID gave the client id, or SETCLIENTID_CONFIRM confirmed it |
//! | `nfs.client-refused` | `client`: STALE_CLIENTID or EXPIRED answered a call that names the client id |
//! | `nfs.session-given`, `nfs.session-ended` | `session`: CREATE_SESSION gave it, DESTROY_SESSION ended it |
//! | `nfs.session-refused` | `session`, `known` (calls of it were taken in this connection, or it was given there): BADSESSION |
//! | `nfs.access-denied` | `status`, `operation`, `flavor_name`, `uid`, `gid`, `path` (of MNT) |
//!
//! Details: `program`, `program_name`, `version`, `auth_flavor`, `machine_name`, `uid`, `gid`, `gss_service`,
//! `gss_window`, `gss_contexts` (made), `gss_contexts_destroyed`, `export`, `mappings`.
//!
//! On the ports 111 and 2049 a client that begins with something that can be no record is taken for somebody who
//! meant RPC, once no other protocol has recognised it: `rpc.record-mark-absurd` or `rpc.not-rpc` with `beginning`.

mod auth;
mod begins;
mod call;
mod calls;
mod clients;
mod describe;
pub(super) mod fields;
mod files;
mod gss;
mod nfs4;
mod portmap;
mod probe;
mod procedures;
mod programs;
mod record;
mod reply;
mod session;
mod slots;
mod status;
#[cfg(test)]
mod tests;
mod wire;
mod xdr;

use crate::dissector::{Carrier, Protocol};

/// ONC RPC as the registry knows it.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "rpc",
    title: "ONC RPC (RFC 5531)",
    carriers: &[Carrier::Stream, Carrier::Datagrams],
    ports: &[111, 2049],
    sessions: &["rpc", "nfs", "mount", "portmap", "nlm", "nsm"],
    probe: probe::probe,
    start: |start| Box::new(session::Rpc::new(start)),
};
