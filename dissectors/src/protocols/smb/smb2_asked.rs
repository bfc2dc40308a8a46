//! SMB2: what is known of requests that wait for an answer, and what they wait for.

use super::auth::{Identity, Token};
use super::bytes::{u8_at, u16_at, u32_at};
use super::files::{Files, Kind};
use super::wire2::{self, HEADER, Header, UNSOLICITED, command};
use crate::event::Expect;

/// What an answer needs to know of its request.
#[derive(Debug)]
pub(super) enum Asked {
    /// And whether it binds this connection to a session that is there already.
    Setup(Box<Token>, bool),
    Tree(String),
    Create {
        name: String,
        access: u32,
        /// CreateDisposition, and whether a directory is wanted.
        makes: (u8, bool),
        tree: u32,
        /// It takes back an open that survived its connection.
        reconnects: bool,
        /// The FileId that it had.
        old: Option<u64>,
        /// The lease that it asks for.
        lease: Option<u64>,
    },
    /// Of a pipe, or a file that may be one.
    Read(u64),
    Close(Option<u64>),
    /// Of another request on a file.
    On(u64),
    Dialects(Vec<u16>),
    Other,
}

/// What is known of a connected share.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// What a request waits for (guard T7; MS-CIFS 3.2.6.1 lists the same waits).
pub(super) fn expect(header: &Header, pdu: &[u8], file: Option<u64>, files: &Files) -> Expect {
    let is_pipe = || file.is_some_and(|key| files.kind(key) == Kind::Pipe);
    match header.command {
        command::CHANGE_NOTIFY => Expect::LongWait("CHANGE_NOTIFY waits for a change"),
        command::LOCK if wire2::lock_waits(pdu) => {
            Expect::LongWait("LOCK waits for another's lock to go")
        }
        command::READ if is_pipe() => Expect::LongWait("a pipe's READ waits for data"),
        command::IOCTL if u32_at(pdu, HEADER + 4) == Some(wire2::PIPE_WAIT) => {
            Expect::LongWait("FSCTL_PIPE_WAIT waits for a pipe's instance")
        }
        _ => Expect::Answer,
    }
}

/// The dialects that NEGOTIATE offers (MS-SMB2 2.2.3).
pub(super) fn dialects(pdu: &[u8]) -> Vec<u16> {
    /// There are six.
    const MOST: usize = 16;
    let count = usize::from(u16_at(pdu, HEADER + 2).unwrap_or_default()).min(MOST);
    (0..count)
        .map_while(|n| u16_at(pdu, HEADER + 36 + 2 * n))
        .collect()
}

/// True for a message that the server sends unasked: a break of an oplock or lease, a notification.
pub(super) const fn is_unsolicited(header: &Header) -> bool {
    header.message_id == UNSOLICITED
}

/// The names of a token's owner, for facts.
pub(super) fn identity(token: &Token) -> Identity {
    token.identity.clone().unwrap_or_default()
}

/// The type of a connected share (2.2.10).
pub(super) fn share_kind(pdu: &[u8]) -> Kind {
    match u8_at(pdu, HEADER + 2) {
        Some(2) => Kind::Pipe,
        Some(1 | 3) => Kind::Opaque,
        _ => Kind::Unsure,
    }
}
