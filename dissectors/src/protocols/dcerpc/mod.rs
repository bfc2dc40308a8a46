//! DCE/RPC, connection-oriented: associations over TCP and over SMB's named pipes; in datagrams each PDU tells its
//! call (activity and sequence number), so that nothing is kept of it here.
//!
//! Heads up: read C706 chapter 12 (RPC PDU encodings; 12.6 is the connection-oriented part), chapter 9.5 and
//! appendix N (reject codes), then MS-RPCE 2.2.2 and 3.3.1.5 for what Microsoft added: three-leg
//! authentication, bind-time features, more reject reasons. The endpoint mapper is C706 appendices I, L and O.
//!
//! ```text
//!  0       1       2       3       4               8       10      12              16
//!  +-------+-------+-------+-------+---------------+-------+-------+---------------+----
//!  | vers 5| minor | PTYPE | flags | data rep (4)  | frag  | auth  | call_id (4)   | body …
//!  +-------+-------+-------+-------+---------------+-length+-length+---------------+----
//!                           | |                     with the header; in the sender's byte order
//!      FIRST 01, LAST 02, PENDING_CANCEL 04, CONC_MPX 10, DID_NOT_EXECUTE 20, MAYBE 40, OBJECT_UUID 80
//!
//!  … body │ padding │ type (1) level (1) pad length (1) 0 (1) context id (4) │ token, auth length bytes
//! ```
//!
//! ```text
//!            bind             bind_ack, a context accepted
//!   (none) ────────► negotiating ──────────────────────────────► open ─ shutdown, FIN ─► releasing
//!                      │   │  bind_ack with a token               ▲                     │
//!                      │   └──────────► authenticating ───────────┘ auth3, call,        │ both
//!                      │ bind_nak, nothing accepted                 alter_context_resp  ▼
//!                      └──────────► refused                                   closed or aborted
//! ```
//!
//! One session an association. Exchanges: `Bind`, `AlterContext` and each call, by call id. Messages: `Auth3`,
//! `Shutdown`, and a `Fault` that answers an auth3.
//!
//! Details: `pipe` (within SMB), `interface`, `transfer_syntax`, `association_group`, `max_xmit_frag`, `max_recv_frag`,
//! `secondary_address`, `auth_type`, `auth_level`, `user`, `domain`, `workstation`, `anonymous`,
//! `multiplexing`, `data_representation` (where it is big-endian).
//!
//! Facts, with their values:
//!
//! | fact | values |
//! |---|---|
//! | `dcerpc.bind-nak` | `reason_code`, `reason`, `versions`, `answers_bind` (false: it answers a call) |
//! | `dcerpc.pipe-context` | `set` (of [`Op`](crate::event::Op)s that were asked on this context where its bind was not seen), `interface` (UUID): offered in a pipe whose SMB session may have several connections; the first 16 |
//! | `dcerpc.context-rejected` | `context`, `interface`, `version`, `transfer`, `result`, `reason_code`, `reason`, `accepted` (how many others were), `alter`; one an interface, never for features |
//! | `dcerpc.unknown-context` | `context`, `why` (`no bind`, `never offered`, `rejected`), `reason`, `interface`, `operation` |
//! | `dcerpc.fragments-broken` | `what` (`a second first fragment`, `a fragment without a first`, `no last fragment`), `call`, `ended` (with the last: `fin`, `reset`, `capture`) |
//! | `dcerpc.fragment-too-large` | `length`, `limit`; once a side |
//! | `dcerpc.fault` | `status`, `name`, `operation`, `did_not_execute`, `before_call` (no call was open), `answers_bind`, `after_auth3` (nothing was answered in order since) |
//! | `dcerpc.call-failed` | `operation`, `status`, `name`: the operation's return value is a failure; the first of each operation and status |
//! | `dcerpc.endpoint-mapped` | `interface`, `protocol`, `address`, `port`, `pipe` |
//! | `dcerpc.endpoint-not-registered` | `interface`, `protocol` |
//! | `dcerpc.cancelled`, `dcerpc.orphaned` | `call`, `open`; where it is open: `operation`, `long_wait` (it is answered when something happens) |
//! | `dcerpc.shutdown` | `open_calls` |
//! | `ntlm.out-of-order` | `what`: a message of NTLM out of its place |
//! | `ntlm.challenge-unanswered` | `count`: the client was challenged and did not answer, at the end |
//! | `kerberos.error` | `code`, `name`, `text`, `asked` (AP-REQ), `time` and `micros` (the server's, since 1970): a Kerberos error in a token |
//! | `dcerpc.unexpected-pdu` | `pdu`: a client's PDU from the server or the other way round; once |

mod answers;
mod calls;
mod contexts;
mod datagram;
mod describe;
mod epm;
mod exchange;
pub(super) mod fields;
mod interfaces;
mod names;
mod negotiate;
mod ntlm;
pub mod pipes;
mod session;
mod state;
mod statuses;
#[cfg(test)]
mod tests;
mod told;
mod wire;

use crate::dissector::{Carrier, Probe, Protocol, Speaker, Verdict};
use wire::{HEADER, Header};

/// DCE/RPC associations.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dcerpc",
    title: "DCE/RPC (C706, MS-RPCE)",
    carriers: &[Carrier::Stream, Carrier::Datagrams],
    ports: &[135],
    sessions: &["dcerpc"],
    probe,
    start: |start| match start.carrier {
        Carrier::Datagrams => Box::new(datagram::Datagrams::default()),
        Carrier::Stream | Carrier::Inside => Box::new(session::Association::start(start)),
    },
};

/// The header alone decides: version, type, data representation and lengths leave hardly one in 10^12 of
/// other people's bytes.
fn probe(probe: &Probe<'_>) -> Verdict {
    if probe.carrier == Carrier::Datagrams {
        return datagram::probe(probe.bytes);
    }
    match probe.bytes {
        [5, 0 | 1, ..] if probe.bytes.len() >= HEADER => {}
        [] | [5] | [5, 0 | 1, ..] => return Verdict::NeedMore,
        _ => return Verdict::No,
    }
    match Header::read_strictly(probe.bytes).and_then(|h| h.kind.is_clients()) {
        Some(true) => Verdict::Certain(Speaker::Client),
        Some(false) => Verdict::Certain(Speaker::Server),
        None => Verdict::No,
    }
}
