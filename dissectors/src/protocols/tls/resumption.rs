//! Earlier sessions: what a client offers to resume, and what a server gives out to be resumed later.

use super::hello::{ClientHello, ServerHello};
use super::wire::{self, Cursor};
use crate::event::Fact;

/// By what a session is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// RFC 5246 7.3.
    SessionId,
    /// RFC 5077.
    Ticket,
    /// RFC 8446 4.2.11.
    Psk,
    /// A key that both sides were given beforehand resumes nothing (RFC 8446 4.2.11).
    External,
}

impl By {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::SessionId => "session ID",
            Self::Ticket => "ticket",
            Self::Psk => "PSK",
            Self::External => "external PSK",
        }
    }
}

/// What a client offers to resume.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    by: By,
    /// What it names, in short: see [`short`].
    id: i64,
    /// Its session id, in short, which tells even beside a ticket.
    session_id: i64,
    extended_master_secret: bool,
    tls13: bool,
}

impl Offer {
    pub(super) fn of(hello: &ClientHello<'_>) -> Option<Self> {
        let tls13 = wire::is_tls13(hello.version);
        let (by, named) = if let Some(identity) = hello.psk {
            let by = if hello.psk_is_external {
                By::External
            } else {
                By::Psk
            };
            (by, identity)
        } else if !hello.ticket.is_empty() {
            (By::Ticket, hello.ticket)
        } else {
            // With TLS 1.3 an id is most often there only to look like TLS 1.2 (RFC 8446 4.1.2).
            (By::SessionId, hello.session_id)
        };
        (!named.is_empty()).then(|| Self {
            by,
            id: short(named),
            session_id: short(hello.session_id),
            extended_master_secret: hello.extended_master_secret,
            tls13,
        })
    }

    pub(super) const fn by(&self) -> By {
        self.by
    }

    /// What it offers was made for resuming, and not only to look so.
    pub(super) const fn is_meant(&self) -> bool {
        match self.by {
            By::SessionId => !self.tls13,
            By::Ticket | By::Psk => true,
            By::External => false,
        }
    }

    /// `tls.resumption-refused`.
    pub(super) fn refused(&self) -> Fact {
        Fact::new("tls.resumption-refused")
            .with("by", self.by.name())
            .with("id", self.id)
            .with("session_id", self.session_id)
            .with("meant", self.is_meant())
            .with("extended_master_secret", self.extended_master_secret)
    }

    /// `tls.resumption-offered`, told where the handshake fails.
    pub(super) fn offered(&self) -> Fact {
        Fact {
            name: "tls.resumption-offered",
            ..self.refused()
        }
    }
}

/// `tls.session-issued` of a ServerHello's session id, up to TLS 1.2.
pub(super) fn issued_id(hello: &ServerHello<'_>) -> Option<Fact> {
    let issues = !hello.session_id.is_empty() && !wire::is_tls13(hello.version);
    issues.then(|| {
        issued(
            By::SessionId,
            hello.session_id,
            Some(hello.extended_master_secret),
        )
    })
}

/// `tls.session-issued` of a NewSessionTicket's body (RFC 5077 3.3, RFC 8446 4.6.1).
///
/// `ems`: whether the extended master secret is used, where the ServerHello was read.
pub(super) fn issued_ticket(body: &[u8], tls13: bool, ems: Option<bool>) -> Option<Fact> {
    let mut c = Cursor::new(body, 0, &[]);
    let lifetime = c.u32()?;
    if tls13 {
        c.u32()?;
        c.vector(1)?;
    }
    let ticket = c.vector(2)?.rest();
    let by = if tls13 { By::Psk } else { By::Ticket };
    (!ticket.is_empty()).then(|| issued(by, ticket, ems).with("lifetime", lifetime))
}

fn issued(by: By, id: &[u8], extended_master_secret: Option<bool>) -> Fact {
    let fact = Fact::new("tls.session-issued")
        .with("by", by.name())
        .with("id", short(id));
    match extended_master_secret {
        Some(used) => fact.with("extended_master_secret", used),
        None => fact,
    }
}

/// A fingerprint (FNV-1a), as long as a value may be: ids and tickets are random, so it tells them apart.
fn short(bytes: &[u8]) -> i64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash as i64
}
