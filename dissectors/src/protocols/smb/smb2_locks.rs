//! Byte-range locks that were granted, and for how long (MS-SMB2 3.3.5.14): who waits for one wants to know whose it is.

use super::bytes::{u32_at, u64_at};
use super::connection::At;
use super::wire2::HEADER;
use crate::event::Fact;
use crate::units::{Side, Span};

/// Locks that are remembered at once.
const MOST: usize = 64;
/// Locks that are told of one connection.
const MOST_TOLD: u32 = 32;
/// SMB2_LOCKFLAG_UNLOCK (2.2.26.1).
const UNLOCK: u32 = 4;

/// The locks of a connection. Most have none: in a box.
#[derive(Debug, Default)]
pub(super) struct Locks(Option<Box<Held>>);

#[derive(Debug, Default)]
struct Held {
    locks: Vec<Lock>,
    told: u32,
}

#[derive(Debug)]
struct Lock {
    message: u64,
    file: u64,
    /// Offset and length.
    range: (u64, u64),
    request: Span,
    is_granted: bool,
    name: String,
}

/// Offset and length of the first range of a LOCK.
fn range(pdu: &[u8]) -> Option<(u64, u64)> {
    Some((u64_at(pdu, HEADER + 24)?, u64_at(pdu, HEADER + 32)?))
}

impl Locks {
    /// A LOCK is asked for a file of that name: a lock, or its end.
    pub(super) fn asked(
        &mut self,
        message: u64,
        pdu: &[u8],
        (file, name): (u64, &str),
        at: &mut At<'_, '_>,
    ) {
        let (Some(range), Some(flags)) = (range(pdu), u32_at(pdu, HEADER + 40)) else {
            return;
        };
        if flags & UNLOCK != 0 {
            return self.free(|lock| (lock.file, lock.range) == (file, range), at);
        }
        let held = self.0.get_or_insert_default();
        if held.locks.len() < MOST {
            held.locks.push(Lock {
                message,
                file,
                range,
                request: at.span,
                is_granted: false,
                name: name.to_owned(),
            });
        }
    }

    /// A LOCK was answered.
    pub(super) fn answered(&mut self, message: u64, is_granted: bool) {
        let Some(held) = &mut self.0 else { return };
        let asked = |lock: &Lock| lock.message == message && !lock.is_granted;
        let Some(index) = held.locks.iter().position(asked) else {
            return;
        };
        match held.locks.get_mut(index) {
            Some(lock) if is_granted => lock.is_granted = true,
            _ => _ = held.locks.swap_remove(index),
        }
    }

    /// A file is closed, and with it its locks are free.
    pub(super) fn closed(&mut self, file: u64, at: &mut At<'_, '_>) {
        if self.0.is_some() {
            self.free(|lock| lock.file == file, at);
        }
    }

    fn free(&mut self, is_free: impl Fn(&Lock) -> bool, at: &mut At<'_, '_>) {
        let Some(held) = &mut self.0 else { return };
        let free = held.locks.extract_if(.., |l| l.is_granted && is_free(l));
        for lock in free {
            held.told += 1;
            if held.told <= MOST_TOLD {
                let fact = lock.fact().that_lasted();
                at.out.fact(Side::Client, lock.request, fact);
            }
        }
    }

    /// Somebody logs off or leaves a share: it is not known any more whose files are closed.
    pub(super) fn forget(&mut self, at: &mut At<'_, '_>) {
        self.free(|_| true, at);
    }

    /// The connection is over, or the capture is.
    pub(super) fn over(&self, at: &mut At<'_, '_>) {
        let Some(held) = &self.0 else { return };
        let left = MOST_TOLD.saturating_sub(held.told) as usize;
        for lock in held.locks.iter().filter(|l| l.is_granted).take(left) {
            at.out.fact(Side::Client, lock.request, lock.fact());
        }
    }
}

impl Lock {
    fn fact(&self) -> Fact {
        Fact::new("smb.locked").with("name", self.name.clone())
    }
}
