//! Breaks of oplocks and leases that wait for the client's acknowledgment (MS-SMB2 3.3.4.6, 3.3.4.7, 3.3.5.22).

use hashbrown::HashMap;

use super::bytes::{part, u8_at, u16_at, u32_at};
use super::connection::At;
use super::wire2::{self, HEADER};
use crate::event::Fact;
use crate::units::{Side, Span};

/// Files with an oplock or a lease that are remembered.
const MAX_HELD: usize = 4096;
/// Breaks that are waited for.
const MAX_WAITING: usize = 256;
/// Breaks that are told.
const MAX_TOLD: usize = 8;
/// SMB2_OPLOCK_LEVEL_EXCLUSIVE: from here on a break has to be acknowledged.
const EXCLUSIVE: u8 = 8;
/// SMB2_OPLOCK_LEVEL_LEASE.
const LEASE: u8 = 0xFF;

/// What a client may hold back for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// An oplock on a file.
    Oplock(u64),
    /// A lease, by a fold of its key.
    Lease(u64),
}

#[derive(Debug)]
struct Wait {
    right: Right,
    span: Span,
    name: String,
}

/// Which rights are held, and which of them the server asks back.
#[derive(Debug, Default)]
pub(super) struct Breaks {
    held: HashMap<u64, Right>,
    waiting: Vec<Wait>,
}

impl Breaks {
    /// CREATE was answered: the file and what was granted with it (2.2.14). `lease`: the key that was asked with.
    pub(super) fn created(&mut self, file: u64, pdu: &[u8], lease: Option<u64>) {
        let right = match (u8_at(pdu, HEADER + 2), lease) {
            (Some(LEASE), Some(key)) => Right::Lease(key),
            (Some(level), _) if (EXCLUSIVE..LEASE).contains(&level) => Right::Oplock(file),
            _ => return,
        };
        if self.held.len() < MAX_HELD {
            self.held.insert(file, right);
        }
    }

    /// The server asks for a right back (2.2.23). `name`: of a file.
    pub(super) fn asked(&mut self, pdu: &[u8], name: impl Fn(u64) -> String, span: Span) {
        let (right, name) = match u16_at(pdu, HEADER) {
            Some(24) => {
                let Some(file) = wire2::file_key(pdu, HEADER + 8) else {
                    return;
                };
                let right = Right::Oplock(file);
                // A level II oplock needs no answer.
                if self.held.get(&file) != Some(&right) {
                    return;
                }
                (right, name(file))
            }
            // SMB2_NOTIFY_BREAK_LEASE_FLAG_ACK_REQUIRED.
            Some(44) if u32_at(pdu, HEADER + 4).is_some_and(|flags| flags & 1 != 0) => {
                let Some(key) = lease_key(pdu, HEADER + 8) else {
                    return;
                };
                let right = Right::Lease(key);
                let file = self.held.iter().find(|(_, held)| **held == right);
                (
                    right,
                    file.map_or_else(String::new, |(file, _)| name(*file)),
                )
            }
            _ => return,
        };
        let known = self.waiting.iter().any(|wait| wait.right == right);
        if !known && self.waiting.len() < MAX_WAITING {
            self.waiting.push(Wait { right, span, name });
        }
    }

    /// The client gives a right back (2.2.24).
    pub(super) fn acknowledged(&mut self, pdu: &[u8], at: &mut At<'_, '_>) {
        let right = match u16_at(pdu, HEADER) {
            Some(24) => wire2::file_key(pdu, HEADER + 8).map(Right::Oplock),
            Some(36) => lease_key(pdu, HEADER + 8).map(Right::Lease),
            _ => None,
        };
        if let Some(right) = right {
            self.given_back(|wait| wait.right == right, at);
            if let Right::Oplock(file) = right {
                self.held.remove(&file);
            }
        }
    }

    /// The client closes a file, and with it what it holds there.
    pub(super) fn closed(&mut self, file: u64, at: &mut At<'_, '_>) {
        let right = self.held.remove(&file);
        let is_given = |wait: &Wait| Some(wait.right) == right || wait.right == Right::Oplock(file);
        self.given_back(is_given, at);
    }

    fn given_back(&mut self, is_given: impl Fn(&Wait) -> bool, at: &mut At<'_, '_>) {
        for wait in self.waiting.extract_if(.., |wait| is_given(wait)) {
            let fact = wait.fact("smb.break-answered").that_lasted();
            at.out.fact(Side::Server, wait.span, fact);
        }
    }

    /// Somebody logs off or leaves a share: what is asked back is free, or it is not known any more.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// The connection is over, or the capture is.
    pub(super) fn over(&self, at: &mut At<'_, '_>) {
        for wait in self.waiting.iter().take(MAX_TOLD) {
            let fact = wait.fact("smb.break-unacknowledged");
            at.out.fact(Side::Server, wait.span, fact);
        }
    }
}

impl Wait {
    fn fact(&self, name: &'static str) -> Fact {
        Fact::new(name)
            .with("lease", matches!(self.right, Right::Lease(_)))
            .with("name", self.name.clone())
    }
}

/// The lease key that a CREATE asks with (2.2.13.2.8, 2.2.13.2.10).
pub(super) fn lease_of_create(pdu: &[u8]) -> Option<u64> {
    lease_key(pdu, wire2::context(pdu, &[*b"RqLs"])?)
}

/// A lease key of 16 bytes, folded.
fn lease_key(pdu: &[u8], at: usize) -> Option<u64> {
    let (low, high) = part(pdu, at, 16).split_first_chunk::<8>()?;
    let high = high.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*low) ^ u64::from_le_bytes(*high).rotate_left(32))
}
