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
    /// TREE_CONNECT must be signed or encrypted: the dialect is 3.1.1 (MS-SMB2 3.3.5.7), and the server was not seen to do without.
    pub(super) trees_signed: bool,
    /// A guest or nobody is logged on, who need not sign.
    pub(super) nobody: bool,
    /// The last requests in the clear without a signature.
    unsigned: VecDeque<u64>,
    /// FSCTL_VALIDATE_NEGOTIATE_INFO is the last request.
    validates: Option<Box<Validation>>,
    /// The tree and the access of the last CREATE that was granted with a signature.
    granted: (u32, u32),
    /// The first of the signed requests that were refused although their like was granted, where none was granted since.
    doubt: Option<Box<Span>>,
}

/// A check of what was negotiated: its place, and its answer's.
#[derive(Debug)]
struct Validation {
    id: u64,
    request: Span,
    answer: Option<Span>,
}

impl Signing {
    /// A request in the clear. `validates`: it is FSCTL_VALIDATE_NEGOTIATE_INFO.
    pub(super) fn request(&mut self, header: &Header, validates: bool, span: Span) {
        if header.command <= command::SESSION_SETUP {
            return;
        }
        self.validates = validates.then(|| {
            Box::new(Validation {
                id: header.message_id,
                request: span,
                answer: None,
            })
        });
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
        if let Some(validation) = &mut self.validates
            && validation.id == header.message_id
        {
            validation.answer.get_or_insert(span);
        }
        self.is_signed |= header.is_signed();
        if header.status == 0 {
            self.granted(header);
        }
        if header.status != ACCESS_DENIED {
            return "";
        }
        let unsigned = self.unsigned.contains(&header.message_id);
        if self.encrypts {
            "not encrypted"
        } else if unsigned && self.required {
            "not signed"
        } else if unsigned
            && header.command == command::TREE_CONNECT
            && self.trees_signed
            && !self.nobody
        {
            "neither signed nor encrypted"
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

    /// A request was carried out.
    fn granted(&mut self, header: &Header) {
        if header.is_signed() {
            self.doubt = None;
        } else if header.command == command::TREE_CONNECT
            && self.trees_signed
            && self.unsigned.contains(&header.message_id)
        {
            self.trees_signed = false;
        }
    }

    /// A CREATE was granted.
    pub(super) const fn opened(&mut self, header: &Header, access: u32) {
        if header.is_signed() {
            self.granted = (header.tree_id, access);
        }
    }

    /// A CREATE was refused with a signed answer, which is what a wrong signature looks like at some servers: true where its like
    /// was granted before.
    pub(super) fn doubts(&mut self, header: &Header, access: u32, answer: Span) -> bool {
        let alike = header.status == ACCESS_DENIED
            && header.is_signed()
            && self.granted == (header.tree_id, access);
        if alike {
            self.doubt.get_or_insert_with(|| Box::new(answer));
        }
        alike
    }

    /// The connection is over.
    pub(super) fn over(&self, at: &mut At<'_, '_>) {
        if let Some(validation) = &self.validates {
            let answered = validation.answer.is_some();
            let fact = Fact::new("smb.validate-negotiate-last").with("answered", answered);
            at.out.fact(Side::Client, validation.request, fact);
        }
        if let Some(answer) = &self.doubt {
            let fact = Fact::new("smb.signature-in-doubt");
            at.out.fact(Side::Server, **answer, fact);
        }
    }
}
