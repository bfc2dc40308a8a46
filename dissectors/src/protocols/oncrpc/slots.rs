//! Sessions of NFSv4.1 and the slots of their fore channel (RFC 8881 sections 2.10.6, 18.35 to 18.37, 18.46).
//!
//! ```text
//!   CREATE_SESSION   ca_maxrequests slots are granted, 0 to n-1
//!   SEQUENCE         takes a slot; its reply frees it, and says how many there may be from now on
//! ```
//!
//! A session may go over several connections: what is counted here is one connection's share.

use super::xdr::Xdr;
use crate::event::{Act, Value};
use crate::text::hex;

/// Sessions followed in one connection. When it is reached the oldest is let go.
const MOST_SESSIONS: usize = 8;
/// Slots of a session whose use is followed; servers grant up to some hundreds.
const MOST_SLOTS: usize = 1024;
/// The longest tag of a compound that is passed over.
const LONGEST_TAG: u32 = 64 * 1024;

/// NFS4ERR_BADSESSION.
pub(super) const BADSESSION: u32 = 10_052;
const BIND_CONN_TO_SESSION: u32 = 41;
pub(super) const CREATE_SESSION: u32 = 43;
pub(super) const DESTROY_SESSION: u32 = 44;
const SEQUENCE: u32 = 53;

pub(super) type SessionId = [u8; 16];

/// What a compound does to a session, as far as its reply does not tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It takes this slot.
    Slot(u32),
    Create,
    Bind,
    Destroy,
}

/// The sessions of one connection.
#[derive(Debug, Default)]
pub(super) struct Slots {
    sessions: Vec<Session>,
    /// The session that is to be destroyed.
    leaving: Option<Box<SessionId>>,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    /// Slots that there are, as the server said last, and slots that it wants used, which may be fewer; 0 until it said so.
    slots: (u32, u32),
    highest: Option<u32>,
    /// By slot: the xid of the call that has it.
    taken: Vec<Option<u32>>,
    in_use: u16,
    most: u16,
    /// The server gave it or took a call of it: until then it is what a client says.
    is_known: bool,
}

impl Slots {
    /// A compound was called. Its first operation tells: SEQUENCE comes before all others, but for those that make, end and
    /// move sessions (section 18.46.3).
    pub(super) fn called(&mut self, args: &[u8], xid: u32, tell: impl FnMut(Act)) -> Option<Use> {
        let mut xdr = Xdr::new(args);
        let _tag = xdr.opaque(LONGEST_TAG)?;
        let (minor, count) = (xdr.word()?, xdr.word()?);
        if minor == 0 || count == 0 {
            return None;
        }
        match xdr.word()? {
            SEQUENCE => {
                let id = id(&mut xdr)?;
                let (_sequence, slot) = (xdr.word()?, xdr.word()?);
                self.take(id, slot, xid, tell);
                Some(Use::Slot(slot))
            }
            DESTROY_SESSION => {
                self.leaving = Some(Box::new(id(&mut xdr)?));
                Some(Use::Destroy)
            }
            CREATE_SESSION => Some(Use::Create),
            BIND_CONN_TO_SESSION => Some(Use::Bind),
            _ => None,
        }
    }

    fn take(&mut self, id: SessionId, slot: u32, xid: u32, mut tell: impl FnMut(Act)) {
        let at = self.place_of(id, &mut tell);
        let newest = self.is_newest(at);
        let session = &mut self.sessions[at];
        if session.highest.is_none_or(|highest| slot > highest) {
            session.highest = Some(slot);
            if newest {
                tell(detail("highest_slot", slot));
            }
        }
        if slot as usize >= MOST_SLOTS {
            let what = "slots of an NFSv4.1 session whose use is followed";
            tell(Act::Limit { what });
        } else if session.take(slot as usize, xid) && newest {
            tell(detail("slots_in_use", session.most.into()));
        }
    }

    /// The session whose slot a call has, and whether the server is known to have had it.
    pub(super) fn holder(&self, slot: u32, xid: u32) -> Option<(SessionId, bool)> {
        let has = |s: &&Session| s.taken.get(slot as usize) == Some(&Some(xid));
        let session = self.sessions.iter().find(has)?;
        Some((session.id, session.is_known))
    }

    /// The session that is to be destroyed.
    pub(super) fn leaving(&self) -> Option<SessionId> {
        self.leaving.as_deref().copied()
    }

    /// Its reply came: the results of a compound, where it has any.
    pub(super) fn answered(
        &mut self,
        used: Use,
        xid: u32,
        results: Option<&[u8]>,
        mut tell: impl FnMut(Act),
    ) {
        if let Use::Slot(slot) = used {
            for session in &mut self.sessions {
                session.free(slot as usize, xid);
            }
        }
        let Some(mut xdr) = results.and_then(first_result) else {
            let status = results.and_then(|results| Xdr::new(results).word());
            if status == Some(BADSESSION) {
                // What a client used and nobody gave it is no session.
                self.sessions.retain(|s| s.is_known || s.in_use > 0);
            }
            return;
        };
        if used == Use::Destroy {
            let leaving = self.leaving.take();
            self.sessions.retain(|s| Some(&s.id) != leaving.as_deref());
        } else if let Some(id) = id(&mut xdr) {
            let told = match used {
                Use::Slot(_) => slots_of_sequence(xdr),
                Use::Create => slots_created(xdr),
                Use::Bind | Use::Destroy => None,
            };
            let at = self.place_of(id, &mut tell);
            self.sessions[at].become_known(&mut tell);
            if let Some(told) = told.filter(|_| self.is_newest(at)) {
                self.sessions[at].told(told, tell);
            }
        }
    }

