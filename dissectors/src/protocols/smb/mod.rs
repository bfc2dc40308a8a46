//! SMB1 (CIFS), SMB2 and SMB3.
//!
//! Heads up: read MS-SMB2 sections 2.2 and 3.3.5, MS-CIFS 2.2.3 and 3.2, MS-SMB for its extensions, and
//! MS-NLMP 2.2.1 for who logs on, first.
//!
//! A message comes as the four bytes of its NBSS head with the content behind it, so that file data is
//! skipped and never kept. One message holds one SMB1 message, a compound of SMB2 messages (each is an event
//! of its own), one encrypted or one compressed message.
//!
//! ```text
//!   NEGOTIATE        Negotiating
//!   SESSION_SETUP    Authenticating; leg by leg while the answer is MORE_PROCESSING_REQUIRED
//!     success        Open               other answer: Refused, while nobody else is logged on
//!   TREE_CONNECT ... work, and LOGOFF of the last: Closed
//! ```
//!
//! The session begins as `smb`, and becomes `smb2` with the first SMB2 message: an SMB1 NEGOTIATE that is
//! answered in SMB2 (MS-SMB2 3.3.5.3) stays one dialogue.
//!
//! What pipes carry goes down to the child `dcerpc`, one child a FileId: WRITE and the input of
//! FSCTL_PIPE_TRANSCEIVE as the client's bytes, READ and its output as the server's.
//!
//! Details: `dialect`, `signing` (`required`, `enabled`), `cipher`, `mechanism`, `service` (of a ticket), `user`, `domain`,
//! `workstation`, `guest`, `anonymous`, `shares`, `session_ids`, `native_os`, `encrypted`, `compressed`,
//! `client_guid`, `server_guid`, `channel_of` (SessionIds that this connection was bound to); and of the ledgers, at
//! the end: `bytes_read`, `bytes_written` (SMB2), `files_opened`, `files_at_once`, `files_left`, `trees_left`, `sessions_left`, `credits_granted`,
//! `credits_charged`, `credits_left` or, where the capture does not tell all, `credits_left_at_least`.
//!
//! Facts, each in its exchange; `status` is the name (or the number as text), `code` the number:
//!
//! | fact | values |
//! |---|---|
//! | `smb.negotiate-failed` | `status`, `code`, `dialects` |
//! | `smb.session-setup-failed` | `status`, `code`, `user`, `domain`, `workstation`, `mechanism` |
//! | `smb.tree-connect-failed` | `status`, `code`, `signing` (SMB2: `not signed`, `signed wrongly` or `not encrypted` where that was the reason), `path` |
//! | `smb.create-failed` | `status`, `code`, `signing`, `name`, `access` (the desired one), `pipe`, `share`, `reconnects` (a durable open), `old` (the key of the FileId that it had) |
//! | `smb.create-pending` | `name`: a CREATE got an interim answer, the first 64 times |
//! | `smb.request-failed` | `status`, `code`, `signing`, `command`, `name`: refused for access, resources, a lock, or a session or tree that is gone |
//! | `smb.credits-zero` | `granted`, `outstanding`: an answer leaves the client without a credit |
//! | `smb.credits-exhausted` | once: requests at work have often taken the client's last credit |
//! | `smb.message-id-reused` | `message_id`, `charge`, `command`: a request has a MessageId that was used before; not of an exchange |
//! | `smb.message-id-beyond` | the same, and `limit`: no credit allows this id or a higher one |
//! | `smb.files-held` | `open`, `pipes` (of these), `opened`, `most` (at once), `name` (that most of them have), `same` (how many do), `names`, `keys` (of their FileIds): 16 files are open at once for the first time, then 32, 64, …; not of an exchange |
//! | `smb.files-left` | the same, at the end: files that were not closed |
//! | `smb.file-reclaimed` | `name`, `file` (the key of the FileId that it had): a durable open was given back; not of an exchange |
//! | `smb.trees-held` | `open`, `path`: one share is connected 16 times at once, 32, …; not of an exchange |
//! | `smb.mechanism-fallback` | `by` (`client` or `server`), `offered`: NTLM came about although the other side has Kerberos; not of an exchange |
//! | `ntlm.out-of-order` | `what`: a message of NTLM out of its place; not of an exchange |
//! | `ntlm.challenge-unanswered` | `count`: logons that were challenged and never answered, at the end; not of an exchange |
//! | `kerberos.error` | `code`, `name`, `user`, `service`, `text`, `asked` (AP-REQ), `time` and `micros` (the server's, since 1970): a Kerberos error in a token |
//! | `smb.break-unacknowledged` | `lease`, `name`: an oplock or lease was asked back, and not given back until the end; not of an exchange |
//! | `smb.break-answered` | the same: it was given back, after long; not of an exchange |
//! | `smb.validate-negotiate-last` | `answered`: nothing was asked after FSCTL_VALIDATE_NEGOTIATE_INFO; not of an exchange |
//! | `smb.compound-failed` | `command`, `status`, `code`, `followers`: requests of a compound failed because the first of them did |
//! | `smb.credits-shrunk` | once: `most`, `now`, `wanted` (since there were most), `charged`, `granted`: credits that the client holds or has at work |
//! | `smb.logged-on` | `user`, `domain`, `anonymous`, `guest`: a logon succeeded, of nobody, as a guest or after a refusal; not of an exchange |
//! | `smb.session-renewed` | a SESSION_SETUP succeeded for a SessionId that was logged on already |

mod auth;
mod bytes;
mod connection;
mod describe;
mod dos;
pub(super) mod fields;
mod files;
mod framing;
mod names;
mod ntstatus;
mod security;
mod smb1;
mod smb1_replies;
mod smb2;
mod smb2_asked;
mod smb2_breaks;
mod smb2_ledger;
mod smb2_left;
mod smb2_locks;
mod smb2_replies;
mod smb2_signing;
#[cfg(test)]
mod tests;
mod text;
mod wire1;
mod wire2;

use crate::dissector::{Carrier, Probe, Protocol, Verdict};

/// SMB, inside NBSS or direct hosting.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "smb",
    title: "Server Message Block 1, 2 and 3 (MS-CIFS, MS-SMB, MS-SMB2)",
    carriers: &[Carrier::Inside],
    ports: &[],
    sessions: &["smb", "smb2"],
    probe,
    start: framing::start,
};

/// Never found by itself: the session service starts it.
const fn probe(_: &Probe<'_>) -> Verdict {
    Verdict::No
}
