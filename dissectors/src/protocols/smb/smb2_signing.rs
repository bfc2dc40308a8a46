//! Signing and encryption that one side wants and the other does not give (MS-SMB2 3.2.5.1.3, 3.3.5.2.4, 3.3.5.2.9).

use std::collections::VecDeque;

use super::connection::At;
use super::wire2::{Header, command};
use crate::event::Fact;
use crate::units::{Side, Span};

/// STATUS_ACCESS_DENIED, with which a server refuses what is not signed or encrypted, or signed wrongly.
const ACCESS_DENIED: u32 = 0xC000_0022;
/// Requests without a signature that are remembered.
const MAX_UNSIGNED: usize = 64;

/// What is known of signing on a connection.
#[derive(Debug, Default)]
pub(super) struct Signing {
    /// The server requires it.
    pub(super) required: bool,
    /// A session's data are to be encrypted (SMB2_SESSION_FLAG_ENCRYPT_DATA).
    pub(super) encrypts: bool,
    /// The client signs.
    signs: bool,
    /// The server signs.
    is_signed: bool,
    /// The last requests in the clear without a signature.
    unsigned: VecDeque<u64>,
    /// FSCTL_VALIDATE_NEGOTIATE_INFO is the last request: its place, and its answer's.
    validates: Option<(u64, Span, Option<Span>)>,
}

impl Signing {
    /// A request in the clear. `validates`: it is FSCTL_VALIDATE_NEGOTIATE_INFO.
    pub(super) fn request(&mut self, header: &Header, validates: bool, span: Span) {
        if header.command <= command::SESSION_SETUP {
            return;
        }
        self.validates = validates.then_some((header.message_id, span, None));
        if header.is_signed() {
            self.signs = true;
            return;
        }
        if self.unsigned.len() >= MAX_UNSIGNED {
            self.unsigned.pop_front();
        }
        self.unsigned.push_back(header.message_id);
    }

    /// An answer in the clear. Says what about its request the server did not like; empty where it is not that.
    pub(super) fn answer(&mut self, header: &Header, span: Span) -> &'static str {
        if header.command <= command::SESSION_SETUP {
            return "";
        }
        if let Some((id, _, answer)) = &mut self.validates
            && *id == header.message_id
        {
            answer.get_or_insert(span);
        }
        self.is_signed |= header.is_signed();
        if header.status != ACCESS_DENIED {
            return "";
        }
        let unsigned = self.unsigned.contains(&header.message_id);
        if self.encrypts {
            "not encrypted"
        } else if unsigned && self.required {
            "not signed"
        } else if !unsigned
            && self.signs
            && self.is_signed
            && !header.is_signed()
            && !header.is_async()
        {
            "signed wrongly"
        } else {
            ""
        }
    }

    /// The connection is over.
    pub(super) fn over(&self, at: &mut At<'_, '_>) {
        if let Some((_, span, answer)) = self.validates {
            let fact = Fact::new("smb.validate-negotiate-last").with("answered", answer.is_some());
            at.out.fact(Side::Client, span, fact);
        }
    }
}