    /// Replies may have gone missing: which slots are in use is not known any more.
    pub(super) fn forget(&mut self) {
        for session in &mut self.sessions {
            session.taken.clear();
            session.in_use = 0;
        }
    }

    /// Where the session with this id stands.
    fn place_of(&mut self, id: SessionId, tell: &mut impl FnMut(Act)) -> usize {
        if let Some(at) = self.sessions.iter().position(|s| s.id == id) {
            return at;
        }
        if self.sessions.len() >= MOST_SESSIONS {
            self.sessions.remove(0);
            let what = "sessions of NFSv4.1 in one connection: the oldest was let go";
            tell(Act::Limit { what });
        }
        if !self.sessions.iter().any(|s| s.is_known) {
            tell(told_id(id));
        }
        self.sessions.push(Session::new(id));
        self.sessions.len() - 1
    }

    /// The last one that is known to the server, or, while none is, the last one: the one that is told about.
    fn is_newest(&self, at: usize) -> bool {
        let known = self.sessions.iter().rposition(|s| s.is_known);
        known.map_or(at + 1 == self.sessions.len(), |last| last == at)
    }
}

impl Session {
    fn new(id: SessionId) -> Self {
        Self {
            id,
            slots: (0, 0),
            highest: None,
            taken: Vec::new(),
            in_use: 0,
            most: 0,
            is_known: false,
        }
    }

    /// The server knows it: what was seen of it until now is told.
    fn become_known(&mut self, tell: &mut impl FnMut(Act)) {
        if std::mem::replace(&mut self.is_known, true) {
            return;
        }
        tell(told_id(self.id));
        if let Some(highest) = self.highest {
            tell(detail("highest_slot", highest));
        }
        if self.most > 0 {
            tell(detail("slots_in_use", self.most.into()));
        }
    }

    /// The server says how many slots there are, and how many it wants used.
    fn told(&mut self, (granted, wanted): (u32, u32), mut tell: impl FnMut(Act)) {
        let (before, wanted_before) = self.slots;
        if granted != before {
            tell(detail("slots_granted", granted));
        }
        let was_less = wanted_before < before;
        if wanted != wanted_before && (wanted < granted || was_less) {
            tell(detail("slots_wanted", wanted));
        }
        self.slots = (granted, wanted);
    }

    /// True when more are in use than ever before.
    fn take(&mut self, slot: usize, xid: u32) -> bool {
        if self.taken.len() <= slot {
            self.taken.resize(slot + 1, None);
        }
        // A slot that is still taken was freed by a reply that is not in the capture.
        if let Some(place) = self.taken.get_mut(slot)
            && place.replace(xid).is_none()
        {
            self.in_use += 1;
        }
        let more = self.in_use > self.most;
        self.most = self.most.max(self.in_use);
        more
    }

    /// A second reply frees nothing: the slot may have its next call.
    fn free(&mut self, slot: usize, xid: u32) {
        if let Some(place) = self.taken.get_mut(slot)
            && place.take_if(|x| *x == xid).is_some()
        {
            self.in_use -= 1;
        }
    }
}

fn told_id(id: SessionId) -> Act {
    let value = Value::Text(hex(&id));
    Act::Detail {
        key: "nfs_session",
        value,
    }
}

fn detail(key: &'static str, value: u32) -> Act {
    let value = value.into();
    Act::Detail { key, value }
}

pub(super) fn id(xdr: &mut Xdr<'_>) -> Option<SessionId> {
    xdr.fixed(16)?.try_into().ok()
}

/// What stands behind the first operation's status, where that is 0.
pub(super) fn first_result(results: &[u8]) -> Option<Xdr<'_>> {
    let mut xdr = Xdr::new(results);
    let _status = xdr.word()?;
    let _tag = xdr.opaque(LONGEST_TAG)?;
    let (_count, _operation) = (xdr.word()?, xdr.word()?);
    (xdr.word()? == 0).then_some(xdr)
}

/// How many slots there may be from SEQUENCE's results on, and how many the server wants used.
fn slots_of_sequence(mut xdr: Xdr<'_>) -> Option<(u32, u32)> {
    let (_sequence, _slot) = (xdr.word()?, xdr.word()?);
    let (highest, wanted) = (xdr.word()?, xdr.word()?);
    Some((highest.saturating_add(1), wanted.saturating_add(1)))
}

/// How many slots CREATE_SESSION grants: ca_maxrequests of the fore channel.
fn slots_created(mut xdr: Xdr<'_>) -> Option<(u32, u32)> {
    let (_sequence, _flags) = (xdr.word()?, xdr.word()?);
    // ca_headerpadsize, ca_maxrequestsize, ca_maxresponsesize, ca_maxresponsesize_cached, ca_maxoperations.
    xdr.skip_words(5)?;
    let granted = xdr.word()?;
    Some((granted, granted))
}
